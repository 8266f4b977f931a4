/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan snapshot: the kernel's objects by kind, in the order of their keys. The sysctls in it are those that matter
 * for the current generation: the kernel has thousands, and linkspan knows only those that it was asked about.
 */
#include "cli.h"

#include <jansson.h>

static bool is_wanted(const struct cli *cli, const struct ls_object *object)
{
	return cli_given(cli, CLI_ALL) || object->owner == LS_OWNER_OURS;
}

static void print_json(struct cli *cli, const struct ls_set *set)
{
	cli_json_raw(cli, "{\"format\":1,\"objects\":{");
	for (size_t k = 0; ls_kinds[k]; k++) {
		bool first = true;

		fprintf(cli->out.file, "%s\n\"%s\":[", k ? "," : "", ls_kinds[k]->name);
		ls_set_each (set, i)
			if (set->objects[i]->kind == ls_kinds[k] && is_wanted(cli, set->objects[i]))
				cli_json_element(cli, &first, cli_json_object(set->objects[i]));
		cli_json_raw(cli, first ? "]" : "\n]");
	}
	cli_json_raw(cli, "\n}}\n");
}

static void print_text(struct cli *cli, const struct ls_set *set)
{
	static const char *const owners[] = {
		[LS_OWNER_FOREIGN] = "foreign",
		[LS_OWNER_DERIVED] = "kernel",
		[LS_OWNER_OURS] = "linkspan",
	};
	char text[LS_DESCRIBE_MAX];

	ls_set_each (set, i) {
		const struct ls_object *object = set->objects[i];

		if (!is_wanted(cli, object))
			continue;
		cli_put(&cli->out, CLI_STYLE_NONE, ls_object_describe(object, text, sizeof(text)));
		cli_print_attrs(&cli->out, object, cli_given(cli, CLI_VERBOSE));
		if (cli_given(cli, CLI_ALL)) {
			snprintf(text, sizeof(text), "  (%s)", owners[object->owner]);
			cli_put(&cli->out, CLI_STYLE_DIM, text);
		}
		putc_unlocked('\n', cli->out.file);
	}
}

static void release(struct ls_generation *generation)
{
	if (generation->number)
		ls_generation_done(generation);
}

static int dump(struct ls_host *host, struct ls_generation *generation, struct ls_set *set, struct ls_error *err)
{
	uint64_t number = ls_host_current(host);
	int r;

	if (number) {
		r = ls_host_generation(host, number, generation, err);
		if (r < 0)
			return r;
	}
	return ls_host_dump(host, number ? &generation->objects : NULL, set, err);
}

enum cli_exit cli_snapshot(struct cli *cli)
{
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(cli_arena_done) struct ls_set set = { 0 };
	LS_CLEANUP(release) struct ls_generation generation = { 0 };
	struct ls_error err = { 0 };
	enum cli_exit status;

	status = cli_host_open(cli, false, &host);
	if (status != CLI_EXIT_DONE)
		return status;
	ls_set_init(&set, ls_arena_new());
	if (!set.arena) {
		(void)ls_error_set(&err, -ENOMEM, "out of memory");
		return cli_fail(cli, &err);
	}
	if (dump(host, &generation, &set, &err) < 0)
		return cli_fail(cli, &err);
	ls_set_sort(&set);
	if (cli_given(cli, CLI_JSON))
		print_json(cli, &set);
	else if (cli_talks(cli))
		print_text(cli, &set);
	return CLI_EXIT_DONE;
}
