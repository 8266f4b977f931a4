/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a site must not do to one another, as far as the site alone can tell; what depends on the render
 * before (pools, ports, gateways in mode direct) is in compile. Each list is walked once, and names, VLANs and host
 * names are claimed in tables: a site of ten thousand tenants takes ten times as long as one of a thousand.
 */
#include "checks.h"
#include "site.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define VLAN_MAX 4094u
#define DIRECTOR_NICS 10u /* of a VM; one is for management */

struct site_checker {
	struct ls_site *site;
	struct ls_report *report;
	struct ls_table names; /* of hosts */
	struct {
		const struct ls_site_plan_network *network;
		const struct ls_site_tenant *tenant; /* the first whose appliance tags it */
		size_t n_more;                       /* how many others do */
	} vlans[VLAN_MAX + 1];
};

/* ---- names ------------------------------------------------------------------------------------------------------- */

static int claim_host(struct site_checker *checker, const char *name, const struct ls_mark *mark)
{
	const struct ls_mark *first;
	void **slot = name ? ls_table_slot(&checker->names, &name) : NULL;

	if (!name)
		return 0;
	if (!slot)
		return -ENOMEM;
	first = *slot;
	if (first)
		ls_report_error(checker->report, *mark, "duplicate-object",
			"its host would be called '%s', as that of line %u is; rename one", name, first->line);
	*slot = (void *)(uintptr_t)mark;
	return 0;
}

