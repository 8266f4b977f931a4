/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of keys: what gets into it, whatever a run that died has left there, and what stays in it. */
#include "state_tools.h"

#include "../../../src/kinds/driver.h"

#include <dirent.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

TestSuite(kept_keys, .init = enter, .fini = leave);

#define OLD "key-11111111111111111111111111111111"
#define NEW "key-22222222222222222222222222222222"
#define STALE "key-33333333333333333333333333333333"

static const char *const files[] = { "keys/salt", "keys/" OLD, "keys/" NEW, "keys/" STALE };

static struct ls_host host_with_keys(void)
{
	struct ls_host host = host_in(1, 2);

	cr_assert_eq(mkdirat(host.dirfd, "keys", 0700), 0);
	for (size_t i = 0; i < LS_ARRAY_SIZE(files); i++)
		write_state_file(&host, files[i], "", 0);
	return host;
}

#define PEER "wg_peer dev=t0 public_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= keepalive=0 allowed_ips='' ours "

static void commit(struct ls_host *host, uint64_t number, const char *secret)
{
	char text[256];
	struct ls_generation generation = {
		.number = number, .command = "apply", .who = "", .message = "", .spec_file = "", .spec_text = ""
	};
	static const struct ls_ledger nothing;
	struct ls_generation_draft draft;
	struct ls_error err = { 0 };

	snprintf(text, sizeof(text), PEER "preshared_key=%s", secret);
	generation.objects = WANTED("link name=t0 type=wireguard mtu=1420 ours");
	cr_assert_eq(ls_set_add(&generation.objects, build(text)), 0);
	build_sort(&generation.objects);
	ls_generation_begin(host, &generation, &nothing, &draft);
	cr_assert_eq(ls_generation_finish(&draft, &err), 0, "%s", err.message);
	cr_assert_eq(ls_state_write_current(host, number, NULL), 0);
	host->current = number;
}

static void expect_files(const struct ls_host *host, const char *there)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(files); i++)
		cr_expect_eq(state_file_exists(host, files[i]), there[i] == '1', "%s", files[i]);
}

Test(kept_keys, those_that_a_generation_names_stay)
{
	struct ls_host host = host_with_keys();

	commit(&host, 1, OLD);
	commit(&host, 2, NEW);
	ls_keys_prune(&host);
	expect_files(&host, "1110");
}

/* What it names is not known: none goes. */
Test(kept_keys, all_stay_when_a_generation_cannot_be_read)
{
	struct ls_host host = host_with_keys();

	commit(&host, 1, OLD);
	commit(&host, 2, NEW);
	write_state_file(&host, "generations/1", "damaged", 7);
	ls_keys_prune(&host);
	expect_files(&host, "1111");
}

Test(kept_keys, without_a_directory_there_is_nothing_to_do)
{
	struct ls_host host = host_in(1, 2);

	commit(&host, 1, OLD);
	ls_keys_prune(&host);
	cr_expect_not(state_file_exists(&host, "keys"));
}

static bool is_recorded(struct ls_host *host, const char *object)
{
	struct ls_set wanted = WANTED("link name=t0 type=wireguard mtu=1420 ours", object);

	return ls_keys_are_recorded(host, &wanted);
}

Test(kept_keys, generation_that_has_others_does_not_record_them)
{
	struct ls_host host = host_in(1, 2);

	commit(&host, 1, OLD);
	cr_expect(is_recorded(&host, PEER "preshared_key=" OLD));
	cr_expect(is_recorded(&host, PEER));
	cr_expect_not(is_recorded(&host, PEER "preshared_key=" NEW));
}

