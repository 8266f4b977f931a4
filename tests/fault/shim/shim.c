/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded under the program: counts what it does to the kernel and to its state directory, and at the point asked for
 * something goes wrong. Counts live in a shared file, since a process that is killed has no last words. Built as a
 * shared object of its own.
 *
 * Points stand for what can happen between two steps of the kernel: a batch is one sendmsg, yet it is cut before the
 * n-th message, as it would have been had the run died or the stranger come at that moment.
 */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIGH_FD 700
#define BATCH_MAX (256u << 10)
#define N_FDS 256

struct fault {
	enum fault_action action;
	enum fault_point point;
	uint32_t n;
	char command[1024];
};

static struct fault here, guard; /* of this process, and of the one that it forks */
static struct fault_report *report;
static struct fault_counts *counts;
static struct fault_report unshared; /* when nobody asks for a report */
static char state[PATH_MAX];
static size_t state_length;
static int log_fd = -1;
static bool changes[N_FDS]; /* sockets that a modifying message went through */
static bool starving;       /* an ack was dropped: waiting for it need not take its time */

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

/* ---- set up ------------------------------------------------------------------------------------------------------ */

#define WORD(name, word) word,
static const char *const points[] = { FAULT_POINTS(WORD) };
static const char *const actions[] = { FAULT_ACTIONS(WORD) };

static unsigned find_word(const char *const *words, unsigned n, const char *word)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return i;
	fprintf(stderr, "shim: there is no '%s'\n", word);
	_exit(99);
}

static void read_fault(const char *name, struct fault *fault)
{
	const char *text = getenv(name);
	char action[16], point[16];
	int at = 0;

	if (!text)
		return;
	if (sscanf(text, "%15[^:]:%15[^:]:%u%n", action, point, &fault->n, &at) != 3) {
		fprintf(stderr, "shim: '%s' is no fault\n", text);
		_exit(99);
	}
	fault->action = find_word(actions, sizeof(actions) / sizeof(actions[0]), action);
	fault->point = find_word(points, FAULT_N_POINTS, point);
	snprintf(fault->command, sizeof(fault->command), "%s", text[at] == ':' ? text + at + 1 : "");
	unsetenv(name);
}

static int open_high(const char *path, int flags)
{
	int fd = open(path, flags, 0600), high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (fd >= 0)
		close(fd);
	return high;
}

static void share_report(const char *path)
{
	int fd = path ? open_high(path, O_RDWR) : -1;
	void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	report = page == MAP_FAILED ? &unshared : page;
	counts = &report->run;
	if (fd >= 0)
		close(fd);
}

static void fire(enum fault_point point);
static bool reach(enum fault_point point);

static void become_guard(void)
{
	here = guard;
	counts = &report->guard;
	memset(changes, 0, sizeof(changes));
	starving = false;
	if (reach(FAULT_LIFE))
		fire(FAULT_LIFE);
}

/* What it starts itself (a stranger's command) must not be shimmed: the environment is cleared. */
__attribute__((constructor)) static void begin(void)
{
	const char *directory = getenv("LS_FAULT_STATE"), *log = getenv("LS_FAULT_LOG");

	read_fault("LS_FAULT", &here);
	read_fault("LS_FAULT_GUARD", &guard);
	share_report(getenv("LS_FAULT_REPORT"));
	if (directory) {
		snprintf(state, sizeof(state), "%s", directory);
		state_length = strlen(state);
	}
	if (log)
		log_fd = open_high(log, O_WRONLY | O_CREAT | O_APPEND);
	unsetenv("LD_PRELOAD");
	unsetenv("LS_FAULT_REPORT");
	pthread_atfork(NULL, NULL, become_guard);
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

/* Counts a point; true when it is the one. */
static bool reach(enum fault_point point)
{
	uint32_t n = ++counts->reached[point];

	return here.action != FAULT_DO_NONE && here.point == point && here.n == n;
}

/* What the process itself does not notice. */
static void fire(enum fault_point point)
{
	int saved = errno;

	(void)point;
	counts->fired++;
	if (here.action == FAULT_DO_KILL)
		kill(getpid(), SIGKILL);
	else if (here.action == FAULT_DO_TERM)
		kill(getpid(), SIGTERM);
	else if (here.action == FAULT_DO_RUN)
		counts->status = system(here.command);
	errno = saved;
}

static void pass(enum fault_point point)
{
	if (reach(point))
		fire(point);
}

/* ---- netlink ----------------------------------------------------------------------------------------------------- */

/* -1: no netlink socket. */
static int netlink_protocol(int fd)
{
	int domain = 0, protocol = -1;
	socklen_t length = sizeof(domain);

	if (fd < 0 || fd >= N_FDS || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) || domain != AF_NETLINK ||
		getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length))
		return -1;
	return protocol;
}

