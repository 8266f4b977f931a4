/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failover with real traffic, in both families and through both tunnels. This namespace is the provider's appliance S;
 * the others are made around it:
 *
 *   replica R -- inner0 S up0 -- wan0 gateway G lan0 -- production LAN -- tenant's appliance T, production host P
 *
 * G is the default gateway of production, and the internet behind it (addresses on its loopback). R has in full
 * failover and in partial failover just what it had in production. ip, ping and tcpdump say what became of it.
 */
#include "netns_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(failover, .init = ns_enter, .fini = ns_leave);

#define R4 "10.10.1.20"
#define R6 "2001:db8:a:1::20"
#define P4 "10.10.1.30"
#define P6 "2001:db8:a:1::30"
#define WORLD4 "198.51.100.99"
#define WORLD6 "2001:db8:99::99"
#define PUBLIC4 "198.51.100.10"
#define PUBLIC6 "2001:db8:ffff::10"

/* ---- the hosts around -------------------------------------------------------------------------------------------- */

/* One ping, a few times: neighbours are found, sessions begun. */
static bool reaches(const char *host, const char *address)
{
	return ns_try(
		"nsenter -t $(cat %s/%s) -n sh -c 'for i in 1 2 3 4; do ping -c 1 -W 2 %s && exit 0; done; exit 1'",
		ns_dir(), host, address);
}

static bool is_refused(const char *host, const char *address)
{
	return !ns_try("nsenter -t $(cat %s/%s) -n ping -c 2 -i 0.3 -W 1 %s", ns_dir(), host, address);
}

static void make_host(const char *host)
{
	ns_run("unshare -n sleep 900 >/dev/null 2>&1 & echo $! >%s/%s; sleep 0.2", ns_dir(), host);
	ns_on(host,
		"ip link set lo up; cd /proc/sys/net/ipv6/conf; echo 0 >all/accept_dad; echo 0 >default/accept_dad; "
		"echo "
		"0 >default/accept_ra");
}

static void join(const char *link, const char *here, const char *other, const char *there)
{
	ns_run("ip link add %s netns $(cat %s/%s) type veth peer name %s netns $(cat %s/%s)", link, ns_dir(), here,
		other, ns_dir(), there);
	ns_on(here, "ip link set %s up", link);
	ns_on(there, "ip link set %s up", other);
}

