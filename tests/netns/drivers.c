/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drivers against a real kernel, each test in a namespace of its own. What linkspan reads is compared with what
 * iproute2 and libnl-route read, what it makes is looked at by them.
 */
#include "driver_tools.h"

#include "../../src/netlink/session.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/route.h>

TestSuite(drivers, .init = enter_namespace);

/* ---- links ------------------------------------------------------------------------------------------------------- */

static bool ip_says_up(const json_t *link)
{
	json_t *flags = json_object_get(link, "flags"), *flag;
	size_t i;

	json_array_foreach(flags, i, flag)
	{
		if (!strcmp(json_string_value(flag), "UP"))
			return true;
	}
	return false;
}

static void expect_same_link(const json_t *theirs, const struct ls_link *ours)
{
	const json_t *info = json_object_get(theirs, "linkinfo");
	const char *other = ours->peer ? ours->peer : ours->parent ? ours->parent : "";
	char mac[LS_MAC_TEXT_MAX];

	cr_assert_not_null(ours, "%s", text_of(theirs, "ifname"));
	cr_expect_eq(ours->mtu, number_of(theirs, "mtu"));
	cr_expect_eq(ours->index, number_of(theirs, "ifindex"));
	cr_expect_eq(ours->up, ip_says_up(theirs), "%s", ours->name);
	cr_expect_str_eq(ours->master ? ours->master : "", text_of(theirs, "master"));
	cr_expect_str_eq(other, text_of(theirs, "link"));
	cr_expect_str_eq(ours->type ? ours->type : "", text_of(info, "info_kind"));
	if (!strcmp(text_of(theirs, "link_type"), "ether"))
		cr_expect_str_eq(ls_mac_format(&ours->mac, mac), text_of(theirs, "address"));
}

Test(drivers, dump_of_links_is_what_ip_shows)
{
	json_t *links, *link;
	size_t i, n = 0;

	begin();
	run("ip link add br0 type bridge stp_state 1 && ip link add a0 mtu 1400 type veth peer name b0 && "
	    "ip link set b0 master br0 up && ip link add mv0 link a0 type macvlan && ip link set a0 up");
	dump(LS_BIT(LS_KIND_LINK));
	links = ask("ip -j -d link show");
	json_array_foreach(links, i, link)
	{
		expect_same_link(link, ls_set_link(&have, text_of(link, "ifname")));
		n++;
	}
	cr_assert_eq(have.n_objects, n);
	cr_expect_str_eq(ls_set_link(&have, "a0")->peer, "b0");
	cr_expect_str_eq(ls_set_link(&have, "mv0")->parent, "a0");
	cr_expect(ls_set_link(&have, "br0")->stp);
	cr_expect_eq(ls_set_link(&have, "br0")->object.owner, LS_OWNER_FOREIGN);
	json_decref(links);
	end();
}

Test(drivers, peer_in_another_namespace_is_no_peer)
{
	begin();
	run("ip link add a0 type veth peer name b0");
	dump(LS_BIT(LS_KIND_LINK));
	cr_assert(ls_object_has(&ls_set_link(&have, "a0")->object, LS_LINK_PEER));
	run("unshare -n sh -c 'sleep 2' & sleep 0.3; ip link set b0 netns $!");
	dump(LS_BIT(LS_KIND_LINK));
	cr_assert_not(ls_object_has(&ls_set_link(&have, "a0")->object, LS_LINK_PEER));
	end();
}

static json_t *ip_link(const char *name)
{
	json_t *links = ask("ip -j -d link show dev %s 2>/dev/null", name), *link;

	link = json_incref(json_array_get(links, 0));
	json_decref(links);
	return link;
}

Test(drivers, bridge_is_made_down_with_mark_mac_mtu_and_stp)
{
	struct ls_link want = link_of("br0", "bridge");
	json_t *link;

	begin();
	cr_assert_eq(ls_mac_parse("02:00:5e:00:00:01", &want.mac), 0);
	set_attr(&want.object, LS_LINK_MAC);
	set_mtu(&want, 1420);
	want.stp = 1;
	set_attr(&want.object, LS_LINK_STP);
	succeed(LS_OP_ADD, NULL, &want.object);
	link = ip_link("br0");
	cr_expect_str_eq(text_of(link, "address"), "02:00:5e:00:00:01");
	cr_expect_eq(number_of(link, "mtu"), 1420);
	cr_expect_not(ip_says_up(link));
	cr_expect_str_eq(text_of(link, "group"), "27763");
	cr_expect_eq(number_of(json_object_get(json_object_get(link, "linkinfo"), "info_data"), "stp_state"), 1);
	json_decref(link);
	expect_ours(&want.object);
	end();
}

