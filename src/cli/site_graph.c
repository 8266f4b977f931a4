/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan site graph: gateways on the left, then the tenants, each a box with its networks and replicas, in Graphviz'
 * DOT. A picture of thousands of tenants is none: the first ones are drawn, the others counted; so are replicas.
 */
#include "site.h"

#include <stdio.h>

#define TENANTS_MAX 40u
#define REPLICAS_MAX 8u /* of a tenant */
#define FAILED_OVER ", style=bold"

/* Names of a site are letters, digits and a few signs: none needs quoting within quotes. */
static void put_gateway(FILE *file, const struct ls_site_gateway *gateway)
{
	fprintf(file, "  \"gateway %s\" [label=\"%s\\n%s%s", gateway->name, gateway->name,
		gateway->mode == LS_SITE_DIRECT ? "direct" : "nat", gateway->dns_name ? "\\n" : "");
	fprintf(file, "%s\", shape=cds];\n", gateway->dns_name ? gateway->dns_name : "");
}

static void put_subnet(FILE *file, const struct ls_site_subnet *subnet)
{
	char text[LS_PREFIX_TEXT_MAX];

	if (subnet->subnet.ip.family)
		fprintf(file, "\\n%s", ls_prefix_format(&subnet->subnet, text));
}

static void put_network(FILE *file, const struct ls_site_tenant *tenant, const struct ls_site_network *network)
{
	fprintf(file, "    \"network %s %s\" [label=\"%s", tenant->name, network->name, network->name);
	put_subnet(file, &network->ipv4);
	put_subnet(file, &network->ipv6);
	if (network->target)
		fprintf(file, "\\n= %s of %s%s", network->target->name, tenant->plan->name,
			network->target->internet ? ", internet" : "");
	fprintf(file, "\", shape=plaintext];\n");
}

static void put_publics(FILE *file, const struct ls_site_tenant *tenant)
{
	if (tenant->public_ips.ipv4 || tenant->public_ips.ipv6)
		fprintf(file, "\\n%u IPv4, %u IPv6", tenant->public_ips.ipv4, tenant->public_ips.ipv6);
}

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

static bool is_failed_over(const struct ls_site_tenant *tenant, const struct ls_site_replica *replica)
{
	return tenant->failover.mode != LS_FAILOVER_NONE &&
	       (replica->fails_over || tenant->failover.mode != LS_FAILOVER_PARTIAL);
}

static void put_addresses(FILE *file, const struct ls_site_addresses *list, size_t n)
{
	char text[LS_IP_TEXT_MAX];

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i].n_ips; k++)
			fprintf(file, "\\n%s", ls_ip_format(&list[i].ips[k].ip, text));
}

static void put_replica(FILE *file, const struct ls_site_tenant *tenant, const struct ls_site_replica *replica)
{
	bool failed_over = is_failed_over(tenant, replica);

	fprintf(file, "    \"replica %s %s\" [label=\"%s%s", tenant->name, replica->name, replica->name,
		failed_over ? ", failed over" : "");
	put_addresses(file, replica->detected, replica->n_detected);
	put_addresses(file, replica->addresses, replica->n_addresses);
	fprintf(file, "\", shape=ellipse%s];\n", failed_over ? FAILED_OVER : "");
}

static void put_replica_links(FILE *file, const struct ls_site_tenant *tenant, const struct ls_site_replica *replica,
	const struct ls_site_addresses *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].network)
			fprintf(file, "  \"network %s %s\" -> \"replica %s %s\" [dir=none];\n", tenant->name,
				list[i].network->name, tenant->name, replica->name);
}

static size_t count_drawn(const struct ls_site_tenant *tenant)
{
	return tenant->n_replicas < REPLICAS_MAX ? tenant->n_replicas : REPLICAS_MAX;
}

static void put_replicas(FILE *file, const struct ls_site_tenant *tenant)
{
	size_t n = count_drawn(tenant);

	for (size_t i = 0; i < n; i++)
		put_replica(file, tenant, &tenant->replicas[i]);
	if (n < tenant->n_replicas)
		fprintf(file, "    \"replicas %s\" [label=\"and %zu replicas more\", shape=plaintext];\n", tenant->name,
			tenant->n_replicas - n);
}

