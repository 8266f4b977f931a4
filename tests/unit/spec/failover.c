/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Appliances and failover: what is read, and what is refused, by the ids of the checks. */
#include "support.h"

#include <stdio.h>
#include <sys/socket.h>

#define UP \
	"interfaces: { up: { match: { name: up }, ipv4: { method: manual, addresses: [ 192.0.2.1/24 ] } }, in: { " \
	"match: { name: in } } }\n"
/* What follows is line 8. */
#define HOST(side) HEAD "side: " side "\n" UP "networks:\n"
#define N4 "  n: { interface: in, ipv4: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 } }\n"
#define N46 \
	"  n: { interface: in, ipv4: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 }, ipv6: { subnet: '2001:db8::/64', " \
	"gateway: " \
	"'fe80::1' } }\n"
#define KEY "type: wireguard, private_key_file: k"
#define TUNNEL(family) "  t" family ": { " KEY ", network: n, family: ip" family " }\n"

Test(failover, every_key_is_read)
{
	PARSED parsed = parse_valid(HOST("provider") "  n: { interface: in, vlan: 7, ipv6: { subnet: 'fd00::/64', "
						     "gateway: 'fe80::1' }, production_hosts: [ "
						     "'fd00::9' ] }\n"
						     "platform: director\nipv6_communication: true\nmanagement: { "
						     "interface: up, peers: [ 192.0.2.0/24 ] }\n"
						     "replicas: { r: { n: [ 'fd00::7' ] } }\nfailover: { mode: none, "
						     "replicas: [ r ], route_between_networks: "
						     "true }\n"
						     "suppress_warnings: [ director-dual-stack ]\n");
	const struct ls_spec *spec = parsed.spec;

	cr_expect(spec->side == LS_SPEC_PROVIDER && spec->platform == LS_SPEC_DIRECTOR && spec->ipv6_communication);
	cr_expect_str_eq(spec->management.interface, "up");
	cr_expect_str_eq(prefix_text(&spec->management.peers[0].subnet), "192.0.2.0/24");
	cr_expect_eq(spec->networks[0].vlan, 7);
	cr_expect_str_eq(ip_text(&spec->networks[0].ipv6.gateway), "fe80::1");
	cr_expect_str_eq(ip_text(&spec->networks[0].production_hosts[0].ip), "fd00::9");
	cr_assert_eq(spec->n_replicas, 1);
	cr_expect_str_eq(spec->replicas[0].networks[0].name, "n");
	cr_expect_str_eq(ip_text(&spec->replicas[0].networks[0].addresses[0].ip), "fd00::7");
	cr_expect(spec->failover.mode == LS_FAILOVER_NONE && spec->failover.route_between_networks);
	cr_expect_str_eq(spec->failover.replicas[0].name, "r");
	cr_expect(ls_spec_suppresses(spec->suppressed, spec->n_suppressed, "director-dual-stack"));
	cr_expect_not(ls_spec_suppresses(spec->suppressed, spec->n_suppressed, "ipsec-manual"));
	cr_expect(!ls_spec_has_tunnel(spec, &(struct ls_spec_tunnel){ .network = "n" }) && !ls_spec_has_networks(spec));
	cr_expect(ls_spec_has_tunnel(spec, &(struct ls_spec_tunnel){ 0 }), "of no network");
}

Test(failover, appliance_family)
{
	EXPECT_ERRORS({ HEAD "side: tenant\ninterfaces: { a: { match: { name: a } } }\n", "appliance-family", 5, 15,
			      "neither IPv4 nor IPv6" },
		{ HEAD "side: tenant\ninterfaces: { a: { match: { name: a }, ipv4: { method: disabled } } }\n",
			"appliance-family", 5, 15, "neither IPv4 nor IPv6" });
}

Test(failover, ipv6_prefix_64)
{
	EXPECT_ERRORS({ HOST("provider") "  n: { interface: in, ipv6: { subnet: 'fd00::/56' } }\n", "ipv6-prefix-64", 7,
			      39, "/56" },
		{ HEAD "side: tenant\ninterfaces: { a: { match: { name: a }, ipv6: { method: manual, addresses: [ "
		       "'fd00::1/80' ] } } }\n",
			"ipv6-prefix-64", 5, 77, "/80" });
}

