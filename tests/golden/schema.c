/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON Schema: that it judges specs as `check` does (schema.py, schema.keys), and that the file is what it says. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

static void run(const char *command)
{
	const char *program = getenv("LINKSPAN");

	if (!program || access(program, X_OK) < 0)
		cr_skip_test("LINKSPAN names no program");
	cr_assert_eq(system(command), 0, "%s", command); /* NOLINT(cert-env33-c) */
}

Test(schema, judges_documents_as_check_does)
{
	run("tests/golden/schema.py tests/golden/schema.keys >&2");
}

Test(schema, file_that_is_installed_is_what_the_command_prints)
{
	run("\"$LINKSPAN\" schema | diff -u contrib/schema/linkspan.json - >&2 || { echo \"run 'make schema'\" >&2; "
	    "exit 1; }");
}

Test(schema, file_for_sites_is_what_the_command_prints)
{
	run("\"$LINKSPAN\" site schema | diff -u contrib/schema/site.json - >&2 || { echo \"run 'make schema'\" >&2; "
	    "exit 1; }");
}

Test(schema, for_sites_takes_the_examples)
{
	run("for site in contrib/examples/site.yaml tests/golden/site/site.yaml; do python3 -c '\n"
	    "import json, sys, jsonschema, yaml\n"
	    "jsonschema.validate(yaml.safe_load(open(sys.argv[1])), json.load(open(\"contrib/schema/site.json\")))\n"
	    "' $site || exit 1; done >&2");
}
