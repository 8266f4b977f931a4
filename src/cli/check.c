/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan check: read and compile, no more. Compiling finds what only shows between the parts of a spec, so it belongs
 * to checking; it is given no links, so the kernel is never asked.
 */
#include "cli.h"

static enum cli_exit compile(struct cli_spec *spec, size_t *ret_n_objects)
{
	LS_CLEANUP(cli_arena_done) struct ls_set set = { 0 };
	int r;

	ls_set_init(&set, ls_arena_new());
	r = set.arena ? ls_compile(spec->spec, NULL, &set, &spec->diag) : -ENOMEM;
	*ret_n_objects = set.n_objects;
	if (r == -ENOMEM)
		spec->diag.out_of_memory = true;
	return r == 0 ? CLI_EXIT_DONE : r == -ENOMEM ? CLI_EXIT_FAILED : CLI_EXIT_INVALID;
}

enum cli_exit cli_check(struct cli *cli)
{
	LS_CLEANUP(cli_spec_done) struct cli_spec spec = { 0 };
	enum cli_exit status;
	size_t n = 0;

	status = cli_spec_read(cli, &spec);
	if (status == CLI_EXIT_DONE)
		status = compile(&spec, &n);
	if (cli_given(cli, CLI_JSON))
		cli_json_check(cli, status == CLI_EXIT_DONE, &spec.diag);
	else
		cli_print_findings(cli, &spec.diag, &spec.source);
	if (status == CLI_EXIT_DONE && cli_talks(cli))
		fprintf(cli->out.file, "%s: valid, %zu object%s\n", spec.source.name, n, n == 1 ? "" : "s");
	return status;
}
