/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * References: every name of an interface must mean one that the spec has, and one that can be what it is named for; the
 * ends of a veth name one another; nothing is built on itself. For the last, interfaces and what they need below them
 * (a VLAN its parent, a bridge its ports) are a graph, searched depth first with a stack of its own: a chain can be as
 * long as the spec.
 */
#include "checks.h"
#include "hint.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

#define HINTS_MAX 100u

/* The likeliest of all names; NULL: none comes near, or there were too many errors to go through all names for each. */
static const char *suggest(struct ls_checker *checker, const char *name)
{
	struct ls_hint hint;

	if (checker->n_hints++ >= HINTS_MAX)
		return NULL;
	ls_hint_init(&hint, name, strlen(name));
	for (size_t i = 0; i < checker->spec->n_interfaces; i++)
		ls_hint_offer(&hint, checker->spec->interfaces[i].name);
	return hint.best;
}

/* Returns the interface; NULL: there is none (reported), or no name to look for. */
static const struct ls_spec_interface *resolve(
	struct ls_checker *checker, struct ls_mark mark, const char *key, const char *name)
{
	const struct ls_spec_interface *interface = ls_checker_find(checker, name);
	const char *likely;

	if (interface || !name)
		return interface;
	likely = suggest(checker, name);
	if (likely)
		ls_report_error(checker->report, mark, "reference",
			"'%s' names '%s', but 'interfaces' has no such name; did you mean '%s'?", key, name, likely);
	else
		ls_report_error(checker->report, mark, "reference",
			"'%s' names '%s', but 'interfaces' has no such name; add it there", key, name);
	return NULL;
}

static void check_peer(struct ls_checker *checker, const struct ls_spec_interface *interface)
{
	const struct ls_spec_interface *other;

	other = resolve(checker, interface->peer.mark, "peer", interface->peer.name);
	if (!other)
		return;
	if (other == interface)
		ls_report_error(checker->report, interface->peer.mark, "reference",
			"'%s' names itself as its peer; a veth has two ends, each an interface of its own",
			interface->name);
	else if (other->create != LS_CREATE_VETH)
		ls_report_error(checker->report, interface->peer.mark, "reference",
			"'peer' names '%s' (line %u), which is no veth; create it with type veth and peer %s",
			other->name, other->mark.line, interface->name);
	else if (other->peer.name && other->peer.name != interface->name)
		ls_report_error(checker->report, interface->peer.mark, "reference",
			"'peer' names '%s', whose own peer is '%s' (line %u); the ends of a veth must name each other",
			other->name, other->peer.name, other->peer.mark.line);
}

/* What cannot be a port of what: NULL where it can. br_add_if, vrf_add_slave, bond_enslave. */
static const char *refuse_port(const struct ls_spec_interface *master, const struct ls_spec_interface *port)
{
	if (port->create == LS_CREATE_BRIDGE && master->create == LS_CREATE_BRIDGE)
		return "a bridge; a bridge cannot be a port of another one";
	if (port->create == LS_CREATE_VRF)
		return "a vrf; a vrf cannot be a port";
	return NULL;
}

/* A bond gives its ports its own MTU and brings them up. */
static void check_bond_port(
	struct ls_checker *checker, const struct ls_spec_interface *bond, const struct ls_spec_interface *port)
{
	if (!port->up)
		ls_report_error(checker->report, port->up_mark, "range",
			"'%s' is a port of the bond '%s' (line %u), which brings it up; remove 'up: false'", port->name,
			bond->name, bond->mark.line);
	if (port->mtu && port->mtu != bond->mtu)
		ls_report_error(checker->report, port->mtu_mark, "range",
			"'%s' is a port of the bond '%s' (line %u), which gives it its own MTU; set 'mtu' there",
			port->name, bond->name, bond->mark.line);
}

static void check_ports(struct ls_checker *checker, const struct ls_spec_interface *interface)
{
	const struct ls_spec_interface *other;
	const char *refused;

	for (size_t i = 0; i < interface->n_ports; i++) {
		const struct ls_spec_name *port = &interface->ports[i];

		other = resolve(checker, port->mark, "ports", port->name);
		if (!other || other == interface)
			continue;
		refused = refuse_port(interface, other);
		if (refused)
			ls_report_error(checker->report, port->mark, "reference", "'ports' names '%s' (line %u), %s",
				other->name, other->mark.line, refused);
		else if (interface->create == LS_CREATE_BOND)
			check_bond_port(checker, interface, other);
	}
}

