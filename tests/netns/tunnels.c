/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WireGuard tunnels with real traffic: linkspan's end is this namespace, the other end is made by ip and wg in one of
 * its own. wg, ip and ping say what became of it. Keys are made while the tests run.
 */
#include "tunnel_tools.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(tunnels, .init = ns_enter, .fini = ns_leave);

static void apply_now(const char *text)
{
	struct ns_answer answer = ns_apply(text);

	ns_expect_exit(&answer, 0);
}

/* A minute at most. */
static void serve_there(const char *address)
{
	ns_on("peer", "timeout 60 tests/netns/nat.py serve tcp %s 8443 there >/dev/null 2>&1 &", address);
	ns_run("for i in $(seq 50); do nsenter -t $(cat %s/peer) -n ss -Hltn | grep -q :8443 && break; sleep 0.1; done",
		ns_dir());
}

/* ---- four ways --------------------------------------------------------------------------------------------------- */

static const struct way {
	const char *family, *endpoint, *here, *inner, *address;
	unsigned mtu;
} ways[] = {
	{ "ipv4", "192.0.2.2:1300", "192.0.2.1:1195", "10.99.0.2", "10.99.0.2/24", 1440 },
	{ "ipv4", "[2001:db8:9::2]:1300", "[2001:db8:9::1]:1195", "10.99.0.2", "10.99.0.2/24", 1420 },
	{ "ipv6", "192.0.2.2:1300", "192.0.2.1:1195", "fd00:99::2", "fd00:99::2/64", 1440 },
	{ "ipv6", "[2001:db8:9::2]:1300", "[2001:db8:9::1]:1195", "fd00:99::2", "fd00:99::2/64", 1420 },
};

NS_TEST_EACH(tunnels, each_family_through_each, ways)
{
	const struct way *way = &ways[*number];
	const char *wire;

	ns_begin();
	ns_need_program("tcpdump");
	make_peer();
	make_other_end("wg0", way->address, 1300, way->here);
	ns_apply_well(spec(way->family, way->endpoint, ""));
	cr_expect(pings(way->inner), "%s through %s", way->family, way->endpoint);
	cr_expect_str_eq(
		ns_output("ip -j link show t0 | sed 's/.*\"mtu\":\\([0-9]*\\).*/\\1/'"), ns_text("%u\n", way->mtu));
	cr_expect_str_eq(ns_output("wg show t0 public-key | tr -d '\\n'"), key("here"));
	cr_expect_str_eq(
		ns_output("wg show t0 allowed-ips | cut -f2"), strcmp(way->family, "ipv4") ? "::/0\n" : "0.0.0.0/0\n");
	wire = ns_capture("up0", way->inner, way->mtu);
	cr_expect(strstr(wire, ".1195 >") && strstr(wire, ".1300 >"), "%s", wire);
	cr_expect(!strstr(wire, NS_PATTERN NS_PATTERN) && !strstr(wire, "echo"), "in clear: %s", wire);
	/* Only the one family is there. */
	cr_expect_str_eq(
		ns_output("cat /proc/sys/net/ipv6/conf/t0/disable_ipv6"), strcmp(way->family, "ipv4") ? "0\n" : "1\n");
	ns_down_well();
	cr_expect(!ns_try("ip link show t0 2>/dev/null"));
}

/* ---- peers of other makes ---------------------------------------------------------------------------------------- */

static const struct make {
	const char *program, *start;
} makes[] = {
	{ "wg-quick", "wg-quick up ./quick0.conf 2>/dev/null" },
	/* In the foreground, or what it started would hold the test's pipe. */
	{ "wireguard-go",
		"modprobe tun; mkdir -p /run/wireguard; wireguard-go -f quick0 >go.log 2>&1 & for i in $(seq 200); "
		"do [ -S /run/wireguard/quick0.sock ] && break; sleep 0.1; done; wg-quick strip ./quick0.conf "
		">stripped; wg setconf quick0 stripped; ip addr add 10.99.0.2/24 dev quick0; ip link set quick0 up" },
};

