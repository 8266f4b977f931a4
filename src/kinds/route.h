/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files of routes share: route.c has the kind and writes messages, route_dump.c reads them. */
#pragma once

#include "driver.h"

#define LS_N_ROUTE_TYPES LS_ROUTE_OTHER_TYPE
extern const uint8_t ls_route_types[LS_N_ROUTE_TYPES]; /* RTN_*, by enum ls_route_type */
bool ls_route_is_reject(uint8_t type);

/* Slots of the kind. */
int ls_route_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err);
void ls_route_claim(struct ls_kernel *kernel, const struct ls_object *made, struct ls_set *actual);
