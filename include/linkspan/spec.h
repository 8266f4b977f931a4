/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec: the YAML file that a person writes, read into structs with a source location for everything that can be wrong.
 *
 * YAML 1.2 reading: only true and false are booleans, numbers are decimal or 0x. The decoder walks constant tables of
 * keys over the parser's events; all errors of a file are found in one run.
 */
#pragma once

#include <linkspan/util.h>

#define LS_SPEC_SIZE_MAX (64u << 20) /* bytes of a file */
#define LS_SPEC_DEPTH_MAX 64u        /* nested collections */

/* Line and column of a value, from 1; line 0: the spec does not have it. */
struct ls_mark {
	uint32_t line;
	uint32_t column;
};

enum ls_spec_kind { LS_SPEC_GATEWAY, LS_SPEC_APPLIANCE };

enum ls_method { LS_METHOD_NONE, LS_METHOD_AUTO, LS_METHOD_MANUAL, LS_METHOD_DISABLED };

/* An entry of a family's `addresses`, or of the top-level list of the same name (then `interface` is set). */
struct ls_spec_address {
	struct ls_mark mark;
	struct ls_mark interface_mark;
	const char *interface;
	struct ls_prefix address; /* host bits as written */
	bool adopt;
};

struct ls_spec_family {
	struct ls_mark mark; /* line 0: the family is not mentioned: left to the kernel and others */
	struct ls_mark method_mark;
	enum ls_method method;
	struct ls_spec_address *addresses;
	size_t n_addresses;
	struct ls_mark gateway_mark;
	struct ls_ip gateway; /* family 0: none */
};

enum ls_create {
	LS_CREATE_NONE,
	LS_CREATE_DUMMY,
	LS_CREATE_VETH,
	LS_CREATE_BRIDGE,
	LS_CREATE_VLAN,
	LS_CREATE_VXLAN,
	LS_CREATE_VRF,
	LS_CREATE_MACVLAN,
	LS_CREATE_BOND,
	LS_CREATE_WIREGUARD, /* of an entry of `tunnels`, which is an interface too; as is the next */
	LS_CREATE_XFRM,
};

#define LS_VXLAN_PORT 4789u /* IANA; RFC 7348, section 5 */

struct ls_spec_name {
	struct ls_mark mark;
	const char *name;
};

/* interfaces: NAME: {...}. Exactly one of match and create. */
struct ls_spec_interface {
	struct ls_mark mark;
	const char *name; /* the spec's own name for it; references use this one. A created link gets it as its name */
	struct ls_mark match_mark;
	const char *match_name;  /* kernel name, or NULL */
	struct ls_mac match_mac; /* meaningful when has_match_mac */
	bool has_match_mac;
	struct ls_mark create_mark;
	enum ls_create create;
	struct ls_spec_name *ports; /* bridge, vrf, bond: names of interfaces */
	size_t n_ports;
	bool stp;                   /* bridge */
	struct ls_spec_name parent; /* vlan, macvlan, vxlan: interface below; name NULL: none */
	struct ls_mark id_mark;
	uint32_t id; /* vlan: 1-4094; vxlan: the VNI, 0-16777215 */
	struct ls_mark mode_mark;
	uint8_t mode; /* macvlan: enum ls_macvlan_mode; bond: enum ls_bond_mode */
	struct ls_mark local_mark, remote_mark;
	struct ls_ip local, remote; /* vxlan; family 0: none */
	uint16_t port;              /* vxlan: UDP, default LS_VXLAN_PORT */
	bool learning;              /* vxlan: default true */
	uint8_t ttl;                /* vxlan: 0: not given */
	uint32_t table;             /* vrf: 1-4294967295, not 253-255 */
	uint32_t miimon;            /* bond: milliseconds, default 100 */
	struct ls_spec_name peer;   /* veth: the other end, an interface whose own `peer` is this one */
	struct ls_mac mac;          /* created links: `macaddress`; otherwise one is derived from the names */
	bool has_mac;
	struct ls_mark mtu_mark;
	uint32_t mtu; /* bytes, 68-65535; 0: not given */
	bool up;      /* default true */
	struct ls_mark up_mark;
	bool clamp_mss; /* of TCP connections through it, to what fits into its `mtu`, which is at least 576 then */
	struct ls_mark clamp_mss_mark;
	struct ls_spec_family ipv4, ipv6;
};

/* A next hop of a multipath route. */
struct ls_spec_hop {
	struct ls_mark mark;
	struct ls_mark via_mark, interface_mark;
	struct ls_ip via;
	const char *interface;
	uint16_t weight; /* 1-256 */
	bool onlink;
};

