/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host.h"

/* What a site's spec is read into. */
struct ls_site_document {
	struct ls_site site; /* first: callers hold a pointer to it */
	struct ls_owned *owned;
};

/* Describes the document of a site. Decodes into a struct ls_site_document. */
extern const struct ls_mapping ls_site_mapping;
extern const struct ls_reader_form ls_site_forms[];

/* site_resolve.c: names become pointers; what a name does not lead to is reported. -ENOMEM. */
int ls_site_resolve(struct ls_site *site, struct ls_report *report);
/* site_checks.c: what the parts must not do to one another. -ENOMEM. */
int ls_site_check(struct ls_site *site, struct ls_report *report);
/* site_insert.c: appends the text with `ipv6_communication: false` before all else of the site. -EINVAL: it cannot be
 * put in so that all else is the same; -ENOMEM. */
int ls_site_insert_ipv6_off(const char *text, size_t length, struct ls_buf *ret);
/* site_apart.c: of that, addresses that two hosts have. -ENOMEM. */
int ls_site_check_apart(const struct ls_site *site, struct ls_report *report);
