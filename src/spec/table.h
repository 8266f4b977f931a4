/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table from keys of one fixed size to pointers. Keys are compared as bytes: they must not have padding.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ls_table {
	size_t key_size;
	size_t stride; /* bytes of an entry: value, key */
	char *entries; /* in the order added */
	uint32_t n, n_max;
	uint64_t *slots; /* hash in the upper half, number of the entry plus one in the lower; 0: free */
	size_t n_slots;  /* a power of two, or 0 */
};

/* The key size is that of what `ls_table_slot` and `ls_table_find` are given. */
void ls_table_init(struct ls_table *table, size_t key_size);
/* Makes room for so many keys at once; 0 or -ENOMEM. */
int ls_table_reserve(struct ls_table *table, size_t n);
void ls_table_done(struct ls_table *table);
/* Where the value of that key stands; a new key has the value NULL. Valid until the next call. NULL: out of memory. */
void **ls_table_slot(struct ls_table *table, const void *key);
/* The value of whoever comes first stays. *ret: that of who came before, or NULL. 0 or -ENOMEM. */
int ls_table_hold(struct ls_table *table, const void *key, const void *value, const void **ret);
/* The value, or NULL. */
void *ls_table_find(const struct ls_table *table, const void *key);
