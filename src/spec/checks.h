/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks that take the whole spec. They run on specs with errors as well: what could not be read is zero (names NULL,
 * families 0) and none of their business.
 */
#pragma once

#include "report.h"

#define LS_FOUND_MAX 64u

struct ls_checker {
	const struct ls_spec *spec;
	struct ls_report *report;
	bool interfaces_unknown; /* the interfaces could not be read: nothing can be said about references to them */

	struct ls_found {
		const char *name;
		const struct ls_spec_interface *interface;
	} found[LS_FOUND_MAX]; /* looked up lately, by the low bits of the name's address */

	unsigned n_hints; /* given so far */

	/* The top-level addresses of each interface, as chains of places plus one; 0 ends a chain. */
	uint32_t *first_address; /* by place of the interface */
	uint32_t *next_address;  /* by place of the address */
};

/* 0 or -ENOMEM. */
typedef int ls_check_fn(struct ls_checker *checker);

/* Runs them all. */
int ls_checks_run(const struct ls_spec *spec, struct ls_report *report, bool interfaces_unknown);

/* Runs those, over a spec that need not have been read: of a site, what it says of a host. */
int ls_checks_run_some(const struct ls_spec *spec, struct ls_report *report, ls_check_fn *const *list, size_t n);

ls_check_fn ls_check_references; /* names of interfaces mean one of the spec's; pairs; no circles */
ls_check_fn ls_check_families;   /* methods, and what goes with them */
ls_check_fn ls_check_mtus;       /* what fits into the link below */
ls_check_fn ls_check_addresses;  /* addresses that can work */
ls_check_fn ls_check_duplicates; /* one entry per object of the kernel */
ls_check_fn ls_check_nat;        /* public addresses, forwards, networks */
ls_check_fn ls_check_filter;     /* what it allows */
ls_check_fn ls_check_tunnels;    /* their families, ports, MTUs and peers */
ls_check_fn ls_check_appliance;  /* its side and platform, replicas, failover */

ls_check_fn ls_check_mapped; /* (of ls_check_nat) whole addresses lead to one place, and that is theirs alone */

/* An address in a network, for tables of them. */
struct ls_host_key {
	const void *network;
	uint8_t bytes[16];
	uint64_t family;
};
struct ls_host_key ls_host_key_of(const void *network, const struct ls_ip *ip);

/* What the mode of failover asks for. Uses no more of the checker than spec and report. */
void ls_check_mode(struct ls_checker *checker);

/* What is wrong with an address by itself, and within its subnet, or NULL: "a multicast address". */
const char *ls_address_fault(const struct ls_ip *ip);
const char *ls_address_subnet_fault(const struct ls_prefix *prefix);
/* What is wrong with a network (host bits zero), with a host's address in it, and with its router's, which may be a
 * link-local one: NULL, or as above. */
const char *ls_subnet_fault(const struct ls_prefix *subnet);
const char *ls_address_fault_in(const struct ls_prefix *subnet, const struct ls_ip *ip);
const char *ls_router_fault_in(const struct ls_prefix *subnet, const struct ls_ip *ip);
/* address-sane: a network with both families, the IPv6 one of RFC 4193. */
void ls_check_ula(
	struct ls_report *report, const struct ls_prefix *ipv4, const struct ls_prefix *ipv6, struct ls_mark mark);
/* Where a gateway's port leads: how many of them count, which are one of a family. */
size_t ls_check_services(struct ls_report *report, const struct ls_spec_ip *services, size_t n);
/* public-reserved-port */
void ls_check_management_port(struct ls_report *report, const struct ls_spec_mapping *mapping);

/* The interface of that name in the spec, or NULL. The name is interned in the spec's arena, or NULL. */
const struct ls_spec_interface *ls_checker_find(struct ls_checker *checker, const char *name);
/* The first top-level address of an interface (`after` NULL) or the one after; NULL: no more. */
const struct ls_spec_address *ls_checker_next_address(const struct ls_checker *checker,
	const struct ls_spec_interface *interface, const struct ls_spec_address *after);
