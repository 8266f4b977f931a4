/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links of the types vxlan, macvlan, vrf and bond, in whole runs and judged by iproute2: what is asked for is there and
 * goes without a trace; changes are made in place where the kernel can do that; what others change is named and
 * repaired; what strangers made of the same types, or put on links of ours, is left alone.
 */
#include "netns_tools.h"

#include <stdio.h>
#include <string.h>

TestSuite(links, .init = ns_enter, .fini = ns_leave);

#define CARDS \
	"interfaces:\n" \
	"  p0:\n" \
	"    match: { name: p0 }\n" \
	"    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n" \
	"  q0: { match: { name: q0 } }\n"
#define VXLAN(rest) CARDS "  vx0:\n    create: { type: vxlan, " rest " }\n"
#define MACVLAN(rest) CARDS "  mv0:\n    create: { type: macvlan, " rest " }\n"
#define VRF(rest) CARDS "  blue:\n    create: { type: vrf, " rest " }\n"
#define BOND(rest) CARDS "  bo0:\n    create: { type: bond, " rest " }\n"

#define DATA "linkinfo.info_data."

static const char *index_of(const char *link)
{
	return link ? ns_output("ip -o link show dev %s | cut -d: -f1", link) : "";
}

/* Also what a stranger has on p0. The first vrf brings a rule of the kernel's own, which stays: ns_need_link_type has
 * made one before. */
static const char *begin(const char *type)
{
	ns_begin();
	ns_need_link_type(type);
	ns_make_pair("p0");
	ns_make_pair("q0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.78.0.0/16 via 10.77.0.2 && "
	       "ip -6 addr add 2001:db8:77::1/64 dev p0 && ip -6 route add 2001:db8:78::/48 via 2001:db8:77::2");
	ns_settle();
	return ns_state();
}

/* ---- what is asked for is there ---------------------------------------------------------------------------------- */

struct asked {
	const char *type, *spec;
	struct ns_fact facts[14];
};

