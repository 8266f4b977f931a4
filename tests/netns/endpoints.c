/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers with host names, with real tunnels: the names stand in an /etc/hosts of the test's own, and there is nobody to
 * ask for others. wg says where the peer is, ping whether the tunnel works.
 */
#include "netns_tools.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

TestSuite(endpoints, .init = ns_enter, .fini = ns_leave);

/* What follows is seen by this test alone. Whoever asks for another name is refused at once: nobody listens. */
static void own_resolver(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		ns_skip("no mount namespace of our own");
	ns_run("mount --make-rprivate /; cd %s; echo 'hosts: files dns' >nsswitch; : >hosts; echo 'nameserver "
	       "127.0.0.1' >resolv; for i in nsswitch.conf:nsswitch hosts:hosts resolv.conf:resolv; do "
	       "[ -e /etc/${i%%:*} ] || : >/etc/${i%%:*}; mount --bind ${i#*:} /etc/${i%%:*}; done",
		ns_dir());
}

/* In place: what is mounted is the file. */
static void name_is_at(const char *lines)
{
	ns_run("printf '%%b' '%s' >%s/hosts", lines, ns_dir());
}

static const char *key(const char *name)
{
	return ns_output("cat %s/%s.pub | tr -d '\\n'", ns_dir(), name);
}

/* up0 here, far-up0 there, with a tunnel that listens on port 1300 at two addresses of each family. */
static void make_far_end(void)
{
	ns_need_program("wg");
	ns_need_link_type("wireguard");
	own_resolver();
	ns_make_far_pair("up0");
	ns_run("ip addr add 192.0.2.1/24 dev up0; ip addr add 2001:db8:9::1/64 dev up0 nodad");
	ns_run("for i in here there; do \"$LINKSPAN\" keygen %s/$i.key >%s/$i.pub; done", ns_dir(), ns_dir());
	ns_far_run("ip link set lo up; for i in 2 3; do ip addr add 192.0.2.$i/24 dev far-up0; ip addr add "
		   "2001:db8:9::$i/64 dev far-up0 nodad; done; ip link add wg0 type wireguard; wg set wg0 listen-port "
		   "1300 private-key %s/there.key peer %s allowed-ips 0.0.0.0/0; ip addr add 10.99.0.2/24 dev wg0; ip "
		   "link set wg0 up",
		ns_dir(), key("here"));
}

static const char *spec(const char *name, const char *more)
{
	return ns_text("interfaces: { up0: { match: { name: up0 } } }\n"
		       "addresses: [{ interface: t0, address: 10.99.0.1/24 }]\n"
		       "tunnels:\n"
		       "  t0:\n"
		       "    type: wireguard\n"
		       "    family: ipv4\n"
		       "    listen_port: 1195\n"
		       "    private_key_file: here.key\n"
		       "    peers:\n"
		       "      - public_key: \"%s\"\n"
		       "        endpoint: \"%s\"\n%s",
		key("there"), name, more);
}

static const char *endpoint(void)
{
	return ns_output("wg show t0 endpoints | cut -f2 | tr -d '\\n'");
}

static bool pings(void)
{
	return ns_try("for i in 1 2 3 4 5; do ping -c 1 -W 2 10.99.0.2 >/dev/null && exit 0; done; exit 1");
}

static struct ns_answer apply(const char *text)
{
	struct ns_answer answer = ns_span("apply %s", ns_spec(text));

	ns_expect_exit(&answer, 0);
	return answer;
}

static void expect_state(const char *state, const char *address)
{
	struct ns_answer answer = ns_span("status --check --json");
	const json_t *tunnel, *peer;

	ns_expect_exit(&answer, 0);
	tunnel = json_array_get(json_object_get(ns_parse(answer.out), "tunnels"), 0);
	peer = json_array_get(json_object_get(tunnel, "peers"), 0);
	cr_expect_str_eq(ns_text_of(peer, "endpoint_name"), "gw.test:1300");
	cr_expect_str_eq(ns_text_of(peer, "endpoint_state"), state);
	cr_expect_str_eq(ns_text_of(peer, "endpoint_address"), address);
	cr_expect_eq(
		json_array_size(json_object_get(ns_parse(answer.out), "warnings")), strcmp(state, "resolved") != 0);
}

Test(endpoints, name_leads_to_the_peer)
{
	ns_begin();
	make_far_end();
	name_is_at("192.0.2.2 gw.test\\n");
	ns_apply_well(spec("gw.test:1300", ""));
	cr_expect_str_eq(endpoint(), "192.0.2.2:1300");
	cr_expect(pings());
	expect_state("resolved", "192.0.2.2");
	/* It goes elsewhere. */
	name_is_at("192.0.2.3 gw.test\\n");
	apply(spec("gw.test:1300", ""));
	cr_expect_str_eq(endpoint(), "192.0.2.3:1300");
	ns_down_well();
}

