/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of the state directory's readers: any bytes must be refused, or give objects that everything else can
 * live with. The first byte chooses the file: a journal (even) or a generation (odd); and whether the checksums are put
 * right first (2), since a fuzzer does not find them.
 *
 * What was read is described, written and read again; and of a journal two plans are made, back and forth, which is
 * what recovery does with it.
 */
#include "../../src/apply/record.c"

#include <linkspan/plan.h>

#include <ftw.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* In memory where there is such a place: every run writes a file. */
static char directory[64] = "/dev/shm/linkspan-fuzz-XXXXXX";
static struct ls_host host = {
	.dirfd = -1, .generationsfd = -1, .lockfd = -1, .lock_socket = -1, .state_path = directory
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void remove_directory(void)
{
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) /* NOLINT(readability-non-const-parameter): libFuzzer's own type */
{
	(void)argc, (void)argv;
	if (!mkdtemp(directory)) {
		snprintf(directory, sizeof(directory), "/tmp/linkspan-fuzz-XXXXXX");
		if (!mkdtemp(directory))
			abort();
	}
	atexit(remove_directory);
	host.dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (host.dirfd < 0 || mkdirat(host.dirfd, "generations", 0700) < 0)
		abort();
	host.generationsfd = openat(host.dirfd, "generations", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static void put_file(int dirfd, const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void put_sums_right(uint8_t *data, size_t size)
{
	struct file_head head;

	if (size < sizeof(head))
		return;
	memcpy(&head, data, sizeof(head));
	for (size_t i = 0; i < LS_RECORD_SECTIONS; i++) {
		uint64_t offset = le64toh(head.sections[i].offset), length = le64toh(head.sections[i].length);

		if (offset <= size && length <= size - offset)
			head.sections[i].crc = htole32(ls_crc32c(0, data + offset, length));
	}
	head.crc = htole32(ls_crc32c(0, &head, offsetof(struct file_head, crc)));
	memcpy(data, &head, sizeof(head));
}

static void check_object(const struct ls_object *object, struct ls_arena *arena)
{
	struct ls_buf buf = { 0 };
	struct ls_object *again = NULL;
	struct ls_reader reader;
	char text[LS_DESCRIBE_MAX];

	ls_object_describe(object, text, sizeof(text));
	for (unsigned i = 0; i < object->kind->n_attrs; i++)
		if (ls_object_has(object, i))
			ls_attr_format(&object->kind->attrs[i], object, text, sizeof(text));
	if (ls_object_write(&buf, object) < 0)
		abort();
	reader = (struct ls_reader){ buf.data, buf.length };
	if (ls_object_read(&reader, arena, &again) < 0 || reader.left)
		abort();
	if (ls_object_compare(object, again) || !ls_object_same(object, again) || object->managed != again->managed)
		abort();
	ls_buf_done(&buf);
}

static void check_set(const struct ls_set *set)
{
	struct ls_arena *arena = ls_arena_new();

	for (size_t i = 0; i < set->n_objects; i++) {
		check_object(set->objects[i], arena);
		if (i && ls_object_compare(set->objects[i - 1], set->objects[i]) > 0)
			abort();
	}
	ls_arena_free(arena);
}

static void check_plan(const struct ls_set *want, const struct ls_set *have)
{
	static const struct ls_plan_options forced = { .adopt = true, .force = true };
	struct ls_plan_options options = { 0 };
	struct ls_plan *plan;

	if (ls_plan_make(want, have, &options, &plan) == 0)
		ls_plan_free(plan);
	if (ls_plan_make(want, have, &forced, &plan) == 0)
		ls_plan_free(plan);
}

static void read_as_journal(void)
{
	struct ls_error err = { 0 };
	struct ls_journal journal;

	host.current = 0;
	host.epoch = (struct ls_epoch){ 0 };
	if (ls_journal_read(&host, false, &journal, &err) < 0)
		return;
	check_set(&journal.before);
	check_set(&journal.after);
	check_set(&journal.fallout);
	check_plan(&journal.before, &journal.after);
	check_plan(&journal.after, &journal.before);
	ls_journal_done(&journal);
}

static void read_as_generation(void)
{
	struct ls_arena *arena = ls_arena_new();
	struct ls_generation generation;
	struct ls_error err = { 0 };
	struct ls_ledger ledger;

	host.current = 1;
	host.current_is_epochs = true;
	host.epoch = (struct ls_epoch){ 0 };
	if (ls_generation_read(&host, 1, LS_GENERATION_SPEC | LS_GENERATION_OBJECTS, &generation, &err) >= 0) {
		if (strlen(generation.command) + strlen(generation.who) + strlen(generation.message) > 1u << 24)
			abort();
		check_set(&generation.objects);
		ls_generation_done(&generation);
	}
	if (ls_ledger_read(&host, arena, &ledger, &err) >= 0) {
		for (size_t i = 0; i < ledger.n_originals; i++) {
			check_object(ledger.originals[i].original, arena);
			check_object(ledger.originals[i].written, arena);
		}
		ls_ledger_done(&ledger);
	}
	ls_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 2)
		put_sums_right(copy, size - 1);
	if (data[0] & 1) {
		put_file(host.generationsfd, "1", copy, size - 1);
		read_as_generation();
	} else {
		put_file(host.dirfd, "journal", copy, size - 1);
		read_as_journal();
	}
	free(copy);
	return 0;
}
