/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drivers of rules and neighbours against a real kernel: what linkspan reads is what iproute2 shows, what it makes
 * iproute2 shows as asked for, and what strangers made comes back as it was.
 */
#include "policy_tools.h"

TestSuite(drivers_policies, .init = enter_namespace);

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static const struct made rules[] = {
	{ "rule family=ipv4 priority=7 from=192.0.2.0/24 to=198.51.100.9/32 action=lookup table=200",
		"src=192.0.2.0 srclen=24 dst=198.51.100.9 dstlen=- table=200 protocol=108" },
	{ "rule family=ipv4 priority=8 iif=p0 oif=nowhere0 fwmark=16 fwmask=240 action=lookup table=4294967295",
		"src=all iif=p0 oif=nowhere0 oif_detached=+ fwmark=0x10 fwmask=0xf0 table=4294967295" },
	{ "rule family=ipv4 priority=9 fwmark=0 fwmask=1 action=lookup table=254", "fwmark=0 fwmask=0x1 table=254" },
	{ "rule family=ipv4 priority=10 fwmark=5 fwmask=4294967295 action=prohibit",
		"fwmark=0x5 fwmask=- action=8 table=-" },
	{ "rule family=ipv4 priority=11 uid_start=0 uid_end=0 action=lookup table=5 suppress_prefix_length=0",
		"uid_start=0 uid_end=0 suppress_prefixlen=0" },
	{ "rule family=ipv4 priority=12 invert=true from=10.0.0.0/8 action=blackhole", "not=+ src=10.0.0.0 action=6" },
	{ "rule family=ipv4 priority=0 iif=lo action=unreachable", "priority=0 iif=lo action=7" },
	{ "rule family=ipv4 priority=4294967295 action=lookup table=7", "priority=4294967295 table=7" },
	{ "rule family=ipv4 priority=13 l3mdev=true action=lookup", "l3mdev=+ table=-" },
	{ "rule family=ipv6 priority=7 from=2001:db8::/32 to=2001:db8:1::1/128 action=lookup table=300",
		"src=2001:db8:: srclen=32 dst=2001:db8:1::1 table=300 protocol=108" },
	{ "rule family=ipv6 priority=8 invert=true iif=p0 fwmark=1 fwmask=1 action=unreachable",
		"not=+ iif=p0 fwmark=0x1 fwmask=0x1 action=7" },
	{ "rule family=ipv6 priority=9 uid_start=5 uid_end=4294967294 action=lookup table=254 "
	  "suppress_prefix_length=128",
		"uid_start=5 uid_end=4294967294 suppress_prefixlen=128" },
};

Test(drivers_policies, rules_are_made_as_asked_for_and_deleted)
{
	begin();
	make_pair();
	for (size_t i = 0; i < LS_ARRAY_SIZE(rules); i++) {
		struct ls_object *rule = build(rules[i].object);
		const struct ls_rule *want = (const struct ls_rule *)rule;
		json_t *before = ask(RULES), *after;

		succeed(LS_OP_ADD, NULL, rule);
		expect_ours(rule);
		expect_round_trip(found(rule));
		/* Of priority 0, the kernel's own comes first. */
		expect_shown(want->priority ? ip_one("-%d rule show pref %u", want->family ? 6 : 4, want->priority)
					    : ip_one("-4 rule show pref 0 iif lo"),
			rules[i].shown);
		fail_with(-EEXIST, LS_OP_ADD, NULL, rule);
		succeed(LS_OP_DELETE, found(rule), NULL);
		expect_gone(rule);
		fail_with(-ENOENT, LS_OP_DELETE, rule, NULL);
		after = ask(RULES);
		cr_expect(json_equal(before, after), "%s: %s", rules[i].object, dumped(after));
		json_decref(before);
		json_decref(after);
	}
	end();
}

/* The list of rules is ip's, in its own order. */
static const struct ls_rule *rule_like(const json_t *theirs, uint8_t family)
{
	ls_set_each (&have, i) {
		const struct ls_rule *ours = (const struct ls_rule *)have.objects[i];
		const char *table = text_of(theirs, "table");

		if (have.objects[i]->kind == &ls_kind_rule && ours->family == family &&
			ours->priority == number_of(theirs, "priority") && ours->table == strtoul(table, NULL, 10))
			return ours;
	}
	return NULL;
}

