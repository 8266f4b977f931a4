/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Specs of a site's hosts: they are valid as they are, and in every mode of failover that their side has. Public keys
 * are invented.
 */
#include "site_tools.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(site_rendering);

/* ---- tools ------------------------------------------------------------------------------------------------------- */

struct rendered {
	struct ls_site *site;
	struct ls_site_layout layout;
	struct ls_diag diag;
};

static void rendered_done(struct rendered *rendered)
{
	if (rendered->layout.site)
		ls_site_layout_done(&rendered->layout);
	ls_site_free(rendered->site);
	ls_diag_done(&rendered->diag);
}
#define RENDERED LS_CLEANUP(rendered_done) struct rendered

static struct rendered read_site(const char *text)
{
	struct rendered rendered = { 0 };
	struct ls_error err = { 0 };

	cr_assert_eq(ls_site_parse("s.yaml", text, strlen(text), &rendered.site, &rendered.diag, &err), 0, "%s%s\n%s",
		err.message, rendered.diag.n_findings ? rendered.diag.findings[0].message : "", text);
	cr_assert_eq(ls_site_allocate(rendered.site, NULL, &rendered.layout, &rendered.diag), 0);
	return rendered;
}

/* The spec of the host of that name, with a zero behind it. Release with ls_buf_done. */
static struct ls_buf spec_of(const struct rendered *rendered, const char *name)
{
	struct ls_site_place place = { 0 };
	struct ls_site_host host = { 0 };
	struct ls_error err = { 0 };
	struct ls_buf buf = { 0 };

	while (!host.name || strcmp(host.name, name) != 0) {
		ls_buf_done(&buf);
		cr_assert(ls_site_next_host(rendered->site, &place), "there is no host %s", name);
		cr_assert_eq(ls_site_render(&rendered->layout, &place, invent_key, NULL, &buf, &host, &err), 0, "%s",
			err.message);
	}
	cr_assert_eq(ls_buf_append(&buf, "", 1), 0);
	return buf;
}
#define SPEC LS_CLEANUP(ls_buf_done) struct ls_buf
#define TEXT(buf) ((const char *)(buf).data)

/* As it is, and in that mode. */
static void expect_valid_in(const struct rendered *rendered, const char *name, enum ls_failover_mode mode)
{
	SPEC text = spec_of(rendered, name);
	LS_CLEANUP(ls_diag_done) struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	struct ls_spec *spec = NULL;

	cr_assert_eq(ls_spec_parse(name, TEXT(text), text.length - 1, &spec, &diag, &err), 0, "%s\n%s",
		diag.n_findings ? diag.findings[0].message : err.message, TEXT(text));
	cr_expect_eq(ls_spec_set_failover(spec, mode, &diag), 0, "%s\n%s",
		diag.n_findings ? diag.findings[0].message : "", TEXT(text));
	ls_spec_free(spec);
}

static void expect_words(const struct rendered *rendered, const char *name, const char *words, bool there)
{
	SPEC text = spec_of(rendered, name);

	cr_expect_eq(strstr(TEXT(text), words) != NULL, there, "%s'%s' in:\n%s", there ? "no " : "", words, TEXT(text));
}
#define EXPECT_SAYS(name, words) expect_words(&rendered, name, words, true)
#define EXPECT_DOES_NOT_SAY(name, words) expect_words(&rendered, name, words, false)

#define AUTO "ipv4: { method: auto }, ipv6: { method: auto }"
/* Two networks on one interface, both extended, and one that is not; `half` has no IPv6 where prod has it, and `tape`
 * is in the network that is not extended. */
#define SITE_BY(uplink, failover) \
	"linkspan: 1\nkind: site\nipv6_communication: true\n" \
	"gateways: { gw: { mode: nat, dns_name: gw.example, tunnel_ports: 20000-20009, interfaces: { up: { match: { " \
	"name: e0 }, " AUTO " } } } }\n" \
	"gateway_pools: { east: [gw] }\n" \
	"hardware_plans: { gold: { networks: { a: { vlan: 101, internet: true }, b: { vlan: 102 }, c: {} } } }\n" \
	"tenants:\n" \
	"  acme:\n" \
	"    hardware_plan: gold\n" \
	"    gateway_pool: east\n" \
	"    tunnels: { key_dir: keys }\n" \
	"    networks:\n" \
	"      prod: { maps_to: a, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 }, ipv6: { subnet: " \
	"'2001:db8:1::/64', " \
	"gateway: 'fe80::1' }, production_hosts: [10.1.0.7, '2001:db8:1::7'] }\n" \
	"      apps: { maps_to: b, ipv4: { subnet: 10.2.0.0/24, gateway: 10.2.0.1 } }\n" \
	"      tapes: { maps_to: c, ipv4: { subnet: 10.3.0.0/24, gateway: 10.3.0.1 } }\n" \
	"    replicas:\n" \
	"      web: { addresses: { prod: [10.1.0.9, '2001:db8:1::9'] } }\n" \
	"      db: { addresses: { apps: [10.2.0.9] } }\n" \
	"      half: { addresses: { prod: [10.1.0.8] } }\n" \
	"      tape: { addresses: { apps: [10.2.0.8], tapes: [10.3.0.8] } }\n" \
	"    appliances:\n" \
	"      provider: { addresses: [192.0.2.1, '2001:db8:f::1'], interfaces: { up: { match: { name: e0 }, " uplink \
	" }, inner: { match: { name: e1 } }, c: { match: { name: e2 } } } }\n" \
	"      lan: { network: prod, interfaces: { lan: { match: { name: e0 }, " AUTO " } } }\n" \
	"      dmz: { network: apps, interfaces: { lan: { match: { name: e0 }, " AUTO " } } }\n" failover