/* routes: [{...}] */
struct ls_spec_route {
	struct ls_mark mark;
	struct ls_mark to_mark, via_mark, interface_mark, src_mark;
	struct ls_prefix to; /* host bits zero; of the word `default` the family is that of `via` or `source` */
	struct ls_ip via;
	struct ls_ip src;      /* key `source` */
	const char *interface; /* NULL: found by the next hop, see compile */
	uint32_t metric;
	bool has_metric;
	uint32_t table; /* default 254 (main); 1-4294967295, not 255 */
	uint32_t mtu;   /* 0: none */
	struct ls_mark multipath_mark, nexthop_mark;
	struct ls_spec_hop *hops; /* key `multipath` */
	size_t n_hops;
	uint32_t nexthop; /* id of an entry of `nexthops`; 0: none */
	uint8_t type;     /* enum ls_route_type's first four: unicast (default), blackhole, unreachable, prohibit, same
			     values */
	bool onlink;      /* key `on_link` */
	bool adopt;
};

/* nexthops: [{...}] */
struct ls_spec_member {
	struct ls_mark mark;
	uint32_t id;
	uint16_t weight; /* 1-256 */
};

struct ls_spec_nexthop {
	struct ls_mark mark;
	struct ls_mark id_mark, via_mark, interface_mark, blackhole_mark, group_mark;
	uint32_t id; /* 1-4294967295 */
	struct ls_ip via;
	const char *interface;
	uint8_t family; /* AF_INET, AF_INET6; 0: not given */
	bool onlink, blackhole, adopt;
	struct ls_spec_member *members; /* key `group` */
	size_t n_members;
};

/* rules: [{...}] */
struct ls_spec_rule {
	struct ls_mark mark;
	struct ls_mark priority_mark, from_mark, to_mark, iif_mark, oif_mark, table_mark, fwmask_mark;
	struct ls_prefix from, to; /* host bits zero; family 0: any */
	const char *iif, *oif;     /* interfaces of the spec, or "lo" */
	uint32_t priority;
	uint32_t table; /* 0: not given */
	uint32_t fwmark, fwmask;
	uint32_t suppress_prefix_length;
	uint32_t uid_start, uid_end;
	bool has_fwmark, has_fwmask, has_suppress, has_uids;
	bool l3mdev, invert;
	uint8_t type;   /* enum ls_rule_action's first four: lookup (default), blackhole, unreachable, prohibit */
	uint8_t family; /* AF_INET, AF_INET6; 0: not given */
};

/* neighbours: [{...}] */
struct ls_spec_neighbour {
	struct ls_mark mark;
	struct ls_mark interface_mark, address_mark, mac_mark;
	const char *interface;
	struct ls_ip address;
	struct ls_mac mac;
	bool has_mac, proxy, router, adopt;
};

/* sysctls: { net.ipv4.ip_forward: 1 } */
struct ls_spec_sysctl {
	struct ls_mark mark;
	const char *path;  /* below /proc/sys, with slashes; the spec writes it as sysctl(8) does: dots between, `/` for
			      a dot  within an interface name; or with slashes throughout */
	const char *value; /* as it is read back: blanks folded */
};

/* networks: NAME: {...}: what lies behind an interface. */
struct ls_spec_ip {
	struct ls_mark mark;
	struct ls_ip ip;
};

struct ls_spec_subnet {
	struct ls_mark mark, subnet_mark, gateway_mark;
	struct ls_prefix subnet; /* host bits zero; family 0: the network has none of this family */
	struct ls_ip gateway;    /* its hosts' default gateway in production; family 0: not told */
};

struct ls_spec_network {
	struct ls_mark mark;
	struct ls_mark interface_mark, vlan_mark;
	const char *name;
	const char *interface;
	uint16_t vlan; /* what the hypervisor has it in; 0: not told */
	bool internet; /* its hosts may leave by an uplink, masqueraded */
	struct ls_spec_subnet ipv4, ipv6;
	struct ls_spec_ip *production_hosts; /* IPv6 neighbours that stay in production, besides the gateway */
	size_t n_production_hosts;
};

/* public_ips: {...}. A mapping redirects a port of a public address, a range of ports, or all of the address. */
struct ls_spec_mapping {
	struct ls_mark mark;
	struct ls_mark public_mark, to_mark, protocol_mark, port_mark, to_port_mark;
	struct ls_ip public_ip, to;
	uint8_t protocol;         /* IPPROTO_TCP, IPPROTO_UDP; 0: the whole address */
	uint16_t port, last_port; /* the same: one port */
	uint16_t to_port;         /* of one port: default the same */
};

