/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites: what is read, resolved, and refused, by the ids of the checks. */
#include <linkspan/spec.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

TestSuite(site);

/* ---- tools ------------------------------------------------------------------------------------------------------- */

struct read {
	struct ls_site *site;
	struct ls_diag diag;
	int r;
};

static void read_done(struct read *read)
{
	ls_site_free(read->site);
	ls_diag_done(&read->diag);
}
#define READ LS_CLEANUP(read_done) struct read

static struct read read_site(const char *text)
{
	struct read read = { 0 };
	struct ls_error err = { 0 };

	read.r = ls_site_parse("s.yaml", text, strlen(text), &read.site, &read.diag, &err);
	cr_assert_eq(read.r == 0, read.site != NULL);
	cr_assert_eq(read.r == 0, read.diag.n_errors == 0);
	return read;
}

/* Exactly that finding: "LINE:COLUMN id", and these words. */
static void expect_one(const char *text, enum ls_severity severity, const char *where, const char *words)
{
	READ read = read_site(text);
	const struct ls_finding *finding = read.diag.findings;
	char found[128];

	cr_assert_geq(read.diag.n_findings, 1, "nothing is found in:\n%s", text);
	snprintf(found, sizeof(found), "%u:%u %s", finding->location.line, finding->location.column, finding->id);
	cr_expect_str_eq(found, where, "%s instead of %s: %s\n%s", found, where, finding->message, text);
	cr_expect_eq(finding->severity, severity);
	cr_expect(strstr(finding->message, words), "no '%s' in: %s", words, finding->message);
	cr_expect_eq(read.diag.n_findings, 1, "one more: %s\n%s",
		read.diag.n_findings > 1 ? read.diag.findings[1].message : "", text);
}
#define EXPECT_ERROR(text, where, words) expect_one(text, LS_SEVERITY_ERROR, where, words)
#define EXPECT_WARNING(text, where, words) expect_one(text, LS_SEVERITY_WARNING, where, words)

static void expect_valid(const char *text)
{
	READ read = read_site(text);

	cr_expect_eq(
		read.diag.n_findings, 0, "%s\n%s", read.diag.n_findings ? read.diag.findings[0].message : "", text);
}

#define AUTO "ipv4: { method: auto }, ipv6: { method: auto }"
#define LINK(name, families) name ": { match: { name: " name " }, " families " }"

/* Tenants begin on line 7. */
#define HEAD_WITH(plan) \
	"linkspan: 1\nkind: site\nipv6_communication: true\n" \
	"gateways: { gw1: { mode: nat, dns_name: gw1.sp.example, tunnel_ports: 20000-20009, interfaces: { " LINK("up", \
		AUTO) " } } }\ngateway_pools: { east: [gw1] }\nhardware_plans: { gold: { networks: { " plan " } } }\n"
#define HEAD HEAD_WITH("vlan101: { vlan: 101, internet: true }, vlan102: { vlan: 102 }")

#define NET "ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 }, ipv6: { subnet: '2001:db8:1::/64', gateway: 'fe80::1' }"
#define PROVIDER(more) \
	"      provider: { " more "interfaces: { " LINK("up", AUTO) ", vlan101: { match: { name: e1 } } } }\n"
#define TENANT(networks, replicas, appliances) \
	"tenants:\n  acme:\n    hardware_plan: gold\n    gateway_pool: east\n    tunnels: { key_dir: keys }\n" \
	"    networks:\n" networks "    replicas:\n" replicas "    appliances:\n" appliances
#define BARE(appliances) \
	"tenants:\n  acme:\n    hardware_plan: gold\n    gateway_pool: east\n    appliances:\n" appliances
#define ACME(network, replica) \
	TENANT("      prod: { " network " }\n", "      web: { " replica " }\n", \
		PROVIDER("") "      lan: { network: prod, interfaces: { " LINK("lan", AUTO) " } }\n")
#define AWARE "application_aware: true, detected: { prod: [10.1.0.9, '2001:db8:1::9'] }"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

Test(site, is_read_and_resolved)
{
	READ read = read_site(HEAD ACME("maps_to: vlan101, " NET, AWARE));
	const struct ls_site_tenant *tenant;

	cr_assert_eq(read.r, 0, "%s", read.diag.findings[0].message);
	cr_assert_eq(read.diag.n_findings, 0, "%s", read.diag.findings[0].message);
	tenant = read.site->tenants;
	cr_assert(tenant->pool && tenant->pool->members[0] == read.site->gateways);
	cr_assert_eq(tenant->networks[0].target, &read.site->plans[0].networks[0]);
	cr_assert_eq(tenant->provider, &tenant->appliances[0]);
	cr_assert_eq(tenant->appliances[1].extends, &tenant->networks[0]);
	cr_assert_str_eq(tenant->appliances[1].host, "acme-lan");
	cr_assert_eq(ls_site_extended(read.site, tenant, &tenant->appliances[1]), LS_SITE_IPV4 | LS_SITE_IPV6);
}

