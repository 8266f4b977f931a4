/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From verdicts to ordered steps. Every step gets a number made of its phase, the rank of its kind (descending where
 * things go), the depth of its link and its place in the sets; sorting by that number is the order of the plan. A late
 * attribute (a link's being up) is split off into a step of its own at the kind's late rank.
 */
#include "planner.h"

#include <string.h>
#include <sys/socket.h>

/* The kernel stacks at most 8 links (MAX_NEST_DEV, netdevice.h). A snapshot can say anything, even that they stand on
 * one another in a circle: then this bounds the search. */
#define DEPTH_MAX 8

static unsigned link_depth(const struct ls_set *set, const char *name, unsigned limit)
{
	const struct ls_link *link = limit ? ls_set_link(set, name) : NULL;
	unsigned depth = 0, below;

	if (!link)
		return 0;
	if (ls_object_has(&link->object, LS_LINK_PARENT))
		depth = 1 + link_depth(set, link->parent, limit - 1);
	if (ls_object_has(&link->object, LS_LINK_MASTER)) {
		below = 1 + link_depth(set, link->master, limit - 1);
		depth = below > depth ? below : depth;
	}
	/* The end of a veth pair whose name sorts first makes both: the other one is not there before. */
	if (ls_object_has(&link->object, LS_LINK_PEER) && strcmp(link->peer, link->name) < 0) {
		below = 1 + link_depth(set, link->peer, limit - 1);
		depth = below > depth ? below : depth;
	}
	return depth;
}

static bool comes_before(const struct ls_object *a, const struct ls_object *b)
{
	return a->line < b->line || (a->line == b->line && a->column < b->column);
}

/* The first IPv4 address of a subnet that a link gets is its primary one (__inet_insert_ifa): the one that the spec has
 * first, or that was primary before. */
static bool is_secondary(const struct ls_set *set, const struct ls_address *address)
{
	struct ls_prefix subnet = { .ip = address->address, .length = address->prefix_length };

	if (address->address.family != AF_INET || ls_object_has(&address->object, LS_ADDRESS_SECONDARY))
		return address->address.family == AF_INET;
	ls_set_each (set, i) {
		const struct ls_address *other = (const struct ls_address *)set->objects[i];

		if (other->object.kind->rank > ls_kind_address.rank)
			break;
		if (other->object.kind == &ls_kind_address && comes_before(&other->object, &address->object) &&
			other->prefix_length == subnet.length && ls_prefix_contains(&subnet, &other->address) &&
			!strcmp(other->dev, address->dev))
			return true;
	}
	return false;
}

static uint16_t depth_of(const struct planner *planner, const struct ls_object *object, enum ls_phase phase)
{
	const struct ls_set *set = phase == LS_PHASE_MAKE ? planner->desired : planner->actual;

	if (object->kind == &ls_kind_address && phase == LS_PHASE_MAKE)
		return is_secondary(planner->desired, (const struct ls_address *)object);
	if (object->kind == &ls_kind_address)
		return ls_object_has(object, LS_ADDRESS_SECONDARY); /* before their primary, which takes them along */
	if (object->kind == &ls_kind_nexthop)
		return ls_object_has(object, LS_NEXTHOP_MEMBERS); /* groups stand on their members */
	if (object->kind != &ls_kind_link)
		return 0;
	return (uint16_t)link_depth(set, ((const struct ls_link *)object)->name, DEPTH_MAX);
}

/* ---- disruption -------------------------------------------------------------------------------------------------- */

static enum ls_disruption disruption_of_link(struct planner *planner, const struct ls_step *step)
{
	/* Of a link that stays up. */
	const uint32_t noticed = LS_BIT(LS_LINK_MAC) | LS_BIT(LS_LINK_MASTER) | LS_BIT(LS_LINK_MTU) |
				 LS_BIT(LS_LINK_LOCAL) | LS_BIT(LS_LINK_REMOTE) | LS_BIT(LS_LINK_PARENT);
	const struct ls_link *want = (const struct ls_link *)step->want;

	if (!step->have)
		return LS_DISRUPT_NONE;
	if (!want || (step->attrs & LS_BIT(LS_LINK_UP) && !want->up))
		return LS_DISRUPT_SESSION;
	if (step->attrs & LS_BIT(LS_LINK_MASTER) && names_have(&planner->cycled_links, want->name))
		return LS_DISRUPT_SESSION;
	return step->attrs & noticed ? LS_DISRUPT_FLOW : LS_DISRUPT_NONE;
}

static enum ls_disruption disruption_of_sysctl(const struct ls_step *step)
{
	const struct ls_sysctl *want = (const struct ls_sysctl *)step->want;
	const char *name;

	if (!step->have)
		return LS_DISRUPT_NONE;
	name = strrchr(want->path, '/');
	name = name ? name + 1 : want->path;
	if (!strcmp(name, "disable_ipv6") && !strcmp(want->value, "1"))
		return LS_DISRUPT_SESSION;
	return (!strcmp(name, "ip_forward") || !strcmp(name, "forwarding")) && !strcmp(want->value, "0")
		       ? LS_DISRUPT_FLOW
		       : LS_DISRUPT_NONE;
}

static bool begins_to_drop(const struct ls_step *step)
{
	const struct ls_nft_chain *want = (const struct ls_nft_chain *)step->want;
	const struct ls_nft_chain *have = (const struct ls_nft_chain *)step->have;

	return want && want->object.kind == &ls_kind_nft_chain && want->policy == LS_NFT_POLICY_DROP &&
	       (!have || have->policy != LS_NFT_POLICY_DROP);
}

/* Connections that were translated by a mapping end with it; rules are swapped at once. */
static enum ls_disruption disruption_of_nft(const struct ls_step *step)
{
	const struct ls_nft_element *have = (const struct ls_nft_element *)step->have;

	if (begins_to_drop(step))
		return LS_DISRUPT_FLOW;
	if (!have || have->object.kind != &ls_kind_nft_element)
		return LS_DISRUPT_NONE;
	return ls_object_has(&have->object, LS_NFT_ELEMENT_TO) || ls_object_has(&have->object, LS_NFT_ELEMENT_TO_PREFIX)
		       ? LS_DISRUPT_SESSION
		       : LS_DISRUPT_FLOW;
}

/* Another key ends the sessions with every peer; at another port they are found again when the host sends. */
static enum ls_disruption disruption_of_wireguard(const struct ls_step *step)
{
	return step->attrs & LS_BIT(LS_WIREGUARD_PUBLIC_KEY)    ? LS_DISRUPT_SESSION
	       : step->attrs & LS_BIT(LS_WIREGUARD_LISTEN_PORT) ? LS_DISRUPT_FLOW
								: LS_DISRUPT_NONE;
}

/* One that loses a prefix loses what was on its way there; at another endpoint it may not be yet. */
static enum ls_disruption disruption_of_peer(const struct ls_step *step)
{
	const uint32_t path =
		LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT) | LS_BIT(LS_WG_PEER_PRESHARED_KEY);

	if (step->op == LS_OP_DELETE)
		return LS_DISRUPT_SESSION;
	return step->attrs & path || ls_kind_wg_peer.gives_up(step->want, step->have) ? LS_DISRUPT_FLOW
										      : LS_DISRUPT_NONE;
}

