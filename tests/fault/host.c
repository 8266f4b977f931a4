/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host: each fault gets a network namespace of its own, made by one `ip -batch`, so that indexes and MAC addresses
 * are the same every time. Duplicate address detection is off: it would only take time.
 */
#include "fault.h"

#include <support/support.h>

#include <linkspan/util.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

const struct transition from_nothing = { STAGE_BASE, STAGE_A, "from nothing to A" };
const struct transition from_a_to_b = { STAGE_A, STAGE_B, "from A to B" };

static bool isolated;
static char directory[64] = "/tmp/linkspan-fault-XXXXXX", state[PATH_MAX];
static unsigned n_states;

/* Links of others: two pairs for traffic, a bridge with a port, a pair of which one end is to become a port of ours,
 * and one that is down. */
/* Below /proc/sys/net. */
static const char *const base_settings[] = { "ipv6/conf/all/accept_dad", "ipv6/conf/all/dad_transmits",
	"ipv6/conf/all/forwarding", "ipv6/conf/default/accept_dad", "ipv6/conf/default/dad_transmits",
	"ipv6/conf/default/forwarding", "ipv4/ip_forward", "ipv4/conf/all/promote_secondaries",
	"ipv4/conf/default/promote_secondaries" };

static const char base_ruleset[] = "add table inet stranger\n"
				   "add chain inet stranger c { type nat hook prerouting priority -90; }\n"
				   "add rule inet stranger c udp dport 9 accept\n";

static const char base_batch[] =
	"link set lo up\n"
	"link add fx0 address 02:00:00:00:01:00 type veth peer name fx1 address 02:00:00:00:01:01\n"
	"link add fy0 address 02:00:00:00:02:00 type veth peer name fy1 address 02:00:00:00:02:01\n"
	"link add fz0 address 02:00:00:00:03:00 type veth peer name fz1 address 02:00:00:00:03:01\n"
	"link add fp0 address 02:00:00:00:04:00 type veth peer name fp1 address 02:00:00:00:04:01\n"
	"link add fq0 address 02:00:00:00:05:00 type veth peer name fq1 address 02:00:00:00:05:01\n"
	"link add fbr address 02:00:00:00:06:00 type bridge\n"
	"link set fp0 master fbr\n"
	"link set fx0 up\nlink set fx1 up\nlink set fy0 up\nlink set fy1 up\nlink set fz1 up\n"
	"link set fp0 up\nlink set fp1 up\nlink set fq0 up\nlink set fq1 up\nlink set fbr up\n"
	"addr add 192.0.2.1/24 dev fx0\n"
	"addr add 192.0.2.2/24 dev fx0\n"
	"addr add 198.51.100.1/24 brd + dev fy0\n"
	"addr add 203.0.113.1/24 dev fz0\n"
	"addr add 10.99.0.1 peer 10.99.0.2/32 dev fx0\n"
	"addr add 10.98.0.1/24 dev fbr\n"
	"addr add 2001:db8:f::1/64 dev fx0 nodad\n"
	"addr add 2001:db8:f::2/64 dev fx0 nodad\n"
	"addr add 2001:db8:e::1/64 dev fy0 nodad\n"
	"addr add 2001:db8:c::1/64 dev fbr nodad\n";