static size_t expect_same_rules(uint8_t family)
{
	json_t *list = ask("ip -j -d -N -%d rule", family ? 6 : 4), *theirs;
	size_t i, n = json_array_size(list);

	json_array_foreach(list, i, theirs)
	{
		const struct ls_rule *ours = rule_like(theirs, family);

		cr_assert_not_null(ours, "%s", dumped(theirs));
		cr_expect_str_eq(ours->iif ? ours->iif : "", text_of(theirs, "iif"));
		cr_expect_str_eq(ours->oif ? ours->oif : "", text_of(theirs, "oif"));
		cr_expect_eq(ours->invert, json_object_get(theirs, "not") != NULL);
		cr_expect_eq(ours->l3mdev, json_object_get(theirs, "l3mdev") != NULL);
		cr_expect_eq(ours->from.length, number_of(theirs, "srclen"));
		cr_expect_eq(ours->fwmark, strtoul(text_of(theirs, "fwmark"), NULL, 0));
		cr_expect_eq(ours->uid_end, number_of(theirs, "uid_end"));
		cr_expect_eq(ours->protocol, strtoul(text_of(theirs, "protocol"), NULL, 10), "%s", dumped(theirs));
		cr_expect_eq(ours->object.owner, ours->protocol == 2 ? LS_OWNER_DERIVED : LS_OWNER_FOREIGN);
	}
	json_decref(list);
	return n;
}

static const struct ls_rule *rule_at(uint32_t priority)
{
	ls_set_each (&have, i)
		if (have.objects[i]->kind == &ls_kind_rule &&
			((const struct ls_rule *)have.objects[i])->priority == priority)
			return (const struct ls_rule *)have.objects[i];
	cr_assert_fail("no rule of priority %u", priority);
	return NULL;
}

static const char *const foreign_rules =
	"ip rule add from 192.0.2.0/24 iif p0 table 100 pref 21 proto static && "
	"ip rule add not fwmark 1/0x10 oif p1 uidrange 5-9 table 101 suppress_prefixlength 3 pref 22 proto bird && "
	"ip rule add tos 0x10 table 102 pref 23 && ip rule add ipproto tcp sport 80-90 dport 443 table 103 pref 24 && "
	"ip rule add goto 32766 pref 25 && ip rule add table 104 suppress_ifgroup 7 pref 26 && "
	"ip rule add realms 5 table 105 pref 27 && ip rule add l3mdev pref 28 && "
	"ip -6 rule add from 2001:db8:5::/48 ipproto udp table 100 pref 21 && ip -6 rule add goto 32766 pref 22";

Test(drivers_policies, dump_of_rules_is_what_ip_shows)
{
	static const struct {
		uint32_t priority;
		const char *other;
	} others[] = { { 23, "tos 0x10" }, { 24, "ipproto 06 sport 50005a00 dport bb01bb01" },
		{ 26, "suppress_ifgroup 07000000" } };

	begin();
	make_pair();
	run("%s", foreign_rules);
	dump(LS_BIT(LS_KIND_RULE));
	cr_expect_eq(have.n_objects, expect_same_rules(LS_FAMILY_IPV4) + expect_same_rules(LS_FAMILY_IPV6));
	for (size_t i = 0; i < LS_ARRAY_SIZE(others); i++)
		cr_expect(!strncmp(rule_at(others[i].priority)->other, others[i].other, strlen(others[i].other)), "%s",
			rule_at(others[i].priority)->other); /* 6.15 and later tell masks of ports, too */
	cr_expect_eq(rule_at(25)->action, LS_RULE_OTHER_ACTION);
	cr_expect_not_null(strstr(rule_at(25)->other, "goto"), "%s", rule_at(25)->other);
	cr_expect_not_null(strstr(rule_at(27)->other, "realms"));
	cr_expect_not(ls_object_has(&rule_at(21)->object, LS_RULE_OTHER));
	expect_round_trips(&ls_kind_rule);
	end();
}

/* rule_exists and rule_find look at the protocol. */
Test(drivers_policies, a_stranger_who_has_the_same_rule_keeps_it)
{
	struct ls_object *rule = build("rule family=ipv4 priority=21 from=192.0.2.0/24 action=lookup table=100");

	begin();
	run("ip rule add from 192.0.2.0/24 table 100 pref 21 proto static");
	fail_with(-ENOENT, LS_OP_DELETE, rule, NULL);
	succeed(LS_OP_ADD, NULL, rule);
	succeed(LS_OP_DELETE, rule, NULL);
	fail_with(-ENOENT, LS_OP_DELETE, rule, NULL);
	expect_shown(ip_one("rule show pref 21"), "protocol=4 table=100");
	end();
}