/* wg-quick's own kind of file, of which the other end is made. */
NS_TEST_EACH(tunnels, peer_of_another_make_is_reached, makes)
{
	const struct make *make = &makes[*number];

	ns_begin();
	ns_need_program(make->program);
	make_peer();
	ns_run("cd %s; printf '[Interface]\\nPrivateKey = %%s\\nListenPort = 1300\\nAddress = 10.99.0.2/24\\n[Peer]\\n"
	       "PublicKey = %%s\\nAllowedIPs = 10.99.0.1/32\\nEndpoint = 192.0.2.1:1195\\n' \"$(cat there.key)\" '%s' "
	       ">quick0.conf; chmod 600 quick0.conf",
		ns_dir(), key("here"));
	ns_on("peer", "cd %s; %s", ns_dir(), make->start);
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	cr_expect(pings("10.99.0.2"), "%s", make->program);
	ns_on("peer", "ping -c 1 -W 5 10.99.0.1 >/dev/null");
	/* Both count what came from the other. */
	cr_expect(ns_try("wg show t0 transfer | awk '{ exit !($2 > 0 && $3 > 0) }'"));
	ns_on("peer",
		"for i in 1 2 3 4 5; do wg show quick0 | grep -q handshake && exit 0; sleep 1; done; wg show quick0; "
		"exit 1");
	ns_down_well();
	ns_on("peer", "ip link del quick0");
}

/* ---- status ------------------------------------------------------------------------------------------------------ */

/* The line of `wg show t0 dump` about the only peer, made of what status says of it. */
static const char *line_of(const json_t *status)
{
	const json_t *tunnel = json_array_get(json_object_get(status, "tunnels"), 0);
	const json_t *peer = json_array_get(json_object_get(tunnel, "peers"), 0);

	return ns_text("%s\t%s\t%s\t%lld\t%lld\t%lld\n", ns_text_of(peer, "public_key"), ns_text_of(peer, "endpoint"),
		json_string_value(json_array_get(json_object_get(peer, "allowed_ips"), 0)),
		(long long)json_integer_value(json_object_get(peer, "last_handshake")),
		(long long)json_integer_value(json_object_get(peer, "received_bytes")),
		(long long)json_integer_value(json_object_get(peer, "sent_bytes")));
}

