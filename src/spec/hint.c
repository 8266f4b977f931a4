/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distance is the number of letters to insert, drop, change or swap with their neighbour (optimal string alignment). A
 * third of the letters may be wrong, one in any case: beyond that a hint misleads more than it helps.
 */
#include "hint.h"

#include <string.h>

#define WORD_MAX 32u

void ls_hint_init(struct ls_hint *hint, const char *text, size_t length)
{
	*hint = (struct ls_hint){
		.text = text,
		.length = length,
		.distance = length < 6 ? 2 : (unsigned)length / 3 + 1,
	};
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letter case counts as no difference: keys are lower case, and "MTU" means "mtu". */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	for (unsigned j = 0; j <= n_b; j++)
		last[j] = j;
	for (unsigned i = 1; i <= n_a; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= n_b; j++) {
			unsigned change = lower(a[i - 1]) != lower(b[j - 1]);

			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[n_b];
}

void ls_hint_offer(struct ls_hint *hint, const char *word)
{
	size_t length = strlen(word), difference;
	unsigned found;

	difference = length > hint->length ? length - hint->length : hint->length - length;
	if (length > WORD_MAX || hint->length > WORD_MAX || difference >= hint->distance)
		return;
	found = distance(hint->text, hint->length, word, length);
	if (found >= hint->distance || found >= length)
		return;
	hint->best = word;
	hint->distance = found;
}
