/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generations and the ledger in them. */
#include "state_tools.h"

TestSuite(generation, .init = enter, .fini = leave);

static const unsigned whole = LS_GENERATION_SPEC | LS_GENERATION_OBJECTS;

static struct ls_generation sample(uint64_t number)
{
	static const char text[] = "linkspan: 1\nkind: gateway\n";

	return (struct ls_generation){ .number = number,
		.source = 3,
		.time = 1700000000,
		.counts = { 1, 2, 3, 4 },
		.n_objects = 2,
		.n_satisfied = 1,
		.command = "apply",
		.who = "anna",
		.message = "a reason",
		.spec_file = "gw.yaml",
		.spec_text = text,
		.spec_length = sizeof(text) - 1,
		.objects = WANTED(
			"link name=d0 type=dummy mtu=1500 ours", "route to=2001:db8::/32 via=fe80::1 dev=d0 ours") };
}

static int write_whole(struct ls_host *host, const struct ls_generation *generation, const struct ls_ledger *ledger,
	struct ls_error *err)
{
	struct ls_generation_draft draft;

	ls_generation_begin(host, generation, ledger, &draft);
	return ls_generation_finish(&draft, err);
}

static void write_generation(struct ls_host *host, uint64_t number, struct ls_ledger ledger)
{
	struct ls_generation generation = sample(number);
	struct ls_error err = { 0 };

	cr_assert_eq(write_whole(host, &generation, &ledger, &err), 0, "%s", err.message);
}

static void commit(struct ls_host *host, uint64_t number, struct ls_ledger ledger)
{
	write_generation(host, number, ledger);
	cr_assert_eq(ls_state_write_current(host, number, NULL), 0);
}

static const struct ls_ledger nothing;

Test(generation, what_is_written_is_read_back)
{
	struct ls_host host = host_in(1, 2);
	struct ls_generation generation, expected = sample(7);
	struct ls_error err = { 0 };

	commit(&host, 7, nothing);
	cr_assert_eq(ls_generation_read(&host, 7, whole, &generation, &err), 0, "%s", err.message);
	cr_assert_eq(generation.number, 7);
	cr_assert_eq(generation.source, 3);
	cr_assert_eq(generation.time, 1700000000);
	cr_assert_eq(memcmp(generation.counts, expected.counts, sizeof(generation.counts)), 0);
	cr_assert_eq(generation.n_objects, 2);
	cr_assert_eq(generation.n_satisfied, 1);
	cr_assert_str_eq(generation.command, "apply");
	cr_assert_str_eq(generation.who, "anna");
	cr_assert_str_eq(generation.message, "a reason");
	cr_assert_str_eq(generation.spec_file, "gw.yaml");
	cr_assert_str_eq(generation.spec_text, expected.spec_text);
	cr_assert_eq(generation.spec_length, expected.spec_length);
	cr_assert(generation.this_epoch);
	cr_assert_eq(generation.objects.n_objects, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_assert(ls_object_same(generation.objects.objects[i], expected.objects.objects[i]));
		cr_assert_eq(generation.objects.objects[i]->owner, LS_OWNER_OURS);
	}
	ls_generation_done(&generation);
}

Test(generation, a_list_does_not_read_spec_and_objects)
{
	struct ls_host host = host_in(1, 2);
	struct ls_generation generation;

	commit(&host, 7, nothing);
	cr_assert_eq(ls_generation_read(&host, 7, 0, &generation, NULL), 0);
	cr_assert_str_eq(generation.who, "anna");
	cr_assert_null(generation.spec_text);
	cr_assert_eq(generation.objects.n_objects, 0);
	ls_generation_done(&generation);
}

Test(generation, one_without_a_spec_is_read_back)
{
	struct ls_host host = host_in(1, 2);
	struct ls_generation generation = { .number = 1, .command = "down" };

	build_begin(&generation.objects);
	cr_assert_eq(write_whole(&host, &generation, &nothing, NULL), 0);
	cr_assert_eq(ls_state_write_current(&host, 1, NULL), 0);
	cr_assert_eq(ls_generation_read(&host, 1, whole, &generation, NULL), 0);
	cr_assert_str_eq(generation.command, "down");
	cr_assert_str_eq(generation.who, "");
	cr_assert_eq(generation.spec_length, 0);
	cr_assert_eq(generation.objects.n_objects, 0);
	ls_generation_done(&generation);
}

/* ---- steps and times --------------------------------------------------------------------------------------------- */

