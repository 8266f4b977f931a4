/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts around the one that is tested, each a process in a network namespace of its own. */
#include "netns_tools.h"

#include <unistd.h>

/* The process ends with the test's, however that ends. */
void ns_make_host(const char *host)
{
	ns_run("unshare -n tail --pid=%d -f /dev/null >/dev/null 2>&1 & echo $! >%s/%s; here=$(readlink "
	       "/proc/self/ns/net); until there=$(readlink /proc/$!/ns/net) && test $there != $here; do sleep 0.02; "
	       "done",
		(int)getpid(), ns_dir(), host);
	ns_on(host, "ip link set lo up; cd /proc/sys/net/ipv6/conf; echo 0 >all/accept_dad; echo 0 "
		    ">default/accept_dad; echo 0 >default/accept_ra");
}

void ns_name_host(const char *host)
{
	ns_run("echo %d >%s/%s", (int)getpid(), ns_dir(), host);
}

void ns_join(const char *link, const char *here, const char *other, const char *there)
{
	ns_run("ip link add %s netns $(cat %s/%s) type veth peer name %s netns $(cat %s/%s)", link, ns_dir(), here,
		other, ns_dir(), there);
	ns_on(here, "ip link set %s addrgenmode eui64 up", link);
	ns_on(there, "ip link set %s addrgenmode eui64 up", other);
}

bool ns_reaches(const char *host, const char *address)
{
	return ns_try(
		"nsenter -t $(cat %s/%s) -n sh -c 'for i in 1 2 3 4; do ping -c 1 -W 2 %s && exit 0; done; exit 1'",
		ns_dir(), host, address);
}

bool ns_is_refused(const char *host, const char *address)
{
	return !ns_try("nsenter -t $(cat %s/%s) -n ping -c 2 -i 0.3 -W 1 %s", ns_dir(), host, address);
}

void ns_expect_ways(const struct ns_way *ways, bool open)
{
	for (; ways->from; ways++)
		if (open)
			cr_expect(ns_reaches(ways->from, ways->to), "%s does not reach %s", ways->from, ways->to);
		else
			cr_expect(ns_is_refused(ways->from, ways->to), "%s reaches %s", ways->from, ways->to);
}
