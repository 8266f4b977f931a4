/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of displaced values. An entry has two objects of one key: the original, as it was before linkspan first
 * changed it, and what linkspan wrote. For an ADJUST object (a sysctl, a matched link) only the attributes in `managed`
 * count, and they enter and leave the ledger one by one; for an adopted object the whole of it counts.
 *
 * Giving back means asking for the original in the desired set, so that it becomes part of an ordinary plan; never over
 * a value that is neither the written one nor the original: a stranger's.
 */
#include "planner.h"

#include <string.h>

void ls_ledger_done(struct ls_ledger *ledger)
{
	free(ledger->originals);
	*ledger = (struct ls_ledger){ 0 };
}

/* Takes attribute `bit` over from `from`, including that it has no value there. */
static void take_attr(struct ls_object *object, const struct ls_object *from, unsigned bit)
{
	const struct ls_attr *attr = &object->kind->attrs[bit];

	object->managed |= LS_BIT(bit);
	object->set = (object->set & ~LS_BIT(bit)) | (from->set & LS_BIT(bit));
	memcpy((char *)object + attr->offset, ls_object_value(from, attr), ls_type_size(attr->type));
}

/* The key, and the link that a sysctl belongs to. */
static uint32_t identity_bits(const struct ls_kind *kind)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (kind->attrs[i].change == LS_CHANGE_KEY ||
			(kind->attrs[i].change == LS_CHANGE_INFO && kind->attrs[i].type == LS_TYPE_LINK))
			bits |= LS_BIT(i);
	return bits;
}

/* An ADJUST object with the key of `object` and nothing to bring about yet. */
static struct ls_object *bare_copy(struct ls_arena *arena, const struct ls_object *object)
{
	struct ls_object *bare = ls_object_copy(arena, object);

	if (!bare)
		return NULL;
	bare->set &= identity_bits(object->kind);
	bare->managed = 0;
	bare->flags = LS_OBJECT_ADJUST;
	bare->line = bare->column = 0;
	bare->raw = NULL;
	return bare;
}

/* ---- giving back ------------------------------------------------------------------------------------------------- */

/* The attributes of an entry that nobody asks for any more and that still have the value written. */
static uint32_t returnable(const struct ls_original *entry, const struct ls_object *want, const struct ls_object *have)
{
	const struct ls_kind *kind = entry->original->kind;
	uint32_t bits = 0;

	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (entry->original->managed & LS_BIT(i) && !(want && want->managed & LS_BIT(i)) &&
			ls_attr_same(i, have, entry->written))
			bits |= LS_BIT(i);
	return bits;
}

/* The attributes that somebody else has changed since, to something else than the original. */
static bool is_strangers(const struct ls_original *entry, const struct ls_object *want, const struct ls_object *have)
{
	const struct ls_kind *kind = entry->original->kind;

	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (entry->original->managed & LS_BIT(i) && !(want && want->managed & LS_BIT(i)) &&
			!ls_attr_same(i, have, entry->written) && !ls_attr_same(i, have, entry->original))
			return true;
	return false;
}

static int give_back_attrs(
	const struct ls_original *entry, struct ls_set *desired, const struct ls_object *have, struct ls_set *kept)
{
	size_t i = ls_set_lower(desired, entry->original);
	const struct ls_object *there =
		i < desired->n_objects && !ls_object_compare(desired->objects[i], entry->original) ? desired->objects[i]
												   : NULL;
	uint32_t bits = returnable(entry, there, have);
	struct ls_object *want;

	if (is_strangers(entry, there, have) && ls_set_add(kept, (struct ls_object *)have) < 0)
		return -ENOMEM;
	if (!bits)
		return 0;
	want = there ? ls_arena_copy(desired->arena, there, there->kind->size)
		     : bare_copy(desired->arena, entry->original);
	if (!want)
		return -ENOMEM;
	for (unsigned k = 0; k < want->kind->n_attrs; k++)
		if (bits & LS_BIT(k))
			take_attr(want, entry->original, k);
	if (!there)
		return ls_set_insert(desired, want);
	desired->objects[i] = want;
	return 0;
}

