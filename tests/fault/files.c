/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state directory: power that fails, disks that are full, machines that boot again.
 *
 * Power loss is replayed: the shim has logged what the run did to the directory; here the log is played up to each
 * entry into a model of a file system in memory, and what could be on the disk then is written out. What was not synced
 * is lost in one picture and there in another; names and contents fare differently, as they do in real ones.
 */
#include "fault.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(files, .init = fault_begin, .fini = fault_end);

/* ---- the log ----------------------------------------------------------------------------------------------------- */

#define ENTRIES_MAX 2048

struct log {
	struct fault_log_entry entries[ENTRIES_MAX];
	uint8_t *data[ENTRIES_MAX];
	size_t n;
};

static void log_done(struct log *log)
{
	while (log->n)
		free(log->data[--log->n]);
}

static void log_read(const char *path, struct log *log)
{
	FILE *file = fopen(path, "re");

	cr_assert_not_null(file);
	log_done(log);
	while (fread(&log->entries[log->n], sizeof(log->entries[0]), 1, file) == 1) {
		size_t length = log->entries[log->n].length;

		log->data[log->n] = malloc(length + 1);
		cr_assert_not_null(log->data[log->n]);
		cr_assert_eq(fread(log->data[log->n], 1, length, file), length);
		log->n++;
		cr_assert_lt(log->n, ENTRIES_MAX);
	}
	fclose(file);
}

/* ---- the model of a file system ---------------------------------------------------------------------------------- */

#define NODES_MAX 256
#define CONTENT_MAX (256u << 10)

struct content {
	uint8_t *data;
	size_t length;
};

struct node {
	uint64_t inode;
	struct content now, synced;
};

struct name {
	char path[FAULT_LOG_PATH];
	uint64_t inode;
	bool is_directory;
	bool now, synced; /* is it there? */
};

struct model {
	struct node nodes[NODES_MAX];
	size_t n_nodes;
	struct name names[NODES_MAX];
	size_t n_names;
};

static struct node *find_node(struct model *model, uint64_t inode)
{
	for (size_t i = 0; i < model->n_nodes; i++)
		if (model->nodes[i].inode == inode)
			return &model->nodes[i];
	cr_assert_lt(model->n_nodes, NODES_MAX);
	model->nodes[model->n_nodes] = (struct node){ .inode = inode };
	return &model->nodes[model->n_nodes++];
}

static struct name *find_name(struct model *model, const char *path, uint64_t inode)
{
	for (size_t i = 0; i < model->n_names; i++)
		if (!strcmp(model->names[i].path, path) && (!inode || model->names[i].inode == inode))
			return &model->names[i];
	cr_assert_lt(model->n_names, NODES_MAX);
	model->names[model->n_names] = (struct name){ .inode = inode };
	snprintf(model->names[model->n_names].path, FAULT_LOG_PATH, "%s", path);
	return &model->names[model->n_names++];
}

static void hide(struct model *model, const char *path)
{
	for (size_t i = 0; i < model->n_names; i++)
		if (!strcmp(model->names[i].path, path))
			model->names[i].now = false;
}

static uint64_t inode_at(const struct model *model, const char *path)
{
	for (size_t i = 0; i < model->n_names; i++)
		if (model->names[i].now && !strcmp(model->names[i].path, path))
			return model->names[i].inode;
	return 0;
}

static void write_content(struct content *content, const uint8_t *data, size_t length, size_t offset)
{
	if (!content->data)
		content->data = calloc(1, CONTENT_MAX);
	cr_assert_not_null(content->data);
	cr_assert_leq(offset + length, CONTENT_MAX);
	memcpy(content->data + offset, data, length);
	if (content->length < offset + length)
		content->length = offset + length;
}

static bool is_directly_in(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (length && (strncmp(path, directory, length) != 0 || path[length] != '/'))
		return false;
	return !strchr(path + length + (length > 0), '/');
}

