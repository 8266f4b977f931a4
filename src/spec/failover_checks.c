/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of appliances, and of what a mode of failover needs. */
#include "checks.h"

#include <string.h>
#include <sys/socket.h>

#define DIRECTOR_NICS 10u /* of a VM in VMware Cloud Director; one of them is for management */

static bool is_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* Before tunnels were appended. */
static size_t count_own_interfaces(const struct ls_spec *spec)
{
	return spec->n_interfaces - spec->n_tunnels;
}

/* ---- what an appliance is ---------------------------------------------------------------------------------------- */

static bool is_used(const struct ls_spec_family *family)
{
	return family->mark.line && family->method != LS_METHOD_DISABLED;
}

static bool has_family(const struct ls_spec_interface *interface)
{
	return is_used(&interface->ipv4) || is_used(&interface->ipv6);
}

/* A network is in a VLAN of it. */
static bool is_trunk(struct ls_checker *checker, const struct ls_spec_interface *interface)
{
	for (size_t i = 0; i < checker->spec->n_networks; i++) {
		const struct ls_spec_interface *inner = ls_checker_find(checker, checker->spec->networks[i].interface);

		if (inner && inner->create == LS_CREATE_VLAN && is_same(inner->parent.name, interface->name))
			return true;
	}
	return false;
}

/* Inner interfaces take their families from their networks; what carries tagged frames alone has none. */
static void check_interface(struct ls_checker *checker, const struct ls_spec_interface *interface)
{
	if (interface->create == LS_CREATE_NONE && !has_family(interface) &&
		!ls_spec_is_inner(checker->spec, interface->name) && !is_trunk(checker, interface))
		ls_report_error(checker->report, interface->mark, "appliance-family",
			"the interface '%s' uses neither IPv4 nor IPv6; give it 'ipv4' or 'ipv6', with method auto or "
			"manual",
			interface->name ? interface->name : "?");
	for (size_t i = 0; i < interface->ipv6.n_addresses; i++)
		if (interface->ipv6.addresses[i].address.ip.family && interface->ipv6.addresses[i].address.length != 64)
			ls_report_error(checker->report, interface->ipv6.addresses[i].mark, "ipv6-prefix-64",
				"the address is in a /%u; IPv6 of appliances is in /64 networks",
				interface->ipv6.addresses[i].address.length);
}

static void check_network(struct ls_checker *checker, const struct ls_spec_network *network)
{
	if (network->ipv6.subnet.ip.family == AF_INET6 && network->ipv6.subnet.length != 64)
		ls_report_error(checker->report, network->ipv6.subnet_mark, "ipv6-prefix-64",
			"'subnet' is a /%u; IPv6 networks of appliances are /64", network->ipv6.subnet.length);
}

static void check_vlans(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->n_networks; i++)
		for (size_t k = 0; k < i; k++)
			if (spec->networks[i].vlan && spec->networks[i].vlan == spec->networks[k].vlan)
				ls_report_error(checker->report, spec->networks[i].vlan_mark, "vlan-overlap",
					"the network '%s' is in VLAN %u, too; each has its own", spec->networks[k].name,
					spec->networks[i].vlan);
}

static void check_side(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;
	size_t n_outer = 0;

	for (size_t i = 0; i < count_own_interfaces(spec); i++)
		n_outer += !ls_spec_is_inner(spec, spec->interfaces[i].name) &&
			   (has_family(&spec->interfaces[i]) || !is_trunk(checker, &spec->interfaces[i]));
	if (spec->side == LS_SPEC_TENANT && spec->n_networks > 1)
		ls_report_error(checker->report, spec->networks[1].mark, "tenant-one-network",
			"an appliance on the tenant's side extends one network; give '%s' an appliance of its own",
			spec->networks[1].name ? spec->networks[1].name : "?");
	if (spec->side == LS_SPEC_PROVIDER && spec->n_networks && !n_outer && !checker->interfaces_unknown)
		ls_report_error(checker->report, spec->side_mark, "tenant-one-network",
			"an appliance on the provider's side has an uplink besides the interfaces of its networks; add "
			"it");
}

static void check_director(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;
	size_t n = 0;

	if (spec->platform != LS_SPEC_DIRECTOR || !spec->platform_mark.line)
		return;
	for (size_t i = 0; i < count_own_interfaces(spec); i++)
		n += spec->interfaces[i].create == LS_CREATE_NONE;
	if (n > DIRECTOR_NICS || spec->n_networks >= DIRECTOR_NICS)
		ls_report_error(checker->report, spec->platform_mark, "director-nics",
			"%zu interfaces and %zu networks; a VM in Director has %u interfaces, one of them for "
			"management: "
			"use another appliance for the rest",
			n, spec->n_networks, DIRECTOR_NICS);
	for (size_t i = 0; i < spec->n_networks; i++)
		if (spec->networks[i].ipv4.mark.line && spec->networks[i].ipv6.mark.line &&
			!ls_spec_suppresses(spec->suppressed, spec->n_suppressed, LS_DIRECTOR_DUAL_STACK))
			ls_report_warning(checker->report, spec->networks[i].mark, LS_DIRECTOR_DUAL_STACK,
				"the network '%s' has both families: an operator has to import all organization "
				"networks "
				"into the vApps by hand, or failover may fail",
				spec->networks[i].name);
}

