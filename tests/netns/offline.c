/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans made elsewhere: a snapshot is all that `plan --from` has, so everything that a plan depends on must be in it.
 * The other machine is a namespace with nothing in it, and somebody without privilege.
 */
#include "netns_tools.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "

/* `applied`: by linkspan, before `setup`; NULL: nothing. */
static const struct state {
	const char *applied, *setup, *spec;
} states[] = {
	/* Routes of others: multipath of both families, appended, encapsulated, in the way and not. */
	{ NULL,
		"ip route add 10.8.0.0/16 nexthop via 10.77.0.2 weight 2 nexthop via 10.77.0.3; "
		"ip route add 10.9.0.0/16 via 10.77.0.9; ip route append 10.9.0.0/16 via 10.77.0.3; "
		"ip -6 route add 2001:db8:8::/48 nexthop via 2001:db8:77::2 nexthop via 2001:db8:77::3; "
		"ip route add 10.10.0.0/16 via 10.77.0.2 tos 0x10 mtu lock 1400 initcwnd 20; "
		"ip -6 route add 2001:db8:9::/48 from 2001:db8:a::/48 via 2001:db8:77::2",
		"routes:\n"
		"  - { to: 10.8.0.0/16, via: 10.77.0.3, interface: p0 }\n"
		"  - { to: 10.9.0.0/16, via: 10.77.0.3, interface: p0 }\n"
		"  - { to: 10.10.0.0/16, via: 10.77.0.2, interface: p0 }\n"
		"  - { to: \"2001:db8:8::/48\", via: \"2001:db8:77::3\", interface: p0 }\n"
		"  - { to: \"2001:db8:9::/48\", via: \"2001:db8:77::2\", interface: p0 }\n" },
	/* The same, taken over. */
	{ NULL,
		"ip route add 10.8.0.0/16 nexthop via 10.77.0.2 nexthop via 10.77.0.3; "
		"ip route add 10.9.0.0/16 via 10.77.0.9; ip route append 10.9.0.0/16 via 10.77.0.3; "
		"ip route add 10.11.0.0/16 via 10.77.0.2 dev p0 proto static metric 50",
		"routes:\n"
		"  - { to: 10.8.0.0/16, via: 10.77.0.3, interface: p0, adopt: true }\n"
		"  - { to: 10.9.0.0/16, via: 10.77.0.4, interface: p0, adopt: true }\n"
		"  - { to: 10.11.0.0/16, via: 10.77.0.2, interface: p0, metric: 50 }\n" },
	/* Strangers beside ours: hops appended to our IPv6 route, an IPv4 route appended to ours. */
	{ "routes:\n"
	  "  - { to: \"2001:db8:8::/48\", via: \"2001:db8:77::2\", interface: p0 }\n"
	  "  - { to: 10.8.0.0/16, via: 10.77.0.2, interface: p0 }\n",
		"ip -6 route append 2001:db8:8::/48 via 2001:db8:77::3; ip route append 10.8.0.0/16 via 10.77.0.3",
		"routes:\n"
		"  - { to: \"2001:db8:8::/48\", via: \"2001:db8:77::3\", interface: p0 }\n"
		"  - { to: 10.8.0.0/16, via: 10.77.0.4, interface: p0 }\n" },
	/* Our bridge with its ports, and somebody else's things on it. */
	{ "interfaces:\n"
	  "  br0: { create: { type: bridge, ports: [p1] }, ipv4: { method: manual, addresses: [10.1.0.1/24] } }\n"
	  "  p1: { match: { name: p1 } }\n"
	  "routes:\n  - { to: 10.20.0.0/16, via: 10.1.0.2 }\n",
		"ip addr add 10.2.0.1/24 dev br0; ip route add 10.21.0.0/16 via 10.2.0.2; ip link set p0 master br0",
		"interfaces:\n  p1: { match: { name: p1 }, mtu: 1400 }\n" },
	/* Somebody else's bridge in the way, with ports that are wanted. */
	{ NULL, "ip link add br0 type bridge stp_state 1; ip link set p0 master br0; ip addr add 10.1.0.1/24 dev br0",
		"interfaces:\n"
		"  br0: { create: { type: bridge, ports: [p0, p1] } }\n"
		"  p0: { match: { name: p0 } }\n"
		"  p1: { match: { name: p1 }, up: false }\n" },
	/* Ports that change their bridge. */
	{ "interfaces:\n"
	  "  br0: { create: { type: bridge, ports: [p0, p1] } }\n"
	  "  br1: { create: { type: bridge } }\n"
	  "  p0: { match: { name: p0 } }\n"
	  "  p1: { match: { name: p1 } }\n",
		NULL,
		"interfaces:\n"
		"  br0: { create: { type: bridge, ports: [p1] }, mtu: 1400 }\n"
		"  br1: { create: { type: bridge, stp: true, ports: [p0] } }\n"
		"  p0: { match: { name: p0 } }\n"
		"  p1: { match: { name: p1 } }\n" },
	/* Sysctls: of links, for all links, of no link; one that the kernel overwrites, one of a link to come. */
	{ NULL, "echo 1 >/proc/sys/net/ipv4/conf/p0/rp_filter; echo 7 >/proc/sys/net/ipv4/tcp_retries2",
		"interfaces:\n  d0: { create: { type: bridge } }\n"
		"sysctls:\n"
		"  net.ipv4.ip_forward: 1\n"
		"  net.ipv4.conf.all.rp_filter: 2\n"
		"  net.ipv4.conf.p0.rp_filter: 2\n"
		"  net.ipv4.conf.d0.rp_filter: 1\n"
		"  net.ipv4.neigh.p0.gc_stale_time: 61\n"
		"  net.ipv4.tcp_retries2: 8\n"
		"  net.ipv4.tcp_rmem: 4096 131072 6291456\n"
		"  net.ipv6.conf.all.forwarding: 1\n"
		"  net.core.somaxconn: 1024\n" },
	{ NULL, NULL,
		"interfaces:\n"
		"  p0: { match: { name: p0 }, ipv6: { method: manual } }\n"
		"  p1: { match: { name: p1 }, ipv6: { method: disabled } }\n"
		"sysctls: { net.ipv6.conf.all.forwarding: 1, net.ipv6.conf.default.accept_ra: 0 }\n" },
	/* Our own earlier apply, renumbered: primaries and secondaries, next hops, another table. */
	{ "interfaces:\n"
	  "  p1: { match: { name: p1 }, ipv4: { method: manual, addresses: [10.1.0.1/24, 10.1.0.2/24, 10.1.0.3/24] },\n"
	  "        ipv6: { method: manual, addresses: [\"2001:db8:1::1/64\"] } }\n"
	  "routes:\n"
	  "  - { to: 10.30.0.0/16, via: 10.1.0.9, source: 10.1.0.2 }\n"
	  "  - { to: 10.31.0.0/16, via: 10.1.0.9, table: 100 }\n"
	  "  - { to: \"2001:db8:30::/48\", via: \"2001:db8:1::9\" }\n",
		"ip addr add 10.1.0.7/24 dev p1; ip route add 10.32.0.0/16 via 10.1.0.9",
		"interfaces:\n"
		"  p1: { match: { name: p1 }, ipv4: { method: manual, addresses: [10.1.0.2/24, 10.1.4.1/24] } }\n"
		"routes:\n"
		"  - { to: 10.30.0.0/16, via: 10.1.0.8, source: 10.1.0.2 }\n"
		"  - { to: 10.31.0.0/16, type: unreachable, table: 100 }\n" },
	/* Addresses that are there: as wanted, otherwise, with a lifetime, with a peer. */
	{ NULL,
		"ip addr add 10.1.0.1/24 dev p1; ip addr add 10.1.1.1 peer 10.1.1.2/32 dev p1; "
		"ip addr add 2001:db8:1::1/64 dev p1 valid_lft 3000 preferred_lft 2000; "
		"ip addr add 2001:db8:1::2/64 dev p1 noprefixroute",
		"interfaces:\n"
		"  p1: { match: { name: p1 },\n"
		"        ipv4: { method: manual, addresses: [10.1.0.1/24, { address: 10.1.1.1/32, adopt: true }] },\n"
		"        ipv6: { method: manual, addresses: [\"2001:db8:1::1/64\", \"2001:db8:1::2/64\"] } }\n" },
	/* Found by its MAC address, and a veth pair of ours. */
	{ "interfaces:\n"
	  "  v0: { create: { type: veth, peer: v1 }, mtu: 1400 }\n"
	  "  v1: { create: { type: veth, peer: v0 } }\n",
		"ip link set p0 address 02:00:00:00:77:01; ip link set v1 down",
		"interfaces:\n"
		"  card: { match: { macaddress: \"02:00:00:00:77:01\" }, mtu: 1300 }\n"
		"  v0: { create: { type: veth, peer: v1 }, mtu: 1400 }\n"
		"  v1: { create: { type: veth, peer: v0, macaddress: \"02:00:00:00:77:02\" } }\n" },
	/* A far end that is down: no carrier, addresses that are tentative, routes that the kernel calls linkdown. */
	{ "interfaces:\n  p1: { match: { name: p1 }, ipv4: { method: manual, addresses: [10.1.0.1/24] } }\n"
	  "routes:\n  - { to: 10.40.0.0/16, via: 10.1.0.9 }\n",
		"ip link set far-p1 down; ip addr add 2001:db8:1::5/64 dev p1; "
		"ip link add link p0 name x0 type bridge; ip link set x0 group 27763",
		"interfaces:\n  p1: { match: { name: p1 }, ipv4: { method: manual, addresses: [10.1.0.1/24] },\n"
		"        ipv6: { method: manual, addresses: [\"2001:db8:1::5/64\"] } }\n"
		"routes:\n  - { to: 10.40.0.0/16, via: 10.1.0.9 }\n" },
	/* Multipath, nexthop objects, rules and neighbours: ours from before, and others'. */
	{ "interfaces: { p0: { match: { name: p0 } } }\n"
	  "nexthops:\n"
	  "  - { id: 5, interface: p0, via: 10.77.0.5 }\n"
	  "  - { id: 6, interface: p0, via: 10.77.0.6 }\n"
	  "  - { id: 7, group: [5, 6] }\n"
	  "routes:\n"
	  "  - { to: 10.60.0.0/16, nexthop: 7 }\n"
	  "  - { to: 10.61.0.0/16, multipath: [{ interface: p0, via: 10.77.0.5 }, { interface: p0, via: 10.77.0.6 }] "
	  "}\n"
	  "rules:\n"
	  "  - { priority: 100, from: 10.60.0.0/16, table: 100 }\n"
	  "neighbours:\n"
	  "  - { interface: p0, address: 10.77.0.5, macaddress: \"02:00:00:00:77:05\" }\n",
		"ip rule add priority 100 from 10.62.0.0/16 lookup 101; ip nexthop add id 9 via 10.77.0.9 dev p0; "
		"ip neigh add 10.77.0.9 lladdr 02:00:00:00:77:09 dev p0; "
		"ip -6 route add 2001:db8:60::/48 nexthop via 2001:db8:77::5 nexthop via 2001:db8:77::6; "
		"ip route add 10.63.0.0/16 nhid 9",
		"interfaces: { p0: { match: { name: p0 } } }\n"
		"nexthops:\n"
		"  - { id: 5, interface: p0, via: 10.77.0.8 }\n"
		"  - { id: 6, interface: p0, via: 10.77.0.6 }\n"
		"  - { id: 7, group: [{ id: 5, weight: 2 }, 6] }\n"
		"  - { id: 9, interface: p0, via: 10.77.0.4 }\n"
		"routes:\n"
		"  - { to: 10.60.0.0/16, nexthop: 6 }\n"
		"  - { to: 10.61.0.0/16, multipath: [{ interface: p0, via: 10.77.0.5, weight: 3 }, { interface: p0, "
		"via: 10.77.0.7 }] }\n"
		"  - { to: \"2001:db8:60::/48\", via: \"2001:db8:77::5\", interface: p0 }\n"
		"rules:\n"
		"  - { priority: 100, from: 10.62.0.0/16, table: 101 }\n"
		"  - { priority: 101, family: ipv6, type: blackhole }\n"
		"neighbours:\n"
		"  - { interface: p0, address: 10.77.0.9, macaddress: \"02:00:00:00:77:0a\" }\n"
		"  - { interface: p0, address: \"2001:db8:77::5\", proxy: true }\n" },
	/* All of ours to go, without what it stands on. */
	{ "interfaces:\n"
	  "  br0: { create: { type: bridge }, ipv4: { method: manual, addresses: [10.1.0.1/24] } }\n"
	  "  b1: { create: { type: bridge, ports: [v1] } }\n"
	  "  v0: { create: { type: veth, peer: v1 } }\n"
	  "  v1: { create: { type: veth, peer: v0 } }\n"
	  "routes:\n  - { to: 10.50.0.0/16, via: 10.1.0.9 }\n  - { to: \"2001:db8:50::/48\", type: blackhole }\n",
		"ip route add 10.51.0.0/16 via 10.1.0.9 proto 42", "" },
};

