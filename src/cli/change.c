/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that change the host do it alike: open the host, run while signals only set a flag (so that the run
 * takes back what it has done), and report by outcome. What differs between them stands in struct cli_change.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

/* Two units that start at boot should not fail over one another, nor over names that take the other 5 s. */
#define LOCK_WAIT_MS 10000u

static volatile sig_atomic_t stop; /* a handler cannot reach anything else */

static const struct {
	const char *word;
	enum cli_exit exit;
	const char *closing; /* last line of a failure */
} outcomes[] = {
	[LS_OUTCOME_NOTHING] = { "nothing", CLI_EXIT_DONE, NULL },
	[LS_OUTCOME_DONE] = { "done", CLI_EXIT_DONE, NULL },
	[LS_OUTCOME_RESTORED] = { "restored", CLI_EXIT_FAILED, "The host is as it was before." },
	[LS_OUTCOME_DIRTY] = { "dirty", CLI_EXIT_DIRTY,
		"The host is not as it was before: see above for what differs." },
	[LS_OUTCOME_REFUSED] = { "refused", CLI_EXIT_FAILED, "Nothing was changed." },
	[LS_OUTCOME_INVALID] = { "invalid", CLI_EXIT_INVALID, "Nothing was changed." },
	[LS_OUTCOME_UNSUPPORTED] = { "unsupported", CLI_EXIT_UNSUPPORTED, "Nothing was changed." },
	[LS_OUTCOME_TESTED] = { "tested", CLI_EXIT_DONE, NULL },
	[LS_OUTCOME_BUSY] = { "busy", CLI_EXIT_BUSY, "Nothing was changed; try again later." },
};

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

static void on_signal(int number)
{
	stop = number; /* the run names it */
}

/* A signal that is ignored already stays so: nohup(1). */
static void catch_signals(struct sigaction old[static LS_ARRAY_SIZE(stop_signals)])
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: waiting must end */

	stop = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < LS_ARRAY_SIZE(stop_signals); i++) {
		(void)sigaction(stop_signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			(void)sigaction(stop_signals[i], &action, NULL);
	}
}

static void release_signals(const struct sigaction old[static LS_ARRAY_SIZE(stop_signals)])
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(stop_signals); i++)
		(void)sigaction(stop_signals[i], &old[i], NULL);
}

/* ---- report ------------------------------------------------------------------------------------------------------ */

static bool get_plan(const struct ls_run_report *report, const struct cli_spec *spec, struct cli_plan *ret)
{
	if (!report->prepared || !report->prepared->plan)
		return false;
	*ret = (struct cli_plan){
		.plan = report->prepared->plan,
		.file = spec ? spec->source.name : NULL,
		.findings = spec ? &spec->diag : NULL,
	};
	return true;
}

static void report_json(struct cli *cli, const struct ls_run_report *report, const struct cli_spec *spec)
{
	const char *message = report->error.message;
	struct cli_plan plan;

	fprintf(cli->out.file, "{\"format\":1,\"outcome\":\"%s\",\"generation\":", outcomes[report->outcome].word);
	cli_json_value(cli, report->generation ? json_integer((json_int_t)report->generation) : json_null());
	cli_json_raw(cli, ",\"plan\":");
	if (get_plan(report, spec, &plan))
		cli_json_plan(cli, &plan);
	else
		cli_json_raw(cli, "null");
	cli_json_raw(cli, ",\"error\":");
	cli_json_value(cli, *message ? json_string(message) : json_null());
	cli_json_raw(cli, ",");
	cli_json_findings(cli, "notes", LS_SEVERITY_ERROR, spec ? &spec->diag : NULL, &report->notes);
	cli_json_raw(cli, "}\n");
}

static void report_steps(struct cli *cli, const struct cli_plan *plan)
{
	size_t counts[4];

	cli_plan_text(cli, plan);
	cli_count_steps(plan->plan, counts);
	fprintf(cli->out.file, "Done: %zu added, %zu changed, %zu replaced, %zu deleted, %zu satisfied.\n",
		counts[LS_OP_ADD], counts[LS_OP_CHANGE], counts[LS_OP_REPLACE], counts[LS_OP_DELETE],
		plan->plan->n_satisfied);
}

static void report_seconds(struct cli *cli, const double seconds[static 4])
{
	fprintf(cli->out.file, "Took %.3f s to plan, %.3f s for the journal, %.3f s in the kernel, %.3f s to verify.\n",
		seconds[0], seconds[1], seconds[2], seconds[3]);
}

