/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a plan: the two sorted sets are merged into pairs, one for each slot of the kernel; every pair is judged by
 * ownership and by the attributes that differ; consequences.c then works out what the kernel will do on its own account
 * and has the pairs concerned judged again; order.c turns verdicts into ordered steps.
 */
#include "planner.h"

#include <string.h>

const char *const ls_op_names[] = { "add", "change", "replace", "delete" };
const char *const ls_disruption_names[] = { "none", "flow", "session", "lockout" };

/* ---- sets of names ----------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void names_add(struct planner *planner, struct names *names, const char *name)
{
	if (names->n == names->size) {
		size_t size = names->size ? names->size * 2 : 16;
		const char **grown = reallocarray(names->items, size, sizeof(*grown));

		if (!grown) {
			planner->out_of_memory = true;
			return;
		}
		names->items = grown;
		names->size = size;
	}
	names->items[names->n++] = name;
	names->sorted = false;
}

bool names_have(struct names *names, const char *name)
{
	if (!names->n)
		return false;
	if (!names->sorted) {
		qsort(names->items, names->n, sizeof(*names->items), compare_names);
		names->sorted = true;
	}
	return bsearch(&name, names->items, names->n, sizeof(*names->items), compare_names);
}

void names_done(struct names *names)
{
	free(names->items);
}

/* ---- pairs ------------------------------------------------------------------------------------------------------- */

static void add_pair(struct planner *planner, const struct ls_object *want, const struct ls_object *have)
{
	planner->pairs[planner->n_pairs++] = (struct pair){ .want = want, .have = have, .found = have };
}

static size_t run_length(const struct ls_set *set, size_t from)
{
	size_t n = 1;

	if (!set->has_equals)
		return 1;
	while (from + n < set->n_objects && !ls_object_compare(set->objects[from], set->objects[from + n]))
		n++;
	return n;
}

/* A later next hop of an IPv6 multipath route of ours, of which the kernel tells the way and the weight only. */
static bool is_untold(const struct ls_object *have)
{
	return have->kind == &ls_kind_route && have->owner != LS_OWNER_OURS && have->flags & LS_OBJECT_SIBLING;
}

static uint32_t differing(const struct ls_object *want, const struct ls_object *have)
{
	if (want->flags & LS_OBJECT_SIBLING && is_untold(have) &&
		ls_route_same_hop((const struct ls_route *)want, (const struct ls_route *)have))
		return 0;
	return ls_object_diff(want, have);
}

/* An untold one looks otherwise once ours is gone: it satisfies only who wants to stand beside others. */
static bool fits(const struct ls_object *want, const struct ls_object *have)
{
	return (want->flags & LS_OBJECT_SIBLING || !is_untold(have)) && !differing(want, have);
}

/* Ours rather than a stranger's that is just the same: that may go at any time, and ours would be one too many. */
static ssize_t find_fitting(const struct ls_object *want, struct ls_object *const *have, size_t n, const bool *taken)
{
	ssize_t found = -1;

	for (size_t i = 0; i < n; i++) {
		if (taken[i] || !fits(want, have[i]))
			continue;
		if (have[i]->owner == LS_OWNER_OURS)
			return (ssize_t)i;
		found = found < 0 ? (ssize_t)i : found;
	}
	return found;
}

static bool same_way(const struct ls_object *a, const struct ls_object *b)
{
	return a->kind != &ls_kind_route || (ls_attr_same(LS_ROUTE_VIA, a, b) && ls_attr_same(LS_ROUTE_DEV, a, b));
}

/* One of ours to be changed into the one wanted. One of several next hops can only become one with the same way:
 * NLM_F_REPLACE would sweep away the others. */
static ssize_t find_changeable(const struct ls_object *want, struct ls_object *const *have, size_t n, const bool *taken)
{
	for (size_t i = 0; i < n; i++)
		if (!taken[i] && have[i]->owner == LS_OWNER_OURS &&
			(!((want->flags | have[i]->flags) & LS_OBJECT_SIBLING) || same_way(want, have[i])))
			return (ssize_t)i;
	return -1;
}

