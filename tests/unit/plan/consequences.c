/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel does on its own account when steps are carried out, and that a plan knows it: dependants that go and
 * come back, strangers that would go, values that are overwritten.
 */
#include "tools.h"

#define NOTHING ""

static const struct ls_plan_options forced = { .force = true };

TestSuite(consequences);

/* ---- links that are made anew ------------------------------------------------------------------------------------ */

#define D0_ANEW "link name=d0 type=dummy mtu=1500 up=true"
#define D0_BEFORE "link name=d0 type=bridge mtu=1500 up=true ours"

Test(consequences, a_link_made_anew_brings_back_what_stands_on_it)
{
	assert_plan(WANTED(D0_ANEW, "address dev=d0 address=192.0.2.1/24", "route to=10.0.0.0/8 via=192.0.2.2 dev=d0",
			    "sysctl path=net/ipv6/conf/d0/accept_ra value=0"),
		ACTUAL(D0_BEFORE, "address dev=d0 address=192.0.2.1/24 ours",
			"route to=10.0.0.0/8 via=192.0.2.2 dev=d0 ours",
			"sysctl path=net/ipv6/conf/d0/accept_ra value=0"),
		"early - link d0\nmake + link d0\nmake + sysctl net/ipv6/conf/d0/accept_ra\nmake ~ link d0 up=true\n"
		"make + address 192.0.2.1/24 dev d0\nmake + route 10.0.0.0/8\n");
}

Test(consequences, a_link_made_anew_brings_back_what_strangers_put_on_it)
{
	assert_plan(WANTED(D0_ANEW),
		ACTUAL(D0_BEFORE, "address dev=d0 address=192.0.2.1/24 raw",
			"route to=10.0.0.0/8 via=192.0.2.2 dev=d0 raw"),
		"early - link d0\nmake + link d0\nmake ~ link d0 up=true\nmake + address 192.0.2.1/24 dev d0 foreign\n"
		"make + route 10.0.0.0/8 foreign\n");
}

Test(consequences, what_the_kernel_made_on_a_link_is_left_to_the_kernel)
{
	assert_plan(WANTED(D0_ANEW),
		ACTUAL(D0_BEFORE, "address dev=d0 address=fe80::1/64 derived raw",
			"route to=fe80::/64 dev=d0 metric=256 derived raw"),
		"early - link d0\nmake + link d0\nmake ~ link d0 up=true\n");
}

Test(consequences, ours_on_a_link_made_anew_that_is_not_wanted_goes_before_it)
{
	assert_plan(WANTED(D0_ANEW), ACTUAL(D0_BEFORE, "address dev=d0 address=192.0.2.1/24 ours"),
		"early - address 192.0.2.1/24 dev d0\nearly - link d0\nmake + link d0\nmake ~ link d0 up=true\n");
}

Test(consequences, what_satisfied_on_a_link_made_anew_is_added_by_us)
{
	assert_plan(WANTED(D0_ANEW, "address dev=d0 address=192.0.2.1/24"),
		ACTUAL(D0_BEFORE, "address dev=d0 address=192.0.2.1/24 raw"),
		"early - link d0\nmake + link d0\nmake ~ link d0 up=true\nmake + address 192.0.2.1/24 dev d0\n");
}

Test(consequences, a_vlan_goes_with_its_parent_and_comes_back)
{
	assert_plan(WANTED(D0_ANEW, "link name=a10 type=vlan parent=d0 vlan_id=10 up=true",
			    "address dev=a10 address=192.0.2.1/24"),
		ACTUAL(D0_BEFORE, "link name=a10 type=vlan parent=d0 vlan_id=10 up=true ours",
			"address dev=a10 address=192.0.2.1/24 ours"),
		"early - link d0\nmake + link d0\nmake + link a10\nmake ~ link d0 up=true\nmake ~ link a10 up=true\n"
		"make + address 192.0.2.1/24 dev a10\n");
}

Test(consequences, a_strangers_vlan_on_a_link_made_anew_is_a_conflict)
{
	assert_plan(WANTED(D0_ANEW), ACTUAL(D0_BEFORE, "link name=x10 type=vlan parent=d0 vlan_id=10"),
		"early - link d0\nmake + link d0\nmake ~ link d0 up=true\nconflict link x10\n");
}

