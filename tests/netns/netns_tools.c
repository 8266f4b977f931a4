/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands run through the shell, with their output in files of the test's directory. All that is handed out stands in
 * one list that ns_leave frees, so that tests need not. The state of a namespace is text, one line a field, for
 * diff(1); what the kernel changes on its own account is left out of it, or waited for.
 */
#include "netns_tools.h"

#include <support/support.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_MAX 16384

/* ---- what is kept until the end ---------------------------------------------------------------------------------- */

struct kept {
	struct kept *next;
	json_t *json;
	char *text;
};

static struct kept *kept;
static char directory[64];
static pid_t far_process;
static bool isolated;

void ns_keep(char *text, json_t *json)
{
	struct kept *entry = calloc(1, sizeof(*entry));

	cr_assert_not_null(entry);
	*entry = (struct kept){ .next = kept, .json = json, .text = text };
	kept = entry;
}

static char *format_text(const char *format, va_list args)
{
	char *text = NULL;

	cr_assert_geq(vasprintf(&text, format, args), 0);
	ns_keep(text, NULL);
	return text;
}

const char *ns_text(const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	return text;
}

static const char *read_stream(FILE *file)
{
	size_t length = 0, size = 65536, n;
	char *text = malloc(size);

	cr_assert_not_null(text);
	while ((n = fread(text + length, 1, size - length - 1, file)) > 0) {
		length += n;
		if (length + 1 < size)
			continue;
		size *= 2;
		text = realloc(text, size);
		cr_assert_not_null(text);
	}
	text[length] = 0;
	ns_keep(text, NULL);
	return text;
}

const char *ns_read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	const char *text;

	if (!file)
		return "";
	text = read_stream(file);
	fclose(file);
	return text;
}

json_t *ns_parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(*text ? text : "[]", JSON_REJECT_DUPLICATES, &error);

	cr_assert_not_null(json, "no JSON: %s\n%s", error.text, text);
	ns_keep(NULL, json);
	return json;
}

/* ---- the namespace ----------------------------------------------------------------------------------------------- */

static ino_t net_inode(const char *path)
{
	struct stat info;

	return stat(path, &info) < 0 ? 0 : info.st_ino;
}

void ns_enter(void)
{
	ino_t before = net_inode("/proc/thread-self/ns/net"), after;

	isolated = false;
	if (unshare(CLONE_NEWNET) < 0)
		return;
	after = net_inode("/proc/thread-self/ns/net");
	isolated = before && after && after != before && after != net_inode("/proc/1/ns/net");
}

static void end_processes_beside(pid_t process)
{
	ns_try("there=$(readlink /proc/%d/ns/net); for p in /proc/[0-9]*; do "
	       "test ${p#/proc/} != %d -a ${p#/proc/} != $$ && test \"$(readlink $p/ns/net)\" = \"$there\" && kill "
	       "-KILL ${p#/proc/}; done",
		(int)process, (int)getpid());
}

void ns_end_processes(void)
{
	if (!isolated) /* those would be the machine's */
		return;
	end_processes_beside(getpid());
	if (far_process > 0)
		end_processes_beside(far_process);
}

void ns_pretend_client(const char *program, const char *words)
{
	ns_run("cd %s && cp $(command -v tail) %s && touch %s && { ./%s --pid=%d -f %s >/dev/null 2>&1 & } && until "
	       "grep -q %s /proc/$!/comm; do sleep 0.02; done",
		ns_dir(), program, words, program, (int)getpid(), words, program);
}

void ns_clean(void)
{
	if (far_process > 0) {
		kill(far_process, SIGKILL);
		waitpid(far_process, NULL, 0);
	}
	far_process = 0;
	if (*directory)
		ns_try("rm -rf %s", directory);
	*directory = 0;
}

void ns_leave(void)
{
	ns_clean();
	while (kept) {
		struct kept *next = kept->next;

		json_decref(kept->json);
		free(kept->text);
		free(kept);
		kept = next;
	}
}