struct ls_spec_public {
	struct ls_mark mark; /* line 0: the spec has none */
	struct ls_mark interface_mark;
	const char *interface; /* which has the addresses */
	struct ls_spec_ip *addresses;
	size_t n_addresses;
	struct ls_spec_mapping *mappings;
	size_t n_mappings;
};

/* forwards: [{...}]: ports of the host's own addresses on an interface. */
struct ls_spec_protocol {
	struct ls_mark mark;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
};

struct ls_spec_forward {
	struct ls_mark mark;
	struct ls_mark interface_mark, protocol_mark, port_mark, to_mark;
	const char *interface;
	struct ls_spec_protocol *protocols; /* none: both */
	size_t n_protocols;
	uint16_t port, last_port;
	struct ls_ip to;
	uint16_t to_port; /* 0: the same */
	uint8_t source;   /* enum ls_forward_source */
};

enum ls_forward_source { LS_SOURCE_KEEP, LS_SOURCE_MASQUERADE }; /* whom the target sees */

/* gateway: {...}: the service that it is the way to. */
enum ls_gateway_mode { LS_GATEWAY_NAT };

struct ls_spec_gateway {
	struct ls_mark mark; /* line 0: the spec has none */
	struct ls_mark dns_name_mark, interface_mark;
	const char *dns_name; /* by which it is known outside */
	const char *interface;
	struct ls_spec_ip *services; /* where it leads, one a family at most */
	size_t n_services;
	uint16_t external_port, internal_port; /* default LS_GATEWAY_PORT */
	uint8_t mode;                          /* enum ls_gateway_mode */
};

#define LS_GATEWAY_PORT 6180u

/* nat: {...} */
struct ls_spec_prefix_mapping {
	struct ls_mark mark, inside_mark, outside_mark;
	struct ls_prefix inside, outside; /* IPv6, of one length */
};

struct ls_spec_subnet_entry {
	struct ls_mark mark;
	struct ls_prefix subnet;
};

struct ls_spec_nat {
	struct ls_mark mark; /* line 0: the spec has none */
	struct ls_mark uplinks_mark;
	struct ls_spec_name *uplinks; /* interfaces; none: that of public_ips */
	size_t n_uplinks;
	struct ls_spec_subnet_entry *masquerade; /* besides the networks with `internet` */
	size_t n_masquerade;
	struct ls_spec_prefix_mapping *prefixes;
	size_t n_prefixes;
	bool route_between_networks;
};

/* filter: { input: {...}, forward: {...} } */
struct ls_spec_allow {
	struct ls_mark mark, to_mark, port_mark;
	struct ls_prefix from, to; /* host bits zero; family 0: any */
	uint8_t protocol;          /* IPPROTO_*; 0: any */
	uint16_t port, last_port;  /* of the destination; 0: any */
};

struct ls_spec_filter_chain {
	struct ls_mark mark, allow_mark;
	uint8_t policy; /* enum ls_nft_policy, for what nothing allows */
	struct ls_spec_allow *allow;
	size_t n_allow;
};

struct ls_spec_filter {
	struct ls_mark mark;                        /* line 0: the spec has none */
	struct ls_spec_filter_chain input, forward; /* to the host; through it */
};

/* tunnels: NAME: {...}. Each carries one family, and is an interface of its name (see ls_spec_find_interface). */
struct ls_spec_peer {
	struct ls_mark mark;
	struct ls_mark public_key_mark, endpoint_mark, family_mark, preshared_mark;
	const char *name;
	const char *public_key;         /* base64 */
	const char *preshared_key_file; /* or NULL */
	struct ls_ip endpoint;          /* family 0: it calls, or has a name */
	uint16_t endpoint_port;
	const char *endpoint_name;                /* "HOST:PORT", or NULL */
	uint8_t endpoint_family;                  /* AF_INET, AF_INET6: of the outer packets; 0: whichever there is */
	uint16_t keepalive;                       /* key `persistent_keepalive`: seconds, 0: none */
	struct ls_spec_subnet_entry *allowed_ips; /* none: all of the tunnel's family */
	size_t n_allowed_ips;
};

enum ls_tunnel_type { LS_TUNNEL_WIREGUARD, LS_TUNNEL_IPSEC };

enum ls_keying { LS_KEYING_MANUAL, LS_KEYING_IKE };

/* A security association of IPsec. */
struct ls_spec_sa {
	struct ls_mark mark;
	struct ls_mark spi_mark, key_mark;
	uint32_t spi;         /* 256-4294967295 */
	const char *key_file; /* relative to the spec */
};

struct ls_esp_proposal;

