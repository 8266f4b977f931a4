/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of tunnels. When all is read each becomes an interface too, so that whatever names an interface can name a
 * tunnel; its MTU and port follow from what is around it.
 */
#include "tunnels.h"

#include <linkspan/model.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SPI_MIN 256u /* those below are reserved (RFC 4303, section 2.1) */
#define ESP_DEFAULT "aes256-sha256"

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

/* "HOST:PORT" */
static bool is_name_and_port(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? strspn(colon + 1, "0123456789") : 0;
	char host[256];

	if (!n || n > strlen("65535") || colon[1 + n] || colon[1] == '0' || (size_t)(colon - text) >= sizeof(host) ||
		strtoul(colon + 1, NULL, 10) > UINT16_MAX)
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	return !ls_check_dns_name(host);
}

static int keep_name(struct ls_decoder *decoder, const struct ls_yaml_event *event, struct ls_spec_peer *peer)
{
	peer->endpoint_name = ls_arena_intern(decoder->arena, event->text, event->length);
	return peer->endpoint_name ? 0 : -ENOMEM;
}

/* Into `endpoint` and, behind it, `endpoint_port`; or into `endpoint_name`. */
static int decode_endpoint(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const char what[] = "an address or a host name, and a port, like 192.0.2.1:51820, [2001:db8::1]:51820 "
				   "or gw.example.net:51820";
	struct ls_spec_peer *peer = (void *)((char *)value - offsetof(struct ls_spec_peer, endpoint));
	struct ls_ip ip;
	uint16_t port;
	int r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, what);

	if (r != 0)
		return r;
	if (is_name_and_port(event->text))
		return keep_name(decoder, event, peer);
	if (!ls_parse_target(event->text, &ip, &port) || !port)
		return ls_decode_refuse(decoder, key, event, what);
	peer->endpoint = ip;
	peer->endpoint_port = port;
	return 0;
}

/* Ciphers that make a stream of a counter: with a key for good, a counter that begins anew after every start gives the
 * same stream twice, and with it what was sent. */
static bool counts(const char *text)
{
	static const char *const parts[] = { "gcm", "ccm", "ctr", "gmac", "chacha20" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(parts); i++)
		if (strstr(text, parts[i]))
			return true;
	return false;
}

static int decode_proposal(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const char what[] = "aes128, aes192 or aes256, a hyphen, and sha256, sha384 or sha512";
	const struct ls_esp_proposal *proposal;
	int r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, what);

	if (r != 0)
		return r;
	proposal = ls_esp_proposal_by_name(event->text);
	if (!proposal && counts(event->text)) {
		ls_report_error(decoder->report, event->mark, "esp-proposal",
			"'%s' must not be used with manual keys (RFC 8221, section 3): its counter begins anew with "
			"every start; write aes256-sha256, or let an IKE daemon make the keys (keying: ike)",
			key->name);
		return 1;
	}
	if (!proposal)
		return ls_decode_refuse(decoder, key, event, what);
	*(const struct ls_esp_proposal **)value = proposal;
	return 0;
}

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static void finish_manual(struct ls_decoder *decoder, struct ls_mark mark, struct ls_spec_tunnel *tunnel)
{
	if (!tunnel->sa_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"a tunnel with manual keys has no 'sa'; it needs one, with the SPIs and keys of both ways");
	if (tunnel->encap)
		ls_report_error(decoder->report, tunnel->encap_mark, "esp-encap",
			"'encap' does not go with manual keys: the kernel opens UDP only for a process that holds the "
			"socket, as an IKE daemon does; remove it, or say keying: ike");
	if (!tunnel->proposal)
		tunnel->proposal = ls_esp_proposal_by_name(ESP_DEFAULT);
}

static void finish_ike(struct ls_decoder *decoder, const struct ls_spec_tunnel *tunnel)
{
	if (tunnel->sa_mark.line)
		ls_report_error(decoder->report, tunnel->sa_mark, "unknown-key",
			"'sa' does not go with keying: ike, where the daemon makes the keys; remove it");
	if (tunnel->proposal_mark.line)
		ls_report_error(decoder->report, tunnel->proposal_mark, "unknown-key",
			"'esp_proposal' does not go with keying: ike, where the daemon agrees on it; remove it");
}

