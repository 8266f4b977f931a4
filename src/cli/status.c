/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan status: drift is the plan that would bring the host back to its own current generation, told by objects
 * rather than by steps. An object can have several steps (deleted and made anew, changed and then set up): what counts
 * is the last of them, and how the object was found. Conflicts are drift too: a stranger's object stands where ours
 * should.
 */
#include "cli.h"

#include <jansson.h>
#include <string.h>

enum difference { MISSING, EXTRA, CHANGED, N_DIFFERENCES };

static const char *const difference_names[N_DIFFERENCES] = { "missing", "extra", "changed" };

struct drift {
	enum difference difference;
	const struct ls_object *object;   /* one of the following */
	const struct ls_object *expected; /* NULL: extra */
	const struct ls_object *found;    /* NULL: missing */
	const struct ls_object *instead;  /* missing routes: another one to the same destination, or NULL */
};

struct drifts {
	struct drift *items;
	size_t n;
	size_t counts[N_DIFFERENCES];
};

/* All that status tells. */
struct state {
	struct ls_generation generation; /* number 0: there is none */
	struct ls_prepared *prepared;
	struct drifts drifts;
	struct ls_diag warnings;
	struct ls_endpoints endpoints;
};

static void done(struct state *state)
{
	free(state->drifts.items);
	ls_prepared_free(state->prepared);
	if (state->generation.number)
		ls_generation_done(&state->generation);
	ls_endpoints_done(&state->endpoints);
	ls_diag_done(&state->warnings);
}

/* ---- drift ------------------------------------------------------------------------------------------------------- */

static void add(struct drifts *drifts, const struct ls_object *expected, const struct ls_object *found)
{
	enum difference difference = !found ? MISSING : !expected ? EXTRA : CHANGED;

	/* What only goes and comes back on the way is as expected. */
	if (difference == CHANGED && !ls_object_diff(expected, found))
		return;
	drifts->items[drifts->n++] = (struct drift){ difference, found ? found : expected, expected, found, NULL };
	drifts->counts[difference]++;
}

static int compare_pointers(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const void *const *)a, y = (uintptr_t) * (const void *const *)b;

	return x < y ? -1 : x > y;
}

/* The objects found that are made anew: their deletes are half of a change. Sorted; NULL: out of memory. */
static const void **list_remade(const struct ls_plan *plan, size_t *ret_n)
{
	const void **list = calloc(plan->n_steps + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return NULL;
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].op == LS_OP_ADD && plan->steps[i].before)
			list[n++] = plan->steps[i].before;
	qsort(list, n, sizeof(*list), compare_pointers);
	*ret_n = n;
	return list;
}

static int find_drifts(const struct ls_plan *plan, struct drifts *drifts)
{
	LS_CLEANUP(ls_free) const void **remade = NULL;
	size_t n_remade = 0;

	remade = list_remade(plan, &n_remade);
	if (!remade)
		return -ENOMEM;
	drifts->items = reallocarray(NULL, plan->n_steps + plan->n_conflicts + 1, sizeof(*drifts->items));
	if (!drifts->items)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct ls_step *step = &plan->steps[i];
		const void *before = step->before;

		if (step->op != LS_OP_DELETE && !step->partial)
			add(drifts, step->want, step->before);
		else if (step->op == LS_OP_DELETE &&
			 !bsearch(&before, remade, n_remade, sizeof(*remade), compare_pointers))
			add(drifts, NULL, step->have);
	}
	for (size_t i = 0; i < plan->n_conflicts; i++)
		if (plan->conflicts[i].want)
			add(drifts, plan->conflicts[i].want, plan->conflicts[i].have);
	return 0;
}

/* Routes of another metric are other objects, but whoever replaced ours may not have known its metric. They are
 * neighbours in the set. */
static const struct ls_object *find_instead(const struct ls_set *actual, const struct ls_object *missing)
{
	struct ls_route first = *(const struct ls_route *)missing;

	first.metric = 0;
	first.object.set &= ~LS_BIT(LS_ROUTE_OTHER);
	for (size_t i = ls_set_lower(actual, &first.object); i < actual->n_objects; i++) {
		const struct ls_route *route = (const struct ls_route *)actual->objects[i];

		if (route->object.kind != &ls_kind_route || route->table != first.table || route->tos != first.tos ||
			memcmp(&route->to, &first.to, sizeof(first.to)) != 0)
			return NULL;
		if (route->object.owner != LS_OWNER_OURS)
			return &route->object;
	}
	return NULL;
}