/* A file's content, or a directory's names, are on the disk from now on. */
static void sync_entry(struct model *model, const struct fault_log_entry *entry)
{
	struct node *node = find_node(model, entry->inode);
	bool is_directory = !*entry->path;

	for (size_t i = 0; i < model->n_names; i++)
		is_directory |= model->names[i].is_directory && !strcmp(model->names[i].path, entry->path);
	if (!is_directory) {
		node->synced.length = 0;
		if (node->now.length)
			write_content(&node->synced, node->now.data, node->now.length, 0);
		return;
	}
	for (size_t i = 0; i < model->n_names; i++)
		if (is_directly_in(model->names[i].path, entry->path))
			model->names[i].synced = model->names[i].now;
}

static void play_entry(struct model *model, const struct fault_log_entry *entry, const uint8_t *data)
{
	struct node *node;

	switch ((enum fault_log_op)entry->op) {
	case FAULT_LOG_CREATE:
		node = find_node(model, entry->inode);
		if (entry->offset)
			node->now.length = 0;
		find_name(model, entry->path, entry->inode)->now = true;
		break;
	case FAULT_LOG_MKDIR:
		find_name(model, entry->path, entry->inode)->now = true;
		find_name(model, entry->path, entry->inode)->is_directory = true;
		break;
	case FAULT_LOG_WRITE:
		write_content(&find_node(model, entry->inode)->now, data, entry->length, entry->offset);
		break;
	case FAULT_LOG_SYNC:
		sync_entry(model, entry);
		break;
	case FAULT_LOG_RENAME: {
		uint64_t inode = inode_at(model, entry->path);

		hide(model, entry->path);
		hide(model, entry->target);
		find_name(model, entry->target, inode)->now = true;
		break;
	}
	case FAULT_LOG_UNLINK:
		hide(model, entry->path);
		break;
	}
}

static void play(struct model *model, const struct log *log, size_t n)
{
	for (size_t i = 0; i < n; i++)
		play_entry(model, &log->entries[i], log->data[i]);
}

static void model_done(struct model *model)
{
	for (size_t i = 0; i < model->n_nodes; i++) {
		free(model->nodes[i].now.data);
		free(model->nodes[i].synced.data);
	}
	*model = (struct model){ 0 };
}

/* ---- what could be on the disk ----------------------------------------------------------------------------------- */

struct picture {
	const char *name;
	bool names, contents; /* those that were not synced are there */
};

static const struct picture pictures[] = {
	{ "only what was synced", false, false },
	{ "names but no contents", true, false },
	{ "contents but no names", false, true },
	{ "everything", true, true },
};

static void write_file(const char *path, const struct content *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0, "%s", path);
	if (content->length)
		cr_assert_eq(write(fd, content->data, content->length), (ssize_t)content->length);
	close(fd);
}

/* Directories come first in the log, so parents are there before their files. A directory that was lost takes along
 * what is in it. */
static void develop(const struct model *model, const struct picture *picture, const char *directory)
{
	char path[PATH_MAX];

	cr_assert_eq(mkdir(directory, 0700), 0);
	for (size_t i = 0; i < model->n_names; i++) {
		const struct name *name = &model->names[i];

		if (!*name->path || !name->is_directory || !(picture->names ? name->now : name->synced))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name->path);
		cr_assert_eq(mkdir(path, 0700), 0, "%s", path);
	}
	for (size_t i = 0; i < model->n_names; i++) {
		const struct name *name = &model->names[i];
		char parent[PATH_MAX];

		if (!(picture->names ? name->now : name->synced) || name->is_directory)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name->path);
		snprintf(parent, sizeof(parent), "%s", path);
		*strrchr(parent, '/') = '\0';
		for (size_t k = 0; k < model->n_nodes && access(parent, F_OK) == 0; k++)
			if (model->nodes[k].inode == name->inode)
				write_file(path, picture->contents ? &model->nodes[k].now : &model->nodes[k].synced);
	}
}

/* ---- after the power is back ------------------------------------------------------------------------------------- */

