/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan site render: which files it writes, leaves alone, and removes. */
#include "cli_test.h"
#include "traced.h"

#include <dirent.h>

#include "../../../src/cli/site_render.c"

TestSuite(site_render);

#define SITE "tests/golden/site/site.yaml"
#define GATEWAY(name) \
	"  " name ": { mode: nat, dns_name: " name \
	".example, interfaces: { up: { match: { name: e0 }, ipv4: { method: auto " \
	"} } } }\n"
#define HEAD "linkspan: 1\nkind: site\nipv6_communication: false\ngateways:\n"

/* In memory, where there is some for files: what is synced hundreds of times would wait for the disk. */
static char *new_dir(char path[static 64])
{
	snprintf(path, 64, "%s/linkspan-site.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	cr_assert_not_null(mkdtemp(path));
	return path;
}

static void remove_dir(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", path);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static enum cli_exit render(struct told *told, const char *text, const char *dir, const char *option)
{
	enum cli_exit status;
	char path[64];

	write_file(path, text);
	status = told_run(told, told_words("site", "render", path, dir, option));
	unlink(path);
	return status;
}

static struct timespec changed(const char *dir, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	cr_assert_eq(stat(path, &st), 0, "%s", path);
	return st.st_ctim;
}

static bool is_there(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

Test(site_render, unchanged_files_are_not_touched)
{
	char dir[64];
	struct told told;
	struct timespec host, record, again;

	new_dir(dir);
	cr_assert_eq(told_run(&told, told_words("site", "render", SITE, dir)), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_says(told.out, ": 5 written, 0 unchanged, 0 removed\n");
	told_done(&told);
	host = changed(dir, "gw1.yaml");
	record = changed(dir, "allocations.json");
	cr_assert_eq(told_run(&told, told_words("site", "render", SITE, dir)), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_says(told.out, ": 0 written, 5 unchanged, 0 removed\n");
	told_done(&told);
	again = changed(dir, "gw1.yaml");
	cr_expect_eq(memcmp(&host, &again, sizeof(host)), 0);
	again = changed(dir, "allocations.json");
	cr_expect_eq(memcmp(&record, &again, sizeof(record)), 0);
	remove_dir(dir);
}

Test(site_render, files_of_removed_hosts_go_only_when_pruned)
{
	char dir[64];
	struct told told;

	new_dir(dir);
	cr_assert_eq(render(&told, HEAD GATEWAY("a") GATEWAY("b"), dir, NULL), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	for (unsigned i = 0; i < 2; i++) { /* it is remembered */
		cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, NULL), CLI_EXIT_DONE, "%s", told.err);
		cr_assert_says(told.out, "! b.yaml");
		cr_assert(is_there(dir, "b.yaml"));
		told_done(&told);
	}
	cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, "--prune"), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_says(told.out, "- b.yaml\n");
	cr_assert_not(is_there(dir, "b.yaml"));
	told_done(&told);
	cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, "--prune"), CLI_EXIT_DONE);
	cr_assert_does_not_say(told.out, "b.yaml");
	told_done(&told);
	remove_dir(dir);
}

static void check_rendered(struct told *told, const char *text)
{
	char dir[64], path[128];

	new_dir(dir);
	cr_assert_eq(render(told, text, dir, NULL), CLI_EXIT_DONE, "%s", told->err);
	told_done(told);
	snprintf(path, sizeof(path), "%s/t-p.yaml", dir);
	cr_assert_eq(told_run(told, told_words("check", path)), CLI_EXIT_DONE, "%s", told->err);
	remove_dir(dir);
}

Test(site_render, warning_that_the_site_does_without_is_not_the_hosts)
{
	struct told told;

	check_rendered(&told, DUAL_STACK_ON_DIRECTOR);
	cr_assert_says(told.err, "[director-dual-stack]");
	told_done(&told);
	check_rendered(&told, DUAL_STACK_ON_DIRECTOR "suppress_warnings: [director-dual-stack]\n");
	cr_assert_does_not_say(told.err, "[director-dual-stack]");
	told_done(&told);
}

/* `says`: behind the directory. */
static void expect_refusal(const char *text, const char *dir, enum cli_exit status, const char *says)
{
	struct told told;
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", dir, says);
	cr_expect_eq(render(&told, text, dir, NULL), status, "%s", told.err);
	cr_assert_says(told.err, whole);
	cr_assert_does_not_say(told.err, "state-dir");
	told_done(&told);
	cr_expect_eq(render(&told, text, dir, "--json"), status);
	cr_assert_says(told.out, whole);
	told_done(&told);
}

Test(site_render, files_of_others_are_not_replaced)
{
	char dir[64];
	struct told told;

	new_dir(dir);
	cr_assert_eq(render(&told, HEAD GATEWAY("b"), dir, NULL), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	told_file(dir, "c.yaml", "mine\n");
	expect_refusal(HEAD GATEWAY("a") GATEWAY("c"), dir, CLI_EXIT_FAILED,
		"/c.yaml is there, but was not rendered from this site; move it away");
	cr_assert_not(is_there(dir, "a.yaml"), "all is looked at before anything is written");
	cr_assert_not(is_there(dir, CLI_INTENDED));
	remove_dir(dir);
}

/* To move the specs away would be to give up what tenants hold. */
Test(site_render, lost_record_is_named)
{
	char dir[64], path[128];
	struct told told;

	new_dir(dir);
	cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, NULL), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	snprintf(path, sizeof(path), "%s/allocations.json", dir);
	unlink(path);
	expect_refusal(HEAD "  a: { mode: nat, dns_name: b.example, interfaces: { up: { match: { name: e0 }, ipv4: { "
			    "method: auto } } } }\n",
		dir, CLI_EXIT_FAILED, "/allocations.json, which tells what was rendered: restore that from a backup");
	remove_dir(dir);
}

Test(site_render, what_is_wrong_with_a_file_is_told_with_its_path)
{
	char dir[64], path[128];

	new_dir(dir);
	snprintf(path, sizeof(path), "%s/a.yaml", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	expect_refusal(HEAD GATEWAY("a"), dir, CLI_EXIT_FAILED, "/a.yaml: is a directory");
	rmdir(path);
	told_file(dir, CLI_ALLOCATIONS, "{}\n");
	expect_refusal(HEAD GATEWAY("a"), dir, CLI_EXIT_INVALID, "/allocations.json: 'format' is missing; restore");
	told_file(dir, CLI_INTENDED, "{}\n");
	snprintf(path, sizeof(path), "%s/" CLI_ALLOCATIONS, dir);
	unlink(path);
	expect_refusal(
		HEAD GATEWAY("a"), dir, CLI_EXIT_INVALID, "/allocations.json.next: 'format' is missing; remove it");
	remove_dir(dir);
}

Test(site_render, directory_of_somebody_else)
{
	char dir[64], path[128];

	new_dir(dir);
	cr_assert_eq(chmod(dir, 0), 0);
	if (geteuid() == 0 && seteuid(65534) < 0)
		cr_skip_test("nobody else can be had");
	expect_refusal(HEAD GATEWAY("a"), dir, CLI_EXIT_PRIVILEGE, ": Permission denied; run this as its owner");
	cr_assert_eq(seteuid(getuid()), 0);
	cr_assert_eq(chmod(dir, 0755), 0);
	told_file(dir, CLI_ALLOCATIONS, "");
	snprintf(path, sizeof(path), "%s/" CLI_ALLOCATIONS, dir);
	cr_assert_eq(chmod(path, 0), 0);
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	expect_refusal(HEAD GATEWAY("a"), dir, CLI_EXIT_PRIVILEGE, "/allocations.json: Permission denied; run");
	cr_assert_eq(seteuid(getuid()), 0);
	remove_dir(dir);
}

Test(site_render, a_spec_that_was_edited_is_replaced_and_said_so)
{
	char dir[64];
	struct told told;

	new_dir(dir);
	cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, NULL), CLI_EXIT_DONE);
	told_done(&told);
	told_file(dir, "a.yaml", "edited\n");
	cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, NULL), CLI_EXIT_DONE);
	cr_assert_says(told.err, "a.yaml had been changed by somebody else");
	cr_assert_says(told.out, "~ a.yaml");
	told_done(&told);
	remove_dir(dir);
}

