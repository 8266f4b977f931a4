/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One object: comparing, copying, printing. */
#include "builders.h"

#define ATTRS(...) attr_bits((const unsigned[]){ __VA_ARGS__, UINT32_MAX })

static uint32_t attr_bits(const unsigned *attrs)
{
	uint32_t bits = 0;

	for (; *attrs != UINT32_MAX; attrs++)
		bits |= LS_BIT(*attrs);
	return bits;
}

static void assert_diff(const char *want, const char *have, uint32_t bits)
{
	uint32_t found = ls_object_diff(build_wanted(want), build(have));

	cr_assert_eq(found, bits, "%s | %s: %x instead of %x", want, have, found, bits);
}

TestSuite(object);

Test(object, what_is_as_wanted_does_not_differ)
{
	assert_diff("link name=d0 type=dummy mtu=1500 up=true", "link name=d0 type=dummy mtu=1500 up=true ours", 0);
	assert_diff("address dev=d0 address=192.0.2.1/24", "address dev=d0 address=192.0.2.1/24 ours", 0);
	assert_diff("route to=::/0 via=fe80::1 dev=d0", "route to=::/0 via=fe80::1 dev=d0 ours", 0);
	assert_diff("sysctl path=net/ipv4/ip_forward value=1", "sysctl path=net/ipv4/ip_forward value=1", 0);
}

Test(object, every_attribute_that_differs_is_named)
{
	assert_diff("link name=d0 type=dummy mtu=1500 up=true", "link name=d0 type=dummy mtu=1400 up=false",
		ATTRS(LS_LINK_MTU, LS_LINK_UP));
	assert_diff("route to=::/0 via=fe80::1 dev=d0 mtu=1400", "route to=::/0 via=fe80::2 dev=d1 mtu=1400",
		ATTRS(LS_ROUTE_VIA, LS_ROUTE_DEV));
}

Test(object, an_attribute_wanted_and_not_there_differs)
{
	assert_diff("link name=d0 type=dummy master=br0", "link name=d0 type=dummy", ATTRS(LS_LINK_MASTER));
	assert_diff("route to=10.0.0.0/8 via=192.0.2.1 dev=d0 src=192.0.2.9",
		"route to=10.0.0.0/8 via=192.0.2.1 dev=d0", ATTRS(LS_ROUTE_SRC));
}

Test(object, an_attribute_there_and_not_wanted_differs)
{
	assert_diff("link name=d0 type=dummy", "link name=d0 type=dummy master=br0", ATTRS(LS_LINK_MASTER));
	assert_diff("route to=10.0.0.0/8 via=192.0.2.1 dev=d0", "route to=10.0.0.0/8 via=192.0.2.1 dev=d0 mtu=1400",
		ATTRS(LS_ROUTE_MTU));
	assert_diff("address dev=d0 address=192.0.2.1/24", "address dev=d0 address=192.0.2.1/24 peer=192.0.2.2",
		ATTRS(LS_ADDRESS_PEER));
}

Test(object, an_optional_attribute_that_is_not_wanted_does_not_differ)
{
	assert_diff("link name=br0 type=bridge",
		"link name=br0 type=bridge mtu=9000 mac=02:00:00:00:00:01 up=true stp=true", 0);
	assert_diff("address dev=d0 address=192.0.2.1/24", "address dev=d0 address=192.0.2.1/24 noprefixroute=true", 0);
}

Test(object, an_optional_attribute_that_is_wanted_differs)
{
	assert_diff("link name=br0 type=bridge stp=true", "link name=br0 type=bridge stp=false", ATTRS(LS_LINK_STP));
}

Test(object, what_the_kernel_only_tells_never_differs)
{
	assert_diff("link name=d0", "link name=d0 index=7 carrier=true permanent_mac=02:00:00:00:00:01", 0);
	assert_diff("link name=d0 index=8", "link name=d0 index=7", 0);
	assert_diff("address dev=d0 address=192.0.2.1/24",
		"address dev=d0 address=192.0.2.1/24 tentative=true dadfailed=true secondary=true", 0);
	assert_diff("route to=10.0.0.0/8 dev=d0 protocol=108", "route to=10.0.0.0/8 dev=d0 protocol=4", 0);
}

Test(object, an_address_with_a_lifetime_is_not_a_permanent_one)
{
	assert_diff("address dev=d0 address=192.0.2.1/24", "address dev=d0 address=192.0.2.1/24 dynamic=true",
		ATTRS(LS_ADDRESS_DYNAMIC));
}

Test(object, of_an_adjusted_object_only_what_is_managed_differs)
{
	assert_diff("link name=eth0 mtu=1400 adjust", "link name=eth0 mtu=1400 master=br0 type=veth peer=x up=true", 0);
	assert_diff("link name=eth0 mtu=1400 adjust", "link name=eth0 mtu=1500 master=br0", ATTRS(LS_LINK_MTU));
}