struct ls_spec_tunnel {
	struct ls_mark mark;
	struct ls_mark network_mark, underlay_mark, port_mark, key_mark, mtu_mark;
	const char *name;
	const char *network;          /* or NULL */
	const char *underlay;         /* the interface that the outer packets go by, or NULL */
	const char *private_key_file; /* relative to the spec; NULL: IPsec */
	uint8_t type;                 /* enum ls_tunnel_type */
	uint8_t family;               /* AF_INET, AF_INET6: of what it carries */
	uint16_t listen_port;         /* UDP; 0: the kernel's choice. Default of one for a network: by its place */
	uint32_t fwmark;
	uint32_t mtu; /* bytes; default: what fits into the underlay */
	bool clamp_mss;
	struct ls_spec_peer *peers;
	size_t n_peers;

	/* IPsec */
	struct ls_mark keying_mark, local_mark, remote_mark, if_id_mark, proposal_mark, encap_mark, sa_mark;
	uint8_t keying;                         /* enum ls_keying */
	bool encap;                             /* in UDP (RFC 3948), by the IKE daemon */
	struct ls_ip local_addr, remote_addr;   /* of the outer packets, of one family */
	uint32_t if_id;                         /* default: of the name */
	const struct ls_esp_proposal *proposal; /* manual keys */
	struct ls_spec_sa *sa_in;               /* all that packets may come with */
	size_t n_sa_in;
	struct ls_spec_sa sa_out; /* what is sent with; manual keys */
};

/* ---- appliances -------------------------------------------------------------------------------------------------- */

enum ls_spec_side { LS_SPEC_NO_SIDE, LS_SPEC_PROVIDER, LS_SPEC_TENANT };
enum ls_spec_platform { LS_SPEC_VSPHERE, LS_SPEC_DIRECTOR };

/* replicas: NAME: { NETWORK: [ADDRESS, ...] } */
struct ls_spec_replica_network {
	struct ls_mark mark;
	const char *name;
	struct ls_spec_ip *addresses;
	size_t n_addresses;
};

struct ls_spec_replica {
	struct ls_mark mark;
	const char *name;
	struct ls_spec_replica_network *networks;
	size_t n_networks;
};

/* failover: {...}. Without it tunnels, networks and public addresses are always in force. */
enum ls_failover_mode {
	LS_FAILOVER_NONE,      /* nothing of a failover is there */
	LS_FAILOVER_PARTIAL,   /* some replicas run at the provider, as hosts of the production network */
	LS_FAILOVER_FULL,      /* the network is at the provider, whose appliance is its gateway */
	LS_FAILOVER_PERMANENT, /* the same, without a way back */
};
struct ls_spec_failover {
	struct ls_mark mark; /* line 0: the spec has none */
	struct ls_mark mode_mark;
	uint8_t mode;                  /* enum ls_failover_mode */
	struct ls_spec_name *replicas; /* which are failed over: partial */
	size_t n_replicas;
	bool route_between_networks; /* full, permanent */
};

/* management: {...}: who manages the appliance, and from where. */
struct ls_spec_management {
	struct ls_mark mark; /* line 0: the spec has none */
	struct ls_mark interface_mark;
	const char *interface;
	struct ls_spec_subnet_entry *peers;
	size_t n_peers;
};

#define LS_FAILOVER_TABLE 27648u /* 0x6c00: the routing table of the first network; then the next one's */
#define LS_FAILOVER_RULES 1000u  /* priority of the first network's first rule; each network has five */

#define LS_IF_ID 0x6c000000u /* what a name's begins with: "l" */
#define LS_TUNNEL_PORT 1195u /* of the first network's IPv4; then one each for IPv6 and the next network */

struct ls_spec {
	struct ls_arena *arena; /* of ls_spec_free: it holds nearly everything below */
	const char *file;       /* as given; "-" reads as <stdin> */
	const char *text;       /* the whole file, for diagnostics and the record of a generation */
	size_t text_length;
	enum ls_spec_kind kind;
	const char *name;
	struct ls_spec_interface *interfaces;
	size_t n_interfaces;
	struct ls_spec_address *addresses; /* top-level list */
	size_t n_addresses;
	struct ls_spec_route *routes;
	size_t n_routes;
	struct ls_spec_nexthop *nexthops;
	size_t n_nexthops;
	struct ls_spec_rule *rules;
	size_t n_rules;
	struct ls_spec_neighbour *neighbours;
	size_t n_neighbours;
	struct ls_spec_sysctl *sysctls;
	size_t n_sysctls;
	struct ls_spec_network *networks;
	size_t n_networks;
	struct ls_spec_public public_ips;
	struct ls_spec_forward *forwards;
	size_t n_forwards;
	struct ls_spec_gateway gateway;
	struct ls_spec_nat nat;
	struct ls_spec_filter filter;
	struct ls_spec_tunnel *tunnels;
	size_t n_tunnels;
	struct ls_mark side_mark, platform_mark, ipv6_mark;
	uint8_t side;            /* enum ls_spec_side */
	uint8_t platform;        /* enum ls_spec_platform */
	bool ipv6_communication; /* key given as false: the provider's site has no IPv6; else true, see ipv6_mark */
	struct ls_spec_management management;
	struct ls_spec_replica *replicas;
	size_t n_replicas;
	struct ls_spec_failover failover;
	struct ls_spec_name *suppressed; /* ids of warnings that are not wanted */
	size_t n_suppressed;
};

