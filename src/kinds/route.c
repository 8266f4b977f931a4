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
#include "driver.h"

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
	return memcmp(a->ip.bytes, b->ip.bytes, sizeof(a->ip.bytes));
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
	return order ? order : strcmp(source_of(x), source_of(y));
}

static void route_describe(const struct ls_object *object, char *text, size_t size)
{
	const struct ls_route *route = as_route(object);
	char to[LS_PREFIX_TEXT_MAX], table[32] = "", tos[16] = "", metric[32] = "";

	if (route->table != RT_TABLE_MAIN)
		snprintf(table, sizeof(table), " table %" PRIu32, route->table);
	if (route->tos)
		snprintf(tos, sizeof(tos), " tos 0x%02x", route->tos);
	if (route->metric)
		snprintf(metric, sizeof(metric), " metric %" PRIu32, route->metric);
	snprintf(text, size, "%s%s%s%s", ls_prefix_format(&route->to, to), table, tos, metric);
}

/* ---- dump: text for what has no attribute ------------------------------------------------------------------------ */

static const uint8_t types[] = {
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

static uint8_t type_from_kernel(uint8_t type)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(types); i++)
		if (types[i] == type)
			return (uint8_t)i;
	return LS_ROUTE_OTHER_TYPE;
}

static bool is_reject(uint8_t type)
{
	return type == LS_ROUTE_BLACKHOLE || type == LS_ROUTE_UNREACHABLE || type == LS_ROUTE_PROHIBIT ||
	       type == LS_ROUTE_THROW;
}

/* Failures to append show in buf->failed. */
static void print_item(struct ls_buf *buf, const char *name)
{
	(void)ls_buf_printf(buf, "%s%s", buf->length ? " " : "", name);
}

static void print_number(struct ls_buf *buf, const char *name, uint32_t value)
{
	print_item(buf, name);
	(void)ls_buf_printf(buf, " %" PRIu32, value);
}

static void print_hex(struct ls_buf *buf, const char *name, const struct nlattr *attr)
{
	const uint8_t *data = ls_attr_data(attr);

	print_item(buf, name);
	(void)ls_buf_append(buf, " ", 1);
	for (size_t i = 0; i < ls_attr_length(attr); i++)
		(void)ls_buf_printf(buf, "%02x", data[i]);
}

/* lwtunnel.h's LWTUNNEL_ENCAP_*, as iproute2 calls them. */
static void print_encap(struct ls_buf *buf, uint16_t type, const struct nlattr *encap)
{
	static const char *const names[] = { "none", "mpls", "ip", "ila", "ip6", "seg6", "bpf", "seg6local", "rpl",
		"ioam6", "xfrm" };

	print_item(buf, "encap");
	if (type < LS_ARRAY_SIZE(names))
		print_item(buf, names[type]);
	else
		(void)ls_buf_printf(buf, " %u", type);
	if (encap)
		print_hex(buf, "data", encap);
}

/* All of RTA_METRICS but the MTU, which has an attribute. A locked MTU has no word, so the lock is text. */
static void print_metrics(struct ls_buf *buf, const struct nlattr *const *tb)
{
	static const char *const names[RTAX_MAX + 1] = { NULL, "lock", NULL, "window", "rtt", "rttvar", "ssthresh",
		"cwnd", "advmss", "reordering", "hoplimit", "initcwnd", "features", "rto_min", "initrwnd", "quickack",
		NULL, "fastopen_no_cookie" };
	const char *text;
	size_t length;

	for (unsigned i = 1; i <= RTAX_MAX; i++)
		if (tb[i] && names[i])
			print_number(buf, names[i], ls_attr_u32(tb[i]));
	if (tb[RTAX_CC_ALGO]) {
		text = ls_attr_text(tb[RTAX_CC_ALGO], &length);
		print_item(buf, "congctl");
		(void)ls_buf_printf(buf, " %.*s", (int)length, text);
	}
}

static void print_realm_and_encap(struct ls_buf *buf, const struct nlattr *const *tb)
{
	if (tb[RTA_FLOW])
		print_number(buf, "realm", ls_attr_u32(tb[RTA_FLOW]));
	if (tb[RTA_ENCAP_TYPE])
		print_encap(buf, ls_attr_u16(tb[RTA_ENCAP_TYPE]), tb[RTA_ENCAP]);
}

