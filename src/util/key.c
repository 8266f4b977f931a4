/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys. libsodium does what must not be done by hand: random numbers, the curve, base64 that takes no time that would
 * depend on the key. The memory of a secret belongs to the caller, who wipes it.
 */
#include <linkspan/util.h>

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <sodium.h>

_Static_assert(LS_KEY_SIZE == crypto_scalarmult_curve25519_BYTES, "a key of the curve");
_Static_assert(LS_KEY_TEXT_MAX == sodium_base64_ENCODED_LEN(LS_KEY_SIZE, sodium_base64_VARIANT_ORIGINAL), "its text");

void ls_secrets_hide(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int ls_key_generate(struct ls_crypto_key *ret, struct ls_error *err)
{
	if (sodium_init() < 0)
		return ls_error_set(err, -EIO, "the system has no random numbers");
	ls_secrets_hide();
	randombytes_buf(ret->bytes, sizeof(ret->bytes));
	return 0;
}

int ls_key_generate_private(struct ls_crypto_key *ret, struct ls_error *err)
{
	int r = ls_key_generate(ret, err);

	if (r < 0)
		return r;
	ret->bytes[0] &= 248;
	ret->bytes[31] = (ret->bytes[31] & 127) | 64;
	return 0;
}

void ls_key_public(const struct ls_crypto_key *secret, struct ls_crypto_key *ret)
{
	(void)crypto_scalarmult_curve25519_base(ret->bytes, secret->bytes);
}

int ls_key_parse(const char *text, struct ls_crypto_key *ret)
{
	const char *end;
	struct ls_crypto_key key;
	size_t length;
	int r = -EINVAL;

	if (!sodium_base642bin(key.bytes, sizeof(key.bytes), text, strlen(text), NULL, &length, &end,
		    sodium_base64_VARIANT_ORIGINAL) &&
		length == sizeof(key.bytes) && !*end) {
		*ret = key;
		r = 0;
	}
	ls_key_wipe(&key);
	return r;
}

const char *ls_key_format(const struct ls_crypto_key *key, char text[static LS_KEY_TEXT_MAX])
{
	return sodium_bin2base64(text, LS_KEY_TEXT_MAX, key->bytes, sizeof(key->bytes), sodium_base64_VARIANT_ORIGINAL);
}

void ls_key_wipe(struct ls_crypto_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

int ls_secret_generate(size_t size, struct ls_secret *ret, struct ls_error *err)
{
	if (sodium_init() < 0)
		return ls_error_set(err, -EIO, "the system has no random numbers");
	ls_secrets_hide();
	ret->size = (uint8_t)size;
	randombytes_buf(ret->bytes, size);
	return 0;
}

void ls_secret_wipe(struct ls_secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

#define LINE_MAX_SIZE sodium_base64_ENCODED_LEN(LS_SECRET_SIZE_MAX, sodium_base64_VARIANT_ORIGINAL)

/* Its length. */
static size_t format_line(const struct ls_secret *secret, char line[static LINE_MAX_SIZE])
{
	size_t length;

	sodium_bin2base64(line, LINE_MAX_SIZE, secret->bytes, secret->size, sodium_base64_VARIANT_ORIGINAL);
	length = strlen(line);
	line[length++] = '\n'; /* where the zero was */
	return length;
}

static int write_line(const struct ls_file_draft *draft, const struct ls_secret *secret, struct ls_error *err)
{
	char line[LINE_MAX_SIZE];
	int r = ls_file_write_at(draft, 0, line, format_line(secret, line), err);

	explicit_bzero(line, sizeof(line));
	return r;
}

/* `end`: how the file gets its name. */
static int write_secret(struct ls_file_draft *draft, const struct ls_secret *secret,
	int (*end)(struct ls_file_draft *draft, struct ls_error *err), struct ls_error *err)
{
	int r = write_line(draft, secret, err);

	if (r >= 0)
		return end(draft, err);
	ls_file_drop(draft);
	return r;
}

int ls_secret_place_at(int dirfd, const char *name, const struct ls_secret *secret, struct ls_error *err)
{
	struct ls_file_draft draft = { 0 };
	int r = ls_file_begin_at(dirfd, name, &draft, err);

	return r < 0 ? r : write_secret(&draft, secret, ls_file_place, err);
}

int ls_secret_create(const char *path, const struct ls_secret *secret, struct ls_error *err)
{
	struct ls_file_draft draft = { 0 };
	int r = ls_file_begin_new(path, &draft, err);

	if (r >= 0)
		r = write_secret(&draft, secret, ls_file_finish, err);
	return r == -EEXIST ? ls_error_set(err, r, "%s is there already; a key is never written over another", path)
			    : r;
}

int ls_key_create(const char *path, const struct ls_crypto_key *key, struct ls_error *err)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { .size = LS_KEY_SIZE };

	memcpy(secret.bytes, key->bytes, LS_KEY_SIZE);
	return ls_secret_create(path, &secret, err);
}

static int check_file(int fd, const char *path, struct ls_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ls_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ls_error_set(err, -EINVAL, "%s: is not a regular file", path);
	if (st.st_mode & 077)
		return ls_error_set(err, -EPERM,
			"%s: others than its owner can get at this key (mode %03o); chmod 600 it, and make a new key "
			"if anybody may have read it",
			path, st.st_mode & 0777u);
	return 0;
}

/* One line; blanks behind it do not count. */
static int parse_line(char *line, struct ls_secret *ret)
{
	size_t length = strcspn(line, " \t\r\n"), size;
	struct ls_secret secret = { 0 };
	const char *end;
	int r = -EINVAL;

	if (line[length + strspn(line + length, " \t\r\n")])
		return r;
	if (!sodium_base642bin(secret.bytes, sizeof(secret.bytes), line, length, NULL, &size, &end,
		    sodium_base64_VARIANT_ORIGINAL) &&
		size && end == line + length) {
		secret.size = (uint8_t)size;
		*ret = secret;
		r = 0;
	}
	ls_secret_wipe(&secret);
	return r;
}

int ls_secret_read(const char *path, struct ls_secret *ret, struct ls_error *err)
{
	LS_CLEANUP(ls_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char line[LINE_MAX_SIZE + 8] = "";
	int r;

	if (fd < 0)
		return ls_error_set(err, -errno, "%s: %s", path, strerror(errno));
	r = check_file(fd, path, err);
	if (r < 0)
		return r;
	ls_secrets_hide();
	if (read(fd, line, sizeof(line) - 1) < 0)
		return ls_error_set(err, -errno, "%s: %s", path, strerror(errno));
	r = parse_line(line, ret);
	explicit_bzero(line, sizeof(line));
	return r < 0 ? ls_error_set(err, r, "%s: is no key: one line of base64, as `linkspan keygen` writes it", path)
		     : 0;
}

int ls_key_read(const char *path, struct ls_crypto_key *ret, struct ls_error *err)
{
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };
	int r = ls_secret_read(path, &secret, err);

	if (r < 0)
		return r;
	if (secret.size != LS_KEY_SIZE)
		return ls_error_set(err, -EINVAL,
			"%s: is no key of a tunnel: it holds %u bytes, not the %u that `linkspan keygen` writes", path,
			secret.size, LS_KEY_SIZE);
	memcpy(ret->bytes, secret.bytes, LS_KEY_SIZE);
	return 0;
}
