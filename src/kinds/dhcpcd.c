/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcpcd (Debian's dhcpcd-base, 9.4), with a configuration of ours: addresses and, for IPv4, their routes, and nothing
 * that would go elsewhere (resolver, host name, time). It outlives the run. dhcpcd writes over its command line and its
 * environment and locks itself up in an empty directory, but a file that it was given stays open in it and in its
 * children: the one with its configuration, in memory, whose name is the mark and tells family and link.
 *
 * For IPv6 router advertisements stay the kernel's (noipv6rs): dhcpcd asks by DHCPv6, and whatever it was told it sets
 * the link's addr_gen_mode to none (if_setup_inet6), makes the link-local address itself from then on, and never sets
 * the mode back. What it was stands in the configuration, as a comment: whoever stops the client sets it back.
 */
#include "dhcpcd.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARK "linkspan-dhcp"
#define STOP_MS 500 /* it takes back the address and its routes first */
#define STOP_TRIES 12
#define MODE_COMMENT "# addr_gen_mode "
#define ADDR_GEN_MODE_NONE '1' /* IN6_ADDR_GEN_MODE_NONE (linux/if_link.h), as its sysctl says it */

/* nodelay: DHCPv6's first message, too, would wait for up to a second (RFC 8415, 18.2.1), which is for many hosts that
 * start at once. */
static const struct {
	const char *option, *configuration;
} families[] = {
	/* classless_static_routes (RFC 3442): some clouds give the default route only there. */
	[LS_FAMILY_IPV4] = { "-4", "ipv4only\n"
				   "noipv4ll\n"
				   "nodelay\n"
				   "timeout 0\n"
				   "script /bin/true\n"
				   "option subnet_mask, broadcast_address, routers, classless_static_routes\n" },
	[LS_FAMILY_IPV6] = { "-6", "ipv6only\n"
				   "noipv6rs\n"
				   "ia_na\n"
				   "nodelay\n"
				   "timeout 0\n"
				   "script /bin/true\n" },
};

const char *ls_dhcpcd_program(void)
{
	static const char *const programs[] = { "/usr/sbin/dhcpcd", "/sbin/dhcpcd" };

	for (size_t i = 0; i < LS_ARRAY_SIZE(programs); i++)
		if (access(programs[i], X_OK) == 0)
			return programs[i];
	return NULL;
}

/* It has its pid files here as long as it runs. */
bool ls_dhcpcd_may_run(void)
{
	DIR *directory = opendir("/run/dhcpcd");
	struct dirent *entry;
	bool found = false;

	while (directory && !found && (entry = readdir(directory)))
		found = entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return found;
}

/* ---- the mark ---------------------------------------------------------------------------------------------------- */

/* "linkspan-dhcp4:eth0" */
static void write_mark(const struct ls_dhcp_client *client, char *name, size_t size)
{
	snprintf(name, size, MARK "%c:%s", client->family == LS_FAMILY_IPV4 ? '4' : '6', client->dev);
}

/* A link to such a file reads "/memfd:linkspan-dhcp4:eth0 (deleted)". */
static bool read_mark(const char *target, uint8_t *ret_family, char dev[static IFNAMSIZ])
{
	static const char beginning[] = "/memfd:" MARK;
	const char *rest = target + sizeof(beginning) - 1;

	if (strncmp(target, beginning, sizeof(beginning) - 1) != 0 || (rest[0] != '4' && rest[0] != '6') ||
		rest[1] != ':')
		return false;
	*ret_family = rest[0] == '4' ? LS_FAMILY_IPV4 : LS_FAMILY_IPV6;
	return snprintf(dev, IFNAMSIZ, "%.*s", (int)strcspn(rest + 2, " "), rest + 2) < IFNAMSIZ;
}

/* The configuration of a process; -1: it has none of ours. */
static int open_configuration(pid_t pid, uint8_t *ret_family, char dev[static IFNAMSIZ])
{
	char path[64], target[128];
	struct dirent *entry;
	DIR *directory;
	int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	while (directory && fd < 0 && (entry = readdir(directory))) {
		ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		if (read_mark(target, ret_family, dev))
			fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC);
	}
	if (directory)
		closedir(directory);
	return fd;
}

static int open_ours(pid_t pid, uint8_t *ret_family, char dev[static IFNAMSIZ])
{
	char name[32];

	return ls_process_text(pid, "comm", name, sizeof(name)) && !strcmp(name, "dhcpcd") &&
			       ls_process_shares_network(pid)
		       ? open_configuration(pid, ret_family, dev)
		       : -1;
}

bool ls_dhcpcd_is_ours(pid_t pid, uint8_t *ret_family, char dev[static IFNAMSIZ])
{
	LS_CLEANUP(ls_close) int fd = open_ours(pid, ret_family, dev);

	return fd >= 0;
}

/* ---- addr_gen_mode ----------------------------------------------------------------------------------------------- */

/* One digit: enum in6_addr_gen_mode (linux/if_link.h); '\0': there is none. */
static char read_digit(int fd, off_t at)
{
	char digit;

	return fd >= 0 && pread(fd, &digit, 1, at) == 1 ? digit : '\0';
}

static int open_mode(const struct ls_kernel *kernel, const struct ls_dhcp_client *client)
{
	char path[64];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/addr_gen_mode", client->dev);
	return client->family == LS_FAMILY_IPV6 ? openat(kernel->proc_sys, path, O_RDWR | O_CLOEXEC) : -1;
}

