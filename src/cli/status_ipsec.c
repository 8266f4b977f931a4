/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspan status, the tunnels of IPsec: an XFRM interface of ours, the policy that says where its packets go, and the
 * states that have its if_id, whoever made them: an IKE daemon's tell how such a tunnel is doing.
 */
#include "cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Of all tunnels, by if_id. */
struct states {
	const struct ls_xfrm_state **items;
	size_t n;
};

static int compare_states(const void *a, const void *b)
{
	uint32_t x = (*(const struct ls_xfrm_state *const *)a)->if_id,
		 y = (*(const struct ls_xfrm_state *const *)b)->if_id;

	return x < y ? -1 : x > y;
}

/* Without memory there are none to tell of. */
static struct states collect_states(const struct ls_set *actual)
{
	size_t to, from = ls_set_of_kind(actual, &ls_kind_xfrm_state, &to);
	struct states states = { reallocarray(NULL, to - from + 1, sizeof(*states.items)), 0 };

	for (size_t i = from; states.items && i < to; i++)
		if (((const struct ls_xfrm_state *)actual->objects[i])->if_id)
			states.items[states.n++] = (const struct ls_xfrm_state *)actual->objects[i];
	if (states.n)
		qsort(states.items, states.n, sizeof(*states.items), compare_states);
	return states;
}

/* The first of an interface, or where it would stand. */
static size_t first_of(const struct states *states, uint32_t if_id)
{
	size_t from = 0, to = states->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (states->items[middle]->if_id < if_id)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* What leaves by the interface; NULL: nothing can. */
static const struct ls_xfrm_policy *policy_of(const struct ls_set *actual, uint32_t if_id)
{
	const struct ls_xfrm_policy key = {
		.object.kind = &ls_kind_xfrm_policy, .if_id = if_id, .direction = LS_XFRM_OUT
	};
	size_t i = ls_set_lower(actual, &key.object);
	const struct ls_xfrm_policy *found = i < actual->n_objects ? (const void *)actual->objects[i] : NULL;

	return found && found->object.kind == &ls_kind_xfrm_policy && found->if_id == if_id &&
			       found->direction == LS_XFRM_OUT &&
			       ls_object_has(&found->object, LS_XFRM_POLICY_TUNNEL_DST)
		       ? found
		       : NULL;
}

static const struct ls_link *tunnel_at(const struct ls_set *actual, size_t i)
{
	const struct ls_link *link = (const struct ls_link *)actual->objects[i];

	return link->object.owner == LS_OWNER_OURS && ls_link_is(link, "xfrm") ? link : NULL;
}

static bool is_out(const struct ls_xfrm_state *state, const struct ls_xfrm_policy *policy)
{
	return !memcmp(&state->dst, &policy->tunnel_dst, sizeof(state->dst));
}

static const char *family_of(const struct ls_xfrm_policy *policy)
{
	return policy->src.ip.family == AF_INET6 ? "ipv6" : "ipv4";
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *state_to_json(const struct ls_xfrm_state *state, const struct ls_xfrm_policy *policy)
{
	return json_pack("{s:s, s:o, s:I, s:I}", "direction", is_out(state, policy) ? "out" : "in", "spi",
		json_sprintf("0x%08" PRIx32, state->spi), "added", (json_int_t)state->activity.added, "bytes",
		(json_int_t)state->activity.bytes);
}

static json_t *tunnel_to_json(
	const struct ls_link *link, const struct ls_xfrm_policy *policy, const struct states *states)
{
	char local[LS_IP_TEXT_MAX], remote[LS_IP_TEXT_MAX];
	json_t *list = json_array();

	for (size_t i = first_of(states, link->if_id); i < states->n && states->items[i]->if_id == link->if_id; i++)
		if (policy)
			json_array_append_new(list, state_to_json(states->items[i], policy));
	return json_pack("{s:s, s:s, s:s?, s:I, s:s?, s:s?, s:o}", "name", link->name, "type", "ipsec", "family",
		policy ? family_of(policy) : NULL, "if_id", (json_int_t)link->if_id, "local_address",
		policy ? ls_ip_format(&policy->tunnel_src, local) : NULL, "remote_address",
		policy ? ls_ip_format(&policy->tunnel_dst, remote) : NULL, "states", list);
}

void cli_json_ipsec(struct cli *cli, const struct ls_set *actual, bool *first)
{
	struct states states = collect_states(actual);
	size_t to, i = ls_set_of_kind(actual, &ls_kind_link, &to);

	for (; i < to; i++) {
		const struct ls_link *link = tunnel_at(actual, i);

		if (link)
			cli_json_element(cli, first, tunnel_to_json(link, policy_of(actual, link->if_id), &states));
	}
	free(states.items);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void print_state(
	const struct cli_stream *out, const struct ls_xfrm_state *state, const struct ls_xfrm_policy *policy)
{
	int64_t age = (int64_t)time(NULL) - (int64_t)state->activity.added;

	fprintf(out->file, "    %s with SPI 0x%08" PRIx32 ", %" PRId64 " s old, ", is_out(state, policy) ? "out" : "in",
		state->spi, age > 0 ? age : 0);
	cli_print_bytes(out->file, state->activity.bytes);
	fputs("\n", out->file);
}

static void print_tunnel(const struct cli_stream *out, const struct ls_link *link, const struct ls_xfrm_policy *policy,
	const struct states *states)
{
	char local[LS_IP_TEXT_MAX], remote[LS_IP_TEXT_MAX];
	size_t from = first_of(states, link->if_id), i = from;

	fputs("  ", out->file);
	cli_put(out, CLI_STYLE_BOLD, link->name);
	if (!policy) {
		fputs(" ipsec, without a policy\n", out->file);
		return;
	}
	fprintf(out->file, " ipsec %s, from %s to %s, if_id 0x%" PRIx32 "\n", family_of(policy),
		ls_ip_format(&policy->tunnel_src, local), ls_ip_format(&policy->tunnel_dst, remote), link->if_id);
	for (; i < states->n && states->items[i]->if_id == link->if_id; i++)
		print_state(out, states->items[i], policy);
	if (i == from)
		fputs("    no security association yet\n", out->file);
}

void cli_print_ipsec(struct cli *cli, const struct ls_set *actual, bool *first)
{
	struct states states = collect_states(actual);
	size_t to, i = ls_set_of_kind(actual, &ls_kind_link, &to);

	for (; i < to; i++) {
		const struct ls_link *link = tunnel_at(actual, i);

		if (!link)
			continue;
		if (*first)
			fputs("Tunnels:\n", cli->out.file);
		*first = false;
		print_tunnel(&cli->out, link, policy_of(actual, link->if_id), &states);
	}
	free(states.items);
}
