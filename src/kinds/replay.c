/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting foreign objects back: the message with which the kernel showed the object goes back as a
 * request, so that nothing is lost which the model has no word for (encapsulation, metrics, next hops, labels). Not all
 * that the kernel shows is taken back: state (dead, offloaded, tentative), ages, and what a nexthop object implies have
 * to go; a remaining lifetime goes on from where it was. Links are looked up by name again, since their indexes may
 * have changed.
 *
 * Routes are added with NLM_F_APPEND rather than NLM_F_EXCL: siblings go back beside one another in their old order,
 * and one that is still there is EEXIST all the same (both families compare next hops). Nothing is overwritten by it.
 */
#include "driver.h"

#include <net/if.h>

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define INFINITE UINT32_MAX
#define TICKS_PER_SECOND 100u /* USER_HZ: the unit of rta_expires */

static int copy_attr(struct nl_msg *message, const struct nlattr *attr)
{
	return nla_put(message, attr->nla_type, (int)ls_attr_length(attr), ls_attr_data(attr));
}

static int copy_attrs(struct nl_msg *message, const struct nlattr *const *tb, const uint8_t *types, size_t n_types)
{
	for (size_t i = 0; i < n_types; i++)
		if (tb[types[i]] && copy_attr(message, tb[types[i]]) < 0)
			return -EMSGSIZE;
	return 0;
}

/* The header and the attributes of the message that was kept. */
static int read_kept(const struct ls_object *object, void *header, size_t size, const struct nlattr **tb, unsigned n,
	struct ls_error *err)
{
	const void *attrs;
	size_t length;

	if (!ls_attrs_of(object->raw, size, &attrs, &length)) {
		ls_error_set(err, -EBADMSG, "the message kept is too short");
		return -EBADMSG; /* the static analyser does not know that ls_error_set returns it */
	}
	memcpy(header, (const uint8_t *)object->raw + NLMSG_HDRLEN, size);
	ls_attrs_parse(tb, n, attrs, length);
	return 0;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static bool has_lifetime(const struct nlattr *attr)
{
	const struct ifa_cacheinfo *cache;

	if (!attr || ls_attr_length(attr) < sizeof(*cache))
		return false;
	cache = ls_attr_data(attr);
	return cache->ifa_prefered != INFINITE || cache->ifa_valid != INFINITE;
}

static int replay_address(
	struct ls_kernel *kernel, struct nl_msg *message, const struct ls_object *object, struct ls_error *err)
{
	const struct ls_address *address = (const struct ls_address *)object;
	/* The others are states, or the kernel's to set. */
	const uint32_t settable = IFA_F_NODAD | IFA_F_OPTIMISTIC | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
				  IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
	static const uint8_t kept[] = { IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_RT_PRIORITY, IFA_PROTO };
	const struct nlattr *tb[IFA_PROTO + 1];
	struct ifaddrmsg info;
	int r = read_kept(object, &info, sizeof(info), tb, LS_ARRAY_SIZE(tb), err);

	if (r < 0)
		return r;
	info.ifa_flags = 0;
	r = ls_kernel_require_link(kernel, address->dev, &info.ifa_index, err);
	if (r < 0)
		return r;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		copy_attrs(message, tb, kept, LS_ARRAY_SIZE(kept)) < 0 ||
		nla_put_u32(message, IFA_FLAGS, ls_attr_u32(tb[IFA_FLAGS]) & settable) < 0 ||
		(has_lifetime(tb[IFA_CACHEINFO]) && copy_attr(message, tb[IFA_CACHEINFO]) < 0))
		return ls_message_too_long(object, err);
	return 0;
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

/* The link of a hop of the message: that of the object's hop which is otherwise the same (those are sorted, the
 * message's are not). */
static const char *link_of_hop(const struct ls_hops *hops, const struct rtnexthop *hop, bool *used)
{
	const struct nlattr *tb[RTA_VIA + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), hop + 1, hop->rtnh_len - sizeof(*hop));
	for (size_t i = 0; i < hops->n; i++) {
		const struct ls_hop *known = &hops->hops[i];
		const struct nlattr *via = tb[RTA_GATEWAY] ? tb[RTA_GATEWAY] : tb[RTA_VIA];
		size_t size = ls_ip_size(known->via.family), length = ls_attr_length(via);

		if (used[i] || known->weight != hop->rtnh_hops + 1u || length < size || (length != 0) != (size != 0) ||
			(size && memcmp((const uint8_t *)ls_attr_data(via) + length - size, known->via.bytes, size) !=
					 0))
			continue;
		used[i] = true;
		return known->dev;
	}
	return NULL;
}

#define HOPS_MAX 256u

