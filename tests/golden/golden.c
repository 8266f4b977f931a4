/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole plans, for people to read. Every directory here is a case: spec.yaml and have.json (a snapshot) go in;
 *
 *   plan.txt   is what `linkspan plan --from have.json spec.yaml` says, errors and conflicts included
 *   plan.json  is what it says with --json
 *   undo.txt   is the way back: the steps of the plan from what is there afterwards to what was there before
 *
 * LINKSPAN_GOLDEN_UPDATE=1 writes the three anew; look at the difference before keeping it. The host afterwards is the
 * simulator's of the plan's unit tests, so the way back is about what the kernel would have made of it.
 */
#include "../../src/cli/cli.h"
#include "../unit/plan/simulator.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CASES "tests/golden"
#define CASES_MAX 64

struct golden_case {
	char name[64];
};

/* ---- files ------------------------------------------------------------------------------------------------------- */

static char *path_of(const struct golden_case *golden, const char *file, char path[static 256])
{
	snprintf(path, 256, "%s/%s/%s", CASES, golden->name, file);
	return path;
}

static void compare(const struct golden_case *golden, const char *file, const char *found)
{
	LS_CLEANUP(ls_free) char *expected = NULL;
	const char *update = getenv("LINKSPAN_GOLDEN_UPDATE");
	char path[256];
	size_t length;
	FILE *to;

	path_of(golden, file, path);
	if (update && *update) {
		to = fopen(path, "we");
		cr_assert_not_null(to, "%s", path);
		fputs(found, to);
		fclose(to);
		return;
	}
	cr_assert_eq(ls_file_read(path, 1 << 20, &expected, &length, NULL), 0, "%s is missing", path);
	cr_expect(!strcmp(expected, found), "%s\nexpected:\n%s\nfound:\n%s", path, expected, found);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static char *read_all(FILE *from)
{
	struct ls_buf buf = { 0 };
	char chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), from)) > 0)
		ls_buf_append(&buf, chunk, n);
	ls_buf_append(&buf, "", 1);
	cr_assert_not(buf.failed);
	return (char *)buf.data;
}

static char *run_plan(const struct golden_case *golden, const char *options, int *ret_status)
{
	char command[1024], *text;
	FILE *pipe;

	snprintf(command, sizeof(command), "cd %s/%s && exec \"$LINKSPAN\" plan %s --from have.json spec.yaml", CASES,
		golden->name, options);
	pipe = popen(command, "re"); /* NOLINT(cert-env33-c): constant but for a directory's name */
	cr_assert_not_null(pipe);
	text = read_all(pipe);
	*ret_status = WEXITSTATUS(pclose(pipe));
	return text;
}

/* The status says the same as the text. */
static int expected_status(const char *text)
{
	if (strstr(text, "error:"))
		return 1;
	return strstr(text, "Nothing to do.") ? 0 : 2;
}

/* ---- the way back ------------------------------------------------------------------------------------------------ */

/* The set borrows from the spec. */
static struct ls_spec *compile_spec(const struct golden_case *golden, const struct ls_set *have, struct ls_set *ret)
{
	struct ls_diag diag = { 0 };
	struct ls_error err = { 0 };
	struct ls_spec *spec = NULL;
	char path[256];

	cr_assert_eq(
		ls_spec_load(path_of(golden, "spec.yaml", path), &spec, &diag, &err), 0, "%s: %s", path, err.message);
	cr_assert_eq(ls_compile(spec, have, ret, &diag), 0, "%s", path);
	ls_diag_done(&diag);
	return spec;
}

/* What was changed of an object that exists by itself is to be as it was. */
static void give_back(struct ls_set *wanted, const struct ls_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct ls_step *step = &plan->steps[i];
		struct ls_object *object =
			step->want && step->want->flags & LS_OBJECT_ADJUST ? ls_set_find(wanted, step->want) : NULL;

		if (!object)
			continue;
		object->flags |= LS_OBJECT_ADJUST;
		object->managed |= step->attrs & ((const struct ls_object *)step->want)->managed;
	}
}

static void restore_overwritten(struct ls_set *wanted, const struct ls_plan *plan)
{
	ls_set_each (&plan->fallout, i) {
		struct ls_object *object = ls_set_find(wanted, plan->fallout.objects[i]);

		if (!object || object->kind != &ls_kind_sysctl)
			continue;
		object->flags |= LS_OBJECT_ADJUST;
		object->managed |= LS_BIT(LS_SYSCTL_VALUE);
	}
}

