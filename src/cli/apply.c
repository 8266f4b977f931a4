/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan apply: the kernel is read while the spec is. What is wrong with the spec is told before what is wrong with
 * the caller's privileges, so that an invalid one is reported as such to anybody.
 */
#include "cli.h"

#include <string.h>

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

	if (strcmp(cli->args.operand, "-") != 0) /* who knows when standard input ends */
		cli_host_ahead(cli, true);
	status = cli_spec_read(cli, &spec);
	if (status != CLI_EXIT_DONE)
		cli_host_forget(cli);
	if (status == CLI_EXIT_INVALID)
		return cli_report_invalid(cli, &spec);
	if (status != CLI_EXIT_DONE)
		return status;
	cli_print_findings(cli, &spec.diag, &spec.source);
	return cli_run_change(cli, &change, &spec);
}
