/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP clients (RFC 2131): a process for each link. Ours is dhcpcd (Debian's dhcpcd-base, 9.4), with a configuration of
 * ours: an IPv4 address and its routes, and nothing that would go elsewhere (resolver, host name, time). It outlives
 * the run. dhcpcd writes over its command line and its environment and locks itself up in an empty directory, but a
 * file that it was given stays open in it and in its children: the one with its configuration, in memory, whose name is
 * the mark and tells the link.
 *
 * A client of the system's own is a stranger's, and does as well. Where processes are looked for they are those of our
 * network namespace; a pid file of dhcpcd's is named after the link alone, so that there is one client for a name on a
 * machine.
 */
#include "driver.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK "linkspan-dhcp:"
#define STOP_MS 5000 /* it takes back the address and its routes first */

static const struct ls_attr client_attrs[] = {
	[LS_DHCP_CLIENT_DEV] = { "dev", LS_TYPE_LINK, LS_CHANGE_KEY, 0, offsetof(struct ls_dhcp_client, dev), NULL },
};

static const struct ls_dhcp_client *as_client(const struct ls_object *object)
{
	return (const struct ls_dhcp_client *)object;
}

static int client_compare(const struct ls_object *a, const struct ls_object *b)
{
	return strcmp(as_client(a)->dev, as_client(b)->dev);
}

static void client_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "dev %s", as_client(object)->dev);
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

/* The link that a process of ours is for. */
static bool read_mark(pid_t pid, char dev[static IFNAMSIZ])
{
	static const char mark[] = "/memfd:" MARK;
	char path[64], target[128];
	struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	while (directory && !found && (entry = readdir(directory))) {
		ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		found = !strncmp(target, mark, sizeof(mark) - 1) &&
			snprintf(dev, IFNAMSIZ, "%.*s", (int)strcspn(target + sizeof(mark) - 1, " "),
				target + sizeof(mark) - 1) < IFNAMSIZ;
	}
	if (directory)
		closedir(directory);
	return found;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static bool is_client(pid_t pid)
{
	static const char *const names[] = { "dhcpcd", "dhclient", "udhcpc" };
	char name[32];

	if (!ls_process_text(pid, "comm", name, sizeof(name)))
		return false;
	for (size_t i = 0; i < LS_ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return ls_process_shares_network(pid);
	return false;
}

static void each_process(void (*each)(pid_t pid, void *data), void *data)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			each(pid, data);
	}
	if (directory)
		closedir(directory);
}

/* ---- others that manage links, of the initial namespace -------------------------------------------------------------
 */

static bool has_line(const char *directory, uint32_t index, const char *beginning)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u", directory, index);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, beginning, strlen(beginning));
	if (file)
		fclose(file);
	return found;
}

static bool is_managed(uint32_t index)
{
	return has_line("/run/systemd/netif/links", index, "ADMIN_STATE=configur") ||
	       has_line("/run/NetworkManager/devices", index, "managed=true");
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

struct listing {
	struct ls_kernel *kernel;
	struct ls_set *set;
	size_t first; /* of ours in the set */
	int r;
};

/* Ours hides a stranger's on the same link. */
static void add(struct listing *listing, const char *dev, uint8_t owner)
{
	struct ls_dhcp_client *client;

	for (size_t i = listing->first; i < listing->set->n_objects; i++) {
		struct ls_object *found = listing->set->objects[i];

		if (strcmp(as_client(found)->dev, dev) != 0)
			continue;
		if (owner == LS_OWNER_OURS)
			found->owner = LS_OWNER_OURS;
		return;
	}
	client = (struct ls_dhcp_client *)ls_object_new(listing->set->arena, &ls_kind_dhcp_client);
	if (client)
		client->dev = ls_arena_intern(listing->set->arena, dev, strlen(dev));
	if (!client || !client->dev || ls_set_add(listing->set, &client->object) < 0) {
		listing->r = -ENOMEM;
		return;
	}
	client->object.set = LS_BIT(LS_DHCP_CLIENT_DEV);
	client->object.owner = owner;
}

/* dhcpcd without a link's name is for all of them, and says so. */
static void add_strangers(struct listing *listing, pid_t pid)
{
	const struct ls_link_table *links = &listing->kernel->links;
	char line[1024];
	bool all;

	if (!ls_process_text(pid, "cmdline", line, sizeof(line)))
		return;
	all = has_word(line, "[manager]") || has_word(line, "[master]");
	for (size_t i = 0; i < links->n_entries; i++)
		if (all || has_word(line, links->entries[i].name))
			add(listing, links->entries[i].name, LS_OWNER_FOREIGN);
}

/* Of several processes of ours one speaks to the server, and leads the session; without it they are a remnant. */
static void list_one(pid_t pid, void *data)
{
	struct listing *listing = data;
	char dev[IFNAMSIZ];

	if (!is_client(pid))
		return;
	if (!read_mark(pid, dev))
		add_strangers(listing, pid);
	else if (getsid(pid) == pid && ls_kernel_link_index(listing->kernel, dev))
		add(listing, dev, LS_OWNER_OURS);
}

static void list_managed(struct listing *listing)
{
	const struct ls_link_table *links = &listing->kernel->links;

	if (!ls_process_shares_network(1))
		return;
	for (size_t i = 0; i < links->n_entries; i++)
		if (is_managed(links->entries[i].index))
			add(listing, links->entries[i].name, LS_OWNER_FOREIGN);
}

/* dhcpcd has its pid files here as long as it runs. */
static bool dhcpcd_may_run(void)
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

static bool is_asked_for(const struct ls_set *scope)
{
	for (size_t i = 0; scope && i < scope->n_objects; i++)
		if (scope->objects[i]->kind == &ls_kind_dhcp_client)
			return true;
	return false;
}

/* To look at all processes takes longer than to read the network: only where there can be one of ours, or strangers'
 * matter. */
static int client_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	struct listing listing = { .kernel = kernel, .set = ret, .first = ret->n_objects };

	if (!is_asked_for(scope) && !dhcpcd_may_run())
		return 0;
	each_process(list_one, &listing);
	list_managed(&listing);
	return listing.r < 0 ? ls_error_set(err, listing.r, "out of memory") : 0;
}

