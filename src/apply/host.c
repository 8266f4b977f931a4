/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host: one namespace and its record. Reading it settles whose each object is, and which sysctls are worth reading.
 */
#include "state.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* ---- preparing --------------------------------------------------------------------------------------------------- */

void ls_prepared_free(struct ls_prepared *prepared)
{
	if (!prepared)
		return;
	ls_plan_free(prepared->plan);
	ls_set_done(&prepared->desired);
	ls_set_done(&prepared->wanted);
	ls_set_done(&prepared->actual);
	ls_set_done(&prepared->kept);
	ls_arena_free(prepared->arena);
	ls_arena_free(prepared->desired_arena);
	free(prepared);
}

static struct ls_prepared *prepared_new(void)
{
	struct ls_prepared *prepared = calloc(1, sizeof(*prepared));

	if (!prepared)
		return NULL;
	prepared->arena = ls_arena_new();
	if (!prepared->arena) {
		free(prepared);
		return NULL;
	}
	ls_set_init(&prepared->desired, prepared->arena);
	ls_set_init(&prepared->wanted, prepared->arena);
	ls_set_init(&prepared->actual, prepared->arena);
	ls_set_init(&prepared->kept, prepared->arena);
	return prepared;
}

/* ---- reading ahead ----------------------------------------------------------------------------------------------- */

struct ls_ahead {
	pthread_t thread;
	struct ls_host *host;
	struct ls_prepared *prepared;
	bool failed; /* then it is read again, and that says why */
};

/* By these the spec's links are found, and which sysctls matter. */
#define FIRST_KINDS (LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_ADDRESS))
#define AHEAD_KINDS (LS_DUMP_ALL & ~LS_DUMP_SCOPED) /* what else is of interest, the spec has to say */

static void *read_ahead(void *data)
{
	struct ls_ahead *ahead = data;

	ahead->failed = ls_kernel_dump(ahead->host->kernel, AHEAD_KINDS, NULL, &ahead->prepared->actual, NULL) < 0;
	return NULL;
}

static void ahead_free(struct ls_ahead *ahead)
{
	ls_prepared_free(ahead->prepared);
	free(ahead);
}

void ls_host_read_ahead(struct ls_host *host)
{
	struct ls_ahead *ahead;

	/* What is read must still be true when it is used: nobody else may run, and nothing is to be recovered first.
	 */
	if (host->ahead || (host->change && ls_host_lock(host, 0, NULL) < 0) || ls_host_is_interrupted(host))
		return;
	ahead = calloc(1, sizeof(*ahead));
	if (!ahead)
		return;
	ahead->host = host;
	ahead->prepared = prepared_new();
	if (ahead->prepared && !pthread_create(&ahead->thread, NULL, read_ahead, ahead))
		host->ahead = ahead;
	else
		ahead_free(ahead);
}

/* What was read ahead, or NULL. */
static struct ls_prepared *take_ahead(struct ls_host *host)
{
	struct ls_ahead *ahead = LS_TAKE_PTR(host->ahead);
	struct ls_prepared *prepared;

	if (!ahead)
		return NULL;
	pthread_join(ahead->thread, NULL);
	prepared = ahead->failed ? NULL : LS_TAKE_PTR(ahead->prepared);
	ahead_free(ahead);
	return prepared;
}

/* ---- a host ------------------------------------------------------------------------------------------------------ */

int ls_host_open(const struct ls_host_options *options, struct ls_host **ret, struct ls_error *err)
{
	struct ls_host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return ls_error_set(err, -ENOMEM, "out of memory");
	host->change = options->change;
	r = ls_state_open(host, options, err);
	if (r >= 0)
		r = ls_kernel_open(&host->kernel, err);
	if (r >= 0 && !host->change)
		r = ls_keys_load(host, err);
	if (r < 0) {
		ls_host_close(host);
		return r;
	}
	*ret = host;
	return 0;
}

