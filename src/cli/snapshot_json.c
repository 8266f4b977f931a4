/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots read back, for plans without a kernel. The file is somebody's, so everything about it is checked; objects
 * are checked by the tables of their kinds.
 */
#include "cli.h"

#include <jansson.h>

#define SNAPSHOT_SIZE_MAX (256u << 20) /* bytes; 1,000,000 routes are 150 MiB */

static void unref(json_t **json)
{
	json_decref(*json);
}

static int read_objects(const struct ls_kind *kind, const json_t *array, struct ls_set *set, struct ls_error *err)
{
	struct ls_object *object;
	size_t i;
	json_t *json;
	int r;

	if (!json_is_array(array))
		return ls_error_set(err, -EINVAL, "'%s' is not an array", kind->name);
	json_array_foreach(array, i, json)
	{
		r = ls_object_from_json(json, kind, set->arena, &object, err);
		if (r < 0)
			return ls_error_context(err, r, "%s %zu", kind->name, i);
		if (ls_set_add(set, object) < 0)
			return ls_error_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int read_kinds(json_t *objects, struct ls_set *set, struct ls_error *err)
{
	const struct ls_kind *kind;
	const char *name;
	json_t *array;
	int r;

	if (!json_is_object(objects))
		return ls_error_set(err, -EINVAL, "no 'objects'");
	json_object_foreach(objects, name, array)
	{
		kind = ls_kind_by_name(name);
		if (!kind)
			return ls_error_set(err, -EINVAL, "there is no kind of object '%s'", name);
		r = read_objects(kind, array, set, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_document(json_t *document, struct ls_set *set, struct ls_error *err)
{
	if (!json_is_object(document))
		return ls_error_set(err, -EINVAL, "not a snapshot: no JSON object");
	if (json_integer_value(json_object_get(document, "format")) != 1)
		return ls_error_set(err, -EINVAL, "not a snapshot of a format that this program knows (1)");
	return read_kinds(json_object_get(document, "objects"), set, err);
}

int cli_snapshot_read(const char *path, struct ls_set *ret, struct ls_error *err)
{
	const char *name = path[0] == '-' && !path[1] ? "<stdin>" : path;
	LS_CLEANUP(unref) json_t *document = NULL;
	LS_CLEANUP(ls_free) char *text = NULL;
	json_error_t problem;
	size_t length;
	int r;

	r = ls_file_read(path, SNAPSHOT_SIZE_MAX, &text, &length, err);
	if (r < 0)
		return r;
	document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
	if (!document)
		return ls_error_set(err, json_error_code(&problem) == json_error_out_of_memory ? -ENOMEM : -EINVAL,
			"%s:%d:%d: %s", name, problem.line, problem.column, problem.text);
	r = read_document(document, ret, err);
	if (r < 0)
		return ls_error_context(err, r, "%s", name);
	ls_set_sort(ret);
	return 0;
}
