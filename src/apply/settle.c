/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel, udev or a client comes to by itself between two groups of steps: carrier, the end of duplicate
 * address detection, the files of new links, what routers and DHCP servers give.
 */
#include "execute.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define WAIT_STEP_MS 20
#define DAD_WAIT_MS 30000    /* dad_transmits 1, retrans_time 1 s (RFC 4862), more where set so, or on a busy host */
#define DAD_EACH_MS 5        /* and the kernel ends some 600 detections a second, one after the other (6.1) */
#define CARRIER_WAIT_MS 5000 /* what cards take for it */
#define UDEV_WAIT_MS 5000
#define RA_WAIT_MS 6000 /* detection of our address, 1 s, and solicitations, the second after 4 s (RFC 4861, 10) */

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

enum patience { WAIT_NO_MORE, WAIT_ON, WAIT_IN_VAIN };

/* Something that the kernel comes to by itself, for the steps of a group that it concerns. */
struct wait {
	bool (*concerns)(const struct ls_step *step);
	enum patience (*look)(struct run *run, const struct ls_set *now, const struct ls_step *step);
	uint32_t kinds;            /* to look at */
	unsigned most_ms, each_ms; /* how long: in any case, and for each step that it concerns */
	bool for_addresses;        /* no longer than the run waits for addresses from outside */
	const char *too_long;      /* the failure when that is over; NULL: it goes on */
};

static int look_at_steps(
	struct run *run, const struct wait *wait, size_t from, size_t to, const struct ls_set *now, bool *ret_waiting)
{
	for (size_t i = from; i < to; i++) {
		const struct ls_step *step = &run->execution->plan->steps[i];
		enum patience patience = wait->concerns(step) ? wait->look(run, now, step) : WAIT_NO_MORE;

		if (patience == WAIT_IN_VAIN)
			return -EADDRINUSE;
		*ret_waiting |= patience == WAIT_ON;
	}
	return 0;
}

static int look(struct run *run, const struct wait *wait, size_t from, size_t to, bool *ret_waiting)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	struct ls_error err = { 0 };
	struct ls_set now;
	int r;

	*ret_waiting = false;
	if (!arena)
		return ls_error_set(run->err, -ENOMEM, "out of memory");
	ls_set_init(&now, arena);
	r = ls_kernel_dump(run->host->kernel, wait->kinds, NULL, &now, &err);
	if (r >= 0)
		r = look_at_steps(run, wait, from, to, &now, ret_waiting);
	else if (r == -EAGAIN) { /* it changes faster than it can be read: not yet, then */
		*ret_waiting = true;
		r = 0;
	} else if (run->err) {
		*run->err = err;
	}
	ls_set_done(&now);
	return r;
}

static int wait_for(struct run *run, const struct wait *wait, size_t from, size_t to)
{
	double until = ls_now() + wait->most_ms / 1e3;
	bool waiting = false;
	int r;

	for (size_t i = from; i < to; i++) {
		bool concerned = wait->concerns(&run->execution->plan->steps[i]);

		waiting |= concerned;
		until += concerned ? wait->each_ms / 1e3 : 0;
	}
	if (wait->for_addresses && until > run->execution->addresses_until)
		until = run->execution->addresses_until;
	while (waiting) {
		r = look(run, wait, from, to, &waiting);
		if (r < 0 || !waiting)
			return r;
		if (run_must_stop(run))
			return run_interrupted(run);
		if (ls_now() >= until && !wait->too_long)
			return 0;
		if (ls_now() >= until) {
			run->failed = true;
			return ls_error_set(run->err, -ETIMEDOUT, "%s", wait->too_long);
		}
		pause_ms(WAIT_STEP_MS);
	}
	return 0;
}

static bool adds_ipv6_address(const struct ls_step *step)
{
	return step->want && kind_of(step) == &ls_kind_address &&
	       ((const struct ls_address *)step->want)->address.family == AF_INET6;
}

