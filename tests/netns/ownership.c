/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose each object is: what linkspan did not make stays as it is, what it displaced comes back, what it made carries
 * its mark, and what others have done to it since is seen, named and repaired.
 */
#include "netns_tools.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>
#include <unistd.h>

TestSuite(ownership, .init = ns_enter, .fini = ns_leave);

#define CONF4 "/proc/sys/net/ipv4/conf/"
#define CONF6 "/proc/sys/net/ipv6/conf/"
#define P0 \
	"interfaces:\n" \
	"  p0:\n" \
	"    match: { name: p0 }\n" \
	"    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n"

/* ---- strangers --------------------------------------------------------------------------------------------------- */

/* Of every kind, on the same link and in the same tables as ours. */
static void make_strangers(void)
{
	ns_make_pair("p0");
	ns_make_pair("q0");
	ns_run("ip link add brx type bridge && ip link set brx up && ip link set far-q0 master brx && "
	       "ip addr add 10.77.0.1/24 dev p0 && ip addr add 10.77.0.2/24 dev p0 && "
	       "ip addr add 10.78.0.1 peer 10.78.0.2/32 dev p0 && "
	       "ip -6 addr add 2001:db8:77::1/64 dev p0 && ip -6 addr add 2001:db8:78::1/128 dev p0 noprefixroute");
	ns_run("ip route add 10.90.0.0/16 via 10.77.0.9 proto static metric 5 mtu 1400 && "
	       "ip route add 10.91.0.0/16 proto bird nexthop via 10.77.0.8 weight 2 nexthop via 10.77.0.9 && "
	       "ip route add blackhole 10.92.0.0/16 && ip route add 10.93.0.0/16 dev p0 src 10.77.0.2 table 200 && "
	       "ip route add default via 10.77.0.9 metric 900");
	ns_run("ip -6 route add 2001:db8:90::/48 via 2001:db8:77::9 proto static && "
	       "ip -6 route add 2001:db8:91::/48 nexthop via 2001:db8:77::8 nexthop via 2001:db8:77::9 && "
	       "ip -6 route add unreachable 2001:db8:92::/48 table 200 && "
	       "ip -6 route add default via 2001:db8:77::9 metric 900");
	ns_try("ip nexthop add id 7 via 10.77.0.9 dev p0 && ip route add 10.94.0.0/16 nhid 7");
	ns_run("ip rule add from 10.77.0.0/24 table 200 prio 1000 && ip -6 rule add to 2001:db8:90::/48 table 200");
	ns_run("ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev p0 && "
	       "ip neigh add 2001:db8:77::9 lladdr 02:00:00:00:00:09 dev p0 && ip neigh add proxy 10.77.0.99 dev p0 && "
	       "ip neigh add proxy 2001:db8:77::99 dev p0");
	ns_settle();
}

static const char *const beside_strangers[] = {
	P0 "routes:\n"
	   "  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n"
	   "  - { to: 10.90.0.0/16, via: 10.0.0.2, metric: 6 }\n"
	   "  - { to: 10.93.0.0/16, via: 10.0.0.2 }\n"
	   "  - { to: default, via: 10.0.0.2 }\n"
	   "  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\" }\n"
	   "  - { to: \"2001:db8:90::/48\", via: \"2001:db8::2\", metric: 6 }\n"
	   "  - { to: default, via: \"2001:db8::2\" }\n",
	P0 "    mtu: 1400\n"
	   "  br0: { create: { type: bridge, ports: [q0] } }\n"
	   "  q0: { match: { name: q0 } }\n"
	   "addresses:\n"
	   "  - { interface: p0, address: 10.77.0.3/24 }\n"
	   "  - { interface: p0, address: \"2001:db8:77::3/64\" }\n"
	   "routes:\n"
	   "  - { to: 10.1.0.0/16, via: 10.0.0.3, source: 10.77.0.3 }\n"
	   "  - { to: 10.90.0.0/16, via: 10.77.0.9, metric: 4 }\n"
	   "  - { to: \"2001:db8:1::/48\", via: \"2001:db8::3\" }\n",
	P0 "routes:\n  - { to: 10.95.0.0/16, type: blackhole }\n",
};

