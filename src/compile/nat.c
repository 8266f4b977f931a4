/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks, public addresses, forwards, nat and the filter: elements of linkspan's nftables table, which is there as
 * soon as a spec has any of them; the public addresses themselves; and forwarding, without which all of it would be for
 * nothing.
 */
#include "compiler.h"

#include <linkspan/nft.h>

#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <linux/netfilter.h>

/* The one of two sets that is of a family. */
#define SET(name, family) ((family) == AF_INET6 ? LS_NFT_##name##6 : LS_NFT_##name##4)

static struct ls_nft_element *add_element(struct compiler *compiler, enum ls_nft_set_id set, struct ls_mark mark)
{
	struct ls_nft_element *element = compiler_add(compiler, &ls_kind_nft_element, mark);

	if (!element)
		return NULL;
	element->set = (uint8_t)set;
	element->object.set = LS_BIT(LS_NFT_ELEMENT_SET);
	return element;
}

static void add_prefix(
	struct compiler *compiler, enum ls_nft_set_id set, struct ls_mark mark, const struct ls_prefix *prefix)
{
	struct ls_nft_element *element = add_element(compiler, set, mark);

	if (!element)
		return;
	element->prefix = *prefix;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_PREFIX);
}

static void add_prefix_mapping(struct compiler *compiler, enum ls_nft_set_id set, struct ls_mark mark,
	const struct ls_prefix *from, const struct ls_prefix *to)
{
	struct ls_nft_element *element = add_element(compiler, set, mark);

	if (!element)
		return;
	element->prefix = *from;
	element->to_prefix = *to;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_PREFIX) | LS_BIT(LS_NFT_ELEMENT_TO_PREFIX);
}

/* `to` NULL: a set of addresses. */
static void add_address(struct compiler *compiler, enum ls_nft_set_id set, struct ls_mark mark,
	const struct ls_ip *address, const struct ls_ip *to)
{
	struct ls_nft_element *element = add_element(compiler, set, mark);

	if (!element)
		return;
	element->address = *address;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_ADDRESS);
	if (!to)
		return;
	element->to = *to;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_TO);
}

static void add_link(
	struct compiler *compiler, enum ls_nft_set_id set, struct ls_mark mark, const char *iif, const char *oif)
{
	struct ls_nft_element *element = add_element(compiler, set, mark);

	if (!element)
		return;
	element->iif = iif;
	element->oif = oif;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_IIF) | (oif ? LS_BIT(LS_NFT_ELEMENT_OIF) : 0);
}

/* ---- ports ------------------------------------------------------------------------------------------------------- */

struct ports {
	struct ls_mark mark;
	const char *dev; /* whose addresses they are, whichever those may be; NULL: */
	struct ls_ip address, to;
	uint8_t protocol;
	uint16_t port, last_port, to_port;
};

static void set_port(struct ls_nft_element *element, uint8_t protocol, uint16_t port, uint16_t last_port)
{
	if (protocol) {
		element->protocol = ls_nft_protocol_name(protocol);
		element->object.set |= LS_BIT(LS_NFT_ELEMENT_PROTOCOL);
	}
	if (port) {
		element->port = port;
		element->object.set |= LS_BIT(LS_NFT_ELEMENT_PORT);
	}
	if (last_port != port) {
		element->last_port = last_port;
		element->object.set |= LS_BIT(LS_NFT_ELEMENT_LAST_PORT);
	}
}

static struct ls_nft_element *add_port_key(struct compiler *compiler, enum ls_nft_set_id set, const struct ports *ports)
{
	struct ls_nft_element *element = add_element(compiler, set, ports->mark);

	if (!element)
		return NULL;
	if (ports->dev) {
		element->iif = ports->dev;
		element->object.set |= LS_BIT(LS_NFT_ELEMENT_IIF);
	} else {
		element->address = ports->address;
		element->object.set |= LS_BIT(LS_NFT_ELEMENT_ADDRESS);
	}
	set_port(element, ports->protocol, ports->port, ports->last_port);
	return element;
}

/* One port goes into a hash, a range into the interval map, where ports stay as they are. */
static enum ls_nft_set_id map_of(const struct ports *ports)
{
	bool range = ports->port != ports->last_port;
	uint8_t family = ports->to.family;

