/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes the kernel long: warned of before it is begun. Most of a plan costs microseconds a step; the work below
 * grows with the square of the steps, since the kernel walks a list for each, or waits for a grace period.
 */
#include <linkspan/plan.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define WORTH_A_WORD 1.0 /* seconds */

static bool adds_rule(const struct ls_step *step)
{
	return step->op == LS_OP_ADD && step->want->kind == &ls_kind_rule;
}

static bool adds_ipv6_proxy(const struct ls_step *step)
{
	const struct ls_neighbour *neighbour = (const struct ls_neighbour *)step->want;

	return step->op == LS_OP_ADD && step->want->kind == &ls_kind_neighbour && neighbour->proxy &&
	       neighbour->address.family == AF_INET6;
}

static bool deletes_ipv6_address(const struct ls_step *step)
{
	return step->op == LS_OP_DELETE && step->have->kind == &ls_kind_address &&
	       ((const struct ls_address *)step->have)->address.family == AF_INET6;
}

static bool deletes_bridge(const struct ls_step *step)
{
	return step->op == LS_OP_DELETE && step->have->kind == &ls_kind_link &&
	       ls_link_is((const struct ls_link *)step->have, "bridge");
}

/* Its sockets are let go of after grace periods, which no number of processors makes shorter. */
static bool deletes_wireguard(const struct ls_step *step)
{
	return step->op == LS_OP_DELETE && step->have->kind == &ls_kind_link &&
	       ls_link_is((const struct ls_link *)step->have, "wireguard");
}

/* The kernel compares it with all ranges of its set (nft_pipapo, 6.1; 6.18 does not). */
static bool adds_port_range(const struct ls_step *step)
{
	return step->op == LS_OP_ADD && step->want->kind == &ls_kind_nft_element &&
	       ls_object_has(step->want, LS_NFT_ELEMENT_LAST_PORT);
}

/* Measured on two processors of 2020 and kernel 6.18: seconds for each step, and for each pair of them. */
static const struct cost {
	bool (*counts)(const struct ls_step *step);
	const char *what;
	bool of_one_link; /* pairs are counted within a link */
	double each, pair;
} costs[] = {
	{ adds_rule, "adding %zu policy rules", false, 0, 4.4e-8 },
	{ adds_ipv6_proxy, "adding %zu IPv6 proxy entries", false, 0, 8.3e-9 },
	{ deletes_ipv6_address, "deleting %zu IPv6 addresses", true, 0, 4.3e-7 },
	{ deletes_bridge, "deleting %zu bridges", false, 1.7e-2, 0 },
	{ deletes_wireguard, "deleting %zu WireGuard links", false, 1.1e-1, 0 }, /* 6.1 */
	{ adds_port_range, "adding %zu ranges of ports on a kernel as old as 6.1", false, 0, 1.2e-7 },
};

static double pairs_of(size_t n)
{
	return (double)n * (double)n / 2;
}

static bool same_link(const struct ls_step *a, const struct ls_step *b)
{
	return !strcmp(((const struct ls_address *)a->have)->dev, ((const struct ls_address *)b->have)->dev);
}

/* Steps of one link are neighbours in a plan. */
static double estimate(const struct cost *cost, const struct ls_plan *plan, size_t *ret_n)
{
	const struct ls_step *last = NULL;
	size_t n = 0, run = 0;
	double pairs = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct ls_step *step = &plan->steps[i];

		if (!cost->counts(step))
			continue;
		if (last && cost->of_one_link && !same_link(last, step)) {
			pairs += pairs_of(run);
			run = 0;
		}
		last = step;
		run++;
		n++;
	}
	*ret_n = n;
	return (double)n * cost->each + (pairs + pairs_of(run)) * cost->pair;
}

void ls_plan_warn_of_costs(const struct ls_plan *plan, struct ls_diag *diag)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(costs); i++) {
		size_t n;
		double seconds = estimate(&costs[i], plan, &n);
		char what[64];

		if (seconds < WORTH_A_WORD)
			continue;
		snprintf(what, sizeof(what), costs[i].what, n); /* NOLINT: from the table */
		ls_diag_report(diag, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "slow",
			"%s takes the kernel about %.0f s%s", what, seconds,
			costs[i].pair > 0 ? ", and four times as long for twice as many" : "");
	}
}
