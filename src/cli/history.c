/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan history: a table with the newest at its end, next to the prompt. Columns are as wide as their widest text,
 * which takes two passes over the generations; there are few of them.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

enum column { NUMBER, TIME, COMMAND, WHO, STEPS, OBJECTS, MESSAGE, N_COLUMNS };

static const struct {
	const char *title;
	bool right;
} columns[N_COLUMNS] = {
	[NUMBER] = { "GENERATION", true },
	[TIME] = { "TIME", false },
	[COMMAND] = { "COMMAND", false },
	[WHO] = { "WHO", false },
	[STEPS] = { "STEPS", false },
	[OBJECTS] = { "OBJECTS", true },
	[MESSAGE] = { "MESSAGE", false },
};

#define CELL_MAX 64 /* all but the message fit; the message stands last and is printed whole */

struct row {
	char cells[N_COLUMNS][CELL_MAX];
	const char *message;
	bool current;
};

struct history {
	struct ls_generation *generations;
	size_t n;
	uint64_t current;
};

static void done(struct history *history)
{
	for (size_t i = 0; i < history->n; i++)
		ls_generation_done(&history->generations[i]);
	free(history->generations);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void format_steps(const uint32_t counts[static 4], char text[static CELL_MAX])
{
	char replaced[16] = "";

	if (counts[LS_OP_REPLACE])
		snprintf(replaced, sizeof(replaced), " =%u", counts[LS_OP_REPLACE]);
	snprintf(text, CELL_MAX, "+%u ~%u%s -%u", counts[LS_OP_ADD], counts[LS_OP_CHANGE], replaced,
		counts[LS_OP_DELETE]);
}

static void format_command(const struct ls_generation *generation, char text[static CELL_MAX])
{
	if (generation->source && generation->source != generation->number)
		snprintf(text, CELL_MAX, "%s to %llu", or_empty(generation->command),
			(unsigned long long)generation->source);
	else
		snprintf(text, CELL_MAX, "%s", or_empty(generation->command));
}

static void make_row(const struct ls_generation *generation, uint64_t current, struct row *row)
{
	char time[CLI_TIME_MAX];

	*row = (struct row){ .message = or_empty(generation->message), .current = generation->number == current };
	snprintf(row->cells[NUMBER], CELL_MAX, "%llu", (unsigned long long)generation->number);
	snprintf(row->cells[TIME], CELL_MAX, "%s", cli_format_time(generation->time, time));
	format_command(generation, row->cells[COMMAND]);
	snprintf(row->cells[WHO], CELL_MAX, "%s", or_empty(generation->who));
	format_steps(generation->counts, row->cells[STEPS]);
	snprintf(row->cells[OBJECTS], CELL_MAX, "%u", generation->n_objects);
}

static void widen(int widths[static N_COLUMNS], const struct history *history)
{
	struct row row;

	for (unsigned c = 0; c < MESSAGE; c++)
		widths[c] = (int)strlen(columns[c].title);
	for (size_t i = 0; i < history->n; i++) {
		make_row(&history->generations[i], history->current, &row);
		for (unsigned c = 0; c < MESSAGE; c++)
			if ((int)strlen(row.cells[c]) > widths[c])
				widths[c] = (int)strlen(row.cells[c]);
	}
}

static void print_cell(const struct cli_stream *out, unsigned column, const char *text, int width)
{
	char cell[CELL_MAX + 16];

	snprintf(cell, sizeof(cell), "%s%*s", column ? "  " : "", columns[column].right ? width : -width, text);
	cli_put(out, CLI_STYLE_NONE, cell);
}

static void print_row(const struct cli_stream *out, const struct row *row, const int widths[static N_COLUMNS])
{
	cli_put(out, CLI_STYLE_GOOD, row->current ? "*" : " ");
	putc_unlocked(' ', out->file);
	for (unsigned c = 0; c < MESSAGE; c++)
		print_cell(out, c, row->cells[c], widths[c]);
	if (*row->message) {
		fputs("  ", out->file);
		cli_put(out, CLI_STYLE_NONE, row->message);
	}
	putc_unlocked('\n', out->file);
}

static void print_text(struct cli *cli, const struct history *history)
{
	int widths[N_COLUMNS] = { 0 };
	struct row row;

	if (!history->n) {
		fputs("No generations: nothing has been applied here.\n", cli->out.file);
		return;
	}
	widen(widths, history);
	fputs("  ", cli->out.file);
	for (unsigned c = 0; c < MESSAGE; c++)
		print_cell(&cli->out, c, columns[c].title, widths[c]);
	fprintf(cli->out.file, "  %s\n", columns[MESSAGE].title);
	for (size_t i = 0; i < history->n; i++) {
		make_row(&history->generations[i], history->current, &row);
		print_row(&cli->out, &row, widths);
	}
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

json_t *cli_json_generation(const struct ls_generation *generation, uint64_t current)
{
	const uint32_t *counts = generation->counts;
	char time[CLI_TIME_MAX];

	return json_pack("{s:I, s:I, s:b, s:s, s:s, s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I}, s:I, s:I}", "number",
		(json_int_t)generation->number, "source", (json_int_t)generation->source, "current",
		generation->number == current, "time", cli_format_time(generation->time, time), "command",
		or_empty(generation->command), "who", or_empty(generation->who), "message",
		or_empty(generation->message), "spec", or_empty(generation->spec_file), "steps", "add",
		(json_int_t)counts[LS_OP_ADD], "change", (json_int_t)counts[LS_OP_CHANGE], "replace",
		(json_int_t)counts[LS_OP_REPLACE], "delete", (json_int_t)counts[LS_OP_DELETE], "objects",
		(json_int_t)generation->n_objects, "satisfied", (json_int_t)generation->n_satisfied);
}

static void print_json(struct cli *cli, const struct history *history)
{
	bool first = true;

	cli_json_raw(cli, "{\"format\":1,\"generations\":[");
	for (size_t i = 0; i < history->n; i++)
		cli_json_element(cli, &first, cli_json_generation(&history->generations[i], history->current));
	cli_json_raw(cli, first ? "]}\n" : "\n]}\n");
}

enum cli_exit cli_history(struct cli *cli)
{
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(done) struct history history = { 0 };
	struct ls_error err = { 0 };
	enum cli_exit status;

	status = cli_host_open(cli, false, &host);
	if (status == CLI_EXIT_DONE)
		status = cli_need_record(cli, host);
	if (status != CLI_EXIT_DONE)
		return status;
	if (ls_host_history(host, &history.generations, &history.n, &err) < 0)
		return cli_fail(cli, &err);
	history.current = ls_host_current(host);
	if (cli_given(cli, CLI_JSON))
		print_json(cli, &history);
	else if (cli_talks(cli))
		print_text(cli, &history);
	return CLI_EXIT_DONE;
}
