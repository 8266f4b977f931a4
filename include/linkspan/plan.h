/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan: from two sets, desired and actual, the ordered steps from one to the other. Pure: the same two sets give the
 * same plan, byte for byte, on any machine. Applying, repairing, rolling back, taking down and recovering are all
 * plans; only the desired set differs.
 *
 * A plan has three phases. EARLY takes away what stands in the way of its own successor (an object that cannot be
 * changed in place, a VLAN id or VNI to be used again), in descending rank. MAKE adds and changes in ascending rank.
 * BREAK takes away the rest in descending rank: make before break.
 */
#pragma once

#include <linkspan/model.h>

enum ls_phase { LS_PHASE_EARLY, LS_PHASE_MAKE, LS_PHASE_BREAK };

/* What traffic may notice. FLOW: packets of some flows may be lost; SESSION: connections may end; LOCKOUT: the session
 * that this command runs in may end. */
enum ls_disruption { LS_DISRUPT_NONE, LS_DISRUPT_FLOW, LS_DISRUPT_SESSION, LS_DISRUPT_LOCKOUT };

struct ls_step {
	enum ls_op op;
	enum ls_phase phase;
	uint8_t rank;
	uint16_t depth; /* links: how many links it stands on, within the plan */
	enum ls_disruption disruption;
	uint32_t attrs;                 /* the attributes that differ */
	const struct ls_object *have;   /* as it will be by then; NULL: add */
	const struct ls_object *want;   /* NULL: delete */
	const struct ls_object *before; /* as it was dumped, or NULL; several steps can be about one object */
	bool partial;                   /* a later step about the same object goes on from `want` */
	const char *reason;             /* why a step is there that the spec alone does not explain, or NULL */
};

struct ls_conflict {
	const struct ls_object *want; /* may be NULL */
	const struct ls_object *have; /* may be NULL */
	const char *reason;
};

/* The first value displaced per key, and what linkspan wrote there: what `down` gives back, and only there where the
 * value is still the one written. Objects are ADJUST objects whose `managed` tells the attributes concerned, or adopted
 * ones. */
struct ls_original {
	struct ls_object *original;
	struct ls_object *written;
};

struct ls_ledger {
	struct ls_original *originals;
	size_t n_originals;
	size_t size;
};

struct ls_plan {
	struct ls_arena *arena; /* holds all but the objects of the two sets, which are borrowed */
	struct ls_step *steps;
	size_t n_steps;
	size_t steps_size;
	struct ls_conflict *conflicts;
	size_t n_conflicts;
	size_t n_satisfied;
	/* Actual objects that no step is about but that the kernel may change as a consequence of one: the dependent
	 * closure. `fallout` is what becomes of them where that is known (NULL otherwise). */
	struct ls_set closure;
	struct ls_set fallout;  /* closure objects as the kernel will have left them, with the same keys; and links as
				   they  are for a while, where that is neither before nor after */
	struct ls_set given_up; /* foreign objects that go along because of `force` */
	struct ls_set defaults; /* sysctls of links that the plan makes, as the kernel will begin with them */
};

struct ls_plan_options {
	bool adopt;           /* foreign objects may be replaced */
	bool force;           /* foreign objects that depend on what goes may go with it */
	struct ls_ip session; /* local address of the session that runs the command; family 0: none */
};

void ls_ledger_done(struct ls_ledger *ledger);
/* Makes the objects of a desired set that give back what is in the ledger but no longer asked for; adds them (or their
 * attributes, to copies) to `desired`. What somebody else has changed since is not given back: those objects, as they
 * are, are added to `kept`. */
int ls_plan_give_back(
	const struct ls_ledger *ledger, struct ls_set *desired, const struct ls_set *actual, struct ls_set *kept);
/* The links of `actual`, with the MTUs that are given back where nobody asks for others: what the compiler is to go by.
 * `ret` borrows the rest. 0 or -ENOMEM. */
int ls_plan_links_given_back(const struct ls_ledger *ledger, const struct ls_set *actual, struct ls_set *ret);
/* The ledger after the plan has been carried out: what was given back leaves, what the plan displaced enters. `desired`
 * is the set before ls_plan_give_back. Objects are copied to `arena`. */
int ls_plan_next_ledger(const struct ls_ledger *old, const struct ls_plan *plan, const struct ls_set *desired,
	const struct ls_set *actual, struct ls_arena *arena, struct ls_ledger *ret);

/* Both sets must be sorted. 0 or -ENOMEM; conflicts are in the plan. Release with ls_plan_free. */
int ls_plan_make(const struct ls_set *desired, const struct ls_set *actual, const struct ls_plan_options *options,
	struct ls_plan **ret);
void ls_plan_free(struct ls_plan *plan);
void ls_plan_freep(struct ls_plan **plan);

/* A desired object that is there, with what the spec leaves to linkspan (the MTU of a link that follows the one below):
 * itself, or a copy in `arena`. NULL: out of memory. */
const struct ls_object *ls_plan_expected(const struct ls_set *desired, const struct ls_set *actual,
	const struct ls_object *object, struct ls_arena *arena);
/* Is a bystander that was `before` otherwise now because of what the plan does to others, not because of anybody? `now`
 * may be NULL. */
bool ls_plan_foresees(const struct ls_object *before, const struct ls_object *now);
/* Warns (id `slow`) of what will take the kernel a second or more, with an estimate. */
void ls_plan_warn_of_costs(const struct ls_plan *plan, struct ls_diag *diag);

/* Sysctls that a plan towards `desired` has to know: those that are wanted, what they change when they are written, and
 * what decides on the fate of addresses. Adds keys (sysctl objects without a value) to `scope`. Both sets are sorted;
 * of `actual` only links and addresses matter. */
int ls_plan_sysctl_scope(const struct ls_set *desired, const struct ls_set *actual, struct ls_set *scope);

extern const char *const ls_op_names[];         /* by enum ls_op */
extern const char *const ls_disruption_names[]; /* by enum ls_disruption */
