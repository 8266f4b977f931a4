/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compile: from a spec to the set of objects that it asks for. Pure. One file per capability.
 */
#pragma once

#include <linkspan/model.h>
#include <linkspan/spec.h>

/* Adds every object that the spec asks for to `ret` (its arena holds them) and sorts it. `links`: the links of the
 * kernel, sorted, needed to find interfaces by MAC address, and for the MTUs that tunnels go by; NULL where there is no
 * kernel to ask, then such interfaces keep the spec's own name, and MTUs that the spec does not tell are 1500. Findings
 * about the spec go to `diag`. 0, -EINVAL when diag has an error, -ENOMEM. Objects carry the line and column that ask
 * for them. */
int ls_compile(const struct ls_spec *spec, const struct ls_set *links, struct ls_set *ret, struct ls_diag *diag);

/* ---- a site ------------------------------------------------------------------------------------------------------ */

/*
 * A site becomes specs of hosts. What it has been rendered to is recorded, so that addresses and ports stay with whom
 * they were given to, and so that it can be told who has to be reconfigured. Record and site go in, a layout comes out;
 * nothing here reads or writes files.
 */
enum ls_site_side { LS_SIDE_GATEWAY, LS_SIDE_PROVIDER, LS_SIDE_TENANT, LS_N_SIDES };

extern const char *const ls_site_sides[LS_N_SIDES]; /* "gateway", "provider", "tenant" */

/* A host as it was rendered: name, and what a change of means more than a new spec. */
struct ls_site_host {
	const char *name;
	uint8_t side;         /* enum ls_site_side */
	uint8_t variant;      /* gateways: enum ls_site_mode; else enum ls_site_platform */
	uint8_t families;     /* LS_SITE_IPV4, LS_SITE_IPV6 */
	uint8_t failover;     /* appliances at the provider: enum ls_failover_mode */
	uint16_t port;        /* gateways: external_port */
	const char *dns_name; /* gateways; or NULL */
	uint32_t settings;    /* gateways: ls_site_gateway_settings; 0: not recorded yet */
	uint32_t crc;         /* of the spec */
	uint32_t length;      /* of the spec, in bytes */
	/* Of the file that is to be replaced, where a render that was cut short left it; length 0: none. */
	uint32_t found_crc, found_length;
};

/* Is that what the host's spec was? (CRC32C, bytes.) Without a host it was not. */
static inline bool ls_site_was_rendered_to(const struct ls_site_host *host, uint32_t crc, uint32_t length)
{
	return host && host->crc == crc && host->length == length;
}

struct ls_site_held_port {
	const char *network, *gateway;
	uint8_t family;             /* of the tunnel: LS_SITE_IPV4, LS_SITE_IPV6 */
	uint16_t port, listen_port; /* of the gateway outside, of the appliance at the provider */
};

/* What a tenant holds. */
struct ls_site_held {
	const char *name;
	struct ls_ip *ips;
	size_t n_ips;
	struct ls_site_held_port *ports;
	size_t n_ports;
};

struct ls_site_record {
	bool rendered; /* false: this is the first time */
	bool ipv6_communication;
	struct ls_site_host *hosts; /* in order of their names */
	size_t n_hosts;
	struct ls_site_held *tenants; /* in order of their names */
	size_t n_tenants;
	const char **removed; /* hosts whose files are there still */
	size_t n_removed;
	/* What a render that was cut short was to make of it: some of its specs may be there, and what it gave to
	 * tenants is theirs. NULL: the last one came to its end. */
	const struct ls_site_record *intended;
	const char *temporary; /* of an intended one: the file that specs are written to first; or NULL */
};

const struct ls_site_host *ls_site_find_host(const struct ls_site_record *record, const char *name); /* or NULL */

struct ls_site_tunnel {
	const struct ls_site_appliance *appliance; /* at the tenant */
	const struct ls_site_gateway *gateway;     /* by which it comes in */
	uint8_t family;                            /* of what it carries: LS_SITE_IPV4, LS_SITE_IPV6 */
	uint8_t outer;                             /* and of what carries it */
	uint16_t port, listen_port;
};

