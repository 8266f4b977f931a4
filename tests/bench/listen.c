/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listen COMMAND [ARGUMENT]...: joins every group in which the kernel tells of changes to links, addresses, routes,
 * rules, neighbours, next hops and the sysctls that are told of, runs the command, and prints how many messages there
 * were while it ran; on standard error of which types. What the receive queue had no room for counts as one more. The
 * command's standard output goes to standard error.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define QUEUE_SIZE (64 << 20)
#define POLL_MS 20

static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP, RTNLGRP_IPV4_NETCONF,
	RTNLGRP_IPV6_NETCONF };

static uint8_t buffer[65536];
static unsigned long seen[__RTM_MAX + 1];
static unsigned long n_seen;

static int open_listener(void)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const int size = QUEUE_SIZE;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -1;
	/* Without an address a socket has the kernel's own, 0, and senders do not hear themselves. */
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
			return -1;
	return fd;
}

static void count(int length)
{
	for (const struct nlmsghdr *message = (const void *)buffer; NLMSG_OK(message, (unsigned)length);
		message = NLMSG_NEXT(message, length)) {
		n_seen++;
		if (message->nlmsg_type <= __RTM_MAX)
			seen[message->nlmsg_type]++;
	}
}

static void drain(int fd)
{
	for (;;) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

		if (length >= 0)
			count((int)length);
		else if (errno == ENOBUFS)
			n_seen++;
		else if (errno != EINTR)
			return;
	}
}

static pid_t start(char *argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	return pid;
}

int main(int argc, char *argv[])
{
	struct pollfd waiting = { .fd = open_listener(), .events = POLLIN };
	int status = 0;
	pid_t pid;

	if (argc < 2 || waiting.fd < 0) {
		perror("listen");
		return EXIT_FAILURE;
	}
	pid = start(argv + 1);
	if (pid < 0)
		return EXIT_FAILURE;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		poll(&waiting, 1, POLL_MS);
		drain(waiting.fd);
	}
	drain(waiting.fd);
	for (unsigned type = 0; type <= __RTM_MAX; type++)
		if (seen[type])
			fprintf(stderr, "type %u: %lu\n", type, seen[type]);
	printf("%lu\n", n_seen);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
