/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of `create`: links to be made, of which each type takes some.
 */
#include "host.h"

#include <linkspan/model.h>

#include <string.h>
#include <sys/socket.h>

#define TABLE_DEFAULT 253u /* RT_TABLE_DEFAULT; RT_TABLE_MAIN and RT_TABLE_LOCAL follow */

/* Addresses of ports of a vrf would mix with those of all others in the host's own tables. */
static int decode_vrf_table(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	return ls_decode_table_below(
		decoder, key, event, value, TABLE_DEFAULT, "one of the host's own (253 default, 254 main, 255 local)");
}

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static bool is_multicast(const struct ls_ip *ip)
{
	return ip->family == AF_INET ? (ip->bytes[0] & 0xf0) == 0xe0 : ip->family == AF_INET6 && ip->bytes[0] == 0xff;
}

static bool is_unspecified(const struct ls_ip *ip)
{
	static const uint8_t zeros[sizeof(ip->bytes)];

	return ip->family != 0 && !memcmp(ip->bytes, zeros, sizeof(zeros));
}

/* fe80::/10, and multicast of that scope (RFC 4291, section 2.7). IPv4 has no scopes here. */
static bool is_of_link(const struct ls_ip *ip)
{
	return ip->family == AF_INET6 &&
	       (ls_ip_is_link_local(ip) || (ip->bytes[0] == 0xff && (ip->bytes[1] & 0x0f) == 2));
}

static void check_vxlan_end(
	struct ls_decoder *decoder, struct ls_mark mark, const char *key, const struct ls_ip *ip, bool group_allowed)
{
	if (is_unspecified(ip))
		ls_report_error(decoder->report, mark, "range", "'%s' is the unspecified address; remove it", key);
	else if (is_multicast(ip) && !group_allowed)
		ls_report_error(decoder->report, mark, "range",
			"'%s' is a multicast address, which nothing is sent from; groups go into 'remote'", key);
}

/* vxlan_config_validate: scopes that cannot meet. */
static void check_vxlan_scopes(struct ls_decoder *decoder, const struct ls_spec_interface *interface)
{
	const struct ls_ip *local = &interface->local, *remote = &interface->remote;
	bool local_is = is_of_link(local), remote_is = is_of_link(remote);

	if (remote_is && !is_multicast(remote) && !local_is)
		ls_report_error(decoder->report, interface->remote_mark, "range",
			"'remote' is link-local, but 'local' is not; give both, or none of them");
	else if (local_is && remote->family != 0 && !remote_is)
		ls_report_error(decoder->report, interface->local_mark, "range",
			"'local' is link-local, but 'remote' is not; give both, or none of them");
	else if (local_is && !interface->parent.mark.line)
		ls_report_error(decoder->report, interface->local_mark, "missing",
			"'local' is link-local; it needs 'parent' to say on which link");
}

static void check_vxlan(struct ls_decoder *decoder, const struct ls_spec_interface *interface)
{
	const struct ls_ip *local = &interface->local, *remote = &interface->remote;

	check_vxlan_end(decoder, interface->local_mark, "local", local, false);
	check_vxlan_end(decoder, interface->remote_mark, "remote", remote, true);
	if (local->family && remote->family && local->family != remote->family)
		ls_report_error(decoder->report, interface->local_mark, "type",
			"'local' is an %s address, but 'remote' is an %s one; both ends are of one family",
			ls_ip_family_name(local->family), ls_ip_family_name(remote->family));
	else
		check_vxlan_scopes(decoder, interface);
	if (is_multicast(remote) && !interface->parent.mark.line)
		ls_report_error(decoder->report, interface->remote_mark, "missing",
			"'remote' is a multicast group; it needs 'parent' to say on which link it is joined");
}

#define BOND_MODES 16u /* the key `mode` has the words of two types: a bond's count from here */

static const struct ls_word modes[] = {
	{ "private", LS_MACVLAN_PRIVATE },
	{ "vepa", LS_MACVLAN_VEPA },
	{ "bridge", LS_MACVLAN_BRIDGE },
	{ "passthru", LS_MACVLAN_PASSTHRU },
	{ "balance-rr", BOND_MODES + LS_BOND_BALANCE_RR },
	{ "active-backup", BOND_MODES + LS_BOND_ACTIVE_BACKUP },
	{ "balance-xor", BOND_MODES + LS_BOND_BALANCE_XOR },
	{ "broadcast", BOND_MODES + LS_BOND_BROADCAST },
	{ "802.3ad", BOND_MODES + LS_BOND_8023AD },
	{ "balance-tlb", BOND_MODES + LS_BOND_BALANCE_TLB },
	{ "balance-alb", BOND_MODES + LS_BOND_BALANCE_ALB },
	{ NULL, 0 },
};

/* active-backup needs nothing of the switch, unlike the kernel's own default, balance-rr. */
static void finish_mode(struct ls_decoder *decoder, struct ls_spec_interface *interface)
{
	bool bond = interface->create == LS_CREATE_BOND, given = interface->mode_mark.line != 0;

	if (!given) {
		interface->mode = bond ? LS_BOND_ACTIVE_BACKUP : LS_MACVLAN_BRIDGE;
		return;
	}
	if (bond != (interface->mode >= BOND_MODES))
		ls_report_error(decoder->report, interface->mode_mark, "range",
			bond ? "'mode' is one of a macvlan; a bond has balance-rr, active-backup, balance-xor, "
			       "broadcast, 802.3ad, balance-tlb or balance-alb"
			     : "'mode' is one of a bond; a macvlan has private, vepa, bridge or passthru");
	interface->mode %= BOND_MODES;
}