/* What has an attribute of its own or says nothing. */
#define BIT64(n) (UINT64_C(1) << (n))
#define PLAIN_ATTRS \
	(BIT64(RTA_DST) | BIT64(RTA_OIF) | BIT64(RTA_GATEWAY) | BIT64(RTA_PRIORITY) | BIT64(RTA_PREFSRC) | \
		BIT64(RTA_MULTIPATH) | BIT64(RTA_TABLE) | BIT64(RTA_VIA) | BIT64(RTA_PAD) | BIT64(RTA_NH_ID))
#define TEXT_ATTRS \
	(BIT64(RTA_SRC) | BIT64(RTA_METRICS) | BIT64(RTA_CACHEINFO) | BIT64(RTA_PREF) | BIT64(RTA_FLOW) | \
		BIT64(RTA_ENCAP_TYPE) | BIT64(RTA_ENCAP))

static void print_source(struct ls_buf *buf, const struct rtmsg *info, const struct nlattr *attr)
{
	struct ls_prefix from = { .length = info->rtm_src_len };
	char text[LS_PREFIX_TEXT_MAX];

	if (!ls_attr_ip(attr, info->rtm_family, &from.ip))
		return;
	print_item(buf, "from");
	print_item(buf, ls_prefix_format(&from, text));
}

static bool expires(const struct nlattr *attr)
{
	return ls_attr_length(attr) >= sizeof(struct rta_cacheinfo) &&
	       ((const struct rta_cacheinfo *)ls_attr_data(attr))->rta_expires != 0;
}

/* Router preference (RFC 4191): medium is what every route has. */
static void print_preference(struct ls_buf *buf, uint8_t preference)
{
	if (preference != ICMPV6_ROUTER_PREF_MEDIUM)
		print_item(buf, preference == ICMPV6_ROUTER_PREF_HIGH ? "pref high" : "pref low");
}

static void print_other(struct ls_buf *buf, const struct rtmsg *info, const struct nlattr *const *tb, uint64_t seen)
{
	uint64_t unknown = seen & ~(PLAIN_ATTRS | TEXT_ATTRS);

	if (tb[RTA_SRC]) /* first: source_of */
		print_source(buf, info, tb[RTA_SRC]);
	if (expires(tb[RTA_CACHEINFO])) /* how long is not told: it would differ every second */
		print_item(buf, "expires");
	if (tb[RTA_PREF])
		print_preference(buf, ls_attr_u8(tb[RTA_PREF]));
	if (tb[RTA_FLOW])
		print_number(buf, "realm", ls_attr_u32(tb[RTA_FLOW]));
	if (tb[RTA_ENCAP_TYPE])
		print_encap(buf, ls_attr_u16(tb[RTA_ENCAP_TYPE]), tb[RTA_ENCAP]);
	for (unsigned i = 0; unknown; i++, unknown >>= 1)
		if (unknown & 1)
			print_number(buf, "attribute", i);
}

static int keep_text(const struct ls_dump *dump, struct ls_route *route, unsigned attr, const char **ret)
{
	const struct ls_buf *buf = &dump->text;

	if (buf->failed)
		return -ENOMEM;
	if (buf->length == 0)
		return 0;
	*ret = ls_dump_text(dump, (const char *)buf->data, buf->length);
	if (!*ret)
		return -ENOMEM;
	ls_object_set(&route->object, attr);
	return 0;
}

/* ---- dump: attributes -------------------------------------------------------------------------------------------- */

/* RTA_VIA: a next hop of the other family (IPv4 via IPv6, RFC 5549). */
static bool decode_gateway(struct ls_ip *via, uint8_t family, const struct nlattr *const *tb)
{
	const struct rtvia *other;

	if (ls_attr_ip(tb[RTA_GATEWAY], family, via))
		return true;
	if (ls_attr_length(tb[RTA_VIA]) < sizeof(*other) + 4)
		return false;
	other = ls_attr_data(tb[RTA_VIA]);
	if (other->rtvia_family != AF_INET && other->rtvia_family != AF_INET6)
		return false;
	if (ls_attr_length(tb[RTA_VIA]) < sizeof(*other) + ls_ip_size((uint8_t)other->rtvia_family))
		return false;
	via->family = (uint8_t)other->rtvia_family;
	memcpy(via->bytes, other->rtvia_addr, ls_ip_size(via->family));
	return true;
}

