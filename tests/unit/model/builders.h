/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects from text, for tests of the rooms that work on sets: "route to=10.0.0.0/8 via=10.0.0.1 dev=eth0 ours".
 *
 * The first word is the kind; NAME=VALUE sets an attribute ('...' around blanks); "address=10.0.0.1/24" sets the prefix
 * length too. Words alone: ours, derived (foreign otherwise), adopt, sibling, raw (has a message of the kernel's),
 * adjust (what is set beside the key is managed), -NAME (managed without a value), bare (without the defaults below).
 * What every object of a kind has in the kernel need not be written: table, metric and the like of a route, scope of an
 * IPv4 address, device of a sysctl.
 */
#pragma once

#include <linkspan/model.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What the test at hand has built. A test is a process, so most never give it back: that it can be reached from here is
 * enough for the leak checker, which is to find the leaks of the program and not those of its tests. */
static struct {
	struct ls_arena *arena;
	void **kept;
	size_t n_kept;
} build_memory;

static inline struct ls_arena *build_arena(void)
{
	if (!build_memory.arena)
		build_memory.arena = ls_arena_new();
	cr_assert_not_null(build_memory.arena);
	return build_memory.arena;
}

static inline void *build_keep(void *memory)
{
	build_memory.kept = reallocarray(build_memory.kept, build_memory.n_kept + 1, sizeof(*build_memory.kept));
	cr_assert_not_null(build_memory.kept);
	build_memory.kept[build_memory.n_kept++] = memory;
	return memory;
}

#define BUILD_SET_MAX 512

/* An empty set with room for as many objects as tests have, so that its memory stays where it is kept. */
static inline void build_begin(struct ls_set *set)
{
	ls_set_init(set, build_arena());
	set->objects = build_keep(calloc(BUILD_SET_MAX, sizeof(struct ls_object *)));
	set->size = BUILD_SET_MAX;
	set->ends = build_keep(calloc(BUILD_SET_MAX, sizeof(*set->ends)));
	set->ends_size = BUILD_SET_MAX;
	cr_assert(set->objects && set->ends);
}

static inline void build_keep_set(struct ls_set *set)
{
	build_keep(set->objects);
	build_keep(set->ends);
}

/* Sorting has moved the objects of a set to other memory. */
static inline void build_moved(void *before, struct ls_set *set)
{
	for (size_t i = 0; i < build_memory.n_kept; i++)
		if (build_memory.kept[i] == before)
			build_memory.kept[i] = set->objects;
}

static inline void build_sort(struct ls_set *set)
{
	void *before = set->objects;

	ls_set_sort(set);
	build_moved(before, set);
}

/* Gives all of it back, sets included: for tests with many rounds. */
static inline void build_forget(void)
{
	for (size_t i = 0; i < build_memory.n_kept; i++)
		free(build_memory.kept[i]);
	free(build_memory.kept);
	ls_arena_free(build_memory.arena);
	memset(&build_memory, 0, sizeof(build_memory));
}

static inline unsigned build_attr(const struct ls_kind *kind, const char *name)
{
	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (!strcmp(kind->attrs[i].name, name))
			return i;
	cr_assert_fail("a %s has no attribute '%s'", kind->name, name);
	return 0;
}

static inline uint8_t build_enum(const struct ls_attr *attr, const char *text)
{
	for (uint8_t i = 0; attr->names[i]; i++)
		if (!strcmp(attr->names[i], text))
			return i;
	cr_assert_fail("'%s' is no value of '%s'", text, attr->name);
	return 0;
}

/* "via ADDRESS dev NAME weight N, ..." */
static inline void build_hops(struct ls_hops *hops, const char *text)
{
	char via[LS_IP_TEXT_MAX], dev[16];
	unsigned weight;
	int length;

	hops->n = 0;
	hops->hops = ls_arena_alloc(build_arena(), 8 * sizeof(*hops->hops));
	while (*text) {
		struct ls_hop *hop = &hops->hops[hops->n++];

		cr_assert_eq(
			sscanf(text, "via %45s dev %15s weight %u%n", via, dev, &weight, &length), 3, "'%s'", text);
		cr_assert_eq(ls_ip_parse(via, &hop->via), 0);
		hop->dev = ls_arena_intern(build_arena(), dev, strlen(dev));
		hop->weight = (uint16_t)weight;
		text += length;
		text += strspn(text, ", ");
	}
	ls_hops_sort(hops);
}

static inline void build_value(struct ls_object *object, unsigned bit, const char *text)
{
	const struct ls_attr *attr = &object->kind->attrs[bit];
	void *value = (char *)object + attr->offset;

	object->set |= LS_BIT(bit);
	switch (attr->type) {
	case LS_TYPE_BOOL:
		*(uint8_t *)value = !strcmp(text, "true");
		break;
	case LS_TYPE_U8:
		*(uint8_t *)value = (uint8_t)strtoul(text, NULL, 0);
		break;
	case LS_TYPE_U16:
		*(uint16_t *)value = (uint16_t)strtoul(text, NULL, 0);
		break;
	case LS_TYPE_U32:
		*(uint32_t *)value = (uint32_t)strtoul(text, NULL, 0);
		break;
	case LS_TYPE_ENUM:
		*(uint8_t *)value = build_enum(attr, text);
		break;
	case LS_TYPE_STRING:
	case LS_TYPE_LINK:
		*(const char **)value = ls_arena_intern(build_arena(), text, strlen(text));
		break;
	case LS_TYPE_IP:
		cr_assert_eq(ls_ip_parse(text, value), 0, "'%s'", text);
		break;
	case LS_TYPE_PREFIX:
		cr_assert_eq(ls_prefix_parse(text, value), 0, "'%s'", text);
		break;
	case LS_TYPE_MAC:
		cr_assert_eq(ls_mac_parse(text, value), 0, "'%s'", text);
		break;
	case LS_TYPE_HOPS:
		build_hops(value, text);
		break;
	}
}

static inline void build_default(struct ls_object *object, unsigned bit, const char *text)
{
	if (!ls_object_has(object, bit))
		build_value(object, bit, text);
}

static inline void build_sysctl_device(struct ls_sysctl *sysctl)
{
	const char *conf = strstr(sysctl->path, "/conf/"), *end;
	char name[32];

	end = conf ? strchr(conf + 6, '/') : NULL;
	if (!end || !strncmp(conf, "/conf/all/", 10) || !strncmp(conf, "/conf/default/", 14))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(end - conf - 6), conf + 6);
	build_value(&sysctl->object, LS_SYSCTL_DEV, name);
}