Test(generation, steps_and_times_are_read_back)
{
	static struct ls_taken steps[] = {
		{ LS_OP_ADD, "link", "d0", "", 5, 3 },
		{ LS_OP_CHANGE, "link", "eth0", "mtu up", 0, 0 },
		{ LS_OP_DELETE, "route", "10.0.0.0/8 metric 5", "", 0, 0 },
	};
	struct ls_host host = host_in(1, 2);
	struct ls_generation generation = sample(7);

	generation.steps = steps;
	generation.n_steps = LS_ARRAY_SIZE(steps);
	memcpy(generation.microseconds, (uint32_t[]){ 1, 20, 300, 4000 }, sizeof(generation.microseconds));
	cr_assert_eq(write_whole(&host, &generation, &nothing, NULL), 0);
	cr_assert_eq(ls_state_write_current(&host, 7, NULL), 0);
	cr_assert_eq(ls_generation_read(&host, 7, whole, &generation, NULL), 0);
	cr_assert(generation.has_steps);
	cr_expect_eq(generation.microseconds[LS_TIMING_PLAN], 1);
	cr_expect_eq(generation.microseconds[LS_TIMING_VERIFY], 4000);
	cr_assert_eq(generation.n_steps, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_eq(generation.steps[i].op, steps[i].op);
		cr_expect_str_eq(generation.steps[i].kind, steps[i].kind);
		cr_expect_str_eq(generation.steps[i].id, steps[i].id);
		cr_expect_str_eq(generation.steps[i].attributes, steps[i].attributes);
		cr_expect_eq(generation.steps[i].line, steps[i].line);
		cr_expect_eq(generation.steps[i].column, steps[i].column);
	}
	ls_generation_done(&generation);
}

/* tests/unit/apply/generation-before-steps was written by the program of commit 77fa9ff. */
Test(generation, file_of_an_older_program_is_read)
{
	struct ls_host host = host_in(0, 2);
	struct ls_generation generation;
	struct ls_error err = { 0 };
	char *data = NULL;
	size_t length;

	cr_assert_eq(ls_file_read("tests/unit/apply/generation-before-steps", 1 << 20, &data, &length, &err), 0, "%s",
		err.message);
	write_state_file(&host, "generations/1", data, length);
	free(data);
	cr_assert_eq(ls_state_write_current(&host, 1, NULL), 0);
	cr_assert_eq(ls_generation_read(&host, 1, whole, &generation, &err), 0, "%s", err.message);
	cr_expect_str_eq(generation.message, "written before steps were");
	cr_expect_str_eq(generation.who, "anna");
	cr_expect_eq(generation.counts[LS_OP_ADD], 3);
	cr_expect_eq(generation.objects.n_objects, 4);
	cr_expect_not_null(strstr(generation.spec_text, "name: before"));
	cr_expect_not(generation.has_steps);
	cr_expect_eq(generation.n_steps, 0);
	ls_generation_done(&generation);
}

Test(generation, damaged_steps_are_refused)
{
	static struct ls_taken steps[] = { { (enum ls_op)9, "link", "d0", "", 5, 3 } };
	struct ls_host host = host_in(1, 2);
	struct ls_generation generation = sample(7);

	generation.steps = steps;
	generation.n_steps = 1;
	cr_assert_eq(write_whole(&host, &generation, &nothing, NULL), 0);
	cr_assert_eq(ls_state_write_current(&host, 7, NULL), 0);
	cr_expect_eq(ls_generation_read(&host, 7, whole, &generation, NULL), -EBADMSG);
	cr_expect_eq(ls_generation_read(&host, 7, LS_GENERATION_SPEC, &generation, NULL), 0);
	ls_generation_done(&generation);
}

static void assert_missing(struct ls_host *host, uint64_t number, int code, const char *part)
{
	struct ls_generation generation;
	struct ls_error err = { 0 };

	cr_assert_eq(ls_generation_read(host, number, whole, &generation, &err), code);
	cr_assert(strstr(err.message, part), "%s", err.message);
}

Test(generation, one_that_was_not_committed_does_not_count)
{
	struct ls_host host = host_in(1, 2);

	commit(&host, 7, nothing);
	write_generation(&host, 8, nothing);
	assert_missing(&host, 8, -ENOENT, "no generation 8");
	assert_missing(&host, 0, -ENOENT, "no generation 0");
	assert_missing(&host, 6, -ENOENT, "no generation 6 any more");
}

