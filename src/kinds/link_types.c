/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of links. What a type can change in place was measured on kernels 6.1 and 6.18; the kernel's changelink
 * functions are named where they decide. A type whose driver has none (vlan's other than flags, vrf's) is made anew.
 */
#include "link_types.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

const char *const ls_macvlan_mode_names[] = { "bridge", "private", "vepa", "passthru", "source", NULL };
static const uint32_t macvlan_modes[] = { MACVLAN_MODE_BRIDGE, MACVLAN_MODE_PRIVATE, MACVLAN_MODE_VEPA,
	MACVLAN_MODE_PASSTHRU, MACVLAN_MODE_SOURCE };

const char *const ls_bond_mode_names[] = { "active-backup", "balance-rr", "balance-xor", "broadcast", "802.3ad",
	"balance-tlb", "balance-alb", NULL };
static const uint8_t bond_modes[] = { BOND_MODE_ACTIVEBACKUP, BOND_MODE_ROUNDROBIN, BOND_MODE_XOR, BOND_MODE_BROADCAST,
	BOND_MODE_8023AD, BOND_MODE_TLB, BOND_MODE_ALB };

static bool has(const struct ls_link *link, unsigned attr)
{
	return ls_object_has(&link->object, attr);
}

/* ---- bridge, vlan, veth ------------------------------------------------------------------------------------------ */

static void decode_bridge(struct ls_link *link, const void *data, size_t length)
{
	const struct nlattr *tb[IFLA_BR_STP_STATE + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), data, length);
	link->stp = ls_attr_u32(tb[IFLA_BR_STP_STATE]) != 0;
	ls_object_set(&link->object, LS_LINK_STP);
}

static int put_bridge(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	(void)have;
	(void)parent;
	if (bits & LS_BIT(LS_LINK_STP))
		NLA_PUT_U32(message, IFLA_BR_STP_STATE, want->stp);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

static void decode_vlan(struct ls_link *link, const void *data, size_t length)
{
	const struct nlattr *tb[IFLA_VLAN_ID + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), data, length);
	link->vlan_id = ls_attr_u16(tb[IFLA_VLAN_ID]);
	ls_object_set(&link->object, LS_LINK_VLAN_ID);
}

