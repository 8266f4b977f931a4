/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels: from the spec to a link, what it is set to, and its peers. */
#include "tools.h"

TestSuite(compile_tunnels);

#define A "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="

Test(compile_tunnels, tunnel_is_a_link_a_device_and_its_peers)
{
	struct ls_set set = compile(HEAD
		"interfaces: { up: { match: { name: eth0 } } }\n"
		"routes: [ { to: 10.5.0.0/16, interface: t0 } ]\n"
		"tunnels: { t0: { type: wireguard, family: ipv4, underlay: up, listen_port: 7, private_key_file: "
		"keys/a, peers: [ "
		"{ public_key: '" A "', endpoint: '192.0.2.1:8', allowed_ips: [ 10.2.0.0/16, 10.1.0.0/16 ] } ] },\n"
		"  t1: { type: wireguard, family: ipv6, private_key_file: /k/b, peers: [ { public_key: '" A
		"', preshared_key_file: c } ] } }\n");

	assert_is(find(&set, "link name=t0"), "link name=t0 type=wireguard mtu=1440 up=true");
	assert_is(find(&set, "wireguard dev=t0"), "wireguard dev=t0 private_key=./keys/a listen_port=7 fwmark=0");
	assert_is(find(&set, "wg_peer dev=t0 public_key=" A),
		"wg_peer dev=t0 public_key=" A
		" endpoint=192.0.2.1 endpoint_port=8 keepalive=0 allowed_ips='10.1.0.0/16 10.2.0.0/16'");
	assert_is(find(&set, "sysctl path=net/ipv6/conf/t0/disable_ipv6"),
		"sysctl path=net/ipv6/conf/t0/disable_ipv6 value=1 dev=t0");
	cr_expect(has(&set, "route to=10.5.0.0/16"));
	assert_is(find(&set, "wireguard dev=t1"), "wireguard dev=t1 private_key=/k/b fwmark=0");
	assert_is(find(&set, "wg_peer dev=t1 public_key=" A),
		"wg_peer dev=t1 public_key=" A " preshared_key=./c keepalive=0 allowed_ips=::/0");
	cr_expect(!has(&set, "sysctl path=net/ipv6/conf/t1/disable_ipv6"));
	ls_set_done(&set);
}

/* ---- MTUs -------------------------------------------------------------------------------------------------------- */

#define UNTOLD \
	HEAD "interfaces: { up: { match: { name: eth0 } }, v: { create: { type: vlan, parent: up, id: 5 } } }\n" \
	     "tunnels:\n"
#define TUNNEL(name, family, more) \
	"  " name ": { type: wireguard, family: " family ", private_key_file: /k" more ", peers: [ { public_key: '" A \
	"', endpoint: '192.0.2.1:8' } ] }\n"

/* On a host whose eth0 has `mtu` bytes. */
static struct compiled compile_over(const char *text, uint32_t mtu)
{
	char link[128];
	const char *const texts[] = { link, NULL };
	struct ls_set links;

	snprintf(link, sizeof(link), "link name=eth0 mtu=%u up=true", mtu);
	links = build_set(texts, build);
	return compile_on(&links, text);
}

/* What is written goes before what is there. */
Test(compile_tunnels, mtu_is_that_of_the_link_that_is_there)
{
	static const struct {
		const char *tunnel;
		uint32_t actual, mtu;
	} rows[] = {
		{ TUNNEL("t0", "ipv4", ", underlay: up"), 1500, 1440 },
		{ TUNNEL("t0", "ipv4", ", underlay: up"), 9000, 8940 },
		{ TUNNEL("t0", "ipv6", ", underlay: up"), 1340, 1280 },
		{ TUNNEL("t0", "ipv4", ", underlay: v"), 1300, 1240 },
		{ TUNNEL("t0", "ipv4", ", underlay: up, mtu: 1000"), 1300, 1000 },
		{ TUNNEL("t0", "ipv4", ""), 1300, 1440 },
		{ TUNNEL("t0", "ipv4", ", underlay: t1") TUNNEL("t1", "ipv4", ", underlay: up"), 1400, 1280 },
		{ "  t0: { type: ipsec, family: ipv4, underlay: up, local_addr: 192.0.2.1, remote_addr: 192.0.2.2, "
		  "keying: ike }\n",
			1400, 1310 },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(rows); i++) {
		char text[1024];
		struct compiled compiled;

		snprintf(text, sizeof(text), UNTOLD "%s", rows[i].tunnel);
		compiled = compile_over(text, rows[i].actual);
		cr_assert_eq(compiled.r, 0, "row %zu: %s", i, compiled.diag.findings[0].message);
		cr_expect_eq(link_of(&compiled.set, "t0")->mtu, rows[i].mtu, "row %zu: %u", i,
			link_of(&compiled.set, "t0")->mtu);
		ls_set_done(&compiled.set);
	}
}

