/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WireGuard, read. Only devices of ours are: the kernel tells private keys with the rest. Objects have the secrets'
 * names alone.
 */
#include "wireguard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

/* ---- session ----------------------------------------------------------------------------------------------------- */

int ls_wireguard_open(struct ls_kernel *kernel, struct ls_error *err)
{
	int r;

	if (kernel->wireguard)
		return 0;
	if (!kernel->genl) {
		r = ls_netlink_open(NETLINK_GENERIC, &kernel->genl, err);
		if (r < 0)
			return r;
	}
	return ls_genl_family(kernel->genl, WG_GENL_NAME, &kernel->wireguard, err);
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

static const char *keep_key(const struct ls_wg_reading *reading, const struct ls_crypto_key *key)
{
	char text[LS_KEY_TEXT_MAX];

	ls_key_format(key, text);
	return ls_arena_intern(reading->set->arena, text, LS_KEY_TEXT_MAX - 1);
}

/* Into the keyring; its name. NULL: out of memory. */
static const char *keep_secret(const struct ls_wg_reading *reading, const struct ls_crypto_key *key)
{
	char name[LS_SECRET_NAME_MAX];

	return ls_keyring_add(reading->kernel->keys, key, name)
		       ? ls_arena_intern(reading->set->arena, name, LS_SECRET_NAME_MAX - 1)
		       : NULL;
}

/* False: there is none, or it is all zeros, which means none. */
static bool take_key(const struct nlattr *attr, struct ls_crypto_key *ret)
{
	static const struct ls_crypto_key none;

	if (ls_attr_length(attr) != sizeof(ret->bytes))
		return false;
	memcpy(ret->bytes, ls_attr_data(attr), sizeof(ret->bytes));
	return memcmp(ret, &none, sizeof(none)) != 0;
}

static int add_device(struct ls_wg_reading *reading, const struct nlattr *const *tb)
{
	struct ls_wireguard *device = (struct ls_wireguard *)ls_object_new(reading->set->arena, &ls_kind_wireguard);
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key secret = { 0 };
	struct ls_crypto_key public;

	if (!device)
		return -ENOMEM;
	if (!take_key(tb[WGDEVICE_A_PRIVATE_KEY], &secret))
		return 0;
	ls_key_public(&secret, &public);
	device->dev = reading->dev;
	device->public_key = keep_key(reading, &public);
	device->private_key = keep_secret(reading, &secret);
	device->listen_port = ls_attr_u16(tb[WGDEVICE_A_LISTEN_PORT]);
	device->fwmark = ls_attr_u32(tb[WGDEVICE_A_FWMARK]);
	device->object.set = LS_BIT(LS_WIREGUARD_DEV) | LS_BIT(LS_WIREGUARD_PUBLIC_KEY) |
			     LS_BIT(LS_WIREGUARD_PRIVATE_KEY) | LS_BIT(LS_WIREGUARD_LISTEN_PORT) |
			     LS_BIT(LS_WIREGUARD_FWMARK);
	device->object.owner = LS_OWNER_OURS;
	return device->public_key && device->private_key ? ls_set_add(reading->set, &device->object) : -ENOMEM;
}

static void take_endpoint(struct ls_wg_peer *peer, const struct nlattr *attr)
{
	const struct sockaddr_in *v4 = ls_attr_data(attr);
	const struct sockaddr_in6 *v6 = ls_attr_data(attr);

	if (ls_attr_length(attr) == sizeof(*v4) && v4->sin_family == AF_INET) {
		peer->endpoint.family = AF_INET;
		memcpy(peer->endpoint.bytes, &v4->sin_addr, 4);
		peer->endpoint_port = ntohs(v4->sin_port);
	} else if (ls_attr_length(attr) == sizeof(*v6) && v6->sin6_family == AF_INET6) {
		peer->endpoint.family = AF_INET6;
		memcpy(peer->endpoint.bytes, &v6->sin6_addr, 16);
		peer->endpoint_port = ntohs(v6->sin6_port);
	} else {
		return;
	}
	peer->object.set |= LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT);
}

