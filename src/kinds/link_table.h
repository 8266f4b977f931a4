/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The links of a namespace by index and by name, as of the last dump of links. */
#pragma once

#include <linkspan/util.h>

/* Bits of IFLA_INET6_FLAGS. include/net/if_inet6.h (6.1) has them; no header tells them to programs. */
#define IF_RA_RCVD 0x20u
#define IF_RA_MANAGED 0x40u

struct ls_link_entry {
	uint32_t index;
	const char *name;     /* in the table's arena */
	const char *borrowed; /* the same in the arena of the dump number `dump` */
	uint32_t dump;
	bool is_our_wireguard;
	uint32_t inet6_flags; /* IFLA_INET6_FLAGS; 0: no IPv6 */
};

/* Zeroed memory is an empty table. */
struct ls_link_table {
	struct ls_arena *arena;
	struct ls_link_entry *entries;
	size_t n_entries, size;
	/* Open-addressed: positions of entries plus one, 0 = free. */
	uint32_t *by_index, *by_name;
	size_t n_slots; /* a power of two */
};

void ls_link_table_done(struct ls_link_table *table);
/* Forgets all entries; the names handed out so far end. */
int ls_link_table_reset(struct ls_link_table *table);
int ls_link_table_add(struct ls_link_table *table, uint32_t index, const char *name, size_t length);
/* Makes what was added since the reset findable. */
int ls_link_table_seal(struct ls_link_table *table);
/* NULL when there is none. */
struct ls_link_entry *ls_link_table_by_index(const struct ls_link_table *table, uint32_t index);
struct ls_link_entry *ls_link_table_by_name(const struct ls_link_table *table, const char *name);
