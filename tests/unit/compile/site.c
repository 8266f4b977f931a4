/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tenants of a site get: no address and no port twice, and the same again whatever happens to others. Sites are
 * generated; what a render would have recorded is what the next allocation is given.
 */
#include "site_tools.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(site_allocation);

/* ---- tools ------------------------------------------------------------------------------------------------------- */

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
