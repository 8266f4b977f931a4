/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random appliances that go from one mode of failover to another, as far as that is allowed, on a simulated host. Each
 * way leads exactly there; each way back to none leaves what was there before, and taking all down leaves the host as
 * it was before linkspan came.
 */
#include "rounds.h"

#include <linkspan/compile.h>

#define NETWORKS_MAX 3u
#define REPLICAS_MAX 3u
#define WAYS 4u

/* What stays the same while the mode changes. Masks have a bit for each network. */
struct appliance {
	bool provider, two_uplink_families, publics, between;
	unsigned n_networks, n_replicas;
	unsigned ipv4, ipv6;                 /* networks that have the family */
	unsigned internet;                   /* networks that have it */
	unsigned replicas[REPLICAS_MAX];     /* networks that each is in */
	struct ls_spec *specs[2 + WAYS * 2]; /* sets borrow from them */
	size_t n_specs;
};

struct way {
	const char *mode;
	unsigned replicas; /* a bit for each that fails over */
};

/* ---- specs ------------------------------------------------------------------------------------------------------- */

static void put_interfaces(const struct appliance *appliance, struct ls_buf *buf)
{
	ls_buf_printf(buf,
		"interfaces:\n  up: { match: { name: eth0 }, ipv4: { method: manual, addresses: "
		"[203.0.113.10/24], gateway: 203.0.113.1 }%s }\n",
		appliance->two_uplink_families ? ", ipv6: { method: manual, addresses: ['2001:db8:fe::10/64'] }" : "");
	for (unsigned i = 0; i < appliance->n_networks && appliance->provider; i++)
		ls_buf_printf(buf, "  in%u: { match: { name: eth%u } }\n", i, i + 1);
}

static void put_network(const struct appliance *appliance, struct ls_buf *buf, unsigned i)
{
	ls_buf_printf(buf, "  n%u: { interface: ", i);
	ls_buf_printf(buf, appliance->provider ? "in%u" : "up", i);
	if (appliance->provider && appliance->internet >> i & 1)
		ls_buf_printf(buf, ", internet: true");
	if (appliance->ipv4 >> i & 1)
		ls_buf_printf(buf, ", ipv4: { subnet: 10.1.%u.0/24, gateway: 10.1.%u.1 }", i, i);
	if (appliance->ipv6 >> i & 1)
		ls_buf_printf(buf,
			", ipv6: { subnet: '2001:db8:1:%u::/64', gateway: 'fe80::1' }, production_hosts: "
			"['2001:db8:1:%u::30']",
			i, i);
	ls_buf_printf(buf, " }\n");
}

static void put_replica(const struct appliance *appliance, struct ls_buf *buf, unsigned n)
{
	const char *between = "";

	ls_buf_printf(buf, "  r%u: { ", n);
	for (unsigned i = 0; i < appliance->n_networks; i++) {
		const char *comma = "";

		if (!(appliance->replicas[n] >> i & 1))
			continue;
		ls_buf_printf(buf, "%sn%u: [", between, i);
		if (appliance->ipv4 >> i & 1) {
			ls_buf_printf(buf, "10.1.%u.%u", i, 20 + n);
			comma = ", ";
		}
		if (appliance->ipv6 >> i & 1)
			ls_buf_printf(buf, "%s'2001:db8:1:%u::2%u'", comma, i, n);
		ls_buf_printf(buf, "]");
		between = ", ";
	}
	ls_buf_printf(buf, " }\n");
}

static void put_failover(const struct appliance *appliance, struct ls_buf *buf, const struct way *way)
{
	const char *between = "";

	ls_buf_printf(buf, "failover: { mode: %s, route_between_networks: %s, replicas: [", way->mode,
		boolean(appliance->between));
	for (unsigned i = 0; i < appliance->n_replicas; i++) {
		if (!(way->replicas >> i & 1))
			continue;
		ls_buf_printf(buf, "%sr%u", between, i);
		between = ", ";
	}
	ls_buf_printf(buf, "] }\n");
}