/* These need addresses that are no longer tentative, which depends on carrier. */
static const char base_routes[] =
	"route add 10.100.0.0/16 via 192.0.2.9\n"
	"route add 10.101.0.0/16 nexthop via 192.0.2.9 dev fx0 nexthop via 198.51.100.9 dev fy0 weight 4\n"
	"route add 10.102.0.0/16 via 192.0.2.9 metric 50\n"
	"route add 10.102.0.0/16 via 198.51.100.9 metric 60 mtu 1300\n"
	"route add blackhole 10.103.0.0/16\n"
	"route add 10.104.0.0/16 via 198.51.100.9 table 700\n"
	"route add 10.105.0.0/16 via 192.0.2.9 src 192.0.2.2 proto static\n"
	"route append 10.106.0.0/16 via 192.0.2.9\n"
	"route append 10.106.0.0/16 via 192.0.2.8\n"
	"route add 2001:db8:100::/48 via 2001:db8:f::9\n"
	"route add 2001:db8:101::/48 nexthop via 2001:db8:f::9 dev fx0 nexthop via 2001:db8:e::9 dev fy0\n"
	"route add 2001:db8:102::/48 via 2001:db8:f::9 metric 50\n"
	"route add 2001:db8:102::/48 via 2001:db8:e::9 metric 60\n"
	"route add unreachable 2001:db8:103::/48\n"
	"route add 2001:db8:104::/48 via 2001:db8:e::9 table 700\n"
	"route add 2001:db8:105::/48 via 2001:db8:f::9 src 2001:db8:f::2\n"
	"neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev fx0 nud permanent\n"
	"neigh add 2001:db8:f::77 lladdr 02:00:00:00:00:77 dev fx0 nud permanent\n"
	"neigh add 198.51.100.77 lladdr 02:00:00:00:00:78 dev fy0 nud permanent\n"
	"neigh add 2001:db8:e::77 lladdr 02:00:00:00:00:78 dev fy0 nud permanent\n"
	"neigh add proxy 2001:db8:f::99 dev fy0\n"
	"rule add from 192.0.2.0/24 table 700 pref 1000\n"
	"rule add fwmark 7 table 701 pref 1000\n";

/* What others put on our links once they are there: it must survive what B does to them. */
static const char strangers_batch[] = "addr add 10.10.0.77/24 dev lsa0\n"
				      "addr add 2001:db8:10::77/64 dev lsa0\n"
				      "route add 10.120.0.0/16 via 10.10.0.8 dev lsa0\n"
				      "route add 2001:db8:120::/48 via 2001:db8:10::8 dev lsa0\n"
				      "route add 10.121.0.0/16 via 10.11.0.8 metric 7\n"
				      "neigh add 10.10.0.78 lladdr 02:00:00:00:00:79 dev lsa0 nud permanent\n"
				      "neigh add 10.12.0.78 lladdr 02:00:00:00:00:7a dev lsb0 nud permanent\n"
				      "neigh add proxy 10.10.0.222 dev lsa0\n"
				      "nexthop add id 99 via 10.10.0.7 dev lsa0\n"
				      "nexthop add id 98 group 99\n"
				      "route add 10.122.0.0/16 nhid 98\n"
				      "rule add from 10.10.0.0/16 table 777 pref 1005\n";

/* ---- specs ------------------------------------------------------------------------------------------------------- */

