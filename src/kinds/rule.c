/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy rules. The kernel keeps them in a list by priority, and those of one priority in the order in which they came;
 * it changes none in place. So all of a rule is its key: another table is another rule, which is added before the old
 * one goes.
 *
 * Mark: FRA_PROTOCOL. An add carries EXCL; without it the same rule would be there twice (fib_nl_newrule). A delete
 * takes the first rule that has everything the message says, and what it does not say is not compared (fib_nl_delrule,
 * rule_find): so it says all that the rule has, the protocol included, and cannot hit a stranger's. It can hit another
 * one of ours of the same priority that says more; specs give each rule a priority of its own.
 *
 * One with our mark that says what linkspan has no words for is of somebody else's making. It goes, and comes back when
 * that is taken back, by the kernel's own message, which says all of it.
 *
 * The rules that every namespace begins with, and the l3mdev rule that comes with the first vrf, are the kernel's own
 * (RTPROT_KERNEL).
 */
#include "driver.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define KEY(field, type) #field, type, LS_CHANGE_KEY, 0, offsetof(struct ls_rule, field), NULL
#define MAY(field, type) #field, type, LS_CHANGE_KEY, LS_ATTR_OPTIONAL, offsetof(struct ls_rule, field), NULL

const char *const ls_rule_action_names[] = {
	[LS_RULE_LOOKUP] = "lookup",
	[LS_RULE_BLACKHOLE] = "blackhole",
	[LS_RULE_UNREACHABLE] = "unreachable",
	[LS_RULE_PROHIBIT] = "prohibit",
	[LS_RULE_OTHER_ACTION] = "other",
	NULL,
};

/* Present always: family, priority, action. invert and l3mdev are present only when true, all others where the rule has
 * them. */
static const struct ls_attr rule_attrs[] = {
	[LS_RULE_FAMILY] = { "family", LS_TYPE_ENUM, LS_CHANGE_KEY, 0, offsetof(struct ls_rule, family),
		ls_family_names },
	[LS_RULE_PRIORITY] = { KEY(priority, LS_TYPE_U32) },
	[LS_RULE_INVERT] = { MAY(invert, LS_TYPE_BOOL) },
	[LS_RULE_FROM] = { MAY(from, LS_TYPE_PREFIX) },
	[LS_RULE_TO] = { MAY(to, LS_TYPE_PREFIX) },
	[LS_RULE_IIF] = { MAY(iif, LS_TYPE_STRING) },
	[LS_RULE_OIF] = { MAY(oif, LS_TYPE_STRING) },
	[LS_RULE_FWMARK] = { MAY(fwmark, LS_TYPE_U32) },
	[LS_RULE_FWMASK] = { MAY(fwmask, LS_TYPE_U32) },
	[LS_RULE_UID_START] = { MAY(uid_start, LS_TYPE_U32) },
	[LS_RULE_UID_END] = { MAY(uid_end, LS_TYPE_U32) },
	[LS_RULE_L3MDEV] = { MAY(l3mdev, LS_TYPE_BOOL) },
	[LS_RULE_ACTION] = { "action", LS_TYPE_ENUM, LS_CHANGE_KEY, 0, offsetof(struct ls_rule, action),
		ls_rule_action_names },
	[LS_RULE_TABLE] = { MAY(table, LS_TYPE_U32) },
	[LS_RULE_SUPPRESS_PREFIX_LENGTH] = { MAY(suppress_prefix_length, LS_TYPE_U32) },
	[LS_RULE_OTHER] = { MAY(other, LS_TYPE_STRING) },
	[LS_RULE_PROTOCOL] = { "protocol", LS_TYPE_U8, LS_CHANGE_INFO, 0, offsetof(struct ls_rule, protocol), NULL },
};

static const struct ls_rule *as_rule(const struct ls_object *object)
{
	return (const struct ls_rule *)object;
}

/* ---- key --------------------------------------------------------------------------------------------------------- */

static int compare_attr(const struct ls_attr *attr, unsigned i, const struct ls_object *a, const struct ls_object *b)
{
	const void *x = ls_object_value(a, attr), *y = ls_object_value(b, attr);

	if (!ls_object_has(a, i) || !ls_object_has(b, i))
		return (int)ls_object_has(a, i) - (int)ls_object_has(b, i);
	if (attr->type == LS_TYPE_STRING)
		return strcmp(*(const char *const *)x, *(const char *const *)y);
	if (attr->type == LS_TYPE_U32)
		return ls_order(*(const uint32_t *)x, *(const uint32_t *)y);
	return memcmp(x, y, ls_type_size(attr->type));
}

