/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that can work (check `address-sane`): an interface's own, gateways, next hops, preferred sources and
 * neighbours. What the kernel would take but no host could use is refused here, where the line is known.
 */
#include "checks.h"

#include <string.h>
#include <sys/socket.h>

#define ID "address-sane"

/* Ranges that no interface can have for its own, apart from loopback addresses on lo. */
static const struct range {
	struct ls_prefix prefix;
	bool loopback;
	const char *what;
} ranges[] = {
	{ { { AF_INET, { 0 } }, 8 }, false, "an unspecified address (0.0.0.0/8)" },
	{ { { AF_INET, { 127 } }, 8 }, true, "a loopback address" },
	{ { { AF_INET, { 224 } }, 4 }, false, "a multicast address" },
	{ { { AF_INET, { 255, 255, 255, 255 } }, 32 }, false, "the broadcast address" },
	{ { { AF_INET6, { 0 } }, 128 }, false, "the unspecified address" },
	{ { { AF_INET6, { [15] = 1 } }, 128 }, true, "the loopback address" },
	{ { { AF_INET6, { [10] = 0xff, [11] = 0xff } }, 96 }, false, "an IPv4-mapped address; write it as IPv4" },
	{ { { AF_INET6, { 0xff } }, 8 }, false, "a multicast address" },
};

/* What is wrong with an address by itself, or NULL. */
static const char *find_fault(const struct ls_ip *ip, bool on_loopback)
{
	/* The common case first: this runs once per route. */
	if (ip->bytes[0] != 0 && ip->bytes[0] != 127 && ip->bytes[0] < 224)
		return NULL;
	for (size_t i = 0; i < LS_ARRAY_SIZE(ranges); i++) {
		if (ls_prefix_contains(&ranges[i].prefix, ip) && !(ranges[i].loopback && on_loopback))
			return ranges[i].what;
	}
	return NULL;
}

static bool is_network_address(const struct ls_prefix *prefix)
{
	struct ls_prefix network = ls_prefix_network(*prefix);

	return memcmp(&network.ip, &prefix->ip, sizeof(network.ip)) == 0;
}

/* All bits beyond the length are set. */
static bool is_broadcast_address(const struct ls_prefix *prefix)
{
	struct ls_prefix inverted = *prefix;

	for (size_t i = 0; i < ls_ip_size(prefix->ip.family); i++)
		inverted.ip.bytes[i] = (uint8_t)~inverted.ip.bytes[i];
	return is_network_address(&inverted);
}

/* What is wrong with an address within its subnet, or NULL. */
static const char *find_subnet_fault(const struct ls_prefix *prefix)
{
	if (prefix->length == 0)
		return "an address of length 0, which would take the whole Internet for its own link";
	if (prefix->ip.family == AF_INET6)
		return prefix->length < 127 && is_network_address(prefix)
			       ? "the subnet-router anycast address of its network (RFC 4291)"
			       : NULL;
	if (prefix->length >= 31)
		return NULL;
	if (is_network_address(prefix))
		return "the address of the network itself";
	return is_broadcast_address(prefix) ? "the broadcast address of its network" : NULL;
}

const char *ls_address_fault(const struct ls_ip *ip)
{
	return find_fault(ip, false);
}

const char *ls_address_subnet_fault(const struct ls_prefix *prefix)
{
	return find_subnet_fault(prefix);
}

const char *ls_subnet_fault(const struct ls_prefix *subnet)
{
	const struct ls_ip last = ls_prefix_last(subnet);
	const char *fault = subnet->length ? find_fault(&subnet->ip, false) : "the whole Internet";

	return fault ? fault : find_fault(&last, false);
}

const char *ls_address_fault_in(const struct ls_prefix *subnet, const struct ls_ip *ip)
{
	const struct ls_prefix there = { .ip = *ip, .length = subnet->length };
	const char *fault = find_fault(ip, false);

	if (!fault && !ls_prefix_contains(subnet, ip))
		fault = "in no subnet of that network";
	return fault ? fault : find_subnet_fault(&there);
}

const char *ls_router_fault_in(const struct ls_prefix *subnet, const struct ls_ip *ip)
{
	static const struct ls_prefix link_local = { .ip = { AF_INET6, { 0xfe, 0x80 } }, .length = 64 };
	bool own = subnet->ip.family == AF_INET6 && ls_ip_is_link_local(ip) && !ls_prefix_contains(subnet, ip);

	return ls_address_fault_in(own ? &link_local : subnet, ip);
}

struct ls_host_key ls_host_key_of(const void *network, const struct ls_ip *ip)
{
	struct ls_host_key key = { .network = network, .family = ip->family };

