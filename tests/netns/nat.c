/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NAT with real traffic: a client on the internet, a gateway (this namespace), and two replicas behind it. Servers say
 * who they are and whom they see.
 */
#include "netns_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(nat, .init = ns_enter, .fini = ns_leave);

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

#define CLIENT4 "203.0.113.99"
#define CLIENT6 "2001:db8:fe::99"

/* Another namespace, which lasts for two minutes at most, with the other end of a link of ours. */
static void make_host(const char *name, const char *link, const char *master)
{
	ns_run("unshare -n sleep 120 >/dev/null 2>&1 & echo $! >%s/%s; sleep 0.1", ns_dir(), name);
	ns_run("ip link add %s type veth peer name eth0 netns $(cat %s/%s) && ip link set %s up %s%s", link, ns_dir(),
		name, link, *master ? "master " : "", master);
	ns_run("nsenter -t $(cat %s/%s) -n sh -c 'for l in all default eth0; do echo 0 "
	       ">/proc/sys/net/ipv6/conf/$l/accept_dad; done; ip link set lo up; ip link set eth0 up'",
		ns_dir(), name);
}

static void serve(const char *host, const char *protocol, const char *address, unsigned port)
{
	ns_on(host, "timeout 120 tests/netns/nat.py serve %s %s %u %s >/dev/null 2>&1 &", protocol, address, port,
		host);
}

static void serve_both(const char *host, const char *address, unsigned port)
{
	serve(host, "tcp", address, port);
	serve(host, "udp", address, port);
}

static const char *ask_from(
	const char *host, const char *protocol, const char *address, unsigned port, const char *source)
{
	return ns_output("nsenter -t $(cat %s/%s) -n tests/netns/nat.py ask %s %s %u %s | tr -d '\\n'", ns_dir(), host,
		protocol, address, port, source);
}

static void make_hosts(void)
{
	ns_need_program("nft");
	ns_need_program("python3");
	if (!ns_try("nft add table inet probe && nft delete table inet probe"))
		ns_skip("this kernel has no nftables");
	make_host("client", "up0", "");
	ns_run("ip link add in0 type bridge && ip link set in0 up");
	/* Where bridged packets go through the rules of routed ones, replicas of one bridge meet without the gateway.
	 */
	/* Neighbours are asked from a link-local address when the packet itself comes from elsewhere. */
	ns_run("ip addr add fe80::1/64 dev in0 && ip addr add fe80::2/64 dev up0");
	ns_run("for f in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do test ! -e $f || echo 0 >$f; done");
	make_host("one", "port1", "in0");
	make_host("two", "port2", "in0");
	ns_on("client", "ip addr add " CLIENT4 "/24 dev eth0; ip addr add " CLIENT6 "/64 dev eth0; "
			"ip route add 2001:db8:fe:2::/64 via 2001:db8:fe::10; ip addr add 198.51.100.1/32 dev lo");
	ns_on("one", "ip addr add 10.10.1.20/24 dev eth0; ip addr add 2001:db8:a:1::20/64 dev eth0; "
		     "ip route add default via 10.10.1.1; ip route add default via 2001:db8:a:1::1");
	ns_on("two", "ip addr add 10.10.1.21/24 dev eth0; ip addr add 2001:db8:a:1::21/64 dev eth0; "
		     "ip addr add 2001:db8:a:2::5/128 dev lo; "
		     "ip route add default via 10.10.1.1; ip route add default via 2001:db8:a:1::1");
	ns_run("ln -s $PWD %s/here; echo $$ >%s/gateway", ns_dir(), ns_dir());
}

#define HOSTS \
	"interfaces:\n" \
	"  up0: { match: { name: up0 }, ipv4: { method: manual, addresses: [203.0.113.10/24] },\n" \
	"         ipv6: { method: manual, addresses: [\"2001:db8:fe::10/64\"] } }\n" \
	"  in0: { match: { name: in0 }, ipv4: { method: manual, addresses: [10.10.1.1/24] },\n" \
	"         ipv6: { method: manual, addresses: [\"2001:db8:a:1::1/64\"] } }\n" \
	"routes: [{ to: \"2001:db8:a:2::/64\", via: \"2001:db8:a:1::21\", interface: in0 }]\n"
