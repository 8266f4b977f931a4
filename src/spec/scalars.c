/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single values: numbers, words, texts, addresses. */
#include "decode.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The name of what a value belongs to: elements of a list of plain values have none of their own. */
const char *ls_decode_key_name(const struct ls_key *key)
{
	return key->name ? key->name : "value";
}

static bool is_null(const struct ls_yaml_event *event)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (event->type != LS_YAML_SCALAR || !event->plain)
		return false;
	if (event->tag == LS_TAG_NULL)
		return true;
	if (event->length > 4 || (event->length > 0 && !strchr("~nN", event->text[0])))
		return false;
	for (size_t i = 0; i < LS_ARRAY_SIZE(nulls); i++) {
		if (strcmp(event->text, nulls[i]) == 0)
			return true;
	}
	return false;
}

bool ls_is_bool_word(const struct ls_yaml_event *event)
{
	return event->plain && (strcmp(event->text, "true") == 0 || strcmp(event->text, "false") == 0);
}

int ls_decode_refuse(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, const char *what)
{
	char excerpt[LS_EXCERPT_MAX];
	int r;

	if (is_null(event))
		ls_report_error(decoder->report, event->mark, "type", "'%s' has no value; give it %s",
			ls_decode_key_name(key), what);
	else if (event->type == LS_YAML_SCALAR)
		ls_report_error(decoder->report, event->mark, "type", "'%s' is '%s'; it must be %s",
			ls_decode_key_name(key), ls_excerpt(event->text, event->length, excerpt), what);
	else
		ls_report_error(decoder->report, event->mark, "type", "'%s' is a %s; it must be %s",
			ls_decode_key_name(key), event->type == LS_YAML_LIST ? "list" : "mapping", what);
	r = ls_yaml_skip(&decoder->yaml, event);
	return r < 0 ? r : 1;
}

/* A tag that is not the value's own is refused, never obeyed. */
int ls_decode_check_tag(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	enum ls_yaml_tag tag, const char *what)
{
	char excerpt[LS_EXCERPT_MAX];
	int r;

	if (event->tag == LS_TAG_NONE || event->tag == tag)
		return 0;
	ls_excerpt(event->tag_text, strlen(event->tag_text), excerpt);
	ls_report_error(decoder->report, event->mark, "type", "'%s' has the tag '%s', but must be %s; remove the tag",
		ls_decode_key_name(key), excerpt, what);
	r = ls_yaml_skip(&decoder->yaml, event);
	return r < 0 ? r : 1;
}

int ls_decode_scalar(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	enum ls_yaml_tag tag, const char *what)
{
	int r;

	r = ls_decode_check_tag(decoder, key, event, tag, what);
	if (r != 0)
		return r;
	if (event->type != LS_YAML_SCALAR || is_null(event))
		return ls_decode_refuse(decoder, key, event, what);
	return 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Leading zeros are refused: YAML 1.1 and the kernel's sysctls take such a number for octal, YAML 1.2 does not. */
int ls_parse_number(const char *text, uint32_t *ret)
{
	bool negative = *text == '-';
	uint64_t value = 0;
	int base = 10, digit;

	text += negative;
	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1] != '\0') {
		return -EINVAL;
	}
	if (*text == '\0')
		return -EINVAL;
	for (; *text; text++) {
		digit = digit_value(*text);
		if (digit >= base)
			return -EINVAL;
		if (value <= UINT32_MAX)
			value = value * (uint64_t)base + (uint64_t)digit;
	}
	if (value > UINT32_MAX || (negative && value > 0))
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

static int report_bounds(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event)
{
	char excerpt[LS_EXCERPT_MAX];

	ls_report_error(decoder->report, event->mark, "range", "'%s' is %s; it must be from %u to %u",
		ls_decode_key_name(key), ls_excerpt(event->text, event->length, excerpt), key->min, key->max);
	return 1;
}

/* The two numbers of "FIRST-LAST", or one that is both; as ls_parse_number. */
static int parse_range(const struct ls_yaml_event *event, uint32_t ret[static 2])
{
	size_t length = strcspn(event->text, "-");
	char first[16];
	int r;

	if (length >= sizeof(first))
		return -EINVAL;
	memcpy(first, event->text, length);
	first[length] = '\0';
	r = ls_parse_number(first, &ret[0]);
	if (r < 0 || !event->text[length])
		ret[1] = ret[0];
	else
		r = ls_parse_number(event->text + length + 1, &ret[1]);
	return r;
}

int ls_decode_range(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	const char *what, uint32_t ret[static 2])
{
	uint32_t range[2];
	int r;

	r = ls_decode_scalar(decoder, key, event, event->tag == LS_TAG_INT ? LS_TAG_INT : LS_TAG_STR, what);
	if (r != 0)
		return r;
	r = parse_range(event, range);
	if (r == -EINVAL)
		return ls_decode_refuse(decoder, key, event, what);
	if (r < 0 || range[0] < key->min || range[1] > key->max)
		return report_bounds(decoder, key, event);
	if (range[0] > range[1]) {
		ls_report_error(decoder->report, event->mark, "range",
			"'%s' is a range with nothing in it; write the lower number first", ls_decode_key_name(key));
		return 1;
	}
	memcpy(ret, range, sizeof(range));
	return 0;
}

static void store(void *value, size_t size, uint32_t number)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;

	memcpy(value, size == 1 ? (void *)&u8 : size == 2 ? (void *)&u16 : (void *)&number, size);
}

