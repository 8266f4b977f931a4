/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `finish` and the checks ask of one mapping beyond its keys one by one, once more in the words of JSON Schema: a
 * JSON array of schemas for each, all of which must hold. tests/golden/schema.keys has documents that both judge, so
 * that the two cannot drift apart. What takes the whole spec (references, duplicates, subnets) no schema can say.
 *
 * An address is told to be IPv6 by its colon. Quotes are written as ', for the sake of the reader (see
 * ls_mapping.rules), and lines are JSON's, not the formatter's.
 */
#include "host.h"

/* clang-format off */

#define V4 "{'not': {'type': 'string', 'pattern': ':'}}"
#define V6 "{'pattern': ':'}"
#define IF(property, schema) "{'required': ['" property "'], 'properties': {'" property "': " schema "}}"
#define IS(property, word) IF(property, "{'const': '" word "'}")

/* Of addresses that are well formed: fe80::/10, and what is multicast, that of the link's scope, and all zeros. */
#define LINK_LOCAL "[fF][eE][89ABab][0-9A-Fa-f]:"
#define GROUP "(22[4-9]|23[0-9])[.]|[fF]{2}[0-9A-Fa-f]{2}:"
#define LINK_GROUP "[fF]{2}[0-9A-Fa-f]2:"
#define UNSPECIFIED "[0:.]+$"
#define BEGINS(pattern) "{'pattern': '^(" pattern ")'}"

const char ls_rules_family[] =
	"[{'if': " IF("method", "{'const': 'disabled'}") ","
	"  'then': {'properties': {'addresses': {'maxItems': 0}}}},"
	" {'if': " IF("method", "{'enum': ['auto', 'disabled']}") ","
	"  'then': {'properties': {'gateway': false}}}]";

const char ls_rules_match[] = "[{'minProperties': 1, 'maxProperties': 1}]";

/* The ends of a vxlan and the modes of two types; keys that one type alone has are not asked for the type. */
const char ls_rules_create[] =
	"[{'if': " IS("type", "vlan") ", 'then': {'properties': {'id': {'minimum': 1, 'maximum': 4094}}}},"
	" {'if': " IS("type", "macvlan") ","
	"  'then': {'properties': {'mode': {'enum': ['private', 'vepa', 'bridge', 'passthru']}}}},"
	" {'if': " IS("type", "bond") ","
	"  'then': {'properties': {'mode': {'enum': ['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad',"
	"    'balance-tlb', 'balance-alb']}}}},"
	" {'if': " IS("mode", "passthru") ", 'then': {'properties': {'macaddress': false}}},"
	" {'properties': {"
	"  'local': {'not': " BEGINS(UNSPECIFIED "|" GROUP) "},"
	"  'remote': {'not': " BEGINS(UNSPECIFIED) "}}},"
	/* one family */
	" {'if': " IF("local", V6) ", 'then': {'properties': {'remote': " V6 "}},"
	"  'else': {'if': {'required': ['local']}, 'then': {'properties': {'remote': " V4 "}}}},"
	/* scopes that can meet */
	" {'if': " IF("remote", BEGINS(LINK_LOCAL)) ", 'then': " IF("local", BEGINS(LINK_LOCAL)) "},"
	" {'if': " IF("local", BEGINS(LINK_LOCAL)) ","
	"  'then': {'required': ['parent'], 'properties': {'remote': " BEGINS(LINK_LOCAL "|" LINK_GROUP) "}}},"
	" {'if': " IF("remote", BEGINS(GROUP)) ", 'then': {'required': ['parent']}}]";

#define FAMILY(name, version) \
	"'" name "': {'properties': {" \
	"  'gateway': " version "," \
	"  'addresses': {'items': {'allOf': [" version ", {'properties': {'address': " version "}}]}}}}"

const char ls_rules_interface[] =
	"[{'oneOf': [{'required': ['match']}, {'required': ['create']}]},"
	" {'if': " IF("mtu", "{'maximum': 1279}") ","
	"  'then': " IF("ipv6", IF("method", "{'const': 'disabled'}")) "},"
	" {'if': " IF("create", IS("type", "vrf")) ", 'then': {'properties': {'mtu': {'minimum': 1280}}}},"
	" {'if': " IF("clamp_mss", "{'const': true}") ","
	"  'then': {'required': ['mtu'], 'properties': {'mtu': {'minimum': 576}}}},"
	" {'properties': {" FAMILY("ipv4", V4) ", " FAMILY("ipv6", V6) "}}]";

