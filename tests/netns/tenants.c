/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gateway that ends the tunnels of two tenants, with real traffic. This namespace is the gateway; the tenants' ends
 * are made by ip and wg:
 *
 *   tenants A, B -- internet I -- up0 gateway core0 -- host C
 *
 * Each tenant has a tunnel for each family. wg's counters say which one carried what.
 */
#include "netns_tools.h"

#include <stdio.h>
#include <stdlib.h>

TestSuite(tenants, .init = ns_enter, .fini = ns_leave);

#define C4 "203.0.113.5"
#define C6 "2001:db8:fe::5"

/* Of a tunnel, by the interface that it is at both ends. */
static const struct tunnel {
	const char *name, *tenant, *family;
	const char *subnet, *here, *there;
	unsigned length, port;
	const char *behind, *endpoint;
} tunnels[] = {
	{ "a4", "A", "ipv4", "10.99.1.0", "10.99.1.1", "10.99.1.2", 24, 1195, C4, "192.0.2.1" },
	{ "a6", "A", "ipv6", "fd00:99:1::", "fd00:99:1::1", "fd00:99:1::2", 64, 1196, C6, "[2001:db8:9::1]" },
	{ "b4", "B", "ipv4", "10.99.2.0", "10.99.2.1", "10.99.2.2", 24, 1197, C4, "192.0.2.1" },
	{ "b6", "B", "ipv6", "fd00:99:2::", "fd00:99:2::1", "fd00:99:2::2", 64, 1198, C6, "[2001:db8:9::1]" },
};

#define OF_A 2 /* the first tunnels are A's */

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

static const char *public_key(const char *name)
{
	return ns_output("cat %s/%s.pub | tr -d '\\n'", ns_dir(), name);
}

/* What is not on its link a tenant sends by the tunnel of the family: the other tenant, and what is behind the gateway.
 */
static void make_tenants_end(const struct tunnel *tunnel)
{
	ns_run("for end in here there; do \"$LINKSPAN\" keygen %s/%s-$end.key >%s/%s-$end.pub; done", ns_dir(),
		tunnel->name, ns_dir(), tunnel->name);
	ns_on(tunnel->tenant,
		"ip link add %s type wireguard; wg set %s private-key %s/%s-there.key peer %s endpoint %s:%u "
		"allowed-ips "
		"0.0.0.0/0,::/0; ip addr add %s/%u dev %s; ip link set %s up; ip -%c route add default dev %s",
		tunnel->name, tunnel->name, ns_dir(), tunnel->name, public_key(ns_text("%s-here", tunnel->name)),
		tunnel->endpoint, tunnel->port, tunnel->there, tunnel->length, tunnel->name, tunnel->name,
		tunnel->family[3], tunnel->name);
}

static void make_tenant(const char *tenant, unsigned number)
{
	ns_make_host(tenant);
	ns_join("eth0", tenant, tenant, "I");
	ns_on(tenant, "ip addr add 192.0.2.1%u/24 dev eth0; ip addr add 2001:db8:9::1%u/64 dev eth0", number, number);
	ns_on("I", "ip link set %s master br0", tenant);
}

static void make_hosts(void)
{
	ns_need_program("wg");
	ns_need_link_type("wireguard");
	ns_name_host("gateway");
	ns_make_host("I");
	ns_on("I", "ip link add br0 type bridge; ip link set br0 up");
	ns_join("up0", "gateway", "gw", "I");
	ns_on("I", "ip link set gw master br0");
	make_tenant("A", 1);
	make_tenant("B", 2);
	ns_make_host("C");
	ns_join("core0", "gateway", "eth0", "C");
	ns_on("C", "ip addr add " C4 "/24 dev eth0; ip addr add " C6 "/64 dev eth0");
	for (size_t i = 0; i < LS_ARRAY_SIZE(tunnels); i++)
		make_tenants_end(&tunnels[i]);
}

/* ---- the gateway ------------------------------------------------------------------------------------------------- */

/* The first tunnels of the table, each with the network behind it, which may leave by core0. */
static const char *gateway(size_t n)
{
	const char *addresses = "", *networks = "", *ends = "";

	for (size_t i = 0; i < n; i++) {
		const struct tunnel *tunnel = &tunnels[i];

		addresses = ns_text("%s  - { interface: %s, address: \"%s/%u\" }\n", addresses, tunnel->name,
			tunnel->here, tunnel->length);
		networks = ns_text("%s  of-%s: { interface: %s, internet: true, %s: { subnet: \"%s/%u\" } }\n",
			networks, tunnel->name, tunnel->name, tunnel->family, tunnel->subnet, tunnel->length);
		ends = ns_text("%s  %s: { type: wireguard, family: %s, underlay: up0, listen_port: %u,\n"
			       "        private_key_file: %s-here.key, peers: [{ public_key: \"%s\", allowed_ips: "
			       "[\"%s/%u\"] }] }\n",
			ends, tunnel->name, tunnel->family, tunnel->port, tunnel->name,
			public_key(ns_text("%s-there", tunnel->name)), tunnel->subnet, tunnel->length);
	}
	return ns_text("interfaces:\n"
		       "  up0: { match: { name: up0 }, ipv4: { method: manual, addresses: [192.0.2.1/24] },\n"
		       "         ipv6: { method: manual, addresses: [\"2001:db8:9::1/64\"] } }\n"
		       "  core0: { match: { name: core0 }, ipv4: { method: manual, addresses: [203.0.113.2/24] },\n"
		       "           ipv6: { method: manual, addresses: [\"2001:db8:fe::2/64\"] } }\n"
		       "nat: { uplinks: [core0] }\n"
		       "addresses:\n%snetworks:\n%stunnels:\n%s",
		addresses, networks, ends);
}

