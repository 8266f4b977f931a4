/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of bonds and vrfs: what a link has to go through when it becomes one, is none any more, or loses its master;
 * and what a bond loses with its ports.
 */
#include "planner.h"

#include <string.h>

static bool has(const struct ls_link *link, unsigned attr)
{
	return ls_object_has(&link->object, attr);
}

const char *ls_planner_type_of(const struct planner *planner, const char *name)
{
	const struct ls_link *link = ls_set_link(planner->desired, name);

	if (!link || !has(link, LS_LINK_TYPE))
		link = ls_set_link(planner->actual, name);
	return link && has(link, LS_LINK_TYPE) ? link->type : "";
}

static const char *old_master_type(const struct planner *planner, const struct pair *pair)
{
	const struct ls_link *found = (const struct ls_link *)pair->found;
	const struct ls_link *master = has(found, LS_LINK_MASTER) ? ls_set_link(planner->actual, found->master) : NULL;

	return master && has(master, LS_LINK_TYPE) ? master->type : "";
}

static const char *new_master_type(const struct planner *planner, const struct pair *pair)
{
	const struct ls_link *want = (const struct ls_link *)pair->want;

	return has(want, LS_LINK_MASTER) ? ls_planner_type_of(planner, want->master) : "";
}

/* The address of its own that a bond keeps for a port cannot be changed there. */
static void remake_bond_ports(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (pair->verdict == VERDICT_CHANGE && pair->have->owner == LS_OWNER_OURS &&
			pair->bits & LS_BIT(LS_LINK_MAC) && !strcmp(old_master_type(planner, pair), "bond")) {
			pair->verdict = VERDICT_RECREATE;
			pair->reason = "its MAC address cannot change while it is a port of a bond";
		}
	}
}

static bool is_port_of(const struct ls_object *object, const char *name)
{
	const struct ls_link *link = (const struct ls_link *)object;

	return link && has(link, LS_LINK_MASTER) && !strcmp(link->master, name);
}

/* Will it be without ports for a while, or in the end? Ports that go in BREAK go after the new ones have come. */
static bool loses_all_ports(const struct planner *planner, const char *bond)
{
	bool any = false, late = false, wanted = false;

	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		const struct pair *pair = &planner->pairs[i];
		bool leaves =
			ls_pair_goes(pair) || (pair->verdict == VERDICT_CHANGE && pair->bits & LS_BIT(LS_LINK_MASTER));

		wanted |= is_port_of(pair->want, bond);
		if (!is_port_of(pair->found, bond))
			continue;
		if (!leaves)
			return false;
		any = true;
		late |= ls_pair_goes(pair) && !ls_pair_goes_early(pair);
	}
	return any && !(late && wanted);
}

/* Of a pair about a bond that stays. */
static bool is_emptied(const struct planner *planner, const struct pair *pair)
{
	const struct ls_link *bond = (const struct ls_link *)pair->have;

	return bond && ls_link_is(bond, "bond") && !ls_pair_goes(pair) && loses_all_ports(planner, bond->name);
}

/* With its last port a bond loses its address, also one that was given to it, and takes that of the next port
 * (__bond_release_one, bond_enslave). So the last ports go first, and the address is set once new ones are in. */
static void empty_bonds_early(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		if (!is_emptied(planner, &planner->pairs[i]))
			continue;
		for (size_t k = planner->links.from; k < planner->links.to; k++) {
			struct pair *port = &planner->pairs[k];

			if (port->verdict != VERDICT_DELETE ||
				!is_port_of(port->found, ls_pair_link(&planner->pairs[i])->name))
				continue;
			port->early = true;
			port->reason = "the last port of its bond goes first";
		}
	}
}

static void keep_bond_macs(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++)
		if (is_emptied(planner, &planner->pairs[i]))
			ls_planner_strip(planner, &planner->pairs[i], LS_LINK_MAC, VERDICT_CHANGE,
				"a bond loses its address with its last port");
}

static void name_cycled_link(struct planner *planner, const char *name)
{
	names_add(planner, &planner->quiet_links, name);
	names_add(planner, &planner->down_links, name);
	names_add(planner, &planner->cycled_links, name);
}

/* The link goes down before its master changes. The way back is told of that state. */
static void set_down(struct planner *planner, struct pair *pair)
{
	struct ls_link *down = (struct ls_link *)ls_object_copy(planner->plan->arena, pair->found);
	struct ls_link *then = (struct ls_link *)ls_object_copy(planner->plan->arena, pair->have);

	if (!down || !then || ls_set_add(&planner->plan->fallout, &down->object) < 0) {
		planner->out_of_memory = true;
		return;
	}
	down->up = then->up = 0;
	pair->first = &down->object;
	pair->have = &then->object;
	ls_planner_judge(planner, pair);
}

bool ls_planner_is_let_go(struct planner *planner, const struct pair *pair)
{
	const struct ls_link *found = (const struct ls_link *)pair->found;
	const char *type = found ? old_master_type(planner, pair) : "";

	return (!strcmp(type, "vrf") || !strcmp(type, "bond")) && names_have(&planner->early_links, found->master);
}

/* Will it have gone through another master's hands, or none's? */
static bool changes_master(struct planner *planner, const struct pair *pair)
{
	if (!pair->want || !pair->have || ls_pair_goes(pair) || pair->verdict == VERDICT_CONFLICT)
		return false;
	return (pair->verdict == VERDICT_CHANGE && pair->bits & LS_BIT(LS_LINK_MASTER)) ||
	       ls_planner_is_let_go(planner, pair);
}

/* A vrf takes a port down and up again when it comes and when it goes (cycle_netdev), and even of one that is down the
 * addresses of IPv6 go. A bond takes only what is down, brings it up, and leaves it down when it lets it go
 * (bond_enslave, __bond_release_one): there the step down is one of the plan. */
static void cycle_ports(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		struct pair *pair = &planner->pairs[i];
		const char *old, *new;
		bool bond;

		if (!changes_master(planner, pair))
			continue;
		old = old_master_type(planner, pair);
		new = new_master_type(planner, pair);
		bond = !strcmp(old, "bond") || !strcmp(new, "bond");
		if (!bond && strcmp(old, "vrf") != 0 && strcmp(new, "vrf") != 0)
			continue;
		name_cycled_link(planner, ls_pair_link(pair)->name);
		pair->reason = pair->reason ? pair->reason : "its master takes it down on the way";
		if (bond && ((const struct ls_link *)pair->found)->up)
			set_down(planner, pair);
	}
}

/* vlan_device_event: VLANs go down and come up with the link below. True when it found another one. */
static bool cycle_vlans(struct planner *planner)
{
	bool again = false;

	for (size_t i = planner->links.from; planner->cycled_links.n && i < planner->links.to; i++) {
		const struct ls_link *link = (const struct ls_link *)planner->pairs[i].have;

		if (!link || ls_pair_goes(&planner->pairs[i]) || !ls_link_is(link, "vlan") ||
			!has(link, LS_LINK_PARENT) || !names_have(&planner->cycled_links, link->parent) ||
			names_have(&planner->cycled_links, link->name))
			continue;
		name_cycled_link(planner, link->name);
		again = true;
	}
	return again;
}

void ls_planner_free_ports(struct planner *planner)
{
	remake_bond_ports(planner);
	empty_bonds_early(planner);
}

void ls_planner_cycle_ports(struct planner *planner)
{
	keep_bond_macs(planner);
	cycle_ports(planner);
	while (cycle_vlans(planner))
		;
}
