/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kinds: the drivers, one table per kind of object (struct ls_kind in model.h), and the kernel handle that they share.
 */
#pragma once

#include <linkspan/model.h>
#include <linkspan/netlink.h>

/* One network namespace, as a whole: the session, the map between names and indexes of links (renewed by every dump of
 * links), and what this kernel can do. */
struct ls_kernel;

/* Opens the namespace that the calling thread is in. */
int ls_kernel_open(struct ls_kernel **ret, struct ls_error *err);
void ls_kernel_close(struct ls_kernel *kernel); /* accepts NULL */
struct ls_netlink *ls_kernel_netlink(struct ls_kernel *kernel);
/* The secrets that objects name: those that a dump has met, and those that are to be written. */
struct ls_keyring *ls_kernel_keys(struct ls_kernel *kernel);

/* A bit for each kind to dump, by enum ls_kind_id. Links are always read first when any other is asked for, since names
 * of links come from there, but only added to the set when asked for. */
#define LS_DUMP_ALL UINT32_MAX
/* Kinds whose dump has to be told what is of interest. */
#define LS_DUMP_SCOPED (LS_BIT(LS_KIND_SYSCTL) | LS_BIT(LS_KIND_DHCP_CLIENT))
/* Adds what the kernel has to `ret` (its arena holds the objects) and sorts it. `scope`: for kinds that cannot list. */
int ls_kernel_dump(
	struct ls_kernel *kernel, uint32_t kinds, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);

/* Adds a key (a sysctl without a value) for each sysctl below net that can be written and that everybody may read: the
 * scope of a dump that is to be complete. Some 250, and 300 for each link. */
int ls_kernel_list_sysctls(struct ls_kernel *kernel, struct ls_set *ret, struct ls_error *err);
/* Likewise a key for each link and family. Reads the links. */
int ls_kernel_list_dhcp_clients(struct ls_kernel *kernel, struct ls_set *ret, struct ls_error *err);

/* 0 = no such link, as of the last dump of links. */
uint32_t ls_kernel_link_index(const struct ls_kernel *kernel, const char *name);
/* What router advertisements on the link have said of addresses from a DHCPv6 server, as of the last dump of links:
 * flag M (RFC 4861, 4.2). The kernel forgets it when the link goes down. */
enum ls_advertised { LS_ADVERTISED_NOTHING, LS_ADVERTISED_UNMANAGED, LS_ADVERTISED_MANAGED };
enum ls_advertised ls_kernel_link_advertised(const struct ls_kernel *kernel, const char *name);
/* Was there something in the dumps so far whose mark the kernel does not tell (struct ls_kind, `claim`)? */
bool ls_kernel_hides_marks(const struct ls_kernel *kernel);
/* Did the last dump leave nftables out, for want of privilege (CAP_NET_ADMIN)? */
bool ls_kernel_hides_nft(const struct ls_kernel *kernel);
/* Does this kernel keep IFA_PROTO (5.18)? Told by its release number. */
bool ls_kernel_has_address_protocol(const struct ls_kernel *kernel);

/* A stranger's IPv6 multipath route as routes of their own, one for each next hop, which are added to the set: where
 * some of them are ours and the stranger's came first. -EINVAL: it is none; -ENOMEM. */
int ls_route_split(struct ls_kernel *kernel, const struct ls_route *route, struct ls_set *set);

/* Encodes one operation: what `encode` of the kind does, or for adding a foreign object (raw set) its own message
 * again. *ret is the session's message, or NULL when none is needed. A link that does not exist: -ENODEV; one that was
 * made since the last dump of links is not known yet (it can be changed, by name, but nothing can be put on it).
 *
 * To get the kernel's own order back, foreign IPv4 addresses go back in the order of the dump before it was sorted (at
 * least primaries before secondaries), IPv6 addresses in the opposite one, routes of one slot in the order of the set.
 */
int ls_kernel_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err);

/* ---- connections ------------------------------------------------------------------------------------------------- */

/* Tracked connections, by their first packet. */
struct ls_connections {
	/* Its destination, its source, and who answers, which is another one than its destination where that is
	 * translated; family 0: any. One of them at least. */
	struct ls_prefix to, from, answered_by;
	uint8_t protocol;         /* IPPROTO_*; 0: any */
	uint16_t port, last_port; /* its destination port; last_port 0: any */
	bool translated;          /* only those whose addresses or ports were translated (IPS_NAT_MASK) */
};

/* Forgets (conntrack -D) just those connections that one of the filters is about: NAT rules see the first packet of a
 * connection only. Others go on. A kernel without connection tracking has none. */
int ls_connections_flush(struct ls_kernel *kernel, const struct ls_connections *filters, size_t n,
	size_t *ret_n_flushed, struct ls_error *err);

/* ---- announcements ----------------------------------------------------------------------------------------------- */

struct ls_announcement {
	const char *dev;
	struct ls_ip address;
	/* Of a host elsewhere for which this one answers (RFC 6275, 10.4.1, does it with a home agent): is it a router?
	 * Of others the link's forwarding tells that. */
	bool proxy, router;
};

#define LS_ANNOUNCEMENTS 3u /* of each address: MAX_NEIGHBOR_ADVERTISEMENT (RFC 4861, section 10) */

/* Tells the neighbours of a link that an address is here now: gratuitous ARP (RFC 826; RFC 5944, section 4.6, for what
 * it consists of), unsolicited neighbour advertisements (RFC 4861, section 7.2.6). Links without Ethernet addresses,
 * links that are down and addresses that only work within the host are passed over. Takes 60 ms. */
int ls_announce(const struct ls_announcement *list, size_t n, struct ls_error *err);

/* Asks the routers on a link to advertise themselves (router solicitation, RFC 4861, 4.1). The kernel does so only when
 * the link gets its link-local address, and not where advertisements were not accepted then. Without such an address
 * nothing is sent. */
void ls_solicit_routers(const struct ls_kernel *kernel, const char *dev);

/* Sends a packet to each peer of a WireGuard link of ours whose endpoint is known, so that it learns of another port or
 * key now and not when there is traffic: without a session, a handshake is begun. Nothing is sent by a link that is
 * down. Negative errno. */
int ls_wireguard_greet(struct ls_kernel *kernel, const char *dev, struct ls_error *err);
/* Sets the endpoint of `peer` (a wg_peer with one) where there is such a peer, and nothing else. With a keepalive it
 * gets a packet at once. */
int ls_wireguard_point(struct ls_kernel *kernel, const struct ls_wg_peer *peer, struct ls_error *err);