static const char *const options[] = { "", "--json", "--adopt", "--force --json", "--verbose", "--adopt --force" };

static struct ns_answer elsewhere(const char *option)
{
	struct ns_answer answer;

	ns_run("cd %s && unshare -n " NOBODY "\"$LINKSPAN\" plan %s --from snapshot spec.yaml >far.out 2>far.err; "
	       "echo $? >far.status",
		ns_dir(), option);
	answer.status = atoi(ns_read_file(ns_text("%s/far.status", ns_dir())));
	answer.out = ns_read_file(ns_text("%s/far.out", ns_dir()));
	answer.err = ns_read_file(ns_text("%s/far.err", ns_dir()));
	return answer;
}

static struct ns_answer here(const char *option)
{
	struct ns_answer answer;

	ns_run("cd %s && \"$LINKSPAN\" plan %s --state-dir state spec.yaml >out 2>err; echo $? >status", ns_dir(),
		option);
	answer.status = atoi(ns_read_file(ns_text("%s/status", ns_dir())));
	answer.out = ns_read_file(ns_text("%s/out", ns_dir()));
	answer.err = ns_read_file(ns_text("%s/err", ns_dir()));
	return answer;
}

static void expect_same(const char *option)
{
	struct ns_answer spot = here(option), far = elsewhere(option);

	cr_expect_eq(far.status, spot.status, "plan %s: exit status %d elsewhere, %d here: %s", option, far.status,
		spot.status, far.err);
	cr_expect(!strcmp(far.out, spot.out), "plan %s\nelsewhere:\n%s\nhere:\n%s", option, far.out, spot.out);
	cr_expect(!strcmp(far.err, spot.err), "plan %s\nelsewhere:\n%s\nhere:\n%s", option, far.err, spot.err);
}

