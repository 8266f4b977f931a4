/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans against a snapshot: from the command line to what is printed, without a kernel. */
#include "cli_test.h"

#include "../../../src/cli/common.c"
#include "../../../src/cli/json.c"
#include "../../../src/cli/plan.c"
#include "../../../src/cli/plan_json.c"
#include "../../../src/cli/plan_text.c"
#include "../../../src/cli/json_walk.c"
#include "../../../src/cli/snapshot_json.c"

#define HEAD "linkspan: 1\nkind: gateway\nname: gw\n"
#define LAN \
	HEAD "interfaces:\n" \
	     "  lan:\n" \
	     "    match: { name: eth0 }\n" \
	     "    mtu: 1400\n" \
	     "    ipv4: { method: manual, addresses: [192.0.2.1/24] }\n" \
	     "routes:\n" \
	     "  - { to: 10.0.0.0/8, via: 192.0.2.9 }\n"
#define ETH0(mtu) "\"link\":[{\"name\":\"eth0\",\"mtu\":" #mtu ",\"up\":true,\"owner\":\"foreign\"}]"
#define ADDRESS \
	"\"address\":[{\"dev\":\"eth0\",\"address\":\"192.0.2.1\",\"prefix_length\":24,\"scope\":\"global\"," \
	"\"owner\":\"linkspan\"}]"
#define ROUTE(via, owner) \
	"\"route\":[{\"to\":\"10.0.0.0/" \
	"8\",\"table\":254,\"metric\":0,\"tos\":0,\"type\":\"unicast\",\"dev\":\"eth0\"," \
	"\"via\":\"" via "\",\"scope\":\"global\",\"protocol\":" owner "}]"
#define OURS "108,\"owner\":\"linkspan\""
#define DHCP "16,\"owner\":\"foreign\""
#define SNAPSHOT(...) "{\"format\":1,\"objects\":{" __VA_ARGS__ "},\"originals\":[]}"

struct run {
	struct told told;
	char spec[64], snapshot[64];
	enum cli_exit status;
};

static void plan(struct run *run, const char *spec, const char *snapshot, const char *option)
{
	write_file(run->spec, spec);
	write_file(run->snapshot, snapshot);
	run->status = told_run(&run->told, told_words("plan", run->spec, "--from", run->snapshot, option));
	unlink(run->spec);
	unlink(run->snapshot);
}

/* The text with the spec's name put back to "gw.yaml". */
static const char *normalise(struct run *run, const char *text)
{
	static char plain[8192];
	char *to = plain;

	while (*text) {
		if (!strncmp(text, run->spec, strlen(run->spec))) {
			to = stpcpy(to, "gw.yaml");
			text += strlen(run->spec);
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return plain;
}

Test(plan, steps_are_lines_with_signs_and_places)
{
	struct run run;

	plan(&run, LAN, SNAPSHOT(ETH0(1500) "," ROUTE("192.0.2.8", OURS)), NULL);
	cr_assert_eq(run.status, CLI_EXIT_CHANGES);
	cr_assert_str_eq(normalise(&run, run.told.out),
		"~ link eth0 mtu 1500 -> 1400 [flow]  gw.yaml:5:3\n"
		"+ address 192.0.2.1/24 dev eth0  gw.yaml:8:41\n"
		"= route 10.0.0.0/8 via 192.0.2.8 -> 192.0.2.9  gw.yaml:10:5\n"
		"Plan: 1 to add, 1 to change, 1 to replace, 0 to delete, 0 satisfied.\n");
	cr_assert_str_empty(run.told.err);
	told_done(&run.told);
}

Test(plan, what_is_ours_and_not_asked_for_is_deleted)
{
	struct run run;

	plan(&run, HEAD, SNAPSHOT(ETH0(1500) "," ADDRESS), NULL);
	cr_assert_eq(run.status, CLI_EXIT_CHANGES);
	cr_assert_str_eq(run.told.out, "- address 192.0.2.1/24 dev eth0 [session]\n"
				       "Plan: 0 to add, 0 to change, 0 to replace, 1 to delete, 0 satisfied.\n");
	told_done(&run.told);
}

Test(plan, nothing_to_do_is_said_so)
{
	struct run run;

	plan(&run, LAN, SNAPSHOT(ETH0(1400) "," ADDRESS "," ROUTE("192.0.2.9", OURS)), NULL);
	cr_assert_eq(run.status, CLI_EXIT_DONE);
	cr_assert_str_eq(run.told.out, "Nothing to do.\n");
	told_done(&run.told);
}

Test(plan, quiet_tells_by_the_exit_code_only)
{
	struct run run;

	plan(&run, LAN, SNAPSHOT(ETH0(1500)), "--quiet");
	cr_assert_eq(run.status, CLI_EXIT_CHANGES);
	cr_assert_str_empty(run.told.out);
	told_done(&run.told);
}

Test(plan, json_has_the_documented_shape)
{
	struct run run;
	json_t *json, *step;

	plan(&run, LAN, SNAPSHOT(ETH0(1500) "," ROUTE("192.0.2.9", OURS)), "--json");
	cr_assert_eq(run.status, CLI_EXIT_CHANGES);
	json = told_json(&run.told);
	cr_assert_eq(json_integer_value(json_object_get(json, "format")), 1);
	cr_assert_eq(json_array_size(json_object_get(json, "steps")), 2);
	step = json_array_get(json_object_get(json, "steps"), 0);
	cr_assert_str_eq(json_text_at(step, "op"), "change");
	cr_assert_str_eq(json_text_at(step, "kind"), "link");
	cr_assert_str_eq(json_text_at(step, "id"), "eth0");
	cr_assert_str_eq(json_text_at(step, "disruption"), "flow");
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(step, "before"), "mtu")), 1500);
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(step, "after"), "mtu")), 1400);
	cr_assert_null(json_object_get(json_object_get(step, "after"), "owner"));
	cr_assert_eq(json_array_size(json_object_get(step, "attributes")), 1);
	cr_assert_str_eq(normalise(&run, json_text_at(step, "location")), "gw.yaml:5:3");
	step = json_array_get(json_object_get(json, "steps"), 1);
	cr_assert(json_is_null(json_object_get(step, "before")));
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(json, "summary"), "add")), 1);
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(json, "summary"), "satisfied")), 0);
	cr_assert(json_is_array(json_object_get(json, "conflicts")));
	cr_assert(json_is_array(json_object_get(json, "warnings")));
	json_decref(json);
	told_done(&run.told);
}

