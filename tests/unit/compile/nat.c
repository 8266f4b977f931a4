/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks, public addresses, forwards and nat: from the spec to elements, addresses and forwarding. */
#include "tools.h"

#include <linkspan/nft.h>

TestSuite(compile_nat);

#define HOST \
	HEAD "interfaces:\n" \
	     "  up: { match: { name: eth0 }, ipv4: { method: manual, addresses: [192.0.2.1/24] },\n" \
	     "        ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] } }\n" \
	     "  in: { match: { name: eth1 } }\n  other: { match: { name: eth2 } }\n"

/* All elements, a line each. */
static char *elements(const struct ls_set *set)
{
	struct ls_buf buf = { 0 };
	char text[LS_DESCRIBE_MAX];

	ls_set_each (set, i) {
		const struct ls_object *object = set->objects[i];

		if (object->kind != &ls_kind_nft_element)
			continue;
		object->kind->describe(object, text, sizeof(text));
		ls_buf_printf(&buf, "%s", text);
		for (unsigned k = LS_NFT_ELEMENT_TO; k <= LS_NFT_ELEMENT_MSS; k++)
			if (ls_object_has(object, k)) {
				ls_attr_format(&object->kind->attrs[k], object, text, sizeof(text));
				ls_buf_printf(&buf, " %s=%s", object->kind->attrs[k].name, text);
			}
		ls_buf_printf(&buf, "\n");
	}
	ls_buf_append(&buf, "", 1);
	return (char *)buf.data;
}

static size_t count(const struct ls_set *set, const struct ls_kind *kind)
{
	size_t to, from = ls_set_of_kind(set, kind, &to);

	return to - from;
}

