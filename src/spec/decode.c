/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values go straight from events into structs; there is no tree. A bad value is reported, its node is skipped and
 * reading goes on, so that one run finds all that is wrong. Elements of lists are collected in one growing block; when
 * the list has ended, a small one moves to the arena, a large one becomes the spec's as it is. Keys mostly come in the
 * order of their table: the search begins behind the last one that was found.
 */
#include "decode.h"
#include "encoding.h"
#include "hint.h"

#include <stdio.h>
#include <string.h>

#define OWNED_SIZE_MIN (64u << 10)

static void *at(void *target, size_t offset)
{
	return (char *)target + offset;
}

/* ---- mappings ---------------------------------------------------------------------------------------------------- */

static const struct ls_key *find_key(const struct ls_mapping *mapping, const struct ls_yaml_event *event, size_t start)
{
	for (size_t n = 0; n < mapping->n_keys; n++) {
		const struct ls_key *key = &mapping->keys[start];

		if (key->length == event->length && key->name[0] == event->text[0] &&
			memcmp(key->name, event->text, event->length) == 0)
			return key;
		start = start + 1 < mapping->n_keys ? start + 1 : 0;
	}
	return NULL;
}

static void list_keys(const struct ls_mapping *mapping, char *text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < mapping->n_keys && length < size; i++)
		length += (size_t)snprintf(
			text + length, size - length, "%s%s", i == 0 ? "" : ", ", mapping->keys[i].name);
}

static void report_unknown_key(
	struct ls_decoder *decoder, const struct ls_mapping *mapping, const struct ls_yaml_event *event)
{
	char excerpt[LS_EXCERPT_MAX], list[512];
	struct ls_hint hint;

	ls_excerpt(event->text, event->length, excerpt);
	if (event->plain && strcmp(event->text, "<<") == 0) {
		ls_report_error(decoder->report, event->mark, "unknown-key",
			"unknown key '<<': merge keys are not part of YAML 1.2; write the keys out, or alias the "
			"whole value");
		return;
	}
	ls_hint_init(&hint, event->text, event->length);
	for (size_t i = 0; i < mapping->n_keys; i++)
		ls_hint_offer(&hint, mapping->keys[i].name);
	list_keys(mapping, list, sizeof(list));
	if (hint.best)
		ls_report_error(decoder->report, event->mark, "unknown-key",
			"unknown key '%s' of %s; did you mean '%s'?", excerpt, mapping->what, hint.best);
	else
		ls_report_error(decoder->report, event->mark, "unknown-key", "unknown key '%s' of %s; it can have: %s",
			excerpt, mapping->what, list);
}

/* Reads the value of a key only to get past it. */
static int skip_value(struct ls_decoder *decoder)
{
	struct ls_yaml_event event;
	int r;

	r = ls_yaml_next(&decoder->yaml, &event);
	return r < 0 ? r : ls_yaml_skip(&decoder->yaml, &event);
}

/* A key must be a scalar. Returns 0; 1 when it is not (reported, skipped with its value); negative errno. */
static int check_key_node(struct ls_decoder *decoder, const char *what, const struct ls_yaml_event *event)
{
	int r;

	if (event->type == LS_YAML_SCALAR && (event->tag == LS_TAG_NONE || event->tag == LS_TAG_STR))
		return 0;
	if (event->type == LS_YAML_SCALAR)
		ls_report_error(decoder->report, event->mark, "type", "a key of %s with a tag; remove the tag", what);
	else
		ls_report_error(decoder->report, event->mark, "type",
			"a %s where a key of %s belongs; a key is a single word (a text that begins with [ or { needs "
			"quotes)",
			event->type == LS_YAML_LIST ? "list" : "mapping", what);
	r = ls_yaml_skip(&decoder->yaml, event);
	if (r == 0)
		r = skip_value(decoder);
	return r < 0 ? r : 1;
}

/* Reads the value of a known key. */
static int decode_value(struct ls_decoder *decoder, const struct ls_key *key, void *target)
{
	struct ls_yaml_event event;
	bool present = true;
	int r;

	r = ls_yaml_next(&decoder->yaml, &event);
	if (r < 0)
		return r;
	if (key->mark)
		memcpy(at(target, key->mark), &event.mark, sizeof(event.mark));
	r = key->decode(decoder, key, &event, key->present && key->mapping ? target : at(target, key->offset));
	if (r == 0 && key->present && !key->mapping)
		memcpy(at(target, key->present), &present, sizeof(present));
	return r;
}

/* Reads one key and its value. *place: where the table's search begins. */
static int decode_pair(struct ls_decoder *decoder, const struct ls_mapping *mapping, const struct ls_yaml_event *event,
	struct ls_seen *seen, size_t *place, void *target)
{
	const struct ls_key *key;
	size_t i;
	int r;

