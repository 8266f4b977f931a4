/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel in memory, as far as plans care: it carries out steps, refuses what the real one refuses, and does on its
 * own account what the real one does. Written from the kernel's sources and measured behaviour, not from the planner:
 * the two are to agree.
 */
#pragma once

#include <linkspan/plan.h>

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct simulator {
	struct ls_arena *arena;
	struct ls_object **objects; /* in the order made: it matters for primary addresses and first routes */
	size_t n_objects, size;
	uint32_t last_handle; /* of rules in nftables */
	char error[512];      /* what was refused first, and why */
};

#define sim_each(sim, i) for (size_t i = 0; (i) < (sim)->n_objects; (i)++)

static inline void sim_done(struct simulator *sim)
{
	free(sim->objects);
	ls_arena_free(sim->arena);
}

static inline struct ls_object *sim_put(struct simulator *sim, const struct ls_object *object)
{
	struct ls_object *copy = ls_object_copy(sim->arena, object);

	if (sim->n_objects == sim->size) {
		sim->size = sim->size ? sim->size * 2 : 64;
		sim->objects = reallocarray(sim->objects, sim->size, sizeof(*sim->objects));
	}
	if (!copy || !sim->objects)
		abort();
	sim->objects[sim->n_objects++] = copy;
	return copy;
}

static inline void sim_begin(struct simulator *sim, const struct ls_set *have)
{
	*sim = (struct simulator){ .arena = ls_arena_new() };
	ls_set_each (have, i)
		sim_put(sim, have->objects[i]);
}

/* nf_tables_newrule: at the end of its chain. */
static inline void sim_place_rules(const struct simulator *sim)
{
	sim_each(sim, i)
	{
		struct ls_nft_rule *rule = (struct ls_nft_rule *)sim->objects[i];

		if (rule->object.kind != &ls_kind_nft_rule)
			continue;
		rule->place = 0;
		rule->object.set |= LS_BIT(LS_NFT_RULE_PLACE);
		for (size_t k = 0; k < i; k++)
			rule->place += sim->objects[k]->kind == &ls_kind_nft_rule &&
				       !strcmp(((const struct ls_nft_rule *)sim->objects[k])->chain, rule->chain);
	}
}

/* A dump. The objects are the simulator's. */
static inline struct ls_set sim_dump(const struct simulator *sim)
{
	struct ls_set set;

	sim_place_rules(sim);
	ls_set_init(&set, sim->arena);
	sim_each(sim, i) if (ls_set_add(&set, sim->objects[i]) < 0) abort();
	ls_set_sort(&set);
	return set;
}

static inline int sim_refuse(struct simulator *sim, const struct ls_object *object, const char *why)
{
	char text[LS_DESCRIBE_MAX];

	if (!*sim->error)
		snprintf(sim->error, sizeof(sim->error), "%s: %s", ls_object_describe(object, text, sizeof(text)), why);
	return -1;
}

static inline struct ls_link *sim_link(const struct simulator *sim, const char *name)
{
	sim_each(sim, i) if (sim->objects[i]->kind == &ls_kind_link &&
			     !strcmp(((struct ls_link *)sim->objects[i])->name,
				     name)) return (struct ls_link *)sim->objects[i];
	return NULL;
}

static inline const char *sim_device(const struct ls_object *object)
{
	if (object->kind == &ls_kind_address)
		return ((const struct ls_address *)object)->dev;
	if (object->kind == &ls_kind_route && ls_object_has(object, LS_ROUTE_DEV))
		return ((const struct ls_route *)object)->dev;
	if (object->kind == &ls_kind_sysctl && ls_object_has(object, LS_SYSCTL_DEV))
		return ((const struct ls_sysctl *)object)->dev;
	if (object->kind == &ls_kind_neighbour)
		return ((const struct ls_neighbour *)object)->dev;
	if (object->kind == &ls_kind_nexthop && ls_object_has(object, LS_NEXTHOP_DEV))
		return ((const struct ls_nexthop *)object)->dev;
	return NULL;
}

static inline bool sim_is_on(const struct ls_object *object, const char *dev)
{
	return sim_device(object) && !strcmp(sim_device(object), dev);
}

static inline uint8_t sim_family(const struct ls_object *object)
{
	if (object->kind == &ls_kind_address)
		return ((const struct ls_address *)object)->address.family;
	if (object->kind == &ls_kind_neighbour)
		return ((const struct ls_neighbour *)object)->address.family;
	return object->kind == &ls_kind_route ? ((const struct ls_route *)object)->to.ip.family : 0;
}

