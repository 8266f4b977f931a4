/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of carrying a plan out share: execute.c, settle.c. */
#pragma once

#include "state.h"

enum result { RESULT_NONE, RESULT_DONE, RESULT_FAILED, RESULT_UNKNOWN };

struct run {
	struct ls_host *host;
	const struct ls_execution *execution;
	uint8_t *results;     /* enum result, by step */
	struct ls_error *err; /* of the first failure */
	bool failed;
	bool quick; /* a failure was found by the transaction: stop queueing */
	bool addresses_awaited;
};

static inline const struct ls_object *object_of(const struct ls_step *step)
{
	return step->want ? step->want : step->have;
}

static inline const struct ls_kind *kind_of(const struct ls_step *step)
{
	return object_of(step)->kind;
}

void run_step_failed(struct run *run, const struct ls_step *step, int code, const char *why);
bool run_must_stop(const struct run *run);
int run_interrupted(struct run *run); /* says so; -EINTR */

/* settle.c: waits until what the steps from `from` on need, or made, is there. */
int run_await_needs(struct run *run, size_t from, size_t to);
int run_settle(struct run *run, size_t from, size_t to);
/* Before the step `next`, and at the end: once, as soon as what may need them follows, waits for the addresses that
 * routers and DHCP servers give, on links with carrier. */
int run_await_addresses(struct run *run, size_t next);
