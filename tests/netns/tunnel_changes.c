/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tunnels have alone goes from one to another: UDP ports, if_ids, names; and what the driver is told in more than
 * one message. wg and ip are the judges.
 */
#include "tunnel_tools.h"

TestSuite(tunnel_changes, .init = ns_enter, .fini = ns_leave);

static void begin(void)
{
	ns_begin();
	make_peer();
}

#define TUNNEL(name, port) \
	"  " name ": { type: wireguard, family: ipv4, underlay: up0, listen_port: " port \
	", private_key_file: here.key }\n"
#define TUNNELS(list) UPLINK "tunnels:\n" list

/* "t0 1195\nt1 1196\n" */
static const char *ports(void)
{
	return ns_output("for t in $(wg show interfaces); do echo $t $(wg show $t listen-port); done | sort");
}

/* ---- ports ------------------------------------------------------------------------------------------------------- */

Test(tunnel_changes, ports_are_exchanged)
{
	struct ns_answer answer;
	const char *before, *links;

	begin();
	ns_apply_well(TUNNELS(TUNNEL("t0", "1195") TUNNEL("t1", "1196")));
	before = ports();
	links = ns_output("ip -o link show type wireguard | cut -d: -f1-2");
	ns_apply_well(TUNNELS(TUNNEL("t0", "1196") TUNNEL("t1", "1195")));
	cr_expect_str_eq(ports(), "t0 1196\nt1 1195\n");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(ports(), before);
	cr_expect_str_eq(ns_output("ip -o link show type wireguard | cut -d: -f1-2"), links);
	/* A third one comes before them, and their ports are others. */
	ns_apply_well(TUNNELS(TUNNEL("t2", "1195") TUNNEL("t0", "1196") TUNNEL("t1", "1197")));
	cr_expect_str_eq(ports(), "t0 1196\nt1 1197\nt2 1195\n");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(ports(), before);
	ns_down_well();
}

Test(tunnel_changes, tunnel_is_renamed_and_keeps_its_port)
{
	struct ns_answer answer;

	begin();
	ns_apply_well(TUNNELS(TUNNEL("t0", "1195")));
	ns_apply_well(TUNNELS(TUNNEL("t1", "1195")));
	cr_expect_str_eq(ports(), "t1 1195\n");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(ports(), "t0 1195\n");
}

Test(tunnel_changes, port_of_somebody_else_is_named)
{
	struct ns_answer answer;

	begin();
	ns_apply_well(TUNNELS(TUNNEL("t0", "1195")));
	ns_run("ip link add his0 type wireguard; wg set his0 listen-port 1200; ip link set his0 up");
	answer = ns_apply(TUNNELS(TUNNEL("t0", "1200")));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("wireguard t0", "UDP port 1200 is somebody else's", "ss -lunp"));
	answer = ns_apply(TUNNELS(TUNNEL("t0", "1195") TUNNEL("t1", "1200")));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("link t1", "the UDP port that it needs is somebody else's"));
	cr_expect_str_eq(ports(), "his0 1200\nt0 1195\n");
}

/* ---- if_ids ------------------------------------------------------------------------------------------------------ */

#define IPSEC(name, id) \
	"  " name ": { type: ipsec, family: ipv4, underlay: up0, local_addr: 192.0.2.1, remote_addr: 192.0.2." id \
	", if_id: " id ", keying: ike }\n"

static const char *if_ids(void)
{
	return ns_output(
		"ip -d -o link show type xfrm | sed -n 's/.*: \\(.*\\)@.*if_id \\([0-9a-fx]*\\).*/\\1 \\2/p' | "
		"sort");
}

Test(tunnel_changes, if_ids_go_from_one_to_another)
{
	struct ns_answer answer;

	begin();
	ns_need_link_type("xfrm");
	ns_apply_well(TUNNELS(IPSEC("t0", "7") IPSEC("t1", "8")));
	ns_apply_well(TUNNELS(IPSEC("t1", "7") IPSEC("t2", "8")));
	cr_expect_str_eq(if_ids(), "t1 0x7\nt2 0x8\n");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(if_ids(), "t0 0x7\nt1 0x8\n");
	ns_run("ip link add his0 type xfrm dev up0 if_id 9");
	answer = ns_apply(TUNNELS(IPSEC("t0", "7") IPSEC("t1", "9")));
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("its if_id is that of a link that linkspan did not make"));
	cr_expect_str_eq(if_ids(), "his0 0x9\nt0 0x7\nt1 0x8\n");
}

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

static const char *session(void)
{
	return ns_output(
		"for what in public-key listen-port peers endpoints allowed-ips; do wg show t0 $what; done; ip -o -4 "
		"addr show dev t0 | cut -d: -f2");
}

Test(tunnel_changes, wireguard_becomes_ipsec_and_is_wireguard_again)
{
	struct ns_answer answer;
	const char *before;

	begin();
	ns_need_link_type("xfrm");
	ns_apply_well(spec("ipv4", "192.0.2.2:1300", ""));
	before = session();
	ns_apply_well(TUNNELS(IPSEC("t0", "7")));
	cr_expect_str_eq(if_ids(), "t0 0x7\n");
	cr_expect_str_eq(ns_output("ip xfrm policy | grep -c 'if_id 0x7'"), "3\n");
	cr_expect_str_eq(ports(), "");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(session(), before);
	cr_expect_str_eq(ns_output("ip xfrm policy; ip xfrm state"), "");
	ns_down_well();
}

