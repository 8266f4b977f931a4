/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of tunnels. */
#include "checks.h"
#include "table.h"
#include "tunnels.h"

#include <string.h>
#include <sys/socket.h>

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void check_network(struct ls_checker *checker, const struct ls_spec_tunnel *tunnel)
{
	const struct ls_spec_network *network = ls_spec_find_network(checker->spec, tunnel->network);

	if (!tunnel->network)
		return;
	if (!network)
		ls_report_error(checker->report, tunnel->network_mark, "reference",
			"'network' names '%s', but 'networks' has no such name; add it there", tunnel->network);
	else if (!ls_spec_subnet(network, tunnel->family)->mark.line)
		ls_report_error(checker->report, tunnel->network_mark, "family-disabled",
			"the tunnel is for %s, which the network '%s' does not have", ls_ip_family_name(tunnel->family),
			tunnel->network);
}

static void check_mtu(struct ls_checker *checker, const struct ls_spec_tunnel *tunnel)
{
	uint32_t underlay = ls_spec_mtu_of(checker->spec, tunnel->underlay);
	char fault[LS_MTU_FAULT_MAX];

	if (ls_tunnel_mtu_fault(tunnel, tunnel->mtu, underlay ? underlay : LS_UNDERLAY_MTU, fault))
		ls_report_error(checker->report, tunnel->mtu_mark.line ? tunnel->mtu_mark : tunnel->mark, "tunnel-mtu",
			"%s", fault);
}

static void check_interface_of(struct ls_checker *checker, const struct ls_spec_tunnel *tunnel)
{
	const struct ls_spec *spec = checker->spec;

	for (size_t i = 0; i < spec->n_interfaces - spec->n_tunnels; i++)
		if (same(spec->interfaces[i].name, tunnel->name))
			ls_report_error(checker->report, tunnel->mark, "duplicate-object",
				"there is an interface of that name, on line %u; a tunnel is an interface, too",
				spec->interfaces[i].mark.line);
	if (tunnel->underlay && !checker->interfaces_unknown && !ls_checker_find(checker, tunnel->underlay))
		ls_report_error(checker->report, tunnel->underlay_mark, "reference",
			"'underlay' names '%s', but 'interfaces' has no such name; add it there", tunnel->underlay);
}

/* ---- peers ------------------------------------------------------------------------------------------------------- */

static void check_family(
	struct ls_checker *checker, const struct ls_spec_tunnel *tunnel, const struct ls_spec_peer *peer)
{
	for (size_t i = 0; i < peer->n_allowed_ips; i++) {
		uint8_t family = peer->allowed_ips[i].subnet.ip.family;

		if (family && tunnel->family && family != tunnel->family)
			ls_report_error(checker->report, peer->allowed_ips[i].mark, "one-tunnel-per-family",
				"the tunnel carries %s, and nothing of %s; use another tunnel for that",
				ls_ip_family_name(tunnel->family), ls_ip_family_name(family));
	}
}

static void check_endpoint(struct ls_checker *checker, const struct ls_spec_peer *peer)
{
	if (peer->endpoint.family && peer->endpoint_family && peer->endpoint.family != peer->endpoint_family)
		ls_report_error(checker->report, peer->family_mark, "endpoint-family",
			"'endpoint' is an %s address, on line %u; 'endpoint_family' is for host names, and has to "
			"agree",
			ls_ip_family_name(peer->endpoint.family), peer->endpoint_mark.line);
}

/* What peers of a tunnel must not have in common, with the peer that has it. */
struct held {
	struct ls_table keys;     /* public key, interned */
	struct ls_table prefixes; /* struct ls_prefix; all zero: all of the family, which a peer without a list has */
};

static void held_done(struct held *held)
{
	ls_table_done(&held->keys);
	ls_table_done(&held->prefixes);
}

/* True: said. */
static bool report_held(struct ls_checker *checker, const struct ls_spec_peer *peer, const struct ls_spec_peer *holder,
	struct ls_mark mark)
{
	if (holder == peer)
		ls_report_error(checker->report, mark, "duplicate-object", "'allowed_ips' has this twice; remove one");
	else if (holder)
		ls_report_error(checker->report, mark, "duplicate-object",
			"the peer on line %u has this in its 'allowed_ips', too; packets go to one of them",
			holder->mark.line);
	return holder;
}

/* A prefix is of one peer, and once in its list. The first that is not is enough. */
static int check_prefixes(struct ls_checker *checker, struct held *held, const struct ls_spec_peer *peer)
{
	const struct ls_prefix all = { 0 };
	const void *holder = NULL;
	bool said = false;
	int r = 0;

	if (!peer->n_allowed_ips) {
		r = ls_table_hold(&held->prefixes, &all, peer, &holder);
		(void)report_held(checker, peer, holder, peer->mark);
	}
	for (size_t i = 0; r >= 0 && !said && i < peer->n_allowed_ips; i++) {
		if (!peer->allowed_ips[i].subnet.ip.family) /* an error already */
			continue;
		r = ls_table_hold(&held->prefixes, &peer->allowed_ips[i].subnet, peer, &holder);
		said = r >= 0 && report_held(checker, peer, holder, peer->allowed_ips[i].mark);
	}
	return r;
}

