/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libyaml's events. A long text is parsed by a second thread, a few hundred events ahead of who asks for them: what
 * libyaml does with a spec takes twice as long as everything that follows.
 */
#pragma once

#include <linkspan/spec.h>

#include <yaml.h>

/* What a spec can use of an event. */
struct ls_parsed {
	yaml_event_type_t type;
	yaml_scalar_style_t style;
	struct ls_mark mark;
	const char *text; /* scalar: with a zero after it, and maybe some within */
	size_t length;
	const char *tag, *anchor; /* or NULL. Of an alias the anchor that it means */
};

struct ls_parser {
	yaml_parser_t yaml;
	struct ls_relay *relay; /* NULL: parts are filled when they are asked for */
	struct part *own;       /* then this one */
	struct part *part;      /* whose events are handed out */
	size_t at;              /* the next of them */
};

/* The text is used until the parser is closed. -ENOMEM. */
int ls_parser_open(struct ls_parser *parser, const char *text, size_t length);
/* The next event; its texts are valid until the next call. False: the text is not YAML, or there is no memory: see
 * parser->yaml, which holds still from then on. Not to be called after the end of the stream. */
bool ls_parser_next(struct ls_parser *parser, struct ls_parsed *ret);
void ls_parser_close(struct ls_parser *parser);
