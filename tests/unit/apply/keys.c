/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of keys: what stays in it. */
#include "state_tools.h"

TestSuite(kept_keys, .init = enter, .fini = leave);

#define OLD "key-11111111111111111111111111111111"
#define NEW "key-22222222222222222222222222222222"
#define STALE "key-33333333333333333333333333333333"

static const char *const files[] = { "keys/salt", "keys/" OLD, "keys/" NEW, "keys/" STALE };

static struct ls_host host_with_keys(void)
{
	struct ls_host host = host_in(1, 2);

	cr_assert_eq(mkdirat(host.dirfd, "keys", 0700), 0);
	for (size_t i = 0; i < LS_ARRAY_SIZE(files); i++)
		write_state_file(&host, files[i], "", 0);
	return host;
}

#define PEER "wg_peer dev=t0 public_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= keepalive=0 allowed_ips='' ours "

static void commit(struct ls_host *host, uint64_t number, const char *secret)
{
	char text[256];
	struct ls_generation generation = {
		.number = number, .command = "apply", .who = "", .message = "", .spec_file = "", .spec_text = ""
	};
	static const struct ls_ledger nothing;
	struct ls_generation_draft draft;
	struct ls_error err = { 0 };

	snprintf(text, sizeof(text), PEER "preshared_key=%s", secret);
	generation.objects = WANTED("link name=t0 type=wireguard mtu=1420 ours");
	cr_assert_eq(ls_set_add(&generation.objects, build(text)), 0);
	build_sort(&generation.objects);
	ls_generation_begin(host, &generation, &nothing, &draft);
	cr_assert_eq(ls_generation_finish(&draft, &err), 0, "%s", err.message);
	cr_assert_eq(ls_state_write_current(host, number, NULL), 0);
	host->current = number;
}

static void expect_files(const struct ls_host *host, const char *there)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(files); i++)
		cr_expect_eq(state_file_exists(host, files[i]), there[i] == '1', "%s", files[i]);
}

Test(kept_keys, those_that_a_generation_names_stay)
{
	struct ls_host host = host_with_keys();

	commit(&host, 1, OLD);
	commit(&host, 2, NEW);
	ls_keys_prune(&host);
	expect_files(&host, "1110");
}

/* What it names is not known: none goes. */
Test(kept_keys, all_stay_when_a_generation_cannot_be_read)
{
	struct ls_host host = host_with_keys();

	commit(&host, 1, OLD);
	commit(&host, 2, NEW);
	write_state_file(&host, "generations/1", "damaged", 7);
	ls_keys_prune(&host);
	expect_files(&host, "1111");
}

Test(kept_keys, without_a_directory_there_is_nothing_to_do)
{
	struct ls_host host = host_in(1, 2);

	commit(&host, 1, OLD);
	ls_keys_prune(&host);
	cr_expect_not(state_file_exists(&host, "keys"));
}
