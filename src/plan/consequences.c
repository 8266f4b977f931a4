/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel does on its own account when the steps of a plan are carried out. A link that goes takes along what
 * stands on it; a port that changes its vrf or bond loses its IPv6 and its routes; an IPv4 primary address takes its
 * secondaries; an address takes the preferred source of routes; disable_ipv6 and setting a link down take its IPv6; a
 * few sysctls overwrite others. The passes below find what is hit and decide: what is wanted is added again, what is
 * ours and unwanted is deleted explicitly beforehand, what is foreign is put back where that is possible, and is a
 * conflict where it is not.
 *
 * All of it was measured on kernels 6.1 and 6.18; the functions of the kernel are named where they decide.
 */
#include "planner.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

bool ls_pair_goes(const struct pair *pair)
{
	return pair->have && (pair->verdict == VERDICT_DELETE || pair->verdict == VERDICT_RECREATE || pair->lost);
}

bool ls_pair_goes_early(const struct pair *pair)
{
	return ls_pair_goes(pair) && (pair->early || pair->lost || pair->verdict == VERDICT_RECREATE);
}

bool ls_planner_give_up(struct planner *planner, struct pair *pair, const char *reason)
{
	if (pair->verdict == VERDICT_CONFLICT)
		return true;
	if (!planner->options->force)
		ls_planner_conflict(planner, pair, reason);
	else if (ls_set_add(&planner->plan->given_up, (struct ls_object *)pair->found) < 0)
		planner->out_of_memory = true;
	return !planner->options->force;
}

void ls_planner_lose(struct planner *planner, struct pair *pair, bool returns, const char *reason)
{
	if (pair->have->owner == LS_OWNER_DERIVED || pair->lost)
		return;
	pair->reason = reason;
	if (pair->want) {
		pair->lost = true;
		ls_planner_judge(planner, pair);
	} else if (pair->have->owner == LS_OWNER_OURS) {
		pair->early = true;
		pair->reason = "what it depends on goes";
	} else if (returns) {
		pair->want = pair->have;
		pair->lost = true;
		pair->verdict = VERDICT_ADD;
	} else {
		ls_planner_give_up(planner, pair, "linkspan did not make it, and what it depends on goes");
	}
}

void ls_planner_strip(struct planner *planner, struct pair *pair, unsigned attr, enum verdict back, const char *reason)
{
	struct ls_object *stripped = ls_object_copy(planner->plan->arena, pair->have);

	if (!stripped) {
		planner->out_of_memory = true;
		return;
	}
	stripped->set &= ~LS_BIT(attr);
	if (pair->verdict == VERDICT_DELETE) { /* later, when it has lost that */
		pair->have = stripped;
		return;
	}
	pair->reason = reason;
	if (pair->want) {
		pair->have = stripped;
		ls_planner_judge(planner, pair);
	} else if (pair->have->owner == LS_OWNER_FOREIGN) {
		pair->want = pair->have;
		pair->have = stripped;
		pair->bits = LS_BIT(attr);
		pair->verdict = back;
	}
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

static bool has(const struct ls_link *link, unsigned attr)
{
	return ls_object_has(&link->object, attr);
}

static bool same_parent(const struct ls_link *a, const struct ls_link *b)
{
	return has(a, LS_LINK_PARENT) && has(b, LS_LINK_PARENT) && !strcmp(a->parent, b->parent);
}

/* vlan_check_real_dev */
static bool same_vlan(const struct ls_link *a, const struct ls_link *b)
{
	return has(a, LS_LINK_VLAN_ID) && has(b, LS_LINK_VLAN_ID) && a->vlan_id == b->vlan_id && same_parent(a, b);
}

/* vxlan_vni_in_use. It tells families apart, and links below where the ends are link-local; going early is no loss
 * then. */
static bool same_vni(const struct ls_link *a, const struct ls_link *b)
{
	return has(a, LS_LINK_VNI) && has(b, LS_LINK_VNI) && a->vni == b->vni && a->port == b->port;
}

/* macvlan_common_newlink: passthru has its parent alone. */
static bool share_passthru(const struct ls_link *a, const struct ls_link *b)
{
	return has(a, LS_LINK_MACVLAN_MODE) && has(b, LS_LINK_MACVLAN_MODE) && same_parent(a, b) &&
	       (a->macvlan_mode == LS_MACVLAN_PASSTHRU || b->macvlan_mode == LS_MACVLAN_PASSTHRU);
}

/* xfrmi_newlink */
static bool same_if_id(const struct ls_link *a, const struct ls_link *b)
{
	return has(a, LS_LINK_IF_ID) && has(b, LS_LINK_IF_ID) && a->if_id == b->if_id;
}

/* What the kernel has only once. `old` cannot stay while `new` is made: `reason` to go early, if it goes at all, and
 * `refusal` if it is a stranger's (NULL: the two may get along). */
static const struct exclusive {
	bool (*clash)(const struct ls_link *new, const struct ls_link *old);
	const char *reason, *refusal;
} exclusives[] = {
	{ same_vlan, "its VLAN id is used again", NULL }, /* a stranger's may be of another protocol (802.1ad) */
	{ same_vni, "its VNI is used again", NULL },
	{ share_passthru, "a macvlan in mode passthru has its parent alone",
		"a macvlan in mode passthru has its parent alone, and there is one that linkspan did not make" },
	{ same_if_id, "its if_id is used again", "its if_id is that of a link that linkspan did not make" },
};

static void free_early(struct planner *planner, bool (*clash)(const struct ls_link *, const struct ls_link *),
	const struct ls_link *new, const char *reason)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		struct pair *old = &planner->pairs[i];

		if (old->verdict != VERDICT_DELETE || !clash(new, (const struct ls_link *)old->have))
			continue;
		old->early = true;
		old->reason = reason;
	}
}

