/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of networks, public addresses, forwards and nat.
 */
#include "host.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

/* ---- ports ------------------------------------------------------------------------------------------------------- */

static bool parse_port(const char *text, uint16_t *ret)
{
	uint32_t number;

	if (ls_parse_number(text, &number) < 0 || number < 1 || number > UINT16_MAX)
		return false;
	*ret = (uint16_t)number;
	return true;
}

int ls_decode_ports(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	uint32_t range[2];
	int r = ls_decode_range(decoder, key, event, "a port, or two with a hyphen between, like 5000-5010", range);

	if (r == 0)
		memcpy(value, (const uint16_t[]){ (uint16_t)range[0], (uint16_t)range[1] }, 2 * sizeof(uint16_t));
	return r;
}

/* ---- where a forward leads --------------------------------------------------------------------------------------- */

/* The address in "10.0.0.1:80", "[2001:db8::1]:80", or either without a port. */
static bool split_target(const char *text, char address[static LS_IP_TEXT_MAX], const char **ret_port)
{
	bool bracket = *text == '[';
	const char *end = bracket ? strchr(text, ']') : text + strcspn(text, ":");
	const char *colon;

	if (!bracket && strchr(text, ':') != strrchr(text, ':')) /* IPv6 alone */
		end = text + strlen(text);
	if (!end || (size_t)(end - text - bracket) >= LS_IP_TEXT_MAX)
		return false;
	memcpy(address, text + bracket, (size_t)(end - text - bracket));
	address[end - text - bracket] = '\0';
	colon = end + bracket;
	*ret_port = *colon == ':' ? colon + 1 : NULL;
	return !*colon || *ret_port;
}

bool ls_parse_target(const char *text, struct ls_ip *ret, uint16_t *ret_port)
{
	char address[LS_IP_TEXT_MAX];
	const char *port;

	*ret_port = 0;
	return split_target(text, address, &port) && ls_ip_parse(address, ret) >= 0 &&
	       (!port || parse_port(port, ret_port));
}

/* Into `to` and, behind it, `to_port`. */
static int decode_target(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const char what[] = "an address and a port, like 10.0.0.1:80 or [2001:db8::1]:80";
	struct ls_spec_forward *forward = (void *)((char *)value - offsetof(struct ls_spec_forward, to));
	struct ls_ip ip;
	uint16_t number;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, what);
	if (r != 0)
		return r;
	if (!ls_parse_target(event->text, &ip, &number))
		return ls_decode_refuse(decoder, key, event, what);
	forward->to = ip;
	forward->to_port = number;
	return 0;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* RFC 1123, section 2.1: labels of letters, digits and hyphens, and an end that is no number: an address is no name. */
const char *ls_check_dns_name(const char *text)
{
	size_t length = 0, digits = 0;

	if (strlen(text) > 253)
		return "is longer than 253 characters";
	for (const char *at = text;; at++) {
		if (*at == '.' || !*at) {
			if (!length || length > 63 || at[-1] == '-')
				return "is not a host name: labels of 1 to 63 letters, digits and hyphens";
			if (!*at)
				return digits == length
					       ? "is not a host name: its last label is a number, as in an address"
					       : NULL;
			length = digits = 0;
			continue;
		}
		if (!isascii(*at) || (!isalnum((unsigned char)*at) && (*at != '-' || !length)))
			return "is not a host name: it has more than letters, digits, hyphens and dots";
		length++;
		digits += isdigit((unsigned char)*at) != 0;
	}
}

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static void check_gateway(struct ls_decoder *decoder, const struct ls_spec_subnet *subnet)
{
	const struct ls_ip *gateway = &subnet->gateway;

	if (!gateway->family || !subnet->subnet.ip.family)
		return;
	if (gateway->family != subnet->subnet.ip.family)
		ls_report_error(decoder->report, subnet->gateway_mark, "type",
			"'gateway' is %s, but 'subnet' is %s; give both in one family",
			ls_ip_family_name(gateway->family), ls_ip_family_name(subnet->subnet.ip.family));
	else if (!ls_prefix_contains(&subnet->subnet, gateway) &&
		 !(gateway->family == AF_INET6 && ls_ip_is_link_local(gateway)))
		ls_report_error(decoder->report, subnet->gateway_mark, "address-sane",
			"'gateway' is not within 'subnet'%s; its hosts could not reach it",
			gateway->family == AF_INET6 ? ", nor link-local" : "");
}

