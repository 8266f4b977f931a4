/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy rules, neighbours, nexthop objects and multipath routes in a spec: well written, and every mistake. */
#include "support.h"

#include <linkspan/model.h>

#include <sys/socket.h>

#define RULE(text) LINKS "rules:\n- { " text " }\n"
#define NEIGHBOUR(text) LINKS "neighbours:\n- { " text " }\n"
#define NEXTHOP(text) LINKS "nexthops:\n- { " text " }\n"
#define ROUTE(text) LINKS "routes:\n- { " text " }\n"

#define expect_mark(mark_, line_, column_) \
	cr_expect((mark_).line == (line_) && (mark_).column == (column_), "%u:%u", (mark_).line, (mark_).column)

/* ---- rules ------------------------------------------------------------------------------------------------------- */

Test(rules, every_key_is_read)
{
	PARSED parsed = parse_valid(LINKS
		"rules:\n"
		"- { priority: 100, from: 192.0.2.0/24, to: 198.51.100.1, iif: eth0, oif: eth1, table: 0xffffffff,\n"
		"    fwmark: 0x10, fwmask: 0xf0, uid_range: 1000-1999, invert: true, suppress_prefix_length: 0 }\n"
		"- { priority: 0, family: ipv6, l3mdev: true }\n"
		"- { priority: 4294967295, family: ipv4, type: prohibit, fwmark: 1 }\n"
		"- { priority: 5, to: \"2001:db8::/32\", type: blackhole, iif: lo, uid_range: 0 }\n"
		"- { priority: 6, from: 0.0.0.0/0, type: unreachable, fwmark: 0, fwmask: 1 }\n");
	const struct ls_spec_rule *at = parsed.spec->rules;

	cr_assert_eq(parsed.spec->n_rules, 5);
	cr_expect_eq(at[0].type, LS_RULE_LOOKUP, "lookup is the default");
	cr_expect_eq(at[0].priority, 100);
	cr_expect_str_eq(prefix_text(&at[0].from), "192.0.2.0/24");
	cr_expect_str_eq(prefix_text(&at[0].to), "198.51.100.1/32");
	cr_expect_str_eq(at[0].iif, "eth0");
	cr_expect_str_eq(at[0].oif, "eth1");
	cr_expect_eq(at[0].table, UINT32_MAX);
	cr_expect(at[0].has_fwmark && at[0].fwmark == 0x10 && at[0].fwmask == 0xf0);
	cr_expect(at[0].has_uids && at[0].uid_start == 1000 && at[0].uid_end == 1999);
	cr_expect(at[0].invert && at[0].has_suppress && at[0].suppress_prefix_length == 0);
	cr_expect_eq(at[0].family, AF_INET, "told by from");
	expect_mark(at[0].mark, 8, 3);
	expect_mark(at[0].priority_mark, 8, 15);
	expect_mark(at[0].from_mark, 8, 26);
	expect_mark(at[0].iif_mark, 8, 63);
	expect_mark(at[0].table_mark, 8, 87);
	cr_expect(at[1].family == AF_INET6 && at[1].l3mdev && at[1].table == 0);
	cr_expect_eq(at[2].type, LS_RULE_PROHIBIT);
	cr_expect_eq(at[2].fwmask, UINT32_MAX, "all bits of a mark count");
	cr_expect_eq(at[3].family, AF_INET6, "told by to");
	cr_expect_eq(at[3].type, LS_RULE_BLACKHOLE);
	cr_expect(at[3].has_uids && at[3].uid_start == 0 && at[3].uid_end == 0, "one user is a range");
	cr_expect_str_eq(at[3].iif, "lo", "what the host sends itself, whether the spec has lo or not");
	cr_expect(at[4].has_fwmark && at[4].fwmark == 0 && at[4].fwmask == 1, "packets without that bit");
	cr_expect_eq(at[4].from.length, 0);
}

