/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan plan: the same preparation as apply's, and then the answer instead of the deed. With --from, a snapshot
 * stands for the kernel: then everything is pure, and neither the state directory nor a socket is opened.
 */
#include "cli.h"

#include <string.h>

static enum cli_exit answer_invalid(struct cli *cli, struct cli_spec *spec)
{
	cli_print_findings(cli, &spec->diag, &spec->source);
	if (cli_given(cli, CLI_JSON))
		cli_json_check(cli, false, &spec->diag);
	return CLI_EXIT_INVALID;
}

static void print_summary(struct cli *cli, const struct ls_plan *plan)
{
	size_t counts[4];

	if (!plan->n_steps && !plan->n_conflicts) {
		fprintf(cli->out.file, "Nothing to do.\n");
		return;
	}
	cli_count_steps(plan, counts);
	fprintf(cli->out.file, "Plan: %zu to add, %zu to change, %zu to replace, %zu to delete, %zu satisfied.\n",
		counts[LS_OP_ADD], counts[LS_OP_CHANGE], counts[LS_OP_REPLACE], counts[LS_OP_DELETE],
		plan->n_satisfied);
}

static enum cli_exit answer(struct cli *cli, const struct ls_plan *plan, struct cli_spec *spec)
{
	const struct cli_plan view = { .plan = plan, .file = spec->source.name, .findings = &spec->diag };

	ls_plan_warn_of_costs(plan, &spec->diag);
	cli_print_findings(cli, &spec->diag, &spec->source);
	if (cli_given(cli, CLI_JSON)) {
		cli_json_plan(cli, &view);
		cli_json_raw(cli, "\n");
	} else if (cli_talks(cli)) {
		cli_plan_text(cli, &view);
		print_summary(cli, plan);
	}
	cli_print_conflicts(cli, &view, &spec->source);
	if (plan->n_conflicts)
		return CLI_EXIT_FAILED;
	return plan->n_steps ? CLI_EXIT_CHANGES : CLI_EXIT_DONE;
}

static enum cli_exit answer_failure(struct cli *cli, int code, struct ls_error *err, struct cli_spec *spec)
{
	if (code == -EINVAL && ls_diag_failed(&spec->diag))
		return answer_invalid(cli, spec);
	if (!err->message[0])
		ls_error_set(err, code, "cannot plan: %s", code == -ENOMEM ? "out of memory" : "the plan failed");
	if (err->location.line)
		err->location.file = spec->source.name;
	return cli_fail_at(cli, err, &spec->source);
}

/* ---- offline ----------------------------------------------------------------------------------------------------- */

/* Public keys follow from private ones; the secrets' names mean nothing on another machine. */
static int resolve_keys(struct ls_set *desired, struct ls_error *err)
{
	struct ls_keyring *ring = ls_keyring_new();
	int r = ring ? ls_resolve_keys(ring, desired, err) : -ENOMEM;

	ls_keyring_free(ring);
	return r;
}

static enum cli_exit answer_excluded(struct cli *cli, struct cli_spec *spec, enum ls_failover_mode last)
{
	const struct ls_mark mark = spec->spec->failover.mode_mark;

	ls_diag_report(&spec->diag, LS_SEVERITY_ERROR,
		(struct ls_location){ spec->source.name, mark.line, mark.column }, "failover-exclusive",
		"the mode is %s, but the host of the snapshot is in %s failover: mode none comes first, then this",
		ls_failover_words[spec->spec->failover.mode].word, ls_failover_words[last].word);
	return answer_invalid(cli, spec);
}

static enum cli_exit plan_offline(struct cli *cli, struct cli_spec *spec)
{
	LS_CLEANUP(cli_arena_done) struct ls_set actual = { 0 };
	LS_CLEANUP(cli_arena_done) struct ls_set desired = { 0 };
	LS_CLEANUP(ls_ledger_done) struct ls_ledger originals = { 0 };
	LS_CLEANUP(ls_set_done) struct ls_set kept = { 0 };
	LS_CLEANUP(ls_set_done) struct ls_set links = { 0 };
	LS_CLEANUP(ls_plan_freep) struct ls_plan *plan = NULL;
	struct ls_plan_options options = cli_plan_options(cli);
	enum ls_failover_mode failover = LS_FAILOVER_NONE;
	struct ls_error err = { 0 };
	int r;

