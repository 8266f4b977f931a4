/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan snapshot. */
#include "cli_test.h"

#include "../../../src/cli/snapshot.c"

static struct ls_arena *arena;
static struct ls_set set, recorded;

static void setup(void)
{
	arena = ls_arena_new();
	ls_set_init(&set, arena);
	ls_set_init(&recorded, arena);
}

static void teardown(void)
{
	ls_set_done(&set);
	ls_set_done(&recorded);
	ls_arena_free(arena);
}

TestSuite(snapshot, .init = setup, .fini = teardown);

static void add_route(const char *to, const char *dev, enum ls_owner owner)
{
	struct ls_route *route = (struct ls_route *)ls_object_new(arena, &ls_kind_route);

	cr_assert_eq(ls_prefix_parse(to, &route->to), 0);
	route->table = 254;
	route->dev = dev;
	route->object.set = LS_BIT(LS_ROUTE_TO) | LS_BIT(LS_ROUTE_TABLE) | LS_BIT(LS_ROUTE_DEV);
	route->object.owner = (uint8_t)owner;
	ls_set_add(&set, &route->object);
}

static struct ls_sysctl *add_sysctl(struct ls_set *to, const char *path)
{
	struct ls_sysctl *sysctl = (struct ls_sysctl *)ls_object_new(arena, &ls_kind_sysctl);

	sysctl->path = path;
	sysctl->value = "1";
	sysctl->object.set = LS_BIT(LS_SYSCTL_PATH) | LS_BIT(LS_SYSCTL_VALUE);
	ls_set_add(to, &sysctl->object);
	return sysctl;
}

static void print(struct told *told, uint32_t given)
{
	settle_order(&set);
	ls_set_sort(&recorded);
	told_begin(told, given);
	if (given & LS_BIT(CLI_JSON))
		print_json(&told->cli, &set, &recorded);
	else
		print_text(&told->cli, &set, &recorded);
	told_flush(told);
}

Test(snapshot, kinds_without_objects_are_empty_arrays)
{
	struct told told;

	print(&told, LS_BIT(CLI_JSON));
	cr_assert_str_eq(told.out, "{\"format\":1,\"objects\":{\n"
				   "\"link\":[],\n\"sysctl\":[],\n\"address\":[],\n\"neighbour\":[],\n"
				   "\"nexthop\":[],\n\"route\":[],\n\"rule\":[]\n"
				   "}}\n");
	told_done(&told);
}

Test(snapshot, only_what_is_ours_unless_all_is_asked_for)
{
	struct told told;

	add_route("10.0.0.0/8", "a", LS_OWNER_OURS);
	add_route("11.0.0.0/8", "a", LS_OWNER_FOREIGN);
	print(&told, 0);
	cr_assert_str_eq(told.out, "route 10.0.0.0/8 dev a\n");
	told_done(&told);
	print(&told, LS_BIT(CLI_ALL));
	cr_assert_str_eq(told.out, "route 10.0.0.0/8 dev a  (linkspan)\nroute 11.0.0.0/8 dev a  (foreign)\n");
	told_done(&told);
}

Test(snapshot, a_sysctl_that_is_recorded_counts_as_ours)
{
	struct told told;

	add_sysctl(&set, "net/ipv4/ip_forward");
	add_sysctl(&set, "net/ipv4/conf/all/forwarding");
	add_sysctl(&recorded, "net/ipv4/ip_forward")->object.flags = LS_OBJECT_ADJUST;
	print(&told, 0);
	cr_assert_str_eq(told.out, "sysctl net/ipv4/ip_forward value 1\n");
	told_done(&told);
}

Test(snapshot, the_order_in_which_siblings_were_made_does_not_show)
{
	struct told told;

	add_route("fe80::/64", "b", LS_OWNER_OURS);
	add_route("fe80::/64", "c", LS_OWNER_OURS);
	add_route("fe80::/64", "a", LS_OWNER_OURS);
	print(&told, 0);
	cr_assert_str_eq(told.out, "route fe80::/64 dev a\nroute fe80::/64 dev b\nroute fe80::/64 dev c\n");
	told_done(&told);
}
