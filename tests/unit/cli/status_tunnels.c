/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tunnels of a status, as text and as JSON. */
#include "cli_test.h"

#include "../../../src/cli/status_tunnels.c"

#include <arpa/inet.h>

static struct ls_arena *arena;
static struct ls_set actual, desired;
static struct ls_endpoints endpoints;
static const struct cli_tunnels tunnels = { &actual, &desired, &endpoints };
static struct told told;

static void setup(void)
{
	arena = ls_arena_new();
	ls_set_init(&actual, arena);
	ls_set_init(&desired, arena);
	ls_set_init(&endpoints.resolved, arena);
	ls_set_init(&endpoints.unresolved, arena);
	told_begin(&told, 0);
}

static void teardown(void)
{
	told_done(&told);
	ls_set_done(&actual);
	ls_set_done(&desired);
	ls_set_done(&endpoints.resolved);
	ls_set_done(&endpoints.unresolved);
	ls_arena_free(arena);
}

TestSuite(status_tunnels, .init = setup, .fini = teardown);

static void add_tunnel(const char *name, uint16_t port)
{
	struct ls_wireguard *device = (struct ls_wireguard *)ls_object_new(arena, &ls_kind_wireguard);

	device->dev = name;
	device->public_key = "own";
	device->listen_port = port;
	ls_set_add(&actual, &device->object);
}

static struct ls_wg_peer *add_peer(const char *tunnel, const char *key, const char *allowed_ips)
{
	struct ls_wg_peer *peer = (struct ls_wg_peer *)ls_object_new(arena, &ls_kind_wg_peer);

	peer->dev = tunnel;
	peer->public_key = key;
	peer->allowed_ips = allowed_ips;
	ls_set_add(&actual, &peer->object);
	return peer;
}

static void set_endpoint(struct ls_wg_peer *peer, const char *address, uint16_t port)
{
	peer->endpoint.family = AF_INET6;
	cr_assert_eq(inet_pton(AF_INET6, address, peer->endpoint.bytes), 1);
	peer->endpoint_port = port;
	peer->object.set |= LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT);
}

/* A peer that has a host name, as the spec asks for it or as it was looked up. */
static struct ls_wg_peer *add_named(struct ls_set *set, const char *tunnel, const char *key, const char *name)
{
	struct ls_wg_peer *peer = (struct ls_wg_peer *)ls_object_new(arena, &ls_kind_wg_peer);

	peer->dev = tunnel;
	peer->public_key = key;
	peer->endpoint_name = name;
	peer->object.set = LS_BIT(LS_WG_PEER_ENDPOINT_NAME);
	ls_set_add(set, &peer->object);
	ls_set_sort(set);
	return peer;
}

static const char *print(void)
{
	ls_set_sort(&actual);
	cli_print_tunnels(&told.cli, &tunnels);
	told_flush(&told);
	return told.out;
}

Test(status_tunnels, a_peer_is_told_with_its_session)
{
	struct ls_wg_peer *peer;

	add_tunnel("t1", 1196);
	add_peer("t0", "b", "10.0.0.0/8");
	peer = add_peer("t1", "a", "::/0 fd00::/8");
	set_endpoint(peer, "2001:db8::1", 1300);
	peer->activity = (struct ls_wg_activity){ (int64_t)time(NULL) + 5, 1023, 1536 };
	cr_assert_str_eq(print(),
		"Tunnels:\n"
		"  t1 wireguard ipv6, UDP port 1196\n"
		"    peer a at [2001:db8::1]:1300, handshake 0 s ago, 1023 B received, 1.5 KiB sent\n");
}

Test(status_tunnels, each_tunnel_has_its_own_peers)
{
	add_tunnel("t1", 2);
	add_tunnel("t0", 1);
	add_tunnel("t2", 3);
	add_peer("t1", "c", "");
	add_peer("t0", "b", "");
	add_peer("t0", "a", "10.0.0.0/8");
	cr_assert_str_eq(print(), "Tunnels:\n"
				  "  t0 wireguard ipv4, UDP port 1\n"
				  "    peer a at an address not known yet, no handshake yet, 0 B received, 0 B sent\n"
				  "    peer b at an address not known yet, no handshake yet, 0 B received, 0 B sent\n"
				  "  t1 wireguard, UDP port 2\n"
				  "    peer c at an address not known yet, no handshake yet, 0 B received, 0 B sent\n"
				  "  t2 wireguard, UDP port 3\n");
}

static void record(const char *tunnel, const char *path)
{
	struct ls_wireguard *device = (struct ls_wireguard *)ls_object_new(arena, &ls_kind_wireguard);
	struct ls_sysctl *sysctl = (struct ls_sysctl *)ls_object_new(arena, &ls_kind_sysctl);

	device->dev = tunnel;
	ls_set_add(&desired, &device->object);
	sysctl->path = path;
	sysctl->value = "1";
	if (path)
		ls_set_add(&desired, &sysctl->object);
	ls_set_sort(&desired);
}

Test(status_tunnels, the_record_tells_the_family_where_peers_are_allowed_nothing)
{
	add_tunnel("t0", 1);
	add_tunnel("t1", 2);
	record("t0", "net/ipv6/conf/t0/disable_ipv6");
	record("t1", NULL);
	cr_assert_str_eq(print(), "Tunnels:\n  t0 wireguard ipv4, UDP port 1\n  t1 wireguard ipv6, UDP port 2\n");
}

