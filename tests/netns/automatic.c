/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses from outside: dnsmasq, behind the other end of e0, is DHCP server and router. Clients name their files
 * after links alone, so each test has directories of its own for them.
 */
#include "netns_tools.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static void enter(void)
{
	static const char *const directories[] = { "/run/dhcpcd", "/var/lib/dhcpcd" };

	ns_enter();
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	for (size_t i = 0; i < LS_ARRAY_SIZE(directories); i++) {
		(void)mkdir(directories[i], 0755);
		(void)mount("tmpfs", directories[i], "tmpfs", 0, NULL);
	}
}

static void leave(void)
{
	ns_end_processes();
	ns_leave();
}

TestSuite(automatic, .init = enter, .fini = leave);

#define AUTO(families) "interfaces:\n  e0: { match: { name: e0 }, " families " }\n"
#define IPV4 "ipv4: { method: auto }"
#define IPV6 "ipv6: { method: auto }"
#define SPEC AUTO(IPV4)
#define CONF6 "/proc/sys/net/ipv6/conf/"

/* What the server does. A range of IPv6 makes it a router, whose advertisements say that addresses are managed, unless
 * its addresses are for hosts to make up (RFC 4862). */
#define DHCP4 "--dhcp-range=10.5.0.50,10.5.0.60,2m --dhcp-option=3,10.5.0.1 --dhcp-option=6,10.5.0.1 "
#define MANAGED "--enable-ra --dhcp-range=2001:db8:5::50,2001:db8:5::60,64,2m "
#define UNMANAGED "--enable-ra --dhcp-range=2001:db8:5::,ra-only,64,2m "

static void serve(const char *what)
{
	ns_far_run("dnsmasq -C /dev/null --port=0 -i far-e0 --bind-interfaces --dhcp-authoritative %s"
		   "--dhcp-option=15,there.example --leasefile-ro --pid-file=%s/dnsmasq.pid "
		   "--log-facility=%s/dnsmasq.log",
		what, ns_dir(), ns_dir());
}

static void serve_no_more(void)
{
	ns_run("p=$(cat %s/dnsmasq.pid) && kill $p && for i in $(seq 100); do kill -0 $p 2>/dev/null || break; sleep "
	       "0.05; done",
		ns_dir());
}

/* NULL: nobody answers. */
static void begin(const char *what)
{
	ns_begin();
	ns_need_program("dhcpcd");
	ns_need_program("dnsmasq");
	if (!ns_try("grep -q 4294967295 /proc/self/uid_map"))
		ns_skip("dhcpcd becomes another user, and this user namespace has none");
	ns_make_far_pair("e0");
	ns_far_run("ip addr add 10.5.0.1/24 dev far-e0; ip addr add 2001:db8:5::1/64 dev far-e0; "
		   "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
	if (what)
		serve(what);
}

/* Those that speak to servers, and lead their sessions: a client has helpers, too. */
static const char *clients(void)
{
	return ns_output("for p in $(pgrep -x dhcpcd); do test \"$(readlink /proc/$p/ns/net)\" = \"$(readlink "
			 "/proc/self/ns/net)\" && test \"$(ps -o sid= -p $p | tr -d ' ')\" = $p && echo; done | wc -l");
}

static const char *addresses(void)
{
	return ns_output("ip -4 -o addr show dev e0 scope global | grep -c ' 10\\.5\\.0\\.[56][0-9]/24 '");
}

Test(automatic, address_is_leased_and_given_back)
{
	const char *before, *resolver;

	begin(DHCP4);
	before = ns_state();
	resolver = ns_read_file("/etc/resolv.conf");
	ns_apply_well(SPEC "routes: [{ to: 10.77.0.0/16, via: 10.5.0.1, interface: e0 }]\n");
	cr_expect_str_eq(addresses(), "1\n");
	cr_expect_str_eq(clients(), "1\n");
	cr_expect(ns_try("ip route get 10.77.0.1 | grep -q 'via 10.5.0.1'"));
	cr_expect(ns_try("ip route show default dev e0 | grep -q 'via 10.5.0.1'"));
	cr_expect(ns_try("ping -c 1 -W 2 10.5.0.1"));
	cr_expect_str_eq(ns_read_file("/etc/resolv.conf"), resolver, "the resolver is none of its business");
	ns_down_well();
	cr_expect_str_eq(clients(), "0\n");
	ns_expect_state(before);
}

Test(automatic, client_of_the_system_does_as_well)
{
	struct ns_answer plan;
	const char *before, *client;

	begin(DHCP4);
	ns_run("setsid dhcpcd -q -B -4 e0 >/dev/null 2>&1 & for i in $(seq 100); do ip -4 addr show dev e0 | grep -q "
	       "inet && "
	       "break; sleep 0.2; done");
	ns_settle();
	before = ns_state();
	client = ns_read_file("/run/dhcpcd/e0-4.pid");
	plan = ns_plan(SPEC);
	cr_expect_null(strstr(plan.out, "\"op\":\"add\",\"kind\":\"dhcp_client\""), "%s", plan.out);
	ns_apply_well(SPEC);
	cr_expect_str_eq(clients(), "1\n");
	ns_down_well();
	cr_expect_str_eq(clients(), "1\n");
	cr_expect_str_eq(ns_read_file("/run/dhcpcd/e0-4.pid"), client, "the same");
	cr_expect_str_eq(addresses(), "1\n");
	ns_expect_state(before);
}

/* It has only just been started: what goes by its address is not too early. */
Test(automatic, client_of_another_make_is_waited_for)
{
	begin(NULL);
	ns_pretend_client("udhcpc", "e0");
	ns_run("{ sleep 2; ip addr add 10.5.0.77/24 dev e0; } &");
	ns_apply_well(SPEC "routes: [{ to: 10.77.0.0/16, via: 10.5.0.1, interface: e0 }]\n");
	cr_expect_str_eq(clients(), "0\n");
	ns_down_well();
}

Test(automatic, client_that_was_killed_is_missed_and_started_again)
{
	struct ns_answer answer;

	begin(DHCP4);
	ns_apply_well(SPEC);
	ns_run("kill -KILL $(cat /run/dhcpcd/e0-4.pid)");
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, NS_WORDS("dhcp_client dev e0 ipv4"));
	ns_apply_well(SPEC);
	cr_expect_str_eq(clients(), "1\n");
	ns_down_well();
	cr_expect_str_eq(clients(), "0\n");
	cr_expect_str_eq(
		ns_output("pgrep -x dhcpcd | while read p; do readlink /proc/$p/ns/net; done | grep -c $(readlink "
			  "/proc/self/ns/net)"),
		"0\n", "nor helpers of it");
}

