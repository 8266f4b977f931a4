/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Specs of the hosts of a site, as text. A mapping that can be long is a block, one that is a line long is in braces;
 * the order is that of the site, so that a small change of the site is a small change of few files. Families that a
 * host does not have yet (LS_SITE_IPV6 of its outside interface) are left out of all of its spec.
 */
#include <linkspan/compile.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

#define KEEPALIVE 25u /* seconds: tenants are behind NAT; WireGuard's own advice */

const char *const ls_site_sides[LS_N_SIDES] = {
	[LS_SIDE_GATEWAY] = "gateway",
	[LS_SIDE_PROVIDER] = "provider",
	[LS_SIDE_TENANT] = "tenant",
};

struct renderer {
	const struct ls_site_layout *layout;
	const struct ls_site_tenant *tenant;
	const struct ls_site_share *share; /* of the tenant */
	struct ls_buf *buf;
	ls_site_key_fn *read_key;
	void *user;
	struct ls_error *err;
	uint8_t families; /* of the host */
};

/* ---- text -------------------------------------------------------------------------------------------------------- */

static bool is_plain(const char *text)
{
	static const char *const words[] = { "true", "false", "null", "Null", "NULL", "yes", "no", "on", "off" };

	if (!isascii(*text) || !isalpha((unsigned char)*text))
		return false;
	for (size_t i = 0; i < LS_ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i]) == 0)
			return false;
	for (; *text; text++)
		if (!isascii(*text) || (!isalnum((unsigned char)*text) && !strchr("-_./", *text)))
			return false;
	return true;
}

static void put(struct renderer *renderer, const char *text)
{
	(void)ls_buf_append(renderer->buf, text, strlen(text));
}

/* A text that somebody chose; what could be taken for anything else stands in quotes. */
static void put_text(struct renderer *renderer, const char *text)
{
	if (is_plain(text)) {
		put(renderer, text);
		return;
	}
	put(renderer, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			put(renderer, "\\");
		(void)ls_buf_append(renderer->buf, text, 1);
	}
	put(renderer, "\"");
}

static void put_key(struct renderer *renderer, const char *indent, const char *key)
{
	put(renderer, indent);
	put_text(renderer, key);
	put(renderer, ":");
}

static void put_quoted(struct renderer *renderer, const char *text, bool quoted)
{
	put(renderer, quoted ? "\"" : "");
	put(renderer, text);
	put(renderer, quoted ? "\"" : "");
}

static void put_ip(struct renderer *renderer, const struct ls_ip *ip)
{
	char text[LS_IP_TEXT_MAX];

	put_quoted(renderer, ls_ip_format(ip, text), ip->family == AF_INET6);
}

static void put_prefix(struct renderer *renderer, const struct ls_prefix *prefix)
{
	char text[LS_PREFIX_TEXT_MAX];

	put_quoted(renderer, ls_prefix_format(prefix, text), prefix->ip.family == AF_INET6);
}

static const char *family_key(uint8_t family)
{
	return family == LS_SITE_IPV6 ? "ipv6" : "ipv4";
}

static bool has_family(const struct renderer *renderer, const struct ls_ip *ip)
{
	return renderer->families & (ip->family == AF_INET6 ? LS_SITE_IPV6 : LS_SITE_IPV4);
}

/* ---- what all have ----------------------------------------------------------------------------------------------- */

static void put_head(struct renderer *renderer, const char *kind, const char *name)
{
	(void)ls_buf_printf(renderer->buf, "linkspan: 1\nkind: %s\nname: ", kind);
	put_text(renderer, name);
	put(renderer, "\n");
}

static void put_ipv6(struct renderer *renderer)
{
	(void)ls_buf_printf(
		renderer->buf, "ipv6_communication: %s\n", renderer->families & LS_SITE_IPV6 ? "true" : "false");
}

