/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an appliance does for a tenant, as text: networks, replicas, failover, public addresses.
 */
#include "site_render.h"

#include <string.h>

#include <netinet/in.h>

/* ---- networks ---------------------------------------------------------------------------------------------------- */

void site_put_subnet(struct site_renderer *renderer, uint8_t family, const struct ls_site_subnet *subnet, bool gateway)
{
	if (!subnet->subnet.ip.family || !(renderer->families & family))
		return;
	(void)ls_buf_printf(renderer->buf, ", %s: { subnet: ", site_family_key(family));
	site_put_prefix(renderer, &subnet->subnet);
	if (gateway && subnet->gateway.family) {
		site_put(renderer, ", gateway: ");
		site_put_ip(renderer, &subnet->gateway);
	}
	site_put(renderer, " }");
}

static void put_production_hosts(struct site_renderer *renderer, const struct ls_site_network *network)
{
	size_t n = 0;

	for (size_t i = 0; i < network->n_production_hosts; i++) {
		if (!site_has_family(renderer, &network->production_hosts[i].ip))
			continue;
		site_put(renderer, n++ ? ", " : ", production_hosts: [");
		site_put_ip(renderer, &network->production_hosts[i].ip);
	}
	site_put(renderer, n ? "]" : "");
}

void site_put_network(struct site_renderer *renderer, const struct ls_site_appliance *appliance,
	const struct ls_site_network *network)
{
	const struct ls_site_plan_network *target = network->target;
	char vlan[LS_SITE_VLAN_NAME_MAX];

	ls_site_vlan_name(target, vlan);
	site_put_key(renderer, "  ", network->name);
	site_put(renderer, " { interface: ");
	site_put_text(renderer, site_is_vlan(appliance, network) ? vlan : target->name);
	if (target->internet)
		site_put(renderer, ", internet: true");
	site_put_subnet(renderer, LS_SITE_IPV4, &network->ipv4, true);
	site_put_subnet(renderer, LS_SITE_IPV6, &network->ipv6, true);
	put_production_hosts(renderer, network);
	site_put(renderer, " }\n");
}

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

/* `detected`: the replica, where these were given and what its job found stands there already; or NULL. */
static void put_addresses(struct site_renderer *renderer, const struct ls_site_addresses *addresses,
	const struct ls_site_replica *detected, size_t *n)
{
	for (size_t i = 0; i < addresses->n_ips; i++) {
		const struct ls_ip *ip = &addresses->ips[i].ip;

		if (!site_has_family(renderer, ip) ||
			(detected && ls_site_is_detected(detected, addresses->network, ip)))
			continue;
		site_put(renderer, (*n)++ ? ", " : " [");
		site_put_ip(renderer, ip);
	}
}

static size_t count_addresses(
	const struct site_renderer *renderer, const struct ls_site_addresses *list, size_t n, const void *network)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; list[i].network == network && k < list[i].n_ips; k++)
			found += site_has_family(renderer, &list[i].ips[k].ip);
	return found;
}

/* Detected and given addresses of one network are one list. */
static void put_replica_network(struct site_renderer *renderer, const struct ls_site_replica *replica,
	const struct ls_site_network *network, bool *any)
{
	size_t n = 0;

	if (!count_addresses(renderer, replica->detected, replica->n_detected, network) &&
		!count_addresses(renderer, replica->addresses, replica->n_addresses, network))
		return;
	site_put(renderer, *any ? ", " : " { ");
	*any = true;
	site_put_key(renderer, "", network->name);
	for (size_t i = 0; i < replica->n_detected; i++)
		if (replica->detected[i].network == network)
			put_addresses(renderer, &replica->detected[i], NULL, &n);
	for (size_t i = 0; i < replica->n_addresses; i++)
		if (replica->addresses[i].network == network)
			put_addresses(renderer, &replica->addresses[i], replica, &n);
	site_put(renderer, "]");
}

/* `only`: in that network; NULL: in all that are rendered. */
static bool is_replica_in(const struct site_renderer *renderer, const struct ls_site_replica *replica,
	const struct ls_site_network *network, const struct ls_site_network *only)
{
	return (!only || only == network) && site_is_rendered(renderer, network) &&
	       (count_addresses(renderer, replica->detected, replica->n_detected, network) ||
		       count_addresses(renderer, replica->addresses, replica->n_addresses, network));
}

