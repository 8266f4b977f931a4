/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failover. In a partial one the production network and some of its hosts, which run at the provider as replicas, are
 * joined by a tunnel for each family; both appliances answer for the hosts that are on the other side (proxy entries),
 * and route to them.
 *
 * On the provider's side all of a network is in a routing table of its own. What the replicas send for others than one
 * another goes into the tunnel, and with it to the production gateway: never out of the uplink, for without the tunnel
 * the next rule says unreachable. What comes out of the tunnel goes to known replicas only. On the tenant's side there
 * are routes to the replicas.
 *
 * In a full failover the appliance of the provider is the networks' gateway; NAT and public addresses are in nat.c.
 */
#include "compiler.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define RULES_OF_NETWORK 5u

/* A family of a network in a partial failover. */
struct joint {
	struct compiler *compiler;
	const struct ls_spec_network *network;
	const struct ls_spec_subnet *subnet;
	const struct ls_spec_tunnel *tunnel;
	const char *inner, *tunnel_dev;
	size_t place; /* of the network in the spec */
	uint8_t family;
	struct ls_mark mark, tunnel_mark;
};

static const uint8_t families[] = { AF_INET, AF_INET6 };

/* ---- routes and rules -------------------------------------------------------------------------------------------- */

static void lead(
	const struct joint *joint, const struct ls_prefix *to, const char *dev, uint32_t table, struct ls_mark mark)
{
	(void)compile_route_to(joint->compiler, to, dev, table, mark);
}

/* `suppress`: not by a default route. */
static void add_rule(const struct joint *joint, uint32_t priority, const char *iif, uint32_t table, bool suppress)
{
	struct ls_rule *rule = compiler_add(joint->compiler, &ls_kind_rule, joint->mark);

	if (!rule)
		return;
	rule->family = ls_family_from_socket(joint->family);
	rule->priority = priority;
	rule->iif = iif;
	rule->table = table;
	rule->action = table ? LS_RULE_LOOKUP : LS_RULE_UNREACHABLE;
	rule->object.set = LS_BIT(LS_RULE_FAMILY) | LS_BIT(LS_RULE_PRIORITY) | LS_BIT(LS_RULE_ACTION) |
			   LS_BIT(LS_RULE_IIF) | (table ? LS_BIT(LS_RULE_TABLE) : 0) |
			   (suppress ? LS_BIT(LS_RULE_SUPPRESS_PREFIX_LENGTH) : 0);
}

static uint32_t first_rule(const struct joint *joint)
{
	return LS_FAILOVER_RULES + RULES_OF_NETWORK * (uint32_t)joint->place;
}

/* Without a tunnel nothing leaves. That is no route of the table: a route that refuses is never suppressed
 * (fib_rules_lookup, net/core/fib_rules.c), so the host itself would reach nobody. */
