/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole runs of apply, judged by iproute2, by sysctl files and by traffic: what a spec asks for is what the kernel has,
 * changes are done as the plan says, nothing is interrupted that need not be, and failures leave no trace.
 */
#include "netns_tools.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(apply, .init = ns_enter, .fini = ns_leave);

#define CONF4 "/proc/sys/net/ipv4/conf/"
#define CONF6 "/proc/sys/net/ipv6/conf/"
#define ONE_LINK "interfaces:\n  p0:\n    match: { name: p0 }\n"
#define WITH_ADDRESSES \
	ONE_LINK "    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n" \
		 "    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n"

/* ---- what is asked for is there ---------------------------------------------------------------------------------- */

struct asked {
	const char *spec;
	struct ns_fact facts[18];
};

/* p0 and far-p0 are there. */
static const struct asked asked[] = {
	{ "interfaces:\n"
	  "  br0:\n"
	  "    create: { type: bridge, stp: true, macaddress: \"02:00:5e:00:00:01\" }\n"
	  "    mtu: 1420\n"
	  "  br1: { create: { type: bridge, ports: [p0] }, up: false }\n"
	  "  p0: { match: { name: p0 } }\n",
		{ { "link show br0", "linkinfo.info_kind", "bridge" },
			{ "link show br0", "linkinfo.info_data.stp_state", "1" },
			{ "link show br0", "address", "02:00:5e:00:00:01" }, { "link show br0", "mtu", "1420" },
			{ "link show br0", "flags", "UP" }, { "link show br0", "group", "27763" },
			{ "link show br1", "linkinfo.info_data.stp_state", "0" }, { "link show br1", "flags", "!UP" },
			{ "link show p0", "master", "br1" }, { "link show p0", "flags", "UP" },
			{ "link show p0", "group", "default" }, { "link show master br0", NULL, "0" } } },
	{ "interfaces:\n"
	  "  va: { create: { type: veth, peer: vb, macaddress: \"02:00:5e:00:00:0a\" }, mtu: 1400 }\n"
	  "  vb: { create: { type: veth, peer: va, macaddress: \"02:00:5e:00:00:0b\" }, up: false }\n",
		{ { "link show va", "linkinfo.info_kind", "veth" }, { "link show va", "link", "vb" },
			{ "link show va", "mtu", "1400" }, { "link show va", "flags", "UP" },
			{ "link show va", "address", "02:00:5e:00:00:0a" }, { "link show vb", "link", "va" },
			{ "link show vb", "mtu", "1500" }, { "link show vb", "flags", "!UP" },
			{ "link show vb", "address", "02:00:5e:00:00:0b" }, { "link show vb", "group", "27763" } } },
	{ "interfaces:\n"
	  "  p0:\n"
	  "    match: { name: p0 }\n"
	  "    mtu: 1300\n"
	  "    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n"
	  "    ipv6: { method: manual, addresses: [\"2001:db8::1/64\", \"fe80::1/64\"] }\n"
	  "addresses:\n"
	  "  - { interface: p0, address: 169.254.0.1/32 }\n"
	  "  - { interface: p0, address: \"2001:db8:0:1::1/128\" }\n",
		{ { "link show p0", "mtu", "1300" }, { "addr show p0 to 10.0.0.1", "addr_info.prefixlen", "24" },
			{ "addr show p0 to 10.0.0.1", "addr_info.scope", "global" },
			{ "addr show p0 to 10.0.0.1", "addr_info.valid_life_time", "4294967295" },
			{ "addr show p0 to 169.254.0.1", "addr_info.prefixlen", "32" },
			{ "addr show p0 to 169.254.0.1", "addr_info.scope", "link" },
			{ "addr show p0 to 2001:db8::1", "addr_info.prefixlen", "64" },
			{ "addr show p0 to 2001:db8::1", "addr_info.tentative", NULL },
			{ "addr show p0 to fe80::1", "addr_info.scope", "link" },
			{ "addr show p0 to 2001:db8:0:1::1", "addr_info.prefixlen", "128" },
			{ "-4 route show dev p0", NULL, "1" } } },
	{ WITH_ADDRESSES "routes:\n"
			 "  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n"
			 "  - { to: 10.2.0.0/16, via: 10.0.0.2, metric: 50, mtu: 1400, source: 10.0.0.1 }\n"
			 "  - { to: 10.3.0.0/16, interface: p0 }\n"
			 "  - { to: 10.4.0.1, via: 192.0.2.9, interface: p0, on_link: true, table: 1000 }\n"
			 "  - { to: default, via: 10.0.0.3 }\n",
		{ { "-4 route show 10.1.0.0/16", "gateway", "10.0.0.2" }, { "-4 route show 10.1.0.0/16", "dev", "p0" },
			{ "-4 route show 10.1.0.0/16", "metric", NULL },
			{ "-4 route show 10.1.0.0/16", "protocol", "108" },
			{ "-4 route show 10.2.0.0/16", "metric", "50" },
			{ "-4 route show 10.2.0.0/16", "metrics.mtu", "1400" },
			{ "-4 route show 10.2.0.0/16", "prefsrc", "10.0.0.1" },
			{ "-4 route show 10.3.0.0/16", "scope", "link" },
			{ "-4 route show 10.3.0.0/16", "gateway", NULL },
			{ "-4 route show table 1000", "dst", "10.4.0.1" },
			{ "-4 route show table 1000", "gateway", "192.0.2.9" },
			{ "-4 route show table 1000", "flags", "onlink" },
			{ "-4 route show default", "gateway", "10.0.0.3" },
			{ "-4 route show table all proto 108", NULL, "5" } } },
	{ WITH_ADDRESSES
		"routes:\n"
		"  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\" }\n"
		"  - { to: \"2001:db8:2::/48\", via: \"2001:db8::2\", metric: 50, mtu: 1400, source: \"2001:db8::1\" "
		"}\n"
		"  - { to: \"2001:db8:3::/48\", interface: p0 }\n"
		"  - { to: \"2001:db8:4::1\", via: \"2001:db8:99::9\", interface: p0, on_link: true, table: 1000 }\n"
		"  - { to: default, via: \"fe80::9\", interface: p0 }\n",
		{ { "-6 route show 2001:db8:1::/48", "gateway", "2001:db8::2" },
			{ "-6 route show 2001:db8:1::/48", "metric", "1024" },
			{ "-6 route show 2001:db8:1::/48", "protocol", "108" },
			{ "-6 route show 2001:db8:2::/48", "metric", "50" },
			{ "-6 route show 2001:db8:2::/48", "metrics.mtu", "1400" },
			{ "-6 route show 2001:db8:2::/48", "prefsrc", "2001:db8::1" },
			{ "-6 route show 2001:db8:3::/48", "dev", "p0" },
			{ "-6 route show 2001:db8:3::/48", "gateway", NULL },
			{ "-6 route show table 1000", "dst", "2001:db8:4::1" },
			{ "-6 route show table 1000", "gateway", "2001:db8:99::9" },
			{ "-6 route show table 1000", "flags", "onlink" },
			{ "-6 route show default", "gateway", "fe80::9" },
			{ "-6 route show table all proto 108", NULL, "5" } } },
	{ "routes:\n"
	  "  - { to: 10.1.0.0/16, type: blackhole }\n"
	  "  - { to: 10.2.0.0/16, type: unreachable, metric: 7 }\n"
	  "  - { to: 0.0.0.0/0, type: prohibit, table: 4294967295 }\n"
	  "  - { to: \"2001:db8:1::/48\", type: blackhole }\n"
	  "  - { to: \"2001:db8:2::/48\", type: unreachable, metric: 7 }\n"
	  "  - { to: \"::/0\", type: prohibit, table: 4294967295 }\n",
		{ { "-4 route show 10.1.0.0/16", "type", "blackhole" }, { "-4 route show 10.1.0.0/16", "dev", NULL },
			{ "-4 route show 10.2.0.0/16", "type", "unreachable" },
			{ "-4 route show 10.2.0.0/16", "metric", "7" },
			{ "-4 route show table 4294967295", "type", "prohibit" },
			{ "-4 route show table 4294967295", "dst", "default" },
			{ "-6 route show 2001:db8:1::/48", "type", "blackhole" },
			{ "-6 route show 2001:db8:2::/48", "type", "unreachable" },
			{ "-6 route show 2001:db8:2::/48", "metric", "7" },
			{ "-6 route show table 4294967295", "type", "prohibit" },
			{ "-6 route show table 4294967295", "dst", "default" } } },
	{ ONE_LINK "    ipv4: { method: manual, addresses: [10.0.0.1/24], gateway: 10.0.0.254 }\n"
		   "    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"], gateway: \"fe80::1\" }\n"
		   "  q0: { match: { name: q0 }, ipv6: { method: manual } }\n"
		   "  r0: { match: { name: r0 }, ipv6: { method: disabled }, mtu: 1000 }\n"
		   "  far-q0: { match: { name: far-q0 }, ipv6: { method: disabled } }\n"
		   "  far-r0: { match: { name: far-r0 } }\n"
		   "sysctls:\n"
		   "  net.ipv4.ip_forward: 1\n"
		   "  net.ipv6.conf.all.forwarding: 1\n"
		   "  net/ipv4/conf/p0/rp_filter: 2\n",
		{ { "-4 route show default", "gateway", "10.0.0.254" },
			{ "-6 route show default", "gateway", "fe80::1" }, { CONF6 "p0/disable_ipv6", NULL, "0" },
			{ CONF6 "p0/accept_ra", NULL, "0" }, { CONF6 "q0/disable_ipv6", NULL, "0" },
			{ CONF6 "q0/accept_ra", NULL, "0" }, { CONF6 "far-q0/disable_ipv6", NULL, "1" },
			{ "-6 route show table all dev r0", NULL, "0" }, { CONF6 "far-r0/accept_ra", NULL, "1" },
			{ "/proc/sys/net/ipv4/ip_forward", NULL, "1" }, { CONF6 "all/forwarding", NULL, "1" },
			{ CONF6 "q0/forwarding", NULL, "1" }, { CONF4 "p0/rp_filter", NULL, "2" } } },
};