Test(object, an_adjusted_attribute_that_is_managed_but_not_set_is_to_go)
{
	assert_diff("link name=eth0 -master adjust", "link name=eth0 master=br0", ATTRS(LS_LINK_MASTER));
	assert_diff("link name=eth0 -master adjust", "link name=eth0", 0);
}

Test(object, an_adjusted_optional_attribute_that_is_managed_but_not_set_is_to_go)
{
	assert_diff("link name=eth0 -mac adjust", "link name=eth0 mac=02:00:00:00:00:01", ATTRS(LS_LINK_MAC));
}

Test(object, a_sysctl_without_a_value_is_not_one_with_a_value)
{
	assert_diff(
		"sysctl path=net/ipv4/ip_forward value=1", "sysctl path=net/ipv4/ip_forward", ATTRS(LS_SYSCTL_VALUE));
}

Test(object, the_worst_of_several_changes_counts)
{
	cr_assert_eq(ls_object_change(&ls_kind_link, 0), LS_CHANGE_INFO);
	cr_assert_eq(ls_object_change(&ls_kind_link, ATTRS(LS_LINK_MTU, LS_LINK_UP)), LS_CHANGE_LIVE);
	cr_assert_eq(ls_object_change(&ls_kind_link, ATTRS(LS_LINK_MTU, LS_LINK_PARENT)), LS_CHANGE_RECREATE);
	cr_assert_eq(ls_object_change(&ls_kind_route, ATTRS(LS_ROUTE_VIA)), LS_CHANGE_REPLACE);
	cr_assert_eq(ls_object_change(&ls_kind_address, ATTRS(LS_ADDRESS_SCOPE)), LS_CHANGE_RECREATE);
}

/* ---- same -------------------------------------------------------------------------------------------------------- */

