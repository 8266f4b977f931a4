/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations: one file for each, in four sections: what a list of them shows, the ledger of displaced values, the
 * spec's text, the objects. Sections may have more at their end than a reader knows: so the first and the last have
 * grown, by how long the run took and the mode of failover, and by the steps that it took, and older files lack that.
 * The ledger lives in the generation so that the commit point is one rename for all of it; it counts only in the epoch
 * in which it was written. A file with a number above the current one was never committed, one of another machine came
 * with a cloned image: neither counts.
 */
#include "state.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MANY_OBJECTS 4096u /* what a thread is worth starting for */

enum { SECTION_META, SECTION_LEDGER, SECTION_SPEC, SECTION_OBJECTS, N_SECTIONS };

void ls_generation_done(struct ls_generation *generation)
{
	ls_set_done(&generation->objects);
	ls_arena_free(generation->arena);
	*generation = (struct ls_generation){ 0 };
}

static void write_text(struct ls_buf *buf, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	ls_write_u32(buf, (uint32_t)length);
	ls_buf_append(buf, text ? text : "", length);
}

static int read_text(struct ls_reader *reader, struct ls_arena *arena, const char **ret)
{
	const uint8_t *data;
	uint32_t length;

	if (ls_read_u32(reader, &length) < 0 || ls_read_bytes(reader, length, &data) < 0)
		return -EBADMSG;
	*ret = ls_arena_intern(arena, (const char *)data, length);
	return *ret ? 0 : -ENOMEM;
}

static void write_meta(struct ls_buf *buf, const struct ls_generation *generation, uint64_t source)
{
	ls_write_u64(buf, generation->number);
	ls_write_u64(buf, source);
	ls_write_u64(buf, (uint64_t)generation->time);
	for (size_t i = 0; i < LS_ARRAY_SIZE(generation->counts); i++)
		ls_write_u32(buf, generation->counts[i]);
	ls_write_u32(buf, generation->n_objects);
	ls_write_u32(buf, generation->n_satisfied);
	write_text(buf, generation->command);
	write_text(buf, generation->who);
	write_text(buf, generation->message);
	write_text(buf, generation->spec_file);
	ls_write_u32(buf, LS_N_TIMINGS);
	for (size_t i = 0; i < LS_N_TIMINGS; i++)
		ls_write_u32(buf, generation->microseconds[i]);
	ls_write_u32(buf, generation->failover);
}

/* Not in older files; of a later one, the first that this program knows. */
static int read_timings(struct ls_reader *reader, struct ls_generation *ret)
{
	uint32_t n, unknown;
	int r = 0;

	if (!reader->left)
		return 0;
	if (ls_read_u32(reader, &n) < 0 || n < LS_N_TIMINGS || n > reader->left / sizeof(n))
		return -EBADMSG;
	for (size_t i = 0; i < n && r >= 0; i++)
		r = ls_read_u32(reader, i < LS_N_TIMINGS ? &ret->microseconds[i] : &unknown);
	ret->has_steps = r >= 0;
	return r;
}

/* Not in older files either: they knew none. */
static int read_failover(struct ls_reader *reader, struct ls_generation *ret)
{
	int r = reader->left ? ls_read_u32(reader, &ret->failover) : 0;

	return r >= 0 && ret->failover > LS_FAILOVER_PERMANENT ? -EBADMSG : r;
}

static int read_meta(const struct ls_buf *section, struct ls_generation *ret)
{
	struct ls_reader reader = { section->data, section->length };
	uint64_t time = 0;
	int r;

	r = ls_read_u64(&reader, &ret->number);
	r = r < 0 ? r : ls_read_u64(&reader, &ret->source);
	r = r < 0 ? r : ls_read_u64(&reader, &time);
	for (size_t i = 0; i < LS_ARRAY_SIZE(ret->counts) && r >= 0; i++)
		r = ls_read_u32(&reader, &ret->counts[i]);
	r = r < 0 ? r : ls_read_u32(&reader, &ret->n_objects);
	r = r < 0 ? r : ls_read_u32(&reader, &ret->n_satisfied);
	r = r < 0 ? r : read_text(&reader, ret->arena, &ret->command);
	r = r < 0 ? r : read_text(&reader, ret->arena, &ret->who);
	r = r < 0 ? r : read_text(&reader, ret->arena, &ret->message);
	r = r < 0 ? r : read_text(&reader, ret->arena, &ret->spec_file);
	r = r < 0 ? r : read_timings(&reader, ret);
	r = r < 0 ? r : read_failover(&reader, ret);
	ret->time = (int64_t)time;
	return r;
}