Test(consequences, a_strangers_vlan_on_a_link_made_anew_goes_when_forced)
{
	assert_plan_with(WANTED(D0_ANEW), ACTUAL(D0_BEFORE, "link name=x10 type=vlan parent=d0 vlan_id=10"), forced,
		"early - link d0\nmake + link d0\nmake ~ link d0 up=true\n");
}

Test(consequences, ports_of_a_bridge_made_anew_are_put_back)
{
	assert_plan(WANTED("link name=br0 type=bridge", "link name=eth0 master=br0 adjust",
			    "link name=d1 type=dummy master=br0"),
		ACTUAL("link name=br0 type=dummy ours", "link name=eth0 master=br0",
			"link name=d1 type=dummy master=br0 ours"),
		"early - link br0\nmake + link br0\nmake ~ link d1 master=br0\nmake ~ link eth0 master=br0\n");
}

Test(consequences, a_port_of_a_bridge_made_anew_that_goes_is_none_by_then)
{
	assert_plan(WANTED("link name=br0 type=bridge"),
		ACTUAL("link name=br0 type=dummy ours", "link name=d1 type=dummy master=br0 ours"),
		"early - link br0\nmake + link br0\nbreak - link d1\n");
}

Test(consequences, a_strangers_port_of_a_bridge_made_anew_is_a_conflict)
{
	assert_plan(WANTED("link name=br0 type=bridge"),
		ACTUAL("link name=br0 type=dummy ours", "link name=eth0 master=br0"),
		"early - link br0\nmake + link br0\nconflict link eth0\n");
}

/* Two ends of one pair: one creation, one deletion; the end that sorts first stands for it. */
Test(consequences, a_pair_with_another_end_is_made_anew)
{
	assert_plan(WANTED("link name=a type=veth peer=c", "link name=c type=veth peer=a"),
		ACTUAL("link name=a type=veth peer=b ours", "link name=b type=veth peer=a ours"),
		"early - link b\nearly - link a\nmake + link a\nmake + link c\n");
}

/* ---- ports of vrfs and bonds ------------------------------------------------------------------------------------- */

#define BLUE "link name=blue type=vrf table=10"
#define BOND "link name=bo type=bond bond_mode=active-backup miimon=100"

Test(consequences, a_port_of_a_vrf_loses_ipv6_and_routes_which_come_back)
{
	assert_plan(WANTED(BLUE, "link name=eth0 master=blue adjust", "address dev=eth0 address=192.0.2.1/24",
			    "address dev=eth0 address=2001:db8::1/64", "route to=10.0.0.0/8 via=192.0.2.2 dev=eth0"),
		ACTUAL(BLUE " ours", "link name=eth0 up=true", "address dev=eth0 address=192.0.2.1/24 ours",
			"address dev=eth0 address=2001:db8::1/64 ours", "address dev=eth0 address=2001:db8::9/64 raw",
			"route to=10.0.0.0/8 via=192.0.2.2 dev=eth0 ours",
			"route to=10.9.0.0/16 via=192.0.2.2 dev=eth0 raw"),
		"make ~ link eth0 master=blue\nmake + address 2001:db8::1/64 dev eth0\n"
		"make + address 2001:db8::9/64 dev eth0 foreign\nmake + route 10.9.0.0/16 foreign\n"
		"make + route 10.0.0.0/8\n");
}

Test(consequences, a_vlan_goes_down_and_up_with_the_port_below)
{
	assert_plan(WANTED(BLUE, "link name=eth0 master=blue adjust"),
		ACTUAL(BLUE " ours", "link name=eth0 up=true", "link name=v type=vlan parent=eth0 vlan_id=5 up=true",
			"address dev=v address=2001:db8::9/64 raw"),
		"make ~ link eth0 master=blue\nmake + address 2001:db8::9/64 dev v foreign\n");
}

Test(consequences, a_port_that_a_vrf_lets_go_loses_ipv6_which_comes_back)
{
	assert_plan(WANTED("link name=blue type=vrf table=11", "link name=d0 type=dummy up=true",
			    "address dev=d0 address=2001:db8::1/64"),
		ACTUAL(BLUE " ours", "link name=d0 type=dummy master=blue up=true ours",
			"address dev=d0 address=2001:db8::1/64 ours"),
		"early - link blue\nmake + link blue\nmake + address 2001:db8::1/64 dev d0\n");
}

