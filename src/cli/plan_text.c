/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans as text: a line a step, in the plan's order, and a summary; and conflicts, with both objects, whose the one in
 * the way is, and what can be done about it.
 *
 * Attributes that only repeat the key or say what goes without saying (false, global, unicast: a type's first value)
 * are left out unless --verbose asks for them.
 */
#include "cli.h"

#include <string.h>

static const struct {
	char symbol;
	enum cli_style style;
} ops[] = {
	[LS_OP_ADD] = { '+', CLI_STYLE_GOOD },
	[LS_OP_CHANGE] = { '~', CLI_STYLE_CHANGE },
	[LS_OP_REPLACE] = { '=', CLI_STYLE_CHANGE },
	[LS_OP_DELETE] = { '-', CLI_STYLE_ERROR },
};

/* Attributes that are no part of the key but stand in its text. */
static const struct {
	const struct ls_kind *kind;
	uint32_t attrs;
} told_by_key[] = {
	{ &ls_kind_address, LS_BIT(LS_ADDRESS_PREFIX_LENGTH) | LS_BIT(LS_ADDRESS_PEER) },
};

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static bool key_tells(const struct ls_kind *kind, unsigned attr)
{
	if (kind->attrs[attr].change == LS_CHANGE_KEY)
		return true;
	for (size_t i = 0; i < LS_ARRAY_SIZE(told_by_key); i++)
		if (told_by_key[i].kind == kind && told_by_key[i].attrs & LS_BIT(attr))
			return true;
	return false;
}

static bool goes_without_saying(const struct ls_object *object, const struct ls_attr *attr)
{
	if (attr->change == LS_CHANGE_INFO)
		return true;
	return (attr->type == LS_TYPE_BOOL || attr->type == LS_TYPE_ENUM) &&
	       !*(const uint8_t *)ls_object_value(object, attr);
}

void cli_print_attr(const struct cli_stream *stream, const struct ls_object *object, unsigned attr)
{
	char text[512];

	cli_put(stream, CLI_STYLE_NONE, ls_object_format_attr(object, attr, text, sizeof(text)));
}

void cli_print_attrs(const struct cli_stream *stream, const struct ls_object *object, uint32_t always)
{
	const struct ls_kind *kind = object->kind;

	for (unsigned i = 0; i < kind->n_attrs; i++) {
		const struct ls_attr *attr = &kind->attrs[i];

		if (!ls_object_has(object, i) || attr->flags & LS_ATTR_HIDDEN || key_tells(kind, i) ||
			(!(always & LS_BIT(i)) && goes_without_saying(object, attr)))
			continue;
		putc_unlocked(' ', stream->file);
		fputs(attr->name, stream->file);
		putc_unlocked(' ', stream->file);
		cli_print_attr(stream, object, i);
	}
}

static void print_changes(const struct cli_stream *stream, const struct ls_step *step)
{
	const struct ls_kind *kind = step->want->kind;

	for (unsigned i = 0; i < kind->n_attrs; i++) {
		if (!(step->attrs & LS_BIT(i)))
			continue;
		fprintf(stream->file, " %s ", kind->attrs[i].name);
		cli_print_attr(stream, step->have, i);
		fputs(" -> ", stream->file);
		cli_print_attr(stream, step->want, i);
	}
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void print_place(const struct cli_stream *stream, const char *file, const struct ls_object *object)
{
	char text[32];
	struct ls_text place = ls_text_begin(text, sizeof(text));

	if (!file || !object || !object->line)
		return;
	ls_text_put(&place, ":");
	ls_text_number(&place, object->line);
	ls_text_put(&place, ":");
	ls_text_number(&place, object->column);
	fputs("  ", stream->file);
	cli_put(stream, CLI_STYLE_DIM, file);
	cli_put(stream, CLI_STYLE_DIM, text);
}

void cli_print_step(struct cli *cli, const struct ls_step *step, const char *file)
{
	const struct cli_stream *out = &cli->out;
	const struct ls_object *object = step->want ? step->want : step->have;
	char text[LS_DESCRIBE_MAX];

	cli_put(out, ops[step->op].style, (const char[]){ ops[step->op].symbol, '\0' });
	putc_unlocked(' ', out->file);
	cli_put(out, CLI_STYLE_NONE, ls_object_describe(object, text, sizeof(text)));
	if (step->want && step->have)
		print_changes(out, step);
	else
		cli_print_attrs(out, object, cli_detail(cli));
	if (step->disruption != LS_DISRUPT_NONE) {
		snprintf(text, sizeof(text), "[%s]", ls_disruption_names[step->disruption]);
		putc_unlocked(' ', out->file);
		cli_put(out, CLI_STYLE_WARNING, text);
	}
	if (step->reason)
		fprintf(out->file, " (%s)", step->reason);
	print_place(out, file, step->want);
	putc_unlocked('\n', out->file);
}

void cli_count_steps(const struct ls_plan *plan, size_t counts[static 4])
{
	memset(counts, 0, 4 * sizeof(*counts));
	for (size_t i = 0; i < plan->n_steps; i++)
		counts[plan->steps[i].op]++;
}

void cli_plan_text(struct cli *cli, const struct cli_plan *plan)
{
	for (size_t i = 0; i < plan->plan->n_steps; i++)
		cli_print_step(cli, &plan->plan->steps[i], plan->file);
}

/* ---- conflicts --------------------------------------------------------------------------------------------------- */

static void print_object(const struct cli_stream *stream, const struct ls_object *object, uint32_t always)
{
	char text[LS_DESCRIBE_MAX];

	cli_put(stream, CLI_STYLE_NONE, ls_object_describe(object, text, sizeof(text)));
	cli_print_attrs(stream, object, always);
}

/* Both with all attributes in which they differ. */
static void print_objects(const struct cli_stream *stream, const struct ls_conflict *conflict)
{
	uint32_t differ = conflict->want && conflict->have ? ls_object_diff(conflict->want, conflict->have) : 0;
	char maker[CLI_MAKER_MAX];

	if (conflict->want) {
		fputs("  wanted: ", stream->file);
		print_object(stream, conflict->want, differ);
		putc_unlocked('\n', stream->file);
	}
	if (conflict->have) {
		fputs("  found:  ", stream->file);
		print_object(stream, conflict->have, differ);
		fputs(", ", stream->file);
		cli_put(stream, CLI_STYLE_NONE, cli_describe_maker(conflict->have, maker));
		putc_unlocked('\n', stream->file);
	}
}

static const char *advice(const struct ls_conflict *conflict)
{
	const struct ls_object *want = conflict->want, *have = conflict->have;

	if (!have)
		return "see which links there are: linkspan snapshot --all";
	if (!want)
		return "remove or move it first, or let it go with --force";
	if (have->owner == LS_OWNER_DERIVED)
		return "change the spec: the kernel makes this one again";
	if (have->kind == &ls_kind_link &&
		ls_object_change_to(want, have, ls_object_diff(want, have)) >= LS_CHANGE_RECREATE)
		return "remove that link, or choose another name";
	if (have->kind == &ls_kind_link)
		return "remove that link, choose another name, or let linkspan take it over: --adopt";
	return "remove it, or let linkspan take it over: adopt: true in the spec, or --adopt";
}

static void print_conflict(
	struct cli *cli, const struct ls_conflict *conflict, const char *file, struct cli_source *source)
{
	const struct ls_object *want = conflict->want, *object = want ? want : conflict->have;
	struct ls_finding finding = { .severity = LS_SEVERITY_ERROR, .id = "conflict" };
	char text[LS_DESCRIBE_MAX], message[2 * LS_DESCRIBE_MAX];

	if (want && want->line && file)
		finding.location = (struct ls_location){ file, want->line, want->column };
	snprintf(message, sizeof(message), "%s: %s", ls_object_describe(object, text, sizeof(text)), conflict->reason);
	finding.message = message;
	cli_print_finding(cli, &finding, source);
	print_objects(&cli->err, conflict);
	cli_hint(cli, "%s", advice(conflict));
}

void cli_print_conflicts(struct cli *cli, const struct cli_plan *plan, struct cli_source *source)
{
	for (size_t i = 0; i < plan->plan->n_conflicts; i++)
		print_conflict(cli, &plan->plan->conflicts[i], plan->file, source);
}
