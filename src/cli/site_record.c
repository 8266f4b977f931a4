/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DIR/allocations.json: what a site was rendered to last, a host or a tenant a line, in the order of their names, so
 * that diff(1) and a person can read it. Written as text, since all names in it are letters, digits and a few signs;
 * read entry by entry. Reading is strict: what it does not know it refuses, since what is overlooked would be given to
 * somebody else. The last member is the sum of all before it, which tells that the file is whole. What a tenant holds
 * of tunnels is written "GATEWAY:PORT:LISTEN_PORT" under "NETWORK/FAMILY".
 */
#include "site.h"

#include <ctype.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FORMAT 1
#define NAME_LENGTH_MAX 63u /* as of any spec's name */

static const char *const families[] = { "ipv4", "ipv6" };

static const char *const variants[][2] = {
	{ [LS_SITE_NAT] = "nat", [LS_SITE_DIRECT] = "direct" },
	{ [LS_SITE_VSPHERE] = "vsphere", [LS_SITE_DIRECTOR] = "director" },
};

/* ---- what may be there ------------------------------------------------------------------------------------------- */

/* A member of an object. What is misspelt, of another type or out of range must not pass for nothing: addresses would
 * be given away that somebody has. */
struct member {
	const char *name; /* NULL: end of the list */
	json_type type;
	bool needed;
	json_int_t min, max; /* numbers */
};

#define NUMBER(text, is_needed, least, most) \
	{ \
		.name = (text), .type = JSON_INTEGER, .needed = (is_needed), .min = (least), .max = (most) \
	}

static const struct member record_members[] = {
	{ "format", JSON_INTEGER, .needed = true, .max = INT64_MAX },
	{ "ipv6_communication", JSON_TRUE, .needed = true },
	{ "hosts", JSON_OBJECT, .needed = true },
	{ "tenants", JSON_OBJECT, .needed = true },
	{ "removed", JSON_ARRAY, .needed = true },
	{ "temporary", JSON_STRING, .needed = false }, /* of a render that is to come to its end yet */
	NUMBER("crc", false, 0, UINT32_MAX),           /* records of before have none */
	{ 0 },
};

static const struct member host_members[] = {
	{ "side", JSON_STRING, .needed = true },
	{ "variant", JSON_STRING, .needed = true },
	{ "families", JSON_ARRAY, .needed = true },
	{ "dns_name", JSON_STRING, .needed = false },
	NUMBER("port", false, 1, UINT16_MAX),
	NUMBER("settings", false, 1, UINT32_MAX),
	{ "failover", JSON_STRING, .needed = false }, /* none, or not recorded yet, where it is left out */
	NUMBER("crc", true, 0, UINT32_MAX),
	NUMBER("length", true, 0, UINT32_MAX),
	NUMBER("found_crc", false, 0, UINT32_MAX),
	NUMBER("found_length", false, 1, UINT32_MAX),
	{ 0 },
};

static const struct member tenant_members[] = {
	{ "addresses", JSON_ARRAY, .needed = true },
	{ "tunnels", JSON_OBJECT, .needed = true },
	{ 0 },
};

static const char *const type_words[] = {
	[JSON_OBJECT] = "an object",
	[JSON_ARRAY] = "an array",
	[JSON_STRING] = "a text",
	[JSON_INTEGER] = "a number",
	[JSON_TRUE] = "true or false",
};

static int LS_PRINTF(3, 4) refuse(struct cli_walk *walk, const char *name, const char *format, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	if (!name)
		return ls_error_set(walk->err, -EINVAL, "%s: %s", walk->name, what);
	return ls_error_set(walk->err, -EINVAL, "%s: '%s': %s", walk->name, name, what);
}

static const struct member *find_member(const struct member *members, const char *name)
{
	for (; members->name; members++)
		if (strcmp(members->name, name) == 0)
			return members;
	return NULL;
}

static int check_member(
	struct cli_walk *walk, const char *name, const struct member *member, const char *key, const json_t *value)
{
	json_type type = json_is_false(value) ? JSON_TRUE : json_typeof(value);

	if (!member)
		return refuse(walk, name, "unknown member '%s'", key);
	if (type != member->type)
		return refuse(walk, name, "'%s' is not %s", key, type_words[member->type]);
	if (type == JSON_INTEGER &&
		(json_integer_value(value) < member->min || json_integer_value(value) > member->max))
		return refuse(
			walk, name, "'%s' is not in %lld-%lld", key, (long long)member->min, (long long)member->max);
	return 0;
}

