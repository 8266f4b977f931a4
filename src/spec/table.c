/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open addressing with linear probing. The slots hold 32 bits of the hash beside the number of the entry, so that a
 * probe looks at an entry only when it is the right one, and growing does not hash again. Entries are never removed.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64u

void ls_table_init(struct ls_table *table, size_t key_size)
{
	*table = (struct ls_table){
		.key_size = key_size,
		.stride = (sizeof(void *) + key_size + 7) & ~(size_t)7,
	};
}

void ls_table_done(struct ls_table *table)
{
	free(table->entries);
	free(table->slots);
	*table = (struct ls_table){ 0 };
}

static uint32_t hash_key(const void *key, size_t size)
{
	const unsigned char *bytes = key;
	uint64_t hash = size, word;

	while (size > 0) {
		size_t n = size < sizeof(word) ? size : sizeof(word);

		word = 0;
		memcpy(&word, bytes, n);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
		bytes += n;
		size -= n;
	}
	return (uint32_t)(hash ^ (hash >> 29));
}

static char *entry_at(const struct ls_table *table, uint64_t slot)
{
	return table->entries + ((uint32_t)slot - 1) * table->stride;
}

/* The slot of that key, or the free one where it belongs. */
static uint64_t *probe(const struct ls_table *table, const void *key, uint32_t hash)
{
	size_t mask = table->n_slots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		uint64_t slot = table->slots[i];

		if (slot == 0)
			return &table->slots[i];
		if ((uint32_t)(slot >> 32) == hash &&
			memcmp(entry_at(table, slot) + sizeof(void *), key, table->key_size) == 0)
			return &table->slots[i];
	}
}

/* `n`: a power of two. */
static int resize_slots(struct ls_table *table, size_t n)
{
	uint64_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_slots; i++) {
		size_t at = (size_t)(table->slots[i] >> 32) & (n - 1);

		if (table->slots[i] == 0)
			continue;
		while (slots[at] != 0)
			at = (at + 1) & (n - 1);
		slots[at] = table->slots[i];
	}
	free(table->slots);
	table->slots = slots;
	table->n_slots = n;
	return 0;
}

static int resize_entries(struct ls_table *table, size_t n)
{
	char *grown = n < UINT32_MAX ? reallocarray(table->entries, n, table->stride) : NULL;

	if (!grown)
		return -ENOMEM;
	table->entries = grown;
	table->n_max = (uint32_t)n;
	return 0;
}

/* At most half of the slots are taken. */
int ls_table_reserve(struct ls_table *table, size_t n)
{
	size_t slots = SLOTS_MIN;

	if (n <= table->n_max)
		return 0;
	while (slots / 2 < n)
		slots *= 2;
	if (slots > table->n_slots && resize_slots(table, slots) < 0)
		return -ENOMEM;
	return resize_entries(table, n);
}

void **ls_table_slot(struct ls_table *table, const void *key)
{
	uint32_t hash = hash_key(key, table->key_size);
	uint64_t *slot;
	char *entry;

	if (table->n == table->n_max && ls_table_reserve(table, table->n ? 2 * (size_t)table->n : SLOTS_MIN / 2) < 0)
		return NULL;
	slot = probe(table, key, hash);
	if (*slot != 0)
		return (void **)(void *)entry_at(table, *slot);
	*slot = (uint64_t)hash << 32 | ++table->n;
	entry = entry_at(table, *slot);
	*(void **)(void *)entry = NULL;
	memcpy(entry + sizeof(void *), key, table->key_size);
	return (void **)(void *)entry;
}

int ls_table_hold(struct ls_table *table, const void *key, const void *value, const void **ret)
{
	void **slot = ls_table_slot(table, key);

	if (!slot)
		return -ENOMEM;
	*ret = *slot;
	if (!*slot)
		*slot = (void *)(uintptr_t)value;
	return 0;
}

void *ls_table_find(const struct ls_table *table, const void *key)
{
	uint64_t slot;

	if (table->n_slots == 0)
		return NULL;
	slot = *probe(table, key, hash_key(key, table->key_size));
	return slot ? *(void **)(void *)entry_at(table, slot) : NULL;
}
