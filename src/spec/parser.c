/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events are copied into parts, and libyaml's own released at once, by the thread that made them: memory that one
 * thread takes and another releases costs both of them more than the copy.
 */
#include "parser.h"

#include <string.h>

#define PART_EVENTS 512u
#define LONG_TEXT (64u << 10) /* what a thread is worth starting for: some 800 routes */
#define TEXTS_SIZE_MIN 8192u

/* A text of an event, by its place among the texts of the part: they may move. */
struct text {
	uint32_t offset; /* + 1; 0: there is none */
	uint32_t length;
};

struct event {
	yaml_event_type_t type;
	yaml_scalar_style_t style;
	struct ls_mark mark;
	struct text value, tag, anchor;
};

struct part {
	size_t n;
	struct event events[PART_EVENTS];
	char *texts;
	size_t length, size; /* of the texts */
};

/* ---- filling a part ---------------------------------------------------------------------------------------------- */

static bool make_room(struct part *part, size_t length)
{
	size_t size = part->size ? part->size : TEXTS_SIZE_MIN;
	char *grown;

	while (size - part->length < length)
		size *= 2;
	if (size == part->size)
		return true;
	grown = realloc(part->texts, size);
	if (!grown)
		return false;
	part->texts = grown;
	part->size = size;
	return true;
}

static bool keep(struct part *part, const yaml_char_t *text, size_t length, struct text *ret)
{
	if (!make_room(part, length + 1))
		return false;
	memcpy(part->texts + part->length, text, length + 1);
	*ret = (struct text){ .offset = (uint32_t)part->length + 1, .length = (uint32_t)length };
	part->length += length + 1;
	return true;
}

static bool keep_name(struct part *part, const yaml_char_t *name, struct text *ret)
{
	return !name || keep(part, name, strlen((const char *)name), ret);
}

static bool keep_texts(struct part *part, const yaml_event_t *from, struct event *ret)
{
	switch (from->type) {
	case YAML_SCALAR_EVENT:
		ret->style = from->data.scalar.style;
		return keep(part, from->data.scalar.value, from->data.scalar.length, &ret->value) &&
		       keep_name(part, from->data.scalar.tag, &ret->tag) &&
		       keep_name(part, from->data.scalar.anchor, &ret->anchor);
	case YAML_MAPPING_START_EVENT:
		return keep_name(part, from->data.mapping_start.tag, &ret->tag) &&
		       keep_name(part, from->data.mapping_start.anchor, &ret->anchor);
	case YAML_SEQUENCE_START_EVENT:
		return keep_name(part, from->data.sequence_start.tag, &ret->tag) &&
		       keep_name(part, from->data.sequence_start.anchor, &ret->anchor);
	case YAML_ALIAS_EVENT:
		return keep_name(part, from->data.alias.anchor, &ret->anchor);
	default:
		return true;
	}
}

static bool add_event(yaml_parser_t *yaml, struct part *part)
{
	struct event *event = &part->events[part->n];
	yaml_event_t from;
	bool kept;

	if (!yaml_parser_parse(yaml, &from))
		return false;
	*event = (struct event){
		.type = from.type,
		.mark = { .line = (uint32_t)from.start_mark.line + 1, .column = (uint32_t)from.start_mark.column + 1 },
	};
	kept = keep_texts(part, &from, event);
	yaml_event_delete(&from);
	if (!kept)
		yaml->error = YAML_MEMORY_ERROR;
	part->n += kept;
	return kept;
}

/* Returns whether there is more. */
static bool fill(yaml_parser_t *yaml, struct part *part)
{
	part->n = part->length = 0;
	while (part->n < PART_EVENTS)
		if (!add_event(yaml, part) || part->events[part->n - 1].type == YAML_STREAM_END_EVENT)
			return false;
	return true;
}

static void drop_texts(void *part)
{
	free(((struct part *)part)->texts);
}

static void parse_ahead(struct ls_relay *relay, void *user)
{
	struct ls_parser *parser = user;
	bool more = true;

	while (more) {
		more = fill(&parser->yaml, parser->own);
		more &= ls_relay_give(relay, (void **)&parser->own, 0);
	}
}

/* ---- handing events out ------------------------------------------------------------------------------------------ */

int ls_parser_open(struct ls_parser *parser, const char *text, size_t length)
{
	*parser = (struct ls_parser){ 0 };
	if (!yaml_parser_initialize(&parser->yaml))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser->yaml, (const unsigned char *)text, length);
	parser->own = calloc(1, sizeof(*parser->own));
	if (!parser->own)
		return -ENOMEM;
	if (length >= LONG_TEXT)
		parser->relay = ls_relay_start(sizeof(struct part), parse_ahead, parser);
	return 0;
}

static bool next_part(struct ls_parser *parser)
{
	size_t unused;

	parser->at = 0;
	if (parser->relay) {
		parser->part = ls_relay_take(parser->relay, &unused);
		return parser->part && parser->part->n;
	}
	parser->part = parser->own;
	if (parser->yaml.error == YAML_NO_ERROR)
		(void)fill(&parser->yaml, parser->part);
	else
		parser->part->n = 0;
	return parser->part->n;
}

static const char *text_of(const struct part *part, struct text text)
{
	return text.offset ? part->texts + text.offset - 1 : NULL;
}

bool ls_parser_next(struct ls_parser *parser, struct ls_parsed *ret)
{
	const struct event *event;

	if ((!parser->part || parser->at == parser->part->n) && !next_part(parser))
		return false;
	event = &parser->part->events[parser->at++];
	*ret = (struct ls_parsed){
		.type = event->type,
		.style = event->style,
		.mark = event->mark,
		.text = text_of(parser->part, event->value),
		.length = event->value.length,
		.tag = text_of(parser->part, event->tag),
		.anchor = text_of(parser->part, event->anchor),
	};
	return true;
}

void ls_parser_close(struct ls_parser *parser)
{
	ls_relay_free(parser->relay, drop_texts);
	if (parser->own)
		drop_texts(parser->own);
	free(parser->own);
	yaml_parser_delete(&parser->yaml);
}