static inline struct ls_address *sim_address(struct ls_object *object, uint8_t family)
{
	return object->kind == &ls_kind_address && sim_family(object) == family ? (struct ls_address *)object : NULL;
}

static inline bool sim_sysctl_is(const struct simulator *sim, const char *path, const char *value)
{
	sim_each(sim, i) if (sim->objects[i]->kind == &ls_kind_sysctl &&
			     !strcmp(((struct ls_sysctl *)sim->objects[i])->path,
				     path)) return !strcmp(((struct ls_sysctl *)sim->objects[i])->value, value);
	return false;
}

/* ---- taking away --------------------------------------------------------------------------------------------------
 */

static inline void sim_take(struct simulator *sim, size_t i)
{
	memmove(sim->objects + i, sim->objects + i + 1, (sim->n_objects - i - 1) * sizeof(*sim->objects));
	sim->n_objects--;
}

static inline void sim_drop_on(struct simulator *sim, const char *dev, const struct ls_kind *kind, uint8_t family)
{
	for (size_t i = sim->n_objects; i-- > 0;)
		if (sim->objects[i]->kind == kind && sim_is_on(sim->objects[i], dev) &&
			(!family || sim_family(sim->objects[i]) == family))
			sim_take(sim, i);
}

/* neigh_changeaddr; proxies stay */
static inline void sim_drop_neighbours(struct simulator *sim, const char *dev)
{
	for (size_t i = sim->n_objects; i-- > 0;)
		if (sim->objects[i]->kind == &ls_kind_neighbour && sim_is_on(sim->objects[i], dev) &&
			!ls_object_has(sim->objects[i], LS_NEIGHBOUR_PROXY))
			sim_take(sim, i);
}

static inline struct ls_nexthop *sim_nexthop(const struct simulator *sim, uint32_t id)
{
	sim_each(sim,
		i) if (sim->objects[i]->kind == &ls_kind_nexthop &&
		       ((struct ls_nexthop *)sim->objects[i])->id == id) return (struct ls_nexthop *)sim->objects[i];
	return NULL;
}

static inline const char *sim_members_without(struct simulator *sim, const char *members, uint32_t id)
{
	uint32_t member, weight;
	char text[256] = "";
	size_t length = 0;

	while (ls_nexthop_next_member(&members, &member, &weight) && length < sizeof(text))
		if (member != id)
			length += (size_t)snprintf(
				text + length, sizeof(text) - length, "%s%u*%u", length ? " " : "", member, weight);
	return ls_arena_intern(sim->arena, text, strlen(text));
}

/* remove_nexthop: its routes go, and groups lose it; one that has no other member goes too. */
static inline void sim_delete_nexthop(struct simulator *sim, uint32_t id)
{
	for (size_t i = sim->n_objects; i-- > 0;) {
		const struct ls_object *object = sim->objects[i];

		if ((object->kind == &ls_kind_nexthop && ((const struct ls_nexthop *)object)->id == id) ||
			(object->kind == &ls_kind_route && ls_object_has(object, LS_ROUTE_NEXTHOP) &&
				((const struct ls_route *)object)->nexthop == id))
			sim_take(sim, i);
	}
	for (size_t i = 0; i < sim->n_objects; i++) {
		struct ls_nexthop *group = (struct ls_nexthop *)sim->objects[i];

		if (group->object.kind != &ls_kind_nexthop || !ls_object_has(&group->object, LS_NEXTHOP_MEMBERS))
			continue;
		group->members = sim_members_without(sim, group->members, id);
		if (*group->members)
			continue;
		sim_delete_nexthop(sim, group->id);
		i = SIZE_MAX; /* from the beginning */
	}
}

/* nexthop_flush_dev */
static inline void sim_flush_nexthops(struct simulator *sim, const char *dev)
{
	for (size_t i = 0; i < sim->n_objects; i++) {
		if (sim->objects[i]->kind != &ls_kind_nexthop || !sim_is_on(sim->objects[i], dev))
			continue;
		sim_delete_nexthop(sim, ((struct ls_nexthop *)sim->objects[i])->id);
		i = SIZE_MAX;
	}
}

static inline bool sim_has_ip(const struct simulator *sim, const struct ls_ip *ip)
{
	sim_each(sim, i) if (sim->objects[i]->kind == &ls_kind_address &&
			     !memcmp(&((struct ls_address *)sim->objects[i])->address, ip, sizeof(*ip))) return true;
	return false;
}