Test(automatic, test_takes_the_client_back)
{
	struct ns_answer answer;
	const char *before;

	begin(DHCP4);
	before = ns_state();
	answer = ns_span("apply --test %s", ns_spec(SPEC));
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(clients(), "0\n");
	ns_expect_state(before);
}

Test(automatic, waiting_for_address)
{
	struct ns_answer answer;

	begin(NULL);
	answer = ns_apply(SPEC);
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.err, NS_WORDS("[waiting-for-address]", "e0 has no IPv4 address yet"));
	cr_expect_str_eq(clients(), "1\n", "a server may come");
	ns_down_well();
	cr_expect_str_eq(clients(), "0\n");
}

Test(automatic, missing_program_is_named_before_anything_is_touched)
{
	struct ns_answer answer;
	const char *before;

	begin(NULL);
	ns_run("mount --bind /dev/null $(command -v dhcpcd)");
	before = ns_state();
	answer = ns_apply(SPEC "addresses: [{ interface: e0, address: 10.9.0.1/24 }]\n");
	ns_expect_exit(&answer, 69);
	ns_expect_words(answer.err, NS_WORDS("install dhcpcd-base", "spec.yaml:"));
	ns_expect_state(before);
}

/* ---- IPv6 -------------------------------------------------------------------------------------------------------- */

#define ROUTE "routes: [{ to: \"2001:db8:77::/48\", via: \"2001:db8:5::1\", interface: e0 }]\n"
#define FORWARDING "sysctls: { net.ipv6.conf.all.forwarding: 1 }\n"

static bool has_ipv6(const char *kind)
{
	return ns_try("ip -6 -o addr show dev e0 scope global -tentative | grep -q \"%s\"", kind);
}

static void await_router(void)
{
	ns_run("for i in $(seq 150); do ip -6 route show default | grep -q e0 && exit; sleep 0.1; done; exit 1");
}

#define LEASED " 2001:db8:5::[56][0-9a-f]/128 "
#define MADE_UP " 2001:db8:5::*[0-9a-f:]*ff:fe[0-9a-f:]*/64 "

