/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan down: the empty set, and everything displaced given back. */
#include "cli.h"

static void run_down(struct ls_host *host, const struct cli *cli, const struct ls_spec *spec,
	const struct ls_run_options *options, struct ls_run_report *report)
{
	(void)cli;
	(void)spec;
	ls_host_down(host, options, report);
}

enum cli_exit cli_down(struct cli *cli)
{
	static const struct cli_change change = {
		.run = run_down,
		.nothing = "Nothing to do: there is nothing of linkspan's on this host.",
		.done = "Nothing of linkspan's is left on this host.",
	};

	return cli_run_change(cli, &change, NULL);
}