/* What went well. */
static void report_text(struct cli *cli, const struct cli_change *change, const struct ls_run_report *report,
	const struct cli_spec *spec)
{
	struct cli_plan plan;

	if (report->outcome == LS_OUTCOME_NOTHING) {
		fprintf(cli->out.file, "%s\n", change->nothing);
	} else {
		if (get_plan(report, spec, &plan))
			report_steps(cli, &plan);
		fprintf(cli->out.file, "%s\n",
			report->outcome == LS_OUTCOME_TESTED
				? "It was in force as asked for, and is taken back: the host is as it was before."
				: change->done);
	}
	if (report->generation)
		fprintf(cli->out.file, "Generation %llu.\n", (unsigned long long)report->generation);
	if (cli_given(cli, CLI_VERBOSE))
		report_seconds(cli, report->seconds);
}

/* What went wrong goes to stderr, whatever the format of the answer. */
static void report_failure(struct cli *cli, const struct ls_run_report *report, struct cli_spec *spec)
{
	struct cli_source *source = spec ? &spec->source : NULL;
	struct ls_error error = report->error;
	struct cli_plan plan;

	if (!error.location.file && error.location.line && source)
		error.location.file = source->name;
	if (report->outcome == LS_OUTCOME_REFUSED && get_plan(report, spec, &plan))
		cli_print_conflicts(cli, &plan, source);
	else if (error.message[0])
		cli_print_error(cli, &error, source);
	cli_print_findings(cli, &report->notes, source);
	fprintf(cli->err.file, "%s\n", outcomes[report->outcome].closing);
	(void)fflush(cli->err.file);
}

/* The kernel can refuse a message for lack of privilege even if the namespace could be opened. */
static enum cli_exit exit_of(const struct ls_run_report *report)
{
	bool privilege = report->error.code == -EPERM || report->error.code == -EACCES;

	return privilege && report->outcome == LS_OUTCOME_RESTORED ? CLI_EXIT_PRIVILEGE
								   : outcomes[report->outcome].exit;
}

enum cli_exit cli_report(
	struct cli *cli, const struct cli_change *change, const struct ls_run_report *report, struct cli_spec *spec)
{
	if (cli_given(cli, CLI_JSON))
		report_json(cli, report, spec);
	if (outcomes[report->outcome].closing) {
		report_failure(cli, report, spec);
	} else {
		cli_print_findings(cli, &report->notes, spec ? &spec->source : NULL);
		if (cli_talks(cli))
			report_text(cli, change, report, spec);
	}
	return exit_of(report);
}

enum cli_exit cli_report_invalid(struct cli *cli, struct cli_spec *spec)
{
	cli_print_findings(cli, &spec->diag, &spec->source);
	if (!cli_given(cli, CLI_JSON))
		return CLI_EXIT_INVALID;
	cli_json_raw(cli, "{\"format\":1,\"outcome\":\"invalid\",\"generation\":null,\"plan\":null,"
			  "\"error\":\"the spec is not valid\",");
	cli_json_findings(cli, "notes", LS_SEVERITY_ERROR, &spec->diag, NULL);
	cli_json_raw(cli, "}\n");
	return CLI_EXIT_INVALID;
}

enum cli_exit cli_run_change(struct cli *cli, const struct cli_change *change, struct cli_spec *spec)
{
	const struct ls_run_options options = {
		.plan = cli_plan_options(cli),
		.message = cli->args.message,
		.stop = &stop,
		.lock_wait_ms = LOCK_WAIT_MS,
		.address_wait_ms = (cli_given(cli, CLI_WAIT) ? cli->args.wait : CLI_WAIT_DEFAULT) * 1000,
		.test = cli_given(cli, CLI_TEST),
	};
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(ls_run_report_done) struct ls_run_report report = { 0 };
	struct sigaction old[LS_ARRAY_SIZE(stop_signals)];
	enum cli_exit status;

	status = cli_host_open(cli, true, &host);
	if (status != CLI_EXIT_DONE)
		return status;
	(void)fflush(cli->out.file); /* the guard is a fork: it must not have our output to write */
	catch_signals(old);
	change->run(host, cli, spec ? spec->spec : NULL, &options, &report);
	release_signals(old);
	return cli_report(cli, change, &report, spec);
}
