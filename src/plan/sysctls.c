/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls that overwrite others when they are written, and what the sysctls of new links begin with.
 */
#include "planner.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/socket.h>

/* Writing `path` writes all that match `others` too: the same value, or the opposite one. inet_forward_change,
 * addrconf_fixup_forwarding, addrconf_disable_ipv6. */
static const struct overwrite {
	const char *path, *others;
	bool opposite;
} overwrites[] = {
	{ "net/ipv4/ip_forward", "net/ipv4/conf/*/forwarding", false },
	{ "net/ipv4/ip_forward", "net/ipv4/conf/all/accept_redirects", true },
	{ "net/ipv4/conf/all/forwarding", "net/ipv4/conf/*/forwarding", false },
	{ "net/ipv4/conf/all/forwarding", "net/ipv4/ip_forward", false },
	{ "net/ipv4/conf/all/forwarding", "net/ipv4/conf/all/accept_redirects", true },
	{ "net/ipv6/conf/all/forwarding", "net/ipv6/conf/*/forwarding", false },
	{ "net/ipv6/conf/all/disable_ipv6", "net/ipv6/conf/*/disable_ipv6", false },
};

static const char *overwritten_value(const struct overwrite *rule, const char *value)
{
	return !rule->opposite ? value : strcmp(value, "0") ? "0" : "1";
}

/* Also where the value stays the same: giving back the writer's will change it. */
static void overwrite_one(struct planner *planner, struct pair *pair, const char *value)
{
	const struct ls_sysctl *have = (const struct ls_sysctl *)pair->have;
	struct ls_sysctl *after;

	if (!ls_object_has(pair->have, LS_SYSCTL_VALUE) || (pair->want && !strcmp(have->value, value)))
		return;
	after = (struct ls_sysctl *)ls_object_copy(planner->plan->arena, pair->have);
	if (!after) {
		planner->out_of_memory = true;
		return;
	}
	after->value = value;
	if (pair->want) {
		pair->have = &after->object;
		pair->reason = "overwritten by a sysctl before it";
		ls_planner_judge(planner, pair);
	} else if (ls_set_add(&planner->plan->fallout, &after->object) < 0 ||
		   ls_set_add(&planner->plan->closure, (struct ls_object *)pair->found) < 0) {
		planner->out_of_memory = true;
	}
}

static void spread_from_sysctl(struct planner *planner, const struct pair *writer)
{
	const struct ls_sysctl *written = (const struct ls_sysctl *)writer->want;

	for (size_t k = 0; k < LS_ARRAY_SIZE(overwrites); k++) {
		if (strcmp(written->path, overwrites[k].path) != 0)
			continue;
		for (size_t i = 0; i < planner->n_pairs; i++) {
			struct pair *pair = &planner->pairs[i];

			if (pair != writer && pair->have && pair->have->kind == &ls_kind_sysctl &&
				!fnmatch(overwrites[k].others, ((const struct ls_sysctl *)pair->have)->path, 0))
				overwrite_one(planner, pair, overwritten_value(&overwrites[k], written->value));
		}
	}
}

static void spread_from_sysctls(struct planner *planner)
{
	for (size_t i = 0; i < planner->n_pairs; i++) {
		const struct pair *pair = &planner->pairs[i];

		if (pair->want && pair->want->kind == &ls_kind_sysctl && pair->verdict == VERDICT_CHANGE)
			spread_from_sysctl(planner, pair);
	}
}

bool ls_plan_is_overwritten(const struct ls_object *object, const struct ls_set *desired)
{
	struct ls_sysctl writer = { .object = { .kind = &ls_kind_sysctl, .set = LS_BIT(LS_SYSCTL_PATH) } };

	if (object->kind != &ls_kind_sysctl)
		return false;
	for (size_t k = 0; k < LS_ARRAY_SIZE(overwrites); k++) {
		writer.path = overwrites[k].path;
		if (!fnmatch(overwrites[k].others, ((const struct ls_sysctl *)object)->path, 0) &&
			ls_set_find(desired, &writer.object))
			return true;
	}
	return false;
}

/* net/ipv4/conf/LINK/NAME begins as net/ipv4/conf/default/NAME (devinet_init_net, addrconf_init_net,
 * neigh_parms_alloc). */
static const char *default_path(struct ls_arena *arena, const struct ls_sysctl *sysctl)
{
	const char *link = strstr(sysctl->path, sysctl->dev);

	return link ? ls_arena_printf(arena, "%.*sdefault%s", (int)(link - sysctl->path), sysctl->path,
			      link + strlen(sysctl->dev))
		    : NULL;
}

