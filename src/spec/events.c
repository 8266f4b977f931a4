/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thin layer over libyaml's event parser. Events of the file are passed on as they come, without a copy. While an
 * anchored node is read, its events are also kept in a log, in which an anchor is a range; nodes within nodes share it.
 * An alias replays the range of its anchor; an alias within an anchored node is logged as such, with the anchor that it
 * means at that time, so the log is as long as the file at most. An anchor can be used once its node has ended, hence
 * there are no cycles; what remains is growth (a few lines of aliases of aliases stand for 10^9 nodes), which a budget
 * of replayed events bounds. Depth counts across replays.
 */
#include "events.h"
#include "encoding.h"

#include <string.h>

#define CORE_PREFIX "tag:yaml.org,2002:"

struct ls_yaml_anchor {
	const char *name;
	struct ls_mark mark;
	size_t start, end; /* in the log; end 0: the node has not ended */
	unsigned depth;    /* of the collection, once it is open */
	struct ls_yaml_anchor *outer;
};

/* One event of an anchored node, or an alias: then `anchor` is set. */
struct ls_yaml_record {
	struct ls_yaml_event event;
	const struct ls_yaml_anchor *anchor;
};

/* ---- libyaml ----------------------------------------------------------------------------------------------------- */

static struct ls_mark to_mark(yaml_mark_t mark)
{
	return (struct ls_mark){ .line = (uint32_t)mark.line + 1, .column = (uint32_t)mark.column + 1 };
}

/* What an operator is likely to have done, where libyaml's words do not say. */
static const char *advice(const struct ls_yaml *yaml, const char *problem, struct ls_mark mark)
{
	char byte = ls_encoding_byte_at(yaml->text, yaml->text_length, mark);

	if (strstr(problem, "cannot start any token"))
		return byte == '\t' ? "; indent with blanks, not tabs" : "; put the text in quotes";
	if (strstr(problem, "expected node content") && byte == ':')
		return "; put text that begins with a colon, like the address ::1, in quotes";
	return "";
}

static int report_parser(const struct ls_yaml *yaml)
{
	const yaml_parser_t *parser = &yaml->parser.yaml;
	struct ls_mark mark = to_mark(parser->problem_mark), context = to_mark(parser->context_mark);
	const char *problem = parser->problem ? parser->problem : "not YAML";
	const char *hint = advice(yaml, problem, mark);

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->context && context.line != mark.line)
		ls_report_error(yaml->report, mark, "syntax", "%s, %s that begins on line %u%s", problem,
			parser->context, context.line, hint);
	else if (parser->context)
		ls_report_error(yaml->report, mark, "syntax", "%s, %s%s", problem, parser->context, hint);
	else
		ls_report_error(yaml->report, mark, "syntax", "%s%s", problem, hint);
	return -EINVAL;
}

static int pull(struct ls_yaml *yaml)
{
	if (!ls_parser_next(&yaml->parser, &yaml->current))
		return report_parser(yaml);
	return yaml->report->full ? -EINVAL : 0;
}

static enum ls_yaml_tag read_tag(const char *tag)
{
	static const struct {
		const char *name;
		enum ls_yaml_tag tag;
	} tags[] = {
		{ "str", LS_TAG_STR },
		{ "int", LS_TAG_INT },
		{ "bool", LS_TAG_BOOL },
		{ "float", LS_TAG_FLOAT },
		{ "null", LS_TAG_NULL },
		{ "map", LS_TAG_MAP },
		{ "seq", LS_TAG_SEQ },
	};

	if (strcmp(tag, "!") == 0)
		return LS_TAG_STR;
	if (strncmp(tag, CORE_PREFIX, strlen(CORE_PREFIX)) != 0)
		return LS_TAG_FOREIGN;
	for (size_t i = 0; i < LS_ARRAY_SIZE(tags); i++) {
		if (strcmp(tag + strlen(CORE_PREFIX), tags[i].name) == 0)
			return tags[i].tag;
	}
	return LS_TAG_FOREIGN;
}