Test(ownership, strangers_are_not_touched_by_apply_change_and_down)
{
	const char *before;
	json_t *foreign;

	ns_begin();
	make_strangers();
	before = ns_state();
	foreign = ns_foreign();
	ns_apply_well(beside_strangers[0]);
	ns_expect_foreign(foreign);
	ns_apply_well(beside_strangers[2]);
	ns_expect_foreign(foreign);
	ns_apply_well(beside_strangers[0]);
	ns_expect_foreign(foreign);
	ns_rollback_well("");
	ns_down_well();
	ns_expect_state(before);
}

Test(ownership, strangers_survive_changes_of_their_link)
{
	const char *before;

	ns_begin();
	make_strangers();
	before = ns_state();
	ns_apply_well(beside_strangers[1]);
	ns_apply_well(beside_strangers[0]);
	ns_apply_well(beside_strangers[1]);
	ns_rollback_well("--to 1");
	ns_down_well();
	ns_expect_state(before);
}

Test(ownership, down_removes_ours_beside_strangers_of_equal_key)
{
	struct ns_answer answer;

	ns_begin();
	make_strangers();
	ns_apply_well(P0 "routes:\n  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n"
			 "  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\" }\n");
	/* Siblings that a stranger adds to ours afterwards. */
	ns_run("ip route append 10.1.0.0/16 via 10.77.0.9 proto static && "
	       "ip -6 route append 2001:db8:1::/48 via 2001:db8:77::9 proto static");
	answer = ns_span("down");
	ns_expect_exit(&answer, 0);
	ns_expect_facts((const struct ns_fact[]){
		{ "-4 route show 10.1.0.0/16", "gateway", "10.77.0.9" },
		{ "-4 route show 10.1.0.0/16", "protocol", "static" },
		{ "-6 route show 2001:db8:1::/48", "gateway", "2001:db8:77::9" },
		{ "-6 route show 2001:db8:1::/48", "protocol", "static" },
		{ 0 },
	});
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

static int note_mark(struct nl_msg *message, void *data)
{
	struct nlattr *tb[IFA_PROTO + 1];
	const struct ifaddrmsg *info = nlmsg_data(nlmsg_hdr(message));
	unsigned *marked = data;

	if (nlmsg_parse(nlmsg_hdr(message), sizeof(*info), tb, IFA_PROTO, NULL) < 0)
		return NL_SKIP;
	if (tb[IFA_PROTO] && nla_get_u8(tb[IFA_PROTO]) == 108)
		marked[info->ifa_family == AF_INET6]++;
	return NL_OK;
}

/* iproute2 shows IFA_PROTO from 6.3 on: asked by other means. */
static void count_marked_addresses(unsigned marked[static 2])
{
	struct nl_sock *sock = nl_socket_alloc();

	cr_assert_not_null(sock);
	cr_assert_eq(nl_connect(sock, NETLINK_ROUTE), 0);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, note_mark, marked);
	cr_assert_geq(
		nl_send_simple(sock, RTM_GETADDR, NLM_F_DUMP, &(struct ifaddrmsg){ 0 }, sizeof(struct ifaddrmsg)), 0);
	cr_assert_geq(nl_recvmsgs_default(sock), 0);
	nl_socket_free(sock);
}

Test(ownership, everything_made_is_marked)
{
	unsigned marked[2] = { 0 };

	ns_begin();
	ns_make_pair("p0");
	ns_apply_well(P0 "  br0: { create: { type: bridge } }\n"
			 "  va: { create: { type: veth, peer: vb } }\n"
			 "  vb: { create: { type: veth, peer: va } }\n"
			 "routes:\n  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n"
			 "  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\" }\n"
			 "  - { to: \"2001:db8:2::/48\", type: blackhole }\n");
	ns_expect_facts((const struct ns_fact[]){
		{ "link show br0", "group", "27763" },
		{ "link show va", "group", "27763" },
		{ "link show vb", "group", "27763" },
		{ "link show p0", "group", "default" },
		{ "-4 route show proto 108", NULL, "1" },
		{ "-6 route show proto 108", NULL, "2" },
		{ 0 },
	});
	count_marked_addresses(marked);
	cr_expect_eq(marked[0], 1);
	cr_expect_eq(marked[1], 1);
}

/* ---- satisfied --------------------------------------------------------------------------------------------------- */

