/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of routes, judged by iproute2 and libnl-route. */
#include "driver_tools.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/route.h>

TestSuite(drivers_routes, .init = enter_namespace);

/* Looks for ip's route among ours: every field that both have must be the same. */
static bool same_route(const json_t *theirs, const struct ls_route *ours, int family)
{
	char text[LS_PREFIX_TEXT_MAX], to[LS_PREFIX_TEXT_MAX];
	const char *dst = text_of(theirs, "dst"), *table = text_of(theirs, "table");
	const json_t *via = json_object_get(theirs, "via");

	if (ours->to.ip.family != (family == 4 ? AF_INET : AF_INET6))
		return false;
	if (!strcmp(dst, "default"))
		dst = family == 4 ? "0.0.0.0/0" : "::/0";
	snprintf(to, sizeof(to), "%s%s", dst, strchr(dst, '/') ? "" : family == 4 ? "/32" : "/128");
	if (strcmp(ls_prefix_format(&ours->to, text), to) != 0 || ours->metric != number_of(theirs, "metric") ||
		ours->table != (*table ? strtoul(table, NULL, 10) : 254))
		return false;
	if (strcmp(ours->dev ? ours->dev : "", text_of(theirs, "dev")) != 0 && ours->type != LS_ROUTE_UNREACHABLE &&
		ours->type != LS_ROUTE_BLACKHOLE)
		return false;
	if (strcmp(ours->via.family ? ls_ip_format(&ours->via, text) : "",
		    via ? text_of(via, "host") : text_of(theirs, "gateway")) != 0)
		return false;
	return !strcmp(ours->src.family ? ls_ip_format(&ours->src, text) : "", text_of(theirs, "prefsrc"));
}

static size_t expect_same_routes(int family)
{
	json_t *routes = ip_routes(family), *route;
	size_t i, n;

	json_array_foreach(routes, i, route)
	{
		n = 0;
		ls_set_each (&have, k)
			n += same_route(route, (const struct ls_route *)have.objects[k], family);
		cr_expect_eq(n, 1, "IPv%d %s dev %s via %s: %zu", family, text_of(route, "dst"), text_of(route, "dev"),
			text_of(route, "gateway"), n);
	}
	n = json_array_size(routes);
	json_decref(routes);
	return n;
}

Test(drivers_routes, dump_of_routes_is_what_ip_shows)
{
	begin();
	make_pair();
	run("%s", route_mix);
	settle();
	dump(LS_BIT(LS_KIND_ROUTE));
	cr_expect_eq(have.n_objects, expect_same_routes(4) + expect_same_routes(6));
	cr_expect_eq(route_to("10.1.0.0/16")->mtu, 1300);
	expect_hops(route_to("10.3.0.0/16"), "via 192.0.2.8 dev p0 weight 2, via 192.0.2.9 dev p1 weight 1");
	cr_expect(route_to("10.4.0.0/16")->onlink);
	cr_expect_eq(route_to("10.4.0.0/16")->tos, 0x10);
	cr_expect_str_eq(route_to("10.4.0.0/16")->other, "advmss 1200");
	cr_expect_eq(route_to("10.7.0.0/16")->type, LS_ROUTE_THROW);
	cr_expect_not(ls_object_has(&route_to("2001:db8:4::/48")->object, LS_ROUTE_DEV));
	cr_expect_str_eq(route_to("2001:db8:5::/48")->other, "pref high hoplimit 5");
	cr_expect_eq(route_to("192.0.2.0/24")->object.owner, LS_OWNER_DERIVED);
	cr_expect_eq(route_to("10.1.0.0/16")->object.owner, LS_OWNER_FOREIGN);
	end();
}

Test(drivers_routes, second_dump_is_the_same)
{
	struct ls_set before;
	struct ls_arena *kept;

	begin();
	make_pair();
	run("%s", route_mix);
	settle();
	dump(LS_DUMP_ALL);
	before = have;
	kept = arena;
	arena = ls_arena_new();
	ls_set_init(&have, arena);
	dump(LS_DUMP_ALL);
	cr_assert_eq(before.n_objects, have.n_objects);
	ls_set_each (&have, i)
		cr_expect(ls_object_same(before.objects[i], have.objects[i]));
	ls_set_done(&before);
	ls_arena_free(kept);
	end();
}

Test(drivers_routes, whatever_is_dumped_survives_json_and_files)
{
	begin();
	make_pair();
	run("%s", route_mix);
	settle();
	dump(LS_DUMP_ALL);
	ls_set_each (&have, i)
		expect_round_trip(have.objects[i]);
	end();
}

