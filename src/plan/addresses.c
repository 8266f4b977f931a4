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
	return (const struct ls_address *)ls_pair_object(pair);
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

static bool is_near(const struct planner *planner, size_t i, const struct ls_address *of)
{
	const struct ls_address *address = address_of(&planner->pairs[i]);
	struct ls_prefix prefix = { .ip = of->address, .length = of->prefix_length };

	return !strcmp(address->dev, of->dev) && ls_prefix_contains(&prefix, &address->address);
}

/* All of a subnet are among these: the addresses of a link lie together, and are in order. */
static struct span near(const struct planner *planner, const struct pair *pair)
{
	size_t i = (size_t)(pair - planner->pairs);
	struct span span = { i, i + 1 };

	while (span.from > planner->addresses.from && is_near(planner, span.from - 1, address_of(pair)))
		span.from--;
	while (span.to < planner->addresses.to && is_near(planner, span.to, address_of(pair)))
		span.to++;
	return span;
}

static bool subnet_stays(const struct planner *planner, struct span subnet, const struct ls_address *gone)
{
	for (size_t i = subnet.from; i < subnet.to; i++)
		if (in_subnet(&planner->pairs[i], gone) && !ls_pair_goes(&planner->pairs[i]))
			return true;
	return false;
}

/* __inet_del_ifa: deleting a primary deletes the secondaries of its subnet, unless promote_secondaries. So it goes
 * before a new neighbour is added, which would become a secondary and go along. */
