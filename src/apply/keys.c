/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets. A spec names files; what they hold goes into the kernel's keyring, and the objects get the secrets' names.
 * What a way back may need is kept in the state directory, one file for each, before the journal that names it is
 * written; it is removed when neither a generation nor the journal names it any more. The salt of the names lies there
 * too: with another one nothing would be found again.
 */
#include "state.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DIRECTORY "keys"
#define SALT "salt"
#define PATH_SIZE 4096

/* Where an object keeps the name of its secret; NULL: it has none. */
static const char **secret_of(struct ls_object *object)
{
	if (object->kind == &ls_kind_wireguard && ls_object_has(object, LS_WIREGUARD_PRIVATE_KEY))
		return &((struct ls_wireguard *)object)->private_key;
	if (object->kind == &ls_kind_wg_peer && ls_object_has(object, LS_WG_PEER_PRESHARED_KEY))
		return &((struct ls_wg_peer *)object)->preshared_key;
	if (object->kind == &ls_kind_xfrm_state && ls_object_has(object, LS_XFRM_STATE_KEY))
		return &((struct ls_xfrm_state *)object)->key;
	return NULL;
}

static const char *path_of(const struct ls_host *host, const char *name, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/" DIRECTORY "/%s", host->state_path, name);
	return path;
}

/* ---- files of the spec ------------------------------------------------------------------------------------------- */

/* The device's public key tells its private one. */
static int set_public_key(struct ls_arena *arena, struct ls_wireguard *device, const struct ls_secret *secret)
{
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key key;
	char text[LS_KEY_TEXT_MAX];
	struct ls_crypto_key public;

	memcpy(key.bytes, secret->bytes, sizeof(key.bytes));
	ls_key_public(&key, &public);
	device->public_key = ls_arena_intern(arena, ls_key_format(&public, text), LS_KEY_TEXT_MAX - 1);
	device->object.set |= LS_BIT(LS_WIREGUARD_PUBLIC_KEY);
	return device->public_key ? 0 : -ENOMEM;
}

static int check_size(
	const struct ls_object *object, const char *path, const struct ls_secret *secret, struct ls_error *err)
{
	const char *name = object->kind == &ls_kind_xfrm_state ? ((const struct ls_xfrm_state *)object)->proposal : "";
	const struct ls_esp_proposal *proposal = ls_esp_proposal_by_name(name);
	unsigned size = proposal ? (unsigned)proposal->encryption + proposal->integrity : LS_KEY_SIZE;

	if (secret->size == size)
		return 0;
	return ls_error_set(err, -EINVAL, "%s: holds %u bytes, but a key %s%s has %u: `linkspan keygen%s%s` makes one",
		path, secret->size, proposal ? "of " : "of a tunnel", name, size, proposal ? " --esp " : "", name);
}

static int resolve(struct ls_keyring *ring, struct ls_arena *arena, struct ls_object *object, const char **secret,
	struct ls_error *err)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret value = { 0 };
	char name[LS_SECRET_NAME_MAX];
	int r = ls_secret_read(*secret, &value, err);

	if (r >= 0)
		r = check_size(object, *secret, &value, err);
	if (r < 0)
		return r;
	if (ls_keyring_add_secret(ring, &value, name))
		*secret = ls_arena_intern(arena, name, LS_SECRET_NAME_MAX - 1);
	else
		r = -ENOMEM;
	if (r >= 0 && *secret && object->kind == &ls_kind_wireguard)
		r = set_public_key(arena, (struct ls_wireguard *)object, &value);
	return r < 0 || !*secret ? ls_error_set(err, -ENOMEM, "out of memory") : 0;
}

/* The kernel leaves out, without a word, a peer that has the device's own key. */
static int refuse_itself(const struct ls_set *desired, const struct ls_object *object, struct ls_error *err)
{
	const struct ls_wg_peer *peer = (const struct ls_wg_peer *)object;
	const struct ls_wireguard key = { .object.kind = &ls_kind_wireguard, .dev = peer->dev };
	const struct ls_wireguard *device = (const struct ls_wireguard *)ls_set_find(desired, &key.object);

	if (!device || !ls_object_has(&device->object, LS_WIREGUARD_PUBLIC_KEY) ||
		strcmp(device->public_key, peer->public_key) != 0)
		return 0;
	return ls_error_set(err, -EINVAL,
		"the public key is that of tunnel %s itself: give the one that the peer's `linkspan keygen` printed",
		peer->dev);
}

int ls_resolve_keys(struct ls_keyring *ring, struct ls_set *desired, struct ls_error *err)
{
	int r = 0;

	for (size_t i = 0; i < desired->n_objects && r >= 0; i++) {
		struct ls_object *object = desired->objects[i];
		const char **secret = secret_of(object);

		if (secret)
			r = resolve(ring, desired->arena, object, secret, err);
		if (r >= 0 && object->kind == &ls_kind_wg_peer)
			r = refuse_itself(desired, object, err);
		if (r < 0 && err)
			err->location = (struct ls_location){ .line = object->line, .column = object->column };
	}
	return r;
}

/* ---- the state directory's --------------------------------------------------------------------------------------- */

