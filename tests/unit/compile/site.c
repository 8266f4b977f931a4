/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tenants of a site get: no address and no port twice, and the same again whatever happens to others. Sites are
 * generated; what a render would have recorded is what the next allocation is given.
 */
#include <linkspan/compile.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(site_allocation);

/* ---- tools ------------------------------------------------------------------------------------------------------- */

struct allocated {
	struct ls_buf text;
	struct ls_site *site;
	struct ls_site_layout layout;
	struct ls_diag diag;
	int r;
};

static void allocated_done(struct allocated *allocated)
{
	if (allocated->layout.site)
		ls_site_layout_done(&allocated->layout);
	ls_site_free(allocated->site);
	ls_diag_done(&allocated->diag);
	ls_buf_done(&allocated->text);
}
#define ALLOCATED LS_CLEANUP(allocated_done) struct allocated

static void allocate(struct allocated *allocated, const struct ls_site_record *record)
{
	struct ls_error err = { 0 };

	cr_assert_eq(ls_site_parse("s.yaml", (const char *)allocated->text.data, allocated->text.length,
			     &allocated->site, &allocated->diag, &err),
		0, "%s%s\n%.*s", err.message, allocated->diag.n_findings ? allocated->diag.findings[0].message : "",
		(int)allocated->text.length, (const char *)allocated->text.data);
	allocated->r = ls_site_allocate(allocated->site, record, &allocated->layout, &allocated->diag);
}

static struct allocated allocate_text(const char *text, const struct ls_site_record *record)
{
	struct allocated allocated = { 0 };

	cr_assert_eq(ls_buf_append(&allocated.text, text, strlen(text)), 0);
	allocate(&allocated, record);
	return allocated;
}

static int compare_held(const void *a, const void *b)
{
	return strcmp(((const struct ls_site_held *)a)->name, ((const struct ls_site_held *)b)->name);
}

/* What a render would keep of it; borrows. */
static struct ls_site_record record_of(const struct allocated *allocated)
{
	const struct ls_site *site = allocated->site;
	struct ls_arena *arena = site->arena;
	struct ls_site_record record = { .rendered = true, .ipv6_communication = site->ipv6_communication };

	record.tenants = ls_arena_alloc(arena, (site->n_tenants + 1) * sizeof(*record.tenants));
	for (size_t i = 0; i < site->n_tenants; i++) {
		const struct ls_site_share *share = &allocated->layout.tenants[i];
		struct ls_site_held *held = &record.tenants[record.n_tenants++];

		*held = (struct ls_site_held){
			.name = site->tenants[i].name, .ips = share->ips, .n_ips = share->n_ips
		};
		held->ports = ls_arena_alloc(arena, (share->n_tunnels + 1) * sizeof(*held->ports));
		for (size_t k = 0; k < share->n_tunnels; k++)
			held->ports[held->n_ports++] = (struct ls_site_held_port){
				.network = share->tunnels[k].appliance->extends->name,
				.gateway = share->tunnels[k].gateway->name,
				.family = share->tunnels[k].family,
				.port = share->tunnels[k].port,
				.listen_port = share->tunnels[k].listen_port,
			};
	}
	qsort(record.tenants, record.n_tenants, sizeof(*record.tenants), compare_held);
	return record;
}

static const struct ls_site_share *share_of(const struct allocated *allocated, const char *name)
{
	for (size_t i = 0; i < allocated->site->n_tenants; i++)
		if (strcmp(allocated->site->tenants[i].name, name) == 0)
			return &allocated->layout.tenants[i];
	return NULL;
}

static void expect_error(const struct allocated *allocated, const char *id, uint32_t line, const char *words)
{
	cr_assert_eq(allocated->r, -EINVAL);
	cr_assert_str_eq(allocated->diag.findings[0].id, id, "%s", allocated->diag.findings[0].message);
	cr_expect_eq(allocated->diag.findings[0].location.line, line, "line %u: %s",
		allocated->diag.findings[0].location.line, allocated->diag.findings[0].message);
	cr_expect(strstr(allocated->diag.findings[0].message, words), "no '%s' in: %s", words,
		allocated->diag.findings[0].message);
	cr_expect_eq(allocated->diag.n_errors, 1);
}

