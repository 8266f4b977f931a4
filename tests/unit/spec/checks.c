/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks over the whole spec, by id. */
#include "support.h"

#define FAMILY4(text) HEAD "interfaces:\n  a: { match: { name: eth0 }, ipv4: { " text " } }\n"
#define FAMILY6(text) HEAD "interfaces:\n  a: { match: { name: eth0 }, ipv6: { " text " } }\n"
#define ADDRESS4(text) FAMILY4("method: manual, addresses: [" text "]")
#define ADDRESS6(text) FAMILY6("method: manual, addresses: [\"" text "\"]")
#define ROUTE(text) LINKS "routes:\n- { " text " }\n"

Test(reference, names_of_interfaces_must_exist)
{
	EXPECT_ERRORS({ LINKS "addresses: [{ interface: eht0, address: 10.0.0.1/8 }]\n", "reference", 7, 26,
			      "did you mean 'eth0'?" },
		{ ROUTE("to: 10.0.0.0/8, interface: wan"), "reference", 8, 32, "'wan'" },
		{ LINKS "  a: { create: { type: vlan, parent: eth2, id: 5 } }\n", "reference", 7, 38, "eth" },
		{ LINKS "  a: { create: { type: bridge, ports: [eth0, lan] } }\n", "reference", 7, 46, "'lan'" },
		{ LINKS "  a: { create: { type: veth, peer: b } }\n", "reference", 7, 36, "'b'" });
}

Test(reference, ends_of_a_veth_name_each_other)
{
	EXPECT_ERRORS({ LINKS "  a: { create: { type: veth, peer: a } }\n", "reference", 7, 36, "itself" },
		{ LINKS "  a: { create: { type: veth, peer: eth0 } }\n", "reference", 7, 36, "no veth" },
		{ LINKS "  a: { create: { type: veth, peer: b } }\n  b: { create: { type: veth, peer: c } }\n"
			"  c: { create: { type: veth, peer: b } }\n",
			"reference", 7, 36, "own peer is 'c' (line 8)" });
}

Test(reference, nothing_is_built_on_itself)
{
	EXPECT_ERRORS(
		{ LINKS "  br0: { create: { type: bridge, ports: [br0] } }\n", "reference", 7, 42, "br0 needs br0" },
		{ LINKS "  a: { create: { type: vlan, parent: a, id: 5 } }\n", "reference", 7, 38, "a needs a" },
		{ LINKS "  br0: { create: { type: bridge, ports: [eth0, v] } }\n"
			"  v: { create: { type: vlan, parent: br0, id: 5 } }\n",
			"reference", 8, 38, "br0 needs v needs br0" },
		{ LINKS "  a: { create: { type: vlan, parent: b, id: 5 } }\n"
			"  b: { create: { type: vlan, parent: c, id: 5 } }\n"
			"  c: { create: { type: vlan, parent: b, id: 6 } }\n",
			"reference", 9, 38, "b needs c needs b" },
		{ LINKS "  b0: { create: { type: bridge, ports: [b1] } }\n  b1: { create: { type: bridge } }\n",
			"reference", 7, 41, "cannot be a port" });
}

Test(reference, ports_and_parents_can_be_what_they_are_named_for)
{
	EXPECT_ERRORS({ LINKS "  v: { create: { type: vrf, table: 5, ports: [w] } }\n"
			      "  w: { create: { type: vrf, table: 6 } }\n",
			      "reference", 7, 47, "a vrf cannot be a port" },
		{ LINKS "  m: { create: { type: macvlan, parent: eth0 } }\n"
			"  n: { create: { type: macvlan, parent: m } }\n",
			"reference", 8, 41, "itself a macvlan" },
		{ LINKS "  m: { create: { type: macvlan, parent: eth0 } }\n"
			"  b: { create: { type: bond, ports: [eth1, eth0] } }\n",
			"reference", 7, 41, "a port of 'b' (line 8)" },
		{ LINKS "  x: { create: { type: vxlan, id: 5, parent: b } }\n"
			"  b: { create: { type: bridge, ports: [x] } }\n",
			"reference", 8, 40, "x needs b needs x" },
		{ HEAD "interfaces:\n  e: { match: { name: e }, up: false }\n"
		       "  b: { create: { type: bond, ports: [e] } }\n",
			"range", 5, 32, "brings it up" },
		{ HEAD "interfaces:\n  e: { match: { name: e }, mtu: 1400 }\n"
		       "  b: { create: { type: bond, ports: [e] } }\n",
			"range", 5, 33, "its own MTU" });
}

