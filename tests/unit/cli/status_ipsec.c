/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels of IPsec in a status, as text and as JSON. */
#include "cli_test.h"

#include "../../../src/cli/status_ipsec.c"

static struct ls_arena *arena;
static struct ls_set actual;
static struct told told;

static void setup(void)
{
	arena = ls_arena_new();
	ls_set_init(&actual, arena);
	told_begin(&told, 0);
}

static void teardown(void)
{
	told_done(&told);
	ls_set_done(&actual);
	ls_arena_free(arena);
}

TestSuite(status_ipsec, .init = setup, .fini = teardown);

static struct ls_link *add_link(const char *name, uint32_t if_id)
{
	struct ls_link *link = (struct ls_link *)ls_object_new(arena, &ls_kind_link);

	link->name = name;
	link->type = "xfrm";
	link->if_id = if_id;
	link->object.set = LS_BIT(LS_LINK_NAME) | LS_BIT(LS_LINK_TYPE) | LS_BIT(LS_LINK_IF_ID);
	link->object.owner = LS_OWNER_OURS;
	ls_set_add(&actual, &link->object);
	return link;
}

static struct ls_ip ip(const char *text)
{
	struct ls_ip ip = { 0 };

	cr_assert_eq(ls_ip_parse(text, &ip), 0);
	return ip;
}

static void add_policy(uint32_t if_id, enum ls_xfrm_direction direction, uint8_t family)
{
	struct ls_xfrm_policy *policy = (struct ls_xfrm_policy *)ls_object_new(arena, &ls_kind_xfrm_policy);

	policy->direction = (uint8_t)direction;
	policy->if_id = if_id;
	policy->src.ip.family = policy->dst.ip.family = family;
	policy->tunnel_src = ip("192.0.2.1");
	policy->tunnel_dst = ip("192.0.2.2");
	policy->object.set = LS_BIT(LS_XFRM_POLICY_TUNNEL_DST);
	ls_set_add(&actual, &policy->object);
}

static void add_state(uint32_t if_id, const char *dst, uint32_t spi, uint64_t added)
{
	struct ls_xfrm_state *state = (struct ls_xfrm_state *)ls_object_new(arena, &ls_kind_xfrm_state);

	state->if_id = if_id;
	state->dst = ip(dst);
	state->spi = spi;
	state->activity = (struct ls_xfrm_activity){ added, 1536 };
	ls_set_add(&actual, &state->object);
}

static void add_tunnels(uint64_t added)
{
	add_link("t1", 9);
	add_link("t0", 7);
	add_link("t2", 11);
	add_link("stranger", 5)->object.owner = LS_OWNER_FOREIGN;
	add_policy(7, LS_XFRM_IN, AF_INET6);
	add_policy(7, LS_XFRM_OUT, AF_INET6);
	add_policy(9, LS_XFRM_OUT, AF_INET);
	add_state(7, "192.0.2.2", 0x2001, added);
	add_state(5, "192.0.2.2", 0x3001, added);
	add_state(7, "192.0.2.1", 0x1001, added);
	ls_set_sort(&actual);
}

Test(status_ipsec, tunnels_are_told_with_their_states)
{
	bool first = true;

	add_tunnels((uint64_t)time(NULL) + 9);
	cli_print_ipsec(&told.cli, &actual, &first);
	told_flush(&told);
	cr_assert_str_eq(told.out, "Tunnels:\n"
				   "  t0 ipsec ipv6, from 192.0.2.1 to 192.0.2.2, if_id 0x7\n"
				   "    in with SPI 0x00001001, 0 s old, 1.5 KiB\n"
				   "    out with SPI 0x00002001, 0 s old, 1.5 KiB\n"
				   "  t1 ipsec ipv4, from 192.0.2.1 to 192.0.2.2, if_id 0x9\n"
				   "    no security association yet\n"
				   "  t2 ipsec, without a policy\n");
}

Test(status_ipsec, json_has_what_is_not_known_as_null)
{
	json_t *json, *expected;
	bool first = true;

	add_tunnels(1700000000);
	cli_json_raw(&told.cli, "[");
	cli_json_ipsec(&told.cli, &actual, &first);
	cli_json_raw(&told.cli, "]");
	told_flush(&told);
	json = json_loads(told.out, 0, NULL);
	expected = json_loads("[{\"name\":\"t0\",\"type\":\"ipsec\",\"family\":\"ipv6\",\"if_id\":7,"
			      "\"local_address\":\"192.0.2.1\",\"remote_address\":\"192.0.2.2\",\"states\":["
			      "{\"direction\":\"in\",\"spi\":\"0x00001001\",\"added\":1700000000,\"bytes\":1536},"
			      "{\"direction\":\"out\",\"spi\":\"0x00002001\",\"added\":1700000000,\"bytes\":1536}]},"
			      "{\"name\":\"t1\",\"type\":\"ipsec\",\"family\":\"ipv4\",\"if_id\":9,"
			      "\"local_address\":\"192.0.2.1\",\"remote_address\":\"192.0.2.2\",\"states\":[]},"
			      "{\"name\":\"t2\",\"type\":\"ipsec\",\"family\":null,\"if_id\":11,\"local_address\":null,"
			      "\"remote_address\":null,\"states\":[]}]",
		0, NULL);
	cr_assert(json && json_equal(json, expected), "%s", told.out);
	json_decref(json);
	json_decref(expected);
}