static void make_production(void)
{
	static const char *const hosts[] = { "G", "P", "T", "R", "L" };

	ns_run("echo %d >%s/S", (int)getpid(), ns_dir());
	for (size_t i = 0; i < LS_ARRAY_SIZE(hosts); i++)
		make_host(hosts[i]);
	ns_on("L", "ip link add br0 type bridge; ip link set br0 up");
	join("lan0", "G", "g0", "L");
	join("eth0", "P", "p0", "L");
	join("eth0", "T", "t0", "L");
	ns_on("L", "for l in g0 p0 t0; do ip link set $l master br0; done");
	join("up0", "S", "wan0", "G");
	join("inner0", "S", "eth0", "R");
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

/* ---- the appliances ---------------------------------------------------------------------------------------------- */

#define NETWORK \
	"ipv4: { subnet: 10.10.1.0/24, gateway: 10.10.1.1 }, ipv6: { subnet: \"2001:db8:a:1::/64\", gateway: " \
	"\"fe80::1\" }"
#define REPLICAS "replicas: { web01: { prod: [" R4 ", \"" R6 "\"] } }\n"

static const char *public_key(const char *name)
{
	return ns_output("cat %s/%s.pub | tr -d '\\n'", ns_dir(), name);
}

static const char *tunnel(int family, const char *key, const char *peer, const char *more)
{
	return ns_text(
		"  prod%d: { network: prod, family: ipv%d, type: wireguard, private_key_file: %s%d.key, peers: [{ "
		"public_key: \"%s\"%s }] }\n",
		family, family, key, family, public_key(ns_text("%s%d", peer, family)), more);
}

static const char *provider(const char *mode)
{
	return ns_text("side: provider\n"
		       "interfaces:\n"
		       "  up0: { match: { name: up0 }, ipv4: { method: manual, addresses: [203.0.113.10/24], gateway: "
		       "203.0.113.1 },\n"
		       "         ipv6: { method: manual, addresses: [\"2001:db8:fe::10/64\"], gateway: "
		       "\"2001:db8:fe::1\" } }\n"
		       "  inner0: { match: { name: inner0 } }\n"
		       "networks: { prod: { interface: inner0, internet: true, " NETWORK
		       ", production_hosts: [\"2001:db8:a:1::1\", \"" P6 "\"] } }\n" REPLICAS
		       "failover: { mode: %s, replicas: [web01] }\n"
		       "public_ips: { interface: up0, addresses: [" PUBLIC4 ", \"" PUBLIC6
		       "\"], mappings: [{ public: " PUBLIC4 ", to: " R4 " }, { public: \"" PUBLIC6 "\", to: \"" R6
		       "\" }] }\n"
		       "tunnels:\n%s%s",
		mode, tunnel(4, "s", "t", ""), tunnel(6, "s", "t", ""));
}

static void apply_tenant(const char *mode)
{
	ns_run("cat >%s/tenant.yaml <<'END'\nlinkspan: 1\nkind: appliance\nname: t\nside: tenant\n"
	       "interfaces:\n  eth0: { match: { name: eth0 }, ipv4: { method: manual, addresses: [10.10.1.5/24], "
	       "gateway: "
	       "10.10.1.1 }, ipv6: { method: manual, addresses: [\"2001:db8:a:1::5/64\"], gateway: \"fe80::1\" } }\n"
	       "networks: { prod: { interface: eth0, " NETWORK " } }\n" REPLICAS
	       "failover: { mode: none, replicas: [web01] }\ntunnels:\n%s%sEND\n",
		ns_dir(), tunnel(4, "t", "s", ", endpoint: \"203.0.113.10:1195\", persistent_keepalive: 25"),
		tunnel(6, "t", "s", ", endpoint: \"[2001:db8:fe::10]:1196\", persistent_keepalive: 25"));
	ns_run("nsenter -t $(cat %s/T) -n \"$LINKSPAN\" --quiet --state-dir %s/tenant apply --failover %s "
	       "%s/tenant.yaml",
		ns_dir(), ns_dir(), mode, ns_dir());
}

static void make_keys(void)
{
	static const char *const keys[] = { "s4", "s6", "t4", "t6" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(keys); i++)
		ns_run("\"$LINKSPAN\" keygen %s/%s.key >%s/%s.pub", ns_dir(), keys[i], ns_dir(), keys[i]);
}

/* The tenant's network configuration, without what changes by itself. */
static const char *configuration(void)
{
	return ns_output(
		"nsenter -t $(cat %s/T) -n sh -c 'ip -o addr | cut -d\\  -f2-9; ip -4 route show table all; ip -6 "
		"route show table all | grep -v \"^fe80::/64\\|multicast\"; ip rule; ip -6 rule; ip neigh show "
		"proxy; ip -6 neigh show proxy; ip -o link | cut -d: -f2; cd /proc/sys/net; cat ipv4/ip_forward "
		"ipv6/conf/all/forwarding ipv6/conf/all/proxy_ndp ipv4/conf/*/proxy_arp ipv4/neigh/*/proxy_delay "
		"ipv6/neigh/*/proxy_delay ipv4/conf/*/send_redirects; nft list ruleset'",
		ns_dir());
}

static void begin(void)
{
	ns_begin();
	ns_need_program("wg");
	ns_need_program("tcpdump");
	if (!ns_try("ip link add probe0 type wireguard && ip link del probe0"))
		ns_skip("this kernel has no WireGuard");
	make_production();
	make_keys();
}

/* ---- partial ----------------------------------------------------------------------------------------------------- */

static void expect_joined(void)
{
	static const struct {
		const char *from, *to;
	} ways[] = { { "R", P4 }, { "R", P6 }, { "R", "10.10.1.1" }, { "R", WORLD4 }, { "R", WORLD6 }, { "P", R4 },
		{ "P", R6 }, { "G", R4 }, { "G", R6 } };

	for (size_t i = 0; i < LS_ARRAY_SIZE(ways); i++)
		cr_expect(reaches(ways[i].from, ways[i].to), "%s does not reach %s", ways[i].from, ways[i].to);
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

/* Without the tunnels nothing of the replica's leaves by the uplink. */
static void expect_closed(void)
{
	ns_run("ip link del prod4; ip link del prod6");
	ns_run("cd %s; tcpdump -i up0 -n -U -w wire 2>told & capture=$!; until grep -q listening told; do sleep 0.2; "
	       "kill -0 "
	       "$capture || exit 1; done; for a in " WORLD4 " " WORLD6 " " P4
	       "; do nsenter -t $(cat R) -n ping -c 2 -i 0.3 "
	       "-W 1 $a >/dev/null; done; sleep 0.3; kill $capture; wait $capture",
		ns_dir());
	cr_expect_str_eq(ns_output("tcpdump -n -r %s/wire 'host " R4 " or host " R6 "' 2>/dev/null", ns_dir()), "");
	cr_expect(is_refused("R", WORLD4) && is_refused("R", WORLD6));
}

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

Test(failover, partial_joins_production_and_closes_without_its_tunnels)
{
	const char *here, *there, *partial;
	struct ns_answer answer;

	begin();
	ns_apply_well(provider("none"));
	apply_tenant("none");
	here = ns_state();
	there = configuration();
	ns_apply_well(provider("partial"));
	know_another_host();
	apply_tenant("partial");
	expect_told();
	expect_joined();
	cr_expect_str_eq(ns_output("ip -o addr show dev inner0 | grep -c '10.10.1.1/\\|fe80::1/'"), "0\n");
	partial = ns_state();
	answer = ns_span("apply --failover full %s", ns_spec(provider("partial")));
	ns_expect_exit(&answer, 65);
	ns_expect_words(answer.err, NS_WORDS("[failover-exclusive]", "mode none first"));
	ns_expect_state(partial);
	expect_closed();
	ns_apply_well(provider("partial"));
	ns_apply_well(provider("none"));
	apply_tenant("none");
	ns_expect_state(here);
	cr_expect_str_eq(configuration(), there);
	expect_free();
}

/* ---- full -------------------------------------------------------------------------------------------------------- */

static void expect_served(void)
{
	static const struct {
		const char *from, *to;
	} ways[] = { { "R", WORLD4 }, { "R", WORLD6 }, { "G", PUBLIC4 }, { "G", PUBLIC6 } };

	for (size_t i = 0; i < LS_ARRAY_SIZE(ways); i++)
		cr_expect(reaches(ways[i].from, ways[i].to), "%s does not reach %s", ways[i].from, ways[i].to);
}

Test(failover, full_makes_the_appliance_the_gateway)
{
	struct ns_answer answer;
	const char *here;

	begin();
	ns_apply_well(provider("none"));
	here = ns_state();
	ns_apply_well(provider("full"));
	expect_served();
	ns_apply_well(provider("none"));
	ns_expect_state(here);
	answer = ns_span("apply --failover full --test %s", ns_spec(provider("none")));
	ns_expect_exit(&answer, 0);
	ns_expect_state(here);
	answer = ns_span("apply --failover full %s", ns_spec(provider("none")));
	ns_expect_exit(&answer, 0);
	expect_served();
	cr_expect(ns_try("ip link show prod4"));
	answer = ns_span("status --json");
	ns_expect_words(answer.out, NS_WORDS("\"failover\":\"full\""));
	answer = ns_span("plan --failover partial %s", ns_spec(provider("none")));
	ns_expect_exit(&answer, 65);
	ns_apply_well(provider("permanent"));
	expect_served();
	cr_expect(!ns_try("ip link show prod4"));
	ns_apply_well(provider("none"));
	ns_expect_state(here);
	/* Nor does a way back lead from partial to full: generation 2 was. */
	ns_apply_well(provider("partial"));
	answer = ns_span("rollback --to 2");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("[failover-exclusive]", "mode none first"));
	ns_apply_well(provider("none"));
	ns_expect_state(here);
}