Test(failover, family_disabled_where_ipv6_communication_is_off)
{
	EXPECT_ERRORS(
		{ HOST("provider") "  n: { interface: in, ipv6: { subnet: 'fd00::/64' } }\nipv6_communication: false\n",
			"family-disabled", 7, 29, "IPv6 communication is off" },
		{ HEAD "side: tenant\nipv6_communication: false\ninterfaces: { a: { match: { name: a }, ipv6: { "
		       "method: auto "
		       "} } }\n",
			"family-disabled", 6, 46, "ipv6_communication: true" });
}

Test(failover, tenant_one_network)
{
	EXPECT_ERRORS({ HOST("tenant") N4 "  m: { interface: up, ipv4: { subnet: 10.1.0.0/24 } }\n",
			      "tenant-one-network", 8, 3, "an appliance of its own" },
		{ HEAD "side: provider\ninterfaces: { in: { match: { name: in } } }\nnetworks:\n" N4,
			"tenant-one-network", 4, 7, "an uplink" });
}

/* What carries only the VLANs of networks has no family, and is no uplink. */
Test(failover, networks_in_vlans_of_one_interface)
{
#define TRUNK(more) \
	HEAD "side: provider\ninterfaces: { " more \
	     "in: { match: { name: in } }, in.5: { create: { type: vlan, parent: in, id: 5 } }, in.6: { create: { " \
	     "type: vlan, parent: in, id: 6 } } }\nnetworks:\n" \
	     "  n: { interface: in.5, ipv4: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 } }\n" \
	     "  m: { interface: in.6, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 } }\nfailover: { mode: full }\n"
	PARSED parsed = parse_valid(TRUNK("up: { match: { name: up }, ipv4: { method: auto } }, "));

	cr_expect_eq(parsed.spec->n_networks, 2);
	EXPECT_ERRORS({ TRUNK(""), "tenant-one-network", 4, 7, "an uplink" });
}

Test(failover, director_dual_stack)
{
	PARSED warned = parse_with_warning(&(struct expected){
		HOST("provider") N46 "platform: director\n", "director-dual-stack", 7, 3, "by hand" });
	PARSED silent =
		parse_valid(HOST("provider") N46 "platform: director\nsuppress_warnings: [ director-dual-stack ]\n");

	cr_expect_eq(warned.spec->n_networks + silent.spec->n_networks, 2);
}

Test(failover, director_nics)
{
	char text[2048];
	size_t n = (size_t)snprintf(text, sizeof(text), HEAD "side: provider\nplatform: director\ninterfaces:\n");
	struct expected expected = { text, "director-nics", 5, 11, "11 interfaces" };

	for (int i = 0; i < 11; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "  e%d: { match: { name: e%d }, ipv4: { method: auto } }\n", i, i);
	expect_errors(&expected, 1);
}

Test(failover, vlan_overlap)
{
	EXPECT_ERRORS({ HOST("provider") "  n: { interface: in, vlan: 5, ipv4: { subnet: 10.0.0.0/24 } }\n"
					 "  m: { interface: in, vlan: 5, ipv4: { subnet: 10.1.0.0/24 } }\n",
		"vlan-overlap", 8, 29, "'n' is in VLAN 5" });
}

Test(failover, address_sane)
{
	EXPECT_ERRORS({ HOST("provider") N4 "replicas: { r: { n: [ 10.1.0.9 ] } }\n", "address-sane", 8, 23, "not in" },
		{ HOST("provider") N4 "replicas: { r: { n: [ 10.0.0.1 ] } }\n", "address-sane", 8, 23,
			"is the gateway" },
		{ HOST("provider") "  n: { interface: in, ipv4: { subnet: 10.0.0.0/24, gateway: 10.1.0.1 } }\n",
			"address-sane", 7, 61, "not within" },
		{ HOST("provider") N4 "replicas: { r: { n: [ 'fd00::9' ] } }\n", "family-disabled", 8, 23,
			"does not have" });
}

#define N4_OF(subnet, gateway) "  n: { interface: in, ipv4: { subnet: " subnet ", gateway: " gateway " } }\n"
#define N6_OF(subnet, gateway) "  n: { interface: in, ipv6: { subnet: '" subnet "', gateway: '" gateway "' } }\n"

