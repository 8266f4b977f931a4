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

static bool is_manual(const struct ls_spec_interface *interface)
{
	return interface->ipv4.method == LS_METHOD_MANUAL || interface->ipv6.method == LS_METHOD_MANUAL ||
	       interface->ipv4.method == LS_METHOD_DISABLED || interface->ipv6.method == LS_METHOD_DISABLED;
}

/* What is asked of a host's interface, is of these: as the interfaces of a spec that has nothing else. */
static int check_as_host(struct site_checker *checker, const struct ls_spec_interface *interface)
{
	struct ls_spec spec = { .interfaces = (struct ls_spec_interface *)(uintptr_t)interface, .n_interfaces = 1 };
	uint32_t first[2] = { 0 }, next[1] = { 0 };
	struct ls_checker host = {
		.spec = &spec, .report = checker->report, .first_address = first, .next_address = next
	};
	int r;

	if (!is_manual(interface))
		return 0;
	r = ls_check_families(&host);
	return r < 0 ? r : ls_check_addresses(&host);
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
	int r = 0;

	for (size_t i = 0; i < appliance->n_interfaces && r == 0; i++) {
		const struct ls_spec_interface *interface = &appliance->interfaces[i];

		r = check_as_host(checker, interface);
		check_prefixes(checker, interface);
		if (!checker->site->ipv6_communication && has_ipv6(interface))
			ls_report_error(checker->report, interface->ipv6.mark, "ipv6-disable",
				"'ipv6_communication' is off, but interface '%s' of '%s' has IPv6; take it away from "
				"each, or leave it on",
				interface->name, appliance->host ? appliance->host : appliance->name);
	}
	return r;
}

static int check_gateway(struct site_checker *checker, const struct ls_site_gateway *gateway)
{
	int r = claim_host(checker, gateway->name, &gateway->mark);

	for (size_t i = 0; i < gateway->n_interfaces && r == 0; i++)
		r = check_as_host(checker, &gateway->interfaces[i]);
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
	const char *fault = ls_prefix_network(subnet->subnet).length ? ls_address_fault(&subnet->subnet.ip) : NULL;

	if (subnet->subnet.ip.family && subnet->subnet.ip.family != family) {
		ls_report_error(checker->report, subnet->subnet_mark, "type", "'%s' has an %s subnet", key,
			ls_ip_family_name(subnet->subnet.ip.family));
		return;
	}
	if (subnet->subnet.ip.family && fault)
		ls_report_error(checker->report, subnet->subnet_mark, "address-sane",
			"'subnet' begins with %s; no network can have that", fault);
	if (subnet->subnet.ip.family == AF_INET6 && subnet->subnet.length != 64)
		ls_report_error(checker->report, subnet->subnet_mark, "ipv6-prefix-64",
			"'subnet' is a /%u; with appliances IPv6 networks are /64", subnet->subnet.length);
}

static void check_default_gateway(struct site_checker *checker, const struct ls_site_tenant *tenant,
	const struct ls_site_network *network, const struct ls_site_subnet *subnet)
{
	const struct ls_ip *gateway = &subnet->gateway;
	struct ls_prefix there = { .ip = *gateway, .length = subnet->subnet.length };
	char text[LS_IP_TEXT_MAX];
	const char *fault;

	if (!subnet->gateway_mark.line) {
		if (network->fails_over || (ls_failover_is_full(tenant->failover.mode) && network->target))
			ls_report_error(checker->report, subnet->mark, "default-gateways",
				"the network '%s' fails over, but has no %s 'gateway', which full failover takes",
				network->name, ls_ip_family_name(subnet->subnet.ip.family));
		return;
	}
	if (!gateway->family || !subnet->subnet.ip.family)
		return;
	if (gateway->family == AF_INET6 && subnet->subnet.ip.family == AF_INET6 && ls_ip_is_link_local(gateway))
		return;
	fault = ls_address_fault(gateway);
	if (!fault && !ls_prefix_contains(&subnet->subnet, gateway))
		fault = "in no subnet of the network";
	if (!fault)
		fault = ls_address_subnet_fault(&there);
	if (fault)
		ls_report_error(checker->report, subnet->gateway_mark, "address-sane",
			"gateway %s is %s; name the router's address", ls_ip_format(gateway, text), fault);
}