Test(rules, keys_that_are_missing)
{
	EXPECT_ERRORS({ RULE("from: 192.0.2.0/24, table: 5"), "missing", 8, 3, "'priority'" },
		{ RULE("priority: 5, table: 5"), "missing", 8, 3, "needs a 'family'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, iif: eth0"), "missing", 8, 3, "no 'table'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, fwmask: 0xff"), "missing", 8, 56, "there is none" });
}

Test(rules, values_that_a_key_does_not_take)
{
	EXPECT_ERRORS({ RULE("priority: x, from: 192.0.2.0/24, table: 5"), "type", 8, 15, "'x'" },
		{ RULE("priority: 4294967296, from: 192.0.2.0/24, table: 5"), "range", 8, 15, "4294967295" },
		{ RULE("priority: -1, from: 192.0.2.0/24, table: 5"), "range", 8, 15, "4294967295" },
		{ RULE("priority: 5, from: 192.0.2.1/24, table: 5"), "range", 8, 24, "192.0.2.0/24" },
		{ RULE("priority: 5, to: default, family: ipv4, table: 5"), "type", 8, 22, "'default'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 0"), "range", 8, 45, "1" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 255"), "range", 8, 45, "local" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: main"), "type", 8, 45, "'main'" },
		{ RULE("priority: 5, family: inet, table: 5"), "range", 8, 26, "'inet'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, type: goto"), "range", 8, 44, "'goto'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, iif: eth0/0"), "range", 8, 53, "'/'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, fwmark: 1, fwmask: 0"), "range", 8, 67, "1" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, uid_range: 5-4"), "range", 8, 59,
			"lower number first" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, uid_range: 5-4294967295"), "range", 8, 59,
			"from 0 to 4294967294" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, uid_range: root"), "type", 8, 59, "'root'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, uid_range: 1-2-3"), "type", 8, 59, "1000-1999" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, uid_range: \"-5\""), "type", 8, 59, "1000-1999" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, suppress_prefix_length: 129"), "range", 8, 72,
			"128" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, suppress_prefix_length: 33"), "range", 8, 3, "32" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, invert: yes"), "type", 8, 56, "true" });
}

Test(rules, keys_that_do_not_go_together)
{
	EXPECT_ERRORS({ RULE("priority: 5, from: 192.0.2.0/24, to: 2001:db8::/32, table: 5"), "type", 8, 42,
			      "different families" },
		{ RULE("priority: 5, family: ipv6, from: 192.0.2.0/24, table: 5"), "type", 8, 38, "'from' is not of" },
		{ RULE("priority: 5, family: ipv4, to: 2001:db8::/32, table: 5"), "type", 8, 36, "'to' is not of" },
		{ RULE("priority: 5, from: 192.0.2.0/24, l3mdev: true, table: 5"), "range", 8, 59, "'l3mdev'" },
		{ RULE("priority: 5, from: 192.0.2.0/24, type: blackhole, table: 5"), "unknown-key", 8, 55,
			"only with lookup" },
		{ RULE("priority: 5, from: 192.0.2.0/24, type: prohibit, l3mdev: true"), "unknown-key", 8, 54,
			"only with lookup" },
		{ RULE("priority: 5, from: 192.0.2.0/24, type: unreachable, suppress_prefix_length: 0"), "unknown-key",
			8, 57, "only with lookup" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, fwmark: 0"), "range", 8, 3, "fwmask" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, fwmark: 0x11, fwmask: 0x10"), "range", 8, 70,
			"no packet would match" });
}

Test(rules, links_are_interfaces_of_the_spec)
{
	EXPECT_ERRORS({ RULE("priority: 5, from: 192.0.2.0/24, table: 5, iif: eht0"), "reference", 8, 53,
			      "did you mean 'eth0'?" },
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5, oif: wan"), "reference", 8, 53,
			"'oif' names 'wan'" });
}

