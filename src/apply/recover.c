/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recovery: the one way back. For every slot of the journal three states are compared: before, after, and what the
 * kernel has now. Now as before: nothing to do. Now something that the run passes through (after, a mixture of both,
 * stripped by the kernel, absent): before is wanted again. Anything else is a stranger's change: it is left alone and
 * reported.
 *
 * What is wanted again becomes a desired set, and an ordinary plan leads there. In it our objects are exactly those of
 * the journal that the run may have made; everything else counts as foreign, so the plan cannot touch it. Nothing is
 * journaled: a recovery that is cut short is simply done again.
 */
#include "state.h"

#include <stdio.h>
#include <string.h>

struct recovery {
	struct ls_host *host;
	struct ls_journal journal;
	struct ls_arena *arena;
	struct ls_set scope; /* sysctls of the journal, to be read */
	struct ls_set now;
	struct ls_set wanted; /* the befores that are to be brought back */
	struct ls_diag *notes;
	bool plan_again;
	bool report; /* the last look: what differs now stays so */
	size_t n_strange;
};

/* The objects of one slot, as runs of the sorted sets. */
struct slot {
	struct ls_object **before, **after, **fallout, **now;
	size_t n_before, n_after, n_fallout, n_now;
};

/* ---- three states ------------------------------------------------------------------------------------------------ */

/* The attributes that the run is about in this slot: of a link that was there before it, only those it set out to
 * change. */
static uint32_t concerned(const struct ls_object *before, const struct ls_object *after)
{
	if (after && after->flags & LS_OBJECT_ADJUST)
		return after->managed;
	return before && before->kind->adjusted ? LS_BIT(LS_SYSCTL_VALUE) : UINT32_MAX;
}

static bool is_before(const struct ls_object *before, const struct ls_object *after, const struct ls_object *now)
{
	uint32_t bits = concerned(before, after);

	if (!before || !now)
		return !before && !now;
	for (unsigned i = 0; i < now->kind->n_attrs; i++)
		if (bits & LS_BIT(i) && now->kind->attrs[i].change != LS_CHANGE_INFO && !ls_attr_same(i, now, before))
			return false;
	return before->owner == now->owner || before->kind == &ls_kind_address;
}

/* What the kernel takes away with something else. */
static bool is_stripped(const struct ls_object *before, unsigned attr, const struct ls_object *now)
{
	return before && ls_object_has(before, attr) && !ls_object_has(now, attr);
}

/* Is `now` something that lies on the way from before to after? Attribute by attribute: as before, as after, as the
 * kernel makes it on the way, stripped, or, on an object that the run made, whatever the kernel gave it. (Nothing at
 * all lies on the way, too.) */
static bool is_on_the_way(const struct ls_object *before, const struct ls_object *after,
	const struct ls_object *fallout, const struct ls_object *now)
{
	bool made = after && (!before || after->flags & LS_OBJECT_REMADE);
	uint32_t bits = concerned(before, after);
	uint32_t passing = now->kind->passes ? now->kind->passes(before, after, now) : 0;

	/* A bystander that has another value only because the kernel overwrote it; one of a link that is new. */
	if (now->kind->adjusted && ((!after && !fallout) || made))
		return true;
	if (now->owner != LS_OWNER_OURS && !(before && before->owner == now->owner) && !now->kind->adjusted)
		return false;
	for (unsigned i = 0; i < now->kind->n_attrs; i++) {
		const struct ls_attr *attr = &now->kind->attrs[i];
		/* Links change each other's: the MTU of a bridge follows its ports. */
		bool given = (made && attr->type == LS_TYPE_BOOL) ||
			     (attr->flags & LS_ATTR_OPTIONAL && now->owner == LS_OWNER_OURS);

		if (!(bits & LS_BIT(i)) || attr->change == LS_CHANGE_INFO || given || is_stripped(before, i, now) ||
			is_stripped(after, i, now) || passing & LS_BIT(i))
			continue;
		if (!ls_attr_same(i, now, before) && !ls_attr_same(i, now, after) && !ls_attr_same(i, now, fallout) &&
			!(after && !ls_object_has(now, i)))
			return false;
	}
	return true;
}

/* ---- slots ------------------------------------------------------------------------------------------------------- */

static size_t take_run(const struct ls_set *set, size_t *at, const struct ls_object *key, struct ls_object ***ret)
{
	size_t n = 0;

	while (*at < set->n_objects && ls_object_compare(set->objects[*at], key) < 0)
		(*at)++;
	*ret = set->objects + *at;
	while (*at + n < set->n_objects && !ls_object_compare(set->objects[*at + n], key))
		n++;
	*at += n;
	return n;
}

