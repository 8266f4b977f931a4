/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of links. IPv4 and IPv6 differ in what they call the same address: IPv4 goes by link, local address, prefix
 * length and the network of the other end (so one local address can have several peers), IPv6 by link and address
 * alone.
 *
 * Mark: IFA_PROTO, kept by kernels from 5.18 on. The same field tells what the kernel made by itself: loopback, router
 * advertisements, link-local; kernels before need a guess by shape. RTM_NEWADDR with NLM_F_REPLACE rewrites the
 * lifetimes; of IPv4 addresses not the flags (noprefixroute is silently left as it was, 6.1 and 6.18), hence RECREATE,
 * and not always the mark (6.18 does, 6.1 does not); it makes the address where it is missing, whether or not
 * NLM_F_CREATE is there. Deletes ignore the mark altogether, so they name all that tells the address from others.
 */
#include "driver.h"

#include <stdio.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define ATTR(field, type, change, flags) #field, type, change, flags, offsetof(struct ls_address, field), NULL

const char *const ls_scope_names[] = { "global", "site", "link", "host", "nowhere", NULL };

/* Present always: dev, address, prefix_length; IPv4: scope. `peer` is present where it is not the address itself;
 * booleans are present only when true. IPv6 scopes follow from the address and are left unset. */
static const struct ls_attr address_attrs[] = {
	[LS_ADDRESS_DEV] = { ATTR(dev, LS_TYPE_LINK, LS_CHANGE_KEY, 0) },
	[LS_ADDRESS_ADDRESS] = { ATTR(address, LS_TYPE_IP, LS_CHANGE_KEY, 0) },
	[LS_ADDRESS_PREFIX_LENGTH] = { ATTR(prefix_length, LS_TYPE_U8, LS_CHANGE_RECREATE, 0) },
	[LS_ADDRESS_PEER] = { ATTR(peer, LS_TYPE_IP, LS_CHANGE_RECREATE, 0) },
	[LS_ADDRESS_SCOPE] = { "scope", LS_TYPE_ENUM, LS_CHANGE_RECREATE, 0, offsetof(struct ls_address, scope),
		ls_scope_names },
	[LS_ADDRESS_DYNAMIC] = { ATTR(dynamic, LS_TYPE_BOOL, LS_CHANGE_LIVE, 0) },
	[LS_ADDRESS_NOPREFIXROUTE] = { ATTR(noprefixroute, LS_TYPE_BOOL, LS_CHANGE_RECREATE, LS_ATTR_OPTIONAL) },
	[LS_ADDRESS_TENTATIVE] = { ATTR(tentative, LS_TYPE_BOOL, LS_CHANGE_INFO, LS_ATTR_HIDDEN) },
	[LS_ADDRESS_DADFAILED] = { ATTR(dadfailed, LS_TYPE_BOOL, LS_CHANGE_INFO, LS_ATTR_HIDDEN) },
	[LS_ADDRESS_SECONDARY] = { ATTR(secondary, LS_TYPE_BOOL, LS_CHANGE_INFO, 0) },
	[LS_ADDRESS_DEPRECATED] = { ATTR(deprecated, LS_TYPE_BOOL, LS_CHANGE_LIVE, 0) },
};

static const struct ls_address *as_address(const struct ls_object *object)
{
	return (const struct ls_address *)object;
}

/* The prefix that IFA_ADDRESS and the length stand for. */
static struct ls_prefix far_network(const struct ls_address *address)
{
	bool has_peer = ls_object_has(&address->object, LS_ADDRESS_PEER);

	return ls_prefix_network((struct ls_prefix){
		.ip = has_peer ? address->peer : address->address, .length = address->prefix_length });
}