static void find_all_instead(struct drifts *drifts, const struct ls_set *actual)
{
	for (size_t i = 0; i < drifts->n; i++)
		if (drifts->items[i].difference == MISSING && drifts->items[i].object->kind == &ls_kind_route)
			drifts->items[i].instead = find_instead(actual, drifts->items[i].object);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void warn_of_state(struct ls_host *host, struct state *state)
{
	const struct ls_location nowhere = { 0 };

	if (ls_host_is_interrupted(host))
		ls_diag_report(&state->warnings, LS_SEVERITY_WARNING, nowhere, "interrupted",
			"a run was cut short here: run `linkspan recover`");
	if (state->generation.number && !state->generation.this_epoch && state->generation.n_objects)
		ls_diag_report(&state->warnings, LS_SEVERITY_WARNING, nowhere, "epoch",
			"generation %llu was applied before this host (or its namespace) started: apply the spec again",
			(unsigned long long)state->generation.number);
}

static struct cli_tunnels tunnels_of(const struct state *state)
{
	return (struct cli_tunnels){ &state->prepared->actual, &state->prepared->desired, &state->endpoints };
}

/* Without them, the names are told as unresolved. */
static void read_names(struct ls_host *host, struct state *state)
{
	const struct cli_tunnels tunnels = tunnels_of(state);

	(void)ls_host_endpoints(host, &state->endpoints, NULL);
	cli_warn_of_names(&tunnels, &state->warnings);
}

static int read_state(struct ls_host *host, struct state *state, struct ls_error *err)
{
	const struct ls_plan_options options = { 0 };
	uint64_t number = ls_host_current(host);
	int r;

	ls_host_read_ahead(host);
	if (number) {
		r = ls_host_generation(host, number, &state->generation, err);
		if (r < 0)
			return r;
	}
	r = number ? ls_host_prepare_generation(host, &state->generation, &options, &state->prepared, err)
		   : ls_host_prepare(host, NULL, &options, &state->prepared, NULL, err);
	if (r < 0)
		return r;
	warn_of_state(host, state);
	read_names(host, state);
	r = find_drifts(state->prepared->plan, &state->drifts);
	if (r >= 0)
		find_all_instead(&state->drifts, &state->prepared->actual);
	return r < 0 ? ls_error_set(err, r, "out of memory") : 0;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *attributes_to_json(const struct drift *drift)
{
	const struct ls_kind *kind = drift->object->kind;
	uint32_t bits = ls_object_diff(drift->expected, drift->found);
	json_t *list = json_array(), *entry;

	for (unsigned i = 0; i < kind->n_attrs; i++) {
		if (!(bits & LS_BIT(i)))
			continue;
		entry = json_pack("{s:s, s:o, s:o}", "name", kind->attrs[i].name, "expected",
			cli_json_attr(drift->expected, i), "found", cli_json_attr(drift->found, i));
		if (json_array_append_new(list, entry) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Who made what is there now. */
static void add_maker(json_t *json, const struct drift *drift)
{
	const struct ls_object *found = drift->found ? drift->found : drift->instead;
	char buffer[CLI_PROTOCOL_MAX];
	int protocol;

	if (!found || !json)
		return;
	json_object_set_new(json, "found_owner", json_string(cli_owner_names[found->owner]));
	if (!drift->found)
		json_object_set_new(json, "found_id", cli_json_id(found));
	protocol = cli_protocol_of(found);
	if (protocol >= 0)
		json_object_update_new(json, json_pack("{s:i, s:s?}", "protocol", protocol, "protocol_name",
						     cli_protocol_name((uint8_t)protocol, buffer)));
}

static json_t *drift_to_json(const struct drift *drift)
{
	const struct ls_object *object = drift->object;
	bool changed = drift->difference == CHANGED;
	json_t *json;

	json = json_pack("{s:s, s:o, s:o}", "kind", object->kind->name, "id", cli_json_id(object),
		changed ? "attributes" : "object", changed ? attributes_to_json(drift) : cli_json_object(object));
	add_maker(json, drift);
	return json;
}

static void write_drift(struct cli *cli, const struct drifts *drifts)
{
	for (unsigned difference = 0; difference < N_DIFFERENCES; difference++) {
		bool first = true;

		fprintf(cli->out.file, "%s\"%s\":[", difference ? "," : "", difference_names[difference]);
		for (size_t i = 0; i < drifts->n; i++)
			if (drifts->items[i].difference == difference)
				cli_json_element(cli, &first, drift_to_json(&drifts->items[i]));
		cli_json_raw(cli, first ? "]" : "\n]");
	}
}

/* What the spec of the generation does without. NULL: nothing, or memory ran out. */
static struct ls_spec *read_spec(const struct ls_generation *generation)
{
	static const char key[] = "suppress_warnings";
	struct ls_diag diag = { 0 };
	struct ls_spec *spec = NULL;

	/* Of a hundred thousand routes, it need not be read to learn that. */
	if (generation->spec_text && memmem(generation->spec_text, generation->spec_length, key, sizeof(key) - 1))
		(void)ls_spec_parse("", generation->spec_text, generation->spec_length, &spec, &diag, NULL);
	ls_diag_done(&diag);
	return spec;
}

static void write_suppressed(struct cli *cli, const struct ls_generation *generation)
{
	struct ls_spec *spec = read_spec(generation);
	bool first = true;

	cli_json_raw(cli, "\"suppressed\":[");
	for (size_t i = 0; spec && i < spec->n_suppressed; i++)
		cli_json_element(cli, &first, json_string(spec->suppressed[i].name));
	cli_json_raw(cli, first ? "]" : "\n]");
	ls_spec_free(spec);
}

static void print_json(struct cli *cli, const struct state *state)
{
	const struct cli_tunnels tunnels = tunnels_of(state);

	cli_json_raw(cli, "{\"format\":1,\"generation\":");
	cli_json_value(
		cli, state->generation.number ? json_integer((json_int_t)state->generation.number) : json_null());
	cli_json_raw(cli, ",\"failover\":");
	cli_json_value(cli, json_string(ls_failover_words[state->generation.failover].word));
	cli_json_raw(cli, ",\"pending_confirm\":null,\"drift\":{");
	write_drift(cli, &state->drifts);
	cli_json_raw(cli, "},");
	cli_json_tunnels(cli, &tunnels);
	cli_json_raw(cli, ",");
	cli_json_findings(cli, "warnings", LS_SEVERITY_WARNING, &state->warnings, NULL);
	cli_json_raw(cli, ",");
	write_suppressed(cli, &state->generation);
	cli_json_raw(cli, "}\n");
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void print_generation(struct cli *cli, const struct ls_generation *generation)
{
	const struct cli_stream *out = &cli->out;
	char text[CLI_TIME_MAX];

	if (!generation->number) {
		fputs("No generation: nothing has been applied here.\n", out->file);
		return;
	}
	fprintf(out->file, "Generation %llu: %s by ", (unsigned long long)generation->number, generation->command);
	cli_put(out, CLI_STYLE_NONE, generation->who);
	fprintf(out->file, ", %s, %u objects", cli_format_time(generation->time, text), generation->n_objects);
	if (generation->n_satisfied)
		fprintf(out->file, " (%u of them made by others)", generation->n_satisfied);
	if (generation->spec_file && *generation->spec_file) {
		fputs(", from ", out->file);
		cli_put(out, CLI_STYLE_NONE, generation->spec_file);
	}
	putc_unlocked('\n', out->file);
	if (generation->message && *generation->message) {
		fputs("  ", out->file);
		cli_put(out, CLI_STYLE_NONE, generation->message);
		putc_unlocked('\n', out->file);
	}
}

static void print_suppressed(struct cli *cli, const struct ls_generation *generation)
{
	struct ls_spec *spec = read_spec(generation);

	for (size_t i = 0; spec && i < spec->n_suppressed; i++)
		fprintf(cli->out.file, "%s%s%s", i ? ", " : "Suppressed warnings: ", spec->suppressed[i].name,
			i + 1 == spec->n_suppressed ? ".\n" : "");
	ls_spec_free(spec);
}

static void print_attributes(const struct cli_stream *out, const struct drift *drift)
{
	uint32_t bits = ls_object_diff(drift->expected, drift->found);

	for (unsigned i = 0; i < drift->object->kind->n_attrs; i++) {
		if (!(bits & LS_BIT(i)))
			continue;
		fprintf(out->file, ", %s is ", drift->object->kind->attrs[i].name);
		cli_print_attr(out, drift->found, i);
		fputs(" instead of ", out->file);
		cli_print_attr(out, drift->expected, i);
	}
}

/* Of what exists by itself the maker is no news, nor is it that ours was made by us. */
static void print_maker(const struct cli_stream *out, const struct drift *drift)
{
	bool adjusted = drift->expected && drift->expected->flags & LS_OBJECT_ADJUST;
	const struct ls_object *found = drift->found ? drift->found : drift->instead;
	char maker[CLI_MAKER_MAX], text[LS_DESCRIBE_MAX];

	if (!found || adjusted || found->owner == LS_OWNER_OURS)
		return;
	if (!drift->found) {
		fputs("; instead there is ", out->file);
		cli_put(out, CLI_STYLE_NONE, ls_object_describe(found, text, sizeof(text)));
	}
	fputs(", ", out->file);
	cli_put(out, CLI_STYLE_NONE, cli_describe_maker(found, maker));
}

static void print_drift(struct cli *cli, const struct drift *drift)
{
	static const enum cli_style styles[N_DIFFERENCES] = { CLI_STYLE_ERROR, CLI_STYLE_GOOD, CLI_STYLE_CHANGE };
	const struct ls_object *object = drift->object;
	char text[LS_DESCRIBE_MAX];

	fputs("  ", cli->out.file);
	cli_put(&cli->out, styles[drift->difference], difference_names[drift->difference]);
	putc_unlocked(' ', cli->out.file);
	cli_put(&cli->out, CLI_STYLE_NONE, ls_object_describe(object, text, sizeof(text)));
	if (drift->difference == CHANGED)
		print_attributes(&cli->out, drift);
	else
		cli_print_attrs(&cli->out, object, cli_detail(cli));
	print_maker(&cli->out, drift);
	putc_unlocked('\n', cli->out.file);
}

static void print_drifts(struct cli *cli, const struct drifts *drifts)
{
	fprintf(cli->out.file, "Drift: %zu missing, %zu extra, %zu changed.\n", drifts->counts[MISSING],
		drifts->counts[EXTRA], drifts->counts[CHANGED]);
	for (size_t i = 0; i < drifts->n; i++)
		print_drift(cli, &drifts->items[i]);
}

static void print_text(struct cli *cli, const struct state *state)
{
	const struct cli_tunnels tunnels = tunnels_of(state);

	print_generation(cli, &state->generation);
	if (state->drifts.n)
		print_drifts(cli, &state->drifts);
	else if (state->generation.number)
		fputs("No drift.\n", cli->out.file);
	if (state->generation.failover)
		fprintf(cli->out.file, "Failover: %s.\n", ls_failover_words[state->generation.failover].word);
	print_suppressed(cli, &state->generation);
	cli_print_tunnels(cli, &tunnels);
}

enum cli_exit cli_status(struct cli *cli)
{
	LS_CLEANUP(cli_host_closep) struct ls_host *host = NULL;
	LS_CLEANUP(done) struct state state = { 0 };
	struct ls_error err = { 0 };
	enum cli_exit status;

	status = cli_host_open(cli, false, &host);
	if (status == CLI_EXIT_DONE)
		status = cli_need_record(cli, host);
	if (status != CLI_EXIT_DONE)
		return status;
	if (read_state(host, &state, &err) < 0)
		return cli_fail(cli, &err);
	if (cli_given(cli, CLI_JSON))
		print_json(cli, &state);
	else if (cli_talks(cli))
		print_text(cli, &state);
	cli_print_findings(cli, &state.warnings, NULL);
	return cli_given(cli, CLI_CHECK) && state.drifts.n ? CLI_EXIT_CHANGES : CLI_EXIT_DONE;
}