Test(rules, have_a_priority_of_their_own)
{
	EXPECT_ERRORS(
		{ RULE("priority: 5, from: 192.0.2.0/24, table: 5") "- { priority: 5, to: 192.0.2.0/24, table: 6 }\n",
			"duplicate-object", 9, 15, "first is on line 8" },
		{ RULE("priority: 5, family: ipv6, table: 5") "- { priority: 0x5, family: ipv6, table: 6 }\n",
			"duplicate-object", 9, 15, "IPv6 rule with priority 5" });
}

Test(rules, of_two_families_may_have_the_same_priority)
{
	PARSED parsed =
		parse_valid(RULE("priority: 5, family: ipv4, table: 5") "- { priority: 5, family: ipv6, table: 5 }\n");

	cr_expect_eq(parsed.spec->n_rules, 2);
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

Test(neighbours, every_key_is_read)
{
	PARSED parsed = parse_valid(NEIGHBOUR("interface: eth0, address: 192.0.2.9, macaddress: \"02:00:00:00:00:09\", "
					      "adopt: true") "- { interface: eth1, address: \"2001:db8::9\", proxy: "
							     "true, router: true }\n");
	const struct ls_spec_neighbour *at = parsed.spec->neighbours;

	cr_assert_eq(parsed.spec->n_neighbours, 2);
	cr_expect_str_eq(at[0].interface, "eth0");
	cr_expect_str_eq(ip_text(&at[0].address), "192.0.2.9");
	cr_expect(at[0].has_mac && at[0].adopt && !at[0].proxy && !at[0].router);
	cr_expect_arr_eq(at[0].mac.bytes, "\x02\0\0\0\0\x09", 6);
	expect_mark(at[0].mark, 8, 3);
	expect_mark(at[0].interface_mark, 8, 16);
	expect_mark(at[0].address_mark, 8, 31);
	expect_mark(at[0].mac_mark, 8, 54);
	cr_expect(at[1].proxy && at[1].router && !at[1].has_mac && !at[1].adopt);
}

Test(neighbours, mistakes)
{
	EXPECT_ERRORS(
		{ NEIGHBOUR("address: 192.0.2.9, macaddress: \"02:00:00:00:00:09\""), "missing", 8, 3, "'interface'" },
		{ NEIGHBOUR("interface: eth0, macaddress: \"02:00:00:00:00:09\""), "missing", 8, 3, "'address'" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9"), "missing", 8, 3,
			"neither 'macaddress' nor 'proxy: true'" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9/32, macaddress: \"02:00:00:00:00:09\""), "type", 8, 31,
			"without a prefix length" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9, macaddress: 02-00"), "type", 8, 54, "'02-00'" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9, macaddress: \"01:00:00:00:00:09\""), "range", 8, 54,
			"single" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9, proxy: true, macaddress: \"02:00:00:00:00:09\""),
			"range", 8, 67, "does not go with 'proxy'" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9, router: true, macaddress: \"02:00:00:00:00:09\""),
			"range", 8, 3, "IPv6 only" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9, lladdr: x, macaddress: \"02:00:00:00:00:09\""),
			"unknown-key", 8, 42, "'lladdr'" },
		{ NEIGHBOUR("interface: eth7, address: 192.0.2.9, macaddress: \"02:00:00:00:00:09\""), "reference", 8,
			16, "'interface' names 'eth7'" },
		{ NEIGHBOUR("interface: eth0, address: 192.0.2.9, macaddress: \"02:00:00:00:00:09\"") "- { interface: "
												      "eth0, address: "
												      "192.0.2.9, "
												      "macaddress: "
												      "\"02:00:00:00:"
												      "00:0a\" }\n",
			"duplicate-object", 9, 3, "192.0.2.9 of interface 'eth0' is given twice, first on line 8" },
		{ NEIGHBOUR("interface: eth0, address: 224.0.0.1, macaddress: \"02:00:00:00:00:09\""), "address-sane",
			8, 31, "multicast" },
		{ NEIGHBOUR("interface: eth0, address: 127.0.0.1, proxy: true"), "address-sane", 8, 31, "loopback" },
		{ NEIGHBOUR("interface: eth0, address: 0.0.0.0, proxy: true"), "address-sane", 8, 31, "unspecified" },
		{ NEIGHBOUR("interface: eth0, address: \"ff02::1\", proxy: true"), "address-sane", 8, 31,
			"multicast" });
}