/* Where the provider has turned IPv6 off there is none. */
static void check_ipv6_off(struct ls_checker *checker)
{
	static const char advice[] = "IPv6 communication is off; remove it, or set ipv6_communication: true";
	const struct ls_spec *spec = checker->spec;

	if (!spec->ipv6_mark.line || spec->ipv6_communication)
		return;
	for (size_t i = 0; i < count_own_interfaces(spec); i++)
		if (is_used(&spec->interfaces[i].ipv6))
			ls_report_error(
				checker->report, spec->interfaces[i].ipv6.mark, "family-disabled", "%s", advice);
	for (size_t i = 0; i < spec->n_networks; i++)
		if (spec->networks[i].ipv6.mark.line)
			ls_report_error(checker->report, spec->networks[i].ipv6.mark, "family-disabled", "%s", advice);
}

static void check_management(struct ls_checker *checker)
{
	const struct ls_spec_management *management = &checker->spec->management;

	if (management->interface && !checker->interfaces_unknown && !ls_checker_find(checker, management->interface))
		ls_report_error(checker->report, management->interface_mark, "reference",
			"'interface' names '%s', but 'interfaces' has no such name; add it there",
			management->interface);
}

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

static void check_address(
	struct ls_checker *checker, const struct ls_spec_network *network, const struct ls_spec_ip *address)
{
	const struct ls_spec_subnet *subnet = ls_spec_subnet(network, address->ip.family);
	char text[LS_IP_TEXT_MAX];
	const char *fault;

	if (!address->ip.family)
		return;
	ls_ip_format(&address->ip, text);
	fault = ls_address_fault_in(&subnet->subnet, &address->ip);
	if (!subnet->subnet.ip.family)
		ls_report_error(checker->report, address->mark, "family-disabled",
			"%s is %s, which the network '%s' does not have", text, ls_ip_family_name(address->ip.family),
			network->name);
	else if (!ls_prefix_contains(&subnet->subnet, &address->ip))
		ls_report_error(checker->report, address->mark, "address-sane", "%s is not in the network '%s'", text,
			network->name);
	else if (!memcmp(&subnet->gateway, &address->ip, sizeof(address->ip)))
		ls_report_error(checker->report, address->mark, "address-sane",
			"%s is the gateway of the network '%s'; a host has another", text, network->name);
	else if (fault)
		ls_report_error(checker->report, address->mark, "address-sane",
			"%s is %s, in the network '%s'; a host has another", text, fault, network->name);
}

static void check_replica(struct ls_checker *checker, const struct ls_spec_replica *replica)
{
	for (size_t i = 0; i < replica->n_networks; i++) {
		const struct ls_spec_replica_network *part = &replica->networks[i];
		const struct ls_spec_network *network = ls_spec_find_network(checker->spec, part->name);

		if (!network) {
			ls_report_error(checker->report, part->mark, "reference",
				"the replica is in '%s', but 'networks' has no such name; add it there",
				part->name ? part->name : "?");
			continue;
		}
		for (size_t k = 0; k < part->n_addresses; k++)
			check_address(checker, network, &part->addresses[k]);
	}
}

static const struct ls_spec_replica *find_replica(const struct ls_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_replicas; i++)
		if (is_same(spec->replicas[i].name, name))
			return &spec->replicas[i];
	return NULL;
}

static void check_failed(struct ls_checker *checker)
{
	const struct ls_spec_failover *failover = &checker->spec->failover;

	for (size_t i = 0; i < failover->n_replicas; i++)
		if (failover->replicas[i].name && !find_replica(checker->spec, failover->replicas[i].name))
			ls_report_error(checker->report, failover->replicas[i].mark, "reference",
				"'replicas' of the spec has no '%s'; add it there", failover->replicas[i].name);
}

/* ---- modes ------------------------------------------------------------------------------------------------------- */

static bool has_address(const struct ls_spec_replica_network *part, uint8_t family)
{
	for (size_t i = 0; i < part->n_addresses; i++)
		if (part->addresses[i].ip.family == family)
			return true;
	return false;
}

static const uint8_t families[] = { AF_INET, AF_INET6 };

