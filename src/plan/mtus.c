/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MTU of links that stand on others. A VLAN or a macvlan begins with that of its parent; the kernel lowers it with
 * the parent's (vlan_device_event, macvlan_device_event), but never raises it again. Where the spec says nothing, the
 * link is to have what it would have if it were made now.
 */
#include "planner.h"

#include <string.h>

#define DEPTH_MAX 64u /* parents of parents; a stranger's links may form a ring through another namespace */

static bool has(const struct ls_link *link, unsigned attr)
{
	return link && ls_object_has(&link->object, attr);
}

/* netif_reduces_vlan_mtu: on a macsec link a VLAN has 4 bytes less, and the kernel refuses more. */
static bool follows(const struct planner *planner, const struct ls_link *link)
{
	if (!has(link, LS_LINK_PARENT) || (!ls_link_is(link, "vlan") && !ls_link_is(link, "macvlan")))
		return false;
	if (has(link, LS_LINK_MASTER) && !strcmp(ls_planner_type_of(planner, link->master), "bond"))
		return false; /* a bond gives its ports its own */
	return strcmp(ls_planner_type_of(planner, link->parent), "macsec") != 0;
}

/* What a link will have; 0: not known. */
static uint32_t mtu_of(const struct planner *planner, const char *name)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct ls_link *want = ls_set_link(planner->desired, name);

		if (has(want, LS_LINK_MTU))
			return want->mtu;
		if (!follows(planner, want)) {
			const struct ls_link *have = ls_set_link(planner->actual, name);

			return has(have, LS_LINK_MTU) ? have->mtu : 0;
		}
		name = want->parent;
	}
	return 0;
}

void ls_planner_raise_mtu(struct planner *planner, struct pair *pair)
{
	const struct ls_link *want = (const struct ls_link *)pair->want, *have = (const struct ls_link *)pair->have;
	struct ls_link *copy;
	uint32_t mtu;

	if (!want || want->object.kind != &ls_kind_link || !has(have, LS_LINK_MTU) || has(want, LS_LINK_MTU) ||
		!follows(planner, want))
		return;
	mtu = mtu_of(planner, want->parent);
	if (mtu <= have->mtu)
		return;
	copy = ls_arena_copy(planner->plan->arena, want, sizeof(*want));
	if (!copy) {
		planner->out_of_memory = true;
		return;
	}
	copy->mtu = mtu;
	copy->object.set |= LS_BIT(LS_LINK_MTU);
	pair->want = &copy->object;
}