static const char spec_a[] =
	"linkspan: 1\n"
	"kind: gateway\n"
	"name: gw\n"
	"interfaces:\n"
	"  lsa0:\n"
	"    create: { type: veth, peer: lsa1 }\n"
	"    mtu: 1400\n"
	"    ipv4: { method: manual, addresses: [10.10.0.1/24, 10.10.0.2/24, 10.11.0.1/24] }\n"
	"    ipv6: { method: manual, addresses: [2001:db8:10::1/64, 2001:db8:11::1/64] }\n"
	"  lsa1: { create: { type: veth, peer: lsa0 }, mtu: 1400 }\n"
	"  lsb0:\n"
	"    create: { type: veth, peer: lsb1 }\n"
	"    ipv4: { method: manual, addresses: [10.12.0.1/24] }\n"
	"  lsb1: { create: { type: veth, peer: lsb0 } }\n"
	"  lsc0:\n"
	"    create: { type: veth, peer: lsc1 }\n"
	"    ipv4: { method: manual, addresses: [10.13.0.1/24] }\n"
	"    ipv6: { method: manual, addresses: [2001:db8:13::1/64] }\n"
	"  lsc1: { create: { type: veth, peer: lsc0 }, ipv6: { method: disabled } }\n"
	"  lsbr:\n"
	"    create: { type: bridge, ports: [lsb1, port] }\n"
	"    ipv4: { method: manual, addresses: [10.14.0.1/24], gateway: 10.14.0.254 }\n"
	"    ipv6: { method: manual, addresses: [2001:db8:14::1/64], gateway: fe80::1 }\n"
	"  port: { match: { name: fq0 } }\n"
	"  fx0: { match: { name: fx0 } }\n"
	"  fx1: { match: { name: fx1 } }\n"
	"  uplink: { match: { name: fy0 }, mtu: 1400, ipv6: { method: manual } }\n"
	"  spare: { match: { name: fz0 }, ipv4: { method: manual, addresses: [203.0.113.10/24] } }\n"
	"%s"
	"addresses:\n"
	"  - { interface: fx0, address: 192.0.2.50/24 }\n"
	"  - { interface: fx0, address: 2001:db8:f::50/64 }\n"
	"  - { interface: fx0, address: 10.97.0.1/24 }\n"
	"routes:\n"
	"  - { to: 10.20.0.0/16, via: 10.10.0.9 }\n"
	"  - { to: 10.20.0.0/16, via: 10.11.0.9, metric: 20 }\n"
	"  - { to: 10.21.0.0/16, via: 10.11.0.9, source: 10.10.0.2, mtu: 1280, interface: lsa0 }\n"
	"  - { to: 10.22.0.0/16, via: 192.0.2.9, interface: fx0, table: 500 }\n"
	"  - { to: 10.23.0.0/16, interface: lsc0 }\n"
	"  - { to: 10.24.0.0/16, via: 10.250.0.1, interface: lsb0, on_link: true }\n"
	"  - { to: 10.25.0.0/16, type: blackhole }\n"
	"  - { to: 10.26.0.0/16, type: unreachable, table: 501 }\n"
	"  - { to: 10.27.0.0/16, type: prohibit }\n"
	"  - { to: 10.28.0.0/16, via: 203.0.113.9, interface: spare }\n"
	"  - { to: 0.0.0.0/0, via: 10.12.0.9, table: 501, metric: 5 }\n"
	"  - { to: 2001:db8:20::/48, via: 2001:db8:10::9, interface: lsa0 }\n"
	"  - { to: 2001:db8:20::/48, via: 2001:db8:11::9, interface: lsa0, metric: 20 }\n"
	"  - { to: 2001:db8:21::/48, via: 2001:db8:10::9, interface: lsa0, source: 2001:db8:11::1, mtu: 1280 }\n"
	"  - { to: 2001:db8:22::/48, via: 2001:db8:f::9, interface: fx0, table: 500 }\n"
	"  - { to: 2001:db8:23::/48, interface: lsc0 }\n"
	"  - { to: 2001:db8:25::/48, type: blackhole }\n"
	"  - { to: 2001:db8:26::/48, type: unreachable, table: 501 }\n"
	"  - { to: 2001:db8:27::/48, type: prohibit }\n"
	"  - { to: 10.40.0.0/16, nexthop: 73 }\n"
	"  - { to: 10.41.0.0/16, nexthop: 75 }\n"
	"  - { to: 10.42.0.0/16, multipath: [{ via: 10.10.0.9, weight: 2 }, { via: 10.12.0.9 }] }\n"
	"  - { to: 2001:db8:40::/48, nexthop: 74 }\n"
	"  - { to: 2001:db8:42::/48, multipath: [{ via: 2001:db8:10::9, weight: 2 }, { via: 2001:db8:11::9 }] }\n"
	"nexthops:\n"
	"  - { id: 71, via: 10.10.0.9, interface: lsa0 }\n"
	"  - { id: 72, via: 10.12.0.9, interface: lsb0 }\n"
	"  - { id: 73, group: [71, { id: 72, weight: 3 }] }\n"
	"  - { id: 74, via: 2001:db8:10::9, interface: lsa0 }\n"
	"  - { id: 75, via: 10.13.0.9, interface: lsc0 }\n"
	"rules:\n"
	"  - { priority: 1000, from: 10.10.0.0/16, table: 500 }\n"
	"  - { priority: 1001, family: ipv4, iif: lsa0, fwmark: 0x10, fwmask: 0xff, table: 501 }\n"
	"  - { priority: 1000, to: 2001:db8:20::/48, table: 500 }\n"
	"  - { priority: 1002, family: ipv6, type: unreachable, uid_range: 2000-2999 }\n"
	"neighbours:\n"
	"  - { interface: lsa0, address: 10.10.0.9, macaddress: 02:00:00:00:00:09 }\n"
	"  - { interface: lsb0, address: 10.12.0.9, macaddress: 02:00:00:00:00:0a }\n"
	"  - { interface: lsc0, address: 2001:db8:13::9, macaddress: 02:00:00:00:00:0b, router: true }\n"
	"  - { interface: lsa0, address: 10.10.0.200, proxy: true }\n"
	"  - { interface: fx0, address: 2001:db8:f::200, proxy: true }\n"
	"sysctls:\n"
	"  net.ipv4.ip_forward: 1\n"
	"  net.ipv4.conf.fx0.rp_filter: 2\n"
	"  net.ipv4.conf.lsa0.proxy_arp: 1\n"
	"  net.ipv4.conf.lsc0.rp_filter: 2\n"
	"  net.ipv6.conf.fx0.accept_ra: 2\n"
	"  net.ipv6.conf.all.forwarding: 1\n";

