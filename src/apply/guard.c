/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: a child in a session of its own, forked before the first message. It waits on a pipe whose other end only
 * the run holds. A byte says that the run has come to an end by itself; the end of file without one says that the run
 * died, and then the guard recovers. It holds the lock meanwhile, since it inherited it.
 */
#include "state.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define END_WAIT_MS 1000

static bool run_ended_itself(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The terminal's signals and an impatient operator's are for the run, not for what makes good after it. */
static void ignore_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

	for (size_t i = 0; i < LS_ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

/* Whoever reads the run's output must not wait for the guard: it keeps none of the standard descriptors. */
static void let_go_of_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	ls_close(&null);
}

static void guard(struct ls_host *host, int fd)
{
	struct ls_kernel *kernel = NULL;

	setsid();
	ignore_signals();
	let_go_of_output();
	prctl(PR_SET_NAME, "linkspan-guard");
	if (run_ended_itself(fd))
		return;
	/* The run may have died between its commit and the removal of the journal. */
	if (ls_state_read_current(host, NULL) < 0)
		return;
	/* The run's sockets may hold answers to its last messages: talk to the kernel through new ones. */
	if (ls_kernel_open(&kernel, NULL) < 0)
		return;
	host->kernel = kernel;
	/* The run wrote down what its way back needs. */
	if (ls_keys_load(host, NULL) < 0)
		return;
	ls_recover(host, NULL, NULL);
}

int ls_guard_start(struct ls_host *host, struct ls_guard *ret, struct ls_error *err)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return ls_error_set(err, -errno, "cannot make the guard's socket: %s", strerror(errno));
	pid = fork();
	if (pid < 0) {
		int code = -errno;

		ls_close(&ends[0]);
		ls_close(&ends[1]);
		return ls_error_set(err, code, "cannot start the guard: %s", strerror(-code));
	}
	if (pid == 0) {
		ls_close(&ends[1]);
		guard(host, ends[0]);
		_exit(0);
	}
	ls_close(&ends[0]);
	*ret = (struct ls_guard){ .pid = pid, .socket = ends[1] };
	return 0;
}

/* It ends at once, unless somebody has stopped it: that must not stop us. */
static void wait_for_end(pid_t pid)
{
	LS_CLEANUP(ls_close) int fd = pidfd_open(pid, 0);

	if (fd >= 0)
		(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, END_WAIT_MS);
	(void)waitpid(pid, NULL, WNOHANG);
}

void ls_guard_dismiss(struct ls_guard *guard)
{
	ssize_t n;

	if (guard->socket < 0)
		return;
	do
		n = send(guard->socket, "", 1, MSG_NOSIGNAL); /* somebody may have killed it */
	while (n < 0 && errno == EINTR);
	ls_close(&guard->socket);
	guard->socket = -1;
	wait_for_end(guard->pid);
}
