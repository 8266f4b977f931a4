/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random configurations on a simulated host: whatever linkspan made before, a plan to another configuration is carried
 * out without a refusal, leads exactly there, leaves strangers' objects as they were, and a second plan is empty. In
 * the end `down` leaves the host as it was before linkspan came.
 */
#include "rounds.h"

/* ---- configurations ---------------------------------------------------------------------------------------------- */

static void LS_PRINTF(2, 3) put(struct ls_set *set, const char *format, ...)
{
	struct ls_object *object;
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	object = build_wanted(text);
	if (!ls_set_find(set, object))
		cr_assert_eq(ls_set_insert(set, object), 0);
}

static bool has_link(const struct ls_set *set, const char *name)
{
	return ls_set_link(set, name);
}

/* A vlan on one of the links there are, with an id that is free there. */
static void choose_vlan(struct ls_set *set, const char *name)
{
	static const char *const parents[] = { "d0", "br0", "eth0", "x0" };
	const char *parent = parents[chance(4)];
	unsigned id = chance(2) ? 10 : 20;

	if (!has_link(set, parent))
		return;
	ls_set_each (set, i) {
		const struct ls_link *other = (const struct ls_link *)set->objects[i];

		if (other->object.kind == &ls_kind_link && ls_object_has(&other->object, LS_LINK_VLAN_ID) &&
			other->vlan_id == id && !strcmp(other->parent, parent))
			return;
	}
	put(set, "link name=%s type=vlan parent=%s vlan_id=%u up=%s", name, parent, id, boolean(chance(4)));
}

/* Two vnis for two names: what one leaves the other may take. */
static void choose_vxlans(struct ls_set *set)
{
	unsigned vni = chance(2) ? 5 : 6;

	for (const char *const *name = (const char *const[]){ "w0", "w1", NULL }; *name; name++, vni = 11 - vni)
		if (chance(2))
			put(set, "link name=%s type=vxlan vni=%u port=4789 learning=%s ttl=%u up=%s%s", *name, vni,
				boolean(chance(2)), chance(2) * 9, boolean(chance(4)),
				chance(2) ? " remote=192.0.2.9" : "");
}

static void choose_macvlan(struct ls_set *set)
{
	static const char *const parents[] = { "d0", "eth0", "eth1" }, *const modes[] = { "bridge", "private" };
	const char *parent = parents[chance(3)];

	if (has_link(set, parent) && chance(2))
		put(set, "link name=k0 type=macvlan parent=%s macvlan_mode=%s up=%s%s", parent, modes[chance(2)],
			boolean(chance(4)), chance(2) ? " mac=02:00:00:00:00:07" : "");
}

/* A vrf and a bond, and what gets into them. */
static void choose_masters(struct ls_set *set)
{
	bool vrf = chance(2), bond = chance(2), port = chance(2);

	if (vrf)
		put(set, "link name=red type=vrf table=%u up=%s", 10 + chance(2), boolean(chance(4)));
	if (bond)
		put(set, "link name=o0 type=bond bond_mode=active-backup miimon=%u up=%s", 50 + 50 * chance(2),
			boolean(chance(4)));
	if (chance(2))
		put(set, "link name=p0 type=dummy mtu=1500 up=%s%s", bond && port ? "true" : boolean(chance(4)),
			bond && port  ? " master=o0"
			: vrf && port ? " master=red"
				      : "");
}

static void choose_links(struct ls_set *set)
{
	static const unsigned mtus[] = { 1500, 1400, 1200 };
	bool bridge = chance(2);
	const char *port = bridge && chance(2) ? " master=br0" : "", *end = chance(2) ? "b0" : "z0";

	choose_masters(set);
	choose_vxlans(set);
	if (bridge)
		put(set, "link name=br0 type=bridge up=%s stp=%s mac=02:00:00:00:00:0%u", boolean(chance(4)),
			boolean(chance(2)), chance(3));
	if (chance(2))
		put(set, "link name=d0 type=dummy mtu=%u up=%s%s", mtus[chance(3)], boolean(chance(4)),
			bridge && chance(2) ? " master=br0" : "");
	if (chance(2))
		put(set, "link name=x0 type=%s mtu=1500 up=%s", chance(2) ? "dummy" : "bridge", boolean(chance(4)));
	if (chance(2)) {
		put(set, "link name=m0 type=veth peer=%s mtu=1500 up=%s%s", end, boolean(chance(4)), port);
		put(set, "link name=%s type=veth peer=m0 mtu=1500 up=%s", end, boolean(chance(4)));
	}
	put(set, "link name=eth0 adjust%s%s", chance(2) ? " mtu=1400" : "", port);
	put(set, "link name=eth1 adjust%s up=%s", chance(2) ? " mtu=1400" : "", boolean(chance(2)));
	for (const char *const *name = (const char *const[]){ "v0", "v1", "a9", NULL }; *name; name++)
		if (chance(2))
			choose_vlan(set, *name);
	choose_macvlan(set);
}