/* Nothing is sent, the record is readable, and the spec can be applied. */
static void boot_from(const struct transition *transition, const struct ends *ends, const char *base, const char *what)
{
	struct outcome outcome = program(NULL, "recover");
	char *now;

	if (outcome.status != 0 || outcome.report.run.reached[FAULT_CHANGE])
		complain("%s: recover ended with %d and made %u changes: %s", what, outcome.status,
			outcome.report.run.reached[FAULT_CHANGE], outcome.said);
	now = judge_look();
	if (strcmp(now, base) != 0) { /* its links have only just come up */
		free(now);
		now = judge_look_settled();
	}
	if (strcmp(now, base) != 0) {
		complain("%s: recover changed the host", what);
		complain_difference((const char *const[]){ base }, 1);
	}
	free(now);
	outcome = program(NULL, "history --json");
	if (outcome.status != 0)
		complain("%s: history ended with %d: %s", what, outcome.status, outcome.said);
	outcome = program(NULL, "status --json");
	if (outcome.status != 0)
		complain("%s: status ended with %d: %s", what, outcome.status, outcome.said);
	sweep_apply_after(transition, ends, what);
}

static char *base_look(void)
{
	host_anew();
	return judge_look_settled();
}

static void lose_power(const struct transition *transition)
{
	static struct log log;
	struct transition reboot = { STAGE_BASE, transition->to, transition->name };
	struct model model = { 0 };
	struct outcome outcome;
	struct ends ends;
	char path[PATH_MAX], *base;
	unsigned picture_number = 0;
	size_t begin = 0;

	fault_need_namespace();
	ends = judge_ends(&reboot);
	base = base_look();
	snprintf(path, sizeof(path), "%s/log", host_directory());
	host_anew();
	if (transition->from != STAGE_BASE) {
		outcome = program_apply(&(struct faults){ .log = path }, transition->from);
		cr_assert_eq(outcome.status, 0, "%s", outcome.said);
		log_read(path, &log);
		begin = log.n;
	}
	outcome = program_apply(&(struct faults){ .log = path }, transition->to);
	cr_assert_eq(outcome.status, 0, "%s", outcome.said);
	log_read(path, &log);
	cr_assert_gt(log.n, begin + 15);
	for (size_t n = begin; n <= log.n && !judge_gave_up(); n++) {
		for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
			char directory[PATH_MAX], what[256];

			play(&model, &log, n);
			snprintf(directory, sizeof(directory), "%s/picture%u", host_directory(), picture_number++);
			develop(&model, &pictures[i], directory);
			model_done(&model);
			host_use_state(directory);
			host_reboot();
			snprintf(what, sizeof(what), "%s, power lost after operation %zu of %zu (op %u %s %s), %s",
				transition->name, n, log.n, n ? log.entries[n - 1].op : 0,
				n ? log.entries[n - 1].path : "", n ? log.entries[n - 1].target : "", pictures[i].name);
			boot_from(&reboot, &ends, base, what);
		}
	}
	free(base);
	log_done(&log);
	judge_close();
}

Test(files, power_loss_leaves_a_readable_record_from_nothing)
{
	lose_power(&from_nothing);
}

Test(files, power_loss_leaves_a_readable_record_from_a_to_b)
{
	lose_power(&from_a_to_b);
}

/* ---- what was promised is kept ----------------------------------------------------------------------------------- */

/* Exit status 0 says that the generation stands: after a power loss at any later time, too. */
Test(files, committed_generation_survives_power_loss)
{
	static struct log log;
	struct model model = { 0 };
	struct outcome outcome;
	char path[PATH_MAX], directory[PATH_MAX];

	fault_need_namespace();
	host_anew();
	snprintf(path, sizeof(path), "%s/log", host_directory());
	outcome = program_apply(&(struct faults){ .log = path }, STAGE_A);
	cr_assert_eq(outcome.status, 0, "%s", outcome.said);
	log_read(path, &log);
	play(&model, &log, log.n);
	snprintf(directory, sizeof(directory), "%s/survives", host_directory());
	develop(&model, &pictures[0], directory);
	model_done(&model);
	host_use_state(directory);
	host_reboot();
	outcome = program(NULL, "history");
	cr_assert_eq(outcome.status, 0, "%s", outcome.said);
	cr_assert_not_null(strstr(outcome.said, "apply"), "%s", outcome.said);
}

/* ---- boot -------------------------------------------------------------------------------------------------------- */

static void reboot_after(const char *fault, const char *guard, const char *what)
{
	struct transition again = { STAGE_BASE, STAGE_A, "after a reboot" };
	struct ends ends = judge_ends(&from_nothing);
	struct outcome outcome;
	char *base = base_look();

	host_anew();
	outcome = program_apply(&(struct faults){ .run = fault, .guard = guard }, STAGE_A);
	cr_assert_eq(outcome.status, fault ? 128 + SIGKILL : 0, "%s", outcome.said);
	host_reboot();
	boot_from(&again, &ends, base, what);
	free(base);
	judge_close();
}

