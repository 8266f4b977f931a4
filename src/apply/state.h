/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply, inside: the state directory.
 *
 *   lock           held while a run changes anything; says who
 *   journal        before and after of a run that has not been committed
 *   current        number of the current generation; replacing it is the commit point
 *   endpoints      where peers with host names are, as found last
 *   keys/          secrets that a way back may need, and the salt of their names
 *   generations/N  what generation N asked for, its spec, and the ledger of displaced values
 *
 * A namespace other than the initial one has its own, in netns/NAME.
 */
#pragma once

#include <linkspan/apply.h>

#include <pthread.h>

/* One life of one kernel network state. */
struct ls_epoch {
	uint8_t machine[16]; /* /etc/machine-id; zero where there is none */
	uint8_t boot[16];    /* /proc/sys/kernel/random/boot_id */
	uint64_t netns;      /* SO_NETNS_COOKIE (kernel 5.14), or the namespace's inode before */
};

struct ls_host {
	int dirfd;         /* state directory; -1: none there (read-only use) */
	int generationsfd; /* likewise */
	int lockfd;        /* -1: not locked */
	int lock_socket;
	int home; /* the network namespace that we came from, where we have left it; or -1 */
	char *state_path;
	bool hidden; /* there is a state directory, but we may not read it */
	struct ls_epoch epoch;
	struct ls_kernel *kernel;
	uint64_t current;       /* 0: none */
	bool current_is_epochs; /* the current generation was made in this epoch */
	bool change;            /* opened to change things */
	struct ls_ahead *ahead; /* the kernel being read meanwhile, or NULL */
};

bool ls_epoch_same(const struct ls_epoch *a, const struct ls_epoch *b);

/* host.c */
/* The lock, and with it the keys as they are from now on: whoever had it may have kept others. */
int ls_host_lock(struct ls_host *host, unsigned wait_ms, struct ls_error *err);
/* What the record says is ours, where the kernel does not tell the mark. */
void ls_claim(struct ls_host *host, const struct ls_object *made, struct ls_set *actual);

/* namespace.c */
int ls_netns_cookie(uint64_t *ret); /* of the calling thread */
/* Is there a namespace with that cookie, as far as processes and /run/netns show? */
bool ls_netns_is_alive(uint64_t cookie);

/* state.c */
int ls_state_open(struct ls_host *host, const struct ls_host_options *options, struct ls_error *err);
void ls_state_close(struct ls_host *host);
/* Waits up to wait_ms; -EBUSY names the holder. Reads `current` again. */
int ls_state_lock(struct ls_host *host, unsigned wait_ms, struct ls_error *err);
void ls_state_unlock(struct ls_host *host);
/* Another run holds it at this moment. */
bool ls_state_is_locked(const struct ls_host *host);
/* -EEXIST: the epoch is that of another namespace, which still lives, and this host is opened to change things. */
int ls_state_check_epoch(const struct ls_host *host, const struct ls_epoch *epoch, struct ls_error *err);
int ls_state_read_current(struct ls_host *host, struct ls_error *err);
int ls_state_write_current(struct ls_host *host, uint64_t number, struct ls_error *err);

/* ---- record.c: how every file is framed ---------------------------------------------------------------------------
 */

enum ls_record_type {
	LS_RECORD_CURRENT = 1,
	LS_RECORD_JOURNAL = 2,
	LS_RECORD_GENERATION = 3,
	LS_RECORD_ENDPOINTS = 4,
};

#define LS_RECORD_SECTIONS 4u

struct ls_record {
	struct ls_epoch epoch;
	uint32_t n_sections;
	struct ls_buf sections[LS_RECORD_SECTIONS];
};

void ls_record_done(struct ls_record *record);
/* Whole, from its sections, which are empty then. */
int ls_record_write(struct ls_host *host, int dirfd, const char *name, enum ls_record_type type,
	struct ls_record *record, struct ls_error *err);