/* A host of the production network is found by its address, in each family. */
static void check_static(struct ls_checker *checker, const struct ls_spec_replica *replica)
{
	for (size_t i = 0; i < replica->n_networks; i++) {
		const struct ls_spec_replica_network *part = &replica->networks[i];
		const struct ls_spec_network *network = ls_spec_find_network(checker->spec, part->name);

		for (size_t k = 0; network && k < LS_ARRAY_SIZE(families); k++)
			if (ls_spec_subnet(network, families[k])->mark.line && !has_address(part, families[k]))
				ls_report_error(checker->report, part->mark, "replica-static",
					"the replica '%s' has no static %s address in '%s'; give it one, or fail the "
					"whole "
					"network over (mode full)",
					replica->name, ls_ip_family_name(families[k]), network->name);
	}
}

/* Names that lead nowhere are told of by themselves. */
static bool fails_none_over(const struct ls_spec *spec)
{
	for (size_t i = 0; i < spec->failover.n_replicas; i++) {
		const struct ls_spec_replica *replica = find_replica(spec, spec->failover.replicas[i].name);

		if (!replica || replica->n_networks)
			return false;
	}
	return true;
}

/* Only what a replica has an address of is extended; the rest stays out of the failover. */
static void check_network_tunnels(struct ls_checker *checker, const struct ls_spec_network *network)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t k = 0; network->name && k < LS_ARRAY_SIZE(families); k++) {
		const struct ls_spec_subnet *subnet = ls_spec_subnet(network, families[k]);
		struct ls_spec_failed at = { 0 };

		if (subnet->mark.line && !ls_spec_find_tunnel(spec, network, families[k]) &&
			ls_spec_next_failed(spec, network->name, families[k], &at))
			ls_report_error(checker->report, subnet->mark, "one-tunnel-per-family",
				"in partial failover the network '%s' needs a tunnel for %s, by which its replicas are "
				"reached; add one to 'tunnels'",
				network->name, ls_ip_family_name(families[k]));
	}
}

static void check_partial(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	if (fails_none_over(spec))
		ls_report_error(checker->report, spec->failover.mode_mark, "failover-replicas",
			"partial failover of no replica; name those that run here in failover.replicas");
	for (size_t i = 0; i < spec->n_replicas; i++)
		if (ls_spec_is_failed_over(spec, &spec->replicas[i]))
			check_static(checker, &spec->replicas[i]);
	for (size_t i = 0; i < spec->n_networks; i++) {
		const struct ls_spec_network *network = &spec->networks[i];

		check_network_tunnels(checker, network);
		for (size_t k = 0; k < i; k++)
			if (is_same(spec->networks[k].interface, network->interface))
				ls_report_error(checker->report, network->interface_mark, "duplicate-object",
					"the network '%s' is behind this interface, too; in partial failover each has "
					"its "
					"own",
					spec->networks[k].name);
	}
}

static void check_full(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	if (spec->side == LS_SPEC_TENANT)
		ls_report_error(checker->report, spec->failover.mode_mark, "failover-exclusive",
			"a full failover is the provider's side alone; here the mode is none or partial");
	for (size_t i = 0; i < spec->n_networks && spec->side != LS_SPEC_TENANT; i++)
		for (size_t k = 0; k < LS_ARRAY_SIZE(families); k++) {
			const struct ls_spec_subnet *subnet = ls_spec_subnet(&spec->networks[i], families[k]);

			if (subnet->mark.line && !subnet->gateway.family)
				ls_report_error(checker->report, subnet->mark, "default-gateways",
					"in full failover the appliance is the gateway of the network '%s'; give it "
					"the "
					"'gateway' that its hosts have",
					spec->networks[i].name);
		}
}

void ls_check_mode(struct ls_checker *checker)
{
	switch ((enum ls_failover_mode)checker->spec->failover.mode) {
	case LS_FAILOVER_NONE:
		break;
	case LS_FAILOVER_PARTIAL:
		check_partial(checker);
		break;
	case LS_FAILOVER_FULL:
	case LS_FAILOVER_PERMANENT:
		check_full(checker);
		break;
	}
}

static void check_failover(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	if (!spec->failover.mark.line)
		return;
	if (spec->side == LS_SPEC_NO_SIDE)
		ls_report_error(checker->report, spec->failover.mark, "missing",
			"a spec with 'failover' has no 'side'; say provider or tenant");
	check_failed(checker);
	ls_check_mode(checker);
}

int ls_check_appliance(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; spec->side && i < count_own_interfaces(spec); i++)
		check_interface(checker, &spec->interfaces[i]);
	for (size_t i = 0; spec->side && i < spec->n_networks; i++)
		check_network(checker, &spec->networks[i]);
	for (size_t i = 0; i < spec->n_networks; i++)
		for (size_t k = 0; k < spec->networks[i].n_production_hosts; k++)
			check_address(checker, &spec->networks[i], &spec->networks[i].production_hosts[k]);
	for (size_t i = 0; i < spec->n_replicas; i++)
		check_replica(checker, &spec->replicas[i]);
	check_vlans(checker);
	check_side(checker);
	check_director(checker);
	check_ipv6_off(checker);
	check_management(checker);
	check_failover(checker);
	return 0;
}