static const struct rtattr *find_attr(const struct nlmsghdr *message, size_t header, unsigned type)
{
	const struct rtattr *attr = (const void *)((const char *)message + NLMSG_SPACE(header));
	size_t length = message->nlmsg_len < NLMSG_SPACE(header) ? 0 : message->nlmsg_len - NLMSG_SPACE(header);

	for (; RTA_OK(attr, length); attr = RTA_NEXT(attr, length))
		if (attr->rta_type == type)
			return attr;
	return NULL;
}

/* A link with a MAC of one byte cannot be made: that asks whether the kernel has its type. */
static bool is_question(const struct nlmsghdr *message)
{
	const struct rtattr *mac = find_attr(message, sizeof(struct ifinfomsg), IFLA_ADDRESS);

	return message->nlmsg_type == RTM_NEWLINK && mac && RTA_PAYLOAD(mac) == 1;
}

/* A state with a replay window that is larger than its bitmap: likewise, of its transform. */
static bool is_xfrm_question(const struct nlmsghdr *message)
{
	const struct rtattr *replay = find_attr(message, sizeof(struct xfrm_usersa_info), XFRMA_REPLAY_ESN_VAL);

	return message->nlmsg_type == XFRM_MSG_NEWSA && replay;
}

/* rtnetlink_rcv_msg: types come in fours, new, delete, get, set. */
static bool is_change(const struct nlmsghdr *message)
{
	return message->nlmsg_type >= RTM_BASE && (message->nlmsg_type & 3) != 2 && !is_question(message);
}

#define NFT_BEGIN 0x10 /* NFNL_MSG_BATCH_BEGIN */

static ssize_t send_part(int fd, const struct msghdr *like, const void *data, size_t length, int flags)
{
	struct iovec part = { (void *)(uintptr_t)data, length };
	struct msghdr message = *like;
	REAL(sendmsg);

	message.msg_iov = &part;
	message.msg_iovlen = 1;
	return length ? real(fd, &message, flags) : 0;
}

/* The fault comes before `message`; spoiling is the one that changes it instead. */
static bool hit(struct nlmsghdr *message)
{
	if (!reach(FAULT_CHANGE))
		return false;
	if (here.action != FAULT_DO_SPOIL)
		return true;
	counts->fired++;
	message->nlmsg_type = RTM_MAX + 1; /* EOPNOTSUPP, and the rest of the batch goes on */
	return false;
}

static ssize_t send_batch(int fd, const struct msghdr *datagram, int flags)
{
	static uint8_t batch[BATCH_MAX] __attribute__((aligned(8)));
	size_t length = 0, sent = 0;

	for (size_t i = 0; i < datagram->msg_iovlen; i++) {
		if (length + datagram->msg_iov[i].iov_len > sizeof(batch))
			abort();
		memcpy(batch + length, datagram->msg_iov[i].iov_base, datagram->msg_iov[i].iov_len);
		length += datagram->msg_iov[i].iov_len;
	}
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= length;) {
		struct nlmsghdr *message = (void *)(batch + at);

		if (is_change(message)) {
			changes[fd] = true;
			if (hit(message)) {
				send_part(fd, datagram, batch + sent, at - sent, flags);
				sent = at;
				fire(FAULT_CHANGE);
			}
		}
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	return send_part(fd, datagram, batch + sent, length - sent, flags) < 0 ? -1 : (ssize_t)length;
}

/* A transaction is one change, whatever is in it. Spoiled, its first message is of a type that there is not. */
static ssize_t send_transaction(int fd, const struct msghdr *datagram, int flags)
{
	struct nlmsghdr *begin = datagram->msg_iov[0].iov_base, *first;
	REAL(sendmsg);

	if (begin->nlmsg_type != NFT_BEGIN)
		return real(fd, datagram, flags);
	pass(FAULT_SEND);
	changes[fd] = true;
	if (reach(FAULT_CHANGE)) {
		first = (void *)((char *)begin + NLMSG_ALIGN(begin->nlmsg_len));
		if (here.action == FAULT_DO_SPOIL) {
			counts->fired++;
			first->nlmsg_type |= 0xff;
		} else {
			fire(FAULT_CHANGE);
		}
	}
	return real(fd, datagram, flags);
}

/* Generic netlink and XFRM: a message each, and one that asks to be acknowledged changes something. Spoiled, it is of a
 * family or a type that there is not. */
