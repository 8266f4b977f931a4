/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan graph: the spec as a picture, in Graphviz' DOT. The host is a box with its interfaces; a network is a box
 * with those of its hosts that something leads to. A picture of thousands of mappings is none: of everything that there
 * can be many of, the first ones are drawn, and the rest is counted.
 */
#include "cli.h"

#include <linkspan/nft.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

#define LEADS_MAX 40u /* arrows to hosts */
#define LINES_MAX 6u  /* routes, addresses of a label */
#define ID_MAX 80
#define LABEL_MAX 96
#define NOT_NOW "style=\"rounded,dashed\"" /* there in another mode of failover */

/* An arrow from a public address or an interface to a host. */
struct lead {
	char from[ID_MAX], label[LABEL_MAX];
	struct ls_ip to;
};

struct graph {
	FILE *file;
	const struct ls_spec *spec;
	struct lead leads[LEADS_MAX];
	size_t n_leads, n_left_out;
};

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Within quotes. Control characters are no part of a label. */
static void put(const struct graph *graph, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', graph->file);
		if ((unsigned char)*text >= ' ' && *text != 0x7f)
			fputc(*text, graph->file);
	}
}

/* A line of a label. */
static void LS_PRINTF(2, 3) put_line(const struct graph *graph, const char *format, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	put(graph, line);
	fputs("\\n", graph->file);
}

/* Up to the quote that ends the label. */
static void begin_node(const struct graph *graph, const char *indent, const char *sort, const char *name)
{
	fprintf(graph->file, "%s\"%s ", indent, sort);
	put(graph, name);
	fputs("\" [label=\"", graph->file);
}

static void end_node(const struct graph *graph, const char *attributes)
{
	fprintf(graph->file, "\"%s%s];\n", *attributes ? ", " : "", attributes);
}

static void put_edge(
	const struct graph *graph, const char *from, const char *to, const char *label, const char *attributes)
{
	fputs("  \"", graph->file);
	put(graph, from);
	fputs("\" -> \"", graph->file);
	put(graph, to);
	fputs("\" [label=\"", graph->file);
	put(graph, label);
	end_node(graph, attributes);
}

static const char *id_of(char text[static ID_MAX], const char *sort, const char *name)
{
	snprintf(text, ID_MAX, "%s %s", sort, name);
	return text;
}

static void put_rest(const struct graph *graph, size_t n)
{
	if (n > LINES_MAX)
		put_line(graph, "and %zu more", n - LINES_MAX);
}

/* ---- the host ---------------------------------------------------------------------------------------------------- */

static void put_family(const struct graph *graph, const char *name, const struct ls_spec_family *family)
{
	char text[LS_PREFIX_TEXT_MAX];

	if (family->method == LS_METHOD_AUTO)
		put_line(graph, "%s: auto", name);
	for (size_t i = 0; i < family->n_addresses && i < LINES_MAX; i++)
		put_line(graph, "%s", ls_prefix_format(&family->addresses[i].address, text));
	put_rest(graph, family->n_addresses);
}

static const char *word_of(const struct ls_spec_interface *interface)
{
	static const char *const words[] = {
		[LS_CREATE_DUMMY] = "dummy",
		[LS_CREATE_VETH] = "veth",
		[LS_CREATE_BRIDGE] = "bridge",
		[LS_CREATE_VLAN] = "vlan",
		[LS_CREATE_VXLAN] = "vxlan",
		[LS_CREATE_VRF] = "vrf",
		[LS_CREATE_MACVLAN] = "macvlan",
		[LS_CREATE_BOND] = "bond",
	};

	return words[interface->create];
}

static const struct ls_spec_tunnel *find_tunnel(const struct ls_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_tunnels; i++)
		if (!strcmp(spec->tunnels[i].name, name))
			return &spec->tunnels[i];
	return NULL;
}

