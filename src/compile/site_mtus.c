/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tunnel-mtu: whether the tunnels of a site fit into the links that carry them, at either end, as the hosts' own specs
 * would tell.
 */
#include "site_allocate.h"

/* The tunnel as that end has it: the provider does not know by which family the other one calls. */
static bool has_fault(const struct ls_site_tunnel *tunnel, const struct ls_spec_interface *underlay, bool provider,
	char fault[static LS_MTU_FAULT_MAX])
{
	struct ls_spec_peer peer = { .endpoint_family = ls_site_family_to_socket(tunnel->outer) };
	const struct ls_spec_tunnel end = {
		.type = LS_TUNNEL_WIREGUARD,
		.family = ls_site_family_to_socket(tunnel->family),
		.peers = &peer,
		.n_peers = !provider,
	};
	uint32_t mtu = underlay->mtu ? underlay->mtu : LS_UNDERLAY_MTU;

	return ls_tunnel_mtu_fault(&end, ls_tunnel_room(&end, mtu), mtu, fault);
}

/* True: said. */
static bool check_end(struct site_allocator *allocator, const struct ls_site_tunnel *tunnel,
	const struct ls_site_appliance *appliance)
{
	const struct ls_spec_interface *underlay = appliance->outside;
	char fault[LS_MTU_FAULT_MAX];

	if (!has_fault(tunnel, underlay, !appliance->extends, fault))
		return false;
	site_tell(allocator, LS_SEVERITY_ERROR, underlay->mtu_mark.line ? underlay->mtu_mark : underlay->mark,
		"tunnel-mtu", "%s, here '%s' of '%s'", fault, underlay->name, appliance->host);
	return true;
}

/* At the provider all tunnels of a family have one underlay: the first says it for all. */
void site_check_mtus(struct site_allocator *allocator, const struct site_member *member)
{
	bool told = false;

	for (size_t i = 0; i < member->share->n_tunnels; i++) {
		const struct ls_site_tunnel *tunnel = &member->share->tunnels[i];

		if (!tunnel->gateway)
			continue;
		told = told || check_end(allocator, tunnel, member->tenant->provider);
		(void)check_end(allocator, tunnel, tunnel->appliance);
	}
}