/* All addresses of a route are of one family. */
#define ADDRESSES(version) \
	"{'properties': {'to': " version ", 'via': " version ", 'source': " version "," \
	"  'multipath': {'items': {'properties': {'via': " version "}}}}}"

/* A next hop beside its link. */
#define HOP \
	" {'if': " IF("on_link", "{'const': true}") ", 'then': {'required': ['via']}}," \
	" {'if': {'allOf': [" IF("via", V6) ", " IF("on_link", "{'const': true}") "]}," \
	"  'then': {'required': ['interface']}}," \
	" {'if': " IF("via", BEGINS(LINK_LOCAL)) "," \
	"  'then': {'required': ['interface']}}"

const char ls_rules_route[] =
	/* one family */
	"[{'if': " IF("to", "{'pattern': ':'}") ", 'then': " ADDRESSES(V6) "},"
	" {'if': " IF("to", "{'not': {'pattern': ':|default'}}") ", 'then': " ADDRESSES(V4) "},"
	" {'if': " IF("via", "{'pattern': ':'}") ", 'then': {'properties': {'source': " V6 "}}},"
	" {'if': " IF("source", "{'pattern': ':'}") ", 'then': {'properties': {'via': " V6 "}}},"
	" {'if': " IF("to", "{'const': 'default'}") ","
	"  'then': {'anyOf': [{'required': ['via']}, {'required': ['source']}, " IF("multipath", "{'minItems': 1}") "]}},"
	" {'if': " IF("mtu", "{'maximum': 1279}") ", 'then': " ADDRESSES(V4) "},"
	/* a way to go */
	" {'if': {'required': ['multipath']},"
	"  'then': {'properties': {'multipath': {'minItems': 1}, 'via': false, 'interface': false, 'nexthop': false}}},"
	" {'if': {'required': ['nexthop']}, 'then': {'properties': {'via': false, 'interface': false}}},"
	" {'if': {'properties': {'type': {'const': 'unicast'}, 'multipath': false, 'nexthop': false}},"
	"  'then': {'allOf': [{'anyOf': [{'required': ['via']}, {'required': ['interface']}]}," HOP "]}}]";

const char ls_rules_hop[] = "[{'anyOf': [{'required': ['via']}, {'required': ['interface']}]}," HOP "]";

#define BLACKHOLE IF("blackhole", "{'const': true}")

const char ls_rules_nexthop[] =
	"[{'if': {'required': ['group']},"
	"  'then': {'properties': {'group': {'minItems': 1}, 'family': false, 'blackhole': {'const': false}}}},"
	" {'if': " BLACKHOLE ", 'then': {'required': ['family']}},"
	" {'if': {'anyOf': [{'required': ['group']}, " BLACKHOLE "]},"
	"  'then': {'properties': {'via': false, 'interface': false, 'on_link': {'const': false}}},"
	"  'else': {'required': ['interface'], 'anyOf': [{'required': ['via']}, {'required': ['family']}]}},"
	" {'if': " IF("on_link", "{'const': true}") ", 'then': {'required': ['via']}},"
	" {'if': " IF("family", "{'const': 'ipv4'}") ", 'then': {'properties': {'via': " V4 "}}},"
	" {'if': " IF("family", "{'const': 'ipv6'}") ", 'then': {'properties': {'via': " V6 "}}}]";

const char ls_rules_neighbour[] =
	"[{'if': " IF("proxy", "{'const': true}") ","
	"  'then': {'properties': {'macaddress': false}}, 'else': {'required': ['macaddress']}},"
	" {'if': " IF("router", "{'const': true}") ", 'then': {'properties': {'address': " V6 "}}}]";

#define NETWORKS(version) "{'properties': {'from': " version ", 'to': " version "}}"

