/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of keys, told in forms that other rooms can print. A reader is a function, which cannot be asked what it
 * takes: so tables here and beside the readers (host.h) say it, by the address of the function (and of the check, for
 * texts). A reader that none of them has gets no form, and a test fails.
 */
#include "site.h"
#include "tunnels.h"

#include <string.h>

static const struct ls_reader_form common[] = {
	{ ls_decode_number, NULL, { .type = LS_FORM_NUMBER } },
	{ ls_decode_bool, NULL, { .type = LS_FORM_BOOL } },
	{ ls_decode_word, NULL, { .type = LS_FORM_WORD } },
	{ ls_decode_text, NULL, { .type = LS_FORM_TEXT, .or_number = true } },
	{ ls_decode_ip, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "ip",
			.about = "an IPv4 or IPv6 address, without a length",
			.pattern = "^(" LS_PATTERN_IPV4 "|" LS_PATTERN_IPV6 ")$" } },
	{ ls_decode_address, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "address",
			.about = "an address with the length of its prefix",
			.pattern = "^(" LS_PATTERN_IPV4 "/" LS_PATTERN_LENGTH4 "|" LS_PATTERN_IPV6
				   "/" LS_PATTERN_LENGTH6 ")$" } },
	{ ls_decode_mac, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "mac",
			.about = "the MAC address of a single interface",
			.pattern = "^(?!00:00:00:00:00:00$)[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$" } },
	{ ls_decode_mapping, NULL, { .type = LS_FORM_MAPPING } },
	{ ls_decode_list, NULL, { .type = LS_FORM_LIST } },
	{ ls_decode_one_or_list, NULL, { .type = LS_FORM_ONE_OR_LIST } },
	{ ls_decode_named, NULL, { .type = LS_FORM_NAMED } },
	{ 0 },
};

static const struct ls_reader_form *find_form(const struct ls_reader_form *forms, const struct ls_key *key)
{
	for (; forms->decode; forms++)
		if (forms->decode == key->decode && forms->check == key->check)
			return forms;
	return NULL;
}

static struct ls_form form_of(const struct ls_key *key)
{
	static const struct ls_reader_form *const tables[] = { ls_host_forms, ls_interface_forms, ls_link_forms,
		ls_route_forms, ls_sysctl_forms, ls_rule_forms, ls_nat_forms, ls_tunnel_forms, ls_failover_forms,
		ls_warning_forms, ls_site_forms, common };
	const struct ls_reader_form *found = NULL;
	struct ls_form form = { 0 };

	for (size_t i = 0; i < LS_ARRAY_SIZE(tables) && !found; i++)
		found = find_form(tables[i], key);
	if (found)
		form = found->form;
	if (form.type == LS_FORM_NUMBER && !form.max) {
		form.min = key->min;
		form.max = key->max;
	}
	form.words = key->words;
	form.mapping = key->mapping;
	return form;
}

/* What the key is when nobody gives it. Elements of lists and maps have defaults, other mappings share their struct. */
static uint32_t default_variant(const struct ls_mapping *mapping)
{
	const struct ls_key *variant = mapping->variant;
	const uint8_t *defaults = mapping->defaults;
	uint64_t value = 0;

	if (variant->needed || !mapping->size)
		return 0;
	if (defaults && variant->size <= sizeof(value))
		memcpy(&value, defaults + variant->offset, variant->size); /* little endian, or one byte */
	return value < 32 ? LS_VARIANT(value) : 0;
}

const struct ls_mapping *ls_form_root(void)
{
	return &ls_host_mapping;
}

const struct ls_mapping *ls_form_site(void)
{
	return &ls_site_mapping;
}

void ls_mapping_form(const struct ls_mapping *mapping, struct ls_mapping_form *ret)
{
	*ret = (struct ls_mapping_form){ .what = mapping->what, .n_keys = mapping->n_keys, .rules = mapping->rules };
	if (mapping->shorthand)
		ret->shorthand = form_of(mapping->shorthand);
	if (mapping->name)
		ret->name = form_of(mapping->name);
	if (mapping->variant) {
		ret->variant = mapping->variant->name;
		ret->variants = mapping->variant->words;
		ret->default_variant = default_variant(mapping);
	}
}

void ls_key_form(const struct ls_mapping *mapping, size_t i, struct ls_key_form *ret)
{
	const struct ls_key *key = &mapping->keys[i];

	*ret = (struct ls_key_form){
		.name = key->name, .form = form_of(key), .needed = key->needed, .only = key->only
	};
}