Test(site, without_ipv6_at_an_end_extends_ipv4_only)
{
	READ read = read_site(HEAD TENANT("      prod: { maps_to: vlan101, " NET " }\n", "      web: { " AWARE " }\n",
		PROVIDER("") "      lan: { network: prod, interfaces: { " LINK(
			"lan", "ipv4: { method: auto }") " } }\n"));

	cr_assert_eq(read.r, 0);
	cr_assert_eq(ls_site_extended(read.site, read.site->tenants, &read.site->tenants->appliances[1]), LS_SITE_IPV4);
}

Test(site, pool_takes_addresses_ranges_and_prefixes)
{
	READ read = read_site("linkspan: 1\nkind: site\n"
			      "public_pool: [192.0.2.7, 192.0.2.10-192.0.2.19, 198.51.100.0/24, '2001:db8::/32']\n");
	char text[LS_IP_TEXT_MAX];

	cr_assert_eq(read.r, 0);
	cr_assert_eq(read.site->n_public_pool, 4);
	cr_expect_str_eq(ls_ip_format(&read.site->public_pool[0].last, text), "192.0.2.7");
	cr_expect_str_eq(ls_ip_format(&read.site->public_pool[1].last, text), "192.0.2.19");
	cr_expect_str_eq(ls_ip_format(&read.site->public_pool[2].first, text), "198.51.100.1");
	cr_expect_str_eq(ls_ip_format(&read.site->public_pool[2].last, text), "198.51.100.254");
	cr_expect_str_eq(ls_ip_format(&read.site->public_pool[3].first, text), "2001:db8::1");
}

Test(site, of_another_kind_is_told_where_to_go)
{
	EXPECT_ERROR("linkspan: 1\nkind: gateway\nname: gw\n", "2:7 range", "linkspan check");
}

Test(site, hosts_without_interfaces)
{
	EXPECT_ERROR(HEAD BARE("      provider: { interfaces: {} }\n"), "12:7 missing", "no interfaces");
	EXPECT_ERROR(HEAD BARE("      provider: { interface: lan, interfaces: { " LINK("up", AUTO) " } }\n"),
		"12:30 reference", "no interface 'lan'");
}

Test(site, names_that_lead_nowhere)
{
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\ngateway_pools: { east: [gw9] }\n",
		"4:25 reference", "no gateway 'gw9'");
	EXPECT_ERROR(HEAD "tenants: { a: { gateway_pool: west } }\n", "7:31 reference", "no gateway pool 'west'");
	EXPECT_ERROR(HEAD "tenants: { a: { hardware_plan: iron } }\n", "7:32 reference", "no hardware plan 'iron'");
}

/* ---- the checks, by their ids ------------------------------------------------------------------------------------ */

Test(site, gateway_dns_name)
{
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\ngateways:\n"
		     "  a: { mode: nat, dns_name: gw.example, interfaces: { " LINK("up",
			     AUTO) " } }\n"
				   "  b: { mode: nat, dns_name: GW.example, interfaces: { " LINK("up", AUTO) " } }\n",
		"6:29 gateway-dns-name", "'a' already");
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\ngateways:\n"
		     "  a: { mode: nat, interfaces: { " LINK("up", AUTO) " } }\n",
		"5:6 gateway-dns-name", "'dns_name'");
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\ngateways:\n"
		     "  a: { mode: nat, dns_name: 192.0.2.1, interfaces: { " LINK("up", AUTO) " } }\n",
		"5:29 gateway-dns-name", "address");
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\ngateways:\n"
		     "  a: { mode: nat, dns_name: a_b.example, interfaces: { " LINK("up", AUTO) " } }\n",
		"5:29 gateway-dns-name", "not a host name");
}

Test(site, gateway_ports)
{
	READ read = read_site(HEAD);

	cr_assert_eq(read.r, 0);
	cr_expect_eq(read.site->gateways[0].external_port, 6180);
	cr_expect_eq(read.site->gateways[0].internal_port, 6180);
}

Test(site, appliance_family)
{
	EXPECT_ERROR(HEAD BARE("      provider: { interfaces: { up: { match: { name: up } } } }\n"),
		"12:33 appliance-family", "uses no family");
}

Test(site, family_disabled)
{
	EXPECT_ERROR(
		HEAD BARE("      provider: { interfaces: { up: { match: { name: up }, ipv6: { method: auto }, ipv4: { "
			  "method: disabled, gateway: 10.0.0.1 } } } }\n"),
		"12:119 family-disabled", "is disabled");
}

