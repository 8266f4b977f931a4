/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of form: ids, places and hints. */
#include "support.h"

Test(form, required_keys_are_missed)
{
	EXPECT_ERRORS({ "kind: gateway\nname: a\n", "missing", 1, 1, "'linkspan'" },
		{ "linkspan: 1\nname: a\n", "missing", 1, 1, "'kind'" },
		{ "linkspan: 1\nkind: gateway\n", "missing", 1, 1, "'name'" },
		{ HEAD "interfaces:\n  a: { mtu: 1500 }\n", "missing", 5, 3, "'match' nor 'create'" },
		{ HEAD "interfaces:\n  a: { match: {} }\n", "missing", 5, 15, "neither 'name' nor 'macaddress'" },
		{ HEAD "interfaces:\n  a: { create: {} }\n", "missing", 5, 16, "'type'" },
		{ HEAD "interfaces:\n  a: { create: { type: veth } }\n", "missing", 5, 16, "'peer'" },
		{ LINKS "  a: { create: { type: vlan, id: 5 } }\n", "missing", 7, 16, "'parent'" },
		{ LINKS "  a: { create: { type: vlan, parent: eth0 } }\n", "missing", 7, 16, "'id'" },
		{ LINKS "  a: { create: { type: vxlan } }\n", "missing", 7, 16, "'id'" },
		{ LINKS "  a: { create: { type: vrf } }\n", "missing", 7, 16, "'table'" },
		{ LINKS "  a: { create: { type: macvlan } }\n", "missing", 7, 16, "'parent'" },
		{ LINKS "  a: { create: { type: vxlan, id: 1, remote: 239.1.1.1 } }\n", "missing", 7, 46, "'parent'" },
		{ LINKS "  a: { create: { type: vxlan, id: 1, remote: fe80::2, local: fe80::1 } }\n", "missing", 7, 62,
			"'parent'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv6: {} }\n", "missing", 5, 34, "'method'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv4: { method: manual } }\n", "missing", 5, 44,
			"no addresses" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv4: { method: manual, addresses: [{}] } }\n",
			"missing", 5, 64, "'address'" },
		{ LINKS "addresses: [{ address: 10.0.0.1/8 }]\n", "missing", 7, 13, "'interface'" },
		{ LINKS "addresses: [{ interface: eth0 }]\n", "missing", 7, 13, "'address'" },
		{ LINKS "routes:\n- interface: eth0\n", "missing", 8, 3, "'to'" },
		{ LINKS "routes:\n- to: 10.0.0.0/8\n", "missing", 8, 3, "neither 'via' nor 'interface'" },
		{ LINKS "routes:\n- { to: default, interface: eth0 }\n", "missing", 8, 9, "0.0.0.0/0 or ::/0" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, interface: eth0, on_link: true }\n", "missing", 8, 3, "'via'" },
		{ LINKS "routes:\n- { to: 2001:db8::/32, via: fe80::1 }\n", "missing", 8, 3, "'interface'" });
}

Test(form, an_empty_file_says_how_to_begin)
{
	EXPECT_ERRORS({ "", "missing", 1, 1, "linkspan: 1" }, { "\n\n# nothing\n", "missing", 1, 1, "empty" },
		{ "---\n", "missing", 1, 1, "empty" }, { "---\n...\n", "missing", 1, 1, "empty" });
}

Test(form, unknown_keys_are_refused)
{
	EXPECT_ERRORS({ HEAD "adresses: []\n", "unknown-key", 4, 1, "did you mean 'addresses'?" },
		{ HEAD "colour: red\n", "unknown-key", 4, 1, "it can have: linkspan, kind, name, interfaces" },
		{ HEAD "wires: { a: [{ b: c }], d: e }\n", "unknown-key", 4, 1, "'wires'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, MTU: 5 }\n", "unknown-key", 5, 28, "'mtu'" },
		{ HEAD "interfaces:\n  a: { match: { name: a, mac: 5 } }\n", "unknown-key", 5, 26, NULL },
		{ HEAD "interfaces:\n  a: { create: { type: dummy, prots: [] } }\n", "unknown-key", 5, 31, "'ports'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv6: { method: auto, adresses: [] } }\n",
			"unknown-key", 5, 50, "'addresses'" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, interface: eth0, gateway: 5 }\n", "unknown-key", 8, 38, NULL },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, interface: eth0, on-link: true }\n", "unknown-key", 8, 38,
			"'on_link'" },
		{ LINKS "addresses: [{ interface: eth0, address: 10.0.0.1/8, label: x }]\n", "unknown-key", 7, 53,
			NULL });
}

