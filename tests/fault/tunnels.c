/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs that die, are refused or get no answer while tunnels change: keys rotated, a peer with a new key, prefixes on
 * their way from one peer to another and in both directions, states and policies of IPsec renewed; beside a stranger's
 * device and states. Keys are made while the tests run.
 */
#include "fault.h"

#include <support/support.h>

#include <linkspan/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(tunnels, .init = fault_begin, .fini = fault_end);

/* ---- the host ---------------------------------------------------------------------------------------------------- */

static const char base_batch[] =
	"link set lo up\n"
	"link add up0 address 02:00:00:00:01:00 type veth peer name up1 address 02:00:00:00:01:01\n"
	"link set up0 up\nlink set up1 up\n"
	"addr add 192.0.2.1/24 dev up0\n"
	"addr add 2001:db8:9::1/64 dev up0 nodad\n"
	"link add his0 type wireguard\n"
	"link add his1 type xfrm dev up0 if_id 77\n"
	"link set his1 up\n";

static void make_base(void)
{
	host_must("cd /proc/sys/net/ipv6/conf && for i in all default; do echo 0 >$i/accept_dad; echo 0 "
		  ">$i/dad_transmits; done");
	host_batch(base_batch);
	for (int i = 0; i < 100 && !test_links_are_settled(); i++)
		usleep(20000);
	host_must("cd %s && wg set his0 listen-port 4000 private-key h.key peer $(cat k.pub) preshared-key one.psk "
		  "allowed-ips 10.77.0.0/16 && "
		  "ip xfrm state add src 192.0.2.1 dst 192.0.2.7 proto esp spi 0x7001 reqid 9 mode tunnel if_id 77 enc "
		  "'cbc(aes)' 0x$(od -An -tx1 -N32 h.key | tr -d ' \\n') auth 'hmac(sha256)' 0x$(od -An -tx1 -N32 "
		  "k.key | tr -d ' \\n') && "
		  "ip xfrm policy add dir out src 10.77.0.0/16 dst 10.78.0.0/16 tmpl src 192.0.2.1 dst 192.0.2.7 proto "
		  "esp reqid 9 mode tunnel if_id 77",
		host_directory());
}

static const struct scene scene = { .make = make_base, .strangers = "", .tunnels = true };

/* ---- specs ------------------------------------------------------------------------------------------------------- */

#define HEAD \
	"linkspan: 1\nkind: gateway\nname: gw\ninterfaces: { up0: { match: { name: up0 } } }\n" \
	"addresses: [{ interface: t0, address: 10.99.0.1/24 }, { interface: t1, address: \"fd00:99::1/64\" }]\n"
#define PEER(name, allowed, more) "      - { public_key: \"$" name "\", allowed_ips: [" allowed "]" more " }\n"
#define WIREGUARD(port, key, peers) \
	"  t0:\n    type: wireguard\n    family: ipv4\n    underlay: up0\n    listen_port: " port \
	"\n    private_key_file: " key ".key\n    peers:\n" peers
#define SA(spi, key) "{ spi: " spi ", key_file: " key ".key }"
#define IPSEC(in, out) \
	"  t1:\n    type: ipsec\n    family: ipv6\n    underlay: up0\n    local_addr: 192.0.2.1\n    remote_addr: " \
	"192.0.2.2\n    keying: manual\n    sa: { in: [" in "], out: " out " }\n"

static const char spec_a[] = HEAD "tunnels:\n" WIREGUARD("1195", "h",
	PEER("k", "10.1.0.0/16, 10.2.0.0/16", ", preshared_key_file: one.psk") PEER("l", "10.3.0.0/16", ""))
	IPSEC(SA("0x1001", "s"), SA("0x1002", "u"));

/* Another key and port of ours, a prefix moves from k to l, m comes with k's preshared key, which k has no more. */
static const char spec_b[] = HEAD "tunnels:\n" WIREGUARD("1196", "i",
	PEER("k", "10.1.0.0/16", ", persistent_keepalive: 25") PEER("l", "10.2.0.0/16, 10.3.0.0/16",
		", preshared_key_file: two.psk") PEER("m", "10.4.0.0/16", ", preshared_key_file: one.psk"))
	IPSEC(SA("0x1001", "s") ", " SA("0x1003", "v"), SA("0x1004", "w"));

/* Peers exchange prefixes, and one has a new key, which makes it another peer. */
#define PLACES(peers, rest) \
	"linkspan: 1\nkind: gateway\nname: gw\ninterfaces: { up0: { match: { name: up0 } } }\ntunnels:\n" WIREGUARD( \
		"1195", "h", peers) rest

static const char spec_places_a[] =
	PLACES(PEER("k", "10.1.0.0/16, 10.2.0.0/16", "") PEER("l", "10.3.0.0/16", "") PEER("m", "10.4.0.0/16", ""), "");
static const char spec_places_b[] =
	PLACES(PEER("k", "10.1.0.0/16, 10.3.0.0/16", "") PEER("l", "10.2.0.0/16", "") PEER("n", "10.4.0.0/16", ""), "");

static void make_keys(void)
{
	host_must("cd %s && for k in h i k l m n; do \"$LINKSPAN\" keygen $k.key >$k.pub; done && for k in one two; do "
		  "\"$LINKSPAN\" keygen --preshared $k.psk; done && for k in s u v w; do \"$LINKSPAN\" keygen --esp "
		  "aes256-sha256 $k.key; done",
		host_directory());
}

