/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan graph: what is drawn. That Graphviz can read it is looked at in netns/commands.c. */
#include "cli_test.h"

#include "../../../src/cli/graph.c"

TestSuite(graph);

/* Into the caller's own: the streams write to it until they are closed. */
static void draw(struct told *told, const char *body)
{
	char path[] = "/tmp/linkspan-graph.XXXXXX";
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	dprintf(fd, "linkspan: 1\nkind: gateway\nname: gw\n%s", body);
	close(fd);
	cr_expect_eq(told_run(told, told_words("graph", path)), CLI_EXIT_DONE, "%s", told->err);
	unlink(path);
}

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
