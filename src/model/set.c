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
	*set = (struct ls_set){ .arena = arena };
}

void ls_set_done(struct ls_set *set)
{
	free(set->objects);
	free(set->ends);
	ls_set_init(set, set->arena);
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

/* How many objects the known runs cover. */
static size_t known(const struct ls_set *set)
{
	return set->n_runs ? set->ends[set->n_runs - 1] : 0;
}

static int begin_run(struct ls_set *set)
{
	size_t from = known(set);

	if (set->n_runs == set->ends_size) {
		size_t size = set->ends_size ? set->ends_size * 2 : 8;
		size_t *grown = reallocarray(set->ends, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		set->ends = grown;
		set->ends_size = size;
	}
	set->ends[set->n_runs++] = from;
	return 0;
}

static int compare(struct ls_set *set, const struct ls_object *a, const struct ls_object *b)
{
	int order = ls_object_compare(a, b);

	set->has_equals |= !order;
	return order;
}

/* Lets the known runs cover one object more. */
static int know_next(struct ls_set *set)
{
	size_t i = known(set);

	if ((!i || compare(set, set->objects[i - 1], set->objects[i]) > 0 || !set->n_runs) && begin_run(set) < 0)
		return -ENOMEM;
	set->ends[set->n_runs - 1]++;
	return 0;
}

bool ls_set_is_sorted(const struct ls_set *set)
{
	return set->n_runs <= 1 && known(set) == set->n_objects;
}

/* ---- adding and taking away -------------------------------------------------------------------------------------- */

int ls_set_add_blank(struct ls_set *set, struct ls_object *object)
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
	return 0;
}

int ls_set_add(struct ls_set *set, struct ls_object *object)
{
	bool all_known = known(set) == set->n_objects;

	if (ls_set_add_blank(set, object) < 0)
		return -ENOMEM;
	return all_known ? know_next(set) : 0;
}

int ls_set_copy(struct ls_set *set, const struct ls_set *from)
{
	set->objects = reallocarray(NULL, from->n_objects + 1, sizeof(*set->objects));
	set->ends = reallocarray(NULL, from->n_runs + 1, sizeof(*set->ends));
	if (!set->objects || !set->ends) {
		ls_set_done(set);
		return -ENOMEM;
	}
	set->size = from->n_objects + 1;
	set->n_objects = from->n_objects;
	set->ends_size = from->n_runs + 1;
	set->n_runs = from->n_runs;
	set->has_equals = from->has_equals;
	if (from->n_objects)
		memcpy(set->objects, from->objects, from->n_objects * sizeof(*set->objects));
	if (from->n_runs)
		memcpy(set->ends, from->ends, from->n_runs * sizeof(*set->ends));
	return 0;
}

/* The attributes of a kind that the kernel may learn. */
static uint32_t learned(const struct ls_kind *kind)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (kind->attrs[i].flags & LS_ATTR_LEARNED)
			bits |= LS_BIT(i);
	return bits;
}

static bool is_told(const struct ls_object *object, const struct ls_set *told)
{
	const struct ls_object *before = told ? ls_set_find(told, object) : object;

	return before && !(ls_object_diff(object, before) & learned(object->kind));
}

/* A copy: others may have the object in their sets. */
static int mark_told(struct ls_set *set, size_t i)
{
	struct ls_object *copy = ls_arena_copy(set->arena, set->objects[i], set->objects[i]->kind->size);

	if (!copy)
		return -ENOMEM;
	copy->flags |= LS_OBJECT_TOLD;
	set->objects[i] = copy;
	return 0;
}

bool ls_set_learns(const struct ls_set *set)
{
	size_t to;

	for (size_t i = 0; i < set->n_objects; i = to) {
		(void)ls_set_of_kind(set, set->objects[i]->kind, &to);
		if (learned(set->objects[i]->kind))
			return true;
	}
	return false;
}

int ls_set_mark_told(struct ls_set *set, const struct ls_set *told)
{
	size_t to;

	for (size_t i = 0; i < set->n_objects; i = to) {
		const struct ls_kind *kind = set->objects[i]->kind;

		(void)ls_set_of_kind(set, kind, &to);
		if (!learned(kind))
			continue;
		for (; i < to; i++)
			if (is_told(set->objects[i], told) && mark_told(set, i) < 0)
				return -ENOMEM;
	}
	return 0;
}

void ls_set_remove(struct ls_set *set, size_t i)
{
	memmove(set->objects + i, set->objects + i + 1, (set->n_objects - i - 1) * sizeof(*set->objects));
	set->n_objects--;
	for (size_t k = 0; k < set->n_runs; k++)
		set->ends[k] -= set->ends[k] > i;
}