static DIR *open_keys(const struct ls_host *host)
{
	int fd = host->dirfd < 0 ? -1 : openat(host->dirfd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory)
		ls_close(&fd);
	return directory;
}

static bool is_name(const char *name)
{
	return !strncmp(name, "key-", 4) && strlen(name) == LS_SECRET_NAME_MAX - 1;
}

/* Is there any key at all? What does not read as one is none: nothing is lost with it. */
static bool has_keys(const struct ls_host *host, DIR *directory)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };
	char path[PATH_SIZE];
	struct dirent *entry;
	bool found = false;

	while (!found && (entry = readdir(directory)))
		found = is_name(entry->d_name) &&
			ls_secret_read(path_of(host, entry->d_name, path), &secret, NULL) >= 0;
	rewinddir(directory);
	return found;
}

/* Under another salt the keys would have other names than those that the record quotes: all that it has would be taken
 * for somebody else's. */
static int refuse_salt(const struct ls_host *host, int code, const struct ls_error *why, struct ls_error *err)
{
	char path[PATH_SIZE];

	if (code == -ENOENT || code == -EINVAL)
		return ls_error_set(err, -EBADMSG,
			"%s is %s, and by it the keys of tunnels beside it are known: put it back from a copy; if "
			"there is none, remove %s/" DIRECTORY
			" and apply again (no rollback leads back to earlier keys then)",
			path_of(host, SALT, path), code == -ENOENT ? "missing" : "damaged", host->state_path);
	return ls_error_set(err, code, "%s", why->message);
}

/* Without one there is still that of the keyring; it is written down with the first key. */
static int load_salt(struct ls_host *host, DIR *directory, struct ls_error *err)
{
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key salt = { 0 };
	/* Before the salt is read: another run, which we need not wait for to read only, writes the salt first. */
	bool needed = has_keys(host, directory);
	struct ls_error why = { 0 };
	char path[PATH_SIZE];
	int r = ls_key_read(path_of(host, SALT, path), &salt, &why);

	if (r >= 0)
		ls_keyring_set_salt(ls_kernel_keys(host->kernel), salt.bytes);
	else if (needed)
		return refuse_salt(host, r, &why, err);
	return 0;
}

static int load_keys(struct ls_host *host, DIR *directory, struct ls_error *err)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };
	char path[PATH_SIZE], name[LS_SECRET_NAME_MAX];
	struct dirent *entry;

	while ((entry = readdir(directory)))
		if (is_name(entry->d_name) && ls_secret_read(path_of(host, entry->d_name, path), &secret, NULL) >= 0 &&
			!ls_keyring_add_secret(ls_kernel_keys(host->kernel), &secret, name))
			return ls_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

int ls_keys_load(struct ls_host *host, struct ls_error *err)
{
	DIR *directory = open_keys(host);
	int r;

	if (!directory && (host->dirfd < 0 || errno == ENOENT || (errno == EACCES && !host->change)))
		return 0;
	if (!directory)
		return ls_error_set(err, -errno, "%s/" DIRECTORY ": %s", host->state_path, strerror(errno));
	r = load_salt(host, directory, err);
	if (r >= 0)
		r = load_keys(host, directory, err);
	closedir(directory);
	return r;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

struct keeping {
	struct ls_host *host;
	int fd;        /* keys/; -1: not needed yet */
	size_t needed; /* so many secrets must be there in the end */
};

/* The first key of all comes with a salt; one that does not read has no key that would depend on it (ls_keys_load). It
 * is on the disk before any key is. */
static int need_salt(const struct keeping *keeping, struct ls_error *err)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { .size = LS_KEY_SIZE };
	LS_CLEANUP(ls_key_wipe) struct ls_crypto_key salt = { 0 };
	char path[PATH_SIZE];
	int r;

	if (ls_key_read(path_of(keeping->host, SALT, path), &salt, NULL) >= 0)
		return 0;
	memcpy(secret.bytes, ls_keyring_salt(ls_kernel_keys(keeping->host->kernel)), LS_KEY_SIZE);
	r = ls_secret_place_at(keeping->fd, SALT, &secret, err);
	return r < 0 || fsync(keeping->fd) >= 0 ? r : ls_error_set(err, -errno, "%s", strerror(errno));
}

