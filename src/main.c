/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan: reads the arguments, runs the command, exits. What commands do is in cli/, what they do it with in the
 * other rooms.
 */
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>

#ifndef LS_VERSION
#define LS_VERSION "0.1.0"
#endif

/* A program started without standard streams would get them from its first open(): a state file, and then print into
 * it. Opened the wrong way round, reading and writing fail as they would have. */
static void fill_standard_streams(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };

	for (int fd = 0; fd < 3; fd++) {
		int opened = fcntl(fd, F_GETFD) < 0 ? open("/dev/null", modes[fd]) : fd; /* the lowest free number */

		if (opened != fd)
			_exit(cli_exits[CLI_EXIT_FAILED].code);
	}
}

static enum cli_exit explain_usage(struct cli *cli, const struct ls_error *err)
{
	const struct cli_command *command = cli->args.command;

	cli_print_error(cli, err, NULL);
	cli_hint(cli, "try `linkspan %s%s--help`", command ? command->name : "", command ? " " : "");
	return CLI_EXIT_USAGE;
}

static enum cli_exit run(struct cli *cli)
{
	if (cli_given(cli, CLI_HELP))
		cli_print_help(cli->out.file, cli->args.command);
	else if (cli_given(cli, CLI_VERSION))
		fputs("linkspan " LS_VERSION "\n", cli->out.file);
	else
		return cli->args.command->run(cli);
	return CLI_EXIT_DONE;
}

int main(int argc, char *argv[])
{
	struct ls_error err = { 0 };
	struct cli cli = { 0 };
	enum cli_exit status;
	int r;

	fill_standard_streams();
	(void)signal(SIGPIPE, SIG_IGN); /* a pager that is closed must not end an apply halfway */
	r = cli_parse(argc, argv, &cli.args, &err);
	cli_open(&cli, stdout, stderr);
	status = r < 0 ? explain_usage(&cli, &err) : run(&cli);
	return cli_exits[cli_close(&cli, status)].code;
}
