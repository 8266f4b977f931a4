/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels: what is read, what follows, and what is refused, by the ids of the checks. */
#include "support.h"

#include <linkspan/model.h>

#include <stdio.h>
#include <sys/socket.h>

#define A "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define B "ETlX9Ly2byVTTyl387bsYP8VPBQGhFc4/t1+51uxLRs="

/* Tunnels begin on line 8. */
#define HOST \
	HEAD "interfaces: { up: { match: { name: up }, mtu: 1500 }, low: { match: { name: low }, mtu: 1300 }, ren: { " \
	     "match: { name: eth9 } } }\n" \
	     "networks:\n  n: { interface: up, ipv4: { subnet: 10.0.0.0/24 } }\n" \
	     "  m: { interface: up, ipv4: { subnet: 10.1.0.0/24 }, ipv6: { subnet: '2001:db8::/64' } }\n" \
	     "tunnels:\n"
#define TUNNEL(name, family, more) "  " name ": { type: wireguard, family: " family ", private_key_file: k" more " }\n"
#define PEERS(list) ", peers: [ " list " ]"

Test(tunnels, every_key_is_read)
{
	PARSED parsed = parse_valid(HOST TUNNEL("t0", "ipv4",
		", network: n, underlay: up, listen_port: 7, fwmark: 5, clamp_mss: true, peers: [ { name: p, "
		"public_key: '" A "', preshared_key_file: s, endpoint: '[2001:db8::1]:51820', persistent_keepalive: "
		"25, allowed_ips: [ 10.9.0.0/16 "
		"] } ]"));
	const struct ls_spec_tunnel *tunnel = &parsed.spec->tunnels[0];
	const struct ls_spec_interface *interface = ls_spec_find_interface(parsed.spec, "t0");

	cr_assert_eq(parsed.spec->n_tunnels, 1);
	cr_expect(tunnel->family == AF_INET && tunnel->type == LS_TUNNEL_WIREGUARD);
	cr_expect(tunnel->listen_port == 7 && tunnel->fwmark == 5);
	cr_expect_str_eq(tunnel->private_key_file, "k");
	cr_assert_eq(tunnel->n_peers, 1);
	cr_expect_str_eq(tunnel->peers[0].public_key, A);
	cr_expect_str_eq(tunnel->peers[0].preshared_key_file, "s");
	cr_expect_str_eq(ip_text(&tunnel->peers[0].endpoint), "2001:db8::1");
	cr_expect(tunnel->peers[0].endpoint_port == 51820 && tunnel->peers[0].keepalive == 25);
	cr_expect_str_eq(prefix_text(&tunnel->peers[0].allowed_ips[0].subnet), "10.9.0.0/16");
	cr_assert_not_null(interface, "a tunnel is an interface");
	cr_expect(interface->create == LS_CREATE_WIREGUARD && interface->up && interface->clamp_mss);
	cr_expect_eq(interface->ipv6.method, LS_METHOD_DISABLED, "it carries IPv4");
}

/* By the outer header: 20 or 40 bytes, and 40 more. */
Test(tunnels, tunnel_mtu)
{
	static const struct {
		const char *endpoint, *underlay;
		uint32_t mtu;
	} rows[] = {
		{ "endpoint: '192.0.2.1:1'", "up", 1440 },
		{ "endpoint: '[2001:db8::1]:1'", "up", 1420 },
		{ "endpoint: 'gw.test:1'", "up", 1420 },
		{ "endpoint: 'gw.test:1', endpoint_family: ipv4", "up", 1440 },
		{ "name: calls", "up", 1420 },
		{ "endpoint: '192.0.2.1:1'", "low", 1240 },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(rows); i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			HOST TUNNEL("t0", "ipv4", ", underlay: %s" PEERS("{ public_key: '" A "', %s }")),
			rows[i].underlay, rows[i].endpoint);
		PARSED parsed = parse_valid(text);

		cr_expect_eq(parsed.spec->tunnels[0].mtu, rows[i].mtu, "%s over %s: %u", rows[i].endpoint,
			rows[i].underlay, parsed.spec->tunnels[0].mtu);
		cr_expect_eq(ls_spec_find_interface(parsed.spec, "t0")->mtu, rows[i].mtu);
	}
	EXPECT_ERRORS({ HOST TUNNEL("t0", "ipv6", ", underlay: low"), "tunnel-mtu", 9, 3, "IPv6 needs 1280" },
		{ HOST TUNNEL("t0", "ipv4", ", underlay: up, mtu: 1450"), "tunnel-mtu", 9, 80,
			"packets of 1420 bytes" });
}