Test(drivers, changes_touch_only_what_differs)
{
	struct ls_link old = link_of("br0", "bridge"), want;
	json_t *link;

	begin();
	succeed(LS_OP_ADD, NULL, &old.object);
	run("ip link set br0 address 02:00:5e:00:00:07 alias keep");
	dump(LS_DUMP_ALL);
	want = *ls_set_link(&have, "br0");
	want.up = want.stp = 1;
	set_mtu(&want, 1300);
	succeed(LS_OP_CHANGE, found(&want.object), &want.object);
	link = ip_link("br0");
	cr_expect(ip_says_up(link));
	cr_expect_eq(number_of(link, "mtu"), 1300);
	cr_expect_str_eq(text_of(link, "address"), "02:00:5e:00:00:07");
	cr_expect_str_eq(text_of(link, "ifalias"), "keep");
	json_decref(link);
	end();
}

Test(drivers, port_joins_and_leaves_its_bridge_live)
{
	struct ls_link bridge = link_of("br0", "bridge"), want, bare;
	json_t *link;

	begin();
	make_pair();
	succeed(LS_OP_ADD, NULL, &bridge.object);
	dump(LS_DUMP_ALL);
	want = *ls_set_link(&have, "p0");
	bare = want;
	set_master(&want, "br0");
	succeed(LS_OP_CHANGE, &bare.object, &want.object);
	link = ip_link("p0");
	cr_expect_str_eq(text_of(link, "master"), "br0");
	json_decref(link);
	succeed(LS_OP_CHANGE, &want.object, &bare.object);
	link = ip_link("p0");
	cr_expect_str_eq(text_of(link, "master"), "");
	json_decref(link);
	end();
}

Test(drivers, veth_pair_is_two_objects_and_one_creation)
{
	struct ls_link a = link_of("va", "veth"), b = link_of("vb", "veth");

	begin();
	a.peer = "vb";
	b.peer = "va";
	set_attr(&a.object, LS_LINK_PEER);
	set_attr(&b.object, LS_LINK_PEER);
	set_mtu(&b, 1350);
	cr_assert_eq(ls_mac_parse("02:00:5e:00:00:0b", &b.mac), 0);
	set_attr(&b.object, LS_LINK_MAC);
	succeed(LS_OP_ADD, NULL, &a.object);
	succeed(LS_OP_ADD, NULL, &b.object); /* by name: no dump has told its index yet */
	expect_ours(&a.object);
	expect_ours(&b.object);
	succeed(LS_OP_DELETE, &b.object, NULL);
	expect_ours(&b.object);
	succeed(LS_OP_DELETE, &a.object, NULL);
	dump(LS_DUMP_ALL);
	cr_expect_null(ls_set_link(&have, "va"));
	cr_expect_null(ls_set_link(&have, "vb"));
	end();
}

Test(drivers, link_that_is_put_back_gets_its_index_again)
{
	struct ls_link want = link_of("br0", "bridge");

	begin();
	want.index = 4242;
	set_attr(&want.object, LS_LINK_INDEX);
	succeed(LS_OP_ADD, NULL, &want.object);
	dump(LS_BIT(LS_KIND_LINK));
	cr_assert_eq(ls_set_link(&have, "br0")->index, 4242);
	end();
}

Test(drivers, vlan_is_made_on_its_parent)
{
	struct ls_link want = link_of("p0.7", "vlan");
	json_t *link;

	begin();
	make_pair();
	if (!run_quietly("ip link add link p0 name vl9 type vlan id 9 && ip link del vl9"))
		cr_skip_test("no vlan");
	want.parent = "p0";
	want.vlan_id = 7;
	want.object.set |= LS_BIT(LS_LINK_PARENT) | LS_BIT(LS_LINK_VLAN_ID);
	succeed(LS_OP_ADD, NULL, &want.object);
	expect_ours(&want.object);
	link = ip_link("p0.7");
	cr_expect_str_eq(text_of(link, "link"), "p0");
	cr_expect_eq(number_of(json_object_get(json_object_get(link, "linkinfo"), "info_data"), "id"), 7);
	json_decref(link);
	succeed(LS_OP_DELETE, &want.object, NULL);
	cr_expect_null(ip_link("p0.7"));
	end();
}

