/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compile, inside: what the files of the capabilities share. */
#pragma once

#include <linkspan/compile.h>

struct compiler {
	const struct ls_spec *spec;
	const struct ls_set *links; /* may be NULL */
	struct ls_set *set;
	struct ls_diag *diag;
	const char **devices;                /* kernel name of each interface of the spec, by its number */
	uint32_t *mtus;                      /* of each: the spec's, or what a tunnel has room for; 0: none */
	const char *last_name, *last_device; /* of the last look-up: routes come in runs */
	bool out_of_memory;
};

/* A new object of the set, asked for at `mark`. NULL when memory ran out. */
void *compiler_add(struct compiler *compiler, const struct ls_kind *kind, struct ls_mark mark);
const char *compiler_device(struct compiler *compiler, const char *interface);
/* One of the spec's. */
uint32_t compiler_mtu(const struct compiler *compiler, const struct ls_spec_interface *interface);
/* Is the interface of that number there in this mode of failover? Tunnels of networks may not be. */
bool compiler_has_interface(const struct compiler *compiler, size_t i);
void compiler_error(struct compiler *compiler, struct ls_mark mark, const char *id, const char *format, ...)
	LS_PRINTF(4, 5);
void compile_default_route(struct compiler *compiler, const char *dev, const struct ls_ip *via, struct ls_mark mark);
/* Over a link (NULL: none), without a next hop, in a table (0: the main one). NULL: out of memory. */
struct ls_route *compile_route_to(
	struct compiler *compiler, const struct ls_prefix *to, const char *dev, uint32_t table, struct ls_mark mark);
void compile_sysctl(
	struct compiler *compiler, const char *path, const char *value, const char *dev, struct ls_mark mark);
/* The same, unless the spec itself, or something before, says what is to be there. */
void compile_needed_sysctl(
	struct compiler *compiler, const char *path, const char *value, const char *dev, struct ls_mark mark);
/* NULL: out of memory. */
struct ls_address *compile_address(struct compiler *compiler, const char *dev, const struct ls_spec_address *address);

/* The kernel refuses a route over a link that is down (ENETDOWN): better said before. */
void compiler_need_up(struct compiler *compiler, const char *dev, struct ls_mark mark);

void compile_interfaces(struct compiler *compiler);
void compile_routes(struct compiler *compiler);
void compile_nexthops(struct compiler *compiler);
void compile_rules(struct compiler *compiler);
void compile_neighbours(struct compiler *compiler);
void compile_sysctls(struct compiler *compiler);
void compile_nat(struct compiler *compiler);
/* Settles the MTUs, once interfaces are bound to links. */
void compile_mtus(struct compiler *compiler);
void compile_tunnels(struct compiler *compiler);
void compile_failover(struct compiler *compiler);
