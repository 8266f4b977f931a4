/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apply and its like report, by outcome. */
#include "cli_test.h"

#include "../../../src/cli/apply.c"
#include "../../../src/cli/change.c"
#include "../../../src/cli/down.c"
#include "../../../src/cli/recover.c"
#include "../../../src/cli/rollback.c"

static const struct cli_change change = { .nothing = "Nothing to do.", .done = "In force." };

static struct ls_run_report report_of(enum ls_outcome outcome, const char *message)
{
	struct ls_run_report report = { .outcome = outcome, .generation = 7 };

	if (message)
		ls_error_set(&report.error, -EIO, "%s", message);
	return report;
}

Test(change, outcomes_become_exit_codes)
{
	static const struct {
		enum ls_outcome outcome;
		enum cli_exit status;
		const char *word;
	} cases[] = {
		{ LS_OUTCOME_NOTHING, CLI_EXIT_DONE, "nothing" },
		{ LS_OUTCOME_DONE, CLI_EXIT_DONE, "done" },
		{ LS_OUTCOME_RESTORED, CLI_EXIT_FAILED, "restored" },
		{ LS_OUTCOME_DIRTY, CLI_EXIT_DIRTY, "dirty" },
		{ LS_OUTCOME_REFUSED, CLI_EXIT_FAILED, "refused" },
		{ LS_OUTCOME_INVALID, CLI_EXIT_INVALID, "invalid" },
		{ LS_OUTCOME_UNSUPPORTED, CLI_EXIT_UNSUPPORTED, "unsupported" },
		{ LS_OUTCOME_BUSY, CLI_EXIT_BUSY, "busy" },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		struct ls_run_report report = report_of(cases[i].outcome, NULL);
		struct told told;
		json_t *json;

		told_begin(&told, LS_BIT(CLI_JSON));
		cr_expect_eq(cli_report(&told.cli, &change, &report, NULL), cases[i].status);
		told_flush(&told);
		json = told_json(&told);
		cr_expect_str_eq(json_text_at(json, "outcome"), cases[i].word);
		cr_expect_eq(json_integer_value(json_object_get(json, "generation")), 7);
		cr_expect(json_is_null(json_object_get(json, "plan")));
		cr_expect(json_is_null(json_object_get(json, "error")));
		cr_expect(json_is_array(json_object_get(json, "notes")));
		json_decref(json);
		told_done(&told);
	}
}

Test(change, success_names_the_generation)
{
	struct ls_run_report report = report_of(LS_OUTCOME_DONE, NULL);
	struct told told;

	told_begin(&told, 0);
	cr_assert_eq(cli_report(&told.cli, &change, &report, NULL), CLI_EXIT_DONE);
	told_flush(&told);
	cr_assert_str_eq(told.out, "In force.\nGeneration 7.\n");
	told_done(&told);
}

Test(change, a_failure_shows_the_line_that_asked_for_it)
{
	struct ls_run_report report = report_of(LS_OUTCOME_RESTORED, "the kernel says no");
	struct cli_spec spec = { .source = { .text = strdup("a: 1\nb: 2\n"), .length = 10, .name = "gw.yaml" } };
	struct told told;

	report.error.location = (struct ls_location){ .line = 2, .column = 4 };
	told_begin(&told, 0);
	cr_assert_eq(cli_report(&told.cli, &change, &report, &spec), CLI_EXIT_FAILED);
	told_flush(&told);
	cr_assert_str_empty(told.out);
	cr_assert_str_eq(told.err, "gw.yaml:2:4: error: the kernel says no\n"
				   "    2 | b: 2\n"
				   "      |    ^\n"
				   "The host is as it was before.\n");
	cli_spec_done(&spec);
	told_done(&told);
}

Test(change, what_could_not_be_put_back_is_listed)
{
	struct ls_run_report report = report_of(LS_OUTCOME_DIRTY, "no");
	struct told told;

	ls_diag_report(&report.notes, LS_SEVERITY_ERROR, (struct ls_location){ 0 }, "not-restored", "route 10.0.0.0/8");
	told_begin(&told, LS_BIT(CLI_QUIET));
	cr_assert_eq(cli_report(&told.cli, &change, &report, NULL), CLI_EXIT_DIRTY);
	told_flush(&told);
	cr_assert_says(told.err, "linkspan: error: route 10.0.0.0/8 [not-restored]\n");
	cr_assert_says(told.err, "The host is not as it was before");
	ls_run_report_done(&report);
	told_done(&told);
}

Test(change, notes_are_in_the_json)
{
	struct ls_run_report report = report_of(LS_OUTCOME_DONE, NULL);
	struct told told;
	json_t *json, *notes;

	ls_diag_report(&report.notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "w", "look");
	ls_diag_report(&report.notes, LS_SEVERITY_ERROR, (struct ls_location){ 0 }, "e", "see");
	told_begin(&told, LS_BIT(CLI_JSON));
	cli_report(&told.cli, &change, &report, NULL);
	told_flush(&told);
	json = told_json(&told);
	notes = json_object_get(json, "notes");
	cr_assert_eq(json_array_size(notes), 2);
	cr_assert_str_eq(json_text_at(json_array_get(notes, 0), "message"), "look");
	cr_assert(json_is_null(json_object_get(json_array_get(notes, 0), "location")));
	json_decref(json);
	ls_run_report_done(&report);
	told_done(&told);
}

Test(change, missing_privilege_has_its_own_code)
{
	struct ls_run_report report = report_of(LS_OUTCOME_RESTORED, "no");
	struct told told;

	report.error.code = -EPERM;
	told_begin(&told, 0);
	cr_assert_eq(cli_report(&told.cli, &change, &report, NULL), CLI_EXIT_PRIVILEGE);
	told_done(&told);
}

Test(change, an_invalid_spec_is_reported_before_a_host_that_cannot_be_opened)
{
	struct told told;
	char path[64];
	json_t *json;

	write_file(path, "nonsense: 1\n");
	cr_assert_eq(told_run(&told, told_words("apply", path, "--json", "--state-dir", "/dev/null/none")),
		CLI_EXIT_INVALID);
	unlink(path);
	json = told_json(&told);
	cr_assert_str_eq(json_text_at(json, "outcome"), "invalid");
	cr_assert_gt(json_array_size(json_object_get(json, "notes")), 0);
	cr_assert_says(told.err, "    1 | nonsense: 1\n");
	json_decref(json);
	told_done(&told);
}

Test(change, signals_set_the_flag_and_ignored_ones_stay_ignored)
{
	struct sigaction old[LS_ARRAY_SIZE(stop_signals)], now;

	signal(SIGHUP, SIG_IGN);
	catch_signals(old);
	cr_assert_eq(stop, 0);
	raise(SIGHUP);
	cr_assert_eq(stop, 0);
	raise(SIGTERM);
	cr_assert_eq(stop, SIGTERM);
	sigaction(SIGTERM, NULL, &now);
	cr_assert_not(now.sa_flags & SA_RESTART);
	release_signals(old);
	sigaction(SIGTERM, NULL, &now);
	cr_assert_eq(now.sa_handler, SIG_DFL);
}