/* Is it so in this mode of failover? Without `failover` in the spec: in any. */
bool ls_spec_has_tunnel(
	const struct ls_spec *spec, const struct ls_spec_tunnel *tunnel); /* those of networks: partial, full */
bool ls_spec_has_networks(const struct ls_spec *spec); /* the host is their gateway, and has the public addresses: full,
							  permanent */
const struct ls_spec_network *ls_spec_find_network(const struct ls_spec *spec, const char *name); /* name may be NULL */
const struct ls_spec_subnet *ls_spec_subnet(const struct ls_spec_network *network, uint8_t family);
/* The tunnel of a family of a network, or NULL. */
const struct ls_spec_tunnel *ls_spec_find_tunnel(
	const struct ls_spec *spec, const struct ls_spec_network *network, uint8_t family);
/* The replica is among those that are failed over: partial. */
bool ls_spec_is_failed_over(const struct ls_spec *spec, const struct ls_spec_replica *replica);
/* The addresses that such replicas have in a network and family, one after the other: begin with zeros. NULL: no more.
 */
struct ls_spec_failed {
	size_t replica, network, address;
};
const struct ls_spec_ip *ls_spec_next_failed(
	const struct ls_spec *spec, const char *network, uint8_t family, struct ls_spec_failed *at);
/* Is that warning among those that a host's spec, or a site, does without? */
bool ls_spec_suppresses(const struct ls_spec_name *suppressed, size_t n, const char *id);
#define LS_DIRECTOR_DUAL_STACK "director-dual-stack"
/* Takes another mode than the one written, and checks what depends on it. -EINVAL: `diag` says what is wrong. */
int ls_spec_set_failover(struct ls_spec *spec, enum ls_failover_mode mode, struct ls_diag *diag);
/* Between a partial and a full failover there is none at all: hosts would be answered for by two at once. */
bool ls_failover_excludes(uint32_t last, uint32_t next);
bool ls_failover_is_full(uint32_t mode); /* or permanent, which is more of it */
/* Is that interface a network's? */
bool ls_spec_is_inner(const struct ls_spec *spec, const char *interface);

/* Reads and checks a spec; path "-" is standard input. Every finding goes to `diag`. Returns 0 (there may be warnings),
 * -EINVAL when the spec is not valid (diag holds every error), or another errno when the file cannot be read (then
 * `err` says why, and a finding without a line repeats it). *ret is set only when 0 is returned. */
int ls_spec_load(const char *path, struct ls_spec **ret, struct ls_diag *diag, struct ls_error *err);
/* The same for text in memory, which is borrowed: it must stay until ls_spec_free. */
int ls_spec_parse(const char *file, const char *text, size_t length, struct ls_spec **ret, struct ls_diag *diag,
	struct ls_error *err);
void ls_spec_free(struct ls_spec *spec); /* accepts NULL */
/* NULL: there is none of that name; of no name, none. */
const struct ls_spec_interface *ls_spec_find_interface(const struct ls_spec *spec, const char *name);
const struct ls_spec_family *ls_spec_family(const struct ls_spec_interface *interface, uint8_t family);
/* Is it about IPPROTO_TCP, IPPROTO_UDP? */
bool ls_spec_forwards(const struct ls_spec_forward *forward, uint8_t protocol);
/* Do they lead to the same ports of the same host? */
bool ls_spec_same_target(const struct ls_spec_forward *a, const struct ls_spec_forward *b);
/* The forward that the i-th service of a gateway is. */
struct ls_spec_forward ls_spec_gateway_forward(const struct ls_spec_gateway *gateway, size_t i);
/* The MTU that the kernel gives the link where the spec names none, in bytes; 0: it depends. */
uint32_t ls_spec_default_mtu(const struct ls_spec_interface *interface);
/* The interface whose MTU the named one has: itself, or, of a VLAN or macvlan without one, what it stands on in the
 * end. NULL: that is not known. */
const struct ls_spec_interface *ls_spec_mtu_source(const struct ls_spec *spec, const char *name);
/* The MTU that the spec tells, in bytes; 0: it does not. */
uint32_t ls_spec_mtu_of(const struct ls_spec *spec, const char *name);

