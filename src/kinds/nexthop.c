/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nexthop objects (kernel 5.3): routes name them by id, so one message moves all those routes to another next hop.
 *
 * Mark: nh_protocol. An add carries EXCL, a change REPLACE without CREATE. Deleting one deletes the routes that name it
 * and takes it out of its groups (remove_nexthop); so does setting its link down (nexthop_flush_dev). A single one
 * cannot become a group in place (replace_nexthop), and no two objects have one id. A group keeps the protocol that it
 * was made with (replace_nexthop_grp): of an adopted one the ledger says that it is ours.
 */
#include "driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define ATTR(field, type, change) #field, type, change, 0, offsetof(struct ls_nexthop, field), NULL
#define ENUM(field, change, names) #field, LS_TYPE_ENUM, change, 0, offsetof(struct ls_nexthop, field), names

const char *const ls_nexthop_type_names[] = {
	[LS_NEXTHOP_SINGLE] = "single",
	[LS_NEXTHOP_BLACKHOLE] = "blackhole",
	[LS_NEXTHOP_GROUP] = "group",
	NULL,
};

/* Present always: id, type, protocol; but for groups family. onlink is present only when true. */
static const struct ls_attr nexthop_attrs[] = {
	[LS_NEXTHOP_ID] = { ATTR(id, LS_TYPE_U32, LS_CHANGE_KEY) },
	[LS_NEXTHOP_TYPE] = { ENUM(type, LS_CHANGE_RECREATE, ls_nexthop_type_names) },
	[LS_NEXTHOP_FAMILY] = { ENUM(family, LS_CHANGE_RECREATE, ls_family_names) },
	[LS_NEXTHOP_VIA] = { ATTR(via, LS_TYPE_IP, LS_CHANGE_REPLACE) },
	[LS_NEXTHOP_DEV] = { ATTR(dev, LS_TYPE_LINK, LS_CHANGE_REPLACE) },
	[LS_NEXTHOP_ONLINK] = { ATTR(onlink, LS_TYPE_BOOL, LS_CHANGE_REPLACE) },
	[LS_NEXTHOP_MEMBERS] = { ATTR(members, LS_TYPE_STRING, LS_CHANGE_REPLACE) },
	[LS_NEXTHOP_PROTOCOL] = { ATTR(protocol, LS_TYPE_U8, LS_CHANGE_INFO) },
	[LS_NEXTHOP_OTHER] = { ATTR(other, LS_TYPE_STRING, LS_CHANGE_RECREATE) },
};

static const struct ls_nexthop *as_nexthop(const struct ls_object *object)
{
	return (const struct ls_nexthop *)object;
}

static int nexthop_compare(const struct ls_object *a, const struct ls_object *b)
{
	return ls_order(as_nexthop(a)->id, as_nexthop(b)->id);
}

static void nexthop_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu32, as_nexthop(object)->id);
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

/* struct nexthop_grp, whose weight_high (kernel 6.12, and 6.1 of Debian as of 6.1.192) older headers call resvd1. */
struct group_member {
	uint32_t id;
	uint8_t weight, weight_high;
	uint16_t reserved;
};
_Static_assert(sizeof(struct group_member) == sizeof(struct nexthop_grp), "the kernel's layout");

static int compare_members(const void *a, const void *b)
{
	return ls_order(((const struct group_member *)a)->id, ((const struct group_member *)b)->id);
}

#define GROUP_MAX 256u /* members that are read: what fits into a message by far */

static void print_members(struct ls_buf *buf, const struct nlattr *group)
{
	struct group_member members[GROUP_MAX];
	size_t n = ls_attr_length(group) / sizeof(*members);

	n = n < GROUP_MAX ? n : GROUP_MAX;
	memcpy(members, ls_attr_data(group), n * sizeof(*members));
	qsort(members, n, sizeof(*members), compare_members);
	for (size_t i = 0; i < n; i++)
		(void)ls_buf_printf(buf, "%s%" PRIu32 "*%u", i ? " " : "", members[i].id,
			(members[i].weight | (unsigned)members[i].weight_high << 8) + 1u);
}

