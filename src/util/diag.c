/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnostics are records in the order found: a growing array, with the messages in an arena of its own, so that they
 * outlive the spec they speak about. Reporting cannot fail for its caller; a finding that could not be kept makes the
 * whole run fail instead.
 */
#include <linkspan/util.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ls_diag_done(struct ls_diag *diag)
{
	free(diag->findings);
	ls_arena_free(diag->arena);
	*diag = (struct ls_diag){ 0 };
}

static char *format_message(struct ls_diag *diag, const char *format, va_list args)
{
	char *text = NULL, *copy;
	int length;

	if (!diag->arena)
		diag->arena = ls_arena_new();
	if (!diag->arena)
		return NULL;
	length = vasprintf(&text, format, args);
	if (length < 0)
		return NULL;
	copy = ls_arena_copy(diag->arena, text, (size_t)length + 1);
	free(text);
	return copy;
}

/* The array doubles whenever its length reaches a power of two, from 16 on. */
static int make_room(struct ls_diag *diag)
{
	size_t n = diag->n_findings;
	struct ls_finding *grown;

	if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
		return 0;
	grown = reallocarray(diag->findings, n < 16 ? 16 : 2 * n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	diag->findings = grown;
	return 0;
}

void ls_diag_report(struct ls_diag *diag, enum ls_severity severity, struct ls_location location, const char *id,
	const char *format, ...)
{
	va_list args;
	char *message;

	if (severity == LS_SEVERITY_ERROR)
		diag->n_errors++;
	va_start(args, format);
	message = format_message(diag, format, args);
	va_end(args);
	if (!message || make_room(diag) < 0) {
		diag->out_of_memory = true;
		return;
	}
	diag->findings[diag->n_findings++] = (struct ls_finding){
		.severity = severity,
		.location = location,
		.id = id,
		.message = message,
	};
}

bool ls_diag_failed(const struct ls_diag *diag)
{
	return diag->n_errors > 0 || diag->out_of_memory;
}