Test(drivers, dummy_is_made)
{
	struct ls_link want = link_of("d0", "dummy");

	begin();
	need_type("dummy");
	succeed(LS_OP_ADD, NULL, &want.object);
	expect_ours(&want.object);
	end();
}

Test(drivers, link_never_takes_the_place_of_a_foreign_one)
{
	struct ls_link want = link_of("p0", "bridge");

	begin();
	make_pair();
	fail_with(-EEXIST, LS_OP_ADD, NULL, &want.object);
	end();
}

Test(drivers, link_on_a_missing_bridge_is_refused_before_sending)
{
	struct ls_link want = link_of("br0", "bridge");
	struct nl_msg *message;

	begin();
	set_master(&want, "nowhere");
	cr_assert_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, &want.object, &message, &failure), -ENODEV);
	cr_assert_str_eq(failure.message, "there is no link 'nowhere'");
	end();
}

static const struct {
	const char *type, *below, *rest; /* of `ip link add ... type ...` */
} probed[] = {
	{ "bridge", "", "" },
	{ "dummy", "", "" },
	{ "veth", "", "" },
	{ "vlan", "link lsbase", "id 5" },
	{ "vxlan", "", "id 5 dstport 4789" },
	{ "vrf", "", "table 5" },
	{ "macvlan", "link lsbase", "" },
	{ "bond", "", "" },
};

Test(drivers, probe_makes_nothing_and_names_what_is_missing)
{
	json_t *before, *after;

	begin();
	for (size_t i = 0; i < LS_ARRAY_SIZE(probed); i++) {
		struct ls_link want = link_of("x", probed[i].type);
		char add[192];
		int r;

		snprintf(add, sizeof(add),
			"ip link add lsbase type veth peer name lspeer; "
			"ip link add %s name lsprobe type %s %s",
			probed[i].below, probed[i].type, probed[i].rest);
		before = ask("ip -j link");
		r = ls_kind_link.probe(kernel, &want.object, &failure);
		after = ask("ip -j link");
		cr_expect(json_equal(before, after), "%s", probed[i].type);
		cr_expect_eq(r, run_quietly(add) ? 0 : -EOPNOTSUPP, "%s: %s", probed[i].type, failure.message);
		if (r < 0)
			cr_expect_not_null(strstr(failure.message, probed[i].type));
		/* The second answer is the first one again. */
		cr_expect_eq(ls_kind_link.probe(kernel, &want.object, &failure), r);
		(void)run_quietly("ip link del lsprobe; ip link del lsbase");
		json_decref(before);
		json_decref(after);
	}
	end();
}

/* ---- links of further types -------------------------------------------------------------------------------------- */

static const json_t *data_of(const json_t *link)
{
	return json_object_get(json_object_get(link, "linkinfo"), "info_data");
}

Test(drivers, vxlan_is_made_and_changed_in_place)
{
	struct ls_link want = link_of("vx0", "vxlan"), other;
	json_t *link;

	begin();
	make_pair();
	need_type("vxlan id 1 dstport 4789");
	want.vni = 16777215;
	want.port = 4789;
	want.ttl = 3;
	want.local = ip("192.0.2.1");
	want.remote = ip("192.0.2.2");
	want.parent = "p0";
	want.object.set |= LS_BIT(LS_LINK_VNI) | LS_BIT(LS_LINK_PORT) | LS_BIT(LS_LINK_LEARNING) | LS_BIT(LS_LINK_TTL) |
			   LS_BIT(LS_LINK_LOCAL) | LS_BIT(LS_LINK_REMOTE) | LS_BIT(LS_LINK_PARENT);
	succeed(LS_OP_ADD, NULL, &want.object);
	expect_ours(&want.object);
	link = ip_link("vx0");
	cr_expect_eq(number_of(data_of(link), "id"), 16777215);
	cr_expect_eq(number_of(data_of(link), "port"), 4789);
	cr_expect_eq(number_of(data_of(link), "ttl"), 3);
	cr_expect_str_eq(text_of(data_of(link), "local"), "192.0.2.1");
	cr_expect_str_eq(text_of(data_of(link), "remote"), "192.0.2.2");
	cr_expect_str_eq(text_of(data_of(link), "link"), "p0");
	cr_expect(json_is_false(json_object_get(data_of(link), "learning")));
	json_decref(link);
	other = want;
	other.parent = "p1";
	other.learning = 1;
	other.ttl = 0;
	other.object.set &= ~(LS_BIT(LS_LINK_LOCAL) | LS_BIT(LS_LINK_REMOTE));
	succeed(LS_OP_CHANGE, &want.object, &other.object);
	expect_ours(&other.object);
	link = ip_link("vx0");
	cr_expect_str_eq(text_of(data_of(link), "link"), "p1");
	cr_expect_null(json_object_get(data_of(link), "local"));
	cr_expect_null(json_object_get(data_of(link), "remote"));
	json_decref(link);
	end();
}

