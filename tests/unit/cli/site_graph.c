/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan site graph: what is drawn. */
#include "cli_test.h"

#include "../../../src/cli/site_graph.c"

TestSuite(site_graph);

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