Test(generation, one_of_another_epoch_counts_and_says_so)
{
	struct ls_host host = host_in(1, 2), rebooted = host_in(1, 3);
	struct ls_generation generation;

	commit(&host, 7, nothing);
	cr_assert_eq(ls_state_read_current(&rebooted, NULL), 0);
	cr_assert_eq(ls_generation_read(&rebooted, 7, whole, &generation, NULL), 0);
	cr_assert_not(generation.this_epoch);
	ls_generation_done(&generation);
}

Test(generation, one_of_another_machine_does_not_count)
{
	struct ls_host host = host_in(1, 2), clone = host_in(9, 2);

	commit(&host, 7, nothing);
	clone.current = 7; /* as if it had come that far by itself */
	assert_missing(&clone, 7, -ENOENT, "another machine");
}

Test(generation, a_damaged_one_is_named)
{
	struct ls_host host = host_in(1, 2);

	commit(&host, 7, nothing);
	write_state_file(&host, "generations/7", "x", 1);
	assert_missing(&host, 7, -EBADMSG, "generation 7");
}

Test(generation, one_of_a_newer_linkspan_is_named)
{
	struct ls_host host = host_in(1, 2);
	char *data;
	size_t length;

	commit(&host, 7, nothing);
	read_state_file(&host, "generations/7", &data, &length);
	data[8] = 42;
	write_state_file(&host, "generations/7", data, length);
	assert_missing(&host, 7, -EPROTO, "format 42");
	free(data);
}

Test(generation, a_spec_is_recognised)
{
	struct ls_host host = host_in(1, 2);
	struct ls_generation generation = sample(7);

	commit(&host, 7, nothing);
	cr_assert(ls_generation_has_spec(&host, 7, generation.spec_text, generation.spec_length));
	cr_assert_not(ls_generation_has_spec(&host, 7, generation.spec_text, generation.spec_length - 1));
	cr_assert_not(ls_generation_has_spec(&host, 7, "linkspan: 1\nkind: gatewax\n", generation.spec_length));
	cr_assert_not(ls_generation_has_spec(&host, 6, generation.spec_text, generation.spec_length));
}

/* ---- many -------------------------------------------------------------------------------------------------------- */

Test(generation, history_is_in_order_and_skips_what_does_not_count)
{
	struct ls_host host = host_in(1, 2);
	struct ls_generation *generations;
	size_t n;

	for (uint64_t number = 8; number <= 11; number++)
		commit(&host, number, nothing);
	write_generation(&host, 12, nothing);
	write_state_file(&host, "generations/9", "damaged", 7);
	write_state_file(&host, "generations/notes", "", 0);
	write_state_file(&host, "generations/10.tmp", "", 0);
	cr_assert_eq(ls_host_history(&host, &generations, &n, NULL), 0);
	cr_assert_eq(n, 3);
	cr_assert_eq(generations[0].number, 8);
	cr_assert_eq(generations[1].number, 10);
	cr_assert_eq(generations[2].number, 11);
	for (size_t i = 0; i < n; i++)
		ls_generation_done(&generations[i]);
	free(generations);
}

Test(generation, a_host_without_a_record_has_no_history)
{
	struct ls_host host = { .dirfd = -1, .generationsfd = -1 };
	struct ls_generation *generations;
	size_t n = 7;

	cr_assert_eq(ls_host_history(&host, &generations, &n, NULL), 0);
	cr_assert_eq(n, 0);
	free(generations);
}

Test(generation, twenty_are_kept_besides_the_current_one)
{
	struct ls_host host = host_in(1, 2);
	uint64_t *numbers;
	size_t n;

	for (uint64_t number = 1; number <= 30; number++)
		commit(&host, number, nothing);
	write_generation(&host, 31, nothing); /* not committed: not the prune's business */
	ls_generation_prune(&host);
	cr_assert_eq(ls_generation_numbers(&host, &numbers, &n, NULL), 0);
	cr_assert_eq(n, LS_GENERATIONS_KEPT + 1);
	cr_assert_eq(numbers[0], 30 - LS_GENERATIONS_KEPT);
	cr_assert_eq(numbers[n - 1], 30);
	cr_assert(state_file_exists(&host, "generations/31"));
	free(numbers);
	ls_generation_prune(&host);
	cr_assert_eq(ls_generation_numbers(&host, &numbers, &n, NULL), 0);
	cr_assert_eq(n, LS_GENERATIONS_KEPT + 1);
	free(numbers);
}

