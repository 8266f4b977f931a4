/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPsec's security associations, those of ESP in tunnel mode (RFC 4303). They are made with manual keys: what a state
 * has that linkspan did not make, an IKE daemon's above all, is read without its key, and left alone.
 *
 * The kernel changes nothing of a state but its lifetimes (xfrm_state_update), so that all is made anew. The numbers of
 * packets begin anew then, too: there is no replay window, and they may wrap (RFC 4303, section 3.3.3). With
 * XFRM_STATE_AF_UNSPEC a state takes packets of either family; which one is for the policies to say.
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

#define ATTR(field, type, change, flags) #field, type, change, flags, offsetof(struct ls_xfrm_state, field), NULL

static const struct ls_attr state_attrs[] = {
	[LS_XFRM_STATE_DST] = { ATTR(dst, LS_TYPE_IP, LS_CHANGE_KEY, 0) },
	[LS_XFRM_STATE_SPI] = { ATTR(spi, LS_TYPE_U32, LS_CHANGE_KEY, 0) },
	[LS_XFRM_STATE_SRC] = { ATTR(src, LS_TYPE_IP, LS_CHANGE_RECREATE, 0) },
	[LS_XFRM_STATE_IF_ID] = { ATTR(if_id, LS_TYPE_U32, LS_CHANGE_RECREATE, 0) },
	[LS_XFRM_STATE_REQID] = { ATTR(reqid, LS_TYPE_U32, LS_CHANGE_RECREATE, 0) },
	[LS_XFRM_STATE_PROPOSAL] = { ATTR(proposal, LS_TYPE_STRING, LS_CHANGE_RECREATE, 0) },
	/* A kernel in lockdown tells zeros (LOCKDOWN_XFRM_SECRET, 5.11). */
	[LS_XFRM_STATE_KEY] = { ATTR(key, LS_TYPE_STRING, LS_CHANGE_RECREATE, LS_ATTR_HIDDEN | LS_ATTR_UNTOLD) },
	[LS_XFRM_STATE_OTHER] = { ATTR(other, LS_TYPE_STRING, LS_CHANGE_RECREATE, 0) },
};

static const struct ls_xfrm_state *as_state(const struct ls_object *object)
{
	return (const struct ls_xfrm_state *)object;
}

static int state_compare(const struct ls_object *a, const struct ls_object *b)
{
	int order = memcmp(&as_state(a)->dst, &as_state(b)->dst, sizeof(struct ls_ip));

	return order ? order : ls_order(as_state(a)->spi, as_state(b)->spi);
}

static void state_describe(const struct ls_object *object, char *text, size_t size)
{
	char ip[LS_IP_TEXT_MAX];

	snprintf(text, size, "spi 0x%08" PRIx32 " to %s", as_state(object)->spi,
		ls_ip_format(&as_state(object)->dst, ip));
}

static bool state_valid(const struct ls_object *object)
{
	const struct ls_xfrm_state *state = as_state(object);

	return !ls_object_has(object, LS_XFRM_STATE_SRC) || state->src.family == state->dst.family;
}

/* ---- dump -------------------------------------------------------------------------------------------------------- */

#define BIT64(n) (UINT64_C(1) << (n))
/* What a plain state of ours is told with. REPLAY_VAL is its counters, ALG_AUTH what is in ALG_AUTH_TRUNC again. */
#define STATE_PLAIN \
	(BIT64(XFRMA_ALG_AUTH) | BIT64(XFRMA_ALG_CRYPT) | BIT64(XFRMA_ALG_AUTH_TRUNC) | BIT64(XFRMA_REPLAY_VAL) | \
		BIT64(XFRMA_LASTUSED) | BIT64(XFRMA_IF_ID) | BIT64(XFRMA_SA_EXTRA_FLAGS) | BIT64(XFRMA_PAD) | \
		BIT64(XFRMA_MTIMER_THRESH))
#define FLAGS_PLAIN XFRM_STATE_AF_UNSPEC
#define EXTRA_FLAGS XFRM_SA_XFLAG_OSEQ_MAY_WRAP