static enum patience look_at_detection(struct run *run, const struct ls_set *now, const struct ls_step *step)
{
	const struct ls_object *found = ls_set_find(now, step->want);
	const struct ls_link *link = ls_set_link(now, ((const struct ls_address *)step->want)->dev);

	if (!found)
		return WAIT_NO_MORE; /* the verification will say so */
	if (ls_object_has(found, LS_ADDRESS_DADFAILED)) {
		run_step_failed(run, step, -EADDRINUSE,
			"another host on the link uses it: duplicate address detection has failed (RFC 4862)");
		return WAIT_IN_VAIN;
	}
	/* Without carrier detection does not run: the address waits, and so would we. */
	return ls_object_has(found, LS_ADDRESS_TENTATIVE) && link && ls_object_has(&link->object, LS_LINK_CARRIER)
		       ? WAIT_ON
		       : WAIT_NO_MORE;
}

static const struct wait detection = {
	.concerns = adds_ipv6_address,
	.look = look_at_detection,
	.kinds = LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_ADDRESS),
	.most_ms = DAD_WAIT_MS,
	.each_ms = DAD_EACH_MS,
	.too_long = "duplicate address detection does not end",
};

static bool starts_dhcp_client(const struct ls_step *step)
{
	return step->op == LS_OP_ADD && kind_of(step) == &ls_kind_dhcp_client;
}

/* An address that came from outside, for more than the link alone, and can be used: neither one that is still being
 * checked for duplicates nor one that was found to be one. */
static bool is_given(const struct ls_object *object, const struct ls_dhcp_client *client)
{
	const struct ls_address *address = (const struct ls_address *)object;

	return object->kind == &ls_kind_address && object->owner != LS_OWNER_OURS &&
	       address->address.family == ls_family_to_socket(client->family) && address->scope == LS_SCOPE_GLOBAL &&
	       !ls_ip_is_link_local(&address->address) && !ls_object_has(object, LS_ADDRESS_TENTATIVE) &&
	       !ls_object_has(object, LS_ADDRESS_DADFAILED) && !strcmp(address->dev, client->dev);
}

bool ls_has_given_address(const struct ls_set *now, const struct ls_dhcp_client *client)
{
	ls_set_each (now, i)
		if (is_given(now->objects[i], client))
			return true;
	return false;
}

static bool leads_to(const struct ls_object *object, const struct ls_address *address)
{
	const struct ls_route *route = (const struct ls_route *)object;

	return object->kind == &ls_kind_route && route->type == LS_ROUTE_UNICAST && route->dev &&
	       !strcmp(route->dev, address->dev) && ls_prefix_contains(&route->to, &address->address);
}

/* An IPv4 client makes the address first, then the routes of its subnet. IPv6 has its routes from router
 * advertisements, before. */
static bool has_address_with_routes(const struct ls_set *now, const struct ls_dhcp_client *client)
{
	if (client->family == LS_FAMILY_IPV6)
		return ls_has_given_address(now, client);
	ls_set_each (now, i)
		for (size_t k = 0; k < now->n_objects && is_given(now->objects[i], client); k++)
			if (leads_to(now->objects[k], (const struct ls_address *)now->objects[i]))
				return true;
	return false;
}

/* Without carrier nobody can be asked. */
static bool could_ask(const struct ls_set *now, const struct ls_dhcp_client *client)
{
	const struct ls_link *link = ls_set_link(now, client->dev);

	return link && ls_object_has(&link->object, LS_LINK_CARRIER);
}

static enum patience look_at_router(struct run *run, const struct ls_set *now, const struct ls_step *step)
{
	const struct ls_dhcp_client *client = (const struct ls_dhcp_client *)step->want;

	return could_ask(now, client) && !ls_has_given_address(now, client) &&
			       ls_kernel_link_advertised(run->host->kernel, client->dev) == LS_ADVERTISED_NOTHING
		       ? WAIT_ON
		       : WAIT_NO_MORE;
}

