/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a host's spec, as tables; a new key is a line in one of them. Below the tables' readers of single values
 * stand the `finish` functions, with what one mapping can be asked without knowing the others. What takes the whole
 * spec (references, duplicates, addresses that make sense) is in the checks.
 *
 * Tables come last, each after those that it refers to.
 */
#include "host.h"

#include <linkspan/model.h>

#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define FORMAT 1u
#define IPV6_MTU_MIN 1280u /* RFC 8200, section 5 */
#define SYSCTL_PATH_MAX 256u
#define UNICAST LS_VARIANT(LS_ROUTE_UNICAST)

#define TO_DEFAULT 255u /* prefix length that stands for the word until the family is known */

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* What dev_valid_name() in the kernel's net/core/dev.c refuses, and two things more: '%', for which a created link
 * would get a number, and control characters, which no terminal should be sent. For the kernel 0xa0 is a space. */
const char *ls_check_interface_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length >= IFNAMSIZ)
		return "is no interface name: those have 1 to 15 bytes";
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return "is no interface name";
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= 0x20 || c == 0x7f || c == 0xa0 || strchr("/:%", c))
			return "is no interface name: those have no '/', ':', '%' nor blanks";
	}
	return NULL;
}

const char *ls_check_spec_name(const char *text)
{
	size_t length = strlen(text);

	if (length < 1 || length > 63)
		return "has not 1 to 63 characters";
	for (size_t i = 0; i < length; i++) {
		if (!isascii(text[i]) || (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i])))
			return "has more than letters, digits, '-', '_' and '.'";
	}
	return NULL;
}

/* ---- single values ----------------------------------------------------------------------------------------------- */

static int decode_format(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	struct ls_key number = *key;
	uint32_t format = FORMAT;
	int r;

	(void)value;
	number.size = sizeof(format);
	r = ls_decode_number(decoder, &number, event, &format);
	if (r != 0 || format == FORMAT)
		return r;
	ls_report_error(decoder->report, event->mark, "range",
		"the spec is of format %u, but this linkspan reads format %u", format, FORMAT);
	return 1;
}

static const struct ls_word kinds[] = {
	{ "gateway", LS_SPEC_GATEWAY },
	{ "appliance", LS_SPEC_APPLIANCE },
	{ NULL, 0 },
};

/* A site's keys would all be unknown: one error says more than a hundred. */
static int decode_kind(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	if (event->type != LS_YAML_SCALAR || strcmp(event->text, "site") != 0)
		return ls_decode_word(decoder, key, event, value);
	ls_report_error(decoder->report, event->mark, "range",
		"this is the spec of a site, not of a host (gateway or appliance): see 'linkspan site'");
	return -EINVAL;
}

static int decode_prefix(struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event,
	void *value, const char *what)
{
	char excerpt[LS_EXCERPT_MAX], network_text[LS_PREFIX_TEXT_MAX];
	struct ls_prefix to, network;
	int r;

	r = ls_decode_scalar(decoder, key, event, LS_TAG_STR, what);
	if (r != 0)
		return r;
	if (ls_prefix_parse(event->text, &to) < 0) {
		if (ls_ip_parse(event->text, &to.ip) < 0)
			return ls_decode_refuse(decoder, key, event, what);
		to.length = ls_ip_bits(to.ip.family);
	}
	network = ls_prefix_network(to);
	if (memcmp(&network.ip, &to.ip, sizeof(to.ip)) != 0) {
		ls_report_error(decoder->report, event->mark, "range",
			"'%s' is %s, which has bits set beyond its length; the network is %s", key->name,
			ls_excerpt(event->text, event->length, excerpt), ls_prefix_format(&network, network_text));
		return 1;
	}
	memcpy(value, &to, sizeof(to));
	return 0;
}

int ls_decode_network(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	return decode_prefix(
		decoder, key, event, value, "a network, like 192.0.2.0/24 or 2001:db8::/64, or an address");
}

/* `default` leaves the family to finish_route. */
static int decode_destination(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	const struct ls_prefix to = { .length = TO_DEFAULT };

	if (event->type != LS_YAML_SCALAR || strcmp(event->text, "default") != 0)
		return decode_prefix(decoder, key, event, value,
			"a network, like 192.0.2.0/24 or 2001:db8::/64, an address, or default");
	memcpy(value, &to, sizeof(to));
	return 0;
}

