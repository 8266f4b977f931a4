/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run: lock, make good what a crash left, read and plan, journal, guard, messages, verify, commit. Apply, rollback
 * and down differ only in the set they want. A failure anywhere between the journal and the commit ends in ls_recover,
 * by this process or, if it dies, by the guard.
 *
 * The commit point is the renaming of `current`: before it the journal leads back, after it the generation stands. A
 * test never gets there.
 */
#include "state.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* What a run wants, whichever command it serves. */
struct goal {
	const char *command;
	const struct ls_spec *spec;        /* apply; none for down */
	struct ls_generation *generation;  /* rollback: whose objects are wanted; they go to the prepared */
	uint64_t source;                   /* rollback: the generation whose content it is */
	const char *spec_file, *spec_text; /* the record's */
	size_t spec_length;
	uint32_t failover; /* enum ls_failover_mode */
};

void ls_run_report_done(struct ls_run_report *report)
{
	ls_prepared_free(report->prepared);
	ls_diag_done(&report->notes);
	report->prepared = NULL;
}

static int fail(struct ls_run_report *report, enum ls_outcome outcome)
{
	report->outcome = outcome;
	return -1;
}

/* ---- lock and what was left behind ------------------------------------------------------------------------------- */

static int begin(struct ls_host *host, const struct ls_run_options *options, struct ls_run_report *report)
{
	int r;

	r = ls_host_lock(host, options->lock_wait_ms, &report->error);
	if (r < 0)
		return fail(report, r == -EBUSY ? LS_OUTCOME_BUSY : LS_OUTCOME_RESTORED);
	r = ls_recover(host, &report->notes, &report->error);
	if (r < 0) {
		ls_error_context(&report->error, r,
			"an earlier run was cut short and cannot be taken back whole (linkspan recover --abandon keeps "
			"the host as it is)");
		return fail(report, LS_OUTCOME_DIRTY);
	}
	report->generation = host->current;
	return 0;
}

/* ---- planning ---------------------------------------------------------------------------------------------------- */

static int prepare(struct ls_host *host, const struct goal *goal, const struct ls_run_options *options,
	struct ls_run_report *report)
{
	int r;

	if (goal->generation)
		r = ls_host_prepare_generation(
			host, goal->generation, &options->plan, &report->prepared, &report->error);
	else
		r = ls_host_prepare(
			host, goal->spec, &options->plan, &report->prepared, &report->notes, &report->error);
	if (r < 0)
		return fail(report, ls_diag_failed(&report->notes) ? LS_OUTCOME_INVALID : LS_OUTCOME_RESTORED);
	if (report->prepared->plan->n_conflicts) {
		ls_error_set(&report->error, -EEXIST, "the plan has conflicts; nothing was changed");
		return fail(report, LS_OUTCOME_REFUSED);
	}
	ls_plan_warn_of_costs(report->prepared->plan, &report->notes);
	r = ls_host_probe(host, report->prepared->plan, &report->error);
	return r < 0 ? fail(report, r == -EOPNOTSUPP ? LS_OUTCOME_UNSUPPORTED : LS_OUTCOME_RESTORED) : 0;
}

/* ---- verifying --------------------------------------------------------------------------------------------------- */

static int residue(const struct ls_plan *left, struct ls_error *err)
{
	char text[LS_DESCRIBE_MAX];

	if (left->n_conflicts) {
		const struct ls_conflict *conflict = &left->conflicts[0];

		return ls_error_set(err, -ESTALE, "afterwards %s is not as asked for: %s",
			ls_object_describe(conflict->want ? conflict->want : conflict->have, text, sizeof(text)),
			conflict->reason);
	}
	if (!left->n_steps)
		return 0;
	ls_error_set(err, -ESTALE, "afterwards %s is not as asked for (would have to %s it)",
		ls_object_describe(left->steps[0].want ? left->steps[0].want : left->steps[0].have, text, sizeof(text)),
		ls_op_names[left->steps[0].op]);
	return -ESTALE;
}

