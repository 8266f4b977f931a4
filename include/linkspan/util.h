/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * util: what every room needs and no room owns: errors, diagnostics, memory, addresses, files.
 *
 * Functions that can fail return 0 or a negative errno and leave their `ret_` parameters untouched on failure. Nothing
 * here prints or exits.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- compiler helpers ------------------------------------------------------------------------------------------- */

#define LS_CLEANUP(function) __attribute__((cleanup(function)))
#define LS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define LS_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define LS_BIT(n) (UINT32_C(1) << (n))

/* Moves a value out of a variable that a cleanup would release otherwise. */
#define LS_TAKE_PTR(pointer) \
	__extension__({ \
		__auto_type taken_ = (pointer); \
		(pointer) = NULL; \
		taken_; \
	})
#define LS_TAKE_FD(fd) \
	__extension__({ \
		int taken_ = (fd); \
		(fd) = -1; \
		taken_; \
	})

void ls_close(int *fd);     /* cleanup: closes unless negative */
void ls_free(void *memory); /* cleanup: free() of the pointer that `memory` points at */

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* A place in a spec. line and column count from 1; line 0 = no place known. `file` is borrowed. */
struct ls_location {
	const char *file;
	uint32_t line;
	uint32_t column;
};

/* One failure, gaining context on its way up. Lives on the caller's stack; needs no release. */
struct ls_error {
	int code;                    /* negative errno */
	struct ls_location location; /* the spec line that asked for what failed, if any */
	char message[1024];
};

/* Sets the error and returns `code`, so that a caller can `return ls_error_set(...)`. err may be NULL. */
int ls_error_set(struct ls_error *err, int code, const char *format, ...) LS_PRINTF(3, 4);
int ls_error_clear(struct ls_error *err); /* nothing is wrong after all; 0 */
/* Puts "CONTEXT: " before the message there is; returns err->code (`code` when err is NULL). */
int ls_error_context(struct ls_error *err, int code, const char *format, ...) LS_PRINTF(3, 4);

enum ls_severity { LS_SEVERITY_ERROR, LS_SEVERITY_WARNING };

/* One finding about a spec or plan. `id` is a stable word (domain checks, form errors) and a string literal. */
struct ls_finding {
	enum ls_severity severity;
	struct ls_location location;
	const char *id;
	const char *message;
};

/* All findings of a run, in the order found. Records only: cli/ is what prints them. */
struct ls_diag {
	struct ls_finding *findings;
	size_t n_findings;
	size_t n_errors;
	struct ls_arena *arena; /* holds the messages; made by the first report */
	bool out_of_memory;     /* a finding could not be kept: counts as an error */
};

void ls_diag_done(struct ls_diag *diag);
void ls_diag_report(struct ls_diag *diag, enum ls_severity severity, struct ls_location location, const char *id,
	const char *format, ...) LS_PRINTF(5, 6);
bool ls_diag_failed(const struct ls_diag *diag);

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* Everything of one spec, one snapshot or one plan lives in one arena and goes at once. Memory is zeroed and aligned
 * for any type. NULL when memory ran out. */
struct ls_arena;

struct ls_arena *ls_arena_new(void);
void ls_arena_free(struct ls_arena *arena); /* accepts NULL */
void ls_arena_freep(struct ls_arena **arena);
void *ls_arena_alloc(struct ls_arena *arena, size_t size);
void *ls_arena_copy(struct ls_arena *arena, const void *data, size_t size);
char *ls_arena_printf(struct ls_arena *arena, const char *format, ...) LS_PRINTF(2, 3);
/* A copy of text[0..length) with a terminating zero; equal texts give the same pointer. */
const char *ls_arena_intern(struct ls_arena *arena, const char *text, size_t length);

/* A growing byte buffer. A failed append sets `failed` and makes all later appends fail: check once at the end. */
struct ls_buf {
	uint8_t *data;
	size_t length;
	size_t size;
	bool failed;
};

