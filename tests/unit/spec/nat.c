/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks, public addresses, forwards and nat: what is read, and what is refused, by the ids of the checks. */
#include "support.h"

#include <stdio.h>

#include <netinet/in.h>

/* Interfaces with addresses; what follows begins on line 7. */
#define HOST \
	HEAD "interfaces:\n" \
	     "  up: { match: { name: up }, ipv4: { method: manual, addresses: [192.0.2.1/24] } }\n" \
	     "  in: { match: { name: in } }\n"
/* Mappings begin on line 11. */
#define MAPPINGS(text) \
	HOST "public_ips:\n  interface: up\n  addresses: [198.51.100.10, \"2001:db8::10\"]\n  mappings:\n" text
#define MAPPING(text) MAPPINGS("  - { " text " }\n")
#define FORWARDS(text) HOST "forwards:\n" text
#define FORWARD(text) FORWARDS("- { interface: up, " text " }\n")
#define NAT(text) HOST "nat: { uplinks: [up], " text " }\n"

Test(nat, every_key_is_read)
{
	PARSED parsed = parse_valid(
		HOST "networks:\n"
		     "  prod: { interface: in, internet: true, ipv4: { subnet: 10.0.0.0/24 } }\n"
		     "  test: { interface: in, ipv6: { subnet: \"2001:db8:1::/64\" } }\n"
		     "public_ips:\n"
		     "  interface: up\n"
		     "  addresses: [198.51.100.10]\n"
		     "  mappings:\n"
		     "  - { public: 198.51.100.10, protocol: tcp, port: 443, to: 10.0.0.5, to_port: 8443 }\n"
		     "  - { public: 198.51.100.10, protocol: udp, port: 50-60, to: 10.0.0.5 }\n"
		     "  - { public: 198.51.100.10, protocol: udp, port: 443, to: 10.0.0.6 }\n"
		     "  - { public: 198.51.100.10, to: 10.0.0.7 }\n"
		     "forwards:\n"
		     "- { interface: up, port: 80, to: 10.0.0.5 }\n"
		     "- { interface: up, protocol: [udp], port: 81-82, to: 10.0.0.5 }\n"
		     "- { interface: up, protocol: [tcp, udp], port: 83, to: \"10.0.0.5:8083\" }\n"
		     "nat:\n"
		     "  uplinks: [up, in]\n"
		     "  masquerade: [10.1.0.0/16]\n"
		     "  prefixes: [{ inside: \"fd00::/64\", outside: \"2001:db8:2::/64\" }]\n"
		     "  route_between_networks: true\n");
	const struct ls_spec *spec = parsed.spec;
	const struct ls_spec_mapping *mappings = spec->public_ips.mappings;

	cr_assert_eq(spec->n_networks, 2);
	cr_expect_str_eq(spec->networks[0].name, "prod");
	cr_expect_str_eq(spec->networks[0].interface, "in");
	cr_expect(spec->networks[0].internet && !spec->networks[1].internet);
	cr_expect_str_eq(prefix_text(&spec->networks[0].ipv4.subnet), "10.0.0.0/24");
	cr_expect_eq(spec->networks[0].ipv6.subnet.ip.family, 0);
	cr_expect_str_eq(prefix_text(&spec->networks[1].ipv6.subnet), "2001:db8:1::/64");
	cr_expect_str_eq(spec->public_ips.interface, "up");
	cr_assert_eq(spec->public_ips.n_addresses, 1);
	cr_expect_str_eq(ip_text(&spec->public_ips.addresses[0].ip), "198.51.100.10");
	cr_assert_eq(spec->public_ips.n_mappings, 4);
	cr_expect(mappings[0].protocol == IPPROTO_TCP && mappings[0].port == 443 && mappings[0].last_port == 443);
	cr_expect_eq(mappings[0].to_port, 8443);
	cr_expect(mappings[1].protocol == IPPROTO_UDP && mappings[1].port == 50 && mappings[1].last_port == 60);
	cr_expect_eq(mappings[1].to_port, 0, "ranges keep their ports");
	cr_expect_eq(mappings[2].to_port, 443, "the same by default");
	cr_expect(mappings[3].protocol == 0 && mappings[3].port == 0, "the whole address");
	cr_assert_eq(spec->n_forwards, 3);
	cr_expect_eq(spec->forwards[0].n_protocols, 0);
	cr_expect_eq(spec->forwards[0].to_port, 80);
	cr_expect(spec->forwards[1].n_protocols == 1 && spec->forwards[1].protocols[0].protocol == IPPROTO_UDP);
	cr_expect(spec->forwards[1].port == 81 && spec->forwards[1].last_port == 82);
	cr_expect_eq(spec->forwards[2].to_port, 8083);
	cr_expect_eq(spec->nat.n_uplinks, 2);
	cr_expect_str_eq(prefix_text(&spec->nat.masquerade[0].subnet), "10.1.0.0/16");
	cr_expect_str_eq(prefix_text(&spec->nat.prefixes[0].outside), "2001:db8:2::/64");
	cr_expect(spec->nat.route_between_networks);
}