Test(site, ipv6_prefix_64)
{
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, ipv6: { subnet: '2001:db8:1::/56', gateway: 'fe80::1' }",
			     "application_aware: true, detected: { prod: ['2001:db8:1::9'] }"),
		"13:49 ipv6-prefix-64", "/56");
	EXPECT_ERROR(
		HEAD BARE(
			"      provider: { interfaces: { up: { match: { name: up }, ipv6: { method: manual, addresses: "
			"['2001:db8::5/48'] } } } }\n"),
		"12:96 ipv6-prefix-64", "/48");
}

Test(site, address_sane)
{
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, ipv4: { subnet: 10.1.0.0/24, gateway: 10.2.0.1 }",
			     "detected: { prod: [10.1.0.9] }"),
		"13:71 address-sane", "in no subnet");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.255 }",
			     "detected: { prod: [10.1.0.9] }"),
		"13:71 address-sane", "broadcast");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, " NET, "detected: { prod: [10.9.0.9] }"), "15:33 address-sane",
		"no subnet of that network");
	EXPECT_WARNING(HEAD ACME("maps_to: vlan101, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 }, ipv6: { subnet: "
				 "'fd00:1::/64', gateway: 'fe80::1' }",
			       "detected: { prod: [10.1.0.9] }"),
		"13:99 address-sane", "unique local");
	EXPECT_ERROR("linkspan: 1\nkind: site\npublic_pool: [224.0.0.1, '2001:db8::/64']\n", "3:15 address-sane",
		"multicast");
}

/* Two tenants of one plan; by which interface the appliance of each has the network. */
#define SHARING(name, interface) \
	"  " name \
	": { hardware_plan: gold, networks: { n: { maps_to: n, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 } } }, " \
	"appliances: { provider: { interfaces: { " LINK( \
		"up", AUTO) ", " interface ": { match: { name: e1 } } } } } }\n"
#define SHARED(a, b) HEAD_WITH("n: { vlan: 7, internet: true }") "tenants:\n" SHARING("a", a) SHARING("b", b)

Test(site, vlan_overlap)
{
	EXPECT_ERROR(HEAD_WITH("a: { vlan: 7 }, b: { vlan: 7 }"), "6:66 vlan-overlap", "'a' (line 6)");
	EXPECT_ERROR(HEAD TENANT("      a: { maps_to: vlan101, ipv4: { subnet: 10.1.0.0/24 } }\n"
				 "      b: { maps_to: vlan101, ipv4: { subnet: 10.2.0.0/24 } }\n",
			     "      r: {}\n", PROVIDER("")),
		"14:21 vlan-overlap", "'a' (line 13)");
	EXPECT_WARNING(SHARED("inner", "inner"), "6:50 vlan-overlap", "of 'a' and of 1 more tenant are in VLAN 7");
	expect_valid(SHARED("inner", "n"));
}

Test(site, tenant_one_network)
{
	EXPECT_ERROR(HEAD BARE(PROVIDER("") "      other: { interfaces: { " LINK("up", AUTO) " } }\n"),
		"13:7 tenant-one-network", "line 12");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, " NET, AWARE) "      more: { network: prod, interfaces: { " LINK(
			     "lan", AUTO) " } }\n",
		"19:24 tenant-one-network", "line 18");
}

Test(site, public_family_and_reserved_port)
{
	EXPECT_ERROR(HEAD "tenants:\n  a: { public_ips: { mappings: [{ public: 192.0.2.1, to: '2001:db8::1' }] } }\n",
		"8:58 public-family", "one family");
	EXPECT_ERROR(HEAD
		"tenants:\n  a: { public_ips: { mappings: [{ public: 192.0.2.1, protocol: tcp, port: 20-30, to: "
		"10.1.0.1 }] } }\n",
		"8:75 public-reserved-port", "22");
}

Test(site, ipv6_detection)
{
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, " NET, "detected: { prod: ['2001:db8:1::9'] }"),
		"15:33 ipv6-detection", "not 'application_aware'");
	expect_valid(HEAD ACME("maps_to: vlan101, " NET, "addresses: { prod: ['2001:db8:1::9'] }"));
}

Test(site, network_map)
{
	/* given: not guessed */
	EXPECT_ERROR(
		HEAD ACME(NET, "addresses: { prod: ['2001:db8:1::9'] }"), "13:7 network-map", "nothing was detected");
	/* detected, but several could be meant */
	EXPECT_ERROR(HEAD ACME(NET, AWARE), "13:7 network-map", "several networks");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan9, " NET, AWARE), "13:24 network-map", "'gold' has no network 'vlan9'");
	/* one that has no interface */
	EXPECT_ERROR(HEAD ACME("maps_to: vlan102, " NET, AWARE), "17:7 network-map", "no interface 'vlan102'");
	/* detected, and there is one alone, or one of the name */
	expect_valid(HEAD_WITH("vlan101: { vlan: 101 }") ACME(NET, AWARE));
	expect_valid(HEAD_WITH("vlan101: { vlan: 101 }, prod: { vlan: 102 }") TENANT("      prod: { " NET " }\n",
		"      web: { " AWARE " }\n",
		"      provider: { interfaces: { " LINK("up", AUTO) ", inner: { match: { name: e1 } } } }\n"));
}

