/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels: WireGuard's settings and peers, IPsec's policies and, with manual keys, its states. The links themselves are
 * interfaces (interfaces.c). Of secrets the objects have the files, until somebody reads them.
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

/* ---- WireGuard --------------------------------------------------------------------------------------------------- */

static void compile_device(struct compiler *compiler, const struct ls_spec_tunnel *tunnel)
{
	struct ls_wireguard *device = compiler_add(compiler, &ls_kind_wireguard, tunnel->mark);

	if (!device)
		return;
	device->dev = compiler_device(compiler, tunnel->name);
	device->private_key = path_of(compiler, tunnel->private_key_file);
	device->fwmark = tunnel->fwmark;
	device->object.set = LS_BIT(LS_WIREGUARD_DEV) | LS_BIT(LS_WIREGUARD_PRIVATE_KEY) | LS_BIT(LS_WIREGUARD_FWMARK);
	/* The kernel does it by itself when the link comes up (wg_open), and never takes it back. */
	compile_needed_sysctl(compiler, "net/ipv4/conf/all/send_redirects", "0", NULL, tunnel->mark);
	if (!tunnel->listen_port)
		return;
	device->listen_port = tunnel->listen_port;
	device->object.set |= LS_BIT(LS_WIREGUARD_LISTEN_PORT);
}

/* The tenant's end of a partial failover hears of failed-over replicas alone: all that may come out of it. How many
 * there are; `list` NULL: they are counted only. */
static size_t list_replicas(const struct ls_spec *spec, const struct ls_spec_tunnel *tunnel, struct ls_prefix *list)
{
	struct ls_spec_failed at = { 0 };
	const struct ls_spec_ip *replica;
	size_t n = 0;

	if (spec->side != LS_SPEC_TENANT || !tunnel->network)
		return 0;
	for (; (replica = ls_spec_next_failed(spec, tunnel->network, tunnel->family, &at)); n++)
		if (list)
			list[n] = ls_ip_alone(&replica->ip);
	return n;
}

static const char *allowed_ips(
	struct compiler *compiler, const struct ls_spec_tunnel *tunnel, const struct ls_spec_peer *peer)
{
	size_t n_replicas = list_replicas(compiler->spec, tunnel, NULL), n = 0;
	struct ls_prefix *list =
		ls_arena_alloc(compiler->set->arena, (peer->n_allowed_ips + n_replicas + 1) * sizeof(*list));

	for (; list && n < peer->n_allowed_ips; n++)
		list[n] = peer->allowed_ips[n].subnet;
	if (list && !n && n_replicas)
		n = list_replicas(compiler->spec, tunnel, list);
	if (list && !n)
		list[n++] = (struct ls_prefix){ .ip.family = tunnel->family };
	return list ? ls_prefixes_text(compiler->set->arena, list, n) : NULL;
}

static void compile_name(struct compiler *compiler, const struct ls_spec_peer *peer, struct ls_wg_peer *object)
{
	object->endpoint_name = ls_arena_intern(compiler->set->arena, peer->endpoint_name, strlen(peer->endpoint_name));
	compiler->out_of_memory |= !object->endpoint_name;
	object->object.set |= LS_BIT(LS_WG_PEER_ENDPOINT_NAME);
	if (!peer->endpoint_family)
		return;
	object->endpoint_family = ls_family_from_socket(peer->endpoint_family);
	object->object.set |= LS_BIT(LS_WG_PEER_ENDPOINT_FAMILY);
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
	if (peer->endpoint_name)
		compile_name(compiler, peer, object);
	if (peer->endpoint.family) {
		object->endpoint = peer->endpoint;
		object->endpoint_port = peer->endpoint_port;
		object->object.set |= LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT);
	}
}

/* ---- IPsec ------------------------------------------------------------------------------------------------------- */

#define POLICY_PRIORITY 1000u /* no others' policies have the interface's if_id: any number does */

static void compile_state(struct compiler *compiler, const struct ls_spec_tunnel *tunnel, const struct ls_spec_sa *sa,
	const struct ls_ip *src, const struct ls_ip *dst)
{
	struct ls_xfrm_state *state = compiler_add(compiler, &ls_kind_xfrm_state, sa->mark);

	if (!state)
		return;
	state->src = *src;
	state->dst = *dst;
	state->spi = sa->spi;
	state->if_id = tunnel->if_id;
	state->reqid = LS_MARK_REQID;
	state->proposal = tunnel->proposal->name;
	state->key = path_of(compiler, sa->key_file);
	state->object.set = LS_BIT(LS_XFRM_STATE_SRC) | LS_BIT(LS_XFRM_STATE_DST) | LS_BIT(LS_XFRM_STATE_SPI) |
			    LS_BIT(LS_XFRM_STATE_IF_ID) | LS_BIT(LS_XFRM_STATE_REQID) | LS_BIT(LS_XFRM_STATE_PROPOSAL) |
			    LS_BIT(LS_XFRM_STATE_KEY);
}

/* All of the family that the tunnel carries, and nothing else. */
static void compile_policy(
	struct compiler *compiler, const struct ls_spec_tunnel *tunnel, enum ls_xfrm_direction direction)
{
	struct ls_xfrm_policy *policy = compiler_add(compiler, &ls_kind_xfrm_policy, tunnel->mark);
	bool manual = tunnel->keying == LS_KEYING_MANUAL, out = direction == LS_XFRM_OUT;