static void finish_tunnel(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_tunnel *tunnel = target;

	if (tunnel->type != LS_TUNNEL_IPSEC || seen->bad)
		return;
	if (tunnel->keying == LS_KEYING_MANUAL)
		finish_manual(decoder, mark, tunnel);
	else
		finish_ike(decoder, tunnel);
	if (tunnel->local_addr.family != tunnel->remote_addr.family && tunnel->local_addr.family &&
		tunnel->remote_addr.family)
		ls_report_error(decoder->report, tunnel->remote_mark, "type",
			"'remote_addr' is an %s address, but 'local_addr' is an %s one; both ends are of one family",
			ls_ip_family_name(tunnel->remote_addr.family), ls_ip_family_name(tunnel->local_addr.family));
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
	{ LS_NAME("endpoint_family"), LS_AT(ls_spec_peer, endpoint_family), LS_MARK(ls_spec_peer, family_mark),
		LS_WORD(ls_family_words) },
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

static const struct ls_word types[] = {
	{ "wireguard", LS_TUNNEL_WIREGUARD },
	{ "ipsec", LS_TUNNEL_IPSEC },
	{ NULL, 0 },
};

static const struct ls_word keyings[] = { { "manual", LS_KEYING_MANUAL }, { "ike", LS_KEYING_IKE }, { NULL, 0 } };

static const struct ls_key sa_keys[] = {
	{ LS_NAME("spi"), LS_AT(ls_spec_sa, spi), LS_MARK(ls_spec_sa, spi_mark), LS_NUMBER(SPI_MIN, UINT32_MAX),
		.needed = LS_ALWAYS },
	{ LS_NAME("key_file"), LS_AT(ls_spec_sa, key_file), LS_MARK(ls_spec_sa, key_mark), LS_TEXT(check_path),
		.needed = LS_ALWAYS },
};

static const struct ls_mapping sa_mapping = {
	.what = "a security association",
	.keys = sa_keys,
	.n_keys = LS_ARRAY_SIZE(sa_keys),
	.size = sizeof(struct ls_spec_sa),
};

static const struct ls_key sas_keys[] = {
	{ LS_NAME("in"), LS_AT(ls_spec_tunnel, sa_in), LS_PRESENT(ls_spec_tunnel, n_sa_in), LS_ONE_OR_LIST(&sa_mapping),
		.needed = LS_ALWAYS },
	{ LS_NAME("out"), LS_AT(ls_spec_tunnel, sa_out), LS_MARK(ls_spec_tunnel, sa_out.mark), LS_MAPPING(&sa_mapping),
		.needed = LS_ALWAYS },
};

static const struct ls_mapping sas_mapping = {
	.what = "sa",
	.keys = sas_keys,
	.n_keys = LS_ARRAY_SIZE(sas_keys),
};

#define WIREGUARD LS_VARIANT(LS_TUNNEL_WIREGUARD)
#define IPSEC LS_VARIANT(LS_TUNNEL_IPSEC)

static const struct ls_key tunnel_keys[] = {
	{ LS_NAME("type"), LS_AT(ls_spec_tunnel, type), LS_WORD(types), .needed = LS_ALWAYS },
	{ LS_NAME("family"), LS_AT(ls_spec_tunnel, family), LS_WORD(ls_family_words), .needed = LS_ALWAYS },
	{ LS_NAME("network"), LS_AT(ls_spec_tunnel, network), LS_MARK(ls_spec_tunnel, network_mark),
		LS_TEXT(ls_check_spec_name) },
	{ LS_NAME("underlay"), LS_AT(ls_spec_tunnel, underlay), LS_MARK(ls_spec_tunnel, underlay_mark),
		LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("mtu"), LS_AT(ls_spec_tunnel, mtu), LS_MARK(ls_spec_tunnel, mtu_mark), LS_NUMBER(68, 65535) },
	{ LS_NAME("clamp_mss"), LS_AT(ls_spec_tunnel, clamp_mss), LS_BOOL },
	{ LS_NAME("listen_port"), LS_AT(ls_spec_tunnel, listen_port), LS_MARK(ls_spec_tunnel, port_mark),
		LS_NUMBER(1, 65535), .only = WIREGUARD },
	{ LS_NAME("private_key_file"), LS_AT(ls_spec_tunnel, private_key_file), LS_MARK(ls_spec_tunnel, key_mark),
		LS_TEXT(check_path), .needed = WIREGUARD, .only = WIREGUARD },
	{ LS_NAME("fwmark"), LS_AT(ls_spec_tunnel, fwmark), LS_NUMBER(0, UINT32_MAX), .only = WIREGUARD },
	{ LS_NAME("peers"), LS_AT(ls_spec_tunnel, peers), LS_PRESENT(ls_spec_tunnel, n_peers), LS_LIST(&peer_mapping),
		.only = WIREGUARD },
	{ LS_NAME("keying"), LS_AT(ls_spec_tunnel, keying), LS_MARK(ls_spec_tunnel, keying_mark), LS_WORD(keyings),
		.needed = IPSEC, .only = IPSEC },
	{ LS_NAME("local_addr"), LS_AT(ls_spec_tunnel, local_addr), LS_MARK(ls_spec_tunnel, local_mark), LS_IP,
		.needed = IPSEC, .only = IPSEC },
	{ LS_NAME("remote_addr"), LS_AT(ls_spec_tunnel, remote_addr), LS_MARK(ls_spec_tunnel, remote_mark), LS_IP,
		.needed = IPSEC, .only = IPSEC },
	{ LS_NAME("if_id"), LS_AT(ls_spec_tunnel, if_id), LS_MARK(ls_spec_tunnel, if_id_mark), LS_NUMBER(1, UINT32_MAX),
		.only = IPSEC },
	{ LS_NAME("esp_proposal"), LS_AT(ls_spec_tunnel, proposal), LS_MARK(ls_spec_tunnel, proposal_mark),
		.decode = decode_proposal, .only = IPSEC },
	{ LS_NAME("encap"), LS_AT(ls_spec_tunnel, encap), LS_MARK(ls_spec_tunnel, encap_mark), LS_BOOL, .only = IPSEC },
	{ LS_NAME("sa"), LS_SAME, LS_MARK(ls_spec_tunnel, sa_mark), LS_MAPPING(&sas_mapping), .only = IPSEC },
};

static const struct ls_key tunnel_name = { LS_NAME("tunnel"), LS_AT(ls_spec_tunnel, name),
	LS_TEXT(ls_check_interface_name) };

const struct ls_mapping ls_tunnel_mapping = {
	.what = "a tunnel",
	.keys = tunnel_keys,
	.n_keys = LS_ARRAY_SIZE(tunnel_keys),
	.size = sizeof(struct ls_spec_tunnel),
	.name = &tunnel_name,
	.variant = &tunnel_keys[0],
	.finish = finish_tunnel,
	.rules = ls_rules_tunnel,
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
			.about = "an address (IPv6 in brackets) or a host name, and a port",
			.pattern = "^(" LS_PATTERN_IPV4 "|\\[" LS_PATTERN_IPV6 "\\]|(?=[^:]{1,253}:)(" LS_PATTERN_LABEL
				   "\\.)*(?![0-9]+:)" LS_PATTERN_LABEL "):" LS_PATTERN_PORT "$" } },
	{ decode_proposal, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "esp_proposal",
			.about = "AES-CBC and HMAC-SHA-2, as swanctl writes them",
			.pattern = "^aes(128|192|256)-sha(256|384|512)$" } },
	{ 0 },
};

