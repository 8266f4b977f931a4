/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings about one spec: places come as marks, the number of errors is bounded, and at the end they stand in the
 * order of the file.
 */
#pragma once

#include <linkspan/spec.h>

#define LS_REPORT_ERRORS_MAX 10000u /* of one spec: a hostile file must not turn into gigabytes of messages */
#define LS_EXCERPT_MAX 72

struct ls_report {
	struct ls_diag *diag;
	const char *file;
	size_t first;    /* where our findings begin in diag */
	size_t n_errors; /* ours */
	bool full;       /* too many errors: nothing more is kept, reading stops */
};

void ls_report_init(struct ls_report *report, struct ls_diag *diag, const char *file);
void ls_report_error(struct ls_report *report, struct ls_mark mark, const char *id, const char *format, ...)
	LS_PRINTF(4, 5);
void ls_report_warning(struct ls_report *report, struct ls_mark mark, const char *id, const char *format, ...)
	LS_PRINTF(4, 5);
/* Sorts the findings by place and drops repeated ones. */
void ls_report_finish(struct ls_report *report);

/* A text as it can stand in a message: one line, printable, cut if long. */
const char *ls_excerpt(const char *text, size_t length, char out[static LS_EXCERPT_MAX]);
/* -1, 0, 1 by place. */
int ls_mark_compare(struct ls_mark a, struct ls_mark b);
