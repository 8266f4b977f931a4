/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linkspan/util.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool ls_process_text(pid_t pid, const char *name, char *text, size_t size)
{
	LS_CLEANUP(ls_close) int fd = -1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, size - 1);
	while (n > 0 && (text[n - 1] == '\0' || text[n - 1] == '\n'))
		n--;
	text[n > 0 ? n : 0] = '\0';
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return n > 0;
}

bool ls_process_shares_network(pid_t pid)
{
	struct stat ours, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return !stat("/proc/thread-self/ns/net", &ours) && !stat(path, &its) && ours.st_ino == its.st_ino &&
	       ours.st_dev == its.st_dev;
}

void ls_process_each(void (*each)(pid_t pid, void *data), void *data)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			each(pid, data);
	}
	if (directory)
		closedir(directory);
}