static const struct asked asked[] = {
	{ "vxlan", VXLAN("id: 16777215, local: 10.0.0.1, remote: 10.0.0.2, port: 8472, learning: false, ttl: 7"),
		{ { "link show vx0", "linkinfo.info_kind", "vxlan" }, { "link show vx0", DATA "id", "16777215" },
			{ "link show vx0", DATA "local", "10.0.0.1" }, { "link show vx0", DATA "remote", "10.0.0.2" },
			{ "link show vx0", DATA "port", "8472" }, { "link show vx0", DATA "learning", "false" },
			{ "link show vx0", DATA "ttl", "7" }, { "link show vx0", "group", "27763" },
			{ "link show vx0", "flags", "UP" }, { "link show vx0", "mtu", "1500" } } },
	{ "vxlan", VXLAN("id: 0, remote: 239.1.1.1, parent: p0"),
		{ { "link show vx0", DATA "id", "0" }, { "link show vx0", DATA "group", "239.1.1.1" },
			{ "link show vx0", DATA "link", "p0" }, { "link show vx0", DATA "port", "4789" },
			{ "link show vx0", DATA "learning", "true" }, { "link show vx0", DATA "ttl", "0" },
			{ "link show vx0", DATA "local", NULL }, { "link show vx0", "mtu", "1450" } } },
	{ "vxlan",
		VXLAN("id: 5, local: \"2001:db8::1\", remote: \"2001:db8::2\"") "    mtu: 1400\n    ipv4: { method: "
										"manual, addresses: [10.9.0.1/24] }\n"
										"  vx1: { create: { type: vxlan, id: 5 "
										"} }\n"
										"  vx2: { create: { type: vxlan, id: "
										"5, port: 4790, remote: \"ff02::5\", "
										"parent: q0 }, mtu: 1300 }\n"
										"  br0: { create: { type: bridge, "
										"ports: [vx1, vx2] } }\n",
		{ { "link show vx0", DATA "local6", "2001:db8::1" }, { "link show vx0", DATA "remote6", "2001:db8::2" },
			{ "link show vx0", "mtu", "1400" }, { "link show vx1", DATA "remote", NULL },
			{ "link show vx1", "master", "br0" }, { "link show vx2", DATA "group6", "ff02::5" },
			{ "link show vx2", "mtu", "1300" }, { "link show vx2", DATA "link", "q0" },
			{ "addr show vx0 to 10.9.0.1", "addr_info.prefixlen", "24" } } },
	{ "macvlan",
		MACVLAN("parent: p0, macaddress: \"02:00:5e:00:00:0a\"") "  mv1: { create: { type: macvlan, parent: "
									 "p0, mode: private }, mtu: 1400,\n"
									 "    ipv6: { method: manual, addresses: "
									 "[\"2001:db8:5::1/64\"] } }\n"
									 "  mv2: { create: { type: macvlan, parent: "
									 "q0, mode: passthru }, up: false }\n",
		{ { "link show mv0", "linkinfo.info_kind", "macvlan" }, { "link show mv0", DATA "mode", "bridge" },
			{ "link show mv0", "link", "p0" }, { "link show mv0", "address", "02:00:5e:00:00:0a" },
			{ "link show mv0", "mtu", "1500" }, { "link show mv1", DATA "mode", "private" },
			{ "link show mv1", "mtu", "1400" }, { "link show mv1", "flags", "UP" },
			{ "addr show mv1 to 2001:db8:5::1", "addr_info.prefixlen", "64" },
			{ "link show mv2", DATA "mode", "passthru" }, { "link show mv2", "link", "q0" },
			{ "link show mv2", "flags", "!UP" } } },
	{ "vrf",
		VRF("table: 10, ports: [p0]") "    ipv4: { method: manual, addresses: [10.255.0.1/32] }\n"
					      "routes:\n  - { to: 10.1.0.0/16, via: 10.0.0.2, table: 10 }\n"
					      "  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\", table: 10 }\n"
					      "  - { to: 0.0.0.0/0, type: unreachable, table: 10, metric: 8192 }\n",
		{ { "link show blue", "linkinfo.info_kind", "vrf" }, { "link show blue", DATA "table", "10" },
			{ "link show p0", "master", "blue" }, { "link show blue", "flags", "UP" },
			{ "addr show p0 to 10.0.0.1", "addr_info.prefixlen", "24" },
			{ "addr show p0 to 2001:db8::1", "addr_info.prefixlen", "64" },
			{ "addr show p0 to 2001:db8:77::1", "addr_info.prefixlen", "64" },
			{ "addr show blue to 10.255.0.1", "addr_info.prefixlen", "32" },
			{ "-4 route show 10.1.0.0/16 table 10", "gateway", "10.0.0.2" },
			{ "-6 route show 2001:db8:1::/48 table 10", "gateway", "2001:db8::2" },
			{ "-4 route show 10.0.0.0/24 table 10", "protocol", "kernel" },
			{ "-4 route show 10.78.0.0/16", "gateway", "10.77.0.2" } } },
	{ "bond",
		"interfaces:\n  p0: { match: { name: p0 } }\n"
		"  va: { create: { type: veth, peer: vb, macaddress: \"02:00:5e:00:00:0a\" } }\n"
		"  vb: { create: { type: veth, peer: va } }\n"
		"  bo0:\n    create: { type: bond, ports: [p0, va], macaddress: \"02:00:5e:00:00:01\" }\n    mtu: "
		"1400\n"
		"    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n"
		"  bo1: { create: { type: bond, mode: 802.3ad, miimon: 50 } }\n",
		{ { "link show bo0", "linkinfo.info_kind", "bond" }, { "link show bo0", DATA "mode", "active-backup" },
			{ "link show bo0", DATA "miimon", "100" }, { "link show bo0", "address", "02:00:5e:00:00:01" },
			{ "link show p0", "master", "bo0" }, { "link show va", "master", "bo0" },
			{ "link show p0", "mtu", "1400" }, { "link show va", "address", "02:00:5e:00:00:01" },
			{ "link show va", "linkinfo.info_slave_data.perm_hwaddr", "02:00:5e:00:00:0a" },
			{ "link show bo1", DATA "mode", "802.3ad" }, { "link show bo1", DATA "miimon", "50" },
			{ "addr show p0 to 2001:db8:77::1", "addr_info.prefixlen", "64" },
			{ "-4 route show 10.78.0.0/16", "gateway", "10.77.0.2" } } },
};