Test(mtu, what_stands_on_a_link_fits_into_it)
{
	EXPECT_ERRORS({ HEAD "interfaces:\n  d: { create: { type: dummy } }\n"
			     "  m: { create: { type: macvlan, parent: d }, mtu: 1600 }\n",
			      "range", 6, 51, "'d', the link below, has room for 1500" },
		{ HEAD "interfaces:\n  e: { match: { name: e }, mtu: 9000 }\n"
		       "  x: { create: { type: vxlan, id: 5, parent: e }, mtu: 8951 }\n",
			"range", 6, 56, "room for 8950" },
		{ HEAD "interfaces:\n  e: { match: { name: e }, mtu: 1500 }\n"
		       "  v: { create: { type: vlan, parent: e, id: 5 } }\n"
		       "  x: { create: { type: vxlan, id: 5, parent: v, remote: 2001:db8::1 }, mtu: 1431 }\n",
			"range", 7, 77, "room for 1430" });
	PARSED parsed = parse_valid(HEAD "interfaces:\n  d: { create: { type: dummy } }\n"
					 "  m: { create: { type: macvlan, parent: d }, mtu: 1500 }\n"
					 "  e: { match: { name: e } }\n"
					 "  n: { create: { type: macvlan, parent: e }, mtu: 9000 }\n"
					 "  f: { create: { type: dummy } }\n"
					 "  b: { create: { type: bridge, ports: [f] } }\n"
					 "  o: { create: { type: macvlan, parent: b }, mtu: 9000 }\n");

	cr_expect_eq(parsed.spec->n_interfaces, 7);
}

Test(vxlan, ends_are_of_one_family_and_can_meet)
{
	EXPECT_ERRORS({ LINKS "  x: { create: { type: vxlan, id: 5, local: 10.0.0.1, remote: 2001:db8::1 } }\n", "type",
			      7, 45, "one family" },
		{ LINKS "  x: { create: { type: vxlan, id: 5, local: 239.0.0.1 } }\n", "range", 7, 45, "multicast" },
		{ LINKS "  x: { create: { type: vxlan, id: 5, remote: 0.0.0.0 } }\n", "range", 7, 46, "unspecified" },
		{ LINKS "  x: { create: { type: vxlan, id: 5, parent: eth0, remote: fe80::1 } }\n", "range", 7, 60,
			"link-local" },
		{ LINKS "  x: { create: { type: vxlan, id: 5, parent: eth0, local: fe80::1, remote: 2001:db8::1 } }\n",
			"range", 7, 59, "link-local" });
	PARSED parsed = parse_valid(
		LINKS "  x: { create: { type: vxlan, id: 5, parent: eth0, local: fe80::1, remote: ff02::8 } }\n"
		      "  y: { create: { type: vxlan, id: 5, parent: eth1, local: fe80::1, remote: fe80::2 } }\n"
		      "  z: { create: { type: vxlan, id: 6, parent: eth1, remote: ff02::8 } }\n");

	cr_expect_eq(parsed.spec->n_interfaces, 5);
}

Test(macvlan, passthru_has_the_mac_of_its_parent)
{
	EXPECT_ERRORS({ LINKS "  m: { create: { type: macvlan, parent: eth0, mode: passthru, macaddress: "
			      "02:00:00:00:00:01 } }\n",
		"range", 7, 16, "passthru" });
}

Test(reference, long_chains_are_no_circle)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };

	ls_buf_printf(&text, "%s", LINKS "  v0: { create: { type: vlan, parent: eth0, id: 1 } }\n");
	for (unsigned i = 1; i < 20000; i++)
		ls_buf_printf(&text, "  v%u: { create: { type: vlan, parent: v%u, id: 1 } }\n", i, i - 1);
	PARSED parsed = parse_bytes((const char *)text.data, text.length);
	cr_expect_eq(parsed.r, 0);
}

Test(family_disabled, nothing_goes_with_a_family_that_is_off)
{
	EXPECT_ERRORS({ FAMILY4("method: disabled, addresses: [10.0.0.1/8]"), "family-disabled", 5, 69, "an address" },
		{ FAMILY6("method: disabled, gateway: fe80::1"), "family-disabled", 5, 66, "a gateway" },
		{ FAMILY6("method: disabled") "addresses: [{ interface: a, address: 2001:db8::1/64 }]\n",
			"family-disabled", 6, 13, "line 5" },
		{ FAMILY4("method: disabled") "routes: [{ to: 10.0.0.0/8, interface: a }]\n", "family-disabled", 6, 39,
			"a route" });
}

