/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of whole hosts: from a random spec A to a random spec B and back leaves the host as it was at A; a run
 * from A to B that is killed anywhere ends at A or at B; and taking all down leaves what was there before, strangers'
 * things included. Where strangers stand in the way, nothing is changed.
 *
 * A spec is a choice of one variant, or none, of every item in a table; an item goes out when what it needs is not
 * chosen. A pair that fails is made smaller, item by item, as long as it fails; what is left is printed, and written as
 * a golden case (spec.yaml, have.json) below $LINKSPAN_KEEP, if that is set.
 *
 * $LINKSPAN_SEED: the first seed (default 1); $LINKSPAN_ROUNDS: how many pairs.
 */
#include "fault.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(properties, .init = fault_begin, .fini = fault_end);

/* ---- items ------------------------------------------------------------------------------------------------------- */

enum section { INTERFACES, ADDRESSES, NEXTHOPS, ROUTES, RULES, NEIGHBOURS, SYSCTLS, N_SECTIONS };

static const char *const section_names[N_SECTIONS] = { "interfaces", "addresses", "nexthops", "routes", "rules",
	"neighbours", "sysctls" };

enum item_id {
	NOTHING,
	PAIR_A,
	PAIR_B,
	PAIR_C,
	PAIR_D,
	PAIR_E,
	BRIDGE_E,
	MACVLAN_E,
	BRIDGE,
	FX0,
	FY0,
	DUMMY,
	VLAN,
	VXLAN,
	MACVLAN,
	VRF,
	BOND,
	A4,
	A4_MORE,
	A4_OTHER,
	A6,
	A6_OTHER,
	B4,
	B6,
	BRIDGE4,
	BRIDGE6,
	FX4,
	FX6,
	VXLAN4,
	MACVLAN6,
	HOP_A,
	HOP_B,
	HOP_A6,
	GROUP,
	ROUTE_A,
	ROUTE_A_METRIC,
	ROUTE_A6,
	ROUTE_SOURCE,
	ROUTE_SOURCE6,
	ROUTE_MULTI,
	ROUTE_MULTI6,
	ROUTE_HOP,
	ROUTE_HOP6,
	ROUTE_REJECT,
	ROUTE_REJECT6,
	ROUTE_BRIDGE,
	ROUTE_VXLAN,
	RULE_1,
	RULE_2,
	RULE_3,
	NEIGHBOUR_A,
	NEIGHBOUR_B,
	PROXY_A,
	PROXY_A6,
	SYSCTL_FORWARD,
	SYSCTL_RP,
	SYSCTL_FORWARD6,
	SYSCTL_ARP,
	N_ITEMS,
};

#define VARIANTS_MAX 4

