/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan apply: reads the spec before it asks for any privilege, so that an invalid one is reported as such to
 * anybody.
 */
#include "cli.h"

static void run_apply(struct ls_host *host, const struct cli *cli, const struct ls_spec *spec,
	const struct ls_run_options *options, struct ls_run_report *report)
{
	(void)cli;
	ls_host_apply(host, spec, options, report);
}

enum cli_exit cli_apply(struct cli *cli)
{
	static const struct cli_change change = {
		.run = run_apply,
		.nothing = "Nothing to do.",
		.done = "The spec is in force.",
	};
	LS_CLEANUP(cli_spec_done) struct cli_spec spec = { 0 };
	enum cli_exit status;

	status = cli_spec_read(cli, &spec);
	if (status == CLI_EXIT_INVALID)
		return cli_report_invalid(cli, &spec);
	if (status != CLI_EXIT_DONE)
		return status;
	cli_print_findings(cli, &spec.diag, &spec.source);
	return cli_run_change(cli, &change, &spec);
}
