/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools.h"

#define VLAN "link name=v type=vlan parent=eth0 vlan_id=5"
#define MACVLAN "link name=m type=macvlan parent=v macvlan_mode=bridge"

TestSuite(mtus);

Test(mtus, what_stands_on_a_link_rises_with_it)
{
	assert_plan(WANTED("link name=eth0 mtu=1500 adjust", VLAN, MACVLAN),
		ACTUAL("link name=eth0 mtu=1400", VLAN " mtu=1400 ours", MACVLAN " mtu=1400 ours"),
		"make ~ link eth0 mtu=1500\nmake ~ link v mtu=1500\nmake ~ link m mtu=1500\n");
}

Test(mtus, what_stands_on_a_link_falls_with_it)
{
	assert_plan(WANTED("link name=eth0 mtu=1400 adjust", VLAN),
		ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1500 ours"),
		"make ~ link eth0 mtu=1400\nmake ~ link v mtu=1400\n");
}

Test(mtus, a_strangers_link_that_would_fall_is_a_conflict)
{
	static const struct ls_plan_options forced = { .force = true };

	assert_plan(WANTED("link name=eth0 mtu=1400 adjust"), ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1500"),
		"make ~ link eth0 mtu=1400\nconflict link v\n");
	assert_plan_with(WANTED("link name=eth0 mtu=1400 adjust"), ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1500"),
		forced, "make ~ link eth0 mtu=1400\n");
	assert_plan(WANTED("link name=eth0 mtu=1400 adjust"), ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1300"),
		"make ~ link eth0 mtu=1400\n");
}

/* Its ports come later, and the kernel goes by them. */
Test(mtus, what_a_bridge_will_have_is_not_foretold)
{
	assert_plan(WANTED("link name=b type=bridge", "link name=p type=dummy master=b mtu=9000",
			    "link name=m type=macvlan parent=b macvlan_mode=bridge"),
		ACTUAL("link name=b type=bridge mtu=1500 ours",
			"link name=m type=macvlan parent=b macvlan_mode=bridge mtu=1400 ours"),
		"make + link p\n");
}

Test(mtus, what_a_link_made_anew_will_have_is_not_foretold)
{
	assert_plan(WANTED("link name=eth0 adjust", "link name=x type=vxlan vni=6 port=4789 parent=eth0",
			    "link name=m type=macvlan parent=x macvlan_mode=bridge"),
		ACTUAL("link name=eth0 mtu=9000", "link name=x type=vxlan vni=5 port=4789 parent=eth0 mtu=8000 ours",
			"link name=m type=macvlan parent=x macvlan_mode=bridge mtu=1400 ours"),
		"early - link x\nmake + link x\nmake + link m\n");
}

/* ---- below 1280 -------------------------------------------------------------------------------------------------- */

Test(mtus, a_follower_that_gets_too_small_loses_its_ipv6)
{
	assert_plan(WANTED("link name=eth0 mtu=1200 adjust", VLAN),
		ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1500 ours", "address dev=v address=2001:db8::1/64 ours"),
		"early - address 2001:db8::1/64 dev v\nmake ~ link eth0 mtu=1200\nmake ~ link v mtu=1200\n");
}

Test(mtus, a_bridge_with_a_port_that_gets_too_small_loses_its_ipv6)
{
	assert_plan(WANTED("link name=eth0 mtu=1200 adjust"),
		ACTUAL("link name=eth0 mtu=1500 master=b", "link name=b type=bridge mtu=1500",
			"link name=m type=macvlan parent=b macvlan_mode=bridge mtu=1500",
			"address dev=m address=2001:db8::1/64 raw"),
		"make ~ link eth0 mtu=1200\nconflict address 2001:db8::1/64 dev m\n");
}

Test(mtus, a_link_too_small_for_ipv6_has_it_disabled)
{
	assert_plan(WANTED("link name=eth0 mtu=1200 adjust", VLAN, "sysctl path=net/ipv6/conf/v/disable_ipv6 value=1"),
		ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1500 ours",
			"sysctl path=net/ipv6/conf/v/disable_ipv6 value=0"),
		"make ~ link eth0 mtu=1200\nmake ~ link v mtu=1200\n");
}

Test(mtus, sysctls_that_go_with_ipv6_are_in_the_closure)
{
	struct ls_set want = WANTED("link name=eth0 mtu=1200 adjust"),
		      have = ACTUAL("link name=eth0 mtu=1500", "sysctl path=net/ipv6/conf/eth0/accept_ra value=2",
			      "sysctl path=net/ipv4/conf/eth0/rp_filter value=2");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->closure.n_objects, 1);
	cr_assert_str_eq(((struct ls_sysctl *)plan->closure.objects[0])->path, "net/ipv6/conf/eth0/accept_ra");
	ls_plan_free(plan);
}

Test(mtus, ipv6_that_is_wanted_on_a_link_too_small_is_a_conflict)
{
	assert_plan(WANTED("link name=eth0 mtu=1200 adjust", VLAN, "address dev=v address=2001:db8::1/64",
			    "sysctl path=net/ipv6/conf/v/accept_ra value=0"),
		ACTUAL("link name=eth0 mtu=1200"),
		"make + link v\nconflict sysctl net/ipv6/conf/v/accept_ra\nconflict address 2001:db8::1/64 dev v\n");
}

Test(mtus, a_number_taken_out_of_the_spec_is_taken_back)
{
	assert_plan(WANTED(VLAN), ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1300 ours"), "make ~ link v mtu=1500\n");
}

Test(mtus, a_number_in_the_spec_stays)
{
	assert_plan(WANTED(VLAN " mtu=1300"), ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1300 ours"), "");
}

Test(mtus, links_that_go_other_ways_are_left_to_the_kernel)
{
	assert_plan(WANTED("link name=x type=vxlan vni=5 port=4789 parent=eth0"),
		ACTUAL("link name=eth0 mtu=1500", "link name=x type=vxlan vni=5 port=4789 parent=eth0 mtu=1400 ours"),
		"");
	assert_plan(WANTED(VLAN), ACTUAL("link name=eth0 type=macsec mtu=1500", VLAN " mtu=1496 ours"), "");
	assert_plan(WANTED("link name=bo type=bond mtu=1400", VLAN " master=bo"),
		ACTUAL("link name=eth0 mtu=1500", "link name=bo type=bond mtu=1400 ours",
			VLAN " mtu=1400 master=bo ours"),
		"");
}

Test(mtus, a_parent_that_is_not_known_says_nothing)
{
	assert_plan(WANTED(VLAN), ACTUAL(VLAN " mtu=1300 ours"), "");
	assert_plan(WANTED("link name=a type=macvlan parent=b", "link name=b type=macvlan parent=a"),
		ACTUAL("link name=a type=macvlan parent=b mtu=1300 ours",
			"link name=b type=macvlan parent=a mtu=1300 ours"),
		"");
}
