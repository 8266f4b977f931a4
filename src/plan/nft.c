/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables: what cannot change alone. The type of a set and the hook of a chain cannot change while rules refer to
 * them: then the whole table is made anew. Rules stand in an order, and new ones go behind those that are there: a
 * chain in which one is missing, altered or out of order gets all of its rules anew. Either way it is one transaction,
 * and no packet sees the middle of it.
 */
#include "planner.h"

#include <string.h>

static bool is_kind(const struct pair *pair, const struct ls_kind *kind)
{
	return ls_pair_object(pair)->kind == kind;
}

static void make_anew(struct pair *pair, const char *reason)
{
	if (pair->verdict != VERDICT_NONE && pair->verdict != VERDICT_CHANGE && pair->verdict != VERDICT_SATISFIED)
		return;
	pair->verdict = VERDICT_REPLACE;
	pair->reason = reason;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static bool table_must_go(const struct planner *planner)
{
	for (size_t i = planner->nft.from; i < planner->nft.to; i++) {
		const struct pair *pair = &planner->pairs[i];

		if ((is_kind(pair, &ls_kind_nft_set) || is_kind(pair, &ls_kind_nft_chain)) &&
			pair->verdict == VERDICT_REPLACE)
			return true;
	}
	return false;
}

static void make_table_anew(struct planner *planner)
{
	for (size_t i = planner->nft.from; i < planner->nft.to; i++)
		if (planner->pairs[i].want && planner->pairs[i].have)
			make_anew(&planner->pairs[i], "the table is made anew");
}

/* ---- chains ------------------------------------------------------------------------------------------------------ */

static const struct ls_nft_rule *rule_of(const struct pair *pair)
{
	return (const struct ls_nft_rule *)ls_pair_object(pair);
}

static bool is_kept_rule(const struct pair *pair)
{
	return is_kind(pair, &ls_kind_nft_rule) && pair->want && pair->have;
}

bool ls_planner_is_out_of_order(const struct planner *planner, size_t i)
{
	const struct pair *pair = &planner->pairs[i], *before = pair - 1;

	return i && is_kept_rule(pair) && is_kept_rule(before) &&
	       !strcmp(rule_of(pair)->chain, rule_of(before)->chain) && rule_of(pair)->place <= rule_of(before)->place;
}

/* Pairs are in the order in which rules should stand. */
static bool is_disturbed(const struct planner *planner, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (planner->pairs[i].verdict == VERDICT_ADD || planner->pairs[i].verdict == VERDICT_REPLACE ||
			ls_planner_is_out_of_order(planner, i))
			return true;
	return false;
}

/* Says where it belongs. */
static void ask_for_place(struct planner *planner, struct pair *pair, uint32_t place)
{
	struct ls_nft_rule *want = ls_arena_copy(planner->plan->arena, pair->want, pair->want->kind->size);

	if (!want) {
		planner->out_of_memory = true;
		return;
	}
	want->place = place;
	want->object.set |= LS_BIT(LS_NFT_RULE_PLACE);
	pair->want = &want->object;
	pair->bits = ls_object_diff(pair->want, pair->have);
	pair->verdict = VERDICT_REPLACE;
}

static void ask_for_places(struct planner *planner, size_t from, size_t to)
{
	uint32_t place = 0;

	for (size_t i = from; i < to; i++) {
		struct pair *pair = &planner->pairs[i];

		if (pair->verdict == VERDICT_NONE && ls_planner_is_out_of_order(planner, i))
			ask_for_place(planner, pair, place);
		place += pair->want != NULL;
	}
}

static void put_chain_in_order(struct planner *planner, size_t from, size_t to)
{
	ask_for_places(planner, from, to);
	if (!is_disturbed(planner, from, to))
		return;
	for (size_t i = from; i < to; i++)
		if (planner->pairs[i].want && planner->pairs[i].have)
			make_anew(&planner->pairs[i], "rules of a chain are made anew together");
}

static void put_chains_in_order(struct planner *planner)
{
	size_t from = planner->nft.from, to;

	for (; from < planner->nft.to; from = to) {
		to = from + 1;
		if (!is_kind(&planner->pairs[from], &ls_kind_nft_rule))
			continue;
		while (to < planner->nft.to && is_kind(&planner->pairs[to], &ls_kind_nft_rule) &&
			!strcmp(rule_of(&planner->pairs[from])->chain, rule_of(&planner->pairs[to])->chain))
			to++;
		put_chain_in_order(planner, from, to);
	}
}

void ls_planner_settle_nft(struct planner *planner)
{
	if (table_must_go(planner))
		make_table_anew(planner);
	else
		put_chains_in_order(planner);
	for (size_t i = planner->nft.from; i < planner->nft.to; i++)
		planner->nft_makes |=
			planner->pairs[i].verdict >= VERDICT_ADD && planner->pairs[i].verdict < VERDICT_DELETE;
}