NS_TEST_EACH(apply, what_is_asked_for_is_there_and_goes_without_a_trace, asked)
{
	const char *before;

	ns_begin();
	ns_make_pair("p0");
	ns_make_pair("q0");
	ns_make_pair("r0");
	before = ns_state();
	ns_apply_well(asked[*number].spec);
	ns_expect_facts(asked[*number].facts);
	ns_down_well();
	ns_expect_state(before);
}

Test(apply, dummy_links_carry_addresses_and_routes)
{
	const char *before;

	ns_begin();
	ns_need_link_type("dummy");
	before = ns_state();
	ns_apply_well("interfaces:\n"
		      "  d0:\n"
		      "    create: { type: dummy, macaddress: \"02:00:5e:00:00:0d\" }\n"
		      "    mtu: 9000\n"
		      "    ipv4: { method: manual, addresses: [10.0.0.1/32] }\n"
		      "    ipv6: { method: manual, addresses: [\"2001:db8::1/128\"] }\n"
		      "routes:\n"
		      "  - { to: 10.1.0.0/16, interface: d0 }\n");
	ns_expect_facts((const struct ns_fact[]){
		{ "link show d0", "linkinfo.info_kind", "dummy" },
		{ "link show d0", "mtu", "9000" },
		{ "link show d0", "address", "02:00:5e:00:00:0d" },
		{ "link show d0", "flags", "UP" },
		{ "addr show d0 to 10.0.0.1", "addr_info.prefixlen", "32" },
		{ "addr show d0 to 2001:db8::1", "addr_info.prefixlen", "128" },
		{ "-4 route show 10.1.0.0/16", "dev", "d0" },
		{ 0 },
	});
	ns_down_well();
	ns_expect_state(before);
}

