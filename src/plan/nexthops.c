/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel does when a nexthop object goes (remove_nexthop): the routes that name it go, and groups lose it as a
 * member; a group without members goes as well.
 */
#include "planner.h"

#include <stdio.h>
#include <string.h>

static const struct ls_nexthop *nexthop_of(const struct pair *pair)
{
	return (const struct ls_nexthop *)ls_pair_object(pair);
}

static bool is_member(const struct ls_nexthop *group, uint32_t id)
{
	const char *at = group->members;
	uint32_t member, weight;

	while (ls_nexthop_next_member(&at, &member, &weight))
		if (member == id)
			return true;
	return false;
}

/* The members of a group but one; "" when it was the only one, NULL when it is not among them or memory ran out. */
static const char *members_without(struct planner *planner, const struct ls_nexthop *group, uint32_t id)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };
	const char *at = group->members, *rest;
	uint32_t member, weight;

	if (!is_member(group, id))
		return NULL;
	while (ls_nexthop_next_member(&at, &member, &weight))
		if (member != id)
			(void)ls_buf_printf(&buf, "%s%u*%u", buf.length ? " " : "", member, weight);
	if (!buf.length && !buf.failed)
		return "";
	rest = buf.failed ? NULL : ls_arena_intern(planner->plan->arena, (const char *)buf.data, buf.length);
	planner->out_of_memory |= !rest;
	return rest;
}

static void shrink(struct planner *planner, struct pair *pair, const char *members)
{
	struct ls_nexthop *smaller = (struct ls_nexthop *)ls_object_copy(planner->plan->arena, pair->have);

	if (!smaller) {
		planner->out_of_memory = true;
		return;
	}
	smaller->members = members;
	pair->have = &smaller->object;
	pair->reason = "loses a member on the way";
	if (!pair->want && pair->found->owner == LS_OWNER_FOREIGN)
		pair->want = pair->found;
	if (pair->want)
		ls_planner_judge(planner, pair);
}

static void leave_group(struct planner *planner, struct pair *group, const struct pair *member)
{
	const char *members = members_without(planner, nexthop_of(group), nexthop_of(member)->id);
	bool foreign = group->have->owner == LS_OWNER_FOREIGN && !group->want;

	if (!members)
		return;
	if (foreign && !member->want)
		ls_planner_give_up(planner, group, "linkspan did not make it, and one of its members goes");
	else if (ls_pair_goes_early(member) && !*members)
		ls_planner_lose(planner, group, member->want != NULL, "goes with its last member and comes back");
	else if (ls_pair_goes_early(member))
		shrink(planner, group, members);
}

static void spread_to_groups(struct planner *planner, const struct pair *member)
{
	for (size_t i = planner->nexthops.from; i < planner->nexthops.to; i++) {
		struct pair *group = &planner->pairs[i];

		if (group->have && ls_object_has(group->have, LS_NEXTHOP_MEMBERS) && !group->lost &&
			group->verdict != VERDICT_CONFLICT)
			leave_group(planner, group, member);
	}
}

static void spread_to_all_groups(struct planner *planner)
{
	for (size_t i = planner->nexthops.from; i < planner->nexthops.to; i++) {
		const struct pair *pair = &planner->pairs[i];

		if (pair->have && !ls_object_has(pair->have, LS_NEXTHOP_MEMBERS) && ls_pair_goes(pair))
			spread_to_groups(planner, pair);
	}
}

/* Nexthops are in order of their ids. */
static const struct pair *find_nexthop(const struct planner *planner, uint32_t id)
{
	size_t low = planner->nexthops.from, high = planner->nexthops.to;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nexthop_of(&planner->pairs[middle])->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < planner->nexthops.to && nexthop_of(&planner->pairs[low])->id == id ? &planner->pairs[low] : NULL;
}

static void spread_to_route(struct planner *planner, struct pair *pair)
{
	const struct pair *nexthop = find_nexthop(planner, ((const struct ls_route *)pair->have)->nexthop);

	if (!nexthop || !nexthop->have || !ls_pair_goes(nexthop))
		return;
	if (ls_pair_goes_early(nexthop))
		ls_planner_lose(planner, pair, nexthop->want != NULL, "goes with its nexthop and comes back");
	else if (pair->have->owner == LS_OWNER_FOREIGN && !pair->want)
		ls_planner_give_up(planner, pair, "linkspan did not make it, and its nexthop goes");
}

/* Groups first, since they may go with their members. */
void ls_planner_spread_from_nexthops(struct planner *planner)
{
	spread_to_all_groups(planner);
	for (size_t i = planner->routes.from; planner->nexthops.to && i < planner->routes.to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (pair->have && ls_object_has(pair->have, LS_ROUTE_NEXTHOP) && pair->verdict != VERDICT_CONFLICT)
			spread_to_route(planner, pair);
	}
}
