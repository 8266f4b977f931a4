/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failover with real traffic, in both families and through both tunnels, of either type. This namespace is the
 * provider's appliance S; the others are made around it:
 *
 *   replica R -- inner0 S up0 -- wan0 gateway G lan0 -- production LAN -- tenant's appliance T, production host P
 *   replica D -- inner1
 *
 * G is the default gateway of production, and the internet behind it (addresses on its loopback). R has in full
 * failover and in partial failover just what it had in production; so has D, of another network, in a full one. ip,
 * ping and tcpdump say what became of it.
 */
#include "netns_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(failover, .init = ns_enter, .fini = ns_leave);

#define R4 "10.10.1.20"
#define R6 "2001:db8:a:1::20"
#define P4 "10.10.1.30"
#define P6 "2001:db8:a:1::30"
#define D4 "10.10.2.20"
#define D6 "2001:db8:a:2::20"
#define S4 "203.0.113.10"
#define S6 "2001:db8:fe::10"
#define T4 "10.10.1.5"
#define T6 "2001:db8:a:1::5"
#define WORLD4 "198.51.100.99"
#define WORLD6 "2001:db8:99::99"
#define PUBLIC4 "198.51.100.10"
#define PUBLIC6 "2001:db8:ffff::10"

/* ---- the hosts around -------------------------------------------------------------------------------------------- */

static void make_production(void)
{
	static const char *const hosts[] = { "G", "P", "T", "R", "L" };

	ns_name_host("S");
	for (size_t i = 0; i < LS_ARRAY_SIZE(hosts); i++)
		ns_make_host(hosts[i]);
	ns_on("L", "ip link add br0 type bridge; ip link set br0 up");
	ns_join("lan0", "G", "g0", "L");
	ns_join("eth0", "P", "p0", "L");
	ns_join("eth0", "T", "t0", "L");
	ns_on("L", "for l in g0 p0 t0; do ip link set $l master br0; done");
	ns_join("up0", "S", "wan0", "G");
	ns_join("inner0", "S", "eth0", "R");
	ns_on("G", "ip addr add 10.10.1.1/24 dev lan0; ip addr add 2001:db8:a:1::1/64 dev lan0; ip addr add fe80::1/64 "
		   "dev lan0; "
		   "ip addr add 203.0.113.1/24 dev wan0; ip addr add 2001:db8:fe::1/64 dev wan0; ip addr add " WORLD4
		   "/32 dev lo; ip addr add " WORLD6 "/128 dev lo; ip route add " PUBLIC4
		   "/32 dev wan0; ip route add " PUBLIC6
		   "/128 dev wan0; cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding");
	ns_on("P", "ip addr add " P4 "/24 dev eth0; ip addr add " P6
		   "/64 dev eth0; ip route add default via 10.10.1.1; ip "
		   "route add default via fe80::1 dev eth0");
	ns_on("R", "ip addr add " R4 "/24 dev eth0; ip addr add " R6
		   "/64 dev eth0; ip route add default via 10.10.1.1; ip "
		   "route add default via fe80::1 dev eth0");
}

/* ---- tunnels ------------------------------------------------------------------------------------------------------
 */

/* Of a family, the addresses between which they are; WireGuard is called at the provider. */
static const struct outer {
	int family;
	const char *provider, *tenant, *endpoint;
} outers[] = {
	{ 4, S4, T4, S4 ":1195" },
	{ 6, S6, T6, "[" S6 "]:1196" },
};

/* Keys are those of an end and a family: s4.key. Of IPsec, that end receives with it. */
static const char *public_key(char end, int family)
{
	return ns_output("cat %s/%c%d.pub | tr -d '\\n'", ns_dir(), end, family);
}

static const char *wireguard(const struct outer *outer, char end, char other)
{
	return ns_text("type: wireguard, private_key_file: %c%d.key, peers: [{ public_key: \"%s\"%s }]", end,
		outer->family, public_key(other, outer->family),
		end == 's' ? "" : ns_text(", endpoint: \"%s\", persistent_keepalive: 25", outer->endpoint));
}