static int check_members(struct cli_walk *walk, const char *name, const struct member *members, json_t *json)
{
	const char *key;
	json_t *value;
	int r = 0;

	if (!json_is_object(json))
		return refuse(walk, name, "not an object");
	json_object_foreach(json, key, value)
	{
		r = check_member(walk, name, find_member(members, key), key, value);
		if (r < 0)
			return r;
	}
	for (; members->name; members++)
		if (members->needed && !json_object_get(json, members->name))
			return refuse(walk, name, "'%s' is missing", members->name);
	return 0;
}

/* Of a host, a tenant or a network, as in specs: it may become a file's. */
static bool is_name(const char *text, size_t length)
{
	static const char others[] = "-_.";

	for (size_t i = 0; i < length; i++)
		if (!isascii(text[i]) || (!isalnum((unsigned char)text[i]) && !memchr(others, text[i], 3)))
			return false;
	return length > 0 && length <= NAME_LENGTH_MAX;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Growing lists; the arena gets them at the end. */
struct reading {
	struct ls_arena *arena;
	struct ls_site_record *record;
	size_t n_hosts_max, n_tenants_max;
	uint32_t seen; /* bits by place in record_members */
	bool whole;    /* the last of them has been read */
};

static int out_of_memory(struct cli_walk *walk)
{
	return ls_error_set(walk->err, -ENOMEM, "out of memory");
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

/* -1: one is none, or is there twice. */
static int read_families(const json_t *list)
{
	int bits = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		int family = find_word(families, LS_ARRAY_SIZE(families), json_string_value(item));

		if (family < 0 || bits & 1 << family)
			return -1;
		bits |= 1 << family;
	}
	return bits;
}

static uint32_t number_of(const json_t *json, const char *name)
{
	return (uint32_t)json_integer_value(json_object_get(json, name));
}

/* A valid one, or one of which what is not valid has been told. */
static int describe_host(struct cli_walk *walk, const char *name, json_t *json, struct ls_site_host *ret)
{
	int r = check_members(walk, name, host_members, json), side, variant, bits;
	const char *word = json_string_value(json_object_get(json, "failover"));
	enum ls_failover_mode mode = LS_FAILOVER_NONE;

	if (r < 0)
		return r;
	side = find_word(ls_site_sides, LS_N_SIDES, json_string_value(json_object_get(json, "side")));
	variant = find_word(variants[side != LS_SIDE_GATEWAY], 2, json_string_value(json_object_get(json, "variant")));
	bits = read_families(json_object_get(json, "families"));
	if (side < 0 || variant < 0 || bits < 0)
		return refuse(walk, name, "no such %s", side < 0 ? "side" : variant < 0 ? "variant" : "families");
	if (word && !ls_failover_by_word(word, &mode))
		return refuse(walk, name, "no such mode of failover");
	*ret = (struct ls_site_host){
		.side = (uint8_t)side,
		.variant = (uint8_t)variant,
		.families = (uint8_t)bits,
		.failover = (uint8_t)mode,
		.port = (uint16_t)number_of(json, "port"),
		.settings = number_of(json, "settings"),
		.crc = number_of(json, "crc"),
		.length = number_of(json, "length"),
		.found_crc = number_of(json, "found_crc"),
		.found_length = number_of(json, "found_length"),
	};
	return 0;
}

/* Of a line of hosts or tenants. */
static int check_name(struct cli_walk *walk, const char *name, const char *before)
{
	if (!is_name(name, strlen(name)))
		return refuse(walk, name, "not a name");
	return before && strcmp(before, name) >= 0 ? refuse(walk, name, "not in order") : 0;
}

static int read_host(struct cli_walk *walk, const char *name, void *data)
{
	LS_CLEANUP(cli_json_unref) json_t *json = NULL;
	struct reading *reading = data;
	struct ls_site_record *record = reading->record;
	struct ls_site_host host;
	int r = cli_walk_value(walk, &json);

	if (r == 0)
		r = check_name(walk, name, record->n_hosts ? record->hosts[record->n_hosts - 1].name : NULL);
	if (r == 0)
		r = describe_host(walk, name, json, &host);
	if (r < 0)
		return r;
	host.name = intern(reading, name);
	host.dns_name = intern(reading, json_string_value(json_object_get(json, "dns_name")));
	record->hosts =
		room_for(reading->arena, record->hosts, record->n_hosts, &reading->n_hosts_max, sizeof(*record->hosts));
	if (!record->hosts || !host.name || (json_object_get(json, "dns_name") && !host.dns_name))
		return out_of_memory(walk);
	record->hosts[record->n_hosts++] = host;
	return 0;
}

/* Digits and nothing else up to `end`. NULL: it is no port. */
static const char *read_number(const char *text, char end, uint16_t *ret)
{
	uint32_t number = 0;

	for (; isdigit((unsigned char)*text) && number <= UINT16_MAX; text++)
		number = 10 * number + (uint32_t)(*text - '0');
	*ret = (uint16_t)number;
	return number > 0 && number <= UINT16_MAX && *text == end ? text + 1 : NULL;
}

static int read_port(struct reading *reading, const char *key, const char *value, struct ls_site_held_port *ret)
{
	const char *slash = strchr(key, '/'), *colon = value ? strchr(value, ':') : NULL, *at;
	int family = slash ? find_word(families, LS_ARRAY_SIZE(families), slash + 1) : -1;
	struct ls_site_held_port port = { 0 };

	if (family < 0 || !colon || !is_name(key, (size_t)(slash - key)) || !is_name(value, (size_t)(colon - value)))
		return -EINVAL;
	at = read_number(colon + 1, ':', &port.port);
	if (!at || !read_number(at, '\0', &port.listen_port))
		return -EINVAL;
	port.network = ls_arena_intern(reading->arena, key, (size_t)(slash - key));
	port.gateway = ls_arena_intern(reading->arena, value, (size_t)(colon - value));
	port.family = (uint8_t)(1u << family);
	*ret = port;
	return port.network && port.gateway ? 0 : -ENOMEM;
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

	if (r == 0)
		r = check_name(walk, name, record->n_tenants ? record->tenants[record->n_tenants - 1].name : NULL);
	if (r == 0)
		r = check_members(walk, name, tenant_members, json);
	if (r < 0)
		return r;
	record->tenants = room_for(
		reading->arena, record->tenants, record->n_tenants, &reading->n_tenants_max, sizeof(*record->tenants));
	if (!record->tenants)
		return out_of_memory(walk);
	held = &record->tenants[record->n_tenants++];
	*held = (struct ls_site_held){ .name = intern(reading, name) };
	r = read_holdings(reading, json, held);
	if (r == -EINVAL)
		return refuse(walk, name, "holds what is no address and no tunnel");
	return r < 0 ? out_of_memory(walk) : 0;
}

static int read_removed(struct cli_walk *walk, const json_t *list, struct reading *reading)
{
	struct ls_site_record *record = reading->record;

	record->removed = ls_arena_alloc(reading->arena, (json_array_size(list) + 1) * sizeof(*record->removed));
	for (size_t i = 0; record->removed && i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (!name || !is_name(name, strlen(name)))
			return refuse(walk, NULL, "'removed' is no list of names");
		record->removed[record->n_removed] = intern(reading, name);
		if (!record->removed[record->n_removed++])
			return out_of_memory(walk);
	}
	return record->removed ? 0 : out_of_memory(walk);
}

/* It is removed: whatever else stands there must not be. */
static int read_temporary(struct cli_walk *walk, const char *name, struct reading *reading)
{
	if (strncmp(name, CLI_TEMPORARY, strlen(CLI_TEMPORARY)) != 0 || !is_name(name, strlen(name)))
		return refuse(walk, NULL, "'temporary' is no name of a temporary file");
	reading->record->temporary = intern(reading, name);
	return reading->record->temporary ? 0 : out_of_memory(walk);
}

/* The sum of all that is before the member, of which the value has been read. */
static int check_sum(struct cli_walk *walk, const char *value, const json_t *json)
{
	static const char key[] = "\"crc\":";
	size_t length = (size_t)(value - walk->text);

	if (length < strlen(key) || memcmp(value - strlen(key), key, strlen(key)) != 0 ||
		ls_crc32c(0, walk->text, length - strlen(key)) != json_integer_value(json))
		return refuse(walk, NULL, "it is damaged, or was edited: its checksum is another");
	return 0;
}

static int read_value(struct cli_walk *walk, const struct member *member, const char *name, struct reading *reading)
{
	LS_CLEANUP(cli_json_unref) json_t *json = NULL;
	const char *value = walk->at;
	int r = cli_walk_value(walk, &json);

	if (r == 0)
		r = check_member(walk, NULL, member, name, json);
	if (r < 0)
		return r;
	if (strcmp(name, "removed") == 0)
		return read_removed(walk, json, reading);
	if (strcmp(name, "temporary") == 0)
		return read_temporary(walk, json_string_value(json), reading);
	if (strcmp(name, "crc") == 0)
		return check_sum(walk, value, json);
	if (strcmp(name, "format") == 0 && json_integer_value(json) != FORMAT)
		return refuse(walk, NULL, "of another format; this linkspan reads format %d", FORMAT);
	if (strcmp(name, "ipv6_communication") == 0)
		reading->record->ipv6_communication = json_is_true(json);
	return 0;
}

static int read_member(struct cli_walk *walk, const char *name, void *data)
{
	const struct member *member = find_member(record_members, name);
	struct reading *reading = data;

	if (reading->whole)
		return refuse(walk, NULL, "it goes on after 'crc'");
	reading->seen |= member ? 1u << (member - record_members) : 0;
	reading->whole = strcmp(name, "crc") == 0;
	if (strcmp(name, "hosts") == 0)
		return cli_walk_object(walk, read_host, data);
	if (strcmp(name, "tenants") == 0)
		return cli_walk_object(walk, read_tenant, data);
	return read_value(walk, member, name, reading);
}

static int read_all(struct cli_walk *walk, struct reading *reading)
{
	int r = cli_walk_object(walk, read_member, reading);

	if (r == 0)
		r = cli_walk_end(walk);
	for (size_t i = 0; r == 0 && record_members[i].name; i++)
		if (record_members[i].needed && !(reading->seen & 1u << i))
			r = refuse(walk, NULL, "'%s' is missing", record_members[i].name);
	return r;
}

/* The end of every message about what is in the file. */
static int advise(struct ls_error *err, const char *name)
{
	struct ls_error told = *err;

	return ls_error_set(err, told.code, "%.900s; %s", told.message,
		strcmp(name, CLI_INTENDED) == 0
			? "remove it (what the render that was cut short gave to tenants is given anew)"
			: "restore it from a backup (without it, all addresses and ports are given anew)");
}

int cli_site_record_read(
	const struct cli_site_place *place, struct ls_arena *arena, struct ls_site_record *ret, struct ls_error *err)
{
	struct ls_site_record record = { .rendered = true };
	struct reading reading = { .arena = arena, .record = &record };
	LS_CLEANUP(ls_free) char *text = NULL;
	char path[PATH_MAX];
	struct cli_walk walk = { .name = path, .err = err };
	size_t length;
	int r = ls_file_read_at(place->fd, place->name, CLI_ALLOCATIONS_MAX, &text, &length, err);

	if (r == -ENOENT) {
		*ret = (struct ls_site_record){ 0 };
		return ls_error_clear(err);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", place->dir, place->name);
	if (r < 0)
		return cli_site_in_dir(place->dir, err);
	walk.text = walk.at = text;
	walk.end = text + length;
	r = read_all(&walk, &reading);
	if (r == 0)
		*ret = record;
	return r == -EINVAL ? advise(err, place->name) : r;
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
	if (host->failover != LS_FAILOVER_NONE)
		(void)ls_buf_printf(buf, ",\"failover\":\"%s\"", ls_failover_words[host->failover].word);
	if (host->settings)
		(void)ls_buf_printf(buf, ",\"settings\":%u", host->settings);
	(void)ls_buf_printf(buf, ",\"crc\":%u,\"length\":%u", host->crc, host->length);
	if (host->found_length)
		(void)ls_buf_printf(buf, ",\"found_crc\":%u,\"found_length\":%u", host->found_crc, host->found_length);
	(void)ls_buf_printf(buf, "}%s\n", last ? "" : ",");
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

/* What is found is of an intended one only. */
static void write_hosts(struct ls_buf *buf, const struct cli_site_specs *specs, bool intended)
{
	for (size_t i = 0; i < specs->n; i++) {
		struct ls_site_host host = specs->items[i].host;

		host.found_length = intended ? host.found_length : 0;
		write_host(buf, &host, i + 1 == specs->n);
	}
}

int cli_site_record_write(const struct cli_site_outcome *outcome, struct ls_buf *buf)
{
	int r;

	(void)ls_buf_printf(buf, "{\"format\":%d,\"ipv6_communication\":%s,\n\"hosts\":{\n", FORMAT,
		outcome->layout->site->ipv6_communication ? "true" : "false");
	write_hosts(buf, outcome->specs, outcome->temporary != NULL);
	(void)ls_buf_printf(buf, "},\n\"tenants\":{");
	r = write_tenants(buf, outcome->layout);
	(void)ls_buf_printf(buf, "\n},\n\"removed\":[");
	for (size_t i = 0; i < outcome->n_removed; i++)
		(void)ls_buf_printf(buf, "%s\"%s\"", i ? "," : "", outcome->removed[i]);
	(void)ls_buf_printf(buf, "],\n");
	if (outcome->temporary)
		(void)ls_buf_printf(buf, "\"temporary\":\"%s\",\n", outcome->temporary);
	if (!buf->failed)
		(void)ls_buf_printf(buf, "\"crc\":%u}\n", ls_crc32c(0, buf->data, buf->length));
	return r < 0 || buf->failed ? -ENOMEM : 0;
}
