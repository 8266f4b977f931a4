/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes that hosts could not make, or must not, in one step: told by what was rendered last. A render that was cut
 * short counts as well, since some of its specs may be in use.
 */
#include "site_allocate.h"

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

static bool has_ipv6(const struct ls_site_host *host)
{
	return host && host->side != LS_SIDE_GATEWAY && host->families & LS_SITE_IPV6;
}

/* Each of `record` that `before` does not have so already. */
static void refuse_each(
	struct site_allocator *allocator, const struct ls_site_record *record, const struct ls_site_record *before)
{
	for (size_t i = 0; record && i < record->n_hosts; i++) {
		const struct ls_site_host *host = &record->hosts[i];

		if (has_ipv6(host) && !(before && has_ipv6(ls_site_find_host(before, host->name))))
			site_tell(allocator, LS_SEVERITY_ERROR, allocator->site->ipv6_mark, "ipv6-disable",
				"'%s' had IPv6 when it was rendered last; render without its 'ipv6' and redeploy it, "
				"then turn IPv6 communication off",
				host->name);
	}
}

/* What the site says of its appliances is checked without a record: this is what they have. */
static void check_ipv6(struct site_allocator *allocator)
{
	const struct ls_site_record *record = allocator->record;

	if (allocator->site->ipv6_communication)
		return;
	refuse_each(allocator, record, NULL);
	refuse_each(allocator, record->intended, record);
}

void site_check_changes(struct site_allocator *allocator)
{
	for (size_t i = 0; i < allocator->site->n_tenants; i++)
		check_failover(allocator, &allocator->site->tenants[i]);
	check_ipv6(allocator);
}
