/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support.h"

#include <criterion/criterion.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int memory_file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static char *read_memory_file(int fd)
{
	off_t length = lseek(fd, 0, SEEK_END);
	char *text = malloc((size_t)length + 1);

	cr_assert_not_null(text);
	cr_assert_eq(pread(fd, text, (size_t)length, 0), (ssize_t)length);
	text[length] = '\0';
	return text;
}

pid_t test_spawn(const char *const *argv, int in, int out, int err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	cr_assert_eq(posix_spawn_file_actions_init(&actions), 0);
	(void)posix_spawn_file_actions_adddup2(&actions, in, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, out, 1);
	(void)posix_spawn_file_actions_adddup2(&actions, err, 2);
	cr_assert_eq(
		posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ), 0, "%s", argv[0]);
	(void)posix_spawn_file_actions_destroy(&actions);
	return pid;
}

char *test_output(const char *const *argv, const char *input)
{
	int in = memory_file(input), out = memory_file(""), status = -1;
	pid_t pid = test_spawn(argv, in, out, 2);
	char *text;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "%s: status %d\n%s", argv[0], status, input);
	text = read_memory_file(out);
	close(in);
	close(out);
	return text;
}