static const struct ls_object *least(const struct ls_set *a, size_t i, const struct ls_set *b, size_t j)
{
	if (i == a->n_objects)
		return j == b->n_objects ? NULL : b->objects[j];
	if (j == b->n_objects)
		return a->objects[i];
	return ls_object_compare(a->objects[i], b->objects[j]) <= 0 ? a->objects[i] : b->objects[j];
}

static void note_stranger(struct recovery *recovery, const struct ls_object *object, const char *what)
{
	char text[LS_DESCRIBE_MAX];

	recovery->n_strange++;
	if (!recovery->notes || !recovery->report)
		return;
	ls_diag_report(recovery->notes, LS_SEVERITY_ERROR, (struct ls_location){ 0 }, "not-restored", "%s: %s",
		ls_object_describe(object, text, sizeof(text)), what);
}

/* " (mtu is 1400, was 1500)" */
static const char *print_differences(
	const struct ls_object *before, const struct ls_object *now, uint32_t bits, char *text, size_t size)
{
	char is[128], was[128];
	size_t length = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < now->kind->n_attrs && length < size; i++) {
		const struct ls_attr *attr = &now->kind->attrs[i];

		if (!(bits & LS_BIT(i)) || attr->change == LS_CHANGE_INFO || ls_attr_same(i, now, before))
			continue;
		length += (size_t)snprintf(text + length, size - length, "%s%s is %s, was %s", length ? "; " : " (",
			attr->name, ls_object_format_attr(now, i, is, sizeof(is)),
			ls_object_format_attr(before, i, was, sizeof(was)));
	}
	if (length && length < size)
		snprintf(text + length, size - length, ")");
	return text;
}

static void note_change(struct recovery *recovery, const struct ls_object *before, const struct ls_object *after,
	const struct ls_object *now)
{
	char differences[512], what[640];

	if (!before) {
		note_stranger(recovery, now, "somebody else has made it in the meantime; it stays as it is");
		return;
	}
	snprintf(what, sizeof(what), "somebody else has changed it in the meantime%s; it stays as it is",
		print_differences(before, now, concerned(before, after), differences, sizeof(differences)));
	note_stranger(recovery, now, what);
}

static int want_again(
	struct recovery *recovery, const struct ls_object *before, const struct ls_object *after, bool crowd)
{
	struct ls_object *copy = ls_object_copy(recovery->arena, before);

	if (!copy)
		return -ENOMEM;
	copy->flags |= LS_OBJECT_EXACT;
	if (crowd)
		copy->flags |= LS_OBJECT_SIBLING;
	if (before->kind->adjusted || (after && after->flags & LS_OBJECT_ADJUST)) {
		copy->flags |= LS_OBJECT_ADJUST;
		copy->managed = concerned(before, after);
	}
	return ls_set_add(&recovery->wanted, copy);
}

static int restore_single(struct recovery *recovery, const struct slot *slot)
{
	const struct ls_object *before = slot->n_before ? slot->before[0] : NULL;
	const struct ls_object *after = slot->n_after ? slot->after[0] : NULL;
	const struct ls_object *fallout = slot->n_fallout ? slot->fallout[0] : NULL;
	struct ls_object *now = slot->n_now ? slot->now[0] : NULL;

	if (is_before(before, after, now)) {
		if (now)
			now->owner = LS_OWNER_FOREIGN;
		/* Wanted all the same: on the way back it may be lost with what it depends on. */
		return before ? want_again(recovery, before, after, false) : 0;
	}
	if (now && !is_on_the_way(before, after, fallout, now)) {
		note_change(recovery, before, after, now);
		now->owner = LS_OWNER_FOREIGN;
		return 0;
	}
	if (now)
		now->owner = LS_OWNER_OURS;
	return before ? want_again(recovery, before, after, false) : 0;
}

static bool among(const struct ls_object *object, struct ls_object *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ls_object_diff(list[i], object) && list[i]->owner == object->owner)
			return true;
	return false;
}

/* A slot with several objects (siblings of a multipath): all of before are wanted, and ours are those of after. */
static int restore_crowd(struct recovery *recovery, const struct slot *slot)
{
	for (size_t i = 0; i < slot->n_now; i++) {
		struct ls_object *now = slot->now[i];
		bool ours = now->owner == LS_OWNER_OURS && !among(now, slot->before, slot->n_before);

		now->owner = ours ? LS_OWNER_OURS : LS_OWNER_FOREIGN;
	}
	for (size_t i = 0; i < slot->n_before; i++)
		if (want_again(recovery, slot->before[i], NULL, slot->n_before > 1) < 0)
			return -ENOMEM;
	return 0;
}

