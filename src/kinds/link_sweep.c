/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many links at once. Deleting a link waits for a grace period of the kernel; deleting a group of links waits once
 * (rtnl_group_dellink). A group delete takes whatever is in the group, so the group is listed before, and deleted only
 * if it holds exactly the doomed links. Where all of ours go, that is the group which marks them; it may hold the other
 * ends of doomed pairs as well, which go along whichever way. Otherwise they are moved to a group that is empty, which
 * is not cheap: each move is a change of state to the kernel, at which IPv6 walks all of its routes (rt6_sync_up).
 * Whatever is not as it should be leaves the links where they are, still marked as ours, to be deleted one by one.
 */
#include "driver.h"

#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

/* Links by index, in ascending order. */
struct indexes {
	uint32_t *indexes;
	size_t n;
};

/* ---- listing ----------------------------------------------------------------------------------------------------- */

struct listing {
	uint32_t groups;       /* which of our sweeping groups have members */
	uint32_t group;        /* whose members to list; 0: none */
	struct ls_buf members; /* indexes */
};

static int list_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[IFLA_GROUP + 1];
	struct listing *listing = data;
	const void *attrs;
	uint32_t group;
	size_t length;

	if (message->nlmsg_type != RTM_NEWLINK || !ls_attrs_of(message, sizeof(*info), &attrs, &length))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	group = ls_attr_u32(tb[IFLA_GROUP]);
	if (ls_link_group_is_sweeping(group))
		listing->groups |= LS_BIT(group - LS_MARK_SWEEP_GROUP);
	return group && group == listing->group
		       ? ls_buf_append(&listing->members, &info->ifi_index, sizeof(info->ifi_index))
		       : 0;
}

static int restart(void *data)
{
	struct listing *listing = data;

	listing->groups = 0;
	listing->members.length = 0;
	return 0;
}

static int list(struct ls_kernel *kernel, struct listing *listing, struct ls_error *err)
{
	struct nl_msg *request = ls_tx_message(kernel->nl, RTM_GETLINK, 0);
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };

	if (nlmsg_append(request, (void *)(uintptr_t)&all, sizeof(all), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return ls_error_set(err, -EMSGSIZE, "request does not fit");
	return ls_netlink_dump(kernel->nl, request, list_link, restart, listing, err);
}

/* ---- moving and deleting ----------------------------------------------------------------------------------------- */

static void count_failure(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	size_t *n_failed = data;

	(void)token;
	(void)code;
	(void)kernel_says;
	*n_failed += state != LS_TX_DONE;
}

/* `index` 0: the whole group. */
static int queue(struct ls_kernel *kernel, int type, uint32_t index, uint32_t group, struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, type, 0);
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };

	if (nlmsg_append(message, (void *)(uintptr_t)&info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(message, IFLA_GROUP, group) < 0)
		return ls_error_set(err, -EMSGSIZE, "request does not fit");
	return ls_tx_queue(kernel->nl, message, 0, err);
}

static int move_all(struct ls_kernel *kernel, const struct indexes *links, uint32_t group, struct ls_error *err)
{
	size_t n_failed = 0;
	int r = 0;

	ls_tx_begin(kernel->nl, count_failure, &n_failed);
	for (size_t i = 0; i < links->n && r >= 0; i++)
		r = queue(kernel, RTM_NEWLINK, links->indexes[i], group, err);
	if (r >= 0)
		r = ls_tx_barrier(kernel->nl, err);
	return r < 0 ? r : n_failed ? -EAGAIN : 0;
}

static int delete_group(struct ls_kernel *kernel, uint32_t group, struct ls_error *err)
{
	size_t n_failed = 0;
	int r;

	ls_tx_begin(kernel->nl, count_failure, &n_failed);
	r = queue(kernel, RTM_DELLINK, 0, group, err);
	if (r >= 0)
		r = ls_tx_barrier(kernel->nl, err);
	return r < 0 ? r : n_failed ? -EAGAIN : 0;
}

static int compare_indexes(const void *a, const void *b)
{
	return ls_order(*(const uint32_t *)a, *(const uint32_t *)b);
}

static bool contains(const struct indexes *indexes, uint32_t index)
{
	return indexes->n && bsearch(&index, indexes->indexes, indexes->n, sizeof(index), compare_indexes);
}

/* All of the doomed, and besides at most those that go along. */
static bool holds_exactly(const struct listing *listing, const struct indexes *doomed, const struct indexes *along)
{
	size_t n = listing->members.length / sizeof(uint32_t), n_doomed = 0;

	for (size_t i = 0; i < n && !listing->members.failed; i++) {
		uint32_t index = ((const uint32_t *)(const void *)listing->members.data)[i];

		if (contains(doomed, index))
			n_doomed++;
		else if (!contains(along, index))
			return false;
	}
	return !listing->members.failed && n_doomed == doomed->n;
}

static int move_and_delete(
	struct ls_kernel *kernel, struct listing *listing, const struct indexes *doomed, struct ls_error *err)
{
	const struct indexes none = { 0 };
	int free_group = __builtin_ffs((int)~listing->groups) - 1, r;

	if (free_group < 0 || free_group >= (int)LS_SWEEP_GROUPS)
		return -EAGAIN;
	listing->group = LS_MARK_SWEEP_GROUP + (uint32_t)free_group;
	r = move_all(kernel, doomed, listing->group, err);
	if (r >= 0) {
		(void)restart(listing);
		r = list(kernel, listing, err);
	}
	if (r >= 0)
		r = holds_exactly(listing, doomed, &none) ? delete_group(kernel, listing->group, err) : -EAGAIN;
	return r;
}

static int sweep(
	struct ls_kernel *kernel, const struct indexes *doomed, const struct indexes *along, struct ls_error *err)
{
	struct listing listing = { .group = LS_MARK_LINK_GROUP };
	int r = list(kernel, &listing, err);

	if (r >= 0 && holds_exactly(&listing, doomed, along))
		r = delete_group(kernel, listing.group, err);
	else if (r >= 0)
		r = move_and_delete(kernel, &listing, doomed, err);
	ls_buf_done(&listing.members);
	return r;
}

static void sort(struct indexes *indexes)
{
	qsort(indexes->indexes, indexes->n, sizeof(*indexes->indexes), compare_indexes);
}

static int collect(struct ls_kernel *kernel, const struct ls_object *const *links, size_t n, struct indexes *doomed,
	struct indexes *along)
{
	for (size_t i = 0; i < n; i++) {
		const struct ls_link *link = (const struct ls_link *)links[i];
		uint32_t index = ls_kernel_link_index(kernel, link->name);

		if (links[i]->owner != LS_OWNER_OURS)
			return -EAGAIN;
		if (!index) /* has gone along with its other end */
			continue;
		doomed->indexes[doomed->n++] = index;
		index = ls_object_has(links[i], LS_LINK_PEER) ? ls_kernel_link_index(kernel, link->peer) : 0;
		if (index)
			along->indexes[along->n++] = index;
	}
	sort(doomed);
	sort(along);
	return 0;
}

int ls_link_sweep(struct ls_kernel *kernel, const struct ls_object *const *doomed, size_t n, struct ls_error *err)
{
	uint32_t *room = calloc(2 * n + 1, sizeof(*room));
	struct indexes indexes = { .indexes = room }, along = { 0 };
	int r;

	if (!room)
		return -ENOMEM;
	along.indexes = room + n;
	r = collect(kernel, doomed, n, &indexes, &along);
	if (r >= 0 && indexes.n)
		r = sweep(kernel, &indexes, &along, err);
	free(room);
	return r;
}
