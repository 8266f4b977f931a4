/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The safety net below the checks of a site: what is rendered is read once more, as its host would read it. Nothing
 * that a host would refuse is written. A spec that is what it was rendered to last has been through this.
 */
#include "site.h"

static const struct ls_finding *first_error(const struct ls_diag *diag)
{
	for (size_t i = 0; i < diag->n_findings; i++)
		if (diag->findings[i].severity == LS_SEVERITY_ERROR)
			return &diag->findings[i];
	return NULL;
}

static void report(struct cli_site *site, const char *host, struct ls_mark mark, const struct ls_diag *found)
{
	const struct ls_finding *error = first_error(found);
	struct ls_location at = { .file = site->source.name, .line = mark.line, .column = mark.column };

	if (error)
		ls_diag_report(&site->diag, LS_SEVERITY_ERROR, at, error->id,
			"the spec of '%s' would not be valid, by its line %u: %s", host, error->location.line,
			error->message);
}

int cli_site_verify(struct cli_site *site, const struct ls_site_host *host, const char *text, struct ls_mark mark)
{
	const struct ls_site_host *was = ls_site_find_host(&site->record, host->name);
	LS_CLEANUP(ls_diag_done) struct ls_diag found = { 0 };
	struct ls_error err = { 0 };
	struct ls_spec *spec = NULL;
	int r;

	if (ls_site_was_rendered_to(was, host->crc, host->length))
		return 0;
	r = ls_spec_parse(host->name, text, host->length, &spec, &found, &err);
	ls_spec_free(spec);
	if (r == 0 || r == -ENOMEM)
		return r;
	report(site, host->name, mark, &found);
	return 0;
}
