/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of tunnels. When all is read each becomes an interface too, so that whatever names an interface can name a
 * tunnel; its MTU and port follow from what is around it.
 */
#include "tunnels.h"

#include <string.h>
#include <sys/socket.h>

/* ---- values ------------------------------------------------------------------------------------------------------ */

static const char *check_public_key(const char *text)
{
	struct ls_crypto_key key;

	return ls_key_parse(text, &key) < 0 ? "is no public key: 32 bytes as base64, as `linkspan keygen` prints them"
					    : NULL;
}

static const char *check_path(const char *text)
{
	return *text ? NULL : "is no name of a file";
}

/* Into `endpoint` and, behind it, `endpoint_port`. */
static int decode_endpoint(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const char what[] = "an address and a port, like 192.0.2.1:51820 or [2001:db8::1]:51820";
	struct ls_spec_peer *peer = (void *)((char *)value - offsetof(struct ls_spec_peer, endpoint));
	struct ls_ip ip;
	uint16_t port;
	int r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, what);

	if (r != 0)
		return r;
	if (!ls_parse_target(event->text, &ip, &port) || !port)
		return ls_decode_refuse(decoder, key, event, what);
	peer->endpoint = ip;
	peer->endpoint_port = port;
	return 0;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_key allowed_key = { LS_NAME("prefix"), LS_AT(ls_spec_subnet_entry, subnet),
	.decode = ls_decode_network };

static const struct ls_mapping allowed_mapping = {
	.what = "an allowed prefix",
	.size = sizeof(struct ls_spec_subnet_entry),
	.shorthand = &allowed_key,
};

static const struct ls_key peer_keys[] = {
	{ LS_NAME("name"), LS_AT(ls_spec_peer, name), LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("public_key"), LS_AT(ls_spec_peer, public_key), LS_MARK(ls_spec_peer, public_key_mark),
		LS_TEXT(check_public_key), .needed = LS_ALWAYS },
	{ LS_NAME("preshared_key_file"), LS_AT(ls_spec_peer, preshared_key_file), LS_MARK(ls_spec_peer, preshared_mark),
		LS_TEXT(check_path) },
	{ LS_NAME("endpoint"), LS_AT(ls_spec_peer, endpoint), LS_MARK(ls_spec_peer, endpoint_mark),
		.decode = decode_endpoint },
	{ LS_NAME("persistent_keepalive"), LS_AT(ls_spec_peer, keepalive), LS_NUMBER(0, 65535) },
	{ LS_NAME("allowed_ips"), LS_AT(ls_spec_peer, allowed_ips), LS_PRESENT(ls_spec_peer, n_allowed_ips),
		LS_LIST(&allowed_mapping) },
};

static const struct ls_mapping peer_mapping = {
	.what = "a peer",
	.keys = peer_keys,
	.n_keys = LS_ARRAY_SIZE(peer_keys),
	.size = sizeof(struct ls_spec_peer),
};

static const struct ls_word types[] = { { "wireguard", LS_TUNNEL_WIREGUARD }, { NULL, 0 } };

static const struct ls_key tunnel_keys[] = {
	{ LS_NAME("type"), LS_AT(ls_spec_tunnel, type), LS_WORD(types), .needed = LS_ALWAYS },
	{ LS_NAME("family"), LS_AT(ls_spec_tunnel, family), LS_WORD(ls_family_words), .needed = LS_ALWAYS },
	{ LS_NAME("network"), LS_AT(ls_spec_tunnel, network), LS_MARK(ls_spec_tunnel, network_mark),
		LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("underlay"), LS_AT(ls_spec_tunnel, underlay), LS_MARK(ls_spec_tunnel, underlay_mark),
		LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("listen_port"), LS_AT(ls_spec_tunnel, listen_port), LS_MARK(ls_spec_tunnel, port_mark),
		LS_NUMBER(1, 65535) },
	{ LS_NAME("private_key_file"), LS_AT(ls_spec_tunnel, private_key_file), LS_MARK(ls_spec_tunnel, key_mark),
		LS_TEXT(check_path), .needed = LS_ALWAYS },
	{ LS_NAME("fwmark"), LS_AT(ls_spec_tunnel, fwmark), LS_NUMBER(0, UINT32_MAX) },
	{ LS_NAME("mtu"), LS_AT(ls_spec_tunnel, mtu), LS_MARK(ls_spec_tunnel, mtu_mark), LS_NUMBER(68, 65535) },
	{ LS_NAME("clamp_mss"), LS_AT(ls_spec_tunnel, clamp_mss), LS_BOOL },
	{ LS_NAME("peers"), LS_AT(ls_spec_tunnel, peers), LS_PRESENT(ls_spec_tunnel, n_peers), LS_LIST(&peer_mapping) },
};

