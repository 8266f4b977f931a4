/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line, and that help, manual and completion tell the same about it. */
#include "cli_test.h"

#include "../../../src/cli/args.c"
#include "../../../src/cli/commands.c"
#include "../../../src/cli/help.c"
#include "../../../src/cli/options.c"

#include <ctype.h>

static int parse(struct cli_args *args, struct ls_error *err, const char *const words[])
{
	char *argv[16] = { (char[]){ "linkspan" } };
	int argc = 1;

	*err = (struct ls_error){ 0 };
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	return cli_parse(argc, argv, args, err);
}

Test(args, command_operand_and_options_are_told_apart)
{
	struct cli_args args;
	struct ls_error err;

	cr_assert_eq(parse(&args, &err, told_words("apply", "--adopt", "gw.yaml", "--message", "why", "-q")), 0);
	cr_assert_str_eq(args.command->name, "apply");
	cr_assert_str_eq(args.operand, "gw.yaml");
	cr_assert_str_eq(args.message, "why");
	cr_assert_eq(args.given, LS_BIT(CLI_ADOPT) | LS_BIT(CLI_MESSAGE) | LS_BIT(CLI_QUIET));
}

Test(args, options_may_stand_before_the_command)
{
	struct cli_args args;
	struct ls_error err;

	cr_assert_eq(parse(&args, &err, told_words("--netns", "a", "-j", "status")), 0);
	cr_assert_str_eq(args.command->name, "status");
	cr_assert_str_eq(args.netns, "a");
}

Test(args, an_argument_can_be_attached)
{
	struct cli_args args;
	struct ls_error err;

	cr_assert_eq(parse(&args, &err, told_words("rollback", "--to=12", "-jna", "--color=never")), 0);
	cr_assert_eq(args.to, 12);
	cr_assert_str_eq(args.netns, "a");
	cr_assert_eq(args.color, CLI_COLOR_NEVER);
	cr_assert(args.given & LS_BIT(CLI_JSON));
}

Test(args, two_dashes_end_the_options_and_one_is_a_word)
{
	struct cli_args args;
	struct ls_error err;

	cr_assert_eq(parse(&args, &err, told_words("check", "--", "--help")), 0);
	cr_assert_str_eq(args.operand, "--help");
	cr_assert_eq(parse(&args, &err, told_words("check", "-")), 0);
	cr_assert_str_eq(args.operand, "-");
}

Test(args, help_and_version_need_nothing_else)
{
	struct cli_args args;
	struct ls_error err;

	cr_assert_eq(parse(&args, &err, told_words("--version")), 0);
	cr_assert_eq(parse(&args, &err, told_words("apply", "--help")), 0);
	cr_assert_str_eq(args.command->name, "apply");
}

Test(args, wrong_usage_is_named)
{
	static const struct {
		const char *words[4];
		const char *message;
	} cases[] = {
		{ { NULL }, "which command?" },
		{ { "aply" }, "there is no command 'aply'" },
		{ { "check" }, "check needs a SPEC" },
		{ { "check", "" }, "the name of the file is empty" },
		{ { "check", "a", "b" }, "there is 'b' besides" },
		{ { "status", "a" }, "status takes no argument" },
		{ { "status", "--to", "3" }, "status takes no --to" },
		{ { "status", "--jso" }, "there is no option --jso" },
		{ { "status", "-jx" }, "there is no option -x" },
		{ { "status", "--json=1" }, "--json takes no argument" },
		{ { "status", "--netns" }, "--netns needs an argument" },
		{ { "status", "--netns", "../x" }, "not the name of a network namespace" },
		{ { "status", "--netns=" }, "not the name of a network namespace" },
		{ { "status", "--state-dir=" }, "is empty" },
		{ { "status", "--color", "red" }, "none of auto, always, never" },
		{ { "status", "-qv" }, "exclude each other" },
		{ { "rollback", "--to", "0" }, "not the number of a generation" },
		{ { "rollback", "--to", "-1" }, "not the number of a generation" },
		{ { "rollback", "--to", "1x" }, "not the number of a generation" },
		{ { "rollback", "--to", " 1" }, "not the number of a generation" },
		{ { "rollback", "--to=" }, "not the number of a generation" },
		{ { "rollback", "--to", "18446744073709551616" }, "not the number of a generation" },
		{ { "apply", "a", "--wait=" }, "is not a number of seconds, 0 to 3600" },
		{ { "apply", "a", "--wait", "-1" }, "is not a number of seconds, 0 to 3600" },
		{ { "apply", "a", "--wait", "3601" }, "is not a number of seconds, 0 to 3600" },
		{ { "plan", "-", "--from=-" }, "cannot both come from standard input" },
	};
	struct cli_args args;
	struct ls_error err;

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		cr_expect_eq(parse(&args, &err, cases[i].words), -EINVAL, "case %zu", i);
		cr_expect_not_null(strstr(err.message, cases[i].message), "case %zu: %s", i, err.message);
	}
}