static ssize_t send_single(int fd, int protocol, const struct msghdr *datagram, int flags)
{
	struct nlmsghdr *message = datagram->msg_iov[0].iov_base;
	REAL(sendmsg);

	if (!(message->nlmsg_flags & NLM_F_ACK) || (protocol == NETLINK_XFRM && is_xfrm_question(message)))
		return real(fd, datagram, flags);
	pass(FAULT_SEND);
	changes[fd] = true;
	if (reach(FAULT_CHANGE)) {
		if (here.action == FAULT_DO_SPOIL) {
			counts->fired++;
			message->nlmsg_type = 0xffff;
		} else {
			fire(FAULT_CHANGE);
		}
	}
	return real(fd, datagram, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	int protocol = netlink_protocol(fd);
	REAL(sendmsg);

	switch (protocol) {
	case NETLINK_ROUTE:
		pass(FAULT_SEND);
		return send_batch(fd, message, flags);
	case NETLINK_NETFILTER:
		return send_transaction(fd, message, flags);
	case NETLINK_GENERIC:
	case NETLINK_XFRM:
		return send_single(fd, protocol, message, flags);
	}
	return real(fd, message, flags);
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_length)
{
	struct iovec part = { (void *)(uintptr_t)data, length };
	struct msghdr message = {

		.msg_name = (void *)(uintptr_t)to.__sockaddr__,
		.msg_namelen = to_length,
		.msg_iov = &part,
		.msg_iovlen = 1
	};

	return sendmsg(fd, &message, flags);
}

/* Takes the ack out of the datagram; what is left of it. */
static ssize_t drop_acks(uint8_t *data, ssize_t length)
{
	ssize_t at = 0;

	while (at + (ssize_t)sizeof(struct nlmsghdr) <= length) {
		const struct nlmsghdr *message = (const void *)(data + at);
		ssize_t size = NLMSG_ALIGN(message->nlmsg_len);

		if (message->nlmsg_type == NLMSG_ERROR && reach(FAULT_ACK)) {
			if (here.action == FAULT_DO_DROP) {
				counts->fired++;
				starving = true;
				memmove(data + at, data + at + size,
					(size_t)(length - at > size ? length - at - size : 0));
				length -= size < length - at ? size : length - at;
				continue;
			}
			fire(FAULT_ACK);
		}
		at += size;
	}
	return length;
}

static ssize_t lose_queue(int fd)
{
	uint8_t data[65536];

	counts->fired++;
	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) >= 0)
		;
	errno = ENOBUFS;
	return -1;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t length;
	REAL(recvmsg);

	if (fd < 0 || fd >= N_FDS || !changes[fd])
		return real(fd, message, flags);
	if (reach(FAULT_RECEIVE)) {
		if (here.action == FAULT_DO_NOBUFS)
			return lose_queue(fd);
		fire(FAULT_RECEIVE);
	}
	do {
		length = real(fd, message, flags);
		if (length <= 0)
			return length;
		length = drop_acks(message->msg_iov[0].iov_base, length);
	} while (length == 0);
	return length;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	REAL(poll);

	return real(fds, n, starving && n == 1 && fds[0].fd < N_FDS && changes[fds[0].fd] ? 0 : timeout);
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
	(void)size;
	return poll(fds, n, timeout);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const char *path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	path[length < 0 ? 0 : length] = '\0';
	return path;
}

static const char *path_at(int fd, const char *name, char path[PATH_MAX])
{
	char directory[PATH_MAX];

	if (name[0] == '/' || fd == AT_FDCWD)
		snprintf(path, PATH_MAX, "%s", name);
	else if (snprintf(path, PATH_MAX, "%s/%s", path_of(fd, directory), name) >= PATH_MAX)
		abort();
	return path;
}

static bool is_sysctl(int fd)
{
	char path[PATH_MAX];

	return !strncmp(path_of(fd, path), "/proc/sys/", 10) || !strncmp(path, "/sys/net/", 9);
}

/* The path below the state directory, or NULL. */
static const char *in_state(const char *path)
{
	if (!state_length || strncmp(path, state, state_length) != 0)
		return NULL;
	return path[state_length] == '/' ? path + state_length + 1 : path[state_length] ? NULL : "";
}

static uint64_t inode_of(int fd)
{
	struct stat info;

	return fstat(fd, &info) < 0 ? 0 : info.st_ino;
}

static ssize_t write_for_real(int fd, const void *data, size_t length)
{
	REAL(write);

	return real(fd, data, length);
}

static void note(struct fault_log_entry entry, const char *path, const char *target, const void *data)
{
	int saved = errno;

	if (log_fd >= 0) {
		snprintf(entry.path, sizeof(entry.path), "%s", path);
		snprintf(entry.target, sizeof(entry.target), "%s", target ? target : "");
		if (write_for_real(log_fd, &entry, sizeof(entry)) < 0 ||
			(entry.length && write_for_real(log_fd, data, entry.length) < 0))
			abort();
	}
	errno = saved;
}