static void put_interface(const struct graph *graph, const struct ls_spec_interface *interface)
{
	const struct ls_spec_tunnel *tunnel = find_tunnel(graph->spec, interface->name);
	char mac[LS_MAC_TEXT_MAX];

	begin_node(graph, "    ", "interface", interface->name);
	put_line(graph, "%s", interface->name);
	if (tunnel)
		put_line(graph, "%s, %s", tunnel->type == LS_TUNNEL_WIREGUARD ? "WireGuard" : "IPsec",
			ls_ip_family_name(tunnel->family));
	else if (interface->create == LS_CREATE_VLAN || interface->create == LS_CREATE_VXLAN)
		put_line(graph, "%s %u", word_of(interface), interface->id);
	else if (interface->create != LS_CREATE_NONE)
		put_line(graph, "%s", word_of(interface));
	else if (interface->has_match_mac)
		put_line(graph, "%s", ls_mac_format(&interface->match_mac, mac));
	else if (interface->match_name && strcmp(interface->match_name, interface->name) != 0)
		put_line(graph, "%s", interface->match_name);
	put_family(graph, "IPv4", &interface->ipv4);
	put_family(graph, "IPv6", &interface->ipv6);
	end_node(graph, tunnel && !ls_spec_has_tunnel(graph->spec, tunnel) ? NOT_NOW : "");
}

static void put_between(const struct graph *graph, const char *a, const char *b, const char *label)
{
	char from[ID_MAX], to[ID_MAX];

	put_edge(graph, id_of(from, "interface", a), id_of(to, "interface", b), label, "dir=none");
}

/* A pair is drawn once. */
static void put_relations(const struct graph *graph, const struct ls_spec_interface *interface)
{
	if (interface->parent.name)
		put_between(graph, interface->name, interface->parent.name, "on");
	for (size_t i = 0; i < interface->n_ports; i++)
		put_between(graph, interface->name, interface->ports[i].name, "port");
	if (interface->peer.name && strcmp(interface->name, interface->peer.name) < 0)
		put_between(graph, interface->name, interface->peer.name, "pair");
}

static void put_filter(const struct graph *graph, const char *what, const struct ls_spec_filter_chain *chain)
{
	if (chain->policy == LS_NFT_POLICY_DROP)
		put_line(graph, "%s: dropped, but for %zu allowed", what, chain->n_allow);
}

static void put_host(const struct graph *graph)
{
	const struct ls_spec *spec = graph->spec;

	fputs("  subgraph \"cluster host\" {\n    label=\"", graph->file);
	put_line(graph, "%s %s", spec->kind == LS_SPEC_GATEWAY ? "gateway" : "appliance", spec->name);
	if (spec->gateway.dns_name)
		put_line(graph, "%s", spec->gateway.dns_name);
	if (spec->failover.mark.line)
		put_line(graph, "failover: %s", ls_failover_words[spec->failover.mode].word);
	put_filter(graph, "input", &spec->filter.input);
	put_filter(graph, "forward", &spec->filter.forward);
	fputs("\";\n", graph->file);
	for (size_t i = 0; i < spec->n_interfaces; i++)
		put_interface(graph, &spec->interfaces[i]);
	fputs("  }\n", graph->file);
	for (size_t i = 0; i < spec->n_interfaces; i++)
		put_relations(graph, &spec->interfaces[i]);
}

/* ---- ways -------------------------------------------------------------------------------------------------------- */

static void put_gateway(
	const struct graph *graph, const struct ls_spec_interface *interface, const struct ls_ip *gateway)
{
	char text[LS_IP_TEXT_MAX], name[LS_IP_TEXT_MAX + 17], from[ID_MAX], to[ID_MAX];

	if (!gateway->family)
		return;
	/* Link-local addresses are of a link each. */
	snprintf(name, sizeof(name), "%s%%%s", ls_ip_format(gateway, text), interface->name);
	begin_node(graph, "  ", "next", name);
	put_line(graph, "%s", text);
	end_node(graph, "shape=ellipse");
	put_edge(graph, id_of(from, "interface", interface->name), id_of(to, "next", name), "default", "");
}

static size_t count_routes(const struct ls_spec *spec, const char *interface)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->n_routes; i++)
		n += spec->routes[i].interface && !strcmp(spec->routes[i].interface, interface);
	return n;
}