static const struct item {
	enum section section;
	enum item_id needs[3];
	const char *variants[VARIANTS_MAX]; /* the lines of a spec */
	const char *type;                   /* of link that the kernel must be able to make, or NULL */
} items[N_ITEMS] = {
	[PAIR_A] = { INTERFACES, { 0 },
		{ "  lsa0: { create: { type: veth, peer: lsa1 } }\n  lsa1: { create: { type: veth, peer: lsa0 } }\n",
			"  lsa0: { create: { type: veth, peer: lsa1 }, mtu: 1400 }\n"
			"  lsa1: { create: { type: veth, peer: lsa0 }, mtu: 1400 }\n",
			"  lsa0: { create: { type: veth, peer: lsa1, macaddress: 02:00:00:00:aa:01 }, ipv6: { method: "
			"manual } }\n"
			"  lsa1: { create: { type: veth, peer: lsa0 } }\n" } },
	[PAIR_B] = { INTERFACES, { 0 },
		{ "  lsb0: { create: { type: veth, peer: lsb1 } }\n  lsb1: { create: { type: veth, peer: lsb0 } }\n",
			"  lsb0: { create: { type: veth, peer: lsb1, macaddress: 02:00:00:00:aa:02 } }\n"
			"  lsb1: { create: { type: veth, peer: lsb0 } }\n" } },
	[PAIR_C] = { INTERFACES, { 0 },
		{ "  lsc0: { create: { type: veth, peer: lsc1 } }\n  lsc1: { create: { type: veth, peer: lsc0 } }\n",
			"  lsc0: { create: { type: bridge } }\n" } },
	[PAIR_D] = { INTERFACES, { 0 },
		{ "  lsd0: { create: { type: veth, peer: lsd1 } }\n"
		  "  lsd1: { create: { type: veth, peer: lsd0 } }\n" } },
	[PAIR_E] = { INTERFACES, { 0 },
		{ "  lse0: { create: { type: veth, peer: lse1 }, mtu: 1600 }\n"
		  "  lse1: { create: { type: veth, peer: lse0 }, mtu: 1600 }\n",
			"  lse0: { create: { type: veth, peer: lse1 }, mtu: 1350 }\n"
			"  lse1: { create: { type: veth, peer: lse0 }, mtu: 1350 }\n",
			"  lse0: { create: { type: veth, peer: lse1 }, mtu: 1200, ipv6: { method: disabled } }\n"
			"  lse1: { create: { type: veth, peer: lse0 }, mtu: 1200, ipv6: { method: disabled } }\n" } },
	[BRIDGE_E] = { INTERFACES, { PAIR_E }, { "  lseb: { create: { type: bridge, ports: [lse1] } }\n" } },
	[MACVLAN_E] = { INTERFACES, { PAIR_E },
		{ "  lsem: { create: { type: macvlan, parent: lse0 } }\n",
			"  lsem: { create: { type: macvlan, parent: lse0, mode: private }, ipv6: { method: disabled } "
			"}\n" },
		"macvlan" },
	[BRIDGE] = { INTERFACES, { PAIR_B },
		{ "  lsbr: { create: { type: bridge, ports: [lsb1] } }\n",
			"  lsbr: { create: { type: bridge, ports: [lsb1], stp: true } }\n",
			"  lsbr: { create: { type: bridge, ports: [lsb1], macaddress: 02:00:00:00:aa:03 } }\n" } },
	[FX0] = { INTERFACES, { 0 },
		{ "  fx0: { match: { name: fx0 } }\n", "  fx0: { match: { name: fx0 }, mtu: 1450 }\n",
			"  fx0: { match: { name: fx0 }, ipv6: { method: manual } }\n" } },
	[FY0] = { INTERFACES, { 0 },
		{ "  fy0: { match: { name: fy0 }, mtu: 1400 }\n",
			"  fy0: { match: { name: fy0 }, ipv6: { method: manual } }\n" } },
	[DUMMY] = { INTERFACES, { 0 },
		{ "  lsx0: { create: { type: dummy } }\n",
			"  lsx0: { create: { type: dummy }, mtu: 1300, up: false }\n" },
		"dummy" },
	[VLAN] = { INTERFACES, { PAIR_A },
		{ "  lsa0.5: { create: { type: vlan, parent: lsa0, id: 5 } }\n",
			"  lsa0.5: { create: { type: vlan, parent: lsa0, id: 7 } }\n",
			"  other: { create: { type: vlan, parent: lsa0, id: 5 } }\n" },
		"vlan" },
	[VXLAN] = { INTERFACES, { FX0 },
		{ "  lsv0: { create: { type: vxlan, id: 30, local: 198.51.100.1, remote: 198.51.100.7 } }\n",
			"  lsv0: { create: { type: vxlan, id: 30, local: 198.51.100.2, remote: 198.51.100.7, ttl: 9, "
			"learning: false } }\n",
			"  lsv0: { create: { type: vxlan, id: 31, parent: fx0 } }\n" },
		"vxlan" },
	[MACVLAN] = { INTERFACES, { FX0 },
		{ "  lsm0: { create: { type: macvlan, parent: fx0 } }\n",
			"  lsm0: { create: { type: macvlan, parent: fx0, mode: private }, mtu: 1400 }\n",
			"  lsm0: { create: { type: macvlan, parent: fx0, macaddress: 02:00:00:00:aa:04 } }\n" },
		"macvlan" },
	[VRF] = { INTERFACES, { PAIR_A },
		{ "  lsr0: { create: { type: vrf, table: 900 } }\n",
			"  lsr0: { create: { type: vrf, table: 900, ports: [lsa1] } }\n",
			"  lsr0: { create: { type: vrf, table: 901, ports: [lsa1] } }\n" },
		"vrf" },
	[BOND] = { INTERFACES, { PAIR_D },
		{ "  lso0: { create: { type: bond } }\n", "  lso0: { create: { type: bond, ports: [lsd1] } }\n",
			"  lso0: { create: { type: bond, ports: [lsd1], miimon: 50 } }\n" },
		"bond" },
	[A4] = { ADDRESSES, { PAIR_A },
		{ "  - { interface: lsa0, address: 10.10.0.1/24 }\n",
			"  - { interface: lsa0, address: 10.10.0.2/24 }\n" } },
	/* In a subnet of its own: which of two addresses comes first, a spec does not say. */
	[A4_MORE] = { ADDRESSES, { PAIR_A }, { "  - { interface: lsa0, address: 10.10.1.7/24 }\n" } },
	[A4_OTHER] = { ADDRESSES, { PAIR_A }, { "  - { interface: lsa0, address: 10.11.0.1/24 }\n" } },
	[A6] = { ADDRESSES, { PAIR_A },
		{ "  - { interface: lsa0, address: 2001:db8:10::1/64 }\n",
			"  - { interface: lsa0, address: 2001:db8:10::2/64 }\n" } },
	[A6_OTHER] = { ADDRESSES, { PAIR_A }, { "  - { interface: lsa0, address: 2001:db8:11::1/64 }\n" } },
	[B4] = { ADDRESSES, { PAIR_B }, { "  - { interface: lsb0, address: 10.12.0.1/24 }\n" } },
	[B6] = { ADDRESSES, { PAIR_B }, { "  - { interface: lsb0, address: 2001:db8:12::1/64 }\n" } },
	[BRIDGE4] = { ADDRESSES, { BRIDGE }, { "  - { interface: lsbr, address: 10.14.0.1/24 }\n" } },
	[BRIDGE6] = { ADDRESSES, { BRIDGE }, { "  - { interface: lsbr, address: 2001:db8:14::1/64 }\n" } },
	[FX4] = { ADDRESSES, { FX0 },
		{ "  - { interface: fx0, address: 192.0.2.50/24 }\n",
			"  - { interface: fx0, address: 10.97.0.1/24 }\n" } },
	[FX6] = { ADDRESSES, { FX0 }, { "  - { interface: fx0, address: 2001:db8:f::50/64 }\n" } },
	[VXLAN4] = { ADDRESSES, { VXLAN }, { "  - { interface: lsv0, address: 10.18.0.1/24 }\n" } },
	[MACVLAN6] = { ADDRESSES, { MACVLAN }, { "  - { interface: lsm0, address: 2001:db8:19::1/64 }\n" } },
	[HOP_A] = { NEXTHOPS, { PAIR_A, A4_OTHER },
		{ "  - { id: 71, via: 10.11.0.9, interface: lsa0 }\n",
			"  - { id: 71, via: 10.11.0.8, interface: lsa0 }\n",
			"  - { id: 71, blackhole: true, family: ipv4 }\n" } },
	[HOP_B] = { NEXTHOPS, { PAIR_B, B4 }, { "  - { id: 72, via: 10.12.0.9, interface: lsb0 }\n" } },
	[HOP_A6] = { NEXTHOPS, { PAIR_A, A6_OTHER }, { "  - { id: 74, via: 2001:db8:11::9, interface: lsa0 }\n" } },
	[GROUP] = { NEXTHOPS, { HOP_B },
		{ "  - { id: 73, group: [72] }\n", "  - { id: 73, group: [{ id: 72, weight: 3 }] }\n" } },
	[ROUTE_A] = { ROUTES, { PAIR_A, A4_OTHER },
		{ "  - { to: 10.20.0.0/16, via: 10.11.0.9, interface: lsa0 }\n",
			"  - { to: 10.20.0.0/16, via: 10.11.0.8, interface: lsa0, mtu: 1300 }\n",
			"  - { to: 10.20.0.0/16, type: blackhole }\n" } },
	[ROUTE_A_METRIC] = { ROUTES, { PAIR_A, A4_OTHER },
		{ "  - { to: 10.20.0.0/16, via: 10.11.0.9, interface: lsa0, metric: 20 }\n",
			"  - { to: 10.20.0.0/16, via: 10.11.0.9, interface: lsa0, metric: 30, table: 500 }\n" } },
	[ROUTE_A6] = { ROUTES, { PAIR_A, A6_OTHER },
		{ "  - { to: 2001:db8:20::/48, via: 2001:db8:11::9, interface: lsa0 }\n",
			"  - { to: 2001:db8:20::/48, via: 2001:db8:11::8, interface: lsa0 }\n" } },
	[ROUTE_SOURCE] = { ROUTES, { PAIR_A, A4_OTHER, A4_MORE },
		{ "  - { to: 10.21.0.0/16, via: 10.11.0.9, interface: lsa0, source: 10.10.1.7 }\n",
			"  - { to: 10.21.0.0/16, via: 10.11.0.9, interface: lsa0, source: 10.11.0.1 }\n" } },
	[ROUTE_SOURCE6] = { ROUTES, { PAIR_A, A6_OTHER },
		{ "  - { to: 2001:db8:21::/48, via: 2001:db8:11::9, interface: lsa0, source: 2001:db8:11::1 }\n" } },
	[ROUTE_MULTI] = { ROUTES, { A4_OTHER, B4 },
		{ "  - { to: 10.42.0.0/16, multipath: [{ via: 10.11.0.9 }, { via: 10.12.0.9 }] }\n",
			"  - { to: 10.42.0.0/16, multipath: [{ via: 10.11.0.9, weight: 4 }, { via: 10.12.0.8 }] "
			"}\n" } },
	[ROUTE_MULTI6] = { ROUTES, { A6_OTHER, B6 },
		{ "  - { to: 2001:db8:42::/48, multipath: [{ via: 2001:db8:11::9 }, { via: 2001:db8:12::9 }] }\n",
			"  - { to: 2001:db8:42::/48, multipath: [{ via: 2001:db8:11::9, weight: 4 }, { via: "
			"2001:db8:12::8 }] }\n",
			"  - { to: 2001:db8:42::/48, via: 2001:db8:12::9 }\n" } },
	[ROUTE_HOP] = { ROUTES, { GROUP },
		{ "  - { to: 10.40.0.0/16, nexthop: 73 }\n", "  - { to: 10.40.0.0/16, nexthop: 72 }\n" } },
	[ROUTE_HOP6] = { ROUTES, { HOP_A6 }, { "  - { to: 2001:db8:40::/48, nexthop: 74 }\n" } },
	[ROUTE_REJECT] = { ROUTES, { 0 },
		{ "  - { to: 10.25.0.0/16, type: blackhole }\n",
			"  - { to: 10.25.0.0/16, type: prohibit, table: 501 }\n" } },
	[ROUTE_REJECT6] = { ROUTES, { 0 },
		{ "  - { to: 2001:db8:25::/48, type: unreachable }\n",
			"  - { to: 2001:db8:25::/48, type: blackhole, metric: 7 }\n" } },
	[ROUTE_BRIDGE] = { ROUTES, { BRIDGE4 },
		{ "  - { to: 10.30.0.0/16, via: 10.14.0.9 }\n", "  - { to: 10.30.0.0/16, interface: lsbr }\n" } },
	[ROUTE_VXLAN] = { ROUTES, { VXLAN4 },
		{ "  - { to: 10.31.0.0/16, via: 10.18.0.9 }\n", "  - { to: 10.31.0.0/16, interface: lsv0 }\n" } },
	[RULE_1] = { RULES, { 0 },
		{ "  - { priority: 2000, from: 10.10.0.0/16, table: 500 }\n",
			"  - { priority: 2000, from: 10.10.0.0/16, table: 501 }\n",
			"  - { priority: 2000, from: 10.10.0.0/16, type: prohibit }\n" } },
	[RULE_2] = { RULES, { 0 },
		{ "  - { priority: 2001, family: ipv4, fwmark: 0x10, table: 500 }\n",
			"  - { priority: 2001, family: ipv4, fwmark: 0x10, fwmask: 0xf0, table: 500 }\n" } },
	[RULE_3] = { RULES, { 0 }, { "  - { priority: 2001, to: 2001:db8:20::/48, table: 500 }\n" } },
	[NEIGHBOUR_A] = { NEIGHBOURS, { PAIR_A, A4_OTHER },
		{ "  - { interface: lsa0, address: 10.11.0.9, macaddress: 02:00:00:00:00:09 }\n",
			"  - { interface: lsa0, address: 10.11.0.9, macaddress: 02:00:00:00:00:19 }\n" } },
	[NEIGHBOUR_B] = { NEIGHBOURS, { PAIR_B, B6 },
		{ "  - { interface: lsb0, address: 2001:db8:12::9, macaddress: 02:00:00:00:00:0a }\n",
			"  - { interface: lsb0, address: 2001:db8:12::9, macaddress: 02:00:00:00:00:0a, router: true "
			"}\n" } },
	[PROXY_A] = { NEIGHBOURS, { PAIR_A, A4_OTHER },
		{ "  - { interface: lsa0, address: 10.11.0.200, proxy: true }\n" } },
	[PROXY_A6] = { NEIGHBOURS, { PAIR_A, A6_OTHER },
		{ "  - { interface: lsa0, address: 2001:db8:11::200, proxy: true }\n" } },
	[SYSCTL_FORWARD] = { SYSCTLS, { 0 }, { "  net.ipv4.ip_forward: 1\n" } },
	[SYSCTL_RP] = { SYSCTLS, { FX0 },
		{ "  net.ipv4.conf.fx0.rp_filter: 2\n", "  net.ipv4.conf.fx0.rp_filter: 1\n" } },
	[SYSCTL_FORWARD6] = { SYSCTLS, { 0 }, { "  net.ipv6.conf.all.forwarding: 1\n" } },
	[SYSCTL_ARP] = { SYSCTLS, { PAIR_A }, { "  net.ipv4.conf.lsa0.proxy_arp: 1\n" } },
};