/* No router has what is the network's own, or all its hosts'. */
Test(failover, address_sane_of_networks)
{
	EXPECT_ERRORS({ HOST("provider") N4_OF("10.0.0.0/24", "10.0.0.0"), "address-sane", 7, 61, "network itself" },
		{ HOST("provider") N4_OF("10.0.0.0/24", "10.0.0.255"), "address-sane", 7, 61, "broadcast" },
		{ HOST("provider") N6_OF("2001:db8::/64", "2001:db8::"), "address-sane", 7, 65, "anycast" },
		{ HOST("provider") N6_OF("2001:db8::/64", "fe80::"), "address-sane", 7, 65, "anycast" },
		{ HOST("provider") N4_OF("224.0.0.0/24", "224.0.0.1"), "address-sane", 7, 39, "multicast" },
		{ HOST("provider") N4_OF("127.0.0.0/8", "127.0.0.1"), "address-sane", 7, 39, "loopback" },
		{ HOST("provider") N4_OF("126.0.0.0/7", "126.0.0.1"), "address-sane", 7, 39, "loopback" },
		{ HOST("provider") N4_OF("0.0.0.0/0", "10.0.0.1"), "address-sane", 7, 39, "whole Internet" },
		{ HOST("provider") N6_OF("ff02::/64", "ff02::5"), "address-sane", 7, 39, "multicast" });
}

Test(failover, address_sane_of_hosts)
{
	EXPECT_ERRORS(
		{ HOST("provider") N46 "replicas: { r: { n: [ 10.0.0.0 ] } }\n", "address-sane", 8, 23, "itself" },
		{ HOST("provider") N46 "replicas: { r: { n: [ 10.0.0.255 ] } }\n", "address-sane", 8, 23, "broadcast" },
		{ HOST("provider") N46 "replicas: { r: { n: [ '2001:db8::' ] } }\n", "address-sane", 8, 23, "anycast" },
		{ HOST("provider") "  n: { interface: in, ipv4: { subnet: 10.0.0.0/24 }, production_hosts: [ "
				   "10.0.0.255 ] "
				   "}\n",
			"address-sane", 7, 74, "broadcast" });
}

Test(failover, address_sane_warns_of_unique_local_prefixes_beside_ipv4)
{
	PARSED warned = parse_with_warning(
		&(struct expected){ HOST("provider") "  n: { interface: in, ipv4: { subnet: 10.0.0.0/24 }, ipv6: { "
						     "subnet: 'fd00::/64' } }\n",
			"address-sane", 7, 70, "RFC 6724" });
	PARSED alone = parse_valid(HOST("provider") N6_OF("fd00::/64", "fe80::1"));

	cr_expect_eq(warned.spec->n_networks + alone.spec->n_networks, 2);
}

#define IN_USE(replicas) \
	HEAD "side: tenant\ninterfaces: { lan: { match: { name: lan }, ipv4: { method: manual, addresses: [ " \
	     "10.0.0.5/24 " \
	     "] } } }\nnetworks: { n: { interface: lan, ipv4: { subnet: 10.0.0.0/24 } } }\nreplicas: { " replicas \
	     " }\n"

Test(failover, replicas_have_addresses_of_their_own)
{
	EXPECT_ERRORS({ IN_USE("r: { n: [ 10.0.0.9 ] }, s: { n: [ 10.0.0.8, 10.0.0.9 ] }"), "duplicate-object", 7, 57,
			      "in the network 'n' already, on line 7" },
		{ IN_USE("r: { n: [ 10.0.0.9, 10.0.0.9 ] }"), "duplicate-object", 7, 33, "line 7" },
		{ IN_USE("r: { n: [ 10.0.0.5 ] }"), "duplicate-object", 7, 23, "line 5" });
}

#define FAILED(addresses, mode) \
	"replicas: { r: { n: [ " addresses " ] } }\nfailover: { mode: " mode ", replicas: [ r ] }\n"

