/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compile: from a spec to the set of objects that it asks for. Pure. One file per capability.
 */
#pragma once

#include <linkspan/model.h>
#include <linkspan/spec.h>

/* Adds every object that the spec asks for to `ret` (its arena holds them) and sorts it. `links`: the links of the
 * kernel, needed to find interfaces by MAC address; NULL where there is no kernel to ask, then such interfaces keep the
 * spec's own name. Findings about the spec go to `diag`. 0, -EINVAL when diag has an error, -ENOMEM. Objects carry the
 * line and column that ask for them. */
int ls_compile(const struct ls_spec *spec, const struct ls_set *links, struct ls_set *ret, struct ls_diag *diag);
