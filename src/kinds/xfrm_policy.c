/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPsec's security policies: what goes through an XFRM interface is put into a tunnel (out), and what comes out of it
 * must have come through one (in, and fwd for what goes on from here). A policy with an if_id is of the interface that
 * has it, and no others' packets meet it.
 *
 * One message changes all of a policy but its key, and no packet is lost by it; a delete and an add would lose some.
 * So the state that is used to send, where there are several, is changed by naming its SPI in the template.
 */
#include "xfrm.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/xfrm.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#define ATTR(field, type, change) #field, type, change, 0, offsetof(struct ls_xfrm_policy, field), NULL

const char *const ls_xfrm_direction_names[] = { "in", "out", "fwd", NULL };

static const struct ls_attr policy_attrs[] = {
	[LS_XFRM_POLICY_DIRECTION] = { "direction", LS_TYPE_ENUM, LS_CHANGE_KEY, 0,
		offsetof(struct ls_xfrm_policy, direction), ls_xfrm_direction_names },
	[LS_XFRM_POLICY_SRC] = { ATTR(src, LS_TYPE_PREFIX, LS_CHANGE_KEY) },
	[LS_XFRM_POLICY_DST] = { ATTR(dst, LS_TYPE_PREFIX, LS_CHANGE_KEY) },
	[LS_XFRM_POLICY_IF_ID] = { ATTR(if_id, LS_TYPE_U32, LS_CHANGE_KEY) },
	[LS_XFRM_POLICY_REQID] = { ATTR(reqid, LS_TYPE_U32, LS_CHANGE_LIVE) },
	[LS_XFRM_POLICY_PRIORITY] = { ATTR(priority, LS_TYPE_U32, LS_CHANGE_LIVE) },
	[LS_XFRM_POLICY_TUNNEL_SRC] = { ATTR(tunnel_src, LS_TYPE_IP, LS_CHANGE_LIVE) },
	[LS_XFRM_POLICY_TUNNEL_DST] = { ATTR(tunnel_dst, LS_TYPE_IP, LS_CHANGE_LIVE) },
	[LS_XFRM_POLICY_SPI] = { ATTR(spi, LS_TYPE_U32, LS_CHANGE_LIVE) },
	[LS_XFRM_POLICY_OTHER] = { ATTR(other, LS_TYPE_STRING, LS_CHANGE_LIVE) },
};

static const struct ls_xfrm_policy *as_policy(const struct ls_object *object)
{
	return (const struct ls_xfrm_policy *)object;
}

static int policy_compare(const struct ls_object *a, const struct ls_object *b)
{
	const struct ls_xfrm_policy *p = as_policy(a), *q = as_policy(b);
	int order = ls_order(p->if_id, q->if_id);

	if (!order)
		order = ls_order(p->direction, q->direction);
	if (!order)
		order = memcmp(&p->src, &q->src, sizeof(p->src));
	return order ? order : memcmp(&p->dst, &q->dst, sizeof(p->dst));
}

static void policy_describe(const struct ls_object *object, char *text, size_t size)
{
	const struct ls_xfrm_policy *policy = as_policy(object);
	char src[LS_PREFIX_TEXT_MAX], dst[LS_PREFIX_TEXT_MAX];

	snprintf(text, size, "%s from %s to %s if_id 0x%" PRIx32, ls_xfrm_direction_names[policy->direction],
		ls_prefix_format(&policy->src, src), ls_prefix_format(&policy->dst, dst), policy->if_id);
}