Test(failover, replica_static)
{
	EXPECT_ERRORS({ HOST("provider") N46 FAILED("10.0.0.9", "partial") "tunnels:\n" TUNNEL("v4") TUNNEL("v6"),
		"replica-static", 8, 18, "no static IPv6 address" });
}

Test(failover, one_tunnel_per_family)
{
	PARSED parsed = parse_valid(HOST("provider")
			N46 FAILED("10.0.0.9, '2001:db8::9'", "partial") "tunnels:\n" TUNNEL("v4") TUNNEL("v6"));

	cr_expect(ls_spec_is_failed_over(parsed.spec, &parsed.spec->replicas[0]));
	EXPECT_ERRORS({ HOST("provider") N46 FAILED("10.0.0.9, '2001:db8::9'", "partial") "tunnels:\n" TUNNEL("v4"),
		"one-tunnel-per-family", 7, 79, "a tunnel for IPv6" });
}

/* What no replica that is failed over has an address of needs none. */
Test(failover, one_tunnel_per_family_of_replicas)
{
	PARSED parsed = parse_valid(HEAD
		"side: provider\ninterfaces: { up: { match: { name: up }, ipv4: { method: auto } }, in: { match: { "
		"name: in } }, by: { match: { name: by } } }\nnetworks:\n" N4
		"  m: { interface: by, ipv4: { subnet: 10.1.0.0/24 } }\n"
		"replicas: { r: { n: [ 10.0.0.9 ] }, s: { m: [ 10.1.0.9 ] } }\n"
		"failover: { mode: partial, replicas: [ r ] }\ntunnels:\n" TUNNEL("v4"));

	cr_expect_eq(parsed.spec->n_networks, 2);
}

Test(failover, failover_replicas)
{
	EXPECT_ERRORS({ HOST("provider") N4 "failover: { mode: partial }\ntunnels:\n" TUNNEL("v4"), "failover-replicas",
			      8, 19, "of no replica" },
		{ HOST("tenant") N4
			"replicas: { r: {} }\nfailover: { mode: partial, replicas: [ r ] }\ntunnels:\n" TUNNEL("v4"),
			"failover-replicas", 9, 19, "of no replica" });
}

Test(failover, default_gateways)
{
	EXPECT_ERRORS(
		{ HOST("provider") "  n: { interface: in, ipv4: { subnet: 10.0.0.0/24 } }\nfailover: { mode: full }\n",
			"default-gateways", 7, 29, "'gateway'" });
}

Test(failover, failover_exclusive)
{
	EXPECT_ERRORS(
		{ HOST("tenant") N4 "failover: { mode: full }\n", "failover-exclusive", 8, 19, "provider's side" });
}

Test(failover, names_are_of_things_that_are_there)
{
	EXPECT_ERRORS({ HOST("provider") N4 "failover: { mode: none, replicas: [ r ] }\n", "reference", 8, 37, "'r'" },
		{ HOST("provider") N4 "replicas: { r: { m: [ 10.0.0.9 ] } }\n", "reference", 8, 18, "'m'" },
		{ HOST("provider") N4 "management: { interface: ip }\n", "reference", 8, 26, "'ip'" },
		{ HEAD "failover: { mode: none }\n", "missing", 4, 11, "'side'" });
}

/* Another mode than the one written is checked as that would be. */
Test(failover, mode_can_be_overridden)
{
	PARSED parsed = parse_valid(HOST("provider") N4 FAILED("10.0.0.9", "none"));
	PARSED without = parse_valid(HOST("provider") N4);

	cr_assert_eq(ls_spec_set_failover(parsed.spec, LS_FAILOVER_FULL, &parsed.diag), 0);
	cr_expect(ls_spec_has_networks(parsed.spec) &&
		  ls_spec_has_tunnel(parsed.spec, &(struct ls_spec_tunnel){ .network = "n" }));
	cr_expect_eq(ls_spec_set_failover(parsed.spec, LS_FAILOVER_PARTIAL, &parsed.diag), -EINVAL);
	cr_expect_str_eq(parsed.diag.findings[0].id, "one-tunnel-per-family");
	cr_expect_eq(ls_spec_set_failover(without.spec, LS_FAILOVER_NONE, &without.diag), -EINVAL);
	cr_expect_str_eq(without.diag.findings[0].id, "missing");
}
