/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public addresses and ports of a site. Both work alike: what tenants hold by the record is claimed first, then those
 * who need more get the lowest that are free, in the order of their names. Addresses that are taken are kept in order,
 * and a cursor goes through the pool beside them: its steps are as many as there are addresses given, however large the
 * pool is. Ports are bits of a gateway (site_ports.c).
 */
#include "site_allocate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void site_tell(struct site_allocator *allocator, enum ls_severity severity, struct ls_mark mark, const char *id,
	const char *format, ...)
{
	struct ls_location location = { .file = allocator->site->file, .line = mark.line, .column = mark.column };
	char message[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	ls_diag_report(allocator->diag, severity, location, id, "%s", message);
}

/* ---- the record -------------------------------------------------------------------------------------------------- */

static int compare_hosts(const void *name, const void *host)
{
	return strcmp(name, ((const struct ls_site_host *)host)->name);
}

const struct ls_site_host *ls_site_find_host(const struct ls_site_record *record, const char *name)
{
	return record->n_hosts ? bsearch(name, record->hosts, record->n_hosts, sizeof(*record->hosts), compare_hosts)
			       : NULL;
}

static int compare_held(const void *name, const void *held)
{
	return strcmp(name, ((const struct ls_site_held *)held)->name);
}

static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct site_member *)a)->tenant->name, ((const struct site_member *)b)->tenant->name);
}

static int list_members(struct site_allocator *allocator)
{
	const struct ls_site *site = allocator->site;
	const struct ls_site_record *record =
		allocator->record->intended ? allocator->record->intended : allocator->record;

	allocator->members = calloc(site->n_tenants + 1, sizeof(*allocator->members));
	if (!allocator->members)
		return -ENOMEM;
	for (size_t i = 0; i < site->n_tenants; i++)
		allocator->members[i] = (struct site_member){
			.tenant = &site->tenants[i],
			.share = &allocator->layout->tenants[i],
			.held = record->n_tenants ? bsearch(site->tenants[i].name, record->tenants, record->n_tenants,
							    sizeof(*record->tenants), compare_held)
						  : NULL,
		};
	qsort(allocator->members, site->n_tenants, sizeof(*allocator->members), compare_members);
	return 0;
}

/* ---- public addresses -------------------------------------------------------------------------------------------- */

