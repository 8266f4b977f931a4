/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host names of peers: what the file with their addresses holds, and the looking up itself. */
#include "state_tools.h"

#include "../../../src/apply/names.h"

#include <sys/socket.h>

TestSuite(endpoints, .init = enter, .fini = leave);

#define PEER "wg_peer dev=t0 public_key=dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo= "

static struct ls_wg_peer *peer(const char *text)
{
	return (struct ls_wg_peer *)build(text);
}

static void put(struct ls_host *host, const char *resolved, const char *unresolved)
{
	struct ls_endpoints endpoints = { .arena = ls_arena_new() };
	struct ls_error err = { 0 };

	ls_set_init(&endpoints.resolved, endpoints.arena);
	ls_set_init(&endpoints.unresolved, endpoints.arena);
	if (resolved)
		cr_assert_eq(ls_set_add(&endpoints.resolved, build(resolved)), 0);
	if (unresolved)
		cr_assert_eq(ls_set_add(&endpoints.unresolved, build(unresolved)), 0);
	cr_assert_eq(ls_endpoints_write(host, &endpoints, &err), 0, "%s", err.message);
	ls_endpoints_done(&endpoints);
}

#define LAST "allowed_ips='' endpoint_name=gw.test:7 endpoint=192.0.2.1 endpoint_port=7"

Test(endpoints, last_good_is_read_back_by_name)
{
	struct ls_host host = host_in(1, 2);
	struct ls_endpoints endpoints;
	bool resolved = false;

	put(&host, PEER LAST, NULL);
	cr_assert_eq(ls_host_endpoints(&host, &endpoints, NULL), 0);
	cr_assert(ls_endpoints_find(&endpoints, peer(PEER "endpoint_name=gw.test:7"), &resolved));
	cr_expect(resolved);
	cr_expect_not(ls_endpoints_find(&endpoints, peer(PEER "endpoint_name=gw.test:8"), &resolved), "another port");
	cr_expect_not(ls_endpoints_find(&endpoints, peer(PEER "endpoint=192.0.2.1"), &resolved), "no name");
	cr_expect_not(
		ls_endpoints_find(&endpoints, peer(PEER "endpoint_name=gw.test:7 endpoint_family=ipv6"), &resolved),
		"another family");
	ls_endpoints_done(&endpoints);
	put(&host, NULL, PEER LAST);
	cr_assert_eq(ls_host_endpoints(&host, &endpoints, NULL), 0);
	cr_expect(ls_endpoints_find(&endpoints, peer(PEER "endpoint_name=gw.test:7"), &resolved));
	cr_expect_not(resolved);
	ls_endpoints_done(&endpoints);
}

Test(endpoints, without_a_file_nothing_is_known)
{
	struct ls_host host = host_in(1, 2);
	struct ls_endpoints endpoints;

	cr_assert_eq(ls_host_endpoints(&host, &endpoints, NULL), 0);
	cr_expect_eq(endpoints.resolved.n_objects + endpoints.unresolved.n_objects, 0);
	ls_endpoints_done(&endpoints);
}

Test(endpoints, damaged_file_is_refused)
{
	struct ls_host host = host_in(1, 2);
	struct ls_endpoints endpoints;
	size_t length;
	char *data;

	put(&host, PEER LAST, NULL);
	read_state_file(&host, "endpoints", &data, &length);
	data[length - 12]++;
	write_state_file(&host, "endpoints", data, length);
	cr_expect_eq(ls_host_endpoints(&host, &endpoints, NULL), -EBADMSG);
	free(data);
	put(&host, PEER "allowed_ips='' endpoint=192.0.2.1 endpoint_port=7", NULL);
	cr_expect_eq(ls_host_endpoints(&host, &endpoints, NULL), -EBADMSG, "a peer without a name");
}

/* Literal addresses need no resolver; no time is no answer. */
Test(endpoints, names_are_looked_up_by_family)
{
	struct ls_name names[] = { { .host = build_keep(strdup("192.0.2.7")) },
		{ .host = build_keep(strdup("2001:db8::7")), .family = AF_INET6 },
		{ .host = build_keep(strdup("192.0.2.7")), .family = AF_INET6 } };
	char text[LS_IP_TEXT_MAX];

	cr_assert_eq(ls_names_resolve(names, 3, -1, 0), 0);
	cr_expect_not(names[0].answered || names[1].answered || names[2].answered);
	cr_assert_eq(ls_names_resolve(names, 3, -1, 30000), 0);
	cr_assert_eq(names[0].n_addresses, 1);
	cr_expect_str_eq(ls_ip_format(&names[0].addresses[0], text), "192.0.2.7");
	cr_assert_eq(names[1].n_addresses, 1);
	cr_expect_str_eq(ls_ip_format(&names[1].addresses[0], text), "2001:db8::7");
	cr_expect(names[2].answered && names[2].status && !names[2].n_addresses);
}