Test(neighbours, and_proxies_are_objects_of_their_own)
{
	PARSED parsed = parse_valid(NEIGHBOUR(
		"interface: eth0, address: 192.0.2.9, macaddress: \"02:00:00:00:00:09\"") "- { interface: eth0, "
											  "address: 192.0.2.9, proxy: "
											  "true }\n"
											  "- { interface: eth1, "
											  "address: 192.0.2.9, proxy: "
											  "true }\n");

	cr_expect_eq(parsed.spec->n_neighbours, 3);
}

/* ---- nexthops ---------------------------------------------------------------------------------------------------- */

Test(nexthops, every_key_is_read)
{
	PARSED parsed = parse_valid(NEXTHOP("id: 0xffffffff, via: 192.0.2.9, interface: eth0, on_link: true, adopt: "
					    "true") "- { id: 2, interface: eth1, family: ipv6 }\n"
						    "- { id: 3, blackhole: true, family: ipv4 }\n"
						    "- { id: 4, group: [4294967295, { id: 5, weight: 256 }] }\n"
						    "- { id: 5, via: 192.0.2.8, interface: eth0, family: ipv4 }\n");
	const struct ls_spec_nexthop *at = parsed.spec->nexthops;

	cr_assert_eq(parsed.spec->n_nexthops, 5);
	cr_expect_eq(at[0].id, UINT32_MAX);
	cr_expect_str_eq(ip_text(&at[0].via), "192.0.2.9");
	cr_expect_str_eq(at[0].interface, "eth0");
	cr_expect(at[0].onlink && at[0].adopt && !at[0].blackhole && at[0].n_members == 0);
	expect_mark(at[0].mark, 8, 3);
	expect_mark(at[0].id_mark, 8, 9);
	expect_mark(at[0].via_mark, 8, 26);
	expect_mark(at[0].interface_mark, 8, 48);
	cr_expect_eq(at[1].family, AF_INET6);
	cr_expect(at[2].blackhole && at[2].family == AF_INET);
	cr_assert_eq(at[3].n_members, 2);
	cr_expect(at[3].members[0].id == UINT32_MAX && at[3].members[0].weight == 1);
	cr_expect(at[3].members[1].id == 5 && at[3].members[1].weight == 256);
	expect_mark(at[3].group_mark, 11, 19);
	expect_mark(at[3].members[1].mark, 11, 32);
}

