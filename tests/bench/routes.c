/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a program can do to add IPv6 routes, and to read them back.
 *
 * routes add LINK GATEWAY N: the /64 networks that tests/bench/run puts into its specs, with the attributes that
 * linkspan sends for them, 128 acknowledged messages a send. Works only in a namespace that the script has made for it.
 * routes dump: asks for all IPv6 routes, looks at the header of each. Prints how many there were.
 */
#include "batch.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <linux/rtnetlink.h>

#define METRIC 1024

struct message {
	struct nlmsghdr head;
	struct rtmsg route;
	struct address to;
	struct number table, metric, link;
	struct address gateway;
};

/* ---- add --------------------------------------------------------------------------------------------------------- */

static struct message make_message(uint32_t link, const struct in6_addr *gateway)
{
	struct message message = {
		.head = { .nlmsg_len = sizeof(message),
			.nlmsg_type = RTM_NEWROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.route = { .rtm_family = AF_INET6,
			.rtm_dst_len = 64,
			.rtm_table = RT_TABLE_MAIN,
			.rtm_protocol = PROTOCOL,
			.rtm_scope = RT_SCOPE_UNIVERSE,
			.rtm_type = RTN_UNICAST },
		.to = { .head = HEAD(RTA_DST, struct address) },
		.table = { .head = HEAD(RTA_TABLE, struct number), .value = RT_TABLE_MAIN },
		.metric = { .head = HEAD(RTA_PRIORITY, struct number), .value = METRIC },
		.link = { .head = HEAD(RTA_OIF, struct number), .value = link },
		.gateway = { .head = HEAD(RTA_GATEWAY, struct address), .value = *gateway },
	};

	return message;
}

/* The i-th network: 2001:db8:1:0::/64 and those after it. */
static struct in6_addr network(uint32_t i)
{
	struct in6_addr address = { .s6_addr = { 0x20, 0x01, 0x0d, 0xb8 } };
	uint32_t place = htonl(i + 0x10000);

	memcpy(address.s6_addr + 4, &place, sizeof(place));
	return address;
}

static int add_routes(int fd, uint32_t link, const struct in6_addr *gateway, uint32_t n)
{
	static struct message batch[WINDOW];
	uint32_t filled = 0;

	for (uint32_t i = 0; i < n; i++) {
		batch[filled] = make_message(link, gateway);
		batch[filled].head.nlmsg_seq = i + 1;
		batch[filled].to.value = network(i);
		if (++filled < WINDOW && i + 1 < n)
			continue;
		if (send_batch(fd, batch, filled * sizeof(*batch), filled) < 0)
			return fail("adding routes");
		filled = 0;
	}
	return EXIT_SUCCESS;
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

/* Returns whether the dump has ended. */
static bool count_routes(int length, unsigned long *n)
{
	for (const struct nlmsghdr *message = (const void *)buffer; NLMSG_OK(message, (unsigned)length);
		message = NLMSG_NEXT(message, length)) {
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return true;
		*n += message->nlmsg_type == RTM_NEWROUTE;
	}
	return false;
}

static int dump_routes(int fd)
{
	const struct {
		struct nlmsghdr head;
		struct rtmsg route;
	} request = {
		.head = { .nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = AF_INET6 },
	};
	unsigned long n = 0;
	ssize_t length;

	if (send(fd, &request, sizeof(request), 0) < 0)
		return fail("asking for routes");
	do {
		length = recv(fd, buffer, sizeof(buffer), 0);
		if (length < 0)
			return fail("reading routes");
	} while (!count_routes((int)length, &n));
	printf("%lu\n", n);
	return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	const int on = 1;
	struct in6_addr gateway;
	uint32_t link;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return fail("netlink");
	if (argc == 2 && !strcmp(argv[1], "dump")) {
		(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
		return dump_routes(fd);
	}
	if (argc != 5 || strcmp(argv[1], "add") != 0 || inet_pton(AF_INET6, argv[3], &gateway) != 1) {
		fputs("usage: routes add LINK GATEWAY N | routes dump\n", stderr);
		return 64;
	}
	if (!in_own_namespace()) {
		fputs("routes: only in a network namespace that tests/bench/run has made\n", stderr);
		return 77;
	}
	link = if_nametoindex(argv[2]);
	if (!link)
		return fail(argv[2]);
	return add_routes(fd, link, &gateway, (uint32_t)strtoul(argv[4], NULL, 10));
}