#define LS_UNDERLAY_MTU 1500u /* where nobody tells it: that of Ethernet (RFC 894) */

/* The largest packet that goes through the tunnel where those around it have `underlay` bytes; 0: none. */
uint32_t ls_tunnel_room(const struct ls_spec_tunnel *tunnel, uint32_t underlay);
#define LS_MTU_FAULT_MAX 160
/* What is wrong with an MTU of `mtu` bytes over such an underlay (the finding `tunnel-mtu`); false: nothing. */
bool ls_tunnel_mtu_fault(
	const struct ls_spec_tunnel *tunnel, uint32_t mtu, uint32_t underlay, char text[static LS_MTU_FAULT_MAX]);

/* ---- a site ------------------------------------------------------------------------------------------------------ */

/*
 * The provider's whole site. Names in it are interned: equal ones are one pointer. What `check` resolves (pointers to
 * other parts) is NULL in what could not be read.
 */

/* public_pool: an address (first and last are the same), a range, a prefix. */
struct ls_site_range {
	struct ls_mark mark;
	struct ls_ip first, last; /* of a prefix without what no host can have: see ls_site_range_of */
};

enum ls_site_mode { LS_SITE_NAT, LS_SITE_DIRECT };

struct ls_site_gateway {
	struct ls_mark mark;
	struct ls_mark mode_mark, dns_name_mark, interface_mark, ports_mark;
	const char *name;
	const char *dns_name;
	const char *interface;                 /* that faces outside; NULL: the first */
	uint8_t mode;                          /* enum ls_site_mode */
	uint16_t external_port, internal_port; /* default LS_GATEWAY_PORT */
	uint16_t tunnel_port, last_tunnel_port;
	struct ls_spec_ip *services;
	size_t n_services;
	struct ls_spec_interface *interfaces;
	size_t n_interfaces;
	const struct ls_spec_interface *outside; /* resolved */
	uint8_t families;                        /* LS_SITE_IPV4, LS_SITE_IPV6: of `outside`, as far as they are on */
};

#define LS_SITE_IPV4 1u
#define LS_SITE_IPV6 2u

uint8_t ls_site_family_of(const struct ls_ip *ip);
uint8_t ls_site_family_to_socket(uint8_t family); /* AF_INET, AF_INET6 */

struct ls_site_pool { /* gateway_pools */
	struct ls_mark mark;
	const char *name;
	struct ls_spec_name *gateways;
	size_t n_gateways;
	const struct ls_site_gateway **members; /* resolved, as many; NULL where there is none of the name */
};

/* A network of a hardware plan, or of an organization of VMware Cloud Director. */
struct ls_site_plan_network {
	struct ls_mark mark;
	struct ls_mark vlan_mark;
	const char *name;
	uint16_t vlan; /* 1-4094; 0: none */
	bool internet;
};

struct ls_site_plan {
	struct ls_mark mark;
	const char *name;
	struct ls_site_plan_network *networks;
	size_t n_networks;
};

struct ls_site_subnet {
	struct ls_mark mark, subnet_mark, gateway_mark;
	struct ls_prefix subnet; /* host bits zero; family 0: none */
	struct ls_ip gateway;    /* family 0: none */
};

struct ls_site_network {
	struct ls_mark mark;
	struct ls_mark maps_to_mark;
	const char *name;
	const char *maps_to;
	struct ls_site_subnet ipv4, ipv6;
	struct ls_spec_ip *production_hosts; /* as a host's */
	size_t n_production_hosts;
	const struct ls_site_plan_network *target; /* resolved: by maps_to, or where that is left out and can be */
	uint8_t replica_families;                  /* of its replicas' addresses */
	bool fails_over;                           /* a replica is in it, or an appliance extends it */
	bool undetected;                           /* an IPv6 address in it was given, not detected */
};

struct ls_site_addresses {
	struct ls_mark mark;
	const char *name; /* of the network */
	struct ls_spec_ip *ips;
	size_t n_ips;
	const struct ls_site_network *network; /* resolved */
};

enum ls_site_job { LS_SITE_REPLICATION, LS_SITE_CDP };

struct ls_site_replica {
	struct ls_mark mark;
	struct ls_mark aware_mark;
	const char *name;
	uint8_t job; /* enum ls_site_job */
	bool application_aware;
	struct ls_site_addresses *detected, *addresses; /* found by the job; given by a person */
	size_t n_detected, n_addresses;
	bool fails_over; /* resolved: in a partial failover, by `failover.replicas` or where that is left out and it can
			  */
};

enum ls_site_platform { LS_SITE_VSPHERE, LS_SITE_DIRECTOR };