/* With the mode the kernel makes a link-local address again, where there is none. Somebody else's choice stays. */
static void set_mode_back(const struct ls_kernel *kernel, const struct ls_dhcp_client *client, char mode)
{
	LS_CLEANUP(ls_close) int fd = mode ? open_mode(kernel, client) : -1;

	if (read_digit(fd, 0) == ADDR_GEN_MODE_NONE && mode != ADDR_GEN_MODE_NONE)
		(void)!pwrite(fd, &mode, 1, 0);
}

/* ---- stopping ---------------------------------------------------------------------------------------------------- */

struct doomed {
	const struct ls_dhcp_client *client;
	int signal;
	bool leaders_only;
	int waiting; /* a pidfd of one that was told, or -1 */
	char mode;   /* addr_gen_mode, as it was before the client; '\0': not known */
};

static bool is_doomed(pid_t pid, struct doomed *doomed)
{
	char dev[IFNAMSIZ];
	uint8_t family;
	LS_CLEANUP(ls_close) int fd = open_ours(pid, &family, dev);

	if (fd < 0 || family != doomed->client->family || strcmp(dev, doomed->client->dev) != 0)
		return false;
	if (family == LS_FAMILY_IPV6)
		doomed->mode = read_digit(fd, sizeof(MODE_COMMENT) - 1);
	return !doomed->leaders_only || getsid(pid) == pid;
}

/* By pidfd, and looked at again once it is held: the number may have gone to another process. */
static void tell(pid_t pid, void *data)
{
	struct doomed *doomed = data;
	int fd = is_doomed(pid, doomed) ? pidfd_open(pid, 0) : -1;

	if (fd >= 0 && is_doomed(pid, doomed) && pidfd_send_signal(fd, doomed->signal, NULL, 0) == 0) {
		ls_close(&doomed->waiting);
		doomed->waiting = fd;
	} else {
		ls_close(&fd);
	}
}

static void tell_and_wait(struct doomed *doomed, int signal, bool leaders_only)
{
	doomed->signal = signal;
	doomed->leaders_only = leaders_only;
	ls_process_each(tell, doomed);
	/* A SIGTERM may get lost (9.4.1, one in four where the link had just come up): again, then. */
	for (int i = 0; doomed->waiting >= 0 && i < STOP_TRIES; i++) {
		if (poll(&(struct pollfd){ .fd = doomed->waiting, .events = POLLIN }, 1, STOP_MS) > 0)
			break;
		(void)pidfd_send_signal(doomed->waiting, signal, NULL, 0); /* also when a signal has ended the wait */
	}
	ls_close(&doomed->waiting);
}

/* Then whatever is left of it: children outlive one that was killed. */
void ls_dhcpcd_stop(const struct ls_kernel *kernel, const struct ls_dhcp_client *client)
{
	struct doomed doomed = { .client = client, .waiting = -1 };

	tell_and_wait(&doomed, SIGTERM, true);
	tell_and_wait(&doomed, SIGKILL, false);
	set_mode_back(kernel, client, doomed.mode);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static int write_configuration(const struct ls_kernel *kernel, const struct ls_dhcp_client *client)
{
	LS_CLEANUP(ls_close) int mode_fd = open_mode(kernel, client);
	char name[sizeof(MARK) + 2 + IFNAMSIZ], mode = read_digit(mode_fd, 0);
	int fd;

	write_mark(client, name, sizeof(name));
	fd = memfd_create(name, 0);
	if (fd >= 0 &&
		dprintf(fd, MODE_COMMENT "%c\n%s", mode ? mode : '-', families[client->family].configuration) < 0)
		ls_close(&fd);
	return fd;
}

/* What this process ignores (a guard does SIGTERM) or holds back, that one would, too. */
static void forget_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_client(const struct ls_dhcp_client *client, int file, int report)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char argument[32];
	const char *const argv[] = { "dhcpcd", "-q", "-B", families[client->family].option, "-f", argument, client->dev,
		NULL };
	char *const environment[] = { path, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), code;

	forget_signals();
	snprintf(argument, sizeof(argument), "/proc/self/fd/%d", file);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		(void)dup2(null, fd);
	if (setsid() >= 0 && chdir("/") == 0)
		(void)execve(ls_dhcpcd_program(), (char *const *)(uintptr_t)argv, environment);
	code = errno;
	(void)!write(report, &code, sizeof(code));
	_exit(1);
}

/* By a child that goes at once: nobody waits for the client itself. Returns 0 once it is another program. */
int ls_dhcpcd_start(const struct ls_kernel *kernel, const struct ls_dhcp_client *client, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int file = write_configuration(kernel, client);
	int ends[2], code = 0;
	pid_t pid;

	if (file < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return ls_error_set(err, -errno, "cannot start a DHCP client: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		pid = fork();
		code = errno;
		if (pid == 0)
			become_client(client, file, ends[1]);
		if (pid < 0)
			(void)!write(ends[1], &code, sizeof(code));
		_exit(0);
	}
	close(ends[1]);
	if (pid < 0)
		code = errno;
	else if (waitpid(pid, NULL, 0) < 0 || read(ends[0], &code, sizeof(code)) != sizeof(code))
		code = 0;
	close(ends[0]);
	return code ? ls_error_set(err, -code, "cannot start dhcpcd: %s", strerror(code)) : 0;
}