static void lose_secondaries(struct planner *planner, struct pair *primary)
{
	const struct ls_address *gone = address_of(primary);
	struct span subnet = near(planner, primary);

	if (!subnet_stays(planner, subnet, gone))
		return;
	primary->early = true;
	for (size_t i = subnet.from; i < subnet.to; i++) {
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
static void reorder_subnet(struct planner *planner, const struct pair *first)
{
	const struct ls_address *primary = address_of(first);
	struct span subnet = near(planner, first);

	for (size_t i = subnet.from; i < subnet.to; i++) {
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
			reorder_subnet(planner, &planner->pairs[i]);
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

/* IPv4 addresses of one link, by when they are there. */
struct tally {
	size_t there, after_early, at_end;
};

static void count(struct tally *tally, const struct pair *pair)
{
	tally->there += pair->have != NULL;
	tally->after_early += pair->have && !ls_pair_goes_early(pair);
	tally->at_end += pair->want || !ls_pair_goes(pair);
}

/* Links that are without any IPv4 address for a while: from EARLY on, or from BREAK on. */
struct emptied {
	struct names early, refilled; /* of the early ones: have one in the end */
	struct names any;
};

static void note_emptied(struct planner *planner, struct emptied *emptied, const char *dev, const struct tally *tally)
{
	if (!tally->there || (tally->after_early && tally->at_end) || names_have(&planner->early_links, dev))
		return;
	names_add(planner, &emptied->any, dev);
	if (!tally->after_early)
		names_add(planner, &emptied->early, dev);
	if (!tally->after_early && tally->at_end)
		names_add(planner, &emptied->refilled, dev);
}

static void find_emptied(struct planner *planner, struct emptied *emptied)
{
	for (size_t i = planner->addresses.from, next; i < planner->addresses.to; i = next) {
		const char *dev = address_of(&planner->pairs[i])->dev;
		struct tally tally = { 0 };

		for (next = i; next < planner->addresses.to; next++) {
			const struct ls_address *address = address_of(&planner->pairs[next]);

			if (strcmp(address->dev, dev) != 0)
				break;
			if (address->address.family == AF_INET)
				count(&tally, &planner->pairs[next]);
		}
		note_emptied(planner, emptied, dev, &tally);
	}
}

/* fib_inetaddr_event: without any IPv4 address left, fib_disable_ip removes every IPv4 route of the link, and
 * inetdev_destroy its neighbours and proxies. */
static bool is_lost_with_addresses(const struct ls_object *object, struct names *links)
{
	return ls_planner_lost_with(object) & LS_LOST_LAST_ADDRESS && ls_planner_on_these_only(object, links);
}

struct emptying {
	struct planner *planner;
	struct emptied *emptied;
};

static bool empty_early(const char *dev, void *data)
{
	struct emptying *emptying = data;

	if (!names_have(&emptying->emptied->early, dev))
		names_add(emptying->planner, &emptying->emptied->early, dev);
	return false;
}

/* What is wanted on a link without addresses must come after they have gone. */
static void make_room(struct planner *planner, struct emptied *emptied)
{
	for (size_t i = planner->addresses.to; i < planner->n_pairs; i++) {
		const struct ls_object *want = planner->pairs[i].want;

		if (want && is_lost_with_addresses(want, &emptied->any))
			ls_object_each_link(want, empty_early, &(struct emptying){ planner, emptied });
	}
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		struct pair *pair = &planner->pairs[i];
		const struct ls_address *address = address_of(pair);

		if (address->address.family != AF_INET || !ls_pair_goes(pair) || ls_pair_goes_early(pair) ||
			!names_have(&emptied->early, address->dev))
			continue;
		pair->early = true;
		pair->reason = "the last address of its link, with which goes what else is on it";
	}
}

static void lose_with_addresses(struct planner *planner, struct emptied *emptied, struct pair *pair)
{
	if (is_lost_with_addresses(pair->have, &emptied->early))
		ls_planner_lose(planner, pair, is_lost_with_addresses(pair->have, &emptied->refilled),
			"goes with the last address of its link and comes back");
	else if (pair->have->owner == LS_OWNER_FOREIGN && !pair->want)
		ls_planner_give_up(planner, pair, "linkspan did not make it, and its link loses its last address");
}

static void spread_from_last_addresses(struct planner *planner)
{
	struct emptied emptied = { 0 };

	find_emptied(planner, &emptied);
	if (emptied.any.n)
		make_room(planner, &emptied);
	for (size_t i = planner->addresses.from; emptied.any.n && i < planner->n_pairs; i++) {
		struct pair *pair = &planner->pairs[i];

		if (pair->have && pair->verdict != VERDICT_CONFLICT && is_lost_with_addresses(pair->have, &emptied.any))
			lose_with_addresses(planner, &emptied, pair);
	}
	names_done(&emptied.early);
	names_done(&emptied.refilled);
	names_done(&emptied.any);
}

/* ---- preferred sources ------------------------------------------------------------------------------------------- */

/* Pairs by an address that they are about: hosts have many of both. */
struct by_ip {
	const struct ls_ip *ip;
	struct pair *pair;
};

struct index {
	struct by_ip *items;
	size_t n;
};

static int compare_ips(const void *a, const void *b)
{
	return memcmp(((const struct by_ip *)a)->ip, ((const struct by_ip *)b)->ip, sizeof(struct ls_ip));
}

/* The first of that address. */
static size_t find_ip(const struct index *index, const struct ls_ip *ip)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(index->items[middle].ip, ip, sizeof(*ip)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct index *index, size_t i, const struct ls_ip *ip)
{
	return i < index->n && !memcmp(index->items[i].ip, ip, sizeof(*ip));
}

static const struct ls_ip *ip_of_address(const struct pair *pair)
{
	return &address_of(pair)->address;
}

/* NULL: the kernel's own look after themselves. */
static const struct ls_ip *source_of_route(const struct pair *pair)
{
	bool concerned = pair->have && (pair->want || pair->have->owner != LS_OWNER_DERIVED);

	return concerned && ls_object_has(pair->have, LS_ROUTE_SRC) ? &((const struct ls_route *)pair->have)->src
								    : NULL;
}

static void build_index(struct planner *planner, struct span span,
	const struct ls_ip *(*ip_of)(const struct pair *pair), struct index *ret)
{
	ret->items = calloc(span.to - span.from + 1, sizeof(*ret->items));
	planner->out_of_memory |= !ret->items;
	for (size_t i = span.from; ret->items && i < span.to; i++) {
		const struct ls_ip *ip = ip_of(&planner->pairs[i]);

		if (ip)
			ret->items[ret->n++] = (struct by_ip){ ip, &planner->pairs[i] };
	}
	if (ret->items)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_ips);
}

/* Will a link have it when the plan is through? */
static bool address_stays(const struct index *addresses, const struct ls_ip *ip)
{
	for (size_t i = find_ip(addresses, ip); is_of(addresses, i, ip); i++)
		if (addresses->items[i].pair->want || !ls_pair_goes(addresses->items[i].pair))
			return true;
	return false;
}

/* On any link: a source is local as long as one has it. */
static bool address_gone_early(const struct index *addresses, const struct ls_ip *ip)
{
	for (size_t i = find_ip(addresses, ip); is_of(addresses, i, ip); i++)
		if (addresses->items[i].pair->have && !ls_pair_goes_early(addresses->items[i].pair))
			return false;
	return true;
}

static bool address_wanted(const struct index *addresses, const struct ls_ip *ip)
{
	for (size_t i = find_ip(addresses, ip); is_of(addresses, i, ip); i++)
		if (addresses->items[i].pair->want)
			return true;
	return false;
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
static void lose_source_of(
	struct planner *planner, struct pair *pair, const struct ls_ip *ip, bool early, bool comes_back)
{
	if (pair->lost || pair->verdict == VERDICT_CONFLICT || !ls_object_has(pair->have, LS_ROUTE_SRC))
		return;
	if (!comes_back && pair->have->owner == LS_OWNER_FOREIGN && !pair->want)
		ls_planner_give_up(planner, pair, "linkspan did not make it, and its preferred source goes");
	else if (early)
		lose_source(planner, pair, comes_back);
	else if (pair->want && wants_source(pair, ip))
		ls_planner_conflict(planner, pair, "its preferred source goes");
}

static void spread_to_sources(struct planner *planner, const struct index *addresses, const struct index *sources)
{
	for (size_t i = planner->addresses.from; i < planner->addresses.to; i++) {
		const struct ls_ip *ip = ip_of_address(&planner->pairs[i]);
		bool early;

		if (!ls_pair_goes(&planner->pairs[i]))
			continue;
		early = address_gone_early(addresses, ip);
		if (!early && address_stays(addresses, ip))
			continue;
		for (size_t k = find_ip(sources, ip); is_of(sources, k, ip); k++)
			lose_source_of(
				planner, sources->items[k].pair, ip, early, early && address_wanted(addresses, ip));
	}
}

static void spread_from_addresses(struct planner *planner)
{
	struct index sources = { 0 }, addresses = { 0 };

	build_index(planner, planner->routes, source_of_route, &sources);
	if (sources.n)
		build_index(planner, planner->addresses, ip_of_address, &addresses);
	if (sources.n)
		spread_to_sources(planner, &addresses, &sources);
	free(sources.items);
	free(addresses.items);
}

void ls_planner_spread_from_addresses(struct planner *planner)
{
	restore_precedence(planner);
	spread_to_secondaries(planner);
	spread_from_last_addresses(planner);
	spread_from_addresses(planner);
}