void site_put_replicas(struct site_renderer *renderer, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	bool first = true;

	for (size_t i = 0; i < tenant->n_replicas; i++) {
		const struct ls_site_replica *replica = &tenant->replicas[i];
		bool any = false;

		for (size_t k = 0; k < tenant->n_networks; k++) {
			if (!is_replica_in(renderer, replica, &tenant->networks[k], only))
				continue;
			if (!any) {
				site_put(renderer, first ? "replicas:\n" : "");
				first = false;
				site_put_key(renderer, "  ", replica->name);
			}
			put_replica_network(renderer, replica, &tenant->networks[k], &any);
		}
		site_put(renderer, any ? " }\n" : "");
	}
}

/* ---- failover ---------------------------------------------------------------------------------------------------- */

/* In a partial failover, on that host. */
static bool is_failed_over(
	const struct site_renderer *renderer, const struct ls_site_replica *replica, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;

	for (size_t i = 0; replica->fails_over && i < tenant->n_networks; i++)
		if (is_replica_in(renderer, replica, &tenant->networks[i], only))
			return true;
	return false;
}

/* At the tenant (`only`: the network there) there is a partial failover or none, and the former of some replica. */
static uint8_t mode_on(const struct site_renderer *renderer, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;

	if (!only)
		return tenant->failover.mode;
	for (size_t i = 0; tenant->failover.mode == LS_FAILOVER_PARTIAL && i < tenant->n_replicas; i++)
		if (is_failed_over(renderer, &tenant->replicas[i], only))
			return LS_FAILOVER_PARTIAL;
	return LS_FAILOVER_NONE;
}

/* The replicas are there in any mode, so that the host itself can take another. */
void site_put_failover(struct site_renderer *renderer, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	bool first = true;

	(void)ls_buf_printf(renderer->buf, "failover:\n  mode: %s\n", ls_failover_words[mode_on(renderer, only)].word);
	if (!only && tenant->failover.route_between_networks)
		site_put(renderer, "  route_between_networks: true\n");
	for (size_t i = 0; i < tenant->n_replicas; i++) {
		if (!is_failed_over(renderer, &tenant->replicas[i], only))
			continue;
		site_put(renderer, first ? "  replicas:\n    - " : "    - ");
		first = false;
		site_put_text(renderer, tenant->replicas[i].name);
		site_put(renderer, "\n");
	}
}

/* ---- public addresses -------------------------------------------------------------------------------------------- */

static void put_mapping(struct site_renderer *renderer, const struct ls_spec_mapping *mapping)
{
	site_put(renderer, "    - { public: ");
	site_put_ip(renderer, &mapping->public_ip);
	if (mapping->port) {
		(void)ls_buf_printf(renderer->buf, ", protocol: %s, port: %u",
			mapping->protocol == IPPROTO_TCP ? "tcp" : "udp", mapping->port);
		if (mapping->last_port != mapping->port)
			(void)ls_buf_printf(renderer->buf, "-%u", mapping->last_port);
	}
	site_put(renderer, ", to: ");
	site_put_ip(renderer, &mapping->to);
	if (mapping->to_port && mapping->to_port != mapping->port)
		(void)ls_buf_printf(renderer->buf, ", to_port: %u", mapping->to_port);
	site_put(renderer, " }\n");
}

static void put_mappings(struct site_renderer *renderer)
{
	const struct ls_site_publics *publics = &renderer->tenant->public_ips;
	bool first = true;

	for (size_t i = 0; i < publics->n_mappings; i++) {
		if (!site_has_family(renderer, &publics->mappings[i].public_ip))
			continue;
		site_put(renderer, first ? "  mappings:\n" : "");
		first = false;
		put_mapping(renderer, &publics->mappings[i]);
	}
}

void site_put_publics(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_share *share = renderer->share;
	size_t n = 0;

	for (size_t i = 0; i < share->n_ips; i++) {
		if (!site_has_family(renderer, &share->ips[i]))
			continue;
		if (!n) {
			site_put(renderer, "public_ips:\n  interface: ");
			site_put_text(renderer, appliance->outside->name);
		}
		site_put(renderer, n++ ? ", " : "\n  addresses: [");
		site_put_ip(renderer, &share->ips[i]);
	}
	if (!n)
		return;
	site_put(renderer, "]\n");
	put_mappings(renderer);
}

/* By where networks with `internet` leave. */
void site_put_uplinks(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_tenant *tenant = renderer->tenant;

	for (size_t i = 0; i < tenant->n_networks; i++) {
		if (!site_is_rendered(renderer, &tenant->networks[i]) || !tenant->networks[i].target->internet)
			continue;
		site_put(renderer, "nat: { uplinks: [");
		site_put_text(renderer, appliance->outside->name);
		site_put(renderer, "] }\n");
		return;
	}
}
