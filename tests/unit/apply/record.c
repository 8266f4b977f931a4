/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of the state directory's files: what damage is found, and what of another version is refused. */
#include "state_tools.h"

TestSuite(record, .init = enter, .fini = leave);

static struct ls_record record_of(const char *const *texts)
{
	struct ls_record record = { 0 };

	for (; *texts; texts++, record.n_sections++)
		cr_assert_eq(ls_buf_append(&record.sections[record.n_sections], *texts, strlen(*texts)), 0);
	return record;
}

#define RECORD(...) record_of((const char *const[]){ __VA_ARGS__, NULL })

static void put(struct ls_host *host, const char *name, struct ls_record record)
{
	struct ls_error err = { 0 };

	cr_assert_eq(ls_record_write(host, host->dirfd, name, LS_RECORD_JOURNAL, &record, &err), 0, "%s", err.message);
	ls_record_done(&record);
}

static int get(struct ls_host *host, const char *name, uint32_t wanted, struct ls_record *ret, struct ls_error *err)
{
	*ret = (struct ls_record){ .n_sections = 99 };
	return ls_record_read(host->dirfd, name, LS_RECORD_JOURNAL, wanted, ret, err);
}

static void assert_section(const struct ls_record *record, size_t i, const char *text)
{
	cr_assert_eq(record->sections[i].length, strlen(text));
	cr_assert_eq(memcmp(record->sections[i].data, text, strlen(text) + 1), 0, "sections end in a zero");
}

Test(record, what_is_written_is_read_back)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;

	put(&host, "f", RECORD("first", "", "the third section", "4"));
	cr_assert_eq(get(&host, "f", UINT32_MAX, &record, NULL), 0);
	cr_assert_eq(record.n_sections, 4);
	assert_section(&record, 0, "first");
	assert_section(&record, 1, "");
	assert_section(&record, 2, "the third section");
	assert_section(&record, 3, "4");
	cr_assert(ls_epoch_same(&record.epoch, &host.epoch));
	ls_record_done(&record);
}

Test(record, sections_are_read_singly)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;

	put(&host, "f", RECORD("first", "second"));
	cr_assert_eq(get(&host, "f", LS_BIT(1), &record, NULL), 0);
	cr_assert_eq(record.n_sections, 2);
	cr_assert_null(record.sections[0].data);
	assert_section(&record, 1, "second");
	ls_record_done(&record);
}

Test(record, a_section_that_the_file_does_not_have_is_not_read)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;

	put(&host, "f", RECORD("only"));
	cr_assert_eq(get(&host, "f", LS_BIT(3), &record, NULL), 0);
	cr_assert_eq(record.n_sections, 1);
	cr_assert_null(record.sections[3].data);
	ls_record_done(&record);
}

Test(record, a_missing_file_is_not_a_damaged_one)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;

	cr_assert_eq(get(&host, "f", UINT32_MAX, &record, NULL), -ENOENT);
	cr_assert_eq(record.n_sections, 99, "untouched on failure");
}

Test(record, damage_at_any_byte_is_found)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;
	char *data;
	size_t length;

	put(&host, "f", RECORD("first", "second"));
	read_state_file(&host, "f", &data, &length);
	for (size_t at = 0; at < length; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			int r;

			data[at] ^= (char)(1 << bit);
			write_state_file(&host, "f", data, length);
			r = get(&host, "f", UINT32_MAX, &record, NULL);
			/* A damaged version number can only be taken for another version. */
			cr_assert(r == -EBADMSG || (r == -EPROTO && at >= 8 && at < 12), "byte %zu bit %u: %d", at, bit,
				r);
			cr_assert_eq(record.n_sections, 99, "untouched on failure");
			data[at] ^= (char)(1 << bit);
		}
	}
	free(data);
}

Test(record, a_file_that_was_not_written_to_its_end_is_damaged)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;
	char *data;
	size_t length;

	put(&host, "f", RECORD("first", "second"));
	read_state_file(&host, "f", &data, &length);
	for (size_t n = 0; n < length; n++) {
		write_state_file(&host, "f", data, n);
		cr_assert_eq(get(&host, "f", UINT32_MAX, &record, NULL), -EBADMSG, "%zu bytes", n);
	}
	free(data);
}

Test(record, a_damaged_section_does_not_keep_the_others_from_being_read)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;
	char *data;
	size_t length;

	put(&host, "f", RECORD("first", "second"));
	read_state_file(&host, "f", &data, &length);
	data[length - 1] ^= 1;
	write_state_file(&host, "f", data, length);
	cr_assert_eq(get(&host, "f", LS_BIT(0), &record, NULL), 0);
	assert_section(&record, 0, "first");
	ls_record_done(&record);
	cr_assert_eq(get(&host, "f", LS_BIT(1), &record, NULL), -EBADMSG);
	free(data);
}

