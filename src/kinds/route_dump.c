/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading routes. What a route has and this program has no word for is kept as text. A multipath route is one object,
 * but for IPv6 ones whose first hop is ours: those are as many objects as hops (see route.c), and so are a stranger's
 * that the record knows some hops of.
 */
#include "route.h"

#include <inttypes.h>
#include <sys/socket.h>

#include <linux/icmpv6.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

static uint8_t type_from_kernel(uint8_t type)
{
	for (size_t i = 0; i < LS_N_ROUTE_TYPES; i++)
		if (ls_route_types[i] == type)
			return (uint8_t)i;
	return LS_ROUTE_OTHER_TYPE;
}

/* ---- dump: text for what has no attribute ------------------------------------------------------------------------ */

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
	if (index && !ls_route_is_reject(route->type)) {
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
	dump->kernel->hides_marks |= tb[RTA_MULTIPATH] && info->rtm_family == AF_INET6;
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

int ls_route_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return ls_dump_families(kernel, RTM_GETROUTE, sizeof(struct rtmsg), ls_route_decode, ret, err);
}

/* ---- claims ------------------------------------------------------------------------------------------------------ */

static bool is_multipath6(const struct ls_route *route)
{
	return ls_object_has(&route->object, LS_ROUTE_HOPS) && route->to.ip.family == AF_INET6;
}

static bool leads_by(const struct ls_route *route, const struct ls_route *hop)
{
	for (size_t i = 0; is_multipath6(route) && i < route->hops.n; i++)
		if (route->hops.hops[i].dev && ls_object_has(&hop->object, LS_ROUTE_DEV) &&
			!memcmp(&route->hops.hops[i].via, &hop->via, sizeof(hop->via)) &&
			!strcmp(route->hops.hops[i].dev, hop->dev))
			return true;
	return false;
}

/* Ours can stand behind a stranger's hop, which is told first then: as if all of it were the stranger's. */
static void split_strangers(struct ls_kernel *kernel, const struct ls_object *made, struct ls_set *actual)
{
	for (size_t i = ls_set_lower(actual, made);
		i < actual->n_objects && !ls_object_compare(actual->objects[i], made); i++) {
		const struct ls_route *route = (const struct ls_route *)actual->objects[i];

		if (!leads_by(route, (const struct ls_route *)made) || ls_route_split(kernel, route, actual) < 0)
			continue;
		ls_set_remove(actual, i);
		ls_set_sort(actual);
		return;
	}
}

static void claim_hop(const struct ls_object *made, struct ls_set *actual)
{
	for (size_t i = ls_set_lower(actual, made);
		i < actual->n_objects && !ls_object_compare(actual->objects[i], made); i++) {
		struct ls_route *route = (struct ls_route *)actual->objects[i];

		if (!(route->object.flags & LS_OBJECT_SIBLING) || route->object.owner == LS_OWNER_OURS ||
			!ls_route_same_hop((const struct ls_route *)made, route))
			continue;
		/* The rest is not told: it is as we made it. */
		route->src = ((const struct ls_route *)made)->src;
		route->mtu = ((const struct ls_route *)made)->mtu;
		route->object.set |= made->set & (LS_BIT(LS_ROUTE_SRC) | LS_BIT(LS_ROUTE_MTU));
		route->object.owner = LS_OWNER_OURS;
		route->protocol = LS_MARK_PROTOCOL;
		return;
	}
}

void ls_route_claim(struct ls_kernel *kernel, const struct ls_object *made, struct ls_set *actual)
{
	if (!(made->flags & LS_OBJECT_SIBLING))
		return;
	split_strangers(kernel, made, actual);
	claim_hop(made, actual);
}
