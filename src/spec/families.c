/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a family's method allows and asks for, as far as the spec itself can tell.
 */
#include "checks.h"

#include <sys/socket.h>

static const struct {
	uint8_t family;
	const char *key;
} families[] = {
	{ AF_INET, "ipv4" },
	{ AF_INET6, "ipv6" },
};

static const struct ls_spec_family *family_of(const struct ls_spec_interface *interface, size_t f)
{
	return families[f].family == AF_INET ? &interface->ipv4 : &interface->ipv6;
}

/* Which of `families` an address is of. */
static size_t place(const struct ls_ip *ip)
{
	return ip->family == AF_INET ? 0 : 1;
}

static void check_members(struct ls_checker *checker, const struct ls_spec_family *family, size_t f)
{
	for (size_t i = 0; i < family->n_addresses; i++) {
		const struct ls_spec_address *address = &family->addresses[i];
		const struct ls_ip *ip = &address->address.ip;

		if (ip->family != 0 && ip->family != families[f].family)
			ls_report_error(checker->report, address->mark, "type",
				"an %s address under '%s'; move it to '%s'", ls_ip_family_name(ip->family),
				families[f].key, families[place(ip)].key);
	}
	if (family->gateway.family != 0 && family->gateway.family != families[f].family)
		ls_report_error(checker->report, family->gateway_mark, "type",
			"'gateway' is an %s address under '%s'; move it to '%s'",
			ls_ip_family_name(family->gateway.family), families[f].key,
			families[place(&family->gateway)].key);
}

static void report_disabled(struct ls_checker *checker, struct ls_mark mark, const char *what,
	const struct ls_spec_interface *interface, size_t f)
{
	ls_report_error(checker->report, mark, "family-disabled",
		"%s, but %s of interface '%s' is disabled (line %u); remove one of them", what,
		ls_ip_family_name(families[f].family), interface->name, family_of(interface, f)->method_mark.line);
}

static void check_disabled(struct ls_checker *checker, const struct ls_spec_interface *interface,
	const struct ls_spec_family *family, size_t f)
{
	for (size_t i = 0; i < family->n_addresses; i++)
		report_disabled(checker, family->addresses[i].mark, "an address", interface, f);
	if (family->gateway_mark.line)
		report_disabled(checker, family->gateway_mark, "a gateway", interface, f);
}

static void check_auto(struct ls_checker *checker, const struct ls_spec_family *family)
{
	if (family->gateway_mark.line)
		ls_report_error(checker->report, family->gateway_mark, "range",
			"a gateway under method auto, which gets it from the network; remove it, or write method "
			"manual");
}

/* IPv6 does without: the kernel gives each link a link-local address. */
static void check_manual(
	struct ls_checker *checker, const struct ls_spec_interface *interface, const struct ls_spec_family *family)
{
	const struct ls_spec_address *address = NULL;

	if (family->n_addresses > 0)
		return;
	while ((address = ls_checker_next_address(checker, interface, address))) {
		if (address->address.ip.family != AF_INET6)
			return;
	}
	ls_report_error(checker->report, family->method_mark, "missing",
		"'ipv4' of interface '%s' is manual but has no addresses; add some, or write method disabled",
		interface->name);
}

static void check_family(struct ls_checker *checker, const struct ls_spec_interface *interface, size_t f)
{
	const struct ls_spec_family *family = family_of(interface, f);

	check_members(checker, family, f);
	switch (family->method) {
	case LS_METHOD_NONE:
		break;
	case LS_METHOD_AUTO:
		check_auto(checker, family);
		break;
	case LS_METHOD_MANUAL:
		if (families[f].family == AF_INET)
			check_manual(checker, interface, family);
		break;
	case LS_METHOD_DISABLED:
		check_disabled(checker, interface, family, f);
		break;
	}
}

/* An address or route elsewhere in the spec that uses a family of an interface. */
static void check_use(
	struct ls_checker *checker, const char *name, const struct ls_ip *ip, struct ls_mark mark, const char *what)
{
	const struct ls_spec_interface *interface = ls_checker_find(checker, name);

	if (interface && ip->family != 0 && family_of(interface, place(ip))->method == LS_METHOD_DISABLED)
		report_disabled(checker, mark, what, interface, place(ip));
}

static void check_nexthop(struct ls_checker *checker, const struct ls_spec_nexthop *nexthop)
{
	const struct ls_ip any = { .family = nexthop->via.family ? nexthop->via.family : nexthop->family };

	check_use(checker, nexthop->interface, &any, nexthop->interface_mark, "a nexthop");
}

int ls_check_families(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->n_interfaces; i++) {
		for (size_t f = 0; f < LS_ARRAY_SIZE(families); f++)
			check_family(checker, &spec->interfaces[i], f);
	}
	for (size_t i = 0; i < spec->n_addresses; i++)
		check_use(checker, spec->addresses[i].interface, &spec->addresses[i].address.ip,
			spec->addresses[i].mark, "an address");
	for (size_t i = 0; i < spec->n_routes; i++) {
		const struct ls_spec_route *route = &spec->routes[i];

		check_use(checker, route->interface, &route->to.ip, route->interface_mark, "a route");
		for (size_t k = 0; k < route->n_hops; k++)
			check_use(checker, route->hops[k].interface, &route->to.ip, route->hops[k].interface_mark,
				"a route");
	}
	for (size_t i = 0; i < spec->n_nexthops; i++)
		check_nexthop(checker, &spec->nexthops[i]);
	for (size_t i = 0; i < spec->n_neighbours; i++)
		check_use(checker, spec->neighbours[i].interface, &spec->neighbours[i].address,
			spec->neighbours[i].interface_mark, "a neighbour");
	return 0;
}