Test(site_render, another_run_is_waited_for_by_the_caller)
{
	char dir[64];
	struct told told;
	int fd;

	new_dir(dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, NULL), CLI_EXIT_BUSY);
	told_done(&told);
	close(fd);
	cr_assert_eq(render(&told, HEAD GATEWAY("a"), dir, NULL), CLI_EXIT_DONE);
	told_done(&told);
	remove_dir(dir);
}

/* ---- two at once ------------------------------------------------------------------------------------------------- */

#define POOL "linkspan: 1\nkind: site\nipv6_communication: false\npublic_pool: [192.0.2.0/28]\ntenants:\n"
#define WANTS(name) "  " name ": { public_ips: { ipv4: 1 } }\n"

/* The site is in a file of the test: whoever runs it may die. */
struct job {
	char site[64];
	const char *dir, *option;
};

static int run_job(const void *data)
{
	const struct job *job = data;
	struct told told;
	int status = (int)told_run(&told, told_words("site", "render", job->site, job->dir, job->option));

	told_done(&told);
	return status;
}

/* What the record says of a tenant. */
static void find_address(const char *dir, const char *file, const char *tenant, char ret[static LS_IP_TEXT_MAX])
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	struct ls_site_record record;
	struct ls_error err = { 0 };
	struct cli_site_place place = { .fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir, file };

	cr_assert_eq(cli_site_record_read(&place, arena, &record, &err), 0, "%s", err.message);
	close(place.fd);
	for (size_t i = 0; i < record.n_tenants; i++)
		if (strcmp(record.tenants[i].name, tenant) == 0)
			ls_ip_format(record.tenants[i].ips, ret);
}

