/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces: a created one becomes a link of our own, a matched one an adjustment of the link that is there. Their
 * families become addresses, a default route, and the sysctls that say who may configure the link.
 */
#include "compiler.h"

#include <string.h>
#include <sys/socket.h>

static const char *const create_types[] = {
	[LS_CREATE_DUMMY] = "dummy",
	[LS_CREATE_VETH] = "veth",
	[LS_CREATE_BRIDGE] = "bridge",
	[LS_CREATE_VLAN] = "vlan",
	[LS_CREATE_VXLAN] = "vxlan",
	[LS_CREATE_VRF] = "vrf",
	[LS_CREATE_MACVLAN] = "macvlan",
	[LS_CREATE_BOND] = "bond",
	[LS_CREATE_WIREGUARD] = "wireguard",
	[LS_CREATE_XFRM] = "xfrm",
};

/* A locally administered unicast address (IEEE 802, bits 1 and 0 of the first byte) from the names of host and link:
 * stable over reboots and re-creation. Given at creation, since udev would set one of its own otherwise. FNV-1a. */
static struct ls_mac derive_mac(const char *host, const char *link)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct ls_mac mac;

	for (const char *p = host; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	hash = (hash ^ '/') * UINT64_C(0x100000001b3);
	for (const char *p = link; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	for (int i = 0; i < 6; i++)
		mac.bytes[i] = (uint8_t)(hash >> (8 * i));
	mac.bytes[0] = (uint8_t)((mac.bytes[0] & 0xfc) | 0x02);
	return mac;
}

/* A VLAN keeps its parent's address: switches of virtual machines drop frames from any other. A macvlan in mode
 * passthru has no choice. */
static bool has_parents_mac(const struct ls_spec_interface *interface)
{
	return (interface->create == LS_CREATE_VLAN && !interface->has_mac) ||
	       (interface->create == LS_CREATE_MACVLAN && interface->mode == LS_MACVLAN_PASSTHRU);
}

static bool is_tunnel(const struct ls_spec_interface *interface)
{
	return interface->create == LS_CREATE_WIREGUARD || interface->create == LS_CREATE_XFRM;
}

static void set_mac(struct compiler *compiler, const struct ls_spec_interface *interface, struct ls_link *link)
{
	if (has_parents_mac(interface) || is_tunnel(interface)) /* which has none */
		return;
	link->mac = interface->has_mac ? interface->mac : derive_mac(compiler->spec->name, link->name);
	link->object.set |= LS_BIT(LS_LINK_MAC);
}

/* A bond gives its ports its own. */
static void set_mtu(struct compiler *compiler, const struct ls_spec_interface *interface,
	const struct ls_spec_interface *master, struct ls_link *link)
{
	bool lent = master && master->create == LS_CREATE_BOND;
	uint32_t mtu = compiler_mtu(compiler, interface);

	link->mtu = lent ? 0 : mtu ? mtu : ls_spec_default_mtu(interface);
	if (link->mtu)
		link->object.set |= LS_BIT(LS_LINK_MTU);
}

static void set_ip(struct ls_link *link, unsigned attr, struct ls_ip *to, const struct ls_ip *from)
{
	if (!from->family)
		return;
	*to = *from;
	link->object.set |= LS_BIT(attr);
}

static void create_vxlan(const struct ls_spec_interface *interface, struct ls_link *link)
{
	link->vni = interface->id;
	link->port = interface->port;
	link->learning = interface->learning;
	link->ttl = interface->ttl;
	link->object.set |= LS_BIT(LS_LINK_VNI) | LS_BIT(LS_LINK_PORT) | LS_BIT(LS_LINK_LEARNING) | LS_BIT(LS_LINK_TTL);
	set_ip(link, LS_LINK_LOCAL, &link->local, &interface->local);
	set_ip(link, LS_LINK_REMOTE, &link->remote, &interface->remote);
}

/* What is the type's own. */
static void create_typed(struct compiler *compiler, const struct ls_spec_interface *interface, struct ls_link *link)
{
	switch (interface->create) {
	case LS_CREATE_NONE:
	case LS_CREATE_DUMMY:
	case LS_CREATE_WIREGUARD:
		break;
	case LS_CREATE_XFRM:
		link->if_id = interface->id;
		link->object.set |= LS_BIT(LS_LINK_IF_ID);
		break;
	case LS_CREATE_VETH:
		link->peer = compiler_device(compiler, interface->peer.name);
		link->object.set |= LS_BIT(LS_LINK_PEER);
		break;
	case LS_CREATE_BRIDGE:
		link->stp = interface->stp;
		link->object.set |= LS_BIT(LS_LINK_STP);
		break;
	case LS_CREATE_VLAN:
		link->vlan_id = (uint16_t)interface->id;
		link->object.set |= LS_BIT(LS_LINK_VLAN_ID);
		break;
	case LS_CREATE_VXLAN:
		create_vxlan(interface, link);
		break;
	case LS_CREATE_VRF:
		link->table = interface->table;
		link->object.set |= LS_BIT(LS_LINK_TABLE);
		break;
	case LS_CREATE_MACVLAN:
		link->macvlan_mode = interface->mode;
		link->object.set |= LS_BIT(LS_LINK_MACVLAN_MODE);
		break;
	case LS_CREATE_BOND:
		link->bond_mode = interface->mode;
		link->miimon = interface->miimon;
		link->object.set |= LS_BIT(LS_LINK_BOND_MODE) | LS_BIT(LS_LINK_MIIMON);
		break;
	}
}

static void create_link(struct compiler *compiler, const struct ls_spec_interface *interface, struct ls_link *link)
{
	const char *type = create_types[interface->create];

	link->type = ls_arena_intern(compiler->set->arena, type, strlen(type));
	compiler->out_of_memory |= !link->type;
	link->object.set |= LS_BIT(LS_LINK_TYPE);
	set_mac(compiler, interface, link);
	if (interface->parent.name) {
		link->parent = compiler_device(compiler, interface->parent.name);
		link->object.set |= LS_BIT(LS_LINK_PARENT);
	}
	create_typed(compiler, interface, link);
}

/* The interface of the spec that has this one among its ports. */
static const struct ls_spec_interface *master_of(const struct ls_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_interfaces; i++)
		for (size_t k = 0; k < spec->interfaces[i].n_ports; k++)
			if (!strcmp(spec->interfaces[i].ports[k].name, name))
				return &spec->interfaces[i];
	return NULL;
}

