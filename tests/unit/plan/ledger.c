/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was displaced is kept, and given back where it is still what linkspan wrote. */
#include "tools.h"

TestSuite(ledger);

/* A host over several generations: the ledger is carried along, the actual set is given anew each time. */
static struct ls_ledger ledger;
static size_t n_kept; /* objects that were a stranger's when they were to be given back */

static void carry_out(struct ls_set want, struct ls_set have, const char *expected)
{
	struct ls_ledger next = { 0 };
	struct ls_set wanted, kept;
	struct ls_plan *plan;
	char *text;

	build_begin(&wanted);
	build_begin(&kept);
	for (size_t i = 0; i < want.n_objects; i++)
		cr_assert_eq(ls_set_add(&wanted, ls_object_copy(build_arena(), want.objects[i])), 0);
	build_sort(&wanted);
	cr_assert_eq(ls_plan_give_back(&ledger, &wanted, &have, &kept), 0);
	n_kept = kept.n_objects;
	plan = plan_of(&wanted, &have, (struct ls_plan_options){ 0 });
	text = plan_text(plan);
	assert_text(text, expected);
	cr_assert_eq(ls_plan_next_ledger(&ledger, plan, &want, &have, build_arena(), &next), 0);
	free(text);
	ls_plan_free(plan);
	ls_ledger_done(&ledger);
	ledger = next;
}

static const struct ls_original *entry(const char *key)
{
	const struct ls_object *object = build(key);

	for (size_t i = 0; i < ledger.n_originals; i++)
		if (!ls_object_compare(ledger.originals[i].original, object))
			return &ledger.originals[i];
	cr_assert_fail("nothing displaced: %s", key);
	return NULL;
}

static const char *value_of(const struct ls_object *object)
{
	return ((const struct ls_sysctl *)object)->value;
}

/* Links that are there, and not ours. */
#define HOST(...) ACTUAL("link name=eth0", "link name=eth1", __VA_ARGS__)
#define SYSCTL(value) "sysctl path=net/ipv4/conf/eth0/rp_filter value=" value

/* ---- MTUs -------------------------------------------------------------------------------------------------------- */