Test(consequences, a_port_that_a_bond_lets_go_comes_up_again)
{
	assert_plan(WANTED("link name=bo type=bond bond_mode=802.3ad miimon=100", "link name=d0 type=dummy up=true"),
		ACTUAL(BOND " ours", "link name=d0 type=dummy master=bo up=true ours"),
		"early ~ link d0 up=false\nearly - link bo\nmake + link bo\nmake ~ link d0 up=true\n");
}

Test(consequences, a_port_of_a_vrf_made_anew_that_goes_too_goes_with_it)
{
	assert_plan(WANTED("link name=blue type=vrf table=11", "link name=d1 type=dummy up=true",
			    "route to=10.0.0.0/8 dev=d1"),
		ACTUAL(BLUE " ours", "link name=d0 type=dummy master=blue up=true ours",
			"link name=d1 type=dummy up=true ours", "route to=10.0.0.0/8 dev=d0 ours"),
		"early - link d0\nearly - link blue\nmake + link blue\nmake + route 10.0.0.0/8\n");
}

Test(consequences, a_bond_takes_what_is_down)
{
	assert_plan(WANTED(BOND, "link name=eth0 master=bo up=true adjust"),
		ACTUAL(BOND " ours", "link name=eth0 up=true", "address dev=eth0 address=2001:db8::9/64 raw"),
		"early ~ link eth0 up=false\nmake ~ link eth0 master=bo up=true\n"
		"make + address 2001:db8::9/64 dev eth0 foreign\n");
	assert_plan(WANTED(BOND, "link name=eth0 master=bo up=true adjust"),
		ACTUAL(BOND " ours", "link name=eth0 up=false"), "make ~ link eth0 master=bo up=true\n");
}

Test(consequences, a_bond_leaves_down_what_it_lets_go)
{
	assert_plan(WANTED(BOND, "link name=eth0 -master up=true adjust"),
		ACTUAL(BOND " ours", "link name=eth0 master=bo up=true", "link name=eth1 master=bo up=true"),
		"early ~ link eth0 up=false\nmake ~ link eth0 -master\nmake ~ link eth0 up=true\n");
}

Test(consequences, a_bond_without_ports_keeps_its_address)
{
	assert_plan(WANTED(BOND " mac=02:00:00:00:00:01", "link name=eth0 -master up=false adjust"),
		ACTUAL(BOND " mac=02:00:00:00:00:01 ours", "link name=eth0 master=bo up=false"),
		"make ~ link eth0 -master\nmake ~ link bo mac=02:00:00:00:00:01\n");
	assert_plan(WANTED(BOND " mac=02:00:00:00:00:01"),
		ACTUAL(BOND " mac=02:00:00:00:00:01 ours", "link name=d0 type=dummy master=bo up=true ours"),
		"early - link d0\nmake ~ link bo mac=02:00:00:00:00:01\n");
}

/* ---- links that go ----------------------------------------------------------------------------------------------- */

Test(consequences, strangers_on_a_link_that_goes_are_conflicts)
{
	assert_plan(WANTED(),
		ACTUAL("link name=d0 type=dummy ours", "address dev=d0 address=192.0.2.1/24",
			"route to=10.0.0.0/8 via=192.0.2.2 dev=d0"),
		"break - link d0\nconflict address 192.0.2.1/24 dev d0\nconflict route 10.0.0.0/8\n");
	assert_plan(WANTED(), ACTUAL("link name=d0 type=dummy ours", "link name=x type=vlan parent=d0 vlan_id=1"),
		"break - link d0\nconflict link x\n");
}

Test(consequences, strangers_on_a_strangers_link_on_a_link_that_goes_are_conflicts_too)
{
	assert_plan(WANTED(),
		ACTUAL("link name=d0 type=dummy ours", "link name=x type=vlan parent=d0 vlan_id=1",
			"address dev=x address=192.0.2.1/24"),
		"break - link d0\nconflict link x\nconflict address 192.0.2.1/24 dev x\n");
}

Test(consequences, strangers_on_a_link_that_goes_go_when_forced)
{
	assert_plan_with(WANTED(),
		ACTUAL("link name=d0 type=dummy ours", "address dev=d0 address=192.0.2.1/24",
			"link name=x type=vlan parent=d0 vlan_id=1", "address dev=x address=198.51.100.1/24"),
		forced, "break - link d0\n");
}