/* The same, section by section. */
struct ls_record_draft {
	struct ls_host *host;
	enum ls_record_type type;
	struct ls_file_draft file;
	uint64_t end;
	unsigned section; /* what is appended belongs to it */
	uint32_t n_sections;
	struct ls_record_extent {
		uint64_t offset, length;
		uint32_t crc;
	} sections[LS_RECORD_SECTIONS];
};

int ls_record_begin(struct ls_host *host, int dirfd, const char *name, enum ls_record_type type,
	struct ls_record_draft *ret, struct ls_error *err);
void ls_record_section(struct ls_record_draft *draft, unsigned index); /* begins it: once each, in any order */
int ls_record_append(struct ls_record_draft *draft, struct ls_buf *buf, struct ls_error *err); /* and empties buf */
/* How many objects, then each. buf: for what is gathered meanwhile; written first, empty afterwards. */
int ls_record_append_set(
	struct ls_record_draft *draft, struct ls_buf *buf, const struct ls_set *set, struct ls_error *err);
int ls_record_finish(struct ls_record_draft *draft, struct ls_error *err); /* the draft is gone in any case */
void ls_record_drop(struct ls_record_draft *draft);
/* Reads the sections of the bitmap `wanted`. -ENOENT: no such file. -EBADMSG: damaged or never finished. -EPROTO:
 * written by a newer linkspan (the message names the version needed). */
int ls_record_read(int dirfd, const char *name, enum ls_record_type type, uint32_t wanted, struct ls_record *ret,
	struct ls_error *err);

/* ---- generation.c -------------------------------------------------------------------------------------------------
 */

/* A generation on its way to the disk. What a run knows beforehand is written while the kernel works: a second thread
 * does so when there is much of it. `generation` and `ledger` are borrowed until the draft has ended; until it is
 * finished, what a list shows of it may change (its time and how long the run took). */
struct ls_generation_draft {
	struct ls_host *host;
	const struct ls_generation *generation;
	const struct ls_ledger *ledger;
	struct ls_record_draft record;
	uint64_t source; /* the generation's, or found out where that is 0 */
	pthread_t thread;
	bool has_thread;
	int result; /* of the thread */
	struct ls_error error;
};

void ls_generation_begin(struct ls_host *host, const struct ls_generation *generation, const struct ls_ledger *ledger,
	struct ls_generation_draft *ret);
/* Either of them ends the draft. */
int ls_generation_finish(struct ls_generation_draft *draft, struct ls_error *err);
void ls_generation_drop(struct ls_generation_draft *draft);
/* What to read besides what a list shows. */
enum ls_generation_part { LS_GENERATION_SPEC = 1, LS_GENERATION_OBJECTS = 2 };

int ls_generation_read(
	struct ls_host *host, uint64_t number, unsigned parts, struct ls_generation *ret, struct ls_error *err);
/* Does the current generation record just these? Then *ret_source is whose content it is. */
bool ls_generation_repeats_current(struct ls_host *host, const struct ls_set *objects, uint64_t *ret_source);
bool ls_generation_has_spec(struct ls_host *host, uint64_t number, const char *text, size_t length);
/* The ledger of the current generation; empty when there is none, or when it belongs to another epoch. */
int ls_ledger_read(struct ls_host *host, struct ls_arena *arena, struct ls_ledger *ret, struct ls_error *err);
/* Removes the oldest beyond LS_GENERATIONS_KEPT. */
void ls_generation_prune(struct ls_host *host);
int ls_generation_numbers(struct ls_host *host, uint64_t **ret, size_t *ret_n, struct ls_error *err);

/* ---- keys.c -------------------------------------------------------------------------------------------------------
 */

/* Into the keyring, with the salt: what was kept. Again after waiting for the lock. Fails where there are keys but
 * their salt cannot be read. */
