/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans as text, to compare with what a test expects. One line a step:
 *
 *   early - link d0                 phase (early, make, break) and what is done: + add, ~ change, = replace, - delete
 *   make ~ link eth0 mtu=1400       of changes and replacements the attributes that differ, without a value: -NAME
 *   make + address ... foreign      the object is put back as it was, not ours
 *
 * and after the steps: "conflict link d0", "satisfied 2".
 */
#pragma once

#include <linkspan/plan.h>

#include "../model/builders.h"

static const char op_symbols[] = { '+', '~', '=', '-' };
static const char *const phase_names[] = { "early", "make", "break" };

static inline void write_attrs(struct ls_buf *buf, const struct ls_object *object, uint32_t bits)
{
	char text[256];

	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		const struct ls_attr *attr = &object->kind->attrs[i];

		if (!(bits & LS_BIT(i)))
			continue;
		if (!ls_object_has(object, i)) {
			ls_buf_printf(buf, " -%s", attr->name);
			continue;
		}
		ls_attr_format(attr, object, text, sizeof(text));
		ls_buf_printf(buf, " %s=%s", attr->name, text);
	}
}

static inline void write_step(struct ls_buf *buf, const struct ls_step *step)
{
	const struct ls_object *object = step->want ? step->want : step->have;
	char text[LS_DESCRIBE_MAX];

	ls_buf_printf(buf, "%s %c %s", phase_names[step->phase], op_symbols[step->op],
		ls_object_describe(object, text, sizeof(text)));
	if (step->op == LS_OP_CHANGE || step->op == LS_OP_REPLACE)
		write_attrs(buf, object, step->attrs);
	if (step->op == LS_OP_ADD && object->raw && object->owner == LS_OWNER_FOREIGN)
		ls_buf_printf(buf, " foreign");
	ls_buf_printf(buf, "\n");
}

/* To be released with free(). */
static inline char *plan_text(const struct ls_plan *plan)
{
	struct ls_buf buf = { 0 };
	char text[LS_DESCRIBE_MAX];

	for (size_t i = 0; i < plan->n_steps; i++)
		write_step(&buf, &plan->steps[i]);
	for (size_t i = 0; i < plan->n_conflicts; i++)
		ls_buf_printf(&buf, "conflict %s\n",
			ls_object_describe(plan->conflicts[i].have ? plan->conflicts[i].have : plan->conflicts[i].want,
				text, sizeof(text)));
	if (plan->n_satisfied)
		ls_buf_printf(&buf, "satisfied %zu\n", plan->n_satisfied);
	ls_buf_append(&buf, "", 1);
	cr_assert_not(buf.failed);
	return (char *)buf.data;
}

static inline struct ls_plan *plan_of(
	const struct ls_set *want, const struct ls_set *have, struct ls_plan_options options)
{
	struct ls_plan *plan = NULL;

	cr_assert_eq(ls_plan_make(want, have, &options, &plan), 0);
	cr_assert_not_null(plan);
	return plan;
}

static inline void assert_text(const char *found, const char *expected)
{
	cr_assert(!strcmp(found, expected), "expected:\n%sfound:\n%s", expected, found);
}

static inline void assert_plan_with(
	struct ls_set want, struct ls_set have, struct ls_plan_options options, const char *expected)
{
	struct ls_plan *plan = plan_of(&want, &have, options);
	char *text = plan_text(plan);

	assert_text(text, expected);
	free(text);
	ls_plan_free(plan);
	ls_set_done(&want);
	ls_set_done(&have);
}

static inline void assert_plan(struct ls_set want, struct ls_set have, const char *expected)
{
	assert_plan_with(want, have, (struct ls_plan_options){ 0 }, expected);
}
