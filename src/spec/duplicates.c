/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One entry per object of the kernel (check `duplicate-object`). Every check of this kind is the same: entries go into
 * a table under the key by which the kernel tells its objects apart, and the second one with a key is the error. Keys
 * have no padding, since they are compared as bytes; texts in them are interned, so their pointers will do.
 */
#include "checks.h"
#include "table.h"

#include <linkspan/model.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ID "duplicate-object"
#define TABLE_MAIN 254u
#define IPV6_METRIC 1024u /* IP6_RT_PRIO_USER: what the kernel takes for none or 0 */

/* ---- one place for one key --------------------------------------------------------------------------------------- */

struct places {
	struct ls_mark first, second; /* in the order of the file */
};

/* Notes that the entry at *mark (which stays) asks for the object. Returns 0; 1: one before it does too; or -ENOMEM. */
static int note(struct ls_table *table, const void *key, const struct ls_mark *mark, struct places *ret)
{
	const void *held = NULL;
	const struct ls_mark *before;

	if (ls_table_hold(table, key, mark, &held) < 0)
		return -ENOMEM;
	before = held;
	if (!before)
		return 0;
	if (ls_mark_compare(*before, *mark) <= 0)
		*ret = (struct places){ .first = *before, .second = *mark };
	else
		*ret = (struct places){ .first = *mark, .second = *before };
	return 1;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* The kernel tells IPv4 addresses apart by their length too, IPv6 ones not: then it is 0 here. */
struct address_key {
	const struct ls_spec_interface *interface;
	uint8_t bytes[16];
	uint32_t family, length;
};

static int note_address(struct ls_checker *checker, struct ls_table *table, const struct ls_spec_interface *interface,
	const struct ls_spec_address *address)
{
	const struct ls_prefix *prefix = &address->address;
	struct address_key key = { .interface = interface, .family = prefix->ip.family };
	char text[LS_PREFIX_TEXT_MAX];
	struct places places;
	int r;

	if (!interface || prefix->ip.family == 0)
		return 0;
	memcpy(key.bytes, prefix->ip.bytes, sizeof(key.bytes));
	key.length = prefix->ip.family == AF_INET ? prefix->length : 0;
	r = note(table, &key, &address->mark, &places);
	if (r == 1)
		ls_report_error(checker->report, places.second, ID,
			"address %s of interface '%s' is given twice, first on line %u; remove one",
			ls_prefix_format(prefix, text), interface->name, places.first.line);
	return r < 0 ? r : 0;
}

static int note_addresses(struct ls_checker *checker, struct ls_table *table, const struct ls_spec_interface *interface,
	const struct ls_spec_family *family)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < family->n_addresses; i++)
		r = note_address(checker, table, interface, &family->addresses[i]);
	return r;
}

static int check_addresses(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	int r = 0;

	ls_table_init(&table, sizeof(struct address_key));
	for (size_t i = 0; r == 0 && i < spec->n_interfaces; i++) {
		r = note_addresses(checker, &table, &spec->interfaces[i], &spec->interfaces[i].ipv4);
		if (r == 0)
			r = note_addresses(checker, &table, &spec->interfaces[i], &spec->interfaces[i].ipv6);
	}
	for (size_t i = 0; r == 0 && i < spec->n_addresses; i++)
		r = note_address(
			checker, &table, ls_checker_find(checker, spec->addresses[i].interface), &spec->addresses[i]);
	return r;
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

struct route_key {
	uint8_t bytes[16];
	uint32_t family, length, table, metric;
};

static int note_route(struct ls_checker *checker, struct ls_table *table, const struct ls_prefix *to,
	uint32_t route_table, uint32_t metric, const struct ls_mark *mark)
{
	struct route_key key = { .family = to->ip.family, .length = to->length, .table = route_table };
	char text[LS_PREFIX_TEXT_MAX];
	struct places places;
	int r;

	memcpy(key.bytes, to->ip.bytes, sizeof(key.bytes));
	key.metric = metric == 0 && to->ip.family == AF_INET6 ? IPV6_METRIC : metric;
	r = note(table, &key, mark, &places);
	if (r == 1)
		ls_report_error(checker->report, places.second, ID,
			"a second route to %s in table %u with metric %u, the first is on line %u; remove one, or give "
			"it another metric",
			ls_prefix_format(to, text), route_table, key.metric, places.first.line);
	return r < 0 ? r : 0;
}

struct hop_key {
	const char *interface;
	uint8_t bytes[16];
	uint32_t family, route;
};

/* IPv6 refuses the second one, IPv4 takes it for a hop of its own: there is the weight for that. */
static int note_hops(struct ls_checker *checker, struct ls_table *table, size_t route)
{
	const struct ls_spec_route *spec = &checker->spec->routes[route];
	struct places places;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < spec->n_hops; i++) {
		const struct ls_spec_hop *hop = &spec->hops[i];
		struct hop_key key = {
			.interface = hop->interface, .family = hop->via.family, .route = (uint32_t)route
		};

		memcpy(key.bytes, hop->via.bytes, sizeof(key.bytes));
		r = hop->interface || hop->via.family ? note(table, &key, &hop->mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"the same next hop twice, first on line %u; remove one, and give the other a 'weight'",
				places.first.line);
	}
	return r < 0 ? r : 0;
}

