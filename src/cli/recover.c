/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan recover: the way back of a run that could not take it itself. */
#include "cli.h"

static void run_recover(struct ls_host *host, const struct cli *cli, const struct ls_spec *spec,
	const struct ls_run_options *options, struct ls_run_report *report)
{
	(void)spec;
	ls_host_recover(host, cli_given(cli, CLI_ABANDON), options, report);
}

enum cli_exit cli_recover(struct cli *cli)
{
	static const struct cli_change recover = {
		.run = run_recover,
		.nothing = "Nothing to recover.",
		.done = "Recovered: the host is as it was before the run that was cut short.",
	};
	static const struct cli_change abandon = {
		.run = run_recover,
		.nothing = "Nothing to abandon.",
		.done = "The run that was cut short is forgotten; the host stays as it is.",
	};

	return cli_run_change(cli, cli_given(cli, CLI_ABANDON) ? &abandon : &recover, NULL);
}
