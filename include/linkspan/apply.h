/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply: carries plans out, so that afterwards the host is as asked, or as before.
 *
 * Order of calls: ls_host_open; then any of the functions below; ls_host_close. Functions that change the host take the
 * lock of the state directory and of the namespace themselves, and first recover what a crash left behind.
 */
#pragma once

#include <linkspan/compile.h>
#include <linkspan/kinds.h>
#include <linkspan/plan.h>

#include <signal.h>
#include <time.h>

#define LS_STATE_DIR "/var/lib/linkspan"
#define LS_GENERATIONS_KEPT 20u /* besides the current one */

/* One network namespace and the record of what linkspan did there. */
struct ls_host;

struct ls_host_options {
	const char *state_dir; /* NULL: LS_STATE_DIR */
	const char *netns;     /* name below /run/netns; the calling thread moves there. NULL: where it is */
	bool change;           /* the first run makes the state directory; needs CAP_NET_ADMIN: -EPERM without */
};

int ls_host_open(const struct ls_host_options *options, struct ls_host **ret, struct ls_error *err);
void ls_host_close(struct ls_host *host); /* accepts NULL */
struct ls_kernel *ls_host_kernel(struct ls_host *host);

/* Begins to read the kernel in a thread, so that it goes on while the spec or a generation is read; what prepares a
 * plan uses it. A host opened for changes is locked by it. Does nothing where that cannot be had. */
void ls_host_read_ahead(struct ls_host *host);

/* ---- what is --------------------------------------------------------------------------------------------------- */

/* The kernel's state, with ownership settled: links, addresses, routes, and the sysctls that matter for `desired` (a
 * sorted set, or NULL) and the ledger. */
int ls_host_dump(struct ls_host *host, const struct ls_set *desired, struct ls_set *ret, struct ls_error *err);

/* What linkspan displaced here, and would give back; empty where that was in another life of the namespace. Release
 * with ls_ledger_done; the objects go to the arena. */
int ls_host_originals(struct ls_host *host, struct ls_arena *arena, struct ls_ledger *ret, struct ls_error *err);

#define LS_STEPS_KEPT 1000u /* of a generation; the counts tell of all */

/* A step that a run took, as words: the program that reads it may know other kinds. */
struct ls_taken {
	enum ls_op op;
	const char *kind, *id;
	const char *attributes; /* names of those changed, with blanks between; empty for adds and deletes */
	uint32_t line, column;  /* in the spec; 0: nowhere */
};

enum ls_timing { LS_TIMING_PLAN, LS_TIMING_JOURNAL, LS_TIMING_KERNEL, LS_TIMING_VERIFY, LS_N_TIMINGS };

struct ls_generation {
	uint64_t number;
	uint64_t source;    /* the generation whose content it has: itself, or an older one that was rolled back to */
	int64_t time;       /* seconds since 1970 */
	uint32_t counts[4]; /* steps, by enum ls_op */
	uint32_t n_objects;
	uint32_t n_satisfied; /* of them, found there as foreign objects */
	const char *command;  /* "apply", "rollback", "down" */
	const char *who;      /* login name */
	const char *message;  /* may be empty */
	const char *spec_file;
	bool has_steps; /* steps and timings are known: they were not recorded before version 0.2 */
	uint32_t microseconds[LS_N_TIMINGS]; /* how long each phase took, up to when the generation was written */
	struct ls_taken *steps;              /* only from ls_host_generation; the first LS_STEPS_KEPT */
	size_t n_steps;
	uint32_t failover;     /* enum ls_failover_mode (spec.h) */
	const char *spec_text; /* only from ls_host_generation */
	size_t spec_length;
	struct ls_set objects;  /* only from ls_host_generation; sorted */
	struct ls_arena *arena; /* holds all of it */
	bool this_epoch;        /* made in this life of this namespace */
};

void ls_generation_done(struct ls_generation *generation);
/* Number of the current generation, 0 when there is none. */
uint64_t ls_host_current(const struct ls_host *host);
/* -ENOENT when there is none of that number (any more). */
int ls_host_generation(struct ls_host *host, uint64_t number, struct ls_generation *ret, struct ls_error *err);
/* The same without the spec's text. */
int ls_host_generation_objects(struct ls_host *host, uint64_t number, struct ls_generation *ret, struct ls_error *err);
/* Without objects and spec text, oldest first. Release each, then free() the array. */
int ls_host_history(struct ls_host *host, struct ls_generation **ret, size_t *ret_n, struct ls_error *err);
/* There is a record, but the caller may not read it: what was applied is not known then. */
bool ls_host_is_hidden(const struct ls_host *host);
/* A journal of this epoch is there: a run was cut short and has not been recovered. */
bool ls_host_is_interrupted(struct ls_host *host);