static int rule_compare(const struct ls_object *a, const struct ls_object *b)
{
	int order = 0;

	for (unsigned i = 0; i < LS_ARRAY_SIZE(rule_attrs) && !order; i++)
		if (rule_attrs[i].change == LS_CHANGE_KEY)
			order = compare_attr(&rule_attrs[i], i, a, b);
	return order;
}

/* What the rule asks of a packet, and the words for what it does, as ip-rule(8) has them. */
static void rule_describe(const struct ls_object *object, char *text, size_t size)
{
	static const struct {
		uint8_t attr;
		const char *word;
	} words[] = {
		{ LS_RULE_INVERT, "not" },
		{ LS_RULE_FROM, "from" },
		{ LS_RULE_TO, "to" },
		{ LS_RULE_IIF, "iif" },
		{ LS_RULE_OIF, "oif" },
		{ LS_RULE_FWMARK, "fwmark" },
		{ LS_RULE_FWMASK, "fwmask" },
		{ LS_RULE_UID_START, "uid" },
		{ LS_RULE_UID_END, "to uid" },
		{ LS_RULE_OTHER, NULL },
		{ LS_RULE_L3MDEV, "l3mdev" },
		{ LS_RULE_TABLE, "lookup" },
		{ LS_RULE_SUPPRESS_PREFIX_LENGTH, "suppress" },
	};
	const struct ls_rule *rule = as_rule(object);
	char value[128];
	size_t length;

	length = (size_t)snprintf(text, size, "%s %" PRIu32, ls_family_names[rule->family], rule->priority);
	for (size_t i = 0; i < LS_ARRAY_SIZE(words) && length < size; i++) {
		if (!ls_object_has(object, words[i].attr))
			continue;
		ls_attr_format(&rule_attrs[words[i].attr], object, value, sizeof(value));
		if (rule_attrs[words[i].attr].type == LS_TYPE_BOOL)
			value[0] = '\0';
		length += (size_t)snprintf(text + length, size - length, "%s%s%s%s", words[i].word ? " " : "",
			words[i].word ? words[i].word : "", value[0] ? " " : "", value);
	}
	if (rule->action != LS_RULE_LOOKUP && length < size)
		snprintf(text + length, size - length, " %s", ls_rule_action_names[rule->action]);
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

static const uint8_t actions[] = {
	[LS_RULE_LOOKUP] = FR_ACT_TO_TBL,
	[LS_RULE_BLACKHOLE] = FR_ACT_BLACKHOLE,
	[LS_RULE_UNREACHABLE] = FR_ACT_UNREACHABLE,
	[LS_RULE_PROHIBIT] = FR_ACT_PROHIBIT,
};

static uint8_t action_from_kernel(uint8_t action)
{
	for (size_t i = 0; i < LS_ARRAY_SIZE(actions); i++)
		if (actions[i] == action)
			return (uint8_t)i;
	return LS_RULE_OTHER_ACTION;
}

static void take_prefix(struct ls_rule *rule, unsigned attr, struct ls_prefix *ret, const struct nlattr *from,
	uint8_t family, uint8_t length)
{
	if (!ls_attr_ip(from, family, &ret->ip))
		return;
	ret->length = length;
	ls_object_set(&rule->object, attr);
}

static int take_name(
	const struct ls_dump *dump, struct ls_rule *rule, unsigned attr, const char **ret, const struct nlattr *from)
{
	size_t length;
	const char *name = ls_attr_text(from, &length);

	if (length == 0)
		return 0;
	*ret = ls_dump_text(dump, name, length);
	if (!*ret)
		return -ENOMEM;
	ls_object_set(&rule->object, attr);
	return 0;
}

static void take_number(struct ls_rule *rule, unsigned attr, uint32_t *ret, uint32_t value)
{
	*ret = value;
	ls_object_set(&rule->object, attr);
}

static void decode_numbers(struct ls_rule *rule, const struct nlattr *const *tb)
{
	const struct fib_rule_uid_range *uids = ls_attr_data(tb[FRA_UID_RANGE]);
	uint32_t table = ls_attr_u32(tb[FRA_TABLE]);

	if (tb[FRA_FWMARK] || ls_attr_u32(tb[FRA_FWMASK])) {
		take_number(rule, LS_RULE_FWMARK, &rule->fwmark, ls_attr_u32(tb[FRA_FWMARK]));
		take_number(rule, LS_RULE_FWMASK, &rule->fwmask, ls_attr_u32(tb[FRA_FWMASK]));
	}
	if (ls_attr_length(tb[FRA_UID_RANGE]) >= sizeof(*uids)) {
		take_number(rule, LS_RULE_UID_START, &rule->uid_start, uids->start);
		take_number(rule, LS_RULE_UID_END, &rule->uid_end, uids->end);
	}
	if (tb[FRA_SUPPRESS_PREFIXLEN] && ls_attr_u32(tb[FRA_SUPPRESS_PREFIXLEN]) != UINT32_MAX) /* -1: no limit */
		take_number(rule, LS_RULE_SUPPRESS_PREFIX_LENGTH, &rule->suppress_prefix_length,
			ls_attr_u32(tb[FRA_SUPPRESS_PREFIXLEN]));
	if (ls_attr_u8(tb[FRA_L3MDEV])) {
		rule->l3mdev = 1;
		ls_object_set(&rule->object, LS_RULE_L3MDEV);
	}
	if (rule->action == LS_RULE_LOOKUP && table)
		take_number(rule, LS_RULE_TABLE, &rule->table, table);
}

/* What has an attribute of its own, or says nothing. */
#define BIT64(n) (UINT64_C(1) << (n))
#define PLAIN \
	(BIT64(FRA_DST) | BIT64(FRA_SRC) | BIT64(FRA_IIFNAME) | BIT64(FRA_OIFNAME) | BIT64(FRA_PRIORITY) | \
		BIT64(FRA_FWMARK) | BIT64(FRA_FWMASK) | BIT64(FRA_TABLE) | BIT64(FRA_SUPPRESS_PREFIXLEN) | \
		BIT64(FRA_UID_RANGE) | BIT64(FRA_L3MDEV) | BIT64(FRA_PROTOCOL) | BIT64(FRA_PAD))
#define RULE_ATTRS_MAX 32u /* and some that are younger than this program, to notice them */

static void print_value(struct ls_buf *buf, unsigned type, const struct nlattr *attr)
{
	static const char *const names[RULE_ATTRS_MAX] = { [FRA_GOTO] = "goto",
		[FRA_FLOW] = "realms",
		[FRA_TUN_ID] = "tun_id",
		[FRA_SUPPRESS_IFGROUP] = "suppress_ifgroup",
		[FRA_IP_PROTO] = "ipproto",
		[FRA_SPORT_RANGE] = "sport",
		[FRA_DPORT_RANGE] = "dport" };
	const uint8_t *data = ls_attr_data(attr);

	if (names[type])
		(void)ls_buf_printf(buf, " %s ", names[type]);
	else
		(void)ls_buf_printf(buf, " attribute %u ", type);
	for (size_t i = 0; i < ls_attr_length(attr); i++)
		(void)ls_buf_printf(buf, "%02x", data[i]);
}

static int decode_other(struct ls_dump *dump, struct ls_rule *rule, const struct fib_rule_hdr *info,
	const struct nlattr *const *tb, uint64_t seen)
{
	struct ls_buf *buf = &dump->text;

	buf->length = 0;
	if (info->tos)
		(void)ls_buf_printf(buf, " tos 0x%02x", info->tos);
	if (rule->action == LS_RULE_OTHER_ACTION)
		(void)ls_buf_printf(buf, " action %u", info->action);
	seen &= ~PLAIN;
	if (tb[FRA_SUPPRESS_IFGROUP] && ls_attr_u32(tb[FRA_SUPPRESS_IFGROUP]) == UINT32_MAX)
		seen &= ~BIT64(FRA_SUPPRESS_IFGROUP);
	for (unsigned i = 0; i < RULE_ATTRS_MAX; i++)
		if (seen & BIT64(i))
			print_value(buf, i, tb[i]);
	if (buf->failed)
		return -ENOMEM;
	if (!buf->length)
		return 0;
	rule->other = ls_dump_text(dump, (const char *)buf->data + 1, buf->length - 1);
	ls_object_set(&rule->object, LS_RULE_OTHER);
	return rule->other ? 0 : -ENOMEM;
}

static void decode_nature(struct ls_rule *rule, const struct fib_rule_hdr *info, const struct nlattr *const *tb)
{
	struct ls_object *object = &rule->object;

	rule->family = ls_family_from_socket(info->family);
	rule->priority = ls_attr_u32(tb[FRA_PRIORITY]);
	rule->action = action_from_kernel(info->action);
	rule->protocol = ls_attr_u8(tb[FRA_PROTOCOL]);
	object->set |=
		LS_BIT(LS_RULE_FAMILY) | LS_BIT(LS_RULE_PRIORITY) | LS_BIT(LS_RULE_ACTION) | LS_BIT(LS_RULE_PROTOCOL);
	object->owner = rule->protocol == LS_MARK_PROTOCOL ? LS_OWNER_OURS
			: rule->protocol == RTPROT_KERNEL  ? LS_OWNER_DERIVED
							   : LS_OWNER_FOREIGN;
	if (info->flags & FIB_RULE_INVERT) {
		rule->invert = 1;
		ls_object_set(object, LS_RULE_INVERT);
	}
}

int ls_rule_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	const struct fib_rule_hdr *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[RULE_ATTRS_MAX];
	struct ls_rule *rule;
	const void *attrs;
	size_t length;
	uint64_t seen;

	if (message->nlmsg_type != RTM_NEWRULE || !ls_attrs_of(message, sizeof(*info), &attrs, &length) ||
		(info->family != AF_INET && info->family != AF_INET6) || info->dst_len > ls_ip_bits(info->family) ||
		info->src_len > ls_ip_bits(info->family))
		return 0;
	seen = ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	rule = (struct ls_rule *)ls_object_new(dump->set->arena, &ls_kind_rule);
	if (!rule)
		return -ENOMEM;
	decode_nature(rule, info, tb);
	take_prefix(rule, LS_RULE_FROM, &rule->from, tb[FRA_SRC], info->family, info->src_len);
	take_prefix(rule, LS_RULE_TO, &rule->to, tb[FRA_DST], info->family, info->dst_len);
	decode_numbers(rule, tb);
	if (take_name(dump, rule, LS_RULE_IIF, &rule->iif, tb[FRA_IIFNAME]) < 0 ||
		take_name(dump, rule, LS_RULE_OIF, &rule->oif, tb[FRA_OIFNAME]) < 0 ||
		decode_other(dump, rule, info, tb, seen) < 0)
		return -ENOMEM;
	if ((rule->object.owner != LS_OWNER_OURS || rule->other) && ls_dump_keep_raw(dump, &rule->object, message) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &rule->object);
}