/* Bystanders that differ now, and not as the plan foresaw, are other people's doing: kept, and reported. */
static void report_bystanders(const struct ls_plan *plan, const struct ls_set *now, struct ls_diag *notes)
{
	ls_set_each (&plan->closure, i) {
		const struct ls_object *before = plan->closure.objects[i];
		char text[LS_DESCRIBE_MAX];

		if (before->kind->adjusted || ls_set_find_same(now, before) ||
			ls_set_find_same(&plan->given_up, before) || ls_plan_foresees(before, ls_set_find(now, before)))
			continue;
		ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "changed-meanwhile",
			"%s %s in the meantime, not by linkspan: left as it is",
			ls_object_describe(before, text, sizeof(text)),
			ls_set_find(now, before) ? "was changed" : "was removed");
	}
}

/* Without carrier duplicate address detection does not run, and the address cannot be used yet: worth a word. */
static void report_waiting(const struct ls_set *desired, const struct ls_set *now, struct ls_diag *notes)
{
	ls_set_each (desired, i) {
		const struct ls_object *found =
			desired->objects[i]->kind == &ls_kind_address ? ls_set_find(now, desired->objects[i]) : NULL;
		char text[LS_DESCRIBE_MAX];

		if (found && ls_object_has(found, LS_ADDRESS_TENTATIVE))
			ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "waiting-for-carrier",
				"%s: the link has no carrier; the address works once it has",
				ls_object_describe(found, text, sizeof(text)));
	}
}

/* Who asks for an address automatically wants to know that there is none. */
static void report_without_address(const struct ls_set *desired, const struct ls_set *now, struct ls_diag *notes)
{
	static const char *const why[] = {
		[LS_FAMILY_IPV4] = "IPv4 address yet: no DHCP server has given it one",
		[LS_FAMILY_IPV6] = "IPv6 address yet: no router has advertised a prefix, no DHCPv6 server has given it "
				   "one",
	};

	ls_set_each (desired, i) {
		const struct ls_dhcp_client *client = (const struct ls_dhcp_client *)desired->objects[i];

		if (client->object.kind == &ls_kind_dhcp_client && !ls_has_given_address(now, client))
			ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "waiting-for-address",
				"%s has no %s", client->dev, why[client->family]);
	}
}

/* Next hops of which the kernel does not tell whose they are: the record does not know yet that they are ours. */
static void claim_made(struct ls_host *host, const struct ls_plan *plan, struct ls_set *now)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].op == LS_OP_ADD && plan->steps[i].want->flags & LS_OBJECT_SIBLING &&
			!plan->steps[i].want->raw)
			ls_claim(host, plan->steps[i].want, now);
}

/* The kernel is read again and must need nothing more. Ownership for the record is taken from what is found. */
static int verify(struct ls_host *host, struct ls_run_report *report)
{
	static const struct ls_plan_options strict = { 0 };
	struct ls_prepared *prepared = report->prepared;
	struct ls_plan *left = NULL;
	struct ls_set now;
	struct ls_arena *arena = ls_arena_new();
	int r;

	if (!arena)
		return ls_error_set(&report->error, -ENOMEM, "out of memory");
	ls_set_init(&now, arena);
	r = ls_host_dump(host, &prepared->wanted, &now, &report->error);
	if (r >= 0 && ls_set_mark_told(&prepared->wanted, NULL) < 0)
		r = ls_error_set(&report->error, -ENOMEM, "out of memory");
	if (r >= 0)
		claim_made(host, prepared->plan, &now);
	if (r >= 0 && ls_plan_make(&prepared->wanted, &now, &strict, &left) < 0)
		r = ls_error_set(&report->error, -ENOMEM, "out of memory");
	if (r >= 0)
		r = residue(left, &report->error);
	if (r >= 0) {
		report_bystanders(prepared->plan, &now, &report->notes);
		report_waiting(&prepared->desired, &now, &report->notes);
		report_without_address(&prepared->desired, &now, &report->notes);
	}
	ls_plan_free(left);
	ls_set_done(&now);
	ls_arena_free(arena);
	return r;
}

/* ---- committing -------------------------------------------------------------------------------------------------- */

static const char *who_runs(struct ls_arena *arena)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = sudo && *sudo ? NULL : getpwuid(getuid());

	if (sudo && *sudo)
		return sudo;
	return user ? ls_arena_intern(arena, user->pw_name, strlen(user->pw_name))
		    : ls_arena_printf(arena, "uid %u", (unsigned)getuid());
}

