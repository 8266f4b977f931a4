/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of what a site is rendered to. */
#pragma once

#include <linkspan/compile.h>

#include <stdio.h>

/* A public key, whatever the file (ls_site_key_fn). */
static inline int invent_key(void *user, const char *path, char text[static LS_KEY_TEXT_MAX], struct ls_error *err)
{
	(void)user;
	(void)path;
	(void)err;
	snprintf(text, LS_KEY_TEXT_MAX, "gHFXO9fy8zOxBSxnVcv8oqU29u7vlK0dNh0XgnGr504=");
	return 0;
}
