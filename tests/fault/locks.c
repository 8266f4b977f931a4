/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two runs at once: one waits a moment, then says who is in its way. */
#include "fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

TestSuite(locks, .init = fault_begin, .fini = fault_end);

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A run that stays in the middle until the test lets it go on. */
static int start_slow_run(void)
{
	char fault[512], arguments[256];
	int pid;

	snprintf(fault, sizeof(fault), "run:change:30:touch %s/there; while ! test -e %s/go; do sleep 0.02; done",
		host_directory(), host_directory());
	snprintf(arguments, sizeof(arguments), "apply --quiet %s", host_spec(STAGE_A));
	pid = program_start(&(struct faults){ .run = fault }, arguments);
	host_must(
		"i=0; while ! test -e %s/there && test $i -lt 500; do sleep 0.02; i=$((i + 1)); done; test -e %s/there",
		host_directory(), host_directory());
	return pid;
}

/* Waits for nothing but itself: the other run's guard is a child of ours, too. */
static int second_run(char **said)
{
	char arguments[256];
	int status;

	snprintf(arguments, sizeof(arguments), "apply --quiet %s", host_spec(STAGE_B));
	status = program_wait(program_start(NULL, arguments));
	program_said(said);
	return status;
}

static void meet(const char *second_state)
{
	struct outcome outcome;
	double begun;
	char *said, pid_text[16];
	int pid, status;

	fault_need_namespace();
	host_anew();
	pid = start_slow_run();
	if (second_state)
		host_use_state(second_state);
	begun = now_seconds();
	status = second_run(&said);
	snprintf(pid_text, sizeof(pid_text), "%d", pid);
	cr_expect_eq(status, 75, "%d: %s", status, said);
	cr_expect_lt(now_seconds() - begun, 20);
	cr_expect_not_null(strstr(said, pid_text), "%s does not name %s", said, pid_text);
	free(said);
	host_must("touch %s/go", host_directory());
	cr_expect_eq(program_wait(pid), 0);
	outcome = program_apply(NULL, STAGE_B);
	if (!second_state)
		cr_expect_eq(outcome.status, 0, "%s", outcome.said);
}

Test(locks, second_run_names_the_first)
{
	meet(NULL);
}

Test(locks, second_run_with_another_state_directory_names_the_first)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/elsewhere", host_directory());
	meet(path);
}

Test(locks, guard_at_work_keeps_others_waiting)
{
	struct outcome outcome;

	fault_need_namespace();
	host_anew();
	outcome = program_apply(&(struct faults){ .run = "kill:change:50" }, STAGE_A);
	cr_expect_eq(outcome.status, 128 + SIGKILL);
	outcome = program_apply(NULL, STAGE_A);
	cr_expect_eq(outcome.status, 0, "%s", outcome.said);
}
