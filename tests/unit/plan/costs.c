/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../model/builders.h"

#include <linkspan/plan.h>

#include <criterion/criterion.h>
#include <string.h>

/* `n` steps about copies of one object. */
static struct ls_plan *plan_of(const struct ls_object *object, enum ls_op op, size_t n)
{
	struct ls_plan *plan = calloc(1, sizeof(*plan));

	plan->steps = calloc(n, sizeof(*plan->steps));
	plan->n_steps = n;
	for (size_t i = 0; i < n; i++)
		plan->steps[i] = (struct ls_step){
			.op = op, .want = op == LS_OP_DELETE ? NULL : object, .have = op == LS_OP_DELETE ? object : NULL
		};
	return plan;
}

static size_t warnings(const struct ls_object *object, enum ls_op op, size_t n, const char *words)
{
	struct ls_plan *plan = plan_of(object, op, n);
	struct ls_diag diag = { 0 };
	size_t n_findings;

	ls_plan_warn_of_costs(plan, &diag);
	n_findings = diag.n_findings;
	if (words && n_findings) {
		cr_expect_str_eq(diag.findings[0].id, "slow");
		cr_expect_not_null(strstr(diag.findings[0].message, words), "%s", diag.findings[0].message);
	}
	ls_diag_done(&diag);
	free(plan->steps);
	free(plan);
	return n_findings;
}

Test(costs, what_grows_with_the_square_is_warned_of)
{
	const struct ls_object *rule = build("rule family=ipv4 priority=1 action=lookup table=7");
	const struct ls_object *proxy = build("neighbour dev=eth0 address=2001:db8::9 proxy=true");
	const struct ls_object *address = build("address dev=eth0 address=2001:db8::1/64");

	cr_expect_eq(warnings(rule, LS_OP_ADD, 20000, "adding 20000 policy rules takes the kernel about 9 s"), 1);
	cr_expect_eq(warnings(rule, LS_OP_ADD, 5000, NULL), 0);
	cr_expect_eq(warnings(rule, LS_OP_DELETE, 20000, NULL), 0);
	cr_expect_eq(warnings(proxy, LS_OP_ADD, 40000, "adding 40000 IPv6 proxy entries"), 1);
	cr_expect_eq(
		warnings(
			build("nft_element set=range4 address=192.0.2.1 protocol=udp port=80 last_port=90 to=10.0.0.1"),
			LS_OP_ADD, 10000, "adding 10000 ranges of ports"),
		1);
	cr_expect_eq(
		warnings(build("nft_element set=fwd4 address=192.0.2.1 protocol=udp port=80 to=10.0.0.1 to_port=80"),
			LS_OP_ADD, 100000, NULL),
		0);
	cr_expect_eq(warnings(address, LS_OP_DELETE, 4000, "deleting 4000 IPv6 addresses"), 1);
	cr_expect_eq(warnings(address, LS_OP_ADD, 4000, NULL), 0);
}

Test(costs, bridges_and_wireguard_take_grace_periods_each)
{
	cr_expect_eq(warnings(build("link name=br0 type=bridge"), LS_OP_DELETE, 1000, "deleting 1000 bridges"), 1);
	cr_expect_eq(warnings(build("link name=wg0 type=wireguard"), LS_OP_DELETE, 60,
			     "deleting 60 WireGuard links takes the kernel about 7 s"),
		1);
	cr_expect_eq(warnings(build("link name=wg0 type=wireguard"), LS_OP_DELETE, 4, NULL), 0);
	cr_expect_eq(warnings(build("link name=wg0 type=wireguard"), LS_OP_ADD, 60, NULL), 0);
	cr_expect_eq(warnings(build("link name=x type=vxlan"), LS_OP_DELETE, 1000, NULL), 0);
}

Test(costs, addresses_count_by_their_link)
{
	static const char *const links[] = { "a", "b", "c", "d" };
	struct ls_plan *plan = plan_of(build("address dev=x address=2001:db8::1/64"), LS_OP_DELETE, 4000);
	struct ls_diag diag = { 0 };

	for (size_t i = 0; i < 4000; i++) {
		struct ls_address *address = (struct ls_address *)ls_object_copy(build_arena(), plan->steps[i].have);

		address->dev = links[i / 1000];
		plan->steps[i].have = &address->object;
	}
	ls_plan_warn_of_costs(plan, &diag);
	cr_expect_eq(diag.n_findings, 0, "four times a thousand is no second");
	ls_diag_done(&diag);
	free(plan->steps);
	free(plan);
}