	if (!policy)
		return;
	policy->direction = (uint8_t)direction;
	policy->src = policy->dst = (struct ls_prefix){ .ip.family = tunnel->family };
	policy->if_id = tunnel->if_id;
	policy->reqid = manual ? LS_MARK_REQID : LS_MARK_REQID_IKE;
	policy->priority = POLICY_PRIORITY;
	policy->tunnel_src = out ? tunnel->local_addr : tunnel->remote_addr;
	policy->tunnel_dst = out ? tunnel->remote_addr : tunnel->local_addr;
	policy->object.set = LS_BIT(LS_XFRM_POLICY_DIRECTION) | LS_BIT(LS_XFRM_POLICY_SRC) |
			     LS_BIT(LS_XFRM_POLICY_DST) | LS_BIT(LS_XFRM_POLICY_IF_ID) | LS_BIT(LS_XFRM_POLICY_REQID) |
			     LS_BIT(LS_XFRM_POLICY_PRIORITY) | LS_BIT(LS_XFRM_POLICY_TUNNEL_SRC) |
			     LS_BIT(LS_XFRM_POLICY_TUNNEL_DST);
	if (!out || !manual)
		return;
	policy->spi = tunnel->sa_out.spi;
	policy->object.set |= LS_BIT(LS_XFRM_POLICY_SPI);
}

static void compile_ipsec(struct compiler *compiler, const struct ls_spec_tunnel *tunnel)
{
	static const enum ls_xfrm_direction directions[] = { LS_XFRM_IN, LS_XFRM_OUT, LS_XFRM_FWD };

	for (size_t i = 0; i < LS_ARRAY_SIZE(directions); i++)
		compile_policy(compiler, tunnel, directions[i]);
	if (tunnel->keying == LS_KEYING_IKE) /* the states are the daemon's */
		return;
	for (size_t i = 0; i < tunnel->n_sa_in; i++)
		compile_state(compiler, tunnel, &tunnel->sa_in[i], &tunnel->remote_addr, &tunnel->local_addr);
	compile_state(compiler, tunnel, &tunnel->sa_out, &tunnel->local_addr, &tunnel->remote_addr);
}

static void compile_wireguard(struct compiler *compiler, const struct ls_spec_tunnel *tunnel)
{
	compile_device(compiler, tunnel);
	for (size_t i = 0; i < tunnel->n_peers; i++)
		compile_peer(compiler, tunnel, &tunnel->peers[i]);
}

/* ---- MTUs -------------------------------------------------------------------------------------------------------- */

static const struct ls_spec_interface *tunnel_interfaces(const struct ls_spec *spec)
{
	return spec->interfaces + spec->n_interfaces - spec->n_tunnels;
}

/* Of a link that is there, and that the spec only adjusts. 0: not known. */
static uint32_t actual_mtu(const struct compiler *compiler, const struct ls_spec_interface *interface)
{
	const char *dev = compiler->devices[interface - compiler->spec->interfaces];
	const struct ls_link *link = compiler->links ? ls_set_link(compiler->links, dev) : NULL;

	return link && interface->create == LS_CREATE_NONE && ls_object_has(&link->object, LS_LINK_MTU) ? link->mtu : 0;
}

/* The one given, or what there is room for. */
static uint32_t own_mtu(const struct ls_spec_tunnel *tunnel, uint32_t underlay)
{
	return tunnel->mtu_mark.line ? tunnel->mtu : ls_tunnel_room(tunnel, underlay);
}

/* A tunnel may go through another one; `depth` ends a circle. */
static uint32_t underlay_mtu(const struct compiler *compiler, const struct ls_spec_tunnel *tunnel, size_t depth)
{
	const struct ls_spec *spec = compiler->spec;
	const struct ls_spec_interface *source = ls_spec_mtu_source(spec, tunnel->underlay);
	uint32_t mtu;

	if (!source)
		return LS_UNDERLAY_MTU;
	if (source >= tunnel_interfaces(spec) && depth < spec->n_tunnels) {
		const struct ls_spec_tunnel *below = &spec->tunnels[source - tunnel_interfaces(spec)];

		return own_mtu(below, underlay_mtu(compiler, below, depth + 1));
	}
	mtu = ls_spec_mtu_of(spec, source->name);
	mtu = mtu ? mtu : actual_mtu(compiler, source);
	return mtu ? mtu : LS_UNDERLAY_MTU;
}

void compile_mtus(struct compiler *compiler)
{
	const struct ls_spec *spec = compiler->spec;
	size_t first = spec->n_interfaces - spec->n_tunnels;

	for (size_t i = 0; i < first; i++)
		compiler->mtus[i] = spec->interfaces[i].mtu;
	for (size_t i = 0; i < spec->n_tunnels; i++) {
		const struct ls_spec_tunnel *tunnel = &spec->tunnels[i];
		uint32_t underlay = underlay_mtu(compiler, tunnel, 0), mtu = own_mtu(tunnel, underlay);
		char fault[LS_MTU_FAULT_MAX];

		compiler->mtus[first + i] = mtu;
		if (ls_spec_has_tunnel(spec, tunnel) && ls_tunnel_mtu_fault(tunnel, mtu, underlay, fault))
			compiler_error(compiler, tunnel->mtu_mark.line ? tunnel->mtu_mark : tunnel->mark, "tunnel-mtu",
				"%s", fault);
	}
}

/* ------------------------------------------------------------------------------------------------------------------ */

void compile_tunnels(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_tunnels; i++) {
		const struct ls_spec_tunnel *tunnel = &compiler->spec->tunnels[i];

		if (!ls_spec_has_tunnel(compiler->spec, tunnel))
			continue;
		switch ((enum ls_tunnel_type)tunnel->type) {
		case LS_TUNNEL_WIREGUARD:
			compile_wireguard(compiler, tunnel);
			break;
		case LS_TUNNEL_IPSEC:
			compile_ipsec(compiler, tunnel);
			break;
		}
	}
}