static void compile_link(struct compiler *compiler, const struct ls_spec_interface *interface, const char *dev)
{
	struct ls_link *link = compiler_add(compiler, &ls_kind_link, interface->mark);
	const struct ls_spec_interface *master = master_of(compiler->spec, interface->name);

	if (!link)
		return;
	link->name = dev;
	link->up = interface->up;
	link->object.set |= LS_BIT(LS_LINK_NAME) | LS_BIT(LS_LINK_UP);
	set_mtu(compiler, interface, master, link);
	if (master) {
		link->master = compiler_device(compiler, master->name);
		link->object.set |= LS_BIT(LS_LINK_MASTER);
	}
	if (interface->create != LS_CREATE_NONE) {
		create_link(compiler, interface, link);
	} else {
		link->object.flags |= LS_OBJECT_ADJUST;
		link->object.managed = link->object.set & ~LS_BIT(LS_LINK_NAME);
	}
}

/* ---- families ---------------------------------------------------------------------------------------------------- */

/* What an IPv6 method says to the kernel. accept_ra=2: router advertisements also where forwarding is on (kernel
 * Documentation/networking/ip-sysctl.rst). NULL: left alone. */
static const struct {
	const char *name;
	const char *value[LS_METHOD_DISABLED + 1];
} ipv6_sysctls[] = {
	{ "disable_ipv6", { [LS_METHOD_AUTO] = "0", [LS_METHOD_MANUAL] = "0", [LS_METHOD_DISABLED] = "1" } },
	{ "accept_ra", { [LS_METHOD_AUTO] = "2", [LS_METHOD_MANUAL] = "0" } },
	{ "autoconf", { [LS_METHOD_AUTO] = "1" } },
	{ "use_tempaddr", { [LS_METHOD_AUTO] = "0" } },
};