/* netdev_rx_handler_register: a port of a bridge or a bond carries no macvlans. */
static bool carries(const struct ls_link *new, const struct ls_link *old)
{
	return ls_link_is(old, "macvlan") && has(old, LS_LINK_PARENT) && !strcmp(old->parent, new->name);
}

static bool is_held(const struct planner *planner, const struct exclusive *exclusive, const struct ls_link *new)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		const struct pair *old = &planner->pairs[i];

		if (!old->want && old->have->owner == LS_OWNER_FOREIGN &&
			exclusive->clash(new, (const struct ls_link *)old->have))
			return true;
	}
	return false;
}

/* Old holders of what is used again go first. */
static void free_exclusives(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		const struct ls_link *new = (const struct ls_link *)planner->pairs[i].want;
		struct pair *pair = &planner->pairs[i];

		if (pair->verdict == VERDICT_CHANGE && pair->bits & LS_BIT(LS_LINK_MASTER) &&
			has(new, LS_LINK_MASTER) && strcmp(ls_planner_type_of(planner, new->master), "vrf") != 0)
			free_early(planner, carries, new, "its parent becomes a port, which carries no macvlans");
		if (pair->verdict != VERDICT_ADD && pair->verdict != VERDICT_RECREATE)
			continue;
		for (size_t k = 0; k < LS_ARRAY_SIZE(exclusives); k++) {
			free_early(planner, exclusives[k].clash, new, exclusives[k].reason);
			if (exclusives[k].refusal && pair->verdict != VERDICT_CONFLICT &&
				is_held(planner, &exclusives[k], new))
				ls_planner_conflict(planner, pair, exclusives[k].refusal);
		}
	}
}

static void name_going_links(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (ls_pair_goes(pair))
			names_add(planner, ls_pair_goes_early(pair) ? &planner->early_links : &planner->late_links,
				ls_pair_link(pair)->name);
	}
}

static bool stands_on(const struct ls_link *link, struct names *names)
{
	return (ls_object_has(&link->object, LS_LINK_PARENT) && names_have(names, link->parent)) ||
	       (ls_object_has(&link->object, LS_LINK_PEER) && names_have(names, link->peer));
}

/* By then it stands on another link. */
static bool changes_parent(const struct pair *pair)
{
	return pair->verdict == VERDICT_CHANGE && pair->bits & LS_BIT(LS_LINK_PARENT);
}