/* Of what is in A: changed in place, replaced, made anew, taken away; and new things. */
static const char spec_b[] =
	"linkspan: 1\n"
	"kind: gateway\n"
	"name: gw\n"
	"interfaces:\n"
	"  lsa0:\n"
	"    create: { type: veth, peer: lsa1 }\n"
	"    mtu: 1380\n"
	"    ipv4: { method: manual, addresses: [10.10.0.2/24, 10.10.0.3/24, 10.11.0.1/24] }\n"
	"    ipv6: { method: manual, addresses: [2001:db8:10::1/64, 2001:db8:12::1/64] }\n"
	"  lsa1: { create: { type: veth, peer: lsa0 }, mtu: 1380 }\n"
	"  lsb0:\n"
	"    create: { type: veth, peer: lsb1, macaddress: 02:00:00:00:aa:01 }\n"
	"    ipv4: { method: manual, addresses: [10.12.0.1/24] }\n"
	"  lsb1: { create: { type: veth, peer: lsb0 } }\n"
	"  lsc0:\n"
	"    create: { type: bridge }\n"
	"    ipv4: { method: manual, addresses: [10.13.0.1/24] }\n"
	"    ipv6: { method: manual, addresses: [2001:db8:13::1/64] }\n"
	"  lsd0:\n"
	"    create: { type: veth, peer: lsd1 }\n"
	"    ipv4: { method: manual, addresses: [10.15.0.1/24] }\n"
	"    ipv6: { method: manual, addresses: [2001:db8:15::1/64] }\n"
	"  lsd1: { create: { type: veth, peer: lsd0 } }\n"
	"  lsbr:\n"
	"    create: { type: bridge, ports: [lsb1, lsd1], stp: false }\n"
	"    ipv4: { method: manual, addresses: [10.14.0.1/24], gateway: 10.14.0.253 }\n"
	"    ipv6: { method: manual, addresses: [2001:db8:14::1/64], gateway: fe80::2 }\n"
	"  fx0: { match: { name: fx0 } }\n"
	"  fx1: { match: { name: fx1 } }\n"
	"  uplink: { match: { name: fy0 }, mtu: 1450, ipv6: { method: manual } }\n"
	"%s"
	"addresses:\n"
	"  - { interface: fx0, address: 192.0.2.51/24 }\n"
	"  - { interface: fx0, address: 2001:db8:f::51/64 }\n"
	"routes:\n"
	"  - { to: 10.20.0.0/16, via: 10.10.0.8 }\n"
	"  - { to: 10.20.0.0/16, via: 10.11.0.9, metric: 30 }\n"
	"  - { to: 10.21.0.0/16, via: 10.11.0.9, source: 10.10.0.3, mtu: 1320, interface: lsa0 }\n"
	"  - { to: 10.23.0.0/16, interface: lsc0 }\n"
	"  - { to: 10.25.0.0/16, type: unreachable }\n"
	"  - { to: 10.26.0.0/16, type: unreachable, table: 501 }\n"
	"  - { to: 10.27.0.0/16, via: 10.15.0.9 }\n"
	"  - { to: 10.29.0.0/16, via: 192.0.2.9, interface: fx0, table: 502 }\n"
	"  - { to: 10.30.0.0/16, via: 10.15.0.9, metric: 7 }\n"
	"  - { to: 0.0.0.0/0, via: 10.15.0.9, table: 501, metric: 5 }\n"
	"  - { to: 2001:db8:20::/48, via: 2001:db8:10::8, interface: lsa0 }\n"
	"  - { to: 2001:db8:20::/48, via: 2001:db8:12::9, interface: lsa0, metric: 30 }\n"
	"  - { to: 2001:db8:21::/48, via: 2001:db8:10::9, interface: lsa0, source: 2001:db8:12::1, mtu: 1320 }\n"
	"  - { to: 2001:db8:23::/48, interface: lsc0 }\n"
	"  - { to: 2001:db8:25::/48, type: unreachable }\n"
	"  - { to: 2001:db8:26::/48, type: unreachable, table: 501 }\n"
	"  - { to: 2001:db8:27::/48, via: 2001:db8:15::9, interface: lsd0 }\n"
	"  - { to: 2001:db8:30::/48, via: 2001:db8:15::9, interface: lsd0 }\n"
	"  - { to: 10.40.0.0/16, nexthop: 73 }\n"
	"  - { to: 10.41.0.0/16, nexthop: 75 }\n"
	"  - { to: 10.42.0.0/16, multipath: [{ via: 10.10.0.8 }, { via: 10.15.0.9, weight: 5 }] }\n"
	"  - { to: 2001:db8:40::/48, nexthop: 74 }\n"
	"  - { to: 2001:db8:42::/48, multipath: [{ via: 2001:db8:10::9 }, { via: 2001:db8:12::9 }] }\n"
	"nexthops:\n"
	"  - { id: 71, via: 10.10.0.8, interface: lsa0 }\n"
	"  - { id: 73, group: [71, 76] }\n"
	"  - { id: 74, blackhole: true, family: ipv6 }\n"
	"  - { id: 75, via: 10.15.0.8, interface: lsd0 }\n"
	"  - { id: 76, via: 10.15.0.9, interface: lsd0 }\n"
	"rules:\n"
	"  - { priority: 1000, from: 10.10.0.0/16, table: 502 }\n"
	"  - { priority: 1000, to: 2001:db8:20::/48, table: 500 }\n"
	"  - { priority: 1003, family: ipv4, table: 254, suppress_prefix_length: 0 }\n"
	"neighbours:\n"
	"  - { interface: lsa0, address: 10.10.0.9, macaddress: 02:00:00:00:00:19 }\n"
	"  - { interface: lsb0, address: 10.12.0.9, macaddress: 02:00:00:00:00:0a }\n"
	"  - { interface: lsc0, address: 2001:db8:13::9, macaddress: 02:00:00:00:00:0b, router: true }\n"
	"  - { interface: lsa0, address: 10.10.0.201, proxy: true }\n"
	"  - { interface: fx0, address: 2001:db8:f::200, proxy: true }\n"
	"sysctls:\n"
	"  net.ipv4.conf.fx0.rp_filter: 1\n"
	"  net.ipv4.conf.fx1.rp_filter: 1\n"
	"  net.ipv4.conf.lsd0.proxy_arp: 1\n"
	"  net.ipv6.conf.all.forwarding: 1\n";

