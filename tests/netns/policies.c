/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole runs with rules, neighbours, nexthop objects and routes of several next hops: what is asked for is there and
 * carries traffic, what others change is named and repaired, what others made stays, and all of it goes without a
 * trace.
 */
#include "netns_tools.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(policies, .init = ns_enter, .fini = ns_leave);

#define LINKS \
	"interfaces:\n" \
	"  p0:\n" \
	"    match: { name: p0 }\n" \
	"    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n" \
	"  q0: { match: { name: q0 }, ipv4: { method: manual, addresses: [10.0.1.1/24] } }\n"

#define EVERYTHING \
	LINKS "neighbours:\n" \
	      "  - { interface: p0, address: 10.0.0.9, macaddress: \"02:00:00:00:00:09\" }\n" \
	      "  - { interface: p0, address: \"2001:db8::9\", macaddress: \"02:00:00:00:00:09\", router: true }\n" \
	      "  - { interface: p0, address: 10.50.0.9, proxy: true }\n" \
	      "nexthops:\n" \
	      "  - { id: 1, via: 10.0.0.2, interface: p0 }\n" \
	      "  - { id: 2, via: 10.0.1.2, interface: q0 }\n" \
	      "  - { id: 3, via: 203.0.113.9, interface: p0, on_link: true }\n" \
	      "  - { id: 4, blackhole: true, family: ipv6 }\n" \
	      "  - { id: 5, via: \"2001:db8::2\", interface: p0 }\n" \
	      "  - { id: 10, group: [1, { id: 2, weight: 3 }] }\n" \
	      "routes:\n" \
	      "  - { to: 10.1.0.0/16, nexthop: 10 }\n" \
	      "  - { to: 10.2.0.0/16, nexthop: 3, table: 200 }\n" \
	      "  - { to: \"2001:db8:1::/48\", nexthop: 5 }\n" \
	      "  - { to: 10.3.0.0/16, multipath: [{ via: 10.0.0.2 }, { via: 10.0.1.2, weight: 5 }] }\n" \
	      "  - { to: \"2001:db8:3::/48\", multipath: [{ via: \"2001:db8::2\" }, { via: \"2001:db8::3\", weight: " \
	      "2 " \
	      "}] }\n" \
	      "rules:\n" \
	      "  - { priority: 100, from: 10.77.0.0/16, table: 200 }\n" \
	      "  - { priority: 101, family: ipv4, fwmark: 0x10, fwmask: 0xf0, iif: p0, oif: q0, table: 200 }\n" \
	      "  - { priority: 102, family: ipv4, uid_range: 1000-1999, table: 200, suppress_prefix_length: 0 }\n" \
	      "  - { priority: 103, to: \"2001:db8:77::/48\", invert: true, table: 200 }\n" \
	      "  - { priority: 104, from: 10.66.0.0/16, iif: lo, type: prohibit }\n" \
	      "  - { priority: 105, family: ipv6, l3mdev: true }\n"

static void begin(void)
{
	ns_begin();
	ns_make_pair("p0");
	ns_make_pair("q0");
	if (!ns_try("ip nexthop add id 4242 blackhole && ip nexthop del id 4242"))
		ns_skip("this kernel has no nexthop objects");
	ns_settle();
}

/* ---- what is asked for is there ---------------------------------------------------------------------------------- */

Test(policies, everything_asked_for_is_there_and_goes_without_a_trace)
{
	const char *before;

	begin();
	before = ns_state();
	ns_apply_well(EVERYTHING);
	ns_expect_facts((const struct ns_fact[]){
		{ "neigh show 10.0.0.9", "lladdr", "02:00:00:00:00:09" },
		{ "neigh show 10.0.0.9", "state", "PERMANENT" },
		{ "neigh show 10.0.0.9", "protocol", "108" },
		{ "neigh show 10.0.0.9", "router", NULL },
		{ "neigh show 2001:db8::9", "protocol", "108" },
		{ "neigh show proxy 10.50.0.9", "protocol", "108" },
		{ "neigh show nud permanent", NULL, "2" },
		{ "nexthop get id 1", "gateway", "10.0.0.2" },
		{ "nexthop get id 1", "protocol", "108" },
		{ "nexthop get id 2", "dev", "q0" },
		{ "nexthop get id 3", "flags", "onlink" },
		{ "nexthop get id 4", "protocol", "108" },
		{ "nexthop get id 5", "gateway", "2001:db8::2" },
		{ "nexthop get id 10", "group.id", "1" },
		{ "nexthop show proto 108", NULL, "6" },
		{ "-4 route show 10.1.0.0/16", "nhid", "10" },
		{ "-4 route show 10.1.0.0/16", "protocol", "108" },
		{ "-4 route show table 200", "nhid", "3" },
		{ "-6 route show 2001:db8:1::/48", "nhid", "5" },
		{ "-4 route show 10.3.0.0/16", "protocol", "108" },
		{ "-4 rule show pref 100", "src", "10.77.0.0" },
		{ "-4 rule show pref 100", "table", "200" },
		{ "-4 rule show pref 100", "protocol", "108" },
		{ "-4 rule show pref 101", "fwmark", "0x10" },
		{ "-4 rule show pref 101", "fwmask", "0xf0" },
		{ "-4 rule show pref 101", "iif", "p0" },
		{ "-4 rule show pref 101", "oif", "q0" },
		{ "-4 rule show pref 102", "uid_start", "1000" },
		{ "-4 rule show pref 102", "uid_end", "1999" },
		{ "-4 rule show pref 102", "suppress_prefixlen", "0" },
		{ "-6 rule show pref 103", "dst", "2001:db8:77::" },
		{ "-4 rule show pref 104", "action", "prohibit" },
		{ "-4 rule show pref 104", "iif", "lo" },
		{ "-6 rule show pref 105", "protocol", "108" },
		{ 0 },
	});
	ns_expect_words(
		ns_output("ip nexthop; ip route show 10.3.0.0/16; ip -6 route show 2001:db8:3::/48; ip -6 rule"),
		NS_WORDS("group 1/2,3", "via 10.0.1.2 dev q0 weight 5", "via 2001:db8::3 dev p0 weight 2",
			"not from all to 2001:db8:77::/48", "[l3mdev-table]"));
	ns_down_well();
	ns_expect_state(before);
}

Test(policies, everything_comes_back_by_rollback)
{
	const char *before, *first;

	begin();
	before = ns_state();
	ns_apply_well(EVERYTHING);
	first = ns_state();
	ns_apply_well(LINKS);
	ns_rollback_well("");
	ns_expect_state(first);
	ns_down_well();
	ns_expect_state(before);
}

/* ---- changes by spec --------------------------------------------------------------------------------------------- */

