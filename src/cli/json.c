/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON documents, written piece by piece: the frame as text, every element of a long array as a value of its own that
 * is freed at once. A document is compact, with an element of its arrays a line, so that diff(1) can tell what differs.
 * A value that cannot be made marks the answer as failed; the exit code then says so.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

void cli_json_raw(struct cli *cli, const char *text)
{
	fputs(text, cli->out.file);
}

static int write_out(const char *text, size_t length, void *file)
{
	return fwrite_unlocked(text, 1, length, file) == length ? 0 : -1;
}

void cli_json_value(struct cli *cli, json_t *value)
{
	if (!value) {
		if (!cli->out_failed)
			cli_error(cli, "the JSON is not complete: out of memory, or a name is not UTF-8");
		cli->out_failed = true;
		value = json_null();
	}
	(void)json_dump_callback(value, write_out, cli->out.file, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
}

void cli_json_element(struct cli *cli, bool *first, json_t *value)
{
	cli_json_raw(cli, *first ? "\n" : ",\n");
	*first = false;
	cli_json_value(cli, value);
}

json_t *cli_json_location(const struct ls_location *location)
{
	if (!location->file)
		return json_null();
	if (!location->line)
		return json_string(location->file);
	return json_sprintf("%s:%u:%u", location->file, location->line, location->column);
}

json_t *cli_json_place(const char *file, const struct ls_object *object)
{
	if (!file || !object || !object->line)
		return json_null();
	return json_sprintf("%s:%u:%u", file, object->line, object->column);
}

json_t *cli_json_object(const struct ls_object *object)
{
	return object ? ls_object_to_json(object) : json_null();
}

json_t *cli_json_wanted(const struct ls_object *object)
{
	json_t *json = cli_json_object(object);

	if (json_is_object(json))
		(void)json_object_del(json, "owner");
	return json;
}

json_t *cli_json_id(const struct ls_object *object)
{
	char text[LS_DESCRIBE_MAX];

	object->kind->describe(object, text, sizeof(text));
	return json_string(text);
}

json_t *cli_json_attr(const struct ls_object *object, unsigned attr)
{
	json_t *json, *value;

	if (!ls_object_has(object, attr))
		return json_null();
	json = ls_object_to_json(object);
	value = json_incref(json_object_get(json, object->kind->attrs[attr].name));
	json_decref(json);
	return value;
}

/* ---- findings ---------------------------------------------------------------------------------------------------- */

static const char *const severities[] = {
	[LS_SEVERITY_ERROR] = "error",
	[LS_SEVERITY_WARNING] = "warning",
};

static json_t *finding_to_json(const struct ls_finding *finding)
{
	return json_pack("{s:s, s:s?, s:s, s:o}", "severity", severities[finding->severity], "id", finding->id,
		"message", finding->message, "location", cli_json_location(&finding->location));
}

void cli_json_findings(struct cli *cli, const char *name, enum ls_severity least, const struct ls_diag *diag,
	const struct ls_diag *more)
{
	const struct ls_diag *const diags[] = { diag, more };
	bool first = true;

	fprintf(cli->out.file, "\"%s\":[", name);
	for (size_t d = 0; d < LS_ARRAY_SIZE(diags); d++)
		for (size_t i = 0; diags[d] && i < diags[d]->n_findings; i++)
			if (diags[d]->findings[i].severity >= least)
				cli_json_element(cli, &first, finding_to_json(&diags[d]->findings[i]));
	cli_json_raw(cli, first ? "]" : "\n]");
}

void cli_json_check(struct cli *cli, bool valid, const struct ls_diag *diag)
{
	fprintf(cli->out.file, "{\"format\":1,\"valid\":%s,", valid ? "true" : "false");
	cli_json_findings(cli, "findings", LS_SEVERITY_ERROR, diag, NULL);
	cli_json_raw(cli, "}\n");
}