/* Whose each object is: ours, unless a foreign one satisfies the spec. */
static uint32_t record_owners(struct ls_prepared *prepared)
{
	uint32_t n_satisfied = 0;
	size_t at = 0;

	ls_set_each (&prepared->desired, i) {
		struct ls_object *object = prepared->desired.objects[i];
		const struct ls_object *found;

		while (at < prepared->actual.n_objects && ls_object_compare(prepared->actual.objects[at], object) < 0)
			at++;
		found = at < prepared->actual.n_objects ? prepared->actual.objects[at] : NULL;
		object->owner = LS_OWNER_OURS;
		if (found && !ls_object_compare(found, object) && found->owner != LS_OWNER_OURS &&
			!ls_object_diff(object, found) && !(object->flags & LS_OBJECT_ADJUST)) {
			object->owner = LS_OWNER_FOREIGN;
			n_satisfied++;
		}
	}
	return n_satisfied;
}

static const char *name_attributes(struct ls_arena *arena, const struct ls_step *step)
{
	const struct ls_kind *kind = step->have ? step->have->kind : step->want->kind;
	const char *text = "";

	for (unsigned i = 0; i < kind->n_attrs && text; i++)
		if (step->attrs & LS_BIT(i) && !(kind->attrs[i].flags & LS_ATTR_HIDDEN))
			text = ls_arena_printf(arena, "%s%s%s", text, *text ? " " : "", kind->attrs[i].name);
	return text;
}

/* Names of attributes, not values: those of objects to come may be secret. */
static int record_step(struct ls_arena *arena, const struct ls_step *step, struct ls_taken *ret)
{
	const struct ls_object *object = step->want ? step->want : step->have;
	bool whole = step->op == LS_OP_ADD || step->op == LS_OP_DELETE;
	char text[LS_DESCRIBE_MAX];

	object->kind->describe(object, text, sizeof(text));
	*ret = (struct ls_taken){
		.op = step->op,
		.kind = object->kind->name,
		.id = ls_arena_intern(arena, text, strlen(text)),
		.attributes = whole ? "" : name_attributes(arena, step),
		.line = object->line,
		.column = object->column,
	};
	return ret->id && ret->attributes ? 0 : -ENOMEM;
}

static int record_steps(struct ls_prepared *prepared, struct ls_generation *ret)
{
	const struct ls_plan *plan = prepared->plan;
	size_t n = plan->n_steps < LS_STEPS_KEPT ? plan->n_steps : LS_STEPS_KEPT;

	for (size_t i = 0; i < plan->n_steps; i++)
		ret->counts[plan->steps[i].op]++;
	ret->steps = ls_arena_alloc(prepared->arena, (n + 1) * sizeof(*ret->steps));
	if (!ret->steps)
		return -ENOMEM;
	for (ret->n_steps = 0; ret->n_steps < n; ret->n_steps++)
		if (record_step(prepared->arena, &plan->steps[ret->n_steps], &ret->steps[ret->n_steps]) < 0)
			return -ENOMEM;
	return 0;
}

static uint32_t to_microseconds(double seconds)
{
	return seconds < UINT32_MAX / 1e6 ? (uint32_t)(seconds * 1e6) : UINT32_MAX;
}

/* What will be recorded if all goes well. The ledger and the generation are the draft's to read. */
struct commit {
	struct ls_ledger old, next;
	struct ls_generation generation;
	struct ls_generation_draft draft;
};

static int describe_generation(struct ls_host *host, const struct goal *goal, const struct ls_run_options *options,
	struct ls_prepared *prepared, struct ls_generation *ret)
{
	*ret = (struct ls_generation){
		.number = host->current + 1,
		.source = goal->source,
		.n_objects = (uint32_t)prepared->desired.n_objects,
		.n_satisfied = record_owners(prepared),
		.command = goal->command,
		.who = who_runs(prepared->arena),
		.message = options->message ? options->message : "",
		.spec_file = goal->spec_file ? goal->spec_file : "",
		.spec_text = goal->spec_text,
		.spec_length = goal->spec_length,
		.failover = goal->failover,
		.objects = prepared->desired,
	};
	return record_steps(prepared, ret);
}

