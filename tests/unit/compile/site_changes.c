/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was rendered last, and what becomes of it: changes that are refused, and what hosts need after others. */
#include "site_tools.h"

TestSuite(site_changes);

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

#define DIRECT_WITH(more, ipv4, ipv6) \
	HEAD "gateways: { g: { mode: direct, dns_name: g.example, " more \
	     "interfaces: { up: { match: { name: e0 }, ipv4: " \
	     "{ " ipv4 " }, ipv6: { " ipv6 " } } } } }\n"
#define MANUAL "method: manual, addresses: [ 192.0.2.5/24 ]"
#define DIRECT DIRECT_WITH("", MANUAL, "method: auto")

/* What is recorded of the first gateway. */
static struct ls_site_host host_of(const struct allocated *allocated)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };
	struct ls_site_place place = { 0 };
	struct ls_site_host host;
	struct ls_error err = { 0 };

	cr_assert(ls_site_next_host(allocated->site, &place));
	cr_assert_eq(ls_site_render(&allocated->layout, &place, NULL, NULL, &text, &host, &err), 0, "%s", err.message);
	return host;
}

static void expect_nat_only(const char *text, const struct ls_site_record *record, bool refused)
{
	ALLOCATED allocated = allocate_text(text, record);

	if (refused) {
		expect_error(&allocated, "gateway-nat-only", 4, "mode nat only");
		return;
	}
	cr_assert_eq(allocated.r, 0, "%s\n%s", allocated.diag.findings[0].message, text);
	cr_assert_eq(allocated.diag.n_findings, 1);
	cr_expect_str_eq(allocated.diag.findings[0].id, "gateway-nat-only");
	cr_expect_eq(allocated.site->gateways[0].families, LS_SITE_IPV4, "it stays IPv4-only");
}