/* A link that we made goes with its sysctls, and one that gets too small for IPv6 loses those: nothing to give back. */
static bool goes_with_link(const struct ls_object *object, const struct ls_set *desired, const struct ls_set *actual)
{
	const struct ls_sysctl *sysctl = (const struct ls_sysctl *)object;
	const struct ls_link *link;
	uint32_t mtu;

	if (object->kind != &ls_kind_sysctl || !ls_object_has(object, LS_SYSCTL_DEV))
		return false;
	mtu = ls_plan_mtu_of(desired, actual, sysctl->dev);
	if (mtu && mtu < LS_IPV6_MTU_MIN && !strncmp(sysctl->path, "net/ipv6/", 9))
		return true;
	link = ls_set_link(actual, sysctl->dev);
	return !link || (link->object.owner == LS_OWNER_OURS && !ls_set_link(desired, sysctl->dev));
}

static int give_back(
	const struct ls_original *entry, struct ls_set *desired, const struct ls_set *actual, struct ls_set *kept)
{
	const struct ls_object *have = ls_set_find(actual, entry->original);
	struct ls_object *copy;

	if (entry->original->flags & LS_OBJECT_ADJUST)
		return have && !goes_with_link(entry->original, desired, actual)
			       ? give_back_attrs(entry, desired, have, kept)
			       : 0;
	if (ls_set_find(desired, entry->original) || (have && have->owner != LS_OWNER_OURS))
		return 0;
	copy = ls_object_copy(desired->arena, entry->original);
	return copy ? ls_set_insert(desired, copy) : -ENOMEM;
}

/* What goes with a sysctl that the spec asks for is settled before anything is added to the set. */
static bool *find_staying(const struct ls_ledger *ledger, const struct ls_set *desired)
{
	bool *stays = calloc(ledger->n_originals + 1, sizeof(*stays));

	for (size_t i = 0; stays && i < ledger->n_originals; i++)
		stays[i] = ls_plan_is_overwritten(ledger->originals[i].original, desired);
	return stays;
}

int ls_plan_give_back(
	const struct ls_ledger *ledger, struct ls_set *desired, const struct ls_set *actual, struct ls_set *kept)
{
	bool *stays;
	int r = 0;

	ls_set_sort(desired);
	stays = find_staying(ledger, desired);
	if (!stays)
		return -ENOMEM;
	for (size_t i = 0; i < ledger->n_originals && r >= 0; i++)
		r = stays[i] ? 0 : give_back(&ledger->originals[i], desired, actual, kept);
	free(stays);
	return r;
}

int ls_plan_links_given_back(const struct ls_ledger *ledger, const struct ls_set *actual, struct ls_set *ret)
{
	struct ls_set back LS_CLEANUP(ls_set_done), kept LS_CLEANUP(ls_set_done);
	int r;

	ls_set_init(&back, ret->arena);
	ls_set_init(&kept, ret->arena);
	r = ls_plan_give_back(ledger, &back, actual, &kept);
	for (size_t i = 0; r >= 0 && i < actual->n_objects; i++) {
		struct ls_object *object = actual->objects[i];
		const struct ls_link *original;

		if (object->kind != &ls_kind_link)
			continue;
		original = ls_set_link(&back, ((const struct ls_link *)object)->name);
		if (original && ls_object_has(&original->object, LS_LINK_MTU)) {
			object = ls_arena_copy(ret->arena, object, object->kind->size);
			if (!object)
				return -ENOMEM;
			((struct ls_link *)object)->mtu = original->mtu;
		}
		r = ls_set_add(ret, object);
	}
	return r;
}

/* ---- the next ledger --------------------------------------------------------------------------------------------- */

