/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs that die, or are asked to stop, at every step to the kernel and to the state directory. */
#include "fault.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(kills, .init = fault_begin, .fini = fault_end);

#define DEAD_GUARD "kill:life:1"

/* The calls that a run dies at; `least`: so many there are. */
static const struct {
	const char *point;
	unsigned least;
} calls[] = {
	{ "open", 3 },
	{ "write", 4 },
	{ "sync", 6 },
	{ "rename", 3 },
	{ "unlink", 1 },
};

static void die_at_calls(const struct transition *transition, enum ends_allowed allowed, const char *guard)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		sweep_run(&(struct sweep){ transition, "kill", calls[i].point, allowed, guard, calls[i].least });
}

Test(kills, guard_finishes_what_died_at_a_change_from_nothing)
{
	sweep_run(&(struct sweep){ &from_nothing, "kill", "change", ENDS_KILLED, NULL, 60 });
}

Test(kills, guard_finishes_what_died_at_a_change_from_a_to_b)
{
	sweep_run(&(struct sweep){ &from_a_to_b, "kill", "change", ENDS_KILLED, NULL, 60 });
}

Test(kills, recover_finishes_what_died_with_its_guard_at_a_change_from_nothing)
{
	sweep_run(&(struct sweep){ &from_nothing, "kill", "change", ENDS_DESERTED, DEAD_GUARD, 60 });
}

Test(kills, recover_finishes_what_died_with_its_guard_at_a_change_from_a_to_b)
{
	sweep_run(&(struct sweep){ &from_a_to_b, "kill", "change", ENDS_DESERTED, DEAD_GUARD, 60 });
}

Test(kills, guard_finishes_what_died_at_a_call_from_nothing)
{
	die_at_calls(&from_nothing, ENDS_KILLED, NULL);
}

Test(kills, guard_finishes_what_died_at_a_call_from_a_to_b)
{
	die_at_calls(&from_a_to_b, ENDS_KILLED, NULL);
}

Test(kills, recover_finishes_what_died_with_its_guard_at_a_call_from_nothing)
{
	die_at_calls(&from_nothing, ENDS_DESERTED, DEAD_GUARD);
}

Test(kills, recover_finishes_what_died_with_its_guard_at_a_call_from_a_to_b)
{
	die_at_calls(&from_a_to_b, ENDS_DESERTED, DEAD_GUARD);
}

Test(kills, run_that_lost_its_guard_goes_on_alone)
{
	struct ends ends;
	struct outcome outcome;

	fault_need_namespace();
	ends = judge_ends(&from_nothing);
	host_at(&from_nothing);
	outcome = program_apply(&(struct faults){ .guard = DEAD_GUARD }, from_nothing.to);
	if (outcome.status != 0 || judge(&ends) != IS_AFTER)
		complain("status %d: %s", outcome.status, outcome.said);
	judge_close();
}

/* ---- asked to stop ----------------------------------------------------------------------------------------------- */

/* Before the last message nothing is done yet: it must be taken back. After it the run may as well end. */
static void stop_at_changes(const struct transition *transition)
{
	struct ends ends;
	struct outcome outcome;
	unsigned n = 0, n_taken_back = 0;

	fault_need_namespace();
	ends = judge_ends(transition);
	do {
		struct sweep sweep = { transition, "term", "change", ENDS_WHOLE, NULL, 60 };
		char what[128];

		host_at(transition);
		outcome = program_apply(&(struct faults){ .run = fault_text("term", "change", ++n) }, transition->to);
		snprintf(what, sizeof(what), "%s, term:change:%u", transition->name, n);
		if (!outcome.report.run.fired)
			break;
		n_taken_back += outcome.status == 1;
		if (outcome.status == 1 && !strstr(outcome.said, "signal"))
			complain("%s: does not say why: %s", what, outcome.said);
		sweep_check(&sweep, &ends, &outcome, what);
	} while (!judge_gave_up());
	if (n_taken_back + 30 < n)
		complain("only %u of %u were taken back", n_taken_back, n);
	judge_close();
}

Test(kills, run_that_is_asked_to_stop_takes_back_from_nothing)
{
	stop_at_changes(&from_nothing);
}

Test(kills, run_that_is_asked_to_stop_takes_back_from_a_to_b)
{
	stop_at_changes(&from_a_to_b);
}

/* ---- tests of a spec --------------------------------------------------------------------------------------------- */

/* Whenever it dies, before or after it was all in force: it was a test. */
Test(kills, test_that_dies_at_a_change_is_taken_back)
{
	struct ends ends;
	struct outcome outcome;
	unsigned n = 0;

	fault_need_namespace();
	ends = judge_ends(&from_a_to_b);
	do {
		char arguments[PATH_MAX];

		host_at(&from_a_to_b);
		snprintf(arguments, sizeof(arguments), "apply --test --quiet %s", host_spec(from_a_to_b.to));
		outcome = program(&(struct faults){ .run = fault_text("kill", "change", ++n) }, arguments);
		if (outcome.status != (outcome.report.run.fired ? 128 + SIGKILL : 0) || judge(&ends) != IS_BEFORE)
			complain("a test, killed at change %u: status %d: %s", n, outcome.status, outcome.said);
	} while (outcome.report.run.fired && !judge_gave_up());
	if (n < 120)
		complain("only %u changes, there and back", n);
	judge_close();
}

