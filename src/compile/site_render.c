/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Specs of the hosts of a site, as text. A mapping that can be long is a block, one that is a line long is in braces;
 * the order is that of the site, so that a small change of the site is a small change of few files. Families that a
 * host does not have yet (LS_SITE_IPV6 of its outside interface) are left out of all of its spec.
 */
#include "site_render.h"

#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

const char *const ls_site_sides[LS_N_SIDES] = {
	[LS_SIDE_GATEWAY] = "gateway",
	[LS_SIDE_PROVIDER] = "provider",
	[LS_SIDE_TENANT] = "tenant",
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

void site_put(struct site_renderer *renderer, const char *text)
{
	(void)ls_buf_append(renderer->buf, text, strlen(text));
}

/* A text that somebody chose; what could be taken for anything else stands in quotes. */
void site_put_text(struct site_renderer *renderer, const char *text)
{
	if (is_plain(text)) {
		site_put(renderer, text);
		return;
	}
	site_put(renderer, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			site_put(renderer, "\\");
		(void)ls_buf_append(renderer->buf, text, 1);
	}
	site_put(renderer, "\"");
}

void site_put_key(struct site_renderer *renderer, const char *indent, const char *key)
{
	site_put(renderer, indent);
	site_put_text(renderer, key);
	site_put(renderer, ":");
}

static void put_quoted(struct site_renderer *renderer, const char *text, bool quoted)
{
	site_put(renderer, quoted ? "\"" : "");
	site_put(renderer, text);
	site_put(renderer, quoted ? "\"" : "");
}

void site_put_ip(struct site_renderer *renderer, const struct ls_ip *ip)
{
	char text[LS_IP_TEXT_MAX];

	put_quoted(renderer, ls_ip_format(ip, text), ip->family == AF_INET6);
}

void site_put_prefix(struct site_renderer *renderer, const struct ls_prefix *prefix)
{
	char text[LS_PREFIX_TEXT_MAX];

	put_quoted(renderer, ls_prefix_format(prefix, text), prefix->ip.family == AF_INET6);
}

const char *site_family_key(uint8_t family)
{
	return family == LS_SITE_IPV6 ? "ipv6" : "ipv4";
}

bool site_has_family(const struct site_renderer *renderer, const struct ls_ip *ip)
{
	return renderer->families & ls_site_family_of(ip);
}

/* ---- what all have ----------------------------------------------------------------------------------------------- */

static void put_head(struct site_renderer *renderer, const char *kind, const char *name)
{
	(void)ls_buf_printf(renderer->buf, "linkspan: 1\nkind: %s\nname: ", kind);
	site_put_text(renderer, name);
	site_put(renderer, "\n");
}

static void put_ipv6(struct site_renderer *renderer)
{
	(void)ls_buf_printf(
		renderer->buf, "ipv6_communication: %s\n", renderer->families & LS_SITE_IPV6 ? "true" : "false");
}

static void put_family(struct site_renderer *renderer, const char *key, const struct ls_spec_family *family)
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
		site_put(renderer, i ? ", " : ", addresses: [");
		site_put_prefix(renderer, &family->addresses[i].address);
	}
	site_put(renderer, family->n_addresses ? "]" : "");
	if (family->gateway.family) {
		site_put(renderer, ", gateway: ");
		site_put_ip(renderer, &family->gateway);
	}
	site_put(renderer, " }");
}

static void put_interface(struct site_renderer *renderer, const struct ls_spec_interface *interface)
{
	char mac[LS_MAC_TEXT_MAX];

	site_put_key(renderer, "  ", interface->name);
	if (interface->has_match_mac) {
		(void)ls_buf_printf(
			renderer->buf, " { match: { macaddress: \"%s\" }", ls_mac_format(&interface->match_mac, mac));
	} else {
		site_put(renderer, " { match: { name: ");
		site_put_text(renderer, interface->match_name);
		site_put(renderer, " }");
	}
	if (interface->mtu)
		(void)ls_buf_printf(renderer->buf, ", mtu: %u", interface->mtu);
	put_family(renderer, "ipv4", &interface->ipv4);
	if (renderer->families & LS_SITE_IPV6)
		put_family(renderer, "ipv6", &interface->ipv6);
	site_put(renderer, " }\n");
}

