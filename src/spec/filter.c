/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the filter.
 */
#include "host.h"

#include <linkspan/model.h>

#include <netinet/in.h>

/* ---- finish ------------------------------------------------------------------------------------------------------ */

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static void finish_allow(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_spec_allow *allow = target;

	if (seen->bad)
		return;
	if (!seen->seen)
		ls_report_error(decoder->report, mark, "missing",
			"an entry without any key allows everything; say what it allows, or leave the policy at "
			"accept");
	else if (allow->port && !has_ports(allow->protocol))
		ls_report_error(decoder->report, allow->port_mark, "missing",
			"'port' needs a 'protocol' that has ports: tcp, udp or sctp");
	else if (allow->from.ip.family && allow->to.ip.family && allow->from.ip.family != allow->to.ip.family)
		ls_report_error(decoder->report, allow->to_mark, "type",
			"'to' is %s, but 'from' is %s; give both in one family", ls_ip_family_name(allow->to.ip.family),
			ls_ip_family_name(allow->from.ip.family));
}

static void finish_chain(struct ls_decoder *decoder, struct ls_mark mark, const struct ls_seen *seen, void *target)
{
	const struct ls_spec_filter_chain *chain = target;

	(void)mark;
	if (!seen->bad && chain->policy == LS_NFT_POLICY_ACCEPT && chain->n_allow)
		ls_report_error(decoder->report, chain->allow_mark, "range",
			"with the policy accept nothing needs to be allowed; remove 'allow', or set the policy to "
			"drop");
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const struct ls_word protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "gre", IPPROTO_GRE },
	{ NULL, 0 },
};

static const struct ls_key allow_keys[] = {
	{ LS_NAME("from"), LS_AT(ls_spec_allow, from), .decode = ls_decode_network },
	{ LS_NAME("to"), LS_AT(ls_spec_allow, to), LS_MARK(ls_spec_allow, to_mark), .decode = ls_decode_network },
	{ LS_NAME("protocol"), LS_AT(ls_spec_allow, protocol), LS_WORD(protocols) },
	{ LS_NAME("port"), LS_AT(ls_spec_allow, port), LS_MARK(ls_spec_allow, port_mark), LS_PORTS },
};

static const struct ls_mapping allow_mapping = {
	.what = "an entry of 'allow'",
	.keys = allow_keys,
	.n_keys = LS_ARRAY_SIZE(allow_keys),
	.size = sizeof(struct ls_spec_allow),
	.finish = finish_allow,
	.rules = ls_rules_allow,
};

static const struct ls_word policies[] = {
	{ "accept", LS_NFT_POLICY_ACCEPT },
	{ "drop", LS_NFT_POLICY_DROP },
	{ NULL, 0 },
};

static const struct ls_key chain_keys[] = {
	{ LS_NAME("policy"), LS_AT(ls_spec_filter_chain, policy), LS_WORD(policies), .needed = LS_ALWAYS },
	{ LS_NAME("allow"), LS_AT(ls_spec_filter_chain, allow), LS_PRESENT(ls_spec_filter_chain, n_allow),
		LS_MARK(ls_spec_filter_chain, allow_mark), LS_LIST(&allow_mapping) },
};

static const struct ls_mapping chain_mapping = {
	.what = "a direction of the filter",
	.keys = chain_keys,
	.n_keys = LS_ARRAY_SIZE(chain_keys),
	.finish = finish_chain,
	.rules = ls_rules_filter_chain,
};

static const struct ls_key filter_keys[] = {
	{ LS_NAME("input"), LS_AT(ls_spec_filter, input), LS_MARK(ls_spec_filter, input.mark),
		LS_MAPPING(&chain_mapping) },
	{ LS_NAME("forward"), LS_AT(ls_spec_filter, forward), LS_MARK(ls_spec_filter, forward.mark),
		LS_MAPPING(&chain_mapping) },
};

const struct ls_mapping ls_filter_mapping = {
	.what = "filter",
	.keys = filter_keys,
	.n_keys = LS_ARRAY_SIZE(filter_keys),
};