Test(tunnels, status_tells_what_the_peers_do)
{
	struct ns_answer answer;

	ns_begin();
	make_both_ends();
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	answer = ns_span("status");
	ns_expect_words(
		answer.out, NS_WORDS("t0 wireguard ipv4, UDP port 1195", "at 192.0.2.2:1300", "no handshake yet"));
	cr_assert(pings("10.99.0.2"));
	answer = ns_span("status --json");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(line_of(ns_parse(answer.out)), ns_output("wg show t0 dump | tail -n +2 | cut -f 1,3-7"));
	answer = ns_span("status");
	ns_expect_words(answer.out, NS_WORDS("s ago", "B received", "B sent"));
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

#define OTHER_PEER "      - { name: other, public_key: \"%s\", allowed_ips: [%s] }\n"

static const char *two_peers(const char *first, const char *second)
{
	return ns_text(UPLINK
		"addresses: [{ interface: t0, address: 10.99.0.1/24 }]\n"
		"tunnels:\n  t0:\n    type: wireguard\n    family: ipv4\n    listen_port: 1195\n"
		"    private_key_file: here.key\n    peers:\n"
		"      - { public_key: \"%s\", endpoint: \"192.0.2.2:1300\", allowed_ips: [%s] }\n" OTHER_PEER,
		key("there"), first, key("other"), second);
}

static const char *allowed_ips(const char *name)
{
	return ns_output("wg show t0 allowed-ips | grep '%s' | cut -f2", key(name));
}

static long long handshake(void)
{
	return atoll(ns_output("wg show t0 latest-handshakes | grep '%s' | cut -f2", key("there")));
}

static long long bytes_received(void)
{
	return atoll(ns_output("wg show t0 transfer | grep '%s' | cut -f2", key("there")));
}

/* The handshake and the counters of a peer that is not concerned go on; made anew, it would have none. */
Test(tunnels, change_of_one_peer_leaves_the_other_alone)
{
	long long before, received;

	ns_begin();
	make_both_ends();
	make_key("other");
	ns_apply_well(two_peers("10.99.0.2/32", "10.98.0.0/24"));
	cr_assert(pings("10.99.0.2"));
	before = handshake();
	received = bytes_received();
	ns_apply_well(two_peers("10.99.0.2/32", "10.98.0.0/24, 10.97.0.0/16"));
	cr_expect_str_eq(allowed_ips("other"), "10.98.0.0/24 10.97.0.0/16\n");
	/* One taken away: by another peer, on kernels that have no message for it. */
	ns_apply_well(two_peers("10.99.0.2/32", "10.97.0.0/16"));
	cr_expect_str_eq(allowed_ips("other"), "10.97.0.0/16\n");
	/* One that moves. */
	ns_apply_well(two_peers("10.99.0.2/32, 10.97.0.0/16", "10.96.0.0/16"));
	cr_expect_str_eq(allowed_ips("other"), "10.96.0.0/16\n");
	cr_expect(strstr(allowed_ips("there"), "10.97.0.0/16") && strstr(allowed_ips("there"), "10.99.0.2/32"));
	cr_expect_geq(handshake(), before);
	cr_expect_geq(bytes_received(), received);
	cr_expect_str_eq(ns_output("wg show t0 peers | wc -l"), "2\n");
	cr_expect(pings("10.99.0.2"));
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	cr_expect_str_eq(ns_output("wg show t0 peers | wc -l"), "1\n");
	cr_expect_geq(handshake(), before);
	cr_expect_geq(bytes_received(), received);
}

static const char *preshared_key(const char *name)
{
	return ns_output("wg show t0 preshared-keys | grep '%s' | cut -f2", key(name));
}

/* A new key each time: given, then changed. */
Test(tunnels, preshared_key_of_one_peer_leaves_the_other_alone)
{
	const char *text;

	ns_begin();
	make_both_ends();
	make_key("other");
	text = two_peers("10.99.0.2/32", "10.98.0.0/24");
	ns_apply_well(text);
	cr_assert(pings("10.99.0.2"));
	text = replaced(text, "[10.98.0.0/24] }", "[10.98.0.0/24], preshared_key_file: shared.psk }");
	for (size_t i = 0; i < 2; i++) {
		long long before = handshake(), received = bytes_received();

		cr_assert(before > 0 && received > 0);
		ns_run("rm -f %s/shared.psk; \"$LINKSPAN\" keygen --preshared %s/shared.psk", ns_dir(), ns_dir());
		ns_apply_well(text);
		cr_expect_str_eq(preshared_key("other"), ns_output("cat %s/shared.psk", ns_dir()));
		cr_expect_str_eq(preshared_key("there"), "(none)\n");
		cr_expect_eq(handshake(), before);
		cr_expect_geq(bytes_received(), received);
	}
	ns_expect_hidden("shared.psk", "state");
	cr_expect(pings("10.99.0.2"));
}

static const char *endpoint(void)
{
	return ns_output("wg show t0 endpoints | cut -f2");
}

/* A hundred packets a second and a connection go on while others' peers, routes and addresses come and go. */
Test(tunnels, traffic_goes_on_while_other_things_change)
{
	static const char *const peers[] = { "10.98.0.0/24", "10.98.0.0/24, 10.97.0.0/16", "10.97.0.0/16" };

	ns_begin();
	ns_need_program("python3");
	make_both_ends();
	make_key("other");
	ns_apply_well(two_peers("10.99.0.2/32", peers[0]));
	cr_assert(pings("10.99.0.2"));
	ns_run("ping -i 0.01 10.99.0.2 >%s/ping & echo $! >%s/pid", ns_dir(), ns_dir());
	for (size_t i = 1; i < LS_ARRAY_SIZE(peers); i++) {
		struct ns_answer answer =
			ns_span("apply %s", ns_spec(ns_text("%sroutes: [{ to: 10.%zu.0.0/16, interface: t0 "
							    "}]\nsysctls: { net.ipv4.conf.up0.rp_filter: "
							    "%zu }\n",
						    two_peers("10.99.0.2/32", peers[i]), 90 + i, i)));

		ns_expect_exit(&answer, 0);
	}
	ns_run("sleep 0.2; kill -INT $(cat %s/pid); for i in 1 2 3 4 5 6 7 8 9 10; do grep -q transmitted %s/ping && "
	       "exit 0; "
	       "sleep 0.2; done; exit 1",
		ns_dir(), ns_dir());
	cr_expect_str_eq(ns_lost("ping"), "whole\n");
	serve_there("10.99.0.2");
	ns_stream_start(NULL, "stream", "10.99.0.2", 8443);
	for (size_t i = 0; i < LS_ARRAY_SIZE(peers); i++) {
		apply_now(two_peers("10.99.0.2/32", peers[i]));
		ns_expect_stream("stream");
	}
}

static const struct end {
	const char *name, *family, *here, *there, *address;
	unsigned number;
} ends[] = {
	{ "t4", "ipv4", "10.99.0.1/24", "10.99.0.2", "10.99.0.2/24", 0 },
	{ "t6", "ipv6", "\"fd00:99::1/64\"", "fd00:99::2", "fd00:99::2/64", 1 },
};

static const char *tunnel_of(const struct end *end)
{
	return ns_text("  %s: { type: wireguard, family: %s, listen_port: %u, private_key_file: here.key,\n"
		       "        peers: [{ public_key: \"%s\", endpoint: \"192.0.2.2:%u\" }] }\n",
		end->name, end->family, 1195 + end->number, key("there"), 1300 + end->number);
}

/* `goes` NULL: it has gone. */
static const char *family_spec(const struct end *stays, const struct end *goes)
{
	return ns_text(UPLINK "addresses: [{ interface: %s, address: %s }]\ntunnels:\n%s%s", stays->name, stays->here,
		tunnel_of(stays), goes ? tunnel_of(goes) : "");
}

/* Index, handshake and endpoint. */
static const char *session(const struct end *end)
{
	return ns_output(
		"ip -o link show %s | cut -d: -f1; wg show %s dump | tail -n 1 | cut -f 1-5", end->name, end->name);
}

static long long bytes_of(const struct end *end, const char *column)
{
	return atoll(ns_output("wg show %s transfer | cut -f%s", end->name, column));
}

NS_TEST_EACH(tunnels, tunnel_of_one_family_goes_and_the_other_stays, ends)
{
	const struct end *stays = &ends[*number], *goes = &ends[!*number];
	long long received, sent;
	const char *before;

	ns_begin();
	ns_need_program("python3");
	make_peer();
	make_other_end("wg0", stays->address, 1300 + stays->number, ns_text("192.0.2.1:%u", 1195 + stays->number));
	ns_apply_well(family_spec(stays, goes));
	cr_assert(pings(stays->there));
	before = session(stays);
	received = bytes_of(stays, "2");
	sent = bytes_of(stays, "3");
	ns_apply_well(family_spec(stays, NULL));
	cr_expect_str_eq(session(stays), before);
	cr_expect(bytes_of(stays, "2") >= received && received > 0);
	cr_expect(bytes_of(stays, "3") >= sent && sent > 0);
	cr_expect(!ns_try("ip link show %s 2>/dev/null", goes->name));
	cr_expect(pings(stays->there));
	/* It comes and goes beside a connection. */
	serve_there(stays->there);
	ns_stream_start(NULL, "stream", stays->there, 8443);
	apply_now(family_spec(stays, goes));
	ns_expect_stream("stream");
	apply_now(family_spec(stays, NULL));
	ns_expect_stream("stream");
}

/* Where the peer was heard from last is no drift, and no apply takes it back, until the spec says something else. */
Test(tunnels, roamed_endpoint_is_kept)
{
	struct ns_answer answer;
	const char *text;

	ns_begin();
	make_both_ends();
	text = spec("ipv4", "192.0.2.2:1300", "");
	ns_apply_well(text);
	cr_assert(pings("10.99.0.2"));
	ns_on("peer", "wg set wg0 listen-port 1301; ping -c 3 -W 2 10.99.0.1 >/dev/null");
	cr_assert_str_eq(endpoint(), "192.0.2.2:1301\n");
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
	answer = ns_span("explain 'wg_peer %s dev t0'", key("there"));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("as recorded", "endpoint_port 1301, as expected"));
	answer = ns_span("apply %s", ns_spec(text));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("Nothing"));
	/* Another thing about the peer. */
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", "        persistent_keepalive: 20\n"));
	cr_expect_str_eq(ns_output("wg show t0 persistent-keepalive | cut -f2"), "20\n");
	cr_expect_str_eq(endpoint(), "192.0.2.2:1301\n");
	ns_apply_well(spec("ipv4", "192.0.2.2:1302", ""));
	cr_expect_str_eq(endpoint(), "192.0.2.2:1302\n");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(endpoint(), "192.0.2.2:1300\n");
}

