/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which order steps come, and what traffic may notice of them. */
#include "tools.h"

TestSuite(order);

Test(order, everything_comes_in_order_of_what_it_stands_on)
{
	assert_plan(WANTED("route to=0.0.0.0/0 via=192.0.2.2 dev=v10", "address dev=v10 address=192.0.2.1/24",
			    "sysctl path=net/ipv6/conf/v10/accept_ra value=0",
			    "link name=v10 type=vlan parent=z vlan_id=10 up=true", "link name=z type=dummy up=true"),
		ACTUAL(),
		"make + link z\nmake + link v10\nmake + sysctl net/ipv6/conf/v10/accept_ra\nmake ~ link z "
		"up=true\nmake ~ link v10 up=true\n"
		"make + address 192.0.2.1/24 dev v10\nmake + route 0.0.0.0/0\n");
}

Test(order, everything_goes_in_the_opposite_order)
{
	assert_plan(WANTED(),
		ACTUAL("route to=0.0.0.0/0 via=192.0.2.2 dev=v10 ours", "address dev=v10 address=192.0.2.1/24 ours",
			"link name=v10 type=vlan parent=z vlan_id=10 up=true ours",
			"link name=z type=dummy up=true ours"),
		"break - route 0.0.0.0/0\nbreak - address 192.0.2.1/24 dev v10\nbreak - link v10\nbreak - link z\n");
}

Test(order, a_bridge_comes_before_its_ports_and_goes_after_them)
{
	assert_plan(WANTED("link name=a type=dummy master=br0", "link name=br0 type=bridge",
			    "link name=c type=dummy master=br0"),
		ACTUAL(), "make + link br0\nmake + link a\nmake + link c\n");
	assert_plan(WANTED(),
		ACTUAL("link name=a type=dummy master=br0 ours", "link name=br0 type=bridge ours",
			"link name=c type=dummy master=br0 ours"),
		"break - link c\nbreak - link a\nbreak - link br0\n");
}

Test(order, links_come_by_depth)
{
	assert_plan(WANTED("link name=a type=vlan parent=b vlan_id=1 master=br",
			    "link name=b type=vlan parent=c vlan_id=2", "link name=c type=vlan parent=d vlan_id=3",
			    "link name=d type=dummy", "link name=br type=bridge"),
		ACTUAL(), "make + link br\nmake + link d\nmake + link c\nmake + link b\nmake + link a\n");
}

/* The end that sorts first makes both, and has to be there before the other one is set up. */
Test(order, the_first_end_of_a_pair_comes_first)
{
	assert_plan(WANTED("link name=b type=veth peer=a", "link name=a type=veth peer=b"), ACTUAL(),
		"make + link a\nmake + link b\n");
}

Test(order, the_first_end_of_a_pair_comes_first_also_when_it_is_a_port)
{
	assert_plan(WANTED("link name=b type=veth peer=a", "link name=a type=veth peer=b master=z",
			    "link name=z type=bridge"),
		ACTUAL(), "make + link z\nmake + link a\nmake + link b\n");
}

Test(order, a_loop_of_links_ends, .timeout = 10)
{
	struct ls_set want = WANTED("link name=a type=vlan parent=b master=b vlan_id=1",
		"link name=b type=vlan parent=a master=a vlan_id=1");
	struct ls_set have = ACTUAL();
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_eq(plan->n_steps, 2);
	ls_plan_free(plan);
}

Test(order, a_new_link_goes_up_only_when_its_sysctls_are_written)
{
	struct ls_set want = WANTED(
			      "link name=d0 type=dummy up=true", "sysctl path=net/ipv6/conf/d0/accept_ra value=0"),
		      have = ACTUAL();
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });
	char *text = plan_text(plan);

	assert_text(text, "make + link d0\nmake + sysctl net/ipv6/conf/d0/accept_ra\nmake ~ link d0 up=true\n");
	cr_assert(plan->steps[0].partial);
	cr_assert_eq(((const struct ls_link *)plan->steps[0].want)->up, 0);
	cr_assert_eq(plan->steps[0].attrs & LS_BIT(LS_LINK_UP), 0);
	cr_assert_eq(plan->steps[2].have, plan->steps[0].want);
	cr_assert_eq(plan->steps[2].want, want.objects[0]);
	cr_assert_not(plan->steps[2].partial);
	free(text);
	ls_plan_free(plan);
}

