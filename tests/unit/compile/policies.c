/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, neighbours, nexthop objects and routes of several next hops: from the spec to objects. */
#include "tools.h"

TestSuite(compile_policies);

#define LAN \
	HEAD "interfaces:\n  lan: { match: { name: eth0 }, ipv4: { method: manual, addresses: [192.0.2.1/24] },\n" \
	     "    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] } }\n  wan: { match: { name: eth1 } }\n"

/* The only object of its kind. */
static const struct ls_object *only(const struct ls_set *set, const struct ls_kind *kind)
{
	const struct ls_object *found = NULL;

	ls_set_each (set, i) {
		if (set->objects[i]->kind != kind)
			continue;
		cr_assert_null(found, "there are two");
		found = set->objects[i];
	}
	cr_assert_not_null(found);
	return found;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

#define RULE(text) LAN "rules:\n  - { " text " }\n"

static const struct {
	const char *rule, *expected;
} rules[] = {
	{ "priority: 5, from: 192.0.2.0/24, table: 200",
		"rule family=ipv4 priority=5 from=192.0.2.0/24 action=lookup table=200" },
	{ "priority: 0, to: \"2001:db8::9\", table: 4294967295",
		"rule family=ipv6 priority=0 to=2001:db8::9/128 action=lookup table=4294967295" },
	/* interfaces by their real names; lo is nobody's */
	{ "priority: 5, family: ipv4, iif: lan, oif: wan, type: prohibit",
		"rule family=ipv4 priority=5 iif=eth0 oif=eth1 action=prohibit" },
	{ "priority: 5, family: ipv6, iif: lo, l3mdev: true",
		"rule family=ipv6 priority=5 iif=lo l3mdev=true action=lookup" },
	/* any address: the kernel does not show it */
	{ "priority: 5, from: 0.0.0.0/0, to: 0.0.0.0/0, type: blackhole",
		"rule family=ipv4 priority=5 action=blackhole" },
	{ "priority: 5, family: ipv4, fwmark: 0x10, type: unreachable",
		"rule family=ipv4 priority=5 fwmark=16 fwmask=4294967295 action=unreachable" },
	{ "priority: 5, family: ipv4, fwmark: 0, fwmask: 1, table: 7, invert: true",
		"rule family=ipv4 priority=5 invert=true fwmark=0 fwmask=1 action=lookup table=7" },
	{ "priority: 5, family: ipv4, uid_range: 0-4, table: 254, suppress_prefix_length: 0",
		"rule family=ipv4 priority=5 uid_start=0 uid_end=4 action=lookup table=254 suppress_prefix_length=0" },
	{ "priority: 5, family: ipv4, invert: false, l3mdev: false, table: 7",
		"rule family=ipv4 priority=5 action=lookup table=7" },
};

Test(compile_policies, a_rule_is_what_it_says_and_no_more)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(rules); i++) {
		char text[1024];
		struct ls_set set;

		snprintf(text, sizeof(text), RULE("%s"), rules[i].rule);
		set = compile(build_keep(strdup(text)));
		assert_is(only(&set, &ls_kind_rule), rules[i].expected);
	}
}