Test(ownership, what_others_made_as_asked_stays_theirs)
{
	const char *spec = P0 "routes:\n  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n"
			      "  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\" }\n";
	struct ns_answer answer;
	const char *before;
	json_t *summary;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.0.0.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0 && "
	       "ip route add 10.1.0.0/16 via 10.0.0.2 proto static && "
	       "ip -6 route add 2001:db8:1::/48 via 2001:db8::2 proto static && "
	       "echo 0 >" CONF6 "p0/accept_ra");
	ns_settle();
	before = ns_state();
	answer = ns_plan(spec);
	ns_expect_exit(&answer, 0);
	summary = json_object_get(ns_parse(answer.out), "summary");
	cr_expect_eq(json_integer_value(json_object_get(summary, "satisfied")), 4);
	ns_apply_well(spec);
	ns_expect_state(before);
	answer = ns_span("down");
	ns_expect_exit(&answer, 0);
	ns_expect_state(before);
}

Test(ownership, ours_comes_where_a_satisfying_one_went)
{
	const char *spec = P0 "routes:\n  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n";
	struct ns_answer answer;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.0.0.1/24 dev p0 && ip route add 10.1.0.0/16 via 10.0.0.2 proto static");
	ns_apply_well(spec);
	ns_run("ip route del 10.1.0.0/16");
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, NS_WORDS("missing", "10.1.0.0/16"));
	ns_apply_well(spec);
	ns_expect_facts((const struct ns_fact[]){ { "-4 route show 10.1.0.0/16", "protocol", "108" }, { 0 } });
	ns_down_well();
	ns_expect_facts((const struct ns_fact[]){
		{ "-4 route show 10.1.0.0/16", NULL, "0" },
		{ "addr show p0 to 10.0.0.1", "addr_info.local", "10.0.0.1" },
		{ 0 },
	});
}

/* ---- conflicts and adoption -------------------------------------------------------------------------------------- */

struct conflict {
	const char *setup, *spec; /* in `spec`, "%s" stands for ", adopt: true" or nothing */
	const char *words[5];
	bool adoptable;
	struct ns_fact adopted[3];
};

#define ADOPT_ROUTE(route) "interfaces:\n  p0: { match: { name: p0 } }\nroutes:\n  - { " route "%s }\n"

