/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the suites share that run programs in network namespaces of their own. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* ---- programs (process.c): without a shell, for starting programs is what these suites spend their time with ------
 */

/* What a program that must succeed prints, given that input; free() it. The last of `argv` is NULL. */
char *test_output(const char *const *argv, const char *input);
pid_t test_spawn(const char *const *argv, int in, int out, int err);

/* ---- what the kernel does in the background (settle.c), in this thread's namespace ---------------------------------
 */

/* Does duplicate address detection still run for an address? */
bool test_has_tentative(void);
/* Have all links told whether they have carrier? */
bool test_links_are_settled(void);
/* IPv6's of all tables, without what changes by itself; free() it. */
char *test_ipv6_routes(void);