Test(plan, an_empty_plan_is_a_document_too)
{
	struct run run;

	plan(&run, HEAD, SNAPSHOT(""), "--json");
	cr_assert_eq(run.status, CLI_EXIT_DONE);
	cr_assert_str_eq(run.told.out, "{\"format\":1,\"steps\":[],\"summary\":{\"add\":0,\"change\":0,\"replace\":0,"
				       "\"delete\":0,\"satisfied\":0},"
				       "\"conflicts\":[],\"warnings\":[]}\n");
	told_done(&run.told);
}

Test(plan, a_conflict_names_both_objects_and_the_maker)
{
	struct run run;

	plan(&run, LAN, SNAPSHOT(ETH0(1400) "," ADDRESS "," ROUTE("192.0.2.8", DHCP)), NULL);
	cr_assert_eq(run.status, CLI_EXIT_FAILED);
	cr_assert_says(normalise(&run, run.told.err), "gw.yaml:10:5: error: route 10.0.0.0/8: ");
	cr_assert_says(run.told.err, "   10 |   - { to: 10.0.0.0/8, via: 192.0.2.9 }\n      |     ^\n");
	cr_assert_says(run.told.err, "  wanted: route 10.0.0.0/8 dev eth0 via 192.0.2.9\n");
	cr_assert_says(run.told.err, "  found:  route 10.0.0.0/8 dev eth0 via 192.0.2.8, made by a DHCP client\n");
	cr_assert_says(run.told.err, "adopt: true");
	told_done(&run.told);
}

Test(plan, a_conflict_is_in_the_json)
{
	struct run run;
	json_t *json, *conflict;

	plan(&run, LAN, SNAPSHOT(ETH0(1400) "," ADDRESS "," ROUTE("192.0.2.8", DHCP)), "--json");
	cr_assert_eq(run.status, CLI_EXIT_FAILED);
	json = told_json(&run.told);
	conflict = json_array_get(json_object_get(json, "conflicts"), 0);
	cr_assert_str_eq(json_text_at(conflict, "kind"), "route");
	cr_assert_str_eq(json_text_at(conflict, "id"), "10.0.0.0/8");
	cr_assert_str_eq(json_text_at(json_object_get(conflict, "want"), "via"), "192.0.2.9");
	cr_assert_str_eq(json_text_at(json_object_get(conflict, "have"), "via"), "192.0.2.8");
	cr_assert_str_eq(json_text_at(json_object_get(conflict, "have"), "owner"), "foreign");
	json_decref(json);
	told_done(&run.told);
}

Test(plan, adopt_makes_a_change_of_a_conflict)
{
	struct run run;

	plan(&run, LAN, SNAPSHOT(ETH0(1400) "," ADDRESS "," ROUTE("192.0.2.8", DHCP)), "--adopt");
	cr_assert_eq(run.status, CLI_EXIT_CHANGES);
	cr_assert_says(run.told.out, "= route 10.0.0.0/8 via 192.0.2.8 -> 192.0.2.9");
	told_done(&run.told);
}

Test(plan, a_link_that_is_missing_says_where_to_look)
{
	struct run run;

	plan(&run, LAN, SNAPSHOT(""), NULL);
	cr_assert_eq(run.status, CLI_EXIT_FAILED);
	cr_assert_says(run.told.err, "there is no such link");
	cr_assert_says(run.told.err, "linkspan snapshot --all");
	told_done(&run.told);
}

Test(plan, the_same_input_gives_the_same_document)
{
	struct run first, second;
	char expected[8192];

	plan(&first, LAN, SNAPSHOT(ETH0(1500) "," ADDRESS), "--json");
	plan(&second, LAN, SNAPSHOT(ADDRESS "," ETH0(1500)), "--json");
	snprintf(expected, sizeof(expected), "%s", normalise(&first, first.told.out));
	cr_assert_str_eq(normalise(&second, second.told.out), expected);
	told_done(&first.told);
	told_done(&second.told);
}