#define TAGGED(more) \
	HEAD TENANT("      prod: { maps_to: vlan102, " NET " }\n", "      web: { " AWARE " }\n", \
		"      provider: { interfaces: { " LINK("up", AUTO) ", inner: { match: { name: e1 } }" more " } }\n")

Test(site, vlans_have_names_of_their_own)
{
	expect_valid(TAGGED(", inner.101: { match: { name: e2 } }"));
	EXPECT_ERROR(TAGGED(", inner.102: { match: { name: e2 } }"), "17:142 duplicate-object",
		"VLAN of the network 'vlan102'");
}

/* Line 19 of a site in which web can be failed over. */
#define FAILOVER(more) HEAD ACME("maps_to: vlan101, " NET, AWARE) "    failover: { " more " }\n"

Test(site, failover_is_read_and_resolved)
{
	READ read = read_site(FAILOVER("mode: full, replicas: [web], route_between_networks: true"));
	READ all = read_site(FAILOVER(""));
	READ none = read_site(FAILOVER("replicas: []"));
	const struct ls_site_failover *failover;

	cr_assert(read.r == 0 && all.r == 0 && none.r == 0);
	failover = &read.site->tenants[0].failover;
	cr_expect(failover->mode == LS_FAILOVER_FULL && failover->route_between_networks);
	cr_expect(read.site->tenants[0].replicas[0].fails_over);
	cr_expect_eq(all.site->tenants[0].failover.mode, LS_FAILOVER_NONE);
	cr_expect(all.site->tenants[0].replicas[0].fails_over, "all that can");
	cr_expect_not(none.site->tenants[0].replicas[0].fails_over);
	EXPECT_ERROR(FAILOVER("replicas: [mail]"), "19:28 reference", "no replica 'mail'");
}

Test(site, failover_replicas)
{
	EXPECT_ERROR(FAILOVER("mode: partial, replicas: []"), "19:23 failover-replicas", "of no replica; name those");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, " NET,
			     "detected: { prod: [10.1.0.9] }") "    failover: { mode: partial }\n",
		"19:23 failover-replicas", "of no replica; none has");
	expect_valid(FAILOVER("mode: partial"));
	expect_valid(FAILOVER("mode: partial, replicas: [web]"));
}

Test(site, replica_static)
{
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, " NET,
			     "detected: { prod: [10.1.0.9] }") "    failover: { mode: partial, replicas: [web] }\n",
		"19:43 replica-static", "no static IPv6 address in 'prod'");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, " NET, "") "    failover: { mode: partial, replicas: [web] }\n",
		"19:43 replica-static", "no static address");
}

/* Before anybody needs it. */
Test(site, replicas_that_are_named_are_judged_in_any_mode)
{
	static const char *const modes[] = { "", "mode: none, ", "mode: full, " };
	char text[4096];

	for (size_t i = 0; i < LS_ARRAY_SIZE(modes); i++) {
		snprintf(text, sizeof(text), "%s    failover: { %sreplicas: [web] }\n",
			HEAD ACME("maps_to: vlan101, " NET, "detected: { prod: [10.1.0.9] }"), modes[i]);
		READ read = read_site(text);
		cr_assert_eq(read.r, 0);
		cr_assert_eq(read.diag.n_findings, 1, "%s", text);
		cr_expect_eq(read.diag.findings[0].severity, LS_SEVERITY_WARNING);
		cr_expect_str_eq(read.diag.findings[0].id, "replica-static");
		cr_expect(strstr(read.diag.findings[0].message, "could not be failed over partially"));
	}
	EXPECT_WARNING(HEAD TENANT("      prod: { maps_to: vlan101, " NET " }\n", "      web: { " AWARE " }\n",
			       PROVIDER("") "    failover: { replicas: [web] }\n"),
		"18:28 one-tunnel-per-family", "needs a tunnel for IPv4");
	expect_valid(FAILOVER("mode: none, replicas: [web]"));
	expect_valid(HEAD ACME("maps_to: vlan101, " NET, "detected: { prod: [10.1.0.9] }") "    failover: { mode: "
											   "permanent, replicas: [web] "
											   "}\n");
}