	r = check_key_node(decoder, mapping->what, event);
	if (r != 0)
		return r;
	key = find_key(mapping, event, *place);
	if (!key) {
		report_unknown_key(decoder, mapping, event);
		return skip_value(decoder);
	}
	i = (size_t)(key - mapping->keys);
	*place = i + 1 < mapping->n_keys ? i + 1 : 0;
	if (seen->seen & LS_BIT(i)) {
		ls_report_error(decoder->report, event->mark, "duplicate-key",
			"'%s' is given twice, first on line %u; remove one", key->name, seen->marks[i].line);
		return skip_value(decoder);
	}
	seen->seen |= LS_BIT(i);
	seen->marks[i] = event->mark;
	r = decode_value(decoder, key, target);
	if (r == 1)
		seen->bad |= LS_BIT(i);
	return r;
}

/* The word that stands for the variants in `set`. */
static void list_variants(const struct ls_key *variant, uint32_t set, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (const struct ls_word *word = variant->words; word->word && length < size; word++) {
		if (set & LS_VARIANT(word->value))
			length += (size_t)snprintf(
				text + length, size - length, "%s%s", length ? " or " : "", word->word);
	}
}

static uint32_t find_variant(const struct ls_mapping *mapping, const struct ls_seen *seen, const void *target)
{
	const struct ls_key *variant = mapping->variant;
	size_t i;

	if (!variant)
		return LS_ALWAYS;
	i = (size_t)(variant - mapping->keys);
	if ((seen->bad & LS_BIT(i)) || (variant->needed && !(seen->seen & LS_BIT(i))))
		return 0;
	return LS_VARIANT(ls_decode_load((const char *)target + variant->offset, variant->size));
}

static void report_missing(struct ls_decoder *decoder, const struct ls_mapping *mapping, const struct ls_key *key,
	uint32_t variant, struct ls_mark mark)
{
	char is[64];

	if (key->needed == LS_ALWAYS) {
		ls_report_error(
			decoder->report, mark, "missing", "%s has no '%s'; it needs one", mapping->what, key->name);
		return;
	}
	list_variants(mapping->variant, variant, is, sizeof(is));
	ls_report_error(decoder->report, mark, "missing", "%s with type %s has no '%s'; it needs one", mapping->what,
		is, key->name);
}

static void report_misplaced(struct ls_decoder *decoder, const struct ls_mapping *mapping, const struct ls_key *key,
	uint32_t variant, struct ls_mark mark)
{
	char is[64], wants[128];

	list_variants(mapping->variant, variant, is, sizeof(is));
	list_variants(mapping->variant, key->only, wants, sizeof(wants));
	ls_report_error(decoder->report, mark, "unknown-key", "'%s' does not go with type %s, only with %s; remove it",
		key->name, is, wants);
}

/* Where the variant is not known, only what all variants have in common is asked for. */
static void check_keys(
	struct ls_decoder *decoder, const struct ls_mapping *mapping, struct ls_mark mark, const struct ls_seen *seen)
{
	for (size_t i = 0; i < mapping->n_keys; i++) {
		const struct ls_key *key = &mapping->keys[i];

		if (seen->seen & LS_BIT(i)) {
			if (key->only && seen->variant && !(key->only & seen->variant))
				report_misplaced(decoder, mapping, key, seen->variant, seen->marks[i]);
		} else if (key->needed == LS_ALWAYS || (key->needed & seen->variant)) {
			report_missing(decoder, mapping, key, seen->variant, mark);
		}
	}
}

/* Reads what follows the first event of a mapping. */
static int decode_pairs(struct ls_decoder *decoder, const struct ls_mapping *mapping, struct ls_mark mark, void *target)
{
	struct ls_yaml_event event;
	struct ls_seen seen;
	size_t place = 0;
	int r;

	seen.seen = seen.bad = 0; /* not the marks: this runs once per route */
	for (;;) {
		r = ls_yaml_next(&decoder->yaml, &event);
		if (r < 0)
			return r;
		if (event.type == LS_YAML_END)
			break;
		r = decode_pair(decoder, mapping, &event, &seen, &place, target);
		if (r < 0)
			return r;
	}
	seen.variant = find_variant(mapping, &seen, target);
	check_keys(decoder, mapping, mark, &seen);
	if (mapping->finish)
		mapping->finish(decoder, mark, &seen, target);
	return 0;
}

