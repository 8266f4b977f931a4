/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to follow a change that stands, and cannot be taken back: connections that go on by a mapping that is gone
 * are forgotten, neighbours are told of public addresses and of hosts elsewhere that are answered for here now, and
 * peers of tunnels get a packet by which they learn of another port. All of it only ever helps; what fails is a
 * warning.
 */
#include "state.h"

#include <linkspan/nft.h>

#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>

/* ---- connections ------------------------------------------------------------------------------------------------- */

static void take_ports(const struct ls_nft_element *element, struct ls_connections *ret)
{
	ret->protocol = !strcmp(element->protocol, "udp") ? IPPROTO_UDP : IPPROTO_TCP;
	ret->port = element->port;
	ret->last_port = ls_object_has(&element->object, LS_NFT_ELEMENT_LAST_PORT) ? element->last_port : element->port;
}

/* Which connections an element is about. False: none that would notice. Translations of sources only matter when they
 * go: a connection that began without one does not get one. */
static bool find_connections(const struct ls_nft_element *element, bool goes, struct ls_connections *ret)
{
	*ret = (struct ls_connections){ 0 };
	switch ((enum ls_nft_set_id)element->set) {
	case LS_NFT_FWD4:
	case LS_NFT_FWD6:
	case LS_NFT_RANGE4:
	case LS_NFT_RANGE6:
		ret->to = ls_ip_alone(&element->address);
		take_ports(element, ret);
		return true;
	case LS_NFT_HERE4:
	case LS_NFT_HERE6:
	case LS_NFT_HERE_RANGE4:
	case LS_NFT_HERE_RANGE6:
		ret->answered_by = ls_ip_alone(&element->to);
		take_ports(element, ret);
		return true;
	case LS_NFT_ONE4:
	case LS_NFT_ONE6:
		ret->to = ls_ip_alone(&element->address);
		return true;
	case LS_NFT_INWARDS6:
		ret->to = element->prefix;
		return true;
	case LS_NFT_SOURCE4:
	case LS_NFT_SOURCE6:
		ret->from = ls_ip_alone(&element->address);
		ret->translated = true;
		return goes;
	case LS_NFT_OUTWARDS6:
	case LS_NFT_MASQUERADE4:
	case LS_NFT_MASQUERADE6:
		ret->from = element->prefix;
		ret->translated = true;
		return goes;
	case LS_NFT_CLOSED4:
	case LS_NFT_CLOSED6:
	case LS_NFT_PUBLIC4:
	case LS_NFT_PUBLIC6:
	case LS_NFT_UPLINKS:
	case LS_NFT_INNER:
	case LS_NFT_ROUTED:
	case LS_NFT_MSS4:
	case LS_NFT_MSS6:
	case LS_NFT_HIDDEN4:
	case LS_NFT_HIDDEN6:
	case LS_NFT_LET_IN4:
	case LS_NFT_LET_IN6:
	case LS_NFT_LET_THROUGH4:
	case LS_NFT_LET_THROUGH6:
	case LS_NFT_N_SETS:
		break;
	}
	return false;
}

/* A step that only makes anew what was there changes nothing for anybody. */
static bool is_change(const struct ls_step *step)
{
	return !step->have || !step->want || ls_object_diff(step->want, step->have);
}

static size_t list_connections(const struct ls_plan *plan, struct ls_connections *list)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct ls_step *step = &plan->steps[i];
		const struct ls_object *object = step->have ? step->have : step->want;

		if (object->kind == &ls_kind_nft_element && is_change(step))
			n += find_connections((const struct ls_nft_element *)object, step->have != NULL, &list[n]);
	}
	return n;
}

static void flush_connections(struct ls_host *host, const struct ls_plan *plan, struct ls_diag *notes)
{
	struct ls_connections *list = calloc(plan->n_steps + 1, sizeof(*list));
	struct ls_error err = { 0 };
	size_t n = list ? list_connections(plan, list) : 0, n_flushed;

	if (n && ls_connections_flush(host->kernel, list, n, &n_flushed, &err) < 0 && notes)
		ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "connections-left",
			"connections by changed mappings may go on until they end by themselves: %s", err.message);
	free(list);
}

/* ---- announcements ----------------------------------------------------------------------------------------------- */