static int check_hops(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	int r = 0;

	ls_table_init(&table, sizeof(struct hop_key));
	for (size_t i = 0; r == 0 && i < checker->spec->n_routes; i++)
		r = note_hops(checker, &table, i);
	return r;
}

/* A gateway is the default route of its family. */
static int note_gateway(struct ls_checker *checker, struct ls_table *table, const struct ls_spec_family *family)
{
	struct ls_prefix to = { .ip.family = family->gateway.family };

	if (family->gateway.family == 0 || family->method == LS_METHOD_DISABLED)
		return 0;
	return note_route(checker, table, &to, TABLE_MAIN, 0, &family->gateway_mark);
}

static int check_routes(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	int r;

	ls_table_init(&table, sizeof(struct route_key));
	r = ls_table_reserve(&table, spec->n_routes);
	for (size_t i = 0; r == 0 && i < spec->n_interfaces; i++) {
		r = note_gateway(checker, &table, &spec->interfaces[i].ipv4);
		if (r == 0)
			r = note_gateway(checker, &table, &spec->interfaces[i].ipv6);
	}
	for (size_t i = 0; r == 0 && i < spec->n_routes; i++) {
		const struct ls_spec_route *route = &spec->routes[i];

		if (route->to.ip.family != 0)
			r = note_route(checker, &table, &route->to, route->table, route->metric, &route->mark);
	}
	return r;
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

/* The link's name in the kernel; NULL: matched by MAC address. */
static const char *kernel_name(const struct ls_spec_interface *interface)
{
	return interface->create_mark.line ? interface->name : interface->match_name;
}

static int check_names(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	struct places places;
	int r = 0;

	ls_table_init(&table, sizeof(const char *));
	for (size_t i = 0; r >= 0 && i < spec->n_interfaces; i++) {
		const char *name = kernel_name(&spec->interfaces[i]);

		r = name ? note(&table, &name, &spec->interfaces[i].mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"two interfaces of the spec are the link '%s', the first is on line %u; keep one", name,
				places.first.line);
	}
	return r < 0 ? r : 0;
}

static int check_macs(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	char text[LS_MAC_TEXT_MAX];
	struct places places;
	int r = 0;

	ls_table_init(&table, sizeof(struct ls_mac));
	for (size_t i = 0; r >= 0 && i < spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &spec->interfaces[i];

		r = interface->has_match_mac ? note(&table, &interface->match_mac, &interface->mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"two interfaces match the MAC address %s, the first is on line %u; keep one",
				ls_mac_format(&interface->match_mac, text), places.first.line);
	}
	return r < 0 ? r : 0;
}

static int note_ports(struct ls_checker *checker, struct ls_table *table, const struct ls_spec_interface *interface)
{
	struct places places;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < interface->n_ports; i++) {
		const struct ls_spec_name *port = &interface->ports[i];

		r = port->name ? note(table, &port->name, &port->mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"'%s' is a port twice, first on line %u; a link has one master only: remove one",
				port->name, places.first.line);
	}
	return r < 0 ? r : 0;
}