/* Everything outside the journal is foreign to the plan of recovery. */
static void disown(const struct slot *slot)
{
	for (size_t i = 0; i < slot->n_now; i++)
		if (slot->now[i]->owner == LS_OWNER_OURS)
			slot->now[i]->owner = LS_OWNER_FOREIGN;
}

static int compare_slots(struct recovery *recovery)
{
	const struct ls_journal *journal = &recovery->journal;
	size_t b = 0, a = 0, f = 0, n = 0, next_n = 0;
	const struct ls_object *key;
	struct slot slot;
	int r = 0;

	while (r >= 0 && (key = least(&journal->before, b, &journal->after, a))) {
		slot.n_before = take_run(&journal->before, &b, key, &slot.before);
		slot.n_after = take_run(&journal->after, &a, key, &slot.after);
		slot.n_fallout = take_run(&journal->fallout, &f, key, &slot.fallout);
		slot.n_now = take_run(&recovery->now, &n, key, &slot.now);
		for (; next_n < n - slot.n_now; next_n++)
			disown(&(struct slot){ .now = &recovery->now.objects[next_n], .n_now = 1 });
		next_n = n;
		r = slot.n_before > 1 || slot.n_after > 1 || slot.n_now > 1 ? restore_crowd(recovery, &slot)
									    : restore_single(recovery, &slot);
	}
	for (; next_n < recovery->now.n_objects; next_n++)
		disown(&(struct slot){ .now = &recovery->now.objects[next_n], .n_now = 1 });
	return r;
}

/* ---- one round --------------------------------------------------------------------------------------------------- */

static int scope_of(const struct ls_set *set, struct ls_set *scope)
{
	ls_set_each (set, i)
		if (set->objects[i]->kind->adjusted && ls_set_add(scope, set->objects[i]) < 0)
			return -ENOMEM;
	return 0;
}

static bool is_same_link(const struct ls_object *a, const struct ls_object *b)
{
	return ((const struct ls_link *)a)->index == ((const struct ls_link *)b)->index;
}

static bool keeps_its_mark(const struct ls_object *object)
{
	return object->kind == &ls_kind_address ||
	       (object->kind == &ls_kind_nexthop && ls_object_has(object, LS_NEXTHOP_MEMBERS)) ||
	       (object->kind == &ls_kind_neighbour && !((const struct ls_neighbour *)object)->protocol);
}

/* What was ours by the record only (adopted links, addresses, groups and such keep the mark they had), or is by now
 * (kernels before 5.18 do not keep the mark of addresses). */
static void claim(struct recovery *recovery, const struct ls_set *known, bool made)
{
	ls_set_each (known, i) {
		const struct ls_object *object = known->objects[i];
		struct ls_object *found;

		if (made || object->owner == LS_OWNER_OURS)
			ls_claim(recovery->host, object, &recovery->now);
		found = made || object->owner != LS_OWNER_OURS ? NULL : ls_set_find(&recovery->now, object);
		if (!found || found->owner == LS_OWNER_OURS)
			continue;
		if (keeps_its_mark(found) ? !ls_object_diff(object, found)
					  : object->kind == &ls_kind_link && is_same_link(object, found))
			found->owner = LS_OWNER_OURS;
	}
}

static int begin_round(struct recovery *recovery, struct ls_error *err)
{
	recovery->arena = ls_arena_new();
	recovery->n_strange = 0;
	if (!recovery->arena)
		return ls_error_set(err, -ENOMEM, "out of memory");
	ls_set_init(&recovery->scope, recovery->arena);
	ls_set_init(&recovery->now, recovery->arena);
	ls_set_init(&recovery->wanted, recovery->arena);
	if (scope_of(&recovery->journal.before, &recovery->scope) < 0 ||
		scope_of(&recovery->journal.after, &recovery->scope) < 0)
		return ls_error_set(err, -ENOMEM, "out of memory");
	ls_set_sort(&recovery->scope);
	if (ls_kernel_dump(recovery->host->kernel, LS_DUMP_ALL, &recovery->scope, &recovery->now, err) < 0)
		return err ? err->code : -EIO;
	claim(recovery, &recovery->journal.before, false);
	claim(recovery, &recovery->journal.after, true);
	return 0;
}