Test(nexthops, mistakes)
{
	EXPECT_ERRORS({ NEXTHOP("via: 192.0.2.9, interface: eth0"), "missing", 8, 3, "'id'" },
		{ NEXTHOP("id: 0, via: 192.0.2.9, interface: eth0"), "range", 8, 9, "1" },
		{ NEXTHOP("id: a, via: 192.0.2.9, interface: eth0"), "type", 8, 9, "'a'" },
		{ NEXTHOP("id: 1, via: 192.0.2.9"), "missing", 8, 3, "no 'interface'" },
		{ NEXTHOP("id: 1, interface: eth0"), "missing", 8, 3, "needs a 'family'" },
		{ NEXTHOP("id: 1, interface: eth0, family: ipv4, on_link: true"), "missing", 8, 3,
			"'on_link' but no 'via'" },
		{ NEXTHOP("id: 1, interface: eth0, family: ipv6, via: 192.0.2.9"), "type", 8, 48, "'family'" },
		{ NEXTHOP("id: 1, interface: eth0, family: ipv6, blackhole: true"), "range", 8, 3,
			"'interface' does not go with 'blackhole'" },
		{ NEXTHOP("id: 1, via: 192.0.2.9, blackhole: true"), "range", 8, 3,
			"'via' does not go with 'blackhole'" },
		{ NEXTHOP("id: 1, blackhole: true"), "missing", 8, 3, "needs a 'family'" },
		{ NEXTHOP("id: 1, blackhole: true, group: [9]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n",
			"range", 8, 36, "'group' does not go with 'blackhole'" },
		{ NEXTHOP("id: 1, on_link: true, group: [9]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n", "range",
			8, 3, "'on_link' does not go with 'group'" },
		{ NEXTHOP("id: 1, family: ipv4, group: [9]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n", "range",
			8, 3, "its members have families" },
		{ NEXTHOP("id: 1, group: []"), "missing", 8, 19, "no members" },
		{ NEXTHOP("id: 1, group: 9") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n", "type", 8, 19,
			"even if of one" },
		{ NEXTHOP("id: 1, group: [{ id: 9, weight: 0 }]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n",
			"range", 8, 37, "256" },
		{ NEXTHOP("id: 1, group: [{ id: 9, weight: 257 }]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n",
			"range", 8, 37, "256" },
		{ NEXTHOP("id: 1, group: [{ weight: 2 }]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n", "missing",
			8, 20, "'id'" },
		{ NEXTHOP("id: 1, via: 192.0.2.9, interface: eth7"), "reference", 8, 39, "'eth7'" },
		{ NEXTHOP("id: 1, via: 127.0.0.1, interface: eth0"), "address-sane", 8, 17, "loopback" },
		{ NEXTHOP("id: 1, via: \"::\", interface: eth0"), "address-sane", 8, 17, "unspecified" },
		{ NEXTHOP("id: 1, via: 192.0.2.9, interface: eth0") "- { id: 1, via: 192.0.2.8, interface: eth0 }\n",
			"duplicate-object", 9, 9, "first is on line 8" });
}

Test(nexthops, members_of_groups_are_nexthops_of_the_spec)
{
	EXPECT_ERRORS({ NEXTHOP("id: 1, group: [9, 8]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n", "reference",
			      8, 23, "the nexthop 8, but" },
		{ NEXTHOP("id: 1, group: [1]"), "reference", 8, 20, "(line 8), a group" },
		{ NEXTHOP("id: 1, group: [9]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n- { id: 2, group: [1] "
					       "}\n",
			"reference", 10, 20, "(line 8), a group" },
		{ NEXTHOP("id: 1, group: [9, { id: 9, weight: 2 }]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n",
			"duplicate-object", 8, 23, "first on line 8" },
		{ NEXTHOP("id: 1, group: [9, 8]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n- { id: 8, interface: "
						  "eth0, family: ipv6 }\n",
			"type", 8, 23, "another family" },
		{ NEXTHOP("id: 1, group: [9, 8]") "- { id: 9, via: 192.0.2.9, interface: eth0 }\n- { id: 8, blackhole: "
						  "true, family: ipv4 }\n",
			"reference", 8, 23, "a blackhole" });
}

Test(nexthops, a_group_of_a_single_blackhole_is_fine)
{
	PARSED parsed = parse_valid(NEXTHOP("id: 1, group: [2]") "- { id: 2, blackhole: true, family: ipv4 }\n");

	cr_expect_eq(parsed.spec->n_nexthops, 2);
}

/* ---- routes of several next hops, or of a nexthop object --------------------------------------------------------- */

Test(multipath, every_key_is_read)
{
	PARSED parsed = parse_valid(
		LINKS "routes:\n"
		      "- { to: 10.0.0.0/8, multipath: [{ via: 192.0.2.1 }, { interface: eth1, weight: 256 },\n"
		      "    { via: 203.0.113.1, interface: eth0, on_link: true, weight: 3 }], adopt: true }\n"
		      "- { to: default, multipath: [{ via: \"fe80::1\", interface: eth0 }] }\n"
		      "- { to: 10.1.0.0/16, nexthop: 0x10 }\n"
		      "nexthops: [{ id: 16, via: 192.0.2.1, interface: eth0 }]\n");
	const struct ls_spec_route *at = parsed.spec->routes;

	cr_assert_eq(parsed.spec->n_routes, 3);
	cr_assert_eq(at[0].n_hops, 3);
	cr_expect_str_eq(ip_text(&at[0].hops[0].via), "192.0.2.1");
	cr_expect_eq(at[0].hops[0].weight, 1, "the default");
	cr_expect_null(at[0].hops[0].interface);
	cr_expect_str_eq(at[0].hops[1].interface, "eth1");
	cr_expect_eq(at[0].hops[1].weight, 256);
	cr_expect(at[0].hops[2].onlink && at[0].hops[2].weight == 3);
	expect_mark(at[0].multipath_mark, 8, 32);
	expect_mark(at[0].hops[0].mark, 8, 33);
	expect_mark(at[0].hops[0].via_mark, 8, 40);
	expect_mark(at[0].hops[2].interface_mark, 9, 36);
	cr_expect_str_eq(prefix_text(&at[1].to), "::/0", "default is of the family of the first via");
	cr_expect_eq(at[2].nexthop, 16);
	expect_mark(at[2].nexthop_mark, 11, 31);
}

Test(multipath, mistakes)
{
	EXPECT_ERRORS({ ROUTE("to: 10.0.0.0/8, multipath: []"), "missing", 8, 32, "no next hops" },
		{ ROUTE("to: 10.0.0.0/8, multipath: 192.0.2.1"), "type", 8, 32, "must be a list" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ weight: 2 }]"), "missing", 8, 33,
			"neither 'via' nor 'interface'" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ interface: eth0, on_link: true }]"), "missing", 8, 33,
			"'on_link' but no 'via'" },
		{ ROUTE("to: \"2001:db8::/32\", multipath: [{ via: \"fe80::1\" }]"), "missing", 8, 38,
			"no 'interface'" },
		{ ROUTE("to: \"2001:db8::/32\", multipath: [{ via: \"2001:db8::1\", on_link: true }]"), "missing", 8,
			38, "no 'interface'" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ via: 192.0.2.1, weight: 0 }]"), "range", 8, 59, "256" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ via: 192.0.2.1, weight: 257 }]"), "range", 8, 59, "256" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ via: 192.0.2.1, metric: 2 }]"), "unknown-key", 8, 51,
			"'metric'" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ interface: eth0 }, { via: \"2001:db8::1\", interface: eth0 }]"),
			"type", 8, 61, "IPv6" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ interface: eth7 }]"), "reference", 8, 46, "'eth7'" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ interface: eth0 }, { via: 224.0.0.5, interface: eth0 }]"),
			"address-sane", 8, 61, "multicast" },
		{ ROUTE("to: 10.0.0.0/8, via: 192.0.2.1, multipath: [{ interface: eth0 }]"), "range", 8, 48,
			"does not go with 'via'" },
		{ ROUTE("to: 10.0.0.0/8, interface: eth0, multipath: [{ interface: eth0 }]"), "range", 8, 49,
			"does not go with 'interface'" },
		{ ROUTE("to: 10.0.0.0/8, on_link: true, multipath: [{ interface: eth0 }]"), "range", 8, 47,
			"does not go with 'on_link'" },
		{ ROUTE("to: 10.0.0.0/8, type: blackhole, multipath: [{ interface: eth0 }]"), "unknown-key", 8, 38,
			"only with unicast" },
		{ ROUTE("to: 10.0.0.0/8, multipath: [{ via: 192.0.2.1 }, { via: 192.0.2.1, weight: 2 }]"),
			"duplicate-object", 8, 53, "first on line 8" },
		{ ROUTE("to: \"2001:db8::/32\", multipath: [{ interface: eth0 }, { interface: eth1 }, { interface: "
			"eth0 }]"),
			"duplicate-object", 8, 80, "the same next hop twice" });
}