static void put_family(struct renderer *renderer, const char *key, const struct ls_spec_family *family)
{
	static const char *const methods[] = {
		[LS_METHOD_AUTO] = "auto",
		[LS_METHOD_MANUAL] = "manual",
		[LS_METHOD_DISABLED] = "disabled",
	};

	if (family->method == LS_METHOD_NONE)
		return;
	(void)ls_buf_printf(renderer->buf, ", %s: { method: %s", key, methods[family->method]);
	for (size_t i = 0; i < family->n_addresses; i++) {
		put(renderer, i ? ", " : ", addresses: [");
		put_prefix(renderer, &family->addresses[i].address);
	}
	put(renderer, family->n_addresses ? "]" : "");
	if (family->gateway.family) {
		put(renderer, ", gateway: ");
		put_ip(renderer, &family->gateway);
	}
	put(renderer, " }");
}

static void put_interface(struct renderer *renderer, const struct ls_spec_interface *interface)
{
	char mac[LS_MAC_TEXT_MAX];

	put_key(renderer, "  ", interface->name);
	if (interface->has_match_mac) {
		(void)ls_buf_printf(
			renderer->buf, " { match: { macaddress: \"%s\" }", ls_mac_format(&interface->match_mac, mac));
	} else {
		put(renderer, " { match: { name: ");
		put_text(renderer, interface->match_name);
		put(renderer, " }");
	}
	if (interface->mtu)
		(void)ls_buf_printf(renderer->buf, ", mtu: %u", interface->mtu);
	put_family(renderer, "ipv4", &interface->ipv4);
	if (renderer->families & LS_SITE_IPV6)
		put_family(renderer, "ipv6", &interface->ipv6);
	put(renderer, " }\n");
}

static void put_interfaces(struct renderer *renderer, const struct ls_spec_interface *interfaces, size_t n)
{
	put(renderer, "interfaces:\n");
	for (size_t i = 0; i < n; i++)
		put_interface(renderer, &interfaces[i]);
}

static bool is_own_interface(const struct ls_site_appliance *appliance, const char *name)
{
	for (size_t i = 0; i < appliance->n_interfaces; i++)
		if (strcmp(appliance->interfaces[i].name, name) == 0)
			return true;
	return false;
}

/* Only what has a family that the host has: the rest is for when it has been redeployed. */
static bool is_rendered(const struct renderer *renderer, const struct ls_site_network *network)
{
	return network->target && ((network->ipv4.subnet.ip.family && renderer->families & LS_SITE_IPV4) ||
					  (network->ipv6.subnet.ip.family && renderer->families & LS_SITE_IPV6));
}

/* What the appliance has no interface of its own for comes in tagged. */
static bool is_vlan(const struct ls_site_appliance *appliance, const struct ls_site_network *network)
{
	return !is_own_interface(appliance, network->target->name);
}

static void put_vlans(struct renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	char name[LS_SITE_VLAN_NAME_MAX];

	for (size_t i = 0; i < tenant->n_networks; i++) {
		const struct ls_site_network *network = &tenant->networks[i];

		if (!is_rendered(renderer, network) || !is_vlan(appliance, network))
			continue;
		ls_site_vlan_name(network->target, name);
		put_key(renderer, "  ", name);
		(void)ls_buf_printf(renderer->buf, " { create: { type: vlan, parent: " LS_SITE_TRUNK ", id: %u } }\n",
			network->target->vlan);
	}
}

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

static void put_service(struct renderer *renderer, const struct ls_site_gateway *gateway)
{
	size_t n = 0;

	if (gateway->mode != LS_SITE_NAT)
		return;
	(void)ls_buf_printf(renderer->buf, "gateway: { mode: nat, dns_name: %s, interface: ", gateway->dns_name);
	put_text(renderer, gateway->outside->name);
	(void)ls_buf_printf(renderer->buf, ", external_port: %u, internal_port: %u", gateway->external_port,
		gateway->internal_port);
	for (size_t i = 0; i < gateway->n_services; i++) {
		if (!has_family(renderer, &gateway->services[i].ip))
			continue;
		put(renderer, n++ ? ", " : ", service: [");
		put_ip(renderer, &gateway->services[i].ip);
	}
	put(renderer, n ? "] }\n" : " }\n");
}