#define NETWORKS(internet) \
	"networks:\n" \
	"  prod: { interface: in0, internet: " internet ", ipv4: { subnet: 10.10.1.0/24 }, " \
	"ipv6: { subnet: \"2001:db8:a:1::/64\" } }\n"
#define PUBLIC(more) \
	"public_ips:\n" \
	"  interface: up0\n" \
	"  addresses: [203.0.113.20, 203.0.113.21, \"2001:db8:fe::20\", \"2001:db8:fe::21\"]\n" \
	"  mappings:\n" \
	"    - { public: 203.0.113.20, protocol: tcp, port: 443, to: 10.10.1.20, to_port: 8443 }\n" \
	"    - { public: 203.0.113.20, protocol: udp, port: 5000-5010, to: 10.10.1.21 }\n" \
	"    - { public: \"2001:db8:fe::20\", protocol: tcp, port: 443, to: \"2001:db8:a:1::20\", to_port: 8443 }\n" \
	"    - { public: \"2001:db8:fe::20\", protocol: udp, port: 5000-5010, to: \"2001:db8:a:1::21\" }\n" more
#define ONE_TO_ONE \
	"    - { public: 203.0.113.21, to: 10.10.1.20 }\n" \
	"    - { public: \"2001:db8:fe::21\", to: \"2001:db8:a:1::20\" }\n"
#define FORWARDS \
	"forwards:\n" \
	"  - { interface: up0, protocol: [udp], port: 20001, to: \"10.10.1.21:1195\" }\n" \
	"  - { interface: up0, port: 20002, to: \"[2001:db8:a:1::21]:1195\" }\n"
#define PREFIXES "nat: { prefixes: [{ inside: \"2001:db8:a:2::/64\", outside: \"2001:db8:fe:2::/64\" }] }\n"
#define ALL HOSTS NETWORKS("true") PUBLIC(ONE_TO_ONE) FORWARDS PREFIXES

/* ---- every sort of mapping --------------------------------------------------------------------------------------- */

static const struct question {
	const char *what, *from, *protocol, *address;
	unsigned port;
	const char *source; /* that it asks from */
	const char *answer;
} questions[] = {
	{ "a port", "client", "tcp", "203.0.113.20", 443, "", "one " CLIENT4 },
	{ "a port", "client", "tcp", "2001:db8:fe::20", 443, "", "one " CLIENT6 },
	{ "the first of a range", "client", "udp", "203.0.113.20", 5000, "", "two " CLIENT4 },
	{ "the last of a range", "client", "udp", "203.0.113.20", 5010, "", "two " CLIENT4 },
	{ "a range", "client", "udp", "2001:db8:fe::20", 5005, "", "two " CLIENT6 },
	{ "behind a range", "client", "udp", "203.0.113.20", 5011, "", "refused" },
	{ "a port of the other protocol", "client", "udp", "203.0.113.20", 443, "", "refused" },
	{ "a port that is not mapped", "client", "tcp", "203.0.113.20", 8443, "", "refused" },
	{ "a port that is not mapped", "client", "tcp", "2001:db8:fe::20", 8443, "", "refused" },
	{ "what the gateway itself serves everywhere", "client", "tcp", "203.0.113.20", 7777, "", "refused" },
	{ "the same at its own address", "client", "tcp", "203.0.113.10", 7777, "", "gateway " CLIENT4 },
	{ "a whole address", "client", "tcp", "203.0.113.21", 8443, "", "one " CLIENT4 },
	{ "a whole address", "client", "udp", "2001:db8:fe::21", 8443, "", "one " CLIENT6 },
	{ "but not its management port", "client", "tcp", "203.0.113.21", 22, "", "gateway " CLIENT4 },
	{ "a forward", "client", "udp", "203.0.113.10", 20001, "", "two " CLIENT4 },
	{ "a forward of one protocol", "client", "tcp", "203.0.113.10", 20001, "", "refused" },
	{ "a forward of both", "client", "udp", "2001:db8:fe::10", 20002, "", "two " CLIENT6 },
	{ "a forward of both", "client", "tcp", "2001:db8:fe::10", 20002, "", "two " CLIENT6 },
	{ "a prefix, the identifier kept", "client", "udp", "2001:db8:fe:2::5", 1195, "", "two " CLIENT6 },
	{ "a prefix on the way out", "two", "udp", CLIENT6, 9000, "2001:db8:a:2::5", "client 2001:db8:fe:2::5" },
	{ "out, masqueraded", "two", "tcp", CLIENT4, 9000, "", "client 203.0.113.10" },
	{ "out, masqueraded", "two", "udp", CLIENT6, 9000, "", "client 2001:db8:fe::10" },
	{ "out as the address that it is mapped to", "one", "tcp", CLIENT4, 9000, "", "client 203.0.113.21" },
	{ "out as the address that it is mapped to", "one", "udp", CLIENT6, 9000, "", "client 2001:db8:fe::21" },
	{ "hairpin", "two", "tcp", "203.0.113.20", 443, "", "one 10.10.1.1" },
	{ "hairpin", "two", "tcp", "2001:db8:fe::20", 443, "", "one 2001:db8:a:1::1" },
	{ "hairpin of a whole address to itself", "one", "udp", "203.0.113.21", 8443, "", "one 203.0.113.21" },
};