static int commit_begin(struct ls_host *host, const struct goal *goal, const struct ls_run_options *options,
	struct ls_run_report *report, struct commit *ret)
{
	struct ls_prepared *prepared = report->prepared;
	int r;

	*ret = (struct commit){ 0 };
	r = ls_keys_keep(host, prepared->plan, &prepared->desired, &report->error);
	if (r >= 0)
		r = ls_ledger_read(host, prepared->arena, &ret->old, &report->error);
	if (r < 0)
		return r;
	if (ls_plan_next_ledger(&ret->old, prepared->plan, &prepared->desired, &prepared->actual, prepared->arena,
		    &ret->next) < 0 ||
		describe_generation(host, goal, options, prepared, &ret->generation) < 0)
		return ls_error_set(&report->error, -ENOMEM, "out of memory");
	return 0;
}

static void commit_write(struct ls_host *host, struct commit *commit)
{
	ls_generation_begin(host, &commit->generation, &commit->next, &commit->draft);
}

/* When the rename was done and only the sync after it failed, the commit stands: the file is what tells. */
static int write_current(struct ls_host *host, uint64_t number, struct ls_error *err)
{
	int r = ls_state_write_current(host, number, err);

	if (r >= 0)
		return r;
	return ls_state_read_current(host, NULL) >= 0 && host->current == number ? 0 : r;
}

static int commit_finish(struct ls_host *host, struct commit *commit, struct ls_run_report *report)
{
	int r;

	for (size_t i = 0; i < LS_N_TIMINGS; i++)
		commit->generation.microseconds[i] = to_microseconds(report->seconds[i]);
	commit->generation.time = time(NULL);
	r = ls_generation_finish(&commit->draft, &report->error);
	return r < 0 ? r : write_current(host, commit->generation.number, &report->error);
}

static void commit_done(struct commit *commit)
{
	ls_generation_drop(&commit->draft);
	ls_ledger_done(&commit->old);
	ls_ledger_done(&commit->next);
}

/* ---- a run ------------------------------------------------------------------------------------------------------- */

static int change_kernel(
	struct ls_host *host, struct commit *commit, const struct ls_run_options *options, struct ls_run_report *report)
{
	double start = ls_now(), sent;
	struct ls_execution execution = {
		.plan = report->prepared->plan,
		.stop = options->stop,
		.notes = &report->notes,
		.desired = &report->prepared->desired,
		.addresses_until = start + options->address_wait_ms / 1e3,
	};
	int r;

	if (!options->test)
		commit_write(host, commit);
	r = ls_execute(host, &execution, &report->error);
	sent = ls_now();
	report->seconds[LS_TIMING_KERNEL] = sent - start;
	if (r >= 0)
		r = verify(host, report);
	report->seconds[LS_TIMING_VERIFY] = ls_now() - sent;
	if (r >= 0 && !options->test)
		r = commit_finish(host, commit, report);
	report->seconds[LS_TIMING_VERIFY] = ls_now() - sent;
	return r;
}

/* Then the outcome is that one. */
static void take_back(struct ls_host *host, enum ls_outcome outcome, struct ls_run_report *report)
{
	struct ls_error why = { 0 };
	int r = ls_recover(host, &report->notes, &why);

	report->outcome = r < 0 ? LS_OUTCOME_DIRTY : outcome;
	if (r < 0)
		ls_diag_report(&report->notes, LS_SEVERITY_ERROR, (struct ls_location){ 0 }, "not-restored",
			"taking it back: %s", why.message);
}

static void finish(struct ls_host *host, struct ls_run_report *report)
{
	report->outcome = LS_OUTCOME_DONE;
	report->generation = host->current;
	ls_aftermath(host, report->prepared->plan, &report->prepared->wanted, &report->notes);
	/* Committed: a journal that cannot be removed is known as finished by its number. */
	if (ls_journal_remove(host, NULL) < 0)
		ls_diag_report(&report->notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "journal-left",
			"the journal could not be removed; the next run does it");
	ls_generation_prune(host);
	ls_keys_prune(host);
}

static int write_journal(struct ls_host *host, const struct ls_plan *plan, struct ls_error *err)
{
	struct ls_journal journal;
	int r = ls_journal_from_plan(plan, host->current + 1, &journal);

	if (r < 0)
		return ls_error_set(err, r, "out of memory");
	r = ls_journal_write(host, &journal, err);
	ls_journal_done(&journal);
	return r;
}