/* ---- more than one message --------------------------------------------------------------------------------------- */

/* 10.0.FROM.0/32 and on, with a comma between. */
static const char *prefixes(unsigned from, unsigned n)
{
	return ns_output(
		"awk 'BEGIN { for (i = %u; i < %u; i++) printf(\"%%s10.0.%%d.%%d/32\", (i > %u ? \", \" : \"\"), "
		"int(i / 256), i %% 256) }'",
		from, from + n, from);
}

static const char *peer_with(const char *name, const char *list)
{
	return ns_text("      - { public_key: \"%s\", allowed_ips: [%s] }\n", key(name), list);
}

static void expect_allowed(const char *name, const char *list)
{
	ns_run("echo '%s' | tr -d ' ' | tr , '\\n' | sort >%s/wanted", list, ns_dir());
	ns_run("wg show t0 allowed-ips | grep '^%s' | cut -f2 | tr ' ' '\\n' | sort >%s/found", key(name), ns_dir());
	cr_expect(ns_try("cmp %s/wanted %s/found", ns_dir(), ns_dir()), "%s is allowed something else", name);
}

static void apply_peers(const char *one, const char *other)
{
	ns_apply_well(ns_text(UPLINK "tunnels:\n  t0:\n    type: wireguard\n    family: ipv4\n    underlay: up0\n"
				     "    private_key_file: here.key\n    peers:\n%s%s",
		peer_with("there", one), peer_with("other", other)));
	expect_allowed("there", one);
	expect_allowed("other", other);
}

/* A peer with more prefixes than a message has room for: it comes, gets more, gives most of them to another one, and
 * loses them for good. */
Test(tunnel_changes, thousands_of_prefixes_come_and_go)
{
	struct ns_answer answer;

	begin();
	make_key("other");
	apply_peers(prefixes(0, 2500), "10.9.0.0/16");
	apply_peers(prefixes(0, 3600), "10.9.0.0/16");
	apply_peers(prefixes(0, 100), prefixes(100, 3500));
	apply_peers(prefixes(0, 100), "10.9.0.0/16");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
	expect_allowed("other", prefixes(100, 3500));
}

/* Each peer hears from a device that has another key, and keeps what it had else. */
Test(tunnel_changes, peer_hears_of_another_key_without_traffic)
{
	const char *text;

	begin();
	make_other_end("wg0", "10.99.0.2/24", 1300, "192.0.2.1:1195");
	text = spec("ipv4", "192.0.2.2:1300", "");
	ns_apply_well(text);
	cr_assert(pings("10.99.0.2"));
	ns_run("mv %s/here.pub %s/old.pub; rm %s/here.key", ns_dir(), ns_dir(), ns_dir());
	make_key("here");
	ns_on("peer", "wg set wg0 peer %s remove peer %s allowed-ips 0.0.0.0/0", key("old"), key("here"));
	ns_apply_well(text);
	cr_expect(
		ns_try("for i in 1 2 3 4 5 6 7 8 9 10; do nsenter -t $(cat %s/peer) -n wg show wg0 latest-handshakes | "
		       "grep -q \"[1-9][0-9]*$\" && exit 0; sleep 1; done; exit 1",
			ns_dir()));
	cr_expect_str_eq(ns_output("wg show t0 persistent-keepalive | cut -f2"), "off\n");
}

Test(tunnel_changes, fwmark_is_set_changed_and_taken_away)
{
	begin();
	ns_apply_well(TUNNELS("  t0: { type: wireguard, family: ipv4, underlay: up0, listen_port: 1195, fwmark: 0x20, "
			      "private_key_file: here.key }\n"));
	cr_expect_str_eq(ns_output("wg show t0 fwmark"), "0x20\n");
	ns_apply_well(TUNNELS("  t0: { type: wireguard, family: ipv4, underlay: up0, listen_port: 1195, fwmark: 0x21, "
			      "private_key_file: here.key }\n"));
	cr_expect_str_eq(ns_output("wg show t0 fwmark"), "0x21\n");
	ns_apply_well(TUNNELS(TUNNEL("t0", "1195")));
	cr_expect_str_eq(ns_output("wg show t0 fwmark"), "off\n");
}

/* The device stays; all its peers go together, or all but those that stay. */
Test(tunnel_changes, many_peers_go)
{
	const char *list = "";

	begin();
	make_key("other");
	for (unsigned i = 0; i < 12; i++) {
		make_key(ns_text("k%u", i));
		list = ns_text("%s%s", list, peer_with(ns_text("k%u", i), ns_text("10.1.%u.0/24", i)));
	}
#define PEERS(list) \
	ns_text(UPLINK "tunnels:\n  t0:\n    type: wireguard\n    family: ipv4\n    underlay: up0\n    " \
		       "private_key_file: here.key\n    peers:\n%s", \
		list)
	ns_apply_well(PEERS(list));
	ns_apply_well(PEERS(peer_with("other", "10.2.0.0/16")));
	cr_expect_str_eq(ns_output("wg show t0 peers | tr -d '\\n'"), key("other"));
	ns_apply_well(PEERS(list));
	ns_apply_well(TUNNELS("  t0: { type: wireguard, family: ipv4, underlay: up0, private_key_file: here.key }\n"));
	cr_expect_str_eq(ns_output("wg show t0 peers"), "");
	cr_expect_str_eq(ns_output("wg show t0 public-key | tr -d '\\n'"), key("here"));
}
