/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "decode.h"

/* What a host's spec is read into. */
struct ls_host {
	struct ls_spec spec;    /* first: callers hold a pointer to it */
	struct ls_owned *owned; /* its text and large lists: what is too large to be copied into the arena */
	struct ls_mark interfaces_mark;
	struct ls_table by_name; /* name, padded with zeros to IFNAMSIZ -> struct ls_spec_interface */
};

/* Describes the document of a host: kinds gateway and appliance. Decodes into a struct ls_host. */
extern const struct ls_mapping ls_host_mapping;

/* The forms of what the readers of the files of these names take; decode NULL at the end. */
extern const struct ls_reader_form ls_host_forms[], ls_interface_forms[], ls_link_forms[], ls_route_forms[],
	ls_sysctl_forms[], ls_rule_forms[], ls_nat_forms[], ls_failover_forms[], ls_warning_forms[];

/* What the mappings' `finish` and the checks ask of each alone (schema_rules.c). */
extern const char ls_rules_family[], ls_rules_match[], ls_rules_create[], ls_rules_interface[], ls_rules_route[],
	ls_rules_host[], ls_rules_hop[], ls_rules_nexthop[], ls_rules_neighbour[], ls_rules_rule[], ls_rules_network[],
	ls_rules_mapping[], ls_rules_forward[], ls_rules_prefixes[], ls_rules_gateway[], ls_rules_allow[],
	ls_rules_filter_chain[], ls_rules_tunnel[];

/* Parts of the document, each in a file of its own (links.c has `create`, hops.c the next hops and the neighbours,
 * nat.c networks, public addresses, forwards and nat). */
extern const struct ls_mapping ls_interface_mapping, ls_create_mapping, ls_route_mapping, ls_hop_mapping,
	ls_nexthop_mapping, ls_neighbour_mapping, ls_rule_mapping, ls_sysctl_mapping, ls_network_mapping,
	ls_public_mapping, ls_forward_mapping, ls_gateway_mapping, ls_nat_mapping, ls_filter_mapping,
	ls_replica_mapping, ls_failover_mapping, ls_management_mapping, ls_suppressed_mapping;
/* An address of a list of them. */
extern const struct ls_mapping ls_ip_mapping;

/* Parts of those parts, which a site has, too. */
extern const struct ls_mapping ls_match_mapping, ls_family_mapping, ls_mapping_mapping;

/* The number of the format. */
ls_decode_fn ls_decode_format;
/* A network; an address alone is a network of its own. */
ls_decode_fn ls_decode_network;
/* A port or a range of them: two uint16_t, one behind the other. */
ls_decode_fn ls_decode_ports;
#define LS_PORTS .decode = ls_decode_ports, .min = 1, .max = 65535
/* "10.0.0.1:80", "[2001:db8::1]:80", or either without a port, which is 0 then. */
bool ls_parse_target(const char *text, struct ls_ip *ret, uint16_t *ret_port);
/* The number of a routing table, but the local one. */
ls_decode_fn ls_decode_table;
/* The same, but those from `reserved` to the local one; `why` says whose they are. */
int ls_decode_table_below(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	void *value, uint32_t reserved, const char *why);
extern const struct ls_word ls_family_words[]; /* ipv4, ipv6: AF_INET, AF_INET6 */

/* Texts' checks: what is wrong ("is ..."), or NULL. */
const char *ls_check_interface_name(const char *text);
const char *ls_check_spec_name(const char *text);
const char *ls_check_dns_name(const char *text); /* RFC 1123, section 2.1: labels, and no address */
/* The name by which a gateway is known outside. */
#define LS_GATEWAY_NAME LS_TEXT(ls_check_dns_name), .id = "gateway-dns-name"
