/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings with their source lines, colours, failures to write. */
#include "cli_test.h"

#include "../../../src/cli/output.c"

/* What a finding at that place of `text` looks like. */
static char *show(const char *text, uint32_t line, uint32_t column)
{
	static char shown[4096];
	struct cli_source source = { .text = strdup(text), .length = strlen(text), .name = "gw.yaml" };
	const struct ls_finding finding = {
		.severity = LS_SEVERITY_ERROR,
		.location = { "gw.yaml", line, column },
		.id = "range",
		.message = "no",
	};
	struct told told;

	told_begin(&told, 0);
	cli_print_finding(&told.cli, &finding, &source);
	told_flush(&told);
	snprintf(shown, sizeof(shown), "%s", told.err);
	cli_source_done(&source);
	told_done(&told);
	return shown;
}

Test(output, caret_stands_under_the_column)
{
	cr_assert_str_eq(show("a: 1\nmtu: 9\n", 2, 6), "gw.yaml:2:6: error: no [range]\n"
						       "    2 | mtu: 9\n"
						       "      |      ^\n");
}

Test(output, tabs_before_the_caret_are_repeated)
{
	cr_assert_str_eq(show("\tmtu:\t9\n", 1, 7), "gw.yaml:1:7: error: no [range]\n"
						    "    1 | \tmtu:\t9\n"
						    "      | \t    \t^\n");
}

Test(output, columns_count_characters_not_bytes)
{
	cr_assert_says(show("name: \xc3\xbc x\n", 1, 9), "    1 | name: \xc3\xbc x\n"
							 "      |         ^\n");
}

Test(output, any_line_end_counts_once)
{
	cr_assert_says(show("a\r\nb\rc\n\nd: 1", 5, 1), "    5 | d: 1\n      | ^\n");
}

Test(output, a_byte_order_mark_is_no_column)
{
	cr_assert_says(show("\xef\xbb\xbfmtu: 9\n", 1, 1), "    1 | mtu: 9\n      | ^\n");
}

Test(output, the_end_of_a_line_can_be_meant)
{
	cr_assert_says(show("mtu:\nup: 1\n", 1, 5), "    1 | mtu:\n      |     ^\n");
}

Test(output, a_place_beyond_the_file_has_no_line)
{
	cr_assert_str_eq(show("mtu: 9\n", 7, 1), "gw.yaml:7:1: error: no [range]\n");
}

Test(output, a_long_line_is_cut_around_the_column)
{
	char text[1001], *shown, *caret;

	memset(text, '.', 1000);
	text[1000] = '\0';
	text[700] = 'X';
	shown = show(text, 1, 701);
	cr_assert_says(shown, "    1 | ...");
	caret = strrchr(shown, '\n') - 1;
	cr_assert_eq(*caret, '^');
	/* In both lines the column is as far from the bar. */
	cr_assert_eq(caret - strrchr(shown, '|'), strchr(shown, 'X') - strchr(shown, '|'));
	cr_assert_lt(strlen(shown), 400);
}

Test(output, findings_may_go_back_in_the_file)
{
	struct cli_source source = { .text = strdup("a\nb\nc\n"), .length = 6, .name = "x" };
	struct ls_diag diag = { 0 };
	struct told told;

	for (uint32_t line = 3; line > 0; line--)
		ls_diag_report(&diag, LS_SEVERITY_WARNING, (struct ls_location){ "x", line, 1 }, "w", "%u", line);
	told_begin(&told, 0);
	cli_print_findings(&told.cli, &diag, &source);
	told_flush(&told);
	cr_assert_says(told.err, "x:3:1: warning: 3 [w]\n    3 | c\n");
	cr_assert_says(told.err, "x:1:1: warning: 1 [w]\n    1 | a\n");
	ls_diag_done(&diag);
	cli_source_done(&source);
	told_done(&told);
}

Test(output, another_file_shows_no_line)
{
	struct cli_source source = { .text = strdup("a\n"), .length = 2, .name = "x" };
	struct ls_error err = { .message = "no", .location = { "y", 1, 1 } };
	struct told told;

	told_begin(&told, 0);
	cli_print_error(&told.cli, &err, &source);
	told_flush(&told);
	cr_assert_str_eq(told.err, "y:1:1: error: no\n");
	cli_source_done(&source);
	told_done(&told);
}

Test(output, control_characters_do_not_reach_the_terminal)
{
	struct told told;

	told_begin(&told, 0);
	cli_put(&told.cli.out, CLI_STYLE_NONE, "a\033[31m\x7f\xc2\x9b\xc3\xbc\n");
	told_flush(&told);
	cr_assert_str_eq(told.out, "a?[31m??\xc3\xbc?");
	cr_assert_says(show("x: \033[2J\n", 1, 1), "    1 | x: ?[2J\n");
	told_done(&told);
}

Test(output, colour_is_used_when_asked_for)
{
	struct told told;

	told_begin(&told, 0);
	cr_assert_not(told.cli.out.color);
	told.cli.out.color = told.cli.err.color = true;
	cli_error(&told.cli, "no");
	told_flush(&told);
	cr_assert_str_eq(told.err, "\033[1mlinkspan:\033[0m \033[1;31merror:\033[0m no\n");
	told_done(&told);
	cr_assert(wants_color(CLI_COLOR_ALWAYS, stdin));
	cr_assert_not(wants_color(CLI_COLOR_NEVER, stdin));
}

static enum cli_exit close_full(const struct cli_command *command, enum cli_exit status)
{
	struct cli cli = { .args.command = command };
	char *err = NULL;
	size_t length;

	cli_open(&cli, fopen("/dev/full", "w"), open_memstream(&err, &length));
	fputs("answer", cli.out.file);
	status = cli_close(&cli, status);
	cr_assert_says(err, "cannot write the output");
	fclose(cli.err.file);
	free(err);
	return status;
}

Test(output, an_answer_that_cannot_be_written_is_a_failure)
{
	const struct cli_command *plan = cli_find_command("plan");

	cr_assert_eq(close_full(plan, CLI_EXIT_DONE), CLI_EXIT_FAILED);
	cr_assert_eq(close_full(plan, CLI_EXIT_CHANGES), CLI_EXIT_FAILED);
	cr_assert_eq(close_full(plan, CLI_EXIT_INVALID), CLI_EXIT_INVALID);
	cr_assert_eq(close_full(NULL, CLI_EXIT_DONE), CLI_EXIT_FAILED);
}

Test(output, what_became_of_the_host_counts_more_than_the_answer)
{
	cr_assert_eq(close_full(cli_find_command("apply"), CLI_EXIT_DONE), CLI_EXIT_DONE);
	cr_assert_eq(close_full(cli_find_command("apply"), CLI_EXIT_DIRTY), CLI_EXIT_DIRTY);
}

Test(output, codes_of_errors_become_exit_codes)
{
	static const struct {
		int code;
		enum cli_exit status;
	} cases[] = {
		{ -EPERM, CLI_EXIT_PRIVILEGE },
		{ -EACCES, CLI_EXIT_PRIVILEGE },
		{ -EOPNOTSUPP, CLI_EXIT_UNSUPPORTED },
		{ -EBUSY, CLI_EXIT_BUSY },
		{ -ENOENT, CLI_EXIT_FAILED },
	};
	struct told told;

	told_begin(&told, 0);
	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		const struct ls_error err = { .code = cases[i].code };

		cr_assert_eq(cli_fail(&told.cli, &err), cases[i].status);
	}
	told_flush(&told);
	cr_assert_says(told.err, "linkspan: error: Operation not permitted\n  this needs root or CAP_NET_ADMIN\n");
	told_done(&told);
}