static const struct {
	const char *text, *expected;
} specs[] = {
	/* it is not said where the world is */
	{ "networks: { a: { interface: in, ipv4: { subnet: 10.0.0.0/24 }, ipv6: { subnet: 'fd00::/64' } } }\n",
		"closed4 10.0.0.0/24\nclosed6 fd00::/64\nuplinks eth0\nuplinks eth2\ninner eth1\n" },
	{ "networks: { a: { interface: in, internet: true, ipv4: { subnet: 10.0.0.0/24 } } }\nnat: { uplinks: [up] }\n",
		"masquerade4 10.0.0.0/24\nuplinks eth0\ninner eth1\n" },
	/* two networks on one link, one on another */
	{ "networks: { a: { interface: in, ipv4: { subnet: 10.0.0.0/24 } }, b: { interface: in, ipv4: { subnet: "
	  "10.0.1.0/24 } }, c: { interface: other, ipv4: { subnet: 10.0.2.0/24 } } }\n"
	  "nat: { route_between_networks: true }\n",
		"closed4 10.0.0.0/24\nclosed4 10.0.1.0/24\nclosed4 10.0.2.0/24\nuplinks eth0\ninner eth1\ninner eth2\n"
		"routed eth1 eth2\nrouted eth2 eth1\n" },
	{ "public_ips: { interface: up, addresses: [198.51.100.9, 'fd00::9'], mappings: [ { public: 198.51.100.9, "
	  "protocol: tcp, port: 443, to: 10.0.0.5, to_port: 8443 }, { public: 198.51.100.9, protocol: udp, port: "
	  "50-60, "
	  "to: 10.0.0.5 }, { public: 'fd00::9', to: 'fd01::5' } ] }\n",
		"fwd4 198.51.100.9 tcp 443 to=10.0.0.5 to_port=8443\nrange4 198.51.100.9 udp 50-60 to=10.0.0.5\n"
		"one6 fd00::9 to=fd01::5\nsource6 fd01::5 to=fd00::9\npublic4 198.51.100.9\npublic6 fd00::9\n"
		"uplinks eth0\n" },
	{ "forwards: [ { interface: up, port: 80, to: 10.0.0.5 }, { interface: up, protocol: [udp], port: 81, to: "
	  "'[fd01::5]:82' } ]\n",
		"fwd4 192.0.2.1 tcp 80 to=10.0.0.5 to_port=80\nfwd4 192.0.2.1 udp 80 to=10.0.0.5 to_port=80\n"
		"fwd6 2001:db8::1 udp 81 to=fd01::5 to_port=82\n" },
	/* addresses that others give: whichever the link has */
	{ "interfaces: { up: { match: { name: eth0 }, ipv4: { method: manual, addresses: [192.0.2.1/24] }, ipv6: { "
	  "method: "
	  "auto } } }\n"
	  "forwards: [ { interface: up, protocol: [udp], port: 80, to: '[fd01::5]:81' }, { interface: up, protocol: "
	  "[tcp], "
	  "port: 90-99, to: 'fd01::5' }, { interface: up, protocol: [tcp], port: 80, to: 10.0.0.5 } ]\n",
		"fwd4 192.0.2.1 tcp 80 to=10.0.0.5 to_port=80\nhere6 eth0 udp 80 to=fd01::5 to_port=81\n"
		"here_range6 eth0 tcp 90-99 to=fd01::5\n" },
	{ "forwards: [ { interface: up, protocol: [tcp], port: 80, to: '10.0.0.5:8080', source: masquerade }, { "
	  "interface: "
	  "up, protocol: [tcp], port: 81, to: '10.0.0.5:8080', source: masquerade }, { interface: up, protocol: [udp], "
	  "port: 90-99, to: 'fd01::5', source: masquerade } ]\n",
		"fwd4 192.0.2.1 tcp 80 to=10.0.0.5 to_port=8080\nfwd4 192.0.2.1 tcp 81 to=10.0.0.5 to_port=8080\n"
		"range6 2001:db8::1 udp 90-99 to=fd01::5\nhidden4 10.0.0.5 tcp 8080\nhidden6 fd01::5 udp 90-99\n" },
	{ "filter: { input: { policy: drop, allow: [ { protocol: tcp, port: 443 }, { from: 10.0.0.0/8 } ] }, forward: "
	  "{ "
	  "policy: drop, allow: [ { to: 'fd01::/64', protocol: udp, port: 53-54 } ] } }\n",
		"let_in4 10.0.0.0/8 to 0.0.0.0/0\nlet_in4 0.0.0.0/0 to 0.0.0.0/0 tcp 443\n"
		"let_in6 ::/0 to ::/0 tcp 443\nlet_through6 ::/0 to fd01::/64 udp 53-54\n" },
	{ "gateway: { mode: nat, dns_name: gw.example, interface: up, internal_port: 7000, service: [10.0.0.5, "
	  "'fd00::5'] }\n",
		"fwd4 192.0.2.1 tcp 6180 to=10.0.0.5 to_port=7000\nfwd4 192.0.2.1 udp 6180 to=10.0.0.5 to_port=7000\n"
		"fwd6 2001:db8::1 tcp 6180 to=fd00::5 to_port=7000\nfwd6 2001:db8::1 udp 6180 to=fd00::5 "
		"to_port=7000\n" },
	{ "interfaces: { t: { match: { name: tun0 }, mtu: 1420, clamp_mss: true }, s: { match: { name: tun1 }, mtu: "
	  "1279, "
	  "clamp_mss: true, ipv6: { method: disabled } } }\n",
		"mss4 tun0 mss=1380\nmss4 tun1 mss=1239\nmss6 tun0 mss=1360\n" },
	{ "nat: { uplinks: [up], masquerade: [10.0.0.0/8], prefixes: [ { inside: 'fd00::/64', outside: 'fd01::/64' } ] "
	  "}\n",
		"inwards6 fd01::/64 to_prefix=fd00::/64\noutwards6 fd00::/64 to_prefix=fd01::/64\n"
		"masquerade4 10.0.0.0/8\nuplinks eth0\n" },
};

