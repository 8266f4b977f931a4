/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The next hops of a multipath route, and the members of a group of nexthop objects: the two values that have parts.
 */
#include "hops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_texts(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare(const void *a, const void *b)
{
	const struct ls_hop *x = a, *y = b;
	int order = memcmp(&x->via, &y->via, sizeof(x->via));

	if (!order)
		order = compare_texts(x->dev, y->dev);
	if (!order)
		order = (int)x->weight - (int)y->weight;
	return order ? order : (int)x->onlink - (int)y->onlink;
}

void ls_hops_sort(struct ls_hops *hops)
{
	if (hops->n)
		qsort(hops->hops, hops->n, sizeof(*hops->hops), compare);
}

bool ls_hops_equal(const struct ls_hops *a, const struct ls_hops *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (compare(&a->hops[i], &b->hops[i]))
			return false;
	return true;
}

int ls_hops_copy(struct ls_arena *arena, struct ls_hops *hops)
{
	struct ls_hop *copy = ls_arena_copy(arena, hops->hops, hops->n * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < hops->n; i++) {
		copy[i].dev = copy[i].dev ? ls_arena_intern(arena, copy[i].dev, strlen(copy[i].dev)) : NULL;
		if (!copy[i].dev && hops->hops[i].dev)
			return -ENOMEM;
	}
	hops->hops = copy;
	return 0;
}

/* As `ip route` writes them, with commas between. Truncates. */
void ls_hops_format(const struct ls_hops *hops, char *text, size_t size)
{
	char via[LS_IP_TEXT_MAX];
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < hops->n && length < size; i++) {
		const struct ls_hop *hop = &hops->hops[i];
		bool has_via = hop->via.family != 0;

		length += (size_t)snprintf(text + length, size - length, "%s%s%s%s%s%sweight %u%s", i ? ", " : "",
			has_via ? "via " : "", has_via ? ls_ip_format(&hop->via, via) : "",
			hop->dev ? has_via ? " dev " : "dev " : "", hop->dev ? hop->dev : "",
			has_via || hop->dev ? " " : "", hop->weight, hop->onlink ? " onlink" : "");
	}
}

/* A number, and the character behind it, which *at moves beyond. */
static bool take_number(const char **at, char behind, uint32_t *ret)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(*at, &end, 10);
	if (end == *at || errno || number > UINT32_MAX || (*end && *end != behind))
		return false;
	*ret = (uint32_t)number;
	*at = end + (*end == behind && behind);
	return true;
}

bool ls_nexthop_next_member(const char **at, uint32_t *ret_id, uint32_t *ret_weight)
{
	return **at >= '0' && **at <= '9' && take_number(at, '*', ret_id) && take_number(at, ' ', ret_weight);
}

static bool has_member(const char *members, uint32_t wanted_id, uint32_t wanted_weight)
{
	uint32_t id, weight;

	while (ls_nexthop_next_member(&members, &id, &weight))
		if (id == wanted_id && weight == wanted_weight)
			return true;
	return false;
}

bool ls_nexthop_members_within(const char *members, const char *of)
{
	uint32_t id, weight;

	while (ls_nexthop_next_member(&members, &id, &weight))
		if (!has_member(of, id, weight))
			return false;
	return true;
}

bool ls_route_same_hop(const struct ls_route *a, const struct ls_route *b)
{
	static const uint8_t attrs[] = { LS_ROUTE_TYPE, LS_ROUTE_DEV, LS_ROUTE_VIA, LS_ROUTE_ONLINK, LS_ROUTE_WEIGHT };

	for (size_t i = 0; i < LS_ARRAY_SIZE(attrs); i++)
		if (!ls_attr_same(attrs[i], &a->object, &b->object))
			return false;
	return true;
}
