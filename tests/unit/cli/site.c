/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan site check, plan, upgrade: what they say and how they exit. */
#include "cli_test.h"

#include "../../../src/cli/site.c"

TestSuite(site_commands);

#define SITE "tests/golden/site/site.yaml"
#define RENDERED "tests/golden/site/expected"

Test(site_commands, check_counts)
{
	struct told told;

	cr_assert_eq(told_run(&told, told_words("site", "check", SITE)), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_str_eq(told.out, SITE ": valid, 2 tenants, 5 hosts\n");
	told_done(&told);
}

Test(site_commands, check_shows_what_is_suppressed)
{
	static const char text[] = "linkspan: 1\nkind: site\nsuppress_warnings: [director-dual-stack]\n"
				   "organizations: { o: { networks: { n: {} } } }\n"
				   "tenants: { t: { account: director, organization: o, networks: { n: { ipv4: { "
				   "subnet: 10.0.0.0/24, gateway: "
				   "10.0.0.1 }, ipv6: { subnet: '2001:db8::/64', gateway: 'fe80::1' } } }, replicas: { "
				   "r: { detected: { n: "
				   "[10.0.0.9] } } }, appliances: { p: { platform: director, interfaces: { up: { "
				   "match: { name: a }, ipv4: { "
				   "method: auto }, ipv6: { method: auto } }, n: { match: { name: b } } } } } } }\n";
	struct told told;
	char path[64];

	write_file(path, text);
	cr_assert_eq(told_run(&told, told_words("site", "check", path)), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_says(told.err, "1 warning suppressed, as the site says [director-dual-stack]");
	told_done(&told);
	cr_assert_eq(told_run(&told, told_words("site", "check", "--json", path)), CLI_EXIT_DONE);
	cr_assert_says(told.out, "\"suppressed\":[{\"id\":\"director-dual-stack\",\"count\":1}]");
	told_done(&told);
	unlink(path);
}

Test(site_commands, check_of_a_site_that_is_not_valid)
{
	struct told told;
	char path[64];

	write_file(path, "linkspan: 1\nkind: site\ngateway_pools: { a: [b] }\n");
	cr_assert_eq(told_run(&told, told_words("site", "check", path)), CLI_EXIT_INVALID);
	cr_assert_says(told.err, "[reference]");
	told_done(&told);
	unlink(path);
}

Test(site_commands, plan_of_what_is_rendered_has_nothing_to_do_but_wait)
{
	struct told told;

	cr_assert_eq(told_run(&told, told_words("site", "plan", SITE, RENDERED)), CLI_EXIT_CHANGES, "%s", told.err);
	cr_assert_str_eq(told.out,
		"Appliances at the provider that stay as they are until reconfigured or redeployed:\n"
		"  hive-provider            IPv6 communication is on, but it has IPv4 only; give its interface 'ipv6'\n"
		"Appliances at tenants that stay as they are until reconfigured or redeployed:\n"
		"  hive-tenant              IPv6 communication is on, but it has IPv4 only; give its interface "
		"'ipv6'\n");
	told_done(&told);
}

Test(site_commands, plan_of_a_new_site_deploys_all)
{
	struct told told;
	json_t *json, *hosts;

	cr_assert_eq(told_run(&told, told_words("site", "plan", "--json", SITE, "/nonexistent")), CLI_EXIT_CHANGES);
	json = told_json(&told);
	hosts = json_object_get(json, "hosts");
	cr_assert_eq(json_array_size(hosts), 5);
	for (size_t i = 0; i < 5; i++)
		cr_expect_str_eq(json_text_at(json_array_get(hosts, i), "action"), "deploy");
	json_decref(json);
	told_done(&told);
}

Test(site_commands, a_key_that_is_missing_is_named)
{
	struct told told;
	char path[64];
	char *text;
	size_t length;

	cr_assert_eq(ls_file_read(SITE, 1 << 20, &text, &length, NULL), 0);
	write_file(path, text);
	free(text);
	cr_assert_eq(told_run(&told, told_words("site", "plan", path, "/nonexistent")), CLI_EXIT_INVALID);
	cr_assert_says(told.err, "cannot read the public key keys/provider-prod-ipv4.pub");
	cr_assert_says(told.err, "linkspan keygen");
	told_done(&told);
	unlink(path);
}

Test(site_commands, upgrade_prints_the_site)
{
	struct told told;
	char path[64];

	write_file(path, "linkspan: 1\nkind: site\npublic_pool: [192.0.2.1]\n");
	cr_assert_eq(told_run(&told, told_words("site", "upgrade", path)), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_str_eq(told.out, "linkspan: 1\nkind: site\nipv6_communication: false\npublic_pool: [192.0.2.1]\n");
	cr_assert_str_empty(told.err);
	told_done(&told);
	cr_assert_eq(told_run(&told, told_words("site", "upgrade", SITE)), CLI_EXIT_INVALID);
	cr_assert_says(told.err, "[ipv6-default]");
	told_done(&told);
	unlink(path);
}
