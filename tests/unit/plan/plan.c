/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan does about each object: add, change, replace, delete, leave alone, or refuse. */
#include "tools.h"

#define NOTHING ""

TestSuite(plan);

/* ---- one object -------------------------------------------------------------------------------------------------- */

Test(plan, from_nothing_to_nothing_is_nothing)
{
	assert_plan(WANTED(), ACTUAL(), NOTHING);
}

Test(plan, what_is_missing_is_added)
{
	assert_plan(WANTED("link name=d0 type=dummy", "address dev=d0 address=192.0.2.1/24",
			    "route to=10.0.0.0/8 via=192.0.2.2 dev=d0"),
		ACTUAL(), "make + link d0\nmake + address 192.0.2.1/24 dev d0\nmake + route 10.0.0.0/8\n");
}

Test(plan, what_is_as_wanted_is_left_alone)
{
	assert_plan(WANTED("link name=d0 type=dummy mtu=1500 up=true", "address dev=d0 address=192.0.2.1/24",
			    "sysctl path=net/ipv4/ip_forward value=1"),
		ACTUAL("link name=d0 type=dummy mtu=1500 up=true mac=02:00:00:00:00:01 index=3 ours",
			"address dev=d0 address=192.0.2.1/24 ours", "sysctl path=net/ipv4/ip_forward value=1"),
		NOTHING);
}

Test(plan, what_is_ours_and_not_wanted_is_deleted)
{
	assert_plan(WANTED(),
		ACTUAL("link name=d0 type=dummy ours", "address dev=d0 address=192.0.2.1/24 ours",
			"route to=10.0.0.0/8 via=192.0.2.2 dev=d0 ours"),
		"break - route 10.0.0.0/8\nbreak - address 192.0.2.1/24 dev d0\nbreak - link d0\n");
}

Test(plan, what_is_not_ours_and_not_wanted_is_left_alone)
{
	assert_plan(WANTED(),
		ACTUAL("link name=eth0 up=true", "address dev=eth0 address=192.0.2.1/24",
			"address dev=eth0 address=fe80::1/64 derived", "route to=0.0.0.0/0 via=192.0.2.2 dev=eth0",
			"sysctl path=net/ipv4/ip_forward value=1"),
		NOTHING);
}

Test(plan, a_link_changes_in_place)
{
	assert_plan(WANTED("link name=d0 type=dummy mtu=1400 mac=02:00:00:00:00:02"),
		ACTUAL("link name=d0 type=dummy mtu=1500 mac=02:00:00:00:00:01 ours"),
		"make ~ link d0 mtu=1400 mac=02:00:00:00:00:02\n");
}

Test(plan, a_route_is_replaced_in_one_message)
{
	assert_plan(WANTED("route to=10.0.0.0/8 via=192.0.2.3 dev=d0"),
		ACTUAL("route to=10.0.0.0/8 via=192.0.2.2 dev=d0 ours"), "make = route 10.0.0.0/8 via=192.0.2.3\n");
}

Test(plan, what_cannot_change_is_deleted_first_and_added)
{
	assert_plan(WANTED("address dev=d0 address=192.0.2.1/24 scope=link"),
		ACTUAL("address dev=d0 address=192.0.2.1/24 scope=global ours"),
		"early - address 192.0.2.1/24 dev d0\nmake + address 192.0.2.1/24 dev d0\n");
}

Test(plan, another_key_is_another_object_and_comes_before_the_old_one_goes)
{
	assert_plan(WANTED("route to=10.0.0.0/8 via=192.0.2.2 dev=d0 metric=5"),
		ACTUAL("route to=10.0.0.0/8 via=192.0.2.2 dev=d0 metric=9 ours"),
		"make + route 10.0.0.0/8 metric 5\nbreak - route 10.0.0.0/8 metric 9\n");
}