	memcpy(key.bytes, ip->bytes, sizeof(key.bytes));
	return key;
}

void ls_check_ula(
	struct ls_report *report, const struct ls_prefix *ipv4, const struct ls_prefix *ipv6, struct ls_mark mark)
{
	if (ipv4->ip.family && ipv6->ip.family && (ipv6->ip.bytes[0] & 0xfe) == 0xfc)
		ls_report_warning(report, mark, ID,
			"hosts prefer IPv4 to this unique local prefix (RFC 6724), so IPv6 will carry little; take a "
			"global one");
}

static bool is_loopback(const struct ls_spec_interface *interface)
{
	return interface && interface->match_name && strcmp(interface->match_name, "lo") == 0;
}

static void check_address(
	struct ls_checker *checker, const struct ls_spec_interface *interface, const struct ls_spec_address *address)
{
	char text[LS_PREFIX_TEXT_MAX];
	const char *fault;

	if (address->address.ip.family == 0)
		return;
	fault = find_fault(&address->address.ip, is_loopback(interface));
	if (!fault)
		fault = find_subnet_fault(&address->address);
	if (fault)
		ls_report_error(checker->report, address->mark, ID, "%s is %s; no interface can have it",
			ls_prefix_format(&address->address, text), fault);
}

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

enum place { PLACE_OUTSIDE, PLACE_INSIDE, PLACE_SELF, PLACE_NETWORK, PLACE_UNKNOWN };

static enum place compare(const struct ls_spec_address *address, const struct ls_ip *gateway)
{
	struct ls_prefix there = { .ip = *gateway, .length = address->address.length };

	if (address->address.ip.family == 0)
		return PLACE_UNKNOWN;
	if (!ls_prefix_contains(&address->address, gateway))
		return PLACE_OUTSIDE;
	if (memcmp(&address->address.ip, gateway, sizeof(*gateway)) == 0)
		return PLACE_SELF;
	if (gateway->family == AF_INET && there.length < 31 &&
		(is_network_address(&there) || is_broadcast_address(&there)))
		return PLACE_NETWORK;
	return PLACE_INSIDE;
}

static enum place worst(enum place a, enum place b)
{
	return a > b ? a : b;
}

/* Where the gateway lies, seen from all addresses of the interface. */
static enum place find_place(
	struct ls_checker *checker, const struct ls_spec_interface *interface, const struct ls_spec_family *family)
{
	const struct ls_spec_address *address = NULL;
	enum place place = PLACE_OUTSIDE;

	for (size_t i = 0; i < family->n_addresses; i++)
		place = worst(place, compare(&family->addresses[i], &family->gateway));
	while ((address = ls_checker_next_address(checker, interface, address)))
		place = worst(place, compare(address, &family->gateway));
	return place;
}

static bool has_any(
	struct ls_checker *checker, const struct ls_spec_interface *interface, const struct ls_spec_family *family)
{
	return family->n_addresses > 0 || ls_checker_next_address(checker, interface, NULL);
}

static void report_place(struct ls_checker *checker, const struct ls_spec_interface *interface,
	const struct ls_spec_family *family, enum place place)
{
	char text[LS_IP_TEXT_MAX];

	ls_ip_format(&family->gateway, text);
	switch (place) {
	case PLACE_INSIDE:
	case PLACE_UNKNOWN:
		break;
	case PLACE_OUTSIDE:
		ls_report_error(checker->report, family->gateway_mark, ID,
			"gateway %s is in no subnet of interface '%s'%s", text, interface->name,
			family->gateway.family == AF_INET6 ? " and no link-local address (fe80::/10)" : "");
		break;
	case PLACE_SELF:
		ls_report_error(checker->report, family->gateway_mark, ID,
			"gateway %s is an address of interface '%s' itself; name the router's address", text,
			interface->name);
		break;
	case PLACE_NETWORK:
		ls_report_error(checker->report, family->gateway_mark, ID,
			"gateway %s is the network or broadcast address of its subnet; name the router's address",
			text);
		break;
	}
}

static void check_gateway(
	struct ls_checker *checker, const struct ls_spec_interface *interface, const struct ls_spec_family *family)
{
	const struct ls_ip *gateway = &family->gateway;
	char text[LS_IP_TEXT_MAX];
	const char *fault;

	if (family->method != LS_METHOD_MANUAL || gateway->family == 0)
		return;
	fault = find_fault(gateway, false);
	if (fault)
		ls_report_error(checker->report, family->gateway_mark, ID, "gateway %s is %s; no router can have it",
			ls_ip_format(gateway, text), fault);
	else if (gateway->family == AF_INET6 && ls_ip_is_link_local(gateway))
		return;
	else if (gateway->family == AF_INET6 || has_any(checker, interface, family)) /* else reported as missing */
		report_place(checker, interface, family, find_place(checker, interface, family));
}