/* Ours, and to go, too: without its master nothing is left on it until then. */
static bool goes_with_master(struct planner *planner, const struct pair *pair)
{
	return pair->verdict == VERDICT_DELETE && ls_planner_is_let_go(planner, pair);
}

/* One round over the links that stand on links that go. True when it found another one. */
static bool spread_to_links(struct planner *planner)
{
	bool again = false;

	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		struct pair *pair = &planner->pairs[i];
		const struct ls_link *link = ls_pair_link(pair);

		if (!pair->have || names_have(&planner->early_links, link->name) || pair->verdict == VERDICT_CONFLICT)
			continue;
		if (stands_on(link, &planner->early_links) || goes_with_master(planner, pair)) {
			if (pair->have->owner == LS_OWNER_FOREIGN && !pair->want &&
				ls_planner_give_up(
					planner, pair, "linkspan did not make it, and the link below it goes"))
				continue;
			names_add(planner, &planner->early_links, link->name);
			ls_planner_lose(planner, pair, false, "goes with the link that it stands on");
			again = true;
		} else if (stands_on(link, &planner->late_links) && pair->verdict != VERDICT_DELETE &&
			   !changes_parent(pair) && !names_have(&planner->late_links, link->name)) {
			ls_planner_give_up(planner, pair, "linkspan did not make it, and the link below it goes");
			names_add(planner, &planner->late_links, link->name);
			again = true;
		}
	}
	return again;
}

/* A bridge, bond or vrf that goes lets its ports go. */
static void release_ports(struct planner *planner)
{
	for (size_t i = planner->links.from; i < planner->links.to; i++) {
		struct pair *pair = &planner->pairs[i];
		const struct ls_link *link = ls_pair_link(pair);

		if (!pair->have || ls_pair_goes_early(pair) || !ls_object_has(pair->have, LS_LINK_MASTER))
			continue;
		if (names_have(&planner->early_links, link->master) ||
			(names_have(&planner->late_links, link->master) && !pair->want && !ls_pair_goes(pair))) {
			if (pair->want || pair->verdict == VERDICT_DELETE)
				ls_planner_strip(
					planner, pair, LS_LINK_MASTER, VERDICT_CHANGE, "its master is made anew");
			else
				ls_planner_give_up(planner, pair,
					"it is a port of a link that goes, and linkspan did not put it there");
		}
	}
}

/* ---- links that lose something while they stay --------------------------------------------------------------------
 */

/* disable_ipv6 of a link, or of all of them (addrconf_disable_ipv6). */
static void name_disabled_links(struct planner *planner, const struct ls_sysctl *want)
{
	if (strcmp(want->value, "1") != 0 || fnmatch("net/ipv6/conf/*/disable_ipv6", want->path, 0))
		return;
	if (ls_object_has(&want->object, LS_SYSCTL_DEV))
		names_add(planner, &planner->quiet_links, want->dev);
	if (strcmp(want->path, "net/ipv6/conf/all/disable_ipv6") != 0)
		return;
	for (size_t i = planner->links.from; i < planner->links.to; i++)
		if (planner->pairs[i].have)
			names_add(planner, &planner->quiet_links, ls_pair_link(&planner->pairs[i])->name);
}

/* Links that stay but lose IPv6 (addrconf_ifdown: disable_ipv6, down) or every route (down). Those whose MTU falls
 * below 1280 are in mtus.c. */
static void name_quiet_links(struct planner *planner)
{
	for (size_t i = 0; i < planner->n_pairs; i++) {
		struct pair *pair = &planner->pairs[i];

		if (pair->verdict != VERDICT_CHANGE)
			continue;
		if (pair->want->kind == &ls_kind_link) {
			const struct ls_link *want = (const struct ls_link *)pair->want;

			if (pair->bits & LS_BIT(LS_LINK_MAC))
				names_add(planner, &planner->mac_links, want->name);
			if (pair->bits & LS_BIT(LS_LINK_UP) && !want->up) {
				names_add(planner, &planner->quiet_links, want->name);
				names_add(planner, &planner->down_links, want->name);
			}
		} else if (pair->want->kind == &ls_kind_sysctl) {
			name_disabled_links(planner, (const struct ls_sysctl *)pair->want);
		}
	}
}