static int rule_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	int r;

	(void)scope;
	r = ls_dump_families(kernel, RTM_GETRULE, sizeof(struct fib_rule_hdr), ls_rule_decode, ret, err);
	/* A kernel without policy rules has none. */
	return r == -EOPNOTSUPP ? ls_error_clear(err) : r;
}

/* ---- encode ------------------------------------------------------------------------------------------------------ */

static int put_attrs(struct nl_msg *message, const struct ls_rule *rule, uint8_t protocol)
{
	const struct ls_object *object = &rule->object;
	const struct fib_rule_uid_range uids = { rule->uid_start, rule->uid_end };
	int size = rule->family == LS_FAMILY_IPV6 ? 16 : 4;

	NLA_PUT_U32(message, FRA_PRIORITY, rule->priority);
	NLA_PUT_U8(message, FRA_PROTOCOL, protocol);
	if (ls_object_has(object, LS_RULE_FROM))
		NLA_PUT(message, FRA_SRC, size, rule->from.ip.bytes);
	if (ls_object_has(object, LS_RULE_TO))
		NLA_PUT(message, FRA_DST, size, rule->to.ip.bytes);
	if (ls_object_has(object, LS_RULE_IIF))
		NLA_PUT_STRING(message, FRA_IIFNAME, rule->iif);
	if (ls_object_has(object, LS_RULE_OIF))
		NLA_PUT_STRING(message, FRA_OIFNAME, rule->oif);
	if (ls_object_has(object, LS_RULE_FWMARK)) {
		NLA_PUT_U32(message, FRA_FWMARK, rule->fwmark);
		NLA_PUT_U32(message, FRA_FWMASK, rule->fwmask);
	}
	if (ls_object_has(object, LS_RULE_UID_START))
		NLA_PUT(message, FRA_UID_RANGE, sizeof(uids), &uids);
	if (rule->l3mdev)
		NLA_PUT_U8(message, FRA_L3MDEV, 1);
	if (ls_object_has(object, LS_RULE_TABLE))
		NLA_PUT_U32(message, FRA_TABLE, rule->table);
	if (ls_object_has(object, LS_RULE_SUPPRESS_PREFIX_LENGTH))
		NLA_PUT_U32(message, FRA_SUPPRESS_PREFIXLEN, rule->suppress_prefix_length);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/* The kernel's own message, less what it tells of the links and of the goto's target. */
static int encode_raw(struct ls_kernel *kernel, int type, int flags, const struct ls_rule *rule, struct nl_msg **ret,
	struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, type, flags);
	struct fib_rule_hdr info;
	const void *attrs;
	size_t length;

	if (!ls_attrs_of(rule->object.raw, sizeof(info), &attrs, &length))
		return ls_error_set(err, -EBADMSG, "the message kept is too short");
	memcpy(&info, (const uint8_t *)rule->object.raw + NLMSG_HDRLEN, sizeof(info));
	info.flags &= FIB_RULE_INVERT;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		nlmsg_append(message, (void *)(uintptr_t)attrs, length, NLMSG_ALIGNTO) < 0)
		return ls_message_too_long(&rule->object, err);
	*ret = message;
	return 0;
}

