/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of a site become pointers. Names are interned, so tables of them have pointers for keys; within a tenant lists
 * are short and searched. A production network without `maps_to` finds its network of the plan by itself only where
 * that cannot be a guess (network-map): a replica was detected in it, every IPv6 address there was detected too, and
 * the plan has a network of the same name, or one network alone.
 */
#include "site.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct resolver {
	struct ls_site *site;
	struct ls_report *report;
	struct ls_table gateways, pools, plans, organizations;
};

/* ---- tables ------------------------------------------------------------------------------------------------------ */

/* Elements begin with their mark; `name` is the offset of the name. */
static int fill(struct ls_table *table, const void *elements, size_t n, size_t size, size_t name)
{
	ls_table_init(table, sizeof(const char *));
	for (size_t i = 0; i < n; i++) {
		const char *element = (const char *)elements + i * size;
		void **slot = ls_table_slot(table, element + name);

		if (!slot)
			return -ENOMEM;
		*slot = (void *)(uintptr_t)element;
	}
	return 0;
}
#define FILL(table, list, count, type) fill((table), (list), (count), sizeof(struct type), offsetof(struct type, name))

static void *find(struct resolver *resolver, const struct ls_table *table, const char *name, struct ls_mark mark,
	const char *what)
{
	void *found = name ? ls_table_find(table, &name) : NULL;

	if (name && !found)
		ls_report_error(resolver->report, mark, "reference", "there is no %s '%s'; add it, or name another",
			what, name);
	return found;
}

/* ---- interfaces -------------------------------------------------------------------------------------------------- */

uint8_t ls_site_family_of(const struct ls_ip *ip)
{
	return ip->family == AF_INET6 ? LS_SITE_IPV6 : LS_SITE_IPV4;
}

uint8_t ls_site_family_to_socket(uint8_t family)
{
	return family == LS_SITE_IPV6 ? AF_INET6 : AF_INET;
}

static uint8_t families_of(const struct ls_site *site, const struct ls_spec_interface *interface)
{
	uint8_t families = 0;

	if (interface->ipv4.method == LS_METHOD_AUTO || interface->ipv4.method == LS_METHOD_MANUAL)
		families |= LS_SITE_IPV4;
	if (site->ipv6_communication &&
		(interface->ipv6.method == LS_METHOD_AUTO || interface->ipv6.method == LS_METHOD_MANUAL))
		families |= LS_SITE_IPV6;
	return families;
}

/* The interface of that name, or the first where there is no name. */
static const struct ls_spec_interface *outside_of(struct resolver *resolver, const struct ls_spec_interface *interfaces,
	size_t n, const char *name, struct ls_mark mark)
{
	if (!name)
		return n ? interfaces : NULL;
	for (size_t i = 0; i < n; i++)
		if (interfaces[i].name && strcmp(interfaces[i].name, name) == 0)
			return &interfaces[i];
	ls_report_error(
		resolver->report, mark, "reference", "there is no interface '%s' among these 'interfaces'", name);
	return NULL;
}

struct ls_ip ls_site_address_of(const struct ls_spec_interface *interface, uint8_t family)
{
	const struct ls_spec_family *of = ls_spec_family(interface, family);

	for (size_t i = 0; of->method == LS_METHOD_MANUAL && i < of->n_addresses; i++)
		if (!ls_ip_is_link_local(&of->addresses[i].address.ip))
			return of->addresses[i].address.ip;
	return (struct ls_ip){ 0 };
}

void ls_site_vlan_name(const struct ls_site_plan_network *network, char ret[static LS_SITE_VLAN_NAME_MAX])
{
	snprintf(ret, LS_SITE_VLAN_NAME_MAX, LS_SITE_TRUNK ".%u", network->vlan);
}

static void resolve_gateway(struct resolver *resolver, struct ls_site_gateway *gateway)
{
	gateway->outside = outside_of(
		resolver, gateway->interfaces, gateway->n_interfaces, gateway->interface, gateway->interface_mark);
	if (gateway->outside)
		gateway->families = families_of(resolver->site, gateway->outside);
	if (gateway->mode == LS_SITE_DIRECT)
		gateway->families &= (uint8_t)~LS_SITE_IPV6; /* until it is in mode nat (gateway-nat-only) */
}

static int resolve_pool(struct resolver *resolver, struct ls_site_pool *pool)
{
	pool->members = ls_arena_alloc(resolver->site->arena, (pool->n_gateways + 1) * sizeof(*pool->members));
	if (!pool->members)
		return -ENOMEM;
	for (size_t i = 0; i < pool->n_gateways; i++)
		pool->members[i] =
			find(resolver, &resolver->gateways, pool->gateways[i].name, pool->gateways[i].mark, "gateway");
	return 0;
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

static struct ls_site_network *network_of(struct ls_site_tenant *tenant, const char *name)
{
	for (size_t i = 0; i < tenant->n_networks; i++)
		if (tenant->networks[i].name == name)
			return &tenant->networks[i];
	return NULL;
}

static const struct ls_site_plan_network *target_of(const struct ls_site_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_networks; i++)
		if (plan->networks[i].name == name)
			return &plan->networks[i];
	return NULL;
}

