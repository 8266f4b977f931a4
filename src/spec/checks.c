/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of checks, and what they share. Each walks the decoded spec on its own; none depends on what another found.
 */
#include "checks.h"

static ls_check_fn *const checks[] = {
	ls_check_references,
	ls_check_families,
	ls_check_mtus,
	ls_check_addresses,
	ls_check_duplicates,
	ls_check_nat,
	ls_check_filter,
	ls_check_tunnels,
	ls_check_appliance,
};

/* Names are interned, so their addresses tell them apart, and repeat: many routes have one interface. */
const struct ls_spec_interface *ls_checker_find(struct ls_checker *checker, const char *name)
{
	struct ls_found *found = &checker->found[((uintptr_t)name ^ (uintptr_t)name >> 6) % LS_FOUND_MAX];

	if (!name)
		return NULL;
	if (found->name != name)
		*found = (struct ls_found){ .name = name, .interface = ls_spec_find_interface(checker->spec, name) };
	return found->interface;
}

/* From the last to the first, so that chains run in the order of the file. */
static int chain_addresses(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;
	const struct ls_spec_interface *interface;
	size_t at;

	checker->first_address = calloc(spec->n_interfaces + 1, sizeof(uint32_t));
	checker->next_address = calloc(spec->n_addresses + 1, sizeof(uint32_t));
	if (!checker->first_address || !checker->next_address)
		return -ENOMEM;
	for (size_t i = spec->n_addresses; i > 0; i--) {
		interface = ls_checker_find(checker, spec->addresses[i - 1].interface);
		if (!interface)
			continue;
		at = (size_t)(interface - spec->interfaces);
		checker->next_address[i - 1] = checker->first_address[at];
		checker->first_address[at] = (uint32_t)i;
	}
	return 0;
}

const struct ls_spec_address *ls_checker_next_address(const struct ls_checker *checker,
	const struct ls_spec_interface *interface, const struct ls_spec_address *after)
{
	const struct ls_spec *spec = checker->spec;
	uint32_t next;

	next = after ? checker->next_address[after - spec->addresses]
		     : checker->first_address[interface - spec->interfaces];
	return next ? &spec->addresses[next - 1] : NULL;
}

static int run(struct ls_checker *checker, ls_check_fn *const *list, size_t n)
{
	int r;

	r = chain_addresses(checker);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = list[i](checker);
	free(checker->first_address);
	free(checker->next_address);
	return r;
}

int ls_checks_run(const struct ls_spec *spec, struct ls_report *report, bool interfaces_unknown)
{
	struct ls_checker checker = {
		.spec = spec,
		.report = report,
		.interfaces_unknown = interfaces_unknown,
	};

	return run(&checker, checks, LS_ARRAY_SIZE(checks));
}

int ls_checks_run_some(const struct ls_spec *spec, struct ls_report *report, ls_check_fn *const *list, size_t n)
{
	struct ls_checker checker = { .spec = spec, .report = report };

	return run(&checker, list, n);
}
