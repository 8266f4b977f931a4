/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections and announcements against a real kernel: what is forgotten is what the filter says, by /proc's list of
 * what is left; what is announced is what tcpdump sees.
 */
#include "driver_tools.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

TestSuite(drivers_connections, .init = enter_namespace);

/* ---- connections ------------------------------------------------------------------------------------------------- */

static void send_to(const char *text, uint16_t port)
{
	struct ls_ip to = ip(text);
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool is6 = to.family == AF_INET6;
	int fd = socket(to.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&v4.sin_addr, to.bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, to.bytes, sizeof(v6.sin6_addr));
	cr_assert(fd >= 0);
	cr_assert_eq(sendto(fd, "x", 1, 0, is6 ? (void *)&v6 : (void *)&v4, is6 ? sizeof(v6) : sizeof(v4)), 1);
	close(fd);
}

/* What is tracked at a moment, in a file: one line each, without what changes by itself. */
static char lists[] = "/tmp/linkspan-flows-XXXXXX";

/* Connections are tracked where a rule asks for it. 127.0.0.3 is translated to 127.0.0.4. */
static void track(void)
{
	if (!run_quietly("nft 'add table inet t; add chain inet t c { type nat hook output priority -100; }; add rule "
			 "inet t c ip daddr 127.0.0.3 dnat ip to 127.0.0.4; add rule inet t c ct state new' && test -r "
			 "/proc/net/nf_conntrack"))
		cr_skip_test("no nftables with NAT, or no list of connections in /proc");
	/* Without an answer they would be forgotten after 30 s, which on a busy machine is before they are looked at.
	 */
	run("cd /proc/sys/net/netfilter && echo 600 >nf_conntrack_udp_timeout && echo 600 >nf_conntrack_icmp_timeout");
	run("ip addr add 2001:db8::2/128 dev lo nodad");
	cr_assert_not_null(mkdtemp(lists));
}

static void begin_flows(void)
{
	send_to("127.0.0.2", 70);
	send_to("127.0.0.2", 71);
	send_to("127.0.0.2", 80);
	send_to("127.0.0.3", 70);
	send_to("2001:db8::2", 70);
	run("ping -c 1 127.0.0.2 >/dev/null");
}

static unsigned number_from(const char *command)
{
	unsigned n = 0;
	FILE *pipe = popen(command, "re");

	cr_assert(pipe && fscanf(pipe, "%u", &n) == 1, "%s", command);
	pclose(pipe);
	return n;
}

/*
 * The list is read a page at a time, each from a position in a table that all namespaces share: what comes and goes in
 * another one meanwhile makes it miss entries or show them twice. So it is read until it says the same twice.
 */
static void list_flows(const char *moment)
{
	run("cd %s; list() { awk '{ $5 = \"\"; sub(/use=[0-9]*/, \"\"); print }' /proc/net/nf_conntrack | sort -u; }; "
	    "list >last; for i in 1 2 3 4 5 6 7 8 9; do list >%s; cmp -s last %s && exit; cp %s last; done",
		lists, moment, moment, moment);
}

static void end_flows(void)
{
	run("rm -r %s", lists);
	end();
}

static unsigned n_listed(const char *what, const char *moment)
{
	char command[256];

	snprintf(command, sizeof(command), "grep -c '%s' %s/%s", what, lists, moment);
	return number_from(command);
}

/* How many there were before and are no more; others may have come. */
static unsigned n_gone(void)
{
	char command[256];

	snprintf(command, sizeof(command), "comm -23 %s/before %s/after | wc -l", lists, lists);
	return number_from(command);
}

static struct ls_prefix prefix(const char *text)
{
	struct ls_prefix ret = { 0 };

	cr_assert(!*text || ls_prefix_parse(text, &ret) == 0);
	return ret;
}

static const struct {
	const char *what;
	const char *to, *from, *answered_by;
	uint8_t protocol;
	uint16_t port, last_port;
	bool translated;
	size_t n;         /* how many it is about */
	const char *gone; /* what is there no more */
} filters[] = {
	{ "a port", "127.0.0.2/32", "", "", IPPROTO_UDP, 70, 70, false, 1, "dst=127.0.0.2 .*dport=70 " },
	{ "ports", "127.0.0.2/32", "", "", IPPROTO_UDP, 70, 75, false, 2, "dst=127.0.0.2 .*dport=7[01] " },
	{ "an address", "127.0.0.2/32", "", "", 0, 0, 0, false, 4, "dst=127.0.0.2 " },
	{ "a port of another protocol", "127.0.0.2/32", "", "", IPPROTO_TCP, 70, 70, false, 0, "dport=99" },
	{ "a network", "127.0.0.0/30", "", "", IPPROTO_UDP, 70, 70, false, 2, "udp .*dport=70 .*src=127" },
	{ "what was translated", "", "127.0.0.1/32", "", 0, 0, 0, true, 1, "dst=127.0.0.3" },
	{ "who answers", "", "", "127.0.0.4/32", IPPROTO_UDP, 70, 79, false, 1, "dst=127.0.0.3" },
	{ "who would answer elsewhere", "", "", "127.0.0.3/32", 0, 0, 0, false, 0, "dport=99" },
	{ "IPv6", "2001:db8::2/128", "", "", IPPROTO_UDP, 70, 70, false, 1, "ipv6 .*udp" },
};

