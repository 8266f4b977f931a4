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
	r = cli_site_record_read(&(struct cli_site_place){ AT_FDCWD, "DIR", path }, arena, ret, err);
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
	struct ls_site_record record = { 0 };
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
	struct ls_error err = { 0 };

	cr_assert_eq(cli_site_record_read(&(struct cli_site_place){ AT_FDCWD, "DIR", "/nonexistent/allocations.json" },
			     arena, &record, &err),
		0);
	cr_assert_not(record.rendered);
}

#define RECORD(hosts, tenants, removed) \
	"{\"format\":1,\"ipv6_communication\":true,\"hosts\":{" hosts "},\"tenants\":{" tenants \
	"},\"removed\":[" removed "]}"
#define HOST(name, more) "\"" name "\":{\"side\":\"tenant\",\"variant\":\"vsphere\"," more "\"length\":2}"
#define FINE "\"families\":[\"ipv4\"],\"crc\":1,"
#define TENANT(addresses, tunnels) "\"t\":{\"addresses\":" addresses ",\"tunnels\":" tunnels "}"

Test(site_record, that_is_broken_is_refused)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "1:1: an object is expected" },
		{ "[]", "an object is expected" },
		{ "{}", "'format' is missing" },
		{ "{\"ipv6_communication\":true,\"hosts\":{},\"tenants\":{},\"removed\":[]}", "'format' is missing" },
		{ "{\"format\":1,\"ipv6_communication\":true,\"tenants\":{},\"removed\":[]}", "'hosts' is missing" },
		{ "{\"format\":1,\"ipv6_communication\":true,\"hosts\":{},\"removed\":[]}", "'tenants' is missing" },
		{ "{\"format\":1,\"ipv6_communication\":true,\"hosts\":{},\"tenants\":{}}", "'removed' is missing" },
		{ "{\"format\":1,\"hosts\":{},\"tenants\":{},\"removed\":[]}", "'ipv6_communication' is missing" },
		{ "{\"format\":1,\"ipv6_communication\":1}", "'ipv6_communication' is not true or false" },
		{ "{\"format\":2}", "of another format" },
		{ "{\"format\":\"1\"}", "'format' is not a number" },
		{ "{\"format\":1", "',' or '}' is expected" },
		{ "{\"format\":1,\"tenant\":{}}", "unknown member 'tenant'" },
		{ "{\"format\":1,\"hosts\":null}", "an object is expected" },
		{ "{\"format\":1,\"tenants\":[]}", "an object is expected" },
		{ RECORD("", "", "") "x", "goes on after its end" },
		{ RECORD("\"a\":{\"side\":\"other\",\"variant\":\"vsphere\"," FINE "\"length\":2}", "", ""),
			"'a': no such side" },
		{ RECORD("\"a\":{\"side\":\"gateway\",\"variant\":\"vsphere\"," FINE "\"length\":2}", "", ""),
			"'a': no such variant" },
		{ RECORD("\"a\":{}", "", ""), "'a': 'side' is missing" },
		{ RECORD("\"a\":3", "", ""), "'a': not an object" },
		{ RECORD(HOST("b", FINE) "," HOST("a", FINE), "", ""), "'a': not in order" },
		{ RECORD(HOST("../a", FINE), "", ""), "'../a': not a name" },
		{ RECORD(HOST("a", "\"families\":[\"ipv5\"],\"crc\":1,"), "", ""), "'a': no such families" },
		{ RECORD(HOST("a", "\"families\":[\"ipv4\",\"ipv4\"],\"crc\":1,"), "", ""), "'a': no such families" },
		{ RECORD(HOST("a", "\"families\":\"ipv4\",\"crc\":1,"), "", ""), "'families' is not an array" },
		{ RECORD(HOST("a", "\"crc\":1,"), "", ""), "'families' is missing" },
		{ RECORD(HOST("a", "\"families\":[],"), "", ""), "'crc' is missing" },
		{ RECORD(HOST("a", FINE "\"port\":\"x\","), "", ""), "'port' is not a number" },
		{ RECORD(HOST("a", FINE "\"port\":0,"), "", ""), "'port' is not in 1-65535" },
		{ RECORD(HOST("a", FINE "\"port\":65536,"), "", ""), "'port' is not in 1-65535" },
		{ RECORD(HOST("a", FINE "\"settings\":-1,"), "", ""), "'settings' is not in" },
		{ RECORD(HOST("a", FINE "\"settings\":4294967296,"), "", ""), "'settings' is not in" },
		{ RECORD(HOST("a", FINE "\"dns_name\":null,"), "", ""), "'dns_name' is not a text" },
		{ RECORD(HOST("a", FINE "\"failover\":\"half\","), "", ""), "'a': no such mode of failover" },
		{ RECORD(HOST("a", FINE "\"dnsname\":\"x\","), "", ""), "unknown member 'dnsname'" },
		{ RECORD("", TENANT("[\"here\"]", "{}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[1]", "{}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("{}", "{}"), ""), "'t': 'addresses' is not an array" },
		{ RECORD("", TENANT("null", "{}"), ""), "'t': 'addresses' is not an array" },
		{ RECORD("", "\"t\":{\"adresses\":[],\"tunnels\":{}}", ""), "'t': unknown member 'adresses'" },
		{ RECORD("", "\"t\":{\"tunnels\":{}}", ""), "'t': 'addresses' is missing" },
		{ RECORD("", "\"t\":{\"addresses\":[]}", ""), "'t': 'tunnels' is missing" },
		{ RECORD("", TENANT("[]", "[]"), ""), "'t': 'tunnels' is not an object" },
		{ RECORD("", TENANT("[]", "{\"n\":\"a:1:2\"}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[]", "{\"n/ipv4\":\"a:99999:2\"}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[]", "{\"n/ipv4\":\"a:1:0\"}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[]", "{\"n/ipv4\":\"a:+1:2\"}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[]", "{\"n/ipv4\":\"a:1:2 \"}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[]", "{\"/ipv4\":\"a:1:2\"}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[]", "{\"n/ipv5\":\"a:1:2\"}"), ""), "'t': holds what is no address" },
		{ RECORD("", TENANT("[]", "{\"n/ipv4\":[]}"), ""), "'t': holds what is no address" },
		{ RECORD("", "", "1"), "'removed' is no list of names" },
		{ RECORD("", "", "\"../a\""), "'removed' is no list of names" },
		{ "{\"crc\":1}", "its checksum is another" },
		{ "{\"crc\": 3133260316}", "its checksum is another" },
	};

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
		struct ls_site_record record;
		struct ls_error err = { 0 };

		cr_expect_eq(read_text(cases[i].text, arena, &record, &err), -EINVAL, "%s", cases[i].text);
		cr_expect(strstr(err.message, cases[i].says), "%s: %s", cases[i].text, err.message);
		cr_expect(strncmp(err.message, "DIR/", 4) == 0, "%s", err.message);
		cr_expect(strstr(err.message, "restore it from a backup"), "%s", err.message);
	}
}

static void expect_readable(const char *text, size_t length, bool readable)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	char copy[1024];
	struct ls_site_record record;
	struct ls_error err = { 0 };

	snprintf(copy, sizeof(copy), "%.*s", (int)length, text);
	cr_expect_eq(read_text(copy, arena, &record, &err), readable ? 0 : -EINVAL, "%s: %s", err.message, copy);
}

/* However it is cut off, and whatever sign of it becomes another. */
Test(site_record, that_is_not_whole_is_refused)
{
	static const char body[] =
		"{\"format\":1,\"ipv6_communication\":true," HOSTS "," TENANTS ",\"removed\":[\"x\"],\n";
	char text[1024];
	size_t length = (size_t)snprintf(text, sizeof(text), "%s\"crc\":%u}\n", body, ls_crc32c(0, body, strlen(body)));

	expect_readable(text, length, true);
	for (size_t i = 0; i + 1 < length; i++) {
		char was = text[i];

		expect_readable(text, i, false);
		text[i] = (char)(was == '1' ? '2' : '1');
		expect_readable(text, length, false);
		text[i] = was;
	}
	snprintf(text + length - 2, sizeof(text) - length, ",\"format\":1}");
	expect_readable(text, strlen(text), false);
}
