/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What public addresses, forwards and networks must not do to one another: redirect one port twice, map an address
 * twice, overlap, or have no way out. Claims are sorted, so that ten thousand mappings are compared with their
 * neighbours only.
 */
#include "checks.h"

#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

#define MANAGEMENT_PORT 22u

/* ---- claims ------------------------------------------------------------------------------------------------------ */

/* An entry's claim to ports of an address (protocol 0: to all of it), to an address as a target, or to a network. */
struct claim {
	struct ls_ip address; /* the first of it */
	struct ls_ip last;    /* the same, but of a network */
	uint8_t protocol;
	uint16_t port, last_port;
	struct ls_mark mark;
	const struct ls_spec_forward *forward; /* or NULL */
};

static struct claim claim_ports(
	const struct ls_ip *ip, uint8_t protocol, uint16_t port, uint16_t last_port, struct ls_mark mark)
{
	return (struct claim){
		.address = *ip, .last = *ip, .protocol = protocol, .port = port, .last_port = last_port, .mark = mark
	};
}

static struct claim claim_address(const struct ls_ip *ip, struct ls_mark mark)
{
	return (struct claim){ .address = *ip, .last = *ip, .mark = mark };
}

struct claims {
	struct claim *items;
	size_t n, size;
};

static int add(struct claims *claims, struct claim claim)
{
	if (!claim.address.family)
		return 0;
	if (claims->n == claims->size) {
		size_t size = claims->size ? 2 * claims->size : 32;
		struct claim *grown = reallocarray(claims->items, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		claims->items = grown;
		claims->size = size;
	}
	claims->items[claims->n++] = claim;
	return 0;
}

static int compare_marks(const struct claim *a, const struct claim *b)
{
	return ls_mark_compare(a->mark, b->mark);
}

static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = (int)x->address.family - (int)y->address.family;

	order = order ? order : (int)x->protocol - (int)y->protocol;
	order = order ? order : memcmp(x->address.bytes, y->address.bytes, sizeof(x->address.bytes));
	order = order ? order : (int)x->port - (int)y->port;
	return order ? order : compare_marks(x, y);
}

static bool overlap(const struct claim *a, const struct claim *b)
{
	return a->address.family == b->address.family && a->protocol == b->protocol &&
	       memcmp(b->address.bytes, a->last.bytes, sizeof(a->last.bytes)) <= 0 && b->port <= a->last_port;
}

typedef void report_fn(struct ls_checker *checker, const struct claim *first, const struct claim *second);

/* Calls `report` for each that meets one before it in the order of the file. Takes the claims. */
static void find_overlaps(struct ls_checker *checker, struct claims *claims, report_fn *report)
{
	const struct claim *widest = NULL;

	if (claims->n)
		qsort(claims->items, claims->n, sizeof(*claims->items), compare);
	for (size_t i = 0; i < claims->n; i++) {
		const struct claim *claim = &claims->items[i];

		if (widest && overlap(widest, claim)) {
			bool later = compare_marks(claim, widest) > 0;

			report(checker, later ? widest : claim, later ? claim : widest);
			widest = claim->last_port > widest->last_port ? claim : widest;
			continue;
		}
		widest = claim;
	}
	free(claims->items);
}

/* ---- ports and addresses ----------------------------------------------------------------------------------------- */

static void report_port(struct ls_checker *checker, const struct claim *first, const struct claim *second)
{
	char text[LS_IP_TEXT_MAX];

	ls_report_error(checker->report, second->mark, "public-allocation",
		"%s %s port %u is redirected already, on line %u; a port leads to one place",
		ls_ip_format(&second->address, text), second->protocol == IPPROTO_TCP ? "tcp" : "udp",
		second->port > first->port ? second->port : first->port, first->mark.line);
}

static void report_link_port(struct ls_checker *checker, const struct claim *first, const struct claim *second)
{
	ls_report_error(checker->report, second->mark, "public-allocation",
		"%s port %u of this interface is forwarded already, on line %u; a port leads to one place",
		second->protocol == IPPROTO_TCP ? "tcp" : "udp",
		second->port > first->port ? second->port : first->port, first->mark.line);
}

