/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading YAML: syntax, encodings, anchors, limits. */
#include "support.h"

Test(yaml, syntax_errors_have_a_place_and_readable_words)
{
	EXPECT_ERRORS({ HEAD "routes: [\n  { to: 10.0.0.0/8, type: blackhole }\n", "syntax", 6, 1, "begins on line 4" },
		{ HEAD "routes:\n\t- x\n", "syntax", 5, 1, "not tabs" },
		{ HEAD "sysctls: \"abc\n", "syntax", 5, 1, "unexpected end" },
		{ HEAD "routes:\n - { to: 10.0.0.0/8, type: blackhole }\n b: c\n", "syntax", 6, 2,
			"that begins on line 5" },
		{ HEAD "routes: [{ to: ::/0 }]\n", "syntax", 4, 16, "in quotes" },
		{ "linkspan: @x\n", "syntax", 1, 11, "put the text in quotes" });
}

Test(yaml, findings_before_a_syntax_error_are_kept)
{
	PARSED parsed = parse("linkspan: 1\nkind: x\nname: [\n");

	cr_assert_eq(parsed.diag.n_findings, 3);
	cr_expect_str_eq(parsed.diag.findings[0].id, "range");
	cr_expect_str_eq(parsed.diag.findings[1].id, "type");
	cr_expect_str_eq(parsed.diag.findings[2].id, "syntax");
}

Test(yaml, a_second_document_is_refused)
{
	EXPECT_ERRORS({ HEAD "---\nlinkspan: 1\n", "syntax", 4, 1, "second document" },
		{ HEAD "...\n---\n", "syntax", 5, 1, "second document" });
	PARSED parsed = parse_valid("%YAML 1.2\n---\n" HEAD "...\n");

	cr_expect_str_eq(parsed.spec->name, "gw");
}

Test(yaml, encodings)
{
	static const struct {
		const char *text;
		size_t length;
		uint32_t line, column;
		const char *words;
	} cases[] = {
		{ "\xff\xfel\0", 4, 1, 1, "UTF-16" },
		{ "\xfe\xff\0l", 4, 1, 1, "UTF-16" },
		{ "linkspan: 1\n\xc3\xa9: \xff\n", 17, 2, 4, "0xff is not UTF-8" },
		{ "linkspan: 1\nab: \xc0\x80\n", 19, 2, 5, "0xc0" },
		{ "linkspan: 1\nab: \xed\xa0\x80\n", 20, 2, 5, "0xed" },
		{ "linkspan: 1\nab: \xf4\x90\x80\x80\n", 21, 2, 5, "0xf4" },
		{ "linkspan: 1\r\nab: \xe2\x82", 19, 2, 5, "0xe2" },
		{ "linkspan: 1\rab\0c: d\n", 20, 2, 3, "NUL" },
		{ "linkspan: 1\nkind: gateway\x1b[1m\n", 30, 2, 14, "U+001B" },
		{ "linkspan: 1\nkind: gateway\x7f\n", 27, 2, 14, "U+007F" },
		{ "# one\xe2\x80\xa8"
		  "linkspan: 1\n",
			20, 1, 6, "U+2028" },
		{ "# one\xc2\x85"
		  "linkspan: 1\n",
			19, 1, 6, "U+0085" },
		{ "a: \xef\xbb\xbf\n", 7, 1, 4, "U+FEFF" },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		PARSED parsed = parse_bytes(cases[i].text, cases[i].length);
		struct expected expected = { cases[i].text, "syntax", cases[i].line, cases[i].column, cases[i].words };

		expect_finding(&parsed, 0, &expected);
		cr_expect_eq(parsed.diag.n_findings, 1);
	}
}

Test(yaml, a_byte_order_mark_and_any_line_end_are_fine)
{
	PARSED parsed = parse_valid("\xef\xbb\xbflinkspan: 1\r\nkind: gateway\rname: gw # \xf0\x9f\x90\xa7\n");
	PARSED bad = parse("\xef\xbb\xbflinkspan: x\r\nkind: gateway\r\nname: gw\r\n");

	cr_expect_str_eq(parsed.spec->name, "gw");
	cr_expect_eq(bad.diag.findings[0].location.column, 11, "the mark is no column");
}

Test(yaml, a_nul_byte_cannot_be_smuggled_in)
{
	EXPECT_ERRORS({ "linkspan: 1\nkind: gateway\nname: \"gw\\0x\"\n", "syntax", 3, 7, "NUL" });
}

Test(yaml, columns_count_characters)
{
	EXPECT_ERRORS(
		{ HEAD "sysctls: { net.ipv4.a: \xc3\xa9\xe2\x82\xac, net.ipv4.b: }\n", "type", 4, 40, "no value" });
}

/* ---- anchors ----------------------------------------------------------------------------------------------------- */

Test(anchors, stand_for_scalars_keys_lists_and_mappings)
{
	PARSED parsed =
		parse_valid(HEAD "interfaces:\n"
				 "  &n eth0:\n"
				 "    match: &m { name: *n }\n"
				 "    mtu: &mtu 1500\n"
				 "    ipv6: &six { method: manual, addresses: &list [&a 2001:db8::1/64, fd00::1/64] }\n"
				 "  eth1:\n"
				 "    match: { name: eth1 }\n"
				 "    mtu: *mtu\n"
				 "    ipv6: *six\n"
				 "  eth2: { match: { name: eth2 }, ipv6: { method: manual, addresses: *list } }\n"
				 "addresses: [{ interface: eth2, address: 2001:db8::2/64 }, { interface: eth2,\n"
				 "  address: &b 2001:db8::3/64 }]\n"
				 "routes:\n"
				 "  - { to: fd01::/64, interface: *n }\n");
	const struct ls_spec_interface *at = parsed.spec->interfaces;

	cr_expect_str_eq(at[0].match_name, "eth0");
	cr_expect_eq(at[1].mtu, 1500);
	cr_assert_eq(at[1].ipv6.n_addresses, 2);
	cr_assert_eq(at[2].ipv6.n_addresses, 2);
	cr_expect_str_eq(prefix_text(&at[2].ipv6.addresses[1].address), "fd00::1/64");
	cr_expect_eq(at[1].ipv6.mark.line, 12, "an aliased value stands where the alias does");
	cr_expect_eq(at[1].ipv6.method_mark.line, 8, "what is in it, where it was written");
	cr_expect_str_eq(parsed.spec->routes[0].interface, "eth0");
}