#define NEXTHOPS(list, routes) LINKS "nexthops:\n" list "routes:\n" routes
#define MULTIPATH(hops) LINKS "routes:\n  - { to: 10.3.0.0/16, multipath: [" hops "] }\n"
#define MULTIPATH6(hops) LINKS "routes:\n  - { to: \"2001:db8:3::/48\", multipath: [" hops "] }\n"
#define SIX(n) "{ via: \"2001:db8::" n "\" }"

static const struct change {
	const char *from, *to, *steps;
	struct ns_fact facts[4];
} changes[] = {
	{ LINKS "rules: [{ priority: 5, from: 10.77.0.0/16, table: 200 }]\n",
		LINKS "rules: [{ priority: 5, from: 10.77.0.0/16, table: 201 }]\n",
		"add rule ipv4 5 from 10.77.0.0/16 lookup 201; delete rule ipv4 5 from 10.77.0.0/16 lookup 200",
		{ { "rule show pref 5", "table", "201" } } },
	/* which says less than the one that stays */
	{ LINKS "rules: [{ priority: 5, family: ipv4, table: 200 }]\n",
		LINKS "rules: [{ priority: 5, from: 10.77.0.0/16, table: 200 }]\n",
		"add rule ipv4 5 from 10.77.0.0/16 lookup 200; delete rule ipv4 5 lookup 200",
		{ { "rule show pref 5", "src", "10.77.0.0" } } },
	{ LINKS "neighbours: [{ interface: p0, address: 10.0.0.9, macaddress: \"02:00:00:00:00:09\" }]\n",
		LINKS "neighbours: [{ interface: p0, address: 10.0.0.9, macaddress: \"02:00:00:00:00:0a\" }]\n",
		"change neighbour 10.0.0.9 dev p0 (mac)",
		{ { "neigh show 10.0.0.9", "lladdr", "02:00:00:00:00:0a" } } },
	/* What is on a link without addresses goes with the last one that was there. */
	{ LINKS,
		"interfaces: { p0: { match: { name: p0 } } }\n"
		"neighbours: [{ interface: p0, address: 10.0.0.9, macaddress: \"02:00:00:00:00:09\" }]\n"
		"routes: [{ to: 10.1.0.0/16, interface: p0 }]\n",
		NULL,
		{ { "neigh show 10.0.0.9", "lladdr", "02:00:00:00:00:09" }, { "route show 10.1.0.0/16", "dev", "p0" },
			{ "-4 addr show p0", NULL, "0" } } },
	{ LINKS "neighbours: [{ interface: p0, address: 10.0.0.9, macaddress: \"02:00:00:00:00:09\" }]\n",
		LINKS "neighbours: [{ interface: p0, address: 10.0.0.9, proxy: true }]\n",
		"add neighbour proxy 10.0.0.9 dev p0; delete neighbour 10.0.0.9 dev p0",
		{ { "neigh show nud permanent", NULL, "0" }, { "neigh show proxy", NULL, "1" } } },
	{ NEXTHOPS("  - { id: 1, via: 10.0.0.2, interface: p0 }\n", "  - { to: 10.1.0.0/16, nexthop: 1 }\n"),
		NEXTHOPS("  - { id: 1, via: 10.0.1.2, interface: q0 }\n", "  - { to: 10.1.0.0/16, nexthop: 1 }\n"),
		"replace nexthop 1 (via dev)",
		{ { "nexthop get id 1", "dev", "q0" }, { "route show 10.1.0.0/16", "dev", "q0" } } },
	{ NEXTHOPS("  - { id: 1, via: 10.0.0.2, interface: p0 }\n", "  - { to: 10.1.0.0/16, nexthop: 1 }\n"),
		NEXTHOPS("  - { id: 1, blackhole: true, family: ipv4 }\n", "  - { to: 10.1.0.0/16, nexthop: 1 }\n"),
		"delete nexthop 1; add nexthop 1; add route 10.1.0.0/16",
		{ { "route show 10.1.0.0/16", "nhid", "1" } } },
	{ NEXTHOPS("  - { id: 1, via: 10.0.0.2, interface: p0 }\n  - { id: 2, via: 10.0.1.2, interface: q0 }\n"
		   "  - { id: 10, group: [1, 2] }\n",
		  "  - { to: 10.1.0.0/16, nexthop: 10 }\n"),
		NEXTHOPS("  - { id: 1, via: 10.0.0.2, interface: p0 }\n  - { id: 3, via: 10.0.1.3, interface: q0 }\n"
			 "  - { id: 10, group: [1, 3] }\n",
			"  - { to: 10.1.0.0/16, nexthop: 10 }\n"),
		"add nexthop 3; replace nexthop 10 (members); delete nexthop 2",
		{ { "nexthop get id 2", NULL, "0" }, { "route show 10.1.0.0/16", "nhid", "10" } } },
	{ NEXTHOPS("  - { id: 1, via: 10.0.0.2, interface: p0 }\n", "  - { to: 10.1.0.0/16, nexthop: 1 }\n"),
		NEXTHOPS("  - { id: 1, via: 10.0.0.2, interface: p0 }\n", "  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n"),
		"replace route 10.1.0.0/16 (dev via nexthop)", { { "route show 10.1.0.0/16", "nhid", NULL } } },
	{ MULTIPATH("{ via: 10.0.0.2 }, { via: 10.0.1.2 }"),
		MULTIPATH("{ via: 10.0.0.2 }, { via: 10.0.1.2, weight: 9 }"), "replace route 10.3.0.0/16 (nexthops)",
		{ { 0 } } },
	{ MULTIPATH("{ via: 10.0.0.2 }, { via: 10.0.1.2 }"), MULTIPATH("{ via: 10.0.1.2 }"),
		"replace route 10.3.0.0/16 (dev via nexthops)",
		{ { "route show 10.3.0.0/16", "gateway", "10.0.1.2" } } },
	{ MULTIPATH6(SIX("2") ", " SIX("3")), MULTIPATH6(SIX("3") ", " SIX("4")),
		"add route 2001:db8:3::/48 metric 1024; delete route 2001:db8:3::/48 metric 1024", { { 0 } } },
	{ MULTIPATH6(SIX("2") ", " SIX("3")), MULTIPATH6(SIX("4") ", " SIX("5") ", " SIX("6")), NULL, { { 0 } } },
	{ MULTIPATH6(SIX("2") ", " SIX("3") ", " SIX("4")), MULTIPATH6(SIX("3")), NULL,
		{ { "-6 route show 2001:db8:3::/48", "gateway", "2001:db8::3" } } },
	{ MULTIPATH6(SIX("3")), MULTIPATH6(SIX("2") ", " SIX("3")), NULL, { { 0 } } },
	{ MULTIPATH6(SIX("2") ", " SIX("3")), LINKS "routes:\n  - { to: \"2001:db8:3::/48\", type: blackhole }\n", NULL,
		{ { "-6 route show 2001:db8:3::/48", "type", "blackhole" } } },
	{ MULTIPATH6(SIX("2") ", { via: \"2001:db8::3\", weight: 2 }"),
		MULTIPATH6(SIX("2") ", { via: \"2001:db8::3\", weight: 7 }"), NULL, { { 0 } } },
};