static const struct conflict conflicts[] = {
	{ "ip route add 10.1.0.0/16 via 10.77.0.9 proto static",
		ADOPT_ROUTE("to: 10.1.0.0/16, via: 10.77.0.8, interface: p0"),
		{ "10.1.0.0/16", "10.77.0.9", "static", "spec.yaml:7:5" }, true,
		{ { "-4 route show 10.1.0.0/16", "gateway", "10.77.0.8" },
			{ "-4 route show 10.1.0.0/16", "protocol", "108" } } },
	{ "ip route add 10.1.0.0/16 proto bird metric 7 nexthop via 10.77.0.8 weight 3 nexthop via 10.77.0.9",
		ADOPT_ROUTE("to: 10.1.0.0/16, via: 10.77.0.8, interface: p0, metric: 7"),
		{ "10.1.0.0/16", "10.77.0.9", "BIRD" }, true,
		{ { "-4 route show 10.1.0.0/16", "gateway", "10.77.0.8" },
			{ "-4 route show 10.1.0.0/16", "nexthops", NULL } } },
	{ "ip route add 10.1.0.0/16 via 10.77.0.9 mtu 1400 advmss 1300 rto_min 50 initcwnd 20",
		ADOPT_ROUTE("to: 10.1.0.0/16, type: blackhole"), { "10.1.0.0/16", "10.77.0.9", "blackhole" }, true,
		{ { "-4 route show 10.1.0.0/16", "type", "blackhole" } } },
	{ "ip -6 route add 2001:db8:1::/48 via 2001:db8:77::9 proto static metric 7 mtu 1400",
		ADOPT_ROUTE("to: \"2001:db8:1::/48\", via: \"2001:db8:77::8\", interface: p0, metric: 7"),
		{ "2001:db8:1::/48", "2001:db8:77::9", "static" }, true,
		{ { "-6 route show 2001:db8:1::/48", "gateway", "2001:db8:77::8" },
			{ "-6 route show 2001:db8:1::/48", "protocol", "108" } } },
	{ "ip -6 route add unreachable 2001:db8:1::/48",
		ADOPT_ROUTE("to: \"2001:db8:1::/48\", via: \"2001:db8:77::8\", interface: p0"),
		{ "2001:db8:1::/48", "unreachable" }, true,
		{ { "-6 route show 2001:db8:1::/48", "gateway", "2001:db8:77::8" } } },
	{ "ip -6 route add 2001:db8:1::/48 nexthop via 2001:db8:77::8 nexthop via 2001:db8:77::9",
		ADOPT_ROUTE("to: \"2001:db8:1::/48\", via: \"2001:db8:77::7\", interface: p0"),
		{ "2001:db8:1::/48", "2001:db8:77::7" }, false, { { 0 } } },
	{ "ip addr add 2001:db8:5::1/56 dev p0",
		"interfaces:\n  p0: { match: { name: p0 } }\naddresses:\n"
		"  - { interface: p0, address: \"2001:db8:5::1/64\"%s }\n",
		{ "2001:db8:5::1/56", "spec.yaml:7:5" }, true,
		{ { "addr show p0 to 2001:db8:5::1", "addr_info.prefixlen", "64" } } },
	{ "ip addr add 10.5.0.1/24 dev p0 valid_lft 3000 preferred_lft 2000",
		"interfaces:\n  p0: { match: { name: p0 } }\naddresses:\n"
		"  - { interface: p0, address: 10.5.0.1/24%s }\n",
		{ "10.5.0.1/24" }, true,
		{ { "addr show p0 to 10.5.0.1", "addr_info.valid_life_time", "4294967295" } } },
	{ "ip link add br0 type veth peer name br1", "interfaces:\n  br0: { create: { type: bridge } }\n",
		{ "br0", "veth", "bridge", "spec.yaml:5:3" }, false, { { 0 } } },
	{ "ip link add br0 type bridge", "interfaces:\n  br0: { create: { type: bridge } }\n", { "br0" }, false,
		{ { 0 } } },
};

static void prepare_conflict(const struct conflict *conflict)
{
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip -6 addr add 2001:db8:77::1/64 dev p0 && %s", conflict->setup);
	ns_settle();
}

NS_TEST_EACH(ownership, conflict_is_refused_with_nothing_sent, conflicts)
{
	const struct conflict *conflict = &conflicts[*number];
	struct ns_answer answer;
	const char *before, *body;

	ns_begin();
	prepare_conflict(conflict);
	before = ns_state();
	body = ns_text(conflict->spec, ""); /* NOLINT */
	answer = ns_plan(body);
	ns_expect_exit(&answer, 1);
	cr_expect_gt(json_array_size(json_object_get(ns_parse(answer.out), "conflicts")), 0);
	answer = ns_apply(body);
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, conflict->words);
	cr_expect_eq(ns_count_changes(ns_text("apply %s/spec.yaml", ns_dir())), 0);
	ns_expect_state(before);
	answer = ns_span("status --json");
	cr_expect(json_is_null(json_object_get(ns_parse(answer.out), "generation")));
}

NS_TEST_EACH(ownership, adopted_original_comes_back_exactly, conflicts)
{
	const struct conflict *conflict = &conflicts[*number];
	const char *before;

	ns_begin();
	if (!conflict->adoptable)
		return;
	prepare_conflict(conflict);
	before = ns_state();
	ns_apply_well(ns_text(conflict->spec, ", adopt: true")); /* NOLINT */
	ns_expect_facts(conflict->adopted);
	ns_down_well();
	ns_expect_state(before);
}

Test(ownership, adopted_original_comes_back_when_the_spec_drops_it)
{
	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.1.0.0/16 via 10.77.0.9 proto static metric 3 mtu "
	       "1400");
	ns_apply_well("interfaces:\n  p0: { match: { name: p0 } }\n"
		      "routes:\n  - { to: 10.1.0.0/16, via: 10.77.0.8, interface: p0, metric: 3, adopt: true }\n");
	ns_apply_well("interfaces:\n  p0: { match: { name: p0 } }\n"
		      "routes:\n  - { to: 10.1.0.0/16, via: 10.77.0.7, interface: p0, metric: 3, adopt: true }\n");
	ns_apply_well("interfaces:\n  p0: { match: { name: p0 } }\n");
	ns_expect_facts((const struct ns_fact[]){
		{ "-4 route show 10.1.0.0/16", "gateway", "10.77.0.9" },
		{ "-4 route show 10.1.0.0/16", "protocol", "static" },
		{ "-4 route show 10.1.0.0/16", "metrics.mtu", "1400" },
		{ "-4 route show table all proto 108", NULL, "0" },
		{ 0 },
	});
}