unsigned ls_decode_load(const void *value, size_t size)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	if (size == sizeof(u8))
		return memcpy(&u8, value, size), u8;
	if (size == sizeof(u16))
		return memcpy(&u16, value, size), u16;
	return memcpy(&u32, value, sizeof(u32)), u32;
}

int ls_decode_number(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	char excerpt[LS_EXCERPT_MAX];
	uint32_t number = 0;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_INT, "a number");
	if (r != 0)
		return r;
	r = ls_parse_number(event->text, &number);
	if (r == -EINVAL)
		return ls_decode_refuse(decoder, key, event, "a number, in decimal digits or 0x and hexadecimal ones");
	if (!event->plain) {
		ls_report_error(decoder->report, event->mark, "type",
			"'%s' is the text \"%s\", for it is quoted; write the number without quotes",
			ls_decode_key_name(key), ls_excerpt(event->text, event->length, excerpt));
		return 1;
	}
	if (r < 0 || number < key->min || number > key->max)
		return report_bounds(decoder, key, event);
	store(value, key->size, number);
	return 0;
}

int ls_decode_bool(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	bool *ret = value;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_BOOL, "true or false");
	if (r != 0)
		return r;
	if (!ls_is_bool_word(event))
		return ls_decode_refuse(decoder, key, event,
			event->plain ? "true or false, written like that" : "true or false, without quotes");
	*ret = event->text[0] == 't';
	return 0;
}

/* "a, b or c" */
static const char *list_words(const struct ls_word *words, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; words[i].word && length < size; i++) {
		const char *between = i == 0 ? "" : words[i + 1].word ? ", " : " or ";

		length += (size_t)snprintf(text + length, size - length, "%s%s", between, words[i].word);
	}
	return text;
}

static bool is_word(const struct ls_yaml_event *event, const char *word)
{
	return event->type == LS_YAML_SCALAR && (event->tag == LS_TAG_NONE || event->tag == LS_TAG_STR) &&
	       strcmp(event->text, word) == 0;
}

int ls_decode_word(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	char excerpt[LS_EXCERPT_MAX], list[256];
	int r;

	for (const struct ls_word *word = key->words; word->word; word++) {
		if (is_word(event, word->word)) {
			store(value, key->size, word->value);
			return 0;
		}
	}
	list_words(key->words, list, sizeof(list));
	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, list);
	if (r != 0)
		return r;
	ls_report_error(decoder->report, event->mark, "range", "'%s' is '%s'; it must be %s", ls_decode_key_name(key),
		ls_excerpt(event->text, event->length, excerpt), list);
	return 1;
}

int ls_decode_text(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	char excerpt[LS_EXCERPT_MAX];
	const char *text, *complaint;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, "a text");
	if (r != 0)
		return r;
	if (ls_is_bool_word(event))
		return ls_decode_refuse(decoder, key, event, "a text; put it in quotes if the word itself is meant");
	complaint = key->check ? key->check(event->text) : NULL;
	if (complaint) {
		ls_report_error(decoder->report, event->mark, key->id ? key->id : "range", "'%s' is '%s', which %s",
			ls_decode_key_name(key), ls_excerpt(event->text, event->length, excerpt), complaint);
		return 1;
	}
	text = ls_arena_intern(decoder->arena, event->text, event->length);
	if (!text)
		return -ENOMEM;
	memcpy(value, &text, sizeof(text));
	return 0;
}

int ls_decode_ip(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	struct ls_prefix prefix;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, "an address, like 192.0.2.1 or 2001:db8::1");
	if (r != 0)
		return r;
	if (ls_ip_parse(event->text, value) == 0)
		return 0;
	if (ls_prefix_parse(event->text, &prefix) == 0)
		return ls_decode_refuse(decoder, key, event, "an address alone, without a prefix length");
	return ls_decode_refuse(decoder, key, event, "an address, like 192.0.2.1 or 2001:db8::1");
}

int ls_decode_address(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	struct ls_ip ip;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR,
		"an address with its prefix length, like 192.0.2.1/24 or 2001:db8::1/64");
	if (r != 0)
		return r;
	if (ls_prefix_parse(event->text, value) == 0)
		return 0;
	if (ls_ip_parse(event->text, &ip) == 0)
		return ls_decode_refuse(decoder, key, event,
			ip.family == AF_INET ? "followed by its prefix length, like /24"
					     : "followed by its prefix length, like /64");
	return ls_decode_refuse(
		decoder, key, event, "an address with its prefix length, like 192.0.2.1/24 or 2001:db8::1/64");
}

int ls_decode_mac(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const struct ls_mac none;
	char excerpt[LS_EXCERPT_MAX];
	struct ls_mac mac;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, "a MAC address, like 02:00:00:12:34:56");
	if (r != 0)
		return r;
	if (ls_mac_parse(event->text, &mac) < 0)
		return ls_decode_refuse(decoder, key, event, "a MAC address, like 02:00:00:12:34:56");
	if ((mac.bytes[0] & 1) || memcmp(&mac, &none, sizeof(mac)) == 0) {
		ls_report_error(decoder->report, event->mark, "range",
			"'%s' is '%s', which is no address of a single interface (the lowest bit of the first byte is "
			"set, or all bits are zero)",
			ls_decode_key_name(key), ls_excerpt(event->text, event->length, excerpt));
		return 1;
	}
	memcpy(value, &mac, sizeof(mac));
	return 0;
}
