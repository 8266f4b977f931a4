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
#define MIXED \
	"interfaces:\n" \
	"  br0:\n" \
	"    create: { type: bridge }\n" \
	"    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n" \
	"routes:\n" \
	"  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n" \
	"  - { to: \"2001:db8:1::/48\", type: unreachable }\n" \
	"sysctls: { net.ipv4.ip_forward: 1 }\n"

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

static struct ns_answer unprivileged(const char *arguments)
{
	struct ns_answer answer;

	ns_run(NOBODY "--state-dir %s/state %s >%s/out 2>%s/err; echo $? >%s/status", ns_dir(), arguments, ns_dir(),
		ns_dir(), ns_dir());
	answer.status = atoi(ns_read_file(ns_text("%s/status", ns_dir())));
	answer.out = ns_read_file(ns_text("%s/out", ns_dir()));
	answer.err = ns_read_file(ns_text("%s/err", ns_dir()));
	return answer;
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
	ns_spec(MIXED);
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
	ns_apply_well(MIXED);
	/* "Nothing has been applied here" would be wrong. */
	answer = unprivileged("status");
	cr_expect(answer.status == 77 || strstr(answer.err, "state"), "exit status %d, and not a word:\n%s%s",
		answer.status, answer.out, answer.err);
	cr_expect_null(strstr(answer.out, "nothing has been applied here"), "%s", answer.out);
}

/* ---- other namespaces -------------------------------------------------------------------------------------------- */

Test(commands, named_namespace_is_configured_from_outside_and_has_its_own_state)
{
	struct ns_answer answer;

	ns_begin();
	if (!ns_try("unshare -m sh -c 'mount -t tmpfs tmpfs /run && ip netns add lstest'"))
		ns_skip("no named network namespaces here");
	ns_spec(MIXED);
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
	ns_apply_well(MIXED);
	ns_enter();
	ns_run("ip link set lo up; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad");
	ns_apply_well(MIXED);
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

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void expect_keys(json_t *document, const char *keys)
{
	char *list = strdup(keys), *state = NULL;

	cr_assert_not_null(list);
	for (char *key = strtok_r(list, " ", &state); key; key = strtok_r(NULL, " ", &state))
		cr_expect_not_null(json_object_get(document, key), "no %s", key);
	free(list);
}

static json_t *document_of(const char *command, int status)
{
	struct ns_answer answer = ns_span("%s", command);
	json_t *document;

	ns_expect_exit(&answer, status);
	document = ns_parse(answer.out);
	cr_expect_eq(json_integer_value(json_object_get(document, "format")), 1, "%s", command);
	return document;
}

Test(commands, json_documents_have_their_keys)
{
	json_t *document, *steps, *step;
	size_t i;

	ns_begin();
	ns_spec(MIXED);
	document = document_of(ns_text("plan --json %s/spec.yaml", ns_dir()), 2);
	expect_keys(document, "steps summary conflicts warnings");
	expect_keys(json_object_get(document, "summary"), "add change replace delete satisfied");
	steps = json_object_get(document, "steps");
	json_array_foreach(steps, i, step) expect_keys(step, "op kind id before after attributes disruption location");
	document = document_of(ns_text("apply --json %s/spec.yaml", ns_dir()), 0);
	expect_keys(document, "outcome generation plan error notes");
	cr_expect_str_eq(json_string_value(json_object_get(document, "outcome")), "done");
	ns_run("ip link set br0 mtu 1400 && ip route del 10.1.0.0/16 && ip route add blackhole 10.7.0.0/16 proto 108");
	document = document_of("status --json --check", 2);
	expect_keys(document, "generation pending_confirm drift tunnels warnings suppressed");
	expect_keys(json_object_get(document, "drift"), "missing extra changed");
	cr_expect_eq(json_array_size(json_object_get(json_object_get(document, "drift"), "missing")), 1);
	cr_expect_eq(json_array_size(json_object_get(json_object_get(document, "drift"), "extra")), 1);
	document = document_of("snapshot --json", 0);
	expect_keys(json_object_get(document, "objects"), "link address route sysctl");
	document_of("snapshot --all --json", 0);
	document_of("history --json", 0);
	document_of(ns_text("check --json %s/spec.yaml", ns_dir()), 0);
	document_of("down --json", 0);
}

/* ---- show -------------------------------------------------------------------------------------------------------- */

/* "op kind id; ..." of an array of steps. */
static const char *list_steps(json_t *steps)
{
	const char *text = "";
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step) text = ns_text("%s%s %s %s %s; ", text,
		json_string_value(json_object_get(step, "op")), json_string_value(json_object_get(step, "kind")),
		json_string_value(json_object_get(step, "id")), json_string_value(json_object_get(step, "location")));
	return text;
}