/* Does the link `name` stand on (or go through) the link `below`? */
static bool rests_on(const struct ls_set *set, const char *name, const char *below, unsigned limit)
{
	const struct ls_link *link = limit ? ls_set_link(set, name) : NULL;

	if (!strcmp(name, below))
		return true;
	if (!link)
		return false;
	return (ls_object_has(&link->object, LS_LINK_PARENT) && rests_on(set, link->parent, below, limit - 1)) ||
	       (ls_object_has(&link->object, LS_LINK_PEER) && !strcmp(link->peer, below));
}

static bool takes_address(const struct planner *planner, const struct ls_object *have, const struct ls_address *address)
{
	const struct ls_address *primary = (const struct ls_address *)have;
	struct ls_prefix subnet = { .ip = address->address, .length = address->prefix_length };

	if (have == &address->object)
		return true;
	if (have->kind == &ls_kind_link)
		return rests_on(planner->actual, address->dev, ((const struct ls_link *)have)->name, DEPTH_MAX);
	if (have->kind == &ls_kind_sysctl)
		return address->address.family == AF_INET6 && ls_object_has(have, LS_SYSCTL_DEV) &&
		       !strcmp(((const struct ls_sysctl *)have)->dev, address->dev);
	return have->kind == &ls_kind_address && ls_object_has(&address->object, LS_ADDRESS_SECONDARY) &&
	       !ls_object_has(have, LS_ADDRESS_SECONDARY) && !strcmp(primary->dev, address->dev) &&
	       primary->prefix_length == subnet.length && ls_prefix_contains(&subnet, &primary->address);
}