static const char *association(const struct outer *outer, char end)
{
	return ns_text("{ spi: 0x%x00%d, key_file: %c%d.key }", end, outer->family, end, outer->family);
}

static const char *ipsec(const struct outer *outer, char end, char other)
{
	return ns_text("type: ipsec, keying: manual, local_addr: \"%s\", remote_addr: \"%s\", sa: { in: %s, out: %s }",
		end == 's' ? outer->provider : outer->tenant, end == 's' ? outer->tenant : outer->provider,
		association(outer, end), association(outer, other));
}

static const struct type {
	const char *device, *keys; /* for ip link add, and for keygen */
	const char *wire;          /* what of it is on the wire, by tcpdump */
	const char *(*tunnel)(const struct outer *outer, char end, char other);
	const char *const *cuts; /* each way of being without tunnels, at the provider */
} types[] = {
	{ "wireguard", "", "udp port 1195 or udp port 1196", wireguard,
		(const char *const[]){ "ip link del prod4; ip link del prod6", NULL } },
	{ "xfrm if_id 1", "--esp aes256-sha256", "esp", ipsec,
		(const char *const[]){
			"ip link del prod4; ip link del prod6", "ip xfrm state flush", "ip xfrm policy flush", NULL } },
};

static const char *tunnels(const struct type *type, char end, char other)
{
	const char *text = "tunnels:\n";

	for (size_t i = 0; i < LS_ARRAY_SIZE(outers); i++)
		text = ns_text("%s  prod%d: { network: prod, family: ipv%d, %s }\n", text, outers[i].family,
			outers[i].family, type->tunnel(&outers[i], end, other));
	return text;
}

static void make_keys(const struct type *type)
{
	static const char *const keys[] = { "s4", "s6", "t4", "t6" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(keys); i++)
		ns_run("\"$LINKSPAN\" keygen %s %s/%s.key >%s/%s.pub", type->keys, ns_dir(), keys[i], ns_dir(),
			keys[i]);
}

static void begin(const struct type *type)
{
	ns_begin();
	ns_need_program("wg");
	ns_need_program("tcpdump");
	ns_need_link_type(type->device);
	make_production();
	make_keys(type);
}

/* ---- the appliances ---------------------------------------------------------------------------------------------- */

#define NETWORK \
	"ipv4: { subnet: 10.10.1.0/24, gateway: 10.10.1.1 }, ipv6: { subnet: \"2001:db8:a:1::/64\", gateway: " \
	"\"fe80::1\" }"
#define OTHER_NETWORK \
	"ipv4: { subnet: 10.10.2.0/24, gateway: 10.10.2.1 }, ipv6: { subnet: \"2001:db8:a:2::/64\", gateway: " \
	"\"fe80::1\" }"
#define REPLICAS "replicas: { web01: { prod: [" R4 ", \"" R6 "\"] } }\n"
#define UPLINK \
	"side: provider\n" \
	"interfaces:\n" \
	"  up0: { match: { name: up0 }, ipv4: { method: manual, addresses: [" S4 "/24], gateway: 203.0.113.1 },\n" \
	"         ipv6: { method: manual, addresses: [\"" S6 "/64\"], gateway: \"2001:db8:fe::1\" } }\n"

static const char *provider(const struct type *type, const char *mode)
{
	return ns_text(UPLINK "  inner0: { match: { name: inner0 } }\n"
			      "networks: { prod: { interface: inner0, internet: true, " NETWORK
			      ", production_hosts: [\"2001:db8:a:1::1\", \"" P6 "\"] } }\n" REPLICAS
			      "failover: { mode: %s, replicas: [web01] }\n"
			      "public_ips: { interface: up0, addresses: [" PUBLIC4 ", \"" PUBLIC6
			      "\"], mappings: [{ public: " PUBLIC4 ", to: " R4 " }, { public: \"" PUBLIC6
			      "\", to: \"" R6 "\" }] }\n%s",
		mode, tunnels(type, 's', 't'));
}

