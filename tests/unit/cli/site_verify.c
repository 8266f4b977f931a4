/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is rendered of a site is read as its host would, before any of it is written. */
#include "cli_test.h"

#include "../../../src/cli/site_verify.c"

TestSuite(site_verify);

#define GOOD "linkspan: 1\nkind: gateway\nname: gw\n"
#define BAD GOOD "interfaces: { up: { match: { name: e0 }, ipv4: { method: auto, gateway: 10.0.0.1 } } }\n"

static struct ls_site_host host_of(const char *text)
{
	size_t length = strlen(text);

	return (struct ls_site_host){
		.name = "gw", .crc = ls_crc32c(0, text, length), .length = (uint32_t)length, .side = LS_SIDE_GATEWAY
	};
}

static void verify(struct cli_site *site, const char *text)
{
	struct ls_site_host host = host_of(text);

	site->source.name = "s.yaml";
	cr_assert_eq(cli_site_verify(site, &host, text, (struct ls_mark){ 7, 3 }), 0);
}

Test(site_verify, what_a_host_would_refuse_is_told_at_its_place_in_the_site)
{
	struct cli_site site = { 0 };

	verify(&site, GOOD);
	cr_assert_eq(site.diag.n_findings, 0);
	verify(&site, BAD);
	cr_assert_eq(site.diag.n_errors, 1);
	cr_expect_str_eq(site.diag.findings[0].id, "range");
	cr_expect_str_eq(site.diag.findings[0].location.file, "s.yaml");
	cr_expect_eq(site.diag.findings[0].location.line, 7);
	cr_assert_says(
		site.diag.findings[0].message, "the spec of 'gw' would not be valid, by its line 4: a gateway under");
	ls_diag_done(&site.diag);
}

/* It was read when it was rendered, and ten thousand others with it. */
Test(site_verify, what_is_rendered_already_is_not_read_again)
{
	struct ls_site_host was = host_of(BAD);
	struct cli_site site = { .record = { .hosts = &was, .n_hosts = 1 } };

	verify(&site, BAD);
	cr_expect_eq(site.diag.n_findings, 0);
	was.crc++;
	verify(&site, BAD);
	cr_expect_eq(site.diag.n_errors, 1);
	ls_diag_done(&site.diag);
}
