/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transaction engine. Messages are copied one behind the other into a batch; the batch goes out in one sendmsg, and
 * the kernel carries it out message by message before that call returns: a failed message does not stop the ones behind
 * it. So all answers lie in the receive queue by then, and collecting them is a matter of matching sequence numbers.
 *
 * The kernel answers each message that it refuses, and of the others only those that ask for an acknowledgement
 * (netlink_rcv_skb() in net/netlink/af_netlink.c). The last message of a batch asks: its answer, whatever it says,
 * means that the batch was carried out, and those before it that were not refused are done. Where an answer was dropped
 * for want of room or memory the socket says ENOBUFS, before it gives any other away; then, and when the last answer
 * does not come at all, what became of the messages without an answer is unknown. A batch never holds more messages
 * than the queue has room for answers, and all are collected before the next batch.
 */
#include "session.h"

#include <string.h>

#include <netlink/msg.h>

#define SAYS_MAX 512

static void report(struct ls_tx *tx, size_t i, enum ls_tx_state state, int code, const char *says)
{
	if (tx->answered[i])
		return;
	tx->answered[i] = true;
	tx->n_answered++;
	if (tx->result)
		tx->result(tx->tokens[i], state, code, says && *says ? says : NULL, tx->data);
}

static void report_rest(struct ls_tx *tx, enum ls_tx_state state, int code)
{
	for (size_t i = 0; i < tx->n_messages; i++)
		report(tx, i, state, code, NULL);
}

static void empty_batch(struct ls_tx *tx)
{
	tx->length = tx->n_messages = tx->n_answered = 0;
	tx->overrun = false;
}

static void take_answer(struct ls_tx *tx, const struct nlmsghdr *answer)
{
	uint32_t i = answer->nlmsg_seq - tx->first_sequence;
	char says[SAYS_MAX];
	int code;

	/* Late answers to earlier batches, and whatever else is not an answer to this one. */
	if (answer->nlmsg_type != NLMSG_ERROR || i >= tx->n_messages)
		return;
	code = ls_netlink_answer_code(answer);
	ls_netlink_answer_text(answer, (const void *)(tx->batch + tx->offsets[i]), says, sizeof(says));
	report(tx, i, code < 0 ? LS_TX_FAILED : LS_TX_DONE, code, says);
	if (i == tx->n_messages - 1 && !tx->overrun)
		report_rest(tx, LS_TX_DONE, 0);
}

static void take_answers(struct ls_netlink *nl, size_t length)
{
	const struct nlmsghdr *answer = (const void *)nl->received;
	int left = (int)length;

	while (nlmsg_ok(answer, left)) {
		take_answer(&nl->tx, answer);
		answer = nlmsg_next((struct nlmsghdr *)(uintptr_t)answer, &left);
	}
}

/* ENOBUFS says that answers were dropped, not which: those still in the queue count, and nothing more is waited for. */
static void collect_answers(struct ls_netlink *nl)
{
	struct ls_tx *tx = &nl->tx;
	size_t length;
	int r;

	while (tx->n_answered < tx->n_messages) {
		r = ls_netlink_receive(nl, nl->tx_fd, tx->overrun ? 0 : LS_ANSWER_TIMEOUT_MS, &length);
		if (r >= 0)
			take_answers(nl, length);
		else if (r == -ENOBUFS && !tx->overrun)
			tx->overrun = true;
		else
			report_rest(tx, LS_TX_UNKNOWN, tx->overrun ? -ENOBUFS : r);
	}
}

static struct nlmsghdr *last_message(struct ls_tx *tx)
{
	return (void *)(tx->batch + tx->offsets[tx->n_messages - 1]);
}

static int send_batch(struct ls_netlink *nl, struct ls_error *err)
{
	struct ls_tx *tx = &nl->tx;
	int r;

	if (tx->n_messages == 0)
		return 0;
	last_message(tx)->nlmsg_flags |= NLM_F_ACK;
	r = ls_netlink_send(nl->tx_fd, tx->batch, tx->length);
	if (r < 0)
		report_rest(tx, LS_TX_FAILED, r);
	else
		collect_answers(nl);
	empty_batch(tx);
	return r < 0 ? ls_error_set(err, r, "cannot send to the kernel: %s", strerror(-r)) : 0;
}

void ls_tx_begin(struct ls_netlink *nl, ls_tx_result result, void *data)
{
	size_t length;
	int r;

	empty_batch(&nl->tx);
	nl->tx.result = result;
	nl->tx.data = data;
	do /* late answers, and the note that some were dropped, belong to the transaction before */
		r = ls_netlink_receive(nl, nl->tx_fd, 0, &length);
	while (r >= 0 || r == -ENOBUFS);
}

int ls_tx_queue(struct ls_netlink *nl, struct nl_msg *message, size_t token, struct ls_error *err)
{
	struct ls_tx *tx = &nl->tx;
	struct nlmsghdr *header = nlmsg_hdr(message);
	size_t i = tx->n_messages;

	if (header->nlmsg_len > LS_LONGEST_MESSAGE)
		return ls_error_set(err, -EMSGSIZE, "the message is too long");
	header->nlmsg_seq = ++tx->sequence;
	header->nlmsg_flags |= NLM_F_REQUEST;
	if (i == 0)
		tx->first_sequence = header->nlmsg_seq;
	memcpy(tx->batch + tx->length, header, header->nlmsg_len);
	tx->tokens[i] = token;
	tx->offsets[i] = (uint32_t)tx->length;
	tx->answered[i] = false;
	tx->n_messages++;
	tx->length += NLMSG_ALIGN(header->nlmsg_len);
	if (tx->n_messages < LS_TX_WINDOW && tx->length < LS_BATCH_SIZE)
		return 0;
	return send_batch(nl, err);
}

int ls_tx_barrier(struct ls_netlink *nl, struct ls_error *err)
{
	return send_batch(nl, err);
}

struct nl_msg *ls_tx_message(struct ls_netlink *nl, int type, int flags)
{
	struct nlmsghdr *header = nlmsg_hdr(nl->message);

	*header = (struct nlmsghdr){
		.nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)flags
	};
	return nl->message;
}
