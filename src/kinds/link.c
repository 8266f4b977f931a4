/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links. The kernel tells them apart by index; people and this program by name. A message that changes a link carries
 * the index where it is known, and the name where the link was made a moment ago. One RTM_NEWLINK sets several
 * attributes in turn and stops at the first that fails, keeping the ones before it.
 *
 * Mark: link group LS_MARK_LINK_GROUP, which the creating message itself carries, so there is no moment in which a link
 * of ours is unmarked. Only links of a type (IFLA_INFO_KIND) can be ours: hardware is nobody's making.
 *
 * New links are down: their sysctls are written next, and `up` follows in a step of its own. A link that is put back
 * after a crash asks for its old index, since routes with several next hops name links by index.
 *
 * A veth pair is two objects and one creation: the end whose name sorts first makes both and is the one to delete; the
 * other's add is a change of the link that is there by then (-ENODEV if the order was wrong), by name, and its delete
 * needs no message.
 */
#include "link_types.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define ATTR_OF(names, field, type, change, flags) #field, type, change, flags, offsetof(struct ls_link, field), names
#define ATTR(field, type, change, flags) ATTR_OF(NULL, field, type, change, flags)

/* Present always: name, mtu, index, up; and of a link's type: all of its row in link_types.c but addresses, which are
 * present where the link has one, as are type, master, parent, peer, mac and permanent_mac. `carrier` is present only
 * when true. */