static int check_apart(struct ls_checker *checker, struct held *held, const struct ls_spec_peer *peer)
{
	const void *before = NULL;
	const struct ls_spec_peer *holder;
	int r = peer->public_key ? ls_table_hold(&held->keys, &peer->public_key, peer, &before) : 0;

	holder = before;
	if (r < 0 || !holder)
		return r < 0 ? r : check_prefixes(checker, held, peer);
	ls_report_error(checker->report, peer->public_key_mark, "duplicate-object",
		"the peer on line %u has this key, too; each has its own", holder->mark.line);
	return 0;
}

static int check_peers(struct ls_checker *checker, const struct ls_spec_tunnel *tunnel)
{
	LS_CLEANUP(held_done) struct held held;
	int r = 0;

	ls_table_init(&held.keys, sizeof(const char *));
	ls_table_init(&held.prefixes, sizeof(struct ls_prefix));
	for (size_t i = 0; r >= 0 && i < tunnel->n_peers; i++) {
		check_family(checker, tunnel, &tunnel->peers[i]);
		check_endpoint(checker, &tunnel->peers[i]);
		r = check_apart(checker, &held, &tunnel->peers[i]);
	}
	return r;
}

/* ---- IPsec ------------------------------------------------------------------------------------------------------- */

static void warn_of_manual_keys(struct ls_checker *checker, const struct ls_spec_tunnel *tunnel)
{
	if (tunnel->type == LS_TUNNEL_IPSEC && tunnel->keying == LS_KEYING_MANUAL)
		ls_report_warning(checker->report, tunnel->keying_mark, "ipsec-manual",
			"manual keys are used until somebody changes them, and do not keep old packets from being sent "
			"again; an IKE daemon (keying: ike) renews them by itself");
}

/* A state's identity is its destination and SPI (RFC 4301, section 4.1). */
static void check_sas_apart(struct ls_checker *checker, const struct ls_ip *dst, const struct ls_spec_sa *first,
	const struct ls_ip *other_dst, const struct ls_spec_sa *second)
{
	if (first->spi && first->spi == second->spi && !memcmp(dst, other_dst, sizeof(*dst)))
		ls_report_error(checker->report, second->spi_mark, "duplicate-object",
			"the security association on line %u goes to the same address with the SPI 0x%x, too; give "
			"each its own",
			first->mark.line, second->spi);
}

static void check_sas_of(
	struct ls_checker *checker, const struct ls_spec_tunnel *first, const struct ls_spec_tunnel *second)
{
	for (size_t k = 0; k < second->n_sa_in; k++)
		for (size_t i = 0; i < (first == second ? k : first->n_sa_in); i++)
			check_sas_apart(
				checker, &first->local_addr, &first->sa_in[i], &second->local_addr, &second->sa_in[k]);
	if (first != second)
		check_sas_apart(checker, &first->remote_addr, &first->sa_out, &second->remote_addr, &second->sa_out);
}

static void check_if_ids_apart(
	struct ls_checker *checker, const struct ls_spec_tunnel *first, const struct ls_spec_tunnel *second)
{
	if (first->if_id && first->if_id == second->if_id)
		ls_report_error(checker->report, second->if_id_mark.line ? second->if_id_mark : second->mark,
			"duplicate-object",
			"the tunnel on line %u has the if_id 0x%x, too; give this one another 'if_id'",
			first->mark.line, second->if_id);
}

/* ---- tunnels among one another ----------------------------------------------------------------------------------- */

static void check_tunnels_apart(
	struct ls_checker *checker, const struct ls_spec_tunnel *first, const struct ls_spec_tunnel *second)
{
	if (same(first->network, second->network) && first->family == second->family)
		ls_report_error(checker->report, second->mark, "one-tunnel-per-family",
			"the network '%s' has a tunnel for %s already, on line %u; remove one", second->network,
			ls_ip_family_name(second->family), first->mark.line);
	if (first->listen_port && first->listen_port == second->listen_port)
		ls_report_error(checker->report, second->port_mark.line ? second->port_mark : second->mark,
			"tunnel-ports",
			"the tunnel on line %u listens on UDP port %u, too; give each its own 'listen_port'",
			first->mark.line, second->listen_port);
	check_if_ids_apart(checker, first, second);
	check_sas_of(checker, first, second);
}

int ls_check_tunnels(struct ls_checker *checker)
{
	const struct ls_spec *spec = checker->spec;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < spec->n_tunnels; i++) {
		check_network(checker, &spec->tunnels[i]);
		check_mtu(checker, &spec->tunnels[i]);
		check_interface_of(checker, &spec->tunnels[i]);
		r = check_peers(checker, &spec->tunnels[i]);
		warn_of_manual_keys(checker, &spec->tunnels[i]);
		check_sas_of(checker, &spec->tunnels[i], &spec->tunnels[i]);
		for (size_t k = 0; k < i; k++)
			check_tunnels_apart(checker, &spec->tunnels[k], &spec->tunnels[i]);
	}
	return r;
}