/* NLM_F_REPLACE takes the first of the slot, whosever it is (fib_table_insert). */
static void mark_crowded(struct planner *planner, size_t first)
{
	bool crowded = false;

	for (size_t i = first; i < planner->n_pairs; i++) {
		const struct pair *pair = &planner->pairs[i];

		crowded |= !pair->want && pair->have && pair->have->owner != LS_OWNER_OURS;
	}
	for (size_t i = first; i < planner->n_pairs; i++)
		planner->pairs[i].crowded = crowded;
}

static bool any_ours(struct ls_object *const *have, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (have[i]->owner == LS_OWNER_OURS)
			return true;
	return false;
}

/* Has no partner, and goes beside what is there until that has gone. */
static const struct ls_object *beside(struct planner *planner, const struct ls_object *want)
{
	struct ls_object *copy = ls_arena_copy(planner->plan->arena, want, want->kind->size);

	if (!copy) {
		planner->out_of_memory = true;
		return want;
	}
	copy->flags |= LS_OBJECT_SIBLING;
	return copy;
}

/* Who would join or displace strangers, is paired with one: that makes a conflict. Recoveries may (EXACT), and so may
 * who joins ours that strangers have joined. */
static bool would_intrude(const struct ls_object *want, struct ls_object *const *have, size_t n, const bool *taken)
{
	if (taken[0] || have[0]->owner == LS_OWNER_OURS)
		return false;
	return want->flags & LS_OBJECT_SIBLING ? !(want->flags & LS_OBJECT_EXACT) && !any_ours(have, n) : true;
}

/* A slot with several objects; `have` is NULL where the kernel has none. */
static int pair_crowd(struct planner *planner, struct ls_object *const *want, size_t n_want,
	struct ls_object *const *have, size_t n_have)
{
	size_t first = planner->n_pairs;
	bool *taken;