static void report_unmapped(struct resolver *resolver, const struct ls_site_network *network)
{
	if (network->undetected || !network->replica_families)
		ls_report_error(resolver->report, network->mark, "network-map",
			"the network '%s' fails over, but nothing was detected by which it could be mapped; say where: "
			"'maps_to'",
			network->name);
	else
		ls_report_error(resolver->report, network->mark, "network-map",
			"the network '%s' fails over, but the plan has several networks and none of this name; say "
			"where: 'maps_to'",
			network->name);
}

static void map_network(struct resolver *resolver, const struct ls_site_tenant *tenant, struct ls_site_network *network)
{
	const struct ls_site_plan *plan = tenant->plan;

	if (!plan)
		return;
	if (network->maps_to) {
		network->target = target_of(plan, network->maps_to);
		if (!network->target)
			ls_report_error(resolver->report, network->maps_to_mark, "network-map",
				"'%s' has no network '%s'; name one that it has", plan->name, network->maps_to);
		return;
	}
	if (!network->fails_over)
		return;
	if (network->replica_families && !network->undetected)
		network->target = target_of(plan, network->name);
	if (!network->target && network->replica_families && !network->undetected && plan->n_networks == 1)
		network->target = plan->networks;
	if (!network->target)
		report_unmapped(resolver, network);
}

static void resolve_addresses(struct resolver *resolver, struct ls_site_tenant *tenant,
	const struct ls_site_replica *replica, struct ls_site_addresses *addresses, bool detected)
{
	struct ls_site_network *network = network_of(tenant, addresses->name);

	addresses->network = network;
	if (!network) {
		ls_report_error(resolver->report, addresses->mark, "reference",
			"the tenant has no network '%s'; add it, or name another", addresses->name);
		return;
	}
	network->fails_over = true;
	for (size_t i = 0; i < addresses->n_ips; i++) {
		bool ipv6 = addresses->ips[i].ip.family == AF_INET6;

		network->replica_families |= ipv6 ? LS_SITE_IPV6 : LS_SITE_IPV4;
		network->undetected |= ipv6 && (!detected || !replica->application_aware);
	}
}

static void resolve_replica(struct resolver *resolver, struct ls_site_tenant *tenant, struct ls_site_replica *replica)
{
	for (size_t i = 0; i < replica->n_detected; i++)
		resolve_addresses(resolver, tenant, replica, &replica->detected[i], true);
	for (size_t i = 0; i < replica->n_addresses; i++)
		resolve_addresses(resolver, tenant, replica, &replica->addresses[i], false);
}

/* ---- tenants ----------------------------------------------------------------------------------------------------- */

#define HOST_NAME_MAX_LENGTH 63u /* as of any spec's name */

static int name_host(
	struct resolver *resolver, const struct ls_site_tenant *tenant, struct ls_site_appliance *appliance)
{
	const char *host = ls_arena_printf(resolver->site->arena, "%s-%s", tenant->name, appliance->name);

	if (!host)
		return -ENOMEM;
	if (strlen(host) > HOST_NAME_MAX_LENGTH)
		ls_report_error(resolver->report, appliance->mark, "range",
			"its host would be called '%s', which is longer than %u characters; shorten a name", host,
			HOST_NAME_MAX_LENGTH);
	appliance->host = ls_arena_intern(resolver->site->arena, host, strlen(host));
	return appliance->host ? 0 : -ENOMEM;
}

static void resolve_side(struct resolver *resolver, struct ls_site_tenant *tenant, struct ls_site_appliance *appliance)
{
	struct ls_site_network *network;

	if (!appliance->network_mark.line) {
		if (tenant->provider)
			ls_report_error(resolver->report, appliance->mark, "tenant-one-network",
				"a tenant has one appliance at the provider, and that is on line %u; one at the tenant "
				"has a 'network'",
				tenant->provider->mark.line);
		else
			tenant->provider = appliance;
		return;
	}
	network = network_of(tenant, appliance->network);
	if (network)
		network->fails_over = true;
	else if (appliance->network)
		ls_report_error(resolver->report, appliance->network_mark, "reference",
			"the tenant has no network '%s'; add it, or name another", appliance->network);
	for (size_t i = 0; network && &tenant->appliances[i] < appliance; i++)
		if (tenant->appliances[i].extends == network)
			ls_report_error(resolver->report, appliance->network_mark, "tenant-one-network",
				"the network '%s' is extended already, on line %u; one appliance does that",
				network->name, tenant->appliances[i].mark.line);
	appliance->extends = network;
}