/* What others may do once A is there. (Not: append a hop to an IPv6 route of ours. The kernel tells its hops' protocol
 * by the first one, and who is first is not brought back.) */
static const char *const strangers[] = {
	"ip addr add 10.10.2.77/24 dev lsa0",
	"ip addr add 10.13.0.77/24 dev lsa0",
	"ip -6 addr add 2001:db8:10::77/64 dev lsa0 nodad",
	"ip route add 10.120.0.0/16 via 10.11.0.8 dev lsa0",
	"ip -6 route add 2001:db8:120::/48 via 2001:db8:11::8 dev lsa0",
	"ip neigh add 10.11.0.78 lladdr 02:00:00:00:00:79 dev lsa0 nud permanent",
	"ip neigh add proxy 10.11.0.222 dev lsa0",
	"ip nexthop add id 99 via 10.12.0.7 dev lsb0",
	"ip route add 10.121.0.0/16 via 192.0.2.50 metric 9",
	"ip rule add from 10.10.0.0/16 table 777 pref 2010",
	"ip route add 10.122.0.0/16 nhid 72",
	"ip link add fmv link lsb0 address 02:00:00:00:0f:01 type macvlan",
	"ip addr add 10.18.0.77/24 dev lsv0",
};

#define N_STRANGERS (sizeof(strangers) / sizeof(strangers[0]))

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