/* The tenant's appliance has no IPv6, or there is none. */
Test(site, one_tunnel_per_family)
{
	EXPECT_ERROR(HEAD TENANT("      prod: { maps_to: vlan101, " NET " }\n", "      web: { " AWARE " }\n",
			     PROVIDER("") "      lan: { network: prod, interfaces: { " LINK("lan",
				     "ipv4: { method: auto }") " } }\n"
							       "    failover: { mode: partial, replicas: [web] }\n"),
		"19:43 one-tunnel-per-family", "a tunnel for IPv6 in 'prod'");
	EXPECT_ERROR(HEAD TENANT("      prod: { maps_to: vlan101, " NET " }\n", "      web: { " AWARE " }\n",
			     PROVIDER("") "    failover: { mode: partial, replicas: [web] }\n"),
		"18:43 one-tunnel-per-family", "a tunnel for IPv4 in 'prod'");
}

Test(site, production_hosts_are_hosts_of_their_network)
{
	expect_valid(HEAD ACME("maps_to: vlan101, production_hosts: ['2001:db8:1::7', 10.1.0.7], " NET, AWARE));
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, production_hosts: ['2001:db8:2::7'], " NET, AWARE),
		"13:52 address-sane", "in no subnet");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, production_hosts: [10.1.0.1], " NET, AWARE), "13:52 address-sane",
		"the gateway");
}

Test(site, default_gateways)
{
	EXPECT_ERROR(HEAD TENANT("      prod: { maps_to: vlan101, ipv4: { subnet: 10.1.0.0/24 } }\n", "      web: {}\n",
			     PROVIDER("") "    failover: { mode: full }\n"),
		"13:39 default-gateways", "IPv4 'gateway'");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, ipv4: { subnet: 10.1.0.0/24, gateway: 10.1.0.1 }, ipv6: { subnet: "
			       "'2001:db8:1::/64' }",
			     AWARE),
		"13:89 default-gateways", "IPv6 'gateway'");
}

Test(site, ipv6_disable)
{
	READ read = read_site("linkspan: 1\nkind: site\nipv6_communication: false\n"
			      "tenants:\n  a: { appliances: { p: { interfaces: { " LINK("up",
				      AUTO) " } } } }\n"
					    "  b: { appliances: { p: { interfaces: { " LINK("up", AUTO) " } } } }\n");

	cr_assert_eq(read.diag.n_errors, 2, "each is listed");
	for (size_t i = 0; i < 2; i++) {
		cr_expect_str_eq(read.diag.findings[i].id, "ipv6-disable");
		cr_expect_eq(read.diag.findings[i].location.line, 5 + i);
		cr_expect(strstr(read.diag.findings[i].message, i ? "'b-p'" : "'a-p'"));
	}
}

Test(site, ipv6_default)
{
	READ read = read_site("linkspan: 1\nkind: site\npublic_pool: ['2001:db8::/64']\n");

	cr_assert_eq(read.r, 0);
	cr_expect(read.site->ipv6_communication, "on in a new site");
	EXPECT_WARNING("linkspan: 1\nkind: site\npublic_pool: [192.0.2.1]\n", "2:7 ipv6-default", "site upgrade");
}

Test(site, pool)
{
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\npublic_pool: [192.0.2.0/24, 192.0.2.9]\n",
		"4:29 pool", "line 4");
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\npublic_pool: [192.0.2.9-192.0.2.1]\n",
		"4:15 range", "lower address first");
}

#define NIC(n) ", n" #n ": { match: { name: e" #n " } }"

Test(site, director_nics)
{
	static const char nine[] = HEAD BARE("      provider: { platform: director, interfaces: { " LINK("up", AUTO)
			NIC(1) NIC(2) NIC(3) NIC(4) NIC(5) NIC(6) NIC(7) NIC(8) NIC(9) " } }\n");

	expect_valid(nine);
	EXPECT_ERROR(HEAD BARE("      provider: { platform: director, interfaces: { " LINK("up", AUTO) NIC(1) NIC(2)
				     NIC(3) NIC(4) NIC(5) NIC(6) NIC(7) NIC(8) NIC(9) NIC(10) " } }\n"),
		"12:7 director-nics", "11 interfaces");
}

#define ORGANIZATION(platform) \
	"linkspan: 1\nkind: site\nipv6_communication: true\norganizations: { org: { networks: { vlan101: {} } } }\n" \
	"tenants:\n  acme:\n    account: director\n    organization: org\n" \
	"    networks: { prod: { " NET " } }\n    replicas: { web: { " AWARE \
	" } }\n    appliances:\n" PROVIDER(platform)

Test(site, director_dual_stack)
{
	READ read = read_site(ORGANIZATION("platform: director, ") "suppress_warnings: [director-dual-stack]\n");

	EXPECT_WARNING(ORGANIZATION("platform: director, "), "9:17 director-dual-stack", "vApps by hand");
	EXPECT_WARNING(ORGANIZATION(""), "9:17 director-dual-stack", "vApps by hand");
	cr_assert_eq(read.diag.n_findings, 0);
	cr_expect_eq(read.site->n_director_dual_stack, 1, "counted, to be shown");
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\nsuppress_warnings: [address-sane]\n",
		"4:21 range", "director-dual-stack");
}