Test(nat, targets_of_forwards_are_written_in_both_families)
{
	static const struct {
		const char *text, *address;
		unsigned port;
	} targets[] = {
		{ "10.0.0.5", "10.0.0.5", 80 },
		{ "10.0.0.5:1", "10.0.0.5", 1 },
		{ "'2001:db8::5'", "2001:db8::5", 80 },
		{ "'[2001:db8::5]'", "2001:db8::5", 80 },
		{ "'[2001:db8::5]:65535'", "2001:db8::5", 65535 },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(targets); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			HEAD
			"interfaces: { up: { match: { name: up }, ipv4: { method: manual, addresses: [192.0.2.1/24] "
			"}, ipv6: { method: manual, addresses: ['2001:db8:9::1/64'] } } }\n"
			"forwards: [ { interface: up, port: 80, to: %s } ]\n",
			targets[i].text);
		PARSED parsed = parse_valid(text);

		cr_expect_str_eq(ip_text(&parsed.spec->forwards[0].to), targets[i].address);
		cr_expect_eq(parsed.spec->forwards[0].to_port, targets[i].port);
	}
	EXPECT_ERRORS({ FORWARD("port: 80, to: 10.0.0.5:0"), "type", 8, 34, "10.0.0.5:0" },
		{ FORWARD("port: 80, to: '[2001:db8::5'"), "type", 8, 34, "[2001:db8::5" },
		{ FORWARD("port: 80, to: '2001:db8::5]:80'"), "type", 8, 34, "an address and a port" },
		{ FORWARD("port: 80, to: host:80"), "type", 8, 34, "host:80" });
}

Test(nat, public_family)
{
	EXPECT_ERRORS({ MAPPING("public: 198.51.100.10, to: '2001:db8::5'"), "public-family", 11, 34, "'to' is IPv6" },
		{ MAPPING("public: '2001:db8::10', protocol: tcp, port: 80, to: 10.0.0.5"), "public-family", 11, 60,
			"of one family" });
}

Test(nat, public_reserved_port)
{
	PARSED parsed = parse_valid(MAPPING("public: 198.51.100.10, protocol: udp, port: 22, to: 10.0.0.5"));

	cr_expect_eq(parsed.spec->public_ips.mappings[0].port, 22, "management is TCP");
	EXPECT_ERRORS({ MAPPING("public: 198.51.100.10, protocol: tcp, port: 22, to: 10.0.0.5"), "public-reserved-port",
			      11, 51, "port 22 is for management" },
		{ MAPPING("public: 198.51.100.10, protocol: tcp, port: 20-30, to: 10.0.0.5"), "public-reserved-port",
			11, 51, "another public port" });
}

#define PORT(port) "  - { public: 198.51.100.10, protocol: tcp, port: " port ", to: 10.0.0.5 }\n"
#define WHOLE(public, to) "  - { public: " public ", to: " to " }\n"