/* Tunnels begin on line 11; one may go through one that comes later. */
#define STACKED \
	HEAD "interfaces:\n  low: { match: { name: low }, mtu: 1300 }\n  ren: { match: { name: eth9 } }\n" \
	     "  v: { create: { type: vlan, parent: low, id: 5 } }\n" \
	     "  m: { create: { type: macvlan, parent: v, mode: bridge } }\n" \
	     "  w: { create: { type: vlan, parent: ren, id: 5 }, mtu: 1400 }\n" \
	     "tunnels:\n"

Test(tunnels, mtu_follows_what_the_underlay_stands_on)
{
	static const struct {
		const char *underlay;
		uint32_t mtu;
	} rows[] = { { "low", 1220 }, { "v", 1220 }, { "m", 1220 }, { "w", 1320 }, { "ren", 1420 }, { "t1", 1140 } };

	for (size_t i = 0; i < LS_ARRAY_SIZE(rows); i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			STACKED TUNNEL("t0", "ipv4", ", underlay: %s") TUNNEL("t1", "ipv4", ", underlay: m"),
			rows[i].underlay);
		PARSED parsed = parse_valid(text);

		cr_expect_eq(parsed.spec->tunnels[0].mtu, rows[i].mtu, "over %s: %u", rows[i].underlay,
			parsed.spec->tunnels[0].mtu);
	}
	EXPECT_ERRORS({ STACKED TUNNEL("t0", "ipv6", ", underlay: m"), "tunnel-mtu", 11, 3, "IPv6 needs 1280" },
		{ STACKED TUNNEL("t0", "ipv4", ", underlay: v, mtu: 1300"), "tunnel-mtu", 11, 79,
			"packets of 1220 bytes" },
		{ HEAD "interfaces: { low: { match: { name: low }, mtu: 100, ipv6: { method: disabled } } }\n"
		       "tunnels:\n" TUNNEL("t0", "ipv4", ", underlay: low"),
			"tunnel-mtu", 6, 3, "IPv4 needs 68" });
}

Test(tunnels, tunnel_ports)
{
	PARSED parsed = parse_valid(HOST TUNNEL("a", "ipv4", ", network: n") TUNNEL("b", "ipv4", ", network: m")
			TUNNEL("c", "ipv6", ", network: m") TUNNEL("d", "ipv6", ""));

	cr_expect_eq(parsed.spec->tunnels[0].listen_port, 1195);
	cr_expect_eq(parsed.spec->tunnels[1].listen_port, 1197);
	cr_expect_eq(parsed.spec->tunnels[2].listen_port, 1198);
	cr_expect_eq(parsed.spec->tunnels[3].listen_port, 0, "the kernel's choice");
	EXPECT_ERRORS({ HOST TUNNEL("a", "ipv4", ", network: n") TUNNEL("b", "ipv4", ", listen_port: 1195"),
		"tunnel-ports", 10, 73, "on line 9 listens on UDP port 1195" });
}

Test(tunnels, one_tunnel_per_family)
{
	EXPECT_ERRORS({ HOST TUNNEL("a", "ipv4", ", network: n") TUNNEL("b", "ipv4", ", network: n, listen_port: 9"),
			      "one-tunnel-per-family", 10, 3, "on line 9" },
		{ HOST TUNNEL("a", "ipv4", PEERS("{ public_key: '" A "', allowed_ips: [ 'fd00::/64' ] }")),
			"one-tunnel-per-family", 9, 146, "carries IPv4" });
}

Test(tunnels, family_disabled)
{
	EXPECT_ERRORS({ HOST TUNNEL("a", "ipv6", ", network: n"), "family-disabled", 9, 69, "does not have" });
}

Test(tunnels, peers_are_apart)
{
	EXPECT_ERRORS({ HOST TUNNEL("a", "ipv4", PEERS("{ public_key: '" A "' }, { public_key: '" A "' }")),
			      "duplicate-object", 9, 147, "has this key, too" },
		{ HOST TUNNEL("a", "ipv4", PEERS("{ public_key: '" A "' }, { public_key: '" B "' }")),
			"duplicate-object", 9, 133, "'allowed_ips', too" },
		{ HOST TUNNEL("a", "ipv4",
			  PEERS("{ public_key: '" A "', allowed_ips: [10.0.0.0/8, 10.9.0.0/16, 10.9.0.0/16] }")),
			"duplicate-object", 9, 170, "'allowed_ips' has this twice" },
		{ HOST TUNNEL("a", "ipv4",
			  PEERS("{ public_key: '" A "', allowed_ips: [10.0.0.0/8] }, { public_key: '" B
				"', allowed_ips: [10.0.0.0/8] }")),
			"duplicate-object", 9, 236, "packets go to one" });
}

