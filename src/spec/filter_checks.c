/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What entries of the filter must not do to one another. They are few: each is compared with each.
 */
#include "checks.h"

#include <string.h>
#include <sys/socket.h>

/* The kernel refuses an entry of which the lowest or the highest corner lies within another one
 * (nft_pipapo_insert). */
struct corner {
	struct ls_ip from, to;
	uint8_t protocol;
	uint16_t port;
};

static struct ls_ip end_of(const struct ls_prefix *prefix, uint8_t family, bool upper)
{
	const struct ls_prefix any = { .ip.family = family };
	const struct ls_prefix *which = prefix->ip.family ? prefix : &any;

	return upper ? ls_prefix_last(which) : which->ip;
}

static struct corner corner_of(const struct ls_spec_allow *allow, uint8_t family, bool upper)
{
	return (struct corner){
		.from = end_of(&allow->from, family, upper),
		.to = end_of(&allow->to, family, upper),
		.protocol = allow->protocol || !upper ? allow->protocol : UINT8_MAX,
		.port = !upper        ? allow->port
			: allow->port ? allow->last_port
				      : UINT16_MAX,
	};
}

static bool is_ip_between(const struct ls_ip *low, const struct ls_ip *ip, const struct ls_ip *high)
{
	return memcmp(low->bytes, ip->bytes, sizeof(ip->bytes)) <= 0 &&
	       memcmp(ip->bytes, high->bytes, sizeof(ip->bytes)) <= 0;
}

static bool is_within(const struct corner *corner, const struct ls_spec_allow *allow)
{
	const struct corner low = corner_of(allow, corner->from.family, false);
	const struct corner high = corner_of(allow, corner->from.family, true);

	return is_ip_between(&low.from, &corner->from, &high.from) && is_ip_between(&low.to, &corner->to, &high.to) &&
	       low.protocol <= corner->protocol && corner->protocol <= high.protocol && low.port <= corner->port &&
	       corner->port <= high.port;
}

static uint8_t family_of_allow(const struct ls_spec_allow *allow)
{
	return allow->from.ip.family ? allow->from.ip.family : allow->to.ip.family;
}

static bool has_corner_within(const struct ls_spec_allow *a, const struct ls_spec_allow *b, uint8_t family)
{
	const struct corner low = corner_of(a, family, false), high = corner_of(a, family, true);

	return is_within(&low, b) || is_within(&high, b);
}

/* Of no family means of both: then either will do to compare. */
static bool clash(const struct ls_spec_allow *a, const struct ls_spec_allow *b)
{
	uint8_t family = family_of_allow(a) ? family_of_allow(a) : family_of_allow(b);

	if (family_of_allow(b) && family_of_allow(b) != family)
		return false;
	family = family ? family : AF_INET;
	return has_corner_within(a, b, family) || has_corner_within(b, a, family);
}

static void check_allowed(struct ls_checker *checker, const struct ls_spec_filter_chain *chain)
{
	for (size_t i = 1; i < chain->n_allow; i++)
		for (size_t k = 0; k < i; k++) {
			if (!clash(&chain->allow[i], &chain->allow[k]))
				continue;
			ls_report_error(checker->report, chain->allow[i].mark, "duplicate-object",
				"the entry on line %u allows some of this already; make one of both, or keep them "
				"apart",
				chain->allow[k].mark.line);
			break;
		}
}

int ls_check_filter(struct ls_checker *checker)
{
	check_allowed(checker, &checker->spec->filter.input);
	check_allowed(checker, &checker->spec->filter.forward);
	return 0;
}