static int keep_text(struct ls_dump *dump, struct ls_nexthop *nexthop, unsigned attr, const char **ret)
{
	const struct ls_buf *buf = &dump->text;

	if (buf->failed)
		return -ENOMEM;
	if (!buf->length)
		return 0;
	*ret = ls_dump_text(dump, (const char *)buf->data, buf->length);
	ls_object_set(&nexthop->object, attr);
	return *ret ? 0 : -ENOMEM;
}

#define BIT64(n) (UINT64_C(1) << (n))
#define PLAIN \
	(BIT64(NHA_ID) | BIT64(NHA_GROUP) | BIT64(NHA_BLACKHOLE) | BIT64(NHA_OIF) | BIT64(NHA_GATEWAY) | \
		BIT64(NHA_OP_FLAGS) | BIT64(NHA_GROUP_STATS) | BIT64(NHA_HW_STATS_USED))
#ifndef NHA_OP_FLAGS /* nexthop.h, kernel 6.9 */
#define NHA_OP_FLAGS 14
#define NHA_GROUP_STATS 15
#define NHA_HW_STATS_USED 17
#endif
#define NEXTHOP_ATTRS_MAX 32u

static void print_attr(struct ls_buf *buf, unsigned type, const struct nlattr *attr)
{
	const uint8_t *data = ls_attr_data(attr);

	(void)ls_buf_printf(buf, "%sattribute %u ", buf->length ? " " : "", type);
	for (size_t i = 0; i < ls_attr_length(attr); i++)
		(void)ls_buf_printf(buf, "%02x", data[i]);
}

/* Without unbalanced_time, which goes on by itself. */
static void print_resilience(struct ls_buf *buf, const struct nlattr *group)
{
	const struct nlattr *tb[NHA_RES_GROUP_UNBALANCED_TIMER + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(group), ls_attr_length(group));
	(void)ls_buf_printf(buf, "%sbuckets %u idle_timer %u unbalanced_timer %u", buf->length ? " " : "",
		ls_attr_u16(tb[NHA_RES_GROUP_BUCKETS]), ls_attr_u32(tb[NHA_RES_GROUP_IDLE_TIMER]),
		ls_attr_u32(tb[NHA_RES_GROUP_UNBALANCED_TIMER]));
}

static int decode_other(struct ls_dump *dump, struct ls_nexthop *nexthop, const struct nlattr *const *tb, uint64_t seen)
{
	struct ls_buf *buf = &dump->text;

	buf->length = 0;
	if (tb[NHA_GROUP_TYPE] && ls_attr_u16(tb[NHA_GROUP_TYPE]) == NEXTHOP_GRP_TYPE_MPATH)
		seen &= ~BIT64(NHA_GROUP_TYPE);
	seen &= ~PLAIN;
	for (unsigned i = 0; i < NEXTHOP_ATTRS_MAX; i++) {
		if (seen & BIT64(i) && i == NHA_RES_GROUP)
			print_resilience(buf, tb[i]);
		else if (seen & BIT64(i))
			print_attr(buf, i, tb[i]);
	}
	return keep_text(dump, nexthop, LS_NEXTHOP_OTHER, &nexthop->other);
}

static void decode_nature(struct ls_nexthop *nexthop, const struct nhmsg *info, const struct nlattr *const *tb)
{
	struct ls_object *object = &nexthop->object;

	nexthop->id = ls_attr_u32(tb[NHA_ID]);
	nexthop->type = tb[NHA_GROUP] ? LS_NEXTHOP_GROUP : tb[NHA_BLACKHOLE] ? LS_NEXTHOP_BLACKHOLE : LS_NEXTHOP_SINGLE;
	nexthop->protocol = info->nh_protocol;
	object->set |= LS_BIT(LS_NEXTHOP_ID) | LS_BIT(LS_NEXTHOP_TYPE) | LS_BIT(LS_NEXTHOP_PROTOCOL);
	object->owner = info->nh_protocol == LS_MARK_PROTOCOL ? LS_OWNER_OURS : LS_OWNER_FOREIGN;
	if (nexthop->type != LS_NEXTHOP_GROUP) {
		nexthop->family = ls_family_from_socket(info->nh_family);
		ls_object_set(object, LS_NEXTHOP_FAMILY);
	}
	if (info->nh_flags & RTNH_F_ONLINK) {
		nexthop->onlink = 1;
		ls_object_set(object, LS_NEXTHOP_ONLINK);
	}
}

