/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nfnetlink: batches of nftables messages between a begin and an end. The kernel carries a batch out before the sending
 * call returns, as one transaction, and answers only then (nfnetlink_rcv_batch() in net/netfilter/nfnetlink.c): every
 * message that it refused, and the last one, which asks for it. Acknowledgements of the begin and the end are not the
 * same on all kernels, so they ask for none; a begin that is refused is answered all the same. Without an end the
 * kernel does everything and takes it back.
 */
#include "session.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/msg.h>

#define NO_TOKEN SIZE_MAX
#define SAYS_MAX 512

struct sent {
	size_t offset, token;
};

struct ls_nfnl {
	uint8_t *data;
	size_t length, size;
	struct sent *messages;
	size_t n_messages, messages_size;
	bool failed;
};

struct ls_nfnl *ls_nfnl_new(void)
{
	struct ls_nfnl *batch = calloc(1, sizeof(*batch));

	/* The begin is written when the batch is sent. */
	if (batch)
		batch->length = NLMSG_SPACE(sizeof(struct nfgenmsg)) + MNL_ATTR_HDRLEN + sizeof(uint32_t);
	return batch;
}

void ls_nfnl_free(struct ls_nfnl *batch)
{
	if (!batch)
		return;
	free(batch->data);
	free(batch->messages);
	free(batch);
}

static bool make_room(struct ls_nfnl *batch, size_t more)
{
	size_t size = batch->size ? batch->size : LS_NFNL_MESSAGE_MAX;
	uint8_t *grown;

	while (size - batch->length < more)
		size *= 2;
	if (size == batch->size)
		return true;
	grown = realloc(batch->data, size);
	if (!grown)
		return false;
	batch->data = grown;
	batch->size = size;
	return true;
}

static struct sent *add_message(struct ls_nfnl *batch)
{
	if (batch->n_messages == batch->messages_size) {
		size_t size = batch->messages_size ? 2 * batch->messages_size : 64;
		struct sent *grown = reallocarray(batch->messages, size, sizeof(*grown));

		if (!grown)
			return NULL;
		batch->messages = grown;
		batch->messages_size = size;
	}
	return &batch->messages[batch->n_messages++];
}

/* mnl_nlmsg_put_header clears the header only. */
static struct nlmsghdr *put_header(void *at, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(at);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	*header = (struct nfgenmsg){ .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource) };
	return message;
}

static uint16_t message_type(int type)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

struct nlmsghdr *ls_nfnl_message(struct ls_nfnl *batch, int type, int flags, size_t token)
{
	struct sent *sent = make_room(batch, LS_NFNL_MESSAGE_MAX) ? add_message(batch) : NULL;

	if (!sent)
		return NULL;
	*sent = (struct sent){ batch->length, token };
	return put_header(batch->data + batch->length, message_type(type), (uint16_t)flags, NFPROTO_INET, 0);
}