Test(automatic, managed_ipv6_address_is_leased_and_given_back)
{
	struct ns_answer answer;
	const char *before;

	begin(DHCP4 MANAGED);
	await_router();
	before = ns_state();
	ns_apply_well(AUTO(IPV4 ", " IPV6) FORWARDING ROUTE);
	cr_expect(has_ipv6(LEASED));
	cr_expect_str_eq(addresses(), "1\n");
	cr_expect_str_eq(clients(), "2\n");
	ns_expect_facts((const struct ns_fact[]){
		{ CONF6 "e0/accept_ra", NULL, "2" },
		{ CONF6 "e0/use_tempaddr", NULL, "0" },
		{ "-6 route show default", "dev", "e0" },
		{ 0 },
	});
	cr_expect(ns_try("ping -c 1 -W 2 2001:db8:5::1"));
	/* The link gets its own address again after it was down. */
	ns_run("ip link set e0 down; ip link set e0 up; for i in $(seq 50); do ip -6 addr show dev e0 | grep -q fe80 "
	       "&& "
	       "break; sleep 0.1; done; ip -6 addr show dev e0 scope link | grep -q ff:fe");
	ns_apply_well(AUTO(IPV4 ", " IPV6) FORWARDING);
	answer = ns_span("down");
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(answer.err, "");
	cr_expect_str_eq(clients(), "0\n");
	cr_expect(!has_ipv6(LEASED));
	await_router();
	ns_expect_state(before);
}

Test(automatic, router_that_leaves_addresses_to_hosts_is_believed)
{
	struct ns_answer answer;

	begin(UNMANAGED);
	ns_apply_well(AUTO(IPV6) FORWARDING);
	cr_expect(has_ipv6(MADE_UP));
	cr_expect_str_eq(clients(), "0\n");
	cr_expect(ns_try("ping -c 1 -W 2 2001:db8:5::1"));
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
	ns_run("\"$LINKSPAN\" --state-dir %s/state snapshot --all --json >%s/snapshot", ns_dir(), ns_dir());
	answer = ns_span("plan --from %s/snapshot %s", ns_dir(), ns_spec(AUTO(IPV6) FORWARDING));
	ns_expect_exit(&answer, 0);
	ns_down_well();
}

/* The kernel has asked when the link came up, or not at all. */
Test(automatic, router_is_asked_on_a_link_that_did_not_listen)
{
	begin(NULL);
	ns_apply_well(AUTO("ipv6: { method: manual }") FORWARDING);
	serve(UNMANAGED);
	ns_run("cd %s; nsenter -t %d -n timeout 60 tcpdump -i far-e0 -n -U -c 1 -w asked 'icmp6 and ip6[40] == 133' "
	       "2>told & "
	       "until grep -q listening told; do sleep 0.1; done",
		ns_dir(), (int)ns_far());
	ns_apply_well(AUTO(IPV6) FORWARDING);
	cr_expect(has_ipv6(MADE_UP));
	cr_expect_str_eq(
		ns_output("cd %s && for i in $(seq 50); do test $(stat -c %%s asked) -gt 24 && break; sleep 0.1; done; "
			  "tcpdump -n -v -r asked 2>/dev/null | grep -c 'hlim 255.*router solicitation'",
			ns_dir()),
		"1\n");
	ns_down_well();
}

Test(automatic, router_that_changes_its_mind_is_drift)
{
	struct ns_answer answer;

	begin(UNMANAGED);
	ns_apply_well(AUTO(IPV6));
	cr_expect_str_eq(clients(), "0\n");
	serve_no_more();
	serve(MANAGED);
	for (int i = 0; i < 100 && ns_span("status --check").status == 0; i++)
		usleep(100000);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, NS_WORDS("dhcp_client dev e0 ipv6"));
	ns_apply_well(AUTO(IPV6));
	cr_expect_str_eq(clients(), "1\n");
	cr_expect(has_ipv6(LEASED));
	ns_down_well();
}

Test(automatic, router_that_comes_late_finds_a_client)
{
	struct ns_answer answer;

	begin(NULL);
	answer = ns_span("apply --wait 1 %s", ns_spec(AUTO(IPV6)));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.err, NS_WORDS("[waiting-for-address]", "e0 has no IPv6 address yet"));
	cr_expect_str_eq(clients(), "1\n");
	/* A run that follows has other things to do than to wait once more. */
	answer = ns_span("apply --wait 600 %s", ns_spec(AUTO(IPV6) FORWARDING));
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.err, NS_WORDS("[waiting-for-address]"));
	serve(MANAGED);
	for (int i = 0; i < 200 && !has_ipv6(LEASED); i++)
		usleep(100000);
	cr_expect(has_ipv6(LEASED));
	ns_down_well();
	cr_expect_str_eq(clients(), "0\n");
}

/* The system's client may be for one family. */
Test(automatic, each_family_has_a_client_of_its_own)
{
	struct ns_answer answer;

	begin(DHCP4 MANAGED);
	ns_pretend_client("dhcpcd", "e0 [ip6]");
	answer = ns_span("apply --wait 10 %s", ns_spec(AUTO(IPV4 ", " IPV6)));
	ns_expect_exit(&answer, 0);
	cr_expect_str_eq(addresses(), "1\n");
	cr_expect(!has_ipv6(LEASED));
	cr_expect_str_eq(clients(), "1\n");
	ns_down_well();
	cr_expect_str_eq(clients(), "0\n");
}