/* Wherever the first run is when the second one is made: whoever comes later knows what the other has given away. */
static bool first_runs_meet_at(unsigned n, const char *dir)
{
	char before[LS_IP_TEXT_MAX] = "", after[LS_IP_TEXT_MAX] = "";
	struct job first = { .dir = dir }, second = { .dir = dir };
	struct traced traced;
	bool met = true;
	int status;

	write_file(first.site, POOL WANTS("b"));
	write_file(second.site, POOL WANTS("a") WANTS("b"));
	traced = traced_begin(run_job, &first);
	while (met && n--)
		met = traced_step(&traced);
	status = run_job(&second);
	cr_expect(status == CLI_EXIT_DONE || status == CLI_EXIT_BUSY, "%d", status);
	if (status == CLI_EXIT_DONE)
		find_address(dir, CLI_ALLOCATIONS, "b", before);
	status = traced_finish(&traced);
	cr_expect(status == CLI_EXIT_DONE || status == CLI_EXIT_BUSY, "%d", status);
	find_address(dir, CLI_ALLOCATIONS, "b", after);
	if (before[0])
		cr_expect_str_eq(after, before, "b had %s and has %s", before, after);
	unlink(first.site);
	unlink(second.site);
	remove_dir(dir);
	return met;
}

Test(site_render, first_runs_at_once_know_of_one_another)
{
	char dir[64];
	unsigned n = 0;

	new_dir(dir);
	remove_dir(dir);
	while (first_runs_meet_at(++n, dir))
		;
	cr_expect_gt(n, 20, "%u", n);
}

Test(site_render, directory_that_is_made_for_nothing_goes)
{
	char dir[64];
	struct told told;

	new_dir(dir);
	remove_dir(dir);
	cr_assert_eq(render(&told, POOL "  a: { public_ips: { ipv4: 99 } }\n", dir, NULL), CLI_EXIT_INVALID);
	cr_assert_says(told.err, "[pool]");
	cr_assert_lt(access(dir, F_OK), 0);
	told_done(&told);
}