#define SITE(failover) SITE_BY(AUTO, failover)

/* ---- VLANs ------------------------------------------------------------------------------------------------------- */

Test(site_rendering, networks_of_one_interface_are_in_vlans_of_it)
{
	RENDERED rendered = read_site(SITE(""));

	EXPECT_SAYS("acme-provider", "  inner.101: { create: { type: vlan, parent: inner, id: 101 } }\n"
				     "  inner.102: { create: { type: vlan, parent: inner, id: 102 } }\nnetworks:\n");
	EXPECT_SAYS("acme-provider", "  prod: { interface: inner.101, internet: true,");
	EXPECT_SAYS("acme-provider", "  apps: { interface: inner.102,");
	EXPECT_SAYS("acme-provider", "  tapes: { interface: c,");
	EXPECT_DOES_NOT_SAY("acme-lan", "vlan");
	expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_FULL);
}

/* ---- gateways ---------------------------------------------------------------------------------------------------- */

Test(site_rendering, a_name_that_yaml_takes_for_something_else_stands_in_quotes)
{
	RENDERED rendered = read_site("linkspan: 1\nkind: site\nipv6_communication: true\ngateways: { gw: { mode: nat, "
				      "dns_name: 'true', interfaces: { up: { match: { name: e0 }, " AUTO " } } } }\n");

	EXPECT_SAYS("gw", "dns_name: \"true\",");
}

/* ---- families ---------------------------------------------------------------------------------------------------- */

/* Its networks have IPv4 all the same, and the tunnel for that goes in IPv6. */
Test(site_rendering, an_appliance_with_ipv6_outside_only_extends_ipv4)
{
	RENDERED rendered = read_site(SITE_BY("ipv6: { method: auto }", ""));

	EXPECT_SAYS("acme-provider", "ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 }");
	EXPECT_SAYS("acme-provider", "  prod4:\n");
	EXPECT_SAYS("acme-lan", "endpoint_family: ipv6");
	EXPECT_DOES_NOT_SAY("acme-lan", "endpoint_family: ipv4");
	expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_PARTIAL);
	expect_valid_in(&rendered, "acme-lan", LS_FAILOVER_PARTIAL);
	expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_FULL);
}

/* ---- interfaces -------------------------------------------------------------------------------------------------- */

/* A plan of a, b and c; the provider's appliance has these interfaces beside its uplink. */
#define SPARE(networks, inner) \
	"linkspan: 1\nkind: site\nipv6_communication: true\n" \
	"gateways: { gw: { mode: nat, dns_name: gw.example, tunnel_ports: 20000-20009, interfaces: { up: { match: { " \
	"name: e0 }, " AUTO " } } } }\ngateway_pools: { east: [gw] }\n" \
	"hardware_plans: { gold: { networks: { a: { vlan: 101 }, b: { vlan: 102 }, c: {} } } }\n" \
	"tenants:\n  acme:\n    hardware_plan: gold\n    gateway_pool: east\n    tunnels: { key_dir: keys }\n" \
	"    networks: { " networks " }\n    appliances:\n" \
	"      provider: { interfaces: { up: { match: { name: e0 }, ipv4: { method: auto } }, " inner " } }\n"
#define A4 "x: { maps_to: a, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 } }"
#define C6 "x: { maps_to: c, ipv6: { subnet: '2001:db8::/64', gateway: 'fe80::1' } }"

Test(site_rendering, interfaces_of_nobody_stay_out)
{
	RENDERED rendered =
		read_site(SPARE(A4, "a: { match: { name: e1 } }, c: { match: { name: e2 } }, inner: { match: { "
				    "name: e3 } }, off: { match: { name: e4 }, ipv4: { method: disabled } }"));
	RENDERED tagged = read_site(SPARE(A4, "inner: { match: { name: e3 } }"));
	RENDERED later =
		read_site(SPARE(C6, "c: { match: { name: e2 } }, by: { match: { name: e3 }, ipv6: { method: auto } }"));

	EXPECT_SAYS("acme-provider", "  a: { match: { name: e1 } }\n");
	EXPECT_DOES_NOT_SAY("acme-provider", "e2");
	EXPECT_DOES_NOT_SAY("acme-provider", "e3");
	EXPECT_DOES_NOT_SAY("acme-provider", "e4");
	expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_FULL);
	expect_words(&tagged, "acme-provider", "  inner: { match: { name: e3 } }\n", true);
	expect_valid_in(&tagged, "acme-provider", LS_FAILOVER_FULL);
	/* until it has IPv6 */
	expect_words(&later, "acme-provider", "e2", false);
	expect_words(&later, "acme-provider", "e3", false);
	expect_valid_in(&later, "acme-provider", LS_FAILOVER_NONE);
}