Test(plan, addresses_of_different_subnets_are_made_before_they_are_broken)
{
	assert_plan(WANTED("address dev=d0 address=198.51.100.1/24", "address dev=d0 address=2001:db8::2/64"),
		ACTUAL("address dev=d0 address=192.0.2.1/24 ours", "address dev=d0 address=2001:db8::1/64 ours"),
		"make + address 198.51.100.1/24 dev d0\nmake + address 2001:db8::2/64 dev d0\n"
		"break - address 2001:db8::1/64 dev d0\nbreak - address 192.0.2.1/24 dev d0\n");
}

Test(plan, a_sysctl_is_changed_and_never_deleted)
{
	assert_plan(WANTED("sysctl path=net/ipv4/ip_forward value=1"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=0"), "make ~ sysctl net/ipv4/ip_forward value=1\n");
	assert_plan(WANTED(), ACTUAL("sysctl path=net/ipv4/ip_forward value=1 ours"), NOTHING);
}

/* ---- strangers --------------------------------------------------------------------------------------------------- */

Test(plan, a_strangers_object_in_the_way_is_a_conflict)
{
	assert_plan(WANTED("route to=10.0.0.0/8 via=192.0.2.2 dev=d0"),
		ACTUAL("route to=10.0.0.0/8 via=192.0.2.9 dev=d0"), "conflict route 10.0.0.0/8\n");
	assert_plan(WANTED("link name=d0 type=dummy mtu=1400"), ACTUAL("link name=d0 type=dummy mtu=1500"),
		"conflict link d0\n");
	assert_plan(WANTED("address dev=d0 address=2001:db8::1/64"), ACTUAL("address dev=d0 address=2001:db8::1/128"),
		"conflict address 2001:db8::1/128 dev d0\n");
}

Test(plan, an_object_that_the_kernel_made_otherwise_is_a_conflict)
{
	assert_plan(WANTED("route to=2001:db8::/64 via=fe80::1 dev=d0 metric=256"),
		ACTUAL("route to=2001:db8::/64 dev=d0 metric=256 derived"),
		"conflict route 2001:db8::/64 metric 256\n");
}

Test(plan, a_strangers_object_that_is_as_wanted_satisfies)
{
	assert_plan(WANTED("route to=10.0.0.0/8 via=192.0.2.2 dev=d0", "address dev=d0 address=192.0.2.1/24"),
		ACTUAL("route to=10.0.0.0/8 via=192.0.2.2 dev=d0", "address dev=d0 address=192.0.2.1/24"),
		"satisfied 2\n");
}

Test(plan, an_address_with_a_lifetime_does_not_satisfy)
{
	assert_plan(WANTED("address dev=d0 address=192.0.2.1/24"),
		ACTUAL("address dev=d0 address=192.0.2.1/24 dynamic=true"), "conflict address 192.0.2.1/24 dev d0\n");
}

Test(plan, a_strangers_object_may_be_adopted)
{
	assert_plan(WANTED("route to=10.0.0.0/8 via=192.0.2.2 dev=d0 adopt"),
		ACTUAL("route to=10.0.0.0/8 via=192.0.2.9 dev=d0"), "make = route 10.0.0.0/8 via=192.0.2.2\n");
}

Test(plan, all_strangers_objects_may_be_adopted)
{
	assert_plan_with(WANTED("route to=10.0.0.0/8 via=192.0.2.2 dev=d0", "address dev=d0 address=192.0.2.1/24"),
		ACTUAL("route to=10.0.0.0/8 via=192.0.2.9 dev=d0", "address dev=d0 address=192.0.2.1/24 dynamic=true"),
		(struct ls_plan_options){ .adopt = true },
		"make ~ address 192.0.2.1/24 dev d0 -dynamic\nmake = route 10.0.0.0/8 via=192.0.2.2\n");
}

Test(plan, a_strangers_link_of_another_type_is_not_even_adopted)
{
	assert_plan_with(WANTED("link name=d0 type=bridge"), ACTUAL("link name=d0 type=dummy"),
		(struct ls_plan_options){ .adopt = true }, "conflict link d0\n");
}

Test(plan, a_matched_link_is_changed_though_it_is_not_ours)
{
	assert_plan(WANTED("link name=eth0 mtu=1400 up=true adjust"), ACTUAL("link name=eth0 mtu=1500 up=false"),
		"make ~ link eth0 mtu=1400\nmake ~ link eth0 up=true\n");
}

Test(plan, a_matched_link_that_is_not_there_is_a_conflict)
{
	assert_plan(WANTED("link name=eth0 mtu=1400 adjust"), ACTUAL("link name=eth1"), "conflict link eth0\n");
}

Test(plan, a_conflict_names_both_objects)
{
	struct ls_set want = WANTED("route to=10.0.0.0/8 via=192.0.2.2 dev=d0"),
		      have = ACTUAL("route to=10.0.0.0/8 via=192.0.2.9 dev=d0");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->n_conflicts, 1);
	cr_assert_eq(plan->conflicts[0].want, want.objects[0]);
	cr_assert_eq(plan->conflicts[0].have, have.objects[0]);
	cr_assert_not_null(plan->conflicts[0].reason);
	ls_plan_free(plan);
}

/* ---- several objects in one slot --------------------------------------------------------------------------------- */

Test(plan, a_wanted_route_finds_its_like_among_several_in_its_slot)
{
	assert_plan(WANTED("route to=2001:db8::/32 via=fe80::2 dev=d0"),
		ACTUAL("route to=2001:db8::/32 via=fe80::1 dev=d0", "route to=2001:db8::/32 via=fe80::2 dev=d0 ours"),
		NOTHING);
}

Test(plan, our_route_beside_a_strangers_is_deleted_alone)
{
	assert_plan(WANTED(),
		ACTUAL("route to=2001:db8::/32 via=fe80::1 dev=d0", "route to=2001:db8::/32 via=fe80::2 dev=d0 ours"),
		"break - route 2001:db8::/32 metric 1024\n");
}

Test(plan, joining_several_strangers_is_a_conflict)
{
	assert_plan(WANTED("route to=2001:db8::/32 via=fe80::3 dev=d0"),
		ACTUAL("route to=2001:db8::/32 via=fe80::1 dev=d0", "route to=2001:db8::/32 via=fe80::2 dev=d0"),
		"conflict route 2001:db8::/32 metric 1024\n");
}

/* NLM_F_REPLACE works on the first route of the slot, whoever made it. */
Test(plan, our_route_that_shares_its_slot_with_a_strangers_is_not_replaced)
{
	assert_plan(WANTED("route to=10.0.0.0/8 via=192.0.2.3 dev=d0"),
		ACTUAL("route to=10.0.0.0/8 via=192.0.2.1 dev=d0", "route to=10.0.0.0/8 via=192.0.2.2 dev=d0 ours"),
		"conflict route 10.0.0.0/8\n");
}

Test(plan, of_several_of_ours_in_a_slot_one_stays)
{
	struct ls_set want = WANTED("route to=2001:db8::/32 via=fe80::2 dev=d0");
	struct ls_set have = ACTUAL(
		"route to=2001:db8::/32 via=fe80::1 dev=d0 ours", "route to=2001:db8::/32 via=fe80::2 dev=d0 ours");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->n_steps, 1);
	cr_assert_eq(plan->steps[0].op, LS_OP_DELETE);
	cr_assert_eq(plan->steps[0].have, have.objects[0]);
	ls_plan_free(plan);
}