Test(drivers, macvlan_is_made_on_its_parent)
{
	struct ls_link want = link_of("mv0", "macvlan"), other;
	json_t *link;

	begin();
	make_pair();
	if (!run_quietly("ip link add mv9 link p0 type macvlan && ip link del mv9"))
		cr_skip_test("no macvlan");
	want.parent = "p0";
	want.macvlan_mode = LS_MACVLAN_PRIVATE;
	want.object.set |= LS_BIT(LS_LINK_PARENT) | LS_BIT(LS_LINK_MACVLAN_MODE);
	succeed(LS_OP_ADD, NULL, &want.object);
	expect_ours(&want.object);
	link = ip_link("mv0");
	cr_expect_str_eq(text_of(link, "link"), "p0");
	cr_expect_str_eq(text_of(data_of(link), "mode"), "private");
	json_decref(link);
	other = want;
	other.macvlan_mode = LS_MACVLAN_VEPA;
	succeed(LS_OP_CHANGE, &want.object, &other.object);
	expect_ours(&other.object);
	end();
}

Test(drivers, vrf_is_made_with_its_table)
{
	struct ls_link want = link_of("blue", "vrf");
	json_t *link;

	begin();
	need_type("vrf table 5");
	want.table = 4294967295;
	set_attr(&want.object, LS_LINK_TABLE);
	succeed(LS_OP_ADD, NULL, &want.object);
	expect_ours(&want.object);
	link = ip_link("blue");
	cr_expect_eq(number_of(data_of(link), "table"), 4294967295);
	json_decref(link);
	end();
}

