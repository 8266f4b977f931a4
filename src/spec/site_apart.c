/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of a site that belong to one host: what gateways and the appliances behind them have, over all of the site,
 * and those of the hosts of a tenant's network. Networks of different tenants may overlap, and have nothing to do with
 * one another. Each address is looked up once in a table.
 */
#include "checks.h"
#include "site.h"

#include <sys/socket.h>

#define ID "duplicate-object"

struct apart {
	const struct ls_site *site;
	struct ls_report *report;
	struct ls_table hosts;    /* struct ls_host_key -> struct ls_mark of the address */
	struct ls_table outsides; /* struct ls_ip -> struct ls_mark of the host */
};

static void apart_done(struct apart *apart)
{
	ls_table_done(&apart->hosts);
	ls_table_done(&apart->outsides);
}

/* ---- outside ----------------------------------------------------------------------------------------------------- */

/* A link-local address is one of its link alone. `host`: the mark of the host itself. */
static int hold_outside(struct apart *apart, const struct ls_ip *ip, struct ls_mark mark, const struct ls_mark *host)
{
	const void *before = NULL;
	const struct ls_mark *first;
	char text[LS_IP_TEXT_MAX];
	int r = ip->family && !ls_ip_is_link_local(ip) ? ls_table_hold(&apart->outsides, ip, host, &before) : 0;

	first = before;
	if (first && first != host)
		ls_report_error(apart->report, mark, ID,
			"%s is an address of the host on line %u already, and what is meant for one would go to the "
			"other; give each its own",
			ls_ip_format(ip, text), first->line);
	return r;
}

static int hold_family(struct apart *apart, const struct ls_spec_family *family, const struct ls_mark *host)
{
	int r = 0;

	for (size_t i = 0; r == 0 && family->method == LS_METHOD_MANUAL && i < family->n_addresses; i++)
		r = hold_outside(apart, &family->addresses[i].address.ip, family->addresses[i].mark, host);
	return r;
}

static int hold_gateway(struct apart *apart, const struct ls_site_gateway *gateway)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < gateway->n_interfaces; i++) {
		r = hold_family(apart, &gateway->interfaces[i].ipv4, &gateway->mark);
		if (r == 0)
			r = hold_family(apart, &gateway->interfaces[i].ipv6, &gateway->mark);
	}
	return r;
}

static bool is_reached_at(const struct ls_site_appliance *appliance, uint8_t family)
{
	for (size_t i = 0; i < appliance->n_addresses; i++)
		if (appliance->addresses[i].ip.family == family)
			return true;
	return false;
}

/* Where `addresses` say how it is reached, that of its interface is behind something that translates it, and may be
 * another appliance's, too. */
static int hold_provider(struct apart *apart, const struct ls_site_appliance *appliance)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < appliance->n_addresses; i++)
		r = hold_outside(apart, &appliance->addresses[i].ip, appliance->addresses[i].mark, &appliance->mark);
	for (size_t f = 0; r == 0 && appliance->outside && f < LS_ARRAY_SIZE(families); f++)
		if (!is_reached_at(appliance, families[f]))
			r = hold_family(apart, ls_spec_family(appliance->outside, families[f]), &appliance->mark);
	return r;
}

/* ---- hosts of a network ------------------------------------------------------------------------------------------ */

static int hold_host(struct apart *apart, const struct ls_site_network *network, const struct ls_ip *ip,
	const struct ls_mark *mark, const struct ls_mark **ret)
{
	const struct ls_host_key key = ls_host_key_of(network, ip);
	const void *before = NULL;
	int r = ip->family ? ls_table_hold(&apart->hosts, &key, mark, &before) : 0;

	*ret = before;
	return r;
}

/* An appliance is a host of the network that it is in. */
static int hold_own(
	struct apart *apart, const struct ls_site_network *network, const struct ls_spec_interface *interface)
{
	const struct ls_spec_family *families[] = { &interface->ipv4, &interface->ipv6 };
	const struct ls_mark *first;
	int r = 0;

	for (size_t f = 0; f < LS_ARRAY_SIZE(families); f++)
		for (size_t i = 0; r == 0 && i < families[f]->n_addresses; i++)
			r = hold_host(apart, network, &families[f]->addresses[i].address.ip,
				&families[f]->addresses[i].mark, &first);
	return r;
}

static int hold_appliance(
	struct apart *apart, const struct ls_site_tenant *tenant, const struct ls_site_appliance *appliance)
{
	int r = 0;

	if (appliance->extends && appliance->outside)
		return hold_own(apart, appliance->extends, appliance->outside);
	for (size_t i = 0; appliance == tenant->provider && i < tenant->n_networks; i++) {
		const struct ls_site_network *network = &tenant->networks[i];

		for (size_t k = 0; r == 0 && network->target && k < appliance->n_interfaces; k++)
			if (appliance->interfaces[k].name == network->target->name)
				r = hold_own(apart, network, &appliance->interfaces[k]);
	}
	return r;
}

/* `detected`: the same replica's, which a person may confirm; or NULL. */
static int hold_replica(
	struct apart *apart, const struct ls_site_addresses *addresses, const struct ls_site_replica *detected)
{
	const struct ls_mark *first;
	char text[LS_IP_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && addresses->network && i < addresses->n_ips; i++) {
		const struct ls_spec_ip *ip = &addresses->ips[i];

		first = NULL;
		if (!detected || !ls_site_is_detected(detected, addresses->network, &ip->ip))
			r = hold_host(apart, addresses->network, &ip->ip, &ip->mark, &first);
		if (first)
			ls_report_error(apart->report, ip->mark, ID,
				"%s is in the network '%s' already, on line %u; each host there has its own address",
				ls_ip_format(&ip->ip, text), addresses->name, first->line);
	}
	return r;
}

static int hold_tenant(struct apart *apart, const struct ls_site_tenant *tenant)
{
	int r = tenant->provider ? hold_provider(apart, tenant->provider) : 0;

	for (size_t i = 0; r == 0 && i < tenant->n_appliances; i++)
		r = hold_appliance(apart, tenant, &tenant->appliances[i]);
	for (size_t i = 0; r == 0 && i < tenant->n_replicas; i++) {
		const struct ls_site_replica *replica = &tenant->replicas[i];

		for (size_t k = 0; r == 0 && k < replica->n_detected; k++)
			r = hold_replica(apart, &replica->detected[k], NULL);
		for (size_t k = 0; r == 0 && k < replica->n_addresses; k++)
			r = hold_replica(apart, &replica->addresses[k], replica);
	}
	return r;
}

int ls_site_check_apart(const struct ls_site *site, struct ls_report *report)
{
	LS_CLEANUP(apart_done) struct apart apart = { .site = site, .report = report };
	int r = 0;

	ls_table_init(&apart.hosts, sizeof(struct ls_host_key));
	ls_table_init(&apart.outsides, sizeof(struct ls_ip));
	for (size_t i = 0; r == 0 && i < site->n_gateways; i++)
		r = hold_gateway(&apart, &site->gateways[i]);
	for (size_t i = 0; r == 0 && i < site->n_tenants; i++)
		r = hold_tenant(&apart, &site->tenants[i]);
	return r;
}
