/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels: what their links are set to, and their peers. The links themselves are interfaces (interfaces.c). Of secrets
 * the objects have the files, until somebody reads them.
 */
#include "compiler.h"

#include <string.h>
#include <sys/socket.h>

/* Relative to the spec. */
static const char *path_of(struct compiler *compiler, const char *path)
{
	const char *slash = strrchr(compiler->spec->file, '/'), *joined;

	if (*path == '/' || !slash)
		joined = ls_arena_printf(compiler->set->arena, "%s%s", *path == '/' ? "" : "./", path);
	else
		joined = ls_arena_printf(compiler->set->arena, "%.*s/%s", (int)(slash - compiler->spec->file),
			compiler->spec->file, path);
	compiler->out_of_memory |= !joined;
	return joined;
}

static void compile_device(struct compiler *compiler, const struct ls_spec_tunnel *tunnel)
{
	struct ls_wireguard *device = compiler_add(compiler, &ls_kind_wireguard, tunnel->mark);

	if (!device)
		return;
	device->dev = compiler_device(compiler, tunnel->name);
	device->private_key = path_of(compiler, tunnel->private_key_file);
	device->fwmark = tunnel->fwmark;
	device->object.set = LS_BIT(LS_WIREGUARD_DEV) | LS_BIT(LS_WIREGUARD_PRIVATE_KEY) | LS_BIT(LS_WIREGUARD_FWMARK);
	if (!tunnel->listen_port)
		return;
	device->listen_port = tunnel->listen_port;
	device->object.set |= LS_BIT(LS_WIREGUARD_LISTEN_PORT);
}

static const char *allowed_ips(
	struct compiler *compiler, const struct ls_spec_tunnel *tunnel, const struct ls_spec_peer *peer)
{
	struct ls_prefix *list = ls_arena_alloc(compiler->set->arena, (peer->n_allowed_ips + 1) * sizeof(*list));
	size_t n = 0;

	for (; list && n < peer->n_allowed_ips; n++)
		list[n] = peer->allowed_ips[n].subnet;
	if (list && !n)
		list[n++] = (struct ls_prefix){ .ip.family = tunnel->family };
	return list ? ls_prefixes_text(compiler->set->arena, list, n) : NULL;
}

static void compile_peer(
	struct compiler *compiler, const struct ls_spec_tunnel *tunnel, const struct ls_spec_peer *peer)
{
	struct ls_wg_peer *object = compiler_add(compiler, &ls_kind_wg_peer, peer->mark);

	if (!object)
		return;
	object->dev = compiler_device(compiler, tunnel->name);
	object->public_key = ls_arena_intern(compiler->set->arena, peer->public_key, strlen(peer->public_key));
	object->keepalive = peer->keepalive;
	object->allowed_ips = allowed_ips(compiler, tunnel, peer);
	compiler->out_of_memory |= !object->public_key || !object->allowed_ips;
	object->object.set = LS_BIT(LS_WG_PEER_DEV) | LS_BIT(LS_WG_PEER_PUBLIC_KEY) | LS_BIT(LS_WG_PEER_KEEPALIVE) |
			     LS_BIT(LS_WG_PEER_ALLOWED_IPS);
	if (peer->preshared_key_file) {
		object->preshared_key = path_of(compiler, peer->preshared_key_file);
		object->object.set |= LS_BIT(LS_WG_PEER_PRESHARED_KEY);
	}
	if (peer->endpoint.family) {
		object->endpoint = peer->endpoint;
		object->endpoint_port = peer->endpoint_port;
		object->object.set |= LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT);
	}
}

void compile_tunnels(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_tunnels; i++) {
		const struct ls_spec_tunnel *tunnel = &compiler->spec->tunnels[i];

		compile_device(compiler, tunnel);
		for (size_t k = 0; k < tunnel->n_peers; k++)
			compile_peer(compiler, tunnel, &tunnel->peers[k]);
	}
}