static void put_route(const struct graph *graph, const struct ls_spec_route *route)
{
	char to[LS_PREFIX_TEXT_MAX], via[LS_IP_TEXT_MAX] = "";

	if (route->via.family)
		ls_ip_format(&route->via, via);
	put_line(graph, "%s%s%s", ls_prefix_format(&route->to, to), *via ? " via " : "", via);
}

static void put_routes(const struct graph *graph, const char *interface)
{
	size_t n = count_routes(graph->spec, interface), drawn = 0;
	char from[ID_MAX], to[ID_MAX];

	if (!n)
		return;
	begin_node(graph, "  ", "routes", interface);
	for (size_t i = 0; i < graph->spec->n_routes && drawn < LINES_MAX; i++) {
		const struct ls_spec_route *route = &graph->spec->routes[i];

		if (!route->interface || strcmp(route->interface, interface) != 0)
			continue;
		put_route(graph, route);
		drawn++;
	}
	put_rest(graph, n);
	end_node(graph, "shape=note");
	put_edge(graph, id_of(from, "interface", interface), id_of(to, "routes", interface), "", "");
}

static void put_ways(const struct graph *graph)
{
	for (size_t i = 0; i < graph->spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &graph->spec->interfaces[i];

		put_gateway(graph, interface, &interface->ipv4.gateway);
		put_gateway(graph, interface, &interface->ipv6.gateway);
		put_routes(graph, interface->name);
	}
}

/* ---- what leads where -------------------------------------------------------------------------------------------- */

static void add_lead(struct graph *graph, const char *from, const struct ls_ip *to, const char *label)
{
	struct lead *lead = &graph->leads[graph->n_leads];

	if (graph->n_leads == LEADS_MAX) {
		graph->n_left_out++;
		return;
	}
	lead->to = *to;
	snprintf(lead->from, sizeof(lead->from), "%s", from);
	snprintf(lead->label, sizeof(lead->label), "%s", label);
	graph->n_leads++;
}

/* "tcp 443 to 8443" */
static void describe_ports(
	char label[static LABEL_MAX], const char *protocol, uint16_t port, uint16_t last_port, uint16_t to_port)
{
	size_t length = (size_t)snprintf(label, LABEL_MAX, "%s %u", protocol, port);

	if (last_port != port)
		snprintf(label + length, LABEL_MAX - length, "-%u", last_port);
	else if (to_port != port)
		snprintf(label + length, LABEL_MAX - length, " to %u", to_port);
}

static void add_mapping(struct graph *graph, const struct ls_spec_mapping *mapping)
{
	char from[ID_MAX], address[LS_IP_TEXT_MAX], label[LABEL_MAX] = "all but tcp 22";

	if (mapping->protocol)
		describe_ports(label, ls_nft_protocol_name(mapping->protocol), mapping->port, mapping->last_port,
			mapping->to_port);
	add_lead(graph, id_of(from, "public", ls_ip_format(&mapping->public_ip, address)), &mapping->to, label);
}

static void add_forward(struct graph *graph, const struct ls_spec_forward *forward)
{
	bool tcp = ls_spec_forwards(forward, IPPROTO_TCP), udp = ls_spec_forwards(forward, IPPROTO_UDP);
	char from[ID_MAX], label[LABEL_MAX];

	describe_ports(label,
		tcp && udp ? "tcp, udp"
		: tcp      ? "tcp"
			   : "udp",
		forward->port, forward->last_port, forward->to_port);
	add_lead(graph, id_of(from, "interface", forward->interface), &forward->to, label);
}

static void collect_leads(struct graph *graph)
{
	const struct ls_spec *spec = graph->spec;

	for (size_t i = 0; i < spec->gateway.n_services; i++) {
		struct ls_spec_forward forward = ls_spec_gateway_forward(&spec->gateway, i);

		add_forward(graph, &forward);
	}
	for (size_t i = 0; i < spec->n_forwards; i++)
		add_forward(graph, &spec->forwards[i]);
	for (size_t i = 0; i < spec->public_ips.n_mappings; i++)
		add_mapping(graph, &spec->public_ips.mappings[i]);
}

