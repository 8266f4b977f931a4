/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linkspan/util.h>

#include <criterion/criterion.h>

TestSuite(text);

Test(text, pieces_stand_one_behind_the_other)
{
	char buffer[64];
	struct ls_text text = ls_text_begin(buffer, sizeof(buffer));

	cr_expect_str_empty(buffer);
	ls_text_put(&text, "table ");
	ls_text_number(&text, UINT32_MAX);
	ls_text_put(&text, "");
	ls_text_put(&text, "/");
	ls_text_number(&text, 0);
	cr_expect_str_eq(buffer, "table 4294967295/0");
}

Test(text, what_does_not_fit_is_left_out)
{
	char buffer[8] = "xxxxxxx";
	struct ls_text text = ls_text_begin(buffer, 5);

	ls_text_put(&text, "abc");
	ls_text_number(&text, 12345);
	ls_text_put(&text, "more");
	cr_expect_str_eq(buffer, "abc1");
	cr_expect_eq(buffer[5], 'x');
	text = ls_text_begin(buffer, 1);
	ls_text_put(&text, "a");
	cr_expect_str_empty(buffer);
}

Test(text, none_is_the_same_as_none)
{
	cr_expect(ls_text_same("a", "a") && ls_text_same(NULL, NULL));
	cr_expect_not(ls_text_same("a", "b") || ls_text_same("", NULL) || ls_text_same(NULL, "a"));
}