NS_TEST_EACH(links, what_is_asked_for_is_there_and_goes_without_a_trace, asked)
{
	const char *before = begin(asked[*number].type);

	ns_apply_well(asked[*number].spec);
	ns_expect_facts(asked[*number].facts);
	ns_down_well();
	ns_expect_state(before);
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* `steps`: what the plan says; NULL: not looked at. `stays`: a link that must keep its index, `anew`: one that must
 * not. */
static const struct change {
	const char *type, *from, *to, *steps, *stays, *anew;
	struct ns_fact facts[5];
} changes[] = {
	{ "vxlan", VXLAN("id: 5, local: 10.0.0.1, remote: 10.0.0.2"),
		VXLAN("id: 5, local: 10.0.0.3, remote: 10.0.0.4, ttl: 9, learning: false"),
		"change link vx0 (local remote learning ttl)", "vx0", NULL,
		{ { "link show vx0", DATA "local", "10.0.0.3" }, { "link show vx0", DATA "remote", "10.0.0.4" },
			{ "link show vx0", DATA "ttl", "9" }, { "link show vx0", DATA "learning", "false" } } },
	{ "vxlan", VXLAN("id: 5, local: \"2001:db8::1\", remote: \"2001:db8::2\", ttl: 9"),
		VXLAN("id: 5, local: \"2001:db8::1\""), "change link vx0 (remote ttl)", "vx0", NULL,
		{ { "link show vx0", DATA "remote6", NULL }, { "link show vx0", DATA "ttl", "0" } } },
	{ "vxlan", VXLAN("id: 5"), VXLAN("id: 5, remote: 10.0.0.2, parent: p0"), "change link vx0 (parent remote)",
		"vx0", NULL,
		{ { "link show vx0", DATA "link", "p0" }, { "link show vx0", DATA "remote", "10.0.0.2" } } },
	{ "vxlan", VXLAN("id: 5, remote: 239.1.1.1, parent: p0"), VXLAN("id: 5, remote: 239.1.1.2, parent: q0"),
		"change link vx0 (parent remote)", "vx0", NULL,
		{ { "link show vx0", DATA "link", "q0" }, { "link show vx0", DATA "group", "239.1.1.2" } } },
	{ "vxlan", VXLAN("id: 5, remote: 10.0.0.2, parent: p0"), VXLAN("id: 5, remote: 10.0.0.2"), NULL, NULL, "vx0",
		{ { "link show vx0", DATA "link", NULL } } },
	{ "vxlan", VXLAN("id: 5, remote: 10.0.0.2"), VXLAN("id: 5, remote: \"2001:db8::2\""), NULL, NULL, "vx0",
		{ { "link show vx0", DATA "remote6", "2001:db8::2" } } },
	{ "vxlan", VXLAN("id: 5, remote: 10.0.0.2"), VXLAN("id: 5, remote: 10.0.0.2, port: 4790"), NULL, NULL, "vx0",
		{ { "link show vx0", DATA "port", "4790" } } },
	{ "vxlan", VXLAN("id: 5") "  vx1: { create: { type: vxlan, id: 6 } }\n",
		VXLAN("id: 6") "  vx1: { create: { type: vxlan, id: 5 } }\n", NULL, NULL, "vx0",
		{ { "link show vx0", DATA "id", "6" }, { "link show vx1", DATA "id", "5" } } },
	/* The same VNI for another name: the old one goes first. */
	{ "vxlan", VXLAN("id: 5"), CARDS "  vx1: { create: { type: vxlan, id: 5 } }\n", NULL, "p0", NULL,
		{ { "link show type vxlan", NULL, "1" }, { "link show vx1", DATA "id", "5" } } },
	/* The link below goes, and the vxlan stands on another one by then. */
	{ "vxlan",
		CARDS "  br0: { create: { type: bridge } }\n  vx0: { create: { type: vxlan, id: 5, parent: br0 } }\n",
		VXLAN("id: 5, parent: p0"), NULL, "vx0", NULL,
		{ { "link show br0", NULL, "0" }, { "link show vx0", DATA "link", "p0" } } },
	{ "macvlan", MACVLAN("parent: p0"), MACVLAN("parent: p0, mode: vepa"), "change link mv0 (macvlan_mode)", "mv0",
		NULL, { { "link show mv0", DATA "mode", "vepa" } } },
	{ "macvlan", MACVLAN("parent: p0"), MACVLAN("parent: p0, mode: passthru"), NULL, NULL, "mv0",
		{ { "link show mv0", DATA "mode", "passthru" } } },
	{ "macvlan", CARDS "  mv0: { create: { type: macvlan, parent: p0 }, mtu: 1400 }\n", MACVLAN("parent: p0"),
		"change link mv0 (mtu)", "mv0", NULL, { { "link show mv0", "mtu", "1500" } } },
	{ "macvlan", MACVLAN("parent: p0"), MACVLAN("parent: q0"), NULL, NULL, "mv0",
		{ { "link show mv0", "link", "q0" } } },
	{ "macvlan", MACVLAN("parent: p0"), CARDS "  mv1: { create: { type: macvlan, parent: p0, mode: passthru } }\n",
		NULL, "p0", NULL, { { "link show type macvlan", NULL, "1" }, { "link show mv1", "link", "p0" } } },
	{ "macvlan", MACVLAN("parent: q0"), CARDS "  br0: { create: { type: bridge, ports: [q0] } }\n", NULL, "q0",
		NULL, { { "link show mv0", NULL, "0" }, { "link show q0", "master", "br0" } } },
	{ "vrf", VRF("table: 10"), VRF("table: 10, ports: [p0]"), NULL, "blue", NULL,
		{ { "link show p0", "master", "blue" }, { "addr show p0 to 2001:db8::1", "addr_info.prefixlen", "64" },
			{ "-6 route show 2001:db8:78::/48", "gateway", "2001:db8:77::2" } } },
	{ "vrf", VRF("table: 10, ports: [p0]"), VRF("table: 11, ports: [p0]"), NULL, "p0", "blue",
		{ { "link show blue", DATA "table", "11" }, { "link show p0", "master", "blue" },
			{ "addr show p0 to 2001:db8::1", "addr_info.prefixlen", "64" } } },
	{ "vrf", VRF("table: 10, ports: [p0, q0]"),
		VRF("table: 10, ports: [q0]") "  red: { create: { type: vrf, table: 11, ports: [p0] } }\n", NULL,
		"blue", NULL,
		{ { "link show p0", "master", "red" },
			{ "addr show p0 to 2001:db8:77::1", "addr_info.prefixlen", "64" } } },
	{ "vrf", VRF("table: 10, ports: [p0]"), VRF("table: 11"), NULL, "p0", "blue",
		{ { "link show blue", DATA "table", "11" }, { "link show p0", "master", NULL },
			{ "addr show p0 to 2001:db8::1", "addr_info.prefixlen", "64" } } },
	{ "vrf",
		VRF("table: 10, ports: [va]") "  va: { create: { type: veth, peer: vb } }\n"
					      "  vb: { create: { type: veth, peer: va } }\n"
					      "routes: [{ to: 10.9.0.0/16, interface: va, table: 10 }]\n",
		VRF("table: 11") "routes: [{ to: 10.9.0.0/16, interface: q0, table: 10 }]\n", NULL, "q0", "blue",
		{ { "link show va", NULL, "0" }, { "route show table 10 10.9.0.0/16", "dev", "q0" } } },
	{ "bond", BOND("ports: [p0]"), BOND("mode: balance-xor"), NULL, "p0", "bo0",
		{ { "link show p0", "master", NULL }, { "link show p0", "flags", "UP" },
			{ "addr show p0 to 2001:db8::1", "addr_info.prefixlen", "64" } } },
	{ "bond", BOND("miimon: 50"), BOND("miimon: 200"), "change link bo0 (miimon)", "bo0", NULL,
		{ { "link show bo0", DATA "miimon", "200" } } },
	{ "bond", BOND("ports: [p0, q0]"), BOND("mode: balance-xor, ports: [p0, q0]"), NULL, "p0", "bo0",
		{ { "link show bo0", DATA "mode", "balance-xor" }, { "link show p0", "master", "bo0" },
			{ "link show q0", "flags", "UP" } } },
	{ "bond", BOND("ports: [p0], macaddress: \"02:00:5e:00:00:01\""),
		BOND("ports: [q0], macaddress: \"02:00:5e:00:00:01\""),
		"change link q0 (up); change link p0 (up); change link p0 (master); change link q0 (master up); "
		"change link bo0 (mac); change link p0 (up); add address 2001:db8::1/64 dev p0; "
		"add address 2001:db8:77::1/64 dev p0; add route 10.78.0.0/16; "
		"add route 2001:db8:78::/48 metric 1024",
		"bo0", NULL,
		{ { "link show bo0", "address", "02:00:5e:00:00:01" }, { "link show p0", "master", NULL },
			{ "link show p0", "flags", "UP" }, { "link show q0", "master", "bo0" } } },
	{ "bond", BOND("ports: [q0], macaddress: \"02:00:5e:00:00:01\""), BOND("macaddress: \"02:00:5e:00:00:01\""),
		NULL, "bo0", NULL,
		{ { "link show bo0", "address", "02:00:5e:00:00:01" }, { "link show q0", "master", NULL } } },
};

NS_TEST_EACH(links, changes_are_done_as_planned_and_taken_back, changes)
{
	const struct change *change = &changes[*number];
	const char *before = begin(change->type), *stays, *anew;
	struct ns_answer plan;

	ns_apply_well(change->from);
	stays = index_of(change->stays);
	anew = index_of(change->anew);
	plan = ns_plan(change->to);
	ns_expect_exit(&plan, 2);
	if (change->steps)
		cr_expect_str_eq(ns_steps(plan.out), change->steps);
	ns_apply_well(change->to);
	ns_expect_facts(change->facts);
	if (change->stays)
		cr_expect_str_eq(index_of(change->stays), stays, "%s is another link", change->stays);
	if (change->anew)
		cr_expect_str_neq(index_of(change->anew), anew, "%s is the same link", change->anew);
	ns_rollback_well("");
	ns_apply_well(change->from);
	ns_down_well();
	ns_expect_state(before);
}

/* ---- MTUs -------------------------------------------------------------------------------------------------------- */

#define PAIR(mtu) \
	"  va: { create: { type: veth, peer: vb }, mtu: " mtu ", ipv6: { method: disabled } }\n" \
	"  vb: { create: { type: veth, peer: va }, mtu: " mtu ", ipv6: { method: disabled } }\n"
#define BRIDGE(mtu) "interfaces:\n  br0: { create: { type: bridge }, mtu: " mtu ", ipv6: { method: disabled } }\n"

/* There and back, by rollback and by another apply, and down. */
static const struct resizing {
	const char *type, *from, *to;
	struct ns_fact facts[4];
} resizings[] = {
	/* The port raises the bridge after the macvlan has been made. */
	{ "macvlan", "interfaces:\n" PAIR("9000"),
		"interfaces:\n" PAIR("9000") "  br0: { create: { type: bridge, ports: [va] } }\n"
					     "  mv0: { create: { type: macvlan, parent: br0 } }\n",
		{ { "link show br0", "mtu", "9000" } } },
	{ "macvlan",
		"interfaces:\n" PAIR("1400") "  br0: { create: { type: bridge, ports: [va] } }\n"
					     "  mv0: { create: { type: macvlan, parent: br0 } }\n",
		"interfaces:\n" PAIR("1500") "  br0: { create: { type: bridge, ports: [va] } }\n"
					     "  mv0: { create: { type: macvlan, parent: br0 } }\n",
		{ { "link show br0", "mtu", "1500" } } },
	/* The link below is made anew, with less. */
	{ "vxlan",
		"interfaces:\n" PAIR("9000") "  vx0: { create: { type: vxlan, id: 5, parent: va }, mtu: 8000 }\n"
					     "  mv0: { create: { type: macvlan, parent: vx0 }, mtu: 1400 }\n",
		"interfaces:\n" PAIR("1500") "  vx0: { create: { type: vxlan, id: 6, parent: va } }\n"
					     "  mv0: { create: { type: macvlan, parent: vx0 } }\n",
		{ { "link show mv0", "mtu", "1450" } } },
	/* IPv6 goes and comes with the MTU, and its sysctls with it. */
	{ "bridge", BRIDGE("1500"), BRIDGE("1200"), { { "/proc/sys/net/ipv6/conf/br0/disable_ipv6", NULL, "" } } },
	{ "bridge", BRIDGE("1200"), BRIDGE("1500"), { { "/proc/sys/net/ipv6/conf/br0/disable_ipv6", NULL, "1" } } },
	{ "macvlan",
		"interfaces:\n" PAIR("1500") "  mv0:\n    create: { type: macvlan, parent: va }\n"
					     "    ipv6: { method: manual, addresses: [\"2001:db8:9::1/64\"] }\n",
		"interfaces:\n" PAIR("1200") "  mv0: { create: { type: macvlan, parent: va } }\n",
		{ { "link show mv0", "mtu", "1200" }, { "-6 addr show mv0", NULL, "0" } } },
};

/* Not the indexes: links may have been made anew. */
static const char *sizes(void)
{
	return ns_output("ip -o link | sed 's/^[0-9]*: //; s/@[^:]*//'; ip -6 -o addr | sed 's/^[0-9]*: //'; "
			 "grep . /proc/sys/net/ipv6/conf/*/disable_ipv6");
}

NS_TEST_EACH(links, mtu_changes_are_done_and_taken_back, resizings)
{
	const struct resizing *resizing = &resizings[*number];
	const char *before = begin(resizing->type), *first;

	ns_apply_well(resizing->from);
	first = sizes();
	ns_apply_well(resizing->to);
	ns_expect_facts(resizing->facts);
	ns_rollback_well("");
	cr_expect_str_eq(sizes(), first);
	ns_apply_well(resizing->to);
	ns_expect_facts(resizing->facts);
	ns_down_well();
	ns_expect_state(before);
}

Test(links, what_follows_the_link_below_is_explained_as_status_does)
{
	struct ns_answer answer;

	(void)begin("macvlan");
	ns_apply_well(MACVLAN("parent: p0"));
	answer = ns_span("explain link mv0");
	ns_expect_words(answer.out, NS_WORDS("as recorded"));
	ns_run("ip link set mv0 mtu 1300");
	answer = ns_span("explain link mv0");
	ns_expect_words(answer.out, NS_WORDS("not as recorded", "1300", "1500"));
}

Test(links, strangers_links_are_not_made_smaller_unless_forced)
{
	struct ns_answer answer;
	const char *before;

	(void)begin("macvlan");
	ns_apply_well("interfaces:\n" PAIR("1500"));
	ns_run("ip link add fx link va type macvlan && ip link set fx up && ip -6 addr add 2001:db8:66::1/64 dev fx "
	       "nodad");
	ns_settle();
	before = ns_state();
	answer = ns_apply("interfaces:\n" PAIR("1200"));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("link fx", "MTU falls", "--force"));
	ns_expect_state(before);
	answer = ns_span("apply --force %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
	cr_expect_null(strstr(answer.err, "changed-meanwhile"), "%s", answer.err);
	ns_expect_facts((const struct ns_fact[]){ { "link show fx", "mtu", "1200" }, { 0 } });
}

Test(links, ipv6_on_a_link_too_small_for_it_is_refused)
{
	struct ns_answer answer;
	const char *before;

	(void)begin("macvlan");
	ns_apply_well("interfaces:\n" PAIR("1500"));
	before = ns_state();
	answer = ns_apply(
		"interfaces:\n" PAIR("1200") "  mv0:\n    create: { type: macvlan, parent: va }\n"
					     "    ipv6: { method: manual, addresses: [\"2001:db8:9::1/64\"] }\n");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("2001:db8:9::1/64 dev mv0", "below 1280"));
	ns_expect_state(before);
}

