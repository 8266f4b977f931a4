/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of the tunnels of a site: outside, of the gateways of the tenant's pool, and where its appliance at the
 * provider listens.
 */
#include "site_allocate.h"

#include <string.h>

static size_t place_of(const struct site_allocator *allocator, const struct ls_site_gateway *gateway)
{
	return (size_t)(gateway - allocator->site->gateways);
}

static bool is_used(const struct site_ports *ports, uint32_t port)
{
	return ports->used[port / 64] >> port % 64 & 1;
}

static void use(struct site_ports *ports, uint32_t port)
{
	ports->used[port / 64] |= UINT64_C(1) << port % 64;
	ports->n_used++;
}

/* The service's own port is none for tunnels: it is forwarded for UDP, too. */
static int prepare_ports(struct site_allocator *allocator)
{
	const struct ls_site *site = allocator->site;

	allocator->ports = calloc(site->n_gateways + 1, sizeof(*allocator->ports));
	if (!allocator->ports)
		return -ENOMEM;
	for (size_t i = 0; i < site->n_gateways; i++) {
		const struct ls_site_gateway *gateway = &site->gateways[i];
		struct site_ports *ports = &allocator->ports[i];
		bool within = gateway->external_port >= gateway->tunnel_port &&
			      gateway->external_port <= gateway->last_tunnel_port;

		ports->next = gateway->tunnel_port;
		if (!gateway->tunnel_port)
			continue;
		ports->n_room = gateway->last_tunnel_port - gateway->tunnel_port + 1u - within;
		if (within)
			ports->used[gateway->external_port / 64] |= UINT64_C(1) << gateway->external_port % 64;
	}
	return 0;
}

/* The family that carries the tunnel by that gateway: its own if there is a choice. 0: it cannot go that way. */
static uint8_t outer_of(
	const struct site_member *member, const struct ls_site_tunnel *tunnel, const struct ls_site_gateway *gateway)
{
	uint8_t common = gateway->families & member->tenant->provider->families & tunnel->appliance->families;

	if (tunnel->family == LS_SITE_IPV6 && !(gateway->families & LS_SITE_IPV6))
		return 0;
	if (common & tunnel->family)
		return tunnel->family;
	return common & LS_SITE_IPV4 ? LS_SITE_IPV4 : common;
}

static const struct ls_site_gateway *find_member(const struct ls_site_pool *pool, const char *name)
{
	for (size_t i = 0; i < pool->n_gateways; i++)
		if (pool->members[i] && strcmp(pool->members[i]->name, name) == 0)
			return pool->members[i];
	return NULL;
}

static const struct ls_site_held_port *find_held(const struct site_member *member, const struct ls_site_tunnel *tunnel)
{
	const char *network = tunnel->appliance->extends->name;

	for (size_t i = 0; member->held && i < member->held->n_ports; i++)
		if (member->held->ports[i].family == tunnel->family &&
			strcmp(member->held->ports[i].network, network) == 0)
			return &member->held->ports[i];
	return NULL;
}

/* A tunnel keeps its port as long as its gateway is in the tenant's pool. */
static void keep_port(struct site_allocator *allocator, const struct site_member *member, struct ls_site_tunnel *tunnel)
{
	const struct ls_site_held_port *held = find_held(member, tunnel);
	const struct ls_site_gateway *gateway = held ? find_member(member->tenant->pool, held->gateway) : NULL;
	uint8_t outer = gateway ? outer_of(member, tunnel, gateway) : 0;
	struct site_ports *ports = gateway ? &allocator->ports[place_of(allocator, gateway)] : NULL;

	if (held)
		tunnel->listen_port = held->listen_port;
	if (!outer)
		return;
	if (held->port < gateway->tunnel_port || held->port > gateway->last_tunnel_port) {
		site_tell(allocator, LS_SEVERITY_ERROR, gateway->ports_mark.line ? gateway->ports_mark : gateway->mark,
			"gateway-tunnel-port",
			"the tunnel of '%s' for '%s' has port %u, which 'tunnel_ports' has no longer; put it back",
			member->tenant->name, held->network, held->port);
		return;
	}
	if (is_used(ports, held->port))
		return; /* the record gives it twice, or it is the service's now */
	use(ports, held->port);
	tunnel->gateway = gateway;
	tunnel->outer = outer;
	tunnel->port = held->port;
}

