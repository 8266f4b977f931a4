/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers that the spec gives a host name. Plans, journals and generations have only the name: what a run does, and the
 * way back, hang on no resolver. When a run stands (and nobody could take it back any more), such peers first get the
 * address that their name had last, which is on disk; then the names are looked up, and where the answer is another one
 * it is set, and recorded. Where it is the same the kernel is left alone: the peer may have moved since, and been
 * heard.
 */
#include "names.h"
#include "state.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define FILE_NAME "endpoints"
#define RESOLVE_MS 5000u
#define KEPT_MAX 1000u /* of peers that are not wanted now: they may come again */

enum { RESOLVED, UNRESOLVED, N_SECTIONS };

static const struct ls_wg_peer *as_peer(const struct ls_object *object)
{
	return (const struct ls_wg_peer *)object;
}

static bool has(const struct ls_wg_peer *peer, enum ls_wg_peer_attr attr)
{
	return ls_object_has(&peer->object, attr);
}

/* ---- on disk ----------------------------------------------------------------------------------------------------- */

static int endpoints_init(struct ls_endpoints *ret)
{
	*ret = (struct ls_endpoints){ .arena = ls_arena_new() };
	ls_set_init(&ret->resolved, ret->arena);
	ls_set_init(&ret->unresolved, ret->arena);
	return ret->arena ? 0 : -ENOMEM;
}

void ls_endpoints_done(struct ls_endpoints *endpoints)
{
	ls_set_done(&endpoints->resolved);
	ls_set_done(&endpoints->unresolved);
	ls_arena_free(endpoints->arena);
	*endpoints = (struct ls_endpoints){ 0 };
}

static bool is_entry(const struct ls_object *object)
{
	return object && object->kind == &ls_kind_wg_peer && ls_object_has(object, LS_WG_PEER_DEV) &&
	       ls_object_has(object, LS_WG_PEER_ENDPOINT_NAME) &&
	       ls_object_has(object, LS_WG_PEER_ENDPOINT) == ls_object_has(object, LS_WG_PEER_ENDPOINT_PORT);
}

static int read_section(const struct ls_buf *section, struct ls_set *ret)
{
	struct ls_reader reader = { section->data, section->length };
	uint64_t n = 0;
	int r = ls_read_u64(&reader, &n);

	for (uint64_t i = 0; r >= 0 && i < n; i++) {
		struct ls_object *object = NULL;

		r = ls_object_read(&reader, ret->arena, &object);
		if (r >= 0)
			r = is_entry(object) ? ls_set_add(ret, object) : -EBADMSG;
	}
	ls_set_sort(ret);
	return r;
}

int ls_host_endpoints(struct ls_host *host, struct ls_endpoints *ret, struct ls_error *err)
{
	struct ls_endpoints endpoints;
	struct ls_record record = { 0 };
	int r = endpoints_init(&endpoints);

	if (r >= 0 && host->dirfd >= 0) {
		r = ls_record_read(host->dirfd, FILE_NAME, LS_RECORD_ENDPOINTS, UINT32_MAX, &record, err);
		if (r == -ENOENT)
			r = ls_error_clear(err);
		else if (r >= 0)
			r = record.n_sections == N_SECTIONS ? 0 : -EBADMSG;
		if (r >= 0 && record.n_sections)
			r = read_section(&record.sections[RESOLVED], &endpoints.resolved);
		if (r >= 0 && record.n_sections)
			r = read_section(&record.sections[UNRESOLVED], &endpoints.unresolved);
	}
	ls_record_done(&record);
	if (r < 0) {
		ls_endpoints_done(&endpoints);
		return ls_error_context(err, r, "the addresses of host names");
	}
	*ret = endpoints;
	return 0;
}

static void put_section(struct ls_buf *buf, const struct ls_set *set)
{
	ls_write_u64(buf, set->n_objects);
	ls_set_each (set, i)
		ls_object_write(buf, set->objects[i]);
}

