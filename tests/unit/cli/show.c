/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan show. */
#include "cli_test.h"

#include "../../../src/cli/show.c"

static struct ls_taken steps[] = {
	{ LS_OP_ADD, "link", "d\033[31m0", "", 5, 3 },
	{ LS_OP_CHANGE, "link", "eth0", "mtu up", 0, 0 },
};

static const struct ls_generation sample = {
	.number = 9,
	.source = 7,
	.counts = { 1500, 1, 0, 0 },
	.n_objects = 4,
	.n_satisfied = 1,
	.command = "rollback",
	.who = "anna",
	.message = "a reason",
	.spec_file = "gw.yaml",
	.spec_text = "linkspan: 1\n\tkind\n",
	.spec_length = 18,
	.this_epoch = true,
	.has_steps = true,
	.microseconds = { 1000, 20, 30500, 400 },
	.steps = steps,
	.n_steps = 2,
};

static void print(struct told *told, const struct ls_generation *generation, bool json)
{
	setenv("TZ", "UTC", 1);
	told_begin(told, json ? LS_BIT(CLI_JSON) : 0);
	if (json)
		print_json(&told->cli, generation, 9);
	else
		print_text(&told->cli, generation, 9);
	told_flush(told);
}

Test(show, text_tells_all_that_is_recorded)
{
	struct told told;

	print(&told, &sample, false);
	cr_assert_str_eq(told.out, "Generation 9, the current one\n"
				   "content   of generation 7\n"
				   "time      1970-01-01T00:00:00+00:00\n"
				   "who       anna\n"
				   "command   rollback\n"
				   "message   a reason\n"
				   "spec      gw.yaml\n"
				   "objects   4, 1 of them made by others\n"
				   "steps     1500 added, 1 changed, 0 replaced, 0 deleted\n"
				   "took      plan 1.0 ms, journal 0.0 ms, kernel 30.5 ms, verify 0.4 ms\n"
				   "  + link d?[31m0  gw.yaml:5:3\n"
				   "  ~ link eth0: mtu up\n"
				   "  ... and 1499 more\n"
				   "  | linkspan: 1\n"
				   "  | ?kind\n");
	told_done(&told);
}

Test(show, one_of_an_older_program_has_no_steps)
{
	struct ls_generation old = sample;
	struct told told;
	json_t *json;

	old.has_steps = false;
	old.n_steps = 0;
	old.this_epoch = false;
	print(&told, &old, false);
	cr_assert_says(told.out, "recorded by an older linkspan");
	cr_assert_says(told.out, "before this host");
	cr_assert_does_not_say(told.out, "more");
	told_done(&told);
	print(&told, &old, true);
	json = told_json(&told);
	cr_expect(json_is_null(json_object_get(json, "taken")));
	cr_expect(json_is_null(json_object_get(json, "milliseconds")));
	cr_expect(json_is_false(json_object_get(json, "this_epoch")));
	json_decref(json);
	told_done(&told);
}

Test(show, json_has_the_steps_and_the_spec)
{
	struct told told;
	json_t *json, *taken, *changed;

	print(&told, &sample, true);
	json = told_json(&told);
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(json, "generation"), "source")), 7);
	cr_expect_str_eq(json_text_at(json, "spec_text"), "linkspan: 1\n\tkind\n");
	cr_expect_eq(json_real_value(json_object_get(json_object_get(json, "milliseconds"), "kernel")), 30.5);
	taken = json_object_get(json, "taken");
	cr_assert_eq(json_array_size(taken), 2);
	cr_expect_str_eq(json_text_at(json_array_get(taken, 0), "location"), "gw.yaml:5:3");
	changed = json_array_get(taken, 1);
	cr_expect_str_eq(json_text_at(changed, "op"), "change");
	cr_expect(json_is_null(json_object_get(changed, "location")));
	cr_expect_eq(json_array_size(json_object_get(changed, "attributes")), 2);
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(changed, "attributes"), 1)), "up");
	json_decref(json);
	told_done(&told);
}

Test(show, wants_the_number_of_a_generation)
{
	struct told told;

	cr_expect_eq(told_run(&told, told_words("show", "0", "--state-dir", "/nonexistent")), CLI_EXIT_USAGE);
	cr_assert_says(told.err, "'0' is not the number of a generation");
	told_done(&told);
}