Test(nat, public_allocation)
{
	PARSED parsed = parse_valid(MAPPINGS(PORT("80") PORT("81-90") WHOLE("198.51.100.10", "10.0.0.6")));

	cr_expect_eq(parsed.spec->public_ips.n_mappings, 3, "ports go before the whole address");
	EXPECT_ERRORS({ MAPPING("public: 198.51.100.11, to: 10.0.0.5"), "public-allocation", 11, 15,
			      "not among the 'addresses'" },
		{ MAPPINGS(PORT("80") PORT("80")), "public-allocation", 12, 5, "on line 11" },
		{ MAPPINGS(PORT("80-90") PORT("85")), "public-allocation", 12, 5, "tcp port 85" },
		{ MAPPINGS(PORT("85") PORT("80-90")), "public-allocation", 12, 5, "tcp port 85" },
		{ MAPPINGS(WHOLE("198.51.100.10", "10.0.0.6") WHOLE("198.51.100.10", "10.0.0.7")), "public-allocation",
			12, 15, "the whole of 198.51.100.10" },
		{ HOST "public_ips:\n  interface: up\n  addresses: [198.51.100.10, 198.51.100.11]\n  mappings:\n" WHOLE(
			  "198.51.100.10", "10.0.0.6") WHOLE("198.51.100.11", "10.0.0.6"),
			"public-allocation", 12, 34, "the whole of 10.0.0.6" },
		/* The host's own address is no public one, but its ports lead to one place, too. */
		{ FORWARDS("- { interface: up, port: 80, to: 10.0.0.5 }\n"
			   "- { interface: up, protocol: [udp], port: 79-81, to: 10.0.0.6 }\n"),
			"public-allocation", 9, 3, "192.0.2.1 udp port 80" });
}

Test(nat, networks_do_not_overlap)
{
	EXPECT_ERRORS({ HOST "networks:\n  a: { interface: in, ipv4: { subnet: 10.0.0.0/16 } }\n"
			     "  b: { interface: in, ipv4: { subnet: 10.0.5.0/24 } }\n",
			      "duplicate-object", 9, 39, "on line 8" },
		{ NAT("masquerade: [10.0.0.0/24, 10.0.0.0/8]"), "duplicate-object", 7, 49, "overlaps" },
		{ HOST "public_ips: { interface: up, addresses: [198.51.100.10, 198.51.100.10] }\n", "duplicate-object",
			7, 57, "there already" });
}

Test(nat, prefixes_are_of_one_length_and_of_ipv6)
{
	EXPECT_ERRORS(
		{ NAT("prefixes: [{ inside: 10.0.0.0/8, outside: '2001:db8::/32' }]"), "type", 7, 44, "in IPv6 only" },
		{ NAT("prefixes: [{ inside: 'fd00::/8', outside: 10.0.0.0/8 }]"), "type", 7, 65, "'outside'" },
		{ NAT("prefixes: [{ inside: 'fd00::/64', outside: '2001:db8::/56' }]"), "range", 7, 66,
			"a /56, 'inside' a /64" });
}

Test(nat, what_leaves_needs_a_way)
{
	EXPECT_ERRORS({ HOST "networks: { a: { interface: in, internet: true, ipv4: { subnet: 10.0.0.0/16 } } }\n",
			      "missing", 7, 13, "uplinks" },
		{ HOST "nat: { masquerade: [10.0.0.0/8] }\n", "missing", 7, 21, "uplinks" },
		{ FORWARDS("- { interface: in, port: 80, to: 10.0.0.5 }\n"), "reference", 8, 16, "no IPv4 address" },
		{ HOST "nat: { uplinks: [out] }\n", "reference", 7, 18, "'out'" },
		{ HOST "networks: { a: { interface: inn, ipv4: { subnet: 10.0.0.0/16 } } }\n", "reference", 7, 29,
			"did you mean 'in'" });
}

Test(nat, clamping_needs_an_mtu)
{
	EXPECT_ERRORS(
		{ HEAD "interfaces: { a: { match: { name: a }, clamp_mss: true } }\n", "missing", 4, 51, "'mtu'" },
		{ HEAD "interfaces: { a: { match: { name: a }, ipv6: { method: disabled }, mtu: 500, clamp_mss: true } "
		       "}\n",
			"range", 4, 73, "at least 576" });
}

/* Where addresses come from others it is the link that has a port, once. */
#define AUTO \
	HEAD "interfaces:\n" \
	     "  up: { match: { name: up }, ipv6: { method: auto } }\n" \
	     "  two: { match: { name: two }, ipv6: { method: auto } }\n" \
	     "forwards:\n"
