/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table walker. A mapping of the spec is described by a table of keys; each key says where its value goes and which
 * function reads it. What is peculiar to a mapping beyond its keys stands in its `finish`.
 */
#pragma once

#include "events.h"
#include "report.h"

#include <linkspan/spec.h>

#define LS_KEYS_MAX 32u

struct ls_key;
struct ls_mapping;

/* A block of memory from malloc that goes with the spec. */
struct ls_owned {
	struct ls_owned *next;
	void *memory;
};

struct ls_decoder {
	struct ls_yaml yaml;
	struct ls_report *report;
	struct ls_arena *arena;  /* of the spec */
	struct ls_owned **owned; /* its list */
};

/* Reads the value that `event` begins, and all of it, into *value. Returns 0; 1 when the value is bad: it has been
 * reported and skipped, *value is untouched; or a negative errno: reading cannot go on. Lists and named maps set two
 * fields, elements and count: they get the struct itself. */
typedef int ls_decode_fn(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value);

#define LS_VARIANT(value) LS_BIT(value)
#define LS_ALWAYS UINT32_MAX

/* A key of a mapping. Offsets count from the start of the mapping's struct. */
struct ls_key {
	const char *name;
	uint8_t length; /* of the name */
	uint8_t size;   /* bytes of the value's field */
	uint16_t offset;
	uint16_t mark;    /* offset of a struct ls_mark that gets the value's place; 0: none */
	uint16_t present; /* offset of a bool that tells whether there is a value, or a size_t that counts; 0: none */
	ls_decode_fn *decode;
	uint32_t needed;                        /* variants that must have the key: LS_ALWAYS, or LS_VARIANT()s */
	uint32_t only;                          /* variants that may have it; 0: all */
	uint32_t min, max;                      /* numbers */
	const struct ls_word *words;            /* words */
	const char *(*check)(const char *text); /* texts: what is wrong with it ("has ..."), or NULL */
	const char *id;                         /* texts: of the finding when something is; NULL: range */
	const struct ls_mapping *mapping;       /* mappings, and the elements of lists and named maps */
};

#define LS_NAME(text) .name = (text), .length = sizeof(text) - 1
#define LS_AT(type, field) .offset = offsetof(struct type, field), .size = (uint8_t)sizeof(((struct type *)0)->field)
#define LS_MARK(type, field) .mark = offsetof(struct type, field)
#define LS_PRESENT(type, field) .present = offsetof(struct type, field)
/* The keys of a nested mapping go into the same struct. */
#define LS_SAME .offset = 0

/* Kinds of values, for tables. */
#define LS_NUMBER(lowest, highest) .decode = ls_decode_number, .min = (lowest), .max = (highest)
#define LS_BOOL .decode = ls_decode_bool
#define LS_WORD(list) .decode = ls_decode_word, .words = (list)
#define LS_TEXT(function) .decode = ls_decode_text, .check = (function)
#define LS_IP .decode = ls_decode_ip
#define LS_ADDRESS .decode = ls_decode_address
#define LS_MAC .decode = ls_decode_mac
#define LS_MAPPING(description) .decode = ls_decode_mapping, .mapping = (description)
#define LS_LIST(description) .decode = ls_decode_list, .mapping = (description)
#define LS_ONE_OR_LIST(description) .decode = ls_decode_one_or_list, .mapping = (description)
#define LS_NAMED(description) .decode = ls_decode_named, .mapping = (description)

/* Which keys a mapping had. Bits are by place in the table. */
struct ls_seen {
	uint32_t seen, bad;
	uint32_t variant; /* as a bit; LS_ALWAYS: there are none; 0: the key that tells it is missing or bad */
	struct ls_mark marks[LS_KEYS_MAX]; /* of the keys themselves; valid where seen */
};

struct ls_mapping {
	const char *what; /* "route": for messages */
	const struct ls_key *keys;
	size_t n_keys;
	size_t size;                    /* of the struct; elements of lists and maps begin with their struct ls_mark */
	const void *defaults;           /* what an element is before it is read; NULL: zero */
	const struct ls_key *shorthand; /* a scalar may stand instead of the mapping and is this key's value; or NULL */
	const struct ls_key *name;      /* elements of a named map: how the name is read */
	const struct ls_key *variant;   /* the key, of `keys`, whose value `needed` and `only` speak of; or NULL */
	/* Called when all keys have been read. `mark`: of the mapping. */
	void (*finish)(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target);
	const char *rules; /* what it and the checks ask of this mapping alone (schema_rules.c), or NULL */
};

