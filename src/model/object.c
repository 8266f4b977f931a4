/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One object: every function here walks the attribute table of the object's kind, none knows a kind. The size of a type
 * and the way to compare, copy and print it stand in one place each, as switches without a default, so that a new type
 * does not build until all of them know it.
 */
#include "hops.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char *const ls_family_names[] = { [LS_FAMILY_IPV4] = "ipv4", [LS_FAMILY_IPV6] = "ipv6", NULL };

uint8_t ls_family_from_socket(int family)
{
	return family == AF_INET6 ? LS_FAMILY_IPV6 : LS_FAMILY_IPV4;
}

uint8_t ls_family_to_socket(uint8_t family)
{
	return family == LS_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

const struct ls_kind *ls_kind_by_name(const char *name)
{
	for (size_t i = 0; ls_kinds[i]; i++)
		if (!strcmp(ls_kinds[i]->name, name))
			return ls_kinds[i];
	return NULL;
}

const struct ls_kind *ls_kind_by_id(unsigned id)
{
	for (size_t i = 0; ls_kinds[i]; i++)
		if (ls_kinds[i]->id == id)
			return ls_kinds[i];
	return NULL;
}

bool ls_link_is(const struct ls_link *link, const char *type)
{
	return ls_object_has(&link->object, LS_LINK_TYPE) && !strcmp(link->type, type);
}

struct ls_object *ls_object_new(struct ls_arena *arena, const struct ls_kind *kind)
{
	struct ls_object *object;

	object = ls_arena_alloc(arena, kind->size);
	if (object)
		object->kind = kind;
	return object;
}

static bool type_is_text(enum ls_type type)
{
	return type == LS_TYPE_STRING || type == LS_TYPE_LINK;
}

/* What an attribute points to moves to the arena. */
static int copy_pointee(struct ls_arena *arena, enum ls_type type, void *value)
{
	const char **text = value;

	if (type == LS_TYPE_HOPS)
		return ls_hops_copy(arena, value);
	if (!type_is_text(type))
		return 0;
	*text = ls_arena_intern(arena, *text, strlen(*text));
	return *text ? 0 : -ENOMEM;
}

struct ls_object *ls_object_copy(struct ls_arena *arena, const struct ls_object *object)
{
	const struct ls_kind *kind = object->kind;
	struct ls_object *copy;

	copy = ls_arena_copy(arena, object, kind->size);
	if (!copy)
		return NULL;
	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (ls_object_has(object, i) &&
			copy_pointee(arena, kind->attrs[i].type, (char *)copy + kind->attrs[i].offset) < 0)
			return NULL;
	if (object->raw) {
		copy->raw = ls_arena_copy(arena, object->raw, object->raw_length);
		if (!copy->raw)
			return NULL;
	}
	return copy;
}

int ls_object_compare(const struct ls_object *a, const struct ls_object *b)
{
	if (a->kind != b->kind)
		return a->kind->rank != b->kind->rank ? (a->kind->rank < b->kind->rank ? -1 : 1)
						      : (a->kind->id < b->kind->id ? -1 : 1);
	return a->kind->compare(a, b);
}

size_t ls_type_size(enum ls_type type)
{
	switch (type) {
	case LS_TYPE_BOOL:
	case LS_TYPE_U8:
	case LS_TYPE_ENUM:
		return 1;
	case LS_TYPE_U16:
		return 2;
	case LS_TYPE_U32:
		return 4;
	case LS_TYPE_IP:
		return sizeof(struct ls_ip);
	case LS_TYPE_PREFIX:
		return sizeof(struct ls_prefix);
	case LS_TYPE_MAC:
		return sizeof(struct ls_mac);
	case LS_TYPE_STRING:
	case LS_TYPE_LINK:
		return sizeof(const char *);
	case LS_TYPE_HOPS:
		return sizeof(struct ls_hops);
	}
	return 0;
}

bool ls_attr_equal(const struct ls_attr *attr, const struct ls_object *a, const struct ls_object *b)
{
	const void *x = ls_object_value(a, attr), *y = ls_object_value(b, attr);

	if (type_is_text(attr->type)) {
		const char *s = *(const char *const *)x, *t = *(const char *const *)y;

		return s == t || !strcmp(s, t);
	}
	if (attr->type == LS_TYPE_HOPS)
		return ls_hops_equal(x, y);
	return !memcmp(x, y, ls_type_size(attr->type));
}

bool ls_attr_same(unsigned i, const struct ls_object *a, const struct ls_object *b)
{
	if (!a || !b || ls_object_has(a, i) != ls_object_has(b, i))
		return false;
	return !ls_object_has(a, i) || ls_attr_equal(&a->kind->attrs[i], a, b);
}

uint32_t ls_object_diff(const struct ls_object *want, const struct ls_object *have)
{
	const struct ls_kind *kind = want->kind;
	bool adjust = want->flags & LS_OBJECT_ADJUST;
	uint32_t bits = 0;

	for (uint32_t left = want->set | have->set; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);
		const struct ls_attr *attr = &kind->attrs[i];
		bool wanted = ls_object_has(want, i), there = ls_object_has(have, i);

		if (attr->change == LS_CHANGE_INFO)
			continue;
		if (want->flags & LS_OBJECT_TOLD && attr->flags & LS_ATTR_LEARNED && there)
			continue;
		if (attr->flags & LS_ATTR_UNTOLD && !there)
			continue;
		if (adjust ? !(want->managed & LS_BIT(i)) : !wanted && attr->flags & LS_ATTR_OPTIONAL)
			continue;
		if (wanted != there || !ls_attr_equal(attr, want, have))
			bits |= LS_BIT(i);
	}
	return bits;
}