Test(anchors, the_latest_of_a_name_counts)
{
	PARSED parsed = parse_valid(HEAD "interfaces:\n"
					 "  a: { match: { name: &x eth0 }, mtu: &m 1400 }\n"
					 "  b: { match: { name: &x eth1 }, mtu: *m }\n"
					 "  c: { create: { type: vlan, parent: a, id: &m 7 }, mtu: 1300 }\n"
					 "  d: { create: { type: vlan, parent: b, id: *m }, mtu: 1300 }\n");

	cr_expect_eq(parsed.spec->interfaces[1].mtu, 1400);
	cr_expect_eq(parsed.spec->interfaces[3].id, 7);
}

Test(anchors, an_alias_within_an_anchored_node_keeps_its_meaning)
{
	PARSED parsed = parse_valid(HEAD
		"interfaces:\n"
		"  a: { match: { name: a }, mtu: &m 1400, ipv6: &f { method: auto, addresses: [&x 2001:db8::1/64] } }\n"
		"  b: &b { create: { type: dummy }, mtu: *m, ipv6: *f }\n"
		"  c: { match: { name: c }, mtu: &m 1500 }\n"
		"  d: *b\n");

	cr_expect_eq(parsed.spec->interfaces[3].mtu, 1400);
	cr_expect_eq(parsed.spec->interfaces[3].ipv6.n_addresses, 1);
}

Test(anchors, misuse_is_an_error)
{
	EXPECT_ERRORS({ HEAD "routes: *r\n", "syntax", 4, 9, "before its anchor" },
		{ HEAD "routes: &r [*r]\n", "syntax", 4, 13, "within its own anchor (line 4)" },
		{ HEAD "interfaces: &i { a: { match: { name: a, *i : b } } }\n", "syntax", 4, 41, "within its own" },
		{ "*a\n", "syntax", 1, 1, "before its anchor" });
}

Test(anchors, an_error_in_an_aliased_value_is_reported_once)
{
	EXPECT_ERRORS({ HEAD "interfaces:\n  a: { match: { name: a }, ipv6: &s { method: auto, foo: 1 } }\n"
			     "  b: { match: { name: b }, ipv6: *s }\n  c: { match: { name: c }, ipv6: *s }\n",
		"unknown-key", 5, 53, NULL });
}

Test(anchors, an_alias_to_the_wrong_kind_is_placed_at_the_alias)
{
	EXPECT_ERRORS({ HEAD "interfaces:\n  a: { match: &m { name: a }, mtu: *m }\n", "type", 5, 36, "mapping" });
}

/* Ten values of ten values of ten values ... in a thousand bytes. */
Test(anchors, a_billion_laughs_are_cut_short)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };

	ls_buf_printf(&text, HEAD "x:\n - &a0 [z, z, z, z, z, z, z, z, z, z]\n");
	for (unsigned i = 1; i < 10; i++) {
		ls_buf_printf(&text, " - &a%u [", i);
		for (unsigned j = 0; j < 10; j++)
			ls_buf_printf(&text, "%s*a%u", j ? ", " : "", i - 1);
		ls_buf_printf(&text, "]\n");
	}
	PARSED parsed = parse_bytes((const char *)text.data, text.length);
	cr_assert_eq(parsed.diag.n_findings, 2);
	cr_expect_str_eq(parsed.diag.findings[1].id, "syntax");
	cr_expect(strstr(parsed.diag.findings[1].message, "more than 1000000 values"));
}

/* ---- depth ------------------------------------------------------------------------------------------------------- */

static struct parsed parse_nested(unsigned depth)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };

	/* The document's mapping is the first level. */
	ls_buf_printf(&text, HEAD "x: ");
	for (unsigned i = 1; i < depth; i++)
		ls_buf_printf(&text, "[");
	for (unsigned i = 1; i < depth; i++)
		ls_buf_printf(&text, "]");
	return parse_bytes((const char *)text.data, text.length);
}

Test(depth, sixty_four_levels_are_read)
{
	PARSED parsed = parse_nested(64);

	cr_assert_eq(parsed.diag.n_findings, 1);
	cr_expect_str_eq(parsed.diag.findings[0].id, "unknown-key");
}

Test(depth, sixty_five_are_not)
{
	PARSED parsed = parse_nested(65);
	struct expected expected = { "65 levels", "syntax", 4, 67, "64 levels" };

	cr_assert_eq(parsed.diag.n_findings, 2);
	expect_finding(&parsed, 1, &expected);
}

Test(depth, counts_across_aliases)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };

	ls_buf_printf(&text, HEAD "x:\n - &a0 []\n");
	for (unsigned i = 1; i < 63; i++)
		ls_buf_printf(&text, " - &a%u [*a%u]\n", i, i - 1);
	PARSED parsed = parse_bytes((const char *)text.data, text.length);
	cr_assert_eq(parsed.diag.n_findings, 2);
	cr_expect(strstr(parsed.diag.findings[1].message, "64 levels"));
}
