/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying a plan out. Steps of equal phase, rank and depth form a group: its messages go out in batches, and nothing
 * of the next group leaves before every message of this one has its answer. Before a group that takes away or replaces,
 * the kind is dumped once more: what is no longer as the plan supposes is a stranger's doing and stops the run. An
 * answer that was lost means unknown, not failed: the kind is dumped and each such step is found done, or sent again.
 */
#include "execute.h"

#include <stdio.h>
#include <string.h>

/* ---- failures ---------------------------------------------------------------------------------------------------- */

/* What a person calls it that a step does. */
static const char *const doing[] = { "adding", "changing", "replacing", "deleting" };

void run_step_failed(struct run *run, const struct ls_step *step, int code, const char *why)
{
	const struct ls_object *object = object_of(step);
	char text[LS_DESCRIBE_MAX];

	ls_object_describe(object, text, sizeof(text));
	if (run->execution->notes && run->execution->go_on)
		ls_diag_report(run->execution->notes, LS_SEVERITY_ERROR, (struct ls_location){ 0 }, "not-restored",
			"%s %s: %s", doing[step->op], text, why);
	if (run->failed)
		return;
	run->failed = true;
	ls_error_set(run->err, code, "%s %s: %s", doing[step->op], text, why);
	if (run->err)
		run->err->location = (struct ls_location){ .line = object->line, .column = object->column };
}

/* A delete that finds nothing has reached its end. */
static bool is_gone(enum ls_op op, int code)
{
	return op == LS_OP_DELETE && (code == -ENOENT || code == -ESRCH || code == -ENODEV || code == -EADDRNOTAVAIL);
}

static const char *explain(const struct ls_step *step, int code)
{
	const struct ls_kind *kind = kind_of(step);
	const char *why = kind->explain ? kind->explain(step->op, code) : NULL;
	enum ls_op op = step->op;

	if (why)
		return why;
	if (op == LS_OP_ADD && code == -EEXIST)
		return "somebody else has made it in the meantime";
	if (op != LS_OP_ADD && (code == -ENOENT || code == -ESRCH || code == -ENODEV))
		return "somebody else has removed it in the meantime";
	return strerror(-code);
}

static void on_result(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	struct run *run = data;
	const struct ls_step *step = &run->execution->plan->steps[token];
	char why[512];

	switch (state) {
	case LS_TX_DONE:
		run->results[token] = RESULT_DONE;
		return;
	case LS_TX_UNKNOWN:
		run->results[token] = RESULT_UNKNOWN;
		return;
	case LS_TX_FAILED:
		break;
	}
	if (is_gone(step->op, code)) {
		run->results[token] = RESULT_DONE;
		return;
	}
	run->results[token] = RESULT_FAILED;
	run->quick = true;
	if (kernel_says && *kernel_says)
		snprintf(why, sizeof(why), "%s (the kernel says: %s)", explain(step, code), kernel_says);
	else
		snprintf(why, sizeof(why), "%s", explain(step, code));
	run_step_failed(run, step, code, why);
}

bool run_must_stop(const struct run *run)
{
	return run->execution->stop && *run->execution->stop;
}

int run_interrupted(struct run *run)
{
	if (!run->failed)
		ls_error_set(run->err, -EINTR, "interrupted by signal %d", (int)*run->execution->stop);
	run->failed = true;
	return -EINTR;
}

/* ---- one group --------------------------------------------------------------------------------------------------- */

static bool same_group(const struct ls_step *a, const struct ls_step *b)
{
	return a->phase == b->phase && a->rank == b->rank && a->depth == b->depth;
}

static uint32_t dump_bit(const struct ls_step *step)
{
	return LS_BIT(kind_of(step)->id);
}

/* Does a message of this step hit a stranger if the object is no longer what was dumped? Adds are exclusive, deletes
 * of routes and rules carry the mark; the deletes of addresses and links and every replacement look at nothing. A
 * `have` that is a forecast (the state between two steps) is our own work of a moment ago. A transaction is refused
 * when anything has changed since the dump. */
