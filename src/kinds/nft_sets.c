/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets, as the kernel and as nft(8) want to be told of them. The kernel needs sizes. What nft prints follows from
 * numbers and hints beside them that the kernel only keeps: without them it prints numbers in the wrong order, and
 * listings that it does not read again.
 */
#include "nft.h"

#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

static uint32_t type_number(const uint8_t *parts)
{
	uint32_t number = 0;

	for (size_t i = 0; i < LS_NFT_PARTS && parts[i]; i++)
		number = number << 6 | parts[i];
	return number;
}

/* ---- hints ------------------------------------------------------------------------------------------------------- */

/* libnftables' numbers, which no header has (its enum expr_types, and what the expressions write of themselves). */
enum { EXPR_EXTHDR = 8, EXPR_META = 9 };
enum { META_KEY };
enum { EXTHDR_KIND, EXTHDR_FIELD, EXTHDR_OP };
#define MAXSEG 2u /* TCP option (RFC 9293), and its field `size` */
#define MAXSEG_SIZE 2u

struct hint {
	uint8_t type;
	uint32_t number;
};

/* That a part is of the sort that an expression gives, whose own numbers are `hints`. */
static bool put_typeof(
	struct nftnl_udata_buf *buf, uint8_t part, uint32_t expression, const struct hint *hints, size_t n)
{
	struct nftnl_udata *outer = nftnl_udata_nest_start(buf, part), *inner;
	bool ok = outer && nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_TYPEOF_EXPR, expression);

	inner = ok ? nftnl_udata_nest_start(buf, NFTNL_UDATA_SET_TYPEOF_DATA) : NULL;
	for (size_t i = 0; i < n && inner && ok; i++)
		ok = nftnl_udata_put_u32(buf, hints[i].type, hints[i].number);
	if (!inner || !ok)
		return false;
	nftnl_udata_nest_end(buf, inner);
	nftnl_udata_nest_end(buf, outer);
	return true;
}

/* "typeof iifname : tcp option maxseg size": a number alone may not be written there. */
static bool put_mss_hints(struct nftnl_udata_buf *buf)
{
	static const struct hint iifname[] = { { META_KEY, NFT_META_IIFNAME } };
	static const struct hint maxseg[] = { { EXTHDR_FIELD, MAXSEG_SIZE }, { EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT },
		{ EXTHDR_KIND, MAXSEG } };

	return put_typeof(buf, NFTNL_UDATA_SET_KEY_TYPEOF, EXPR_META, iifname, LS_ARRAY_SIZE(iifname)) &&
	       put_typeof(buf, NFTNL_UDATA_SET_DATA_TYPEOF, EXPR_EXTHDR, maxseg, LS_ARRAY_SIZE(maxseg));
}

static bool put_hints(struct nftnl_udata_buf *buf, const struct ls_nft_set_form *form)
{
	enum { HOST_NUMBERS = 1, BIG_ENDIAN_NUMBERS = 2 };
	uint32_t key = form->key[0] == LS_NFT_IFNAME ? HOST_NUMBERS : BIG_ENDIAN_NUMBERS;

	if (!nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_KEYBYTEORDER, key))
		return false;
	if (form->data[0] && !nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_DATABYTEORDER, BIG_ENDIAN_NUMBERS))
		return false;
	if (form->prefixes && !nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_DATA_INTERVAL, 1))
		return false;
	return !ls_nft_is_mss(form) || put_mss_hints(buf);
}

static int hint_at_set(struct nftnl_set *set, const struct ls_nft_set_form *form)
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(256);
	bool ok = buf && put_hints(buf, form) &&
		  nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(buf), nftnl_udata_buf_len(buf)) >= 0;

	if (buf)
		nftnl_udata_buf_free(buf);
	return ok ? 0 : -ENOMEM;
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

static int describe_fields(struct nftnl_set *set, const struct ls_nft_set_form *form)
{
	uint8_t fields[LS_NFT_PARTS];
	uint32_t n = 0;

	for (; n < LS_NFT_PARTS && form->key[n]; n++)
		fields[n] = (uint8_t)((ls_nft_type_size(form->key[n]) + 3) & ~(size_t)3);
	return nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, fields, n) < 0 ? -ENOMEM : 0;
}

int ls_nft_describe_set(struct nftnl_set *set, const struct ls_nft_set_form *form)
{
	bool ranges = form->interval && ls_nft_is_concatenation(form->key);
	size_t data = ls_nft_parts_size(form->data);

	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, LS_NFT_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, form->name);
	nftnl_set_set_u32(set, NFTNL_SET_ID, 1 + (uint32_t)(form - ls_nft_sets));
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS,
		(form->interval ? NFT_SET_INTERVAL : 0u) | (form->data[0] ? NFT_SET_MAP : 0u) |
			(ranges ? NFT_SET_CONCAT : 0u));
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, type_number(form->key));
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, (uint32_t)ls_nft_parts_size(form->key));
	if (form->data[0]) {
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, type_number(form->data));
		nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, (uint32_t)(form->prefixes ? 2 * data : data));
	}
	if (ranges && describe_fields(set, form) < 0)
		return -ENOMEM;
	return hint_at_set(set, form);
}