static void put_public(const struct graph *graph)
{
	const struct ls_spec_public *spec = &graph->spec->public_ips;
	char text[LS_IP_TEXT_MAX], from[ID_MAX], to[ID_MAX];

	for (size_t i = 0; i < spec->n_addresses && i < LEADS_MAX; i++) {
		begin_node(graph, "  ", "public", ls_ip_format(&spec->addresses[i].ip, text));
		put_line(graph, "%s", text);
		end_node(graph, ls_spec_has_networks(graph->spec) ? "shape=cds" : "shape=cds, " NOT_NOW);
		put_edge(graph, id_of(from, "interface", spec->interface), id_of(to, "public", text), "", "dir=none");
	}
}

static void put_leads(const struct graph *graph)
{
	char text[LS_IP_TEXT_MAX], to[ID_MAX];

	for (size_t i = 0; i < graph->n_leads; i++)
		put_edge(graph, graph->leads[i].from, id_of(to, "host", ls_ip_format(&graph->leads[i].to, text)),
			graph->leads[i].label, "");
	if (!graph->n_left_out)
		return;
	begin_node(graph, "  ", "more", "leads");
	put_line(graph, "and %zu more mappings", graph->n_left_out);
	end_node(graph, "shape=plaintext");
}

/* ---- tunnels ----------------------------------------------------------------------------------------------------- */

/* The first two; none: all of the tunnel's family. */
static void describe_allowed(
	const struct ls_spec_tunnel *tunnel, const struct ls_spec_peer *peer, char label[static LABEL_MAX])
{
	size_t n = peer ? peer->n_allowed_ips : 0, length = 0;
	char text[LS_PREFIX_TEXT_MAX];

	if (!n)
		snprintf(label, LABEL_MAX, "all %s", ls_ip_family_name(tunnel->family));
	for (size_t i = 0; i < n && i < 2; i++)
		length += (size_t)snprintf(label + length, LABEL_MAX - length, "%s%s", i ? ", " : "",
			ls_prefix_format(&peer->allowed_ips[i].subnet, text));
	if (n > 2)
		snprintf(label + length, LABEL_MAX - length, " and %zu more", n - 2);
}

/* The other end: a node of which the label has begun. */
static void end_peer(
	const struct graph *graph, const struct ls_spec_tunnel *tunnel, const char *name, const char *label)
{
	char from[ID_MAX], to[ID_MAX];

	end_node(graph, "shape=component");
	put_edge(graph, id_of(from, "interface", tunnel->name), id_of(to, "peer", name), label, "dir=both");
}

/* Its name, or so much of its key that one knows it. */
static void put_peer(const struct graph *graph, const struct ls_spec_tunnel *tunnel, const struct ls_spec_peer *peer)
{
	char name[64], endpoint[LS_IP_TEXT_MAX], label[LABEL_MAX];

	snprintf(name, sizeof(name), "%s %.24s", tunnel->name, peer->name ? peer->name : peer->public_key);
	begin_node(graph, "  ", "peer", name);
	put_line(graph, "%.24s%s", peer->name ? peer->name : peer->public_key, peer->name ? "" : "...");
	if (peer->endpoint_name)
		put_line(graph, "%s", peer->endpoint_name);
	else if (peer->endpoint.family)
		put_line(graph, "%s port %u", ls_ip_format(&peer->endpoint, endpoint), peer->endpoint_port);
	else
		put_line(graph, "calls");
	describe_allowed(tunnel, peer, label);
	end_peer(graph, tunnel, name, label);
}

static void put_peers(const struct graph *graph, const struct ls_spec_tunnel *tunnel)
{
	for (size_t i = 0; i < tunnel->n_peers && i < LINES_MAX; i++)
		put_peer(graph, tunnel, &tunnel->peers[i]);
	if (tunnel->n_peers <= LINES_MAX)
		return;
	begin_node(graph, "  ", "peer", tunnel->name);
	put_line(graph, "and %zu more peers", tunnel->n_peers - LINES_MAX);
	end_peer(graph, tunnel, tunnel->name, "");
}