Test(families, a_gateway_under_auto_is_refused)
{
	EXPECT_ERRORS({ FAMILY6("method: auto, gateway: fe80::1"), "range", 5, 62, "under method auto" },
		{ FAMILY4("method: manual, addresses: [10.0.0.1/8], gateway: fe80::1"), "type", 5, 89, "'ipv6'" });
}

Test(families, ipv4_auto_goes_with_addresses)
{
	PARSED parsed = parse(FAMILY4("method: auto, addresses: [10.0.0.1/8]"));

	cr_assert_eq(parsed.r, 0);
	cr_assert_eq(parsed.diag.n_findings, 0);
	cr_expect_eq(parsed.spec->interfaces[0].ipv4.method, LS_METHOD_AUTO);
	cr_expect_eq(parsed.spec->interfaces[0].ipv4.n_addresses, 1);
}

Test(families, a_top_level_address_is_enough_for_manual)
{
	PARSED parsed =
		parse_valid(FAMILY4("method: manual, gateway: 10.0.0.1") "addresses:\n"
									 "- { interface: a, address: 10.0.0.2/8 }\n");

	cr_expect_eq(parsed.spec->n_addresses, 1);
	EXPECT_ERRORS({ FAMILY4("method: manual") "addresses: [{ interface: a, address: 2001:db8::1/64 }]\n", "missing",
		5, 47, "no addresses" });
}

Test(address_sane, addresses_that_no_interface_can_have)
{
	EXPECT_ERRORS({ ADDRESS4("224.0.0.1/24"), "address-sane", 5, 67, "multicast" },
		{ ADDRESS4("127.0.0.2/8"), "address-sane", 5, 67, "loopback" },
		{ ADDRESS4("0.0.0.0/32"), "address-sane", 5, 67, "unspecified" },
		{ ADDRESS4("255.255.255.255/32"), "address-sane", 5, 67, "broadcast" },
		{ ADDRESS4("10.0.0.0/24"), "address-sane", 5, 67, "address of the network" },
		{ ADDRESS4("10.0.0.255/24"), "address-sane", 5, 67, "broadcast address of its network" },
		{ ADDRESS4("10.0.0.3/30"), "address-sane", 5, 67, "broadcast" },
		{ ADDRESS4("10.0.0.3/0"), "address-sane", 5, 67, "length 0" },
		{ ADDRESS6("ff02::1/64"), "address-sane", 5, 67, "multicast" },
		{ ADDRESS6("::1/128"), "address-sane", 5, 67, "loopback" },
		{ ADDRESS6("::/128"), "address-sane", 5, 67, "unspecified" },
		{ ADDRESS6("::ffff:10.0.0.1/128"), "address-sane", 5, 67, "IPv4-mapped" },
		{ ADDRESS6("2001:db8::/64"), "address-sane", 5, 67, "subnet-router anycast" },
		{ ADDRESS6("2001:db8::2/126") "addresses: [{ interface: a, address: 2001:db8::4/126 }]\n",
			"address-sane", 6, 13, "subnet-router anycast" });
}

Test(address_sane, addresses_at_the_edge_that_work)
{
	static const char *const texts[] = { ADDRESS4("10.0.0.0/31"), ADDRESS4("10.0.0.1/31"), ADDRESS4("10.0.0.0/32"),
		ADDRESS6("2001:db8::/127"), ADDRESS6("2001:db8::/128"), ADDRESS4("223.255.255.1/24"),
		HEAD "interfaces:\n  lo: { match: { name: lo }, ipv4: { method: manual, addresses: [127.0.0.2/8] },\n"
		     "    ipv6: { method: manual, addresses: ['::1/128'] } }\n" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(texts); i++) {
		PARSED parsed = parse_valid(texts[i]);

		cr_expect_eq(parsed.spec->n_interfaces, 1);
	}
}

