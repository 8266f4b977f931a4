/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the drivers share; nobody outside kinds/ (and its tests) includes this. */
#pragma once

#include <linkspan/kinds.h>

#include <string.h>

#include <linux/netlink.h>

#include "link_table.h"

struct nlattr;

struct ls_kernel {
	struct ls_netlink *nl;
	int proc_sys; /* /proc/sys, or -1 where it is not mounted */
	bool address_protocol;
	bool hides_marks;
	bool nexthops;                /* the last dump of them found that there can be some (kernel 5.3) */
	struct ls_netlink *nft;       /* with nfnetlink; opened when it is first needed */
	bool nft_missing, nft_denied; /* this kernel has no nftables; we may not look */
	uint32_t nft_generation;      /* of the ruleset, as it was dumped last; 0: not yet */
	uint32_t nft_without;         /* a number of the ruleset at which our table was not there; 0: none known */
	struct ls_netlink *genl;      /* generic netlink; opened when it is first needed */
	uint16_t wireguard;           /* number of the family; 0: not asked for yet */
	struct ls_netlink *xfrm;      /* IPsec; opened when it is first needed */
	uint32_t xfrm_asked;     /* transforms that this kernel has: by place in their table, IPv6 from bit 16 on */
	struct ls_keyring *keys; /* of all that was read, and is to be written */
	bool nft_moved;          /* it changed between the parts of the last dump */
	struct ls_link_table links;
	uint32_t link_types_asked, link_types_missing; /* by place in the table of link_types.c */
	uint32_t dump;                                 /* counts dumps, see ls_dump_link */
	uint32_t dumping; /* kinds of the dump under way: one answer of the kernel can be about several */
	bool link_missed; /* the dump named a link that the table does not have: it is younger than the table */
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct ls_dump;
/* One message of a dump. Its bytes are the kernel's or a fuzzer's: nothing about them is taken for granted. Messages
 * that are no object of ours to model add nothing. 0 or -ENOMEM. */
typedef int ls_decode_message(struct ls_dump *dump, const struct nlmsghdr *message);
ls_decode_message ls_link_decode, ls_address_decode, ls_route_decode, ls_rule_decode, ls_neighbour_decode,
	ls_nexthop_decode, ls_xfrm_state_decode, ls_xfrm_policy_decode;

/* One dump of one kind on its way into a set. */
struct ls_dump {
	struct ls_kernel *kernel;
	struct ls_set *set;
	size_t n_before;           /* objects in the set when the dump began */
	struct ls_buf text;        /* scratch */
	ls_decode_message *decode; /* while it is read */
};

/* After the last link: turns the indexes by which links name one another into names. */
int ls_link_resolve(struct ls_dump *dump);

/* Sends a dump request by a session and decodes each message of the answer. */
int ls_dump_request(struct ls_kernel *kernel, struct ls_netlink *nl, struct nl_msg *request, ls_decode_message *decode,
	struct ls_set *ret, struct ls_error *err);
/* Asks for all of a kind, with that header behind the netlink one, and decodes each message of the answer. */
int ls_dump_all(struct ls_kernel *kernel, int type, const void *header, size_t size, ls_decode_message *decode,
	struct ls_set *ret, struct ls_error *err);
/* The same for IPv4, then for IPv6; the header is zero beyond its family. */
int ls_dump_families(struct ls_kernel *kernel, int type, size_t size, ls_decode_message *decode, struct ls_set *ret,
	struct ls_error *err);

void ls_dump_begin(struct ls_dump *dump, struct ls_kernel *kernel, struct ls_set *set);
void ls_dump_done(struct ls_dump *dump);
/* The `each` of ls_netlink_dump. */
int ls_dump_each(const struct nlmsghdr *message, void *data);
/* Forgets what this dump has added: the `restart` of ls_netlink_dump. */
int ls_dump_restart(void *data);
/* A copy of a text in the set's arena. */
const char *ls_dump_text(const struct ls_dump *dump, const char *text, size_t length);
/* The name of a link, in the set's arena; NULL when memory ran out. One that came up after the link table was read is
 * called "if7" for now; ls_kernel_dump reads again then. */
const char *ls_dump_link(const struct ls_dump *dump, uint32_t index);
/* Keeps the kernel's own message with an object that is not ours. */
int ls_dump_keep_raw(const struct ls_dump *dump, struct ls_object *object, const struct nlmsghdr *message);

/* Attributes by type; libnl's walk costs a call for each, which a hundred thousand routes feel. Returns a bit for each
 * type seen; types from `n` on (at most 64) are skipped. */
uint64_t ls_attrs_parse(const struct nlattr **tb, unsigned n, const void *data, size_t length);
/* The attributes behind a family header of that size; false when the message is too short for it. */
bool ls_attrs_of(const struct nlmsghdr *message, size_t header, const void **ret, size_t *ret_length);

/* The value of an attribute, 0 (or false) where it is absent or too short. */
uint8_t ls_attr_u8(const struct nlattr *attr);
uint16_t ls_attr_u16(const struct nlattr *attr);
uint32_t ls_attr_u32(const struct nlattr *attr);
uint64_t ls_attr_u64(const struct nlattr *attr);
size_t ls_attr_length(const struct nlattr *attr);
const void *ls_attr_data(const struct nlattr *attr);
/* Payload as text: length without the terminating zero that may or may not be there. */
const char *ls_attr_text(const struct nlattr *attr, size_t *ret_length);
bool ls_attr_ip(const struct nlattr *attr, uint8_t family, struct ls_ip *ret);

static inline void ls_object_set(struct ls_object *object, unsigned attr)
{
	object->set |= LS_BIT(attr);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* -ENODEV with a message when there is no such link. */
int ls_kernel_require_link(const struct ls_kernel *kernel, const char *name, uint32_t *ret_index, struct ls_error *err);
/* Says that a message did not fit. LS_MESSAGE_MAX is ample, so this is a bug. */
int ls_message_too_long(const struct ls_object *object, struct ls_error *err);
/* The message that puts a foreign object back as it was, for kinds that have one; see replay.c. */
bool ls_can_replay(const struct ls_kind *kind);
int ls_replay(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *object, struct nl_msg **ret,
	struct ls_error *err);

/* enum ls_scope and RT_SCOPE_*. */
uint8_t ls_scope_to_kernel(uint8_t scope);
uint8_t ls_scope_from_kernel(uint8_t scope);

/* link_sweep.c: the slot of links. */
int ls_link_sweep(struct ls_kernel *kernel, const struct ls_object *const *doomed, size_t n, struct ls_error *err);

/* Links on their way out are ours, too. */
static inline bool ls_link_group_is_sweeping(uint32_t group)
{
	return group >= LS_MARK_SWEEP_GROUP && group < LS_MARK_SWEEP_GROUP + LS_SWEEP_GROUPS;
}

/* For kinds that every kernel has. */
int ls_probe_always(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err);

static inline int ls_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}