static int check_ports(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	int r = 0;

	ls_table_init(&table, sizeof(const char *));
	for (size_t i = 0; r == 0 && i < checker->spec->n_interfaces; i++)
		r = note_ports(checker, &table, &checker->spec->interfaces[i]);
	return r;
}

struct vlan_key {
	const char *parent;
	uint64_t id;
};

static int check_vlans(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	struct places places;
	int r = 0;

	ls_table_init(&table, sizeof(struct vlan_key));
	for (size_t i = 0; r >= 0 && i < spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &spec->interfaces[i];
		struct vlan_key key = { .parent = interface->parent.name, .id = interface->id };
		bool vlan = interface->create == LS_CREATE_VLAN && key.parent && key.id;

		r = vlan ? note(&table, &key, &interface->id_mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"VLAN %u of '%s' is given twice, first on line %u; give one of them another id",
				interface->id, interface->parent.name, places.first.line);
	}
	return r < 0 ? r : 0;
}

/* vxlan_vni_in_use: neither `local` nor `remote` counts, and `parent` only where `local` is link-local. */
struct vxlan_key {
	const char *parent;
	uint32_t id, port;
	uint64_t ipv6;
};

static struct vxlan_key vxlan_key(const struct ls_spec_interface *interface)
{
	uint8_t family = interface->remote.family ? interface->remote.family : interface->local.family;
	struct vxlan_key key = { .id = interface->id, .port = interface->port, .ipv6 = family == AF_INET6 };

	if (key.ipv6 && ls_ip_is_link_local(&interface->local))
		key.parent = interface->parent.name;
	return key;
}

static int check_vxlans(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	struct places places;
	int r = 0;

	ls_table_init(&table, sizeof(struct vxlan_key));
	for (size_t i = 0; r >= 0 && i < spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &spec->interfaces[i];
		struct vxlan_key key = vxlan_key(interface);
		bool vxlan = interface->create == LS_CREATE_VXLAN && interface->id_mark.line;

		r = vxlan ? note(&table, &key, &interface->id_mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"VNI %u on port %u is given twice, first on line %u; give one of them another id or "
				"port (the ends do not tell them apart)",
				interface->id, interface->port, places.first.line);
	}
	return r < 0 ? r : 0;
}

/* macvlan_common_newlink: passthru has its parent alone. The table holds the first macvlan of each parent. */
static int check_macvlans(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	const struct ls_spec_interface *first;
	const void *before = NULL;

	ls_table_init(&table, sizeof(const char *));
	for (size_t i = 0; i < spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &spec->interfaces[i];

		if (interface->create != LS_CREATE_MACVLAN || !interface->parent.name)
			continue;
		if (ls_table_hold(&table, &interface->parent.name, interface, &before) < 0)
			return -ENOMEM;
		first = before;
		if (first && (first->mode == LS_MACVLAN_PASSTHRU || interface->mode == LS_MACVLAN_PASSTHRU))
			ls_report_error(checker->report, interface->parent.mark, ID,
				"'%s' carries the macvlan '%s' (line %u) already, and passthru has its parent alone; "
				"remove one, or choose another mode",
				interface->parent.name, first->name, first->mark.line);
	}
	return 0;
}

/* ---- rules, neighbours, nexthops --------------------------------------------------------------------------------- */

/* The kernel takes several of one priority; but then their order, which decides, is that of their making. */
static int check_rules(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	struct places places;
	int r = 0;

	ls_table_init(&table, 2 * sizeof(uint32_t));
	for (size_t i = 0; r >= 0 && i < checker->spec->n_rules; i++) {
		const struct ls_spec_rule *rule = &checker->spec->rules[i];
		const uint32_t key[2] = { rule->family, rule->priority };

		r = rule->family ? note(&table, key, &rule->priority_mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"a second %s rule with priority %u, the first is on line %u; the order of rules must "
				"be "
				"told: give one of them another priority",
				ls_ip_family_name(rule->family), rule->priority, places.first.line);
	}
	return r < 0 ? r : 0;
}

