/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sysctls below /proc/sys/net. They exist by themselves, are read and written one by one and answer at once; those of a
 * link come and go with it. Below net/ the files always show the namespace of the thread that opens them, whichever one
 * /proc was mounted in.
 *
 * Writing one changes others: net/ipv4/ip_forward (and conf/all/forwarding, which is the same) sets every link's
 * `forwarding` and resets accept_redirects; conf/all of IPv6 forwarding sets every link's; IPv6 forwarding drops
 * default routes that routers advertised unless accept_ra is 2 by then. The order of keys is therefore an order in
 * which nothing written is undone by what is written later.
 */
#include "driver.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>

#define VALUE_MAX 4096

#define ATTR(field, type, change) #field, type, change, 0, offsetof(struct ls_sysctl, field), NULL

/* Present: path; value, unless the kernel has none to show (stable_secret before it is set: EIO); dev, where the path
 * names a link. */
static const struct ls_attr sysctl_attrs[] = {
	[LS_SYSCTL_PATH] = { ATTR(path, LS_TYPE_STRING, LS_CHANGE_KEY) },
	[LS_SYSCTL_VALUE] = { ATTR(value, LS_TYPE_STRING, LS_CHANGE_LIVE) },
	[LS_SYSCTL_DEV] = { ATTR(dev, LS_TYPE_LINK, LS_CHANGE_INFO) },
};

static const struct ls_sysctl *as_sysctl(const struct ls_object *object)
{
	return (const struct ls_sysctl *)object;
}

/* ---- paths ------------------------------------------------------------------------------------------------------- */

/* Per-link sysctls: PREFIX LINK / NAME. */
static const char *const per_link[] = {
	"net/ipv4/conf/",
	"net/ipv6/conf/",
	"net/ipv4/neigh/",
	"net/ipv6/neigh/",
	"net/mpls/conf/",
};

/* The word in the link's place ("all", "default", "eth0"), and what comes behind it. */
static bool split_path(const char *path, const char **ret_word, size_t *ret_length, const char **ret_name)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(per_link); i++) {
		size_t prefix = strlen(per_link[i]);
		const char *end;

		if (strncmp(path, per_link[i], prefix) != 0)
			continue;
		end = strchr(path + prefix, '/');
		if (!end)
			return false;
		*ret_word = path + prefix;
		*ret_length = (size_t)(end - *ret_word);
		*ret_name = end + 1;
		return true;
	}
	return false;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && !memcmp(text, word, length);
}

/* The link that a sysctl belongs to. */
static bool link_of(const char *path, char ret[static IFNAMSIZ])
{
	const char *word, *name;
	size_t length;

	if (!split_path(path, &word, &length, &name) || is_word(word, length, "all") ||
		is_word(word, length, "default") || length >= IFNAMSIZ)
		return false;
	snprintf(ret, IFNAMSIZ, "%.*s", (int)length, word);
	return true;
}

/* Lower comes first. Within a step "all" comes first, since it overwrites the others, then "default". */
static unsigned write_order(const char *path)
{
	const char *word, *name;
	size_t length;
	unsigned step = 2, within = 3;

	if (!strcmp(path, "net/ipv4/ip_forward"))
		return 0;
	if (split_path(path, &word, &length, &name)) {
		bool ipv6 = !strncmp(path, "net/ipv6/", strlen("net/ipv6/"));

		within = is_word(word, length, "all") ? 0 : is_word(word, length, "default") ? 1 : 2;
		if (ipv6 && !strcmp(name, "accept_ra"))
			step = 1;
		else if (ipv6 && !strcmp(name, "forwarding"))
			step = 3;
		else if (within == 0 && !strcmp(name, "forwarding"))
			return 1;
	}
	return step * 4 + within;
}

static int sysctl_compare(const struct ls_object *a, const struct ls_object *b)
{
	const char *x = as_sysctl(a)->path, *y = as_sysctl(b)->path;
	int order = ls_order(write_order(x), write_order(y));

	return order ? order : strcmp(x, y);
}

static void sysctl_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "%s", as_sysctl(object)->path);
}