static int compare_ips(const struct ls_ip *a, const struct ls_ip *b)
{
	int order = (int)a->family - (int)b->family;

	return order ? order : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_claims(const void *a, const void *b)
{
	const struct site_claim *x = a, *y = b;
	int order = compare_ips(&x->ip, &y->ip);

	return order ? order : (int)y->reserved - (int)x->reserved;
}

static int compare_ranges(const void *a, const void *b)
{
	return compare_ips(
		&(*(const struct ls_site_range *const *)a)->first, &(*(const struct ls_site_range *const *)b)->first);
}

static int sort_pool(struct site_allocator *allocator)
{
	size_t n = allocator->site->n_public_pool;

	allocator->pool = calloc(n + 1, sizeof(*allocator->pool));
	if (!allocator->pool)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		allocator->pool[i] = &allocator->site->public_pool[i];
	qsort(allocator->pool, n, sizeof(*allocator->pool), compare_ranges);
	return 0;
}

/* The last entry that begins at the address or before it. */
static bool in_pool(const struct site_allocator *allocator, const struct ls_ip *ip)
{
	size_t low = 0, high = allocator->site->n_public_pool;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ips(&allocator->pool[middle]->first, ip) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && allocator->pool[low - 1]->first.family == ip->family &&
	       compare_ips(ip, &allocator->pool[low - 1]->last) <= 0;
}

static int claim(struct site_allocator *allocator, const struct site_claim *new)
{
	struct site_claims *claims = &allocator->claims;

	if (claims->n == claims->n_max) {
		size_t n_max = claims->n_max ? 2 * claims->n_max : 64;
		struct site_claim *grown = reallocarray(claims->items, n_max, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		claims->items = grown;
		claims->n_max = n_max;
	}
	claims->items[claims->n++] = *new;
	return 0;
}

static bool is_reserved(const struct ls_site_publics *publics, const struct ls_ip *ip)
{
	for (size_t i = 0; i < publics->n_reserved; i++)
		if (compare_ips(&publics->reserved[i].ip, ip) == 0)
			return true;
	return false;
}

/* How many addresses of a family the tenant is to have: reserved ones count. Those of IPv6 stay with it while that is
 * off. */
static size_t wanted(const struct ls_site_publics *publics, uint8_t family)
{
	size_t n = family == AF_INET6 ? publics->ipv6 : publics->ipv4, reserved = 0;

	for (size_t i = 0; i < publics->n_reserved; i++)
		reserved += publics->reserved[i].ip.family == family;
	return n > reserved ? n : reserved;
}

static size_t count_family(const struct ls_site_share *share, uint8_t family)
{
	size_t n = 0;

	for (size_t i = 0; i < share->n_ips; i++)
		n += share->ips[i].family == family;
	return n;
}

/* Takes one more for the tenant. */
static int take(struct site_allocator *allocator, const struct site_member *member, const struct ls_ip *ip,
	struct ls_mark mark, bool reserved)
{
	const struct site_claim new = { .ip = *ip, .tenant = member->tenant, .mark = mark, .reserved = reserved };

	member->share->ips[member->share->n_ips++] = *ip;
	return claim(allocator, &new);
}

static int claim_reserved(struct site_allocator *allocator, const struct site_member *member)
{
	const struct ls_site_publics *publics = &member->tenant->public_ips;
	char text[LS_IP_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < publics->n_reserved && r == 0; i++) {
		const struct ls_spec_ip *ip = &publics->reserved[i];

		if (!in_pool(allocator, &ip->ip))
			site_tell(allocator, LS_SEVERITY_ERROR, ip->mark, "pool",
				"%s is not in 'public_pool'; add it there, or reserve another",
				ls_ip_format(&ip->ip, text));
		r = take(allocator, member, &ip->ip, ip->mark, true);
	}
	return r;
}

/* Those that it held in the pool, or those that it held and the pool has no longer. */
static int claim_some(struct site_allocator *allocator, const struct site_member *member, bool pooled)
{
	const struct ls_site_tenant *tenant = member->tenant;
	char text[LS_IP_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < member->held->n_ips && r == 0; i++) {
		const struct ls_ip *ip = &member->held->ips[i];

		if (in_pool(allocator, ip) != pooled || is_reserved(&tenant->public_ips, ip) ||
			count_family(member->share, ip->family) >= wanted(&tenant->public_ips, ip->family))
			continue;
		if (!pooled)
			site_tell(allocator, LS_SEVERITY_ERROR, tenant->public_ips.mark, "pool-stable",
				"'%s' holds %s, which 'public_pool' has no longer; put it back, or let the tenant have "
				"fewer first",
				tenant->name, ls_ip_format(ip, text));
		r = take(allocator, member, ip, tenant->public_ips.mark, false);
	}
	return r;
}

/* What the tenant held it keeps, up to what it is to have: a pool that has lost some of it is fine if the tenant needs
 * only the others. */
static int claim_held(struct site_allocator *allocator, const struct site_member *member)
{
	int r = member->held ? claim_some(allocator, member, true) : 0;

	return r == 0 && member->held ? claim_some(allocator, member, false) : r;
}

static int claim_addresses(struct site_allocator *allocator)
{
	int r = 0;

	for (size_t i = 0; i < allocator->site->n_tenants && r == 0; i++) {
		const struct site_member *member = &allocator->members[i];
		const struct ls_site_publics *publics = &member->tenant->public_ips;
		size_t n = wanted(publics, AF_INET) + wanted(publics, AF_INET6);

		if (!n)
			continue;
		member->share->ips = ls_arena_alloc(
			allocator->layout->arena, (n + publics->n_reserved) * sizeof(*member->share->ips));
		if (!member->share->ips)
			return -ENOMEM;
		r = claim_reserved(allocator, member);
		if (r == 0)
			r = claim_held(allocator, member);
	}
	return r;
}

static void report_twice(
	struct site_allocator *allocator, const struct site_claim *first, const struct site_claim *second)
{
	char text[LS_IP_TEXT_MAX];

	ls_ip_format(&first->ip, text);
	if (second->reserved)
		site_tell(allocator, LS_SEVERITY_ERROR, second->mark, "pool",
			"%s is reserved on line %u already; an address has one tenant", text, first->mark.line);
	else if (first->tenant != second->tenant)
		site_tell(allocator, LS_SEVERITY_ERROR, first->mark, "pool-stable",
			"%s is held by '%s' (line %u); reserve another, or let that tenant have fewer first", text,
			second->tenant->name, second->mark.line);
}

static void sort_claims(struct site_allocator *allocator)
{
	struct site_claims *claims = &allocator->claims;

	if (claims->n)
		qsort(claims->items, claims->n, sizeof(*claims->items), compare_claims);
	for (size_t i = 1; i < claims->n; i++)
		if (compare_ips(&claims->items[i - 1].ip, &claims->items[i].ip) == 0)
			report_twice(allocator, &claims->items[i - 1], &claims->items[i]);
}

/* Where the search for free addresses of a family is. */
struct cursor {
	uint8_t family;
	size_t range, claim;
	struct ls_ip ip; /* the next to look at; family 0: the first of the range */
};

static void step(struct ls_ip *ip)
{
	for (size_t i = ls_ip_size(ip->family); i > 0 && ++ip->bytes[i - 1] == 0; i--)
		;
}

/* The next range of the family, or false. */
static bool enter_range(const struct site_allocator *allocator, struct cursor *cursor)
{
	while (cursor->range < allocator->site->n_public_pool &&
		allocator->pool[cursor->range]->first.family != cursor->family)
		cursor->range++;
	if (cursor->range == allocator->site->n_public_pool)
		return false;
	if (!cursor->ip.family)
		cursor->ip = allocator->pool[cursor->range]->first;
	return true;
}

static bool is_claimed(const struct site_allocator *allocator, struct cursor *cursor)
{
	const struct site_claims *claims = &allocator->claims;

	while (cursor->claim < claims->n && compare_ips(&claims->items[cursor->claim].ip, &cursor->ip) < 0)
		cursor->claim++;
	return cursor->claim < claims->n && compare_ips(&claims->items[cursor->claim].ip, &cursor->ip) == 0;
}

static bool next_free(const struct site_allocator *allocator, struct cursor *cursor, struct ls_ip *ret)
{
	while (enter_range(allocator, cursor)) {
		const struct ls_site_range *range = allocator->pool[cursor->range];
		bool claimed = is_claimed(allocator, cursor);

		*ret = cursor->ip;
		if (compare_ips(&cursor->ip, &range->last) == 0) {
			cursor->range++;
			cursor->ip.family = 0;
		} else {
			step(&cursor->ip);
		}
		if (!claimed)
			return true;
	}
	return false;
}

static void give_addresses(struct site_allocator *allocator, const struct site_member *member, struct cursor *cursor)
{
	const struct ls_site_publics *publics = &member->tenant->public_ips;
	size_t n = wanted(publics, cursor->family), has = count_family(member->share, cursor->family);
	struct ls_ip ip;

	for (; has < n; has++) {
		if (!next_free(allocator, cursor, &ip)) {
			site_tell(allocator, LS_SEVERITY_ERROR,
				cursor->family == AF_INET6 ? publics->ipv6_mark : publics->ipv4_mark, "pool",
				"'%s' is to have %zu %s addresses, but 'public_pool' has only %zu left for it; add "
				"some",
				member->tenant->name, n, ls_ip_family_name(cursor->family), has);
			return;
		}
		member->share->ips[member->share->n_ips++] = ip;
	}
}

static int compare_plain_ips(const void *a, const void *b)
{
	return compare_ips(a, b);
}

static int allocate_addresses(struct site_allocator *allocator)
{
	struct cursor cursors[] = { { .family = AF_INET }, { .family = AF_INET6 } };
	int r = sort_pool(allocator);

	if (r == 0)
		r = claim_addresses(allocator);
	if (r < 0)
		return r;
	sort_claims(allocator);
	for (size_t i = 0; i < allocator->site->n_tenants; i++) {
		struct ls_site_share *share = allocator->members[i].share;

		for (size_t f = 0; f < LS_ARRAY_SIZE(cursors); f++)
			give_addresses(allocator, &allocator->members[i], &cursors[f]);
		if (share->n_ips)
			qsort(share->ips, share->n_ips, sizeof(*share->ips), compare_plain_ips);
	}
	return 0;
}

/* ---- rules of public addresses ----------------------------------------------------------------------------------- */

static int compare_mappings(const void *a, const void *b)
{
	const struct ls_spec_mapping *x = *(const struct ls_spec_mapping *const *)a,
				     *y = *(const struct ls_spec_mapping *const *)b;
	int order = compare_ips(&x->public_ip, &y->public_ip);

	order = order ? order : (int)x->protocol - (int)y->protocol;
	order = order ? order : (int)x->port - (int)y->port;
	return order ? order : (x->mark.line != y->mark.line ? (x->mark.line < y->mark.line ? -1 : 1) : 0);
}

static void check_overlaps(struct site_allocator *allocator, const struct ls_spec_mapping **sorted, size_t n)
{
	const struct ls_spec_mapping *widest = n ? sorted[0] : NULL;
	char text[LS_IP_TEXT_MAX];

	for (size_t i = 1; i < n; i++) {
		if (compare_ips(&widest->public_ip, &sorted[i]->public_ip) == 0 &&
			widest->protocol == sorted[i]->protocol && sorted[i]->port <= widest->last_port)
			site_tell(allocator, LS_SEVERITY_ERROR, sorted[i]->public_mark, "public-allocation",
				"this of %s leads elsewhere already, on line %u; a port leads to one place",
				ls_ip_format(&sorted[i]->public_ip, text), widest->public_mark.line);
		else
			widest = sorted[i];
	}
}

static int check_rules(struct site_allocator *allocator, const struct site_member *member)
{
	const struct ls_site_publics *publics = &member->tenant->public_ips;
	const struct ls_site_share *share = member->share;
	LS_CLEANUP(ls_free) const struct ls_spec_mapping **sorted = calloc(publics->n_mappings + 1, sizeof(*sorted));
	char text[LS_IP_TEXT_MAX];

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < publics->n_mappings; i++) {
		sorted[i] = &publics->mappings[i];
		if (!share->n_ips || !bsearch(&sorted[i]->public_ip, share->ips, share->n_ips, sizeof(*share->ips),
					     compare_plain_ips))
			site_tell(allocator, LS_SEVERITY_ERROR, sorted[i]->public_mark, "public-allocation",
				"%s is no address of '%s'; name one that it has (the allocations say which), or "
				"reserve "
				"it",
				ls_ip_format(&sorted[i]->public_ip, text), member->tenant->name);
	}
	qsort(sorted, publics->n_mappings, sizeof(*sorted), compare_mappings);
	check_overlaps(allocator, sorted, publics->n_mappings);
	return 0;
}

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

static bool is_unchanged(const struct ls_site_host *was, const struct ls_site_gateway *gateway)
{
	if (was->side != LS_SIDE_GATEWAY || was->variant != gateway->mode)
		return false;
	return was->settings ? was->settings == ls_site_gateway_settings(gateway)
			     : ls_text_same(was->dns_name, gateway->dns_name) && was->port == gateway->external_port;
}

/* One in mode direct may only stay as it was rendered last; what tenants have it forward may change. */
static void check_mode(struct site_allocator *allocator, const struct ls_site_gateway *gateway)
{
	const struct ls_site_host *was = ls_site_find_host(allocator->record, gateway->name);

	if (!allocator->site->ipv6_communication || gateway->mode != LS_SITE_DIRECT)
		return;
	if (was && is_unchanged(was, gateway))
		site_tell(allocator, LS_SEVERITY_WARNING, gateway->mode_mark, "gateway-nat-only",
			"with IPv6 communication on, the gateway '%s' stays IPv4-only until it is in mode nat; "
			"reconfigure it",
			gateway->name);
	else
		site_tell(allocator, LS_SEVERITY_ERROR, gateway->mode_mark, "gateway-nat-only",
			"with IPv6 communication on, a gateway is added or changed in mode nat only; write mode: nat%s",
			allocator->record->rendered ? "" : " (was it rendered before? then say where to: DIR)");
}

/* ---- everything -------------------------------------------------------------------------------------------------- */

void ls_site_layout_done(struct ls_site_layout *layout)
{
	for (size_t i = 0; layout->gateways && i < layout->site->n_gateways; i++)
		free(layout->gateways[i].items);
	ls_arena_free(layout->arena);
	*layout = (struct ls_site_layout){ 0 };
}

static int prepare(struct site_allocator *allocator)
{
	struct ls_site_layout *layout = allocator->layout;

	layout->site = allocator->site;
	layout->arena = ls_arena_new();
	if (!layout->arena)
		return -ENOMEM;
	layout->tenants = ls_arena_alloc(layout->arena, (layout->site->n_tenants + 1) * sizeof(*layout->tenants));
	layout->gateways = ls_arena_alloc(layout->arena, (layout->site->n_gateways + 1) * sizeof(*layout->gateways));
	return layout->tenants && layout->gateways ? list_members(allocator) : -ENOMEM;
}

static int allocate(struct site_allocator *allocator)
{
	int r = prepare(allocator);

	if (r == 0)
		r = allocate_addresses(allocator);
	for (size_t i = 0; i < allocator->site->n_tenants && r == 0; i++)
		r = check_rules(allocator, &allocator->members[i]);
	for (size_t i = 0; i < allocator->site->n_gateways && r == 0; i++)
		check_mode(allocator, &allocator->site->gateways[i]);
	if (r == 0)
		site_check_changes(allocator);
	return r < 0 ? r : site_allocate_ports(allocator);
}

int ls_site_allocate(const struct ls_site *site, const struct ls_site_record *record, struct ls_site_layout *ret,
	struct ls_diag *diag)
{
	static const struct ls_site_record none;
	struct site_allocator allocator = {
		.site = site, .record = record ? record : &none, .diag = diag, .layout = ret
	};
	int r;

	*ret = (struct ls_site_layout){ 0 };
	r = allocate(&allocator);
	free(allocator.members);
	free(allocator.pool);
	free(allocator.claims.items);
	free(allocator.ports);
	if (r < 0)
		return r;
	return ls_diag_failed(diag) ? -EINVAL : 0;
}