Test(site_changes, gateway_nat_only)
{
	static const char *const changed[] = {
		DIRECT_WITH("external_port: 6181, ", MANUAL, "method: auto"),
		DIRECT_WITH("internal_port: 6181, ", MANUAL, "method: auto"),
		DIRECT_WITH("tunnel_ports: 20000-20009, ", MANUAL, "method: auto"),
		DIRECT_WITH("", "method: auto", "method: auto"),
		DIRECT_WITH("", "method: manual, addresses: [ 192.0.2.6/24 ]", "method: auto"),
		DIRECT_WITH("", "method: manual, addresses: [ 192.0.2.5/25 ]", "method: auto"),
		DIRECT_WITH("", MANUAL ", gateway: 192.0.2.1", "method: auto"),
	};
	ALLOCATED added = allocate_text(DIRECT, NULL);
	struct ls_site_host host, nat,
		unknown = { .name = "g",
			.variant = LS_SITE_DIRECT,
			.families = LS_SITE_IPV4,
			.dns_name = "g.example",
			.port = 6180 };
	struct ls_site_record record = { .rendered = true, .hosts = &host, .n_hosts = 1 };

	expect_error(&added, "gateway-nat-only", 4, "mode nat only");
	host = host_of(&added);
	expect_nat_only(DIRECT, &record, false);
	for (size_t i = 0; i < LS_ARRAY_SIZE(changed); i++)
		expect_nat_only(changed[i], &record, true);
	expect_nat_only(DIRECT_WITH("", MANUAL, "method: disabled"), &record, false); /* it is not rendered */
	nat = host;
	nat.variant = LS_SITE_NAT;
	record.hosts = &nat;
	expect_nat_only(DIRECT, &record, true);
	/* Of a record that has no sum, the name and the port tell. */
	record.hosts = &unknown;
	expect_nat_only(DIRECT, &record, false);
	expect_nat_only(changed[0], &record, true);
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

#define FAILS_OVER(communication, mode) \
	"linkspan: 1\nkind: site\nipv6_communication: " communication "\ntenants:\n  a:\n    failover: { mode: " mode \
	" }\n    appliances: { p: { interfaces: { up: { match: { name: e0 }, ipv4: { method: auto } } } } }\n"

static void expect_change(
	const struct ls_site_record *record, const char *communication, const char *mode, const char *id)
{
	ALLOCATED allocated = { 0 };

	ls_buf_printf(&allocated.text, FAILS_OVER("%s", "%s"), communication, mode);
	allocate(&allocated, record);
	if (id)
		expect_error(&allocated, id, strcmp(id, "ipv6-disable") == 0 ? 3 : 6, "'a-p'");
	else
		cr_expect_eq(allocated.r, 0, "%s %s", communication, mode);
}

Test(site_changes, failover_exclusive)
{
	static const enum ls_failover_mode modes[] = { LS_FAILOVER_FULL, LS_FAILOVER_PERMANENT };
	struct ls_site_host host = { .name = "a-p", .side = LS_SIDE_PROVIDER, .families = LS_SITE_IPV4 };
	struct ls_site_record record = { .rendered = true, .hosts = &host, .n_hosts = 1 },
			      after = { .intended = &record };

	for (size_t i = 0; i < LS_ARRAY_SIZE(modes); i++) {
		const char *word = ls_failover_words[modes[i]].word;

		host.failover = LS_FAILOVER_PARTIAL;
		expect_change(&record, "true", word, "failover-exclusive");
		expect_change(&after, "true", word, "failover-exclusive");
		expect_change(&record, "true", "none", NULL);
		host.failover = LS_FAILOVER_NONE;
		expect_change(&record, "true", word, NULL);
	}
	host.failover = LS_FAILOVER_FULL;
	expect_change(&record, "true", "permanent", NULL);
	expect_change(&record, "true", "none", NULL);
}

Test(site_changes, ipv6_disable)
{
	struct ls_site_host hosts[100] = { { .name = "a-p", .side = LS_SIDE_PROVIDER, .families = LS_SITE_IPV6 } };
	struct ls_site_record record = { .rendered = true, .hosts = hosts, .n_hosts = 1 },
			      after = { .intended = &record };
	char names[100][8];

	expect_change(&record, "false", "none", "ipv6-disable");
	expect_change(&after, "false", "none", "ipv6-disable");
	expect_change(&record, "true", "none", NULL);
	hosts[0].families = LS_SITE_IPV4; /* as the render says that comes before */
	expect_change(&record, "false", "none", NULL);
	hosts[0] = (struct ls_site_host){ .name = "g", .side = LS_SIDE_GATEWAY, .families = LS_SITE_IPV6 };
	expect_change(&record, "false", "none", NULL);
	for (size_t i = 0; i < LS_ARRAY_SIZE(hosts); i++) {
		snprintf(names[i], sizeof(names[i]), "h%02zu", i);
		hosts[i] = (struct ls_site_host){ .name = names[i], .side = LS_SIDE_TENANT, .families = LS_SITE_IPV6 };
	}
	record.n_hosts = LS_ARRAY_SIZE(hosts);
	record.intended = &record; /* none is told of twice */
	ALLOCATED many = allocate_text(FAILS_OVER("false", "none"), &record);
	cr_assert_eq(many.diag.n_errors, 100, "each is listed, once");
	cr_expect_str_eq(many.diag.findings[99].id, "ipv6-disable");
	cr_expect(strstr(many.diag.findings[99].message, "'h99'"));
}

/* ---- what is to be done ------------------------------------------------------------------------------------------ */

static enum ls_site_action compare(
	bool ipv6, const struct ls_site_host *was, const struct ls_site_host *now, const char *words)
{
	struct ls_site site = { .ipv6_communication = ipv6 };
	char reason[LS_SITE_REASON_MAX];
	enum ls_site_action action = ls_site_compare(&site, was, now, NULL, reason);

	cr_expect(strstr(reason, words), "no '%s' in: %s", words, reason);
	return action;
}

Test(site_changes, ipv6_enable)
{
	const struct ls_site_host direct = { .name = "g", .variant = LS_SITE_DIRECT, .families = LS_SITE_IPV4 };
	const struct ls_site_host nat = {
		.name = "g", .variant = LS_SITE_NAT, .families = LS_SITE_IPV4 | LS_SITE_IPV6, .dns_name = "g.example"
	};
	const struct ls_site_host old = { .name = "a", .side = LS_SIDE_TENANT, .families = LS_SITE_IPV4 };
	const struct ls_site_host new = {
		.name = "a", .side = LS_SIDE_TENANT, .families = LS_SITE_IPV4 | LS_SITE_IPV6
	};
	struct ls_site_host other = new;

	/* the list stays until it is done */
	cr_expect_eq(compare(true, &direct, &direct, "in mode direct"), LS_SITE_RECONFIGURE);
	cr_expect_eq(compare(true, &old, &old, "give its interface 'ipv6'"), LS_SITE_REDEPLOY);
	cr_expect_eq(compare(false, &old, &old, ""), LS_SITE_KEEP);
	/* and then it is done */
	cr_expect_eq(compare(true, &direct, &nat, "mode direct becomes nat; IPv4 becomes IPv4 and IPv6; the name"),
		LS_SITE_RECONFIGURE);
	cr_expect_eq(compare(true, &old, &new, "IPv4 becomes IPv4 and IPv6"), LS_SITE_REDEPLOY);
	cr_expect_eq(compare(true, &new, &new, ""), LS_SITE_KEEP);
	other.crc = 1;
	cr_expect_eq(compare(true, &new, &other, "its interfaces, networks"), LS_SITE_RECONFIGURE);
	cr_expect_eq(compare(true, NULL, &new, "new"), LS_SITE_DEPLOY);
	cr_expect_eq(compare(true, &new, NULL, "no longer"), LS_SITE_REMOVE);
}

Test(site_changes, differing_parts_are_named)
{
	static const struct {
		const char *was, *now, *parts;
	} cases[] = {
		{ "a: 1\nb:\n  c: 1\n", "a: 1\nb:\n  c: 1\n", "" },
		{ "a: 1\nb:\n  c: 1\n", "a: 1\nb:\n  c: 2\n", "b" },
		{ "a: 1\nb:\n  c: 1\n", "a: 2\nb:\n  c: 1\n  d: 1\n", "a and b" },
		{ "a: 1\nb: 1\nc: 1\n", "c: 2\na: 2\nd: 1\n", "c, a, d and b" },
		{ "interfaces: 1\n", "interface: 1\n", "interface and interfaces" },
		{ "", "a: 1", "a" },
		{ "a: 1", "", "a" },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		char parts[LS_SITE_PARTS_MAX];

		ls_site_differing_parts(cases[i].was, strlen(cases[i].was), cases[i].now, strlen(cases[i].now), parts);
		cr_expect_str_eq(parts, cases[i].parts, "%zu: %s", i, parts);
	}
}