static void put_forward(struct renderer *renderer, const struct ls_site_gateway *gateway,
	const struct ls_site_forward *forward, bool *any)
{
	const struct ls_site_tunnel *tunnel = forward->tunnel;
	struct ls_ip to = ls_site_reach(forward->tenant->provider, tunnel->outer);
	char text[LS_IP_TEXT_MAX];
	bool ipv6 = to.family == AF_INET6;

	if (!to.family)
		return;
	put(renderer, *any ? "" : "forwards:\n");
	*any = true;
	put(renderer, "  - { interface: ");
	put_text(renderer, gateway->outside->name);
	(void)ls_buf_printf(renderer->buf, ", protocol: [udp], port: %u, to: \"%s%s%s:%u\" }\n", tunnel->port,
		ipv6 ? "[" : "", ls_ip_format(&to, text), ipv6 ? "]" : "", tunnel->listen_port);
}

static void render_gateway(struct renderer *renderer, const struct ls_site_gateway *gateway)
{
	const struct ls_site_layout *layout = renderer->layout;
	const struct ls_site_forwards *forwards = &layout->gateways[gateway - layout->site->gateways];
	bool any = false;

	renderer->families = gateway->families;
	put_head(renderer, "gateway", gateway->name);
	put_ipv6(renderer);
	put_interfaces(renderer, gateway->interfaces, gateway->n_interfaces);
	put_service(renderer, gateway);
	for (size_t i = 0; i < forwards->n; i++)
		put_forward(renderer, gateway, &forwards->items[i], &any);
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

static void put_subnet(struct renderer *renderer, uint8_t family, const struct ls_site_subnet *subnet, bool gateway)
{
	if (!subnet->subnet.ip.family || !(renderer->families & family))
		return;
	(void)ls_buf_printf(renderer->buf, ", %s: { subnet: ", family_key(family));
	put_prefix(renderer, &subnet->subnet);
	if (gateway && subnet->gateway.family) {
		put(renderer, ", gateway: ");
		put_ip(renderer, &subnet->gateway);
	}
	put(renderer, " }");
}

static void put_production_hosts(struct renderer *renderer, const struct ls_site_network *network)
{
	size_t n = 0;

	for (size_t i = 0; i < network->n_production_hosts; i++) {
		if (!has_family(renderer, &network->production_hosts[i].ip))
			continue;
		put(renderer, n++ ? ", " : ", production_hosts: [");
		put_ip(renderer, &network->production_hosts[i].ip);
	}
	put(renderer, n ? "]" : "");
}

static void put_provider_network(
	struct renderer *renderer, const struct ls_site_appliance *appliance, const struct ls_site_network *network)
{
	const struct ls_site_plan_network *target = network->target;
	char vlan[LS_SITE_VLAN_NAME_MAX];

	ls_site_vlan_name(target, vlan);
	put_key(renderer, "  ", network->name);
	put(renderer, " { interface: ");
	put_text(renderer, is_vlan(appliance, network) ? vlan : target->name);
	if (target->internet)
		put(renderer, ", internet: true");
	put_subnet(renderer, LS_SITE_IPV4, &network->ipv4, true);
	put_subnet(renderer, LS_SITE_IPV6, &network->ipv6, true);
	put_production_hosts(renderer, network);
	put(renderer, " }\n");
}

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

static void put_addresses(struct renderer *renderer, const struct ls_site_addresses *addresses, size_t *n)
{
	for (size_t i = 0; i < addresses->n_ips; i++) {
		if (!has_family(renderer, &addresses->ips[i].ip))
			continue;
		put(renderer, (*n)++ ? ", " : " [");
		put_ip(renderer, &addresses->ips[i].ip);
	}
}

static size_t count_addresses(
	const struct renderer *renderer, const struct ls_site_addresses *list, size_t n, const void *network)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; list[i].network == network && k < list[i].n_ips; k++)
			found += has_family(renderer, &list[i].ips[k].ip);
	return found;
}

/* Detected and given addresses of one network are one list. */
static void put_replica_network(struct renderer *renderer, const struct ls_site_replica *replica,
	const struct ls_site_network *network, bool *any)
{
	size_t n = 0;

	if (!count_addresses(renderer, replica->detected, replica->n_detected, network) &&
		!count_addresses(renderer, replica->addresses, replica->n_addresses, network))
		return;
	put(renderer, *any ? ", " : " { ");
	*any = true;
	put_key(renderer, "", network->name);
	for (size_t i = 0; i < replica->n_detected; i++)
		if (replica->detected[i].network == network)
			put_addresses(renderer, &replica->detected[i], &n);
	for (size_t i = 0; i < replica->n_addresses; i++)
		if (replica->addresses[i].network == network)
			put_addresses(renderer, &replica->addresses[i], &n);
	put(renderer, "]");
}