Test(address_sane, gateways_lie_in_a_subnet_of_the_interface)
{
	EXPECT_ERRORS({ FAMILY4("method: manual, addresses: [10.0.0.1/24], gateway: 10.0.1.1"), "address-sane", 5, 90,
			      "in no subnet" },
		{ FAMILY4("method: manual, addresses: [10.0.0.1/24], gateway: 169.254.0.1"), "address-sane", 5, 90,
			"in no subnet" },
		{ FAMILY4("method: manual, addresses: [10.0.0.1/24], gateway: 10.0.0.1"), "address-sane", 5, 90,
			"itself" },
		{ FAMILY4("method: manual, addresses: [10.0.0.1/24], gateway: 10.0.0.255"), "address-sane", 5, 90,
			"broadcast" },
		{ FAMILY4("method: manual, addresses: [10.0.0.1/24], gateway: 224.0.0.1"), "address-sane", 5, 90,
			"multicast" },
		{ FAMILY6("method: manual, gateway: 2001:db8::1"), "address-sane", 5, 64, "fe80::/10" },
		{ FAMILY6("method: manual, gateway: \"::1\""), "address-sane", 5, 64, "loopback" });
	PARSED parsed = parse_valid(FAMILY6("method: manual, addresses: [2001:db8::2/64], gateway: 2001:db8::1"));

	cr_expect_not_null(parsed.spec);
}

Test(address_sane, next_hops_and_sources_of_routes)
{
	EXPECT_ERRORS({ ROUTE("to: 10.0.0.0/8, via: 224.0.0.5"), "address-sane", 8, 26, "multicast" },
		{ ROUTE("to: 10.0.0.0/8, via: 0.0.0.0"), "address-sane", 8, 26, "unspecified" },
		{ ROUTE("to: fd00::/8, via: \"::1\""), "address-sane", 8, 24, "loopback" },
		{ ROUTE("to: fd00::/8, interface: eth0, source: \"ff02::1\""), "address-sane", 8, 44, "multicast" });
}

Test(duplicate_object, addresses)
{
	EXPECT_ERRORS({ ADDRESS4("10.0.0.1/24, 10.0.0.1/24"), "duplicate-object", 5, 80, "line 5" },
		{ FAMILY6("method: manual, addresses: [2001:db8::1/64, 2001:db8::1/128]"), "duplicate-object", 5, 83,
			"line 5" },
		{ "linkspan: 1\nkind: gateway\nname: gw\naddresses: [{ interface: a, address: 10.0.0.1/24 }]\n"
		  "interfaces: { a: { match: { name: eth0 }, ipv4: { method: manual, addresses: [10.0.0.1/24] } } }\n",
			"duplicate-object", 5, 79, "first on line 4" });
	PARSED lengths = parse_valid(ADDRESS4("10.0.0.1/24, 10.0.0.1/25"));
	PARSED links = parse_valid(LINKS "addresses:\n- { interface: eth0, address: 10.0.0.1/24 }\n"
					 "- { interface: eth1, address: 10.0.0.1/24 }\n");

	cr_expect(lengths.spec && links.spec, "these are objects of their own for the kernel");
}

Test(duplicate_object, routes)
{
	EXPECT_ERRORS({ ROUTE("to: 10.0.0.0/8, interface: eth0") "- { to: 10.0.0.0/8, interface: eth1, metric: 0 }\n",
			      "duplicate-object", 9, 3, "first is on line 8" },
		{ ROUTE("to: fd00::/8, interface: eth0") "- { to: fd00::/8, interface: eth1, metric: 1024 }\n",
			"duplicate-object", 9, 3, "metric 1024" },
		{ ROUTE("to: fd00::/8, interface: eth0, metric: 0") "- { to: fd00::/8, interface: eth1 }\n",
			"duplicate-object", 9, 3, "metric 1024" },
		{ FAMILY6("method: manual, gateway: fe80::1") "routes: [{ to: '::/0', type: blackhole }]\n",
			"duplicate-object", 6, 10, "line 5" },
		{ HEAD "interfaces:\n"
		       "  a: { match: { name: eth0 }, ipv6: { method: manual, gateway: fe80::1 } }\n"
		       "  b: { match: { name: eth1 }, ipv6: { method: manual, gateway: fe80::1 } }\n",
			"duplicate-object", 6, 64, "line 5" });
	PARSED parsed = parse_valid(
		ROUTE("to: 10.0.0.0/8, interface: eth0") "- { to: 10.0.0.0/8, interface: eth1, metric: 1 }\n- { to: "
							 "10.0.0.0/8, interface: eth1, table: 5 }\n"
							 "- { to: 10.0.0.0/9, interface: eth1 }\n- { to: fd00::/8, "
							 "interface: eth0, metric: 1 }\n"
							 "- { to: fd00::/8, interface: eth0 }\n");

	cr_expect_eq(parsed.spec->n_routes, 6);
}