/* More than a message takes. Public keys are any 32 bytes. */
Test(tunnels, hundreds_of_peers_are_all_there)
{
	struct ns_answer answer;

	ns_begin();
	make_peer();
	ns_run("awk 'BEGIN { srand(7); for (i = 0; i < 500; i++) { key = \"\"; for (k = 0; k < 42; k++) key = key "
	       "substr(\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij\", int(rand() * 36) + 1, 1); print key \"A=\\t10.\" "
	       "int(i / 250) \".\" i %% 250 \".0/24\" } }' | sort >%s/peers",
		ns_dir());
	ns_run("(printf 'linkspan: 1\\nkind: gateway\\nname: g\\ntunnels:\\n  t0:\\n    type: wireguard\\n    family: "
	       "ipv4\\n    private_key_file: here.key\\n    peers:\\n'; awk '{ print \"      - { public_key: \\\"\" $1 "
	       "\"\\\", allowed_ips: [\" $2 \"] }\" }' %s/peers) >%s/many.yaml",
		ns_dir(), ns_dir());
	answer = ns_span("apply %s/many.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
	ns_run("wg show t0 allowed-ips | sort >%s/found; cmp %s/peers %s/found", ns_dir(), ns_dir(), ns_dir());
	ns_down_well();
}

/* Neither side has anything to send: the peer learns of the port because linkspan sees to it. */
Test(tunnels, peer_learns_of_another_port_without_traffic)
{
	const char *text;

	ns_begin();
	make_both_ends();
	text = spec("ipv4", "192.0.2.2:1300", "");
	ns_apply_well(text);
	cr_assert(pings("10.99.0.2"));
	ns_apply_well(replaced(text, "listen_port: 1195", "listen_port: 1196"));
	cr_expect(
		ns_try("for i in 1 2 3 4 5 6 7 8 9 10; do nsenter -t $(cat %s/peer) -n wg show wg0 endpoints | grep -q "
		       "192.0.2.1:1196 && exit 0; sleep 1; done; exit 1",
			ns_dir()));
	cr_expect_str_eq(ns_output("wg show t0 persistent-keepalive | cut -f2"), "off\n");
}

/* Each takes what the other one had. */
Test(tunnels, peers_swap_what_they_are_allowed)
{
	ns_begin();
	make_peer();
	make_key("other");
	ns_apply_well(two_peers("10.98.0.0/24, 10.95.0.0/16", "10.97.0.0/16"));
	ns_apply_well(two_peers("10.97.0.0/16", "10.98.0.0/24, 10.94.0.0/16"));
	cr_expect_str_eq(allowed_ips("there"), "10.97.0.0/16\n");
	cr_expect_str_eq(ns_output("wg show t0 allowed-ips | grep '%s' | cut -f2 | tr ' ' '\n' | sort", key("other")),
		"10.94.0.0/16\n10.98.0.0/24\n");
	cr_expect_str_eq(ns_output("wg show t0 peers | wc -l"), "2\n");
}

static void expect_mtus(unsigned underlay, unsigned tunnel)
{
	cr_expect_str_eq(
		ns_output("ip -o link show up0 | grep -o 'mtu [0-9]*'; ip -o link show t0 | grep -o 'mtu [0-9]*'"),
		ns_text("mtu %u\nmtu %u\n", underlay, tunnel));
}

/* That of the link that is there, and that it gets back in the same run. */
Test(tunnels, mtu_follows_the_link_below)
{
	struct ns_answer answer;
	const char *text, *before;

	ns_begin();
	make_both_ends();
	text = spec("ipv4", "192.0.2.2:1300", "");
	ns_run("ip link set up0 mtu 1420");
	ns_apply_well(text);
	expect_mtus(1420, 1360);
	ns_apply_well(replaced(text, "name: up0 }", "name: up0 }, mtu: 1300"));
	expect_mtus(1300, 1240);
	ns_apply_well(text);
	expect_mtus(1420, 1360);
	ns_run("ip link set up0 mtu 1300");
	before = ns_state();
	answer = ns_span("apply %s", ns_spec(spec("ipv6", "192.0.2.2:1300", "")));
	ns_expect_exit(&answer, 65);
	ns_expect_words(answer.err, NS_WORDS("spec.yaml:", "tunnel-mtu", "packets of 1240 bytes"));
	ns_expect_state(before);
}

Test(tunnels, change_from_outside_is_named_and_repaired)
{
	struct ns_answer answer;

	ns_begin();
	make_both_ends();
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	ns_run("wg set t0 peer '%s' remove && wg set t0 fwmark 7", key("there"));
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, NS_WORDS("missing wg_peer", "changed wireguard t0, fwmark is 7 instead of 0"));
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	cr_expect(pings("10.99.0.2"));
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

Test(tunnels, key_is_rotated_and_comes_back)
{
	struct ns_answer answer;
	const char *before, *text;

	ns_begin();
	make_both_ends();
	ns_run("\"$LINKSPAN\" keygen --preshared %s/shared.psk", ns_dir());
	ns_on("peer", "wg set wg0 peer %s preshared-key %s/shared.psk", key("here"), ns_dir());
	text = spec("ipv4", "192.0.2.2:1300", "        preshared_key_file: shared.psk\n");
	ns_apply_well(text);
	cr_assert(pings("10.99.0.2"));
	before = ns_output("ip -j link show t0 | sed 's/.*\"ifindex\":\\([0-9]*\\).*/\\1/'");
	ns_run("mv %s/here.key %s/old.key; mv %s/here.pub %s/old.pub", ns_dir(), ns_dir(), ns_dir(), ns_dir());
	make_key("here");
	answer = ns_span("apply --verbose %s | tee %s/said", ns_spec(text), ns_dir());
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(ns_output("wg show t0 public-key | tr -d '\\n'"), key("here"));
	cr_expect_str_eq(ns_output("ip -j link show t0 | sed 's/.*\"ifindex\":\\([0-9]*\\).*/\\1/'"), before);
	/* The old file is gone; the way back has it. */
	ns_run("mv %s/old.key %s/kept", ns_dir(), ns_dir());
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(ns_output("wg show t0 public-key | tr -d '\\n'"), key("old"));
	cr_expect(pings("10.99.0.2"));
	ns_run("cd %s; for c in \"status --json\" \"snapshot --all --json\" \"history --json\" \"show 1\" \"show 2 "
	       "--json\" "
	       "\"plan --json spec.yaml\" \"explain t0\"; do \"$LINKSPAN\" --state-dir state --verbose $c >>said 2>&1 "
	       "|| "
	       "true; done",
		ns_dir());
	ns_expect_hidden("shared.psk", "state said");
	ns_expect_hidden("here.key", "state said");
	ns_expect_hidden("kept", "state said");
	cr_expect_str_eq(
		ns_output("stat -c %%a %s/state/keys %s/state/keys/* | sort -u", ns_dir(), ns_dir()), "600\n700\n");
	ns_down_well();
}

/* Without the salt all keys would seem to be others: the run says so instead. What it says helps. */
Test(tunnels, lost_salt_of_kept_keys_stops_a_run_until_they_are_given_up)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	make_both_ends();
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	before = ns_state();
	ns_run("truncate -s 20 %s/state/keys/salt", ns_dir());
	answer = ns_span("apply %s", ns_spec(spec("ipv4", "192.0.2.2:1301", "")));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("/state/keys/salt is damaged", "remove"));
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 1);
	answer = ns_span("status");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("/state/keys/salt is damaged"));
	ns_expect_state(before);
	ns_run("rm -r %s/state/keys", ns_dir());
	answer = ns_span("apply %s", ns_spec(spec("ipv4", "192.0.2.2:1300", "")));
	ns_expect_exit(&answer, 0);
	ns_expect_state(before);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
	cr_expect(pings("10.99.0.2"));
	ns_down_well();
}