Test(plan, siblings_are_added_beside_what_is_there)
{
	assert_plan(WANTED("route to=2001:db8::/32 via=fe80::1 dev=d0 sibling",
			    "route to=2001:db8::/32 via=fe80::2 dev=d0 sibling"),
		ACTUAL("route to=2001:db8::/32 via=fe80::1 dev=d0"),
		"make + route 2001:db8::/32 metric 1024\nsatisfied 1\n");
}

/* ---- the plan as such -------------------------------------------------------------------------------------------- */

#define MIXED_WANT \
	"link name=d0 type=dummy mtu=1500 up=true", "link name=v10 type=vlan parent=d0 vlan_id=10 up=true", \
		"link name=br0 type=bridge up=true", "address dev=v10 address=192.0.2.1/24", \
		"address dev=br0 address=2001:db8::1/64", "route to=0.0.0.0/0 via=192.0.2.254 dev=v10", \
		"sysctl path=net/ipv4/ip_forward value=1", "sysctl path=net/ipv6/conf/br0/accept_ra value=0"
#define MIXED_HAVE \
	"link name=d0 type=dummy mtu=1400 up=true ours", "link name=v20 type=vlan parent=d0 vlan_id=10 ours", \
		"link name=br0 type=bridge up=true ours", "address dev=d0 address=192.0.2.1/24 ours", \
		"sysctl path=net/ipv4/ip_forward value=0", "sysctl path=net/ipv4/conf/d0/forwarding value=0"