/* Given at the creation it would follow the ports (br_mtu_auto_adjust). */
Test(order, the_mtu_of_a_new_bridge_comes_with_its_going_up)
{
	assert_plan(WANTED("link name=br0 type=bridge mtu=9000 up=true"), ACTUAL(),
		"make + link br0\nmake ~ link br0 mtu=9000 up=true\n");
	assert_plan(WANTED("link name=br0 type=bridge mtu=9000 up=false"), ACTUAL(),
		"make + link br0\nmake ~ link br0 mtu=9000\n");
	assert_plan(WANTED("link name=d0 type=dummy mtu=9000 up=false"), ACTUAL(), "make + link d0\n");
}

Test(order, a_link_that_stays_down_needs_no_second_step)
{
	assert_plan(WANTED("link name=d0 type=dummy up=false"), ACTUAL(), "make + link d0\n");
}

Test(order, a_link_goes_down_before_anything_else_is_done_to_it)
{
	assert_plan(
		WANTED("link name=d0 type=dummy up=false mtu=1400", "sysctl path=net/ipv6/conf/d0/accept_ra value=0"),
		ACTUAL("link name=d0 type=dummy up=true mtu=1500 ours",
			"sysctl path=net/ipv6/conf/d0/accept_ra value=1"),
		"make ~ link d0 mtu=1400 up=false\nmake ~ sysctl net/ipv6/conf/d0/accept_ra value=0\n");
}

Test(order, what_changes_besides_up_comes_first)
{
	assert_plan(WANTED("link name=d0 type=dummy up=true mtu=1400"),
		ACTUAL("link name=d0 type=dummy up=false mtu=1500 ours"),
		"make ~ link d0 mtu=1400\nmake ~ link d0 up=true\n");
}

/* ip_forward resets the others; accept_ra=2 keeps the advertised default route when forwarding is turned on. */
Test(order, sysctls_come_in_an_order_in_which_no_write_undoes_an_earlier_one)
{
	assert_plan(
		WANTED("sysctl path=net/ipv6/conf/all/forwarding value=1",
			"sysctl path=net/ipv6/conf/eth0/accept_ra value=2",
			"sysctl path=net/ipv4/conf/eth0/rp_filter value=2", "sysctl path=net/ipv4/ip_forward value=1"),
		ACTUAL("sysctl path=net/ipv6/conf/all/forwarding value=0",
			"sysctl path=net/ipv6/conf/eth0/accept_ra value=1",
			"sysctl path=net/ipv4/conf/eth0/rp_filter value=1", "sysctl path=net/ipv4/ip_forward value=0"),
		"make ~ sysctl net/ipv4/ip_forward value=1\nmake ~ sysctl net/ipv6/conf/eth0/accept_ra value=2\n"
		"make ~ sysctl net/ipv4/conf/eth0/rp_filter value=2\nmake ~ sysctl net/ipv6/conf/all/forwarding "
		"value=1\n");
}

Test(order, specific_routes_come_before_those_that_may_need_them)
{
	assert_plan(WANTED("route to=0.0.0.0/0 via=10.0.0.1 dev=d0", "route to=10.0.0.1/32 dev=d0"), ACTUAL(),
		"make + route 10.0.0.1/32\nmake + route 0.0.0.0/0\n");
	assert_plan(WANTED(), ACTUAL("route to=0.0.0.0/0 via=10.0.0.1 dev=d0 ours", "route to=10.0.0.1/32 dev=d0 ours"),
		"break - route 0.0.0.0/0\nbreak - route 10.0.0.1/32\n");
}

Test(order, phases_do_not_go_back)
{
	struct ls_set want = WANTED("link name=d0 type=dummy up=true", "link name=v type=vlan parent=d0 vlan_id=1",
		"address dev=d0 address=192.0.2.9/24");
	struct ls_set have = ACTUAL("link name=d0 type=bridge ours", "link name=w type=vlan parent=d0 vlan_id=1 ours",
		"link name=x type=dummy ours", "address dev=d0 address=192.0.2.1/24 ours");
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	cr_assert_gt(plan->n_steps, 5);
	for (size_t i = 1; i < plan->n_steps; i++) {
		const struct ls_step *a = &plan->steps[i - 1], *b = &plan->steps[i];
		bool down = b->phase != LS_PHASE_MAKE;

		cr_assert_leq(a->phase, b->phase);
		if (a->phase == b->phase)
			cr_assert(down ? a->rank >= b->rank : a->rank <= b->rank);
		if (a->phase == b->phase && a->rank == b->rank)
			cr_assert(down ? a->depth >= b->depth : a->depth <= b->depth);
	}
	ls_plan_free(plan);
}

/* ---- disruption -------------------------------------------------------------------------------------------------- */