Test(consequences, what_the_kernel_made_on_a_link_that_goes_is_no_conflict)
{
	assert_plan(WANTED(), ACTUAL("link name=d0 type=dummy ours", "address dev=d0 address=fe80::1/64 derived"),
		"break - link d0\n");
}

Test(consequences, a_strangers_port_of_a_bridge_that_goes_is_a_conflict)
{
	assert_plan(WANTED(), ACTUAL("link name=br0 type=bridge ours", "link name=eth0 master=br0"),
		"break - link br0\nconflict link eth0\n");
}

Test(consequences, a_port_leaves_its_bridge_before_the_bridge_goes)
{
	assert_plan(WANTED("link name=eth0 -master adjust"),
		ACTUAL("link name=br0 type=bridge ours", "link name=eth0 master=br0"),
		"make ~ link eth0 -master\nbreak - link br0\n");
}

/* ---- IPv4 addresses ---------------------------------------------------------------------------------------------- */

#define PRIMARY "address dev=eth0 address=192.0.2.1/24 ours"
#define PROMOTE(scope, value) "sysctl path=net/ipv4/conf/" scope "/promote_secondaries value=" value

Test(consequences, deleting_a_primary_address_brings_back_its_secondaries)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.2/24"),
		ACTUAL(PRIMARY, "address dev=eth0 address=192.0.2.2/24 secondary=true ours",
			"address dev=eth0 address=192.0.2.3/24 secondary=true raw"),
		"early - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.2/24 dev eth0\nmake + address "
		"192.0.2.3/24 dev eth0 foreign\n");
}

Test(consequences, secondaries_are_promoted_where_the_kernel_is_told_so)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.2/24"),
		ACTUAL(PRIMARY, "address dev=eth0 address=192.0.2.2/24 secondary=true ours", PROMOTE("eth0", "1"),
			PROMOTE("all", "0")),
		"break - address 192.0.2.1/24 dev eth0\n");
	assert_plan(WANTED("address dev=eth0 address=192.0.2.2/24"),
		ACTUAL(PRIMARY, "address dev=eth0 address=192.0.2.2/24 secondary=true ours", PROMOTE("eth0", "0"),
			PROMOTE("all", "1")),
		"break - address 192.0.2.1/24 dev eth0\n");
	assert_plan(WANTED("address dev=eth0 address=192.0.2.2/24"),
		ACTUAL(PRIMARY, "address dev=eth0 address=192.0.2.2/24 secondary=true ours", PROMOTE("eth1", "1"),
			PROMOTE("all", "0")),
		"early - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.2/24 dev eth0\n");
}

Test(consequences, a_sysctl_without_a_value_promotes_nothing)
{
	assert_plan(WANTED(), ACTUAL(PRIMARY, "sysctl path=net/ipv4/conf/all/promote_secondaries"),
		"break - address 192.0.2.1/24 dev eth0\n");
}

Test(consequences, deleting_a_secondary_address_leaves_the_others)
{
	assert_plan(WANTED(),
		ACTUAL("address dev=eth0 address=192.0.2.1/24",
			"address dev=eth0 address=192.0.2.2/24 secondary=true ours",
			"address dev=eth0 address=192.0.2.3/24 secondary=true"),
		"break - address 192.0.2.2/24 dev eth0\n");
}

/* A new neighbour in the subnet would become a secondary of the one that goes, and go along. */
Test(consequences, a_primary_goes_before_its_successor_in_the_subnet_comes)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.9/24"), ACTUAL(PRIMARY),
		"early - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.9/24 dev eth0\n");
}

Test(consequences, addresses_of_other_subnets_and_links_are_no_secondaries)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.200/25", "address dev=eth1 address=192.0.2.2/24"),
		ACTUAL(PRIMARY),
		"make + address 192.0.2.200/25 dev eth0\nmake + address 192.0.2.2/24 dev eth1\nbreak - address "
		"192.0.2.1/24 dev eth0\n");
}

Test(consequences, unwanted_secondaries_go_before_their_primary)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.7/24"),
		ACTUAL("address dev=eth0 address=192.0.2.5/24 ours",
			"address dev=eth0 address=192.0.2.2/24 secondary=true ours",
			"address dev=eth0 address=192.0.2.7/24 secondary=true ours"),
		"early - address 192.0.2.2/24 dev eth0\nearly - address 192.0.2.5/24 dev eth0\nmake + address "
		"192.0.2.7/24 dev eth0\n");
}

