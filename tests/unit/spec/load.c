/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specs from files. */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct directory {
	char path[64], file[96];
};

static struct directory make_directory(void)
{
	struct directory directory = { .path = "/tmp/linkspan-spec-XXXXXX" };

	cr_assert_not_null(mkdtemp(directory.path));
	snprintf(directory.file, sizeof(directory.file), "%s/spec.yaml", directory.path);
	return directory;
}

static void remove_directory(struct directory *directory)
{
	unlink(directory->file);
	rmdir(directory->path);
}
#define DIRECTORY LS_CLEANUP(remove_directory) struct directory

static void write_file(const char *path, const char *text, off_t size)
{
	LS_CLEANUP(ls_close) int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	if (size > 0)
		cr_assert_eq(ftruncate(fd, size), 0);
}

static struct parsed load(const char *path)
{
	struct parsed parsed = { 0 };

	parsed.r = ls_spec_load(path, &parsed.spec, &parsed.diag, &parsed.err);
	return parsed;
}

static void expect_file_error(const struct parsed *parsed, int r)
{
	cr_expect_eq(parsed->r, r, "%d", parsed->r);
	cr_expect_null(parsed->spec);
	cr_expect_eq(parsed->err.code, r);
	cr_assert_eq(parsed->diag.n_findings, 1);
	cr_expect_eq(parsed->diag.findings[0].location.line, 0);
	cr_expect_str_eq(parsed->diag.findings[0].message, parsed->err.message);
}

Test(load, reads_a_file)
{
	DIRECTORY directory = make_directory();

	write_file(directory.file, HEAD, 0);
	PARSED parsed = load(directory.file);
	cr_assert_eq(parsed.r, 0);
	cr_expect_str_eq(parsed.spec->file, directory.file);
	cr_expect_str_eq(parsed.spec->text, HEAD);
}

Test(load, standard_input_has_a_name)
{
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(write(fds[1], "linkspan: 9\n", 12), 12);
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	PARSED parsed = load("-");
	cr_expect_eq(parsed.r, -EINVAL);
	cr_assert_eq(parsed.diag.n_findings, 3);
	cr_expect_str_eq(parsed.diag.findings[0].location.file, "<stdin>");
}

Test(load, what_cannot_be_read_is_told)
{
	DIRECTORY directory = make_directory();
	PARSED missing = load(directory.file), folder = load(directory.path);

	expect_file_error(&missing, -ENOENT);
	expect_file_error(&folder, -EISDIR);
	cr_assert_eq(mkfifo(directory.file, 0600), 0);
	PARSED fifo = load(directory.file);
	expect_file_error(&fifo, -EINVAL);
}

Test(load, too_large_a_file_is_refused)
{
	DIRECTORY directory = make_directory();

	write_file(directory.file, "", (off_t)LS_SPEC_SIZE_MAX + 1);
	PARSED parsed = load(directory.file);
	expect_file_error(&parsed, -EFBIG);
}

Test(load, findings_outlive_the_spec)
{
	PARSED parsed = { 0 };
	char text[] = "linkspan: 1\nkind: gateway\nname: [x]\n";

	parsed.r = ls_spec_parse("-", text, strlen(text), &parsed.spec, &parsed.diag, NULL);
	memset(text, 'x', sizeof(text));
	cr_expect_eq(parsed.r, -EINVAL);
	cr_expect_str_eq(parsed.diag.findings[0].location.file, "<stdin>");
	cr_expect_str_eq(parsed.diag.findings[0].message, "'name' is a list; it must be a text");
}

Test(load, findings_add_up_over_specs)
{
	PARSED parsed = { 0 };

	for (unsigned i = 0; i < 2; i++)
		cr_expect_eq(
			ls_spec_parse("a", HEAD "x: 1\n", sizeof(HEAD "x: 1\n") - 1, &parsed.spec, &parsed.diag, NULL),
			-EINVAL);
	cr_expect_eq(parsed.diag.n_findings, 2);
	cr_expect_eq(ls_spec_parse("a", HEAD, sizeof(HEAD) - 1, &parsed.spec, &parsed.diag, NULL), 0,
		"errors of another spec do not count");
}

Test(load, free_accepts_null)
{
	ls_spec_free(NULL);
}