static void assert_disruption(struct ls_set want, struct ls_set have, const char *session, enum ls_disruption expected)
{
	struct ls_plan_options options = { 0 };
	enum ls_disruption worst = LS_DISRUPT_NONE;
	struct ls_plan *plan;

	if (session)
		cr_assert_eq(ls_ip_parse(session, &options.session), 0);
	plan = plan_of(&want, &have, options);
	cr_assert_gt(plan->n_steps, 0);
	for (size_t i = 0; i < plan->n_steps; i++)
		worst = plan->steps[i].disruption > worst ? plan->steps[i].disruption : worst;
	cr_assert_eq(worst, expected, "%s instead of %s", ls_disruption_names[worst], ls_disruption_names[expected]);
	ls_plan_free(plan);
}

Test(order, adding_disrupts_nothing)
{
	assert_disruption(
		WANTED("link name=d0 type=dummy up=true", "address dev=d0 address=192.0.2.1/24",
			"route to=0.0.0.0/0 via=192.0.2.2 dev=d0", "sysctl path=net/ipv6/conf/d0/accept_ra value=0"),
		ACTUAL(), NULL, LS_DISRUPT_NONE);
}

Test(order, replacing_a_route_disrupts_nothing)
{
	assert_disruption(WANTED("route to=0.0.0.0/0 via=192.0.2.2 dev=d0"),
		ACTUAL("route to=0.0.0.0/0 via=192.0.2.3 dev=d0 ours"), NULL, LS_DISRUPT_NONE);
}

Test(order, a_route_that_goes_disrupts_flows)
{
	assert_disruption(WANTED(), ACTUAL("route to=0.0.0.0/0 via=192.0.2.3 dev=d0 ours"), NULL, LS_DISRUPT_FLOW);
}

Test(order, another_mtu_mac_or_bridge_disrupts_flows)
{
	assert_disruption(WANTED("link name=d0 type=dummy mtu=1400"), ACTUAL("link name=d0 type=dummy mtu=1500 ours"),
		NULL, LS_DISRUPT_FLOW);
	assert_disruption(WANTED("link name=d0 type=dummy mac=02:00:00:00:00:01"),
		ACTUAL("link name=d0 type=dummy mac=02:00:00:00:00:02 ours"), NULL, LS_DISRUPT_FLOW);
	assert_disruption(WANTED("link name=d0 type=dummy master=br0"),
		ACTUAL("link name=d0 type=dummy ours", "link name=br0 type=bridge"), NULL, LS_DISRUPT_FLOW);
}

Test(order, an_address_that_goes_disrupts_sessions)
{
	assert_disruption(WANTED(), ACTUAL("address dev=d0 address=192.0.2.1/24 ours"), NULL, LS_DISRUPT_SESSION);
}

Test(order, a_link_that_goes_or_goes_down_disrupts_sessions)
{
	assert_disruption(WANTED(), ACTUAL("link name=d0 type=dummy ours"), NULL, LS_DISRUPT_SESSION);
	assert_disruption(WANTED("link name=d0 type=dummy up=false"), ACTUAL("link name=d0 type=dummy up=true ours"),
		NULL, LS_DISRUPT_SESSION);
}