static void carry_out(struct ls_host *host, const struct goal *goal, const struct ls_run_options *options,
	struct ls_run_report *report)
{
	struct ls_guard guard = { .socket = -1 };
	LS_CLEANUP(commit_done) struct commit commit;
	double start = ls_now();
	int r;

	report->outcome = LS_OUTCOME_RESTORED;
	/* Before the guard comes: it has all memory in common with us, and what changes afterwards is copied. */
	r = commit_begin(host, goal, options, report, &commit);
	if (r >= 0)
		r = write_journal(host, report->prepared->plan, &report->error);
	if (r >= 0)
		r = ls_guard_start(host, &guard, &report->error);
	report->seconds[LS_TIMING_JOURNAL] = ls_now() - start;
	if (r >= 0)
		r = change_kernel(host, &commit, options, report);
	if (r < 0)
		take_back(host, LS_OUTCOME_RESTORED, report);
	else if (options->test)
		take_back(host, LS_OUTCOME_TESTED, report);
	else
		finish(host, report);
	ls_guard_dismiss(&guard);
}

static bool same_spec(struct ls_host *host, const struct goal *goal)
{
	return goal->spec_text && ls_generation_has_spec(host, host->current, goal->spec_text, goal->spec_length);
}

/* It may be asked for beside the spec (--failover). */
static bool same_mode(struct ls_host *host, const struct goal *goal)
{
	struct ls_generation current;
	bool same;

	if (ls_generation_read(host, host->current, 0, &current, NULL) < 0)
		return false;
	same = current.failover == goal->failover;
	ls_generation_done(&current);
	return same;
}

/* Nothing to send. Still a generation of its own when something else is asked for than before, so that `status` and
 * `rollback` speak of the right spec. */
static bool is_recorded(struct ls_host *host, const struct goal *goal, const struct ls_prepared *prepared)
{
	uint64_t source;

	if (!host->current)
		return !prepared->desired.n_objects;
	/* A spec names files, and what they hold may be in force already without linkspan's doing. */
	return same_mode(host, goal) && ((same_spec(host, goal) && ls_keys_are_recorded(host, &prepared->desired)) ||
						ls_generation_repeats_current(host, &prepared->desired, &source));
}

static void record_only(struct ls_host *host, const struct goal *goal, const struct ls_run_options *options,
	struct ls_run_report *report)
{
	LS_CLEANUP(commit_done) struct commit commit = { 0 };
	int r;

	report->outcome = LS_OUTCOME_NOTHING;
	if (options->test || is_recorded(host, goal, report->prepared))
		return;
	r = commit_begin(host, goal, options, report, &commit);
	if (r >= 0) {
		commit_write(host, &commit);
		r = commit_finish(host, &commit, report);
	}
	report->outcome = r < 0 ? LS_OUTCOME_RESTORED : LS_OUTCOME_DONE;
	report->generation = host->current;
	ls_generation_prune(host);
	ls_keys_prune(host);
}

/* What --force gives up is said: nothing brings it back. */
static void report_given_up(const struct ls_plan *plan, struct ls_diag *notes)
{
	char text[LS_DESCRIBE_MAX];

	ls_set_each (&plan->given_up, i)
		ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "given-up",
			"%s: linkspan did not make it, and it goes along (--force); nothing brings it back",
			ls_object_describe(plan->given_up.objects[i], text, sizeof(text)));
}

/* Values that linkspan displaced and somebody else has changed since: theirs stay. */
static void report_kept(const struct ls_prepared *prepared, struct ls_diag *notes)
{
	char text[LS_DESCRIBE_MAX];

	ls_set_each (&prepared->kept, i)
		ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "not-given-back",
			"%s: somebody else has changed it since linkspan did; it stays as it is, the original is not "
			"given back",
			ls_object_describe(prepared->kept.objects[i], text, sizeof(text)));
}

static void run(struct ls_host *host, const struct goal *goal, const struct ls_run_options *options,
	struct ls_run_report *report)
{
	double start = ls_now();
	int r;

