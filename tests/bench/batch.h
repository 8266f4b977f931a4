/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs have in common that send messages in batches, 128 acknowledged ones a send, and nothing else.
 */
#pragma once

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#define WINDOW 128u
#define BUFFER_SIZE 65536u
#define PROTOCOL 108

/* All sizes are multiples of four: nothing needs padding. */
struct number {
	struct nlattr head;
	uint32_t value;
};

struct address {
	struct nlattr head;
	struct in6_addr value;
};

#define HEAD(attribute_type, struct_type) \
	{ \
		.nla_len = sizeof(struct_type), .nla_type = (attribute_type) \
	}

static uint8_t buffer[BUFFER_SIZE];

static int fail(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

/* BENCH_OUTSIDE: what tests/bench/run found /proc/self/ns/net to be before it made a namespace. Init's is not always
 * readable. */
static bool in_own_namespace(void)
{
	const char *outside = getenv("BENCH_OUTSIDE");
	char ours[64] = "", init[64] = "";

	if (!outside || readlink("/proc/self/ns/net", ours, sizeof(ours) - 1) <= 0)
		return false;
	if (readlink("/proc/1/ns/net", init, sizeof(init) - 1) < 0)
		init[0] = 0;
	return strcmp(ours, outside) != 0 && strcmp(ours, init) != 0;
}

/* Acknowledgements that lie in one datagram; -1 when one of them is an error. */
static int count_answers(int length)
{
	int n = 0;

	for (const struct nlmsghdr *answer = (const void *)buffer; NLMSG_OK(answer, (unsigned)length);
		answer = NLMSG_NEXT(answer, length)) {
		const struct nlmsgerr *error = NLMSG_DATA(answer);

		if (answer->nlmsg_type != NLMSG_ERROR)
			continue;
		if (error->error) {
			errno = -error->error;
			return -1;
		}
		n++;
	}
	return n;
}

static int send_batch(int fd, const void *batch, size_t length, uint32_t n)
{
	uint32_t answered = 0;

	if (send(fd, batch, length, 0) < 0)
		return -1;
	while (answered < n) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
		int r = got < 0 ? -1 : count_answers((int)got);

		if (r < 0)
			return -1;
		answered += (uint32_t)r;
	}
	return 0;
}