NS_TEST_EACH(policies, changes_are_done_as_planned_and_taken_back, changes)
{
	const struct change *change = &changes[*number];
	const char *before, *first;
	struct ns_answer plan;

	begin();
	before = ns_state();
	ns_apply_well(change->from);
	first = ns_output(
		"ip rule; ip -6 rule; ip neigh show nud permanent; ip neigh show proxy; ip nexthop; ip route");
	plan = ns_plan(change->to);
	ns_expect_exit(&plan, 2);
	if (change->steps)
		cr_expect_str_eq(ns_steps(plan.out), change->steps);
	ns_apply_well(change->to);
	ns_expect_facts(change->facts);
	ns_rollback_well("");
	cr_expect_str_eq(
		ns_output("ip rule; ip -6 rule; ip neigh show nud permanent; ip neigh show proxy; ip nexthop; ip "
			  "route"),
		first);
	ns_down_well();
	ns_expect_state(before);
}

/* ---- changed from outside ---------------------------------------------------------------------------------------- */

/* What a stranger does; all that status says of it; all that apply does about it. */
static const struct meddling {
	const char *command, *drift, *repair;
} meddlings[] = {
	/* neighbours */
	{ "ip neigh replace 10.0.0.9 lladdr 02:00:00:00:00:99 dev p0",
		"changed neighbour 10.0.0.9 dev p0 (mac 02:00:00:00:00:99 instead of 02:00:00:00:00:09)",
		"change neighbour 10.0.0.9 dev p0 (mac)" },
	{ "ip neigh replace 2001:db8::9 lladdr 02:00:00:00:00:09 dev p0",
		"changed neighbour 2001:db8::9 dev p0 (router none instead of true)",
		"change neighbour 2001:db8::9 dev p0 (router)" },
	{ "ip neigh replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev p0 router",
		"changed neighbour 10.0.0.9 dev p0 (router true instead of none)",
		"change neighbour 10.0.0.9 dev p0 (router)" },
	{ "ip neigh del 10.0.0.9 dev p0", "missing neighbour 10.0.0.9 dev p0", "add neighbour 10.0.0.9 dev p0" },
	{ "ip neigh change 10.0.0.9 lladdr 02:00:00:00:00:99 dev p0 nud stale", "missing neighbour 10.0.0.9 dev p0",
		"add neighbour 10.0.0.9 dev p0" },
	{ "ip neigh add 10.0.0.50 lladdr 02:00:00:00:00:50 dev p0 protocol 108", "extra neighbour 10.0.0.50 dev p0",
		"delete neighbour 10.0.0.50 dev p0" },
	{ "ip neigh del proxy 10.50.0.9 dev p0", "missing neighbour proxy 10.50.0.9 dev p0",
		"add neighbour proxy 10.50.0.9 dev p0" },
	{ "ip neigh add proxy 10.50.0.10 dev p0 protocol 108", "extra neighbour proxy 10.50.0.10 dev p0",
		"delete neighbour proxy 10.50.0.10 dev p0" },
	/* nexthops */
	{ "ip nexthop replace id 1 via 10.0.0.3 dev p0 proto 108",
		"changed nexthop 1 (via 10.0.0.3 instead of 10.0.0.2)", "replace nexthop 1 (via)" },
	{ "ip nexthop replace id 1 via 10.0.1.3 dev q0 proto 108",
		"changed nexthop 1 (via 10.0.1.3 instead of 10.0.0.2, dev q0 instead of p0)",
		"replace nexthop 1 (via dev)" },
	{ "ip nexthop replace id 1 via 10.0.0.2 dev p0 onlink proto 108",
		"changed nexthop 1 (onlink true instead of none)", "replace nexthop 1 (onlink)" },
	{ "ip nexthop replace id 10 group 1,2/2,3 proto 108", "changed nexthop 10 (members 1*2 2*3 instead of 1*1 2*3)",
		"replace nexthop 10 (members)" },
	{ "ip nexthop replace id 10 group 2,3 proto 108", "changed nexthop 10 (members 2*3 instead of 1*1 2*3)",
		"replace nexthop 10 (members)" },
	{ "ip nexthop replace id 10 group 1/2,3/3 proto 108",
		"changed nexthop 10 (members 1*1 2*3 3*1 instead of 1*1 2*3)", "replace nexthop 10 (members)" },
	{ "ip nexthop del id 4", "missing nexthop 4", "add nexthop 4" },
	{ "ip nexthop del id 2", "missing nexthop 2; changed nexthop 10 (members 1*1 instead of 1*1 2*3)",
		"add nexthop 2; replace nexthop 10 (members)" },
	{ "ip nexthop del id 1 && ip nexthop del id 2",
		"missing nexthop 1; missing nexthop 2; missing nexthop 10; missing route 10.1.0.0/16",
		"add nexthop 1; add nexthop 2; add nexthop 10; add route 10.1.0.0/16" },
	{ "ip nexthop del id 5", "missing nexthop 5; missing route 2001:db8:1::/48 metric 1024",
		"add nexthop 5; add route 2001:db8:1::/48 metric 1024" },
	{ "ip nexthop del id 4 && ip nexthop add id 4 blackhole proto 108",
		"changed nexthop 4 (family ipv4 instead of ipv6)", "delete nexthop 4; add nexthop 4" },
	{ "ip nexthop del id 4 && ip nexthop add id 4 via 2001:db8::9 dev p0 proto 108",
		"changed nexthop 4 (type single instead of blackhole, via 2001:db8::9 instead of none, dev p0 instead "
		"of "
		"none)",
		"delete nexthop 4; add nexthop 4" },
	{ "ip nexthop add id 99 blackhole proto 108", "extra nexthop 99", "delete nexthop 99" },
	{ "ip link set q0 down && ip link set q0 up && sleep 0.5",
		"missing nexthop 2; changed nexthop 10 (members 1*1 instead of 1*1 2*3)",
		"add nexthop 2; replace nexthop 10 (members)" },
	/* routes */
	{ "ip route replace 10.1.0.0/16 via 10.0.0.2 proto 108",
		"changed route 10.1.0.0/16 (dev p0 instead of none, via 10.0.0.2 instead of none, nexthop none instead "
		"of "
		"10)",
		"replace route 10.1.0.0/16 (dev via nexthop)" },
	{ "ip route replace 10.1.0.0/16 nhid 1 proto 108", "changed route 10.1.0.0/16 (nexthop 1 instead of 10)",
		"replace route 10.1.0.0/16 (nexthop)" },
	{ "ip route del 10.1.0.0/16", "missing route 10.1.0.0/16", "add route 10.1.0.0/16" },
	{ "ip route add 10.9.0.0/16 nhid 10 proto 108", "extra route 10.9.0.0/16", "delete route 10.9.0.0/16" },
	{ "ip route replace 10.3.0.0/16 proto 108 nexthop via 10.0.0.2 nexthop via 10.0.1.2 weight 9",
		"changed route 10.3.0.0/16 (nexthops)", "replace route 10.3.0.0/16 (nexthops)" },
	{ "ip route replace 10.3.0.0/16 proto 108 via 10.0.0.2",
		"changed route 10.3.0.0/16 (dev p0 instead of none, via 10.0.0.2 instead of none, nexthops)",
		"replace route 10.3.0.0/16 (dev via nexthops)" },
	/* of a single next hop no weight is told: it might have lost it */
	{ "ip -6 route del 2001:db8:3::/48 via 2001:db8::2 dev p0",
		"missing route 2001:db8:3::/48 metric 1024; changed route 2001:db8:3::/48 metric 1024 (weight none "
		"instead "
		"of 2)",
		"delete route 2001:db8:3::/48 metric 1024; add route 2001:db8:3::/48 metric 1024; "
		"add route 2001:db8:3::/48 metric 1024" },
	{ "ip -6 route del 2001:db8:3::/48 via 2001:db8::3 dev p0", "missing route 2001:db8:3::/48 metric 1024",
		"add route 2001:db8:3::/48 metric 1024" },
	{ "ip -6 route del 2001:db8:3::/48 && ip -6 route del 2001:db8:3::/48 || :",
		"missing route 2001:db8:3::/48 metric 1024; missing route 2001:db8:3::/48 metric 1024",
		"add route 2001:db8:3::/48 metric 1024; add route 2001:db8:3::/48 metric 1024" },
	/* rules: another one is one missing and one too many */
	{ "ip rule del pref 100", "missing rule ipv4 100 from 10.77.0.0/16 lookup 200",
		"add rule ipv4 100 from 10.77.0.0/16 lookup 200" },
	{ "ip rule add from 10.78.0.0/16 table 200 pref 110 proto 108",
		"extra rule ipv4 110 from 10.78.0.0/16 lookup 200",
		"delete rule ipv4 110 from 10.78.0.0/16 lookup 200" },
	{ "ip -6 rule add table 200 pref 110 proto 108", "extra rule ipv6 110 lookup 200",
		"delete rule ipv6 110 lookup 200" },
};

