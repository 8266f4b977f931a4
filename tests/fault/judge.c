/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge reads the host as others see it, with iproute2 and from /proc, and writes it down as sorted lines. Left out
 * is what changes by itself or is made by the kernel at a time of its own: counters, timers, lifetimes, carrier,
 * link-local addresses and their routes, indexes of links that linkspan made. Order is kept where it means something:
 * among addresses of a subnet on a link (primary and secondaries), among rules, among routes of one slot.
 */
#include "fault.h"

#include <linkspan/util.h>
#include <support/support.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OURS "27763" /* the link group that marks a link of ours */
#define WAIT_MS 2000
#define PAUSE_MS 25
#define COMPLAINTS_MAX 6
#define DIFFERENCES_MAX 24

/* ---- lines ------------------------------------------------------------------------------------------------------- */

struct lines {
	char **text;
	size_t n, size;
};

static void FAULT_PRINTF(2, 3) add(struct lines *lines, const char *format, ...)
{
	va_list args;

	if (lines->n == lines->size) {
		lines->size = lines->size ? lines->size * 2 : 1024;
		lines->text = realloc(lines->text, lines->size * sizeof(*lines->text));
		cr_assert_not_null(lines->text);
	}
	va_start(args, format);
	cr_assert_geq(vasprintf(&lines->text[lines->n++], format, args), 0);
	va_end(args);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *join(struct lines *lines)
{
	size_t length = 1;
	char *text, *to;

	qsort(lines->text, lines->n, sizeof(*lines->text), compare);
	for (size_t i = 0; i < lines->n; i++)
		length += strlen(lines->text[i]) + 1;
	text = to = malloc(length);
	cr_assert_not_null(text);
	for (size_t i = 0; i < lines->n; i++) {
		to = stpcpy(to, lines->text[i]);
		*to++ = '\n';
		free(lines->text[i]);
	}
	*to = '\0';
	free(lines->text);
	return text;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static void forget(json_t *json, const char *const *names)
{
	for (; *names; names++)
		(void)json_object_del(json, *names);
}

static void forget_endings(json_t *json, const char *ending)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(json, next, name, value)
	{
		size_t length = strlen(name), tail = strlen(ending);

		if (length > tail && !strcmp(name + length - tail, ending))
			(void)json_object_del(json, name);
	}
}

static void forget_words(json_t *array, const char *const *words)
{
	for (size_t i = json_array_size(array); i-- > 0;)
		for (const char *const *word = words; *word; word++)
			if (json_array_get(array, i) && !strcmp(json_string_value(json_array_get(array, i)), *word))
				(void)json_array_remove(array, i);
}

static char *dump(const json_t *json)
{
	char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);

	cr_assert_not_null(text);
	return text;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

/* A line for each value, so that a difference is a short one. */
static void add_members(struct lines *lines, const char *link, const char *prefix, json_t *object)
{
	const char *name;
	json_t *value;
	char deeper[128];

	json_object_foreach(object, name, value)
	{
		char *text;

		if (json_is_object(value)) {
			snprintf(deeper, sizeof(deeper), "%s%s.", prefix, name);
			add_members(lines, link, deeper, value);
			continue;
		}
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		add(lines, "link %s %s%s %s", link, prefix, name, text);
		free(text);
	}
}

static void add_link(struct lines *lines, json_t *link)
{
	static const char *const volatile_keys[] = { "operstate", "link_index", "qdisc", "link_netnsid", "tso_max_size",
		"tso_max_segs", NULL };
	static const char *const flags[] = { "NO-CARRIER", "LOWER_UP", "M-DOWN", NULL };
	static const char *const bridge[] = { "root_port", "root_path_cost", "topology_change",
		"topology_change_detected", "root_id", "bridge_id", NULL };
	static const char *const port[] = { "state", "id", "no", "designated_port", "designated_cost",
		"designated_bridge", "designated_root", "root_id", "bridge_id", "topology_change_ack", "config_pending",
		NULL };
	json_t *info = json_object_get(link, "linkinfo");

	if (!strcmp(text_of(link, "group"), OURS))
		(void)json_object_del(link, "ifindex");
	forget(link, volatile_keys);
	forget_words(json_object_get(link, "flags"), flags);
	forget(json_object_get(info, "info_data"), bridge);
	forget_endings(json_object_get(info, "info_data"), "_timer");
	forget(json_object_get(info, "info_slave_data"), port);
	forget_endings(json_object_get(info, "info_slave_data"), "_timer");
	add_members(lines, text_of(link, "ifname"), "", link);
}

static void forget_lifetimes(json_t *address)
{
	static const char *const lifetimes[] = { "valid_life_time", "preferred_life_time", NULL };

	for (size_t i = 0; lifetimes[i]; i++)
		if (json_integer_value(json_object_get(address, lifetimes[i])) < UINT32_MAX)
			(void)json_object_set_new(address, lifetimes[i], json_integer(1));
}

static bool same_subnet(const json_t *a, const json_t *b)
{
	int length = (int)json_integer_value(json_object_get(a, "prefixlen"));
	struct in_addr x, y;

	return length == (int)json_integer_value(json_object_get(b, "prefixlen")) && length > 0 &&
	       inet_pton(AF_INET, text_of(a, "local"), &x) == 1 && inet_pton(AF_INET, text_of(b, "local"), &y) == 1 &&
	       (ntohl(x.s_addr) ^ ntohl(y.s_addr)) >> (32 - length) == 0;
}

static void add_addresses(struct lines *lines, json_t *link)
{
	json_t *addresses = json_object_get(link, "addr_info"), *address;
	size_t i;

	json_array_foreach(addresses, i, address)
	{
		unsigned n = 0;
		char *text;

		if (!*text_of(address, "local") || !strncmp(text_of(address, "local"), "fe80:", 5))
			continue;
		for (size_t k = 0; k < i; k++)
			n += same_subnet(address, json_array_get(addresses, k));
		forget_lifetimes(address);
		text = dump(address);
		add(lines, "address %s %s/%lld #%u %s", text_of(link, "ifname"), text_of(address, "local"),
			(long long)json_integer_value(json_object_get(address, "prefixlen")), n, text);
		free(text);
	}
}

static bool is_link_locals(const json_t *route)
{
	const char *to = text_of(route, "dst");

	return !strncmp(to, "fe80:", 5) || !strncmp(to, "ff00:", 5);
}

static void route_key(const json_t *route, const char *family, char *key, size_t size)
{
	snprintf(key, size, "route %s %s %s %s %lld", family, text_of(route, "table"), text_of(route, "dst"),
		text_of(route, "tos"), (long long)json_integer_value(json_object_get(route, "metric")));
}

/* The order in which ours were joined says nothing. */
static void sort_hops(json_t *route)
{
	json_t *hops = json_object_get(route, "nexthops"), *sorted = json_array();
	json_t *hop;
	size_t i, at;

	json_array_foreach(hops, i, hop)
	{
		char *text = dump(hop), *other = NULL;

		for (at = 0; at < json_array_size(sorted); at++) {
			bool after;

			other = dump(json_array_get(sorted, at));
			after = strcmp(other, text) > 0;
			free(other);
			if (after)
				break;
		}
		json_array_insert(sorted, at, hop);
		free(text);
	}
	json_object_set_new(route, "nexthops", sorted);
}

static void add_route(struct lines *lines, json_t *route, const char *family, char last[256], unsigned *n)
{
	static const char *const flags[] = { "linkdown", NULL };
	bool derived = !strcmp(text_of(route, "protocol"), "kernel");
	char key[256], *text;
	json_t *hop;
	size_t i;

	if (derived && is_link_locals(route))
		return;
	forget_words(json_object_get(route, "flags"), flags);
	json_array_foreach(json_object_get(route, "nexthops"), i, hop)
		forget_words(json_object_get(hop, "flags"), flags);
	(void)json_object_del(route, "expires");
	if (json_object_get(route, "nexthops") && !strcmp(text_of(route, "protocol"), "108"))
		sort_hops(route);
	route_key(route, family, key, sizeof(key));
	*n = strcmp(key, last) != 0 ? 0 : *n + 1;
	snprintf(last, 256, "%s", key);
	text = dump(route);
	if (derived)
		add(lines, "%s %s", key, text);
	else
		add(lines, "%s #%u %s", key, *n, text);
	free(text);
}

static void add_all(struct lines *lines, const char *what, json_t *array)
{
	static const char *const unsteady[] = { "lastused", "used", "confirmed", "updated", "probes", "refcnt", NULL };
	char last[256] = "";
	unsigned n = 0;
	json_t *entry;
	size_t i;

	json_array_foreach(array, i, entry)
	{
		char *text;

		if (!strcmp(what, "link")) {
			add_link(lines, entry);
		} else if (!strcmp(what, "address")) {
			add_addresses(lines, entry);
		} else if (!strncmp(what, "route", 5)) {
			add_route(lines, entry, what + 5, last, &n);
		} else {
			forget(entry, unsteady);
			text = dump(entry);
			if (!strncmp(what, "rule", 4))
				add(lines, "%s %zu %s", what, i, text);
			else
				add(lines, "%s %s", what, text);
			free(text);
		}
	}
}

/* What iproute2 tells in one run: an array for each line of its batch. */
static void ask(struct lines *lines, const char *const *argv, const char *questions, const char *const *whats)
{
	char *told = test_output(argv, questions);
	size_t at = 0, length = strlen(told);

	for (; *whats; whats++) {
		json_error_t error = { .position = 0 };
		json_t *array = json_loadb(told + at, length - at, JSON_DISABLE_EOF_CHECK, &error);

		if (array)
			at += (size_t)error.position;
		add_all(lines, *whats, array);
		json_decref(array);
	}
	free(told);
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

static void add_sysctl(struct lines *lines, int directory, const char *where, const char *name)
{
	char value[256];
	ssize_t n = -1;
	int fd;

	fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, value, sizeof(value) - 1);
	if (fd >= 0)
		close(fd);
	while (n > 0 && value[n - 1] == '\n')
		n--;
	if (n >= 0)
		add(lines, "sysctl %s/%s = %.*s", where, name, (int)n, value);
}

/* Those that linkspan writes, and that the kernel writes along with them: forwarding switches redirects, an MTU below
 * that of IPv6 resets all of a link. */
static const char *const ipv4_names[] = { "forwarding", "accept_redirects", "send_redirects", "secure_redirects",
	"rp_filter", "proxy_arp", "arp_ignore", "arp_announce", "arp_filter", "accept_source_route",
	"promote_secondaries", "log_martians", NULL };
static const char *const ipv6_names[] = { "forwarding", "accept_ra", "accept_redirects", "autoconf", "disable_ipv6",
	"use_tempaddr", "mtu", "hop_limit", "proxy_ndp", "accept_ra_defrtr", "accept_ra_pinfo", "accept_dad",
	"dad_transmits", "addr_gen_mode", "keep_addr_on_down", "accept_source_route", "router_solicitations", NULL };
static const char *const global_names[] = { "ip_forward", "ip_default_ttl", "ip_local_port_range", "tcp_syncookies",
	"fib_multipath_hash_policy", "icmp_echo_ignore_broadcasts", NULL };

static void add_sysctls(struct lines *lines, const char *where, const char *const *names)
{
	char path[512];
	int directory;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", where);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (; directory >= 0 && *names; names++)
		add_sysctl(lines, directory, where, *names);
	if (directory >= 0)
		close(directory);
}

static void add_links_sysctls(struct lines *lines, const char *where, const char *const *names)
{
	char path[512];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", where);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", where, entry->d_name);
		add_sysctls(lines, path, names);
	}
	if (directory)
		closedir(directory);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* One process each for what both families have and IPv4's own, and for IPv6's. */
