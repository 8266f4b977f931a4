/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fault tests share: a host made anew for each fault (a network namespace with foreign objects in it), two
 * specs, iproute2 and /proc as judges of its whole state, and the program under the shim.
 */
#pragma once

#include "shim/shim.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>

#define FAULT_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* ---- the host (host.c) ------------------------------------------------------------------------------------------- */

/* `.init` and `.fini` of every test: directories of its own, the shim, the specs. */
void fault_begin(void);
void fault_end(void);
/* First line of every test: skips where no network namespaces are allowed. */
void fault_need_namespace(void);

/* What a host can be asked to be. */
enum stage { STAGE_BASE, STAGE_A, STAGE_B, N_STAGES };

/* From one stage to another, with strangers' objects on our links before it begins. */
struct transition {
	enum stage from, to;
	const char *name;
};

extern const struct transition from_nothing, from_a_to_b;

/* What is there at stage BASE, and what strangers do to ours (lines of `ip -batch`) before a transition begins. The
 * specs are those of tests that set no scene; others write their own over them (host_spec). */
struct scene {
	void (*make)(void);
	const char *strangers;
	bool tunnels; /* the judge looks at WireGuard and XFRM, too */
};

void host_set(const struct scene *scene);
bool host_has_tunnels(void);

/* A new namespace and state directory, at stage BASE. */
void host_anew(void);
/* A new namespace only: the machine has booted again. */
void host_reboot(void);
/* A new host at the transition's beginning. */
void host_at(const struct transition *transition);
const char *host_directory(void); /* for files of the test's own */
const char *host_state(void);     /* the state directory */
void host_use_state(const char *path);
const char *host_spec(enum stage stage); /* path of its file */
/* Can this kernel make links of that type? */
bool host_has_type(const char *type);
/* Runs a command of the stranger's; false when it fails. */
bool host_try(const char *command);
void host_must(const char *format, ...) FAULT_PRINTF(1, 2);
void host_batch(const char *text); /* of ip */

/* ---- the judge (judge.c) ----------------------------------------------------------------------------------------- */

/* The whole host as text, a line for each thing, without what changes by itself. free() it. */
char *judge_look(void);
/* The same, once it has stopped changing by itself. */
char *judge_look_settled(void);
char *judge_keep_look(void); /* not to be freed */
void judge_forget_looks(void);
/* The host as it should be at both ends of a transition; learnt on hosts of their own, once. */
struct ends {
	const char *before, *after;
};
struct ends judge_ends(const struct transition *transition);

enum verdict { IS_BEFORE, IS_AFTER, IS_NEITHER };
/* What the kernel does behind a change (carrier, duplicate address detection) may take a moment. */
enum verdict judge(const struct ends *ends);
/* Which of the texts the host is as; -1: none. */
int judge_among(const char *const *wanted, size_t n);

/* Complaints of a sweep: the first ones are printed, all of them fail the test in the end. */
void complain(const char *format, ...) FAULT_PRINTF(1, 2);
/* Besides, how the host differs from the nearest of the texts. */
void complain_difference(const char *const *wanted, size_t n);
bool judge_gave_up(void); /* enough complaints: a sweep may end */
void judge_close(void);   /* last line of a test: fails if there were complaints */

/* ---- the program (program.c) ------------------------------------------------------------------------------------- */

struct outcome {
	int status; /* exit status, or 128 and the signal */
	struct fault_report report;
	char *said; /* what it printed on both streams; freed by the next run */
};

/* NULL: no fault. */
struct faults {
	const char *run, *guard;
	const char *log;     /* the state directory's operations go there */
	const char *wrapper; /* runs the program: "strace ..." */
};

/* Runs `linkspan --state-dir STATE ARGUMENTS...`; returns when the guard has gone, too. */
struct outcome program(const struct faults *faults, const char *arguments);
struct outcome program_apply(const struct faults *faults, enum stage stage);
/* For tests with two at once: begins, and ends. */
int program_start(const struct faults *faults, const char *arguments);
int program_wait(int pid);
void program_said(char **ret);

/* "ACTION:POINT:N" into a static buffer. */
const char *fault_text(const char *action, const char *point, unsigned n);

/* ---- sweeps (sweep.c) -------------------------------------------------------------------------------------------- */

/* Which ends a fault of this kind may have. */
enum ends_allowed {
	ENDS_WHOLE,    /* done and status 0, or as before and status 1 */
	ENDS_BEFORE,   /* as before, status 1 */
	ENDS_AFTER,    /* done, status 0 */
	ENDS_KILLED,   /* done or as before, by the guard */
	ENDS_DESERTED, /* the guard has died too: done or as before after `recover` */
};

struct sweep {
	const struct transition *transition;
	const char *action, *point;
	enum ends_allowed allowed;
	const char *guard; /* fault of the guard, or NULL */
	unsigned least;    /* so many points there must be */
};

/* The fault at the first point, at the second, ... until there is none. */
void sweep_run(const struct sweep *sweep);
/* The same at the n-th point only; false: there is none. *ret_what: for complaints about what follows. */
bool sweep_at(const struct sweep *sweep, const struct ends *ends, unsigned n, const char **ret_what);
/* The host is at one end of it. Then it can be applied, and again, which does nothing. */
void sweep_check(const struct sweep *sweep, const struct ends *ends, const struct outcome *outcome, const char *what);
void sweep_apply_after(const struct transition *transition, const struct ends *ends, const char *what);
