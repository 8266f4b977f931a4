/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../../src/kinds/link_table.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void fill(struct ls_link_table *table, uint32_t n, uint32_t step)
{
	char name[16];

	cr_assert_eq(ls_link_table_reset(table), 0);
	for (uint32_t i = 0; i < n; i++) {
		int length = snprintf(name, sizeof(name), "l%u", i);

		cr_assert_eq(ls_link_table_add(table, 1 + i * step, name, (size_t)length), 0);
	}
	cr_assert_eq(ls_link_table_seal(table), 0);
}

Test(link_table, finds_every_link_by_index_and_by_name)
{
	struct ls_link_table table = { 0 };
	char name[16];

	for (uint32_t step = 1; step <= 1024; step *= 32) {
		fill(&table, 3000, step);
		for (uint32_t i = 0; i < 3000; i++) {
			snprintf(name, sizeof(name), "l%u", i);
			cr_assert_str_eq(ls_link_table_by_index(&table, 1 + i * step)->name, name);
			cr_assert_eq(ls_link_table_by_name(&table, name)->index, 1 + i * step);
		}
	}
	ls_link_table_done(&table);
}

Test(link_table, has_nothing_that_was_not_added)
{
	struct ls_link_table table = { 0 };

	cr_expect_null(ls_link_table_by_index(&table, 1));
	cr_expect_null(ls_link_table_by_name(&table, "lo"));
	fill(&table, 10, 1);
	cr_expect_null(ls_link_table_by_index(&table, 11));
	cr_expect_null(ls_link_table_by_index(&table, 0));
	cr_expect_null(ls_link_table_by_name(&table, "l10"));
	fill(&table, 2, 1);
	cr_expect_null(ls_link_table_by_name(&table, "l5"));
	ls_link_table_done(&table);
}
