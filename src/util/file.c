/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files in and out. Reading opens without blocking and looks at what it opened before it reads: a path can name a
 * FIFO or a device as well as a file. Writing goes through a temporary file beside the target, and nothing counts as
 * written before its bytes and then its name are on the disk.
 */
#include <linkspan/util.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define READ_SIZE_MIN 4096u

void ls_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static int fail(struct ls_error *err, int code, const char *action, const char *name)
{
	(void)ls_error_set(err, code, "cannot %s %s: %s", action, name, strerror(-code));
	return code; /* which a reader of the code, and an analyzer, sees to be an error */
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int refuse_large(const char *name, size_t limit, struct ls_error *err)
{
	if (limit >= 1u << 20 && limit % (1u << 20) == 0)
		return ls_error_set(err, -EFBIG, "%s: larger than %zu MiB", name, limit >> 20);
	if (limit >= 1u << 10 && limit % (1u << 10) == 0)
		return ls_error_set(err, -EFBIG, "%s: larger than %zu KiB", name, limit >> 10);
	return ls_error_set(err, -EFBIG, "%s: larger than %zu bytes", name, limit);
}

static int check_regular(const char *name, mode_t mode, struct ls_error *err)
{
	static const struct {
		mode_t type;
		const char *what;
	} others[] = {
		{ S_IFIFO, "FIFO" },
		{ S_IFSOCK, "socket" },
		{ S_IFCHR, "character device" },
		{ S_IFBLK, "block device" },
	};

	if (S_ISREG(mode))
		return 0;
	if (S_ISDIR(mode))
		return ls_error_set(err, -EISDIR, "%s: is a directory", name);
	for (size_t i = 0; i < LS_ARRAY_SIZE(others); i++) {
		if ((mode & S_IFMT) == others[i].type)
			return ls_error_set(err, -EINVAL, "%s: is a %s, not a regular file", name, others[i].what);
	}
	return ls_error_set(err, -EINVAL, "%s: is not a regular file", name);
}

/* A socket cannot even be opened, with an error that does not say so. */
static int explain_open(int dirfd, const char *name, int code, struct ls_error *err)
{
	struct stat st;
	int r = 0;

	if (code == -ENXIO && fstatat(dirfd, name, &st, 0) == 0)
		r = check_regular(name, st.st_mode, err);
	return r < 0 ? r : ls_error_set(err, code, "%s: %s", name, strerror(-code));
}

static ssize_t read_some(int fd, char *data, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, data, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Reads to the end. `size`: bytes expected; files in /proc say 0, and others can grow meanwhile. */
static int read_all(
	int fd, const char *name, size_t size, size_t limit, char **ret_data, size_t *ret_length, struct ls_error *err)
{
	LS_CLEANUP(ls_free) char *data = NULL;
	size_t room = 0, length = 0;
	ssize_t n;

	for (;;) {
		if (room - length < 2) { /* one byte to see the end by, one for the terminating zero */
			char *grown;

			room = room == 0 ? size + 2 : room * 2;
			if (room < READ_SIZE_MIN)
				room = READ_SIZE_MIN;
			grown = realloc(data, room);
			if (!grown)
				return ls_error_set(err, -ENOMEM, "%s: out of memory", name);
			data = grown;
		}
		n = read_some(fd, data + length, room - length - 1);
		if (n < 0)
			return ls_error_set(err, (int)n, "%s: %s", name, strerror((int)-n));
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > limit)
			return refuse_large(name, limit, err);
	}
	data[length] = '\0';
	*ret_data = LS_TAKE_PTR(data);
	*ret_length = length;
	return 0;
}

int ls_file_read_at(
	int dirfd, const char *name, size_t limit, char **ret_data, size_t *ret_length, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = -1;
	struct stat st;
	int r;

	/* O_NOCTTY: opening a terminal must not make it ours, even if it is refused right after. */
	fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return explain_open(dirfd, name, -errno, err);
	if (fstat(fd, &st) < 0)
		return ls_error_set(err, -errno, "%s: %s", name, strerror(errno));
	r = check_regular(name, st.st_mode, err);
	if (r < 0)
		return r;
	if ((uintmax_t)st.st_size > limit)
		return refuse_large(name, limit, err);
	return read_all(fd, name, (size_t)st.st_size, limit, ret_data, ret_length, err);
}

int ls_file_read(const char *path, size_t limit, char **ret_data, size_t *ret_length, struct ls_error *err)
{
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "<stdin>", 0, limit, ret_data, ret_length, err);
	return ls_file_read_at(AT_FDCWD, path, limit, ret_data, ret_length, err);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static int sync_directory(int dirfd, const char *name, struct ls_error *err)
{
	return fsync(dirfd) < 0 ? fail(err, -errno, "sync the directory of", name) : 0;
}

static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash + 1 - path) : 0;
}

static int open_directory_of(const char *path)
{
	const size_t length = directory_length(path);
	char *directory = length > 0 ? strndup(path, length) : strdup(".");
	int fd;

	if (!directory)
		return -1;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	return fd;
}

/* Somebody's: one that may be written but not read cannot be synced; nor can those of some file systems. */
static int sync_directory_of(const char *path, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = open_directory_of(path);

	if (fd < 0)
		return errno == EACCES ? 0 : fail(err, -errno, "sync the directory of", path);
	return fsync(fd) < 0 && errno != EINVAL ? fail(err, -errno, "sync the directory of", path) : 0;
}

