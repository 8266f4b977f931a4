/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes. Their slot, the key that NLM_F_REPLACE works on, is table, destination, TOS (IPv4) and metric; several routes
 * can share one: IPv4 appends them, IPv6 joins those with a gateway to one multipath route and keeps the others apart.
 * IPv6 routes with a source prefix (`from`) have slots of their own.
 *
 * A multipath route is one route in IPv4 (fib_info), with a list of hops, and one for each hop in IPv6 (fib6_info),
 * joined. Where the first hop of an IPv6 one has our protocol it is therefore read as one object for each hop:
 * strangers may have appended some. The kernel tells the protocol of the first alone; the others count as foreign until
 * the record says that they are ours.
 *
 * Mark: rtm_protocol. It does not protect anything by itself: adds therefore carry CREATE|EXCL, so that a stranger's
 * route in the slot is an error; replaces lack CREATE, so that a slot which emptied meanwhile is an error as well;
 * deletes name protocol, type, link, next hop and source. Even so an IPv6 delete without a next hop takes any sibling
 * on that link with our protocol, and an IPv4 delete with metric 0 takes the first metric that fits, which is the
 * lowest.
 *
 * Reject routes (blackhole, unreachable, prohibit, throw) have no link; IPv6 shows them on lo all the same. What a
 * route has and this program has no word for is kept as text, so that it shows, differs, and is never taken for what a
 * spec asks for.
 */
#include "route.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>

#include <linux/icmpv6.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define ATTR(field, type, change) #field, type, change, 0, offsetof(struct ls_route, field), NULL
#define ENUM(field, change, names) #field, LS_TYPE_ENUM, change, 0, offsetof(struct ls_route, field), names

const char *const ls_route_type_names[] = {
	[LS_ROUTE_UNICAST] = "unicast",
	[LS_ROUTE_BLACKHOLE] = "blackhole",
	[LS_ROUTE_UNREACHABLE] = "unreachable",
	[LS_ROUTE_PROHIBIT] = "prohibit",
	[LS_ROUTE_LOCAL] = "local",
	[LS_ROUTE_BROADCAST] = "broadcast",
	[LS_ROUTE_ANYCAST] = "anycast",
	[LS_ROUTE_MULTICAST] = "multicast",
	[LS_ROUTE_THROW] = "throw",
	[LS_ROUTE_OTHER_TYPE] = "other",
	NULL,
};

/* Present always: to, table, metric, type, protocol; IPv4 also: tos, scope. `onlink` is present only when true. dev,
 * via, src, mtu, hops, nexthop, weight (above 1) and other are present where the route has them. */
static const struct ls_attr route_attrs[] = {
	[LS_ROUTE_TO] = { ATTR(to, LS_TYPE_PREFIX, LS_CHANGE_KEY) },
	[LS_ROUTE_TABLE] = { ATTR(table, LS_TYPE_U32, LS_CHANGE_KEY) },
	[LS_ROUTE_METRIC] = { ATTR(metric, LS_TYPE_U32, LS_CHANGE_KEY) },
	[LS_ROUTE_TOS] = { "tos", LS_TYPE_U8, LS_CHANGE_KEY, LS_ATTR_OPTIONAL, offsetof(struct ls_route, tos),
		NULL }, /* IPv4 */
	[LS_ROUTE_TYPE] = { ENUM(type, LS_CHANGE_REPLACE, ls_route_type_names) },
	[LS_ROUTE_DEV] = { ATTR(dev, LS_TYPE_LINK, LS_CHANGE_REPLACE) },
	[LS_ROUTE_VIA] = { ATTR(via, LS_TYPE_IP, LS_CHANGE_REPLACE) },
	[LS_ROUTE_ONLINK] = { ATTR(onlink, LS_TYPE_BOOL, LS_CHANGE_REPLACE) },
	[LS_ROUTE_SRC] = { ATTR(src, LS_TYPE_IP, LS_CHANGE_REPLACE) },
	[LS_ROUTE_MTU] = { ATTR(mtu, LS_TYPE_U32, LS_CHANGE_REPLACE) },
	[LS_ROUTE_SCOPE] = { ENUM(scope, LS_CHANGE_REPLACE, ls_scope_names) },
	[LS_ROUTE_PROTOCOL] = { ATTR(protocol, LS_TYPE_U8, LS_CHANGE_INFO) },
	[LS_ROUTE_HOPS] = { "nexthops", LS_TYPE_HOPS, LS_CHANGE_REPLACE, 0, offsetof(struct ls_route, hops), NULL },
	[LS_ROUTE_OTHER] = { ATTR(other, LS_TYPE_STRING, LS_CHANGE_REPLACE) },
	[LS_ROUTE_NEXTHOP] = { ATTR(nexthop, LS_TYPE_U32, LS_CHANGE_REPLACE) },
	[LS_ROUTE_WEIGHT] = { ATTR(weight, LS_TYPE_U16, LS_CHANGE_REPLACE) },
};