Test(commands, show_tells_the_steps_that_plan_had_told)
{
	struct ns_answer answer;
	const char *planned, *path;
	json_t *shown, *times, *generation;

	ns_begin();
	path = ns_spec(MIXED);
	planned = list_steps(json_object_get(document_of(ns_text("plan --json %s", path), 2), "steps"));
	document_of(ns_text("apply --json --message 'first try' %s", path), 0);
	shown = document_of("show --json 1", 0);
	cr_expect_str_eq(list_steps(json_object_get(shown, "taken")), planned);
	generation = json_object_get(shown, "generation");
	cr_expect_str_eq(json_string_value(json_object_get(generation, "message")), "first try");
	cr_expect_str_eq(json_string_value(json_object_get(generation, "command")), "apply");
	cr_expect_not_null(strstr(json_string_value(json_object_get(shown, "spec_text")), "10.0.0.1/24"));
	times = json_object_get(shown, "milliseconds");
	expect_keys(times, "plan journal kernel verify");
	cr_expect_gt(json_real_value(json_object_get(times, "kernel")), 0.0);
	answer = ns_span("show 1");
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("first try", "+ link br0", "| sysctls: { net.ipv4.ip_forward: 1 }"));
	answer = ns_span("show 2");
	ns_expect_exit(&answer, 1);
	answer = ns_span("show two");
	ns_expect_exit(&answer, 64);
	ns_down_well();
	shown = document_of("show --json 2", 0);
	cr_expect_eq(json_array_size(json_object_get(shown, "taken")),
		json_integer_value(
			json_object_get(json_object_get(json_object_get(shown, "generation"), "steps"), "delete")) +
			json_integer_value(json_object_get(
				json_object_get(json_object_get(shown, "generation"), "steps"), "change")));
}

Test(commands, show_keeps_the_first_thousand_steps)
{
	json_t *shown;

	ns_begin();
	ns_spec("");
	ns_run("{ echo routes:; for i in $(seq 1100); do echo \"  - { to: 10.$((i / 256)).$((i %% 256)).0/24, type: "
	       "blackhole }\"; done; } >>%s/spec.yaml",
		ns_dir());
	document_of(ns_text("apply --json %s/spec.yaml", ns_dir()), 0);
	shown = document_of("show --json 1", 0);
	cr_expect_eq(json_array_size(json_object_get(shown, "taken")), 1000);
	ns_expect_words(ns_span("show 1").out, NS_WORDS("1100 added", "... and 100 more"));
}

/* ---- explain and status ------------------------------------------------------------------------------------------ */

static json_t *explained(const char *object)
{
	return document_of(ns_text("explain --json '%s'", object), 0);
}

static const char *member(json_t *json, const char *outer, const char *inner)
{
	const char *text = json_string_value(json_object_get(json_object_get(json, outer), inner));

	return text ? text : "";
}

static bool ties_have(json_t *json, const char *list, const char *id)
{
	json_t *tie;
	size_t i;

	json_array_foreach(json_object_get(json, list), i,
		tie) if (!strcmp(json_string_value(json_object_get(tie, "id")), id)) return true;
	return false;
}