Test(site_rendering, a_network_of_ipv6_alone_waits_for_an_appliance_with_ipv6)
{
	RENDERED rendered = read_site(
		SPARE(C6, "c: { match: { name: e2 } }") "      lan: { network: x, interfaces: { lan: { match: "
							"{ name: e0 }, ipv4: { method: auto } } } }\n");

	EXPECT_DOES_NOT_SAY("acme-lan", "networks:");
	EXPECT_SAYS("acme-lan", "  lan: { match: { name: e0 }, ipv4: { method: auto } }\n");
	expect_valid_in(&rendered, "acme-lan", LS_FAILOVER_NONE);
}

/* Whoever gave an address may confirm what was detected. */
Test(site_rendering, what_was_detected_and_given_stands_there_once)
{
	RENDERED rendered =
		read_site(SPARE(A4, "a: { match: { name: e1 } }") "    replicas: { r: { detected: { x: [10.1.0.9] }, "
								  "addresses: { x: [10.1.0.9, 10.1.0.10] } } "
								  "}\n");

	EXPECT_SAYS("acme-provider", "  r: { x: [10.1.0.9, 10.1.0.10] }\n");
	expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_NONE);
}

/* ---- failover ---------------------------------------------------------------------------------------------------- */

Test(site_rendering, replicas_that_can_be_are_failed_over_where_none_is_named)
{
	RENDERED rendered = read_site(SITE(""));

	EXPECT_SAYS("acme-provider", "failover:\n  mode: none\n  replicas:\n    - web\n    - db\nnat:");
	EXPECT_SAYS("acme-lan", "failover:\n  mode: none\n  replicas:\n    - web\ntunnels:");
	EXPECT_SAYS("acme-dmz", "failover:\n  mode: none\n  replicas:\n    - db\ntunnels:");
	expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_PARTIAL);
	expect_valid_in(&rendered, "acme-lan", LS_FAILOVER_PARTIAL);
	expect_valid_in(&rendered, "acme-dmz", LS_FAILOVER_PARTIAL);
}

Test(site_rendering, partial_failover_is_of_the_sides_that_have_a_replica)
{
	RENDERED rendered = read_site(SITE("    failover: { mode: partial, replicas: [db] }\n"));

	EXPECT_SAYS("acme-provider", "failover:\n  mode: partial\n  replicas:\n    - db\nnat:");
	EXPECT_SAYS("acme-dmz", "failover:\n  mode: partial\n  replicas:\n    - db\ntunnels:");
	EXPECT_SAYS("acme-lan", "failover:\n  mode: none\ntunnels:");
	expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_PARTIAL);
	expect_valid_in(&rendered, "acme-dmz", LS_FAILOVER_PARTIAL);
	expect_valid_in(&rendered, "acme-lan", LS_FAILOVER_NONE);
}

Test(site_rendering, full_failover_is_of_the_provider)
{
	static const char *const modes[] = { "full", "permanent" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(modes); i++) {
		char site[4096], words[128];

		snprintf(site, sizeof(site), "%s    failover: { mode: %s, route_between_networks: true }\n", SITE(""),
			modes[i]);
		snprintf(words, sizeof(words), "failover:\n  mode: %s\n  route_between_networks: true\n  replicas:\n",
			modes[i]);
		RENDERED rendered = read_site(site);
		EXPECT_SAYS("acme-provider", words);
		EXPECT_SAYS("acme-lan", "failover:\n  mode: none\n  replicas:\n    - web\n");
		expect_valid_in(&rendered, "acme-provider", LS_FAILOVER_PERMANENT);
		expect_valid_in(&rendered, "acme-lan", LS_FAILOVER_NONE);
	}
}

Test(site_rendering, production_hosts_are_the_provider_s)
{
	RENDERED rendered = read_site(SITE(""));

	EXPECT_SAYS("acme-provider", ", production_hosts: [10.1.0.7, \"2001:db8:1::7\"] }\n");
	EXPECT_DOES_NOT_SAY("acme-lan", "production_hosts");
}

Test(site_rendering, another_failover_is_another_spec)
{
	RENDERED none = read_site(SITE(""));
	RENDERED partial = read_site(SITE("    failover: { mode: partial }\n"));
	SPEC was = spec_of(&none, "acme-lan");
	SPEC is = spec_of(&partial, "acme-lan");
	struct ls_site_host old = {
		.name = "acme-lan", .side = LS_SIDE_TENANT, .families = LS_SITE_IPV4 | LS_SITE_IPV6
	};
	struct ls_site_host new = old;
	char reason[LS_SITE_REASON_MAX];

	old.crc = ls_crc32c(0, was.data, was.length);
	new.crc = ls_crc32c(0, is.data, is.length);
	cr_expect_eq(ls_site_compare(none.site, &old, &new, NULL, reason), LS_SITE_RECONFIGURE);
	cr_expect(strstr(reason, "failover"), "%s", reason);
}