/* Next hops in place: states cleared, links by their names. */
static int renew_nexthops(
	struct ls_kernel *kernel, uint8_t *at, size_t left, const struct ls_hops *hops, struct ls_error *err)
{
	bool used[HOPS_MAX] = { false };
	const char *name;
	uint32_t index;
	int r;

	while (left >= sizeof(struct rtnexthop) && hops->n <= HOPS_MAX) {
		struct rtnexthop *hop = (void *)at;
		size_t step = (hop->rtnh_len + 3u) & ~(size_t)3u;

		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
			return ls_error_set(err, -EBADMSG, "the message kept is broken");
		hop->rtnh_flags &= RTNH_F_ONLINK;
		name = hop->rtnh_ifindex > 0 ? link_of_hop(hops, hop, used) : NULL;
		if (name) {
			r = ls_kernel_require_link(kernel, name, &index, err);
			if (r < 0)
				return r;
			hop->rtnh_ifindex = (int)index;
		}
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return 0;
}

static int replay_nexthops(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_route *route,
	const struct nlattr *multipath, struct ls_error *err)
{
	struct nlattr *copy = nla_reserve(message, multipath->nla_type, (int)ls_attr_length(multipath));

	if (!copy)
		return ls_message_too_long(&route->object, err);
	memcpy(nla_data(copy), ls_attr_data(multipath), ls_attr_length(multipath));
	return renew_nexthops(kernel, nla_data(copy), ls_attr_length(multipath), &route->hops, err);
}

/* Where the route leads. A nexthop object says all of it, and the kernel refuses both together. */
static int replay_way(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_route *route,
	const struct nlattr *const *tb, struct ls_error *err)
{
	static const uint8_t kept[] = { RTA_GATEWAY, RTA_VIA, RTA_FLOW, RTA_ENCAP_TYPE, RTA_ENCAP };
	uint32_t index;
	int r;

	if (tb[RTA_NH_ID])
		return copy_attr(message, tb[RTA_NH_ID]) < 0 ? ls_message_too_long(&route->object, err) : 0;
	if (ls_object_has(&route->object, LS_ROUTE_DEV)) {
		r = ls_kernel_require_link(kernel, route->dev, &index, err);
		if (r < 0)
			return r;
		if (nla_put_u32(message, RTA_OIF, index) < 0)
			return ls_message_too_long(&route->object, err);
	}
	if (copy_attrs(message, tb, kept, LS_ARRAY_SIZE(kept)) < 0)
		return ls_message_too_long(&route->object, err);
	return tb[RTA_MULTIPATH] ? replay_nexthops(kernel, message, route, tb[RTA_MULTIPATH], err) : 0;
}

/* The kernel shows what is left in ticks and takes it in seconds. */
static int put_expiry(struct nl_msg *message, const struct nlattr *attr)
{
	const struct rta_cacheinfo *cache;

	if (!attr || ls_attr_length(attr) < sizeof(*cache))
		return 0;
	cache = ls_attr_data(attr);
	if (cache->rta_expires <= 0)
		return 0;
	return nla_put_u32(message, RTA_EXPIRES, (uint32_t)cache->rta_expires / TICKS_PER_SECOND + 1);
}

static int replay_route(
	struct ls_kernel *kernel, struct nl_msg *message, const struct ls_object *object, struct ls_error *err)
{
	static const uint8_t kept[] = { RTA_DST, RTA_SRC, RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS, RTA_TABLE, RTA_PREF };
	const struct nlattr *tb[RTA_MAX + 1];
	struct rtmsg info;
	int r = read_kept(object, &info, sizeof(info), tb, LS_ARRAY_SIZE(tb), err);

	if (r < 0)
		return r;
	info.rtm_flags &= RTNH_F_ONLINK;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		copy_attrs(message, tb, kept, LS_ARRAY_SIZE(kept)) < 0 || put_expiry(message, tb[RTA_CACHEINFO]) < 0)
		return ls_message_too_long(object, err);
	return replay_way(kernel, message, (const struct ls_route *)object, tb, err);
}

/* ---- neighbours and nexthop objects ------------------------------------------------------------------------------ */

static int replay_neighbour(
	struct ls_kernel *kernel, struct nl_msg *message, const struct ls_object *object, struct ls_error *err)
{
	static const uint8_t kept[] = { NDA_DST, NDA_LLADDR, NDA_PROTOCOL };
	const struct nlattr *tb[NDA_PROTOCOL + 1];
	struct ndmsg info;
	uint32_t index;
	int r = read_kept(object, &info, sizeof(info), tb, LS_ARRAY_SIZE(tb), err);

	if (r < 0)
		return r;
	r = ls_kernel_require_link(kernel, ((const struct ls_neighbour *)object)->dev, &index, err);
	if (r < 0)
		return r;
	info.ndm_ifindex = (int)index;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		copy_attrs(message, tb, kept, LS_ARRAY_SIZE(kept)) < 0)
		return ls_message_too_long(object, err);
	return 0;
}

