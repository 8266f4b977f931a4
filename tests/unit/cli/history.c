/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan history. */
#include "cli_test.h"

#include "../../../src/cli/history.c"

static struct ls_generation generations[] = {
	{ .number = 9,
		.source = 9,
		.counts = { 3, 1, 0, 0 },
		.n_objects = 4,
		.command = "apply",
		.who = "root",
		.message = "first \033[31m",
		.spec_file = "gw.yaml" },
	{ .number = 10, .source = 8, .counts = { 0, 0, 2, 1 }, .n_objects = 3, .command = "rollback", .who = "ops" },
};

static void print(struct told *told, bool json)
{
	const struct history history = { generations, LS_ARRAY_SIZE(generations), 10 };

	setenv("TZ", "UTC", 1);
	told_begin(told, json ? LS_BIT(CLI_JSON) : 0);
	if (json)
		print_json(&told->cli, &history);
	else
		print_text(&told->cli, &history);
	told_flush(told);
}

Test(history, is_a_table_with_the_current_one_marked)
{
	struct told told;

	print(&told, false);
	cr_assert_str_eq(told.out,
		"  GENERATION  TIME                       COMMAND        WHO   STEPS        OBJECTS  MESSAGE\n"
		"           9  1970-01-01T00:00:00+00:00  apply          root  +3 ~1 -0           4  first ?[31m\n"
		"*         10  1970-01-01T00:00:00+00:00  rollback to 8  ops   +0 ~0 =2 -1        3\n");
	told_done(&told);
}

Test(history, json_lists_the_generations)
{
	struct told told;
	json_t *json, *entry;

	print(&told, true);
	json = told_json(&told);
	cr_assert_eq(json_array_size(json_object_get(json, "generations")), 2);
	entry = json_array_get(json_object_get(json, "generations"), 1);
	cr_assert_eq(json_integer_value(json_object_get(entry, "number")), 10);
	cr_assert_eq(json_integer_value(json_object_get(entry, "source")), 8);
	cr_assert(json_is_true(json_object_get(entry, "current")));
	cr_assert_str_eq(json_text_at(entry, "time"), "1970-01-01T00:00:00+00:00");
	cr_assert_str_eq(json_text_at(entry, "message"), "");
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(entry, "steps"), "replace")), 2);
	json_decref(json);
	told_done(&told);
}
