/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The relay hands over every part, in order, whoever gives, and ends when all are used or nobody wants more. */
#include <linkspan/util.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seen {
	unsigned n, n_wrong;
	useconds_t pause;
};

#define PART_SIZE 4096

static void use(const void *data, size_t length, struct seen *seen)
{
	unsigned number;

	memcpy(&number, data, sizeof(number));
	seen->n_wrong += number != seen->n || length != sizeof(number) + number;
	seen->n++;
	if (seen->pause && seen->n % 7 == 0)
		usleep(seen->pause);
}

static void take_all(struct ls_relay *relay, void *user)
{
	const void *data;
	size_t length;

	while ((data = ls_relay_take(relay, &length)))
		use(data, length, user);
}

static void relay_parts(unsigned n_parts, useconds_t giver, useconds_t taker)
{
	struct seen seen = { .pause = taker };
	void *buffer = malloc(PART_SIZE);
	struct ls_relay *relay = ls_relay_start(PART_SIZE, take_all, &seen);

	cr_assert_not_null(relay);
	cr_assert_not_null(buffer);
	for (unsigned i = 0; i < n_parts; i++) {
		memcpy(buffer, &i, sizeof(i));
		cr_expect(ls_relay_give(relay, &buffer, sizeof(i) + i));
		if (giver && i % 5 == 0)
			usleep(giver);
	}
	ls_relay_free(relay, NULL);
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

struct giving {
	unsigned n, n_given;
};

static void give_some(struct ls_relay *relay, void *user)
{
	struct giving *giving = user;
	void *buffer = malloc(PART_SIZE);

	for (unsigned i = 0; i < giving->n && buffer; i++) {
		memcpy(buffer, &i, sizeof(i));
		if (!ls_relay_give(relay, &buffer, sizeof(i) + i))
			break;
		giving->n_given++;
	}
	free(buffer);
}

Test(relay, thread_can_be_who_gives)
{
	struct giving giving = { .n = 1000 };
	struct seen seen = { 0 };
	struct ls_relay *relay = ls_relay_start(PART_SIZE, give_some, &giving);

	cr_assert_not_null(relay);
	take_all(relay, &seen);
	ls_relay_free(relay, NULL);
	cr_expect_eq(seen.n, 1000);
	cr_expect_eq(seen.n_wrong, 0);
}

/* What was given can be taken to the last, and nothing is given any more: the two counts agree. */
Test(relay, taker_can_leave_early)
{
	struct giving giving = { .n = 1000 };
	struct seen seen = { 0 };
	struct ls_relay *relay = ls_relay_start(PART_SIZE, give_some, &giving);
	const void *data;
	size_t length;

	cr_assert_not_null(relay);
	for (unsigned i = 0; i < 10 && (data = ls_relay_take(relay, &length)); i++)
		use(data, length, &seen);
	ls_relay_end(relay);
	take_all(relay, &seen);
	ls_relay_free(relay, NULL);
	cr_expect_lt(giving.n_given, 1000);
	cr_expect_eq(seen.n, giving.n_given);
	cr_expect_eq(seen.n_wrong, 0);
}