static void look_at_network(struct lines *lines)
{
	static const char *const first[] = { "link", "address", "rule inet", "route inet", "neighbour", "proxy",
		"nexthop", NULL };
	static const char *const second[] = { "rule inet6", "route inet6", NULL };

	ask(lines, (const char *const[]){ "ip", "-j", "-d", "-batch", "-", NULL },
		"link show\naddr show\nrule show\nroute show table all\nneigh show nud permanent\nneigh show proxy\n"
		"nexthop show\n",
		first);
	ask(lines, (const char *const[]){ "ip", "-6", "-j", "-d", "-batch", "-", NULL },
		"rule show\nroute show table all\n", second);
}

/* All of it, others' too; numbered, for its order is what it means. */
static void look_at_nftables(struct lines *lines)
{
	char *text = test_output((const char *const[]){ "nft", "-s", "list", "ruleset", NULL }, "");
	unsigned number = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		add(lines, "nftables %04u %.*s", ++number, (int)strcspn(line, "\n"), line);
	free(text);
}

/* Keys are told apart, but not told. */
static void append_word(struct ls_buf *line, const char *word)
{
	size_t length = strlen(word);
	uint32_t hash = 2166136261;

	if (length < 44 || strchr(word, ',')) {
		ls_buf_printf(line, " %s", word);
		return;
	}
	for (; *word; word++)
		hash = (hash ^ (uint8_t)*word) * 16777619;
	ls_buf_printf(line, " #%08x", hash);
}

