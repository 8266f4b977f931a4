/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of sysctls, which are names of files below /proc/sys/net, and their values.
 */
#include "host.h"

#include <stdio.h>
#include <string.h>

#define SYSCTL_PATH_MAX 256u

static bool is_bad_part(const char *part, size_t length)
{
	return length == 0 || (length <= 2 && strncmp(part, "..", length) == 0);
}

/* Reads a name into the path of its file below /proc/sys. sysctl(8): the first separator decides; after a dot, slashes
 * stand for dots within a name, after a slash, dots are. Returns what is wrong ("is ..."), or NULL. */
static const char *sysctl_path(const char *text, char *path, size_t size)
{
	bool dotted = text[strcspn(text, "./")] == '.';
	size_t length = strlen(text), start = 0;

	if (length >= size)
		return "is too long for a sysctl";
	for (size_t i = 0; i <= length; i++) {
		char c = text[i];

		if (c != '\0' && ((unsigned char)c <= 0x20 || c == 0x7f))
			return "is no sysctl: those have no blanks";
		if (dotted && (c == '.' || c == '/'))
			c = c == '.' ? '/' : '.';
		path[i] = c;
		if (c != '/' && c != '\0')
			continue;
		if (is_bad_part(path + start, i - start))
			return "is no sysctl: a part of the name is empty, '.' or '..'";
		start = i + 1;
	}
	if (strncmp(path, "net/", 4) != 0)
		return "is not below net: only net.* sysctls can be set";
	return NULL;
}

static int decode_sysctl_path(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	char excerpt[LS_EXCERPT_MAX], path[SYSCTL_PATH_MAX];
	const char *complaint, *interned;

	(void)key;
	complaint = sysctl_path(event->text, path, sizeof(path));
	if (complaint) {
		ls_report_error(decoder->report, event->mark, "range", "sysctl '%s' %s",
			ls_excerpt(event->text, event->length, excerpt), complaint);
		return 1;
	}
	interned = ls_arena_intern(decoder->arena, path, strlen(path));
	if (!interned)
		return -ENOMEM;
	memcpy(value, &interned, sizeof(interned));
	return 0;
}

/* A number as the kernel shows it, or NULL if the text is none: 0x10 is read back as 16. */
static const char *sysctl_number(struct ls_arena *arena, const char *text)
{
	uint32_t number;

	if (strncmp(text, "0x", 2) != 0 || ls_parse_number(text, &number) < 0)
		return NULL;
	return ls_arena_printf(arena, "%u", number);
}

/* Blanks as the kernel shows them: one between values, none at the ends. */
static const char *fold_blanks(struct ls_arena *arena, const char *text, size_t length)
{
	char *folded = ls_arena_alloc(arena, length + 1), *to = folded;

	if (!folded)
		return NULL;
	for (const char *from = text; *from; from++) {
		bool blank = strchr(" \t\r\n", *from);

		if (!blank)
			*to++ = *from;
		else if (to > folded && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > folded && to[-1] == ' ')
		to--;
	*to = '\0';
	return folded;
}

static bool is_octal(const char *text)
{
	text += *text == '-';
	return text[0] == '0' && text[1] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int decode_sysctl_value(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	const char *text;
	int r;

	/* A number or a text: either tag fits. */
	r = ls_decode_scalar(
		decoder, key, event, event->tag == LS_TAG_INT ? LS_TAG_INT : LS_TAG_STR, "a number or a text");
	if (r != 0)
		return r;
	if (ls_is_bool_word(event))
		return ls_decode_refuse(decoder, key, event,
			event->text[0] == 't' ? "a number or a text; write 1" : "a number or a text; write 0");
	if (is_octal(event->text))
		return ls_decode_refuse(decoder, key, event,
			"a number without leading zeros, for which the kernel would take it as octal");
	text = sysctl_number(decoder->arena, event->text);
	if (!text)
		text = fold_blanks(decoder->arena, event->text, event->length);
	if (!text)
		return -ENOMEM;
	memcpy(value, &text, sizeof(text));
	return 0;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_key sysctl_name = { LS_NAME("sysctl"), LS_AT(ls_spec_sysctl, path),
	.decode = decode_sysctl_path };

static const struct ls_key sysctl_value = { LS_NAME("value"), LS_AT(ls_spec_sysctl, value),
	.decode = decode_sysctl_value };

const struct ls_mapping ls_sysctl_mapping = {
	.what = "a sysctl",
	.size = sizeof(struct ls_spec_sysctl),
	.name = &sysctl_name,
	.shorthand = &sysctl_value,
};

/* ---- forms ------------------------------------------------------------------------------------------------------- */

const struct ls_reader_form ls_sysctl_forms[] = {
	/* Dots between the parts and slashes for dots within, or slashes between. */
	{ decode_sysctl_path, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "sysctl",
			.about = "the name of a sysctl below net, as for sysctl(8)",
			.pattern = "^net((\\.(?!/{1,2}(\\.|$))[^.\\x00-\\x20\\x7f]+)+|(/(?!\\.{1,2}(/|$))[^/"
				   "\\x00-\\x20\\x7f]"
				   "+)+)$",
			.length_max = SYSCTL_PATH_MAX - 1 } },
	{ decode_sysctl_value, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "sysctl-value",
			.about = "a number without leading zeros, or a text",
			.pattern = "^(?!-?0[0-9]+$)",
			.or_number = true } },
	{ 0 },
};