/* ---- what stands on links ---------------------------------------------------------------------------------------- */

static bool is_named(const char *link, void *names)
{
	return names_have(names, link);
}

static bool is_unnamed(const char *link, void *names)
{
	return !names_have(names, link);
}

static bool on_any(const struct ls_object *object, struct names *names)
{
	return ls_object_each_link(object, is_named, names);
}

bool ls_planner_on_these_only(const struct ls_object *object, struct names *names)
{
	return on_any(object, names) && !ls_object_each_link(object, is_unnamed, names);
}

unsigned ls_planner_lost_with(const struct ls_object *object)
{
	return object->kind->lost_with ? object->kind->lost_with(object) : 0;
}

static bool loses(struct planner *planner, const struct ls_object *object)
{
	unsigned with = ls_planner_lost_with(object);

	return (with & LS_LOST_DOWN && ls_planner_on_these_only(object, &planner->down_links)) ||
	       (with & LS_LOST_QUIET && ls_planner_on_these_only(object, &planner->quiet_links)) ||
	       (with & LS_LOST_MAC && on_any(object, &planner->mac_links));
}

/* Will all its links be there, and as it needs them? */
static bool is_not_back(const char *name, void *data)
{
	const struct planner *planner = data;

	return !ls_set_link(planner->desired, name);
}

static bool is_not_up(const char *name, void *data)
{
	const struct planner *planner = data;
	const struct ls_link *link = ls_set_link(planner->desired, name);

	return !link || (!link->up && ls_object_has(&link->object, LS_LINK_UP));
}

static bool returns(struct planner *planner, const struct ls_object *dependent)
{
	return !ls_object_each_link(
		dependent, dependent->kind->needs >= LS_NEEDS_UP ? is_not_up : is_not_back, planner);
}

/* Set down, or without IPv6, and not only for a moment. */
static bool is_quiet_for_good(const char *name, void *data)
{
	struct planner *planner = data;

	return names_have(&planner->quiet_links, name) && !names_have(&planner->cycled_links, name);
}

static bool is_down_afterwards(const char *name, void *data)
{
	const struct planner *planner = data;
	const struct ls_link *link = ls_set_link(planner->desired, name);

	if (!link || !has(link, LS_LINK_UP))
		link = ls_set_link(planner->actual, name);
	return !link || !link->up;
}

/* Can what a link has lost stand on it again? */
static bool stands_again(struct planner *planner, const struct ls_object *dependent)
{
	return !ls_object_each_link(dependent, is_quiet_for_good, planner) &&
	       !(dependent->kind->needs >= LS_NEEDS_UP && ls_object_each_link(dependent, is_down_afterwards, planner));
}

/* Sysctls come and go with their link. One that the plan does not ask for has to be known to the way back all the same.
 */
static void lose_sysctl(struct planner *planner, struct pair *pair)
{
	bool early = on_any(pair->have, &planner->early_links);

	if (pair->want && early)
		ls_planner_lose(planner, pair, true, "its link is made anew");
	else if (!pair->want &&
		 (early || on_any(pair->have, &planner->late_links) ||
			 ls_planner_loses_sysctl(planner, (const struct ls_sysctl *)pair->have)) &&
		 ls_set_add(&planner->plan->closure, (struct ls_object *)pair->found) < 0)
		planner->out_of_memory = true;
}

static void lose_dependent(struct planner *planner, struct pair *pair)
{
	const struct ls_object *have = pair->have;

	if (on_any(have, &planner->early_links))
		ls_planner_lose(planner, pair, returns(planner, have), "goes with its link and comes back");
	else if (on_any(have, &planner->late_links) && have->owner == LS_OWNER_FOREIGN && !pair->want)
		ls_planner_give_up(planner, pair, "linkspan did not make it, and its link goes");
	else if (!on_any(have, &planner->late_links) && loses(planner, have))
		ls_planner_lose(planner, pair, stands_again(planner, have), "its link loses it");
}