static void print_steps(const struct ls_plan *plan, FILE *to)
{
	struct cli cli = { .out = { .file = to }, .err = { .file = to } };
	const struct cli_plan view = { .plan = plan };

	cli_plan_text(&cli, &view);
	for (size_t i = 0; i < plan->n_conflicts; i++)
		fprintf(to, "conflict: %s\n", plan->conflicts[i].reason);
	if (!plan->n_steps && !plan->n_conflicts)
		fputs("Nothing to do.\n", to);
}

static void write_way_back(const struct ls_plan *plan, const struct ls_set *have, FILE *to)
{
	static const struct ls_plan_options options = { 0 };
	struct ls_set wanted, after;
	struct simulator sim;
	struct ls_plan *back;

	sim_begin(&sim, have);
	cr_assert_eq(sim_run(&sim, plan), 0, "%s", sim.error);
	after = sim_dump(&sim);
	ls_set_init(&wanted, have->arena);
	ls_set_each (have, i)
		if (have->objects[i]->owner != LS_OWNER_DERIVED)
			cr_assert_eq(ls_set_add(&wanted, ls_object_copy(have->arena, have->objects[i])), 0);
	ls_set_sort(&wanted);
	give_back(&wanted, plan);
	restore_overwritten(&wanted, plan);
	cr_assert_eq(ls_plan_make(&wanted, &after, &options, &back), 0);
	print_steps(back, to);
	ls_plan_free(back);
	ls_set_done(&wanted);
	ls_set_done(&after);
	sim_done(&sim);
}

static char *way_back(const struct golden_case *golden)
{
	static const struct ls_plan_options options = { 0 };
	struct ls_error err = { 0 };
	struct ls_ledger originals = { 0 };
	struct ls_set have, want;
	struct ls_spec *spec;
	struct ls_plan *plan;
	char path[256], *text = NULL;
	enum ls_failover_mode failover;
	size_t length;
	FILE *to = open_memstream(&text, &length);

	cr_assert_not_null(to);
	ls_set_init(&have, ls_arena_new());
	ls_set_init(&want, ls_arena_new());
	cr_assert_eq(cli_snapshot_read(path_of(golden, "have.json", path), &have, &originals, &failover, &err), 0,
		"%s: %s", path, err.message);
	ls_ledger_done(&originals);
	spec = compile_spec(golden, &have, &want);
	cr_assert_eq(ls_plan_make(&want, &have, &options, &plan), 0);
	if (plan->n_conflicts)
		fputs("Nothing to do.\n", to); /* nothing was done */
	else
		write_way_back(plan, &have, to);
	ls_plan_free(plan);
	ls_spec_free(spec);
	ls_set_done(&want);
	ls_set_done(&have);
	ls_arena_free(want.arena);
	ls_arena_free(have.arena);
	fclose(to);
	return text;
}

/* ---- the cases --------------------------------------------------------------------------------------------------- */

static int compare_cases(const void *a, const void *b)
{
	return strcmp(((const struct golden_case *)a)->name, ((const struct golden_case *)b)->name);
}

static size_t find_cases(struct golden_case *cases)
{
	struct dirent *entry;
	DIR *dir = opendir(CASES);
	char path[256];
	size_t n = 0;

	while (dir && (entry = readdir(dir)) && n < CASES_MAX) {
		snprintf(cases[n].name, sizeof(cases[n].name), "%.63s", entry->d_name);
		if (entry->d_name[0] != '.' && !access(path_of(&cases[n], "spec.yaml", path), R_OK))
			n++;
	}
	if (dir)
		closedir(dir);
	qsort(cases, n, sizeof(*cases), compare_cases);
	return n;
}

ParameterizedTestParameters(golden, the_plan_reads_as_it_should)
{
	static struct golden_case cases[CASES_MAX];
	size_t n = find_cases(cases);

	return cr_make_param_array(struct golden_case, cases, n);
}

ParameterizedTest(struct golden_case *golden, golden, the_plan_reads_as_it_should)
{
	const char *program = getenv("LINKSPAN");
	char *text, *json, *back;
	int status;

	if (!program || access(program, X_OK) < 0)
		cr_skip_test("LINKSPAN names no program");
	text = run_plan(golden, "2>&1", &status);
	compare(golden, "plan.txt", text);
	cr_expect_eq(status, expected_status(text), "%s: exit status %d", golden->name, status);
	json = run_plan(golden, "--json 2>/dev/null", &status);
	compare(golden, "plan.json", json);
	cr_expect_eq(status, expected_status(text), "%s: exit status %d with --json", golden->name, status);
	back = way_back(golden);
	compare(golden, "undo.txt", back);
	free(text);
	free(json);
	free(back);
}

Test(golden, there_are_cases)
{
	struct golden_case cases[CASES_MAX];

	cr_assert_geq(find_cases(cases), 10);
}
