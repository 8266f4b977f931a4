/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel does when addresses go: an IPv4 primary takes its secondaries, the last IPv4 address of a link takes
 * the link's IPv4, and a preferred source takes routes (IPv4) or is taken from them (IPv6).
 */
#include "planner.h"

#include <string.h>
#include <sys/socket.h>

/* Of a pair within planner->addresses. */
static const struct ls_address *address_of(const struct pair *pair)
{
	return (const struct ls_address *)(pair->have ? pair->have : pair->want);
}

static bool sysctl_is_on(const struct ls_set *set, struct ls_arena *arena, const char *dev)
{
	struct ls_sysctl key = { .object = { .kind = &ls_kind_sysctl, .set = LS_BIT(LS_SYSCTL_PATH) } };
	const struct ls_sysctl *found;

	key.path = ls_arena_printf(arena, "net/ipv4/conf/%s/promote_secondaries", dev);
	found = key.path ? (const struct ls_sysctl *)ls_set_find(set, &key.object) : NULL;
	return found && ls_object_has(&found->object, LS_SYSCTL_VALUE) && strcmp(found->value, "0") != 0;
}

static bool promotes(struct planner *planner, const char *dev)
{
	struct ls_arena *arena = planner->plan->arena;

	return sysctl_is_on(planner->actual, arena, "all") || sysctl_is_on(planner->actual, arena, dev);
}

static bool same_subnet(const struct ls_address *a, const struct ls_address *b)
{
	struct ls_prefix prefix = { .ip = a->address, .length = a->prefix_length };

	return a->prefix_length == b->prefix_length && !strcmp(a->dev, b->dev) &&
	       ls_prefix_contains(&prefix, &b->address);
}

static bool in_subnet(const struct pair *pair, const struct ls_address *of)
{
	const struct ls_address *address = address_of(pair);

	return address != of && address->address.family == AF_INET && same_subnet(of, address);
}

static bool subnet_stays(const struct planner *planner, const struct ls_address *gone)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++)
		if (in_subnet(&planner->pairs[i], gone) && !ls_pair_goes(&planner->pairs[i]))
			return true;
	return false;
}

/* __inet_del_ifa: deleting a primary deletes the secondaries of its subnet, unless promote_secondaries. So it goes
 * before a new neighbour is added, which would become a secondary and go along. */
static void lose_secondaries(struct planner *planner, struct pair *primary)
{
	const struct ls_address *gone = address_of(primary);

	if (!subnet_stays(planner, gone))
		return;
	primary->early = true;
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (in_subnet(pair, gone) && pair->have && ls_object_has(pair->have, LS_ADDRESS_SECONDARY))
			ls_planner_lose(
				planner, pair, true, "goes with the primary address of its subnet and comes back");
	}
}

/* Was it to be the primary address of its subnet, and is not? Only a way back asks for that. */
bool ls_planner_lost_precedence(const struct pair *pair)
{
	return pair->want && pair->want->kind == &ls_kind_address && pair->have &&
	       pair->want->flags & LS_OBJECT_EXACT && !ls_pair_goes(pair) &&
	       ls_object_has(pair->have, LS_ADDRESS_SECONDARY) && !ls_object_has(pair->want, LS_ADDRESS_SECONDARY);
}

/* The kernel has no word for it: the whole subnet goes and comes back in order. */
static void reorder_subnet(struct planner *planner, const struct ls_address *primary)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (!pair->have || ls_pair_goes(pair) || (address_of(pair) != primary && !in_subnet(pair, primary)))
			continue;
		pair->want = pair->want ? pair->want : pair->have;
		pair->verdict = VERDICT_RECREATE;
		pair->reason = "another address comes first in its subnet";
	}
}

static void restore_precedence(struct planner *planner)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++)
		if (ls_planner_lost_precedence(&planner->pairs[i]))
			reorder_subnet(planner, address_of(&planner->pairs[i]));
}

static void spread_to_secondaries(struct planner *planner)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		struct pair *pair = &planner->pairs[i];
		const struct ls_address *address = pair->have ? address_of(pair) : NULL;

		if (address && address->address.family == AF_INET && !pair->lost && ls_pair_goes(pair) &&
			!ls_object_has(pair->have, LS_ADDRESS_SECONDARY) && !promotes(planner, address->dev))
			lose_secondaries(planner, pair);
	}
}

/* ---- the last address of a link ---------------------------------------------------------------------------------- */

struct tally {
	size_t there, after_early, at_end;
};

static struct tally tally_ipv4(const struct planner *planner, const char *dev)
{
	struct tally tally = { 0 };

	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		const struct pair *pair = &planner->pairs[i];
		const struct ls_address *address = address_of(pair);

		if (address->address.family != AF_INET || strcmp(address->dev, dev) != 0)
			continue;
		tally.there += pair->have != NULL;
		tally.after_early += pair->have && !ls_pair_goes_early(pair);
		tally.at_end += pair->want || !ls_pair_goes(pair);
	}
	return tally;
}

/* fib_inetaddr_event: without any IPv4 address left, fib_disable_ip removes every IPv4 route of the link, and
 * inetdev_destroy its neighbours and proxies. */
static bool is_lost_with_addresses(const struct ls_object *object, struct names *dev)
{
	return ls_planner_lost_with(object) & LS_LOST_LAST_ADDRESS && ls_planner_on_these_only(object, dev);
}

static bool any_wanted_without(const struct planner *planner, struct names *dev)
{
	for (size_t i = planner->addresses.from; i < planner->n_pairs; i++)
		if (planner->pairs[i].want && is_lost_with_addresses(planner->pairs[i].want, dev))
			return true;
	return false;
}

