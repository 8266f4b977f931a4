/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of addresses, judged by iproute2. */
#include "driver_tools.h"

#include <sys/socket.h>

TestSuite(drivers_addresses, .init = enter_namespace);

/* One of ip's addresses, among ours by its text. */
static const struct ls_address *address_like(const json_t *theirs, const char *dev)
{
	char text[LS_IP_TEXT_MAX];

	ls_set_each (&have, i) {
		const struct ls_address *address = (const struct ls_address *)have.objects[i];

		if (have.objects[i]->kind == &ls_kind_address && !strcmp(address->dev, dev) &&
			!strcmp(ls_ip_format(&address->address, text), text_of(theirs, "local")) &&
			(!json_object_get(theirs, "address") ||
				!strcmp(ls_ip_format(&address->peer, text), text_of(theirs, "address"))))
			return address;
	}
	return NULL;
}

static size_t expect_same_addresses(json_t *link)
{
	json_t *theirs;
	size_t i;

	json_array_foreach(json_object_get(link, "addr_info"), i, theirs)
	{
		const struct ls_address *ours = address_like(theirs, text_of(link, "ifname"));

		cr_assert_not_null(ours, "%s", text_of(theirs, "local"));
		cr_expect_eq(ours->prefix_length, number_of(theirs, "prefixlen"));
		cr_expect_eq(ours->dynamic, json_is_true(json_object_get(theirs, "dynamic")));
		cr_expect_eq(ours->noprefixroute, json_is_true(json_object_get(theirs, "noprefixroute")));
		cr_expect_eq(ours->secondary, json_is_true(json_object_get(theirs, "secondary")));
		if (ours->address.family == AF_INET)
			cr_expect_str_eq(ls_scope_names[ours->scope], text_of(theirs, "scope"));
	}
	return i;
}

Test(drivers_addresses, dump_of_addresses_is_what_ip_shows)
{
	json_t *links, *link;
	size_t i, n = 0;

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 192.0.2.2/24 dev p0 && "
	    "ip addr add 198.51.100.1 peer 198.51.100.2/32 dev p0 && ip addr add 198.51.100.1 peer 198.51.100.3/32 dev "
	    "p0 && "
	    "ip addr add 10.0.0.1/8 dev p1 scope link noprefixroute && "
	    "ip addr add 2001:db8::1/64 dev p0 && ip addr add 2001:db8::2/64 dev p0 valid_lft 500 preferred_lft 400 && "
	    "ip addr add fe80::9/64 dev p1 && ip addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev p1");
	dump(LS_BIT(LS_KIND_ADDRESS));
	links = ask("ip -j addr show");
	json_array_foreach(links, i, link) n += expect_same_addresses(link);
	cr_expect_eq(have.n_objects, n);
	ls_set_each (&have, k) {
		const struct ls_address *address = (const struct ls_address *)have.objects[k];

		cr_expect_eq(address->object.owner, !strcmp(address->dev, "lo") ? LS_OWNER_DERIVED : LS_OWNER_FOREIGN);
		cr_expect_not_null(address->object.raw);
	}
	json_decref(links);
	end();
}

Test(drivers_addresses, link_local_address_of_the_kernel_is_derived)
{
	bool seen = false;

	begin();
	run("ip link add p0 type veth peer name p1 && ip link set p0 up && ip link set p1 up");
	run("for i in $(seq 100); do ip -6 addr show dev p0 | grep -q fe80 && break; sleep 0.05; done");
	dump(LS_BIT(LS_KIND_ADDRESS));
	ls_set_each (&have, i) {
		const struct ls_address *address = (const struct ls_address *)have.objects[i];

		if (strcmp(address->dev, "p0") != 0)
			continue;
		cr_expect_eq(address->object.owner, LS_OWNER_DERIVED);
		seen = true;
	}
	cr_assert(seen);
	end();
}