static const char nat_a[] =
	"networks:\n"
	"  prod: { interface: lsa0, internet: true, ipv4: { subnet: 10.10.0.0/24 }, ipv6: { subnet: 2001:db8:10::/64 } "
	"}\n"
	"  test: { interface: lsc0, ipv4: { subnet: 10.13.0.0/24 } }\n"
	"public_ips:\n"
	"  interface: fx0\n"
	"  addresses: [192.0.2.60, 2001:db8:f::60]\n"
	"  mappings:\n"
	"    - { public: 192.0.2.60, protocol: tcp, port: 443, to: 10.10.0.20, to_port: 8443 }\n"
	"    - { public: 192.0.2.60, protocol: udp, port: 50-60, to: 10.10.0.21 }\n"
	"    - { public: 2001:db8:f::60, to: 2001:db8:10::20 }\n"
	"forwards: [{ interface: lsa0, port: 80, to: 10.10.0.22 }]\n";

/* Mappings changed, gone and new, and a network that may no longer leave. */
static const char nat_b[] =
	"networks:\n"
	"  prod: { interface: lsa0, ipv4: { subnet: 10.10.0.0/23 }, ipv6: { subnet: 2001:db8:10::/64 } }\n"
	"public_ips:\n"
	"  interface: fx0\n"
	"  addresses: [192.0.2.60, 2001:db8:f::61]\n"
	"  mappings:\n"
	"    - { public: 192.0.2.60, protocol: tcp, port: 443, to: 10.10.0.20, to_port: 9443 }\n"
	"    - { public: 192.0.2.60, protocol: udp, port: 50-61, to: 10.10.0.21 }\n"
	"    - { public: 2001:db8:f::61, to: 2001:db8:10::20 }\n"
	"nat: { masquerade: [10.12.0.0/16], prefixes: [{ inside: 2001:db8:a::/64, outside: 2001:db8:b::/64 }] }\n";