Test(order, forwarding_turned_off_disrupts_flows)
{
	assert_disruption(WANTED("sysctl path=net/ipv4/ip_forward value=0"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=1"), NULL, LS_DISRUPT_FLOW);
	assert_disruption(WANTED("sysctl path=net/ipv6/conf/all/forwarding value=0"),
		ACTUAL("sysctl path=net/ipv6/conf/all/forwarding value=1"), NULL, LS_DISRUPT_FLOW);
	assert_disruption(WANTED("sysctl path=net/ipv4/ip_forward value=1"),
		ACTUAL("sysctl path=net/ipv4/ip_forward value=0"), NULL, LS_DISRUPT_NONE);
}

Test(order, ipv6_turned_off_disrupts_sessions)
{
	assert_disruption(WANTED("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=1"),
		ACTUAL("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=0"), NULL, LS_DISRUPT_SESSION);
}

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
#define DEVICE "wireguard dev=t0 fwmark=0 public_key="
#define PEER "wg_peer dev=t0 public_key=" KEY_A
#define POLICY "xfrm_policy direction=out if_id=9 priority=1000 src=::/0 dst=::/0"

Test(order, what_a_tunnel_must_lose_is_told)
{
	assert_disruption(WANTED(DEVICE KEY_A " listen_port=1195"), ACTUAL(DEVICE KEY_B " listen_port=1195 ours"), NULL,
		LS_DISRUPT_SESSION);
	assert_disruption(WANTED(DEVICE KEY_A " listen_port=1196"), ACTUAL(DEVICE KEY_A " listen_port=1195 ours"), NULL,
		LS_DISRUPT_FLOW);
	assert_disruption(WANTED(), ACTUAL(PEER " keepalive=0 allowed_ips='' ours"), NULL, LS_DISRUPT_SESSION);
	assert_disruption(WANTED(PEER " keepalive=9 allowed_ips='10.0.0.0/8'"),
		ACTUAL(PEER " keepalive=0 allowed_ips='' ours"), NULL, LS_DISRUPT_NONE);
	assert_disruption(WANTED(PEER " keepalive=0 allowed_ips='::/0'"),
		ACTUAL(PEER " keepalive=0 allowed_ips='0.0.0.0/0' ours"), NULL, LS_DISRUPT_FLOW);
	assert_disruption(WANTED(PEER " keepalive=0 allowed_ips='' endpoint=192.0.2.1 endpoint_port=5"),
		ACTUAL(PEER " keepalive=0 allowed_ips='' endpoint=192.0.2.2 endpoint_port=5 ours"), NULL,
		LS_DISRUPT_FLOW);
	assert_disruption(WANTED(POLICY " reqid=2 tunnel_src=192.0.2.1 tunnel_dst=192.0.2.3"),
		ACTUAL(POLICY " reqid=2 tunnel_src=192.0.2.1 tunnel_dst=192.0.2.2 ours"), NULL, LS_DISRUPT_FLOW);
}

Test(order, what_takes_the_address_of_the_session_locks_out)
{
	const char *session = "192.0.2.1";

	assert_disruption(WANTED(), ACTUAL("address dev=d0 address=192.0.2.1/24 ours"), session, LS_DISRUPT_LOCKOUT);
	assert_disruption(WANTED(), ACTUAL("address dev=d0 address=192.0.2.7/24 ours"), session, LS_DISRUPT_SESSION);
	assert_disruption(WANTED("link name=eth0 up=false adjust"),
		ACTUAL("link name=eth0 up=true", "address dev=eth0 address=192.0.2.1/24"), session, LS_DISRUPT_LOCKOUT);
	assert_disruption(WANTED("link name=eth1 up=false adjust"),
		ACTUAL("link name=eth0 up=true", "link name=eth1 up=true", "address dev=eth0 address=192.0.2.1/24"),
		session, LS_DISRUPT_SESSION);
}

Test(order, a_link_made_anew_under_the_session_locks_out)
{
	assert_disruption(WANTED("link name=d0 type=bridge", "address dev=d0 address=192.0.2.1/24"),
		ACTUAL("link name=d0 type=dummy ours", "address dev=d0 address=192.0.2.1/24 ours"), "192.0.2.1",
		LS_DISRUPT_LOCKOUT);
}

Test(order, a_vlan_under_the_session_that_goes_with_its_parent_locks_out)
{
	assert_disruption(WANTED("link name=d0 type=bridge", "link name=v type=vlan parent=d0 vlan_id=1",
				  "address dev=v address=192.0.2.1/24"),
		ACTUAL("link name=d0 type=dummy ours", "link name=v type=vlan parent=d0 vlan_id=1 ours",
			"address dev=v address=192.0.2.1/24 ours"),
		"192.0.2.1", LS_DISRUPT_LOCKOUT);
}

Test(order, ipv6_turned_off_under_an_ipv6_session_locks_out)
{
	assert_disruption(WANTED("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=1"),
		ACTUAL("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=0",
			"address dev=eth0 address=2001:db8::1/64"),
		"2001:db8::1", LS_DISRUPT_LOCKOUT);
	assert_disruption(WANTED("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=1"),
		ACTUAL("sysctl path=net/ipv6/conf/eth0/disable_ipv6 value=0", "address dev=eth0 address=192.0.2.1/24"),
		"192.0.2.1", LS_DISRUPT_SESSION);
}

/* The session's own address is the secondary that goes with its primary, and is away for a moment. */
Test(order, a_secondary_under_the_session_that_goes_with_its_primary_locks_out)
{
	assert_disruption(WANTED("address dev=eth0 address=192.0.2.1/24"),
		ACTUAL("address dev=eth0 address=192.0.2.2/24 ours",
			"address dev=eth0 address=192.0.2.1/24 secondary=true ours"),
		"192.0.2.1", LS_DISRUPT_LOCKOUT);
}