Test(drivers, bond_takes_a_port_that_keeps_its_own_mac)
{
	struct ls_link want = link_of("bo0", "bond"), port = link_of("va", "veth"), far = link_of("vb", "veth");
	json_t *link;

	begin();
	need_type("bond");
	want.bond_mode = LS_BOND_8023AD;
	want.miimon = 70;
	cr_assert_eq(ls_mac_parse("02:00:5e:00:00:01", &want.mac), 0);
	want.object.set |= LS_BIT(LS_LINK_BOND_MODE) | LS_BIT(LS_LINK_MIIMON) | LS_BIT(LS_LINK_MAC);
	succeed(LS_OP_ADD, NULL, &want.object);
	expect_ours(&want.object);
	port.peer = "vb";
	far.peer = "va";
	set_attr(&port.object, LS_LINK_PEER);
	set_attr(&far.object, LS_LINK_PEER);
	cr_assert_eq(ls_mac_parse("02:00:5e:00:00:0a", &port.mac), 0);
	set_attr(&port.object, LS_LINK_MAC);
	set_master(&port, "bo0");
	succeed(LS_OP_ADD, NULL, &port.object);
	expect_ours(&port.object);
	link = ip_link("va");
	cr_expect_str_eq(text_of(link, "address"), "02:00:5e:00:00:01");
	cr_expect_str_eq(text_of(link, "master"), "bo0");
	cr_expect(ip_says_up(link), "a bond brings its ports up");
	json_decref(link);
	link = ip_link("bo0");
	cr_expect_str_eq(text_of(data_of(link), "mode"), "802.3ad");
	cr_expect_eq(number_of(data_of(link), "miimon"), 70);
	json_decref(link);
	end();
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

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

Test(drivers, dump_of_addresses_is_what_ip_shows)
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

Test(drivers, link_local_address_of_the_kernel_is_derived)
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

Test(drivers, addresses_are_made_and_deleted)
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

Test(drivers, address_that_is_there_is_left_alone)
{
	struct ls_address v4 = address_of("192.0.2.1", 24, "p0"), v6 = address_of("2001:db8::1", 48, "p0");

	begin();
	make_pair();
	run("ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0");
	fail_with(-EEXIST, LS_OP_ADD, NULL, &v4.object);
	fail_with(-EEXIST, LS_OP_ADD, NULL, &v6.object); /* whatever its prefix length */
	end();
}

Test(drivers, delete_of_an_address_spares_the_one_with_another_peer)
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

Test(drivers, change_makes_a_dynamic_address_permanent)
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
Test(drivers, kernel_ignores_noprefixroute_when_an_ipv4_address_is_replaced)
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

/* ---- routes ------------------------------------------------------------------------------------------------------ */

static const char *const route_mix =
	"ip addr add 192.0.2.1/24 dev p0 && ip addr add 192.0.2.1/24 dev p1 && ip addr add 2001:db8::1/64 dev p0 nodad "
	"&& "
	"ip route add 10.1.0.0/16 via 192.0.2.9 dev p0 metric 5 mtu 1300 && "
	"ip route add 10.2.0.0/16 dev p0 src 192.0.2.1 table 1000 && "
	"ip route add 10.3.0.0/16 proto static nexthop via 192.0.2.8 dev p0 weight 2 nexthop via 192.0.2.9 dev p1 && "
	"ip route add 10.4.0.0/16 via 203.0.113.1 dev p0 onlink advmss 1200 tos 0x10 && "
	"ip route add blackhole 10.5.0.0/16 && ip route add prohibit 10.6.0.0/16 metric 9 && "
	"ip route add throw 10.7.0.0/16 table 7 && ip route add 10.8.0.0/16 via inet6 2001:db8::5 dev p0 && "
	"ip route append 10.1.0.0/16 via 192.0.2.10 dev p0 metric 5 && "
	"ip route add 10.9.0.0/16 dev p0 realm 5 && "
	"ip -6 route add 2001:db8:1::/48 via 2001:db8::9 dev p0 && "
	"ip -6 route add 2001:db8:2::/48 dev p0 metric 9 table 77 && "
	"ip -6 route add 2001:db8:3::/48 nexthop via 2001:db8::8 dev p0 nexthop via 2001:db8::9 dev p0 weight 3 && "
	"ip -6 route add unreachable 2001:db8:4::/48 && ip -6 route add blackhole default metric 4294967295 && "
	"ip -6 route add 2001:db8:5::/48 via 2001:db8::9 mtu 1400 hoplimit 5 pref high && "
	"ip -6 route add 2001:db8:6::/48 via 2001:db8:ffff::1 dev p0 onlink && "
	"ip -6 route add 2001:db8:7::/48 dev p0 && ip -6 route append 2001:db8:7::/48 dev p1 && "
	"ip -6 route add 2001:db8:8::/48 via 2001:db8::9 src 2001:db8::1";

static json_t *ip_routes(int family)
{
	return ask("ip -j -d -N -%d route show table all", family);
}

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

static void expect_hops(const struct ls_route *route, const char *hops)
{
	char text[256];

	ls_attr_format(&ls_kind_route.attrs[LS_ROUTE_HOPS], &route->object, text, sizeof(text));
	cr_expect_str_eq(text, hops);
}

static const struct ls_route *route_to(const char *to)
{
	struct ls_prefix prefix;

	memset(&prefix, 0, sizeof(prefix));
	cr_assert_eq(ls_prefix_parse(to, &prefix), 0);
	ls_set_each (&have, i) {
		const struct ls_route *route = (const struct ls_route *)have.objects[i];

		if (have.objects[i]->kind == &ls_kind_route && !memcmp(&route->to, &prefix, sizeof(prefix)))
			return route;
	}
	cr_assert_fail("no route to %s", to);
	return NULL;
}

Test(drivers, dump_of_routes_is_what_ip_shows)
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

Test(drivers, second_dump_is_the_same)
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

Test(drivers, whatever_is_dumped_survives_json_and_files)
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
Test(drivers, dump_under_changes_is_whole_or_refused)
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

static json_t *ip_route(int family, const char *to)
{
	json_t *routes = ask("ip -j -d -N -%d route show %s table all", family, to), *route;

	route = json_incref(json_array_get(routes, 0));
	json_decref(routes);
	return route;
}

Test(drivers, routes_are_made_replaced_and_deleted)
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

Test(drivers, reject_onlink_and_cross_family_routes_are_made)
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

Test(drivers, route_never_takes_the_place_of_a_foreign_one)
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

Test(drivers, replace_of_a_vanished_route_fails)
{
	struct ls_route v4 = route_of("10.1.0.0/16", "p0", NULL), v6 = route_of("2001:db8:1::/48", "p0", NULL);

	begin();
	make_pair();
	fail_with(-ENOENT, LS_OP_REPLACE, &v4.object, &v4.object);
	fail_with(-ENOENT, LS_OP_REPLACE, &v6.object, &v6.object);
	end();
}

Test(drivers, delete_of_a_route_spares_foreign_siblings)
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

Test(drivers, libnl_sees_every_route_that_was_made)
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

Test(drivers, dump_of_many_routes_is_complete_and_sorted)
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

/* ---- putting foreign objects back -------------------------------------------------------------------------------- */

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

Test(drivers, foreign_routes_come_back_as_they_were)
{
	begin();
	make_pair();
	run("%s", route_mix);
	settle();
	dump(LS_DUMP_ALL);
	expect_put_back(&have, flush_routes);
	end();
}

Test(drivers, routes_by_nexthop_object_come_back)
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

Test(drivers, encapsulated_routes_come_back)
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

Test(drivers, expiring_route_goes_on_expiring)
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

Test(drivers, route_comes_back_though_its_links_have_new_indexes)
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

Test(drivers, replaced_foreign_route_is_given_back)
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

Test(drivers, foreign_addresses_come_back_as_they_were)
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

/* ---- transaction ------------------------------------------------------------------------------------------------- */

/* Queues N routes as tokens; `bad` is one that the kernel refuses. */
static void queue_routes(struct answer *answers, size_t n, size_t bad)
{
	struct ls_netlink *nl = ls_kernel_netlink(kernel);
	struct nl_msg *message;

	ls_tx_begin(nl, note_answer, answers);
	for (size_t i = 0; i < n; i++) {
		struct ls_route route = route_of("10.0.0.0/32", "p0", i == bad ? "203.0.113.1" : NULL);

		route.to.ip.bytes[2] = (uint8_t)(i >> 8);
		route.to.ip.bytes[3] = (uint8_t)i;
		answers[i].state = LS_TX_UNKNOWN;
		answers[i].code = 1;
		cr_assert_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, &route.object, &message, &failure), 0);
		cr_assert_eq(ls_tx_queue(nl, message, i, &failure), 0);
	}
	cr_assert_eq(ls_tx_barrier(nl, &failure), 0);
}