static void start_servers(void)
{
	serve_both("one", "10.10.1.20", 8443);
	serve_both("one", "2001:db8:a:1::20", 8443);
	serve_both("one", "10.10.1.20", 22);
	serve("two", "udp", "10.10.1.21", 5000);
	serve("two", "udp", "10.10.1.21", 5010);
	serve("two", "udp", "2001:db8:a:1::21", 5005);
	serve_both("two", "10.10.1.21", 1195);
	serve_both("two", "2001:db8:a:1::21", 1195);
	serve("two", "udp", "2001:db8:a:2::5", 1195);
	serve_both("client", CLIENT4, 9000);
	serve_both("client", CLIENT6, 9000);
	ns_run("for p in 22 7777; do timeout 120 tests/netns/nat.py serve tcp 0.0.0.0 $p gateway >/dev/null 2>&1 & "
	       "done");
	usleep(600000);
}

Test(nat, every_mapping_leads_where_it_says)
{
	ns_begin();
	make_hosts();
	ns_apply_well(ALL);
	start_servers();
	for (size_t i = 0; i < LS_ARRAY_SIZE(questions); i++) {
		const struct question *question = &questions[i];
		const char *answer = ask_from(
			question->from, question->protocol, question->address, question->port, question->source);

		cr_expect_str_eq(answer, question->answer, "%s: %s to %s %s port %u: \"%s\" instead of \"%s\"",
			question->what, question->from, question->protocol, question->address, question->port, answer,
			question->answer);
	}
	ns_down_well();
	cr_expect_str_eq(ns_output("nft list tables"), "");
}

Test(nat, network_without_internet_stays_inside)
{
	ns_begin();
	make_hosts();
	serve_both("client", CLIENT4, 9000);
	serve_both("client", CLIENT6, 9000);
	ns_apply_well(HOSTS NETWORKS("true") PUBLIC(""));
	cr_expect_str_eq(ask_from("two", "udp", CLIENT4, 9000, ""), "client 203.0.113.10");
	ns_apply_well(HOSTS NETWORKS("false") PUBLIC(""));
	cr_expect_str_eq(ask_from("two", "udp", CLIENT4, 9000, ""), "silence");
	cr_expect_str_eq(ask_from("two", "tcp", CLIENT6, 9000, ""), "silence");
}

/* ---- addresses that others give, sources, the filter --------------------------------------------------------------
 */

#define GIVEN \
	"interfaces:\n" \
	"  up0: { match: { name: up0 }, ipv4: { method: auto }, ipv6: { method: auto } }\n" \
	"  in0: { match: { name: in0 }, ipv4: { method: manual, addresses: [10.10.1.1/24] },\n" \
	"         ipv6: { method: manual, addresses: [\"2001:db8:a:1::1/64\"] } }\n"

static void expect_answer(
	const char *from, const char *protocol, const char *address, unsigned port, const char *answer)
{
	const char *found = ask_from(from, protocol, address, port, "");

	cr_expect_str_eq(found, answer, "%s to %s %s port %u: \"%s\" instead of \"%s\"", from, protocol, address, port,
		found, answer);
}