/* fib_sync_down_addr; fib6_remove_prefsrc */
static inline void sim_drop_source(struct simulator *sim, const struct ls_ip *ip)
{
	if (sim_has_ip(sim, ip))
		return;
	for (size_t i = sim->n_objects; i-- > 0;) {
		struct ls_route *route = (struct ls_route *)sim->objects[i];

		if (route->object.kind != &ls_kind_route || !ls_object_has(&route->object, LS_ROUTE_SRC) ||
			memcmp(&route->src, ip, sizeof(*ip)) != 0)
			continue;
		if (ip->family == AF_INET)
			sim_take(sim, i);
		else
			route->object.set &= ~LS_BIT(LS_ROUTE_SRC);
	}
}

static inline bool sim_same_subnet(const struct ls_address *a, const struct ls_address *b)
{
	struct ls_prefix prefix = { .ip = a->address, .length = a->prefix_length };

	return a->prefix_length == b->prefix_length && !strcmp(a->dev, b->dev) &&
	       ls_prefix_contains(&prefix, &b->address);
}

static inline bool sim_promotes(const struct simulator *sim, const char *dev)
{
	char path[128];

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/promote_secondaries", dev);
	return sim_sysctl_is(sim, path, "1") || sim_sysctl_is(sim, "net/ipv4/conf/all/promote_secondaries", "1");
}

static inline size_t sim_count(const struct simulator *sim, const char *dev, uint8_t family)
{
	size_t n = 0;

	sim_each(sim, i) n += sim->objects[i]->kind == &ls_kind_address && sim_family(sim->objects[i]) == family &&
			      sim_is_on(sim->objects[i], dev);
	return n;
}

/* __inet_del_ifa, fib_inetaddr_event */
static inline void sim_delete_ipv4(struct simulator *sim, size_t i)
{
	struct ls_address *gone = (struct ls_address *)sim->objects[i];
	bool primary = !ls_object_has(&gone->object, LS_ADDRESS_SECONDARY), promotes = sim_promotes(sim, gone->dev),
	     promoted = false;

	sim_take(sim, i);
	for (size_t k = 0; primary && k < sim->n_objects;) {
		struct ls_address *other = sim_address(sim->objects[k], AF_INET);

		if (!other || !sim_same_subnet(gone, other)) {
			k++;
		} else if (promotes) {
			if (!promoted)
				other->object.set &= ~LS_BIT(LS_ADDRESS_SECONDARY);
			promoted = true;
			k++;
		} else {
			sim_take(sim, k);
			sim_drop_source(sim, &other->address);
			k = 0; /* a route may have gone from before it */
		}
	}
	sim_drop_source(sim, &gone->address);
	if (!sim_count(sim, gone->dev, AF_INET)) {
		sim_drop_on(sim, gone->dev, &ls_kind_route, AF_INET);
		sim_drop_on(sim, gone->dev, &ls_kind_neighbour, AF_INET);
	}
}

static inline void sim_delete_address(struct simulator *sim, size_t i)
{
	struct ls_address *gone = (struct ls_address *)sim->objects[i];

	if (gone->address.family == AF_INET) {
		sim_delete_ipv4(sim, i);
		return;
	}
	sim_take(sim, i);
	sim_drop_source(sim, &gone->address);
}

static inline void sim_delete_addresses(struct simulator *sim, const char *dev, uint8_t family)
{
	for (size_t i = 0; i < sim->n_objects;) {
		if (sim_address(sim->objects[i], family) && sim_is_on(sim->objects[i], dev)) {
			sim_delete_address(sim, i);
			i = 0;
		} else {
			i++;
		}
	}
}

/* addrconf_ifdown */
static inline void sim_without_ipv6(struct simulator *sim, const char *dev)
{
	sim_drop_on(sim, dev, &ls_kind_route, AF_INET6);
	sim_drop_on(sim, dev, &ls_kind_neighbour, AF_INET6);
	sim_delete_addresses(sim, dev, AF_INET6);
}

/* addrconf_notify, NETDEV_CHANGEMTU: below 1280 bytes the link has no IPv6, and none of its sysctls. */
static inline void sim_became_small(struct simulator *sim, const char *dev)
{
	char prefix[128];

	sim_without_ipv6(sim, dev);
	snprintf(prefix, sizeof(prefix), "net/ipv6/conf/%s/", dev);
	for (size_t i = sim->n_objects; i-- > 0;)
		if (sim->objects[i]->kind == &ls_kind_sysctl &&
			!strncmp(((struct ls_sysctl *)sim->objects[i])->path, prefix, strlen(prefix)))
			sim_take(sim, i);
}

static inline bool sim_is_type(const struct ls_link *link, const char *type)
{
	return link && ls_object_has(&link->object, LS_LINK_TYPE) && !strcmp(link->type, type);
}