int ls_keys_load(struct ls_host *host, struct ls_error *err);
/* Writes to disk every secret that a way back over the plan, or to `desired`, needs. */
int ls_keys_keep(struct ls_host *host, const struct ls_plan *plan, const struct ls_set *desired, struct ls_error *err);
/* Does the current generation name all that `desired` does? */
bool ls_keys_are_recorded(struct ls_host *host, const struct ls_set *desired);
/* Removes those that no generation names, and drafts of runs that died; when there is no journal. */
void ls_keys_prune(struct ls_host *host);

/* ---- journal.c ----------------------------------------------------------------------------------------------------
 */

/* What a run may touch: as it was, as it is to become, and what the kernel makes of bystanders on the way. */
struct ls_journal {
	struct ls_arena *arena;
	struct ls_epoch epoch;
	uint64_t target; /* number of the generation that the run would make */
	struct ls_set before, after, fallout;
};

void ls_journal_done(struct ls_journal *journal);
int ls_journal_from_plan(const struct ls_plan *plan, uint64_t target, struct ls_journal *ret);
int ls_journal_write(struct ls_host *host, const struct ls_journal *journal, struct ls_error *err);
/* -ENOENT: there is none that matters (none at all, another epoch's, one that never began, one that was committed);
 * such a file is removed when `tidy`. */
int ls_journal_read(struct ls_host *host, bool tidy, struct ls_journal *ret, struct ls_error *err);
int ls_journal_remove(struct ls_host *host, struct ls_error *err);
/* The same for one whose plan did not come to stand: the secrets that only it needed go along. */
int ls_journal_give_up(struct ls_host *host, struct ls_error *err);

/* ---- execute.c ----------------------------------------------------------------------------------------------------
 */

struct ls_execution {
	const struct ls_plan *plan;
	const volatile sig_atomic_t *stop; /* may be NULL */
	bool go_on;                        /* recovery: a step that fails does not keep the others from being tried */
	struct ls_diag *notes;             /* may be NULL */
	/* Its DHCP clients get their addresses before the plan goes on, until then (ls_now); NULL: nobody waits. */
	const struct ls_set *desired;
	double addresses_until;
};

int ls_execute(struct ls_host *host, const struct ls_execution *execution, struct ls_error *err);

/* ---- aftermath.c --------------------------------------------------------------------------------------------------
 */

/* What follows a plan that was carried out and stands; `wanted` (sorted) is what it led to. notes may be NULL. */
void ls_aftermath(struct ls_host *host, const struct ls_plan *plan, const struct ls_set *wanted, struct ls_diag *notes);

/* ---- endpoints.c --------------------------------------------------------------------------------------------------
 */

/* After a run: peers of `wanted` (sorted) with host names are looked up and get their endpoints. `file`: the spec's, as
 * far as warnings can speak of its lines, or NULL. */
void ls_endpoints_follow(struct ls_host *host, const struct ls_set *wanted, const char *file, struct ls_diag *notes);
int ls_endpoints_write(struct ls_host *host, const struct ls_endpoints *endpoints, struct ls_error *err);

/* ---- settle.c -----------------------------------------------------------------------------------------------------
 */

/* Has the client's link an address of its family that linkspan did not make, and that can be used? */
bool ls_has_given_address(const struct ls_set *now, const struct ls_dhcp_client *client);

/* ---- recover.c ----------------------------------------------------------------------------------------------------
 */

/* Brings the host back to the journal's before, leaving strangers' changes alone, and removes the journal. 0: as
 * before. -EUCLEAN: something could not be put back; each is a note; the journal stays. */
int ls_recover(struct ls_host *host, struct ls_diag *notes, struct ls_error *err);

/* ---- guard.c ------------------------------------------------------------------------------------------------------
 */

struct ls_guard {
	pid_t pid;
	int socket; /* -1: none */
};

int ls_guard_start(struct ls_host *host, struct ls_guard *ret, struct ls_error *err);
/* The run has come to an end, committed or taken back: the guard may go. */
void ls_guard_dismiss(struct ls_guard *guard);
