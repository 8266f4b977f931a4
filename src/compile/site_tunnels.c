/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnels of an appliance, as text.
 */
#include "site_render.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define KEEPALIVE 25u /* seconds: tenants are behind NAT; WireGuard's own advice */
#define DEVICE_NAME_MAX 15u

/* Has the host that interface, as one of its own or as the VLAN of a network? */
static bool is_taken(const struct site_renderer *renderer, const struct ls_site_appliance *appliance, const char *name)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	char vlan[LS_SITE_VLAN_NAME_MAX];

	for (size_t i = 0; !appliance->extends && i < tenant->n_networks; i++) {
		if (!site_is_rendered(renderer, &tenant->networks[i]) || !site_is_vlan(appliance, &tenant->networks[i]))
			continue;
		ls_site_vlan_name(tenant->networks[i].target, vlan);
		if (strcmp(vlan, name) == 0)
			return true;
	}
	return site_has_interface(appliance, name);
}

/* The network's name and the family's digit, or, where that is too long for an interface or the name of one, a name
 * that stays the same. */
static void put_device(
	struct site_renderer *renderer, const struct ls_site_tunnel *tunnel, const struct ls_site_appliance *appliance)
{
	const char *network = tunnel->appliance->extends->name;
	unsigned digit = tunnel->family == LS_SITE_IPV6 ? 6 : 4;
	size_t length = strlen(network);
	char name[DEVICE_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.14s%u", network, digit);
	if (length >= DEVICE_NAME_MAX || is_taken(renderer, appliance, name))
		snprintf(name, sizeof(name), "%.5s-%08x%u", network, ls_crc32c(0, network, length), digit);
	site_put_key(renderer, "  ", name);
}

/* KEY_DIR/SIDE-NETWORK-FAMILY.WHAT, as a value. */
static const char *key_path(struct site_renderer *renderer, const struct ls_site_tunnel *tunnel, enum ls_site_side side,
	const char *what, char path[static 512])
{
	const char *dir = renderer->tenant->tunnels.key_dir;
	size_t length = strlen(dir);

	snprintf(path, 512, "%s%s%s-%s-%s.%s", dir, length && dir[length - 1] == '/' ? "" : "/", ls_site_sides[side],
		tunnel->appliance->extends->name, site_family_key(tunnel->family), what);
	return path;
}

static int put_peer(struct site_renderer *renderer, const struct ls_site_tunnel *tunnel, enum ls_site_side side)
{
	enum ls_site_side other = side == LS_SIDE_PROVIDER ? LS_SIDE_TENANT : LS_SIDE_PROVIDER;
	const struct ls_site_appliance *peer = other == LS_SIDE_TENANT ? tunnel->appliance : renderer->tenant->provider;
	char path[512], key[LS_KEY_TEXT_MAX];
	int r = renderer->read_key(renderer->user, key_path(renderer, tunnel, other, "pub", path), key, renderer->err);

	if (r < 0)
		return r;
	site_put(renderer, "    peers:\n      - name: ");
	site_put_text(renderer, peer->host);
	(void)ls_buf_printf(renderer->buf, "\n        public_key: \"%s\"\n", key);
	if (renderer->tenant->tunnels.preshared) {
		site_put(renderer, "        preshared_key_file: ");
		site_put_text(renderer, key_path(renderer, tunnel, side, "psk", path));
		site_put(renderer, "\n");
	}
	return 0;
}

/* The gateway's name, or its address where it has none. */
static void put_endpoint(struct site_renderer *renderer, const struct ls_site_tunnel *tunnel)
{
	const struct ls_site_gateway *gateway = tunnel->gateway;
	uint8_t family = ls_site_family_to_socket(tunnel->outer);
	struct ls_ip ip = ls_site_address_of(gateway->outside, family);
	char text[LS_IP_TEXT_MAX];

	if (gateway->dns_name)
		(void)ls_buf_printf(renderer->buf, "        endpoint: \"%s:%u\"\n        endpoint_family: %s\n",
			gateway->dns_name, tunnel->port, site_family_key(tunnel->outer));
	else
		(void)ls_buf_printf(renderer->buf, "        endpoint: \"%s%s%s:%u\"\n", family == AF_INET6 ? "[" : "",
			ls_ip_format(&ip, text), family == AF_INET6 ? "]" : "", tunnel->port);
	(void)ls_buf_printf(renderer->buf, "        persistent_keepalive: %u\n", KEEPALIVE);
}

static int put_tunnel(struct site_renderer *renderer, const struct ls_site_tunnel *tunnel, enum ls_site_side side)
{
	const struct ls_site_appliance *appliance =
		side == LS_SIDE_PROVIDER ? renderer->tenant->provider : tunnel->appliance;
	char path[512];
	int r;

	put_device(renderer, tunnel, appliance);
	site_put(renderer, "\n    network: ");
	site_put_text(renderer, tunnel->appliance->extends->name);
	(void)ls_buf_printf(renderer->buf,
		"\n    family: %s\n    type: wireguard\n    underlay: ", site_family_key(tunnel->family));
	site_put_text(renderer, appliance->outside->name);
	if (side == LS_SIDE_PROVIDER)
		(void)ls_buf_printf(renderer->buf, "\n    listen_port: %u", tunnel->listen_port);
	site_put(renderer, "\n    private_key_file: ");
	site_put_text(renderer, key_path(renderer, tunnel, side, "key", path));
	site_put(renderer, "\n");
	r = put_peer(renderer, tunnel, side);
	if (r == 0 && side == LS_SIDE_TENANT)
		put_endpoint(renderer, tunnel);
	return r;
}

/* `appliance`: at the tenant; NULL: the provider's, which has all. */
int site_put_tunnels(struct site_renderer *renderer, const struct ls_site_appliance *appliance, enum ls_site_side side)
{
	bool first = true;
	int r = 0;

	for (size_t i = 0; i < renderer->share->n_tunnels && r == 0; i++) {
		const struct ls_site_tunnel *tunnel = &renderer->share->tunnels[i];

		if ((appliance && tunnel->appliance != appliance) || !tunnel->gateway)
			continue;
		site_put(renderer, first ? "tunnels:\n" : "");
		first = false;
		r = put_tunnel(renderer, tunnel, side);
	}
	return r;
}
