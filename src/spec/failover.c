/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of an appliance: its side, who manages it, the replicas and their failover; and what the rest of the program
 * asks about the mode that it is in.
 */
#include "checks.h"
#include "host.h"

#include <string.h>
#include <sys/socket.h>

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

/* A list that is all that an element consists of. */
static int decode_addresses(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const struct ls_key list = { LS_NAME("addresses"), LS_AT(ls_spec_replica_network, addresses),
		LS_PRESENT(ls_spec_replica_network, n_addresses), LS_LIST(&ls_ip_mapping) };

	(void)key;
	return ls_decode_list(decoder, &list, event, value);
}

static const struct ls_key replica_network_name = { LS_NAME("network"), LS_AT(ls_spec_replica_network, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_key replica_addresses = { LS_NAME("addresses"), .decode = decode_addresses,
	.mapping = &ls_ip_mapping };

static const struct ls_mapping replica_network_mapping = {
	.what = "a network of a replica",
	.size = sizeof(struct ls_spec_replica_network),
	.shorthand = &replica_addresses,
	.name = &replica_network_name,
};

static int decode_replica_networks(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	static const struct ls_key map = { LS_NAME("networks"), LS_AT(ls_spec_replica, networks),
		LS_PRESENT(ls_spec_replica, n_networks), LS_NAMED(&replica_network_mapping) };

	(void)key;
	return ls_decode_named(decoder, &map, event, value);
}

static const struct ls_key replica_name = { LS_NAME("replica"), LS_AT(ls_spec_replica, name),
	LS_TEXT(ls_check_spec_name) };

static const struct ls_key replica_networks = { LS_NAME("networks"), .decode = decode_replica_networks,
	.mapping = &replica_network_mapping };

const struct ls_mapping ls_replica_mapping = {
	.what = "a replica",
	.size = sizeof(struct ls_spec_replica),
	.shorthand = &replica_networks,
	.name = &replica_name,
};

/* ---- failover and management ------------------------------------------------------------------------------------- */

const struct ls_word ls_failover_words[] = {
	{ "none", LS_FAILOVER_NONE },
	{ "partial", LS_FAILOVER_PARTIAL },
	{ "full", LS_FAILOVER_FULL },
	{ "permanent", LS_FAILOVER_PERMANENT },
	{ NULL, 0 },
};

static const struct ls_key failed_key = { LS_NAME("replica"), LS_AT(ls_spec_name, name), LS_TEXT(ls_check_spec_name) };

static const struct ls_mapping failed_mapping = {
	.what = "a replica",
	.size = sizeof(struct ls_spec_name),
	.shorthand = &failed_key,
};

static const struct ls_key failover_keys[] = {
	{ LS_NAME("mode"), LS_AT(ls_spec_failover, mode), LS_MARK(ls_spec_failover, mode_mark),
		LS_WORD(ls_failover_words), .needed = LS_ALWAYS },
	{ LS_NAME("replicas"), LS_AT(ls_spec_failover, replicas), LS_PRESENT(ls_spec_failover, n_replicas),
		LS_LIST(&failed_mapping) },
	{ LS_NAME("route_between_networks"), LS_AT(ls_spec_failover, route_between_networks), LS_BOOL },
};

const struct ls_mapping ls_failover_mapping = {
	.what = "failover",
	.keys = failover_keys,
	.n_keys = LS_ARRAY_SIZE(failover_keys),
};

static const struct ls_key manager_key = { LS_NAME("peer"), LS_AT(ls_spec_subnet_entry, subnet),
	.decode = ls_decode_network };

static const struct ls_mapping manager_mapping = {
	.what = "a peer",
	.size = sizeof(struct ls_spec_subnet_entry),
	.shorthand = &manager_key,
};

static const struct ls_key management_keys[] = {
	{ LS_NAME("interface"), LS_AT(ls_spec_management, interface), LS_MARK(ls_spec_management, interface_mark),
		LS_TEXT(ls_check_interface_name), .needed = LS_ALWAYS },
	{ LS_NAME("peers"), LS_AT(ls_spec_management, peers), LS_PRESENT(ls_spec_management, n_peers),
		LS_LIST(&manager_mapping) },
};

const struct ls_mapping ls_management_mapping = {
	.what = "management",
	.keys = management_keys,
	.n_keys = LS_ARRAY_SIZE(management_keys),
};

const struct ls_reader_form ls_failover_forms[] = {
	{ decode_addresses, NULL, { .type = LS_FORM_LIST } },
	{ decode_replica_networks, NULL, { .type = LS_FORM_NAMED } },
	{ 0 },
};

/* ---- questions --------------------------------------------------------------------------------------------------- */

static bool has_failover(const struct ls_spec *spec)
{
	return spec->failover.mark.line != 0;
}

bool ls_spec_has_tunnel(const struct ls_spec *spec, const struct ls_spec_tunnel *tunnel)
{
	return !tunnel->network || !has_failover(spec) || spec->failover.mode == LS_FAILOVER_PARTIAL ||
	       spec->failover.mode == LS_FAILOVER_FULL;
}

bool ls_failover_by_word(const char *text, enum ls_failover_mode *ret)
{
	for (const struct ls_word *word = ls_failover_words; word->word; word++) {
		if (strcmp(text, word->word) != 0)
			continue;
		*ret = (enum ls_failover_mode)word->value;
		return true;
	}
	return false;
}

bool ls_failover_is_full(uint32_t mode)
{
	return mode == LS_FAILOVER_FULL || mode == LS_FAILOVER_PERMANENT;
}

bool ls_failover_excludes(uint32_t last, uint32_t next)
{
	return (last == LS_FAILOVER_PARTIAL && ls_failover_is_full(next)) ||
	       (ls_failover_is_full(last) && next == LS_FAILOVER_PARTIAL);
}

bool ls_spec_has_networks(const struct ls_spec *spec)
{
	return !has_failover(spec) || ls_failover_is_full(spec->failover.mode);
}

bool ls_spec_is_inner(const struct ls_spec *spec, const char *interface)
{
	for (size_t i = 0; interface && i < spec->n_networks; i++)
		if (spec->networks[i].interface && !strcmp(spec->networks[i].interface, interface))
			return true;
	return false;
}

const struct ls_spec_network *ls_spec_find_network(const struct ls_spec *spec, const char *name)
{
	for (size_t i = 0; name && i < spec->n_networks; i++)
		if (spec->networks[i].name && !strcmp(spec->networks[i].name, name))
			return &spec->networks[i];
	return NULL;
}

const struct ls_spec_subnet *ls_spec_subnet(const struct ls_spec_network *network, uint8_t family)
{
	return family == AF_INET6 ? &network->ipv6 : &network->ipv4;
}

const struct ls_spec_tunnel *ls_spec_find_tunnel(
	const struct ls_spec *spec, const struct ls_spec_network *network, uint8_t family)
{
	for (size_t i = 0; network->name && i < spec->n_tunnels; i++)
		if (spec->tunnels[i].network && spec->tunnels[i].family == family &&
			!strcmp(spec->tunnels[i].network, network->name))
			return &spec->tunnels[i];
	return NULL;
}

bool ls_spec_is_failed_over(const struct ls_spec *spec, const struct ls_spec_replica *replica)
{
	if (!has_failover(spec) || spec->failover.mode != LS_FAILOVER_PARTIAL || !replica->name)
		return false;
	for (size_t i = 0; i < spec->failover.n_replicas; i++)
		if (spec->failover.replicas[i].name && !strcmp(spec->failover.replicas[i].name, replica->name))
			return true;
	return false;
}

/* The next one of a replica's addresses in a network, or NULL. */
static const struct ls_spec_ip *next_address(
	const struct ls_spec_replica_network *part, uint8_t family, struct ls_spec_failed *at)
{
	while (at->address < part->n_addresses)
		if (part->addresses[at->address++].ip.family == family)
			return &part->addresses[at->address - 1];
	return NULL;
}

const struct ls_spec_ip *ls_spec_next_failed(
	const struct ls_spec *spec, const char *network, uint8_t family, struct ls_spec_failed *at)
{
	for (; at->replica < spec->n_replicas; at->replica++, at->network = at->address = 0) {
		const struct ls_spec_replica *replica = &spec->replicas[at->replica];

		for (; ls_spec_is_failed_over(spec, replica) && at->network < replica->n_networks;
			at->network++, at->address = 0) {
			const struct ls_spec_replica_network *part = &replica->networks[at->network];
			const struct ls_spec_ip *ip =
				!part->name || strcmp(part->name, network) != 0 ? NULL : next_address(part, family, at);

			if (ip)
				return ip;
		}
	}
	return NULL;
}

int ls_spec_set_failover(struct ls_spec *spec, enum ls_failover_mode mode, struct ls_diag *diag)
{
	struct ls_checker checker = { .spec = spec };
	struct ls_report report;

	ls_report_init(&report, diag, spec->file);
	if (!has_failover(spec))
		ls_report_error(&report, (struct ls_mark){ 1, 1 }, "missing",
			"the spec has no 'failover', so there is no mode to be changed; add it");
	spec->failover.mode = (uint8_t)mode;
	checker.report = &report;
	if (report.n_errors == 0)
		ls_check_mode(&checker);
	ls_report_finish(&report);
	return report.n_errors ? -EINVAL : 0;
}
