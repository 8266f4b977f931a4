/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a text to a site, as load.c does for hosts: decode, resolve names, check. The upgrade of an old site is an
 * insertion into its text, so that comments and layout stay; the result is read once more before it is given out.
 */
#include "site.h"

#include <string.h>

void ls_site_free(struct ls_site *site)
{
	struct ls_site_document *document = (struct ls_site_document *)site;

	if (!site)
		return;
	for (struct ls_owned *owned = document->owned; owned; owned = owned->next)
		free(owned->memory);
	ls_arena_free(site->arena); /* and with it the struct itself */
}

static void free_document(struct ls_site_document **document)
{
	ls_site_free((struct ls_site *)*document);
}

/* An empty site, or NULL. IPv6 is on unless it says otherwise (ipv6-default). */
static struct ls_site_document *new_document(const char *file)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	struct ls_site_document *document = arena ? ls_arena_alloc(arena, sizeof(*document)) : NULL;

	if (!document)
		return NULL;
	document->site.file = ls_arena_intern(arena, file, strlen(file));
	if (!document->site.file)
		return NULL;
	document->site.ipv6_communication = true;
	document->site.arena = LS_TAKE_PTR(arena);
	return document;
}

static int decode(struct ls_report *report, struct ls_site_document *document)
{
	static const struct ls_key root = { .name = "site", LS_MAPPING(&ls_site_mapping) };
	struct ls_site *site = &document->site;
	struct ls_decoder decoder = { .report = report, .arena = site->arena, .owned = &document->owned };

	return ls_decode_document(&decoder, site->text, site->text_length, &root,
		"the site is empty; it begins with 'linkspan: 1' and 'kind: site'", document);
}

static int decode_and_check(struct ls_report *report, struct ls_site_document *document)
{
	int r = decode(report, document);

	if (r == 0)
		r = ls_site_resolve(&document->site, report);
	return r < 0 ? r : ls_site_check(&document->site, report);
}

int ls_site_parse(const char *file, const char *text, size_t length, struct ls_site **ret, struct ls_diag *diag,
	struct ls_error *err)
{
	LS_CLEANUP(free_document) struct ls_site_document *document = NULL;
	struct ls_report report;
	int r = -ENOMEM;

	if (length > LS_SPEC_SIZE_MAX)
		return ls_error_set(err, -EFBIG, "%s: larger than %u MiB", file, LS_SPEC_SIZE_MAX >> 20);
	file = strcmp(file, "-") == 0 ? "<stdin>" : file;
	document = new_document(file);
	if (document) {
		document->site.text = text;
		document->site.text_length = length;
		ls_report_init(&report, diag, file); /* not the site's: findings outlive it */
		r = decode_and_check(&report, document);
		ls_report_finish(&report);
	}
	if (r == -ENOMEM || diag->out_of_memory) {
		diag->out_of_memory = true;
		return ls_error_set(err, -ENOMEM, "%s: out of memory", file);
	}
	if (r < 0 || report.n_errors > 0)
		return -EINVAL;
	*ret = &LS_TAKE_PTR(document)->site;
	return 0;
}

/* ---- upgrade ----------------------------------------------------------------------------------------------------- */

static void refuse(struct ls_report *report, struct ls_mark mark, const char *what)
{
	ls_report_error(report, mark, "ipv6-default",
		"%s: this is no site of the time before IPv6; set 'ipv6_communication' by hand, true or false", what);
}

static void refuse_ip(struct ls_report *report, const struct ls_ip *ip, struct ls_mark mark)
{
	if (ls_ip_bits(ip->family) == 128 && ip->family)
		refuse(report, mark, "an IPv6 address");
}

static void refuse_interfaces(struct ls_report *report, const struct ls_spec_interface *interfaces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (interfaces[i].ipv6.method == LS_METHOD_AUTO || interfaces[i].ipv6.method == LS_METHOD_MANUAL)
			refuse(report, interfaces[i].ipv6.mark, "an interface with IPv6");
}

static void refuse_addresses(struct ls_report *report, const struct ls_site_addresses *addresses, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < addresses[i].n_ips; k++)
			refuse_ip(report, &addresses[i].ips[k].ip, addresses[i].ips[k].mark);
}

