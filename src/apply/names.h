/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply, inside: addresses of host names. */
#pragma once

#include <linkspan/util.h>

#define LS_NAME_ADDRESSES 16u

struct ls_name {
	char *host;
	uint8_t family; /* AF_INET, AF_INET6; 0: either */
	bool answered;
	int status; /* EAI_*; 0: there are addresses */
	uint32_t n_addresses;
	struct ls_ip addresses[LS_NAME_ADDRESSES]; /* the first ones, in the order of getaddrinfo(3) */
};

/* Looks all of them up, as the processes in the network namespace `netns` (a descriptor, or -1: this one) do. Returns
 * when all have answered, after `ms` milliseconds, or when a signal comes; those that have not answered then are as
 * they were. -errno: nobody could be asked. */
int ls_names_resolve(struct ls_name *names, size_t n, int netns, unsigned ms);
