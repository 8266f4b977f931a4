/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: everything that a run may touch, as it was (`before`: objects of steps and their dependent closure) and
 * as it is to become (`after`). It is on disk and synced before the first message leaves, and goes after the commit.
 * One that is damaged never began; one of another epoch is about a kernel state that is gone; one whose target is the
 * current generation or older was committed.
 */
#include "state.h"

#include <string.h>

enum { SECTION_META, SECTION_BEFORE, SECTION_AFTER, SECTION_FALLOUT, N_SECTIONS };

void ls_journal_done(struct ls_journal *journal)
{
	ls_set_done(&journal->before);
	ls_set_done(&journal->after);
	ls_set_done(&journal->fallout);
	ls_arena_free(journal->arena);
	*journal = (struct ls_journal){ 0 };
}

static int add_all(struct ls_set *set, const struct ls_set *from)
{
	ls_set_each (from, i)
		if (ls_set_add(set, from->objects[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* Several steps can be about one object; it enters once. Sorting brings the copies together, and they are one pointer.
 */
static void drop_repeated(struct ls_set *set)
{
	size_t n = 0;

	ls_set_sort(set);
	ls_set_each (set, i) {
		bool repeated = false;

		for (size_t k = n; k-- > 0 && !ls_object_compare(set->objects[k], set->objects[i]) && !repeated;)
			repeated = set->objects[k] == set->objects[i];
		if (!repeated)
			set->objects[n++] = set->objects[i];
	}
	ls_set_truncate(set, n);
}

int ls_journal_from_plan(const struct ls_plan *plan, uint64_t target, struct ls_journal *ret)
{
	struct ls_journal journal = { .target = target };
	int r = 0;

	ls_set_init(&journal.before, NULL);
	ls_set_init(&journal.after, NULL);
	ls_set_init(&journal.fallout, NULL);
	for (size_t i = 0; i < plan->n_steps && r >= 0; i++) {
		const struct ls_step *step = &plan->steps[i];

		if (step->before)
			r = ls_set_add(&journal.before, (struct ls_object *)step->before);
		if (r >= 0 && step->want && !step->partial)
			r = ls_set_add(&journal.after, (struct ls_object *)step->want);
	}
	if (r >= 0)
		r = add_all(&journal.before, &plan->closure);
	if (r >= 0)
		r = add_all(&journal.fallout, &plan->fallout);
	if (r < 0) {
		ls_journal_done(&journal);
		return r;
	}
	drop_repeated(&journal.before);
	drop_repeated(&journal.after);
	ls_set_sort(&journal.fallout);
	*ret = journal;
	return 0;
}

static int write_sections(struct ls_record_draft *draft, const struct ls_journal *journal, struct ls_error *err)
{
	static const struct {
		unsigned section;
		size_t set;
	} sets[] = {
		{ SECTION_BEFORE, offsetof(struct ls_journal, before) },
		{ SECTION_AFTER, offsetof(struct ls_journal, after) },
		{ SECTION_FALLOUT, offsetof(struct ls_journal, fallout) },
	};
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };
	int r;

	ls_record_section(draft, SECTION_META);
	ls_write_u64(&buf, journal->target);
	r = ls_record_append(draft, &buf, err);
	for (size_t i = 0; i < LS_ARRAY_SIZE(sets) && r >= 0; i++) {
		ls_record_section(draft, sets[i].section);
		r = ls_record_append_set(draft, &buf, (const void *)((const char *)journal + sets[i].set), err);
	}
	return r;
}

int ls_journal_write(struct ls_host *host, const struct ls_journal *journal, struct ls_error *err)
{
	struct ls_record_draft draft;
	int r = ls_record_begin(host, host->dirfd, "journal", LS_RECORD_JOURNAL, &draft, err);

	if (r < 0)
		return r;
	r = write_sections(&draft, journal, err);
	if (r >= 0)
		return ls_record_finish(&draft, err);
	ls_record_drop(&draft);
	return r;
}

static int read_set(const struct ls_buf *section, struct ls_arena *arena, struct ls_set *ret)
{
	struct ls_reader reader = { section->data, section->length };
	uint64_t n;
	int r;

	ls_set_init(ret, arena);
	r = ls_read_u64(&reader, &n);
	for (uint64_t i = 0; r >= 0 && i < n; i++) {
		struct ls_object *object = NULL;

		r = ls_object_read(&reader, arena, &object);
		if (r >= 0)
			r = object ? ls_set_add(ret, object) : -EBADMSG;
	}
	ls_set_sort(ret);
	return r;
}

static int decode(const struct ls_record *record, struct ls_journal *ret)
{
	struct ls_reader meta = { record->sections[SECTION_META].data, record->sections[SECTION_META].length };
	int r;

	ret->epoch = record->epoch;
	ret->arena = ls_arena_new();
	if (!ret->arena)
		return -ENOMEM;
	r = ls_read_u64(&meta, &ret->target);
	if (r >= 0)
		r = read_set(&record->sections[SECTION_BEFORE], ret->arena, &ret->before);
	if (r >= 0)
		r = read_set(&record->sections[SECTION_AFTER], ret->arena, &ret->after);
	if (r >= 0)
		r = read_set(&record->sections[SECTION_FALLOUT], ret->arena, &ret->fallout);
	return r;
}

static int read_journal(struct ls_host *host, struct ls_journal *ret, struct ls_error *err)
{
	struct ls_record record;
	int r;

	r = ls_record_read(host->dirfd, "journal", LS_RECORD_JOURNAL, UINT32_MAX, &record, err);
	if (r < 0)
		return r;
	r = record.n_sections == N_SECTIONS ? decode(&record, ret) : -EBADMSG;
	ls_record_done(&record);
	/* Its checksums are right, so it did begin: not to be taken for one that never did. */
	if (r == -EBADMSG)
		return ls_error_set(err, -EPROTO,
			"the journal cannot be understood (linkspan recover --abandon drops it and keeps the host as "
			"it is)");
	return r;
}

int ls_journal_read(struct ls_host *host, bool tidy, struct ls_journal *ret, struct ls_error *err)
{
	struct ls_journal journal = { 0 };
	int r = host->dirfd < 0 ? -ENOENT : read_journal(host, &journal, err);

	if (r >= 0 && ls_epoch_same(&journal.epoch, &host->epoch) && journal.target > host->current) {
		*ret = journal;
		return 0;
	}
	if (r >= 0 && tidy)
		r = ls_state_check_epoch(host, &journal.epoch, err);
	ls_journal_done(&journal);
	if (r == -ENOENT || (r < 0 && r != -EBADMSG))
		return r;
	if (tidy)
		r = ls_journal_remove(host, err);
	return r < 0 && r != -EBADMSG ? r : -ENOENT;
}

int ls_journal_remove(struct ls_host *host, struct ls_error *err)
{
	return ls_file_remove_at(host->dirfd, "journal", err);
}

int ls_journal_give_up(struct ls_host *host, struct ls_error *err)
{
	int r = ls_journal_remove(host, err);

	if (r >= 0)
		ls_keys_prune(host);
	return r;
}
