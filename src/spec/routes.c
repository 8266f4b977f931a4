/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of routes.
 */
#include "host.h"

#include <linkspan/model.h>

#include <string.h>
#include <sys/socket.h>

#define UNICAST LS_VARIANT(LS_ROUTE_UNICAST)

#define TABLE_LOCAL 255u /* RT_TABLE_LOCAL */
#define TO_DEFAULT 255u  /* prefix length that stands for the word until the family is known */

/* ---- single values -------------------------------------------------------------------------------------------------
 */

static int decode_prefix(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	void *value, const char *what)
{
	char excerpt[LS_EXCERPT_MAX], network_text[LS_PREFIX_TEXT_MAX];
	struct ls_prefix to, network;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, what);
	if (r != 0)
		return r;
	if (ls_prefix_parse(event->text, &to) < 0) {
		if (ls_ip_parse(event->text, &to.ip) < 0)
			return ls_decode_refuse(decoder, key, event, what);
		to.length = ls_ip_bits(to.ip.family);
	}
	network = ls_prefix_network(to);
	if (memcmp(&network.ip, &to.ip, sizeof(to.ip)) != 0) {
		ls_report_error(decoder->report, event->mark, "range",
			"'%s' is %s, which has bits set beyond its length; the network is %s", key->name,
			ls_excerpt(event->text, event->length, excerpt), ls_prefix_format(&network, network_text));
		return 1;
	}
	memcpy(value, &to, sizeof(to));
	return 0;
}

int ls_decode_network(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	return decode_prefix(
		decoder, key, event, value, "a network, like 192.0.2.0/24 or 2001:db8::/64, or an address");
}

/* `default` leaves the family to finish_route. */
static int decode_destination(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	const struct ls_prefix to = { .length = TO_DEFAULT };

	if (event->type != LS_YAML_SCALAR || strcmp(event->text, "default") != 0)
		return decode_prefix(decoder, key, event, value,
			"a network, like 192.0.2.0/24 or 2001:db8::/64, an address, or default");
	memcpy(value, &to, sizeof(to));
	return 0;
}

int ls_decode_table_below(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	void *value, uint32_t reserved, const char *why)
{
	uint32_t table;
	int r;

	r = ls_decode_number(decoder, key, event, &table);
	if (r != 0)
		return r;
	if (table >= reserved && table <= TABLE_LOCAL) {
		ls_report_error(
			decoder->report, event->mark, "range", "'%s' is %u, %s; take another", key->name, table, why);
		return 1;
	}
	memcpy(value, &table, sizeof(table));
	return 0;
}

int ls_decode_table(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	return ls_decode_table_below(
		decoder, key, event, value, TABLE_LOCAL, "the table of the kernel's own local routes");
}

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static void check_route_family(struct ls_decoder *decoder, const struct ls_spec_route *route, struct ls_mark mark,
	const char *key, const struct ls_ip *ip)
{
	if (ip->family != 0 && ip->family != route->to.ip.family)
		ls_report_error(decoder->report, mark, "type", "'%s' is an %s address, but the route is for %s", key,
			ls_ip_family_name(ip->family), ls_ip_family_name(route->to.ip.family));
}

/* The family of the word `default`; 0 where what tells it is bad. */
static void find_default_family(struct ls_decoder *decoder, struct ls_spec_route *route)
{
	route->to.length = 0;
	route->to.ip.family = route->via.family ? route->via.family : route->src.family;
	for (size_t i = 0; i < route->n_hops && !route->to.ip.family; i++)
		route->to.ip.family = route->hops[i].via.family;
	if (!route->via_mark.line && !route->src_mark.line && !route->n_hops)
		ls_report_error(decoder->report, route->to_mark, "missing",
			"'to: default' has no family without 'via' or 'source'; write 0.0.0.0/0 or ::/0");
}

/* One of three says where the route leads. True if it is not `via` or `interface`. */
static bool check_ways(struct ls_decoder *decoder, const struct ls_spec_route *route)
{
	bool hops = route->multipath_mark.line, id = route->nexthop_mark.line;
	bool single = route->via_mark.line || route->interface_mark.line;

	if (hops && (single || id))
		ls_report_error(decoder->report, route->multipath_mark, "range",
			"'multipath' does not go with '%s'; it says by itself where the route leads",
			single ? route->via_mark.line ? "via" : "interface" : "nexthop");
	else if (id && single)
		ls_report_error(decoder->report, route->nexthop_mark, "range",
			"'nexthop' does not go with '%s'; the entry of 'nexthops' says where the route leads",
			route->via_mark.line ? "via" : "interface");
	else if ((hops || id) && route->onlink)
		ls_report_error(decoder->report, hops ? route->multipath_mark : route->nexthop_mark, "range",
			"'%s' does not go with 'on_link'; say it of the %s", hops ? "multipath" : "nexthop",
			hops ? "next hops" : "entry of 'nexthops'");
	return hops || id;
}