/* Dies when all is in force and has been read again, with whatever it has in memory, and leaves its journal. */
static void die_at_the_end(const char *state, const char *spec_text)
{
	ns_spec(spec_text);
	ns_run("cd %s; ulimit -c unlimited; strace -f -s 4096 -o trace -e trace=process,unlinkat -e "
	       "inject=unlinkat:error=EIO:signal=SIGABRT:when=1 \"$LINKSPAN\" --state-dir %s apply spec.yaml >out "
	       "2>err || "
	       "true",
		ns_dir(), state);
	ns_run("grep -q 'killed by SIGABRT' %s/trace", ns_dir());
}

/* Without secrets there is a core dump, which shows that there could be one with them. */
Test(tunnels, core_dump_and_arguments_hold_no_keys)
{
	ns_begin();
	ns_need_program("strace");
	if (!ns_try("grep -qx core /proc/sys/kernel/core_pattern"))
		ns_skip("core dumps go elsewhere here");
	make_peer();
	die_at_the_end("plain", UPLINK "addresses: [{ interface: up0, address: 10.1.2.3/24 }]\n");
	cr_expect(ns_try("rm %s/core*", ns_dir()), "no core dump at all");
	ns_run("\"$LINKSPAN\" keygen --preshared %s/shared.psk", ns_dir());
	die_at_the_end("state", spec("ipv4", "192.0.2.2:1300", "        preshared_key_file: shared.psk\n"));
	cr_expect(!ns_try("ls %s/core* 2>/dev/null", ns_dir()), "a core dump with keys");
	/* Nor does what is left of the run. */
	cr_expect(ns_try("test -s %s/state/journal", ns_dir()), "%s", ns_output("ls -R %s/state", ns_dir()));
	ns_expect_hidden("here.key", "state trace out err");
	ns_expect_hidden("shared.psk", "state trace out err");
}