static void put_tunnels(const struct appliance *appliance, struct ls_buf *buf)
{
	ls_buf_printf(buf, "tunnels:\n");
	for (unsigned i = 0; i < appliance->n_networks; i++)
		for (unsigned family = 4; family <= 6; family += 2)
			if ((family == 4 ? appliance->ipv4 : appliance->ipv6) >> i & 1)
				ls_buf_printf(buf,
					"  t%u%u: { network: n%u, family: ipv%u, type: ipsec, keying: ike, underlay: "
					"up, "
					"local_addr: 203.0.113.10, remote_addr: 192.0.2.%u }\n",
					i, family, i, family, 10 + i);
}

static void put_publics(const struct appliance *appliance, struct ls_buf *buf)
{
	if (appliance->publics && appliance->replicas[0] & appliance->ipv4)
		ls_buf_printf(buf,
			"public_ips: { interface: up, addresses: [198.51.100.10], mappings: [{ public: 198.51.100.10, "
			"to: 10.1.%d.20 }] }\n",
			__builtin_ctz(appliance->replicas[0] & appliance->ipv4));
}

static void write_spec(const struct appliance *appliance, const struct way *way, struct ls_buf *buf)
{
	ls_buf_printf(
		buf, "linkspan: 1\nkind: appliance\nname: a\nside: %s\n", appliance->provider ? "provider" : "tenant");
	put_interfaces(appliance, buf);
	ls_buf_printf(buf, "networks:\n");
	for (unsigned i = 0; i < appliance->n_networks; i++)
		put_network(appliance, buf, i);
	ls_buf_printf(buf, "replicas:\n");
	for (unsigned i = 0; i < appliance->n_replicas; i++)
		put_replica(appliance, buf, i);
	put_failover(appliance, buf, way);
	put_tunnels(appliance, buf);
	put_publics(appliance, buf);
	if (appliance->provider)
		ls_buf_printf(buf, "nat: { uplinks: [up] }\n");
}

static struct ls_set compile_way(struct appliance *appliance, const struct way *way)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };
	struct ls_spec **spec = &appliance->specs[appliance->n_specs++];
	struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	struct ls_set set;
	void *before;

	cr_assert_leq(appliance->n_specs, LS_ARRAY_SIZE(appliance->specs));
	write_spec(appliance, way, &text);
	cr_assert_eq(ls_spec_parse("a.yaml", (const char *)text.data, text.length, spec, &diag, &err), 0, "%s\n%.*s",
		diag.n_findings ? diag.findings[0].message : err.message, (int)text.length, (char *)text.data);
	build_begin(&set);
	before = set.objects;
	cr_assert_eq(ls_compile(*spec, NULL, &set, &diag), 0);
	build_moved(before, &set);
	ls_diag_done(&diag);
	return set;
}

/* ---- chance ------------------------------------------------------------------------------------------------------ */

/* Of `n` bits some, one at least. */
static unsigned some(unsigned n)
{
	return 1 + chance((1u << n) - 1);
}

static struct appliance choose_appliance(void)
{
	struct appliance appliance = { .provider = chance(3) != 0 };

	appliance.n_networks = appliance.provider ? 1 + chance(NETWORKS_MAX) : 1;
	appliance.n_replicas = 1 + chance(REPLICAS_MAX);
	appliance.two_uplink_families = chance(2);
	appliance.between = chance(2);
	appliance.publics = appliance.provider && chance(2);
	appliance.internet = chance(1u << NETWORKS_MAX);
	for (unsigned i = 0; i < appliance.n_networks; i++) {
		unsigned families = some(2);

		appliance.ipv4 |= (families & 1) << i;
		appliance.ipv6 |= (families >> 1) << i;
	}
	for (unsigned i = 0; i < appliance.n_replicas; i++)
		appliance.replicas[i] = some(appliance.n_networks);
	return appliance;
}

