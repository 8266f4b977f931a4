/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Over generated sites: what passes the checks of a site becomes specs that pass those of a host. Each part of a site
 * is one of a list of texts, of which some are wrong, or go badly with some of the others: then the site is refused,
 * and nothing is asked of it. Public keys are invented.
 */
#include "site_tools.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(site_property);

#define SITES 400u
#define VALID_MIN (SITES / 4)
#define NETWORKS 3u

static unsigned draw(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

/* %u: a number of the host, so that its addresses are its own. Of each list the first is what most have. */
static const char *const outsides[] = {
	"ipv4: { method: auto }, ipv6: { method: auto }",
	"ipv4: { method: auto }",
	"ipv6: { method: auto }",
	"ipv4: { method: manual, addresses: [203.0.113.%u/24], gateway: 203.0.113.1 }",
	"ipv6: { method: manual, addresses: ['2001:db8:fe::%u/64'], gateway: 'fe80::1' }, ipv4: { method: auto }",
	"ipv6: { method: manual }, ipv4: { method: auto }",
	"ipv4: { method: disabled }, ipv6: { method: auto }",
	"mtu: 1300, ipv4: { method: auto }, ipv6: { method: auto }",
	"mtu: 1340, ipv4: { method: auto }, ipv6: { method: auto }",
	"mtu: 1360, ipv4: { method: auto }, ipv6: { method: auto }",
	"ipv4: { method: auto, gateway: 203.0.113.1 }",
	"ipv4: { method: manual, addresses: [203.0.113.255/24] }",
};

/* One more, of use or not, or the same again. */
static const char *const others[] = {
	"",
	"",
	", spare: { match: { name: e9 } }",
	", off: { match: { name: e9 }, ipv4: { method: disabled } }",
	", mgmt: { match: { name: e8 }, ipv4: { method: auto } }",
	", mgmt: { match: { name: e8 }, ipv6: { method: auto } }",
	", mgmt: { match: { name: e8 }, ipv4: { method: manual, addresses: [10.99.0.%u/24], gateway: 10.99.0.1 } }",
	", twin: { match: { name: e0 }, ipv4: { method: auto } }",
};

static const char *const services[] = {
	"",
	"service: [10.200.0.5], ",
	"service: [10.200.0.5, '2001:db8:fd::5'], ",
	"service: [10.200.0.5, 10.200.0.6], ",
	"service: [127.0.0.1], ",
	"service: ['2001:db8:fd::5'], external_port: 20003, ",
};

static const char *const names[] = { "gw.example", "gw.example", "'null'", "'yes'", "192.0.2.1" };

/* Of a network, by its number; and a replica's addresses in it, by that and its own number. */
static const struct {
	const char *subnet, *address;
} kinds[] = {
	{ "ipv4: { subnet: 10.%u.0.0/24, gateway: 10.%u.0.1 }, ipv6: { subnet: '2001:db8:%u::/64', gateway: 'fe80::1' "
	  "}",
		"10.%u.0.%v, '2001:db8:%u::%v'" },
	{ "ipv4: { subnet: 10.%u.0.0/24, gateway: 10.%u.0.1 }", "10.%u.0.%v" },
	{ "ipv6: { subnet: '2001:db8:%u::/64', gateway: '2001:db8:%u::1' }", "'2001:db8:%u::%v'" },
	{ "ipv4: { subnet: 10.%u.0.0/24, gateway: 10.%u.0.1 }, production_hosts: [10.%u.0.7, 10.%u.0.7, 10.%u.0.9]",
		"10.%u.0.%v" },
};

static const char *const strange_subnets[] = {
	"ipv4: { subnet: 10.%u.0.0/24, gateway: 10.%u.0.255 }",
	"ipv4: { subnet: 10.0.0.0/8, gateway: 10.0.0.1 }",
	"ipv4: { subnet: 224.0.0.0/24, gateway: 224.0.0.1 }",
	"ipv4: { subnet: 10.%u.0.0/24 }, ipv6: { subnet: 'fd00:%u::/64' }",
};

static const char *const strange_addresses[] = {
	"",
	"10.%u.0.9",
	"10.%u.0.5",
	"10.%u.0.255",
	"'2001:db8:%u::'",
	"10.%u.0.7, 10.%u.0.7",
};

static const char *const reached[] = {
	"addresses: [198.51.100.%u, '2001:db8:f::%u'], ",
	"addresses: [198.51.100.%u], ",
	"",
	"addresses: [127.0.0.%u], ",
};

/* What carries the networks. */
static const char *const carriers[] = {
	", n0: { match: { name: e1 } }, n1: { match: { name: e2 } }, n2: { match: { name: e3 } }",
	", inner: { match: { name: e1 } }, n2: { match: { name: e3 } }",
	", inner: { match: { name: e1 } }, n1: { match: { name: e3 }, mtu: 1400 }, n2: { match: { name: e4 } }",
	", n0: { match: { name: e1 } }, n1: { match: { name: e1 } }, n2: { match: { name: e3 } }",
};

/* In the network, by its number, or not. */
static const char *const insides[] = {
	"ipv4: { method: auto }, ipv6: { method: auto }",
	"ipv4: { method: auto }",
	"ipv6: { method: auto }",
	"ipv4: { method: manual, addresses: [10.%u.0.5/24], gateway: 10.%u.0.1 }",
	"mtu: 1300, ipv4: { method: auto }, ipv6: { method: auto }",
};

static const char *const publics[] = {
	"",
	"ipv4: 1, ipv6: 1",
	"reserved: [192.0.2.%u], mappings: [{ public: 192.0.2.%u, to: 10.1.0.9 }]",
	"reserved: [192.0.2.%u], mappings: [{ public: 192.0.2.%u, protocol: tcp, port: 80-90, to: 10.1.0.9 }]",
	"reserved: [192.0.2.%u], mappings: [{ public: 192.0.2.%u, to: 224.0.0.5 }]",
	"ipv4: 2, mappings: [{ public: 192.0.2.1, to: 10.1.0.9 }, { public: 192.0.2.2, to: 10.1.0.9 }]",
};

static const char *const failovers[] = {
	"",
	"mode: none, replicas: [r0]",
	"mode: partial",
	"mode: partial, replicas: [r0, r1]",
	"mode: full, replicas: [r1]",
	"mode: permanent, route_between_networks: true",
};

/* %u and %v: these numbers. */
static void put_text(struct ls_buf *buf, const char *text, unsigned u, unsigned v)
{
	for (; *text; text++) {
		bool here = text[0] == '%' && (text[1] == 'u' || text[1] == 'v');

		if (here)
			(void)ls_buf_printf(buf, "%u", text[1] == 'u' ? u : v);
		else
			(void)ls_buf_append(buf, text, 1);
		text += here;
	}
}

/* Mostly the first. */
static void put_one(struct ls_buf *buf, unsigned *seed, const char *const *list, size_t n, unsigned u)
{
	put_text(buf, list[draw(seed, 6) ? 0 : draw(seed, (unsigned)n)], u, u);
}
#define PUT(list, number) put_one(buf, seed, list, LS_ARRAY_SIZE(list), number)

/* ---- sites ------------------------------------------------------------------------------------------------------- */

static void put_head(struct ls_buf *buf, unsigned *seed)
{
	(void)ls_buf_printf(buf,
		"linkspan: 1\nkind: site\nipv6_communication: %s\npublic_pool: [192.0.2.0/24, '2001:db8:ffff::/64']\n"
		"gateways: { gw: { mode: nat, tunnel_ports: 20000-20040, dns_name: ",
		draw(seed, 30) ? "true" : "false");
	PUT(names, 0);
	(void)ls_buf_printf(buf, ", ");
	PUT(services, 0);
	(void)ls_buf_printf(buf, "interfaces: { up: { match: { name: e0 }, ");
	PUT(outsides, 2);
	(void)ls_buf_printf(buf, " }");
	PUT(others, 2);
	(void)ls_buf_printf(buf,
		" } } }\ngateway_pools: { p: [gw] }\nhardware_plans: { gold: { networks: { n0: { vlan: 100, internet: "
		"true }, n1: { vlan: 101 }, n2: {} } } }\ntenants:\n");
}

static void put_networks(struct ls_buf *buf, unsigned *seed, const unsigned *kind, unsigned n)
{
	(void)ls_buf_printf(buf, "    networks:\n");
	for (unsigned i = 0; i < n; i++) {
		(void)ls_buf_printf(buf, "      net%u: { maps_to: n%u, ", i, draw(seed, 30) ? i : draw(seed, NETWORKS));
		if (draw(seed, 20))
			put_text(buf, kinds[kind[i]].subnet, i + 1, 0);
		else
			PUT(strange_subnets, i + 1);
		(void)ls_buf_printf(buf, " }\n");
	}
}

static void put_replicas(struct ls_buf *buf, unsigned *seed, const unsigned *kind, unsigned n)
{
	(void)ls_buf_printf(buf, "    replicas:\n");
	for (unsigned i = 0; i < 2; i++) {
		unsigned network = draw(seed, n);

		(void)ls_buf_printf(buf, "      r%u: { application_aware: true, detected: { net%u: [", i, network);
		if (draw(seed, 12))
			put_text(buf, kinds[kind[network]].address, network + 1, 9 + i);
		else
			PUT(strange_addresses, network + 1);
		(void)ls_buf_printf(buf, "] }%s }\n", draw(seed, 12) ? "" : ", addresses: { net0: [10.1.0.9] }");
	}
}

static void put_appliances(struct ls_buf *buf, unsigned *seed, unsigned tenant, unsigned n)
{
	(void)ls_buf_printf(buf, "    appliances:\n      provider: { ");
	PUT(reached, tenant + 10);
	(void)ls_buf_printf(buf, "interfaces: { up: { match: { name: e0 }, ");
	PUT(outsides, tenant + 10);
	(void)ls_buf_printf(buf, " }");
	PUT(carriers, 0);
	PUT(others, tenant + 10);
	(void)ls_buf_printf(buf, " } }\n");
	for (unsigned i = 0; i < n; i++) {
		if (!draw(seed, 3))
			continue;
		(void)ls_buf_printf(
			buf, "      lan%u: { network: net%u, interfaces: { lan: { match: { name: e0 }, ", i, i);
		PUT(insides, i + 1);
		(void)ls_buf_printf(buf, " }");
		PUT(others, tenant + 20);
		(void)ls_buf_printf(buf, " } }\n");
	}
}

static void put_tenant(struct ls_buf *buf, unsigned *seed, unsigned tenant)
{
	unsigned n = 1 + draw(seed, NETWORKS), kind[NETWORKS];

	for (unsigned i = 0; i < n; i++)
		kind[i] = draw(seed, LS_ARRAY_SIZE(kinds));
	(void)ls_buf_printf(
		buf, "  t%u:\n    hardware_plan: gold\n    gateway_pool: p\n    tunnels: { key_dir: k }\n", tenant);
	put_networks(buf, seed, kind, n);
	put_replicas(buf, seed, kind, n);
	put_appliances(buf, seed, tenant, n);
	(void)ls_buf_printf(buf, "    public_ips: { ");
	PUT(publics, tenant + 200);
	(void)ls_buf_printf(buf, " }\n    failover: { ");
	PUT(failovers, 0);
	(void)ls_buf_printf(buf, " }\n");
}

static void write_site(struct ls_buf *buf, unsigned seed)
{
	put_head(buf, &seed);
	for (unsigned i = 0; i <= seed % 2; i++)
		put_tenant(buf, &seed, i);
	cr_assert_not(buf->failed);
}

/* ---- the property ------------------------------------------------------------------------------------------------ */

static void expect_valid(const char *name, const struct ls_buf *text, const struct ls_buf *site, unsigned seed)
{
	LS_CLEANUP(ls_diag_done) struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	struct ls_spec *spec = NULL;
	int r = ls_spec_parse(name, (const char *)text->data, text->length, &spec, &diag, &err);

	ls_spec_free(spec);
	cr_assert_eq(r, 0, "site %u: %s: %u: %s [%s]\n%.*s\n%.*s", seed, name,
		diag.n_findings ? diag.findings[0].location.line : 0,
		diag.n_findings ? diag.findings[0].message : err.message, diag.n_findings ? diag.findings[0].id : "",
		(int)text->length, (const char *)text->data, (int)site->length, (const char *)site->data);
}

static void expect_all_valid(const struct ls_site_layout *layout, const struct ls_buf *text, unsigned seed)
{
	struct ls_site_place place = { 0 };

	while (ls_site_next_host(layout->site, &place)) {
		LS_CLEANUP(ls_buf_done) struct ls_buf spec = { 0 };
		struct ls_site_host host;
		struct ls_error err = { 0 };

		cr_assert_eq(ls_site_render(layout, &place, invent_key, NULL, &spec, &host, &err), 0);
		expect_valid(host.name, &spec, text, seed);
	}
}

/* True: it is valid, and so are the specs. */
static bool try_site(unsigned seed)
{
	LS_CLEANUP(ls_diag_done) struct ls_diag diag = { 0 };
	LS_CLEANUP(ls_buf_done) struct ls_buf text = { 0 };
	struct ls_site_layout layout = { 0 };
	struct ls_site *site = NULL;
	struct ls_error err = { 0 };
	int r;

	write_site(&text, seed);
	r = ls_site_parse("s.yaml", (const char *)text.data, text.length, &site, &diag, &err);
	if (r == 0)
		r = ls_site_allocate(site, NULL, &layout, &diag);
	if (r == 0)
		expect_all_valid(&layout, &text, seed);
	for (size_t i = 0; i < diag.n_findings; i++)
		cr_expect_str_neq(diag.findings[i].id, "syntax", "site %u: %s\n%.*s", seed, diag.findings[i].message,
			(int)text.length, (const char *)text.data);
	if (layout.site)
		ls_site_layout_done(&layout);
	ls_site_free(site);
	return r == 0;
}

Test(site_property, what_passes_the_checks_of_a_site_passes_those_of_its_hosts)
{
	unsigned n_valid = 0;

	for (unsigned seed = 1; seed <= SITES; seed++)
		n_valid += try_site(seed);
	cr_expect_geq(n_valid, VALID_MIN, "only %u of %u sites are valid: the others say nothing", n_valid, SITES);
}
