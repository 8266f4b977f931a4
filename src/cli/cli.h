/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli: the commands. The only code that prints; main.c is the only one that exits.
 *
 * Everything a command says goes through the two streams of struct cli, so that tests can read it. What a command
 * prints in answer (text or JSON) goes to `out`; errors, warnings, conflicts and hints go to `err`.
 */
#pragma once

#include <linkspan/apply.h>

#include <stdio.h>

struct json_t;

/* ---- exit codes -------------------------------------------------------------------------------------------------- */

/* How a command ends: an index into cli_exits, which has the numbers. */
enum cli_exit {
	CLI_EXIT_DONE,
	CLI_EXIT_FAILED,
	CLI_EXIT_CHANGES,
	CLI_EXIT_DIRTY,
	CLI_EXIT_USAGE,
	CLI_EXIT_INVALID,
	CLI_EXIT_UNSUPPORTED,
	CLI_EXIT_BUSY,
	CLI_EXIT_PRIVILEGE,
	CLI_N_EXITS,
};

struct cli_exit_code {
	int code;
	const char *meaning;
};

extern const struct cli_exit_code cli_exits[CLI_N_EXITS];

/* ---- arguments --------------------------------------------------------------------------------------------------- */

enum cli_option_id {
	CLI_JSON,
	CLI_STATE_DIR,
	CLI_NETNS,
	CLI_QUIET,
	CLI_VERBOSE,
	CLI_COLOR,
	CLI_HELP,
	CLI_VERSION,
	CLI_FROM,
	CLI_ADOPT,
	CLI_FORCE,
	CLI_MESSAGE,
	CLI_TO,
	CLI_CHECK,
	CLI_ALL,
	CLI_ABANDON,
	CLI_KERNEL_CHECK,
	CLI_TEST,
	CLI_PRESHARED,
	CLI_ESP,
	CLI_FAILOVER,
	CLI_PRUNE,
	CLI_WAIT,
	CLI_N_OPTIONS,
};

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

struct cli;
struct cli_args;

struct cli_option {
	const char *name;     /* without the dashes */
	char letter;          /* 0: none */
	const char *argument; /* what stands for it in the help; NULL: takes none */
	const char *help;     /* one line, or two */
	size_t offset;        /* of the value in struct cli_args */
	/* Reads the argument into *value. Returns NULL, or what is wrong with it: "is not ...". */
	const char *(*read)(const char *text, void *value);
};

struct cli_command {
	const char *name; /* of two words: "site check" */
	const char *summary;
	const char *operand; /* "SPEC", or NULL: takes none; two: "SITE DIR", "SITE [DIR]" */
	const char *text;    /* for the command's own help */
	uint32_t options;    /* bits by enum cli_option_id, besides CLI_COMMON */
	uint32_t exits;      /* bits by enum cli_exit */
	bool changes;        /* the host, or the state directory */
	enum cli_exit (*run)(struct cli *cli);
	bool sentence; /* the operand may be several words: they become one text */
};

extern const struct cli_option cli_options[CLI_N_OPTIONS];
extern const struct cli_command cli_commands[]; /* name NULL at the end */

/* What every command takes. */
#define CLI_COMMON \
	(LS_BIT(CLI_JSON) | LS_BIT(CLI_STATE_DIR) | LS_BIT(CLI_NETNS) | LS_BIT(CLI_QUIET) | LS_BIT(CLI_VERBOSE) | \
		LS_BIT(CLI_COLOR) | LS_BIT(CLI_HELP) | LS_BIT(CLI_VERSION))

#define CLI_SENTENCE_MAX 512

#define CLI_WAIT_DEFAULT 20u /* an offer, and ARP probes of 5 s (RFC 5227); again after 4 s (RFC 2131, 4.1) */
#define CLI_WAIT_MAX 3600u

struct cli_args {
	const struct cli_command *command; /* NULL only with --help or --version */
	const char *group;                 /* the first word of the command's two */
	const char *operand, *second;
	char sentence[CLI_SENTENCE_MAX]; /* what it points to, where it is several words */
	uint32_t given;                  /* bits by enum cli_option_id */
	const char *state_dir, *netns, *from, *message;
	const struct ls_esp_proposal *esp;
	enum ls_failover_mode failover;
	unsigned wait; /* seconds */
	uint64_t to;
	enum cli_color color;
};