/* What goes before a spec that has only routes. */
static const char *interfaces(const char *spec)
{
	return !*spec || strstr(spec, "interfaces:") ? "" : "interfaces: { p0: { match: { name: p0 } } }\n";
}

NS_TEST_EACH(commands, plan_made_elsewhere_is_the_same_bytes, states)
{
	const struct state *state = &states[*number];

	ns_begin();
	ns_need_program("setpriv");
	ns_make_pair("p0");
	ns_make_pair("p1");
	ns_run("ip addr add 10.77.0.1/24 dev p0; ip addr add 2001:db8:77::1/64 dev p0");
	if (state->applied)
		ns_run("cat >%s/applied.yaml <<'end'\nlinkspan: 1\nkind: gateway\nname: test\n%s%send\n"
		       "\"$LINKSPAN\" apply --quiet --state-dir %s/state %s/applied.yaml",
			ns_dir(), interfaces(state->applied), state->applied, ns_dir(), ns_dir());
	if (state->setup)
		ns_run("set -e; %s", state->setup);
	ns_settle();
	ns_spec(ns_text("%s%s", interfaces(state->spec), state->spec));
	ns_run("chmod 755 %s && cd %s && \"$LINKSPAN\" snapshot --all --json --state-dir state >snapshot", ns_dir(),
		ns_dir());
	if (!ns_try(NOBODY "\"$LINKSPAN\" --version"))
		ns_skip("nobody may not run the program where it is");
	for (size_t i = 0; i < LS_ARRAY_SIZE(options); i++)
		expect_same(options[i]);
}

/* What only root may read is nobody's business: snapshots are sent around. */
Test(commands, snapshot_has_all_sysctls_but_secret_ones)
{
	struct ns_answer answer;

	ns_begin();
	ns_run("echo 2001:db8::1 >/proc/sys/net/ipv6/conf/default/stable_secret");
	answer = ns_span("snapshot --all --json");
	ns_expect_exit(&answer, 0);
	ns_expect_words(
		answer.out, NS_WORDS("net/ipv4/tcp_retries2", "net/core/somaxconn", "net/ipv4/conf/lo/rp_filter"));
	cr_expect_null(strstr(answer.out, "stable_secret"));
	cr_expect_null(strstr(answer.out, "tcp_fastopen_key"));
	cr_expect_null(strstr(answer.out, "route/flush"));
}
