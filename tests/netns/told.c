/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands tell of a host: documents, histories, objects explained, snapshots. */
#include "netns_tools.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(told, .init = ns_enter, .fini = ns_leave);

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void expect_keys(json_t *document, const char *keys)
{
	char *list = strdup(keys), *state = NULL;

	cr_assert_not_null(list);
	for (char *key = strtok_r(list, " ", &state); key; key = strtok_r(NULL, " ", &state))
		cr_expect_not_null(json_object_get(document, key), "no %s", key);
	free(list);
}

static json_t *document_of(const char *command, int status)
{
	struct ns_answer answer = ns_span("%s", command);
	json_t *document;

	ns_expect_exit(&answer, status);
	document = ns_parse(answer.out);
	cr_expect_eq(json_integer_value(json_object_get(document, "format")), 1, "%s", command);
	return document;
}

Test(told, json_documents_have_their_keys)
{
	json_t *document, *steps, *step;
	size_t i;

	ns_begin();
	ns_spec(NS_MIXED);
	document = document_of(ns_text("plan --json %s/spec.yaml", ns_dir()), 2);
	expect_keys(document, "steps summary conflicts warnings");
	expect_keys(json_object_get(document, "summary"), "add change replace delete satisfied");
	steps = json_object_get(document, "steps");
	json_array_foreach(steps, i, step) expect_keys(step, "op kind id before after attributes disruption location");
	document = document_of(ns_text("apply --json %s/spec.yaml", ns_dir()), 0);
	expect_keys(document, "outcome generation plan error notes");
	cr_expect_str_eq(json_string_value(json_object_get(document, "outcome")), "done");
	ns_run("ip link set br0 mtu 1400 && ip route del 10.1.0.0/16 && ip route add blackhole 10.7.0.0/16 proto 108");
	document = document_of("status --json --check", 2);
	expect_keys(document, "generation pending_confirm drift tunnels warnings suppressed");
	expect_keys(json_object_get(document, "drift"), "missing extra changed");
	cr_expect_eq(json_array_size(json_object_get(json_object_get(document, "drift"), "missing")), 1);
	cr_expect_eq(json_array_size(json_object_get(json_object_get(document, "drift"), "extra")), 1);
	document = document_of("snapshot --json", 0);
	expect_keys(json_object_get(document, "objects"), "link address route sysctl");
	document_of("snapshot --all --json", 0);
	document_of("history --json", 0);
	document_of(ns_text("check --json %s/spec.yaml", ns_dir()), 0);
	document_of("down --json", 0);
}

/* ---- show -------------------------------------------------------------------------------------------------------- */

/* "op kind id; ..." of an array of steps. */
static const char *list_steps(json_t *steps)
{
	const char *text = "";
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step) text = ns_text("%s%s %s %s %s; ", text,
		json_string_value(json_object_get(step, "op")), json_string_value(json_object_get(step, "kind")),
		json_string_value(json_object_get(step, "id")), json_string_value(json_object_get(step, "location")));
	return text;
}

Test(told, show_tells_the_steps_that_plan_had_told)
{
	struct ns_answer answer;
	const char *planned, *path;
	json_t *shown, *times, *generation;

	ns_begin();
	path = ns_spec(NS_MIXED);
	planned = list_steps(json_object_get(document_of(ns_text("plan --json %s", path), 2), "steps"));
	document_of(ns_text("apply --json --message 'first try' %s", path), 0);
	shown = document_of("show --json 1", 0);
	cr_expect_str_eq(list_steps(json_object_get(shown, "taken")), planned);
	generation = json_object_get(shown, "generation");
	cr_expect_str_eq(json_string_value(json_object_get(generation, "message")), "first try");
	cr_expect_str_eq(json_string_value(json_object_get(generation, "command")), "apply");
	cr_expect_not_null(strstr(json_string_value(json_object_get(shown, "spec_text")), "10.0.0.1/24"));
	times = json_object_get(shown, "milliseconds");
	expect_keys(times, "plan journal kernel verify");
	cr_expect_gt(json_real_value(json_object_get(times, "kernel")), 0.0);
	answer = ns_span("show 1");
	ns_expect_exit(&answer, 0);
	ns_expect_words(answer.out, NS_WORDS("first try", "+ link br0", "| sysctls: { net.ipv4.ip_forward: 1 }"));
	answer = ns_span("show 2");
	ns_expect_exit(&answer, 1);
	answer = ns_span("show two");
	ns_expect_exit(&answer, 64);
	ns_down_well();
	shown = document_of("show --json 2", 0);
	cr_expect_eq(json_array_size(json_object_get(shown, "taken")),
		json_integer_value(
			json_object_get(json_object_get(json_object_get(shown, "generation"), "steps"), "delete")) +
			json_integer_value(json_object_get(
				json_object_get(json_object_get(shown, "generation"), "steps"), "change")));
}