/* The non-specific tag leaves collections as they are. */
static void set_tag(struct ls_yaml_event *event, const char *tag)
{
	event->tag_text = tag;
	event->tag = tag ? read_tag(tag) : LS_TAG_NONE;
	if (tag && event->type != LS_YAML_SCALAR && strcmp(tag, "!") == 0)
		event->tag = LS_TAG_NONE;
}

/* A tag decides before the quotes do: !!int "5" is a number, !!str 5 is a text. */
static bool is_plain(const struct ls_yaml_event *event, yaml_scalar_style_t style)
{
	if (event->tag == LS_TAG_NONE || event->tag == LS_TAG_FOREIGN)
		return style == YAML_PLAIN_SCALAR_STYLE;
	return event->tag != LS_TAG_STR;
}

static int convert_scalar(struct ls_yaml *yaml, const struct ls_parsed *from, struct ls_yaml_event *ret)
{
	ret->type = LS_YAML_SCALAR;
	ret->text = from->text;
	ret->length = from->length;
	set_tag(ret, from->tag);
	ret->plain = is_plain(ret, from->style);
	if (from->style != YAML_DOUBLE_QUOTED_SCALAR_STYLE || !memchr(ret->text, 0, ret->length))
		return 0;
	ls_report_error(yaml->report, ret->mark, "syntax", "\"\\0\" in a text: nothing in a spec can hold a NUL byte");
	return -EINVAL;
}

/* Converts any event of a node but an alias. */
static int convert(struct ls_yaml *yaml, struct ls_yaml_event *ret)
{
	const struct ls_parsed *from = &yaml->current;

	ret->mark = from->mark;
	if (from->type == YAML_SCALAR_EVENT)
		return convert_scalar(yaml, from, ret);
	ret->text = "";
	ret->length = 0;
	ret->plain = false;
	ret->type = from->type == YAML_MAPPING_START_EVENT    ? LS_YAML_MAPPING
		    : from->type == YAML_SEQUENCE_START_EVENT ? LS_YAML_LIST
							      : LS_YAML_END;
	set_tag(ret, from->tag);
	return 0;
}

/* ---- depth ------------------------------------------------------------------------------------------------------- */

static int count_depth(struct ls_yaml *yaml, const struct ls_yaml_event *event)
{
	if (event->type == LS_YAML_END)
		yaml->depth--;
	else if (event->type != LS_YAML_SCALAR && ++yaml->depth > LS_SPEC_DEPTH_MAX) {
		ls_report_error(yaml->report, event->mark, "syntax",
			"nested deeper than %u levels; no spec needs more than 8", LS_SPEC_DEPTH_MAX);
		return -EINVAL;
	}
	return 0;
}

/* ---- anchors ----------------------------------------------------------------------------------------------------- */

