/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of whole runs stand on: a network namespace for each test, the program as a person would run it, and
 * other programs (ip, ping, sysctl files) for the second opinion.
 *
 * Order of calls: ns_enter is the suite's .init and ns_leave its .fini; ns_begin is every test's first line. Texts and
 * JSON that these functions return live until ns_leave.
 */
#pragma once

#include <linkspan/util.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

/* The test of that name runs once for each entry of a table, in a namespace of its own; it gets the entry's number. */
#define NS_TEST_EACH(suite, name, table) \
	ParameterizedTestParameters(suite, name) \
	{ \
		static size_t numbers[LS_ARRAY_SIZE(table)]; \
\
		for (size_t i = 0; i < LS_ARRAY_SIZE(table); i++) \
			numbers[i] = i; \
		return cr_make_param_array(size_t, numbers, LS_ARRAY_SIZE(table)); \
	} \
	ParameterizedTest(size_t *number, suite, name)

/* ---- the namespace ----------------------------------------------------------------------------------------------- */

void ns_enter(void);
void ns_leave(void);
/* Criterion runs no .fini of a test that is skipped. */
void ns_clean(void);
#define ns_skip(...) \
	do { \
		ns_clean(); \
		cr_skip_test(__VA_ARGS__); \
	} while (0)
/* Skips where there is no namespace of our own. lo is up; new links have neither duplicate address
 * detection nor link-local addresses of the kernel's making. */
void ns_begin(void);
/* A temporary directory of the test; the state directory is "state" in it. */
const char *ns_dir(void);
/* Skips, by the name of what is missing. */
void ns_need_link_type(const char *type);
void ns_need_program(const char *name);

/* A command that must succeed. */
void LS_PRINTF(1, 2) ns_run(const char *format, ...);
/* One that may fail, quietly. */
bool LS_PRINTF(1, 2) ns_try(const char *format, ...);
/* What a command prints. */
const char *LS_PRINTF(1, 2) ns_output(const char *format, ...);
/* Keeps what was allocated until the test ends; either may be NULL. */
void ns_keep(char *text, json_t *json);
const char *ns_text_of(const json_t *json, const char *name); /* a member's; "" where there is none */
const char *LS_PRINTF(1, 2) ns_text(const char *format, ...);
const char *ns_read_file(const char *path);
/* Text as JSON; the test fails when it is none. */
json_t *ns_parse(const char *text);

/* Ends what the test or the program has left running in the namespace or the far one, which would live on with it. */
void ns_end_processes(void);
/* Something that could be the system's DHCP client for a link, as far as anybody can see: then linkspan runs none. The
 * words are those of its command line. It ends with the test. */
void ns_pretend_client(const char *program, const char *words);

/* A veth pair NAME, far-NAME, both up in this namespace and without addresses of the kernel's making. */
void ns_make_pair(const char *name);

/* A command that must succeed, all of it, on a host of the test's own: in the network namespace of the process whose
 * number is in the file of that name in the test's directory. */
void LS_PRINTF(2, 3) ns_on(const char *host, const char *format, ...);

/* Such hosts: a new one, with lo up and without duplicate address detection and router advertisements, which ends with
 * the test; and this namespace by a name. Then a link between two of them, up and with link-local addresses. */
void ns_make_host(const char *host);
void ns_name_host(const char *host);
void ns_join(const char *link, const char *here, const char *other, const char *there);
/* Answers to one ping, asked a few times: neighbours are found, sessions begun. */
bool ns_reaches(const char *host, const char *address);
/* Several pings have no answer. */
bool ns_is_refused(const char *host, const char *address);
struct ns_way {
	const char *from, *to; /* a host, an address; NULL at the end */
};
/* Fails unless each is reached or, where they are not open, refused. */
void ns_expect_ways(const struct ns_way *ways, bool open);

/* Another namespace, for the other end of links: starts it and says by which process it is known. It ends with the
 * test. */