/* Where the peers with host names are, as looked up after the last run: wg_peers, sorted. */
struct ls_endpoints {
	struct ls_arena *arena;
	struct ls_set resolved;   /* their endpoint: the address that the name had */
	struct ls_set unresolved; /* there was no answer; their endpoint, if any: what it had before */
};

/* Empty where nothing is recorded. */
int ls_host_endpoints(struct ls_host *host, struct ls_endpoints *ret, struct ls_error *err);
void ls_endpoints_done(struct ls_endpoints *endpoints);
/* What is known of the name that the peer `want` has now; NULL: nothing. */
const struct ls_wg_peer *ls_endpoints_find(
	const struct ls_endpoints *endpoints, const struct ls_wg_peer *want, bool *ret_resolved);

/* ---- what would be ---------------------------------------------------------------------------------------------- */

/* A plan with all it borrows from. */
struct ls_prepared {
	struct ls_arena *arena;
	struct ls_arena *desired_arena; /* of `desired`, where that is a generation's; or NULL */
	struct ls_set desired;          /* what is asked for */
	struct ls_set wanted;           /* and what is given back besides */
	struct ls_set actual;
	struct ls_set kept; /* of actual: not given back, since somebody else has changed it */
	struct ls_plan *plan;
};

void ls_prepared_free(struct ls_prepared *prepared); /* accepts NULL */
/* Reads the kernel and plans. `spec` NULL: the empty set. -EINVAL: diag has errors. */
int ls_host_prepare(struct ls_host *host, const struct ls_spec *spec, const struct ls_plan_options *options,
	struct ls_prepared **ret, struct ls_diag *diag, struct ls_error *err);
/* The same towards what a generation has. Its objects and its arena are *ret's afterwards: its texts last as long. When
 * it fails they may be gone. */
int ls_host_prepare_generation(struct ls_host *host, struct ls_generation *generation,
	const struct ls_plan_options *options, struct ls_prepared **ret, struct ls_error *err);
/* Does this kernel have what the plan would add? -EOPNOTSUPP with the name of what is missing, and where it is asked
 * for.
 */
int ls_host_probe(struct ls_host *host, const struct ls_plan *plan, struct ls_error *err);
/* Lets the kernel go through the parts of the plan that change in one transaction (nftables), and commits nothing. The
 * error of the first step that it would refuse, with its place. */
int ls_host_kernel_check(struct ls_host *host, const struct ls_plan *plan, struct ls_error *err);

/* ---- what is done ----------------------------------------------------------------------------------------------- */

enum ls_outcome {
	LS_OUTCOME_NOTHING, /* nothing to do */
	LS_OUTCOME_DONE,
	LS_OUTCOME_RESTORED,    /* failed; the host is as before */
	LS_OUTCOME_DIRTY,       /* failed; not as before: the notes say what differs and why */
	LS_OUTCOME_REFUSED,     /* conflicts: nothing was sent. They are in prepared->plan */
	LS_OUTCOME_INVALID,     /* the spec is not valid on this host: diag has errors */
	LS_OUTCOME_UNSUPPORTED, /* this kernel lacks something; nothing was sent */
	LS_OUTCOME_BUSY,        /* locked by another */
	LS_OUTCOME_TESTED,      /* it was in force, and is taken back; the host is as before */
};

struct ls_run_options {
	struct ls_plan_options plan;
	const char *message;               /* may be NULL */
	const volatile sig_atomic_t *stop; /* non-zero: fail and take back; may be NULL */
	unsigned lock_wait_ms;             /* how long to wait for another run */
	unsigned address_wait_ms;          /* and, in all, for addresses from routers and DHCP servers */
	bool test;                         /* apply: take it back once it is verified, and record nothing */
};

struct ls_run_report {
	enum ls_outcome outcome;
	uint64_t generation;          /* made by the run, or the current one */
	struct ls_prepared *prepared; /* may be NULL */
	struct ls_error error;
	struct ls_diag notes; /* warnings and leftovers, without ids of the spec where they are about the host */
	double seconds[LS_N_TIMINGS]; /* the last one with the commit */
};

/* Reads the files that `desired` names for its secrets: they go into the keyring, and the objects get their names. What
 * is wrong with a file is an error at the line that asks for it. */
int ls_resolve_keys(struct ls_keyring *ring, struct ls_set *desired, struct ls_error *err);

void ls_run_report_done(struct ls_run_report *report);

void ls_host_apply(struct ls_host *host, const struct ls_spec *spec, const struct ls_run_options *options,
	struct ls_run_report *report);
/* number 0: the generation before the current one's content. */
void ls_host_rollback(
	struct ls_host *host, uint64_t number, const struct ls_run_options *options, struct ls_run_report *report);
void ls_host_down(struct ls_host *host, const struct ls_run_options *options, struct ls_run_report *report);
/* abandon: keep the host as it is and drop the journal. */
void ls_host_recover(
	struct ls_host *host, bool abandon, const struct ls_run_options *options, struct ls_run_report *report);