int ls_host_lock(struct ls_host *host, unsigned wait_ms, struct ls_error *err)
{
	bool held = host->lockfd >= 0;
	int r = ls_state_lock(host, wait_ms, err);

	if (r >= 0 && !held)
		r = ls_keys_load(host, err);
	if (r < 0 && !held)
		ls_state_unlock(host);
	return r;
}

void ls_host_close(struct ls_host *host)
{
	if (!host)
		return;
	ls_prepared_free(take_ahead(host));
	ls_kernel_close(host->kernel);
	ls_state_close(host);
	free(host);
}

struct ls_kernel *ls_host_kernel(struct ls_host *host)
{
	return host->kernel;
}

uint64_t ls_host_current(const struct ls_host *host)
{
	return host->current;
}

int ls_host_generation(struct ls_host *host, uint64_t number, struct ls_generation *ret, struct ls_error *err)
{
	return ls_generation_read(host, number, LS_GENERATION_SPEC | LS_GENERATION_OBJECTS, ret, err);
}

int ls_host_generation_objects(struct ls_host *host, uint64_t number, struct ls_generation *ret, struct ls_error *err)
{
	return ls_generation_read(host, number, LS_GENERATION_OBJECTS, ret, err);
}

int ls_host_originals(struct ls_host *host, struct ls_arena *arena, struct ls_ledger *ret, struct ls_error *err)
{
	return ls_ledger_read(host, arena, ret, err);
}

int ls_host_history(struct ls_host *host, struct ls_generation **ret, size_t *ret_n, struct ls_error *err)
{
	struct ls_generation *generations;
	uint64_t *numbers;
	size_t n, n_read = 0;
	int r;

	r = ls_generation_numbers(host, &numbers, &n, err);
	if (r < 0)
		return r;
	generations = calloc(n + 1, sizeof(*generations));
	if (!generations) {
		free(numbers);
		return ls_error_set(err, -ENOMEM, "out of memory");
	}
	/* A damaged or another machine's file hides itself only, not the others. */
	for (size_t i = 0; i < n; i++)
		if (ls_generation_read(host, numbers[i], 0, &generations[n_read], NULL) >= 0)
			n_read++;
	free(numbers);
	*ret = generations;
	*ret_n = n_read;
	return 0;
}

bool ls_host_is_hidden(const struct ls_host *host)
{
	return host->hidden;
}

bool ls_host_is_interrupted(struct ls_host *host)
{
	struct ls_journal journal;

	/* The journal of a run in progress is no sign of one that was cut short. */
	if (ls_state_is_locked(host) || ls_journal_read(host, false, &journal, NULL) < 0)
		return false;
	ls_journal_done(&journal);
	return true;
}

/* ---- reading the kernel ------------------------------------------------------------------------------------------ */

/* The record says what is ours where the kernel does not tell the mark. */
static int claim_unmarked(struct ls_host *host, struct ls_set *actual, struct ls_error *err)
{
	struct ls_generation generation;
	int r;

	if (!host->current_is_epochs || !ls_kernel_hides_marks(host->kernel))
		return 0;
	r = ls_generation_read(host, host->current, LS_GENERATION_OBJECTS, &generation, err);
	if (r < 0)
		return r;
	ls_set_each (&generation.objects, i)
		if (generation.objects.objects[i]->owner == LS_OWNER_OURS)
			ls_claim(host, generation.objects.objects[i], actual);
	ls_generation_done(&generation);
	return 0;
}

void ls_claim(struct ls_host *host, const struct ls_object *made, struct ls_set *actual)
{
	if (made->kind->claim)
		made->kind->claim(host->kernel, made, actual);
}

/* An adopted object may have kept its old mark: links always do, and IPv4 addresses on kernels before 6.18 do. */
static void claim_adopted(const struct ls_original *entry, struct ls_set *actual)
{
	struct ls_object *found =
		entry->written->flags & LS_OBJECT_ADJUST ? NULL : ls_set_find_same(actual, entry->written);

	if (found)
		found->owner = LS_OWNER_OURS;
}

