/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WireGuard's reading (wireguard_read.c) and writing: devices (wireguard.c), peers (wireguard_peers.c). */
#pragma once

#include "driver.h"

/* Opens the session. -ENOENT: this kernel has no WireGuard. */
int ls_wireguard_open(struct ls_kernel *kernel, struct ls_error *err);
/* The devices of ours and their peers, or either, by bits of enum ls_kind_id: the kernel tells both in one answer. Who
 * may not look is told nothing (EPERM). */
int ls_wireguard_read(struct ls_kernel *kernel, uint32_t kinds, struct ls_set *ret, struct ls_error *err);
int ls_wireguard_read_peers(
	struct ls_kernel *kernel, const struct ls_link_entry *link, struct ls_set *ret, struct ls_error *err);

/* ---- writing ----------------------------------------------------------------------------------------------------- */

int ls_wireguard_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err);
/* A message that changes the device `dev`. */
int ls_wireguard_begin(struct ls_kernel *kernel, const char *dev, struct nl_msg **ret, struct ls_error *err);
/* Sends it. Keys have been in it. */
int ls_wireguard_send(struct ls_kernel *kernel, struct nl_msg *message, struct ls_error *err);
/* The secret of that name, or, NULL, that there is none any more. */
int ls_wireguard_put_secret(
	struct ls_kernel *kernel, struct nl_msg *message, int attr, const char *name, struct ls_error *err);

/* ---- one device, read -------------------------------------------------------------------------------------------- */

/* One device; its messages go on where the one before ended, with the peer repeated. */
struct ls_wg_reading {
	struct ls_kernel *kernel;
	uint32_t kinds; /* which are asked for */
	struct ls_set *set;
	size_t n_before;
	const char *dev;
	bool has_device;         /* told again for as long as the first peer's prefixes go on (wg_get_device_dump) */
	struct ls_wg_peer *peer; /* the last one */
	struct ls_prefix *prefixes;
	size_t n_prefixes, prefixes_size;
};

/* A message of the device (ls_netlink_dump's callback, of a struct ls_wg_reading). */
int ls_wireguard_take_message(const struct nlmsghdr *message, void *data);
/* There are no more, or it failed. */
int ls_wireguard_end(struct ls_wg_reading *reading);