static int add_entry(struct ls_ledger *ledger, struct ls_object *original, struct ls_object *written)
{
	if (!original || !written)
		return -ENOMEM;
	if (ledger->n_originals == ledger->size) {
		size_t size = ledger->size ? ledger->size * 2 : 16;
		struct ls_original *grown = reallocarray(ledger->originals, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		ledger->originals = grown;
		ledger->size = size;
	}
	ledger->originals[ledger->n_originals++] = (struct ls_original){ original, written };
	return 0;
}

static struct ls_original *find_entry(struct ls_ledger *ledger, const struct ls_object *key)
{
	for (size_t i = 0; i < ledger->n_originals; i++)
		if (!ls_object_compare(ledger->originals[i].original, key))
			return &ledger->originals[i];
	return NULL;
}

/* What is still asked for stays in the ledger; what is not was given back, or is a stranger's by now. */
static int keep_entry(
	const struct ls_original *old, const struct ls_set *desired, struct ls_arena *arena, struct ls_ledger *ret)
{
	const struct ls_object *want = ls_set_find(desired, old->original);
	struct ls_object *original, *written;

	if (!want && !ls_plan_is_overwritten(old->original, desired))
		return 0;
	original = ls_object_copy(arena, old->original);
	written = ls_object_copy(arena, old->written);
	if (want && original && original->flags & LS_OBJECT_ADJUST) {
		original->managed &= want->managed;
		if (!original->managed)
			return 0;
	}
	return add_entry(ret, original, written);
}

static int displace_attrs(const struct ls_object *have, const struct ls_object *want, uint32_t bits,
	struct ls_arena *arena, struct ls_ledger *ret)
{
	struct ls_original *entry = find_entry(ret, have);
	struct ls_object *source = ls_object_copy(arena, have), *written = ls_object_copy(arena, want);

	if (!source || !written)
		return -ENOMEM;
	if (!entry) {
		if (add_entry(ret, bare_copy(arena, have), bare_copy(arena, want)) < 0)
			return -ENOMEM;
		entry = &ret->originals[ret->n_originals - 1];
	}
	for (unsigned i = 0; i < have->kind->n_attrs; i++) {
		if (!(bits & LS_BIT(i)))
			continue;
		if (!(entry->original->managed & LS_BIT(i)))
			take_attr(entry->original, source, i);
		take_attr(entry->written, written, i);
	}
	return 0;
}

/* Of what the spec adjusts, the value found when it began to: also where that was as wanted, so that a later repair
 * does not take a stranger's value for the original. */
static int record_adjusted(const struct ls_plan *plan, const struct ls_object *want, const struct ls_set *actual,
	struct ls_arena *arena, struct ls_ledger *ret)
{
	const struct ls_object *before = ls_set_find(actual, want);

	if (!before)
		before = ls_set_find(&plan->defaults, want);
	if (!before || before->owner == LS_OWNER_OURS)
		return 0;
	return displace_attrs(before, want, want->managed, arena, ret);
}

static int record_all_adjusted(const struct ls_plan *plan, const struct ls_set *desired, const struct ls_set *actual,
	struct ls_arena *arena, struct ls_ledger *ret)
{
	int r = 0;

	for (size_t i = 0; i < desired->n_objects && r >= 0; i++)
		if (desired->objects[i]->flags & LS_OBJECT_ADJUST)
			r = record_adjusted(plan, desired->objects[i], actual, arena, ret);
	return r;
}

/* Only what the spec asks for is recorded: a step that gives something back displaces nothing. */
static int record_adopted(
	const struct ls_step *step, const struct ls_set *desired, struct ls_arena *arena, struct ls_ledger *ret)
{
	const struct ls_object *before = step->before, *want = before ? ls_set_find(desired, before) : NULL;

	if (!want || before->owner == LS_OWNER_OURS || want->flags & LS_OBJECT_ADJUST || find_entry(ret, before))
		return 0;
	return add_entry(ret, ls_object_copy(arena, before), ls_object_copy(arena, want));
}

/* Values that change because the spec has another sysctl written are displaced as well. */
static int record_fallout(
	const struct ls_plan *plan, const struct ls_set *desired, struct ls_arena *arena, struct ls_ledger *ret)
{
	for (size_t i = 0; i < plan->fallout.n_objects; i++) {
		const struct ls_object *after = plan->fallout.objects[i];
		const struct ls_object *before = ls_set_find(&plan->closure, after);
		int r;

		if (!before || !ls_plan_is_overwritten(before, desired) || ls_set_find(desired, before))
			continue;
		r = displace_attrs(before, after, ls_object_diff(before, after) | LS_BIT(LS_SYSCTL_VALUE), arena, ret);
		if (r < 0)
			return r;
	}
	return 0;
}

int ls_plan_next_ledger(const struct ls_ledger *old, const struct ls_plan *plan, const struct ls_set *desired,
	const struct ls_set *actual, struct ls_arena *arena, struct ls_ledger *ret)
{
	struct ls_ledger next = { 0 };
	int r = 0;

	for (size_t i = 0; i < old->n_originals && r >= 0; i++)
		r = keep_entry(&old->originals[i], desired, arena, &next);
	if (r >= 0)
		r = record_all_adjusted(plan, desired, actual, arena, &next);
	for (size_t i = 0; i < plan->n_steps && r >= 0; i++)
		r = record_adopted(&plan->steps[i], desired, arena, &next);
	if (r >= 0)
		r = record_fallout(plan, desired, arena, &next);
	if (r < 0)
		ls_ledger_done(&next);
	else
		*ret = next;
	return r;
}