static void claim_all_adopted(const struct ls_ledger *ledger, struct ls_set *actual)
{
	for (size_t i = 0; i < ledger->n_originals; i++)
		claim_adopted(&ledger->originals[i], actual);
}

static int add_ledger_scope(const struct ls_ledger *ledger, struct ls_set *scope)
{
	for (size_t i = 0; i < ledger->n_originals; i++)
		if (ledger->originals[i].original->kind->adjusted &&
			ls_set_add(scope, ledger->originals[i].original) < 0)
			return -ENOMEM;
	return 0;
}

static int add_desired_scope(const struct ls_set *desired, struct ls_set *scope)
{
	ls_set_each (desired, i)
		if (LS_BIT(desired->objects[i]->kind->id) & LS_DUMP_SCOPED &&
			ls_set_add(scope, desired->objects[i]) < 0)
			return -ENOMEM;
	return 0;
}

static void drop_repeated(struct ls_set *scope)
{
	size_t n = 0;

	ls_set_sort(scope);
	ls_set_each (scope, i)
		if (!n || ls_object_compare(scope->objects[n - 1], scope->objects[i]))
			scope->objects[n++] = scope->objects[i];
	ls_set_truncate(scope, n);
}

static int dump_in_scope(struct ls_host *host, uint32_t there, const struct ls_ledger *ledger,
	const struct ls_set *desired, struct ls_set *ret, struct ls_error *err)
{
	struct ls_set scope;
	int r;

	ls_set_init(&scope, ret->arena);
	r = add_ledger_scope(ledger, &scope);
	if (r >= 0 && desired)
		r = add_desired_scope(desired, &scope);
	if (r >= 0 && desired)
		r = ls_plan_sysctl_scope(desired, ret, &scope);
	if (r < 0) {
		ls_error_set(err, r, "out of memory");
	} else {
		drop_repeated(&scope);
		r = ls_kernel_dump(host->kernel, LS_DUMP_ALL & ~there, &scope, ret, err);
	}
	ls_set_done(&scope);
	return r;
}

static bool has_table(const struct ls_set *set)
{
	size_t to, from = set ? ls_set_of_kind(set, &ls_kind_nft_table, &to) : 0;

	return set && from < to;
}

/* Did the last apply leave our table there? */
static bool is_table_recorded(struct ls_host *host)
{
	struct ls_generation generation;
	bool has;

	if (!host->current_is_epochs ||
		ls_generation_read(host, host->current, LS_GENERATION_OBJECTS, &generation, NULL) < 0)
		return false;
	has = has_table(&generation.objects);
	ls_generation_done(&generation);
	return has;
}

/* What cannot be seen is not missing: better no answer than a wrong one. */
static int need_nft(struct ls_host *host, const struct ls_set *desired, struct ls_error *err)
{
	if (!desired || !ls_kernel_hides_nft(host->kernel) || (!has_table(desired) && !is_table_recorded(host)))
		return 0;
	return ls_error_set(
		err, -EPERM, "nftables, which this is about too, can only be read with CAP_NET_ADMIN: run as root");
}

/* The kinds beyond `there`, which `ret` has already: FIRST_KINDS at least. */
static int dump_rest(
	struct ls_host *host, uint32_t there, const struct ls_set *desired, struct ls_set *ret, struct ls_error *err)
{
	struct ls_ledger ledger;
	int r = ls_ledger_read(host, ret->arena, &ledger, err);

	if (r < 0)
		return r;
	r = dump_in_scope(host, there, &ledger, desired, ret, err);
	if (r >= 0)
		claim_all_adopted(&ledger, ret);
	ls_ledger_done(&ledger);
	if (r >= 0)
		r = need_nft(host, desired, err);
	return r < 0 ? r : claim_unmarked(host, ret, err);
}