int ls_endpoints_write(struct ls_host *host, const struct ls_endpoints *endpoints, struct ls_error *err)
{
	struct ls_record record = { .n_sections = N_SECTIONS };
	int r;

	put_section(&record.sections[RESOLVED], &endpoints->resolved);
	put_section(&record.sections[UNRESOLVED], &endpoints->unresolved);
	r = ls_record_write(host, host->dirfd, FILE_NAME, LS_RECORD_ENDPOINTS, &record, err);
	ls_record_done(&record);
	return r;
}

static bool is_of_name(const struct ls_wg_peer *entry, const struct ls_wg_peer *want)
{
	return has(want, LS_WG_PEER_ENDPOINT_NAME) && !strcmp(entry->endpoint_name, want->endpoint_name) &&
	       ls_attr_same(LS_WG_PEER_ENDPOINT_FAMILY, &entry->object, &want->object);
}

const struct ls_wg_peer *ls_endpoints_find(
	const struct ls_endpoints *endpoints, const struct ls_wg_peer *want, bool *ret_resolved)
{
	const struct ls_object *entry = ls_set_find(&endpoints->resolved, &want->object);

	*ret_resolved = entry != NULL;
	if (!entry)
		entry = ls_set_find(&endpoints->unresolved, &want->object);
	return entry && is_of_name(as_peer(entry), want) ? as_peer(entry) : NULL;
}

static bool same_set(const struct ls_set *a, const struct ls_set *b)
{
	bool same = a->n_objects == b->n_objects;

	for (size_t i = 0; same && i < a->n_objects; i++)
		same = !ls_object_compare(a->objects[i], b->objects[i]) && ls_object_same(a->objects[i], b->objects[i]);
	return same;
}

/* ---- a run's ----------------------------------------------------------------------------------------------------- */

/* One peer with a name. */
struct named {
	const struct ls_wg_peer *want;
	const struct ls_wg_peer *before; /* what is recorded of this name, or NULL */
	struct ls_wg_peer now;           /* with the endpoint that the kernel has, if any */
	struct ls_ip address;            /* to be recorded; family 0: none */
	uint16_t port;
};

struct follow {
	struct ls_host *host;
	const struct ls_set *wanted;
	const char *file;
	struct ls_diag *notes;
	struct ls_endpoints before, after;
	struct named *all;
	struct ls_name *names; /* of each */
	size_t n;
};

static void LS_PRINTF(4, 5)
	warn(const struct follow *follow, const struct named *named, const char *id, const char *format, ...)
{
	struct ls_location location = { follow->file, named->want->object.line, named->want->object.column };
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (!follow->file)
		location = (struct ls_location){ 0 };
	ls_diag_report(follow->notes, LS_SEVERITY_WARNING, location, id, "%s", text);
}

static void point(struct follow *follow, struct named *named, const struct ls_ip *address)
{
	struct ls_error err = { 0 };

	named->now = *named->want;
	named->now.endpoint = *address;
	named->now.endpoint_port = named->port;
	named->now.object.set |= LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT);
	if (ls_wireguard_point(follow->host->kernel, &named->now, &err) < 0)
		warn(follow, named, "endpoint-not-set", "the address of '%s' could not be set: %s",
			named->want->endpoint_name, err.message);
}

static int begin_named(struct follow *follow, const struct ls_wg_peer *want, const struct ls_set *actual)
{
	struct named *named = &follow->all[follow->n];
	const char *colon = strrchr(want->endpoint_name, ':');
	const struct ls_object *found = ls_set_find(actual, &want->object);
	bool resolved;

	*named = (struct named){ .want = want, .before = ls_endpoints_find(&follow->before, want, &resolved) };
	if (!colon)
		return -EINVAL;
	named->port = (uint16_t)strtoul(colon + 1, NULL, 10);
	if (found)
		named->now = *as_peer(found);
	if (named->before && has(named->before, LS_WG_PEER_ENDPOINT))
		named->address = named->before->endpoint;
	follow->names[follow->n] = (struct ls_name){
		.host = ls_arena_printf(
			follow->after.arena, "%.*s", (int)(colon - want->endpoint_name), want->endpoint_name),
		.family = !has(want, LS_WG_PEER_ENDPOINT_FAMILY)    ? 0
			  : want->endpoint_family == LS_FAMILY_IPV6 ? AF_INET6
								    : AF_INET,
	};
	if (!follow->names[follow->n].host)
		return -ENOMEM;
	follow->n++;
	return 0;
}