	if (ports->dev)
		return range ? SET(HERE_RANGE, family) : SET(HERE, family);
	return range ? SET(RANGE, family) : SET(FWD, family);
}

static void add_ports(struct compiler *compiler, const struct ports *ports)
{
	struct ls_nft_element *element = add_port_key(compiler, map_of(ports), ports);

	if (!element)
		return;
	element->to = ports->to;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_TO);
	if (ports->port != ports->last_port)
		return;
	element->to_port = ports->to_port;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_TO_PORT);
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

static void compile_subnet(
	struct compiler *compiler, const struct ls_spec_network *network, const struct ls_spec_subnet *subnet)
{
	uint8_t family = subnet->subnet.ip.family;

	if (family)
		add_prefix(compiler, network->internet ? SET(MASQUERADE, family) : SET(CLOSED, family),
			subnet->subnet_mark, &subnet->subnet);
}

/* Several networks can be on one link. */
static bool is_first_on_link(struct compiler *compiler, size_t i)
{
	const struct ls_spec_network *networks = compiler->spec->networks;

	for (size_t k = 0; k < i; k++)
		if (!strcmp(networks[k].interface, networks[i].interface))
			return false;
	return true;
}

static void route_to_others(struct compiler *compiler, size_t i)
{
	const struct ls_spec_network *networks = compiler->spec->networks;

	for (size_t k = 0; k < compiler->spec->n_networks; k++)
		if (k != i && is_first_on_link(compiler, k))
			add_link(compiler, LS_NFT_ROUTED, compiler->spec->nat.mark,
				compiler_device(compiler, networks[i].interface),
				compiler_device(compiler, networks[k].interface));
}

static void compile_networks(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_networks; i++) {
		const struct ls_spec_network *network = &compiler->spec->networks[i];

		compile_subnet(compiler, network, &network->ipv4);
		compile_subnet(compiler, network, &network->ipv6);
		if (!is_first_on_link(compiler, i))
			continue;
		add_link(compiler, LS_NFT_INNER, network->interface_mark, compiler_device(compiler, network->interface),
			NULL);
		if (compiler->spec->nat.route_between_networks || compiler->spec->failover.route_between_networks)
			route_to_others(compiler, i);
	}
}

/* ---- public addresses -------------------------------------------------------------------------------------------- */

/* The interface may have it as one of its own, with the length of its subnet. */
static bool is_there_already(const struct ls_spec *spec, const struct ls_ip *ip)
{
	const struct ls_spec_interface *interface = ls_spec_find_interface(spec, spec->public_ips.interface);
	const struct ls_spec_family *family = interface ? ls_spec_family(interface, ip->family) : NULL;

	for (size_t i = 0; family && i < family->n_addresses; i++)
		if (!memcmp(&family->addresses[i].address.ip, ip, sizeof(*ip)))
			return true;
	return false;
}

/* What the host sends by itself, and what it masquerades, does not come from a public address: replies would be for
 * somebody else. Of IPv4 the primary address is taken (inet_select_addr). */
static void compile_public_address(struct compiler *compiler, const struct ls_spec_ip *address)
{
	struct ls_address *object;
	const struct ls_spec_address alone = {
		.mark = address->mark,
		.address = ls_ip_alone(&address->ip),
	};

	add_address(compiler, SET(PUBLIC, address->ip.family), address->mark, &address->ip, NULL);
	if (is_there_already(compiler->spec, &address->ip))
		return;
	object = compile_address(compiler, compiler_device(compiler, compiler->spec->public_ips.interface), &alone);
	if (!object || address->ip.family != AF_INET6)
		return;
	object->deprecated = 1;
	object->object.set |= LS_BIT(LS_ADDRESS_DEPRECATED);
}

static void compile_mapping(struct compiler *compiler, const struct ls_spec_mapping *mapping)
{
	const struct ports ports = {
		.mark = mapping->mark,
		.address = mapping->public_ip,
		.to = mapping->to,
		.protocol = mapping->protocol,
		.port = mapping->port,
		.last_port = mapping->last_port,
		.to_port = mapping->to_port,
	};

	if (mapping->protocol) {
		add_ports(compiler, &ports);
		return;
	}
	add_address(compiler, SET(ONE, mapping->to.family), mapping->mark, &mapping->public_ip, &mapping->to);
	add_address(compiler, SET(SOURCE, mapping->to.family), mapping->mark, &mapping->to, &mapping->public_ip);
}