/* fib_netdev_event, addrconf_ifdown, nexthop_flush_dev: what a link loses that goes down. */
static inline void sim_went_down(struct simulator *sim, const char *dev)
{
	sim_flush_nexthops(sim, dev);
	sim_without_ipv6(sim, dev);
	sim_drop_on(sim, dev, &ls_kind_route, AF_INET);
	sim_drop_on(sim, dev, &ls_kind_neighbour, AF_INET);
}

/* vrf_del_slave, __bond_release_one: what a master does to a port that leaves it. Both take it down (cycle_netdev), and
 * a bond leaves it there; by NETDEV_CHANGEUPPER it loses IPv6 in any case. */
static inline void sim_leave(struct simulator *sim, const struct ls_link *master, struct ls_link *port)
{
	if (!sim_is_type(master, "vrf") && !sim_is_type(master, "bond"))
		return;
	if (port->up)
		sim_went_down(sim, port->name);
	else
		sim_without_ipv6(sim, port->name);
	port->up &= !sim_is_type(master, "bond");
}

static inline void sim_delete_link(struct simulator *sim, const char *name)
{
	struct ls_link *link = sim_link(sim, name);

	if (!link)
		return;
	sim_delete_addresses(sim, name, AF_INET);
	sim_delete_addresses(sim, name, AF_INET6);
	sim_flush_nexthops(sim, name);
	sim_drop_on(sim, name, &ls_kind_route, 0);
	sim_drop_on(sim, name, &ls_kind_neighbour, 0);
	sim_drop_on(sim, name, &ls_kind_sysctl, 0);
	sim_each(sim, i)
	{
		if (sim->objects[i] == &link->object) {
			sim_take(sim, i);
			break;
		}
	}
	sim_each(sim, i)
	{
		struct ls_link *other = (struct ls_link *)sim->objects[i];

		if (other->object.kind != &ls_kind_link)
			continue;
		if (ls_object_has(&other->object, LS_LINK_MASTER) && !strcmp(other->master, name)) {
			other->object.set &= ~LS_BIT(LS_LINK_MASTER);
			sim_leave(sim, link, other);
			i = SIZE_MAX; /* from the beginning */
			continue;
		}
		if ((ls_object_has(&other->object, LS_LINK_PARENT) && !strcmp(other->parent, name)) ||
			(ls_object_has(&other->object, LS_LINK_PEER) && !strcmp(other->peer, name))) {
			sim_delete_link(sim, other->name);
			i = SIZE_MAX; /* from the beginning */
		}
	}
}

/* ip6_route_del, unlike fib_table_delete, does not look at the source. */
static inline bool sim_is(const struct ls_object *there, const struct ls_object *supposed)
{
	uint32_t ignored =
		supposed->kind == &ls_kind_route && sim_family(supposed) == AF_INET6 ? LS_BIT(LS_ROUTE_SRC) : 0;

	return !ls_object_compare(there, supposed) && !(ls_object_diff(supposed, there) & ~ignored);
}

/* What is gone already is no failure: the executor sees it the same way. */
static inline int sim_delete(struct simulator *sim, const struct ls_step *step)
{
	size_t i = 0;

	while (i < sim->n_objects && !sim_is(sim->objects[i], step->have))
		i++;
	if (i == sim->n_objects)
		return 0;
	if (step->have->kind == &ls_kind_sysctl)
		return sim_refuse(sim, step->have, "a sysctl cannot be deleted");
	if (step->have->kind == &ls_kind_link)
		sim_delete_link(sim, ((const struct ls_link *)step->have)->name);
	else if (step->have->kind == &ls_kind_address)
		sim_delete_address(sim, i);
	else if (step->have->kind == &ls_kind_nexthop)
		sim_delete_nexthop(sim, ((const struct ls_nexthop *)step->have)->id);
	else
		sim_take(sim, i);
	return 0;
}

/* ---- what is refused ----------------------------------------------------------------------------------------------
 */

static inline int sim_check_links(struct simulator *sim, const struct ls_link *link)
{
	const struct ls_object *object = &link->object;

	if (ls_object_has(object, LS_LINK_MASTER) && !sim_link(sim, link->master))
		return sim_refuse(sim, object, "no such master");
	if (ls_object_has(object, LS_LINK_PARENT) && !sim_link(sim, link->parent))
		return sim_refuse(sim, object, "no such parent");
	if (ls_object_has(object, LS_LINK_PEER) && strcmp(link->peer, link->name) < 0 && !sim_link(sim, link->peer))
		return sim_refuse(sim, object, "the end that makes the pair is not there");
	return 0;
}

static inline bool sim_both_have(const struct ls_link *a, const struct ls_link *b, unsigned attr)
{
	return ls_object_has(&a->object, attr) && ls_object_has(&b->object, attr);
}

