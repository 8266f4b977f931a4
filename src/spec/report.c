/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks find things in their own order, people read files from top to bottom: so findings are sorted by place when all
 * of them are there. An anchored node with an error in it is read once per alias; equal findings of one place are
 * dropped then.
 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct ranked {
	struct ls_finding finding;
	size_t rank;
};

void ls_report_init(struct ls_report *report, struct ls_diag *diag, const char *file)
{
	*report = (struct ls_report){
		.diag = diag,
		.file = file,
		.first = diag->n_findings,
	};
}

static void add(
	struct ls_report *report, enum ls_severity severity, struct ls_mark mark, const char *id, const char *message)
{
	struct ls_location location = { .file = report->file, .line = mark.line, .column = mark.column };

	ls_diag_report(report->diag, severity, location, id, "%s", message);
}

void ls_report_error(struct ls_report *report, struct ls_mark mark, const char *id, const char *format, ...)
{
	char message[1024];
	va_list args;

	if (report->full)
		return;
	if (report->n_errors++ == LS_REPORT_ERRORS_MAX) {
		report->full = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	add(report, LS_SEVERITY_ERROR, mark, id, message);
}

void ls_report_warning(struct ls_report *report, struct ls_mark mark, const char *id, const char *format, ...)
{
	char message[1024];
	va_list args;

	if (report->full)
		return;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	add(report, LS_SEVERITY_WARNING, mark, id, message);
}

int ls_mark_compare(struct ls_mark a, struct ls_mark b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	if (a.column != b.column)
		return a.column < b.column ? -1 : 1;
	return 0;
}

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	int r;

	r = ls_mark_compare((struct ls_mark){ a->finding.location.line, a->finding.location.column },
		(struct ls_mark){ b->finding.location.line, b->finding.location.column });
	if (r != 0)
		return r;
	return a->rank < b->rank ? -1 : 1; /* in the order found: qsort alone would not keep it */
}

static bool same(const struct ls_finding *a, const struct ls_finding *b)
{
	return a->location.line == b->location.line && a->location.column == b->location.column &&
	       strcmp(a->id, b->id) == 0 && strcmp(a->message, b->message) == 0;
}

static void drop_repeated(struct ls_report *report)
{
	struct ls_diag *diag = report->diag;
	size_t kept = report->first;

	for (size_t i = report->first; i < diag->n_findings; i++) {
		const struct ls_finding *finding = &diag->findings[i];

		if (kept > report->first && same(&diag->findings[kept - 1], finding)) {
			if (finding->severity == LS_SEVERITY_ERROR)
				diag->n_errors--;
			continue;
		}
		diag->findings[kept++] = *finding;
	}
	diag->n_findings = kept;
}

static void sort(struct ls_report *report)
{
	struct ls_finding *findings = report->diag->findings + report->first;
	size_t n = report->diag->n_findings - report->first;
	LS_CLEANUP(ls_free) struct ranked *ranked = NULL;

	ranked = reallocarray(NULL, n, sizeof(*ranked));
	if (!ranked)
		return; /* unsorted findings are better than none */
	for (size_t i = 0; i < n; i++)
		ranked[i] = (struct ranked){ .finding = findings[i], .rank = i };
	qsort(ranked, n, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < n; i++)
		findings[i] = ranked[i].finding;
}

void ls_report_finish(struct ls_report *report)
{
	char message[128];

	if (report->diag->n_findings > report->first) {
		sort(report);
		drop_repeated(report);
	}
	if (!report->full)
		return;
	(void)snprintf(message, sizeof(message), "more than %u errors: the rest is not listed; mend these first",
		LS_REPORT_ERRORS_MAX);
	add(report, LS_SEVERITY_ERROR, (struct ls_mark){ 0 }, "syntax", message);
}

/* The length of the UTF-8 sequence that begins with that byte. The text has been validated as a whole. */
static size_t sequence_length(unsigned char lead)
{
	return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/* U+0080 to U+009F: terminals may take them for escape sequences. */
static bool is_c1_control(const char *text)
{
	return (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;
}

const char *ls_excerpt(const char *text, size_t length, char out[static LS_EXCERPT_MAX])
{
	size_t at = 0, i = 0, n;

	while (i < length && at + 4 + sizeof("...") <= LS_EXCERPT_MAX) {
		n = sequence_length((unsigned char)text[i]);
		if (n > length - i)
			break;
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || is_c1_control(text + i)) {
			out[at++] = '?';
		} else {
			memcpy(out + at, text + i, n);
			at += n;
		}
		i += n;
	}
	memcpy(out + at, i < length ? "..." : "", i < length ? sizeof("...") : 1);
	return out;
}