/* Paths come from specs and from files of the state directory; nothing outside net/ is ever opened. */
static bool path_is_safe(const char *path)
{
	return !strncmp(path, "net/", 4) && path[4] != '\0' && !strstr(path, "/../") && !strstr(path, "//") &&
	       (strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
}

static int check_path(const struct ls_kernel *kernel, const char *path, struct ls_error *err)
{
	if (!path_is_safe(path))
		return ls_error_set(err, -EINVAL, "sysctl '%s' is not below net/", path);
	if (kernel->proc_sys < 0)
		return ls_error_set(err, -ENOENT, "/proc/sys is not there: is /proc mounted?");
	return 0;
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

static size_t fold_white_space(char *text)
{
	size_t n = 0;

	for (const char *from = text; *from; from++) {
		if (!isspace((unsigned char)*from))
			text[n++] = *from;
		else if (n > 0 && text[n - 1] != ' ')
			text[n++] = ' ';
	}
	if (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return n;
}

/* -errno, or the number of bytes. */
static ssize_t read_value(const struct ls_kernel *kernel, const char *path, char value[static VALUE_MAX])
{
	int fd LS_CLEANUP(ls_close) = -1;
	ssize_t n;

	fd = openat(kernel->proc_sys, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	do
		n = read(fd, value, VALUE_MAX - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	value[n] = '\0';
	return (ssize_t)fold_white_space(value);
}

static int set_dev(const struct ls_dump *dump, struct ls_sysctl *sysctl)
{
	char name[IFNAMSIZ];

	if (!link_of(sysctl->path, name))
		return 0;
	sysctl->dev = ls_dump_text(dump, name, strlen(name));
	if (!sysctl->dev)
		return -ENOMEM;
	ls_object_set(&sysctl->object, LS_SYSCTL_DEV);
	return 0;
}

static int add_sysctl(const struct ls_dump *dump, const char *path, const char *value, size_t length)
{
	struct ls_sysctl *sysctl = (struct ls_sysctl *)ls_object_new(dump->set->arena, &ls_kind_sysctl);

	if (!sysctl)
		return -ENOMEM;
	sysctl->path = ls_dump_text(dump, path, strlen(path));
	if (!sysctl->path)
		return -ENOMEM;
	ls_object_set(&sysctl->object, LS_SYSCTL_PATH);
	if (value) {
		sysctl->value = ls_dump_text(dump, value, length);
		if (!sysctl->value)
			return -ENOMEM;
		ls_object_set(&sysctl->object, LS_SYSCTL_VALUE);
	}
	if (set_dev(dump, sysctl) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &sysctl->object);
}

static int dump_one(const struct ls_dump *dump, const char *path, struct ls_error *err)
{
	char value[VALUE_MAX];
	ssize_t n;
	int r;

	r = check_path(dump->kernel, path, err);
	if (r < 0)
		return r;
	n = read_value(dump->kernel, path, value);
	if (n == -ENOENT || n == -ENOTDIR)
		return 0;
	if (n < 0 && n != -EIO)
		return ls_error_set(err, (int)n, "sysctl %s cannot be read: %s", path, strerror((int)-n));
	r = add_sysctl(dump, path, n < 0 ? NULL : value, n < 0 ? 0 : (size_t)n);
	return r < 0 ? ls_error_set(err, r, "out of memory") : 0;
}

static int sysctl_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	const char *path, *previous = "";
	struct ls_dump dump;
	int r = 0;

	ls_dump_begin(&dump, kernel, ret);
	for (size_t i = 0; scope && i < scope->n_objects && r >= 0; i++) {
		if (scope->objects[i]->kind != &ls_kind_sysctl)
			continue;
		path = as_sysctl(scope->objects[i])->path;
		if (strcmp(path, previous) != 0) /* a sorted scope may name one twice */
			r = dump_one(&dump, path, err);
		previous = path;
	}
	ls_dump_done(&dump);
	return r;
}

/* ---- list ----------------------------------------------------------------------------------------------------------
 */

static int add_key(struct ls_set *set, const char *path)
{
	struct ls_sysctl *sysctl = (struct ls_sysctl *)ls_object_new(set->arena, &ls_kind_sysctl);

	if (!sysctl || !path)
		return -ENOMEM;
	sysctl->path = path;
	ls_object_set(&sysctl->object, LS_SYSCTL_PATH);
	return ls_set_add(set, &sysctl->object);
}

/* Those that can be written, and read by everybody: not what only tells (counters), not what is secret (stable_secret,
 * RFC 7217; tcp_fastopen_key). */
static bool is_plain(int dirfd, const char *name)
{
	const mode_t wanted = S_IWUSR | S_IROTH;
	struct stat info;

	return fstatat(dirfd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
	       (info.st_mode & wanted) == wanted;
}

static int list_tree(struct ls_kernel *kernel, const char *directory, struct ls_set *ret)
{
	int fd = openat(kernel->proc_sys, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char path[PATH_MAX];

	if (!dir) {
		ls_close(&fd);
		return errno == ENOENT ? 0 : -errno; /* a link that went meanwhile */
	}
	while (r >= 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = list_tree(kernel, path, ret);
		else if (entry->d_type == DT_REG && is_plain(dirfd(dir), entry->d_name))
			r = add_key(ret, ls_arena_intern(ret->arena, path, strlen(path)));
	}
	closedir(dir);
	return r;
}

int ls_kernel_list_sysctls(struct ls_kernel *kernel, struct ls_set *ret, struct ls_error *err)
{
	int r = list_tree(kernel, "net", ret);

	return r < 0 ? ls_error_set(err, r, "cannot list the sysctls: %s", strerror(-r)) : 0;
}

/* ---- probe and perform ------------------------------------------------------------------------------------------- */

/* True also where the kernel has no IPv6 at all: then no MTU brings it. */
static bool has_ipv6(const struct ls_kernel *kernel, const char *link)
{
	char path[64];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s", link);
	return faccessat(kernel->proc_sys, "net/ipv6/conf/all", F_OK, 0) < 0 ||
	       faccessat(kernel->proc_sys, path, F_OK, 0) == 0;
}

static int sysctl_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	const struct ls_sysctl *sysctl = as_sysctl(want);
	char link[IFNAMSIZ];
	int r;

	r = check_path(kernel, sysctl->path, err);
	if (r < 0)
		return r;
	if (faccessat(kernel->proc_sys, sysctl->path, F_OK, 0) == 0)
		return 0;
	/* That of a link to come shows up with it, and those of IPv6 on a link with an MTU below 1280 once that rises.
	 */
	if (link_of(sysctl->path, link) && (ls_kernel_link_index(kernel, link) == 0 ||
						   (!strncmp(sysctl->path, "net/ipv6/", 9) && !has_ipv6(kernel, link))))
		return 0;
	return ls_error_set(err, -EOPNOTSUPP, "this kernel has no sysctl %s", sysctl->path);
}

static int write_value(const struct ls_kernel *kernel, const char *path, const char *value)
{
	int fd LS_CLEANUP(ls_close) = -1;
	ssize_t n;

	fd = openat(kernel->proc_sys, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	do
		n = write(fd, value, strlen(value));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static const char *refusal(int code)
{
	switch (code) {
	case -EINVAL:
	case -ERANGE:
		return "the kernel refuses this value";
	case -ENOENT:
	case -ENOTDIR:
		return "there is no such sysctl";
	case -EACCES:
	case -EPERM:
		return "not permitted";
	case -EROFS:
		return "/proc/sys is read-only";
	}
	return strerror(-code);
}

static int sysctl_perform(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct ls_error *err)
{
	const struct ls_sysctl *sysctl;
	int r;

	(void)have;
	if (op == LS_OP_DELETE)
		return 0; /* it goes with its link, or never */
	sysctl = as_sysctl(want);
	if (!ls_object_has(want, LS_SYSCTL_VALUE))
		return ls_error_set(err, -EINVAL, "sysctl %s had no value, which cannot be written", sysctl->path);
	r = check_path(kernel, sysctl->path, err);
	if (r < 0)
		return r;
	r = write_value(kernel, sysctl->path, sysctl->value);
	if (r < 0)
		return ls_error_set(err, r, "sysctl %s = %s: %s", sysctl->path, sysctl->value, refusal(r));
	return 0;
}

const struct ls_kind ls_kind_sysctl = {
	.name = "sysctl",
	.id = LS_KIND_SYSCTL,
	.rank = LS_RANK_SYSCTL,
	.adjusted = true,
	.size = sizeof(struct ls_sysctl),
	.attrs = sysctl_attrs,
	.n_attrs = LS_ARRAY_SIZE(sysctl_attrs),
	.compare = sysctl_compare,
	.describe = sysctl_describe,
	.probe = sysctl_probe,
	.dump = sysctl_dump,
	.perform = sysctl_perform,
};
