/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `finish` and the checks ask of one mapping beyond its keys one by one, once more in the words of JSON Schema: a
 * JSON array of schemas for each, all of which must hold. tests/golden/schema.keys has documents that both judge, so
 * that the two cannot drift apart. What takes the whole spec (references, duplicates, subnets) no schema can say.
 *
 * An address is told to be IPv6 by its colon.
 */
#include "host.h"

#define V4 "{\"not\": {\"type\": \"string\", \"pattern\": \":\"}}"
#define V6 "{\"pattern\": \":\"}"
#define IF(property, schema) "{\"required\": [\"" property "\"], \"properties\": {\"" property "\": " schema "}}"

const char ls_rules_family[] = "[{\"if\": " IF("method",
	"{\"const\": \"disabled\"}") ","
				     "  \"then\": {\"properties\": {\"addresses\": {\"maxItems\": 0}}}},"
				     " {\"if\": " IF("method",
					     "{\"enum\": [\"auto\", \"disabled\"]}") ","
										     "  \"then\": {\"properties\": "
										     "{\"gateway\": false}}}]";

const char ls_rules_match[] = "[{\"minProperties\": 1, \"maxProperties\": 1}]";

#define FAMILY(name, version) \
	"\"" name "\": {\"properties\": {\"gateway\": " version ", \"addresses\": {\"items\": {\"allOf\": [" version \
	", {\"properties\": {\"address\": " version "}}]}}}}"

const char ls_rules_interface[] =
	"[{\"oneOf\": [{\"required\": [\"match\"]}, {\"required\": [\"create\"]}]},"
	" {\"if\": " IF("mtu",
		"{\"maximum\": 1279}") ","
				       "  \"then\": " IF("ipv6",
					       IF("method",
						       "{\"const\": \"disabled\"}")) "},"
										     " {\"properties\": {" FAMILY(
											     "ipv4",
											     V4) ", " FAMILY("ipv6",
											     V6) "}}]";

#define UNICAST "{\"properties\": {\"type\": {\"const\": \"unicast\"}}}"

const char ls_rules_route[] =
	/* one family */
	"[{\"if\": " IF(
		"to", "{\"type\": \"string\", \"pattern\": \":\"}") ","
								    "  \"then\": {\"properties\": {\"via\": " V6
								    ", \"source\": " V6 "}}},"
								    " {\"if\": " IF(
									    "to", "{\"not\": {\"pattern\": "
										  "\":|default\"}}") ","
												     "  \"then\": "
												     "{\"properties\": "
												     "{\"via\": " V4
												     ", \"source\": " V4
												     "}}},"
												     " {\"if\": "
												     "{\"required\": "
												     "[\"via\", "
												     "\"source\"], "
												     "\"properties\": "
												     "{\"via\": "
												     "{\"pattern\": "
												     "\":\"}}},"
												     "  \"then\": "
												     "{\"properties\": "
												     "{\"source\": " V6
												     "}}},"
												     " {\"if\": "
												     "{\"required\": "
												     "[\"via\", "
												     "\"source\"], "
												     "\"properties\": "
												     "{\"source\": "
												     "{\"pattern\": "
												     "\":\"}}},"
												     "  \"then\": "
												     "{\"properties\": "
												     "{\"via\": " V6
												     "}}},"
												     " {\"if\": " IF(
													     "to",
													     "{\"const"
													     "\": "
													     "\"default"
													     "\"}") ","
														    "  "
														    "\""
														    "th"
														    "en"
														    "\""
														    ": "
														    "{"
														    "\""
														    "an"
														    "yO"
														    "f"
														    "\""
														    ": "
														    "[{"
														    "\""
														    "re"
														    "qu"
														    "ir"
														    "ed"
														    "\""
														    ": "
														    "["
														    "\""
														    "vi"
														    "a"
														    "\""
														    "]}"
														    ", "
														    "{"
														    "\""
														    "re"
														    "qu"
														    "ir"
														    "ed"
														    "\""
														    ": "
														    "["
														    "\""
														    "so"
														    "ur"
														    "ce"
														    "\""
														    "]}"
														    "]}"
														    "},"
														    " {"
														    "\""
														    "if"
														    "\""
														    ":"
														    " " IF("mtu",
															    "{\"maximum\": 1279}") ","
																		   "  \"then\": {\"properties\": {\"to\": " V4
																		   ", \"via\": " V4
																		   ", \"source\": " V4
																		   "}}},"
																		   /* a way to go */
																		   " {\"if\": " UNICAST
																		   ","
																		   "  \"then\": {\"anyOf\": [{\"required\": [\"via\"]}, {\"required\": [\"interface\"]}]}},"
																		   " {\"if\": " IF(
																			   "on_link",
																			   "{\"const\": true}") ", \"then\": {\"required\": [\"via\"]}},"
																						" {\"if\": {\"required\": [\"via\", \"on_link\"], \"properties\": {\"via\": " V6
																						", \"on_link\": {\"const\": true}}},"
																						"  \"then\": {\"required\": [\"interface\"]}},"
																						" {\"if\": " IF(
																							"via",
																							"{\"pattern\": \"^[fF][eE][89ABab][0-9A-Fa-f]:\"}") ","
																													    "  \"then\": {\"required\": [\"interface\"]}}]";

#define NOT_CREATED "{\"properties\": {\"create\": false}}"

const char ls_rules_host[] = "[{\"properties\": {\"interfaces\": {\"properties\": {"
			     "    \"lo\": " NOT_CREATED ", \"all\": " NOT_CREATED ", \"default\": " NOT_CREATED "}}}}]";
