/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a spec to the objects it asks for: defaults, names, references, and what only a host can tell. */
#include "tools.h"

TestSuite(compile);

/* ---- links ------------------------------------------------------------------------------------------------------- */

Test(compile, an_empty_spec_asks_for_nothing)
{
	cr_assert_eq(compile(HEAD).n_objects, 0);
}

Test(compile, a_matched_link_is_adjusted_and_up)
{
	struct ls_set set = compile(HEAD "interfaces:\n  lan: { match: { name: eth0 }, mtu: 9000 }\n");

	cr_assert_eq(set.n_objects, 1);
	assert_is(set.objects[0], "link name=eth0 mtu=9000 up=true adjust");
}

Test(compile, a_matched_link_without_more_is_only_up)
{
	assert_is(compile(HEAD "interfaces:\n  lan: { match: { name: eth0 } }\n").objects[0],
		"link name=eth0 up=true adjust");
	assert_is(compile(HEAD "interfaces:\n  lan: { match: { name: eth0 }, up: false }\n").objects[0],
		"link name=eth0 up=false adjust");
}

Test(compile, a_created_link_has_a_type_a_mac_and_an_mtu)
{
	const char *text = HEAD "interfaces:\n  d0: { create: { type: dummy, macaddress: \"02:00:00:00:00:07\" } }\n";

	assert_is(compile(text).objects[0], "link name=d0 type=dummy mtu=1500 mac=02:00:00:00:00:07 up=true");
}

Test(compile, a_bridge_has_ports_and_no_mtu_of_its_own)
{
	struct ls_set set = compile(HEAD "interfaces:\n  br0: { create: { type: bridge, ports: [lan, d0], macaddress: "
					 "\"02:00:00:00:00:07\", stp: true } }\n"
					 "  lan: { match: { name: eth0 } }\n  d0: { create: { type: dummy, macaddress: "
					 "\"02:00:00:00:00:08\" } }\n");

	assert_is(find(&set, "link name=br0"), "link name=br0 type=bridge mac=02:00:00:00:00:07 up=true stp=true");
	assert_is(find(&set, "link name=eth0"), "link name=eth0 master=br0 up=true adjust");
	assert_is(find(&set, "link name=d0"),
		"link name=d0 type=dummy master=br0 mtu=1500 mac=02:00:00:00:00:08 up=true");
}

/* Switches of virtual machines drop frames from any other address. */
Test(compile, a_vlan_keeps_the_mac_of_its_parent)
{
	struct ls_set set = compile(HEAD "interfaces:\n  lan: { match: { name: eth0 } }\n  v: { create: { type: vlan, "
					 "parent: lan, id: 4094 } }\n");

	assert_is(find(&set, "link name=v"), "link name=v type=vlan parent=eth0 vlan_id=4094 up=true");
}

Test(compile, a_vlan_may_have_a_mac_of_its_own)
{
	struct ls_set set = compile(
		HEAD "interfaces:\n  lan: { match: { name: eth0 } }\n"
		     "  v: { create: { type: vlan, parent: lan, id: 1, macaddress: \"02:00:00:00:00:09\" } }\n");

	assert_is(
		find(&set, "link name=v"), "link name=v type=vlan parent=eth0 vlan_id=1 mac=02:00:00:00:00:09 up=true");
}

Test(compile, a_vxlan_says_all_that_the_kernel_would_fill_in)
{
	struct ls_set set =
		compile(HEAD "interfaces:\n  lan: { match: { name: eth0 } }\n"
			     "  x: { create: { type: vxlan, id: 0, macaddress: \"02:00:00:00:00:01\" } }\n"
			     "  y: { create: { type: vxlan, id: 7, parent: lan, remote: 239.0.0.1, ttl: 5,\n"
			     "    macaddress: \"02:00:00:00:00:02\" } }\n");

	assert_is(find(&set, "link name=x"),
		"link name=x type=vxlan mtu=1500 vni=0 port=4789 learning=true ttl=0 mac=02:00:00:00:00:01 up=true");
	assert_is(find(&set, "link name=y"),
		"link name=y type=vxlan parent=eth0 vni=7 remote=239.0.0.1 port=4789 learning=true ttl=5 "
		"mac=02:00:00:00:00:02 up=true");
}

