/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing is lost that need not be: while a spec changes, a host behind the changed part is sent a hundred packets a
 * second in both families, and every one is answered.
 */
#include "netns_tools.h"

#include <string.h>
#include <unistd.h>

TestSuite(traffic, .init = ns_enter, .fini = ns_leave);

/* Hosts 10.99.0.1 and 2001:db8:99::1 are behind two links, a0 and b0. */
static void make_two_ways(void)
{
	ns_make_far_pair("a0");
	ns_make_far_pair("b0");
	ns_far_run("ip addr add 10.99.0.1/32 dev lo && ip addr add 2001:db8:99::1/128 dev lo && "
		   "ip addr add 10.0.1.2/24 dev far-a0 && ip addr add 10.0.2.2/24 dev far-b0 && "
		   "ip addr add 10.0.1.3/24 dev far-a0 && ip addr add 2001:db8:1::3/64 dev far-a0 && "
		   "ip addr add 2001:db8:1::2/64 dev far-a0 && ip addr add 2001:db8:2::2/64 dev far-b0 && "
		   "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
	ns_far_run("for l in all far-a0 far-b0; do echo 0 >/proc/sys/net/ipv4/conf/$l/rp_filter; done");
	ns_run("for l in all a0 b0; do echo 0 >/proc/sys/net/ipv4/conf/$l/rp_filter; done");
}

#define LINKS(more_v4, more_v6) \
	"interfaces:\n" \
	"  a0:\n" \
	"    match: { name: a0 }\n" \
	"    ipv4: { method: manual, addresses: [10.0.1.1/24" more_v4 "] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8:1::1/64\"" more_v6 "] }\n" \
	"  b0:\n" \
	"    match: { name: b0 }\n" \
	"    ipv4: { method: manual, addresses: [10.0.2.1/24] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8:2::1/64\"] }\n"
#define ROUTES(v4, v6) "routes:\n  - { to: 10.99.0.0/16, " v4 " }\n  - { to: \"2001:db8:99::/48\", " v6 " }\n"
#define WAY_A(more) ROUTES("via: 10.0.1.2" more, "via: \"2001:db8:1::2\"" more)
#define WAY_B(more) ROUTES("via: 10.0.2.2" more, "via: \"2001:db8:2::2\"" more)
#define BOTH_WAYS(weight) \
	ROUTES("multipath: [{ via: 10.0.1.2, weight: " weight " }, { via: 10.0.2.2 }]", \
		"multipath: [{ via: \"2001:db8:1::2\", weight: " weight " }, { via: \"2001:db8:2::2\" }]")
#define RULES(table, priority) \
	"rules:\n  - { to: 10.99.0.0/16, table: " table ", priority: " priority " }\n" \
	"  - { to: \"2001:db8:99::/48\", table: " table ", priority: " priority " }\n"
#define HOPS(link, n) \
	"nexthops:\n  - { id: 1, via: 10.0." n ".2, interface: " link " }\n" \
	"  - { id: 2, via: \"2001:db8:" n "::2\", interface: " link " }\n"
#define GROUPS(members4, members6) \
	"nexthops:\n" \
	"  - { id: 11, via: 10.0.1.2, interface: a0 }\n  - { id: 12, via: 10.0.2.2, interface: b0 }\n" \
	"  - { id: 21, via: \"2001:db8:1::2\", interface: a0 }\n" \
	"  - { id: 22, via: \"2001:db8:2::2\", interface: b0 }\n" \
	"  - { id: 1, group: [" members4 "] }\n  - { id: 2, group: [" members6 "] }\n"
#define NEIGHBOURS(last) \
	"neighbours:\n  - { interface: b0, address: 10.0.2.99, macaddress: \"02:00:00:00:00:0" last "\" }\n" \
	"  - { interface: a0, address: \"2001:db8:1::99\", macaddress: \"02:00:00:00:00:0" last "\" }\n"

static const struct change {
	const char *what, *one, *other;
} changes[] = {
	{ "another next hop", LINKS("", "") WAY_A(""), LINKS("", "") WAY_B("") },
	{ "another next hop on the same link", LINKS("", "") WAY_A(""),
		LINKS("", "") ROUTES("via: 10.0.1.3", "via: \"2001:db8:1::3\"") },
	{ "another metric", LINKS("", "") WAY_A(", metric: 20"), LINKS("", "") WAY_B(", metric: 30") },
	{ "addresses beside", LINKS("", "") WAY_A(""),
		LINKS(", 10.0.3.1/24, 10.0.1.7/24", ", \"2001:db8:3::1/64\"") WAY_A("") },
	{ "another table", LINKS("", "") WAY_A(", table: 100") RULES("100", "1000"),
		LINKS("", "") WAY_B(", table: 101") RULES("101", "1000") },
	{ "from the main table to one of its own", LINKS("", "") WAY_A(""),
		LINKS("", "") WAY_B(", table: 100") RULES("100", "1000") },
	{ "another priority", LINKS("", "") WAY_A(", table: 100") RULES("100", "1000"),
		LINKS("", "") WAY_A(", table: 100") RULES("100", "2000") },
	{ "several next hops", LINKS("", "") WAY_A(""), LINKS("", "") BOTH_WAYS("3") },
	{ "one next hop of several", LINKS("", "") WAY_B(""), LINKS("", "") BOTH_WAYS("1") },
	{ "another nexthop object", LINKS("", "") HOPS("a0", "1") ROUTES("nexthop: 1", "nexthop: 2"),
		LINKS("", "") HOPS("b0", "2") ROUTES("nexthop: 1", "nexthop: 2") },
	{ "from a next hop to a nexthop object", LINKS("", "") WAY_A(""),
		LINKS("", "") HOPS("b0", "2") ROUTES("nexthop: 1", "nexthop: 2") },
	{ "other members of a group", LINKS("", "") GROUPS("11", "21") ROUTES("nexthop: 1", "nexthop: 2"),
		LINKS("", "") GROUPS("12, { id: 11, weight: 7 }", "22") ROUTES("nexthop: 1", "nexthop: 2") },
	{ "neighbours beside", LINKS("", "") WAY_A("") NEIGHBOURS("1"), LINKS("", "") WAY_A("") NEIGHBOURS("2") },
};

/* Until it is stopped; a minute at most. */
static void start_stream(void)
{
	ns_run("ping -4 -n -i 0.01 -c 6000 -W 2 -I 10.0.1.1 10.99.0.1 >%s/ping4 2>&1 & echo $! >%s/pid4", ns_dir(),
		ns_dir());
	ns_run("ping -6 -n -i 0.01 -c 6000 -W 2 -I 2001:db8:1::1 2001:db8:99::1 >%s/ping6 2>&1 & echo $! >%s/pid6",
		ns_dir(), ns_dir());
	usleep(200000);
}

/* Both were still sending, and every packet was answered. */
static void expect_nothing_lost(const char *what)
{
	static const char *const families[] = { "4", "6" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(families); i++) {
		const char *verdict;

		cr_expect(ns_try("kill -INT $(cat %s/pid%s)", ns_dir(), families[i]), "%s: ping has ended", what);
		ns_run("for i in $(seq 60); do kill -0 $(cat %s/pid%s) 2>/dev/null || break; sleep 0.1; done", ns_dir(),
			families[i]);
		verdict = ns_lost(ns_text("ping%s", families[i]));
		cr_expect_str_eq(verdict, "whole\n", "%s: IPv%s: %s", what, families[i], verdict);
	}
}

static void apply_now(const char *spec)
{
	struct ns_answer answer = ns_apply(spec);

	ns_expect_exit(&answer, 0);
	usleep(150000);
}

NS_TEST_EACH(traffic, changes_without_a_gap_lose_no_packet, changes)
{
	const struct change *change = &changes[*number];
	struct ns_answer answer;

	ns_begin();
	ns_need_program("ping");
	make_two_ways();
	ns_apply_well(change->one);
	start_stream();
	apply_now(change->other);
	apply_now(change->one);
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	usleep(400000);
	expect_nothing_lost(change->what);
	ns_apply_well(change->other);
}

/* Both links have both addresses for a moment. */
Test(traffic, addresses_swap_their_links)
{
	struct ns_answer plan;
	const char *spec = "interfaces:\n"
			   "  a0: { match: { name: a0 }, ipv4: { method: manual, addresses: [10.0.2.1/24] },\n"
			   "        ipv6: { method: manual, addresses: [\"2001:db8:2::1/64\"] } }\n"
			   "  b0: { match: { name: b0 }, ipv4: { method: manual, addresses: [10.0.1.1/24] },\n"
			   "        ipv6: { method: manual, addresses: [\"2001:db8:1::1/64\"] } }\n";

	ns_begin();
	make_two_ways();
	ns_apply_well(LINKS("", ""));
	plan = ns_plan(spec);
	cr_expect_str_eq(ns_steps(plan.out),
		"add address 10.0.2.1/24 dev a0; add address 2001:db8:2::1/64 dev a0; "
		"add address 10.0.1.1/24 dev b0; add address 2001:db8:1::1/64 dev b0; "
		"delete address 2001:db8:2::1/64 dev b0; delete address 10.0.2.1/24 dev b0; "
		"delete address 2001:db8:1::1/64 dev a0; delete address 10.0.1.1/24 dev a0");
	ns_apply_well(spec);
	ns_expect_facts((const struct ns_fact[]){
		{ "-4 addr show a0", "addr_info.local", "10.0.2.1" },
		{ "-4 addr show b0", "addr_info.local", "10.0.1.1" },
		{ 0 },
	});
	ns_rollback_well("");
	ns_down_well();
}
