/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPsec tunnels with real traffic: linkspan's end is this namespace, the other end is made by `ip xfrm` in one of its
 * own (by linkspan where keys are rotated on both ends). ip, ping and tcpdump say what became of it. Keys are made
 * while the tests run.
 */
#include "netns_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(ipsec, .init = ns_enter, .fini = ns_leave);

/* ---- both ends --------------------------------------------------------------------------------------------------- */

#define UPLINK "interfaces: { up0: { match: { name: up0 } } }\n"

/* As iproute2 is told of them: how many bytes of a key are for encryption, and what is behind. */
struct proposal {
	const char *name, *integrity;
	unsigned encryption_bytes, icv_bits;
};

static const struct proposal usual = { "aes256-sha256", "hmac(sha256)", 32, 128 };

static void make_key_of(const struct proposal *proposal, const char *name)
{
	ns_run("\"$LINKSPAN\" keygen --esp %s %s/%s.key", proposal->name, ns_dir(), name);
}

static void make_key(const char *name)
{
	make_key_of(&usual, name);
}

/* "1-64" */
static const char *characters(const char *name, const char *which)
{
	return ns_output(
		"base64 -d %s/%s.key | od -An -v -tx1 | tr -d ' \\n' | cut -c %s | tr -d '\\n'", ns_dir(), name, which);
}

/* Of the encryption key or, behind it, the integrity key. */
static const char *hex_of(const struct proposal *proposal, const char *name, bool integrity)
{
	unsigned n = 2 * proposal->encryption_bytes;

	return characters(name, integrity ? ns_text("%u-", n + 1) : ns_text("1-%u", n));
}

static const char *hex(const char *name, bool integrity)
{
	return hex_of(&usual, name, integrity);
}

/* Joined by up0 here and far-up0 there, which have both families. */
static void join(void)
{
	ns_need_link_type("xfrm");
	ns_make_far_pair("up0");
	ns_run("ip addr add 192.0.2.1/24 dev up0; ip addr add 2001:db8:9::1/64 dev up0 nodad");
	ns_far_run("ip addr add 192.0.2.2/24 dev far-up0; ip addr add 2001:db8:9::2/64 dev far-up0 nodad");
	make_key("in");
	make_key("out");
}

static void other_state(
	const struct proposal *proposal, const char *src, const char *dst, unsigned spi, const char *key)
{
	ns_far_run("ip xfrm state add src %s dst %s proto esp spi %u reqid 1 mode tunnel if_id 7 flag af-unspec enc "
		   "\"cbc(aes)\" 0x%s auth-trunc \"%s\" 0x%s %u",
		src, dst, spi, hex_of(proposal, key, false), proposal->integrity, hex_of(proposal, key, true),
		proposal->icv_bits);
}

/* The other end of a tunnel: what is `in` here is its way out. */
static void make_other_end(const char *here, const char *there, const char *all, const char *address)
{
	static const char *const in[] = { "in", "fwd" };

	ns_far_run("ip link add ipsec0 type xfrm if_id 7; ip link set ipsec0 up; ip addr add %s dev ipsec0 nodad "
		   "2>/dev/null || ip addr add %s dev ipsec0",
		address, address);
	other_state(&usual, there, here, 0x1001, "in");
	other_state(&usual, here, there, 0x1002, "out");
	ns_far_run("ip xfrm policy add dir out src %s dst %s tmpl src %s dst %s proto esp reqid 1 mode tunnel if_id 7",
		all, all, there, here);
	for (size_t i = 0; i < LS_ARRAY_SIZE(in); i++)
		ns_far_run("ip xfrm policy add dir %s src %s dst %s tmpl src %s dst %s proto esp reqid 1 mode tunnel "
			   "if_id 7",
			in[i], all, all, here, there);
}

/* A tunnel named t0, of which there may be more to say. */
static const char *tunnel(const char *family, const char *here, const char *there, const char *sa)
{
	return ns_text(UPLINK
		"addresses: [{ interface: t0, address: %s }]\n"
		"tunnels:\n"
		"  t0: { type: ipsec, family: %s, underlay: up0, local_addr: \"%s\", remote_addr: \"%s\",\n"
		"        %s }\n",
		strcmp(family, "ipv4") ? "\"fd00:99::1/64\"" : "10.99.0.1/24", family, here, there, sa);
}

#define SA(spi, key) "{ spi: " spi ", key_file: " key ".key }"
#define MANUAL(in, out) "keying: manual, sa: { in: " in ", out: " out " }"
#define PLAIN MANUAL(SA("0x1001", "in"), SA("0x1002", "out"))