/* Of runs that died. */
Test(kept_keys, drafts_go_even_when_a_generation_cannot_be_read)
{
	struct ls_host host = host_with_keys();

	commit(&host, 1, OLD);
	write_state_file(&host, "generations/1", "damaged", 7);
	write_state_file(&host, "keys/salt.tmp", "", 0);
	write_state_file(&host, "keys/" NEW ".tmp", "abc", 3);
	ls_keys_prune(&host);
	expect_files(&host, "1111");
	cr_expect_not(state_file_exists(&host, "keys/salt.tmp"));
	cr_expect_not(state_file_exists(&host, "keys/" NEW ".tmp"));
}

/* ---- into the directory ------------------------------------------------------------------------------------------ */

static const struct ls_secret secrets[] = {
	{ .size = LS_KEY_SIZE, .bytes = { 1, 2, 3 } },
	{ .size = LS_KEY_SIZE, .bytes = { 4, 5, 6 } },
};

/* As a process of its own sees it: with a keyring of which nobody else knows. */
static struct ls_host another_run(struct ls_error *err, int *ret)
{
	struct ls_kernel *kernel = build_keep(calloc(1, sizeof(*kernel)));
	struct ls_host host = host_in(1, 2);

	cr_assert_not_null(kernel);
	kernel->keys = ls_keyring_new();
	cr_assert_not_null(kernel->keys);
	host.kernel = kernel;
	host.change = true;
	*err = (struct ls_error){ 0 };
	*ret = ls_keys_load(&host, err);
	return host;
}

static struct ls_host working_run(void)
{
	struct ls_error err;
	int r;
	struct ls_host host = another_run(&err, &r);

	cr_assert_eq(r, 0, "%s", err.message);
	return host;
}

static const char *name_of(const struct ls_host *host, const struct ls_secret *secret)
{
	char *name = build_keep(malloc(LS_SECRET_NAME_MAX));

	cr_assert(ls_keyring_add_secret(host->kernel->keys, secret, name));
	return name;
}

static const char *file_of(const struct ls_host *host, const struct ls_secret *secret)
{
	char *name = build_keep(malloc(64));

	snprintf(name, 64, "keys/%s", name_of(host, secret));
	return name;
}

/* A plan, and a spec, with all of the secrets. */
static void keep_all_secrets(struct ls_host *host)
{
	static const struct ls_plan nothing;
	struct ls_error err = { 0 };
	struct ls_set wanted = { 0 };
	char text[256];

	build_begin(&wanted);
	for (size_t i = 0; i < LS_ARRAY_SIZE(secrets); i++) {
		snprintf(text, sizeof(text), PEER "preshared_key=%s", name_of(host, &secrets[i]));
		cr_assert_eq(ls_set_add(&wanted, build(text)), 0);
	}
	cr_assert_eq(ls_keys_keep(host, &nothing, &wanted, &err), 0, "%s", err.message);
}

static size_t count_files(const struct ls_host *host)
{
	int fd = openat(host->dirfd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	size_t n = 0;

	cr_assert_not_null(directory);
	while ((entry = readdir(directory))) {
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		n++;
		cr_assert_eq(fstatat(fd, entry->d_name, &st, 0), 0);
		cr_expect_eq(st.st_mode & 07777, 0600, "%s", entry->d_name);
	}
	closedir(directory);
	return n;
}

/* A later run has them at hand by the names that the record has. */
static void expect_secrets(const struct ls_host *kept_by)
{
	struct ls_host host = working_run();

	for (size_t i = 0; i < LS_ARRAY_SIZE(secrets); i++) {
		struct ls_secret found = { 0 };

		cr_assert(ls_keyring_find_secret(host.kernel->keys, name_of(kept_by, &secrets[i]), &found));
		cr_assert_eq(found.size, secrets[i].size);
		cr_assert_arr_eq(found.bytes, secrets[i].bytes, found.size);
	}
	cr_expect_eq(count_files(&host), 1 + LS_ARRAY_SIZE(secrets));
}

/* The file as it is when only so much of it has been written. */
static void tear(const struct ls_host *host, const char *name, size_t length)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", host->state_path, name);
	cr_assert_eq(truncate(path, (off_t)length), 0);
}