Test(tunnels, names_are_of_things_that_are_there)
{
	EXPECT_ERRORS({ HOST TUNNEL("ren", "ipv4", ""), "duplicate-object", 9, 3, "a tunnel is an interface, too" },
		{ HOST TUNNEL("a", "ipv4", ", underlay: upp"), "reference", 9, 70, "'upp'" },
		{ HOST TUNNEL("a", "ipv4", ", network: o"), "reference", 9, 69, "'o'" },
		{ HOST TUNNEL("a", "ipv4", PEERS("{ public_key: 'AAAA' }")), "range", 9, 83, "is no public key" });
}

/* ---- IPsec ------------------------------------------------------------------------------------------------------- */

#define IPSEC(name, more) \
	"  " name ": { type: ipsec, family: ipv4, local_addr: 192.0.2.1, remote_addr: 192.0.2.2" more " }\n"
#define SA(in, out) ", keying: manual, sa: { in: " in ", out: { spi: " out ", key_file: o } }"
#define ONE(spi) "{ spi: " spi ", key_file: i }"

Test(tunnels, every_key_of_ipsec_is_read)
{
	PARSED parsed = parse_with_warning(
		&(struct expected){ HOST IPSEC("t0", SA("[ " ONE("256") ", " ONE("0xffffffff") " ]",
							     "300") ", esp_proposal: aes128-sha384, if_id: 77")
					    IPSEC("t1", ", keying: ike, encap: true"),
			"ipsec-manual", 9, 91, "keying: ike" });
	const struct ls_spec_tunnel *tunnel = &parsed.spec->tunnels[0];

	cr_assert_eq(parsed.spec->n_tunnels, 2);
	cr_expect(tunnel->type == LS_TUNNEL_IPSEC && tunnel->keying == LS_KEYING_MANUAL && tunnel->if_id == 77);
	cr_expect_str_eq(tunnel->proposal->name, "aes128-sha384");
	cr_expect_str_eq(ip_text(&tunnel->remote_addr), "192.0.2.2");
	cr_assert_eq(tunnel->n_sa_in, 2);
	cr_expect(tunnel->sa_in[0].spi == 256 && tunnel->sa_in[1].spi == UINT32_MAX && tunnel->sa_out.spi == 300);
	cr_expect_str_eq(tunnel->sa_in[1].key_file, "i");
	cr_expect_str_eq(tunnel->sa_out.key_file, "o");
	cr_expect_eq(tunnel->mtu, 1422, "%u", tunnel->mtu);
	cr_expect(parsed.spec->tunnels[1].keying == LS_KEYING_IKE && parsed.spec->tunnels[1].encap);
	cr_expect_eq(parsed.spec->tunnels[1].if_id & 0xff000000, LS_IF_ID);
	cr_expect_eq(ls_spec_find_interface(parsed.spec, "t0")->create, LS_CREATE_XFRM);
}

/* One association needs no list; the port of the network's place is WireGuard's. */
Test(tunnels, association_may_stand_alone)
{
	PARSED parsed = parse_with_warning(&(struct expected){
		HOST IPSEC("t0", ", network: n" SA(ONE("256"), "300")), "ipsec-manual", 9, 103, "keying: ike" });

	cr_assert_eq(parsed.spec->tunnels[0].n_sa_in, 1);
	cr_expect_eq(parsed.spec->tunnels[0].sa_in[0].spi, 256);
	cr_expect_str_eq(parsed.spec->tunnels[0].proposal->name, "aes256-sha256");
	cr_expect_eq(parsed.spec->tunnels[0].listen_port, 0);
}

Test(tunnels, ipsec_manual)
{
	PARSED warned = parse_with_warning(
		&(struct expected){ HOST IPSEC("t0", SA(ONE("256"), "300")), "ipsec-manual", 9, 91, "renews them" });
	PARSED silent = parse_valid(HOST IPSEC("t0", ", keying: ike"));

	cr_expect_eq(warned.spec->n_tunnels + silent.spec->n_tunnels, 2);
}