/* And what is known already, at once. */
static int list_named(struct follow *follow, size_t from, size_t to, struct ls_error *err)
{
	struct ls_set actual;
	int r;

	ls_set_init(&actual, follow->after.arena);
	r = ls_kernel_dump(follow->host->kernel, LS_BIT(LS_KIND_WG_PEER), NULL, &actual, err);
	for (size_t i = from; r >= 0 && i < to; i++)
		if (ls_object_has(follow->wanted->objects[i], LS_WG_PEER_ENDPOINT_NAME))
			r = begin_named(follow, as_peer(follow->wanted->objects[i]), &actual);
	for (size_t i = 0; r >= 0 && i < follow->n; i++)
		if (!has(&follow->all[i].now, LS_WG_PEER_ENDPOINT) && follow->all[i].address.family)
			point(follow, &follow->all[i], &follow->all[i].address);
	ls_set_done(&actual);
	return r;
}

static bool answers(const struct ls_name *name, const struct ls_ip *address)
{
	for (size_t i = 0; i < name->n_addresses; i++)
		if (!memcmp(&name->addresses[i], address, sizeof(*address)))
			return true;
	return false;
}

static void warn_unresolved(const struct follow *follow, const struct named *named, const struct ls_name *name)
{
	char ip[LS_IP_TEXT_MAX];
	const char *why = name->answered ? gai_strerror(name->status) : "no answer in time";

	if (named->address.family)
		warn(follow, named, "endpoint-unresolved",
			"'%s' does not resolve (%s): its last address, %s, stays in use; apply again when it does",
			named->want->endpoint_name, why, ls_ip_format(&named->address, ip));
	else if (has(&named->now, LS_WG_PEER_ENDPOINT))
		warn(follow, named, "endpoint-unresolved",
			"'%s' does not resolve (%s): the peer stays at %s; apply again when it does",
			named->want->endpoint_name, why, ls_ip_format(&named->now.endpoint, ip));
	else
		warn(follow, named, "endpoint-unresolved",
			"'%s' does not resolve (%s): the tunnel is up, and waits for the peer to call; apply again "
			"when it "
			"does",
			named->want->endpoint_name, why);
}

/* The kernel is told only of an address that it was not told before and that the peer is not at anyway. */
static void take_answer(struct follow *follow, struct named *named, const struct ls_name *name)
{
	if (!name->n_addresses) {
		warn_unresolved(follow, named, name);
		return;
	}
	if (named->address.family && answers(name, &named->address))
		return;
	if (has(&named->now, LS_WG_PEER_ENDPOINT) && named->now.endpoint_port == named->port &&
		answers(name, &named->now.endpoint)) {
		named->address = named->now.endpoint;
		return;
	}
	named->address = name->addresses[0];
	point(follow, named, &named->address);
}

static int keep_named(struct follow *follow, const struct named *named, bool resolved)
{
	struct ls_wg_peer entry = {
		.object = { .kind = &ls_kind_wg_peer,
			.owner = LS_OWNER_OURS,
			.set = LS_BIT(LS_WG_PEER_DEV) | LS_BIT(LS_WG_PEER_PUBLIC_KEY) | LS_BIT(LS_WG_PEER_ALLOWED_IPS) |
			       LS_BIT(LS_WG_PEER_ENDPOINT_NAME) },
		.dev = named->want->dev,
		.public_key = named->want->public_key,
		.allowed_ips = "",
		.endpoint_name = named->want->endpoint_name,
		.endpoint_family = named->want->endpoint_family,
		.endpoint = named->address,
		.endpoint_port = named->port,
	};
	struct ls_object *copy;

	entry.object.set |= named->want->object.set & LS_BIT(LS_WG_PEER_ENDPOINT_FAMILY);
	if (named->address.family)
		entry.object.set |= LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT);
	copy = ls_object_copy(follow->after.arena, &entry.object);
	return copy ? ls_set_add(resolved ? &follow->after.resolved : &follow->after.unresolved, copy) : -ENOMEM;
}