static bool needs_look(const struct ls_step *step)
{
	return step->have && step->have == step->before && !kind_of(step)->adjusted && !kind_of(step)->transact &&
	       !(step->op == LS_OP_DELETE && step->have->owner == LS_OWNER_OURS && kind_of(step)->delete_marks);
}

/* What can change in place may have: links change each other's (the MTU of a bridge follows its ports). A message that
 * replaces the whole object must find the whole as it was. */
static bool is_unchanged(const struct ls_step *step, const struct ls_object *found)
{
	uint32_t bits = ls_object_diff(step->have, found);

	return step->op == LS_OP_REPLACE ? !bits : ls_object_change(found->kind, bits) <= LS_CHANGE_LIVE;
}

/* What linkspan has adopted may keep the mark that it had. */
static bool keeps_mark(const struct ls_object *object)
{
	return object->kind->keeps_mark && object->kind->keeps_mark(object);
}

/* Kernels without IFA_PROTO know addresses of ours by the record alone, an adopted link keeps its mark and is known by
 * its index, and recovery has settled by the journal what it may touch. */
static bool is_whose_it_was(const struct run *run, const struct ls_object *have, const struct ls_object *found)
{
	return found->owner == have->owner || found->kind == &ls_kind_address || run->execution->go_on ||
	       keeps_mark(found) ||
	       (found->kind == &ls_kind_link &&
		       ((const struct ls_link *)found)->index == ((const struct ls_link *)have)->index);
}

/* Is the object still there as the plan supposes, and whose it was then? */
static bool is_as_supposed(const struct run *run, const struct ls_set *now, const struct ls_step *step)
{
	bool any = false;

	for (size_t i = ls_set_lower(now, step->have);
		i < now->n_objects && !ls_object_compare(now->objects[i], step->have); i++) {
		const struct ls_object *found = now->objects[i];

		any = true;
		if (is_unchanged(step, found) && is_whose_it_was(run, step->have, found))
			return true;
	}
	return !any && step->op == LS_OP_DELETE;
}

static int look_again(struct run *run, size_t from, size_t to)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = NULL;
	const struct ls_step *steps = run->execution->plan->steps;
	struct ls_set now;
	uint32_t kinds = 0;
	int r;

	for (size_t i = from; i < to; i++)
		if (needs_look(&steps[i]))
			kinds |= dump_bit(&steps[i]);
	if (!kinds)
		return 0;
	arena = ls_arena_new();
	if (!arena)
		return ls_error_set(run->err, -ENOMEM, "out of memory");
	ls_set_init(&now, arena);
	r = ls_kernel_dump(run->host->kernel, kinds, NULL, &now, run->err);
	for (size_t i = from; i < to && r >= 0; i++) {
		if (!needs_look(&steps[i]) || is_as_supposed(run, &now, &steps[i]))
			continue;
		run->results[i] = RESULT_FAILED;
		run_step_failed(run, &steps[i], -ESTALE, "somebody else has changed it in the meantime");
		r = run->execution->go_on ? 0 : -ESTALE;
	}
	ls_set_done(&now);
	return r;
}

/* The answer of the kernel: whether it has done it is looked up (classify). */
static bool is_lost(int code)
{
	return code == -ETIMEDOUT || code == -ENOBUFS;
}

static int perform(struct run *run, size_t i)
{
	const struct ls_step *step = &run->execution->plan->steps[i];
	struct ls_error why = { 0 };
	int r;

	r = kind_of(step)->perform(run->host->kernel, step->op, step->have, step->want, &why);
	if (is_lost(r))
		return 0;
	run->results[i] = r < 0 ? RESULT_FAILED : RESULT_DONE;
	if (r < 0)
		run_step_failed(run, step, r, why.message);
	return r;
}

