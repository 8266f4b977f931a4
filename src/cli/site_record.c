/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DIR/allocations.json: what a site was rendered to last, a host or a tenant a line, in the order of their names, so
 * that diff(1) and a person can read it. Written as text, since all names in it are letters, digits and a few signs;
 * read entry by entry. What a tenant holds of tunnels is written "GATEWAY:PORT:LISTEN_PORT" under "NETWORK/FAMILY".
 */
#include "site.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define FORMAT 1

static const char *const families[] = { "ipv4", "ipv6" };

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Growing lists; the arena gets them at the end. */
struct reading {
	struct ls_arena *arena;
	struct ls_site_record *record;
	size_t n_hosts_max, n_tenants_max;
};

static int refuse(struct cli_walk *walk, const char *name, const char *what)
{
	return ls_error_set(walk->err, -EINVAL, "%s: '%s' %s; restore the file from a backup", walk->name, name, what);
}

/* Doubles a list of the arena; what it was is left behind, which is half of it at most. */
static void *room_for(struct ls_arena *arena, void *list, size_t n, size_t *n_max, size_t size)
{
	void *grown;

	if (n < *n_max)
		return list;
	*n_max = *n_max ? 2 * *n_max : 64;
	grown = ls_arena_alloc(arena, *n_max * size);
	if (grown && n)
		memcpy(grown, list, n * size);
	return grown;
}

static const char *intern(struct reading *reading, const char *text)
{
	return text ? ls_arena_intern(reading->arena, text, strlen(text)) : NULL;
}

static int find_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; word && i < n; i++)
		if (words[i] && strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

static uint8_t read_families(const json_t *list)
{
	unsigned bits = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		int family = find_word(families, LS_ARRAY_SIZE(families), json_string_value(item));

		bits |= family < 0 ? 0 : 1u << family;
	}
	return (uint8_t)bits;
}

static const char *const variants[][2] = {
	{ [LS_SITE_NAT] = "nat", [LS_SITE_DIRECT] = "direct" },
	{ [LS_SITE_VSPHERE] = "vsphere", [LS_SITE_DIRECTOR] = "director" },
};

static int read_host(struct cli_walk *walk, const char *name, void *data)
{
	LS_CLEANUP(cli_json_unref) json_t *json = NULL;
	struct reading *reading = data;
	struct ls_site_record *record = reading->record;
	int r = cli_walk_value(walk, &json), side, variant;
	struct ls_site_host *host;

	if (r < 0)
		return r;
	side = find_word(ls_site_sides, LS_N_SIDES, json_string_value(json_object_get(json, "side")));
	variant = find_word(variants[side != LS_SIDE_GATEWAY], 2, json_string_value(json_object_get(json, "variant")));
	if (side < 0 || variant < 0)
		return refuse(walk, name, "is no host");
	if (record->n_hosts && strcmp(record->hosts[record->n_hosts - 1].name, name) >= 0)
		return refuse(walk, name, "is not in order");
	record->hosts =
		room_for(reading->arena, record->hosts, record->n_hosts, &reading->n_hosts_max, sizeof(*record->hosts));
	if (!record->hosts)
		return ls_error_set(walk->err, -ENOMEM, "out of memory");
	host = &record->hosts[record->n_hosts++];
	*host = (struct ls_site_host){
		.name = intern(reading, name),
		.side = (uint8_t)side,
		.variant = (uint8_t)variant,
		.families = read_families(json_object_get(json, "families")),
		.port = (uint16_t)json_integer_value(json_object_get(json, "port")),
		.dns_name = intern(reading, json_string_value(json_object_get(json, "dns_name"))),
		.settings = (uint32_t)json_integer_value(json_object_get(json, "settings")),
		.crc = (uint32_t)json_integer_value(json_object_get(json, "crc")),
		.length = (uint32_t)json_integer_value(json_object_get(json, "length")),
	};
	return host->name ? 0 : ls_error_set(walk->err, -ENOMEM, "out of memory");
}

static int read_port(struct reading *reading, const char *key, const char *value, struct ls_site_held_port *ret)
{
	const char *slash = strchr(key, '/'), *colon = value ? strchr(value, ':') : NULL;
	int family = slash ? find_word(families, LS_ARRAY_SIZE(families), slash + 1) : -1;
	unsigned long port, listen_port;
	char *end;

	if (family < 0 || !colon)
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end != ':')
		return -EINVAL;
	listen_port = strtoul(end + 1, &end, 10);
	if (port > UINT16_MAX || listen_port > UINT16_MAX || *end)
		return -EINVAL;
	*ret = (struct ls_site_held_port){
		.network = ls_arena_intern(reading->arena, key, (size_t)(slash - key)),
		.gateway = ls_arena_intern(reading->arena, value, (size_t)(colon - value)),
		.family = (uint8_t)(1u << family),
		.port = (uint16_t)port,
		.listen_port = (uint16_t)listen_port,
	};
	return ret->network && ret->gateway ? 0 : -ENOMEM;
}

