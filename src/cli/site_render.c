/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan site render: DIR gets the specs, the record comes last. Each file is compared with what it is to be and
 * replaced only if it differs; all of them are on the disk before the record says that they are. Before the first one
 * is touched it is recorded what is intended (allocations.json.next): after a run that was cut short a file may be as
 * recorded, or as intended, and both are ours; what that run gave to tenants stays theirs. Files that no record tells
 * of are not ours to replace.
 */
#include "site.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define TEMPORARY_MAX 32

enum state { STATE_SAME, STATE_OTHER, STATE_MISSING };

struct rendering {
	struct cli *cli;
	struct cli_site *site;
	struct cli_site_specs *specs;
	uint8_t *states;      /* of their files: enum state */
	const char **written; /* names of hosts */
	const char **gone;    /* that are no longer in the site, and have a file still; in order */
	size_t n_written, n_gone, n_unchanged;
	bool prune;
	char temporary[TEMPORARY_MAX];
	struct ls_error err;
};

static int fail_by(struct rendering *rendering, int code, const char *action, const char *name)
{
	return ls_error_set(&rendering->err, code, "cannot %s %s/%s: %s", action, rendering->cli->args.second, name,
		strerror(-code));
}

static int fail(struct rendering *rendering, const char *action, const char *name)
{
	return fail_by(rendering, -errno, action, name);
}

/* ---- what is there ----------------------------------------------------------------------------------------------- */

static int find_state(struct rendering *rendering, const struct cli_site_spec *spec, const char *name, enum state *ret,
	char **ret_text, size_t *ret_length)
{
	const uint8_t *wanted = rendering->specs->text.data + spec->offset;
	int r = ls_file_read_at(rendering->site->dir, name, LS_SPEC_SIZE_MAX, ret_text, ret_length, &rendering->err);

	if (r == -ENOENT) {
		*ret = STATE_MISSING;
		return 0;
	}
	if (r < 0)
		return cli_site_in_dir(rendering->cli->args.second, &rendering->err);
	*ret = *ret_length == spec->host.length && memcmp(*ret_text, wanted, *ret_length) == 0 ? STATE_SAME
											       : STATE_OTHER;
	return 0;
}

static bool was_removed(const struct ls_site_record *record, const char *host)
{
	for (size_t i = 0; i < record->n_removed; i++)
		if (strcmp(record->removed[i], host) == 0)
			return true;
	return false;
}

struct found {
	uint32_t crc, length;
};

/* Without a record nobody knows whose it is. Moving it away would be the wrong advice where only the record is lost. */
static int refuse_stranger(struct rendering *rendering, const char *host)
{
	const char *dir = rendering->cli->args.second;

	if (rendering->site->record.rendered || rendering->site->intended.rendered)
		return ls_error_set(&rendering->err, -EEXIST,
			"%s/%s.yaml is there, but was not rendered from this site; move it away", dir, host);
	return ls_error_set(&rendering->err, -EEXIST,
		"%s/%s.yaml is there, but not %s/%s, which tells what was rendered: restore that from a backup "
		"(without "
		"it, all addresses and ports are given anew), or render to another directory",
		dir, host, dir, CLI_ALLOCATIONS);
}

/* A file that is to be replaced: is it ours, and as we left it? */
static int check_owner(struct rendering *rendering, struct ls_site_host *host, const struct found *found)
{
	struct cli_site *site = rendering->site;
	const struct ls_site_host *was = ls_site_find_host(&site->record, host->name),
				  *intended = ls_site_find_host(&site->intended, host->name);

	if (!was && !intended && !was_removed(&site->record, host->name) && !was_removed(&site->intended, host->name))
		return refuse_stranger(rendering, host->name);
	if (ls_site_was_rendered_to(was, found->crc, found->length))
		return 0;
	/* Until it has been replaced, which may be cut short, too. */
	if (cli_site_is_intended(intended, found->crc, found->length)) {
		host->found_crc = found->crc;
		host->found_length = found->length;
	} else if (was || intended) {
		cli_site_warn_edited(rendering->cli, site, host->name);
	}
	return 0;
}