static void draft_done(struct ls_file_draft *draft)
{
	ls_close(&draft->fd);
	free(draft->name);
	free(draft->temporary);
	*draft = (struct ls_file_draft){ .fd = -1 };
}

int ls_file_begin_at(int dirfd, const char *name, struct ls_file_draft *ret, struct ls_error *err)
{
	struct ls_file_draft draft = { .dirfd = dirfd, .fd = -1, .name = strdup(name) };
	int r = 0;

	if (!draft.name || asprintf(&draft.temporary, "%s.tmp", name) < 0) {
		draft.temporary = NULL;
		r = fail(err, -ENOMEM, "write", name);
	} else {
		draft.fd = openat(dirfd, draft.temporary, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
		r = draft.fd < 0 ? fail(err, -errno, "create", draft.temporary) : 0;
	}
	if (r < 0)
		draft_done(&draft);
	else
		*ret = draft;
	return r;
}

int ls_file_begin_new(const char *path, struct ls_file_draft *ret, struct ls_error *err)
{
	struct ls_file_draft draft = { .dirfd = AT_FDCWD, .fd = -1, .anew = true, .name = strdup(path) };
	struct stat st;
	int r = 0;

	if (lstat(path, &st) == 0) {
		r = fail(err, -EEXIST, "create", path);
	} else if (!draft.name ||
		   asprintf(&draft.temporary, "%.*s.linkspan-XXXXXX", (int)directory_length(path), path) < 0) {
		draft.temporary = NULL;
		r = fail(err, -ENOMEM, "create", path);
	} else {
		draft.fd = mkostemp(draft.temporary, O_CLOEXEC); /* 0600 */
		r = draft.fd < 0 ? fail(err, -errno, "create", path) : 0;
	}
	if (r < 0)
		draft_done(&draft);
	else
		*ret = draft;
	return r;
}

int ls_file_write_at(
	const struct ls_file_draft *draft, uint64_t offset, const void *data, size_t length, struct ls_error *err)
{
	const uint8_t *at = data;

	while (length > 0) {
		ssize_t n = pwrite(draft->fd, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(err, -errno, "write", draft->temporary);
		at += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

/* The temporary file's bytes are on the disk and it is closed. */
static int settle(struct ls_file_draft *draft, struct ls_error *err)
{
	if (fsync(draft->fd) < 0)
		return fail(err, -errno, "sync", draft->temporary);
	/* Linux has closed the descriptor even if it reports an error (close(2)): never again. */
	if (close(LS_TAKE_FD(draft->fd)) < 0 && errno != EINTR)
		return fail(err, -errno, "close", draft->temporary);
	return 0;
}

/* File systems that cannot rename so (NFS) have hard links. */
static int rename_to_new(const struct ls_file_draft *draft)
{
	if (renameat2(AT_FDCWD, draft->temporary, AT_FDCWD, draft->name, RENAME_NOREPLACE) == 0)
		return 0;
	if ((errno != EINVAL && errno != ENOSYS) || link(draft->temporary, draft->name) < 0)
		return -1;
	(void)unlink(draft->temporary);
	return 0;
}

static int take_name(struct ls_file_draft *draft, struct ls_error *err)
{
	int r = settle(draft, err);

	if (r == 0 && draft->anew)
		r = rename_to_new(draft) < 0 ? fail(err, -errno, "create", draft->name) : 0;
	else if (r == 0 && renameat(draft->dirfd, draft->temporary, draft->dirfd, draft->name) < 0)
		r = fail(err, -errno, "replace", draft->name);
	if (r < 0)
		ls_file_drop(draft);
	return r;
}

int ls_file_finish(struct ls_file_draft *draft, struct ls_error *err)
{
	int r = take_name(draft, err);

	if (r < 0)
		return r;
	r = draft->anew ? sync_directory_of(draft->name, err) : sync_directory(draft->dirfd, draft->name, err);
	if (r < 0 && draft->anew)
		(void)unlink(draft->name);
	draft_done(draft);
	return r;
}

int ls_file_place(struct ls_file_draft *draft, struct ls_error *err)
{
	int r = take_name(draft, err);

	if (r >= 0)
		draft_done(draft);
	return r;
}

void ls_file_drop(struct ls_file_draft *draft)
{
	if (!draft->temporary)
		return;
	(void)unlinkat(draft->dirfd, draft->temporary, 0);
	draft_done(draft);
}

int ls_file_replace_at(int dirfd, const char *name, const void *data, size_t length, struct ls_error *err)
{
	struct ls_file_draft draft = { 0 };
	int r = ls_file_begin_at(dirfd, name, &draft, err);

	if (r < 0)
		return r;
	r = ls_file_write_at(&draft, 0, data, length, err);
	if (r == 0)
		return ls_file_finish(&draft, err);
	ls_file_drop(&draft);
	return r;
}

/* A missing file is synced as well: whoever removed it may have died before doing so. */
int ls_file_remove_at(int dirfd, const char *name, struct ls_error *err)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return fail(err, -errno, "remove", name);
	return sync_directory(dirfd, name, err);
}