/* NULL: there is none, or it does not hold what it says. */
static const struct xfrm_algo *cipher_of(const struct nlattr *attr)
{
	const struct xfrm_algo *algorithm = ls_attr_data(attr);
	size_t length = ls_attr_length(attr);

	return length >= sizeof(*algorithm) && algorithm->alg_key_len / 8 <= length - sizeof(*algorithm) ? algorithm
													 : NULL;
}

static const struct xfrm_algo_auth *integrity_of(const struct nlattr *attr)
{
	const struct xfrm_algo_auth *algorithm = ls_attr_data(attr);
	size_t length = ls_attr_length(attr);

	return length >= sizeof(*algorithm) && algorithm->alg_key_len / 8 <= length - sizeof(*algorithm) ? algorithm
													 : NULL;
}

/* NULL: none that specs have. */
static const struct ls_esp_proposal *proposal_of(const struct xfrm_algo *cipher, const struct xfrm_algo_auth *integrity)
{
	if (!cipher || !integrity || strncmp(cipher->alg_name, LS_ESP_CIPHER, sizeof(cipher->alg_name)) != 0)
		return NULL;
	for (const struct ls_esp_proposal *proposal = ls_esp_proposals; proposal->name; proposal++)
		if (!strncmp(integrity->alg_name, proposal->integrity_name, sizeof(integrity->alg_name)) &&
			cipher->alg_key_len == 8u * proposal->encryption &&
			integrity->alg_key_len == 8u * proposal->integrity &&
			integrity->alg_trunc_len == 8u * proposal->icv)
			return proposal;
	return NULL;
}

static int keep_secret(const struct ls_dump *dump, struct ls_xfrm_state *state, const struct xfrm_algo *cipher,
	const struct xfrm_algo_auth *integrity)
{
	static const struct ls_secret none;
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };
	char name[LS_SECRET_NAME_MAX];
	size_t first = cipher->alg_key_len / 8, second = integrity->alg_key_len / 8;

	memcpy(secret.bytes, cipher->alg_key, first);
	memcpy(secret.bytes + first, integrity->alg_key, second);
	if (!memcmp(secret.bytes, none.bytes, first + second))
		return 0;
	secret.size = (uint8_t)(first + second);
	if (!ls_keyring_add_secret(dump->kernel->keys, &secret, name))
		return -ENOMEM;
	state->key = ls_arena_intern(dump->set->arena, name, LS_SECRET_NAME_MAX - 1);
	ls_object_set(&state->object, LS_XFRM_STATE_KEY);
	return state->key ? 0 : -ENOMEM;
}

static int decode_transform(
	const struct ls_dump *dump, struct ls_xfrm_state *state, const struct nlattr *const *tb, bool *ret_known)
{
	const struct xfrm_algo *cipher = cipher_of(tb[XFRMA_ALG_CRYPT]);
	const struct xfrm_algo_auth *integrity = integrity_of(tb[XFRMA_ALG_AUTH_TRUNC]);
	const struct ls_esp_proposal *proposal = proposal_of(cipher, integrity);

	*ret_known = proposal != NULL;
	if (!proposal)
		return 0;
	state->proposal = ls_arena_intern(dump->set->arena, proposal->name, strlen(proposal->name));
	if (!state->proposal)
		return -ENOMEM;
	ls_object_set(&state->object, LS_XFRM_STATE_PROPOSAL);
	return state->object.owner == LS_OWNER_OURS ? keep_secret(dump, state, cipher, integrity) : 0;
}

static bool lives_forever(const struct xfrm_lifetime_cfg *lifetime)
{
	return lifetime->soft_byte_limit == XFRM_INF && lifetime->hard_byte_limit == XFRM_INF &&
	       lifetime->soft_packet_limit == XFRM_INF && lifetime->hard_packet_limit == XFRM_INF &&
	       !lifetime->soft_add_expires_seconds && !lifetime->hard_add_expires_seconds &&
	       !lifetime->soft_use_expires_seconds && !lifetime->hard_use_expires_seconds;
}

