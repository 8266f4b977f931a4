/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan status, the tunnels: what the kernel says of them at this moment. A tunnel's family is that of the
 * prefixes that its peers are allowed; one tunnel has one (check one-tunnel-per-family). Where they are allowed none,
 * it is told by the record: a tunnel of IPv4 has IPv6 turned off.
 */
#include "cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SESSION_SECONDS 180 /* no packet goes by an older handshake (WireGuard whitepaper, 6.1: Reject-After-Time) */
#define ENDPOINT_MAX (LS_IP_TEXT_MAX + sizeof("[]:65535"))

/* One WireGuard link; its peers stand together, in the order of their keys. */
struct tunnel {
	const struct ls_wireguard *device;
	struct ls_object *const *peers;
	size_t n_peers;
	const struct cli_tunnels *all;
};

/* A peer's host name, and what it led to. */
struct name {
	const char *text;     /* "HOST:PORT"; NULL: it has none */
	struct ls_ip address; /* family 0: none is known */
	const char *state;
};

static const struct ls_wg_peer *peer_at(const struct tunnel *tunnel, size_t i)
{
	return (const struct ls_wg_peer *)tunnel->peers[i];
}

static bool is_of(const struct ls_wireguard *device, const struct ls_object *object)
{
	return !strcmp(((const struct ls_wg_peer *)object)->dev, device->dev);
}

/* `peer`: with the key of one. */
static struct name name_of(const struct cli_tunnels *tunnels, const struct ls_wg_peer *peer)
{
	const struct ls_wg_peer *want = (const struct ls_wg_peer *)ls_set_find(tunnels->desired, &peer->object), *known;
	struct name name = { .state = "unresolved" };
	bool resolved;

	if (!want || !ls_object_has(&want->object, LS_WG_PEER_ENDPOINT_NAME))
		return name;
	name.text = want->endpoint_name;
	known = ls_endpoints_find(tunnels->endpoints, want, &resolved);
	if (known && ls_object_has(&known->object, LS_WG_PEER_ENDPOINT)) {
		name.address = known->endpoint;
		name.state = resolved ? "resolved" : "last-good";
	}
	return name;
}

static struct tunnel find_tunnel(const struct cli_tunnels *tunnels, const struct ls_wireguard *device)
{
	const struct ls_set *actual = tunnels->actual;
	struct ls_wg_peer first = { .object.kind = &ls_kind_wg_peer, .dev = device->dev, .public_key = "" };
	size_t to, from = ls_set_lower(actual, &first.object);
	struct tunnel tunnel = { .device = device, .peers = actual->objects + from, .all = tunnels };

	(void)ls_set_of_kind(actual, &ls_kind_wg_peer, &to);
	while (from + tunnel.n_peers < to && is_of(device, tunnel.peers[tunnel.n_peers]))
		tunnel.n_peers++;
	return tunnel;
}

/* NULL: it is not in the record. */
static const char *recorded_family(const struct tunnel *tunnel)
{
	const struct ls_set *desired = tunnel->all->desired;
	char path[128];
	const struct ls_sysctl key = { .object.kind = &ls_kind_sysctl, .path = path };
	const struct ls_sysctl *disabled;

	if (!ls_set_find(desired, &tunnel->device->object))
		return NULL;
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", tunnel->device->dev);
	disabled = (const struct ls_sysctl *)ls_set_find(desired, &key.object);
	return disabled && strcmp(disabled->value, "0") != 0 ? "ipv4" : "ipv6";
}

static const char *family_of(const struct tunnel *tunnel)
{
	for (size_t i = 0; i < tunnel->n_peers; i++)
		if (*peer_at(tunnel, i)->allowed_ips)
			return strchr(peer_at(tunnel, i)->allowed_ips, ':') ? "ipv6" : "ipv4";
	return recorded_family(tunnel);
}