static void apply_tenant(const struct type *type, const char *mode)
{
	ns_run("cat >%s/tenant.yaml <<'END'\nlinkspan: 1\nkind: appliance\nname: t\nside: tenant\n"
	       "interfaces:\n  eth0: { match: { name: eth0 }, ipv4: { method: manual, addresses: [" T4
	       "/24], gateway: 10.10.1.1 }, ipv6: { method: manual, addresses: [\"" T6
	       "/64\"], gateway: \"fe80::1\" } }\n"
	       "networks: { prod: { interface: eth0, " NETWORK " } }\n" REPLICAS
	       "failover: { mode: none, replicas: [web01] }\n%sEND\n",
		ns_dir(), tunnels(type, 't', 's'));
	ns_run("nsenter -t $(cat %s/T) -n \"$LINKSPAN\" --quiet --state-dir %s/tenant apply --failover %s "
	       "%s/tenant.yaml 2>%s/told || { cat %s/told; exit 1; }",
		ns_dir(), ns_dir(), mode, ns_dir(), ns_dir(), ns_dir());
}

/* The tenant's network configuration, without what changes by itself. */
static const char *configuration(void)
{
	return ns_output(
		"nsenter -t $(cat %s/T) -n sh -c 'ip -o addr | cut -d\\  -f2-9; ip -4 route show table all; ip -6 "
		"route show table all | grep -v \"^fe80::/64\\|multicast\"; ip rule; ip -6 rule; ip neigh show "
		"proxy; ip -6 neigh show proxy; ip -o link | cut -d: -f2; cd /proc/sys/net; cat ipv4/ip_forward "
		"ipv6/conf/all/forwarding ipv6/conf/all/proxy_ndp ipv4/conf/*/proxy_arp ipv4/neigh/*/proxy_delay "
		"ipv6/neigh/*/proxy_delay ipv4/conf/*/send_redirects; nft list ruleset; ip xfrm state; ip xfrm policy'",
		ns_dir());
}

/* ---- who reaches whom -------------------------------------------------------------------------------------------- */

static void expect_joined(void)
{
	ns_expect_ways((const struct ns_way[]){ { "R", P4 }, { "R", P6 }, { "R", "10.10.1.1" }, { "R", WORLD4 },
			       { "R", WORLD6 }, { "P", R4 }, { "P", R6 }, { "G", R4 }, { "G", R6 }, { 0 } },
		true);
}

/* P has spoken to the machine that has failed, a moment ago. */
static void know_another_host(void)
{
	ns_on("P", "for a in " R4 " " R6 "; do ip neigh replace $a lladdr 02:00:00:00:00:99 dev eth0 nud stale; done");
}

static void expect_told(void)
{
	cr_expect_str_eq(
		ns_output("mac=$(nsenter -t $(cat %s/T) -n ip -br link show eth0 | grep -o '..:..:..:..:..:..') && "
			  "nsenter -t $(cat %s/P) -n ip neigh show dev eth0 | grep -c \"^" R4 " lladdr $mac\\|^" R6
			  " lladdr $mac\"",
			ns_dir(), ns_dir()),
		"2\n");
}

/* ---- the wire of the uplink -------------------------------------------------------------------------------------- */

/* Into a file, while R asks all of them and then the appliance G, by which it is known that the capture is whole. */
static void watch(void)
{
	ns_run("cd %s; tcpdump -i up0 -n -U -w wire 2>told & capture=$!; until grep -q listening told; do sleep 0.2; "
	       "kill -0 $capture || exit 1; done; for a in " WORLD4 " " WORLD6 " " P4 " " P6
	       "; do nsenter -t $(cat R) -n ping -c 2 -i 0.3 -W 1 -p " NS_PATTERN
	       " $a >/dev/null; done; ping -c 1 -W 5 "
	       "203.0.113.1 >/dev/null; sleep 1; kill $capture; wait $capture",
		ns_dir());
}