Test(form, a_merge_key_is_explained)
{
	EXPECT_ERRORS({ LINKS "routes:\n- &r { to: 10.0.0.0/8, interface: eth0 }\n- { <<: *r, to: 10.0.0.0/9, "
			      "interface: eth0 }\n",
		"unknown-key", 9, 5, "merge keys" });
}

Test(form, keys_of_another_type_are_refused)
{
	EXPECT_ERRORS({ HEAD "interfaces:\n  a: { create: { type: dummy, ports: [] } }\n", "unknown-key", 5, 31,
			      "only with bridge" },
		{ HEAD "interfaces:\n  a: { create: { stp: true, type: dummy } }\n", "unknown-key", 5, 18, "stp" },
		{ LINKS "  a: { create: { type: bridge, parent: eth0 } }\n", "unknown-key", 7, 32, "only with vlan" },
		{ LINKS "  a: { create: { type: bridge, id: 5 } }\n", "unknown-key", 7, 32, "only with vlan" },
		{ LINKS "  a: { create: { type: dummy, peer: eth0 } }\n", "unknown-key", 7, 31, "only with veth" },
		{ LINKS "  a: { create: { type: vrf, table: 5, ttl: 1 } }\n", "unknown-key", 7, 39, "only with vxlan" },
		{ LINKS "  a: { create: { type: bond, table: 5 } }\n", "unknown-key", 7, 30, "only with vrf" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, type: blackhole, via: 10.9.9.9 }\n", "unknown-key", 8, 38,
			"only with unicast" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, type: prohibit, interface: eth0 }\n", "unknown-key", 8, 37,
			NULL },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, on_link: true, type: prohibit }\n", "unknown-key", 8, 21, NULL },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, type: unreachable, source: 10.0.0.1 }\n", "unknown-key", 8, 40,
			NULL });
}

Test(form, keys_given_twice_name_the_first)
{
	EXPECT_ERRORS({ HEAD "name: b\n", "duplicate-key", 4, 1, "line 3" },
		{ HEAD "interfaces:\n  a: { match: { name: a } }\n  a: { match: { name: b } }\n", "duplicate-key", 6, 3,
			"line 5" },
		{ HEAD "sysctls:\n  net.ipv4.ip_forward: 1\n  net.ipv4.ip_forward: 0\n", "duplicate-key", 6, 3,
			"line 5" },
		{ LINKS "routes:\n- to: 10.0.0.0/8\n  interface: eth0\n  to: [x, { y: z }]\n", "duplicate-key", 10, 3,
			"line 8" });
}

Test(form, numbers)
{
	EXPECT_ERRORS(
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: \"1500\" }\n", "type", 5, 33, "without quotes" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: '0x5dc' }\n", "type", 5, 33, "without quotes" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: big }\n", "type", 5, 33, "'big'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 1e3 }\n", "type", 5, 33, "a number" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 1_500 }\n", "type", 5, 33, "a number" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 01500 }\n", "type", 5, 33, "a number" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 0o2734 }\n", "type", 5, 33, "a number" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 0x }\n", "type", 5, 33, "a number" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: true }\n", "type", 5, 33, "a number" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: [1500] }\n", "type", 5, 33, "list" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: }\n", "type", 5, 33, "no value" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: null }\n", "type", 5, 33, "no value" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 67 }\n", "range", 5, 33, "from 68 to 65535" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 65536 }\n", "range", 5, 33, NULL },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: -1500 }\n", "range", 5, 33, NULL },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 99999999999999999999999 }\n", "range", 5, 33,
			NULL },
		{ HEAD "interfaces:\n  a: { match: { name: a }, mtu: 1279 }\n", "range", 5, 33, "1280 (RFC 8200)" },
		{ LINKS "  a: { create: { type: vlan, parent: eth0, id: 4095 } }\n", "range", 7, 48, "1 to 4094" },
		{ LINKS "  a: { create: { type: vlan, parent: eth0, id: 0 } }\n", "range", 7, 48, "1 to 4094" },
		{ LINKS "  a: { create: { type: vxlan, id: 16777216 } }\n", "range", 7, 35, "16777215" },
		{ LINKS "  a: { create: { type: vxlan, id: 1, port: 0 } }\n", "range", 7, 44, "1 to 65535" },
		{ LINKS "  a: { create: { type: vxlan, id: 1, ttl: 256 } }\n", "range", 7, 43, "1 to 255" },
		{ LINKS "  a: { create: { type: vrf, table: 254 } }\n", "range", 7, 36, "main" },
		{ LINKS "  a: { create: { type: vrf, table: 0 } }\n", "range", 7, 36, "1 to" },
		{ LINKS "  a: { create: { type: vrf, table: 5 }, mtu: 1279, ipv6: { method: disabled } }\n", "range", 7,
			46, "a vrf" },
		{ LINKS "  a: { create: { type: bond, miimon: 2147483648 } }\n", "range", 7, 38, "2147483647" },
		{ LINKS "  a: { create: { type: bond, mode: vepa } }\n", "range", 7, 36, "active-backup" },
		{ LINKS "  a: { create: { mode: 802.3ad, type: macvlan, parent: eth0 } }\n", "range", 7, 24,
			"passthru" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, interface: eth0, table: 255 }\n", "range", 8, 45, "local" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, interface: eth0, table: 0 }\n", "range", 8, 45, "1 to" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, interface: eth0, metric: 4294967296 }\n", "range", 8, 46, NULL },
		{ LINKS "routes:\n- { to: 2001:db8::/32, interface: eth0, mtu: 1000 }\n", "range", 8, 3, "1280" });
}

