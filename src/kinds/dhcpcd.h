/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCP clients of ours, as processes: dhcpcd. */
#pragma once

#include "driver.h"

#include <net/if.h>
#include <sys/types.h>

/* Where it is installed; NULL: it is not. */
const char *ls_dhcpcd_program(void);
/* Whether there may be one, of ours or of others: quickly told, without a look at any process. */
bool ls_dhcpcd_may_run(void);
/* The client that a process of ours, in our network namespace, belongs to. Of several processes one speaks to the
 * server, and leads the session. */
bool ls_dhcpcd_is_ours(pid_t pid, uint8_t *ret_family, char dev[static IFNAMSIZ]);
/* Returns once it is running: addresses come later. */
int ls_dhcpcd_start(const struct ls_kernel *kernel, const struct ls_dhcp_client *client, struct ls_error *err);
/* It takes along what it got; waits for its end, some seconds at most. Without a client nothing happens. */
void ls_dhcpcd_stop(const struct ls_kernel *kernel, const struct ls_dhcp_client *client);
