/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `finish` and the checks ask of one mapping beyond its keys one by one, once more in the words of JSON Schema: a
 * JSON array of schemas for each, all of which must hold. tests/golden/schema.keys has documents that both judge, so
 * that the two cannot drift apart. What takes the whole spec (references, duplicates, subnets) no schema can say.
 *
 * An address is told to be IPv6 by its colon. Quotes are written as ', for the sake of the reader: see
 * ls_mapping.rules.
 */
#include "host.h"

/* clang-format off: the texts are JSON, and have its lines */

#define V4 "{'not': {'type': 'string', 'pattern': ':'}}"
#define V6 "{'pattern': ':'}"
#define IF(property, schema) "{'required': ['" property "'], 'properties': {'" property "': " schema "}}"

const char ls_rules_family[] = "[{'if': " IF("method",
	"{'const': 'disabled'}") ","
				 "  'then': {'properties': {'addresses': {'maxItems': 0}}}},"
				 " {'if': " IF("method", "{'enum': ['auto', 'disabled']}") ","
											   "  'then': {'properties': "
											   "{'gateway': false}}}]";

const char ls_rules_match[] = "[{'minProperties': 1, 'maxProperties': 1}]";

#define FAMILY(name, version) \
	"'" name "': {'properties': {" \
	"  'gateway': " version "," \
	"  'addresses': {'items': {'allOf': [" version ", {'properties': {'address': " version "}}]}}}}"

const char ls_rules_interface[] =
	"[{'oneOf': [{'required': ['match']}, {'required': ['create']}]},"
	" {'if': " IF("mtu",
		"{'maximum': 1279}") ","
				     "  'then': " IF("ipv6",
					     IF("method", "{'const': 'disabled'}")) "},"
										    " {'properties': {" FAMILY("ipv4",
											    V4) ", " FAMILY("ipv6",
											    V6) "}}]";

const char ls_rules_route[] =
	/* one family */
	"[{'if': " IF("to", "{'pattern': ':'}") ","
						"  'then': {'properties': {'via': " V6 ", 'source': " V6 "}}},"
						" {'if': " IF(
							"to", "{'not': {'pattern': ':|default'}}") ","
												   "  'then': "
												   "{'properties': "
												   "{'via': " V4
												   ", 'source': " V4
												   "}}},"
												   " {'if': " IF("via", "{'pattern': ':'}") ", 'then': {'properties': {'source': " V6
																	    "}}},"
																	    " {'if': " IF(
																		    "source", "{'pattern': ':'}") ", 'then': {'properties': {'via': " V6
																						  "}}},"
																						  " {'if': " IF("to", "{'const': 'default'}") ","
																											      "  'then': {'anyOf': [{'required': ['via']}, {'required': ['source']}]}},"
																											      " {'if': " IF("mtu", "{'maximum': 1279}") ","
																																	"  'then': {'properties': {'to': " V4
																																	", 'via': " V4
																																	", 'source': " V4
																																	"}}},"
																																	/* a way to go */
																																	" {'if': {'properties': {'type': {'const': 'unicast'}}},"
																																	"  'then': {'anyOf': [{'required': ['via']}, {'required': ['interface']}]}},"
																																	" {'if': " IF(
																																		"on_link",
																																		"{'const': true}") ", 'then': {'required': ['via']}},"
																																				   " {'if': {'allOf': [" IF(
																																					   "via",
																																					   V6) ", " IF("on_link", "{'const': true}") "]},"
																																										     "  'then': {'required': ['interface']}},"
																																										     " {'if': " IF(
																																											     "via",
																																											     "{'pattern': '^[fF][eE][89ABab][0-9A-Fa-f]:'}") ","
																																																	     "  'then': {'required': ['interface']}}]";

#define NOT_CREATED "{'properties': {'create': false}}"

const char ls_rules_host[] = "[{'properties': {'interfaces': {'properties': {"
			     "    'lo': " NOT_CREATED ", 'all': " NOT_CREATED ", 'default': " NOT_CREATED "}}}}]";

/* clang-format on */