/* ---- runs that die ----------------------------------------------------------------------------------------------- */

#define LISTENS(name, port) \
	"  " name ": { mode: nat, dns_name: " name ".example, external_port: " port \
	", interfaces: { up: { match: { name: e0 }, ipv4: { method: auto } } } }\n"
#define TENANTS "public_pool: [192.0.2.0/28]\ntenants:\n"
#define FIRST HEAD LISTENS("a", "1") LISTENS("b", "1") LISTENS("d", "1") TENANTS WANTS("n")
#define SECOND HEAD LISTENS("a", "2") LISTENS("b", "2") LISTENS("c", "2") TENANTS WANTS("m") WANTS("n")
#define EDITED HEAD LISTENS("a", "3") LISTENS("b", "3") LISTENS("c", "3") TENANTS WANTS("l") WANTS("m") WANTS("n")
#define WITHOUT HEAD LISTENS("a", "2") TENANTS WANTS("m") WANTS("n")

static void expect_success(const char *text, const char *dir, const char *option, const char *says)
{
	struct told told;

	cr_expect_eq(render(&told, text, dir, option), CLI_EXIT_DONE, "%s", told.err);
	cr_expect_str_empty(told.err);
	cr_expect_not_null(strstr(told.out, says), "'%s' is not in:\n%s", says, told.out);
	told_done(&told);
}

static void expect_files(const char *dir, const char *const *names, size_t n)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	size_t n_there = 0;

	cr_assert_not_null(stream);
	while ((entry = readdir(stream))) {
		bool expected = entry->d_name[0] == '.' && strlen(entry->d_name) < 3;

		for (size_t i = 0; i < n; i++)
			expected |= strcmp(names[i], entry->d_name) == 0;
		n_there++;
		cr_expect(expected, "%s is left", entry->d_name);
	}
	closedir(stream);
	cr_expect_eq(n_there, n + 2, "%zu of %zu files", n_there - 2, n);
}

/* False: the run came to its end. */
static bool die_at(unsigned n, const char *text, const char *dir, const char *option)
{
	struct job job = { .dir = dir, .option = option };
	struct traced traced;
	bool dies = true;

	write_file(job.site, text);
	traced = traced_begin(run_job, &job);
	while (dies && n--)
		dies = traced_step(&traced);
	if (dies)
		traced_kill(&traced);
	else
		cr_assert_eq(traced_finish(&traced), CLI_EXIT_DONE);
	unlink(job.site);
	return dies;
}

static const struct recovery {
	const char *name, *text, *files[8];
	size_t n_files;
} recoveries[] = {
	{ "same", SECOND, { CLI_ALLOCATIONS, "a.yaml", "b.yaml", "c.yaml" }, 4 },
	{ "edited", EDITED, { CLI_ALLOCATIONS, "a.yaml", "b.yaml", "c.yaml" }, 4 },
	{ "without", WITHOUT, { CLI_ALLOCATIONS, "a.yaml" }, 2 },
	{ "back", FIRST, { CLI_ALLOCATIONS, "a.yaml", "b.yaml", "d.yaml" }, 4 },
};

/* The next run ends well, says nothing of strangers, leaves nothing, and knows what the dead one has given away. */
static void expect_recovery(const char *dir, const struct recovery *recovery)
{
	char before[LS_IP_TEXT_MAX] = "", after[LS_IP_TEXT_MAX] = "";

	if (is_there(dir, CLI_INTENDED))
		find_address(dir, CLI_INTENDED, "m", before);
	expect_success(recovery->text, dir, "--prune", " removed\n");
	expect_files(dir, recovery->files, recovery->n_files);
	find_address(dir, CLI_ALLOCATIONS, "m", after);
	if (before[0] && after[0])
		cr_expect_str_eq(after, before, "m had %s and has %s", before, after);
	find_address(dir, CLI_ALLOCATIONS, "n", after);
	cr_expect_str_eq(after, "192.0.2.1", "n has %s", after);
	expect_success(recovery->text, dir, NULL, ": 0 written, ");
}