static int log_record(struct ls_yaml *yaml, const struct ls_yaml_record *record)
{
	struct ls_yaml_record *grown;
	size_t size;

	if (yaml->n_log == LS_YAML_REPLAYED_MAX) {
		ls_report_error(yaml->report, record->event.mark, "syntax",
			"anchors (&) mark more than %u values; mark less", LS_YAML_REPLAYED_MAX);
		return -EINVAL;
	}
	if (yaml->n_log == yaml->log_size) {
		size = yaml->log_size ? 2 * yaml->log_size : 64;
		grown = reallocarray(yaml->log, size, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		yaml->log = grown;
		yaml->log_size = size;
	}
	yaml->log[yaml->n_log++] = *record;
	return 0;
}

static int log_event(struct ls_yaml *yaml, const struct ls_yaml_event *event)
{
	struct ls_yaml_record record = { .event = *event };

	record.event.text = ls_arena_intern(yaml->arena, event->text, event->length);
	if (!record.event.text)
		return -ENOMEM;
	if (event->tag_text) {
		record.event.tag_text = ls_arena_intern(yaml->arena, event->tag_text, strlen(event->tag_text));
		if (!record.event.tag_text)
			return -ENOMEM;
	}
	return log_record(yaml, &record);
}

/* Where the latest anchor of that name stands. NULL: out of memory. */
static struct ls_yaml_anchor **anchor_slot(struct ls_yaml *yaml, const char *name)
{
	const char *interned = ls_arena_intern(yaml->arena, name, strlen(name));

	return interned ? (struct ls_yaml_anchor **)(void *)ls_table_slot(&yaml->anchors, &interned) : NULL;
}

static int open_anchor(struct ls_yaml *yaml, const char *name, const struct ls_yaml_event *event)
{
	struct ls_yaml_anchor *anchor = NULL, **slot;

	if (!yaml->arena)
		yaml->arena = ls_arena_new();
	if (yaml->arena)
		anchor = ls_arena_alloc(yaml->arena, sizeof(*anchor));
	slot = anchor ? anchor_slot(yaml, name) : NULL;
	if (!slot)
		return -ENOMEM;
	*anchor = (struct ls_yaml_anchor){
		.mark = event->mark,
		.start = yaml->n_log,
		.depth = yaml->depth,
		.outer = yaml->open,
	};
	*slot = anchor;
	yaml->open = anchor;
	return 0;
}

/* Logs an event where a node is being recorded, and ends those nodes that it completes. */
static int record(struct ls_yaml *yaml, const char *name, const struct ls_yaml_event *event)
{
	int r;

	if (name) {
		r = open_anchor(yaml, name, event);
		if (r < 0)
			return r;
	}
	r = log_event(yaml, event);
	if (r < 0)
		return r;
	/* A scalar completes the node that it begins; the end of a collection one that was opened a level deeper. */
	if ((event->type == LS_YAML_SCALAR && name) ||
		(event->type == LS_YAML_END && yaml->open->depth == yaml->depth + 1)) {
		yaml->open->end = yaml->n_log;
		yaml->open = yaml->open->outer;
	}
	return 0;
}

static int find_anchor(struct ls_yaml *yaml, const char *name, struct ls_mark mark, const struct ls_yaml_anchor **ret)
{
	struct ls_yaml_anchor **slot = yaml->arena ? anchor_slot(yaml, name) : NULL;
	const struct ls_yaml_anchor *anchor = slot ? *slot : NULL;
	char excerpt[LS_EXCERPT_MAX];

	if (yaml->arena && !slot)
		return -ENOMEM;
	ls_excerpt(name, strlen(name), excerpt);
	if (!anchor) {
		ls_report_error(yaml->report, mark, "syntax",
			"alias *%s before its anchor: write &%s before the value that is meant, further up", excerpt,
			excerpt);
		return -EINVAL;
	}
	if (anchor->end == 0) {
		ls_report_error(yaml->report, mark, "syntax",
			"alias *%s within its own anchor (line %u): a value cannot contain itself", excerpt,
			anchor->mark.line);
		return -EINVAL;
	}
	*ret = anchor;
	return 0;
}

/* ---- replay ------------------------------------------------------------------------------------------------------ */

static int push_frame(struct ls_yaml *yaml, const struct ls_yaml_anchor *anchor, struct ls_mark mark)
{
	if (yaml->n_frames == LS_ARRAY_SIZE(yaml->frames)) {
		ls_report_error(yaml->report, mark, "syntax", "aliases of aliases, more than %zu levels deep",
			LS_ARRAY_SIZE(yaml->frames));
		return -EINVAL;
	}
	yaml->frames[yaml->n_frames++] = (struct ls_yaml_frame){ .at = anchor->start, .end = anchor->end };
	return 0;
}

/* The next event of the innermost alias. `at_alias`: the place of the alias that it is the first event of, or NULL. */
static int replay(struct ls_yaml *yaml, const struct ls_mark *at_alias, struct ls_yaml_event *ret)
{
	struct ls_yaml_frame *frame = &yaml->frames[yaml->n_frames - 1];
	const struct ls_yaml_record *record = &yaml->log[frame->at++];
	struct ls_mark mark = at_alias ? *at_alias : record->event.mark;
	int r;

	if (++yaml->n_replayed > LS_YAML_REPLAYED_MAX) {
		ls_report_error(yaml->report, mark, "syntax",
			"aliases (*) stand for more than %u values in all; write less of them", LS_YAML_REPLAYED_MAX);
		return -EINVAL;
	}
	if (frame->at == frame->end)
		yaml->n_frames--;
	if (record->anchor) {
		r = push_frame(yaml, record->anchor, mark);
		return r < 0 ? r : replay(yaml, &mark, ret);
	}
	*ret = record->event;
	ret->mark = mark;
	return yaml->report->full ? -EINVAL : count_depth(yaml, ret);
}

static int begin_alias(struct ls_yaml *yaml, struct ls_yaml_event *ret)
{
	struct ls_yaml_record record = { .event.mark = yaml->current.mark };
	int r;

	r = find_anchor(yaml, yaml->current.anchor, record.event.mark, &record.anchor);
	if (r == 0 && yaml->open)
		r = log_record(yaml, &record);
	if (r == 0)
		r = push_frame(yaml, record.anchor, record.event.mark);
	return r < 0 ? r : replay(yaml, &record.event.mark, ret);
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static int deliver(struct ls_yaml *yaml, struct ls_yaml_event *ret)
{
	const char *anchor = yaml->current.anchor;
	int r;

	if (yaml->current.type == YAML_ALIAS_EVENT)
		return begin_alias(yaml, ret);
	r = convert(yaml, ret);
	if (r == 0)
		r = count_depth(yaml, ret);
	if (r == 0 && (anchor || yaml->open))
		r = record(yaml, anchor, ret);
	return r;
}

int ls_yaml_next(struct ls_yaml *yaml, struct ls_yaml_event *ret)
{
	int r;

	if (yaml->n_frames > 0)
		return replay(yaml, NULL, ret);
	r = pull(yaml);
	return r < 0 ? r : deliver(yaml, ret);
}

int ls_yaml_skip(struct ls_yaml *yaml, const struct ls_yaml_event *first)
{
	unsigned outside = yaml->depth - 1;
	struct ls_yaml_event event;
	int r;

	if (first->type == LS_YAML_SCALAR || first->type == LS_YAML_END)
		return 0;
	while (yaml->depth > outside) {
		r = ls_yaml_next(yaml, &event);
		if (r < 0)
			return r;
	}
	return 0;
}

int ls_yaml_open(struct ls_yaml *yaml, struct ls_report *report, const char *text, size_t length)
{
	*yaml = (struct ls_yaml){ .report = report, .text = text, .text_length = length };
	ls_table_init(&yaml->anchors, sizeof(const char *));
	return ls_parser_open(&yaml->parser, text, length);
}

void ls_yaml_close(struct ls_yaml *yaml)
{
	ls_parser_close(&yaml->parser);
	ls_table_done(&yaml->anchors);
	ls_arena_free(yaml->arena);
	free(yaml->log);
	*yaml = (struct ls_yaml){ 0 };
}

int ls_yaml_begin(struct ls_yaml *yaml, struct ls_yaml_event *ret, bool *ret_empty)
{
	int r;

	do {
		r = pull(yaml);
		if (r < 0)
			return r;
	} while (yaml->current.type == YAML_STREAM_START_EVENT || yaml->current.type == YAML_DOCUMENT_START_EVENT);
	*ret_empty = yaml->current.type == YAML_STREAM_END_EVENT;
	return *ret_empty ? 0 : deliver(yaml, ret);
}

int ls_yaml_end(struct ls_yaml *yaml)
{
	int r;

	do {
		r = pull(yaml);
		if (r < 0)
			return r;
	} while (yaml->current.type == YAML_DOCUMENT_END_EVENT);
	if (yaml->current.type == YAML_STREAM_END_EVENT)
		return 0;
	ls_report_error(yaml->report, yaml->current.mark, "syntax",
		"a second document begins here: a file holds one spec; split it");
	return -EINVAL;
}
