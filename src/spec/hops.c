/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of what routes lead to: next hops of multipath routes, nexthop objects, and static neighbours.
 */
#include "host.h"

#include <string.h>
#include <sys/socket.h>

const struct ls_word ls_family_words[] = {
	{ "ipv4", AF_INET },
	{ "ipv6", AF_INET6 },
	{ NULL, 0 },
};

/* ---- multipath --------------------------------------------------------------------------------------------------- */

static void finish_hop(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_spec_hop *hop = target;

	if (seen->bad)
		return;
	if (!hop->via_mark.line && !hop->interface_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the next hop has neither 'via' nor 'interface'; it needs one to lead anywhere");
	else if (hop->onlink && !hop->via_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the next hop has 'on_link' but no 'via'; name the address that is on the link");
	else if (!hop->interface_mark.line && hop->via.family == AF_INET6 &&
		 (hop->onlink || ls_ip_is_link_local(&hop->via)))
		ls_report_error(decoder->report, mark, "missing",
			"the next hop has no 'interface': it needs one to say on which link it is");
}

static const struct ls_key hop_keys[] = {
	{ LS_NAME("via"), LS_AT(ls_spec_hop, via), LS_MARK(ls_spec_hop, via_mark), LS_IP },
	{ LS_NAME("interface"), LS_AT(ls_spec_hop, interface), LS_MARK(ls_spec_hop, interface_mark),
		LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("weight"), LS_AT(ls_spec_hop, weight), LS_NUMBER(1, 256) },
	{ LS_NAME("on_link"), LS_AT(ls_spec_hop, onlink), LS_BOOL },
};

const struct ls_mapping ls_hop_mapping = {
	.what = "a next hop",
	.keys = hop_keys,
	.n_keys = LS_ARRAY_SIZE(hop_keys),
	.size = sizeof(struct ls_spec_hop),
	.defaults = &(const struct ls_spec_hop){ .weight = 1 },
	.finish = finish_hop,
	.rules = ls_rules_hop,
};

/* ---- nexthop objects --------------------------------------------------------------------------------------------- */

static void check_single(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_spec_nexthop *nexthop)
{
	if (!nexthop->interface_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the nexthop has no 'interface' (nor 'blackhole' or 'group'); it needs one to lead anywhere");
	else if (nexthop->onlink && !nexthop->via_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the nexthop has 'on_link' but no 'via'; name the address that is on the link");
	else if (!nexthop->via_mark.line && !nexthop->family)
		ls_report_error(decoder->report, mark, "missing",
			"the nexthop has no 'via', so it needs a 'family': ipv4 or ipv6");
	else if (nexthop->family && nexthop->via.family && nexthop->family != nexthop->via.family)
		ls_report_error(decoder->report, nexthop->via_mark, "type", "'via' is not of the nexthop's 'family'");
}

/* Key that a blackhole or a group cannot have, or NULL. */
static const char *needless_key(const struct ls_spec_nexthop *nexthop)
{
	if (nexthop->via_mark.line)
		return "via";
	if (nexthop->interface_mark.line)
		return "interface";
	return nexthop->onlink ? "on_link" : NULL;
}

static void finish_nexthop(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_spec_nexthop *nexthop = target;
	bool group = nexthop->group_mark.line, other = group || nexthop->blackhole;
	const char *needless = other ? needless_key(nexthop) : NULL;

	if (seen->bad)
		return;
	if (group && nexthop->blackhole)
		ls_report_error(decoder->report, nexthop->group_mark, "range",
			"'group' does not go with 'blackhole'; remove one");
	else if (needless)
		ls_report_error(decoder->report, mark, "range", "'%s' does not go with '%s'; remove one", needless,
			group ? "group" : "blackhole");
	else if (group && nexthop->family)
		ls_report_error(
			decoder->report, mark, "range", "'family' does not go with 'group': its members have families");
	else if (group && nexthop->n_members == 0)
		ls_report_error(decoder->report, nexthop->group_mark, "missing", "the group has no members; name some");
	else if (nexthop->blackhole && !nexthop->family)
		ls_report_error(decoder->report, mark, "missing", "a blackhole needs a 'family': ipv4 or ipv6");
	else if (!other)
		check_single(decoder, mark, nexthop);
}

static const struct ls_key member_keys[] = {
	{ LS_NAME("id"), LS_AT(ls_spec_member, id), LS_NUMBER(1, UINT32_MAX), .needed = LS_ALWAYS },
	{ LS_NAME("weight"), LS_AT(ls_spec_member, weight), LS_NUMBER(1, 256) },
};

static const struct ls_mapping member_mapping = {
	.what = "a member",
	.keys = member_keys,
	.n_keys = LS_ARRAY_SIZE(member_keys),
	.size = sizeof(struct ls_spec_member),
	.defaults = &(const struct ls_spec_member){ .weight = 1 },
	.shorthand = &member_keys[0],
};

static const struct ls_key nexthop_keys[] = {
	{ LS_NAME("id"), LS_AT(ls_spec_nexthop, id), LS_MARK(ls_spec_nexthop, id_mark), LS_NUMBER(1, UINT32_MAX),
		.needed = LS_ALWAYS },
	{ LS_NAME("via"), LS_AT(ls_spec_nexthop, via), LS_MARK(ls_spec_nexthop, via_mark), LS_IP },
	{ LS_NAME("interface"), LS_AT(ls_spec_nexthop, interface), LS_MARK(ls_spec_nexthop, interface_mark),
		LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("on_link"), LS_AT(ls_spec_nexthop, onlink), LS_BOOL },
	{ LS_NAME("family"), LS_AT(ls_spec_nexthop, family), LS_WORD(ls_family_words) },
	{ LS_NAME("blackhole"), LS_AT(ls_spec_nexthop, blackhole), LS_MARK(ls_spec_nexthop, blackhole_mark), LS_BOOL },
	{ LS_NAME("group"), LS_AT(ls_spec_nexthop, members), LS_PRESENT(ls_spec_nexthop, n_members),
		LS_MARK(ls_spec_nexthop, group_mark), LS_LIST(&member_mapping) },
	{ LS_NAME("adopt"), LS_AT(ls_spec_nexthop, adopt), LS_BOOL },
};

const struct ls_mapping ls_nexthop_mapping = {
	.what = "a nexthop",
	.keys = nexthop_keys,
	.n_keys = LS_ARRAY_SIZE(nexthop_keys),
	.size = sizeof(struct ls_spec_nexthop),
	.finish = finish_nexthop,
	.rules = ls_rules_nexthop,
};

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

static void finish_neighbour(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_spec_neighbour *neighbour = target;

	if (seen->bad)
		return;
	if (neighbour->proxy && neighbour->has_mac)
		ls_report_error(decoder->report, neighbour->mac_mark, "range",
			"'macaddress' does not go with 'proxy': a proxy answers with the link's own; remove one");
	else if (!neighbour->proxy && !neighbour->has_mac)
		ls_report_error(decoder->report, mark, "missing",
			"the neighbour has neither 'macaddress' nor 'proxy: true'; it needs one");
	else if (neighbour->router && neighbour->address.family == AF_INET)
		ls_report_error(decoder->report, mark, "range", "'router' is for IPv6 only (RFC 4861); remove it");
}

static const struct ls_key neighbour_keys[] = {
	{ LS_NAME("interface"), LS_AT(ls_spec_neighbour, interface), LS_MARK(ls_spec_neighbour, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("address"), LS_AT(ls_spec_neighbour, address), LS_MARK(ls_spec_neighbour, address_mark), LS_IP,
		.needed = LS_ALWAYS },
	{ LS_NAME("macaddress"), LS_AT(ls_spec_neighbour, mac), LS_PRESENT(ls_spec_neighbour, has_mac),
		LS_MARK(ls_spec_neighbour, mac_mark), LS_MAC },
	{ LS_NAME("proxy"), LS_AT(ls_spec_neighbour, proxy), LS_BOOL },
	{ LS_NAME("router"), LS_AT(ls_spec_neighbour, router), LS_BOOL },
	{ LS_NAME("adopt"), LS_AT(ls_spec_neighbour, adopt), LS_BOOL },
};

const struct ls_mapping ls_neighbour_mapping = {
	.what = "a neighbour",
	.keys = neighbour_keys,
	.n_keys = LS_ARRAY_SIZE(neighbour_keys),
	.size = sizeof(struct ls_spec_neighbour),
	.finish = finish_neighbour,
	.rules = ls_rules_neighbour,
};