Test(endpoints, family_is_the_one_asked_for)
{
	ns_begin();
	make_far_end();
	name_is_at("192.0.2.2 gw.test\\n2001:db8:9::2 gw.test\\n");
	ns_apply_well(spec("gw.test:1300", "        endpoint_family: ipv6\n"));
	cr_expect_str_eq(endpoint(), "[2001:db8:9::2]:1300");
	cr_expect(pings());
	apply(spec("gw.test:1300", "        endpoint_family: ipv4\n"));
	cr_expect_str_eq(endpoint(), "192.0.2.2:1300");
	expect_state("resolved", "192.0.2.2");
}

/* The tunnel is there all the same, and gets its peer as soon as the name is there. */
Test(endpoints, endpoint_unresolved)
{
	struct ns_answer answer;

	ns_begin();
	make_far_end();
	answer = apply(spec("gw.test:1300", ""));
	ns_expect_words(answer.err, NS_WORDS("spec.yaml:", "'gw.test:1300' does not resolve", "[endpoint-unresolved]"));
	cr_expect_str_eq(endpoint(), "(none)");
	cr_expect(ns_try("ip link show t0 up | grep -q t0"));
	expect_state("unresolved", "");
	name_is_at("192.0.2.2 gw.test\\n");
	answer = apply(spec("gw.test:1300", ""));
	cr_expect_not(strstr(answer.err, "endpoint-unresolved"), "%s", answer.err);
	cr_expect_str_eq(endpoint(), "192.0.2.2:1300");
	cr_expect(pings());
	expect_state("resolved", "192.0.2.2");
	/* Another name is another spec, also where nothing is sent. */
	answer = apply(spec("other.test:1300", ""));
	ns_expect_words(answer.err, NS_WORDS("'other.test:1300' does not resolve", "stays at 192.0.2.2"));
	answer = ns_span("status");
	ns_expect_words(answer.out, NS_WORDS("(other.test:1300, unresolved)"));
}

/* A server that takes questions and never answers: the run does not wait as long as the resolver would. */
Test(endpoints, resolver_that_is_silent_is_not_waited_for)
{
	struct ns_answer answer;

	ns_begin();
	ns_need_program("nft");
	make_far_end();
	ns_run("ip link set lo up; nft 'table ip silence { chain input { type filter hook input priority 0; "
	       "udp dport 53 counter drop; }; }'");
	answer = apply(spec("gw.test:1300", ""));
	ns_expect_words(
		answer.err, NS_WORDS("'gw.test:1300' does not resolve (no answer in time)", "the tunnel is up"));
	cr_expect(ns_try("nft list table ip silence | grep -q 'counter packets [1-9]'"), "it was asked");
	cr_expect(ns_try("ip link show t0 up | grep -q t0"));
	expect_state("unresolved", "");
	/* Who is known already stays where it is meanwhile. */
	name_is_at("192.0.2.2 gw.test\\n");
	apply(spec("gw.test:1300", ""));
	name_is_at("");
	answer = apply(spec("gw.test:1300", ""));
	ns_expect_words(answer.err, NS_WORDS("(no answer in time)", "its last address, 192.0.2.2, stays in use"));
	cr_expect_str_eq(endpoint(), "192.0.2.2:1300");
	cr_expect(pings());
	ns_down_well();
}

/* Gone and made anew without a resolver, as at a boot. */
Test(endpoints, last_good_address_is_used)
{
	struct ns_answer answer;

	ns_begin();
	make_far_end();
	name_is_at("192.0.2.2 gw.test\\n");
	ns_apply_well(spec("gw.test:1300", ""));
	ns_down_well();
	name_is_at("");
	answer = apply(spec("gw.test:1300", ""));
	ns_expect_words(answer.err, NS_WORDS("[endpoint-unresolved]", "its last address, 192.0.2.2"));
	cr_expect_str_eq(endpoint(), "192.0.2.2:1300");
	cr_expect(pings());
	expect_state("last-good", "192.0.2.2");
	/* Going back asks nobody either. */
	apply(spec("192.0.2.3:1300", ""));
	cr_expect_str_eq(endpoint(), "192.0.2.3:1300");
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 0);
}

Test(endpoints, roamed_peer_is_left_alone)
{
	const char *text;

	ns_begin();
	make_far_end();
	name_is_at("192.0.2.2 gw.test\\n");
	text = spec("gw.test:1300", "");
	ns_apply_well(text);
	cr_assert(pings());
	ns_far_run("wg set wg0 listen-port 1301; ping -c 3 -W 2 10.99.0.1 >/dev/null");
	cr_assert_str_eq(endpoint(), "192.0.2.2:1301");
	expect_state("resolved", "192.0.2.2");
	apply(text);
	cr_expect_str_eq(endpoint(), "192.0.2.2:1301");
	ns_expect_settled();
}