/* An attribute of a rule, in the words of ip: what is deleted and what is added in its place. */
static const struct remade {
	const char *family, *was, *is;
} remade[] = {
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.77.0.0/16 table 201 pref 100" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.77.0.0/16 table 200 pref 99" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.78.0.0/16 table 200 pref 100" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.77.0.0/17 table 200 pref 100" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.77.0.0/16 to 10.78.0.0/16 table 200 pref 100" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "not from 10.77.0.0/16 table 200 pref 100" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.77.0.0/16 tos 0x10 table 200 pref 100" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.77.0.0/16 ipproto tcp table 200 pref 100" },
	{ "-4", "from 10.77.0.0/16 table 200 pref 100", "from 10.77.0.0/16 blackhole pref 100" },
	{ "-4", "fwmark 0x10/0xf0 iif p0 oif q0 table 200 pref 101",
		"fwmark 0x20/0xf0 iif p0 oif q0 table 200 pref 101" },
	{ "-4", "fwmark 0x10/0xf0 iif p0 oif q0 table 200 pref 101",
		"fwmark 0x10/0x70 iif p0 oif q0 table 200 pref 101" },
	{ "-4", "fwmark 0x10/0xf0 iif p0 oif q0 table 200 pref 101",
		"fwmark 0x10/0xf0 iif q0 oif q0 table 200 pref 101" },
	{ "-4", "fwmark 0x10/0xf0 iif p0 oif q0 table 200 pref 101", "fwmark 0x10/0xf0 iif p0 table 200 pref 101" },
	{ "-4", "uidrange 1000-1999 table 200 suppress_prefixlength 0 pref 102",
		"uidrange 1000-1998 table 200 suppress_prefixlength 0 pref 102" },
	{ "-4", "uidrange 1000-1999 table 200 suppress_prefixlength 0 pref 102",
		"uidrange 1000-1999 table 200 suppress_prefixlength 1 pref 102" },
	{ "-4", "uidrange 1000-1999 table 200 suppress_prefixlength 0 pref 102",
		"uidrange 1000-1999 table 200 pref 102" },
	{ "-6", "not to 2001:db8:77::/48 table 200 pref 103", "to 2001:db8:77::/48 table 200 pref 103" },
	{ "-4", "from 10.66.0.0/16 iif lo prohibit pref 104", "from 10.66.0.0/16 iif lo unreachable pref 104" },
	{ "-6", "l3mdev pref 105", "table 200 pref 105" },
};

static const char *text_of(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	return json_is_string(value)    ? json_string_value(value)
	       : json_is_integer(value) ? ns_text("%lld", (long long)json_integer_value(value))
	       : json_is_boolean(value) ? json_is_true(value) ? "true" : "false"
	       : json_is_null(value)    ? "none"
					: NULL;
}

/* "(mac A instead of B, ...)"; of next hops the name alone. */
static const char *differences_of(json_t *entry)
{
	json_t *list = json_object_get(entry, "attributes"), *attribute;
	const char *text = "";
	size_t i;

	json_array_foreach(list, i, attribute)
	{
		const char *expected = text_of(attribute, "expected"), *found = text_of(attribute, "found");
		const char *values = expected && found ? ns_text(" %s instead of %s", found, expected) : "";

		text = ns_text("%s%s%s%s", text, *text ? ", " : "", text_of(attribute, "name"), values);
	}
	return *text ? ns_text(" (%s)", text) : "";
}

/* All that status says: "missing rule ...; changed neighbour ... (mac A instead of B)". */
static const char *drift(void)
{
	static const char *const differences[] = { "missing", "extra", "changed" };
	struct ns_answer answer = ns_span("status --json --check");
	const char *text = "";
	json_t *all, *entry;
	size_t i;

	ns_expect_exit(&answer, 2);
	all = json_object_get(ns_parse(answer.out), "drift");
	for (size_t k = 0; k < LS_ARRAY_SIZE(differences); k++)
		json_array_foreach(json_object_get(all, differences[k]), i, entry) text =
			ns_text("%s%s%s %s %s%s", text, *text ? "; " : "", differences[k], text_of(entry, "kind"),
				text_of(entry, "id"), differences_of(entry));
	return text;
}