Test(compile_tunnels, segments_are_clamped_to_the_mtu_that_there_is)
{
	struct compiled compiled = compile_over(UNTOLD TUNNEL("t0", "ipv4", ", underlay: up, clamp_mss: true"), 1300);

	cr_assert_eq(compiled.r, 0);
	cr_expect_eq(((const struct ls_nft_element *)find(&compiled.set, "nft_element set=mss4 iif=t0"))->mss, 1200);
	cr_expect(!has(&compiled.set, "nft_element set=mss6 iif=t0"));
	ls_set_done(&compiled.set);
}

Test(compile_tunnels, tunnel_mtu)
{
	static const struct {
		const char *tunnel, *words;
		unsigned column;
	} rows[] = {
		{ TUNNEL("t0", "ipv6", ", underlay: up"), "packets of 1279 bytes fit through the tunnel, but IPv6", 3 },
		{ TUNNEL("t0", "ipv6", ", underlay: v"), "raise the MTU of the underlay", 3 },
		{ TUNNEL("t0", "ipv4", ", underlay: up, mtu: 1280"), "only packets of 1279 bytes fit", 81 },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(rows); i++) {
		char text[1024];
		struct compiled compiled;

		snprintf(text, sizeof(text), UNTOLD "%s", rows[i].tunnel);
		compiled = compile_over(text, 1339);
		cr_assert_eq(compiled.r, -EINVAL, "row %zu", i);
		cr_assert_eq(compiled.diag.n_errors, 1);
		cr_expect_str_eq(compiled.diag.findings[0].id, "tunnel-mtu");
		cr_expect_eq(compiled.diag.findings[0].location.line, 6);
		cr_expect_eq(compiled.diag.findings[0].location.column, rows[i].column, "%u",
			compiled.diag.findings[0].location.column);
		cr_expect(strstr(compiled.diag.findings[0].message, rows[i].words), "%s",
			compiled.diag.findings[0].message);
		ls_set_done(&compiled.set);
	}
}

/* ---- IPsec ------------------------------------------------------------------------------------------------------- */

#define IPSEC "type: ipsec, family: ipv6, local_addr: 192.0.2.1, remote_addr: 192.0.2.2"
#define POLICY "if_id=9 priority=1000 src=::/0 dst=::/0 "

Test(compile_tunnels, ipsec_is_a_link_policies_of_its_family_and_states)
{
	struct ls_set set =
		compile(HEAD "tunnels: { t0: { " IPSEC
			     ", keying: manual, if_id: 9, sa: { in: [ { spi: 257, key_file: a }, { spi: 258, "
			     "key_file: b } ], out: { spi: 259, key_file: /c } } } }\n");

	assert_is(find(&set, "link name=t0"), "link name=t0 type=xfrm if_id=9 mtu=1438 up=true");
	assert_is(find(&set, "xfrm_policy direction=out " POLICY),
		"xfrm_policy direction=out " POLICY
		"reqid=1819475969 tunnel_src=192.0.2.1 tunnel_dst=192.0.2.2 spi=259");
	assert_is(find(&set, "xfrm_policy direction=in " POLICY),
		"xfrm_policy direction=in " POLICY "reqid=1819475969 tunnel_src=192.0.2.2 tunnel_dst=192.0.2.1");
	assert_is(find(&set, "xfrm_policy direction=fwd " POLICY),
		"xfrm_policy direction=fwd " POLICY "reqid=1819475969 tunnel_src=192.0.2.2 tunnel_dst=192.0.2.1");
	assert_is(find(&set, "xfrm_state dst=192.0.2.1 spi=257"),
		"xfrm_state dst=192.0.2.1 spi=257 src=192.0.2.2 if_id=9 reqid=1819475969 proposal=aes256-sha256 "
		"key=./a");
	cr_expect(has(&set, "xfrm_state dst=192.0.2.1 spi=258"));
	assert_is(find(&set, "xfrm_state dst=192.0.2.2 spi=259"),
		"xfrm_state dst=192.0.2.2 spi=259 src=192.0.2.1 if_id=9 reqid=1819475969 proposal=aes256-sha256 "
		"key=/c");
	ls_set_done(&set);
}

