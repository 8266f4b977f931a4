/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel has only once goes from one link to another: nobody gets it while another has it. */
#include "tools.h"

TestSuite(exclusives);

/* ---- VLAN ids ---------------------------------------------------------------------------------------------------- */

Test(exclusives, vlan_ids_that_are_swapped_are_both_freed_first)
{
	assert_plan(WANTED("link name=a type=vlan parent=eth0 vlan_id=20",
			    "link name=b type=vlan parent=eth0 vlan_id=10", "link name=eth0 adjust"),
		ACTUAL("link name=a type=vlan parent=eth0 vlan_id=10 ours",
			"link name=b type=vlan parent=eth0 vlan_id=20 ours", "link name=eth0"),
		"early - link b\nearly - link a\nmake + link a\nmake + link b\n");
}

Test(exclusives, a_vlan_id_that_is_used_again_is_freed_first)
{
	assert_plan(WANTED("link name=new type=vlan parent=eth0 vlan_id=10"),
		ACTUAL("link name=eth0", "link name=old type=vlan parent=eth0 vlan_id=10 ours"),
		"early - link old\nmake + link new\n");
}

Test(exclusives, a_vlan_id_on_another_parent_is_not_in_the_way)
{
	assert_plan(WANTED("link name=new type=vlan parent=eth1 vlan_id=10"),
		ACTUAL("link name=eth0", "link name=eth1", "link name=old type=vlan parent=eth0 vlan_id=10 ours"),
		"make + link new\nbreak - link old\n");
}

Test(exclusives, a_vlan_whose_parent_is_elsewhere_does_no_harm)
{
	assert_plan(WANTED("link name=new type=vlan vlan_id=10"),
		ACTUAL("link name=eth0", "link name=old type=vlan parent=eth0 vlan_id=10 ours"),
		"make + link new\nbreak - link old\n");
}

/* Addresses are taken along by a link whose VLAN id is used again, though the link itself does not come back. */
Test(exclusives, what_stands_on_a_link_that_is_freed_first_goes_first)
{
	assert_plan(WANTED("link name=new type=vlan parent=eth0 vlan_id=10", "address dev=new address=192.0.2.1/24"),
		ACTUAL("link name=eth0", "link name=old type=vlan parent=eth0 vlan_id=10 ours",
			"address dev=old address=192.0.2.1/24 ours"),
		"early - address 192.0.2.1/24 dev old\nearly - link old\nmake + link new\nmake + address 192.0.2.1/24 "
		"dev new\n");
}

/* ---- VNIs, if_ids, parents of macvlans --------------------------------------------------------------------------- */

#define VX "type=vxlan port=4789 learning=true ttl=0"

Test(exclusives, a_vni_used_again_is_freed_first)
{
	assert_plan(WANTED("link name=new " VX " vni=5"), ACTUAL("link name=old " VX " vni=5 ours"),
		"early - link old\nmake + link new\n");
	assert_plan(WANTED("link name=new " VX " vni=6"), ACTUAL("link name=old " VX " vni=5 ours"),
		"make + link new\nbreak - link old\n");
	assert_plan(WANTED("link name=a " VX " vni=6", "link name=b " VX " vni=5"),
		ACTUAL("link name=a " VX " vni=5 ours", "link name=b " VX " vni=6 ours"),
		"early - link b\nearly - link a\nmake + link a\nmake + link b\n");
}

#define XF(name, id) "link name=" name " type=xfrm if_id=" id

Test(exclusives, an_if_id_used_again_is_freed_first)
{
	assert_plan(WANTED(XF("t1", "7")), ACTUAL(XF("t0", "7 ours")), "early - link t0\nmake + link t1\n");
	assert_plan(WANTED(XF("t0", "6")), ACTUAL(XF("t0", "5 ours"), XF("t1", "6 ours")),
		"early - link t1\nearly - link t0\nmake + link t0\n");
	assert_plan(WANTED(XF("t0", "6"), XF("t1", "5")), ACTUAL(XF("t0", "5 ours"), XF("t1", "6 ours")),
		"early - link t1\nearly - link t0\nmake + link t0\nmake + link t1\n");
	assert_plan(WANTED(XF("t1", "7")), ACTUAL(XF("his", "7")), "conflict link t1\n");
	assert_plan(WANTED(XF("t1", "7")), ACTUAL(XF("his", "8")), "make + link t1\n");
}

Test(exclusives, passthru_has_its_parent_alone)
{
	assert_plan(WANTED("link name=new type=macvlan parent=eth0 macvlan_mode=passthru"),
		ACTUAL("link name=eth0", "link name=old type=macvlan parent=eth0 macvlan_mode=bridge ours"),
		"early - link old\nmake + link new\n");
}

