/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host.h"

extern const struct ls_mapping ls_tunnel_mapping;
extern const struct ls_reader_form ls_tunnel_forms[];

/* Appends each to the interfaces; before names are looked up. -ENOMEM. */
int ls_tunnels_as_interfaces(struct ls_spec *spec);
/* MTU and port, where the spec does not have them; once names can be looked up. */
void ls_tunnels_settle(struct ls_spec *spec);
