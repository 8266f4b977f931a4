/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP ports that go from one tunnel to another: nobody gets one while another has it. */
#include "tools.h"

TestSuite(udp_ports);

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define LINK(name) "link name=" name " type=wireguard up=true"
#define TUNNEL(name, port) "wireguard dev=" name " fwmark=0 public_key=" KEY " listen_port=" port
#define ANY(name) "wireguard dev=" name " fwmark=0 public_key=" KEY

Test(udp_ports, a_tunnel_that_goes_leaves_its_port_before_another_gets_it)
{
	assert_plan(WANTED(LINK("t1"), TUNNEL("t1", "1195")), ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours"),
		"early - wireguard t0\nearly - link t0\nmake + link t1\nmake + wireguard t1\nmake ~ link t1 up=true\n");
	assert_plan(WANTED(LINK("t1"), TUNNEL("t1", "1195")), ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1196") " ours"),
		"make + link t1\nmake + wireguard t1\nmake ~ link t1 up=true\nbreak - wireguard t0\nbreak - link t0\n");
}

Test(udp_ports, one_that_stays_and_changes_to_the_port_of_one_that_goes)
{
	assert_plan(WANTED(LINK("t1"), TUNNEL("t1", "1195")),
		ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours", LINK("t1") " ours",
			TUNNEL("t1", "1197") " ours"),
		"early - wireguard t0\nearly - link t0\nmake ~ wireguard t1 listen_port=1195\n");
}

Test(udp_ports, two_exchange_theirs_by_way_of_any)
{
	assert_plan(WANTED(LINK("t0"), TUNNEL("t0", "1196"), LINK("t1"), TUNNEL("t1", "1195")),
		ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours", LINK("t1") " ours",
			TUNNEL("t1", "1196") " ours"),
		"early ~ wireguard t1 listen_port=0\nearly ~ wireguard t0 listen_port=0\n"
		"make ~ wireguard t0 listen_port=1196\nmake ~ wireguard t1 listen_port=1195\n");
}

/* A network was put before others: their ports are others. */
Test(udp_ports, a_row_of_them_moves_on)
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
Test(udp_ports, one_that_may_have_any_makes_room)
{
	assert_plan(WANTED(LINK("t0"), ANY("t0"), LINK("t1"), TUNNEL("t1", "1195")),
		ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours"),
		"early ~ wireguard t0 listen_port=0\nmake + link t1\nmake + wireguard t1\nmake ~ link t1 up=true\n");
	assert_plan(WANTED(LINK("t0"), ANY("t0")), ACTUAL(LINK("t0") " ours", TUNNEL("t0", "1195") " ours"), "");
}
