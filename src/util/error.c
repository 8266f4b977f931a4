/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors are fixed-size records on the caller's stack, so that reporting one never needs memory. Text that does not fit
 * is cut at the end, where the oldest and most detailed part stands, and never within a UTF-8 sequence: messages go
 * into JSON, which refuses broken ones.
 */
#include <linkspan/util.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Removes an incomplete UTF-8 sequence from the end of a text that was cut. */
static void trim_utf8(char *text)
{
	size_t length = strlen(text), tail = 0, need;
	unsigned char lead;

	while (tail < 3 && tail < length && ((unsigned char)text[length - tail - 1] & 0xc0) == 0x80)
		tail++;
	if (tail == length)
		return;
	lead = (unsigned char)text[length - tail - 1];
	need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	if (tail < need)
		text[length - tail - 1] = '\0';
}

/* The arguments may point into the message that is being replaced, hence the copy. */
static void set_message(struct ls_error *err, const char *text, int length)
{
	memcpy(err->message, text, sizeof(err->message));
	if (length >= (int)sizeof(err->message))
		trim_utf8(err->message);
}

int ls_error_set(struct ls_error *err, int code, const char *format, ...)
{
	char text[sizeof(err->message)] = "";
	va_list args;
	int length;

	if (!err)
		return code;
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	set_message(err, text, length);
	err->code = code;
	err->location = (struct ls_location){ 0 };
	return code;
}

int ls_error_context(struct ls_error *err, int code, const char *format, ...)
{
	char context[sizeof(err->message)] = "", text[sizeof(err->message)] = "";
	va_list args;
	int length;

	if (!err)
		return code;
	if (err->message[0] == '\0') {
		err->code = code;
		snprintf(err->message, sizeof(err->message), "%s", strerror(-code));
	}
	va_start(args, format);
	(void)vsnprintf(context, sizeof(context), format, args);
	va_end(args);
	length = snprintf(text, sizeof(text), "%s: %s", context, err->message);
	set_message(err, text, length);
	return err->code;
}

int ls_error_clear(struct ls_error *err)
{
	if (err)
		*err = (struct ls_error){ 0 };
	return 0;
}