/* ---- as interfaces ----------------------------------------------------------------------------------------------- */

static void become_interface(
	const struct ls_spec *spec, const struct ls_spec_tunnel *tunnel, struct ls_spec_interface *ret)
{
	*ret = (struct ls_spec_interface){
		.mark = tunnel->mark,
		.name = tunnel->name,
		.create_mark = tunnel->mark,
		.create = tunnel->type == LS_TUNNEL_IPSEC ? LS_CREATE_XFRM : LS_CREATE_WIREGUARD,
		.id = tunnel->if_id,
		.mtu = tunnel->mtu,
		.mtu_mark = tunnel->mtu_mark,
		.up = true,
		/* In failover it is in the middle of others' connections: not all networks let ICMP through. */
		.clamp_mss = tunnel->clamp_mss || (tunnel->network && spec->failover.mark.line),
		.clamp_mss_mark = tunnel->mark,
	};
	/* It carries one family; IPv4 is where addresses are, IPv6 would be there by itself. */
	if (tunnel->family == AF_INET)
		ret->ipv6 = (struct ls_spec_family){
			.mark = tunnel->mark, .method_mark = tunnel->mark, .method = LS_METHOD_DISABLED
		};
}

/* FNV-1a, 24 bits of it. */
static uint32_t if_id_of(const char *name)
{
	uint32_t hash = UINT32_C(0x811c9dc5);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT32_C(0x01000193);
	return LS_IF_ID | (hash & 0xffffff);
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
	for (size_t i = 0; i < spec->n_tunnels; i++) {
		struct ls_spec_tunnel *tunnel = &spec->tunnels[i];

		if (tunnel->type == LS_TUNNEL_IPSEC && !tunnel->if_id)
			tunnel->if_id = if_id_of(tunnel->name);
		become_interface(spec, tunnel, &all[spec->n_interfaces + i]);
	}
	spec->interfaces = all;
	spec->n_interfaces += spec->n_tunnels;
	return 0;
}