/* NULL: it is not known yet where the peer is. */
static const char *endpoint_of(const struct ls_wg_peer *peer, char text[static ENDPOINT_MAX])
{
	bool v6 = peer->endpoint.family == AF_INET6;
	char ip[LS_IP_TEXT_MAX];

	if (!ls_object_has(&peer->object, LS_WG_PEER_ENDPOINT))
		return NULL;
	snprintf(text, ENDPOINT_MAX, "%s%s%s:%u", v6 ? "[" : "", ls_ip_format(&peer->endpoint, ip), v6 ? "]" : "",
		peer->endpoint_port);
	return text;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *prefixes_to_json(const char *list)
{
	json_t *json = json_array();

	for (; *list; list += strspn(list, " ")) {
		size_t length = strcspn(list, " ");

		json_array_append_new(json, json_stringn(list, length));
		list += length;
	}
	return json;
}

static void add_name(json_t *json, const struct name *name)
{
	char ip[LS_IP_TEXT_MAX];

	if (name->text)
		json_object_update_new(json,
			json_pack("{s:s, s:s, s:s?}", "endpoint_name", name->text, "endpoint_state", name->state,
				"endpoint_address", name->address.family ? ls_ip_format(&name->address, ip) : NULL));
}

static json_t *peer_to_json(const struct cli_tunnels *tunnels, const struct ls_wg_peer *peer)
{
	char endpoint[ENDPOINT_MAX];
	const struct ls_wg_activity *activity = &peer->activity;
	const struct name name = name_of(tunnels, peer);
	json_t *json;

	json = json_pack("{s:s, s:s?, s:o, s:o, s:I, s:I}", "public_key", peer->public_key, "endpoint",
		endpoint_of(peer, endpoint), "allowed_ips", prefixes_to_json(peer->allowed_ips), "last_handshake",
		activity->last_handshake ? json_integer((json_int_t)activity->last_handshake) : json_null(),
		"received_bytes", (json_int_t)activity->received, "sent_bytes", (json_int_t)activity->sent);
	add_name(json, &name);
	return json;
}

static json_t *tunnel_to_json(const struct tunnel *tunnel)
{
	json_t *peers = json_array();

	for (size_t i = 0; i < tunnel->n_peers; i++)
		json_array_append_new(peers, peer_to_json(tunnel->all, peer_at(tunnel, i)));
	return json_pack("{s:s, s:s, s:s?, s:s, s:i, s:o}", "name", tunnel->device->dev, "type", "wireguard", "family",
		family_of(tunnel), "public_key", tunnel->device->public_key, "listen_port",
		(int)tunnel->device->listen_port, "peers", peers);
}

void cli_json_tunnels(struct cli *cli, const struct cli_tunnels *tunnels)
{
	size_t to, i = ls_set_of_kind(tunnels->actual, &ls_kind_wireguard, &to);
	bool first = true;

	cli_json_raw(cli, "\"tunnels\":[");
	for (; i < to; i++) {
		struct tunnel tunnel = find_tunnel(tunnels, (const struct ls_wireguard *)tunnels->actual->objects[i]);

		cli_json_element(cli, &first, tunnel_to_json(&tunnel));
	}
	cli_json_ipsec(cli, tunnels->actual, &first);
	cli_json_raw(cli, first ? "]" : "\n]");
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

void cli_print_bytes(FILE *file, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double amount = (double)bytes;
	size_t i = 0;

	for (; amount >= 1024 && i + 1 < LS_ARRAY_SIZE(units); i++)
		amount /= 1024;
	fprintf(file, "%.*f %s", i ? 1 : 0, amount, units[i]);
}

static void print_handshake(const struct cli_stream *out, int64_t last)
{
	int64_t seconds = (int64_t)time(NULL) - last;
	char text[64];

	if (last)
		snprintf(text, sizeof(text), "handshake %" PRId64 " s ago", seconds > 0 ? seconds : 0);
	cli_put(out, last && seconds < SESSION_SECONDS ? CLI_STYLE_GOOD : CLI_STYLE_NONE,
		last ? text : "no handshake yet");
}

/* " (gw.example.net:1195, unresolved)"; the address where the peer is not there, too. */
static void print_name(const struct cli_stream *out, const struct name *name, const struct ls_wg_peer *peer)
{
	char ip[LS_IP_TEXT_MAX];
	bool resolved = !strcmp(name->state, "resolved");

	if (!name->text)
		return;
	fprintf(out->file, " (%s, ", name->text);
	cli_put(out, resolved ? CLI_STYLE_NONE : CLI_STYLE_CHANGE, name->state);
	if (name->address.family && memcmp(&name->address, &peer->endpoint, sizeof(name->address)) != 0)
		fprintf(out->file, ": %s", ls_ip_format(&name->address, ip));
	fputs(")", out->file);
}

static void print_peer(const struct cli_stream *out, const struct cli_tunnels *tunnels, const struct ls_wg_peer *peer)
{
	char text[ENDPOINT_MAX];
	const char *endpoint = endpoint_of(peer, text);
	const struct name name = name_of(tunnels, peer);

	fprintf(out->file, "    peer %s at %s", peer->public_key, endpoint ? endpoint : "an address not known yet");
	print_name(out, &name, peer);
	fputs(", ", out->file);
	print_handshake(out, peer->activity.last_handshake);
	fputs(", ", out->file);
	cli_print_bytes(out->file, peer->activity.received);
	fputs(" received, ", out->file);
	cli_print_bytes(out->file, peer->activity.sent);
	fputs(" sent\n", out->file);
}

static void print_tunnel(const struct cli_stream *out, const struct tunnel *tunnel)
{
	const char *family = family_of(tunnel);

	fputs("  ", out->file);
	cli_put(out, CLI_STYLE_BOLD, tunnel->device->dev);
	fprintf(out->file, " wireguard%s%s, UDP port %u\n", family ? " " : "", family ? family : "",
		tunnel->device->listen_port);
	for (size_t i = 0; i < tunnel->n_peers; i++)
		print_peer(out, tunnel->all, peer_at(tunnel, i));
}

void cli_print_tunnels(struct cli *cli, const struct cli_tunnels *tunnels)
{
	size_t to, i = ls_set_of_kind(tunnels->actual, &ls_kind_wireguard, &to);
	bool first = i == to;

	if (!first)
		fputs("Tunnels:\n", cli->out.file);
	for (; i < to; i++) {
		struct tunnel tunnel = find_tunnel(tunnels, (const struct ls_wireguard *)tunnels->actual->objects[i]);

		print_tunnel(&cli->out, &tunnel);
	}
	cli_print_ipsec(cli, tunnels->actual, &first);
}

void cli_warn_of_names(const struct cli_tunnels *tunnels, struct ls_diag *warnings)
{
	size_t to, i = ls_set_of_kind(tunnels->actual, &ls_kind_wg_peer, &to);

	for (; i < to; i++) {
		const struct ls_wg_peer *peer = (const struct ls_wg_peer *)tunnels->actual->objects[i];
		const struct name name = name_of(tunnels, peer);

		if (name.text && strcmp(name.state, "resolved") != 0)
			ls_diag_report(warnings, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "endpoint-unresolved",
				"'%s', a peer of tunnel %s, did not resolve at the last apply%s", name.text, peer->dev,
				name.address.family ? "; its last address stays in use" : "");
	}
}