int ls_decode_mapping(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	int r;

	r = ls_decode_check_tag(decoder, key, event, LS_TAG_MAP, "a mapping");
	if (r != 0)
		return r;
	if (event->type != LS_YAML_MAPPING)
		return ls_decode_refuse(decoder, key, event, "a mapping of keys and values");
	return decode_pairs(decoder, key->mapping, event->mark, value);
}

/* "route" of "a route" */
static const char *without_article(const char *what)
{
	const char *blank = strchr(what, ' ');

	return blank ? blank + 1 : what;
}

/* Reads an element of a list or named map: a mapping, or the scalar that may stand instead. */
static int decode_element(
	struct ls_decoder *decoder, const struct ls_mapping *mapping, const struct ls_yaml_event *event, void *element)
{
	const struct ls_key *shorthand = mapping->shorthand;
	struct ls_key self = { .mapping = mapping };

	if (shorthand && (event->type == LS_YAML_SCALAR || mapping->n_keys == 0))
		return shorthand->decode(decoder, shorthand, event, at(element, shorthand->offset));
	if (event->type == LS_YAML_MAPPING && event->tag == LS_TAG_NONE)
		return decode_pairs(decoder, mapping, event->mark, element);
	self.name = without_article(mapping->what);
	return ls_decode_mapping(decoder, &self, event, element);
}

/* ---- lists and named maps ---------------------------------------------------------------------------------------- */

/* Elements that are being collected. */
struct elements {
	const struct ls_mapping *mapping;
	char *data;
	size_t n, n_max;
};

static void elements_done(struct elements *elements)
{
	free(elements->data);
}

/* A new element with its defaults and its mark; NULL: out of memory. */
static void *add_element(struct elements *elements, struct ls_mark mark)
{
	const struct ls_mapping *mapping = elements->mapping;
	void *element;

	if (elements->n == elements->n_max) {
		size_t n_max = elements->n_max ? 2 * elements->n_max : 8;
		char *grown = reallocarray(elements->data, n_max, mapping->size);

		if (!grown)
			return NULL;
		elements->data = grown;
		elements->n_max = n_max;
	}
	element = elements->data + elements->n++ * mapping->size;
	if (mapping->defaults)
		memcpy(element, mapping->defaults, mapping->size);
	else
		memset(element, 0, mapping->size);
	memcpy(element, &mark, sizeof(mark));
	return element;
}

int ls_own(struct ls_arena *arena, struct ls_owned **list, void *memory)
{
	struct ls_owned *owned = ls_arena_alloc(arena, sizeof(*owned));

	if (!owned) {
		free(memory);
		return -ENOMEM;
	}
	*owned = (struct ls_owned){ .next = *list, .memory = memory };
	*list = owned;
	return 0;
}

/* The elements as they stay with the spec, or NULL. Large blocks stay where they are: a copy of 100,000 routes would
 * cost more than all their checks. */
static void *settle_elements(struct ls_decoder *decoder, struct elements *elements)
{
	size_t size = elements->n * elements->mapping->size;
	void *trimmed;

	if (size < OWNED_SIZE_MIN)
		return ls_arena_copy(decoder->arena, elements->data, size);
	trimmed = realloc(elements->data, size);
	if (!trimmed)
		return NULL;
	elements->data = NULL;
	return ls_own(decoder->arena, decoder->owned, trimmed) == 0 ? trimmed : NULL;
}

/* Tells the struct that has the key of its elements. */
static int keep_elements(struct ls_decoder *decoder, const struct ls_key *key, struct elements *elements, void *target)
{
	void *kept;

	if (elements->n == 0)
		return 0;
	kept = settle_elements(decoder, elements);
	if (!kept)
		return -ENOMEM;
	memcpy(at(target, key->offset), &kept, sizeof(kept));
	memcpy(at(target, key->present), &elements->n, sizeof(elements->n));
	return 0;
}

/* Bad elements stay in, as far as they could be read: who counts must not find fewer than were written. */
int ls_decode_list(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *target)
{
	LS_CLEANUP(elements_done) struct elements elements = { .mapping = key->mapping };
	struct ls_yaml_event element_event;
	void *element;
	int r;

	r = ls_decode_check_tag(decoder, key, event, LS_TAG_SEQ, "a list");
	if (r != 0)
		return r;
	if (event->type != LS_YAML_LIST)
		return ls_decode_refuse(decoder, key, event, "a list, like [a, b], even if of one element");
	for (;;) {
		r = ls_yaml_next(&decoder->yaml, &element_event);
		if (r < 0)
			return r;
		if (element_event.type == LS_YAML_END)
			break;
		element = add_element(&elements, element_event.mark);
		if (!element)
			return -ENOMEM;
		r = decode_element(decoder, key->mapping, &element_event, element);
		if (r < 0)
			return r;
	}
	return keep_elements(decoder, key, &elements, target);
}

