/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every key of a host's spec, well written: what ends up in the structs. */
#include "support.h"

#include <linkspan/model.h>

#include <stdio.h>

#define expect_mark(mark_, line_, column_) \
	cr_expect((mark_).line == (line_) && (mark_).column == (column_), "%u:%u", (mark_).line, (mark_).column)

Test(keys, smallest_spec)
{
	PARSED parsed = parse_valid("linkspan: 1\nkind: appliance\nname: a-1_x.y\n");

	cr_expect_eq(parsed.spec->kind, LS_SPEC_APPLIANCE);
	cr_expect_str_eq(parsed.spec->name, "a-1_x.y");
	cr_expect_str_eq(parsed.spec->file, "t.yaml");
	cr_expect_eq(parsed.spec->text_length, 42);
	cr_expect_eq(strlen(parsed.spec->text), 42);
	cr_expect_eq(parsed.spec->n_interfaces + parsed.spec->n_addresses + parsed.spec->n_routes, 0);
}

Test(keys, gateway_kind_and_a_number_for_a_name)
{
	PARSED parsed = parse_valid("linkspan: 0x1\nkind: gateway\nname: 5\n");

	cr_expect_eq(parsed.spec->kind, LS_SPEC_GATEWAY);
	cr_expect_str_eq(parsed.spec->name, "5");
}

Test(keys, matched_interfaces)
{
	PARSED parsed = parse_valid(HEAD "interfaces:\n"
					 "  uplink: { match: { name: ens192 }, mtu: 9000, up: false }\n"
					 "  'null':\n"
					 "    match:\n"
					 "      macaddress: 00:0C:29:12:34:56\n");
	const struct ls_spec_interface *first = &parsed.spec->interfaces[0], *second = &parsed.spec->interfaces[1];

	cr_assert_eq(parsed.spec->n_interfaces, 2);
	cr_expect_str_eq(first->name, "uplink");
	expect_mark(first->mark, 5, 3);
	cr_expect_str_eq(first->match_name, "ens192");
	expect_mark(first->match_mark, 5, 20);
	cr_expect_eq(first->create, LS_CREATE_NONE);
	cr_expect_eq(first->create_mark.line, 0);
	cr_expect_eq(first->mtu, 9000);
	expect_mark(first->mtu_mark, 5, 43);
	cr_expect_not(first->up);
	expect_mark(first->up_mark, 5, 53);
	cr_expect_not(first->has_match_mac);
	cr_expect_eq(first->ipv4.mark.line, 0);
	cr_expect_str_eq(second->name, "null");
	cr_expect_null(second->match_name);
	cr_expect(second->has_match_mac);
	cr_expect_arr_eq(second->match_mac.bytes, "\x00\x0c\x29\x12\x34\x56", 6);
	cr_expect(second->up, "up is the default");
	cr_expect_eq(second->up_mark.line, 0);
}

Test(keys, created_interfaces)
{
	PARSED parsed = parse_valid(LINKS "  d0: { create: { type: dummy, macaddress: 02:00:00:00:00:01 } }\n"
					  "  v0: { create: { type: veth, peer: v1 } }\n"
					  "  v1: { create: { peer: v0, type: veth } }\n"
					  "  br0: { create: { type: bridge, ports: [v1, eth1], stp: true } }\n"
					  "  eth0.5: { create: { type: vlan, parent: eth0, id: 4094 } }\n"
					  "  br1: { create: { type: bridge, ports: [] } }\n");
	const struct ls_spec_interface *at = parsed.spec->interfaces + 2;

	cr_assert_eq(parsed.spec->n_interfaces, 8);
	cr_expect_eq(at[0].create, LS_CREATE_DUMMY);
	expect_mark(at[0].create_mark, 7, 17);
	cr_expect(at[0].has_mac);
	cr_expect_arr_eq(at[0].mac.bytes, "\x02\0\0\0\0\x01", 6);
	cr_expect_eq(at[1].create, LS_CREATE_VETH);
	cr_expect_str_eq(at[1].peer.name, "v1");
	expect_mark(at[1].peer.mark, 8, 37);
	cr_expect_str_eq(at[2].peer.name, "v0");
	cr_expect_eq(at[3].create, LS_CREATE_BRIDGE);
	cr_assert_eq(at[3].n_ports, 2);
	cr_expect_str_eq(at[3].ports[0].name, "v1");
	cr_expect_str_eq(at[3].ports[1].name, "eth1");
	expect_mark(at[3].ports[1].mark, 10, 46);
	cr_expect(at[3].stp);
	cr_expect_eq(at[4].create, LS_CREATE_VLAN);
	cr_expect_str_eq(at[4].parent.name, "eth0");
	cr_expect_eq(at[4].id, 4094);
	expect_mark(at[4].id_mark, 11, 53);
	cr_expect_eq(at[5].n_ports, 0);
	cr_expect_not(at[5].stp);
}

