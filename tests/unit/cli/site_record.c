/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a site: what is written is read back, what is broken is refused. */
#include "cli_test.h"

#include <fcntl.h>

#include "../../../src/cli/site_record.c"

TestSuite(site_record);

static int read_text(const char *text, struct ls_arena *arena, struct ls_site_record *ret, struct ls_error *err)
{
	char path[64];
	int r;

	write_file(path, text);
	r = cli_site_record_read(AT_FDCWD, path, arena, ret, err);
	unlink(path);
	return r;
}

#define HOSTS \
	"\"hosts\":{\"a\":{\"side\":\"gateway\",\"variant\":\"direct\",\"families\":[\"ipv4\"],\"dns_name\":\"a." \
	"example\"," \
	"\"port\":6180,\"crc\":4294967295,\"length\":7},\"b\":{\"side\":\"tenant\",\"variant\":\"vsphere\"," \
	"\"families\":[\"ipv4\",\"ipv6\"],\"crc\":1,\"length\":2}}"
#define TENANTS \
	"\"tenants\":{\"t\":{\"addresses\":[\"192.0.2.1\",\"2001:db8::1\"],\"tunnels\":{\"n/" \
	"ipv6\":\"a:20000:1196\"}}}"

Test(site_record, is_read)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	struct ls_site_record record;
	struct ls_error err = { 0 };
	const struct ls_site_host *host;

	cr_assert_eq(
		read_text("{\"format\":1,\"ipv6_communication\":true," HOSTS "," TENANTS ",\"removed\":[\"x\",\"y\"]}",
			arena, &record, &err),
		0, "%s", err.message);
	cr_assert(record.rendered && record.ipv6_communication);
	host = ls_site_find_host(&record, "a");
	cr_assert(host && host->side == LS_SIDE_GATEWAY && host->variant == LS_SITE_DIRECT);
	cr_expect(host->families == LS_SITE_IPV4 && host->port == 6180 && host->crc == UINT32_MAX && host->length == 7);
	cr_expect_str_eq(host->dns_name, "a.example");
	cr_assert_not_null(ls_site_find_host(&record, "b"));
	cr_assert_null(ls_site_find_host(&record, "c"));
	cr_assert_eq(record.n_tenants, 1);
	cr_assert(record.tenants[0].n_ips == 2 && record.tenants[0].n_ports == 1);
	cr_expect_str_eq(record.tenants[0].ports[0].network, "n");
	cr_expect_str_eq(record.tenants[0].ports[0].gateway, "a");
	cr_expect(record.tenants[0].ports[0].port == 20000 && record.tenants[0].ports[0].listen_port == 1196);
	cr_expect_eq(record.tenants[0].ports[0].family, LS_SITE_IPV6);
	cr_assert_eq(record.n_removed, 2);
	cr_expect_str_eq(record.removed[1], "y");
}

Test(site_record, that_is_not_there_is_of_a_site_never_rendered)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	struct ls_site_record record = { .rendered = true };

	cr_assert_eq(cli_site_record_read(AT_FDCWD, "/nonexistent/allocations.json", arena, &record, NULL), 0);
	cr_assert_not(record.rendered);
}

Test(site_record, that_is_broken_is_refused)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"format\":2}",
		"{\"format\":1,\"hosts\":{\"a\":{\"side\":\"other\"}}}",
		"{\"format\":1,\"hosts\":{\"a\":{\"side\":\"gateway\",\"variant\":\"vsphere\"}}}",
		"{\"format\":1,\"hosts\":{\"b\":{\"side\":\"tenant\",\"variant\":\"vsphere\"},"
		"\"a\":{\"side\":\"tenant\",\"variant\":\"vsphere\"}}}",
		"{\"format\":1,\"tenants\":{\"t\":{\"addresses\":[\"here\"]}}}",
		"{\"format\":1,\"tenants\":{\"t\":{\"tunnels\":{\"n\":\"a:1:2\"}}}}",
		"{\"format\":1,\"tenants\":{\"t\":{\"tunnels\":{\"n/ipv4\":\"a:99999:2\"}}}}",
		"{\"format\":1,\"removed\":[1]}",
		"{\"format\":1",
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(texts); i++) {
		LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
		struct ls_site_record record;
		struct ls_error err = { 0 };

		cr_expect_eq(read_text(texts[i], arena, &record, &err), -EINVAL, "%s", texts[i]);
		cr_expect(err.message[0], "%s", texts[i]);
	}
}
