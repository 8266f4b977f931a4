/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drivers against a real kernel, each test in a namespace of its own. What linkspan reads is compared with what
 * iproute2 and libnl-route read, what it makes is looked at by them.
 */
#include "driver_tools.h"

#include "../../src/netlink/session.h"

#include <sys/socket.h>
#include <netlink/msg.h>

TestSuite(drivers, .init = enter_namespace);

/* ---- transaction ------------------------------------------------------------------------------------------------- */

/* Queues N routes as tokens; the kernel refuses `bad`, and every `each`-th behind it. */
static void queue_routes(struct answer *answers, size_t n, size_t bad, size_t each)
{
	struct ls_netlink *nl = ls_kernel_netlink(kernel);
	struct nl_msg *message;

	ls_tx_begin(nl, note_answer, answers);
	for (size_t i = 0; i < n; i++) {
		struct ls_route route =
			route_of("10.0.0.0/32", "p0", i >= bad && (i - bad) % each == 0 ? "203.0.113.1" : NULL);

		route.to.ip.bytes[2] = (uint8_t)(i >> 8);
		route.to.ip.bytes[3] = (uint8_t)i;
		answers[i].state = LS_TX_UNKNOWN;
		answers[i].code = 1;
		cr_assert_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, &route.object, &message, &failure), 0);
		cr_assert_eq(ls_tx_queue(nl, message, i, &failure), 0);
	}
	cr_assert_eq(ls_tx_barrier(nl, &failure), 0);
}

Test(drivers, failure_in_the_middle_is_told_by_its_token)
{
	enum { N = 300, BAD = 150 };
	static struct answer answers[N];

	begin();
	make_pair();
	queue_routes(answers, N, BAD, N);
	for (size_t i = 0; i < N; i++)
		cr_expect_eq(answers[i].state, i == BAD ? LS_TX_FAILED : LS_TX_DONE, "%zu", i);
	cr_expect_eq(answers[BAD].code, -ENETUNREACH);
	cr_expect_str_eq(answers[BAD].says, "Nexthop has invalid gateway");
	run("test \"$(ip route show proto 108 | wc -l)\" = %d", N - 1);
	end();
}

Test(drivers, kernel_names_the_attribute_that_it_refuses)
{
	struct ls_link want = link_of("br0", "bridge");
	struct answer answer;

	begin();
	make_pair();
	want.master = "p0";
	set_attr(&want.object, LS_LINK_MASTER);
	set_mtu(&want, 40);
	answer = carry_out(LS_OP_ADD, NULL, &want.object);
	cr_expect_eq(answer.state, LS_TX_FAILED);
	cr_expect_neq(answer.says[0], '\0');
	end();
}

/* The kernel drops answers that the receive buffer has no room for; the messages are carried out all the same. None of
 * those that have no answer counts as done then. */
