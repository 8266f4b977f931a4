/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan rollback: an earlier generation, in force again as a new one. */
#include "cli.h"

static void run_rollback(struct ls_host *host, const struct cli *cli, const struct ls_spec *spec,
	const struct ls_run_options *options, struct ls_run_report *report)
{
	(void)spec;
	ls_host_rollback(host, cli->args.to, options, report);
}

enum cli_exit cli_rollback(struct cli *cli)
{
	static const struct cli_change change = {
		.run = run_rollback,
		.nothing = "Nothing to do: the host is so already.",
		.done = "Rolled back.",
	};

	return cli_run_change(cli, &change, NULL);
}