static inline bool sim_same_parent(const struct ls_link *a, const struct ls_link *b)
{
	return sim_both_have(a, b, LS_LINK_PARENT) && !strcmp(a->parent, b->parent);
}

/* vlan_check_real_dev, vxlan_vni_in_use (of one family), macvlan_common_newlink */
static inline int sim_check_exclusive(struct simulator *sim, const struct ls_link *link)
{
	sim_each(sim, i)
	{
		const struct ls_link *other = (const struct ls_link *)sim->objects[i];

		if (other->object.kind != &ls_kind_link)
			continue;
		if (sim_both_have(link, other, LS_LINK_VLAN_ID) && other->vlan_id == link->vlan_id &&
			sim_same_parent(link, other))
			return sim_refuse(sim, &link->object, "its VLAN id is in use");
		if (sim_both_have(link, other, LS_LINK_VNI) && other->vni == link->vni && other->port == link->port)
			return sim_refuse(sim, &link->object, "its VNI is in use");
		if (sim_both_have(link, other, LS_LINK_MACVLAN_MODE) && sim_same_parent(link, other) &&
			(link->macvlan_mode == LS_MACVLAN_PASSTHRU || other->macvlan_mode == LS_MACVLAN_PASSTHRU))
			return sim_refuse(sim, &link->object, "passthru has its parent alone");
	}
	return 0;
}

static inline int sim_check_address(struct simulator *sim, const struct ls_address *address)
{
	const struct ls_link *link = sim_link(sim, address->dev);
	char path[128];

	if (!link)
		return sim_refuse(sim, &address->object, "no such link");
	if (address->address.family == AF_INET)
		return 0;
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", address->dev);
	if (sim_sysctl_is(sim, path, "1"))
		return sim_refuse(sim, &address->object, "IPv6 is disabled on the link");
	if (ls_object_has(&link->object, LS_LINK_MTU) && link->mtu < 1280)
		return sim_refuse(sim, &address->object, "the MTU is too small for IPv6");
	return 0;
}

/* fib_check_nh: the next hop must be on the link, by an address or by a route to the link itself. */
static inline bool sim_leads_to(const struct ls_object *object, const struct ls_route *route)
{
	const struct ls_address *address = (const struct ls_address *)object;
	const struct ls_route *other = (const struct ls_route *)object;
	struct ls_prefix prefix;

	if (!sim_is_on(object, route->dev))
		return false;
	if (object->kind == &ls_kind_route)
		return !ls_object_has(object, LS_ROUTE_VIA) && ls_prefix_contains(&other->to, &route->via);
	if (object->kind != &ls_kind_address)
		return false;
	prefix = (struct ls_prefix){ .ip = address->address, .length = address->prefix_length };
	return ls_prefix_contains(&prefix, &route->via);
}

static inline bool sim_reaches(const struct simulator *sim, const struct ls_route *route)
{
	sim_each(sim, i) if (sim_leads_to(sim->objects[i], route)) return true;
	return ls_ip_is_link_local(&route->via) && route->via.family == AF_INET6;
}

static inline int sim_check_route(struct simulator *sim, const struct ls_route *route)
{
	const struct ls_object *object = &route->object;
	const struct ls_link *link;

	if (ls_object_has(object, LS_ROUTE_SRC) && !sim_has_ip(sim, &route->src))
		return sim_refuse(sim, object, "no such source address");
	if (ls_object_has(object, LS_ROUTE_NEXTHOP) && !sim_nexthop(sim, route->nexthop))
		return sim_refuse(sim, object, "no such nexthop");
	if (!ls_object_has(object, LS_ROUTE_DEV))
		return 0;
	link = sim_link(sim, route->dev);
	if (!link)
		return sim_refuse(sim, object, "no such link");
	if (!link->up)
		return sim_refuse(sim, object, "the link is down");
	if (ls_object_has(object, LS_ROUTE_VIA) && !ls_object_has(object, LS_ROUTE_ONLINK) && !sim_reaches(sim, route))
		return sim_refuse(sim, object, "the next hop is not reachable");
	return 0;
}