Test(multipath, routes_by_nexthop_name_one_of_the_spec)
{
	EXPECT_ERRORS({ ROUTE("to: 10.0.0.0/8, nexthop: 9"), "reference", 8, 30, "names 9, but" },
		{ ROUTE("to: 10.0.0.0/8, nexthop: 0"), "range", 8, 30, "1" },
		{ ROUTE("to: 10.0.0.0/8, nexthop: 9, via: 192.0.2.1") "nexthops: [{ id: 9, via: 192.0.2.9, interface: "
								      "eth0 }]\n",
			"range", 8, 30, "does not go with 'via'" },
		{ ROUTE("to: 10.0.0.0/8, nexthop: 9, on_link: true") "nexthops: [{ id: 9, via: 192.0.2.9, interface: "
								     "eth0 }]\n",
			"range", 8, 30, "does not go with 'on_link'" },
		{ ROUTE("to: 10.0.0.0/8, nexthop: 9, multipath: [{ interface: eth0 }]") "nexthops: [{ id: 9, via: "
											"192.0.2.9, interface: eth0 "
											"}]\n",
			"range", 8, 44, "does not go with 'nexthop'" },
		{ ROUTE("to: 10.0.0.0/8, nexthop: 9") "nexthops: [{ id: 9, interface: eth0, family: ipv6 }]\n", "type",
			8, 30, "another family" },
		{ ROUTE("to: \"2001:db8::/32\", nexthop: 10") "nexthops: [{ id: 9, via: 192.0.2.9, interface: eth0 }, "
							      "{ id: 10, group: [9] }]\n",
			"type", 8, 35, "another family" },
		{ ROUTE("to: 10.0.0.0/8, type: blackhole, nexthop: 9") "nexthops: [{ id: 9, via: 192.0.2.9, interface: "
								       "eth0 }]\n",
			"unknown-key", 8, 38, "only with unicast" },
		{ ROUTE("to: default, nexthop: 9") "nexthops: [{ id: 9, via: 192.0.2.9, interface: eth0 }]\n",
			"missing", 8, 9, "0.0.0.0/0" });
}