Test(tunnels, key_that_others_can_read_is_refused)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	make_peer();
	ns_run("chmod 644 %s/here.key", ns_dir());
	before = ns_state();
	answer = ns_span("apply %s", ns_spec(spec("ipv4", "192.0.2.2:1300", "")));
	ns_expect_exit(&answer, 77);
	ns_expect_words(answer.err, NS_WORDS("here.key", "chmod 600"));
	ns_expect_state(before);
}

Test(tunnels, peer_with_the_key_of_the_device_is_refused)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	make_peer();
	ns_run("cp %s/here.pub %s/there.pub", ns_dir(), ns_dir());
	before = ns_state();
	answer = ns_span("apply %s", ns_spec(spec("ipv4", "192.0.2.2:1300", "")));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("spec.yaml:", "that of tunnel t0 itself"));
	ns_expect_state(before);
}

/* Strangers' devices are not even read. */
Test(tunnels, devices_of_others_are_left_alone)
{
	const char *before;

	ns_begin();
	make_peer();
	make_key("stranger");
	ns_run("ip link add wg9 type wireguard && wg set wg9 listen-port 1999 private-key %s/stranger.key peer '%s' "
	       "allowed-ips "
	       "10.55.0.0/16 && ip link set wg9 up",
		ns_dir(), key("there"));
	before = ns_output("wg show wg9 dump");
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	cr_expect_str_eq(ns_output("wg show wg9 dump"), before);
	ns_run("\"$LINKSPAN\" --state-dir %s/state snapshot --all --json >%s/said", ns_dir(), ns_dir());
	cr_expect(!ns_try("grep -q '%s' %s/said", key("stranger"), ns_dir()));
	ns_down_well();
	cr_expect_str_eq(ns_output("wg show wg9 dump"), before);
}