/* Enough to go in one sweep. */
static const char pairs_a[] = "  lsg0: { create: { type: veth, peer: lsg1 } }\n"
			      "  lsg1: { create: { type: veth, peer: lsg0 } }\n"
			      "  lsg2: { create: { type: veth, peer: lsg3 } }\n"
			      "  lsg3: { create: { type: veth, peer: lsg2 } }\n"
			      "  lsg4: { create: { type: veth, peer: lsg5 } }\n"
			      "  lsg5: { create: { type: veth, peer: lsg4 } }\n"
			      "  lsg6: { create: { type: veth, peer: lsg7 } }\n"
			      "  lsg7: { create: { type: veth, peer: lsg6 } }\n";

/* Types of which a kernel may have some and not others. Changed in place, made anew, and with an id that another one
 * had. */
static const struct optional {
	const char *type, *try; /* arguments of `ip link add` */
	const char *a, *b;
} optional[] = {
	{ "vlan", "link probe0 type vlan id 2",
		"  lsa0.5:\n"
		"    create: { type: vlan, parent: lsa0, id: 5 }\n"
		"    ipv4: { method: manual, addresses: [10.16.0.1/24] }\n"
		"  lsa0.6: { create: { type: vlan, parent: lsa0, id: 6 } }\n",
		"  lsa0.5:\n"
		"    create: { type: vlan, parent: lsa0, id: 7 }\n"
		"    ipv4: { method: manual, addresses: [10.16.0.1/24] }\n"
		"  other: { create: { type: vlan, parent: lsa0, id: 6 } }\n" },
	{ "dummy", "type dummy",
		"  lsx0:\n"
		"    create: { type: dummy }\n"
		"    ipv4: { method: manual, addresses: [10.17.0.1/24] }\n"
		"    ipv6: { method: manual, addresses: [2001:db8:17::1/64] }\n",
		"  lsx0:\n"
		"    create: { type: dummy }\n"
		"    mtu: 1300\n"
		"    ipv4: { method: manual, addresses: [10.17.0.1/24, 10.17.0.2/24] }\n"
		"  lsx1: { create: { type: dummy }, up: false }\n" },
	{ "vxlan", "type vxlan id 2 dstport 4789",
		"  lsv0:\n"
		"    create: { type: vxlan, id: 30, local: 198.51.100.1, remote: 198.51.100.7 }\n"
		"    ipv4: { method: manual, addresses: [10.18.0.1/24] }\n"
		"  lsv1: { create: { type: vxlan, id: 31, parent: uplink, ttl: 9 } }\n",
		"  lsv0:\n"
		"    create: { type: vxlan, id: 31, local: 198.51.100.1, remote: 198.51.100.7 }\n"
		"    ipv4: { method: manual, addresses: [10.18.0.1/24] }\n"
		"  lsv2: { create: { type: vxlan, id: 30, parent: uplink, learning: false } }\n" },
	{ "macvlan", "link probe0 type macvlan",
		"  lsm0:\n"
		"    create: { type: macvlan, parent: uplink }\n"
		"    ipv6: { method: manual, addresses: [2001:db8:19::1/64] }\n"
		"  lsm1: { create: { type: macvlan, parent: lsc1 } }\n",
		"  lsm0:\n"
		"    create: { type: macvlan, parent: uplink, mode: private }\n"
		"    ipv6: { method: manual, addresses: [2001:db8:19::1/64] }\n" },
	{ "vrf", "type vrf table 2",
		"  lsr0: { create: { type: vrf, table: 900 } }\n"
		"  fz1: { match: { name: fz1 } }\n",
		"  lsr0: { create: { type: vrf, table: 900, ports: [fz1] } }\n"
		"  fz1: { match: { name: fz1 }, ipv4: { method: manual, addresses: [10.19.0.1/24] } }\n" },
	{ "bond", "type bond",
		"  lso0: { create: { type: bond, ports: [fp1] } }\n"
		"  fp1: { match: { name: fp1 } }\n",
		"  lso0: { create: { type: bond, miimon: 50 } }\n"
		"  fp1: { match: { name: fp1 } }\n" },
};
static bool has_optional[LS_ARRAY_SIZE(optional)];