static bool pings(const char *address)
{
	return ns_try("for i in 1 2 3 4 5; do ping -c 1 -W 2 %s >/dev/null && exit 0; done; exit 1", address);
}

static void make_both_ends(void)
{
	join();
	make_other_end("192.0.2.1", "192.0.2.2", "0.0.0.0/0", "10.99.0.2/24");
}

static const char *plain(void)
{
	return tunnel("ipv4", "192.0.2.1", "192.0.2.2", PLAIN);
}

/* ---- four ways --------------------------------------------------------------------------------------------------- */

static const struct way {
	const char *family, *here, *there, *all, *inner, *address;
	unsigned mtu;
} ways[] = {
	{ "ipv4", "192.0.2.1", "192.0.2.2", "0.0.0.0/0", "10.99.0.2", "10.99.0.2/24", 1438 },
	{ "ipv4", "2001:db8:9::1", "2001:db8:9::2", "0.0.0.0/0", "10.99.0.2", "10.99.0.2/24", 1406 },
	{ "ipv6", "192.0.2.1", "192.0.2.2", "::/0", "fd00:99::2", "fd00:99::2/64", 1438 },
	{ "ipv6", "2001:db8:9::1", "2001:db8:9::2", "::/0", "fd00:99::2", "fd00:99::2/64", 1406 },
};

NS_TEST_EACH(ipsec, each_family_through_each, ways)
{
	const struct way *way = &ways[*number];
	const char *wire;

	ns_begin();
	ns_need_program("tcpdump");
	join();
	make_other_end(way->here, way->there, way->all, way->address);
	ns_apply_well(tunnel(way->family, way->here, way->there, PLAIN));
	cr_assert(pings(way->inner), "%s through %s\n%s", way->family, way->there,
		ns_output("cat /proc/net/xfrm_stat; ip xfrm state count; ip xfrm policy"));
	cr_expect_str_eq(
		ns_output("ip -j link show t0 | sed 's/.*\"mtu\":\\([0-9]*\\).*/\\1/'"), ns_text("%u\n", way->mtu));
	wire = ns_capture("up0", way->inner, way->mtu);
	cr_expect(strstr(wire, "ESP(spi=0x00001001") && strstr(wire, "ESP(spi=0x00001002"), "%s", wire);
	cr_expect(!strstr(wire, NS_PATTERN NS_PATTERN), "in clear: %s", wire);
	cr_expect(!strstr(wire, "echo"), "%s", wire);
	/* Only the one family is there. */
	cr_expect_str_eq(
		ns_output("cat /proc/sys/net/ipv6/conf/t0/disable_ipv6"), strcmp(way->family, "ipv4") ? "0\n" : "1\n");
	cr_expect_str_eq(ns_output("ip xfrm policy | grep -c '^src %s dst %s'", way->all, way->all), "3\n");
	cr_expect_str_eq(ns_output("ip xfrm state | grep -c 'replay-window 0'"), "2\n");
	ns_down_well();
	cr_expect_str_eq(ns_output("ip xfrm state; ip xfrm policy"), "");
}

/* ---- proposals --------------------------------------------------------------------------------------------------- */

/* Each cipher and each integrity; the other tests have the usual one. */
static const struct proposal proposals[] = {
	{ "aes128-sha256", "hmac(sha256)", 16, 128 },
	{ "aes192-sha384", "hmac(sha384)", 24, 192 },
	{ "aes128-sha512", "hmac(sha512)", 16, 256 },
};

