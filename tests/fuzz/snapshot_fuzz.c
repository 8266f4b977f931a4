/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of the snapshot reader and of the planner behind it: any bytes must be refused with a message, or give
 * objects from which plans can be made. Two documents with a zero between them are what is there and what is wanted.
 */
#include "../../src/cli/json_walk.c"
#include "../../src/cli/snapshot_json.c"

#include <linkspan/plan.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(const uint8_t *bytes, size_t length, struct ls_set *set)
{
	struct ls_ledger originals = { 0 };
	struct ls_error err = { 0 };
	int r = read_text("fuzz", (const char *)bytes, length, set, &originals, &err);

	if (r < 0 && (!err.message[0] || err.code != r))
		abort(); /* refused without a word */
	ls_ledger_done(&originals);
	return r;
}

/* What is written of an object is read back as the same. */
static void check_json(const struct ls_object *object, struct ls_arena *arena)
{
	json_t *json = ls_object_to_json(object);
	struct ls_object *again = NULL;
	struct ls_error err = { 0 };

	if (!json || ls_object_from_json(json, object->kind, arena, &again, &err) < 0)
		abort();
	if (ls_object_compare(object, again) || object->owner != again->owner)
		abort();
	json_decref(json);
}

static void check_set(const struct ls_set *set)
{
	for (size_t i = 0; i < set->n_objects; i++) {
		char text[LS_DESCRIBE_MAX];

		check_json(set->objects[i], set->arena);
		ls_object_describe(set->objects[i], text, sizeof(text));
		if (i && ls_object_compare(set->objects[i - 1], set->objects[i]) > 0)
			abort();
	}
}

static void check_plan(const struct ls_set *want, const struct ls_set *have)
{
	for (unsigned i = 0; i < 4; i++) {
		struct ls_plan_options options = { .adopt = i & 1, .force = i & 2 };
		struct ls_plan *plan = NULL;

		if (ls_ip_parse(i & 1 ? "192.0.2.1" : "2001:db8::1", &options.session) < 0)
			abort();
		if (ls_plan_make(want, have, &options, &plan) == 0)
			ls_plan_free(plan);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, size);
	size_t first = zero ? (size_t)(zero - data) : size;
	struct ls_arena *arena = ls_arena_new();
	struct ls_set have, want;
	int r;

	ls_set_init(&have, arena);
	ls_set_init(&want, arena);
	r = read_bytes(data, first, &have);
	if (r >= 0 && zero)
		r = read_bytes(zero + 1, size - first - 1, &want);
	if (r >= 0) {
		check_set(&have);
		for (size_t i = 0; i < want.n_objects; i++)
			if (want.objects[i]->kind->adjusted)
				want.objects[i]->managed = LS_BIT(LS_SYSCTL_VALUE);
		check_plan(&want, &have);
	}
	ls_set_done(&have);
	ls_set_done(&want);
	ls_arena_free(arena);
	return 0;
}