/* A list, or its only element without the brackets. */
int ls_decode_one_or_list(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *target)
{
	LS_CLEANUP(elements_done) struct elements elements = { .mapping = key->mapping };
	void *element;
	int r;

	if (event->type == LS_YAML_LIST)
		return ls_decode_list(decoder, key, event, target);
	element = add_element(&elements, event->mark);
	if (!element)
		return -ENOMEM;
	r = decode_element(decoder, key->mapping, event, element);
	return r < 0 ? r : keep_elements(decoder, key, &elements, target);
}

/* Has the map this name already? Returns 0; 1: it has, reported; or -ENOMEM. */
static int check_name_is_new(struct ls_decoder *decoder, struct ls_table *names, const struct ls_yaml_event *event)
{
	const char *name = ls_arena_intern(decoder->arena, event->text, event->length);
	char excerpt[LS_EXCERPT_MAX];
	struct ls_mark *first;
	void **slot;

	slot = name ? ls_table_slot(names, &name) : NULL;
	if (!slot)
		return -ENOMEM;
	first = *slot;
	if (!first) {
		*slot = ls_arena_copy(decoder->arena, &event->mark, sizeof(event->mark));
		return *slot ? 0 : -ENOMEM;
	}
	ls_report_error(decoder->report, event->mark, "duplicate-key",
		"'%s' is given twice, first on line %u; remove one", ls_excerpt(event->text, event->length, excerpt),
		first->line);
	return 1;
}

/* Reads one name and its value. An element with a bad name is left out. */
static int decode_named_element(struct ls_decoder *decoder, const struct ls_key *key, struct elements *elements,
	struct ls_table *names, const struct ls_yaml_event *event)
{
	const struct ls_key *name = key->mapping->name;
	struct ls_yaml_event value_event, name_event = *event;
	void *element;
	int r;

	r = check_key_node(decoder, ls_decode_key_name(key), event);
	if (r != 0)
		return r;
	r = check_name_is_new(decoder, names, event);
	if (r < 0)
		return r;
	if (r == 1)
		return skip_value(decoder);
	element = add_element(elements, event->mark);
	if (!element)
		return -ENOMEM;
	name_event.plain = false; /* no name is a null, a number or a boolean */
	r = name->decode(decoder, name, &name_event, at(element, name->offset));
	if (r < 0)
		return r;
	if (r == 1)
		elements->n--;
	r = ls_yaml_next(&decoder->yaml, &value_event);
	if (r < 0)
		return r;
	return decode_element(decoder, key->mapping, &value_event, element);
}

int ls_decode_named(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *target)
{
	LS_CLEANUP(elements_done) struct elements elements = { .mapping = key->mapping };
	LS_CLEANUP(ls_table_done) struct ls_table names = { 0 };
	struct ls_yaml_event name_event;
	int r;

	r = ls_decode_check_tag(decoder, key, event, LS_TAG_MAP, "a mapping");
	if (r != 0)
		return r;
	if (event->type != LS_YAML_MAPPING)
		return ls_decode_refuse(decoder, key, event, "a mapping of names, each with its values");
	ls_table_init(&names, sizeof(const char *));
	for (;;) {
		r = ls_yaml_next(&decoder->yaml, &name_event);
		if (r < 0)
			return r;
		if (name_event.type == LS_YAML_END)
			break;
		r = decode_named_element(decoder, key, &elements, &names, &name_event);
		if (r < 0)
			return r;
	}
	return keep_elements(decoder, key, &elements, target);
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

static int decode_root(struct ls_decoder *decoder, const struct ls_key *root, const char *nothing, void *target)
{
	struct ls_yaml_event event = { 0 };
	bool empty;
	int r;

	r = ls_yaml_begin(&decoder->yaml, &event, &empty);
	if (r < 0)
		return r;
	if (empty || (event.type == LS_YAML_SCALAR && event.plain && event.length == 0)) {
		ls_report_error(decoder->report, (struct ls_mark){ 1, 1 }, "missing", "%s", nothing);
		return empty ? 0 : ls_yaml_end(&decoder->yaml);
	}
	r = ls_decode_mapping(decoder, root, &event, target);
	return r < 0 ? r : ls_yaml_end(&decoder->yaml);
}

int ls_decode_document(struct ls_decoder *decoder, const char *text, size_t length, const struct ls_key *root,
	const char *empty, void *target)
{
	int r = ls_encoding_check(decoder->report, text, length);

	if (r >= 0)
		r = ls_yaml_open(&decoder->yaml, decoder->report, text, length);
	if (r >= 0)
		r = decode_root(decoder, root, empty, target);
	ls_yaml_close(&decoder->yaml);
	return r;
}
