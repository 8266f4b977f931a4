/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan show: one generation as it was recorded. The spec's text stands at the end, as it was, so that it can be cut
 * off; with --json it is a value of its own. Generations of older programs have no steps and no timings: null.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

static const char *const phases[LS_N_TIMINGS] = {
	[LS_TIMING_PLAN] = "plan",
	[LS_TIMING_JOURNAL] = "journal",
	[LS_TIMING_KERNEL] = "kernel",
	[LS_TIMING_VERIFY] = "verify",
};

static void release(struct ls_generation *generation)
{
	if (generation->arena)
		ls_generation_done(generation);
}

static size_t count_steps(const struct ls_generation *generation)
{
	const uint32_t *counts = generation->counts;

	return (size_t)counts[LS_OP_ADD] + counts[LS_OP_CHANGE] + counts[LS_OP_REPLACE] + counts[LS_OP_DELETE];
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *words_to_json(const char *text)
{
	json_t *words = json_array();

	for (; *text; text += strcspn(text, " "), text += *text == ' ')
		json_array_append_new(words, json_stringn(text, strcspn(text, " ")));
	return words;
}

static json_t *step_to_json(const struct ls_generation *generation, const struct ls_taken *step)
{
	json_t *location = step->line && *generation->spec_file
				   ? json_sprintf("%s:%u:%u", generation->spec_file, step->line, step->column)
				   : json_null();

	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "op", ls_op_names[step->op], "kind", step->kind, "id", step->id,
		"attributes", words_to_json(step->attributes), "location", location);
}

static void print_json_timings(struct cli *cli, const struct ls_generation *generation)
{
	if (!generation->has_steps) {
		cli_json_raw(cli, "null");
		return;
	}
	for (size_t i = 0; i < LS_N_TIMINGS; i++)
		fprintf(cli->out.file, "%s\"%s\":%u.%03u", i ? "," : "{", phases[i], generation->microseconds[i] / 1000,
			generation->microseconds[i] % 1000);
	cli_json_raw(cli, "}");
}

static void print_json_steps(struct cli *cli, const struct ls_generation *generation)
{
	bool first = true;

	if (!generation->has_steps) {
		cli_json_raw(cli, "null");
		return;
	}
	cli_json_raw(cli, "[");
	for (size_t i = 0; i < generation->n_steps; i++)
		cli_json_element(cli, &first, step_to_json(generation, &generation->steps[i]));
	cli_json_raw(cli, first ? "]" : "\n]");
}