static const struct ls_attr link_attrs[] = {
	[LS_LINK_NAME] = { ATTR(name, LS_TYPE_STRING, LS_CHANGE_KEY, 0) },
	[LS_LINK_TYPE] = { ATTR(type, LS_TYPE_STRING, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_MASTER] = { ATTR(master, LS_TYPE_LINK, LS_CHANGE_LIVE, 0) },
	[LS_LINK_PARENT] = { ATTR(parent, LS_TYPE_LINK, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_PEER] = { ATTR(peer, LS_TYPE_LINK, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_MTU] = { ATTR(mtu, LS_TYPE_U32, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_LINK_INDEX] = { ATTR(index, LS_TYPE_U32, LS_CHANGE_INFO, LS_ATTR_HIDDEN) },
	[LS_LINK_VLAN_ID] = { ATTR(vlan_id, LS_TYPE_U16, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_MAC] = { ATTR(mac, LS_TYPE_MAC, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_LINK_PERMANENT_MAC] = { ATTR(permanent_mac, LS_TYPE_MAC, LS_CHANGE_INFO, 0) },
	[LS_LINK_UP] = { ATTR(up, LS_TYPE_BOOL, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL | LS_ATTR_LATE) },
	[LS_LINK_CARRIER] = { ATTR(carrier, LS_TYPE_BOOL, LS_CHANGE_INFO, LS_ATTR_HIDDEN) },
	[LS_LINK_STP] = { ATTR(stp, LS_TYPE_BOOL, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_LINK_VNI] = { ATTR(vni, LS_TYPE_U32, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_LOCAL] = { ATTR(local, LS_TYPE_IP, LS_CHANGE_LIVE, 0) },
	[LS_LINK_REMOTE] = { ATTR(remote, LS_TYPE_IP, LS_CHANGE_LIVE, 0) },
	[LS_LINK_PORT] = { ATTR(port, LS_TYPE_U16, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_LEARNING] = { ATTR(learning, LS_TYPE_BOOL, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_LINK_TTL] = { ATTR(ttl, LS_TYPE_U8, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_LINK_TABLE] = { ATTR(table, LS_TYPE_U32, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_MACVLAN_MODE] = { ATTR_OF(
		ls_macvlan_mode_names, macvlan_mode, LS_TYPE_ENUM, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_LINK_BOND_MODE] = { ATTR_OF(ls_bond_mode_names, bond_mode, LS_TYPE_ENUM, LS_CHANGE_RECREATE, 0) },
	[LS_LINK_MIIMON] = { ATTR(miimon, LS_TYPE_U32, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_LINK_IF_ID] = { ATTR(if_id, LS_TYPE_U32, LS_CHANGE_RECREATE, 0) },
};

static const struct ls_link *as_link(const struct ls_object *object)
{
	return (const struct ls_link *)object;
}

static int link_compare(const struct ls_object *a, const struct ls_object *b)
{
	return strcmp(as_link(a)->name, as_link(b)->name);
}

static void link_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "%s", as_link(object)->name);
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

/* Types whose IFLA_LINK is the other end of a pair. For all others it is the link below. */
static bool is_pair(const char *type)
{
	static const char *const pairs[] = { "veth", "vxcan", "netkit" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(pairs); i++)
		if (!strcmp(type, pairs[i]))
			return true;
	return false;
}

static int decode_type(const struct ls_dump *dump, struct ls_link *link, const struct nlattr *const *info)
{
	const struct ls_link_type *type;
	const char *name;
	size_t length;

	name = ls_attr_text(info[IFLA_INFO_KIND], &length);
	if (length == 0)
		return 0;
	link->type = ls_dump_text(dump, name, length);
	if (!link->type)
		return -ENOMEM;
	ls_object_set(&link->object, LS_LINK_TYPE);
	type = ls_link_type_of(link);
	if (type && type->decode && info[IFLA_INFO_DATA])
		type->decode(link, ls_attr_data(info[IFLA_INFO_DATA]), ls_attr_length(info[IFLA_INFO_DATA]));
	return 0;
}

static void decode_mac(struct ls_link *link, unsigned attr, const struct nlattr *from, struct ls_mac *mac)
{
	if (ls_attr_length(from) != sizeof(mac->bytes))
		return;
	memcpy(mac->bytes, ls_attr_data(from), sizeof(mac->bytes));
	ls_object_set(&link->object, attr);
}

/* A bond lends its ports its own address; theirs is kept with it (bond_enslave, perm_hwaddr). */
static void decode_own_mac(struct ls_link *link, const struct nlattr *const *info)
{
	const struct nlattr *tb[IFLA_BOND_SLAVE_PERM_HWADDR + 1];
	size_t length;
	const char *kind = ls_attr_text(info[IFLA_INFO_SLAVE_KIND], &length);

	if (length != strlen("bond") || memcmp(kind, "bond", length) != 0 || !info[IFLA_INFO_SLAVE_DATA])
		return;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(info[IFLA_INFO_SLAVE_DATA]),
		ls_attr_length(info[IFLA_INFO_SLAVE_DATA]));
	decode_mac(link, LS_LINK_MAC, tb[IFLA_BOND_SLAVE_PERM_HWADDR], &link->mac);
}

static void decode_relations(struct ls_link *link, const struct nlattr *const *tb)
{
	uint32_t below = ls_attr_u32(tb[IFLA_LINK]);

	link->master = ls_link_pending(ls_attr_u32(tb[IFLA_MASTER]));
	/* With IFLA_LINK_NETNSID the number means a link of another namespace, also within IFLA_INFO_DATA. */
	if (tb[IFLA_LINK_NETNSID])
		link->parent = NULL;
	/* Tunnels name themselves at times. */
	if (tb[IFLA_LINK_NETNSID] || !below || below == link->index)
		return;
	if (ls_object_has(&link->object, LS_LINK_TYPE) && is_pair(link->type))
		link->peer = ls_link_pending(below);
	else
		link->parent = ls_link_pending(below);
}

static int decode_link(
	const struct ls_dump *dump, struct ls_link *link, const struct ifinfomsg *info, const struct nlattr *const *tb)
{
	const struct nlattr *type[IFLA_INFO_MAX + 1] = { NULL };
	struct ls_object *object = &link->object;
	uint32_t group = ls_attr_u32(tb[IFLA_GROUP]);

	if (tb[IFLA_LINKINFO])
		ls_attrs_parse(
			type, LS_ARRAY_SIZE(type), ls_attr_data(tb[IFLA_LINKINFO]), ls_attr_length(tb[IFLA_LINKINFO]));
	if (decode_type(dump, link, type) < 0)
		return -ENOMEM;
	link->index = (uint32_t)info->ifi_index;
	link->mtu = ls_attr_u32(tb[IFLA_MTU]);
	link->up = (info->ifi_flags & IFF_UP) != 0;
	ls_object_set(object, LS_LINK_INDEX);
	ls_object_set(object, LS_LINK_MTU);
	ls_object_set(object, LS_LINK_UP);
	if (info->ifi_flags & (1u << 16)) { /* IFF_LOWER_UP: net/if.h, which glibc's users include, lacks it */
		link->carrier = 1;
		ls_object_set(object, LS_LINK_CARRIER);
	}
	if (info->ifi_type == ARPHRD_ETHER) {
		decode_mac(link, LS_LINK_MAC, tb[IFLA_ADDRESS], &link->mac);
		decode_mac(link, LS_LINK_PERMANENT_MAC, tb[IFLA_PERM_ADDRESS], &link->permanent_mac);
		decode_own_mac(link, type);
	}
	decode_relations(link, tb);
	if (ls_object_has(object, LS_LINK_TYPE) && (group == LS_MARK_LINK_GROUP || ls_link_group_is_sweeping(group)))
		object->owner = LS_OWNER_OURS;
	return 0;
}

/* IFLA_AF_SPEC holds, for each family that has something to tell, an attribute of its number. */
static uint32_t decode_inet6_flags(const struct nlattr *specs)
{
	const struct nlattr *families[AF_INET6 + 1], *tb[IFLA_INET6_FLAGS + 1];

	ls_attrs_parse(families, LS_ARRAY_SIZE(families), ls_attr_data(specs), ls_attr_length(specs));
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(families[AF_INET6]), ls_attr_length(families[AF_INET6]));
	return ls_attr_u32(tb[IFLA_INET6_FLAGS]);
}

static void note_in_table(struct ls_dump *dump, const struct ls_link *link, const struct nlattr *const *tb)
{
	struct ls_link_entry *entry = &dump->kernel->links.entries[dump->kernel->links.n_entries - 1];

	entry->is_our_wireguard = link->object.owner == LS_OWNER_OURS && ls_link_is(link, "wireguard");
	entry->inet6_flags = decode_inet6_flags(tb[IFLA_AF_SPEC]);
}

int ls_link_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[IFLA_PERM_ADDRESS + 1];
	struct ls_link *link;
	const void *attrs;
	const char *name;
	size_t length;

	if (message->nlmsg_type != RTM_NEWLINK || !ls_attrs_of(message, sizeof(*info), &attrs, &length))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	name = ls_attr_text(tb[IFLA_IFNAME], &length);
	if (length == 0 || length >= IFNAMSIZ || info->ifi_index <= 0)
		return 0;
	link = (struct ls_link *)ls_object_new(dump->set->arena, &ls_kind_link);
	if (!link)
		return -ENOMEM;
	link->name = ls_dump_text(dump, name, length);
	if (!link->name || decode_link(dump, link, info, tb) < 0)
		return -ENOMEM;
	ls_object_set(&link->object, LS_LINK_NAME);
	if (ls_link_table_add(&dump->kernel->links, link->index, name, length) < 0)
		return -ENOMEM;
	note_in_table(dump, link, tb);
	return ls_set_add(dump->set, &link->object);
}

static int resolve(const struct ls_dump *dump, struct ls_object *object, unsigned attr, const char **name)
{
	uint32_t index = (uint32_t)(uintptr_t)*name;

	*name = NULL;
	if (index == 0)
		return 0;
	*name = ls_dump_link(dump, index);
	if (!*name)
		return -ENOMEM;
	ls_object_set(object, attr);
	return 0;
}

int ls_link_resolve(struct ls_dump *dump)
{
	if (ls_link_table_seal(&dump->kernel->links) < 0)
		return -ENOMEM;
	for (size_t i = dump->n_before; i < dump->set->n_objects; i++) {
		struct ls_link *link = (struct ls_link *)dump->set->objects[i];

		if (resolve(dump, &link->object, LS_LINK_MASTER, &link->master) < 0 ||
			resolve(dump, &link->object, LS_LINK_PARENT, &link->parent) < 0 ||
			resolve(dump, &link->object, LS_LINK_PEER, &link->peer) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int restart_links(void *data)
{
	struct ls_dump *dump = data;

	ls_dump_restart(dump);
	return ls_link_table_reset(&dump->kernel->links);
}

static int link_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	struct nl_msg *request = ls_tx_message(kernel->nl, RTM_GETLINK, 0);
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	struct ls_dump dump;
	int r;

	(void)scope;
	if (nlmsg_append(request, (void *)(uintptr_t)&all, sizeof(all), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return ls_error_set(err, -EMSGSIZE, "request does not fit");
	ls_dump_begin(&dump, kernel, ret);
	dump.decode = ls_link_decode;
	r = ls_link_table_reset(&kernel->links);
	if (r >= 0)
		r = ls_netlink_dump(kernel->nl, request, ls_dump_each, restart_links, &dump, err);
	if (r >= 0)
		r = ls_link_resolve(&dump);
	ls_dump_done(&dump);
	return r;
}

/* ---- encode ------------------------------------------------------------------------------------------------------ */

static bool makes_pair(const struct ls_link *link)
{
	return !ls_object_has(&link->object, LS_LINK_PEER) || strcmp(link->name, link->peer) < 0;
}

/* What can be said of a link that is being made as well as of one that is there. `bits`: which attributes. */
static int put_settings(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_link *want, uint32_t bits,
	struct ls_error *err)
{
	uint32_t master = 0;
	int r;

	if (bits & LS_BIT(LS_LINK_MASTER) && ls_object_has(&want->object, LS_LINK_MASTER)) {
		r = ls_kernel_require_link(kernel, want->master, &master, err);
		if (r < 0)
			return r;
	}
	if (bits & LS_BIT(LS_LINK_MAC))
		NLA_PUT(message, IFLA_ADDRESS, sizeof(want->mac.bytes), want->mac.bytes);
	if (bits & LS_BIT(LS_LINK_MTU))
		NLA_PUT_U32(message, IFLA_MTU, want->mtu);
	if (bits & LS_BIT(LS_LINK_MASTER))
		NLA_PUT_U32(message, IFLA_MASTER, master); /* 0: no port any more */
	return 0;

nla_put_failure:
	return ls_message_too_long(&want->object, err);
}

/* IFLA_LINKINFO: the type, and of its own attributes those in `bits`. `have`: NULL when the link is being made. */
static int put_type(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_link *want,
	const struct ls_link *have, uint32_t bits, struct ls_error *err)
{
	const char *name = have ? have->type : want->type;
	const struct ls_link_type *type = ls_link_type_by_name(name);
	struct nlattr *info, *data;
	uint32_t parent = 0;
	int r;

	if (type && type->inner_parent && bits & LS_BIT(LS_LINK_PARENT)) {
		r = ls_kernel_require_link(kernel, want->parent, &parent, err);
		if (r < 0)
			return r;
	}
	info = nla_nest_start(message, IFLA_LINKINFO);
	if (!info || nla_put_string(message, IFLA_INFO_KIND, name) < 0)
		return ls_message_too_long(&want->object, err);
	data = nla_nest_start(message, IFLA_INFO_DATA);
	if (!data || (type && type->put && type->put(message, want, have, bits, parent) < 0))
		return ls_message_too_long(&want->object, err);
	nla_nest_end(message, data); /* drops it when empty */
	nla_nest_end(message, info);
	return 0;
}

/* A message about a link: by index if one is given, else by name. */
static struct nl_msg *begin_message(
	struct ls_kernel *kernel, int type, int flags, struct ifinfomsg info, const char *name)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, type, flags);

	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return NULL;
	if (name && nla_put_string(message, IFLA_IFNAME, name) < 0)
		return NULL;
	return message;
}

static int check_complete(const struct ls_link *want, struct ls_error *err)
{
	const struct ls_link_type *type = ls_link_type_of(want);

	if (!ls_object_has(&want->object, LS_LINK_TYPE))
		return ls_error_set(
			err, -ENODEV, "there is no link '%s', and no type says how to make one", want->name);
	for (unsigned i = 0; type && i < LS_ARRAY_SIZE(link_attrs); i++)
		if (type->needs & LS_BIT(i) && !ls_object_has(&want->object, i))
			return ls_error_set(
				err, -EINVAL, "%s '%s' has no %s", type->name, want->name, link_attrs[i].name);
	return 0;
}

static int encode_create(
	struct ls_kernel *kernel, const struct ls_link *want, struct nl_msg **ret, struct ls_error *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	const struct ls_link_type *type = ls_link_type_of(want);
	uint32_t parent = 0, bits = want->object.set;
	struct nl_msg *message;
	int r;

	if (ls_object_has(&want->object, LS_LINK_PARENT) && !(type && type->inner_parent)) {
		r = ls_kernel_require_link(kernel, want->parent, &parent, err);
		if (r < 0)
			return r;
	}
	if (bits & LS_BIT(LS_LINK_INDEX))
		info.ifi_index = (int)want->index;
	message = begin_message(kernel, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, info, want->name);
	if (!message)
		return ls_message_too_long(&want->object, err);
	r = put_settings(kernel, message, want, bits, err);
	if (r < 0)
		return r;
	if (nla_put_u32(message, IFLA_GROUP, LS_MARK_LINK_GROUP) < 0 ||
		(parent && nla_put_u32(message, IFLA_LINK, parent) < 0))
		return ls_message_too_long(&want->object, err);
	r = put_type(kernel, message, want, NULL, bits, err);
	if (r >= 0)
		*ret = message;
	return r;
}

/* What every link can change in place. */
#define SETTABLE (LS_BIT(LS_LINK_MAC) | LS_BIT(LS_LINK_MTU) | LS_BIT(LS_LINK_MASTER) | LS_BIT(LS_LINK_UP))

/* Sets `bits` of a link that exists, or that a message before this one makes (then `have` is NULL). */
static int encode_set(struct ls_kernel *kernel, const struct ls_link *want, const struct ls_link *have, uint32_t bits,
	struct nl_msg **ret, struct ls_error *err)
{
	uint32_t index = ls_kernel_link_index(kernel, want->name);
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct nl_msg *message;
	int r;

	/* A bond refuses a link that is up and brings it up itself; which of the two the kernel would do first differs
	 * between versions (do_setlink). Of other masters' ports, up comes later, in a message of its own. */
	if (bits & LS_BIT(LS_LINK_UP) && !(want->up && bits & LS_BIT(LS_LINK_MASTER))) {
		info.ifi_change = IFF_UP;
		info.ifi_flags = want->up ? IFF_UP : 0;
	}
	message = begin_message(kernel, RTM_NEWLINK, 0, info, index ? NULL : want->name);
	if (!message)
		return ls_message_too_long(&want->object, err);
	r = put_settings(kernel, message, want, bits, err);
	if (r < 0)
		return r;
	if (bits & ~SETTABLE)
		r = put_type(kernel, message, want, have, bits & ~SETTABLE, err);
	if (r >= 0)
		*ret = message;
	return r;
}

static int encode_add(struct ls_kernel *kernel, const struct ls_link *want, struct nl_msg **ret, struct ls_error *err)
{
	uint32_t bits = want->object.set & SETTABLE & ~LS_BIT(LS_LINK_UP);
	int r;

	r = check_complete(want, err);
	if (r < 0)
		return r;
	if (makes_pair(want))
		return encode_create(kernel, want, ret, err);
	if (bits)
		return encode_set(kernel, want, NULL, bits, ret, err);
	*ret = NULL;
	return 0;
}

static int encode_change(struct ls_kernel *kernel, const struct ls_link *have, const struct ls_link *want,
	struct nl_msg **ret, struct ls_error *err)
{
	const struct ls_link_type *type = ls_link_type_of(have);
	uint32_t bits = ls_object_diff(&want->object, &have->object) & (SETTABLE | (type ? type->attrs : 0));

	if (bits)
		return encode_set(kernel, want, have, bits, ret, err);
	*ret = NULL;
	return 0;
}

static int encode_delete(
	struct ls_kernel *kernel, const struct ls_link *have, struct nl_msg **ret, struct ls_error *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *message = NULL;
	uint32_t index;
	int r;

	if (!ls_link_is(have, "veth") || makes_pair(have)) {
		r = ls_kernel_require_link(kernel, have->name, &index, err);
		if (r < 0)
			return r;
		info.ifi_index = (int)index;
		message = begin_message(kernel, RTM_DELLINK, 0, info, NULL);
		if (!message)
			return ls_message_too_long(&have->object, err);
	}
	*ret = message;
	return 0;
}

static int link_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err)
{
	switch (op) {
	case LS_OP_ADD:
		return encode_add(kernel, as_link(want), ret, err);
	case LS_OP_CHANGE:
	case LS_OP_REPLACE:
		return encode_change(kernel, as_link(have), as_link(want), ret, err);
	case LS_OP_DELETE:
		return encode_delete(kernel, as_link(have), ret, err);
	}
	return -EINVAL;
}

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

static enum ls_change link_change(const struct ls_object *want, const struct ls_object *have, uint32_t bits)
{
	const struct ls_link_type *type = ls_link_type_of(as_link(have));

	if (type && type->change && !(bits & LS_BIT(LS_LINK_TYPE)))
		return type->change(as_link(want), as_link(have), bits);
	return ls_object_change(want->kind, bits);
}

static uint32_t link_after_creation(const struct ls_object *want)
{
	const struct ls_link_type *type = ls_link_type_of(as_link(want));

	bool late = type && type->late_mtu && (!type->inner_parent || ls_object_has(want, LS_LINK_PARENT));

	return late ? LS_BIT(LS_LINK_MTU) : 0;
}

/* A tunnel, or a vxlan, takes its port when it comes up. */
static const char *link_explain(enum ls_op op, int code)
{
	if (op == LS_OP_ADD && code == -EEXIST)
		return "somebody else has made it in the meantime, or a link that has its VLAN id, VNI or if_id";
	return code == -EADDRINUSE ? "the UDP port that it needs is somebody else's (`ss -lunp` tells whose)" : NULL;
}

const struct ls_kind ls_kind_link = {
	.name = "link",
	.id = LS_KIND_LINK,
	.rank = LS_RANK_LINK,
	.late_rank = LS_RANK_LINK_UP,
	.size = sizeof(struct ls_link),
	.attrs = link_attrs,
	.n_attrs = LS_ARRAY_SIZE(link_attrs),
	.compare = link_compare,
	.change = link_change,
	.after_creation = link_after_creation,
	.describe = link_describe,
	.probe = ls_link_probe,
	.dump = link_dump,
	.encode = link_encode,
	.explain = link_explain,
	.sweep = ls_link_sweep,
};