/* -EINVAL: wrong usage, err has the message and args->command the command, if that much was clear. */
int cli_parse(int argc, char *const argv[], struct cli_args *args, struct ls_error *err);
const struct cli_command *cli_find_command(const char *name);
/* The number of a generation. NULL, or what is wrong with the text: "is not ...". */
const char *cli_read_generation(const char *text, void *value);
void cli_print_help(FILE *file, const struct cli_command *command); /* NULL: of the program */

/* ---- streams ----------------------------------------------------------------------------------------------------- */

struct cli_stream {
	FILE *file;
	bool color;
};

struct cli {
	struct cli_args args;
	struct cli_stream out, err;
	struct {
		bool tried;
		struct ls_host *host; /* NULL: it failed, as `err` says */
		struct ls_error err;
	} ahead;         /* cli_host_ahead */
	bool out_failed; /* an answer could not be made in full: memory ran out, or text that JSON cannot hold */
};

static inline bool cli_given(const struct cli *cli, enum cli_option_id option)
{
	return cli->args.given & LS_BIT(option);
}

/* Text is wanted on `out`. */
static inline bool cli_talks(const struct cli *cli)
{
	return !cli_given(cli, CLI_JSON) && !cli_given(cli, CLI_QUIET);
}

void cli_open(struct cli *cli, FILE *out, FILE *err); /* after cli_parse: settles colours and buffers */
/* Closes `out`. The status to exit with: failures to write count unless the command changes the host (its status says
 * what became of the host, and that must stay true). */
enum cli_exit cli_close(struct cli *cli, enum cli_exit status);

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* A file that findings are about. Lines are found from the last one on, since findings come in the order of the file.
 */
struct cli_source {
	char *text; /* NULL: not at hand */
	size_t length;
	const char *name; /* as in the findings' locations */
	uint32_t line;    /* where we are, and its offset; 0: not begun */
	size_t offset;
};

void cli_source_done(struct cli_source *source);

enum cli_style {
	CLI_STYLE_NONE,
	CLI_STYLE_ERROR,
	CLI_STYLE_WARNING,
	CLI_STYLE_GOOD,
	CLI_STYLE_CHANGE,
	CLI_STYLE_DIM,
	CLI_STYLE_BOLD,
};

/* Text from elsewhere: control characters become '?', so that no name in the kernel can steer a terminal. */
void cli_put(const struct cli_stream *stream, enum cli_style style, const char *text);
void cli_print_error(struct cli *cli, const struct ls_error *err, struct cli_source *source);
void cli_error(struct cli *cli, const char *format, ...) LS_PRINTF(2, 3);
void cli_warning(struct cli *cli, const char *format, ...) LS_PRINTF(2, 3);
/* One more line about what was just printed: what it means, what to do. */
void cli_hint(struct cli *cli, const char *format, ...) LS_PRINTF(2, 3);
/* `source` may be NULL. */
void cli_print_finding(struct cli *cli, const struct ls_finding *finding, struct cli_source *source);
void cli_print_findings(struct cli *cli, const struct ls_diag *diag, struct cli_source *source);
/* The line of the source with a caret; nothing where it is not at hand. */
void cli_print_source_line(
	const struct cli_stream *stream, struct cli_source *source, const struct ls_location *location);
/* Prints the error, with a hint where privilege is missing, and tells how to exit. */
enum cli_exit cli_fail(struct cli *cli, const struct ls_error *err);
enum cli_exit cli_fail_at(struct cli *cli, const struct ls_error *err, struct cli_source *source); /* with the line */

/* ---- plans ------------------------------------------------------------------------------------------------------- */

/* A plan and what its reader needs besides. */
struct cli_plan {
	const struct ls_plan *plan;
	const char *file;               /* that the objects' lines are about; NULL: not known */
	const struct ls_diag *findings; /* warnings to go with it; may be NULL */
};

void cli_plan_text(struct cli *cli, const struct cli_plan *plan);
/* "SYMBOL KIND KEY ATTRIBUTES [DISRUPTION] (REASON) FILE:LINE:COL" */
void cli_print_step(struct cli *cli, const struct ls_step *step, const char *file);
/* The value of one attribute, whether there is one or not. */
void cli_print_attr(const struct cli_stream *stream, const struct ls_object *object, unsigned attr);
/* " mtu 1500 mac ...": attributes that have a value and are not told by the key. Those at their default only where they
 * are in `always` (bits). */