static void end_round(struct recovery *recovery)
{
	ls_set_done(&recovery->scope);
	ls_set_done(&recovery->now);
	ls_set_done(&recovery->wanted);
	ls_arena_free(recovery->arena);
	recovery->arena = NULL;
}

static void note_conflicts(struct recovery *recovery, const struct ls_plan *plan)
{
	for (size_t i = 0; i < plan->n_conflicts; i++) {
		const struct ls_conflict *conflict = &plan->conflicts[i];

		note_stranger(recovery, conflict->have ? conflict->have : conflict->want, conflict->reason);
	}
}

/* A link that a stranger's object of the conflict stands on stays: no longer ours to take away. */
static bool leave_link(const char *name, void *data)
{
	struct recovery *recovery = data;
	struct ls_link *link = (struct ls_link *)ls_set_link(&recovery->now, name);

	if (link && link->object.owner == LS_OWNER_OURS) {
		link->object.owner = LS_OWNER_FOREIGN;
		note_stranger(recovery, &link->object, "something that linkspan did not make stands on it; it stays");
		recovery->plan_again = true;
	}
	return false; /* on to the next link */
}

/* Plans until no link is to be taken away from under a stranger. */
static int plan_recovery(struct recovery *recovery, struct ls_plan **ret)
{
	static const struct ls_plan_options options = { 0 };
	do {
		ls_plan_free(LS_TAKE_PTR(*ret));
		if (ls_plan_make(&recovery->wanted, &recovery->now, &options, ret) < 0)
			return -ENOMEM;
		recovery->plan_again = false;
		for (size_t i = 0; i < (*ret)->n_conflicts; i++)
			if ((*ret)->conflicts[i].have)
				ls_object_each_link((*ret)->conflicts[i].have, leave_link, recovery);
	} while (recovery->plan_again);
	return 0;
}

/* The last look is at what has been told the kernel. */
static int plan_round(struct recovery *recovery, bool act, struct ls_plan **ret)
{
	ls_set_sort(&recovery->wanted);
	if (!act && ls_set_mark_told(&recovery->wanted, NULL) < 0)
		return -ENOMEM;
	return plan_recovery(recovery, ret);
}

/* Compares, plans, and carries out unless it is the last look. *ret_left: what still differs from before. */
static int recovery_round(struct recovery *recovery, bool act, size_t *ret_left, struct ls_error *err)
{
	LS_CLEANUP(ls_plan_freep) struct ls_plan *plan = NULL;
	int r;

	r = begin_round(recovery, err);
	if (r >= 0 && compare_slots(recovery) < 0)
		r = ls_error_set(err, -ENOMEM, "out of memory");
	if (r >= 0 && plan_round(recovery, act, &plan) < 0)
		r = ls_error_set(err, -ENOMEM, "out of memory");
	if (r >= 0 && plan) {
		note_conflicts(recovery, plan);
		*ret_left = plan->n_steps + recovery->n_strange;
		if (!act)
			for (size_t i = 0; i < plan->n_steps; i++)
				note_stranger(recovery, plan->steps[i].want ? plan->steps[i].want : plan->steps[i].have,
					"could not be put back");
		if (act && plan->n_steps) {
			ls_execute(recovery->host, &(struct ls_execution){ .plan = plan, .go_on = true, .notes = NULL },
				err);
			ls_aftermath(recovery->host, plan, &recovery->wanted, recovery->notes);
		}
	}
	ls_plan_free(LS_TAKE_PTR(plan));
	end_round(recovery);
	return r;
}

#define ROUNDS 4

int ls_recover(struct ls_host *host, struct ls_diag *notes, struct ls_error *err)
{
	struct recovery recovery = { .host = host, .notes = notes };
	size_t left = 1, left_before = SIZE_MAX;
	struct ls_error why = { 0 };
	int r;

	r = ls_journal_read(host, true, &recovery.journal, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return ls_error_set(err, r, "%s", why.message);
	for (int round = 0; round < ROUNDS && left && left < left_before && r >= 0; round++) {
		left_before = round ? left : SIZE_MAX;
		r = recovery_round(&recovery, true, &left, err);
	}
	if (r >= 0 && left) {
		recovery.report = true;
		r = recovery_round(&recovery, false, &left, err);
	}
	ls_journal_done(&recovery.journal);
	if (r < 0)
		return r;
	if (left)
		return ls_error_set(err, -EUCLEAN,
			"%zu object%s could not be put back (`linkspan recover` tries again, `linkspan recover "
			"--abandon` keeps "
			"the host as it is)",
			left, left == 1 ? "" : "s");
	return ls_journal_give_up(host, err);
}