Test(kept_keys, later_runs_have_them)
{
	struct ls_host host = working_run();

	keep_all_secrets(&host);
	expect_secrets(&host);
}

Test(kept_keys, torn_one_is_written_anew)
{
	for (size_t length = 0; length < LS_KEY_TEXT_MAX - 1; length++) {
		struct ls_host host = working_run();

		keep_all_secrets(&host);
		tear(&host, file_of(&host, &secrets[1]), length);
		host = working_run();
		keep_all_secrets(&host);
		expect_secrets(&host);
	}
}

Test(kept_keys, another_in_its_place_is_replaced)
{
	struct ls_host host = working_run();

	keep_all_secrets(&host);
	cr_assert_eq(renameat(host.dirfd, file_of(&host, &secrets[0]), host.dirfd, file_of(&host, &secrets[1])), 0);
	host = working_run();
	keep_all_secrets(&host);
	expect_secrets(&host);
}

static void expect_refusal(const char *what)
{
	struct ls_error err;
	int r;
	struct ls_host host = another_run(&err, &r);

	cr_expect_eq(r, -EBADMSG);
	cr_expect_not_null(strstr(err.message, what), "%s", err.message);
	cr_expect_not_null(strstr(err.message, "/keys/salt"), "%s", err.message);
	cr_expect_not_null(strstr(err.message, "remove"), "%s", err.message);
	cr_expect_eq(count_files(&host), 1 + LS_ARRAY_SIZE(secrets) - !strcmp(what, "missing"), "all stay");
}

/* The names of all would be others. */
Test(kept_keys, without_their_salt_they_are_not_passed_over)
{
	struct ls_host host = working_run();

	keep_all_secrets(&host);
	for (size_t length = LS_KEY_TEXT_MAX - 1; length-- > 0;) {
		tear(&host, "keys/salt", length);
		expect_refusal("damaged");
	}
	cr_assert_eq(unlinkat(host.dirfd, "keys/salt", 0), 0);
	expect_refusal("missing");
}

/* What was torn along with it holds no key. */
Test(kept_keys, torn_salt_that_no_key_needs_is_made_anew)
{
	for (size_t length = 0; length < LS_KEY_TEXT_MAX - 1; length++) {
		struct ls_host host = working_run();

		keep_all_secrets(&host);
		tear(&host, "keys/salt", length);
		cr_assert_eq(unlinkat(host.dirfd, file_of(&host, &secrets[0]), 0), 0);
		tear(&host, file_of(&host, &secrets[1]), 0);
		host = working_run();
		ls_keys_prune(&host);
		keep_all_secrets(&host);
		expect_secrets(&host);
	}
}

/* ---- runs that die ----------------------------------------------------------------------------------------------- */

/* False: it came to its end before its n-th call, or the return from one. */
static bool die_at(unsigned n)
{
	struct ls_host host = working_run();
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(1);
		raise(SIGSTOP);
		keep_all_secrets(&host);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		cr_skip_test("nothing can be traced here");
	while (WIFSTOPPED(status) && n--) {
		cr_assert_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
	}
	if (!WIFSTOPPED(status)) {
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
		return false;
	}
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return true;
}

static void forget_all(const struct ls_host *host)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s/keys", host->state_path);
	cr_assert_eq(system(command), 0);
}

/* Whatever the dead run has written, the next one keeps all, and nothing else is left when it has ended. */
Test(kept_keys, are_kept_after_a_run_that_died_at_any_call)
{
	unsigned n = 0;

	while (die_at(++n)) {
		struct ls_host host = working_run();

		keep_all_secrets(&host);
		commit(&host, 1, name_of(&host, &secrets[0]));
		commit(&host, 2, name_of(&host, &secrets[1]));
		ls_keys_prune(&host);
		expect_secrets(&host);
		forget_all(&host);
	}
	cr_expect_gt(n, 60, "%u", n);
}
