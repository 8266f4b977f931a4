/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of rules. Which numbers one has, and what libnftnl calls them, stands in one table that both ways walk:
 * so what is written is what is compared when it is read.
 */
#include "nft.h"

#include <stdio.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>

enum { NONE, NUMBER, BYTE, REFERENCE, BYTES }; /* BYTES: what is compared or masked with */

struct arg {
	uint16_t attr;
	uint8_t form;
};

static const struct {
	const char *name;
	struct arg numbers[LS_NFT_NUMBERS]; /* in the order of struct ls_nft_expr */
	struct arg reference, bytes;
	uint16_t length; /* the number that is the length of the bytes, or 0 */
	uint16_t zeros;  /* bytes of zeros that come with it (bitwise), or 0 */
} ops[LS_NFT_N_OPS] = {
	[LS_NFT_META] = { "meta", { { NFTNL_EXPR_META_KEY, NUMBER }, { NFTNL_EXPR_META_DREG, NUMBER } }, { 0 }, { 0 },
		0, 0 },
	[LS_NFT_PAYLOAD] = { "payload",
		{ { NFTNL_EXPR_PAYLOAD_BASE, NUMBER }, { NFTNL_EXPR_PAYLOAD_OFFSET, NUMBER },
			{ NFTNL_EXPR_PAYLOAD_LEN, NUMBER }, { NFTNL_EXPR_PAYLOAD_DREG, NUMBER } },
		{ 0 }, { 0 }, 0, 0 },
	[LS_NFT_CMP] = { "cmp", { { NFTNL_EXPR_CMP_OP, NUMBER }, { NFTNL_EXPR_CMP_SREG, NUMBER } }, { 0 },
		{ NFTNL_EXPR_CMP_DATA, BYTES }, 0, 0 },
	[LS_NFT_BITWISE] = { "bitwise", { { NFTNL_EXPR_BITWISE_SREG, NUMBER }, { NFTNL_EXPR_BITWISE_DREG, NUMBER } },
		{ 0 }, { NFTNL_EXPR_BITWISE_MASK, BYTES }, NFTNL_EXPR_BITWISE_LEN, NFTNL_EXPR_BITWISE_XOR },
	[LS_NFT_CT] = { "ct", { { NFTNL_EXPR_CT_KEY, NUMBER }, { NFTNL_EXPR_CT_DREG, NUMBER } }, { 0 }, { 0 }, 0, 0 },
	[LS_NFT_FIB] = { "fib",
		{ { NFTNL_EXPR_FIB_DREG, NUMBER }, { NFTNL_EXPR_FIB_RESULT, NUMBER },
			{ NFTNL_EXPR_FIB_FLAGS, NUMBER } },
		{ 0 }, { 0 }, 0, 0 },
	[LS_NFT_LOOKUP] = { "lookup",
		{ { NFTNL_EXPR_LOOKUP_SREG, NUMBER }, { NFTNL_EXPR_LOOKUP_DREG, NUMBER },
			{ NFTNL_EXPR_LOOKUP_FLAGS, NUMBER } },
		{ NFTNL_EXPR_LOOKUP_SET, REFERENCE }, { 0 }, 0, 0 },
	[LS_NFT_NAT] = { "nat",
		{ { NFTNL_EXPR_NAT_TYPE, NUMBER }, { NFTNL_EXPR_NAT_FAMILY, NUMBER },
			{ NFTNL_EXPR_NAT_REG_ADDR_MIN, NUMBER }, { NFTNL_EXPR_NAT_REG_ADDR_MAX, NUMBER },
			{ NFTNL_EXPR_NAT_REG_PROTO_MIN, NUMBER }, { NFTNL_EXPR_NAT_FLAGS, NUMBER } },
		{ 0 }, { 0 }, 0, 0 },
	[LS_NFT_MASQ] = { "masq", { { 0 } }, { 0 }, { 0 }, 0, 0 },
	[LS_NFT_VERDICT] = { "immediate", { { NFTNL_EXPR_IMM_DREG, NUMBER }, { NFTNL_EXPR_IMM_VERDICT, NUMBER } },
		{ NFTNL_EXPR_IMM_CHAIN, REFERENCE }, { 0 }, 0, 0 },
	[LS_NFT_REJECT] = { "reject", { { NFTNL_EXPR_REJECT_TYPE, NUMBER }, { NFTNL_EXPR_REJECT_CODE, BYTE } }, { 0 },
		{ 0 }, 0, 0 },
	[LS_NFT_TCPOPT] = { "exthdr",
		{ { NFTNL_EXPR_EXTHDR_SREG, NUMBER }, { NFTNL_EXPR_EXTHDR_TYPE, BYTE },
			{ NFTNL_EXPR_EXTHDR_OFFSET, NUMBER }, { NFTNL_EXPR_EXTHDR_LEN, NUMBER } },
		{ 0 }, { 0 }, 0, 0 },
};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Numbers that are zero go without saying, but where a zero is the first of a list of words (a key, an operator). */
static void put_number(struct nftnl_expr *expr, const struct arg *arg, uint32_t value)
{
	if (arg->form == BYTE)
		nftnl_expr_set_u8(expr, arg->attr, (uint8_t)value);
	else if (arg->form == NUMBER)
		nftnl_expr_set_u32(expr, arg->attr, value);
}

static bool goes_without_saying(const struct ls_nft_expr *from, unsigned i)
{
	return !from->numbers[i] && (from->op == LS_NFT_LOOKUP || from->op == LS_NFT_NAT) && i >= 1 &&
	       !(from->op == LS_NFT_NAT && i < 2);
}