static void compile_public_ips(struct compiler *compiler)
{
	const struct ls_spec_public *spec = &compiler->spec->public_ips;

	for (size_t i = 0; i < spec->n_addresses; i++)
		compile_public_address(compiler, &spec->addresses[i]);
	for (size_t i = 0; i < spec->n_mappings; i++)
		compile_mapping(compiler, &spec->mappings[i]);
}

/* ---- forwards ---------------------------------------------------------------------------------------------------- */

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

/* At an address, or (NULL) at those of the link `dev`. */
static void compile_forward_of(
	struct compiler *compiler, const struct ls_spec_forward *forward, const struct ls_ip *address, const char *dev)
{
	struct ports ports = {
		.mark = forward->mark,
		.dev = address ? NULL : dev,
		.address = address ? *address : (struct ls_ip){ 0 },
		.to = forward->to,
		.port = forward->port,
		.last_port = forward->last_port,
		.to_port = forward->to_port,
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(protocols); i++) {
		if (!ls_spec_forwards(forward, protocols[i]))
			continue;
		ports.protocol = protocols[i];
		add_ports(compiler, &ports);
	}
}

/* At each address that the interface has in the family of the target; where it gets them from others, at those. */
static void compile_forward(struct compiler *compiler, const struct ls_spec_forward *forward)
{
	const struct ls_spec_interface *interface = ls_spec_find_interface(compiler->spec, forward->interface);
	const struct ls_spec_family *family = interface ? ls_spec_family(interface, forward->to.family) : NULL;

	if (family && family->method == LS_METHOD_AUTO) {
		compile_forward_of(compiler, forward, NULL, compiler_device(compiler, forward->interface));
		return;
	}
	for (size_t k = 0; family && k < family->n_addresses; k++)
		compile_forward_of(compiler, forward, &family->addresses[k].address.ip, NULL);
}

/* Who is asked does not see by whom. Several forwards may lead to one target. */
static void hide_source(struct compiler *compiler, size_t i, uint8_t protocol)
{
	const struct ls_spec_forward *forwards = compiler->spec->forwards, *forward = &forwards[i];
	const struct ports target = {
		.mark = forward->mark,
		.address = forward->to,
		.protocol = protocol,
		.port = forward->to_port ? forward->to_port : forward->port,
		.last_port = forward->to_port ? forward->to_port : forward->last_port,
	};

	for (size_t k = 0; k < i; k++)
		if (forwards[k].source == LS_SOURCE_MASQUERADE && ls_spec_forwards(&forwards[k], protocol) &&
			ls_spec_same_target(&forwards[k], forward))
			return;
	(void)add_port_key(compiler, SET(HIDDEN, forward->to.family), &target);
}

static void compile_source(struct compiler *compiler, size_t i)
{
	const struct ls_spec_forward *forward = &compiler->spec->forwards[i];

	for (size_t k = 0; k < LS_ARRAY_SIZE(protocols) && forward->source == LS_SOURCE_MASQUERADE; k++)
		if (ls_spec_forwards(forward, protocols[k]))
			hide_source(compiler, i, protocols[k]);
}

static void compile_forwards(struct compiler *compiler)
{
	const struct ls_spec *spec = compiler->spec;

	for (size_t i = 0; i < spec->n_forwards; i++) {
		compile_forward(compiler, &spec->forwards[i]);
		compile_source(compiler, i);
	}
	for (size_t i = 0; i < spec->gateway.n_services; i++) {
		struct ls_spec_forward forward = ls_spec_gateway_forward(&spec->gateway, i);

		compile_forward(compiler, &forward);
	}
}

/* ---- nat --------------------------------------------------------------------------------------------------------- */

/* Nobody says where the world is: it may be behind each link that is no network's. */
static void compile_possible_uplinks(struct compiler *compiler)
{
	const struct ls_spec *spec = compiler->spec;

	for (size_t i = 0; i < spec->n_interfaces - spec->n_tunnels; i++)
		if (!ls_spec_is_inner(spec, spec->interfaces[i].name))
			add_link(compiler, LS_NFT_UPLINKS, spec->interfaces[i].mark, compiler->devices[i], NULL);
}