/* The host before linkspan came: nothing of it may be changed for good. */
static void choose_host(struct simulator *sim)
{
	static const char *const of_link[] = { "net/ipv4/conf/%s/proxy_arp", "net/ipv4/conf/%s/send_redirects",
		"net/ipv4/conf/%s/forwarding", "net/ipv6/conf/%s/accept_ra" };
	static const char *const delays[] = { "net/ipv4/neigh/%s/proxy_delay", "net/ipv6/neigh/%s/proxy_delay" };
	unsigned forward = chance(2);
	char text[128];

	*sim = (struct simulator){ .arena = ls_arena_new() };
	setting(sim, "net/ipv4/ip_forward", forward);
	setting(sim, "net/ipv4/conf/all/forwarding", forward);
	setting(sim, "net/ipv4/conf/all/send_redirects", chance(2));
	setting(sim, "net/ipv6/conf/all/forwarding", chance(2));
	setting(sim, "net/ipv6/conf/all/proxy_ndp", chance(2));
	for (unsigned i = 0; i <= NETWORKS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "eth%u", i);
		snprintf(text, sizeof(text), "link name=%s mtu=1500 up=true mac=02:00:00:00:01:0%u", name, i);
		there(sim, text);
		for (size_t k = 0; k < LS_ARRAY_SIZE(of_link); k++) {
			snprintf(text, sizeof(text), of_link[k], name);
			setting(sim, text, chance(2));
		}
		for (size_t k = 0; k < LS_ARRAY_SIZE(delays); k++) {
			snprintf(text, sizeof(text), delays[k], name);
			setting(sim, text, chance(2) * 80);
		}
		snprintf(text, sizeof(text), "net/ipv6/conf/%s/disable_ipv6", name);
		setting(sim, text, i ? chance(2) : 0);
	}
	there(sim, "address dev=eth0 address=192.0.2.5/24 raw");
	there(sim, "route to=198.18.0.0/16 via=192.0.2.1 dev=eth0 raw");
	there(sim, "rule family=ipv4 priority=1001 action=lookup table=50 raw");
	there(sim, "neighbour dev=eth0 address=10.1.0.99 proxy=true raw");
}

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

static void travel(struct round *round, struct appliance *appliance, const struct way *way)
{
	go_to(round, compile_way(appliance, way));
	if (round->conflict)
		fail(round, "a conflict", round->conflict);
}

/* From none to somewhere, perhaps on to where one can go from there, and back. */
static void go_there_and_back(struct round *round, struct appliance *appliance, const struct ls_set *none)
{
	static const char *const modes[] = { "partial", "full", "permanent" };
	struct way way = { modes[appliance->provider ? chance(3) : 0], some(appliance->n_replicas) };
	static const struct way back = { "none", 0 };

	travel(round, appliance, &way);
	if (!strcmp(way.mode, "full") && chance(2))
		way.mode = "permanent";
	way.replicas = some(appliance->n_replicas);
	travel(round, appliance, &way);
	travel(round, appliance, &back);
	check_as_at_first(round, none);
}

static void round_of(uint64_t seed, unsigned *n_steps)
{
	static const struct way none = { "none", 0 };
	struct ls_set dump, first, settled, nothing;
	struct round round = { .seed = seed };
	struct appliance appliance;

	chance_state = seed;
	appliance = choose_appliance();
	choose_host(&round.sim);
	dump = sim_dump(&round.sim);
	first = copy_of(&dump);
	ls_set_done(&dump);
	travel(&round, &appliance, &none);
	dump = sim_dump(&round.sim);
	settled = copy_of(&dump);
	ls_set_done(&dump);
	for (unsigned i = 0; i < 2; i++) {
		go_there_and_back(&round, &appliance, &settled);
		*n_steps += round.plan[0] != 0;
	}
	build_begin(&nothing);
	go_to(&round, nothing);
	check_as_at_first(&round, &first);
	for (size_t i = 0; i < appliance.n_specs; i++)
		ls_spec_free(appliance.specs[i]);
	end(&round);
}

TestSuite(failover_ways);

Test(failover_ways, every_mode_is_reached_and_none_leaves_nothing_behind)
{
	uint64_t seed = first_seed();
	unsigned n_steps = 0;

	for (unsigned i = 0; i < ROUNDS / 4; i++)
		round_of(seed + i, &n_steps);
	cr_assert_gt(n_steps, ROUNDS / 4);
}