static void expect_ips(const struct allocated *allocated, const char *name, const char *expected)
{
	const struct ls_site_share *share = share_of(allocated, name);
	char list[256] = "", text[LS_IP_TEXT_MAX];

	cr_assert_not_null(share);
	for (size_t i = 0; i < share->n_ips; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? " " : "",
			ls_ip_format(&share->ips[i], text));
	cr_expect_str_eq(list, expected, "%s: %s instead of %s", name, list, expected);
}

#define HEAD "linkspan: 1\nkind: site\nipv6_communication: true\n"
#define POOL(list) HEAD "public_pool: [" list "]\ntenants:\n" /* tenants begin on line 6 */
#define WANTS(name, more) "  " name ": { public_ips: { " more " } }\n"

/* ---- addresses --------------------------------------------------------------------------------------------------- */

Test(site_allocation, pool_of_all_forms_is_given_from_the_lowest_on)
{
	ALLOCATED allocated = allocate_text(POOL("192.0.2.7, 192.0.2.2-192.0.2.3, 198.51.100.0/30, '2001:db8::/32'")
						    WANTS("b", "ipv4: 2, ipv6: 1") WANTS("a", "ipv4: 2, ipv6: 2")
							    WANTS("c", "ipv4: 1"),
		NULL);

	cr_assert_eq(allocated.r, 0);
	expect_ips(&allocated, "a", "192.0.2.2 192.0.2.3 2001:db8::1 2001:db8::2"); /* by names, not by place */
	expect_ips(&allocated, "b", "192.0.2.7 198.51.100.1 2001:db8::3");
	expect_ips(&allocated, "c", "198.51.100.2");
}

Test(site_allocation, pool_gives_reserved_ones_to_their_tenant)
{
	ALLOCATED allocated = allocate_text(
		POOL("192.0.2.1-192.0.2.9") WANTS("a", "ipv4: 2") WANTS("b", "ipv4: 2, reserved: [192.0.2.1]"), NULL);

	cr_assert_eq(allocated.r, 0);
	expect_ips(&allocated, "a", "192.0.2.2 192.0.2.3");
	expect_ips(&allocated, "b", "192.0.2.1 192.0.2.4");
}

Test(site_allocation, pool_that_is_too_small_or_asked_for_what_it_has_not)
{
	ALLOCATED few = allocate_text(POOL("192.0.2.1-192.0.2.2") WANTS("a", "ipv4: 3"), NULL);
	ALLOCATED strange = allocate_text(POOL("192.0.2.1") WANTS("a", "reserved: [192.0.2.2]"), NULL);
	ALLOCATED twice = allocate_text(
		POOL("192.0.2.1") WANTS("a", "reserved: [192.0.2.1]") WANTS("b", "reserved: [192.0.2.1]"), NULL);

	expect_error(&few, "pool", 6, "only 2 left");
	expect_error(&strange, "pool", 6, "not in 'public_pool'");
	expect_error(&twice, "pool", twice.diag.findings[0].location.line, "reserved on line");
}

Test(site_allocation, pool_stable)
{
	ALLOCATED before = allocate_text(POOL("192.0.2.1-192.0.2.9") WANTS("b", "ipv4: 2"), NULL);
	struct ls_site_record record = record_of(&before);
	ALLOCATED grown =
		allocate_text(POOL("192.0.2.1-192.0.2.9") WANTS("a", "ipv4: 1") WANTS("b", "ipv4: 3"), &record);
	ALLOCATED fewer =
		allocate_text(POOL("192.0.2.1-192.0.2.9") WANTS("a", "ipv4: 1") WANTS("b", "ipv4: 1"), &record);
	ALLOCATED shrunk = allocate_text(POOL("192.0.2.2-192.0.2.9") WANTS("b", "ipv4: 2"), &record);
	ALLOCATED both = allocate_text(POOL("192.0.2.2-192.0.2.9") WANTS("b", "ipv4: 1"), &record);
	ALLOCATED none = allocate_text(POOL("192.0.2.3-192.0.2.9") WANTS("b", "ipv4: 1"), &record);
	ALLOCATED taken = allocate_text(
		POOL("192.0.2.1-192.0.2.9") WANTS("a", "reserved: [192.0.2.2]") WANTS("b", "ipv4: 2"), &record);

	cr_assert(grown.r == 0 && fewer.r == 0);
	expect_ips(&grown, "b", "192.0.2.1 192.0.2.2 192.0.2.4");
	expect_ips(&grown, "a", "192.0.2.3");
	expect_ips(&fewer, "b", "192.0.2.1");
	expect_ips(&fewer, "a", "192.0.2.2");
	expect_error(&shrunk, "pool-stable", 6, "holds 192.0.2.1");
	cr_assert_eq(both.r, 0, "fewer at once");
	expect_ips(&both, "b", "192.0.2.2");
	expect_error(&none, "pool-stable", 6, "holds 192.0.2.1");
	expect_error(&taken, "pool-stable", 6, "held by 'b'");
}

