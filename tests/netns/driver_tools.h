/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the drivers stand on: a network namespace for each test, iproute2 as the other opinion (JSON, read
 * with jansson), and short ways to build objects and to carry out operations. Included by the drivers' suites, each
 * with a kernel of its own.
 */
#pragma once

#include <linkspan/kinds.h>

#include <criterion/criterion.h>
#include <jansson.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- the namespace ----------------------------------------------------------------------------------------------- */

static bool isolated;

static inline ino_t net_inode(const char *path)
{
	struct stat info;

	return stat(path, &info) < 0 ? 0 : info.st_ino;
}

/* `.init` of every test here. Each test is a process of its own, so nothing has to be undone. */
static inline void enter_namespace(void)
{
	ino_t before = net_inode("/proc/thread-self/ns/net"), after;

	if (unshare(CLONE_NEWNET) < 0)
		return;
	after = net_inode("/proc/thread-self/ns/net");
	isolated = before && after && after != before && after != net_inode("/proc/1/ns/net");
}

#define COMMAND_MAX 8192

static inline bool run_quietly(const char *command)
{
	char line[COMMAND_MAX];

	snprintf(line, sizeof(line), "{ %s; } >/dev/null 2>&1", command);
	return system(line) == 0; /* NOLINT(cert-env33-c): constant texts of this file's tests */
}