Test(compile, a_macvlan_in_passthru_has_the_mac_of_its_parent)
{
	struct ls_set set = compile(HEAD "interfaces:\n  lan: { match: { name: eth0 } }\n"
					 "  m: { create: { type: macvlan, parent: lan, mode: passthru } }\n");

	assert_is(find(&set, "link name=m"), "link name=m type=macvlan parent=eth0 macvlan_mode=passthru up=true");
}

Test(compile, ports_of_a_bond_have_its_mtu)
{
	struct ls_set set =
		compile(HEAD "interfaces:\n"
			     "  a: { create: { type: veth, peer: b, macaddress: \"02:00:00:00:00:01\" } }\n"
			     "  b: { create: { type: veth, peer: a } }\n"
			     "  bo: { create: { type: bond, ports: [a], macaddress: \"02:00:00:00:00:02\" } }\n"
			     "  v: { create: { type: vrf, table: 9, ports: [bo], macaddress: "
			     "\"02:00:00:00:00:03\" } }\n");

	assert_is(find(&set, "link name=a"), "link name=a type=veth master=bo peer=b mac=02:00:00:00:00:01 up=true");
	assert_is(find(&set, "link name=bo"),
		"link name=bo type=bond master=v mtu=1500 bond_mode=active-backup miimon=100 mac=02:00:00:00:00:02 "
		"up=true");
	assert_is(find(&set, "link name=v"), "link name=v type=vrf table=9 mac=02:00:00:00:00:03 up=true");
}

Test(compile, the_ends_of_a_veth_know_each_other)
{
	struct ls_set set = compile(HEAD "interfaces:\n  a: { create: { type: veth, peer: b } }\n  b: { create: { "
					 "type: veth, peer: a }, mtu: 1400 }\n");

	cr_assert_str_eq(link_of(&set, "a")->peer, "b");
	cr_assert_str_eq(link_of(&set, "b")->peer, "a");
	cr_assert_eq(link_of(&set, "a")->mtu, 1500);
	cr_assert_eq(link_of(&set, "b")->mtu, 1400);
}

/* ---- derived addresses ------------------------------------------------------------------------------------------- */

static struct ls_mac derived(const char *host, const char *link)
{
	char text[256];
	struct ls_set set;

	snprintf(text, sizeof(text),
		"linkspan: 1\nkind: gateway\nname: %s\ninterfaces:\n  %s: { create: { type: dummy } }\n", host, link);
	set = compile(build_keep(strdup(text)));
	cr_assert(ls_object_has(set.objects[0], LS_LINK_MAC));
	return link_of(&set, link)->mac;
}

Test(compile, a_derived_mac_is_local_and_unicast)
{
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		cr_assert_eq(derived("gw1", name).bytes[0] & 3, 2);
	}
}

Test(compile, a_derived_mac_is_the_same_every_time)
{
	struct ls_mac a = derived("gw1", "d0"), b = derived("gw1", "d0");

	cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
}

