/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state directory, the epoch and the lock. The lock is two: flock on a file, for the state directory, and an
 * abstract socket in the namespace, because two state directories must not fight over one namespace. Both are inherited
 * by the guard and last until the last of the two processes is gone, so a recovery by the guard is as exclusive as the
 * run was.
 */
#include "state.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* ---- epoch ------------------------------------------------------------------------------------------------------- */

bool ls_epoch_same(const struct ls_epoch *a, const struct ls_epoch *b)
{
	return !memcmp(a->machine, b->machine, sizeof(a->machine)) && !memcmp(a->boot, b->boot, sizeof(a->boot)) &&
	       a->netns == b->netns;
}

/* 32 hex digits, dashes between them allowed. */
static void read_id(const char *path, uint8_t ret[16])
{
	char text[64] = "";
	size_t digits = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	for (const char *p = text; *p && digits < 32; p++) {
		const char *hex = "0123456789abcdef", *found = strchr(hex, *p | 0x20);

		if (!found)
			continue;
		ret[digits / 2] = (uint8_t)(ret[digits / 2] << 4 | (found - hex));
		digits++;
	}
}

static int read_epoch(struct ls_epoch *ret, struct ls_error *err)
{
	int r;

	*ret = (struct ls_epoch){ 0 };
	read_id("/etc/machine-id", ret->machine);
	read_id("/proc/sys/kernel/random/boot_id", ret->boot);
	r = ls_netns_cookie(&ret->netns);
	return r < 0 ? ls_error_set(err, r, "cannot identify the network namespace: %s", strerror(-r)) : 0;
}

/* ---- the directory ----------------------------------------------------------------------------------------------- */

static int enter_netns(struct ls_host *host, const char *name, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = -1;
	char path[PATH_MAX];

	if (!name)
		return 0;
	if (!*name || strchr(name, '/') || name[0] == '.')
		return ls_error_set(err, -EINVAL, "'%s' is not a name of a network namespace", name);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ls_error_set(err, -errno, "no network namespace '%s': %s: %s", name, path, strerror(errno));
	host->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setns(fd, CLONE_NEWNET) < 0)
		return ls_error_set(err, -errno, "cannot enter network namespace '%s': %s", name, strerror(errno));
	return 0;
}