static bool has_room(const struct site_allocator *allocator, const struct ls_site_gateway *gateway)
{
	const struct site_ports *ports = &allocator->ports[place_of(allocator, gateway)];

	return ports->n_used < ports->n_room;
}

/* The gateway of the tenant's other tunnels, if it has room, or else the one with the most. */
static const struct ls_site_gateway *choose(
	const struct site_allocator *allocator, const struct site_member *member, const struct ls_site_tunnel *tunnel)
{
	const struct ls_site_pool *pool = member->tenant->pool;
	const struct ls_site_gateway *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < member->share->n_tunnels; i++) {
		const struct ls_site_gateway *gateway = member->share->tunnels[i].gateway;

		if (gateway && has_room(allocator, gateway) && outer_of(member, tunnel, gateway))
			return gateway;
	}
	for (size_t i = 0; i < pool->n_gateways; i++) {
		const struct ls_site_gateway *gateway = pool->members[i];
		const struct site_ports *ports = gateway ? &allocator->ports[place_of(allocator, gateway)] : NULL;

		if (ports && ports->n_room - ports->n_used > most && outer_of(member, tunnel, gateway)) {
			most = ports->n_room - ports->n_used;
			best = gateway;
		}
	}
	return best;
}

/* How many ports the gateways of the pool have that the tunnel could come in by. */
static void report_full(
	struct site_allocator *allocator, const struct site_member *member, const struct ls_site_tunnel *tunnel)
{
	const struct ls_site_pool *pool = member->tenant->pool;
	size_t room = 0, ways = 0;

	for (size_t i = 0; i < pool->n_gateways; i++)
		if (pool->members[i] && outer_of(member, tunnel, pool->members[i])) {
			room += allocator->ports[place_of(allocator, pool->members[i])].n_room;
			ways++;
		}
	if (ways)
		site_tell(allocator, LS_SEVERITY_ERROR, tunnel->appliance->mark, "gateway-tunnel-port",
			"there is no port left for the %s tunnel of '%s': the gateways of '%s' have room for %zu "
			"tunnels; widen 'tunnel_ports' or add a gateway",
			ls_ip_family_name(ls_site_family_to_socket(tunnel->family)), tunnel->appliance->host,
			pool->name, room);
	else
		site_tell(allocator, LS_SEVERITY_ERROR, tunnel->appliance->mark, "gateway-tunnel-port",
			"no gateway of '%s' has a family in common with both ends of the %s tunnel of '%s'", pool->name,
			ls_ip_family_name(ls_site_family_to_socket(tunnel->family)), tunnel->appliance->host);
}

static void give_port(struct site_allocator *allocator, const struct site_member *member, struct ls_site_tunnel *tunnel)
{
	const struct ls_site_gateway *gateway = choose(allocator, member, tunnel);
	struct site_ports *ports = gateway ? &allocator->ports[place_of(allocator, gateway)] : NULL;

	if (!gateway) {
		report_full(allocator, member, tunnel);
		return;
	}
	while (is_used(ports, ports->next))
		ports->next++;
	tunnel->outer = outer_of(member, tunnel, gateway);
	tunnel->gateway = gateway;
	tunnel->port = (uint16_t)ports->next;
	use(ports, ports->next);
}

static bool listens(const struct ls_site_share *share, uint16_t port)
{
	for (size_t i = 0; i < share->n_tunnels; i++)
		if (share->tunnels[i].listen_port == port)
			return true;
	return false;
}

/* tunnel-ports: odd ones for IPv4, the next for IPv6. */
static void give_listen_ports(struct ls_site_share *share)
{
	for (size_t i = 0; i < share->n_tunnels; i++) {
		uint16_t port = (uint16_t)(LS_TUNNEL_PORT + (share->tunnels[i].family == LS_SITE_IPV6));

		if (share->tunnels[i].listen_port)
			continue;
		while (listens(share, port))
			port = (uint16_t)(port + 2);
		share->tunnels[i].listen_port = port;
	}
}