/* As many messages as steps, and then all is well. Several messages can be in one call; those that only ask are dumps.
 */
static void expect_repaired(const char *good)
{
	struct ns_answer plan = ns_span("plan --json %s/spec.yaml", ns_dir());
	json_t *steps;
	size_t sent;

	ns_expect_exit(&plan, 2);
	steps = json_object_get(ns_parse(plan.out), "steps");
	cr_expect_gt(ns_count_changes(ns_text("apply %s/spec.yaml", ns_dir())), 0);
	sent = strtoul(ns_output("grep -Eo 'nlmsg_type=[^,]*, nlmsg_flags=NLM_F_REQUEST[^,]*' %s/trace | grep -Ecv "
				 "'DUMP|=0x3|[|]0x3|GETGEN|0xa10'",
			       ns_dir()),
		NULL, 10);
	cr_expect_eq(sent, json_array_size(steps), "%zu messages for: %s", sent, ns_steps(plan.out));
	ns_expect_settled();
	if (good)
		ns_expect_state(good);
}

NS_TEST_EACH(policies, change_from_outside_is_named_and_repaired, meddlings)
{
	const struct meddling *meddling = &meddlings[*number];
	const char *before, *good;
	struct ns_answer answer;

	begin();
	before = ns_state();
	ns_apply_well(EVERYTHING);
	good = ns_state();
	ns_run("%s", meddling->command);
	cr_expect_str_eq(drift(), meddling->drift);
	answer = ns_span("plan --json %s/spec.yaml", ns_dir());
	cr_expect_str_eq(ns_steps(answer.out), meddling->repair);
	expect_repaired(good);
	ns_down_well();
	ns_expect_state(before);
}

/* neigh_changeaddr: not ours to take back, but its neighbours are lost by it. */
Test(policies, neighbours_come_back_when_somebody_gives_their_link_another_address)
{
	begin();
	ns_apply_well(EVERYTHING);
	ns_run("ip link set p0 address 02:00:00:00:77:77");
	cr_expect_str_eq(drift(), "missing neighbour 10.0.0.9 dev p0; missing neighbour 2001:db8::9 dev p0");
	expect_repaired(NULL);
}

/* A rule that is otherwise is another rule; also by words that linkspan has not (tos, ipproto). */
NS_TEST_EACH(policies, rule_changed_from_outside_is_named_and_repaired, remade)
{
	const struct remade *rule = &remade[*number];
	const char *good;
	json_t *all;

	begin();
	ns_apply_well(EVERYTHING);
	good = ns_output("ip -4 rule; ip -6 rule");
	ns_run("ip %s rule del %s proto 108 && ip %s rule add %s proto 108", rule->family, rule->was, rule->family,
		rule->is);
	all = json_object_get(ns_parse(ns_span("status --json").out), "drift");
	cr_expect_eq(json_array_size(json_object_get(all, "missing")), 1, "%s", drift());
	cr_expect_eq(json_array_size(json_object_get(all, "extra")), 1, "%s", drift());
	cr_expect_eq(json_array_size(json_object_get(all, "changed")), 0, "%s", drift());
	expect_repaired(NULL);
	cr_expect_str_eq(ns_output("ip -4 rule; ip -6 rule"), good);
}

/* ---- strangers --------------------------------------------------------------------------------------------------- */

/* Of every kind, beside ours: on the same links, in the same tables, of the same priorities. */
static void make_strangers(void)
{
	ns_run("ip addr add 10.0.5.1/24 dev p0 && ip addr add 10.0.6.1/24 dev q0 && ip addr add 2001:db8:5::1/64 dev "
	       "p0");
	ns_settle();
	ns_run("ip neigh add 10.0.5.9 lladdr 02:00:00:00:05:09 dev p0 && ip neigh add proxy 10.50.0.77 dev p0 && "
	       "ip neigh add 2001:db8:5::9 lladdr 02:00:00:00:05:09 dev p0 router protocol static && "
	       "ip neigh add proxy 10.50.0.9 dev q0");
	ns_run("ip nexthop add id 71 via 10.0.5.2 dev p0 proto static && ip nexthop add id 72 via 10.0.6.2 dev q0 && "
	       "ip nexthop add id 73 group 71/72,2 && ip nexthop add id 74 via 2001:db8:5::2 dev p0 && "
	       "ip -6 nexthop add id 75 blackhole");
	ns_run("ip route add 10.71.0.0/16 nhid 73 && ip route add 10.2.0.0/16 nhid 71 table 201 && "
	       "ip route add 10.3.0.0/16 metric 9 nexthop via 10.0.5.2 weight 3 nexthop via 10.0.6.2 && "
	       "ip -6 route add 2001:db8:71::/48 nhid 74 && ip -6 route add 2001:db8:3::/48 metric 9 nexthop via "
	       "2001:db8:5::2 nexthop via 2001:db8:5::3");
	ns_run("ip rule add from 10.78.0.0/16 table 200 pref 100 && ip rule add from 10.77.0.0/16 table 201 pref 100 "
	       "proto "
	       "static && ip rule add tos 0x10 table 200 pref 101 && ip -6 rule add goto 32766 pref 103");
	ns_settle();
}

Test(policies, strangers_are_not_touched)
{
	const char *before;
	json_t *foreign;

	begin();
	make_strangers();
	before = ns_state();
	foreign = ns_foreign();
	ns_apply_well(EVERYTHING);
	ns_expect_foreign(foreign);
	ns_apply_well(LINKS);
	ns_expect_foreign(foreign);
	ns_rollback_well("");
	ns_expect_foreign(foreign);
	ns_down_well();
	ns_expect_state(before);
}

/* Somebody makes the very same beside ours: each keeps its own. */
Test(policies, a_stranger_s_rule_that_is_the_same_as_ours_stays)
{
	struct ns_answer answer;

	begin();
	ns_apply_well(LINKS "rules: [{ priority: 5, from: 10.77.0.0/16, table: 200 }]\n");
	ns_run("ip rule add from 10.77.0.0/16 table 200 pref 5 proto static");
	ns_expect_settled();
	ns_run("ip rule del from 10.77.0.0/16 table 200 pref 5 proto 108 && "
	       "ip rule add from 10.77.0.0/16 table 200 pref 5 proto 108");
	ns_expect_settled();
	answer = ns_span("down");
	ns_expect_exit(&answer, 0);
	ns_expect_facts((const struct ns_fact[]){
		{ "rule show pref 5", NULL, "1" }, { "rule show pref 5", "protocol", "static" }, { 0 } });
}