/* ---- changed from outside ---------------------------------------------------------------------------------------- */

static const struct meddling {
	const char *type, *spec, *command;
	const char *drift[4];
	const char *repair; /* the steps; NULL: not looked at */
} meddlings[] = {
#define VX VXLAN("id: 5, local: 10.0.0.1, remote: 10.0.0.2, ttl: 9")
	{ "vxlan", VX, "ip link set vx0 type vxlan id 5 remote 10.0.0.9",
		{ "changed", "link vx0", "remote is 10.0.0.9 instead of 10.0.0.2" }, "change link vx0 (remote)" },
	{ "vxlan", VX, "ip link set vx0 type vxlan id 5 local 10.0.0.9",
		{ "changed", "link vx0", "local is 10.0.0.9 instead of 10.0.0.1" }, "change link vx0 (local)" },
	{ "vxlan", VX, "ip link set vx0 type vxlan id 5 ttl 3", { "changed", "link vx0", "ttl is 3 instead of 9" },
		"change link vx0 (ttl)" },
	{ "vxlan", VX, "ip link set vx0 type vxlan id 5 nolearning",
		{ "changed", "link vx0", "learning is false instead of true" }, "change link vx0 (learning)" },
	{ "vxlan", VXLAN("id: 5, parent: p0"), "ip link set vx0 type vxlan id 5 dev q0",
		{ "changed", "link vx0", "parent is q0 instead of p0" }, "change link vx0 (parent)" },
	{ "vxlan", VX,
		"ip link del vx0 && ip link add vx0 group 27763 type vxlan id 6 local 10.0.0.1 remote 10.0.0.2 ttl 9 "
		"dstport 4789",
		{ "changed", "link vx0", "vni is 6 instead of 5" }, NULL },
	{ "vxlan", VX, "ip link del vx0", { "missing", "link vx0" }, NULL },
	{ "macvlan", MACVLAN("parent: p0"), "ip link set mv0 type macvlan mode private",
		{ "changed", "link mv0", "macvlan_mode is private instead of bridge" },
		"change link mv0 (macvlan_mode)" },
	{ "macvlan", MACVLAN("parent: p0"), "ip link set mv0 address 02:00:5e:00:00:99",
		{ "changed", "link mv0", "02:00:5e:00:00:99" }, "change link mv0 (mac)" },
	{ "macvlan", MACVLAN("parent: p0"), "ip link set mv0 mtu 1300",
		{ "changed", "link mv0", "mtu is 1300 instead of 1500" }, "change link mv0 (mtu)" },
	{ "vrf", VRF("table: 10, ports: [p0]"), "ip link set p0 nomaster",
		{ "changed", "link p0", "master is none instead of blue", "missing" }, NULL },
	{ "vrf", VRF("table: 10, ports: [p0]"), "ip link del blue", { "missing", "link blue", "link p0" }, NULL },
	{ "bond", BOND("ports: [p0, q0]"), "ip link set bo0 type bond miimon 30",
		{ "changed", "link bo0", "miimon is 30 instead of 100" }, "change link bo0 (miimon)" },
	{ "bond", BOND("ports: [p0, q0]"), "ip link set q0 nomaster",
		{ "changed", "link q0", "master is none instead of bo0" }, "change link q0 (master up)" },
	{ "bond", BOND("ports: [p0, q0]"), "ip link set q0 down", { "changed", "link q0", "up is false" },
		"change link q0 (up)" },
	{ "bond", BOND("ports: [p0, q0]"), "ip link del bo0", { "missing", "link bo0", "link q0" }, NULL },
};

