/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run at a time, for a state directory and for a namespace. The namespace's lock is an abstract socket, so each
 * test is a child in a network namespace of its own, or tests would lock one another out.
 */
#include "state_tools.h"

#include "../../../src/kinds/driver.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#define NO_NAMESPACE 77

static char other_directory[] = "/tmp/linkspan-other-XXXXXX";

static void enter_both(void)
{
	enter();
	cr_assert_not_null(mkdtemp(other_directory));
}

static void leave_both(void)
{
	leave();
	nftw(other_directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(lock, .init = enter_both, .fini = leave_both);

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1); \
		} \
	} while (0)

static void in_namespace(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(NO_NAMESPACE);
		body();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACE)
		cr_skip_test("no network namespaces allowed here");
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}

static struct ls_host host_at(const char *directory)
{
	struct ls_host host = host_in(1, 2);

	host.state_path = build_keep(strdup(directory));
	close(host.dirfd);
	host.dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return host;
}

/* ---- two handles ------------------------------------------------------------------------------------------------- */

static void lock_twice(void)
{
	struct ls_host a = host_in(1, 2), b = host_in(1, 2);
	struct ls_error err = { 0 };
	char holder[32];

	CHECK(ls_state_lock(&a, 0, &err) == 0);
	CHECK(ls_state_lock(&b, 0, &err) == -EBUSY);
	snprintf(holder, sizeof(holder), "process %d ", (int)getpid());
	CHECK(strstr(err.message, holder));
	CHECK(strstr(err.message, a.state_path));
	CHECK(b.lockfd < 0 && b.lock_socket < 0);
	ls_state_unlock(&a);
	CHECK(ls_state_lock(&b, 0, &err) == 0);
	CHECK(err.code == 0);
	ls_state_unlock(&b);
}

Test(lock, a_second_run_is_refused_naming_the_first)
{
	in_namespace(lock_twice);
}

static void lock_again(void)
{
	struct ls_host host = host_in(1, 2);

	CHECK(ls_state_lock(&host, 0, NULL) == 0);
	CHECK(ls_state_lock(&host, 0, NULL) == 0);
	ls_state_unlock(&host);
	ls_state_unlock(&host);
	CHECK(ls_state_lock(&host, 0, NULL) == 0);
}

Test(lock, a_run_that_holds_it_already_goes_on)
{
	in_namespace(lock_again);
}

/* Two state directories must not fight over one namespace. */
static void lock_with_another_directory(void)
{
	struct ls_host a = host_in(1, 2), b = host_at(other_directory);
	struct ls_error err = { 0 };
	char holder[32];

	CHECK(ls_state_lock(&a, 0, NULL) == 0);
	CHECK(ls_state_lock(&b, 0, &err) == -EBUSY);
	CHECK(strstr(err.message, "namespace"));
	snprintf(holder, sizeof(holder), "process %d ", (int)getpid());
	CHECK(strstr(err.message, holder));
	CHECK(b.lockfd < 0);
}

Test(lock, another_state_directory_does_not_help)
{
	in_namespace(lock_with_another_directory);
}

static void lock_in_another_namespace(void)
{
	struct ls_host a = host_in(1, 2), b = host_at(other_directory);

	CHECK(ls_state_lock(&a, 0, NULL) == 0);
	CHECK(unshare(CLONE_NEWNET) == 0);
	CHECK(ls_state_lock(&b, 0, NULL) == 0);
}

Test(lock, other_namespaces_are_independent)
{
	in_namespace(lock_in_another_namespace);
}

static void lock_the_same_directory_elsewhere(void)
{
	struct ls_host a = host_in(1, 2), b = host_in(1, 2);

	CHECK(ls_state_lock(&a, 0, NULL) == 0);
	CHECK(unshare(CLONE_NEWNET) == 0);
	CHECK(ls_state_lock(&b, 0, NULL) == -EBUSY);
}

Test(lock, a_state_directory_has_one_run_whatever_the_namespace)
{
	in_namespace(lock_the_same_directory_elsewhere);
}

/* ---- other processes --------------------------------------------------------------------------------------------- */

/* A child that holds the lock until it is killed. */
static pid_t start_holder(struct ls_host *host)
{
	int ends[2];
	char byte;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(ls_state_lock(host, 0, NULL) == 0);
		CHECK(write(ends[1], "", 1) == 1);
		for (;;)
			pause();
	}
	close(ends[1]);
	CHECK(read(ends[0], &byte, 1) == 1);
	close(ends[0]);
	return pid;
}

static void outlive_holder(void)
{
	struct ls_host a = host_in(1, 2), b = host_in(1, 2);
	struct ls_error err = { 0 };
	char holder[32];
	pid_t pid = start_holder(&a);

	CHECK(ls_state_lock(&b, 0, &err) == -EBUSY);
	snprintf(holder, sizeof(holder), "process %d ", (int)pid);
	CHECK(strstr(err.message, holder));
	CHECK(ls_state_is_locked(&b));
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(!ls_state_is_locked(&b));
	CHECK(ls_state_lock(&b, 0, &err) == 0);
}

Test(lock, a_run_that_was_killed_leaves_no_lock)
{
	in_namespace(outlive_holder);
}

