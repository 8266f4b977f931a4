/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drivers of nexthop objects and of routes with several next hops against a real kernel, judged by iproute2. */
#include "policy_tools.h"

TestSuite(drivers_nexthops, .init = enter_namespace);

/* ---- nexthop objects --------------------------------------------------------------------------------------------- */

static const struct made nexthops[] = {
	{ "nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0",
		"gateway=192.0.2.9 dev=p0 protocol=108 flags=[]" },
	{ "nexthop id=4294967295 type=single family=ipv4 via=203.0.113.9 dev=p0 onlink=true",
		"gateway=203.0.113.9 flags=[\"onlink\"]" },
	{ "nexthop id=3 type=single family=ipv6 via=2001:db8::9 dev=p0", "gateway=2001:db8::9 dev=p0 protocol=108" },
	{ "nexthop id=4 type=single family=ipv6 dev=p1", "gateway=- dev=p1" },
	{ "nexthop id=5 type=blackhole family=ipv4", "blackhole=+ dev=- protocol=108" },
	{ "nexthop id=6 type=blackhole family=ipv6", "blackhole=+ protocol=108" },
	{ "nexthop id=7 type=group members='100*1 101*3 102*256'", "protocol=108 type=-" },
};

static json_t *ip_nexthop(const struct ls_object *object)
{
	return ip_one("nexthop get id %u", ((const struct ls_nexthop *)object)->id);
}

static void begin_with_members(void)
{
	begin_with_addresses();
	need_nexthops();
	for (uint32_t i = 100; i < 103; i++)
		run("ip nexthop add id %u via 192.0.2.%u dev p0", i, i);
}

Test(drivers_nexthops, nexthops_are_made_as_asked_for_and_deleted)
{
	begin_with_members();
	for (size_t i = 0; i < LS_ARRAY_SIZE(nexthops); i++) {
		struct ls_object *nexthop = build(nexthops[i].object);

		fail_with(-ENOENT, LS_OP_REPLACE, nexthop, nexthop);
		succeed(LS_OP_ADD, NULL, nexthop);
		expect_ours(nexthop);
		expect_round_trip(found(nexthop));
		expect_shown(ip_nexthop(nexthop), nexthops[i].shown);
		fail_with(-EEXIST, LS_OP_ADD, NULL, nexthop);
		succeed(LS_OP_DELETE, found(nexthop), NULL);
		expect_gone(nexthop);
		fail_with(-ENOENT, LS_OP_DELETE, nexthop, NULL);
	}
	end();
}

Test(drivers_nexthops, members_and_weights_are_those_asked_for)
{
	struct ls_object *group = build("nexthop id=7 type=group members='100*1 101*3 102*256'");
	json_t *shown, *list;

	begin_with_members();
	succeed(LS_OP_ADD, NULL, group);
	shown = ip_nexthop(group);
	list = json_object_get(shown, "group");
	cr_assert_eq(json_array_size(list), 3);
	cr_expect_eq(number_of(json_array_get(list, 1), "id"), 101);
	cr_expect_eq(number_of(json_array_get(list, 1), "weight"), 3);
	cr_expect_eq(number_of(json_array_get(list, 2), "weight"), 256);
	json_decref(shown);
	end();
}

/* From, to, what ip then shows. */
static const struct {
	const char *from, *to, *shown;
} replacements[] = {
	{ "nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0",
		"nexthop id=1 type=single family=ipv4 via=192.0.2.8 dev=p0", "gateway=192.0.2.8 dev=p0" },
	{ "nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0",
		"nexthop id=1 type=single family=ipv4 via=203.0.113.9 dev=p1 onlink=true",
		"gateway=203.0.113.9 dev=p1 flags=[\"onlink\"]" },
	{ "nexthop id=1 type=single family=ipv6 dev=p1", "nexthop id=1 type=single family=ipv6 via=2001:db8::9 dev=p0",
		"gateway=2001:db8::9 dev=p0" },
	{ "nexthop id=1 type=group members='100*1 101*3'", "nexthop id=1 type=group members='102*2'", "protocol=108" },
};

