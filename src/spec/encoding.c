/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole text is validated before the parser sees it: libyaml gives no line for a bad byte, and would read UTF-16.
 * The check is stricter than YAML in one point: NEL, LS and PS (U+0085, U+2028, U+2029) end a line for libyaml
 * (YAML 1.1) but not for YAML 1.2 or an editor, so a file that has them means two things and is refused. Printable
 * ASCII, that is nearly everything, is skipped eight bytes at a time.
 */
#include "encoding.h"

#include <string.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* The number of printable ASCII bytes at the start, rounded down to eights. */
static size_t skip_printable(const unsigned char *bytes, size_t length)
{
	size_t i = 0;
	uint64_t word;

	for (; i + sizeof(word) <= length; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		/* Any bit set: a byte beyond 0x7f, below 0x20 (the subtraction borrows), or 0x7f (the addition
		 * carries). */
		if (((word | (word - 0x20 * EACH_BYTE) | (word + EACH_BYTE)) & HIGH_BITS) != 0)
			break;
	}
	return i;
}

/* Decodes one sequence; returns its length, or 0 when it is not UTF-8 (RFC 3629: shortest form, no surrogates). */
static size_t decode(const unsigned char *bytes, size_t length, uint32_t *ret)
{
	static const uint32_t shortest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = bytes[0];
	size_t n = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	uint32_t value = n == 1 ? lead : lead & (0x7fu >> n);

	if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || n > length)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3fu);
	}
	if (value < shortest[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*ret = value;
	return n;
}

/* Characters that a YAML file can hold (YAML 1.2, 5.1), without the line ends of YAML 1.1. */
static bool is_allowed(uint32_t value)
{
	if (value < 0x20)
		return value == '\t' || value == '\n' || value == '\r';
	if (value < 0xa0)
		return value < 0x7f;
	return value != 0x2028 && value != 0x2029 && value != 0xfffe && value != 0xffff && value != 0xfeff;
}

static void refuse(struct ls_report *report, struct ls_mark mark, const unsigned char *byte, uint32_t value)
{
	if (value == 0)
		ls_report_error(report, mark, "syntax", "NUL byte: this is not a text file");
	else if (value == UINT32_MAX)
		ls_report_error(report, mark, "syntax", "byte 0x%02x is not UTF-8; save the file as UTF-8", *byte);
	else if (value == 0x85 || value == 0x2028 || value == 0x2029)
		ls_report_error(report, mark, "syntax",
			"U+%04X ends a line for some programs only; replace it by a line feed", value);
	else
		ls_report_error(report, mark, "syntax", "character U+%04X is not allowed in YAML; remove it", value);
}

/* UTF-16 and UTF-32 begin with one of these. */
static bool has_foreign_mark(const unsigned char *bytes, size_t length)
{
	return length >= 2 && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff));
}

static size_t skip_mark(const char *text, size_t length)
{
	return length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int ls_encoding_check(struct ls_report *report, const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t i = skip_mark(text, length), n;
	uint32_t value;

	if (has_foreign_mark(bytes, length)) {
		ls_report_error(report, (struct ls_mark){ 1, 1 }, "syntax",
			"the file is UTF-16, by its byte order mark; save it as UTF-8");
		return -EINVAL;
	}
	while (i < length) {
		i += skip_printable(bytes + i, length - i);
		if (i == length)
			break;
		value = UINT32_MAX;
		n = decode(bytes + i, length - i, &value);
		if (n == 0 || !is_allowed(value)) {
			refuse(report, ls_encoding_mark(text, i), bytes + i, value);
			return -EINVAL;
		}
		i += n;
	}
	return 0;
}

/* Steps over the character at `offset` of `length` bytes: CR LF is one line end. */
static size_t step(const char *text, size_t length, size_t offset, struct ls_mark *mark)
{
	if (text[offset] == '\n' || text[offset] == '\r') {
		mark->line++;
		mark->column = 1;
		return text[offset] == '\r' && offset + 1 < length && text[offset + 1] == '\n' ? 2 : 1;
	}
	if (((unsigned char)text[offset] & 0xc0) != 0x80)
		mark->column++;
	return 1;
}

struct ls_mark ls_encoding_mark(const char *text, size_t offset)
{
	struct ls_mark mark = { 1, 1 };

	for (size_t i = skip_mark(text, offset); i < offset;)
		i += step(text, offset, i, &mark);
	return mark;
}

char ls_encoding_byte_at(const char *text, size_t length, struct ls_mark mark)
{
	struct ls_mark here = { 1, 1 };
	size_t i = skip_mark(text, length);

	while (i < length && ls_mark_compare(here, mark) < 0)
		i += step(text, length, i, &here);
	while (i < length && ((unsigned char)text[i] & 0xc0) == 0x80)
		i++;
	return i < length && ls_mark_compare(here, mark) == 0 ? text[i] : '\0';
}