Test(record, a_file_of_a_newer_version_is_refused_naming_it)
{
	struct ls_host host = host_in(1, 2);
	struct ls_error err = { 0 };
	struct ls_record record;
	char *data;
	size_t length;

	put(&host, "f", RECORD("first"));
	read_state_file(&host, "f", &data, &length);
	data[8] = 7; /* behind the magic, little endian */
	write_state_file(&host, "f", data, length);
	cr_assert_eq(get(&host, "f", UINT32_MAX, &record, &err), -EPROTO);
	cr_assert(strstr(err.message, "7"), "%s", err.message);
	cr_assert(strstr(err.message, "f has format"), "%s", err.message);
	free(data);
}

/* A newer head may be shorter or longer, with its checksum elsewhere. */
Test(record, the_version_is_read_before_anything_that_it_may_change)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;
	char data[4096] = "linkspan\x02\0\0\0";

	write_state_file(&host, "f", data, sizeof(data));
	cr_assert_eq(get(&host, "f", UINT32_MAX, &record, NULL), -EPROTO);
}

Test(record, a_file_of_another_type_is_refused)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;

	put(&host, "f", RECORD("first"));
	cr_assert_eq(ls_record_read(host.dirfd, "f", LS_RECORD_GENERATION, UINT32_MAX, &record, NULL), -EBADMSG);
}

Test(record, a_file_of_somebody_elses_is_refused)
{
	struct ls_host host = host_in(1, 2);
	struct ls_error err = { 0 };
	struct ls_record record;
	char data[1024] = "#!/bin/sh\n";

	write_state_file(&host, "f", data, sizeof(data));
	cr_assert_eq(get(&host, "f", UINT32_MAX, &record, &err), -EBADMSG);
	cr_assert(strstr(err.message, "not a file of linkspan"), "%s", err.message);
}

Test(record, writing_again_replaces)
{
	struct ls_host host = host_in(1, 2);
	struct ls_record record;

	put(&host, "f", RECORD("a long first version of it", "x"));
	put(&host, "f", RECORD("new"));
	cr_assert_eq(get(&host, "f", UINT32_MAX, &record, NULL), 0);
	cr_assert_eq(record.n_sections, 1);
	assert_section(&record, 0, "new");
	cr_assert_not(state_file_exists(&host, "f.tmp"));
	ls_record_done(&record);
}

/* ---- the current generation -------------------------------------------------------------------------------------- */

Test(record, the_current_generation_is_remembered)
{
	struct ls_host host = host_in(1, 2), again = host_in(1, 2);

	cr_assert_eq(ls_state_read_current(&host, NULL), 0);
	cr_assert_eq(host.current, 0);
	cr_assert_eq(ls_state_write_current(&host, 17, NULL), 0);
	cr_assert_eq(host.current, 17);
	cr_assert_eq(ls_state_read_current(&again, NULL), 0);
	cr_assert_eq(again.current, 17);
	cr_assert(again.current_is_epochs);
}

Test(record, the_current_generation_outlives_the_epoch)
{
	struct ls_host host = host_in(1, 2), rebooted = host_in(1, 3);

	cr_assert_eq(ls_state_write_current(&host, 17, NULL), 0);
	cr_assert_eq(ls_state_read_current(&rebooted, NULL), 0);
	cr_assert_eq(rebooted.current, 17);
	cr_assert_not(rebooted.current_is_epochs);
}

Test(record, a_cloned_image_begins_anew)
{
	struct ls_host host = host_in(1, 2), clone = host_in(9, 2);

	cr_assert_eq(ls_state_write_current(&host, 17, NULL), 0);
	cr_assert_eq(ls_state_read_current(&clone, NULL), 0);
	cr_assert_eq(clone.current, 0);
	cr_assert_not(clone.current_is_epochs);
}

Test(record, a_damaged_number_of_the_current_generation_is_an_error)
{
	struct ls_host host = host_in(1, 2);

	cr_assert_eq(ls_state_write_current(&host, 17, NULL), 0);
	write_state_file(&host, "current", "x", 1);
	cr_assert_eq(ls_state_read_current(&host, NULL), -EBADMSG);
}

Test(record, epochs_are_the_same_when_machine_boot_and_namespace_are)
{
	struct ls_epoch a = { .machine = { 1 }, .boot = { 2 }, .netns = 3 }, b = a;

	cr_assert(ls_epoch_same(&a, &b));
	b.netns = 4;
	cr_assert_not(ls_epoch_same(&a, &b));
	b = a;
	b.boot[15] = 1;
	cr_assert_not(ls_epoch_same(&a, &b));
	b = a;
	b.machine[15] = 1;
	cr_assert_not(ls_epoch_same(&a, &b));
}
