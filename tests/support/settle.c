/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read from /proc and over netlink: to ask programs would take ten times as long, and it is asked all the time. */
#include "support.h"

#include <criterion/criterion.h>
#include <linkspan/util.h>
#include <linux/if_addr.h>
#include <linux/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of /proc/net/if_inet6: address index length scope flags name. */
bool test_has_tentative(void)
{
	FILE *file = fopen("/proc/thread-self/net/if_inet6", "re");
	unsigned flags, found = 0;

	cr_assert_not_null(file);
	while (fscanf(file, "%*s %*s %*s %*s %x %*s", &flags) == 1)
		found |= flags & IFA_F_TENTATIVE;
	fclose(file);
	return found;
}

/* lo, dummy, vxlan and tunnel links never say; of others, the kernel tells up to a second later. */
static bool is_settled(struct rtnl_link *link)
{
	static const char *const silent[] = { "dummy", "vxlan", "wireguard", "xfrm" };
	const char *type = rtnl_link_get_type(link) ? rtnl_link_get_type(link) : "";
	unsigned flags = rtnl_link_get_flags(link);
	bool tells = !(flags & IFF_LOOPBACK);

	for (size_t i = 0; i < LS_ARRAY_SIZE(silent); i++)
		tells &= strcmp(type, silent[i]) != 0;
	switch (rtnl_link_get_operstate(link)) {
	case IF_OPER_UNKNOWN:
		return !tells;
	case IF_OPER_DOWN:
	case IF_OPER_LOWERLAYERDOWN:
		return !(flags & IFF_LOWER_UP);
	}
	return true;
}

bool test_links_are_settled(void)
{
	struct nl_sock *socket = nl_socket_alloc();
	struct nl_cache *links = NULL;
	bool settled = true;

	cr_assert_not_null(socket);
	cr_assert_eq(nl_connect(socket, NETLINK_ROUTE), 0);
	cr_assert_eq(rtnl_link_alloc_cache(socket, AF_UNSPEC, &links), 0);
	for (struct nl_object *link = nl_cache_get_first(links); link; link = nl_cache_get_next(link))
		settled &= is_settled((struct rtnl_link *)link);
	nl_cache_free(links);
	nl_socket_free(socket);
	return settled;
}

/* Lines of /proc/net/ipv6_route: to length from length via metric references uses flags link. */
char *test_ipv6_routes(void)
{
	FILE *file = fopen("/proc/thread-self/net/ipv6_route", "re"), *text;
	char to[33], from[33], via[33], link[32], *routes = NULL;
	unsigned to_length, from_length, metric, flags;
	size_t length = 0;

	cr_assert_not_null(file);
	text = open_memstream(&routes, &length);
	cr_assert_not_null(text);
	while (fscanf(file, "%32s %x %32s %x %32s %x %*x %*x %x %31s", to, &to_length, from, &from_length, via, &metric,
		       &flags, link) == 8)
		fprintf(text, "%s/%x %s/%x %s %x %x %s\n", to, to_length, from, from_length, via, metric, flags, link);
	fclose(file);
	fclose(text);
	return routes;
}