/* The next hop at *at, which moves behind it; NULL at the end. */
static const struct rtnexthop *take_nexthop(const uint8_t **at, size_t *left, const struct nlattr **tb, unsigned n)
{
	const struct rtnexthop *hop = (const void *)*at;
	size_t step;

	if (*left < sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > *left)
		return NULL;
	ls_attrs_parse(tb, n, hop + 1, hop->rtnh_len - sizeof(*hop));
	step = (hop->rtnh_len + 3u) & ~(size_t)3u;
	step = step < *left ? step : *left;
	*at += step;
	*left -= step;
	return hop;
}

static int decode_hop(const struct ls_dump *dump, struct ls_hop *ret, uint8_t family, const struct rtnexthop *hop,
	const struct nlattr *const *tb)
{
	(void)decode_gateway(&ret->via, family, tb);
	ret->weight = hop->rtnh_hops + 1u;
	ret->onlink = (hop->rtnh_flags & RTNH_F_ONLINK) != 0;
	if (hop->rtnh_ifindex > 0) {
		ret->dev = ls_dump_link(dump, (uint32_t)hop->rtnh_ifindex);
		return ret->dev ? 0 : -ENOMEM;
	}
	return 0;
}

static int decode_hops(
	const struct ls_dump *dump, struct ls_route *route, uint8_t family, const struct nlattr *multipath)
{
	const uint8_t *at = ls_attr_data(multipath);
	size_t left = ls_attr_length(multipath), most = left / sizeof(struct rtnexthop);
	const struct nlattr *tb[RTA_ENCAP + 1];
	const struct rtnexthop *hop;

	route->hops.hops = ls_arena_alloc(dump->set->arena, (most + 1) * sizeof(*route->hops.hops));
	if (!route->hops.hops)
		return -ENOMEM;
	while ((hop = take_nexthop(&at, &left, tb, LS_ARRAY_SIZE(tb))))
		if (decode_hop(dump, &route->hops.hops[route->hops.n++], family, hop, tb) < 0)
			return -ENOMEM;
	ls_hops_sort(&route->hops);
	ls_object_set(&route->object, LS_ROUTE_HOPS);
	return 0;
}

/* What hops have that this program has no word for. */
static void print_hops(struct ls_buf *buf, const struct nlattr *multipath)
{
	const uint8_t *at = ls_attr_data(multipath);
	size_t left = ls_attr_length(multipath);
	const struct nlattr *tb[RTA_ENCAP + 1];

	while (take_nexthop(&at, &left, tb, LS_ARRAY_SIZE(tb)))
		print_realm_and_encap(buf, tb);
}

static void decode_key(struct ls_route *route, const struct rtmsg *info, const struct nlattr *const *tb)
{
	struct ls_object *object = &route->object;

	route->to.ip.family = info->rtm_family;
	(void)ls_attr_ip(tb[RTA_DST], info->rtm_family, &route->to.ip);
	route->to.length = info->rtm_dst_len;
	route->table = tb[RTA_TABLE] ? ls_attr_u32(tb[RTA_TABLE]) : info->rtm_table;
	route->metric = ls_attr_u32(tb[RTA_PRIORITY]);
	object->set |= LS_BIT(LS_ROUTE_TO) | LS_BIT(LS_ROUTE_TABLE) | LS_BIT(LS_ROUTE_METRIC);
	if (info->rtm_family == AF_INET) {
		route->tos = info->rtm_tos;
		ls_object_set(object, LS_ROUTE_TOS);
	}
}

static int decode_way(
	const struct ls_dump *dump, struct ls_route *route, const struct rtmsg *info, const struct nlattr *const *tb)
{
	struct ls_object *object = &route->object;
	uint32_t index = ls_attr_u32(tb[RTA_OIF]);

	if (ls_attr_ip(tb[RTA_PREFSRC], info->rtm_family, &route->src))
		ls_object_set(object, LS_ROUTE_SRC);
	if (tb[RTA_NH_ID]) { /* what it leads to is told as well (blackhole, too), but is not the route's own */
		route->type = LS_ROUTE_UNICAST;
		route->nexthop = ls_attr_u32(tb[RTA_NH_ID]);
		ls_object_set(object, LS_ROUTE_NEXTHOP);
		return 0;
	}
	if (index && !is_reject(route->type)) {
		route->dev = ls_dump_link(dump, index);
		if (!route->dev)
			return -ENOMEM;
		ls_object_set(object, LS_ROUTE_DEV);
	}
	if (decode_gateway(&route->via, info->rtm_family, tb))
		ls_object_set(object, LS_ROUTE_VIA);
	if (info->rtm_flags & RTNH_F_ONLINK) {
		route->onlink = 1;
		ls_object_set(object, LS_ROUTE_ONLINK);
	}
	return 0;
}