/* Variant plus one of each item; 0: not chosen. */
struct choice {
	uint8_t variants[N_ITEMS];
};

struct pair {
	struct choice ends[2];
	uint32_t strangers;
};

static uint64_t seed;

static uint32_t random_below(uint32_t limit)
{
	/* splitmix64: the same numbers everywhere */
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % limit;
}

static uint32_t n_variants(const struct item *item)
{
	uint32_t n = 0;

	while (n < VARIANTS_MAX && item->variants[n])
		n++;
	return n;
}

/* An item comes after all that it needs. */
static void drop_needy(struct choice *choice)
{
	for (size_t i = 1; i < N_ITEMS; i++)
		for (size_t k = 0; k < 3; k++)
			if (items[i].needs[k] && !choice->variants[items[i].needs[k]])
				choice->variants[i] = 0;
}

static struct choice choose(void)
{
	struct choice choice = { 0 };

	for (size_t i = 1; i < N_ITEMS; i++) {
		uint32_t n = !items[i].type || host_has_type(items[i].type) ? n_variants(&items[i]) : 0;

		if (n && random_below(10) < 7)
			choice.variants[i] = (uint8_t)(1 + random_below(n));
	}
	drop_needy(&choice);
	return choice;
}

static void write_choice(const char *name, const struct choice *choice)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.yaml", host_directory(), name);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fputs("linkspan: 1\nkind: gateway\nname: gw\n", file);
	for (unsigned section = 0; section < N_SECTIONS; section++) {
		bool any = false;

		for (size_t i = 1; i < N_ITEMS; i++) {
			if (items[i].section != section || !choice->variants[i])
				continue;
			fprintf(file, "%s%s%s", any ? "" : section_names[section], any ? "" : ":\n",
				items[i].variants[choice->variants[i] - 1]);
			any = true;
		}
	}
	fclose(file);
}

