/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * measure FILE NAME COMMAND [ARGUMENT]...: runs the command and appends "NAME SECONDS KIBIBYTES CPU" to FILE: the time
 * from before the fork until the process is gone; the peak resident size of the process or, if that is more, of a child
 * that it waited for; the processor's seconds of them all. Nothing is written if the command fails. Exits as it does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int append(const char *path, const char *name, double seconds, const struct rusage *usage)
{
	FILE *file = fopen(path, "ae");

	if (!file)
		return -1;
	fprintf(file, "%s %.6f %ld %.6f\n", name, seconds, usage->ru_maxrss,
		seconds_of(usage->ru_utime) + seconds_of(usage->ru_stime));
	return fclose(file);
}

int main(int argc, char *argv[])
{
	struct rusage usage;
	int status = 0;
	double start;
	pid_t pid;

	if (argc < 4) {
		fputs("usage: measure FILE NAME COMMAND [ARGUMENT]...\n", stderr);
		return 64;
	}
	start = now();
	pid = fork();
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("measure");
		return EXIT_FAILURE;
	}
	if (!WIFEXITED(status))
		return EXIT_FAILURE;
	if (WEXITSTATUS(status) == 0 && append(argv[1], argv[2], now() - start, &usage) < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	return WEXITSTATUS(status);
}