/* The other end is iproute2's: what linkspan told the kernel of keys and their lengths is what others would. */
NS_TEST_EACH(ipsec, each_proposal, proposals)
{
	const struct proposal *proposal = &proposals[*number];

	ns_begin();
	make_both_ends();
	ns_far_run("ip xfrm state flush");
	ns_run("rm %s/in.key %s/out.key", ns_dir(), ns_dir());
	make_key_of(proposal, "in");
	make_key_of(proposal, "out");
	other_state(proposal, "192.0.2.2", "192.0.2.1", 0x1001, "in");
	other_state(proposal, "192.0.2.1", "192.0.2.2", 0x1002, "out");
	ns_apply_well(tunnel("ipv4", "192.0.2.1", "192.0.2.2", ns_text("esp_proposal: %s, " PLAIN, proposal->name)));
	cr_expect(pings("10.99.0.2"), "%s\n%s", proposal->name, ns_output("cat /proc/net/xfrm_stat"));
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

#define SPAN_THERE "nsenter -t %d -n \"$LINKSPAN\" --state-dir %s/far-state apply %s/far.yaml"

/* The same tunnel from the other end. */
static void apply_there(const char *sa)
{
	ns_run("cat >%s/far.yaml <<'END'\nlinkspan: 1\nkind: gateway\nname: far\n"
	       "interfaces: { far-up0: { match: { name: far-up0 } } }\n"
	       "addresses: [{ interface: t0, address: 10.99.0.2/24 }]\n"
	       "tunnels:\n  t0: { type: ipsec, family: ipv4, underlay: far-up0, local_addr: 192.0.2.2, remote_addr: "
	       "192.0.2.1, %s }\nEND\n" SPAN_THERE,
		ns_dir(), sa, (int)ns_far(), ns_dir(), ns_dir());
}

static void apply_here(const char *sa)
{
	ns_apply_well(tunnel("ipv4", "192.0.2.1", "192.0.2.2", sa));
}

/* New keys are accepted by both ends, then used by both, then the old ones go; each end at a time of its own. */
Test(ipsec, keys_are_rotated_without_a_lost_packet)
{
	ns_begin();
	join();
	make_key("in2");
	make_key("out2");
	apply_here(PLAIN);
	apply_there(MANUAL(SA("0x1002", "out"), SA("0x1001", "in")));
	cr_assert(pings("10.99.0.2"));
	ns_run("ping -i 0.01 10.99.0.2 >%s/ping & echo $! >%s/pid", ns_dir(), ns_dir());
	apply_here(MANUAL("[" SA("0x1001", "in") ", " SA("0x2001", "in2") "]", SA("0x1002", "out")));
	apply_there(MANUAL("[" SA("0x1002", "out") ", " SA("0x2002", "out2") "]", SA("0x1001", "in")));
	apply_here(MANUAL("[" SA("0x1001", "in") ", " SA("0x2001", "in2") "]", SA("0x2002", "out2")));
	apply_there(MANUAL("[" SA("0x1002", "out") ", " SA("0x2002", "out2") "]", SA("0x2001", "in2")));
	apply_here(MANUAL(SA("0x2001", "in2"), SA("0x2002", "out2")));
	apply_there(MANUAL(SA("0x2002", "out2"), SA("0x2001", "in2")));
	ns_run("sleep 0.2; kill -INT $(cat %s/pid); for i in 1 2 3 4 5 6 7 8 9 10; do grep -q transmitted %s/ping && "
	       "exit 0; sleep 0.2; done; exit 1",
		ns_dir(), ns_dir());
	cr_expect_str_eq(ns_lost("ping"), "whole\n");
	cr_expect_str_eq(
		ns_output("ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort"), "spi 0x00002001\nspi 0x00002002\n");
	cr_expect(pings("10.99.0.2"));
}

/* Another key with the old SPI is another state; the way back has the old key, whose file is gone. */
Test(ipsec, key_is_replaced_and_comes_back)
{
	struct ns_answer answer;
	const char *before, *device;

	ns_begin();
	make_both_ends();
	ns_apply_well(plain());
	cr_assert(pings("10.99.0.2"));
	before = ns_output("ip xfrm state | grep -E 'auth|enc' | sort");
	device = ns_output("cat /sys/class/net/t0/ifindex 2>/dev/null; ip -o link show t0 | cut -d: -f1");
	ns_run("mv %s/in.key %s/kept", ns_dir(), ns_dir());
	make_key("in");
	answer = ns_plan(plain());
	ns_expect_words(
		answer.out, NS_WORDS("\"op\":\"delete\",\"kind\":\"xfrm_state\",\"id\":\"spi 0x00001001 to 192.0.2.1\"",
				    "\"op\":\"add\",\"kind\":\"xfrm_state\""));
	answer = ns_span("apply --verbose %s | tee %s/said", ns_spec(plain()), ns_dir());
	ns_expect_exit(&answer, 0);
	cr_expect(ns_try("ip xfrm state | grep -q '0x%s'", hex("in", false)));
	ns_expect_settled();
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(ns_output("ip xfrm state | grep -E 'auth|enc' | sort"), before);
	cr_expect_str_eq(
		ns_output("cat /sys/class/net/t0/ifindex 2>/dev/null; ip -o link show t0 | cut -d: -f1"), device);
	cr_expect(pings("10.99.0.2"));
	ns_run("\"$LINKSPAN\" --state-dir %s/state snapshot --all --json >>%s/said", ns_dir(), ns_dir());
	ns_run("\"$LINKSPAN\" --state-dir %s/state status --json >>%s/said", ns_dir(), ns_dir());
	for (size_t i = 0; i < 3; i++)
		ns_expect_hidden(((const char *const[]){ "in.key", "out.key", "kept" })[i], "state said");
	cr_expect_str_eq(
		ns_output("stat -c %%a %s/state/keys %s/state/keys/* | sort -u", ns_dir(), ns_dir()), "600\n700\n");
}

static void expect_refused(const char *message)
{
	struct ns_answer answer;
	const char *before = ns_state();

	answer = ns_span("apply %s", ns_spec(plain()));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("spec.yaml:", "in.key", message));
	ns_expect_state(before);
}