int ls_host_dump(struct ls_host *host, const struct ls_set *desired, struct ls_set *ret, struct ls_error *err)
{
	int r = ls_kernel_dump(host->kernel, FIRST_KINDS, NULL, ret, err);

	return r < 0 ? r : dump_rest(host, FIRST_KINDS, desired, ret, err);
}

/* ---- preparing --------------------------------------------------------------------------------------------------- */

/* What is asked for as it was the last time, and was told the kernel then. */
static int mark_told(struct ls_host *host, struct ls_set *wanted)
{
	struct ls_generation generation;
	int r;

	if (!host->current_is_epochs || !ls_set_learns(wanted) ||
		ls_generation_read(host, host->current, LS_GENERATION_OBJECTS, &generation, NULL) < 0)
		return 0;
	r = ls_set_mark_told(wanted, &generation.objects);
	ls_generation_done(&generation);
	return r;
}

static int make_plan(
	struct ls_host *host, const struct ls_plan_options *options, struct ls_prepared *prepared, struct ls_error *err)
{
	struct ls_ledger ledger;
	int r;

	r = ls_ledger_read(host, prepared->arena, &ledger, err);
	if (r < 0)
		return r;
	r = ls_set_copy(&prepared->wanted, &prepared->desired); /* which stays as asked for */
	if (r >= 0)
		r = mark_told(host, &prepared->wanted);
	if (r >= 0)
		r = ls_plan_give_back(&ledger, &prepared->wanted, &prepared->actual, &prepared->kept);
	if (r >= 0)
		r = ls_plan_make(&prepared->wanted, &prepared->actual, options, &prepared->plan);
	ls_ledger_done(&ledger);
	return r < 0 ? ls_error_set(err, r, "out of memory") : 0;
}

/* What was read ahead, or what has to be read before all else. */
static int begin_to_prepare(struct ls_host *host, struct ls_prepared **ret, uint32_t *ret_there, struct ls_error *err)
{
	int r;

	*ret = take_ahead(host);
	*ret_there = *ret ? AHEAD_KINDS : FIRST_KINDS;
	if (*ret)
		return 0;
	*ret = prepared_new();
	if (!*ret)
		return ls_error_set(err, -ENOMEM, "out of memory");
	r = ls_kernel_dump(host->kernel, *ret_there, NULL, &(*ret)->actual, err);
	if (r < 0)
		ls_prepared_free(LS_TAKE_PTR(*ret));
	return r;
}

static int finish_preparing(struct ls_host *host, uint32_t there, const struct ls_plan_options *options,
	struct ls_prepared *prepared, struct ls_error *err)
{
	int r = dump_rest(host, there, &prepared->desired, &prepared->actual, err);

	return r < 0 ? r : make_plan(host, options, prepared, err);
}

/* What was before the host started is no more. *ret_last: what excludes it. */
static bool is_excluded(struct ls_host *host, uint32_t mode, uint32_t *ret_last)
{
	struct ls_generation last;
	bool excluded;

	if (mode == LS_FAILOVER_NONE || !host->current || ls_generation_read(host, host->current, 0, &last, NULL) < 0)
		return false;
	excluded = last.this_epoch && ls_failover_excludes(last.failover, mode);
	*ret_last = last.failover;
	ls_generation_done(&last);
	return excluded;
}

static int check_switch(struct ls_host *host, const struct ls_spec *spec, struct ls_diag *diag)
{
	const struct ls_mark mark = spec->failover.mode_mark;
	uint32_t now = spec->failover.mode, last;

	if (!is_excluded(host, now, &last))
		return 0;
	ls_diag_report(diag, LS_SEVERITY_ERROR, (struct ls_location){ spec->file, mark.line, mark.column },
		"failover-exclusive",
		"the mode is %s, but this host is in %s failover: apply mode none first, then this",
		ls_failover_words[now].word, ls_failover_words[last].word);
	return -EINVAL;
}

