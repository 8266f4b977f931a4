/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands around apply: locks, privilege, other namespaces, generations and epochs, standard input, and the JSON
 * documents that others read.
 */
#include "netns_tools.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(commands, .init = ns_enter, .fini = ns_leave);

#define BLACKHOLE(n) "routes:\n  - { to: 10." n ".0.0/16, type: blackhole }\n"
static void expect_route(const char *destination, bool there)
{
	const char *family = strchr(destination, ':') ? "-6" : "-4";

	ns_expect_facts((const struct ns_fact[]){
		{ ns_text("%s route show %s", family, destination), NULL, there ? "1" : "0" }, { 0 } });
}

static bool exists(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0;
}

/* ---- locks ------------------------------------------------------------------------------------------------------- */

/* An apply that waits for duplicate address detection, long enough to be met. Returns its process. */
static pid_t start_slow_apply(void)
{
	pid_t pid;

	ns_make_far_pair("p0");
	ns_run("cd /proc/sys/net/ipv6/conf && echo 1 >all/accept_dad && echo 1 >p0/accept_dad && "
	       "echo 1 >p0/dad_transmits");
	ns_spec("interfaces:\n  p0: { match: { name: p0 }, ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] } "
		"}\n");
	ns_run("cp %s/spec.yaml %s/slow.yaml", ns_dir(), ns_dir());
	ns_run("\"$LINKSPAN\" apply %s/slow.yaml --state-dir %s/state >%s/slow.out 2>&1 & echo $! >%s/slow.pid",
		ns_dir(), ns_dir(), ns_dir(), ns_dir());
	pid = (pid_t)atoi(ns_read_file(ns_text("%s/slow.pid", ns_dir())));
	for (int i = 0; i < 100 && !ns_try("ip -6 addr show dev p0 tentative to 2001:db8::1 | grep -q inet6"); i++)
		usleep(10000);
	return pid;
}

static void wait_for_slow_apply(pid_t pid)
{
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++)
		usleep(50000);
}