static bool is_whole(const struct ls_object *object)
{
	const struct nlmsghdr *raw = object->raw;

	return object->raw_length >= NLMSG_HDRLEN && raw->nlmsg_len == object->raw_length &&
	       raw->nlmsg_type == RTM_NEWRULE;
}

static int encode_message(struct ls_kernel *kernel, int type, int flags, const struct ls_rule *rule,
	struct nl_msg **ret, struct ls_error *err)
{
	struct nl_msg *message = ls_tx_message(kernel->nl, type, flags);
	struct fib_rule_hdr info = {
		.family = ls_family_to_socket(rule->family),
		.src_len = rule->from.length,
		.dst_len = rule->to.length,
		.table = rule->table < 256 ? (uint8_t)rule->table : (uint8_t)RT_TABLE_UNSPEC,
		.flags = rule->invert ? FIB_RULE_INVERT : 0,
	};

	if (ls_object_has(&rule->object, LS_RULE_OTHER) && is_whole(&rule->object))
		return encode_raw(kernel, type, flags, rule, ret, err);
	if (rule->action >= LS_ARRAY_SIZE(actions) || ls_object_has(&rule->object, LS_RULE_OTHER))
		return ls_error_set(err, -EINVAL, "rules of this sort cannot be made or deleted");
	info.action = actions[rule->action];
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		put_attrs(message, rule, LS_MARK_PROTOCOL) < 0)
		return ls_message_too_long(&rule->object, err);
	*ret = message;
	return 0;
}