Test(object, the_same_attributes_with_the_same_values_are_the_same)
{
	const char *text = "route to=10.0.0.0/8 via=192.0.2.1 dev=d0 mtu=1400 ours";

	cr_assert(ls_object_same(build(text), build(text)));
	cr_assert_not(ls_object_same(build(text), build("route to=10.0.0.0/8 via=192.0.2.1 dev=d0 mtu=1300 ours")));
	cr_assert_not(ls_object_same(build(text), build("route to=10.0.0.0/8 via=192.0.2.1 dev=d0 ours")));
	cr_assert_not(ls_object_same(build(text), build("sysctl path=net/ipv4/ip_forward")));
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static int order(const char *a, const char *b)
{
	int forth = ls_object_compare(build(a), build(b)), back = ls_object_compare(build(b), build(a));

	cr_assert_eq(forth > 0, back < 0);
	cr_assert_eq(forth == 0, back == 0);
	return forth < 0 ? -1 : forth > 0;
}

Test(object, kinds_come_in_the_order_of_their_ranks)
{
	cr_assert_eq(order("link name=z", "sysctl path=a"), -1);
	cr_assert_eq(order("sysctl path=z", "address dev=a address=192.0.2.1"), -1);
	cr_assert_eq(order("address dev=z address=192.0.2.1", "route to=0.0.0.0/0"), -1);
}

Test(object, only_the_key_counts_for_order)
{
	cr_assert_eq(order("link name=a mtu=1", "link name=a mtu=2 up=true ours"), 0);
	cr_assert_eq(order("route to=10.0.0.0/8 via=192.0.2.1 dev=a", "route to=10.0.0.0/8 type=blackhole"), 0);
}

Test(object, an_ipv4_address_is_another_one_with_another_prefix_length)
{
	cr_assert_neq(order("address dev=a address=192.0.2.1/24", "address dev=a address=192.0.2.1/25"), 0);
}

Test(object, an_ipv6_address_is_the_same_one_with_another_prefix_length)
{
	cr_assert_eq(order("address dev=a address=2001:db8::1/64", "address dev=a address=2001:db8::1/128"), 0);
}

Test(object, routes_differ_by_table_destination_tos_and_metric)
{
	cr_assert_neq(order("route to=10.0.0.0/8 table=1", "route to=10.0.0.0/8 table=2"), 0);
	cr_assert_neq(order("route to=10.0.0.0/8", "route to=10.0.0.0/9"), 0);
	cr_assert_neq(order("route to=10.0.0.0/8 tos=8", "route to=10.0.0.0/8"), 0);
	cr_assert_neq(order("route to=10.0.0.0/8 metric=5", "route to=10.0.0.0/8"), 0);
	cr_assert_neq(order("route to=0.0.0.0/0", "route to=::/0"), 0);
}

/* A more specific route, which may lead to the next hop of a wider one, comes first. */
Test(object, a_prefix_comes_before_the_one_that_contains_it)
{
	cr_assert_eq(order("route to=10.1.0.0/16", "route to=10.0.0.0/8"), -1);
	cr_assert_eq(order("route to=2001:db8::1/128", "route to=::/0"), -1);
	cr_assert_eq(order("route to=10.0.0.0/8", "route to=11.0.0.0/16"), -1);
}

/* ip_forward resets the others; accept_ra=2 keeps the default route when IPv6 forwarding is turned on; `all`
 * overwrites. */
Test(object, sysctls_come_in_an_order_in_which_no_write_undoes_an_earlier_one)
{
	static const char *const paths[] = { "net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding",
		"net/ipv6/conf/all/accept_ra", "net/ipv6/conf/eth0/accept_ra", "net/ipv4/conf/all/accept_redirects",
		"net/ipv4/conf/default/forwarding", "net/ipv4/conf/eth0/forwarding", "net/ipv6/conf/all/forwarding",
		"net/ipv6/conf/default/forwarding", "net/ipv6/conf/eth0/forwarding" };

	for (size_t i = 1; i < LS_ARRAY_SIZE(paths); i++) {
		char a[128], b[128];

		snprintf(a, sizeof(a), "sysctl path=%s", paths[i - 1]);
		snprintf(b, sizeof(b), "sysctl path=%s", paths[i]);
		cr_assert_eq(order(a, b), -1, "%s before %s", paths[i - 1], paths[i]);
	}
}

/* ---- references, copies, text ------------------------------------------------------------------------------------ */

Test(object, a_copy_borrows_nothing)
{
	struct ls_arena *arena = ls_arena_new(), *other = ls_arena_new();
	uint8_t raw[] = { 1, 2, 3 };
	struct ls_link *link = (struct ls_link *)ls_object_new(arena, &ls_kind_link), *copy;

	link->name = ls_arena_intern(arena, "eth0", 4);
	link->object.set = LS_BIT(LS_LINK_NAME);
	link->object.owner = LS_OWNER_OURS;
	link->object.raw = raw;
	link->object.raw_length = sizeof(raw);
	copy = (struct ls_link *)ls_object_copy(other, &link->object);
	ls_arena_free(arena);
	memset(raw, 0, sizeof(raw));
	cr_assert_str_eq(copy->name, "eth0");
	cr_assert_eq(copy->object.owner, LS_OWNER_OURS);
	cr_assert_eq(((const uint8_t *)copy->object.raw)[2], 3);
	ls_arena_free(other);
}

static void assert_described(const char *object, const char *expected)
{
	char text[LS_DESCRIBE_MAX];

	cr_assert_str_eq(ls_object_describe(build(object), text, sizeof(text)), expected);
}

Test(object, an_object_is_described_by_its_kind_and_key)
{
	assert_described("link name=eth0.5 mtu=1500", "link eth0.5");
	assert_described("address dev=eth0 address=192.0.2.1/24", "address 192.0.2.1/24 dev eth0");
	assert_described("address dev=eth0 address=2001:db8::1/64", "address 2001:db8::1/64 dev eth0");
	assert_described("route to=0.0.0.0/0 via=192.0.2.1 dev=a", "route 0.0.0.0/0");
	assert_described("route to=2001:db8::/64 dev=a", "route 2001:db8::/64 metric 1024");
	assert_described("route to=10.0.0.0/8 table=7 tos=16 metric=5", "route 10.0.0.0/8 table 7 tos 0x10 metric 5");
	assert_described("sysctl path=net/ipv4/ip_forward value=1", "sysctl net/ipv4/ip_forward");
}

Test(object, a_description_that_does_not_fit_is_cut)
{
	char text[8];

	cr_assert_str_eq(ls_object_describe(build("link name=ethernet0"), text, sizeof(text)), "link et");
	cr_assert_str_eq(ls_object_describe(build("link name=ethernet0"), text, 3), "li");
}

Test(object, kinds_are_found_by_name_and_by_number)
{
	for (size_t i = 0; ls_kinds[i]; i++) {
		cr_assert_eq(ls_kind_by_name(ls_kinds[i]->name), ls_kinds[i]);
		cr_assert_eq(ls_kind_by_id(ls_kinds[i]->id), ls_kinds[i]);
		cr_assert(i == 0 || ls_kinds[i - 1]->rank < ls_kinds[i]->rank ||
			  (ls_kinds[i - 1]->rank == ls_kinds[i]->rank && ls_kinds[i - 1]->id < ls_kinds[i]->id));
	}
	cr_assert_null(ls_kind_by_name("tunnel"));
	cr_assert_null(ls_kind_by_id(0));
	cr_assert_null(ls_kind_by_id(200));
}