Test(drivers_nexthops, nexthops_are_replaced_in_one_message_and_their_routes_stay)
{
	begin_with_members();
	for (size_t i = 0; i < LS_ARRAY_SIZE(replacements); i++) {
		struct ls_object *from = build(replacements[i].from), *to = build(replacements[i].to);
		bool ipv6 = strstr(replacements[i].from, "ipv6");

		succeed(LS_OP_ADD, NULL, from);
		run("ip %s nhid 1", ipv6 ? "-6 route add 2001:db8:9::/48" : "route add 10.9.0.0/16");
		succeed(LS_OP_REPLACE, from, to);
		expect_ours(to);
		expect_shown(ip_nexthop(to), replacements[i].shown);
		expect_shown(ip_one("%s", ipv6 ? "-6 route show 2001:db8:9::/48" : "route show 10.9.0.0/16"), "nhid=1");
		succeed(LS_OP_DELETE, to, NULL);
		cr_expect_null(ip_one("%s", ipv6 ? "-6 route show 2001:db8:9::/48" : "route show 10.9.0.0/16"));
	}
	end();
}

/* The reasons for class RECREATE. */
Test(drivers_nexthops, a_single_nexthop_becomes_no_group_in_place)
{
	struct ls_object *single = build("nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0"),
			 *group = build("nexthop id=1 type=group members='100*1'");

	begin_with_members();
	succeed(LS_OP_ADD, NULL, single);
	fail_with(-EINVAL, LS_OP_REPLACE, single, group);
	cr_expect_eq(ls_object_change(&ls_kind_nexthop, LS_BIT(LS_NEXTHOP_TYPE)), LS_CHANGE_RECREATE);
	end();
}

static const char *const foreign_nexthops =
	"ip nexthop add id 1 via 192.0.2.9 dev p0 && ip nexthop add id 2 via 203.0.113.9 dev p0 onlink proto static && "
	"ip nexthop add id 3 via 2001:db8::9 dev p0 proto bird && ip -6 nexthop add id 4 dev p1 && "
	"ip nexthop add id 5 blackhole && ip -6 nexthop add id 6 blackhole proto static && "
	"ip nexthop add id 7 dev p1 && ip nexthop add id 8 via 192.0.2.8 fdb && "
	"ip nexthop add id 20 group 2,200/1,3 proto static && ip nexthop add id 21 group 5 && "
	"ip nexthop add id 22 group 8 fdb";
static const char *const more_nexthops = "ip nexthop add id 9 encap ip id 9 dst 192.0.2.3 dev p0";
static const char *const resilient = "ip nexthop add id 23 group 2/1,3 type resilient buckets 16 idle_timer 7 "
				     "unbalanced_timer 50";

static const struct ls_nexthop *nexthop_at(uint32_t id)
{
	struct ls_nexthop key = { .object = { .kind = &ls_kind_nexthop }, .id = id };
	const struct ls_nexthop *there = (const struct ls_nexthop *)found(&key.object);

	cr_assert_not_null(there, "no nexthop %u", id);
	return there;
}

static void expect_same_nexthop(const json_t *theirs)
{
	const struct ls_nexthop *ours = nexthop_at((uint32_t)number_of(theirs, "id"));
	char via[LS_IP_TEXT_MAX];

	cr_expect_str_eq(ours->dev ? ours->dev : "", text_of(theirs, "dev"));
	cr_expect_str_eq(
		ours->via.family ? ls_ip_format(&ours->via, via) : "", text_of(theirs, "gateway"), "%u", ours->id);
	cr_expect_eq(ours->type == LS_NEXTHOP_GROUP, json_object_get(theirs, "group") != NULL, "%u", ours->id);
	cr_expect_eq(ours->type == LS_NEXTHOP_BLACKHOLE, json_object_get(theirs, "blackhole") != NULL, "%u", ours->id);
	cr_expect_eq(ours->onlink, json_array_size(json_object_get(theirs, "flags")) > 0, "%u", ours->id);
	cr_expect_eq(ours->protocol, strtoul(text_of(theirs, "protocol"), NULL, 10), "%u", ours->id);
	cr_expect_eq(ours->object.owner, LS_OWNER_FOREIGN);
}