static void write_ledger(struct ls_buf *buf, const struct ls_ledger *ledger)
{
	ls_write_u64(buf, ledger->n_originals);
	for (size_t i = 0; i < ledger->n_originals; i++) {
		ls_object_write(buf, ledger->originals[i].original);
		ls_object_write(buf, ledger->originals[i].written);
	}
}

static int read_ledger(const struct ls_buf *section, struct ls_arena *arena, struct ls_ledger *ret)
{
	struct ls_reader reader = { section->data, section->length };
	uint64_t n;

	/* An entry has two objects of more than 20 bytes each: a greater number is damage, not a reason to allocate. */
	if (ls_read_u64(&reader, &n) < 0 || n > section->length)
		return -EBADMSG;
	ret->originals = calloc((size_t)n + 1, sizeof(*ret->originals));
	if (!ret->originals)
		return -ENOMEM;
	ret->size = (size_t)n + 1;
	for (ret->n_originals = 0; ret->n_originals < n; ret->n_originals++) {
		struct ls_original *entry = &ret->originals[ret->n_originals];
		int r = ls_object_read(&reader, arena, &entry->original);

		r = r < 0 ? r : ls_object_read(&reader, arena, &entry->written);
		if (r < 0 || !entry->original || !entry->written || entry->original->kind != entry->written->kind)
			return r < 0 ? r : -EBADMSG;
	}
	return 0;
}

static void write_steps(struct ls_buf *buf, const struct ls_generation *generation)
{
	ls_write_u32(buf, (uint32_t)generation->n_steps);
	for (size_t i = 0; i < generation->n_steps; i++) {
		const struct ls_taken *step = &generation->steps[i];

		ls_write_u32(buf, step->op);
		ls_write_u32(buf, step->line);
		ls_write_u32(buf, step->column);
		write_text(buf, step->kind);
		write_text(buf, step->id);
		write_text(buf, step->attributes);
	}
}

static int read_step(struct ls_reader *reader, struct ls_arena *arena, struct ls_taken *ret)
{
	uint32_t op = 0;
	int r;

	r = ls_read_u32(reader, &op);
	r = r < 0 ? r : ls_read_u32(reader, &ret->line);
	r = r < 0 ? r : ls_read_u32(reader, &ret->column);
	r = r < 0 ? r : read_text(reader, arena, &ret->kind);
	r = r < 0 ? r : read_text(reader, arena, &ret->id);
	r = r < 0 ? r : read_text(reader, arena, &ret->attributes);
	ret->op = (enum ls_op)op;
	return r >= 0 && op > LS_OP_DELETE ? -EBADMSG : r;
}

/* Not in older files. */
static int read_steps(struct ls_reader *reader, struct ls_generation *ret)
{
	uint32_t n;
	int r = 0;

	if (!reader->left)
		return 0;
	if (ls_read_u32(reader, &n) < 0 || n > LS_STEPS_KEPT)
		return -EBADMSG;
	ret->steps = ls_arena_alloc(ret->arena, (n + 1) * sizeof(*ret->steps));
	if (!ret->steps)
		return -ENOMEM;
	for (ret->n_steps = 0; ret->n_steps < n && r >= 0; ret->n_steps++)
		r = read_step(reader, ret->arena, &ret->steps[ret->n_steps]);
	return r;
}

static int read_objects(const struct ls_buf *section, struct ls_generation *ret)
{
	struct ls_reader reader = { section->data, section->length };
	uint64_t n;
	int r;

	ls_set_init(&ret->objects, ret->arena);
	r = ls_read_u64(&reader, &n);
	for (uint64_t i = 0; r >= 0 && i < n; i++) {
		struct ls_object *object = NULL;

		r = ls_object_read(&reader, ret->arena, &object);
		if (r >= 0)
			r = object ? ls_set_add(&ret->objects, object) : -EBADMSG;
	}
	ls_set_sort(&ret->objects);
	return r < 0 ? r : read_steps(&reader, ret);
}

static const char *file_name(uint64_t number, char text[static 32])
{
	snprintf(text, 32, "%" PRIu64, number);
	return text;
}

bool ls_generation_repeats_current(struct ls_host *host, const struct ls_set *objects, uint64_t *ret_source)
{
	struct ls_generation current;
	bool same;

	/* The count comes first: it is in the part that is read quickly. */
	if (!host->current || ls_generation_read(host, host->current, 0, &current, NULL) < 0)
		return false;
	same = current.n_objects == objects->n_objects;
	ls_generation_done(&current);
	if (!same || ls_generation_read(host, host->current, LS_GENERATION_OBJECTS, &current, NULL) < 0)
		return false;
	for (size_t i = 0; same && i < objects->n_objects; i++)
		same = !ls_object_compare(current.objects.objects[i], objects->objects[i]) &&
		       ls_object_same(current.objects.objects[i], objects->objects[i]);
	*ret_source = current.source;
	ls_generation_done(&current);
	return same;
}