/* Too small for IPv6, by itself or with what it stands on. */
static bool is_small(const struct ls_set *set, const struct ls_link *link)
{
	while (link && !ls_object_has(&link->object, LS_LINK_MTU))
		link = ls_object_has(&link->object, LS_LINK_PARENT) ? ls_set_link(set, link->parent) : NULL;
	return link && link->mtu < 1280;
}

static bool ipv6_works(const struct ls_set *set, const struct ls_link *link)
{
	struct ls_sysctl key = { .object = { .kind = &ls_kind_sysctl } };
	const struct ls_sysctl *disabled;
	char path[128];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", link->name);
	key.path = path;
	disabled = (const struct ls_sysctl *)ls_set_find(set, &key.object);
	return (!disabled || !strcmp(disabled->value, "0")) && !is_small(set, link);
}

/* A link of ours always gets told whether IPv6 works on it: there is no original to give back. */
static void choose_sysctls(struct ls_set *set)
{
	size_t n_links = set->n_objects;

	if (chance(2))
		put(set, "sysctl path=net/ipv4/ip_forward value=%u", chance(2));
	if (chance(3) == 0)
		put(set, "sysctl path=net/ipv4/conf/all/accept_redirects value=%u", chance(2));
	if (chance(3) == 0)
		put(set, "sysctl path=net/ipv6/conf/all/forwarding value=%u", chance(2));
	for (size_t i = 0; i < n_links; i++) {
		const struct ls_link *link = (const struct ls_link *)set->objects[i];
		bool physical = link->object.flags & LS_OBJECT_ADJUST;

		if (is_small(set, link))
			continue;
		if (!physical || chance(3) == 0)
			put(set, "sysctl path=net/ipv6/conf/%s/disable_ipv6 value=%u", link->name, chance(4) == 0);
		if (chance(4) == 0)
			put(set, "sysctl path=net/ipv6/conf/%s/accept_ra value=%u", link->name, chance(3));
		if (physical && chance(4) == 0)
			put(set, "sysctl path=net/ipv4/conf/%s/forwarding value=%u", link->name, chance(2));
	}
}

static void choose_addresses(struct ls_set *set, const struct ls_link *link, unsigned n)
{
	for (unsigned k = 1; k <= 3; k++)
		if (chance(2))
			put(set, "address dev=%s address=10.0.%u.%u/24", link->name, n, k);
	if (chance(3) == 0)
		put(set, "address dev=%s address=10.9.%u.1/%u", link->name, n, chance(2) ? 24 : 28);
	if (!ipv6_works(set, link))
		return;
	for (unsigned k = 1; k <= 2; k++)
		if (chance(2))
			put(set, "address dev=%s address=2001:db8:%u::%u/%u", link->name, n, k, chance(2) ? 64 : 128);
}

static bool has_address(const struct ls_set *set, const char *dev, const char *address)
{
	char text[128];

	snprintf(text, sizeof(text), "address dev=%s address=%s", dev, address);
	return ls_set_find(set, build(text));
}

static void choose_ipv4_routes(struct ls_set *set, const struct ls_link *link, unsigned n)
{
	static const char *const to[] = { "0.0.0.0/0", "172.16.0.0/12", "172.16.1.0/24" };
	char source[64] = "";

	for (unsigned k = 1; k <= 3; k++) {
		char address[32];

		snprintf(address, sizeof(address), "10.0.%u.%u/24", n, k);
		if (!has_address(set, link->name, address))
			continue;
		snprintf(source, sizeof(source), " src=10.0.%u.%u", n, k);
		if (chance(2))
			break;
	}
	if (*source && chance(2))
		put(set, "route to=%s via=10.0.%u.25%u dev=%s metric=%u%s", to[chance(3)], n, chance(3), link->name,
			chance(2) * 5, chance(2) ? source : "");
	if (*source && chance(3) == 0)
		put(set, "route to=172.31.%u.0/24 dev=%s%s", chance(2), link->name, chance(2) ? source : "");
}

