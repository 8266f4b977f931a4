/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state directory of its own for each test, and hosts on it that need neither root nor a kernel: epochs are what the
 * test says, not what the machine has.
 */
#pragma once

#include "../../../src/apply/state.h"

#include "../model/builders.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

static char state_directory[] = "/tmp/linkspan-state-XXXXXX";

static void enter(void)
{
	cr_assert_not_null(mkdtemp(state_directory));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void leave(void)
{
	nftw(state_directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The host as the `life`-th boot of the `machine`-th machine sees it. */
static struct ls_host host_in(uint8_t machine, uint8_t life)
{
	struct ls_host host = { .dirfd = -1, .generationsfd = -1, .lockfd = -1, .lock_socket = -1 };

	host.state_path = build_keep(strdup(state_directory));
	host.dirfd = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(host.dirfd, 0);
	cr_assert(mkdirat(host.dirfd, "generations", 0700) == 0 || errno == EEXIST);
	host.generationsfd = openat(host.dirfd, "generations", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(host.generationsfd, 0);
	host.epoch = (struct ls_epoch){ .machine = { machine }, .boot = { life }, .netns = 5 };
	return host;
}

/* What a file of the state directory holds. */
static inline void read_state_file(const struct ls_host *host, const char *name, char **ret, size_t *ret_length)
{
	struct ls_error err = { 0 };

	cr_assert_eq(ls_file_read_at(host->dirfd, name, 1 << 24, ret, ret_length, &err), 0, "%s", err.message);
}

static inline void write_state_file(const struct ls_host *host, const char *name, const void *data, size_t length)
{
	int fd = openat(host->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, data, length), (ssize_t)length);
	close(fd);
}

static inline bool state_file_exists(const struct ls_host *host, const char *name)
{
	return !faccessat(host->dirfd, name, F_OK, 0);
}