static int queue(struct run *run, size_t i)
{
	const struct ls_step *step = &run->execution->plan->steps[i];
	struct ls_error why = { 0 };
	struct nl_msg *message = NULL;
	int r;

	r = ls_kernel_encode(run->host->kernel, step->op, step->have, step->want, &message, &why);
	if (r >= 0 && message)
		r = ls_tx_queue(ls_kernel_netlink(run->host->kernel), message, i, &why);
	if (r >= 0 && !message)
		run->results[i] = RESULT_DONE;
	if (r < 0 && is_gone(step->op, r)) {
		run->results[i] = RESULT_DONE;
		return 0;
	}
	if (r < 0) {
		run->results[i] = RESULT_FAILED;
		run_step_failed(run, step, r, why.message);
	}
	return r;
}

static int send_steps(struct run *run, size_t from, size_t to, enum result which)
{
	struct ls_netlink *nl = ls_kernel_netlink(run->host->kernel);
	bool go_on = run->execution->go_on;
	int r = 0, ended;

	run->quick = false;
	ls_tx_begin(nl, on_result, run);
	for (size_t i = from; i < to && (go_on || (r >= 0 && !run->quick)); i++) {
		if (run->results[i] != which)
			continue;
		if (run_must_stop(run)) {
			r = run_interrupted(run);
			break;
		}
		run->results[i] = RESULT_UNKNOWN;
		r = kind_of(&run->execution->plan->steps[i])->perform ? perform(run, i) : queue(run, i);
	}
	ended = ls_tx_barrier(nl, run->failed ? NULL : run->err);
	return go_on ? 0 : r < 0 ? r : ended;
}

/* ---- answers that were lost -------------------------------------------------------------------------------------- */

static bool is_done(const struct ls_set *now, const struct ls_step *step)
{
	const struct ls_object *found;

	if (!step->want)
		return !ls_set_find_same(now, step->have);
	found = ls_set_find_same(now, step->want);
	return found && (step->want->flags & LS_OBJECT_ADJUST || found->owner == LS_OWNER_OURS || step->want->raw ||
				(step->have && keeps_mark(found)));
}

static int classify(struct run *run, size_t from, size_t to, bool *ret_again)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	const struct ls_step *steps = run->execution->plan->steps;
	struct ls_set now;
	uint32_t kinds = 0;
	int r = 0;

	*ret_again = false;
	for (size_t i = from; i < to; i++)
		if (run->results[i] == RESULT_UNKNOWN)
			kinds |= dump_bit(&steps[i]);
	if (!kinds)
		return 0;
	if (!arena)
		return ls_error_set(run->err, -ENOMEM, "out of memory");
	ls_set_init(&now, arena);
	r = ls_kernel_dump(run->host->kernel, kinds, NULL, &now, run->err);
	for (size_t i = from; i < to && r >= 0; i++) {
		if (run->results[i] != RESULT_UNKNOWN)
			continue;
		ls_claim(run->host, steps[i].want ? steps[i].want : steps[i].have, &now);
		run->results[i] = is_done(&now, &steps[i]) ? RESULT_DONE : RESULT_NONE;
		*ret_again |= run->results[i] == RESULT_NONE;
	}
	ls_set_done(&now);
	return r;
}

/* ---- many at once ------------------------------------------------------------------------------------------------ */

#define MANY_MIN 8u /* below, one by one takes no longer */

typedef int many_fn(struct ls_kernel *kernel, const struct ls_object *const *objects, size_t n, struct ls_error *err);

/* NULL: the kind cannot, or the steps are not all the same and still to be done. */
static many_fn *way_for_many(const struct run *run, size_t from, size_t to)
{
	const struct ls_step *steps = run->execution->plan->steps;

	if (to - from < MANY_MIN)
		return NULL;
	for (size_t i = from; i < to; i++)
		if (steps[i].op != steps[from].op || run->results[i] != RESULT_NONE)
			return NULL;
	return steps[from].op == LS_OP_DELETE ? kind_of(&steps[from])->sweep
	       : steps[from].op == LS_OP_ADD  ? kind_of(&steps[from])->add_many
					      : NULL;
}