Test(told, show_keeps_the_first_thousand_steps)
{
	json_t *shown;

	ns_begin();
	ns_spec("");
	ns_run("{ echo routes:; for i in $(seq 1100); do echo \"  - { to: 10.$((i / 256)).$((i %% 256)).0/24, type: "
	       "blackhole }\"; done; } >>%s/spec.yaml",
		ns_dir());
	document_of(ns_text("apply --json %s/spec.yaml", ns_dir()), 0);
	shown = document_of("show --json 1", 0);
	cr_expect_eq(json_array_size(json_object_get(shown, "taken")), 1000);
	ns_expect_words(ns_span("show 1").out, NS_WORDS("1100 added", "... and 100 more"));
}

/* ---- explain and status ------------------------------------------------------------------------------------------ */

static json_t *explained(const char *object)
{
	return document_of(ns_text("explain --json '%s'", object), 0);
}

static const char *member(json_t *json, const char *outer, const char *inner)
{
	const char *text = json_string_value(json_object_get(json_object_get(json, outer), inner));

	return text ? text : "";
}

static bool ties_have(json_t *json, const char *list, const char *id)
{
	json_t *tie;
	size_t i;

	json_array_foreach(json_object_get(json, list), i,
		tie) if (!strcmp(json_string_value(json_object_get(tie, "id")), id)) return true;
	return false;
}

Test(told, explain_tells_where_an_object_comes_from_and_whose_it_is)
{
	json_t *json;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.8.0.0/16 via 10.77.0.2 proto zebra && "
	       "ip route add 10.9.0.0/16 nexthop via 10.77.0.2 nexthop via 10.77.0.3");
	ns_apply_well(NS_MIXED);
	json = explained("route 10.1.0.0/16");
	cr_expect_str_eq(member(json, "source", "location"), ns_text("%s/spec.yaml:10:5", ns_dir()));
	cr_expect_str_eq(member(json, "source", "text"), "  - { to: 10.1.0.0/16, via: 10.0.0.2 }");
	cr_expect_str_eq(member(json, "owner", "who"), "linkspan");
	cr_expect_str_eq(member(json, "owner", "by"), "mark");
	cr_expect(ties_have(json, "depends_on", "10.0.0.1/24 dev br0"));
	cr_expect(ties_have(json, "depends_on", "br0"));
	cr_expect(ties_have(explained("address 10.0.0.1/24 dev br0"), "needed_by", "10.1.0.0/16"));
	json = explained("10.8.0.0/16");
	cr_expect_str_eq(member(json, "owner", "protocol_name"), "zebra");
	cr_expect_str_eq(member(json, "owner", "who"), "foreign");
	cr_expect(ties_have(explained("p0"), "needed_by", "10.9.0.0/16"));
	cr_expect_str_eq(member(explained("route 10.77.0.0/24"), "owner", "who"), "derived");
	json = explained("net/ipv4/ip_forward");
	cr_expect_str_eq(member(json, "owner", "by"), "record");
	cr_expect_str_eq(member(json, "original", "value"), "0");
	ns_run("echo 0 >/proc/sys/net/ipv4/ip_forward; ip link set br0 mtu 1400; ip route del 10.1.0.0/16");
	cr_expect_str_eq(json_string_value(json_object_get(explained("net/ipv4/ip_forward"), "state")), "changed");
	cr_expect_str_eq(json_string_value(json_object_get(explained("route 10.1.0.0/16"), "state")), "missing");
	ns_expect_exit(&(struct ns_answer){ .status = ns_span("explain 10.1.0.0/17").status, .out = "", .err = "" }, 1);
	ns_expect_words(ns_span("explain 10.1.0.0/17").err, NS_WORDS("no object", "route 10.1.0.0/16"));
	ns_expect_exit(&(struct ns_answer){ .status = ns_span("explain").status, .out = "", .err = "" }, 64);
}

Test(told, status_tells_who_is_in_the_place)
{
	json_t *drift, *entry;

	ns_begin();
	ns_apply_well(NS_MIXED);
	ns_run("ip route replace 10.1.0.0/16 via 10.0.0.3 proto bird");
	drift = json_object_get(document_of("status --json", 0), "drift");
	entry = json_array_get(json_object_get(drift, "changed"), 0);
	cr_expect_str_eq(json_string_value(json_object_get(entry, "found_owner")), "foreign");
	cr_expect_str_eq(json_string_value(json_object_get(entry, "protocol_name")), "bird");
	ns_expect_words(ns_span("status").out, NS_WORDS("via is 10.0.0.3 instead of 10.0.0.2, made by BIRD"));
	ns_run("ip route del 10.1.0.0/16 && ip route add 10.1.0.0/16 via 10.0.0.3 proto static metric 50");
	drift = json_object_get(document_of("status --json", 0), "drift");
	entry = json_array_get(json_object_get(drift, "missing"), 0);
	cr_expect_str_eq(json_string_value(json_object_get(entry, "found_id")), "10.1.0.0/16 metric 50");
	cr_expect_eq(json_integer_value(json_object_get(entry, "protocol")), 4);
}