NS_TEST_EACH(links, change_from_outside_is_named_and_repaired, meddlings)
{
	const struct meddling *meddling = &meddlings[*number];
	const char *before = begin(meddling->type);
	struct ns_answer answer;

	ns_apply_well(meddling->spec);
	ns_settle();
	ns_run("%s", meddling->command);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, meddling->drift);
	answer = ns_span("plan --json %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 2);
	if (meddling->repair)
		cr_expect_str_eq(ns_steps(answer.out), meddling->repair);
	ns_apply_well(meddling->spec);
	if (strstr(meddling->command, "p0 nomaster") || strstr(meddling->command, "del blue") ||
		strstr(meddling->command, "del bo0"))
		return; /* what a stranger had on p0 went by a stranger's hand */
	ns_down_well();
	ns_expect_state(before);
}

/* ---- many at once ------------------------------------------------------------------------------------------------ */

static const char *spec_of_many(unsigned n)
{
	const char *spec = "interfaces:\n";

	for (unsigned i = 1; i <= n; i++)
		spec = ns_text("%s  v%u: { create: { type: vxlan, id: %u } }\n", spec, i, i);
	return spec;
}

/* RTM_DELLINK of the run that was traced last. strace does not know what the first message of a socket means. */
static void expect_deletes(const char *n)
{
	cr_expect_str_eq(
		ns_output("grep -oE 'nlmsg_type=(RTM_DELLINK|0x11 )' %s/trace | wc -l", ns_dir()), ns_text("%s\n", n));
}