static int address_compare(const struct ls_object *a, const struct ls_object *b)
{
	const struct ls_address *x = as_address(a), *y = as_address(b);
	struct ls_prefix p, q;
	int order;

	order = strcmp(x->dev, y->dev);
	if (!order)
		order = ls_order(x->address.family, y->address.family);
	if (!order)
		order = memcmp(x->address.bytes, y->address.bytes, sizeof(x->address.bytes));
	if (order || x->address.family != AF_INET)
		return order;
	p = far_network(x);
	q = far_network(y);
	order = ls_order(p.length, q.length);
	return order ? order : memcmp(p.ip.bytes, q.ip.bytes, sizeof(p.ip.bytes));
}

static void address_describe(const struct ls_object *object, char *text, size_t size)
{
	const struct ls_address *address = as_address(object);
	char ip[LS_IP_TEXT_MAX], peer[LS_IP_TEXT_MAX];

	ls_ip_format(&address->address, ip);
	if (ls_object_has(object, LS_ADDRESS_PEER))
		snprintf(text, size, "%s peer %s/%u dev %s", ip, ls_ip_format(&address->peer, peer),
			address->prefix_length, address->dev);
	else
		snprintf(text, size, "%s/%u dev %s", ip, address->prefix_length, address->dev);
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

static const uint8_t scopes[] = {
	[LS_SCOPE_GLOBAL] = RT_SCOPE_UNIVERSE,
	[LS_SCOPE_SITE] = RT_SCOPE_SITE,
	[LS_SCOPE_LINK] = RT_SCOPE_LINK,
	[LS_SCOPE_HOST] = RT_SCOPE_HOST,
	[LS_SCOPE_NOWHERE] = RT_SCOPE_NOWHERE,
};

uint8_t ls_scope_to_kernel(uint8_t scope)
{
	return scope < LS_ARRAY_SIZE(scopes) ? scopes[scope] : (uint8_t)RT_SCOPE_UNIVERSE;
}

uint8_t ls_scope_from_kernel(uint8_t scope)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(scopes); i++)
		if (scopes[i] == scope)
			return (uint8_t)i;
	return LS_SCOPE_GLOBAL; /* user-defined scopes: nobody's */
}

static bool is_loopback(const struct ls_address *address, uint32_t index)
{
	static const uint8_t v4[16] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
	bool is_v4 = address->address.family == AF_INET;

	return index == 1 && address->prefix_length == (is_v4 ? 8 : 128) &&
	       !memcmp(address->address.bytes, is_v4 ? v4 : v6, sizeof(v4));
}

static bool is_automatic_link_local(const struct ls_address *address)
{
	static const uint8_t start[8] = { 0xfe, 0x80 };

	return address->address.family == AF_INET6 && address->prefix_length == 64 &&
	       !memcmp(address->address.bytes, start, sizeof(start));
}

static enum ls_owner owner_of(const struct ls_dump *dump, const struct ls_address *address, uint32_t index,
	uint32_t flags, const struct nlattr *protocol)
{
	const uint32_t autoconf = IFA_F_MANAGETEMPADDR | IFA_F_TEMPORARY;

	if (is_loopback(address, index))
		return LS_OWNER_DERIVED; /* IPv4's has no IFA_PROTO (6.18) */
	switch (ls_attr_u8(protocol)) {
	case LS_MARK_PROTOCOL:
		return LS_OWNER_OURS;
	case IFAPROT_KERNEL_LO:
	case IFAPROT_KERNEL_RA:
	case IFAPROT_KERNEL_LL:
		return LS_OWNER_DERIVED;
	}
	if (address->address.family == AF_INET6 && !(flags & IFA_F_PERMANENT) && flags & autoconf)
		return LS_OWNER_DERIVED;
	if (!dump->kernel->address_protocol && flags & IFA_F_PERMANENT && is_automatic_link_local(address))
		return LS_OWNER_DERIVED;
	return LS_OWNER_FOREIGN;
}

static void set_if(struct ls_object *object, unsigned attr, uint8_t *field, bool value)
{
	*field = value;
	if (value)
		ls_object_set(object, attr);
}

