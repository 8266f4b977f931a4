/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the drivers of rules, neighbours, nexthops and their routes share. */
#pragma once

#include "driver_tools.h"

#include "../unit/model/builders.h"

static const char *const addresses = "ip addr add 192.0.2.1/24 dev p0 && ip addr add 2001:db8::1/64 dev p0";

/* Ours to be: the object, and what ip shows of it. */
struct made {
	const char *object, *shown;
};

static inline void begin_with_addresses(void)
{
	begin();
	make_pair();
	run("%s", addresses);
	settle();
	dump(LS_DUMP_ALL);
}

static inline void need_nexthops(void)
{
	if (!run_quietly("ip nexthop add id 4242 blackhole && ip nexthop del id 4242"))
		cr_skip_test("no nexthop objects");
}

static inline void expect_gone(const struct ls_object *object)
{
	char text[LS_DESCRIBE_MAX];

	dump(LS_DUMP_ALL);
	cr_expect_null(found(object), "%s is there", ls_object_describe(object, text, sizeof(text)));
}

static inline size_t count_kind(const struct ls_kind *kind)
{
	size_t n = 0;

	ls_set_each (&have, i)
		n += have.objects[i]->kind == kind;
	return n;
}

/* Both files and JSON, of all objects of a kind. */
static inline void expect_round_trips(const struct ls_kind *kind)
{
	ls_set_each (&have, i)
		if (have.objects[i]->kind == kind)
			expect_round_trip(have.objects[i]);
}

/* Two lists of ip in one. */
#define BOTH(a, b) "echo '['; " a "; echo ,; " b "; echo ']'"
#define RULES BOTH("ip -j -d -4 rule", "ip -j -d -6 rule")

static inline char *dumped(const json_t *json)
{
	return json_dumps(json, JSON_SORT_KEYS);
}

/* The first thing that ip shows; NULL: nothing. */
static inline json_t *LS_PRINTF(1, 2) ip_one(const char *format, ...)
{
	char command[512];
	va_list args;
	json_t *list, *one;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	list = ask("ip -j -d -N %s 2>/dev/null", command);
	one = json_incref(json_array_get(list, 0));
	json_decref(list);
	return one;
}

/* A field's text as ip shows it; "-" where there is none; a flag (null) is "+". */
static inline void expect_field(const json_t *json, const char *name, const char *expected)
{
	const json_t *value = json_object_get(json, name);
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : strdup("-");

	if (json_is_string(value))
		cr_expect_str_eq(json_string_value(value), expected, "%s: %s", name, dumped(json));
	else
		cr_expect_str_eq(json_is_null(value) ? "+" : text, expected, "%s: %s", name, dumped(json));
	free(text);
}

/* "name=value ..." of what ip shows. */
static inline void expect_shown(json_t *json, const char *fields)
{
	char copy[512], *rest = copy, *word, *value;

	cr_assert_not_null(json, "ip shows nothing; expected %s", fields);
	snprintf(copy, sizeof(copy), "%s", fields);
	while ((word = strsep(&rest, " "))) {
		value = strchr(word, '=');
		cr_assert_not_null(value, "%s", word);
		*value++ = 0;
		expect_field(json, word, value);
	}
	json_decref(json);
}

static inline int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All that a command shows, one line a thing, in an order of our own: that of hash tables says nothing. */
static inline char *shown_by(const char *command)
{
	json_t *list = ask("%s", command), *part, *thing;
	char *lines[64], *text;
	struct ls_buf buf = { 0 };
	size_t i, k, n = 0;

	json_array_foreach(list, i, part) json_array_foreach(part, k, thing)
	{
		cr_assert_lt(n, LS_ARRAY_SIZE(lines));
		lines[n++] = dumped(thing);
	}
	cr_assert_gt(n, 0, "%s", command);
	qsort(lines, n, sizeof(*lines), compare_texts);
	for (i = 0; i < n; i++) {
		(void)ls_buf_printf(&buf, "%s\n", lines[i]);
		free(lines[i]);
	}
	text = strdup((const char *)buf.data);
	ls_buf_done(&buf);
	json_decref(list);
	return text;
}

static inline void put_back(const struct ls_kind *kind)
{
	ls_set_each (&have, i)
		if (have.objects[i]->kind == kind && have.objects[i]->owner == LS_OWNER_FOREIGN)
			succeed(LS_OP_ADD, NULL, have.objects[i]);
}

/* Looks, loses everything by `command`, puts it back, and looks again. */
static inline void expect_put_back(const struct ls_kind *kind, const char *show, const char *command)
{
	char *before, *after;

	dump(LS_DUMP_ALL);
	before = shown_by(show);
	run("%s", command);
	put_back(kind);
	after = shown_by(show);
	cr_expect_str_eq(before, after, "%s\n%s", before, after);
	free(before);
	free(after);
}