Test(commands, explain_tells_where_an_object_comes_from_and_whose_it_is)
{
	json_t *json;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.8.0.0/16 via 10.77.0.2 proto zebra && "
	       "ip route add 10.9.0.0/16 nexthop via 10.77.0.2 nexthop via 10.77.0.3");
	ns_apply_well(MIXED);
	json = explained("route 10.1.0.0/16");
	cr_expect_str_eq(member(json, "source", "location"), ns_text("%s/spec.yaml:10:5", ns_dir()));
	cr_expect_str_eq(member(json, "source", "text"), "  - { to: 10.1.0.0/16, via: 10.0.0.2 }");
	cr_expect_str_eq(member(json, "owner", "who"), "linkspan");
	cr_expect_str_eq(member(json, "owner", "by"), "mark");
	cr_expect(ties_have(json, "depends_on", "10.0.0.1/24 dev br0"));
	cr_expect(ties_have(json, "depends_on", "br0"));
	cr_expect(ties_have(explained("address 10.0.0.1/24 dev br0"), "needed_by", "10.1.0.0/16"));
	json = explained("10.8.0.0/16");
	cr_expect_str_eq(member(json, "owner", "protocol_name"), "zebra");
	cr_expect_str_eq(member(json, "owner", "who"), "foreign");
	cr_expect(ties_have(explained("p0"), "needed_by", "10.9.0.0/16"));
	cr_expect_str_eq(member(explained("route 10.77.0.0/24"), "owner", "who"), "derived");
	json = explained("net/ipv4/ip_forward");
	cr_expect_str_eq(member(json, "owner", "by"), "record");
	cr_expect_str_eq(member(json, "original", "value"), "0");
	ns_run("echo 0 >/proc/sys/net/ipv4/ip_forward; ip link set br0 mtu 1400; ip route del 10.1.0.0/16");
	cr_expect_str_eq(json_string_value(json_object_get(explained("net/ipv4/ip_forward"), "state")), "changed");
	cr_expect_str_eq(json_string_value(json_object_get(explained("route 10.1.0.0/16"), "state")), "missing");
	ns_expect_exit(&(struct ns_answer){ .status = ns_span("explain 10.1.0.0/17").status, .out = "", .err = "" }, 1);
	ns_expect_words(ns_span("explain 10.1.0.0/17").err, NS_WORDS("no object", "route 10.1.0.0/16"));
	ns_expect_exit(&(struct ns_answer){ .status = ns_span("explain").status, .out = "", .err = "" }, 64);
}

Test(commands, status_tells_who_is_in_the_place)
{
	json_t *drift, *entry;

	ns_begin();
	ns_apply_well(MIXED);
	ns_run("ip route replace 10.1.0.0/16 via 10.0.0.3 proto bird");
	drift = json_object_get(document_of("status --json", 0), "drift");
	entry = json_array_get(json_object_get(drift, "changed"), 0);
	cr_expect_str_eq(json_string_value(json_object_get(entry, "found_owner")), "foreign");
	cr_expect_str_eq(json_string_value(json_object_get(entry, "protocol_name")), "bird");
	ns_expect_words(ns_span("status").out, NS_WORDS("via is 10.0.0.3 instead of 10.0.0.2, made by BIRD"));
	ns_run("ip route del 10.1.0.0/16 && ip route add 10.1.0.0/16 via 10.0.0.3 proto static metric 50");
	drift = json_object_get(document_of("status --json", 0), "drift");
	entry = json_array_get(json_object_get(drift, "missing"), 0);
	cr_expect_str_eq(json_string_value(json_object_get(entry, "found_id")), "10.1.0.0/16 metric 50");
	cr_expect_eq(json_integer_value(json_object_get(entry, "protocol")), 4);
}

/* ---- snapshots --------------------------------------------------------------------------------------------------- */