struct neighbour_key {
	const struct ls_spec_interface *interface;
	uint8_t bytes[16];
	uint32_t family, proxy;
};

static int check_neighbours(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	char text[LS_IP_TEXT_MAX];
	struct places places;
	int r = 0;

	ls_table_init(&table, sizeof(struct neighbour_key));
	for (size_t i = 0; r >= 0 && i < checker->spec->n_neighbours; i++) {
		const struct ls_spec_neighbour *neighbour = &checker->spec->neighbours[i];
		struct neighbour_key key = { .interface = ls_checker_find(checker, neighbour->interface),
			.family = neighbour->address.family,
			.proxy = neighbour->proxy };

		memcpy(key.bytes, neighbour->address.bytes, sizeof(key.bytes));
		r = key.interface && key.family ? note(&table, &key, &neighbour->mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"neighbour %s of interface '%s' is given twice, first on line %u; remove one",
				ls_ip_format(&neighbour->address, text), neighbour->interface, places.first.line);
	}
	return r < 0 ? r : 0;
}

static int check_nexthops(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	struct places places;
	int r = 0;

	ls_table_init(&table, sizeof(uint32_t));
	for (size_t i = 0; r >= 0 && i < checker->spec->n_nexthops; i++) {
		const struct ls_spec_nexthop *nexthop = &checker->spec->nexthops[i];

		r = nexthop->id ? note(&table, &nexthop->id, &nexthop->id_mark, &places) : 0;
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"a second nexthop %u, the first is on line %u; give one of them another id",
				nexthop->id, places.first.line);
	}
	return r < 0 ? r : 0;
}

/* ---- hosts of networks ------------------------------------------------------------------------------------------- */

static int note_host(struct ls_table *table, const struct ls_spec_network *network, const struct ls_ip *ip,
	const struct ls_mark *mark, struct places *ret)
{
	const struct ls_host_key key = ls_host_key_of(network, ip);

	return ip->family ? note(table, &key, mark, ret) : 0;
}

/* The appliance itself is a host there. What it has twice is told of by who adds it to the interface. */
static int note_own(struct ls_checker *checker, struct ls_table *table, const struct ls_spec_network *network)
{
	const struct ls_spec_interface *interface = ls_checker_find(checker, network->interface);
	const struct ls_spec_family *families[] = { interface ? &interface->ipv4 : NULL,
		interface ? &interface->ipv6 : NULL };
	const struct ls_spec_address *address = NULL;
	struct places places;
	int r = 0;

	for (size_t f = 0; interface && f < LS_ARRAY_SIZE(families); f++)
		for (size_t i = 0; r >= 0 && i < families[f]->n_addresses; i++)
			r = note_host(table, network, &families[f]->addresses[i].address.ip,
				&families[f]->addresses[i].mark, &places);
	while (r >= 0 && interface && (address = ls_checker_next_address(checker, interface, address)))
		r = note_host(table, network, &address->address.ip, &address->mark, &places);
	return r < 0 ? r : 0;
}

static int note_replica(struct ls_checker *checker, struct ls_table *table, const struct ls_spec_replica_network *part)
{
	const struct ls_spec_network *network = ls_spec_find_network(checker->spec, part->name);
	char text[LS_IP_TEXT_MAX];
	struct places places;
	int r = 0;

	for (size_t i = 0; r >= 0 && network && i < part->n_addresses; i++) {
		r = note_host(table, network, &part->addresses[i].ip, &part->addresses[i].mark, &places);
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"%s is in the network '%s' already, on line %u; each host there has its own address",
				ls_ip_format(&part->addresses[i].ip, text), network->name, places.first.line);
	}
	return r < 0 ? r : 0;
}

