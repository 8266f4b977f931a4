/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of an interface, but those of `create`, and of its families.
 */
#include "host.h"

#include <net/if.h>
#include <string.h>

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

	if (interface->mtu == 0 || interface->mtu >= LS_IPV6_MTU_MIN || unreadable ||
		interface->ipv6.method == LS_METHOD_DISABLED)
		return;
	ls_report_error(decoder->report, interface->mtu_mark, "range",
		"'mtu' is %u, but IPv6 needs %u (RFC 8200); raise it, or write ipv6: { method: disabled }",
		interface->mtu, LS_IPV6_MTU_MIN);
}

/* vrf.c's min_mtu: the link itself carries IPv6 whatever is said of its ports. */
static void check_vrf_mtu(struct ls_decoder *decoder, const struct ls_spec_interface *interface)
{
	if (interface->create == LS_CREATE_VRF && interface->mtu && interface->mtu < LS_IPV6_MTU_MIN)
		ls_report_error(decoder->report, interface->mtu_mark, "range",
			"'mtu' is %u, but a vrf has at least %u; raise or remove it", interface->mtu, LS_IPV6_MTU_MIN);
}

/* What every host must be able to receive whole (RFC 791): smaller segments would help nobody. */
#define CLAMPED_MTU_MIN 576u

static void check_clamp(struct ls_decoder *decoder, const struct ls_spec_interface *interface)
{
	if (!interface->clamp_mss)
		return;
	if (!interface->mtu_mark.line)
		ls_report_error(decoder->report, interface->clamp_mss_mark, "missing",
			"'clamp_mss' needs the interface's 'mtu': segments are clamped to what fits into it");
	else if (interface->mtu && interface->mtu < CLAMPED_MTU_MIN)
		ls_report_error(decoder->report, interface->mtu_mark, "range",
			"'mtu' is %u; with 'clamp_mss' it must be at least %u (RFC 791)", interface->mtu,
			CLAMPED_MTU_MIN);
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
	check_clamp(decoder, interface);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_word methods[] = {
	{ "auto", LS_METHOD_AUTO },
	{ "manual", LS_METHOD_MANUAL },
	{ "disabled", LS_METHOD_DISABLED },
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

const struct ls_mapping ls_family_mapping = {
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

const struct ls_mapping ls_match_mapping = {
	.what = "match",
	.keys = match_keys,
	.n_keys = LS_ARRAY_SIZE(match_keys),
	.finish = finish_match,
	.rules = ls_rules_match,
};

static const struct ls_key interface_keys[] = {
	{ LS_NAME("match"), LS_SAME, LS_MARK(ls_spec_interface, match_mark), LS_MAPPING(&ls_match_mapping) },
	{ LS_NAME("create"), LS_SAME, LS_MARK(ls_spec_interface, create_mark), LS_MAPPING(&ls_create_mapping) },
	{ LS_NAME("mtu"), LS_AT(ls_spec_interface, mtu), LS_MARK(ls_spec_interface, mtu_mark), LS_NUMBER(68, 65535) },
	{ LS_NAME("up"), LS_AT(ls_spec_interface, up), LS_MARK(ls_spec_interface, up_mark), LS_BOOL },
	{ LS_NAME("clamp_mss"), LS_AT(ls_spec_interface, clamp_mss), LS_MARK(ls_spec_interface, clamp_mss_mark),
		LS_BOOL },
	{ LS_NAME("ipv4"), LS_AT(ls_spec_interface, ipv4), LS_MARK(ls_spec_interface, ipv4.mark),
		LS_MAPPING(&ls_family_mapping) },
	{ LS_NAME("ipv6"), LS_AT(ls_spec_interface, ipv6), LS_MARK(ls_spec_interface, ipv6.mark),
		LS_MAPPING(&ls_family_mapping) },
};

static const struct ls_key interface_name = { LS_NAME("interface"), LS_AT(ls_spec_interface, name),
	LS_TEXT(ls_check_interface_name) };

const struct ls_mapping ls_interface_mapping = {
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

/* ---- forms ------------------------------------------------------------------------------------------------------- */

const struct ls_reader_form ls_interface_forms[] = {
	{ ls_decode_text, ls_check_interface_name,
		{ .type = LS_FORM_TEXT,
			.name = "interface",
			.about = "the name of an interface, of 1 to 15 bytes",
			.pattern = "^(?!\\.{1,2}$)[^\\x00-\\x20/:%\\x7f\\xa0]{1,15}$",
			.or_number = true } },
	{ 0 },
};