void cli_print_attrs(const struct cli_stream *stream, const struct ls_object *object, uint32_t always);
static inline uint32_t cli_detail(const struct cli *cli)
{
	return cli_given(cli, CLI_VERBOSE) ? UINT32_MAX : 0;
}
void cli_count_steps(const struct ls_plan *plan, size_t counts[static 4]); /* by enum ls_op */
void cli_print_conflicts(struct cli *cli, const struct cli_plan *plan, struct cli_source *source);

/* ---- makers ------------------------------------------------------------------------------------------------------ */

extern const char *const cli_owner_names[]; /* by enum ls_owner: as objects in JSON have them */

#define CLI_PROTOCOL_MAX 32
#define CLI_MAKER_MAX 96

int cli_protocol_of(const struct ls_object *object); /* of a route, a rule, ...; -1: none is told */
/* iproute2's name of it; may stand in `name`. NULL: none. */
const char *cli_protocol_name(uint8_t protocol, char name[static CLI_PROTOCOL_MAX]);
/* "made by zebra", "not made by linkspan (protocol 77)". May stand in `text`. */
const char *cli_describe_maker(const struct ls_object *object, char text[static CLI_MAKER_MAX]);

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* Long arrays are written one element at a time, so that no document is in memory as a whole. */
void cli_json_raw(struct cli *cli, const char *text);
void cli_json_value(struct cli *cli, struct json_t *value); /* takes it; NULL: out_failed */
/* An element on a line of its own, with the comma before it where needed. */
void cli_json_element(struct cli *cli, bool *first, struct json_t *value);
/* `"NAME":[` ... `]` with all findings (LS_SEVERITY_ERROR), or the warnings only (LS_SEVERITY_WARNING), of both; either
 * may be NULL. */
void cli_json_findings(struct cli *cli, const char *name, enum ls_severity least, const struct ls_diag *diag,
	const struct ls_diag *more);
struct json_t *cli_json_location(const struct ls_location *location);            /* "FILE:LINE:COL" or null */
struct json_t *cli_json_place(const char *file, const struct ls_object *object); /* the same for an object */
struct json_t *cli_json_object(const struct ls_object *object);                  /* or null for NULL */
/* The same for one that is asked for: who will have made it is no attribute of it. */
struct json_t *cli_json_wanted(const struct ls_object *object);
struct json_t *cli_json_id(const struct ls_object *object);                  /* the key, without the kind */
struct json_t *cli_json_attr(const struct ls_object *object, unsigned attr); /* value, or null when unset */
void cli_json_plan(struct cli *cli, const struct cli_plan *plan);
struct json_t *cli_json_generation(const struct ls_generation *generation, uint64_t current);
/* The document of `check`: also what any other command with --json answers about a spec that is not valid. */
void cli_json_check(struct cli *cli, bool valid, const struct ls_diag *diag);

/* A document being read (json_walk.c). `at`: what comes next. */
struct cli_walk {
	const char *text, *at, *end;
	const char *name; /* of the file */
	struct ls_error *err;
};

typedef int cli_walk_member(struct cli_walk *walk, const char *name, void *data); /* reads the value */
typedef int cli_walk_element(struct cli_walk *walk, size_t i, const struct json_t *json, void *data);
void cli_json_unref(struct json_t **json); /* for LS_CLEANUP */
/* 0, or negative with the error set and its place in the document told. */
int cli_walk_value(struct cli_walk *walk, struct json_t **ret);
int cli_walk_object(struct cli_walk *walk, cli_walk_member *member, void *data);
int cli_walk_array(struct cli_walk *walk, cli_walk_element *element, void *data);
int cli_walk_end(struct cli_walk *walk);

/* Reads {"format":1,"objects":{...},"originals":[...],"failover":"none"}, "-" is standard input; objects go to the
 * set's arena, and are sorted. Without originals, which only a snapshot of all has, the ledger's stay NULL. Release it,
 * also after a failure. */
int cli_snapshot_read(const char *path, struct ls_set *ret, struct ls_ledger *originals,
	enum ls_failover_mode *ret_failover, struct ls_error *err);

/* ---- what commands share ----------------------------------------------------------------------------------------- */

/* A spec as a command needs it. */
struct cli_spec {
	struct cli_source source;
	struct ls_spec *spec; /* NULL unless valid */
	struct ls_diag diag;
};

/* CLI_EXIT_DONE: the spec is read. Otherwise the findings are in diag, or the error has been printed. */
enum cli_exit cli_spec_read(struct cli *cli, struct cli_spec *spec);
void cli_spec_done(struct cli_spec *spec);