/* `only`: in that network; NULL: in all that are rendered. */
static bool is_replica_in(const struct renderer *renderer, const struct ls_site_replica *replica,
	const struct ls_site_network *network, const struct ls_site_network *only)
{
	return (!only || only == network) && is_rendered(renderer, network) &&
	       (count_addresses(renderer, replica->detected, replica->n_detected, network) ||
		       count_addresses(renderer, replica->addresses, replica->n_addresses, network));
}

static void put_replicas(struct renderer *renderer, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	bool first = true;

	for (size_t i = 0; i < tenant->n_replicas; i++) {
		const struct ls_site_replica *replica = &tenant->replicas[i];
		bool any = false;

		for (size_t k = 0; k < tenant->n_networks; k++) {
			if (!is_replica_in(renderer, replica, &tenant->networks[k], only))
				continue;
			if (!any) {
				put(renderer, first ? "replicas:\n" : "");
				first = false;
				put_key(renderer, "  ", replica->name);
			}
			put_replica_network(renderer, replica, &tenant->networks[k], &any);
		}
		put(renderer, any ? " }\n" : "");
	}
}

/* ---- failover ---------------------------------------------------------------------------------------------------- */

/* In a partial failover, on that host. */
static bool is_failed_over(
	const struct renderer *renderer, const struct ls_site_replica *replica, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;

	for (size_t i = 0; replica->fails_over && i < tenant->n_networks; i++)
		if (is_replica_in(renderer, replica, &tenant->networks[i], only))
			return true;
	return false;
}

/* At the tenant (`only`: the network there) there is a partial failover or none, and the former of some replica. */
static uint8_t mode_on(const struct renderer *renderer, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;

	if (!only)
		return tenant->failover.mode;
	for (size_t i = 0; tenant->failover.mode == LS_FAILOVER_PARTIAL && i < tenant->n_replicas; i++)
		if (is_failed_over(renderer, &tenant->replicas[i], only))
			return LS_FAILOVER_PARTIAL;
	return LS_FAILOVER_NONE;
}

/* The replicas are there in any mode, so that the host itself can take another. */
static void put_failover(struct renderer *renderer, const struct ls_site_network *only)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	bool first = true;

	(void)ls_buf_printf(renderer->buf, "failover:\n  mode: %s\n", ls_failover_words[mode_on(renderer, only)].word);
	if (!only && tenant->failover.route_between_networks)
		put(renderer, "  route_between_networks: true\n");
	for (size_t i = 0; i < tenant->n_replicas; i++) {
		if (!is_failed_over(renderer, &tenant->replicas[i], only))
			continue;
		put(renderer, first ? "  replicas:\n    - " : "    - ");
		first = false;
		put_text(renderer, tenant->replicas[i].name);
		put(renderer, "\n");
	}
}

/* ---- public addresses -------------------------------------------------------------------------------------------- */

static void put_mapping(struct renderer *renderer, const struct ls_spec_mapping *mapping)
{
	put(renderer, "    - { public: ");
	put_ip(renderer, &mapping->public_ip);
	if (mapping->port) {
		(void)ls_buf_printf(renderer->buf, ", protocol: %s, port: %u",
			mapping->protocol == IPPROTO_TCP ? "tcp" : "udp", mapping->port);
		if (mapping->last_port != mapping->port)
			(void)ls_buf_printf(renderer->buf, "-%u", mapping->last_port);
	}
	put(renderer, ", to: ");
	put_ip(renderer, &mapping->to);
	if (mapping->to_port && mapping->to_port != mapping->port)
		(void)ls_buf_printf(renderer->buf, ", to_port: %u", mapping->to_port);
	put(renderer, " }\n");
}

static void put_mappings(struct renderer *renderer)
{
	const struct ls_site_publics *publics = &renderer->tenant->public_ips;
	bool first = true;

	for (size_t i = 0; i < publics->n_mappings; i++) {
		if (!has_family(renderer, &publics->mappings[i].public_ip))
			continue;
		put(renderer, first ? "  mappings:\n" : "");
		first = false;
		put_mapping(renderer, &publics->mappings[i]);
	}
}