/* Without waiting for addresses, of which there are none. */
static void apply_at_once(const char *spec)
{
	struct ns_answer answer = ns_span("apply --wait 0 %s", ns_spec(spec));

	ns_expect_exit(&answer, 0);
}

/* Addresses come and go without linkspan; ports of the link are those of whichever it has. */
Test(nat, forwards_follow_the_addresses_that_others_give)
{
	ns_begin();
	make_hosts();
	ns_pretend_client("dhcpcd", "up0 [ip4] [ip6]");
	serve_both("two", "10.10.1.21", 1195);
	serve_both("two", "2001:db8:a:1::21", 1195);
	apply_at_once(GIVEN "forwards:\n"
			    "  - { interface: up0, protocol: [udp], port: 20001, to: \"10.10.1.21:1195\" }\n"
			    "  - { interface: up0, protocol: [tcp], port: 1190-1199, to: \"2001:db8:a:1::21\" }\n"
			    "  - { interface: up0, protocol: [udp], port: 20002, to: \"[2001:db8:a:1::21]:1195\", "
			    "source: masquerade }\n");
	ns_run("ip addr add 203.0.113.30/24 dev up0; ip addr add 2001:db8:fe::30/64 dev up0 nodad");
	usleep(300000);
	expect_answer("client", "udp", "203.0.113.30", 20001, "two " CLIENT4);
	expect_answer("client", "tcp", "2001:db8:fe::30", 1195, "two " CLIENT6);
	expect_answer("client", "udp", "2001:db8:fe::30", 20002, "two 2001:db8:a:1::1");
	ns_run("ip addr del 203.0.113.30/24 dev up0; ip addr add 203.0.113.31/24 dev up0");
	expect_answer("client", "udp", "203.0.113.31", 20001, "two " CLIENT4);
	expect_answer("client", "tcp", "203.0.113.31", 20001, "refused");
	expect_answer("two", "udp", "203.0.113.31", 20001, "refused");
}

#define FILTER(allow) \
	HOSTS NETWORKS("true") PUBLIC("") "nat: { uplinks: [up0] }\n" \
					  "filter:\n" \
					  "  input: { policy: drop, allow: [" allow "] }\n" \
					  "  forward:\n" \
					  "    policy: drop\n" \
					  "    allow:\n" \
					  "      - { from: " CLIENT4 \
					  ", to: 10.10.1.20, protocol: tcp, port: 8440-8443 }\n" \
					  "      - { to: \"2001:db8:a:1::/64\", protocol: udp }\n"

static bool pings(const char *host, const char *address)
{
	return ns_try("nsenter -t $(cat %s/%s) -n ping -c 1 -W 2 %s >/dev/null", ns_dir(), host, address);
}

Test(nat, filter_lets_through_what_is_allowed_and_every_icmp)
{
	ns_begin();
	make_hosts();
	start_servers();
	ns_on("client",
		"ip route add 10.10.1.0/24 via 203.0.113.10; ip route add 2001:db8:a:1::/64 via 2001:db8:fe::10");
	ns_apply_well(FILTER(""));
	expect_answer("client", "tcp", "203.0.113.10", 7777, "silence");
	expect_answer("client", "tcp", "203.0.113.10", 22, "gateway " CLIENT4);
	expect_answer("client", "tcp", "203.0.113.20", 443, "one " CLIENT4);
	expect_answer("client", "tcp", "203.0.113.20", 444, "refused");
	expect_answer("client", "tcp", "10.10.1.20", 8443, "one " CLIENT4);
	expect_answer("client", "udp", "10.10.1.20", 8443, "silence");
	expect_answer("client", "tcp", "10.10.1.21", 1195, "silence");
	expect_answer("client", "udp", "2001:db8:a:1::20", 8443, "one " CLIENT6);
	expect_answer("client", "tcp", "2001:db8:a:1::20", 8443, "silence");
	expect_answer("two", "tcp", CLIENT4, 9000, "client 203.0.113.10");
	expect_answer("two", "udp", CLIENT6, 9000, "client 2001:db8:fe::10");
	cr_expect(pings("client", "203.0.113.10") && pings("client", "10.10.1.20"));
	/* Neighbours are found anew: nothing of that is dropped. */
	ns_run("ip neigh flush all");
	ns_on("client", "ip neigh flush all");
	cr_expect(pings("client", "2001:db8:fe::10") && pings("client", "2001:db8:a:1::20"));
	ns_apply_well(FILTER("{ protocol: tcp, port: 7000-7777, from: 203.0.113.0/24 }"));
	expect_answer("client", "tcp", "203.0.113.10", 7777, "gateway " CLIENT4);
	ns_apply_well(HOSTS NETWORKS("true") PUBLIC("") "nat: { uplinks: [up0] }\n");
	expect_answer("client", "tcp", "10.10.1.21", 1195, "two " CLIENT4);
	cr_expect_str_eq(ns_output("nft list chain inet linkspan input | grep -c 'policy accept'"), "1\n");
}

