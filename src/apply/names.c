/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking up host names. getaddrinfo(3) blocks for as long as it likes, and cannot be told to stop; so a child of ours
 * does it, by some threads, and writes each answer to a pipe as it comes. When time is up the child is killed. It keeps
 * nothing of ours open: neither the lock nor what our caller reads.
 */
#include "names.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#define THREADS_MAX 32u

/* In the pipe: far less than PIPE_BUF, so that answers do not mix (pipe(7)). */
struct answer {
	uint32_t index, n_addresses;
	int32_t status;
	struct ls_ip addresses[LS_NAME_ADDRESSES];
};

/* ---- the child --------------------------------------------------------------------------------------------------- */

struct work {
	const struct ls_name *names;
	size_t n;
	int fd;
	atomic_size_t next;
};

/* Link-local addresses mean nothing without a link. */
static bool take_address(const struct addrinfo *info, struct ls_ip *ret)
{
	*ret = (struct ls_ip){ .family = (uint8_t)info->ai_family };
	if (info->ai_family == AF_INET)
		memcpy(ret->bytes, &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr, 4);
	else if (info->ai_family == AF_INET6)
		memcpy(ret->bytes, &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr, 16);
	else
		return false;
	return !ls_ip_is_link_local(ret);
}

static void look_up(const struct ls_name *name, struct answer *answer)
{
	const struct addrinfo hints = { .ai_family = name->family ? name->family : AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM };
	struct addrinfo *list = NULL;

	answer->status = getaddrinfo(name->host, NULL, &hints, &list);
	if (answer->status)
		return;
	for (const struct addrinfo *info = list; info && answer->n_addresses < LS_NAME_ADDRESSES; info = info->ai_next)
		answer->n_addresses += take_address(info, &answer->addresses[answer->n_addresses]);
	freeaddrinfo(list);
	if (!answer->n_addresses)
		answer->status = EAI_NONAME;
}

static void *work(void *data)
{
	struct work *work = data;
	size_t i;

	while ((i = atomic_fetch_add(&work->next, 1)) < work->n) {
		struct answer answer;

		memset(&answer, 0, sizeof(answer));
		answer.index = (uint32_t)i;
		look_up(&work->names[i], &answer);
		if (write(work->fd, &answer, sizeof(answer)) < 0)
			break;
	}
	return NULL;
}

static void keep_only(int *fd)
{
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; null >= 0 && i <= 2; i++)
		dup2(null, i);
	if (*fd != 3 && dup2(*fd, 3) == 3)
		*fd = 3;
	(void)close_range(4, ~0U, 0);
}

static void child(const struct ls_name *names, size_t n, int netns, int fd, unsigned ms)
{
	struct work all = { .names = names, .n = n };
	pthread_t threads[THREADS_MAX];
	size_t n_threads = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "linkspan-names");
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	alarm(ms / 1000 + 2); /* where our parent has gone before we asked to be told */
	if (netns >= 0 && setns(netns, CLONE_NEWNET) < 0)
		return;
	keep_only(&fd);
	all.fd = fd;
	while (n_threads + 1 < n && n_threads < THREADS_MAX && !pthread_create(&threads[n_threads], NULL, work, &all))
		n_threads++;
	work(&all);
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
}

/* ---- the parent -------------------------------------------------------------------------------------------------- */

static void take_answer(struct ls_name *names, size_t n, const struct answer *answer)
{
	struct ls_name *name;

	if (answer->index >= n || answer->n_addresses > LS_NAME_ADDRESSES)
		return;
	name = &names[answer->index];
	name->answered = true;
	name->status = answer->status;
	name->n_addresses = answer->n_addresses;
	memcpy(name->addresses, answer->addresses, sizeof(name->addresses));
}

static void take_answers(struct ls_name *names, size_t n, int fd, unsigned ms)
{
	double deadline = ls_now() + ms / 1000.0, left;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct answer answer;

	while ((left = deadline - ls_now()) > 0) {
		if (poll(&poller, 1, (int)(left * 1000) + 1) <= 0 ||
			read(fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
			break;
		take_answer(names, n, &answer);
	}
}

int ls_names_resolve(struct ls_name *names, size_t n, int netns, unsigned ms)
{
	int ends[2], code;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	code = -errno;
	if (pid == 0) {
		child(names, n, netns, ends[1], ms);
		_exit(0);
	}
	ls_close(&ends[1]);
	if (pid > 0) {
		take_answers(names, n, ends[0], ms);
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	ls_close(&ends[0]);
	return pid < 0 ? code : 0;
}