/* ---- what wg says ------------------------------------------------------------------------------------------------ */

/* In its place in the two last fields: received, sent. */
static long long bytes_of(const struct tunnel *tunnel, const char *field)
{
	return atoll(ns_output("wg show %s transfer | cut -f%s", tunnel->name, field));
}

struct counters {
	long long received[LS_ARRAY_SIZE(tunnels)], sent[LS_ARRAY_SIZE(tunnels)];
};

static struct counters count(size_t n)
{
	struct counters counters = { 0 };

	for (size_t i = 0; i < n; i++) {
		counters.received[i] = bytes_of(&tunnels[i], "2");
		counters.sent[i] = bytes_of(&tunnels[i], "3");
	}
	return counters;
}

/* A tenant whose tunnel here has been made anew notices that after 15 seconds (WireGuard's KEEPALIVE_TIMEOUT and
 * REKEY_TIMEOUT). */
static bool is_reached(const char *tenant, const char *address)
{
	bool reached = false;

	for (int i = 0; i < 4 && !reached; i++)
		reached = ns_reaches(tenant, address);
	return reached;
}

#define PINGS 5
#define PAYLOAD 1000

/* Pings of a tenant by one of the tunnels there are: it alone has grown by them, in both directions. Others may have
 * sent what WireGuard sends by itself. */
static void expect_carried(const struct tunnel *tunnel, const char *address, size_t n)
{
	const long long least = PINGS * PAYLOAD;
	struct counters before, after;

	cr_assert(is_reached(tunnel->tenant, address), "%s does not reach %s", tunnel->tenant, address);
	before = count(n);
	ns_on(tunnel->tenant, "ping -q -c %d -i 0.2 -s %d -W 5 %s >/dev/null", PINGS, PAYLOAD, address);
	after = count(n);
	for (size_t i = 0; i < n; i++) {
		bool carries = &tunnels[i] == tunnel;

		cr_expect_eq(after.received[i] - before.received[i] >= least, carries, "%s: %lld received",
			tunnels[i].name, after.received[i] - before.received[i]);
		cr_expect_eq(after.sent[i] - before.sent[i] >= least, carries, "%s: %lld sent", tunnels[i].name,
			after.sent[i] - before.sent[i]);
	}
}

static void expect_all_carried(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		expect_carried(&tunnels[i], tunnels[i].here, n);
		expect_carried(&tunnels[i], tunnels[i].behind, n);
	}
}

/* Networks on different interfaces do not. */
static void expect_apart(void)
{
	ns_expect_ways((const struct ns_way[]){ { "A", "10.99.2.2" }, { "A", "fd00:99:2::2" }, { "B", "10.99.1.2" },
			       { "B", "fd00:99:1::2" }, { 0 } },
		false);
}

/* Of A's tunnels: index, keys, endpoint and handshake. */
static const char *sessions(void)
{
	const char *text = "";

	for (size_t i = 0; i < OF_A; i++)
		text = ns_text("%s%s", text,
			ns_output("ip -o link show %s | cut -d: -f1; wg show %s dump | cut -f 1-5", tunnels[i].name,
				tunnels[i].name));
	return text;
}

/* Nothing has begun anew. */
static void expect_kept(const char *before, const struct counters *counters)
{
	struct counters now = count(OF_A);

	cr_expect_str_eq(sessions(), before);
	for (size_t i = 0; i < OF_A; i++) {
		cr_expect(counters->received[i] > 0 && now.received[i] >= counters->received[i], "%s", tunnels[i].name);
		cr_expect(counters->sent[i] > 0 && now.sent[i] >= counters->sent[i], "%s", tunnels[i].name);
	}
}

/* No session begins anew by itself so soon. */
static void lose_one_tenant(void)
{
	struct counters counters;
	const char *before;

	for (size_t i = 0; i < LS_ARRAY_SIZE(tunnels); i++)
		cr_assert(ns_reaches(tunnels[i].tenant, tunnels[i].here), "%s", tunnels[i].name);
	before = sessions();
	counters = count(OF_A);
	ns_apply_well(gateway(OF_A));
	expect_kept(before, &counters);
	cr_expect(!ns_try("ip link show b4 || ip link show b6"));
	cr_expect(ns_is_refused("B", C4) && ns_is_refused("B", C6));
	expect_all_carried(OF_A);
}

/* A hundred packets a second go on while the other tenant comes, goes and comes. */
static void change_beside_traffic(void)
{
	static const size_t there[] = { LS_ARRAY_SIZE(tunnels), OF_A, LS_ARRAY_SIZE(tunnels) };

	ns_on("A", "ping -i 0.01 " C4 " >%s/ping & echo $! >%s/pid", ns_dir(), ns_dir());
	for (size_t i = 0; i < LS_ARRAY_SIZE(there); i++) {
		struct ns_answer answer = ns_apply(gateway(there[i]));

		ns_expect_exit(&answer, 0);
	}
	ns_run("sleep 0.2; kill -INT $(cat %s/pid); for i in 1 2 3 4 5 6 7 8 9 10; do grep -q transmitted %s/ping && "
	       "exit 0; sleep 0.2; done; exit 1",
		ns_dir(), ns_dir());
	cr_expect_str_eq(ns_lost("ping"), "whole\n");
}

Test(tenants, one_goes_and_comes_and_the_tunnels_of_the_other_go_on)
{
	ns_begin();
	make_hosts();
	ns_apply_well(gateway(LS_ARRAY_SIZE(tunnels)));
	lose_one_tenant();
	change_beside_traffic();
	expect_all_carried(LS_ARRAY_SIZE(tunnels));
	expect_apart();
	ns_down_well();
}