static void delete_ipv4_early(struct planner *planner, const char *dev)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		struct pair *pair = &planner->pairs[i];
		const struct ls_address *address = address_of(pair);

		if (address->address.family != AF_INET || strcmp(address->dev, dev) != 0 || ls_pair_goes_early(pair))
			continue;
		pair->early = true;
		pair->reason = "the last address of its link, with which goes what else is on it";
	}
}

static void lose_ipv4_of(struct planner *planner, const char *dev)
{
	struct names only = { .items = &dev, .n = 1, .sorted = true };
	struct tally tally = tally_ipv4(planner, dev);

	if (!tally.there || (tally.after_early && tally.at_end))
		return;
	/* What is wanted on a link without addresses must come after they have gone. */
	if (tally.after_early && any_wanted_without(planner, &only)) {
		delete_ipv4_early(planner, dev);
		tally.after_early = 0;
	}
	for (size_t i = planner->addresses.from; i < planner->n_pairs; i++) {
		struct pair *pair = &planner->pairs[i];

		if (!pair->have || pair->verdict == VERDICT_CONFLICT || !is_lost_with_addresses(pair->have, &only))
			continue;
		if (!tally.after_early)
			ls_planner_lose(
				planner, pair, tally.at_end, "goes with the last address of its link and comes back");
		else if (pair->have->owner == LS_OWNER_FOREIGN && !pair->want)
			ls_planner_give_up(
				planner, pair, "linkspan did not make it, and its link loses its last address");
	}
}

static void spread_from_last_addresses(struct planner *planner)
{
	const char *done = NULL;

	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		const struct pair *pair = &planner->pairs[i];
		const struct ls_address *address = pair->have ? address_of(pair) : NULL;

		if (!address || address->address.family != AF_INET || !ls_pair_goes(pair) ||
			(done && !strcmp(done, address->dev)) || names_have(&planner->early_links, address->dev))
			continue;
		done = address->dev;
		lose_ipv4_of(planner, done);
	}
}

/* ---- preferred sources ------------------------------------------------------------------------------------------- */

/* Will a link have it when the plan is through? */
static bool address_stays(const struct planner *planner, const struct ls_ip *ip)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		const struct pair *pair = &planner->pairs[i];

		if ((pair->want || !ls_pair_goes(pair)) && !memcmp(&address_of(pair)->address, ip, sizeof(*ip)))
			return true;
	}
	return false;
}

/* On any link: a source is local as long as one has it. */
static bool address_gone_early(const struct planner *planner, const struct ls_ip *ip)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		const struct pair *pair = &planner->pairs[i];

		if (pair->have && !ls_pair_goes_early(pair) && !memcmp(&address_of(pair)->address, ip, sizeof(*ip)))
			return false;
	}
	return true;
}

static bool address_wanted(const struct planner *planner, const struct ls_ip *ip)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		const struct ls_address *address = address_of(&planner->pairs[i]);

		if (planner->pairs[i].want && !memcmp(&address->address, ip, sizeof(*ip)))
			return true;
	}
	return false;
}

static bool route_uses(const struct pair *pair, const struct ls_ip *ip)
{
	const struct ls_route *route = (const struct ls_route *)pair->have;

	return pair->have && ls_object_has(pair->have, LS_ROUTE_SRC) && !memcmp(&route->src, ip, sizeof(*ip));
}

static bool wants_source(const struct pair *pair, const struct ls_ip *ip)
{
	const struct ls_route *route = (const struct ls_route *)pair->want;

	return ls_object_has(pair->want, LS_ROUTE_SRC) && !memcmp(&route->src, ip, sizeof(*ip));
}

static void lose_source(struct planner *planner, struct pair *pair, bool comes_back)
{
	if (((const struct ls_route *)pair->have)->to.ip.family == AF_INET)
		ls_planner_lose(planner, pair, comes_back, "goes with its preferred source and comes back");
	else
		ls_planner_strip(planner, pair, LS_ROUTE_SRC, VERDICT_REPLACE, "loses its preferred source on the way");
}

/* fib_sync_down_addr removes IPv4 routes with that preferred source, fib6_remove_prefsrc strips it from IPv6 ones. */
static void spread_to_sources(struct planner *planner, const struct ls_ip *ip, bool early)
{
	bool comes_back = early && address_wanted(planner, ip);

	for (size_t i = planner->routes.from; i < planner->routes.to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (!route_uses(pair, ip) || pair->lost || pair->verdict == VERDICT_CONFLICT)
			continue;
		if (!comes_back && pair->have->owner == LS_OWNER_FOREIGN && !pair->want)
			ls_planner_give_up(planner, pair, "linkspan did not make it, and its preferred source goes");
		else if (early)
			lose_source(planner, pair, comes_back);
		else if (pair->want && wants_source(pair, ip))
			ls_planner_conflict(planner, pair, "its preferred source goes");
	}
}

static bool any_source(const struct planner *planner)
{
	for (size_t i = planner->routes.from; i < planner->routes.to; i++)
		if (planner->pairs[i].have && ls_object_has(planner->pairs[i].have, LS_ROUTE_SRC))
			return true;
	return false;
}

static void spread_from_addresses(struct planner *planner)
{
	if (!any_source(planner))
		return;
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		const struct pair *pair = &planner->pairs[i];
		const struct ls_ip *ip = &address_of(pair)->address;
		bool early = ls_pair_goes(pair) && address_gone_early(planner, ip);

		if (early || (ls_pair_goes(pair) && !address_stays(planner, ip)))
			spread_to_sources(planner, ip, early);
	}
}

void ls_planner_spread_from_addresses(struct planner *planner)
{
	restore_precedence(planner);
	spread_to_secondaries(planner);
	spread_from_last_addresses(planner);
	spread_from_addresses(planner);
}
