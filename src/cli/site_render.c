/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan site render: DIR gets the specs, the record comes last. Each file is compared with what it is to be and
 * replaced only if it differs; all of them are on the disk before the record says that they are. A run that is cut
 * short leaves the old record, from which the next one makes the same specs again. Files that no record tells of are
 * not ours to replace.
 */
#include "site.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define FILE_NAME_MAX 80 /* a spec's name and ".yaml.tmp" */

struct rendering {
	struct cli *cli;
	struct cli_site *site;
	const struct cli_site_specs *specs;
	const char **written, **left, **removed; /* names of hosts */
	size_t n_written, n_left, n_removed, n_unchanged;
	struct ls_error err;
};

static const char *file_of(const char *host, char name[static FILE_NAME_MAX])
{
	snprintf(name, FILE_NAME_MAX, "%s.yaml", host);
	return name;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

enum state { STATE_SAME, STATE_OTHER, STATE_MISSING };

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
		return r;
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

/* Is the file ours, and as we left it? */
static int check_owner(struct rendering *rendering, const char *host, const char *name, const char *text, size_t length)
{
	const struct ls_site_record *record = &rendering->site->record;
	const struct ls_site_host *was = ls_site_find_host(record, host);

	if (!was && !was_removed(record, host))
		return ls_error_set(&rendering->err, -EEXIST,
			"%s/%s is there, but was not rendered from this site; move it away",
			rendering->cli->args.second, name);
	if (was && (was->length != length || was->crc != ls_crc32c(0, text, length)))
		cli_warning(rendering->cli, "%s/%s had been changed by somebody else; it is replaced",
			rendering->cli->args.second, name);
	return 0;
}

static int fail(struct rendering *rendering, const char *action, const char *name)
{
	int code = -errno;

	return ls_error_set(&rendering->err, code, "cannot %s %s/%s: %s", action, rendering->cli->args.second, name,
		strerror(-code));
}

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
static int write_spec(struct rendering *rendering, const struct cli_site_spec *spec, const char *name)
{
	LS_CLEANUP(ls_close) int fd = -1;
	int dir = rendering->site->dir;
	char temporary[FILE_NAME_MAX + 4];

	snprintf(temporary, sizeof(temporary), "%s.tmp", name);
	fd = openat(dir, temporary, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(rendering, "create", temporary);
	errno = -write_all(fd, rendering->specs->text.data + spec->offset, spec->host.length);
	if (errno == 0 && renameat(dir, temporary, dir, name) == 0)
		return 0;
	(void)fail(rendering, "write", name);
	(void)unlinkat(dir, temporary, 0);
	return rendering->err.code;
}

static int render_spec(struct rendering *rendering, const struct cli_site_spec *spec)
{
	LS_CLEANUP(ls_free) char *text = NULL;
	char name[FILE_NAME_MAX];
	enum state state = STATE_MISSING;
	size_t length = 0;
	int r = find_state(rendering, spec, file_of(spec->host.name, name), &state, &text, &length);

	if (r == 0 && state == STATE_OTHER)
		r = check_owner(rendering, spec->host.name, name, text, length);
	if (r < 0)
		return r;
	if (state == STATE_SAME) {
		rendering->n_unchanged++;
		return 0;
	}
	rendering->written[rendering->n_written++] = spec->host.name;
	return write_spec(rendering, spec, name);
}

/* ---- what is gone ------------------------------------------------------------------------------------------------ */

static int compare_name(const void *name, const void *spec)
{
	return strcmp(name, ((const struct cli_site_spec *)spec)->host.name);
}

static int leave(struct rendering *rendering, const char *host)
{
	const struct cli_site_specs *specs = rendering->specs;
	int dir = rendering->site->dir;
	char name[FILE_NAME_MAX];

	if (specs->n && bsearch(host, specs->items, specs->n, sizeof(*specs->items), compare_name))
		return 0;
	if (faccessat(dir, file_of(host, name), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!cli_given(rendering->cli, CLI_PRUNE)) {
		rendering->left[rendering->n_left++] = host;
		return 0;
	}
	if (unlinkat(dir, name, 0) < 0)
		return fail(rendering, "remove", name);
	rendering->removed[rendering->n_removed++] = host;
	return 0;
}

static int leave_all(struct rendering *rendering)
{
	const struct ls_site_record *record = &rendering->site->record;
	int r = 0;

	for (size_t i = 0; i < record->n_hosts && r == 0; i++)
		r = leave(rendering, record->hosts[i].name);
	for (size_t i = 0; i < record->n_removed && r == 0; i++)
		r = leave(rendering, record->removed[i]);
	return r;
}

/* ---- the record -------------------------------------------------------------------------------------------------- */

static int write_record(struct rendering *rendering)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };
	LS_CLEANUP(ls_free) char *old = NULL;
	int dir = rendering->site->dir;
	size_t length;

	if (cli_site_record_write(
		    &rendering->site->layout, rendering->specs, rendering->left, rendering->n_left, &buf) < 0)
		return ls_error_set(&rendering->err, -ENOMEM, "out of memory");
	if (rendering->n_written && syncfs(dir) < 0)
		return fail(rendering, "sync", CLI_ALLOCATIONS);
	if (ls_file_read_at(dir, CLI_ALLOCATIONS, CLI_ALLOCATIONS_MAX, &old, &length, NULL) == 0 &&
		length == buf.length && memcmp(old, buf.data, length) == 0)
		return 0;
	return ls_file_replace_at(dir, CLI_ALLOCATIONS, buf.data, buf.length, &rendering->err);
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

	print_list(cli, "~", rendering->written, rendering->n_written, "");
	print_list(cli, "-", rendering->removed, rendering->n_removed, "");
	print_list(cli, "!", rendering->left, rendering->n_left, " is of no host of the site (--prune removes it)");
	fprintf(cli->out.file, "%s: %zu written, %zu unchanged, %zu removed\n", cli->args.second, rendering->n_written,
		rendering->n_unchanged, rendering->n_removed);
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
	json_list(cli, "removed", rendering->removed, rendering->n_removed);
	json_list(cli, "left", rendering->left, rendering->n_left);
	cli_json_findings(cli, "warnings", LS_SEVERITY_WARNING, &rendering->site->diag, NULL);
	cli_site_json_suppressed(cli, rendering->site);
	cli_json_raw(cli, "}\n");
}

static int render_all(struct rendering *rendering)
{
	size_t n = rendering->specs->n + rendering->site->record.n_hosts + rendering->site->record.n_removed + 1;
	int r = 0;

	rendering->written = calloc(n, sizeof(*rendering->written));
	rendering->left = calloc(n, sizeof(*rendering->left));
	rendering->removed = calloc(n, sizeof(*rendering->removed));
	if (!rendering->written || !rendering->left || !rendering->removed)
		return ls_error_set(&rendering->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < rendering->specs->n && r == 0; i++)
		r = render_spec(rendering, &rendering->specs->items[i]);
	if (r == 0)
		r = leave_all(rendering);
	return r < 0 ? r : write_record(rendering);
}

static enum cli_exit run(struct cli *cli, struct cli_site *site, const struct cli_site_specs *specs)
{
	struct rendering rendering = { .cli = cli, .site = site, .specs = specs };
	int r = render_all(&rendering);

	if (!cli_given(cli, CLI_JSON))
		cli_site_print_findings(cli, site);
	if (r == 0 && cli_given(cli, CLI_JSON))
		json_report(&rendering);
	else if (r == 0 && cli_talks(cli))
		print_report(&rendering);
	free(rendering.written);
	free(rendering.left);
	free(rendering.removed);
	return r < 0 ? cli_fail(cli, &rendering.err) : CLI_EXIT_DONE;
}

/* In the directory, which is locked. */
static enum cli_exit render_locked(struct cli *cli, struct cli_site *site)
{
	LS_CLEANUP(cli_site_specs_done) struct cli_site_specs specs = { 0 };
	enum cli_exit status = cli_site_allocate(cli, site);

	if (status == CLI_EXIT_DONE)
		status = cli_site_specs(cli, site, &specs);
	return status == CLI_EXIT_DONE ? run(cli, site, &specs) : cli_site_refuse(cli, site, status);
}

enum cli_exit cli_site_render(struct cli *cli)
{
	LS_CLEANUP(cli_site_done) struct cli_site site = { .base = -1, .dir = -1 };
	struct ls_error err = { 0 };
	enum cli_exit status = cli_site_read(cli, &site);
	bool made = false;

	if (status != CLI_EXIT_DONE)
		return cli_site_refuse(cli, &site, status);
	status = enter_dir(cli->args.second, &site, &made, &err) < 0 ? cli_fail(cli, &err) : render_locked(cli, &site);
	if (status != CLI_EXIT_DONE && made)
		(void)rmdir(cli->args.second); /* which leaves it if there is anything in it */
	return status;
}
