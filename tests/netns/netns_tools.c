/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands run through the shell, with their output in files of the test's directory. All that is handed out stands in
 * one list that ns_leave frees, so that tests need not. The state of a namespace is text, one line a field, for
 * diff(1); what the kernel changes on its own account is left out of it, or waited for.
 */
#include "netns_tools.h"

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

static void keep(char *text, json_t *json)
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
	keep(text, NULL);
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
	keep(text, NULL);
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
	keep(NULL, json);
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
		{ "vrf", "table 1" } };
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

/* Is there a line with all of these words (NULL at the end), and without those that begin with '!'? */
static bool has_line(const char *text, const char *const *words)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		char *line = strndup(text, strcspn(text, "\n"));
		size_t i = 0;

		cr_assert_not_null(line);
		while (words[i] && (words[i][0] == '!' ? !strstr(line, words[i] + 1) : !!strstr(line, words[i])))
			i++;
		free(line);
		if (!words[i])
			return true;
	}
	return false;
}

/* Duplicate address detection runs in the background, and the carrier is told up to a second later; lo, dummy and
 * vxlan links never say. */
static bool is_settled(const char *text)
{
	return !has_line(text, NS_WORDS(" inet6 ", "tentative")) &&
	       !has_line(text, NS_WORDS("state UNKNOWN", "! lo:", "!dummy", "!vxlan")) &&
	       !has_line(text, NS_WORDS("LOWER_UP", "state DOWN")) &&
	       !has_line(text, NS_WORDS("LOWER_UP", "state LOWERLAYERDOWN"));
}

/* Twice the same routes: the kernel's own come a moment later than what it tells of the carrier. */
void ns_settle(void)
{
	const char *before = "", *now;

	for (int i = 0; i < 100; i++, before = now) {
		now = ns_output("ip -6 route show table all");
		if (!strcmp(now, before) && is_settled(ns_output("ip -6 -o addr show; ip -o -d link show")))
			return;
		usleep(20000);
	}
}

/* The kernel tells the carrier's state up to a second later. */
static void wait_for_carrier(const char *link)
{
	for (int i = 0; i < 100 && !ns_try("ip -o link show dev %s | grep -q 'state UP'", link); i++)
		usleep(20000);
}

void ns_make_pair(const char *name)
{
	ns_run("ip link add %s type veth peer name far-%s && ip link set %s up && ip link set far-%s up", name, name,
		name, name);
	wait_for_carrier(name);
	wait_for_carrier(ns_text("far-%s", name));
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

void ns_far_run(const char *format, ...)
{
	const char *command;
	va_list args;

	va_start(args, format);
	command = format_text(format, args);
	va_end(args);
	cr_assert_null(strchr(command, '\''), "%s", command);
	ns_run("nsenter --net=/proc/%d/ns/net sh -c '%s'", (int)far_process, command);
}

void ns_make_far_pair(const char *name)
{
	ns_run("ip link add %s type veth peer name far-%s netns %d && ip link set %s addrgenmode eui64 up", name, name,
		(int)ns_far(), name);
	ns_far_run("ip link set far-%s up", name);
	wait_for_carrier(name);
	ns_settle();
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
	answer.status = run_shell(ns_text(
		"\"$LINKSPAN\" --state-dir %s/state %s >%s/out 2>%s/err", directory, arguments, directory, directory));
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
	const char *pattern = "nlmsg_type=(RTM_(NEW|DEL|SET)|0x[0-9a-f]*[01345789cd] )|\"net/[^\"]*\", O_(WRONLY|RDWR)";
	int status =
		run_shell(ns_text("ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -o %s/trace -e "
				  "trace=sendmsg,sendto,openat \"$LINKSPAN\" --state-dir %s/state %s >%s/out 2>%s/err",
			directory, directory, arguments, directory, directory));

	cr_assert_neq(status, 127, "strace does not run");
	return strtoul(ns_output("grep -cE '%s' %s/trace", pattern, directory), NULL, 10);
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

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static const char *attributes_of(const json_t *step)
{
	json_t *attributes = json_object_get(step, "attributes"), *attribute;
	const char *text = "";
	size_t i;

	if (!strcmp(text_of(step, "op"), "add") || !strcmp(text_of(step, "op"), "delete"))
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
		text_of(step, "op"), text_of(step, "kind"), text_of(step, "id"), attributes_of(step));
	return text;
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

/* Of an array, the first that is not empty: ip leaves empty objects where it filters. */
static const json_t *first_of(const json_t *json)
{
	json_t *item;
	size_t i;

	json_array_foreach(json, i, item)
	{
		if (json_object_size(item))
			return item;
	}
	return json;
}

static const json_t *walk(const json_t *json, const char *path)
{
	char name[64];
	size_t length;

	for (; json && *path; path += length + (path[length] == '.')) {
		length = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		json = json_object_get(first_of(json), name);
	}
	return json;
}

static const char *scalar(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		return json_string_value(json);
	case JSON_INTEGER:
		return ns_text("%lld", (long long)json_integer_value(json));
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	default:
		return "(not a scalar)";
	}
}

static bool contains(const json_t *array, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (!strcmp(scalar(item), text))
			return true;
	}
	return false;
}