/* Opens the host before the spec is read, so that the kernel is read meanwhile. A failure is kept for cli_host_open:
 * what is wrong with the spec is told first, also to those who may not change the host. */
void cli_host_ahead(struct cli *cli, bool change);
/* Closes what cli_host_ahead opened and nobody took. */
void cli_host_forget(struct cli *cli);
enum cli_exit cli_host_open(struct cli *cli, bool change, struct ls_host **ret);
/* The answer is about what was applied: refused where the caller may not read that... */
enum cli_exit cli_need_record(struct cli *cli, const struct ls_host *host);
/* ... or only poorer without it, which is said. */
void cli_want_record(struct cli *cli, const struct ls_host *host);
void cli_host_closep(struct ls_host **host);
void cli_arena_done(struct ls_set *set); /* cleanup of a set with an arena of its own */

/* Options of the command line that are about plans, and the address of the session that it runs in. */
struct ls_plan_options cli_plan_options(const struct cli *cli);
/* The third word of "CLIENT PORT SERVER PORT" as an address; family 0 when there is none. */
struct ls_ip cli_session_address(const char *connection);

/* A time as ISO 8601, local. */
#define CLI_TIME_MAX 32
const char *cli_format_time(int64_t seconds, char text[static CLI_TIME_MAX]);

/* ---- commands that change the host ------------------------------------------------------------------------------- */

typedef void cli_change_fn(struct ls_host *host, const struct cli *cli, const struct ls_spec *spec,
	const struct ls_run_options *options, struct ls_run_report *report);

struct cli_change {
	cli_change_fn *run;
	const char *nothing; /* what to say when there was nothing to do */
	const char *done;    /* and what before the list of steps */
};

/* Opens the host, runs under signal handlers, reports. `spec` is NULL for commands without one. */
enum cli_exit cli_run_change(struct cli *cli, const struct cli_change *change, struct cli_spec *spec);
/* Prints the report, text or JSON. */
enum cli_exit cli_report(
	struct cli *cli, const struct cli_change *change, const struct ls_run_report *report, struct cli_spec *spec);
/* What apply answers about a spec that is not valid. */
enum cli_exit cli_report_invalid(struct cli *cli, struct cli_spec *spec);

/* ---- the commands ------------------------------------------------------------------------------------------------ */

enum cli_exit cli_check(struct cli *cli);
enum cli_exit cli_plan(struct cli *cli);
enum cli_exit cli_apply(struct cli *cli);
enum cli_exit cli_recover(struct cli *cli);
enum cli_exit cli_rollback(struct cli *cli);
enum cli_exit cli_down(struct cli *cli);
enum cli_exit cli_status(struct cli *cli);
/* status_tunnels.c: what the kernel says of ours; nothing where there are none, or `"tunnels":[` ... `]`. With what the
 * spec asks for (sorted) and what became of the host names in it. */
struct cli_tunnels {
	const struct ls_set *actual, *desired;
	const struct ls_endpoints *endpoints;
};

void cli_print_tunnels(struct cli *cli, const struct cli_tunnels *tunnels);
void cli_json_tunnels(struct cli *cli, const struct cli_tunnels *tunnels);
void cli_warn_of_names(const struct cli_tunnels *tunnels, struct ls_diag *warnings); /* that do not resolve */
/* status_ipsec.c: those of IPsec among them; *first: nothing has been told before. */
void cli_print_ipsec(struct cli *cli, const struct ls_set *actual, bool *first);
void cli_json_ipsec(struct cli *cli, const struct ls_set *actual, bool *first);
void cli_print_bytes(FILE *file, uint64_t bytes); /* in the largest unit of which there is one */
enum cli_exit cli_history(struct cli *cli);
enum cli_exit cli_snapshot(struct cli *cli);
enum cli_exit cli_schema(struct cli *cli);
enum cli_exit cli_keygen(struct cli *cli);
enum cli_exit cli_graph(struct cli *cli);
enum cli_exit cli_show(struct cli *cli);
enum cli_exit cli_explain(struct cli *cli);
enum cli_exit cli_site_check(struct cli *cli);
enum cli_exit cli_site_plan(struct cli *cli);
enum cli_exit cli_site_render(struct cli *cli);
enum cli_exit cli_site_upgrade(struct cli *cli);
enum cli_exit cli_site_graph(struct cli *cli);
enum cli_exit cli_site_schema(struct cli *cli);