/* The kernel marks dumps that changes interrupted; what comes through is whole. */
Test(drivers_routes, dump_under_changes_is_whole_or_refused)
{
	enum { N = 5000 };
	size_t n_whole = 0;
	FILE *batch;

	begin();
	make_pair();
	batch = popen("ip -6 -batch -", "w"); /* NOLINT(cert-env33-c) */
	cr_assert_not_null(batch);
	for (unsigned i = 0; i < N; i++)
		fprintf(batch, "route add 2001:db8:%x:%x::/64 dev p0\n", i >> 8, i & 0xff);
	cr_assert_eq(pclose(batch), 0);
	run("(for i in $(seq 150); do ip -6 route add 2001:db8:ffff::/64 dev p0; ip -6 route del 2001:db8:ffff::/64; "
	    "done) >/dev/null 2>&1 &");
	for (int i = 0; i < 40; i++) {
		size_t n = 0;
		int r;

		forget();
		r = ls_kernel_dump(kernel, LS_BIT(LS_KIND_ROUTE), NULL, &have, &failure);
		cr_assert(r == 0 || r == -EAGAIN, "%s", failure.message);
		ls_set_each (&have, k)
			n += ((const struct ls_route *)have.objects[k])->to.ip.bytes[0] == 0x20;
		if (r == 0)
			cr_assert(n == N || n == N + 1, "%zu", n);
		n_whole += r == 0;
	}
	cr_expect_gt(n_whole, 0);
	end();
}

Test(drivers_routes, routes_are_made_replaced_and_deleted)
{
	struct ls_route v4 = route_of("10.1.0.0/16", "p0", "192.0.2.9"), v6 = route_of("2001:db8:1::/48", "p0", NULL),
			other = v6;
	json_t *route;

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0");
	v4.metric = 50;
	v4.table = 1000;
	v4.mtu = 1300;
	v4.src = ip("192.0.2.1");
	v4.object.set |= LS_BIT(LS_ROUTE_MTU) | LS_BIT(LS_ROUTE_SRC);
	succeed(LS_OP_ADD, NULL, &v4.object);
	succeed(LS_OP_ADD, NULL, &v6.object);
	expect_ours(&v4.object);
	expect_ours(&v6.object);
	route = ip_route(4, "10.1.0.0/16");
	cr_expect_str_eq(text_of(route, "gateway"), "192.0.2.9");
	cr_expect_str_eq(text_of(route, "protocol"), "108");
	cr_expect_str_eq(text_of(route, "prefsrc"), "192.0.2.1");
	cr_expect_eq(number_of(route, "metric"), 50);
	json_decref(route);
	other.via = ip("2001:db8::7");
	set_attr(&other.object, LS_ROUTE_VIA);
	succeed(LS_OP_REPLACE, &v6.object, &other.object);
	expect_ours(&other.object);
	succeed(LS_OP_DELETE, &v4.object, NULL);
	succeed(LS_OP_DELETE, &other.object, NULL);
	cr_expect_null(ip_route(4, "10.1.0.0/16"));
	cr_expect_null(ip_route(6, "2001:db8:1::/48"));
	end();
}

Test(drivers_routes, reject_onlink_and_cross_family_routes_are_made)
{
	struct ls_route hole = route_of("10.1.0.0/16", NULL, NULL), hole6 = route_of("2001:db8:1::/48", NULL, NULL),
			onlink = route_of("10.2.0.0/16", "p0", "203.0.113.1"),
			crossed = route_of("10.3.0.0/16", "p0", "2001:db8::5"),
			onlink6 = route_of("2001:db8:2::/48", "p0", "2001:db8:ffff::1");
	struct ls_route *all[] = { &hole, &hole6, &onlink, &crossed, &onlink6 };

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0");
	hole.type = LS_ROUTE_BLACKHOLE;
	hole.scope = LS_SCOPE_GLOBAL;
	hole6.type = LS_ROUTE_UNREACHABLE;
	onlink.onlink = onlink6.onlink = 1;
	set_attr(&onlink.object, LS_ROUTE_ONLINK);
	set_attr(&onlink6.object, LS_ROUTE_ONLINK);
	for (size_t i = 0; i < LS_ARRAY_SIZE(all); i++) {
		succeed(LS_OP_ADD, NULL, &all[i]->object);
		expect_ours(&all[i]->object);
	}
	for (size_t i = 0; i < LS_ARRAY_SIZE(all); i++)
		succeed(LS_OP_DELETE, &all[i]->object, NULL);
	dump(LS_DUMP_ALL);
	for (size_t i = 0; i < LS_ARRAY_SIZE(all); i++)
		cr_expect_null(found(&all[i]->object));
	end();
}

Test(drivers_routes, route_never_takes_the_place_of_a_foreign_one)
{
	struct ls_route v4 = route_of("10.1.0.0/16", "p0", NULL), v6 = route_of("2001:db8:1::/48", "p0", NULL);

	begin();
	make_pair();
	run("ip route add 10.1.0.0/16 dev p1 && ip -6 route add 2001:db8:1::/48 dev p1");
	fail_with(-EEXIST, LS_OP_ADD, NULL, &v4.object);
	fail_with(-EEXIST, LS_OP_ADD, NULL, &v6.object);
	dump(LS_DUMP_ALL);
	cr_expect_str_eq(route_to("10.1.0.0/16")->dev, "p1");
	cr_expect_str_eq(route_to("2001:db8:1::/48")->dev, "p1");
	end();
}