static void report_address(struct ls_checker *checker, const struct claim *first, const struct claim *second)
{
	char text[LS_IP_TEXT_MAX];

	ls_report_error(checker->report, second->mark, "public-allocation",
		"the whole of %s is mapped already, on line %u; map single ports instead, or another address",
		ls_ip_format(&second->address, text), first->mark.line);
}

static bool is_of_whole_address(const struct ls_spec_mapping *mapping)
{
	return !mapping->port_mark.line && !mapping->protocol_mark.line;
}

static int claim_mapping(const struct ls_spec_mapping *mapping, struct claims *ports, struct claims *publics)
{
	if (mapping->protocol && mapping->port)
		return add(ports, claim_ports(&mapping->public_ip, mapping->protocol, mapping->port, mapping->last_port,
					  mapping->mark));
	return is_of_whole_address(mapping) ? add(publics, claim_address(&mapping->public_ip, mapping->public_mark))
					    : 0;
}

static int claim_mappings(const struct ls_spec_public *spec, struct claims *ports, struct claims *publics)
{
	int r = 0;

	for (size_t i = 0; i < spec->n_mappings && r >= 0; i++)
		r = claim_mapping(&spec->mappings[i], ports, publics);
	return r;
}

int ls_check_mapped(struct ls_checker *checker)
{
	const struct ls_spec_public *spec = &checker->spec->public_ips;
	struct claims targets = { 0 };
	int r = 0;

	for (size_t i = 0; i < spec->n_mappings && r >= 0; i++)
		if (is_of_whole_address(&spec->mappings[i]))
			r = add(&targets, claim_address(&spec->mappings[i].to, spec->mappings[i].to_mark));
	find_overlaps(checker, &targets, report_address);
	return r;
}

static int claim_forward(const struct ls_spec_forward *forward, const struct ls_ip *address, struct claims *ports)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (size_t i = 0; i < LS_ARRAY_SIZE(protocols); i++)
		if (forward->port && ls_spec_forwards(forward, protocols[i]) &&
			add(ports, claim_ports(address, protocols[i], forward->port, forward->last_port,
					   forward->mark)) < 0)
			return -ENOMEM;
	return 0;
}

/* An interface in the place of an address. */
static struct ls_ip address_of_link(
	const struct ls_spec *spec, const struct ls_spec_interface *interface, const struct ls_ip *to)
{
	struct ls_ip ip = { .family = to->family };
	uint32_t place = (uint32_t)(interface - spec->interfaces);

	memcpy(ip.bytes, &place, sizeof(place));
	return ip;
}

/* A forward stands for each address of its interface, or for whichever it gets. */
static int claim_at_interface(struct ls_checker *checker, const struct ls_spec_forward *forward, struct claims *ports,
	struct claims *link_ports)
{
	const struct ls_spec_interface *interface = ls_checker_find(checker, forward->interface);
	const struct ls_spec_family *family = interface ? ls_spec_family(interface, forward->to.family) : NULL;
	struct ls_ip link;

	if (family && family->method == LS_METHOD_AUTO) {
		link = address_of_link(checker->spec, interface, &forward->to);
		return claim_forward(forward, &link, link_ports);
	}
	for (size_t k = 0; family && k < family->n_addresses; k++)
		if (claim_forward(forward, &family->addresses[k].address.ip, ports) < 0)
			return -ENOMEM;
	return 0;
}

static int claim_forwards(struct ls_checker *checker, struct claims *ports, struct claims *link_ports)
{
	const struct ls_spec *spec = checker->spec;
	int r = 0;

	for (size_t i = 0; i < spec->n_forwards && r >= 0; i++)
		r = claim_at_interface(checker, &spec->forwards[i], ports, link_ports);
	for (size_t i = 0; i < spec->gateway.n_services && r >= 0; i++) {
		struct ls_spec_forward forward = ls_spec_gateway_forward(&spec->gateway, i);

		r = claim_at_interface(checker, &forward, ports, link_ports);
	}
	return r;
}

/* The kernel only knows the target when it has to decide whom that is to see. */
static void report_source(struct ls_checker *checker, const struct claim *first, const struct claim *second)
{
	if (first->forward->source != second->forward->source)
		ls_report_error(checker->report, second->mark, "range",
			"the forward on line %u leads to the same port, but with another 'source'; give both the same",
			first->mark.line);
	else if (first->forward->source == LS_SOURCE_MASQUERADE &&
		 !ls_spec_same_target(first->forward, second->forward))
		ls_report_error(checker->report, second->mark, "range",
			"the forward on line %u leads to some of the same ports; with the source masquerade both need "
			"the same range, or none in common",
			first->mark.line);
}