Test(site, hosts_of_one_name)
{
	EXPECT_ERROR(HEAD "tenants:\n  a-b: { appliances: { c: { interfaces: { " LINK(
			     "up", AUTO) " } } } }\n"
					 "  a: { appliances: { b-c: { interfaces: { " LINK("up", AUTO) " } } } }\n",
		"9:22 duplicate-object", "'a-b-c'");
}

/* ---- what hosts would be refused for ----------------------------------------------------------------------------- */

#define MANUAL(address) "ipv4: { method: manual, addresses: [" address "/24], gateway: 192.0.2.1 }"

/* Line 12 is the provider's. */
#define NICS(list) HEAD BARE("      provider: { interfaces: { " list " } }\n")

Test(site, interfaces_of_a_host_are_apart)
{
	EXPECT_ERROR(NICS(LINK("up", MANUAL("192.0.2.2")) ", " LINK("by", MANUAL("192.0.2.3"))),
		"12:222 duplicate-object", "a second route to 0.0.0.0/0");
	EXPECT_ERROR(NICS(LINK("up", AUTO) ", by: { match: { name: up }, ipv4: { method: auto } }"),
		"12:110 duplicate-object", "the link 'up'");
	EXPECT_ERROR(NICS("up: { match: { macaddress: '02:00:00:00:00:01' }, ipv4: { method: auto } }, by: { match: { "
			  "macaddress: '02:00:00:00:00:01' } }"),
		"12:109 duplicate-object", "MAC address 02:00:00:00:00:01");
	EXPECT_ERROR(NICS("up: { match: { name: up }, ipv4: { method: auto, gateway: 192.0.2.1 } }"), "12:91 range",
		"under method auto");
}

Test(site, networks_of_a_tenant_are_apart)
{
#define TWO(first, second) \
	HEAD TENANT("      a: { maps_to: vlan101, ipv4: { subnet: " first " } }\n" \
		    "      b: { maps_to: vlan102, ipv4: { subnet: " second " } }\n", \
		"      r: {}\n", \
		"      provider: { interfaces: { " LINK("up", AUTO) ", inner: { match: { name: e1 } } } }\n")
	expect_valid(TWO("10.1.0.0/25", "10.1.0.128/25"));
	EXPECT_ERROR(TWO("10.1.0.0/16", "10.1.5.0/24"), "14:46 duplicate-object", "overlaps 'a' (line 13)");
	EXPECT_ERROR(TWO("10.1.5.0/24", "10.1.0.0/16"), "14:46 duplicate-object", "overlaps 'a' (line 13)");
}

Test(site, an_uplink_is_no_network)
{
	EXPECT_ERROR(HEAD TENANT("      a: { maps_to: vlan101, ipv4: { subnet: 10.1.0.0/24 } }\n", "      r: {}\n",
			     "      provider: { interfaces: { " LINK("vlan101", AUTO) " } }\n"),
		"17:33 tenant-one-network", "faces outside");
}

#define GATEWAY(service, families) \
	"linkspan: 1\nkind: site\nipv6_communication: true\n" \
	"gateways: { g: { mode: nat, dns_name: g.example, service: [" service \
	"], interfaces: { " LINK("up", families) " } } }\n"

Test(site, address_sane_of_what_is_forwarded_to)
{
	EXPECT_ERROR(GATEWAY("224.0.0.1", AUTO), "4:60 address-sane", "multicast");
	EXPECT_ERROR(GATEWAY("10.0.0.5, 10.0.0.6", AUTO), "4:70 range", "two IPv4 addresses");
	EXPECT_ERROR(GATEWAY("10.0.0.5", "ipv4: { method: auto }, ipv6: { method: manual }"), "4:152 missing",
		"by which anybody could call");
	EXPECT_ERROR(HEAD BARE("      provider: { addresses: [127.0.0.1], interfaces: { " LINK("up", AUTO) " } }\n"),
		"12:31 address-sane", "loopback");
	EXPECT_ERROR(HEAD "tenants: { a: { public_ips: { mappings: [{ public: 192.0.2.1, to: 224.0.0.5 }] } } }\n",
		"7:67 address-sane", "multicast");
	EXPECT_ERROR(HEAD "tenants: { a: { public_ips: { mappings: [{ public: 192.0.2.1, to: 10.0.0.5 }, { public: "
			  "192.0.2.2, to: 10.0.0.5 }] } } }\n",
		"7:104 public-allocation", "mapped already");
}

/* ---- addresses that two hosts have ------------------------------------------------------------------------------- */