static int decode_other(struct ls_dump *dump, struct ls_xfrm_state *state, const struct xfrm_usersa_info *info,
	const struct nlattr *const *tb, uint64_t seen)
{
	struct ls_buf *buf = &dump->text;
	bool known;
	int r = decode_transform(dump, state, tb, &known);

	buf->length = 0;
	if (!known)
		(void)ls_buf_printf(buf, " other algorithms");
	if (info->mode != XFRM_MODE_TUNNEL)
		(void)ls_buf_printf(buf, " mode %u", info->mode);
	if (info->flags != FLAGS_PLAIN || ls_attr_u32(tb[XFRMA_SA_EXTRA_FLAGS]) != EXTRA_FLAGS)
		(void)ls_buf_printf(buf, " flags 0x%02x 0x%02x", info->flags, ls_attr_u32(tb[XFRMA_SA_EXTRA_FLAGS]));
	if (info->replay_window)
		(void)ls_buf_printf(buf, " replay-window %u", info->replay_window);
	if (info->sel.family || ls_xfrm_selector_is_narrow(&info->sel))
		(void)ls_buf_printf(buf, " a selector");
	if (!lives_forever(&info->lft))
		(void)ls_buf_printf(buf, " a lifetime");
	ls_xfrm_print_unknown(buf, seen, STATE_PLAIN);
	if (r < 0 || buf->failed)
		return -ENOMEM;
	if (!buf->length)
		return 0;
	state->other = ls_dump_text(dump, (const char *)buf->data + 1, buf->length - 1);
	ls_object_set(&state->object, LS_XFRM_STATE_OTHER);
	return state->other ? 0 : -ENOMEM;
}

static struct ls_ip ip_of(const xfrm_address_t *address, uint16_t family)
{
	struct ls_ip ip = { .family = (uint8_t)family };

	memcpy(ip.bytes, address, ls_ip_size((uint8_t)family));
	return ip;
}

int ls_xfrm_state_decode(struct ls_dump *dump, const struct nlmsghdr *message)
{
	const struct xfrm_usersa_info *info = (const void *)((const uint8_t *)message + NLMSG_HDRLEN);
	const struct nlattr *tb[XFRMA_MAX + 1];
	struct ls_xfrm_state *state;
	const void *attrs;
	size_t length;
	uint64_t seen;

	ls_secrets_hide();
	if (message->nlmsg_type != XFRM_MSG_NEWSA || !ls_attrs_of(message, sizeof(*info), &attrs, &length) ||
		info->id.proto != IPPROTO_ESP || (info->family != AF_INET && info->family != AF_INET6))
		return 0;
	seen = ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	state = (struct ls_xfrm_state *)ls_object_new(dump->set->arena, &ls_kind_xfrm_state);
	if (!state)
		return -ENOMEM;
	state->src = ip_of(&info->saddr, info->family);
	state->dst = ip_of(&info->id.daddr, info->family);
	state->spi = ntohl(info->id.spi);
	state->if_id = ls_attr_u32(tb[XFRMA_IF_ID]);
	state->reqid = info->reqid;
	state->activity = (struct ls_xfrm_activity){ .added = info->curlft.add_time, .bytes = info->curlft.bytes };
	state->object.set = LS_BIT(LS_XFRM_STATE_SRC) | LS_BIT(LS_XFRM_STATE_DST) | LS_BIT(LS_XFRM_STATE_SPI) |
			    LS_BIT(LS_XFRM_STATE_IF_ID) | LS_BIT(LS_XFRM_STATE_REQID);
	state->object.owner = info->reqid == LS_MARK_REQID ? LS_OWNER_OURS : LS_OWNER_FOREIGN;
	if (decode_other(dump, state, info, tb, seen) < 0)
		return -ENOMEM;
	return ls_set_add(dump->set, &state->object);
}

