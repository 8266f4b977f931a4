/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host of a site needs, now that it is another than the one that was rendered last.
 */
#include <linkspan/compile.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *families_text(uint8_t families)
{
	static const char *const texts[] = { "none", "IPv4", "IPv6", "IPv4 and IPv6" };

	return texts[families & (LS_SITE_IPV4 | LS_SITE_IPV6)];
}

struct reasons {
	char *text;
	size_t length;
};

static void LS_PRINTF(2, 3) give_reason(struct reasons *reasons, const char *format, ...)
{
	va_list ap;
	int n;

	if (reasons->length)
		reasons->length +=
			(size_t)snprintf(reasons->text + reasons->length, LS_SITE_REASON_MAX - reasons->length, "; ");
	va_start(ap, format);
	n = vsnprintf(reasons->text + reasons->length, LS_SITE_REASON_MAX - reasons->length, format, ap);
	va_end(ap);
	reasons->length += n > 0 ? (size_t)n : 0;
	if (reasons->length >= LS_SITE_REASON_MAX)
		reasons->length = LS_SITE_REASON_MAX - 1;
}

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

static uint32_t add_text(uint32_t sum, const char *text)
{
	return text ? ls_crc32c(sum, text, strlen(text) + 1) : ls_crc32c(sum, "\n", 1);
}

static uint32_t add_number(uint32_t sum, uint32_t number)
{
	const uint8_t bytes[] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
		(uint8_t)number };

	return ls_crc32c(sum, bytes, sizeof(bytes));
}

static uint32_t add_ip(uint32_t sum, const struct ls_ip *ip)
{
	return ls_crc32c(add_number(sum, ip->family), ip->bytes, ls_ip_size(ip->family));
}

static uint32_t add_family(uint32_t sum, const struct ls_spec_family *family)
{
	sum = add_number(sum, family->method);
	for (size_t i = 0; i < family->n_addresses; i++)
		sum = add_number(add_ip(sum, &family->addresses[i].address.ip), family->addresses[i].address.length);
	return add_ip(sum, &family->gateway);
}

static uint32_t add_interface(uint32_t sum, const struct ls_spec_interface *interface, uint8_t families)
{
	sum = add_text(add_text(sum, interface->name), interface->match_name);
	if (interface->has_match_mac)
		sum = ls_crc32c(sum, &interface->match_mac, sizeof(interface->match_mac));
	sum = add_number(sum, interface->mtu);
	if (families & LS_SITE_IPV4)
		sum = add_family(sum, &interface->ipv4);
	if (families & LS_SITE_IPV6)
		sum = add_family(sum, &interface->ipv6);
	return sum;
}

uint32_t ls_site_gateway_settings(const struct ls_site_gateway *gateway)
{
	uint32_t sum = add_number(0, gateway->mode);

	sum = add_text(add_text(sum, gateway->dns_name), gateway->outside ? gateway->outside->name : NULL);
	sum = add_number(add_number(sum, gateway->external_port), gateway->internal_port);
	sum = add_number(add_number(sum, gateway->tunnel_port), gateway->last_tunnel_port);
	for (size_t i = 0; i < gateway->n_services; i++)
		if (gateway->families & ls_site_family_of(&gateway->services[i].ip))
			sum = add_ip(sum, &gateway->services[i].ip);
	for (size_t i = 0; i < gateway->n_interfaces; i++)
		sum = add_interface(sum, &gateway->interfaces[i], gateway->families);
	return sum ? sum : 1;
}

/* ---- parts of specs ---------------------------------------------------------------------------------------------- */

struct part {
	const char *text;
	size_t key, length; /* of the key, of all */
};

/* A part begins with its key, at the beginning of a line; the lines that follow are indented. False: the end. */
static bool next_part(const char **at, const char *end, struct part *ret)
{
	const char *text = *at, *line = text;

	if (text >= end)
		return false;
	do {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		line = newline ? newline + 1 : end;
	} while (line < end && *line == ' ');
	*ret = (struct part){ .text = text, .length = (size_t)(line - text) };
	while (ret->key < ret->length && text[ret->key] != ':')
		ret->key++;
	*at = line;
	return true;
}

static bool find_part(const char *text, size_t length, const struct part *like, struct part *ret)
{
	const char *at = text;

	while (next_part(&at, text + length, ret))
		if (ret->key == like->key && memcmp(ret->text, like->text, like->key) == 0)
			return true;
	return false;
}

struct parts {
	char *text;
	size_t length, n;
};

