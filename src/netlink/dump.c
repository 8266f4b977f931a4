/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps. The kernel answers in parts, walking its tables between them, and says NLM_F_DUMP_INTR when they changed on
 * the way: what was read is then neither the old state nor the new one, so the dump begins again. Where that does not
 * help, it does after a pause: duplicate address detection of thousands of addresses takes the kernel many seconds, and
 * changes them all the while. The parts of an answer that nobody wants any more are still read to the end, since the
 * kernel refuses (EBUSY) a second dump on a socket before. Who receives them looks at what they say of the dump; what
 * they say of the state is decoded by another thread, once there is much of it.
 */
#include "session.h"

#include <string.h>
#include <time.h>

#include <netlink/msg.h>

#define ATTEMPTS_AT_ONCE 4u
#define PAUSE_MIN_MS 10u /* doubles from one attempt to the next */
#define PAUSE_MAX_MS 1000u
#define PATIENCE_MS 30000u /* what the pauses come to at most */
#define PARTS_ALONE 16u    /* more are decoded by another thread: some 3,000 routes */

/* One dump as it is read. */
struct reading {
	uint32_t sequence;
	ls_netlink_each each;
	void *data;
	int result;       /* of the first `each` that failed */
	int code;         /* what the kernel said in the end */
	bool interrupted; /* the state changed meanwhile */
	bool done;
	char *says; /* the kernel's words, SAYS_MAX bytes */
	unsigned n_parts;
	struct ls_relay *relay;
};
#define SAYS_MAX 256

/* Parts of an earlier dump that was given up have other numbers. */
static const struct nlmsghdr *next_message(const struct reading *reading, const struct nlmsghdr *message, int *left)
{
	while (nlmsg_ok(message, *left) && message->nlmsg_seq != reading->sequence)
		message = nlmsg_next((struct nlmsghdr *)(uintptr_t)message, left);
	return nlmsg_ok(message, *left) ? message : NULL;
}

static bool is_end(const struct nlmsghdr *message)
{
	return message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
}

/* What a part says of the dump itself. */
static void look_at_part(struct reading *reading, const uint8_t *part, size_t length)
{
	const struct nlmsghdr *message = (const void *)part;
	int left = (int)length;

	while (!reading->done && (message = next_message(reading, message, &left))) {
		reading->interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (is_end(message)) {
			reading->done = true;
			reading->code = ls_netlink_answer_code(message);
			ls_netlink_answer_text(message, NULL, reading->says, SAYS_MAX);
		}
		message = nlmsg_next((struct nlmsghdr *)(uintptr_t)message, &left);
	}
}

/* What it says of the state. */
static void use_part(const uint8_t *part, size_t length, struct reading *reading)
{
	const struct nlmsghdr *message = (const void *)part;
	int left = (int)length;

	while (reading->result >= 0 && (message = next_message(reading, message, &left)) && !is_end(message)) {
		if (message->nlmsg_type != NLMSG_NOOP)
			reading->result = reading->each(message, reading->data);
		message = nlmsg_next((struct nlmsghdr *)(uintptr_t)message, &left);
	}
}

/* The kernel fills a part when the one before is received, in the receiver's own time: of a large dump, the parts are
 * decoded by a second thread, so that neither waits for the other. */
static void use_parts(struct ls_relay *relay, void *data)
{
	const uint8_t *part;
	size_t length;

	while ((part = ls_relay_take(relay, &length)))
		use_part(part, length, data);
}

static void read_part(struct ls_netlink *nl, size_t length, struct reading *reading)
{
	look_at_part(reading, nl->received, length);
	if (reading->interrupted)
		return;
	if (++reading->n_parts == PARTS_ALONE)
		reading->relay = ls_relay_start(LS_RECEIVE_SIZE, use_parts, reading);
	if (!reading->relay || !ls_relay_give(reading->relay, (void **)&nl->received, length))
		use_part(nl->received, length, reading);
}

static int dump_once(struct ls_netlink *nl, struct nlmsghdr *request, struct reading *reading)
{
	size_t length;
	int r;

	request->nlmsg_seq = reading->sequence = ++nl->dump_sequence;
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	r = ls_netlink_send(nl->dump_fd, request, request->nlmsg_len);
	while (r >= 0 && !reading->done) {
		r = ls_netlink_receive(nl, nl->dump_fd, LS_ANSWER_TIMEOUT_MS, &length);
		if (r >= 0)
			read_part(nl, length, reading);
		if (r == -ENOBUFS) { /* a part is lost, the rest still comes */
			reading->interrupted = true;
			r = 0;
		}
	}
	ls_relay_free(LS_TAKE_PTR(reading->relay), NULL);
	if (r < 0 || reading->interrupted)
		return r;
	return reading->result < 0 ? reading->result : reading->code;
}

/* Before that attempt, from 0. Returns false when there has been enough of it. */
static bool pause_before(unsigned attempt, unsigned *waited_ms)
{
	unsigned ms = 0;

	for (unsigned i = ATTEMPTS_AT_ONCE; i <= attempt && ms < PAUSE_MAX_MS; i++)
		ms = ms ? 2 * ms : PAUSE_MIN_MS;
	ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
	if (*waited_ms + ms > PATIENCE_MS)
		return false;
	*waited_ms += ms;
	if (ms)
		nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
	return true;
}

int ls_netlink_dump(struct ls_netlink *nl, struct nl_msg *request, ls_netlink_each each, int (*restart)(void *data),
	void *data, struct ls_error *err)
{
	char says[SAYS_MAX] = "";
	unsigned waited_ms = 0;
	int r;

	for (unsigned attempt = 0; pause_before(attempt, &waited_ms); attempt++) {
		struct reading reading = { .each = each, .data = data, .says = says };

		if (attempt > 0 && restart) {
			r = restart(data);
			if (r < 0)
				return ls_error_set(err, r, "cannot read again: %s", strerror(-r));
		}
		r = dump_once(nl, nlmsg_hdr(request), &reading);
		if (r < 0)
			return ls_error_set(err, r, "the kernel's state cannot be read: %s%s%s", strerror(-r),
				*says ? ": " : "", says);
		if (!reading.interrupted)
			return 0;
	}
	return ls_error_set(err, -EAGAIN, "the kernel's state kept changing while it was read");
}

int ls_netlink_ask(struct ls_netlink *nl, struct nlmsghdr *request, const struct nlmsghdr **ret)
{
	size_t length = 0;
	int r;

	request->nlmsg_seq = ++nl->dump_sequence;
	request->nlmsg_flags |= NLM_F_REQUEST;
	r = ls_netlink_send(nl->dump_fd, request, request->nlmsg_len);
	while (r >= 0 && (r = ls_netlink_receive(nl, nl->dump_fd, LS_ANSWER_TIMEOUT_MS, &length)) >= 0) {
		const struct nlmsghdr *answer = (const void *)nl->received;

		if (!nlmsg_ok(answer, (int)length) || answer->nlmsg_seq != request->nlmsg_seq)
			continue;
		*ret = answer;
		return answer->nlmsg_type == NLMSG_ERROR ? ls_netlink_answer_code(answer) : 0;
	}
	return r;
}
