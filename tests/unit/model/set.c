/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets: order, and what is found in them. */
#include "builders.h"

TestSuite(set);

static const char *name_at(const struct ls_set *set, size_t i)
{
	static char text[LS_DESCRIBE_MAX];

	return ls_object_describe(set->objects[i], text, sizeof(text));
}

Test(set, sorting_orders_by_kind_and_key)
{
	struct ls_set set = ACTUAL("route to=0.0.0.0/0 via=192.0.2.9 dev=b", "address dev=b address=192.0.2.1/24",
		"link name=b", "sysctl path=net/ipv4/ip_forward", "link name=a");

	cr_assert_eq(set.n_objects, 5);
	cr_assert_str_eq(name_at(&set, 0), "link a");
	cr_assert_str_eq(name_at(&set, 1), "link b");
	cr_assert_str_eq(name_at(&set, 2), "sysctl net/ipv4/ip_forward");
	cr_assert_str_eq(name_at(&set, 3), "address 192.0.2.1/24 dev b");
	cr_assert_str_eq(name_at(&set, 4), "route 0.0.0.0/0");
	ls_set_done(&set);
}

/* IPv4 routes of one slot: the first one is used, so their order is theirs. */
Test(set, objects_of_equal_key_keep_their_order)
{
	struct ls_set set;
	size_t n = 0;

	build_begin(&set);
	for (uint32_t i = 0; i < 200; i++) {
		struct ls_object *route = build(i % 2 ? "route to=10.0.0.0/8 dev=a" : "route to=10.1.0.0/16 dev=a");

		((struct ls_route *)route)->mtu = i;
		cr_assert_eq(ls_set_add(&set, route), 0);
	}
	build_sort(&set);
	for (uint32_t expected = 0; n < 100; n++, expected += 2)
		cr_assert_eq(((struct ls_route *)set.objects[n])->mtu, expected);
	for (uint32_t expected = 1; n < 200; n++, expected += 2)
		cr_assert_eq(((struct ls_route *)set.objects[n])->mtu, expected);
	ls_set_done(&set);
}

Test(set, an_inserted_object_comes_behind_those_of_equal_key)
{
	struct ls_set set = ACTUAL(
		"route to=10.0.0.0/8 dev=a mtu=1", "route to=10.0.0.0/8 dev=a mtu=2", "route to=11.0.0.0/8 dev=a");

	cr_assert_eq(ls_set_insert(&set, build("route to=10.0.0.0/8 dev=a mtu=3")), 0);
	cr_assert(ls_set_is_sorted(&set));
	cr_assert_eq(set.n_objects, 4);
	cr_assert_eq(((struct ls_route *)set.objects[2])->mtu, 3);
	ls_set_done(&set);
}

Test(set, inserting_works_at_both_ends_and_into_nothing)
{
	struct ls_set set;

	build_begin(&set);
	cr_assert_eq(ls_set_insert(&set, build("link name=m")), 0);
	cr_assert_eq(ls_set_insert(&set, build("link name=z")), 0);
	cr_assert_eq(ls_set_insert(&set, build("link name=a")), 0);
	cr_assert_str_eq(name_at(&set, 0), "link a");
	cr_assert_str_eq(name_at(&set, 1), "link m");
	cr_assert_str_eq(name_at(&set, 2), "link z");
	ls_set_done(&set);
}

Test(set, finding_gives_the_first_of_its_key)
{
	struct ls_set set = ACTUAL("route to=10.0.0.0/8 dev=a mtu=1", "route to=10.0.0.0/8 dev=a mtu=2");

	cr_assert_eq(ls_set_find(&set, build("route to=10.0.0.0/8")), set.objects[0]);
	cr_assert_null(ls_set_find(&set, build("route to=10.0.0.0/9")));
	cr_assert_null(ls_set_find(&set, build("link name=a")));
	ls_set_done(&set);
}

Test(set, lower_is_the_first_that_is_not_less)
{
	struct ls_set set = ACTUAL("link name=b", "link name=d", "sysctl path=net/x");

	cr_assert_eq(ls_set_lower(&set, build("link name=a")), 0);
	cr_assert_eq(ls_set_lower(&set, build("link name=b")), 0);
	cr_assert_eq(ls_set_lower(&set, build("link name=c")), 1);
	cr_assert_eq(ls_set_lower(&set, build("link name=e")), 2);
	cr_assert_eq(ls_set_lower(&set, build("route to=::/0")), 3);
	ls_set_done(&set);
}

