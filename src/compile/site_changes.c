/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes that hosts could not make, or must not, in one step: told by what was rendered last. A render that was cut
 * short counts as well, since some of its specs may be in use.
 */
#include "site_allocate.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX 240u /* of hosts, in characters: the rest is counted */

/* ---- failover ---------------------------------------------------------------------------------------------------- */

static const struct ls_site_host *find_excluded(
	const struct ls_site_record *record, const struct ls_site_appliance *provider, uint8_t mode)
{
	const struct ls_site_host *was = record ? ls_site_find_host(record, provider->host) : NULL;

	return was && ls_failover_excludes(was->failover, mode) ? was : NULL;
}

static void check_failover(struct site_allocator *allocator, const struct ls_site_tenant *tenant)
{
	const struct ls_site_failover *failover = &tenant->failover;
	const struct ls_site_host *was =
		tenant->provider ? find_excluded(allocator->record, tenant->provider, failover->mode) : NULL;

	if (tenant->provider && !was)
		was = find_excluded(allocator->record->intended, tenant->provider, failover->mode);
	if (was)
		site_tell(allocator, LS_SEVERITY_ERROR, failover->mode_mark, "failover-exclusive",
			"the mode is %s, but '%s' was rendered in %s failover last: the way leads by none; render and "
			"apply that first, then this",
			ls_failover_words[failover->mode].word, was->name, ls_failover_words[was->failover].word);
}

/* ---- turning IPv6 off -------------------------------------------------------------------------------------------- */

struct list {
	char text[LIST_MAX];
	size_t length, n, n_left_out;
};

static bool has_ipv6(const struct ls_site_host *host)
{
	return host && host->side != LS_SIDE_GATEWAY && host->families & LS_SITE_IPV6;
}

static void add_host(struct list *list, const char *name)
{
	size_t length = strlen(name) + strlen("'', ");

	if (list->n_left_out || list->length + length >= sizeof(list->text)) {
		list->n_left_out++;
		return;
	}
	list->length += (size_t)snprintf(
		list->text + list->length, sizeof(list->text) - list->length, "%s'%s'", list->n ? ", " : "", name);
	list->n++;
}

/* Of hosts that `record` has and `before` does not list already. */
static void list_hosts(struct list *list, const struct ls_site_record *record, const struct ls_site_record *before)
{
	for (size_t i = 0; record && i < record->n_hosts; i++)
		if (has_ipv6(&record->hosts[i]) &&
			!(before && has_ipv6(ls_site_find_host(before, record->hosts[i].name))))
			add_host(list, record->hosts[i].name);
}

/* What the site says of its appliances is checked without a record: this is what they have. */
static void check_ipv6(struct site_allocator *allocator)
{
	const struct ls_site_record *record = allocator->record;
	struct list list = { 0 };
	char more[32] = "";

	if (allocator->site->ipv6_communication)
		return;
	list_hosts(&list, record, NULL);
	list_hosts(&list, record->intended, record);
	if (list.n_left_out)
		(void)snprintf(more, sizeof(more), " and %zu more", list.n_left_out);
	if (list.n)
		site_tell(allocator, LS_SEVERITY_ERROR, allocator->site->ipv6_mark, "ipv6-disable",
			"IPv6 communication cannot be turned off: %s%s had IPv6 when rendered last; leave it on, "
			"render "
			"without 'ipv6' on the appliances and redeploy them, then turn it off",
			list.text, more);
}

void site_check_changes(struct site_allocator *allocator)
{
	for (size_t i = 0; i < allocator->site->n_tenants; i++)
		check_failover(allocator, &allocator->site->tenants[i]);
	check_ipv6(allocator);
}
