/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the preloaded shim and the tests tell one another. */
#pragma once

#include <stdint.h>

/*
 * Environment of the program:
 *   LS_FAULT        "ACTION:POINT:N[:COMMAND]": what happens to the run at its N-th POINT, counted from 1
 *   LS_FAULT_GUARD  the same for a process that it forks
 *   LS_FAULT_REPORT file of a struct fault_report that is counted in
 *   LS_FAULT_STATE  the state directory, with its operations logged in
 *   LS_FAULT_LOG    this file
 *
 * Points. A change is a modifying message (counted within batches) or a write to a sysctl; the last six are calls.
 */
#define FAULT_POINTS(X) \
	X(CHANGE, "change") \
	X(SEND, "send") \
	X(ACK, "ack") \
	X(RECEIVE, "receive") \
	X(WRITE, "write") \
	X(SYNC, "sync") \
	X(RENAME, "rename") \
	X(UNLINK, "unlink") \
	X(OPEN, "open") \
	X(LIFE, "life")

#define FAULT_POINT(name, word) FAULT_##name,
enum fault_point { FAULT_POINTS(FAULT_POINT) FAULT_N_POINTS };

/*
 * Actions:
 *   spoil   a change: the kernel refuses it
 *   drop    an ack: it never arrives
 *   nobufs  a receive: what is queued is lost, and ENOBUFS says so
 *   full    a write, sync or open in the state directory: ENOSPC
 *   kill    SIGKILL just before it; messages of a batch ahead of a change still go out
 *   term    SIGTERM, likewise
 *   run     COMMAND is run, likewise
 *   none    counting only
 */
#define FAULT_ACTIONS(X) \
	X(NONE, "none") \
	X(SPOIL, "spoil") \
	X(DROP, "drop") \
	X(NOBUFS, "nobufs") \
	X(FULL, "full") \
	X(KILL, "kill") \
	X(TERM, "term") \
	X(RUN, "run")

#define FAULT_ACTION(name, word) FAULT_DO_##name,
enum fault_action { FAULT_ACTIONS(FAULT_ACTION) };

/* What a process has reached. */
struct fault_counts {
	uint32_t reached[FAULT_N_POINTS];
	uint32_t fired; /* the fault took place */
	int32_t status; /* of the command that was run */
};

struct fault_report {
	struct fault_counts run, guard;
};

/* ---- the log of the state directory ------------------------------------------------------------------------------ */

enum fault_log_op {
	FAULT_LOG_CREATE, /* opened for writing; emptied or made if need be */
	FAULT_LOG_MKDIR,
	FAULT_LOG_WRITE, /* data follows */
	FAULT_LOG_SYNC,
	FAULT_LOG_RENAME,
	FAULT_LOG_UNLINK,
};

#define FAULT_LOG_PATH 192

struct fault_log_entry {
	uint32_t op;     /* enum fault_log_op */
	uint32_t length; /* of the data behind the entry */
	uint64_t offset; /* WRITE; CREATE: 1 when it was emptied */
	uint64_t inode;  /* CREATE, MKDIR, WRITE, SYNC */
	/* Below the state directory, "" for itself. */
	char path[FAULT_LOG_PATH], target[FAULT_LOG_PATH];
};