Test(commands, second_apply_names_the_one_that_hangs)
{
	struct ns_answer answer;
	pid_t pid;

	ns_begin();
	pid = start_slow_apply();
	kill(pid, SIGSTOP);
	answer = ns_apply(BLACKHOLE("9"));
	kill(pid, SIGCONT);
	ns_expect_exit(&answer, 75);
	ns_expect_words(answer.err, NS_WORDS(ns_text("%d", (int)pid), "linkspan"));
	expect_route("10.9.0.0/16", false);
	wait_for_slow_apply(pid);
	answer = ns_span("plan %s/slow.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
	cr_expect(ns_try("ip -6 addr show dev p0 to 2001:db8::1 | grep -q inet6"));
}

Test(commands, second_apply_waits_for_one_that_ends)
{
	struct ns_answer answer;
	pid_t pid;

	ns_begin();
	pid = start_slow_apply();
	answer = ns_apply(BLACKHOLE("9"));
	ns_expect_exit(&answer, 0);
	wait_for_slow_apply(pid);
	expect_route("10.9.0.0/16", true);
	answer = ns_span("history --json");
	cr_expect_eq(json_array_size(json_object_get(ns_parse(answer.out), "generations")), 2);
}

Test(commands, interrupted_apply_takes_everything_back)
{
	struct ns_answer answer;
	const char *before;
	pid_t pid;

	ns_begin();
	ns_make_far_pair("q0");
	before = ns_output("ip -j -6 addr show dev q0; ip -j route show table all proto 108");
	pid = start_slow_apply();
	kill(pid, SIGTERM);
	wait_for_slow_apply(pid);
	ns_expect_words(ns_read_file(ns_text("%s/slow.out", ns_dir())), NS_WORDS("The host is as it was before."));
	cr_expect_not(ns_try("ip -6 addr show dev p0 to 2001:db8::1 | grep -q inet6"));
	cr_expect_str_eq(ns_output("ip -j -6 addr show dev q0; ip -j route show table all proto 108"), before);
	ns_expect_facts((const struct ns_fact[]){ { "/proc/sys/net/ipv6/conf/p0/accept_ra", NULL, "1" }, { 0 } });
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
}

Test(commands, lock_of_the_namespace_is_held_against_other_state_directories)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0linkspan" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ns_answer answer;

	ns_begin();
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 9)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	answer = ns_span("apply --json %s", ns_spec(BLACKHOLE("9")));
	ns_expect_exit(&answer, 75);
	ns_expect_words(answer.err, NS_WORDS(ns_text("process %d", (int)getpid()), "namespace"));
	cr_expect_str_eq(json_string_value(json_object_get(ns_parse(answer.out), "outcome")), "busy");
	expect_route("10.9.0.0/16", false);
	/* Who only reads needs no lock. */
	answer = ns_span("plan %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 2);
	answer = ns_span("status");
	ns_expect_exit(&answer, 0);
	close(fd);
	answer = ns_span("apply %s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
}

Test(commands, lock_of_the_state_directory_is_honoured)
{
	struct ns_answer answer;
	int fd;

	ns_begin();
	ns_apply_well(BLACKHOLE("9"));
	fd = open(ns_text("%s/state/lock", ns_dir()), O_RDWR | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	answer = ns_span("down");
	ns_expect_exit(&answer, 75);
	expect_route("10.9.0.0/16", true);
	close(fd);
	ns_down_well();
}

/* ---- privilege --------------------------------------------------------------------------------------------------- */

#define NOBODY "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \"$LINKSPAN\" "

#define ROOT_WITHOUT "setpriv --bounding-set=-net_admin --inh-caps=-net_admin \"$LINKSPAN\" "

static struct ns_answer without(const char *privilege, const char *arguments)
{
	struct ns_answer answer;

	ns_run("%s--state-dir %s/state %s >%s/out 2>%s/err; echo $? >%s/status", privilege, ns_dir(), arguments,
		ns_dir(), ns_dir(), ns_dir());
	answer.status = atoi(ns_read_file(ns_text("%s/status", ns_dir())));
	answer.out = ns_read_file(ns_text("%s/out", ns_dir()));
	answer.err = ns_read_file(ns_text("%s/err", ns_dir()));
	return answer;
}

static struct ns_answer unprivileged(const char *arguments)
{
	return without(NOBODY, arguments);
}

static void need_nobody(void)
{
	ns_need_program("setpriv");
	ns_run("chmod 755 %s", ns_dir());
	if (!ns_try(NOBODY "--version"))
		ns_skip("nobody may not run the program where it is");
}

Test(commands, without_privilege_nothing_is_written)
{
	static const char *const changing[] = { "down", "rollback", "recover" };
	struct ns_answer answer;
	const char *before;

	ns_begin();
	need_nobody();
	ns_spec(NS_MIXED);
	before = ns_state();
	answer = unprivileged(ns_text("apply %s/spec.yaml", ns_dir()));
	ns_expect_exit(&answer, 77);
	ns_expect_words(answer.err, NS_WORDS("CAP_NET_ADMIN"));
	for (size_t i = 0; i < LS_ARRAY_SIZE(changing); i++) {
		answer = unprivileged(changing[i]);
		ns_expect_exit(&answer, 77);
	}
	cr_expect_not(exists(ns_text("%s/state", ns_dir())));
	ns_expect_state(before);
	answer = unprivileged(ns_text("check %s/spec.yaml", ns_dir()));
	ns_expect_exit(&answer, 0);
	answer = unprivileged(ns_text("plan %s/spec.yaml", ns_dir()));
	ns_expect_exit(&answer, 2);
	answer = unprivileged("status");
	ns_expect_exit(&answer, 0);
	answer = unprivileged("snapshot --all --json");
	ns_expect_exit(&answer, 0);
	ns_parse(answer.out);
}

Test(commands, state_that_may_not_be_read_is_said_to_be_so)
{
	struct ns_answer answer;

	ns_begin();
	need_nobody();
	ns_apply_well(NS_MIXED);
	/* "Nothing has been applied here" would be wrong. */
	answer = unprivileged("status");
	cr_expect(answer.status == 77 || strstr(answer.err, "state"), "exit status %d, and not a word:\n%s%s",
		answer.status, answer.out, answer.err);
	cr_expect_null(strstr(answer.out, "nothing has been applied here"), "%s", answer.out);
}

/* Of nftables nothing can be read then: a plan that knows nothing of our table would be wrong. */
Test(commands, plan_that_cannot_see_the_table_is_refused)
{
	static const char with[] = "interfaces: { a: { match: { name: lo } } }\nnat: { uplinks: [a] }\n";
	struct ns_answer answer;

	ns_begin();
	ns_need_program("setpriv");
	if (!ns_try("nft add table inet probe && nft delete table inet probe"))
		ns_skip("this kernel has no nftables");
	ns_apply_well(with);
	answer = without(ROOT_WITHOUT, ns_text("plan %s", ns_spec("interfaces: { a: { match: { name: lo } } }\n")));
	ns_expect_exit(&answer, 77);
	ns_expect_words(answer.err, NS_WORDS("nftables", "CAP_NET_ADMIN"));
	ns_down_well();
	answer = without(ROOT_WITHOUT, ns_text("plan %s", ns_spec("interfaces: { a: { match: { name: lo } } }\n")));
	ns_expect_exit(&answer, 0);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

Test(commands, graphs_of_the_examples_can_be_drawn)
{
	ns_begin();
	ns_need_program("dot");
	ns_run("for spec in contrib/examples/*.yaml contrib/examples/appliance/*.yaml; do "
	       "case $spec in */site.yaml) site=site ;; *) site= ;; esac; "
	       "\"$LINKSPAN\" $site graph $spec 2>/dev/null >%s/dot && dot -Tsvg %s/dot >%s/svg 2>%s/complaints || "
	       "exit 1; "
	       "test ! -s %s/complaints && test $(grep -c 'class=.node' %s/svg) -ge 1 || exit 1; done",
		ns_dir(), ns_dir(), ns_dir(), ns_dir(), ns_dir(), ns_dir());
	cr_expect_str_eq(
		ns_output("\"$LINKSPAN\" graph contrib/examples/nat.yaml | dot -Tsvg | grep -c 'class=.edge'"), "13\n");
}

/* ---- other namespaces -------------------------------------------------------------------------------------------- */

Test(commands, named_namespace_is_configured_from_outside_and_has_its_own_state)
{
	struct ns_answer answer;

	ns_begin();
	if (!ns_try("unshare -m sh -c 'mount -t tmpfs tmpfs /run && ip netns add lstest'"))
		ns_skip("no named network namespaces here");
	ns_spec(NS_MIXED);
	answer.status = ns_try(
		"unshare -m sh -ec 'mount -t tmpfs tmpfs /run; ip netns add lstest; exec 2>&1; set -x; "
		"S=\"--netns lstest --state-dir %s/state\"; "
		"\"$LINKSPAN\" apply %s/spec.yaml $S; "
		"ip netns exec lstest ip -4 route show 10.1.0.0/16 | grep -q \"proto 108\"; "
		"ip netns exec lstest grep -q 1 /proc/sys/net/ipv4/ip_forward; "
		"\"$LINKSPAN\" plan %s/spec.yaml $S; \"$LINKSPAN\" status --check $S; \"$LINKSPAN\" status --json $S "
		">%s/status; "
		"test -e %s/state/netns/lstest/current; test ! -e %s/state/current; "
		"\"$LINKSPAN\" down $S; test -z \"$(ip -n lstest route show proto 108)\"' >%s/log 2>&1",
		ns_dir(), ns_dir(), ns_dir(), ns_dir(), ns_dir(), ns_dir(), ns_dir());
	cr_expect_eq(answer.status, 1, "%s", ns_read_file(ns_text("%s/log", ns_dir())));
	cr_expect_eq(json_integer_value(
			     json_object_get(ns_parse(ns_read_file(ns_text("%s/status", ns_dir()))), "generation")),
		1);
	expect_route("10.1.0.0/16", false);
	ns_expect_facts((const struct ns_fact[]){ { "/proc/sys/net/ipv4/ip_forward", NULL, "0" }, { 0 } });
	answer = ns_span("plan --netns lsmissing %s/spec.yaml", ns_dir());
	cr_expect(answer.status == 1 || answer.status == 64, "%d", answer.status);
	ns_expect_words(answer.err, NS_WORDS("lsmissing"));
}

/* ---- generations ------------------------------------------------------------------------------------------------- */

static size_t count_generations(void)
{
	struct ns_answer answer = ns_span("history --json");

	ns_expect_exit(&answer, 0);
	return json_array_size(json_object_get(ns_parse(answer.out), "generations"));
}

Test(commands, twenty_generations_are_kept_beside_the_current_one)
{
	struct ns_answer answer;
	json_t *generations, *last;

	ns_begin();
	for (int i = 1; i <= 25; i++) {
		answer = ns_span("apply --message 'number %d' %s", i,
			ns_spec(ns_text("routes:\n  - { to: 10.%d.0.0/16, type: blackhole }\n", i)));
		ns_expect_exit(&answer, 0);
	}
	cr_expect_eq(count_generations(), 21);
	generations = json_object_get(ns_parse(ns_span("history --json").out), "generations");
	last = json_array_get(generations, 20);
	cr_expect_eq(json_integer_value(json_object_get(json_array_get(generations, 0), "number")), 5);
	cr_expect_eq(json_integer_value(json_object_get(last, "number")), 25);
	cr_expect(json_is_true(json_object_get(last, "current")));
	cr_expect_str_eq(json_string_value(json_object_get(last, "message")), "number 25");
	cr_expect_str_eq(json_string_value(json_object_get(last, "command")), "apply");
	answer = ns_span("rollback --to 3");
	ns_expect_exit(&answer, 1);
	ns_expect_words(answer.err, NS_WORDS("3"));
	expect_route("10.25.0.0/16", true);
	ns_rollback_well("--to 5");
	expect_route("10.5.0.0/16", true);
	expect_route("10.25.0.0/16", false);
}

Test(commands, rollback_twice_goes_further_back)
{
	struct ns_answer answer;

	ns_begin();
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 1);
	ns_apply_well(BLACKHOLE("1"));
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 1);
	ns_apply_well(BLACKHOLE("2"));
	ns_apply_well(BLACKHOLE("3"));
	ns_rollback_well("");
	expect_route("10.2.0.0/16", true);
	expect_route("10.3.0.0/16", false);
	ns_rollback_well("");
	expect_route("10.1.0.0/16", true);
	expect_route("10.2.0.0/16", false);
	answer = ns_span("rollback");
	ns_expect_exit(&answer, 1);
	expect_route("10.1.0.0/16", true);
	ns_rollback_well("--to 3");
	expect_route("10.3.0.0/16", true);
	ns_down_well();
	ns_rollback_well("");
	expect_route("10.3.0.0/16", true);
	ns_down_well();
	ns_rollback_well("--to 1");
	expect_route("10.1.0.0/16", true);
}

Test(commands, rollback_does_not_stop_at_repairs)
{
	ns_begin();
	ns_apply_well(BLACKHOLE("1"));
	ns_apply_well(BLACKHOLE("2"));
	for (int i = 0; i < 2; i++) {
		ns_run("ip route del blackhole 10.2.0.0/16");
		ns_apply_well(BLACKHOLE("2"));
	}
	ns_rollback_well("");
	expect_route("10.1.0.0/16", true);
	expect_route("10.2.0.0/16", false);
}

Test(commands, apply_of_what_is_in_force_is_no_new_generation)
{
	struct ns_answer answer;

	ns_begin();
	ns_apply_well(BLACKHOLE("1"));
	answer = ns_apply(BLACKHOLE("1"));
	ns_expect_exit(&answer, 0);
	cr_expect_eq(count_generations(), 1);
	answer = ns_apply("# a comment\n" BLACKHOLE("1"));
	ns_expect_exit(&answer, 0);
	cr_expect_eq(count_generations(), 1);
}

/* ---- epochs ------------------------------------------------------------------------------------------------------ */

Test(commands, originals_do_not_outlive_their_namespace)
{
	struct ns_answer answer;

	ns_begin();
	ns_run("ip link add p0 type veth peer name far && echo 2 >/proc/sys/net/ipv4/conf/p0/rp_filter");
	ns_apply_well("interfaces:\n  p0: { match: { name: p0 }, mtu: 1400 }\n"
		      "sysctls: { net.ipv4.conf.p0.rp_filter: 1, net.ipv4.ip_forward: 1 }\n");
	/* The next life: values that happen to be those written before are its own. */
	ns_enter();
	ns_run("ip link set lo up && ip link add p0 mtu 1400 type veth peer name far && ip link set p0 up && "
	       "echo 1 >/proc/sys/net/ipv4/conf/p0/rp_filter && echo 1 >/proc/sys/net/ipv4/ip_forward");
	cr_expect_eq(ns_count_changes("recover"), 0);
	answer = ns_span("status");
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.err, NS_WORDS("epoch"));
	answer = ns_span("down");
	ns_expect_exit(&answer, 0);
	ns_expect_facts((const struct ns_fact[]){
		{ "link show p0", "mtu", "1400" },
		{ "/proc/sys/net/ipv4/conf/p0/rp_filter", NULL, "1" },
		{ "/proc/sys/net/ipv4/ip_forward", NULL, "1" },
		{ 0 },
	});
}