/* Where one of its own kind is below, the kernel takes that one's parent instead (macvlan_common_newlink). */
static void check_parent(struct ls_checker *checker, const struct ls_spec_interface *interface)
{
	const struct ls_spec_interface *parent;

	parent = resolve(checker, interface->parent.mark, "parent", interface->parent.name);
	if (parent && parent != interface && interface->create == LS_CREATE_MACVLAN &&
		parent->create == LS_CREATE_MACVLAN)
		ls_report_error(checker->report, interface->parent.mark, "reference",
			"'parent' names '%s' (line %u), itself a macvlan; name its parent", parent->name,
			parent->mark.line);
}

/* netdev_rx_handler_register: what comes in over a link goes to a bridge, a bond or its macvlans, not to several. */
static void check_receivers(struct ls_checker *checker, const struct ls_spec_interface *master,
	const struct ls_spec_interface *const *macvlans)
{
	const struct ls_spec_interface *port, *macvlan;

	for (size_t i = 0; i < master->n_ports; i++) {
		port = ls_checker_find(checker, master->ports[i].name);
		macvlan = port ? macvlans[port - checker->spec->interfaces] : NULL;
		if (macvlan)
			ls_report_error(checker->report, macvlan->parent.mark, "reference",
				"'parent' names '%s', which is a port of '%s' (line %u); a port cannot carry macvlans",
				port->name, master->name, master->ports[i].mark.line);
	}
}

static int check_macvlan_parents(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;
	const struct ls_spec_interface **macvlans = calloc(spec->n_interfaces + 1, sizeof(*macvlans)); /* by parent */

	if (!macvlans)
		return -ENOMEM;
	for (size_t i = 0; i < spec->n_interfaces; i++) {
		const struct ls_spec_interface *parent = ls_checker_find(checker, spec->interfaces[i].parent.name);

		if (parent && spec->interfaces[i].create == LS_CREATE_MACVLAN)
			macvlans[parent - spec->interfaces] = &spec->interfaces[i];
	}
	for (size_t i = 0; i < spec->n_interfaces; i++)
		if (spec->interfaces[i].create == LS_CREATE_BRIDGE || spec->interfaces[i].create == LS_CREATE_BOND)
			check_receivers(checker, &spec->interfaces[i], macvlans);
	free(macvlans);
	return 0;
}

static void check_interfaces(struct ls_checker *checker)
{
	for (size_t i = 0; i < checker->spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &checker->spec->interfaces[i];

		check_ports(checker, interface);
		check_parent(checker, interface);
		if (interface->create == LS_CREATE_VETH)
			check_peer(checker, interface);
	}
}

static void check_users(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->n_addresses; i++)
		(void)resolve(checker, spec->addresses[i].interface_mark, "interface", spec->addresses[i].interface);
	for (size_t i = 0; i < spec->n_routes; i++) {
		const struct ls_spec_route *route = &spec->routes[i];

		(void)resolve(checker, route->interface_mark, "interface", route->interface);
		for (size_t k = 0; k < route->n_hops; k++)
			(void)resolve(checker, route->hops[k].interface_mark, "interface", route->hops[k].interface);
	}
	for (size_t i = 0; i < spec->n_nexthops; i++)
		(void)resolve(checker, spec->nexthops[i].interface_mark, "interface", spec->nexthops[i].interface);
	for (size_t i = 0; i < spec->n_neighbours; i++)
		(void)resolve(checker, spec->neighbours[i].interface_mark, "interface", spec->neighbours[i].interface);
}

static void check_nat_links(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->n_networks; i++)
		(void)resolve(checker, spec->networks[i].interface_mark, "interface", spec->networks[i].interface);
	for (size_t i = 0; i < spec->n_forwards; i++)
		(void)resolve(checker, spec->forwards[i].interface_mark, "interface", spec->forwards[i].interface);
	for (size_t i = 0; i < spec->nat.n_uplinks; i++)
		(void)resolve(checker, spec->nat.uplinks[i].mark, "uplinks", spec->nat.uplinks[i].name);
	(void)resolve(checker, spec->gateway.interface_mark, "interface", spec->gateway.interface);
	(void)resolve(checker, spec->public_ips.interface_mark, "interface", spec->public_ips.interface);
}