static void put_publics(struct renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_share *share = renderer->share;
	size_t n = 0;

	for (size_t i = 0; i < share->n_ips; i++) {
		if (!has_family(renderer, &share->ips[i]))
			continue;
		if (!n) {
			put(renderer, "public_ips:\n  interface: ");
			put_text(renderer, appliance->outside->name);
		}
		put(renderer, n++ ? ", " : "\n  addresses: [");
		put_ip(renderer, &share->ips[i]);
	}
	if (!n)
		return;
	put(renderer, "]\n");
	put_mappings(renderer);
}

/* By where networks with `internet` leave. */
static void put_uplinks(struct renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_tenant *tenant = renderer->tenant;

	for (size_t i = 0; i < tenant->n_networks; i++) {
		if (!is_rendered(renderer, &tenant->networks[i]) || !tenant->networks[i].target->internet)
			continue;
		put(renderer, "nat: { uplinks: [");
		put_text(renderer, appliance->outside->name);
		put(renderer, "] }\n");
		return;
	}
}

/* ---- tunnels ----------------------------------------------------------------------------------------------------- */

#define DEVICE_NAME_MAX 15u

/* Has the host that interface, as one of its own or as the VLAN of a network? */
static bool is_taken(const struct renderer *renderer, const struct ls_site_appliance *appliance, const char *name)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	char vlan[LS_SITE_VLAN_NAME_MAX];

	for (size_t i = 0; !appliance->extends && i < tenant->n_networks; i++) {
		if (!is_rendered(renderer, &tenant->networks[i]) || !is_vlan(appliance, &tenant->networks[i]))
			continue;
		ls_site_vlan_name(tenant->networks[i].target, vlan);
		if (strcmp(vlan, name) == 0)
			return true;
	}
	return is_own_interface(appliance, name);
}

/* The network's name and the family's digit, or, where that is too long for an interface or the name of one, a name
 * that stays the same. */