Test(drivers_connections, just_those_that_a_filter_is_about_are_forgotten)
{
	begin();
	track();
	for (size_t i = 0; i < LS_ARRAY_SIZE(filters); i++) {
		const struct ls_connections filter = { prefix(filters[i].to), prefix(filters[i].from),
			prefix(filters[i].answered_by), filters[i].protocol, filters[i].port, filters[i].last_port,
			filters[i].translated };
		size_t n_flushed;

		begin_flows();
		list_flows("before");
		cr_assert_eq(ls_connections_flush(kernel, &filter, 1, &n_flushed, &failure), 0, "%s", failure.message);
		/* The flows of the rounds before are still there, but those of the same filter. */
		cr_expect_geq(n_flushed, filters[i].n, "%s: %zu", filters[i].what, n_flushed);
		list_flows("after");
		cr_expect_eq(n_gone(), n_flushed, "%s: %u, not %zu", filters[i].what, n_gone(), n_flushed);
		cr_expect_eq(n_listed(filters[i].gone, "after"), 0, "%s", filters[i].what);
		cr_expect(filters[i].n || !n_flushed, "%s", filters[i].what);
	}
	end_flows();
}

Test(drivers_connections, filter_of_nothing_is_refused_and_no_filter_forgets_nothing)
{
	const struct ls_connections all = { .protocol = IPPROTO_UDP };
	size_t n_flushed;

	begin();
	track();
	begin_flows();
	cr_expect_eq(ls_connections_flush(kernel, &all, 1, &n_flushed, &failure), -EINVAL);
	cr_expect_eq(ls_connections_flush(kernel, NULL, 0, &n_flushed, &failure), 0);
	list_flows("after");
	cr_expect_eq(n_listed("dst=127.0.0.[23] ", "after"), 5);
	cr_expect_eq(n_listed("dst=2001:", "after"), 1);
	end_flows();
}

/* More than one message of a dump, and than one batch of deletes. */
Test(drivers_connections, thousands_are_forgotten_and_others_stay)
{
	enum { N = 3000 };
	const struct ls_connections filter[] = {
		{ .to = prefix("127.0.0.2/32"), .protocol = IPPROTO_UDP, .port = 1, .last_port = N },
		{ .to = prefix("127.0.0.9/32") },
	};
	size_t n_flushed;

	begin();
	track();
	for (uint16_t port = 1; port <= N; port++) {
		send_to("127.0.0.2", port);
		send_to("127.0.0.5", port);
	}
	list_flows("before");
	cr_assert_eq(ls_connections_flush(kernel, filter, 2, &n_flushed, &failure), 0, "%s", failure.message);
	cr_expect_eq(n_flushed, N);
	list_flows("after");
	cr_expect_eq(n_gone(), N, "%u", n_gone());
	cr_expect_eq(n_listed("dst=127.0.0.5 ", "after"), N);
	end_flows();
}

/* ---- announcements ----------------------------------------------------------------------------------------------- */

static unsigned n_lines(const char *file, const char *pattern)
{
	char command[256];
	unsigned n = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "grep -cE '%s' %s", pattern, file);
	pipe = popen(command, "re");
	cr_assert(pipe && fscanf(pipe, "%u", &n) == 1);
	pclose(pipe);
	return n;
}

/* In three rounds, from the link's own MAC address; of what is no use to anybody nothing is sent. */
Test(drivers_connections, announcements_are_what_their_standards_ask_for)
{
	const struct ls_announcement list[] = {
		{ .dev = "p0", .address = ip("192.0.2.7") },
		{ .dev = "p0", .address = ip("2001:db8::6"), .proxy = true },
		{ .dev = "p0", .address = ip("2001:db8::7") },
		{ .dev = "p0", .address = ip("127.0.0.1") },
		{ .dev = "lo", .address = ip("192.0.2.8") },
		{ .dev = "nowhere0", .address = ip("192.0.2.9") },
	};
	char file[] = "/tmp/linkspan-frames.XXXXXX";
	int fd = mkstemp(file);

	cr_assert(fd >= 0);
	close(fd);
	begin();
	if (!run_quietly("command -v tcpdump"))
		cr_skip_test("no tcpdump");
	make_pair();
	run("ip link set p0 address 02:00:5e:00:53:77; echo 1 >/proc/sys/net/ipv6/conf/p0/forwarding");
	run("timeout 10 tcpdump -nevvli p1 'arp or icmp6' >%s 2>/dev/null & for i in $(seq 50); do sleep 0.1; "
	    "ip -d link show p1 | grep -q 'promiscuity 1' && break; done",
		file);
	cr_assert_eq(ls_announce(list, LS_ARRAY_SIZE(list), &failure), 0, "%s", failure.message);
	/* The last line of the last one. */
	for (int i = 0; i < 50 && n_lines(file, "destination link-address option") < 2 * LS_ANNOUNCEMENTS; i++)
		usleep(100000);
	cr_expect_eq(n_lines(file,
			     "02:00:5e:00:53:77 > ff:ff:ff:ff:ff:ff, ethertype ARP .* Request who-has 192.0.2.7 .*tell "
			     "192.0.2.7"),
		LS_ANNOUNCEMENTS);
	cr_expect_eq(n_lines(file, "02:00:5e:00:53:77 > 33:33:00:00:00:01, ethertype IPv6 .*hlim 255"),
		2 * LS_ANNOUNCEMENTS);
	cr_expect_eq(n_lines(file, "tgt is 2001:db8::6, Flags \\[override\\]"), LS_ANNOUNCEMENTS);
	cr_expect_eq(n_lines(file, "2001:db8::7 > ff02::1: \\[icmp6 sum ok\\] ICMP6, neighbor advertisement, .*tgt is "
				   "2001:db8::7, Flags \\[router, override\\]"),
		LS_ANNOUNCEMENTS);
	cr_expect_eq(n_lines(file, "destination link-address option .*: 02:00:5e:00:53:77"), 2 * LS_ANNOUNCEMENTS);
	cr_expect_eq(n_lines(file, "192.0.2.[89]|127.0.0.1"), 0);
	unlink(file);
	end();
}