static int list_tunnels(struct site_allocator *allocator, const struct site_member *member)
{
	static const uint8_t families[] = { LS_SITE_IPV4, LS_SITE_IPV6 };
	const struct ls_site_tenant *tenant = member->tenant;
	struct ls_site_share *share = member->share;

	share->tunnels =
		ls_arena_alloc(allocator->layout->arena, (2 * tenant->n_appliances + 1) * sizeof(*share->tunnels));
	if (!share->tunnels)
		return -ENOMEM;
	for (size_t i = 0; i < tenant->n_appliances; i++)
		for (size_t f = 0; f < LS_ARRAY_SIZE(families); f++)
			if (ls_site_extended(allocator->site, tenant, &tenant->appliances[i]) & families[f])
				share->tunnels[share->n_tunnels++] =
					(struct ls_site_tunnel){ .appliance = &tenant->appliances[i],
						.family = families[f] };
	for (size_t i = 0; i < share->n_tunnels; i++)
		keep_port(allocator, member, &share->tunnels[i]);
	give_listen_ports(share);
	return 0;
}

struct ls_ip ls_site_reach(const struct ls_site_appliance *provider, uint8_t family)
{
	uint8_t af = ls_site_family_to_socket(family);

	for (size_t i = 0; i < provider->n_addresses; i++)
		if (provider->addresses[i].ip.family == af)
			return provider->addresses[i].ip;
	return provider->outside ? ls_site_address_of(provider->outside, af) : (struct ls_ip){ 0 };
}

static void check_reach(struct site_allocator *allocator, const struct site_member *member)
{
	uint8_t told = 0;

	for (size_t i = 0; i < member->share->n_tunnels; i++) {
		uint8_t outer = member->share->tunnels[i].outer;

		if (!outer || told & outer || ls_site_reach(member->tenant->provider, outer).family)
			continue;
		told |= outer;
		site_tell(allocator, LS_SEVERITY_WARNING, member->tenant->provider->mark, "gateway-tunnel-port",
			"the gateway forwards no %s tunnel to '%s': where that is, its interface does not say (method "
			"auto); give 'addresses'",
			ls_ip_family_name(ls_site_family_to_socket(outer)), member->tenant->provider->host);
	}
}

static int compare_forwards(const void *a, const void *b)
{
	const struct ls_site_forward *x = a, *y = b;

	return (int)x->tunnel->port - (int)y->tunnel->port;
}

static int add_forward(struct ls_site_forwards *forwards, const struct ls_site_forward *forward)
{
	if (forwards->n == forwards->n_max) {
		size_t n_max = forwards->n_max ? 2 * forwards->n_max : 32;
		struct ls_site_forward *grown = reallocarray(forwards->items, n_max, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		forwards->items = grown;
		forwards->n_max = n_max;
	}
	forwards->items[forwards->n++] = *forward;
	return 0;
}

static int list_forwards(struct site_allocator *allocator, const struct site_member *member)
{
	int r = 0;

	for (size_t i = 0; i < member->share->n_tunnels && r == 0; i++) {
		const struct ls_site_tunnel *tunnel = &member->share->tunnels[i];
		const struct ls_site_forward forward = { .tenant = member->tenant, .tunnel = tunnel };

		if (tunnel->gateway)
			r = add_forward(&allocator->layout->gateways[place_of(allocator, tunnel->gateway)], &forward);
	}
	return r;
}

int site_allocate_ports(struct site_allocator *allocator)
{
	size_t n = allocator->site->n_tenants;
	int r = prepare_ports(allocator);

	for (size_t i = 0; i < n && r == 0; i++)
		r = list_tunnels(allocator, &allocator->members[i]);
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct site_member *member = &allocator->members[i];

		for (size_t k = 0; k < member->share->n_tunnels; k++)
			if (!member->share->tunnels[k].gateway)
				give_port(allocator, member, &member->share->tunnels[k]);
		check_reach(allocator, member);
		site_check_mtus(allocator, member);
		r = list_forwards(allocator, member);
	}
	for (size_t i = 0; i < allocator->site->n_gateways && r == 0; i++) {
		struct ls_site_forwards *forwards = &allocator->layout->gateways[i];

		if (forwards->n)
			qsort(forwards->items, forwards->n, sizeof(*forwards->items), compare_forwards);
	}
	return r;
}