Test(policies, what_others_made_as_asked_stays_theirs)
{
	const char *before;

	begin();
	ns_run("ip addr add 10.0.0.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0 && ip addr add 10.0.1.1/24 dev q0 "
	       "&& "
	       "echo 0 >/proc/sys/net/ipv6/conf/p0/accept_ra");
	ns_settle();
	ns_run("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev p0 && ip neigh add proxy 10.50.0.9 dev p0 && "
	       "ip nexthop add id 1 via 10.0.0.2 dev p0 && ip nexthop add id 10 group 1 && "
	       "ip route add 10.1.0.0/16 nhid 10 && ip rule add from 10.77.0.0/16 table 200 pref 5 && "
	       "ip route add 10.3.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.1.2 weight 5");
	before = ns_state();
	ns_apply_well(LINKS "neighbours:\n"
			    "  - { interface: p0, address: 10.0.0.9, macaddress: \"02:00:00:00:00:09\" }\n"
			    "  - { interface: p0, address: 10.50.0.9, proxy: true }\n"
			    "nexthops:\n  - { id: 1, via: 10.0.0.2, interface: p0 }\n  - { id: 10, group: [1] }\n"
			    "routes:\n  - { to: 10.1.0.0/16, nexthop: 10 }\n"
			    "  - { to: 10.3.0.0/16, multipath: [{ via: 10.0.1.2, weight: 5 }, { via: 10.0.0.2 }] }\n"
			    "rules:\n  - { priority: 5, from: 10.77.0.0/16, table: 200 }\n");
	ns_expect_state(before);
	ns_down_well();
	ns_expect_state(before);
}

/* ---- conflicts and adoption -------------------------------------------------------------------------------------- */

/* In `spec`, "%s" stands for ", adopt: true" or nothing. */
static const struct conflict {
	const char *setup, *spec, *words[4];
	struct ns_fact adopted[4];
} conflicts[] = {
	{ "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 dev p0 protocol static",
		LINKS "neighbours:\n  - { interface: p0, address: 10.0.0.9, macaddress: \"02:00:00:00:00:09\"%s }\n",
		{ "neighbour 10.0.0.9 dev p0", "02:00:00:00:00:99", "spec.yaml:11:5" },
		{ { "neigh show 10.0.0.9", "lladdr", "02:00:00:00:00:09" },
			{ "neigh show 10.0.0.9", "protocol", "108" } } },
	/* one without a protocol can have none again, so it gets none of ours */
	{ "ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev p0",
		LINKS "neighbours:\n  - { interface: p0, address: \"2001:db8::9\", router: true, macaddress: "
		      "\"02:00:00:00:00:09\"%s }\n",
		{ "neighbour 2001:db8::9 dev p0", "spec.yaml:11:5" },
		{ { "neigh show 2001:db8::9", "protocol", NULL } } },
	{ "ip nexthop add id 1 via 10.0.0.7 dev p0 onlink proto static && ip route add 10.7.0.0/16 nhid 1",
		LINKS "nexthops:\n  - { id: 1, via: 10.0.0.2, interface: p0%s }\n",
		{ "nexthop 1", "10.0.0.7", "spec.yaml:11:5" },
		{ { "nexthop get id 1", "gateway", "10.0.0.2" }, { "nexthop get id 1", "protocol", "108" },
			{ "route show 10.7.0.0/16", "nhid", "1" } } },
	{ "ip nexthop add id 1 blackhole proto static && ip route add 10.7.0.0/16 nhid 1 proto static",
		LINKS "nexthops:\n  - { id: 1, via: 10.0.0.2, interface: p0%s }\n", { "nexthop 1", "spec.yaml:11:5" },
		{ { "nexthop get id 1", "gateway", "10.0.0.2" }, { "route show 10.7.0.0/16", "nhid", "1" },
			{ "route show 10.7.0.0/16", "protocol", "static" } } },
	{ "ip nexthop add id 71 via 10.0.0.7 dev p0 && ip nexthop add id 10 group 71,5 proto static && "
	  "ip route add 10.7.0.0/16 nhid 10",
		LINKS "nexthops:\n  - { id: 10, group: [1]%s }\n  - { id: 1, via: 10.0.0.2, interface: p0 }\n",
		{ "nexthop 10", "71*5", "spec.yaml:11:5" },
		{ { "nexthop get id 10", "group.id", "1" }, { "route show 10.7.0.0/16", "nhid", "10" } } },
	{ "ip nexthop add id 71 via 10.0.0.7 dev p0 && ip route add 10.1.0.0/16 nhid 71 proto static mtu 1400",
		LINKS "nexthops:\n  - { id: 1, via: 10.0.0.2, interface: p0 }\n"
		      "routes:\n  - { to: 10.1.0.0/16, nexthop: 1%s }\n",
		{ "route 10.1.0.0/16", "static", "spec.yaml:13:5" }, { { "route show 10.1.0.0/16", "nhid", "1" } } },
	{ "ip route add 10.3.0.0/16 proto static nexthop via 10.0.0.7 weight 7 nexthop via 10.0.1.7",
		LINKS "routes:\n  - { to: 10.3.0.0/16, multipath: [{ via: 10.0.0.2 }, { via: 10.0.1.2 }]%s }\n",
		{ "route 10.3.0.0/16", "10.0.0.7", "spec.yaml:11:5" },
		{ { "route show 10.3.0.0/16", "protocol", "108" } } },
	{ "ip -6 route add 2001:db8:3::/48 via 2001:db8::7 dev p0 proto static mtu 1400",
		LINKS "routes:\n  - { to: \"2001:db8:3::/48\", multipath: [" SIX("2") ", " SIX("3") "]%s }\n",
		{ "route 2001:db8:3::/48", "2001:db8::7", "spec.yaml:11:5" },
		{ { "-6 route show 2001:db8:3::/48", "protocol", "108" } } },
};

static void prepare_conflict(const struct conflict *conflict)
{
	begin();
	ns_run("ip addr add 10.0.0.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0 && ip addr add 10.0.1.1/24 dev q0");
	ns_settle();
	ns_run("%s", conflict->setup);
}

NS_TEST_EACH(policies, conflict_is_refused_with_nothing_sent, conflicts)
{
	const struct conflict *conflict = &conflicts[*number];
	struct ns_answer answer;
	const char *before;

	prepare_conflict(conflict);
	before = ns_state();
	answer = ns_apply(ns_text(conflict->spec, "")); /* NOLINT */
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, conflict->words);
	cr_expect_eq(ns_count_changes(ns_text("apply %s/spec.yaml", ns_dir())), 0);
	ns_expect_state(before);
}