bool site_has_interface(const struct ls_site_appliance *appliance, const char *name)
{
	for (size_t i = 0; i < appliance->n_interfaces; i++)
		if (strcmp(appliance->interfaces[i].name, name) == 0)
			return true;
	return false;
}

bool site_is_rendered(const struct site_renderer *renderer, const struct ls_site_network *network)
{
	return network->target && ((network->ipv4.subnet.ip.family && renderer->families & LS_SITE_IPV4) ||
					  (network->ipv6.subnet.ip.family && renderer->families & LS_SITE_IPV6));
}

bool site_is_vlan(const struct ls_site_appliance *appliance, const struct ls_site_network *network)
{
	return !site_has_interface(appliance, network->target->name);
}

/* ---- interfaces of appliances ------------------------------------------------------------------------------------ */

static bool is_rendered_family(
	const struct site_renderer *renderer, uint8_t family, const struct ls_spec_family *method)
{
	return renderer->families & family && (method->method == LS_METHOD_AUTO || method->method == LS_METHOD_MANUAL);
}

/* A network is on it, or in a VLAN of it. */
static bool carries(const struct site_renderer *renderer, const struct ls_site_appliance *appliance, const char *name)
{
	const struct ls_site_tenant *tenant = renderer->tenant;

	for (size_t i = 0; !appliance->extends && i < tenant->n_networks; i++) {
		const struct ls_site_network *network = &tenant->networks[i];

		if (site_is_rendered(renderer, network) &&
			strcmp(name, site_is_vlan(appliance, network) ? LS_SITE_TRUNK : network->target->name) == 0)
			return true;
	}
	return false;
}

/* Spare ones, and those whose network is gone or still to come, are nobody's: a host's spec has no family to give them
 * (appliance-family). One at the tenant that is in the network has a family of its own (the same check). */
static bool is_idle(const struct site_renderer *renderer, const struct ls_site_appliance *appliance,
	const struct ls_spec_interface *interface)
{
	return !is_rendered_family(renderer, LS_SITE_IPV4, &interface->ipv4) &&
	       !is_rendered_family(renderer, LS_SITE_IPV6, &interface->ipv6) &&
	       !carries(renderer, appliance, interface->name);
}

static void put_interfaces(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	site_put(renderer, "interfaces:\n");
	for (size_t i = 0; i < appliance->n_interfaces; i++)
		if (!is_idle(renderer, appliance, &appliance->interfaces[i]))
			put_interface(renderer, &appliance->interfaces[i]);
}

static void put_vlans(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	char name[LS_SITE_VLAN_NAME_MAX];

	for (size_t i = 0; i < tenant->n_networks; i++) {
		const struct ls_site_network *network = &tenant->networks[i];

		if (!site_is_rendered(renderer, network) || !site_is_vlan(appliance, network))
			continue;
		ls_site_vlan_name(network->target, name);
		site_put_key(renderer, "  ", name);
		(void)ls_buf_printf(renderer->buf, " { create: { type: vlan, parent: " LS_SITE_TRUNK ", id: %u } }\n",
			network->target->vlan);
	}
}

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

static void put_service(struct site_renderer *renderer, const struct ls_site_gateway *gateway)
{
	size_t n = 0;

	if (gateway->mode != LS_SITE_NAT)
		return;
	site_put(renderer, "gateway: { mode: nat, dns_name: ");
	site_put_text(renderer, gateway->dns_name);
	site_put(renderer, ", interface: ");
	site_put_text(renderer, gateway->outside->name);
	(void)ls_buf_printf(renderer->buf, ", external_port: %u, internal_port: %u", gateway->external_port,
		gateway->internal_port);
	for (size_t i = 0; i < gateway->n_services; i++) {
		if (!site_has_family(renderer, &gateway->services[i].ip))
			continue;
		site_put(renderer, n++ ? ", " : ", service: [");
		site_put_ip(renderer, &gateway->services[i].ip);
	}
	site_put(renderer, n ? "] }\n" : " }\n");
}