static void spread_to_dependents(struct planner *planner)
{
	for (size_t i = 0; i < planner->n_pairs; i++) {
		struct pair *pair = &planner->pairs[i];

		if (!pair->have || pair->verdict == VERDICT_CONFLICT || pair->have->kind == &ls_kind_link)
			continue;
		if (pair->have->kind == &ls_kind_sysctl)
			lose_sysctl(planner, pair);
		else
			lose_dependent(planner, pair);
	}
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

void ls_planner_consequences(struct planner *planner)
{
	free_exclusives(planner);
	ls_planner_free_udp_ports(planner);
	ls_planner_free_ports(planner);
	name_going_links(planner);
	while (spread_to_links(planner))
		;
	release_ports(planner);
	ls_planner_cycle_ports(planner);
	name_quiet_links(planner);
	ls_planner_spread_from_mtus(planner);
	spread_to_dependents(planner);
	ls_planner_spread_from_nexthops(planner);
	ls_planner_free_rules(planner);
	ls_planner_spread_from_addresses(planner);
	ls_planner_refuse_ipv6(planner);
	ls_planner_spread_from_sysctls(planner);
	ls_planner_settle_nft(planner);
}

/* Links that a step does more to than make: whatever refers to them is at risk. */
struct touching {
	struct planner *planner;
	struct names *touched;
};

static bool touch(const char *link, void *data)
{
	struct touching *touching = data;

	names_add(touching->planner, touching->touched, link);
	return false;
}

static void name_touched_links(struct planner *planner, struct names *touched)
{
	for (size_t i = 0; i < planner->plan->n_steps; i++) {
		const struct ls_step *step = &planner->plan->steps[i];
		const struct ls_object *object = step->have;

		if (!object || object->kind == &ls_kind_route)
			continue;
		if (object->kind == &ls_kind_link)
			names_add(planner, touched, ((const struct ls_link *)object)->name);
		else
			ls_object_each_link(object, touch, &(struct touching){ planner, touched });
	}
}

/* By enum ls_family: links whose DHCP client goes. */
static void name_left_links(struct planner *planner, struct names left[static LS_N_FAMILIES])
{
	for (size_t i = 0; i < planner->plan->n_steps; i++) {
		const struct ls_step *step = &planner->plan->steps[i];
		const struct ls_dhcp_client *client = (const struct ls_dhcp_client *)step->have;

		if (client && client->object.kind == &ls_kind_dhcp_client)
			names_add(planner, &left[client->family], client->dev);
	}
}

/* AF_UNSPEC: not what a client could have got. */
static uint8_t family_given(const struct ls_object *object)
{
	const struct ls_address *address = (const struct ls_address *)object;
	const struct ls_route *route = (const struct ls_route *)object;

	if (object->kind == &ls_kind_address && ls_object_has(object, LS_ADDRESS_DYNAMIC))
		return address->address.family;
	return object->kind == &ls_kind_route && route->protocol == RTPROT_DHCP ? route->to.ip.family : AF_UNSPEC;
}

/* A client takes along what it got, which is nobody's loss. */
static bool goes_with_client(const struct ls_object *object, struct names left[static LS_N_FAMILIES])
{
	uint8_t family = family_given(object);

	return family != AF_UNSPEC && on_any(object, &left[ls_family_from_socket(family)]);
}

void ls_planner_closure(struct planner *planner)
{
	struct names touched = { 0 }, left[LS_N_FAMILIES] = { 0 };
	struct ls_plan *plan = planner->plan;

	name_touched_links(planner, &touched);
	name_left_links(planner, left);
	for (size_t i = 0; touched.n && i < planner->n_pairs; i++) {
		const struct pair *pair = &planner->pairs[i];

		if (!pair->have || pair->emitted || pair->have->owner == LS_OWNER_DERIVED ||
			pair->have->kind->adjusted || !on_any(pair->have, &touched) ||
			goes_with_client(pair->have, left))
			continue;
		if (ls_set_add(&plan->closure, (struct ls_object *)pair->found) < 0)
			planner->out_of_memory = true;
	}
	ls_set_sort(&plan->closure);
	ls_set_sort(&plan->fallout);
	ls_set_sort(&plan->defaults);
	ls_set_sort(&plan->given_up);
	names_done(&touched);
	for (size_t i = 0; i < LS_ARRAY_SIZE(left); i++)
		names_done(&left[i]);
}