/* fib_disable_ip: without any IPv4 address a link loses every IPv4 route. */
Test(consequences, renumbering_a_link_brings_back_its_routes)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.9/24", "route to=0.0.0.0/0 via=192.0.2.254 dev=eth0"),
		ACTUAL(PRIMARY, "route to=0.0.0.0/0 via=192.0.2.254 dev=eth0 ours",
			"route to=10.0.0.0/8 via=192.0.2.254 dev=eth0 raw",
			"route to=192.0.2.0/24 dev=eth0 derived raw", "route to=2001:db8::/32 via=fe80::1 dev=eth0 raw",
			"route to=11.0.0.0/8 dev=eth1 raw"),
		"early - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.9/24 dev eth0\n"
		"make + route 10.0.0.0/8 foreign\nmake + route 0.0.0.0/0\n");
}

Test(consequences, a_link_that_keeps_an_address_keeps_its_routes)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.9/24", "route to=0.0.0.0/0 via=192.0.2.254 dev=eth0"),
		ACTUAL(PRIMARY, "address dev=eth0 address=198.51.100.1/24",
			"route to=0.0.0.0/0 via=192.0.2.254 dev=eth0 ours"),
		"early - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.9/24 dev eth0\n");
}

Test(consequences, what_is_wanted_on_a_link_without_addresses_comes_after_they_have_gone)
{
	assert_plan(
		WANTED("neighbour dev=eth0 address=192.0.2.9 mac=02:00:5e:00:53:01", "route to=10.0.0.0/8 dev=eth0"),
		ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth0 ours"),
		"early - address 192.0.2.1/24 dev eth0\nmake + neighbour 192.0.2.9 dev eth0\n"
		"make + route 10.0.0.0/8\n");
}

Test(consequences, strangers_routes_of_a_link_that_loses_its_last_ipv4_address_are_conflicts)
{
	assert_plan(WANTED(),
		ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth0 raw", "route to=2001:db8::/32 dev=eth0 raw"),
		"break - address 192.0.2.1/24 dev eth0\nconflict route 10.0.0.0/8\n");
	assert_plan_with(WANTED(), ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth0 raw"), forced,
		"break - address 192.0.2.1/24 dev eth0\n");
}

Test(consequences, routes_of_a_link_that_gets_another_subnet_stay)
{
	assert_plan(WANTED("address dev=eth0 address=198.51.100.1/24"),
		ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth0 raw"),
		"make + address 198.51.100.1/24 dev eth0\nbreak - address 192.0.2.1/24 dev eth0\n");
}

/* ---- preferred sources ------------------------------------------------------------------------------------------- */

Test(consequences, an_ipv4_route_goes_with_its_source_and_comes_back)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.1/24 scope=link",
			    "route to=10.0.0.0/8 dev=eth1 src=192.0.2.1"),
		ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth1 src=192.0.2.1 ours",
			"route to=11.0.0.0/8 dev=eth1 src=192.0.2.1 raw"),
		"early - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.1/24 dev eth0\nmake + route "
		"10.0.0.0/8\nmake + route 11.0.0.0/8 foreign\n");
}

Test(consequences, an_ipv6_route_loses_its_source_and_gets_it_back)
{
	assert_plan(WANTED("address dev=eth0 address=2001:db8::1/128",
			    "route to=::/0 via=fe80::1 dev=eth0 src=2001:db8::1"),
		ACTUAL("address dev=eth0 address=2001:db8::1/64 ours",
			"route to=::/0 via=fe80::1 dev=eth0 src=2001:db8::1 ours",
			"route to=2001:db8:1::/48 via=fe80::1 dev=eth0 src=2001:db8::1 raw"),
		"early - address 2001:db8::1/64 dev eth0\nmake + address 2001:db8::1/128 dev eth0\n"
		"make = route 2001:db8:1::/48 metric 1024 src=2001:db8::1\nmake = route ::/0 metric 1024 "
		"src=2001:db8::1\n");
}

Test(consequences, a_route_whose_source_changes_with_its_address_is_added_again)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.9/24", "route to=10.0.0.0/8 dev=eth1 src=192.0.2.9"),
		ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth1 src=192.0.2.1 ours"),
		"early - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.9/24 dev eth0\nmake + route "
		"10.0.0.0/8\n");
}