/* ---- snapshots --------------------------------------------------------------------------------------------------- */

Test(told, two_snapshots_are_the_same_bytes)
{
	const char *options[] = { "", "--all", "--json", "--all --json" };

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.8.0.0/16 via 10.77.0.2 && "
	       "ip -6 addr add 2001:db8:77::1/64 dev p0 valid_lft 3000 preferred_lft 2000 && "
	       "ip -6 route add 2001:db8:8::/48 nexthop via 2001:db8:77::2 nexthop via 2001:db8:77::3 && "
	       "ip -6 route append 2001:db8:8::/48 via 2001:db8:77::4");
	ns_apply_well(NS_MIXED);
	for (size_t i = 0; i < LS_ARRAY_SIZE(options); i++) {
		struct ns_answer first = ns_span("snapshot %s", options[i]), second;

		ns_expect_exit(&first, 0);
		usleep(i == 1 ? 1100000 : 0);
		second = ns_span("snapshot %s", options[i]);
		cr_expect_str_eq(first.out, second.out);
	}
}

Test(told, snapshot_of_the_same_configuration_made_otherwise_is_the_same)
{
	struct ns_answer first, second;

	ns_begin();
	ns_apply_well(NS_MIXED);
	first = ns_span("snapshot --json");
	ns_down_well();
	ns_run("ip link add waste type bridge && ip link del waste");
	ns_apply_well(NS_MIXED);
	second = ns_span("snapshot --json");
	cr_expect_str_eq(first.out, second.out);
}

static const char *const offline_specs[] = {
	NS_MIXED,
	"interfaces:\n  p0: { match: { name: p0 }, mtu: 1400, ipv4: { method: manual, addresses: [10.0.0.1/24] } }\n",
	"interfaces:\n  p0: { match: { name: p0 } }\n"
	"addresses:\n  - { interface: p0, address: 10.77.0.1/24 }\n"
	"routes:\n  - { to: 10.8.0.0/16, via: 10.77.0.3, adopt: true }\n",
	"interfaces:\n  p0: { match: { name: p0 } }\nroutes:\n  - { to: 10.8.0.0/16, via: 10.77.0.3, interface: p0 }\n",
};

NS_TEST_EACH(told, offline_plan_is_the_plan_on_the_spot, offline_specs)
{
	struct ns_answer here, offline;

	ns_begin();
	ns_make_pair("p0");
	ns_run("ip addr add 10.77.0.1/24 dev p0 && ip route add 10.8.0.0/16 via 10.77.0.2");
	ns_spec(offline_specs[*number]);
	ns_run("\"$LINKSPAN\" snapshot --all --json --state-dir %s/state >%s/snapshot", ns_dir(), ns_dir());
	here = ns_span("plan --json %s/spec.yaml", ns_dir());
	cr_expect(here.status == 2 || here.status == 1);
	offline = ns_span("plan --json --from %s/snapshot %s/spec.yaml", ns_dir(), ns_dir());
	cr_expect_eq(offline.status, here.status);
	cr_assert(!strcmp(offline.out, here.out), "offline: %s\nhere: %s", ns_steps(offline.out), ns_steps(here.out));
	offline = ns_span("plan --json --from - %s/spec.yaml <%s/snapshot", ns_dir(), ns_dir());
	cr_expect_str_eq(offline.out, here.out);
	/* Whether the kernel has a type of link is asked by a message that it refuses. */
	cr_expect_eq(ns_count_changes(ns_text("plan %s/spec.yaml", ns_dir())),
		strstr(offline_specs[*number], "create") ? 1 : 0);
}

Test(told, offline_plan_of_a_configured_host_is_empty)
{
	struct ns_answer answer;

	ns_begin();
	ns_apply_well(NS_MIXED);
	ns_run("\"$LINKSPAN\" snapshot --all --json --state-dir %s/state >%s/snapshot", ns_dir(), ns_dir());
	answer = ns_span("plan --json --from %s/snapshot %s/spec.yaml", ns_dir(), ns_dir());
	cr_expect_eq(answer.status, 0, "%s", ns_steps(answer.out));
}