/* The reason why the planner has some rules go first: see plan/rules.c. */
Test(drivers_policies, a_rule_that_asks_for_less_or_the_opposite_is_taken_for_the_one_that_is_there)
{
	static const char *const taken[] = { "rule family=ipv4 priority=21 to=10.0.0.0/8 action=lookup table=100",
		"rule family=ipv4 priority=21 from=192.0.2.0/24 action=lookup table=100",
		"rule family=ipv4 priority=21 action=lookup table=100",
		"rule family=ipv4 priority=21 invert=true from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=100" };
	static const char *const others[] = {
		"rule family=ipv4 priority=21 from=192.0.2.0/25 to=10.0.0.0/8 action=lookup table=100",
		"rule family=ipv4 priority=21 iif=p0 from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=100",
		"rule family=ipv4 priority=21 from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=101",
		"rule family=ipv4 priority=21 fwmark=1 fwmask=1 action=lookup table=100",
		"rule family=ipv4 priority=21 action=lookup table=100 suppress_prefix_length=5",
		"rule family=ipv4 priority=21 action=blackhole", "rule family=ipv4 priority=22 action=lookup table=100"
	};

	begin();
	succeed(LS_OP_ADD, NULL,
		build("rule family=ipv4 priority=21 from=192.0.2.0/24 to=10.0.0.0/8 action=lookup table=100"));
	for (size_t i = 0; i < LS_ARRAY_SIZE(taken); i++)
		fail_with(-EEXIST, LS_OP_ADD, NULL, build(taken[i]));
	for (size_t i = 0; i < LS_ARRAY_SIZE(others); i++)
		succeed(LS_OP_ADD, NULL, build(others[i]));
	end();
}

/* With our mark, but of somebody else's making: what linkspan has no word for is in the message all the same. */
Test(drivers_policies, rules_with_words_of_others_go_and_come_back_by_the_message_kept)
{
	static const uint32_t priorities[] = { 21, 22, 23, 24, 25 };
	struct ls_object *kept[LS_ARRAY_SIZE(priorities)];
	char *before, *after;

	begin();
	run("ip rule add from 192.0.2.0/24 table 100 pref 21 proto 108 && "
	    "ip rule add from 192.0.2.0/24 tos 0x10 table 100 pref 21 proto 108 && "
	    "ip rule add ipproto tcp sport 80-90 dport 443 iif nowhere0 table 103 pref 22 proto 108 && "
	    "ip rule add goto 32766 pref 23 proto 108 && ip rule add table 104 suppress_ifgroup 7 pref 24 proto 108 && "
	    "ip rule add not tos 0x10 fwmark 1/3 uidrange 1-2 table 105 pref 25 proto 108");
	dump(LS_DUMP_ALL);
	before = shown_by(RULES);
	for (size_t i = 0; i < LS_ARRAY_SIZE(priorities); i++) {
		kept[i] = NULL;
		ls_set_each (&have, k)
			if (have.objects[k]->kind == &ls_kind_rule && ls_object_has(have.objects[k], LS_RULE_OTHER) &&
				((const struct ls_rule *)have.objects[k])->priority == priorities[i])
				kept[i] = ls_object_copy(build_arena(), have.objects[k]);
		cr_assert_not_null(kept[i], "%u", priorities[i]);
		succeed(LS_OP_DELETE, kept[i], NULL);
		fail_with(-ENOENT, LS_OP_DELETE, kept[i], NULL);
	}
	expect_shown(ip_one("rule show pref 21"), "tos=- src=192.0.2.0");
	for (size_t i = 0; i < LS_ARRAY_SIZE(priorities); i++)
		succeed(LS_OP_ADD, NULL, kept[i]);
	after = shown_by(RULES);
	cr_expect_str_eq(before, after, "%s\n%s", before, after);
	free(before);
	free(after);
	end();
}

