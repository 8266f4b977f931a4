/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan explain: one object, found by its name among what the current generation recorded and what the kernel has.
 * What refers to what is told by the attributes that name links and nexthops, and of routes by the addresses that make
 * their next hops reachable or are their preferred source.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

#define SHOWN_MAX 20u  /* lines of a list, unless --verbose */
#define SIMILAR_MAX 5u /* objects that are offered instead */

/* One object refers to another, which may be missing. */
struct tie {
	const struct ls_object *object; /* NULL: missing */
	const char *name;               /* then, the link's */
	const char *why;
};

struct ties {
	struct tie *items;
	size_t n;
};

struct knowledge {
	struct ls_generation generation; /* number 0: there is none */
	struct ls_set actual;
	struct ls_ledger originals;
	bool marks_addresses; /* this kernel keeps the protocol of addresses */
};

struct explained {
	const struct knowledge *knowledge;
	const struct ls_object *recorded; /* NULL: not of the current generation */
	const struct ls_object *found;    /* NULL: the kernel has none */
	const struct ls_object *object;   /* one of the two */
	const struct ls_original *original;
	struct ties needs, needed_by;
};

static void forget(struct knowledge *knowledge)
{
	if (knowledge->generation.arena)
		ls_generation_done(&knowledge->generation);
	ls_ledger_done(&knowledge->originals);
	ls_set_done(&knowledge->actual);
	ls_arena_free(knowledge->actual.arena);
}