Test(keys, created_tunnels_vrfs_and_bonds)
{
	PARSED parsed = parse_valid(LINKS "  x: { create: { type: vxlan, id: 0 } }\n"
					  "  y: { create: { id: 16777215, local: 10.0.0.1, remote: 10.0.0.2, port: 1,\n"
					  "    learning: false, ttl: 255, parent: eth0, type: vxlan } }\n"
					  "  v: { create: { type: vrf, table: 4294967295, ports: [eth0] } }\n"
					  "  m: { create: { type: macvlan, parent: eth1 } }\n"
					  "  n: { create: { mode: vepa, type: macvlan, parent: eth1 } }\n"
					  "  b: { create: { type: bond } }\n"
					  "  c: { create: { type: bond, mode: 802.3ad, miimon: 0 } }\n");
	const struct ls_spec_interface *at = parsed.spec->interfaces + 2;

	cr_expect_eq(at[0].create, LS_CREATE_VXLAN);
	cr_expect_eq(at[0].id, 0);
	cr_expect_eq(at[0].port, 4789);
	cr_expect(at[0].learning);
	cr_expect_eq(at[0].ttl, 0);
	cr_expect_eq(at[0].local.family + at[0].remote.family, 0);
	cr_expect_eq(at[1].id, 16777215);
	cr_expect_str_eq(ip_text(&at[1].local), "10.0.0.1");
	cr_expect_str_eq(ip_text(&at[1].remote), "10.0.0.2");
	expect_mark(at[1].remote_mark, 8, 57);
	cr_expect_eq(at[1].port, 1);
	cr_expect_not(at[1].learning);
	cr_expect_eq(at[1].ttl, 255);
	cr_expect_str_eq(at[1].parent.name, "eth0");
	cr_expect_eq(at[2].table, 4294967295u);
	cr_expect_eq(at[2].n_ports, 1);
	cr_expect_eq(at[3].mode, LS_MACVLAN_BRIDGE);
	cr_expect_eq(at[4].mode, LS_MACVLAN_VEPA);
	cr_expect_eq(at[5].mode, LS_BOND_ACTIVE_BACKUP);
	cr_expect_eq(at[5].miimon, 100);
	cr_expect_eq(at[6].mode, LS_BOND_8023AD);
	cr_expect_eq(at[6].miimon, 0);
}