Test(exclusives, a_link_that_becomes_a_port_loses_its_macvlans_first)
{
	assert_plan(WANTED("link name=br0 type=bridge", "link name=eth0 master=br0 adjust"),
		ACTUAL("link name=br0 type=bridge ours", "link name=eth0",
			"link name=old type=macvlan parent=eth0 macvlan_mode=bridge ours"),
		"early - link old\nmake ~ link eth0 master=br0\n");
}

Test(exclusives, a_vxlan_moves_to_another_parent_in_place)
{
	assert_plan(WANTED("link name=x " VX " vni=5 parent=eth0"),
		ACTUAL("link name=eth0", "link name=br0 type=bridge ours", "link name=x " VX " vni=5 parent=br0 ours"),
		"make ~ link x parent=eth0\nbreak - link br0\n");
	assert_plan(WANTED("link name=x " VX " vni=5"),
		ACTUAL("link name=eth0", "link name=x " VX " vni=5 parent=eth0 ours"),
		"early - link x\nmake + link x\n");
	assert_plan(WANTED("link name=x " VX " vni=5 remote=2001:db8::1"),
		ACTUAL("link name=x " VX " vni=5 remote=192.0.2.1 ours"), "early - link x\nmake + link x\n");
}

/* ---- UDP ports of tunnels ---------------------------------------------------------------------------------------- */

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define LINK(name) "link name=" name " type=wireguard up=true"
#define TUNNEL(name, port) "wireguard dev=" name " fwmark=0 public_key=" KEY " listen_port=" port
#define ANY(name) "wireguard dev=" name " fwmark=0 public_key=" KEY

Test(exclusives, a_tunnel_that_goes_leaves_its_port_before_another_gets_it)
{
	assert_plan(WANTED(LINK("t1"), TUNNEL("t1", "1195")), ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours"),
		"early - wireguard t0\nearly - link t0\nmake + link t1\nmake + wireguard t1\nmake ~ link t1 up=true\n");
	assert_plan(WANTED(LINK("t1"), TUNNEL("t1", "1195")), ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1196") " ours"),
		"make + link t1\nmake + wireguard t1\nmake ~ link t1 up=true\nbreak - wireguard t0\nbreak - link t0\n");
}

Test(exclusives, one_that_stays_and_changes_to_the_port_of_one_that_goes)
{
	assert_plan(WANTED(LINK("t1"), TUNNEL("t1", "1195")),
		ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours", LINK("t1") " ours",
			TUNNEL("t1", "1197") " ours"),
		"early - wireguard t0\nearly - link t0\nmake ~ wireguard t1 listen_port=1195\n");
}

Test(exclusives, two_exchange_theirs_by_way_of_any)
{
	assert_plan(WANTED(LINK("t0"), TUNNEL("t0", "1196"), LINK("t1"), TUNNEL("t1", "1195")),
		ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours", LINK("t1") " ours",
			TUNNEL("t1", "1196") " ours"),
		"early ~ wireguard t1 listen_port=0\nearly ~ wireguard t0 listen_port=0\n"
		"make ~ wireguard t0 listen_port=1196\nmake ~ wireguard t1 listen_port=1195\n");
}

/* A network was put before others: their ports are others. */
Test(exclusives, a_row_of_them_moves_on)
{
	assert_plan(WANTED(LINK("t0"), TUNNEL("t0", "1197"), LINK("t1"), TUNNEL("t1", "1199"), LINK("t2"),
			    TUNNEL("t2", "1195")),
		ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours", LINK("t1") " ours",
			TUNNEL("t1", "1197") " ours"),
		"early ~ wireguard t1 listen_port=0\nearly ~ wireguard t0 listen_port=0\nmake + link t2\n"
		"make ~ wireguard t0 listen_port=1197\nmake ~ wireguard t1 listen_port=1199\nmake + wireguard t2\n"
		"make ~ link t2 up=true\n");
}

/* The spec leaves it to the kernel, which would leave it as it is. */
Test(exclusives, one_that_may_have_any_makes_room)
{
	assert_plan(WANTED(LINK("t0"), ANY("t0"), LINK("t1"), TUNNEL("t1", "1195")),
		ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours"),
		"early ~ wireguard t0 listen_port=0\nmake + link t1\nmake + wireguard t1\nmake ~ link t1 up=true\n");
	assert_plan(WANTED(LINK("t0"), ANY("t0")), ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours"), "");
}