/* What a render that was cut short gave away is with whom it was given to. */
Test(site_allocation, pool_knows_what_was_intended)
{
	ALLOCATED before = allocate_text(POOL("192.0.2.1-192.0.2.9") WANTS("c", "ipv4: 1"), NULL);
	struct ls_site_record record = record_of(&before);
	ALLOCATED cut = allocate_text(POOL("192.0.2.1-192.0.2.9") WANTS("b", "ipv4: 1") WANTS("c", "ipv4: 1"), &record);
	struct ls_site_record intended = record_of(&cut);
	ALLOCATED after = { 0 };

	record.intended = &intended;
	after = allocate_text(
		POOL("192.0.2.1-192.0.2.9") WANTS("a", "ipv4: 1") WANTS("b", "ipv4: 1") WANTS("c", "ipv4: 1"), &record);
	cr_assert_eq(after.r, 0);
	expect_ips(&after, "c", "192.0.2.1");
	expect_ips(&after, "b", "192.0.2.2");
	expect_ips(&after, "a", "192.0.2.3");
}

Test(site_allocation, public_allocation)
{
	ALLOCATED strange = allocate_text(
		POOL("192.0.2.1-192.0.2.9") WANTS("a", "ipv4: 1, mappings: [{ public: 192.0.2.5, to: 10.0.0.1 }]"),
		NULL);
	ALLOCATED twice = allocate_text(POOL("192.0.2.1-192.0.2.9")
						WANTS("a", "ipv4: 1, mappings: [{ public: 192.0.2.1, protocol: tcp, "
							   "port: 80-90, to: 10.0.0.1 }, { public: "
							   "192.0.2.1, protocol: tcp, port: 85, to: 10.0.0.2 }]"),
		NULL);
	ALLOCATED fine = allocate_text(
		POOL("192.0.2.1-192.0.2.9") WANTS("a",
			"ipv4: 1, mappings: [{ public: 192.0.2.1, protocol: tcp, port: 80, to: 10.0.0.1 }, { public: "
			"192.0.2.1, protocol: udp, port: 80, to: 10.0.0.2 }]"),
		NULL);

	expect_error(&strange, "public-allocation", 6, "no address of 'a'");
	expect_error(&twice, "public-allocation", 6, "leads elsewhere already");
	cr_assert_eq(fine.r, 0);
}

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

Test(site_allocation, gateway_nat_only)
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

Test(site_allocation, failover_exclusive)
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

Test(site_allocation, ipv6_disable)
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

/* ---- tunnels ----------------------------------------------------------------------------------------------------- */

#define AUTO "ipv4: { method: auto }, ipv6: { method: auto }"

static void put_gateways(struct ls_buf *buf, unsigned n, unsigned ports)
{
	ls_buf_printf(buf, HEAD "public_pool: [10.64.0.0/16, '2001:db8::/32']\n"
				"hardware_plans: { gold: { networks: { n0: {}, n1: {}, n2: {} } } }\ngateways:\n");
	for (unsigned i = 0; i < n; i++)
		ls_buf_printf(buf,
			"  gw%u: { mode: nat, dns_name: gw%u.example, tunnel_ports: 20000-%u, interfaces: { up: { "
			"match: { "
			"name: e0 }, " AUTO " } } }\n",
			i, i, 20000 + ports - 1);
	ls_buf_printf(buf, "gateway_pools: { p: [");
	for (unsigned i = 0; i < n; i++)
		ls_buf_printf(buf, "%sgw%u", i ? ", " : "", i);
	ls_buf_printf(buf, "] }\ntenants:\n");
}

