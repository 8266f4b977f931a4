/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans as JSON: steps, summary, conflicts, warnings. Steps come in the plan's order and their ids are the kernel's
 * keys, so the same plan is the same document.
 */
#include "cli.h"

#include <jansson.h>

/* Names of attributes; not the hidden ones, which no object in the document has. */
static json_t *names_of(const struct ls_kind *kind, uint32_t attrs)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < kind->n_attrs; i++) {
		if (!(attrs & LS_BIT(i)) || kind->attrs[i].flags & LS_ATTR_HIDDEN)
			continue;
		if (json_array_append_new(names, json_string(kind->attrs[i].name)) < 0) {
			json_decref(names);
			return NULL;
		}
	}
	return names;
}

static json_t *step_to_json(const struct ls_step *step, const char *file)
{
	const struct ls_object *object = step->want ? step->want : step->have;
	/* What an earlier step made has no owner yet either. */
	json_t *had = step->before ? cli_json_object(step->have) : cli_json_wanted(step->have);
	json_t *json;

	json = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "op", ls_op_names[step->op], "kind",
		object->kind->name, "id", cli_json_id(object), "before", had, "after", cli_json_wanted(step->want),
		"attributes", names_of(object->kind, step->attrs), "disruption", ls_disruption_names[step->disruption],
		"location", cli_json_place(file, step->want));
	if (json && step->reason && json_object_set_new(json, "reason", json_string(step->reason)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *conflict_to_json(const struct ls_conflict *conflict, const char *file)
{
	const struct ls_object *object = conflict->want ? conflict->want : conflict->have;

	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "kind", object->kind->name, "id", cli_json_id(object),
		"reason", conflict->reason, "want", cli_json_wanted(conflict->want), "have",
		cli_json_object(conflict->have), "location", cli_json_place(file, conflict->want));
}

static void write_summary(struct cli *cli, const struct ls_plan *plan)
{
	size_t counts[4];

	cli_count_steps(plan, counts);
	fputs("\"summary\":{", cli->out.file);
	for (unsigned i = 0; i < LS_ARRAY_SIZE(counts); i++)
		fprintf(cli->out.file, "\"%s\":%zu,", ls_op_names[i], counts[i]);
	fprintf(cli->out.file, "\"satisfied\":%zu}", plan->n_satisfied);
}

void cli_json_plan(struct cli *cli, const struct cli_plan *plan)
{
	const struct ls_plan *steps = plan->plan;
	bool first = true;

	cli_json_raw(cli, "{\"format\":1,\"steps\":[");
	for (size_t i = 0; i < steps->n_steps; i++)
		cli_json_element(cli, &first, step_to_json(&steps->steps[i], plan->file));
	cli_json_raw(cli, first ? "]," : "\n],");
	write_summary(cli, steps);
	cli_json_raw(cli, ",\"conflicts\":[");
	first = true;
	for (size_t i = 0; i < steps->n_conflicts; i++)
		cli_json_element(cli, &first, conflict_to_json(&steps->conflicts[i], plan->file));
	cli_json_raw(cli, first ? "]," : "\n],");
	cli_json_findings(cli, "warnings", LS_SEVERITY_WARNING, plan->findings, NULL);
	cli_json_raw(cli, "}");
}
