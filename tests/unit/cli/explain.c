/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan explain: finding by name, ties, and what is said. */
#include "cli_test.h"

#include "../../../src/cli/explain.c"

#include "../model/builders.h"

static struct knowledge known;

static const char spec[] = "linkspan: 1\nroutes:\n  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n";

static void setup(void)
{
	known.generation = (struct ls_generation){ .number = 4,
		.spec_file = "gw.yaml",
		.spec_text = spec,
		.spec_length = sizeof(spec) - 1,
		.objects = WANTED("link name=br0 type=bridge mtu=1500", "address dev=br0 address=10.0.0.1/24",
			"route to=10.1.0.0/16 via=10.0.0.2 dev=br0 metric=5",
			"route to=10.9.0.0/16 via=10.0.0.2 dev=br0") };
	known.actual = ACTUAL("link name=br0 type=bridge mtu=1500 ours", "link name=p0 mtu=1500 master=br0",
		"address dev=br0 address=10.0.0.1/24 ours",
		"route to=10.1.0.0/16 via=10.0.0.3 dev=br0 metric=5 protocol=12",
		"route to=10.0.0.1/32 table=255 dev=br0 derived", "route to=10.7.0.0/16 via=10.0.0.9 dev=gone");
	known.marks_addresses = true;
	ls_set_each (&known.generation.objects, i)
		if (known.generation.objects.objects[i]->kind == &ls_kind_route) {
			known.generation.objects.objects[i]->line = 3;
			known.generation.objects.objects[i]->column = 5;
		}
}

TestSuite(explain, .init = setup);

static enum cli_exit run(struct told *told, const char *name, uint32_t given)
{
	enum cli_exit status;

	told_begin(told, given);
	status = answer(&told->cli, &known, name);
	told_flush(told);
	return status;
}

static const struct {
	const char *name, *first; /* line; NULL: refused */
} names[] = {
	{ "link br0", "link br0\n" },
	{ "br0", "link br0\n" },
	{ "address 10.0.0.1/24 dev br0", "address 10.0.0.1/24 dev br0\n" },
	{ "10.0.0.1/24", "address 10.0.0.1/24 dev br0\n" },
	{ "10.0.0.1", "address 10.0.0.1/24 dev br0\n" }, /* the kernel's own route is not meant */
	{ "route 10.0.0.1/32", "route 10.0.0.1/32 table 255\n" },
	{ "route 10.1.0.0/16", "route 10.1.0.0/16 metric 5\n" },
	{ "route 10.1.0.0/16 metric 5", "route 10.1.0.0/16 metric 5\n" },
	{ "route 10.1.0.0/16 metric 5 dev br0 via 10.0.0.3", "route 10.1.0.0/16 metric 5\n" },
	{ "route 10.1.0.0/16 metric 5 dev br1 via 10.0.0.3", NULL },
	{ "route 10.1.0.0/16 metric 5 via 10.0.0.3 -> 10.0.0.2 [flow]", "route 10.1.0.0/16 metric 5\n" },
	{ "link p0, mtu is 1400 instead of 1500", "link p0\n" },
	{ "br", NULL },
	{ "route br0", NULL },
	{ "10.1.0.0/24", NULL },
};

Test(explain, objects_are_found_as_they_are_printed)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(names); i++) {
		struct told told;
		enum cli_exit status = run(&told, names[i].name, 0);

		cr_expect_eq(status, names[i].first ? CLI_EXIT_DONE : CLI_EXIT_FAILED, "%s", names[i].name);
		if (names[i].first)
			cr_expect_eq(strncmp(told.out, names[i].first, strlen(names[i].first)), 0, "%s:\n%s",
				names[i].name, told.out);
		else
			cr_expect_str_empty(told.out);
		told_done(&told);
	}
}

Test(explain, similar_objects_are_offered)
{
	struct told told;

	cr_assert_eq(run(&told, "route 10.1.0.0/24", 0), CLI_EXIT_FAILED);
	cr_assert_says(told.err, "there is no object 'route 10.1.0.0/24'");
	cr_assert_says(told.err, "there is route 10.1.0.0/16 metric 5\n");
	told_done(&told);
}

Test(explain, a_changed_route_is_told_with_its_line_and_its_maker)
{
	struct told told;

	cr_assert_eq(run(&told, "10.1.0.0/16", 0), CLI_EXIT_DONE);
	cr_assert_says(told.out, "gw.yaml:3:5, as of generation 4\n");
	cr_assert_says(told.out, "    3 |   - { to: 10.1.0.0/16, via: 10.0.0.2 }\n      |     ^\n");
	cr_assert_says(told.out, "made by BIRD (protocol 12, bird)\n");
	cr_assert_says(told.out, "not as recorded\n");
	cr_assert_says(told.out, "    via 10.0.0.3, expected 10.0.0.2\n");
	cr_assert_says(told.out, "    dev br0, as expected\n");
	cr_assert_says(told.out, "    address 10.0.0.1/24 dev br0 (next hop in its subnet)\n");
	cr_assert_says(told.out, "  needed by nothing\n");
	told_done(&told);
}

Test(explain, a_missing_one_is_told_to_be_so)
{
	struct told told;

	cr_assert_eq(run(&told, "10.9.0.0/16", 0), CLI_EXIT_DONE);
	cr_assert_says(told.out, "missing: recorded, but not in the kernel\n");
	cr_assert_does_not_say(told.out, "owner");
	told_done(&told);
}

Test(explain, ties_go_both_ways_and_name_what_is_missing)
{
	struct told told;
	json_t *json, *ties;

	cr_assert_eq(run(&told, "br0", LS_BIT(CLI_JSON)), CLI_EXIT_DONE);
	json = told_json(&told);
	ties = json_object_get(json, "needed_by");
	cr_expect_eq(json_array_size(ties), 4);
	cr_expect_str_eq(json_text_at(json_array_get(ties, 0), "id"), "p0");
	cr_expect_str_eq(json_text_at(json_array_get(ties, 0), "why"), "master");
	cr_expect_eq(json_array_size(json_object_get(json, "depends_on")), 0);
	cr_expect_str_eq(json_text_at(json, "state"), "as-recorded");
	cr_expect_str_eq(json_text_at(json_object_get(json, "owner"), "by"), "mark");
	json_decref(json);
	told_done(&told);
	cr_assert_eq(run(&told, "10.7.0.0/16", LS_BIT(CLI_JSON)), CLI_EXIT_DONE);
	json = told_json(&told);
	cr_expect_str_eq(json_text_at(json, "state"), "unrecorded");
	cr_expect(json_is_null(json_object_get(json, "source")));
	ties = json_array_get(json_object_get(json, "depends_on"), 0);
	cr_expect_str_eq(json_text_at(ties, "id"), "gone");
	cr_expect(json_is_true(json_object_get(ties, "missing")));
	json_decref(json);
	told_done(&told);
}

Test(explain, an_address_is_ours_by_the_record_where_the_kernel_keeps_no_mark)
{
	struct told told;

	known.marks_addresses = false;
	cr_assert_eq(run(&told, "10.0.0.1/24", 0), CLI_EXIT_DONE);
	cr_assert_says(told.out, "linkspan, by its record\n");
	told_done(&told);
}