Test(tunnels, esp_proposal)
{
	EXPECT_ERRORS({ HOST IPSEC("t0", ", esp_proposal: aes256gcm16" SA(ONE("256"), "300")), "esp-proposal", 9, 97,
			      "RFC 8221" },
		{ HOST IPSEC("t0", ", esp_proposal: chacha20poly1305" SA(ONE("256"), "300")), "esp-proposal", 9, 97,
			"keying: ike" },
		{ HOST IPSEC("t0", ", esp_proposal: aes256-sha1" SA(ONE("256"), "300")), "type", 9, 97, "sha512" });
}

Test(tunnels, esp_encap)
{
	EXPECT_ERRORS({ HOST IPSEC("t0", SA(ONE("256"), "300") ", encap: true"), "esp-encap", 9, 177, "keying: ike" });
}

Test(tunnels, keys_go_with_their_type_and_keying)
{
	EXPECT_ERRORS({ HOST IPSEC("t0", ", keying: manual"), "missing", 9, 7, "'sa'" },
		{ HOST IPSEC("t0", ", keying: ike, sa: { in: [], out: " ONE("256") " }"), "unknown-key", 9, 100,
			"the daemon makes the keys" },
		{ HOST IPSEC("t0", ", keying: ike, esp_proposal: aes256-sha256"), "unknown-key", 9, 110, "agrees" },
		{ HOST IPSEC("t0", ", keying: ike, listen_port: 5"), "unknown-key", 9, 96, "only with wireguard" },
		{ HOST "  t0: { type: ipsec, family: ipv4, keying: ike, local_addr: 192.0.2.1, remote_addr: 'fd00::1' "
		       "}\n",
			"type", 9, 85, "of one family" });
}

Test(tunnels, associations_and_interfaces_are_apart)
{
	EXPECT_ERRORS({ HOST IPSEC("t0", SA("[ " ONE("256") ", " ONE("256") " ]", "300")), "duplicate-object", 9, 145,
			      "the SPI 0x100" },
		{ HOST IPSEC("t0", SA(ONE("256"), "300")) IPSEC("t1", SA(ONE("257"), "300")), "duplicate-object", 10,
			148, "on line 9" },
		{ HOST IPSEC("t0", ", keying: ike, if_id: 5") IPSEC("t1", ", keying: ike, if_id: 5"),
			"duplicate-object", 10, 103, "if_id 0x5" });
}

#define ENDPOINT(value) HOST TUNNEL("a", "ipv4", PEERS("{ public_key: '" A "', " value " }"))
#define LABEL_60 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"

Test(tunnels, host_names_are_endpoints)
{
	static const char *const good[] = { "gw.example.net:51820", "localhost:1", "1-a.x9:65535", LABEL_60 "abc.b:7" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(good); i++) {
		char text[1024];

		snprintf(text, sizeof(text), ENDPOINT("endpoint: '%s', endpoint_family: ipv6"), good[i]);
		PARSED parsed = parse_valid(text);

		cr_expect_str_eq(parsed.spec->tunnels[0].peers[0].endpoint_name, good[i]);
		cr_expect_eq(parsed.spec->tunnels[0].peers[0].endpoint_family, AF_INET6);
		cr_expect_eq(parsed.spec->tunnels[0].peers[0].endpoint.family, 0);
	}
}

Test(tunnels, what_is_no_host_name_is_refused)
{
	static const char *const bad[] = { "gw.example.net", "gw.example.net:", "gw.example.net:0",
		"gw.example.net:65536", "gw.example.net:07", "gw.example.net:1 ", ":1", ".:1", "a..b:1", ".a:1", "a.:1",
		"-a.b:1", "a-.b:1", "a_b.c:1", "a b:1", "192.0.2.300:1", "1.2.3:1", "a.9:1", "[gw.test]:1",
		"gw.test:1:2", "2001:db8::1:5", LABEL_60 "abcd.b:7",
		LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 ".abcdefghij:7" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(bad); i++) {
		char text[1024];

		snprintf(text, sizeof(text), ENDPOINT("endpoint: '%s'"), bad[i]);
		expect_errors(&(struct expected){ text, "type", 9, 141, "an address or a host name, and a port" }, 1);
	}
}

Test(tunnels, endpoint_family)
{
	EXPECT_ERRORS({ ENDPOINT("endpoint: '192.0.2.1:1', endpoint_family: ipv6"), "endpoint-family", 9, 173,
		"is an IPv4 address, on line 9" });
	PARSED parsed = parse_valid(ENDPOINT("endpoint: '192.0.2.1:1', endpoint_family: ipv4"));

	cr_expect_eq(parsed.spec->tunnels[0].peers[0].endpoint_family, AF_INET);
}
