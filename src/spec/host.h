/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "decode.h"

/* What a host's spec is read into. */
struct ls_host {
	struct ls_spec spec;    /* first: callers hold a pointer to it */
	struct ls_owned *owned; /* its text and large lists: what is too large to be copied into the arena */
	struct ls_mark interfaces_mark;
	struct ls_table by_name; /* name, padded with zeros to IFNAMSIZ -> struct ls_spec_interface */
};

/* Describes the document of a host: kinds gateway and appliance. Decodes into a struct ls_host. */
extern const struct ls_mapping ls_host_mapping;

/* The forms of what its own readers take; decode NULL at the end. */
extern const struct ls_reader_form ls_host_forms[];

/* What the mappings' `finish` and the checks ask of each alone (rules.c). */
extern const char ls_rules_family[], ls_rules_match[], ls_rules_interface[], ls_rules_route[], ls_rules_host[];

/* Texts' checks: what is wrong ("is ..."), or NULL. */
const char *ls_check_interface_name(const char *text);
const char *ls_check_spec_name(const char *text);
/* Reads a key of `sysctls` into the path of its file below /proc/sys: `size` bytes at `path`. */
const char *ls_sysctl_path(const char *text, char *path, size_t size);
