/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A YAML document as a stream of events, with aliases already replaced by what they stand for. No other
 * header of this room's but parser.h knows libyaml.
 *
 * Functions return 0, -EINVAL (reading cannot go on; the error has been reported) or -ENOMEM.
 */
#pragma once

#include "parser.h"
#include "report.h"
#include "table.h"

#define LS_YAML_REPLAYED_MAX 1000000u /* events that aliases may add, and events that anchored nodes may have */

enum ls_yaml_type { LS_YAML_SCALAR, LS_YAML_LIST, LS_YAML_MAPPING, LS_YAML_END };

/* Tags of the core schema (YAML 1.2, chapter 10); the non-specific "!" of a scalar means text. */
enum ls_yaml_tag {
	LS_TAG_NONE,
	LS_TAG_STR,
	LS_TAG_INT,
	LS_TAG_BOOL,
	LS_TAG_FLOAT,
	LS_TAG_NULL,
	LS_TAG_MAP,
	LS_TAG_SEQ,
	LS_TAG_FOREIGN, /* any other */
};

/* Texts are valid until the next call. */
struct ls_yaml_event {
	enum ls_yaml_type type;
	enum ls_yaml_tag tag;
	bool plain; /* scalar without quotes */
	struct ls_mark mark;
	const char *text; /* scalar: with a zero after it, none within */
	size_t length;
	const char *tag_text; /* as written, prefix resolved; or NULL */
};

struct ls_yaml_frame {
	size_t at, end; /* in the log */
};

struct ls_yaml {
	struct ls_report *report;
	const char *text;
	size_t text_length;
	struct ls_parser parser;
	struct ls_parsed current;
	unsigned depth; /* open collections, replayed ones included */
	size_t n_replayed;

	/* Anchors: what the nodes consist of. */
	struct ls_arena *arena;
	struct ls_yaml_record *log;
	size_t n_log, log_size;
	struct ls_table anchors;     /* interned name -> struct ls_yaml_anchor, the latest of that name */
	struct ls_yaml_anchor *open; /* innermost node being recorded */

	struct ls_yaml_frame frames[LS_SPEC_DEPTH_MAX]; /* aliases being replayed, innermost last */
	unsigned n_frames;
};

int ls_yaml_open(struct ls_yaml *yaml, struct ls_report *report, const char *text, size_t length);
void ls_yaml_close(struct ls_yaml *yaml);
/* The document's first node. *ret_empty: there is none, *ret is untouched. */
int ls_yaml_begin(struct ls_yaml *yaml, struct ls_yaml_event *ret, bool *ret_empty);
/* The next event within the document's first node: not to be called after its end. */
int ls_yaml_next(struct ls_yaml *yaml, struct ls_yaml_event *ret);
/* Reads the rest of the node that `first` began. */
int ls_yaml_skip(struct ls_yaml *yaml, const struct ls_yaml_event *first);
/* Makes sure that nothing follows. */
int ls_yaml_end(struct ls_yaml *yaml);