static void put_remote(const struct graph *graph, const struct ls_spec_tunnel *tunnel)
{
	char text[LS_IP_TEXT_MAX], label[LABEL_MAX];

	begin_node(graph, "  ", "peer", tunnel->name);
	put_line(graph, "%s", ls_ip_format(&tunnel->remote_addr, text));
	describe_allowed(tunnel, NULL, label);
	end_peer(graph, tunnel, tunnel->name, label);
}

static void put_tunnel(const struct graph *graph, const struct ls_spec_tunnel *tunnel)
{
	char from[ID_MAX], to[ID_MAX];

	if (tunnel->underlay)
		put_between(graph, tunnel->name, tunnel->underlay, "by");
	if (tunnel->network)
		put_edge(graph, id_of(from, "interface", tunnel->name), id_of(to, "network", tunnel->network),
			ls_ip_family_name(tunnel->family), "dir=none");
	if (tunnel->type == LS_TUNNEL_WIREGUARD)
		put_peers(graph, tunnel);
	else
		put_remote(graph, tunnel);
}

static void put_tunnels(const struct graph *graph)
{
	for (size_t i = 0; i < graph->spec->n_tunnels; i++)
		put_tunnel(graph, &graph->spec->tunnels[i]);
}

/* ---- networks and their hosts ------------------------------------------------------------------------------------ */

/* Do some of the first `n` arrows lead there? */
static bool has_lead(const struct graph *graph, size_t n, const struct ls_ip *ip)
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(&graph->leads[i].to, ip, sizeof(*ip)))
			return true;
	return false;
}

static bool is_within(const struct ls_spec_subnet *subnet, const struct ls_ip *ip)
{
	return subnet->subnet.ip.family && ls_prefix_contains(&subnet->subnet, ip);
}

static const struct ls_spec_network *network_of(const struct ls_spec *spec, const struct ls_ip *ip)
{
	for (size_t i = 0; i < spec->n_networks; i++)
		if (is_within(&spec->networks[i].ipv4, ip) || is_within(&spec->networks[i].ipv6, ip))
			return &spec->networks[i];
	return NULL;
}

static const struct ls_spec_replica *replica_of(const struct ls_spec *spec, const struct ls_ip *ip)
{
	for (size_t i = 0; i < spec->n_replicas; i++)
		for (size_t n = 0; n < spec->replicas[i].n_networks; n++)
			for (size_t a = 0; a < spec->replicas[i].networks[n].n_addresses; a++)
				if (!memcmp(&spec->replicas[i].networks[n].addresses[a].ip, ip, sizeof(*ip)))
					return &spec->replicas[i];
	return NULL;
}

static void put_host_of_network(const struct graph *graph, const char *indent, const struct ls_ip *ip)
{
	const struct ls_spec_replica *replica = replica_of(graph->spec, ip);
	bool failed_over = replica && ls_spec_is_failed_over(graph->spec, replica);
	char text[LS_IP_TEXT_MAX];

	begin_node(graph, indent, "host", ls_ip_format(ip, text));
	if (replica)
		put_line(graph, "%s%s", replica->name, failed_over ? ", failed over" : "");
	put_line(graph, "%s", text);
	end_node(graph, failed_over ? "style=\"rounded,bold\"" : "");
}

/* Those that nothing leads to: the others are drawn for that. */
static void put_replicas(const struct graph *graph, const struct ls_spec_network *network)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	size_t n = 0;

	for (size_t f = 0; f < LS_ARRAY_SIZE(families); f++) {
		struct ls_spec_failed at = { 0 };
		const struct ls_spec_ip *ip;

		while ((ip = ls_spec_next_failed(graph->spec, network->name, families[f], &at)))
			if (!has_lead(graph, graph->n_leads, &ip->ip) && n++ < LEADS_MAX)
				put_host_of_network(graph, "    ", &ip->ip);
	}
	if (n <= LEADS_MAX)
		return;
	begin_node(graph, "    ", "replicas", network->name);
	put_line(graph, "and %zu more", n - LEADS_MAX);
	end_node(graph, "shape=plaintext");
}

