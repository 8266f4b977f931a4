/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Foreign objects that are put back are as they were. */
#include "driver_tools.h"

#include <sys/socket.h>

TestSuite(drivers_replay, .init = enter_namespace);

static void put_back(const struct ls_kind *kind, const struct ls_set *set)
{
	ls_set_each (set, i)
		if (set->objects[i]->kind == kind && set->objects[i]->owner == LS_OWNER_FOREIGN)
			succeed(LS_OP_ADD, NULL, set->objects[i]);
}

static const char *const flush_routes =
	"for p in boot static; do for f in 4 6; do ip -$f route flush table all proto $p || :; done; done";

static void expect_put_back(const struct ls_set *before, const char *flush)
{
	json_t *v4 = ip_routes(4), *v6 = ip_routes(6), *v4_after, *v6_after;

	run("%s", flush);
	put_back(&ls_kind_route, before);
	v4_after = ip_routes(4);
	v6_after = ip_routes(6);
	cr_expect(json_equal(v4, v4_after), "%s\n%s", json_dumps(v4, 0), json_dumps(v4_after, 0));
	cr_expect(json_equal(v6, v6_after), "%s\n%s", json_dumps(v6, 0), json_dumps(v6_after, 0));
	json_decref(v4);
	json_decref(v6);
	json_decref(v4_after);
	json_decref(v6_after);
}

Test(drivers_replay, foreign_routes_come_back_as_they_were)
{
	begin();
	make_pair();
	run("%s", route_mix);
	settle();
	dump(LS_DUMP_ALL);
	expect_put_back(&have, flush_routes);
	end();
}

Test(drivers_replay, routes_by_nexthop_object_come_back)
{
	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0");
	if (!run_quietly("ip nexthop add id 1 via 192.0.2.9 dev p0 && ip nexthop add id 2 via 192.0.2.8 dev p0 && "
			 "ip nexthop add id 3 group 1/2 && ip nexthop add id 4 via 2001:db8::9 dev p0"))
		cr_skip_test("no nexthop objects");
	run("ip route add 10.1.0.0/16 nhid 1 && ip route add 10.2.0.0/16 nhid 3 && ip -6 route add 2001:db8:1::/48 "
	    "nhid 4");
	settle();
	dump(LS_DUMP_ALL);
	cr_expect_eq(route_to("10.2.0.0/16")->nexthop, 3);
	/* iproute2 6.1 cannot flush them. */
	expect_put_back(
		&have, "ip route del 10.1.0.0/16 && ip route del 10.2.0.0/16 && ip -6 route del 2001:db8:1::/48");
	end();
}

Test(drivers_replay, encapsulated_routes_come_back)
{
	begin();
	make_pair();
	if (!run_quietly("ip -6 route add 2001:db8:1::/48 encap seg6 mode encap segs 2001:db8::1 dev p0"))
		cr_skip_test("no seg6");
	run("ip route add 10.1.0.0/16 encap ip id 5 dst 192.0.2.3 dev p0");
	dump(LS_DUMP_ALL);
	cr_expect_eq(strncmp(route_to("2001:db8:1::/48")->other, "encap seg6 data ", 16), 0);
	expect_put_back(&have, flush_routes);
	end();
}

Test(drivers_replay, expiring_route_goes_on_expiring)
{
	json_t *route;

	begin();
	make_pair();
	run("ip -6 route add 2001:db8:1::/48 dev p0 expires 500");
	dump(LS_DUMP_ALL);
	cr_expect_str_eq(route_to("2001:db8:1::/48")->other, "expires");
	run("ip -6 route del 2001:db8:1::/48");
	put_back(&ls_kind_route, &have);
	route = ip_route(6, "2001:db8:1::/48");
	cr_expect_gt(number_of(route, "expires"), 490);
	cr_expect_leq(number_of(route, "expires"), 501);
	json_decref(route);
	end();
}