/* ---- everything -------------------------------------------------------------------------------------------------- */

static void check_host_ip(
	struct ls_checker *checker, const struct ls_ip *ip, struct ls_mark mark, const char *key, bool may_be_loopback)
{
	char text[LS_IP_TEXT_MAX];
	const char *fault;

	if (ip->family == 0)
		return;
	fault = find_fault(ip, may_be_loopback);
	if (fault)
		ls_report_error(checker->report, mark, ID, "'%s' is %s, %s; name an address that a host can have", key,
			ls_ip_format(ip, text), fault);
}

static void check_route(struct ls_checker *checker, const struct ls_spec_route *route)
{
	check_host_ip(checker, &route->via, route->via_mark, "via", false);
	check_host_ip(checker, &route->src, route->src_mark, "source", true);
	for (size_t i = 0; i < route->n_hops; i++)
		check_host_ip(checker, &route->hops[i].via, route->hops[i].via_mark, "via", false);
}

static void check_interface(struct ls_checker *checker, const struct ls_spec_interface *interface)
{
	for (size_t i = 0; i < interface->ipv4.n_addresses; i++)
		check_address(checker, interface, &interface->ipv4.addresses[i]);
	for (size_t i = 0; i < interface->ipv6.n_addresses; i++)
		check_address(checker, interface, &interface->ipv6.addresses[i]);
	check_gateway(checker, interface, &interface->ipv4);
	check_gateway(checker, interface, &interface->ipv6);
}

static void check_targets(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->public_ips.n_addresses; i++)
		check_host_ip(checker, &spec->public_ips.addresses[i].ip, spec->public_ips.addresses[i].mark,
			"addresses", false);
	for (size_t i = 0; i < spec->public_ips.n_mappings; i++)
		check_host_ip(
			checker, &spec->public_ips.mappings[i].to, spec->public_ips.mappings[i].to_mark, "to", false);
	for (size_t i = 0; i < spec->gateway.n_services; i++)
		check_host_ip(checker, &spec->gateway.services[i].ip, spec->gateway.services[i].mark, "service", false);
	for (size_t i = 0; i < spec->n_forwards; i++)
		check_host_ip(checker, &spec->forwards[i].to, spec->forwards[i].to_mark, "to", false);
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

static void check_subnet(struct ls_checker *checker, const struct ls_spec_subnet *subnet)
{
	const struct ls_ip *gateway = &subnet->gateway;
	const char *fault = ls_subnet_fault(&subnet->subnet);
	char text[LS_IP_TEXT_MAX];

	if (fault) {
		ls_report_error(checker->report, subnet->subnet_mark, ID,
			"'subnet' has %s in it; name a network whose addresses hosts can have", fault);
		return;
	}
	fault = gateway->family == subnet->subnet.ip.family ? ls_router_fault_in(&subnet->subnet, gateway) : NULL;
	if (fault && (ls_prefix_contains(&subnet->subnet, gateway) || ls_ip_is_link_local(gateway))) /* else told of */
		ls_report_error(checker->report, subnet->gateway_mark, ID,
			"gateway %s is %s; name the router's address", ls_ip_format(gateway, text), fault);
}

static void check_network(struct ls_checker *checker, const struct ls_spec_network *network)
{
	if (network->ipv4.subnet.ip.family)
		check_subnet(checker, &network->ipv4);
	if (network->ipv6.subnet.ip.family)
		check_subnet(checker, &network->ipv6);
	ls_check_ula(checker->report, &network->ipv4.subnet, &network->ipv6.subnet, network->ipv6.subnet_mark);
}

int ls_check_addresses(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->n_interfaces; i++)
		check_interface(checker, &spec->interfaces[i]);
	for (size_t i = 0; i < spec->n_addresses; i++)
		check_address(checker, ls_checker_find(checker, spec->addresses[i].interface), &spec->addresses[i]);
	for (size_t i = 0; i < spec->n_routes; i++)
		check_route(checker, &spec->routes[i]);
	for (size_t i = 0; i < spec->n_nexthops; i++)
		check_host_ip(checker, &spec->nexthops[i].via, spec->nexthops[i].via_mark, "via", false);
	for (size_t i = 0; i < spec->n_neighbours; i++)
		check_host_ip(
			checker, &spec->neighbours[i].address, spec->neighbours[i].address_mark, "address", false);
	check_targets(checker);
	for (size_t i = 0; i < spec->n_networks; i++)
		check_network(checker, &spec->networks[i]);
	return 0;
}