	r = prepare(host, goal, options, report);
	report->seconds[LS_TIMING_PLAN] = ls_now() - start;
	if (r < 0)
		return;
	report_kept(report->prepared, &report->notes);
	report_given_up(report->prepared->plan, &report->notes);
	if (report->prepared->plan->n_steps)
		carry_out(host, goal, options, report);
	else
		record_only(host, goal, options, report);
	if (!options->test && (report->outcome == LS_OUTCOME_DONE || report->outcome == LS_OUTCOME_NOTHING))
		ls_endpoints_follow(
			host, &report->prepared->wanted, goal->spec ? goal->spec_file : NULL, &report->notes);
}

void ls_host_apply(struct ls_host *host, const struct ls_spec *spec, const struct ls_run_options *options,
	struct ls_run_report *report)
{
	struct goal goal = { .command = "apply",
		.spec = spec,
		.spec_file = spec->file,
		.spec_text = spec->text,
		.spec_length = spec->text_length,
		.failover = spec->failover.mode };

	*report = (struct ls_run_report){ 0 };
	if (begin(host, options, report) >= 0)
		run(host, &goal, options, report);
	ls_state_unlock(host);
}

void ls_host_down(struct ls_host *host, const struct ls_run_options *options, struct ls_run_report *report)
{
	struct goal goal = { .command = "down" };

	*report = (struct ls_run_report){ 0 };
	if (begin(host, options, report) >= 0)
		run(host, &goal, options, report);
	ls_state_unlock(host);
}

/* The generation before the content of the current one; 0 when there is none. */
static uint64_t generation_before(struct ls_host *host)
{
	struct ls_generation current;
	uint64_t *numbers, source, found = 0;
	size_t n;

	if (ls_generation_read(host, host->current, 0, &current, NULL) < 0)
		return 0;
	source = current.source;
	ls_generation_done(&current);
	if (ls_generation_numbers(host, &numbers, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n && numbers[i] < source; i++)
		found = numbers[i];
	free(numbers);
	return found;
}

static void roll_back(
	struct ls_host *host, uint64_t number, const struct ls_run_options *options, struct ls_run_report *report)
{
	struct ls_generation generation;
	struct goal goal = { .command = "rollback" };

	report->outcome = LS_OUTCOME_RESTORED;
	number = number ? number : generation_before(host);
	if (!number) {
		ls_error_set(&report->error, -ENOENT,
			"there is no generation before the current one (linkspan down takes all away)");
		return;
	}
	if (ls_generation_read(host, number, LS_GENERATION_SPEC | LS_GENERATION_OBJECTS, &generation, &report->error) <
		0)
		return;
	goal.generation = &generation;
	goal.source = generation.source;
	goal.spec_file = generation.spec_file;
	goal.spec_text = generation.spec_text;
	goal.spec_length = generation.spec_length;
	goal.failover = generation.failover;
	run(host, &goal, options, report);
	ls_generation_done(&generation);
}

void ls_host_rollback(
	struct ls_host *host, uint64_t number, const struct ls_run_options *options, struct ls_run_report *report)
{
	*report = (struct ls_run_report){ 0 };
	if (begin(host, options, report) >= 0)
		roll_back(host, number, options, report);
	ls_state_unlock(host);
}

void ls_host_recover(
	struct ls_host *host, bool abandon, const struct ls_run_options *options, struct ls_run_report *report)
{
	bool interrupted;
	int r;

	*report = (struct ls_run_report){ 0 };
	/* Who gives up the way back needs no keys for it. */
	r = abandon ? ls_state_lock(host, options->lock_wait_ms, &report->error)
		    : ls_host_lock(host, options->lock_wait_ms, &report->error);
	if (r < 0) {
		report->outcome = r == -EBUSY ? LS_OUTCOME_BUSY : LS_OUTCOME_RESTORED;
		return;
	}
	interrupted = ls_host_is_interrupted(host);
	report->generation = host->current;
	r = abandon ? ls_journal_give_up(host, &report->error) : ls_recover(host, &report->notes, &report->error);
	report->outcome = r < 0 ? LS_OUTCOME_DIRTY : interrupted ? LS_OUTCOME_DONE : LS_OUTCOME_NOTHING;
	ls_state_unlock(host);
}