static int state_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return ls_xfrm_dump(kernel, XFRM_MSG_GETSA, ls_xfrm_state_decode, ret, err);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* An empty attribute; NULL: it does not fit. */
static void *put_room(struct nl_msg *message, int type, size_t size)
{
	struct nlattr *attr = nla_reserve(message, type, (int)size);

	return attr ? memset(nla_data(attr), 0, size) : NULL;
}

static int put_integrity(struct nl_msg *message, const struct ls_esp_proposal *proposal, const uint8_t *key)
{
	struct xfrm_algo_auth *algorithm =
		put_room(message, XFRMA_ALG_AUTH_TRUNC, sizeof(*algorithm) + proposal->integrity);

	if (!algorithm)
		return -EMSGSIZE;
	snprintf(algorithm->alg_name, sizeof(algorithm->alg_name), "%s", proposal->integrity_name);
	algorithm->alg_key_len = 8u * proposal->integrity;
	algorithm->alg_trunc_len = 8u * proposal->icv;
	memcpy(algorithm->alg_key, key, proposal->integrity);
	return 0;
}

static int put_cipher(struct nl_msg *message, const struct ls_esp_proposal *proposal, const uint8_t *key)
{
	struct xfrm_algo *algorithm = put_room(message, XFRMA_ALG_CRYPT, sizeof(*algorithm) + proposal->encryption);

	if (!algorithm)
		return -EMSGSIZE;
	snprintf(algorithm->alg_name, sizeof(algorithm->alg_name), LS_ESP_CIPHER);
	algorithm->alg_key_len = 8u * proposal->encryption;
	memcpy(algorithm->alg_key, key, proposal->encryption);
	return 0;
}

/* Begins the message that makes a state with these keys, of as many bytes as the proposal has. */
static int begin_state(struct ls_kernel *kernel, const struct ls_xfrm_state *want,
	const struct ls_esp_proposal *proposal, const uint8_t *keys, struct nl_msg **ret, struct ls_error *err)
{
	struct xfrm_usersa_info info = {
		.id = { .spi = htonl(want->spi), .proto = IPPROTO_ESP },
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 },
		.reqid = want->reqid,
		.family = want->dst.family,
		.mode = XFRM_MODE_TUNNEL,
		.flags = FLAGS_PLAIN,
	};

	memcpy(&info.id.daddr, want->dst.bytes, sizeof(want->dst.bytes));
	memcpy(&info.saddr, want->src.bytes, sizeof(want->src.bytes));
	*ret = ls_xfrm_message(kernel, XFRM_MSG_NEWSA, &info, sizeof(info));
	if (!*ret || put_integrity(*ret, proposal, keys + proposal->encryption) < 0 ||
		put_cipher(*ret, proposal, keys) < 0 || nla_put_u32(*ret, XFRMA_IF_ID, want->if_id) < 0 ||
		nla_put_u32(*ret, XFRMA_SA_EXTRA_FLAGS, EXTRA_FLAGS) < 0)
		return ls_message_too_long(&want->object, err);
	return 0;
}

/* Keys have been in it. */
static int send_state(struct ls_kernel *kernel, struct nl_msg *message, struct ls_error *err)
{
	int r = ls_netlink_do(kernel->xfrm, message, err);

	explicit_bzero(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len);
	return r;
}

static int delete_state(struct ls_kernel *kernel, const struct ls_ip *dst, uint32_t spi, struct ls_error *err)
{
	struct xfrm_usersa_id id = { .spi = htonl(spi), .family = dst->family, .proto = IPPROTO_ESP };
	struct nl_msg *message;

	memcpy(&id.daddr, dst->bytes, sizeof(dst->bytes));
	message = ls_xfrm_message(kernel, XFRM_MSG_DELSA, &id, sizeof(id));
	return message ? ls_netlink_do(kernel->xfrm, message, err) : -EMSGSIZE;
}