/* nh_create_ipv4, nh_check_attr_group, replace_nexthop */
static inline int sim_check_nexthop(struct simulator *sim, const struct ls_nexthop *nexthop)
{
	const struct ls_object *object = &nexthop->object;
	const struct ls_nexthop *there = sim_nexthop(sim, nexthop->id);
	const char *members = nexthop->members;
	uint32_t id, weight;

	if (there && (there->type == LS_NEXTHOP_GROUP) != (nexthop->type == LS_NEXTHOP_GROUP))
		return sim_refuse(sim, object, "a group cannot become a single one, nor the other way round");
	if (ls_object_has(object, LS_NEXTHOP_DEV)) {
		const struct ls_link *link = sim_link(sim, nexthop->dev);

		if (!link || !link->up)
			return sim_refuse(sim, object, "its link is not up");
	}
	while (ls_object_has(object, LS_NEXTHOP_MEMBERS) && ls_nexthop_next_member(&members, &id, &weight))
		if (!sim_nexthop(sim, id))
			return sim_refuse(sim, object, "no such member");
	return 0;
}

static inline int sim_check(struct simulator *sim, const struct ls_object *want)
{
	if (want->kind == &ls_kind_link)
		return sim_check_links(sim, (const struct ls_link *)want);
	if (want->kind == &ls_kind_address)
		return sim_check_address(sim, (const struct ls_address *)want);
	if (want->kind == &ls_kind_nexthop)
		return sim_check_nexthop(sim, (const struct ls_nexthop *)want);
	if (want->kind == &ls_kind_neighbour && !sim_link(sim, ((const struct ls_neighbour *)want)->dev))
		return sim_refuse(sim, want, "no such link");
	return want->kind == &ls_kind_route ? sim_check_route(sim, (const struct ls_route *)want) : 0;
}

/* ---- making -------------------------------------------------------------------------------------------------------
 */

static inline struct ls_object *sim_find(const struct simulator *sim, const struct ls_object *key)
{
	sim_each(sim, i) if (!ls_object_compare(sim->objects[i], key)) return sim->objects[i];
	return NULL;
}

static inline void sim_become_secondary(struct simulator *sim, struct ls_address *address)
{
	address->object.set &= ~LS_BIT(LS_ADDRESS_SECONDARY);
	address->secondary = false;
	sim_each(sim, i)
	{
		struct ls_address *other = sim_address(sim->objects[i], AF_INET);

		if (!other || other == address || !sim_same_subnet(other, address))
			continue;
		address->object.set |= LS_BIT(LS_ADDRESS_SECONDARY);
		address->secondary = true;
	}
}

static inline void sim_overwrite(struct simulator *sim, const char *pattern, const char *value)
{
	sim_each(sim, i)
	{
		struct ls_sysctl *sysctl = (struct ls_sysctl *)sim->objects[i];

		if (sysctl->object.kind == &ls_kind_sysctl && !fnmatch(pattern, sysctl->path, 0))
			sysctl->value = value;
	}
}

/* `dev` NULL: every link. Names are copied first: objects move while others go. */
static inline void sim_disable_ipv6(struct simulator *sim, const char *dev)
{
	const char *names[64];
	size_t n = 0;

	sim_each(sim, i)
	{
		const struct ls_link *link = (const struct ls_link *)sim->objects[i];

		if (link->object.kind == &ls_kind_link && n < LS_ARRAY_SIZE(names) &&
			(!dev || !strcmp(link->name, dev)))
			names[n++] = link->name;
	}
	for (size_t i = 0; i < n; i++)
		sim_without_ipv6(sim, names[i]);
}

/* inet_forward_change, addrconf_fixup_forwarding, addrconf_disable_ipv6 */
static inline void sim_written(struct simulator *sim, const struct ls_sysctl *sysctl)
{
	const char *path = sysctl->path, *value = ls_arena_intern(sim->arena, sysctl->value, strlen(sysctl->value));

	if (!strcmp(path, "net/ipv4/ip_forward") || !strcmp(path, "net/ipv4/conf/all/forwarding")) {
		sim_overwrite(sim, "net/ipv4/ip_forward", value);
		sim_overwrite(sim, "net/ipv4/conf/*/forwarding", value);
		sim_overwrite(sim, "net/ipv4/conf/all/accept_redirects", strcmp(value, "0") ? "0" : "1");
	} else if (!strcmp(path, "net/ipv6/conf/all/forwarding")) {
		sim_overwrite(sim, "net/ipv6/conf/*/forwarding", value);
	} else if (!strcmp(path, "net/ipv6/conf/all/disable_ipv6")) {
		sim_overwrite(sim, "net/ipv6/conf/*/disable_ipv6", value);
	}
	if (!strcmp(value, "0"))
		return;
	if (!strcmp(path, "net/ipv6/conf/all/disable_ipv6"))
		sim_disable_ipv6(sim, NULL);
	else if (!fnmatch("net/ipv6/conf/*/disable_ipv6", path, 0) && ls_object_has(&sysctl->object, LS_SYSCTL_DEV))
		sim_disable_ipv6(sim, sysctl->dev);
}

