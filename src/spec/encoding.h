/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "report.h"

/* Is the text UTF-8 that a spec may consist of? Returns 0, or -EINVAL with an error at the first byte that may not. */
int ls_encoding_check(struct ls_report *report, const char *text, size_t length);
/* Line and column of a byte, counted as libyaml counts: columns are characters, and the byte order mark is none. */
struct ls_mark ls_encoding_mark(const char *text, size_t offset);
/* The byte at that place; 0: there is none. */
char ls_encoding_byte_at(const char *text, size_t length, struct ls_mark mark);