static bool ends_session(const struct planner *planner, const struct ls_step *step)
{
	const struct ls_ip *session = &planner->options->session;

	if (!session->family || !step->have || step->disruption != LS_DISRUPT_SESSION)
		return false;
	ls_set_each (planner->actual, i) {
		const struct ls_address *address = (const struct ls_address *)planner->actual->objects[i];

		if (address->object.kind == &ls_kind_address && !memcmp(&address->address, session, sizeof(*session)) &&
			takes_address(planner, step->have, address))
			return true;
	}
	return false;
}

static enum ls_disruption disruption_of(struct planner *planner, struct ls_step *step)
{
	const struct ls_kind *kind = step->want ? step->want->kind : step->have->kind;

	if (kind->late_rank && step->rank == kind->late_rank)
		step->disruption = LS_DISRUPT_NONE; /* nobody uses yet what is only being turned on */
	else if (kind == &ls_kind_link)
		step->disruption = disruption_of_link(planner, step);
	else if (kind == &ls_kind_sysctl)
		step->disruption = disruption_of_sysctl(step);
	else if (kind->transact)
		step->disruption = disruption_of_nft(step);
	else if (kind == &ls_kind_wireguard && step->op == LS_OP_CHANGE)
		step->disruption = disruption_of_wireguard(step);
	else if (kind == &ls_kind_wg_peer && step->op != LS_OP_ADD)
		step->disruption = disruption_of_peer(step);
	else if (step->op == LS_OP_DELETE)
		step->disruption = kind == &ls_kind_address ? LS_DISRUPT_SESSION : LS_DISRUPT_FLOW;
	else if (step->op == LS_OP_ADD ? step->before != NULL : kind == &ls_kind_xfrm_policy)
		step->disruption = LS_DISRUPT_FLOW; /* it was there, and is not for a moment; it becomes another way */
	return ends_session(planner, step) ? LS_DISRUPT_LOCKOUT : step->disruption;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void add_step(struct planner *planner, struct ls_step step)
{
	struct ls_plan *plan = planner->plan;

	if (plan->n_steps == plan->steps_size) {
		size_t size = plan->steps_size ? plan->steps_size * 2 : 64;
		struct ls_step *grown = reallocarray(plan->steps, size, sizeof(*grown));

		if (!grown) {
			planner->out_of_memory = true;
			return;
		}
		plan->steps = grown;
		plan->steps_size = size;
	}
	step.depth = depth_of(planner, step.want ? step.want : step.have, step.phase);
	if (step.want && step.have && step.want->kind->gives_up && step.want->kind->gives_up(step.want, step.have))
		step.depth++;
	step.disruption = disruption_of(planner, &step);
	plan->steps[plan->n_steps++] = step;
}

/* Becoming one and coming up are the same (bond_enslave). */
static bool is_bond_port(const struct planner *planner, const struct ls_object *want)
{
	return want->kind == &ls_kind_link && ls_object_has(want, LS_LINK_MASTER) &&
	       !strcmp(ls_planner_type_of(planner, ((const struct ls_link *)want)->master), "bond");
}

/* The late attributes among those in which `want` and `have` differ: flags that are to be turned on (what is turned off
 * is not late: a link goes down before anything else is done to it), and of a new object what has to wait for its
 * creation. */
static uint32_t late_bits(
	const struct planner *planner, const struct ls_object *want, const struct ls_object *have, uint32_t bits)
{
	const struct ls_kind *kind = want->kind;
	uint32_t late = !have && kind->after_creation ? bits & kind->after_creation(want) : 0;

	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (bits & LS_BIT(i) && kind->attrs[i].flags & LS_ATTR_LATE && ls_object_has(want, i) &&
			*(const uint8_t *)ls_object_value(want, &kind->attrs[i]))
			late |= LS_BIT(i);
	/* An address that was lost on the way (a bond's, with its ports): when all links are in place. */
	if (kind == &ls_kind_link && have && !ls_object_has(have, LS_LINK_MAC))
		late |= bits & LS_BIT(LS_LINK_MAC);
	return is_bond_port(planner, want) ? late & ~LS_BIT(LS_LINK_UP) : late;
}

/* Flags are off, other attributes have no value yet. */
static void clear_attrs(struct ls_object *object, uint32_t bits)
{
	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		if (!(bits & LS_BIT(i)))
			continue;
		if (object->kind->attrs[i].type == LS_TYPE_BOOL)
			*((uint8_t *)object + object->kind->attrs[i].offset) = 0;
		else
			object->set &= ~LS_BIT(i);
	}
}