static inline bool sim_is_small(const struct simulator *sim, const struct ls_sysctl *sysctl)
{
	const struct ls_link *link = ls_object_has(&sysctl->object, LS_SYSCTL_DEV) ? sim_link(sim, sysctl->dev) : NULL;

	return link && !strncmp(sysctl->path, "net/ipv6/", 9) && ls_object_has(&link->object, LS_LINK_MTU) &&
	       link->mtu < 1280;
}

static inline int sim_write(struct simulator *sim, const struct ls_object *want)
{
	struct ls_object *there = sim_find(sim, want);

	if (sim_is_small(sim, (const struct ls_sysctl *)want))
		return sim_refuse(sim, want, "its link has no IPv6");
	if (!there) {
		there = sim_put(sim, want);
		there->flags = 0;
		there->managed = 0;
		there->owner = LS_OWNER_FOREIGN;
	} else if (!strcmp(((struct ls_sysctl *)there)->value, ((const struct ls_sysctl *)want)->value)) {
		return 0;
	}
	((struct ls_sysctl *)there)->value = ls_arena_intern(
		sim->arena, ((const struct ls_sysctl *)want)->value, strlen(((const struct ls_sysctl *)want)->value));
	sim_written(sim, (struct ls_sysctl *)there);
	return 0;
}

/* rule_exists: what the new one does not ask for is not compared, nor is whether it asks for the opposite. */
static inline bool sim_is_taken_for(const struct ls_rule *want, const struct ls_rule *there)
{
	struct ls_rule like = *there;

	like.object.set &= ~LS_BIT(LS_RULE_INVERT);
	like.object.set |= want->object.set & LS_BIT(LS_RULE_INVERT);
	like.invert = want->invert;
	if (!ls_object_has(&want->object, LS_RULE_FROM))
		like.object.set &= ~LS_BIT(LS_RULE_FROM);
	if (!ls_object_has(&want->object, LS_RULE_TO))
		like.object.set &= ~LS_BIT(LS_RULE_TO);
	return !ls_object_compare(&want->object, &like.object);
}

static inline bool sim_rule_is_there(const struct simulator *sim, const struct ls_object *want)
{
	sim_each(sim, i) if (want->kind == &ls_kind_rule && sim->objects[i]->kind == &ls_kind_rule &&
			     sim->objects[i]->owner == LS_OWNER_OURS &&
			     sim_is_taken_for((const struct ls_rule *)want,
				     (const struct ls_rule *)sim->objects[i])) return true;
	return false;
}

/* Next hops of an IPv6 route stand side by side, each of them once. */
static inline bool sim_is_taken(const struct simulator *sim, const struct ls_object *want)
{
	sim_each(sim, i)
	{
		if (ls_object_compare(sim->objects[i], want) != 0)
			continue;
		if (!(want->flags & LS_OBJECT_SIBLING) ||
			ls_route_same_hop((const struct ls_route *)sim->objects[i], (const struct ls_route *)want))
			return true;
	}
	return false;
}

static inline int sim_add(struct simulator *sim, const struct ls_step *step)
{
	struct ls_object *made;

	if (step->want->kind == &ls_kind_sysctl)
		return sim_write(sim, step->want);
	if (sim_is_taken(sim, step->want) || sim_rule_is_there(sim, step->want))
		return sim_refuse(sim, step->want, "it is there already");
	if (sim_check(sim, step->want) < 0)
		return -1;
	if (step->want->kind == &ls_kind_link && sim_check_exclusive(sim, (const struct ls_link *)step->want) < 0)
		return -1;
	made = sim_put(sim, step->want);
	if (!made->raw)
		made->owner = LS_OWNER_OURS;
	if (sim_address(made, AF_INET))
		sim_become_secondary(sim, (struct ls_address *)made);
	if (made->kind == &ls_kind_nft_rule) {
		made->set |= LS_BIT(LS_NFT_RULE_HANDLE);
		((struct ls_nft_rule *)made)->handle = ++sim->last_handle;
	}
	return 0;
}

static inline void sim_take_attrs(
	struct simulator *sim, struct ls_object *there, const struct ls_object *want, uint32_t bits)
{
	static const size_t sizes[] = { [LS_TYPE_BOOL] = 1,
		[LS_TYPE_U8] = 1,
		[LS_TYPE_U16] = 2,
		[LS_TYPE_U32] = 4,
		[LS_TYPE_ENUM] = 1,
		[LS_TYPE_STRING] = sizeof(char *),
		[LS_TYPE_LINK] = sizeof(char *),
		[LS_TYPE_IP] = sizeof(struct ls_ip),
		[LS_TYPE_PREFIX] = sizeof(struct ls_prefix),
		[LS_TYPE_MAC] = sizeof(struct ls_mac) };
	const struct ls_object *copy = ls_object_copy(sim->arena, want);

