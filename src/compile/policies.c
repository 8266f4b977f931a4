/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules, neighbours and nexthop objects: one entry, one object.
 */
#include "compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static void set_bits(struct ls_object *object, uint32_t bits, bool set)
{
	object->set |= set ? bits : 0;
}

static void compile_rule(struct compiler *compiler, const struct ls_spec_rule *spec)
{
	struct ls_rule *rule = compiler_add(compiler, &ls_kind_rule, spec->mark);

	if (!rule)
		return;
	rule->family = ls_family_from_socket(spec->family);
	rule->priority = spec->priority;
	rule->action = spec->type;
	rule->from = spec->from;
	rule->to = spec->to;
	rule->iif = spec->iif ? compiler_device(compiler, spec->iif) : NULL;
	rule->oif = spec->oif ? compiler_device(compiler, spec->oif) : NULL;
	rule->fwmark = spec->fwmark;
	rule->fwmask = spec->fwmask;
	rule->uid_start = spec->uid_start;
	rule->uid_end = spec->uid_end;
	rule->invert = spec->invert;
	rule->l3mdev = spec->l3mdev;
	rule->table = spec->table;
	rule->suppress_prefix_length = spec->suppress_prefix_length;
	set_bits(&rule->object, LS_BIT(LS_RULE_FAMILY) | LS_BIT(LS_RULE_PRIORITY) | LS_BIT(LS_RULE_ACTION), true);
	/* 0.0.0.0/0 is any address: the kernel does not show it. */
	set_bits(&rule->object, LS_BIT(LS_RULE_FROM), spec->from.length != 0);
	set_bits(&rule->object, LS_BIT(LS_RULE_TO), spec->to.length != 0);
	set_bits(&rule->object, LS_BIT(LS_RULE_IIF), spec->iif != NULL);
	set_bits(&rule->object, LS_BIT(LS_RULE_OIF), spec->oif != NULL);
	set_bits(&rule->object, LS_BIT(LS_RULE_FWMARK) | LS_BIT(LS_RULE_FWMASK), spec->has_fwmark);
	set_bits(&rule->object, LS_BIT(LS_RULE_UID_START) | LS_BIT(LS_RULE_UID_END), spec->has_uids);
	set_bits(&rule->object, LS_BIT(LS_RULE_INVERT), spec->invert);
	set_bits(&rule->object, LS_BIT(LS_RULE_L3MDEV), spec->l3mdev);
	set_bits(&rule->object, LS_BIT(LS_RULE_TABLE), spec->table != 0);
	set_bits(&rule->object, LS_BIT(LS_RULE_SUPPRESS_PREFIX_LENGTH), spec->has_suppress);
}

void compile_rules(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_rules; i++)
		compile_rule(compiler, &compiler->spec->rules[i]);
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

static void compile_neighbour(struct compiler *compiler, const struct ls_spec_neighbour *spec)
{
	struct ls_neighbour *neighbour = compiler_add(compiler, &ls_kind_neighbour, spec->mark);

	if (!neighbour)
		return;
	neighbour->dev = compiler_device(compiler, spec->interface);
	neighbour->address = spec->address;
	neighbour->mac = spec->mac;
	neighbour->proxy = spec->proxy;
	neighbour->router = spec->router;
	set_bits(&neighbour->object, LS_BIT(LS_NEIGHBOUR_DEV) | LS_BIT(LS_NEIGHBOUR_ADDRESS), true);
	set_bits(&neighbour->object, LS_BIT(LS_NEIGHBOUR_MAC), spec->has_mac);
	set_bits(&neighbour->object, LS_BIT(LS_NEIGHBOUR_PROXY), spec->proxy);
	set_bits(&neighbour->object, LS_BIT(LS_NEIGHBOUR_ROUTER), spec->router);
	neighbour->object.flags |= spec->adopt ? LS_OBJECT_ADOPT : 0;
}

void compile_neighbours(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_neighbours; i++)
		compile_neighbour(compiler, &compiler->spec->neighbours[i]);
}

/* ---- nexthop objects --------------------------------------------------------------------------------------------- */

static int compare_members(const void *a, const void *b)
{
	uint32_t x = ((const struct ls_spec_member *)a)->id, y = ((const struct ls_spec_member *)b)->id;

	return x < y ? -1 : x > y;
}

/* "10*1 11*3", the ids ascending, as the driver reads groups. */
static const char *write_members(struct ls_arena *arena, const struct ls_spec_nexthop *spec)
{
	struct ls_spec_member *sorted = ls_arena_copy(arena, spec->members, spec->n_members * sizeof(*sorted));
	LS_CLEANUP(ls_buf_done) struct ls_buf buf = { 0 };

	if (!sorted)
		return NULL;
	qsort(sorted, spec->n_members, sizeof(*sorted), compare_members);
	for (size_t i = 0; i < spec->n_members; i++)
		(void)ls_buf_printf(&buf, "%s%u*%u", i ? " " : "", sorted[i].id, sorted[i].weight);
	return buf.failed ? NULL : ls_arena_intern(arena, (const char *)buf.data, buf.length);
}

static void set_group(struct compiler *compiler, const struct ls_spec_nexthop *spec, struct ls_nexthop *nexthop)
{
	nexthop->type = LS_NEXTHOP_GROUP;
	nexthop->members = write_members(compiler->set->arena, spec);
	compiler->out_of_memory |= !nexthop->members;
	set_bits(&nexthop->object, LS_BIT(LS_NEXTHOP_MEMBERS), true);
}

static void set_single(struct compiler *compiler, const struct ls_spec_nexthop *spec, struct ls_nexthop *nexthop)
{
	nexthop->type = spec->blackhole ? LS_NEXTHOP_BLACKHOLE : LS_NEXTHOP_SINGLE;
	nexthop->family = ls_family_from_socket(spec->via.family ? spec->via.family : spec->family);
	nexthop->via = spec->via;
	nexthop->dev = spec->interface ? compiler_device(compiler, spec->interface) : NULL;
	nexthop->onlink = spec->onlink;
	set_bits(&nexthop->object, LS_BIT(LS_NEXTHOP_FAMILY), true);
	set_bits(&nexthop->object, LS_BIT(LS_NEXTHOP_VIA), spec->via.family != 0);
	set_bits(&nexthop->object, LS_BIT(LS_NEXTHOP_DEV), nexthop->dev != NULL);
	set_bits(&nexthop->object, LS_BIT(LS_NEXTHOP_ONLINK), spec->onlink);
	if (nexthop->dev)
		compiler_need_up(compiler, nexthop->dev, spec->interface_mark);
}

void compile_nexthops(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_nexthops; i++) {
		const struct ls_spec_nexthop *spec = &compiler->spec->nexthops[i];
		struct ls_nexthop *nexthop = compiler_add(compiler, &ls_kind_nexthop, spec->mark);

		if (!nexthop)
			return;
		nexthop->id = spec->id;
		set_bits(&nexthop->object, LS_BIT(LS_NEXTHOP_ID) | LS_BIT(LS_NEXTHOP_TYPE), true);
		if (spec->n_members)
			set_group(compiler, spec, nexthop);
		else
			set_single(compiler, spec, nexthop);
		nexthop->object.flags |= spec->adopt ? LS_OBJECT_ADOPT : 0;
	}
}