/* Unless somebody else has changed them since. */
Test(ledger, links_have_the_mtus_that_are_given_back)
{
	static const struct {
		const char *now;
		uint32_t mtu;
	} rows[] = { { "link name=eth1 mtu=1300", 1500 }, { "link name=eth1 mtu=1400", 1400 } };

	carry_out(WANTED("link name=eth1 mtu=1300 adjust"),
		ACTUAL("link name=eth0 mtu=9000", "link name=eth1 mtu=1500"), "make ~ link eth1 mtu=1300\n");
	for (size_t i = 0; i < LS_ARRAY_SIZE(rows); i++) {
		struct ls_set actual = ACTUAL("link name=eth0 mtu=9000", rows[i].now), links;

		build_begin(&links);
		cr_assert_eq(ls_plan_links_given_back(&ledger, &actual, &links), 0);
		cr_assert(ls_set_is_sorted(&links) && links.n_objects == 2);
		cr_expect_eq(ls_set_link(&links, "eth0")->mtu, 9000);
		cr_expect_eq(ls_set_link(&links, "eth1")->mtu, rows[i].mtu);
		cr_expect_eq(ls_set_link(&actual, "eth1")->mtu != rows[i].mtu, i == 0, "that of what is there");
		ls_set_done(&links);
	}
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

Test(ledger, a_displaced_value_is_kept_and_given_back)
{
	carry_out(WANTED(SYSCTL("2")), HOST(SYSCTL("1")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\n");
	cr_assert_eq(ledger.n_originals, 1);
	cr_assert_str_eq(value_of(entry(SYSCTL("1"))->original), "1");
	cr_assert_str_eq(value_of(entry(SYSCTL("1"))->written), "2");
	carry_out(WANTED(), HOST(SYSCTL("2")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=1\n");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, a_value_that_was_there_already_needs_no_giving_back)
{
	carry_out(WANTED(SYSCTL("1")), HOST(SYSCTL("1")), "");
	carry_out(WANTED(), HOST(SYSCTL("1")), "");
	cr_assert_eq(ledger.n_originals, 0);
}

/* A stranger changed it meanwhile and we put it right: his value is not the original. */
Test(ledger, a_value_that_was_there_already_is_the_original_of_a_later_repair)
{
	carry_out(WANTED(SYSCTL("1")), HOST(SYSCTL("1")), "");
	carry_out(WANTED(SYSCTL("1")), HOST(SYSCTL("0")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=1\n");
	carry_out(WANTED(), HOST(SYSCTL("1")), "");
}

Test(ledger, the_first_value_displaced_is_the_one_that_counts)
{
	carry_out(WANTED(SYSCTL("2")), HOST(SYSCTL("1")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\n");
	carry_out(WANTED(SYSCTL("0")), HOST(SYSCTL("2")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=0\n");
	cr_assert_str_eq(value_of(entry(SYSCTL("1"))->original), "1");
	cr_assert_str_eq(value_of(entry(SYSCTL("1"))->written), "0");
	carry_out(WANTED(SYSCTL("0")), HOST(SYSCTL("0")), "");
	carry_out(WANTED(), HOST(SYSCTL("0")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=1\n");
}

Test(ledger, a_value_that_a_stranger_wrote_since_is_not_overwritten)
{
	carry_out(WANTED(SYSCTL("2")), HOST(SYSCTL("1")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\n");
	carry_out(WANTED(), HOST(SYSCTL("0")), "");
	cr_assert_eq(n_kept, 1);
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, a_value_that_is_the_original_again_needs_no_step)
{
	carry_out(WANTED(SYSCTL("2")), HOST(SYSCTL("1")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\n");
	carry_out(WANTED(), HOST(SYSCTL("1")), "");
	cr_assert_eq(ledger.n_originals, 0);
}

/* Drift put right is no second displacement. */
Test(ledger, a_strangers_value_that_is_overwritten_again_does_not_become_the_original)
{
	carry_out(WANTED(SYSCTL("2")), HOST(SYSCTL("1")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\n");
	carry_out(WANTED(SYSCTL("2")), HOST(SYSCTL("0")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\n");
	cr_assert_str_eq(value_of(entry(SYSCTL("1"))->original), "1");
}

Test(ledger, a_sysctl_of_a_link_of_ours_goes_with_the_link)
{
	const char *path = "sysctl path=net/ipv6/conf/d0/accept_ra value=0";

	carry_out(WANTED("link name=d0 type=dummy", path),
		ACTUAL("link name=d0 type=dummy ours", "sysctl path=net/ipv6/conf/d0/accept_ra value=1"),
		"make ~ sysctl net/ipv6/conf/d0/accept_ra value=0\n");
	carry_out(WANTED(), ACTUAL("link name=d0 type=dummy ours", path), "break - link d0\n");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, a_sysctl_of_a_link_that_is_gone_is_forgotten)
{
	carry_out(WANTED(SYSCTL("2")), HOST(SYSCTL("1")), "make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\n");
	carry_out(WANTED(), ACTUAL(), "");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, several_entries_are_independent)
{
	carry_out(WANTED("sysctl path=net/a value=1", "sysctl path=net/b value=1"),
		ACTUAL("sysctl path=net/a value=0", "sysctl path=net/b value=0"),
		"make ~ sysctl net/a value=1\nmake ~ sysctl net/b value=1\n");
	carry_out(WANTED("sysctl path=net/b value=1"), ACTUAL("sysctl path=net/a value=1", "sysctl path=net/b value=1"),
		"make ~ sysctl net/a value=0\n");
	cr_assert_eq(ledger.n_originals, 1);
	carry_out(WANTED(), ACTUAL("sysctl path=net/a value=0", "sysctl path=net/b value=1"),
		"make ~ sysctl net/b value=0\n");
}

/* ---- values that another write overwrites ------------------------------------------------------------------------ */

#define FORWARD(value) "sysctl path=net/ipv4/ip_forward value=" value
#define LINK_FORWARD(link, value) "sysctl path=net/ipv4/conf/" link "/forwarding value=" value

/* Writing 0 again brings eth0 back by itself, and would take eth1 along. */
Test(ledger, overwritten_values_are_given_back_with_their_writer)
{
	carry_out(WANTED(FORWARD("1")), HOST(FORWARD("0"), LINK_FORWARD("eth0", "0"), LINK_FORWARD("eth1", "1")),
		"make ~ sysctl net/ipv4/ip_forward value=1\n");
	carry_out(WANTED(FORWARD("1")), HOST(FORWARD("1"), LINK_FORWARD("eth0", "1"), LINK_FORWARD("eth1", "1")), "");
	carry_out(WANTED(), HOST(FORWARD("1"), LINK_FORWARD("eth0", "1"), LINK_FORWARD("eth1", "1")),
		"make ~ sysctl net/ipv4/ip_forward value=0\nmake ~ sysctl net/ipv4/conf/eth1/forwarding value=1\n");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, an_overwritten_value_that_differs_from_its_writers_original_is_written_back)
{
	carry_out(WANTED(FORWARD("0")), HOST(FORWARD("1"), LINK_FORWARD("eth0", "1"), LINK_FORWARD("eth1", "0")),
		"make ~ sysctl net/ipv4/ip_forward value=0\n");
	carry_out(WANTED(), HOST(FORWARD("0"), LINK_FORWARD("eth0", "0"), LINK_FORWARD("eth1", "0")),
		"make ~ sysctl net/ipv4/ip_forward value=1\nmake ~ sysctl net/ipv4/conf/eth1/forwarding value=0\n");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, an_overwritten_value_that_a_stranger_changed_since_is_left_to_him)
{
	carry_out(WANTED(FORWARD("1")), HOST(FORWARD("0"), LINK_FORWARD("eth0", "0")),
		"make ~ sysctl net/ipv4/ip_forward value=1\n");
	carry_out(WANTED(FORWARD("1")), HOST(FORWARD("1"), LINK_FORWARD("eth0", "0")), "");
	cr_assert_str_eq(value_of(entry(LINK_FORWARD("eth0", "0"))->original), "0");
}

Test(ledger, an_overwritten_value_asked_for_as_well_has_one_original)
{
	carry_out(WANTED(FORWARD("1"), LINK_FORWARD("eth0", "0")), HOST(FORWARD("0"), LINK_FORWARD("eth0", "1")),
		"make ~ sysctl net/ipv4/ip_forward value=1\nmake ~ sysctl net/ipv4/conf/eth0/forwarding value=0\n");
	cr_assert_str_eq(value_of(entry(LINK_FORWARD("eth0", "1"))->original), "1");
	cr_assert_str_eq(value_of(entry(LINK_FORWARD("eth0", "1"))->written), "0");
	carry_out(WANTED(), HOST(FORWARD("1"), LINK_FORWARD("eth0", "0")),
		"make ~ sysctl net/ipv4/ip_forward value=0\nmake ~ sysctl net/ipv4/conf/eth0/forwarding value=1\n");
}

/* ---- matched links ----------------------------------------------------------------------------------------------- */

#define ETH0(rest) "link name=eth0 " rest

Test(ledger, a_matched_link_gets_back_what_was_changed_of_it)
{
	carry_out(WANTED(ETH0("mtu=1400 up=true adjust")), ACTUAL(ETH0("mtu=1500 up=false")),
		"make ~ link eth0 mtu=1400\nmake ~ link eth0 up=true\n");
	carry_out(WANTED(), ACTUAL(ETH0("mtu=1400 up=true")), "make ~ link eth0 mtu=1500 up=false\n");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, a_matched_link_gets_back_only_what_nobody_asks_for_any_more)
{
	carry_out(WANTED(ETH0("mtu=1400 up=true adjust")), ACTUAL(ETH0("mtu=1500 up=false")),
		"make ~ link eth0 mtu=1400\nmake ~ link eth0 up=true\n");
	carry_out(WANTED(ETH0("up=true adjust")), ACTUAL(ETH0("mtu=1400 up=true")), "make ~ link eth0 mtu=1500\n");
	cr_assert_eq(entry("link name=eth0")->original->managed, LS_BIT(LS_LINK_UP));
	carry_out(WANTED(), ACTUAL(ETH0("mtu=1500 up=true")), "make ~ link eth0 up=false\n");
}

Test(ledger, attributes_of_a_matched_link_enter_one_by_one)
{
	carry_out(WANTED(ETH0("mtu=1400 adjust")), ACTUAL(ETH0("mtu=1500 up=false")), "make ~ link eth0 mtu=1400\n");
	carry_out(WANTED(ETH0("mtu=1300 up=true adjust")), ACTUAL(ETH0("mtu=1400 up=false")),
		"make ~ link eth0 mtu=1300\nmake ~ link eth0 up=true\n");
	cr_assert_eq(ledger.n_originals, 1);
	carry_out(WANTED(), ACTUAL(ETH0("mtu=1300 up=true")), "make ~ link eth0 mtu=1500 up=false\n");
}

Test(ledger, of_a_matched_link_only_what_is_still_ours_is_given_back)
{
	carry_out(WANTED(ETH0("mtu=1400 up=true adjust")), ACTUAL(ETH0("mtu=1500 up=false")),
		"make ~ link eth0 mtu=1400\nmake ~ link eth0 up=true\n");
	carry_out(WANTED(), ACTUAL(ETH0("mtu=9000 up=true")), "make ~ link eth0 up=false\n");
}

Test(ledger, a_port_that_was_none_before_leaves_the_bridge)
{
	carry_out(WANTED("link name=br0 type=bridge", ETH0("master=br0 adjust")), ACTUAL(ETH0("")),
		"make + link br0\nmake ~ link eth0 master=br0\n");
	carry_out(WANTED(), ACTUAL("link name=br0 type=bridge ours", ETH0("master=br0")),
		"make ~ link eth0 -master\nbreak - link br0\n");
}

Test(ledger, a_port_goes_back_to_the_bridge_it_came_from)
{
	carry_out(WANTED("link name=br0 type=bridge", ETH0("master=br0 adjust")),
		ACTUAL("link name=x type=bridge", ETH0("master=x")), "make + link br0\nmake ~ link eth0 master=br0\n");
	carry_out(WANTED(), ACTUAL("link name=x type=bridge", "link name=br0 type=bridge ours", ETH0("master=br0")),
		"make ~ link eth0 master=x\nbreak - link br0\n");
}

/* ---- adopted objects --------------------------------------------------------------------------------------------- */

#define ROUTE(via) "route to=10.0.0.0/8 dev=eth0 via=192.0.2." via

Test(ledger, an_adopted_object_is_given_back_whole)
{
	carry_out(WANTED(ROUTE("2 adopt")), ACTUAL(ROUTE("9 mtu=1400 protocol=4 raw")),
		"make = route 10.0.0.0/8 via=192.0.2.2 -mtu\n");
	cr_assert_eq(ledger.n_originals, 1);
	carry_out(WANTED(), ACTUAL(ROUTE("2 protocol=108 ours")), "make = route 10.0.0.0/8 via=192.0.2.9 mtu=1400\n");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, an_adopted_object_that_changes_keeps_its_original)
{
	carry_out(WANTED(ROUTE("2 adopt")), ACTUAL(ROUTE("9 raw")), "make = route 10.0.0.0/8 via=192.0.2.2\n");
	carry_out(WANTED(ROUTE("3 adopt")), ACTUAL(ROUTE("2 ours")), "make = route 10.0.0.0/8 via=192.0.2.3\n");
	carry_out(WANTED(), ACTUAL(ROUTE("3 ours")), "make = route 10.0.0.0/8 via=192.0.2.9\n");
}

Test(ledger, an_adopted_object_that_a_stranger_replaced_is_left_to_him)
{
	carry_out(WANTED(ROUTE("2 adopt")), ACTUAL(ROUTE("9 raw")), "make = route 10.0.0.0/8 via=192.0.2.2\n");
	carry_out(WANTED(), ACTUAL(ROUTE("7")), "");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, an_adopted_address_that_is_made_anew_is_given_back)
{
	carry_out(WANTED("address dev=d0 address=2001:db8::1/64 adopt"),
		ACTUAL("address dev=d0 address=2001:db8::1/128 raw"),
		"early - address 2001:db8::1/128 dev d0\nmake + address 2001:db8::1/64 dev d0\n");
	cr_assert_eq(ledger.n_originals, 1);
	carry_out(WANTED(), ACTUAL("address dev=d0 address=2001:db8::1/64 ours"),
		"early - address 2001:db8::1/64 dev d0\nmake + address 2001:db8::1/128 dev d0 foreign\n");
}

Test(ledger, what_only_satisfied_is_not_ours_to_give_back)
{
	carry_out(WANTED(ROUTE("2")), ACTUAL(ROUTE("2 raw")), "satisfied 1\n");
	cr_assert_eq(ledger.n_originals, 0);
	carry_out(WANTED(), ACTUAL(ROUTE("2 raw")), "");
}

Test(ledger, what_was_put_back_on_the_way_is_not_displaced)
{
	carry_out(WANTED("link name=d0 type=dummy"),
		ACTUAL("link name=d0 type=bridge ours", "address dev=d0 address=192.0.2.1/24 raw"),
		"early - link d0\nmake + link d0\nmake + address 192.0.2.1/24 dev d0 foreign\n");
	cr_assert_eq(ledger.n_originals, 0);
}

Test(ledger, our_own_objects_are_not_displaced)
{
	carry_out(WANTED("link name=d0 type=dummy mtu=1400", ROUTE("3")),
		ACTUAL("link name=d0 type=dummy mtu=1500 ours", ROUTE("2 ours")),
		"make ~ link d0 mtu=1400\nmake = route 10.0.0.0/8 via=192.0.2.3\n");
	cr_assert_eq(ledger.n_originals, 0);
}

/* A set that is asked for is not changed by giving back: the objects of `want` stay what they are. */
Test(ledger, giving_back_inserts_in_order)
{
	struct ls_set want = WANTED("sysctl path=net/a value=1", "sysctl path=net/z value=1"),
		      have = ACTUAL("sysctl path=net/m value=5");
	struct ls_set kept;

	carry_out(WANTED("sysctl path=net/m value=5"), ACTUAL("sysctl path=net/m value=4"),
		"make ~ sysctl net/m value=5\n");
	build_begin(&kept);
	cr_assert_eq(ls_plan_give_back(&ledger, &want, &have, &kept), 0);
	cr_assert_eq(want.n_objects, 3);
	cr_assert_str_eq(((struct ls_sysctl *)want.objects[1])->path, "net/m");
	cr_assert_str_eq(value_of(want.objects[1]), "4");
}
