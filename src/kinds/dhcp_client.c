/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP clients: one for each link and family, which is a process (dhcpcd.h), not a thing of the kernel's. A client of
 * the system's own is a stranger's, and does as well. Where processes are looked for they are those of our network
 * namespace; a pid file of dhcpcd's is named after link and family alone, so that there is one client for a name on a
 * machine.
 *
 * DHCPv6 is for links whose router says so: flag M of its advertisements (RFC 4861, 4.2), as the kernel remembers it.
 * Where one has said that addresses are not managed, a client is not needed, and that it is missing is as good as a
 * stranger's. Where nobody has said anything yet, ours asks.
 */
#include "dhcpcd.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static const struct ls_attr client_attrs[] = {
	[LS_DHCP_CLIENT_DEV] = { "dev", LS_TYPE_LINK, LS_CHANGE_KEY, 0, offsetof(struct ls_dhcp_client, dev), NULL },
	[LS_DHCP_CLIENT_FAMILY] = { "family", LS_TYPE_ENUM, LS_CHANGE_KEY, 0, offsetof(struct ls_dhcp_client, family),
		ls_family_names },
};

static const struct ls_dhcp_client *as_client(const struct ls_object *object)
{
	return (const struct ls_dhcp_client *)object;
}

static int client_compare(const struct ls_object *a, const struct ls_object *b)
{
	int order = strcmp(as_client(a)->dev, as_client(b)->dev);

	return order ? order : ls_order(as_client(a)->family, as_client(b)->family);
}

static void client_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "dev %s %s", as_client(object)->dev, ls_family_names[as_client(object)->family]);
}

/* Has a router said that there is nothing to ask for? */
static bool is_needless(const struct ls_kernel *kernel, const struct ls_dhcp_client *client)
{
	return client->family == LS_FAMILY_IPV6 &&
	       ls_kernel_link_advertised(kernel, client->dev) == LS_ADVERTISED_UNMANAGED;
}

/* ---- others that ask, or manage links -------------------------------------------------------------------------------
 */

/* Programs, and what words of their command lines tell which families they ask for. */
static const struct make {
	const char *name;
	struct {
		bool asks;
		const char *with, *without; /* NULL: any */
	} families[LS_N_FAMILIES];
} makes[] = {
	/* It writes them there itself. */
	{ "dhcpcd", { [LS_FAMILY_IPV4] = { true, "[ip4]", NULL }, [LS_FAMILY_IPV6] = { true, "[ip6]", NULL } } },
	{ "dhclient", { [LS_FAMILY_IPV4] = { true, NULL, "-6" }, [LS_FAMILY_IPV6] = { true, "-6", NULL } } },
	{ "udhcpc", { [LS_FAMILY_IPV4] = { true, NULL, NULL } } },
	{ "udhcpc6", { [LS_FAMILY_IPV6] = { true, NULL, NULL } } },
};

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static bool asks_for(const struct make *make, const char *line, unsigned family)
{
	const char *with = make->families[family].with, *without = make->families[family].without;

	return make->families[family].asks && (!with || has_word(line, with)) && (!without || !has_word(line, without));
}

static const struct make *make_of(pid_t pid)
{
	char name[32];

	if (!ls_process_text(pid, "comm", name, sizeof(name)))
		return NULL;
	for (size_t i = 0; i < LS_ARRAY_SIZE(makes); i++)
		if (!strcmp(name, makes[i].name))
			return ls_process_shares_network(pid) ? &makes[i] : NULL;
	return NULL;
}

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

static struct ls_dhcp_client *new_client(struct ls_set *set, const char *dev, unsigned family)
{
	struct ls_dhcp_client *client = (struct ls_dhcp_client *)ls_object_new(set->arena, &ls_kind_dhcp_client);

	if (client)
		client->dev = ls_arena_intern(set->arena, dev, strlen(dev));
	if (!client || !client->dev || ls_set_add(set, &client->object) < 0)
		return NULL;
	client->family = (uint8_t)family;
	client->object.set = LS_BIT(LS_DHCP_CLIENT_DEV) | LS_BIT(LS_DHCP_CLIENT_FAMILY);
	return client;
}