Test(drivers_replay, route_comes_back_though_its_links_have_new_indexes)
{
	struct ls_set before;
	struct ls_arena *kept;

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 198.51.100.1/24 dev p1 && "
	    "ip route add 10.1.0.0/16 nexthop via 192.0.2.9 dev p0 nexthop via 198.51.100.9 dev p1 weight 4");
	dump(LS_DUMP_ALL);
	before = have;
	kept = arena;
	arena = ls_arena_new();
	ls_set_init(&have, arena);
	run("ip link del p0 && ip link add p7 type veth peer name p8");
	make_pair();
	put_back(&ls_kind_address, &before);
	put_back(&ls_kind_route, &before);
	dump(LS_DUMP_ALL);
	expect_hops(route_to("10.1.0.0/16"), "via 192.0.2.9 dev p0 weight 1, via 198.51.100.9 dev p1 weight 4");
	ls_set_done(&before);
	ls_arena_free(kept);
	end();
}

Test(drivers_replay, replaced_foreign_route_is_given_back)
{
	struct ls_route want = route_of("10.1.0.0/16", "p1", NULL);
	struct ls_object *foreign;
	json_t *before, *after;

	begin();
	make_pair();
	run("ip route add 10.1.0.0/16 dev p0 proto static initcwnd 20");
	dump(LS_DUMP_ALL);
	before = ip_route(4, "10.1.0.0/16");
	foreign = found(&want.object);
	succeed(LS_OP_REPLACE, foreign, &want.object);
	succeed(LS_OP_REPLACE, &want.object, foreign);
	after = ip_route(4, "10.1.0.0/16");
	cr_expect(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	end();
}

/* Seconds left differ from one look to the next. */
static void forget_lifetimes(json_t *links)
{
	json_t *link, *address;
	size_t i, k;

	json_array_foreach(links, i, link)
	{
		json_array_foreach(json_object_get(link, "addr_info"), k, address)
		{
			if (number_of(address, "valid_life_time") < 4294967295)
				json_object_set_new(address, "valid_life_time", json_integer(1));
			if (number_of(address, "preferred_life_time") < 4294967295)
				json_object_set_new(address, "preferred_life_time", json_integer(1));
		}
	}
}

/* In the order in which the kernel's own order comes out again: IPv4 addresses go behind those of their scope that are
 * there (which makes primaries and secondaries), IPv6 ones in front of them. */
static void put_back_addresses(const struct ls_set *set)
{
	ls_set_each (set, i)
		if (((const struct ls_address *)set->objects[i])->address.family == AF_INET)
			succeed(LS_OP_ADD, NULL, set->objects[i]);
	for (size_t i = set->n_objects; i-- > 0;)
		if (((const struct ls_address *)set->objects[i])->address.family == AF_INET6)
			succeed(LS_OP_ADD, NULL, set->objects[i]);
}

Test(drivers_replay, foreign_addresses_come_back_as_they_were)
{
	json_t *before, *after;
	struct ls_set unsorted;

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 brd + dev p0 label p0:x && ip addr add 192.0.2.2/24 dev p0 && "
	    "ip addr add 198.51.100.1 peer 198.51.100.2/32 dev p0 metric 30 && "
	    "ip addr add 10.0.0.1/8 dev p0 scope link noprefixroute && ip addr add 10.0.0.2/16 dev p0 valid_lft 500 "
	    "preferred_lft 400 && "
	    "ip addr add 2001:db8::1/64 dev p0 nodad && ip addr add 2001:db8::2/64 dev p0 valid_lft 500 preferred_lft "
	    "400 && "
	    "ip addr add 2001:db8::3/64 dev p0 preferred_lft 0 && "
	    "ip addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev p0 noprefixroute");
	if (ls_kernel_has_address_protocol(kernel))
		(void)run_quietly("ip addr add 2001:db8::4/64 dev p0 proto 77");
	settle();
	run("ip addr del 127.0.0.1/8 dev lo && ip addr del ::1/128 dev lo");
	dump(LS_BIT(LS_KIND_LINK));
	ls_set_init(&unsorted, arena);
	cr_assert_eq(ls_kind_address.dump(kernel, NULL, &unsorted, &failure), 0);
	before = ask("ip -j -d addr show dev p0");
	run("ip addr flush dev p0 scope global && ip addr flush dev p0");
	put_back_addresses(&unsorted);
	ls_set_done(&unsorted);
	settle();
	after = ask("ip -j -d addr show dev p0");
	forget_lifetimes(before);
	forget_lifetimes(after);
	cr_expect(json_equal(before, after), "%s\n%s", json_dumps(before, 0), json_dumps(after, 0));
	json_decref(before);
	json_decref(after);
	end();
}