static const struct ls_route *as_route(const struct ls_object *object)
{
	return (const struct ls_route *)object;
}

/* ---- key --------------------------------------------------------------------------------------------------------- */

static uint64_t word_at(const struct ls_ip *ip, size_t offset)
{
	uint64_t word;

	memcpy(&word, ip->bytes + offset, sizeof(word));
	return be64toh(word);
}

/* The number of leading bits in which two addresses agree. */
static unsigned common_bits(const struct ls_ip *a, const struct ls_ip *b)
{
	uint64_t high = word_at(a, 0) ^ word_at(b, 0), low = word_at(a, 8) ^ word_at(b, 8);

	if (high)
		return (unsigned)__builtin_clzll(high);
	return low ? 64 + (unsigned)__builtin_clzll(low) : 128;
}

/* By address, but what lies within another prefix before that one: a walk of a trie that visits the children first. The
 * kernel dumps IPv6 tables like that, so a dump needs hardly any sorting; and next hops tend to be reachable by what
 * comes earlier. */
static int compare_prefix(const struct ls_prefix *a, const struct ls_prefix *b)
{
	unsigned common = common_bits(&a->ip, &b->ip);

	if (common >= a->length || common >= b->length)
		return ls_order(b->length, a->length);
	return common < 64 ? ls_order(word_at(&a->ip, 0), word_at(&b->ip, 0))
			   : ls_order(word_at(&a->ip, 8), word_at(&b->ip, 8));
}

/* "from 2001:db8::/64", or "": stands first in `other`, and is part of the slot. */
static const char *source_of(const struct ls_route *route)
{
	bool has_source = ls_object_has(&route->object, LS_ROUTE_OTHER) && !strncmp(route->other, "from ", 5);

	return has_source ? route->other : "";
}

static int route_compare(const struct ls_object *a, const struct ls_object *b)
{
	const struct ls_route *x = as_route(a), *y = as_route(b);
	int order = ls_order(x->to.ip.family, y->to.ip.family);

	if (!order)
		order = ls_order(x->table, y->table);
	if (!order)
		order = compare_prefix(&x->to, &y->to);
	if (!order)
		order = ls_order(x->tos, y->tos);
	if (!order)
		order = ls_order(x->metric, y->metric);
	if (order || !((a->set | b->set) & LS_BIT(LS_ROUTE_OTHER)))
		return order;
	return strcmp(source_of(x), source_of(y));
}