static int put_vlan(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	(void)have;
	(void)parent;
	if (bits & LS_BIT(LS_LINK_VLAN_ID))
		NLA_PUT_U16(message, IFLA_VLAN_ID, want->vlan_id);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

static int put_veth(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nlattr *peer;

	(void)have;
	(void)parent;
	if (!(bits & LS_BIT(LS_LINK_PEER)))
		return 0;
	peer = nla_nest_start(message, VETH_INFO_PEER);
	if (!peer || nlmsg_append(message, (void *)(uintptr_t)&info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -EMSGSIZE;
	NLA_PUT_STRING(message, IFLA_IFNAME, want->peer);
	NLA_PUT_U32(message, IFLA_GROUP, LS_MARK_LINK_GROUP);
	nla_nest_end(message, peer);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/* ---- vxlan ------------------------------------------------------------------------------------------------------- */

static void decode_end(
	struct ls_link *link, unsigned attr, const struct nlattr *ipv4, const struct nlattr *ipv6, struct ls_ip *ret)
{
	if (ls_attr_ip(ipv4, AF_INET, ret) || ls_attr_ip(ipv6, AF_INET6, ret))
		ls_object_set(&link->object, attr);
}

static void decode_vxlan(struct ls_link *link, const void *data, size_t length)
{
	const struct nlattr *tb[IFLA_VXLAN_LOCAL6 + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), data, length);
	link->parent = ls_link_pending(ls_attr_u32(tb[IFLA_VXLAN_LINK]));
	link->vni = ls_attr_u32(tb[IFLA_VXLAN_ID]);
	link->port = ntohs(ls_attr_u16(tb[IFLA_VXLAN_PORT]));
	link->learning = ls_attr_u8(tb[IFLA_VXLAN_LEARNING]) != 0;
	link->ttl = ls_attr_u8(tb[IFLA_VXLAN_TTL]);
	link->object.set |= LS_BIT(LS_LINK_VNI) | LS_BIT(LS_LINK_PORT) | LS_BIT(LS_LINK_LEARNING) | LS_BIT(LS_LINK_TTL);
	decode_end(link, LS_LINK_REMOTE, tb[IFLA_VXLAN_GROUP], tb[IFLA_VXLAN_GROUP6], &link->remote);
	decode_end(link, LS_LINK_LOCAL, tb[IFLA_VXLAN_LOCAL], tb[IFLA_VXLAN_LOCAL6], &link->local);
}

/* 0: none tells it. */
static uint8_t vxlan_family(const struct ls_link *link)
{
	if (has(link, LS_LINK_REMOTE))
		return link->remote.family;
	return has(link, LS_LINK_LOCAL) ? link->local.family : 0;
}

/* `ip` NULL: none any more, which is said with the address that is all zeros. */
static int put_end(struct nl_msg *message, int ipv4, int ipv6, const struct ls_ip *ip, uint8_t family)
{
	static const uint8_t zeros[16];
	bool six = (ip ? ip->family : family) == AF_INET6;

	return nla_put(message, six ? ipv6 : ipv4, six ? 16 : 4, ip ? ip->bytes : zeros);
}

static int put_vxlan(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	uint8_t family = have ? vxlan_family(have) : 0;

	if (bits & LS_BIT(LS_LINK_VNI))
		NLA_PUT_U32(message, IFLA_VXLAN_ID, want->vni);
	if (bits & LS_BIT(LS_LINK_PORT))
		NLA_PUT_U16(message, IFLA_VXLAN_PORT, htons(want->port));
	if (bits & LS_BIT(LS_LINK_LEARNING))
		NLA_PUT_U8(message, IFLA_VXLAN_LEARNING, want->learning);
	if (bits & LS_BIT(LS_LINK_TTL))
		NLA_PUT_U8(message, IFLA_VXLAN_TTL, want->ttl);
	if (bits & LS_BIT(LS_LINK_PARENT))
		NLA_PUT_U32(message, IFLA_VXLAN_LINK, parent);
	if (bits & LS_BIT(LS_LINK_REMOTE) && put_end(message, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6,
						     has(want, LS_LINK_REMOTE) ? &want->remote : NULL, family) < 0)
		return -EMSGSIZE;
	if (bits & LS_BIT(LS_LINK_LOCAL) && put_end(message, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6,
						    has(want, LS_LINK_LOCAL) ? &want->local : NULL, family) < 0)
		return -EMSGSIZE;
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/* vxlan_changelink takes another link below but cannot do without one again (vxlan_config_apply leaves the index), and
 * none of the ends changes its family. Where neither end is set the link is of IPv4 (vxlan_config_validate). */
static enum ls_change change_of_vxlan(const struct ls_link *want, const struct ls_link *have, uint32_t bits)
{
	uint8_t old = vxlan_family(have), new = vxlan_family(want);

	if (bits & LS_BIT(LS_LINK_PARENT) && !has(want, LS_LINK_PARENT))
		return LS_CHANGE_RECREATE;
	if (new &&new != (old ? old : AF_INET))
		return LS_CHANGE_RECREATE;
	if (bits == LS_BIT(LS_LINK_PARENT))
		return LS_CHANGE_LIVE;
	return ls_object_change(want->object.kind, bits & ~LS_BIT(LS_LINK_PARENT));
}

/* ---- vrf --------------------------------------------------------------------------------------------------------- */

static void decode_vrf(struct ls_link *link, const void *data, size_t length)
{
	const struct nlattr *tb[IFLA_VRF_TABLE + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), data, length);
	link->table = ls_attr_u32(tb[IFLA_VRF_TABLE]);
	ls_object_set(&link->object, LS_LINK_TABLE);
}

static int put_vrf(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	(void)have;
	(void)parent;
	if (bits & LS_BIT(LS_LINK_TABLE))
		NLA_PUT_U32(message, IFLA_VRF_TABLE, want->table);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/* ---- macvlan ----------------------------------------------------------------------------------------------------- */

static void decode_macvlan(struct ls_link *link, const void *data, size_t length)
{
	const struct nlattr *tb[IFLA_MACVLAN_MODE + 1];
	uint32_t mode;

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), data, length);
	mode = ls_attr_u32(tb[IFLA_MACVLAN_MODE]);
	for (size_t i = 0; i < LS_ARRAY_SIZE(macvlan_modes); i++) {
		if (mode != macvlan_modes[i])
			continue;
		link->macvlan_mode = (uint8_t)i;
		ls_object_set(&link->object, LS_LINK_MACVLAN_MODE);
	}
}

static int put_macvlan(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	(void)have;
	(void)parent;
	if (bits & LS_BIT(LS_LINK_MACVLAN_MODE))
		NLA_PUT_U32(message, IFLA_MACVLAN_MODE, macvlan_modes[want->macvlan_mode]);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/* macvlan_changelink: passthru can be neither entered nor left. */
static enum ls_change change_of_macvlan(const struct ls_link *want, const struct ls_link *have, uint32_t bits)
{
	if (bits & LS_BIT(LS_LINK_MACVLAN_MODE) &&
		(want->macvlan_mode == LS_MACVLAN_PASSTHRU || have->macvlan_mode == LS_MACVLAN_PASSTHRU))
		return LS_CHANGE_RECREATE;
	return ls_object_change(want->object.kind, bits);
}

/* ---- bond -------------------------------------------------------------------------------------------------------- */

static void decode_bond(struct ls_link *link, const void *data, size_t length)
{
	const struct nlattr *tb[IFLA_BOND_MIIMON + 1];
	uint8_t mode;

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), data, length);
	mode = ls_attr_u8(tb[IFLA_BOND_MODE]);
	link->miimon = ls_attr_u32(tb[IFLA_BOND_MIIMON]);
	ls_object_set(&link->object, LS_LINK_MIIMON);
	for (size_t i = 0; i < LS_ARRAY_SIZE(bond_modes); i++) {
		if (mode != bond_modes[i])
			continue;
		link->bond_mode = (uint8_t)i;
		ls_object_set(&link->object, LS_LINK_BOND_MODE);
	}
}

/* In the order of bond_changelink: a mode resets miimon. */
static int put_bond(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	(void)have;
	(void)parent;
	if (bits & LS_BIT(LS_LINK_BOND_MODE))
		NLA_PUT_U8(message, IFLA_BOND_MODE, bond_modes[want->bond_mode]);
	if (bits & LS_BIT(LS_LINK_MIIMON))
		NLA_PUT_U32(message, IFLA_BOND_MIIMON, want->miimon);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/* ---- xfrm -------------------------------------------------------------------------------------------------------- */

static void decode_xfrm(struct ls_link *link, const void *data, size_t length)
{
	const struct nlattr *tb[IFLA_XFRM_IF_ID + 1];

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), data, length);
	link->if_id = ls_attr_u32(tb[IFLA_XFRM_IF_ID]);
	ls_object_set(&link->object, LS_LINK_IF_ID);
}

