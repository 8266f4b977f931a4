/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a site, as tables, like those of a host (host.c), whose parts they share where a site says the same.
 */
#include "site.h"

#include <string.h>
#include <sys/socket.h>

/* ---- single values ----------------------------------------------------------------------------------------------- */

static const struct ls_word kinds[] = { { "site", 0 }, { NULL, 0 } };

/* The kind itself is not kept: there is one. */
static int decode_kind(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	uint8_t kind;

	(void)value;
	if (event->type != LS_YAML_SCALAR ||
		(strcmp(event->text, "gateway") != 0 && strcmp(event->text, "appliance") != 0))
		return ls_decode_word(
			decoder, &(struct ls_key){ .name = key->name, .words = kinds, .size = 1 }, event, &kind);
	ls_report_error(decoder->report, event->mark, "range",
		"this is the spec of a host, not of a site: see 'linkspan check'");
	return -EINVAL;
}

/* The first and the last address that a host can have: of an IPv4 network not its own and the broadcast address, of an
 * IPv6 one not the subnet-router anycast address (RFC 4291, section 2.6.1). */
static void set_prefix(struct ls_site_range *range, const struct ls_prefix *prefix)
{
	bool ipv4 = prefix->ip.family == AF_INET;
	size_t last = ls_ip_size(prefix->ip.family) - 1;

	range->first = prefix->ip;
	range->last = ls_prefix_last(prefix);
	if (prefix->length >= (ipv4 ? 31 : 127))
		return;
	range->first.bytes[last]++;
	if (ipv4)
		range->last.bytes[last]--;
}

static int parse_range(const char *text, struct ls_site_range *range)
{
	const char *hyphen = strchr(text, '-');
	char first[LS_IP_TEXT_MAX];
	struct ls_prefix prefix;

	if (strchr(text, '/')) {
		if (ls_prefix_parse(text, &prefix) < 0)
			return -EINVAL;
		prefix = ls_prefix_network(prefix);
		return set_prefix(range, &prefix), 0;
	}
	if (!hyphen) {
		if (ls_ip_parse(text, &range->first) < 0)
			return -EINVAL;
		return range->last = range->first, 0;
	}
	if ((size_t)(hyphen - text) >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, (size_t)(hyphen - text));
	first[hyphen - text] = '\0';
	return ls_ip_parse(first, &range->first) < 0 || ls_ip_parse(hyphen + 1, &range->last) < 0 ? -EINVAL : 0;
}

/* Into `first` and, behind it, `last`. */
static int decode_range(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const char what[] = "an address, two with a hyphen between, or a prefix";
	struct ls_site_range range = { 0 };
	int r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, what);

	if (r != 0)
		return r;
	if (parse_range(event->text, &range) < 0 || range.first.family != range.last.family)
		return ls_decode_refuse(decoder, key, event, what);
	if (memcmp(range.first.bytes, range.last.bytes, sizeof(range.first.bytes)) > 0) {
		ls_report_error(decoder->report, event->mark, "range",
			"a range with nothing in it; write the lower address first");
		return 1;
	}
	memcpy(value, &range.first, sizeof(range.first) + sizeof(range.last));
	return 0;
}

/* The value of a name, where that is a list and nothing else. */
static int decode_plain_list(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	return ls_decode_list(decoder, key, event, (char *)value - key->offset);
}

static const char *check_path(const char *text)
{
	return *text ? NULL : "is no name of a directory";
}

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static void finish_gateway(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_site_gateway *gateway = target;

	if (seen->bad)
		return;
	if (gateway->mode == LS_SITE_NAT && !gateway->dns_name)
		ls_report_error(decoder->report, mark, "gateway-dns-name",
			"a gateway in mode nat is known by a name outside; give it a 'dns_name'");
}