static struct nftnl_expr *make_expr(const struct ls_nft_expr *from)
{
	static const uint8_t zeros[sizeof(from->bytes)];
	struct nftnl_expr *expr = nftnl_expr_alloc(ops[from->op].name);

	if (!expr)
		return NULL;
	for (unsigned i = 0; i < LS_NFT_NUMBERS; i++)
		if (!goes_without_saying(from, i))
			put_number(expr, &ops[from->op].numbers[i], from->numbers[i]);
	if (ops[from->op].reference.form && from->name)
		nftnl_expr_set_str(expr, ops[from->op].reference.attr, from->name);
	if (ops[from->op].bytes.form)
		nftnl_expr_set(expr, ops[from->op].bytes.attr, from->bytes, from->length);
	if (ops[from->op].length) {
		nftnl_expr_set_u32(expr, ops[from->op].length, from->length);
		nftnl_expr_set(expr, ops[from->op].zeros, zeros, from->length);
	}
	if (from->op == LS_NFT_TCPOPT)
		nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	return expr;
}

int ls_nft_put_exprs(struct nftnl_rule *rule, const struct ls_nft_rule_form *form)
{
	for (size_t i = 0; i < form->n_exprs; i++) {
		struct nftnl_expr *expr = make_expr(&form->exprs[i]);

		if (!expr)
			return -ENOMEM;
		nftnl_rule_add_expr(rule, expr);
	}
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static uint32_t take_number(const struct nftnl_expr *expr, const struct arg *arg)
{
	if (!arg->form || !nftnl_expr_is_set(expr, arg->attr))
		return 0;
	return arg->form == BYTE ? nftnl_expr_get_u8(expr, arg->attr) : nftnl_expr_get_u32(expr, arg->attr);
}

static const char *take_name(const struct nftnl_expr *expr, const struct arg *arg)
{
	return arg->form && nftnl_expr_is_set(expr, arg->attr) ? nftnl_expr_get_str(expr, arg->attr) : NULL;
}

/* An expression of a sort that there is none of in our rules has no op. */
static uint8_t op_of(const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	uint8_t op = 0;

	while (op < LS_NFT_N_OPS && (!name || strcmp(ops[op].name, name) != 0))
		op++;
	return op;
}

static bool is_all_zeros(const struct nftnl_expr *expr, uint16_t attr)
{
	uint32_t length = 0;
	const uint8_t *data = attr && nftnl_expr_is_set(expr, attr) ? nftnl_expr_get(expr, attr, &length) : NULL;

	for (uint32_t i = 0; data && i < length; i++)
		if (data[i])
			return false;
	return true;
}

/* False: it says more than struct ls_nft_expr can. */
static bool take_expr(const struct nftnl_expr *from, struct ls_nft_expr *ret)
{
	const void *bytes;
	uint32_t length = 0;

	*ret = (struct ls_nft_expr){ .op = op_of(from) };
	if (ret->op == LS_NFT_N_OPS)
		return false;
	for (unsigned i = 0; i < LS_NFT_NUMBERS; i++)
		ret->numbers[i] = take_number(from, &ops[ret->op].numbers[i]);
	ret->name = take_name(from, &ops[ret->op].reference);
	if (!ops[ret->op].bytes.form)
		return true;
	bytes = nftnl_expr_get(from, ops[ret->op].bytes.attr, &length);
	if (!bytes || length > sizeof(ret->bytes) || !is_all_zeros(from, ops[ret->op].zeros))
		return false;
	memcpy(ret->bytes, bytes, length);
	ret->length = (uint8_t)length;
	return true;
}

static bool same_expr(const struct ls_nft_expr *a, const struct ls_nft_expr *b)
{
	return a->op == b->op && a->length == b->length && !memcmp(a->bytes, b->bytes, sizeof(a->bytes)) &&
	       !memcmp(a->numbers, b->numbers, sizeof(a->numbers)) &&
	       (a->name ? b->name && !strcmp(a->name, b->name) : !b->name);
}

static bool is_form(struct nftnl_rule *rule, const struct ls_nft_rule_form *form)
{
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(rule);
	const struct nftnl_expr *expr;
	struct ls_nft_expr taken;
	bool same = iter != NULL;
	size_t i = 0;

	while (same && (expr = nftnl_expr_iter_next(iter))) {
		same = i < form->n_exprs && take_expr(expr, &taken) && same_expr(&taken, &form->exprs[i]);
		i++;
	}
	if (iter)
		nftnl_expr_iter_destroy(iter);
	return same && i == form->n_exprs;
}

/* Of a rule that somebody else has written, in libnftnl's words. */
static void print_exprs(struct ls_buf *buf, struct nftnl_rule *rule)
{
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(rule);
	const struct nftnl_expr *expr;
	char text[256];

	while (iter && (expr = nftnl_expr_iter_next(iter))) {
		const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);

		if (nftnl_expr_snprintf(text, sizeof(text), expr, NFTNL_OUTPUT_DEFAULT, 0) < 0)
			text[0] = '\0';
		(void)ls_buf_printf(buf, "%s[%s %s]", buf->length ? " " : "", name ? name : "?", text);
	}
	if (iter)
		nftnl_expr_iter_destroy(iter);
}

const char *ls_nft_rule_text(
	struct ls_arena *arena, struct ls_buf *scratch, struct nftnl_rule *rule, const struct ls_nft_rule_form *form)
{
	if (form && is_form(rule, form))
		return form->text;
	scratch->length = 0;
	print_exprs(scratch, rule);
	return scratch->failed ? NULL : ls_arena_intern(arena, (const char *)scratch->data, scratch->length);
}