static int put_xfrm(
	struct nl_msg *message, const struct ls_link *want, const struct ls_link *have, uint32_t bits, uint32_t parent)
{
	(void)have;
	(void)parent;
	if (bits & LS_BIT(LS_LINK_IF_ID))
		NLA_PUT_U32(message, IFLA_XFRM_IF_ID, want->if_id);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const struct ls_link_type types[] = {
	{ .name = "dummy", .option = "CONFIG_DUMMY", .module = "dummy" },
	{
		.name = "veth",
		.option = "CONFIG_VETH",
		.module = "veth",
		.attrs = LS_BIT(LS_LINK_PEER),
		.needs = LS_BIT(LS_LINK_PEER),
		.put = put_veth,
	},
	{
		/* A bridge follows the least MTU of its ports until it is given one, which the creating message does
		 * not count as (br_change_mtu sets BROPT_MTU_SET_BY_USER, br_dev_newlink does not). */
		.name = "bridge",
		.option = "CONFIG_BRIDGE",
		.module = "bridge",
		.attrs = LS_BIT(LS_LINK_STP),
		.late_mtu = true,
		.decode = decode_bridge,
		.put = put_bridge,
	},
	{
		.name = "vlan",
		.option = "CONFIG_VLAN_8021Q",
		.module = "8021q",
		.attrs = LS_BIT(LS_LINK_VLAN_ID),
		.needs = LS_BIT(LS_LINK_PARENT) | LS_BIT(LS_LINK_VLAN_ID),
		.decode = decode_vlan,
		.put = put_vlan,
	},
	{
		/* vxlan_config_apply cuts an MTU that does not fit into the link below, without a word;
		 * vxlan_change_mtu refuses it. */
		.name = "vxlan",
		.option = "CONFIG_VXLAN",
		.module = "vxlan",
		.attrs = LS_BIT(LS_LINK_VNI) | LS_BIT(LS_LINK_PORT) | LS_BIT(LS_LINK_LEARNING) | LS_BIT(LS_LINK_TTL) |
			 LS_BIT(LS_LINK_PARENT) | LS_BIT(LS_LINK_REMOTE) | LS_BIT(LS_LINK_LOCAL),
		.needs = LS_BIT(LS_LINK_VNI),
		.inner_parent = true,
		.late_mtu = true,
		.decode = decode_vxlan,
		.put = put_vxlan,
		.change = change_of_vxlan,
	},
	{
		.name = "vrf",
		.option = "CONFIG_NET_VRF",
		.module = "vrf",
		.attrs = LS_BIT(LS_LINK_TABLE),
		.needs = LS_BIT(LS_LINK_TABLE),
		.decode = decode_vrf,
		.put = put_vrf,
	},
	{
		.name = "macvlan",
		.option = "CONFIG_MACVLAN",
		.module = "macvlan",
		.attrs = LS_BIT(LS_LINK_MACVLAN_MODE),
		.needs = LS_BIT(LS_LINK_PARENT),
		.decode = decode_macvlan,
		.put = put_macvlan,
		.change = change_of_macvlan,
	},
	{
		.name = "bond",
		.option = "CONFIG_BONDING",
		.module = "bonding",
		.attrs = LS_BIT(LS_LINK_BOND_MODE) | LS_BIT(LS_LINK_MIIMON),
		.decode = decode_bond,
		.put = put_bond,
	},
	{
		.name = "wireguard",
		.option = "CONFIG_WIREGUARD",
		.module = "wireguard",
		.family = "wireguard",
	},
	{
		/* Without a link below: the outer packets go where their route says. */
		.name = "xfrm",
		.option = "CONFIG_XFRM_INTERFACE",
		.module = "xfrm_interface",
		.attrs = LS_BIT(LS_LINK_IF_ID),
		.needs = LS_BIT(LS_LINK_IF_ID),
		.decode = decode_xfrm,
		.put = put_xfrm,
	},
};

const struct ls_link_type *ls_link_type_by_name(const char *name)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(types); i++)
		if (!strcmp(name, types[i].name))
			return &types[i];
	return NULL;
}