static void compile_ipv6_method(struct compiler *compiler, const struct ls_spec_interface *interface, const char *dev)
{
	const struct ls_spec_family *family = &interface->ipv6;
	uint32_t mtu = compiler_mtu(compiler, interface);

	if (mtu && mtu < LS_IPV6_MTU_MIN) /* IPv6 is not there */
		return;
	for (size_t i = 0; i < LS_ARRAY_SIZE(ipv6_sysctls); i++) {
		const char *value = ipv6_sysctls[i].value[family->method];

		if (value)
			compile_sysctl(compiler,
				ls_arena_printf(compiler->set->arena, "net/ipv6/conf/%s/%s", dev, ipv6_sysctls[i].name),
				value, dev, family->method_mark);
	}
}

struct ls_address *compile_address(struct compiler *compiler, const char *dev, const struct ls_spec_address *address)
{
	struct ls_address *object = compiler_add(compiler, &ls_kind_address, address->mark);

	if (!object)
		return NULL;
	object->dev = dev;
	object->address = address->address.ip;
	object->prefix_length = address->address.length;
	object->object.set |= LS_BIT(LS_ADDRESS_DEV) | LS_BIT(LS_ADDRESS_ADDRESS) | LS_BIT(LS_ADDRESS_PREFIX_LENGTH);
	if (object->address.family == AF_INET) {
		object->scope = object->address.bytes[0] == 127         ? LS_SCOPE_HOST
				: ls_ip_is_link_local(&object->address) ? LS_SCOPE_LINK
									: LS_SCOPE_GLOBAL;
		object->object.set |= LS_BIT(LS_ADDRESS_SCOPE);
	}
	if (address->adopt)
		object->object.flags |= LS_OBJECT_ADOPT;
	return object;
}

static void compile_dhcp_client(
	struct compiler *compiler, const struct ls_spec_family *spec, enum ls_family family, const char *dev)
{
	struct ls_dhcp_client *client;

	if (spec->method != LS_METHOD_AUTO)
		return;
	client = (struct ls_dhcp_client *)compiler_add(compiler, &ls_kind_dhcp_client, spec->method_mark);
	if (!client)
		return;
	client->dev = dev;
	client->family = (uint8_t)family;
	client->object.set = LS_BIT(LS_DHCP_CLIENT_DEV) | LS_BIT(LS_DHCP_CLIENT_FAMILY);
	/* dhcpcd does it for both, and never takes it back. */
	compile_needed_sysctl(compiler,
		ls_arena_printf(compiler->set->arena, "net/ipv4/conf/%s/promote_secondaries", dev), "1", dev,
		spec->method_mark);
}

static void compile_family(struct compiler *compiler, const struct ls_spec_family *family, const char *dev)
{
	for (size_t i = 0; i < family->n_addresses; i++)
		(void)compile_address(compiler, dev, &family->addresses[i]);
	if (family->gateway.family)
		compile_default_route(compiler, dev, &family->gateway, family->gateway_mark);
}

void compile_interfaces(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->spec->n_interfaces; i++) {
		const struct ls_spec_interface *interface = &compiler->spec->interfaces[i];
		const char *dev = compiler->devices[i];

		if (!compiler_has_interface(compiler, i))
			continue;
		compile_link(compiler, interface, dev);
		compile_dhcp_client(compiler, &interface->ipv4, LS_FAMILY_IPV4, dev);
		compile_family(compiler, &interface->ipv4, dev);
		compile_ipv6_method(compiler, interface, dev);
		compile_dhcp_client(compiler, &interface->ipv6, LS_FAMILY_IPV6, dev);
		compile_family(compiler, &interface->ipv6, dev);
	}
	for (size_t i = 0; i < compiler->spec->n_addresses; i++)
		(void)compile_address(compiler, compiler_device(compiler, compiler->spec->addresses[i].interface),
			&compiler->spec->addresses[i]);
}
