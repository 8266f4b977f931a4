/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MTUs of links that stand on others, as far as the spec itself tells what the link below has.
 */
#include "checks.h"

#include <string.h>
#include <sys/socket.h>

#define DEPTH_MAX 64u /* parents of parents: rings are reported elsewhere */

uint32_t ls_spec_default_mtu(const struct ls_spec_interface *interface)
{
	switch (interface->create) {
	case LS_CREATE_DUMMY:
	case LS_CREATE_VETH:
	case LS_CREATE_BOND:
		return 1500;
	case LS_CREATE_VXLAN:
		return interface->parent.name ? 0 : 1500;
	case LS_CREATE_NONE:
	case LS_CREATE_BRIDGE:
	case LS_CREATE_VLAN:
	case LS_CREATE_VRF:
	case LS_CREATE_MACVLAN:
	case LS_CREATE_WIREGUARD: /* has one always */
	case LS_CREATE_XFRM:
		return 0;
	}
	return 0;
}

/* Then it has the bond's. */
static bool is_bond_port(const struct ls_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_interfaces; i++)
		for (size_t k = 0; spec->interfaces[i].create == LS_CREATE_BOND && k < spec->interfaces[i].n_ports; k++)
			if (!strcmp(spec->interfaces[i].ports[k].name, name))
				return true;
	return false;
}

const struct ls_spec_interface *ls_spec_mtu_source(const struct ls_spec *spec, const char *name)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct ls_spec_interface *interface = ls_spec_find_interface(spec, name);

		if (!interface || is_bond_port(spec, name))
			return NULL;
		if (interface->mtu || (interface->create != LS_CREATE_VLAN && interface->create != LS_CREATE_MACVLAN))
			return interface;
		name = interface->parent.name;
	}
	return NULL;
}

uint32_t ls_spec_mtu_of(const struct ls_spec *spec, const char *name)
{
	const struct ls_spec_interface *source = ls_spec_mtu_source(spec, name);

	if (!source)
		return 0;
	return source->mtu ? source->mtu : ls_spec_default_mtu(source);
}

/* Bytes around a frame (include/net/vxlan.h in the kernel: VXLAN_HEADROOM, VXLAN6_HEADROOM). */
static uint32_t overhead(const struct ls_spec_interface *interface)
{
	bool ipv6 = interface->local.family == AF_INET6 || interface->remote.family == AF_INET6;

	return interface->create != LS_CREATE_VXLAN ? 0 : ipv6 ? 70 : 50;
}

int ls_check_mtus(struct ls_checker *checker)
{
	for (size_t i = 0; i < checker->spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &checker->spec->interfaces[i];
		uint32_t below = interface->mtu && interface->parent.name
					 ? ls_spec_mtu_of(checker->spec, interface->parent.name)
					 : 0;

		if (below && interface->mtu + overhead(interface) > below)
			ls_report_error(checker->report, interface->mtu_mark, "range",
				"'mtu' is %u, but '%s', the link below, has room for %u; lower it, or raise that of "
				"'%s'",
				interface->mtu, interface->parent.name,
				below > overhead(interface) ? below - overhead(interface) : 0, interface->parent.name);
	}
	return 0;
}
