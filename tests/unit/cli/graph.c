/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan graph: what is drawn. That Graphviz can read it is looked at in netns/commands.c. */
#include "cli_test.h"

#include "../../../src/cli/graph.c"

TestSuite(graph);

/* Into the caller's own: the streams write to it until they are closed. */
static void draw_kind(struct told *told, const char *kind, const char *body)
{
	char path[] = "/tmp/linkspan-graph.XXXXXX";
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	dprintf(fd, "linkspan: 1\nkind: %s\nname: gw\n%s", kind, body);
	close(fd);
	cr_expect_eq(told_run(told, told_words("graph", path)), CLI_EXIT_DONE, "%s", told->err);
	unlink(path);
}

static void draw(struct told *told, const char *body)
{
	draw_kind(told, "gateway", body);
}

#define KEY(first) first "lX9Ly2byVTTyl387bsYP8VPBQGhFc4/t1+51uxLRs="
#define UPLINK \
	"up: { match: { name: eth0 }, ipv4: { method: manual, addresses: [192.0.2.1/24], gateway: 192.0.2.254 } }"

Test(graph, draws_what_leads_where)
{
	static const char *const parts[] = {
		"digraph \"gw\" {",
		"\"interface up\" [label=\"up\\neth0\\n192.0.2.1/24\\n\"];",
		"\"interface up\" -> \"next 192.0.2.254%up\" [label=\"default\"];",
		"\"interface br0\" -> \"interface in\" [label=\"port\", dir=none];",
		"\"routes in\" [label=\"198.51.100.0/24 via 10.0.0.9\\n\", shape=note];",
		"\"interface up\" -> \"public 198.51.100.1\" [label=\"\", dir=none];",
		"\"public 198.51.100.1\" -> \"host 10.0.0.5\" [label=\"tcp 443 to 8443\"];",
		"\"interface up\" -> \"host 10.9.0.5\" [label=\"tcp, udp 70-79\"];",
		"subgraph \"cluster network prod\" {\n    label=\"prod\\n\";\n"
		"    \"network prod\" [label=\"10.0.0.0/24\\ninternet\\n\", shape=plaintext];\n"
		"    \"host 10.0.0.5\" [label=\"10.0.0.5\\n\"];\n  }",
		"\n  \"host 10.9.0.5\"",
		"forward: dropped, but for 0 allowed\\n",
	};
	struct told told;

	draw(&told, "interfaces: { " UPLINK ", in: { match: { name: in } }, br0: { create: { type: bridge, "
		    "ports: [in] } } }\n"
		    "routes: [{ to: 198.51.100.0/24, via: 10.0.0.9, interface: in, on_link: true }]\n"
		    "networks: { prod: { interface: br0, internet: true, ipv4: { subnet: 10.0.0.0/24 } } }\n"
		    "public_ips: { interface: up, addresses: [198.51.100.1], mappings: [ { public: "
		    "198.51.100.1, protocol: tcp, port: 443, to: 10.0.0.5, to_port: 8443 } ] }\n"
		    "forwards: [{ interface: up, port: 70-79, to: 10.9.0.5 }]\n"
		    "filter: { forward: { policy: drop } }\n");

	for (size_t i = 0; i < LS_ARRAY_SIZE(parts); i++)
		cr_assert_says(told.out, parts[i]);
	told_done(&told);
}