/* Groups as wide as ours are the marks of ours: a stranger has his links in others. */
Test(links, many_go_by_one_message_and_take_nobody_along)
{
	const char *before, *stays;

	(void)begin("vxlan");
	ns_run("ip link add fx group 7 type vxlan id 99 dstport 4789 && ip link set fx up");
	before = ns_state();
	ns_apply_well(spec_of_many(24));
	stays = index_of("v1");
	/* Some of ours stay, so those that go are put aside first. */
	ns_count_changes(ns_text("apply %s", ns_spec(spec_of_many(12))));
	expect_deletes("1");
	cr_expect_str_eq(index_of("v1"), stays);
	ns_expect_facts(
		(const struct ns_fact[]){ { "link show type vxlan", NULL, "13" }, { "link show v13", NULL, "0" },
			{ "link show v12", "group", "27763" }, { "link show fx", "group", "7" }, { 0 } });
	/* All of ours go, by the group that marks them. */
	ns_count_changes("down");
	expect_deletes("1");
	ns_expect_state(before);
}

/* ---- strangers --------------------------------------------------------------------------------------------------- */

static const struct stranger {
	const char *type, *make, *name;
} strangers[] = {
	{ "vxlan", "ip link add fx type vxlan id 9 dev br0 remote 10.9.9.9 dstport 4789", "fx" },
	{ "macvlan", "ip link add fx link br0 type macvlan", "fx" },
};

