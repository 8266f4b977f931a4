/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of netlink/ share; nobody else includes this. */
#pragma once

#include <linkspan/netlink.h>

#include <linux/netlink.h>

/* The kernel fills a dump's parts up to 32 KiB where the reader offers as much; a message never exceeds 64 KiB. */
#define LS_RECEIVE_SIZE 65536u
#define LS_BATCH_SIZE 32768u
/* The longest message that the session's own one can hold: a raw one of a dump, and what a driver adds to it. */
#define LS_LONGEST_MESSAGE (LS_RECEIVE_SIZE + 2048u)
#define LS_ANSWER_TIMEOUT_MS 5000

/* The transaction. Messages of a batch have consecutive sequence numbers from first_sequence on, so the number of an
 * answer is the index of the message that it answers. */
struct ls_tx {
	ls_tx_result result;
	void *data;
	uint8_t *batch; /* LS_BATCH_SIZE + LS_LONGEST_MESSAGE bytes */
	size_t length;
	size_t n_messages;
	size_t n_answered;
	bool overrun;      /* answers to this batch were dropped */
	uint32_t sequence; /* the last one used; a number is never used twice, so late answers fit nothing */
	uint32_t first_sequence;
	size_t tokens[LS_TX_WINDOW];
	uint32_t offsets[LS_TX_WINDOW]; /* of the message in the batch */
	bool answered[LS_TX_WINDOW];
};

struct ls_netlink {
	int dump_fd, tx_fd;
	uint32_t dump_sequence; /* the last one used */
	struct nl_msg *message;
	uint8_t *received; /* LS_RECEIVE_SIZE bytes */
	struct ls_tx tx;
};

/* Sends bytes to the kernel as one datagram; 0 or -errno. */
int ls_netlink_send(int fd, const void *data, size_t length);
/* Receives one datagram of the kernel into nl->received. Waits at most timeout_ms. Returns 0; -ETIMEDOUT; -ENOBUFS when
 * the kernel dropped answers for want of room; -EMSGSIZE when the datagram was longer than the buffer; other -errno. */
int ls_netlink_receive(struct ls_netlink *nl, int fd, int timeout_ms, size_t *ret_length);
/* Sends a request that one message answers, no dump. *ret is valid until something else is received. */
int ls_netlink_ask(struct ls_netlink *nl, struct nlmsghdr *request, const struct nlmsghdr **ret);
/* The errno in an NLMSG_ERROR or NLMSG_DONE, 0 or negative. -EBADMSG for a message too short to hold one. */
int ls_netlink_answer_code(const struct nlmsghdr *answer);
/* The kernel's own words from the extended acknowledgement, with the attribute they are about if `request` is given.
 * "" when there are none. */
const char *ls_netlink_answer_text(
	const struct nlmsghdr *answer, const struct nlmsghdr *request, char *text, size_t size);