Test(duplicate_object, links)
{
	EXPECT_ERRORS({ LINKS "  a: { match: { name: eth0 } }\n", "duplicate-object", 7, 3, "line 5" },
		{ HEAD "interfaces:\n  a: { match: { name: d0 } }\n  d0: { create: { type: dummy } }\n",
			"duplicate-object", 6, 3, "line 5" },
		{ HEAD "interfaces:\n  a: { match: { macaddress: 02:00:00:00:00:0a } }\n"
		       "  b: { match: { macaddress: 02:00:00:00:00:0A } }\n",
			"duplicate-object", 6, 3, "02:00:00:00:00:0a" },
		{ LINKS "  b0: { create: { type: bridge, ports: [eth0] } }\n"
			"  b1: { create: { type: bridge, ports: [eth1, eth0] } }\n",
			"duplicate-object", 8, 47, "line 7" },
		{ LINKS "  b0: { create: { type: bridge, ports: [eth0, eth0] } }\n", "duplicate-object", 7, 47,
			"eth0" },
		{ LINKS "  a: { create: { type: vlan, parent: eth0, id: 5 } }\n"
			"  b: { create: { type: vlan, parent: eth0, id: 0x5 } }\n",
			"duplicate-object", 8, 48, "VLAN 5" },
		{ LINKS "  a: { create: { type: vxlan, id: 5, remote: 10.0.0.1 } }\n"
			"  b: { create: { type: vxlan, id: 5, remote: 10.0.0.2, port: 4789 } }\n",
			"duplicate-object", 8, 35, "VNI 5 on port 4789" },
		{ LINKS "  v: { create: { type: vrf, table: 5, ports: [eth0] } }\n"
			"  b: { create: { type: bond, ports: [eth0] } }\n",
			"duplicate-object", 8, 38, "one master" },
		{ LINKS "  m: { create: { type: macvlan, parent: eth0 } }\n"
			"  n: { create: { type: macvlan, parent: eth0, mode: passthru } }\n",
			"duplicate-object", 8, 41, "alone" });
	PARSED parsed = parse_valid(LINKS "  a: { create: { type: vxlan, id: 5, remote: 10.0.0.1 } }\n"
					  "  b: { create: { type: vxlan, id: 5, remote: 2001:db8::1 } }\n"
					  "  c: { create: { type: vxlan, id: 5, port: 4790 } }\n");

	cr_expect_eq(parsed.spec->n_interfaces, 5);
}

Test(duplicate_object, sysctls_in_two_notations)
{
	EXPECT_ERRORS({ HEAD "sysctls:\n  net.ipv4.conf.eth0/5.rp_filter: 1\n  net/ipv4/conf/eth0.5/rp_filter: 2\n",
		"duplicate-object", 6, 3, "line 5" });
}

Test(duplicate_object, sysctls_that_contradict_a_method)
{
	EXPECT_ERRORS({ FAMILY6("method: auto") "sysctls: { net.ipv6.conf.eth0.accept_ra: 0 }\n", "duplicate-object", 6,
			      12, "sets it to 2" },
		{ FAMILY6("method: auto") "sysctls: { net.ipv6.conf.eth0.disable_ipv6: 1 }\n", "duplicate-object", 6,
			12, NULL },
		{ FAMILY6("method: auto") "sysctls: { net.ipv6.conf.eth0.autoconf: 0 }\n", "duplicate-object", 6, 12,
			NULL },
		{ FAMILY6("method: auto") "sysctls: { net.ipv6.conf.eth0.use_tempaddr: 2 }\n", "duplicate-object", 6,
			12, NULL },
		{ FAMILY6("method: manual") "sysctls: { net.ipv6.conf.eth0.accept_ra: 2 }\n", "duplicate-object", 6, 12,
			"manual" },
		{ FAMILY6("method: manual") "sysctls: { net.ipv6.conf.eth0.disable_ipv6: 1 }\n", "duplicate-object", 6,
			12, NULL },
		{ FAMILY6("method: disabled") "sysctls: { net/ipv6/conf/eth0/disable_ipv6: 0 }\n", "duplicate-object",
			6, 12, "line 5" },
		{ HEAD "interfaces: { d.0: { create: { type: dummy }, ipv6: { method: manual } } }\n"
		       "sysctls: { net.ipv6.conf.d/0.accept_ra: 1 }\n",
			"duplicate-object", 5, 12, "net/ipv6/conf/d.0/accept_ra" });
	PARSED parsed = parse_valid(
		FAMILY6("method: manual") "sysctls: { net.ipv6.conf.eth0.accept_ra: 0,\n"
					  "  net.ipv6.conf.eth0.autoconf: 1, net.ipv6.conf.a.accept_ra: 1 }\n");

	cr_expect_eq(parsed.spec->n_sysctls, 3, "what agrees, or is of another link, is fine");
}
