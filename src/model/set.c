/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of objects: an array that is sorted once and searched by bisection. Both the kernel's dumps and most specs come
 * nearly in order, so the sort merges the runs that are there. It is stable: objects of equal key must stay in the
 * kernel's order (it matters for primary and secondary addresses).
 */
#include <linkspan/model.h>

#include <string.h>

void ls_set_init(struct ls_set *set, struct ls_arena *arena)
{
	*set = (struct ls_set){ .arena = arena, .sorted = true };
}

void ls_set_done(struct ls_set *set)
{
	free(set->objects);
	set->objects = NULL;
	set->n_objects = set->size = 0;
}

int ls_set_add(struct ls_set *set, struct ls_object *object)
{
	if (set->n_objects == set->size) {
		size_t size = set->size ? set->size * 2 : 64;
		struct ls_object **grown = reallocarray(set->objects, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		set->objects = grown;
		set->size = size;
	}
	set->objects[set->n_objects++] = object;
	set->sorted = false;
	return 0;
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

/* Writes the end of each ascending run to `ends`, when not NULL. Returns how many there are. */
static size_t find_runs(struct ls_object *const *objects, size_t n, size_t *ends)
{
	size_t n_runs = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && ls_object_compare(objects[i - 1], objects[i]) <= 0)
			continue;
		if (ends)
			ends[n_runs] = i;
		n_runs++;
	}
	return n_runs;
}

/* Merges the runs [from, middle) and [middle, to) of `in` into `out`; equal keys keep their order. */
static void merge_runs(struct ls_object *const *in, struct ls_object **out, size_t from, size_t middle, size_t to)
{
	size_t a = from, b = middle;

	for (size_t i = from; i < to; i++)
		out[i] = b == to || (a < middle && ls_object_compare(in[a], in[b]) <= 0) ? in[a++] : in[b++];
}

/* One pass: neighbouring runs become one. Returns how many are left. */
static size_t merge_pass(struct ls_object *const *in, struct ls_object **out, size_t *ends, size_t n_runs)
{
	size_t n_left = 0, from = 0;

	for (size_t i = 0; i < n_runs; i += 2) {
		size_t to = i + 1 < n_runs ? ends[i + 1] : ends[i];

		merge_runs(in, out, from, ends[i], to);
		ends[n_left++] = from = to;
	}
	return n_left;
}

static int compare_entries(const void *a, const void *b)
{
	return ls_object_compare(*(struct ls_object *const *)a, *(struct ls_object *const *)b);
}

/* A natural merge sort: as many passes as the logarithm of the number of runs that are there already. */
static void sort_runs(struct ls_set *set, size_t n_runs)
{
	struct ls_object **scratch = reallocarray(NULL, set->size, sizeof(*scratch)), **swap;
	size_t *ends = reallocarray(NULL, n_runs, sizeof(*ends));

	if (!scratch || !ends) {
		qsort(set->objects, set->n_objects, sizeof(*set->objects), compare_entries);
	} else {
		find_runs(set->objects, set->n_objects, ends);
		while (n_runs > 1) {
			n_runs = merge_pass(set->objects, scratch, ends, n_runs);
			swap = set->objects;
			set->objects = scratch;
			scratch = swap;
		}
	}
	free(scratch);
	free(ends);
}

void ls_set_sort(struct ls_set *set)
{
	size_t n_runs = set->sorted ? 0 : find_runs(set->objects, set->n_objects, NULL);

	if (n_runs > 1)
		sort_runs(set, n_runs);
	set->sorted = true;
}

/* ---- looking up -------------------------------------------------------------------------------------------------- */

int ls_set_insert(struct ls_set *set, struct ls_object *object)
{
	size_t i;

	if (ls_set_add(set, object) < 0)
		return -ENOMEM;
	for (i = set->n_objects - 1; i > 0 && ls_object_compare(set->objects[i - 1], object) > 0; i--)
		set->objects[i] = set->objects[i - 1];
	set->objects[i] = object;
	set->sorted = true;
	return 0;
}

size_t ls_set_lower(const struct ls_set *set, const struct ls_object *key)
{
	size_t low = 0, high = set->n_objects;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ls_object_compare(set->objects[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ls_object *ls_set_find(const struct ls_set *set, const struct ls_object *key)
{
	size_t i = ls_set_lower(set, key);

	if (i == set->n_objects || ls_object_compare(set->objects[i], key))
		return NULL;
	return set->objects[i];
}

struct ls_object *ls_set_find_same(const struct ls_set *set, const struct ls_object *object)
{
	for (size_t i = ls_set_lower(set, object); i < set->n_objects; i++) {
		if (ls_object_compare(set->objects[i], object))
			return NULL;
		if (!ls_object_diff(object, set->objects[i]))
			return set->objects[i];
	}
	return NULL;
}

const struct ls_link *ls_set_link(const struct ls_set *set, const char *name)
{
	struct ls_link key = { .object = { .kind = &ls_kind_link, .set = LS_BIT(LS_LINK_NAME) }, .name = name };

	return (const struct ls_link *)ls_set_find(set, &key.object);
}
