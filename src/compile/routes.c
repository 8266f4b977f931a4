/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes and sysctls: one entry, one object, with the kernel's defaults filled in.
 */
#include "compiler.h"

#include <string.h>
#include <sys/socket.h>

#define IPV6_METRIC_DEFAULT 1024 /* IP6_RT_PRIO_USER, linux/ipv6_route.h */
#define TABLE_MAIN 254           /* RT_TABLE_MAIN, linux/rtnetlink.h */

/* What every route has, whatever asked for it. */
static void fill_route(struct ls_route *route, const struct ls_prefix *to, uint32_t table)
{
	route->to = *to;
	route->table = table;
	route->metric = to->ip.family == AF_INET6 ? IPV6_METRIC_DEFAULT : 0;
	route->object.set |=
		LS_BIT(LS_ROUTE_TO) | LS_BIT(LS_ROUTE_TABLE) | LS_BIT(LS_ROUTE_METRIC) | LS_BIT(LS_ROUTE_TYPE);
	if (to->ip.family == AF_INET)
		route->object.set |= LS_BIT(LS_ROUTE_TOS) | LS_BIT(LS_ROUTE_SCOPE);
}

static void set_via(struct ls_route *route, const struct ls_ip *via)
{
	route->via = *via;
	route->object.set |= LS_BIT(LS_ROUTE_VIA);
}

static void set_device(struct ls_route *route, const char *dev)
{
	route->dev = dev;
	route->object.set |= LS_BIT(LS_ROUTE_DEV);
	/* fib_valid_key_len and fib_create_info: a route without next hop reaches the link only. */
	if (route->to.ip.family == AF_INET && !ls_object_has(&route->object, LS_ROUTE_VIA))
		route->scope = LS_SCOPE_LINK;
}

/* ---- the link of a route that names none ------------------------------------------------------------------------- */

/* The longest subnet decides, as in the kernel. */
struct reach {
	const char *dev;
	int length; /* -1: none yet */
};

static void consider(struct reach *reach, const struct ls_prefix *subnet, const struct ls_ip *via, const char *dev)
{
	if (ls_prefix_contains(subnet, via) && subnet->length > reach->length)
		*reach = (struct reach){ dev, subnet->length };
}

static void consider_family(
	struct reach *reach, const struct ls_spec_family *family, const struct ls_ip *via, const char *dev)
{
	for (size_t i = 0; i < family->n_addresses; i++)
		consider(reach, &family->addresses[i].address, via, dev);
}

static const char *device_by_next_hop(struct compiler *compiler, const struct ls_ip *via, struct ls_mark mark)
{
	const struct ls_spec *spec = compiler->spec;
	struct reach reach = { .length = -1 };
	char text[LS_IP_TEXT_MAX];

	for (size_t i = 0; i < spec->n_interfaces; i++) {
		consider_family(&reach, &spec->interfaces[i].ipv4, via, compiler->devices[i]);
		consider_family(&reach, &spec->interfaces[i].ipv6, via, compiler->devices[i]);
	}
	for (size_t i = 0; i < spec->n_addresses; i++)
		consider(&reach, &spec->addresses[i].address, via,
			compiler_device(compiler, spec->addresses[i].interface));
	if (!reach.dev)
		compiler_error(compiler, mark, "reference",
			"no address of this spec has next hop %s in its subnet: add 'interface' to say which link "
			"leads there",
			ls_ip_format(via, text));
	return reach.dev;
}

void compiler_need_up(struct compiler *compiler, const char *dev, struct ls_mark mark)
{
	for (size_t i = 0; i < compiler->spec->n_interfaces; i++)
		if (!compiler->spec->interfaces[i].up && !strcmp(compiler->devices[i], dev))
			compiler_error(compiler, mark, "range",
				"interface '%s' is to be down (up: false), so no route can use it",
				compiler->spec->interfaces[i].name);
}

void compile_default_route(struct compiler *compiler, const char *dev, const struct ls_ip *via, struct ls_mark mark)
{
	struct ls_route *route = compiler_add(compiler, &ls_kind_route, mark);
	struct ls_prefix to = { .ip = { .family = via->family } };

	if (!route)
		return;
	compiler_need_up(compiler, dev, mark);
	fill_route(route, &to, TABLE_MAIN);
	set_via(route, via);
	set_device(route, dev);
}