Test(set, an_empty_set_has_nothing)
{
	struct ls_set set = ACTUAL();

	cr_assert_eq(set.n_objects, 0);
	cr_assert_null(ls_set_find(&set, build("link name=a")));
	cr_assert_eq(ls_set_lower(&set, build("link name=a")), 0);
	cr_assert_null(ls_set_link(&set, "a"));
	ls_set_done(&set);
	ls_set_done(&set);
}

Test(set, few_that_are_added_to_many_find_their_places)
{
	struct ls_set set = ACTUAL("route to=10.0.0.0/8 dev=a mtu=1", "route to=10.0.0.0/8 dev=a mtu=2",
		"route to=12.0.0.0/8 dev=a", "route to=14.0.0.0/8 dev=a");

	cr_assert_eq(ls_set_add(&set, build("route to=10.0.0.0/8 dev=a mtu=3")), 0);
	cr_assert_eq(ls_set_add(&set, build("route to=15.0.0.0/8 dev=a")), 0);
	cr_assert_eq(ls_set_add(&set, build("route to=13.0.0.0/8 dev=a")), 0);
	cr_assert_eq(ls_set_add(&set, build("link name=b")), 0);
	build_sort(&set);
	cr_assert(ls_set_is_sorted(&set));
	cr_assert_str_eq(name_at(&set, 0), "link b");
	for (uint32_t mtu = 1; mtu <= 3; mtu++)
		cr_assert_eq(((struct ls_route *)set.objects[mtu])->mtu, mtu);
	cr_assert_str_eq(name_at(&set, 4), "route 12.0.0.0/8");
	cr_assert_str_eq(name_at(&set, 5), "route 13.0.0.0/8");
	cr_assert_str_eq(name_at(&set, 7), "route 15.0.0.0/8");
	ls_set_done(&set);
}

Test(set, what_is_left_after_removing_is_in_order_as_far_as_it_was)
{
	struct ls_set set = ACTUAL("link name=a", "link name=c");

	cr_assert_eq(ls_set_add(&set, build("link name=b")), 0);
	ls_set_remove(&set, 0);
	cr_assert_not(ls_set_is_sorted(&set));
	build_sort(&set);
	cr_assert_str_eq(name_at(&set, 0), "link b");
	ls_set_remove(&set, 1);
	cr_assert(ls_set_is_sorted(&set));
	cr_assert_eq(set.n_objects, 1);
	ls_set_done(&set);
}

Test(set, what_is_added_after_truncating_is_not_taken_to_be_in_order)
{
	struct ls_set set = ACTUAL("link name=a", "link name=c", "link name=d");

	ls_set_truncate(&set, 2);
	cr_assert(ls_set_is_sorted(&set));
	cr_assert_eq(ls_set_add(&set, build("link name=b")), 0);
	cr_assert_not(ls_set_is_sorted(&set));
	build_sort(&set);
	cr_assert_str_eq(name_at(&set, 1), "link b");
	ls_set_done(&set);
}

Test(set, a_copy_holds_the_same_and_goes_its_own_way)
{
	struct ls_set set = ACTUAL("link name=a", "link name=c"), copy, empty;

	ls_set_init(&copy, set.arena);
	cr_assert_eq(ls_set_copy(&copy, &set), 0);
	cr_assert_eq(ls_set_insert(&copy, build("link name=b")), 0);
	cr_assert(ls_set_is_sorted(&copy));
	cr_assert_eq(copy.n_objects, 3);
	cr_assert_eq(set.n_objects, 2);
	cr_assert_eq(copy.objects[0], set.objects[0]);
	ls_set_done(&copy);
	ls_set_init(&empty, set.arena);
	cr_assert_eq(ls_set_copy(&copy, &empty), 0);
	cr_assert_eq(copy.n_objects, 0);
	cr_assert(ls_set_is_sorted(&copy));
	ls_set_done(&copy);
	ls_set_done(&set);
}

#define PEER(key) "wg_peer dev=t0 public_key=" key "= allowed_ips=10.0.0.0/8 "
#define A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"
#define B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"

