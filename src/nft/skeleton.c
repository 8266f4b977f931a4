/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table's sets, chains and rules. A rule stands here in two forms: the text is for people, the expressions are what
 * the kernel gets and tells again. Where the kernel fills in what was left out (the upper bounds of a NAT, its flags),
 * that is written down, so that both forms are the same.
 */
#include <linkspan/nft.h>

#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>

#ifndef NF_NAT_RANGE_NETMAP
#define NF_NAT_RANGE_NETMAP (1u << 6) /* kernel 5.8 */
#endif

/* ---- sets -------------------------------------------------------------------------------------------------------- */

#define PORT4 \
	{ \
		LS_NFT_IPV4, LS_NFT_PROTOCOL, LS_NFT_PORT \
	}
#define PORT6 \
	{ \
		LS_NFT_IPV6, LS_NFT_PROTOCOL, LS_NFT_PORT \
	}

#define LINK_PORT \
	{ \
		LS_NFT_IFNAME, LS_NFT_PROTOCOL, LS_NFT_PORT \
	}
#define FLOW4 \
	{ \
		LS_NFT_IPV4, LS_NFT_IPV4, LS_NFT_PROTOCOL, LS_NFT_PORT \
	}
#define FLOW6 \
	{ \
		LS_NFT_IPV6, LS_NFT_IPV6, LS_NFT_PROTOCOL, LS_NFT_PORT \
	}

/* Name, parts of the key and of the data, are keys intervals, are data prefixes, are addresses in keys subnets. */
#define SETS(SET) \
	SET(FWD4, "fwd4", PORT4, { LS_NFT_IPV4, LS_NFT_PORT }, false, false, false) \
	SET(FWD6, "fwd6", PORT6, { LS_NFT_IPV6, LS_NFT_PORT }, false, false, false) \
	SET(RANGE4, "range4", PORT4, { LS_NFT_IPV4 }, true, false, false) \
	SET(RANGE6, "range6", PORT6, { LS_NFT_IPV6 }, true, false, false) \
	SET(ONE4, "one4", { LS_NFT_IPV4 }, { LS_NFT_IPV4 }, false, false, false) \
	SET(ONE6, "one6", { LS_NFT_IPV6 }, { LS_NFT_IPV6 }, false, false, false) \
	SET(SOURCE4, "source4", { LS_NFT_IPV4 }, { LS_NFT_IPV4 }, false, false, false) \
	SET(SOURCE6, "source6", { LS_NFT_IPV6 }, { LS_NFT_IPV6 }, false, false, false) \
	SET(INWARDS6, "inwards6", { LS_NFT_IPV6 }, { LS_NFT_IPV6 }, true, true, false) \
	SET(OUTWARDS6, "outwards6", { LS_NFT_IPV6 }, { LS_NFT_IPV6 }, true, true, false) \
	SET(MASQUERADE4, "masquerade4", { LS_NFT_IPV4 }, { 0 }, true, false, false) \
	SET(MASQUERADE6, "masquerade6", { LS_NFT_IPV6 }, { 0 }, true, false, false) \
	SET(CLOSED4, "closed4", { LS_NFT_IPV4 }, { 0 }, true, false, false) \
	SET(CLOSED6, "closed6", { LS_NFT_IPV6 }, { 0 }, true, false, false) \
	SET(PUBLIC4, "public4", { LS_NFT_IPV4 }, { 0 }, false, false, false) \
	SET(PUBLIC6, "public6", { LS_NFT_IPV6 }, { 0 }, false, false, false) \
	SET(UPLINKS, "uplinks", { LS_NFT_IFNAME }, { 0 }, false, false, false) \
	SET(INNER, "inner", { LS_NFT_IFNAME }, { 0 }, false, false, false) \
	SET(ROUTED, "routed", { LS_NFT_IFNAME, LS_NFT_IFNAME }, { 0 }, false, false, false) \
	SET(MSS4, "mss4", { LS_NFT_IFNAME }, { LS_NFT_PORT }, false, false, false) \
	SET(MSS6, "mss6", { LS_NFT_IFNAME }, { LS_NFT_PORT }, false, false, false) \
	SET(HERE4, "here4", LINK_PORT, { LS_NFT_IPV4, LS_NFT_PORT }, false, false, false) \
	SET(HERE6, "here6", LINK_PORT, { LS_NFT_IPV6, LS_NFT_PORT }, false, false, false) \
	SET(HERE_RANGE4, "here_range4", LINK_PORT, { LS_NFT_IPV4 }, true, false, false) \
	SET(HERE_RANGE6, "here_range6", LINK_PORT, { LS_NFT_IPV6 }, true, false, false) \
	SET(HIDDEN4, "hidden4", PORT4, { 0 }, true, false, false) \
	SET(HIDDEN6, "hidden6", PORT6, { 0 }, true, false, false) \
	SET(LET_IN4, "let_in4", FLOW4, { 0 }, true, false, true) \
	SET(LET_IN6, "let_in6", FLOW6, { 0 }, true, false, true) \
	SET(LET_THROUGH4, "let_through4", FLOW4, { 0 }, true, false, true) \
	SET(LET_THROUGH6, "let_through6", FLOW6, { 0 }, true, false, true)