/* An appliance with a `network` extends that one, at the tenant; one without is the provider's. */
struct ls_site_appliance {
	struct ls_mark mark;
	struct ls_mark platform_mark, network_mark, interface_mark, address_mark;
	const char *name;
	const char *network;
	const char *interface;        /* provider: the uplink, tenant: that in the network; NULL: the first */
	uint8_t platform;             /* enum ls_site_platform */
	struct ls_spec_ip *addresses; /* by which the gateway reaches it, where its interface does not say */
	size_t n_addresses;
	struct ls_spec_interface *interfaces;
	size_t n_interfaces;
	const struct ls_site_network *extends;   /* resolved */
	const struct ls_spec_interface *outside; /* resolved */
	const char *host;                        /* TENANT-NAME */
	uint8_t families;                        /* of `outside` */
};

enum ls_site_account { LS_SITE_STANDALONE, LS_SITE_ACCOUNT_DIRECTOR };

struct ls_site_publics {
	struct ls_mark mark;
	uint32_t ipv4, ipv6; /* how many, those of `reserved` included */
	struct ls_mark ipv4_mark, ipv6_mark;
	struct ls_spec_ip *reserved;
	size_t n_reserved;
	struct ls_spec_mapping *mappings;
	size_t n_mappings;
};

struct ls_site_tunnels {
	struct ls_mark mark;
	struct ls_mark key_dir_mark;
	const char *key_dir;
	uint8_t type; /* enum ls_tunnel_type */
	bool preshared;
};

/* As a host's, but that `replicas` can be left out: all that can. */
struct ls_site_failover {
	struct ls_mark mark; /* line 0: the tenant has none */
	struct ls_mark mode_mark, replicas_mark;
	uint8_t mode; /* enum ls_failover_mode */
	struct ls_spec_name *replicas;
	size_t n_replicas;
	bool route_between_networks;
};

struct ls_site_tenant {
	struct ls_mark mark;
	struct ls_mark account_mark, plan_mark, organization_mark, pool_mark;
	const char *name;
	uint8_t account; /* enum ls_site_account */
	const char *hardware_plan, *organization, *gateway_pool;
	struct ls_site_publics public_ips;
	struct ls_site_network *networks;
	size_t n_networks;
	struct ls_site_replica *replicas;
	size_t n_replicas;
	struct ls_site_appliance *appliances;
	size_t n_appliances;
	struct ls_site_tunnels tunnels;
	struct ls_site_failover failover;
	const struct ls_site_plan *plan; /* resolved: the hardware plan or the organization */
	const struct ls_site_pool *pool;
	const struct ls_site_appliance *provider; /* NULL: none */
};

struct ls_site {
	struct ls_arena *arena; /* of ls_site_free */
	const char *file;
	const char *text;
	size_t text_length;
	bool ipv6_communication; /* default true */
	struct ls_mark ipv6_mark, kind_mark;
	struct ls_site_range *public_pool;
	size_t n_public_pool;
	struct ls_mark public_pool_mark;
	struct ls_site_gateway *gateways;
	size_t n_gateways;
	struct ls_site_pool *pools;
	size_t n_pools;
	struct ls_site_plan *plans, *organizations;
	size_t n_plans, n_organizations;
	struct ls_site_tenant *tenants;
	size_t n_tenants;
	struct ls_spec_name *suppressed; /* as a host's; the hosts' as well */
	size_t n_suppressed;
	size_t n_director_dual_stack; /* warnings that were suppressed */
};

/* As ls_spec_parse. What a site was when it was rendered last is not asked: see ls_site_allocate. */
int ls_site_parse(const char *file, const char *text, size_t length, struct ls_site **ret, struct ls_diag *diag,
	struct ls_error *err);
void ls_site_free(struct ls_site *site); /* accepts NULL */
/* The text of a site of the time before IPv6, with the key that keeps IPv6 off. 0; -EINVAL: it is not of that time, or
 * not valid, as diag says; -ENOMEM. Release with free(). */
int ls_site_upgrade(
	const char *file, const char *text, size_t length, char **ret, struct ls_diag *diag, struct ls_error *err);
/* The ones of a family that are on in the site, of a network. */
static inline const struct ls_site_subnet *ls_site_subnet(const struct ls_site_network *network, uint8_t family)
{
	return family == LS_SITE_IPV6 ? &network->ipv6 : &network->ipv4;
}
/* The interface of the provider's appliance that carries networks of the plan which have none of their own, and what
 * the VLAN of one is called there: it fits into an interface's name. */
