/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: what enters it, and when one that is there matters. */
#include "state_tools.h"

#include "../plan/tools.h"

TestSuite(journal, .init = enter, .fini = leave);

static struct ls_journal journal_of(struct ls_set want, struct ls_set have, uint64_t target)
{
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });
	struct ls_journal journal;

	cr_assert_eq(ls_journal_from_plan(plan, target, &journal), 0);
	build_keep(plan); /* the journal borrows from it */
	build_keep_set(&journal.before);
	build_keep_set(&journal.after);
	build_keep_set(&journal.fallout);
	return journal;
}

static struct ls_journal sample(uint64_t target)
{
	return journal_of(
		WANTED("link name=d0 type=dummy mtu=1400 up=true", "route to=10.0.0.0/8 via=192.0.2.2 dev=eth0",
			"sysctl path=net/ipv4/ip_forward value=1"),
		ACTUAL("link name=d0 type=dummy mtu=1500 up=false ours", "address dev=d0 address=192.0.2.1/24 raw",
			"sysctl path=net/ipv4/ip_forward value=0", "sysctl path=net/ipv4/conf/eth0/forwarding value=0"),
		target);
}

static void write_sample(struct ls_host *host, uint64_t target)
{
	struct ls_journal journal = sample(target);
	struct ls_error err = { 0 };

	cr_assert_eq(ls_journal_write(host, &journal, &err), 0, "%s", err.message);
}

static void assert_has(const struct ls_set *set, const char *object)
{
	const struct ls_object *key = build(object), *found = ls_set_find(set, key);

	cr_assert_not_null(found, "no %s", object);
	cr_assert_eq(ls_object_diff(key, found), 0, "%s: differs in %x", object, ls_object_diff(key, found));
}

Test(journal, it_holds_before_and_after_of_what_a_plan_can_touch)
{
	struct ls_journal journal = sample(1);

	cr_assert_eq(journal.before.n_objects, 4);
	assert_has(&journal.before, "link name=d0 type=dummy mtu=1500 up=false");
	assert_has(&journal.before, "address dev=d0 address=192.0.2.1/24");
	assert_has(&journal.before, "sysctl path=net/ipv4/ip_forward value=0");
	assert_has(&journal.before, "sysctl path=net/ipv4/conf/eth0/forwarding value=0");
	cr_assert_eq(journal.after.n_objects, 3);
	assert_has(&journal.after, "link name=d0 type=dummy mtu=1400 up=true");
	assert_has(&journal.after, "route to=10.0.0.0/8 via=192.0.2.2 dev=eth0");
	assert_has(&journal.after, "sysctl path=net/ipv4/ip_forward value=1");
	cr_assert_eq(journal.fallout.n_objects, 1);
	assert_has(&journal.fallout, "sysctl path=net/ipv4/conf/eth0/forwarding value=1");
}

/* Two steps, mtu and up: one object. */
Test(journal, an_object_of_several_steps_enters_once)
{
	struct ls_journal journal = sample(1);
	size_t n = 0;

	ls_set_each (&journal.before, i)
		n += journal.before.objects[i]->kind == &ls_kind_link;
	cr_assert_eq(n, 1);
	n = 0;
	ls_set_each (&journal.after, i)
		n += journal.after.objects[i]->kind == &ls_kind_link;
	cr_assert_eq(n, 1);
}

Test(journal, several_objects_of_one_slot_enter_all)
{
	struct ls_journal journal = journal_of(WANTED(),
		ACTUAL("route to=2001:db8::/32 via=fe80::1 dev=d0 ours",
			"route to=2001:db8::/32 via=fe80::2 dev=d0 ours"),
		1);

	cr_assert_eq(journal.before.n_objects, 2);
	cr_assert_eq(journal.after.n_objects, 0);
}

Test(journal, what_is_deleted_is_only_before_and_what_is_added_only_after)
{
	struct ls_journal journal = journal_of(
		WANTED("address dev=d0 address=192.0.2.1/24"), ACTUAL("address dev=d0 address=2001:db8::1/64 ours"), 1);

	cr_assert_eq(journal.before.n_objects, 1);
	cr_assert_eq(journal.after.n_objects, 1);
	assert_has(&journal.before, "address dev=d0 address=2001:db8::1/64");
	assert_has(&journal.after, "address dev=d0 address=192.0.2.1/24");
}

Test(journal, what_is_written_is_read_back)
{
	struct ls_host host = host_in(1, 2);
	struct ls_journal journal, expected = sample(7);
	struct ls_error err = { 0 };

	write_sample(&host, 7);
	cr_assert_eq(ls_journal_read(&host, true, &journal, &err), 0, "%s", err.message);
	cr_assert_eq(journal.target, 7);
	cr_assert_eq(journal.before.n_objects, expected.before.n_objects);
	ls_set_each (&expected.before, i) {
		const struct ls_object *a = expected.before.objects[i], *b = journal.before.objects[i];

		cr_assert_eq(ls_object_compare(a, b), 0);
		cr_assert(ls_object_same(a, b));
		cr_assert_eq(a->owner, b->owner);
		cr_assert_eq(a->raw_length, b->raw_length);
	}
	cr_assert_eq(journal.after.n_objects, expected.after.n_objects);
	cr_assert_eq(journal.fallout.n_objects, expected.fallout.n_objects);
	ls_journal_done(&journal);
}

