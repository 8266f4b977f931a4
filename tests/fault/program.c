/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program under test with the shim preloaded. A run has ended when its guard has, too: this process is the reaper
 * of orphans, so it waits until it has no child left.
 */
#include "fault.h"

#include <support/support.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fault_report *report;
static char *said;

static void file_name(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", host_directory(), name);
}

/* ---- the shim ---------------------------------------------------------------------------------------------------- */

/* Beside the program; made here if the build has not. Other tests may be doing the same: a rename settles it. */
static const char *shim_path(void)
{
	static char path[PATH_MAX];
	char program_path[PATH_MAX], source[PATH_MAX], here[PATH_MAX];

	if (*path)
		return path;
	snprintf(program_path, sizeof(program_path), "%s", getenv("LINKSPAN"));
	snprintf(path, sizeof(path), "%s/tests/fault-shim.so", dirname(program_path));
	if (access(path, R_OK) == 0)
		return path;
	snprintf(here, sizeof(here), "%s", __FILE__);
	snprintf(source, sizeof(source), "%s/shim/shim.c", dirname(here));
	snprintf(path, sizeof(path), "%s/fault-shim.so", host_directory());
	host_must("cc -std=gnu17 -D_GNU_SOURCE -O1 -g -shared -fPIC -o %s %s -ldl", path, source);
	return path;
}

static void renew_report(void)
{
	char path[PATH_MAX];
	int fd;

	if (!report) {
		file_name(path, "report");
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		cr_assert_geq(fd, 0);
		cr_assert_eq(ftruncate(fd, sizeof(*report)), 0);
		report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		cr_assert_neq(report, MAP_FAILED);
		close(fd);
	}
	memset(report, 0, sizeof(*report));
}

const char *fault_text(const char *action, const char *point, unsigned n)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s:%s:%u", action, point, n);
	return text;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static void set(const char *name, const char *value)
{
	if (value)
		(void)setenv(name, value, 1);
	else
		(void)unsetenv(name);
}

static void set_environment(const struct faults *faults)
{
	char path[PATH_MAX];

	file_name(path, "report");
	set("LS_FAULT_REPORT", path);
	set("LS_FAULT", faults ? faults->run : NULL);
	set("LS_FAULT_GUARD", faults ? faults->guard : NULL);
	set("LS_FAULT_LOG", faults ? faults->log : NULL);
	set("LS_FAULT_STATE", host_state());
}

#define WORDS_MAX 32

/* At its blanks. */
static size_t add_words(const char **argv, size_t n, char *text)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		cr_assert_lt(n, WORDS_MAX - 1);
		argv[n++] = word;
	}
	argv[n] = NULL;
	return n;
}

/* A wrapper is not preloaded itself, and what it traces cannot look for leaks. */
int program_start(const struct faults *faults, const char *arguments)
{
	char path[PATH_MAX], preload[PATH_MAX + 16], wrapper[2 * PATH_MAX] = "", words[PATH_MAX];
	const char *argv[WORDS_MAX] = { NULL };
	pid_t pid;
	size_t n = 0;
	int out;

	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", shim_path());
	renew_report();
	set_environment(faults);
	if (faults && faults->wrapper) {
		snprintf(wrapper, sizeof(wrapper), "%s env %s ASAN_OPTIONS=%s:detect_leaks=0", faults->wrapper, preload,
			getenv("ASAN_OPTIONS"));
		n = add_words(argv, n, wrapper);
	} else {
		set("LD_PRELOAD", shim_path());
	}
	argv[n++] = getenv("LINKSPAN");
	argv[n++] = "--state-dir";
	argv[n++] = host_state();
	snprintf(words, sizeof(words), "%s", arguments);
	(void)add_words(argv, n, words);
	file_name(path, "said");
	out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	cr_assert_geq(out, 0);
	pid = test_spawn(argv, 0, out, out);
	close(out);
	set("LD_PRELOAD", NULL);
	return pid;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int program_wait(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		cr_assert_eq(errno, EINTR);
	return status_of(status);
}

static void wait_for_orphans(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

void program_said(char **ret)
{
	char path[PATH_MAX];
	size_t length = 0;
	FILE *file;

	file_name(path, "said");
	file = fopen(path, "re");
	*ret = NULL;
	if (file && getdelim(ret, &length, EOF, file) < 0) {
		free(*ret);
		*ret = NULL;
	}
	if (file)
		fclose(file);
	if (!*ret)
		*ret = strdup("");
}

struct outcome program(const struct faults *faults, const char *arguments)
{
	struct outcome outcome;

	outcome.status = program_wait(program_start(faults, arguments));
	wait_for_orphans();
	outcome.report = *report;
	free(said);
	program_said(&said);
	outcome.said = said;
	return outcome;
}

struct outcome program_apply(const struct faults *faults, enum stage stage)
{
	char arguments[PATH_MAX];

	snprintf(arguments, sizeof(arguments), "apply --quiet %s", host_spec(stage));
	return program(faults, arguments);
}
