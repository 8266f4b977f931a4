/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one object needs another for: its link, the nexthop that it names, the address that makes its next hop reachable
 * or is its preferred source.
 */
#include <linkspan/model.h>

#include <string.h>

static const char *refers_to_link(const struct ls_object *from, const char *link)
{
	const struct ls_route *route = (const struct ls_route *)from;

	for (unsigned i = 0; i < from->kind->n_attrs; i++) {
		const struct ls_attr *attr = &from->kind->attrs[i];

		if (attr->type == LS_TYPE_LINK && ls_object_has(from, i) &&
			!strcmp(*(const char *const *)ls_object_value(from, attr), link))
			return attr->name;
	}
	if (from->kind != &ls_kind_route || !ls_object_has(from, LS_ROUTE_HOPS))
		return NULL;
	for (size_t i = 0; i < route->hops.n; i++)
		if (route->hops.hops[i].dev && !strcmp(route->hops.hops[i].dev, link))
			return "next hop";
	return NULL;
}

static bool same_ip(const struct ls_ip *a, const struct ls_ip *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, ls_ip_size(a->family));
}

/* Is the next hop reachable by the address? `dev` may be NULL. */
static bool reaches(const struct ls_address *address, const struct ls_ip *via, const char *dev, bool onlink)
{
	const struct ls_prefix subnet = { address->address, address->prefix_length };

	return !onlink && (!dev || !strcmp(dev, address->dev)) && ls_prefix_contains(&subnet, via);
}

static bool is_way(const struct ls_object *from, const struct ls_address *address)
{
	const struct ls_route *route = (const struct ls_route *)from;
	const struct ls_nexthop *nexthop = (const struct ls_nexthop *)from;

	if (from->kind == &ls_kind_nexthop)
		return ls_object_has(from, LS_NEXTHOP_VIA) &&
		       reaches(address, &nexthop->via, nexthop->dev, nexthop->onlink);
	if (ls_object_has(from, LS_ROUTE_VIA))
		return reaches(address, &route->via, route->dev, ls_object_has(from, LS_ROUTE_ONLINK));
	for (size_t i = 0; ls_object_has(from, LS_ROUTE_HOPS) && i < route->hops.n; i++) {
		const struct ls_hop *hop = &route->hops.hops[i];

		if (reaches(address, &hop->via, hop->dev, hop->onlink))
			return true;
	}
	return false;
}

static const char *refers_to_address(const struct ls_object *from, const struct ls_address *address)
{
	if (from->kind != &ls_kind_route && from->kind != &ls_kind_nexthop)
		return NULL;
	if (from->kind == &ls_kind_route && ls_object_has(from, LS_ROUTE_SRC) &&
		same_ip(&((const struct ls_route *)from)->src, &address->address))
		return "preferred source";
	return is_way(from, address) ? "next hop in its subnet" : NULL;
}

static const char *refers_to_nexthop(const struct ls_object *from, uint32_t id)
{
	const struct ls_nexthop *group = (const struct ls_nexthop *)from;
	const char *at;
	uint32_t member, weight;

	if (from->kind == &ls_kind_route)
		return ls_object_has(from, LS_ROUTE_NEXTHOP) && ((const struct ls_route *)from)->nexthop == id
			       ? "nexthop"
			       : NULL;
	if (from->kind != &ls_kind_nexthop || !ls_object_has(from, LS_NEXTHOP_MEMBERS))
		return NULL;
	at = group->members;
	while (ls_nexthop_next_member(&at, &member, &weight))
		if (member == id)
			return "member";
	return NULL;
}

const char *ls_object_reference(const struct ls_object *from, const struct ls_object *to)
{
	if (from == to)
		return NULL;
	if (to->kind == &ls_kind_link)
		return refers_to_link(from, ((const struct ls_link *)to)->name);
	if (to->kind == &ls_kind_nexthop)
		return refers_to_nexthop(from, ((const struct ls_nexthop *)to)->id);
	return to->kind == &ls_kind_address ? refers_to_address(from, (const struct ls_address *)to) : NULL;
}