static void route_describe(const struct ls_object *object, char *text, size_t size)
{
	const struct ls_route *route = as_route(object);
	struct ls_text out = ls_text_begin(text, size);
	char to[LS_PREFIX_TEXT_MAX], tos[16];

	ls_text_put(&out, ls_prefix_format(&route->to, to));
	if (route->table != RT_TABLE_MAIN) {
		ls_text_put(&out, " table ");
		ls_text_number(&out, route->table);
	}
	if (route->tos) {
		snprintf(tos, sizeof(tos), " tos 0x%02x", route->tos);
		ls_text_put(&out, tos);
	}
	if (route->metric) {
		ls_text_put(&out, " metric ");
		ls_text_number(&out, route->metric);
	}
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

const uint8_t ls_route_types[LS_N_ROUTE_TYPES] = {
	[LS_ROUTE_UNICAST] = RTN_UNICAST,
	[LS_ROUTE_BLACKHOLE] = RTN_BLACKHOLE,
	[LS_ROUTE_UNREACHABLE] = RTN_UNREACHABLE,
	[LS_ROUTE_PROHIBIT] = RTN_PROHIBIT,
	[LS_ROUTE_LOCAL] = RTN_LOCAL,
	[LS_ROUTE_BROADCAST] = RTN_BROADCAST,
	[LS_ROUTE_ANYCAST] = RTN_ANYCAST,
	[LS_ROUTE_MULTICAST] = RTN_MULTICAST,
	[LS_ROUTE_THROW] = RTN_THROW,
};

bool ls_route_is_reject(uint8_t type)
{
	return type == LS_ROUTE_BLACKHOLE || type == LS_ROUTE_UNREACHABLE || type == LS_ROUTE_PROHIBIT ||
	       type == LS_ROUTE_THROW;
}

/* ---- encode ------------------------------------------------------------------------------------------------------ */

static bool has(const struct ls_route *route, enum ls_route_attr attr)
{
	return ls_object_has(&route->object, attr);
}

/* What iproute2 chooses too, where the spec does not say. IPv6 knows no scopes. */
static uint8_t kernel_scope(const struct ls_route *route)
{
	if (route->to.ip.family == AF_INET6)
		return RT_SCOPE_UNIVERSE;
	if (has(route, LS_ROUTE_SCOPE))
		return ls_scope_to_kernel(route->scope);
	if (route->type == LS_ROUTE_LOCAL)
		return RT_SCOPE_HOST;
	return route->type == LS_ROUTE_UNICAST && !has(route, LS_ROUTE_VIA) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static int begin_message(struct nl_msg *message, const struct ls_route *route, uint8_t protocol)
{
	struct rtmsg info = {
		.rtm_family = route->to.ip.family,
		.rtm_dst_len = route->to.length,
		.rtm_tos = route->tos,
		.rtm_table = route->table < 256 ? (uint8_t)route->table : (uint8_t)RT_TABLE_UNSPEC,
		.rtm_protocol = protocol,
		.rtm_scope = kernel_scope(route),
		.rtm_type = ls_route_types[route->type],
		.rtm_flags = route->onlink ? RTNH_F_ONLINK : 0,
	};

	return nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ? -EMSGSIZE : 0;
}

/* RTA_VIA: a next hop of the other family. */
static int put_other_via(struct nl_msg *message, const struct ls_ip *via)
{
	uint8_t data[sizeof(struct rtvia) + sizeof(via->bytes)];
	struct rtvia head = { .rtvia_family = via->family };

	memcpy(data, &head, sizeof(head));
	memcpy(data + sizeof(head), via->bytes, sizeof(via->bytes));
	return nla_put(message, RTA_VIA, (int)(sizeof(head) + ls_ip_size(via->family)), data);
}

static int put_via(struct nl_msg *message, const struct ls_route *route)
{
	if (route->via.family == route->to.ip.family)
		return nla_put(message, RTA_GATEWAY, (int)ls_ip_size(route->via.family), route->via.bytes);
	return put_other_via(message, &route->via);
}

static int put_hop(struct nl_msg *message, const struct ls_hop *hop, uint8_t family, uint32_t index)
{
	struct rtnexthop *head = nlmsg_reserve(message, sizeof(*head), NLMSG_ALIGNTO);
	int size = (int)ls_ip_size(hop->via.family), before = (int)nlmsg_hdr(message)->nlmsg_len;

	if (!head)
		return -EMSGSIZE;
	memset(head, 0, sizeof(*head));
	head->rtnh_ifindex = (int)index;
	head->rtnh_hops = (uint8_t)(hop->weight - 1u);
	head->rtnh_flags = hop->onlink ? RTNH_F_ONLINK : 0;
	if (hop->via.family == family ? nla_put(message, RTA_GATEWAY, size, hop->via.bytes) < 0
				      : hop->via.family && put_other_via(message, &hop->via) < 0)
		return -EMSGSIZE;
	head->rtnh_len = (uint16_t)(sizeof(*head) + nlmsg_hdr(message)->nlmsg_len - (uint32_t)before);
	return 0;
}

static int put_hops(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_hops *hops, uint8_t family,
	struct ls_error *err)
{
	struct nlattr *list = nla_nest_start(message, RTA_MULTIPATH);
	int r = list ? 0 : -EMSGSIZE;

	for (size_t i = 0; r >= 0 && i < hops->n; i++) {
		uint32_t index = 0;

		if (hops->hops[i].dev)
			r = ls_kernel_require_link(kernel, hops->hops[i].dev, &index, err);
		if (r >= 0)
			r = put_hop(message, &hops->hops[i], family, index);
	}
	if (r >= 0)
		nla_nest_end(message, list);
	return r;
}

static int put_mtu(struct nl_msg *message, uint32_t mtu)
{
	struct nlattr *metrics = nla_nest_start(message, RTA_METRICS);

	if (!metrics || nla_put_u32(message, RTAX_MTU, mtu) < 0)
		return -EMSGSIZE;
	nla_nest_end(message, metrics);
	return 0;
}

static int put_way(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_route *route, uint32_t index,
	struct ls_error *err)
{
	struct ls_hop hop = { .via = route->via, .dev = route->dev, .onlink = route->onlink, .weight = route->weight };

	if (has(route, LS_ROUTE_NEXTHOP))
		return nla_put_u32(message, RTA_NH_ID, route->nexthop);
	if (has(route, LS_ROUTE_HOPS))
		return put_hops(kernel, message, &route->hops, route->to.ip.family, err);
	if (has(route, LS_ROUTE_WEIGHT)) /* multipath is the only place for it */
		return put_hops(kernel, message, &(struct ls_hops){ .n = 1, .hops = &hop }, route->to.ip.family, err);
	if (index && nla_put_u32(message, RTA_OIF, index) < 0)
		return -EMSGSIZE;
	return has(route, LS_ROUTE_VIA) ? put_via(message, route) : 0;
}

static int put_attrs(struct nl_msg *message, const struct ls_route *route)
{
	int size = (int)ls_ip_size(route->to.ip.family);

	if (route->to.length > 0)
		NLA_PUT(message, RTA_DST, size, route->to.ip.bytes);
	NLA_PUT_U32(message, RTA_TABLE, route->table);
	if (route->metric)
		NLA_PUT_U32(message, RTA_PRIORITY, route->metric);
	if (has(route, LS_ROUTE_SRC))
		NLA_PUT(message, RTA_PREFSRC, size, route->src.bytes);
	if (has(route, LS_ROUTE_MTU) && put_mtu(message, route->mtu) < 0)
		return -EMSGSIZE;
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

static int encode_message(struct ls_kernel *kernel, int type, int flags, const struct ls_route *route, uint8_t protocol,
	struct nl_msg **ret, struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, type, flags);
	uint32_t index = 0;
	int r;

	if (route->type >= LS_N_ROUTE_TYPES)
		return ls_error_set(err, -EINVAL, "routes of this type cannot be made or deleted");
	if (has(route, LS_ROUTE_DEV) && !ls_route_is_reject(route->type)) {
		r = ls_kernel_require_link(kernel, route->dev, &index, err);
		if (r < 0)
			return r;
	}
	if (begin_message(message, route, protocol) < 0 || put_attrs(message, route) < 0)
		return ls_message_too_long(&route->object, err);
	r = put_way(kernel, message, route, index, err);
	*ret = message;
	return r == -ENODEV || r >= 0 ? r : ls_message_too_long(&route->object, err);
}

/* What a spec asks for has no protocol yet; what is put back has its own. */
static uint8_t protocol_of(const struct ls_route *route)
{
	return has(route, LS_ROUTE_PROTOCOL) ? route->protocol : LS_MARK_PROTOCOL;
}

/* A sibling goes beside what is there; one that is there already is EEXIST all the same. */
static int encode_add(struct ls_kernel *kernel, const struct ls_route *route, struct nl_msg **ret, struct ls_error *err)
{
	if (route->object.flags & LS_OBJECT_SIBLING)
		return encode_message(
			kernel, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, route, protocol_of(route), ret, err);
	return encode_message(kernel, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, LS_MARK_PROTOCOL, ret, err);
}

static int route_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err)
{
	switch (op) {
	case LS_OP_ADD:
		return encode_add(kernel, as_route(want), ret, err);
	case LS_OP_CHANGE:
	case LS_OP_REPLACE:
		return encode_message(kernel, RTM_NEWROUTE, NLM_F_REPLACE, as_route(want), LS_MARK_PROTOCOL, ret, err);
	case LS_OP_DELETE:
		return encode_message(kernel, RTM_DELROUTE, 0, as_route(have), protocol_of(as_route(have)), ret, err);
	}
	return -EINVAL;
}

/* fib_disable_ip, rt6_disable_ip. A route that names a nexthop object goes with that. */
static unsigned route_lost_with(const struct ls_object *object)
{
	return as_route(object)->to.ip.family == AF_INET6 ? LS_LOST_DOWN | LS_LOST_QUIET
							  : LS_LOST_DOWN | LS_LOST_LAST_ADDRESS;
}

static bool route_valid(const struct ls_object *object)
{
	const struct ls_prefix *to = &((const struct ls_route *)object)->to;
	struct ls_prefix network = ls_prefix_network(*to);

	return !memcmp(&network.ip, &to->ip, sizeof(to->ip));
}

const struct ls_kind ls_kind_route = {
	.name = "route",
	.id = LS_KIND_ROUTE,
	.rank = LS_RANK_ROUTE,
	.size = sizeof(struct ls_route),
	.attrs = route_attrs,
	.n_attrs = LS_ARRAY_SIZE(route_attrs),
	.compare = route_compare,
	.valid = route_valid,
	.describe = route_describe,
	.probe = ls_probe_always,
	.dump = ls_route_dump,
	.encode = route_encode,
	.claim = ls_route_claim,
	.needs = LS_NEEDS_UP, /* ENETDOWN */
	.delete_marks = true,
	.lost_with = route_lost_with,
};