/* Ours hides a stranger's for the same link and family. */
static void add(struct listing *listing, const char *dev, unsigned family, uint8_t owner)
{
	struct ls_dhcp_client *client;

	for (size_t i = listing->first; i < listing->set->n_objects; i++) {
		struct ls_object *found = listing->set->objects[i];

		if (strcmp(as_client(found)->dev, dev) != 0 || as_client(found)->family != family)
			continue;
		if (owner == LS_OWNER_OURS)
			found->owner = LS_OWNER_OURS;
		return;
	}
	client = new_client(listing->set, dev, family);
	if (client)
		client->object.owner = owner;
	else
		listing->r = -ENOMEM;
}

/* dhcpcd without a link's name is for all of them, and says so. */
static void add_strangers(struct listing *listing, pid_t pid, const struct make *make)
{
	const struct ls_link_table *links = &listing->kernel->links;
	char line[1024];
	bool all;

	if (!ls_process_text(pid, "cmdline", line, sizeof(line)))
		return;
	all = has_word(line, "[manager]") || has_word(line, "[master]");
	for (size_t i = 0; i < links->n_entries; i++)
		for (unsigned family = 0; family < LS_N_FAMILIES; family++)
			if ((all || has_word(line, links->entries[i].name)) && asks_for(make, line, family))
				add(listing, links->entries[i].name, family, LS_OWNER_FOREIGN);
}

/* Ours without the process that speaks to the server is a remnant. */
static void list_one(pid_t pid, void *data)
{
	struct listing *listing = data;
	const struct make *make = make_of(pid);
	char dev[IFNAMSIZ];
	uint8_t family;

	if (!make)
		return;
	if (!ls_dhcpcd_is_ours(pid, &family, dev))
		add_strangers(listing, pid, make);
	else if (getsid(pid) == pid && ls_kernel_link_index(listing->kernel, dev))
		add(listing, dev, family, LS_OWNER_OURS);
}

/* Their managers do both families. */
static void list_managed(struct listing *listing)
{
	const struct ls_link_table *links = &listing->kernel->links;

	if (!ls_process_shares_network(1))
		return;
	for (size_t i = 0; i < links->n_entries; i++) {
		bool managed = is_managed(links->entries[i].index);

		for (unsigned family = 0; family < LS_N_FAMILIES && managed; family++)
			add(listing, links->entries[i].name, family, LS_OWNER_FOREIGN);
	}
}

static void list_needless(struct listing *listing, const struct ls_set *scope)
{
	for (size_t i = 0; scope && i < scope->n_objects; i++)
		if (scope->objects[i]->kind == &ls_kind_dhcp_client &&
			is_needless(listing->kernel, as_client(scope->objects[i])))
			add(listing, as_client(scope->objects[i])->dev, LS_FAMILY_IPV6, LS_OWNER_FOREIGN);
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

	if (!is_asked_for(scope) && !ls_dhcpcd_may_run())
		return 0;
	ls_process_each(list_one, &listing);
	list_managed(&listing);
	list_needless(&listing, scope);
	return listing.r < 0 ? ls_error_set(err, listing.r, "out of memory") : 0;
}

int ls_kernel_list_dhcp_clients(struct ls_kernel *kernel, struct ls_set *ret, struct ls_error *err)
{
	struct ls_set links;
	int r;

	ls_set_init(&links, ret->arena);
	r = ls_kernel_dump(kernel, LS_BIT(LS_KIND_LINK), NULL, &links, err);
	for (size_t i = 0; i < links.n_objects && r >= 0; i++)
		for (unsigned family = 0; family < LS_N_FAMILIES && r >= 0; family++)
			if (!new_client(ret, ((const struct ls_link *)links.objects[i])->name, family))
				r = ls_error_set(err, -ENOMEM, "out of memory");
	ls_set_done(&links);
	return r;
}

/* ---- the way to it ----------------------------------------------------------------------------------------------- */

static int client_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	(void)kernel;
	(void)want;
	return ls_dhcpcd_program()
		       ? 0
		       : ls_error_set(err, -EOPNOTSUPP,
				 "there is no dhcpcd, which asks for automatic addresses: install dhcpcd-base");
}

/* By now a router may have said that a client is needless, which the plan could not know. */
static int client_perform(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct ls_error *err)
{
	const struct ls_dhcp_client *client = as_client(want ? want : have);

	ls_dhcpcd_stop(kernel, client);
	return op == LS_OP_DELETE || is_needless(kernel, client) ? 0 : ls_dhcpcd_start(kernel, client, err);
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