static void print_json(struct cli *cli, const struct ls_generation *generation, uint64_t current)
{
	cli_json_raw(cli, "{\"format\":1,\"generation\":");
	cli_json_value(cli, cli_json_generation(generation, current));
	cli_json_raw(cli, ",\n\"this_epoch\":");
	cli_json_value(cli, json_boolean(generation->this_epoch));
	cli_json_raw(cli, ",\n\"spec_text\":");
	cli_json_value(cli, json_stringn(generation->spec_text, generation->spec_length));
	cli_json_raw(cli, ",\n\"milliseconds\":");
	print_json_timings(cli, generation);
	cli_json_raw(cli, ",\n\"taken\":");
	print_json_steps(cli, generation);
	cli_json_raw(cli, "}\n");
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void print_field(struct cli *cli, const char *name, const char *text)
{
	fprintf(cli->out.file, "%-9s ", name);
	cli_put(&cli->out, CLI_STYLE_NONE, text);
	putc_unlocked('\n', cli->out.file);
}

static void print_head(struct cli *cli, const struct ls_generation *generation, uint64_t current)
{
	FILE *out = cli->out.file;
	char time[CLI_TIME_MAX];

	fprintf(out, "Generation %llu%s\n", (unsigned long long)generation->number,
		generation->number == current ? ", the current one" : "");
	if (generation->source && generation->source != generation->number)
		fprintf(out, "%-9s of generation %llu\n", "content", (unsigned long long)generation->source);
	print_field(cli, "time", cli_format_time(generation->time, time));
	if (!generation->this_epoch)
		fprintf(out, "%-9s before this host (or its namespace) started\n", "");
	print_field(cli, "who", generation->who);
	print_field(cli, "command", generation->command);
	if (*generation->message)
		print_field(cli, "message", generation->message);
	if (*generation->spec_file)
		print_field(cli, "spec", generation->spec_file);
	fprintf(out, "%-9s %u", "objects", generation->n_objects);
	if (generation->n_satisfied)
		fprintf(out, ", %u of them made by others", generation->n_satisfied);
	fprintf(out, "\n%-9s %u added, %u changed, %u replaced, %u deleted\n", "steps", generation->counts[LS_OP_ADD],
		generation->counts[LS_OP_CHANGE], generation->counts[LS_OP_REPLACE], generation->counts[LS_OP_DELETE]);
}

static void print_timings(struct cli *cli, const struct ls_generation *generation)
{
	fprintf(cli->out.file, "%-9s", "took");
	for (size_t i = 0; i < LS_N_TIMINGS; i++)
		fprintf(cli->out.file, "%s %s %.1f ms", i ? "," : "", phases[i], generation->microseconds[i] / 1e3);
	putc_unlocked('\n', cli->out.file);
}

static void print_step(struct cli *cli, const struct ls_generation *generation, const struct ls_taken *step)
{
	static const char symbols[] = {
		[LS_OP_ADD] = '+', [LS_OP_CHANGE] = '~', [LS_OP_REPLACE] = '=', [LS_OP_DELETE] = '-'
	};
	const struct cli_stream *out = &cli->out;
	char text[64];

	fprintf(out->file, "  %c ", symbols[step->op]);
	cli_put(out, CLI_STYLE_NONE, step->kind);
	putc_unlocked(' ', out->file);
	cli_put(out, CLI_STYLE_NONE, step->id);
	if (*step->attributes) {
		fputs(": ", out->file);
		cli_put(out, CLI_STYLE_NONE, step->attributes);
	}
	if (step->line && *generation->spec_file) {
		fputs("  ", out->file);
		cli_put(out, CLI_STYLE_DIM, generation->spec_file);
		snprintf(text, sizeof(text), ":%u:%u", step->line, step->column);
		cli_put(out, CLI_STYLE_DIM, text);
	}
	putc_unlocked('\n', out->file);
}

static void print_steps(struct cli *cli, const struct ls_generation *generation)
{
	size_t n = count_steps(generation);

	for (size_t i = 0; i < generation->n_steps; i++)
		print_step(cli, generation, &generation->steps[i]);
	if (generation->has_steps && n > generation->n_steps)
		fprintf(cli->out.file, "  ... and %zu more\n", n - generation->n_steps);
}

/* Line by line, since cli_put makes control characters harmless, which a line's end is not to be. */
static void print_spec(struct cli *cli, const struct ls_generation *generation)
{
	const char *text = generation->spec_text, *end = text + generation->spec_length;

	while (text < end) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		fputs("  | ", cli->out.file);
		cli_put(&cli->out, CLI_STYLE_NONE, line ? line : "");
		putc_unlocked('\n', cli->out.file);
		free(line);
		text += length + 1;
	}
}

static void print_text(struct cli *cli, const struct ls_generation *generation, uint64_t current)
{
	print_head(cli, generation, current);
	if (generation->has_steps)
		print_timings(cli, generation);
	else
		fputs("(recorded by an older linkspan: without steps and times)\n", cli->out.file);
	print_steps(cli, generation);
	if (generation->spec_length)
		print_spec(cli, generation);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int parse_number(const char *text, uint64_t *ret, struct ls_error *err)
{
	const char *complaint = cli_read_generation(text, ret);

	return complaint ? ls_error_set(err, -EINVAL, "'%s' %s", text, complaint) : 0;
}

enum cli_exit cli_show(struct cli *cli)
{
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(release) struct ls_generation generation = { 0 };
	struct ls_error err = { 0 };
	enum cli_exit status;
	uint64_t number = 0;

	if (parse_number(cli->args.operand, &number, &err) < 0) {
		cli_print_error(cli, &err, NULL);
		return CLI_EXIT_USAGE;
	}
	status = cli_host_open(cli, false, &host);
	if (status == CLI_EXIT_DONE)
		status = cli_need_record(cli, host);
	if (status != CLI_EXIT_DONE)
		return status;
	if (ls_host_generation(host, number, &generation, &err) < 0)
		return cli_fail(cli, &err);
	if (cli_given(cli, CLI_JSON))
		print_json(cli, &generation, ls_host_current(host));
	else if (cli_talks(cli))
		print_text(cli, &generation, ls_host_current(host));
	return CLI_EXIT_DONE;
}
