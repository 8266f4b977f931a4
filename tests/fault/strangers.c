/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody else changes the network while a run is at it: right before each of its messages. What he did stays done.
 * The host ends as desired or as before, each with his change, and that is measured as well: his command is run on
 * hosts at both ends.
 */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(strangers, .init = fault_begin, .fini = fault_end);

/* Whose the object is that he changes. What is ours we may set or make again, what is his stays as he left it. */
enum whose { HIS, OURS };

struct stranger {
	const struct transition *transition;
	const char *command;
	enum whose whose;
	bool may_win;  /* status 3 is fitting: what he did is in the way back */
	bool lets_run; /* what he does is no business of ours: the run always ends well */
};

/* The ends with his change made afterwards; where it fails there it changes nothing. */
static struct ends ends_with(const struct stranger *stranger)
{
	struct outcome outcome;
	struct ends ends;

	host_at(stranger->transition);
	(void)host_try(stranger->command);
	ends.before = judge_keep_look();
	host_at(stranger->transition);
	outcome = program_apply(NULL, stranger->transition->to);
	cr_assert_eq(outcome.status, 0, "%s", outcome.said);
	(void)host_try(stranger->command);
	ends.after = judge_keep_look();
	return ends;
}

static bool fits(const struct stranger *stranger, int status, enum verdict verdict)
{
	switch (status) {
	case 0:
		return verdict == IS_AFTER;
	case 1:
		return verdict == IS_BEFORE && !stranger->lets_run;
	case 3:
		return verdict == IS_BEFORE && stranger->may_win;
	}
	return false;
}

/* Did his command find anything to do at that moment? If so, the host is as it is with it. */
static void check(const struct stranger *stranger, const struct ends *with, const struct ends *without,
	const struct outcome *outcome, unsigned n)
{
	const char *const all[] = { with->before, with->after, without->before, without->after };
	bool done = outcome->report.run.status == 0;
	size_t first = done ? 0 : 2, last = done && stranger->whose == HIS ? 2 : 4;
	int found = judge_among(all + first, last - first);
	enum verdict verdict = found < 0 ? IS_NEITHER : found % 2 ? IS_AFTER : IS_BEFORE;

	if (fits(stranger, outcome->status, verdict))
		return;
	complain("%s, before change %u: %s (%s): status %d, the host is %s: %s", stranger->transition->name, n,
		stranger->command, done ? "done" : "had nothing to do", outcome->status,
		verdict == IS_BEFORE  ? "as before"
		: verdict == IS_AFTER ? "as desired"
				      : "neither",
		outcome->said);
	if (verdict == IS_NEITHER)
		complain_difference(all + first, last - first);
}

/* The journal that a status of 3 leaves is dropped on demand; after that all is well again. */
static void abandon(const struct stranger *stranger, unsigned n)
{
	struct outcome outcome = program_apply(NULL, stranger->transition->to);

	if (outcome.status == 0) /* he has gone by himself: recovered in passing */
		return;
	if (outcome.status != 3)
		complain("%s, before change %u: %s: the next apply ended with %d: %s", stranger->transition->name, n,
			stranger->command, outcome.status, outcome.said);
	outcome = program(NULL, "recover --abandon");
	if (outcome.status != 0)
		complain("%s, before change %u: %s: recover --abandon ended with %d: %s", stranger->transition->name, n,
			stranger->command, outcome.status, outcome.said);
}

static void meet(const struct stranger *stranger)
{
	struct ends with, without;
	struct outcome outcome;
	unsigned n = 0;

	fault_need_namespace();
	without = judge_ends(stranger->transition);
	with = ends_with(stranger);
	do {
		char fault[1024];

		host_at(stranger->transition);
		snprintf(fault, sizeof(fault), "run:change:%u:{ %s; } >/dev/null 2>&1", ++n, stranger->command);
		outcome = program_apply(&(struct faults){ .run = fault }, stranger->transition->to);
		if (!outcome.report.run.fired)
			break;
		check(stranger, &with, &without, &outcome, n);
		if (outcome.status == 3 && !strstr(outcome.said, ", was ") && !strstr(outcome.said, "has made it") &&
			!strstr(outcome.said, "no such link"))
			complain("%s, before change %u: it does not say what differs: %s", stranger->transition->name,
				n, outcome.said);
		if (outcome.status == 3)
			abandon(stranger, n);
	} while (!judge_gave_up());
	if (!judge_gave_up() && n < 50)
		complain("only %u changes", n);
	judge_close();
}

Test(strangers, delete_a_route_of_ours)
{
	meet(&(struct stranger){ &from_nothing, "ip route del 10.20.0.0/16 metric 0", OURS, false, false });
}

Test(strangers, change_a_foreign_route_that_stands_on_our_link)
{
	meet(&(struct stranger){
		&from_a_to_b, "ip route replace 10.120.0.0/16 via 10.10.0.7 dev lsa0", HIS, true, false });
}

Test(strangers, delete_a_foreign_route_that_stands_on_our_link)
{
	meet(&(struct stranger){ &from_a_to_b, "ip route del 10.121.0.0/16 metric 7", HIS, true, false });
}

Test(strangers, add_an_address_to_a_link_of_ours)
{
	meet(&(struct stranger){ &from_a_to_b, "ip addr add 10.77.0.1/24 dev lsa0", HIS, false, true });
}

Test(strangers, add_an_address_to_a_link_that_is_being_made)
{
	meet(&(struct stranger){ &from_nothing, "ip addr add 10.77.0.1/24 dev lsb0", HIS, true, false });
}

Test(strangers, make_a_route_that_was_about_to_be_made)
{
	meet(&(struct stranger){ &from_nothing, "ip route add 10.28.0.0/16 via 192.0.2.7", HIS, true, false });
}

Test(strangers, make_an_ipv6_route_that_was_about_to_be_made)
{
	meet(&(struct stranger){
		&from_nothing, "ip route add 2001:db8:22::/48 via 2001:db8:f::7 table 500", HIS, true, false });
}

Test(strangers, make_an_address_that_was_about_to_be_made)
{
	meet(&(struct stranger){ &from_nothing, "ip addr add 10.97.0.1/24 dev fx0 label fx0:x", HIS, true, false });
}

Test(strangers, make_a_link_that_was_about_to_be_made)
{
	meet(&(struct stranger){
		&from_nothing, "ip link add lsbr index 900 address 02:00:00:00:09:00 type bridge", HIS, true, false });
}

Test(strangers, replace_a_route_of_ours)
{
	meet(&(struct stranger){
		&from_a_to_b, "ip route replace 10.20.0.0/16 via 10.11.0.7 metric 0", OURS, true, false });
}

Test(strangers, delete_a_link_that_routes_of_ours_use)
{
	meet(&(struct stranger){ &from_nothing, "ip link del fz0", HIS, true, false });
}

Test(strangers, delete_a_link_of_ours)
{
	meet(&(struct stranger){ &from_a_to_b, "ip link del lsb0", OURS, true, false });
}

Test(strangers, set_a_link_of_theirs_otherwise)
{
	meet(&(struct stranger){ &from_nothing, "ip link set fy0 mtu 1300", OURS, true, false });
}

Test(strangers, write_a_sysctl_of_ours)
{
	meet(&(struct stranger){ &from_nothing, "echo 0 >/proc/sys/net/ipv4/conf/fx0/rp_filter", OURS, true, false });
}