/* The states are the daemon's: any that has the reqid is used. */
Test(compile_tunnels, ipsec_by_ike_has_no_states)
{
	struct ls_set set = compile(HEAD "tunnels: { t0: { " IPSEC ", keying: ike, if_id: 9 } }\n");

	assert_is(find(&set, "link name=t0"), "link name=t0 type=xfrm if_id=9 mtu=1422 up=true");
	assert_is(find(&set, "xfrm_policy direction=out " POLICY),
		"xfrm_policy direction=out " POLICY "reqid=1819475970 tunnel_src=192.0.2.1 tunnel_dst=192.0.2.2");
	ls_set_each (&set, i)
		cr_expect_neq(set.objects[i]->kind, &ls_kind_xfrm_state);
	ls_set_done(&set);
}

/* ---- failover ---------------------------------------------------------------------------------------------------- */

/* n is extended in IPv4, m in nothing: of the rest nothing is forwarded. */
Test(compile_tunnels, what_stays_out_of_a_partial_failover_is_shut_out)
{
	struct ls_set set = compile(
		HEAD "side: provider\ninterfaces: { up: { match: { name: up0 }, ipv4: { method: manual, addresses: "
		     "[192.0.2.1/24] } }, a: { match: { name: in0 } }, b: { match: { name: in1 } } }\n"
		     "networks:\n  n: { interface: a, ipv4: { subnet: 10.0.0.0/24 } }\n"
		     "  m: { interface: b, ipv4: { subnet: 10.0.1.0/24 }, ipv6: { subnet: 'fd00::/64' } }\n"
		     "replicas: { r: { n: [10.0.0.9] } }\nfailover: { mode: partial, replicas: [r] }\n"
		     "tunnels: { n4: { network: n, family: ipv4, type: wireguard, private_key_file: k, peers: [ { "
		     "public_key: '" A "' } ] } }\n");

	assert_is(find(&set, "rule family=ipv4 priority=1000 action=lookup iif=in0 table=27648"),
		"rule family=ipv4 priority=1000 action=lookup iif=in0 table=27648");
	assert_is(find(&set, "rule family=ipv6 priority=1000 action=unreachable iif=in0"),
		"rule family=ipv6 priority=1000 action=unreachable iif=in0");
	assert_is(find(&set, "rule family=ipv4 priority=1005 action=unreachable iif=in1"),
		"rule family=ipv4 priority=1005 action=unreachable iif=in1");
	assert_is(find(&set, "rule family=ipv6 priority=1005 action=unreachable iif=in1"),
		"rule family=ipv6 priority=1005 action=unreachable iif=in1");
	ls_set_done(&set);
}

/* A production host that has become a replica lives on the link, where it answers for itself. */
Test(compile_tunnels, nobody_answers_for_an_address_on_its_own_link)
{
	struct ls_set set = compile(
		HEAD "side: provider\ninterfaces: { up: { match: { name: up0 }, ipv4: { method: manual, addresses: "
		     "[192.0.2.1/24] } }, a: { match: { name: in0 } } }\n"
		     "networks:\n  n: { interface: a, ipv6: { subnet: 'fd00::/64', gateway: 'fd00::1' }, "
		     "production_hosts: ['fd00::8', 'fd00::9'] }\n"
		     "replicas: { r: { n: ['fd00::9'] } }\nfailover: { mode: partial, replicas: [r] }\n"
		     "tunnels: { n6: { network: n, family: ipv6, type: wireguard, private_key_file: k, peers: [ { "
		     "public_key: '" A "' } ] } }\n");

	cr_expect(has(&set, "neighbour dev=in0 address=fd00::1 proxy=true"));
	cr_expect(has(&set, "neighbour dev=in0 address=fd00::8 proxy=true"));
	cr_expect_not(has(&set, "neighbour dev=in0 address=fd00::9 proxy=true"));
	cr_expect(has(&set, "route to=fd00::9/128 dev=in0 table=27648 metric=1024"));
	ls_set_done(&set);
}
