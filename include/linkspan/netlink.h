/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink: bytes to and from the kernel. Knows no kind of object.
 *
 * A session holds two sockets of one protocol: one that asks (dumps) and one that changes (the transaction), so that
 * the acknowledgements of changes never mix with the parts of a dump. Both have NETLINK_EXT_ACK, NETLINK_CAP_ACK and,
 * for dumps, NETLINK_GET_STRICT_CHK where the kernel has it (4.20).
 */
#pragma once

#include <linkspan/util.h>

struct nlmsghdr;
struct nl_msg;
struct ls_netlink;

#define LS_TX_WINDOW 128u /* unacknowledged messages at most: 256 were fine at the default buffer, 280 gave ENOBUFS */

/* protocol: NETLINK_ROUTE, ... */
int ls_netlink_open(int protocol, struct ls_netlink **ret, struct ls_error *err);
void ls_netlink_close(struct ls_netlink *nl); /* accepts NULL */

/* One message of a dump. Return < 0 to stop: the rest is read, but not passed on. */
typedef int (*ls_netlink_each)(const struct nlmsghdr *message, void *data);

/* Sends a dump request (NLM_F_DUMP is added) and calls `each` for every message of the answer. A dump that the kernel
 * marks as interrupted (NLM_F_DUMP_INTR) is begun again, for up to half a minute; `restart` is called before each new
 * attempt, to forget what came so far. -EAGAIN when it never came through whole. */
int ls_netlink_dump(struct ls_netlink *nl, struct nl_msg *request, ls_netlink_each each, int (*restart)(void *data),
	void *data, struct ls_error *err);

/* ---- transaction ------------------------------------------------------------------------------------------------- */

/* How one message ended. */
enum ls_tx_state {
	LS_TX_DONE,    /* acknowledged: not refused, in a batch that was carried out */
	LS_TX_FAILED,  /* refused: `code` and the kernel's words */
	LS_TX_UNKNOWN, /* no answer came (`code`: -ENOBUFS, -ETIMEDOUT): it may have been carried out */
};

/* Called once for each message queued, in no particular order across failures. `token` is what ls_tx_queue was given.
 * `kernel_says`: the extended acknowledgement, NULL when there is none; valid during the call. Must not queue. */
typedef void (*ls_tx_result)(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data);

/* Forgets what was queued but not sent, and answers that came too late for the transaction before. */
void ls_tx_begin(struct ls_netlink *nl, ls_tx_result result, void *data);
/* Copies a finished message into the batch (sequence number and flags of acknowledgement are set here) and sends the
 * batch when it holds LS_TX_WINDOW messages or 32 KiB; then all its answers are waited for (5 s after the last one: the
 * kernel carries a batch out before sending returns, so answers are there or lost). Negative errno when sending failed;
 * messages of a batch that was never sent are reported FAILED with that code. */
int ls_tx_queue(struct ls_netlink *nl, struct nl_msg *message, size_t token, struct ls_error *err);
/* Sends what is queued and waits until every message has its result. The barrier between ranks. */
int ls_tx_barrier(struct ls_netlink *nl, struct ls_error *err);
/* An empty message to write into, with room for LS_RAW_MAX bytes and more; the session's own, reused by every call, for
 * dump requests too. */
struct nl_msg *ls_tx_message(struct ls_netlink *nl, int type, int flags);

/* ---- nfnetlink --------------------------------------------------------------------------------------------------- */

/* A batch of nftables messages, which the kernel carries out whole or not at all (nfnetlink.h). */
struct ls_nfnl;

struct ls_nfnl *ls_nfnl_new(void);
void ls_nfnl_free(struct ls_nfnl *batch); /* accepts NULL */
/* Begins a message: NFT_MSG_*, flags of netlink, with room for LS_NFNL_MESSAGE_MAX bytes. The pointer is valid until
 * the next call. NULL: out of memory. `token` says which message was refused. */
struct nlmsghdr *ls_nfnl_message(struct ls_nfnl *batch, int type, int flags, size_t token);
#define LS_NFNL_MESSAGE_MAX 65536u
/* The message is as long as its header says by now. */
void ls_nfnl_end(struct ls_nfnl *batch);
/* Sends it. `generation`: of the ruleset that it was made for (-ERESTART: it is another one by now); 0: of any.
 * commit false: the kernel checks everything and does nothing. *ret_token: of the first message that was refused, and
 * `err` has the kernel's words; SIZE_MAX where none is to blame. -ENOBUFS, -ETIMEDOUT: it may have been carried out. */
int ls_nfnl_send(struct ls_netlink *nl, struct ls_nfnl *batch, uint32_t generation, bool commit, size_t *ret_token,
	struct ls_error *err);
/* The number of the ruleset of the namespace: every transaction raises it. */
int ls_nfnl_generation(struct ls_netlink *nl, uint32_t *ret, struct ls_error *err);
/* Begins a request of nftables for family inet, to add attributes to: the session's own message. */
struct nl_msg *ls_nfnl_request(struct ls_netlink *nl, int type);
/* ls_netlink_dump of that request. */
int ls_nfnl_dump(
	struct ls_netlink *nl, ls_netlink_each each, int (*restart)(void *data), void *data, struct ls_error *err);

/* ---- generic netlink --------------------------------------------------------------------------------------------- */

/* The number of a family (genetlink.h); the kernel loads its module where it has one. -ENOENT: it has none. */
int ls_genl_family(struct ls_netlink *nl, const char *name, uint16_t *ret, struct ls_error *err);
/* Begins a message of a family, in the session's own one, to add attributes to. */
struct nl_msg *ls_genl_message(struct ls_netlink *nl, uint16_t family, uint8_t command, uint8_t version, int flags);
/* Sends one message and waits for its answer: 0, or the kernel's refusal in its own words. */
int ls_netlink_do(struct ls_netlink *nl, struct nl_msg *message, struct ls_error *err);