/* What nft prints of the table is what nft takes. */
Test(nat, listing_can_be_read_again)
{
	ns_begin();
	make_hosts();
	ns_pretend_client("dhcpcd", "up0 [ip4] [ip6]");
	ns_run("ip link add t0 type bridge");
	apply_at_once(GIVEN "  t0: { match: { name: t0 }, mtu: 1420, clamp_mss: true }\n" NETWORKS("true") PUBLIC(
		ONE_TO_ONE) "forwards: [{ interface: up0, protocol: [udp], port: 70-79, to: 10.10.1.20, source: "
			    "masquerade }]\n"
			    "filter: { input: { policy: drop, allow: [{ protocol: esp }] } }\n" PREFIXES);
	ns_run("cd %s && nft list ruleset >first && nft flush ruleset && nft -f first && nft list ruleset >second",
		ns_dir());
	/* A reject is told by its family where a rule of one family has it. */
	ns_run("sed -i 's/ with icmp.* port-unreachable//' %s/second", ns_dir());
	cr_expect_str_eq(ns_output("diff %s/first %s/second 2>&1", ns_dir(), ns_dir()), "");
	cr_expect_str_eq(
		ns_output("grep -c 'comment' %s/second", ns_dir()), ns_output("grep -c comment %s/first", ns_dir()));
}

/* ---- changes under traffic --------------------------------------------------------------------------------------- */

#define ONE_PORT(port, to) \
	"    - { public: 203.0.113.20, protocol: tcp, port: " port ", to: 10.10.1.20, to_port: " to " }\n"
#define PORTS(more) \
	HOSTS NETWORKS( \
		"true") "public_ips:\n  interface: up0\n  addresses: [203.0.113.20, 203.0.113.21]\n  mappings:\n" more

Test(nat, stream_survives_what_is_not_about_it_and_ends_with_its_own_mapping)
{
	ns_begin();
	make_hosts();
	serve("one", "tcp", "10.10.1.20", 8443);
	ns_apply_well(PORTS(ONE_PORT("443", "8443") ONE_PORT("444", "8443")));
	ns_stream_start("client", "kept", "203.0.113.20", 443);
	ns_stream_start("client", "cut", "203.0.113.20", 444);
	ns_apply_well(PORTS(ONE_PORT("443", "8443") ONE_PORT("444", "8443") ONE_PORT("445", "8443")));
	ns_expect_stream("kept");
	ns_expect_stream("cut");
	ns_apply_well(PORTS(ONE_PORT("443", "8443") ONE_PORT("445", "8443")));
	usleep(2500000);
	cr_expect(ns_try("test -e %s/cut", ns_dir()), "the stream goes on although its mapping is gone");
	ns_expect_stream("kept");
	/* Rules that are made anew, or all of the table, are not about anybody's connection. */
	ns_run("nft flush chain inet linkspan prerouting && nft flush chain inet linkspan hairpin && "
	       "nft flush chain inet linkspan postrouting && nft delete set inet linkspan hidden4 && "
	       "nft add set inet linkspan hidden4 '{ type ipv4_addr; }'");
	ns_apply_well(PORTS(ONE_PORT("443", "8443") ONE_PORT("445", "8443")));
	ns_expect_stream("kept");
}

/* ---- many -------------------------------------------------------------------------------------------------------- */