static void put_device(
	struct renderer *renderer, const struct ls_site_tunnel *tunnel, const struct ls_site_appliance *appliance)
{
	const char *network = tunnel->appliance->extends->name;
	unsigned digit = tunnel->family == LS_SITE_IPV6 ? 6 : 4;
	size_t length = strlen(network);
	char name[DEVICE_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.14s%u", network, digit);
	if (length >= DEVICE_NAME_MAX || is_taken(renderer, appliance, name))
		snprintf(name, sizeof(name), "%.5s-%08x%u", network, ls_crc32c(0, network, length), digit);
	put_key(renderer, "  ", name);
}

/* KEY_DIR/SIDE-NETWORK-FAMILY.WHAT, as a value. */
static const char *key_path(struct renderer *renderer, const struct ls_site_tunnel *tunnel, enum ls_site_side side,
	const char *what, char path[static 512])
{
	const char *dir = renderer->tenant->tunnels.key_dir;
	size_t length = strlen(dir);

	snprintf(path, 512, "%s%s%s-%s-%s.%s", dir, length && dir[length - 1] == '/' ? "" : "/", ls_site_sides[side],
		tunnel->appliance->extends->name, family_key(tunnel->family), what);
	return path;
}

static int put_peer(struct renderer *renderer, const struct ls_site_tunnel *tunnel, enum ls_site_side side)
{
	enum ls_site_side other = side == LS_SIDE_PROVIDER ? LS_SIDE_TENANT : LS_SIDE_PROVIDER;
	const struct ls_site_appliance *peer = other == LS_SIDE_TENANT ? tunnel->appliance : renderer->tenant->provider;
	char path[512], key[LS_KEY_TEXT_MAX];
	int r = renderer->read_key(renderer->user, key_path(renderer, tunnel, other, "pub", path), key, renderer->err);

	if (r < 0)
		return r;
	put(renderer, "    peers:\n      - name: ");
	put_text(renderer, peer->host);
	(void)ls_buf_printf(renderer->buf, "\n        public_key: \"%s\"\n", key);
	if (renderer->tenant->tunnels.preshared) {
		put(renderer, "        preshared_key_file: ");
		put_text(renderer, key_path(renderer, tunnel, side, "psk", path));
		put(renderer, "\n");
	}
	return 0;
}

/* The gateway's name, or its address where it has none. */
static void put_endpoint(struct renderer *renderer, const struct ls_site_tunnel *tunnel)
{
	const struct ls_site_gateway *gateway = tunnel->gateway;
	uint8_t family = tunnel->outer == LS_SITE_IPV6 ? AF_INET6 : AF_INET;
	struct ls_ip ip = ls_site_address_of(gateway->outside, family);
	char text[LS_IP_TEXT_MAX];

	if (gateway->dns_name)
		(void)ls_buf_printf(renderer->buf, "        endpoint: \"%s:%u\"\n        endpoint_family: %s\n",
			gateway->dns_name, tunnel->port, family_key(tunnel->outer));
	else
		(void)ls_buf_printf(renderer->buf, "        endpoint: \"%s%s%s:%u\"\n", family == AF_INET6 ? "[" : "",
			ls_ip_format(&ip, text), family == AF_INET6 ? "]" : "", tunnel->port);
	(void)ls_buf_printf(renderer->buf, "        persistent_keepalive: %u\n", KEEPALIVE);
}

static int put_tunnel(struct renderer *renderer, const struct ls_site_tunnel *tunnel, enum ls_site_side side)
{
	const struct ls_site_appliance *appliance =
		side == LS_SIDE_PROVIDER ? renderer->tenant->provider : tunnel->appliance;
	char path[512];
	int r;

	put_device(renderer, tunnel, appliance);
	put(renderer, "\n    network: ");
	put_text(renderer, tunnel->appliance->extends->name);
	(void)ls_buf_printf(
		renderer->buf, "\n    family: %s\n    type: wireguard\n    underlay: ", family_key(tunnel->family));
	put_text(renderer, appliance->outside->name);
	if (side == LS_SIDE_PROVIDER)
		(void)ls_buf_printf(renderer->buf, "\n    listen_port: %u", tunnel->listen_port);
	put(renderer, "\n    private_key_file: ");
	put_text(renderer, key_path(renderer, tunnel, side, "key", path));
	put(renderer, "\n");
	r = put_peer(renderer, tunnel, side);
	if (r == 0 && side == LS_SIDE_TENANT)
		put_endpoint(renderer, tunnel);
	return r;
}

/* `appliance`: at the tenant; NULL: the provider's, which has all. */
static int put_tunnels(struct renderer *renderer, const struct ls_site_appliance *appliance, enum ls_site_side side)
{
	bool first = true;
	int r = 0;

	for (size_t i = 0; i < renderer->share->n_tunnels && r == 0; i++) {
		const struct ls_site_tunnel *tunnel = &renderer->share->tunnels[i];

		if ((appliance && tunnel->appliance != appliance) || !tunnel->gateway)
			continue;
		put(renderer, first ? "tunnels:\n" : "");
		first = false;
		r = put_tunnel(renderer, tunnel, side);
	}
	return r;
}

/* ---- appliances -------------------------------------------------------------------------------------------------- */

static int render_provider(struct renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	bool first = true;

	for (size_t i = 0; i < tenant->n_networks; i++) {
		if (!is_rendered(renderer, &tenant->networks[i]))
			continue;
		put(renderer, first ? "networks:\n" : "");
		first = false;
		put_provider_network(renderer, appliance, &tenant->networks[i]);
	}
	put_replicas(renderer, NULL);
	put_failover(renderer, NULL);
	put_publics(renderer, appliance);
	put_uplinks(renderer, appliance);
	return put_tunnels(renderer, NULL, LS_SIDE_PROVIDER);
}

static int render_tenant(struct renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_network *network = appliance->extends;

	put(renderer, "networks:\n");
	put_key(renderer, "  ", network->name);
	put(renderer, " { interface: ");
	put_text(renderer, appliance->outside->name);
	put_subnet(renderer, LS_SITE_IPV4, &network->ipv4, false);
	put_subnet(renderer, LS_SITE_IPV6, &network->ipv6, false);
	put(renderer, " }\n");
	put_replicas(renderer, network);
	put_failover(renderer, network);
	return put_tunnels(renderer, appliance, LS_SIDE_TENANT);
}

/* The warning is the host's as much as the site's: a check of its spec, and every plan and apply, would give it again.
 */
static void put_platform(struct renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site *site = renderer->layout->site;
	bool director = appliance->platform == LS_SITE_DIRECTOR;

	(void)ls_buf_printf(renderer->buf, "platform: %s\n", director ? "director" : "vsphere");
	if (director && ls_spec_suppresses(site->suppressed, site->n_suppressed, LS_DIRECTOR_DUAL_STACK))
		put(renderer, "suppress_warnings: [" LS_DIRECTOR_DUAL_STACK "]\n");
}

/* What a tenant's appliance extends decides about its families: IPv6 needs both ends and the gateway. */
static int render_appliance(struct renderer *renderer, const struct ls_site_appliance *appliance)
{
	bool provider = !appliance->extends;

	renderer->families = appliance->families;
	put_head(renderer, "appliance", appliance->host);
	(void)ls_buf_printf(renderer->buf, "side: %s\n", provider ? "provider" : "tenant");
	if (provider)
		put_platform(renderer, appliance);
	put_ipv6(renderer);
	put_interfaces(renderer, appliance->interfaces, appliance->n_interfaces);
	if (provider)
		put_vlans(renderer, appliance);
	return provider ? render_provider(renderer, appliance) : render_tenant(renderer, appliance);
}

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

size_t ls_site_count_hosts(const struct ls_site *site)
{
	size_t n = site->n_gateways;

	for (size_t i = 0; i < site->n_tenants; i++)
		n += site->tenants[i].n_appliances;
	return n;
}

/* The first appliance of that tenant or of one after it. */
static bool enter_tenant(const struct ls_site *site, size_t i, struct ls_site_place *place)
{
	for (; i < site->n_tenants; i++) {
		if (!site->tenants[i].n_appliances)
			continue;
		*place =
			(struct ls_site_place){ .tenant = &site->tenants[i], .appliance = site->tenants[i].appliances };
		return true;
	}
	return false;
}

bool ls_site_next_host(const struct ls_site *site, struct ls_site_place *place)
{
	const struct ls_site_tenant *tenant = place->tenant;

	if (!tenant) {
		size_t next = place->gateway ? (size_t)(place->gateway - site->gateways) + 1 : 0;

		if (next == site->n_gateways)
			return enter_tenant(site, 0, place);
		place->gateway = &site->gateways[next];
		return true;
	}
	if (place->appliance + 1 == tenant->appliances + tenant->n_appliances)
		return enter_tenant(site, (size_t)(tenant - site->tenants) + 1, place);
	place->appliance++;
	return true;
}

static struct ls_site_host describe(const struct ls_site_place *place)
{
	const struct ls_site_gateway *gateway = place->gateway;
	const struct ls_site_appliance *appliance = place->appliance;