static bool recover_from(unsigned n, const struct recovery *recovery)
{
	char dir[64];
	bool died;

	new_dir(dir);
	expect_success(FIRST, dir, NULL, ": 3 written");
	died = die_at(n, SECOND, dir, "--prune");
	expect_recovery(dir, recovery);
	remove_dir(dir);
	return died;
}

Test(site_render, that_died_is_recovered_from)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(recoveries); i++) {
		unsigned n = 0;

		while (recover_from(++n, &recoveries[i]))
			;
		cr_expect_gt(n, 40, "%s: %u", recoveries[i].name, n);
	}
}

/* Into a directory that it made. */
Test(site_render, first_one_that_died_is_recovered_from)
{
	char dir[64];
	bool died = true;

	for (unsigned n = 1; died; n++) {
		new_dir(dir);
		remove_dir(dir);
		died = die_at(n, SECOND, dir, NULL);
		expect_success(WITHOUT, dir, "--prune", " removed\n");
		expect_files(dir, recoveries[2].files, recoveries[2].n_files);
		remove_dir(dir);
	}
}

/* The one after it died as well. */
Test(site_render, two_that_died_are_recovered_from)
{
	char dir[64];

	for (unsigned n = 10; n < 60; n += 7)
		for (unsigned m = 5 + n % 5; m < 60; m += 5) {
			const struct recovery *recovery = &recoveries[(n + m) % LS_ARRAY_SIZE(recoveries)];

			new_dir(dir);
			expect_success(FIRST, dir, NULL, ": 3 written");
			(void)die_at(n, SECOND, dir, NULL);
			(void)die_at(m, EDITED, dir, NULL);
			expect_success(recovery->text, dir, "--prune", " removed\n");
			expect_files(dir, recovery->files, recovery->n_files);
			remove_dir(dir);
		}
}

/* When the spec of its new host was there. */
static void die_late(char dir[static 64])
{
	bool there = false;

	for (unsigned n = 20; !there; n++) {
		new_dir(dir);
		expect_success(FIRST, dir, NULL, ": 3 written");
		cr_assert(die_at(n, SECOND, dir, NULL), "it was never there");
		there = is_there(dir, "c.yaml");
		if (!there)
			remove_dir(dir);
	}
}

/* What it has written has been told to nobody yet. */
Test(site_render, that_died_is_told_of)
{
	char dir[64], site[64];
	struct told told;

	die_late(dir);
	write_file(site, SECOND);
	cr_assert_eq(told_run(&told, told_words("site", "plan", site, dir)), CLI_EXIT_CHANGES);
	cr_assert_says(told.err, "was cut short");
	cr_assert_says(told.out, "  c ");
	told_done(&told);
	unlink(site);
	expect_success(SECOND, dir, NULL, "~ c.yaml\n");
	remove_dir(dir);
	die_late(dir);
	expect_success(WITHOUT, dir, NULL, "! c.yaml");
	remove_dir(dir);
}

Test(site_render, temporary_files_of_others_stay)
{
	static const char *const names[] = { "a.yaml", "a.yaml.tmp", CLI_ALLOCATIONS };
	char dir[64];

	new_dir(dir);
	told_file(dir, "a.yaml.tmp", "mine\n");
	expect_success(HEAD GATEWAY("a"), dir, NULL, ": 1 written");
	expect_files(dir, names, LS_ARRAY_SIZE(names));
	remove_dir(dir);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

Test(site_render, json_lists_what_was_done)
{
	char dir[64];
	struct told told;
	json_t *json;

	new_dir(dir);
	cr_assert_eq(render(&told, HEAD GATEWAY("a") GATEWAY("b"), dir, "--json"), CLI_EXIT_DONE, "%s", told.err);
	json = told_json(&told);
	cr_assert_eq(json_array_size(json_object_get(json, "written")), 2);
	cr_assert_eq(json_array_size(json_object_get(json, "left")), 0);
	json_decref(json);
	told_done(&told);
	remove_dir(dir);
}
