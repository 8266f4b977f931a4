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

Test(mtus, what_stands_on_a_link_is_lowered_by_the_kernel)
{
	assert_plan(WANTED("link name=eth0 mtu=1400 adjust", VLAN),
		ACTUAL("link name=eth0 mtu=1500", VLAN " mtu=1500 ours"), "make ~ link eth0 mtu=1400\n");
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