/* ---- properties -------------------------------------------------------------------------------------------------- */

static bool quiet; /* while a pair is made smaller */
static char why[512];

static bool __attribute__((format(printf, 1, 2))) broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return false;
}

static struct outcome run(const struct faults *faults, const char *command, const char *name)
{
	char arguments[PATH_MAX];

	if (!name)
		return program(faults, command);
	snprintf(arguments, sizeof(arguments), "%s --quiet %s/%s.yaml", command, host_directory(), name);
	return program(faults, arguments);
}

static bool is_as(const char *wanted, const char *what)
{
	if (judge_among(&wanted, 1) == 0)
		return true;
	if (!quiet)
		complain_difference(&wanted, 1);
	return broken("the host is not as it was %s", what);
}

/* Done, and settled; or, where strangers stand in the way, refused, and as before. *ret: which. */
static bool applies(const char *name, const char *before, bool disturbed, bool *ret)
{
	struct outcome outcome = run(NULL, "apply", name);

	*ret = outcome.status == 0;
	if (outcome.status == 1 && disturbed && strstr(outcome.said, "Nothing was changed"))
		return is_as(before, "before a refused apply") || broken("%.400s", outcome.said);
	if (outcome.status != 0)
		return broken("apply %s ended with %d: %.400s", name, outcome.status, outcome.said);
	outcome = run(NULL, "apply", name);
	if (outcome.status != 0 || outcome.report.run.reached[FAULT_CHANGE])
		return broken("another apply of %s ended with %d and made %u changes", name, outcome.status,
			outcome.report.run.reached[FAULT_CHANGE]);
	return true;
}