/* ---- what follows ------------------------------------------------------------------------------------------------ */

/* Bytes around a packet: 32 of WireGuard's data message, 8 of UDP, and the outer header (RFC 791, RFC 8200). Where it
 * is not known by which family the other end calls, there has to be room for the larger one. */
#define WIREGUARD_IPV4 60u
#define WIREGUARD_IPV6 80u
#define UDP_HEADER 8u
#define IPV4_MTU_MIN 68u

static uint8_t outer_family(const struct ls_spec_peer *peer)
{
	return peer->endpoint.family ? peer->endpoint.family : peer->endpoint_family;
}

static uint32_t wireguard_overhead(const struct ls_spec_tunnel *tunnel)
{
	for (size_t i = 0; i < tunnel->n_peers; i++)
		if (outer_family(&tunnel->peers[i]) != AF_INET)
			return WIREGUARD_IPV6;
	return tunnel->n_peers ? WIREGUARD_IPV4 : WIREGUARD_IPV6;
}

/* What an IKE daemon agrees on is not known: there is room for the largest. */
static uint32_t ipsec_room(const struct ls_spec_tunnel *tunnel, uint32_t mtu)
{
	const struct ls_esp_proposal *proposal =
		tunnel->proposal ? tunnel->proposal : ls_esp_proposal_by_name("aes256-sha512");

	return ls_esp_room(proposal, tunnel->local_addr.family, tunnel->encap ? mtu - UDP_HEADER : mtu);
}

uint32_t ls_tunnel_room(const struct ls_spec_tunnel *tunnel, uint32_t underlay)
{
	if (tunnel->type == LS_TUNNEL_IPSEC)
		return ipsec_room(tunnel, underlay);
	return underlay > wireguard_overhead(tunnel) ? underlay - wireguard_overhead(tunnel) : 0;
}

bool ls_tunnel_mtu_fault(
	const struct ls_spec_tunnel *tunnel, uint32_t mtu, uint32_t underlay, char text[static LS_MTU_FAULT_MAX])
{
	uint32_t room = ls_tunnel_room(tunnel, underlay);
	bool ipv6 = tunnel->family == AF_INET6;
	bool fits = !tunnel->mtu_mark.line || mtu <= room;

	if (!fits)
		snprintf(text, LS_MTU_FAULT_MAX,
			"'mtu' is %u, but only packets of %u bytes fit into the underlay; lower it, or raise the MTU "
			"of the underlay",
			mtu, room);
	else if (mtu < (ipv6 ? LS_IPV6_MTU_MIN : IPV4_MTU_MIN))
		snprintf(text, LS_MTU_FAULT_MAX,
			"packets of %u bytes fit through the tunnel, but %s; raise the MTU of the underlay", mtu,
			ipv6 ? "IPv6 needs 1280 (RFC 8200)" : "IPv4 needs 68 (RFC 791)");
	else
		return false;
	return true;
}

static size_t place_of(const struct ls_spec *spec, const char *network)
{
	size_t i = 0;

	while (i < spec->n_networks && strcmp(spec->networks[i].name, network) != 0)
		i++;
	return i;
}

/* One that goes through another one needs that one's first. */
static void settle_mtu(struct ls_spec *spec, size_t i, size_t depth)
{
	struct ls_spec_interface *interfaces = spec->interfaces + spec->n_interfaces - spec->n_tunnels;
	const struct ls_spec_interface *source = ls_spec_mtu_source(spec, spec->tunnels[i].underlay);
	uint32_t underlay;

	if (interfaces[i].mtu)
		return;
	if (source && source >= interfaces && !source->mtu && depth < spec->n_tunnels)
		settle_mtu(spec, (size_t)(source - interfaces), depth + 1);
	underlay = ls_spec_mtu_of(spec, spec->tunnels[i].underlay);
	spec->tunnels[i].mtu = interfaces[i].mtu =
		ls_tunnel_room(&spec->tunnels[i], underlay ? underlay : LS_UNDERLAY_MTU);
}

void ls_tunnels_settle(struct ls_spec *spec)
{
	for (size_t i = 0; i < spec->n_tunnels; i++) {
		struct ls_spec_tunnel *tunnel = &spec->tunnels[i];

		settle_mtu(spec, i, 0);
		if (tunnel->type == LS_TUNNEL_WIREGUARD && !tunnel->listen_port && tunnel->network)
			tunnel->listen_port = (uint16_t)(LS_TUNNEL_PORT + 2 * place_of(spec, tunnel->network) +
							 (tunnel->family == AF_INET6));
	}
}