Test(drivers_policies, strangers_of_the_same_priority_stay_when_ours_goes)
{
	struct ls_object *rule = build("rule family=ipv4 priority=21 action=lookup table=100");
	json_t *before, *after;

	begin();
	run("ip rule add from 192.0.2.0/24 table 100 pref 21 && ip rule add from 192.0.2.0/24 tos 0x10 table 100 pref "
	    "21 "
	    "proto static");
	before = ask("ip -j -d rule");
	succeed(LS_OP_ADD, NULL, rule);
	succeed(LS_OP_DELETE, rule, NULL);
	after = ask("ip -j -d rule");
	cr_expect(json_equal(before, after), "%s", dumped(after));
	json_decref(before);
	json_decref(after);
	end();
}

Test(drivers_policies, rules_are_never_changed_in_place)
{
	struct ls_object *rule = build("rule family=ipv4 priority=21 action=lookup table=100");
	struct nl_msg *message;

	begin();
	cr_expect_eq(ls_kernel_encode(kernel, LS_OP_REPLACE, rule, rule, &message, &failure), -EINVAL);
	cr_expect_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, build("rule family=ipv4 priority=5 action=other"),
			     &message, &failure),
		-EINVAL);
	cr_expect_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL,
			     build("rule family=ipv4 priority=5 action=lookup table=5 other='tos 0x10'"), &message,
			     &failure),
		-EINVAL);
	end();
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

static const struct made neighbours[] = {
	{ "neighbour dev=p0 address=192.0.2.9 mac=02:00:00:00:00:09",
		"lladdr=02:00:00:00:00:09 router=- protocol=108" },
	{ "neighbour dev=p0 address=2001:db8::9 mac=02:00:00:00:00:0a router=true",
		"lladdr=02:00:00:00:00:0a router=+ protocol=108" },
	{ "neighbour dev=p0 address=203.0.113.9 proxy=true", "proxy=+ protocol=108" },
	{ "neighbour dev=p0 address=2001:db8:5::9 proxy=true", "proxy=+ protocol=108" },
};

static json_t *ip_neighbour(const struct ls_object *object)
{
	const struct ls_neighbour *neighbour = (const struct ls_neighbour *)object;
	char text[LS_IP_TEXT_MAX];

	return ip_one("neigh show %s%s dev %s", neighbour->proxy ? "proxy " : "",
		ls_ip_format(&neighbour->address, text), neighbour->dev);
}

Test(drivers_policies, neighbours_are_made_as_asked_for_and_deleted)
{
	begin_with_addresses();
	for (size_t i = 0; i < LS_ARRAY_SIZE(neighbours); i++) {
		struct ls_object *neighbour = build(neighbours[i].object);

		succeed(LS_OP_ADD, NULL, neighbour);
		expect_ours(neighbour);
		expect_round_trip(found(neighbour));
		expect_shown(ip_neighbour(neighbour), neighbours[i].shown);
		succeed(LS_OP_DELETE, found(neighbour), NULL);
		expect_gone(neighbour);
		fail_with(-ENOENT, LS_OP_DELETE, neighbour, NULL);
	}
	end();
}

Test(drivers_policies, neighbours_are_changed_in_place)
{
	struct ls_object *first = build("neighbour dev=p0 address=2001:db8::9 mac=02:00:00:00:00:0a"),
			 *second = build("neighbour dev=p0 address=2001:db8::9 mac=02:00:00:00:00:0b router=true");

	begin_with_addresses();
	succeed(LS_OP_ADD, NULL, first);
	succeed(LS_OP_CHANGE, first, second);
	expect_ours(second);
	expect_shown(ip_neighbour(second), "lladdr=02:00:00:00:00:0b router=+");
	succeed(LS_OP_CHANGE, second, first);
	expect_ours(first);
	expect_shown(ip_neighbour(first), "lladdr=02:00:00:00:00:0a router=-");
	end();
}

/* What the kernel learns is no object, and a static entry takes its place. */
Test(drivers_policies, learned_entries_are_no_objects)
{
	struct ls_object *neighbour = build("neighbour dev=p0 address=192.0.2.9 mac=02:00:00:00:00:09");

	begin_with_addresses();
	run("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:99 dev p0 nud reachable && "
	    "ip neigh add 192.0.2.10 lladdr 02:00:00:00:00:99 dev p0 nud stale && "
	    "ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:99 dev p0 nud delay && "
	    "ip neigh add 192.0.2.11 dev p0 nud failed; ip neigh add 192.0.2.12 lladdr 02:00:00:00:00:12 dev p0 nud "
	    "noarp");
	dump(LS_DUMP_ALL);
	cr_expect_eq(count_kind(&ls_kind_neighbour), 0);
	succeed(LS_OP_ADD, NULL, neighbour);
	expect_ours(neighbour);
	end();
}