Test(keys, families)
{
	PARSED parsed = parse_valid(HEAD "interfaces:\n"
					 "  a:\n"
					 "    match: { name: eth0 }\n"
					 "    ipv4:\n"
					 "      method: manual\n"
					 "      addresses: [10.0.0.1/24, { address: 10.0.0.2/24, adopt: true }]\n"
					 "      gateway: 10.0.0.254\n"
					 "    ipv6: { method: auto, addresses: [2001:db8::1/64] }\n"
					 "  b: { match: { name: eth1 }, ipv4: { method: disabled }, ipv6: { method: "
					 "manual, gateway: fe80::1 } }\n"
					 "  c: { match: { name: eth2 }, ipv6: { method: disabled }, mtu: 576 }\n");
	const struct ls_spec_interface *at = parsed.spec->interfaces;

	cr_expect_eq(at[0].ipv4.method, LS_METHOD_MANUAL);
	expect_mark(at[0].ipv4.mark, 8, 7);
	expect_mark(at[0].ipv4.method_mark, 8, 15);
	cr_assert_eq(at[0].ipv4.n_addresses, 2);
	cr_expect_str_eq(prefix_text(&at[0].ipv4.addresses[0].address), "10.0.0.1/24");
	cr_expect_not(at[0].ipv4.addresses[0].adopt);
	cr_expect_null(at[0].ipv4.addresses[0].interface);
	expect_mark(at[0].ipv4.addresses[1].mark, 9, 32);
	cr_expect(at[0].ipv4.addresses[1].adopt);
	cr_expect_str_eq(ip_text(&at[0].ipv4.gateway), "10.0.0.254");
	expect_mark(at[0].ipv4.gateway_mark, 10, 16);
	cr_expect_eq(at[0].ipv6.method, LS_METHOD_AUTO);
	cr_expect_eq(at[0].ipv6.n_addresses, 1);
	cr_expect_eq(at[1].ipv4.method, LS_METHOD_DISABLED);
	cr_expect_eq(at[1].ipv6.method, LS_METHOD_MANUAL, "IPv6 manual may do with link-local addresses");
	cr_expect_str_eq(ip_text(&at[1].ipv6.gateway), "fe80::1");
	cr_expect_eq(at[2].ipv4.method, LS_METHOD_NONE);
	cr_expect_eq(at[2].mtu, 576, "without IPv6 the MTU may be below 1280");
}

Test(keys, addresses)
{
	PARSED parsed = parse_valid(LINKS "addresses:\n"
					  "  - { interface: eth0, address: 192.0.2.1/24 }\n"
					  "  - address: 2001:db8::1/128\n"
					  "    interface: eth1\n"
					  "    adopt: true\n");

	cr_assert_eq(parsed.spec->n_addresses, 2);
	cr_expect_str_eq(parsed.spec->addresses[0].interface, "eth0");
	expect_mark(parsed.spec->addresses[0].interface_mark, 8, 18);
	cr_expect_str_eq(prefix_text(&parsed.spec->addresses[1].address), "2001:db8::1/128");
	expect_mark(parsed.spec->addresses[1].mark, 9, 5);
	cr_expect(parsed.spec->addresses[1].adopt);
}

Test(keys, routes)
{
	PARSED parsed = parse_valid(LINKS "routes:\n"
					  "  - { to: 10.0.0.0/8, via: 192.0.2.1, interface: eth0, metric: 0, table: "
					  "0xffffffff, source: 192.0.2.9,\n"
					  "      mtu: 1400, type: unicast, on_link: true, adopt: true }\n"
					  "  - { to: 10.1.0.1, type: blackhole }\n"
					  "  - { to: 2001:db8::1, type: unreachable, metric: 4294967295 }\n"
					  "  - { to: 0.0.0.0/0, type: prohibit, table: 253 }\n"
					  "  - { to: default, via: fe80::1, interface: eth1 }\n"
					  "  - { to: default, interface: eth1, source: 192.0.2.1 }\n");
	const struct ls_spec_route *at = parsed.spec->routes;

	cr_assert_eq(parsed.spec->n_routes, 6);
	cr_expect_str_eq(prefix_text(&at[0].to), "10.0.0.0/8");
	cr_expect_str_eq(ip_text(&at[0].via), "192.0.2.1");
	cr_expect_str_eq(ip_text(&at[0].src), "192.0.2.9");
	cr_expect_str_eq(at[0].interface, "eth0");
	cr_expect(at[0].has_metric && at[0].metric == 0);
	cr_expect_eq(at[0].table, UINT32_MAX);
	cr_expect_eq(at[0].mtu, 1400);
	cr_expect_eq(at[0].type, LS_ROUTE_UNICAST);
	cr_expect(at[0].onlink && at[0].adopt);
	expect_mark(at[0].mark, 8, 5);
	expect_mark(at[0].to_mark, 8, 11);
	expect_mark(at[0].via_mark, 8, 28);
	expect_mark(at[0].interface_mark, 8, 50);
	expect_mark(at[0].src_mark, 8, 94);
	cr_expect_str_eq(prefix_text(&at[1].to), "10.1.0.1/32");
	cr_expect_eq(at[1].type, LS_ROUTE_BLACKHOLE);
	cr_expect_eq(at[1].table, 254, "main is the default");
	cr_expect_not(at[1].has_metric);
	cr_expect_null(at[1].interface);
	cr_expect_str_eq(prefix_text(&at[2].to), "2001:db8::1/128");
	cr_expect_eq(at[2].type, LS_ROUTE_UNREACHABLE);
	cr_expect_eq(at[2].metric, UINT32_MAX);
	cr_expect_eq(at[3].type, LS_ROUTE_PROHIBIT);
	cr_expect_str_eq(prefix_text(&at[4].to), "::/0", "default is of the family of via");
	cr_expect_str_eq(prefix_text(&at[5].to), "0.0.0.0/0", "or of source");
}