/* The kernel is still busy enlarging the hash when the elements are read again. */
Test(nat, many_mappings_are_all_there)
{
	enum { N = 50000 };
	struct ls_buf spec = { 0 };

	ns_begin();
	make_hosts();
	ls_buf_printf(&spec, "%s",
		HOSTS "public_ips:\n  interface: up0\n  addresses: [203.0.113.20, \"2001:db8:fe::20\"]\n  mappings:\n");
	for (unsigned port = 23; port < 23 + N; port++)
		ls_buf_printf(&spec,
			"  - { public: 203.0.113.20, protocol: tcp, port: %u, to: 10.10.1.20, to_port: 80 }\n"
			"  - { public: \"2001:db8:fe::20\", protocol: tcp, port: %u, to: \"2001:db8:a:1::20\", "
			"to_port: "
			"80 }\n",
			port, port);
	ls_buf_append(&spec, "", 1);
	cr_assert(!spec.failed);
	ns_apply_well((const char *)spec.data);
	cr_expect_str_eq(ns_output("nft list map inet linkspan fwd4 | grep -c ' : 10.10.1.20'"), ns_text("%d\n", N));
	ns_down_well();
	ls_buf_done(&spec);
}

/* ---- announcements ----------------------------------------------------------------------------------------------- */

static const char *neighbour(const char *address)
{
	return ns_output(
		"nsenter -t $(cat %s/client) -n ip -j neigh show %s dev eth0 | sed 's/.*lladdr\":\"//; s/\".*//' | "
		"tr -d '\\n'",
		ns_dir(), address);
}

Test(nat, neighbours_are_told_of_public_addresses)
{
	const char *mac;

	ns_begin();
	make_hosts();
	ns_on("client",
		"for a in 203.0.113.20 2001:db8:fe::20; do ip neigh add $a lladdr 02:00:00:00:00:99 dev eth0 nud "
		"stale; done");
	mac = ns_output("cat /sys/class/net/up0/address 2>/dev/null; ip -j link show up0 | sed 's/.*\"address\":\"//; "
			"s/\".*//' | tail -1 | tr -d '\\n'");
	ns_apply_well(HOSTS PUBLIC(""));
	cr_expect_str_eq(neighbour("203.0.113.20"), mac);
	cr_expect_str_eq(neighbour("2001:db8:fe::20"), mac);
}

/* ---- from outside ------------------------------------------------------------------------------------------------ */

#define HANDLE(chain, rule) "$(nft -a list chain inet linkspan " chain " | grep '\"" rule "\"' | sed 's/.*handle //')"

static const struct meddling {
	const char *what, *command, *drift; /* what status says of it */
} meddlings[] = {
	{ "a rule deleted", "nft delete rule inet linkspan forward handle " HANDLE("forward", "closed4"),
		"missing nft_rule forward closed4" },
	{ "a rule altered",
		"nft replace rule inet linkspan input handle " HANDLE("input", "udp4") " ip daddr 192.0.2.9 drop "
										       "comment '\"udp4\"'",
		"changed nft_rule input udp4" },
	{ "a rule added", "nft insert rule inet linkspan input tcp dport 99 drop", "extra nft_rule input #" },
	{ "rules in another order",
		"nft delete rule inet linkspan prerouting handle " HANDLE("prerouting",
			"prefixes") " && nft insert rule inet linkspan prerouting goto prefixes comment '\"prefixes\"'",
		"changed nft_rule prerouting prefixes" },
	{ "an element deleted", "nft delete element inet linkspan fwd4 '{ 203.0.113.20 . tcp . 443 }'",
		"missing nft_element fwd4 203.0.113.20 tcp 443" },
	{ "an element altered",
		"nft delete element inet linkspan fwd4 '{ 203.0.113.20 . tcp . 443 }' && "
		"nft add element inet linkspan fwd4 '{ 203.0.113.20 . tcp . 443 : 10.10.1.66 . 1 }'",
		"changed nft_element fwd4 203.0.113.20 tcp 443" },
	{ "a range added", "nft add element inet linkspan closed4 '{ 10.99.0.1-10.99.0.5 }'",
		"extra nft_element closed4 10.99.0.1-10.99.0.5" },
	{ "a prefix added", "nft add element inet linkspan masquerade6 '{ 2001:db8:b::/48 }'",
		"extra nft_element masquerade6 2001:db8:b::/48" },
	{ "what linkspan has no words for",
		"nft add element inet linkspan let_in4 '{ 10.0.0.1-10.0.0.5 . 0.0.0.0/0 . tcp . 80 }'",
		"changed nft_set let_in4" },
	{ "a range of targets where ports have one",
		"nft add element inet linkspan range4 '{ 203.0.113.40-203.0.113.49 . tcp . 80-81 : 10.10.1.20 }'",
		"changed nft_set range4" },
	{ "protocols let in", "nft add element inet linkspan let_in6 '{ ::/0 . ::/0 . 6-17 . 80-90 }'",
		"extra nft_element let_in6 ::/0 to ::/0 6-17 80-90" },
	{ "a chain flushed", "nft flush chain inet linkspan postrouting", "missing nft_rule postrouting hairpin" },
	{ "a policy changed", "nft chain inet linkspan forward '{ policy drop; }'", "changed nft_chain forward" },
	{ "a chain and a set added", "nft add chain inet linkspan c; nft add set inet linkspan s '{ type ipv4_addr; }'",
		"extra nft_chain c" },
	{ "a set of another type",
		"nft flush chain inet linkspan hairpin && nft flush chain inet linkspan postrouting && "
		"nft delete set inet linkspan hidden4 && nft add set inet linkspan hidden4 '{ type ipv4_addr; "
		"}'",
		"changed nft_set hidden4" },
	{ "the table deleted", "nft delete table inet linkspan", "missing nft_table inet linkspan" },
	{ "everything flushed", "nft flush ruleset", "missing nft_table inet linkspan" },
};