static int look_at(struct rendering *rendering, size_t i)
{
	LS_CLEANUP(ls_free) char *text = NULL;
	struct cli_site_spec *spec = &rendering->specs->items[i];
	char name[CLI_SITE_FILE_MAX];
	enum state state = STATE_MISSING;
	size_t length = 0;
	int r = find_state(rendering, spec, cli_site_file(spec->host.name, name), &state, &text, &length);

	rendering->states[i] = (uint8_t)state;
	if (r < 0 || state != STATE_OTHER)
		return r;
	return check_owner(rendering, &spec->host, &(struct found){ ls_crc32c(0, text, length), (uint32_t)length });
}

/* It is as it should be: was it so when the last run came to its end? */
static bool is_news(const struct rendering *rendering, const struct ls_site_host *host)
{
	const struct cli_site *site = rendering->site;
	const struct ls_site_host *was = ls_site_find_host(&site->record, host->name);

	return site->intended.rendered && !ls_site_was_rendered_to(was, host->crc, host->length);
}

/* Those that a run wrote which was cut short were told to nobody. */
static void count_files(struct rendering *rendering)
{
	for (size_t i = 0; i < rendering->specs->n; i++) {
		const struct ls_site_host *host = &rendering->specs->items[i].host;

		if (rendering->states[i] != STATE_SAME || is_news(rendering, host))
			rendering->written[rendering->n_written++] = host->name;
		else
			rendering->n_unchanged++;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_name(const void *name, const void *spec)
{
	return strcmp(name, ((const struct cli_site_spec *)spec)->host.name);
}

static bool is_gone(const struct rendering *rendering, const char *host)
{
	const struct cli_site_specs *specs = rendering->specs;
	char name[CLI_SITE_FILE_MAX];

	if (specs->n && bsearch(host, specs->items, specs->n, sizeof(*specs->items), compare_name))
		return false;
	return faccessat(rendering->site->dir, cli_site_file(host, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static size_t list_known(const struct ls_site_record *record, const char **names)
{
	for (size_t i = 0; i < record->n_hosts; i++)
		names[i] = record->hosts[i].name;
	for (size_t i = 0; i < record->n_removed; i++)
		names[record->n_hosts + i] = record->removed[i];
	return record->n_hosts + record->n_removed;
}

/* Of all that either record knows. */
static void find_gone(struct rendering *rendering)
{
	const char **names = rendering->gone;
	size_t n = list_known(&rendering->site->record, names);

	n += list_known(&rendering->site->intended, names + n);
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++)
		if ((!i || strcmp(names[i], names[i - 1]) != 0) && is_gone(rendering, names[i]))
			names[rendering->n_gone++] = names[i];
}

static int look_around(struct rendering *rendering)
{
	int r = 0;

	for (size_t i = 0; i < rendering->specs->n && r == 0; i++)
		r = look_at(rendering, i);
	if (r < 0)
		return r;
	count_files(rendering);
	find_gone(rendering);
	return 0;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static int write_record(struct rendering *rendering, const struct cli_site_outcome *outcome, const char *name)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };
	LS_CLEANUP(ls_free) char *old = NULL;
	int dir = rendering->site->dir, r;
	size_t length;

	if (cli_site_record_write(outcome, &buf) < 0)
		return ls_error_set(&rendering->err, -ENOMEM, "out of memory");
	if (ls_file_read_at(dir, name, CLI_ALLOCATIONS_MAX, &old, &length, NULL) == 0 && length == buf.length &&
		memcmp(old, buf.data, length) == 0)
		return 0;
	r = ls_file_replace_at(dir, name, buf.data, buf.length, NULL);
	return r < 0 ? fail_by(rendering, r, "write", name) : 0;
}

static struct cli_site_outcome outcome_of(const struct rendering *rendering)
{
	return (struct cli_site_outcome){
		.layout = &rendering->site->layout,
		.specs = rendering->specs,
		.removed = rendering->gone,
		.n_removed = rendering->n_gone,
	};
}

/* A name that nobody else has. */
static int name_temporary(struct rendering *rendering)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail(rendering, "name a file for", CLI_TEMPORARY);
	snprintf(rendering->temporary, sizeof(rendering->temporary), CLI_TEMPORARY "%016" PRIx64, number);
	return 0;
}

/* Before any file is touched. What a run before intended is told by `found` and in the list of files that are left. */
static int write_intended(struct rendering *rendering)
{
	struct cli_site_outcome outcome = outcome_of(rendering);
	int r = name_temporary(rendering);

	outcome.temporary = rendering->temporary;
	return r < 0 ? r : write_record(rendering, &outcome, CLI_INTENDED);
}

/* When all files are as it says. */
static int write_done(struct rendering *rendering)
{
	struct cli_site_outcome outcome = outcome_of(rendering);
	int r;

	if (rendering->prune)
		outcome.n_removed = 0;
	r = write_record(rendering, &outcome, CLI_ALLOCATIONS);
	if (r == 0 && unlinkat(rendering->site->dir, CLI_INTENDED, 0) < 0 && errno != ENOENT)
		return fail(rendering, "remove", CLI_INTENDED);
	return r;
}

/* Of runs that died: the lock tells that none of them goes on. */
static void remove_leftovers(const struct cli_site *site)
{
	const char *const names[] = { CLI_ALLOCATIONS ".tmp", CLI_INTENDED ".tmp", site->intended.temporary };

	for (size_t i = 0; i < LS_ARRAY_SIZE(names); i++)
		if (names[i])
			(void)unlinkat(site->dir, names[i], 0);
}

/* ---- specs ------------------------------------------------------------------------------------------------------- */

static int write_all(int fd, const uint8_t *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Old or new, nothing in between; synced by the end of the run. No secrets are in it. */
static int write_spec(struct rendering *rendering, const struct cli_site_spec *spec)
{
	LS_CLEANUP(ls_close) int fd = -1;
	int dir = rendering->site->dir;
	const char *temporary = rendering->temporary;
	char name[CLI_SITE_FILE_MAX];

	fd = openat(dir, temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(rendering, "create", temporary);
	errno = -write_all(fd, rendering->specs->text.data + spec->offset, spec->host.length);
	if (errno == 0 && renameat(dir, temporary, dir, cli_site_file(spec->host.name, name)) == 0)
		return 0;
	(void)fail(rendering, "write", cli_site_file(spec->host.name, name));
	(void)unlinkat(dir, temporary, 0);
	return rendering->err.code;
}

static int write_specs(struct rendering *rendering)
{
	int r = 0;

	for (size_t i = 0; i < rendering->specs->n && r == 0; i++)
		if (rendering->states[i] != STATE_SAME)
			r = write_spec(rendering, &rendering->specs->items[i]);
	return r;
}

static int prune(struct rendering *rendering)
{
	char name[CLI_SITE_FILE_MAX];

	for (size_t i = 0; i < rendering->n_gone; i++)
		if (unlinkat(rendering->site->dir, cli_site_file(rendering->gone[i], name), 0) < 0 && errno != ENOENT)
			return fail(rendering, "remove", name);
	return 0;
}

static int write_files(struct rendering *rendering)
{
	bool prunes = rendering->prune && rendering->n_gone > 0;
	int r;

	remove_leftovers(rendering->site);
	if (!rendering->n_written && !prunes)
		return 0;
	r = write_intended(rendering);
	if (r == 0)
		r = write_specs(rendering);
	if (r == 0 && prunes)
		r = prune(rendering);
	return r == 0 && syncfs(rendering->site->dir) < 0 ? fail(rendering, "sync", CLI_ALLOCATIONS) : r;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* Two runs would give the same addresses away: the record is read when this is held. It may have been made by a run
 * that has removed it again. */
static int lock(const struct cli_site *site, const char *path, struct ls_error *err)
{
	struct stat held, there;
	int code = flock(site->dir, LOCK_EX | LOCK_NB) < 0 ? errno : 0;

	if (code && code != EWOULDBLOCK)
		return ls_error_set(err, -code, "cannot lock %s: %s", path, strerror(code));
	if (code || fstat(site->dir, &held) < 0 || stat(path, &there) < 0 || held.st_dev != there.st_dev ||
		held.st_ino != there.st_ino)
		return ls_error_set(err, -EBUSY, "%s: another run is rendering to it", path);
	return 0;
}

static int enter_dir(const char *path, struct cli_site *site, bool *ret_made, struct ls_error *err)
{
	*ret_made = mkdir(path, 0755) == 0;
	if (!*ret_made && errno != EEXIST)
		return ls_error_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
	site->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (site->dir < 0)
		return ls_error_set(err, -errno, "%s: %s", path, strerror(errno));
	return lock(site, path, err);
}

static void print_list(struct cli *cli, const char *sign, const char *const *names, size_t n, const char *why)
{
	for (size_t i = 0; i < n; i++)
		fprintf(cli->out.file, "%s %s.yaml%s\n", sign, names[i], why);
}

static void print_report(const struct rendering *rendering)
{
	struct cli *cli = rendering->cli;
	const char *sign = rendering->prune ? "-" : "!";

	print_list(cli, "~", rendering->written, rendering->n_written, "");
	print_list(cli, sign, rendering->gone, rendering->n_gone,
		rendering->prune ? "" : " is of no host of the site (--prune removes it)");
	fprintf(cli->out.file, "%s: %zu written, %zu unchanged, %zu removed\n", cli->args.second, rendering->n_written,
		rendering->n_unchanged, rendering->prune ? rendering->n_gone : 0);
}

static void json_list(struct cli *cli, const char *key, const char *const *names, size_t n)
{
	bool first = true;

	fprintf(cli->out.file, "\"%s\":[", key);
	for (size_t i = 0; i < n; i++)
		cli_json_element(cli, &first, json_string(names[i]));
	cli_json_raw(cli, first ? "]," : "\n],");
}

static void json_report(const struct rendering *rendering)
{
	struct cli *cli = rendering->cli;

	fprintf(cli->out.file, "{\"format\":1,\"unchanged\":%zu,", rendering->n_unchanged);
	json_list(cli, "written", rendering->written, rendering->n_written);
	json_list(cli, "removed", rendering->gone, rendering->prune ? rendering->n_gone : 0);
	json_list(cli, "left", rendering->gone, rendering->prune ? 0 : rendering->n_gone);
	cli_json_findings(cli, "warnings", LS_SEVERITY_WARNING, &rendering->site->diag, NULL);
	cli_site_json_suppressed(cli, rendering->site);
	cli_json_raw(cli, "}\n");
}

static int render_all(struct rendering *rendering)
{
	const struct ls_site_record *records[] = { &rendering->site->record, &rendering->site->intended };
	size_t n = 1;
	int r;

	for (size_t i = 0; i < LS_ARRAY_SIZE(records); i++)
		n += records[i]->n_hosts + records[i]->n_removed;
	rendering->states = calloc(rendering->specs->n + 1, sizeof(*rendering->states));
	rendering->written = calloc(rendering->specs->n + 1, sizeof(*rendering->written));
	rendering->gone = calloc(n, sizeof(*rendering->gone));
	if (!rendering->states || !rendering->written || !rendering->gone)
		return ls_error_set(&rendering->err, -ENOMEM, "out of memory");
	r = look_around(rendering);
	if (r == 0)
		r = write_files(rendering);
	return r < 0 ? r : write_done(rendering);
}

static enum cli_exit run(struct cli *cli, struct cli_site *site, struct cli_site_specs *specs)
{
	struct rendering rendering = { .cli = cli, .site = site, .specs = specs, .prune = cli_given(cli, CLI_PRUNE) };
	int r = render_all(&rendering);

	if (r == 0 && !cli_given(cli, CLI_JSON))
		cli_site_print_findings(cli, site);
	if (r == 0 && cli_given(cli, CLI_JSON))
		json_report(&rendering);
	else if (r == 0 && cli_talks(cli))
		print_report(&rendering);
	free(rendering.states);
	free(rendering.written);
	free(rendering.gone);
	return r < 0 ? cli_site_fail(site, &rendering.err) : CLI_EXIT_DONE;
}

/* In the directory, which is locked. */
static enum cli_exit render_locked(struct cli *cli, struct cli_site *site)
{
	LS_CLEANUP(cli_site_specs_done) struct cli_site_specs specs = { 0 };
	enum cli_exit status = cli_site_allocate(cli, site);

	if (status == CLI_EXIT_DONE)
		status = cli_site_specs(site, &specs);
	return status == CLI_EXIT_DONE ? run(cli, site, &specs) : status;
}

enum cli_exit cli_site_render(struct cli *cli)
{
	LS_CLEANUP(cli_site_done) struct cli_site site = { .base = -1, .dir = -1 };
	struct ls_error err = { 0 };
	enum cli_exit status = cli_site_read(cli, &site);
	bool made = false;

	if (status == CLI_EXIT_DONE && enter_dir(cli->args.second, &site, &made, &err) < 0)
		status = cli_site_fail(&site, &err);
	else if (status == CLI_EXIT_DONE)
		status = render_locked(cli, &site);
	if (status != CLI_EXIT_DONE && made)
		(void)rmdir(cli->args.second); /* which leaves it if there is anything in it */
	return status == CLI_EXIT_DONE ? status : cli_site_refuse(cli, &site, status);
}