/* A state counts what it sends: the kernel itself asks for routers, and joins groups. */
static bool is_counter(const char *word)
{
	return !strcmp(word, "seq") || !strcmp(word, "oseq");
}

/* Lines of words, `first` of which keep their places: the rest are a list without an order, as are the lines. */
static void add_word_lines(struct lines *lines, const char *what, char *text, size_t first)
{
	char *rest = NULL, *next, *words[256];

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct ls_buf told = { 0 };
		size_t n = 0;

		for (char *word = strtok_r(line, " ,\t", &next); word && n < LS_ARRAY_SIZE(words);
			word = strtok_r(NULL, " ,\t", &next))
			words[n++] = word;
		if (n > first)
			qsort(words + first, n - first, sizeof(words[0]), compare);
		for (size_t i = 0; i < n; i++)
			append_word(&told, i && is_counter(words[i - 1]) ? "..." : words[i]);
		ls_buf_append(&told, "", 1);
		cr_assert_not(told.failed);
		add(lines, "%s%s", what, (const char *)told.data);
		ls_buf_done(&told);
	}
}

static void look_at_tunnels(struct lines *lines)
{
	char *devices = test_output((const char *const[]){ "wg", "show", "all", "dump", NULL }, "");
	char *states = test_output((const char *const[]){ "ip", "-o", "xfrm", "state", NULL }, "");
	char *policies = test_output((const char *const[]){ "ip", "-o", "xfrm", "policy", NULL }, "");

	add_word_lines(lines, "crypto wireguard", devices, 4);
	add_word_lines(lines, "crypto state", states, SIZE_MAX);
	add_word_lines(lines, "crypto policy", policies, SIZE_MAX);
	free(devices);
	free(states);
	free(policies);
}

