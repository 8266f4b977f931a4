/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prefixes that move between the peers of a WireGuard device: whoever has one before and after, there is no moment in
 * which nobody has it. All ways to spread a few over a few peers, from each to each.
 *
 * The device is modelled after the driver's messages: giving a prefix to a peer takes it from the one that had it, and
 * a peer loses what it still has of what it is to give up.
 */
#include "tools.h"

#include <time.h>

TestSuite(peers);

enum { N_PEERS = 3, N_PREFIXES = 3, NOBODY = N_PEERS, N_WAYS = 64 /* (N_PEERS + 1) to the power of N_PREFIXES */ };

/* The last letter that is set in 32 bytes is a multiple of four. */
static const char *const keys[N_PEERS] = {
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=",
	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=",
	"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=",
};
static const char *const prefixes[N_PREFIXES] = { "10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16" };

struct device {
	unsigned holder[N_PREFIXES];
};

static struct device device_of(unsigned way)
{
	struct device device;

	for (unsigned i = 0; i < N_PREFIXES; i++, way /= N_PEERS + 1)
		device.holder[i] = way % (N_PEERS + 1);
	return device;
}

/* A peer that has nothing is not there, but the first one is always. */
static struct ls_set peers_of(const struct device *device)
{
	struct ls_set set;

	build_begin(&set);
	for (unsigned peer = 0; peer < N_PEERS; peer++) {
		char text[256], list[64] = "";

		for (unsigned i = 0; i < N_PREFIXES; i++)
			if (device->holder[i] == peer)
				snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", *list ? " " : "",
					prefixes[i]);
		snprintf(text, sizeof(text), "wg_peer dev=t0 public_key=%s keepalive=0 allowed_ips='%s' ours",
			keys[peer], list);
		if (!peer || *list)
			cr_assert_eq(ls_set_add(&set, build(text)), 0);
	}
	build_sort(&set);
	return set;
}

static bool lists(const struct ls_object *peer, unsigned prefix)
{
	return peer && strstr(((const struct ls_wg_peer *)peer)->allowed_ips, prefixes[prefix]);
}

static unsigned number_of(const struct ls_object *object)
{
	unsigned peer = 0;

	while (peer < N_PEERS && strcmp(((const struct ls_wg_peer *)object)->public_key, keys[peer]) != 0)
		peer++;
	return peer;
}

static void perform(struct device *device, const struct ls_step *step)
{
	unsigned peer = number_of(step->want ? step->want : step->have);

	for (unsigned i = 0; i < N_PREFIXES; i++) {
		if (lists(step->want, i) && !lists(step->have, i))
			device->holder[i] = peer;
		else if (!lists(step->want, i) && device->holder[i] == peer)
			device->holder[i] = NOBODY;
	}
}

static void walk(unsigned from, unsigned to)
{
	struct device before = device_of(from), after = device_of(to), now = before;
	struct ls_set have = peers_of(&before), want = peers_of(&after);
	struct ls_plan *plan = plan_of(&want, &have, (struct ls_plan_options){ 0 });

	for (size_t k = 0; k < plan->n_steps; k++) {
		perform(&now, &plan->steps[k]);
		for (unsigned i = 0; i < N_PREFIXES; i++)
			cr_assert(now.holder[i] != NOBODY || before.holder[i] == NOBODY || after.holder[i] == NOBODY,
				"from %u to %u nobody has %s after step %zu", from, to, prefixes[i], k);
	}
	cr_assert(!memcmp(&now, &after, sizeof(now)), "from %u to %u it does not get there", from, to);
	ls_plan_free(plan);
	build_forget();
}

Test(peers, a_prefix_that_moves_has_somebody_at_every_moment)
{
	for (unsigned from = 0; from < N_WAYS; from++)
		for (unsigned to = 0; to < N_WAYS; to++)
			walk(from, to);
}

/* One that only gives up, or only gets, takes one step. */
Test(peers, two_steps_are_for_those_that_get_and_give_up)
{
	assert_plan(WANTED("wg_peer dev=t0 public_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= keepalive=5 "
			   "allowed_ips=10.1.0.0/16",
			    "wg_peer dev=t0 public_key=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA= keepalive=0 "
			    "allowed_ips=''"),
		ACTUAL("wg_peer dev=t0 public_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= keepalive=0 "
		       "allowed_ips=10.0.0.0/16 ours",
			"wg_peer dev=t0 public_key=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA= keepalive=0 "
			"allowed_ips=10.1.0.0/16 ours"),
		"make ~ wg_peer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= dev t0 keepalive=5 "
		"allowed_ips=10.0.0.0/16 10.1.0.0/16\n"
		"make ~ wg_peer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= dev t0 allowed_ips=10.1.0.0/16\n"
		"make ~ wg_peer BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA= dev t0 allowed_ips=\n");
}