	if (gateway && !place->tenant)
		return (struct ls_site_host){
			.name = gateway->name,
			.side = LS_SIDE_GATEWAY,
			.variant = gateway->mode,
			.families = gateway->families,
			.port = gateway->external_port,
			.dns_name = gateway->dns_name,
			.settings = ls_site_gateway_settings(gateway),
		};
	return (struct ls_site_host){
		.name = appliance->host,
		.side = appliance->extends ? LS_SIDE_TENANT : LS_SIDE_PROVIDER,
		.variant = appliance->platform,
		.families = appliance->families,
	};
}

int ls_site_render(const struct ls_site_layout *layout, const struct ls_site_place *place, ls_site_key_fn *read_key,
	void *user, struct ls_buf *buf, struct ls_site_host *ret, struct ls_error *err)
{
	struct renderer renderer = {
		.layout = layout, .tenant = place->tenant, .buf = buf, .read_key = read_key, .user = user, .err = err
	};
	struct ls_site_host host = describe(place);
	size_t start = buf->length;
	int r = 0;

	if (!place->tenant) {
		render_gateway(&renderer, place->gateway);
	} else {
		renderer.share = &layout->tenants[place->tenant - layout->site->tenants];
		r = render_appliance(&renderer, place->appliance);
	}
	if (r < 0)
		return r;
	if (buf->failed)
		return -ENOMEM;
	host.crc = ls_crc32c(0, buf->data + start, buf->length - start);
	host.length = (uint32_t)(buf->length - start);
	*ret = host;
	return 0;
}