#define AUTO_PORT(interface, port) \
	"- { interface: " interface ", protocol: [tcp], port: " port ", to: '2001:db8::5' }\n"

Test(nat, ports_of_links_whose_addresses_others_give)
{
	PARSED parsed = parse_valid(AUTO AUTO_PORT("up", "80") AUTO_PORT("two", "80"));

	cr_expect_eq(parsed.spec->n_forwards, 2, "two links are two places");
	EXPECT_ERRORS({ AUTO AUTO_PORT("up", "80-90") AUTO_PORT("up", "85"), "public-allocation", 9, 3,
			      "tcp port 85 of this interface is forwarded already, on line 8" },
		{ AUTO "- { interface: two, port: 80, to: 10.0.0.5 }\n", "reference", 8, 16, "no IPv4 address" });
}

#define SOURCE(port, to, source) \
	"- { interface: up, protocol: [tcp], port: " port ", to: \"" to "\", source: " source " }\n"

Test(nat, targets_see_one_source)
{
	PARSED parsed = parse_valid(FORWARDS(SOURCE("80", "10.0.0.5:8080", "masquerade")
			SOURCE("81", "10.0.0.5:8080", "masquerade") SOURCE("82", "10.0.0.5:8081", "keep")));

	cr_expect_eq(parsed.spec->forwards[0].source, LS_SOURCE_MASQUERADE);
	cr_expect_eq(parsed.spec->forwards[2].source, LS_SOURCE_KEEP);
	EXPECT_ERRORS({ FORWARDS(SOURCE("80", "10.0.0.5:8080", "masquerade") SOURCE("81", "10.0.0.5:8080", "keep")),
			      "range", 9, 3, "on line 8 leads to the same port, but with another 'source'" },
		{ FORWARDS(SOURCE("80-90", "10.0.0.5", "masquerade") SOURCE("91", "10.0.0.5:85", "masquerade")),
			"range", 9, 3, "some of the same ports" });
}

#define GATEWAY(text) HOST "gateway: { mode: nat, interface: up, " text " }\n"

Test(nat, gateway_dns_name)
{
	EXPECT_ERRORS({ GATEWAY("service: [10.0.0.5]"), "gateway-dns-name", 7, 10, "'dns_name'" },
		{ GATEWAY("dns_name: 192.0.2.1"), "gateway-dns-name", 7, 48, "as in an address" },
		{ GATEWAY("dns_name: a_b.example"), "gateway-dns-name", 7, 48, "not a host name" },
		{ HOST "gateway: { mode: direct, dns_name: a.example, interface: up }\n", "range", 7, 18, "nat" },
		{ "linkspan: 1\nkind: appliance\nname: a\ninterfaces: { a: { match: { name: a } } }\n"
		  "gateway: { mode: nat, dns_name: a.example, interface: a }\n",
			"range", 5, 10, "of kind gateway" });
}

Test(nat, gateway_ports)
{
	PARSED parsed = parse_valid(GATEWAY("dns_name: gw.example, service: [10.0.0.5]"));
	struct ls_spec_forward forward = ls_spec_gateway_forward(&parsed.spec->gateway, 0);

	cr_expect_eq(forward.port, 6180);
	cr_expect_eq(forward.to_port, 6180);
	cr_expect_eq(forward.n_protocols, 0, "both");
	cr_expect_str_eq(ip_text(&forward.to), "10.0.0.5");
	EXPECT_ERRORS({ GATEWAY("dns_name: gw.example, service: [10.0.0.5, 10.0.0.6]"), "range", 7, 80, "two IPv4" },
		{ GATEWAY("dns_name: gw.example, service: [\"2001:db8::5\"]"), "reference", 7, 34, "no IPv6 address" },
		{ GATEWAY("dns_name: gw.example, service: [10.0.0.5], external_port: 80") "forwards: [{ interface: up, "
											  "protocol: [udp], port: "
											  "70-90, to: 10.0.0.6 }]\n",
			"public-allocation", 8, 12, "on line 7" });
}