#define VLANS(id, other) \
	ONE_LINK "    ipv6: { method: disabled }\n" \
		 "  v1: { create: { type: vlan, parent: p0, id: " id \
		 " }, ipv4: { method: manual, addresses: [10.0.1.1/24] } }\n" \
		 "  v2: { create: { type: vlan, parent: p0, id: " other " }, mtu: 1300 }\n"

Test(apply, vlans_stand_on_their_parent_and_swap_their_ids)
{
	const char *before;

	ns_begin();
	ns_need_link_type("vlan");
	ns_make_pair("p0");
	before = ns_state();
	ns_apply_well(VLANS("101", "102"));
	ns_expect_facts((const struct ns_fact[]){
		{ "link show v1", "linkinfo.info_kind", "vlan" },
		{ "link show v1", "linkinfo.info_data.id", "101" },
		{ "link show v1", "link", "p0" },
		{ "link show v1", "mtu", "1500" },
		{ "link show v2", "linkinfo.info_data.id", "102" },
		{ "link show v2", "mtu", "1300" },
		{ "addr show v1 to 10.0.1.1", "addr_info.prefixlen", "24" },
		{ 0 },
	});
	ns_apply_well(VLANS("102", "101"));
	ns_expect_facts((const struct ns_fact[]){
		{ "link show v1", "linkinfo.info_data.id", "102" },
		{ "link show v2", "linkinfo.info_data.id", "101" },
		{ "addr show v1 to 10.0.1.1", "addr_info.prefixlen", "24" },
		{ 0 },
	});
	ns_down_well();
	ns_expect_state(before);
}

