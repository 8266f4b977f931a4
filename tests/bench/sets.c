/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sets TABLE SET...: the kernel lists the elements of sets of family inet, and nothing is done with them: what looking
 * at them costs at least. Prints how many bytes it told.
 */
#include "batch.h"

#include <arpa/inet.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define NAME_MAX_ALIGNED 64

struct name {
	struct nlattr head;
	char text[NAME_MAX_ALIGNED];
};

static struct name name_of(uint16_t type, const char *text)
{
	struct name name = { .head = { .nla_len = (uint16_t)(sizeof(struct nlattr) + strlen(text) + 1),
				     .nla_type = type } };

	snprintf(name.text, sizeof(name.text), "%s", text);
	return name;
}

static size_t put(uint8_t *to, const struct name *name)
{
	memcpy(to, name, name->head.nla_len);
	return (size_t)NLA_ALIGN(name->head.nla_len);
}

static int request(int fd, const char *table, const char *set)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg info;
		uint8_t names[2 * sizeof(struct name)];
	} message = {
		.head = { .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.info = { .nfgen_family = NFPROTO_INET },
	};
	struct name names[] = { name_of(NFTA_SET_ELEM_LIST_TABLE, table), name_of(NFTA_SET_ELEM_LIST_SET, set) };
	size_t length = put(message.names, &names[0]);

	length += put(message.names + length, &names[1]);
	message.head.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(message.info)) + length);
	return send(fd, &message, message.head.nlmsg_len, 0) < 0 ? -1 : 0;
}

static bool is_last(size_t length)
{
	const struct nlmsghdr *message = (const void *)buffer;
	int left = (int)length;

	for (; NLMSG_OK(message, (unsigned)left); message = NLMSG_NEXT(message, left))
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return true;
	return false;
}

int main(int argc, char *argv[])
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	size_t total = 0;
	ssize_t got;

	if (!in_own_namespace()) {
		fprintf(stderr, "sets: not in a namespace of its own\n");
		return EXIT_FAILURE;
	}
	for (int i = 2; i < argc; i++) {
		if (fd < 0 || request(fd, argv[1], argv[i]) < 0)
			return fail("request");
		do {
			got = recv(fd, buffer, sizeof(buffer), 0);
			if (got < 0)
				return fail("recv");
			total += (size_t)got;
		} while (!is_last((size_t)got));
	}
	printf("%zu\n", total);
	return 0;
}