/* The kernel shows encapsulations without the flag, and demands it from those who ask for a nexthop. */
static int copy_nest(struct nl_msg *message, const struct nlattr *attr)
{
	if (!attr)
		return 0;
	return nla_put(message, attr->nla_type | NLA_F_NESTED, (int)ls_attr_length(attr), ls_attr_data(attr));
}

/* What the kernel tells of a resilient group, less what it does not take: unbalanced_time. */
static int copy_resilience(struct nl_msg *message, const struct nlattr *group)
{
	static const uint8_t kept[] = { NHA_RES_GROUP_BUCKETS, NHA_RES_GROUP_IDLE_TIMER,
		NHA_RES_GROUP_UNBALANCED_TIMER };
	const struct nlattr *tb[NHA_RES_GROUP_UNBALANCED_TIMER + 1];
	struct nlattr *nest;

	if (!group)
		return 0;
	nest = nla_nest_start(message, NHA_RES_GROUP);
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(group), ls_attr_length(group));
	if (!nest || copy_attrs(message, tb, kept, LS_ARRAY_SIZE(kept)) < 0)
		return -EMSGSIZE;
	nla_nest_end(message, nest);
	return 0;
}

static int replay_nexthop(
	struct ls_kernel *kernel, struct nl_msg *message, const struct ls_object *object, struct ls_error *err)
{
	static const uint8_t kept[] = { NHA_ID, NHA_GROUP, NHA_GROUP_TYPE, NHA_BLACKHOLE, NHA_GATEWAY, NHA_ENCAP_TYPE,
		NHA_FDB };
	const struct nlattr *tb[NHA_RES_GROUP + 1];
	struct nhmsg info;
	uint32_t index;
	int r = read_kept(object, &info, sizeof(info), tb, LS_ARRAY_SIZE(tb), err);

	if (r < 0)
		return r;
	info.nh_flags &= RTNH_F_ONLINK;
	info.nh_scope = 0; /* told, not taken */
	info.nh_family = tb[NHA_GROUP] ? AF_UNSPEC : info.nh_family;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		copy_attrs(message, tb, kept, LS_ARRAY_SIZE(kept)) < 0 || copy_nest(message, tb[NHA_ENCAP]) < 0 ||
		copy_resilience(message, tb[NHA_RES_GROUP]) < 0)
		return ls_message_too_long(object, err);
	if (!ls_object_has(object, LS_NEXTHOP_DEV))
		return 0;
	r = ls_kernel_require_link(kernel, ((const struct ls_nexthop *)object)->dev, &index, err);
	if (r < 0)
		return r;
	return nla_put_u32(message, NHA_OIF, index) < 0 ? ls_message_too_long(object, err) : 0;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

/* `add`: flags beside CREATE. Routes: siblings go back beside one another. */
static const struct replay {
	const struct ls_kind *kind;
	uint16_t type, add;
	int (*write)(
		struct ls_kernel *kernel, struct nl_msg *message, const struct ls_object *object, struct ls_error *err);
} replays[] = {
	{ &ls_kind_address, RTM_NEWADDR, NLM_F_EXCL, replay_address },
	{ &ls_kind_route, RTM_NEWROUTE, NLM_F_APPEND, replay_route },
	{ &ls_kind_neighbour, RTM_NEWNEIGH, NLM_F_REPLACE, replay_neighbour },
	{ &ls_kind_nexthop, RTM_NEWNEXTHOP, NLM_F_EXCL, replay_nexthop },
};

/* The message may come from a file. */
static bool is_whole(const struct ls_object *object, int type)
{
	const struct nlmsghdr *raw = object->raw;

	return object->raw_length >= NLMSG_HDRLEN && raw->nlmsg_len == object->raw_length && raw->nlmsg_type == type;
}

bool ls_can_replay(const struct ls_kind *kind)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(replays); i++)
		if (replays[i].kind == kind)
			return true;
	return false;
}

int ls_replay(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *object, struct nl_msg **ret,
	struct ls_error *err)
{
	const struct replay *replay = replays;
	struct nl_msg *message;
	int r;

	while (replay->kind != object->kind)
		replay++;
	if (!is_whole(object, replay->type))
		return ls_error_set(err, -EBADMSG, "the message kept of this object is broken");
	message =
		ls_tx_message(kernel->nl, replay->type, NLM_F_CREATE | (op == LS_OP_ADD ? replay->add : NLM_F_REPLACE));
	r = replay->write(kernel, message, object, err);
	if (r < 0)
		return r;
	*ret = message;
	return 0;
}