Test(drivers, failure_in_the_middle_is_told_by_its_token)
{
	enum { N = 300, BAD = 150 };
	static struct answer answers[N];

	begin();
	make_pair();
	queue_routes(answers, N, BAD);
	for (size_t i = 0; i < N; i++)
		cr_expect_eq(answers[i].state, i == BAD ? LS_TX_FAILED : LS_TX_DONE, "%zu", i);
	cr_expect_eq(answers[BAD].code, -ENETUNREACH);
	cr_expect_str_eq(answers[BAD].says, "Nexthop has invalid gateway");
	run("test \"$(ip route show proto 108 | wc -l)\" = %d", N - 1);
	end();
}

Test(drivers, kernel_names_the_attribute_that_it_refuses)
{
	struct ls_link want = link_of("br0", "bridge");
	struct answer answer;

	begin();
	make_pair();
	want.master = "p0";
	set_attr(&want.object, LS_LINK_MASTER);
	set_mtu(&want, 40);
	answer = carry_out(LS_OP_ADD, NULL, &want.object);
	cr_expect_eq(answer.state, LS_TX_FAILED);
	cr_expect_neq(answer.says[0], '\0');
	end();
}

/* The kernel drops answers that the receive buffer has no room for; the messages are carried out all the same. */
Test(drivers, dropped_answers_are_unknown)
{
	enum { N = 100 };
	static struct answer answers[N];
	const int small = 1;
	size_t n_done = 0, n_unknown = 0;

	begin();
	make_pair();
	cr_assert_eq(setsockopt(ls_kernel_netlink(kernel)->tx_fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	queue_routes(answers, N, N);
	for (size_t i = 0; i < N; i++) {
		n_done += answers[i].state == LS_TX_DONE;
		n_unknown += answers[i].state == LS_TX_UNKNOWN && answers[i].code == -ENOBUFS;
	}
	cr_expect_gt(n_unknown, 0);
	cr_expect_eq(n_done + n_unknown, N);
	run("test \"$(ip route show proto 108 | wc -l)\" = %d", N);
	end();
}

static void count_answer(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	size_t *n = data;

	(void)token;
	(void)kernel_says;
	*n += state == LS_TX_FAILED && code == -EBADF;
}

Test(drivers, batch_that_was_never_sent_failed)
{
	struct ls_link want = link_of("br0", "bridge");
	struct ls_netlink *nl;
	struct nl_msg *message;
	size_t n = 0;

	begin();
	nl = ls_kernel_netlink(kernel);
	ls_tx_begin(nl, count_answer, &n);
	cr_assert_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, &want.object, &message, &failure), 0);
	cr_assert_eq(ls_tx_queue(nl, message, 0, &failure), 0);
	ls_close(&nl->tx_fd);
	cr_expect_eq(ls_tx_barrier(nl, &failure), -EBADF);
	cr_expect_eq(n, 1);
	end();
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

static struct ls_sysctl sysctl_of(const char *path, const char *value)
{
	struct ls_sysctl sysctl = { .object = { .kind = &ls_kind_sysctl }, .path = path, .value = value };

	set_attr(&sysctl.object, LS_SYSCTL_PATH);
	set_attr(&sysctl.object, LS_SYSCTL_VALUE);
	return sysctl;
}

Test(drivers, sysctls_are_read_folded_and_missing_ones_left_out)
{
	struct ls_sysctl list[] = { sysctl_of("net/ipv4/ip_local_port_range", ""),
		sysctl_of("net/ipv4/conf/p0/rp_filter", ""), sysctl_of("net/ipv4/conf/nowhere/rp_filter", "") };
	struct ls_arena *own = ls_arena_new();
	struct ls_set scope;
	const struct ls_sysctl *there;

	begin();
	make_pair();
	run("echo 2 >/proc/sys/net/ipv4/conf/p0/rp_filter; echo '20000 30000' >/proc/sys/net/ipv4/ip_local_port_range");
	ls_set_init(&scope, own);
	for (size_t i = 0; i < LS_ARRAY_SIZE(list); i++)
		cr_assert_eq(ls_set_add(&scope, &list[i].object), 0);
	ls_set_sort(&scope);
	forget();
	cr_assert_eq(ls_kernel_dump(kernel, LS_BIT(LS_KIND_SYSCTL), &scope, &have, &failure), 0, "%s", failure.message);
	cr_assert_eq(have.n_objects, 2);
	there = (const struct ls_sysctl *)found(&list[0].object);
	cr_expect_str_eq(there->value, "20000 30000");
	there = (const struct ls_sysctl *)found(&list[1].object);
	cr_expect_str_eq(there->value, "2");
	cr_expect_str_eq(there->dev, "p0");
	ls_set_done(&scope);
	ls_arena_free(own);
	end();
}

Test(drivers, sysctl_is_written_or_refused_in_words)
{
	struct ls_sysctl good = sysctl_of("net/ipv4/ip_forward", "1"),
			 bad = sysctl_of("net/ipv4/ip_default_ttl", "999"),
			 missing = sysctl_of("net/ipv4/nonsense", "1"),
			 outside = sysctl_of("net/../kernel/hostname", "x"),
			 coming = sysctl_of("net/ipv6/conf/later/accept_ra", "2");

	begin();
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &good.object, &failure), 0);
	run("test \"$(cat /proc/sys/net/ipv4/ip_forward)\" = 1");
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &bad.object, &failure), -EINVAL);
	cr_expect_str_eq(failure.message, "sysctl net/ipv4/ip_default_ttl = 999: the kernel refuses this value");
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &missing.object, &failure), -ENOENT);
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &outside.object, &failure), -EINVAL);
	cr_expect_eq(ls_kind_sysctl.probe(kernel, &good.object, &failure), 0);
	cr_expect_eq(ls_kind_sysctl.probe(kernel, &coming.object, &failure), 0);
	cr_expect_eq(ls_kind_sysctl.probe(kernel, &missing.object, &failure), -EOPNOTSUPP);
	end();
}