void ls_buf_done(struct ls_buf *buf); /* wipes before it frees: a buffer may hold secrets */
int ls_buf_append(struct ls_buf *buf, const void *data, size_t length);
int ls_buf_printf(struct ls_buf *buf, const char *format, ...) LS_PRINTF(2, 3);

/* ---- time -------------------------------------------------------------------------------------------------------- */

double ls_now(void); /* seconds of the monotonic clock */

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Text in a buffer of fixed size (1 or more), always ended by a zero; what does not fit is left out. */
struct ls_text {
	char *at, *end;
};

struct ls_text ls_text_begin(char *text, size_t size);
void ls_text_put(struct ls_text *text, const char *more);
void ls_text_number(struct ls_text *text, uint32_t number); /* decimal */

bool ls_text_same(const char *a, const char *b); /* NULL is the same as NULL alone */

/* ---- addresses --------------------------------------------------------------------------------------------------- */

#define LS_IP_TEXT_MAX 46     /* INET6_ADDRSTRLEN */
#define LS_PREFIX_TEXT_MAX 50 /* and "/128" */
#define LS_MAC_TEXT_MAX 18

/* Bytes (RFC 8200, section 5). Below it the kernel takes IPv6 from a link, and its sysctls with it (addrconf_notify in
 * net/ipv6/addrconf.c). */
#define LS_IPV6_MTU_MIN 1280

/* An IPv4 or IPv6 address. family: AF_INET, AF_INET6, or 0 for none. Unused bytes are zero, so memcmp compares. */
struct ls_ip {
	uint8_t family;
	uint8_t bytes[16]; /* network byte order */
};

/* An address with a prefix length: 0-32 or 0-128 bits. Host bits are kept as written. */
struct ls_prefix {
	struct ls_ip ip;
	uint8_t length;
};

struct ls_mac {
	uint8_t bytes[6];
};

int ls_ip_parse(const char *text, struct ls_ip *ret);         /* -EINVAL */
int ls_prefix_parse(const char *text, struct ls_prefix *ret); /* "ADDRESS/LENGTH"; -EINVAL */
int ls_mac_parse(const char *text, struct ls_mac *ret);       /* six hex pairs with colons; -EINVAL */
const char *ls_ip_format(const struct ls_ip *ip, char text[static LS_IP_TEXT_MAX]); /* RFC 5952 */
const char *ls_prefix_format(const struct ls_prefix *prefix, char text[static LS_PREFIX_TEXT_MAX]);
const char *ls_mac_format(const struct ls_mac *mac, char text[static LS_MAC_TEXT_MAX]);
size_t ls_ip_size(uint8_t family);                                               /* 4 or 16 bytes */
uint8_t ls_ip_bits(uint8_t family);                                              /* 32 or 128 */
const char *ls_ip_family_name(uint8_t family);                                   /* "IPv4" or "IPv6" */
struct ls_prefix ls_prefix_network(struct ls_prefix prefix);                     /* host bits cleared */
struct ls_ip ls_prefix_last(const struct ls_prefix *prefix);                     /* its last address */
struct ls_prefix ls_ip_alone(const struct ls_ip *ip);                            /* the /32 or /128 */
bool ls_prefix_contains(const struct ls_prefix *prefix, const struct ls_ip *ip); /* false across families */
/* In order, with blanks between; sorts the list. NULL: out of memory. */
struct ls_arena;
const char *ls_prefixes_text(struct ls_arena *arena, struct ls_prefix *list, size_t n);
/* The order of such a list. */
int ls_prefix_compare(const struct ls_prefix *a, const struct ls_prefix *b);
bool ls_ip_is_link_local(const struct ls_ip *ip); /* fe80::/10, 169.254.0.0/16 */

/* ---- processes --------------------------------------------------------------------------------------------------- */

/* What is in a file of /proc/PID ("comm", "cmdline"), as one line: words that end with a zero are kept apart by blanks.
 * Truncates. False, and "": nothing, or it cannot be read. */