static char *look_without_sysctls(void)
{
	struct lines lines = { 0 };

	look_at_network(&lines);
	look_at_nftables(&lines);
	if (host_has_tunnels())
		look_at_tunnels(&lines);
	return join(&lines);
}

static char *look_at_sysctls(void)
{
	struct lines lines = { 0 };

	add_links_sysctls(&lines, "ipv4/conf", ipv4_names);
	add_links_sysctls(&lines, "ipv6/conf", ipv6_names);
	add_sysctls(&lines, "ipv4", global_names);
	return join(&lines);
}

char *judge_look(void)
{
	char *first = look_without_sysctls(), *second = look_at_sysctls(), *all = NULL;

	cr_assert_geq(asprintf(&all, "%s%s", first, second), 0);
	free(first);
	free(second);
	return all;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

char *judge_look_settled(void)
{
	char *before, *now = judge_look();
	bool same = false;

	for (int i = 0; i < 20 && !same; i++) {
		before = now;
		pause_ms(150);
		now = judge_look();
		same = !strcmp(before, now);
		free(before);
	}
	return now;
}

/* Ends stay until the test does: a sanitizer must still find them. */
static char *kept[64];
static size_t n_kept;

static char *keep(char *text)
{
	cr_assert_lt(n_kept, sizeof(kept) / sizeof(kept[0]));
	return kept[n_kept++] = text;
}

void judge_forget_looks(void)
{
	while (n_kept)
		free(kept[--n_kept]);
}

char *judge_keep_look(void)
{
	return keep(judge_look_settled());
}

struct ends judge_ends(const struct transition *transition)
{
	struct outcome outcome;
	struct ends ends;

	host_at(transition);
	ends.before = judge_keep_look();
	outcome = program_apply(NULL, transition->to);
	cr_assert_eq(outcome.status, 0, "%s", outcome.said);
	ends.after = judge_keep_look();
	cr_assert_str_neq(ends.before, ends.after);
	return ends;
}

/* Hundreds of sysctls take longer than all the rest: they are read once that is right. */
static int find(const char *const *wanted, size_t n)
{
	char *first = look_without_sysctls(), *second = NULL;
	size_t length = strlen(first);
	int found = -1;

	for (size_t i = 0; i < n && found < 0; i++) {
		if (strncmp(wanted[i], first, length) != 0)
			continue;
		second = second ? second : look_at_sysctls();
		if (!strcmp(wanted[i] + length, second))
			found = (int)i;
	}
	free(first);
	free(second);
	return found;
}

int judge_among(const char *const *wanted, size_t n)
{
	for (int waited = 0; waited < WAIT_MS; waited += PAUSE_MS) {
		int found = find(wanted, n);

		if (found >= 0)
			return found;
		pause_ms(PAUSE_MS);
	}
	return -1;
}

enum verdict judge(const struct ends *ends)
{
	switch (judge_among((const char *const[]){ ends->before, ends->after }, 2)) {
	case 0:
		return IS_BEFORE;
	case 1:
		return IS_AFTER;
	}
	return IS_NEITHER;
}

/* ---- complaints -------------------------------------------------------------------------------------------------- */

static unsigned n_complaints;

void complain(const char *format, ...)
{
	va_list args;

	if (n_complaints++ >= COMPLAINTS_MAX)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* Both are sorted: a merge tells. Returns how many lines are in one of them only. */
static unsigned differences(const char *wanted, const char *found, bool print)
{
	unsigned n = 0;

	while (*wanted || *found) {
		size_t a = strcspn(wanted, "\n"), b = strcspn(found, "\n");
		int order = !*wanted ? 1 : !*found ? -1 : strncmp(wanted, found, (a < b ? a : b) + 1);

		n += order != 0;
		if (print && order < 0 && n < DIFFERENCES_MAX)
			fprintf(stderr, "  missing: %.*s\n", (int)a, wanted);
		else if (print && order > 0 && n < DIFFERENCES_MAX)
			fprintf(stderr, "  too much: %.*s\n", (int)b, found);
		if (order <= 0)
			wanted += a + (wanted[a] == '\n');
		if (order >= 0)
			found += b + (found[b] == '\n');
	}
	return n;
}

void complain_difference(const char *const *wanted, size_t n)
{
	char *found = judge_look();
	size_t nearest = 0;

	for (size_t i = 1; i < n; i++)
		if (differences(wanted[i], found, false) < differences(wanted[nearest], found, false))
			nearest = i;
	if (n_complaints <= COMPLAINTS_MAX) {
		fprintf(stderr, "  nearest to end %zu of %zu:\n", nearest + 1, n);
		differences(wanted[nearest], found, true);
	}
	free(found);
}

bool judge_gave_up(void)
{
	return n_complaints >= COMPLAINTS_MAX;
}

void judge_close(void)
{
	cr_assert_eq(n_complaints, 0, "%u complaints; the first ones are above", n_complaints);
}