Test(ownership, failed_adoption_gives_the_original_back)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.1.0.0/16 via 10.77.0.9 proto static mtu 1400 && "
	       "ip -6 addr add 2001:db8:5::1/56 dev p0");
	ns_settle();
	before = ns_state();
	answer = ns_apply("interfaces:\n  p0: { match: { name: p0 } }\n"
			  "addresses:\n  - { interface: p0, address: \"2001:db8:5::1/64\", adopt: true }\n"
			  "routes:\n  - { to: 10.1.0.0/16, via: 10.77.0.8, interface: p0, adopt: true }\n"
			  "  - { to: 10.2.0.0/16, via: 10.66.0.1, interface: p0, metric: 9 }\n");
	ns_expect_exit(&answer, 1);
	ns_expect_state(before);
}

Test(ownership, option_adopt_takes_over_what_the_spec_does_not_say)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.1.0.0/16 via 10.77.0.9 proto static");
	before = ns_state();
	ns_spec("interfaces:\n  p0: { match: { name: p0 } }\n"
		"routes:\n  - { to: 10.1.0.0/16, via: 10.77.0.8, interface: p0 }\n");
	answer = ns_span("apply --adopt %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
	ns_expect_settled();
	ns_expect_facts((const struct ns_fact[]){ { "-4 route show 10.1.0.0/16", "gateway", "10.77.0.8" }, { 0 } });
	ns_down_well();
	ns_expect_state(before);
}

Test(ownership, what_strangers_put_on_our_link_keeps_it_unless_forced)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	ns_apply_well("interfaces:\n  br0: { create: { type: bridge } }\n");
	ns_run("ip addr add 10.77.0.1/24 dev br0 && ip route add 10.78.0.0/16 via 10.77.0.2");
	before = ns_state();
	answer = ns_span("down");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("10.77.0.1/24", "10.78.0.0/16", "--force"));
	cr_expect_eq(ns_count_changes("down"), 0);
	ns_expect_state(before);
	answer = ns_span("down --force");
	ns_expect_exit(&answer, 0);
	ns_expect_facts((const struct ns_fact[]){ { "link show br0", NULL, "0" }, { 0 } });
}

/* ---- changed from outside ---------------------------------------------------------------------------------------- */

#define OWN \
	P0 "  br0: { create: { type: bridge, ports: [q0], macaddress: \"02:00:5e:00:00:01\" }, mtu: 1400 }\n" \
	   "  q0: { match: { name: q0 }, mtu: 1400 }\n" \
	   "routes:\n" \
	   "  - { to: 10.1.0.0/16, via: 10.0.0.2, mtu: 1400 }\n" \
	   "  - { to: \"2001:db8:1::/48\", via: \"2001:db8::2\" }\n" \
	   "  - { to: 10.2.0.0/16, type: blackhole }\n" \
	   "sysctls: { net.ipv4.ip_forward: 1, net.ipv4.conf.p0.rp_filter: 2 }\n"

/* What a stranger does to our own; what status then says; the steps of the repair. The MTU of a bridge follows its
 * ports, so it differs where theirs does. */