static void compile_uplinks(struct compiler *compiler)
{
	const struct ls_spec *spec = compiler->spec;

	for (size_t i = 0; i < spec->nat.n_uplinks; i++)
		add_link(compiler, LS_NFT_UPLINKS, spec->nat.uplinks[i].mark,
			compiler_device(compiler, spec->nat.uplinks[i].name), NULL);
	if (spec->nat.n_uplinks || !ls_spec_has_networks(spec))
		return;
	if (spec->public_ips.interface)
		add_link(compiler, LS_NFT_UPLINKS, spec->public_ips.interface_mark,
			compiler_device(compiler, spec->public_ips.interface), NULL);
	else if (spec->n_networks)
		compile_possible_uplinks(compiler);
}

static void compile_nat_section(struct compiler *compiler)
{
	const struct ls_spec_nat *nat = &compiler->spec->nat;

	for (size_t i = 0; i < nat->n_masquerade; i++)
		add_prefix(compiler, SET(MASQUERADE, nat->masquerade[i].subnet.ip.family), nat->masquerade[i].mark,
			&nat->masquerade[i].subnet);
	for (size_t i = 0; i < nat->n_prefixes; i++) {
		const struct ls_spec_prefix_mapping *prefixes = &nat->prefixes[i];

		add_prefix_mapping(compiler, LS_NFT_INWARDS6, prefixes->mark, &prefixes->outside, &prefixes->inside);
		add_prefix_mapping(compiler, LS_NFT_OUTWARDS6, prefixes->mark, &prefixes->inside, &prefixes->outside);
	}
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

#define IPV4_TCP 40u /* bytes of the headers without options: RFC 791, RFC 9293 */
#define IPV6_TCP 60u /* RFC 8200 */

static void add_segment(struct compiler *compiler, enum ls_nft_set_id set, const struct ls_spec_interface *interface,
	const char *dev, uint32_t mss)
{
	struct ls_nft_element *element = add_element(compiler, set, interface->clamp_mss_mark);

	if (!element)
		return;
	element->iif = dev;
	element->mss = (uint16_t)mss;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_IIF) | LS_BIT(LS_NFT_ELEMENT_MSS);
}

static void compile_segments(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &compiler->spec->interfaces[i];
		uint32_t mtu = compiler->mtus[i];

		if (!interface->clamp_mss || !compiler_has_interface(compiler, i))
			continue;
		add_segment(compiler, LS_NFT_MSS4, interface, compiler->devices[i], mtu - IPV4_TCP);
		if (mtu >= LS_IPV6_MTU_MIN)
			add_segment(compiler, LS_NFT_MSS6, interface, compiler->devices[i], mtu - IPV6_TCP);
	}
}

/* ---- filter ------------------------------------------------------------------------------------------------------ */

/* Of no family: any. */
static struct ls_prefix prefix_or_any(const struct ls_prefix *prefix, uint8_t family)
{
	return prefix->ip.family ? *prefix : (struct ls_prefix){ .ip.family = family };
}

static void add_allowed(
	struct compiler *compiler, enum ls_nft_set_id set, const struct ls_spec_allow *allow, uint8_t family)
{
	struct ls_nft_element *element = add_element(compiler, set, allow->mark);

	if (!element)
		return;
	element->prefix = prefix_or_any(&allow->from, family);
	element->destination = prefix_or_any(&allow->to, family);
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_PREFIX) | LS_BIT(LS_NFT_ELEMENT_DESTINATION);
	set_port(element, allow->protocol, allow->port, allow->last_port);
}

static void compile_allowed(struct compiler *compiler, enum ls_nft_set_id set4, enum ls_nft_set_id set6,
	const struct ls_spec_filter_chain *chain)
{
	for (size_t i = 0; i < chain->n_allow; i++) {
		const struct ls_spec_allow *allow = &chain->allow[i];
		uint8_t family = allow->from.ip.family ? allow->from.ip.family : allow->to.ip.family;

		if (family != AF_INET6)
			add_allowed(compiler, set4, allow, AF_INET);
		if (family != AF_INET)
			add_allowed(compiler, set6, allow, AF_INET6);
	}
}

