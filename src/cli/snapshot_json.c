/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots read back, for plans without a kernel. The file is somebody's, so everything about it is checked; objects
 * are checked by the tables of their kinds.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

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

/* ---- what was displaced ------------------------------------------------------------------------------------------ */

static int read_managed(const json_t *names, struct ls_original *entry, struct ls_error *err)
{
	const struct ls_kind *kind = entry->original->kind;
	size_t i;
	json_t *name;

	json_array_foreach(names, i, name)
	{
		unsigned bit = 0;

		while (bit < kind->n_attrs &&
			(!json_is_string(name) || strcmp(json_string_value(name), kind->attrs[bit].name) != 0))
			bit++;
		if (bit == kind->n_attrs)
			return ls_error_set(err, -EINVAL, "'managed' names no attribute of a %s", kind->name);
		entry->original->managed |= LS_BIT(bit);
	}
	entry->written->managed = entry->original->managed;
	entry->original->flags |= LS_OBJECT_ADJUST;
	entry->written->flags |= LS_OBJECT_ADJUST;
	return 0;
}

static int read_original(const json_t *json, struct ls_arena *arena, struct ls_original *ret, struct ls_error *err)
{
	const json_t *managed = json_object_get(json, "managed");
	const char *name = json_string_value(json_object_get(json, "kind"));
	const struct ls_kind *kind = name ? ls_kind_by_name(name) : NULL;
	int r;

	if (!kind)
		return ls_error_set(err, -EINVAL, "of no kind of object");
	r = ls_object_from_json(json_object_get(json, "original"), kind, arena, &ret->original, err);
	if (r >= 0)
		r = ls_object_from_json(json_object_get(json, "written"), kind, arena, &ret->written, err);
	if (r >= 0 && managed)
		r = json_is_array(managed) ? read_managed(managed, ret, err)
					   : ls_error_set(err, -EINVAL, "'managed' is not an array");
	return r;
}

static int read_originals(const json_t *array, struct ls_arena *arena, struct ls_ledger *ret, struct ls_error *err)
{
	size_t i;
	json_t *json;
	int r;

	if (!json_is_array(array))
		return ls_error_set(err, -EINVAL, "'originals' is not an array");
	ret->size = json_array_size(array) + 1;
	ret->originals = calloc(ret->size, sizeof(*ret->originals));
	if (!ret->originals)
		return ls_error_set(err, -ENOMEM, "out of memory");
	json_array_foreach(array, i, json)
	{
		r = read_original(json, arena, &ret->originals[i], err);
		if (r < 0)
			return ls_error_context(err, r, "original %zu", i);
		ret->n_originals++;
	}
	return 0;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static int read_document(json_t *document, struct ls_set *set, struct ls_ledger *originals, struct ls_error *err)
{
	const json_t *array;
	int r;

	if (!json_is_object(document))
		return ls_error_set(err, -EINVAL, "not a snapshot: no JSON object");
	if (json_integer_value(json_object_get(document, "format")) != 1)
		return ls_error_set(err, -EINVAL, "not a snapshot of a format that this program knows (1)");
	r = read_kinds(json_object_get(document, "objects"), set, err);
	array = json_object_get(document, "originals"); /* not in those of older programs */
	return r < 0 || !array ? r : read_originals(array, set->arena, originals, err);
}

int cli_snapshot_read(const char *path, struct ls_set *ret, struct ls_ledger *originals, struct ls_error *err)
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
	r = read_document(document, ret, originals, err);
	if (r < 0)
		return ls_error_context(err, r, "%s", name);
	ls_set_sort(ret);
	return 0;
}