static int check_replicas(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	int r = 0;

	ls_table_init(&table, sizeof(struct ls_host_key));
	for (size_t i = 0; r == 0 && spec->n_replicas && i < spec->n_networks; i++)
		r = note_own(checker, &table, &spec->networks[i]);
	for (size_t i = 0; r == 0 && i < spec->n_replicas; i++)
		for (size_t k = 0; r == 0 && k < spec->replicas[i].n_networks; k++)
			r = note_replica(checker, &table, &spec->replicas[i].networks[k]);
	return r;
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

/* What the method of IPv6 means in sysctls of the interface. */
static const struct implied {
	enum ls_method method;
	const char *method_name, *sysctl, *value;
} implied[] = {
	{ LS_METHOD_AUTO, "auto", "disable_ipv6", "0" },
	{ LS_METHOD_AUTO, "auto", "accept_ra", "2" },
	{ LS_METHOD_AUTO, "auto", "autoconf", "1" },
	{ LS_METHOD_AUTO, "auto", "use_tempaddr", "0" },
	{ LS_METHOD_MANUAL, "manual", "disable_ipv6", "0" },
	{ LS_METHOD_MANUAL, "manual", "accept_ra", "0" },
	{ LS_METHOD_DISABLED, "disabled", "disable_ipv6", "1" },
};

/* `table`: from the path to the spec's entry. */
static int check_implied(struct ls_checker *checker, const struct ls_table *table,
	const struct ls_spec_interface *interface, const struct implied *entry)
{
	const struct ls_spec_sysctl *sysctl;
	const char *path;
	char text[64];

	(void)snprintf(text, sizeof(text), "net/ipv6/conf/%s/%s", kernel_name(interface), entry->sysctl);
	path = ls_arena_intern(checker->spec->arena, text, strlen(text));
	if (!path)
		return -ENOMEM;
	sysctl = ls_table_find(table, &path);
	if (sysctl && sysctl->value && strcmp(sysctl->value, entry->value) != 0)
		ls_report_error(checker->report, sysctl->mark, ID,
			"sysctl %s is '%s', but ipv6 of interface '%s' has the method %s (line %u), which sets it to "
			"%s; remove the sysctl, or change the method",
			path, sysctl->value, interface->name, entry->method_name, interface->ipv6.method_mark.line,
			entry->value);
	return 0;
}

static int check_all_implied(struct ls_checker *checker, const struct ls_table *table)
{
	const struct ls_spec *spec = checker->spec;
	int r = 0;

	for (size_t i = 0; i < spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &spec->interfaces[i];

		if (!kernel_name(interface))
			continue;
		for (size_t j = 0; r == 0 && j < LS_ARRAY_SIZE(implied); j++) {
			if (implied[j].method == interface->ipv6.method)
				r = check_implied(checker, table, interface, &implied[j]);
		}
	}
	return r;
}

static int check_sysctls(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table table = { 0 };
	const struct ls_spec *spec = checker->spec;
	struct places places;
	int r = 0;

	ls_table_init(&table, sizeof(const char *));
	for (size_t i = 0; r >= 0 && i < spec->n_sysctls; i++) {
		const struct ls_spec_sysctl *sysctl = &spec->sysctls[i];

		_Static_assert(offsetof(struct ls_spec_sysctl, mark) == 0, "the place of an entry finds the entry");
		r = note(&table, &sysctl->path, &sysctl->mark, &places);
		if (r == 1)
			ls_report_error(checker->report, places.second, ID,
				"sysctl %s is given twice, in two notations, first on line %u; remove one",
				sysctl->path, places.first.line);
	}
	return r < 0 || spec->n_sysctls == 0 ? r : check_all_implied(checker, &table);
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

int ls_check_duplicates(struct ls_checker *checker)
{
	static ls_check_fn *const checks[] = {
		check_addresses,
		check_routes,
		check_hops,
		check_names,
		check_macs,
		check_ports,
		check_vlans,
		check_vxlans,
		check_macvlans,
		check_rules,
		check_neighbours,
		check_nexthops,
		check_replicas,
		check_sysctls,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < LS_ARRAY_SIZE(checks); i++)
		r = checks[i](checker);
	return r;
}