/* Names of hosts in the DNS are equal whatever their case (RFC 4343). */
static const char *fold(const struct ls_site *site, const char *name)
{
	char lower[256] = "";

	for (size_t i = 0; i < sizeof(lower) - 1 && name[i]; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return ls_arena_intern(site->arena, lower, strlen(lower));
}

static int check_dns_names(struct site_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table names = { 0 };

	ls_table_init(&names, sizeof(const char *));
	for (size_t i = 0; i < checker->site->n_gateways; i++) {
		const struct ls_site_gateway *gateway = &checker->site->gateways[i];
		const char *name = gateway->dns_name ? fold(checker->site, gateway->dns_name) : NULL;
		void **slot = name ? ls_table_slot(&names, &name) : NULL;

		if (!gateway->dns_name)
			continue;
		if (!slot)
			return -ENOMEM;
		if (*slot)
			ls_report_error(checker->report, gateway->dns_name_mark, "gateway-dns-name",
				"'%s' is the name of the gateway '%s' already; tenants could not tell them apart",
				gateway->dns_name, ((const struct ls_site_gateway *)*slot)->name);
		*slot = (void *)(uintptr_t)gateway;
	}
	return 0;
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

static void check_plan(struct site_checker *checker, const struct ls_site_plan *plan)
{
	for (size_t i = 0; i < plan->n_networks; i++) {
		const struct ls_site_plan_network *network = &plan->networks[i];
		const struct ls_site_plan_network *first = checker->vlans[network->vlan].network;

		if (network->vlan && first)
			ls_report_error(checker->report, network->vlan_mark, "vlan-overlap",
				"VLAN %u is that of the network '%s' (line %u) already; give each its own",
				network->vlan, first->name, first->mark.line);
		checker->vlans[network->vlan].network = network;
	}
}

/* Tenants of one plan have one VLAN each time they share a network of it. Whether that is the same one is for the
 * provider to say: their appliances may be on switches that have nothing to do with one another. */
static void note_tagged(struct site_checker *checker, const struct ls_site_tenant *tenant, uint16_t vlan)
{
	if (checker->vlans[vlan].tenant)
		checker->vlans[vlan].n_more++;
	else
		checker->vlans[vlan].tenant = tenant;
}

static void report_tagged(struct site_checker *checker)
{
	for (size_t vlan = 1; vlan <= VLAN_MAX; vlan++) {
		const struct ls_site_plan_network *network = checker->vlans[vlan].network;
		size_t n = checker->vlans[vlan].n_more;

		if (n)
			ls_report_warning(checker->report, network->vlan_mark, "vlan-overlap",
				"the appliances of '%s' and of %zu more tenant%s are in VLAN %zu by their "
				"'" LS_SITE_TRUNK
				"'; if these lead to the same switches, the tenants' replicas meet: give each tenant a "
				"plan of its own, or its appliance an interface '%s'",
				checker->vlans[vlan].tenant->name, n, n == 1 ? "" : "s", vlan, network->name);
	}
}

/* ---- the pool ---------------------------------------------------------------------------------------------------- */

static int compare_ranges(const void *a, const void *b)
{
	const struct ls_site_range *x = *(const struct ls_site_range *const *)a,
				   *y = *(const struct ls_site_range *const *)b;
	int order = (int)x->first.family - (int)y->first.family;

	return order ? order : memcmp(x->first.bytes, y->first.bytes, sizeof(x->first.bytes));
}

static int check_pool(struct site_checker *checker)
{
	size_t n = checker->site->n_public_pool;
	LS_CLEANUP(ls_free) const struct ls_site_range **ranges = calloc(n + 1, sizeof(*ranges));
	const char *fault;

	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		ranges[i] = &checker->site->public_pool[i];
		fault = ranges[i]->first.family ? ls_address_fault(&ranges[i]->first) : NULL;
		if (!fault && ranges[i]->last.family)
			fault = ls_address_fault(&ranges[i]->last);
		if (fault)
			ls_report_error(checker->report, ranges[i]->mark, "address-sane",
				"the pool would give away %s; take that out", fault);
	}
	qsort(ranges, n, sizeof(*ranges), compare_ranges);
	for (size_t i = 1; i < n; i++)
		if (ranges[i]->first.family && ranges[i]->first.family == ranges[i - 1]->first.family &&
			memcmp(ranges[i]->first.bytes, ranges[i - 1]->last.bytes, sizeof(ranges[i]->first.bytes)) <= 0)
			ls_report_error(checker->report, ranges[i]->mark, "pool",
				"addresses of this entry are in that of line %u already; each belongs into one",
				ranges[i - 1]->mark.line);
	return 0;
}

/* ---- interfaces -------------------------------------------------------------------------------------------------- */

/* What is asked of a host, is of what a site says of it: as a spec that has nothing else. */
static int check_as_host(struct site_checker *checker, const struct ls_spec *host)
{
	static ls_check_fn *const checks[] = { ls_check_families, ls_check_addresses, ls_check_duplicates,
		ls_check_mapped };

	return ls_checks_run_some(host, checker->report, checks, LS_ARRAY_SIZE(checks));
}

/* Of an appliance: failover supports nothing else. Host routes are its own. */
static void check_prefixes(struct site_checker *checker, const struct ls_spec_interface *interface)
{
	for (size_t i = 0; i < interface->ipv6.n_addresses; i++) {
		const struct ls_spec_address *address = &interface->ipv6.addresses[i];

		if (address->address.ip.family == AF_INET6 && address->address.length != 64)
			ls_report_error(checker->report, address->mark, "ipv6-prefix-64",
				"the address of interface '%s' is in a /%u; with appliances IPv6 networks are /64",
				interface->name, address->address.length);
	}
}

static bool has_ipv6(const struct ls_spec_interface *interface)
{
	return interface->ipv6.method == LS_METHOD_AUTO || interface->ipv6.method == LS_METHOD_MANUAL;
}

/* What faces outside is one of them. */
static void check_any(struct site_checker *checker, struct ls_mark mark, const struct ls_spec_interface *outside,
	struct ls_mark named)
{
	if (!outside && !named.line)
		ls_report_error(
			checker->report, mark, "missing", "there are no interfaces; add the one that faces outside");
}

static int check_interfaces(struct site_checker *checker, const struct ls_site_appliance *appliance)
{
	const struct ls_spec host = {
		.interfaces = appliance->interfaces,
		.n_interfaces = appliance->n_interfaces,
		.public_ips = { .addresses = appliance->addresses, .n_addresses = appliance->n_addresses },
	};

	for (size_t i = 0; i < appliance->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &appliance->interfaces[i];

		check_prefixes(checker, interface);
		if (!checker->site->ipv6_communication && has_ipv6(interface))
			ls_report_error(checker->report, interface->ipv6.mark, "ipv6-disable",
				"'ipv6_communication' is off, but interface '%s' of '%s' has IPv6; take it away from "
				"each, or leave it on",
				interface->name, appliance->host ? appliance->host : appliance->name);
	}
	return check_as_host(checker, &host);
}

/* IPv6 alone can be manual without addresses: elsewhere link-local ones will do. */
static void check_callable(struct site_checker *checker, const struct ls_site_gateway *gateway)
{
	const struct ls_spec_family *ipv6 = gateway->outside ? &gateway->outside->ipv6 : NULL;

	if (ipv6 && gateway->families & LS_SITE_IPV6 && ipv6->method == LS_METHOD_MANUAL && !ipv6->n_addresses)
		ls_report_error(checker->report, ipv6->method_mark, "missing",
			"'ipv6' of the gateway's interface '%s' is manual but has no addresses by which anybody could "
			"call; add some",
			gateway->outside->name);
}

static int check_gateway(struct site_checker *checker, const struct ls_site_gateway *gateway)
{
	const struct ls_spec host = {
		.interfaces = gateway->interfaces,
		.n_interfaces = gateway->n_interfaces,
		.gateway = { .services = gateway->services, .n_services = gateway->n_services },
	};
	int r = claim_host(checker, gateway->name, &gateway->mark);

	if (r == 0)
		r = check_as_host(checker, &host);
	(void)ls_check_services(checker->report, gateway->services, gateway->n_services);
	check_callable(checker, gateway);
	check_any(checker, gateway->mark, gateway->outside, gateway->interface_mark);
	if (gateway->outside && !gateway->families)
		ls_report_error(checker->report, gateway->outside->mark, "appliance-family",
			"the gateway's interface '%s' has no family by which anybody could call; give it 'ipv4' or "
			"'ipv6'",
			gateway->outside->name);
	if (gateway->mode == LS_SITE_DIRECT && gateway->outside && !gateway->dns_name &&
		!ls_site_address_of(gateway->outside, AF_INET).family)
		ls_report_error(checker->report, gateway->mark, "missing",
			"how do tenants call this gateway? it has neither a 'dns_name' nor an address of its own");
	return r;
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

static void check_subnet(struct site_checker *checker, const struct ls_site_subnet *subnet, uint8_t family)
{
	const char *key = family == AF_INET6 ? "ipv6" : "ipv4";
	const char *fault = subnet->subnet.ip.family ? ls_subnet_fault(&subnet->subnet) : NULL;

	if (subnet->subnet.ip.family && subnet->subnet.ip.family != family) {
		ls_report_error(checker->report, subnet->subnet_mark, "type", "'%s' has an %s subnet", key,
			ls_ip_family_name(subnet->subnet.ip.family));
		return;
	}
	if (fault)
		ls_report_error(checker->report, subnet->subnet_mark, "address-sane",
			"'subnet' has %s in it; name a network whose addresses hosts can have", fault);
	if (subnet->subnet.ip.family == AF_INET6 && subnet->subnet.length != 64)
		ls_report_error(checker->report, subnet->subnet_mark, "ipv6-prefix-64",
			"'subnet' is a /%u; with appliances IPv6 networks are /64", subnet->subnet.length);
}

static void check_default_gateway(struct site_checker *checker, const struct ls_site_tenant *tenant,
	const struct ls_site_network *network, const struct ls_site_subnet *subnet)
{
	const struct ls_ip *gateway = &subnet->gateway;
	char text[LS_IP_TEXT_MAX];
	const char *fault;

	if (!subnet->gateway_mark.line) {
		if (network->fails_over || (ls_failover_is_full(tenant->failover.mode) && network->target))
			ls_report_error(checker->report, subnet->mark, "default-gateways",
				"the network '%s' fails over, but has no %s 'gateway', which full failover takes",
				network->name, ls_ip_family_name(subnet->subnet.ip.family));
		return;
	}
	if (!gateway->family || !subnet->subnet.ip.family || ls_subnet_fault(&subnet->subnet))
		return;
	fault = ls_router_fault_in(&subnet->subnet, gateway);
	if (fault)
		ls_report_error(checker->report, subnet->gateway_mark, "address-sane",
			"gateway %s is %s; name the router's address", ls_ip_format(gateway, text), fault);
}

static void check_dual_stack(
	struct site_checker *checker, const struct ls_site_tenant *tenant, const struct ls_site_network *network)
{
	if (!tenant->provider || tenant->provider->platform != LS_SITE_DIRECTOR || !network->fails_over ||
		!checker->site->ipv6_communication || !network->ipv4.subnet.ip.family ||
		!network->ipv6.subnet.ip.family)
		return;
	if (ls_spec_suppresses(checker->site->suppressed, checker->site->n_suppressed, LS_DIRECTOR_DUAL_STACK))
		checker->site->n_director_dual_stack++;
	else
		ls_report_warning(checker->report, network->mark, LS_DIRECTOR_DUAL_STACK,
			"the dual-stack network '%s' of '%s' is on Cloud Director: import all organization networks "
			"into the vApps by hand, or failover may fail (suppress_warnings: [director-dual-stack] once "
			"that is seen to)",
			network->name, tenant->name);
}

/* `whose`: what the address is. */
static void check_host_ip(struct site_checker *checker, const struct ls_site_network *network,
	const struct ls_spec_ip *ip, const char *whose)
{
	const struct ls_site_subnet *subnet = ip->ip.family == AF_INET6 ? &network->ipv6 : &network->ipv4;
	char text[LS_IP_TEXT_MAX];
	const char *fault = ip->ip.family ? ls_address_fault_in(&subnet->subnet, &ip->ip) : NULL;

	if (!ip->ip.family)
		return;
	if (!fault && memcmp(&subnet->gateway, &ip->ip, sizeof(ip->ip)) == 0)
		fault = "the gateway of that network";
	if (fault)
		ls_report_error(checker->report, ip->mark, "address-sane", "%s %s is %s", whose,
			ls_ip_format(&ip->ip, text), fault);
}

static bool overlap(const struct ls_prefix *a, const struct ls_prefix *b)
{
	return a->ip.family && b->ip.family && (ls_prefix_contains(a, &b->ip) || ls_prefix_contains(b, &a->ip));
}

/* Both are on the appliance at the provider. Networks of other tenants are on other ones. */
static void check_networks_apart(
	struct site_checker *checker, const struct ls_site_network *first, const struct ls_site_network *second)
{
	static const uint8_t families[] = { LS_SITE_IPV4, LS_SITE_IPV6 };

	if (first->target == second->target)
		ls_report_error(checker->report, second->maps_to_mark.line ? second->maps_to_mark : second->mark,
			"vlan-overlap",
			"the network '%s' (line %u) is mapped to '%s' already; two networks cannot share one",
			first->name, first->mark.line, second->target->name);
	for (size_t i = 0; i < LS_ARRAY_SIZE(families); i++)
		if (overlap(&ls_site_subnet(first, families[i])->subnet, &ls_site_subnet(second, families[i])->subnet))
			ls_report_error(checker->report, ls_site_subnet(second, families[i])->subnet_mark,
				"duplicate-object",
				"the network overlaps '%s' (line %u) of this tenant; an address belongs to one of them",
				first->name, first->mark.line);
}

static void check_network(
	struct site_checker *checker, const struct ls_site_tenant *tenant, const struct ls_site_network *network)
{
	check_subnet(checker, &network->ipv4, AF_INET);
	check_subnet(checker, &network->ipv6, AF_INET6);
	if (network->ipv4.subnet.ip.family)
		check_default_gateway(checker, tenant, network, &network->ipv4);
	if (network->ipv6.subnet.ip.family && checker->site->ipv6_communication)
		check_default_gateway(checker, tenant, network, &network->ipv6);
	for (size_t i = 0; i < network->n_production_hosts; i++)
		check_host_ip(checker, network, &network->production_hosts[i], "a production host's address");
	ls_check_ula(checker->report, &network->ipv4.subnet, &network->ipv6.subnet, network->ipv6.subnet_mark);
	check_dual_stack(checker, tenant, network);
	for (const struct ls_site_network *other = tenant->networks; network->target && other < network; other++)
		if (other->target)
			check_networks_apart(checker, other, network);
}

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

static void check_replica_ip(
	struct site_checker *checker, const struct ls_site_addresses *addresses, const struct ls_spec_ip *ip)
{
	if (addresses->network)
		check_host_ip(checker, addresses->network, ip, "a replica's address");
}

static void check_replica(struct site_checker *checker, const struct ls_site_replica *replica)
{
	char text[LS_IP_TEXT_MAX];

	for (size_t i = 0; i < replica->n_detected; i++)
		for (size_t k = 0; k < replica->detected[i].n_ips; k++) {
			const struct ls_spec_ip *ip = &replica->detected[i].ips[k];

			if (ip->ip.family == AF_INET6 && !replica->application_aware)
				ls_report_error(checker->report, ip->mark, "ipv6-detection",
					"%s cannot have been detected: the job of '%s' is not 'application_aware'; "
					"give "
					"the address under 'addresses', and 'maps_to' for its network",
					ls_ip_format(&ip->ip, text), replica->name);
			else
				check_replica_ip(checker, &replica->detected[i], ip);
		}
	for (size_t i = 0; i < replica->n_addresses; i++)
		for (size_t k = 0; k < replica->addresses[i].n_ips; k++)
			check_replica_ip(checker, &replica->addresses[i], &replica->addresses[i].ips[k]);
}

/* ---- tenants ----------------------------------------------------------------------------------------------------- */

static const struct ls_spec_interface *interface_of(const struct ls_site_appliance *appliance, const char *name)
{
	for (size_t i = 0; i < appliance->n_interfaces; i++)
		if (appliance->interfaces[i].name && strcmp(appliance->interfaces[i].name, name) == 0)
			return &appliance->interfaces[i];
	return NULL;
}

static void check_vlan(struct site_checker *checker, const struct ls_site_appliance *appliance,
	const struct ls_site_plan_network *target)
{
	char name[LS_SITE_VLAN_NAME_MAX];
	const struct ls_spec_interface *taken;

	ls_site_vlan_name(target, name);
	taken = interface_of(appliance, name);
	if (taken)
		ls_report_error(checker->report, taken->mark, "duplicate-object",
			"'%s' is what the VLAN of the network '%s' is called; give the interface another name", name,
			target->name);
}

/* A network of the plan is reached by an interface of its name, or as a VLAN on the one that carries them. */
static void check_inner(struct site_checker *checker, const struct ls_site_tenant *tenant)
{
	for (size_t i = 0; tenant->provider && i < tenant->n_networks; i++) {
		const struct ls_site_plan_network *target = tenant->networks[i].target;
		const struct ls_spec_interface *inner = target ? interface_of(tenant->provider, target->name) : NULL;

		if (inner && inner == tenant->provider->outside)
			ls_report_error(checker->report, inner->mark, "tenant-one-network",
				"'%s' is where the appliance faces outside, and what the network '%s' of the plan is "
				"called; give one of them another name",
				inner->name, target->name);
		if (!target || inner)
			continue;
		if (target->vlan && interface_of(tenant->provider, LS_SITE_TRUNK)) {
			check_vlan(checker, tenant->provider, target);
			note_tagged(checker, tenant, target->vlan);
		} else {
			ls_report_error(checker->report, tenant->provider->mark, "network-map",
				"the appliance has no interface '%s' for the network '%s'%s", target->name,
				tenant->networks[i].name,
				target->vlan ? ", nor one called '" LS_SITE_TRUNK "' that could carry its VLAN" : "");
		}
	}
}

static int check_appliance(struct site_checker *checker, const struct ls_site_appliance *appliance)
{
	int r = claim_host(checker, appliance->host, &appliance->mark);

	check_any(checker, appliance->mark, appliance->outside, appliance->interface_mark);
	if (appliance->outside && !appliance->families)
		ls_report_error(checker->report, appliance->outside->mark, "appliance-family",
			"interface '%s' uses no family%s; give it 'ipv4', 'ipv6' or both", appliance->outside->name,
			has_ipv6(appliance->outside) ? " that is on" : "");
	if (appliance->platform == LS_SITE_DIRECTOR && appliance->n_interfaces > DIRECTOR_NICS)
		ls_report_error(checker->report, appliance->mark, "director-nics",
			"%zu interfaces, but a VM of Cloud Director has %u at most: one for management and %u networks",
			appliance->n_interfaces, DIRECTOR_NICS, DIRECTOR_NICS - 1);
	return r < 0 ? r : check_interfaces(checker, appliance);
}

static void check_needs(struct site_checker *checker, const struct ls_site_tenant *tenant)
{
	bool extends = false;

	for (size_t i = 0; i < tenant->n_appliances; i++)
		extends |= tenant->appliances[i].network_mark.line != 0;
	if (!extends)
		return;
	if (!tenant->provider)
		ls_report_error(checker->report, tenant->mark, "missing",
			"the tenant '%s' has appliances of its own, but none at the provider that they could call",
			tenant->name);
	if (!tenant->pool_mark.line)
		ls_report_error(checker->report, tenant->mark, "missing",
			"the tenant '%s' has tunnels, but no 'gateway_pool' by which they come in", tenant->name);
	if (!tenant->tunnels.mark.line)
		ls_report_error(checker->report, tenant->mark, "missing",
			"the tenant '%s' has tunnels, but no 'tunnels' that says where their keys are", tenant->name);
}

static int check_mappings(struct site_checker *checker, const struct ls_site_publics *publics)
{
	const struct ls_spec host = { .public_ips = {
					      .mappings = publics->mappings, .n_mappings = publics->n_mappings } };

	for (size_t i = 0; i < publics->n_mappings; i++)
		ls_check_management_port(checker->report, &publics->mappings[i]);
	return publics->n_mappings ? check_as_host(checker, &host) : 0;
}

#define HINDRANCE_MAX 512

static const char *describe_hindrance(const struct ls_site_replica *replica, const struct ls_site_hindrance *hindrance,
	char text[static HINDRANCE_MAX])
{
	const char *family = ls_ip_family_name(ls_site_family_to_socket(hindrance->family));

	if (!hindrance->network)
		snprintf(text, HINDRANCE_MAX,
			"the replica '%s' has no static address in a network that the appliances have; give it one",
			replica->name);
	else if (strcmp(hindrance->id, "replica-static") == 0)
		snprintf(text, HINDRANCE_MAX,
			"the replica '%s' has no static %s address in '%s'; give it one, or fail the whole network "
			"over (mode full)",
			replica->name, family, hindrance->network->name);
	else
		snprintf(text, HINDRANCE_MAX,
			"in partial failover the replica '%s' needs a tunnel for %s in '%s'; let an appliance extend "
			"the network in that family",
			replica->name, family, hindrance->network->name);
	return text;
}

/* What the specs of hosts would be refused for in a partial failover: now, or, which nobody should learn when it is
 * needed, the day it comes. */
static void check_named(
	struct site_checker *checker, const struct ls_site_tenant *tenant, const struct ls_spec_name *named)
{
	const struct ls_site_replica *replica = ls_site_find_replica(tenant, named->name);
	struct ls_site_hindrance hindrance;
	char text[HINDRANCE_MAX];

	if (!replica || !ls_site_is_hindered(checker->site, tenant, replica, &hindrance))
		return;
	describe_hindrance(replica, &hindrance, text);
	if (tenant->failover.mode == LS_FAILOVER_PARTIAL)
		ls_report_error(checker->report, named->mark, hindrance.id, "%s", text);
	else
		ls_report_warning(checker->report, named->mark, hindrance.id,
			"'%s' could not be failed over partially: %s", replica->name, text);
}

static void check_any_replica(struct site_checker *checker, const struct ls_site_tenant *tenant)
{
	const struct ls_site_failover *failover = &tenant->failover;
	bool any = failover->n_replicas > 0;

	for (size_t i = 0; i < tenant->n_replicas; i++)
		any |= tenant->replicas[i].fails_over;
	if (!any)
		ls_report_error(checker->report, failover->mode_mark, "failover-replicas",
			"partial failover of no replica; %s",
			failover->replicas_mark.line
				? "name those that run at the provider in failover.replicas"
				: "none has an address in each family of its networks, and each by a tunnel");
}

/* From a permanent failover nothing leads to a partial one. */
static void check_failover(struct site_checker *checker, const struct ls_site_tenant *tenant)
{
	const struct ls_site_failover *failover = &tenant->failover;

	for (size_t i = 0; failover->mode != LS_FAILOVER_PERMANENT && i < failover->n_replicas; i++)
		check_named(checker, tenant, &failover->replicas[i]);
	if (failover->mode == LS_FAILOVER_PARTIAL)
		check_any_replica(checker, tenant);
}

static int check_tenant(struct site_checker *checker, const struct ls_site_tenant *tenant)
{
	int r = 0;

	for (size_t i = 0; i < tenant->n_appliances && r == 0; i++)
		r = check_appliance(checker, &tenant->appliances[i]);
	for (size_t i = 0; i < tenant->n_networks; i++)
		check_network(checker, tenant, &tenant->networks[i]);
	for (size_t i = 0; i < tenant->n_replicas; i++)
		check_replica(checker, &tenant->replicas[i]);
	check_inner(checker, tenant);
	check_needs(checker, tenant);
	if (r == 0)
		r = check_mappings(checker, &tenant->public_ips);
	check_failover(checker, tenant);
	return r;
}

/* ---- everything -------------------------------------------------------------------------------------------------- */

static bool uses_ipv6(const struct ls_site *site)
{
	for (size_t i = 0; i < site->n_gateways; i++)
		if (site->gateways[i].families & LS_SITE_IPV6)
			return true;
	for (size_t i = 0; i < site->n_public_pool; i++)
		if (site->public_pool[i].first.family == AF_INET6)
			return true;
	for (size_t i = 0; i < site->n_tenants; i++)
		for (size_t k = 0; k < site->tenants[i].n_networks; k++)
			if (site->tenants[i].networks[k].ipv6.mark.line)
				return true;
	return false;
}

static int check(struct site_checker *checker)
{
	struct ls_site *site = checker->site;
	int r = check_pool(checker);

	if (!site->ipv6_mark.line && !uses_ipv6(site))
		ls_report_warning(checker->report, site->kind_mark, "ipv6-default",
			"IPv6 communication is on, since there is no 'ipv6_communication', but nothing uses it; a site "
			"of the time before IPv6 goes through `linkspan site upgrade`, otherwise say true or false");
	if (r == 0)
		r = check_dns_names(checker);
	for (size_t i = 0; i < site->n_plans; i++)
		check_plan(checker, &site->plans[i]);
	for (size_t i = 0; i < site->n_organizations; i++)
		check_plan(checker, &site->organizations[i]);
	for (size_t i = 0; i < site->n_gateways && r == 0; i++)
		r = check_gateway(checker, &site->gateways[i]);
	for (size_t i = 0; i < site->n_tenants && r == 0; i++)
		r = check_tenant(checker, &site->tenants[i]);
	report_tagged(checker);
	return r < 0 ? r : ls_site_check_apart(site, checker->report);
}

int ls_site_check(struct ls_site *site, struct ls_report *report)
{
	struct site_checker *checker = calloc(1, sizeof(*checker));
	int r = -ENOMEM;

	if (checker) {
		checker->site = site;
		checker->report = report;
		ls_table_init(&checker->names, sizeof(const char *));
		r = check(checker);
		ls_table_done(&checker->names);
	}
	free(checker);
	return r;
}