#define FORM(id, name, ...) [LS_NFT_##id] = { name, __VA_ARGS__ },
#define NAME(id, name, ...) [LS_NFT_##id] = name,

const struct ls_nft_set_form ls_nft_sets[LS_NFT_N_SETS] = { SETS(FORM) };
const char *const ls_nft_set_names[LS_NFT_N_SETS + 1] = { SETS(NAME) };

static const char *type_name(uint8_t type)
{
	switch ((enum ls_nft_type)type) {
	case LS_NFT_NOTHING:
		break;
	case LS_NFT_IPV4:
		return "ipv4_addr";
	case LS_NFT_IPV6:
		return "ipv6_addr";
	case LS_NFT_PROTOCOL:
		return "inet_proto";
	case LS_NFT_PORT:
		return "inet_service";
	case LS_NFT_IFNAME:
		return "ifname";
	}
	return "";
}

size_t ls_nft_type_size(uint8_t type)
{
	switch ((enum ls_nft_type)type) {
	case LS_NFT_NOTHING:
		return 0;
	case LS_NFT_IPV4:
		return 4;
	case LS_NFT_IPV6:
	case LS_NFT_IFNAME:
		return 16;
	case LS_NFT_PROTOCOL:
		return 1;
	case LS_NFT_PORT:
		return 2;
	}
	return 0;
}

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_SCTP, "sctp" },
	{ IPPROTO_ESP, "esp" },
	{ IPPROTO_AH, "ah" },
	{ IPPROTO_GRE, "gre" },
};

const char *ls_nft_protocol_name(uint8_t number)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return NULL;
}

uint8_t ls_nft_protocol_number(const char *name)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(protocols); i++)
		if (!strcmp(protocols[i].name, name))
			return protocols[i].number;
	return 0;
}

static size_t put_types(char *text, size_t size, const uint8_t *types)
{
	size_t length = 0;

	for (size_t i = 0; i < LS_NFT_PARTS && types[i] && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i ? " . " : "", type_name(types[i]));
	return length < size ? length : size;
}

const char *ls_nft_set_type(const struct ls_nft_set_form *form, char *text, size_t size)
{
	size_t length = put_types(text, size, form->key);

	if (form->data[0] && length < size) {
		length += (size_t)snprintf(text + length, size - length, " : ");
		length += length < size ? put_types(text + length, size - length, form->data) : 0;
	}
	if (form->interval && length < size)
		snprintf(text + length, size - length, ", interval");
	return text;
}

/* ---- chains ------------------------------------------------------------------------------------------------------ */