static const struct meddling {
	const char *command;
	const char *drift[4];
	const char *repair;
} meddlings[] = {
	{ "ip link set br0 mtu 1300", { "changed", "link br0", "mtu is 1300 instead of 1400" },
		"change link br0 (mtu)" },
	{ "ip link set br0 down", { "changed", "link br0", "up is false instead of true" }, "change link br0 (up)" },
	{ "ip link set br0 address 02:00:5e:00:00:99", { "changed", "link br0", "02:00:5e:00:00:99" },
		"change link br0 (mac)" },
	{ "ip link set br0 type bridge stp_state 1", { "changed", "link br0", "stp is true" },
		"change link br0 (stp)" },
	{ "ip link set q0 nomaster", { "changed", "link q0", "master is none instead of br0" },
		"change link br0 (mtu); change link q0 (master)" },
	{ "ip link set q0 mtu 1390", { "changed", "link q0", "mtu is 1390" },
		"change link br0 (mtu); change link q0 (mtu)" },
	{ "ip addr del 10.0.0.1/24 dev p0 && ip route replace 10.1.0.0/16 dev p0 proto 108 via 10.0.0.2 onlink mtu "
	  "1400 || "
	  ":",
		{ "missing", "address 10.0.0.1/24 dev p0" }, NULL },
	{ "ip addr del 2001:db8::1/64 dev p0", { "missing", "address 2001:db8::1/64 dev p0" },
		"add address 2001:db8::1/64 dev p0" },
	{ "ip route replace 10.1.0.0/16 via 10.0.0.3 proto 108 mtu 1400",
		{ "changed", "route 10.1.0.0/16", "via is 10.0.0.3 instead of 10.0.0.2" },
		"replace route 10.1.0.0/16 (via)" },
	{ "ip route change 10.1.0.0/16 via 10.0.0.2 proto 108 mtu 1300",
		{ "changed", "route 10.1.0.0/16", "mtu is 1300 instead of 1400" }, "replace route 10.1.0.0/16 (mtu)" },
	{ "ip -6 route replace 2001:db8:1::/48 via 2001:db8::3 proto 108",
		{ "changed", "route 2001:db8:1::/48", "via is 2001:db8::3" },
		"replace route 2001:db8:1::/48 metric 1024 (via)" },
	{ "ip route del blackhole 10.2.0.0/16", { "missing", "route 10.2.0.0/16" }, "add route 10.2.0.0/16" },
	{ "ip route add 10.3.0.0/16 via 10.0.0.2 proto 108", { "extra", "route 10.3.0.0/16" },
		"delete route 10.3.0.0/16" },
	{ "ip addr flush dev p0", { "missing", "10.0.0.1/24", "2001:db8::1/64" }, NULL },
	{ "echo 1 >" CONF4 "p0/rp_filter",
		{ "changed", "sysctl net/ipv4/conf/p0/rp_filter", "value is 1 instead of 2" },
		"change sysctl net/ipv4/conf/p0/rp_filter (value)" },
	{ "ip link del br0", { "missing", "link br0", "link q0" }, NULL },
	{ "ip link set p0 down", { "changed", "link p0", "missing" }, NULL },
};

NS_TEST_EACH(ownership, change_from_outside_is_named_and_repaired, meddlings)
{
	const struct meddling *meddling = &meddlings[*number];
	struct ns_answer answer;
	const char *before, *good;

	ns_begin();
	ns_make_pair("p0");
	ns_make_pair("q0");
	before = ns_state();
	ns_apply_well(OWN);
	ns_settle();
	good = ns_state();
	ns_run("%s", meddling->command);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, meddling->drift);
	answer = ns_span("plan --json %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 2);
	if (meddling->repair)
		cr_expect_str_eq(ns_steps(answer.out), meddling->repair);
	ns_apply_well(OWN);
	if (meddling->repair)
		ns_expect_state(good);
	ns_down_well();
	ns_expect_state(before);
}

/* ---- originals --------------------------------------------------------------------------------------------------- */

#define ORIGINALS \
	"interfaces:\n  p0: { match: { name: p0 }, mtu: 1400, ipv6: { method: manual } }\n" \
	"  q0: { match: { name: q0 } }\n" \
	"sysctls: { net.ipv4.ip_forward: 1, net.ipv4.conf.p0.rp_filter: 2, net.ipv4.conf.p0.proxy_arp: 1, " \
	"net.ipv6.conf.p0.use_tempaddr: 0 }\n"

static void make_originals(void)
{
	ns_make_pair("p0");
	ns_run("ip link set p0 mtu 1450 && ip link add q0 type veth peer name far-q0 && "
	       "echo 1 >" CONF4 "p0/rp_filter && echo 1 >" CONF6 "p0/use_tempaddr");
}