/* A repair repeats what is in force: who rolls back wants what was before that. */
static uint64_t find_source(struct ls_host *host, const struct ls_generation *generation)
{
	uint64_t source;

	if (generation->source)
		return generation->source;
	return ls_generation_repeats_current(host, &generation->objects, &source) ? source : generation->number;
}

/* All but META, which says how the run went. */
static int write_sections(struct ls_generation_draft *draft, struct ls_error *err)
{
	const struct ls_generation *generation = draft->generation;
	struct ls_record_draft *record = &draft->record;
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };
	char name[32];
	int r;

	r = ls_record_begin(draft->host, draft->host->generationsfd, file_name(generation->number, name),
		LS_RECORD_GENERATION, record, err);
	if (r < 0)
		return r;
	ls_record_section(record, SECTION_LEDGER);
	write_ledger(&buf, draft->ledger);
	r = ls_record_append(record, &buf, err);
	ls_record_section(record, SECTION_SPEC);
	if (r >= 0 && generation->spec_length)
		r = ls_record_append(record,
			&(struct ls_buf){ .data = (uint8_t *)generation->spec_text, .length = generation->spec_length },
			err);
	ls_record_section(record, SECTION_OBJECTS);
	r = r < 0 ? r : ls_record_append_set(record, &buf, &generation->objects, err);
	write_steps(&buf, generation);
	r = r < 0 ? r : ls_record_append(record, &buf, err);
	draft->source = find_source(draft->host, generation);
	return r;
}

static void *write_ahead(void *data)
{
	struct ls_generation_draft *draft = data;

	draft->result = write_sections(draft, &draft->error);
	return NULL;
}

void ls_generation_begin(struct ls_host *host, const struct ls_generation *generation, const struct ls_ledger *ledger,
	struct ls_generation_draft *ret)
{
	*ret = (struct ls_generation_draft){ .host = host, .generation = generation, .ledger = ledger };
	if (generation->objects.n_objects >= MANY_OBJECTS)
		ret->has_thread = !pthread_create(&ret->thread, NULL, write_ahead, ret);
}

static int await_sections(struct ls_generation_draft *draft, struct ls_error *err)
{
	if (!draft->has_thread)
		return write_sections(draft, err);
	pthread_join(draft->thread, NULL);
	draft->has_thread = false;
	if (draft->result < 0 && err)
		*err = draft->error;
	return draft->result;
}

int ls_generation_finish(struct ls_generation_draft *draft, struct ls_error *err)
{
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };
	int r = await_sections(draft, err);

	if (r >= 0) {
		ls_record_section(&draft->record, SECTION_META);
		write_meta(&buf, draft->generation, draft->source);
		r = ls_record_append(&draft->record, &buf, err);
	}
	if (r >= 0)
		return ls_record_finish(&draft->record, err);
	ls_record_drop(&draft->record);
	return r;
}

void ls_generation_drop(struct ls_generation_draft *draft)
{
	if (draft->has_thread)
		(void)await_sections(draft, NULL);
	ls_record_drop(&draft->record);
}

static int decode(const struct ls_host *host, const struct ls_record *record, unsigned parts, struct ls_generation *ret)
{
	const struct ls_buf *spec = &record->sections[SECTION_SPEC];
	int r;

	ret->arena = ls_arena_new();
	if (!ret->arena)
		return -ENOMEM;
	ret->this_epoch = ls_epoch_same(&record->epoch, &host->epoch);
	r = read_meta(&record->sections[SECTION_META], ret);
	if (r >= 0 && parts & LS_GENERATION_SPEC) {
		ret->spec_text = ls_arena_copy(ret->arena, spec->data, spec->length + 1); /* sections end in a zero */
		ret->spec_length = spec->length;
		r = ret->spec_text ? 0 : -ENOMEM;
	}
	return r >= 0 && parts & LS_GENERATION_OBJECTS ? read_objects(&record->sections[SECTION_OBJECTS], ret) : r;
}

static uint32_t sections_of(unsigned parts)
{
	return LS_BIT(SECTION_META) | (parts & LS_GENERATION_SPEC ? LS_BIT(SECTION_SPEC) : 0) |
	       (parts & LS_GENERATION_OBJECTS ? LS_BIT(SECTION_OBJECTS) : 0);
}