static char *mixed_text(struct ls_set want, struct ls_set have)
{
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });
	char *text = plan_text(plan);

	ls_plan_free(plan);
	return text;
}

Test(plan, the_same_sets_give_the_same_plan)
{
	char *first = mixed_text(WANTED(MIXED_WANT), ACTUAL(MIXED_HAVE));

	for (int i = 0; i < 20; i++) {
		char *again = mixed_text(WANTED(MIXED_WANT), ACTUAL(MIXED_HAVE));

		assert_text(again, first);
		free(again);
	}
	free(first);
}

static struct ls_set shuffled(const char *const *texts, size_t n, struct ls_object *(*one)(const char *), size_t by)
{
	struct ls_set set;

	build_begin(&set);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(ls_set_add(&set, one(texts[(i * 5 + by) % n])), 0);
	build_sort(&set);
	return set;
}

Test(plan, the_order_in_which_objects_came_does_not_matter)
{
	static const char *const want[] = { MIXED_WANT }, *const have[] = { MIXED_HAVE };
	char *first = mixed_text(WANTED(MIXED_WANT), ACTUAL(MIXED_HAVE));

	_Static_assert(LS_ARRAY_SIZE(want) % 5 && LS_ARRAY_SIZE(have) % 5, "a permutation");
	for (size_t by = 0; by < 8; by++) {
		char *again = mixed_text(shuffled(want, LS_ARRAY_SIZE(want), build_wanted, by),
			shuffled(have, LS_ARRAY_SIZE(have), build, by));

		assert_text(again, first);
		free(again);
	}
	free(first);
}

Test(plan, steps_know_what_was_dumped_and_what_differs)
{
	struct ls_set want = WANTED("link name=d0 type=dummy mtu=1400"),
		      have = ACTUAL("link name=d0 type=dummy mtu=1500 ours");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->n_steps, 1);
	cr_assert_eq(plan->steps[0].before, have.objects[0]);
	cr_assert_eq(plan->steps[0].have, have.objects[0]);
	cr_assert_eq(plan->steps[0].want, want.objects[0]);
	cr_assert_eq(plan->steps[0].attrs, LS_BIT(LS_LINK_MTU));
	cr_assert_not(plan->steps[0].partial);
	ls_plan_free(plan);
}

Test(plan, a_step_that_the_spec_alone_does_not_explain_has_a_reason)
{
	struct ls_set want = WANTED("link name=d0 type=dummy", "address dev=d0 address=192.0.2.1/24");
	struct ls_set have = ACTUAL("link name=d0 type=bridge ours", "address dev=d0 address=192.0.2.1/24 ours");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->n_steps, 3);
	cr_assert_null(plan->steps[0].reason);
	cr_assert_null(plan->steps[1].reason);
	cr_assert_not_null(plan->steps[2].reason);
	ls_plan_free(plan);
}