static int decode_way(
	struct ls_dump *dump, struct ls_nexthop *nexthop, const struct nhmsg *info, const struct nlattr *const *tb)
{
	struct ls_object *object = &nexthop->object;
	uint32_t index = ls_attr_u32(tb[NHA_OIF]);

	if (nexthop->type == LS_NEXTHOP_GROUP) {
		dump->text.length = 0;
		print_members(&dump->text, tb[NHA_GROUP]);
		return keep_text(dump, nexthop, LS_NEXTHOP_MEMBERS, &nexthop->members);
	}
	if (nexthop->type == LS_NEXTHOP_BLACKHOLE) /* IPv6's show lo */
		return 0;
	if (ls_attr_ip(tb[NHA_GATEWAY], info->nh_family, &nexthop->via))
		ls_object_set(object, LS_NEXTHOP_VIA);
	if (!index)
		return 0;
	nexthop->dev = ls_dump_link(dump, index);
	ls_object_set(object, LS_NEXTHOP_DEV);
	return nexthop->dev ? 0 : -ENOMEM;
}

int ls_nexthop_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	const struct nhmsg *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[NEXTHOP_ATTRS_MAX];
	struct ls_nexthop *nexthop;
	const void *attrs;
	size_t length;
	uint64_t seen;

	if (message->nlmsg_type != RTM_NEWNEXTHOP || !ls_attrs_of(message, sizeof(*info), &attrs, &length))
		return 0;
	seen = ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	if (!ls_attr_u32(tb[NHA_ID]) || (tb[NHA_GROUP] && ls_attr_length(tb[NHA_GROUP]) < sizeof(struct nexthop_grp)))
		return 0;
	nexthop = (struct ls_nexthop *)ls_object_new(dump->set->arena, &ls_kind_nexthop);
	if (!nexthop)
		return -ENOMEM;
	decode_nature(nexthop, info, tb);
	if (decode_way(dump, nexthop, info, tb) < 0 || decode_other(dump, nexthop, tb, seen) < 0)
		return -ENOMEM;
	if (nexthop->object.owner != LS_OWNER_OURS && ls_dump_keep_raw(dump, &nexthop->object, message) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &nexthop->object);
}

static int nexthop_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	static const struct nhmsg all = { .nh_family = AF_UNSPEC };
	int r;

	(void)scope;
	r = ls_dump_all(kernel, RTM_GETNEXTHOP, &all, sizeof(all), ls_nexthop_decode, ret, err);
	kernel->nexthops = r >= 0;
	return r == -EOPNOTSUPP ? ls_error_clear(err) : r;
}

/* ---- encode ------------------------------------------------------------------------------------------------------ */

static int put_members(struct nl_msg *message, const char *text)
{
	struct nlattr *list = nla_nest_start(message, NHA_GROUP);
	uint32_t id, weight;

	if (!list)
		return -EMSGSIZE;
	list->nla_type = NHA_GROUP; /* an array, no nest: the kernel wants no flag */
	while (ls_nexthop_next_member(&text, &id, &weight)) {
		struct group_member member = {
			.id = id, .weight = (uint8_t)(weight - 1), .weight_high = (uint8_t)((weight - 1) >> 8)
		};

		if (nlmsg_append(message, &member, sizeof(member), NLMSG_ALIGNTO) < 0)
			return -EMSGSIZE;
	}
	nla_nest_end(message, list);
	return 0;
}

static int put_way(struct nl_msg *message, const struct ls_nexthop *nexthop, uint32_t index)
{
	if (nexthop->type == LS_NEXTHOP_GROUP)
		return put_members(message, nexthop->members);
	if (nexthop->type == LS_NEXTHOP_BLACKHOLE)
		return nla_put_flag(message, NHA_BLACKHOLE);
	if (index && nla_put_u32(message, NHA_OIF, index) < 0)
		return -EMSGSIZE;
	return ls_object_has(&nexthop->object, LS_NEXTHOP_VIA)
		       ? nla_put(message, NHA_GATEWAY, (int)ls_ip_size(nexthop->via.family), nexthop->via.bytes)
		       : 0;
}