static bool may_configure(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return false;
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

static int make_directories(char *path, struct ls_error *err)
{
	for (char *p = path + 1;; p++) {
		char kept = *p;

		if (kept && kept != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			int code = -errno;

			ls_error_set(err, code, "cannot make the state directory %s: %s", path, strerror(-code));
			*p = kept;
			return code;
		}
		*p = kept;
		if (!kept)
			return 0;
	}
}

static int open_directories(struct ls_host *host, struct ls_error *err)
{
	host->dirfd = open(host->state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	host->hidden = host->dirfd < 0 && errno == EACCES;
	if (host->dirfd < 0 && (errno == ENOENT || errno == EACCES))
		return 0; /* nothing recorded, as far as we may know */
	if (host->dirfd < 0)
		return ls_error_set(
			err, -errno, "cannot open the state directory %s: %s", host->state_path, strerror(errno));
	host->generationsfd = openat(host->dirfd, "generations", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

/* Nothing is written before a run holds the lock, so the directories are made by the first that wants it. */
static int need_directories(struct ls_host *host, struct ls_error *err)
{
	int r;

	if (host->generationsfd >= 0)
		return 0;
	r = make_directories(host->state_path, err);
	if (r >= 0 && host->dirfd < 0)
		r = open_directories(host, err);
	if (r < 0 || host->generationsfd >= 0)
		return r;
	if (host->dirfd < 0 || (mkdirat(host->dirfd, "generations", 0700) < 0 && errno != EEXIST))
		return ls_error_set(err, -errno, "cannot make %s/generations: %s", host->state_path, strerror(errno));
	host->generationsfd = openat(host->dirfd, "generations", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return host->generationsfd < 0
		       ? ls_error_set(err, -errno, "cannot open %s/generations: %s", host->state_path, strerror(errno))
		       : 0;
}

int ls_state_open(struct ls_host *host, const struct ls_host_options *options, struct ls_error *err)
{
	const char *base = options->state_dir ? options->state_dir : LS_STATE_DIR;
	int r;

	host->dirfd = host->generationsfd = host->lockfd = host->lock_socket = host->home = -1;
	if (options->change && !may_configure())
		return ls_error_set(err, -EPERM, "changing the network needs root, or CAP_NET_ADMIN");
	r = enter_netns(host, options->netns, err);
	if (r < 0)
		return r;
	if (asprintf(&host->state_path, options->netns ? "%s/netns/%s" : "%s", base, options->netns) < 0)
		return ls_error_set(err, -ENOMEM, "out of memory");
	r = read_epoch(&host->epoch, err);
	if (r >= 0)
		r = open_directories(host, err);
	return r < 0 ? r : ls_state_read_current(host, err);
}

void ls_state_close(struct ls_host *host)
{
	ls_state_unlock(host);
	ls_close(&host->generationsfd);
	ls_close(&host->dirfd);
	ls_close(&host->home);
	free(host->state_path);
}

/* ---- the current generation -------------------------------------------------------------------------------------- */

/* A namespace made anew may take over the record of the one that is gone; of one that lives it would destroy the way
 * back. */
int ls_state_check_epoch(const struct ls_host *host, const struct ls_epoch *epoch, struct ls_error *err)
{
	if (!host->change || memcmp(epoch->boot, host->epoch.boot, sizeof(epoch->boot)) != 0 ||
		epoch->netns == host->epoch.netns || !ls_netns_is_alive(epoch->netns))
		return 0;
	return ls_error_set(err, -EEXIST,
		"%s is the record of another network namespace, which is in use: give this one its own (--state-dir, "
		"or "
		"--netns NAME)",
		host->state_path);
}

/* A cloned image carries another machine's record: it says nothing about this one. */
static int use_current(struct ls_host *host, const struct ls_record *record, struct ls_error *err)
{
	struct ls_reader reader = { record->sections[0].data, record->sections[0].length };

	if (memcmp(record->epoch.machine, host->epoch.machine, sizeof(host->epoch.machine)) != 0)
		return 0;
	if (ls_read_u64(&reader, &host->current) < 0)
		host->current = 0;
	host->current_is_epochs = host->current && ls_epoch_same(&record->epoch, &host->epoch);
	return ls_state_check_epoch(host, &record->epoch, err);
}

int ls_state_read_current(struct ls_host *host, struct ls_error *err)
{
	struct ls_error why = { 0 };
	struct ls_record record;
	int r;

	host->current = 0;
	host->current_is_epochs = false;
	if (host->dirfd < 0)
		return 0;
	r = ls_record_read(host->dirfd, "current", LS_RECORD_CURRENT, LS_BIT(0), &record, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return ls_error_set(err, r,
			"%s/%s (delete that file to begin a new record; linkspan then knows its own things by their "
			"marks only)",
			host->state_path, why.message);
	r = use_current(host, &record, err);
	ls_record_done(&record);
	return r;
}

int ls_state_write_current(struct ls_host *host, uint64_t number, struct ls_error *err)
{
	struct ls_record record = { .n_sections = 1 };
	int r;

	ls_write_u64(&record.sections[0], number);
	r = record.sections[0].failed ? ls_error_set(err, -ENOMEM, "out of memory")
				      : ls_record_write(host, host->dirfd, "current", LS_RECORD_CURRENT, &record, err);
	ls_record_done(&record);
	if (r < 0)
		return r;
	host->current = number;
	host->current_is_epochs = true;
	return 0;
}

/* ---- lock -------------------------------------------------------------------------------------------------------- */

#define LOCK_NAME "\0linkspan"

static struct sockaddr_un lock_address(socklen_t *ret_length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, LOCK_NAME, sizeof(LOCK_NAME) - 1);
	*ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(LOCK_NAME) - 1);
	return address;
}

static pid_t socket_holder(void)
{
	LS_CLEANUP(ls_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = { 0 };
	socklen_t length, peer_length = sizeof(peer);
	struct sockaddr_un address = lock_address(&length);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_length) < 0)
		return 0;
	return peer.pid;
}

static pid_t file_holder(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static int lock_busy(pid_t holder, const char *what, struct ls_error *err)
{
	char name[64];

	if (holder <= 0)
		return ls_error_set(err, -EBUSY, "another run holds the lock of %s: try again", what);
	(void)ls_process_text(holder, "comm", name, sizeof(name));
	return ls_error_set(err, -EBUSY, "process %d%s%s%s holds the lock of %s: try again when it has ended",
		(int)holder, *name ? " (" : "", name, *name ? ")" : "", what);
}

static int lock_file(struct ls_host *host, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = openat(host->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char text[32];
	int n;

	if (fd < 0)
		return ls_error_set(err, -errno, "cannot open %s/lock: %s", host->state_path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? lock_busy(file_holder(fd), host->state_path, err)
					    : ls_error_set(err, -errno, "cannot lock %s/lock: %s", host->state_path,
						      strerror(errno));
	/* For the message to others only: that it cannot be written (a full disk) keeps nobody from working. */
	n = snprintf(text, sizeof(text), "%-10d\n", (int)getpid());
	if (pwrite(fd, text, (size_t)n, 0) != n)
		errno = 0;
	host->lockfd = LS_TAKE_FD(fd);
	return 0;
}

static int lock_namespace(struct ls_host *host, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length;
	struct sockaddr_un address = lock_address(&length);

	if (fd < 0)
		return ls_error_set(err, -errno, "cannot make the lock of the namespace: %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&address, length) < 0)
		return errno == EADDRINUSE
			       ? lock_busy(err ? socket_holder() : 0, "this network namespace", err)
			       : ls_error_set(err, -errno, "cannot lock the namespace: %s", strerror(errno));
	if (listen(fd, 8) < 0)
		return ls_error_set(err, -errno, "cannot lock the namespace: %s", strerror(errno));
	host->lock_socket = LS_TAKE_FD(fd);
	return 0;
}

bool ls_state_is_locked(const struct ls_host *host)
{
	LS_CLEANUP(ls_close) int fd = host->dirfd < 0 ? -1 : openat(host->dirfd, "lock", O_RDONLY | O_CLOEXEC);

	return host->lockfd < 0 && fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int try_lock(struct ls_host *host, struct ls_error *err)
{
	int r = lock_file(host, err);

	if (r >= 0)
		r = lock_namespace(host, err);
	if (r < 0)
		ls_state_unlock(host);
	return r;
}

int ls_state_lock(struct ls_host *host, unsigned wait_ms, struct ls_error *err)
{
	const unsigned pause_ms = 20;
	int r;

	if (host->lockfd >= 0)
		return 0;
	r = need_directories(host, err);
	if (r < 0)
		return r;
	/* The first try names the holder; asking at each would fill the queue of its socket. */
	r = try_lock(host, err);
	for (; r == -EBUSY && wait_ms >= pause_ms; wait_ms -= pause_ms) {
		nanosleep(&(struct timespec){ .tv_nsec = pause_ms * 1000000L }, NULL);
		r = try_lock(host, NULL);
	}
	if (r < 0)
		return r;
	if (err)
		*err = (struct ls_error){ 0 }; /* of the first try */
	return ls_state_read_current(host, err);
}

void ls_state_unlock(struct ls_host *host)
{
	ls_close(&host->lock_socket);
	ls_close(&host->lockfd);
	host->lock_socket = host->lockfd = -1;
}