/* ---- tenants ----------------------------------------------------------------------------------------------------- */

static void put_tenant(FILE *file, const struct ls_site_tenant *tenant)
{
	fprintf(file, "  subgraph \"cluster %s\" {\n    label=\"%s", tenant->name, tenant->name);
	put_publics(file, tenant);
	fprintf(file, "\\nfailover: %s\";\n", ls_failover_words[tenant->failover.mode].word);
	for (size_t i = 0; i < tenant->n_appliances; i++)
		fprintf(file, "    \"appliance %s\" [label=\"%s\\n%s\"];\n", tenant->appliances[i].host,
			tenant->appliances[i].name,
			tenant->appliances[i].extends ? "at the tenant" : "at the provider");
	for (size_t i = 0; i < tenant->n_networks; i++)
		put_network(file, tenant, &tenant->networks[i]);
	put_replicas(file, tenant);
	fputs("  }\n", file);
}

/* An edge per tunnel: its family, the port that it comes in by, and the one that it ends at. */
static void put_tunnels(FILE *file, const struct ls_site_tenant *tenant, const struct ls_site_share *share)
{
	for (size_t i = 0; i < share->n_tunnels; i++) {
		const struct ls_site_tunnel *tunnel = &share->tunnels[i];

		if (!tunnel->gateway)
			continue;
		fprintf(file, "  \"appliance %s\" -> \"gateway %s\" [label=\"%s of %s, port %u\"];\n",
			tunnel->appliance->host, tunnel->gateway->name,
			ls_ip_family_name(ls_site_family_to_socket(tunnel->family)), tunnel->appliance->extends->name,
			tunnel->port);
		fprintf(file, "  \"gateway %s\" -> \"appliance %s\" [label=\"port %u\"];\n", tunnel->gateway->name,
			tenant->provider->host, tunnel->listen_port);
	}
}

static void put_links(FILE *file, const struct ls_site_tenant *tenant)
{
	for (size_t i = 0; i < tenant->n_appliances; i++) {
		const struct ls_site_appliance *appliance = &tenant->appliances[i];

		for (size_t k = 0; k < tenant->n_networks; k++)
			if (appliance->extends ? appliance->extends == &tenant->networks[k]
					       : tenant->networks[k].target != NULL)
				fprintf(file, "  \"appliance %s\" -> \"network %s %s\" [dir=none];\n", appliance->host,
					tenant->name, tenant->networks[k].name);
	}
	for (size_t i = 0; i < count_drawn(tenant); i++) {
		const struct ls_site_replica *replica = &tenant->replicas[i];

		put_replica_links(file, tenant, replica, replica->detected, replica->n_detected);
		put_replica_links(file, tenant, replica, replica->addresses, replica->n_addresses);
	}
}

static void put_graph(FILE *file, const struct cli_site *site)
{
	size_t n = site->site->n_tenants < TENANTS_MAX ? site->site->n_tenants : TENANTS_MAX;

	fputs("digraph \"site\" {\n"
	      "  graph [rankdir=LR, fontname=\"sans-serif\", style=rounded];\n"
	      "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
	      "  edge [fontname=\"sans-serif\", fontsize=10];\n",
		file);
	for (size_t i = 0; i < site->site->n_gateways; i++)
		put_gateway(file, &site->site->gateways[i]);
	for (size_t i = 0; i < n; i++) {
		put_tenant(file, &site->site->tenants[i]);
		put_tunnels(file, &site->site->tenants[i], &site->layout.tenants[i]);
		put_links(file, &site->site->tenants[i]);
	}
	if (n < site->site->n_tenants)
		fprintf(file, "  \"more\" [label=\"and %zu tenants more\", shape=plaintext];\n",
			site->site->n_tenants - n);
	fputs("}\n", file);
}

enum cli_exit cli_site_graph(struct cli *cli)
{
	LS_CLEANUP(cli_site_done) struct cli_site site = { 0 };
	enum cli_exit status = cli_site_open(cli, &site);

	if (status != CLI_EXIT_DONE)
		return cli_site_refuse(cli, &site, status);
	cli_site_print_findings(cli, &site);
	put_graph(cli->out.file, &site);
	return CLI_EXIT_DONE;
}
