/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all commands print with: streams and their colours, errors, and findings as
 *
 *	FILE:LINE:COL: error: MESSAGE [id]
 *	   12 | the line of the source
 *	      |     ^
 *
 * Both streams are buffered in full (a plan can have 100,000 lines, a spec 10,000 errors). So that they come in the
 *right order on a terminal, what goes to `err` flushes `out` before and itself afterwards.
 */
#include "cli.h"

#include <stdarg.h>
#include <stdio_ext.h>
#include <string.h>

#define LINE_MAX_SHOWN 120u /* characters of a source line; longer ones are cut around the column */
#define BUFFER_SIZE 65536u

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static const char *const styles[] = {
	[CLI_STYLE_NONE] = "",
	[CLI_STYLE_ERROR] = "\033[1;31m",
	[CLI_STYLE_WARNING] = "\033[1;35m",
	[CLI_STYLE_GOOD] = "\033[32m",
	[CLI_STYLE_CHANGE] = "\033[33m",
	[CLI_STYLE_DIM] = "\033[2m",
	[CLI_STYLE_BOLD] = "\033[1m",
};

static bool is_set(const char *variable)
{
	const char *value = getenv(variable); /* NOLINT(concurrency-mt-unsafe): no threads here */

	return value && *value;
}

static bool wants_color(enum cli_color when, FILE *file)
{
	const char *terminal = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe) */

	switch (when) {
	case CLI_COLOR_ALWAYS:
		return true;
	case CLI_COLOR_NEVER:
		return false;
	case CLI_COLOR_AUTO:
		break;
	}
	return !is_set("NO_COLOR") && terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(file));
}

void cli_open(struct cli *cli, FILE *out, FILE *err)
{
	cli->out = (struct cli_stream){ .file = out, .color = wants_color(cli->args.color, out) };
	cli->err = (struct cli_stream){ .file = err, .color = wants_color(cli->args.color, err) };
	(void)setvbuf(out, NULL, _IOFBF, BUFFER_SIZE);
	(void)setvbuf(err, NULL, _IOFBF, BUFFER_SIZE);
	/* One thread prints, whatever the others do. */
	(void)__fsetlocking(out, FSETLOCKING_BYCALLER);
	(void)__fsetlocking(err, FSETLOCKING_BYCALLER);
}

/* Did the command do more than answer? Then its status tells what became of the host, and nothing else may. */
static bool has_changed(const struct cli *cli)
{
	return cli->args.command && cli->args.command->changes && !cli_given(cli, CLI_HELP) &&
	       !cli_given(cli, CLI_VERSION);
}

enum cli_exit cli_close(struct cli *cli, enum cli_exit status)
{
	bool failed = ferror(cli->out.file);

	errno = 0;
	failed |= fflush(cli->out.file) != 0;
	failed |= fclose(LS_TAKE_PTR(cli->out.file)) != 0; /* some file systems report a full disk only here */
	if (failed) {
		cli->out_failed = true;
		cli_error(cli, "cannot write the output: %s", errno ? strerror(errno) : "a write failed");
	}
	if (!cli->out_failed || has_changed(cli))
		return status;
	return status == CLI_EXIT_DONE || status == CLI_EXIT_CHANGES ? CLI_EXIT_FAILED : status;
}

static const char *style_on(const struct cli_stream *stream, enum cli_style style)
{
	return stream->color ? styles[style] : "";
}

static const char *style_off(const struct cli_stream *stream, enum cli_style style)
{
	return stream->color && style != CLI_STYLE_NONE ? "\033[0m" : "";
}

/* The length of the control character that begins there: C0, DEL, or one of C1 in UTF-8. */
static size_t control_length(const char *text)
{
	unsigned char c = (unsigned char)text[0];

	if (c < 0x20 || c == 0x7f)
		return 1;
	return c == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0 ? 2 : 0;
}

/* Most characters are none, at a glance. */
static size_t clean_length(const char *text)
{
	size_t n = 0;

	while ((text[n] >= 0x20 && text[n] < 0x7f) || (text[n] && !control_length(text + n)))
		n++;
	return n;
}