static bool is_public(const struct ls_set *wanted, const struct ls_address *address)
{
	struct ls_nft_element key = {
		.object = { .kind = &ls_kind_nft_element,
			.set = LS_BIT(LS_NFT_ELEMENT_SET) | LS_BIT(LS_NFT_ELEMENT_ADDRESS) },
		.set = address->address.family == AF_INET6 ? LS_NFT_PUBLIC6 : LS_NFT_PUBLIC4,
		.address = address->address,
	};

	return ls_set_find(wanted, &key.object) != NULL;
}

static int compare_ips(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ls_ip));
}

/* The addresses that have come, in order; none when memory ran out. */
static struct ls_ip *list_new(const struct ls_plan *plan, size_t *ret_n)
{
	struct ls_ip *list = calloc(plan->n_steps + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < plan->n_steps && list; i++) {
		const struct ls_step *step = &plan->steps[i];

		if (step->op == LS_OP_ADD && step->want->kind == &ls_kind_address)
			list[n++] = ((const struct ls_address *)step->want)->address;
	}
	if (n)
		qsort(list, n, sizeof(*list), compare_ips);
	*ret_n = n;
	return list;
}

/* Public addresses that were not here. */
static size_t list_public(const struct ls_plan *plan, const struct ls_set *wanted, struct ls_announcement *list)
{
	size_t to, from = ls_set_of_kind(wanted, &ls_kind_address, &to), n_fresh = 0, n = 0;
	struct ls_ip *fresh = list_new(plan, &n_fresh);

	for (size_t i = from; i < to && n_fresh; i++) {
		const struct ls_address *address = (const struct ls_address *)wanted->objects[i];

		if (is_public(wanted, address) &&
			bsearch(&address->address, fresh, n_fresh, sizeof(*fresh), compare_ips))
			list[n++] = (struct ls_announcement){ .dev = address->dev, .address = address->address };
	}
	free(fresh);
	return n;
}

/* Hosts that are elsewhere from now on: those who knew them would look for them where they were, for ten seconds. */
static size_t list_proxies(const struct ls_plan *plan, struct ls_announcement *list)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct ls_neighbour *proxy = (const struct ls_neighbour *)plan->steps[i].want;

		if (plan->steps[i].op == LS_OP_ADD && proxy->object.kind == &ls_kind_neighbour && proxy->proxy)
			list[n++] = (struct ls_announcement){ proxy->dev, proxy->address, true, proxy->router };
	}
	return n;
}

static void announce_addresses(const struct ls_plan *plan, const struct ls_set *wanted, struct ls_diag *notes)
{
	size_t to, from = ls_set_of_kind(wanted, &ls_kind_address, &to), n = 0;
	struct ls_announcement *list = calloc(to - from + plan->n_steps + 1, sizeof(*list));
	struct ls_error err = { 0 };

	if (list) {
		n = list_public(plan, wanted, list);
		n += list_proxies(plan, list + n);
	}
	if (n && ls_announce(list, n, &err) < 0 && notes)
		ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "not-announced",
			"neighbours learn of new public addresses and proxies only by and by: %s", err.message);
	free(list);
}

/* ---- tunnels ----------------------------------------------------------------------------------------------------- */

static bool loses_its_peers(const struct ls_step *step)
{
	return step->op == LS_OP_CHANGE && step->want->kind == &ls_kind_wireguard &&
	       step->attrs & (LS_BIT(LS_WIREGUARD_PUBLIC_KEY) | LS_BIT(LS_WIREGUARD_LISTEN_PORT));
}

static void greet_peers(struct ls_host *host, const struct ls_plan *plan, struct ls_diag *notes)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct ls_step *step = &plan->steps[i];
		struct ls_error err = { 0 };
		const char *dev;

		if (!loses_its_peers(step))
			continue;
		dev = ((const struct ls_wireguard *)step->want)->dev;
		if (ls_wireguard_greet(host->kernel, dev, &err) < 0 && notes)
			ls_diag_report(notes, LS_SEVERITY_WARNING, (struct ls_location){ 0 }, "peers-not-told",
				"peers of tunnel %s find it again only when it sends: %s", dev, err.message);
	}
}

void ls_aftermath(struct ls_host *host, const struct ls_plan *plan, const struct ls_set *wanted, struct ls_diag *notes)
{
	flush_connections(host, plan, notes);
	announce_addresses(plan, wanted, notes);
	greet_peers(host, plan, notes);
}