	for (size_t i = 0; i < n_want && !have; i++)
		add_pair(planner, want[i], NULL);
	if (!have)
		return 0;
	taken = calloc(n_have, sizeof(*taken));
	if (!taken)
		return -ENOMEM;
	for (size_t i = 0; i < n_want; i++) {
		ssize_t partner = find_fitting(want[i], have, n_have, taken);

		add_pair(planner, want[i], partner < 0 ? NULL : have[partner]);
		if (partner >= 0)
			taken[partner] = true;
	}
	for (size_t i = 0; i < n_want; i++) {
		struct pair *pair = &planner->pairs[first + i];
		ssize_t partner = pair->have ? -1 : find_changeable(want[i], have, n_have, taken);

		if (!pair->have && partner < 0 && would_intrude(want[i], have, n_have, taken))
			partner = 0;
		if (partner >= 0) {
			pair->have = pair->found = have[partner];
			taken[partner] = true;
		}
		/* Made anew, too, it meets the others there. */
		if (!pair->have || (partner >= 0 && pair->have->flags & LS_OBJECT_SIBLING))
			pair->want = beside(planner, want[i]);
	}
	for (size_t i = 0; i < n_have; i++)
		if (!taken[i])
			add_pair(planner, NULL, have[i]);
	mark_crowded(planner, first);
	free(taken);
	return 0;
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

void ls_planner_conflict(struct planner *planner, struct pair *pair, const char *reason)
{
	struct ls_plan *plan = planner->plan;
	struct ls_conflict *grown;

	pair->verdict = VERDICT_CONFLICT;
	grown = reallocarray(plan->conflicts, plan->n_conflicts + 1, sizeof(*grown));
	if (!grown) {
		planner->out_of_memory = true;
		return;
	}
	plan->conflicts = grown;
	plan->conflicts[plan->n_conflicts++] =
		(struct ls_conflict){ .want = pair->want, .have = pair->have, .reason = reason };
}

static bool may_change(const struct planner *planner, const struct pair *pair)
{
	if (pair->have->owner == LS_OWNER_OURS || pair->want->flags & LS_OBJECT_ADJUST)
		return true;
	return !pair->want->kind->never_adopted && (pair->want->flags & LS_OBJECT_ADOPT || planner->options->adopt);
}

static enum verdict verdict_of_change(enum ls_change change)
{
	switch (change) {
	case LS_CHANGE_INFO:
		return VERDICT_NONE;
	case LS_CHANGE_LIVE:
		return VERDICT_CHANGE;
	case LS_CHANGE_REPLACE:
		return VERDICT_REPLACE;
	case LS_CHANGE_RECREATE:
	case LS_CHANGE_KEY:
		return VERDICT_RECREATE;
	}
	return VERDICT_NONE;
}

static void judge_missing(struct planner *planner, struct pair *pair)
{
	pair->verdict = VERDICT_ADD;
	if (pair->want->kind == &ls_kind_link && pair->want->flags & LS_OBJECT_ADJUST)
		ls_planner_conflict(planner, pair, "there is no such link in this kernel");
}

static const char *why_not_changed(const struct pair *pair)
{
	if (pair->have->owner == LS_OWNER_DERIVED)
		return "the kernel itself has made it otherwise";
	if (pair->have->kind == &ls_kind_link)
		return "a link of that name is there otherwise, and linkspan did not make it (match it instead of "
		       "creating it, "
		       "or choose another name)";
	if (pair->have->kind->never_adopted)
		return "it is there otherwise, and linkspan did not make it";
	return "it is there otherwise, and linkspan did not make it (adopt: true takes it over)";
}

static void judge_existing(struct planner *planner, struct pair *pair)
{
	bool ours = pair->have->owner == LS_OWNER_OURS;

	pair->bits = differing(pair->want, pair->have);
	if (!pair->bits) {
		pair->verdict = ours || pair->want->flags & LS_OBJECT_ADJUST ? VERDICT_NONE : VERDICT_SATISFIED;
		return;
	}
	if (!may_change(planner, pair)) {
		ls_planner_conflict(planner, pair, why_not_changed(pair));
		return;
	}
	pair->verdict = verdict_of_change(ls_object_change_to(pair->want, pair->have, pair->bits));
	/* NLM_F_REPLACE would take all next hops for one. */
	if (pair->verdict == VERDICT_REPLACE && (pair->want->flags | pair->have->flags) & LS_OBJECT_SIBLING)
		pair->verdict = VERDICT_RECREATE;
	if (pair->verdict == VERDICT_REPLACE && pair->crowded)
		ls_planner_conflict(planner, pair, "another one that linkspan did not make shares its place");
	if (pair->verdict == VERDICT_RECREATE && pair->want->kind == &ls_kind_link && !ours)
		ls_planner_conflict(
			planner, pair, "a link of another kind has that name, and linkspan did not make it");
}

void ls_planner_judge(struct planner *planner, struct pair *pair)
{
	const struct ls_object *have = pair->lost ? NULL : pair->have;

	pair->bits = 0;
	pair->verdict = VERDICT_NONE;
	if (pair->want && have)
		judge_existing(planner, pair);
	else if (pair->want)
		judge_missing(planner, pair);
	else if (have && have->owner == LS_OWNER_OURS && !have->kind->adjusted)
		pair->verdict = VERDICT_DELETE;
}

/* ---- all pairs --------------------------------------------------------------------------------------------------- */

static void expect(struct planner *planner, struct pair *pair)
{
	const struct ls_object *expected =
		ls_plan_expected(planner->desired, planner->actual, pair->want, planner->plan->arena);

	planner->out_of_memory |= !expected;
	pair->want = expected ? expected : pair->want;
}

/* While they are at hand: a hundred thousand pairs do not fit into a cache. */
static void judge_first(struct planner *planner, size_t from)
{
	for (size_t i = from; i < planner->n_pairs; i++) {
		struct pair *pair = &planner->pairs[i];

		if (pair->want && pair->have)
			expect(planner, pair);
		ls_planner_judge(planner, pair);
		planner->changes |= pair->verdict > VERDICT_SATISFIED || ls_planner_lost_precedence(pair) ||
				    ls_planner_is_out_of_order(planner, i);
		planner->plan->n_satisfied += pair->verdict == VERDICT_SATISFIED;
	}
}

static int pair_sets(struct planner *planner)
{
	const struct ls_set *desired = planner->desired, *actual = planner->actual;
	struct ls_object *nothing = NULL;
	size_t i = 0, j = 0;

	planner->pairs = calloc(desired->n_objects + actual->n_objects + 1, sizeof(*planner->pairs));
	if (!planner->pairs)
		return -ENOMEM;
	while (i < desired->n_objects || j < actual->n_objects) {
		size_t first = planner->n_pairs;
		int order = i == desired->n_objects  ? 1
			    : j == actual->n_objects ? -1
						     : ls_object_compare(desired->objects[i], actual->objects[j]);
		size_t n_want = order <= 0 ? run_length(desired, i) : 0;
		size_t n_have = order >= 0 ? run_length(actual, j) : 0;

		if (n_want <= 1 && n_have <= 1)
			add_pair(planner, n_want ? desired->objects[i] : NULL, n_have ? actual->objects[j] : NULL);
		else if (pair_crowd(planner, n_want ? desired->objects + i : &nothing, n_want,
				 n_have ? actual->objects + j : NULL, n_have) < 0)
			return -ENOMEM;
		judge_first(planner, first);
		i += n_want;
		j += n_have;
	}
	return 0;
}

static struct span *span_of(struct planner *planner, const struct ls_kind *kind)
{
	return kind == &ls_kind_link        ? &planner->links
	       : kind == &ls_kind_address   ? &planner->addresses
	       : kind == &ls_kind_nexthop   ? &planner->nexthops
	       : kind == &ls_kind_rule      ? &planner->rules
	       : kind == &ls_kind_route     ? &planner->routes
	       : kind == &ls_kind_wireguard ? &planner->tunnels
					    : NULL;
}

/* Pairs of a kind lie together. */
static void find_spans(struct planner *planner)
{
	for (size_t from = 0, to; from < planner->n_pairs; from = to) {
		const struct ls_kind *kind = ls_pair_object(&planner->pairs[from])->kind;
		struct span *span = span_of(planner, kind);

		for (to = from + 1; to < planner->n_pairs && ls_pair_object(&planner->pairs[to])->kind == kind;)
			to++;
		if (span)
			*span = (struct span){ from, to };
		if (kind->transact) {
			planner->nft.from = planner->nft.to ? planner->nft.from : from;
			planner->nft.to = to;
		}
	}
}

/* Once more, where consequences have turned some into something else. */
static void count_satisfied(struct planner *planner)
{
	planner->plan->n_satisfied = 0;
	for (size_t i = 0; i < planner->n_pairs; i++)
		planner->plan->n_satisfied += planner->pairs[i].verdict == VERDICT_SATISFIED;
}

static int make(struct planner *planner)
{
	if (pair_sets(planner) < 0)
		return -ENOMEM;
	if (planner->changes) {
		find_spans(planner);
		ls_planner_consequences(planner);
		if (ls_planner_emit(planner) < 0)
			return -ENOMEM;
		ls_planner_closure(planner);
		count_satisfied(planner);
	}
	return planner->out_of_memory ? -ENOMEM : 0;
}

int ls_plan_make(const struct ls_set *desired, const struct ls_set *actual, const struct ls_plan_options *options,
	struct ls_plan **ret)
{
	struct planner planner = { .desired = desired, .actual = actual, .options = options };
	int r;

