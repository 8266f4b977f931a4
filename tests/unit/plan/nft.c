/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans of what is in nftables: one group of steps, chains whose rules stand in order, a table that is made anew. */
#include "tools.h"

TestSuite(plan_nft);

#define FWD(port, to_port) \
	"nft_element set=fwd4 address=192.0.2.1 protocol=tcp port=" port " to=10.0.0.1 to_port=" to_port
#define RULE(name) "nft_rule chain=input name=" name " text=" name
#define HAS(name, place) RULE(name) " place=" place " ours"

Test(plan_nft, changed_element_is_replaced_and_nothing_else)
{
	assert_plan(WANTED("nft_table name=linkspan", FWD("80", "81"), FWD("90", "91")),
		ACTUAL("nft_table name=linkspan ours", FWD("80", "82") " ours", FWD("90", "91") " ours"),
		"make = nft_element fwd4 192.0.2.1 tcp 80 to_port=81\n");
}

/* What goes is in the same transaction as what comes. */
Test(plan_nft, all_steps_are_one_group)
{
	assert_plan(WANTED(FWD("80", "81")), ACTUAL(FWD("90", "91") " ours", "nft_chain name=c ours"),
		"make - nft_chain c\nmake + nft_element fwd4 192.0.2.1 tcp 80\nmake - nft_element fwd4 192.0.2.1 tcp "
		"90\n");
}

/* The host forwards no more by then. */
Test(plan_nft, what_only_goes_goes_last)
{
	assert_plan(WANTED(), ACTUAL("address dev=d0 address=192.0.2.1/24 ours", "nft_table name=linkspan ours"),
		"break - address 192.0.2.1/24 dev d0\nbreak - nft_table inet linkspan\n");
}

Test(plan_nft, missing_rule_is_put_in_its_place_by_making_all_of_its_chain_anew)
{
	assert_plan(WANTED(RULE("known"), RULE("tcp4"), RULE("udp4"), "nft_rule chain=hairpin name=masquerade text=m"),
		ACTUAL(HAS("known", "0"), HAS("udp4", "1"),
			"nft_rule chain=hairpin name=masquerade text=m place=0 ours"),
		"make = nft_rule input known\nmake + nft_rule input tcp4\nmake = nft_rule input udp4\n");
}

Test(plan_nft, altered_rule_is_made_anew_with_its_chain)
{
	assert_plan(WANTED(RULE("known"), RULE("tcp4")),
		ACTUAL(HAS("known", "0"), "nft_rule chain=input name=tcp4 text=other place=1 ours"),
		"make = nft_rule input known\nmake = nft_rule input tcp4 text=tcp4\n");
}

Test(plan_nft, stranger_s_rule_goes_and_disturbs_no_other)
{
	assert_plan(WANTED(RULE("known"), RULE("tcp4")),
		ACTUAL(HAS("known", "1"), HAS("tcp4", "2"), "nft_rule chain=input name=#7 text=x place=0 ours"),
		"break - nft_rule input #7\n");
}

Test(plan_nft, rules_in_another_order_are_told_their_place)
{
	assert_plan(WANTED(RULE("known"), RULE("tcp4"), RULE("udp4")),
		ACTUAL(HAS("known", "1"), HAS("tcp4", "2"), HAS("udp4", "0")),
		"make = nft_rule input known\nmake = nft_rule input tcp4\nmake = nft_rule input udp4 place=2\n");
}

/* Its type cannot change while rules refer to it. */
Test(plan_nft, set_of_another_type_takes_the_table_along)
{
	assert_plan(WANTED("nft_table name=linkspan", "nft_set name=fwd4 type=a", RULE("known"), FWD("80", "81")),
		ACTUAL("nft_table name=linkspan ours", "nft_set name=fwd4 type=b ours", HAS("known", "0"),
			FWD("80", "81") " ours"),
		"make = nft_table inet linkspan\nmake = nft_set fwd4 type=a\nmake = nft_rule input known\n"
		"make = nft_element fwd4 192.0.2.1 tcp 80\n");
}

Test(plan_nft, policy_changes_in_place)
{
	assert_plan(WANTED("nft_chain name=input hook=h policy=accept"),
		ACTUAL("nft_chain name=input hook=h policy=drop ours"), "make ~ nft_chain input policy=accept\n");
}
