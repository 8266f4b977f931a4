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
	return (const struct ls_nexthop *)(pair->have ? pair->have : pair->want);
}

/* The members of a group but one; "" when it was the only one, NULL when it is not among them or memory ran out. */
static const char *members_without(struct planner *planner, const struct ls_nexthop *group, uint32_t id)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };
	const char *at = group->members, *rest;
	uint32_t member, weight;
	bool found = false;

	while (ls_nexthop_next_member(&at, &member, &weight)) {
		if (member == id)
			found = true;
		else
			(void)ls_buf_printf(&buf, "%s%u*%u", buf.length ? " " : "", member, weight);
	}
	if (!found)
		return NULL;
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

static void spread_to_routes(struct planner *planner, const struct pair *nexthop)
{
	for (size_t i = planner->routes.from; i < planner->routes.to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (!pair->have || !ls_object_has(pair->have, LS_ROUTE_NEXTHOP) || pair->verdict == VERDICT_CONFLICT ||
			((const struct ls_route *)pair->have)->nexthop != nexthop_of(nexthop)->id)
			continue;
		if (ls_pair_goes_early(nexthop))
			ls_planner_lose(planner, pair, nexthop->want != NULL, "goes with its nexthop and comes back");
		else if (pair->have->owner == LS_OWNER_FOREIGN && !pair->want)
			ls_planner_give_up(planner, pair, "linkspan did not make it, and its nexthop goes");
	}
}

/* Members first, since groups may go with them. */
static void spread(struct planner *planner, bool groups)
{
	for (size_t i = planner->nexthops.from; i < planner->nexthops.to; i++) {
		const struct pair *pair = &planner->pairs[i];

		if (!pair->have || ls_object_has(pair->have, LS_NEXTHOP_MEMBERS) != groups || !ls_pair_goes(pair))
			continue;
		if (!groups)
			spread_to_groups(planner, pair);
		spread_to_routes(planner, pair);
	}
}

void ls_planner_spread_from_nexthops(struct planner *planner)
{
	spread(planner, false);
	spread(planner, true);
}
