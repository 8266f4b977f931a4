/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two kinds of IPsec share. */
#pragma once

#include "driver.h"

struct xfrm_selector;

/* Opens the session. -EOPNOTSUPP: this kernel has no IPsec (CONFIG_XFRM_USER). */
int ls_xfrm_open(struct ls_kernel *kernel, struct ls_error *err);
/* Reads all of a kind. Who may not look is told nothing, and a kernel without IPsec has none. */
int ls_xfrm_dump(
	struct ls_kernel *kernel, int type, ls_decode_message *decode, struct ls_set *ret, struct ls_error *err);
/* Begins a message with that header behind the netlink one; NULL: it does not fit. */
struct nl_msg *ls_xfrm_message(struct ls_kernel *kernel, int type, const void *header, size_t size);

/* The selector of all packets of a family; 0: of any. */
struct xfrm_selector ls_xfrm_selector(const struct ls_prefix *src, const struct ls_prefix *dst);
/* Does it ask for more than addresses? */
bool ls_xfrm_selector_is_narrow(const struct xfrm_selector *selector);
/* The attributes seen that are not among `known`, as text behind what is in the buffer. */
void ls_xfrm_print_unknown(struct ls_buf *buf, uint64_t seen, uint64_t known);