/* A host at A, with strangers, who came later. */
static bool begin_at_a(const struct pair *pair)
{
	struct outcome outcome;

	host_anew();
	outcome = run(NULL, "apply", "a");
	if (outcome.status != 0)
		return broken("apply a ended with %d: %.400s", outcome.status, outcome.said);
	for (size_t i = 0; i < N_STRANGERS; i++)
		if (pair->strangers >> i & 1)
			(void)host_try(strangers[i]);
	return true;
}

static bool there_and_back(const struct pair *pair, bool *ret_done)
{
	const char *at_a, *at_b;
	bool done;

	*ret_done = false;
	if (!begin_at_a(pair))
		return false;
	at_a = judge_keep_look();
	if (!applies("b", at_a, pair->strangers, ret_done))
		return false;
	if (!*ret_done)
		return true;
	at_b = judge_keep_look();
	if (!applies("a", at_b, pair->strangers, &done))
		return false;
	return !done || is_as(at_a, "at A");
}

static bool killed_anywhere(const struct pair *pair, unsigned n_kills)
{
	const char *ends[2];
	unsigned n_changes;
	struct outcome outcome;

	begin_at_a(pair);
	ends[0] = judge_keep_look();
	outcome = run(NULL, "apply", "b");
	n_changes = outcome.report.run.reached[FAULT_CHANGE];
	ends[1] = judge_keep_look();
	for (unsigned i = 0; i < n_kills && n_changes; i++) {
		unsigned at = 1 + random_below(n_changes);
		const char *guard = random_below(2) ? "kill:life:1" : NULL;

		begin_at_a(pair);
		outcome =
			run(&(struct faults){ .run = fault_text("kill", "change", at), .guard = guard }, "apply", "b");
		if (outcome.status != 128 + SIGKILL)
			return broken("killed at change %u of %u it ended with %d", at, n_changes, outcome.status);
		outcome = run(NULL, "recover", NULL);
		if (outcome.status != 0)
			return broken("killed at change %u of %u, recover ended with %d: %.300s", at, n_changes,
				outcome.status, outcome.said);
		if (judge_among(ends, 2) < 0) {
			if (!quiet)
				complain_difference(ends, 2);
			return broken("killed at change %u of %u (%s), it is neither at A nor at B", at, n_changes,
				guard ? "and its guard" : "with a guard");
		}
	}
	return true;
}

static bool comes_down(void)
{
	const char *base;
	bool done;

	host_anew();
	base = judge_keep_look();
	if (!applies("a", base, false, &done) || !applies("b", base, false, &done))
		return false;
	if (run(NULL, "down", NULL).status != 0)
		return broken("down failed");
	return is_as(base, "before anything was applied");
}