struct ls_route *compile_route_to(
	struct compiler *compiler, const struct ls_prefix *to, const char *dev, uint32_t table, struct ls_mark mark)
{
	struct ls_route *route = compiler_add(compiler, &ls_kind_route, mark);

	if (!route)
		return NULL;
	fill_route(route, to, table ? table : TABLE_MAIN);
	if (dev) {
		compiler_need_up(compiler, dev, mark);
		set_device(route, dev);
	}
	return route;
}

static void set_next_hop(struct compiler *compiler, const struct ls_spec_route *spec, struct ls_route *route)
{
	const char *dev;

	if (spec->via.family)
		set_via(route, &spec->via);
	dev = spec->interface ? compiler_device(compiler, spec->interface)
			      : device_by_next_hop(compiler, &spec->via, spec->via_mark);
	if (dev) {
		compiler_need_up(compiler, dev, spec->interface ? spec->interface_mark : spec->via_mark);
		set_device(route, dev);
	}
	if (spec->onlink) {
		route->onlink = true;
		route->object.set |= LS_BIT(LS_ROUTE_ONLINK);
	}
}

static void set_options(const struct ls_spec_route *spec, struct ls_route *route)
{
	/* The kernel takes 0 for its default where IPv6 is concerned (ip6_route_info_create). */
	if (spec->has_metric && (spec->metric || spec->to.ip.family == AF_INET))
		route->metric = spec->metric;
	if (spec->src.family) {
		route->src = spec->src;
		route->object.set |= LS_BIT(LS_ROUTE_SRC);
	}
	if (spec->mtu) {
		route->mtu = spec->mtu;
		route->object.set |= LS_BIT(LS_ROUTE_MTU);
	}
	if (spec->adopt)
		route->object.flags |= LS_OBJECT_ADOPT;
}

static struct ls_route *begin_route(struct compiler *compiler, const struct ls_spec_route *spec)
{
	struct ls_route *route = compiler_add(compiler, &ls_kind_route, spec->mark);

	if (!route)
		return NULL;
	fill_route(route, &spec->to, spec->table);
	route->type = spec->type;
	set_options(spec, route);
	return route;
}

/* ---- several next hops ------------------------------------------------------------------------------------------- */

static const char *device_of_hop(struct compiler *compiler, const struct ls_spec_hop *hop)
{
	const char *dev = hop->interface ? compiler_device(compiler, hop->interface)
					 : device_by_next_hop(compiler, &hop->via, hop->via_mark);

	if (dev)
		compiler_need_up(compiler, dev, hop->interface ? hop->interface_mark : hop->via_mark);
	return dev;
}

/* IPv4: one route has all of them. */
static void compile_hops(struct compiler *compiler, const struct ls_spec_route *spec)
{
	struct ls_route *route = begin_route(compiler, spec);
	struct ls_hop *hops = ls_arena_alloc(compiler->set->arena, spec->n_hops * sizeof(*hops));

	if (!route || !hops) {
		compiler->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < spec->n_hops; i++)
		hops[i] = (struct ls_hop){ .via = spec->hops[i].via,
			.dev = device_of_hop(compiler, &spec->hops[i]),
			.onlink = spec->hops[i].onlink,
			.weight = spec->hops[i].weight };
	route->hops = (struct ls_hops){ .n = spec->n_hops, .hops = hops };
	ls_hops_sort(&route->hops);
	route->object.set |= LS_BIT(LS_ROUTE_HOPS);
}

static struct ls_route *compile_hop(
	struct compiler *compiler, const struct ls_spec_route *spec, const struct ls_spec_hop *hop)
{
	struct ls_route *route = begin_route(compiler, spec);
	const char *dev = device_of_hop(compiler, hop);

	if (!route)
		return NULL;
	if (hop->via.family)
		set_via(route, &hop->via);
	if (dev)
		set_device(route, dev);
	if (hop->onlink) {
		route->onlink = true;
		route->object.set |= LS_BIT(LS_ROUTE_ONLINK);
	}
	return route;
}