static const char *seen(const char *filter)
{
	return ns_output("tcpdump -n -r %s/wire '%s' 2>/dev/null", ns_dir(), filter);
}

static void expect_nothing_in_clear(void)
{
	const char *bytes = ns_output("od -An -v -tx1 %s/wire | tr -d ' \n'", ns_dir());

	cr_expect(*seen("icmp and src 203.0.113.1"), "not all has been captured");
	cr_expect_str_eq(seen("host " R4 " or host " R6), "");
	cr_expect(!strstr(bytes, NS_PATTERN NS_PATTERN), "%s", seen(""));
}

/* There and back, by the tunnel of each family. */
static void expect_hidden(const struct type *type)
{
	watch();
	expect_nothing_in_clear();
	for (size_t i = 0; i < LS_ARRAY_SIZE(outers); i++) {
		const char *here = outers[i].provider, *there = outers[i].tenant;

		cr_expect(*seen(ns_text("(%s) and src %s and dst %s", type->wire, here, there)));
		cr_expect(*seen(ns_text("(%s) and src %s and dst %s", type->wire, there, here)));
	}
}

/* Without the tunnels nothing of the replica's leaves by the uplink; the appliance itself goes on as before. */
static void expect_closed(const struct type *type)
{
	for (const char *const *cut = type->cuts; *cut; cut++) {
		ns_run("%s", *cut);
		watch();
		expect_nothing_in_clear();
		ns_expect_ways((const struct ns_way[]){ { "R", WORLD4 }, { "R", WORLD6 }, { 0 } }, false);
		ns_expect_ways(
			(const struct ns_way[]){ { "S", "203.0.113.1" }, { "S", "2001:db8:fe::1" }, { 0 } }, true);
		ns_apply_well(provider(type, "partial"));
	}
}

/* ---- partial ----------------------------------------------------------------------------------------------------- */

/* What has been in production comes back to where it was: nobody answers for it any more. */
static void expect_free(void)
{
	ns_on("P",
		"echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_dad; echo 1 >/proc/sys/net/ipv6/conf/eth0/dad_transmits; "
		"ip addr "
		"add " R6 "/64 dev eth0; sleep 2.5");
	cr_expect_str_eq(ns_output("nsenter -t $(cat %s/P) -n ip -6 -o addr show dev eth0 to " R6
				   " | grep -c 'tentative\\|dadfailed'",
				 ns_dir()),
		"0\n");
	ns_on("P", "ip addr del " R6 "/64 dev eth0");
}

NS_TEST_EACH(failover, partial_joins_production_and_closes_without_its_tunnels, types)
{
	const struct type *type = &types[*number];
	const char *here, *there, *partial;
	struct ns_answer answer;

	begin(type);
	ns_apply_well(provider(type, "none"));
	apply_tenant(type, "none");
	here = ns_state();
	there = configuration();
	ns_apply_well(provider(type, "partial"));
	know_another_host();
	apply_tenant(type, "partial");
	expect_told();
	expect_joined();
	expect_hidden(type);
	cr_expect_str_eq(ns_output("ip -o addr show dev inner0 | grep -c '10.10.1.1/\\|fe80::1/'"), "0\n");
	partial = ns_state();
	answer = ns_span("apply --failover full %s", ns_spec(provider(type, "partial")));
	ns_expect_exit(&answer, 65);
	ns_expect_words(answer.err, NS_WORDS("[failover-exclusive]", "mode none first"));
	ns_expect_state(partial);
	expect_closed(type);
	ns_apply_well(provider(type, "none"));
	apply_tenant(type, "none");
	ns_expect_state(here);
	cr_expect_str_eq(configuration(), there);
	expect_free();
}

/* ---- full -------------------------------------------------------------------------------------------------------- */