Test(multipath, a_route_may_be_of_a_group)
{
	PARSED parsed = parse_valid(ROUTE("to: \"::/0\", nexthop: 10") "nexthops:\n"
								       "- { id: 10, group: [9] }\n- { id: 9, via: "
								       "\"fe80::1\", interface: eth0 }\n");

	cr_expect_eq(parsed.spec->routes[0].nexthop, 10);
}

/* ---- families that are disabled ---------------------------------------------------------------------------------- */

#define OFF HEAD "interfaces:\n  a: { match: { name: eth0 }, ipv6: { method: disabled } }\n"

Test(family_disabled, nothing_leads_over_a_family_that_is_off)
{
	EXPECT_ERRORS(
		{ OFF "nexthops: [{ id: 1, interface: a, family: ipv6 }]\n", "family-disabled", 6, 32, "a nexthop" },
		{ OFF "nexthops: [{ id: 1, interface: a, via: 2001:db8::1 }]\n", "family-disabled", 6, 32, "line 5" },
		{ OFF "neighbours: [{ interface: a, address: 2001:db8::1, proxy: true }]\n", "family-disabled", 6, 27,
			"a neighbour" },
		{ OFF "routes: [{ to: 2001:db8::/32, multipath: [{ interface: a }] }]\n", "family-disabled", 6, 56,
			"a route" });
	PARSED parsed = parse_valid(OFF "nexthops: [{ id: 1, interface: a, family: ipv4 }]\n");

	cr_expect_eq(parsed.spec->n_nexthops, 1);
}
