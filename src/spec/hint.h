/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Did you mean": the likeliest of several words for one that is misspelt.
 */
#pragma once

#include <stddef.h>

struct ls_hint {
	const char *text; /* what was written */
	size_t length;
	const char *best; /* NULL: nothing comes near */
	unsigned distance;
};

void ls_hint_init(struct ls_hint *hint, const char *text, size_t length);
/* Offers a word; `best` is the nearest of all that were offered, the first of equally near ones. */
void ls_hint_offer(struct ls_hint *hint, const char *word);
