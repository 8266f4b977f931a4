/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the nftables drivers share. */
#pragma once

#include "driver.h"

#include <linkspan/nft.h>

struct nftnl_rule;
struct nftnl_set;

/* nft_exprs.c: expressions to and from libnftnl. */
int ls_nft_put_exprs(struct nftnl_rule *rule, const struct ls_nft_rule_form *form); /* -ENOMEM */
/* What the rule does: the form's text when it is just that, else its expressions. NULL: out of memory. `form` NULL:
 * there is none of that name. */
const char *ls_nft_rule_text(
	struct ls_arena *arena, struct ls_buf *scratch, struct nftnl_rule *rule, const struct ls_nft_rule_form *form);

/* nft_sets.c */
int ls_nft_describe_set(struct nftnl_set *set, const struct ls_nft_set_form *form); /* -ENOMEM */

/* nft_elements.c: keys and data as the kernel has them. */
#define LS_NFT_KEY_MAX 40u /* two IPv6 addresses, a protocol and a port */
struct ls_nft_bytes {
	uint8_t bytes[LS_NFT_KEY_MAX];
	size_t length;
};
/* The key of an element; where keys are intervals, *ret_end is the last one (of a concatenation) or the first one
 * behind (of a single part; length 0: there is none, the interval goes to the end). */
void ls_nft_key(const struct ls_nft_element *element, struct ls_nft_bytes *ret, struct ls_nft_bytes *ret_end);
void ls_nft_data(const struct ls_nft_element *element, struct ls_nft_bytes *ret);
/* The other way; false: these bytes are none that linkspan could have written. `end`, where keys are intervals. */
bool ls_nft_take_key(struct ls_arena *arena, struct ls_nft_element *element, const struct ls_nft_bytes *key,
	const struct ls_nft_bytes *end);
bool ls_nft_take_data(struct ls_nft_element *element, const struct ls_nft_bytes *data);
size_t ls_nft_parts_size(const uint8_t *parts); /* bytes of a key or of data */
bool ls_nft_is_concatenation(const uint8_t *parts);
bool ls_nft_is_mss(const struct ls_nft_set_form *form); /* a map of largest segments of TCP */

/* nft_dump.c: dumps. */
struct ls_nft_raw {
	struct ls_nft_bytes key, end, data;
	bool is_end; /* of an interval */
};

struct ls_nft_raws {
	struct ls_nft_raw *items;
	size_t n, size;
};

struct ls_nft_dump {
	struct ls_set *set;
	size_t n_before;
	struct ls_buf text;             /* scratch */
	const struct nlmsghdr *message; /* which is being taken */
	int (*take)(struct ls_nft_dump *dump, const struct nlmsghdr *message);
	const char *chain;   /* of the rule before, and */
	uint32_t place;      /* how many of its chain there were */
	uint8_t element_set; /* enum ls_nft_set_id, of a dump of elements, and */
	struct ls_nft_raws elements;
};

/* 0: there is nothing of ours to read, or nobody to ask. */
int ls_nft_dump_begin(struct ls_kernel *kernel, struct ls_error *err);
/* Sends the session's request, and takes what comes. */
int ls_nft_dump_answer(struct ls_kernel *kernel, struct ls_nft_dump *dump, struct ls_error *err);
int ls_nft_dump_add(struct ls_nft_dump *dump, struct ls_object *object);
/* Notes it when somebody has changed something since the first of the dumps that make one picture. */
int ls_nft_check_generation(struct ls_kernel *kernel, struct ls_error *err);

/* nft_dump.c, nft_element_dump.c, nft_write.c: the slots. */
int ls_nft_dump_tables(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);
int ls_nft_dump_sets(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);
int ls_nft_dump_chains(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);
int ls_nft_dump_rules(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);
int ls_nft_dump_elements(
	struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);
int ls_nft_transact(struct ls_kernel *kernel, const struct ls_operation *operations, size_t n, bool commit,
	size_t *ret_failed, struct ls_error *err);
/* The session with nfnetlink, opened when it is first needed. */
int ls_nft_session(struct ls_kernel *kernel, struct ls_netlink **ret, struct ls_error *err);