static inline void build_defaults(struct ls_object *object)
{
	if (object->kind == &ls_kind_route) {
		bool v4 = ((struct ls_route *)object)->to.ip.family == AF_INET;
		bool onto_link = ls_object_has(object, LS_ROUTE_DEV) && !ls_object_has(object, LS_ROUTE_VIA);

		build_default(object, LS_ROUTE_TABLE, "254");
		build_default(object, LS_ROUTE_METRIC, v4 ? "0" : "1024");
		build_default(object, LS_ROUTE_TYPE, "unicast");
		if (v4) {
			build_default(object, LS_ROUTE_TOS, "0");
			build_default(object, LS_ROUTE_SCOPE, onto_link ? "link" : "global");
		}
	} else if (object->kind == &ls_kind_address) {
		if (((struct ls_address *)object)->address.family == AF_INET)
			build_default(object, LS_ADDRESS_SCOPE, "global");
	} else if (object->kind == &ls_kind_sysctl) {
		build_sysctl_device((struct ls_sysctl *)object);
	}
}

static inline void build_adjust(struct ls_object *object)
{
	object->flags |= LS_OBJECT_ADJUST;
	for (unsigned i = 0; i < object->kind->n_attrs; i++)
		if (ls_object_has(object, i) && object->kind->attrs[i].change != LS_CHANGE_KEY &&
			object->kind->attrs[i].change != LS_CHANGE_INFO)
			object->managed |= LS_BIT(i);
}

static inline void build_word(struct ls_object *object, char *word, bool *bare)
{
	static const uint8_t raw[] = { 1, 2, 3, 4 };
	char *value = strchr(word, '='), *slash;

	if (value) {
		*value++ = 0;
		slash = !strcmp(word, "address") ? strchr(value, '/') : NULL;
		if (slash) {
			build_value(object, build_attr(object->kind, "prefix_length"), slash + 1);
			*slash = 0;
		}
		build_value(object, build_attr(object->kind, word), value);
	} else if (*word == '-') {
		object->managed |= LS_BIT(build_attr(object->kind, word + 1));
	} else if (!strcmp(word, "ours")) {
		object->owner = LS_OWNER_OURS;
	} else if (!strcmp(word, "derived")) {
		object->owner = LS_OWNER_DERIVED;
	} else if (!strcmp(word, "adopt")) {
		object->flags |= LS_OBJECT_ADOPT;
	} else if (!strcmp(word, "sibling")) {
		object->flags |= LS_OBJECT_SIBLING;
	} else if (!strcmp(word, "adjust")) {
		object->flags |= LS_OBJECT_ADJUST;
	} else if (!strcmp(word, "bare")) {
		*bare = true;
	} else if (!strcmp(word, "raw")) {
		object->raw = raw;
		object->raw_length = sizeof(raw);
	} else {
		cr_assert_fail("what is '%s'?", word);
	}
}

/* Ends the word at *text and moves on; NULL at the end. */
static inline char *build_next(char **text)
{
	char *word = *text + strspn(*text, " "), *p = word;
	bool quoted = false;

	if (!*word)
		return NULL;
	for (; *p && (quoted || *p != ' '); p++) {
		if (*p != '\'')
			continue;
		quoted = !quoted;
		memmove(p, p + 1, strlen(p));
		p--;
	}
	*text = *p ? p + 1 : p;
	*p = 0;
	return word;
}

static inline struct ls_object *build(const char *text)
{
	char copy[1024], *rest = copy, *word;
	const struct ls_kind *kind;
	struct ls_object *object;
	bool bare = false;

	cr_assert_lt(snprintf(copy, sizeof(copy), "%s", text), (int)sizeof(copy));
	word = build_next(&rest);
	kind = ls_kind_by_name(word);
	cr_assert_not_null(kind, "no kind '%s'", word);
	object = ls_object_new(build_arena(), kind);
	cr_assert_not_null(object);
	while ((word = build_next(&rest)))
		build_word(object, word, &bare);
	if (!bare)
		build_defaults(object);
	if (object->flags & LS_OBJECT_ADJUST)
		build_adjust(object);
	return object;
}

/* The same with a sysctl as a spec asks for it. */
static inline struct ls_object *build_wanted(const char *text)
{
	struct ls_object *object = build(text);

	if (object->kind->adjusted)
		build_adjust(object);
	return object;
}

/* A sorted set of texts, the last one NULL. */
static inline struct ls_set build_set(const char *const *texts, struct ls_object *(*one)(const char *))
{
	struct ls_set set;

	build_begin(&set);
	for (; *texts; texts++)
		cr_assert_eq(ls_set_add(&set, one(*texts)), 0);
	build_sort(&set);
	return set;
}

#define ACTUAL(...) build_set((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL }, build)
#define WANTED(...) build_set((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL }, build_wanted)