Test(keys, sysctls)
{
	static const struct {
		const char *text, *path, *value;
	} cases[] = {
		{ "net.ipv4.ip_forward: 1", "net/ipv4/ip_forward", "1" },
		{ "net/ipv4/conf/eth0.5/rp_filter: 2", "net/ipv4/conf/eth0.5/rp_filter", "2" },
		{ "net.ipv4.conf.eth0/5.rp_filter: 2", "net/ipv4/conf/eth0.5/rp_filter", "2" },
		{ "net.ipv4.tcp_congestion_control: bbr", "net/ipv4/tcp_congestion_control", "bbr" },
		{ "net.ipv4.ping_group_range: \" 0\\t 100 \"", "net/ipv4/ping_group_range", "0 100" },
		{ "net.ipv4.ip_local_reserved_ports: ''", "net/ipv4/ip_local_reserved_ports", "" },
		{ "net.core.somaxconn: 0x10", "net/core/somaxconn", "16" },
		{ "net.ipv4.neigh.default.gc_stale_time: -1", "net/ipv4/neigh/default/gc_stale_time", "-1" },
		{ "net.ipv4.ip_forward: !!int \"1\"", "net/ipv4/ip_forward", "1" },
	};
	char text[256];

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), HEAD "sysctls:\n  %s\n", cases[i].text);
		PARSED parsed = parse_valid(text);

		cr_assert_eq(parsed.spec->n_sysctls, 1);
		cr_expect_str_eq(parsed.spec->sysctls[0].path, cases[i].path);
		cr_expect_str_eq(parsed.spec->sysctls[0].value, cases[i].value);
		expect_mark(parsed.spec->sysctls[0].mark, 5, 3);
	}
}

Test(keys, interfaces_are_found_by_name)
{
	PARSED parsed = parse_valid(LINKS);

	cr_expect_eq(ls_spec_find_interface(parsed.spec, "eth1"), &parsed.spec->interfaces[1]);
	cr_expect_null(ls_spec_find_interface(parsed.spec, "eth"));
	cr_expect_null(ls_spec_find_interface(parsed.spec, ""));
	cr_expect_null(ls_spec_find_interface(parsed.spec, "eth1eth1eth1eth1eth1"));
}

Test(keys, empty_lists_and_maps_are_fine)
{
	PARSED parsed = parse_valid(HEAD "interfaces: {}\naddresses: []\nroutes: []\nsysctls: {}\n");

	cr_expect_eq(parsed.spec->n_routes, 0);
}

Test(keys, many_routes_keep_their_order)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };

	ls_buf_printf(&text, "%s", LINKS "routes:\n");
	for (unsigned i = 0; i < 5000; i++)
		ls_buf_printf(&text, "  - { to: 10.%u.%u.0/24, interface: eth0 }\n", i / 256, i % 256);
	cr_assert_not(text.failed);
	PARSED parsed = parse_bytes((const char *)text.data, text.length);
	cr_assert_eq(parsed.r, 0);
	cr_assert_eq(parsed.spec->n_routes, 5000);
	for (unsigned i = 0; i < 5000; i++)
		cr_assert(parsed.spec->routes[i].to.ip.bytes[1] == i / 256 &&
			  parsed.spec->routes[i].to.ip.bytes[2] == i % 256 &&
			  parsed.spec->routes[i].mark.line == i + 8);
}
