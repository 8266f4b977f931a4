/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel handle: one network namespace with its session, its links by name and index, and what this kernel can do.
 * Everything but links names links by index on the wire, so links are read before anything else; should a link appear
 * between that and the rest, the whole is read again.
 */
#include "driver.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include <linux/rtnetlink.h>

#define DUMP_ATTEMPTS 4
#define NFT_KINDS \
	(LS_BIT(LS_KIND_NFT_TABLE) | LS_BIT(LS_KIND_NFT_SET) | LS_BIT(LS_KIND_NFT_CHAIN) | LS_BIT(LS_KIND_NFT_RULE) | \
		LS_BIT(LS_KIND_NFT_ELEMENT))

/* IFA_PROTO came with 5.18, and a kernel without it ignores the attribute silently. */
static bool release_has_address_protocol(void)
{
	struct utsname name;
	unsigned long major, minor;
	char *end;

	if (uname(&name) < 0)
		return false;
	major = strtoul(name.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 18);
}

int ls_kernel_open(struct ls_kernel **ret, struct ls_error *err)
{
	struct ls_kernel *kernel = calloc(1, sizeof(*kernel));
	int r;

	if (!kernel)
		return ls_error_set(err, -ENOMEM, "out of memory");
	kernel->keys = ls_keyring_new();
	r = kernel->keys ? ls_netlink_open(NETLINK_ROUTE, &kernel->nl, err)
			 : ls_error_set(err, -ENOMEM, "out of memory");
	if (r < 0) {
		ls_keyring_free(kernel->keys);
		free(kernel);
		return r;
	}
	/* Below it, net/ is always that of the thread that looks. */
	kernel->proc_sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	kernel->address_protocol = release_has_address_protocol();
	*ret = kernel;
	return 0;
}

void ls_kernel_close(struct ls_kernel *kernel)
{
	if (!kernel)
		return;
	ls_netlink_close(kernel->nl);
	ls_netlink_close(kernel->nft);
	ls_netlink_close(kernel->genl);
	ls_netlink_close(kernel->xfrm);
	ls_keyring_free(kernel->keys);
	ls_close(&kernel->proc_sys);
	ls_link_table_done(&kernel->links);
	free(kernel);
}

struct ls_netlink *ls_kernel_netlink(struct ls_kernel *kernel)
{
	return kernel->nl;
}

struct ls_keyring *ls_kernel_keys(struct ls_kernel *kernel)
{
	return kernel->keys;
}

bool ls_kernel_hides_marks(const struct ls_kernel *kernel)
{
	return kernel->hides_marks;
}

bool ls_kernel_hides_nft(const struct ls_kernel *kernel)
{
	return kernel->nft_denied;
}

bool ls_kernel_has_address_protocol(const struct ls_kernel *kernel)
{
	return kernel->address_protocol;
}

uint32_t ls_kernel_link_index(const struct ls_kernel *kernel, const char *name)
{
	const struct ls_link_entry *entry = ls_link_table_by_name(&kernel->links, name);

	return entry ? entry->index : 0;
}

enum ls_advertised ls_kernel_link_advertised(const struct ls_kernel *kernel, const char *name)
{
	const struct ls_link_entry *entry = ls_link_table_by_name(&kernel->links, name);

	/* IF_RA_RCVD: after a solicitation of its own, which the kernel only sends when the link gets its address. */
	return !entry                               ? LS_ADVERTISED_NOTHING
	       : entry->inet6_flags & IF_RA_MANAGED ? LS_ADVERTISED_MANAGED
	       : entry->inet6_flags & IF_RA_RCVD    ? LS_ADVERTISED_UNMANAGED
						    : LS_ADVERTISED_NOTHING;
}

int ls_kernel_require_link(const struct ls_kernel *kernel, const char *name, uint32_t *ret_index, struct ls_error *err)
{
	uint32_t index = ls_kernel_link_index(kernel, name);

	if (index == 0)
		return ls_error_set(err, -ENODEV, "there is no link '%s'", name);
	*ret_index = index;
	return 0;
}

int ls_message_too_long(const struct ls_object *object, struct ls_error *err)
{
	char text[LS_DESCRIBE_MAX];

	return ls_error_set(
		err, -EMSGSIZE, "%s does not fit into a message", ls_object_describe(object, text, sizeof(text)));
}

int ls_probe_always(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	(void)kernel;
	(void)want;
	(void)err;
	return 0;
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

static int dump_kind(struct ls_kernel *kernel, const struct ls_kind *kind, const struct ls_set *scope,
	struct ls_set *ret, struct ls_error *err)
{
	int r = kind->dump(kernel, scope, ret, err);

	return r < 0 ? ls_error_context(err, r, "while reading kind '%s'", kind->name) : 0;
}

/* For the link table alone. */
static int read_links(struct ls_kernel *kernel, struct ls_error *err)
{
	struct ls_arena *arena LS_CLEANUP(ls_arena_freep) = ls_arena_new();
	struct ls_set links LS_CLEANUP(ls_set_done);

	ls_set_init(&links, arena);
	if (!arena)
		return ls_error_set(err, -ENOMEM, "out of memory");
	return dump_kind(kernel, &ls_kind_link, NULL, &links, err);
}

static int dump_kinds(
	struct ls_kernel *kernel, uint32_t kinds, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	int r = 0;

	kernel->dumping = kinds;
	kernel->link_missed = false;
	if (kinds & NFT_KINDS)
		kernel->nft_generation = 0;
	kernel->nft_moved = false;
	if (!(kinds & LS_BIT(LS_KIND_LINK)))
		r = read_links(kernel, err);
	for (size_t i = 0; ls_kinds[i] && r >= 0; i++)
		if (kinds & LS_BIT(ls_kinds[i]->id))
			r = dump_kind(kernel, ls_kinds[i], scope, ret, err);
	return r;
}

int ls_kernel_dump(
	struct ls_kernel *kernel, uint32_t kinds, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	size_t n_before = ret->n_objects;
	int r;

	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		ls_set_truncate(ret, n_before);
		r = dump_kinds(kernel, kinds, scope, ret, err);
		if (r < 0)
			return r;
		if (!kernel->link_missed && !kernel->nft_moved)
			break;
	}
	if (kernel->link_missed || kernel->nft_moved)
		return ls_error_set(err, -EAGAIN, "%s kept %s while the kernel's state was read",
			kernel->link_missed ? "links" : "nftables", kernel->link_missed ? "appearing" : "changing");
	ls_set_sort(ret);
	return 0;
}

/* ---- encode ------------------------------------------------------------------------------------------------------ */

int ls_kernel_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err)
{
	const struct ls_kind *kind = want ? want->kind : have->kind;

	if (op != LS_OP_DELETE && want && want->raw && want->owner != LS_OWNER_OURS && ls_can_replay(kind))
		return ls_replay(kernel, op, want, ret, err);
	return kind->encode(kernel, op, have, want, ret, err);
}
