/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling network namespaces apart. A cookie (SO_NETNS_COOKIE, kernel 5.14) is never used twice in one boot, but the
 * kernel does not say whose it is: to find out whether a namespace still lives, every one in sight is entered and
 * asked. That is done by a thread of its own, so that the caller stays where it is.
 */
#include "state.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h */
#endif

int ls_netns_cookie(uint64_t *ret)
{
	LS_CLEANUP(ls_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(*ret);
	struct stat st;

	if (fd >= 0 && !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &length))
		return 0;
	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

/* ---- looking for one --------------------------------------------------------------------------------------------- */

struct search {
	uint64_t cookie;
	ino_t last; /* the namespace asked last: neighbours in /proc mostly share theirs */
	bool found;
};

static void ask(struct search *search, const char *path)
{
	LS_CLEANUP(ls_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t cookie = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino == search->last || setns(fd, CLONE_NEWNET) < 0)
		return;
	search->last = st.st_ino;
	search->found = ls_netns_cookie(&cookie) >= 0 && cookie == search->cookie;
}

/* The namespaces at directory/NAME/below. */
static void ask_all(struct search *search, const char *directory, const char *below)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && !search->found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", directory, entry->d_name, below);
		ask(search, path);
	}
	if (dir)
		closedir(dir);
}

static void *search_everywhere(void *data)
{
	struct search *search = data;

	ask_all(search, "/run/netns", "");
	if (!search->found)
		ask_all(search, "/proc", "/ns/net");
	return NULL;
}

bool ls_netns_is_alive(uint64_t cookie)
{
	struct search search = { .cookie = cookie };
	pthread_t thread;

	if (pthread_create(&thread, NULL, search_everywhere, &search))
		return false;
	pthread_join(thread, NULL);
	return search.found;
}