static void let_managers_in(struct compiler *compiler)
{
	const struct ls_spec_management *management = &compiler->spec->management;

	for (size_t i = 0; i < management->n_peers; i++) {
		const struct ls_spec_allow allow = { .mark = management->peers[i].mark,
			.from = management->peers[i].subnet };

		add_allowed(compiler, allow.from.ip.family == AF_INET6 ? LS_NFT_LET_IN6 : LS_NFT_LET_IN4, &allow,
			allow.from.ip.family);
	}
}

/* The hooks where what nothing allows is dropped. */
static uint32_t compile_filter(struct compiler *compiler)
{
	const struct ls_spec_filter *filter = &compiler->spec->filter;

	if (filter->input.policy == LS_NFT_POLICY_DROP)
		let_managers_in(compiler);
	compile_allowed(compiler, LS_NFT_LET_IN4, LS_NFT_LET_IN6, &filter->input);
	compile_allowed(compiler, LS_NFT_LET_THROUGH4, LS_NFT_LET_THROUGH6, &filter->forward);
	return (filter->input.policy == LS_NFT_POLICY_DROP ? LS_BIT(NF_INET_LOCAL_IN) : 0) |
	       (filter->forward.policy == LS_NFT_POLICY_DROP ? LS_BIT(NF_INET_FORWARD) : 0);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* Where the spec first says something of it; line 0: nowhere. */
static struct ls_mark first_mark(const struct compiler *compiler)
{
	const struct ls_spec *spec = compiler->spec;

	if (spec->nat.mark.line)
		return spec->nat.mark;
	if (spec->public_ips.mark.line && ls_spec_has_networks(spec))
		return spec->public_ips.mark;
	if (spec->n_networks && ls_spec_has_networks(spec))
		return spec->networks[0].mark;
	for (size_t i = 0; i < spec->n_interfaces; i++)
		if (spec->interfaces[i].clamp_mss && compiler_has_interface(compiler, i))
			return spec->interfaces[i].clamp_mss_mark;
	if (spec->filter.mark.line)
		return spec->filter.mark;
	return spec->n_forwards ? spec->forwards[0].mark : spec->gateway.mark;
}

static void add_skeleton(struct compiler *compiler, uint32_t drops, struct ls_mark mark)
{
	size_t n = compiler->set->n_objects;

	if (ls_nft_add_skeleton(compiler->set, drops) < 0)
		compiler->out_of_memory = true;
	for (; n < compiler->set->n_objects; n++) {
		compiler->set->objects[n]->line = mark.line;
		compiler->set->objects[n]->column = mark.column;
	}
}

static bool has_family(const struct compiler *compiler, size_t from, uint8_t family)
{
	for (; from < compiler->set->n_objects; from++) {
		const struct ls_nft_element *element = (const struct ls_nft_element *)compiler->set->objects[from];

		if (element->object.kind == &ls_kind_nft_element &&
			(element->address.family == family || element->prefix.ip.family == family ||
				element->to.family == family))
			return true;
	}
	return false;
}

static void forward_packets(struct compiler *compiler, size_t from, struct ls_mark mark)
{
	static const struct {
		uint8_t family;
		const char *path;
	} switches[] = { { AF_INET, "net/ipv4/ip_forward" }, { AF_INET6, "net/ipv6/conf/all/forwarding" } };

	for (size_t i = 0; i < LS_ARRAY_SIZE(switches); i++)
		if (has_family(compiler, from, switches[i].family))
			compile_needed_sysctl(compiler, switches[i].path, "1", NULL, mark);
}

void compile_nat(struct compiler *compiler)
{
	struct ls_mark mark = first_mark(compiler);
	size_t from = compiler->set->n_objects;

	if (!mark.line)
		return;
	if (ls_spec_has_networks(compiler->spec)) {
		compile_networks(compiler);
		compile_public_ips(compiler);
	}
	compile_forwards(compiler);
	compile_uplinks(compiler);
	compile_nat_section(compiler);
	compile_segments(compiler);
	forward_packets(compiler, from, mark);
	add_skeleton(compiler, compile_filter(compiler), mark);
}