/* The state between the two steps: as wanted, but the late attributes still off. */
static const struct ls_object *before_late(struct planner *planner, const struct ls_object *want, uint32_t late)
{
	struct ls_object *between = ls_arena_copy(planner->plan->arena, want, want->kind->size);

	if (!between) {
		planner->out_of_memory = true;
		return want;
	}
	clear_attrs(between, late);
	return between;
}

/* What was there and is made anew: until that is complete the kernel's defaults stand where before and after agree. */
static const struct ls_object *remade(struct planner *planner, const struct ls_object *want)
{
	struct ls_object *copy = ls_arena_copy(planner->plan->arena, want, want->kind->size);

	if (!copy) {
		planner->out_of_memory = true;
		return want;
	}
	copy->flags |= LS_OBJECT_REMADE;
	return copy;
}

static void emit_make(struct planner *planner, const struct pair *pair, enum ls_op op)
{
	const struct ls_kind *kind = pair->want->kind;
	const struct ls_object *have = op == LS_OP_ADD ? NULL : pair->have;
	const struct ls_object *want = op == LS_OP_ADD && pair->found ? remade(planner, pair->want) : pair->want;
	uint32_t bits = have ? pair->bits : want->set;
	uint32_t late = late_bits(planner, want, have, bits);
	const struct ls_object *first = late ? before_late(planner, want, late) : want;

	if (!have || bits & ~late) {
		add_step(planner, (struct ls_step){ .op = op,
					  .phase = LS_PHASE_MAKE,
					  .rank = kind->rank,
					  .have = have,
					  .want = first,
					  .before = pair->found,
					  .partial = late != 0,
					  .attrs = bits & ~late,
					  .reason = pair->reason });
		have = first;
	}
	if (late)
		add_step(planner, (struct ls_step){ .op = LS_OP_CHANGE,
					  .phase = LS_PHASE_MAKE,
					  .rank = kind->late_rank,
					  .have = have,
					  .want = want,
					  .before = pair->found,
					  .attrs = late,
					  .reason = pair->reason });
}

/* Where a change gives up what another object of the kind may get, and gets what another one may give up: that it gets
 * it comes before anything is given up. NULL: one step does. */
static const struct ls_object *before_giving_up(struct planner *planner, const struct pair *pair)
{
	const struct ls_kind *kind = pair->want->kind;
	const struct ls_object *between;

	if (!kind->gives_up || !kind->gives_up(pair->want, pair->have))
		return NULL;
	between = kind->between(planner->plan->arena, pair->want, pair->have);
	planner->out_of_memory |= !between;
	return between && ls_object_diff(between, pair->have) ? between : NULL;
}

static void emit_change(struct planner *planner, const struct pair *pair)
{
	const struct ls_object *between = before_giving_up(planner, pair);
	struct pair rest = *pair;

	if (between) {
		add_step(planner, (struct ls_step){ .op = LS_OP_CHANGE,
					  .phase = LS_PHASE_MAKE,
					  .rank = between->kind->rank,
					  .have = pair->have,
					  .want = between,
					  .before = pair->found,
					  .partial = true,
					  .attrs = ls_object_diff(between, pair->have),
					  .reason = pair->reason });
		rest.have = between;
		rest.bits = ls_object_diff(pair->want, between);
	}
	emit_make(planner, &rest, LS_OP_CHANGE);
}

static void emit_first(struct planner *planner, const struct pair *pair)
{
	add_step(planner, (struct ls_step){ .op = LS_OP_CHANGE,
				  .phase = LS_PHASE_EARLY,
				  .rank = pair->first->kind->rank,
				  .have = pair->found,
				  .want = pair->first,
				  .before = pair->found,
				  .partial = true,
				  .attrs = ls_object_diff(pair->first, pair->found),
				  .reason = pair->reason });
}

static void emit_delete(struct planner *planner, const struct pair *pair, bool early)
{
	add_step(planner, (struct ls_step){ .op = LS_OP_DELETE,
				  .phase = early ? LS_PHASE_EARLY : LS_PHASE_BREAK,
				  .rank = pair->have->kind->rank,
				  .have = pair->have,
				  .before = pair->found,
				  .attrs = pair->have->set,
				  .reason = pair->reason });
}