static const char *ruleset(void)
{
	return ns_output("nft -s list ruleset");
}

NS_TEST_EACH(nat, change_from_outside_is_named_and_repaired, meddlings)
{
	const struct meddling *meddling = &meddlings[*number];
	struct ns_answer answer;
	const char *good;

	ns_begin();
	make_hosts();
	ns_apply_well(ALL);
	good = ruleset();
	ns_run("%s", meddling->command);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	if (meddling->drift)
		cr_expect_not_null(strstr(answer.out, meddling->drift), "%s: %s", meddling->what, answer.out);
	ns_apply_well(ALL);
	cr_expect_str_eq(ruleset(), good, "%s: %s", meddling->what, ruleset());
}

/* One transaction, one element out and one in, and nobody else's tables. */
Test(nat, changed_mapping_is_one_element)
{
	const char *heard, *before;

	ns_begin();
	make_hosts();
	ns_run("nft add table inet other && nft add chain inet other c '{ type filter hook input priority 0; }' && "
	       "nft add rule inet other c counter");
	ns_apply_well(PORTS(ONE_PORT("443", "8443") ONE_PORT("444", "8443")));
	before = ns_output("nft -s list table inet other");
	ns_run("timeout 30 nft monitor >%s/monitor 2>&1 & echo $! >%s/pid; sleep 0.3", ns_dir(), ns_dir());
	ns_apply_well(PORTS(ONE_PORT("443", "8444") ONE_PORT("444", "8443")));
	ns_run("sleep 0.3; kill $(cat %s/pid)", ns_dir());
	heard = ns_read_file(ns_text("%s/monitor", ns_dir()));
	cr_expect_not_null(
		strstr(heard, "delete element inet linkspan fwd4 { 203.0.113.20 . tcp . 443 : 10.10.1.20 . 8443 }"),
		"%s", heard);
	cr_expect_not_null(strstr(heard, "10.10.1.20 . 8444 }"), "%s", heard);
	cr_expect_str_eq(ns_output("grep -c element %s/monitor", ns_dir()), "2\n", "%s", heard);
	cr_expect_str_eq(ns_output("grep -c generation %s/monitor", ns_dir()), "1\n", "%s", heard);
	cr_expect_str_eq(ns_output("nft -s list table inet other"), before);
	ns_rollback_well("");
	cr_expect_not_null(strstr(ruleset(), "203.0.113.20 . tcp . 443 : 10.10.1.20 . 8443"));
	ns_down_well();
	cr_expect_str_eq(ns_output("nft list tables"), "table inet other\n");
}

