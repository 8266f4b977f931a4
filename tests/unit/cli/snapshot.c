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

static struct ls_ledger originals;
static uint32_t mode;

static void print(struct told *told, uint32_t given)
{
	settle_order(&set);
	ls_set_sort(&recorded);
	told_begin(told, given);
	if (given & LS_BIT(CLI_JSON))
		print_json(&told->cli, &set,
			&(struct ls_generation){ .objects = recorded, .failover = mode, .this_epoch = true },
			&originals);
	else
		print_text(&told->cli, &set, &recorded);
	told_flush(told);
}

Test(snapshot, kinds_without_objects_are_empty_arrays)
{
	struct told told;

	print(&told, LS_BIT(CLI_JSON));
	cr_assert_str_eq(told.out, "{\"format\":1,\"objects\":{\n"
				   "\"link\":[],\n\"nft_table\":[],\n\"nft_set\":[],\n\"nft_chain\":[],\n"
				   "\"nft_rule\":[],\n\"nft_element\":[],\n\"sysctl\":[],\n\"wireguard\":[],\n\"wg_"
				   "peer\":[],\n\"xfrm_state\":[],\n\"xfrm_policy\":[],\n\"dhcp_client\":[],"
				   "\n\"address\":[],\n\"neighbour\":[],\n"
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

/* ---- what was displaced ------------------------------------------------------------------------------------------ */

static struct ls_object *displaced(const char *value, uint8_t flags)
{
	struct ls_set aside;
	struct ls_sysctl *sysctl;

	ls_set_init(&aside, arena);
	sysctl = add_sysctl(&aside, "net/ipv4/ip_forward");
	sysctl->value = value;
	sysctl->object.flags = flags;
	sysctl->object.managed = LS_BIT(LS_SYSCTL_VALUE);
	ls_set_done(&aside);
	return &sysctl->object;
}

Test(snapshot, originals_are_read_back_as_they_were)
{
	struct ls_original entry = { displaced("0", LS_OBJECT_ADJUST), displaced("1", LS_OBJECT_ADJUST) };
	struct ls_ledger read = { 0 };
	struct ls_error err = { 0 };
	struct ls_set again;
	struct told told;
	enum ls_failover_mode failover;
	char path[64];

	mode = LS_FAILOVER_PARTIAL;
	originals = (struct ls_ledger){ .originals = &entry, .n_originals = 1 };
	print(&told, LS_BIT(CLI_JSON) | LS_BIT(CLI_ALL));
	ls_set_init(&again, arena);
	cr_assert_eq(
		cli_snapshot_read(write_file(path, told.out), &again, &read, &failover, &err), 0, "%s", err.message);
	unlink(path);
	cr_expect_eq(failover, LS_FAILOVER_PARTIAL);
	cr_assert_eq(read.n_originals, 1);
	cr_expect(read.originals[0].original->flags & LS_OBJECT_ADJUST);
	cr_expect_eq(read.originals[0].original->managed, LS_BIT(LS_SYSCTL_VALUE));
	cr_expect_str_eq(((struct ls_sysctl *)read.originals[0].original)->value, "0");
	cr_expect_str_eq(((struct ls_sysctl *)read.originals[0].written)->value, "1");
	originals = (struct ls_ledger){ 0 };
	ls_ledger_done(&read);
	ls_set_done(&again);
	told_done(&told);
}

static const char *const bad_originals[] = {
	"{}",
	"[1]",
	"[{\"kind\":\"moon\",\"original\":{},\"written\":{}}]",
	"[{\"kind\":\"sysctl\"}]",
	"[{\"kind\":\"sysctl\",\"original\":{\"path\":\"net/a\"},\"written\":{\"value\":\"1\"}}]",
	"[{\"kind\":\"sysctl\",\"original\":{\"path\":\"net/a\"},\"written\":{\"path\":\"net/a\"},\"managed\":1}]",
	"[{\"kind\":\"sysctl\",\"original\":{\"path\":\"net/a\"},\"written\":{\"path\":\"net/"
	"a\"},\"managed\":[\"x\"]}]",
};

Test(snapshot, originals_that_are_none_are_refused)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(bad_originals); i++) {
		struct ls_ledger read = { 0 };
		struct ls_error err = { 0 };
		struct ls_set again;
		enum ls_failover_mode failover;
		char path[64], text[512];

		snprintf(text, sizeof(text), "{\"format\":1,\"objects\":{},\"originals\":%s}", bad_originals[i]);
		ls_set_init(&again, arena);
		cr_expect_eq(
			cli_snapshot_read(write_file(path, text), &again, &read, &failover, &err), -EINVAL, "%s", text);
		unlink(path);
		ls_ledger_done(&read);
		ls_set_done(&again);
	}
}