void ls_nfnl_end(struct ls_nfnl *batch)
{
	const struct nlmsghdr *message = (const void *)(batch->data + batch->messages[batch->n_messages - 1].offset);

	batch->length += NLMSG_ALIGN(message->nlmsg_len);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static struct nlmsghdr *message_at(struct ls_nfnl *batch, size_t i)
{
	return (void *)(batch->data + batch->messages[i].offset);
}

static bool frame(struct ls_nfnl *batch, uint32_t generation, bool commit, uint32_t sequence)
{
	struct nlmsghdr *begin, *end;

	if (!make_room(batch, LS_NFNL_MESSAGE_MAX))
		return false;
	begin = put_header(batch->data, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	mnl_attr_put_u32(begin, NFNL_BATCH_GENID, htonl(generation));
	begin->nlmsg_seq = sequence;
	for (size_t i = 0; i < batch->n_messages; i++)
		message_at(batch, i)->nlmsg_seq = sequence + 1 + (uint32_t)i;
	message_at(batch, batch->n_messages - 1)->nlmsg_flags |= NLM_F_ACK;
	if (!commit)
		return true;
	end = put_header(batch->data + batch->length, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end->nlmsg_seq = sequence + 1 + (uint32_t)batch->n_messages;
	batch->length += NLMSG_ALIGN(end->nlmsg_len);
	return true;
}

/* The whole batch is one datagram. Without the right to exceed the system's limit, the limit it is. */
static int send_whole(int fd, const struct ls_nfnl *batch)
{
	int size = (int)batch->length + 4096;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return ls_netlink_send(fd, batch->data, batch->length);
}

struct answers {
	struct ls_nfnl *batch;
	uint32_t sequence; /* of the begin */
	bool complete;
	int code; /* of the first refusal */
	size_t token;
	char says[SAYS_MAX];
};

static void take_answer(struct answers *answers, const struct nlmsghdr *answer)
{
	uint32_t i = answer->nlmsg_seq - answers->sequence;
	size_t n = answers->batch->n_messages;
	int code;

	if (answer->nlmsg_type != NLMSG_ERROR || i > n + 1)
		return;
	code = ls_netlink_answer_code(answer);
	answers->complete |= i == 0 || i >= n; /* a refused begin is all there is */
	if (code == 0 || answers->code)
		return;
	answers->code = code;
	answers->token = i && i <= n ? answers->batch->messages[i - 1].token : NO_TOKEN;
	ls_netlink_answer_text(
		answer, i && i <= n ? message_at(answers->batch, i - 1) : NULL, answers->says, sizeof(answers->says));
}

static void take_answers(struct answers *answers, const void *data, size_t length)
{
	const struct nlmsghdr *answer = data;
	int left = (int)length;

	while (nlmsg_ok(answer, left)) {
		take_answer(answers, answer);
		answer = nlmsg_next((struct nlmsghdr *)(uintptr_t)answer, &left);
	}
}

static int collect(struct ls_netlink *nl, struct answers *answers)
{
	size_t length;
	int r = 0;

	while (!answers->complete && r >= 0) {
		r = ls_netlink_receive(nl, nl->tx_fd, LS_ANSWER_TIMEOUT_MS, &length);
		if (r >= 0)
			take_answers(answers, nl->received, length);
	}
	/* What was refused was not carried out, whatever else was lost. */
	return answers->code ? answers->code : r;
}

static void forget_late_answers(struct ls_netlink *nl)
{
	size_t length;
	int r;

	do
		r = ls_netlink_receive(nl, nl->tx_fd, 0, &length);
	while (r >= 0 || r == -ENOBUFS);
}

int ls_nfnl_send(struct ls_netlink *nl, struct ls_nfnl *batch, uint32_t generation, bool commit, size_t *ret_token,
	struct ls_error *err)
{
	struct answers answers = { .batch = batch, .sequence = nl->tx.sequence + 1, .token = NO_TOKEN };
	int r;

	*ret_token = NO_TOKEN;
	if (!batch->n_messages)
		return 0;
	nl->tx.sequence += (uint32_t)batch->n_messages + 2;
	if (!frame(batch, generation, commit, answers.sequence))
		return ls_error_set(err, -ENOMEM, "out of memory");
	forget_late_answers(nl);
	r = send_whole(nl->tx_fd, batch);
	if (r < 0)
		return ls_error_set(err, r, "cannot send %zu bytes to nftables: %s", batch->length, strerror(-r));
	r = collect(nl, &answers);
	*ret_token = answers.token;
	if (r >= 0)
		return 0;
	return ls_error_set(err, r, "%s%s%s%s", strerror(-r), *answers.says ? " (the kernel says: " : "", answers.says,
		*answers.says ? ")" : "");
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void take_generation(const struct nlmsghdr *message, uint32_t *ret)
{
	const struct nlattr *attr;

	if (message->nlmsg_type != message_type(NFT_MSG_NEWGEN))
		return;
	attr = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)message, sizeof(struct nfgenmsg), NFTA_GEN_ID);
	if (attr && mnl_attr_get_payload_len(attr) >= sizeof(uint32_t))
		*ret = ntohl(mnl_attr_get_u32(attr));
}

int ls_nfnl_generation(struct ls_netlink *nl, uint32_t *ret, struct ls_error *err)
{
	const struct nlmsghdr *answer;
	int r = ls_netlink_ask(nl, nlmsg_hdr(ls_nfnl_request(nl, NFT_MSG_GETGEN)), &answer);

	if (r < 0)
		return ls_error_set(err, r, "nftables cannot be asked: %s", strerror(-r));
	*ret = 0;
	take_generation(answer, ret);
	return 0;
}

struct nl_msg *ls_nfnl_request(struct ls_netlink *nl, int type)
{
	(void)put_header(nlmsg_hdr(nl->message), message_type(type), 0, NFPROTO_INET, 0);
	return nl->message;
}

int ls_nfnl_dump(
	struct ls_netlink *nl, ls_netlink_each each, int (*restart)(void *data), void *data, struct ls_error *err)
{
	return ls_netlink_dump(nl, nl->message, each, restart, data, err);
}