static void choose_ipv6_routes(struct ls_set *set, const struct ls_link *link, unsigned n)
{
	static const char *const to[] = { "::/0", "2001:db8:ff00::/40", "2001:db8:ff01::/48" };
	char source[64] = "", address[64];

	if (!ipv6_works(set, link))
		return;
	snprintf(address, sizeof(address), "2001:db8:%u::1/64", n);
	if (has_address(set, link->name, address) && chance(2))
		snprintf(source, sizeof(source), " src=2001:db8:%u::1", n);
	if (chance(3) == 0)
		put(set, "route to=%s via=fe80::%u dev=%s%s", to[chance(3)], chance(3) + 1, link->name, source);
}

static void choose_neighbours(struct ls_set *set, const struct ls_link *link, unsigned n)
{
	if (chance(3) == 0)
		put(set, "neighbour dev=%s address=10.0.%u.9 mac=02:00:5e:00:53:0%u", link->name, n, chance(2));
	if (chance(3) == 0)
		put(set, "neighbour dev=%s address=10.0.%u.20%u proxy=true", link->name, n, chance(2));
	if (ipv6_works(set, link) && chance(3) == 0)
		put(set, "neighbour dev=%s address=2001:db8:%u::9 mac=02:00:5e:00:53:0%u", link->name, n, chance(2));
}

/* Whose number is low may be on any link; of two, there is a group; and a route leads by one of them. */
static void choose_nexthops(struct ls_set *set, const struct ls_link *const *links, size_t n_links)
{
	unsigned n = 0;

	for (unsigned id = 7; n_links && id < 9; id++) {
		const struct ls_link *link = links[chance((uint32_t)n_links)];

		if (chance(2))
			continue;
		put(set, "nexthop id=%u type=single family=ipv4 via=10.0.9.%u dev=%s", id, chance(2) + 1, link->name);
		n += id;
	}
	if (n && chance(2))
		put(set,
			n == 15 ? "nexthop id=9 type=group members='7*1 8*%u'"
				: "nexthop id=9 type=group members='%u*1'",
			n == 15 ? 1 + chance(2) : n);
	if (n == 15 || n == 7)
		put(set, "route to=172.29.%u.0/24 type=unicast nexthop=7", chance(2));
	if (ls_set_find(set, build("nexthop id=9 type=group")))
		put(set, "route to=172.28.0.0/24 type=unicast nexthop=%u", chance(2) || n == 7 || n == 8 ? 9 : 8);
}

static void choose_rules(struct ls_set *set)
{
	for (unsigned priority = 100; priority < 103; priority++)
		if (chance(2))
			put(set, "rule family=%s priority=%u action=lookup table=%u%s", chance(2) ? "ipv4" : "ipv6",
				priority, 7 + chance(2), chance(2) ? " fwmark=16 fwmask=255" : "");
}

static struct ls_set choose_configuration(void)
{
	const struct ls_link *links[32];
	struct ls_set set;
	size_t n = 0, n_up = 0;

	build_begin(&set);
	choose_links(&set);
	choose_sysctls(&set);
	ls_set_each (&set, i)
		if (set.objects[i]->kind == &ls_kind_link)
			links[n++] = (const struct ls_link *)set.objects[i];
	for (unsigned i = 0; i < n; i++)
		choose_addresses(&set, links[i], (unsigned)(unsigned char)links[i]->name[0]);
	for (unsigned i = 0; i < n; i++) {
		/* eth0 is up, and nobody says otherwise. */
		if (ls_object_has(&links[i]->object, LS_LINK_UP) && !links[i]->up)
			continue;
		choose_ipv4_routes(&set, links[i], (unsigned)(unsigned char)links[i]->name[0]);
		choose_ipv6_routes(&set, links[i], (unsigned)(unsigned char)links[i]->name[0]);
		choose_neighbours(&set, links[i], (unsigned)(unsigned char)links[i]->name[0]);
		links[n_up++] = links[i];
	}
	choose_nexthops(&set, links, n_up);
	choose_rules(&set);
	if (chance(3) == 0)
		put(&set, "route to=172.30.%u.0/24 type=%s", chance(2), chance(2) ? "blackhole" : "unreachable");
	return set;
}

/* ---- the host before linkspan came ------------------------------------------------------------------------------- */