NS_TEST_EACH(policies, adopted_original_comes_back_exactly, conflicts)
{
	const struct conflict *conflict = &conflicts[*number];
	const char *before;

	prepare_conflict(conflict);
	before = ns_state();
	ns_apply_well(ns_text(conflict->spec, ", adopt: true")); /* NOLINT */
	ns_expect_facts(conflict->adopted);
	ns_down_well();
	ns_expect_state(before);
}

Test(policies, what_strangers_hang_on_our_nexthop_keeps_it_unless_forced)
{
	const char *spec = LINKS "nexthops:\n  - { id: 1, via: 10.0.0.2, interface: p0 }\n", *before;
	struct ns_answer answer;

	begin();
	ns_apply_well(spec);
	ns_run("ip nexthop add id 71 via 10.0.1.7 dev q0 && ip nexthop add id 72 group 1/71 && "
	       "ip route add 10.7.0.0/16 nhid 1 proto static && ip route add 10.8.0.0/16 nhid 72");
	before = ns_state();
	ns_expect_settled();
	answer = ns_apply(LINKS);
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("route 10.7.0.0/16", "nexthop 72", "--force"));
	cr_expect_eq(ns_count_changes(ns_text("apply %s/spec.yaml", ns_dir())), 0);
	ns_expect_state(before);
	answer = ns_span("apply --force %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
	ns_expect_facts((const struct ns_fact[]){
		{ "nexthop get id 1", NULL, "0" },
		{ "nexthop get id 72", "group.id", "71" },
		{ "route show 10.7.0.0/16", NULL, "0" },
		{ "route show 10.8.0.0/16", "nhid", "72" },
		{ 0 },
	});
}

/* ---- IPv6 next hops, of which the kernel tells the first one's maker only ------------------------------------------
 */

#define HOPS6 "ip -6 route show 2001:db8:3::/48 | grep -o 'via 2001:db8::[0-9]*' | sort | tr -d '\\n'"

static void expect_hops(const char *hops)
{
	cr_expect_str_eq(ns_output("%s", HOPS6), hops, "%s instead of %s", ns_output("%s", HOPS6), hops);
}

Test(policies, a_stranger_s_hop_beside_ours_stays_through_changes_and_down)
{
	begin();
	ns_apply_well(MULTIPATH6(SIX("2") ", " SIX("3")));
	ns_run("ip -6 route append 2001:db8:3::/48 via 2001:db8::7 dev p0 proto static");
	ns_expect_settled();
	ns_apply_well(MULTIPATH6(SIX("3") ", " SIX("4")));
	expect_hops("via 2001:db8::3via 2001:db8::4via 2001:db8::7");
	ns_apply_well(MULTIPATH6(SIX("5") ", " SIX("6")));
	expect_hops("via 2001:db8::5via 2001:db8::6via 2001:db8::7");
	ns_rollback_well("");
	expect_hops("via 2001:db8::3via 2001:db8::4via 2001:db8::7");
	ns_down_well();
	expect_hops("via 2001:db8::7");
	ns_expect_facts((const struct ns_fact[]){ { "-6 route show 2001:db8:3::/48", "protocol", "static" }, { 0 } });
}

Test(policies, hops_that_are_lost_come_back_beside_a_stranger_s)
{
	static const char *const lost[] = { "2", "3", "4" };

	begin();
	ns_apply_well(MULTIPATH6(SIX("2") ", " SIX("3") ", " SIX("4")));
	ns_run("ip -6 route append 2001:db8:3::/48 via 2001:db8::7 dev p0 proto static");
	for (size_t i = 0; i < LS_ARRAY_SIZE(lost); i++) {
		ns_run("ip -6 route del 2001:db8:3::/48 via 2001:db8::%s dev p0", lost[i]);
		cr_expect_str_eq(drift(), "missing route 2001:db8:3::/48 metric 1024");
		expect_repaired(NULL);
		expect_hops("via 2001:db8::2via 2001:db8::3via 2001:db8::4via 2001:db8::7");
	}
	ns_down_well();
	expect_hops("via 2001:db8::7");
}

/* ---- specs that are not valid ------------------------------------------------------------------------------------ */

static const struct {
	const char *spec, *place, *words;
} invalid[] = {
	{ LINKS "routes:\n  - { to: 10.1.0.0/16, nexthop: 9 }\n",
		"spec.yaml:11:33: error:", "'nexthops' has no such id" },
	{ LINKS "nexthops:\n  - { id: 1, group: [9] }\n", "spec.yaml:11:22: error:", "nexthop 9" },
	{ LINKS "nexthops:\n  - { id: 1, via: 10.0.0.2, interface: r0 }\n", "spec.yaml:11:40: error:", "r0" },
	{ LINKS "rules:\n  - { priority: 1, family: ipv4, table: 5, iif: r0 }\n", "spec.yaml:11:49: error:", "r0" },
	{ LINKS "neighbours:\n  - { interface: r0, address: 10.0.0.9, proxy: true }\n",
		"spec.yaml:11:18: error:", "r0" },
	{ LINKS "routes:\n  - { to: 10.1.0.0/16, multipath: [{ via: 10.9.0.1 }] }\n",
		"spec.yaml:11:43: error:", "10.9.0.1" },
};

NS_TEST_EACH(policies, spec_that_is_not_valid_is_refused_with_the_line, invalid)
{
	struct ns_answer answer;
	const char *before;

	begin();
	before = ns_state();
	answer = ns_apply(invalid[*number].spec);
	ns_expect_exit(&answer, 65);
	ns_expect_words(answer.err, NS_WORDS(invalid[*number].place, invalid[*number].words));
	ns_expect_state(before);
}

/* ---- traffic ----------------------------------------------------------------------------------------------------- */

/* All of 10.99.0.0/24 is behind two links, a0 and b0. */
static void make_two_ways(void)
{
	begin();
	ns_need_program("ping");
	ns_make_far_pair("a0");
	ns_make_far_pair("b0");
	ns_far_run("ip addr add 10.99.0.1/24 dev lo && ip addr add 10.0.2.2/24 dev far-a0 && "
		   "ip addr add 10.0.3.2/24 dev far-b0 && ip -6 addr add 2001:db8:2::2/64 dev far-a0 nodad && "
		   "for l in all far-a0 far-b0; do echo 0 >/proc/sys/net/ipv4/conf/$l/rp_filter; done");
	ns_run("for l in all a0 b0; do echo 0 >/proc/sys/net/ipv4/conf/$l/rp_filter; done");
}

#define TWO_WAYS \
	"interfaces:\n" \
	"  a0:\n" \
	"    match: { name: a0 }\n" \
	"    ipv4: { method: manual, addresses: [10.0.2.1/24] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8:2::1/64\"] }\n" \
	"  b0: { match: { name: b0 }, ipv4: { method: manual, addresses: [10.0.3.1/24] } }\n"