static void put_tenant(struct ls_buf *buf, const char *name, unsigned ipv4, unsigned ipv6, unsigned n_networks)
{
	unsigned place = (unsigned)buf->length; /* no other tenant's */

	ls_buf_printf(buf, "  %s: { hardware_plan: gold, gateway_pool: p, tunnels: { key_dir: k }, ", name);
	ls_buf_printf(buf, "public_ips: { ipv4: %u, ipv6: %u }, networks: {", ipv4, ipv6);
	for (unsigned i = 0; i < n_networks; i++)
		ls_buf_printf(buf,
			"%s n%u: { maps_to: n%u, ipv4: { subnet: 10.0.%u.0/24, gateway: 10.0.%u.1 }, ipv6: { subnet: "
			"'2001:db8:0:%u::/64', gateway: 'fe80::1' } }",
			i ? "," : "", i, i, i, i, i);
	ls_buf_printf(buf,
		" }, appliances: { provider: { addresses: [172.%u.%u.%u, '2001:db8:f::%x'], interfaces: { up: { match: "
		"{ "
		"name: e0 }, " AUTO " }",
		16 + (place >> 16), place >> 8 & 255, place & 255, place);
	for (unsigned i = 0; i < n_networks; i++)
		ls_buf_printf(buf, ", n%u: { match: { name: e%u } }", i, i + 1);
	ls_buf_printf(buf, " } }");
	for (unsigned i = 0; i < n_networks; i++)
		ls_buf_printf(
			buf, ", t%u: { network: n%u, interfaces: { lan: { match: { name: e0 }, " AUTO " } } }", i, i);
	ls_buf_printf(buf, " } }\n");
}

Test(site_allocation, gateway_tunnel_port)
{
	ALLOCATED few = { 0 };
	ALLOCATED enough = { 0 };

	put_gateways(&few.text, 1, 3);
	put_tenant(&few.text, "a", 0, 0, 2);
	allocate(&few, NULL);
	expect_error(&few, "gateway-tunnel-port", few.diag.findings[0].location.line, "room for 3 tunnels");
	put_gateways(&enough.text, 2, 2);
	put_tenant(&enough.text, "a", 0, 0, 2);
	allocate(&enough, NULL);
	cr_assert_eq(enough.r, 0);
	cr_assert_eq(enough.layout.tenants[0].n_tunnels, 4);
	cr_expect_eq(enough.layout.gateways[0].n, 2);
	cr_expect_eq(enough.layout.gateways[1].n, 2);
}

Test(site_allocation, gateway_tunnel_port_range_shrinks_below_use)
{
	ALLOCATED before = { 0 };
	ALLOCATED after = { 0 };
	struct ls_site_record record;

	put_gateways(&before.text, 1, 4);
	put_tenant(&before.text, "a", 0, 0, 2);
	allocate(&before, NULL);
	cr_assert_eq(before.r, 0);
	record = record_of(&before);
	put_gateways(&after.text, 1, 3);
	put_tenant(&after.text, "a", 0, 0, 2);
	allocate(&after, &record);
	cr_assert_eq(after.r, -EINVAL);
	cr_expect_str_eq(after.diag.findings[0].id, "gateway-tunnel-port");
	cr_expect(strstr(after.diag.findings[0].message, "no longer"));
}