static void add_rules(const struct joint *joint, uint32_t table)
{
	uint32_t first = first_rule(joint);

	add_rule(joint, first, joint->inner, table, false);
	add_rule(joint, first + 1, joint->inner, 0, false);
	add_rule(joint, first + 2, joint->tunnel_dev, table, true);
	add_rule(joint, first + 3, joint->tunnel_dev, 0, false);
	add_rule(joint, first + 4, "lo", table, true); /* ICMP errors of the host itself find the replica */
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

static void answer_for(const struct joint *joint, const struct ls_ip *address, bool router, struct ls_mark mark)
{
	struct ls_neighbour *neighbour = compiler_add(joint->compiler, &ls_kind_neighbour, mark);

	if (!neighbour)
		return;
	neighbour->dev = joint->inner;
	neighbour->address = *address;
	neighbour->proxy = 1;
	neighbour->router = router;
	neighbour->object.set = LS_BIT(LS_NEIGHBOUR_DEV) | LS_BIT(LS_NEIGHBOUR_ADDRESS) | LS_BIT(LS_NEIGHBOUR_PROXY) |
				(router ? LS_BIT(LS_NEIGHBOUR_ROUTER) : 0);
}

static void set_link_sysctl(const struct joint *joint, const char *directory, const char *name, const char *value)
{
	compile_needed_sysctl(joint->compiler,
		ls_arena_printf(joint->compiler->set->arena, "%s/%s/%s", directory, joint->inner, name), value,
		joint->inner, joint->mark);
}

static void set_host_sysctl(const struct joint *joint, const char *path, const char *value)
{
	compile_needed_sysctl(joint->compiler, path, value, NULL, joint->mark);
}

/* Answers come at once (proxy_delay, in hundredths of a second, is 80 by itself), and nobody is told of a shorter way:
 * there is none. With proxy_ndp of all links the kernel sees to an entry whenever it is asked. */
static void speak_for_others(const struct joint *joint)
{
	if (joint->family == AF_INET) {
		set_host_sysctl(joint, "net/ipv4/ip_forward", "1");
		set_host_sysctl(joint, "net/ipv4/conf/all/send_redirects", "0");
		set_link_sysctl(joint, "net/ipv4/conf", "send_redirects", "0");
		set_link_sysctl(joint, "net/ipv4/neigh", "proxy_delay", "0");
	} else {
		set_host_sysctl(joint, "net/ipv6/conf/all/forwarding", "1");
		set_host_sysctl(joint, "net/ipv6/conf/all/proxy_ndp", "1");
		set_link_sysctl(joint, "net/ipv6/neigh", "proxy_delay", "0");
	}
}

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

static const struct ls_spec_ip *next_replica(const struct joint *joint, struct ls_spec_failed *at)
{
	return ls_spec_next_failed(joint->compiler->spec, joint->network->name, joint->family, at);
}

/* A route to each; and, on the tenant's side, they are answered for. */
static void find_replicas(const struct joint *joint, const char *dev, uint32_t table, bool answered)
{
	struct ls_spec_failed at = { 0 };
	const struct ls_spec_ip *replica;

	while ((replica = next_replica(joint, &at))) {
		const struct ls_prefix alone = ls_ip_alone(&replica->ip);

		lead(joint, &alone, dev, table, replica->mark);
		if (answered)
			answer_for(joint, &replica->ip, false, replica->mark);
	}
}

static uint32_t table_of(const struct joint *joint)
{
	return LS_FAILOVER_TABLE + (uint32_t)joint->place;
}

/* One that lives on the link must not be answered for. */
static bool is_on_link(const struct joint *joint, const struct ls_ip *address)
{
	struct ls_spec_failed at = { 0 };
	const struct ls_spec_ip *replica;

	while ((replica = next_replica(joint, &at)))
		if (!memcmp(&replica->ip, address, sizeof(*address)))
			return true;
	return false;
}

/* ---- the provider's side ----------------------------------------------------------------------------------------- */

/* A source of ARP requests and ICMP messages, for there is no other address on the link. */
static void add_source(const struct joint *joint)
{
	const struct ls_spec_address alone = { .mark = joint->mark,
		.address = { .ip = { .family = AF_INET, .bytes = { 169, 254, 0, 1 } }, .length = 32 } };

	(void)compile_address(joint->compiler, joint->inner, &alone);
}

static void join_provider(const struct joint *joint)
{
	const struct ls_prefix all = { .ip.family = joint->family };

	speak_for_others(joint);
	lead(joint, &all, joint->tunnel_dev, table_of(joint), joint->tunnel_mark);
	add_rules(joint, table_of(joint));
	find_replicas(joint, joint->inner, table_of(joint), false);
	if (joint->family == AF_INET) {
		add_source(joint);
		set_link_sysctl(joint, "net/ipv4/conf", "proxy_arp", "1"); /* for all that the table leads elsewhere */
		return;
	}
	if (joint->subnet->gateway.family)
		answer_for(joint, &joint->subnet->gateway, true, joint->subnet->gateway_mark);
	for (size_t i = 0; i < joint->network->n_production_hosts; i++) {
		const struct ls_spec_ip *host = &joint->network->production_hosts[i];

		if (host->ip.family == AF_INET6 && !is_on_link(joint, &host->ip))
			answer_for(joint, &host->ip, false, host->mark);
	}
}

/* ---- the tenant's side ------------------------------------------------------------------------------------------- */

static void join_tenant(const struct joint *joint)
{
	speak_for_others(joint);
	find_replicas(joint, joint->tunnel_dev, 0, true);
}

/* ---- full -------------------------------------------------------------------------------------------------------- */

/* The address that the gateway has in production, in the network's subnet. Of a link-local one the subnet is not. */
static void take_gateway(const struct joint *joint)
{
	const struct ls_ip *gateway = &joint->subnet->gateway;
	const struct ls_spec_address own = { .mark = joint->subnet->gateway_mark,
		.address = { .ip = *gateway, .length = joint->subnet->subnet.length } };

	if (!gateway->family)
		return;
	(void)compile_address(joint->compiler, joint->inner, &own);
	if (!ls_prefix_contains(&joint->subnet->subnet, gateway))
		lead(joint, &joint->subnet->subnet, joint->inner, 0, joint->subnet->subnet_mark);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* Production's routers are not for the appliance. */
static void make_inner(const struct joint *joint)
{
	if (joint->family != AF_INET6 || joint->compiler->spec->side != LS_SPEC_PROVIDER)
		return;
	set_link_sysctl(joint, "net/ipv6/conf", "disable_ipv6", "0");
	set_link_sysctl(joint, "net/ipv6/conf", "accept_ra", "0");
}

/* No replica is failed over in it, and the appliance forwards: what is there has no business with the world. */
static void shut_out(const struct joint *joint)
{
	if (joint->compiler->spec->side == LS_SPEC_PROVIDER)
		add_rule(joint, first_rule(joint), joint->inner, 0, false);
}

static void compile_joint(const struct joint *joint)
{
	const struct ls_spec *spec = joint->compiler->spec;

	make_inner(joint);
	switch ((enum ls_failover_mode)spec->failover.mode) {
	case LS_FAILOVER_NONE:
		break;
	case LS_FAILOVER_PARTIAL:
		if (spec->side == LS_SPEC_TENANT)
			join_tenant(joint);
		else
			join_provider(joint);
		break;
	case LS_FAILOVER_FULL:
	case LS_FAILOVER_PERMANENT:
		take_gateway(joint);
		break;
	}
}

static bool is_used(const struct ls_spec *spec, uint8_t family)
{
	for (size_t i = 0; i < spec->n_networks; i++)
		if (ls_spec_subnet(&spec->networks[i], family)->mark.line)
			return true;
	return false;
}

static void compile_family(struct compiler *compiler, size_t place, uint8_t family)
{
	const struct ls_spec *spec = compiler->spec;
	const struct ls_spec_network *network = &spec->networks[place];
	struct joint joint = {
		.compiler = compiler,
		.network = network,
		.subnet = ls_spec_subnet(network, family),
		.tunnel = ls_spec_find_tunnel(spec, network, family),
		.inner = compiler_device(compiler, network->interface),
		.place = place,
		.family = family,
		.mark = network->mark,
	};
	bool there = joint.subnet->mark.line;

	if (joint.tunnel) {
		joint.tunnel_dev = compiler_device(compiler, joint.tunnel->name);
		joint.tunnel_mark = joint.tunnel->mark;
	}
	if (spec->failover.mode == LS_FAILOVER_PARTIAL && !(there && joint.tunnel))
		shut_out(&joint);
	else if (there)
		compile_joint(&joint);
}

void compile_failover(struct compiler *compiler)
{
	const struct ls_spec *spec = compiler->spec;

	if (!spec->failover.mark.line || spec->failover.mode == LS_FAILOVER_NONE)
		return;
	for (size_t i = 0; i < spec->n_networks; i++)
		for (size_t k = 0; k < LS_ARRAY_SIZE(families); k++)
			if (is_used(spec, families[k]))
				compile_family(compiler, i, families[k]);
}