Test(args, longest_wait_is_read)
{
	struct cli_args args;
	struct ls_error err;

	cr_assert_eq(parse(&args, &err, told_words("apply", "a", "--wait", "3600")), 0);
	cr_assert_eq(args.wait, 3600);
}

Test(args, the_largest_generation_number_is_read)
{
	struct cli_args args;
	struct ls_error err;

	cr_assert_eq(parse(&args, &err, told_words("rollback", "--to", "18446744073709551615")), 0);
	cr_assert_eq(args.to, UINT64_MAX);
}

Test(args, names_and_letters_are_unique)
{
	for (unsigned i = 0; i < CLI_N_OPTIONS; i++) {
		cr_assert_not_null(cli_options[i].name);
		cr_assert_eq(!cli_options[i].argument, !cli_options[i].read, "--%s", cli_options[i].name);
		for (unsigned j = 0; j < i; j++) {
			cr_assert_str_neq(cli_options[i].name, cli_options[j].name);
			cr_assert(!cli_options[i].letter || cli_options[i].letter != cli_options[j].letter);
		}
	}
}

/* ---- help, manual, completion ------------------------------------------------------------------------------------ */

Test(help, tells_the_options_and_exit_codes_of_a_command)
{
	for (const struct cli_command *command = cli_commands; command->name; command++) {
		char *text = NULL;
		size_t length;
		FILE *file = open_memstream(&text, &length);

		cli_print_help(file, command);
		fclose(file);
		cr_assert_says(text, command->name);
		cr_assert_says(text, "Exit codes:\n    0  ");
		for (unsigned i = 0; i < CLI_N_OPTIONS; i++)
			if (command->options & LS_BIT(i))
				cr_assert_says(text, cli_options[i].name);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			cr_assert_leq(strlen(line), 100, "%s", line);
		free(text);
	}
}

/* Without the backslashes of roff. NULL: the tests do not run where the sources are. */
static char *read_plain(const char *path)
{
	char *text = NULL, *to;
	size_t length;

	if (ls_file_read(path, 1u << 20, &text, &length, NULL) < 0)
		cr_skip_test("%s is not here", path);
	to = text;
	for (const char *from = text; *from; from++)
		if (*from != '\\')
			*to++ = *from;
	*to = '\0';
	return text;
}

Test(manual, names_every_command_option_and_exit_code)
{
	char *text = read_plain("contrib/man/linkspan.8"), part[64];

	for (const struct cli_command *command = cli_commands; command->name; command++) {
		snprintf(part, sizeof(part), "\n.It Cm %s", command->name);
		cr_assert_says(text, part);
	}
	for (unsigned i = 0; i < CLI_N_OPTIONS; i++) {
		snprintf(part, sizeof(part), "Fl -%s%s%s", cli_options[i].name, cli_options[i].argument ? " Ar " : "\n",
			cli_options[i].argument ? cli_options[i].argument : "");
		cr_assert_says(text, part);
	}
	for (unsigned i = 0; i < CLI_N_EXITS; i++) {
		snprintf(part, sizeof(part), "\n.It %d\n", cli_exits[i].code);
		cr_assert_says(text, part);
	}
	free(text);
}

/* "[apply]="--adopt --force --message"" */
Test(completion, offers_every_command_with_its_options)
{
	char *text = read_plain("contrib/completion/linkspan"), part[256];

	for (const struct cli_command *command = cli_commands; command->name; command++) {
		int n = snprintf(part, sizeof(part), "[%s]=\"", command->name);

		for (unsigned i = 0; i < CLI_N_OPTIONS; i++)
			if (command->options & LS_BIT(i))
				n += snprintf(part + n, sizeof(part) - (size_t)n, "%s--%s",
					part[n - 1] == '"' ? "" : " ", cli_options[i].name);
		snprintf(part + n, sizeof(part) - (size_t)n, "\"\n");
		cr_assert_says(text, part);
	}
	free(text);
}

Test(args, an_object_may_be_several_words)
{
	char *argv[] = { "linkspan", "explain", "--json", "route", "10.0.0.0/8", "metric", "5", NULL };
	struct cli_args args;
	struct ls_error err = { 0 };

	cr_assert_eq(cli_parse(7, argv, &args, &err), 0, "%s", err.message);
	cr_assert_str_eq(args.operand, "route 10.0.0.0/8 metric 5");
}

Test(args, an_object_cannot_be_without_end)
{
	char word[CLI_SENTENCE_MAX] = "";
	char *argv[] = { "linkspan", "explain", word, word, NULL };
	struct cli_args args;
	struct ls_error err = { 0 };

	memset(word, 'a', sizeof(word) / 2);
	cr_assert_eq(cli_parse(4, argv, &args, &err), -EINVAL);
	cr_assert_says(err.message, "too long");
}