Test(apply, links_are_matched_by_hardware_address)
{
	struct ns_answer answer;

	ns_begin();
	ns_run("ip link add ens7 address 02:00:5e:00:00:77 type veth peer name far && ip link set ens7 up");
	ns_apply_well("interfaces:\n  lan: { match: { macaddress: \"02:00:5E:00:00:77\" }, mtu: 1400, "
		      "ipv4: { method: manual, addresses: [10.0.0.1/24] } }\n"
		      "routes:\n  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n");
	ns_expect_facts((const struct ns_fact[]){
		{ "link show ens7", "mtu", "1400" },
		{ "addr show ens7 to 10.0.0.1", "addr_info.prefixlen", "24" },
		{ "-4 route show 10.1.0.0/16", "dev", "ens7" },
		{ 0 },
	});
	ns_run("ip link set far address 02:00:5e:00:00:77");
	answer = ns_span("apply %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 65);
	ns_expect_words(answer.err, NS_WORDS("ens7", "far", "02:00:5e:00:00:77"));
	answer = ns_apply("interfaces:\n  lan: { match: { macaddress: \"02:00:5e:00:00:78\" } }\n");
	cr_expect(answer.status == 65 || answer.status == 1, "%d", answer.status);
	ns_expect_words(answer.err, NS_WORDS("spec.yaml:5:", "02:00:5e:00:00:78"));
}

/* ---- examples ---------------------------------------------------------------------------------------------------- */

static void make_links_of_example(const char *path)
{
	ns_run("for l in $(sed -n 's/^# demo-links: //p' %s); do ip link add $l type veth peer name far-$l && "
	       "ip link set $l addrgenmode none up && ip link set far-$l addrgenmode none up || exit 1; done",
		path);
}

static void try_example(const char *name)
{
	const char *path = ns_text("contrib/examples/%s.yaml", name), *before;
	struct ns_answer answer;

	ns_begin();
	if (access(path, R_OK) < 0)
		ns_skip("no %s", path);
	make_links_of_example(path);
	ns_settle();
	before = ns_state();
	answer = ns_span("apply %s", path);
	if (answer.status == 69) {
		ns_expect_state(before);
		ns_skip("this kernel lacks what %s needs", path);
	}
	ns_expect_exit(&answer, 0);
	ns_settle();
	answer = ns_span("plan %s", path);
	ns_expect_exit(&answer, 0);
	cr_assert_eq(ns_count_changes(ns_text("apply %s", path)), 0);
	ns_down_well();
	ns_expect_state(before);
}

#define TUNNEL(keys) \
	"interfaces: { p0: { match: { name: p0 } } }\n" \
	"addresses: [{ interface: p0, address: 192.0.2.1/24 }, { interface: t0, address: 10.99.0.1/24 }]\n" \
	"tunnels: { t0: { family: ipv4, underlay: p0, " keys " } }\n"

static const struct tunnel_type {
	const char *link, *keygen, *spec, *words;
} tunnel_types[] = {
	{ "wireguard", "keygen",
		TUNNEL("type: wireguard, listen_port: 1195, private_key_file: key, peers: [{ public_key: "
		       "\"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\", allowed_ips: [0.0.0.0/0] }]"),
		"this kernel has no WireGuard" },
	{ "xfrm if_id 1", "keygen --esp aes256-sha256",
		TUNNEL("type: ipsec, local_addr: 192.0.2.1, remote_addr: 192.0.2.2, keying: manual, sa: { in: { spi: "
		       "0x1001, key_file: key }, out: { spi: 0x1002, key_file: key } }"),
		"this kernel has no" },
};

/* Where the kernel has the type it is made: either is worth a test. */
NS_TEST_EACH(apply, tunnel_that_the_kernel_lacks_is_refused_before_anything_is_touched, tunnel_types)
{
	static const char *const commands[] = { "plan", "apply" };
	const struct tunnel_type *type = &tunnel_types[*number];
	struct ns_answer answer;
	const char *before;

	ns_begin();
	ns_make_pair("p0");
	answer = ns_span("%s %s/key", type->keygen, ns_dir());
	ns_expect_exit(&answer, 0);
	if (ns_try("ip link add probe0 type %s && ip link del probe0", type->link)) {
		answer = ns_apply(type->spec);
		ns_expect_exit(&answer, 0);
		ns_down_well();
		return;
	}
	before = ns_state();
	for (size_t i = 0; i < LS_ARRAY_SIZE(commands); i++) {
		answer = ns_span("%s %s", commands[i], ns_spec(type->spec));
		ns_expect_exit(&answer, 69);
		ns_expect_words(answer.err, NS_WORDS(type->words, "spec.yaml:"));
		ns_expect_state(before);
	}
}

Test(apply, example_first_comes_and_goes)
{
	try_example("first");
}

Test(apply, example_gateway_comes_and_goes)
{
	try_example("gateway");
}

Test(apply, example_nat_comes_and_goes)
{
	try_example("nat");
}

Test(apply, example_lab_comes_and_goes)
{
	try_example("lab");
}

Test(apply, example_policy_comes_and_goes)
{
	try_example("policy");
}

Test(apply, example_vlan_comes_and_goes)
{
	try_example("vlan");
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* `steps`: what the plan says. `stays`: a link that must keep its index, `anew`: one that must not. */
struct change {
	const char *from, *to, *steps, *stays, *anew;
	struct ns_fact facts[4];
};

#define ROUTE(rest) WITH_ADDRESSES "routes:\n  - { to: 10.9.0.0/16, " rest " }\n"
#define ROUTE6(rest) WITH_ADDRESSES "routes:\n  - { to: \"2001:db8:9::/48\", " rest " }\n"
#define BRIDGE(create, rest) "interfaces:\n  br0: { create: { type: bridge" create " }" rest " }\n"
#define PORTS(create) \
	BRIDGE(create, ", ipv6: { method: disabled }") \
	"  p0: { match: { name: p0 } }\n  q0: { match: { name: q0 } " \
	"}\n"
#define MAC(n) ", macaddress: \"02:00:5e:00:00:0" n "\""

static const struct change changes[] = {
	{ BRIDGE("", ", mtu: 1500"), BRIDGE("", ", mtu: 1400"), "change link br0 (mtu)", "br0", NULL,
		{ { "link show br0", "mtu", "1400" } } },
	{ BRIDGE(MAC("1"), ""), BRIDGE(MAC("2"), ""), "change link br0 (mac)", "br0", NULL,
		{ { "link show br0", "address", "02:00:5e:00:00:02" } } },
	{ BRIDGE("", ""), BRIDGE(", stp: true", ""), "change link br0 (stp)", "br0", NULL,
		{ { "link show br0", "linkinfo.info_data.stp_state", "1" } } },
	{ BRIDGE("", ""), BRIDGE("", ", up: false"), "change link br0 (up)", "br0", NULL,
		{ { "link show br0", "flags", "!UP" } } },
	{ BRIDGE("", ", up: false"), BRIDGE("", ""), "change link br0 (up)", "br0", NULL,
		{ { "link show br0", "flags", "UP" } } },
	{ PORTS(", ports: [p0]"), PORTS(", ports: [q0]"), "change link p0 (master); change link q0 (master)", "br0",
		NULL, { { "link show p0", "master", NULL }, { "link show q0", "master", "br0" } } },
	{ PORTS(", ports: [p0]") "  br1: { create: { type: bridge }, ipv6: { method: disabled } }\n",
		PORTS("") "  br1: { create: { type: bridge, ports: [p0] }, ipv6: { method: disabled } }\n",
		"change link p0 (master)", "br0", NULL, { { "link show p0", "master", "br1" } } },
	{ BRIDGE("", ", ipv4: { method: manual, addresses: [10.0.0.1/24] }"),
		"interfaces:\n  br0: { create: { type: veth, peer: v1 }, ipv4: { method: manual, addresses: "
		"[10.0.0.1/24] } }\n  v1: { create: { type: veth, peer: br0 } }\n",
		NULL, NULL, "br0",
		{ { "link show br0", "linkinfo.info_kind", "veth" },
			{ "addr show br0 to 10.0.0.1", "addr_info.prefixlen", "24" } } },
	{ ONE_LINK "    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n",
		ONE_LINK "    ipv4: { method: manual, addresses: [10.0.0.1/24, 10.0.1.1/24] }\n",
		"add address 10.0.1.1/24 dev p0", "p0", NULL,
		{ { "addr show p0 to 10.0.0.1", "addr_info.local", "10.0.0.1" },
			{ "addr show p0 to 10.0.1.1", "addr_info.local", "10.0.1.1" } } },
	{ ONE_LINK "    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n",
		ONE_LINK "    ipv6: { method: manual, addresses: [\"2001:db8::1/56\"] }\n",
		"delete address 2001:db8::1/64 dev p0; add address 2001:db8::1/56 dev p0", "p0", NULL,
		{ { "addr show p0 to 2001:db8::1", "addr_info.prefixlen", "56" },
			{ "-6 route show 2001:db8::/56", "protocol", "kernel" },
			{ "-6 route show 2001:db8::/64", NULL, "0" } } },
	{ ROUTE("via: 10.0.0.2"), ROUTE("via: 10.0.0.3"), "replace route 10.9.0.0/16 (via)", "p0", NULL,
		{ { "-4 route show 10.9.0.0/16", "gateway", "10.0.0.3" } } },
	{ ROUTE("via: 10.0.0.2"), ROUTE("via: 10.0.0.2, mtu: 1400, source: 10.0.0.1"),
		"replace route 10.9.0.0/16 (src mtu)", "p0", NULL,
		{ { "-4 route show 10.9.0.0/16", "prefsrc", "10.0.0.1" },
			{ "-4 route show 10.9.0.0/16", "metrics.mtu", "1400" } } },
	{ ROUTE("via: 10.0.0.2, mtu: 1400, source: 10.0.0.1"), ROUTE("via: 10.0.0.2"),
		"replace route 10.9.0.0/16 (src mtu)", "p0", NULL,
		{ { "-4 route show 10.9.0.0/16", "prefsrc", NULL },
			{ "-4 route show 10.9.0.0/16", "metrics.mtu", NULL } } },
	{ ROUTE("via: 10.0.0.2"), ROUTE("type: blackhole"), NULL, "p0", NULL,
		{ { "-4 route show 10.9.0.0/16", "type", "blackhole" } } },
	{ ROUTE("type: prohibit"), ROUTE("interface: p0"), NULL, "p0", NULL,
		{ { "-4 route show 10.9.0.0/16", "scope", "link" } } },
	{ ROUTE("via: 10.0.0.2"), ROUTE("via: 10.0.0.2, metric: 10"),
		"add route 10.9.0.0/16 metric 10; delete route 10.9.0.0/16", "p0", NULL,
		{ { "-4 route show 10.9.0.0/16", "metric", "10" } } },
	{ ROUTE("via: 10.0.0.2"), ROUTE("via: 10.0.0.2, table: 200"),
		"add route 10.9.0.0/16 table 200; delete route 10.9.0.0/16", "p0", NULL,
		{ { "-4 route show 10.9.0.0/16", NULL, "0" }, { "-4 route show table 200", "dst", "10.9.0.0/16" } } },
	{ ROUTE6("via: \"2001:db8::2\""), ROUTE6("via: \"2001:db8::3\""),
		"replace route 2001:db8:9::/48 metric 1024 (via)", "p0", NULL,
		{ { "-6 route show 2001:db8:9::/48", "gateway", "2001:db8::3" } } },
	{ ROUTE6("via: \"2001:db8::2\""), ROUTE6("via: \"2001:db8::2\", mtu: 1400, source: \"2001:db8::1\""),
		"replace route 2001:db8:9::/48 metric 1024 (src mtu)", "p0", NULL,
		{ { "-6 route show 2001:db8:9::/48", "prefsrc", "2001:db8::1" },
			{ "-6 route show 2001:db8:9::/48", "metrics.mtu", "1400" } } },
	{ ROUTE6("via: \"2001:db8::2\""), ROUTE6("type: unreachable"), NULL, "p0", NULL,
		{ { "-6 route show 2001:db8:9::/48", "type", "unreachable" } } },
	{ ROUTE6("type: blackhole"), ROUTE6("via: \"2001:db8::2\""), NULL, "p0", NULL,
		{ { "-6 route show 2001:db8:9::/48", "gateway", "2001:db8::2" },
			{ "-6 route show 2001:db8:9::/48", "type", "unicast" } } },
	{ "sysctls: { net.ipv4.conf.p0.rp_filter: 1 }\n", "sysctls: { net.ipv4.conf.p0.rp_filter: 2 }\n",
		"change sysctl net/ipv4/conf/p0/rp_filter (value)", "p0", NULL,
		{ { CONF4 "p0/rp_filter", NULL, "2" } } },
	{ ONE_LINK "    ipv6: { method: manual }\n", ONE_LINK "    ipv6: { method: disabled }\n", NULL, "p0", NULL,
		{ { CONF6 "p0/disable_ipv6", NULL, "1" } } },
};

static const char *index_of(const char *link)
{
	return link ? ns_output("ip -o link show dev %s | cut -d: -f1", link) : "";
}

static void expect_change(const struct change *change)
{
	const char *stays = index_of(change->stays), *anew = index_of(change->anew);
	struct ns_answer plan = ns_plan(change->to);

	ns_expect_exit(&plan, 2);
	if (change->steps)
		cr_expect_str_eq(ns_steps(plan.out), change->steps);
	ns_apply_well(change->to);
	ns_expect_facts(change->facts);
	if (change->stays)
		cr_expect_str_eq(index_of(change->stays), stays, "%s is another link", change->stays);
	if (change->anew)
		cr_expect_str_neq(index_of(change->anew), anew, "%s is the same link", change->anew);
}

NS_TEST_EACH(apply, changes_are_done_as_planned_and_taken_back, changes)
{
	const struct change *change = &changes[*number];
	const char *before, *first;

	ns_begin();
	ns_make_pair("p0");
	ns_make_pair("q0");
	before = ns_state();
	ns_apply_well(change->from);
	first = change->anew ? NULL : ns_state();
	expect_change(change);
	ns_rollback_well("");
	if (first)
		ns_expect_state(first);
	ns_down_well();
	ns_expect_state(before);
}

/* ---- failures in the middle -------------------------------------------------------------------------------------- */

/* `words`: in the message, besides the place of the cause. */
struct failure {
	const char *first, *spec;
	const char *words[5];
};

static const struct failure failures[] = {
	/* refused by the kernel: nobody has that next hop on a link */
	{ NULL,
		"interfaces:\n  br0: { create: { type: bridge }, ipv4: { method: manual, addresses: [10.5.0.1/24] } }\n"
		"  p0: { match: { name: p0 }, mtu: 1300 }\n"
		"sysctls: { net.ipv4.ip_forward: 1 }\n"
		"routes:\n  - { to: 10.6.0.0/16, via: 10.7.0.1, interface: br0 }\n",
		{ "spec.yaml:9:5", "10.6.0.0/16", "the kernel says: Nexthop has invalid gateway" } },
	{ NULL,
		"interfaces:\n  br0: { create: { type: bridge }, ipv4: { method: manual, addresses: [10.5.0.1/24] } }\n"
		"routes:\n  - { to: 10.6.0.0/16, via: 10.5.0.2, source: 10.8.0.1 }\n",
		{ "spec.yaml:7:5", "10.6.0.0/16", "the kernel says: Invalid prefsrc address" } },
	/* what was there is changed, replaced and deleted before */
	{ WITH_ADDRESSES "  q0: { match: { name: q0 } }\n"
			 "routes:\n  - { to: 10.6.0.0/16, via: 10.0.0.2 }\n"
			 "  - { to: \"2001:db8:6::/48\", via: \"2001:db8::2\" }\n"
			 "  - { to: 10.5.0.0/16, via: 10.0.0.2 }\n",
		"interfaces:\n  br0: { create: { type: bridge, ports: [q0] } }\n"
		"  q0: { match: { name: q0 }, mtu: 1400 }\n"
		"  p0: { match: { name: p0 }, mtu: 1400, ipv4: { method: manual, addresses: [10.0.0.1/24] } }\n"
		"routes:\n  - { to: 10.6.0.0/16, via: 10.0.0.3 }\n"
		"  - { to: \"2001:db8:99::/48\", via: \"2001:db8:98::2\", interface: p0 }\n",
		{ "spec.yaml:10:5", "2001:db8:99::/48", "No route to host" } },
	{ NULL,
		"interfaces:\n  br0: { create: { type: bridge } }\n"
		"sysctls: { net.ipv4.ip_forward: 1, net.ipv4.conf.all.rp_filter: chalk }\n",
		{ "spec.yaml:6:", "rp_filter" } },
};

NS_TEST_EACH(apply, failure_in_the_middle_leaves_the_host_as_before, failures)
{
	const struct failure *failure = &failures[*number];
	struct ns_answer answer;
	const char *before;

	ns_begin();
	ns_make_pair("p0");
	ns_make_pair("q0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.78.0.0/16 via 10.77.0.2 && "
	       "ip -6 addr add 2001:db8:77::1/64 dev p0 && ip -6 route add 2001:db8:78::/48 via 2001:db8:77::2");
	if (failure->first)
		ns_apply_well(failure->first);
	ns_settle();
	before = ns_state();
	answer = ns_apply(failure->spec);
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, failure->words);
	ns_expect_words(answer.err, NS_WORDS("The host is as it was before."));
	ns_expect_state(before);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
}

/* ---- the MTU of a bridge ----------------------------------------------------------------------------------------- */

/* The kernel adjusts it to the ports until somebody changes it (br_mtu_auto_adjust). */
Test(apply, bridge_has_the_mtu_asked_for_whatever_its_ports_have)
{
	const char *before;

	ns_begin();
	ns_make_pair("p0");
	ns_make_pair("q0");
	before = ns_state();
	ns_apply_well("interfaces:\n  br0: { create: { type: bridge, ports: [p0] }, mtu: 1400 }\n"
		      "  p0: { match: { name: p0 } }\n");
	ns_expect_facts((const struct ns_fact[]){ { "link show br0", "mtu", "1400" }, { 0 } });
	ns_apply_well("interfaces:\n  br0: { create: { type: bridge, ports: [p0, q0] }, mtu: 1500 }\n"
		      "  p0: { match: { name: p0 } }\n  q0: { match: { name: q0 }, mtu: 1300 }\n");
	ns_expect_facts((const struct ns_fact[]){
		{ "link show br0", "mtu", "1500" }, { "link show q0", "mtu", "1300" }, { 0 } });
	ns_down_well();
	ns_expect_state(before);
}

Test(apply, bridge_that_follows_its_ports_goes_with_down)
{
	const char *before;

	ns_begin();
	ns_make_pair("p0");
	before = ns_state();
	ns_apply_well("interfaces:\n  br0: { create: { type: bridge, ports: [p0] } }\n"
		      "  p0: { match: { name: p0 }, mtu: 1400 }\n");
	ns_expect_facts((const struct ns_fact[]){ { "link show br0", "mtu", "1400" }, { 0 } });
	ns_down_well();
	ns_expect_state(before);
}

/* ---- duplicate address detection --------------------------------------------------------------------------------- */

static void turn_on_detection(const char *link)
{
	ns_run("cd /proc/sys/net/ipv6/conf && echo 1 >all/accept_dad && echo 1 >%s/accept_dad && "
	       "echo 1 >%s/dad_transmits",
		link, link);
}

#define SIX "interfaces:\n  p0: { match: { name: p0 }, ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] } }\n"

Test(apply, without_carrier_nobody_waits_for_detection)
{
	struct ns_answer answer;

	ns_begin();
	ns_run("ip link add p0 type veth peer name far-p0 netns %d && ip link set p0 up", (int)ns_far());
	turn_on_detection("p0");
	answer = ns_span("apply %s", ns_spec(SIX));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.err, NS_WORDS("2001:db8::1/64", "carrier", "waiting-for-carrier"));
	ns_expect_settled();
	ns_expect_facts((const struct ns_fact[]){
		{ "addr show p0 to 2001:db8::1", "addr_info.tentative", "true" },
		{ 0 },
	});
	ns_far_run("ip link set far-p0 up");
	for (int i = 0; i < 40 && ns_try("ip -6 addr show p0 tentative | grep -q inet6"); i++)
		usleep(100000);
	ns_expect_facts((const struct ns_fact[]){
		{ "addr show p0 to 2001:db8::1", "addr_info.tentative", NULL },
		{ 0 },
	});
	ns_expect_settled();
}