Test(plan, a_spec_that_is_not_valid_answers_as_check_does)
{
	struct run run;
	json_t *json;

	plan(&run, HEAD "nonsense: 1\n", SNAPSHOT(""), "--json");
	cr_assert_eq(run.status, CLI_EXIT_INVALID);
	json = told_json(&run.told);
	cr_assert(json_is_false(json_object_get(json, "valid")));
	cr_assert_says(run.told.err, "[unknown-key]");
	json_decref(json);
	told_done(&run.told);
}

#define FULL \
	HEAD "side: provider\ninterfaces: { up: { match: { name: eth0 }, ipv4: { method: manual, addresses: " \
	     "[192.0.2.1/24] } }, in: { match: { name: eth1 } } }\n" \
	     "networks: { n: { interface: in, ipv4: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 } } }\n" \
	     "failover: { mode: full }\n"
#define IN_MODE(mode) "{\"format\":1,\"objects\":{},\"originals\":[],\"failover\":\"" mode "\"}"

Test(plan, failover_exclusive)
{
	struct run run;

	plan(&run, FULL, IN_MODE("partial"), NULL);
	cr_expect_eq(run.status, CLI_EXIT_INVALID);
	cr_assert_says(run.told.err, "error: the mode is full, but the host of the snapshot is in partial failover");
	cr_assert_says(run.told.err, "[failover-exclusive]");
	told_done(&run.told);
	plan(&run, FULL, IN_MODE("permanent"), NULL);
	cr_expect_neq(run.status, CLI_EXIT_INVALID, "%s", run.told.err);
	told_done(&run.told);
}

Test(plan, a_snapshot_that_is_none_is_refused)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{", ":1:2: " },
		{ "[]", ":1:1: an object is expected" },
		{ "{\"format\":2,\"objects\":{}}", "of a format that this program knows" },
		{ "{\"format\":1}", "without 'objects'" },
		{ "{\"format\":1,\"objects\":{}}", "snapshot --all --json" },
		{ SNAPSHOT("\"lnk\":[]"), "no kind of object 'lnk'" },
		{ SNAPSHOT("\"link\":{}"), ":1:31: an array is expected" },
		{ "{\n\"format\":1, \"objects\": {\"link\": [{\"name\": \"a\"}, {\"name\": }]}}",
			":2:58: unexpected token" },
		{ SNAPSHOT("\"link\":[]") " x", "goes on" },
		{ SNAPSHOT("\"link\":[],\"link\":[]"), "duplicate" },
		{ SNAPSHOT("\"link\":[{\"name\":\"a\"} 1]"), "expected" },
		{ SNAPSHOT("\"link\":[{\"name\":\"a\"},{\"mtu\":3}]"), "link 1: a link without 'name'" },
		{ SNAPSHOT("\"link\":[{\"name\":\"a\",\"mtu\":-1}]"), "bad value of 'mtu'" },
		{ "{\"format\":1,\"format\":1}", "duplicate" },
		{ IN_MODE("half"), "'failover' is none of" },
	};
	struct run run;

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		plan(&run, HEAD, cases[i].text, NULL);
		cr_expect_eq(run.status, CLI_EXIT_INVALID, "case %zu", i);
		cr_expect_not_null(strstr(run.told.err, cases[i].message), "case %zu: %s", i, run.told.err);
		told_done(&run.told);
	}
}

Test(plan, a_file_that_is_missing_is_an_invalid_spec)
{
	struct told told;

	cr_assert_eq(told_run(&told, told_words("plan", "/nonexistent.yaml", "--from", "/dev/null")), CLI_EXIT_INVALID);
	cr_assert_str_eq(told.err, "/nonexistent.yaml: error: No such file or directory [file]\n");
	told_done(&told);
}

/* ---- what commands share ----------------------------------------------------------------------------------------- */

Test(common, the_session_is_the_third_word_of_ssh_connection)
{
	struct ls_ip ip = cli_session_address("198.51.100.7 50000 192.0.2.1 22");
	char text[LS_IP_TEXT_MAX];

	cr_assert_str_eq(ls_ip_format(&ip, text), "192.0.2.1");
	ip = cli_session_address("fe80::1%eth0 50000 fe80::2%eth0 22");
	cr_assert_str_eq(ls_ip_format(&ip, text), "fe80::2");
	cr_assert_eq(cli_session_address(NULL).family, 0);
	cr_assert_eq(cli_session_address("").family, 0);
	cr_assert_eq(cli_session_address("a b").family, 0);
	cr_assert_eq(cli_session_address("a b c d").family, 0);
	cr_assert_eq(cli_session_address("a b 1.2.3.4.5 d").family, 0);
}

Test(common, times_are_iso_8601_with_their_offset)
{
	char text[CLI_TIME_MAX];

	setenv("TZ", "XXX-05:30", 1);
	tzset();
	cr_assert_str_eq(cli_format_time(0, text), "1970-01-01T05:30:00+05:30");
}
