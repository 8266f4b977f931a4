/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sweep puts a fault at the first point of a transition, at the second, and so on until there is no such point. */
#include "fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdicts[] = { "as before", "as desired", "neither as before nor as desired" };

static void complain_neither(const struct ends *ends)
{
	complain_difference((const char *const[]){ ends->before, ends->after }, 2);
}

static bool fits(enum ends_allowed allowed, int status, enum verdict verdict)
{
	switch (allowed) {
	case ENDS_WHOLE:
		return (status == 0 && verdict == IS_AFTER) || (status == 1 && verdict == IS_BEFORE);
	case ENDS_BEFORE:
		return status == 1 && verdict == IS_BEFORE;
	case ENDS_AFTER:
		return status == 0 && verdict == IS_AFTER;
	case ENDS_KILLED:
	case ENDS_DESERTED:
		return status == 128 + SIGKILL && verdict != IS_NEITHER;
	}
	return false;
}

static void recover(const char *what)
{
	struct outcome outcome = program(NULL, "recover");

	if (outcome.status != 0)
		complain("%s: recover ended with %d: %s", what, outcome.status, outcome.said);
}

void sweep_apply_after(const struct transition *transition, const struct ends *ends, const char *what)
{
	struct outcome outcome = program_apply(NULL, transition->to);

	if (outcome.status != 0 || judge(ends) != IS_AFTER) {
		complain("%s: the apply after it ended with %d: %s", what, outcome.status, outcome.said);
		complain_neither(ends);
		return;
	}
	outcome = program_apply(NULL, transition->to);
	if (outcome.status != 0 || outcome.report.run.reached[FAULT_CHANGE] != 0)
		complain("%s: another apply ended with %d and made %u changes: %s", what, outcome.status,
			outcome.report.run.reached[FAULT_CHANGE], outcome.said);
}

void sweep_check(const struct sweep *sweep, const struct ends *ends, const struct outcome *outcome, const char *what)
{
	int status = outcome->status;
	char *told = strdup(outcome->said);
	enum verdict verdict;

	if (sweep->allowed == ENDS_DESERTED)
		recover(what);
	verdict = judge(ends);
	if (!fits(sweep->allowed, status, verdict)) {
		complain("%s: status %d, the host is %s. It said: %s", what, status, verdicts[verdict], told);
		if (verdict == IS_NEITHER)
			complain_neither(ends);
	} else {
		sweep_apply_after(sweep->transition, ends, what);
	}
	free(told);
}

static struct outcome run_at(const struct sweep *sweep, const struct ends *ends, unsigned n, const char **ret_what)
{
	const char *fault = fault_text(sweep->action, sweep->point, n);
	struct outcome outcome;
	static char what[256];

	snprintf(what, sizeof(what), "%s, %s%s%s", sweep->transition->name, fault, sweep->guard ? ", guard " : "",
		sweep->guard ? sweep->guard : "");
	host_at(sweep->transition);
	outcome = program_apply(&(struct faults){ .run = fault, .guard = sweep->guard }, sweep->transition->to);
	if (outcome.report.run.fired)
		sweep_check(sweep, ends, &outcome, what);
	*ret_what = what;
	return outcome;
}

bool sweep_at(const struct sweep *sweep, const struct ends *ends, unsigned n, const char **ret_what)
{
	return run_at(sweep, ends, n, ret_what).report.run.fired;
}

void sweep_run(const struct sweep *sweep)
{
	struct ends ends;
	struct outcome outcome;
	const char *what;
	unsigned n = 0;

	fault_need_namespace();
	ends = judge_ends(sweep->transition);
	do
		outcome = run_at(sweep, &ends, ++n, &what);
	while (outcome.report.run.fired && !judge_gave_up());
	if (!outcome.report.run.fired && n - 1 < sweep->least)
		complain("%s, %s: only %u points", sweep->transition->name, sweep->point, n - 1);
	if (!outcome.report.run.fired && outcome.status != 0)
		complain("%s without a fault: status %d: %s", sweep->transition->name, outcome.status, outcome.said);
	judge_close();
}