static int encode_set(struct ls_kernel *kernel, int flags, const struct ls_nexthop *nexthop, struct nl_msg **ret,
	struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, RTM_NEWNEXTHOP, flags);
	struct nhmsg info = {
		.nh_family = nexthop->type == LS_NEXTHOP_GROUP   ? AF_UNSPEC
			     : nexthop->family == LS_FAMILY_IPV6 ? AF_INET6
								 : AF_INET,
		.nh_protocol = LS_MARK_PROTOCOL,
		.nh_flags = nexthop->onlink ? RTNH_F_ONLINK : 0,
	};
	uint32_t index = 0;
	int r;

	if (ls_object_has(&nexthop->object, LS_NEXTHOP_DEV)) {
		r = ls_kernel_require_link(kernel, nexthop->dev, &index, err);
		if (r < 0)
			return r;
	}
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(message, NHA_ID, nexthop->id) < 0 || put_way(message, nexthop, index) < 0)
		return ls_message_too_long(&nexthop->object, err);
	*ret = message;
	return 0;
}

static int encode_delete(
	struct ls_kernel *kernel, const struct ls_nexthop *nexthop, struct nl_msg **ret, struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, RTM_DELNEXTHOP, 0);
	struct nhmsg info = { .nh_family = AF_UNSPEC };

	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(message, NHA_ID, nexthop->id) < 0)
		return ls_message_too_long(&nexthop->object, err);
	*ret = message;
	return 0;
}

static int nexthop_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err)
{
	switch (op) {
	case LS_OP_ADD:
		return encode_set(kernel, NLM_F_CREATE | NLM_F_EXCL, as_nexthop(want), ret, err);
	case LS_OP_CHANGE:
	case LS_OP_REPLACE:
		return encode_set(kernel, NLM_F_REPLACE, as_nexthop(want), ret, err);
	case LS_OP_DELETE:
		return encode_delete(kernel, as_nexthop(have), ret, err);
	}
	return -EINVAL;
}

static int nexthop_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	(void)want;
	return kernel->nexthops
		       ? 0
		       : ls_error_set(err, -EOPNOTSUPP, "this kernel has no nexthop objects (they came with 5.3)");
}

/* nexthop_flush_dev */
static unsigned nexthop_lost_with(const struct ls_object *object)
{
	(void)object;
	return LS_LOST_DOWN;
}

/* replace_nexthop_grp leaves the protocol. */
static bool nexthop_keeps_mark(const struct ls_object *object)
{
	return ls_object_has(object, LS_NEXTHOP_MEMBERS);
}

static bool nexthop_valid(const struct ls_object *object)
{
	const struct ls_nexthop *nexthop = as_nexthop(object);

	return (nexthop->type == LS_NEXTHOP_GROUP) == ls_object_has(object, LS_NEXTHOP_MEMBERS) || !nexthop->type;
}

/* A group loses members with their links. */
static uint32_t nexthop_passes(
	const struct ls_object *before, const struct ls_object *after, const struct ls_object *now)
{
	const struct ls_object *ends[] = { before, after };

	for (size_t i = 0; i < LS_ARRAY_SIZE(ends); i++)
		if (ends[i] && ls_object_has(ends[i], LS_NEXTHOP_MEMBERS) && ls_object_has(now, LS_NEXTHOP_MEMBERS) &&
			ls_nexthop_members_within(as_nexthop(now)->members, as_nexthop(ends[i])->members))
			return LS_BIT(LS_NEXTHOP_MEMBERS);
	return 0;
}

const struct ls_kind ls_kind_nexthop = {
	.name = "nexthop",
	.id = LS_KIND_NEXTHOP,
	.rank = LS_RANK_NEXTHOP,
	.size = sizeof(struct ls_nexthop),
	.attrs = nexthop_attrs,
	.n_attrs = LS_ARRAY_SIZE(nexthop_attrs),
	.compare = nexthop_compare,
	.passes = nexthop_passes,
	.valid = nexthop_valid,
	.describe = nexthop_describe,
	.probe = nexthop_probe,
	.dump = nexthop_dump,
	.encode = nexthop_encode,
	.needs = LS_NEEDS_CARRIER, /* nh_create_ipv4, nh_create_ipv6 */
	.lost_with = nexthop_lost_with,
	.keeps_mark = nexthop_keeps_mark,
};
