/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One more key into the text of a site, so that comments and layout stay. libyaml tells where the root mapping begins;
 * whether the result says what it is to say is not concluded but looked at: read once more, it has the same events, and
 * those of the key.
 */
#include "parser.h"
#include "site.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* which libyaml does not count */

static const char key[] = "ipv6_communication", value[] = "false";

/* ---- where ------------------------------------------------------------------------------------------------------- */

struct place {
	size_t at;   /* bytes before it */
	bool braces; /* the mapping is within such, and this is behind the first */
};

/* The end of its first event is behind the brace, or where the first key begins. */
static bool find_root(yaml_parser_t *yaml, yaml_mark_t *ret_mark, bool *ret_braces)
{
	yaml_event_t event;
	bool found = false, more = true;

	while (more && !found && yaml_parser_parse(yaml, &event)) {
		found = event.type == YAML_MAPPING_START_EVENT;
		more = event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT;
		*ret_mark = event.end_mark;
		*ret_braces = found && event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
		yaml_event_delete(&event);
	}
	return found;
}

/* libyaml counts characters. */
static size_t to_bytes(const char *text, size_t length, size_t characters)
{
	size_t at = strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0 ? strlen(BYTE_ORDER_MARK) : 0;

	for (; characters && at < length; characters--)
		do
			at++;
		while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80);
	return at;
}

static int find_place(const char *text, size_t length, struct place *ret)
{
	yaml_parser_t yaml;
	yaml_mark_t mark = { 0 };
	bool found;

	if (!yaml_parser_initialize(&yaml))
		return -ENOMEM;
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, length);
	found = find_root(&yaml, &mark, &ret->braces);
	yaml_parser_delete(&yaml);
	ret->at = to_bytes(text, length, mark.index);
	return found ? 0 : -EINVAL;
}

/* ---- the same, but for the key ----------------------------------------------------------------------------------- */

static bool is_same(const struct ls_parsed *a, const struct ls_parsed *b)
{
	return a->type == b->type && a->style == b->style && ls_text_same(a->tag, b->tag) &&
	       ls_text_same(a->anchor, b->anchor) && a->length == b->length &&
	       (!a->length || memcmp(a->text, b->text, a->length) == 0);
}

static bool is_plain(const struct ls_parsed *parsed, const char *text)
{
	return parsed->type == YAML_SCALAR_EVENT && parsed->style == YAML_PLAIN_SCALAR_STYLE && !parsed->tag &&
	       !parsed->anchor && ls_text_same(parsed->text, text);
}

static bool has_key(struct ls_parser *parser)
{
	struct ls_parsed event;

	return ls_parser_next(parser, &event) && is_plain(&event, key) && ls_parser_next(parser, &event) &&
	       is_plain(&event, value);
}

static bool has_all_and_key(struct ls_parser *before, struct ls_parser *after)
{
	struct ls_parsed a, b;
	bool seen = false;

	do {
		if (!ls_parser_next(before, &a) || !ls_parser_next(after, &b) || !is_same(&a, &b))
			return false;
		if (a.type == YAML_MAPPING_START_EVENT && !seen) {
			seen = true;
			if (!has_key(after))
				return false;
		}
	} while (a.type != YAML_STREAM_END_EVENT);
	return seen;
}

static int compare(const char *text, size_t length, const struct ls_buf *result)
{
	struct ls_parser before, after;
	int r = ls_parser_open(&before, text, length);
	int s = ls_parser_open(&after, (const char *)result->data, result->length);

	if (r == 0 && s == 0)
		r = has_all_and_key(&before, &after) ? 0 : -EINVAL;
	ls_parser_close(&before);
	ls_parser_close(&after);
	return r < 0 ? r : s;
}

/* ---- the text ---------------------------------------------------------------------------------------------------- */

/* Behind the brace, or on a line of its own, which is indented as the next one is. */
static void put_key(const char *text, size_t length, const struct place *place, struct ls_buf *buf)
{
	const char *at = text + place->at, *line = at, *end = memchr(text, '\n', length);

	while (line > text && line[-1] != '\n')
		line--;
	if (line == text && strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		line += strlen(BYTE_ORDER_MARK);
	(void)ls_buf_append(buf, text, place->at);
	(void)ls_buf_printf(buf, "%s%s: %s", place->braces ? " " : "", key, value);
	if (place->braces) {
		(void)ls_buf_append(buf, ",", 1);
	} else {
		(void)ls_buf_printf(buf, "%s", end && end > text && end[-1] == '\r' ? "\r\n" : "\n");
		(void)ls_buf_append(buf, line, (size_t)(at - line));
	}
	(void)ls_buf_append(buf, at, length - place->at);
}

int ls_site_insert_ipv6_off(const char *text, size_t length, struct ls_buf *ret)
{
	struct place place;
	int r = find_place(text, length, &place);

	if (r < 0)
		return r;
	put_key(text, length, &place, ret);
	return ret->failed ? -ENOMEM : compare(text, length, ret);
}