static void finish_network(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_spec_network *network = target;

	if (seen->bad)
		return;
	if (!network->ipv4.mark.line && !network->ipv6.mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the network '%s' has neither 'ipv4' nor 'ipv6'; give it a subnet", network->name);
	if (network->ipv4.subnet.ip.family == AF_INET6)
		ls_report_error(decoder->report, network->ipv4.subnet_mark, "type", "'ipv4' has an IPv6 subnet");
	if (network->ipv6.subnet.ip.family == AF_INET)
		ls_report_error(decoder->report, network->ipv6.subnet_mark, "type", "'ipv6' has an IPv4 subnet");
	check_gateway(decoder, &network->ipv4);
	check_gateway(decoder, &network->ipv6);
}

static void finish_mapping(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_mapping *mapping = target;

	if (seen->bad)
		return;
	if (mapping->protocol && !mapping->port)
		ls_report_error(decoder->report, mapping->protocol_mark, "missing",
			"the mapping has a 'protocol' but no 'port'; without both, the whole address is mapped");
	else if (mapping->port && !mapping->protocol)
		ls_report_error(decoder->report, mapping->port_mark, "missing",
			"the mapping has a 'port' but no 'protocol': tcp or udp");
	else if (mapping->to_port && !mapping->port)
		ls_report_error(decoder->report, mapping->to_port_mark, "missing",
			"'to_port' needs a 'port': a whole address keeps its ports");
	else if (mapping->to_port && mapping->port != mapping->last_port)
		ls_report_error(decoder->report, mapping->to_port_mark, "range",
			"a range of ports keeps its ports; remove 'to_port', or map port by port");
	else if (mapping->public_ip.family && mapping->to.family && mapping->public_ip.family != mapping->to.family)
		ls_report_error(decoder->report, mapping->to_mark, "public-family",
			"'to' is %s, the public address %s; map addresses of one family",
			ls_ip_family_name(mapping->to.family), ls_ip_family_name(mapping->public_ip.family));
	(void)mark;
	if (mapping->port && mapping->port == mapping->last_port && !mapping->to_port)
		mapping->to_port = mapping->port;
}

static void finish_forward(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_forward *forward = target;

	(void)mark;
	if (seen->bad)
		return;
	if (forward->port != forward->last_port && forward->to_port)
		ls_report_error(decoder->report, forward->to_mark, "range",
			"a range of ports keeps its ports; leave the port out of 'to'");
	else if (!forward->to_port && forward->port == forward->last_port)
		forward->to_port = forward->port;
}

/* Only those that can count are kept: one error is enough. */
size_t ls_check_services(struct ls_report *report, const struct ls_spec_ip *services, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (i == 1 && services[1].ip.family != services[0].ip.family)
			continue;
		ls_report_error(report, services[i].mark, "range",
			"'service' has two %s addresses; the port leads to one",
			ls_ip_family_name(services[i].ip.family));
		return i;
	}
	return n;
}

static void finish_gateway(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_gateway *gateway = target;

	gateway->external_port = gateway->external_port ? gateway->external_port : LS_GATEWAY_PORT;
	gateway->internal_port = gateway->internal_port ? gateway->internal_port : LS_GATEWAY_PORT;
	if (seen->bad)
		return;
	if (!gateway->dns_name)
		ls_report_error(decoder->report, mark, "gateway-dns-name",
			"a gateway in mode nat is known by a name outside; give it a 'dns_name'");
	gateway->n_services = ls_check_services(decoder->report, gateway->services, gateway->n_services);
}

bool ls_spec_forwards(const struct ls_spec_forward *forward, uint8_t protocol)
{
	for (size_t i = 0; i < forward->n_protocols; i++)
		if (forward->protocols[i].protocol == protocol)
			return true;
	return !forward->protocol_mark.line;
}

bool ls_spec_same_target(const struct ls_spec_forward *a, const struct ls_spec_forward *b)
{
	if (memcmp(&a->to, &b->to, sizeof(a->to)) != 0 || a->to_port != b->to_port)
		return false;
	return a->to_port || (a->port == b->port && a->last_port == b->last_port);
}