Test(compile_nat, elements_are_what_the_spec_says)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(specs); i++) {
		char text[2048], *found;
		struct ls_set set;

		snprintf(text, sizeof(text), "%s%s", strncmp(specs[i].text, "interfaces", 10) != 0 ? HOST : HEAD,
			specs[i].text);
		set = compile(text);
		found = elements(&set);
		cr_expect_str_eq(found, specs[i].expected, "%s:\nexpected:\n%sfound:\n%s", specs[i].text,
			specs[i].expected, found);
		cr_expect_eq(count(&set, &ls_kind_nft_table), 1);
		cr_expect_eq(count(&set, &ls_kind_nft_set), LS_NFT_N_SETS);
		cr_expect_eq(count(&set, &ls_kind_nft_chain), ls_nft_n_chains);
		cr_expect_eq(count(&set, &ls_kind_nft_rule), ls_nft_n_rules);
		free(found);
		ls_set_done(&set);
	}
}

/* Public IPv6 addresses are no sources; those that the interface has already are its own. */
Test(compile_nat, public_addresses_are_those_of_the_interface)
{
	struct ls_set set =
		compile(HOST "public_ips: { interface: up, addresses: [192.0.2.1, 192.0.2.9, 'fd00::9'] }\n");

	cr_expect_eq(count(&set, &ls_kind_address), 4);
	assert_is(find(&set, "address dev=eth0 address=192.0.2.9/32"),
		"address dev=eth0 address=192.0.2.9/32 scope=global");
	assert_is(find(&set, "address dev=eth0 address=fd00::9/128"),
		"address dev=eth0 address=fd00::9/128 deprecated=true");
	ls_set_done(&set);
}

Test(compile_nat, host_forwards_what_it_translates_unless_told_otherwise)
{
	struct ls_set set = compile(HOST "nat: { uplinks: [up], masquerade: [10.0.0.0/8] }\n");

	assert_is(find(&set, "sysctl path=net/ipv4/ip_forward"), "sysctl path=net/ipv4/ip_forward value=1");
	cr_expect(!has(&set, "sysctl path=net/ipv6/conf/all/forwarding"));
	ls_set_done(&set);
	set = compile(HOST
		"nat: { uplinks: [up], masquerade: ['fd00::/8'] }\nsysctls: { net.ipv6.conf.all.forwarding: 0 }\n");
	assert_is(find(&set, "sysctl path=net/ipv6/conf/all/forwarding"),
		"sysctl path=net/ipv6/conf/all/forwarding value=0");
	cr_expect(!has(&set, "sysctl path=net/ipv4/ip_forward"));
	ls_set_done(&set);
}

/* A filter alone makes no router of a host. */
Test(compile_nat, filter_drops_by_the_policy_of_chains)
{
	struct ls_set set = compile(HOST "filter: { input: { policy: drop }, forward: { policy: accept } }\n");

	assert_is(find(&set, "nft_chain name=input"), "nft_chain name=input hook='filter input 0' policy=drop");
	assert_is(find(&set, "nft_chain name=forward"), "nft_chain name=forward hook='filter forward 0' policy=accept");
	assert_is(find(&set, "nft_chain name=prerouting"),
		"nft_chain name=prerouting hook='nat prerouting -100' policy=accept");
	cr_expect(!has(&set, "sysctl path=net/ipv4/ip_forward"));
	ls_set_done(&set);
	set = compile(HEAD "interfaces: { up: { match: { name: eth0 }, ipv6: { method: auto } } }\n"
			   "forwards: [ { interface: up, port: 80, to: 'fd01::5' } ]\n");
	assert_is(find(&set, "sysctl path=net/ipv6/conf/all/forwarding"),
		"sysctl path=net/ipv6/conf/all/forwarding value=1");
	ls_set_done(&set);
}

Test(compile_nat, nothing_of_it_is_there_unless_asked_for)
{
	struct ls_set set = compile(HOST);

	cr_expect_eq(count(&set, &ls_kind_nft_table), 0);
	ls_set_done(&set);
}
