/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of links, judged by iproute2. */
#include "driver_tools.h"

#include <netlink/msg.h>

TestSuite(drivers_links, .init = enter_namespace);

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

Test(drivers_links, dump_of_links_is_what_ip_shows)
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

Test(drivers_links, peer_in_another_namespace_is_no_peer)
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

Test(drivers_links, bridge_is_made_down_with_mark_mac_mtu_and_stp)
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

Test(drivers_links, changes_touch_only_what_differs)
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

Test(drivers_links, port_joins_and_leaves_its_bridge_live)
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

Test(drivers_links, veth_pair_is_two_objects_and_one_creation)
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

Test(drivers_links, link_that_is_put_back_gets_its_index_again)
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

Test(drivers_links, vlan_is_made_on_its_parent)
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

Test(drivers_links, dummy_is_made)
{
	struct ls_link want = link_of("d0", "dummy");

	begin();
	need_type("dummy");
	succeed(LS_OP_ADD, NULL, &want.object);
	expect_ours(&want.object);
	end();
}

Test(drivers_links, link_never_takes_the_place_of_a_foreign_one)
{
	struct ls_link want = link_of("p0", "bridge");

	begin();
	make_pair();
	fail_with(-EEXIST, LS_OP_ADD, NULL, &want.object);
	end();
}

Test(drivers_links, link_on_a_missing_bridge_is_refused_before_sending)
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

Test(drivers_links, probe_makes_nothing_and_names_what_is_missing)
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

Test(drivers_links, vxlan_is_made_and_changed_in_place)
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

Test(drivers_links, macvlan_is_made_on_its_parent)
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

Test(drivers_links, vrf_is_made_with_its_table)
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

Test(drivers_links, bond_takes_a_port_that_keeps_its_own_mac)
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