Test(site, address_sane_of_hosts)
{
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, " NET, "detected: { prod: [10.1.0.255] }"), "15:33 address-sane",
		"broadcast");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, production_hosts: ['2001:db8:1::'], " NET, AWARE),
		"13:52 address-sane", "anycast");
	EXPECT_ERROR(HEAD ACME("maps_to: vlan101, ipv4: { subnet: 127.0.0.0/24, gateway: 127.0.0.1 }",
			     "application_aware: true"),
		"13:49 address-sane", "loopback");
}

/* `more`: of the replica web; `other`: another one's; `own`: what the tenant's appliance has in its network. */
#define REPLICAS(more, other, own) \
	HEAD TENANT("      prod: { maps_to: vlan101, " NET " }\n", \
		"      web: { " more " }\n      db: { " other " }\n", \
		PROVIDER("") "      lan: { network: prod, interfaces: { " LINK( \
			"lan", own ", ipv6: { method: auto }") " } }\n")

Test(site, replicas_have_addresses_of_their_own)
{
	EXPECT_ERROR(
		REPLICAS("detected: { prod: [10.1.0.9] }", "detected: { prod: [10.1.0.9] }", "ipv4: { method: auto }"),
		"16:32 duplicate-object", "in the network 'prod' already, on line 15");
	EXPECT_ERROR(REPLICAS("addresses: { prod: [10.1.0.9, 10.1.0.9] }", "", "ipv4: { method: auto }"),
		"15:44 duplicate-object", "line 15");
	EXPECT_ERROR(
		REPLICAS("detected: { prod: [10.1.0.5] }", "", "ipv4: { method: manual, addresses: [10.1.0.5/24] }"),
		"15:33 duplicate-object", "line 19");
	expect_valid(REPLICAS("detected: { prod: [10.1.0.9] }, addresses: { prod: [10.1.0.9, 10.1.0.10] }", "",
		"ipv4: { method: auto }"));
}

/* Two tenants, whose networks may have the same subnets. */
#define OUTSIDES(first, second) \
	HEAD "tenants:\n  a: { appliances: { p: { " first " } } }\n  b: { appliances: { p: { " second " } } }\n"
#define AT(address) "interfaces: { " LINK("up", "ipv4: { method: manual, addresses: [" address "] }") " }"

Test(site, hosts_have_addresses_of_their_own)
{
	EXPECT_ERROR(OUTSIDES(AT("192.0.2.5/24"), AT("192.0.2.5/24")), "9:104 duplicate-object", "on line 8");
	EXPECT_ERROR(OUTSIDES("addresses: [192.0.2.5], " AT("10.0.0.5/24"), AT("192.0.2.5/24")),
		"9:104 duplicate-object", "on line 8");
	EXPECT_ERROR("linkspan: 1\nkind: site\nipv6_communication: true\ngateways:\n"
		     "  a: { mode: nat, dns_name: a.example, " AT(
			     "192.0.2.5/24") " }\n"
					     "  b: { mode: nat, dns_name: b.example, " AT("192.0.2.5/24") " }\n",
		"6:117 duplicate-object", "on line 5");
	/* its own; behind something that translates; of the link alone */
	expect_valid(OUTSIDES("addresses: [192.0.2.5], " AT("192.0.2.5/24"), AT("192.0.2.6/24")));
	expect_valid(
		OUTSIDES("addresses: [192.0.2.5], " AT("10.0.0.5/24"), "addresses: [192.0.2.6], " AT("10.0.0.5/24")));
	expect_valid(OUTSIDES("interfaces: { " LINK("up", "ipv6: { method: manual, addresses: ['fe80::5/64'] }") " }",
		"interfaces: { " LINK("up", "ipv6: { method: manual, addresses: ['fe80::5/64'] }") " }"));
}

/* ---- upgrade ----------------------------------------------------------------------------------------------------- */

static char *upgrade(const char *text, struct ls_diag *diag)
{
	char *upgraded = NULL;

	(void)ls_site_upgrade("old.yaml", text, strlen(text), &upgraded, diag, NULL);
	return upgraded;
}

#define OFF "ipv6_communication: false"

