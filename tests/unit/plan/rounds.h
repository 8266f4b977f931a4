/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rounds of random configurations on a simulated host, and what holds of each: it is carried out without a refusal,
 * leads exactly there, leaves strangers' objects as they were, and a second plan is empty.
 *
 * LINKSPAN_SEED=N begins with seed N; each round uses the next one. A failure names the seed of its round.
 */
#pragma once

#include "simulator.h"
#include "tools.h"

#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 200 /* as slow as 3000 without */
#else
#define ROUNDS 3000
#endif

/* ---- chance ------------------------------------------------------------------------------------------------------ */

static uint64_t chance_state;

/* splitmix64 */
static inline uint32_t chance(uint32_t n)
{
	uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) % n);
}

static inline uint64_t first_seed(void)
{
	const char *text = getenv("LINKSPAN_SEED");

	return text ? strtoull(text, NULL, 0) : 1;
}

static inline const char *boolean(bool value)
{
	return value ? "true" : "false";
}

/* ---- the host before linkspan came ------------------------------------------------------------------------------- */

static inline void there(struct simulator *sim, const char *text)
{
	sim_put(sim, build(text));
}

static inline void setting(struct simulator *sim, const char *path, unsigned value)
{
	char text[256];

	snprintf(text, sizeof(text), "sysctl path=%s value=%u", path, value);
	there(sim, text);
}

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

struct round {
	uint64_t seed;
	struct simulator sim;
	struct ls_ledger ledger;
	struct ls_set before; /* objects copied */
	struct ls_set want;
	char *plan;
	const char *conflict; /* why the first one is one, or NULL */
};

static inline void write_set(struct ls_buf *buf, const char *title, const struct ls_set *set)
{
	char text[LS_DESCRIBE_MAX];

	ls_buf_printf(buf, "%s:\n", title);
	ls_set_each (set, i) {
		const struct ls_object *object = set->objects[i];

		ls_buf_printf(buf, "  %s%s", ls_object_describe(object, text, sizeof(text)),
			object->owner == LS_OWNER_OURS ? " ours" : "");
		write_attrs(buf, object, object->set);
		ls_buf_printf(buf, "\n");
	}
}

static inline void fail(struct round *round, const char *what, const char *detail)
{
	struct ls_buf buf = { 0 };

	write_set(&buf, "before", &round->before);
	write_set(&buf, "wanted", &round->want);
	ls_buf_append(&buf, "", 1);
	cr_assert_fail("seed %llu: %s: %s\n%splan:\n%s", (unsigned long long)round->seed, what, detail,
		(char *)buf.data, round->plan ? round->plan : "");
}

static inline void fail_about(struct round *round, const char *what, const struct ls_object *object)
{
	char text[LS_DESCRIBE_MAX];

	fail(round, what, ls_object_describe(object, text, sizeof(text)));
}

static inline struct ls_set copy_of(const struct ls_set *set)
{
	struct ls_set copy;

	build_begin(&copy);
	ls_set_each (set, i)
		cr_assert_eq(ls_set_add(&copy, ls_object_copy(build_arena(), set->objects[i])), 0);
	build_sort(&copy);
	return copy;
}

/* What is ours is what was asked for, all of it and nothing else. */
static inline void check_ours(struct round *round, const struct ls_set *now)
{
	ls_set_each (&round->want, i) {
		const struct ls_object *found = ls_set_find(now, round->want.objects[i]);

		if (!found || ls_object_diff(round->want.objects[i], found))
			fail_about(round, "not as wanted", round->want.objects[i]);
	}
	ls_set_each (now, i)
		if (now->objects[i]->owner == LS_OWNER_OURS && !ls_set_find(&round->want, now->objects[i]))
			fail_about(round, "left over", now->objects[i]);
}

/* What is somebody else's is as before. */
static inline void check_strangers(struct round *round, const struct ls_set *now)
{
	ls_set_each (&round->before, i) {
		const struct ls_object *before = round->before.objects[i];
		const struct ls_object *found = ls_set_find(now, before);

		if (before->owner == LS_OWNER_OURS || before->kind->adjusted || before->kind == &ls_kind_link)
			continue;
		if (!found || found->owner != before->owner || ls_object_diff(before, found) ||
			ls_object_diff(found, before))
			fail_about(round, "a stranger's, and not as before", before);
	}
}

static inline void check_settled(struct round *round, const struct ls_set *wanted, const struct ls_set *now)
{
	struct ls_plan *again = plan_of(wanted, now, (struct ls_plan_options){ 0 });
	char *text = plan_text(again);

	if (again->n_steps || again->n_conflicts)
		fail(round, "a second plan is not empty", text);
	free(text);
	ls_plan_free(again);
}

/* One generation. */
static inline void go_to(struct round *round, struct ls_set want)
{
	struct ls_set dump = sim_dump(&round->sim), wanted = copy_of(&want), kept, now;
	struct ls_ledger next = { 0 };
	struct ls_plan *plan;

	round->want = want;
	round->before = copy_of(&dump); /* the simulator changes its objects, the plan borrows them */
	build_begin(&kept);
	cr_assert_eq(ls_plan_give_back(&round->ledger, &wanted, &round->before, &kept), 0);
	plan = plan_of(&wanted, &round->before, (struct ls_plan_options){ 0 });
	free(round->plan);
	round->plan = plan_text(plan);
	round->conflict = plan->n_conflicts ? plan->conflicts[0].reason : NULL;
	if (round->conflict) {
		ls_set_done(&dump);
		ls_plan_free(plan);
		return;
	}
	if (sim_run(&round->sim, plan) < 0)
		fail(round, "refused", round->sim.error);
	now = sim_dump(&round->sim);
	check_ours(round, &now);
	check_strangers(round, &now);
	check_settled(round, &wanted, &now);
	cr_assert_eq(ls_plan_next_ledger(&round->ledger, plan, &want, &round->before, build_arena(), &next), 0);
	ls_ledger_done(&round->ledger);
	round->ledger = next;
	ls_plan_free(plan);
	ls_set_done(&dump);
	ls_set_done(&now);
}

static inline void end(struct round *round)
{
	ls_ledger_done(&round->ledger);
	free(round->plan);
	sim_done(&round->sim);
	build_forget();
}

static inline void check_as_at_first(struct round *round, const struct ls_set *first)
{
	struct ls_set now = sim_dump(&round->sim);

	ls_set_each (first, i) {
		const struct ls_object *found = ls_set_find(&now, first->objects[i]);

		if (!found || !ls_object_same(found, first->objects[i]))
			fail_about(round, "not as it was before linkspan came", first->objects[i]);
	}
	if (now.n_objects != first->n_objects)
		fail(round, "not as it was before linkspan came", "something is left over");
	ls_set_done(&now);
}