/* ---- does it matter? --------------------------------------------------------------------------------------------- */

static void assert_ignored(struct ls_host *host, const char *why)
{
	struct ls_journal journal;

	cr_assert_eq(ls_journal_read(host, false, &journal, NULL), -ENOENT, "%s", why);
	cr_assert(state_file_exists(host, "journal"), "%s: looking removes nothing", why);
	cr_assert_eq(ls_journal_read(host, true, &journal, NULL), -ENOENT, "%s", why);
	cr_assert_not(state_file_exists(host, "journal"), "%s: tidying does", why);
}

Test(journal, without_one_there_is_nothing_to_recover)
{
	struct ls_host host = host_in(1, 2), nowhere = { .dirfd = -1 };
	struct ls_journal journal;

	cr_assert_eq(ls_journal_read(&host, true, &journal, NULL), -ENOENT);
	cr_assert_eq(ls_journal_read(&nowhere, true, &journal, NULL), -ENOENT);
	cr_assert_not(ls_host_is_interrupted(&host));
}

Test(journal, one_of_a_run_cut_short_matters)
{
	struct ls_host host = host_in(1, 2);

	host.current = 6;
	write_sample(&host, 7);
	cr_assert(ls_host_is_interrupted(&host));
	cr_assert(state_file_exists(&host, "journal"));
}

Test(journal, one_of_another_epoch_is_about_a_state_that_is_gone)
{
	struct ls_host host = host_in(1, 2), rebooted = host_in(1, 3), elsewhere = host_in(1, 2);

	write_sample(&host, 7);
	assert_ignored(&rebooted, "reboot");
	write_sample(&host, 7);
	elsewhere.epoch.netns++;
	assert_ignored(&elsewhere, "another namespace");
}

Test(journal, one_of_a_generation_that_was_committed_is_finished)
{
	struct ls_host host = host_in(1, 2);

	write_sample(&host, 7);
	host.current = 7;
	assert_ignored(&host, "committed");
	write_sample(&host, 7);
	host.current = 8;
	assert_ignored(&host, "committed long ago");
}

Test(journal, one_that_was_not_written_to_its_end_never_began)
{
	struct ls_host host = host_in(1, 2);
	char *data;
	size_t length;

	write_sample(&host, 7);
	read_state_file(&host, "journal", &data, &length);
	for (size_t n = 0; n < length; n += 13) {
		write_state_file(&host, "journal", data, n);
		assert_ignored(&host, "cut short");
	}
	write_state_file(&host, "journal", data, length - 1);
	assert_ignored(&host, "a byte short");
	free(data);
}

Test(journal, one_of_a_newer_linkspan_is_refused_and_kept)
{
	struct ls_host host = host_in(1, 2);
	struct ls_error err = { 0 };
	struct ls_journal journal;
	char *data;
	size_t length;

	write_sample(&host, 7);
	read_state_file(&host, "journal", &data, &length);
	data[8] = 99;
	write_state_file(&host, "journal", data, length);
	cr_assert_eq(ls_journal_read(&host, true, &journal, &err), -EPROTO);
	cr_assert(strstr(err.message, "99"), "%s", err.message);
	cr_assert(state_file_exists(&host, "journal"));
	free(data);
}

/* Its checksums are right: it began, and what it says is just not understood. */
Test(journal, one_that_is_whole_but_not_understood_is_refused_and_kept)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record = { .n_sections = 4 };
	struct ls_journal journal;

	for (size_t i = 0; i < 4; i++)
		ls_write_u64(&record.sections[i], 1); /* one object, and then none */
	cr_assert_eq(ls_record_write(&host, host.dirfd, "journal", LS_RECORD_JOURNAL, &record, NULL), 0);
	cr_assert_lt(ls_journal_read(&host, true, &journal, NULL), 0);
	cr_assert_neq(ls_journal_read(&host, true, &journal, NULL), -ENOENT);
	cr_assert(state_file_exists(&host, "journal"));
	ls_record_done(&record);
}

/* A count that no file can hold is damage, not a reason to allocate or to loop. */
Test(journal, a_count_beyond_the_file_is_refused)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record = { .n_sections = 4 };
	struct ls_journal journal;

	ls_write_u64(&record.sections[0], 1);
	for (size_t i = 1; i < 4; i++)
		ls_write_u64(&record.sections[i], UINT64_MAX);
	cr_assert_eq(ls_record_write(&host, host.dirfd, "journal", LS_RECORD_JOURNAL, &record, NULL), 0);
	cr_assert_lt(ls_journal_read(&host, true, &journal, NULL), 0);
	ls_record_done(&record);
}

Test(journal, removing_what_is_not_there_is_fine)
{
	struct ls_host host = host_in(1, 2);

	write_sample(&host, 7);
	cr_assert_eq(ls_journal_remove(&host, NULL), 0);
	cr_assert_not(state_file_exists(&host, "journal"));
	cr_assert_eq(ls_journal_remove(&host, NULL), 0);
}