static int check_switch_back(struct ls_host *host, const struct ls_generation *generation, struct ls_error *err)
{
	uint32_t last;

	if (!is_excluded(host, generation->failover, &last))
		return 0;
	return ls_error_set(err, -EINVAL,
		"generation %llu is %s failover, but this host is in %s failover: apply mode none first, or go back to "
		"a generation of mode none [failover-exclusive]",
		(unsigned long long)generation->number, ls_failover_words[generation->failover].word,
		ls_failover_words[last].word);
}

/* Tunnels go by the MTUs of links, as they will be: the plan gives some of them back. */
static int compile_by_links(
	struct ls_host *host, const struct ls_spec *spec, struct ls_prepared *prepared, struct ls_diag *diag)
{
	LS_CLEANUP(ls_set_done) struct ls_set links = { .arena = prepared->arena };
	struct ls_ledger ledger;
	int r;

	/* One that is damaged is reported where it is needed most (make_plan). */
	if (!spec->n_tunnels || ls_ledger_read(host, prepared->arena, &ledger, NULL) < 0)
		return ls_compile(spec, &prepared->actual, &prepared->desired, diag);
	r = ls_plan_links_given_back(&ledger, &prepared->actual, &links);
	ls_ledger_done(&ledger);
	return r < 0 ? r : ls_compile(spec, &links, &prepared->desired, diag);
}

int ls_host_prepare(struct ls_host *host, const struct ls_spec *spec, const struct ls_plan_options *options,
	struct ls_prepared **ret, struct ls_diag *diag, struct ls_error *err)
{
	struct ls_prepared *prepared;
	uint32_t there;
	int r = begin_to_prepare(host, &prepared, &there, err);

	if (r >= 0 && spec) {
		r = check_switch(host, spec, diag);
		if (r >= 0)
			r = compile_by_links(host, spec, prepared, diag);
		if (r < 0)
			ls_error_set(err, r, r == -EINVAL ? "the spec does not fit this host" : "out of memory");
		else
			r = ls_resolve_keys(ls_kernel_keys(host->kernel), &prepared->desired, err);
	}
	if (r >= 0)
		r = finish_preparing(host, there, options, prepared, err);
	if (r < 0)
		ls_prepared_free(prepared);
	else
		*ret = prepared;
	return r;
}

int ls_host_prepare_generation(struct ls_host *host, struct ls_generation *generation,
	const struct ls_plan_options *options, struct ls_prepared **ret, struct ls_error *err)
{
	struct ls_prepared *prepared;
	uint32_t there;
	int r = check_switch_back(host, generation, err);

	if (r >= 0)
		r = begin_to_prepare(host, &prepared, &there, err);
	if (r < 0)
		return r;
	prepared->desired = generation->objects;
	prepared->desired_arena = LS_TAKE_PTR(generation->arena);
	generation->objects = (struct ls_set){ 0 };
	r = finish_preparing(host, there, options, prepared, err);
	if (r < 0)
		ls_prepared_free(prepared);
	else
		*ret = prepared;
	return r;
}

/* All that the kernel lacks, not one thing a run. */
static void add_reason(struct ls_error *err, const char *reason)
{
	size_t length = strlen(err->message);

	if (!strstr(err->message, reason))
		snprintf(err->message + length, sizeof(err->message) - length, "; %s", reason);
}

int ls_host_probe(struct ls_host *host, const struct ls_plan *plan, struct ls_error *err)
{
	int lacking = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct ls_object *want = plan->steps[i].want;
		struct ls_error why = { 0 };
		int r = want && plan->steps[i].op == LS_OP_ADD ? want->kind->probe(host->kernel, want, &why) : 0;

		if (r >= 0)
			continue;
		if (lacking && r == -EOPNOTSUPP) {
			add_reason(err, why.message);
			continue;
		}
		*err = why;
		err->location = (struct ls_location){ .line = want->line, .column = want->column };
		if (r != -EOPNOTSUPP)
			return r;
		lacking = r;
	}
	return lacking;
}
