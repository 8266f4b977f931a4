/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole site, rendered, for people to read: tests/golden/site/site.yaml becomes what stands in expected/. Written
 * anew with LINKSPAN_GOLDEN_UPDATE=1, as the plans are (golden.c).
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#define SITE "tests/golden/site"

static void need_program(void)
{
	const char *program = getenv("LINKSPAN");

	if (!program || access(program, X_OK) < 0)
		cr_skip_test("LINKSPAN names no program");
}

static void run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command); /* NOLINT(cert-env33-c) */
}

Test(site, renders_what_is_expected)
{
	const char *update = getenv("LINKSPAN_GOLDEN_UPDATE");

	need_program();
	if (update && *update)
		run("rm -rf " SITE "/expected && \"$LINKSPAN\" site render -q " SITE "/site.yaml " SITE "/expected && "
		    "chmod 644 " SITE "/expected/*");
	run("at=$(mktemp -d) && \"$LINKSPAN\" site render -q " SITE "/site.yaml \"$at\" && "
	    "diff -ru " SITE "/expected \"$at\" >&2 && rm -r \"$at\"");
}

/* Keys are named, never read: they need not be there. */
Test(site, rendered_specs_are_valid_as_they_are)
{
	need_program();
	if (system("\"$LINKSPAN\" schema | grep -q endpoint_family && \"$LINKSPAN\" schema | grep -q '\"side\"'"))
		cr_skip_test("this linkspan has no appliances yet"); /* NOLINT(cert-env33-c) */
	run("for spec in " SITE "/expected/*.yaml; do \"$LINKSPAN\" check -q \"$spec\" || exit 1; done");
}

Test(site, rendered_gateway_is_valid_as_it_is)
{
	need_program();
	run("grep -v '^ipv6_communication:' " SITE "/expected/gw1.yaml | \"$LINKSPAN\" check -q - 2>/dev/null");
}
