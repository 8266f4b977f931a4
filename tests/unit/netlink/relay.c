/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The relay hands over every part, in order, and ends when all are used. */
#include "../../../src/netlink/session.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seen {
	unsigned n, n_wrong;
	useconds_t pause;
};

static void use(const uint8_t *data, size_t length, void *user)
{
	struct seen *seen = user;
	unsigned number;

	memcpy(&number, data, sizeof(number));
	seen->n_wrong += number != seen->n || length != sizeof(number) + number;
	seen->n++;
	if (seen->pause && seen->n % 7 == 0)
		usleep(seen->pause);
}

static void relay_parts(unsigned n_parts, useconds_t giver, useconds_t taker)
{
	struct seen seen = { .pause = taker };
	uint8_t *buffer = malloc(LS_RECEIVE_SIZE);
	struct ls_relay *relay = ls_relay_start(use, &seen);

	cr_assert_not_null(relay);
	cr_assert_not_null(buffer);
	for (unsigned i = 0; i < n_parts; i++) {
		memcpy(buffer, &i, sizeof(i));
		buffer = ls_relay_give(relay, buffer, sizeof(i) + i);
		if (giver && i % 5 == 0)
			usleep(giver);
	}
	ls_relay_finish(relay);
	free(buffer);
	cr_expect_eq(seen.n, n_parts);
	cr_expect_eq(seen.n_wrong, 0);
}

TestSuite(relay);

Test(relay, parts_arrive_in_order_whoever_is_slow)
{
	relay_parts(1000, 0, 0);
	relay_parts(300, 0, 1000);
	relay_parts(300, 1000, 0);
}

Test(relay, a_few_parts_arrive_too)
{
	for (unsigned n = 0; n < 6; n++)
		relay_parts(n, 0, 0);
}