/* "lo" stands for what the host sends itself, whether the spec has it or not. */
static void check_rule_link(struct ls_checker *checker, struct ls_mark mark, const char *key, const char *name)
{
	if (name && strcmp(name, "lo") != 0)
		(void)resolve(checker, mark, key, name);
}

static void check_rules(struct ls_checker *checker)
{
	for (size_t i = 0; i < checker->spec->n_rules; i++) {
		const struct ls_spec_rule *rule = &checker->spec->rules[i];

		check_rule_link(checker, rule->iif_mark, "iif", rule->iif);
		check_rule_link(checker, rule->oif_mark, "oif", rule->oif);
	}
}

/* ---- nexthop objects --------------------------------------------------------------------------------------------- */

static int list_nexthops(const struct ls_spec *spec, struct ls_table *ret)
{
	ls_table_init(ret, sizeof(uint32_t));
	for (size_t i = 0; i < spec->n_nexthops; i++) {
		void **slot = ls_table_slot(ret, &spec->nexthops[i].id);

		if (!slot)
			return -ENOMEM;
		*slot = &spec->nexthops[i];
	}
	return 0;
}

static uint8_t family_of_single(const struct ls_spec_nexthop *nexthop)
{
	return nexthop->via.family ? nexthop->via.family : nexthop->family;
}

/* valid_group_nh. A group of both families could serve IPv4 routes only. */
static void check_member(struct ls_checker *checker, const struct ls_table *nexthops,
	const struct ls_spec_nexthop *nexthop, const struct ls_spec_member *member)
{
	const struct ls_spec_nexthop *found = ls_table_find(nexthops, &member->id);
	const struct ls_spec_nexthop *first = ls_table_find(nexthops, &nexthop->members[0].id);

	if (!found)
		ls_report_error(checker->report, member->mark, "reference",
			"'group' names the nexthop %u, but 'nexthops' has no such id; add it there", member->id);
	else if (found->group_mark.line)
		ls_report_error(checker->report, member->mark, "reference",
			"'group' names the nexthop %u (line %u), a group; groups have no groups as members", member->id,
			found->mark.line);
	else if (found->blackhole && nexthop->n_members > 1)
		ls_report_error(checker->report, member->mark, "reference",
			"'group' names the nexthop %u (line %u), a blackhole, which can be the only member only",
			member->id, found->mark.line);
	else if (first && !first->group_mark.line && family_of_single(first) && family_of_single(found) &&
		 family_of_single(first) != family_of_single(found))
		ls_report_error(checker->report, member->mark, "type",
			"the nexthop %u (line %u) is of another family than the group's first member", member->id,
			found->mark.line);
}

static void check_members(
	struct ls_checker *checker, const struct ls_table *nexthops, const struct ls_spec_nexthop *nexthop)
{
	for (size_t i = 0; i < nexthop->n_members; i++) {
		const struct ls_spec_member *member = &nexthop->members[i];

		if (!member->id)
			continue;
		check_member(checker, nexthops, nexthop, member);
		for (size_t k = 0; k < i; k++)
			if (nexthop->members[k].id == member->id)
				ls_report_error(checker->report, member->mark, "duplicate-object",
					"the nexthop %u is in the group twice, first on line %u; remove one",
					member->id, nexthop->members[k].mark.line);
	}
}

/* A group has the family of its members. */
static uint8_t family_of(const struct ls_table *nexthops, const struct ls_spec_nexthop *nexthop)
{
	if (nexthop->n_members)
		nexthop = ls_table_find(nexthops, &nexthop->members[0].id);
	return nexthop ? family_of_single(nexthop) : 0;
}

static void check_route_nexthop(
	struct ls_checker *checker, const struct ls_table *nexthops, const struct ls_spec_route *route)
{
	const struct ls_spec_nexthop *found = ls_table_find(nexthops, &route->nexthop);
	uint8_t family = found ? family_of(nexthops, found) : 0;

	if (!found)
		ls_report_error(checker->report, route->nexthop_mark, "reference",
			"'nexthop' names %u, but 'nexthops' has no such id; add it there", route->nexthop);
	else if (family && route->to.ip.family && family != route->to.ip.family)
		ls_report_error(checker->report, route->nexthop_mark, "type",
			"the nexthop %u (line %u) is of another family than the route", route->nexthop,
			found->mark.line);
}