static void decode_nature(struct ls_route *route, const struct rtmsg *info)
{
	struct ls_object *object = &route->object;

	route->type = type_from_kernel(info->rtm_type);
	route->protocol = info->rtm_protocol;
	object->set |= LS_BIT(LS_ROUTE_TYPE) | LS_BIT(LS_ROUTE_PROTOCOL);
	if (info->rtm_family == AF_INET) {
		route->scope = ls_scope_from_kernel(info->rtm_scope);
		ls_object_set(object, LS_ROUTE_SCOPE);
	}
	switch (info->rtm_protocol) {
	case LS_MARK_PROTOCOL:
		object->owner = LS_OWNER_OURS;
		break;
	case RTPROT_KERNEL:
	case RTPROT_RA:
	case RTPROT_REDIRECT:
		object->owner = LS_OWNER_DERIVED;
		break;
	}
}

static void decode_metrics(struct ls_buf *buf, struct ls_route *route, const struct nlattr *metrics)
{
	const struct nlattr *tb[RTAX_MAX + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(metrics), ls_attr_length(metrics));
	if (tb[RTAX_MTU]) {
		route->mtu = ls_attr_u32(tb[RTAX_MTU]);
		ls_object_set(&route->object, LS_ROUTE_MTU);
	}
	print_metrics(buf, tb);
}

/* Source prefixes are not of our making, whatever the protocol says. */
static bool has_siblings(const struct ls_route *route, const struct nlattr *const *tb, bool split)
{
	return tb[RTA_MULTIPATH] && route->to.ip.family == AF_INET6 &&
	       (split || route->object.owner == LS_OWNER_OURS) && !tb[RTA_NH_ID] && !tb[RTA_SRC];
}

static int decode_rest(struct ls_dump *dump, struct ls_route *route, const struct rtmsg *info,
	const struct nlattr *const *tb, uint64_t seen, bool split)
{
	bool has_hops = tb[RTA_MULTIPATH] && !has_siblings(route, tb, split) && !tb[RTA_NH_ID];
	struct ls_buf *buf = &dump->text;

	if (has_hops && decode_hops(dump, route, info->rtm_family, tb[RTA_MULTIPATH]) < 0)
		return -ENOMEM;
	if (!(seen & ~PLAIN_ATTRS) && !has_hops)
		return 0;
	buf->length = 0;
	print_other(buf, info, tb, seen);
	if (has_hops)
		print_hops(buf, tb[RTA_MULTIPATH]);
	if (tb[RTA_METRICS])
		decode_metrics(buf, route, tb[RTA_METRICS]);
	return keep_text(dump, route, LS_ROUTE_OTHER, &route->other);
}

/* ---- dump: the next hops of an IPv6 route of ours ---------------------------------------------------------------- */

/* Key and type are common to all; the rest that was told (protocol, source, metrics) is the first one's alone. */
static void forget_first(struct ls_route *route)
{
	route->object.owner = LS_OWNER_FOREIGN;
	route->object.set &=
		LS_BIT(LS_ROUTE_TO) | LS_BIT(LS_ROUTE_TABLE) | LS_BIT(LS_ROUTE_METRIC) | LS_BIT(LS_ROUTE_TYPE);
	route->protocol = RTPROT_UNSPEC;
	ls_object_set(&route->object, LS_ROUTE_PROTOCOL);
}

static int keep_sibling_text(struct ls_dump *dump, struct ls_route *route, const struct nlattr *const *tb)
{
	struct ls_buf *buf = &dump->text;

	buf->length = 0;
	if (ls_object_has(&route->object, LS_ROUTE_OTHER))
		print_item(buf, route->other);
	print_realm_and_encap(buf, tb);
	return keep_text(dump, route, LS_ROUTE_OTHER, &route->other);
}

static int decode_sibling(
	struct ls_dump *dump, struct ls_route *route, const struct rtnexthop *hop, const struct nlattr *const *tb)
{
	struct ls_object *object = &route->object;