/* WireGuard in IPv6, or in what the provider does not know yet, takes 80 bytes; in IPv4 60. */
#define NARROW(provider, tenant) \
	HEAD "hardware_plans: { gold: { networks: { n: {} } } }\n" \
	     "gateways: { g: { mode: nat, dns_name: g.example, tunnel_ports: 20000-20009, interfaces: { up: { match: " \
	     "{ " \
	     "name: e0 }, " AUTO " } } } }\ngateway_pools: { p: [g] }\ntenants:\n" \
	     "  t: { hardware_plan: gold, gateway_pool: p, tunnels: { key_dir: k }, networks: { n: { maps_to: n, " \
	     "ipv6: { " \
	     "subnet: '2001:db8::/64', gateway: 'fe80::1' } } }, appliances: {\n" \
	     "    provider: { addresses: ['2001:db8:f::1'], interfaces: { up: { " provider \
	     "match: { name: e0 }, " AUTO " }, n: { match: { name: e1 } } } },\n" \
	     "    lan: { network: n, interfaces: { lan: { " tenant "match: { name: e0 }, " AUTO " } } } } }\n"

Test(site_allocation, tunnel_mtu)
{
	ALLOCATED wide = allocate_text(NARROW("mtu: 1360, ", "mtu: 1360, "), NULL);
	ALLOCATED provider = allocate_text(NARROW("mtu: 1359, ", ""), NULL);
	ALLOCATED tenant = allocate_text(NARROW("", "mtu: 1359, "), NULL);

	cr_expect_eq(wide.r, 0);
	expect_error(&provider, "tunnel-mtu", 9, "'up' of 't-provider'");
	expect_error(&tenant, "tunnel-mtu", 10, "1279 bytes fit through the tunnel");
}

/* ---- properties -------------------------------------------------------------------------------------------------- */

#define TENANTS 60u
#define SITES 25u

/* Tenants by number; each has a name and wishes that follow from its number and the site's seed. */
struct wishes {
	bool there[TENANTS];
	unsigned renamed[TENANTS];
	unsigned ipv4[TENANTS], ipv6[TENANTS], networks[TENANTS];
};

static unsigned draw(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

static void make_wishes(struct wishes *wishes, unsigned *seed)
{
	for (unsigned i = 0; i < TENANTS; i++) {
		wishes->there[i] = draw(seed, 4) != 0;
		wishes->renamed[i] = 0;
		wishes->ipv4[i] = draw(seed, 4);
		wishes->ipv6[i] = draw(seed, 3);
		wishes->networks[i] = draw(seed, 4);
	}
}

static void name_of(const struct wishes *wishes, unsigned i, char name[static 32])
{
	snprintf(name, 32, "t%u-%u", (i * 37) % TENANTS, wishes->renamed[i]);
}

static void write_site(struct ls_buf *buf, const struct wishes *wishes)
{
	char name[32];

	put_gateways(buf, 3, 300);
	for (unsigned i = 0; i < TENANTS; i++) {
		name_of(wishes, i, name);
		if (wishes->there[i])
			put_tenant(buf, name, wishes->ipv4[i], wishes->ipv6[i], wishes->networks[i]);
	}
	ls_buf_printf(buf, "  zzz: {}\n");
}

static int compare_ips(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ls_ip));
}

static void expect_no_address_twice(const struct allocated *allocated)
{
	struct ls_ip all[TENANTS * 8];
	size_t n = 0;

	for (size_t i = 0; i < allocated->site->n_tenants; i++)
		for (size_t k = 0; k < allocated->layout.tenants[i].n_ips; k++)
			all[n++] = allocated->layout.tenants[i].ips[k];
	qsort(all, n, sizeof(*all), compare_ips);
	for (size_t i = 1; i < n; i++)
		cr_assert_neq(memcmp(&all[i - 1], &all[i], sizeof(*all)), 0, "an address twice");
}

static void expect_no_port_twice(const struct allocated *allocated)
{
	for (size_t i = 0; i < allocated->site->n_gateways; i++) {
		const struct ls_site_forwards *forwards = &allocated->layout.gateways[i];

		for (size_t k = 1; k < forwards->n; k++)
			cr_assert_lt(
				forwards->items[k - 1].tunnel->port, forwards->items[k].tunnel->port, "a port twice");
	}
}

static void expect_all_have_theirs(const struct allocated *allocated, const struct wishes *wishes)
{
	char name[32];

	for (unsigned i = 0; i < TENANTS; i++) {
		const struct ls_site_share *share;

		if (!wishes->there[i])
			continue;
		name_of(wishes, i, name);
		share = share_of(allocated, name);
		cr_assert_not_null(share);
		cr_assert_eq(share->n_ips, wishes->ipv4[i] + wishes->ipv6[i]);
		cr_assert_eq(share->n_tunnels, 2 * wishes->networks[i]);
	}
}

