/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft: linkspan's table in nftables. Its chains and rules are always the same, however many mappings there are: what a
 * spec asks for are the elements of the sets and maps that the rules look up. So ten thousand mappings cost a packet
 * one lookup, and a changed mapping is one element.
 *
 * Pure, as model.h. Numbers of expressions are those of linux/netfilter/nf_tables.h (kernel 6.1).
 */
#pragma once

#include <linkspan/model.h>

#define LS_NFT_TABLE "linkspan" /* family inet */

/* ---- sets and maps ----------------------------------------------------------------------------------------------- */

/* The parts of an element's key and of its data. Numbers are nft's own of the types (datatype.h), for `nft list`. */
enum ls_nft_type {
	LS_NFT_NOTHING,
	LS_NFT_IPV4 = 7,
	LS_NFT_IPV6 = 8,
	LS_NFT_PROTOCOL = 12,
	LS_NFT_PORT = 13,
	LS_NFT_IFNAME = 41,
};

#define LS_NFT_PARTS 4u

struct ls_nft_set_form {
	const char *name;
	uint8_t key[LS_NFT_PARTS];  /* enum ls_nft_type */
	uint8_t data[LS_NFT_PARTS]; /* all nothing: a set, not a map */
	bool interval;              /* keys are prefixes, or ranges of ports */
	bool prefixes;              /* of a map: its data are prefixes */
	bool subnets;               /* intervals of several parts: its addresses are prefixes, not alone */
};

/* In this order they stand in files and in the table: never reuse a number. */
enum ls_nft_set_id {
	LS_NFT_FWD4,
	LS_NFT_FWD6,
	LS_NFT_RANGE4,
	LS_NFT_RANGE6,
	LS_NFT_ONE4,
	LS_NFT_ONE6,
	LS_NFT_SOURCE4,
	LS_NFT_SOURCE6,
	LS_NFT_INWARDS6,
	LS_NFT_OUTWARDS6,
	LS_NFT_MASQUERADE4,
	LS_NFT_MASQUERADE6,
	LS_NFT_CLOSED4,
	LS_NFT_CLOSED6,
	LS_NFT_PUBLIC4,
	LS_NFT_PUBLIC6,
	LS_NFT_UPLINKS,
	LS_NFT_INNER,
	LS_NFT_ROUTED,
	LS_NFT_MSS4,
	LS_NFT_MSS6,
	LS_NFT_HERE4, /* like FWD4 and so on, by the link that packets come in by, to whichever address it has */
	LS_NFT_HERE6,
	LS_NFT_HERE_RANGE4,
	LS_NFT_HERE_RANGE6,
	LS_NFT_HIDDEN4, /* targets that do not see who asks */
	LS_NFT_HIDDEN6,
	LS_NFT_LET_IN4, /* to the host */
	LS_NFT_LET_IN6,
	LS_NFT_LET_THROUGH4,
	LS_NFT_LET_THROUGH6,
	LS_NFT_N_SETS,
};

extern const struct ls_nft_set_form ls_nft_sets[LS_NFT_N_SETS];
extern const char *const ls_nft_set_names[LS_NFT_N_SETS + 1]; /* the same names, for the attribute */
/* "ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service, interval", as nft writes it. */
const char *ls_nft_set_type(const struct ls_nft_set_form *form, char *text, size_t size);
#define LS_NFT_TYPE_MAX 128
size_t ls_nft_type_size(uint8_t type); /* bytes of a part */
/* IPPROTO_* by nft's name for it; NULL, 0: none that is called anything. */
const char *ls_nft_protocol_name(uint8_t number);
uint8_t ls_nft_protocol_number(const char *name);

/* ---- chains and rules -------------------------------------------------------------------------------------------- */

struct ls_nft_chain_form {
	const char *name;
	const char *type; /* NULL: no base chain, others jump to it */
	uint8_t hook;     /* NF_INET_* */
	int32_t priority;
	const char *hook_text; /* "nat prerouting -100" */
};

enum ls_nft_op {
	LS_NFT_META,
	LS_NFT_PAYLOAD,
	LS_NFT_CMP,
	LS_NFT_BITWISE,
	LS_NFT_CT,
	LS_NFT_LOOKUP,
	LS_NFT_NAT,
	LS_NFT_MASQ,
	LS_NFT_VERDICT,
	LS_NFT_REJECT,
	LS_NFT_TCPOPT,
	LS_NFT_FIB,
	LS_NFT_N_OPS,
};

#define LS_NFT_NUMBERS 6u

/* One expression, as the kernel tells it again: its numbers (what each means stands in the driver's table), the set or
 * chain that it names, and the bytes that it compares or masks with. */
struct ls_nft_expr {
	uint8_t op; /* enum ls_nft_op */
	uint8_t length;
	uint8_t bytes[4];
	uint32_t numbers[LS_NFT_NUMBERS];
	const char *name;
};

#define LS_NFT_EXPRS 12u

struct ls_nft_rule_form {
	const char *chain, *name;
	const char *text; /* as nft would write it; what an untouched rule is known by */
	struct ls_nft_expr exprs[LS_NFT_EXPRS];
	size_t n_exprs;
};

extern const struct ls_nft_chain_form ls_nft_chains[];
extern const size_t ls_nft_n_chains;
extern const struct ls_nft_rule_form ls_nft_rules[]; /* in order, chain by chain */
extern const size_t ls_nft_n_rules;
/* Place in the tables, their length for what is not there. */
size_t ls_nft_chain_index(const char *name);
size_t ls_nft_rule_index(const char *chain, const char *name);

/* The table, its sets, chains and rules, as a spec wants them. `drops`: a bit for each hook (NF_INET_*) where what no
 * rule accepts is dropped. -ENOMEM. */
int ls_nft_add_skeleton(struct ls_set *set, uint32_t drops);