static void find_optional(void)
{
	char command[128];

	host_must("ip link add probe0 type veth peer name probe1");
	for (size_t i = 0; i < LS_ARRAY_SIZE(optional); i++) {
		snprintf(command, sizeof(command), "ip link add probe9 %s && ip link del probe9", optional[i].try);
		has_optional[i] = host_try(command);
	}
}

bool host_has_type(const char *type)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(optional); i++)
		if (!strcmp(optional[i].type, type))
			return has_optional[i];
	return true;
}

static void write_spec(enum stage stage, const char *format, const char *pairs)
{
	struct ls_buf more = { 0 };
	FILE *file;

	ls_buf_printf(&more, "%s", pairs);
	for (size_t i = 0; i < LS_ARRAY_SIZE(optional); i++)
		if (has_optional[i])
			ls_buf_printf(&more, "%s", stage == STAGE_A ? optional[i].a : optional[i].b);
	ls_buf_append(&more, "", 1);
	cr_assert_not(more.failed);
	file = fopen(host_spec(stage), "we");
	cr_assert_not_null(file, "%s", host_spec(stage));
	fprintf(file, format, (const char *)more.data); /* NOLINT: one of the two above */
	fputs(stage == STAGE_A ? nat_a : nat_b, file);
	fclose(file);
	ls_buf_done(&more);
}

const char *host_spec(enum stage stage)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s.yaml", directory, stage == STAGE_A ? "a" : "b");
	return path;
}

/* ---- namespaces -------------------------------------------------------------------------------------------------- */

static ino_t inode_of(const char *path)
{
	struct stat info;

	return stat(path, &info) < 0 ? 0 : info.st_ino;
}