Test(ownership, originals_of_sysctls_and_matched_links_come_back)
{
	const char *before;

	ns_begin();
	make_originals();
	before = ns_state();
	ns_apply_well(ORIGINALS);
	ns_expect_facts((const struct ns_fact[]){
		{ "link show p0", "mtu", "1400" },
		{ "link show q0", "flags", "UP" },
		{ CONF6 "p0/use_tempaddr", NULL, "0" },
		{ CONF4 "far-p0/forwarding", NULL, "1" },
		{ 0 },
	});
	ns_down_well();
	ns_expect_state(before);
}

Test(ownership, originals_come_back_one_by_one_as_the_spec_drops_them)
{
	const char *before;

	ns_begin();
	make_originals();
	before = ns_state();
	ns_apply_well(ORIGINALS);
	ns_apply_well("interfaces:\n  p0: { match: { name: p0 }, ipv6: { method: manual } }\n"
		      "sysctls: { net.ipv4.conf.p0.rp_filter: 0, net.ipv6.conf.p0.use_tempaddr: 0 }\n");
	ns_expect_facts((const struct ns_fact[]){
		{ "link show p0", "mtu", "1450" },
		{ "link show q0", "flags", "!UP" },
		{ "/proc/sys/net/ipv4/ip_forward", NULL, "0" },
		{ CONF4 "p0/rp_filter", NULL, "0" },
		{ CONF4 "p0/proxy_arp", NULL, "0" },
		{ CONF6 "p0/use_tempaddr", NULL, "0" },
		{ 0 },
	});
	ns_down_well();
	ns_expect_state(before);
}

Test(ownership, values_written_by_strangers_are_left_and_told)
{
	struct ns_answer answer;

	ns_begin();
	make_originals();
	ns_apply_well(ORIGINALS);
	ns_run("ip link set p0 mtu 1420 && echo 0 >" CONF4 "p0/rp_filter");
	answer = ns_span("down");
	ns_expect_exit(&answer, 0);
	ns_expect_facts((const struct ns_fact[]){
		{ "link show p0", "mtu", "1420" },
		{ CONF4 "p0/rp_filter", NULL, "0" },
		{ CONF4 "p0/proxy_arp", NULL, "0" },
		{ CONF6 "p0/use_tempaddr", NULL, "1" },
		{ "/proc/sys/net/ipv4/ip_forward", NULL, "0" },
		{ 0 },
	});
	ns_expect_words(answer.err, NS_WORDS("net/ipv4/conf/p0/rp_filter", "link p0"));
}

Test(ownership, originals_survive_generations)
{
	const char *before;

	ns_begin();
	make_originals();
	before = ns_state();
	ns_apply_well(ORIGINALS);
	ns_apply_well("interfaces:\n  p0: { match: { name: p0 }, mtu: 1300, ipv6: { method: manual } }\n");
	ns_apply_well("interfaces:\n  p0: { match: { name: p0 }, mtu: 1310, ipv6: { method: disabled } }\n");
	ns_rollback_well("--to 1");
	ns_rollback_well("--to 2");
	ns_rollback_well("");
	ns_expect_facts((const struct ns_fact[]){
		{ "link show p0", "mtu", "1400" },
		{ CONF6 "p0/disable_ipv6", NULL, "0" },
		{ CONF6 "p0/accept_ra", NULL, "0" },
		{ 0 },
	});
	ns_down_well();
	ns_expect_state(before);
}

/* The record of a namespace that still lives must not be taken for that of one that is gone. */
Test(ownership, a_record_in_use_is_not_taken_over)
{
	const char *before;

	ns_begin();
	make_originals();
	before = ns_state();
	ns_apply_well(ORIGINALS);
	ns_run("unshare -n sh -c '\"$LINKSPAN\" --state-dir %s/state down' >%s/other 2>&1; "
	       "test $? = 1",
		ns_dir(), ns_dir());
	ns_expect_words(
		ns_read_file(ns_text("%s/other", ns_dir())), NS_WORDS("another network namespace", "--state-dir"));
	ns_down_well();
	ns_expect_state(before);
	/* One that is gone may. */
	ns_run("for i in 1 2; do unshare -n \"$LINKSPAN\" --state-dir %s/gone apply %s; done", ns_dir(),
		ns_spec("sysctls: { net.ipv4.ip_forward: 1 }\n"));
	ns_expect_words(ns_output("ls %s/gone/generations", ns_dir()), NS_WORDS("1", "2"));
}
