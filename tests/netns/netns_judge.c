/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second opinion: what iproute2 and /proc say of the namespace. */
#include "netns_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

		ns_keep(text, NULL);
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
	const char *path = ns_text("%s/view", ns_dir());
	FILE *file = fopen(path, "we");

	cr_assert_not_null(file);
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
		append_view(file, i);
	fclose(file);
	/* stable_secret cannot be read before it is written. */
	ns_run("cd /proc/sys/net && find ipv4/conf ipv6/conf ipv4/ip_forward -type f ! -name stable_secret "
	       "-exec grep -H . {} + | sort >>%s",
		path);
	ns_run("nft -s list ruleset >>%s 2>/dev/null || :", path);
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
	write_text(ns_text("%s/before", ns_dir()), before);
	cr_assert_fail("not as before:\n%s",
		ns_output("diff -U3 %s/before %s/view | tail -n +3 | head -60", ns_dir(), ns_dir()));
}

/* ---- what is foreign --------------------------------------------------------------------------------------------- */

static void note_addresses(json_t *notes, const json_t *link)
{
	json_t *list = json_object_get(link, "addr_info"), *address;
	size_t i;

	json_array_foreach(list, i, address)
	{
		const char *text = ns_text("addresses %s %s/%s %s %s", ns_text_of(link, "ifname"),
			ns_text_of(address, "local"), scalar(json_object_get(address, "prefixlen")),
			ns_text_of(address, "address"), ns_text_of(address, "protocol"));

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
		ns_keep(text, NULL);
		json_array_append_new(notes, json_string(ns_text("%s %s", views[i].name, text)));
	}
}

json_t *ns_foreign(void)
{
	json_t *notes = json_array();

	ns_keep(NULL, notes);
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