/* Another one would be a new link after an upgrade of linkspan, and another neighbour to everybody. */
Test(compile, a_derived_mac_does_not_change_between_versions)
{
	char text[LS_MAC_TEXT_MAX];
	struct ls_mac mac = derived("gw1", "d0");
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct ls_mac expected;

	for (const char *p = "gw1/d0"; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	for (int i = 0; i < 6; i++)
		expected.bytes[i] = (uint8_t)(hash >> (8 * i));
	expected.bytes[0] = (uint8_t)((expected.bytes[0] & 0xfc) | 2);
	cr_assert_eq(memcmp(&mac, &expected, sizeof(mac)), 0, "%s", ls_mac_format(&mac, text));
}

Test(compile, derived_macs_differ_by_host_and_link)
{
	struct ls_mac a = derived("gw1", "d0"), b = derived("gw1", "d1"), c = derived("gw2", "d0");

	cr_assert_neq(memcmp(&a, &b, sizeof(a)), 0);
	cr_assert_neq(memcmp(&a, &c, sizeof(a)), 0);
}

Test(compile, hosts_and_links_whose_names_join_to_the_same_differ)
{
	struct ls_mac a = derived("gw1", "d0"), b = derived("gw", "1d0");

	cr_assert_neq(memcmp(&a, &b, sizeof(a)), 0);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

#define LAN(families) HEAD "interfaces:\n  lan: { match: { name: eth0 }, " families " }\n"

Test(compile, addresses_are_on_the_links_real_name)
{
	struct ls_set set = compile(LAN("ipv4: { method: manual, addresses: [192.0.2.1/24] }, ipv6: { method: manual, "
					"addresses: [\"2001:db8::1/64\"] }"));

	assert_is(find(&set, "address dev=eth0 address=192.0.2.1/24"),
		"address dev=eth0 address=192.0.2.1/24 scope=global");
	assert_is(find(&set, "address dev=eth0 address=2001:db8::1/64"), "address dev=eth0 address=2001:db8::1/64");
}

Test(compile, ipv4_addresses_get_the_scope_that_the_kernel_would_give)
{
	struct ls_set set = compile(LAN("ipv4: { method: manual, addresses: [169.254.0.1/16, 10.0.0.1/8] }"));

	cr_assert_eq(((const struct ls_address *)find(&set, "address dev=eth0 address=169.254.0.1/16"))->scope,
		LS_SCOPE_LINK);
	cr_assert_eq(
		((const struct ls_address *)find(&set, "address dev=eth0 address=10.0.0.1/8"))->scope, LS_SCOPE_GLOBAL);
}

Test(compile, an_address_may_be_adopted)
{
	struct ls_set set = compile(
		LAN("ipv4: { method: manual, addresses: [{ address: 192.0.2.1/24, adopt: true }, 192.0.2.2/24] }"));

	cr_assert(find(&set, "address dev=eth0 address=192.0.2.1/24")->flags & LS_OBJECT_ADOPT);
	cr_assert_not(find(&set, "address dev=eth0 address=192.0.2.2/24")->flags & LS_OBJECT_ADOPT);
}

Test(compile, top_level_addresses_name_their_interface)
{
	struct ls_set set = compile(LAN("mtu: 1500") "addresses:\n  - { interface: lan, address: 192.0.2.7/32 }\n");

	cr_assert(has(&set, "address dev=eth0 address=192.0.2.7/32"));
}

/* ---- methods ----------------------------------------------------------------------------------------------------- */

static void assert_sysctl(const struct ls_set *set, const char *name, const char *value)
{
	char key[128], expected[192];

	snprintf(key, sizeof(key), "sysctl path=net/ipv6/conf/eth0/%s", name);
	if (!value) {
		cr_assert_not(has(set, key), "%s", name);
		return;
	}
	snprintf(expected, sizeof(expected), "%s value=%s", key, value);
	assert_is(find(set, key), expected);
}

static void assert_methods(
	const char *family, const char *disable, const char *accept_ra, const char *autoconf, const char *temporary)
{
	char text[512];
	struct ls_set set;

	snprintf(text, sizeof(text), HEAD "interfaces:\n  lan: { match: { name: eth0 }%s }\n", family);
	set = compile(build_keep(strdup(text)));
	assert_sysctl(&set, "disable_ipv6", disable);
	assert_sysctl(&set, "accept_ra", accept_ra);
	assert_sysctl(&set, "autoconf", autoconf);
	assert_sysctl(&set, "use_tempaddr", temporary);
}

Test(compile, an_ipv6_method_becomes_the_sysctls_that_say_it)
{
	assert_methods("", NULL, NULL, NULL, NULL);
	assert_methods(", ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }", "0", "0", NULL, NULL);
	assert_methods(", ipv6: { method: auto }", "0", "2", "1", "0");
	assert_methods(", ipv6: { method: disabled }", "1", NULL, NULL, NULL);
}

Test(compile, an_automatic_family_has_a_dhcp_client)
{
	struct ls_set set = compile(LAN("ipv4: { method: auto }, ipv6: { method: auto }"));

	assert_is(find(&set, "dhcp_client dev=eth0 family=ipv4"), "dhcp_client dev=eth0 family=ipv4");
	assert_is(find(&set, "dhcp_client dev=eth0 family=ipv6"), "dhcp_client dev=eth0 family=ipv6");
	assert_is(find(&set, "sysctl path=net/ipv4/conf/eth0/promote_secondaries"),
		"sysctl path=net/ipv4/conf/eth0/promote_secondaries value=1 dev=eth0");
	ls_set_done(&set);
	set = compile(LAN("ipv6: { method: auto }"));
	cr_expect(!has(&set, "dhcp_client dev=eth0 family=ipv4"));
	ls_set_done(&set);
}

Test(compile, an_ipv4_method_needs_no_sysctl)
{
	cr_assert_eq(compile(LAN("ipv4: { method: manual, addresses: [192.0.2.1/24] }")).n_objects, 2);
	cr_assert_eq(compile(LAN("ipv4: { method: disabled }")).n_objects, 1);
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

#define ROUTED(routes) \
	LAN("ipv4: { method: manual, addresses: [192.0.2.1/24] }, ipv6: { method: manual, addresses: " \
	    "[\"2001:db8::1/64\"] }") \
	"  wan: { match: { name: eth1 } }\nroutes:\n" routes

Test(compile, what_the_kernel_would_fill_in_is_filled_in)
{
	struct ls_set set = compile(ROUTED(
		"  - { to: 10.0.0.0/8, via: 192.0.2.2 }\n  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\" }\n"));

	assert_is(find(&set, "route to=10.0.0.0/8"),
		"route to=10.0.0.0/8 via=192.0.2.2 dev=eth0 metric=0 table=254 tos=0 scope=global");
	assert_is(find(&set, "route to=2001:db8:1::/48"),
		"route to=2001:db8:1::/48 via=2001:db8::2 dev=eth0 metric=1024 table=254");
}

Test(compile, what_the_spec_says_of_a_route_stands)
{
	struct ls_set set = compile(ROUTED("  - { to: 10.0.0.0/8, via: 192.0.2.2, metric: 7, table: 77, mtu: 1400, "
					   "source: 192.0.2.1, interface: wan, on_link: true, adopt: true }\n"));

	assert_is(find(&set, "route to=10.0.0.0/8 metric=7 table=77"),
		"route to=10.0.0.0/8 via=192.0.2.2 dev=eth1 metric=7 table=77 mtu=1400 src=192.0.2.1 onlink=true "
		"scope=global adopt");
}

Test(compile, a_metric_of_zero_is_not_a_metric_that_is_not_given)
{
	struct ls_set set = compile(ROUTED("  - { to: 10.0.0.0/8, via: 192.0.2.2, metric: 0 }\n"));

	cr_assert_eq(route_of(&set, "route to=10.0.0.0/8")->metric, 0);
}

Test(compile, a_route_to_the_link_itself_has_the_scope_of_the_link)
{
	struct ls_set set = compile(
		ROUTED("  - { to: 10.0.0.0/8, interface: wan }\n  - { to: \"2001:db8:1::/48\", interface: wan }\n"));

	assert_is(find(&set, "route to=10.0.0.0/8"), "route to=10.0.0.0/8 dev=eth1 scope=link");
	assert_is(find(&set, "route to=2001:db8:1::/48"), "route to=2001:db8:1::/48 dev=eth1");
}

Test(compile, a_route_that_rejects_has_no_link)
{
	struct ls_set set = compile(ROUTED("  - { to: 10.0.0.0/8, type: blackhole }\n  - { to: 11.0.0.0/8, type: "
					   "unreachable }\n  - { to: \"2001:db8:1::/48\", type: prohibit }\n"));

	assert_is(find(&set, "route to=10.0.0.0/8"), "route to=10.0.0.0/8 type=blackhole scope=global");
	assert_is(find(&set, "route to=11.0.0.0/8"), "route to=11.0.0.0/8 type=unreachable scope=global");
	assert_is(find(&set, "route to=2001:db8:1::/48"), "route to=2001:db8:1::/48 type=prohibit");
}

Test(compile, the_word_default_is_the_default_of_the_next_hops_family)
{
	struct ls_set set =
		compile(ROUTED("  - { to: default, via: 192.0.2.2 }\n  - { to: default, via: \"2001:db8::2\" }\n"));

	cr_assert(has(&set, "route to=0.0.0.0/0"));
	cr_assert(has(&set, "route to=::/0"));
}

Test(compile, a_gateway_is_a_default_route)
{
	struct ls_set set =
		compile(LAN("ipv4: { method: manual, addresses: [192.0.2.1/24], gateway: 192.0.2.254 }, "
			    "ipv6: { method: manual, addresses: [\"2001:db8::1/64\"], gateway: \"fe80::1\" }"));

	assert_is(
		find(&set, "route to=0.0.0.0/0"), "route to=0.0.0.0/0 via=192.0.2.254 dev=eth0 metric=0 scope=global");
	assert_is(find(&set, "route to=::/0"), "route to=::/0 via=fe80::1 dev=eth0 metric=1024");
}

Test(compile, a_link_is_found_by_the_next_hop)
{
	struct ls_set set =
		compile(ROUTED("  - { to: 10.0.0.0/8, via: 198.51.100.2 }\n  - { to: 11.0.0.0/8, via: 192.0.2.2 "
			       "}\n") "addresses:\n  - { interface: wan, address: 198.51.100.1/24 }\n");

	cr_assert_str_eq(route_of(&set, "route to=10.0.0.0/8")->dev, "eth1");
	cr_assert_str_eq(route_of(&set, "route to=11.0.0.0/8")->dev, "eth0");
}

/* The kernel would take the more specific of two subnets. */
Test(compile, a_next_hop_in_two_subnets_is_on_the_link_of_the_smaller_one)
{
	struct ls_set set = compile(
		HEAD "interfaces:\n  a: { match: { name: eth0 }, ipv4: { method: manual, addresses: [10.0.0.1/8] } }\n"
		     "  b: { match: { name: eth1 }, ipv4: { method: manual, addresses: [10.1.0.1/24] } }\n"
		     "routes:\n  - { to: 172.16.0.0/12, via: 10.1.0.2 }\n");

	cr_assert_str_eq(route_of(&set, "route to=172.16.0.0/12")->dev, "eth1");
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

Test(compile, sysctls_know_the_link_they_belong_to)
{
	struct ls_set set = compile(HEAD "sysctls:\n  net.ipv4.ip_forward: 1\n  net.ipv4.conf.eth0/5.rp_filter: 2\n  "
					 "net.ipv6.conf.all.forwarding: 1\n"
					 "  net.ipv6.neigh.eth0.app_solicit: 3\n");

	assert_is(find(&set, "sysctl path=net/ipv4/ip_forward"), "sysctl path=net/ipv4/ip_forward value=1");
	assert_is(find(&set, "sysctl path=net/ipv4/conf/eth0.5/rp_filter"),
		"sysctl path=net/ipv4/conf/eth0.5/rp_filter value=2 dev=eth0.5");
	assert_is(find(&set, "sysctl path=net/ipv6/conf/all/forwarding"),
		"sysctl path=net/ipv6/conf/all/forwarding value=1");
	assert_is(find(&set, "sysctl path=net/ipv6/neigh/eth0/app_solicit"),
		"sysctl path=net/ipv6/neigh/eth0/app_solicit value=3 dev=eth0");
}

Test(compile, everything_knows_where_it_was_asked_for)
{
	struct ls_set set = compile(ROUTED("  - { to: 10.0.0.0/8, via: 192.0.2.2 }\n"));

	ls_set_each (&set, i) {
		char text[LS_DESCRIBE_MAX];

		cr_assert_gt(set.objects[i]->line, 3, "%s", ls_object_describe(set.objects[i], text, sizeof(text)));
		cr_assert_gt(set.objects[i]->column, 0);
	}
	cr_assert_eq(find(&set, "route to=10.0.0.0/8")->line, 8);
}

Test(compile, the_set_comes_out_sorted)
{
	struct ls_set set =
		compile(ROUTED("  - { to: 11.0.0.0/8, via: 192.0.2.2 }\n  - { to: 10.0.0.0/8, via: 192.0.2.2 }\n"));

	cr_assert(ls_set_is_sorted(&set));
	for (size_t i = 1; i < set.n_objects; i++)
		cr_assert_lt(ls_object_compare(set.objects[i - 1], set.objects[i]), 0);
}

/* ---- matching by address ----------------------------------------------------------------------------------------- */

#define CARD \
	HEAD "interfaces:\n  up: { match: { macaddress: \"00:50:56:aa:00:01\" }, ipv4: { method: manual, addresses: " \
	     "[192.0.2.1/24] } }\n"

static const char *matched(struct ls_set links)
{
	struct compiled compiled = compile_on(&links, CARD);

	cr_assert_eq(compiled.r, 0, "%s", compiled.diag.n_findings ? compiled.diag.findings[0].message : "");
	for (size_t i = 0; i < compiled.set.n_objects; i++)
		if (compiled.set.objects[i]->kind == &ls_kind_address)
			return ((const struct ls_address *)compiled.set.objects[i])->dev;
	return NULL;
}

static void assert_no_match(struct ls_set links, const char *part)
{
	struct compiled compiled = compile_on(&links, CARD);

	cr_assert_eq(compiled.r, -EINVAL);
	cr_assert_eq(compiled.diag.n_errors, 1);
	cr_assert_str_eq(compiled.diag.findings[0].id, "reference");
	cr_assert_eq(compiled.diag.findings[0].location.line, 5);
	cr_assert(strstr(compiled.diag.findings[0].message, part), "%s", compiled.diag.findings[0].message);
}

#define CARD_MAC "00:50:56:aa:00:01"

Test(compile, a_card_is_found_by_its_permanent_address)
{
	cr_assert_str_eq(matched(ACTUAL("link name=a mac=02:00:00:00:00:01 permanent_mac=" CARD_MAC,
				 "link name=b mac=02:00:00:00:00:02")),
		"a");
}

Test(compile, a_permanent_address_counts_before_a_borrowed_one)
{
	cr_assert_str_eq(matched(ACTUAL("link name=a mac=" CARD_MAC " permanent_mac=02:00:00:00:00:01",
				 "link name=b mac=02:00:00:00:00:02 permanent_mac=" CARD_MAC,
				 "link name=v type=vlan parent=b vlan_id=1 mac=" CARD_MAC,
				 "link name=br type=bridge mac=" CARD_MAC)),
		"b");
}

Test(compile, a_card_without_a_permanent_address_is_found_by_its_current_one)
{
	cr_assert_str_eq(matched(ACTUAL("link name=a mac=" CARD_MAC)), "a");
	cr_assert_str_eq(matched(ACTUAL("link name=a type=veth mac=" CARD_MAC)), "a");
}

Test(compile, two_cards_with_the_same_address_are_an_error)
{
	assert_no_match(ACTUAL("link name=a permanent_mac=" CARD_MAC, "link name=b permanent_mac=" CARD_MAC),
		"a and b both have");
	assert_no_match(
		ACTUAL("link name=a permanent_mac=" CARD_MAC, "link name=b mac=" CARD_MAC), "a and b both have");
}

Test(compile, no_card_with_the_address_is_an_error)
{
	assert_no_match(ACTUAL("link name=a mac=02:00:00:00:00:01"), "no link of this host has");
	assert_no_match(ACTUAL("link name=v type=vlan parent=a vlan_id=1 mac=" CARD_MAC), "no link of this host has");
}

/* A link of our own making is not a card, whatever address it was given. */
Test(compile, a_link_of_ours_is_not_a_card)
{
	assert_no_match(ACTUAL("link name=a type=veth mac=" CARD_MAC " ours"), "no link of this host has");
}

Test(compile, without_a_host_a_card_keeps_the_specs_own_name)
{
	struct ls_set set = compile(CARD);

	cr_assert(has(&set, "link name=up"));
	cr_assert(has(&set, "address dev=up address=192.0.2.1/24"));
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static void assert_error(const char *text, unsigned line, const char *part)
{
	struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	struct ls_spec *spec = NULL;
	struct ls_set set;

	/* Whether the spec's own checks or the compiler say it is the same to the reader. */
	ls_set_init(&set, build_arena());
	if (ls_spec_parse("t.yaml", text, strlen(text), &spec, &diag, &err) == 0)
		cr_assert_eq(ls_compile(spec, NULL, &set, &diag), -EINVAL, "%s", text);
	cr_assert_geq(diag.n_errors, 1);
	cr_assert_eq(diag.findings[0].location.line, line, "line %u: %s", diag.findings[0].location.line,
		diag.findings[0].message);
	cr_assert(strstr(diag.findings[0].message, part), "%s", diag.findings[0].message);
	ls_set_done(&set);
	ls_diag_done(&diag);
	ls_spec_free(spec);
}

Test(compile, a_next_hop_that_nothing_leads_to_is_an_error)
{
	assert_error(ROUTED("  - { to: 10.0.0.0/8, via: 203.0.113.1 }\n"), 8,
		"no address of this spec has next hop 203.0.113.1");
	assert_error(ROUTED("  - { to: \"2001:db8:1::/48\", via: \"fe80::1\" }\n"), 8, "interface");
}

#define DOWN_LAN \
	HEAD "interfaces:\n  lan: { match: { name: eth0 }, up: false, ipv4: { method: manual, addresses: " \
	     "[192.0.2.1/24]"

Test(compile, a_route_over_a_link_that_is_to_be_down_is_an_error)
{
	assert_error(DOWN_LAN " } }\nroutes:\n  - { to: 10.0.0.0/8, via: 192.0.2.2, interface: lan }\n", 7, "down");
}

Test(compile, so_is_one_that_is_found_by_its_next_hop)
{
	assert_error(DOWN_LAN " } }\nroutes:\n  - { to: 10.0.0.0/8, via: 192.0.2.2 }\n", 7, "down");
}

Test(compile, and_a_gateway)
{
	assert_error(DOWN_LAN ", gateway: 192.0.2.2 } }\n", 5, "down");
}

Test(compile, an_ipv6_address_on_a_link_too_narrow_for_ipv6_is_an_error)
{
	assert_error(HEAD "interfaces:\n  lan: { match: { name: eth0 }, mtu: 1279, ipv6: { method: manual, addresses: "
			  "[\"2001:db8::1/64\"] } }\n",
		5, "1280");
}

Test(compile, all_errors_come_in_one_run)
{
	struct ls_set links = ACTUAL("link name=a");
	struct compiled compiled = compile_on(&links, CARD "  other: { match: { macaddress: \"00:50:56:aa:00:02\" } }\n"
							   "routes:\n  - { to: 10.0.0.0/8, via: 203.0.113.1 }\n");

	cr_assert_eq(compiled.r, -EINVAL);
	cr_assert_eq(compiled.diag.n_errors, 3);
}