static void put_forward(struct site_renderer *renderer, const struct ls_site_gateway *gateway,
	const struct ls_site_forward *forward, bool *any)
{
	const struct ls_site_tunnel *tunnel = forward->tunnel;
	struct ls_ip to = ls_site_reach(forward->tenant->provider, tunnel->outer);
	char text[LS_IP_TEXT_MAX];
	bool ipv6 = to.family == AF_INET6;

	if (!to.family)
		return;
	site_put(renderer, *any ? "" : "forwards:\n");
	*any = true;
	site_put(renderer, "  - { interface: ");
	site_put_text(renderer, gateway->outside->name);
	(void)ls_buf_printf(renderer->buf, ", protocol: [udp], port: %u, to: \"%s%s%s:%u\" }\n", tunnel->port,
		ipv6 ? "[" : "", ls_ip_format(&to, text), ipv6 ? "]" : "", tunnel->listen_port);
}

static void render_gateway(struct site_renderer *renderer, const struct ls_site_gateway *gateway)
{
	const struct ls_site_layout *layout = renderer->layout;
	const struct ls_site_forwards *forwards = &layout->gateways[gateway - layout->site->gateways];
	bool any = false;

	renderer->families = gateway->families;
	put_head(renderer, "gateway", gateway->name);
	put_ipv6(renderer);
	site_put(renderer, "interfaces:\n");
	for (size_t i = 0; i < gateway->n_interfaces; i++)
		put_interface(renderer, &gateway->interfaces[i]);
	put_service(renderer, gateway);
	for (size_t i = 0; i < forwards->n; i++)
		put_forward(renderer, gateway, &forwards->items[i], &any);
}

/* ---- appliances -------------------------------------------------------------------------------------------------- */

static int render_provider(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_tenant *tenant = renderer->tenant;
	bool first = true;

	for (size_t i = 0; i < tenant->n_networks; i++) {
		if (!site_is_rendered(renderer, &tenant->networks[i]))
			continue;
		site_put(renderer, first ? "networks:\n" : "");
		first = false;
		site_put_network(renderer, appliance, &tenant->networks[i]);
	}
	site_put_replicas(renderer, NULL);
	site_put_failover(renderer, NULL);
	site_put_publics(renderer, appliance);
	site_put_uplinks(renderer, appliance);
	return site_put_tunnels(renderer, NULL, LS_SIDE_PROVIDER);
}

static void put_extended(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site_network *network = appliance->extends;

	if (!site_is_rendered(renderer, network))
		return;
	site_put(renderer, "networks:\n");
	site_put_key(renderer, "  ", network->name);
	site_put(renderer, " { interface: ");
	site_put_text(renderer, appliance->outside->name);
	site_put_subnet(renderer, LS_SITE_IPV4, &network->ipv4, false);
	site_put_subnet(renderer, LS_SITE_IPV6, &network->ipv6, false);
	site_put(renderer, " }\n");
}

static int render_tenant(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	put_extended(renderer, appliance);
	site_put_replicas(renderer, appliance->extends);
	site_put_failover(renderer, appliance->extends);
	return site_put_tunnels(renderer, appliance, LS_SIDE_TENANT);
}

/* The warning is the host's as much as the site's: a check of its spec, and every plan and apply, would give it again.
 */
static void put_platform(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	const struct ls_site *site = renderer->layout->site;
	bool director = appliance->platform == LS_SITE_DIRECTOR;

	(void)ls_buf_printf(renderer->buf, "platform: %s\n", director ? "director" : "vsphere");
	if (director && ls_spec_suppresses(site->suppressed, site->n_suppressed, LS_DIRECTOR_DUAL_STACK))
		site_put(renderer, "suppress_warnings: [" LS_DIRECTOR_DUAL_STACK "]\n");
}

/* What a tenant's appliance extends decides about its families: IPv6 needs both ends and the gateway. */
static int render_appliance(struct site_renderer *renderer, const struct ls_site_appliance *appliance)
{
	bool provider = !appliance->extends;

	renderer->families = ls_site_inner_families(appliance);
	put_head(renderer, "appliance", appliance->host);
	(void)ls_buf_printf(renderer->buf, "side: %s\n", provider ? "provider" : "tenant");
	if (provider)
		put_platform(renderer, appliance);
	put_ipv6(renderer);
	put_interfaces(renderer, appliance);
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
	struct site_renderer renderer = {
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