Test(files, reboot_sends_nothing_and_can_be_applied)
{
	fault_need_namespace();
	reboot_after(NULL, NULL, "reboot");
}

Test(files, reboot_forgets_a_run_that_was_cut_short)
{
	fault_need_namespace();
	reboot_after("kill:change:40", "kill:life:1", "reboot after a crash");
}

/* ---- full disks -------------------------------------------------------------------------------------------------- */

static bool names_a_file(const char *said)
{
	static const char *const names[] = { "journal", "generation", "current", "lock", "state directory", NULL };

	for (size_t i = 0; names[i]; i++)
		if (strstr(said, names[i]))
			return true;
	return false;
}

static void fill_at(const struct transition *transition, const char *point)
{
	struct sweep sweep = { transition, "full", point, ENDS_WHOLE, NULL, 0 };
	struct ends ends;
	struct outcome outcome;
	unsigned n = 0, n_failed = 0;

	fault_need_namespace();
	ends = judge_ends(transition);
	do {
		char what[128];

		host_at(transition);
		outcome = program_apply(&(struct faults){ .run = fault_text("full", point, ++n) }, transition->to);
		snprintf(what, sizeof(what), "%s, full:%s:%u", transition->name, point, n);
		if (!outcome.report.run.fired)
			break;
		n_failed += outcome.status == 1;
		if (outcome.status == 1 && (!strstr(outcome.said, "No space") || !names_a_file(outcome.said)))
			complain("%s: does not name the file: %s", what, outcome.said);
		sweep_check(&sweep, &ends, &outcome, what);
	} while (!judge_gave_up());
	if (n_failed < 2)
		complain("%s, full at %s: only %u failed", transition->name, point, n_failed);
}

Test(files, full_disk_at_any_write_changes_nothing)
{
	fill_at(&from_nothing, "write");
	fill_at(&from_a_to_b, "write");
	judge_close();
}

Test(files, full_disk_at_any_sync_or_new_file_changes_nothing)
{
	fill_at(&from_a_to_b, "sync");
	fill_at(&from_a_to_b, "open");
	judge_close();
}

/* A file system with so many pages or inodes, for real. */
static void fill_for_real(const char *format, unsigned least, unsigned most)
{
	struct ends ends = judge_ends(&from_nothing);
	struct outcome outcome = { .status = 1 };
	unsigned n_failed = 0;

	for (unsigned size = least; outcome.status != 0 && size <= most && !judge_gave_up(); size++) {
		char options[64], what[128], disk[PATH_MAX];

		host_at(&from_nothing);
		snprintf(disk, sizeof(disk), "%s/disk", host_directory());
		snprintf(options, sizeof(options), format, size);
		snprintf(what, sizeof(what), "disk of %s", options);
		(void)mkdir(disk, 0700);
		cr_assert_eq(mount("tmpfs", disk, "tmpfs", 0, options), 0);
		snprintf(disk, sizeof(disk), "%s/disk/state", host_directory());
		host_use_state(disk);
		outcome = program_apply(NULL, STAGE_A);
		n_failed += outcome.status == 1;
		if (outcome.status == 1 && !names_a_file(outcome.said))
			complain("%s: does not name the file: %s", what, outcome.said);
		host_must("umount %s/disk || umount -l %s/disk", host_directory(), host_directory());
		host_use_state("/nonexistent");
		if (judge(&ends) != (outcome.status == 0 ? IS_AFTER : IS_BEFORE) || outcome.status > 1)
			complain("%s: status %d: %s", what, outcome.status, outcome.said);
	}
	if (n_failed < 3 || outcome.status != 0)
		complain("disks of %s: %u failed, the last one ended with %d", format, n_failed, outcome.status);
}

Test(files, small_disk_changes_nothing_or_suffices)
{
	fault_need_namespace();
	fill_for_real("nr_blocks=%u,nr_inodes=100", 1, 60);
	fill_for_real("size=10m,nr_inodes=%u", 2, 20);
	judge_close();
}
