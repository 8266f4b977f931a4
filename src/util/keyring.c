/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A keyring holds secrets, so that nothing else has to: objects, and with them journals, generations and output, only
 * have a secret's name. The name is a hash of the secret under a salt of this host, which nobody can try guesses
 * against who does not have the salt; equal secrets have equal names. The memory is left out of core dumps and of swap,
 * and wiped (sodium_malloc).
 */
#include <linkspan/util.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#define HASH_SIZE 16u

struct entry {
	struct ls_secret secret;
	char name[LS_SECRET_NAME_MAX]; /* "" where there is none */
};

struct ls_keyring {
	uint8_t salt[LS_KEY_SIZE];
	struct entry *entries; /* a power of two, by the hash; at most half of them are taken */
	size_t n, size;
};

struct ls_keyring *ls_keyring_new(void)
{
	struct ls_keyring *ring = sodium_init() < 0 ? NULL : calloc(1, sizeof(*ring));

	if (ring)
		randombytes_buf(ring->salt, sizeof(ring->salt));
	return ring;
}

void ls_keyring_free(struct ls_keyring *ring)
{
	if (!ring)
		return;
	sodium_free(ring->entries);
	explicit_bzero(ring->salt, sizeof(ring->salt));
	free(ring);
}

const uint8_t *ls_keyring_salt(const struct ls_keyring *ring)
{
	return ring->salt;
}

void ls_keyring_set_salt(struct ls_keyring *ring, const uint8_t salt[static LS_KEY_SIZE])
{
	memcpy(ring->salt, salt, sizeof(ring->salt));
}

static void name_of(const struct ls_keyring *ring, const struct ls_secret *secret, char name[static LS_SECRET_NAME_MAX])
{
	uint8_t hash[HASH_SIZE];

	crypto_generichash(hash, sizeof(hash), secret->bytes, secret->size, ring->salt, sizeof(ring->salt));
	memcpy(name, "key-", 4);
	sodium_bin2hex(name + 4, LS_SECRET_NAME_MAX - 4, hash, sizeof(hash));
}

/* The entry of that name, or a free one. */
static struct entry *find(struct entry *entries, size_t size, const char *name)
{
	size_t i = strtoul((const char[]){ name[4], name[5], name[6], name[7], name[8], name[9], '\0' }, NULL, 16);

	while (entries[i % size].name[0] && strcmp(entries[i % size].name, name) != 0)
		i++;
	return &entries[i % size];
}

static bool make_room(struct ls_keyring *ring)
{
	size_t size = ring->size ? 2 * ring->size : 16;
	struct entry *entries;

	if (2 * (ring->n + 1) <= ring->size)
		return true;
	entries = sodium_allocarray(size, sizeof(*entries));
	if (!entries)
		return false;
	memset(entries, 0, size * sizeof(*entries));
	for (size_t i = 0; i < ring->size; i++)
		if (ring->entries[i].name[0])
			*find(entries, size, ring->entries[i].name) = ring->entries[i];
	sodium_free(ring->entries);
	ring->entries = entries;
	ring->size = size;
	return true;
}

bool ls_keyring_add_secret(
	struct ls_keyring *ring, const struct ls_secret *secret, char name[static LS_SECRET_NAME_MAX])
{
	struct entry *entry;

	if (!make_room(ring))
		return false;
	name_of(ring, secret, name);
	entry = find(ring->entries, ring->size, name);
	ring->n += !entry->name[0];
	entry->secret = *secret;
	memcpy(entry->name, name, sizeof(entry->name));
	return true;
}

bool ls_keyring_find_secret(const struct ls_keyring *ring, const char *name, struct ls_secret *ret)
{
	const struct entry *entry;

	if (!ring->size || strlen(name) != LS_SECRET_NAME_MAX - 1)
		return false;
	entry = find(ring->entries, ring->size, name);
	if (!entry->name[0])
		return false;
	*ret = entry->secret;
	return true;
}

bool ls_keyring_add(struct ls_keyring *ring, const struct ls_crypto_key *key, char name[static LS_SECRET_NAME_MAX])
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { .size = LS_KEY_SIZE };

	memcpy(secret.bytes, key->bytes, LS_KEY_SIZE);
	return ls_keyring_add_secret(ring, &secret, name);
}

bool ls_keyring_find(const struct ls_keyring *ring, const char *name, struct ls_crypto_key *ret)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };

	if (!ls_keyring_find_secret(ring, name, &secret) || secret.size != LS_KEY_SIZE)
		return false;
	memcpy(ret->bytes, secret.bytes, LS_KEY_SIZE);
	return true;
}