static void expect_field(const struct ns_fact *fact, const json_t *json)
{
	const json_t *value = walk(json, fact->field);

	if (!fact->value)
		cr_expect_null(value, "%s: %s is there", fact->ask, fact->field);
	else if (!value)
		cr_expect_fail("%s: there is no %s, expected %s", fact->ask, fact->field, fact->value);
	else if (json_is_array(value))
		cr_expect_eq(contains(value, fact->value + (fact->value[0] == '!')), fact->value[0] != '!',
			"%s: %s, expected %s", fact->ask, fact->field, fact->value);
	else
		cr_expect_str_eq(scalar(value), fact->value, "%s: %s is %s, expected %s", fact->ask, fact->field,
			scalar(value), fact->value);
}

static void expect_file(const struct ns_fact *fact)
{
	char *text = strdup(ns_read_file(fact->ask));

	cr_assert_not_null(text);
	text[strcspn(text, "\n")] = 0;
	cr_expect_str_eq(text, fact->value, "%s is %s, expected %s", fact->ask, text, fact->value);
	free(text);
}

/* Where a link has nothing to show, ip says so with an empty object. */
static json_t *drop_empty(json_t *array)
{
	for (size_t i = json_array_size(array); i-- > 0;)
		if (!json_object_size(json_array_get(array, i)))
			json_array_remove(array, i);
	return array;
}

static void expect_fact(const struct ns_fact *fact)
{
	json_t *found;

	if (fact->ask[0] == '/') {
		expect_file(fact);
		return;
	}
	found = drop_empty(ns_parse(ns_output("ip -j -d %s 2>/dev/null", fact->ask)));
	if (!fact->field) {
		cr_expect_eq(json_array_size(found), strtoul(fact->value, NULL, 10), "%s: %zu found, expected %s",
			fact->ask, json_array_size(found), fact->value);
		return;
	}
	cr_expect_eq(json_array_size(found), 1, "%s: %zu found, expected 1", fact->ask, json_array_size(found));
	if (json_array_size(found) > 0)
		expect_field(fact, json_array_get(found, 0));
}

void ns_expect_facts(const struct ns_fact *facts)
{
	for (; facts->ask; facts++)
		expect_fact(facts);
}

/* ---- the whole state --------------------------------------------------------------------------------------------- */

static const char *const volatile_fields[] = { "gso_max_size", "gso_max_segs", "tso_max_size", "tso_max_segs",
	"gro_max_size", "valid_life_time", "preferred_life_time", "qdisc", "gc_timer", "hello_timer", "tcn_timer",
	"topology_change_timer", "topology_change", "topology_change_detected", "hold_timer", "message_age_timer",
	"forward_delay_timer", "expires", "used", "confirmed", "updated", "probes", "refcnt", "cache", "promiscuity",
	"allmulti", "tentative", "operstate" };

/* The carrier is known up to a second later. */
static bool is_volatile_flag(const json_t *json)
{
	const char *text = json_string_value(json);

	return text && (!strcmp(text, "NO-CARRIER") || !strcmp(text, "LOWER_UP"));
}

static void drop_volatile(json_t *json)
{
	const char *name;
	json_t *value;
	size_t i;

	for (i = json_array_size(json); i-- > 0;)
		if (is_volatile_flag(json_array_get(json, i)))
			json_array_remove(json, i);

	if (json_is_object(json))
		for (i = 0; i < sizeof(volatile_fields) / sizeof(*volatile_fields); i++)
			json_object_del(json, volatile_fields[i]);
	json_object_foreach(json, name, value) drop_volatile(value);
	json_array_foreach(json, i, value) drop_volatile(value);
}