Test(drivers_nexthops, dump_of_nexthops_is_what_ip_shows)
{
	json_t *list, *theirs;
	bool is_resilient;
	size_t i;

	begin_with_addresses();
	need_nexthops();
	run("%s && %s", foreign_nexthops, more_nexthops);
	is_resilient = run_quietly(resilient);
	dump(LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_NEXTHOP));
	list = ask("ip -j -d -N nexthop");
	json_array_foreach(list, i, theirs) expect_same_nexthop(theirs);
	cr_expect_eq(count_kind(&ls_kind_nexthop), i);
	cr_expect_eq(i, 12u + is_resilient);
	cr_expect_str_eq(nexthop_at(20)->members, "1*3 2*200");
	cr_expect_eq(nexthop_at(6)->family, LS_FAMILY_IPV6);
	cr_expect_not(ls_object_has(&nexthop_at(20)->object, LS_NEXTHOP_OTHER));
	cr_expect(ls_object_has(&nexthop_at(8)->object, LS_NEXTHOP_OTHER), "fdb");
	cr_expect(ls_object_has(&nexthop_at(9)->object, LS_NEXTHOP_OTHER), "encap");
	if (is_resilient)
		cr_expect_not_null(strstr(nexthop_at(23)->other, "buckets 16 idle_timer 700 unbalanced_timer 5000"),
			"%s", nexthop_at(23)->other);
	expect_round_trips(&ls_kind_nexthop);
	json_decref(list);
	end();
}

#define NEXTHOPS BOTH("ip -j -d nexthop", "echo []")

Test(drivers_nexthops, foreign_nexthops_come_back_as_they_were)
{
	begin_with_addresses();
	need_nexthops();
	run("%s && %s", foreign_nexthops, more_nexthops);
	/* Members first, as the planner has them. */
	expect_put_back(&ls_kind_nexthop, NEXTHOPS, "ip nexthop flush");
	end();
}

Test(drivers_nexthops, resilient_groups_come_back_as_they_were)
{
	begin_with_addresses();
	need_nexthops();
	run("%s", foreign_nexthops);
	if (!run_quietly(resilient))
		cr_skip_test("no resilient groups");
	expect_put_back(&ls_kind_nexthop, NEXTHOPS, "ip nexthop flush");
	end();
}

/* unbalanced_time goes on by itself while flows hold on to their buckets. */
Test(drivers_nexthops, a_resilient_group_out_of_balance_looks_the_same_at_every_look)
{
	struct ls_object *first;

	begin_with_addresses();
	need_nexthops();
	run("%s", foreign_nexthops);
	if (!run_quietly("ip nexthop add id 23 group 2/3 type resilient buckets 8 idle_timer 0 unbalanced_timer 0") ||
		!run_quietly("ip nexthop replace id 23 group 2,255/3 type resilient idle_timer 500"))
		cr_skip_test("no resilient groups");
	dump(LS_DUMP_ALL);
	first = ls_object_copy(build_arena(), &nexthop_at(23)->object);
	usleep(1100000);
	dump(LS_DUMP_ALL);
	cr_expect_eq(ls_object_diff(first, &nexthop_at(23)->object), 0);
	end();
}

Test(drivers_nexthops, displaced_nexthop_is_given_back)
{
	static const char *const wants[] = { "nexthop id=2 type=single family=ipv4 via=192.0.2.7 dev=p0",
		"nexthop id=3 type=single family=ipv6 via=2001:db8::7 dev=p0",
		"nexthop id=20 type=group members='2*7'" };
	char *before, *after;

	begin_with_addresses();
	need_nexthops();
	run("%s", foreign_nexthops);
	before = shown_by(NEXTHOPS);
	for (size_t i = 0; i < LS_ARRAY_SIZE(wants); i++) {
		struct ls_object *want = build(wants[i]), *foreign;

		dump(LS_DUMP_ALL);
		foreign = ls_object_copy(build_arena(), found(want));
		succeed(LS_OP_REPLACE, foreign, want);
		dump(LS_DUMP_ALL);
		cr_expect_eq(ls_object_diff(want, found(want)), 0, "%s", wants[i]);
		succeed(LS_OP_REPLACE, want, foreign);
	}
	after = shown_by(NEXTHOPS);
	cr_expect_str_eq(before, after, "%s\n%s", before, after);
	free(before);
	free(after);
	end();
}