Test(status_tunnels, without_tunnels_nothing_is_said)
{
	cr_assert_str_empty(print());
}

/* `{"tunnels":[...]}` */
static json_t *as_json(void)
{
	json_t *json;

	ls_set_sort(&actual);
	cli_json_raw(&told.cli, "{");
	cli_json_tunnels(&told.cli, &tunnels);
	cli_json_raw(&told.cli, "}");
	told_flush(&told);
	json = json_loads(told.out, 0, NULL);
	cr_assert(json, "%s", told.out);
	return json;
}

Test(status_tunnels, json_has_what_is_not_known_as_null)
{
	json_t *json, *expected;
	struct ls_wg_peer *peer;

	add_tunnel("t0", 1195);
	add_peer("t0", "a", "");
	peer = add_peer("t0", "b", "fd00::/8 fd01::/64");
	set_endpoint(peer, "2001:db8::1", 1300);
	peer->activity = (struct ls_wg_activity){ 1700000000, UINT64_C(5000000000), 7 };
	json = as_json();
	expected = json_loads("{\"tunnels\":[{\"name\":\"t0\",\"type\":\"wireguard\",\"family\":\"ipv6\","
			      "\"public_key\":\"own\",\"listen_port\":1195,\"peers\":["
			      "{\"public_key\":\"a\",\"endpoint\":null,\"allowed_ips\":[],\"last_handshake\":null,"
			      "\"received_bytes\":0,\"sent_bytes\":0},"
			      "{\"public_key\":\"b\",\"endpoint\":\"[2001:db8::1]:1300\","
			      "\"allowed_ips\":[\"fd00::/8\",\"fd01::/64\"],\"last_handshake\":1700000000,"
			      "\"received_bytes\":5000000000,\"sent_bytes\":7}]}]}",
		0, NULL);
	cr_assert(json_equal(json, expected), "%s", told.out);
	json_decref(json);
	json_decref(expected);
}

Test(status_tunnels, json_of_none_is_empty)
{
	json_t *json = as_json();

	cr_assert_eq(json_array_size(json_object_get(json, "tunnels")), 0);
	json_decref(json);
}

/* One that was found, one that was found once, one that has got another name since. */
static void add_names(void)
{
	add_tunnel("t0", 1195);
	set_endpoint(add_peer("t0", "a", ""), "2001:db8::1", 1300);
	set_endpoint(add_peer("t0", "b", ""), "2001:db8::7", 1301);
	add_peer("t0", "c", "");
	add_named(&desired, "t0", "a", "a.test:1300");
	add_named(&desired, "t0", "b", "b.test:1300");
	add_named(&desired, "t0", "c", "c.test:1300");
	set_endpoint(add_named(&endpoints.resolved, "t0", "a", "a.test:1300"), "2001:db8::1", 1300);
	set_endpoint(add_named(&endpoints.unresolved, "t0", "b", "b.test:1300"), "2001:db8::2", 1300);
	set_endpoint(add_named(&endpoints.resolved, "t0", "c", "former.test:1300"), "2001:db8::3", 1300);
	ls_set_sort(&actual);
}

Test(status_tunnels, names_are_told_with_their_state)
{
	struct ls_diag warnings = { 0 };

	add_names();
	cr_expect_str_eq(print(),
		"Tunnels:\n"
		"  t0 wireguard, UDP port 1195\n"
		"    peer a at [2001:db8::1]:1300 (a.test:1300, resolved), no handshake yet, 0 B received, 0 B sent\n"
		"    peer b at [2001:db8::7]:1301 (b.test:1300, last-good: 2001:db8::2), no handshake yet, 0 B "
		"received, 0 B "
		"sent\n"
		"    peer c at an address not known yet (c.test:1300, unresolved), no handshake yet, 0 B received, 0 B "
		"sent\n");
	cli_warn_of_names(&tunnels, &warnings);
	cr_assert_eq(warnings.n_findings, 2);
	cr_expect(strstr(warnings.findings[0].message, "b.test:1300") &&
		  strstr(warnings.findings[0].message, "last address"));
	cr_expect_str_eq(warnings.findings[1].id, "endpoint-unresolved");
	ls_diag_done(&warnings);
}

Test(status_tunnels, json_has_names_and_their_state)
{
	static const char *const states[] = { "resolved", "last-good", "unresolved" };
	static const char *const addresses[] = { "2001:db8::1", "2001:db8::2", NULL };
	json_t *json, *peer;
	size_t i;

	add_names();
	json = as_json();
	json_array_foreach(json_object_get(json_array_get(json_object_get(json, "tunnels"), 0), "peers"), i, peer)
	{
		const char *address = json_string_value(json_object_get(peer, "endpoint_address"));

		cr_expect_str_eq(json_string_value(json_object_get(peer, "endpoint_state")), states[i]);
		cr_expect(address ? addresses[i] && !strcmp(address, addresses[i]) : !addresses[i], "%zu", i);
	}
	cr_expect_eq(i, 3);
	json_decref(json);
}