/* The first 10,000 networks of 24 bits below 10.0.0.0/8, but for one, and those before and behind them. */
static const struct ls_object *peer_of_many(unsigned without, const char *before, const char *behind)
{
	struct ls_wg_peer *peer = (struct ls_wg_peer *)build("wg_peer dev=t0 "
							     "public_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= "
							     "keepalive=0 allowed_ips='' ours");
	struct ls_buf list LS_CLEANUP(ls_buf_done) = { 0 };

	ls_buf_printf(&list, "%s", before);
	for (unsigned i = 0; i < 10000; i++)
		if (i != without)
			ls_buf_printf(&list, "%s10.%u.%u.0/24", list.length ? " " : "", i / 256, i % 256);
	ls_buf_printf(&list, "%s", behind);
	peer->allowed_ips = ls_arena_intern(build_arena(), (const char *)list.data, list.length);
	return &peer->object;
}

/* Pairs of them would take seconds. */
Test(peers, lists_of_thousands_are_gone_through_once)
{
	const struct ls_object *have = peer_of_many(9999, "", "");
	const struct ls_object *more = peer_of_many(9999, "9.0.0.0/8", " fd00::/8");
	const struct ls_object *other = peer_of_many(5000, "9.0.0.0/8", "");
	const struct ls_kind *kind = &ls_kind_wg_peer;
	struct ls_object *between;
	clock_t begin = clock();

	cr_expect(!kind->gives_up(more, have) && kind->gives_up(have, more));
	cr_expect(kind->gives_up(other, have) && kind->gives_up(have, other));
	between = kind->between(build_arena(), other, have);
	cr_assert_not_null(between);
	cr_expect_eq(ls_object_diff(between, peer_of_many(10000, "9.0.0.0/8", "")), 0);
	cr_expect_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 1.0);
}

Test(peers, lists_of_files_are_in_order)
{
	struct ls_wg_peer *peer =
		(struct ls_wg_peer *)build("wg_peer dev=t0 public_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= "
					   "keepalive=0 allowed_ips='' ours");

	cr_expect(ls_kind_wg_peer.valid(&peer->object));
	peer->allowed_ips = "9.0.0.0/8 10.0.0.0/8 10.0.0.0/16 fd00::/8";
	cr_expect(ls_kind_wg_peer.valid(&peer->object));
	peer->allowed_ips = "10.0.0.0/8 9.0.0.0/8";
	cr_expect(!ls_kind_wg_peer.valid(&peer->object));
}

/* What recovery meets when a run died between: a list that is some of both. */
Test(peers, lists_on_their_way_are_some_of_both)
{
#define LIST(list) \
	build("wg_peer dev=t0 public_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE= keepalive=0 allowed_ips='" list \
	      "'")
	static const uint32_t passes = LS_BIT(LS_WG_PEER_ALLOWED_IPS);
	const struct ls_object *was = LIST("10.0.0.0/16 10.2.0.0/16"), *is = LIST("10.1.0.0/16 10.2.0.0/16");

	cr_expect_eq(ls_kind_wg_peer.passes(was, is, LIST("")), passes);
	cr_expect_eq(ls_kind_wg_peer.passes(was, NULL, LIST("")), passes);
	cr_expect_eq(ls_kind_wg_peer.passes(was, NULL, LIST("10.2.0.0/16")), passes);
	cr_expect_eq(ls_kind_wg_peer.passes(NULL, is, LIST("10.1.0.0/16")), passes);
	cr_expect_eq(ls_kind_wg_peer.passes(was, is, LIST("10.0.0.0/16 10.1.0.0/16 10.2.0.0/16")), passes);
	cr_expect_eq(ls_kind_wg_peer.passes(was, is, LIST("10.0.0.0/16 10.3.0.0/16")), 0, "a stranger's");
	cr_expect_eq(ls_kind_wg_peer.passes(NULL, is, LIST("10.0.0.0/16")), 0, "a stranger's");
}
