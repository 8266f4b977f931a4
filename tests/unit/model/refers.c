/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "builders.h"

#include <criterion/criterion.h>

static const char *link_reference(const struct ls_object *from, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "link name=%s", name);
	return ls_object_reference(from, build(text));
}

Test(refers, to_links_by_name_and_in_every_next_hop)
{
	const struct ls_object *hops =
		build("route to=10.0.0.0/8 nexthops='via 192.0.2.1 dev p0 weight 1, via 192.0.2.2 dev p10 weight 1'");

	cr_expect_str_eq(link_reference(build("link name=v10 type=vlan parent=eth0 master=br0"), "eth0"), "parent");
	cr_expect_str_eq(link_reference(build("link name=v10 type=vlan parent=eth0 master=br0"), "br0"), "master");
	cr_expect_null(link_reference(build("link name=v10 type=vlan parent=eth0"), "v10"));
	cr_expect_str_eq(link_reference(hops, "p0"), "next hop");
	cr_expect_str_eq(link_reference(hops, "p10"), "next hop");
	cr_expect_null(link_reference(hops, "p1"));
	cr_expect_null(link_reference(build("route to=::/0 type=unreachable"), "lo"));
}

Test(refers, to_nexthops_by_id)
{
	const struct ls_object *seven = build("nexthop id=7 type=single family=ipv4 dev=p0");
	const struct ls_object *eight = build("nexthop id=8 type=single family=ipv4 dev=p0");

	cr_expect_str_eq(ls_object_reference(build("route to=10.0.0.0/8 nexthop=7"), seven), "nexthop");
	cr_expect_null(ls_object_reference(build("route to=10.0.0.0/8 nexthop=7"), eight));
	cr_expect_str_eq(ls_object_reference(build("nexthop id=9 type=group members='7*1 11*3'"), seven), "member");
	cr_expect_null(ls_object_reference(build("nexthop id=9 type=group members='7*1 11*3'"), eight));
	cr_expect_null(ls_object_reference(seven, seven));
}

Test(refers, to_addresses_that_make_the_next_hop_reachable_or_are_the_source)
{
	const struct ls_object *address = build("address dev=p0 address=192.0.2.1/24");

	cr_expect_str_eq(ls_object_reference(build("route to=10.0.0.0/8 via=192.0.2.9 dev=p0"), address),
		"next hop in its subnet");
	cr_expect_null(ls_object_reference(build("route to=10.0.0.0/8 via=192.0.2.9 dev=p1"), address));
	cr_expect_null(ls_object_reference(build("route to=10.0.0.0/8 via=192.0.2.9 dev=p0 onlink=true"), address));
	cr_expect_null(ls_object_reference(build("route to=10.0.0.0/8 via=198.51.100.9 dev=p0"), address));
	cr_expect_str_eq(
		ls_object_reference(build("route to=10.0.0.0/8 dev=p1 src=192.0.2.1"), address), "preferred source");
}