Test(commands, two_snapshots_are_the_same_bytes)
{
	const char *options[] = { "", "--all", "--json", "--all --json" };

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.8.0.0/16 via 10.77.0.2 && "
	       "ip -6 addr add 2001:db8:77::1/64 dev p0 valid_lft 3000 preferred_lft 2000 && "
	       "ip -6 route add 2001:db8:8::/48 nexthop via 2001:db8:77::2 nexthop via 2001:db8:77::3 && "
	       "ip -6 route append 2001:db8:8::/48 via 2001:db8:77::4");
	ns_apply_well(MIXED);
	for (size_t i = 0; i < LS_ARRAY_SIZE(options); i++) {
		struct ns_answer first = ns_span("snapshot %s", options[i]), second;

		ns_expect_exit(&first, 0);
		usleep(i == 1 ? 1100000 : 0);
		second = ns_span("snapshot %s", options[i]);
		cr_expect_str_eq(first.out, second.out);
	}
}

Test(commands, snapshot_of_the_same_configuration_made_otherwise_is_the_same)
{
	struct ns_answer first, second;

	ns_begin();
	ns_apply_well(MIXED);
	first = ns_span("snapshot --json");
	ns_down_well();
	ns_run("ip link add waste type bridge && ip link del waste");
	ns_apply_well(MIXED);
	second = ns_span("snapshot --json");
	cr_expect_str_eq(first.out, second.out);
}

static const char *const offline_specs[] = {
	MIXED,
	"interfaces:\n  p0: { match: { name: p0 }, mtu: 1400, ipv4: { method: manual, addresses: [10.0.0.1/24] } }\n",
	"interfaces:\n  p0: { match: { name: p0 } }\n"
	"addresses:\n  - { interface: p0, address: 10.77.0.1/24 }\n"
	"routes:\n  - { to: 10.8.0.0/16, via: 10.77.0.3, adopt: true }\n",
	"interfaces:\n  p0: { match: { name: p0 } }\nroutes:\n  - { to: 10.8.0.0/16, via: 10.77.0.3, interface: p0 }\n",
};

NS_TEST_EACH(commands, offline_plan_is_the_plan_on_the_spot, offline_specs)
{
	struct ns_answer here, offline;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.8.0.0/16 via 10.77.0.2");
	ns_spec(offline_specs[*number]);
	ns_run("\"$LINKSPAN\" snapshot --all --json --state-dir %s/state >%s/snapshot", ns_dir(), ns_dir());
	here = ns_span("plan --json %s/spec.yaml", ns_dir());
	cr_expect(here.status == 2 || here.status == 1);
	offline = ns_span("plan --json --from %s/snapshot %s/spec.yaml", ns_dir(), ns_dir());
	cr_expect_eq(offline.status, here.status);
	cr_assert(!strcmp(offline.out, here.out), "offline: %s\nhere: %s", ns_steps(offline.out), ns_steps(here.out));
	offline = ns_span("plan --json --from - %s/spec.yaml <%s/snapshot", ns_dir(), ns_dir());
	cr_expect_str_eq(offline.out, here.out);
	/* Whether the kernel has a type of link is asked by a message that it refuses. */
	cr_expect_eq(ns_count_changes(ns_text("plan %s/spec.yaml", ns_dir())),
		strstr(offline_specs[*number], "create") ? 1 : 0);
}

Test(commands, offline_plan_of_a_configured_host_is_empty)
{
	struct ns_answer answer;

	ns_begin();
	ns_apply_well(MIXED);
	ns_run("\"$LINKSPAN\" snapshot --all --json --state-dir %s/state >%s/snapshot", ns_dir(), ns_dir());
	answer = ns_span("plan --json --from %s/snapshot %s/spec.yaml", ns_dir(), ns_dir());
	cr_expect_eq(answer.status, 0, "%s", ns_steps(answer.out));
}

/* ---- the tests themselves ---------------------------------------------------------------------------------------- */

Test(commands, trace_sees_what_a_first_apply_sends)
{
	ns_begin();
	ns_spec(MIXED);
	cr_expect_gt(ns_count_changes(ns_text("apply %s/spec.yaml", ns_dir())), 3);
	cr_expect_gt(ns_count_changes("down"), 2);
}