static void decode_flags(struct ls_address *address, uint32_t flags)
{
	struct ls_object *object = &address->object;
	bool is_v4 = address->address.family == AF_INET;

	set_if(object, LS_ADDRESS_DYNAMIC, &address->dynamic, !(flags & IFA_F_PERMANENT));
	set_if(object, LS_ADDRESS_NOPREFIXROUTE, &address->noprefixroute, flags & IFA_F_NOPREFIXROUTE);
	set_if(object, LS_ADDRESS_TENTATIVE, &address->tentative, flags & IFA_F_TENTATIVE);
	set_if(object, LS_ADDRESS_DADFAILED, &address->dadfailed, flags & IFA_F_DADFAILED);
	/* Those with a lifetime become so by and by. */
	set_if(object, LS_ADDRESS_DEPRECATED, &address->deprecated,
		flags & IFA_F_PERMANENT && flags & IFA_F_DEPRECATED);
	/* The same bit means a temporary address (RFC 8981) in IPv6. */
	set_if(object, LS_ADDRESS_SECONDARY, &address->secondary, is_v4 && flags & IFA_F_SECONDARY);
}

static bool decode_ends(struct ls_address *address, uint8_t family, const struct nlattr *const *tb)
{
	struct ls_ip far;
	bool has_far;

	memset(&far, 0, sizeof(far));
	has_far = ls_attr_ip(tb[IFA_ADDRESS], family, &far);
	if (!ls_attr_ip(tb[IFA_LOCAL], family, &address->address)) {
		address->address = far;
		return has_far;
	}
	if (has_far && memcmp(&far, &address->address, sizeof(far)) != 0) {
		address->peer = far;
		ls_object_set(&address->object, LS_ADDRESS_PEER);
	}
	return true;
}

static int finish_address(const struct ls_dump *dump, struct ls_address *address, const struct ifaddrmsg *info,
	const struct nlattr *const *tb, const struct nlmsghdr *message)
{
	struct ls_object *object = &address->object;
	uint32_t flags = tb[IFA_FLAGS] ? ls_attr_u32(tb[IFA_FLAGS]) : info->ifa_flags;

	address->dev = ls_dump_link(dump, info->ifa_index);
	if (!address->dev)
		return -ENOMEM;
	address->prefix_length = info->ifa_prefixlen;
	ls_object_set(object, LS_ADDRESS_DEV);
	ls_object_set(object, LS_ADDRESS_ADDRESS);
	ls_object_set(object, LS_ADDRESS_PREFIX_LENGTH);
	if (info->ifa_family == AF_INET) {
		address->scope = ls_scope_from_kernel(info->ifa_scope);
		ls_object_set(object, LS_ADDRESS_SCOPE);
	}
	decode_flags(address, flags);
	dump->kernel->hides_marks |= !dump->kernel->address_protocol;
	object->owner = (uint8_t)owner_of(dump, address, info->ifa_index, flags, tb[IFA_PROTO]);
	return object->owner == LS_OWNER_OURS ? 0 : ls_dump_keep_raw(dump, object, message);
}

int ls_address_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[IFA_PROTO + 1];
	struct ls_address *address;
	const void *attrs;
	size_t length;

	if (message->nlmsg_type != RTM_NEWADDR || !ls_attrs_of(message, sizeof(*info), &attrs, &length))
		return 0;
	if ((info->ifa_family != AF_INET && info->ifa_family != AF_INET6) || info->ifa_index == 0 ||
		info->ifa_prefixlen > ls_ip_bits(info->ifa_family))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	address = (struct ls_address *)ls_object_new(dump->set->arena, &ls_kind_address);
	if (!address)
		return -ENOMEM;
	if (!decode_ends(address, info->ifa_family, tb))
		return 0;
	if (finish_address(dump, address, info, tb, message) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &address->object);
}

static int address_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return ls_dump_families(kernel, RTM_GETADDR, sizeof(struct ifaddrmsg), ls_address_decode, ret, err);
}

