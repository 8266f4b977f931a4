/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drift: from a plan's steps to what differs. */
#include "cli_test.h"

#include "../../../src/cli/status.c"

#include <arpa/inet.h>

static struct ls_arena *arena;
static struct ls_set desired, actual;
static struct state state;

static void setup(void)
{
	arena = ls_arena_new();
	ls_set_init(&desired, arena);
	ls_set_init(&actual, arena);
}

static void teardown(void)
{
	done(&state);
	ls_set_done(&desired);
	ls_set_done(&actual);
	ls_arena_free(arena);
}

TestSuite(status, .init = setup, .fini = teardown);

static struct ls_link *add_link(struct ls_set *set, const char *name, const char *type, uint32_t mtu)
{
	struct ls_link *link = (struct ls_link *)ls_object_new(arena, &ls_kind_link);

	link->name = name;
	link->type = type;
	link->mtu = mtu;
	link->up = true;
	link->object.set = LS_BIT(LS_LINK_NAME) | LS_BIT(LS_LINK_TYPE) | LS_BIT(LS_LINK_MTU) | LS_BIT(LS_LINK_UP);
	link->object.owner = set == &actual ? LS_OWNER_OURS : LS_OWNER_FOREIGN;
	ls_set_add(set, &link->object);
	return link;
}

/* Finds the drift; state.prepared holds the plan from then on. */
static const struct drifts *drift(void)
{
	const struct ls_plan_options options = { 0 };

	ls_set_sort(&desired);
	ls_set_sort(&actual);
	state.prepared = calloc(1, sizeof(*state.prepared));
	cr_assert_eq(ls_plan_make(&desired, &actual, &options, &state.prepared->plan), 0);
	cr_assert_eq(find_drifts(state.prepared->plan, &state.drifts), 0);
	return &state.drifts;
}

Test(status, a_missing_link_is_one_drift_though_it_takes_two_steps)
{
	add_link(&desired, "br0", "bridge", 1500);
	cr_assert_eq(drift()->n, 1);
	cr_assert_geq(state.prepared->plan->n_steps, 2);
	cr_assert_eq(state.drifts.items[0].difference, MISSING);
}

Test(status, what_is_ours_and_not_recorded_is_extra)
{
	add_link(&actual, "br0", "bridge", 1500);
	cr_assert_eq(drift()->n, 1);
	cr_assert_eq(state.drifts.items[0].difference, EXTRA);
}

Test(status, a_link_that_is_down_and_smaller_has_changed_once)
{
	add_link(&desired, "br0", "bridge", 1500);
	add_link(&actual, "br0", "bridge", 1400)->up = false;
	cr_assert_eq(drift()->n, 1);
	cr_assert_eq(state.drifts.items[0].difference, CHANGED);
}

Test(status, a_link_of_another_type_has_changed_though_it_is_made_anew)
{
	add_link(&desired, "br0", "bridge", 1500);
	add_link(&actual, "br0", "dummy", 1500);
	cr_assert_eq(drift()->n, 1);
	cr_assert_eq(state.drifts.items[0].difference, CHANGED);
}

Test(status, a_stranger_in_our_place_is_drift)
{
	add_link(&desired, "br0", "bridge", 1500);
	add_link(&actual, "br0", "bridge", 1400)->object.owner = LS_OWNER_FOREIGN;
	cr_assert_eq(drift()->n, 1);
	cr_assert_eq(state.prepared->plan->n_conflicts, 1);
	cr_assert_eq(state.drifts.items[0].difference, CHANGED);
}

Test(status, a_host_as_recorded_has_no_drift)
{
	add_link(&desired, "br0", "bridge", 1500);
	add_link(&actual, "br0", "bridge", 1500);
	cr_assert_eq(drift()->n, 0);
}

Test(status, json_tells_expected_and_found)
{
	struct told told;
	json_t *json, *changed, *attribute;

	add_link(&desired, "br0", "bridge", 1500);
	add_link(&actual, "br0", "bridge", 1400);
	add_link(&actual, "br1", "bridge", 1400);
	drift();
	state.generation = (struct ls_generation){ .number = 3 };
	told_begin(&told, LS_BIT(CLI_JSON));
	print_json(&told.cli, &state);
	told_flush(&told);
	json = told_json(&told);
	cr_assert_eq(json_integer_value(json_object_get(json, "generation")), 3);
	cr_assert(json_is_null(json_object_get(json, "pending_confirm")));
	changed = json_object_get(json_object_get(json, "drift"), "changed");
	cr_assert_eq(json_array_size(changed), 1);
	attribute = json_array_get(json_object_get(json_array_get(changed, 0), "attributes"), 0);
	cr_assert_str_eq(json_text_at(attribute, "name"), "mtu");
	cr_assert_eq(json_integer_value(json_object_get(attribute, "expected")), 1500);
	cr_assert_eq(json_integer_value(json_object_get(attribute, "found")), 1400);
	cr_assert_eq(json_array_size(json_object_get(json_object_get(json, "drift"), "extra")), 1);
	cr_assert_eq(json_array_size(json_object_get(json_object_get(json, "drift"), "missing")), 0);
	cr_assert(json_is_array(json_object_get(json, "tunnels")));
	cr_assert(json_is_array(json_object_get(json, "suppressed")));
	json_decref(json);
	told_done(&told);
	state.generation.number = 0;
}

Test(status, json_of_a_host_without_generation)
{
	struct told told;

	drift();
	told_begin(&told, LS_BIT(CLI_JSON));
	print_json(&told.cli, &state);
	told_flush(&told);
	cr_assert_str_eq(told.out, "{\"format\":1,\"generation\":null,\"failover\":\"none\",\"pending_confirm\":null,"
				   "\"drift\":{\"missing\":[],\"extra\":[],\"changed\":[]},"
				   "\"tunnels\":[],\"warnings\":[],\"suppressed\":[]}\n");
	told_done(&told);
}