/* $k stands for what is in k.pub. */
static void write_spec(enum stage stage, const char *text)
{
	host_must("cd %s && cat >%s <<'END' && for k in k l m n; do sed -i \"s|\\$$k\\\"|$(cat $k.pub)\\\"|\" %s; "
		  "done\n%sEND",
		host_directory(), host_spec(stage), host_spec(stage), text);
}

/* The same tunnel with other keys, its own and the preshared one. */
#define ROTATED(key, psk) \
	"linkspan: 1\nkind: gateway\nname: gw\ninterfaces: { up0: { match: { name: up0 } } }\n" \
	"addresses: [{ interface: t0, address: 10.99.0.1/24 }]\ntunnels:\n" WIREGUARD( \
		"1195", key, PEER("k", "10.1.0.0/16", ", preshared_key_file: " psk ".psk"))

static const char spec_old[] = ROTATED("h", "one"), spec_new[] = ROTATED("i", "two");

static void begin_with(const char *a, const char *b)
{
	fault_need_namespace();
	if (!host_try("command -v wg && ip link add probe8 type wireguard && ip link del probe8"))
		cr_skip_test("this kernel has no WireGuard");
	if (!host_try("ip link add probe8 type xfrm dev lo if_id 1 && ip link del probe8"))
		cr_skip_test("this kernel has no XFRM interfaces");
	make_keys();
	write_spec(STAGE_A, a);
	write_spec(STAGE_B, b);
	host_set(&scene);
}

static void begin(void)
{
	begin_with(spec_a, spec_b);
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

Test(tunnels, guard_finishes_what_died_at_a_change)
{
	begin();
	sweep_run(&(struct sweep){ &from_nothing, "kill", "change", ENDS_KILLED, NULL, 8 });
	sweep_run(&(struct sweep){ &from_a_to_b, "kill", "change", ENDS_KILLED, NULL, 8 });
}

Test(tunnels, recover_finishes_what_died_with_its_guard_at_a_change)
{
	begin();
	sweep_run(&(struct sweep){ &from_a_to_b, "kill", "change", ENDS_DESERTED, "kill:life:1", 8 });
}

Test(tunnels, guard_finishes_what_died_while_peers_changed_places)
{
	begin_with(spec_places_a, spec_places_b);
	sweep_run(&(struct sweep){ &from_a_to_b, "kill", "change", ENDS_KILLED, NULL, 4 });
}

Test(tunnels, refused_change_is_taken_back)
{
	begin();
	sweep_run(&(struct sweep){ &from_nothing, "spoil", "change", ENDS_BEFORE, NULL, 8 });
	sweep_run(&(struct sweep){ &from_a_to_b, "spoil", "change", ENDS_BEFORE, NULL, 8 });
}

Test(tunnels, lost_acknowledgement_is_looked_up)
{
	begin();
	sweep_run(&(struct sweep){ &from_a_to_b, "drop", "ack", ENDS_AFTER, NULL, 8 });
}

/* ---- keys that are kept ------------------------------------------------------------------------------------------ */

static void must_lead_to(const char *arguments, enum verdict verdict, const struct ends *ends, const char *what)
{
	struct outcome outcome = program(NULL, arguments);

	if (outcome.status != 0 || judge(ends) != verdict)
		complain("%s: then %s ended with %d: %s", what, arguments, outcome.status, outcome.said);
}

static void old_key_comes_back_and_new_one_again(const struct ends *ends, const char *what)
{
	must_lead_to("rollback --quiet", IS_BEFORE, ends, what);
	must_lead_to("rollback --quiet --to 2", IS_AFTER, ends, what);
}

static void first_key_comes_back(const struct ends *ends, const char *what)
{
	struct outcome outcome = program_apply(NULL, STAGE_B);

	if (outcome.status != 0)
		complain("%s: the rotation after it ended with %d: %s", what, outcome.status, outcome.said);
	must_lead_to("rollback --quiet", IS_AFTER, ends, what);
}

/* Where files of keys are made, of all the calls of a run: within the first and after it (write 1 is the lock's). Runs
 * that die at any call of theirs are among kept_keys/ of the unit tests, which need no kernel; kills/ has the others.
 */
static const struct {
	const char *point;
	unsigned n;
} at_keys[] = { { "write", 2 }, { "rename", 2 } };

static void die_while_keys_are_kept(
	const struct transition *transition, void (*then)(const struct ends *ends, const char *what))
{
	struct ends ends;

	begin_with(spec_old, spec_new);
	ends = judge_ends(transition);
	for (size_t i = 0; i < LS_ARRAY_SIZE(at_keys) && !judge_gave_up(); i++) {
		struct sweep sweep = { transition, "kill", at_keys[i].point, ENDS_KILLED, NULL, 0 };
		const char *what;

		if (sweep_at(&sweep, &ends, at_keys[i].n, &what))
			then(&ends, what);
		else
			complain("%s: no such point", what);
	}
	judge_close();
}

Test(tunnels, death_while_first_keys_are_kept_spoils_no_later_rollback)
{
	die_while_keys_are_kept(&from_nothing, first_key_comes_back);
}

Test(tunnels, death_while_rotated_keys_are_kept_spoils_no_later_rollback)
{
	die_while_keys_are_kept(&from_a_to_b, old_key_comes_back_and_new_one_again);
}