	object->flags |= LS_OBJECT_SIBLING;
	if (hop->rtnh_hops) {
		route->weight = hop->rtnh_hops + 1u;
		ls_object_set(object, LS_ROUTE_WEIGHT);
	}
	if (hop->rtnh_ifindex > 0) {
		route->dev = ls_dump_link(dump, (uint32_t)hop->rtnh_ifindex);
		if (!route->dev)
			return -ENOMEM;
		ls_object_set(object, LS_ROUTE_DEV);
	}
	if (decode_gateway(&route->via, AF_INET6, tb))
		ls_object_set(object, LS_ROUTE_VIA);
	if (hop->rtnh_flags & RTNH_F_ONLINK) {
		route->onlink = 1;
		ls_object_set(object, LS_ROUTE_ONLINK);
	}
	return keep_sibling_text(dump, route, tb) < 0 ? -ENOMEM : ls_set_add(dump->set, object);
}

/* `first` has all but the next hop. */
static int decode_siblings(struct ls_dump *dump, struct ls_route *first, const struct nlattr *multipath)
{
	const uint8_t *at = ls_attr_data(multipath);
	const struct nlattr *tb[RTA_ENCAP + 1];
	size_t left = ls_attr_length(multipath);
	struct ls_route *route = first, common = *first;
	const struct rtnexthop *hop;

	forget_first(&common);
	while ((hop = take_nexthop(&at, &left, tb, LS_ARRAY_SIZE(tb)))) {
		if (!route)
			route = ls_arena_copy(dump->set->arena, &common, sizeof(common));
		if (!route || decode_sibling(dump, route, hop, tb) < 0)
			return -ENOMEM;
		route = NULL;
	}
	return 0;
}

/* ---- dump: all of it --------------------------------------------------------------------------------------------- */

/* Cached routes (exceptions, redirects) are nobody's configuration; a kernel that filters does not send them. */
static bool is_wanted(const struct rtmsg *info)
{
	if (info->rtm_family != AF_INET && info->rtm_family != AF_INET6)
		return false;
	return !(info->rtm_flags & RTM_F_CLONED) && info->rtm_dst_len <= ls_ip_bits(info->rtm_family) &&
	       info->rtm_src_len <= ls_ip_bits(info->rtm_family);
}

static int decode(struct ls_dump *dump, const struct nlmsghdr *message, bool split)
{
	const struct rtmsg *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[RTA_MAX + 8]; /* and some that are younger than this program, to notice them */
	struct ls_route *route;
	const void *attrs;
	size_t length;
	uint64_t seen;

	if (message->nlmsg_type != RTM_NEWROUTE || !ls_attrs_of(message, sizeof(*info), &attrs, &length) ||
		!is_wanted(info))
		return 0;
	seen = ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	route = (struct ls_route *)ls_object_new(dump->set->arena, &ls_kind_route);
	if (!route)
		return -ENOMEM;
	decode_key(route, info, tb);
	decode_nature(route, info);
	if (decode_way(dump, route, info, tb) < 0 || decode_rest(dump, route, info, tb, seen, split) < 0)
		return -ENOMEM;
	if (has_siblings(route, tb, split))
		return decode_siblings(dump, route, tb[RTA_MULTIPATH]);
	if (route->object.owner != LS_OWNER_OURS && ls_dump_keep_raw(dump, &route->object, message) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &route->object);
}

int ls_route_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	return decode(dump, message, false);
}

int ls_route_split(struct ls_kernel *kernel, const struct ls_route *route, struct ls_set *set)
{
	struct ls_dump dump;
	int r;

	if (!route->object.raw || !ls_object_has(&route->object, LS_ROUTE_HOPS) || route->to.ip.family != AF_INET6)
		return -EINVAL;
	ls_dump_begin(&dump, kernel, set);
	r = decode(&dump, route->object.raw, true);
	ls_dump_done(&dump);
	return r;
}

static int route_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return ls_dump_families(kernel, RTM_GETROUTE, sizeof(struct rtmsg), ls_route_decode, ret, err);
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
		.rtm_type = types[route->type],
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

	if (route->type >= LS_ARRAY_SIZE(types))
		return ls_error_set(err, -EINVAL, "routes of this type cannot be made or deleted");
	if (has(route, LS_ROUTE_DEV) && !is_reject(route->type)) {
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
	.dump = route_dump,
	.encode = route_encode,
};
