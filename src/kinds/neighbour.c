/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static neighbours and proxy entries. What the kernel has learned itself (reachable, stale, failed) is no object; a
 * static entry takes its place, which is why an add is not exclusive: EXCL would fail for an entry that the kernel
 * learns at the same moment. The plan has seen that no static one of a stranger is there.
 *
 * Proxy entries live in a table of their own, are told apart by NTF_PROXY, and are never exclusive either
 * (pneigh_lookup with `creat` gives what is there). They answer only where proxy_arp (with a route that leads
 * elsewhere) or proxy_ndp, and forwarding, are on.
 *
 * Mark: NDA_PROTOCOL (kernel 4.20); deleting does not look at it (neigh_delete, pneigh_delete). It cannot be taken back
 * to none (neigh_add), so an adopted entry without one stays without: the ledger knows it.
 */
#include "driver.h"

#include <stdio.h>
#include <sys/socket.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define ATTR(field, type, change, flags) #field, type, change, flags, offsetof(struct ls_neighbour, field), NULL

/* Present always: dev, address, protocol. proxy and router are present only when true. */
static const struct ls_attr neighbour_attrs[] = {
	[LS_NEIGHBOUR_DEV] = { ATTR(dev, LS_TYPE_LINK, LS_CHANGE_KEY, 0) },
	[LS_NEIGHBOUR_ADDRESS] = { ATTR(address, LS_TYPE_IP, LS_CHANGE_KEY, 0) },
	[LS_NEIGHBOUR_PROXY] = { ATTR(proxy, LS_TYPE_BOOL, LS_CHANGE_KEY, LS_ATTR_OPTIONAL) },
	[LS_NEIGHBOUR_MAC] = { ATTR(mac, LS_TYPE_MAC, LS_CHANGE_LIVE, 0) },
	[LS_NEIGHBOUR_ROUTER] = { ATTR(router, LS_TYPE_BOOL, LS_CHANGE_LIVE, 0) },
	[LS_NEIGHBOUR_PROTOCOL] = { ATTR(protocol, LS_TYPE_U8, LS_CHANGE_INFO, 0) },
};

static const struct ls_neighbour *as_neighbour(const struct ls_object *object)
{
	return (const struct ls_neighbour *)object;
}

static int neighbour_compare(const struct ls_object *a, const struct ls_object *b)
{
	const struct ls_neighbour *x = as_neighbour(a), *y = as_neighbour(b);
	int order = x->dev == y->dev ? 0 : strcmp(x->dev, y->dev);

	if (!order)
		order = ls_order(x->proxy, y->proxy);
	return order ? order : memcmp(&x->address, &y->address, sizeof(x->address));
}

static void neighbour_describe(const struct ls_object *object, char *text, size_t size)
{
	const struct ls_neighbour *neighbour = as_neighbour(object);
	char address[LS_IP_TEXT_MAX];

	snprintf(text, size, "%s%s dev %s", neighbour->proxy ? "proxy " : "",
		ls_ip_format(&neighbour->address, address), neighbour->dev);
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

static void decode_details(struct ls_neighbour *neighbour, const struct ndmsg *info, const struct nlattr *const *tb)
{
	struct ls_object *object = &neighbour->object;

	if (info->ndm_flags & NTF_PROXY) {
		neighbour->proxy = 1;
		ls_object_set(object, LS_NEIGHBOUR_PROXY);
	} else if (ls_attr_length(tb[NDA_LLADDR]) == sizeof(neighbour->mac.bytes)) {
		memcpy(neighbour->mac.bytes, ls_attr_data(tb[NDA_LLADDR]), sizeof(neighbour->mac.bytes));
		ls_object_set(object, LS_NEIGHBOUR_MAC);
	}
	if (info->ndm_flags & NTF_ROUTER) {
		neighbour->router = 1;
		ls_object_set(object, LS_NEIGHBOUR_ROUTER);
	}
	neighbour->protocol = ls_attr_u8(tb[NDA_PROTOCOL]);
	ls_object_set(object, LS_NEIGHBOUR_PROTOCOL);
	object->owner = neighbour->protocol == LS_MARK_PROTOCOL ? LS_OWNER_OURS : LS_OWNER_FOREIGN;
}

int ls_neighbour_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	const struct ndmsg *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[NDA_PROTOCOL + 1];
	struct ls_neighbour *neighbour;
	const void *attrs;
	size_t length;

	if (message->nlmsg_type != RTM_NEWNEIGH || !ls_attrs_of(message, sizeof(*info), &attrs, &length) ||
		(info->ndm_family != AF_INET && info->ndm_family != AF_INET6) || info->ndm_ifindex <= 0 ||
		!(info->ndm_state & NUD_PERMANENT || info->ndm_flags & NTF_PROXY))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	neighbour = (struct ls_neighbour *)ls_object_new(dump->set->arena, &ls_kind_neighbour);
	if (!neighbour)
		return -ENOMEM;
	if (!ls_attr_ip(tb[NDA_DST], info->ndm_family, &neighbour->address))
		return 0;
	neighbour->dev = ls_dump_link(dump, (uint32_t)info->ndm_ifindex);
	if (!neighbour->dev)
		return -ENOMEM;
	ls_object_set(&neighbour->object, LS_NEIGHBOUR_DEV);
	ls_object_set(&neighbour->object, LS_NEIGHBOUR_ADDRESS);
	decode_details(neighbour, info, tb);
	if (neighbour->object.owner != LS_OWNER_OURS && ls_dump_keep_raw(dump, &neighbour->object, message) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &neighbour->object);
}