static int claim_target(const struct ls_spec_forward *forward, uint8_t protocol, struct claims *targets)
{
	struct claim claim = claim_ports(&forward->to, protocol, forward->to_port ? forward->to_port : forward->port,
		forward->to_port ? forward->to_port : forward->last_port, forward->mark);

	claim.forward = forward;
	return forward->port && ls_spec_forwards(forward, protocol) ? add(targets, claim) : 0;
}

static int check_sources(struct ls_checker *checker)
{
	struct claims targets = { 0 };
	int r = 0;

	for (size_t i = 0; i < checker->spec->n_forwards && r >= 0; i++) {
		r = claim_target(&checker->spec->forwards[i], IPPROTO_TCP, &targets);
		if (r >= 0)
			r = claim_target(&checker->spec->forwards[i], IPPROTO_UDP, &targets);
	}
	find_overlaps(checker, &targets, report_source);
	return r;
}

static int check_ports(struct ls_checker *checker)
{
	struct claims ports = { 0 }, link_ports = { 0 }, publics = { 0 };
	int r = claim_mappings(&checker->spec->public_ips, &ports, &publics);

	if (r >= 0)
		r = claim_forwards(checker, &ports, &link_ports);
	find_overlaps(checker, &ports, report_port);
	find_overlaps(checker, &link_ports, report_link_port);
	find_overlaps(checker, &publics, report_address);
	return r < 0 ? r : ls_check_mapped(checker);
}

/* ---- public addresses -------------------------------------------------------------------------------------------- */

static int compare_ips(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ls_ip));
}

/* The addresses in order; duplicates are reported by who adds them to the interface. NULL: out of memory. */
static struct ls_ip *list_addresses(const struct ls_spec_public *spec)
{
	struct ls_ip *list = calloc(spec->n_addresses + 1, sizeof(*list));

	for (size_t i = 0; i < spec->n_addresses && list; i++)
		list[i] = spec->addresses[i].ip;
	if (list)
		qsort(list, spec->n_addresses, sizeof(*list), compare_ips);
	return list;
}

void ls_check_management_port(struct ls_report *report, const struct ls_spec_mapping *mapping)
{
	if (mapping->protocol == IPPROTO_TCP && mapping->port <= MANAGEMENT_PORT &&
		mapping->last_port >= MANAGEMENT_PORT)
		ls_report_error(report, mapping->port_mark, "public-reserved-port",
			"tcp port %u is for management and cannot be redirected; take another public port",
			MANAGEMENT_PORT);
}

static void check_mapping(struct ls_checker *checker, const struct ls_spec_mapping *mapping, const struct ls_ip *list)
{
	char text[LS_IP_TEXT_MAX];

	if (mapping->public_ip.family &&
		!bsearch(&mapping->public_ip, list, checker->spec->public_ips.n_addresses, sizeof(*list), compare_ips))
		ls_report_error(checker->report, mapping->public_mark, "public-allocation",
			"%s is not among the 'addresses' of public_ips; add it there, or name one of them",
			ls_ip_format(&mapping->public_ip, text));
	ls_check_management_port(checker->report, mapping);
}

static void report_twice(struct ls_checker *checker, const struct claim *first, const struct claim *second)
{
	char text[LS_IP_TEXT_MAX];

	ls_report_error(checker->report, second->mark, "duplicate-object",
		"the public address %s is there already, on line %u; remove one", ls_ip_format(&second->address, text),
		first->mark.line);
}

static int check_public_ips(struct ls_checker *checker)
{
	const struct ls_spec_public *spec = &checker->spec->public_ips;
	LS_CLEANUP(ls_free) struct ls_ip *list = NULL;
	struct claims addresses = { 0 };
	int r = 0;

	list = list_addresses(spec);
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < spec->n_mappings; i++)
		check_mapping(checker, &spec->mappings[i], list);
	for (size_t i = 0; i < spec->n_addresses && r >= 0; i++)
		r = add(&addresses, claim_address(&spec->addresses[i].ip, spec->addresses[i].mark));
	find_overlaps(checker, &addresses, report_twice);
	return r;
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