Test(ipsec, key_of_another_length_is_refused)
{
	ns_begin();
	join();
	ns_run("rm %s/in.key; \"$LINKSPAN\" keygen --preshared %s/in.key", ns_dir(), ns_dir());
	expect_refused("holds 32 bytes, but a key of aes256-sha256 has 64");
}

/* ---- strangers --------------------------------------------------------------------------------------------------- */

#define STRANGER \
	"ip xfrm state add src 192.0.2.9 dst 192.0.2.1 proto esp spi %s reqid 3 mode tunnel enc \"cbc(aes)\" " \
	"0x00112233445566778899aabbccddeeff auth-trunc \"hmac(sha256)\" 0x00112233445566778899aabbccddeeff 128"

Test(ipsec, states_and_policies_of_others_are_left_alone)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	make_both_ends();
	ns_run(STRANGER, "0x9999");
	ns_run("ip xfrm policy add dir out src 10.1.0.0/16 dst 10.2.0.0/16 tmpl src 192.0.2.1 dst 192.0.2.9 proto esp "
	       "reqid 3 mode tunnel; ip xfrm policy add dir out src 10.3.0.0/16 dst 10.4.0.0/16 proto tcp dport 80 "
	       "action block");
	before = ns_output("ip xfrm state; ip xfrm policy");
	ns_apply_well(plain());
	cr_expect(pings("10.99.0.2"));
	answer = ns_span("snapshot --all --json");
	cr_expect(!strstr(answer.out, "00112233") && strstr(answer.out, "39321"), "%s", answer.out);
	ns_down_well();
	cr_expect_str_eq(ns_output("ip xfrm state; ip xfrm policy"), before);
	/* In our place. */
	ns_run(STRANGER, "0x1001");
	before = ns_output("ip xfrm state");
	answer = ns_span("apply --adopt %s", ns_spec(plain()));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("xfrm_state spi 0x00001001 to 192.0.2.1"));
	cr_expect_str_eq(ns_output("ip xfrm state"), before);
}

/* The states come from elsewhere: here from ip, as an IKE daemon would make them. */
Test(ipsec, states_of_a_daemon_are_used_and_kept)
{
	struct ns_answer answer;
	const char *before, *text = NULL;

	ns_begin();
	make_both_ends();
	text = tunnel("ipv4", "192.0.2.1", "192.0.2.2", "keying: ike, if_id: 9");
	ns_apply_well(text);
	answer = ns_span("status");
	ns_expect_words(answer.out, NS_WORDS("t0 ipsec ipv4", "if_id 0x9", "no security association yet"));
	ns_run("ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1002 reqid 0x6c730002 mode tunnel if_id "
	       "9 "
	       "enc 'cbc(aes)' 0x%s auth-trunc 'hmac(sha256)' 0x%s 128",
		hex("out", false), hex("out", true));
	ns_run("ip xfrm state add src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x1001 reqid 0x6c730002 mode tunnel if_id "
	       "9 "
	       "enc 'cbc(aes)' 0x%s auth-trunc 'hmac(sha256)' 0x%s 128",
		hex("in", false), hex("in", true));
	cr_expect(pings("10.99.0.2"));
	before = ns_output("ip xfrm state | grep -E 'auth|enc' | sort");
	ns_expect_settled();
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("out with SPI 0x00001002", "in with SPI 0x00001001"));
	ns_down_well();
	cr_expect_str_eq(ns_output("ip xfrm state | grep -E 'auth|enc' | sort"), before);
	cr_expect_str_eq(ns_output("ip xfrm policy"), "");
}

/* ---- status and drift -------------------------------------------------------------------------------------------- */

