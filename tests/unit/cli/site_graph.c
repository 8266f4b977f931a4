/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan site graph: what is drawn. */
#include "cli_test.h"

#include "../../../src/cli/site_graph.c"

#include <unistd.h>

TestSuite(site_graph);

/* Ten replicas, of which one is failed over. */
static const char *write_site(void)
{
	static char path[] = "/tmp/linkspan-graph-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	cr_assert_not_null(file);
	fputs("linkspan: 1\nkind: site\nipv6_communication: false\n"
	      "gateways: { gw: { mode: nat, dns_name: gw.example, tunnel_ports: 20000-20009, interfaces: { up: { "
	      "match: { "
	      "name: e0 }, ipv4: { method: auto } } } } }\ngateway_pools: { east: [gw] }\n"
	      "hardware_plans: { gold: { networks: { a: {} } } }\n"
	      "tenants:\n  acme:\n    hardware_plan: gold\n    gateway_pool: east\n    tunnels: { key_dir: keys }\n"
	      "    networks: { n: { maps_to: a, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 } } }\n"
	      "    appliances:\n      provider: { addresses: [192.0.2.1], interfaces: { up: { match: { name: e0 }, "
	      "ipv4: { "
	      "method: auto } }, a: { match: { name: e1 } } } }\n"
	      "      lan: { network: n, interfaces: { lan: { match: { name: e0 }, ipv4: { method: auto } } } }\n"
	      "    failover: { mode: partial, replicas: [r1] }\n    replicas:\n",
		file);
	for (unsigned i = 1; i <= 10; i++)
		fprintf(file, "      r%u: { addresses: { n: [10.1.0.%u] } }\n", i, 10 + i);
	cr_assert_eq(fclose(file), 0);
	return path;
}

Test(site_graph, draws_gateways_tenants_and_how_tunnels_come_in)
{
	static const char *const parts[] = {
		"digraph \"site\" {",
		"\"gateway gw1\" [label=\"gw1\\nnat\\ngw1.sp.example\", shape=cds];",
		"subgraph \"cluster acme\"",
		"\"appliance acme-lan\" -> \"gateway gw1\" [label=\"IPv4 of prod, port 20000\"];",
		"\"gateway gw1\" -> \"appliance acme-provider\" [label=\"port 1196\"];",
		"\"network acme prod\" [label=\"prod\\n10.1.0.0/24\\n2001:db8:1::/64\\n= vlan101 of gold, internet\"",
	};
	struct told told;

	cr_assert_eq(told_run(&told, told_words("site", "graph", "tests/golden/site/site.yaml")), CLI_EXIT_DONE, "%s",
		told.err);
	for (size_t i = 0; i < LS_ARRAY_SIZE(parts); i++)
		cr_assert_says(told.out, parts[i]);
	told_done(&told);
}

Test(site_graph, draws_what_is_failed_over)
{
	static const char *const parts[] = {
		"label=\"acme\\nfailover: partial\";",
		"\"replica acme r1\" [label=\"r1, failed over\\n10.1.0.11\", shape=ellipse, style=bold];",
		"\"replica acme r2\" [label=\"r2\\n10.1.0.12\", shape=ellipse];",
		"\"network acme n\" -> \"replica acme r1\" [dir=none];",
		"[label=\"and 2 replicas more\", shape=plaintext];",
	};
	const char *path = write_site();
	struct told told;

	cr_assert_eq(told_run(&told, told_words("site", "graph", path)), CLI_EXIT_DONE, "%s", told.err);
	for (size_t i = 0; i < LS_ARRAY_SIZE(parts); i++)
		cr_assert_says(told.out, parts[i]);
	cr_assert_does_not_say(told.out, "r9");
	told_done(&told);
	cr_assert_eq(unlink(path), 0);
}