/* A call at a file of the state directory: true when it is to fail for want of room. */
static bool is_full(enum fault_point point, const char *inside)
{
	if (here.action == FAULT_DO_FULL && !inside)
		return false;
	if (!reach(point))
		return false;
	if (here.action != FAULT_DO_FULL) {
		fire(point);
		return false;
	}
	counts->fired++;
	errno = ENOSPC;
	return true;
}

static ssize_t write_sysctl(int fd, const void *data, size_t length)
{
	if (reach(FAULT_CHANGE)) {
		if (here.action == FAULT_DO_SPOIL) {
			counts->fired++;
			errno = EINVAL;
			return -1;
		}
		fire(FAULT_CHANGE);
	}
	return write_for_real(fd, data, length);
}

ssize_t write(int fd, const void *data, size_t length)
{
	char path[PATH_MAX];
	const char *inside;
	off_t offset;
	ssize_t n;

	if (is_sysctl(fd))
		return write_sysctl(fd, data, length);
	inside = in_state(path_of(fd, path));
	offset = inside ? lseek(fd, 0, SEEK_CUR) : 0;
	if (is_full(FAULT_WRITE, inside))
		return -1;
	n = write_for_real(fd, data, length);
	if (n > 0 && inside)
		note((struct fault_log_entry){ FAULT_LOG_WRITE, (uint32_t)n, (uint64_t)offset, inode_of(fd), "", "" },
			inside, NULL, data);
	return n;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
	char path[PATH_MAX];
	const char *inside = in_state(path_of(fd, path));
	ssize_t n;
	REAL(pwrite);

	if (is_full(FAULT_WRITE, inside))
		return -1;
	n = real(fd, data, length, offset);
	if (n > 0 && inside)
		note((struct fault_log_entry){ FAULT_LOG_WRITE, (uint32_t)n, (uint64_t)offset, inode_of(fd), "", "" },
			inside, NULL, data);
	return n;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
	return pwrite(fd, data, length, offset);
}

int fsync(int fd)
{
	char path[PATH_MAX];
	const char *inside = in_state(path_of(fd, path));
	int r;
	REAL(fsync);

	if (is_full(FAULT_SYNC, inside))
		return -1;
	r = real(fd);
	if (r == 0 && inside)
		note((struct fault_log_entry){ .op = FAULT_LOG_SYNC, .inode = inode_of(fd) }, inside, NULL, NULL);
	return r;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *inside = in_state(path_at(from_fd, from, path)), *goal = in_state(path_at(to_fd, to, target));
	int r;
	REAL(renameat2);

	pass(FAULT_RENAME);
	r = real(from_fd, from, to_fd, to, flags);
	if (r == 0 && inside && goal)
		note((struct fault_log_entry){ .op = FAULT_LOG_RENAME }, inside, goal, NULL);
	return r;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int fd, const char *name, int flags)
{
	char path[PATH_MAX];
	const char *inside = in_state(path_at(fd, name, path));
	int r;
	REAL(unlinkat);

	pass(FAULT_UNLINK);
	r = real(fd, name, flags);
	if (r == 0 && inside)
		note((struct fault_log_entry){ .op = FAULT_LOG_UNLINK }, inside, NULL, NULL);
	return r;
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

static int mkdirat_for_real(int fd, const char *name, mode_t mode)
{
	REAL(mkdirat);

	return real(fd, name, mode);
}

int mkdirat(int fd, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	const char *inside;
	struct stat info = { 0 };
	int r;

	if (!counts) /* a sanitizer that is not ready yet itself: nothing of libc may be called */
		return (int)syscall(SYS_mkdirat, fd, name, mode);
	inside = in_state(path_at(fd, name, path));
	r = mkdirat_for_real(fd, name, mode);
	if (r == 0 && inside && !stat(path, &info))
		note((struct fault_log_entry){ .op = FAULT_LOG_MKDIR, .inode = info.st_ino }, inside, NULL, NULL);
	return r;
}

int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

/* Only opening to write is of interest, and for that a mode is given. */
int openat(int fd, const char *name, int flags, ...)
{
	const char *inside = NULL;
	char path[PATH_MAX];
	mode_t mode = 0;
	int r;
	REAL(openat);

	if (flags & O_CREAT) {
		va_list args;

		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
		inside = in_state(path_at(fd, name, path));
		if (is_full(FAULT_OPEN, inside))
			return -1;
	}
	r = real(fd, name, flags, mode);
	if (r >= 0 && inside)
		note((struct fault_log_entry){ .op = FAULT_LOG_CREATE,
			     .inode = inode_of(r),
			     .length = 0,
			     .offset = flags & O_TRUNC ? 1 : 0 },
			inside, NULL, NULL);
	return r;
}

int openat64(int fd, const char *name, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list args;

		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return openat(fd, name, flags, mode);
}