static int resolve_appliance(
	struct resolver *resolver, struct ls_site_tenant *tenant, struct ls_site_appliance *appliance)
{
	appliance->outside = outside_of(resolver, appliance->interfaces, appliance->n_interfaces, appliance->interface,
		appliance->interface_mark);
	if (appliance->outside)
		appliance->families = families_of(resolver->site, appliance->outside);
	resolve_side(resolver, tenant, appliance);
	/* Whose account is on Cloud Director has the provider's appliance there. */
	if (tenant->provider == appliance && !appliance->platform_mark.line)
		appliance->platform = tenant->account == LS_SITE_ACCOUNT_DIRECTOR ? LS_SITE_DIRECTOR : LS_SITE_VSPHERE;
	return name_host(resolver, tenant, appliance);
}

static void resolve_plan(struct resolver *resolver, struct ls_site_tenant *tenant)
{
	bool director = tenant->account == LS_SITE_ACCOUNT_DIRECTOR;

	if (director)
		tenant->plan = find(resolver, &resolver->organizations, tenant->organization, tenant->organization_mark,
			"organization");
	else
		tenant->plan =
			find(resolver, &resolver->plans, tenant->hardware_plan, tenant->plan_mark, "hardware plan");
	if (director ? tenant->plan_mark.line : tenant->organization_mark.line)
		ls_report_error(resolver->report, director ? tenant->plan_mark : tenant->organization_mark, "reference",
			director ? "a director account has an 'organization', no hardware plan; remove this"
				 : "a standalone account has a 'hardware_plan', no organization; remove this, or write "
				   "account: director");
	if (tenant->n_networks && !(director ? tenant->organization_mark.line : tenant->plan_mark.line))
		ls_report_error(resolver->report, tenant->mark, "missing", "the tenant '%s' has networks but no '%s'",
			tenant->name, director ? "organization" : "hardware_plan");
}

/* Those that are named; where the list is left out, those that can be. */
static void resolve_failover(struct resolver *resolver, struct ls_site_tenant *tenant)
{
	const struct ls_site_failover *failover = &tenant->failover;
	struct ls_site_hindrance hindrance;

	for (size_t i = 0; i < failover->n_replicas; i++) {
		struct ls_site_replica *replica = ls_site_find_replica(tenant, failover->replicas[i].name);

		if (replica)
			replica->fails_over = true;
		else if (failover->replicas[i].name)
			ls_report_error(resolver->report, failover->replicas[i].mark, "reference",
				"the tenant has no replica '%s'; add it, or name another", failover->replicas[i].name);
	}
	for (size_t i = 0; !failover->replicas_mark.line && i < tenant->n_replicas; i++)
		tenant->replicas[i].fails_over =
			!ls_site_is_hindered(resolver->site, tenant, &tenant->replicas[i], &hindrance);
}

static int resolve_tenant(struct resolver *resolver, struct ls_site_tenant *tenant)
{
	int r = 0;

	resolve_plan(resolver, tenant);
	tenant->pool = find(resolver, &resolver->pools, tenant->gateway_pool, tenant->pool_mark, "gateway pool");
	for (size_t i = 0; i < tenant->n_appliances && r == 0; i++)
		r = resolve_appliance(resolver, tenant, &tenant->appliances[i]);
	for (size_t i = 0; i < tenant->n_replicas; i++)
		resolve_replica(resolver, tenant, &tenant->replicas[i]);
	for (size_t i = 0; i < tenant->n_networks; i++)
		map_network(resolver, tenant, &tenant->networks[i]);
	resolve_failover(resolver, tenant);
	return r;
}

static int resolve(struct resolver *resolver)
{
	struct ls_site *site = resolver->site;
	int r = 0;

	if (FILL(&resolver->gateways, site->gateways, site->n_gateways, ls_site_gateway) < 0 ||
		FILL(&resolver->pools, site->pools, site->n_pools, ls_site_pool) < 0 ||
		FILL(&resolver->plans, site->plans, site->n_plans, ls_site_plan) < 0 ||
		FILL(&resolver->organizations, site->organizations, site->n_organizations, ls_site_plan) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < site->n_gateways; i++)
		resolve_gateway(resolver, &site->gateways[i]);
	for (size_t i = 0; i < site->n_pools && r == 0; i++)
		r = resolve_pool(resolver, &site->pools[i]);
	for (size_t i = 0; i < site->n_tenants && r == 0; i++)
		r = resolve_tenant(resolver, &site->tenants[i]);
	return r;
}