static inline void LS_PRINTF(1, 2) run(const char *format, ...)
{
	char command[COMMAND_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	cr_assert_eq(system(command), 0, "%s", command); /* NOLINT(cert-env33-c) */
}

/* What a command prints, as JSON; "" counts as []. */
static inline json_t *LS_PRINTF(1, 2) ask(const char *format, ...)
{
	char command[COMMAND_MAX];
	json_error_t error;
	va_list args;
	json_t *json;
	FILE *pipe;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
	cr_assert_not_null(pipe);
	json = json_loadf(pipe, 0, &error);
	pclose(pipe);
	return json ? json : json_array();
}

/* Duplicate address detection ends in the background even where it is off, and brings the local route of an address. */
static inline void settle(void)
{
	for (int i = 0; i < 100 && run_quietly("ip -6 addr show tentative | grep ."); i++)
		usleep(20000);
}

static inline const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static inline long long number_of(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

/* The first of an array of objects in which `name` is `text`. */
static inline json_t *pick(json_t *array, const char *name, const char *text)
{
	json_t *entry;
	size_t i;

	json_array_foreach(array, i, entry)
	{
		if (!strcmp(text_of(entry, name), text))
			return entry;
	}
	return NULL;
}

/* ---- the kernel under test --------------------------------------------------------------------------------------- */

struct answer {
	enum ls_tx_state state;
	int code;
	char says[256];
};

static struct ls_kernel *kernel;
static struct ls_arena *arena;
static struct ls_set have;
static struct ls_error failure;

static inline void forget(void)
{
	ls_set_done(&have);
	ls_arena_free(arena);
	arena = ls_arena_new();
	cr_assert_not_null(arena);
	ls_set_init(&have, arena);
}

/* Reads the kernel into `have`, which begins empty. Objects of the dump before are gone. */
static inline void dump(uint32_t kinds)
{
	forget();
	cr_assert_eq(ls_kernel_dump(kernel, kinds, NULL, &have, &failure), 0, "%s", failure.message);
}

/* Every test's first line: a namespace with lo up, and a kernel handle in it. */
static inline void begin(void)
{
	if (!isolated)
		cr_skip_test("no network namespace (run as root)");
	run("ip link set lo up");
	cr_assert_eq(ls_kernel_open(&kernel, &failure), 0, "%s", failure.message);
	dump(LS_DUMP_ALL);
}

static inline void end(void)
{
	ls_set_done(&have);
	ls_arena_free(arena);
	ls_kernel_close(kernel);
}

/* p0 and p1: a pair of links that are up, with no addresses made by the kernel. */
static inline void make_pair(void)
{
	run("ip link add p0 type veth peer name p1 && ip link set p0 addrgenmode none && "
	    "ip link set p1 addrgenmode none && ip link set p0 up && ip link set p1 up");
	run("echo 0 >/proc/sys/net/ipv6/conf/p0/dad_transmits");
	dump(LS_DUMP_ALL);
}

static inline void need_type(const char *type)
{
	char command[128];

	snprintf(command, sizeof(command), "ip link add lsprobe type %s && ip link del lsprobe", type);
	if (!run_quietly(command))
		cr_skip_test("no %s", type);
}

static inline void note_answer(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	struct answer *answers = data;

	answers[token].state = state;
	answers[token].code = code;
	snprintf(answers[token].says, sizeof(answers[token].says), "%s", kernel_says ? kernel_says : "");
}

/* Carries out one operation and waits for its answer. `state` stays as it was where no message was needed. */
static inline struct answer carry_out(enum ls_op op, const struct ls_object *old, const struct ls_object *want)
{
	struct answer answer = { .state = LS_TX_DONE };
	struct ls_netlink *nl = ls_kernel_netlink(kernel);
	struct nl_msg *message = NULL;

	cr_assert_eq(ls_kernel_encode(kernel, op, old, want, &message, &failure), 0, "%s", failure.message);
	if (!message)
		return answer;
	answer.state = LS_TX_UNKNOWN;
	ls_tx_begin(nl, note_answer, &answer);
	cr_assert_eq(ls_tx_queue(nl, message, 0, &failure), 0, "%s", failure.message);
	cr_assert_eq(ls_tx_barrier(nl, &failure), 0, "%s", failure.message);
	return answer;
}

static inline void succeed(enum ls_op op, const struct ls_object *old, const struct ls_object *want)
{
	const struct ls_object *subject = want ? want : old;
	char text[LS_DESCRIBE_MAX];
	struct answer answer;

	answer = carry_out(op, old, want);
	cr_assert_eq(answer.state, LS_TX_DONE, "%s: %s: %s", ls_object_describe(subject, text, sizeof(text)),
		strerror(-answer.code), answer.says);
}

static inline void fail_with(int code, enum ls_op op, const struct ls_object *old, const struct ls_object *want)
{
	struct answer answer = carry_out(op, old, want);

	cr_assert_eq(answer.state, LS_TX_FAILED);
	cr_assert_eq(answer.code, code, "%s", strerror(-answer.code));
}

/* ---- objects ----------------------------------------------------------------------------------------------------- */

static inline void set_attr(struct ls_object *object, unsigned attr)
{
	object->set |= LS_BIT(attr);
}

static inline struct ls_ip ip(const char *text)
{
	struct ls_ip parsed;

	memset(&parsed, 0, sizeof(parsed));
	cr_assert_eq(ls_ip_parse(text, &parsed), 0, "%s", text);
	return parsed;
}

static inline struct ls_link link_of(const char *name, const char *type)
{
	struct ls_link link = { .object = { .kind = &ls_kind_link }, .name = name, .type = type };

	set_attr(&link.object, LS_LINK_NAME);
	set_attr(&link.object, LS_LINK_TYPE);
	return link;
}

static inline void set_master(struct ls_link *link, const char *master)
{
	link->master = master;
	set_attr(&link->object, LS_LINK_MASTER);
}

static inline void set_mtu(struct ls_link *link, uint32_t mtu)
{
	link->mtu = mtu;
	set_attr(&link->object, LS_LINK_MTU);
}

static inline struct ls_address address_of(const char *text, uint8_t length, const char *dev)
{
	struct ls_address address = {
		.object = { .kind = &ls_kind_address }, .dev = dev, .address = ip(text), .prefix_length = length
	};

	address.object.set = LS_BIT(LS_ADDRESS_DEV) | LS_BIT(LS_ADDRESS_ADDRESS) | LS_BIT(LS_ADDRESS_PREFIX_LENGTH);
	if (address.address.family == AF_INET)
		set_attr(&address.object, LS_ADDRESS_SCOPE);
	return address;
}

static inline void set_peer(struct ls_address *address, const char *peer)
{
	address->peer = ip(peer);
	set_attr(&address->object, LS_ADDRESS_PEER);
}

/* A route of the main table. dev and via may be NULL. */
static inline struct ls_route route_of(const char *to, const char *dev, const char *via)
{
	struct ls_route route = { .object = { .kind = &ls_kind_route }, .table = 254, .dev = dev };

	memset(&route.to, 0, sizeof(route.to));
	cr_assert_eq(ls_prefix_parse(to, &route.to), 0, "%s", to);
	route.object.set =
		LS_BIT(LS_ROUTE_TO) | LS_BIT(LS_ROUTE_TABLE) | LS_BIT(LS_ROUTE_METRIC) | LS_BIT(LS_ROUTE_TYPE);
	if (dev)
		set_attr(&route.object, LS_ROUTE_DEV);
	if (via) {
		route.via = ip(via);
		set_attr(&route.object, LS_ROUTE_VIA);
	}
	if (route.to.ip.family == AF_INET6) {
		route.metric = 1024;
		return route;
	}
	route.scope = via ? LS_SCOPE_GLOBAL : LS_SCOPE_LINK;
	route.object.set |= LS_BIT(LS_ROUTE_TOS) | LS_BIT(LS_ROUTE_SCOPE);
	return route;
}

/* What the last dump has under the key of that object. */
static inline struct ls_object *found(const struct ls_object *key)
{
	return ls_set_find(&have, key);
}

/* Is the object there as ours, just as wanted? Dumps anew. */
static inline void expect_ours(const struct ls_object *want)
{
	char text[LS_DESCRIBE_MAX];
	struct ls_object *there;

	dump(LS_DUMP_ALL);
	there = found(want);
	ls_object_describe(want, text, sizeof(text));
	cr_assert_not_null(there, "%s is not there", text);
	cr_assert_eq(there->owner, LS_OWNER_OURS, "%s is not ours", text);
	cr_assert_eq(ls_object_diff(want, there), 0, "%s differs: %x", text, ls_object_diff(want, there));
}

/* Does it come back from JSON and from a file of the state directory as it was? */
static inline void expect_round_trip(const struct ls_object *object)
{
	struct ls_object *from_json, *from_file;
	struct ls_buf buf = { 0 };
	struct ls_reader reader;
	json_t *json = ls_object_to_json(object);
	char text[LS_DESCRIBE_MAX];

	ls_object_describe(object, text, sizeof(text));
	cr_assert_eq(ls_object_from_json(json, object->kind, arena, &from_json, &failure), 0, "%s: %s", text,
		failure.message);
	cr_expect_eq(ls_object_diff(object, from_json), 0, "%s", text);
	cr_assert_eq(ls_object_write(&buf, object), 0);
	reader = (struct ls_reader){ buf.data, buf.length };
	cr_assert_eq(ls_object_read(&reader, arena, &from_file), 0, "%s", text);
	cr_expect(ls_object_same(object, from_file), "%s", text);
	cr_expect_eq(from_file->raw_length, object->raw_length);
	json_decref(json);
	ls_buf_done(&buf);
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

static inline json_t *ip_routes(int family)
{
	return ask("ip -j -d -N -%d route show table all", family);
}

static inline void expect_hops(const struct ls_route *route, const char *hops)
{
	char text[256];

	ls_attr_format(&ls_kind_route.attrs[LS_ROUTE_HOPS], &route->object, text, sizeof(text));
	cr_expect_str_eq(text, hops);
}

static inline const struct ls_route *route_to(const char *to)
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

static inline json_t *ip_route(int family, const char *to)
{
	json_t *routes = ask("ip -j -d -N -%d route show %s table all", family, to), *route;

	route = json_incref(json_array_get(routes, 0));
	json_decref(routes);
	return route;
}
