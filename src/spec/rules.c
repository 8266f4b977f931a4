/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of policy rules.
 */
#include "host.h"

#include <linkspan/model.h>

#include <string.h>
#include <sys/socket.h>

#define LOOKUP LS_VARIANT(LS_RULE_LOOKUP)

/* ---- users ------------------------------------------------------------------------------------------------------- */

/* Into uid_start and, behind it, uid_end. */
static int decode_uids(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	uint32_t range[2];
	int r = ls_decode_range(decoder, key, event, "a user id, or two with a hyphen between, like 1000-1999", range);

	if (r == 0)
		memcpy(value, range, sizeof(range));
	return r;
}

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static void find_family(struct ls_decoder *decoder, struct ls_mark mark, struct ls_spec_rule *rule)
{
	uint8_t from = rule->from.ip.family, to = rule->to.ip.family, family = from ? from : to;

	if (from && to && from != to)
		ls_report_error(decoder->report, rule->to_mark, "type", "'from' and 'to' are of different families");
	else if (rule->family && family && rule->family != family)
		ls_report_error(decoder->report, from ? rule->from_mark : rule->to_mark, "type",
			"'%s' is not of the rule's 'family'", from ? "from" : "to");
	else if (!rule->family && !family)
		ls_report_error(decoder->report, mark, "missing",
			"the rule has neither 'from' nor 'to', so it needs a 'family': ipv4 or ipv6");
	else if (!rule->family)
		rule->family = family;
}

static void check_table(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_spec_rule *rule)
{
	if (rule->l3mdev && rule->table)
		ls_report_error(decoder->report, rule->table_mark, "range",
			"'table' does not go with 'l3mdev', which takes the vrf's; remove one");
	else if (!rule->l3mdev && !rule->table)
		ls_report_error(decoder->report, mark, "missing",
			"the rule has no 'table' to look up (nor 'l3mdev', nor another 'type')");
	else if (rule->has_suppress && rule->suppress_prefix_length > (rule->family == AF_INET ? 32u : 128u))
		ls_report_error(decoder->report, mark, "range",
			"'suppress_prefix_length' is %u; IPv4 has no prefixes longer than 32",
			rule->suppress_prefix_length);
}

/* A mark is compared in the bits of the mask; the kernel takes 0 for no mark unless a mask says otherwise. */
static void check_mark(struct ls_decoder *decoder, struct ls_mark mark, struct ls_spec_rule *rule)
{
	if (rule->has_fwmask && !rule->has_fwmark)
		ls_report_error(decoder->report, rule->fwmask_mark, "missing",
			"'fwmask' says which bits of 'fwmark' count, but there is none");
	else if (rule->has_fwmask && rule->fwmark & ~rule->fwmask)
		ls_report_error(decoder->report, rule->fwmask_mark, "range",
			"'fwmark' 0x%x has bits that 'fwmask' 0x%x leaves out: no packet would match", rule->fwmark,
			rule->fwmask);
	else if (rule->has_fwmark && !rule->has_fwmask && rule->fwmark == 0)
		ls_report_error(decoder->report, mark, "range",
			"'fwmark' is 0, which every packet without a mark has: say by 'fwmask' which bits are to be 0");
	else if (rule->has_fwmark && !rule->has_fwmask)
		rule->fwmask = UINT32_MAX;
}

static void finish_rule(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	struct ls_spec_rule *rule = target;

	if (seen->bad)
		return;
	find_family(decoder, mark, rule);
	if (seen->variant & LOOKUP && rule->family)
		check_table(decoder, mark, rule);
	check_mark(decoder, mark, rule);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_word types[] = {
	{ "lookup", LS_RULE_LOOKUP },
	{ "blackhole", LS_RULE_BLACKHOLE },
	{ "unreachable", LS_RULE_UNREACHABLE },
	{ "prohibit", LS_RULE_PROHIBIT },
	{ NULL, 0 },
};

static const struct ls_key rule_keys[] = {
	{ LS_NAME("type"), LS_AT(ls_spec_rule, type), LS_WORD(types) },
	{ LS_NAME("priority"), LS_AT(ls_spec_rule, priority), LS_MARK(ls_spec_rule, priority_mark),
		LS_NUMBER(0, UINT32_MAX), .needed = LS_ALWAYS },
	{ LS_NAME("family"), LS_AT(ls_spec_rule, family), LS_WORD(ls_family_words) },
	{ LS_NAME("from"), LS_AT(ls_spec_rule, from), LS_MARK(ls_spec_rule, from_mark), .decode = ls_decode_network },
	{ LS_NAME("to"), LS_AT(ls_spec_rule, to), LS_MARK(ls_spec_rule, to_mark), .decode = ls_decode_network },
	{ LS_NAME("iif"), LS_AT(ls_spec_rule, iif), LS_MARK(ls_spec_rule, iif_mark), LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("oif"), LS_AT(ls_spec_rule, oif), LS_MARK(ls_spec_rule, oif_mark), LS_TEXT(ls_check_interface_name) },
	{ LS_NAME("fwmark"), LS_AT(ls_spec_rule, fwmark), LS_PRESENT(ls_spec_rule, has_fwmark),
		LS_NUMBER(0, UINT32_MAX) },
	{ LS_NAME("fwmask"), LS_AT(ls_spec_rule, fwmask), LS_PRESENT(ls_spec_rule, has_fwmask),
		LS_MARK(ls_spec_rule, fwmask_mark), LS_NUMBER(1, UINT32_MAX) },
	{ LS_NAME("uid_range"), LS_AT(ls_spec_rule, uid_start), LS_PRESENT(ls_spec_rule, has_uids),
		.decode = decode_uids, .max = UINT32_MAX - 1 },
	{ LS_NAME("invert"), LS_AT(ls_spec_rule, invert), LS_BOOL },
	{ LS_NAME("table"), LS_AT(ls_spec_rule, table), LS_MARK(ls_spec_rule, table_mark), .decode = ls_decode_table,
		.min = 1, .max = UINT32_MAX, .only = LOOKUP },
	{ LS_NAME("l3mdev"), LS_AT(ls_spec_rule, l3mdev), LS_BOOL, .only = LOOKUP },
	{ LS_NAME("suppress_prefix_length"), LS_AT(ls_spec_rule, suppress_prefix_length),
		LS_PRESENT(ls_spec_rule, has_suppress), LS_NUMBER(0, 128), .only = LOOKUP },
};

const struct ls_mapping ls_rule_mapping = {
	.what = "a rule",
	.keys = rule_keys,
	.n_keys = LS_ARRAY_SIZE(rule_keys),
	.size = sizeof(struct ls_spec_rule),
	.variant = &rule_keys[0],
	.finish = finish_rule,
	.rules = ls_rules_rule,
};

#define UID "(0x[0-9A-Fa-f]+|0|[1-9][0-9]*)"

const struct ls_reader_form ls_rule_forms[] = {
	{ decode_uids, NULL,
		{ .type = LS_FORM_TEXT,
			.name = "uids",
			.about = "a user id, or two with a hyphen between",
			.pattern = "^" UID "(-" UID ")?$",
			.or_number = true,
			.rules = "{'multipleOf': 1, 'minimum': 0, 'maximum': 4294967294}" } },
	{ 0 },
};