static int add_state(struct ls_kernel *kernel, const struct ls_xfrm_state *want, struct ls_error *err)
{
	const struct ls_esp_proposal *proposal = ls_esp_proposal_by_name(want->proposal);
	LS_CLEANUP(ls_secret_wipe) struct ls_secret secret = { 0 };
	struct nl_msg *message;
	int r;

	if (!proposal || !ls_keyring_find_secret(kernel->keys, want->key, &secret) ||
		secret.size != proposal->encryption + proposal->integrity)
		return ls_error_set(err, -ENOKEY, "its key is not at hand any more");
	r = begin_state(kernel, want, proposal, secret.bytes, &message, err);
	return r < 0 ? r : send_state(kernel, message, err);
}

static int state_perform(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct ls_error *err)
{
	int r = ls_xfrm_open(kernel, err);

	if (r < 0)
		return r;
	return op == LS_OP_DELETE ? delete_state(kernel, &as_state(have)->dst, as_state(have)->spi, err)
				  : add_state(kernel, as_state(want), err);
}

/* ---- probe ------------------------------------------------------------------------------------------------------- */

/* A replay window that is larger than its bitmap: what the kernel looks at last (xfrm_init_replay), when it has found
 * the protocol and the algorithms, and loaded their modules. */
static int put_impossible(struct nl_msg *message)
{
	struct xfrm_replay_state_esn *replay =
		put_room(message, XFRMA_REPLAY_ESN_VAL, sizeof(*replay) + sizeof(uint32_t));

	if (!replay)
		return -EMSGSIZE;
	replay->bmp_len = 1;
	replay->replay_window = 33;
	return 0;
}

static int ask_for(struct ls_kernel *kernel, const struct ls_xfrm_state *want, const struct ls_esp_proposal *proposal,
	struct ls_error *err)
{
	static const uint8_t keys[LS_SECRET_SIZE_MAX];
	struct ls_xfrm_state state = { .object.kind = &ls_kind_xfrm_state,
		.src = want->src,
		.dst = want->dst,
		.spi = want->spi,
		.if_id = want->if_id,
		.reqid = LS_MARK_REQID };
	struct nl_msg *message;
	int r = begin_state(kernel, &state, proposal, keys, &message, err);

	if (r < 0 || put_impossible(message) < 0)
		return r < 0 ? r : ls_message_too_long(&want->object, err);
	r = ls_netlink_do(kernel->xfrm, message, err);
	if (r == 0) /* a kernel that does not mind */
		return delete_state(kernel, &state.dst, state.spi, err);
	ls_error_clear(err);
	if (r == -EPROTONOSUPPORT)
		return ls_error_set(err, -EOPNOTSUPP, "this kernel has no ESP over %s (CONFIG_%s_ESP, module %s)",
			ls_ip_family_name(want->dst.family), want->dst.family == AF_INET ? "INET" : "INET6",
			want->dst.family == AF_INET ? "esp4" : "esp6");
	if (r == -ENOSYS || r == -ENOENT)
		return ls_error_set(err, -EOPNOTSUPP,
			"this kernel has no %s (CONFIG_CRYPTO_CBC, _AES, _SHA256, _SHA512)", proposal->name);
	return 0;
}

static int state_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	const struct ls_xfrm_state *state = as_state(want);
	const struct ls_esp_proposal *proposal = ls_esp_proposal_by_name(state->proposal);
	uint32_t bit;
	int r = ls_xfrm_open(kernel, err);

	if (r < 0 || !proposal)
		return r;
	bit = LS_BIT(proposal - ls_esp_proposals + (state->dst.family == AF_INET6 ? 16 : 0));
	if (!(kernel->xfrm_asked & bit))
		r = ask_for(kernel, state, proposal, err);
	kernel->xfrm_asked |= r < 0 ? 0 : bit;
	return r;
}

const struct ls_kind ls_kind_xfrm_state = {
	.name = "xfrm_state",
	.id = LS_KIND_XFRM_STATE,
	.rank = LS_RANK_XFRM_STATE,
	.never_adopted = true,
	.size = sizeof(struct ls_xfrm_state),
	.attrs = state_attrs,
	.n_attrs = LS_ARRAY_SIZE(state_attrs),
	.compare = state_compare,
	.describe = state_describe,
	.valid = state_valid,
	.probe = state_probe,
	.dump = state_dump,
	.perform = state_perform,
};