static void check_unicast(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_spec_route *route)
{
	if (check_ways(decoder, route))
		return;
	if (!route->via_mark.line && !route->interface_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the route has neither 'via' nor 'interface' (nor 'multipath' or 'nexthop'); it needs one to "
			"lead "
			"anywhere");
	else if (route->onlink && !route->via_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the route has 'on_link' but no 'via'; name the next hop that is on the link");
	else if ((ls_ip_is_link_local(&route->via) || route->onlink) && route->via.family == AF_INET6 &&
		 !route->interface_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the route has no 'interface': it needs one to say on which link its next hop is");
}

static void finish_route(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_route *route = target;

	if (route->to.length == TO_DEFAULT)
		find_default_family(decoder, route);
	if (route->to.ip.family != 0) {
		check_route_family(decoder, route, route->via_mark, "via", &route->via);
		check_route_family(decoder, route, route->src_mark, "source", &route->src);
		for (size_t i = 0; i < route->n_hops; i++)
			check_route_family(decoder, route, route->hops[i].via_mark, "via", &route->hops[i].via);
	}
	if (seen->variant & UNICAST)
		check_unicast(decoder, mark, route);
	if (route->multipath_mark.line && !route->n_hops && !seen->bad)
		ls_report_error(decoder->report, route->multipath_mark, "missing",
			"the route has no next hops in 'multipath'; name some");
	if (route->mtu && route->mtu < LS_IPV6_MTU_MIN && route->to.ip.family == AF_INET6)
		ls_report_error(decoder->report, mark, "range", "the route's 'mtu' is %u, but IPv6 needs %u (RFC 8200)",
			route->mtu, LS_IPV6_MTU_MIN);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_word route_types[] = {
	{ "unicast", LS_ROUTE_UNICAST },
	{ "blackhole", LS_ROUTE_BLACKHOLE },
	{ "unreachable", LS_ROUTE_UNREACHABLE },
	{ "prohibit", LS_ROUTE_PROHIBIT },
	{ NULL, 0 },
};

static const struct ls_key route_keys[] = {
	{ LS_NAME("type"), LS_AT(ls_spec_route, type), LS_WORD(route_types) },
	{ LS_NAME("to"), LS_AT(ls_spec_route, to), LS_MARK(ls_spec_route, to_mark), .decode = decode_destination,
		.needed = LS_ALWAYS },
	{ LS_NAME("via"), LS_AT(ls_spec_route, via), LS_MARK(ls_spec_route, via_mark), LS_IP, .only = UNICAST },
	{ LS_NAME("interface"), LS_AT(ls_spec_route, interface), LS_MARK(ls_spec_route, interface_mark),
		LS_TEXT(ls_check_interface_name), .only = UNICAST },
	{ LS_NAME("metric"), LS_AT(ls_spec_route, metric), LS_PRESENT(ls_spec_route, has_metric),
		LS_NUMBER(0, UINT32_MAX) },
	{ LS_NAME("table"), LS_AT(ls_spec_route, table), .decode = ls_decode_table, .min = 1, .max = UINT32_MAX },
	{ LS_NAME("source"), LS_AT(ls_spec_route, src), LS_MARK(ls_spec_route, src_mark), LS_IP, .only = UNICAST },
	{ LS_NAME("mtu"), LS_AT(ls_spec_route, mtu), LS_NUMBER(68, 65535) },
	{ LS_NAME("on_link"), LS_AT(ls_spec_route, onlink), LS_BOOL, .only = UNICAST },
	{ LS_NAME("multipath"), LS_AT(ls_spec_route, hops), LS_PRESENT(ls_spec_route, n_hops),
		LS_MARK(ls_spec_route, multipath_mark), LS_LIST(&ls_hop_mapping), .only = UNICAST },
	{ LS_NAME("nexthop"), LS_AT(ls_spec_route, nexthop), LS_MARK(ls_spec_route, nexthop_mark),
		LS_NUMBER(1, UINT32_MAX), .only = UNICAST },
	{ LS_NAME("adopt"), LS_AT(ls_spec_route, adopt), LS_BOOL },
};

const struct ls_mapping ls_route_mapping = {
	.what = "a route",
	.keys = route_keys,
	.n_keys = LS_ARRAY_SIZE(route_keys),
	.size = sizeof(struct ls_spec_route),
	.defaults = &(const struct ls_spec_route){ .table = 254 },
	.variant = &route_keys[0],
	.finish = finish_route,
	.rules = ls_rules_route,
};

/* ---- forms ------------------------------------------------------------------------------------------------------- */

#define PATTERN_NETWORK LS_PATTERN_IPV4 "(/" LS_PATTERN_LENGTH4 ")?|" LS_PATTERN_IPV6 "(/" LS_PATTERN_LENGTH6 ")?"

const struct ls_reader_form ls_route_forms[] = {
	{ ls_decode_network, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "network",
			.about = "a network, or an address",
			.pattern = "^(" PATTERN_NETWORK ")$" } },
	{ decode_destination, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "destination",
			.about = "a network, an address, or default",
			.pattern = "^(default|" PATTERN_NETWORK ")$" } },
	{ ls_decode_table, NULL, { .type = LS_FORM_NUMBER, .rules = "{'not': {'const': 255}}" } },
	{ 0 },
};