static void check_ula(struct site_checker *checker, const struct ls_site_network *network)
{
	const struct ls_prefix *subnet = &network->ipv6.subnet;

	if (network->ipv4.subnet.ip.family && subnet->ip.family && (subnet->ip.bytes[0] & 0xfe) == 0xfc)
		ls_report_warning(checker->report, network->ipv6.subnet_mark, "address-sane",
			"hosts prefer IPv4 to this unique local prefix (RFC 6724), so IPv6 will carry little; take a "
			"global one");
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
	const char *fault = ls_address_fault(&ip->ip);

	if (!ip->ip.family)
		return;
	if (!fault && !ls_prefix_contains(&subnet->subnet, &ip->ip))
		fault = "in no subnet of that network";
	if (!fault && memcmp(&subnet->gateway, &ip->ip, sizeof(ip->ip)) == 0)
		fault = "the gateway of that network";
	if (fault)
		ls_report_error(checker->report, ip->mark, "address-sane", "%s %s is %s", whose,
			ls_ip_format(&ip->ip, text), fault);
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
	check_ula(checker, network);
	check_dual_stack(checker, tenant, network);
	for (const struct ls_site_network *other = tenant->networks; network->target && other < network; other++)
		if (other->target == network->target)
			ls_report_error(checker->report,
				network->maps_to_mark.line ? network->maps_to_mark : network->mark, "vlan-overlap",
				"the network '%s' (line %u) is mapped to '%s' already; two networks cannot share one",
				other->name, other->mark.line, network->target->name);
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

		if (!target || interface_of(tenant->provider, target->name))
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

static void check_mappings(struct site_checker *checker, const struct ls_site_publics *publics)
{
	for (size_t i = 0; i < publics->n_mappings; i++)
		ls_check_management_port(checker->report, &publics->mappings[i]);
}

static void report_hindrance(struct site_checker *checker, struct ls_mark mark, const struct ls_site_replica *replica,
	const struct ls_site_hindrance *hindrance)
{
	const char *family = ls_ip_family_name(hindrance->family == LS_SITE_IPV6 ? AF_INET6 : AF_INET);

	if (!hindrance->network)
		ls_report_error(checker->report, mark, hindrance->id,
			"the replica '%s' has no static address in a network that the appliances have; give it one",
			replica->name);
	else if (strcmp(hindrance->id, "replica-static") == 0)
		ls_report_error(checker->report, mark, hindrance->id,
			"the replica '%s' has no static %s address in '%s'; give it one, or fail the whole network "
			"over (mode full)",
			replica->name, family, hindrance->network->name);
	else
		ls_report_error(checker->report, mark, hindrance->id,
			"in partial failover the replica '%s' needs a tunnel for %s in '%s'; let an appliance extend "
			"the network in that family",
			replica->name, family, hindrance->network->name);
}

/* What the specs of hosts would be refused for. */
static void check_partial(struct site_checker *checker, const struct ls_site_tenant *tenant)
{
	const struct ls_site_failover *failover = &tenant->failover;
	struct ls_site_hindrance hindrance;
	bool any = failover->n_replicas > 0;

	for (size_t i = 0; i < failover->n_replicas; i++) {
		const struct ls_site_replica *replica = ls_site_find_replica(tenant, failover->replicas[i].name);

		if (replica && ls_site_is_hindered(checker->site, tenant, replica, &hindrance))
			report_hindrance(checker, failover->replicas[i].mark, replica, &hindrance);
	}
	for (size_t i = 0; i < tenant->n_replicas; i++)
		any |= tenant->replicas[i].fails_over;
	if (!any)
		ls_report_error(checker->report, failover->mode_mark, "failover-replicas",
			"partial failover of no replica; %s",
			failover->replicas_mark.line
				? "name those that run at the provider in failover.replicas"
				: "none has an address in each family of its networks, and each by a tunnel");
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
	check_mappings(checker, &tenant->public_ips);
	if (tenant->failover.mode == LS_FAILOVER_PARTIAL)
		check_partial(checker, tenant);
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
	return r;
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