int ls_decode_table(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	uint32_t table;
	int r;

	r = ls_decode_number(decoder, key, event, &table);
	if (r != 0)
		return r;
	if (table == 255) {
		ls_report_error(decoder->report, event->mark, "range",
			"'%s' is 255, the table of the kernel's own local routes; take another", key->name);
		return 1;
	}
	memcpy(value, &table, sizeof(table));
	return 0;
}

/* Tables that are there already: addresses of ports of a vrf would mix with those of all others. */
static int decode_vrf_table(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	uint32_t table;
	int r;

	r = ls_decode_number(decoder, key, event, &table);
	if (r != 0)
		return r;
	if (table >= 253 && table <= 255) {
		ls_report_error(decoder->report, event->mark, "range",
			"'%s' is %u, one of the host's own (253 default, 254 main, 255 local); take another", key->name,
			table);
		return 1;
	}
	memcpy(value, &table, sizeof(table));
	return 0;
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

static bool is_bad_part(const char *part, size_t length)
{
	return length == 0 || (length <= 2 && strncmp(part, "..", length) == 0);
}

/* sysctl(8): the first separator decides. After a dot, slashes stand for dots within a name; after a slash, dots are.
 */
const char *ls_sysctl_path(const char *text, char *path, size_t size)
{
	bool dotted = text[strcspn(text, "./")] == '.';
	size_t length = strlen(text), start = 0;

	if (length >= size)
		return "is too long for a sysctl";
	for (size_t i = 0; i <= length; i++) {
		char c = text[i];

		if (c != '\0' && ((unsigned char)c <= 0x20 || c == 0x7f))
			return "is no sysctl: those have no blanks";
		if (dotted && (c == '.' || c == '/'))
			c = c == '.' ? '/' : '.';
		path[i] = c;
		if (c != '/' && c != '\0')
			continue;
		if (is_bad_part(path + start, i - start))
			return "is no sysctl: a part of the name is empty, '.' or '..'";
		start = i + 1;
	}
	if (strncmp(path, "net/", 4) != 0)
		return "is not below net: only net.* sysctls can be set";
	return NULL;
}

static int decode_sysctl_path(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	char excerpt[LS_EXCERPT_MAX], path[SYSCTL_PATH_MAX];
	const char *complaint, *interned;

	(void)key;
	complaint = ls_sysctl_path(event->text, path, sizeof(path));
	if (complaint) {
		ls_report_error(decoder->report, event->mark, "range", "sysctl '%s' %s",
			ls_excerpt(event->text, event->length, excerpt), complaint);
		return 1;
	}
	interned = ls_arena_intern(decoder->arena, path, strlen(path));
	if (!interned)
		return -ENOMEM;
	memcpy(value, &interned, sizeof(interned));
	return 0;
}

/* A number as the kernel shows it, or NULL if the text is none: 0x10 is read back as 16. */
static const char *sysctl_number(struct ls_arena *arena, const char *text)
{
	uint32_t number;

	if (strncmp(text, "0x", 2) != 0 || ls_parse_number(text, &number) < 0)
		return NULL;
	return ls_arena_printf(arena, "%u", number);
}

/* Blanks as the kernel shows them: one between values, none at the ends. */
static const char *fold_blanks(struct ls_arena *arena, const char *text, size_t length)
{
	char *folded = ls_arena_alloc(arena, length + 1), *to = folded;

	if (!folded)
		return NULL;
	for (const char *from = text; *from; from++) {
		bool blank = strchr(" \t\r\n", *from);

		if (!blank)
			*to++ = *from;
		else if (to > folded && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > folded && to[-1] == ' ')
		to--;
	*to = '\0';
	return folded;
}

static bool is_octal(const char *text)
{
	text += *text == '-';
	return text[0] == '0' && text[1] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int decode_sysctl_value(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	const char *text;
	int r;

	/* A number or a text: either tag fits. */
	r = ls_decode_scalar(
		decoder, key, event, event->tag == LS_TAG_INT ? LS_TAG_INT : LS_TAG_STR, "a number or a text");
	if (r != 0)
		return r;
	if (ls_is_bool_word(event))
		return ls_decode_refuse(decoder, key, event,
			event->text[0] == 't' ? "a number or a text; write 1" : "a number or a text; write 0");
	if (is_octal(event->text))
		return ls_decode_refuse(decoder, key, event,
			"a number without leading zeros, for which the kernel would take it as octal");
	text = sysctl_number(decoder->arena, event->text);
	if (!text)
		text = fold_blanks(decoder->arena, event->text, event->length);
	if (!text)
		return -ENOMEM;
	memcpy(value, &text, sizeof(text));
	return 0;
}

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static void finish_match(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	(void)target;
	if (seen->seen == 0)
		ls_report_error(decoder->report, mark, "missing",
			"match says neither 'name' nor 'macaddress'; it needs one to find the interface by");
	else if ((seen->seen & (seen->seen - 1)) != 0)
		ls_report_error(decoder->report, mark, "range",
			"match says both 'name' and 'macaddress'; remove one: the two could disagree");
}

/* The lists that cannot be read must not count as absent when `manual` asks for addresses. */
static void finish_family(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_family *family = target;

	(void)decoder;
	(void)mark;
	if (seen->bad && family->n_addresses == 0)
		family->method = LS_METHOD_NONE;
}

/* Names that the kernel has given away, or has another meaning for below /proc/sys/net. */
static void check_created_name(struct ls_decoder *decoder, const struct ls_spec_interface *interface)
{
	static const char *const reserved[] = { "lo", "all", "default" };

	for (size_t i = 0; interface->name && i < LS_ARRAY_SIZE(reserved); i++) {
		if (strcmp(interface->name, reserved[i]) == 0)
			ls_report_error(decoder->report, interface->mark, "range",
				"a created interface cannot be called '%s': the kernel keeps that name for itself; "
				"rename it",
				interface->name);
	}
}

static void check_mtu(struct ls_decoder *decoder, const struct ls_spec_interface *interface)
{
	bool unreadable = interface->ipv6.mark.line != 0 && interface->ipv6.method == LS_METHOD_NONE;

	if (interface->mtu == 0 || interface->mtu >= IPV6_MTU_MIN || unreadable ||
		interface->ipv6.method == LS_METHOD_DISABLED)
		return;
	ls_report_error(decoder->report, interface->mtu_mark, "range",
		"'mtu' is %u, but IPv6 needs %u (RFC 8200); raise it, or write ipv6: { method: disabled }",
		interface->mtu, IPV6_MTU_MIN);
}

/* vrf.c's min_mtu: the link itself carries IPv6 whatever is said of its ports. */
static void check_vrf_mtu(struct ls_decoder *decoder, const struct ls_spec_interface *interface)
{
	if (interface->create == LS_CREATE_VRF && interface->mtu && interface->mtu < IPV6_MTU_MIN)
		ls_report_error(decoder->report, interface->mtu_mark, "range",
			"'mtu' is %u, but a vrf has at least %u; raise or remove it", interface->mtu, IPV6_MTU_MIN);
}

static const char *family_name(uint8_t family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

/* ---- created links ----------------------------------------------------------------------------------------------- */

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
			family_name(local->family), family_name(remote->family));
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

static void finish_interface(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_interface *interface = target;

	(void)mark;
	(void)seen;
	if (interface->match_mark.line && interface->create_mark.line)
		ls_report_error(decoder->report, interface->create_mark, "range",
			"the interface has both 'match' (line %u) and 'create'; remove one: it either exists or is "
			"made",
			interface->match_mark.line);
	else if (!interface->match_mark.line && !interface->create_mark.line)
		ls_report_error(decoder->report, interface->mark, "missing",
			"the interface has neither 'match' nor 'create'; write match: { name: ... } for one that "
			"exists, create: { type: ... } for one to be made");
	if (interface->create_mark.line)
		check_created_name(decoder, interface);
	check_mtu(decoder, interface);
	check_vrf_mtu(decoder, interface);
}

static void check_route_family(struct ls_decoder *decoder, const struct ls_spec_route *route, struct ls_mark mark,
	const char *key, const struct ls_ip *ip)
{
	if (ip->family != 0 && ip->family != route->to.ip.family)
		ls_report_error(decoder->report, mark, "type", "'%s' is an %s address, but the route is for %s", key,
			family_name(ip->family), family_name(route->to.ip.family));
}

/* The family of the word `default`; 0 where what tells it is bad. */
static void find_default_family(struct ls_decoder *decoder, struct ls_spec_route *route)
{
	route->to.length = 0;
	route->to.ip.family = route->via.family ? route->via.family : route->src.family;
	for (size_t i = 0; i < route->n_hops && !route->to.ip.family; i++)
		route->to.ip.family = route->hops[i].via.family;
	if (!route->via_mark.line && !route->src_mark.line && !route->n_hops)
		ls_report_error(decoder->report, route->to_mark, "missing",
			"'to: default' has no family without 'via' or 'source'; write 0.0.0.0/0 or ::/0");
}

/* One of three says where the route leads. True if it is not `via` or `interface`. */
static bool check_ways(struct ls_decoder *decoder, const struct ls_spec_route *route)
{
	bool hops = route->multipath_mark.line, id = route->nexthop_mark.line;
	bool single = route->via_mark.line || route->interface_mark.line;

	if (hops && (single || id))
		ls_report_error(decoder->report, route->multipath_mark, "range",
			"'multipath' does not go with '%s'; it says by itself where the route leads",
			single ? route->via_mark.line ? "via" : "interface" : "nexthop");
	else if (id && single)
		ls_report_error(decoder->report, route->nexthop_mark, "range",
			"'nexthop' does not go with '%s'; the entry of 'nexthops' says where the route leads",
			route->via_mark.line ? "via" : "interface");
	else if ((hops || id) && route->onlink)
		ls_report_error(decoder->report, hops ? route->multipath_mark : route->nexthop_mark, "range",
			"'%s' does not go with 'on_link'; say it of the %s", hops ? "multipath" : "nexthop",
			hops ? "next hops" : "entry of 'nexthops'");
	return hops || id;
}

static void check_unicast(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_spec_route *route)
{
	if (check_ways(decoder, route))
		return;
	if (!route->via_mark.line && !route->interface_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the route has neither 'via' nor 'interface' (nor 'multipath' or 'nexthop'); it needs one to "
			"lead "
			"anywhere");
	else if (route->onlink && !route->via_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the route has 'on_link' but no 'via'; name the next hop that is on the link");
	else if ((ls_ip_is_link_local(&route->via) || route->onlink) && route->via.family == AF_INET6 &&
		 !route->interface_mark.line)
		ls_report_error(decoder->report, mark, "missing",
			"the route has no 'interface': it needs one to say on which link its next hop is");
}

static void finish_route(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_route *route = target;

	if (route->to.length == TO_DEFAULT)
		find_default_family(decoder, route);
	if (route->to.ip.family != 0) {
		check_route_family(decoder, route, route->via_mark, "via", &route->via);
		check_route_family(decoder, route, route->src_mark, "source", &route->src);
		for (size_t i = 0; i < route->n_hops; i++)
			check_route_family(decoder, route, route->hops[i].via_mark, "via", &route->hops[i].via);
	}
	if (seen->variant & UNICAST)
		check_unicast(decoder, mark, route);
	if (route->multipath_mark.line && !route->n_hops && !seen->bad)
		ls_report_error(decoder->report, route->multipath_mark, "missing",
			"the route has no next hops in 'multipath'; name some");
	if (route->mtu && route->mtu < IPV6_MTU_MIN && route->to.ip.family == AF_INET6)
		ls_report_error(decoder->report, mark, "range", "the route's 'mtu' is %u, but IPv6 needs %u (RFC 8200)",
			route->mtu, IPV6_MTU_MIN);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_word methods[] = {
	{ "auto", LS_METHOD_AUTO },
	{ "manual", LS_METHOD_MANUAL },
	{ "disabled", LS_METHOD_DISABLED },
	{ NULL, 0 },
};

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

static const struct ls_word route_types[] = {
	{ "unicast", LS_ROUTE_UNICAST },
	{ "blackhole", LS_ROUTE_BLACKHOLE },
	{ "unreachable", LS_ROUTE_UNREACHABLE },
	{ "prohibit", LS_ROUTE_PROHIBIT },
	{ NULL, 0 },
};

/* A family's addresses: the address alone, or a mapping. */
static const struct ls_key family_address_keys[] = {
	{ LS_NAME("address"), LS_AT(ls_spec_address, address), LS_ADDRESS, .needed = LS_ALWAYS },
	{ LS_NAME("adopt"), LS_AT(ls_spec_address, adopt), LS_BOOL },
};

static const struct ls_mapping family_address_mapping = {
	.what = "an address",
	.keys = family_address_keys,
	.n_keys = LS_ARRAY_SIZE(family_address_keys),
	.size = sizeof(struct ls_spec_address),
	.shorthand = &family_address_keys[0],
};

static const struct ls_key family_keys[] = {
	{ LS_NAME("method"), LS_AT(ls_spec_family, method), LS_MARK(ls_spec_family, method_mark), LS_WORD(methods),
		.needed = LS_ALWAYS },
	{ LS_NAME("addresses"), LS_AT(ls_spec_family, addresses), LS_PRESENT(ls_spec_family, n_addresses),
		LS_LIST(&family_address_mapping) },
	{ LS_NAME("gateway"), LS_AT(ls_spec_family, gateway), LS_MARK(ls_spec_family, gateway_mark), LS_IP },
};

static const struct ls_mapping family_mapping = {
	.what = "a family",
	.keys = family_keys,
	.n_keys = LS_ARRAY_SIZE(family_keys),
	.finish = finish_family,
	.rules = ls_rules_family,
};

static const struct ls_key match_keys[] = {
	{ LS_NAME("name"), LS_AT(ls_spec_interface, match_name), LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("macaddress"), LS_AT(ls_spec_interface, match_mac), LS_PRESENT(ls_spec_interface, has_match_mac),
		LS_MAC },
};

static const struct ls_mapping match_mapping = {
	.what = "match",
	.keys = match_keys,
	.n_keys = LS_ARRAY_SIZE(match_keys),
	.finish = finish_match,
	.rules = ls_rules_match,
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

static const struct ls_mapping create_mapping = {
	.what = "create",
	.keys = create_keys,
	.n_keys = LS_ARRAY_SIZE(create_keys),
	.variant = &create_keys[0],
	.finish = finish_create,
	.rules = ls_rules_create,
};

static const struct ls_key interface_keys[] = {
	{ LS_NAME("match"), LS_SAME, LS_MARK(ls_spec_interface, match_mark), LS_MAPPING(&match_mapping) },
	{ LS_NAME("create"), LS_SAME, LS_MARK(ls_spec_interface, create_mark), LS_MAPPING(&create_mapping) },
	{ LS_NAME("mtu"), LS_AT(ls_spec_interface, mtu), LS_MARK(ls_spec_interface, mtu_mark), LS_NUMBER(68, 65535) },
	{ LS_NAME("up"), LS_AT(ls_spec_interface, up), LS_MARK(ls_spec_interface, up_mark), LS_BOOL },
	{ LS_NAME("ipv4"), LS_AT(ls_spec_interface, ipv4), LS_MARK(ls_spec_interface, ipv4.mark),
		LS_MAPPING(&family_mapping) },
	{ LS_NAME("ipv6"), LS_AT(ls_spec_interface, ipv6), LS_MARK(ls_spec_interface, ipv6.mark),
		LS_MAPPING(&family_mapping) },
};

static const struct ls_key interface_name = { LS_NAME("interface"), LS_AT(ls_spec_interface, name),
	LS_TEXT(ls_check_interface_name) };

static const struct ls_mapping interface_mapping = {
	.what = "an interface",
	.keys = interface_keys,
	.n_keys = LS_ARRAY_SIZE(interface_keys),
	.size = sizeof(struct ls_spec_interface),
	.defaults =
		&(const struct ls_spec_interface){ .up = true, .port = LS_VXLAN_PORT, .learning = true, .miimon = 100 },
	.name = &interface_name,
	.finish = finish_interface,
	.rules = ls_rules_interface,
};

static const struct ls_key address_keys[] = {
	{ LS_NAME("interface"), LS_AT(ls_spec_address, interface), LS_MARK(ls_spec_address, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("address"), LS_AT(ls_spec_address, address), LS_ADDRESS, .needed = LS_ALWAYS },
	{ LS_NAME("adopt"), LS_AT(ls_spec_address, adopt), LS_BOOL },
};

static const struct ls_mapping address_mapping = {
	.what = "an address",
	.keys = address_keys,
	.n_keys = LS_ARRAY_SIZE(address_keys),
	.size = sizeof(struct ls_spec_address),
};

static const struct ls_key route_keys[] = {
	{ LS_NAME("type"), LS_AT(ls_spec_route, type), LS_WORD(route_types) },
	{ LS_NAME("to"), LS_AT(ls_spec_route, to), LS_MARK(ls_spec_route, to_mark), .decode = decode_destination,
		.needed = LS_ALWAYS },
	{ LS_NAME("via"), LS_AT(ls_spec_route, via), LS_MARK(ls_spec_route, via_mark), LS_IP, .only = UNICAST },
	{ LS_NAME("interface"), LS_AT(ls_spec_route, interface), LS_MARK(ls_spec_route, interface_mark),
		LS_TEXT(ls_check_interface_name), .only = UNICAST },
	{ LS_NAME("metric"), LS_AT(ls_spec_route, metric), LS_PRESENT(ls_spec_route, has_metric),
		LS_NUMBER(0, UINT32_MAX) },
	{ LS_NAME("table"), LS_AT(ls_spec_route, table), .decode = ls_decode_table, .min = 1, .max = UINT32_MAX },
	{ LS_NAME("source"), LS_AT(ls_spec_route, src), LS_MARK(ls_spec_route, src_mark), LS_IP, .only = UNICAST },
	{ LS_NAME("mtu"), LS_AT(ls_spec_route, mtu), LS_NUMBER(68, 65535) },
	{ LS_NAME("on_link"), LS_AT(ls_spec_route, onlink), LS_BOOL, .only = UNICAST },
	{ LS_NAME("multipath"), LS_AT(ls_spec_route, hops), LS_PRESENT(ls_spec_route, n_hops),
		LS_MARK(ls_spec_route, multipath_mark), LS_LIST(&ls_hop_mapping), .only = UNICAST },
	{ LS_NAME("nexthop"), LS_AT(ls_spec_route, nexthop), LS_MARK(ls_spec_route, nexthop_mark),
		LS_NUMBER(1, UINT32_MAX), .only = UNICAST },
	{ LS_NAME("adopt"), LS_AT(ls_spec_route, adopt), LS_BOOL },
};

static const struct ls_mapping route_mapping = {
	.what = "a route",
	.keys = route_keys,
	.n_keys = LS_ARRAY_SIZE(route_keys),
	.size = sizeof(struct ls_spec_route),
	.defaults = &(const struct ls_spec_route){ .table = 254 },
	.variant = &route_keys[0],
	.finish = finish_route,
	.rules = ls_rules_route,
};

static const struct ls_key sysctl_name = { LS_NAME("sysctl"), LS_AT(ls_spec_sysctl, path),
	.decode = decode_sysctl_path };

static const struct ls_key sysctl_value = { LS_NAME("value"), LS_AT(ls_spec_sysctl, value),
	.decode = decode_sysctl_value };

static const struct ls_mapping sysctl_mapping = {
	.what = "a sysctl",
	.size = sizeof(struct ls_spec_sysctl),
	.name = &sysctl_name,
	.shorthand = &sysctl_value,
};

static const struct ls_key host_keys[] = {
	{ LS_NAME("linkspan"), .decode = decode_format, .max = UINT32_MAX, .needed = LS_ALWAYS },
	{ LS_NAME("kind"), LS_AT(ls_host, spec.kind), .decode = decode_kind, .words = kinds, .needed = LS_ALWAYS },
	{ LS_NAME("name"), LS_AT(ls_host, spec.name), LS_TEXT(ls_check_spec_name), .needed = LS_ALWAYS },
	{ LS_NAME("interfaces"), LS_AT(ls_host, spec.interfaces), LS_PRESENT(ls_host, spec.n_interfaces),
		LS_MARK(ls_host, interfaces_mark), LS_NAMED(&interface_mapping) },
	{ LS_NAME("addresses"), LS_AT(ls_host, spec.addresses), LS_PRESENT(ls_host, spec.n_addresses),
		LS_LIST(&address_mapping) },
	{ LS_NAME("routes"), LS_AT(ls_host, spec.routes), LS_PRESENT(ls_host, spec.n_routes), LS_LIST(&route_mapping) },
	{ LS_NAME("nexthops"), LS_AT(ls_host, spec.nexthops), LS_PRESENT(ls_host, spec.n_nexthops),
		LS_LIST(&ls_nexthop_mapping) },
	{ LS_NAME("rules"), LS_AT(ls_host, spec.rules), LS_PRESENT(ls_host, spec.n_rules), LS_LIST(&ls_rule_mapping) },
	{ LS_NAME("neighbours"), LS_AT(ls_host, spec.neighbours), LS_PRESENT(ls_host, spec.n_neighbours),
		LS_LIST(&ls_neighbour_mapping) },
	{ LS_NAME("sysctls"), LS_AT(ls_host, spec.sysctls), LS_PRESENT(ls_host, spec.n_sysctls),
		LS_NAMED(&sysctl_mapping) },
};

const struct ls_mapping ls_host_mapping = {
	.what = "a host's spec",
	.keys = host_keys,
	.n_keys = LS_ARRAY_SIZE(host_keys),
	.rules = ls_rules_host,
};

/* ---- forms of the readers above ---------------------------------------------------------------------------------- */

const struct ls_reader_form ls_host_forms[] = {
	{ decode_format, NULL, { .type = LS_FORM_NUMBER, .min = FORMAT, .max = FORMAT } },
	{ decode_kind, NULL, { .type = LS_FORM_WORD } },
	{ ls_decode_network, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "network",
			.about = "a network, or an address",
			.pattern = "^(" LS_PATTERN_IPV4 "(/" LS_PATTERN_LENGTH4 ")?|" LS_PATTERN_IPV6
				   "(/" LS_PATTERN_LENGTH6 ")?)$" } },
	{ decode_destination, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "destination",
			.about = "a network, an address, or default",
			.pattern = "^(default|" LS_PATTERN_IPV4 "(/" LS_PATTERN_LENGTH4 ")?|" LS_PATTERN_IPV6
				   "(/" LS_PATTERN_LENGTH6 ")?)$" } },
	{ ls_decode_table, NULL, { .type = LS_FORM_NUMBER, .rules = "{'not': {'const': 255}}" } },
	{ decode_vrf_table, NULL, { .type = LS_FORM_NUMBER, .rules = "{'not': {'enum': [253, 254, 255]}}" } },
	/* Dots between the parts and slashes for dots within, or slashes between. */
	{ decode_sysctl_path, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "sysctl",
			.about = "the name of a sysctl below net, as for sysctl(8)",
			.pattern = "^net((\\.(?!/{1,2}(\\.|$))[^.\\x00-\\x20\\x7f]+)+|(/(?!\\.{1,2}(/|$))[^/"
				   "\\x00-\\x20\\x7f]"
				   "+)+)$",
			.length_max = SYSCTL_PATH_MAX - 1 } },
	{ decode_sysctl_value, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "sysctl-value",
			.about = "a number without leading zeros, or a text",
			.pattern = "^(?!-?0[0-9]+$)",
			.or_number = true } },
	{ ls_decode_text, ls_check_interface_name,
		{ .type = LS_FORM_TEXT,
			.name = "interface",
			.about = "the name of an interface, of 1 to 15 bytes",
			.pattern = "^(?!\\.{1,2}$)[^\\x00-\\x20/:%\\x7f\\xa0]{1,15}$",
			.or_number = true } },
	{ ls_decode_text, ls_check_spec_name,
		{ .type = LS_FORM_TEXT,
			.name = "name",
			.about = "1 to 63 letters, digits, '-', '_' and '.'",
			.pattern = "^[A-Za-z0-9._-]{1,63}$",
			.or_number = true } },
	{ 0 },
};