Test(ipsec, status_tells_ages_and_bytes)
{
	const json_t *found;
	struct ns_answer answer;

	ns_begin();
	make_both_ends();
	ns_apply_well(plain());
	cr_assert(pings("10.99.0.2"));
	answer = ns_span("status --json");
	ns_expect_exit(&answer, 0);
	found = json_array_get(json_object_get(ns_parse(answer.out), "tunnels"), 0);
	cr_expect_str_eq(ns_text_of(found, "type"), "ipsec");
	cr_expect_str_eq(ns_text_of(found, "remote_address"), "192.0.2.2");
	found = json_array_get(json_object_get(found, "states"), 0);
	cr_expect_str_eq(ns_text("  %lld(bytes),\n", (long long)json_integer_value(json_object_get(found, "bytes"))),
		ns_output("ip -s xfrm state get src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x1001 | grep -o ' "
			  "[0-9]*(bytes),' | tail -n1 | sed 's/^/ /'"));
	answer = ns_span("status");
	ns_expect_words(answer.out, NS_WORDS("t0 ipsec ipv4, from 192.0.2.1 to 192.0.2.2", "out with SPI 0x00001002",
					    "in with SPI 0x00001001", "s old"));
}

Test(ipsec, change_from_outside_is_named_and_repaired)
{
	struct ns_answer answer;

	ns_begin();
	make_both_ends();
	ns_apply_well(plain());
	ns_run("ip xfrm state delete dst 192.0.2.2 proto esp spi 0x1002; ip xfrm policy update dir in src 0.0.0.0/0 "
	       "dst "
	       "0.0.0.0/0 priority 7 tmpl src 192.0.2.7 dst 192.0.2.1 proto esp reqid 0x6c730001 mode tunnel if_id "
	       "$(ip -d link show t0 | grep -o 'if_id 0x[0-9a-f]*' | cut -d' ' -f2)");
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, NS_WORDS("missing xfrm_state spi 0x00001002 to 192.0.2.2", "changed xfrm_policy in",
					    "tunnel_src is 192.0.2.7 instead of 192.0.2.2"));
	ns_apply_well(plain());
	cr_expect(pings("10.99.0.2"));
}

/* ---- one family without the other -------------------------------------------------------------------------------- */

static const struct end {
	const char *name, *family, *here, *there, *address, *all;
} ends[] = {
	{ "t4", "ipv4", "10.99.0.1/24", "10.99.0.2", "10.99.0.2/24", "0.0.0.0/0" },
	{ "t6", "ipv6", "\"fd00:99::1/64\"", "fd00:99::2", "fd00:99::2/64", "::/0" },
};

static const char *tunnel_of(const struct end *end, const char *sa)
{
	return ns_text(
		"  %s: { type: ipsec, family: %s, underlay: up0, local_addr: 192.0.2.1, remote_addr: 192.0.2.2,\n"
		"        %s }\n",
		end->name, end->family, sa);
}

/* `goes` NULL: it has gone. */
static const char *family_spec(const struct end *stays, const struct end *goes)
{
	return ns_text(UPLINK "addresses: [{ interface: %s, address: %s }]\ntunnels:\n%s%s", stays->name, stays->here,
		tunnel_of(stays, PLAIN), goes ? tunnel_of(goes, MANUAL(SA("0x2001", "in"), SA("0x2002", "out"))) : "");
}

/* Its index, and both states with their counters. */
static const char *session(const struct end *end)
{
	return ns_output(
		"ip -o link show %s | cut -d: -f1; ip -s xfrm state get src 192.0.2.1 dst 192.0.2.2 proto esp spi "
		"0x1002; ip -s xfrm state get src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x1001",
		end->name);
}

static void apply_now(const char *text)
{
	struct ns_answer answer = ns_apply(text);

	ns_expect_exit(&answer, 0);
}

NS_TEST_EACH(ipsec, tunnel_of_one_family_goes_and_the_other_stays, ends)
{
	const struct end *stays = &ends[*number], *goes = &ends[!*number];
	const char *before;

	ns_begin();
	ns_need_program("python3");
	join();
	/* The kernel's own packets through a new tunnel would count as well. */
	ns_run("echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations");
	ns_far_run("echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations");
	make_other_end("192.0.2.1", "192.0.2.2", stays->all, stays->address);
	ns_apply_well(family_spec(stays, goes));
	cr_assert(pings(stays->there));
	before = session(stays);
	ns_apply_well(family_spec(stays, NULL));
	cr_expect_str_eq(session(stays), before);
	cr_expect(!ns_try("ip link show %s 2>/dev/null", goes->name));
	cr_expect_str_eq(ns_output("ip xfrm state | grep -c '^src'"), "2\n");
	cr_expect(pings(stays->there));
	/* It comes and goes beside a connection. */
	ns_far_run("timeout 60 tests/netns/nat.py serve tcp %s 8443 there >/dev/null 2>&1 & sleep 1", stays->there);
	ns_stream_start(NULL, "stream", stays->there, 8443);
	apply_now(family_spec(stays, goes));
	ns_expect_stream("stream");
	apply_now(family_spec(stays, NULL));
	ns_expect_stream("stream");
}
