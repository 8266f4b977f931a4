/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types of links that linkspan can make, one row each: what is in IFLA_INFO_DATA, and what can change there. */
#pragma once

#include "driver.h"

struct ls_link_type {
	const char *name;            /* IFLA_INFO_KIND */
	const char *option, *module; /* what a kernel that lacks it needs: for messages */
	const char *family;          /* of generic netlink, which is there when the type is; NULL: it has none */
	uint32_t attrs;              /* in IFLA_INFO_DATA (bits) */
	uint32_t needs;              /* attributes without which there is none to be made */
	bool inner_parent;           /* the link below stands in IFLA_INFO_DATA, not in IFLA_LINK */
	bool late_mtu;               /* an MTU in the creating message does not count, or not for good */

	/* Reads IFLA_INFO_DATA. A parent is left there as ls_link_pending(). NULL: nothing to read. */
	void (*decode)(struct ls_link *link, const void *data, size_t length);
	/* Writes `bits` of `attrs`. `have`: the link as it is, NULL when it is being made. `parent`: index, where
	 * inner_parent. -EMSGSIZE. NULL: nothing to write. */
	int (*put)(struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits,
		uint32_t parent);
	/* What it takes to change `bits`. NULL: the worst of the attributes' classes. */
	enum ls_change (*change)(const struct ls_link *want, const struct ls_link *have, uint32_t bits);
};

/* NULL: of no type, or of one that linkspan knows nothing more of. */
const struct ls_link_type *ls_link_type_of(const struct ls_link *link);
const struct ls_link_type *ls_link_type_by_name(const char *name);

/* While a dump runs, links name one another by index: what stands where the name will. 0 = none. */
static inline const char *ls_link_pending(uint32_t index)
{
	return (const char *)(uintptr_t)index;
}

/* kinds that a kernel may lack: asked for once per kernel handle. */
int ls_link_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err);