/* Regular expressions (ECMA-262) of the parts of addresses: as strict as ls_ip_parse and ls_prefix_parse. */
#define LS_PATTERN_OCTET "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define LS_PATTERN_IPV4 "(" LS_PATTERN_OCTET "\\.){3}" LS_PATTERN_OCTET
#define LS_PATTERN_LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?" /* of a host name */
#define LS_PATTERN_PORT "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
#define LS_PATTERN_LENGTH4 "(3[0-2]|[12]?[0-9])"
#define LS_PATTERN_LENGTH6 "(12[0-8]|1[01][0-9]|[1-9]?[0-9])"
/* Eight groups, of which `::` stands for one and more, and the last two may be written as IPv4. */
#define LS_PATTERN_H "[0-9A-Fa-f]{1,4}"
#define LS_PATTERN_IPV6 \
	"((" LS_PATTERN_H ":){7}" LS_PATTERN_H "|(" LS_PATTERN_H ":){1,7}:|(" LS_PATTERN_H ":){1,6}:" LS_PATTERN_H \
	"|(" LS_PATTERN_H ":){1,5}(:" LS_PATTERN_H "){1,2}|(" LS_PATTERN_H ":){1,4}(:" LS_PATTERN_H \
	"){1,3}|(" LS_PATTERN_H ":){1,3}(:" LS_PATTERN_H "){1,4}|(" LS_PATTERN_H ":){1,2}(:" LS_PATTERN_H \
	"){1,5}|" LS_PATTERN_H ":(:" LS_PATTERN_H "){1,6}|:(:" LS_PATTERN_H "){1,7}|::|((" LS_PATTERN_H \
	":){6}|(" LS_PATTERN_H ":){1,5}:|(" LS_PATTERN_H ":){1,4}(:" LS_PATTERN_H "){1}:|(" LS_PATTERN_H \
	":){1,3}(:" LS_PATTERN_H "){1,2}:|(" LS_PATTERN_H ":){1,2}(:" LS_PATTERN_H "){1,3}:|" LS_PATTERN_H \
	":(:" LS_PATTERN_H "){1,4}:|:(:" LS_PATTERN_H "){1,5}:|::)" LS_PATTERN_IPV4 ")"

/* The form of what a reader takes, or a text's check lets pass. A reader that is missing in the tables (schema.c has
 * those of this file, host.h names the others) makes a test fail. */
struct ls_reader_form {
	ls_decode_fn *decode;
	const char *(*check)(const char *text);
	struct ls_form form; /* numbers: min and max are the key's where both are 0 */
};

ls_decode_fn ls_decode_number, ls_decode_bool, ls_decode_word, ls_decode_text, ls_decode_ip, ls_decode_address,
	ls_decode_mac, ls_decode_mapping, ls_decode_list, ls_decode_one_or_list, ls_decode_named;

/* Makes memory from malloc part of the spec; takes it in any case. -ENOMEM. */
int ls_own(struct ls_arena *arena, struct ls_owned **list, void *memory);

/* Reads a whole document, which is a mapping, into `target`. `empty`: what is said of one without anything in it. The
 * decoder has all but its `yaml`. 0, or a negative errno: reading could not go on, as the report says. */
int ls_decode_document(struct ls_decoder *decoder, const char *text, size_t length, const struct ls_key *root,
	const char *empty, void *target);

/* scalars.c: what decode.c needs of it. */
const char *ls_decode_key_name(const struct ls_key *key);
int ls_decode_check_tag(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	enum ls_yaml_tag tag, const char *what);
unsigned ls_decode_load(const void *value, size_t size); /* a number of 1, 2 or 4 bytes */

/* For readers of values that are peculiar to one key. */

/* Makes sure that the event is a scalar that can be `what` ("an address"), with no tag or `tag`. As ls_decode_fn. */
int ls_decode_scalar(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	enum ls_yaml_tag tag, const char *what);
/* Reports a value that is not `what`; skips it and returns 1, or a negative errno. */
int ls_decode_refuse(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, const char *what);
/* One number, or the first and the last of a range with a hyphen between: both go into `ret`, from key->min to
 * key->max. As ls_decode_fn. */
int ls_decode_range(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	const char *what, uint32_t ret[static 2]);
/* 0, -EINVAL: not a number as specs write them, -ERANGE: one, but not from 0 to 2^32-1. */
int ls_parse_number(const char *text, uint32_t *ret);
bool ls_is_bool_word(const struct ls_yaml_event *event); /* plain true or false */