static void refuse_tenant(struct ls_report *report, const struct ls_site_tenant *tenant)
{
	const struct ls_site_publics *publics = &tenant->public_ips;

	if (publics->ipv6)
		refuse(report, publics->ipv6_mark, "public IPv6 addresses");
	for (size_t i = 0; i < publics->n_reserved; i++)
		refuse_ip(report, &publics->reserved[i].ip, publics->reserved[i].mark);
	for (size_t i = 0; i < publics->n_mappings; i++)
		refuse_ip(report, &publics->mappings[i].public_ip, publics->mappings[i].public_mark);
	for (size_t i = 0; i < tenant->n_networks; i++)
		if (tenant->networks[i].ipv6.mark.line)
			refuse(report, tenant->networks[i].ipv6.mark, "a network with IPv6");
	for (size_t i = 0; i < tenant->n_replicas; i++) {
		refuse_addresses(report, tenant->replicas[i].detected, tenant->replicas[i].n_detected);
		refuse_addresses(report, tenant->replicas[i].addresses, tenant->replicas[i].n_addresses);
	}
	for (size_t i = 0; i < tenant->n_appliances; i++) {
		const struct ls_site_appliance *appliance = &tenant->appliances[i];

		refuse_interfaces(report, appliance->interfaces, appliance->n_interfaces);
		for (size_t k = 0; k < appliance->n_addresses; k++)
			refuse_ip(report, &appliance->addresses[k].ip, appliance->addresses[k].mark);
	}
}

static void refuse_today(struct ls_report *report, const struct ls_site *site)
{
	if (site->ipv6_mark.line)
		ls_report_error(report, site->ipv6_mark, "ipv6-default",
			"there is an 'ipv6_communication' already: the site is of today's format");
	for (size_t i = 0; i < site->n_public_pool; i++)
		refuse_ip(report, &site->public_pool[i].first, site->public_pool[i].mark);
	for (size_t i = 0; i < site->n_gateways; i++) {
		refuse_interfaces(report, site->gateways[i].interfaces, site->gateways[i].n_interfaces);
		for (size_t k = 0; k < site->gateways[i].n_services; k++)
			refuse_ip(report, &site->gateways[i].services[k].ip, site->gateways[i].services[k].mark);
	}
	for (size_t i = 0; i < site->n_tenants; i++)
		refuse_tenant(report, &site->tenants[i]);
}

/* As they are told of the result: a line further down, mostly. */
static void tell_again(struct ls_diag *diag, const char *file, const struct ls_diag *again)
{
	for (size_t i = 0; i < again->n_findings; i++)
		ls_diag_report(diag, again->findings[i].severity, (struct ls_location){ .file = file },
			again->findings[i].id, "line %u of the result: %s", again->findings[i].location.line,
			again->findings[i].message);
}

/* Is it a site, with IPv6 off? */
static int read_again(const char *file, const struct ls_buf *text, struct ls_diag *diag, struct ls_error *err)
{
	struct ls_diag again = { 0 };
	struct ls_site *site = NULL;
	int r = ls_site_parse(file, (const char *)text->data, text->length, &site, &again, err);

	if (r == 0 && (!site || site->ipv6_communication))
		r = -EINVAL;
	ls_site_free(site);
	tell_again(diag, file, &again);
	ls_diag_done(&again);
	return r;
}

static int upgrade(
	const struct ls_site *site, const char *file, struct ls_buf *ret, struct ls_diag *diag, struct ls_error *err)
{
	int r = ls_site_insert_ipv6_off(site->text, site->text_length, ret);

	if (r == 0)
		r = read_again(file, ret, diag, err);
	if (r == -EINVAL && !ls_diag_failed(diag))
		ls_diag_report(diag, LS_SEVERITY_ERROR, (struct ls_location){ .file = file }, "ipv6-default",
			"'ipv6_communication: false' cannot be put in so that all else stays; write it by hand");
	return r == -ENOMEM ? ls_error_set(err, r, "%s: out of memory", file) : r;
}

int ls_site_upgrade(
	const char *file, const char *text, size_t length, char **ret, struct ls_diag *diag, struct ls_error *err)
{
	LS_CLEANUP(free_document) struct ls_site_document *document = new_document(file);
	LS_CLEANUP(ls_buf_done) struct ls_buf upgraded = { 0 };
	struct ls_report report;
	int r;

	if (!document)
		return ls_error_set(err, -ENOMEM, "%s: out of memory", file);
	document->site.text = text;
	document->site.text_length = length;
	ls_report_init(&report, diag, file); /* not the site's: findings outlive it */
	r = decode(&report, document);
	if (r == 0)
		refuse_today(&report, &document->site);
	ls_report_finish(&report);
	if (r < 0 || ls_diag_failed(diag))
		return r == -ENOMEM ? ls_error_set(err, r, "%s: out of memory", file) : -EINVAL;
	r = upgrade(&document->site, file, &upgraded, diag, err);
	if (r < 0)
		return r;
	*ret = strndup((const char *)upgraded.data, upgraded.length);
	return *ret ? 0 : ls_error_set(err, -ENOMEM, "%s: out of memory", file);
}