Test(status, what_the_spec_suppresses_is_told)
{
	static const char spec[] =
		"linkspan: 1\nkind: appliance\nname: a\nside: tenant\nsuppress_warnings: "
		"[director-dual-stack]\ninterfaces: { up: { match: { name: eth0 }, ipv4: { method: auto } } "
		"}\n";
	struct told text, told;
	json_t *json, *suppressed;

	drift();
	state.generation =
		(struct ls_generation){ .number = 3, .who = "", .spec_text = spec, .spec_length = strlen(spec) };
	told_begin(&told, LS_BIT(CLI_JSON));
	print_json(&told.cli, &state);
	told_flush(&told);
	json = told_json(&told);
	suppressed = json_object_get(json, "suppressed");
	cr_assert_eq(json_array_size(suppressed), 1);
	cr_expect_str_eq(json_string_value(json_array_get(suppressed, 0)), "director-dual-stack");
	json_decref(json);
	told_done(&told);
	told_begin(&text, 0);
	print_text(&text.cli, &state);
	told_flush(&text);
	cr_assert_says(text.out, "Suppressed warnings: director-dual-stack.\n");
	told_done(&text);
	state.generation = (struct ls_generation){ 0 };
}

Test(status, text_tells_found_and_expected)
{
	struct told told;

	add_link(&desired, "br0", "bridge", 1500);
	add_link(&actual, "br0", "bridge", 1400);
	drift();
	told_begin(&told, 0);
	print_text(&told.cli, &state);
	told_flush(&told);
	cr_assert_says(told.out, "Drift: 0 missing, 0 extra, 1 changed.\n"
				 "  changed link br0, mtu is 1400 instead of 1500\n");
	told_done(&told);
}

/* ---- who --------------------------------------------------------------------------------------------------------- */

static struct ls_route *add_route(
	struct ls_set *set, const char *to, uint32_t metric, enum ls_owner owner, uint8_t protocol)
{
	struct ls_route *route = (struct ls_route *)ls_object_new(arena, &ls_kind_route);

	cr_assert_eq(ls_prefix_parse(to, &route->to), 0);
	route->table = 254;
	route->metric = metric;
	route->type = LS_ROUTE_BLACKHOLE;
	route->protocol = protocol;
	route->object.set = LS_BIT(LS_ROUTE_TO) | LS_BIT(LS_ROUTE_TABLE) | LS_BIT(LS_ROUTE_METRIC) |
			    LS_BIT(LS_ROUTE_TYPE) | LS_BIT(LS_ROUTE_PROTOCOL);
	route->object.owner = (uint8_t)owner;
	ls_set_add(set, &route->object);
	return route;
}

static void print(struct told *told, bool json)
{
	find_all_instead(&state.drifts, &actual);
	told_begin(told, json ? LS_BIT(CLI_JSON) : 0);
	if (json)
		print_json(&told->cli, &state);
	else
		print_text(&told->cli, &state);
	told_flush(told);
}

Test(status, a_route_of_another_metric_is_told_where_ours_is_missing)
{
	struct told told;
	json_t *json, *missing;

	add_route(&desired, "10.1.0.0/16", 5, LS_OWNER_OURS, 0);
	add_route(&actual, "10.0.0.0/16", 0, LS_OWNER_FOREIGN, 3);
	add_route(&actual, "10.1.0.0/16", 9, LS_OWNER_FOREIGN, 11);
	add_route(&actual, "10.2.0.0/16", 5, LS_OWNER_FOREIGN, 12);
	cr_assert_eq(drift()->n, 1);
	print(&told, false);
	cr_assert_says(told.out, "; instead there is route 10.1.0.0/16 metric 9, made by zebra\n");
	told_done(&told);
	print(&told, true);
	json = told_json(&told);
	missing = json_array_get(json_object_get(json_object_get(json, "drift"), "missing"), 0);
	cr_expect_str_eq(json_text_at(missing, "found_owner"), "foreign");
	cr_expect_str_eq(json_text_at(missing, "found_id"), "10.1.0.0/16 metric 9");
	cr_expect_str_eq(json_text_at(missing, "protocol_name"), "zebra");
	cr_expect_eq(json_integer_value(json_object_get(missing, "protocol")), 11);
	json_decref(json);
	told_done(&told);
}

Test(status, nobody_is_named_where_nothing_is_in_the_place)
{
	struct told told;
	json_t *json;

	add_route(&desired, "10.1.0.0/16", 5, LS_OWNER_OURS, 0);
	add_route(&actual, "10.2.0.0/16", 5, LS_OWNER_FOREIGN, 12);
	cr_assert_eq(drift()->n, 1);
	print(&told, true);
	json = told_json(&told);
	cr_expect_null(json_object_get(
		json_array_get(json_object_get(json_object_get(json, "drift"), "missing"), 0), "found_owner"));
	json_decref(json);
	told_done(&told);
}

Test(status, a_strangers_route_in_our_place_is_named)
{
	struct told told;

	add_route(&desired, "10.1.0.0/16", 5, LS_OWNER_OURS, 0);
	add_route(&actual, "10.1.0.0/16", 5, LS_OWNER_FOREIGN, 77)->type = LS_ROUTE_PROHIBIT;
	cr_assert_eq(drift()->n, 1);
	print(&told, false);
	cr_assert_says(told.out, "type is prohibit instead of blackhole, not made by linkspan (protocol 77");
	told_done(&told);
}