/* Whatever goes wrong here is left to the ordinary way, which says what it is. */
static void try_many(struct run *run, size_t from, size_t to)
{
	const struct ls_step *steps = run->execution->plan->steps;
	many_fn *many = way_for_many(run, from, to);
	const struct ls_object **objects = many ? calloc(to - from, sizeof(*objects)) : NULL;

	if (!objects)
		return;
	for (size_t i = from; i < to; i++)
		objects[i - from] = object_of(&steps[i]);
	if (many(run->host->kernel, objects, to - from, NULL) >= 0)
		memset(run->results + from, RESULT_DONE, to - from);
	free(objects);
}

/* ---- all or nothing ---------------------------------------------------------------------------------------------- */

#define STALE_MAX 10 /* strangers change their parts of nftables too; none of them does so without end */

static uint32_t handle_of(const struct ls_object *object)
{
	return object->kind == &ls_kind_nft_rule ? ((const struct ls_nft_rule *)object)->handle : 0;
}

/* Is all as the plan supposes, where somebody has changed something? */
static bool still_holds(const struct ls_set *now, const struct ls_step *step)
{
	const struct ls_object *found = ls_set_find(now, object_of(step));

	if (!step->have)
		return !found;
	return found && ls_object_same(found, step->have) && handle_of(found) == handle_of(step->have);
}

static int look_at_all(struct run *run, size_t from, size_t to)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	const struct ls_step *steps = run->execution->plan->steps;
	struct ls_set now;
	uint32_t kinds = 0;
	int r;

	if (!arena)
		return ls_error_set(run->err, -ENOMEM, "out of memory");
	for (size_t i = 0; ls_kinds[i]; i++)
		kinds |= ls_kinds[i]->transact == kind_of(&steps[from])->transact ? LS_BIT(ls_kinds[i]->id) : 0;
	ls_set_init(&now, arena);
	r = ls_kernel_dump(run->host->kernel, kinds, NULL, &now, run->err);
	for (size_t i = from; i < to && r >= 0; i++) {
		if (still_holds(&now, &steps[i]))
			continue;
		run_step_failed(run, &steps[i], -ESTALE, "somebody else has changed it in the meantime");
		r = -ESTALE;
	}
	ls_set_done(&now);
	return r;
}

static struct ls_operation *list_operations(const struct ls_step *steps, size_t n)
{
	struct ls_operation *list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; i < n && list; i++)
		list[i] = (struct ls_operation){ steps[i].op, steps[i].have, steps[i].want };
	return list;
}

static int transact(struct run *run, size_t from, size_t to, const struct ls_operation *operations)
{
	const struct ls_step *steps = run->execution->plan->steps;
	size_t failed = to - from;
	struct ls_error why = { 0 };
	int r = -ESTALE;

	for (int attempt = 0; attempt < STALE_MAX && r == -ESTALE; attempt++) {
		if (run_must_stop(run))
			return run_interrupted(run);
		if (attempt && look_at_all(run, from, to) < 0)
			return run->err ? run->err->code : -ESTALE;
		r = kind_of(&steps[from])->transact(run->host->kernel, operations, to - from, true, &failed, &why);
	}
	/* Without an answer, what there is tells: classify() does. */
	if (r == -ENOBUFS || r == -ETIMEDOUT)
		return 0;
	if (r < 0)
		run_step_failed(run, &steps[failed < to - from ? from + failed : from], r, why.message);
	for (size_t i = from; i < to; i++)
		run->results[i] = r < 0 ? RESULT_FAILED : RESULT_DONE;
	return r;
}

static int try_transaction(struct run *run, size_t from, size_t to, const struct ls_operation *operations)
{
	bool again = true;
	int r = 0;

	for (int attempt = 0; attempt < 3 && again && r >= 0; attempt++) {
		memset(run->results + from, RESULT_UNKNOWN, to - from);
		r = transact(run, from, to, operations);
		if (r >= 0)
			r = classify(run, from, to, &again);
	}
	if (again && r >= 0) {
		run->failed = true;
		r = ls_error_set(run->err, -ETIMEDOUT, "the kernel does not answer");
	}
	return run->execution->go_on ? 0 : r;
}