static bool holds(const struct pair *pair, unsigned n_kills)
{
	uint64_t kept = seed;
	bool done, ok;

	write_choice("a", &pair->ends[0]);
	write_choice("b", &pair->ends[1]);
	ok = there_and_back(pair, &done) && (!done || (killed_anywhere(pair, n_kills) && comes_down()));
	judge_forget_looks();
	seed = kept;
	return ok;
}

/* ---- smaller ----------------------------------------------------------------------------------------------------- */

static bool try_smaller(struct pair *pair, const struct pair *smaller, unsigned n_kills)
{
	struct pair tried = *smaller;

	drop_needy(&tried.ends[0]);
	drop_needy(&tried.ends[1]);
	if (!memcmp(&tried, pair, sizeof(tried)) || holds(&tried, n_kills))
		return false;
	*pair = tried;
	return true;
}

static bool shrink_once(struct pair *pair, unsigned n_kills)
{
	bool any = false;

	for (size_t i = 0; i < N_STRANGERS; i++) {
		struct pair smaller = *pair;

		smaller.strangers &= ~(1u << i);
		any |= try_smaller(pair, &smaller, n_kills);
	}
	for (size_t i = N_ITEMS - 1; i > 0; i--)
		for (unsigned which = 1; which <= 3; which++) {
			struct pair smaller = *pair;

			if (which & 1)
				smaller.ends[0].variants[i] = 0;
			if (which & 2)
				smaller.ends[1].variants[i] = 0;
			any |= try_smaller(pair, &smaller, n_kills);
		}
	return any;
}

/* As a golden case: the host at A, and spec B. */
static void keep_case(uint64_t of_seed)
{
	const char *directory = getenv("LINKSPAN_KEEP");
	char command[3 * PATH_MAX];

	if (!directory)
		return;
	snprintf(command, sizeof(command),
		"mkdir -p %s/pair-%llu && cd %s/pair-%llu && cp %s/b.yaml spec.yaml && cp %s/a.yaml . && "
		"$LINKSPAN --state-dir %s snapshot --all --json >have.json",
		directory, (unsigned long long)of_seed, directory, (unsigned long long)of_seed, host_directory(),
		host_directory(), host_state());
	(void)host_try(command);
}

static void tell(struct pair *pair, uint64_t of_seed)
{
	char command[2 * PATH_MAX];

	fprintf(stderr, "LINKSPAN_SEED=%llu: %s\n", (unsigned long long)of_seed, why);
	write_choice("a", &pair->ends[0]);
	write_choice("b", &pair->ends[1]);
	for (size_t i = 0; i < N_STRANGERS; i++)
		if (pair->strangers >> i & 1)
			fprintf(stderr, "stranger: %s\n", strangers[i]);
	snprintf(command, sizeof(command), "cd %s && tail -n +4 a.yaml b.yaml >&2", host_directory());
	if (system(command)) /* NOLINT(cert-env33-c) */
		fprintf(stderr, "(the specs cannot be shown)\n");
	if (begin_at_a(pair))
		keep_case(of_seed);
}

static void shrink_and_tell(struct pair *pair, uint64_t of_seed, unsigned n_kills)
{
	quiet = true;
	while (shrink_once(pair, n_kills))
		;
	quiet = false;
	(void)holds(pair, n_kills);
	tell(pair, of_seed);
	complain("seed %llu: %s", (unsigned long long)of_seed, why);
}

static unsigned long long number_of(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

#define KILLS 3

static void try_pairs(unsigned which, unsigned of)
{
	uint64_t first = number_of("LINKSPAN_SEED", 1), n = number_of("LINKSPAN_ROUNDS", 16);

	fault_need_namespace();
	for (uint64_t of_seed = first + which; of_seed < first + n && !judge_gave_up(); of_seed += of) {
		struct pair pair;

		seed = of_seed;
		pair = (struct pair){ .ends = { choose(), choose() }, .strangers = 0 };
		for (size_t i = 0; i < N_STRANGERS; i++)
			pair.strangers |= (random_below(6) == 0 ? 1u : 0u) << i;
		if (!holds(&pair, KILLS))
			shrink_and_tell(&pair, of_seed, KILLS);
	}
	judge_close();
}

/* Four at once. */
Test(properties, pairs_of_specs_0)
{
	try_pairs(0, 4);
}

Test(properties, pairs_of_specs_1)
{
	try_pairs(1, 4);
}

Test(properties, pairs_of_specs_2)
{
	try_pairs(2, 4);
}

Test(properties, pairs_of_specs_3)
{
	try_pairs(3, 4);
}