static bool policy_valid(const struct ls_object *object)
{
	const struct ls_xfrm_policy *policy = as_policy(object);

	return policy->src.ip.family == policy->dst.ip.family && policy->tunnel_src.family == policy->tunnel_dst.family;
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

#define BIT64(n) (UINT64_C(1) << (n))
#define POLICY_PLAIN (BIT64(XFRMA_TMPL) | BIT64(XFRMA_POLICY_TYPE) | BIT64(XFRMA_IF_ID) | BIT64(XFRMA_PAD))

/* Of a tunnel of ESP with any algorithms; NULL: it has none, several, or one of another kind. */
static const struct xfrm_user_tmpl *template_of(const struct nlattr *attr)
{
	const struct xfrm_user_tmpl *template = ls_attr_data(attr);

	return ls_attr_length(attr) == sizeof(*template) && template->id.proto == IPPROTO_ESP &&
			       template->mode == XFRM_MODE_TUNNEL && !template->optional &&
			       (template->family == AF_INET || template->family == AF_INET6)
		       ? template
		       : NULL;
}

static void take_ip(
	struct ls_xfrm_policy *policy, unsigned attr, struct ls_ip *ret, const xfrm_address_t *from, uint16_t family)
{
	ret->family = (uint8_t)family;
	memcpy(ret->bytes, from, ls_ip_size(ret->family));
	ls_object_set(&policy->object, attr);
}

static void decode_template(struct ls_xfrm_policy *policy, const struct xfrm_user_tmpl *template)
{
	struct ls_object *object = &policy->object;

	take_ip(policy, LS_XFRM_POLICY_TUNNEL_SRC, &policy->tunnel_src, &template->saddr, template->family);
	take_ip(policy, LS_XFRM_POLICY_TUNNEL_DST, &policy->tunnel_dst, &template->id.daddr, template->family);
	policy->reqid = template->reqid;
	ls_object_set(object, LS_XFRM_POLICY_REQID);
	if (policy->reqid == LS_MARK_REQID || policy->reqid == LS_MARK_REQID_IKE)
		object->owner = LS_OWNER_OURS;
	if (!template->id.spi)
		return;
	policy->spi = ntohl(template->id.spi);
	ls_object_set(object, LS_XFRM_POLICY_SPI);
}

static int decode_other(struct ls_dump *dump, struct ls_xfrm_policy *policy, const struct xfrm_userpolicy_info *info,
	const struct xfrm_user_tmpl *template, uint64_t seen)
{
	struct ls_buf *buf = &dump->text;

	buf->length = 0;
	if (!template)
		(void)ls_buf_printf(buf, " other templates");
	if (info->action != XFRM_POLICY_ALLOW)
		(void)ls_buf_printf(buf, " block");
	if (info->flags)
		(void)ls_buf_printf(buf, " flags 0x%02x", info->flags);
	if (ls_xfrm_selector_is_narrow(&info->sel))
		(void)ls_buf_printf(buf, " a narrower selector");
	ls_xfrm_print_unknown(buf, seen, POLICY_PLAIN);
	if (buf->failed)
		return -ENOMEM;
	if (!buf->length)
		return 0;
	policy->other = ls_dump_text(dump, (const char *)buf->data + 1, buf->length - 1);
	ls_object_set(&policy->object, LS_XFRM_POLICY_OTHER);
	return policy->other ? 0 : -ENOMEM;
}

static void take_prefix(struct ls_prefix *ret, const xfrm_address_t *from, uint16_t family, uint8_t length)
{
	ret->ip.family = (uint8_t)family;
	ret->length = length;
	memcpy(ret->ip.bytes, from, ls_ip_size(ret->ip.family));
}

static bool is_of_interest(const struct xfrm_userpolicy_info *info)
{
	return info->dir <= XFRM_POLICY_FWD && (info->sel.family == AF_INET || info->sel.family == AF_INET6) &&
	       info->sel.prefixlen_s <= ls_ip_bits((uint8_t)info->sel.family) &&
	       info->sel.prefixlen_d <= ls_ip_bits((uint8_t)info->sel.family);
}

int ls_xfrm_policy_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	const struct xfrm_userpolicy_info *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[XFRMA_MAX + 1];
	const struct xfrm_user_tmpl *template;
	struct ls_xfrm_policy *policy;
	const void *attrs;
	size_t length;
	uint64_t seen;

	if (message->nlmsg_type != XFRM_MSG_NEWPOLICY || !ls_attrs_of(message, sizeof(*info), &attrs, &length) ||
		!is_of_interest(info))
		return 0;
	seen = ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	policy = (struct ls_xfrm_policy *)ls_object_new(dump->set->arena, &ls_kind_xfrm_policy);
	if (!policy)
		return -ENOMEM;
	policy->direction = info->dir;
	take_prefix(&policy->src, &info->sel.saddr, info->sel.family, info->sel.prefixlen_s);
	take_prefix(&policy->dst, &info->sel.daddr, info->sel.family, info->sel.prefixlen_d);
	policy->if_id = ls_attr_u32(tb[XFRMA_IF_ID]);
	policy->priority = info->priority;
	policy->object.set = LS_BIT(LS_XFRM_POLICY_DIRECTION) | LS_BIT(LS_XFRM_POLICY_SRC) |
			     LS_BIT(LS_XFRM_POLICY_DST) | LS_BIT(LS_XFRM_POLICY_IF_ID) |
			     LS_BIT(LS_XFRM_POLICY_PRIORITY);
	template = template_of(tb[XFRMA_TMPL]);
	if (template)
		decode_template(policy, template);
	if (decode_other(dump, policy, info, template, seen) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &policy->object);
}