static void finish_network(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_site_network *network = target;

	if (seen->bad)
		return;
	if (!network->ipv4.mark.line && !network->ipv6.mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the network '%s' has neither 'ipv4' nor 'ipv6'; give it a subnet", network->name);
}

/* ---- small parts ------------------------------------------------------------------------------------------------- */

static const struct ls_key reference_key = { LS_NAME("name"), LS_AT(ls_spec_name, name), LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping reference_mapping = {
	.what = "a name",
	.size = sizeof(struct ls_spec_name),
	.shorthand = &reference_key,
};

static const struct ls_key range_key = { LS_NAME("range"), LS_AT(ls_site_range, first), .decode = decode_range };

static const struct ls_mapping range_mapping = {
	.what = "an entry of public_pool",
	.size = sizeof(struct ls_site_range),
	.shorthand = &range_key,
};

/* A site describes links that are there; the hosts' own specs may make more. */
static const struct ls_key interface_keys[] = {
	{ LS_NAME("match"), LS_SAME, LS_MARK(ls_spec_interface, match_mark), LS_MAPPING(&ls_match_mapping),
		.needed = LS_ALWAYS },
	{ LS_NAME("mtu"), LS_AT(ls_spec_interface, mtu), LS_MARK(ls_spec_interface, mtu_mark), LS_NUMBER(1280, 65535) },
	{ LS_NAME("ipv4"), LS_AT(ls_spec_interface, ipv4), LS_MARK(ls_spec_interface, ipv4.mark),
		LS_MAPPING(&ls_family_mapping) },
	{ LS_NAME("ipv6"), LS_AT(ls_spec_interface, ipv6), LS_MARK(ls_spec_interface, ipv6.mark),
		LS_MAPPING(&ls_family_mapping) },
};

static const struct ls_key interface_name = { LS_NAME("interface"), LS_AT(ls_spec_interface, name),
	LS_TEXT(ls_check_interface_name) };

static const struct ls_mapping interface_mapping = {
	.what = "an interface of a site",
	.keys = interface_keys,
	.n_keys = LS_ARRAY_SIZE(interface_keys),
	.size = sizeof(struct ls_spec_interface),
	.name = &interface_name,
};

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

static const struct ls_word modes[] = { { "nat", LS_SITE_NAT }, { "direct", LS_SITE_DIRECT }, { NULL, 0 } };

static const struct ls_key gateway_keys[] = {
	{ LS_NAME("mode"), LS_AT(ls_site_gateway, mode), LS_MARK(ls_site_gateway, mode_mark), LS_WORD(modes),
		.needed = LS_ALWAYS },
	{ LS_NAME("dns_name"), LS_AT(ls_site_gateway, dns_name), LS_MARK(ls_site_gateway, dns_name_mark),
		LS_GATEWAY_NAME },
	{ LS_NAME("external_port"), LS_AT(ls_site_gateway, external_port), LS_NUMBER(1, 65535) },
	{ LS_NAME("internal_port"), LS_AT(ls_site_gateway, internal_port), LS_NUMBER(1, 65535) },
	{ LS_NAME("tunnel_ports"), LS_AT(ls_site_gateway, tunnel_port), LS_MARK(ls_site_gateway, ports_mark),
		LS_PORTS },
	{ LS_NAME("service"), LS_AT(ls_site_gateway, services), LS_PRESENT(ls_site_gateway, n_services),
		LS_LIST(&ls_ip_mapping) },
	{ LS_NAME("interface"), LS_AT(ls_site_gateway, interface), LS_MARK(ls_site_gateway, interface_mark),
		LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("interfaces"), LS_AT(ls_site_gateway, interfaces), LS_PRESENT(ls_site_gateway, n_interfaces),
		LS_NAMED(&interface_mapping), .needed = LS_ALWAYS },
};

/* As those of schema_rules.c. */
static const char gateway_rules[] = "[{'if': {'required': ['mode'], 'properties': {'mode': {'const': 'nat'}}},"
				    "  'then': {'required': ['dns_name']}}]";

static const struct ls_key gateway_name = { LS_NAME("gateway"), LS_AT(ls_site_gateway, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping gateway_mapping = {
	.what = "a gateway of a site",
	.keys = gateway_keys,
	.n_keys = LS_ARRAY_SIZE(gateway_keys),
	.size = sizeof(struct ls_site_gateway),
	.defaults =
		&(const struct ls_site_gateway){ .external_port = LS_GATEWAY_PORT, .internal_port = LS_GATEWAY_PORT },
	.name = &gateway_name,
	.finish = finish_gateway,
	.rules = gateway_rules,
};

static const struct ls_key pool_key = { LS_NAME("gateways"), LS_AT(ls_site_pool, gateways),
	LS_PRESENT(ls_site_pool, n_gateways), .decode = decode_plain_list, .mapping = &reference_mapping };

static const struct ls_key pool_name = { LS_NAME("gateway pool"), LS_AT(ls_site_pool, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping pool_mapping = {
	.what = "a gateway pool",
	.size = sizeof(struct ls_site_pool),
	.shorthand = &pool_key,
	.name = &pool_name,
};

/* ---- plans ------------------------------------------------------------------------------------------------------- */

static const struct ls_key plan_network_keys[] = {
	{ LS_NAME("vlan"), LS_AT(ls_site_plan_network, vlan), LS_MARK(ls_site_plan_network, vlan_mark),
		LS_NUMBER(1, 4094) },
	{ LS_NAME("internet"), LS_AT(ls_site_plan_network, internet), LS_BOOL },
};

static const struct ls_key plan_network_name = { LS_NAME("network"), LS_AT(ls_site_plan_network, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping plan_network_mapping = {
	.what = "a network of a plan",
	.keys = plan_network_keys,
	.n_keys = LS_ARRAY_SIZE(plan_network_keys),
	.size = sizeof(struct ls_site_plan_network),
	.name = &plan_network_name,
};

static const struct ls_key plan_keys[] = {
	{ LS_NAME("networks"), LS_AT(ls_site_plan, networks), LS_PRESENT(ls_site_plan, n_networks),
		LS_NAMED(&plan_network_mapping), .needed = LS_ALWAYS },
};

static const struct ls_key plan_name = { LS_NAME("plan"), LS_AT(ls_site_plan, name), LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping plan_mapping = {
	.what = "a plan",
	.keys = plan_keys,
	.n_keys = LS_ARRAY_SIZE(plan_keys),
	.size = sizeof(struct ls_site_plan),
	.name = &plan_name,
};

/* ---- tenants ----------------------------------------------------------------------------------------------------- */

static const struct ls_key subnet_keys[] = {
	{ LS_NAME("subnet"), LS_AT(ls_site_subnet, subnet), LS_MARK(ls_site_subnet, subnet_mark),
		.decode = ls_decode_network, .needed = LS_ALWAYS },
	{ LS_NAME("gateway"), LS_AT(ls_site_subnet, gateway), LS_MARK(ls_site_subnet, gateway_mark), LS_IP },
};

static const struct ls_mapping subnet_mapping = {
	.what = "a family of a tenant's network",
	.keys = subnet_keys,
	.n_keys = LS_ARRAY_SIZE(subnet_keys),
};

static const struct ls_key network_keys[] = {
	{ LS_NAME("maps_to"), LS_AT(ls_site_network, maps_to), LS_MARK(ls_site_network, maps_to_mark),
		LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("ipv4"), LS_AT(ls_site_network, ipv4), LS_MARK(ls_site_network, ipv4.mark),
		LS_MAPPING(&subnet_mapping) },
	{ LS_NAME("ipv6"), LS_AT(ls_site_network, ipv6), LS_MARK(ls_site_network, ipv6.mark),
		LS_MAPPING(&subnet_mapping) },
	{ LS_NAME("production_hosts"), LS_AT(ls_site_network, production_hosts),
		LS_PRESENT(ls_site_network, n_production_hosts), LS_LIST(&ls_ip_mapping) },
};

static const struct ls_key network_name = { LS_NAME("network"), LS_AT(ls_site_network, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping network_mapping = {
	.what = "a tenant's network",
	.keys = network_keys,
	.n_keys = LS_ARRAY_SIZE(network_keys),
	.size = sizeof(struct ls_site_network),
	.name = &network_name,
	.finish = finish_network,
	.rules = ls_rules_network,
};

static const struct ls_key addresses_key = { LS_NAME("addresses"), LS_AT(ls_site_addresses, ips),
	LS_PRESENT(ls_site_addresses, n_ips), .decode = decode_plain_list, .mapping = &ls_ip_mapping };

static const struct ls_key addresses_name = { LS_NAME("network"), LS_AT(ls_site_addresses, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping addresses_mapping = {
	.what = "a replica's addresses",
	.size = sizeof(struct ls_site_addresses),
	.shorthand = &addresses_key,
	.name = &addresses_name,
};

static const struct ls_word jobs[] = { { "replication", LS_SITE_REPLICATION }, { "cdp", LS_SITE_CDP }, { NULL, 0 } };

static const struct ls_key replica_keys[] = {
	{ LS_NAME("job"), LS_AT(ls_site_replica, job), LS_WORD(jobs) },
	{ LS_NAME("application_aware"), LS_AT(ls_site_replica, application_aware), LS_MARK(ls_site_replica, aware_mark),
		LS_BOOL },
	{ LS_NAME("detected"), LS_AT(ls_site_replica, detected), LS_PRESENT(ls_site_replica, n_detected),
		LS_NAMED(&addresses_mapping) },
	{ LS_NAME("addresses"), LS_AT(ls_site_replica, addresses), LS_PRESENT(ls_site_replica, n_addresses),
		LS_NAMED(&addresses_mapping) },
};

static const struct ls_key replica_name = { LS_NAME("replica"), LS_AT(ls_site_replica, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping replica_mapping = {
	.what = "a replica",
	.keys = replica_keys,
	.n_keys = LS_ARRAY_SIZE(replica_keys),
	.size = sizeof(struct ls_site_replica),
	.name = &replica_name,
};

static const struct ls_word platforms[] = { { "vsphere", LS_SITE_VSPHERE }, { "director", LS_SITE_DIRECTOR },
	{ NULL, 0 } };

static const struct ls_key appliance_keys[] = {
	{ LS_NAME("platform"), LS_AT(ls_site_appliance, platform), LS_MARK(ls_site_appliance, platform_mark),
		LS_WORD(platforms) },
	{ LS_NAME("network"), LS_AT(ls_site_appliance, network), LS_MARK(ls_site_appliance, network_mark),
		LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("interface"), LS_AT(ls_site_appliance, interface), LS_MARK(ls_site_appliance, interface_mark),
		LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("addresses"), LS_AT(ls_site_appliance, addresses), LS_PRESENT(ls_site_appliance, n_addresses),
		LS_MARK(ls_site_appliance, address_mark), LS_LIST(&ls_ip_mapping) },
	{ LS_NAME("interfaces"), LS_AT(ls_site_appliance, interfaces), LS_PRESENT(ls_site_appliance, n_interfaces),
		LS_NAMED(&interface_mapping), .needed = LS_ALWAYS },
};

static const struct ls_key appliance_name = { LS_NAME("appliance"), LS_AT(ls_site_appliance, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping appliance_mapping = {
	.what = "an appliance of a site",
	.keys = appliance_keys,
	.n_keys = LS_ARRAY_SIZE(appliance_keys),
	.size = sizeof(struct ls_site_appliance),
	.name = &appliance_name,
};

static const struct ls_key public_keys[] = {
	{ LS_NAME("ipv4"), LS_AT(ls_site_publics, ipv4), LS_MARK(ls_site_publics, ipv4_mark), LS_NUMBER(0, 65536) },
	{ LS_NAME("ipv6"), LS_AT(ls_site_publics, ipv6), LS_MARK(ls_site_publics, ipv6_mark), LS_NUMBER(0, 65536) },
	{ LS_NAME("reserved"), LS_AT(ls_site_publics, reserved), LS_PRESENT(ls_site_publics, n_reserved),
		LS_LIST(&ls_ip_mapping) },
	{ LS_NAME("mappings"), LS_AT(ls_site_publics, mappings), LS_PRESENT(ls_site_publics, n_mappings),
		LS_LIST(&ls_mapping_mapping) },
};

static const struct ls_mapping public_mapping = {
	.what = "a tenant's public_ips",
	.keys = public_keys,
	.n_keys = LS_ARRAY_SIZE(public_keys),
};

static const struct ls_word tunnel_types[] = { { "wireguard", LS_TUNNEL_WIREGUARD }, { NULL, 0 } };

static const struct ls_key tunnel_keys[] = {
	{ LS_NAME("type"), LS_AT(ls_site_tunnels, type), LS_WORD(tunnel_types) },
	{ LS_NAME("key_dir"), LS_AT(ls_site_tunnels, key_dir), LS_MARK(ls_site_tunnels, key_dir_mark),
		LS_TEXT(check_path), .needed = LS_ALWAYS },
	{ LS_NAME("preshared_keys"), LS_AT(ls_site_tunnels, preshared), LS_BOOL },
};

static const struct ls_mapping tunnels_mapping = {
	.what = "a tenant's tunnels",
	.keys = tunnel_keys,
	.n_keys = LS_ARRAY_SIZE(tunnel_keys),
};

static const struct ls_key failover_keys[] = {
	{ LS_NAME("mode"), LS_AT(ls_site_failover, mode), LS_MARK(ls_site_failover, mode_mark),
		LS_WORD(ls_failover_words) },
	{ LS_NAME("replicas"), LS_AT(ls_site_failover, replicas), LS_PRESENT(ls_site_failover, n_replicas),
		LS_MARK(ls_site_failover, replicas_mark), LS_LIST(&reference_mapping) },
	{ LS_NAME("route_between_networks"), LS_AT(ls_site_failover, route_between_networks), LS_BOOL },
};

static const struct ls_mapping failover_mapping = {
	.what = "a tenant's failover",
	.keys = failover_keys,
	.n_keys = LS_ARRAY_SIZE(failover_keys),
};

static const struct ls_word accounts[] = { { "standalone", LS_SITE_STANDALONE },
	{ "director", LS_SITE_ACCOUNT_DIRECTOR }, { NULL, 0 } };

static const struct ls_key tenant_keys[] = {
	{ LS_NAME("account"), LS_AT(ls_site_tenant, account), LS_MARK(ls_site_tenant, account_mark),
		LS_WORD(accounts) },
	{ LS_NAME("hardware_plan"), LS_AT(ls_site_tenant, hardware_plan), LS_MARK(ls_site_tenant, plan_mark),
		LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("organization"), LS_AT(ls_site_tenant, organization), LS_MARK(ls_site_tenant, organization_mark),
		LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("gateway_pool"), LS_AT(ls_site_tenant, gateway_pool), LS_MARK(ls_site_tenant, pool_mark),
		LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("public_ips"), LS_AT(ls_site_tenant, public_ips), LS_MARK(ls_site_tenant, public_ips.mark),
		LS_MAPPING(&public_mapping) },
	{ LS_NAME("networks"), LS_AT(ls_site_tenant, networks), LS_PRESENT(ls_site_tenant, n_networks),
		LS_NAMED(&network_mapping) },
	{ LS_NAME("replicas"), LS_AT(ls_site_tenant, replicas), LS_PRESENT(ls_site_tenant, n_replicas),
		LS_NAMED(&replica_mapping) },
	{ LS_NAME("appliances"), LS_AT(ls_site_tenant, appliances), LS_PRESENT(ls_site_tenant, n_appliances),
		LS_NAMED(&appliance_mapping) },
	{ LS_NAME("tunnels"), LS_AT(ls_site_tenant, tunnels), LS_MARK(ls_site_tenant, tunnels.mark),
		LS_MAPPING(&tunnels_mapping) },
	{ LS_NAME("failover"), LS_AT(ls_site_tenant, failover), LS_MARK(ls_site_tenant, failover.mark),
		LS_MAPPING(&failover_mapping) },
};

static const struct ls_key tenant_name = { LS_NAME("tenant"), LS_AT(ls_site_tenant, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping tenant_mapping = {
	.what = "a tenant",
	.keys = tenant_keys,
	.n_keys = LS_ARRAY_SIZE(tenant_keys),
	.size = sizeof(struct ls_site_tenant),
	.defaults = &(const struct ls_site_tenant){ .tunnels = { .preshared = true } },
	.name = &tenant_name,
};

/* ---- the document ------------------------------------------------------------------------------------------------ */

static const struct ls_key site_keys[] = {
	{ LS_NAME("linkspan"), .decode = ls_decode_format, .max = UINT32_MAX, .needed = LS_ALWAYS },
	{ LS_NAME("kind"), LS_MARK(ls_site, kind_mark), .decode = decode_kind, .words = kinds, .needed = LS_ALWAYS },
	{ LS_NAME("ipv6_communication"), LS_AT(ls_site, ipv6_communication), LS_MARK(ls_site, ipv6_mark), LS_BOOL },
	{ LS_NAME("public_pool"), LS_AT(ls_site, public_pool), LS_PRESENT(ls_site, n_public_pool),
		LS_MARK(ls_site, public_pool_mark), LS_LIST(&range_mapping) },
	{ LS_NAME("gateways"), LS_AT(ls_site, gateways), LS_PRESENT(ls_site, n_gateways), LS_NAMED(&gateway_mapping) },
	{ LS_NAME("gateway_pools"), LS_AT(ls_site, pools), LS_PRESENT(ls_site, n_pools), LS_NAMED(&pool_mapping) },
	{ LS_NAME("hardware_plans"), LS_AT(ls_site, plans), LS_PRESENT(ls_site, n_plans), LS_NAMED(&plan_mapping) },
	{ LS_NAME("organizations"), LS_AT(ls_site, organizations), LS_PRESENT(ls_site, n_organizations),
		LS_NAMED(&plan_mapping) },
	{ LS_NAME("tenants"), LS_AT(ls_site, tenants), LS_PRESENT(ls_site, n_tenants), LS_NAMED(&tenant_mapping) },
	{ LS_NAME("suppress_warnings"), LS_AT(ls_site, suppressed), LS_PRESENT(ls_site, n_suppressed),
		LS_LIST(&ls_suppressed_mapping) },
};

const struct ls_mapping ls_site_mapping = {
	.what = "a site's spec",
	.keys = site_keys,
	.n_keys = LS_ARRAY_SIZE(site_keys),
};

/* ---- forms ------------------------------------------------------------------------------------------------------- */

#define SPAN(ip, length) ip "(-" ip "|/" length ")?"

const struct ls_reader_form ls_site_forms[] = {
	{ decode_kind, NULL, { .type = LS_FORM_WORD } },
	{ decode_range, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "addresses",
			.about = "an address, two with a hyphen between, or a prefix",
			.pattern = "^(" SPAN(LS_PATTERN_IPV4, LS_PATTERN_LENGTH4) "|" SPAN(
				LS_PATTERN_IPV6, LS_PATTERN_LENGTH6) ")$" } },
	{ decode_plain_list, NULL, { .type = LS_FORM_LIST } },
	{ ls_decode_text, check_path, { .type = LS_FORM_TEXT, .pattern = ".", .or_number = true } },
	{ 0 },
};
