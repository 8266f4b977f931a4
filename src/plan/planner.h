/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan, inside: what the passes over the pairs of one plan share. */
#pragma once

#include <linkspan/plan.h>

enum verdict {
	VERDICT_NONE,      /* as wanted, or not ours to touch */
	VERDICT_SATISFIED, /* as wanted, by a foreign object */
	VERDICT_ADD,
	VERDICT_CHANGE,
	VERDICT_REPLACE,
	VERDICT_RECREATE,
	VERDICT_DELETE,
	VERDICT_CONFLICT,
};

/* One slot of the kernel: what is wanted there and what is. The passes refine it: `have` becomes what the kernel will
 * hold by the time the step is due. */
struct pair {
	const struct ls_object *want;
	const struct ls_object *have;
	const struct ls_object *found; /* `have` as it was dumped */
	const struct ls_object
		*first; /* what it is made in EARLY, in a step of its own (a link that goes down); or NULL */
	const char *reason;
	uint32_t bits; /* attributes that differ */
	enum verdict verdict;
	bool early;   /* to be deleted in phase EARLY */
	bool lost;    /* the kernel takes it away on the way; what is wanted must be added (again) */
	bool crowded; /* a stranger's object shares the slot */
	bool emitted; /* a step is about it */
};

struct span {
	size_t from, to;
};

struct names {
	const char **items;
	size_t n, size;
	bool sorted;
};

struct planner {
	const struct ls_set *desired, *actual;
	const struct ls_plan_options *options;
	struct ls_plan *plan;
	struct pair *pairs; /* in the order of the sets */
	size_t n_pairs;
	struct span links, addresses, nexthops, routes, rules, tunnels; /* where the pairs of a kind lie */
	struct span nft;                                                /* and those of nftables, all kinds */
	struct names early_links;                                       /* links that go in EARLY */
	struct names late_links;                                        /* links that go in BREAK */
	struct names quiet_links;  /* links that lose their IPv6, or all, while they stay (disable_ipv6, set down) */
	struct names down_links;   /* of these: set down */
	struct names small_links;  /* links that will have an MTU too small for IPv6 */
	struct names mac_links;    /* links whose address changes */
	struct names cycled_links; /* of these: up again afterwards */
	bool changes;              /* something is not as wanted */
	bool nft_makes;            /* something comes into nftables, or is swapped there */
	bool out_of_memory;
};

void names_add(struct planner *planner, struct names *names, const char *name);
bool names_have(struct names *names, const char *name);
void names_done(struct names *names);

/* plan.c: the verdict on a pair as it stands */
void ls_planner_judge(struct planner *planner, struct pair *pair);
void ls_planner_conflict(struct planner *planner, struct pair *pair, const char *reason);

/* The verdict's second half, for what the kernel does by itself. `have` goes in EARLY: decides how it comes back, if it
 * does. `returns`: what it depends on will be there again. */
void ls_planner_lose(struct planner *planner, struct pair *pair, bool returns, const char *reason);
/* A foreign object that nobody wants would be lost: a conflict, unless `force`. True if it stays. */
bool ls_planner_give_up(struct planner *planner, struct pair *pair, const char *reason);
/* The kernel strips an attribute from `have` in EARLY while the object stays. */
void ls_planner_strip(struct planner *planner, struct pair *pair, unsigned attr, enum verdict back, const char *reason);
/* Whichever there is; their keys are the same. */
static inline const struct ls_object *ls_pair_object(const struct pair *pair)
{
	return pair->have ? pair->have : pair->want;
}
/* Of a pair within planner->links. */
static inline const struct ls_link *ls_pair_link(const struct pair *pair)
{
	return (const struct ls_link *)ls_pair_object(pair);
}
bool ls_pair_goes(const struct pair *pair);
bool ls_pair_goes_early(const struct pair *pair);

/* Bits of enum ls_loss. */
unsigned ls_planner_lost_with(const struct ls_object *object);
/* Does the object refer to links, and to these only? A route with several next hops stays as long as one has its link.
 */
bool ls_planner_on_these_only(const struct ls_object *object, struct names *names);

/* addresses.c: what goes with addresses */
void ls_planner_spread_from_addresses(struct planner *planner);
/* sysctls.c: what is written with sysctls, and what new links begin with */
void ls_planner_spread_from_sysctls(struct planner *planner);
/* ports.c: ports that have to go first, or to be made anew; those that are down for a moment */
void ls_planner_free_ports(struct planner *planner);
void ls_planner_cycle_ports(struct planner *planner);
/* Is it a port of a vrf or bond that goes in EARLY? It loses what it would lose if it were set down. */
bool ls_planner_is_let_go(struct planner *planner, const struct pair *pair);
/* mtus.c: what a link will have in the end, as far as that is certain; else 0. */
uint32_t ls_plan_mtu_of(const struct ls_set *desired, const struct ls_set *actual, const char *name);
/* What the kernel does with MTUs by itself, and IPv6 that is wanted on links that will have none. */
void ls_planner_spread_from_mtus(struct planner *planner);
void ls_planner_refuse_ipv6(struct planner *planner);
/* Does it go with the IPv6 of a link that gets too small? */
bool ls_planner_loses_sysctl(struct planner *planner, const struct ls_sysctl *sysctl);
/* nexthops.c: what goes with nexthop objects */
void ls_planner_spread_from_nexthops(struct planner *planner);

/* nft.c: what has to be made anew together in nftables */
void ls_planner_settle_nft(struct planner *planner);
/* Is it a rule that stands before the one that pair i - 1 is about, and should not? */
bool ls_planner_is_out_of_order(const struct planner *planner, size_t i);

/* tunnels.c: UDP ports that are given up before others get them */
void ls_planner_free_udp_ports(struct planner *planner);

/* rules.c: those that must go before others come */
void ls_planner_free_rules(struct planner *planner);

/* consequences.c: what the kernel does on its own when steps are carried out */
void ls_planner_consequences(struct planner *planner);
void ls_planner_closure(struct planner *planner);
bool ls_planner_lost_precedence(const struct pair *pair);
/* The type of a link by name, as it is to be or, where nobody asks for it, as it is; "" where there is none. */
const char *ls_planner_type_of(const struct planner *planner, const char *name);

/* Is it a sysctl that goes with another one, which `desired` asks for? Then it is given back with that one, not before.
 */
bool ls_plan_is_overwritten(const struct ls_object *object, const struct ls_set *desired);

/* order.c */
int ls_planner_emit(struct planner *planner);