Test(form, another_format_is_refused)
{
	EXPECT_ERRORS({ "linkspan: 2\nkind: gateway\nname: a\n", "range", 1, 11, "this linkspan reads format 1" },
		{ "linkspan: one\nkind: gateway\nname: a\n", "type", 1, 11, NULL });
}

Test(form, a_site_is_no_host)
{
	EXPECT_ERRORS({ "linkspan: 1\nkind: site\nname: a\ntenants: []\npool: {}\n", "range", 2, 7,
		"the spec of a site, not of a host" });
}

Test(form, booleans_are_true_and_false_only)
{
	EXPECT_ERRORS({ HEAD "interfaces:\n  a: { match: { name: a }, up: yes }\n", "type", 5, 32, "'yes'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, up: on }\n", "type", 5, 32, "true or false" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, up: no }\n", "type", 5, 32, NULL },
		{ HEAD "interfaces:\n  a: { match: { name: a }, up: True }\n", "type", 5, 32, NULL },
		{ HEAD "interfaces:\n  a: { match: { name: a }, up: 1 }\n", "type", 5, 32, NULL },
		{ HEAD "interfaces:\n  a: { match: { name: a }, up: 'true' }\n", "type", 5, 32, "without quotes" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, up: ~ }\n", "type", 5, 32, "no value" });
}

Test(form, words_come_from_a_list)
{
	EXPECT_ERRORS({ "linkspan: 1\nkind: router\nname: a\n", "range", 2, 7, "gateway or appliance" },
		{ HEAD "interfaces:\n  a: { create: { type: gre } }\n", "range", 5, 24,
			"dummy, veth, bridge, vlan, vxlan, vrf, macvlan or bond" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv4: { method: static } }\n", "range", 5, 44,
			"auto, manual or disabled" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, type: nat }\n", "range", 8, 27, "prohibit" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, type: [] }\n", "type", 8, 27, "list" });
}