bool ls_object_same(const struct ls_object *a, const struct ls_object *b)
{
	if (a->kind != b->kind || a->set != b->set)
		return false;
	for (unsigned i = 0; i < a->kind->n_attrs; i++)
		if (ls_object_has(a, i) &&
			(a->kind->attrs[i].change != LS_CHANGE_INFO || a->kind->attrs[i].flags & LS_ATTR_ASKED) &&
			!ls_attr_equal(&a->kind->attrs[i], a, b))
			return false;
	return true;
}

enum ls_change ls_object_change(const struct ls_kind *kind, uint32_t bits)
{
	enum ls_change worst = LS_CHANGE_INFO;

	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (bits & LS_BIT(i) && kind->attrs[i].change > worst)
			worst = kind->attrs[i].change;
	return worst;
}

bool ls_object_each_link(const struct ls_object *object, ls_link_fn *fn, void *data)
{
	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		const struct ls_attr *attr = &object->kind->attrs[i];
		const void *value = ls_object_value(object, attr);
		const struct ls_hops *hops = value;

		if (!ls_object_has(object, i))
			continue;
		if (attr->type == LS_TYPE_LINK && fn(*(const char *const *)value, data))
			return true;
		for (size_t k = 0; attr->type == LS_TYPE_HOPS && k < hops->n; k++)
			if (hops->hops[k].dev && fn(hops->hops[k].dev, data))
				return true;
	}
	return false;
}

enum ls_change ls_object_change_to(const struct ls_object *want, const struct ls_object *have, uint32_t bits)
{
	const struct ls_kind *kind = want->kind;

	return kind->change ? kind->change(want, have, bits) : ls_object_change(kind, bits);
}

void ls_attr_format(const struct ls_attr *attr, const struct ls_object *object, char *text, size_t size)
{
	const void *value = ls_object_value(object, attr);
	struct ls_text out = ls_text_begin(text, size);
	char ip[LS_PREFIX_TEXT_MAX];

	switch (attr->type) {
	case LS_TYPE_BOOL:
		ls_text_put(&out, *(const uint8_t *)value ? "true" : "false");
		break;
	case LS_TYPE_U8:
		ls_text_number(&out, *(const uint8_t *)value);
		break;
	case LS_TYPE_U16:
		ls_text_number(&out, *(const uint16_t *)value);
		break;
	case LS_TYPE_U32:
		ls_text_number(&out, *(const uint32_t *)value);
		break;
	case LS_TYPE_ENUM:
		ls_text_put(&out, attr->names[*(const uint8_t *)value]);
		break;
	case LS_TYPE_STRING:
	case LS_TYPE_LINK:
		ls_text_put(&out, *(const char *const *)value);
		break;
	case LS_TYPE_IP:
		ls_text_put(&out, ls_ip_format(value, ip));
		break;
	case LS_TYPE_PREFIX:
		ls_text_put(&out, ls_prefix_format(value, ip));
		break;
	case LS_TYPE_MAC:
		ls_text_put(&out, ls_mac_format(value, ip));
		break;
	case LS_TYPE_HOPS:
		ls_hops_format(value, text, size);
		break;
	}
}

const char *ls_object_format_attr(const struct ls_object *object, unsigned i, char *text, size_t size)
{
	if (object && ls_object_has(object, i))
		ls_attr_format(&object->kind->attrs[i], object, text, size);
	else
		snprintf(text, size, "%s", object && object->kind->attrs[i].type == LS_TYPE_BOOL ? "false" : "none");
	return text;
}

const char *ls_object_describe(const struct ls_object *object, char *text, size_t size)
{
	struct ls_text out = ls_text_begin(text, size);

	ls_text_put(&out, object->kind->name);
	ls_text_put(&out, " ");
	object->kind->describe(object, out.at, (size_t)(out.end - out.at) + 1);
	return text;
}