static bool ping(const char *source, const char *target)
{
	return ns_try("ping -n -q -c 3 -i 0.05 -W 1 -I %s %s", source, target);
}

Test(policies, traffic_takes_the_table_of_its_rule)
{
	make_two_ways();
	ns_apply_well(TWO_WAYS "routes:\n"
			       "  - { to: 10.99.0.0/16, type: unreachable }\n"
			       "  - { to: 10.99.0.0/16, via: 10.0.3.2, table: 200 }\n"
			       "rules:\n  - { priority: 100, from: 10.0.3.1, table: 200 }\n");
	cr_expect(ping("10.0.3.1", "10.99.0.1"), "by the rule's table");
	cr_expect_not(ping("10.0.2.1", "10.99.0.1"), "by the main table");
	ns_apply_well(TWO_WAYS "routes:\n"
			       "  - { to: 10.99.0.0/16, via: 10.0.3.2 }\n"
			       "rules:\n  - { priority: 100, from: 10.0.3.1, to: 10.99.0.0/24, type: prohibit }\n");
	cr_expect_not(ping("10.0.3.1", "10.99.0.1"));
	cr_expect(ping("10.0.2.1", "10.99.0.1"));
}

static unsigned long sent_on(const char *link)
{
	return strtoul(
		ns_output("ip -s -j link show %s | sed 's/.*\"tx\":{\"bytes\":[0-9]*,\"packets\":\\([0-9]*\\).*/\\1/'",
			link),
		NULL, 10);
}

/* Flows spread by their addresses. */
static void expect_both_ways(void)
{
	unsigned long a = sent_on("a0"), b = sent_on("b0");

	for (int i = 1; i <= 32; i++)
		cr_expect(ns_try("ping -n -q -c 1 -W 2 10.99.0.%d", i), "10.99.0.%d", i);
	a = sent_on("a0") - a;
	b = sent_on("b0") - b;
	cr_expect(a >= 3 && b >= 3, "%lu packets by a0, %lu by b0", a, b);
}

#define TWO_HOPS "  - { id: 1, via: 10.0.2.2, interface: a0 }\n  - { id: 2, via: 10.0.3.2, interface: b0 }\n"
#define BY_GROUP(list) \
	TWO_WAYS "nexthops:\n" TWO_HOPS "  - { id: 10, group: [" list "] }\nroutes:\n" \
		 "  - { to: 10.99.0.0/16, nexthop: 10 }\n"

Test(policies, traffic_goes_by_all_members_of_a_group)
{
	unsigned long before;

	make_two_ways();
	ns_apply_well(BY_GROUP("1, 2"));
	expect_both_ways();
	ns_apply_well(BY_GROUP("2"));
	before = sent_on("a0");
	for (int i = 1; i <= 8; i++)
		cr_expect(ns_try("ping -n -q -c 1 -W 2 10.99.0.%d", i));
	cr_expect_leq(sent_on("a0") - before, 2, "the group has no member there");
}

Test(policies, traffic_goes_by_all_next_hops_of_a_route)
{
	make_two_ways();
	ns_apply_well(
		TWO_WAYS "routes:\n  - { to: 10.99.0.0/16, multipath: [{ via: 10.0.2.2 }, { via: 10.0.3.2 }] }\n");
	expect_both_ways();
}

Test(policies, members_of_a_group_change_and_no_packet_is_lost)
{
	struct ns_answer answer;
	const char *path;

	make_two_ways();
	ns_apply_well(BY_GROUP("1, 2"));
	path = ns_text("%s/ping", ns_dir());
	ns_run("ping -n -q -i 0.01 -c 120 -W 2 10.99.0.1 >%s 2>&1 & echo $! >%s.pid", path, path);
	usleep(200000);
	answer = ns_apply(BY_GROUP("2"));
	ns_expect_exit(&answer, 0);
	usleep(200000);
	answer = ns_apply(BY_GROUP("1"));
	ns_expect_exit(&answer, 0);
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	ns_run("for i in $(seq 60); do kill -0 $(cat %s.pid) 2>/dev/null || break; sleep 0.1; done", path);
	ns_expect_words(ns_read_file(path), NS_WORDS("120 packets transmitted, 120 received"));
}

/* A wrong address is where packets go, too: the entry is used, and not what the other side would answer. */
Test(policies, a_static_neighbour_is_where_packets_go)
{
	make_two_ways();
	ns_apply_well(
		TWO_WAYS "neighbours:\n  - { interface: a0, address: 10.0.2.2, macaddress: \"02:00:00:00:00:99\" }\n");
	cr_expect_not(ping("10.0.2.1", "10.0.2.2"));
	ns_apply_well(ns_text(TWO_WAYS "neighbours:\n  - { interface: a0, address: 10.0.2.2, macaddress: \"%.17s\" }\n",
		ns_output("nsenter --net=/proc/%d/ns/net cat /proc/net/dev >/dev/null; nsenter --net=/proc/%d/ns/net "
			  "ip -br "
			  "link show far-a0 | grep -o '..:..:..:..:..:..'",
			(int)ns_far(), (int)ns_far())));
	cr_expect(ping("10.0.2.1", "10.0.2.2"));
}

/* What the far side has learned of an address: whose MAC address it is said to have. */
static void expect_answered(const char *address)
{
	const char *mac = ns_text("%.17s", ns_output("ip -br link show a0 | grep -o '..:..:..:..:..:..'"));

	ns_far_run("ping -n -q -c 3 -W 1 %s >/dev/null || :", address);
	ns_expect_words(ns_output("nsenter --net=/proc/%d/ns/net ip neigh show %s dev far-a0", (int)ns_far(), address),
		NS_WORDS(mac));
}

static void expect_silence(const char *address)
{
	ns_far_run("ping -n -q -c 1 -W 1 %s >/dev/null || :", address);
	cr_expect_null(
		strstr(ns_output("nsenter --net=/proc/%d/ns/net ip neigh show %s dev far-a0", (int)ns_far(), address),
			"lladdr"));
}

Test(policies, proxies_answer_for_others)
{
	make_two_ways();
	ns_apply_well(TWO_WAYS "neighbours:\n"
			       "  - { interface: a0, address: 10.0.2.77, proxy: true }\n"
			       "  - { interface: a0, address: \"2001:db8:2::77\", proxy: true }\n"
			       "routes:\n  - { to: 10.0.2.77/32, via: 10.0.3.2 }\n"
			       "sysctls:\n  net.ipv4.ip_forward: 1\n  net.ipv6.conf.all.forwarding: 1\n"
			       "  net.ipv6.conf.a0.proxy_ndp: 1\n");
	expect_answered("10.0.2.77");
	expect_answered("2001:db8:2::77");
	expect_silence("10.0.2.78");
	expect_silence("2001:db8:2::78");
}
