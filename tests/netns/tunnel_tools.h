/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A WireGuard tunnel of linkspan's, here, and one of wg's in a namespace of its own. */
#pragma once

#include "netns_tools.h"

#include <stdio.h>
#include <string.h>

/* ---- the other end ----------------------------------------------------------------------------------------------- */

static inline const char *key(const char *name)
{
	return ns_output("cat %s/%s.pub | tr -d '\\n'", ns_dir(), name);
}

static inline void make_key(const char *name)
{
	ns_run("\"$LINKSPAN\" keygen %s/%s.key >%s/%s.pub", ns_dir(), name, ns_dir(), name);
}

/* Joined by up0 here and eth0 there, which have both families. */
static inline void make_peer(void)
{
	ns_need_program("wg");
	ns_need_link_type("wireguard");
	ns_run("unshare -n sleep 600 >/dev/null 2>&1 & echo $! >%s/peer; sleep 0.2", ns_dir());
	ns_run("ip link add up0 type veth peer name eth0 netns $(cat %s/peer)", ns_dir());
	ns_run("ip addr add 192.0.2.1/24 dev up0 && ip addr add 2001:db8:9::1/64 dev up0 nodad && ip link set up0 up");
	ns_on("peer",
		"ip link set lo up; ip addr add 192.0.2.2/24 dev eth0; ip addr add 2001:db8:9::2/64 dev eth0 nodad; ip "
		"link "
		"set eth0 up");
	make_key("here");
	make_key("there");
}

/* The other end of a tunnel: a device of wg's. */
static inline void make_other_end(const char *device, const char *address, unsigned port, const char *endpoint)
{
	ns_on("peer",
		"ip link add %s type wireguard; wg set %s listen-port %u private-key %s/there.key peer %s endpoint %s "
		"allowed-ips 0.0.0.0/0,::/0; ip addr add %s dev %s nodad 2>/dev/null || ip addr add %s dev %s; ip link "
		"set "
		"%s up",
		device, device, port, ns_dir(), key("here"), endpoint, address, device, address, device, device);
}

/* For IPv4 in IPv4, as most tests have it: spec("ipv4", "192.0.2.2:1300", ...) is what goes with it. */
static inline void make_both_ends(void)
{
	make_peer();
	make_other_end("wg0", "10.99.0.2/24", 1300, "192.0.2.1:1195");
}

static inline bool pings(const char *address)
{
	return ns_try("for i in 1 2 3 4 5; do ping -c 1 -W 2 %s >/dev/null && exit 0; done; exit 1", address);
}

#define UPLINK "interfaces: { up0: { match: { name: up0 } } }\n"

/* A tunnel named t0 with one peer, of which there may be more to say. */
static inline const char *spec(const char *family, const char *endpoint, const char *more)
{
	return ns_text(UPLINK "addresses: [{ interface: t0, address: %s }]\n"
			      "tunnels:\n"
			      "  t0:\n"
			      "    type: wireguard\n"
			      "    family: %s\n"
			      "    underlay: up0\n"
			      "    listen_port: 1195\n"
			      "    private_key_file: here.key\n"
			      "    peers:\n"
			      "      - name: there\n"
			      "        public_key: \"%s\"\n"
			      "        endpoint: \"%s\"\n%s",
		strcmp(family, "ipv4") ? "\"fd00:99::1/64\"" : "10.99.0.1/24", family, key("there"), endpoint, more);
}

/* A text with one part of it replaced. */
static inline const char *replaced(const char *text, const char *part, const char *by)
{
	const char *at = strstr(text, part);

	cr_assert(at);
	return ns_text("%.*s%s%s", (int)(at - text), text, by, at + strlen(part));
}