void ls_set_truncate(struct ls_set *set, size_t n_objects)
{
	set->n_objects = n_objects;
	while (set->n_runs && (set->n_runs > 1 ? set->ends[set->n_runs - 2] : 0) >= n_objects)
		set->n_runs--;
	if (known(set) > n_objects)
		set->ends[set->n_runs - 1] = n_objects;
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

/* How many of the objects [from, to), all in order, come before `key`, or are equal where `equal`. The steps double
 * until they are too long: runs that hardly mix cost next to nothing. */
static size_t count_before(struct ls_set *set, size_t from, size_t to, const struct ls_object *key, bool equal)
{
	size_t low = from, high = to, step = 1;

	while (low < high) {
		size_t middle = step && step < high - low ? low + step - 1 : low + (high - low) / 2;
		int order = compare(set, set->objects[middle], key);

		if (order < 0 || (equal && !order)) {
			low = middle + 1;
			step *= 2;
		} else {
			high = middle;
			step = 0;
		}
	}
	return low - from;
}

/* Merges the runs [from, middle) and [middle, to) of the set into `out`; equal keys keep their order. */
static void merge_runs(struct ls_set *set, struct ls_object **out, size_t from, size_t middle, size_t to)
{
	struct ls_object *const *in = set->objects;
	size_t a = from, b = middle, n;

	out += from;
	while (a < middle && b < to) {
		n = count_before(set, a, middle, in[b], true);
		out = mempcpy(out, in + a, n * sizeof(*in));
		a += n;
		n = a < middle ? count_before(set, b, to, in[a], false) : 0;
		out = mempcpy(out, in + b, n * sizeof(*in));
		b += n;
	}
	out = mempcpy(out, in + a, (middle - a) * sizeof(*in));
	memcpy(out, in + b, (to - b) * sizeof(*in));
}

/* One pass: neighbouring runs become one. */
static void merge_pass(struct ls_set *set, struct ls_object **out)
{
	size_t n_left = 0, from = 0;

	for (size_t i = 0; i < set->n_runs; i += 2) {
		size_t to = i + 1 < set->n_runs ? set->ends[i + 1] : set->ends[i];

		merge_runs(set, out, from, set->ends[i], to);
		set->ends[n_left++] = from = to;
	}
	set->n_runs = n_left;
}

/* Without memory: in place, one after the other. */
static void sort_by_insertion(struct ls_set *set)
{
	for (size_t i = 1; i < set->n_objects; i++) {
		struct ls_object *object = set->objects[i];
		size_t k = i;

		for (; k > 0 && compare(set, set->objects[k - 1], object) > 0; k--)
			set->objects[k] = set->objects[k - 1];
		set->objects[k] = object;
	}
}

/* A natural merge sort: as many passes as the logarithm of the number of runs that are there already. */
static void sort_runs(struct ls_set *set)
{
	struct ls_object **scratch = reallocarray(NULL, set->size, sizeof(*scratch)), **swap;

	while (scratch && set->n_runs > 1) {
		merge_pass(set, scratch);
		swap = set->objects;
		set->objects = scratch;
		scratch = swap;
	}
	free(scratch);
}

void ls_set_sort(struct ls_set *set)
{
	int r = 0;

	while (known(set) < set->n_objects && r >= 0)
		r = know_next(set);
	if (r >= 0 && set->n_runs > 1)
		sort_runs(set);
	if (ls_set_is_sorted(set))
		return;
	sort_by_insertion(set);
	set->n_runs = set->ends ? 1 : 0;
	if (set->n_runs)
		set->ends[0] = set->n_objects;
}

/* ---- looking up -------------------------------------------------------------------------------------------------- */

int ls_set_insert(struct ls_set *set, struct ls_object *object)
{
	size_t n = set->n_objects, i = count_before(set, 0, n, object, true);

	if (ls_set_add_blank(set, object) < 0 || (!set->n_runs && begin_run(set) < 0))
		return -ENOMEM;
	memmove(set->objects + i + 1, set->objects + i, (n - i) * sizeof(*set->objects));
	set->objects[i] = object;
	set->ends[0]++;
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

static bool is_before_kind(const struct ls_kind *a, const struct ls_kind *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->id < b->id;
}

static size_t lower_of_kind(const struct ls_set *set, const struct ls_kind *kind, bool behind)
{
	size_t low = 0, high = set->n_objects;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ls_kind *there = set->objects[middle]->kind;

		if (behind ? !is_before_kind(kind, there) : is_before_kind(there, kind))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t ls_set_of_kind(const struct ls_set *set, const struct ls_kind *kind, size_t *ret_to)
{
	*ret_to = lower_of_kind(set, kind, true);
	return lower_of_kind(set, kind, false);
}

const struct ls_link *ls_set_link(const struct ls_set *set, const char *name)
{
	struct ls_link key = { .object = { .kind = &ls_kind_link, .set = LS_BIT(LS_LINK_NAME) }, .name = name };

	return (const struct ls_link *)ls_set_find(set, &key.object);
}