Test(drivers_nexthops, nexthops_need_a_link_with_carrier)
{
	struct ls_object *nexthop = build("nexthop id=1 type=single family=ipv4 via=192.0.2.9 dev=p0");

	begin_with_addresses();
	need_nexthops();
	run("ip link set p1 down");
	fail_with(-ENETDOWN, LS_OP_ADD, NULL, nexthop);
	end();
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

#define HOP_A "via 192.0.2.9 dev p0 weight 1"
#define HOP_B "via 192.0.2.8 dev p0 weight 256"

Test(drivers_nexthops, ipv4_multipath_routes_are_made_replaced_and_deleted)
{
	struct ls_object *first = build("route to=10.1.0.0/16 nexthops='" HOP_A ", " HOP_B "'"),
			 *second = build("route to=10.1.0.0/16 nexthops='via 192.0.2.7 dev p0 weight 2, " HOP_B "'"),
			 *single = build("route to=10.1.0.0/16 via=192.0.2.9 dev=p0");
	json_t *route;

	begin_with_addresses();
	succeed(LS_OP_ADD, NULL, first);
	expect_ours(first);
	expect_round_trip(found(first));
	route = ip_one("route show 10.1.0.0/16");
	cr_assert_eq(json_array_size(json_object_get(route, "nexthops")), 2);
	cr_expect_eq(number_of(pick(json_object_get(route, "nexthops"), "gateway", "192.0.2.8"), "weight"), 256);
	json_decref(route);
	fail_with(-EEXIST, LS_OP_ADD, NULL, second);
	succeed(LS_OP_REPLACE, first, second);
	expect_ours(second);
	succeed(LS_OP_REPLACE, second, single);
	expect_ours(single);
	succeed(LS_OP_REPLACE, single, first);
	succeed(LS_OP_DELETE, first, NULL);
	expect_gone(first);
	end();
}

/* Hops on the link, without an address, and of the other family. */
Test(drivers_nexthops, hops_of_every_sort_are_made)
{
	static struct ls_hop hops[] = { { .dev = "p1", .weight = 1 }, { .dev = "p0", .weight = 2, .onlink = 1 },
		{ .dev = "p0", .weight = 3 } };
	struct ls_object *object = build("route to=10.1.0.0/16 nexthops=''");

	begin_with_addresses();
	hops[1].via = ip("203.0.113.9");
	hops[2].via = ip("2001:db8::9");
	((struct ls_route *)object)->hops = (struct ls_hops){ .n = 3, .hops = hops };
	ls_hops_sort(&((struct ls_route *)object)->hops);
	succeed(LS_OP_ADD, NULL, object);
	expect_ours(object);
	succeed(LS_OP_DELETE, object, NULL);
	expect_gone(object);
	end();
}

static const struct ls_route *sibling(const char *via)
{
	struct ls_ip address = ip(via);

	ls_set_each (&have, i) {
		const struct ls_route *route = (const struct ls_route *)have.objects[i];

		if (have.objects[i]->kind == &ls_kind_route && route->to.length == 48 &&
			!memcmp(&route->via, &address, sizeof(address)))
			return route;
	}
	return NULL;
}

Test(drivers_nexthops, ipv6_next_hops_come_and_go_one_by_one)
{
	struct ls_object *first = build("route to=2001:db8:1::/48 via=2001:db8::9 dev=p0 sibling"),
			 *second = build("route to=2001:db8:1::/48 via=2001:db8::8 dev=p0 weight=256 sibling"),
			 *third = build("route to=2001:db8:1::/48 via=fe80::7 dev=p1 weight=2 sibling");

	begin_with_addresses();
	succeed(LS_OP_ADD, NULL, first);
	succeed(LS_OP_ADD, NULL, second);
	succeed(LS_OP_ADD, NULL, third);
	fail_with(-EEXIST, LS_OP_ADD, NULL, second);
	run("test \"$(ip -6 route show 2001:db8:1::/48 | grep -c 'nexthop via')\" = 3 && "
	    "ip -6 route show 2001:db8:1::/48 | grep -q 'via 2001:db8::8 dev p0 weight 256' && "
	    "ip -6 route show 2001:db8:1::/48 | grep -q 'via fe80::7 dev p1 weight 2'");
	dump(LS_DUMP_ALL);
	cr_assert(sibling("2001:db8::9") && sibling("2001:db8::8") && sibling("fe80::7"));
	cr_expect(ls_route_same_hop((const struct ls_route *)second, sibling("2001:db8::8")));
	cr_expect_eq(sibling("2001:db8::9")->object.owner, LS_OWNER_OURS, "the first one's protocol is told");
	cr_expect_eq(sibling("2001:db8::8")->object.owner, LS_OWNER_FOREIGN, "that of the others is not");
	cr_expect(sibling("fe80::7")->object.flags & LS_OBJECT_SIBLING);
	succeed(LS_OP_DELETE, first, NULL);
	succeed(LS_OP_DELETE, third, NULL);
	dump(LS_DUMP_ALL);
	cr_expect(!sibling("2001:db8::9") && !sibling("fe80::7") && sibling("2001:db8::8"));
	succeed(LS_OP_DELETE, second, NULL);
	run("test -z \"$(ip -6 route show 2001:db8:1::/48)\"");
	end();
}

Test(drivers_nexthops, routes_by_nexthop_are_made_replaced_and_deleted)
{
	struct ls_object *v4 = build("route to=10.1.0.0/16 nexthop=1 metric=7 mtu=1400"),
			 *group = build("route to=10.1.0.0/16 nexthop=20 metric=7"),
			 *plain = build("route to=10.1.0.0/16 via=192.0.2.9 dev=p0 metric=7"),
			 *v6 = build("route to=2001:db8:1::/48 nexthop=3");

	begin_with_addresses();
	need_nexthops();
	run("%s && ip nexthop add id 30 group 1/2", foreign_nexthops);
	((struct ls_route *)group)->nexthop = 30;
	fail_with(-EINVAL, LS_OP_ADD, NULL, build("route to=10.1.0.0/16 nexthop=999"));
	succeed(LS_OP_ADD, NULL, v4);
	expect_ours(v4);
	expect_round_trip(found(v4));
	expect_shown(ip_one("route show 10.1.0.0/16"), "nhid=1 protocol=108 metric=7");
	succeed(LS_OP_REPLACE, v4, group);
	expect_ours(group);
	expect_shown(ip_one("route show 10.1.0.0/16"), "nhid=30 metrics=-");
	succeed(LS_OP_REPLACE, group, plain);
	expect_ours(plain);
	succeed(LS_OP_REPLACE, plain, v4);
	succeed(LS_OP_DELETE, v4, NULL);
	expect_gone(v4);
	succeed(LS_OP_ADD, NULL, v6);
	expect_ours(v6);
	succeed(LS_OP_DELETE, v6, NULL);
	expect_gone(v6);
	end();
}

Test(drivers_nexthops, delete_of_a_route_by_nexthop_spares_a_stranger_s)
{
	struct ls_object *route = build("route to=10.1.0.0/16 nexthop=1");

	begin_with_addresses();
	need_nexthops();
	run("%s && ip route add 10.1.0.0/16 nhid 2 proto static", foreign_nexthops);
	fail_with(-EEXIST, LS_OP_ADD, NULL, route);
	fail_with(-ESRCH, LS_OP_DELETE, route, NULL);
	expect_shown(ip_one("route show 10.1.0.0/16"), "nhid=2");
	end();
}