/* What a tenant gets: addresses in order, reserved ones included; tunnels in the order of its appliances. */
struct ls_site_share {
	struct ls_ip *ips;
	size_t n_ips;
	struct ls_site_tunnel *tunnels;
	size_t n_tunnels;
};

struct ls_site_layout {
	const struct ls_site *site;
	struct ls_arena *arena;
	struct ls_site_share *tenants; /* by their places in the site */
	/* Tunnels of each gateway, by its place in the site, in order of their ports. */
	struct ls_site_forwards {
		struct ls_site_forward {
			const struct ls_site_tenant *tenant;
			const struct ls_site_tunnel *tunnel;
		} * items;
		size_t n, n_max;
	} * gateways;
};

/* Gives addresses and ports: whoever holds some keeps them, others get the lowest that are free, in the order of the
 * tenants' names. 0, -EINVAL when diag has an error, -ENOMEM. Release the layout in any case. */
int ls_site_allocate(const struct ls_site *site, const struct ls_site_record *record, struct ls_site_layout *ret,
	struct ls_diag *diag);
void ls_site_layout_done(struct ls_site_layout *layout);

/* Tells whether it is the same that its author wrote of a gateway: a sum (CRC32C) of values, whatever the spec looks
 * like that they are rendered to, and without what tenants add to it. Of the families that it has. Never 0. */
uint32_t ls_site_gateway_settings(const struct ls_site_gateway *gateway);

/* By which address the gateway reaches the provider's appliance; family 0: that is not known. */
struct ls_ip ls_site_reach(const struct ls_site_appliance *provider, uint8_t family);

/* Hosts by number: the gateways, then each tenant's appliances. */
struct ls_site_place {
	const struct ls_site_gateway *gateway; /* or */
	const struct ls_site_tenant *tenant;
	const struct ls_site_appliance *appliance;
};

size_t ls_site_count_hosts(const struct ls_site *site);
/* The next after `place` (zero: the first). False: that was the last. */
bool ls_site_next_host(const struct ls_site *site, struct ls_site_place *place);

/* Reads a public key, `path` being relative to the site. 0 or negative with err set. */
typedef int ls_site_key_fn(void *user, const char *path, char text[static LS_KEY_TEXT_MAX], struct ls_error *err);

/* Appends the spec of a host, and tells of it what a record keeps (name and dns_name are the site's). 0, -ENOMEM, or
 * what `read_key` returned. */
int ls_site_render(const struct ls_site_layout *layout, const struct ls_site_place *place, ls_site_key_fn *read_key,
	void *user, struct ls_buf *buf, struct ls_site_host *ret, struct ls_error *err);

/* ---- what is to be done ------------------------------------------------------------------------------------------ */

enum ls_site_action {
	LS_SITE_KEEP,
	LS_SITE_DEPLOY,      /* new */
	LS_SITE_REDEPLOY,    /* an appliance that becomes another (families, platform), or has to */
	LS_SITE_RECONFIGURE, /* has a new spec, or, a gateway, needs one */
	LS_SITE_REMOVE,
	LS_N_SITE_ACTIONS,
};

#define LS_SITE_REASON_MAX 256
#define LS_SITE_PARTS_MAX 192

/* By which parts (keys of the root) two specs of a host differ, as they were rendered: "interfaces, nat and tunnels".
 */
const char *ls_site_differing_parts(
	const char *was, size_t was_length, const char *now, size_t now_length, char ret[static LS_SITE_PARTS_MAX]);

/* What a host that is now `now` (NULL: gone) and was `was` (NULL: not there) needs, and why. Who has IPv4 only although
 * IPv6 communication is on needs something, whether it is rendered or not. `parts`: as above; NULL: not known. */
enum ls_site_action ls_site_compare(const struct ls_site *site, const struct ls_site_host *was,
	const struct ls_site_host *now, const char *parts, char reason[static LS_SITE_REASON_MAX]);
