/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: what is read, what is refused and how that is said, and that a replaced file is the old or the new one. */
#include <criterion/criterion.h>
#include <linkspan/util.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static char directory[] = "/tmp/linkspan-file-XXXXXX";
static int dirfd = -1;

static void enter(void)
{
	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(chdir(directory), 0);
	dirfd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(dirfd, 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void leave(void)
{
	ls_close(&dirfd);
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(file, .init = enter, .fini = leave);

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	cr_assert_not_null(file);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

static void assert_content(const char *name, const char *expected)
{
	LS_CLEANUP(ls_free) char *data = NULL;
	size_t length = 0;

	cr_assert_eq(ls_file_read(name, 1 << 20, &data, &length, NULL), 0);
	cr_assert_eq(length, strlen(expected));
	cr_assert_str_eq(data, expected);
}

static void assert_refused(const char *name, size_t limit, int code, const char *message)
{
	struct ls_error err = { 0 };
	char *data = NULL;
	size_t length = 99;

	cr_assert_eq(ls_file_read(name, limit, &data, &length, &err), code);
	cr_assert_eq(err.code, code);
	cr_assert_str_eq(err.message, message);
	cr_assert_null(data);
	cr_assert_eq(length, 99);
}

static void make_stdin(const char *text)
{
	int pipefd[2];

	cr_assert_eq(pipe(pipefd), 0);
	cr_assert_eq(write(pipefd[1], text, strlen(text)), (ssize_t)strlen(text));
	close(pipefd[1]);
	cr_assert_eq(dup2(pipefd[0], STDIN_FILENO), STDIN_FILENO);
	close(pipefd[0]);
}

Test(file, read_gives_content_and_a_zero_behind_it)
{
	put("a", "one\ntwo\n");
	assert_content("a", "one\ntwo\n");
	put("empty", "");
	assert_content("empty", "");
}

Test(file, zeros_within_are_kept)
{
	LS_CLEANUP(ls_free) char *data = NULL;
	size_t length;

	cr_assert_eq(ls_file_replace_at(dirfd, "a", "a\0b\0", 4, NULL), 0);
	cr_assert_eq(ls_file_read_at(dirfd, "a", 4, &data, &length, NULL), 0);
	cr_assert_eq(length, 4);
	cr_assert_eq(memcmp(data, "a\0b\0", 5), 0);
}

Test(file, large_file_is_read_whole)
{
	LS_CLEANUP(ls_free) char *data = NULL;
	LS_CLEANUP(ls_free) char *back = NULL;
	size_t size = (3 << 20) + 7, length;

	data = malloc(size);
	cr_assert_not_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 2654435761u >> 16);
	cr_assert_eq(ls_file_replace_at(dirfd, "large", data, size, NULL), 0);
	cr_assert_eq(ls_file_read_at(dirfd, "large", size, &back, &length, NULL), 0);
	cr_assert_eq(length, size);
	cr_assert_eq(memcmp(data, back, size), 0);
}

Test(file, proc_files_that_claim_no_size_are_read)
{
	LS_CLEANUP(ls_free) char *data = NULL;
	size_t length;

	cr_assert_eq(ls_file_read("/proc/self/status", 1 << 20, &data, &length, NULL), 0);
	cr_assert_gt(length, 100);
}

Test(file, dash_is_standard_input)
{
	make_stdin("kind: gateway\n");
	assert_content("-", "kind: gateway\n");
}

Test(file, dash_in_a_directory_is_a_file)
{
	LS_CLEANUP(ls_free) char *data = NULL;
	size_t length;

	put("-", "file");
	cr_assert_eq(ls_file_read_at(dirfd, "-", 10, &data, &length, NULL), 0);
	cr_assert_str_eq(data, "file");
}

Test(file, standard_input_is_limited)
{
	make_stdin("123456");
	assert_refused("-", 5, -EFBIG, "<stdin>: larger than 5 bytes");
}

Test(file, limit_itself_is_allowed)
{
	LS_CLEANUP(ls_free) char *data = NULL;
	size_t length;

	put("a", "12345");
	cr_assert_eq(ls_file_read("a", 5, &data, &length, NULL), 0);
	assert_refused("a", 4, -EFBIG, "a: larger than 4 bytes");
}

Test(file, too_large_is_told_with_its_limit)
{
	put("large", "");
	cr_assert_eq(truncate("large", (64 << 20) + 1), 0);
	assert_refused("large", 64 << 20, -EFBIG, "large: larger than 64 MiB");
	assert_refused("large", 3 << 10, -EFBIG, "large: larger than 3 KiB");
}

Test(file, missing_file_is_told)
{
	assert_refused("none", 10, -ENOENT, "none: No such file or directory");
	assert_refused("none/below", 10, -ENOENT, "none/below: No such file or directory");
}

Test(file, directory_is_refused)
{
	assert_refused(".", 10, -EISDIR, ".: is a directory");
}

Test(file, fifo_is_refused_without_waiting_for_its_writer, .timeout = 10)
{
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	assert_refused("fifo", 10, -EINVAL, "fifo: is a FIFO, not a regular file");
}

Test(file, device_is_refused)
{
	assert_refused("/dev/zero", 10, -EINVAL, "/dev/zero: is a character device, not a regular file");
}

Test(file, socket_is_refused)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	LS_CLEANUP(ls_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_refused("socket", 10, -EINVAL, "socket: is a socket, not a regular file");
}

Test(file, no_descriptor_stays_open)
{
	int before = dup(0), after;
	char *data = NULL;
	size_t length;

	close(before);
	put("a", "a");
	cr_assert_eq(ls_file_read("a", 0, &data, &length, NULL), -EFBIG);
	cr_assert_eq(ls_file_read(".", 0, &data, &length, NULL), -EISDIR);
	cr_assert_eq(ls_file_replace_at(dirfd, "a", "b", 1, NULL), 0);
	cr_assert_eq(ls_file_remove_at(dirfd, "a", NULL), 0);
	after = dup(0);
	cr_assert_eq(after, before);
	close(after);
}

Test(file, replace_makes_and_replaces)
{
	struct stat st;

	cr_assert_eq(ls_file_replace_at(dirfd, "a", "old", 3, NULL), 0);
	assert_content("a", "old");
	cr_assert_eq(ls_file_replace_at(dirfd, "a", "newer", 5, NULL), 0);
	assert_content("a", "newer");
	cr_assert_eq(stat("a", &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_neq(access("a.tmp", F_OK), 0);
}

Test(file, replace_gets_over_a_temporary_file_left_by_a_crash)
{
	put("a.tmp", "half of something much longer");
	cr_assert_eq(ls_file_replace_at(dirfd, "a", "new", 3, NULL), 0);
	assert_content("a", "new");
}

Test(file, write_error_leaves_the_old_file)
{
	struct rlimit limit, small;
	struct ls_error err = { 0 };
	char data[8192] = "new";
	int r;

	cr_assert_eq(ls_file_replace_at(dirfd, "a", "old", 3, NULL), 0);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){ .rlim_cur = 4096, .rlim_max = limit.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = ls_file_replace_at(dirfd, "a", data, sizeof(data), &err);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);

	cr_assert_eq(r, -EFBIG, "the first 4096 bytes were a short write");
	cr_assert_str_eq(err.message, "cannot write a.tmp: File too large");
	assert_content("a", "old");
	cr_assert_neq(access("a.tmp", F_OK), 0, "temporary file is gone");
}

Test(file, full_device_is_an_error)
{
	struct ls_error err = { 0 };

	put("a", "old");
	cr_assert_eq(symlink("/dev/full", "a.tmp"), 0);
	cr_assert_eq(ls_file_replace_at(dirfd, "a", "new", 3, &err), -ENOSPC);
	cr_assert_str_eq(err.message, "cannot write a.tmp: No space left on device");
	assert_content("a", "old");
	cr_assert_neq(access("a.tmp", F_OK), 0);
}

Test(file, sync_error_leaves_the_old_file)
{
	struct ls_error err = { 0 };

	put("a", "old");
	cr_assert_eq(symlink("/dev/null", "a.tmp"), 0); /* can be written, but not be synced */
	cr_assert_eq(ls_file_replace_at(dirfd, "a", "new", 3, &err), -EINVAL);
	cr_assert_str_eq(err.message, "cannot sync a.tmp: Invalid argument");
	assert_content("a", "old");
}

Test(file, rename_error_removes_the_temporary_file)
{
	struct ls_error err = { 0 };

	cr_assert_eq(mkdir("a", 0700), 0);
	cr_assert_eq(ls_file_replace_at(dirfd, "a", "new", 3, &err), -EISDIR);
	cr_assert_str_eq(err.message, "cannot replace a: Is a directory");
	cr_assert_neq(access("a.tmp", F_OK), 0);
}

Test(file, replace_in_a_missing_directory_is_told)
{
	struct ls_error err = { 0 };

	cr_assert_eq(ls_file_replace_at(dirfd, "none/a", "new", 3, &err), -ENOENT);
	cr_assert_str_eq(err.message, "cannot create none/a.tmp: No such file or directory");
}

Test(file, directory_that_cannot_be_synced_is_an_error)
{
	struct ls_error err = { 0 };
	LS_CLEANUP(ls_close) int path = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	cr_assert_eq(ls_file_replace_at(path, "a", "new", 3, &err), -EBADF);
	cr_assert_str_eq(err.message, "cannot sync the directory of a: Bad file descriptor");
}

Test(file, remove_removes_and_does_not_mind_a_missing_file)
{
	put("a", "a");
	cr_assert_eq(ls_file_remove_at(dirfd, "a", NULL), 0);
	cr_assert_neq(access("a", F_OK), 0);
	cr_assert_eq(ls_file_remove_at(dirfd, "a", NULL), 0);
}

Test(file, what_cannot_be_removed_is_told)
{
	struct ls_error err = { 0 };

	cr_assert_eq(mkdir("a", 0700), 0);
	cr_assert_eq(ls_file_remove_at(dirfd, "a", &err), -EISDIR);
	cr_assert_str_eq(err.message, "cannot remove a: Is a directory");
}

Test(file, close_keeps_errno_and_marks_the_descriptor)
{
	int fd = open(".", O_RDONLY | O_CLOEXEC), copy = fd, none = -1;

	errno = ENOTTY;
	ls_close(&fd);
	ls_close(&none);
	cr_assert_eq(errno, ENOTTY);
	cr_assert_eq(fd, -1);
	cr_assert_eq(fcntl(copy, F_GETFD), -1);
}