const struct ls_link_type *ls_link_type_of(const struct ls_link *link)
{
	return has(link, LS_LINK_TYPE) ? ls_link_type_by_name(link->type) : NULL;
}

/* ---- probe ------------------------------------------------------------------------------------------------------- */

static void note_code(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	int *answer = data;

	(void)token;
	(void)kernel_says;
	*answer = state == LS_TX_UNKNOWN ? 0 : code;
}

static int put_probe(struct nl_msg *message, const char *type)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nlattr *nest;

	if (nlmsg_append(message, (void *)(uintptr_t)&info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nla_put(message, IFLA_ADDRESS, 1, "") < 0)
		return -EMSGSIZE;
	nest = nla_nest_start(message, IFLA_LINKINFO);
	if (!nest || nla_put_string(message, IFLA_INFO_KIND, type) < 0)
		return -EMSGSIZE;
	nla_nest_end(message, nest);
	return 0;
}

/* Asks for a link with a MAC of one byte. The kernel looks up the type first (and loads its module), says EOPNOTSUPP
 * when there is none, and only then looks at the MAC, which all types listed here refuse (EINVAL, their `validate`)
 * before anything is made. */
static int ask_for_type(struct ls_kernel *kernel, const char *type, int *ret_code, struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	int r;

	if (put_probe(message, type) < 0)
		return ls_error_set(err, -EMSGSIZE, "request does not fit");
	ls_tx_begin(kernel->nl, note_code, ret_code);
	r = ls_tx_queue(kernel->nl, message, 0, err);
	return r < 0 ? r : ls_tx_barrier(kernel->nl, err);
}

/* A type that lets a link with such a MAC pass has a family of its own. */
static int ask_for_family(struct ls_kernel *kernel, const char *family, int *ret_code, struct ls_error *err)
{
	uint16_t number;
	int r = kernel->genl ? 0 : ls_netlink_open(NETLINK_GENERIC, &kernel->genl, err);

	if (r >= 0)
		r = ls_genl_family(kernel->genl, family, &number, err);
	*ret_code = r == -ENOENT ? -EOPNOTSUPP : 0;
	return r == -ENOENT ? ls_error_clear(err) : r;
}

/* Not within a transaction: it uses the session's own. Any answer but EOPNOTSUPP (EPERM, too) is no reason to refuse.
 */
int ls_link_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	const struct ls_link_type *type = ls_link_type_of((const struct ls_link *)want);
	uint32_t bit = type ? LS_BIT(type - types) : 0;
	int r, code = 0;

	if (type && !(kernel->link_types_asked & bit)) {
		r = type->family ? ask_for_family(kernel, type->family, &code, err)
				 : ask_for_type(kernel, type->name, &code, err);
		if (r < 0)
			return r;
		kernel->link_types_asked |= bit;
		kernel->link_types_missing |= code == -EOPNOTSUPP ? bit : 0;
	}
	if (kernel->link_types_missing & bit)
		return ls_error_set(err, -EOPNOTSUPP, "this kernel has no link type '%s' (%s, module %s)", type->name,
			type->option, type->module);
	return 0;
}