/* The last of them stands behind "and". */
static void add_part(struct parts *parts, const struct part *part, bool last)
{
	const char *between = !parts->n ? "" : last ? " and " : ", ";

	if (parts->length + strlen(between) + part->key >= LS_SITE_PARTS_MAX)
		return;
	parts->length += (size_t)snprintf(parts->text + parts->length, LS_SITE_PARTS_MAX - parts->length, "%s%.*s",
		between, (int)part->key, part->text);
	parts->n++;
}

/* Those of `text` that the other does not have, or, with `changed`, has in another form; of `pending` it is not known
 * yet whether it is the last. */
static void collect(struct parts *parts, struct part *pending, const char *text, size_t length, const char *other,
	size_t other_length, bool changed)
{
	const char *at = text;
	struct part part, twin;

	while (next_part(&at, text + length, &part)) {
		if (find_part(other, other_length, &part, &twin) &&
			!(changed && (twin.length != part.length || memcmp(twin.text, part.text, part.length) != 0)))
			continue;
		if (pending->length)
			add_part(parts, pending, false);
		*pending = part;
	}
}

const char *ls_site_differing_parts(
	const char *was, size_t was_length, const char *now, size_t now_length, char ret[static LS_SITE_PARTS_MAX])
{
	struct parts parts = { .text = ret };
	struct part pending = { 0 };

	ret[0] = '\0';
	collect(&parts, &pending, now, now_length, was, was_length, true);
	collect(&parts, &pending, was, was_length, now, now_length, false);
	if (pending.length)
		add_part(&parts, &pending, true);
	return ret;
}

/* ---- what changed ------------------------------------------------------------------------------------------------ */

static const char *variant_text(const struct ls_site_host *host)
{
	if (host->side == LS_SIDE_GATEWAY)
		return host->variant == LS_SITE_DIRECT ? "direct" : "nat";
	return host->variant == LS_SITE_DIRECTOR ? "director" : "vsphere";
}

static enum ls_site_action compare_hosts(
	const struct ls_site_host *was, const struct ls_site_host *now, const char *parts, struct reasons *reasons)
{
	bool gateway = now->side == LS_SIDE_GATEWAY;

	if (was->side != now->side)
		give_reason(reasons, "%s becomes %s", ls_site_sides[was->side], ls_site_sides[now->side]);
	else if (was->variant != now->variant)
		give_reason(reasons, "%s %s becomes %s", gateway ? "mode" : "platform", variant_text(was),
			variant_text(now));
	if (was->families != now->families)
		give_reason(reasons, "%s becomes %s", families_text(was->families), families_text(now->families));
	if (reasons->length && !gateway)
		return LS_SITE_REDEPLOY;
	if (!ls_text_same(was->dns_name, now->dns_name))
		give_reason(reasons, "the name becomes %s", now->dns_name ? now->dns_name : "an address");
	if (was->port != now->port)
		give_reason(reasons, "port %u becomes %u", was->port, now->port);
	if (reasons->length)
		return LS_SITE_RECONFIGURE;
	if (ls_site_was_rendered_to(was, now->crc, now->length))
		return LS_SITE_KEEP;
	if (gateway)
		give_reason(reasons, was->settings == now->settings ? "other ports are forwarded"
								    : "its interfaces or ports changed");
	else
		give_reason(reasons, "its %s changed",
			parts && *parts ? parts : "interfaces, networks, replicas, failover, addresses or tunnels");
	return LS_SITE_RECONFIGURE;
}

enum ls_site_action ls_site_compare(const struct ls_site *site, const struct ls_site_host *was,
	const struct ls_site_host *now, const char *parts, char reason[static LS_SITE_REASON_MAX])
{
	struct reasons reasons = { .text = reason };
	enum ls_site_action action;

	reason[0] = '\0';
	if (!now) {
		give_reason(&reasons, "no longer in the site");
		return LS_SITE_REMOVE;
	}
	if (!was) {
		give_reason(&reasons, "new");
		return LS_SITE_DEPLOY;
	}
	action = compare_hosts(was, now, parts, &reasons);
	if (!site->ipv6_communication || now->families & LS_SITE_IPV6)
		return action;
	give_reason(&reasons, "IPv6 communication is on, but it has IPv4 only%s",
		now->side == LS_SIDE_GATEWAY && now->variant == LS_SITE_DIRECT ? ", in mode direct"
									       : "; give its interface 'ipv6'");
	return now->side == LS_SIDE_GATEWAY ? LS_SITE_RECONFIGURE : LS_SITE_REDEPLOY;
}
