/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a program can do to add policy rules and IPv6 proxy neighbours.
 *
 * policies rules N: the rules that tests/bench/run puts into its specs; policies proxies LINK N: its proxy neighbours.
 * Both with the attributes that linkspan sends for them, 128 acknowledged messages a send. Works only in a namespace
 * that the script has made for it.
 */
#include "batch.h"

#include <net/if.h>

#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#define FIRST_PRIORITY 100
#define TABLE 100
#define SIZE_MAX_EACH 128u /* bytes of a message */

struct byte {
	struct nlattr head;
	uint8_t value, padding[3];
};

/* Lengths of attributes do not count their padding. */
#define BYTE(attribute_type) \
	{ \
		.nla_len = offsetof(struct byte, padding), .nla_type = (attribute_type) \
	}

struct rule {
	struct nlmsghdr head;
	struct fib_rule_hdr rule;
	struct number priority;
	struct byte protocol;
	struct number from, table;
};

struct proxy {
	struct nlmsghdr head;
	struct ndmsg neighbour;
	struct address address;
	struct byte protocol;
};

/* Writes the i-th message to `to`, returns its length. */
typedef size_t make_fn(void *to, uint32_t i, uint32_t link);

/* From 10.0.0.0/32 and the addresses after it, each at a priority of its own. */
static size_t make_rule(void *to, uint32_t i, uint32_t link)
{
	const struct rule message = {
		.head = { .nlmsg_len = sizeof(message),
			.nlmsg_type = RTM_NEWRULE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
			.nlmsg_seq = i + 1 },
		.rule = { .family = AF_INET, .src_len = 32, .table = TABLE, .action = FR_ACT_TO_TBL },
		.priority = { .head = HEAD(FRA_PRIORITY, struct number), .value = FIRST_PRIORITY + i },
		.protocol = { .head = BYTE(FRA_PROTOCOL), .value = PROTOCOL },
		.from = { .head = HEAD(FRA_SRC, struct number), .value = htonl(0x0a000000 + i) },
		.table = { .head = HEAD(FRA_TABLE, struct number), .value = TABLE },
	};

	(void)link;
	memcpy(to, &message, sizeof(message));
	return sizeof(message);
}

/* 2001:db8:1::1:0 and the addresses after it. */
static size_t make_proxy(void *to, uint32_t i, uint32_t link)
{
	struct proxy message = {
		.head = { .nlmsg_len = sizeof(message),
			.nlmsg_type = RTM_NEWNEIGH,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
			.nlmsg_seq = i + 1 },
		.neighbour = { .ndm_family = AF_INET6,
			.ndm_ifindex = (int)link,
			.ndm_state = NUD_PERMANENT,
			.ndm_flags = NTF_PROXY },
		.address = { .head = HEAD(NDA_DST, struct address),
			.value = { .s6_addr = { 0x20, 0x01, 0x0d, 0xb8, 0, 1 } } },
		.protocol = { .head = BYTE(NDA_PROTOCOL), .value = PROTOCOL },
	};
	uint32_t place = htonl(i + 0x10000);

	memcpy(message.address.value.s6_addr + 12, &place, sizeof(place));
	memcpy(to, &message, sizeof(message));
	return sizeof(message);
}

static int add_all(int fd, make_fn *make, uint32_t link, uint32_t n)
{
	static uint8_t batch[WINDOW * SIZE_MAX_EACH];
	uint32_t filled = 0;
	size_t length = 0;

	for (uint32_t i = 0; i < n; i++) {
		length += make(batch + length, i, link);
		if (++filled < WINDOW && i + 1 < n)
			continue;
		if (send_batch(fd, batch, length, filled) < 0)
			return fail("adding");
		filled = 0;
		length = 0;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	bool rules = argc == 3 && !strcmp(argv[1], "rules"), proxies = argc == 4 && !strcmp(argv[1], "proxies");
	uint32_t link = 0;
	int fd;

	if (!rules && !proxies) {
		fputs("usage: policies rules N | policies proxies LINK N\n", stderr);
		return 64;
	}
	if (!in_own_namespace()) {
		fputs("policies: only in a network namespace that tests/bench/run has made\n", stderr);
		return 77;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return fail("netlink");
	if (proxies) {
		link = if_nametoindex(argv[2]);
		if (!link)
			return fail(argv[2]);
	}
	return add_all(fd, rules ? make_rule : make_proxy, link, (uint32_t)strtoul(argv[argc - 1], NULL, 10));
}