Test(consequences, a_route_that_is_not_wanted_goes_before_its_source)
{
	assert_plan(WANTED("address dev=eth0 address=192.0.2.9/24"),
		ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth1 src=192.0.2.1 ours"),
		"early - route 10.0.0.0/8\nearly - address 192.0.2.1/24 dev eth0\nmake + address 192.0.2.9/24 dev "
		"eth0\n");
}

Test(consequences, a_strangers_route_whose_source_goes_is_a_conflict)
{
	assert_plan(WANTED(), ACTUAL(PRIMARY, "route to=10.0.0.0/8 dev=eth1 src=192.0.2.1"),
		"break - address 192.0.2.1/24 dev eth0\nconflict route 10.0.0.0/8\n");
	assert_plan(WANTED(),
		ACTUAL("address dev=eth0 address=2001:db8::1/64 ours", "route to=::/0 dev=eth1 src=2001:db8::1"),
		"break - address 2001:db8::1/64 dev eth0\nconflict route ::/0 metric 1024\n");
}

Test(consequences, a_source_that_is_on_another_link_too_stays)
{
	assert_plan(WANTED(),
		ACTUAL(PRIMARY, "address dev=lo address=192.0.2.1/32", "route to=10.0.0.0/8 dev=eth1 src=192.0.2.1"),
		"break - address 192.0.2.1/24 dev eth0\n");
}

/* ---- links that stay but fall silent ----------------------------------------------------------------------------- */

Test(consequences, a_link_without_ipv6_loses_its_ipv6)
{
	assert_plan(WANTED("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=1"),
		ACTUAL("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=0",
			"address dev=eth0 address=2001:db8::1/64 ours", "route to=::/0 via=fe80::1 dev=eth0 ours",
			"address dev=eth0 address=fe80::1/64 derived", "address dev=eth0 address=192.0.2.1/24"),
		"early - route ::/0 metric 1024\nearly - address 2001:db8::1/64 dev eth0\nmake ~ sysctl "
		"net/ipv6/conf/eth0/disable_ipv6 value=1\n");
}

Test(consequences, strangers_ipv6_on_a_link_without_ipv6_is_a_conflict)
{
	assert_plan(WANTED("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=1"),
		ACTUAL("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=0",
			"address dev=eth0 address=2001:db8::1/64"),
		"make ~ sysctl net/ipv6/conf/eth0/disable_ipv6 value=1\nconflict address 2001:db8::1/64 dev eth0\n");
}

Test(consequences, strangers_ipv6_on_a_host_without_ipv6_is_a_conflict)
{
	assert_plan(WANTED("sysctl path=net/ipv6/conf/all/disable_ipv6 value=1"),
		ACTUAL("link name=eth0", "sysctl path=net/ipv6/conf/all/disable_ipv6 value=0",
			"sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=0",
			"address dev=eth0 address=2001:db8::1/64"),
		"make ~ sysctl net/ipv6/conf/all/disable_ipv6 value=1\nconflict address 2001:db8::1/64 dev eth0\n");
}

Test(consequences, an_mtu_below_1280_takes_the_ipv6_of_a_link)
{
	assert_plan(WANTED("link name=eth0 mtu=1279 adjust"),
		ACTUAL("link name=eth0 mtu=1500", "address dev=eth0 address=2001:db8::1/64"),
		"make ~ link eth0 mtu=1279\nconflict address 2001:db8::1/64 dev eth0\n");
	assert_plan(WANTED("link name=eth0 mtu=1280 adjust"),
		ACTUAL("link name=eth0 mtu=1500", "address dev=eth0 address=2001:db8::1/64"),
		"make ~ link eth0 mtu=1280\n");
}

Test(consequences, a_link_set_down_loses_its_ipv6_and_all_routes)
{
	assert_plan(WANTED("link name=eth0 up=false adjust"),
		ACTUAL("link name=eth0 up=true", "address dev=eth0 address=192.0.2.1/24",
			"address dev=eth0 address=2001:db8::1/64", "route to=10.0.0.0/8 via=192.0.2.2 dev=eth0",
			"route to=::/0 via=fe80::1 dev=eth0"),
		"make ~ link eth0 up=false\nconflict address 2001:db8::1/64 dev eth0\nconflict route "
		"10.0.0.0/8\nconflict route ::/0 metric 1024\n");
}

