/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of objects: an array that is sorted once and searched by bisection. Both the kernel's dumps and most specs come
 * nearly in order, so sorting first looks whether there is anything to do; the sort itself is a stable merge sort, since
 * objects of equal key must stay in the kernel's order (it matters for primary and secondary addresses).
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

static int compare_entries(const void *a, const void *b)
{
	return ls_object_compare(*(struct ls_object *const *)a, *(struct ls_object *const *)b);
}

void ls_set_sort(struct ls_set *set)
{
	if (set->sorted)
		return;
	set->sorted = true;
	for (size_t i = 1; i < set->n_objects; i++) {
		if (ls_object_compare(set->objects[i - 1], set->objects[i]) > 0) {
			/* glibc's qsort is a merge sort, stable as long as its scratch memory can be had; it falls
			 * back to quicksort only beyond a quarter of the machine's memory. */
			qsort(set->objects, set->n_objects, sizeof(*set->objects), compare_entries);
			return;
		}
	}
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

struct ls_object *ls_set_find(const struct ls_set *set, const struct ls_object *key)
{
	size_t i = ls_set_lower(set, key);

	if (i == set->n_objects || ls_object_compare(set->objects[i], key))
		return NULL;
	return set->objects[i];
}

const struct ls_link *ls_set_link(const struct ls_set *set, const char *name)
{
	struct ls_link key = { .object = { .kind = &ls_kind_link, .set = LS_BIT(LS_LINK_NAME) }, .name = name };

	return (const struct ls_link *)ls_set_find(set, &key.object);
}
