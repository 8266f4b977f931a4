/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two hash tables over one array of links. A dump of a hundred thousand routes looks one up for each of them, hence a
 * hash by index; names are looked up for each message that is built.
 */
#include "link_table.h"

#include <string.h>

#define SLOTS_MIN 64u

void ls_link_table_done(struct ls_link_table *table)
{
	ls_arena_free(table->arena);
	free(table->entries);
	free(table->by_index);
	free(table->by_name);
	*table = (struct ls_link_table){ 0 };
}

int ls_link_table_reset(struct ls_link_table *table)
{
	struct ls_arena *arena = ls_arena_new();

	if (!arena)
		return -ENOMEM;
	ls_arena_free(table->arena);
	table->arena = arena;
	table->n_entries = table->n_slots = 0;
	return 0;
}

int ls_link_table_add(struct ls_link_table *table, uint32_t index, const char *name, size_t length)
{
	size_t size = table->size ? table->size * 2 : SLOTS_MIN;
	struct ls_link_entry *grown;
	const char *copy;

	if (table->n_entries == table->size) {
		grown = reallocarray(table->entries, size, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		table->entries = grown;
		table->size = size;
	}
	copy = ls_arena_intern(table->arena, name, length);
	if (!copy)
		return -ENOMEM;
	table->entries[table->n_entries++] = (struct ls_link_entry){ .index = index, .name = copy };
	return 0;
}

/* Indexes are mostly consecutive: as they are, they spread perfectly. */
static size_t hash_index(uint32_t index)
{
	return index;
}

static size_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return hash ^ (hash >> 15);
}

static void place(uint32_t *slots, size_t n_slots, size_t hash, size_t position)
{
	size_t slot = hash & (n_slots - 1);

	while (slots[slot])
		slot = (slot + 1) & (n_slots - 1);
	slots[slot] = (uint32_t)position + 1;
}

int ls_link_table_seal(struct ls_link_table *table)
{
	size_t n_slots = SLOTS_MIN;
	uint32_t *by_index, *by_name;

	while (n_slots < 2 * table->n_entries)
		n_slots *= 2;
	by_index = calloc(n_slots, sizeof(*by_index));
	by_name = calloc(n_slots, sizeof(*by_name));
	if (!by_index || !by_name) {
		free(by_index);
		free(by_name);
		return -ENOMEM;
	}
	for (size_t i = 0; i < table->n_entries; i++) {
		place(by_index, n_slots, hash_index(table->entries[i].index), i);
		place(by_name, n_slots, hash_name(table->entries[i].name), i);
	}
	free(table->by_index);
	free(table->by_name);
	table->by_index = by_index;
	table->by_name = by_name;
	table->n_slots = n_slots;
	return 0;
}

struct ls_link_entry *ls_link_table_by_index(const struct ls_link_table *table, uint32_t index)
{
	size_t mask = table->n_slots - 1;

	if (table->n_slots == 0)
		return NULL;
	for (size_t i = hash_index(index) & mask; table->by_index[i]; i = (i + 1) & mask)
		if (table->entries[table->by_index[i] - 1].index == index)
			return &table->entries[table->by_index[i] - 1];
	return NULL;
}

struct ls_link_entry *ls_link_table_by_name(const struct ls_link_table *table, const char *name)
{
	size_t mask = table->n_slots - 1;

	if (table->n_slots == 0)
		return NULL;
	for (size_t i = hash_name(name) & mask; table->by_name[i]; i = (i + 1) & mask)
		if (!strcmp(table->entries[table->by_name[i] - 1].name, name))
			return &table->entries[table->by_name[i] - 1];
	return NULL;
}