	if (!copy)
		abort();
	for (unsigned i = 0; i < there->kind->n_attrs; i++) {
		const struct ls_attr *attr = &there->kind->attrs[i];

		if (!(bits & LS_BIT(i)))
			continue;
		there->set = (there->set & ~LS_BIT(i)) | (copy->set & LS_BIT(i));
		memcpy((char *)there + attr->offset, (const char *)copy + attr->offset, sizes[attr->type]);
	}
}

/* vrf_add_slave, bond_enslave */
static inline int sim_join(struct simulator *sim, const struct ls_link *before, struct ls_link *port)
{
	const struct ls_link *master = sim_link(sim, port->master);

	if (!sim_is_type(master, "vrf") && !sim_is_type(master, "bond"))
		return 0;
	if (sim_is_type(master, "bond") && before->up)
		return sim_refuse(sim, &port->object, "a bond takes no link that is up");
	if (before->up)
		sim_went_down(sim, port->name);
	else
		sim_without_ipv6(sim, port->name);
	port->up |= sim_is_type(master, "bond");
	return 0;
}

static inline int sim_master_changed(struct simulator *sim, const struct ls_link *before, struct ls_link *port)
{
	if (ls_attr_same(LS_LINK_MASTER, &before->object, &port->object))
		return 0;
	if (ls_object_has(&before->object, LS_LINK_MASTER))
		sim_leave(sim, sim_link(sim, before->master), port);
	return ls_object_has(&port->object, LS_LINK_MASTER) ? sim_join(sim, before, port) : 0;
}

static inline void sim_link_changed(struct simulator *sim, const struct ls_link *before, const struct ls_link *link)
{
	if (memcmp(&before->mac, &link->mac, sizeof(link->mac)) != 0)
		sim_drop_neighbours(sim, link->name);
	if (before->up && !link->up) {
		sim_went_down(sim, link->name);
	} else if (ls_object_has(&before->object, LS_LINK_MTU) && before->mtu >= 1280 && link->mtu < 1280) {
		sim_became_small(sim, link->name);
	}
}

static inline int sim_change(struct simulator *sim, const struct ls_step *step)
{
	struct ls_object *there = sim_find(sim, step->want);
	struct ls_link before = { 0 };

	if (!there)
		return sim_refuse(sim, step->want, "there is nothing to change");
	if (ls_object_diff(step->have, there) & step->attrs)
		return sim_refuse(sim, step->want, "it is not as the plan supposes");
	if (step->want->kind == &ls_kind_sysctl)
		return sim_write(sim, step->want);
	if (there->kind == &ls_kind_link)
		before = *(struct ls_link *)there;
	sim_take_attrs(sim, there, step->want, step->attrs);
	if (there->kind != &ls_kind_link) {
		there->owner = LS_OWNER_OURS;
		return 0;
	}
	if (sim_check_links(sim, (struct ls_link *)there) < 0 ||
		sim_master_changed(sim, &before, (struct ls_link *)there) < 0)
		return -1;
	sim_link_changed(sim, &before, (struct ls_link *)there);
	return 0;
}

/* NLM_F_REPLACE without NLM_F_CREATE: the first of the slot, whoever made it. */
static inline int sim_replace(struct simulator *sim, const struct ls_step *step)
{
	if (sim_check(sim, step->want) < 0)
		return -1;
	sim_each(sim, i)
	{
		struct ls_object *made;

		if (ls_object_compare(sim->objects[i], step->want) != 0)
			continue;
		made = ls_object_copy(sim->arena, step->want);
		if (!made)
			abort();
		made->owner = made->raw ? made->owner : LS_OWNER_OURS;
		sim->objects[i] = made;
		return 0;
	}
	return sim_refuse(sim, step->want, "there is nothing to replace");
}

static inline int sim_step(struct simulator *sim, const struct ls_step *step)
{
	switch (step->op) {
	case LS_OP_ADD:
		return sim_add(sim, step);
	case LS_OP_CHANGE:
		return sim_change(sim, step);
	case LS_OP_REPLACE:
		return sim_replace(sim, step);
	case LS_OP_DELETE:
		return sim_delete(sim, step);
	}
	return -1;
}

/* Carries out the whole plan; stops at the first step that is refused. */
static inline int sim_run(struct simulator *sim, const struct ls_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (sim_step(sim, &plan->steps[i]) < 0)
			return -1;
	return 0;
}
