/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --help, made of the tables of commands, options and exit codes.
 */
#include "cli.h"

#include <string.h>

#define COLUMN 22 /* where explanations begin */

static void print_option(FILE *file, const struct cli_option *option)
{
	int n;

	n = option->letter ? fprintf(file, "  -%c, --%s", option->letter, option->name)
			   : fprintf(file, "      --%s", option->name);
	if (option->argument)
		n += fprintf(file, " %s", option->argument);
	if (n + 2 > COLUMN + 4) {
		fputc('\n', file);
		n = 0;
	}
	fprintf(file, "%*s%s\n", COLUMN + 4 - n, "", option->help);
}

static void print_options(FILE *file, const char *title, uint32_t options)
{
	if (!options)
		return;
	fprintf(file, "\n%s:\n", title);
	for (unsigned i = 0; i < CLI_N_OPTIONS; i++)
		if (options & LS_BIT(i))
			print_option(file, &cli_options[i]);
}

static void print_exits(FILE *file, uint32_t exits)
{
	fputs("\nExit codes:\n", file);
	for (unsigned i = 0; i < CLI_N_EXITS; i++)
		if (exits & LS_BIT(i))
			fprintf(file, "  %3d  %s\n", cli_exits[i].code, cli_exits[i].meaning);
}

static void print_command_help(FILE *file, const struct cli_command *command)
{
	fprintf(file, "Usage: linkspan %s [OPTION]...%s%s\n\n%s\n", command->name, command->operand ? " " : "",
		command->operand ? command->operand : "", command->text);
	print_options(file, "Options", command->options);
	print_options(file, "Common options", CLI_COMMON & ~LS_BIT(CLI_VERSION));
	print_exits(file, command->exits);
}

static void print_program_help(FILE *file)
{
	fputs("Usage: linkspan COMMAND [OPTION]... [SPEC]\n"
	      "\n"
	      "Brings the network configuration of this host to what a spec says, shows every change\n"
	      "beforehand, and takes it back on demand.\n"
	      "\n"
	      "Commands:\n",
		file);
	for (const struct cli_command *command = cli_commands; command->name; command++)
		fprintf(file, "  %-*s%s\n", 13, command->name, command->summary);
	print_options(file, "Common options", CLI_COMMON);
	print_exits(file, LS_BIT(CLI_N_EXITS) - 1);
	fputs("\n`linkspan COMMAND --help` tells more about a command; so do linkspan(8) and linkspan(5).\n", file);
}

void cli_print_help(FILE *file, const struct cli_command *command)
{
	if (command)
		print_command_help(file, command);
	else
		print_program_help(file);
}