Test(apply, address_is_usable_when_apply_returns)
{
	struct ns_answer answer;

	ns_begin();
	ns_make_far_pair("p0");
	turn_on_detection("p0");
	answer = ns_apply(SIX);
	ns_expect_exit(&answer, 0);
	cr_expect(ns_try("ping -6 -c 1 -W 1 -I 2001:db8::1 2001:db8::1"));
	ns_expect_facts((const struct ns_fact[]){
		{ "addr show p0 to 2001:db8::1", "addr_info.tentative", NULL },
		{ 0 },
	});
}

Test(apply, duplicate_address_fails_and_is_taken_back)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	ns_make_far_pair("p0");
	ns_far_run("ip addr add 2001:db8::1/64 dev far-p0 nodad");
	turn_on_detection("p0");
	before = ns_state();
	answer = ns_apply(SIX);
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("2001:db8::1/64", "duplicate address", "spec.yaml:5:"));
	ns_expect_state(before);
	answer = ns_span("history --json");
	cr_expect_eq(json_array_size(json_object_get(ns_parse(answer.out), "generations")), 0);
}

/* ---- neighbours talk over what was made -------------------------------------------------------------------------- */

Test(apply, hosts_on_both_sides_of_a_made_bridge_reach_each_other)
{
	ns_begin();
	ns_need_program("ping");
	ns_make_far_pair("p0");
	ns_far_run("ip addr add 10.0.0.2/24 dev far-p0 && ip addr add 2001:db8::2/64 dev far-p0 nodad");
	ns_apply_well("interfaces:\n"
		      "  br0:\n"
		      "    create: { type: bridge, ports: [p0] }\n"
		      "    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n"
		      "    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n"
		      "  p0: { match: { name: p0 } }\n");
	cr_expect(ns_try("ping -c 1 -W 1 10.0.0.2"));
	cr_expect(ns_try("ping -c 1 -W 1 2001:db8::2"));
	ns_down_well();
	cr_expect_not(ns_try("ping -c 1 -W 1 10.0.0.2"));
}