void ns_begin(void)
{
	if (!isolated)
		ns_skip("no network namespace (run as root)");
	snprintf(directory, sizeof(directory), "/tmp/linkspan-test.XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	if (!getenv("LINKSPAN"))
		setenv("LINKSPAN", "build/linkspan", 1);
	unsetenv("SSH_CONNECTION");
	ns_run("ip link set lo up && cd /proc/sys/net/ipv6/conf && echo 0 | tee all/accept_dad default/accept_dad "
	       "default/dad_transmits >/dev/null && echo 1 >default/addr_gen_mode");
	ns_settle();
}

const char *ns_dir(void)
{
	return directory;
}

void ns_need_link_type(const char *type)
{
	static const char *const more[][2] = { { "vlan", "id 1" }, { "vxlan", "id 1 dstport 4789" },
		{ "vrf", "table 1" }, { "xfrm", "if_id 1" } };
	const char *rest = "";

	for (size_t i = 0; i < LS_ARRAY_SIZE(more); i++)
		if (!strcmp(more[i][0], type))
			rest = more[i][1];
	/* lo takes no VLANs. */
	if (!ns_try("ip link add lsprobe type %s %s || { ip link add lsbelow type bridge && "
		    "ip link add lsprobe link lsbelow type %s %s; }",
		    type, rest, type, rest)) {
		ns_try("ip link del lsbelow");
		ns_skip("this kernel has no %s links", type);
	}
	ns_run("ip link del lsprobe && { ip link del lsbelow 2>/dev/null || :; }");
}

void ns_need_program(const char *name)
{
	if (!ns_try("command -v %s", name))
		ns_skip("there is no %s", name);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static int run_shell(const char *command)
{
	int status = system(command); /* NOLINT(cert-env33-c): constant texts of the tests */

	if (status < 0)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ns_run(const char *format, ...)
{
	const char *command;
	va_list args;

	va_start(args, format);
	command = format_text(format, args);
	va_end(args);
	cr_assert_eq(run_shell(command), 0, "%s", command);
}

bool ns_try(const char *format, ...)
{
	char command[COMMAND_MAX];
	va_list args;
	int n;

	n = snprintf(command, sizeof(command), "{ ");
	va_start(args, format);
	n += vsnprintf(command + n, sizeof(command) - (size_t)n, format, args);
	va_end(args);
	snprintf(command + n, sizeof(command) - (size_t)n, "; } >/dev/null 2>&1");
	return run_shell(command) == 0;
}

const char *ns_output(const char *format, ...)
{
	const char *text;
	va_list args;
	FILE *pipe;

	va_start(args, format);
	pipe = popen(format_text(format, args), "re"); /* NOLINT(cert-env33-c) */
	va_end(args);
	cr_assert_not_null(pipe);
	text = read_stream(pipe);
	pclose(pipe);
	return text;
}

/* Twice the same routes: the kernel's own come a moment later than what it tells of the carrier. */
void ns_settle(void)
{
	char *before = NULL, *now;
	bool settled = false;

	for (int i = 0; i < 100 && !settled; i++) {
		now = test_ipv6_routes();
		settled = before && !strcmp(now, before) && !test_has_tentative() && test_links_are_settled();
		free(before);
		before = now;
		if (!settled)
			usleep(20000);
	}
	free(before);
}

void ns_make_pair(const char *name)
{
	ns_run("ip link add %s type veth peer name far-%s && ip link set %s up && ip link set far-%s up", name, name,
		name, name);
	ns_settle();
}

/* ---- the far side ------------------------------------------------------------------------------------------------ */

pid_t ns_far(void)
{
	int ready[2];
	char byte;

	if (far_process > 0)
		return far_process;
	cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
	far_process = fork();
	cr_assert_geq(far_process, 0);
	if (far_process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ns_far_run("ip link set lo up; cd /proc/sys/net/ipv6/conf && echo 0 | tee all/accept_dad default/accept_dad "
		   "default/dad_transmits >/dev/null");
	return far_process;
}

/* All of it must succeed. */
static void run_beside(const char *process, const char *format, va_list args)
{
	const char *command = format_text(format, args);

	cr_assert_null(strchr(command, '\''), "%s", command);
	ns_run("nsenter -t %s -n sh -ec '%s'", process, command);
}

void ns_far_run(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	run_beside(ns_text("%d", (int)far_process), format, args);
	va_end(args);
}

void ns_on(const char *host, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	run_beside(ns_text("$(cat %s/%s)", ns_dir(), host), format, args);
	va_end(args);
}

void ns_make_far_pair(const char *name)
{
	ns_run("ip link add %s type veth peer name far-%s netns %d && ip link set %s addrgenmode eui64 up", name, name,
		(int)ns_far(), name);
	ns_far_run("ip link set far-%s up", name);
	ns_settle();
}

const char *ns_capture(const char *link, const char *address, unsigned mtu)
{
	unsigned headers = strchr(address, ':') ? 48 : 28; /* of IP and ICMP */

	ns_run("cd %s; tcpdump -i %s -U -w wire 2>told & capture=$!; until grep -q listening told; do sleep 0.2; kill "
	       "-0 "
	       "$capture || exit; done; ping -q -c 3 -i 0.2 -M do -s %u -p " NS_PATTERN
	       " -W 2 %s >/dev/null; sleep 0.5; kill "
	       "$capture; wait $capture",
		ns_dir(), link, mtu - headers, address);
	return ns_output("cd %s; tcpdump -n -r wire 2>/dev/null; od -An -v -tx1 wire | tr -d ' \n'", ns_dir());
}

/* ---- streams and secrets ----------------------------------------------------------------------------------------- */

const char *ns_lost(const char *file)
{
	return ns_output(
		"awk '/bytes from/ && match($0, /icmp_seq=[0-9]+/) { seen[substr($0, RSTART + 9, RLENGTH - 9)] }"
		" / packets transmitted/ { sent = $1 }"
		" END { if (sent < 30) lost = lost \" too few\";"
		" for (n = 1; n <= sent - 20; n++) if (!(n in seen)) lost = lost \" \" n;"
		" print(lost ? \"lost of \" sent \":\" lost : \"whole\") }' %s/%s",
		ns_dir(), file);
}

void ns_stream_start(const char *host, const char *name, const char *address, unsigned port)
{
	const char *ask =
		ns_text("tests/netns/nat.py stream %s %u %s/%s >/dev/null 2>&1 &", address, port, ns_dir(), name);

	if (host)
		ns_on(host, "%s", ask);
	else
		ns_run("%s", ask);
	ns_run("for i in $(seq 50); do test -e %s/%s.count && break; sleep 0.1; done", ns_dir(), name);
}

static unsigned answers(const char *name)
{
	return (unsigned)strtoul(ns_read_file(ns_text("%s/%s.count", ns_dir(), name)), NULL, 10);
}

void ns_expect_stream(const char *name)
{
	unsigned before = answers(name);
	bool goes_on = false;

	for (int i = 0; i < 100 && !goes_on; i++) {
		usleep(100000);
		goes_on = answers(name) > before;
	}
	cr_expect(goes_on, "%s has stopped", name);
	cr_expect(!ns_try("test -e %s/%s", ns_dir(), name), "%s has ended: %s", name,
		ns_output("cat %s/%s 2>&1", ns_dir(), name));
}

/* What looks for it would find it. */
static void expect_found(const char *key)
{
	static const char *const forms[] = { "cat", "base64 -d", "base64 -d | od -An -v -tx1 | tr -d \" \\n\"" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(forms); i++) {
		ns_run("mkdir -p %s/probe; (echo before; <%s/%s %s; echo behind) >%s/probe/it", ns_dir(), ns_dir(), key,
			forms[i], ns_dir());
		cr_assert_str_eq(ns_output("cd %s; \"$OLDPWD\"/tests/netns/hidden.py %s probe", ns_dir(), key),
			"probe/it\n", "%s", forms[i]);
	}
	ns_run("rm -r %s/probe", ns_dir());
}

void ns_expect_hidden(const char *key, const char *places)
{
	ns_need_program("python3");
	expect_found(key);
	cr_expect_str_eq(
		ns_output("cd %s; \"$OLDPWD\"/tests/netns/hidden.py %s %s 2>&1", ns_dir(), key, places), "", "%s", key);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

const char *ns_spec(const char *body)
{
	const char *path = ns_text("%s/spec.yaml", directory);
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file);
	fprintf(file, "linkspan: 1\nkind: gateway\nname: test\n%s", body);
	cr_assert_eq(fclose(file), 0);
	return path;
}

struct ns_answer ns_span(const char *format, ...)
{
	struct ns_answer answer;
	const char *arguments;
	va_list args;

	va_start(args, format);
	arguments = format_text(format, args);
	va_end(args);
	answer.status = run_shell(ns_text("exec \"$LINKSPAN\" --state-dir %s/state %s >%s/out 2>%s/err", directory,
		arguments, directory, directory));
	answer.out = ns_read_file(ns_text("%s/out", directory));
	answer.err = ns_read_file(ns_text("%s/err", directory));
	return answer;
}

struct ns_answer ns_plan(const char *body)
{
	return ns_span("plan --json %s", ns_spec(body));
}

struct ns_answer ns_apply(const char *body)
{
	return ns_span("apply %s", ns_spec(body));
}

void ns_expect_exit(const struct ns_answer *answer, int status)
{
	cr_assert_eq(answer->status, status, "exit status %d instead of %d\n%s%s", answer->status, status, answer->out,
		answer->err);
}

void ns_expect_words(const char *text, const char *const *words)
{
	for (; *words; words++)
		cr_expect_not_null(strstr(text, *words), "no '%s' in:\n%s", *words, text);
}

/* The types of a socket that strace has not seen opened come as numbers: of four, the third one reads. LeakSanitizer
 * does not work below ptrace. */
size_t ns_count_changes(const char *arguments)
{
	const char *pattern = "nlmsg_type=(RTM_(NEW|DEL|SET)|0x[0-9a-f]?[01345789cd] "
			      ")|NLM_F_ACK|NFT_MSG_(NEW|DEL)|IPCTNL_MSG_CT_DELETE|\"net/[^\"]*\", O_(WRONLY|RDWR)";
	/* Dumps of a family of generic netlink, and the question for its number (GENL_ID_CTRL). */
	const char *harmless = "NLM_F_DUMP|[|]0x300|nlmsg_type=(0x10 [^}]*|nlctrl), nlmsg_flags=NLM_F_REQUEST, ";
	int status = run_shell(
		ns_text("ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f --seccomp-bpf -qq -o %s/trace -e "
			"trace=sendmsg,sendto,openat \"$LINKSPAN\" --state-dir %s/state %s >%s/out 2>%s/err",
			directory, directory, arguments, directory, directory));

	cr_assert_neq(status, 127, "strace does not run");
	return strtoul(ns_output("grep -E '%s' %s/trace | grep -cvE '%s'", pattern, directory, harmless), NULL, 10);
}

void ns_expect_settled(void)
{
	const char *apply = ns_text("apply %s/spec.yaml", directory);
	struct ns_answer answer;

	ns_settle();
	answer = ns_span("plan --json %s/spec.yaml", directory);
	cr_assert_eq(answer.status, 0, "the next plan is not empty: %s\n%s", ns_steps(answer.out), answer.err);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
	cr_assert_eq(ns_count_changes(apply), 0, "a second apply changes something: %s",
		ns_output("grep -E 'RTM_|net/' %s/trace", directory));
}

void ns_apply_well(const char *body)
{
	struct ns_answer answer = ns_apply(body);

	ns_expect_exit(&answer, 0);
	ns_expect_settled();
}

void ns_down_well(void)
{
	struct ns_answer answer = ns_span("down");

	ns_expect_exit(&answer, 0);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
	cr_assert_eq(ns_count_changes("down"), 0, "a second down changes something");
	ns_settle();
}

void ns_rollback_well(const char *options)
{
	struct ns_answer answer = ns_span("rollback %s", options);

	ns_expect_exit(&answer, 0);
	answer = ns_span("status --check");
	ns_expect_exit(&answer, 0);
	ns_settle();
}

const char *ns_text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static const char *attributes_of(const json_t *step)
{
	json_t *attributes = json_object_get(step, "attributes"), *attribute;
	const char *text = "";
	size_t i;

	if (!strcmp(ns_text_of(step, "op"), "add") || !strcmp(ns_text_of(step, "op"), "delete"))
		return "";
	json_array_foreach(attributes, i, attribute) text =
		ns_text("%s%s%s", text, *text ? " " : "", json_string_value(attribute));
	return ns_text(" (%s)", text);
}

const char *ns_steps(const char *plan)
{
	json_t *steps, *step;
	const char *text = "";
	size_t i;

	steps = json_object_get(ns_parse(plan), "steps");
	json_array_foreach(steps, i, step) text = ns_text("%s%s%s %s %s%s", text, *text ? "; " : "",
		ns_text_of(step, "op"), ns_text_of(step, "kind"), ns_text_of(step, "id"), attributes_of(step));
	return text;
}