static void report_subnet(struct ls_checker *checker, const struct claim *first, const struct claim *second)
{
	ls_report_error(checker->report, second->mark, "duplicate-object",
		"the network overlaps that on line %u; an address belongs to one of them", first->mark.line);
}

static struct claim claim_of(const struct ls_prefix *prefix, struct ls_mark mark)
{
	return (struct claim){ .address = prefix->ip, .last = ls_prefix_last(prefix), .mark = mark };
}

static int check_subnets(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;
	struct claims subnets = { 0 }, insides = { 0 }, outsides = { 0 };
	int r = 0;

	for (size_t i = 0; i < spec->n_networks && r >= 0; i++) {
		r = add(&subnets, claim_of(&spec->networks[i].ipv4.subnet, spec->networks[i].ipv4.subnet_mark));
		if (r >= 0)
			r = add(&subnets, claim_of(&spec->networks[i].ipv6.subnet, spec->networks[i].ipv6.subnet_mark));
	}
	for (size_t i = 0; i < spec->nat.n_masquerade && r >= 0; i++)
		r = add(&subnets, claim_of(&spec->nat.masquerade[i].subnet, spec->nat.masquerade[i].mark));
	for (size_t i = 0; i < spec->nat.n_prefixes && r >= 0; i++) {
		r = add(&insides, claim_of(&spec->nat.prefixes[i].inside, spec->nat.prefixes[i].inside_mark));
		if (r >= 0)
			r = add(&outsides,
				claim_of(&spec->nat.prefixes[i].outside, spec->nat.prefixes[i].outside_mark));
	}
	find_overlaps(checker, &subnets, report_subnet);
	find_overlaps(checker, &insides, report_subnet);
	find_overlaps(checker, &outsides, report_subnet);
	return r;
}

/* ---- ways -------------------------------------------------------------------------------------------------------- */

/* What leaves has to leave somewhere. */
static void check_uplinks(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;
	struct ls_mark mark = spec->nat.n_masquerade ? spec->nat.masquerade[0].mark
			      : spec->nat.n_prefixes ? spec->nat.prefixes[0].mark
						     : (struct ls_mark){ 0 };

	for (size_t i = 0; i < spec->n_networks && !mark.line; i++)
		mark = spec->networks[i].internet ? spec->networks[i].mark : mark;
	if (mark.line && !spec->nat.uplinks_mark.line && !spec->public_ips.interface)
		ls_report_error(checker->report, mark, "missing",
			"by which interface does this leave? name it: nat: { uplinks: [...] }");
}

static void check_forward(struct ls_checker *checker, const struct ls_spec_forward *forward)
{
	const struct ls_spec_interface *interface = ls_checker_find(checker, forward->interface);
	const struct ls_spec_family *family = interface ? ls_spec_family(interface, forward->to.family) : NULL;

	if (family && forward->to.family && !family->n_addresses && family->method != LS_METHOD_AUTO)
		ls_report_error(checker->report, forward->interface_mark, "reference",
			"'%s' has no %s address in this spec to forward from; give it one ('addresses', or the method "
			"auto)",
			interface->name, ls_ip_family_name(forward->to.family));
}

static void check_forwards(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->n_forwards; i++)
		check_forward(checker, &spec->forwards[i]);
	for (size_t i = 0; i < spec->gateway.n_services; i++) {
		struct ls_spec_forward forward = ls_spec_gateway_forward(&spec->gateway, i);

		check_forward(checker, &forward);
	}
}

static void check_gateway_kind(struct ls_checker *checker)
{
	if (checker->spec->gateway.mark.line && checker->spec->kind == LS_SPEC_APPLIANCE)
		ls_report_error(checker->report, checker->spec->gateway.mark, "range",
			"'gateway' is for hosts of kind gateway; this is an appliance");
}

int ls_check_nat(struct ls_checker *checker)
{
	check_uplinks(checker);
	check_gateway_kind(checker);
	if (!checker->interfaces_unknown)
		check_forwards(checker);
	if (check_ports(checker) < 0 || check_sources(checker) < 0 || check_public_ips(checker) < 0)
		return -ENOMEM;
	return check_subnets(checker);
}
