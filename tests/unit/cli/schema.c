/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkspan schema: its shape. What it says of specs is looked at by tests/golden/schema.py. */
#include "cli_test.h"

#include "../../../src/cli/schema.c"

Test(schema, prints_one_document_with_every_sort_of_text)
{
	static const char *const sorts[] = { "ip", "address", "destination", "mac", "interface", "name", "sysctl",
		"sysctl-value" };
	struct told told;
	json_t *json;

	cr_assert_eq(told_run(&told, told_words("schema")), CLI_EXIT_DONE);
	json = told_json(&told);
	cr_expect_str_eq(json_text_at(json, "$schema"), "https://json-schema.org/draft/2020-12/schema");
	for (size_t i = 0; i < LS_ARRAY_SIZE(sorts); i++)
		cr_expect_not_null(
			json_object_get(json_object_get(json_object_get(json, "$defs"), sorts[i]), "pattern"), "%s",
			sorts[i]);
	cr_expect_null(strstr(told.out, "\"no form\""));
	json_decref(json);
	told_done(&told);
}

Test(schema, variant_needs_its_keys_and_no_other_ones)
{
	const struct ls_key_form *key = NULL;
	struct ls_mapping_form routes = { 0 };
	struct ls_key_form found;
	json_t *demands;

	for (size_t i = 0; !key; i++) {
		ls_key_form(ls_form_root(), i, &found);
		if (!strcmp(found.name, "routes"))
			key = &found;
	}
	ls_mapping_form(key->form.mapping, &routes);
	cr_assert_str_eq(routes.variant, "type");
	cr_expect_eq(routes.default_variant, LS_BIT(LS_ROUTE_UNICAST));
	cr_expect_null(demands_to_json(key->form.mapping, routes.n_keys, LS_BIT(LS_ROUTE_UNICAST)));
	demands = demands_to_json(key->form.mapping, routes.n_keys, LS_BIT(LS_ROUTE_BLACKHOLE));
	cr_expect(json_is_false(json_object_get(json_object_get(demands, "properties"), "via")));
	json_decref(demands);
}