static int read_holdings(struct reading *reading, json_t *json, struct ls_site_held *held)
{
	json_t *addresses = json_object_get(json, "addresses"), *tunnels = json_object_get(json, "tunnels"), *value;
	const char *key;
	int r = 0;

	held->ips = ls_arena_alloc(reading->arena, (json_array_size(addresses) + 1) * sizeof(*held->ips));
	held->ports = ls_arena_alloc(reading->arena, (json_object_size(tunnels) + 1) * sizeof(*held->ports));
	if (!held->ips || !held->ports || !held->name)
		return -ENOMEM;
	for (; held->n_ips < json_array_size(addresses); held->n_ips++) {
		const char *text = json_string_value(json_array_get(addresses, held->n_ips));

		if (!text || ls_ip_parse(text, &held->ips[held->n_ips]) < 0)
			return -EINVAL;
	}
	json_object_foreach(tunnels, key, value)
	{
		r = read_port(reading, key, json_string_value(value), &held->ports[held->n_ports++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_tenant(struct cli_walk *walk, const char *name, void *data)
{
	LS_CLEANUP(cli_json_unref) json_t *json = NULL;
	struct reading *reading = data;
	struct ls_site_record *record = reading->record;
	struct ls_site_held *held;
	int r = cli_walk_value(walk, &json);

	if (r < 0)
		return r;
	if (record->n_tenants && strcmp(record->tenants[record->n_tenants - 1].name, name) >= 0)
		return refuse(walk, name, "is not in order");
	record->tenants = room_for(
		reading->arena, record->tenants, record->n_tenants, &reading->n_tenants_max, sizeof(*record->tenants));
	if (!record->tenants)
		return ls_error_set(walk->err, -ENOMEM, "out of memory");
	held = &record->tenants[record->n_tenants++];
	*held = (struct ls_site_held){ .name = intern(reading, name) };
	r = read_holdings(reading, json, held);
	if (r == -EINVAL)
		return refuse(walk, name, "holds what is no address and no tunnel");
	return r < 0 ? ls_error_set(walk->err, r, "out of memory") : 0;
}

static int read_removed(struct cli_walk *walk, const json_t *list, struct reading *reading)
{
	struct ls_site_record *record = reading->record;

	record->removed = ls_arena_alloc(reading->arena, (json_array_size(list) + 1) * sizeof(*record->removed));
	for (size_t i = 0; record->removed && i < json_array_size(list); i++) {
		record->removed[i] = intern(reading, json_string_value(json_array_get(list, i)));
		if (!record->removed[i])
			return refuse(walk, "removed", "is no list of names");
		record->n_removed++;
	}
	return record->removed ? 0 : ls_error_set(walk->err, -ENOMEM, "out of memory");
}

static int read_member(struct cli_walk *walk, const char *name, void *data)
{
	LS_CLEANUP(cli_json_unref) json_t *json = NULL;
	struct reading *reading = data;
	int r;

	if (strcmp(name, "hosts") == 0)
		return cli_walk_object(walk, read_host, data);
	if (strcmp(name, "tenants") == 0)
		return cli_walk_object(walk, read_tenant, data);
	r = cli_walk_value(walk, &json);
	if (r < 0)
		return r;
	if (strcmp(name, "removed") == 0)
		return read_removed(walk, json, reading);
	if (strcmp(name, "format") == 0 && json_integer_value(json) != FORMAT)
		return ls_error_set(
			walk->err, -EINVAL, "%s: of another format; this linkspan reads format %d", walk->name, FORMAT);
	if (strcmp(name, "ipv6_communication") == 0)
		reading->record->ipv6_communication = json_is_true(json);
	return 0;
}

int cli_site_record_read(
	int dir, const char *name, struct ls_arena *arena, struct ls_site_record *ret, struct ls_error *err)
{
	struct ls_site_record record = { .rendered = true };
	struct reading reading = { .arena = arena, .record = &record };
	LS_CLEANUP(ls_free) char *text = NULL;
	struct cli_walk walk = { .name = name, .err = err };
	size_t length;
	int r;

	if (faccessat(dir, name, F_OK, 0) < 0 && errno == ENOENT) {
		*ret = (struct ls_site_record){ 0 };
		return 0;
	}
	r = ls_file_read_at(dir, name, CLI_ALLOCATIONS_MAX, &text, &length, err);
	if (r < 0)
		return r;
	walk.text = walk.at = text;
	walk.end = text + length;
	r = cli_walk_object(&walk, read_member, &reading);
	if (r == 0)
		r = cli_walk_end(&walk);
	if (r == 0)
		*ret = record;
	return r;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void write_families(struct ls_buf *buf, uint8_t bits)
{
	const char *between = "";

	(void)ls_buf_append(buf, "[", 1);
	for (size_t i = 0; i < LS_ARRAY_SIZE(families); i++) {
		if (!(bits >> i & 1))
			continue;
		(void)ls_buf_printf(buf, "%s\"%s\"", between, families[i]);
		between = ",";
	}
	(void)ls_buf_append(buf, "]", 1);
}

static void write_host(struct ls_buf *buf, const struct ls_site_host *host, bool last)
{
	(void)ls_buf_printf(buf, "\"%s\":{\"side\":\"%s\",\"variant\":\"%s\",\"families\":", host->name,
		ls_site_sides[host->side], variants[host->side != LS_SIDE_GATEWAY][host->variant]);
	write_families(buf, host->families);
	if (host->dns_name)
		(void)ls_buf_printf(buf, ",\"dns_name\":\"%s\"", host->dns_name);
	if (host->port)
		(void)ls_buf_printf(buf, ",\"port\":%u", host->port);
	if (host->settings)
		(void)ls_buf_printf(buf, ",\"settings\":%u", host->settings);
	(void)ls_buf_printf(buf, ",\"crc\":%u,\"length\":%u}%s\n", host->crc, host->length, last ? "" : ",");
}

static void write_tenant(struct ls_buf *buf, const struct ls_site_tenant *tenant, const struct ls_site_share *share)
{
	char text[LS_IP_TEXT_MAX];
	const char *between = "";

	(void)ls_buf_printf(buf, "\"%s\":{\"addresses\":[", tenant->name);
	for (size_t i = 0; i < share->n_ips; i++)
		(void)ls_buf_printf(buf, "%s\"%s\"", i ? "," : "", ls_ip_format(&share->ips[i], text));
	(void)ls_buf_printf(buf, "],\"tunnels\":{");
	for (size_t i = 0; i < share->n_tunnels; i++) {
		const struct ls_site_tunnel *tunnel = &share->tunnels[i];

		if (!tunnel->gateway)
			continue;
		(void)ls_buf_printf(buf, "%s\"%s/%s\":\"%s:%u:%u\"", between, tunnel->appliance->extends->name,
			families[tunnel->family == LS_SITE_IPV6], tunnel->gateway->name, tunnel->port,
			tunnel->listen_port);
		between = ",";
	}
	(void)ls_buf_append(buf, "}}", 2);
}

static int compare_places(const void *a, const void *b, void *tenants)
{
	const struct ls_site_tenant *list = tenants;

	return strcmp(list[*(const size_t *)a].name, list[*(const size_t *)b].name);
}

/* Tenants that hold nothing are left out. */
static int write_tenants(struct ls_buf *buf, const struct ls_site_layout *layout)
{
	const struct ls_site *site = layout->site;
	LS_CLEANUP(ls_free) size_t *order = calloc(site->n_tenants + 1, sizeof(*order));
	const char *between = "\n";

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < site->n_tenants; i++)
		order[i] = i;
	qsort_r(order, site->n_tenants, sizeof(*order), compare_places, site->tenants);
	for (size_t i = 0; i < site->n_tenants; i++) {
		const struct ls_site_share *share = &layout->tenants[order[i]];

		if (!share->n_ips && !share->n_tunnels)
			continue;
		(void)ls_buf_append(buf, between, strlen(between));
		between = ",\n";
		write_tenant(buf, &site->tenants[order[i]], share);
	}
	return 0;
}

int cli_site_record_write(const struct ls_site_layout *layout, const struct cli_site_specs *specs,
	const char *const *removed, size_t n_removed, struct ls_buf *buf)
{
	int r;

	(void)ls_buf_printf(buf, "{\"format\":%d,\"ipv6_communication\":%s,\n\"hosts\":{\n", FORMAT,
		layout->site->ipv6_communication ? "true" : "false");
	for (size_t i = 0; i < specs->n; i++)
		write_host(buf, &specs->items[i].host, i + 1 == specs->n);
	(void)ls_buf_printf(buf, "},\n\"tenants\":{");
	r = write_tenants(buf, layout);
	(void)ls_buf_printf(buf, "\n},\n\"removed\":[");
	for (size_t i = 0; i < n_removed; i++)
		(void)ls_buf_printf(buf, "%s\"%s\"", i ? "," : "", removed[i]);
	(void)ls_buf_printf(buf, "]}\n");
	return r < 0 || buf->failed ? -ENOMEM : 0;
}