Test(site, upgrade_turns_ipv6_off)
{
	static const struct {
		const char *old, *new;
	} cases[] = {
		{ "# ours\nlinkspan: 1\nkind: site # all\npublic_pool: [192.0.2.1]\n",
			"# ours\n" OFF "\nlinkspan: 1\nkind: site # all\npublic_pool: [192.0.2.1]\n" },
		{ "{ linkspan: 1, kind: site }", "{ " OFF ", linkspan: 1, kind: site }" },
		{ "{linkspan: 1, kind: site}", "{ " OFF ",linkspan: 1, kind: site}" },
		{ "{ # {\n  linkspan: 1, kind: site\n}", "{ " OFF ", # {\n  linkspan: 1, kind: site\n}" },
		{ "linkspan: 1\nkind: site", OFF "\nlinkspan: 1\nkind: site" },
		/* Braces that are not the root's. */
		{ "# our site {since 2019}\nlinkspan: 1\nkind: site\n",
			"# our site {since 2019}\n" OFF "\nlinkspan: 1\nkind: site\n" },
		{ "gateways: { g: { mode: direct, dns_name: g.example, interfaces: { u: { match: { name: e0 }, ipv4: { "
		  "method: auto } } } } "
		  "}\nlinkspan: 1\nkind: site\n",
			OFF "\ngateways: { g: { mode: direct, dns_name: g.example, interfaces: { u: { match: { name: "
			    "e0 }, ipv4: { method: "
			    "auto } } } } }\nlinkspan: 1\nkind: site\n" },
		{ "tenants: {}\nkind: site\nlinkspan: 1\n", OFF "\ntenants: {}\nkind: site\nlinkspan: 1\n" },
		/* Layouts. */
		{ "  linkspan: 1\n  kind: site\n", "  " OFF "\n  linkspan: 1\n  kind: site\n" },
		{ "%YAML 1.2\n---\nlinkspan: 1\nkind: site\n...\n",
			"%YAML 1.2\n---\n" OFF "\nlinkspan: 1\nkind: site\n...\n" },
		{ "--- # {\n{ linkspan: 1,\nkind: site }\n", "--- # {\n{ " OFF ", linkspan: 1,\nkind: site }\n" },
		{ "--- { linkspan: 1, kind: site }\n", "--- { " OFF ", linkspan: 1, kind: site }\n" },
		{ "\n\nlinkspan: 1\r\nkind: site\r\n", "\n\n" OFF "\nlinkspan: 1\r\nkind: site\r\n" },
		{ "# x\r\nlinkspan: 1\r\nkind: site\r\n", "# x\r\n" OFF "\r\nlinkspan: 1\r\nkind: site\r\n" },
		{ "# größer \xf0\x9f\x8c\x90\nlinkspan: 1\nkind: site\n",
			"# größer \xf0\x9f\x8c\x90\n" OFF "\nlinkspan: 1\nkind: site\n" },
		{ "? linkspan\n: 1\n? kind\n: site\n", OFF "\n? linkspan\n: 1\n? kind\n: site\n" },
		{ "'linkspan': 1\n\"kind\": site\n", OFF "\n'linkspan': 1\n\"kind\": site\n" },
		{ "!!map\nlinkspan: 1\nkind: site\n", "!!map\n" OFF "\nlinkspan: 1\nkind: site\n" },
		{ "!!map { linkspan: 1, kind: site }\n", "!!map { " OFF ", linkspan: 1, kind: site }\n" },
		{ "linkspan: 1\nkind: site\ntenants:\n  a: { public_ips: &p { ipv4: 0 } }\n  b: { public_ips: *p }\n",
			OFF "\nlinkspan: 1\nkind: site\ntenants:\n  a: { public_ips: &p { ipv4: 0 } }\n  b: { "
			    "public_ips: *p }\n" },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		LS_CLEANUP(ls_diag_done) struct ls_diag diag = { 0 };
		LS_CLEANUP(ls_free) char *upgraded = upgrade(cases[i].old, &diag);

		cr_assert_not_null(upgraded, "%s: %s", cases[i].old, diag.n_findings ? diag.findings[0].message : "");
		cr_expect_str_eq(upgraded, cases[i].new, "%s", upgraded);
		cr_expect_eq(diag.n_findings, 0);
	}
}

Test(site, upgrade_refuses_what_is_of_today)
{
	static const char *const texts[] = {
		"linkspan: 1\nkind: site\nipv6_communication: true\n",
		"linkspan: 1\nkind: site\npublic_pool: ['2001:db8::/64']\n",
		"linkspan: 1\nkind: site\ntenants: { a: { public_ips: { ipv6: 1 } } }\n",
		"linkspan: 1\nkind: site\ntenants: { a: { networks: { n: { ipv6: { subnet: '2001:db8::/64' } } } } }\n",
		"linkspan: 1\nkind: site\ntenants: { a: { appliances: { p: { interfaces: { " LINK(
			"up", AUTO) " } } } } }\n",
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(texts); i++) {
		LS_CLEANUP(ls_diag_done) struct ls_diag diag = { 0 };
		LS_CLEANUP(ls_free) char *upgraded = upgrade(texts[i], &diag);

		cr_expect_null(upgraded, "%s", texts[i]);
		cr_assert_eq(diag.n_errors, 1, "%s", texts[i]);
		cr_expect_str_eq(diag.findings[0].id, "ipv6-default");
	}
}