/* ---- probe ------------------------------------------------------------------------------------------------------- */

static const char *const programs[] = { "/usr/sbin/dhcpcd", "/sbin/dhcpcd" };

static const char *program(void)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(programs); i++)
		if (access(programs[i], X_OK) == 0)
			return programs[i];
	return NULL;
}

static int client_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	(void)kernel;
	(void)want;
	return program() ? 0
			 : ls_error_set(err, -EOPNOTSUPP,
				   "there is no dhcpcd, which asks for IPv4 addresses: install dhcpcd-base");
}

/* ---- stopping ---------------------------------------------------------------------------------------------------- */

struct doomed {
	const char *dev;
	int signal;
	bool leaders_only;
	int waiting; /* a pidfd of one that was told, or -1 */
};

static bool is_doomed(pid_t pid, const struct doomed *doomed)
{
	char dev[IFNAMSIZ];

	return is_client(pid) && read_mark(pid, dev) && !strcmp(dev, doomed->dev) &&
	       (!doomed->leaders_only || getsid(pid) == pid);
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

static void stop_those(const char *dev, int signal, bool leaders_only)
{
	struct doomed doomed = { .dev = dev, .signal = signal, .leaders_only = leaders_only, .waiting = -1 };

	each_process(tell, &doomed);
	if (doomed.waiting >= 0)
		(void)poll(&(struct pollfd){ .fd = doomed.waiting, .events = POLLIN }, 1, STOP_MS);
	ls_close(&doomed.waiting);
}

/* Then whatever is left of it: children outlive one that was killed. */
static void stop(const char *dev)
{
	stop_those(dev, SIGTERM, true);
	stop_those(dev, SIGKILL, false);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

/* classless_static_routes (RFC 3442): some clouds give the default route only there. */
static const char configuration[] = "ipv4only\n"
				    "noipv4ll\n"
				    "nodelay\n"
				    "timeout 0\n"
				    "script /bin/true\n"
				    "option subnet_mask, broadcast_address, routers, classless_static_routes\n";

static int write_configuration(const char *dev)
{
	char name[sizeof(MARK) + IFNAMSIZ];
	int fd;

	snprintf(name, sizeof(name), MARK "%s", dev);
	fd = memfd_create(name, 0);
	if (fd >= 0 && write(fd, configuration, sizeof(configuration) - 1) != (ssize_t)sizeof(configuration) - 1)
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

static void become_client(const char *dev, int file, int report)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char argument[32];
	const char *const argv[] = { "dhcpcd", "-q", "-B", "-4", "-f", argument, dev, NULL };
	char *const environment[] = { path, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), code;

	forget_signals();
	snprintf(argument, sizeof(argument), "/proc/self/fd/%d", file);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		(void)dup2(null, fd);
	if (setsid() >= 0 && chdir("/") == 0)
		(void)execve(program(), (char *const *)(uintptr_t)argv, environment);
	code = errno;
	(void)!write(report, &code, sizeof(code));
	_exit(1);
}

/* By a child that goes at once: nobody waits for the client itself. Returns 0 once it is another program. */
static int start(const char *dev, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int file = write_configuration(dev);
	int ends[2], code = 0;
	pid_t pid;

	if (file < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return ls_error_set(err, -errno, "cannot start a DHCP client: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		if (fork() == 0)
			become_client(dev, file, ends[1]);
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

static int client_perform(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct ls_error *err)
{
	const char *dev = as_client(want ? want : have)->dev;

	(void)kernel;
	stop(dev);
	return op == LS_OP_DELETE ? 0 : start(dev, err);
}

const struct ls_kind ls_kind_dhcp_client = {
	.name = "dhcp_client",
	.id = LS_KIND_DHCP_CLIENT,
	.rank = LS_RANK_DHCP_CLIENT,
	.never_adopted = true,
	.size = sizeof(struct ls_dhcp_client),
	.attrs = client_attrs,
	.n_attrs = LS_ARRAY_SIZE(client_attrs),
	.compare = client_compare,
	.describe = client_describe,
	.probe = client_probe,
	.dump = client_dump,
	.perform = client_perform,
};
