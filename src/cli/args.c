/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the command line, by the tables. Options may stand anywhere, before the command too; the first word that is
 * no option is the command, the second its operand; "--" ends the options and "-" is a word. Which options a command
 * takes is looked at last, when the command is known. No abbreviations: a script must not change its meaning when an
 * option is added.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

struct words {
	char *const *next; /* NULL at the end */
	bool only_words;   /* "--" has been */
};

const struct cli_command *cli_find_command(const char *name)
{
	for (const struct cli_command *command = cli_commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

/* `length`: of the name before a "=". */
static int find_option(const char *name, size_t length)
{
	for (int i = 0; i < CLI_N_OPTIONS; i++)
		if (strlen(cli_options[i].name) == length && !memcmp(cli_options[i].name, name, length))
			return i;
	return -1;
}

static int find_letter(char letter)
{
	for (int i = 0; i < CLI_N_OPTIONS; i++)
		if (cli_options[i].letter && cli_options[i].letter == letter)
			return i;
	return -1;
}

static int take_option(struct cli_args *args, int id, const char *text, struct ls_error *err)
{
	const struct cli_option *option = &cli_options[id];
	const char *complaint;

	args->given |= LS_BIT(id);
	if (!option->read)
		return 0;
	complaint = option->read(text, (char *)args + option->offset);
	return complaint ? ls_error_set(err, -EINVAL, "--%s: '%s' %s", option->name, text, complaint) : 0;
}

/* The argument is the rest of the word, if any, or else the next word. */
static int take_argument(struct words *words, struct cli_args *args, int id, const char *attached, struct ls_error *err)
{
	const char *text = attached;

	if (!text && *words->next)
		text = *words->next++;
	if (!text)
		return ls_error_set(
			err, -EINVAL, "--%s needs an argument: %s", cli_options[id].name, cli_options[id].argument);
	return take_option(args, id, text, err);
}

static int take_long(struct words *words, struct cli_args *args, const char *name, struct ls_error *err)
{
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	int id = find_option(name, length);

	if (id < 0)
		return ls_error_set(err, -EINVAL, "there is no option --%.*s", (int)length, name);
	if (cli_options[id].argument)
		return take_argument(words, args, id, equals ? equals + 1 : NULL, err);
	if (equals)
		return ls_error_set(err, -EINVAL, "--%s takes no argument", cli_options[id].name);
	return take_option(args, id, NULL, err);
}

/* "-jv", "-nNAME", "-n NAME" */
static int take_letters(struct words *words, struct cli_args *args, const char *letters, struct ls_error *err)
{
	for (; *letters; letters++) {
		int id = find_letter(*letters), r;

		if (id < 0)
			return ls_error_set(err, -EINVAL, "there is no option -%c", *letters);
		if (cli_options[id].argument)
			return take_argument(words, args, id, letters[1] ? letters + 1 : NULL, err);
		r = take_option(args, id, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int append_word(struct cli_args *args, const char *word, struct ls_error *err)
{
	size_t length = strlen(args->sentence);

	if (length + strlen(word) + 2 > sizeof(args->sentence))
		return ls_error_set(err, -EINVAL, "%s: the name of the %s is too long", args->command->name,
			args->command->operand);
	snprintf(args->sentence + length, sizeof(args->sentence) - length, "%s%s", length ? " " : "", word);
	args->operand = args->sentence;
	return 0;
}

/* "DIR" of "SITE DIR", "[DIR]" where it may be left out; NULL: there is one operand at most. */
static const char *second_of(const struct cli_command *command)
{
	const char *blank = command->operand ? strchr(command->operand, ' ') : NULL;

	return blank ? blank + 1 : NULL;
}

static bool is_group(const char *word)
{
	size_t length = strlen(word);

	for (const struct cli_command *command = cli_commands; command->name && length; command++)
		if (!strncmp(command->name, word, length) && command->name[length] == ' ')
			return true;
	return false;
}

static int take_command(struct cli_args *args, const char *word, struct ls_error *err)
{
	char name[64];

	if (!args->group && is_group(word)) {
		args->group = word;
		return 0;
	}
	snprintf(name, sizeof(name), "%s%s%s", args->group ? args->group : "", args->group ? " " : "", word);
	args->command = cli_find_command(name);
	return args->command ? 0 : ls_error_set(err, -EINVAL, "there is no command '%s'", name);
}

static int take_word(struct cli_args *args, const char *word, struct ls_error *err)
{
	if (!args->command)
		return take_command(args, word, err);
	if (!args->command->operand)
		return ls_error_set(err, -EINVAL, "%s takes no argument, but there is '%s'", args->command->name, word);
	if (args->command->sentence && *word)
		return append_word(args, word, err);
	if (args->operand && second_of(args->command) && !args->second && *word) {
		args->second = word;
		return 0;
	}
	if (args->operand)
		return ls_error_set(err, -EINVAL, "%s takes one %s, but there is '%s' besides", args->command->name,
			args->command->operand, word);
	if (!*word)
		return ls_error_set(err, -EINVAL, "%s: the name of the file is empty", args->command->operand);
	args->operand = word;
	return 0;
}

static int take(struct words *words, struct cli_args *args, struct ls_error *err)
{
	const char *word = *words->next++;

	if (words->only_words || word[0] != '-' || !word[1])
		return take_word(args, word, err);
	if (word[1] != '-')
		return take_letters(words, args, word + 1, err);
	if (word[2])
		return take_long(words, args, word + 2, err);
	words->only_words = true;
	return 0;
}

static int check_options(const struct cli_args *args, struct ls_error *err)
{
	uint32_t strange = args->given & ~(CLI_COMMON | args->command->options);

	if (strange)
		return ls_error_set(err, -EINVAL, "%s takes no --%s", args->command->name,
			cli_options[__builtin_ctz(strange)].name);
	if (args->given & LS_BIT(CLI_QUIET) && args->given & LS_BIT(CLI_VERBOSE))
		return ls_error_set(err, -EINVAL, "--quiet and --verbose exclude each other");
	if (args->given & LS_BIT(CLI_TEST) && args->given & LS_BIT(CLI_MESSAGE))
		return ls_error_set(err, -EINVAL, "--test records nothing, so there is no --message to keep");
	if (args->operand && args->from && !strcmp(args->operand, "-") && !strcmp(args->from, "-"))
		return ls_error_set(err, -EINVAL, "the spec and the snapshot cannot both come from standard input");
	return 0;
}

int cli_parse(int argc, char *const argv[], struct cli_args *args, struct ls_error *err)
{
	struct words words = { .next = argv + (argc > 0) };
	int r;

	*args = (struct cli_args){ 0 };
	while (*words.next) {
		r = take(&words, args, err);
		if (r < 0)
			return r;
	}
	if (args->given & (LS_BIT(CLI_HELP) | LS_BIT(CLI_VERSION)))
		return 0;
	if (!args->command)
		return ls_error_set(err, -EINVAL, args->group ? "which command of %s?" : "which command?", args->group);
	r = check_options(args, err);
	if (r < 0)
		return r;
	if (args->command->operand && !args->operand)
		return ls_error_set(err, -EINVAL, "%s needs a %s", args->command->name, args->command->operand);
	if (args->operand && !args->second && second_of(args->command) && *second_of(args->command) != '[')
		return ls_error_set(
			err, -EINVAL, "%s needs a %s besides", args->command->name, second_of(args->command));
	return 0;
}