Test(drivers_addresses, addresses_are_made_and_deleted)
{
	struct ls_address v4 = address_of("192.0.2.1", 24, "p0"), v6 = address_of("2001:db8::1", 64, "p0"),
			  pointed = address_of("198.51.100.1", 32, "p0");
	json_t *links, *list;

	begin();
	make_pair();
	set_peer(&pointed, "198.51.100.2");
	v6.noprefixroute = 1;
	set_attr(&v6.object, LS_ADDRESS_NOPREFIXROUTE);
	succeed(LS_OP_ADD, NULL, &v4.object);
	succeed(LS_OP_ADD, NULL, &v6.object);
	succeed(LS_OP_ADD, NULL, &pointed.object);
	links = ask("ip -j addr show dev p0");
	list = json_object_get(json_array_get(links, 0), "addr_info");
	cr_expect_eq(json_array_size(list), 3);
	cr_expect_eq(number_of(pick(list, "local", "192.0.2.1"), "prefixlen"), 24);
	cr_expect_str_eq(text_of(pick(list, "local", "198.51.100.1"), "address"), "198.51.100.2");
	cr_expect(json_is_true(json_object_get(pick(list, "local", "2001:db8::1"), "noprefixroute")));
	json_decref(links);
	if (ls_kernel_has_address_protocol(kernel)) {
		expect_ours(&v4.object);
		expect_ours(&v6.object);
		expect_ours(&pointed.object);
	}
	succeed(LS_OP_DELETE, &v4.object, NULL);
	succeed(LS_OP_DELETE, &v6.object, NULL);
	succeed(LS_OP_DELETE, &pointed.object, NULL);
	links = ask("ip -j addr show dev p0");
	cr_expect_eq(json_array_size(json_object_get(json_array_get(links, 0), "addr_info")), 0);
	json_decref(links);
	end();
}

Test(drivers_addresses, address_that_is_there_is_left_alone)
{
	struct ls_address v4 = address_of("192.0.2.1", 24, "p0"), v6 = address_of("2001:db8::1", 48, "p0");

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0");
	fail_with(-EEXIST, LS_OP_ADD, NULL, &v4.object);
	fail_with(-EEXIST, LS_OP_ADD, NULL, &v6.object); /* whatever its prefix length */
	end();
}

Test(drivers_addresses, delete_of_an_address_spares_the_one_with_another_peer)
{
	struct ls_address a = address_of("198.51.100.1", 32, "p0"), b = a;
	json_t *links, *list;

	begin();
	make_pair();
	set_peer(&a, "198.51.100.2");
	set_peer(&b, "198.51.100.3");
	succeed(LS_OP_ADD, NULL, &a.object);
	succeed(LS_OP_ADD, NULL, &b.object);
	succeed(LS_OP_DELETE, &b.object, NULL);
	links = ask("ip -j addr show dev p0");
	list = json_object_get(json_array_get(links, 0), "addr_info");
	cr_expect_eq(json_array_size(list), 1);
	cr_expect_str_eq(text_of(json_array_get(list, 0), "address"), "198.51.100.2");
	json_decref(links);
	end();
}

Test(drivers_addresses, change_makes_a_dynamic_address_permanent)
{
	struct ls_address v4 = address_of("192.0.2.1", 24, "p0"), v6 = address_of("2001:db8::1", 64, "p0");

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 valid_lft 900 preferred_lft 900 && "
	    "ip addr add 2001:db8::1/64 dev p0 valid_lft 900 preferred_lft 900");
	dump(LS_DUMP_ALL);
	cr_assert_eq(ls_object_diff(&v4.object, found(&v4.object)), LS_BIT(LS_ADDRESS_DYNAMIC));
	succeed(LS_OP_CHANGE, found(&v4.object), &v4.object);
	succeed(LS_OP_CHANGE, found(&v6.object), &v6.object);
	dump(LS_DUMP_ALL);
	cr_expect_eq(ls_object_diff(&v4.object, found(&v4.object)), 0);
	cr_expect_eq(ls_object_diff(&v6.object, found(&v6.object)), 0);
	/* IPv4 keeps the mark that there was on older kernels (6.1), and has ours on newer ones (6.18). */
	if (ls_kernel_has_address_protocol(kernel))
		expect_ours(&v6.object);
	end();
}

/* The reason why noprefixroute is of class RECREATE. */
Test(drivers_addresses, kernel_ignores_noprefixroute_when_an_ipv4_address_is_replaced)
{
	struct ls_address v4 = address_of("192.0.2.1", 24, "p0"), changed = v4;

	begin();
	make_pair();
	changed.noprefixroute = 1;
	set_attr(&changed.object, LS_ADDRESS_NOPREFIXROUTE);
	succeed(LS_OP_ADD, NULL, &v4.object);
	succeed(LS_OP_CHANGE, &v4.object, &changed.object);
	dump(LS_DUMP_ALL);
	cr_expect_eq(ls_object_diff(&changed.object, found(&v4.object)), LS_BIT(LS_ADDRESS_NOPREFIXROUTE));
	cr_expect_eq(ls_object_change(&ls_kind_address, LS_BIT(LS_ADDRESS_NOPREFIXROUTE)), LS_CHANGE_RECREATE);
	end();
}
