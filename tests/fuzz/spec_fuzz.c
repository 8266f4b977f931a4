/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of the spec reader: any bytes must give a spec, or errors that point into the text.
 *
 * Run with the seeds in corpus/spec; -max_len=4096 keeps it quick.
 */
#include <linkspan/spec.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_finding(const struct ls_finding *finding, size_t size)
{
	if (!finding->id || !finding->message || finding->message[0] == '\0')
		abort();
	if (finding->location.line > size + 1 || finding->location.column > size + 1)
		abort();
	for (const char *c = finding->message; *c; c++) {
		if ((unsigned char)*c < 0x20)
			abort(); /* nothing of a spec may reach a terminal unchecked */
	}
}

static void check_spec(const struct ls_spec *spec, const uint8_t *text, size_t size)
{
	if (!spec->name || spec->text_length != size || memcmp(spec->text, text, size) != 0)
		abort();
	for (size_t i = 0; i < spec->n_interfaces; i++) {
		if (ls_spec_find_interface(spec, spec->interfaces[i].name) != &spec->interfaces[i])
			abort();
	}
	for (size_t i = 0; i < spec->n_routes; i++) {
		const struct ls_spec_route *route = &spec->routes[i];

		if (route->to.ip.family == 0 || route->to.length > ls_ip_bits(route->to.ip.family))
			abort();
		if (route->interface && !ls_spec_find_interface(spec, route->interface))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ls_spec *spec = NULL;
	struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	int r;

	r = ls_spec_parse("fuzz.yaml", (const char *)data, size, &spec, &diag, &err);
	if ((r == 0) != (spec != NULL) || (r == 0) != (diag.n_errors == 0))
		abort();
	for (size_t i = 0; i < diag.n_findings; i++)
		check_finding(&diag.findings[i], size);
	if (spec)
		check_spec(spec, data, size);
	ls_spec_free(spec);
	ls_diag_done(&diag);
	return 0;
}
