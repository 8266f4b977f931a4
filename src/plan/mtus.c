/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MTUs that the kernel changes on its own account. A VLAN or a macvlan begins with that of its parent, is lowered with
 * it (vlan_device_event, macvlan_device_event) and never raised again; a bridge has the least of its ports'
 * (br_mtu_auto_adjust), unless it was given one. And a link below 1280 bytes has no IPv6 (addrconf_notify).
 *
 * Where the spec says nothing, a VLAN or macvlan of ours is to have what it would have if it were made now: that is a
 * step of the plan. A bridge is left to the kernel.
 */
#include "planner.h"

#include <string.h>

#define DEPTH_MAX 64u /* parents of parents; a stranger's links may form a ring through another namespace */

static bool has(const struct ls_link *link, unsigned attr)
{
	return link && ls_object_has(&link->object, attr);
}

/* What the spec asks for and what there is. */
struct view {
	const struct ls_set *desired, *actual;
};

static struct view view_of(const struct planner *planner)
{
	return (struct view){ planner->desired, planner->actual };
}

static bool will_be(struct view view, const char *name, const char *type)
{
	const struct ls_link *link = ls_set_link(view.desired, name);

	if (!has(link, LS_LINK_TYPE))
		link = ls_set_link(view.actual, name);
	return link && ls_link_is(link, type);
}

/* netif_reduces_vlan_mtu: on a macsec link a VLAN has 4 bytes less, and the kernel refuses more. */
static bool follows(struct view view, const struct ls_link *link)
{
	if (!has(link, LS_LINK_PARENT) || (!ls_link_is(link, "vlan") && !ls_link_is(link, "macvlan")))
		return false;
	if (has(link, LS_LINK_MASTER) && will_be(view, link->master, "bond"))
		return false; /* a bond gives its ports its own */
	return !will_be(view, link->parent, "macsec");
}

static bool is_adjusted(const struct ls_link *link)
{
	return link->object.flags & LS_OBJECT_ADJUST;
}

static bool is_made_anew(const struct ls_link *want, const struct ls_link *have)
{
	uint32_t bits = ls_object_diff(&want->object, &have->object);

	return bits && ls_object_change_to(&want->object, &have->object, bits) >= LS_CHANGE_RECREATE;
}

static uint32_t mtu_of(struct view view, const char *name)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct ls_link *want = ls_set_link(view.desired, name);
		const struct ls_link *have = ls_set_link(view.actual, name);

		if (has(want, LS_LINK_MTU))
			return want->mtu;
		if (want && !is_adjusted(want) && follows(view, want)) {
			name = want->parent;
			continue;
		}
		if (!has(have, LS_LINK_MTU) || follows(view, have) || ls_link_is(have, "bridge") ||
			(want && !is_adjusted(want) && is_made_anew(want, have)))
			return 0;
		return have->mtu;
	}
	return 0;
}

uint32_t ls_plan_mtu_of(const struct ls_set *desired, const struct ls_set *actual, const char *name)
{
	return mtu_of((struct view){ desired, actual }, name);
}

const struct ls_object *ls_plan_expected(const struct ls_set *desired, const struct ls_set *actual,
	const struct ls_object *object, struct ls_arena *arena)
{
	const struct view view = { desired, actual };
	const struct ls_link *want = (const struct ls_link *)object;
	const struct ls_link *have;
	struct ls_link *copy;
	uint32_t mtu;

	if (object->kind != &ls_kind_link || is_adjusted(want) || has(want, LS_LINK_MTU) || !follows(view, want))
		return object;
	have = ls_set_link(actual, want->name);
	mtu = mtu_of(view, want->parent);
	if (!has(have, LS_LINK_MTU) || !mtu || mtu == have->mtu)
		return object;
	copy = ls_arena_copy(arena, want, sizeof(*want));
	if (!copy)
		return NULL;
	copy->mtu = mtu;
	copy->object.set |= LS_BIT(LS_LINK_MTU);
	return &copy->object;
}

bool ls_plan_foresees(const struct ls_object *before, const struct ls_object *now)
{
	return now && now->kind == &ls_kind_link && ls_link_is((const struct ls_link *)now, "bridge") &&
	       ls_object_diff(before, now) == LS_BIT(LS_LINK_MTU);
}

/* ---- consequences ------------------------------------------------------------------------------------------------ */

/* A stranger's: nothing brings the old one back when the link below rises again. */
static void lower_strangers(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		struct pair *pair = &planner->pairs[i];
		const struct ls_link *have = (const struct ls_link *)pair->have;
		uint32_t mtu;

		if (!have || pair->have->owner == LS_OWNER_OURS ||
			has((const struct ls_link *)pair->want, LS_LINK_MTU) || !follows(view_of(planner), have))
			continue;
		mtu = mtu_of(view_of(planner), have->parent);
		if (mtu && mtu < have->mtu)
			ls_planner_give_up(planner, pair,
				"linkspan did not make it, and its MTU falls with that of the link below");
	}
}