bool ls_process_text(pid_t pid, const char *name, char *text, size_t size);
/* Is it in this thread's network namespace? Who may not look is told that it is not. */
bool ls_process_shares_network(pid_t pid);
/* Those that there are, as /proc lists them; they may be gone by the time they are looked at. */
void ls_process_each(void (*each)(pid_t pid, void *data), void *data);

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Reads a whole regular file, "-" for standard input. *ret_data has a zero after its last byte, not counted in
 * *ret_length; release with free(). Refuses what is no regular file (-EISDIR, -EINVAL; never blocks on a FIFO) and more
 * than `limit` bytes (-EFBIG). */
int ls_file_read(const char *path, size_t limit, char **ret_data, size_t *ret_length, struct ls_error *err);
/* Same, relative to a directory. */
int ls_file_read_at(
	int dirfd, const char *name, size_t limit, char **ret_data, size_t *ret_length, struct ls_error *err);
/* Replaces a file so that a crash leaves the old or the new content: NAME.tmp, fsync, rename, fsync(dir). Mode 0600. */
int ls_file_replace_at(int dirfd, const char *name, const void *data, size_t length, struct ls_error *err);

/* The same, bit by bit: what is written goes to NAME.tmp, which takes the name at the end. */
struct ls_file_draft {
	int dirfd, fd;
	bool anew;
	char *name, *temporary; /* NULL: there is no draft */
};

int ls_file_begin_at(int dirfd, const char *name, struct ls_file_draft *ret, struct ls_error *err);
/* The same for a file of mode 0600 that must not be there yet (-EEXIST, also at the end), among somebody else's: the
 * draft is .linkspan-XXXXXX beside it, with letters that nothing else there has. */
int ls_file_begin_new(const char *path, struct ls_file_draft *ret, struct ls_error *err);
int ls_file_write_at(
	const struct ls_file_draft *draft, uint64_t offset, const void *data, size_t length, struct ls_error *err);
int ls_file_finish(struct ls_file_draft *draft, struct ls_error *err); /* the draft is gone in any case */
/* The same for one of many: the caller syncs the directory when all are there. */
int ls_file_place(struct ls_file_draft *draft, struct ls_error *err);
void ls_file_drop(struct ls_file_draft *draft); /* removes the draft */

/* Unlinks and fsyncs the directory. A missing file is fine. */
int ls_file_remove_at(int dirfd, const char *name, struct ls_error *err);

/* ---- keys -------------------------------------------------------------------------------------------------------- */

#define LS_KEY_SIZE 32u     /* bytes: Curve25519 (RFC 7748) and WireGuard's preshared keys */
#define LS_KEY_TEXT_MAX 45u /* base64 (RFC 4648, section 4) of 44 characters, and the zero */

/* Wipe it when it is secret and no longer needed. */
struct ls_crypto_key {
	uint8_t bytes[LS_KEY_SIZE];
};

/* To be called before a secret comes into memory: buffers of netlink sockets, of libraries and of threads will have had
 * it. From then on the process leaves no core dump, and nobody without CAP_SYS_PTRACE looks into it (PR_SET_DUMPABLE,
 * prctl(2)). */
void ls_secrets_hide(void);

int ls_key_generate(struct ls_crypto_key *ret, struct ls_error *err); /* 32 random bytes: a preshared key */
/* A private key of X25519, with the bits set and cleared that RFC 7748, section 5, asks for. */
int ls_key_generate_private(struct ls_crypto_key *ret, struct ls_error *err);
void ls_key_public(const struct ls_crypto_key *secret, struct ls_crypto_key *ret); /* of a private key */
int ls_key_parse(const char *text, struct ls_crypto_key *ret);                     /* -EINVAL */
const char *ls_key_format(const struct ls_crypto_key *key, char text[static LS_KEY_TEXT_MAX]);
void ls_key_wipe(struct ls_crypto_key *key); /* also as a cleanup */
/* Writes it to a new file of mode 0600, as wg(8) does: base64 and a newline. It is there whole, and synced, or not at
 * all. -EEXIST: never over another one. */