Test(form, names)
{
	EXPECT_ERRORS({ "linkspan: 1\nkind: gateway\nname: a b\n", "range", 3, 7, "letters, digits" },
		{ "linkspan: 1\nkind: gateway\nname: ''\n", "range", 3, 7, "1 to 63" },
		{ "linkspan: 1\nkind: gateway\nname: \xc3\xa9\n", "range", 3, 7, "letters" },
		{ "linkspan: 1\nkind: gateway\nname: "
		  "a123456789b123456789c123456789d123456789e123456789f123456789abcd\n",
			"range", 3, 7, "1 to 63" },
		{ "linkspan: 1\nkind: gateway\nname: true\n", "type", 3, 7, "quotes" },
		{ "linkspan: 1\nkind: gateway\nname:\n", "type", 3, 6, "no value" },
		{ HEAD "interfaces:\n  abcdefghijklmnop: { match: { name: a } }\n", "range", 5, 3, "1 to 15 bytes" },
		{ HEAD "interfaces:\n  a/b: { match: { name: a } }\n", "range", 5, 3, "'/'" },
		{ HEAD "interfaces:\n  ..: { match: { name: a } }\n", "range", 5, 3, "no interface name" },
		{ HEAD "interfaces:\n  a: { match: { name: 'a b' } }\n", "range", 5, 23, "blanks" },
		{ HEAD "interfaces:\n  a: { match: { name: 'a:1' } }\n", "range", 5, 23, "':'" },
		{ HEAD "interfaces:\n  a: { match: { name: eth%d } }\n", "range", 5, 23, "'%'" },
		{ HEAD "interfaces:\n  a: { match: { name: \xc3\xa0 } }\n", "range", 5, 23, "blanks" },
		{ HEAD "interfaces:\n  a: { match: { name: \"a\\e[1m\" } }\n", "range", 5, 23, "'a?[1m'" },
		{ HEAD "interfaces:\n  lo: { create: { type: dummy } }\n", "range", 5, 3, "rename" },
		{ HEAD "interfaces:\n  all: { create: { type: dummy } }\n", "range", 5, 3, "rename" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, interface: eth0eth0eth0eth0 }\n", "range", 8, 32, "15" });
}

Test(form, addresses)
{
	EXPECT_ERRORS({ HEAD "interfaces:\n  a: { match: { name: a }, ipv6: { method: auto, addresses: [x] } }\n",
			      "type", 5, 62, "'x'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv4: { method: manual, addresses: [10.0.0.1] } }\n",
			"type", 5, 64, "prefix length, like /24" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv6: { method: manual, addresses: [a::1/129] } }\n",
			"type", 5, 64, "'a::1/129'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv4: { method: manual, addresses: 10.0.0.1/8 } }\n",
			"type", 5, 63, "must be a list" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv4: { method: manual, addresses: [{ address: [] }] } "
		       "}\n",
			"type", 5, 75, "is a list" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv6: { method: manual, addresses: [10.0.0.1/8] } }\n",
			"type", 5, 64, "move it to 'ipv4'" },
		{ HEAD "interfaces:\n  a: { match: { name: a }, ipv6: { method: manual, gateway: 10.0.0.1/8 } }\n",
			"type", 5, 61, "without a prefix length" },
		{ LINKS "routes:\n- { to: 10.0.0.1/8, interface: eth0 }\n", "range", 8, 9, "10.0.0.0/8" },
		{ LINKS "routes:\n- { to: everywhere, interface: eth0 }\n", "type", 8, 9, "default" },
		{ LINKS "routes:\n- { to: 10.0.0.0/8, via: 2001:db8::1 }\n", "type", 8, 26, "IPv6" },
		{ LINKS "routes:\n- { to: 2001:db8::/32, interface: eth0, source: 10.0.0.1 }\n", "type", 8, 49,
			"IPv4" },
		{ LINKS "routes:\n- { to: default, via: 2001:db8::1, source: 10.0.0.1 }\n", "type", 8, 44, "IPv4" },
		{ LINKS "routes:\n- { to: default, via: nowhere }\n", "type", 8, 23, "'nowhere'" },
		{ HEAD "interfaces:\n  a: { match: { macaddress: 00-11-22-33-44-55 } }\n", "type", 5, 29, "02:00:00" },
		{ HEAD "interfaces:\n  a: { match: { macaddress: 01:00:00:00:00:01 } }\n", "range", 5, 29, "single" },
		{ HEAD "interfaces:\n  a: { match: { macaddress: 00:00:00:00:00:00 } }\n", "range", 5, 29, "zero" });
}

Test(form, match_and_create_exclude_one_another)
{
	EXPECT_ERRORS({ HEAD "interfaces:\n  a: { match: { name: a }, create: { type: dummy } }\n", "range", 5, 36,
			      "remove one" },
		{ HEAD "interfaces:\n  a: { match: { name: a, macaddress: 02:00:00:00:00:01 } }\n", "range", 5, 15,
			"remove one" });
}

Test(form, sysctls)
{
	EXPECT_ERRORS({ HEAD "sysctls:\n  kernel.panic: 1\n", "range", 5, 3, "only net.* sysctls" },
		{ HEAD "sysctls:\n  net: 1\n", "range", 5, 3, "only net.*" },
		{ HEAD "sysctls:\n  network.x: 1\n", "range", 5, 3, "only net.*" },
		{ HEAD "sysctls:\n  /net/ipv4/ip_forward: 1\n", "range", 5, 3, "empty" },
		{ HEAD "sysctls:\n  net/../kernel/panic: 1\n", "range", 5, 3, "'..'" },
		{ HEAD "sysctls:\n  net.//.kernel: 1\n", "range", 5, 3, "'..'" },
		{ HEAD "sysctls:\n  net./.kernel: 1\n", "range", 5, 3, "'.'" },
		{ HEAD "sysctls:\n  net.ipv4.: 1\n", "range", 5, 3, "empty" },
		{ HEAD "sysctls:\n  net.ipv4.a b: 1\n", "range", 5, 3, "blanks" },
		{ HEAD "sysctls:\n  net.ipv4.ip_forward: true\n", "type", 5, 24, "write 1" },
		{ HEAD "sysctls:\n  net.ipv4.ip_forward: false\n", "type", 5, 24, "write 0" },
		{ HEAD "sysctls:\n  net.ipv4.ip_forward:\n", "type", 5, 23, "no value" },
		{ HEAD "sysctls:\n  net.ipv4.ip_forward: 01\n", "type", 5, 24, "octal" },
		{ HEAD "sysctls:\n  net.ipv4.ip_forward: [1]\n", "type", 5, 24, "list" },
		{ HEAD "sysctls: [net.ipv4.ip_forward]\n", "type", 4, 10, "list" });
}