static int add_scope(struct ls_set *scope, const char *path)
{
	struct ls_sysctl *sysctl = (struct ls_sysctl *)ls_object_new(scope->arena, &ls_kind_sysctl);

	if (!sysctl || !path)
		return -ENOMEM;
	sysctl->path = path;
	sysctl->object.set = LS_BIT(LS_SYSCTL_PATH);
	return ls_set_add(scope, &sysctl->object);
}

static int add_scope_of_links(struct ls_set *scope, const struct ls_set *links, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	size_t to, from = ls_set_of_kind(links, &ls_kind_link, &to);
	int r;

	if (!star)
		return add_scope(scope, pattern);
	for (size_t i = from; i < to; i++) {
		r = add_scope(scope, ls_arena_printf(scope->arena, "%.*s%s%s", (int)(star - pattern), pattern,
					     ((const struct ls_link *)links->objects[i])->name, star + 1));
		if (r < 0)
			return r;
	}
	r = add_scope(scope, ls_arena_printf(scope->arena, "%.*sall%s", (int)(star - pattern), pattern, star + 1));
	return r < 0 ? r
		     : add_scope(scope, ls_arena_printf(scope->arena, "%.*sdefault%s", (int)(star - pattern), pattern,
						star + 1));
}

/* Whether deleting an address deletes others: of links that have one (addresses.c). */
static int add_promoting(struct ls_set *scope, const struct ls_set *actual)
{
	size_t to, from = ls_set_of_kind(actual, &ls_kind_address, &to);
	const char *last = "all";
	int r = add_scope(scope, "net/ipv4/conf/all/promote_secondaries");

	for (size_t i = from; i < to && r >= 0; i++) {
		const struct ls_address *address = (const struct ls_address *)actual->objects[i];

		if (address->address.family != AF_INET || !strcmp(address->dev, last))
			continue;
		last = address->dev;
		r = add_scope(scope, ls_arena_printf(scope->arena, "net/ipv4/conf/%s/promote_secondaries", last));
	}
	return r;
}

int ls_plan_sysctl_scope(const struct ls_set *desired, const struct ls_set *actual, struct ls_set *scope)
{
	int r = add_promoting(scope, actual);
	size_t to, from = ls_set_of_kind(desired, &ls_kind_sysctl, &to);

	for (size_t i = from; i < to && r >= 0; i++) {
		const struct ls_object *object = desired->objects[i];

		r = add_scope(scope, ((const struct ls_sysctl *)object)->path);
		if (r >= 0 && ls_object_has(object, LS_SYSCTL_DEV))
			r = add_scope(scope, default_path(scope->arena, (const struct ls_sysctl *)object));
		for (size_t k = 0; k < LS_ARRAY_SIZE(overwrites) && r >= 0; k++)
			if (!strcmp(((const struct ls_sysctl *)object)->path, overwrites[k].path))
				r = add_scope_of_links(scope, actual, overwrites[k].others);
	}
	return r;
}

/* ---- what new links begin with ----------------------------------------------------------------------------------- */

static void find_default(struct planner *planner, const struct ls_sysctl *want)
{
	struct ls_arena *arena = planner->plan->arena;
	struct ls_sysctl key = { .object = { .kind = &ls_kind_sysctl, .set = LS_BIT(LS_SYSCTL_PATH) } }, *first;
	const struct ls_sysctl *found;

	key.path = default_path(arena, want);
	found = key.path ? (const struct ls_sysctl *)ls_set_find(planner->actual, &key.object) : NULL;
	if (!found || !ls_object_has(&found->object, LS_SYSCTL_VALUE))
		return;
	first = (struct ls_sysctl *)ls_object_copy(arena, &want->object);
	if (!first || ls_set_add(&planner->plan->defaults, &first->object) < 0) {
		planner->out_of_memory = true;
		return;
	}
	first->value = found->value;
}

static void find_defaults(struct planner *planner)
{
	for (size_t i = 0; i < planner->n_pairs; i++) {
		const struct pair *pair = &planner->pairs[i];

		if (pair->verdict == VERDICT_ADD && pair->want->kind == &ls_kind_sysctl &&
			ls_object_has(pair->want, LS_SYSCTL_DEV))
			find_default(planner, (const struct ls_sysctl *)pair->want);
	}
}

void ls_planner_spread_from_sysctls(struct planner *planner)
{
	spread_from_sysctls(planner);
	find_defaults(planner);
}