/* Of peers that are gone, since a tunnel that comes back may come without a resolver. Not of those that have another
 * endpoint now: the kernel was told that since. */
static int keep_others(const struct ls_set *before, const struct ls_set *wanted, struct ls_set *after)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < before->n_objects && n < KEPT_MAX; i++)
		if (!ls_set_find(wanted, before->objects[i])) {
			r = ls_set_add(after, before->objects[i]);
			n++;
		}
	ls_set_sort(after);
	return r;
}

static int record(struct follow *follow, struct ls_error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < follow->n; i++)
		r = keep_named(follow, &follow->all[i], follow->names[i].n_addresses);
	if (r >= 0)
		r = keep_others(&follow->before.resolved, follow->wanted, &follow->after.resolved);
	if (r >= 0)
		r = keep_others(&follow->before.unresolved, follow->wanted, &follow->after.unresolved);
	if (r < 0)
		return ls_error_set(err, r, "out of memory");
	if (same_set(&follow->before.resolved, &follow->after.resolved) &&
		same_set(&follow->before.unresolved, &follow->after.unresolved))
		return 0;
	return ls_endpoints_write(follow->host, &follow->after, err);
}

static int carry_out(struct follow *follow, struct ls_error *err)
{
	size_t to, from = ls_set_of_kind(follow->wanted, &ls_kind_wg_peer, &to);
	int r;

	follow->all = ls_arena_alloc(follow->after.arena, (to - from + 1) * sizeof(*follow->all));
	follow->names = ls_arena_alloc(follow->after.arena, (to - from + 1) * sizeof(*follow->names));
	if (!follow->all || !follow->names)
		return ls_error_set(err, -ENOMEM, "out of memory");
	r = list_named(follow, from, to, err);
	if (r >= 0 && follow->n)
		r = ls_names_resolve(follow->names, follow->n, follow->host->home, RESOLVE_MS);
	if (r < 0)
		return ls_error_context(err, r, "looking them up");
	for (size_t i = 0; i < follow->n; i++)
		take_answer(follow, &follow->all[i], &follow->names[i]);
	return record(follow, err);
}

static bool concerns(const struct ls_set *wanted, const struct ls_endpoints *before)
{
	size_t to, i = ls_set_of_kind(wanted, &ls_kind_wg_peer, &to);

	if (i < to && before->resolved.n_objects + before->unresolved.n_objects)
		return true;
	while (i < to && !ls_object_has(wanted->objects[i], LS_WG_PEER_ENDPOINT_NAME))
		i++;
	return i < to;
}

void ls_endpoints_follow(struct ls_host *host, const struct ls_set *wanted, const char *file, struct ls_diag *notes)
{
	struct follow follow = { .host = host, .wanted = wanted, .file = file, .notes = notes };
	struct ls_error err = { 0 };
	int r = 0;

	/* A file that cannot be read is written anew. */
	if (ls_host_endpoints(host, &follow.before, NULL) < 0)
		r = endpoints_init(&follow.before);
	if (r >= 0)
		r = endpoints_init(&follow.after);
	if (r >= 0 && concerns(wanted, &follow.before))
		r = carry_out(&follow, &err);
	if (r < 0)
		ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "endpoints-unknown",
			"not all peers with host names have got their addresses: %s",
			err.code ? err.message : strerror(-r));
	ls_endpoints_done(&follow.after);
	ls_endpoints_done(&follow.before);
}