Test(form, nodes_of_the_wrong_kind)
{
	EXPECT_ERRORS({ "just a text\n", "type", 1, 1, "mapping" }, { "[1, 2]\n", "type", 1, 1, "list" },
		{ HEAD "interfaces: [eth0]\nroutes: [{ to: 10.0.0.0/8, interface: eth0 }]\n", "type", 4, 13,
			"mapping of names" },
		{ HEAD "interfaces:\n  a:\n", "type", 5, 5, "'interface' has no value" },
		{ HEAD "interfaces:\n  a: { match: eth0 }\n", "type", 5, 15, "mapping" },
		{ LINKS "routes: { to: 10.0.0.0/8 }\n", "type", 7, 9, "must be a list" },
		{ LINKS "routes: [10.0.0.0/8]\n", "type", 7, 10, "'route'" },
		{ LINKS "  a: { create: { type: bridge, ports: eth0 } }\n", "type", 7, 39, "even if of one" },
		{ LINKS "  a: { create: { type: bridge, ports: [[eth0]] } }\n", "type", 7, 40, "'port'" },
		{ HEAD "[a, b]: c\n", "type", 4, 1, "single word" },
		{ HEAD "? { a: b }\n: { c: [d] }\n", "type", 4, 3, NULL });
}

Test(form, tags)
{
	EXPECT_ERRORS({ "linkspan: !!str 1\nkind: gateway\nname: a\n", "type", 1, 11, "remove the tag" },
		{ "linkspan: !number 1\nkind: gateway\nname: a\n", "type", 1, 11, "'!number'" },
		{ "!spec\nlinkspan: 1\n", "type", 1, 1, "'!spec'" }, { HEAD "!!int name2: 5\n", "type", 4, 1, "tag" },
		{ HEAD "interfaces: !!seq {}\n", "type", 4, 13, "tag" },
		{ HEAD "routes: !!set []\n", "type", 4, 9, "tag" });
	PARSED parsed = parse_valid("!!map\n!!str linkspan: !!int 1\nkind: !!str gateway\nname: ! 5\n"
				    "routes: !!seq []\ninterfaces: ! {}\n");

	cr_expect_str_eq(parsed.spec->name, "5");
}

Test(form, all_errors_come_in_one_run_in_the_order_of_the_file)
{
	static const struct expected expected[] = {
		{ "", "range", 1, 11, NULL },
		{ "", "unknown-key", 3, 1, NULL },
		{ "", "reference", 4, 26, NULL },
		{ "", "type", 6, 33, NULL },
		{ "", "range", 7, 44, NULL },
		{ "", "duplicate-key", 8, 3, NULL },
		{ "", "missing", 9, 3, NULL },
		{ "", "missing", 1, 1, NULL },
	};
	PARSED parsed = parse("linkspan: 3\n"
			      "kind: gateway\n"
			      "nmae: gw\n"
			      "addresses: [{ interface: c, address: 10.0.0.1/24 }]\n"
			      "interfaces:\n"
			      "  a: { match: { name: a }, mtu: '1500' }\n"
			      "  b: { match: { name: b }, ipv4: { method: dhcp } }\n"
			      "  a: { match: { name: c } }\n"
			      "  d: { up: true }\n");

	cr_assert_eq(parsed.diag.n_findings, 8);
	expect_finding(&parsed, 0, &expected[7]);
	for (size_t i = 0; i < 7; i++)
		expect_finding(&parsed, i + 1, &expected[i]);
}

Test(form, a_flood_of_errors_is_cut_off)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };

	ls_buf_printf(&text, "%s", HEAD "routes:\n");
	for (unsigned i = 0; i < 20000; i++)
		ls_buf_printf(&text, " - x\n");
	PARSED parsed = parse_bytes((const char *)text.data, text.length);
	cr_expect_eq(parsed.r, -EINVAL);
	cr_assert_eq(parsed.diag.n_findings, 10001);
	cr_expect(strstr(parsed.diag.findings[10000].message, "more than 10000 errors"));
}
