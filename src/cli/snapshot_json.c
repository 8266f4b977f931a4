/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots read back, for plans without a kernel. The file is somebody's, so everything about it is checked; objects
 * are checked by the tables of their kinds.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

#define SNAPSHOT_SIZE_MAX (256u << 20) /* bytes; 1,000,000 routes are 150 MiB */

struct reading {
	struct ls_set *set;
	struct ls_ledger *originals;
	enum ls_failover_mode failover;
	struct ls_error *err;
	const struct ls_kind *kind; /* of the objects at hand */
	bool has_format, has_objects;
};

static int read_object(struct cli_walk *walk, size_t i, const json_t *json, void *data)
{
	struct reading *reading = data;
	struct ls_object *object;
	int r = ls_object_from_json(json, reading->kind, reading->set->arena, &object, reading->err);

	if (r < 0)
		return ls_error_context(reading->err, r, "%s: %s %zu", walk->name, reading->kind->name, i);
	return ls_set_add(reading->set, object) < 0 ? ls_error_set(reading->err, -ENOMEM, "out of memory") : 0;
}

static int read_kind(struct cli_walk *walk, const char *name, void *data)
{
	struct reading *reading = data;

	reading->kind = ls_kind_by_name(name);
	if (!reading->kind)
		return ls_error_set(reading->err, -EINVAL, "%s: there is no kind of object '%s'", walk->name, name);
	return cli_walk_array(walk, read_object, reading);
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

static int read_failover(const json_t *json, struct reading *reading)
{
	return json_is_string(json) && ls_failover_by_word(json_string_value(json), &reading->failover)
		       ? 0
		       : ls_error_set(reading->err, -EINVAL, "'failover' " LS_FAILOVER_COMPLAINT);
}

static int read_member(struct cli_walk *walk, const char *name, void *data)
{
	LS_CLEANUP(cli_json_unref) json_t *json = NULL;
	struct reading *reading = data;
	int r;

	if (!strcmp(name, "objects")) {
		reading->has_objects = true;
		return cli_walk_object(walk, read_kind, reading);
	}
	r = cli_walk_value(walk, &json);
	if (r < 0)
		return r;
	reading->has_format |= !strcmp(name, "format") && json_integer_value(json) == 1;
	if (!strcmp(name, "failover"))
		return read_failover(json, reading);
	if (strcmp(name, "originals") != 0)
		return 0;
	r = read_originals(json, reading->set->arena, reading->originals, reading->err);
	return r < 0 ? ls_error_context(reading->err, r, "%s", walk->name) : 0;
}

static int read_text(const char *name, const char *text, size_t length, struct ls_set *set, struct ls_ledger *originals,
	enum ls_failover_mode *ret_failover, struct ls_error *err)
{
	struct cli_walk walk = { .text = text, .at = text, .end = text + length, .name = name, .err = err };
	struct reading reading = { .set = set, .originals = originals, .err = err };
	int r = cli_walk_object(&walk, read_member, &reading);

	if (r >= 0)
		r = cli_walk_end(&walk);
	if (r >= 0 && !reading.has_format)
		r = ls_error_set(err, -EINVAL, "%s: not a snapshot of a format that this program knows (1)", name);
	if (r >= 0 && !reading.has_objects)
		r = ls_error_set(err, -EINVAL, "%s: a snapshot without 'objects'", name);
	if (r >= 0)
		ls_set_sort(set);
	*ret_failover = reading.failover;
	return r;
}

int cli_snapshot_read(const char *path, struct ls_set *ret, struct ls_ledger *originals,
	enum ls_failover_mode *ret_failover, struct ls_error *err)
{
	const char *name = path[0] == '-' && !path[1] ? "<stdin>" : path;
	LS_CLEANUP(ls_free) char *text = NULL;
	size_t length;
	int r;

	r = ls_file_read(path, SNAPSHOT_SIZE_MAX, &text, &length, err);
	return r < 0 ? r : read_text(name, text, length, ret, originals, ret_failover, err);
}