static bool has_ip(const struct ls_site_share *share, const struct ls_ip *ip)
{
	for (size_t i = 0; i < share->n_ips; i++)
		if (memcmp(&share->ips[i], ip, sizeof(*ip)) == 0)
			return true;
	return false;
}

static bool has_port(const struct ls_site_share *share, const struct ls_site_held_port *port)
{
	for (size_t i = 0; i < share->n_tunnels; i++)
		if (strcmp(share->tunnels[i].appliance->extends->name, port->network) == 0 &&
			share->tunnels[i].family == port->family)
			return share->tunnels[i].port == port->port &&
			       share->tunnels[i].listen_port == port->listen_port &&
			       strcmp(share->tunnels[i].gateway->name, port->gateway) == 0;
	return true; /* the network is gone */
}

/* Whoever is there before and after and wants no less has what it had. */
static void expect_stable(const struct ls_site_record *before, const struct allocated *after, const struct wishes *was,
	const struct wishes *is)
{
	for (unsigned i = 0; i < TENANTS; i++) {
		const struct ls_site_share *share;
		const struct ls_site_held *held = NULL;
		char name[32];

		name_of(is, i, name);
		if (!was->there[i] || !is->there[i] || was->renamed[i] != is->renamed[i])
			continue;
		for (size_t k = 0; k < before->n_tenants; k++)
			held = strcmp(before->tenants[k].name, name) == 0 ? &before->tenants[k] : held;
		share = share_of(after, name);
		cr_assert(held && share);
		for (size_t k = 0; k < held->n_ips && is->ipv4[i] >= was->ipv4[i] && is->ipv6[i] >= was->ipv6[i]; k++)
			cr_assert(has_ip(share, &held->ips[k]), "%s lost an address", name);
		for (size_t k = 0; k < held->n_ports; k++)
			cr_assert(has_port(share, &held->ports[k]), "%s lost a port", name);
	}
}

/* Some go, some come, some get another name, some want more or less. */
static void change(struct wishes *wishes, unsigned *seed)
{
	for (unsigned i = 0; i < TENANTS; i++) {
		switch (draw(seed, 8)) {
		case 0:
			wishes->there[i] = !wishes->there[i];
			break;
		case 1:
			wishes->renamed[i]++;
			break;
		case 2:
			wishes->ipv4[i] = draw(seed, 4);
			wishes->ipv6[i] = draw(seed, 3);
			wishes->networks[i] = draw(seed, 4);
			break;
		default:
			break;
		}
	}
}

Test(site_allocation, of_generated_sites_gives_nothing_twice_and_takes_nothing_away)
{
	for (unsigned site = 0, seed = 1; site < SITES; site++) {
		struct wishes was, is;
		struct ls_site_record record;
		ALLOCATED first = { 0 };
		ALLOCATED again = { 0 };
		ALLOCATED changed = { 0 };

		make_wishes(&was, &seed);
		write_site(&first.text, &was);
		allocate(&first, NULL);
		cr_assert_eq(first.r, 0, "%s", first.diag.n_findings ? first.diag.findings[0].message : "");
		record = record_of(&first);
		write_site(&again.text, &was);
		allocate(&again, &record);
		expect_stable(&record, &again, &was, &was);
		is = was;
		change(&is, &seed);
		write_site(&changed.text, &is);
		allocate(&changed, &record);
		cr_assert_eq(changed.r, 0, "%s", changed.diag.n_findings ? changed.diag.findings[0].message : "");
		expect_no_address_twice(&first);
		expect_no_address_twice(&changed);
		expect_no_port_twice(&first);
		expect_no_port_twice(&changed);
		expect_all_have_theirs(&first, &was);
		expect_all_have_theirs(&changed, &is);
		expect_stable(&record, &changed, &was, &is);
	}
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

Test(site_allocation, ipv6_enable)
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

Test(site_allocation, differing_parts_are_named)
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