/* IPv6: a route for each, side by side. */
static void compile_siblings(struct compiler *compiler, const struct ls_spec_route *spec)
{
	for (size_t i = 0; i < spec->n_hops; i++) {
		struct ls_route *route = compile_hop(compiler, spec, &spec->hops[i]);

		if (!route)
			return;
		route->object.flags |= LS_OBJECT_SIBLING;
		if (spec->hops[i].weight > 1) {
			route->weight = spec->hops[i].weight;
			route->object.set |= LS_BIT(LS_ROUTE_WEIGHT);
		}
	}
}

static void compile_single(struct compiler *compiler, const struct ls_spec_route *spec)
{
	struct ls_route *route = begin_route(compiler, spec);

	if (!route)
		return;
	if (spec->nexthop) {
		route->nexthop = spec->nexthop;
		route->object.set |= LS_BIT(LS_ROUTE_NEXTHOP);
	} else if (spec->type == LS_ROUTE_UNICAST) {
		set_next_hop(compiler, spec, route);
	}
}

static void compile_route(struct compiler *compiler, const struct ls_spec_route *spec)
{
	if (spec->n_hops == 1) /* the kernel makes no difference then, and keeps no weight */
		(void)compile_hop(compiler, spec, &spec->hops[0]);
	else if (spec->n_hops && spec->to.ip.family == AF_INET6)
		compile_siblings(compiler, spec);
	else if (spec->n_hops)
		compile_hops(compiler, spec);
	else
		compile_single(compiler, spec);
}

void compile_routes(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_routes; i++)
		compile_route(compiler, &compiler->spec->routes[i]);
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

void compile_sysctl(
	struct compiler *compiler, const char *path, const char *value, const char *dev, struct ls_mark mark)
{
	struct ls_sysctl *sysctl = compiler_add(compiler, &ls_kind_sysctl, mark);

	if (!sysctl || !path || !value) {
		compiler->out_of_memory = true;
		return;
	}
	sysctl->path = path;
	sysctl->value = value;
	sysctl->object.set |= LS_BIT(LS_SYSCTL_PATH) | LS_BIT(LS_SYSCTL_VALUE);
	sysctl->object.flags |= LS_OBJECT_ADJUST;
	sysctl->object.managed = LS_BIT(LS_SYSCTL_VALUE);
	if (dev) {
		sysctl->dev = dev;
		sysctl->object.set |= LS_BIT(LS_SYSCTL_DEV);
	}
}

static bool has_sysctl(const struct compiler *compiler, const char *path)
{
	for (size_t i = 0; i < compiler->set->n_objects; i++)
		if (compiler->set->objects[i]->kind == &ls_kind_sysctl &&
			!strcmp(((const struct ls_sysctl *)compiler->set->objects[i])->path, path))
			return true;
	return false;
}

void compile_needed_sysctl(
	struct compiler *compiler, const char *path, const char *value, const char *dev, struct ls_mark mark)
{
	if (!path || !has_sysctl(compiler, path))
		compile_sysctl(compiler, path, value, dev, mark);
}

/* net/FAMILY/{conf,neigh}/LINK/NAME: the link, unless it is one of the two that stand for all. */
static const char *sysctl_device(struct ls_arena *arena, const char *path)
{
	static const char *const trees[] = { "net/ipv4/conf/", "net/ipv6/conf/", "net/ipv4/neigh/", "net/ipv6/neigh/" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(trees); i++) {
		const char *link = path + strlen(trees[i]), *end;

		if (strncmp(path, trees[i], strlen(trees[i])) != 0)
			continue;
		end = strchr(link, '/');
		if (!end || !strncmp(link, "all/", 4) || !strncmp(link, "default/", 8))
			return NULL;
		return ls_arena_intern(arena, link, (size_t)(end - link));
	}
	return NULL;
}

void compile_sysctls(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_sysctls; i++) {
		const struct ls_spec_sysctl *sysctl = &compiler->spec->sysctls[i];
		struct ls_arena *arena = compiler->set->arena;

		compile_sysctl(compiler, ls_arena_intern(arena, sysctl->path, strlen(sysctl->path)),
			ls_arena_intern(arena, sysctl->value, strlen(sysctl->value)),
			sysctl_device(arena, sysctl->path), sysctl->mark);
	}
}