static bool starts_dhcpv6_client(const struct ls_step *step)
{
	return starts_dhcp_client(step) && ((const struct ls_dhcp_client *)step->want)->family == LS_FAMILY_IPV6;
}

/* Before a client is started: a router tells whether it is needed. */
static const struct wait advertisement = {
	.concerns = starts_dhcpv6_client,
	.look = look_at_router,
	.kinds = LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_ADDRESS),
	.most_ms = RA_WAIT_MS,
	.for_addresses = true,
};

static bool needs_carrier(const struct ls_step *step)
{
	return step->want && kind_of(step)->needs == LS_NEEDS_CARRIER;
}

static bool is_up_without_carrier(const char *name, void *links)
{
	const struct ls_link *link = ls_set_link(links, name);

	return link && link->up && !ls_object_has(&link->object, LS_LINK_CARRIER);
}

static enum patience look_at_carrier(struct run *run, const struct ls_set *now, const struct ls_step *step)
{
	(void)run;
	return ls_object_each_link(step->want, is_up_without_carrier, (void *)(uintptr_t)now) ? WAIT_ON : WAIT_NO_MORE;
}

/* A card has carrier seconds after it was set up. Not waited for without end: then the kernel says what is missing. */
static const struct wait carrier = {
	.concerns = needs_carrier,
	.look = look_at_carrier,
	.kinds = LS_BIT(LS_KIND_LINK),
	.most_ms = CARRIER_WAIT_MS,
};

static const struct wait clients_carrier = {
	.concerns = starts_dhcp_client,
	.look = look_at_carrier,
	.kinds = LS_BIT(LS_KIND_LINK),
	.most_ms = CARRIER_WAIT_MS,
	.for_addresses = true,
};

/* Of links that were up before: from others the kernel has asked, or does so when it has checked its address. */
static void solicit_routers(struct run *run, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (starts_dhcpv6_client(&run->execution->plan->steps[i]))
			ls_solicit_routers(run->host->kernel,
				((const struct ls_dhcp_client *)run->execution->plan->steps[i].want)->dev);
}

int run_await_needs(struct run *run, size_t from, size_t to)
{
	int r = wait_for(run, &carrier, from, to);

	if (r >= 0)
		r = wait_for(run, &clients_carrier, from, to);
	if (r >= 0)
		solicit_routers(run, from, to);
	return r < 0 ? r : wait_for(run, &advertisement, from, to);
}

/* systemd-udevd applies sysctl.d and link files to a new link, after us if we are quick. It only serves the initial
 * namespace. */
static bool udev_serves_us(void)
{
	return access("/run/udev/control", F_OK) == 0 && ls_process_shares_network(1);
}

static void wait_for_udev(struct run *run, size_t from, size_t to)
{
	unsigned waited = 0;

	if (!udev_serves_us())
		return;
	for (size_t i = from; i < to; i++) {
		const struct ls_step *step = &run->execution->plan->steps[i];
		char path[64];
		uint32_t index;

		if (step->op != LS_OP_ADD || kind_of(step) != &ls_kind_link)
			continue;
		index = ls_kernel_link_index(run->host->kernel, ((const struct ls_link *)step->want)->name);
		snprintf(path, sizeof(path), "/run/udev/data/n%u", index);
		for (; index && access(path, F_OK) < 0 && waited < UDEV_WAIT_MS; waited += WAIT_STEP_MS)
			pause_ms(WAIT_STEP_MS);
	}
}

static bool changes_links(const struct run *run, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (kind_of(&run->execution->plan->steps[i]) == &ls_kind_link)
			return true;
	return false;
}

/* New links have indexes that later messages need. */
static int renew_links(struct run *run)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	struct ls_set links;
	int r;

	if (!arena)
		return ls_error_set(run->err, -ENOMEM, "out of memory");
	ls_set_init(&links, arena);
	r = ls_kernel_dump(run->host->kernel, LS_BIT(LS_KIND_LINK), NULL, &links, run->err);
	ls_set_done(&links);
	return r;
}

