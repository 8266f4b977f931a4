/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter: what is read, and what is refused. */
#include "support.h"

#include <linkspan/model.h>

#include <stdio.h>

#include <netinet/in.h>

/* Entries begin on line 8. */
#define FILTER(entries) \
	HEAD "interfaces: { a: { match: { name: a } } }\nfilter:\n  input:\n    policy: drop\n    allow:\n" entries
#define ALLOW(text) "    - { " text " }\n"

Test(filter, every_key_is_read)
{
	PARSED parsed = parse_valid(HEAD "interfaces: { a: { match: { name: a } } }\n"
					 "filter:\n"
					 "  input: { policy: accept }\n"
					 "  forward:\n"
					 "    policy: drop\n"
					 "    allow:\n"
					 "    - { from: 10.0.0.0/8, to: 192.0.2.1, protocol: tcp, port: 80-90 }\n"
					 "    - { protocol: esp }\n");
	const struct ls_spec_filter *filter = &parsed.spec->filter;

	cr_expect_eq(filter->input.policy, LS_NFT_POLICY_ACCEPT);
	cr_expect_eq(filter->forward.policy, LS_NFT_POLICY_DROP);
	cr_assert_eq(filter->forward.n_allow, 2);
	cr_expect_str_eq(prefix_text(&filter->forward.allow[0].from), "10.0.0.0/8");
	cr_expect_str_eq(prefix_text(&filter->forward.allow[0].to), "192.0.2.1/32");
	cr_expect_eq(filter->forward.allow[0].protocol, IPPROTO_TCP);
	cr_expect(filter->forward.allow[0].port == 80 && filter->forward.allow[0].last_port == 90);
	cr_expect_eq(filter->forward.allow[1].protocol, IPPROTO_ESP);
	cr_expect_eq(filter->forward.allow[1].port, 0);
}

Test(filter, entries_say_what_they_allow)
{
	EXPECT_ERRORS({ FILTER(ALLOW("")), "missing", 9, 7, "allows everything" },
		{ FILTER(ALLOW("port: 80")), "missing", 9, 15, "a 'protocol' that has ports" },
		{ FILTER(ALLOW("protocol: gre, port: 80")), "missing", 9, 30, "tcp, udp or sctp" },
		{ FILTER(ALLOW("from: 10.0.0.0/8, to: '2001:db8::/32'")), "type", 9, 31, "in one family" },
		{ HEAD "interfaces: { a: { match: { name: a } } }\nfilter: { input: { policy: accept, allow: [ { "
		       "protocol: "
		       "tcp } ] } }\n",
			"range", 5, 43, "set the policy to drop" });
}

/* The kernel takes no two ranges of which one has an end within the other. */
Test(filter, entries_are_kept_apart)
{
	static const struct {
		const char *a, *b;
		bool clash;
	} pairs[] = {
		{ "protocol: tcp", "protocol: udp", false },
		{ "protocol: tcp", "protocol: tcp, port: 80", true },
		{ "protocol: tcp, port: 80", "protocol: tcp, port: 81", false },
		{ "protocol: tcp, port: 80-90", "protocol: tcp, port: 85-95", true },
		{ "from: 10.0.0.0/8", "from: 10.1.0.0/16, protocol: udp", true },
		{ "from: 10.0.0.0/8", "from: '2001:db8::/32'", false },
		{ "from: 10.0.0.0/8", "protocol: tcp, port: 80", false },
		{ "from: 10.0.0.0/8, to: 192.0.2.1", "from: 10.0.0.0/8, to: 192.0.2.2", false },
		{ "to: '2001:db8::1', protocol: gre", "to: '2001:db8::/64', protocol: gre", true },
		{ "to: '2001:db8::1'", "to: '2001:db8::/64', protocol: gre", false },
	};

	for (size_t i = 0; i < 2 * LS_ARRAY_SIZE(pairs); i++) {
		const char *first = i % 2 ? pairs[i / 2].a : pairs[i / 2].b;
		const char *second = i % 2 ? pairs[i / 2].b : pairs[i / 2].a;
		char text[512];

		snprintf(text, sizeof(text), FILTER("    - { %s }\n    - { %s }\n"), first, second);
		if (!pairs[i / 2].clash) {
			PARSED parsed = parse_valid(text);

			cr_expect_eq(parsed.spec->filter.input.n_allow, 2);
			continue;
		}
		expect_errors(&(const struct expected){ text, "duplicate-object", 10, 7, "on line 9" }, 1);
	}
}