static int rule_encode(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct nl_msg **ret, struct ls_error *err)
{
	switch (op) {
	case LS_OP_ADD:
		return encode_message(kernel, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, as_rule(want), ret, err);
	case LS_OP_DELETE:
		return encode_message(kernel, RTM_DELRULE, 0, as_rule(have), ret, err);
	case LS_OP_CHANGE:
	case LS_OP_REPLACE:
		break;
	}
	return ls_error_set(err, -EINVAL, "a rule cannot be changed in place");
}

static bool prefix_valid(const struct ls_rule *rule, unsigned attr, const struct ls_prefix *prefix)
{
	int family = ls_family_to_socket(rule->family);

	return !ls_object_has(&rule->object, attr) || prefix->ip.family == family;
}

static bool rule_valid(const struct ls_object *object)
{
	const struct ls_rule *rule = as_rule(object);

	return prefix_valid(rule, LS_RULE_FROM, &rule->from) && prefix_valid(rule, LS_RULE_TO, &rule->to);
}

const struct ls_kind ls_kind_rule = {
	.name = "rule",
	.id = LS_KIND_RULE,
	.rank = LS_RANK_RULE,
	.size = sizeof(struct ls_rule),
	.attrs = rule_attrs,
	.n_attrs = LS_ARRAY_SIZE(rule_attrs),
	.compare = rule_compare,
	.valid = rule_valid,
	.describe = rule_describe,
	.probe = ls_probe_always,
	.dump = rule_dump,
	.encode = rule_encode,
	.delete_marks = true,
};