int ls_key_create(const char *path, const struct ls_crypto_key *key, struct ls_error *err);

/* Reads such a file: a regular one, which nobody but its owner can read or write (-EPERM). */
int ls_key_read(const char *path, struct ls_crypto_key *ret, struct ls_error *err);

/* A secret of any length, as an IPsec security association has it: the encryption key, and the integrity key behind
 * it. In files it looks like a key. */
#define LS_SECRET_SIZE_MAX 96u /* bytes: AES-256 and HMAC-SHA-512 */
struct ls_secret {
	uint8_t size;
	uint8_t bytes[LS_SECRET_SIZE_MAX];
};

int ls_secret_generate(size_t size, struct ls_secret *ret, struct ls_error *err);
void ls_secret_wipe(struct ls_secret *secret);                                                /* also as a cleanup */
int ls_secret_create(const char *path, const struct ls_secret *secret, struct ls_error *err); /* as ls_key_create */
int ls_secret_read(const char *path, struct ls_secret *ret, struct ls_error *err);
/* Such a file in a directory of ours, whether there is one or not; the caller syncs the directory. */
int ls_secret_place_at(int dirfd, const char *name, const struct ls_secret *secret, struct ls_error *err);

/* Secrets by name. */
struct ls_keyring;

#define LS_SECRET_NAME_MAX 37u /* "key-" and 32 digits, and the zero */

struct ls_keyring *ls_keyring_new(void); /* with a salt of its own; NULL: out of memory */
void ls_keyring_free(struct ls_keyring *ring);
const uint8_t *ls_keyring_salt(const struct ls_keyring *ring); /* LS_KEY_SIZE bytes */
void ls_keyring_set_salt(
	struct ls_keyring *ring, const uint8_t salt[static LS_KEY_SIZE]); /* before anything is added */
/* False: out of memory. */
bool ls_keyring_add(struct ls_keyring *ring, const struct ls_crypto_key *key, char name[static LS_SECRET_NAME_MAX]);
bool ls_keyring_add_secret(
	struct ls_keyring *ring, const struct ls_secret *secret, char name[static LS_SECRET_NAME_MAX]);
/* False: there is none of that name, or it is no key. */
bool ls_keyring_find(const struct ls_keyring *ring, const char *name, struct ls_crypto_key *ret);
bool ls_keyring_find_secret(const struct ls_keyring *ring, const char *name, struct ls_secret *ret);

/* CRC32C (Castagnoli, RFC 3720 appendix B.4) of data, continuing from `crc` (0 to begin). */
uint32_t ls_crc32c(uint32_t crc, const void *data, size_t length);

/* ---- work for two threads ---------------------------------------------------------------------------------------- */

struct ls_relay;

/* What the second thread does: give or take, until there is no more. Returning ends the relay. */
typedef void ls_relay_work(struct ls_relay *relay, void *user);

/* Starts a thread; of it and the caller one gives parts of part_size bytes, the other takes them. NULL: there is no
 * thread, or no memory, to be had. */
struct ls_relay *ls_relay_start(size_t part_size, ls_relay_work *work, void *user);
/* Gives away *part, a block from malloc, for one that was taken before, or is all zeros. `length` is for the taker.
 * Waits while there is none. False: the relay has ended, *part was not given. */
bool ls_relay_give(struct ls_relay *relay, void **part, size_t length);
/* The next part, valid until the next call; waits for it. NULL: that was the last one. */
void *ls_relay_take(struct ls_relay *relay, size_t *ret_length);
/* From now on nothing is given; what was can still be taken. */
void ls_relay_end(struct ls_relay *relay);
/* Ends it, waits for the thread, and calls `drop` (or NULL) for every part before it is freed. NULL is fine. */
void ls_relay_free(struct ls_relay *relay, void (*drop)(void *part));