static const char *const foreign_neighbours =
	"ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev p0 && "
	"ip neigh add 192.0.2.10 lladdr 02:00:00:00:00:10 dev p0 protocol static && "
	"ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev p0 router protocol bird && "
	"ip neigh add proxy 203.0.113.9 dev p0 && ip neigh add proxy 203.0.113.10 dev p1 protocol static && "
	"ip neigh add proxy 2001:db8:5::9 dev p0 router";

Test(drivers_policies, dump_of_neighbours_is_what_ip_shows)
{
	static const char *const dumps[] = { "neigh show nud permanent", "neigh show proxy" };
	json_t *list, *theirs;
	size_t i, n = 0;

	begin_with_addresses();
	run("%s", foreign_neighbours);
	dump(LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_NEIGHBOUR));
	for (size_t k = 0; k < LS_ARRAY_SIZE(dumps); k++) {
		list = ask("ip -j -d -N %s", dumps[k]);
		json_array_foreach(list, i, theirs)
		{
			char key[256], mac[LS_MAC_TEXT_MAX];
			const struct ls_neighbour *ours;

			snprintf(key, sizeof(key), "neighbour dev=%s address=%s%s", text_of(theirs, "dev"),
				text_of(theirs, "dst"), k ? " proxy=true" : "");
			ours = (const struct ls_neighbour *)found(build(key));
			cr_assert_not_null(ours, "%s", key);
			cr_expect_str_eq(k ? "" : ls_mac_format(&ours->mac, mac), text_of(theirs, "lladdr"));
			cr_expect_eq(ours->router, json_object_get(theirs, "router") != NULL, "%s", key);
			cr_expect_eq(ours->protocol, strtoul(text_of(theirs, "protocol"), NULL, 10), "%s", key);
			cr_expect_eq(ours->object.owner, LS_OWNER_FOREIGN);
			n++;
		}
		json_decref(list);
	}
	cr_expect_eq(n, 6);
	cr_expect_eq(count_kind(&ls_kind_neighbour), n);
	expect_round_trips(&ls_kind_neighbour);
	end();
}

/* ---- putting back ------------------------------------------------------------------------------------------------ */

#define NEIGHBOURS BOTH("ip -j -d neigh show nud permanent", "ip -j -d neigh show proxy")

Test(drivers_policies, foreign_neighbours_come_back_as_they_were)
{
	begin_with_addresses();
	run("%s", foreign_neighbours);
	expect_put_back(&ls_kind_neighbour, NEIGHBOURS,
		"ip neigh flush nud permanent && ip neigh del proxy 203.0.113.9 dev p0 && "
		"ip neigh del proxy 203.0.113.10 dev p1 && ip neigh del proxy 2001:db8:5::9 dev p0");
	end();
}

Test(drivers_policies, neighbours_come_back_though_their_link_has_a_new_index)
{
	struct ls_object *neighbour = build("neighbour dev=p0 address=192.0.2.10"), *kept;

	begin_with_addresses();
	run("%s", foreign_neighbours);
	dump(LS_DUMP_ALL);
	kept = ls_object_copy(build_arena(), found(neighbour));
	run("ip link del p0 && ip link add p7 type veth peer name p8");
	make_pair();
	succeed(LS_OP_ADD, NULL, kept);
	expect_shown(ip_neighbour(neighbour), "lladdr=02:00:00:00:00:10 protocol=4");
	end();
}

Test(drivers_policies, displaced_neighbour_is_given_back)
{
	struct ls_object *want = build("neighbour dev=p0 address=192.0.2.10 mac=02:00:00:00:00:77"), *foreign;

	begin_with_addresses();
	run("%s", foreign_neighbours);
	dump(LS_DUMP_ALL);
	foreign = found(want);
	succeed(LS_OP_CHANGE, foreign, want);
	expect_shown(ip_neighbour(want), "lladdr=02:00:00:00:00:77 protocol=108");
	succeed(LS_OP_CHANGE, want, foreign);
	expect_shown(ip_neighbour(want), "lladdr=02:00:00:00:00:10 protocol=4");
	end();
}