static int check_nexthops(struct ls_checker *checker)
{
	LS_CLEANUP(ls_table_done) struct ls_table nexthops = { 0 };
	const struct ls_spec *spec = checker->spec;

	if (list_nexthops(spec, &nexthops) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < spec->n_nexthops; i++)
		check_members(checker, &nexthops, &spec->nexthops[i]);
	for (size_t i = 0; i < spec->n_routes; i++)
		if (spec->routes[i].nexthop)
			check_route_nexthop(checker, &nexthops, &spec->routes[i]);
	return 0;
}

/* ---- circles ----------------------------------------------------------------------------------------------------- */

enum state { STATE_NEW, STATE_OPEN, STATE_DONE };

struct step {
	const struct ls_spec_interface *interface;
	size_t n_followed; /* of its edges */
};

struct search {
	struct ls_checker *checker;
	uint8_t *states; /* enum state, by place of the interface */
	struct step *path;
	size_t n_path;
};

static uint8_t *state_of(const struct search *search, const struct ls_spec_interface *interface)
{
	return &search->states[interface - search->checker->spec->interfaces];
}

/* The i-th interface that this one needs below; NULL: no more. A type has either a parent or ports. */
static const struct ls_spec_name *edge(const struct ls_spec_interface *interface, size_t i)
{
	if (interface->parent.name)
		return i == 0 ? &interface->parent : NULL;
	return i < interface->n_ports ? &interface->ports[i] : NULL;
}

/* The path from `first` on is a circle, which `last` closes. */
static void report_circle(
	const struct search *search, const struct ls_spec_interface *first, const struct ls_spec_name *last)
{
	size_t i = search->n_path, length = 0;
	char text[256];

	while (i > 0 && search->path[i - 1].interface != first)
		i--;
	for (i -= i > 0; i < search->n_path && length < sizeof(text); i++)
		length += (size_t)snprintf(
			text + length, sizeof(text) - length, "%s needs ", search->path[i].interface->name);
	ls_report_error(search->checker->report, last->mark, "reference",
		"%.200s%s%s: nothing can be built on itself; remove one of these ports or parents", text,
		length > 200 ? "... " : "", first->name);
}

/* Ports of a sort that cannot be one are an error already. */
static bool is_refused(const struct ls_spec_interface *from, const struct ls_spec_interface *to)
{
	return from != to && from->n_ports > 0 && refuse_port(from, to);
}

static void enter(struct search *search, const struct ls_spec_interface *interface)
{
	*state_of(search, interface) = STATE_OPEN;
	search->path[search->n_path++] = (struct step){ .interface = interface };
}

static void search_from(struct search *search, const struct ls_spec_interface *start)
{
	const struct ls_spec_interface *below;
	const struct ls_spec_name *name;
	struct step *step;

	enter(search, start);
	while (search->n_path > 0) {
		step = &search->path[search->n_path - 1];
		name = edge(step->interface, step->n_followed++);
		if (!name) {
			*state_of(search, step->interface) = STATE_DONE;
			search->n_path--;
			continue;
		}
		below = ls_checker_find(search->checker, name->name);
		if (!below || is_refused(step->interface, below))
			continue;
		if (*state_of(search, below) == STATE_OPEN)
			report_circle(search, below, name);
		else if (*state_of(search, below) == STATE_NEW)
			enter(search, below);
	}
}

static int check_circles(struct ls_checker *checker)
{
	size_t n = checker->spec->n_interfaces;
	struct search search = {
		.checker = checker,
		.states = calloc(n + 1, sizeof(*search.states)),
		.path = calloc(n + 1, sizeof(*search.path)),
	};
	int r = search.states && search.path ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (search.states[i] == STATE_NEW)
			search_from(&search, &checker->spec->interfaces[i]);
	}
	free(search.states);
	free(search.path);
	return r;
}

int ls_check_references(struct ls_checker *checker)
{
	int r = check_nexthops(checker);

	if (r < 0 || checker->interfaces_unknown)
		return r;
	check_interfaces(checker);
	check_users(checker);
	check_rules(checker);
	check_nat_links(checker);
	if (check_macvlan_parents(checker) < 0)
		return -ENOMEM;
	return check_circles(checker);
}
