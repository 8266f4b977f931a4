/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a host's spec, as tables; a new key is a line in one of them. Those of its parts are in files of their
 * own (interfaces.c, links.c, routes.c, hops.c, rules.c, sysctls.c, nat.c, tunnels.c, failover.c), which are all built
 * alike: readers of single values, the `finish` functions, with what one mapping can be asked without knowing the
 * others, the tables, each after those that it refers to, and the readers' forms. What takes the whole spec
 * (references, duplicates, addresses that make sense) is in the checks.
 */
#include "tunnels.h"

#include <ctype.h>
#include <string.h>

#define FORMAT 1u

/* ---- names ------------------------------------------------------------------------------------------------------- */

const char *ls_check_spec_name(const char *text)
{
	size_t length = strlen(text);

	if (length < 1 || length > 63)
		return "has not 1 to 63 characters";
	for (size_t i = 0; i < length; i++) {
		if (!isascii(text[i]) || (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i])))
			return "has more than letters, digits, '-', '_' and '.'";
	}
	return NULL;
}

/* ---- single values ----------------------------------------------------------------------------------------------- */

int ls_decode_format(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	struct ls_key number = *key;
	uint32_t format = FORMAT;
	int r;

	(void)value;
	number.size = sizeof(format);
	r = ls_decode_number(decoder, &number, event, &format);
	if (r != 0 || format == FORMAT)
		return r;
	ls_report_error(decoder->report, event->mark, "range",
		"the spec is of format %u, but this linkspan reads format %u", format, FORMAT);
	return 1;
}

static const struct ls_word kinds[] = {
	{ "gateway", LS_SPEC_GATEWAY },
	{ "appliance", LS_SPEC_APPLIANCE },
	{ NULL, 0 },
};