Test(commands, interrupted_run_of_another_life_is_not_taken_back)
{
	struct ns_answer answer;
	pid_t pid;

	ns_begin();
	ns_apply_well(BLACKHOLE("1"));
	pid = start_slow_apply();
	ns_run("pkill -KILL -P %d linkspan; kill -KILL %d", (int)pid, (int)pid);
	wait_for_slow_apply(pid);
	if (!exists(ns_text("%s/state/journal", ns_dir())))
		ns_skip("the run left no journal");
	ns_enter();
	ns_run("ip link set lo up && ip route add blackhole 10.1.0.0/16 proto 108");
	cr_expect_eq(ns_count_changes("recover"), 0);
	expect_route("10.1.0.0/16", true);
	answer = ns_span("recover");
	ns_expect_exit(&answer, 0);
	cr_expect_not(exists(ns_text("%s/state/journal", ns_dir())));
	answer = ns_apply(BLACKHOLE("1"));
	ns_expect_exit(&answer, 0);
}

Test(commands, spec_is_applied_anew_after_a_restart)
{
	ns_begin();
	ns_apply_well(NS_MIXED);
	ns_enter();
	ns_run("ip link set lo up; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad");
	ns_apply_well(NS_MIXED);
	expect_route("10.1.0.0/16", true);
	ns_down_well();
	expect_route("10.1.0.0/16", false);
	ns_expect_facts((const struct ns_fact[]){ { "/proc/sys/net/ipv4/ip_forward", NULL, "0" }, { 0 } });
}