const struct ls_nft_chain_form ls_nft_chains[] = {
	{ "prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST, "nat prerouting -100" },
	{ "prefixes", NULL, 0, 0, NULL },
	{ "postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, "nat postrouting 100" },
	{ "hairpin", NULL, 0, 0, NULL },
	{ "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, "filter forward 0" },
	{ "input", "filter", NF_INET_LOCAL_IN, NF_IP_PRI_FILTER, "filter input 0" },
};
const size_t ls_nft_n_chains = LS_ARRAY_SIZE(ls_nft_chains);

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* Registers of 16 bytes, and the words of 4 that they consist of. */
#define R1 NFT_REG_1
#define R2 NFT_REG_2
#define R3 NFT_REG_3
#define W1 NFT_REG32_01
#define W2 NFT_REG32_02
#define W3 NFT_REG32_03
#define W5 NFT_REG32_05
#define W9 NFT_REG32_09

#define META(key, to) \
	{ \
		.op = LS_NFT_META, .numbers = { NFT_META_##key, to } \
	}
#define PAYLOAD(base, offset, size, to) \
	{ \
		.op = LS_NFT_PAYLOAD, .numbers = { NFT_PAYLOAD_##base##_HEADER, offset, size, to } \
	}
#define BYTE(operator, value) \
	{ \
		.op = LS_NFT_CMP, .numbers = { NFT_CMP_##operator, R1 }, .length = 1, .bytes = { value } \
	}
#define SHORT(operator, value) \
	{ \
		.op = LS_NFT_CMP, .numbers = { NFT_CMP_##operator, R1 }, .length = 2, .bytes = { \
						      (value) >> 8, \
						      (value)&255 \
					      } \
	}
/* Numbers that the kernel compares as its own; below 256. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_ORDER(value) \
	{ \
		value, 0, 0, 0 \
	}
#else
#define HOST_ORDER(value) \
	{ \
		0, 0, 0, value \
	}
#endif
#define WORD(operator, value) \
	{ \
		.op = LS_NFT_CMP, .numbers = { NFT_CMP_##operator, R1 }, .length = 4, .bytes = HOST_ORDER(value) \
	}
#define IS_NOT_ZERO \
	{ \
		.op = LS_NFT_CMP, .numbers = { NFT_CMP_NEQ, R1 }, .length = 4 \
	}
#define LOOKUP(set, from, to) \
	{ \
		.op = LS_NFT_LOOKUP, .name = (set), .numbers = { from, to, 0 } \
	}
#define IS_IN(set) \
	{ \
		.op = LS_NFT_LOOKUP, .name = (set), .numbers = { R1, 0, 0 } \
	}
#define IS_NOT_IN(set) \
	{ \
		.op = LS_NFT_LOOKUP, .name = (set), .numbers = { R1, 0, NFT_LOOKUP_F_INV } \
	}
/* One register is both ends of a range. */
#define NAT(kind, family, low, high, port, flags) \
	{ \
		.op = LS_NFT_NAT, .numbers = { NFT_NAT_##kind, family, low, high, port, flags } \
	}
#define MASQUERADE \
	{ \
		.op = LS_NFT_MASQ \
	}
#define VERDICT(verdict, chain) \
	{ \
		.op = LS_NFT_VERDICT, .numbers = { NFT_REG_VERDICT, (uint32_t)(verdict) }, .name = (chain) \
	}
#define REJECT(type, code) \
	{ \
		.op = LS_NFT_REJECT, .numbers = { NFT_REJECT_##type, code } \
	}

#define IPV4 META(NFPROTO, R1), BYTE(EQ, NFPROTO_IPV4)
#define IPV6 META(NFPROTO, R1), BYTE(EQ, NFPROTO_IPV6)
#define LOOPBACK 1 /* index of lo (LOOPBACK_IFINDEX) */
#define SOURCE4 PAYLOAD(NETWORK, 12, 4, R1)
#define SOURCE6 PAYLOAD(NETWORK, 8, 16, R1)
#define TARGET4_TO(to) PAYLOAD(NETWORK, 16, 4, to)
#define TARGET6_TO(to) PAYLOAD(NETWORK, 24, 16, to)
#define TARGET4 TARGET4_TO(R1)
#define TARGET6 TARGET6_TO(R1)
#define TARGET_PORT(to) PAYLOAD(TRANSPORT, 2, 2, to)
#define PROTOCOL(number) META(L4PROTO, R1), BYTE(EQ, number)
#define CT_FLAGS(key, flags) \
	{ .op = LS_NFT_CT, .numbers = { NFT_CT_##key, R1 } }, \
		{ .op = LS_NFT_BITWISE, .numbers = { R1, R1 }, .length = 4, .bytes = HOST_ORDER(flags) }, IS_NOT_ZERO
#define IS_OWN_ADDRESS \
	{ .op = LS_NFT_FIB, .numbers = { R1, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF } }, \
		WORD(EQ, RTN_LOCAL)
#define CT_STATE_KNOWN (2u | 4u) /* NF_CT_STATE_BIT(IP_CT_ESTABLISHED), IP_CT_RELATED */
#define TCP_SYN_ONLY \
	PROTOCOL(IPPROTO_TCP), PAYLOAD(TRANSPORT, 13, 1, R1), \
		{ .op = LS_NFT_BITWISE, .numbers = { R1, R1 }, .length = 1, .bytes = { 2 | 4 } }, BYTE(EQ, 2)
#define MAXSEG_FROM(reg) \
	{ \
		.op = LS_NFT_TCPOPT, .numbers = { reg, 2, 2, 2 } \
	} /* option 2, 2 bytes behind kind and length */

#define TO_ADDRESS NF_NAT_RANGE_MAP_IPS
#define TO_PORT (NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED)
#define TO_PREFIX (NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_NETMAP)

#define RULE(chain, name, text, ...) \
	{ \
		chain, name, text, { __VA_ARGS__ }, \
			sizeof((struct ls_nft_expr[]){ __VA_ARGS__ }) / sizeof(struct ls_nft_expr) \
	}

const struct ls_nft_rule_form ls_nft_rules[] = {
	RULE("prerouting", "port4", "dnat ip to ip daddr . meta l4proto . th dport map @fwd4", IPV4, TARGET4,
		META(L4PROTO, W1), TARGET_PORT(W2), LOOKUP("fwd4", R1, R1),
		NAT(DNAT, NFPROTO_IPV4, R1, R1, W1, TO_PORT)),
	RULE("prerouting", "port6", "dnat ip6 to ip6 daddr . meta l4proto . th dport map @fwd6", IPV6, TARGET6,
		META(L4PROTO, R2), TARGET_PORT(W5), LOOKUP("fwd6", R1, R1),
		NAT(DNAT, NFPROTO_IPV6, R1, R1, R2, TO_PORT)),
	RULE("prerouting", "ports4", "dnat ip to ip daddr . meta l4proto . th dport map @range4", IPV4, TARGET4,
		META(L4PROTO, W1), TARGET_PORT(W2), LOOKUP("range4", R1, R1),
		NAT(DNAT, NFPROTO_IPV4, R1, R1, 0, TO_ADDRESS)),
	RULE("prerouting", "ports6", "dnat ip6 to ip6 daddr . meta l4proto . th dport map @range6", IPV6, TARGET6,
		META(L4PROTO, R2), TARGET_PORT(W5), LOOKUP("range6", R1, R1),
		NAT(DNAT, NFPROTO_IPV6, R1, R1, 0, TO_ADDRESS)),
	RULE("prerouting", "here4",
		"fib daddr . iif type local meta nfproto ipv4 dnat ip to iifname . meta l4proto . th dport map @here4",
		IS_OWN_ADDRESS, IPV4, META(IIFNAME, R1), META(L4PROTO, R2), TARGET_PORT(W5), LOOKUP("here4", R1, R1),
		NAT(DNAT, NFPROTO_IPV4, R1, R1, W1, TO_PORT)),
	RULE("prerouting", "here6",
		"fib daddr . iif type local meta nfproto ipv6 dnat ip6 to iifname . meta l4proto . th dport map @here6",
		IS_OWN_ADDRESS, IPV6, META(IIFNAME, R1), META(L4PROTO, R2), TARGET_PORT(W5), LOOKUP("here6", R1, R1),
		NAT(DNAT, NFPROTO_IPV6, R1, R1, R2, TO_PORT)),
	RULE("prerouting", "here-range4",
		"fib daddr . iif type local meta nfproto ipv4 dnat ip to iifname . meta l4proto . th dport map "
		"@here_range4",
		IS_OWN_ADDRESS, IPV4, META(IIFNAME, R1), META(L4PROTO, R2), TARGET_PORT(W5),
		LOOKUP("here_range4", R1, R1), NAT(DNAT, NFPROTO_IPV4, R1, R1, 0, TO_ADDRESS)),
	RULE("prerouting", "here-range6",
		"fib daddr . iif type local meta nfproto ipv6 dnat ip6 to iifname . meta l4proto . th dport map "
		"@here_range6",
		IS_OWN_ADDRESS, IPV6, META(IIFNAME, R1), META(L4PROTO, R2), TARGET_PORT(W5),
		LOOKUP("here_range6", R1, R1), NAT(DNAT, NFPROTO_IPV6, R1, R1, 0, TO_ADDRESS)),
	RULE("prerouting", "management", "tcp dport 22 goto prefixes", PROTOCOL(IPPROTO_TCP), TARGET_PORT(R1),
		SHORT(EQ, 22), VERDICT(NFT_GOTO, "prefixes")),
	RULE("prerouting", "address4", "dnat ip to ip daddr map @one4", IPV4, TARGET4, LOOKUP("one4", R1, R1),
		NAT(DNAT, NFPROTO_IPV4, R1, R1, 0, TO_ADDRESS)),
	RULE("prerouting", "address6", "dnat ip6 to ip6 daddr map @one6", IPV6, TARGET6, LOOKUP("one6", R1, R1),
		NAT(DNAT, NFPROTO_IPV6, R1, R1, 0, TO_ADDRESS)),
	RULE("prerouting", "prefixes", "goto prefixes", VERDICT(NFT_GOTO, "prefixes")),
	RULE("prefixes", "prefix6", "dnat ip6 prefix to ip6 daddr map @inwards6", IPV6, TARGET6,
		LOOKUP("inwards6", R1, R1), NAT(DNAT, NFPROTO_IPV6, R1, R2, 0, TO_PREFIX)),
	RULE("postrouting", "hairpin", "ct status dnat iifname @inner oifname @inner jump hairpin",
		CT_FLAGS(STATUS, IPS_DST_NAT), META(IIFNAME, R1), IS_IN("inner"), META(OIFNAME, R1), IS_IN("inner"),
		VERDICT(NFT_JUMP, "hairpin")),
	RULE("postrouting", "hidden4", "ct status dnat ip daddr . meta l4proto . th dport @hidden4 masquerade",
		CT_FLAGS(STATUS, IPS_DST_NAT), IPV4, TARGET4, META(L4PROTO, W1), TARGET_PORT(W2), IS_IN("hidden4"),
		MASQUERADE),
	RULE("postrouting", "hidden6", "ct status dnat ip6 daddr . meta l4proto . th dport @hidden6 masquerade",
		CT_FLAGS(STATUS, IPS_DST_NAT), IPV6, TARGET6, META(L4PROTO, R2), TARGET_PORT(W5), IS_IN("hidden6"),
		MASQUERADE),
	RULE("postrouting", "elsewhere", "oifname != @uplinks accept", META(OIFNAME, R1), IS_NOT_IN("uplinks"),
		VERDICT(NF_ACCEPT, NULL)),
	RULE("postrouting", "address4", "snat ip to ip saddr map @source4", IPV4, SOURCE4, LOOKUP("source4", R1, R1),
		NAT(SNAT, NFPROTO_IPV4, R1, R1, 0, TO_ADDRESS)),
	RULE("postrouting", "address6", "snat ip6 to ip6 saddr map @source6", IPV6, SOURCE6, LOOKUP("source6", R1, R1),
		NAT(SNAT, NFPROTO_IPV6, R1, R1, 0, TO_ADDRESS)),
	RULE("postrouting", "prefix6", "snat ip6 prefix to ip6 saddr map @outwards6", IPV6, SOURCE6,
		LOOKUP("outwards6", R1, R1), NAT(SNAT, NFPROTO_IPV6, R1, R2, 0, TO_PREFIX)),
	RULE("postrouting", "masquerade4", "ip saddr @masquerade4 masquerade", IPV4, SOURCE4, IS_IN("masquerade4"),
		MASQUERADE),
	RULE("postrouting", "masquerade6", "ip6 saddr @masquerade6 masquerade", IPV6, SOURCE6, IS_IN("masquerade6"),
		MASQUERADE),
	RULE("hairpin", "address4", "snat ip to ip saddr map @source4", IPV4, SOURCE4, LOOKUP("source4", R1, R1),
		NAT(SNAT, NFPROTO_IPV4, R1, R1, 0, TO_ADDRESS)),
	RULE("hairpin", "address6", "snat ip6 to ip6 saddr map @source6", IPV6, SOURCE6, LOOKUP("source6", R1, R1),
		NAT(SNAT, NFPROTO_IPV6, R1, R1, 0, TO_ADDRESS)),
	RULE("hairpin", "prefix6", "snat ip6 prefix to ip6 saddr map @outwards6", IPV6, SOURCE6,
		LOOKUP("outwards6", R1, R1), NAT(SNAT, NFPROTO_IPV6, R1, R2, 0, TO_PREFIX)),
	RULE("hairpin", "masquerade", "masquerade", MASQUERADE),
	/* The kernel only ever lowers it (nft_exthdr_tcp_set_eval). */
	RULE("forward", "segment-out4", "tcp flags syn / syn,rst tcp option maxseg size set oifname map @mss4", IPV4,
		TCP_SYN_ONLY, META(OIFNAME, R1), LOOKUP("mss4", R1, R1), MAXSEG_FROM(R1)),
	RULE("forward", "segment-in4", "tcp flags syn / syn,rst tcp option maxseg size set iifname map @mss4", IPV4,
		TCP_SYN_ONLY, META(IIFNAME, R1), LOOKUP("mss4", R1, R1), MAXSEG_FROM(R1)),
	RULE("forward", "segment-out6", "tcp flags syn / syn,rst tcp option maxseg size set oifname map @mss6", IPV6,
		TCP_SYN_ONLY, META(OIFNAME, R1), LOOKUP("mss6", R1, R1), MAXSEG_FROM(R1)),
	RULE("forward", "segment-in6", "tcp flags syn / syn,rst tcp option maxseg size set iifname map @mss6", IPV6,
		TCP_SYN_ONLY, META(IIFNAME, R1), LOOKUP("mss6", R1, R1), MAXSEG_FROM(R1)),
	RULE("forward", "known", "ct state established,related accept", CT_FLAGS(STATE, CT_STATE_KNOWN),
		VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "mapped", "ct status dnat accept", CT_FLAGS(STATUS, IPS_DST_NAT), VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "isolated", "iifname @inner oifname @inner iifname . oifname != @routed drop",
		META(IIFNAME, R1), IS_IN("inner"), META(OIFNAME, R1), IS_IN("inner"), META(IIFNAME, R1),
		META(OIFNAME, R2), IS_NOT_IN("routed"), VERDICT(NF_DROP, NULL)),
	RULE("forward", "closed4", "oifname @uplinks ip saddr @closed4 drop", META(OIFNAME, R1), IS_IN("uplinks"), IPV4,
		SOURCE4, IS_IN("closed4"), VERDICT(NF_DROP, NULL)),
	RULE("forward", "closed6", "oifname @uplinks ip6 saddr @closed6 drop", META(OIFNAME, R1), IS_IN("uplinks"),
		IPV6, SOURCE6, IS_IN("closed6"), VERDICT(NF_DROP, NULL)),
	/* What follows only counts where the chain's policy is to drop. Of ICMPv6 nothing is ever dropped (RFC 4890),
	 * of ICMP neither. */
	RULE("forward", "icmp4", "meta l4proto icmp accept", PROTOCOL(IPPROTO_ICMP), VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "icmp6", "meta l4proto ipv6-icmp accept", PROTOCOL(IPPROTO_ICMPV6), VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "routed", "iifname . oifname @routed accept", META(IIFNAME, R1), META(OIFNAME, R2),
		IS_IN("routed"), VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "leaving4", "oifname @uplinks ip saddr @masquerade4 accept", META(OIFNAME, R1),
		IS_IN("uplinks"), IPV4, SOURCE4, IS_IN("masquerade4"), VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "leaving6", "oifname @uplinks ip6 saddr @masquerade6 accept", META(OIFNAME, R1),
		IS_IN("uplinks"), IPV6, SOURCE6, IS_IN("masquerade6"), VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "let4", "ip saddr . ip daddr . meta l4proto . th dport @let_through4 accept", IPV4, SOURCE4,
		TARGET4_TO(W1), META(L4PROTO, W2), TARGET_PORT(W3), IS_IN("let_through4"), VERDICT(NF_ACCEPT, NULL)),
	RULE("forward", "let6", "ip6 saddr . ip6 daddr . meta l4proto . th dport @let_through6 accept", IPV6, SOURCE6,
		TARGET6_TO(R2), META(L4PROTO, R3), TARGET_PORT(W9), IS_IN("let_through6"), VERDICT(NF_ACCEPT, NULL)),
	/* A public address is for what it is mapped to, and for management: not for what else listens here. */
	RULE("input", "known", "ct state established,related accept", CT_FLAGS(STATE, CT_STATE_KNOWN),
		VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "management", "tcp dport 22 accept", PROTOCOL(IPPROTO_TCP), TARGET_PORT(R1), SHORT(EQ, 22),
		VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "tcp4", "ip daddr @public4 meta l4proto tcp reject with tcp reset", IPV4, TARGET4,
		IS_IN("public4"), PROTOCOL(IPPROTO_TCP), REJECT(TCP_RST, 0)),
	RULE("input", "udp4", "ip daddr @public4 meta l4proto udp reject", IPV4, TARGET4, IS_IN("public4"),
		PROTOCOL(IPPROTO_UDP), REJECT(ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH)),
	RULE("input", "tcp6", "ip6 daddr @public6 meta l4proto tcp reject with tcp reset", IPV6, TARGET6,
		IS_IN("public6"), PROTOCOL(IPPROTO_TCP), REJECT(TCP_RST, 0)),
	RULE("input", "udp6", "ip6 daddr @public6 meta l4proto udp reject", IPV6, TARGET6, IS_IN("public6"),
		PROTOCOL(IPPROTO_UDP), REJECT(ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH)),
	/* Again, where the policy is to drop. Leases are renewed from other addresses than those that were asked. */
	RULE("input", "loopback", "iif lo accept", META(IIF, R1), WORD(EQ, LOOPBACK), VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "icmp4", "meta l4proto icmp accept", PROTOCOL(IPPROTO_ICMP), VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "icmp6", "meta l4proto ipv6-icmp accept", PROTOCOL(IPPROTO_ICMPV6), VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "lease4", "meta nfproto ipv4 udp dport 68 accept", IPV4, PROTOCOL(IPPROTO_UDP), TARGET_PORT(R1),
		SHORT(EQ, 68), VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "lease6", "meta nfproto ipv6 udp dport 546 accept", IPV6, PROTOCOL(IPPROTO_UDP), TARGET_PORT(R1),
		SHORT(EQ, 546), VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "let4", "ip saddr . ip daddr . meta l4proto . th dport @let_in4 accept", IPV4, SOURCE4,
		TARGET4_TO(W1), META(L4PROTO, W2), TARGET_PORT(W3), IS_IN("let_in4"), VERDICT(NF_ACCEPT, NULL)),
	RULE("input", "let6", "ip6 saddr . ip6 daddr . meta l4proto . th dport @let_in6 accept", IPV6, SOURCE6,
		TARGET6_TO(R2), META(L4PROTO, R3), TARGET_PORT(W9), IS_IN("let_in6"), VERDICT(NF_ACCEPT, NULL)),
};
const size_t ls_nft_n_rules = LS_ARRAY_SIZE(ls_nft_rules);

size_t ls_nft_chain_index(const char *name)
{
	size_t i = 0;

	while (i < ls_nft_n_chains && strcmp(ls_nft_chains[i].name, name) != 0)
		i++;
	return i;
}

size_t ls_nft_rule_index(const char *chain, const char *name)
{
	size_t i = 0;

	while (i < ls_nft_n_rules &&
		(strcmp(ls_nft_rules[i].name, name) != 0 || strcmp(ls_nft_rules[i].chain, chain) != 0))
		i++;
	return i;
}

/* ---- the skeleton ------------------------------------------------------------------------------------------------ */

static int add_table(struct ls_set *set)
{
	struct ls_nft_table *table = (struct ls_nft_table *)ls_object_new(set->arena, &ls_kind_nft_table);

	if (!table)
		return -ENOMEM;
	table->name = LS_NFT_TABLE;
	table->object.set = LS_BIT(LS_NFT_TABLE_NAME);
	return ls_set_add(set, &table->object);
}

static int add_set(struct ls_set *set, const struct ls_nft_set_form *form)
{
	struct ls_nft_set *object = (struct ls_nft_set *)ls_object_new(set->arena, &ls_kind_nft_set);
	char type[LS_NFT_TYPE_MAX];

	if (!object)
		return -ENOMEM;
	object->name = form->name;
	ls_nft_set_type(form, type, sizeof(type));
	object->type = ls_arena_intern(set->arena, type, strlen(type));
	object->object.set = LS_BIT(LS_NFT_SET_NAME) | LS_BIT(LS_NFT_SET_TYPE);
	return object->type ? ls_set_add(set, &object->object) : -ENOMEM;
}

static int add_chain(struct ls_set *set, const struct ls_nft_chain_form *form, bool drops)
{
	struct ls_nft_chain *chain = (struct ls_nft_chain *)ls_object_new(set->arena, &ls_kind_nft_chain);

	if (!chain)
		return -ENOMEM;
	chain->name = form->name;
	chain->object.set = LS_BIT(LS_NFT_CHAIN_NAME);
	if (form->type) {
		chain->hook = form->hook_text;
		chain->policy = drops ? LS_NFT_POLICY_DROP : LS_NFT_POLICY_ACCEPT;
		chain->object.set |= LS_BIT(LS_NFT_CHAIN_HOOK) | LS_BIT(LS_NFT_CHAIN_POLICY);
	}
	return ls_set_add(set, &chain->object);
}

static int add_rule(struct ls_set *set, const struct ls_nft_rule_form *form)
{
	struct ls_nft_rule *rule = (struct ls_nft_rule *)ls_object_new(set->arena, &ls_kind_nft_rule);

	if (!rule)
		return -ENOMEM;
	rule->chain = form->chain;
	rule->name = form->name;
	rule->text = form->text;
	rule->object.set = LS_BIT(LS_NFT_RULE_CHAIN) | LS_BIT(LS_NFT_RULE_NAME) | LS_BIT(LS_NFT_RULE_TEXT);
	return ls_set_add(set, &rule->object);
}

static bool is_filter(const struct ls_nft_chain_form *form)
{
	return form->type && !strcmp(form->type, "filter");
}

int ls_nft_add_skeleton(struct ls_set *set, uint32_t drops)
{
	int r = add_table(set);

	for (size_t i = 0; i < LS_NFT_N_SETS && r >= 0; i++)
		r = add_set(set, &ls_nft_sets[i]);
	for (size_t i = 0; i < ls_nft_n_chains && r >= 0; i++)
		r = add_chain(
			set, &ls_nft_chains[i], is_filter(&ls_nft_chains[i]) && drops & LS_BIT(ls_nft_chains[i].hook));
	for (size_t i = 0; i < ls_nft_n_rules && r >= 0; i++)
		r = add_rule(set, &ls_nft_rules[i]);
	return r;
}