const char ls_rules_rule[] =
	"[{'anyOf': [{'required': ['family']}, {'required': ['from']}, {'required': ['to']}]},"
	" {'if': " IF("family", "{'const': 'ipv4'}") ", 'then': " NETWORKS(V4) "},"
	" {'if': " IF("family", "{'const': 'ipv6'}") ", 'then': " NETWORKS(V6) "},"
	" {'anyOf': [" NETWORKS(V4) ", " NETWORKS(V6) "]},"
	" {'if': {'properties': {'type': {'const': 'lookup'}}},"
	"  'then': {'if': " IF("l3mdev", "{'const': true}") ","
	"    'then': {'properties': {'table': false}}, 'else': {'required': ['table']}}},"
	" {'if': " IF("suppress_prefix_length", "{'minimum': 33}") ","
	"  'then': {'allOf': [{'properties': {'family': {'const': 'ipv6'}}}, " NETWORKS(V6) "]}},"
	" {'if': {'required': ['fwmask']}, 'then': {'required': ['fwmark']}},"
	" {'if': " IF("fwmark", "{'const': 0}") ", 'then': {'required': ['fwmask']}}]";

const char ls_rules_network[] =
	"[{'anyOf': [{'required': ['ipv4']}, {'required': ['ipv6']}]},"
	" {'properties': {'ipv4': {'properties': {'subnet': " V4 ", 'gateway': " V4 "}},"
	"  'ipv6': {'properties': {'subnet': " V6 ", 'gateway': " V6 "}}}}]";

/* A range, but not one of the same port twice. */
#define RANGE "{'type': 'string', 'pattern': '-'}"

const char ls_rules_mapping[] =
	"[{'if': {'required': ['protocol']}, 'then': {'required': ['port']}},"
	" {'if': {'required': ['port']}, 'then': {'required': ['protocol']}},"
	" {'if': {'required': ['to_port']}, 'then': {'required': ['port']}},"
	" {'if': " IF("public", V6) ", 'then': {'properties': {'to': " V6 "}}},"
	" {'if': " IF("public", V4) ", 'then': {'properties': {'to': " V4 "}}},"
	" {'if': " IF("port", RANGE) ", 'then': {'properties': {'to_port': false}}}]";

const char ls_rules_allow[] =
	"[{'minProperties': 1},"
	" {'if': {'required': ['port']}, 'then': " IF("protocol", "{'enum': ['tcp', 'udp', 'sctp']}") "},"
	" {'if': " IF("from", V6) ", 'then': {'properties': {'to': " V6 "}}},"
	" {'if': " IF("from", V4) ", 'then': {'properties': {'to': " V4 "}}}]";

const char ls_rules_filter_chain[] =
	"[{'if': " IS("policy", "accept") ", 'then': {'properties': {'allow': {'maxItems': 0}}}}]";

const char ls_rules_forward[] =
	"[{'if': " IF("port", RANGE) ", 'then': {'properties': {'to': {'not': {'pattern': '[.][0-9]+:|\\\\]:'}}}}}]";

const char ls_rules_prefixes[] =
	"[{'properties': {'inside': " V6 ", 'outside': " V6 "}}]";

const char ls_rules_gateway[] = "[{'required': ['dns_name']}]";

const char ls_rules_tunnel[] =
	"[{'if': " IF("local_addr", V6) ", 'then': {'properties': {'remote_addr': " V6 "}}},"
	" {'if': " IF("local_addr", V4) ", 'then': {'properties': {'remote_addr': " V4 "}}},"
	" {'if': " IS("keying", "manual") ", 'then': {'required': ['sa'], 'properties': {'encap': {'const': false}}}},"
	" {'if': " IS("keying", "ike") ", 'then': {'properties': {'sa': false, 'esp_proposal': false}}}]";

#define NOT_CREATED "{'properties': {'create': false}}"

const char ls_rules_host[] =
	"[{'properties': {'interfaces': {'properties': {"
	"    'lo': " NOT_CREATED ", 'all': " NOT_CREATED ", 'default': " NOT_CREATED "}}}},"
	" {'if': {'required': ['failover']}, 'then': {'required': ['side']}},"
	" {'if': " IS("side", "tenant") ","
	"  'then': {'properties': {'networks': {'maxProperties': 1}, 'failover': {'properties': {'mode': {'enum': ['none', 'partial']}}}}}}]";

/* clang-format on */