/* What the kernel has learned counts as a difference for those only of which it was told something else. */
Test(set, what_was_learned_is_no_difference_to_what_was_told)
{
	struct ls_set told = ACTUAL(PEER(A) "endpoint=192.0.2.1 endpoint_port=1", PEER(B) "endpoint=192.0.2.1");
	struct ls_set set = ACTUAL(PEER(A) "endpoint=192.0.2.1 endpoint_port=1", PEER(B) "endpoint=192.0.2.2");
	struct ls_object *before = set.objects[0];

	cr_assert_eq(ls_set_mark_told(&set, &told), 0);
	cr_assert_eq(ls_object_diff(set.objects[0], build(PEER(A) "endpoint=192.0.2.9 endpoint_port=7")), 0);
	cr_assert_eq(ls_object_diff(set.objects[0], build(PEER(A))),
		LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT), "it has none");
	cr_assert_eq(ls_object_diff(set.objects[0], build(PEER(A) "endpoint=192.0.2.9 endpoint_port=1 keepalive=5")),
		LS_BIT(LS_WG_PEER_KEEPALIVE));
	cr_assert_eq(ls_object_diff(set.objects[1], build(PEER(B) "endpoint=192.0.2.9")), LS_BIT(LS_WG_PEER_ENDPOINT));
	cr_assert_eq(before->flags & LS_OBJECT_TOLD, 0, "others have it, too");
	cr_assert_eq(ls_set_mark_told(&set, NULL), 0);
	cr_assert_eq(ls_object_diff(set.objects[1], build(PEER(B) "endpoint=192.0.2.9")), 0);
	ls_set_done(&set);
	ls_set_done(&told);
}

Test(set, after_forgetting_all_the_order_begins_anew)
{
	struct ls_set set = ACTUAL("link name=c");

	ls_set_truncate(&set, 0);
	cr_assert_eq(ls_set_add(&set, build("link name=a")), 0);
	cr_assert_eq(ls_set_add(&set, build("link name=b")), 0);
	cr_assert(ls_set_is_sorted(&set));
	ls_set_done(&set);
}

Test(set, equals_are_noticed_wherever_they_meet)
{
	struct ls_set set = ACTUAL("link name=a", "link name=c");

	cr_assert_not(set.has_equals);
	cr_assert_eq(ls_set_add(&set, build("link name=b")), 0);
	build_sort(&set);
	cr_assert_not(set.has_equals);
	cr_assert_eq(ls_set_add(&set, build("link name=c")), 0);
	cr_assert(set.has_equals);
	ls_set_done(&set);
	set = ACTUAL("link name=a", "link name=c", "link name=b", "link name=c");
	cr_assert(set.has_equals);
	ls_set_done(&set);
	set = ACTUAL("link name=a", "link name=c");
	cr_assert_eq(ls_set_insert(&set, build("link name=a")), 0);
	cr_assert(set.has_equals);
	ls_set_done(&set);
}

Test(set, objects_of_a_kind_lie_together)
{
	struct ls_set set = ACTUAL("link name=a", "link name=b", "route to=10.0.0.0/8 dev=a");
	size_t to;

	cr_assert_eq(ls_set_of_kind(&set, &ls_kind_link, &to), 0);
	cr_assert_eq(to, 2);
	cr_assert_eq(ls_set_of_kind(&set, &ls_kind_address, &to), 2);
	cr_assert_eq(to, 2);
	cr_assert_eq(ls_set_of_kind(&set, &ls_kind_route, &to), 2);
	cr_assert_eq(to, 3);
	ls_set_done(&set);
}

Test(set, links_are_found_by_name)
{
	struct ls_set set = ACTUAL("link name=a mtu=7", "link name=b mtu=8", "address dev=c address=192.0.2.1");

	cr_assert_eq(ls_set_link(&set, "b")->mtu, 8);
	cr_assert_null(ls_set_link(&set, "c"));
	ls_set_done(&set);
}

Test(set, adding_unsorts_and_sorting_again_is_idempotent)
{
	struct ls_set set = ACTUAL("link name=b");

	cr_assert(ls_set_is_sorted(&set));
	cr_assert_eq(ls_set_add(&set, build("link name=a")), 0);
	cr_assert_not(ls_set_is_sorted(&set));
	build_sort(&set);
	build_sort(&set);
	cr_assert_str_eq(name_at(&set, 0), "link a");
	ls_set_done(&set);
}
