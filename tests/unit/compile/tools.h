/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specs compiled in tests, and what came out of them. */
#pragma once

#include <linkspan/compile.h>

#include "../model/builders.h"

#define HEAD "linkspan: 1\nkind: gateway\nname: gw1\n"

struct compiled {
	struct ls_set set;
	struct ls_diag diag;
	int r;
};

static inline struct compiled compile_on(const struct ls_set *links, const char *text)
{
	struct compiled compiled = { 0 };
	struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	struct ls_spec *spec = NULL;
	void *before;
	int r = ls_spec_parse("t.yaml", text, strlen(text), &spec, &diag, &err);

	for (size_t i = 0; i < diag.n_findings && r != 0; i++)
		cr_log_error("%u:%u: %s", diag.findings[i].location.line, diag.findings[i].location.column,
			diag.findings[i].message);
	cr_assert_eq(r, 0, "%s", text);
	build_begin(&compiled.set);
	before = compiled.set.objects;
	compiled.r = ls_compile(spec, links, &compiled.set, &compiled.diag);
	build_moved(before, &compiled.set);
	build_keep(spec); /* the set borrows from it */
	build_keep(compiled.diag.findings);
	build_keep(compiled.diag.arena);
	ls_diag_done(&diag);
	return compiled;
}

static inline struct ls_set compile(const char *text)
{
	struct compiled compiled = compile_on(NULL, text);

	cr_assert_eq(compiled.r, 0);
	cr_assert_eq(compiled.diag.n_findings, 0);
	return compiled.set;
}

static inline const struct ls_object *find(const struct ls_set *set, const char *key)
{
	const struct ls_object *found = ls_set_find(set, build(key));

	cr_assert_not_null(found, "no %s", key);
	return found;
}

static inline bool has(const struct ls_set *set, const char *key)
{
	return ls_set_find(set, build(key));
}

static inline const struct ls_link *link_of(const struct ls_set *set, const char *name)
{
	const struct ls_link *link = ls_set_link(set, name);

	cr_assert_not_null(link, "no link %s", name);
	return link;
}

static inline const struct ls_route *route_of(const struct ls_set *set, const char *key)
{
	return (const struct ls_route *)find(set, key);
}

/* The same attributes with the same values. */
static inline void assert_is(const struct ls_object *object, const char *expected)
{
	const struct ls_object *other = build_wanted(expected);

	cr_assert_eq(object->set, other->set, "%s: %x instead of %x", expected, object->set, other->set);
	cr_assert_eq(ls_object_diff(other, object), 0, "%s: %x", expected, ls_object_diff(other, object));
	cr_assert_eq(object->managed, other->managed, "%s: manages %x instead of %x", expected, object->managed,
		other->managed);
	cr_assert_eq(object->flags, other->flags, "%s: flags %x", expected, object->flags);
}
