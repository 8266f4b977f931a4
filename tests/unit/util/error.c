/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors and diagnostics. */
#include <criterion/criterion.h>
#include <linkspan/util.h>

#include <stdio.h>
#include <string.h>

Test(error, set_returns_the_code_and_keeps_the_text)
{
	struct ls_error err = { 0 };

	cr_assert_eq(ls_error_set(&err, -EEXIST, "route %s exists", "::/0"), -EEXIST);
	cr_assert_eq(err.code, -EEXIST);
	cr_assert_str_eq(err.message, "route ::/0 exists");
}

Test(error, set_replaces_an_earlier_error_with_its_place)
{
	struct ls_error err = { .code = -EIO, .location = { .file = "a.yaml", .line = 3 }, .message = "old" };

	ls_error_set(&err, -EPERM, "new");
	cr_assert_str_eq(err.message, "new");
	cr_assert_eq(err.location.line, 0);
}

Test(error, context_goes_before_and_keeps_code_and_place)
{
	struct ls_error err = { 0 };

	ls_error_set(&err, -EEXIST, "File exists");
	err.location.line = 12;
	cr_assert_eq(ls_error_context(&err, -EIO, "while adding %s", "route ::/0"), -EEXIST);
	cr_assert_eq(ls_error_context(&err, -EIO, "apply"), -EEXIST);
	cr_assert_str_eq(err.message, "apply: while adding route ::/0: File exists");
	cr_assert_eq(err.location.line, 12);
}

Test(error, context_of_nothing_tells_the_code)
{
	struct ls_error err = { 0 };

	cr_assert_eq(ls_error_context(&err, -ENOMEM, "reading"), -ENOMEM);
	cr_assert_eq(err.code, -ENOMEM);
	cr_assert_str_eq(err.message, "reading: Cannot allocate memory");
}

Test(error, without_a_record_the_code_passes_through)
{
	cr_assert_eq(ls_error_set(NULL, -EINVAL, "x"), -EINVAL);
	cr_assert_eq(ls_error_context(NULL, -EINVAL, "x"), -EINVAL);
}

Test(error, a_message_can_quote_itself)
{
	struct ls_error err = { 0 };

	ls_error_set(&err, -EINVAL, "inner");
	ls_error_set(&err, -EINVAL, "outer (%s)", err.message);
	cr_assert_str_eq(err.message, "outer (inner)");
	ls_error_context(&err, -EINVAL, "%s twice", err.message);
	cr_assert_str_eq(err.message, "outer (inner) twice: outer (inner)");
}

Test(error, long_text_is_cut_at_the_end)
{
	struct ls_error err = { 0 };

	ls_error_set(&err, -EINVAL, "%02000d", 0);
	cr_assert_eq(strlen(err.message), sizeof(err.message) - 1);
	ls_error_context(&err, -EINVAL, "context");
	cr_assert_eq(strlen(err.message), sizeof(err.message) - 1);
	cr_assert_eq(strncmp(err.message, "context: 000", 12), 0);
}

Test(error, text_is_never_cut_within_a_character)
{
	static const char *const characters[] = { "é", "€", "😀" };
	struct ls_error err = { 0 };

	for (size_t c = 0; c < LS_ARRAY_SIZE(characters); c++) {
		for (int pad = 1015; pad < 1025; pad++) {
			size_t size = strlen(characters[c]), length;

			ls_error_set(&err, -EINVAL, "%0*d%s", pad, 0, characters[c]);
			length = strlen(err.message);
			if (length > (size_t)pad)
				cr_assert_str_eq(err.message + pad, characters[c], "pad %d", pad);
			else
				cr_assert_geq((size_t)pad + size, sizeof(err.message), "pad %d", pad);
		}
	}
}

Test(error, last_character_that_just_fits_stays)
{
	struct ls_error err = { 0 };

	ls_error_set(&err, -EINVAL, "%01021d%s%s", 0, "é", "more");
	cr_assert_str_eq(err.message + 1021, "é");
}

Test(diag, findings_stay_in_order)
{
	struct ls_diag diag = { 0 };
	char expected[16];

	for (uint32_t i = 0; i < 1000; i++) {
		ls_diag_report(&diag, i % 2 ? LS_SEVERITY_ERROR : LS_SEVERITY_WARNING,
			(struct ls_location){ .file = "a.yaml", .line = i + 1, .column = 2 }, "range", "value %u", i);
	}
	cr_assert_eq(diag.n_findings, 1000);
	cr_assert_eq(diag.n_errors, 500);
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(expected, sizeof(expected), "value %u", i);
		cr_assert_str_eq(diag.findings[i].message, expected);
		cr_assert_eq(diag.findings[i].location.line, i + 1);
		cr_assert_str_eq(diag.findings[i].id, "range");
	}
	ls_diag_done(&diag);
	cr_assert_eq(diag.n_findings, 0);
}

Test(diag, warnings_alone_do_not_fail)
{
	struct ls_diag diag = { 0 };

	cr_assert_not(ls_diag_failed(&diag));
	ls_diag_report(&diag, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "mtu", "small");
	cr_assert_not(ls_diag_failed(&diag));
	ls_diag_report(&diag, LS_SEVERITY_ERROR, (struct ls_location){ 0 }, "type", "wrong");
	cr_assert(ls_diag_failed(&diag));
	ls_diag_done(&diag);
}

Test(diag, a_lost_finding_fails)
{
	struct ls_diag diag = { .out_of_memory = true };

	cr_assert(ls_diag_failed(&diag));
}

Test(diag, done_accepts_an_empty_one)
{
	struct ls_diag diag = { 0 };

	ls_diag_done(&diag);
}
