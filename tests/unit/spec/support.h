/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Specs in tests: parsed from a text, with all findings at hand. Both helpers fail the test by themselves.
 */
#pragma once

#include <linkspan/spec.h>

#include <criterion/criterion.h>
#include <string.h>

/* A spec's first three lines: what follows begins on line 4. */
#define HEAD "linkspan: 1\nkind: gateway\nname: gw\n"
/* The same with interfaces eth0 (line 5) and eth1 (line 6), which IPv4 and IPv6 are left alone on: next is line 7. */
#define LINKS HEAD "interfaces:\n  eth0: { match: { name: eth0 } }\n  eth1: { match: { name: eth1 } }\n"

struct parsed {
	struct ls_spec *spec; /* NULL when not valid */
	struct ls_diag diag;
	struct ls_error err;
	int r;
};

static inline void parsed_done(struct parsed *parsed)
{
	ls_spec_free(parsed->spec);
	ls_diag_done(&parsed->diag);
}
#define PARSED LS_CLEANUP(parsed_done) struct parsed

static inline struct parsed parse_bytes(const char *text, size_t length)
{
	struct parsed parsed = { 0 };

	parsed.r = ls_spec_parse("t.yaml", text, length, &parsed.spec, &parsed.diag, &parsed.err);
	cr_assert_eq(parsed.r == 0, parsed.spec != NULL, "a spec must come out exactly on success");
	cr_assert_eq(parsed.r == 0, parsed.diag.n_errors == 0, "success and no errors must coincide");
	return parsed;
}

static inline struct parsed parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

/* Parses a text that must be valid and free of warnings. */
static inline struct parsed parse_valid(const char *text)
{
	struct parsed parsed = parse(text);

	for (size_t i = 0; i < parsed.diag.n_findings; i++) {
		const struct ls_finding *finding = &parsed.diag.findings[i];

		cr_log_error("%u:%u: %s [%s]", finding->location.line, finding->location.column, finding->message,
			finding->id);
	}
	cr_assert_eq(parsed.r, 0, "not valid:\n%s", text);
	cr_assert_eq(parsed.diag.n_findings, 0);
	return parsed;
}

struct expected {
	const char *text;
	const char *id;
	uint32_t line, column;
	const char *words; /* the message has these */
};

static inline void expect_finding(const struct parsed *parsed, size_t i, const struct expected *expected)
{
	const struct ls_finding *finding;

	cr_assert_lt(i, parsed->diag.n_findings, "no finding %zu [%s] in:\n%s", i, expected->id, expected->text);
	finding = &parsed->diag.findings[i];
	cr_expect_str_eq(finding->id, expected->id, "[%s] instead of [%s]: %s\n%s", finding->id, expected->id,
		finding->message, expected->text);
	cr_expect(finding->location.line == expected->line && finding->location.column == expected->column,
		"%u:%u instead of %u:%u: %s\n%s", finding->location.line, finding->location.column, expected->line,
		expected->column, finding->message, expected->text);
	cr_expect_str_eq(finding->location.file, "t.yaml");
	if (expected->words)
		cr_expect(strstr(finding->message, expected->words), "no \"%s\" in: %s", expected->words,
			finding->message);
}

/* The only finding of that severity. */
static inline void expect_only(const struct parsed *parsed, enum ls_severity severity, const struct expected *expected)
{
	size_t found = 0, n = 0;

	for (size_t i = parsed->diag.n_findings; i > 0; i--) {
		if (parsed->diag.findings[i - 1].severity != severity)
			continue;
		found = i - 1;
		n++;
	}
	expect_finding(parsed, found, expected);
	cr_expect_eq(n, 1, "%zu findings in:\n%s", n, expected->text);
}

/* Each text has exactly the one error. */
static inline void expect_errors(const struct expected *expected, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		PARSED parsed = parse(expected[i].text);

		cr_expect_eq(parsed.r, -EINVAL, "accepted:\n%s", expected[i].text);
		expect_only(&parsed, LS_SEVERITY_ERROR, &expected[i]);
	}
}

/* The text is valid, but for the one warning. */
static inline struct parsed parse_with_warning(const struct expected *expected)
{
	struct parsed parsed = parse(expected->text);

	cr_assert_eq(parsed.r, 0, "not valid:\n%s", expected->text);
	expect_only(&parsed, LS_SEVERITY_WARNING, expected);
	return parsed;
}
#define EXPECT_ERRORS(...) \
	do { \
		static const struct expected expected_[] = { __VA_ARGS__ }; \
		expect_errors(expected_, LS_ARRAY_SIZE(expected_)); \
	} while (0)

static inline const char *prefix_text(const struct ls_prefix *prefix)
{
	static char text[LS_PREFIX_TEXT_MAX];

	return ls_prefix_format(prefix, text);
}

static inline const char *ip_text(const struct ls_ip *ip)
{
	static char text[LS_IP_TEXT_MAX];

	return ls_ip_format(ip, text);
}
