/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings that a spec, of a host or of a site, may do without: their ids, in a list.
 */
#include "host.h"

#include <string.h>

static const struct ls_word suppressible[] = { { LS_DIRECTOR_DUAL_STACK, 0 }, { NULL, 0 } };

static int decode_warning(
	struct ls_decoder *decoder, const struct ls_key *key, const struct ls_yaml_event *event, void *value)
{
	struct ls_key word = *key;
	uint8_t place;
	int r;

	word.size = sizeof(place);
	r = ls_decode_word(decoder, &word, event, &place);
	if (r == 0)
		*(const char **)value = suppressible[place].word;
	return r;
}

static const struct ls_key warning_key = { LS_NAME("warning"), LS_AT(ls_spec_name, name), .decode = decode_warning,
	.words = suppressible };

const struct ls_mapping ls_suppressed_mapping = {
	.what = "a warning",
	.size = sizeof(struct ls_spec_name),
	.shorthand = &warning_key,
};

const struct ls_reader_form ls_warning_forms[] = {
	{ decode_warning, NULL, { .type = LS_FORM_WORD } },
	{ 0 },
};

/* An entry that was refused has no name. */
bool ls_spec_suppresses(const struct ls_spec_name *suppressed, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (suppressed[i].name && !strcmp(suppressed[i].name, id))
			return true;
	return false;
}