static const struct ls_key tunnel_name = { LS_NAME("tunnel"), LS_AT(ls_spec_tunnel, name),
	LS_TEXT(ls_check_interface_name) };

const struct ls_mapping ls_tunnel_mapping = {
	.what = "a tunnel",
	.keys = tunnel_keys,
	.n_keys = LS_ARRAY_SIZE(tunnel_keys),
	.size = sizeof(struct ls_spec_tunnel),
	.name = &tunnel_name,
};

const struct ls_reader_form ls_tunnel_forms[] = {
	{ ls_decode_text, check_public_key,
		{ .type = LS_FORM_TEXT,
			.name = "public_key",
			.about = "32 bytes as base64",
			.pattern = "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$" } },
	{ ls_decode_text, check_path,
		{ .type = LS_FORM_TEXT, .name = "path", .about = "a file", .pattern = "^.+$", .or_number = true } },
	{ decode_endpoint, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "endpoint",
			.about = "an address and a port, IPv6 in brackets",
			.pattern = "^(" LS_PATTERN_IPV4 "|\\[" LS_PATTERN_IPV6 "\\]):" LS_PATTERN_PORT "$" } },
	{ 0 },
};

/* ---- as interfaces ----------------------------------------------------------------------------------------------- */

static void become_interface(const struct ls_spec_tunnel *tunnel, struct ls_spec_interface *ret)
{
	*ret = (struct ls_spec_interface){
		.mark = tunnel->mark,
		.name = tunnel->name,
		.create_mark = tunnel->mark,
		.create = LS_CREATE_WIREGUARD,
		.mtu = tunnel->mtu,
		.mtu_mark = tunnel->mtu_mark,
		.up = true,
		.clamp_mss = tunnel->clamp_mss,
		.clamp_mss_mark = tunnel->mark,
	};
	/* It carries one family; IPv4 is where addresses are, IPv6 would be there by itself. */
	if (tunnel->family == AF_INET)
		ret->ipv6 = (struct ls_spec_family){
			.mark = tunnel->mark, .method_mark = tunnel->mark, .method = LS_METHOD_DISABLED
		};
}

int ls_tunnels_as_interfaces(struct ls_spec *spec)
{
	struct ls_spec_interface *all;

	if (!spec->n_tunnels)
		return 0;
	all = ls_arena_alloc(spec->arena, (spec->n_interfaces + spec->n_tunnels) * sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (spec->n_interfaces)
		memcpy(all, spec->interfaces, spec->n_interfaces * sizeof(*all));
	for (size_t i = 0; i < spec->n_tunnels; i++)
		become_interface(&spec->tunnels[i], &all[spec->n_interfaces + i]);
	spec->interfaces = all;
	spec->n_interfaces += spec->n_tunnels;
	return 0;
}

/* ---- what follows ------------------------------------------------------------------------------------------------ */

/* Bytes around a packet: 32 of WireGuard's data message, 8 of UDP, and the outer header (RFC 791, RFC 8200). Where it
 * is not known by which family the other end calls, there has to be room for the larger one. */
#define WIREGUARD_IPV4 60u
#define WIREGUARD_IPV6 80u
#define ETHERNET_MTU 1500u

static uint32_t overhead(const struct ls_spec_tunnel *tunnel)
{
	for (size_t i = 0; i < tunnel->n_peers; i++)
		if (tunnel->peers[i].endpoint.family != AF_INET)
			return WIREGUARD_IPV6;
	return tunnel->n_peers ? WIREGUARD_IPV4 : WIREGUARD_IPV6;
}

uint32_t ls_tunnel_room(const struct ls_spec *spec, const struct ls_spec_tunnel *tunnel)
{
	const struct ls_spec_interface *underlay = ls_spec_find_interface(spec, tunnel->underlay);
	uint32_t mtu = underlay && underlay->mtu ? underlay->mtu : ETHERNET_MTU;

	return mtu > overhead(tunnel) ? mtu - overhead(tunnel) : 0;
}

static size_t place_of(const struct ls_spec *spec, const char *network)
{
	size_t i = 0;

	while (i < spec->n_networks && strcmp(spec->networks[i].name, network) != 0)
		i++;
	return i;
}

void ls_tunnels_settle(struct ls_spec *spec)
{
	struct ls_spec_interface *interfaces = spec->interfaces + spec->n_interfaces - spec->n_tunnels;

	for (size_t i = 0; i < spec->n_tunnels; i++) {
		struct ls_spec_tunnel *tunnel = &spec->tunnels[i];

		if (!tunnel->mtu)
			tunnel->mtu = ls_tunnel_room(spec, tunnel);
		interfaces[i].mtu = tunnel->mtu;
		if (!tunnel->listen_port && tunnel->network)
			tunnel->listen_port = (uint16_t)(LS_TUNNEL_PORT + 2 * place_of(spec, tunnel->network) +
							 (tunnel->family == AF_INET6));
	}
}