static int policy_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return ls_xfrm_dump(kernel, XFRM_MSG_GETPOLICY, ls_xfrm_policy_decode, ret, err);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static int put_template(struct nl_msg *message, const struct ls_xfrm_policy *want)
{
	struct xfrm_user_tmpl template = {
		.id = { .spi = ls_object_has(&want->object, LS_XFRM_POLICY_SPI) ? htonl(want->spi) : 0,
			.proto = IPPROTO_ESP },
		.family = want->tunnel_dst.family,
		.reqid = want->reqid,
		.mode = XFRM_MODE_TUNNEL,
		.aalgos = UINT32_MAX,
		.ealgos = UINT32_MAX,
		.calgos = UINT32_MAX,
	};

	memcpy(&template.id.daddr, want->tunnel_dst.bytes, sizeof(want->tunnel_dst.bytes));
	memcpy(&template.saddr, want->tunnel_src.bytes, sizeof(want->tunnel_src.bytes));
	return nla_put(message, XFRMA_TMPL, sizeof(template), &template);
}

static int write_policy(struct ls_kernel *kernel, int type, const struct ls_xfrm_policy *want, struct ls_error *err)
{
	const struct xfrm_userpolicy_info info = {
		.sel = ls_xfrm_selector(&want->src, &want->dst),
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 },
		.priority = want->priority,
		.dir = want->direction,
		.action = XFRM_POLICY_ALLOW,
		.share = XFRM_SHARE_ANY,
	};
	struct nl_msg *message = ls_xfrm_message(kernel, type, &info, sizeof(info));

	if (!message || put_template(message, want) < 0 || nla_put_u32(message, XFRMA_IF_ID, want->if_id) < 0)
		return ls_message_too_long(&want->object, err);
	return ls_netlink_do(kernel->xfrm, message, err);
}

static int delete_policy(struct ls_kernel *kernel, const struct ls_xfrm_policy *have, struct ls_error *err)
{
	const struct xfrm_userpolicy_id id = {
		.sel = ls_xfrm_selector(&have->src, &have->dst),
		.dir = have->direction,
	};
	struct nl_msg *message = ls_xfrm_message(kernel, XFRM_MSG_DELPOLICY, &id, sizeof(id));

	if (!message || nla_put_u32(message, XFRMA_IF_ID, have->if_id) < 0)
		return ls_message_too_long(&have->object, err);
	return ls_netlink_do(kernel->xfrm, message, err);
}

/* NEWPOLICY never takes the place of another one, UPDPOLICY does. */
static int policy_perform(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct ls_error *err)
{
	int r = ls_xfrm_open(kernel, err);

	if (r < 0)
		return r;
	if (op == LS_OP_DELETE)
		return delete_policy(kernel, as_policy(have), err);
	return write_policy(kernel, op == LS_OP_ADD ? XFRM_MSG_NEWPOLICY : XFRM_MSG_UPDPOLICY, as_policy(want), err);
}

static int policy_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	(void)want;
	return ls_xfrm_open(kernel, err);
}

const struct ls_kind ls_kind_xfrm_policy = {
	.name = "xfrm_policy",
	.id = LS_KIND_XFRM_POLICY,
	.rank = LS_RANK_XFRM_POLICY,
	.never_adopted = true,
	.size = sizeof(struct ls_xfrm_policy),
	.attrs = policy_attrs,
	.n_attrs = LS_ARRAY_SIZE(policy_attrs),
	.compare = policy_compare,
	.describe = policy_describe,
	.valid = policy_valid,
	.probe = policy_probe,
	.dump = policy_dump,
	.perform = policy_perform,
};