	planner.plan = calloc(1, sizeof(*planner.plan));
	if (planner.plan)
		planner.plan->arena = ls_arena_new();
	if (!planner.plan || !planner.plan->arena) {
		free(planner.plan);
		return -ENOMEM;
	}
	ls_set_init(&planner.plan->closure, planner.plan->arena);
	ls_set_init(&planner.plan->fallout, planner.plan->arena);
	ls_set_init(&planner.plan->defaults, planner.plan->arena);
	ls_set_init(&planner.plan->given_up, planner.plan->arena);
	r = make(&planner);
	free(planner.pairs);
	names_done(&planner.early_links);
	names_done(&planner.late_links);
	names_done(&planner.quiet_links);
	names_done(&planner.down_links);
	names_done(&planner.small_links);
	names_done(&planner.mac_links);
	names_done(&planner.cycled_links);
	if (r < 0)
		ls_plan_free(planner.plan);
	else
		*ret = planner.plan;
	return r;
}

void ls_plan_free(struct ls_plan *plan)
{
	if (!plan)
		return;
	free(plan->steps);
	free(plan->conflicts);
	ls_set_done(&plan->closure);
	ls_set_done(&plan->fallout);
	ls_set_done(&plan->defaults);
	ls_set_done(&plan->given_up);
	ls_arena_free(plan->arena);
	free(plan);
}

void ls_plan_freep(struct ls_plan **plan)
{
	ls_plan_free(*plan);
}
