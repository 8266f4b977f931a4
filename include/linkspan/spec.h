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
	struct ls_spec_family ipv4, ipv6;
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
	uint8_t type;   /* enum ls_route_type's first four: unicast (default), blackhole, unreachable, prohibit, same
			   values */
	bool onlink;    /* key `on_link` */
	bool adopt;
};

/* sysctls: { net.ipv4.ip_forward: 1 } */
struct ls_spec_sysctl {
	struct ls_mark mark;
	const char *path;  /* below /proc/sys, with slashes; the spec writes it as sysctl(8) does: dots between, `/` for
			      a dot  within an interface name; or with slashes throughout */
	const char *value; /* as it is read back: blanks folded */
};

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
	struct ls_spec_sysctl *sysctls;
	size_t n_sysctls;
};

/* Reads and checks a spec; path "-" is standard input. Every finding goes to `diag`. Returns 0 (there may be warnings),
 * -EINVAL when the spec is not valid (diag holds every error), or another errno when the file cannot be read (then
 * `err` says why, and a finding without a line repeats it). *ret is set only when 0 is returned. */
int ls_spec_load(const char *path, struct ls_spec **ret, struct ls_diag *diag, struct ls_error *err);
/* The same for text in memory, which is borrowed: it must stay until ls_spec_free. */
int ls_spec_parse(const char *file, const char *text, size_t length, struct ls_spec **ret, struct ls_diag *diag,
	struct ls_error *err);
void ls_spec_free(struct ls_spec *spec); /* accepts NULL */
const struct ls_spec_interface *ls_spec_find_interface(const struct ls_spec *spec, const char *name);