Test(drivers, dropped_answers_are_unknown)
{
	enum { N = 100 };
	static struct answer answers[N];
	const int small = 1;
	size_t n_failed = 0, n_unknown = 0;

	begin();
	make_pair();
	cr_assert_eq(setsockopt(ls_kernel_netlink(kernel)->tx_fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	queue_routes(answers, N, 0, 2);
	for (size_t i = 0; i < N; i++) {
		n_failed += answers[i].state == LS_TX_FAILED;
		n_unknown += answers[i].state == LS_TX_UNKNOWN && answers[i].code == -ENOBUFS;
	}
	cr_expect_gt(n_unknown, 0);
	cr_expect_gt(n_failed, 0);
	cr_expect_eq(n_failed + n_unknown, N);
	run("test \"$(ip route show proto 108 | wc -l)\" = %d", N / 2);
	end();
}

static void count_answer(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	size_t *n = data;

	(void)token;
	(void)kernel_says;
	*n += state == LS_TX_FAILED && code == -EBADF;
}

Test(drivers, batch_that_was_never_sent_failed)
{
	struct ls_link want = link_of("br0", "bridge");
	struct ls_netlink *nl;
	struct nl_msg *message;
	size_t n = 0;

	begin();
	nl = ls_kernel_netlink(kernel);
	ls_tx_begin(nl, count_answer, &n);
	cr_assert_eq(ls_kernel_encode(kernel, LS_OP_ADD, NULL, &want.object, &message, &failure), 0);
	cr_assert_eq(ls_tx_queue(nl, message, 0, &failure), 0);
	ls_close(&nl->tx_fd);
	cr_expect_eq(ls_tx_barrier(nl, &failure), -EBADF);
	cr_expect_eq(n, 1);
	end();
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------- */

static struct ls_sysctl sysctl_of(const char *path, const char *value)
{
	struct ls_sysctl sysctl = { .object = { .kind = &ls_kind_sysctl }, .path = path, .value = value };

	set_attr(&sysctl.object, LS_SYSCTL_PATH);
	set_attr(&sysctl.object, LS_SYSCTL_VALUE);
	return sysctl;
}

Test(drivers, sysctls_are_read_folded_and_missing_ones_left_out)
{
	struct ls_sysctl list[] = { sysctl_of("net/ipv4/ip_local_port_range", ""),
		sysctl_of("net/ipv4/conf/p0/rp_filter", ""), sysctl_of("net/ipv4/conf/nowhere/rp_filter", "") };
	struct ls_arena *own = ls_arena_new();
	struct ls_set scope;
	const struct ls_sysctl *there;

	begin();
	make_pair();
	run("echo 2 >/proc/sys/net/ipv4/conf/p0/rp_filter; echo '20000 30000' >/proc/sys/net/ipv4/ip_local_port_range");
	ls_set_init(&scope, own);
	for (size_t i = 0; i < LS_ARRAY_SIZE(list); i++)
		cr_assert_eq(ls_set_add(&scope, &list[i].object), 0);
	ls_set_sort(&scope);
	forget();
	cr_assert_eq(ls_kernel_dump(kernel, LS_BIT(LS_KIND_SYSCTL), &scope, &have, &failure), 0, "%s", failure.message);
	cr_assert_eq(have.n_objects, 2);
	there = (const struct ls_sysctl *)found(&list[0].object);
	cr_expect_str_eq(there->value, "20000 30000");
	there = (const struct ls_sysctl *)found(&list[1].object);
	cr_expect_str_eq(there->value, "2");
	cr_expect_str_eq(there->dev, "p0");
	ls_set_done(&scope);
	ls_arena_free(own);
	end();
}

Test(drivers, sysctl_is_written_or_refused_in_words)
{
	struct ls_sysctl good = sysctl_of("net/ipv4/ip_forward", "1"),
			 bad = sysctl_of("net/ipv4/ip_default_ttl", "999"),
			 missing = sysctl_of("net/ipv4/nonsense", "1"),
			 outside = sysctl_of("net/../kernel/hostname", "x"),
			 coming = sysctl_of("net/ipv6/conf/later/accept_ra", "2");

	begin();
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &good.object, &failure), 0);
	run("test \"$(cat /proc/sys/net/ipv4/ip_forward)\" = 1");
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &bad.object, &failure), -EINVAL);
	cr_expect_str_eq(failure.message, "sysctl net/ipv4/ip_default_ttl = 999: the kernel refuses this value");
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &missing.object, &failure), -ENOENT);
	cr_expect_eq(ls_kind_sysctl.perform(kernel, LS_OP_CHANGE, NULL, &outside.object, &failure), -EINVAL);
	cr_expect_eq(ls_kind_sysctl.probe(kernel, &good.object, &failure), 0);
	cr_expect_eq(ls_kind_sysctl.probe(kernel, &coming.object, &failure), 0);
	cr_expect_eq(ls_kind_sysctl.probe(kernel, &missing.object, &failure), -EOPNOTSUPP);
	end();
}