/* A site's keys would all be unknown: one error says more than a hundred. */
static int decode_kind(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	if (event->type != LS_YAML_SCALAR || strcmp(event->text, "site") != 0)
		return ls_decode_word(decoder, key, event, value);
	ls_report_error(decoder->report, event->mark, "range",
		"this is the spec of a site, not of a host (gateway or appliance): see 'linkspan site'");
	return -EINVAL;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_key address_keys[] = {
	{ LS_NAME("interface"), LS_AT(ls_spec_address, interface), LS_MARK(ls_spec_address, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("address"), LS_AT(ls_spec_address, address), LS_ADDRESS, .needed = LS_ALWAYS },
	{ LS_NAME("adopt"), LS_AT(ls_spec_address, adopt), LS_BOOL },
};

static const struct ls_mapping address_mapping = {
	.what = "an address",
	.keys = address_keys,
	.n_keys = LS_ARRAY_SIZE(address_keys),
	.size = sizeof(struct ls_spec_address),
};

static const struct ls_word sides[] = { { "provider", LS_SPEC_PROVIDER }, { "tenant", LS_SPEC_TENANT }, { NULL, 0 } };

static const struct ls_word platforms[] = { { "vsphere", LS_SPEC_VSPHERE }, { "director", LS_SPEC_DIRECTOR },
	{ NULL, 0 } };

static const struct ls_key host_keys[] = {
	{ LS_NAME("linkspan"), .decode = ls_decode_format, .max = UINT32_MAX, .needed = LS_ALWAYS },
	{ LS_NAME("kind"), LS_AT(ls_host, spec.kind), .decode = decode_kind, .words = kinds, .needed = LS_ALWAYS },
	{ LS_NAME("name"), LS_AT(ls_host, spec.name), LS_TEXT(ls_check_spec_name), .needed = LS_ALWAYS },
	{ LS_NAME("interfaces"), LS_AT(ls_host, spec.interfaces), LS_PRESENT(ls_host, spec.n_interfaces),
		LS_MARK(ls_host, interfaces_mark), LS_NAMED(&ls_interface_mapping) },
	{ LS_NAME("addresses"), LS_AT(ls_host, spec.addresses), LS_PRESENT(ls_host, spec.n_addresses),
		LS_LIST(&address_mapping) },
	{ LS_NAME("routes"), LS_AT(ls_host, spec.routes), LS_PRESENT(ls_host, spec.n_routes),
		LS_LIST(&ls_route_mapping) },
	{ LS_NAME("nexthops"), LS_AT(ls_host, spec.nexthops), LS_PRESENT(ls_host, spec.n_nexthops),
		LS_LIST(&ls_nexthop_mapping) },
	{ LS_NAME("rules"), LS_AT(ls_host, spec.rules), LS_PRESENT(ls_host, spec.n_rules), LS_LIST(&ls_rule_mapping) },
	{ LS_NAME("neighbours"), LS_AT(ls_host, spec.neighbours), LS_PRESENT(ls_host, spec.n_neighbours),
		LS_LIST(&ls_neighbour_mapping) },
	{ LS_NAME("sysctls"), LS_AT(ls_host, spec.sysctls), LS_PRESENT(ls_host, spec.n_sysctls),
		LS_NAMED(&ls_sysctl_mapping) },
	{ LS_NAME("networks"), LS_AT(ls_host, spec.networks), LS_PRESENT(ls_host, spec.n_networks),
		LS_NAMED(&ls_network_mapping) },
	{ LS_NAME("public_ips"), LS_AT(ls_host, spec.public_ips), LS_MARK(ls_host, spec.public_ips.mark),
		LS_MAPPING(&ls_public_mapping) },
	{ LS_NAME("forwards"), LS_AT(ls_host, spec.forwards), LS_PRESENT(ls_host, spec.n_forwards),
		LS_LIST(&ls_forward_mapping) },
	{ LS_NAME("gateway"), LS_AT(ls_host, spec.gateway), LS_MARK(ls_host, spec.gateway.mark),
		LS_MAPPING(&ls_gateway_mapping) },
	{ LS_NAME("nat"), LS_AT(ls_host, spec.nat), LS_MARK(ls_host, spec.nat.mark), LS_MAPPING(&ls_nat_mapping) },
	{ LS_NAME("filter"), LS_AT(ls_host, spec.filter), LS_MARK(ls_host, spec.filter.mark),
		LS_MAPPING(&ls_filter_mapping) },
	{ LS_NAME("tunnels"), LS_AT(ls_host, spec.tunnels), LS_PRESENT(ls_host, spec.n_tunnels),
		LS_NAMED(&ls_tunnel_mapping) },
	{ LS_NAME("side"), LS_AT(ls_host, spec.side), LS_MARK(ls_host, spec.side_mark), LS_WORD(sides) },
	{ LS_NAME("platform"), LS_AT(ls_host, spec.platform), LS_MARK(ls_host, spec.platform_mark),
		LS_WORD(platforms) },
	{ LS_NAME("ipv6_communication"), LS_AT(ls_host, spec.ipv6_communication), LS_MARK(ls_host, spec.ipv6_mark),
		LS_BOOL },
	{ LS_NAME("management"), LS_AT(ls_host, spec.management), LS_MARK(ls_host, spec.management.mark),
		LS_MAPPING(&ls_management_mapping) },
	{ LS_NAME("replicas"), LS_AT(ls_host, spec.replicas), LS_PRESENT(ls_host, spec.n_replicas),
		LS_NAMED(&ls_replica_mapping) },
	{ LS_NAME("failover"), LS_AT(ls_host, spec.failover), LS_MARK(ls_host, spec.failover.mark),
		LS_MAPPING(&ls_failover_mapping) },
	{ LS_NAME("suppress_warnings"), LS_AT(ls_host, spec.suppressed), LS_PRESENT(ls_host, spec.n_suppressed),
		LS_LIST(&ls_suppressed_mapping) },
};

const struct ls_mapping ls_host_mapping = {
	.what = "a host's spec",
	.keys = host_keys,
	.n_keys = LS_ARRAY_SIZE(host_keys),
	.rules = ls_rules_host,
};

/* ---- forms of the readers above ---------------------------------------------------------------------------------- */

const struct ls_reader_form ls_host_forms[] = {
	{ ls_decode_format, NULL, { .type = LS_FORM_NUMBER, .min = FORMAT, .max = FORMAT } },
	{ decode_kind, NULL, { .type = LS_FORM_WORD } },
	{ ls_decode_text, ls_check_spec_name,
		{ .type = LS_FORM_TEXT,
			.name = "name",
			.about = "1 to 63 letters, digits, '-', '_' and '.'",
			.pattern = "^[A-Za-z0-9._-]{1,63}$",
			.or_number = true } },
	{ 0 },
};