Test(generation, as_many_as_are_kept_are_not_pruned)
{
	struct ls_host host = host_in(1, 2);
	uint64_t *numbers;
	size_t n;

	for (uint64_t number = 1; number <= LS_GENERATIONS_KEPT + 1; number++)
		commit(&host, number, nothing);
	ls_generation_prune(&host);
	cr_assert_eq(ls_generation_numbers(&host, &numbers, &n, NULL), 0);
	cr_assert_eq(n, LS_GENERATIONS_KEPT + 1);
	free(numbers);
}

/* ---- the ledger -------------------------------------------------------------------------------------------------- */

static struct ls_ledger sample_ledger(void)
{
	static struct ls_original originals[2];

	originals[0] = (struct ls_original){ build_wanted("sysctl path=net/ipv4/ip_forward value=0"),
		build_wanted("sysctl path=net/ipv4/ip_forward value=1") };
	originals[1] = (struct ls_original){ build("link name=eth0 mtu=1500 -master adjust"),
		build("link name=eth0 mtu=1400 master=br0 adjust") };
	return (struct ls_ledger){ .originals = originals, .n_originals = 2 };
}

Test(generation, the_ledger_is_read_back)
{
	struct ls_host host = host_in(1, 2);
	struct ls_ledger ledger;

	commit(&host, 7, sample_ledger());
	cr_assert_eq(ls_ledger_read(&host, build_arena(), &ledger, NULL), 0);
	cr_assert_eq(ledger.n_originals, 2);
	cr_assert_str_eq(((struct ls_sysctl *)ledger.originals[0].original)->value, "0");
	cr_assert_str_eq(((struct ls_sysctl *)ledger.originals[0].written)->value, "1");
	cr_assert_eq(ledger.originals[1].original->managed, LS_BIT(LS_LINK_MTU) | LS_BIT(LS_LINK_MASTER));
	cr_assert_not(ls_object_has(ledger.originals[1].original, LS_LINK_MASTER));
	cr_assert_str_eq(((struct ls_link *)ledger.originals[1].written)->master, "br0");
	ls_ledger_done(&ledger);
}

Test(generation, the_ledger_of_the_current_generation_counts_alone)
{
	struct ls_host host = host_in(1, 2);
	struct ls_ledger ledger;

	commit(&host, 7, sample_ledger());
	commit(&host, 8, nothing);
	cr_assert_eq(ls_ledger_read(&host, build_arena(), &ledger, NULL), 0);
	cr_assert_eq(ledger.n_originals, 0);
	ls_ledger_done(&ledger);
}

Test(generation, the_ledger_of_another_epoch_does_not_count)
{
	struct ls_host host = host_in(1, 2), rebooted = host_in(1, 3);
	struct ls_ledger ledger;

	commit(&host, 7, sample_ledger());
	cr_assert_eq(ls_state_read_current(&rebooted, NULL), 0);
	cr_assert_eq(ls_ledger_read(&rebooted, build_arena(), &ledger, NULL), 0);
	cr_assert_eq(ledger.n_originals, 0);
}

Test(generation, a_host_without_a_generation_has_an_empty_ledger)
{
	struct ls_host host = host_in(1, 2);
	struct ls_ledger ledger;

	cr_assert_eq(ls_ledger_read(&host, build_arena(), &ledger, NULL), 0);
	cr_assert_eq(ledger.n_originals, 0);
}

/* Without it nobody could say what to give back: better not to go on. */
Test(generation, a_ledger_that_cannot_be_read_is_an_error)
{
	struct ls_host host = host_in(1, 2);
	struct ls_ledger ledger;

	commit(&host, 7, sample_ledger());
	write_state_file(&host, "generations/7", "x", 1);
	cr_assert_eq(ls_ledger_read(&host, build_arena(), &ledger, NULL), -EBADMSG);
	cr_assert_eq(ledger.n_originals, 0);
}

Test(generation, a_ledger_whose_count_is_beyond_the_file_is_refused)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record = { .n_sections = 4 };
	struct ls_ledger ledger;

	for (size_t i = 0; i < 4; i++)
		ls_write_u64(&record.sections[i], UINT64_MAX);
	cr_assert_eq(ls_record_write(&host, host.generationsfd, "7", LS_RECORD_GENERATION, &record, NULL), 0);
	cr_assert_eq(ls_state_write_current(&host, 7, NULL), 0);
	cr_assert_eq(ls_ledger_read(&host, build_arena(), &ledger, NULL), -EBADMSG);
	ls_record_done(&record);
}