	options.session = (struct ls_ip){ 0 }; /* a session on this host, not on the one of the snapshot */
	ls_set_init(&actual, ls_arena_new());
	ls_set_init(&desired, ls_arena_new());
	if (!actual.arena || !desired.arena)
		return answer_failure(cli, -ENOMEM, &err, spec);
	r = cli_snapshot_read(cli->args.from, &actual, &originals, &failover, &err);
	if (r >= 0 && !originals.originals)
		r = ls_error_set(&err, -EINVAL,
			"%s: not a snapshot of the whole host: take it with `linkspan snapshot --all --json`",
			cli->args.from);
	if (r < 0) {
		cli_print_error(cli, &err, NULL);
		return r == -ENOMEM ? CLI_EXIT_FAILED : CLI_EXIT_INVALID;
	}
	if (ls_failover_excludes(failover, spec->spec->failover.mode))
		return answer_excluded(cli, spec, failover);
	ls_set_init(&links, desired.arena);
	r = ls_plan_links_given_back(&originals, &actual, &links);
	if (r == 0)
		r = ls_compile(spec->spec, &links, &desired, &spec->diag);
	if (r == 0)
		r = resolve_keys(&desired, &err);
	if (r == 0)
		r = ls_plan_give_back(&originals, &desired, &actual, &kept);
	if (r == 0)
		r = ls_plan_make(&desired, &actual, &options, &plan);
	return plan ? answer(cli, plan, spec) : answer_failure(cli, r, &err, spec);
}

/* ---- on the spot ------------------------------------------------------------------------------------------------- */

static void free_prepared(struct ls_prepared **prepared)
{
	ls_prepared_free(*prepared);
}

static enum cli_exit plan_here(struct cli *cli, struct cli_spec *spec)
{
	const struct ls_plan_options options = cli_plan_options(cli);
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(free_prepared) struct ls_prepared *prepared = NULL;
	struct ls_error err = { 0 };
	enum cli_exit status;
	int r;

	status = cli_host_open(cli, false, &host);
	if (status != CLI_EXIT_DONE)
		return status;
	cli_want_record(cli, host);
	if (ls_host_is_interrupted(host))
		cli_warning(cli, "a run was cut short here: run `linkspan recover`; apply will do that first");
	r = ls_host_prepare(host, spec->spec, &options, &prepared, &spec->diag, &err);
	if (prepared)
		r = ls_host_probe(host, prepared->plan, &err);
	if (prepared && r >= 0 && cli_given(cli, CLI_KERNEL_CHECK))
		r = ls_host_kernel_check(host, prepared->plan, &err);
	return r < 0 || !prepared ? answer_failure(cli, r, &err, spec) : answer(cli, prepared->plan, spec);
}

enum cli_exit cli_plan(struct cli *cli)
{
	LS_CLEANUP(cli_spec_done) struct cli_spec spec = { 0 };
	struct ls_error err = { 0 };
	enum cli_exit status;

	if (cli->args.from && cli_given(cli, CLI_KERNEL_CHECK)) {
		ls_error_set(&err, -EINVAL, "--kernel-check does not go with --from: a snapshot is no kernel");
		cli_print_error(cli, &err, NULL);
		return CLI_EXIT_USAGE;
	}
	if (!cli->args.from && strcmp(cli->args.operand, "-") != 0)
		cli_host_ahead(cli, false);
	status = cli_spec_read(cli, &spec);
	if (status != CLI_EXIT_DONE)
		cli_host_forget(cli);
	if (status == CLI_EXIT_INVALID)
		return answer_invalid(cli, &spec);
	if (status != CLI_EXIT_DONE)
		return status;
	return cli->args.from ? plan_offline(cli, &spec) : plan_here(cli, &spec);
}