static void explained_done(struct explained *explained)
{
	free(explained->needs.items);
	free(explained->needed_by.items);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Sysctls cannot be listed cheaply: all of them only where one is asked for. */
static int fill_scope(struct ls_host *host, const char *name, const struct ls_set *recorded, struct ls_set *scope,
	struct ls_error *err)
{
	int r = strstr(name, "net/") ? ls_kernel_list_sysctls(ls_host_kernel(host), scope, err) : 0;

	for (size_t i = 0; i < recorded->n_objects && r >= 0; i++)
		if (ls_set_add(scope, recorded->objects[i]) < 0)
			r = ls_error_set(err, -ENOMEM, "out of memory");
	return r;
}

static int read_knowledge(struct ls_host *host, const char *name, struct knowledge *ret, struct ls_error *err)
{
	uint64_t number = ls_host_current(host);
	struct ls_set scope;
	int r = 0;

	ls_set_init(&ret->actual, ls_arena_new());
	if (!ret->actual.arena)
		return ls_error_set(err, -ENOMEM, "out of memory");
	if (number)
		r = ls_host_generation(host, number, &ret->generation, err);
	if (r < 0)
		return r;
	if (ls_set_mark_told(&ret->generation.objects, NULL) < 0)
		return ls_error_set(err, -ENOMEM, "out of memory");
	ls_set_init(&scope, ret->actual.arena);
	r = fill_scope(host, name, &ret->generation.objects, &scope, err);
	ls_set_sort(&scope);
	if (r >= 0)
		r = ls_host_dump(host, &scope, &ret->actual, err);
	if (r >= 0)
		r = ls_host_originals(host, ret->actual.arena, &ret->originals, err);
	ls_set_done(&scope);
	ls_set_sort(&ret->actual);
	ret->marks_addresses = ls_kernel_has_address_protocol(ls_host_kernel(host));
	return r;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

enum fit {
	FIT_NONE,
	FIT_PART = 1000, /* the first word of the id: the prefix of a route, an address without its link or length */
	FIT_LINE = 2000, /* a line as printed, with attributes; the longer name counts more */
	FIT_ID = 3000,   /* without the kind */
	FIT_EXACT = 4000,
};

static bool begins(const char *text, const char *word, size_t length)
{
	return !strncmp(text, word, length) && (text[length] == ' ' || text[length] == '/' || !text[length]);
}

static bool is_other_value(const struct ls_object *object, const char *word, size_t length, const char *value, size_t n)
{
	char text[512];

	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		const struct ls_attr *attr = &object->kind->attrs[i];

		if (strlen(attr->name) != length || strncmp(attr->name, word, length) != 0)
			continue;
		ls_object_format_attr(object, i, text, sizeof(text));
		return strlen(text) != n || strncmp(text, value, n) != 0;
	}
	return false;
}

/* A line as printed says more than the name: which of several it is ("dev eth0"). What has changed, or is otherwise
 * than it should be ("mtu 1500 -> 1400", "mtu is 1400"), does not count. */
static bool contradicts(const struct ls_object *object, const char *line)
{
	while (*line) {
		const char *word = line + strspn(line, " ,"), *value;
		size_t length = strcspn(word, " ,"), n;

		value = word + length + strspn(word + length, " ");
		n = strcspn(value, " ,");
		if (n && strncmp(value + n, " -> ", 4) != 0 && !(n == 2 && !strncmp(value, "is", 2)) &&
			is_other_value(object, word, length, value, n))
			return true;
		line = word + length;
	}
	return false;
}

static unsigned rate(const struct ls_object *object, const char *name)
{
	char full[LS_DESCRIBE_MAX];
	const char *id = ls_object_describe(object, full, sizeof(full)) + strlen(object->kind->name) + 1;
	size_t length = strlen(full), kind = strlen(object->kind->name);

	if (!strcmp(full, name))
		return FIT_EXACT;
	if (!strcmp(id, name))
		return FIT_ID;
	if (!strncmp(name, full, length) && strchr(" ,:", name[length]))
		return contradicts(object, name + length) ? FIT_NONE : FIT_LINE + (unsigned)length;
	if (begins(name, object->kind->name, kind) && name[kind] == ' ')
		name += kind + 1;
	return begins(id, name, strlen(name)) ? FIT_PART : FIT_NONE;
}

/* The best of a set; several with another key that are as good as it are counted. */
struct choice {
	const struct ls_object *best;
	unsigned fit;
	size_t n_others;
};

static void choose(const struct ls_set *set, const char *name, struct choice *choice)
{
	ls_set_each (set, i) {
		unsigned fit = rate(set->objects[i], name);

		/* The kernel's own local route of an address is hardly what is meant. */
		if (fit && set->objects[i]->owner == LS_OWNER_DERIVED)
			fit--;
		if (!fit || fit < choice->fit)
			continue;
		if (fit > choice->fit)
			*choice = (struct choice){ set->objects[i], fit, 0 };
		else if (ls_object_compare(choice->best, set->objects[i]))
			choice->n_others++;
	}
}

/* How much two names have in common at their beginning. */
static size_t common_length(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static unsigned likeness(const struct ls_object *object, const char *name, bool ambiguous)
{
	char full[LS_DESCRIBE_MAX];
	const char *id = ls_object_describe(object, full, sizeof(full)) + strlen(object->kind->name) + 1;
	size_t common;

	if (ambiguous)
		return rate(object, name);
	if (strstr(full, name))
		return UINT32_MAX;
	common = common_length(id, name);
	if (common_length(full, name) > strlen(object->kind->name) + 1)
		common = common_length(full, name) - strlen(object->kind->name) - 1;
	return common < 2 ? 0 : (unsigned)common;
}

struct similar {
	const struct ls_object *object;
	unsigned likeness;
};

/* Keeps the likeliest, sorted, each key once. */
static void offer(struct similar list[static SIMILAR_MAX + 1], const struct ls_object *object, unsigned likeness)
{
	size_t at = SIMILAR_MAX;

	for (size_t i = 0; i < SIMILAR_MAX; i++)
		if (list[i].object && !ls_object_compare(list[i].object, object))
			return;
	while (at > 0 && list[at - 1].likeness < likeness) {
		list[at] = list[at - 1];
		at--;
	}
	list[at] = (struct similar){ object, likeness };
}

static void print_similar(struct cli *cli, const struct knowledge *knowledge, const char *name, bool ambiguous)
{
	const struct ls_set *const sets[] = { &knowledge->generation.objects, &knowledge->actual };
	struct similar list[SIMILAR_MAX + 1] = { 0 };
	char text[LS_DESCRIBE_MAX];

	for (size_t s = 0; s < LS_ARRAY_SIZE(sets); s++)
		ls_set_each (sets[s], i)
			offer(list, sets[s]->objects[i], likeness(sets[s]->objects[i], name, ambiguous));
	for (size_t i = 0; i < SIMILAR_MAX && list[i].likeness; i++)
		cli_hint(cli, "%s %s", i ? "       or" : "there is",
			ls_object_describe(list[i].object, text, sizeof(text)));
}

static enum cli_exit refuse(
	struct cli *cli, const struct knowledge *knowledge, const char *name, const struct choice *choice)
{
	if (choice->best)
		cli_error(cli, "'%s' can mean several objects: write it with its kind, and in full", name);
	else
		cli_error(cli, "there is no object '%s', neither in the kernel nor in the current generation", name);
	print_similar(cli, knowledge, name, choice->best);
	return CLI_EXIT_FAILED;
}

/* ---- ties -------------------------------------------------------------------------------------------------------- */

static int add_tie(struct ties *ties, struct tie tie)
{
	struct tie *grown = reallocarray(ties->items, ties->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	ties->items = grown;
	ties->items[ties->n++] = tie;
	return 0;
}

static int find_missing_links(struct explained *explained)
{
	const struct ls_object *object = explained->object;

	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		const struct ls_attr *attr = &object->kind->attrs[i];
		const char *name;

		if (attr->type != LS_TYPE_LINK || !ls_object_has(object, i))
			continue;
		name = *(const char *const *)ls_object_value(object, attr);
		if (!ls_set_link(&explained->knowledge->actual, name) &&
			add_tie(&explained->needs, (struct tie){ NULL, name, attr->name }) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int find_ties(struct explained *explained)
{
	const struct ls_set *actual = &explained->knowledge->actual;

	ls_set_each (actual, i) {
		const struct ls_object *other = actual->objects[i];
		const char *why = ls_object_reference(explained->object, other);

		if (why && add_tie(&explained->needs, (struct tie){ other, NULL, why }) < 0)
			return -ENOMEM;
		why = ls_object_reference(other, explained->object);
		if (why && add_tie(&explained->needed_by, (struct tie){ other, NULL, why }) < 0)
			return -ENOMEM;
	}
	return find_missing_links(explained);
}

/* Where a slot holds several: the one that is as recorded, if any; else the first. */
static const struct ls_object *find_in_kernel(const struct knowledge *knowledge, const struct ls_object *object)
{
	const struct ls_object *same = ls_set_find_same(&knowledge->actual, object);

	return same ? same : ls_set_find(&knowledge->actual, object);
}

static int explain(const struct knowledge *knowledge, const struct ls_object *chosen, struct explained *ret)
{
	const struct ls_set *recorded = &knowledge->generation.objects;

	ret->knowledge = knowledge;
	ret->recorded = recorded->n_objects ? ls_set_find(recorded, chosen) : NULL;
	if (ret->recorded) {
		ret->recorded = ls_plan_expected(recorded, &knowledge->actual, ret->recorded, knowledge->actual.arena);
		if (!ret->recorded)
			return -ENOMEM;
	}
	ret->found = find_in_kernel(knowledge, ret->recorded ? ret->recorded : chosen);
	ret->object = ret->found ? ret->found : ret->recorded ? ret->recorded : chosen;
	for (size_t i = 0; i < knowledge->originals.n_originals; i++)
		if (!ls_object_compare(knowledge->originals.originals[i].original, chosen))
			ret->original = &knowledge->originals.originals[i];
	return find_ties(ret);
}

/* ---- whose ------------------------------------------------------------------------------------------------------- */

/* An object that exists by itself, of which linkspan sets some attributes. */
static bool is_adjusted(const struct explained *explained)
{
	return explained->recorded && explained->recorded->flags & LS_OBJECT_ADJUST;
}

/* How we know that it is linkspan's: an adopted object may have kept the mark that it had. */
static const char *proof(const struct explained *explained)
{
	bool adopted = explained->original && !(explained->original->original->flags & LS_OBJECT_ADJUST);
	bool marked = explained->found->kind != &ls_kind_address || explained->knowledge->marks_addresses;

	if (explained->found->owner != LS_OWNER_OURS)
		return is_adjusted(explained) ? "record" : NULL;
	return adopted || !marked ? "record" : "mark";
}

static const char *mark_of(const struct ls_object *object)
{
	return object->kind == &ls_kind_link ? "link group 27763" : "protocol 108";
}

/* "made by BIRD (protocol 12, bird)" */
static const char *describe_foreign(const struct ls_object *found, char *text, size_t size)
{
	char maker[CLI_MAKER_MAX], buffer[CLI_PROTOCOL_MAX];
	int protocol = cli_protocol_of(found);
	const char *name = protocol < 0 ? NULL : cli_protocol_name((uint8_t)protocol, buffer);
	const char *words = cli_describe_maker(found, maker);

	if (protocol < 0 || strstr(words, "(protocol"))
		snprintf(text, size, "%s", words);
	else
		snprintf(text, size, "%s (protocol %d%s%s)", words, protocol, name ? ", " : "", name ? name : "");
	return text;
}

static void describe_owner(const struct explained *explained, char *text, size_t size)
{
	const struct ls_object *found = explained->found;
	const char *by = proof(explained);
	char maker[CLI_MAKER_MAX + 64];

	if (is_adjusted(explained))
		snprintf(text, size, "exists by itself; linkspan sets what is expected below");
	else if (found->owner == LS_OWNER_OURS && !strcmp(by, "mark"))
		snprintf(text, size, "linkspan, by its mark (%s)", mark_of(found));
	else if (found->owner == LS_OWNER_OURS)
		snprintf(text, size, "linkspan, by its record");
	else
		snprintf(text, size, "%s%s", describe_foreign(found, maker, sizeof(maker)),
			explained->recorded && !ls_object_diff(explained->recorded, found) ? "; it is as the spec asks"
											   : "");
}

/* ---- how it is --------------------------------------------------------------------------------------------------- */

enum state { STATE_AS_RECORDED, STATE_CHANGED, STATE_MISSING, STATE_UNRECORDED };

static const struct {
	const char *id, *text;
} states[] = {
	[STATE_AS_RECORDED] = { "as-recorded", "as recorded" },
	[STATE_CHANGED] = { "changed", "not as recorded" },
	[STATE_MISSING] = { "missing", "missing: recorded, but not in the kernel" },
	[STATE_UNRECORDED] = { "unrecorded", "not of the current generation" },
};

static uint32_t differences(const struct explained *explained)
{
	return explained->recorded && explained->found ? ls_object_diff(explained->recorded, explained->found) : 0;
}

static enum state state_of(const struct explained *explained)
{
	if (!explained->recorded)
		return STATE_UNRECORDED;
	if (!explained->found)
		return STATE_MISSING;
	return differences(explained) ? STATE_CHANGED : STATE_AS_RECORDED;
}

/* The spec that is recorded asks for a value of the attribute, or for none (a port that leaves its bridge). */
static bool is_expected(const struct explained *explained, unsigned attr)
{
	const struct ls_object *recorded = explained->recorded;

	if (!recorded || recorded->kind->attrs[attr].change == LS_CHANGE_INFO)
		return false;
	if (recorded->flags & LS_OBJECT_ADJUST && recorded->kind->attrs[attr].change != LS_CHANGE_KEY)
		return recorded->managed & LS_BIT(attr);
	return ls_object_has(recorded, attr);
}

static bool is_shown(const struct explained *explained, unsigned attr)
{
	if (explained->object->kind->attrs[attr].flags & LS_ATTR_HIDDEN)
		return false;
	return (explained->found && ls_object_has(explained->found, attr)) || is_expected(explained, attr);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* The line of the spec that asks for it; NULL: not known. */
static const char *find_line(const struct ls_generation *generation, uint32_t line, size_t *ret_length)
{
	const char *text = generation->spec_text;

	for (uint32_t i = 1; text && i < line; i++) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	*ret_length = text ? strcspn(text, "\r\n") : 0;
	return line ? text : NULL;
}

static json_t *place_to_json(const struct explained *explained)
{
	const struct ls_generation *generation = &explained->knowledge->generation;
	const struct ls_object *recorded = explained->recorded;
	const char *file = generation->spec_file && *generation->spec_file ? generation->spec_file : NULL;

	const char *line;
	size_t length;

	if (!recorded)
		return json_null();
	line = find_line(generation, recorded->line, &length);
	return json_pack("{s:I, s:o, s:o}", "generation", (json_int_t)generation->number, "location",
		cli_json_place(file, recorded), "text", line ? json_stringn(line, length) : json_null());
}

static json_t *owner_to_json(const struct explained *explained)
{
	int protocol = explained->found ? cli_protocol_of(explained->found) : -1;
	char buffer[CLI_PROTOCOL_MAX];
	json_t *json;

	if (!explained->found)
		return json_null();
	json = json_pack("{s:s, s:s?}", "who", cli_owner_names[explained->found->owner], "by", proof(explained));
	if (protocol >= 0 && json)
		json_object_update_new(json, json_pack("{s:i, s:s?}", "protocol", protocol, "protocol_name",
						     cli_protocol_name((uint8_t)protocol, buffer)));
	return json;
}

static json_t *attributes_to_json(const struct explained *explained)
{
	uint32_t differ = differences(explained);
	json_t *list = json_array();

	for (unsigned i = 0; i < explained->object->kind->n_attrs; i++) {
		bool expected = is_expected(explained, i);

		if (is_shown(explained, i))
			json_array_append_new(
				list, json_pack("{s:s, s:b, s:o, s:o, s:b}", "name",
					      explained->object->kind->attrs[i].name, "recorded", expected, "expected",
					      expected ? cli_json_attr(explained->recorded, i) : json_null(), "found",
					      explained->found ? cli_json_attr(explained->found, i) : json_null(),
					      "differs", !!(differ & LS_BIT(i))));
	}
	return list;
}

static json_t *ties_to_json(const struct ties *ties)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ties->n; i++) {
		const struct tie *tie = &ties->items[i];

		json_array_append_new(
			list, json_pack("{s:s, s:o, s:s, s:b}", "kind", tie->object ? tie->object->kind->name : "link",
				      "id", tie->object ? cli_json_id(tie->object) : json_string(tie->name), "why",
				      tie->why, "missing", !tie->object));
	}
	return list;
}

static void print_json(struct cli *cli, const struct explained *explained)
{
	json_t *json = json_pack("{s:i, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "format", 1, "kind",
		explained->object->kind->name, "id", cli_json_id(explained->object), "source", place_to_json(explained),
		"owner", owner_to_json(explained), "state", states[state_of(explained)].id, "attributes",
		attributes_to_json(explained), "original",
		explained->original ? cli_json_object(explained->original->original) : json_null(), "depends_on",
		ties_to_json(&explained->needs), "needed_by", ties_to_json(&explained->needed_by));

	cli_json_value(cli, json);
	cli_json_raw(cli, "\n");
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* `text` may hold what others named. */
static void print_line(struct cli *cli, const char *name, const char *text)
{
	fprintf(cli->out.file, "  %-10s ", name);
	cli_put(&cli->out, CLI_STYLE_NONE, text);
	putc_unlocked('\n', cli->out.file);
}

static void print_place(struct cli *cli, const struct explained *explained)
{
	const struct ls_generation *generation = &explained->knowledge->generation;
	const struct ls_object *recorded = explained->recorded;
	struct cli_source source = { .text = (char *)(uintptr_t)generation->spec_text,
		.length = generation->spec_length,
		.name = generation->spec_file };
	char text[512];

	if (!recorded)
		return;
	if (!recorded->line || !*generation->spec_file) {
		snprintf(text, sizeof(text), "generation %llu", (unsigned long long)generation->number);
		print_line(cli, "from", text);
		return;
	}
	snprintf(text, sizeof(text), "%s:%u:%u, as of generation %llu", generation->spec_file, recorded->line,
		recorded->column, (unsigned long long)generation->number);
	print_line(cli, "from", text);
	cli_print_source_line(
		&cli->out, &source, &(struct ls_location){ generation->spec_file, recorded->line, recorded->column });
}

static void print_attributes(struct cli *cli, const struct explained *explained)
{
	uint32_t differ = differences(explained);
	char text[512];

	for (unsigned i = 0; i < explained->object->kind->n_attrs; i++) {
		if (!is_shown(explained, i))
			continue;
		fprintf(cli->out.file, "    %s ", explained->object->kind->attrs[i].name);
		cli_put(&cli->out, differ & LS_BIT(i) ? CLI_STYLE_CHANGE : CLI_STYLE_NONE,
			ls_object_format_attr(explained->object, i, text, sizeof(text)));
		if (differ & LS_BIT(i)) {
			fputs(", expected ", cli->out.file);
			cli_put(&cli->out, CLI_STYLE_NONE,
				ls_object_format_attr(explained->recorded, i, text, sizeof(text)));
		} else if (is_expected(explained, i) && explained->found) {
			cli_put(&cli->out, CLI_STYLE_DIM, ", as expected");
		}
		putc_unlocked('\n', cli->out.file);
	}
}

static void print_original(struct cli *cli, const struct explained *explained)
{
	const struct cli_stream *out = &cli->out;

	if (!explained->original)
		return;
	fputs("  original  ", out->file);
	cli_print_attrs(out, explained->original->original, 0);
	fputs(" (what `linkspan down` gives back)\n", out->file);
}

static void print_tie(struct cli *cli, const struct tie *tie)
{
	char text[LS_DESCRIBE_MAX];

	fputs("    ", cli->out.file);
	if (tie->object)
		cli_put(&cli->out, CLI_STYLE_NONE, ls_object_describe(tie->object, text, sizeof(text)));
	else
		fputs("link ", cli->out.file);
	if (!tie->object)
		cli_put(&cli->out, CLI_STYLE_NONE, tie->name);
	fprintf(cli->out.file, " (%s%s)\n", tie->why, tie->object ? "" : "; missing");
}

static void print_ties(struct cli *cli, const char *title, const struct ties *ties)
{
	size_t n = cli_given(cli, CLI_VERBOSE) || ties->n < SHOWN_MAX ? ties->n : SHOWN_MAX;

	fprintf(cli->out.file, "  %s%s\n", title, ties->n ? "" : " nothing");
	for (size_t i = 0; i < n; i++)
		print_tie(cli, &ties->items[i]);
	if (n < ties->n)
		fprintf(cli->out.file, "    ... and %zu more (--verbose)\n", ties->n - n);
}

static void print_text(struct cli *cli, const struct explained *explained)
{
	char text[LS_DESCRIBE_MAX];

	cli_put(&cli->out, CLI_STYLE_BOLD, ls_object_describe(explained->object, text, sizeof(text)));
	putc_unlocked('\n', cli->out.file);
	print_place(cli, explained);
	if (explained->found) {
		describe_owner(explained, text, sizeof(text));
		print_line(cli, "owner", text);
	}
	print_line(cli, "state", states[state_of(explained)].text);
	print_attributes(cli, explained);
	print_original(cli, explained);
	print_ties(cli, "depends on", &explained->needs);
	print_ties(cli, "needed by", &explained->needed_by);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static enum cli_exit answer(struct cli *cli, const struct knowledge *knowledge, const char *name)
{
	LS_CLEANUP(explained_done) struct explained explained = { 0 };
	struct choice choice = { 0 };

	choose(&knowledge->generation.objects, name, &choice);
	choose(&knowledge->actual, name, &choice);
	if (!choice.best || choice.n_others)
		return refuse(cli, knowledge, name, &choice);
	if (explain(knowledge, choice.best, &explained) < 0) {
		cli_error(cli, "out of memory");
		return CLI_EXIT_FAILED;
	}
	if (cli_given(cli, CLI_JSON))
		print_json(cli, &explained);
	else if (cli_talks(cli))
		print_text(cli, &explained);
	return CLI_EXIT_DONE;
}

enum cli_exit cli_explain(struct cli *cli)
{
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(forget) struct knowledge knowledge = { 0 };
	struct ls_error err = { 0 };
	enum cli_exit status;

	status = cli_host_open(cli, false, &host);
	if (status != CLI_EXIT_DONE)
		return status;
	cli_want_record(cli, host);
	if (read_knowledge(host, cli->args.operand, &knowledge, &err) < 0)
		return cli_fail(cli, &err);
	return answer(cli, &knowledge, cli->args.operand);
}
