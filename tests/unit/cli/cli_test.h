/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the commands: streams in memory, files that go with the test, JSON read back. The commands are no part
 * of the archive, so every file of src/cli is included by exactly one test file here.
 */
#pragma once

#include "../../../src/cli/cli.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* A command line and what the command said. */
struct told {
	struct cli cli;
	char *out, *err;
	size_t out_length, err_length;
};

static inline void told_begin(struct told *told, uint32_t given)
{
	*told = (struct told){ .cli.args.given = given };
	cli_open(&told->cli, open_memstream(&told->out, &told->out_length),
		open_memstream(&told->err, &told->err_length));
}

static inline void told_flush(struct told *told)
{
	fflush(told->cli.out.file);
	fflush(told->cli.err.file);
}

static inline void told_done(struct told *told)
{
	fclose(told->cli.out.file);
	fclose(told->cli.err.file);
	free(told->out);
	free(told->err);
}

/* Runs a command line, without the program's name; NULL at the end. */
static inline enum cli_exit told_run(struct told *told, const char *const words[])
{
	char *argv[16] = { (char[]){ "linkspan" } };
	struct ls_error err = { 0 };
	enum cli_exit status;
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	told_begin(told, 0);
	cr_assert_eq(cli_parse(argc, argv, &told->cli.args, &err), 0, "%s", err.message);
	status = told->cli.args.command->run(&told->cli);
	told_flush(told);
	return status;
}

#define told_words(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define cr_assert_says(text, part) cr_assert_not_null(strstr((text), (part)), "'%s' is not in:\n%s", (part), (text))
#define cr_assert_does_not_say(text, part) cr_assert_null(strstr((text), (part)), "'%s' is in:\n%s", (part), (text))

static inline json_t *told_json(const struct told *told)
{
	json_error_t problem;
	json_t *json = json_loadb(told->out, told->out_length, JSON_REJECT_DUPLICATES, &problem);

	cr_assert_not_null(json, "%s in:\n%s", problem.text, told->out);
	return json;
}

static inline const char *json_text_at(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "(null)";
}

/* A site, with a warning director-dual-stack. */
#define DUAL_STACK_ON_DIRECTOR \
	"linkspan: 1\n" \
	"kind: site\n" \
	"organizations: { o: { networks: { n: {} } } }\n" \
	"tenants:\n" \
	"  t:\n" \
	"    account: director\n" \
	"    organization: o\n" \
	"    networks:\n" \
	"      n:\n" \
	"        ipv4: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 }\n" \
	"        ipv6: { subnet: '2001:db8::/64', gateway: 'fe80::1' }\n" \
	"    replicas: { r: { detected: { n: [10.0.0.9] } } }\n" \
	"    appliances:\n" \
	"      p:\n" \
	"        platform: director\n" \
	"        interfaces:\n" \
	"          up: { match: { name: a }, ipv4: { method: auto }, ipv6: { method: auto } }\n" \
	"          n: { match: { name: b } }\n"

/* A file of that content; the name is written to `path`. */
static inline const char *write_file(char path[static 64], const char *text)
{
	size_t length = strlen(text);
	int fd;

	snprintf(path, 64, "/tmp/linkspan-test-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, length), (ssize_t)length);
	close(fd);
	return path;
}

static inline void told_file(const char *directory, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}
