/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linkspan/model.h>

bool ls_hops_equal(const struct ls_hops *a, const struct ls_hops *b);
/* Moves the array and its texts to the arena. */
int ls_hops_copy(struct ls_arena *arena, struct ls_hops *hops);
void ls_hops_format(const struct ls_hops *hops, char *text, size_t size);
