/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that the kernel cannot tell apart when one is added (rule_exists): it does not look at FIB_RULE_INVERT, and
 * addresses that the new rule does not ask for are not compared. So where a rule becomes one that asks for less, or for
 * the opposite, the old one has to go first; in all other cases the new one comes before the old one goes.
 */
#include "planner.h"

#define LENIENT (LS_BIT(LS_RULE_FROM) | LS_BIT(LS_RULE_TO))
/* Not looked at; words of others can be such (tos, realms), too. */
#define IGNORED (LS_BIT(LS_RULE_INVERT) | LS_BIT(LS_RULE_PROTOCOL) | LS_BIT(LS_RULE_OTHER))

static bool is_taken_for(const struct ls_object *want, const struct ls_object *have)
{
	for (unsigned i = 0; i < want->kind->n_attrs; i++) {
		if (LS_BIT(i) & IGNORED || (LS_BIT(i) & LENIENT && !ls_object_has(want, i)))
			continue;
		if (!ls_attr_same(i, want, have))
			return false;
	}
	return true;
}

static const struct ls_rule *rule_of(const struct pair *pair)
{
	return (const struct ls_rule *)ls_pair_object(pair);
}

static bool same_priority(const struct pair *a, const struct pair *b)
{
	return rule_of(a)->family == rule_of(b)->family && rule_of(a)->priority == rule_of(b)->priority;
}

static void free_place(struct planner *planner, struct span near, const struct pair *adding)
{
	for (size_t i = near.from; i < near.to; i++) {
		struct pair *old = &planner->pairs[i];

		if (old->verdict != VERDICT_DELETE || !is_taken_for(adding->want, old->have))
			continue;
		old->early = true;
		old->reason = "the kernel would take the new one for it";
	}
}

/* Rules of one family and priority lie together. */
void ls_planner_free_rules(struct planner *planner)
{
	struct span near = { .to = planner->rules.from };

	while (near.to < planner->rules.to) {
		near.from = near.to++;
		while (near.to < planner->rules.to &&
			same_priority(&planner->pairs[near.from], &planner->pairs[near.to]))
			near.to++;
		for (size_t i = near.from; i < near.to; i++)
			if (planner->pairs[i].verdict == VERDICT_ADD)
				free_place(planner, near, &planner->pairs[i]);
	}
}