Test(compile_policies, an_interface_that_rules_name_by_another_name_is_found)
{
	struct ls_set links = ACTUAL("link name=ens7 permanent_mac=00:50:56:aa:00:01");
	struct compiled compiled =
		compile_on(&links, HEAD "interfaces:\n  up: { match: { macaddress: \"00:50:56:aa:00:01\" } }\n"
					"rules:\n  - { priority: 5, family: ipv4, iif: up, table: 5 }\n");

	cr_assert_eq(compiled.r, 0);
	cr_assert_str_eq(((const struct ls_rule *)only(&compiled.set, &ls_kind_rule))->iif, "ens7");
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

Test(compile_policies, neighbours_are_on_the_links_real_name)
{
	struct ls_set set =
		compile(LAN "neighbours:\n"
			    "  - { interface: lan, address: 192.0.2.9, macaddress: \"02:00:00:00:00:09\", "
			    "adopt: true }\n"
			    "  - { interface: wan, address: \"2001:db8::9\", proxy: true, router: true }\n");

	assert_is(find(&set, "neighbour dev=eth0 address=192.0.2.9"),
		"neighbour dev=eth0 address=192.0.2.9 mac=02:00:00:00:00:09 adopt");
	assert_is(find(&set, "neighbour dev=eth1 address=2001:db8::9 proxy=true"),
		"neighbour dev=eth1 address=2001:db8::9 proxy=true router=true");
}

/* ---- nexthop objects --------------------------------------------------------------------------------------------- */

#define NEXTHOPS(text) LAN "nexthops:\n" text

Test(compile_policies, nexthops_have_a_type_and_a_family)
{
	struct ls_set set =
		compile(NEXTHOPS("  - { id: 1, via: 192.0.2.2, interface: lan, on_link: true, adopt: true }\n"
				 "  - { id: 2, interface: wan, family: ipv6 }\n"
				 "  - { id: 3, blackhole: true, family: ipv6 }\n"
				 "  - { id: 4, via: \"fe80::1\", interface: wan }\n"));

	assert_is(find(&set, "nexthop id=1"),
		"nexthop id=1 type=single family=ipv4 via=192.0.2.2 dev=eth0 onlink=true adopt");
	assert_is(find(&set, "nexthop id=2"), "nexthop id=2 type=single family=ipv6 dev=eth1");
	assert_is(find(&set, "nexthop id=3"), "nexthop id=3 type=blackhole family=ipv6");
	assert_is(find(&set, "nexthop id=4"), "nexthop id=4 type=single family=ipv6 via=fe80::1 dev=eth1");
}

/* As the driver reads them: their order says nothing. */
Test(compile_policies, members_of_a_group_are_in_the_order_of_their_ids)
{
	struct ls_set set = compile(NEXTHOPS("  - { id: 9, group: [{ id: 11, weight: 256 }, 2, 10] }\n"
					     "  - { id: 2, via: 192.0.2.2, interface: lan }\n"
					     "  - { id: 10, via: 192.0.2.3, interface: lan }\n"
					     "  - { id: 11, via: 192.0.2.4, interface: lan }\n"));

	assert_is(find(&set, "nexthop id=9"), "nexthop id=9 type=group members='2*1 10*1 11*256'");
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

#define ROUTES(text) LAN "routes:\n" text

Test(compile_policies, several_ipv4_next_hops_are_one_route)
{
	struct ls_set set =
		compile(ROUTES("  - { to: 10.0.0.0/8, adopt: true, multipath: [{ via: 192.0.2.9, weight: 256 },\n"
			       "      { via: 192.0.2.2 }] }\n"));

	assert_is(find(&set, "route to=10.0.0.0/8"), "route to=10.0.0.0/8 nexthops='via 192.0.2.9 dev eth0 weight 256, "
						     "via 192.0.2.2 dev eth0 weight 1' adopt");
}

Test(compile_policies, a_hop_may_be_on_the_link_or_the_link_itself)
{
	struct ls_set set = compile(ROUTES("  - { to: 10.0.0.0/8, multipath: [{ interface: wan },\n"
					   "      { via: 203.0.113.1, interface: wan, on_link: true }] }\n"));
	const struct ls_hops *hops = &route_of(&set, "route to=10.0.0.0/8")->hops;

	cr_assert_eq(hops->n, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_str_eq(hops->hops[i].dev, "eth1");
		cr_expect_eq(hops->hops[i].onlink, hops->hops[i].via.family != 0);
	}
}

Test(compile_policies, several_ipv6_next_hops_are_routes_side_by_side)
{
	struct ls_set set = compile(
		ROUTES("  - { to: \"2001:db8:1::/48\", metric: 7, multipath: [{ via: \"2001:db8::9\", weight: 3 },\n"
		       "      { via: \"fe80::1\", interface: wan }] }\n"));
	const struct ls_object *key = build("route to=2001:db8:1::/48 metric=7");
	size_t first = ls_set_lower(&set, key), n = 0;

	for (size_t i = first; i < set.n_objects && !ls_object_compare(set.objects[i], key); i++, n++) {
		const struct ls_route *route = (const struct ls_route *)set.objects[i];

		if (!strcmp(route->dev, "eth0"))
			assert_is(&route->object,
				"route to=2001:db8:1::/48 metric=7 via=2001:db8::9 dev=eth0 weight=3 sibling");
		else
			assert_is(&route->object, "route to=2001:db8:1::/48 metric=7 via=fe80::1 dev=eth1 sibling");
	}
	cr_assert_eq(n, 2);
}

/* The kernel makes no difference, and keeps no weight. */
Test(compile_policies, a_single_hop_is_a_plain_route)
{
	struct ls_set set = compile(ROUTES("  - { to: 10.0.0.0/8, multipath: [{ via: 192.0.2.9, weight: 7 }] }\n"
					   "  - { to: \"2001:db8:1::/48\", multipath: [{ interface: wan }] }\n"));

	assert_is(find(&set, "route to=10.0.0.0/8"), "route to=10.0.0.0/8 via=192.0.2.9 dev=eth0");
	assert_is(find(&set, "route to=2001:db8:1::/48"), "route to=2001:db8:1::/48 dev=eth1");
}

Test(compile_policies, a_route_by_nexthop_has_nothing_else)
{
	struct ls_set set =
		compile(ROUTES("  - { to: 10.0.0.0/8, nexthop: 5, metric: 9, mtu: 1400, source: 192.0.2.1 }\n"
			       "nexthops:\n  - { id: 5, via: 192.0.2.2, interface: lan }\n"));

	assert_is(find(&set, "route to=10.0.0.0/8 metric=9"),
		"route to=10.0.0.0/8 metric=9 nexthop=5 mtu=1400 src=192.0.2.1 scope=global");
}

/* ---- mistakes that only the compiler sees ------------------------------------------------------------------------ */

static void assert_error(const char *text, unsigned line, const char *part)
{
	struct compiled compiled = compile_on(NULL, text);

	cr_assert_eq(compiled.r, -EINVAL);
	cr_assert_eq(compiled.diag.n_errors, 1);
	cr_expect_eq(compiled.diag.findings[0].location.line, line, "%u", compiled.diag.findings[0].location.line);
	cr_expect(strstr(compiled.diag.findings[0].message, part), "%s", compiled.diag.findings[0].message);
}

Test(compile_policies, a_hop_that_no_subnet_has_needs_an_interface)
{
	assert_error(ROUTES("  - { to: 10.0.0.0/8, multipath: [{ via: 192.0.2.2 },\n      { via: 203.0.113.1 }] }\n"),
		10, "203.0.113.1");
}

#define DOWN HEAD "interfaces:\n  lan: { match: { name: eth0 }, up: false }\n"

Test(compile_policies, nothing_leads_over_a_link_that_is_to_be_down)
{
	assert_error(DOWN "nexthops:\n  - { id: 5, via: 192.0.2.2, interface: lan }\n", 7, "down");
	assert_error(DOWN "routes:\n  - { to: 10.0.0.0/8, multipath: [{ interface: lan }] }\n", 7, "down");
}