/* As it will be, in the eyes of its master. */
static const struct ls_link *port_of(const struct pair *pair)
{
	bool told =
		pair->want && (!(pair->want->flags & LS_OBJECT_ADJUST) || pair->want->managed & LS_BIT(LS_LINK_MASTER));

	return (const struct ls_link *)(told || !pair->have ? pair->want : pair->have);
}

static bool has_small_port(struct planner *planner, const char *bridge)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		const struct ls_link *port = port_of(&planner->pairs[i]);

		if (has(port, LS_LINK_MASTER) && !strcmp(port->master, bridge) &&
			names_have(&planner->small_links, port->name))
			return true;
	}
	return false;
}

/* Does the kernel take it below 1280 with another link? */
static bool becomes_small(struct planner *planner, const struct pair *pair)
{
	const struct ls_link *have = (const struct ls_link *)pair->have;

	if (!has(have, LS_LINK_MTU) || have->mtu < LS_IPV6_MTU_MIN || ls_pair_goes(pair) ||
		has((const struct ls_link *)pair->want, LS_LINK_MTU) || names_have(&planner->small_links, have->name))
		return false;
	if (follows(view_of(planner), have))
		return names_have(&planner->small_links, have->parent);
	return ls_link_is(have, "bridge") && has_small_port(planner, have->name);
}

static bool spread_smallness(struct planner *planner)
{
	bool again = false;

	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		const struct pair *pair = &planner->pairs[i];

		if (!becomes_small(planner, pair))
			continue;
		names_add(planner, &planner->small_links, ls_pair_link(pair)->name);
		names_add(planner, &planner->quiet_links, ls_pair_link(pair)->name);
		again = true;
	}
	return again;
}

/* What a link that the spec speaks of will have, as far as that is its business; else 0. */
static uint32_t wanted_mtu(const struct planner *planner, const struct ls_link *want)
{
	if (has(want, LS_LINK_MTU))
		return want->mtu;
	return want && !is_adjusted(want) ? mtu_of(view_of(planner), want->name) : 0;
}

static void name_small_links(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		const struct pair *pair = &planner->pairs[i];
		uint32_t mtu = wanted_mtu(planner, (const struct ls_link *)pair->want);

		if (!mtu || mtu >= LS_IPV6_MTU_MIN)
			continue;
		names_add(planner, &planner->small_links, ls_pair_link(pair)->name);
		if (pair->verdict == VERDICT_CHANGE && pair->bits & LS_BIT(LS_LINK_MTU) &&
			((const struct ls_link *)pair->have)->mtu >= LS_IPV6_MTU_MIN)
			names_add(planner, &planner->quiet_links, ls_pair_link(pair)->name);
	}
}

bool ls_planner_loses_sysctl(struct planner *planner, const struct ls_sysctl *sysctl)
{
	return ls_object_has(&sysctl->object, LS_SYSCTL_DEV) && !strncmp(sysctl->path, "net/ipv6/", 9) &&
	       names_have(&planner->small_links, sysctl->dev);
}

static bool needs_ipv6(struct planner *planner, const struct ls_object *object)
{
	if (object->kind == &ls_kind_sysctl)
		return ls_planner_loses_sysctl(planner, (const struct ls_sysctl *)object);
	return ls_planner_lost_with(object) & LS_LOST_QUIET && ls_planner_on_these_only(object, &planner->small_links);
}

/* A link without IPv6 is what it asks for. */
static bool forbids_ipv6(const struct ls_object *object)
{
	const struct ls_sysctl *sysctl = (const struct ls_sysctl *)object;
	const char *name = object->kind == &ls_kind_sysctl ? strrchr(sysctl->path, '/') : NULL;

	return name && !strcmp(name, "/disable_ipv6") && !strcmp(sysctl->value, "1");
}

void ls_planner_refuse_ipv6(struct planner *planner)
{
	for (size_t i = 0; planner->small_links.n && i < planner->n_pairs; i++) {
		struct pair *pair = &planner->pairs[i];

		if (!pair->want || pair->verdict <= VERDICT_SATISFIED || pair->verdict >= VERDICT_DELETE ||
			!needs_ipv6(planner, pair->want))
			continue;
		if (forbids_ipv6(pair->want))
			pair->verdict = VERDICT_NONE;
		else
			ls_planner_conflict(planner, pair,
				"the MTU of its link will be below 1280, so the link has no IPv6 (RFC 8200)");
	}
}

void ls_planner_spread_from_mtus(struct planner *planner)
{
	lower_strangers(planner);
	name_small_links(planner);
	while (planner->small_links.n && spread_smallness(planner))
		;
}
