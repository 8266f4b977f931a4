/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan check. */
#include "cli_test.h"

#include "../../../src/cli/check.c"

#define HEAD "linkspan: 1\nkind: gateway\nname: gw\n"

static enum cli_exit check(struct told *told, char path[static 64], const char *text, const char *option)
{
	enum cli_exit status;

	write_file(path, text);
	status = told_run(told, told_words("check", path, option));
	unlink(path);
	return status;
}

Test(check, a_valid_spec_is_said_to_be_so)
{
	struct told told;
	char path[64], expected[128];

	cr_assert_eq(check(&told, path, HEAD "sysctls: { net.ipv4.ip_forward: 1 }\n", NULL), CLI_EXIT_DONE);
	snprintf(expected, sizeof(expected), "%s: valid, 1 object\n", path);
	cr_assert_str_eq(told.out, expected);
	cr_assert_str_empty(told.err);
	told_done(&told);
}

Test(check, quiet_says_nothing)
{
	struct told told;
	char path[64];

	cr_assert_eq(check(&told, path, HEAD, "-q"), CLI_EXIT_DONE);
	cr_assert_str_empty(told.out);
	told_done(&told);
}

Test(check, every_error_is_shown_with_its_line)
{
	struct told told;
	char path[64];

	cr_assert_eq(check(&told, path, HEAD "a: 1\nb: 2\n", NULL), CLI_EXIT_INVALID);
	cr_assert_str_empty(told.out);
	cr_assert_says(told.err, ":4:1: error: ");
	cr_assert_says(told.err, "    4 | a: 1\n      | ^\n");
	cr_assert_says(told.err, "    5 | b: 2\n      | ^\n");
	told_done(&told);
}

Test(check, json_lists_the_findings)
{
	struct told told;
	char path[64], location[80];
	json_t *json, *finding;

	cr_assert_eq(check(&told, path, HEAD "a: 1\n", "--json"), CLI_EXIT_INVALID);
	cr_assert_str_empty(told.err);
	json = told_json(&told);
	cr_assert(json_is_false(json_object_get(json, "valid")));
	finding = json_array_get(json_object_get(json, "findings"), 0);
	cr_assert_str_eq(json_text_at(finding, "severity"), "error");
	cr_assert_str_eq(json_text_at(finding, "id"), "unknown-key");
	snprintf(location, sizeof(location), "%s:4:1", path);
	cr_assert_str_eq(json_text_at(finding, "location"), location);
	json_decref(json);
	told_done(&told);
}

Test(check, json_of_a_valid_spec)
{
	struct told told;
	char path[64];

	cr_assert_eq(check(&told, path, HEAD, "--json"), CLI_EXIT_DONE);
	cr_assert_str_eq(told.out, "{\"format\":1,\"valid\":true,\"findings\":[]}\n");
	told_done(&told);
}