static int run_transaction(struct run *run, size_t from, size_t to)
{
	struct ls_operation *operations = list_operations(run->execution->plan->steps + from, to - from);
	int r = operations ? try_transaction(run, from, to, operations)
			   : ls_error_set(run->err, -ENOMEM, "out of memory");

	free(operations);
	return r;
}

static int run_steps(struct run *run, size_t from, size_t to)
{
	bool again = true;
	int r = 0;

	if (kind_of(&run->execution->plan->steps[from])->transact)
		return run_transaction(run, from, to);
	try_many(run, from, to);
	for (int attempt = 0; attempt < 3 && again && r >= 0; attempt++) {
		r = send_steps(run, from, to, RESULT_NONE);
		if (run->quick && !run->execution->go_on)
			return run->err ? run->err->code : -EIO;
		if (r >= 0)
			r = classify(run, from, to, &again);
	}
	if (again && r >= 0) {
		run->failed = true;
		r = ls_error_set(run->err, -ETIMEDOUT, "the kernel does not answer");
	}
	return r;
}

/* ---- all groups -------------------------------------------------------------------------------------------------- */

static int run_group(struct run *run, size_t from, size_t to)
{
	int r;

	if (run_must_stop(run))
		return run_interrupted(run);
	r = look_again(run, from, to);
	if (r >= 0)
		r = run_await_needs(run, from, to);
	if (r >= 0)
		r = run_steps(run, from, to);
	return r < 0 ? r : run_settle(run, from, to);
}

static size_t end_of_group(const struct ls_plan *plan, size_t from)
{
	size_t to = from + 1;

	while (to < plan->n_steps && same_group(&plan->steps[from], &plan->steps[to]))
		to++;
	return to;
}

static int check_group(struct ls_host *host, const struct ls_step *steps, size_t n, struct ls_error *err)
{
	struct run run = { .host = host, .execution = &(struct ls_execution){ 0 }, .err = err };
	struct ls_operation *operations = list_operations(steps, n);
	struct ls_error why = { 0 };
	size_t failed = n;
	int r;

	if (!operations)
		return ls_error_set(err, -ENOMEM, "out of memory");
	r = kind_of(steps)->transact(host->kernel, operations, n, false, &failed, &why);
	if (r < 0)
		run_step_failed(&run, &steps[failed < n ? failed : 0], r, why.message);
	free(operations);
	return r;
}

int ls_host_kernel_check(struct ls_host *host, const struct ls_plan *plan, struct ls_error *err)
{
	int r = 0;

	for (size_t from = 0, to; from < plan->n_steps && r >= 0; from = to) {
		to = end_of_group(plan, from);
		if (kind_of(&plan->steps[from])->transact)
			r = check_group(host, plan->steps + from, to - from, err);
	}
	return r;
}

int ls_execute(struct ls_host *host, const struct ls_execution *execution, struct ls_error *err)
{
	const struct ls_plan *plan = execution->plan;
	struct run run = { .host = host, .execution = execution, .err = err };
	size_t to;
	int r = 0;

	run.results = calloc(plan->n_steps + 1, 1);
	if (!run.results)
		return ls_error_set(err, -ENOMEM, "out of memory");
	for (size_t from = 0; from < plan->n_steps && (r >= 0 || execution->go_on); from = to) {
		to = end_of_group(plan, from);
		r = run_await_addresses(&run, from);
		if (r >= 0)
			r = run_group(&run, from, to);
	}
	if (r >= 0)
		r = run_await_addresses(&run, plan->n_steps);
	free(run.results);
	return r < 0 ? r : run.failed ? (err && err->code ? err->code : -EIO) : 0;
}