static size_t count_of(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

Test(graph, draws_the_first_of_many_and_counts_the_rest)
{
	struct ls_buf body = { 0 };
	struct told told;

	ls_buf_printf(&body, "interfaces: { " UPLINK " }\nforwards:\n");
	for (unsigned port = 1; port <= 100; port++)
		ls_buf_printf(&body, "- { interface: up, port: %u, to: 10.0.0.5 }\n", port);
	ls_buf_printf(&body, "routes:\n");
	for (unsigned i = 1; i <= 20; i++)
		ls_buf_printf(&body, "- { to: 10.%u.0.0/16, via: 192.0.2.9, interface: up }\n", i);
	ls_buf_append(&body, "", 1);
	draw(&told, (const char *)body.data);
	cr_expect_eq(count_of(told.out, "-> \"host 10.0.0.5\""), LEADS_MAX);
	cr_expect_eq(count_of(told.out, "\n  \"host 10.0.0.5\" ["), 1, "a host is drawn once");
	cr_assert_says(told.out, "and 60 more mappings");
	cr_expect_eq(count_of(told.out, " via 192.0.2.9"), LINES_MAX);
	cr_assert_says(told.out, "and 14 more");
	told_done(&told);
	ls_buf_done(&body);
}

Test(graph, draws_the_first_of_many_peers)
{
	struct ls_buf body = { 0 };
	struct told told;

	ls_buf_printf(&body,
		"interfaces: { " UPLINK " }\ntunnels:\n  t0: { family: ipv4, type: wireguard, underlay: up, "
		"private_key_file: k, peers: [");
	for (unsigned i = 0; i < 10; i++)
		ls_buf_printf(&body, "{ name: p%u, public_key: \"" KEY("E%c") "\", allowed_ips: [10.%u.0.0/16] }, ", i,
			(int)('A' + i), i);
	ls_buf_printf(&body, "] }\n");
	ls_buf_append(&body, "", 1);
	draw(&told, (const char *)body.data);
	cr_expect_eq(count_of(told.out, "\"interface t0\" -> \"peer t0 p"), LINES_MAX);
	cr_assert_says(told.out, "\"peer t0\" [label=\"and 4 more peers\\n\", shape=component];");
	told_done(&told);
	ls_buf_done(&body);
}

#define APPLIANCE(mode) \
	"side: provider\ninterfaces: { " UPLINK ", in: { match: { name: in } } }\n" \
	"networks: { prod: { interface: in, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 } } }\n" \
	"replicas: { web: { prod: [10.1.0.20] }, db: { prod: [10.1.0.21] } }\n" \
	"failover: { mode: " mode ", replicas: [web] }\n" \
	"public_ips: { interface: up, addresses: [198.51.100.1], mappings: [{ public: 198.51.100.1, to: 10.1.0.21 }] " \
	"}\n" \
	"tunnels:\n" \
	"  t4: { network: prod, family: ipv4, type: wireguard, underlay: up, listen_port: 1195, private_key_file: k, " \
	"peers: [{ name: acme, public_key: \"" KEY("ET") "\" }, { public_key: \"" KEY( \
		"EU") "\", allowed_ips: " \
		      "[10.1.0.1/32, 10.1.0.2/32, 10.1.0.3/32], endpoint: \"192.0.2.9:1\" }] }\n" \
		      "  x6: { family: ipv6, type: ipsec, underlay: up, keying: ike, local_addr: 192.0.2.1, " \
		      "remote_addr: 192.0.2.8 }\n"

Test(graph, draws_tunnels_with_their_peers_and_replicas_that_are_failed_over)
{
	static const char *const parts[] = {
		"label=\"appliance gw\\nfailover: partial\\n\"",
		"\"interface t4\" [label=\"t4\\nWireGuard, IPv4\\n\"];",
		"\"interface x6\" [label=\"x6\\nIPsec, IPv6\\n\"];",
		"\"interface t4\" -> \"interface up\" [label=\"by\", dir=none];",
		"\"interface t4\" -> \"network prod\" [label=\"IPv4\", dir=none];",
		"\"peer t4 acme\" [label=\"acme\\ncalls\\n\", shape=component];",
		"\"interface t4\" -> \"peer t4 acme\" [label=\"all IPv4\", dir=both];",
		"[label=\"EUlX9Ly2byVTTyl387bsYP8V...\\n192.0.2.9 port 1\\n\", shape=component];",
		"[label=\"10.1.0.1/32, 10.1.0.2/32 and 1 more\", dir=both];",
		"\"peer x6\" [label=\"192.0.2.8\\n\", shape=component];",
		"    \"host 10.1.0.20\" [label=\"web, failed over\\n10.1.0.20\\n\", style=\"rounded,bold\"];",
		"    \"host 10.1.0.21\" [label=\"db\\n10.1.0.21\\n\"];",
		"\"public 198.51.100.1\" [label=\"198.51.100.1\\n\", shape=cds, style=\"rounded,dashed\"];",
	};
	struct told told;

	draw_kind(&told, "appliance", APPLIANCE("partial"));

	for (size_t i = 0; i < LS_ARRAY_SIZE(parts); i++)
		cr_assert_says(told.out, parts[i]);
	told_done(&told);
}

Test(graph, draws_what_is_there_in_another_mode_dashed)
{
	struct told told;

	draw_kind(&told, "appliance", APPLIANCE("none"));

	cr_assert_says(told.out, "\"interface t4\" [label=\"t4\\nWireGuard, IPv4\\n\", style=\"rounded,dashed\"];");
	cr_assert_says(told.out, "\"interface x6\" [label=\"x6\\nIPsec, IPv6\\n\"];");
	cr_expect_null(strstr(told.out, "10.1.0.20"), "nobody is failed over");
	told_done(&told);
}

Test(graph, quotes_names)
{
	struct told told;

	draw(&told, "interfaces: { 'a\"b\\c': { match: { name: x } }, 'l\\nx': { match: { name: y } } }\n");

	cr_assert_says(told.out, "\"interface a\\\"b\\\\c\" [label=\"a\\\"b\\\\c\\nx\\n\"];");
	told_done(&told);
}

Test(graph, spec_that_is_not_valid_is_not_drawn)
{
	char path[] = "/tmp/linkspan-graph.XXXXXX";
	int fd = mkstemp(path);
	struct told told;

	cr_assert(fd >= 0);
	close(fd);
	cr_expect_eq(told_run(&told, told_words("graph", path)), CLI_EXIT_INVALID);
	cr_expect_str_eq(told.out, "");
	told_done(&told);
	unlink(path);
}