Test(drivers_routes, replace_of_a_vanished_route_fails)
{
	struct ls_route v4 = route_of("10.1.0.0/16", "p0", NULL), v6 = route_of("2001:db8:1::/48", "p0", NULL);

	begin();
	make_pair();
	fail_with(-ENOENT, LS_OP_REPLACE, &v4.object, &v4.object);
	fail_with(-ENOENT, LS_OP_REPLACE, &v6.object, &v6.object);
	end();
}

Test(drivers_routes, delete_of_a_route_spares_foreign_siblings)
{
	struct ls_route v4 = route_of("10.1.0.0/16", "p0", "192.0.2.9"),
			v6 = route_of("2001:db8:1::/48", "p0", "2001:db8::9"),
			bare = route_of("2001:db8:2::/48", "p0", NULL);

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0");
	succeed(LS_OP_ADD, NULL, &v4.object);
	succeed(LS_OP_ADD, NULL, &v6.object);
	succeed(LS_OP_ADD, NULL, &bare.object);
	run("ip route append 10.1.0.0/16 via 192.0.2.8 dev p0 proto static && "
	    "ip -6 route append 2001:db8:1::/48 via 2001:db8::8 dev p0 proto static && "
	    "ip -6 route append 2001:db8:2::/48 via 2001:db8::8 dev p0 proto static");
	succeed(LS_OP_DELETE, &v4.object, NULL);
	succeed(LS_OP_DELETE, &v6.object, NULL);
	succeed(LS_OP_DELETE, &bare.object, NULL);
	run("test \"$(ip route show 10.1.0.0/16 | wc -l)\" = 1 && ip route show 10.1.0.0/16 | grep -q 192.0.2.8");
	run("test \"$(ip -6 route show 2001:db8:1::/48 | wc -l)\" = 1 && "
	    "ip -6 route show 2001:db8:1::/48 | grep -q 2001:db8::8");
	run("test \"$(ip -6 route show 2001:db8:2::/48 | wc -l)\" = 1 && "
	    "ip -6 route show 2001:db8:2::/48 | grep -q 2001:db8::8");
	fail_with(-ESRCH, LS_OP_DELETE, &v4.object, NULL);
	end();
}

static void count_route(struct nl_object *object, void *data)
{
	size_t *n = data;

	*n += rtnl_route_get_protocol((struct rtnl_route *)object) == LS_MARK_PROTOCOL;
}

Test(drivers_routes, libnl_sees_every_route_that_was_made)
{
	enum { N = 300 };
	struct ls_netlink *nl;
	struct answer answers[N];
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_cache *cache;
	struct nl_msg *message;
	size_t n = 0;

	begin();
	make_pair();
	nl = ls_kernel_netlink(kernel);
	ls_tx_begin(nl, note_answer, answers);
	for (size_t i = 0; i < N; i++) {
		struct ls_route route = route_of("2001:db8::/64", "p0", NULL);

		route.to.ip.bytes[6] = (uint8_t)(i >> 8);
		route.to.ip.bytes[7] = (uint8_t)i;
		cr_assert_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, &route.object, &message, &failure), 0);
		cr_assert_eq(ls_tx_queue(nl, message, i, &failure), 0);
	}
	cr_assert_eq(ls_tx_barrier(nl, &failure), 0);
	for (size_t i = 0; i < N; i++)
		cr_assert_eq(answers[i].state, LS_TX_DONE);
	cr_assert_eq(nl_connect(sock, NETLINK_ROUTE), 0);
	cr_assert_eq(rtnl_route_alloc_cache(sock, AF_INET6, 0, &cache), 0);
	nl_cache_foreach(cache, count_route, &n);
	cr_assert_eq(n, N);
	nl_cache_free(cache);
	nl_socket_free(sock);
	end();
}

Test(drivers_routes, dump_of_many_routes_is_complete_and_sorted)
{
	enum { N = 20000 };
	FILE *batch;
	size_t n = 0;

	begin();
	make_pair();
	batch = popen("ip -6 -batch -", "w"); /* NOLINT(cert-env33-c) */
	cr_assert_not_null(batch);
	for (unsigned i = N; i-- > 0;)
		fprintf(batch, "route add 2001:db8:%x:%x::/64 dev p0 metric %u\n", i >> 8, i & 0xff, 7 + i % 3);
	cr_assert_eq(pclose(batch), 0);
	dump(LS_BIT(LS_KIND_ROUTE));
	ls_set_each (&have, i) {
		const struct ls_route *route = (const struct ls_route *)have.objects[i];
		unsigned number = (unsigned)route->to.ip.bytes[5] << 8 | route->to.ip.bytes[7];

		if (i > 0)
			cr_assert_leq(ls_object_compare(have.objects[i - 1], have.objects[i]), 0);
		if (route->to.ip.bytes[0] != 0x20)
			continue;
		cr_assert_eq(number, n);
		cr_assert_eq(route->metric, 7 + number % 3);
		cr_assert_str_eq(route->dev, "p0");
		n++;
	}
	cr_assert_eq(n, N);
	end();
}
