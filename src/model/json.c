/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects as JSON and back, by the attribute tables. HIDDEN attributes stay out: they mean nothing elsewhere. The owner
 * and whether it shares its slot are written too, so that a plan made from a snapshot on another machine is the plan
 * made on the spot.
 */
#include <linkspan/model.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const owner_names[] = { "foreign", "derived", "linkspan", NULL };

/* The kernel takes any byte in a link's name (dev_valid_name), JSON only UTF-8: what is none shows as question marks.
 */
static json_t *text_to_json(const char *text)
{
	json_t *json = json_string(text);
	char plain[256];
	size_t i;

	if (json)
		return json;
	for (i = 0; i < sizeof(plain) - 1 && text[i]; i++)
		plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	plain[i] = 0;
	return json_string(plain);
}

static json_t *hop_to_json(const struct ls_hop *hop)
{
	json_t *json = json_object();
	char text[LS_IP_TEXT_MAX];
	int r = 0;

	if (hop->via.family)
		r |= json_object_set_new(json, "via", json_string(ls_ip_format(&hop->via, text)));
	if (hop->dev)
		r |= json_object_set_new(json, "dev", text_to_json(hop->dev));
	r |= json_object_set_new(json, "weight", json_integer(hop->weight));
	if (hop->onlink)
		r |= json_object_set_new(json, "onlink", json_true());
	if (r < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *hops_to_json(const struct ls_hops *hops)
{
	json_t *list = json_array();

	for (size_t i = 0; i < hops->n; i++)
		if (json_array_append_new(list, hop_to_json(&hops->hops[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *value_to_json(const struct ls_attr *attr, const struct ls_object *object)
{
	const void *value = ls_object_value(object, attr);
	char text[512];

	switch (attr->type) {
	case LS_TYPE_BOOL:
		return json_boolean(*(const uint8_t *)value);
	case LS_TYPE_U8:
		return json_integer(*(const uint8_t *)value);
	case LS_TYPE_U16:
		return json_integer(*(const uint16_t *)value);
	case LS_TYPE_U32:
		return json_integer(*(const uint32_t *)value);
	case LS_TYPE_STRING:
	case LS_TYPE_LINK:
		return text_to_json(*(const char *const *)value);
	case LS_TYPE_ENUM:
	case LS_TYPE_IP:
	case LS_TYPE_PREFIX:
	case LS_TYPE_MAC:
		ls_attr_format(attr, object, text, sizeof(text));
		return json_string(text);
	case LS_TYPE_HOPS:
		return hops_to_json(value);
	}
	return NULL;
}

json_t *ls_object_to_json(const struct ls_object *object)
{
	json_t *json = json_object();

	if (!json)
		return NULL;
	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		const struct ls_attr *attr = &object->kind->attrs[i];

		if (!ls_object_has(object, i) || attr->flags & LS_ATTR_HIDDEN)
			continue;
		if (json_object_set_new_nocheck(json, attr->name, value_to_json(attr, object)) < 0)
			goto fail;
	}
	if (json_object_set_new_nocheck(json, "owner", json_string(owner_names[object->owner])) < 0)
		goto fail;
	if (object->flags & LS_OBJECT_SIBLING && json_object_set_new_nocheck(json, "sibling", json_true()) < 0)
		goto fail;
	return json;
fail:
	json_decref(json);
	return NULL;
}

static int name_index(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -EINVAL;
}

static int integer_from_json(const json_t *json, json_int_t max, json_int_t *ret)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0 || json_integer_value(json) > max)
		return -EINVAL;
	*ret = json_integer_value(json);
	return 0;
}

/* Numbers and booleans; everything else is text. */
static int value_from_json(const json_t *json, enum ls_type type, void *value)
{
	json_int_t number = 0;
	int r;

	if (type == LS_TYPE_BOOL) {
		*(uint8_t *)value = json_is_true(json);
		return json_is_boolean(json) ? 0 : -EINVAL;
	}
	r = integer_from_json(json,
		type == LS_TYPE_U8    ? UINT8_MAX
		: type == LS_TYPE_U16 ? UINT16_MAX
				      : UINT32_MAX,
		&number);
	if (r < 0)
		return r;
	if (type == LS_TYPE_U8)
		*(uint8_t *)value = (uint8_t)number;
	else if (type == LS_TYPE_U16)
		*(uint16_t *)value = (uint16_t)number;
	else
		*(uint32_t *)value = (uint32_t)number;
	return 0;
}

static int text_from_json(const struct ls_attr *attr, const char *text, struct ls_arena *arena, void *value)
{
	const char *copy;
	int r;

	switch (attr->type) {
	case LS_TYPE_ENUM:
		r = name_index(attr->names, text);
		if (r >= 0)
			*(uint8_t *)value = (uint8_t)r;
		return r < 0 ? r : 0;
	case LS_TYPE_IP:
		return ls_ip_parse(text, value);
	case LS_TYPE_PREFIX:
		return ls_prefix_parse(text, value);
	case LS_TYPE_MAC:
		return ls_mac_parse(text, value);
	case LS_TYPE_STRING:
	case LS_TYPE_LINK:
		copy = ls_arena_intern(arena, text, strlen(text));
		*(const char **)value = copy;
		return copy ? 0 : -ENOMEM;
	case LS_TYPE_BOOL:
	case LS_TYPE_U8:
	case LS_TYPE_U16:
	case LS_TYPE_U32:
	case LS_TYPE_HOPS:
		break;
	}
	return -EINVAL;
}

static int hop_from_json(const json_t *json, struct ls_arena *arena, struct ls_hop *ret)
{
	const char *via = json_string_value(json_object_get(json, "via"));
	const char *dev = json_string_value(json_object_get(json, "dev"));
	json_int_t weight = 0;

	if (integer_from_json(json_object_get(json, "weight"), UINT16_MAX, &weight) < 0 ||
		(via && ls_ip_parse(via, &ret->via) < 0))
		return -EINVAL;
	ret->weight = (uint16_t)weight;
	ret->onlink = json_is_true(json_object_get(json, "onlink"));
	ret->dev = dev ? ls_arena_intern(arena, dev, strlen(dev)) : NULL;
	return dev && !ret->dev ? -ENOMEM : 0;
}

static int hops_from_json(const json_t *json, struct ls_arena *arena, struct ls_hops *ret)
{
	int r = json_is_array(json) ? 0 : -EINVAL;

	ret->hops = ls_arena_alloc(arena, (json_array_size(json) + 1) * sizeof(*ret->hops));
	if (!ret->hops)
		return -ENOMEM;
	for (ret->n = 0; r >= 0 && ret->n < json_array_size(json); ret->n++)
		r = hop_from_json(json_array_get(json, ret->n), arena, &ret->hops[ret->n]);
	ls_hops_sort(ret);
	return r;
}

static int attr_from_json(
	const struct ls_attr *attr, const json_t *json, struct ls_arena *arena, struct ls_object *object)
{
	void *value = (char *)object + attr->offset;

	if (attr->type == LS_TYPE_BOOL || attr->type == LS_TYPE_U8 || attr->type == LS_TYPE_U16 ||
		attr->type == LS_TYPE_U32)
		return value_from_json(json, attr->type, value);
	if (attr->type == LS_TYPE_HOPS)
		return hops_from_json(json, arena, value);
	return json_is_string(json) ? text_from_json(attr, json_string_value(json), arena, value) : -EINVAL;
}

static int find_attr(const struct ls_kind *kind, const char *name)
{
	for (unsigned i = 0; i < kind->n_attrs; i++)
		if (!strcmp(kind->attrs[i].name, name))
			return (int)i;
	return -ENOENT;
}

static int check_keys(const struct ls_object *object, struct ls_error *err)
{
	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		const struct ls_attr *attr = &object->kind->attrs[i];

		if (attr->change == LS_CHANGE_KEY && !(attr->flags & LS_ATTR_OPTIONAL) && !ls_object_has(object, i))
			return ls_error_set(err, -EINVAL, "a %s without '%s'", object->kind->name, attr->name);
	}
	return 0;
}

/* What an object has besides its attributes. Returns 1, 0 for a key that is none of these, or -EINVAL. */
static int head_from_json(const char *key, const json_t *value, struct ls_object *object, struct ls_error *err)
{
	int r;

	if (!strcmp(key, "owner")) {
		r = json_is_string(value) ? name_index(owner_names, json_string_value(value)) : -EINVAL;
		if (r < 0)
			return ls_error_set(err, r, "%s: bad owner", object->kind->name);
		object->owner = (uint8_t)r;
		return 1;
	}
	if (strcmp(key, "sibling") != 0)
		return 0;
	if (!json_is_boolean(value))
		return ls_error_set(err, -EINVAL, "%s: bad value of 'sibling'", object->kind->name);
	if (json_is_true(value))
		object->flags |= LS_OBJECT_SIBLING;
	return 1;
}

int ls_object_from_json(const json_t *json, const struct ls_kind *kind, struct ls_arena *arena, struct ls_object **ret,
	struct ls_error *err)
{
	struct ls_object *object;
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(json))
		return ls_error_set(err, -EINVAL, "a %s is not a JSON object", kind->name);
	object = ls_object_new(arena, kind);
	if (!object)
		return ls_error_set(err, -ENOMEM, "out of memory");
	json_object_foreach((json_t *)json, key, value)
	{
		r = head_from_json(key, value, object, err);
		if (r < 0)
			return r;
		if (r == 1)
			continue;
		r = find_attr(kind, key);
		if (r < 0)
			return ls_error_set(err, -EINVAL, "a %s has no '%s'", kind->name, key);
		object->set |= LS_BIT(r);
		if (attr_from_json(&kind->attrs[r], value, arena, object) < 0)
			return ls_error_set(err, -EINVAL, "%s: bad value of '%s'", kind->name, key);
	}
	r = check_keys(object, err);
	if (r < 0)
		return r;
	if (kind->valid && !kind->valid(object))
		return ls_error_set(err, -EINVAL, "%s: its values do not go together", kind->name);
	if (kind->adjusted)
		object->flags |= LS_OBJECT_ADJUST;
	*ret = object;
	return 0;
}