static int open_to_keep(struct keeping *keeping, struct ls_error *err)
{
	int dirfd = keeping->host->dirfd;

	if (keeping->fd >= 0)
		return 0;
	if (mkdirat(dirfd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return ls_error_set(err, -errno, "%s", strerror(errno));
	keeping->fd = openat(dirfd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return keeping->fd < 0 ? ls_error_set(err, -errno, "%s", strerror(errno)) : need_salt(keeping, err);
}

/* A file of that name may be an earlier program's that died while it wrote it. */
static bool is_kept(const struct ls_host *host, const char *name, const struct ls_secret *secret)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret kept = { 0 };
	char path[PATH_SIZE];

	return ls_secret_read(path_of(host, name, path), &kept, NULL) >= 0 && kept.size == secret->size &&
	       !memcmp(kept.bytes, secret->bytes, kept.size);
}

static int keep(struct keeping *keeping, const struct ls_object *object, struct ls_error *err)
{
	const char **name = object ? secret_of((struct ls_object *)(uintptr_t)object) : NULL;
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };
	int r;

	if (!name || !ls_keyring_find_secret(ls_kernel_keys(keeping->host->kernel), *name, &secret))
		return 0;
	keeping->needed++;
	if (is_kept(keeping->host, *name, &secret))
		return 0;
	r = open_to_keep(keeping, err);
	return r < 0 ? r : ls_secret_place_at(keeping->fd, *name, &secret, err);
}

static int keep_all(struct keeping *keeping, const struct ls_set *set, struct ls_error *err)
{
	int r = 0;

	for (size_t i = 0; i < set->n_objects && r >= 0; i++)
		r = keep(keeping, set->objects[i], err);
	return r;
}

/* The files are synced; their names are in the directory, and that is in the state directory. Whoever wrote those that
 * were there may have died before this. */
static int settle(struct keeping *keeping, struct ls_error *err)
{
	int r = keeping->needed ? open_to_keep(keeping, err) : 0;

	if (r >= 0 && keeping->needed && (fsync(keeping->fd) < 0 || fsync(keeping->host->dirfd) < 0))
		r = ls_error_set(err, -errno, "%s", strerror(errno));
	return r;
}

int ls_keys_keep(struct ls_host *host, const struct ls_plan *plan, const struct ls_set *desired, struct ls_error *err)
{
	struct keeping keeping = { .host = host, .fd = -1 };
	int r = keep_all(&keeping, desired, err);

	for (size_t i = 0; i < plan->n_steps && r >= 0; i++)
		r = keep(&keeping, plan->steps[i].before, err);
	if (r >= 0)
		r = keep_all(&keeping, &plan->closure, err);
	if (r >= 0)
		r = settle(&keeping, err);
	ls_close(&keeping.fd);
	return r < 0 ? ls_error_context(err, r, "keeping the tunnels' keys in %s/" DIRECTORY, host->state_path) : 0;
}

/* ---- what nobody names any more ---------------------------------------------------------------------------------- */

/* Names of secrets, in order once all are there. */
struct names {
	char (*items)[LS_SECRET_NAME_MAX];
	size_t n, size;
};

static int add_name(struct names *names, const char *name)
{
	if (names->n == names->size) {
		size_t size = names->size ? 2 * names->size : 64;
		char(*grown)[LS_SECRET_NAME_MAX] = reallocarray(names->items, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		names->items = grown;
		names->size = size;
	}
	snprintf(names->items[names->n++], LS_SECRET_NAME_MAX, "%s", name);
	return 0;
}

static int add_names_of(struct ls_host *host, uint64_t number, struct names *names)
{
	struct ls_generation generation;
	int r = ls_generation_read(host, number, LS_GENERATION_OBJECTS, &generation, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; i < generation.objects.n_objects && r >= 0; i++) {
		const char **secret = secret_of(generation.objects.objects[i]);

		r = secret ? add_name(names, *secret) : 0;
	}
	ls_generation_done(&generation);
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void sort_names(struct names *names)
{
	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), compare_names);
}

/* What the generations name. Negative errno: that is not known of all of them. */
static int find_named(struct ls_host *host, struct names *ret)
{
	uint64_t *numbers = NULL;
	size_t n = 0;
	int r = ls_generation_numbers(host, &numbers, &n, NULL);

	for (size_t i = 0; i < n && r >= 0; i++)
		r = add_names_of(host, numbers[i], ret);
	free(numbers);
	sort_names(ret);
	return r;
}

static bool is_among(const struct names *names, const char *name)
{
	return names->n && bsearch(name, names->items, names->n, sizeof(*names->items), compare_names);
}

static bool are_among(const struct names *names, const struct ls_set *set)
{
	for (size_t i = 0; i < set->n_objects; i++) {
		const char **secret = secret_of(set->objects[i]);

		if (secret && !is_among(names, *secret))
			return false;
	}
	return true;
}

bool ls_keys_are_recorded(struct ls_host *host, const struct ls_set *desired)
{
	struct names names = { 0 };
	bool recorded = are_among(&names, desired); /* then there are none */

	if (!recorded && add_names_of(host, host->current, &names) >= 0) {
		sort_names(&names);
		recorded = are_among(&names, desired);
	}
	free(names.items);
	return recorded;
}

/* A run died, and this did not get its name. */
static bool is_draft(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && !strcmp(dot, ".tmp");
}

void ls_keys_prune(struct ls_host *host)
{
	struct names names = { 0 };
	DIR *directory = open_keys(host);
	struct dirent *entry;
	char path[PATH_SIZE];
	bool known;

	if (!directory)
		return;
	known = find_named(host, &names) >= 0;
	while ((entry = readdir(directory)))
		if (is_draft(entry->d_name) ||
			(known && !strncmp(entry->d_name, "key-", 4) && !is_among(&names, entry->d_name)))
			(void)unlink(path_of(host, entry->d_name, path));
	free(names.items);
	closedir(directory);
}