struct ls_spec_forward ls_spec_gateway_forward(const struct ls_spec_gateway *gateway, size_t i)
{
	return (struct ls_spec_forward){
		.mark = gateway->services[i].mark,
		.interface_mark = gateway->interface_mark,
		.to_mark = gateway->services[i].mark,
		.interface = gateway->interface,
		.port = gateway->external_port,
		.last_port = gateway->external_port,
		.to = gateway->services[i].ip,
		.to_port = gateway->internal_port,
	};
}

/* Of an address as the host part of a prefix nothing may be left. */
static void finish_prefixes(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_spec_prefix_mapping *prefixes = target;

	(void)mark;
	if (seen->bad)
		return;
	if (prefixes->inside.ip.family == AF_INET)
		ls_report_error(decoder->report, prefixes->inside_mark, "type",
			"prefixes are mapped in IPv6 only; IPv4 networks are masqueraded");
	else if (prefixes->outside.ip.family == AF_INET)
		ls_report_error(
			decoder->report, prefixes->outside_mark, "type", "'outside' is not of the family of 'inside'");
	else if (prefixes->inside.length != prefixes->outside.length)
		ls_report_error(decoder->report, prefixes->outside_mark, "range",
			"'outside' is a /%u, 'inside' a /%u; each address keeps what is behind the prefix, so both "
			"need one "
			"length",
			prefixes->outside.length, prefixes->inside.length);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_word protocols[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { NULL, 0 } };

static const struct ls_key ip_key = { LS_NAME("address"), LS_AT(ls_spec_ip, ip), LS_IP };

const struct ls_mapping ls_ip_mapping = {
	.what = "an address",
	.size = sizeof(struct ls_spec_ip),
	.shorthand = &ip_key,
};

static const struct ls_key subnet_keys[] = {
	{ LS_NAME("subnet"), LS_AT(ls_spec_subnet, subnet), LS_MARK(ls_spec_subnet, subnet_mark),
		.decode = ls_decode_network, .needed = LS_ALWAYS },
	{ LS_NAME("gateway"), LS_AT(ls_spec_subnet, gateway), LS_MARK(ls_spec_subnet, gateway_mark), LS_IP },
};

static const struct ls_mapping subnet_mapping = {
	.what = "a family of a network",
	.keys = subnet_keys,
	.n_keys = LS_ARRAY_SIZE(subnet_keys),
};

static const struct ls_key network_keys[] = {
	{ LS_NAME("interface"), LS_AT(ls_spec_network, interface), LS_MARK(ls_spec_network, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("vlan"), LS_AT(ls_spec_network, vlan), LS_MARK(ls_spec_network, vlan_mark), LS_NUMBER(1, 4094) },
	{ LS_NAME("internet"), LS_AT(ls_spec_network, internet), LS_BOOL },
	{ LS_NAME("ipv4"), LS_AT(ls_spec_network, ipv4), LS_MARK(ls_spec_network, ipv4.mark),
		LS_MAPPING(&subnet_mapping) },
	{ LS_NAME("ipv6"), LS_AT(ls_spec_network, ipv6), LS_MARK(ls_spec_network, ipv6.mark),
		LS_MAPPING(&subnet_mapping) },
	{ LS_NAME("production_hosts"), LS_AT(ls_spec_network, production_hosts),
		LS_PRESENT(ls_spec_network, n_production_hosts), LS_LIST(&ls_ip_mapping) },
};

static const struct ls_key network_name = { LS_NAME("network"), LS_AT(ls_spec_network, name),
	LS_TEXT(ls_check_spec_name) };

const struct ls_mapping ls_network_mapping = {
	.what = "a network",
	.keys = network_keys,
	.n_keys = LS_ARRAY_SIZE(network_keys),
	.size = sizeof(struct ls_spec_network),
	.name = &network_name,
	.finish = finish_network,
	.rules = ls_rules_network,
};

static const struct ls_key mapping_keys[] = {
	{ LS_NAME("public"), LS_AT(ls_spec_mapping, public_ip), LS_MARK(ls_spec_mapping, public_mark), LS_IP,
		.needed = LS_ALWAYS },
	{ LS_NAME("protocol"), LS_AT(ls_spec_mapping, protocol), LS_MARK(ls_spec_mapping, protocol_mark),
		LS_WORD(protocols) },
	{ LS_NAME("port"), LS_AT(ls_spec_mapping, port), LS_MARK(ls_spec_mapping, port_mark), LS_PORTS },
	{ LS_NAME("to"), LS_AT(ls_spec_mapping, to), LS_MARK(ls_spec_mapping, to_mark), LS_IP, .needed = LS_ALWAYS },
	{ LS_NAME("to_port"), LS_AT(ls_spec_mapping, to_port), LS_MARK(ls_spec_mapping, to_port_mark),
		LS_NUMBER(1, 65535) },
};

const struct ls_mapping ls_mapping_mapping = {
	.what = "a mapping",
	.keys = mapping_keys,
	.n_keys = LS_ARRAY_SIZE(mapping_keys),
	.size = sizeof(struct ls_spec_mapping),
	.finish = finish_mapping,
	.rules = ls_rules_mapping,
};

static const struct ls_key public_keys[] = {
	{ LS_NAME("interface"), LS_AT(ls_spec_public, interface), LS_MARK(ls_spec_public, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("addresses"), LS_AT(ls_spec_public, addresses), LS_PRESENT(ls_spec_public, n_addresses),
		LS_LIST(&ls_ip_mapping) },
	{ LS_NAME("mappings"), LS_AT(ls_spec_public, mappings), LS_PRESENT(ls_spec_public, n_mappings),
		LS_LIST(&ls_mapping_mapping) },
};

const struct ls_mapping ls_public_mapping = {
	.what = "public_ips",
	.keys = public_keys,
	.n_keys = LS_ARRAY_SIZE(public_keys),
};

static const struct ls_key protocol_key = { LS_NAME("protocol"), LS_AT(ls_spec_protocol, protocol),
	LS_WORD(protocols) };

static const struct ls_mapping protocol_mapping = {
	.what = "a protocol",
	.size = sizeof(struct ls_spec_protocol),
	.shorthand = &protocol_key,
};

static const struct ls_word sources[] = { { "keep", LS_SOURCE_KEEP }, { "masquerade", LS_SOURCE_MASQUERADE },
	{ NULL, 0 } };

static const struct ls_key forward_keys[] = {
	{ LS_NAME("interface"), LS_AT(ls_spec_forward, interface), LS_MARK(ls_spec_forward, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("protocol"), LS_AT(ls_spec_forward, protocols), LS_PRESENT(ls_spec_forward, n_protocols),
		LS_MARK(ls_spec_forward, protocol_mark), LS_LIST(&protocol_mapping) },
	{ LS_NAME("port"), LS_AT(ls_spec_forward, port), LS_MARK(ls_spec_forward, port_mark), LS_PORTS,
		.needed = LS_ALWAYS },
	{ LS_NAME("to"), LS_AT(ls_spec_forward, to), LS_MARK(ls_spec_forward, to_mark), .decode = decode_target,
		.needed = LS_ALWAYS },
	{ LS_NAME("source"), LS_AT(ls_spec_forward, source), LS_WORD(sources) },
};

const struct ls_mapping ls_forward_mapping = {
	.what = "a forward",
	.keys = forward_keys,
	.n_keys = LS_ARRAY_SIZE(forward_keys),
	.size = sizeof(struct ls_spec_forward),
	.finish = finish_forward,
	.rules = ls_rules_forward,
};

static const struct ls_word gateway_modes[] = { { "nat", LS_GATEWAY_NAT }, { NULL, 0 } };

static const struct ls_key gateway_keys[] = {
	{ LS_NAME("mode"), LS_AT(ls_spec_gateway, mode), LS_WORD(gateway_modes), .needed = LS_ALWAYS },
	{ LS_NAME("dns_name"), LS_AT(ls_spec_gateway, dns_name), LS_MARK(ls_spec_gateway, dns_name_mark),
		LS_GATEWAY_NAME },
	{ LS_NAME("interface"), LS_AT(ls_spec_gateway, interface), LS_MARK(ls_spec_gateway, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("external_port"), LS_AT(ls_spec_gateway, external_port), LS_NUMBER(1, 65535) },
	{ LS_NAME("internal_port"), LS_AT(ls_spec_gateway, internal_port), LS_NUMBER(1, 65535) },
	{ LS_NAME("service"), LS_AT(ls_spec_gateway, services), LS_PRESENT(ls_spec_gateway, n_services),
		LS_LIST(&ls_ip_mapping) },
};

const struct ls_mapping ls_gateway_mapping = {
	.what = "gateway",
	.keys = gateway_keys,
	.n_keys = LS_ARRAY_SIZE(gateway_keys),
	.finish = finish_gateway,
	.rules = ls_rules_gateway,
};

static const struct ls_key uplink_key = { LS_NAME("uplink"), LS_AT(ls_spec_name, name),
	LS_TEXT(ls_check_interface_name) };

static const struct ls_mapping uplink_mapping = {
	.what = "an uplink",
	.size = sizeof(struct ls_spec_name),
	.shorthand = &uplink_key,
};

static const struct ls_key entry_key = { LS_NAME("subnet"), LS_AT(ls_spec_subnet_entry, subnet),
	.decode = ls_decode_network };

static const struct ls_mapping entry_mapping = {
	.what = "a subnet",
	.size = sizeof(struct ls_spec_subnet_entry),
	.shorthand = &entry_key,
};

static const struct ls_key prefix_keys[] = {
	{ LS_NAME("inside"), LS_AT(ls_spec_prefix_mapping, inside), LS_MARK(ls_spec_prefix_mapping, inside_mark),
		.decode = ls_decode_network, .needed = LS_ALWAYS },
	{ LS_NAME("outside"), LS_AT(ls_spec_prefix_mapping, outside), LS_MARK(ls_spec_prefix_mapping, outside_mark),
		.decode = ls_decode_network, .needed = LS_ALWAYS },
};

static const struct ls_mapping prefix_mapping = {
	.what = "a prefix mapping",
	.keys = prefix_keys,
	.n_keys = LS_ARRAY_SIZE(prefix_keys),
	.size = sizeof(struct ls_spec_prefix_mapping),
	.finish = finish_prefixes,
	.rules = ls_rules_prefixes,
};

static const struct ls_key nat_keys[] = {
	{ LS_NAME("uplinks"), LS_AT(ls_spec_nat, uplinks), LS_PRESENT(ls_spec_nat, n_uplinks),
		LS_MARK(ls_spec_nat, uplinks_mark), LS_LIST(&uplink_mapping) },
	{ LS_NAME("masquerade"), LS_AT(ls_spec_nat, masquerade), LS_PRESENT(ls_spec_nat, n_masquerade),
		LS_LIST(&entry_mapping) },
	{ LS_NAME("prefixes"), LS_AT(ls_spec_nat, prefixes), LS_PRESENT(ls_spec_nat, n_prefixes),
		LS_LIST(&prefix_mapping) },
	{ LS_NAME("route_between_networks"), LS_AT(ls_spec_nat, route_between_networks), LS_BOOL },
};

const struct ls_mapping ls_nat_mapping = {
	.what = "nat",
	.keys = nat_keys,
	.n_keys = LS_ARRAY_SIZE(nat_keys),
};

/* ---- forms ------------------------------------------------------------------------------------------------------- */

const struct ls_reader_form ls_nat_forms[] = {
	{ ls_decode_text, ls_check_dns_name,
		{ .type = LS_FORM_TEXT,
			.name = "dns_name",
			.about = "a host name (RFC 1123), not an address",
			.pattern = "^(?=.{1,253}$)(" LS_PATTERN_LABEL "\\.)*(?![0-9]+$)" LS_PATTERN_LABEL "$" } },
	{ ls_decode_ports, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "ports",
			.about = "a port, or two with a hyphen between",
			.pattern = "^" LS_PATTERN_PORT "(-" LS_PATTERN_PORT ")?$",
			.or_number = true,
			.rules = "{'multipleOf': 1, 'minimum': 1, 'maximum': 65535}" } },
	{ decode_target, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "target",
			.about = "an address, with or without a port",
			.pattern = "^(" LS_PATTERN_IPV4 "(:" LS_PATTERN_PORT ")?|" LS_PATTERN_IPV6
				   "|\\[" LS_PATTERN_IPV6 "\\](:" LS_PATTERN_PORT ")?)$" } },
	{ 0 },
};