#define LS_SITE_TRUNK "inner"
#define LS_SITE_VLAN_NAME_MAX 16u
void ls_site_vlan_name(const struct ls_site_plan_network *network, char ret[static LS_SITE_VLAN_NAME_MAX]);
/* By which address the gateway reaches an appliance, or callers a gateway; family 0: not known. `family`: AF_INET,
 * AF_INET6. */
struct ls_ip ls_site_address_of(const struct ls_spec_interface *interface, uint8_t family);
/* The families of the networks behind an appliance: IPv4 needs none outside, since a tunnel can go in either; IPv6
 * waits until the appliance has been redeployed with it. */
static inline uint8_t ls_site_inner_families(const struct ls_site_appliance *appliance)
{
	return appliance->families | LS_SITE_IPV4;
}

/* The families in which an appliance at the tenant extends its network: LS_SITE_IPV4, LS_SITE_IPV6. */
uint8_t ls_site_extended(
	const struct ls_site *site, const struct ls_site_tenant *tenant, const struct ls_site_appliance *appliance);
/* What keeps a replica from a partial failover, on either side: one that only one side takes part in would take the
 * replica's neighbours from it. */
struct ls_site_hindrance {
	const char *id;                        /* of the check that a host's spec would fail */
	const struct ls_site_network *network; /* NULL: it has no address in any that the hosts have */
	uint8_t family;                        /* LS_SITE_IPV4, LS_SITE_IPV6 */
};
bool ls_site_is_hindered(const struct ls_site *site, const struct ls_site_tenant *tenant,
	const struct ls_site_replica *replica, struct ls_site_hindrance *ret);
struct ls_site_replica *ls_site_find_replica(const struct ls_site_tenant *tenant, const char *name); /* interned */
/* Has its job found that address in that network? */
bool ls_site_is_detected(
	const struct ls_site_replica *replica, const struct ls_site_network *network, const struct ls_ip *ip);

/* ---- what a spec can say ----------------------------------------------------------------------------------------- */

/*
 * The tables that specs are read by, for programs that describe them: mappings have keys, keys take values of a form.
 * What a mapping asks for beyond its keys one by one (this one needs that one) stands in `rules`, as JSON Schema has
 * it.
 */
struct ls_mapping; /* a table */

struct ls_word {
	const char *word; /* NULL: end of the list */
	unsigned value;
};
extern const struct ls_word ls_failover_words[]; /* enum ls_failover_mode */
#define LS_FAILOVER_COMPLAINT "is none of none, partial, full, permanent"
bool ls_failover_by_word(const char *text, enum ls_failover_mode *ret);

enum ls_form_type {
	LS_FORM_UNKNOWN, /* of a reader that no table tells of */
	LS_FORM_NUMBER,
	LS_FORM_BOOL,
	LS_FORM_WORD,
	LS_FORM_TEXT,
	LS_FORM_MAPPING,
	LS_FORM_LIST,
	LS_FORM_ONE_OR_LIST, /* a list, or its only element */
	LS_FORM_NAMED,       /* a mapping of names that the spec's author chooses */
};

struct ls_form {
	enum ls_form_type type;
	uint32_t min, max;                /* NUMBER */
	const struct ls_word *words;      /* WORD */
	const char *name;                 /* TEXT: of its sort, "mac"; NULL: any text */
	const char *about;                /* TEXT: the sort in words */
	const char *pattern;              /* TEXT: regular expression (ECMA-262); NULL: any */
	bool or_number;                   /* TEXT: one that looks like a number needs no quotes */
	uint32_t length_max;              /* TEXT: characters; 0: any number */
	const char *rules;                /* a schema more, as JSON; NULL: none */
	const struct ls_mapping *mapping; /* MAPPING, and the elements of lists and NAMED */
};

struct ls_key_form {
	const char *name;
	struct ls_form form;
	/* Variants (LS_BIT of a word's value) that must have the key, or all; and that may, 0: all. */
	uint32_t needed, only;
};

struct ls_mapping_form {
	const char *what; /* "a route" */
	size_t n_keys;
	struct ls_form shorthand; /* of a scalar that may stand instead; UNKNOWN: none may */
	struct ls_form name;      /* of the names, where it is the element of a NAMED; UNKNOWN elsewhere */
	const char *rules;        /* a JSON array of schemas, or NULL */
	const char *variant;      /* the key whose words `needed` and `only` speak of, or NULL */
	const struct ls_word *variants;
	uint32_t default_variant; /* as a bit, when that key is not there; 0: it must be */
};

const struct ls_mapping *ls_form_root(void); /* of a host's spec */
const struct ls_mapping *ls_form_site(void); /* of a site's */
void ls_mapping_form(const struct ls_mapping *mapping, struct ls_mapping_form *ret);
void ls_key_form(const struct ls_mapping *mapping, size_t i, struct ls_key_form *ret);
