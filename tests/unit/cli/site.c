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
	struct told told;
	char path[64];

	write_file(path, DUAL_STACK_ON_DIRECTOR "suppress_warnings: [director-dual-stack]\n");
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

Test(site_commands, plan_of_what_is_rendered_names_who_has_ipv4_only)
{
	struct told told;

	cr_assert_eq(told_run(&told, told_words("site", "plan", SITE, RENDERED)), CLI_EXIT_CHANGES, "%s", told.err);
	cr_assert_str_eq(told.out,
		"Appliances at the provider to redeploy:\n"
		"  hive-provider            IPv6 communication is on, but it has IPv4 only; give its interface 'ipv6'\n"
		"Appliances at tenants to redeploy:\n"
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

/* Whatever the checks of a site do not know of: here the site is broken behind their back. */
Test(site_commands, specs_that_hosts_would_refuse_are_findings)
{
	LS_CLEANUP(cli_site_specs_done) struct cli_site_specs specs = { 0 };
	LS_CLEANUP(cli_site_done) struct cli_site site = { .base = -1, .dir = -1 };
	struct told told;

	told_begin(&told, 0);
	told.cli.args.operand = SITE;
	cr_assert_eq(cli_site_open(&told.cli, &site), CLI_EXIT_DONE);
	site.site->gateways[0].dns_name = "192.0.2.1";
	cr_expect_eq(cli_site_specs(&site, &specs), CLI_EXIT_INVALID);
	cr_assert_geq(site.diag.n_errors, 1);
	cr_expect_str_eq(site.diag.findings[0].id, "gateway-dns-name");
	cr_expect_eq(site.diag.findings[0].location.line, 7);
	cr_assert_says(site.diag.findings[0].message, "the spec of 'gw1' would not be valid");
	told_done(&told);
}

Test(site_commands, upgrade_prints_the_site)
{
	struct told told;
	char path[64];

	write_file(path, "linkspan: 1\nkind: site\npublic_pool: [192.0.2.1]\n");
	cr_assert_eq(told_run(&told, told_words("site", "upgrade", path)), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_str_eq(told.out, "ipv6_communication: false\nlinkspan: 1\nkind: site\npublic_pool: [192.0.2.1]\n");
	cr_assert_str_empty(told.err);
	told_done(&told);
	cr_assert_eq(told_run(&told, told_words("site", "upgrade", SITE)), CLI_EXIT_INVALID);
	cr_assert_says(told.err, "[ipv6-default]");
	told_done(&told);
	unlink(path);
}

/* ---- turning IPv6 on and off ------------------------------------------------------------------------------------- */

#define OLD(communication, mode, outer, inner) \
	"linkspan: 1\nkind: site\n" communication "gateways: { gw1: { " mode \
	", tunnel_ports: 20000-20009, interfaces: { up: { match: { name: e0 }, ipv4: { method: " \
	"manual, addresses: [203.0.113.2/24] }" outer " } } } }\n" \
	"gateway_pools: { east: [gw1] }\nhardware_plans: { gold: { networks: { n: {} } } }\ntenants:\n  acme:\n" \
	"    hardware_plan: gold\n    gateway_pool: east\n    tunnels: { key_dir: . }\n" \
	"    networks: { prod: { maps_to: n, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 }" inner " } }\n" \
	"    appliances:\n" \
	"      provider: { addresses: [203.0.113.9], interfaces: { up: { match: { name: e0 }, ipv4: { method: auto " \
	"}" outer " }, n: { match: { name: e1 } } } }\n" \
	"      lan: { network: prod, interfaces: { lan: { match: { name: e0 }, ipv4: { method: auto }" outer \
	" } } }\n"
#define IPV6 ", ipv6: { method: auto }"
#define INNER6 ", ipv6: { subnet: '2001:db8::/64', gateway: 'fe80::1' }"

/* The site and its keys are in `home`, the specs in `home`/specs. */
static enum cli_exit run_site(struct told *told, const char *command, const char *text, const char *home)
{
	char site[64], specs[64];

	snprintf(site, sizeof(site), "%s/site.yaml", home);
	snprintf(specs, sizeof(specs), "%s/specs", home);
	told_file(home, "site.yaml", text);
	return told_run(told, told_words("site", command, site, specs));
}

static void make_keys(const char *home)
{
	static const char *const names[] = { "provider-prod-ipv4.pub", "provider-prod-ipv6.pub", "tenant-prod-ipv4.pub",
		"tenant-prod-ipv6.pub" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(names); i++)
		told_file(home, names[i], "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n");
}

Test(site_commands, ipv6_enable_and_disable)
{
	static const char off[] = OLD("ipv6_communication: false\n", "mode: direct", "", "");
	static const char on[] = OLD("ipv6_communication: true\n", "mode: direct", "", "");
	static const char done[] = OLD("ipv6_communication: true\n", "mode: nat, dns_name: gw1.example", IPV6, INNER6);
	static const char back[] = OLD("ipv6_communication: false\n", "mode: nat, dns_name: gw1.example", IPV6, INNER6);
	static const char without[] = OLD("ipv6_communication: true\n", "mode: nat, dns_name: gw1.example", "", "");
	static const char at_once[] = OLD("ipv6_communication: false\n", "mode: nat, dns_name: gw1.example", "", "");
	static const char listed[] = "Gateways to reconfigure:\n  gw1 ";
	static const char *const commands[] = { "check", "plan", "render" };
	char dir[] = "/tmp/linkspan-site.XXXXXX", command[128];
	struct told told;

	cr_assert_not_null(mkdtemp(dir));
	make_keys(dir);
	cr_assert_eq(run_site(&told, "render", off, dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	cr_assert_eq(run_site(&told, "plan", off, dir), CLI_EXIT_DONE, "%s", told.err);
	cr_assert_str_eq(told.out, "Nothing to do.\n");
	told_done(&told);
	for (unsigned i = 0; i < 2; i++) { /* rendering does not do it */
		cr_assert_eq(run_site(&told, "plan", on, dir), CLI_EXIT_CHANGES, "%s", told.err);
		cr_assert_says(told.out, listed);
		cr_assert_says(told.out, "Appliances at the provider to redeploy:\n  acme-provider ");
		cr_assert_says(told.out, "Appliances at tenants to redeploy:\n  acme-lan ");
		cr_assert_eq(strstr(told.out, "IPv6 communication is turned on.") != NULL, i == 0);
		told_done(&told);
		cr_assert_eq(run_site(&told, "render", on, dir), CLI_EXIT_DONE, "%s", told.err);
		told_done(&told);
	}
	cr_assert_eq(run_site(&told, "plan", done, dir), CLI_EXIT_CHANGES, "%s", told.err);
	cr_assert_says(told.out, "mode direct becomes nat; IPv4 becomes IPv4 and IPv6");
	told_done(&told);
	cr_assert_eq(run_site(&told, "render", done, dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	cr_assert_eq(run_site(&told, "plan", done, dir), CLI_EXIT_DONE, "%s", told.out);
	told_done(&told);
	cr_assert_eq(run_site(&told, "render", back, dir), CLI_EXIT_INVALID);
	cr_assert_says(told.err, "'up' of 'acme-provider' has IPv6");
	cr_assert_says(told.err, "'lan' of 'acme-lan' has IPv6");
	told_done(&told);
	for (size_t i = 0; i < LS_ARRAY_SIZE(commands); i++) { /* that the site has no IPv6 any more is not enough */
		cr_assert_eq(run_site(&told, commands[i], at_once, dir), CLI_EXIT_INVALID, "%s", commands[i]);
		cr_assert_says(told.err, "'acme-lan' had IPv6 when it was rendered last");
		cr_assert_says(told.err, "'acme-provider' had IPv6 when it was rendered last");
		cr_assert_says(told.err, "[ipv6-disable]");
		told_done(&told);
	}
	cr_assert_eq(run_site(&told, "plan", done, dir), CLI_EXIT_DONE, "nothing was changed: %s", told.out);
	told_done(&told);
	cr_assert_eq(run_site(&told, "render", without, dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	cr_assert_eq(run_site(&told, "render", at_once, dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* ---- what is in the directory ------------------------------------------------------------------------------------ */

#define UPLINK(more) \
	"linkspan: 1\nkind: site\nipv6_communication: false\norganizations: { o: { networks: { n: {} } } " \
	"}\ntenants:\n" \
	"  t:\n    account: director\n    organization: o\n    networks: { n: { ipv4: { subnet: 10.0.0.0/24, " \
	"gateway: " \
	"10.0.0.1 } } }\n    appliances: { p: { platform: director, interfaces: { up: { match: { name: a }" more \
	", ipv4: { method: auto } }, n: { match: { name: b } } } } }\n"

Test(site_commands, plan_tells_parts_and_who_was_at_the_files)
{
	char dir[] = "/tmp/linkspan-site.XXXXXX", command[128];
	struct told told;

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(run_site(&told, "render", UPLINK(""), dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	cr_assert_eq(run_site(&told, "plan", UPLINK(", mtu: 1400"), dir), CLI_EXIT_CHANGES, "%s", told.err);
	cr_assert_says(told.out, "its interfaces changed\n");
	cr_assert_str_empty(told.err);
	told_done(&told);
	told_file(dir, "specs/t-p.yaml", "edited: 1\n");
	cr_assert_eq(run_site(&told, "plan", UPLINK(""), dir), CLI_EXIT_DONE, "%s", told.out);
	cr_assert_says(told.err, "/specs/t-p.yaml had been changed by somebody else");
	told_done(&told);
	snprintf(command, sizeof(command), "%s/specs/t-p.yaml", dir);
	unlink(command);
	cr_assert_eq(run_site(&told, "plan", UPLINK(""), dir), CLI_EXIT_DONE, "%s", told.out);
	cr_assert_says(told.err, "/specs/t-p.yaml is missing; render writes it anew");
	told_done(&told);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* ---- from mode to mode ------------------------------------------------------------------------------------------- */

#define MODE(mode) \
	"linkspan: 1\nkind: site\norganizations: { o: { networks: { n: {} } } }\ntenants:\n  t:\n    account: " \
	"director\n" \
	"    organization: o\n    failover: { mode: " mode " }\n" \
	"    networks: { n: { ipv4: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 } } }\n" \
	"    appliances: { p: { platform: director, interfaces: { up: { match: { name: a }, ipv4: { method: auto } " \
	"}, n: { match: { name: b } } } } }\n"

/* As the host itself would refuse it. */
Test(site_commands, failover_exclusive)
{
	static const char *const commands[] = { "check", "plan", "render" };
	char dir[] = "/tmp/linkspan-site.XXXXXX", command[128];
	struct told told;

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(run_site(&told, "render", MODE("permanent"), dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	cr_assert_eq(run_site(&told, "render", MODE("full"), dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	snprintf(command, sizeof(command), "sed -i 's/\"full\"/\"partial\"/; s/^\"crc.*/\"crc\":0}/' %s/specs/*.json",
		dir);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
	cr_assert_eq(run_site(&told, "plan", MODE("full"), dir), CLI_EXIT_INVALID);
	cr_assert_says(told.err, "its checksum is another");
	told_done(&told);
	snprintf(command, sizeof(command), "sed -i 's/^\"removed.*/\"removed\":[]}/; /^\"crc/d' %s/specs/*.json", dir);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
	for (size_t i = 0; i < LS_ARRAY_SIZE(commands); i++) {
		cr_assert_eq(run_site(&told, commands[i], MODE("full"), dir), CLI_EXIT_INVALID, "%s", commands[i]);
		cr_assert_says(told.err, "the mode is full, but 't-p' was rendered in partial failover last");
		cr_assert_says(told.err, "[failover-exclusive]");
		told_done(&told);
	}
	cr_assert_eq(run_site(&told, "render", MODE("none"), dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	cr_assert_eq(run_site(&told, "render", MODE("full"), dir), CLI_EXIT_DONE, "%s", told.err);
	told_done(&told);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}