/* Of kinds that change in one transaction: no phases, all are one group; where nothing comes, it is done when the rest
 * of the host no longer needs it. */
static void emit_together(struct planner *planner, struct pair *pair)
{
	static const enum ls_op ops[] = {
		[VERDICT_ADD] = LS_OP_ADD,
		[VERDICT_CHANGE] = LS_OP_CHANGE,
		[VERDICT_REPLACE] = LS_OP_REPLACE,
		[VERDICT_RECREATE] = LS_OP_REPLACE,
		[VERDICT_DELETE] = LS_OP_DELETE,
	};

	const struct ls_object *have = pair->verdict == VERDICT_ADD ? NULL : pair->have;
	const struct ls_object *want = pair->verdict == VERDICT_DELETE ? NULL : pair->want;

	pair->emitted = pair->verdict >= VERDICT_ADD && pair->verdict <= VERDICT_DELETE && (have || want);
	if (!pair->emitted)
		return;
	add_step(planner, (struct ls_step){ .op = ops[pair->verdict],
				  .phase = planner->nft_makes ? LS_PHASE_MAKE : LS_PHASE_BREAK,
				  .rank = ls_pair_object(pair)->kind->rank,
				  .have = have,
				  .want = want,
				  .before = pair->found,
				  .attrs = have && want ? pair->bits : ls_pair_object(pair)->set,
				  .reason = pair->reason });
}

/* A proxy entry answers the detection of duplicate addresses of a host that comes back: it goes before all else. */
static bool answers_for_others(const struct ls_object *object)
{
	const struct ls_neighbour *neighbour = (const struct ls_neighbour *)object;

	return object && object->kind == &ls_kind_neighbour && neighbour->proxy;
}

static void emit_pair(struct planner *planner, struct pair *pair)
{
	if (ls_pair_object(pair)->kind->transact) {
		emit_together(planner, pair);
		return;
	}
	pair->emitted = true;
	if (pair->first)
		emit_first(planner, pair);
	switch (pair->verdict) {
	case VERDICT_NONE:
	case VERDICT_SATISFIED:
	case VERDICT_CONFLICT:
		pair->emitted = pair->first;
		break;
	case VERDICT_ADD:
		emit_make(planner, pair, LS_OP_ADD);
		break;
	case VERDICT_CHANGE:
		emit_change(planner, pair);
		break;
	case VERDICT_REPLACE:
		emit_make(planner, pair, LS_OP_REPLACE);
		break;
	case VERDICT_RECREATE:
		emit_delete(planner, pair, true);
		emit_make(planner, pair, LS_OP_ADD);
		break;
	case VERDICT_DELETE:
		emit_delete(planner, pair, pair->early || answers_for_others(pair->have));
		break;
	}
}

static uint64_t order_number(const struct ls_step *step, size_t index)
{
	uint64_t rank = step->rank, depth = step->depth, place = index;

	if (step->phase != LS_PHASE_MAKE) {
		rank = answers_for_others(step->have) ? 0 : UINT8_MAX - rank;
		depth = UINT16_MAX - depth;
		place = UINT32_MAX - index;
	}
	return (uint64_t)step->phase << 56 | rank << 48 | depth << 32 | place;
}

struct numbered {
	uint64_t number;
	struct ls_step step;
};

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = ((const struct numbered *)a)->number, y = ((const struct numbered *)b)->number;

	return x < y ? -1 : x > y;
}

static int sort_steps(struct ls_plan *plan)
{
	struct numbered *numbered;
	bool sorted = true;

	for (size_t i = 1; i < plan->n_steps && sorted; i++)
		sorted = order_number(&plan->steps[i - 1], i - 1) < order_number(&plan->steps[i], i);
	if (sorted)
		return 0;
	numbered = reallocarray(NULL, plan->n_steps, sizeof(*numbered));
	if (!numbered)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_steps; i++)
		numbered[i] = (struct numbered){ order_number(&plan->steps[i], i), plan->steps[i] };
	qsort(numbered, plan->n_steps, sizeof(*numbered), compare_numbers);
	for (size_t i = 0; i < plan->n_steps; i++)
		plan->steps[i] = numbered[i].step;
	free(numbered);
	return 0;
}

int ls_planner_emit(struct planner *planner)
{
	for (size_t i = 0; i < planner->n_pairs; i++)
		emit_pair(planner, &planner->pairs[i]);
	return planner->out_of_memory ? -ENOMEM : sort_steps(planner->plan);
}