static void expect_served(void)
{
	ns_expect_ways(
		(const struct ns_way[]){ { "R", WORLD4 }, { "R", WORLD6 }, { "G", PUBLIC4 }, { "G", PUBLIC6 }, { 0 } },
		true);
}

Test(failover, full_makes_the_appliance_the_gateway)
{
	const struct type *type = &types[0];
	struct ns_answer answer;
	const char *here;

	begin(type);
	ns_apply_well(provider(type, "none"));
	here = ns_state();
	ns_apply_well(provider(type, "full"));
	expect_served();
	ns_apply_well(provider(type, "none"));
	ns_expect_state(here);
	answer = ns_span("apply --failover full --test %s", ns_spec(provider(type, "none")));
	ns_expect_exit(&answer, 0);
	ns_expect_state(here);
	answer = ns_span("apply --failover full %s", ns_spec(provider(type, "none")));
	ns_expect_exit(&answer, 0);
	expect_served();
	cr_expect(ns_try("ip link show prod4"));
	answer = ns_span("status --json");
	ns_expect_words(answer.out, NS_WORDS("\"failover\":\"full\""));
	answer = ns_span("plan --failover partial %s", ns_spec(provider(type, "none")));
	ns_expect_exit(&answer, 65);
	ns_apply_well(provider(type, "permanent"));
	expect_served();
	cr_expect(!ns_try("ip link show prod4"));
	ns_apply_well(provider(type, "none"));
	ns_expect_state(here);
	/* Nor does a way back lead from partial to full: generation 2 was. */
	ns_apply_well(provider(type, "partial"));
	answer = ns_span("rollback --to 2");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("[failover-exclusive]", "mode none first"));
	ns_apply_well(provider(type, "none"));
	ns_expect_state(here);
}

/* ---- two networks ------------------------------------------------------------------------------------------------ */

/* Of the two only prod may leave. */
static const char *two_networks(const char *failover)
{
	return ns_text(UPLINK "  inner0: { match: { name: inner0 } }\n"
			      "  inner1: { match: { name: inner1 } }\n"
			      "networks:\n"
			      "  prod: { interface: inner0, internet: true, " NETWORK " }\n"
			      "  db: { interface: inner1, " OTHER_NETWORK " }\n"
			      "nat: { uplinks: [up0] }\n"
			      "failover: { mode: %s }\n",
		failover);
}

static void expect_routed(bool routed)
{
	static const struct ns_way between[] = { { "R", D4 }, { "R", D6 }, { "D", R4 }, { "D", R6 }, { 0 } },
				   always[] = { { "R", "10.10.1.1" }, { "D", "10.10.2.1" }, { "R", WORLD4 },
					   { "R", WORLD6 }, { 0 } },
				   never[] = { { "D", WORLD4 }, { "D", WORLD6 }, { 0 } };

	ns_expect_ways(always, true);
	ns_expect_ways(between, routed);
	ns_expect_ways(never, false);
}

Test(failover, networks_reach_one_another_only_where_full_failover_routes_between_them)
{
	const char *here;

	ns_begin();
	if (!ns_try("nft add table inet probe && nft delete table inet probe"))
		ns_skip("this kernel has no nftables");
	make_production();
	ns_make_host("D");
	ns_join("inner1", "S", "eth0", "D");
	ns_on("D", "ip addr add " D4 "/24 dev eth0; ip addr add " D6
		   "/64 dev eth0; ip route add default via 10.10.2.1; ip route add default via fe80::1 dev eth0");
	ns_apply_well(two_networks("none"));
	here = ns_state();
	ns_apply_well(two_networks("full"));
	expect_routed(false);
	ns_apply_well(two_networks("full, route_between_networks: true"));
	expect_routed(true);
	ns_apply_well(two_networks("permanent, route_between_networks: true"));
	expect_routed(true);
	ns_apply_well(two_networks("full, route_between_networks: false"));
	expect_routed(false);
	ns_apply_well(two_networks("none, route_between_networks: true"));
	ns_expect_state(here);
}
