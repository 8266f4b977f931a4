/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of what a site is rendered to, and of what is given to its tenants. */
#pragma once

#include <linkspan/compile.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A public key, whatever the file (ls_site_key_fn). */
static inline int invent_key(void *user, const char *path, char text[static LS_KEY_TEXT_MAX], struct ls_error *err)
{
	(void)user;
	(void)path;
	(void)err;
	snprintf(text, LS_KEY_TEXT_MAX, "gHFXO9fy8zOxBSxnVcv8oqU29u7vlK0dNh0XgnGr504=");
	return 0;
}

#define HEAD "linkspan: 1\nkind: site\nipv6_communication: true\n"

struct allocated {
	struct ls_buf text;
	struct ls_site *site;
	struct ls_site_layout layout;
	struct ls_diag diag;
	int r;
};

static inline void allocated_done(struct allocated *allocated)
{
	if (allocated->layout.site)
		ls_site_layout_done(&allocated->layout);
	ls_site_free(allocated->site);
	ls_diag_done(&allocated->diag);
	ls_buf_done(&allocated->text);
}
#define ALLOCATED LS_CLEANUP(allocated_done) struct allocated

static inline void allocate(struct allocated *allocated, const struct ls_site_record *record)
{
	struct ls_error err = { 0 };

	cr_assert_eq(ls_site_parse("s.yaml", (const char *)allocated->text.data, allocated->text.length,
			     &allocated->site, &allocated->diag, &err),
		0, "%s%s\n%.*s", err.message, allocated->diag.n_findings ? allocated->diag.findings[0].message : "",
		(int)allocated->text.length, (const char *)allocated->text.data);
	allocated->r = ls_site_allocate(allocated->site, record, &allocated->layout, &allocated->diag);
}

static inline struct allocated allocate_text(const char *text, const struct ls_site_record *record)
{
	struct allocated allocated = { 0 };

	cr_assert_eq(ls_buf_append(&allocated.text, text, strlen(text)), 0);
	allocate(&allocated, record);
	return allocated;
}

static inline void expect_error(const struct allocated *allocated, const char *id, uint32_t line, const char *words)
{
	cr_assert_eq(allocated->r, -EINVAL);
	cr_assert_str_eq(allocated->diag.findings[0].id, id, "%s", allocated->diag.findings[0].message);
	cr_expect_eq(allocated->diag.findings[0].location.line, line, "line %u: %s",
		allocated->diag.findings[0].location.line, allocated->diag.findings[0].message);
	cr_expect(strstr(allocated->diag.findings[0].message, words), "no '%s' in: %s", words,
		allocated->diag.findings[0].message);
	cr_expect_eq(allocated->diag.n_errors, 1);
}
