/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan snapshot: the kernel's objects by kind, in the order of their keys. The sysctls in it are those that matter
 * for the current generation: the kernel has thousands, and linkspan knows only those that it was asked about.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

/* What an object that exists by itself is to be is ours where the current generation says so. */
static bool is_wanted(const struct cli *cli, const struct ls_object *object, const struct ls_set *recorded)
{
	const struct ls_object *record;

	if (cli_given(cli, CLI_ALL) || object->owner == LS_OWNER_OURS)
		return true;
	record = ls_set_find(recorded, object);
	return record && record->flags & LS_OBJECT_ADJUST;
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static int compare_attr(const struct ls_attr *attr, const struct ls_object *a, const struct ls_object *b)
{
	char x[512], y[512];

	ls_attr_format(attr, a, x, sizeof(x));
	ls_attr_format(attr, b, y, sizeof(y));
	return strcmp(x, y);
}

/* By what is printed of them. */
static int compare_contents(const void *left, const void *right)
{
	const struct ls_object *a = *(struct ls_object *const *)left, *b = *(struct ls_object *const *)right;
	int order = 0;

	for (unsigned i = 0; i < a->kind->n_attrs && !order; i++) {
		if (a->kind->attrs[i].flags & LS_ATTR_HIDDEN)
			continue;
		order = (int)ls_object_has(b, i) - (int)ls_object_has(a, i);
		if (!order && ls_object_has(a, i))
			order = compare_attr(&a->kind->attrs[i], a, b);
	}
	return order;
}

/* The kernel lists objects of one key (sibling routes) in the order in which they were made. To a reader that is
 * history and no configuration; a plan has to know which comes first, since that is the one that is replaced. */
static void settle_order(struct ls_set *set)
{
	size_t n;

	ls_set_sort(set);
	for (size_t i = 0; i < set->n_objects; i += n) {
		for (n = 1; i + n < set->n_objects && !ls_object_compare(set->objects[i], set->objects[i + n]);)
			n++;
		if (n > 1)
			qsort(&set->objects[i], n, sizeof(*set->objects), compare_contents);
	}
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* What is given back when a spec no longer asks for it belongs to what a plan is made from. */
static json_t *original_to_json(const struct ls_original *entry)
{
	const struct ls_kind *kind = entry->original->kind;
	json_t *managed = json_array(), *json;

	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (entry->original->managed & LS_BIT(i))
			json_array_append_new(managed, json_string(kind->attrs[i].name));
	json = json_pack("{s:s, s:o, s:o}", "kind", kind->name, "original", cli_json_object(entry->original), "written",
		cli_json_object(entry->written));
	if (entry->original->flags & LS_OBJECT_ADJUST)
		json_object_set(json, "managed", managed);
	json_decref(managed);
	return json;
}

/* Of what exists by itself, only what linkspan sets: the rest is as it happened to be then. */
static void forget_unmanaged(struct ls_object *object, uint32_t managed)
{
	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		enum ls_change change = object->kind->attrs[i].change;

		if (!(managed & LS_BIT(i)) && change != LS_CHANGE_KEY && change != LS_CHANGE_INFO)
			object->set &= ~LS_BIT(i);
	}
	object->owner = LS_OWNER_FOREIGN;
}

static void print_originals(struct cli *cli, const struct ls_ledger *originals)
{
	bool first = true;

	cli_json_raw(cli, ",\n\"originals\":[");
	for (size_t i = 0; i < originals->n_originals; i++) {
		const struct ls_original *entry = &originals->originals[i];

		if (entry->original->flags & LS_OBJECT_ADJUST) {
			forget_unmanaged(entry->original, entry->original->managed);
			forget_unmanaged(entry->written, entry->original->managed);
		}
		cli_json_element(cli, &first, original_to_json(entry));
	}
	cli_json_raw(cli, first ? "]" : "\n]");
}

static void print_json(struct cli *cli, const struct ls_set *set, const struct ls_generation *current,
	const struct ls_ledger *originals)
{
	uint32_t failover = current->this_epoch ? current->failover : LS_FAILOVER_NONE;

	cli_json_raw(cli, "{\"format\":1,\"objects\":{");
	for (size_t k = 0; ls_kinds[k]; k++) {
		bool first = true;

		fprintf(cli->out.file, "%s\n\"%s\":[", k ? "," : "", ls_kinds[k]->name);
		ls_set_each (set, i)
			if (set->objects[i]->kind == ls_kinds[k] && is_wanted(cli, set->objects[i], &current->objects))
				cli_json_element(cli, &first, cli_json_object(set->objects[i]));
		cli_json_raw(cli, first ? "]" : "\n]");
	}
	cli_json_raw(cli, "\n}");
	if (cli_given(cli, CLI_ALL)) {
		print_originals(cli, originals);
		fprintf(cli->out.file, ",\n\"failover\":\"%s\"", ls_failover_words[failover].word);
	}
	cli_json_raw(cli, "}\n");
}

static void print_text(struct cli *cli, const struct ls_set *set, const struct ls_set *recorded)
{
	static const char *const owners[] = {
		[LS_OWNER_FOREIGN] = "foreign",
		[LS_OWNER_DERIVED] = "kernel",
		[LS_OWNER_OURS] = "linkspan",
	};
	char text[LS_DESCRIBE_MAX];

	ls_set_each (set, i) {
		const struct ls_object *object = set->objects[i];

		if (!is_wanted(cli, object, recorded))
			continue;
		cli_put(&cli->out, CLI_STYLE_NONE, ls_object_describe(object, text, sizeof(text)));
		cli_print_attrs(&cli->out, object, cli_detail(cli));
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

/* All: also every sysctl and DHCP client that a spec may come to ask for, so that a plan made elsewhere knows what is
 * there. */
static int dump(
	struct ls_host *host, bool all, struct ls_generation *generation, struct ls_set *set, struct ls_error *err)
{
	uint64_t number = ls_host_current(host);
	struct ls_set scope;
	int r = number ? ls_host_generation_objects(host, number, generation, err) : 0;

	ls_set_init(&scope, set->arena);
	if (r >= 0 && all)
		r = ls_kernel_list_sysctls(ls_host_kernel(host), &scope, err);
	if (r >= 0 && all)
		r = ls_kernel_list_dhcp_clients(ls_host_kernel(host), &scope, err);
	for (size_t i = 0; number && i < generation->objects.n_objects && r >= 0; i++)
		r = ls_set_add(&scope, generation->objects.objects[i]);
	ls_set_sort(&scope);
	if (r >= 0)
		r = ls_host_dump(host, &scope, set, err);
	ls_set_done(&scope);
	return r;
}

enum cli_exit cli_snapshot(struct cli *cli)
{
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(cli_arena_done) struct ls_set set = { 0 };
	LS_CLEANUP(release) struct ls_generation generation = { 0 };
	LS_CLEANUP(ls_ledger_done) struct ls_ledger originals = { 0 };
	struct ls_error err = { 0 };
	enum cli_exit status;

	status = cli_host_open(cli, false, &host);
	if (status != CLI_EXIT_DONE)
		return status;
	cli_want_record(cli, host);
	ls_set_init(&set, ls_arena_new());
	if (!set.arena) {
		(void)ls_error_set(&err, -ENOMEM, "out of memory");
		return cli_fail(cli, &err);
	}
	if (dump(host, cli_given(cli, CLI_ALL), &generation, &set, &err) < 0 ||
		ls_host_originals(host, set.arena, &originals, &err) < 0)
		return cli_fail(cli, &err);
	if (!cli_given(cli, CLI_ALL) || !cli_given(cli, CLI_JSON))
		settle_order(&set);
	if (cli_given(cli, CLI_JSON))
		print_json(cli, &set, &generation, &originals);
	else if (cli_talks(cli))
		print_text(cli, &set, &generation.objects);
	return CLI_EXIT_DONE;
}