static void wait_for_holder(void)
{
	struct ls_host a = host_in(1, 2), b = host_in(1, 2);
	struct ls_error err = { 0 };
	pid_t pid = start_holder(&a), killer = fork();

	CHECK(killer >= 0);
	if (killer == 0) {
		usleep(100000);
		kill(pid, SIGKILL);
		_exit(0);
	}
	CHECK(ls_state_lock(&b, 5000, &err) == 0);
	CHECK(waitpid(killer, NULL, 0) == killer);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(b.lockfd >= 0);
	CHECK(err.code == 0);
}

Test(lock, a_run_waits_as_long_as_it_is_told)
{
	in_namespace(wait_for_holder);
}

static void wait_in_vain(void)
{
	struct ls_host a = host_in(1, 2), b = host_in(1, 2);
	struct ls_error err = { 0 };

	CHECK(ls_state_lock(&a, 0, NULL) == 0);
	CHECK(ls_state_lock(&b, 100, &err) == -EBUSY);
	CHECK(strstr(err.message, "holds the lock"));
}

Test(lock, waiting_ends)
{
	in_namespace(wait_in_vain);
}

/* The guard inherits the lock: it lasts until both are gone. */
static void inherit(void)
{
	struct ls_host a = host_in(1, 2), b = host_in(1, 2);
	pid_t pid;

	CHECK(ls_state_lock(&a, 0, NULL) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	ls_state_unlock(&a);
	CHECK(ls_state_lock(&b, 0, NULL) == -EBUSY);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(ls_state_lock(&b, 0, NULL) == 0);
}

Test(lock, what_a_child_inherits_lasts_as_long_as_the_child)
{
	in_namespace(inherit);
}

/* Somebody committed while we waited. */
static void read_again(void)
{
	struct ls_host a = host_in(1, 2), b = host_in(1, 2);

	CHECK(ls_state_write_current(&a, 7, NULL) == 0);
	CHECK(b.current == 0);
	CHECK(ls_state_lock(&b, 0, NULL) == 0);
	CHECK(b.current == 7);
}

Test(lock, the_current_generation_is_read_under_the_lock)
{
	in_namespace(read_again);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

#define SALT "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n"
#define KEY "keys/key-11111111111111111111111111111111"

static struct ls_host host_with_keyring(void)
{
	struct ls_kernel *kernel = build_keep(calloc(1, sizeof(*kernel)));
	struct ls_host host = host_in(1, 2);

	CHECK(kernel);
	kernel->keys = ls_keyring_new();
	CHECK(kernel->keys);
	host.kernel = kernel;
	host.change = true;
	return host;
}

/* The first run of all has kept a key while this one waited. */
static void read_keys_again(void)
{
	struct ls_host a = host_in(1, 2), b = host_with_keyring();
	struct ls_error err = { 0 };
	pid_t pid = start_holder(&a), keeper = fork();

	CHECK(keeper >= 0);
	if (keeper == 0) {
		usleep(100000);
		CHECK(mkdirat(a.dirfd, "keys", 0700) == 0);
		write_state_file(&a, "keys/salt", SALT, sizeof(SALT) - 1);
		kill(pid, SIGKILL);
		_exit(0);
	}
	CHECK(ls_host_lock(&b, 5000, &err) == 0);
	CHECK(waitpid(keeper, NULL, 0) == keeper);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(ls_keyring_salt(b.kernel->keys)[0] == 1 && ls_keyring_salt(b.kernel->keys)[31] == 32);
}

Test(lock, keys_are_read_under_the_lock)
{
	in_namespace(read_keys_again);
}

/* The reason is told whoever asks, and nobody else is kept from working. */
static void let_go_without_keys(void)
{
	struct ls_host host = host_with_keyring();
	struct ls_error err = { 0 };

	CHECK(mkdirat(host.dirfd, "keys", 0700) == 0);
	write_state_file(&host, KEY, SALT, sizeof(SALT) - 1);
	CHECK(ls_host_lock(&host, 0, NULL) == -EBADMSG);
	CHECK(host.lockfd < 0);
	CHECK(ls_host_lock(&host, 0, &err) == -EBADMSG);
	CHECK(strstr(err.message, "salt is missing"));
	write_state_file(&host, "keys/salt", SALT, sizeof(SALT) - 1);
	CHECK(ls_host_lock(&host, 0, &err) == 0);
}

Test(lock, is_given_back_when_keys_cannot_be_read)
{
	in_namespace(let_go_without_keys);
}

static void make_directories(void)
{
	struct ls_host host = { .dirfd = -1, .generationsfd = -1, .lockfd = -1, .lock_socket = -1 };
	struct stat st;

	CHECK(asprintf(&host.state_path, "%s/a/b", other_directory) > 0);
	CHECK(ls_state_lock(&host, 0, NULL) == 0);
	CHECK(stat(host.state_path, &st) == 0 && (st.st_mode & 0777) == 0700);
	CHECK(fstat(host.generationsfd, &st) == 0 && S_ISDIR(st.st_mode));
}

Test(lock, directories_are_made_by_the_first_run_that_needs_them)
{
	in_namespace(make_directories);
}
