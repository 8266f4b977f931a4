/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP ports of WireGuard. One that is up has its port alone, whatever its address (wg_socket_init), and keeps it until
 * it gets another one or goes. So whoever holds a port that another tunnel is to get gives it up first: with its link,
 * if that goes, or else for any port that is free (0), in a step of its own. Two that exchange ports do so by way of
 * that.
 */
#include "planner.h"

#include <string.h>

#define PORTS 65536u

/* 0: none, or any. */
static uint16_t port_of(const struct ls_object *object)
{
	return object && ls_object_has(object, LS_WIREGUARD_LISTEN_PORT)
		       ? ((const struct ls_wireguard *)object)->listen_port
		       : 0;
}

static struct pair *link_of(struct planner *planner, const struct pair *tunnel)
{
	const char *dev = ((const struct ls_wireguard *)ls_pair_object(tunnel))->dev;

	for (size_t i = planner->links.from; i < planner->links.to; i++)
		if (!strcmp(ls_pair_link(&planner->pairs[i])->name, dev))
			return &planner->pairs[i];
	return NULL;
}

/* The tunnel stays, and is on a port that nobody else wants until it gets its own. */
static void move_away(struct planner *planner, struct pair *holder)
{
	struct ls_wireguard *moved = (struct ls_wireguard *)ls_object_copy(planner->plan->arena, holder->found);

	if (!moved) {
		planner->out_of_memory = true;
		return;
	}
	moved->listen_port = 0;
	holder->first = holder->have = &moved->object;
	holder->reason = "another tunnel gets its UDP port";
	if (holder->verdict == VERDICT_CHANGE)
		holder->bits = ls_object_diff(holder->want, holder->have);
}

static void give_up_port(struct planner *planner, struct pair *holder)
{
	struct pair *link = link_of(planner, holder);

	if (link && link->verdict == VERDICT_DELETE) {
		link->early = true;
		link->reason = "its UDP port is used again";
	} else if (holder->have->owner == LS_OWNER_OURS && !(link && ls_pair_goes(link)) &&
		   holder->verdict != VERDICT_CONFLICT) {
		move_away(planner, holder);
	}
}

/* The port that the pair is about to get, and has not yet. 0: none. */
static uint16_t coming_port(const struct pair *pair)
{
	uint16_t port = port_of(pair->want);

	return pair->verdict == VERDICT_ADD || (pair->verdict == VERDICT_CHANGE && port != port_of(pair->have)) ? port
														: 0;
}

void ls_planner_free_udp_ports(struct planner *planner)
{
	struct pair *pairs = planner->pairs, **holders = NULL;
	const struct span *span = &planner->tunnels;

	if (span->from < span->to)
		holders = calloc(PORTS, sizeof(*holders));
	planner->out_of_memory |= span->from < span->to && !holders;
	for (size_t i = span->from; i < span->to && holders; i++)
		if (port_of(pairs[i].have) && port_of(pairs[i].want) != port_of(pairs[i].have))
			holders[port_of(pairs[i].have)] = &pairs[i];
	for (size_t i = span->from; i < span->to && holders; i++)
		if (coming_port(&pairs[i]) && holders[coming_port(&pairs[i])])
			give_up_port(planner, LS_TAKE_PTR(holders[coming_port(&pairs[i])]));
	free(holders);
}