int ls_generation_read(
	struct ls_host *host, uint64_t number, unsigned parts, struct ls_generation *ret, struct ls_error *err)
{
	struct ls_generation generation = { 0 };
	struct ls_record record;
	char name[32];
	int r;

	if (host->generationsfd < 0 || !number || number > host->current)
		return ls_error_set(err, -ENOENT, "there is no generation %" PRIu64, number);
	r = ls_record_read(
		host->generationsfd, file_name(number, name), LS_RECORD_GENERATION, sections_of(parts), &record, err);
	if (r == -ENOENT)
		return ls_error_set(err, r, "there is no generation %" PRIu64 " any more", number);
	if (r < 0)
		return ls_error_context(err, r, "generation %" PRIu64, number);
	r = memcmp(record.epoch.machine, host->epoch.machine, sizeof(record.epoch.machine)) != 0 ? -ENOENT : 0;
	if (r >= 0)
		r = record.n_sections == N_SECTIONS ? decode(host, &record, parts, &generation) : -EBADMSG;
	ls_record_done(&record);
	if (r < 0) {
		ls_generation_done(&generation);
		return ls_error_set(err, r, "generation %" PRIu64 " %s", number,
			r == -ENOENT ? "is another machine's" : "is damaged");
	}
	*ret = generation;
	return 0;
}

bool ls_generation_has_spec(struct ls_host *host, uint64_t number, const char *text, size_t length)
{
	struct ls_record record;
	const struct ls_buf *spec = &record.sections[SECTION_SPEC];
	char name[32];
	bool same;

	if (ls_record_read(host->generationsfd, file_name(number, name), LS_RECORD_GENERATION, LS_BIT(SECTION_SPEC),
		    &record, NULL) < 0)
		return false;
	same = record.n_sections == N_SECTIONS && spec->length == length && !memcmp(spec->data, text, length);
	ls_record_done(&record);
	return same;
}

int ls_ledger_read(struct ls_host *host, struct ls_arena *arena, struct ls_ledger *ret, struct ls_error *err)
{
	struct ls_ledger ledger = { 0 };
	struct ls_record record;
	char name[32];
	int r;

	*ret = ledger;
	if (!host->current_is_epochs)
		return 0;
	r = ls_record_read(host->generationsfd, file_name(host->current, name), LS_RECORD_GENERATION,
		LS_BIT(SECTION_LEDGER), &record, err);
	if (r < 0)
		return ls_error_context(err, r, "reading what was displaced");
	r = read_ledger(&record.sections[SECTION_LEDGER], arena, &ledger);
	ls_record_done(&record);
	if (r < 0) {
		ls_ledger_done(&ledger);
		return ls_error_set(
			err, r, "the record of displaced values in generation %" PRIu64 " is damaged", host->current);
	}
	*ret = ledger;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int collect_numbers(DIR *dir, uint64_t current, uint64_t **ret, size_t *ret_n)
{
	uint64_t *numbers = NULL;
	size_t n = 0;
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		char *end;
		uint64_t number = strtoull(entry->d_name, &end, 10), *grown;

		if (*end || end == entry->d_name || !number || number > current)
			continue;
		grown = reallocarray(numbers, n + 1, sizeof(*grown));
		if (!grown) {
			free(numbers);
			return -ENOMEM;
		}
		numbers = grown;
		numbers[n++] = number;
	}
	if (n)
		qsort(numbers, n, sizeof(*numbers), compare_numbers);
	*ret = numbers;
	*ret_n = n;
	return 0;
}

int ls_generation_numbers(struct ls_host *host, uint64_t **ret, size_t *ret_n, struct ls_error *err)
{
	DIR *dir;
	int fd, r;

	*ret = NULL;
	*ret_n = 0;
	if (host->generationsfd < 0)
		return 0;
	fd = openat(host->generationsfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		ls_close(&fd);
		return ls_error_set(err, -errno, "cannot list the generations: %s", strerror(errno));
	}
	r = collect_numbers(dir, host->current, ret, ret_n);
	closedir(dir);
	return r < 0 ? ls_error_set(err, r, "out of memory") : 0;
}

void ls_generation_prune(struct ls_host *host)
{
	uint64_t *numbers;
	char name[32];
	size_t n;

	if (ls_generation_numbers(host, &numbers, &n, NULL) < 0)
		return;
	for (size_t i = 0; i + LS_GENERATIONS_KEPT + 1 < n; i++)
		unlinkat(host->generationsfd, file_name(numbers[i], name), 0);
	free(numbers);
}
