/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: two sockets and their buffers, all allocated when it is opened, so that memory cannot run out between the
 * first change and the last. libnl builds and parses messages; its own sockets are not used, because waiting for one
 * acknowledgement takes the oldest one queued, whatever message that belongs to.
 */
#include "session.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

static int open_socket(int protocol, struct ls_error *err)
{
	const int on = 1;
	int fd, r;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0) {
		r = -errno;
		return ls_error_set(err, r, "cannot open a netlink socket: %s", strerror(-r));
	}
	/* Extended acknowledgements came with 4.12, capped ones with 4.3: without them answers are less telling, or
	 * longer, but still answers. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}

static int allocate_buffers(struct ls_netlink *nl)
{
	nl->received = malloc(LS_RECEIVE_SIZE);
	nl->tx.batch = malloc(LS_BATCH_SIZE + LS_LONGEST_MESSAGE);
	nl->message = nlmsg_alloc_size(LS_LONGEST_MESSAGE);
	return nl->received && nl->tx.batch && nl->message ? 0 : -ENOMEM;
}

static int fill_session(struct ls_netlink *nl, int protocol, struct ls_error *err)
{
	const int on = 1;

	if (allocate_buffers(nl) < 0)
		return ls_error_set(err, -ENOMEM, "out of memory");
	nl->dump_fd = open_socket(protocol, err);
	if (nl->dump_fd < 0)
		return nl->dump_fd;
	nl->tx_fd = open_socket(protocol, err);
	if (nl->tx_fd < 0)
		return nl->tx_fd;
	/* Kernels before 4.20 do not know it, and do not filter then. */
	(void)setsockopt(nl->dump_fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

int ls_netlink_open(int protocol, struct ls_netlink **ret, struct ls_error *err)
{
	struct ls_netlink *nl = calloc(1, sizeof(*nl));
	int r;

	if (!nl)
		return ls_error_set(err, -ENOMEM, "out of memory");
	nl->dump_fd = nl->tx_fd = -1;
	r = fill_session(nl, protocol, err);
	if (r < 0) {
		ls_netlink_close(nl);
		return r;
	}
	*ret = nl;
	return 0;
}

void ls_netlink_close(struct ls_netlink *nl)
{
	if (!nl)
		return;
	ls_close(&nl->dump_fd);
	ls_close(&nl->tx_fd);
	if (nl->message)
		nlmsg_free(nl->message);
	free(nl->received);
	free(nl->tx.batch);
	free(nl);
}

int ls_netlink_send(int fd, const void *data, size_t length)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = length };
	const struct msghdr datagram = {
		.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &part, .msg_iovlen = 1
	};

	while (sendmsg(fd, &datagram, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int wait_readable(int fd, int timeout_ms)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	int r;

	do
		r = poll(&waiting, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

int ls_netlink_receive(struct ls_netlink *nl, int fd, int timeout_ms, size_t *ret_length)
{
	struct sockaddr_nl sender;
	struct iovec part = { .iov_base = nl->received, .iov_len = LS_RECEIVE_SIZE };
	struct msghdr datagram;
	ssize_t length;
	int r;

	for (;;) {
		datagram = (struct msghdr){
			.msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part, .msg_iovlen = 1
		};
		length = recvmsg(fd, &datagram, MSG_DONTWAIT);
		if (length >= 0 && sender.nl_pid != 0) /* another process may write to us: only the kernel counts */
			continue;
		if (length >= 0)
			break;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		r = errno == EAGAIN ? wait_readable(fd, timeout_ms) : 0;
		if (r < 0)
			return r;
	}
	if (datagram.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	*ret_length = (size_t)length;
	return 0;
}

int ls_netlink_answer_code(const struct nlmsghdr *answer)
{
	int code;

	if (nlmsg_datalen(answer) < (int)sizeof(code))
		return answer->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&code, nlmsg_data(answer), sizeof(code));
	return code > 0 ? -EBADMSG : code;
}

/* Where the attributes of the extended acknowledgement begin. NLMSG_DONE holds only the code before them; NLMSG_ERROR
 * the header of the request too, and all of the request unless the kernel says that it is capped. */
static int extended_offset(const struct nlmsghdr *answer)
{
	const struct nlmsgerr *error = nlmsg_data(answer);

	if (answer->nlmsg_type == NLMSG_DONE)
		return (int)sizeof(error->error);
	if (nlmsg_datalen(answer) < (int)sizeof(*error))
		return -EBADMSG;
	if (answer->nlmsg_flags & NLM_F_CAPPED)
		return (int)sizeof(*error);
	if (error->msg.nlmsg_len < sizeof(error->msg) || error->msg.nlmsg_len > LS_RECEIVE_SIZE)
		return -EBADMSG;
	return (int)(sizeof(*error) + error->msg.nlmsg_len - sizeof(error->msg));
}

/* The type of the attribute that lies at that offset of the request; 0 when there is none. */
static int attribute_at(const struct nlmsghdr *request, uint32_t offset)
{
	const struct nlattr *attribute;

	if (!request || offset < NLMSG_HDRLEN || offset + sizeof(*attribute) > request->nlmsg_len)
		return 0;
	attribute = (const void *)((const uint8_t *)request + offset);
	return attribute->nla_type & NLA_TYPE_MASK;
}

const char *ls_netlink_answer_text(
	const struct nlmsghdr *answer, const struct nlmsghdr *request, char *text, size_t size)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
		[NLMSGERR_ATTR_OFFS] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_MISS_TYPE] = { .type = NLA_U32 },
	};
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	const char *words = "", *about = NULL;
	int offset, type = 0;

	*text = '\0';
	if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS))
		return text;
	offset = extended_offset(answer);
	if (offset < 0 || nlmsg_datalen(answer) < (int)NLMSG_ALIGN((unsigned)offset))
		return text;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, nlmsg_attrdata(answer, offset), nlmsg_attrlen(answer, offset), policy) < 0)
		return text;
	if (tb[NLMSGERR_ATTR_MSG])
		words = nla_get_string(tb[NLMSGERR_ATTR_MSG]);
	if (tb[NLMSGERR_ATTR_OFFS]) {
		type = attribute_at(request, nla_get_u32(tb[NLMSGERR_ATTR_OFFS]));
		about = "at attribute";
	} else if (tb[NLMSGERR_ATTR_MISS_TYPE]) {
		type = (int)nla_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]);
		about = "missing attribute";
	}
	if (type > 0)
		snprintf(text, size, "%s%s(%s %d)", words, *words ? " " : "", about, type);
	else
		snprintf(text, size, "%s", words);
	return text;
}