Test(consequences, a_wanted_ipv6_address_on_a_link_set_down_comes_back)
{
	assert_plan(WANTED("link name=d0 type=dummy up=false", "address dev=d0 address=2001:db8::1/64"),
		ACTUAL("link name=d0 type=dummy up=true ours", "address dev=d0 address=2001:db8::1/64 ours"),
		"make ~ link d0 up=false\nmake + address 2001:db8::1/64 dev d0\n");
}

/* ---- sysctls that overwrite others ------------------------------------------------------------------------------- */

Test(consequences, a_wanted_sysctl_that_is_overwritten_is_written_again)
{
	assert_plan(
		WANTED("sysctl path=net/ipv4/ip_forward value=1", "sysctl path=net/ipv4/conf/eth0/forwarding value=0"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=0", "sysctl path=net/ipv4/conf/eth0/forwarding value=0"),
		"make ~ sysctl net/ipv4/ip_forward value=1\nmake ~ sysctl net/ipv4/conf/eth0/forwarding value=0\n");
}

Test(consequences, a_wanted_sysctl_that_is_overwritten_as_wanted_needs_no_step)
{
	assert_plan(
		WANTED("sysctl path=net/ipv4/ip_forward value=1", "sysctl path=net/ipv4/conf/eth0/forwarding value=1"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=0", "sysctl path=net/ipv4/conf/eth0/forwarding value=0"),
		"make ~ sysctl net/ipv4/ip_forward value=1\n");
}

Test(consequences, ip_forward_turns_off_redirects_and_back_on)
{
	assert_plan(WANTED("sysctl path=net/ipv4/ip_forward value=1",
			    "sysctl path=net/ipv4/conf/all/accept_redirects value=1"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=0",
			"sysctl path=net/ipv4/conf/all/accept_redirects value=1"),
		"make ~ sysctl net/ipv4/ip_forward value=1\nmake ~ sysctl net/ipv4/conf/all/accept_redirects "
		"value=1\n");
	assert_plan(WANTED("sysctl path=net/ipv4/ip_forward value=0",
			    "sysctl path=net/ipv4/conf/all/accept_redirects value=0"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=1",
			"sysctl path=net/ipv4/conf/all/accept_redirects value=0"),
		"make ~ sysctl net/ipv4/ip_forward value=0\nmake ~ sysctl net/ipv4/conf/all/accept_redirects "
		"value=0\n");
}

Test(consequences, a_bystander_that_is_overwritten_is_foreseen)
{
	struct ls_set want = WANTED("sysctl path=net/ipv4/ip_forward value=1");
	struct ls_set have =
		ACTUAL("sysctl path=net/ipv4/ip_forward value=0", "sysctl path=net/ipv4/conf/eth0/forwarding value=0",
			"sysctl path=net/ipv4/conf/eth1/forwarding value=1");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });
	const struct ls_object *key = build("sysctl path=net/ipv4/conf/eth0/forwarding");

	cr_assert_eq(plan->n_steps, 1);
	cr_assert_str_eq(((struct ls_sysctl *)ls_set_find(&plan->closure, key))->value, "0");
	cr_assert_str_eq(((struct ls_sysctl *)ls_set_find(&plan->fallout, key))->value, "1");
	ls_plan_free(plan);
}

