/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic netlink: families have numbers that the kernel gives as they come, so they are asked for by name. */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

struct nl_msg *ls_genl_message(struct ls_netlink *nl, uint16_t family, uint8_t command, uint8_t version, int flags)
{
	struct nl_msg *message = ls_tx_message(nl, family, flags);
	const struct genlmsghdr header = { .cmd = command, .version = version };

	(void)nlmsg_append(message, (void *)(uintptr_t)&header, sizeof(header), NLMSG_ALIGNTO);
	return message;
}

int ls_genl_family(struct ls_netlink *nl, const char *name, uint16_t *ret, struct ls_error *err)
{
	struct nl_msg *message = ls_genl_message(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	const struct nlmsghdr *answer;
	const struct nlattr *attr;
	int r;

	if (nla_put_string(message, CTRL_ATTR_FAMILY_NAME, name) < 0)
		return ls_error_set(err, -EMSGSIZE, "the request does not fit");
	r = ls_netlink_ask(nl, nlmsg_hdr(message), &answer);
	if (r == -ENOENT)
		return ls_error_set(err, r, "the kernel has no generic netlink family '%s'", name);
	if (r < 0)
		return ls_error_set(err, r, "generic netlink cannot be asked: %s", strerror(-r));
	attr = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)answer, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	if (!attr || nla_len(attr) < (int)sizeof(*ret))
		return ls_error_set(err, -EBADMSG, "the kernel does not tell the number of '%s'", name);
	memcpy(ret, nla_data(attr), sizeof(*ret));
	return 0;
}

struct answer {
	enum ls_tx_state state;
	int code;
	char says[256];
};

static void note(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	struct answer *answer = data;

	(void)token;
	answer->state = state;
	answer->code = code;
	snprintf(answer->says, sizeof(answer->says), "%s", kernel_says ? kernel_says : "");
}

int ls_netlink_do(struct ls_netlink *nl, struct nl_msg *message, struct ls_error *err)
{
	struct answer answer = { .state = LS_TX_UNKNOWN, .code = -ETIMEDOUT };
	int r;

	ls_tx_begin(nl, note, &answer);
	r = ls_tx_queue(nl, message, 0, err);
	if (r >= 0)
		r = ls_tx_barrier(nl, err);
	if (r < 0 || answer.state == LS_TX_DONE)
		return r < 0 ? r : 0;
	return ls_error_set(err, answer.code, "%s%s%s%s", strerror(-answer.code),
		*answer.says ? " (the kernel says: " : "", answer.says, *answer.says ? ")" : "");
}