/* ---- recovery that dies, too ------------------------------------------------------------------------------------- */

/* The guard dies at every step of its recovery; then `recover`. */
static void guard_dies_at(const struct transition *transition, const char *at, const char *point)
{
	struct ends ends;
	struct outcome outcome;
	unsigned n = 0;

	fault_need_namespace();
	ends = judge_ends(transition);
	do {
		struct sweep sweep = { transition, "kill", point, ENDS_DESERTED, NULL, 0 };
		char guard[64], what[160];

		snprintf(guard, sizeof(guard), "%s", fault_text("kill", point, ++n));
		snprintf(what, sizeof(what), "%s, %s, then the guard %s", transition->name, at, guard);
		host_at(transition);
		outcome = program_apply(&(struct faults){ .run = at, .guard = guard }, transition->to);
		if (!outcome.report.run.fired)
			complain("%s: the run did not get there", what);
		sweep_check(&sweep, &ends, &outcome, what);
	} while (outcome.report.guard.fired && !judge_gave_up());
	if (n < 2)
		complain("%s: the guard did nothing", at);
	judge_close();
}

Test(kills, recovery_after_a_guard_that_died_at_a_change_from_nothing)
{
	guard_dies_at(&from_nothing, "kill:change:60", "change");
}

Test(kills, recovery_after_a_guard_that_died_at_a_change_from_a_to_b)
{
	guard_dies_at(&from_a_to_b, "kill:change:60", "change");
}

Test(kills, recovery_after_a_guard_that_died_at_the_journal)
{
	guard_dies_at(&from_nothing, "kill:change:40", "unlink");
	guard_dies_at(&from_nothing, "kill:change:40", "sync");
}

/* `recover` dies at every step, and is called again. */
static void recover_dies_at(const struct transition *transition, const char *at, const char *point)
{
	struct ends ends;
	struct outcome outcome;
	unsigned n = 0;
	bool fired;

	fault_need_namespace();
	ends = judge_ends(transition);
	do {
		struct sweep sweep = { transition, "kill", point, ENDS_DESERTED, NULL, 0 };
		struct outcome interrupted;
		char fault[64], what[160];

		snprintf(fault, sizeof(fault), "%s", fault_text("kill", point, ++n));
		snprintf(what, sizeof(what), "%s, %s, then recover %s", transition->name, at, fault);
		host_at(transition);
		outcome = program_apply(&(struct faults){ .run = at, .guard = DEAD_GUARD }, transition->to);
		interrupted = program(&(struct faults){ .run = fault }, "recover");
		fired = interrupted.report.run.fired;
		if (interrupted.status != (fired ? 128 + SIGKILL : 0))
			complain("%s: recover ended with %d: %s", what, interrupted.status, interrupted.said);
		outcome.said = interrupted.said;
		sweep_check(&sweep, &ends, &outcome, what);
	} while (fired && !judge_gave_up());
	if (n < 2)
		complain("%s: recover did nothing", at);
	judge_close();
}

Test(kills, recover_that_died_at_a_change_is_done_again_from_nothing)
{
	recover_dies_at(&from_nothing, "kill:change:50", "change");
}

Test(kills, recover_that_died_at_a_change_is_done_again_from_a_to_b)
{
	recover_dies_at(&from_a_to_b, "kill:change:50", "change");
}

Test(kills, recover_that_died_at_the_journal_is_done_again)
{
	recover_dies_at(&from_a_to_b, "kill:change:30", "unlink");
	recover_dies_at(&from_a_to_b, "kill:change:30", "sync");
	recover_dies_at(&from_a_to_b, "kill:change:30", "write");
}

/* ---- without the shim -------------------------------------------------------------------------------------------- */

/* The same by another mechanism, which knows nothing of batches: strace kills at the n-th call. */
static void strace_kills_at(const struct transition *transition, const char *call, unsigned step)
{
	struct ends ends;
	struct outcome outcome = { .status = 128 + SIGKILL };
	struct sweep sweep = { transition, "strace", call, ENDS_DESERTED, NULL, 0 };

	ends = judge_ends(transition);
	for (unsigned n = 1; outcome.status == 128 + SIGKILL && n < 400 && !judge_gave_up(); n += step) {
		char wrapper[256], what[128];

		snprintf(wrapper, sizeof(wrapper),
			"strace -f -o /dev/null -e trace=%s -e inject=%s:signal=SIGKILL:when=%u", call, call, n);
		snprintf(what, sizeof(what), "%s, strace kills at %s %u", transition->name, call, n);
		host_at(transition);
		outcome = program_apply(&(struct faults){ .wrapper = wrapper }, transition->to);
		if (outcome.status == 128 + SIGKILL)
			sweep_check(&sweep, &ends, &outcome, what);
	}
	if (outcome.status != 0 && !judge_gave_up())
		complain("%s, strace at %s: ended with %d: %s", transition->name, call, outcome.status, outcome.said);
}

Test(kills, strace_agrees)
{
	fault_need_namespace();
	if (!host_try("strace -o /dev/null true"))
		cr_skip_test("strace does not work here");
	strace_kills_at(&from_a_to_b, "fsync", 1);
	strace_kills_at(&from_a_to_b, "renameat", 1);
	strace_kills_at(&from_a_to_b, "sendmsg", 3);
	judge_close();
}