NS_TEST_EACH(links, stranger_on_a_link_of_ours_keeps_it_there, strangers)
{
	const struct stranger *stranger = &strangers[*number];
	struct ns_answer answer;
	const char *before;

	(void)begin(stranger->type);
	ns_apply_well(CARDS "  br0: { create: { type: bridge } }\n");
	ns_run("%s", stranger->make);
	before = ns_state();
	answer = ns_apply(CARDS);
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS(stranger->name, "the link below it goes", "--force"));
	ns_expect_state(before);
}

static const struct foreign {
	const char *type, *make, *spec;
} foreigners[] = {
	{ "vxlan",
		"ip link add fx type vxlan id 9 dev p0 remote 10.9.9.9 dstport 4789 && ip link set fx up && "
		"ip addr add 10.66.0.1/24 dev fx",
		VXLAN("id: 5, parent: p0") },
	{ "macvlan",
		"ip link add fx link p0 type macvlan mode vepa && ip link set fx up && "
		"ip -6 addr add 2001:db8:66::1/64 dev fx",
		MACVLAN("parent: p0") },
	{ "vrf", "ip link add fx type vrf table 66 && ip link set fx up && ip link set far-q0 master fx",
		VRF("table: 10, ports: [p0]") },
	{ "bond",
		"ip link add fx type bond mode balance-xor miimon 70 && ip link set far-q0 down && "
		"ip link set far-q0 master fx && ip link set fx up",
		BOND("ports: [p0]") },
};