/* ---- standard input ---------------------------------------------------------------------------------------------- */

Test(commands, specs_are_read_from_standard_input)
{
	struct ns_answer answer;

	ns_begin();
	ns_spec(BLACKHOLE("1"));
	answer = ns_span("check - <%s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
	answer = ns_span("plan - <%s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 2);
	ns_expect_words(answer.out, NS_WORDS("10.1.0.0/16", "<stdin>:5:5"));
	answer = ns_span("apply - <%s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 0);
	expect_route("10.1.0.0/16", true);
	ns_spec("routes:\n  - { to: 10.1.0.1/16, type: blackhole }\n");
	answer = ns_span("apply - <%s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 65);
	ns_expect_words(answer.err, NS_WORDS("<stdin>:5:"));
	answer = ns_span("check --json - <%s/spec.yaml", ns_dir());
	ns_expect_exit(&answer, 65);
	cr_expect(json_is_false(json_object_get(ns_parse(answer.out), "valid")));
}

/* ---- the tests themselves ---------------------------------------------------------------------------------------- */

Test(commands, trace_sees_what_a_first_apply_sends)
{
	ns_begin();
	ns_spec(NS_MIXED);
	cr_expect_gt(ns_count_changes(ns_text("apply %s/spec.yaml", ns_dir())), 3);
	cr_expect_gt(ns_count_changes("down"), 2);
}

/* Without tunnels permanent failover is what full failover is; the record says which. */
Test(commands, mode_of_failover_is_recorded_where_nothing_else_changes)
{
	struct ns_answer answer;
	const char *spec;

	ns_begin();
	ns_make_pair("p0");
	ns_make_pair("q0");
	spec = ns_spec("side: provider\n"
		       "interfaces:\n"
		       "  p0: { match: { name: p0 }, ipv4: { method: manual, addresses: [192.0.2.1/24] } }\n"
		       "  q0: { match: { name: q0 } }\n"
		       "networks: { n: { interface: q0, ipv4: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 } } }\n"
		       "failover: { mode: none }\n");
	ns_run("sed -i 's/kind: gateway/kind: appliance/' %s", spec);
	answer = ns_span("apply --failover full %s", spec);
	ns_expect_exit(&answer, 0);
	answer = ns_span("apply --failover permanent %s", spec);
	ns_expect_exit(&answer, 0);
	answer = ns_span("status --json");
	ns_expect_words(answer.out, NS_WORDS("\"failover\":\"permanent\"", "\"generation\":2"));
	ns_down_well();
}