pid_t ns_far(void);
/* A command in it that must succeed. */
void LS_PRINTF(1, 2) ns_far_run(const char *format, ...);
/* A veth pair NAME here, far-NAME there. Both up, with link-local addresses. */
void ns_make_far_pair(const char *name);
/* Pings with full packets (`mtu` bytes), which are filled with NS_PATTERN, and says what is on the wire of `link`
 * meanwhile: a line for each packet, then all bytes in hexadecimal. */
const char *ns_capture(const char *link, const char *address, unsigned mtu);
#define NS_PATTERN "6c696e6b7370616e"
/* "whole\n", or which packets were not answered, in whatever order, of a ping that sent a hundred a second and has
 * ended: its output is in that file of the test's directory. Those of the last fifth of a second may have been on their
 * way. */
const char *ns_lost(const char *file);
/* A TCP connection to a server of nat.py's, which asks it something all the time, from that host (see ns_on; NULL: from
 * here). A minute at most. */
void ns_stream_start(const char *host, const char *name, const char *address, unsigned port);
/* It is answered still. */
void ns_expect_stream(const char *name);
/* No 32 bytes of the key in that file are in these files and directories (blanks between; all of them in the test's
 * directory), but for directories of keys: neither as they are nor in hexadecimal or base64. */
void ns_expect_hidden(const char *key, const char *places);
/* Duplicate address detection ends in the background, even where it is off. */
void ns_settle(void);

/* ---- the program ------------------------------------------------------------------------------------------------- */

struct ns_answer {
	int status; /* exit status; 128 and the signal's number when it was killed */
	const char *out, *err;
};

/* Writes a spec (the body; kind and name are put before it) and returns its path. */
const char *ns_spec(const char *body);
/* linkspan with these arguments and the test's state directory. */
struct ns_answer LS_PRINTF(1, 2) ns_span(const char *format, ...);
struct ns_answer ns_plan(const char *body); /* plan --json */
struct ns_answer ns_apply(const char *body);
/* Applies, and demands what is to be demanded of every apply: the next plan is empty and the next apply neither sends a
 * modifying message nor writes a sysctl. */
void ns_apply_well(const char *body);
void ns_expect_settled(void); /* the same of the spec written last */
void ns_down_well(void);
void ns_rollback_well(const char *options);

/* One run under strace(1): how many modifying messages it sent and sysctls it opened for writing. */
size_t ns_count_changes(const char *arguments);

/* The steps of a plan, as text: "add link br0; change link br0 (up); ...". */
const char *ns_steps(const char *plan);
/* Fails unless the exit status is this one; says what the program said. */
void ns_expect_exit(const struct ns_answer *answer, int status);
/* Fails unless every one of the words (NULL at the end) is in the text. */
void ns_expect_words(const char *text, const char *const *words);
#define NS_WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* A spec with a bit of everything that every kernel has. */
#define NS_MIXED \
	"interfaces:\n" \
	"  br0:\n" \
	"    create: { type: bridge }\n" \
	"    ipv4: { method: manual, addresses: [10.0.0.1/24] }\n" \
	"    ipv6: { method: manual, addresses: [\"2001:db8::1/64\"] }\n" \
	"routes:\n" \
	"  - { to: 10.1.0.0/16, via: 10.0.0.2 }\n" \
	"  - { to: \"2001:db8:1::/48\", type: unreachable }\n" \
	"sysctls: { net.ipv4.ip_forward: 1 }\n"

/* ---- the second opinion ------------------------------------------------------------------------------------------ */

/* `ask`: arguments of "ip -j -d", which must find one thing; or "/proc/sys/...". `field`: dotted path below it, and
 * `value` its text; an array must contain the text, or not contain it where it begins with '!'; NULL: there is no such
 * field. Without `field`, `value` is the number of things found. The table ends with ask NULL. */
struct ns_fact {
	const char *ask, *field, *value;
};

void ns_expect_facts(const struct ns_fact *facts);

/* All that ip and /proc/sys say, less what changes by itself. */
const char *ns_state(void);
/* Fails, with a diff, unless it is now as it was then. */
void ns_expect_state(const char *before);
/* The lines of foreign things in `before` are all there still. */
void ns_expect_foreign(json_t *before);
json_t *ns_foreign(void);