Test(consequences, a_sysctl_without_a_value_is_no_bystander)
{
	assert_plan(WANTED("sysctl path=net/ipv4/ip_forward value=1"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=0", "sysctl path=net/ipv4/conf/eth0/forwarding"),
		"make ~ sysctl net/ipv4/ip_forward value=1\n");
}

Test(consequences, ipv6_forwarding_of_all_overwrites_that_of_every_link)
{
	assert_plan(WANTED("sysctl path=net/ipv6/conf/all/forwarding value=1",
			    "sysctl path=net/ipv6/conf/eth0/forwarding value=0"),
		ACTUAL("sysctl path=net/ipv6/conf/all/forwarding value=0",
			"sysctl path=net/ipv6/conf/eth0/forwarding value=0"),
		"make ~ sysctl net/ipv6/conf/all/forwarding value=1\nmake ~ sysctl net/ipv6/conf/eth0/forwarding "
		"value=0\n");
}

/* ---- what to read ------------------------------------------------------------------------------------------------ */

static bool scope_has(const struct ls_set *scope, const char *path)
{
	for (size_t i = 0; i < scope->n_objects; i++)
		if (!strcmp(((const struct ls_sysctl *)scope->objects[i])->path, path))
			return true;
	return false;
}

Test(consequences, sysctls_that_others_overwrite_are_worth_reading)
{
	struct ls_set links = ACTUAL("link name=eth0", "link name=eth1"), scope;
	struct ls_set want =
		WANTED("sysctl path=net/ipv4/ip_forward value=1", "sysctl path=net/core/somaxconn value=7");

	build_begin(&scope);
	cr_assert_eq(ls_plan_sysctl_scope(&want, &links, &scope), 0);
	cr_assert(scope_has(&scope, "net/ipv4/ip_forward"));
	cr_assert(scope_has(&scope, "net/core/somaxconn"));
	cr_assert(scope_has(&scope, "net/ipv4/conf/eth0/forwarding"));
	cr_assert(scope_has(&scope, "net/ipv4/conf/eth1/forwarding"));
	cr_assert(scope_has(&scope, "net/ipv4/conf/all/forwarding"));
	cr_assert(scope_has(&scope, "net/ipv4/conf/default/forwarding"));
	cr_assert(scope_has(&scope, "net/ipv4/conf/all/accept_redirects"));
	cr_assert_not(scope_has(&scope, "net/ipv6/conf/eth0/forwarding"));
	ls_set_done(&scope);
}

/* Addresses that go matter as much as those that come: `down` wants none. */
Test(consequences, promoting_is_worth_reading_even_when_no_address_is_wanted)
{
	struct ls_set have = ACTUAL("link name=eth0", "link name=eth1", "address dev=eth0 address=192.0.2.1/24",
			      "address dev=eth1 address=2001:db8::1/64"),
		      scope, want = WANTED();

	build_begin(&scope);
	cr_assert_eq(ls_plan_sysctl_scope(&want, &have, &scope), 0);
	cr_assert(scope_has(&scope, "net/ipv4/conf/eth0/promote_secondaries"));
	cr_assert(scope_has(&scope, "net/ipv4/conf/all/promote_secondaries"));
	cr_assert_not(scope_has(&scope, "net/ipv4/conf/eth1/promote_secondaries"));
	ls_set_done(&scope);
}

/* ---- the dependent closure --------------------------------------------------------------------------------------- */

static bool closure_has(const struct ls_plan *plan, const char *object)
{
	return ls_set_find(&plan->closure, build(object));
}

Test(consequences, what_refers_to_a_link_that_is_touched_is_in_the_closure)
{
	struct ls_set want = WANTED("link name=d0 type=dummy mtu=1400");
	struct ls_set have = ACTUAL("link name=d0 type=dummy mtu=1500 ours",
		"link name=x type=vlan parent=d0 vlan_id=1", "address dev=d0 address=192.0.2.1/24",
		"address dev=d0 address=fe80::1/64 derived", "address dev=eth0 address=198.51.100.1/24",
		"route to=10.0.0.0/8 dev=d0", "route to=11.0.0.0/8 dev=eth0");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert(closure_has(plan, "link name=x"));
	cr_assert(closure_has(plan, "address dev=d0 address=192.0.2.1/24"));
	cr_assert(closure_has(plan, "route to=10.0.0.0/8"));
	cr_assert_eq(plan->closure.n_objects, 3);
	cr_assert_eq(plan->fallout.n_objects, 0);
	ls_plan_free(plan);
}

Test(consequences, what_a_step_is_about_is_not_in_the_closure)
{
	struct ls_set want = WANTED("link name=d0 type=dummy"),
		      have = ACTUAL(D0_BEFORE, "address dev=d0 address=192.0.2.1/24 raw");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->closure.n_objects, 0);
	ls_plan_free(plan);
}

Test(consequences, an_empty_plan_has_no_closure)
{
	struct ls_set want = WANTED("link name=d0 type=dummy"),
		      have = ACTUAL("link name=d0 type=dummy ours", "address dev=d0 address=192.0.2.1/24");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->n_steps, 0);
	cr_assert_eq(plan->closure.n_objects, 0);
	ls_plan_free(plan);
}