int ls_site_resolve(struct ls_site *site, struct ls_report *report)
{
	struct resolver resolver = { .site = site, .report = report };
	int r = resolve(&resolver);

	ls_table_done(&resolver.gateways);
	ls_table_done(&resolver.pools);
	ls_table_done(&resolver.plans);
	ls_table_done(&resolver.organizations);
	return r;
}

/* ---- what follows ------------------------------------------------------------------------------------------------ */

static bool pool_has_ipv6(const struct ls_site_pool *pool)
{
	for (size_t i = 0; pool && i < pool->n_gateways; i++)
		if (pool->members[i] && pool->members[i]->families & LS_SITE_IPV6)
			return true;
	return false;
}

uint8_t ls_site_extended(
	const struct ls_site *site, const struct ls_site_tenant *tenant, const struct ls_site_appliance *appliance)
{
	const struct ls_site_network *network = appliance->extends;
	uint8_t families = 0;

	if (!network || !network->target || !tenant->provider || !tenant->pool)
		return 0;
	if (network->ipv4.subnet.ip.family)
		families |= LS_SITE_IPV4;
	if (network->ipv6.subnet.ip.family && site->ipv6_communication &&
		(tenant->provider->families & appliance->families & LS_SITE_IPV6) && pool_has_ipv6(tenant->pool))
		families |= LS_SITE_IPV6;
	return families;
}

/* ---- partial failover -------------------------------------------------------------------------------------------- */

struct ls_site_replica *ls_site_find_replica(const struct ls_site_tenant *tenant, const char *name)
{
	for (size_t i = 0; name && i < tenant->n_replicas; i++)
		if (tenant->replicas[i].name == name)
			return &tenant->replicas[i];
	return NULL;
}

bool ls_site_is_detected(
	const struct ls_site_replica *replica, const struct ls_site_network *network, const struct ls_ip *ip)
{
	for (size_t i = 0; i < replica->n_detected; i++)
		for (size_t k = 0; replica->detected[i].network == network && k < replica->detected[i].n_ips; k++)
			if (memcmp(&replica->detected[i].ips[k].ip, ip, sizeof(*ip)) == 0)
				return true;
	return false;
}

static uint8_t families_in(const struct ls_site_addresses *list, size_t n, const struct ls_site_network *network)
{
	uint8_t families = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; list[i].network == network && k < list[i].n_ips; k++)
			families |= ls_site_family_of(&list[i].ips[k].ip);
	return families;
}

static const struct ls_site_appliance *extender_of(
	const struct ls_site_tenant *tenant, const struct ls_site_network *network)
{
	for (size_t i = 0; i < tenant->n_appliances; i++)
		if (tenant->appliances[i].extends == network)
			return &tenant->appliances[i];
	return NULL;
}

/* A replica is there with these addresses: in each family that the network has on that host, and each by a tunnel. */
static bool hinders(const struct ls_site_network *network, uint8_t families, uint8_t addresses, uint8_t tunnels,
	struct ls_site_hindrance *ret)
{
	uint8_t missing = families & (uint8_t)~addresses, cut_off = addresses & families & (uint8_t)~tunnels;

	if (!(addresses & families) || !(missing | cut_off))
		return false;
	ret->id = missing ? "replica-static" : "one-tunnel-per-family";
	ret->network = network;
	ret->family = (missing ? missing : cut_off) & LS_SITE_IPV4 ? LS_SITE_IPV4 : LS_SITE_IPV6;
	return true;
}

bool ls_site_is_hindered(const struct ls_site *site, const struct ls_site_tenant *tenant,
	const struct ls_site_replica *replica, struct ls_site_hindrance *ret)
{
	uint8_t provider = tenant->provider ? ls_site_inner_families(tenant->provider) : 0;
	bool anywhere = false;

	*ret = (struct ls_site_hindrance){ .id = "replica-static" };
	for (size_t i = 0; i < tenant->n_networks; i++) {
		const struct ls_site_network *network = &tenant->networks[i];
		const struct ls_site_appliance *extender = extender_of(tenant, network);
		uint8_t addresses = families_in(replica->detected, replica->n_detected, network) |
				    families_in(replica->addresses, replica->n_addresses, network);
		uint8_t families = (network->ipv4.subnet.ip.family ? LS_SITE_IPV4 : 0) |
				   (network->ipv6.subnet.ip.family ? LS_SITE_IPV6 : 0);
		uint8_t tunnels = extender ? ls_site_extended(site, tenant, extender) : 0;

		if (!network->target)
			continue;
		if (hinders(network, families & provider, addresses, tunnels, ret) ||
			(extender &&
				hinders(network, families & ls_site_inner_families(extender), addresses, tunnels, ret)))
			return true;
		anywhere |= addresses & families & provider;
	}
	return !anywhere;
}
