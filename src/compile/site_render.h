/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites as text: what the files that render one share. */
#pragma once

#include <linkspan/compile.h>

struct site_renderer {
	const struct ls_site_layout *layout;
	const struct ls_site_tenant *tenant;
	const struct ls_site_share *share; /* of the tenant */
	struct ls_buf *buf;
	ls_site_key_fn *read_key;
	void *user;
	struct ls_error *err;
	uint8_t families; /* of the host, and of what is behind it */
};

/* ---- site_render.c ----------------------------------------------------------------------------------------------- */

void site_put(struct site_renderer *renderer, const char *text);
/* In quotes if need be. */
void site_put_text(struct site_renderer *renderer, const char *text);
/* "INDENTKEY:" */
void site_put_key(struct site_renderer *renderer, const char *indent, const char *key);
void site_put_ip(struct site_renderer *renderer, const struct ls_ip *ip);
void site_put_prefix(struct site_renderer *renderer, const struct ls_prefix *prefix);
/* "ipv4", "ipv6" */
const char *site_family_key(uint8_t family);
/* Has the host the family of that address? */
bool site_has_family(const struct site_renderer *renderer, const struct ls_ip *ip);
/* Only what has a family that the host has: the rest is for when it has been redeployed. */
bool site_is_rendered(const struct site_renderer *renderer, const struct ls_site_network *network);
bool site_has_interface(const struct ls_site_appliance *appliance, const char *name);
/* What the provider's appliance has no interface of its own for comes in tagged. */
bool site_is_vlan(const struct ls_site_appliance *appliance, const struct ls_site_network *network);

/* ---- site_networks.c: what an appliance does for a tenant -------------------------------------------------------- */

void site_put_subnet(struct site_renderer *renderer, uint8_t family, const struct ls_site_subnet *subnet, bool gateway);
/* One at the provider. */
void site_put_network(struct site_renderer *renderer, const struct ls_site_appliance *appliance,
	const struct ls_site_network *network);
/* `only`: the network of an appliance at the tenant; NULL: all, at the provider. */
void site_put_replicas(struct site_renderer *renderer, const struct ls_site_network *only);
void site_put_failover(struct site_renderer *renderer, const struct ls_site_network *only);
void site_put_publics(struct site_renderer *renderer, const struct ls_site_appliance *appliance);
void site_put_uplinks(struct site_renderer *renderer, const struct ls_site_appliance *appliance);

/* ---- site_tunnels.c ---------------------------------------------------------------------------------------------- */

/* `appliance`: at the tenant; NULL: the provider's, which has all. 0, -ENOMEM or what read_key returned. */
int site_put_tunnels(struct site_renderer *renderer, const struct ls_site_appliance *appliance, enum ls_site_side side);