/* ---- encode ------------------------------------------------------------------------------------------------------ */

/* Without IFA_CACHEINFO both families take the lifetimes as infinite. An address that is preferred for no time at all
 * is deprecated. */
static int put_address(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_address *address, bool full)
{
	const struct ifa_cacheinfo deprecated = { .ifa_prefered = 0, .ifa_valid = UINT32_MAX };
	bool has_peer = ls_object_has(&address->object, LS_ADDRESS_PEER);
	const struct ls_ip *far = has_peer ? &address->peer : &address->address;
	int size = (int)ls_ip_size(address->address.family);

	NLA_PUT(message, IFA_LOCAL, size, address->address.bytes);
	NLA_PUT(message, IFA_ADDRESS, size, far->bytes);
	if (!full)
		return 0;
	if (kernel->address_protocol)
		NLA_PUT_U8(message, IFA_PROTO, LS_MARK_PROTOCOL);
	if (address->noprefixroute)
		NLA_PUT_U32(message, IFA_FLAGS, IFA_F_NOPREFIXROUTE);
	if (address->deprecated)
		NLA_PUT(message, IFA_CACHEINFO, sizeof(deprecated), &deprecated);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

static int encode_message(struct ls_kernel *kernel, int type, int flags, const struct ls_address *address,
	struct nl_msg **ret, struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, type, flags);
	struct ifaddrmsg info = { .ifa_family = address->address.family, .ifa_prefixlen = address->prefix_length };
	int r;

	r = ls_kernel_require_link(kernel, address->dev, &info.ifa_index, err);
	if (r < 0)
		return r;
	if (ls_object_has(&address->object, LS_ADDRESS_SCOPE))
		info.ifa_scope = ls_scope_to_kernel(address->scope);
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		put_address(kernel, message, address, type == RTM_NEWADDR) < 0)
		return ls_message_too_long(&address->object, err);
	*ret = message;
	return 0;
}

static int address_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err)
{
	switch (op) {
	case LS_OP_ADD:
		return encode_message(kernel, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, as_address(want), ret, err);
	case LS_OP_CHANGE:
	case LS_OP_REPLACE:
		return encode_message(kernel, RTM_NEWADDR, NLM_F_REPLACE, as_address(want), ret, err);
	case LS_OP_DELETE:
		return encode_message(kernel, RTM_DELADDR, 0, as_address(have), ret, err);
	}
	return -EINVAL;
}

/* Before 5.18. */
static void address_claim(struct ls_kernel *kernel, const struct ls_object *made, struct ls_set *actual)
{
	struct ls_object *found = kernel->address_protocol ? NULL : ls_set_find(actual, made);

	if (found && !ls_object_diff(made, found))
		found->owner = LS_OWNER_OURS;
}

/* addrconf_ifdown; IPv4 addresses stay. */
static unsigned address_lost_with(const struct ls_object *object)
{
	return as_address(object)->address.family == AF_INET6 ? LS_LOST_DOWN | LS_LOST_QUIET : 0;
}

static bool address_valid(const struct ls_object *object)
{
	const struct ls_address *address = (const struct ls_address *)object;

	return !ls_object_has(object, LS_ADDRESS_PREFIX_LENGTH) ||
	       address->prefix_length <= ls_ip_bits(address->address.family);
}

const struct ls_kind ls_kind_address = {
	.name = "address",
	.id = LS_KIND_ADDRESS,
	.rank = LS_RANK_ADDRESS,
	.size = sizeof(struct ls_address),
	.attrs = address_attrs,
	.n_attrs = LS_ARRAY_SIZE(address_attrs),
	.compare = address_compare,
	.valid = address_valid,
	.describe = address_describe,
	.probe = ls_probe_always,
	.dump = address_dump,
	.encode = address_encode,
	.claim = address_claim,
	.lost_with = address_lost_with,
};