static int neighbour_dump(
	struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	static const struct ndmsg tables[] = {
		{ .ndm_family = AF_INET },
		{ .ndm_family = AF_INET, .ndm_flags = NTF_PROXY },
		{ .ndm_family = AF_INET6 },
		{ .ndm_family = AF_INET6, .ndm_flags = NTF_PROXY },
	};
	int r = 0;

	(void)scope;
	for (size_t i = 0; i < LS_ARRAY_SIZE(tables) && r >= 0; i++)
		r = ls_dump_all(kernel, RTM_GETNEIGH, &tables[i], sizeof(tables[i]), ls_neighbour_decode, ret, err);
	return r;
}

/* ---- encode ------------------------------------------------------------------------------------------------------ */

static int encode_message(struct ls_kernel *kernel, int type, int flags, const struct ls_neighbour *neighbour,
	bool mark, struct nl_msg **ret, struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, type, flags);
	struct ndmsg info = {
		.ndm_family = neighbour->address.family,
		.ndm_state = NUD_PERMANENT,
		.ndm_flags = (uint8_t)((neighbour->proxy ? NTF_PROXY : 0) | (neighbour->router ? NTF_ROUTER : 0)),
	};
	uint32_t index;
	int r;

	r = ls_kernel_require_link(kernel, neighbour->dev, &index, err);
	if (r < 0)
		return r;
	info.ndm_ifindex = (int)index;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put(message, NDA_DST, (int)ls_ip_size(info.ndm_family), neighbour->address.bytes) < 0 ||
		(mark && nla_put_u8(message, NDA_PROTOCOL, LS_MARK_PROTOCOL) < 0) ||
		(type == RTM_NEWNEIGH && ls_object_has(&neighbour->object, LS_NEIGHBOUR_MAC) &&
			nla_put(message, NDA_LLADDR, sizeof(neighbour->mac.bytes), neighbour->mac.bytes) < 0))
		return ls_message_too_long(&neighbour->object, err);
	*ret = message;
	return 0;
}

static int neighbour_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err)
{
	bool unmarked = have && have->owner == LS_OWNER_FOREIGN && !as_neighbour(have)->protocol;

	switch (op) {
	case LS_OP_ADD:
	case LS_OP_CHANGE:
	case LS_OP_REPLACE:
		return encode_message(
			kernel, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, as_neighbour(want), !unmarked, ret, err);
	case LS_OP_DELETE:
		return encode_message(kernel, RTM_DELNEIGH, 0, as_neighbour(have), false, ret, err);
	}
	return -EINVAL;
}

/* neigh_ifdown; neigh_changeaddr, which leaves proxies; inetdev_destroy with the last IPv4 address. */
static unsigned neighbour_lost_with(const struct ls_object *object)
{
	const struct ls_neighbour *neighbour = as_neighbour(object);
	unsigned with = LS_LOST_DOWN | (neighbour->proxy ? 0 : LS_LOST_MAC);

	return with | (neighbour->address.family == AF_INET6 ? LS_LOST_QUIET : LS_LOST_LAST_ADDRESS);
}

/* The kernel does not take a protocol away again (neigh_update): so one that has none gets none. */
static bool neighbour_keeps_mark(const struct ls_object *object)
{
	return !as_neighbour(object)->protocol;
}

const struct ls_kind ls_kind_neighbour = {
	.name = "neighbour",
	.id = LS_KIND_NEIGHBOUR,
	.rank = LS_RANK_NEIGHBOUR,
	.size = sizeof(struct ls_neighbour),
	.attrs = neighbour_attrs,
	.n_attrs = LS_ARRAY_SIZE(neighbour_attrs),
	.compare = neighbour_compare,
	.describe = neighbour_describe,
	.probe = ls_probe_always,
	.dump = neighbour_dump,
	.encode = neighbour_encode,
	.lost_with = neighbour_lost_with,
	.keeps_mark = neighbour_keeps_mark,
};