int run_settle(struct run *run, size_t from, size_t to)
{
	if (changes_links(run, from, to)) {
		int r = renew_links(run);

		if (r < 0)
			return r;
		wait_for_udev(run, from, to);
	}
	return wait_for(run, &detection, from, to);
}

/* ---- addresses from outside -------------------------------------------------------------------------------------- */

static bool starts_clients(const struct run *run, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (starts_dhcp_client(&run->execution->plan->steps[i]))
			return true;
	return false;
}

static bool is_started(const struct run *run, const struct ls_object *client)
{
	const struct ls_plan *plan = run->execution->plan;

	for (size_t i = 0; i < plan->n_steps; i++)
		if (starts_dhcp_client(&plan->steps[i]) && !ls_object_compare(plan->steps[i].want, client))
			return true;
	return false;
}

/* Only of a client that this run has started it is known that routes are still to come. */
static bool lacks_address(const struct run *run, const struct ls_set *now, const struct ls_object *object)
{
	const struct ls_dhcp_client *client = (const struct ls_dhcp_client *)object;

	return could_ask(now, client) &&
	       !(is_started(run, object) ? has_address_with_routes : ls_has_given_address)(now, client);
}

static bool lack_addresses(struct run *run, const struct ls_set *clients)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	bool lack = false;
	struct ls_set now;

	if (!arena || !clients->n_objects)
		return false;
	ls_set_init(&now, arena);
	if (ls_kernel_dump(run->host->kernel, LS_BIT(LS_KIND_LINK) | LS_BIT(LS_KIND_ADDRESS) | LS_BIT(LS_KIND_ROUTE),
		    NULL, &now, NULL) >= 0)
		ls_set_each (clients, i)
			lack |= lacks_address(run, &now, clients->objects[i]);
	ls_set_done(&now);
	return lack;
}

/* Clients that this run has started, and such as it asks for as the first one since the host has started: another has
 * waited for the rest, and if that was in vain it does not hold up everything after it. */
static void list_awaited(struct run *run, const struct ls_set *desired, struct ls_set *ret)
{
	size_t to, from = ls_set_of_kind(desired, &ls_kind_dhcp_client, &to);
	struct ls_generation last;
	bool known = from < to && run->host->current_is_epochs &&
		     ls_generation_read(run->host, run->host->current, LS_GENERATION_OBJECTS, &last, NULL) >= 0;

	for (size_t i = from; i < to; i++)
		if (is_started(run, desired->objects[i]) || !known || !ls_set_find(&last.objects, desired->objects[i]))
			(void)ls_set_add(ret, desired->objects[i]);
	if (known)
		ls_generation_done(&last);
}

/* Routes by a gateway of such an address's subnet are what may need it. */
static bool is_time_for_addresses(const struct run *run, size_t next)
{
	const struct ls_plan *plan = run->execution->plan;

	return next == plan->n_steps || (plan->steps[next].want && plan->steps[next].rank > LS_RANK_DHCP_CLIENT &&
						!starts_clients(run, next, plan->n_steps));
}

/* No server is no failure: one may come. */
int run_await_addresses(struct run *run, size_t next)
{
	const struct ls_set *desired = run->execution->desired;
	struct ls_set awaited;
	int r = 0;

	if (!desired || run->addresses_awaited || !is_time_for_addresses(run, next))
		return 0;
	run->addresses_awaited = true;
	ls_set_init(&awaited, desired->arena);
	list_awaited(run, desired, &awaited);
	while (r >= 0 && ls_now() < run->execution->addresses_until && lack_addresses(run, &awaited)) {
		if (run_must_stop(run))
			r = run_interrupted(run);
		pause_ms(WAIT_STEP_MS);
	}
	ls_set_done(&awaited);
	return r;
}
