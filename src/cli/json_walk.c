/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large JSON documents, value by value: a snapshot of a million routes would be ten times its size as one tree. The
 * walk goes into the objects and arrays that its caller asks it to; values are read by jansson, one at a time.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

void cli_json_unref(json_t **json)
{
	json_decref(*json);
}

/* Where in the document, which may be one long line. */
static int refuse_at(const struct cli_walk *walk, size_t offset, const char *what)
{
	const char *at = walk->at + offset, *line = walk->text;
	unsigned n = 1;

	for (const char *c = walk->text; c < at; c++)
		if (*c == '\n') {
			line = c + 1;
			n++;
		}
	return ls_error_set(walk->err, -EINVAL, "%s:%u:%zu: %s", walk->name, n, (size_t)(at - line) + 1, what);
}

static void skip_blanks(struct cli_walk *walk)
{
	while (walk->at < walk->end && strchr(" \t\r\n", *walk->at) && *walk->at)
		walk->at++;
}

static bool take(struct cli_walk *walk, char c)
{
	skip_blanks(walk);
	if (walk->at == walk->end || *walk->at != c)
		return false;
	walk->at++;
	return true;
}

int cli_walk_value(struct cli_walk *walk, json_t **ret)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY;
	json_error_t problem;

	skip_blanks(walk);
	*ret = json_loadb(walk->at, (size_t)(walk->end - walk->at), flags, &problem);
	if (!*ret && json_error_code(&problem) == json_error_out_of_memory)
		return ls_error_set(walk->err, -ENOMEM, "out of memory");
	if (!*ret)
		return refuse_at(walk, problem.position > 0 ? (size_t)problem.position - 1 : 0, problem.text);
	walk->at += problem.position;
	return 0;
}

static int walk_member(struct cli_walk *walk, json_t *seen, cli_walk_member *member, void *data)
{
	LS_CLEANUP(cli_json_unref) json_t *key = NULL;
	const char *name;
	int r;

	skip_blanks(walk);
	if (walk->at == walk->end || *walk->at != '"')
		return refuse_at(walk, 0, "a string is expected, the name of a member");
	r = cli_walk_value(walk, &key);
	if (r < 0)
		return r;
	name = json_string_value(key);
	if (json_object_get(seen, name))
		return refuse_at(walk, 0, "a duplicate member");
	if (json_object_set_new(seen, name, json_true()) < 0)
		return ls_error_set(walk->err, -ENOMEM, "out of memory");
	return take(walk, ':') ? member(walk, name, data) : refuse_at(walk, 0, "':' is expected");
}

int cli_walk_object(struct cli_walk *walk, cli_walk_member *member, void *data)
{
	LS_CLEANUP(cli_json_unref) json_t *seen = json_object();
	int r = 0;

	if (!seen)
		return ls_error_set(walk->err, -ENOMEM, "out of memory");
	if (!take(walk, '{'))
		return refuse_at(walk, 0, "an object is expected");
	if (take(walk, '}'))
		return 0;
	do
		r = walk_member(walk, seen, member, data);
	while (r >= 0 && take(walk, ','));
	if (r >= 0 && !take(walk, '}'))
		r = refuse_at(walk, 0, "',' or '}' is expected");
	return r < 0 ? r : 0;
}

int cli_walk_array(struct cli_walk *walk, cli_walk_element *element, void *data)
{
	int r = 0;

	if (!take(walk, '['))
		return refuse_at(walk, 0, "an array is expected");
	if (take(walk, ']'))
		return 0;
	for (size_t i = 0; r >= 0; i++) {
		LS_CLEANUP(cli_json_unref) json_t *json = NULL;

		r = cli_walk_value(walk, &json);
		if (r >= 0)
			r = element(walk, i, json, data);
		if (r < 0 || take(walk, ']'))
			break;
		if (!take(walk, ','))
			r = refuse_at(walk, 0, "',' or ']' is expected");
	}
	return r < 0 ? r : 0;
}

int cli_walk_end(struct cli_walk *walk)
{
	skip_blanks(walk);
	return walk->at == walk->end ? 0 : refuse_at(walk, 0, "the document goes on after its end");
}