static void choose_host(struct simulator *sim)
{
	unsigned forward = chance(2), forward6 = chance(2);

	*sim = (struct simulator){ .arena = ls_arena_new() };
	there(sim, "link name=eth0 mtu=1500 up=true mac=02:00:00:00:01:00");
	there(sim, chance(2) ? "link name=eth1 mtu=1500 up=false" : "link name=eth1 mtu=1500 up=true");
	setting(sim, "net/ipv4/ip_forward", forward);
	setting(sim, "net/ipv4/conf/all/forwarding", forward);
	setting(sim, "net/ipv4/conf/all/accept_redirects", chance(2));
	setting(sim, "net/ipv4/conf/eth0/forwarding", chance(2));
	setting(sim, "net/ipv4/conf/eth1/forwarding", chance(2));
	setting(sim, "net/ipv4/conf/all/promote_secondaries", chance(4) == 0);
	setting(sim, "net/ipv6/conf/all/forwarding", forward6);
	setting(sim, "net/ipv6/conf/eth0/disable_ipv6", 0);
	setting(sim, "net/ipv6/conf/eth1/disable_ipv6", 0);
	setting(sim, "net/ipv6/conf/eth0/accept_ra", 1);
	setting(sim, "net/ipv6/conf/eth1/accept_ra", chance(3));
	there(sim, "address dev=eth0 address=203.0.113.5/24 raw");
	if (chance(2))
		there(sim, "address dev=eth0 address=10.0.101.77/24 raw");
	there(sim, "route to=198.18.0.0/16 via=203.0.113.1 dev=eth0 raw");
	there(sim, "nexthop id=50 type=single family=ipv4 via=203.0.113.9 dev=eth0 raw");
	there(sim, "rule family=ipv4 priority=101 action=lookup table=50 raw");
	there(sim, "neighbour dev=eth0 address=203.0.113.9 mac=02:00:5e:00:53:99 raw");
}

static void begin(struct round *round, uint64_t seed)
{
	*round = (struct round){ .seed = seed };
	chance_state = seed;
	choose_host(&round->sim);
}

TestSuite(property);

Test(property, a_plan_leads_from_anywhere_to_anywhere)
{
	uint64_t seed = first_seed();
	unsigned n_steps = 0;

	fprintf(stderr, "property: LINKSPAN_SEED=%llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct round round;

		begin(&round, seed + i);
		for (unsigned generation = 0; generation < 3; generation++) {
			go_to(&round, choose_configuration());
			if (round.conflict)
				fail(&round, "a conflict", round.conflict);
			n_steps += round.plan[0] != 0;
		}
		end(&round);
	}
	cr_assert_gt(n_steps, ROUNDS * 2);
}

Test(property, taking_all_down_leaves_the_host_as_it_was)
{
	uint64_t seed = first_seed();

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct ls_set dump, first, nothing;
		struct round round;

		begin(&round, seed + i);
		dump = sim_dump(&round.sim);
		first = copy_of(&dump);
		ls_set_done(&dump);
		for (unsigned generation = 0; generation < 2; generation++)
			go_to(&round, choose_configuration());
		build_begin(&nothing);
		go_to(&round, nothing);
		check_as_at_first(&round, &first);
		end(&round);
	}
}

/* Strangers put addresses and routes on links of ours. Where the plan has no conflict they are there afterwards. */
static void choose_strangers(struct round *round)
{
	struct ls_set now = sim_dump(&round->sim);

	ls_set_each (&now, i) {
		const struct ls_link *link = (const struct ls_link *)now.objects[i];
		struct ls_object *object;
		char text[128];

		if (link->object.kind != &ls_kind_link || chance(2))
			continue;
		snprintf(text, sizeof(text), "address dev=%s address=10.0.%u.%u/24 raw", link->name,
			(unsigned)(unsigned char)link->name[0], 100 + chance(3));
		object = sim_put(&round->sim, build(text));
		sim_become_secondary(&round->sim, (struct ls_address *)object);
		if (link->up && chance(2)) {
			snprintf(text, sizeof(text), "route to=198.19.%zu.0/24 via=10.0.%u.9 dev=%s raw", i,
				(unsigned)(unsigned char)link->name[0], link->name);
			there(&round->sim, text);
		}
	}
	ls_set_done(&now);
}

Test(property, without_a_conflict_strangers_keep_what_they_have)
{
	uint64_t seed = first_seed();
	unsigned n_carried_out = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct round round;

		begin(&round, seed + i);
		go_to(&round, choose_configuration());
		choose_strangers(&round);
		go_to(&round, choose_configuration());
		n_carried_out += !round.conflict;
		end(&round);
	}
	cr_assert_gt(n_carried_out, ROUNDS / 50, "%u", n_carried_out);
}