static void put_clean(FILE *file, const char *text)
{
	for (;; text += control_length(text)) {
		size_t n = clean_length(text);

		(void)fwrite(text, 1, n, file);
		text += n;
		if (!*text)
			return;
		putc_unlocked('?', file);
	}
}

void cli_put(const struct cli_stream *stream, enum cli_style style, const char *text)
{
	if (!stream->color) {
		put_clean(stream->file, text);
		return;
	}
	fputs(style_on(stream, style), stream->file);
	put_clean(stream->file, text);
	fputs(style_off(stream, style), stream->file);
}

/* ---- source lines ------------------------------------------------------------------------------------------------ */

void cli_source_done(struct cli_source *source)
{
	free(source->text);
	*source = (struct cli_source){ 0 };
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

static size_t line_length(const struct cli_source *source)
{
	size_t end = source->offset;

	while (end < source->length && !is_line_end(source->text[end]))
		end++;
	return end - source->offset;
}

static bool next_line(struct cli_source *source)
{
	size_t end = source->offset + line_length(source);

	if (end == source->length)
		return false;
	/* text[length] is a zero, so looking one further is fine. CR LF is one line end. */
	source->offset = end + (source->text[end] == '\r' && source->text[end + 1] == '\n' ? 2 : 1);
	source->line++;
	return true;
}

static void first_line(struct cli_source *source)
{
	source->line = 1;
	source->offset = source->length >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

static bool find_line(struct cli_source *source, uint32_t line)
{
	if (!source->line || source->line > line)
		first_line(source);
	while (source->line < line)
		if (!next_line(source))
			return false;
	return true;
}

/* Bytes of `n` characters of text, as the spec's columns count them: UTF-8. */
static size_t skip_characters(const char *text, size_t length, size_t n)
{
	size_t i = 0;

	while (i < length && n) {
		i++;
		while (i < length && ((unsigned char)text[i] & 0xc0) == 0x80)
			i++;
		n--;
	}
	return i;
}

/* Tabs stay, since the caret's line repeats them. */
static void print_characters(FILE *file, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		size_t n = text[i] == '\t' ? 0 : control_length(text + i);

		putc_unlocked(n ? '?' : text[i], file);
		i += n > 1;
	}
}

static void print_caret(const struct cli_stream *stream, const char *text, size_t length, enum cli_style style)
{
	for (size_t i = 0; i < length; i += skip_characters(text + i, length - i, 1))
		putc_unlocked(text[i] == '\t' ? '\t' : ' ', stream->file);
	fprintf(stream->file, "%s^%s\n", style_on(stream, style), style_off(stream, style));
}

static void print_source_line(const struct cli_stream *stream, struct cli_source *source,
	const struct ls_location *location, enum cli_style style)
{
	size_t column = location->column ? location->column - 1 : 0, skipped = 0, length, shown;
	const char *text;

	if (!source || !source->text || !location->line || !location->file ||
		strcmp(location->file, source->name) != 0 || !find_line(source, location->line))
		return;
	text = source->text + source->offset;
	length = line_length(source);
	if (column > LINE_MAX_SHOWN / 2 && skip_characters(text, length, LINE_MAX_SHOWN) < length)
		skipped = column - LINE_MAX_SHOWN / 2;
	text += skip_characters(text, length, skipped);
	length -= (size_t)(text - (source->text + source->offset));
	shown = skip_characters(text, length, LINE_MAX_SHOWN);

	fprintf(stream->file, "%5u | %s", location->line, skipped ? "..." : "");
	print_characters(stream->file, text, shown);
	fprintf(stream->file, "%s\n      | %s", shown < length ? "..." : "", skipped ? "   " : "");
	print_caret(stream, text, skip_characters(text, shown, column - skipped), style);
}

void cli_print_source_line(
	const struct cli_stream *stream, struct cli_source *source, const struct ls_location *location)
{
	print_source_line(stream, source, location, CLI_STYLE_GOOD);
}

/* ---- errors and findings ----------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum cli_style style;
} severities[] = {
	[LS_SEVERITY_ERROR] = { "error", CLI_STYLE_ERROR },
	[LS_SEVERITY_WARNING] = { "warning", CLI_STYLE_WARNING },
};

static void begin_error(struct cli *cli)
{
	if (cli->out.file)
		(void)fflush(cli->out.file);
}

static void end_error(struct cli *cli)
{
	(void)fflush(cli->err.file);
}

static void print_location(const struct cli_stream *stream, const struct ls_location *location)
{
	fputs(style_on(stream, CLI_STYLE_BOLD), stream->file);
	put_clean(stream->file, location->file ? location->file : "linkspan");
	if (location->file && location->line)
		fprintf(stream->file, ":%u:%u", location->line, location->column);
	fprintf(stream->file, ":%s ", style_off(stream, CLI_STYLE_BOLD));
}

static void print_severity(const struct cli_stream *stream, enum ls_severity severity)
{
	enum cli_style style = severities[severity].style;

	fprintf(stream->file, "%s%s:%s ", style_on(stream, style), severities[severity].word, style_off(stream, style));
}

static void print_record(const struct cli_stream *stream, const struct ls_finding *finding, struct cli_source *source)
{
	print_location(stream, &finding->location);
	print_severity(stream, finding->severity);
	put_clean(stream->file, finding->message);
	if (finding->id && *finding->id)
		fprintf(stream->file, " [%s]", finding->id);
	putc_unlocked('\n', stream->file);
	print_source_line(stream, source, &finding->location, severities[finding->severity].style);
}

void cli_print_finding(struct cli *cli, const struct ls_finding *finding, struct cli_source *source)
{
	begin_error(cli);
	print_record(&cli->err, finding, source);
	end_error(cli);
}

void cli_print_findings(struct cli *cli, const struct ls_diag *diag, struct cli_source *source)
{
	begin_error(cli);
	for (size_t i = 0; i < diag->n_findings; i++)
		print_record(&cli->err, &diag->findings[i], source);
	if (diag->out_of_memory)
		fputs("linkspan: error: out of memory: findings are missing\n", cli->err.file);
	end_error(cli);
}

void cli_print_error(struct cli *cli, const struct ls_error *err, struct cli_source *source)
{
	const struct ls_finding finding = {
		.severity = LS_SEVERITY_ERROR,
		.location = err->location,
		.message = err->message[0] ? err->message : strerror(-err->code),
	};

	cli_print_finding(cli, &finding, source);
}

static void LS_PRINTF(3, 0) print_message(struct cli *cli, enum ls_severity severity, const char *format, va_list args)
{
	struct ls_finding finding = { .severity = severity };
	LS_CLEANUP(ls_free) char *message = NULL;

	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	finding.message = message ? message : "out of memory";
	cli_print_finding(cli, &finding, NULL);
}

void cli_error(struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(cli, LS_SEVERITY_ERROR, format, args);
	va_end(args);
}

void cli_warning(struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(cli, LS_SEVERITY_WARNING, format, args);
	va_end(args);
}

void cli_hint(struct cli *cli, const char *format, ...)
{
	va_list args;

	begin_error(cli);
	fputs("  ", cli->err.file);
	va_start(args, format);
	(void)vfprintf(cli->err.file, format, args);
	va_end(args);
	putc_unlocked('\n', cli->err.file);
	end_error(cli);
}

enum cli_exit cli_fail(struct cli *cli, const struct ls_error *err)
{
	return cli_fail_at(cli, err, NULL);
}

enum cli_exit cli_fail_at(struct cli *cli, const struct ls_error *err, struct cli_source *source)
{
	cli_print_error(cli, err, source);
	if (err->code == -EPERM || err->code == -EACCES) {
		/* The kernel's state asks for a capability, files for their permissions. */
		if (!strstr(err->message, "CAP_NET_ADMIN"))
			cli_hint(cli, err->code == -EPERM
					      ? "this needs root or CAP_NET_ADMIN"
					      : "this needs root, or a state directory of one's own (--state-dir)");
		return CLI_EXIT_PRIVILEGE;
	}
	if (err->code == -EOPNOTSUPP)
		return CLI_EXIT_UNSUPPORTED;
	return err->code == -EAGAIN || err->code == -EBUSY ? CLI_EXIT_BUSY : CLI_EXIT_FAILED;
}
