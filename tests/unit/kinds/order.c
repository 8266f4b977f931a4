/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The orders of keys: which objects share a slot of the kernel, and what comes first. */
#include <linkspan/kinds.h>

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>

static struct ls_route route_of(const char *to, uint32_t metric)
{
	struct ls_route route = { .object = { .kind = &ls_kind_route }, .table = 254, .metric = metric };

	route.object.set = LS_BIT(LS_ROUTE_TO) | LS_BIT(LS_ROUTE_TABLE) | LS_BIT(LS_ROUTE_METRIC);
	cr_assert_eq(ls_prefix_parse(to, &route.to), 0, "%s", to);
	return route;
}

static void expect_route_order(const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			struct ls_route a = route_of(list[i], 1), b = route_of(list[k], 1);
			int order = ls_object_compare(&a.object, &b.object);

			cr_expect_eq(
				(order > 0) - (order < 0), (i > k) - (i < k), "%s, %s: %d", list[i], list[k], order);
		}
	}
}

Test(kinds_order, routes_are_in_the_order_of_a_kernel_dump)
{
	static const char *const list[] = { "10.1.0.0/16", "10.2.3.0/24", "10.2.0.0/16", "10.0.0.0/8", "192.0.2.0/24",
		"0.0.0.0/0", "2001:db8::1/128", "2001:db8::/64", "2001:db8:0:1::/64", "2001:db8::/32", "fe80::/64",
		"::/0" };

	expect_route_order(list, LS_ARRAY_SIZE(list));
}

Test(kinds_order, metric_tos_table_and_source_make_a_route_another)
{
	struct ls_route a = route_of("2001:db8::/64", 1), b = a;

	cr_expect_eq(ls_object_compare(&a.object, &b.object), 0);
	b.metric = 2;
	cr_expect_lt(ls_object_compare(&a.object, &b.object), 0);
	b = a;
	b.table = 255;
	cr_expect_lt(ls_object_compare(&a.object, &b.object), 0);
	b = a;
	b.tos = 4;
	cr_expect_lt(ls_object_compare(&a.object, &b.object), 0);
	b = a;
	b.other = "from 2001:db8:1::/48 pref high";
	b.object.set |= LS_BIT(LS_ROUTE_OTHER);
	cr_expect_lt(ls_object_compare(&a.object, &b.object), 0);
	b.other = "pref high";
	cr_expect_eq(ls_object_compare(&a.object, &b.object), 0);
}

static struct ls_address address_of(const char *text, const char *peer)
{
	struct ls_address address = { .object = { .kind = &ls_kind_address }, .dev = "p0" };
	struct ls_prefix prefix;

	cr_assert_eq(ls_prefix_parse(text, &prefix), 0);
	address.address = prefix.ip;
	address.prefix_length = prefix.length;
	address.object.set = LS_BIT(LS_ADDRESS_DEV) | LS_BIT(LS_ADDRESS_ADDRESS) | LS_BIT(LS_ADDRESS_PREFIX_LENGTH);
	if (peer) {
		cr_assert_eq(ls_ip_parse(peer, &address.peer), 0);
		address.object.set |= LS_BIT(LS_ADDRESS_PEER);
	}
	return address;
}

static bool same_slot(const char *a, const char *peer_a, const char *b, const char *peer_b)
{
	struct ls_address x = address_of(a, peer_a), y = address_of(b, peer_b);

	return ls_object_compare(&x.object, &y.object) == 0;
}

Test(kinds_order, addresses_share_a_slot_as_they_do_in_the_kernel)
{
	cr_expect(same_slot("192.0.2.1/24", NULL, "192.0.2.1/24", NULL));
	cr_expect_not(same_slot("192.0.2.1/24", NULL, "192.0.2.1/25", NULL));
	cr_expect_not(same_slot("192.0.2.1/32", "192.0.2.2", "192.0.2.1/32", "192.0.2.3"));
	cr_expect(same_slot("192.0.2.1/24", "192.0.2.2", "192.0.2.1/24", NULL));
	cr_expect(same_slot("2001:db8::1/64", NULL, "2001:db8::1/48", NULL));
	cr_expect(same_slot("2001:db8::1/128", "2001:db8::2", "2001:db8::1/64", NULL));
}

static struct ls_sysctl sysctl_of(const char *path)
{
	return (struct ls_sysctl){ .object = { .kind = &ls_kind_sysctl, .set = LS_BIT(LS_SYSCTL_PATH) }, .path = path };
}

Test(kinds_order, sysctls_are_in_an_order_in_which_none_undoes_another)
{
	static const char *const list[] = {
		"net/ipv4/ip_forward",
		"net/ipv4/conf/all/forwarding",
		"net/ipv6/conf/all/accept_ra",
		"net/ipv6/conf/a0/accept_ra",
		"net/ipv4/conf/all/rp_filter",
		"net/ipv4/conf/default/rp_filter",
		"net/ipv4/conf/a0/forwarding",
		"net/ipv4/conf/a0/rp_filter",
		"net/core/somaxconn",
		"net/ipv6/conf/all/forwarding",
		"net/ipv6/conf/default/forwarding",
		"net/ipv6/conf/a0/forwarding",
	};

	for (size_t i = 1; i < LS_ARRAY_SIZE(list); i++) {
		struct ls_sysctl a = sysctl_of(list[i - 1]), b = sysctl_of(list[i]);

		cr_expect_lt(ls_object_compare(&a.object, &b.object), 0, "%s, %s", list[i - 1], list[i]);
	}
}

Test(kinds_order, kinds_are_found_by_name_and_number)
{
	for (size_t i = 0; ls_kinds[i]; i++) {
		cr_expect_eq(ls_kind_by_name(ls_kinds[i]->name), ls_kinds[i]);
		cr_expect_eq(ls_kind_by_id(ls_kinds[i]->id), ls_kinds[i]);
		if (i > 0 && ls_kinds[i - 1]->rank == ls_kinds[i]->rank)
			cr_expect_lt(ls_kinds[i - 1]->id, ls_kinds[i]->id);
		else if (i > 0)
			cr_expect_lt(ls_kinds[i - 1]->rank, ls_kinds[i]->rank);
	}
}