static void check_macvlan(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_spec_interface *interface)
{
	if (interface->mode == LS_MACVLAN_PASSTHRU && interface->has_mac)
		ls_report_error(decoder->report, mark, "range",
			"'macaddress' with mode passthru, in which the link has that of its parent; remove it");
}

static void finish_create(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_interface *interface = target;

	(void)seen;
	if (interface->create == LS_CREATE_VLAN && interface->id_mark.line &&
		(interface->id < 1 || interface->id > 4094))
		ls_report_error(decoder->report, interface->id_mark, "range", "'id' is %u; it must be from 1 to 4094",
			interface->id);
	if (interface->create == LS_CREATE_BOND || interface->create == LS_CREATE_MACVLAN)
		finish_mode(decoder, interface);
	if (interface->create == LS_CREATE_MACVLAN)
		check_macvlan(decoder, mark, interface);
	if (interface->create == LS_CREATE_VXLAN)
		check_vxlan(decoder, interface);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_word link_types[] = {
	{ "dummy", LS_CREATE_DUMMY },
	{ "veth", LS_CREATE_VETH },
	{ "bridge", LS_CREATE_BRIDGE },
	{ "vlan", LS_CREATE_VLAN },
	{ "vxlan", LS_CREATE_VXLAN },
	{ "vrf", LS_CREATE_VRF },
	{ "macvlan", LS_CREATE_MACVLAN },
	{ "bond", LS_CREATE_BOND },
	{ NULL, 0 },
};

static const struct ls_key port_key = { LS_NAME("port"), LS_AT(ls_spec_name, name), LS_TEXT(ls_check_interface_name) };

static const struct ls_mapping port_mapping = {
	.what = "a port",
	.size = sizeof(struct ls_spec_name),
	.shorthand = &port_key,
};

#define VLAN LS_VARIANT(LS_CREATE_VLAN)
#define VXLAN LS_VARIANT(LS_CREATE_VXLAN)
#define VRF LS_VARIANT(LS_CREATE_VRF)
#define MACVLAN LS_VARIANT(LS_CREATE_MACVLAN)
#define BOND LS_VARIANT(LS_CREATE_BOND)

/* `id` has the range of the widest; finish_create knows the type, which may stand after it. */
static const struct ls_key create_keys[] = {
	{ LS_NAME("type"), LS_AT(ls_spec_interface, create), LS_WORD(link_types), .needed = LS_ALWAYS },
	{ LS_NAME("macaddress"), LS_AT(ls_spec_interface, mac), LS_PRESENT(ls_spec_interface, has_mac), LS_MAC },
	{ LS_NAME("ports"), LS_AT(ls_spec_interface, ports), LS_PRESENT(ls_spec_interface, n_ports),
		LS_LIST(&port_mapping), .only = LS_VARIANT(LS_CREATE_BRIDGE) | VRF | BOND },
	{ LS_NAME("stp"), LS_AT(ls_spec_interface, stp), LS_BOOL, .only = LS_VARIANT(LS_CREATE_BRIDGE) },
	{ LS_NAME("parent"), LS_AT(ls_spec_interface, parent.name), LS_MARK(ls_spec_interface, parent.mark),
		LS_TEXT(ls_check_interface_name), .needed = VLAN | MACVLAN, .only = VLAN | MACVLAN | VXLAN },
	{ LS_NAME("id"), LS_AT(ls_spec_interface, id), LS_MARK(ls_spec_interface, id_mark), LS_NUMBER(0, 0xffffff),
		.needed = VLAN | VXLAN, .only = VLAN | VXLAN },
	{ LS_NAME("local"), LS_AT(ls_spec_interface, local), LS_MARK(ls_spec_interface, local_mark), LS_IP,
		.only = VXLAN },
	{ LS_NAME("remote"), LS_AT(ls_spec_interface, remote), LS_MARK(ls_spec_interface, remote_mark), LS_IP,
		.only = VXLAN },
	{ LS_NAME("port"), LS_AT(ls_spec_interface, port), LS_NUMBER(1, 65535), .only = VXLAN },
	{ LS_NAME("learning"), LS_AT(ls_spec_interface, learning), LS_BOOL, .only = VXLAN },
	{ LS_NAME("ttl"), LS_AT(ls_spec_interface, ttl), LS_NUMBER(1, 255), .only = VXLAN },
	{ LS_NAME("table"), LS_AT(ls_spec_interface, table), .decode = decode_vrf_table, .min = 1, .max = UINT32_MAX,
		.needed = VRF, .only = VRF },
	{ LS_NAME("mode"), LS_AT(ls_spec_interface, mode), LS_MARK(ls_spec_interface, mode_mark), LS_WORD(modes),
		.only = MACVLAN | BOND },
	{ LS_NAME("miimon"), LS_AT(ls_spec_interface, miimon), LS_NUMBER(0, INT32_MAX), .only = BOND },
	{ LS_NAME("peer"), LS_AT(ls_spec_interface, peer.name), LS_MARK(ls_spec_interface, peer.mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_VARIANT(LS_CREATE_VETH),
		.only = LS_VARIANT(LS_CREATE_VETH) },
};

const struct ls_mapping ls_create_mapping = {
	.what = "create",
	.keys = create_keys,
	.n_keys = LS_ARRAY_SIZE(create_keys),
	.variant = &create_keys[0],
	.finish = finish_create,
	.rules = ls_rules_create,
};

/* ---- forms ------------------------------------------------------------------------------------------------------- */

const struct ls_reader_form ls_link_forms[] = {
	{ decode_vrf_table, NULL, { .type = LS_FORM_NUMBER, .rules = "{'not': {'enum': [253, 254, 255]}}" } },
	{ 0 },
};
