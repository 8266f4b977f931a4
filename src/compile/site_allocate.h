/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is given to the tenants of a site: what the files that do it share. */
#pragma once

#include <linkspan/compile.h>

#define PORTS 65536u

struct site_claim {
	struct ls_ip ip;
	const struct ls_site_tenant *tenant;
	struct ls_mark mark;
	bool reserved;
};

struct site_claims {
	struct site_claim *items;
	size_t n, n_max;
};

/* A tenant beside what it holds. */
struct site_member {
	const struct ls_site_tenant *tenant;
	struct ls_site_share *share;
	const struct ls_site_held *held; /* or NULL */
};

struct site_ports {
	uint64_t used[PORTS / 64];
	uint32_t next; /* all below are used */
	size_t n_used; /* of the range */
	size_t n_room; /* how many the range has */
};

struct site_allocator {
	const struct ls_site *site;
	const struct ls_site_record *record;
	struct ls_diag *diag;
	struct ls_site_layout *layout;
	struct site_member *members;       /* in the order of their names */
	const struct ls_site_range **pool; /* in order */
	struct site_claims claims;
	struct site_ports *ports; /* by the place of the gateway */
};

/* A finding about the site. */
void site_tell(struct site_allocator *allocator, enum ls_severity severity, struct ls_mark mark, const char *id,
	const char *format, ...) LS_PRINTF(5, 6);

/* site_ports.c: 0 or -ENOMEM. */
int site_allocate_ports(struct site_allocator *allocator);
/* site_changes.c: what hosts cannot make of what was rendered last in one step. */
void site_check_changes(struct site_allocator *allocator);
/* site_mtus.c: of a tenant whose tunnels have their ports. */
void site_check_mtus(struct site_allocator *allocator, const struct site_member *member);