/* The kernel goes through all of it, says what it would refuse, and does nothing. */
Test(nat, plan_can_be_checked_by_the_kernel)
{
	struct ns_answer answer;
	const char *before;

	ns_begin();
	make_hosts();
	answer = ns_span("plan --kernel-check %s", ns_spec(ALL));
	ns_expect_exit(&answer, 2);
	cr_expect_str_eq(ns_output("nft list tables"), "");
	ns_apply_well(HOSTS NETWORKS("true") PUBLIC(""));
	before = ruleset();
	answer = ns_span("plan --kernel-check %s", ns_spec(ALL));
	ns_expect_exit(&answer, 2);
	cr_expect_str_eq(ruleset(), before);
	answer = ns_span("plan --kernel-check --from /dev/null %s", ns_spec(ALL));
	ns_expect_exit(&answer, 64);
	ns_down_well();
	/* A table that a process has for its own may be changed by that one only. */
	ns_run("(echo 'add table inet linkspan { flags owner; }'; sleep 20) | nft -i >/dev/null 2>&1 & sleep 0.5");
	answer = ns_span("plan %s", ns_spec(ALL));
	ns_expect_exit(&answer, 2);
	answer = ns_span("plan --kernel-check %s", ns_spec(ALL));
	ns_expect_exit(&answer, 77);
	cr_expect_not_null(strstr(answer.err, "adding nft_set closed4"), "%s", answer.err);
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

/* What a server is told of the client, and the client of the server, by a link whose packets are smaller. */
Test(nat, largest_segment_is_what_fits_in_both_directions)
{
	static const struct {
		const char *server, *clamped;
	} ways[] = { { CLIENT4, "2 mss 1260" }, { CLIENT6, "2 mss 1240" } };

	ns_begin();
	ns_need_program("tcpdump");
	make_hosts();
	serve_both("client", CLIENT4, 9000);
	serve_both("client", CLIENT6, 9000);
	ns_apply_well(
		"interfaces:\n"
		"  up0: { match: { name: up0 }, ipv4: { method: manual, addresses: [203.0.113.10/24] },\n"
		"         ipv6: { method: manual, addresses: [\"2001:db8:fe::10/64\"] }, mtu: 1300, clamp_mss: true }\n"
		"  in0: { match: { name: in0 }, ipv4: { method: manual, addresses: [10.10.1.1/24] },\n"
		"         ipv6: { method: manual, addresses: [\"2001:db8:a:1::1/64\"] } }\n" NETWORKS(
			"true") "nat: { "
				"uplinks: [up0] }\n");
	for (size_t i = 0; i < LS_ARRAY_SIZE(ways); i++) {
		const char *heard;

		ns_run("nsenter -t $(cat %s/two) -n timeout 5 tcpdump -nlvi eth0 'tcp port 9000' >%s/in%zu 2>/dev/null "
		       "& "
		       "timeout 5 tcpdump -nlvi up0 'tcp port 9000' >%s/out%zu 2>/dev/null & sleep 0.7",
			ns_dir(), ns_dir(), i, ns_dir(), i);
		(void)ask_from("two", "tcp", ways[i].server, 9000, "");
		usleep(500000);
		heard = ns_output("cat %s/in%zu %s/out%zu | grep -o 'mss [0-9]*' | sort | uniq -c | tr -s ' \\n' ' '",
			ns_dir(), i, ns_dir(), i);
		/* The SYN behind us and the SYN-ACK before us; each was sent with more. */
		cr_expect_not_null(strstr(heard, ways[i].clamped), "%s", heard);
	}
}

/* What cannot be seen is not taken for missing. */
Test(nat, who_may_not_look_gets_no_answer)
{
	const char *said;

	ns_begin();
	ns_need_program("setpriv");
	make_hosts();
	ns_apply_well(ALL);
	said = ns_output(
		"setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \"$LINKSPAN\" plan --state-dir "
		"/nonexistent - <%s 2>&1; echo $?",
		ns_spec(ALL));
	cr_expect_not_null(strstr(said, "CAP_NET_ADMIN"), "%s", said);
	cr_expect_not_null(strstr(said, "\n77\n"), "%s", said);
}
