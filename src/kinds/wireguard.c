/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WireGuard: what a device is set to (linux/wireguard.h, drivers/net/wireguard/netlink.c). A message changes what it
 * has and leaves the rest, so that other peers and their sessions are not touched. It is not atomic: what comes before
 * an error stays, and recovery finds it.
 */
#include "wireguard.h"

#include <stdio.h>

#include <linux/wireguard.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#define ATTR(kind, field, type, change, flags) #field, type, change, flags, offsetof(struct kind, field), NULL

static const struct ls_attr device_attrs[] = {
	[LS_WIREGUARD_DEV] = { ATTR(ls_wireguard, dev, LS_TYPE_LINK, LS_CHANGE_KEY, 0) },
	[LS_WIREGUARD_PUBLIC_KEY] = { ATTR(ls_wireguard, public_key, LS_TYPE_STRING, LS_CHANGE_LIVE, 0) },
	[LS_WIREGUARD_PRIVATE_KEY] = { ATTR(
		ls_wireguard, private_key, LS_TYPE_STRING, LS_CHANGE_INFO, LS_ATTR_HIDDEN) },
	[LS_WIREGUARD_LISTEN_PORT] = { ATTR(ls_wireguard, listen_port, LS_TYPE_U16, LS_CHANGE_LIVE, LS_ATTR_OPTIONAL) },
	[LS_WIREGUARD_FWMARK] = { ATTR(ls_wireguard, fwmark, LS_TYPE_U32, LS_CHANGE_LIVE, 0) },
};

static const struct ls_wireguard *as_device(const struct ls_object *object)
{
	return (const struct ls_wireguard *)object;
}

static int device_compare(const struct ls_object *a, const struct ls_object *b)
{
	return strcmp(as_device(a)->dev, as_device(b)->dev);
}

static void device_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "%s", as_device(object)->dev);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

int ls_wireguard_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	int r = ls_wireguard_open(kernel, err);

	(void)want;
	return r == -ENOENT ? ls_error_set(err, -EOPNOTSUPP,
				      "this kernel has no WireGuard (CONFIG_WIREGUARD, module wireguard)")
			    : r;
}

static int device_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return ls_wireguard_read(
		kernel, kernel->dumping & (LS_BIT(LS_KIND_WIREGUARD) | LS_BIT(LS_KIND_WG_PEER)), ret, err);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* A message that changes the device `dev`. */
int ls_wireguard_begin(struct ls_kernel *kernel, const char *dev, struct nl_msg **ret, struct ls_error *err)
{
	uint32_t index;
	int r = ls_wireguard_open(kernel, err);

	if (r >= 0)
		r = ls_kernel_require_link(kernel, dev, &index, err);
	if (r < 0)
		return r;
	*ret = ls_genl_message(kernel->genl, kernel->wireguard, WG_CMD_SET_DEVICE, WG_GENL_VERSION, 0);
	return nla_put_u32(*ret, WGDEVICE_A_IFINDEX, index) < 0 ? ls_error_set(err, -EMSGSIZE, "the message is full")
								: 0;
}

/* Keys have been in it. */
int ls_wireguard_send(struct ls_kernel *kernel, struct nl_msg *message, struct ls_error *err)
{
	int r = ls_netlink_do(kernel->genl, message, err);

	explicit_bzero(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len);
	return r;
}

int ls_wireguard_put_secret(
	struct ls_kernel *kernel, struct nl_msg *message, int attr, const char *name, struct ls_error *err)
{
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key key = { 0 };

	if (name && !ls_keyring_find(kernel->keys, name, &key))
		return ls_error_set(err, -ENOKEY, "its key is not at hand any more");
	return nla_put(message, attr, sizeof(key.bytes), key.bytes) < 0 ? -EMSGSIZE : 0;
}

static int device_perform(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct ls_error *err)
{
	const struct ls_wireguard *device = as_device(op == LS_OP_DELETE ? have : want);
	bool deletes = op == LS_OP_DELETE;
	struct nl_msg *message;
	int r = ls_wireguard_begin(kernel, device->dev, &message, err);

	if (r >= 0 && (deletes || !have || strcmp(as_device(have)->public_key, device->public_key) != 0))
		r = ls_wireguard_put_secret(
			kernel, message, WGDEVICE_A_PRIVATE_KEY, deletes ? NULL : device->private_key, err);
	if (r >= 0 && !deletes && ls_object_has(&device->object, LS_WIREGUARD_LISTEN_PORT))
		r = nla_put_u16(message, WGDEVICE_A_LISTEN_PORT, device->listen_port);
	if (r >= 0)
		r = nla_put_u32(message, WGDEVICE_A_FWMARK, deletes ? 0 : device->fwmark);
	if (r >= 0)
		r = ls_wireguard_send(kernel, message, err);
	if (r == -EADDRINUSE)
		return ls_error_set(
			err, r, "UDP port %u is somebody else's (`ss -lunp` tells whose)", device->listen_port);
	return r;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

static bool device_valid(const struct ls_object *object)
{
	struct ls_crypto_key key;

	return ls_object_has(object, LS_WIREGUARD_PUBLIC_KEY) && ls_key_parse(as_device(object)->public_key, &key) >= 0;
}

const struct ls_kind ls_kind_wireguard = {
	.name = "wireguard",
	.id = LS_KIND_WIREGUARD,
	.rank = LS_RANK_WIREGUARD,
	.size = sizeof(struct ls_wireguard),
	.attrs = device_attrs,
	.n_attrs = LS_ARRAY_SIZE(device_attrs),
	.compare = device_compare,
	.describe = device_describe,
	.valid = device_valid,
	.probe = ls_wireguard_probe,
	.dump = device_dump,
	.perform = device_perform,
};