/* False when this would be the network of the machine. */
static bool enter_namespace(void)
{
	ino_t before = inode_of("/proc/thread-self/ns/net"), after;

	if (unshare(CLONE_NEWNET) < 0)
		return false;
	after = inode_of("/proc/thread-self/ns/net");
	return before && after && after != before && after != inode_of("/proc/1/ns/net");
}

bool host_try(const char *command)
{
	char line[8192];

	snprintf(line, sizeof(line), "{ %s; } >/dev/null 2>&1", command);
	return system(line) == 0; /* NOLINT(cert-env33-c): texts of these tests */
}

void host_must(const char *format, ...)
{
	char line[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	cr_assert_eq(system(line), 0, "%s", line); /* NOLINT(cert-env33-c) */
}

static void batch(const char *program, const char *option, const char *text)
{
	free(test_output((const char *const[]){ program, option, "-", NULL }, text));
}

static void set_to_zero(const char *sysctl)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", sysctl);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s", path);
	cr_assert_eq(write(fd, "0", 1), 1, "%s", path);
	close(fd);
}

/* ASan wants to be first among the libraries: the shim is. */
static void set_sanitizer(void)
{
	const char *old = getenv("ASAN_OPTIONS");
	char options[1024];

	snprintf(options, sizeof(options), "%s%sverify_asan_link_order=0", old ? old : "", old ? ":" : "");
	(void)setenv("ASAN_OPTIONS", options, 1);
}

/* Files on a file system of our own: in memory, and gone with the last process that sees it. */
void fault_begin(void)
{
	isolated = enter_namespace();
	if (!isolated || !mkdtemp(directory))
		return;
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		(void)mount("tmpfs", directory, "tmpfs", 0, NULL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* the guard outlives its run: it is waited for */
	(void)setenv("LC_ALL", "C", 1);
	set_sanitizer();
	find_optional();
	write_spec(STAGE_A, spec_a, pairs_a);
	write_spec(STAGE_B, spec_b, "");
}

/* What was mounted is gone with its processes; the directory beneath it is everybody's. */
void fault_end(void)
{
	(void)umount2(directory, MNT_DETACH);
	(void)rmdir(directory);
}

void fault_need_namespace(void)
{
	if (!isolated)
		cr_skip_test("no network namespace (run as root)");
	cr_assert_not_null(getenv("LINKSPAN"), "$LINKSPAN is not set");
}

const char *host_directory(void)
{
	return directory;
}

const char *host_state(void)
{
	return state;
}

void host_use_state(const char *path)
{
	snprintf(state, sizeof(state), "%s", path);
}

void host_batch(const char *text)
{
	batch("ip", "-batch", text);
}

/* The first vrf of a namespace brings rules of the kernel's own, which stay. */
static void make_base(void)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(base_settings); i++)
		set_to_zero(base_settings[i]);
	batch("nft", "-f", base_ruleset);
	if (host_has_type("vrf"))
		host_must("ip link add probe type vrf table 2 && ip link del probe");
	host_batch(base_batch);
	for (int i = 0; i < 10000 && test_has_tentative(); i++)
		usleep(1000);
	host_batch(base_routes);
}

static const struct scene of_all_kinds = { .make = make_base, .strangers = strangers_batch };
static const struct scene *scene = &of_all_kinds;

void host_set(const struct scene *another)
{
	scene = another;
}

bool host_has_tunnels(void)
{
	return scene->tunnels;
}

void host_reboot(void)
{
	cr_assert(enter_namespace());
	scene->make();
}

void host_anew(void)
{
	snprintf(state, sizeof(state), "%s/state%u", directory, n_states++);
	host_reboot();
}

void host_at(const struct transition *transition)
{
	struct outcome outcome;

	host_anew();
	if (transition->from == STAGE_BASE)
		return;
	outcome = program_apply(NULL, transition->from);
	cr_assert_eq(outcome.status, 0, "%s", outcome.said);
	host_batch(scene->strangers);
}
