/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPsec, what states and policies share: a session of NETLINK_XFRM (net/xfrm/xfrm_user.c in the kernel), whose dumps
 * take no header and whose selectors are in both kinds.
 */
#include "xfrm.h"

#include <sys/socket.h>

#include <linux/xfrm.h>
#include <netlink/msg.h>

int ls_xfrm_open(struct ls_kernel *kernel, struct ls_error *err)
{
	int r = kernel->xfrm ? 0 : ls_netlink_open(NETLINK_XFRM, &kernel->xfrm, err);

	return r == -EPROTONOSUPPORT
		       ? ls_error_set(err, -EOPNOTSUPP, "this kernel has no IPsec (CONFIG_XFRM_USER, module xfrm_user)")
		       : r;
}

int ls_xfrm_dump(
	struct ls_kernel *kernel, int type, ls_decode_message *decode, struct ls_set *ret, struct ls_error *err)
{
	int r = ls_xfrm_open(kernel, err);

	if (r >= 0)
		r = ls_dump_request(kernel, kernel->xfrm, ls_tx_message(kernel->xfrm, type, 0), decode, ret, err);
	return r == -EOPNOTSUPP || r == -EPERM ? ls_error_clear(err) : r;
}

struct nl_msg *ls_xfrm_message(struct ls_kernel *kernel, int type, const void *header, size_t size)
{
	struct nl_msg *message = ls_tx_message(kernel->xfrm, type, 0);

	return nlmsg_append(message, (void *)(uintptr_t)header, size, NLMSG_ALIGNTO) < 0 ? NULL : message;
}

struct xfrm_selector ls_xfrm_selector(const struct ls_prefix *src, const struct ls_prefix *dst)
{
	struct xfrm_selector selector = { .family = src->ip.family };

	selector.prefixlen_s = src->length;
	selector.prefixlen_d = dst->length;
	memcpy(&selector.saddr, src->ip.bytes, sizeof(src->ip.bytes));
	memcpy(&selector.daddr, dst->ip.bytes, sizeof(dst->ip.bytes));
	return selector;
}

bool ls_xfrm_selector_is_narrow(const struct xfrm_selector *selector)
{
	return selector->proto || selector->dport_mask || selector->sport_mask || selector->ifindex || selector->user;
}

void ls_xfrm_print_unknown(struct ls_buf *buf, uint64_t seen, uint64_t known)
{
	for (unsigned i = 0; i <= XFRMA_MAX; i++)
		if (seen & ~known & UINT64_C(1) << i)
			(void)ls_buf_printf(buf, " attribute %u", i);
}