/* Those of a network, or (NULL) of none. */
static void put_hosts(const struct graph *graph, const char *indent, const struct ls_spec_network *network)
{
	for (size_t i = 0; i < graph->n_leads; i++) {
		const struct ls_ip *ip = &graph->leads[i].to;

		if (!has_lead(graph, i, ip) && network_of(graph->spec, ip) == network)
			put_host_of_network(graph, indent, ip);
	}
}

static void put_subnet(const struct graph *graph, const struct ls_spec_subnet *subnet)
{
	char text[LS_PREFIX_TEXT_MAX];

	if (subnet->subnet.ip.family)
		put_line(graph, "%s", ls_prefix_format(&subnet->subnet, text));
}

static void put_network(const struct graph *graph, const struct ls_spec_network *network)
{
	char from[ID_MAX], to[ID_MAX];

	fputs("  subgraph \"cluster network ", graph->file);
	put(graph, network->name);
	fputs("\" {\n    label=\"", graph->file);
	put_line(graph, "%s", network->name);
	fputs("\";\n", graph->file);
	begin_node(graph, "    ", "network", network->name);
	put_subnet(graph, &network->ipv4);
	put_subnet(graph, &network->ipv6);
	if (network->internet)
		put_line(graph, "internet");
	end_node(graph, "shape=plaintext");
	put_hosts(graph, "    ", network);
	put_replicas(graph, network);
	fputs("  }\n", graph->file);
	put_edge(graph, id_of(from, "interface", network->interface), id_of(to, "network", network->name), "",
		"dir=none");
}

static void put_networks(const struct graph *graph)
{
	for (size_t i = 0; i < graph->spec->n_networks; i++)
		put_network(graph, &graph->spec->networks[i]);
	put_hosts(graph, "  ", NULL);
}

static void put_prefixes(const struct graph *graph)
{
	char inside[LS_PREFIX_TEXT_MAX], outside[LS_PREFIX_TEXT_MAX], from[ID_MAX], to[ID_MAX];

	for (size_t i = 0; i < graph->spec->nat.n_prefixes && i < LEADS_MAX; i++) {
		const struct ls_spec_prefix_mapping *prefixes = &graph->spec->nat.prefixes[i];

		begin_node(graph, "  ", "prefix", ls_prefix_format(&prefixes->outside, outside));
		put_line(graph, "%s", outside);
		end_node(graph, "shape=cds");
		begin_node(graph, "  ", "prefix", ls_prefix_format(&prefixes->inside, inside));
		put_line(graph, "%s", inside);
		end_node(graph, "shape=plaintext");
		put_edge(graph, id_of(from, "prefix", outside), id_of(to, "prefix", inside), "prefix", "dir=both");
	}
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static void put_graph(struct graph *graph)
{
	collect_leads(graph);
	fputs("digraph \"", graph->file);
	put(graph, graph->spec->name);
	fputs("\" {\n"
	      "  graph [rankdir=LR, fontname=\"sans-serif\", style=rounded];\n"
	      "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
	      "  edge [fontname=\"sans-serif\", fontsize=10];\n",
		graph->file);
	put_host(graph);
	put_ways(graph);
	put_public(graph);
	put_networks(graph);
	put_tunnels(graph);
	put_leads(graph);
	put_prefixes(graph);
	fputs("}\n", graph->file);
}

enum cli_exit cli_graph(struct cli *cli)
{
	LS_CLEANUP(cli_spec_done) struct cli_spec spec = { 0 };
	struct graph graph = { .file = cli->out.file };
	enum cli_exit status = cli_spec_read(cli, &spec);

	cli_print_findings(cli, &spec.diag, &spec.source);
	if (status != CLI_EXIT_DONE)
		return status;
	graph.spec = spec.spec;
	put_graph(&graph);
	return CLI_EXIT_DONE;
}