/* IPv6 routes of several links come in the order in which the links went up. */
static const struct {
	const char *name, *command;
	bool unordered;
} views[] = {
	{ "links", "ip -j -d link show", false },
	{ "addresses", "ip -j addr show", false },
	{ "routes4", "ip -j -d -4 route show table all", false },
	{ "routes6", "ip -j -d -6 route show table all", true },
	{ "rules4", "ip -j -d -4 rule show", false },
	{ "rules6", "ip -j -d -6 rule show", false },
	{ "neighbours", "ip -j neigh show nud permanent", false },
	{ "proxies", "ip -j neigh show proxy", false },
	{ "nexthops", "ip -j nexthop show", false },
};

static json_t *view(size_t i)
{
	json_t *json = drop_empty(ns_parse(ns_output("%s 2>/dev/null", views[i].command)));

	drop_volatile(json);
	return json;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_view(FILE *file, size_t i)
{
	json_t *json = view(i), *item;
	const char **texts = calloc(json_array_size(json) + 1, sizeof(*texts));
	size_t k;

	cr_assert_not_null(texts);
	json_array_foreach(json, k, item)
	{
		char *text = json_dumps(item, JSON_INDENT(1) | JSON_SORT_KEYS);

		keep(text, NULL);
		texts[k] = text;
	}
	if (views[i].unordered)
		qsort(texts, json_array_size(json), sizeof(*texts), compare_texts);
	fprintf(file, "== %s\n", views[i].name);
	for (k = 0; k < json_array_size(json); k++)
		fprintf(file, "%s\n", texts[k]);
	free(texts);
}

const char *ns_state(void)
{
	const char *path = ns_text("%s/view", directory);
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file);
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
		append_view(file, i);
	fclose(file);
	/* stable_secret cannot be read before it is written. */
	ns_run("cd /proc/sys/net && find ipv4/conf ipv6/conf ipv4/ip_forward -type f ! -name stable_secret "
	       "-exec grep -H . {} + | sort >>%s",
		path);
	return ns_read_file(path);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

void ns_expect_state(const char *before)
{
	const char *now;

	ns_settle();
	now = ns_state();
	/* What the kernel does on its own account may take its time. */
	for (int i = 0; i < 15 && strcmp(before, now) != 0; i++) {
		usleep(100000);
		now = ns_state();
	}
	if (!strcmp(before, now))
		return;
	write_text(ns_text("%s/before", directory), before);
	cr_assert_fail("not as before:\n%s",
		ns_output("diff -U3 %s/before %s/view | tail -n +3 | head -60", directory, directory));
}

/* ---- what is foreign --------------------------------------------------------------------------------------------- */

static void note_addresses(json_t *notes, const json_t *link)
{
	json_t *list = json_object_get(link, "addr_info"), *address;
	size_t i;

	json_array_foreach(list, i, address)
	{
		const char *text = ns_text("addresses %s %s/%s %s %s", text_of(link, "ifname"),
			text_of(address, "local"), scalar(json_object_get(address, "prefixlen")),
			text_of(address, "address"), text_of(address, "protocol"));

		json_array_append_new(notes, json_string(text));
	}
}

static void note_view(json_t *notes, size_t i)
{
	json_t *list = view(i), *item;
	size_t k;

	json_array_foreach(list, k, item)
	{
		char *text;

		if (!strcmp(views[i].name, "addresses")) {
			note_addresses(notes, item);
			continue;
		}
		text = json_dumps(item, JSON_COMPACT | JSON_SORT_KEYS);
		keep(text, NULL);
		json_array_append_new(notes, json_string(ns_text("%s %s", views[i].name, text)));
	}
}

json_t *ns_foreign(void)
{
	json_t *notes = json_array();

	keep(NULL, notes);
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
		note_view(notes, i);
	return notes;
}

void ns_expect_foreign(json_t *before)
{
	json_t *now = ns_foreign(), *item;
	size_t i;

	json_array_foreach(before, i, item)
		cr_expect(contains(now, json_string_value(item)), "gone or changed: %s", json_string_value(item));
}