/* ---- tests of a spec --------------------------------------------------------------------------------------------- */

/* The kernel's own events say that it was there; afterwards nothing is, and nothing is recorded. */
Test(apply, test_brings_it_into_force_and_takes_it_back)
{
	struct ns_answer answer;
	const char *before, *history;

	ns_begin();
	ns_apply_well("interfaces: { br0: { create: { type: bridge }, ipv4: { method: manual, addresses: "
		      "[192.0.2.1/24] } } }\n");
	before = ns_state();
	history = ns_span("history --json").out;
	ns_run("timeout 30 ip -o monitor route >%s/events 2>/dev/null & sleep 0.3", ns_dir());
	answer = ns_span("apply --test %s", ns_spec("interfaces: { br0: { create: { type: bridge }, ipv4: { method: "
						    "manual, addresses: [192.0.2.1/24] } } }\n"
						    "routes: [{ to: 198.51.100.0/24, via: 192.0.2.9 }]\n"));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("+ route 198.51.100.0/24", "1 added", "is taken back"));
	ns_expect_state(before);
	cr_expect_str_eq(ns_span("history --json").out, history);
	cr_expect_not(ns_try("test -e %s/state/journal", ns_dir()));
	ns_run("for i in $(seq 30); do grep -q 'Deleted 198.51.100.0/24' %s/events && break; sleep 0.1; done",
		ns_dir());
	cr_expect_str_eq(ns_output("grep -c '^198.51.100.0/24 via 192.0.2.9' %s/events", ns_dir()), "1\n");
	cr_expect_str_eq(ns_output("grep -c '^Deleted 198.51.100.0/24' %s/events", ns_dir()), "1\n");
}

Test(apply, test_that_fails_says_so_and_one_of_nothing_does_nothing)
{
	static const char good[] = "interfaces: { br0: { create: { type: bridge }, ipv4: { method: manual, addresses: "
				   "[192.0.2.1/24] } } }\n";
	struct ns_answer answer;
	const char *before;

	ns_begin();
	before = ns_state();
	answer = ns_span("apply --test --json %s", ns_spec(good));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("\"outcome\":\"tested\"", "\"generation\":null"));
	ns_expect_state(before);
	/* a next hop that is nowhere: refused by the kernel */
	answer = ns_span(
		"apply --test %s", ns_spec("interfaces: { br0: { create: { type: bridge } } }\n"
					   "routes: [{ to: 198.51.100.0/24, via: 203.0.113.9, interface: br0 }]\n"));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("The host is as it was before."));
	ns_expect_state(before);
	ns_apply_well(good);
	answer = ns_span("apply --test %s", ns_spec(good));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("Nothing to do."));
	answer = ns_span("apply --test --message x %s", ns_spec(good));
	ns_expect_exit(&answer, 64);
}