NS_TEST_EACH(links, foreign_ones_are_left_alone, foreigners)
{
	const struct foreign *foreign = &foreigners[*number];
	const char *before;

	(void)begin(foreign->type);
	ns_run("%s", foreign->make);
	ns_settle();
	before = ns_state();
	ns_apply_well(foreign->spec);
	ns_down_well();
	ns_expect_state(before);
}

Test(links, failed_move_into_a_vrf_is_taken_back)
{
	const char *before = begin("vrf");
	struct ns_answer answer;

	answer = ns_apply(
		VRF("table: 10, ports: [p0]") "routes:\n  - { to: 10.6.0.0/16, via: 10.7.0.1, interface: p0 }\n");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("10.6.0.0/16", "The host is as it was before."));
	ns_expect_state(before);
}

Test(links, failed_move_into_a_bond_is_taken_back)
{
	const char *before = begin("bond");
	struct ns_answer answer;

	answer = ns_apply(BOND("ports: [p0, q0]") "routes:\n  - { to: 10.6.0.0/16, via: 10.7.0.1, interface: bo0 }\n");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("10.6.0.0/16", "The host is as it was before."));
	ns_expect_state(before);
}

Test(links, mtu_that_does_not_fit_into_the_link_below_is_refused)
{
	const char *before = begin("vxlan");
	struct ns_answer answer;

	answer = ns_apply(VXLAN("id: 5, remote: 10.0.0.2, parent: p0") "    mtu: 1451\n");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("vx0", "The host is as it was before."));
	ns_expect_state(before);
}