static void take_activity(struct ls_wg_activity *activity, const struct nlattr *const *tb)
{
	struct __kernel_timespec last = { 0 };

	if (ls_attr_length(tb[WGPEER_A_LAST_HANDSHAKE_TIME]) == sizeof(last))
		memcpy(&last, ls_attr_data(tb[WGPEER_A_LAST_HANDSHAKE_TIME]), sizeof(last));
	activity->last_handshake = last.tv_sec;
	activity->received = ls_attr_u64(tb[WGPEER_A_RX_BYTES]);
	activity->sent = ls_attr_u64(tb[WGPEER_A_TX_BYTES]);
}

static int begin_peer(struct ls_wg_reading *reading, const struct nlattr *const *tb, const char *public_key)
{
	struct ls_wg_peer *peer = (struct ls_wg_peer *)ls_object_new(reading->set->arena, &ls_kind_wg_peer);
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key secret = { 0 };

	if (!peer)
		return -ENOMEM;
	peer->dev = reading->dev;
	peer->public_key = public_key;
	peer->keepalive = ls_attr_u16(tb[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	peer->object.set = LS_BIT(LS_WG_PEER_DEV) | LS_BIT(LS_WG_PEER_PUBLIC_KEY) | LS_BIT(LS_WG_PEER_KEEPALIVE) |
			   LS_BIT(LS_WG_PEER_ALLOWED_IPS);
	peer->object.owner = LS_OWNER_OURS;
	take_endpoint(peer, tb[WGPEER_A_ENDPOINT]);
	take_activity(&peer->activity, tb);
	if (take_key(tb[WGPEER_A_PRESHARED_KEY], &secret)) {
		peer->preshared_key = keep_secret(reading, &secret);
		if (!peer->preshared_key)
			return -ENOMEM;
		ls_object_set(&peer->object, LS_WG_PEER_PRESHARED_KEY);
	}
	reading->peer = peer;
	reading->n_prefixes = 0;
	return ls_set_add(reading->set, &peer->object);
}

static int end_peer(struct ls_wg_reading *reading)
{
	if (!reading->peer)
		return 0;
	reading->peer->allowed_ips = ls_prefixes_text(reading->set->arena, reading->prefixes, reading->n_prefixes);
	return reading->peer->allowed_ips ? 0 : -ENOMEM;
}

static int add_prefix(struct ls_wg_reading *reading, const struct ls_prefix *prefix)
{
	if (reading->n_prefixes == reading->prefixes_size) {
		size_t size = reading->prefixes_size ? 2 * reading->prefixes_size : 16;
		struct ls_prefix *grown = reallocarray(reading->prefixes, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		reading->prefixes = grown;
		reading->prefixes_size = size;
	}
	reading->prefixes[reading->n_prefixes++] = *prefix;
	return 0;
}

/* Calls `take` for each element of an array. */
static int each_of(struct ls_wg_reading *reading, const struct nlattr *array,
	int (*take)(struct ls_wg_reading *reading, const struct nlattr *element))
{
	const struct nlattr *element = ls_attr_data(array);
	int left = (int)ls_attr_length(array), r = 0;

	while (element && nla_ok(element, left) && r >= 0) {
		r = take(reading, element);
		element = nla_next(element, &left);
	}
	return r;
}

static int take_prefix(struct ls_wg_reading *reading, const struct nlattr *element)
{
	const struct nlattr *tb[WGALLOWEDIP_A_CIDR_MASK + 1];
	struct ls_prefix prefix = { 0 };

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(element), ls_attr_length(element));
	if (!ls_attr_ip(tb[WGALLOWEDIP_A_IPADDR], (uint8_t)ls_attr_u16(tb[WGALLOWEDIP_A_FAMILY]), &prefix.ip))
		return 0;
	prefix.length = ls_attr_u8(tb[WGALLOWEDIP_A_CIDR_MASK]);
	return add_prefix(reading, &prefix);
}

static int take_peer(struct ls_wg_reading *reading, const struct nlattr *element)
{
	const struct nlattr *tb[WGPEER_A_ALLOWEDIPS + 1];
	struct ls_crypto_key key;
	const char *text;
	int r = 0;

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(element), ls_attr_length(element));
	if (!take_key(tb[WGPEER_A_PUBLIC_KEY], &key))
		return 0;
	text = keep_key(reading, &key);
	if (!text)
		return -ENOMEM;
	if (!reading->peer || reading->peer->public_key != text) {
		r = end_peer(reading);
		if (r >= 0)
			r = begin_peer(reading, tb, text);
	}
	return r < 0 ? r : each_of(reading, tb[WGPEER_A_ALLOWEDIPS], take_prefix);
}

int ls_wireguard_take_message(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *tb[WGDEVICE_A_PEERS + 1];
	struct ls_wg_reading *reading = data;
	const void *attrs;
	size_t length;
	int r = 0;

	if (message->nlmsg_type != reading->kernel->wireguard || !ls_attrs_of(message, GENL_HDRLEN, &attrs, &length))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	if (reading->kinds & LS_BIT(LS_KIND_WIREGUARD) && tb[WGDEVICE_A_PRIVATE_KEY] && !reading->has_device) {
		r = add_device(reading, tb);
		reading->has_device = true;
	}
	if (reading->kinds & LS_BIT(LS_KIND_WG_PEER) && r >= 0)
		r = each_of(reading, tb[WGDEVICE_A_PEERS], take_peer);
	return r;
}

int ls_wireguard_end(struct ls_wg_reading *reading)
{
	int r = end_peer(reading);

	free(reading->prefixes);
	return r;
}

static int forget(void *data)
{
	struct ls_wg_reading *reading = data;

	ls_set_truncate(reading->set, reading->n_before);
	reading->peer = NULL;
	reading->has_device = false;
	return 0;
}

static int read_device(struct ls_kernel *kernel, const struct ls_link_entry *link, uint32_t kinds, struct ls_set *ret,
	struct ls_error *err)
{
	struct ls_wg_reading reading = { .kernel = kernel, .kinds = kinds, .set = ret, .n_before = ret->n_objects };
	struct nl_msg *request;
	int r = ls_wireguard_open(kernel, err);

	if (r < 0)
		return r;
	ls_secrets_hide();
	reading.dev = ls_arena_intern(ret->arena, link->name, strlen(link->name));
	request = ls_genl_message(kernel->genl, kernel->wireguard, WG_CMD_GET_DEVICE, WG_GENL_VERSION, 0);
	if (!reading.dev || nla_put_u32(request, WGDEVICE_A_IFINDEX, link->index) < 0)
		return ls_error_set(err, -ENOMEM, "out of memory");
	r = ls_netlink_dump(kernel->genl, request, ls_wireguard_take_message, forget, &reading, err);
	if (ls_wireguard_end(&reading) < 0 && r >= 0)
		r = ls_error_set(err, -ENOMEM, "out of memory");
	return r == -ENODEV ? ls_error_clear(err) : r; /* it went meanwhile */
}

int ls_wireguard_read_peers(
	struct ls_kernel *kernel, const struct ls_link_entry *link, struct ls_set *ret, struct ls_error *err)
{
	return read_device(kernel, link, LS_BIT(LS_KIND_WG_PEER), ret, err);
}

int ls_wireguard_read(struct ls_kernel *kernel, uint32_t kinds, struct ls_set *ret, struct ls_error *err)
{
	int r = 0;

	for (size_t i = 0; i < kernel->links.n_entries && r >= 0; i++)
		if (kernel->links.entries[i].is_our_wireguard)
			r = read_device(kernel, &kernel->links.entries[i], kinds, ret, err);
	return r == -EPERM ? ls_error_clear(err) : r;
}
