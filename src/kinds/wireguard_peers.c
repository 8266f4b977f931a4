/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WireGuard: the peers of a device.
 *
 * A prefix belongs to one peer of a device: giving it to another one takes it from the first, without a moment between.
 * So peers that get prefixes come before those that only lose some, and of those it is looked up what they still have.
 * To take a prefix away there is a message on new kernels only (6.16); on all of them another peer can take it, which
 * goes in the same message.
 */
#include "wireguard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/wireguard.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#define PREFIXES_MAX 1000u /* in a message: of at most 40 bytes */
#define PEER_ROOM 4u       /* prefixes that could stand where the rest of a peer stands, of some 140 bytes */
#define GREETED_MAX 200u   /* peers, of some 120 bytes */

#define ATTR(kind, field, type, change, flags) #field, type, change, flags, offsetof(struct kind, field), NULL

/* A peer is answered where it was heard from last (WireGuard whitepaper, 2.1). */
#define ROAMS (LS_ATTR_OPTIONAL | LS_ATTR_LEARNED)

static const struct ls_attr peer_attrs[] = {
	[LS_WG_PEER_DEV] = { ATTR(ls_wg_peer, dev, LS_TYPE_LINK, LS_CHANGE_KEY, 0) },
	[LS_WG_PEER_PUBLIC_KEY] = { ATTR(ls_wg_peer, public_key, LS_TYPE_STRING, LS_CHANGE_KEY, 0) },
	[LS_WG_PEER_PRESHARED_KEY] = { ATTR(
		ls_wg_peer, preshared_key, LS_TYPE_STRING, LS_CHANGE_LIVE, LS_ATTR_HIDDEN) },
	[LS_WG_PEER_ENDPOINT] = { ATTR(ls_wg_peer, endpoint, LS_TYPE_IP, LS_CHANGE_LIVE, ROAMS) },
	[LS_WG_PEER_ENDPOINT_PORT] = { ATTR(ls_wg_peer, endpoint_port, LS_TYPE_U16, LS_CHANGE_LIVE, ROAMS) },
	[LS_WG_PEER_KEEPALIVE] = { ATTR(ls_wg_peer, keepalive, LS_TYPE_U16, LS_CHANGE_LIVE, 0) },
	[LS_WG_PEER_ALLOWED_IPS] = { ATTR(ls_wg_peer, allowed_ips, LS_TYPE_STRING, LS_CHANGE_LIVE, 0) },
	[LS_WG_PEER_ENDPOINT_NAME] = { ATTR(ls_wg_peer, endpoint_name, LS_TYPE_STRING, LS_CHANGE_INFO, LS_ATTR_ASKED) },
	[LS_WG_PEER_ENDPOINT_FAMILY] = { "endpoint_family", LS_TYPE_ENUM, LS_CHANGE_INFO, LS_ATTR_ASKED,
		offsetof(struct ls_wg_peer, endpoint_family), ls_family_names },
};

static const struct ls_wg_peer *as_peer(const struct ls_object *object)
{
	return (const struct ls_wg_peer *)object;
}

static int peer_compare(const struct ls_object *a, const struct ls_object *b)
{
	int order = strcmp(as_peer(a)->dev, as_peer(b)->dev);

	return order ? order : strcmp(as_peer(a)->public_key, as_peer(b)->public_key);
}

static void peer_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "%s dev %s", as_peer(object)->public_key, as_peer(object)->dev);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Where devices are asked for, too, their dump has brought the peers along: ten thousand take a while. */
static int peer_dump(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	if (kernel->dumping & LS_BIT(LS_KIND_WIREGUARD))
		return 0;
	return ls_wireguard_read(kernel, LS_BIT(LS_KIND_WG_PEER), ret, err);
}

/* ---- lists of prefixes ------------------------------------------------------------------------------------------- */

/* One after the other; false: that was the last, or what follows is no prefix. */
static bool next_prefix(const char **list, struct ls_prefix *ret)
{
	char text[LS_PREFIX_TEXT_MAX];
	size_t length = strcspn(*list, " ");

	if (!length || length >= sizeof(text))
		return false;
	memcpy(text, *list, length);
	text[length] = '\0';
	*list += length + ((*list)[length] == ' ');
	return ls_prefix_parse(text, ret) >= 0;
}

/* A place in a list, so that several, which are in order (ls_prefixes_text), are gone through side by side, each once.
 */
struct walk {
	const char *rest;
	struct ls_prefix at;
	bool more; /* `at` is there */
};

static void walk_on(struct walk *walk)
{
	walk->more = next_prefix(&walk->rest, &walk->at);
}

/* `list` NULL: an empty one. */
static struct walk walk_of(const char *list)
{
	struct walk walk = { .rest = list ? list : "" };

	walk_on(&walk);
	return walk;
}

/* Is it in the list? To be asked in order. */
static bool walk_meets(struct walk *walk, const struct ls_prefix *prefix)
{
	while (walk->more && ls_prefix_compare(&walk->at, prefix) < 0)
		walk_on(walk);
	return walk->more && !ls_prefix_compare(&walk->at, prefix);
}

/* Is each of `list` in `a` or in `b` (NULL: empty ones)? */
static bool within(const char *list, const char *a, const char *b)
{
	struct walk walk = walk_of(list), in_a = walk_of(a), in_b = walk_of(b);

	for (; walk.more; walk_on(&walk))
		if (!walk_meets(&in_a, &walk.at) && !walk_meets(&in_b, &walk.at))
			return false;
	return true;
}

/* Those of a list that are in `with` (unless it is `any`), and not in `without`. */
struct choice {
	struct walk list, with, without;
	bool any;
};

/* `with` NULL: any. `without` NULL: none. */
static struct choice choice_of(const char *list, const char *with, const char *without)
{
	return (struct choice){ walk_of(list), walk_of(with), walk_of(without), !with };
}

static bool choose_next(struct choice *choice, struct ls_prefix *ret)
{
	while (choice->list.more) {
		bool chosen = (choice->any || walk_meets(&choice->with, &choice->list.at)) &&
			      !walk_meets(&choice->without, &choice->list.at);

		*ret = choice->list.at;
		walk_on(&choice->list);
		if (chosen)
			return true;
	}
	return false;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static int put_prefix(struct nl_msg *message, const struct ls_prefix *prefix)
{
	struct nlattr *nest = nla_nest_start(message, NLA_F_NESTED);

	if (!nest || nla_put_u16(message, WGALLOWEDIP_A_FAMILY, prefix->ip.family) < 0 ||
		nla_put(message, WGALLOWEDIP_A_IPADDR, (int)ls_ip_size(prefix->ip.family), prefix->ip.bytes) < 0 ||
		nla_put_u8(message, WGALLOWEDIP_A_CIDR_MASK, prefix->length) < 0)
		return -EMSGSIZE;
	nla_nest_end(message, nest);
	return 0;
}

/* As many as a message takes. */
static int put_prefixes(struct nl_msg *message, struct choice *choice, size_t *ret_n)
{
	struct nlattr *nest = nla_nest_start(message, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
	struct ls_prefix prefix;
	int r = nest ? 0 : -EMSGSIZE;

	for (*ret_n = 0; r >= 0 && *ret_n < PREFIXES_MAX && choose_next(choice, &prefix); ++*ret_n)
		r = put_prefix(message, &prefix);
	if (r >= 0)
		nla_nest_end(message, nest);
	return r;
}

static int key_of(const struct ls_wg_peer *peer, struct ls_crypto_key *ret, struct ls_error *err)
{
	return ls_key_parse(peer->public_key, ret) < 0 ? ls_error_set(err, -EINVAL, "its public key is none") : 0;
}

/* A peer in a message that has one. `key`: its public one. */
static struct nlattr *begin_peer_of(
	struct nl_msg *message, struct nlattr **peers, const struct ls_crypto_key *key, uint32_t flags)
{
	struct nlattr *peer;

	if (!*peers)
		*peers = nla_nest_start(message, WGDEVICE_A_PEERS | NLA_F_NESTED);
	peer = *peers ? nla_nest_start(message, NLA_F_NESTED) : NULL;
	if (!peer || nla_put(message, WGPEER_A_PUBLIC_KEY, sizeof(key->bytes), key->bytes) < 0 ||
		nla_put_u32(message, WGPEER_A_FLAGS, flags) < 0)
		return NULL;
	return peer;
}

static int put_endpoint(struct nl_msg *message, const struct ls_wg_peer *peer)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(peer->endpoint_port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(peer->endpoint_port) };

	memcpy(&v4.sin_addr, peer->endpoint.bytes, 4);
	memcpy(&v6.sin6_addr, peer->endpoint.bytes, 16);
	return peer->endpoint.family == AF_INET ? nla_put(message, WGPEER_A_ENDPOINT, sizeof(v4), &v4)
						: nla_put(message, WGPEER_A_ENDPOINT, sizeof(v6), &v6);
}

/* What is different, but the prefixes. */
static int put_settings(struct ls_kernel *kernel, struct nl_msg *message, const struct ls_wg_peer *want,
	const struct ls_wg_peer *have, struct ls_error *err)
{
	uint32_t bits = have ? ls_object_diff(&want->object, &have->object) : UINT32_MAX;
	int r = 0;

	if (have ? bits & LS_BIT(LS_WG_PEER_PRESHARED_KEY) : want->preshared_key != NULL)
		r = ls_wireguard_put_secret(kernel, message, WGPEER_A_PRESHARED_KEY, want->preshared_key, err);
	if (r >= 0 && bits & (LS_BIT(LS_WG_PEER_ENDPOINT) | LS_BIT(LS_WG_PEER_ENDPOINT_PORT)) &&
		ls_object_has(&want->object, LS_WG_PEER_ENDPOINT))
		r = put_endpoint(message, want);
	if (r >= 0 && bits & LS_BIT(LS_WG_PEER_KEEPALIVE))
		r = nla_put_u16(message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, want->keepalive);
	return r;
}

/* A peer with its next prefixes, as many as a message takes; the settings go with the first of them. */
static int put_peer(struct ls_kernel *kernel, struct nl_msg *message, struct nlattr **peers,
	const struct ls_wg_peer *want, const struct ls_wg_peer *have, struct choice *choice, bool first,
	struct ls_error *err)
{
	struct ls_crypto_key key;
	struct nlattr *peer;
	size_t n;
	int r = key_of(want, &key, err);

	if (r < 0)
		return r;
	peer = begin_peer_of(message, peers, &key, have || !first ? WGPEER_F_UPDATE_ONLY : 0);
	r = peer ? 0 : -EMSGSIZE;
	if (r >= 0 && first)
		r = put_settings(kernel, message, want, have, err);
	if (r >= 0)
		r = put_prefixes(message, choice, &n);
	if (r >= 0)
		nla_nest_end(message, peer);
	return r;
}

static int give(
	struct ls_kernel *kernel, const struct ls_wg_peer *want, const struct ls_wg_peer *have, struct ls_error *err)
{
	struct choice choice = choice_of(want->allowed_ips, NULL, have ? have->allowed_ips : NULL);
	bool first = true;
	int r;

	do {
		struct nlattr *peers = NULL;
		struct nl_msg *message;

		r = ls_wireguard_begin(kernel, want->dev, &message, err);
		if (r >= 0)
			r = put_peer(kernel, message, &peers, want, have, &choice, first, err);
		if (r < 0)
			return r;
		nla_nest_end(message, peers);
		r = ls_wireguard_send(kernel, message, err);
		first = false;
	} while (r >= 0 && choice.list.more);
	return r;
}

/* What a peer takes of a message, in prefixes. */
static size_t room_of(const struct ls_wg_peer *peer)
{
	size_t room = PEER_ROOM + 1;

	for (const char *c = peer->allowed_ips; *c; c++)
		room += *c == ' ';
	return room;
}

/* Those of one device from *i on, as many as a message takes. */
static int add_some(
	struct ls_kernel *kernel, const struct ls_object *const *wanted, size_t n, size_t *i, struct ls_error *err)
{
	const char *dev = as_peer(wanted[*i])->dev;
	size_t room = PREFIXES_MAX;
	struct nlattr *peers = NULL;
	struct nl_msg *message;
	int r = ls_wireguard_begin(kernel, dev, &message, err);

	for (; r >= 0 && *i < n && !strcmp(as_peer(wanted[*i])->dev, dev) && room_of(as_peer(wanted[*i])) <= room;
		++*i) {
		struct choice choice = choice_of(as_peer(wanted[*i])->allowed_ips, NULL, NULL);

		room -= room_of(as_peer(wanted[*i]));
		r = put_peer(kernel, message, &peers, as_peer(wanted[*i]), NULL, &choice, true, err);
	}
	if (r < 0)
		return r;
	if (!peers)
		return -E2BIG; /* one that takes several messages */
	nla_nest_end(message, peers);
	return ls_wireguard_send(kernel, message, err);
}

static int peer_add_many(
	struct ls_kernel *kernel, const struct ls_object *const *wanted, size_t n, struct ls_error *err)
{
	size_t i = 0;
	int r = 0;

	while (i < n && r >= 0)
		r = add_some(kernel, wanted, n, &i, err);
	return r;
}

/* What the peer has at this moment: others may have got some of it. */
static int look_up(struct ls_kernel *kernel, const struct ls_wg_peer *peer, struct ls_set *ret, const char **ret_list,
	struct ls_error *err)
{
	const struct ls_link_entry *link = ls_link_table_by_name(&kernel->links, peer->dev);
	const struct ls_object *found;
	int r = link ? ls_wireguard_read_peers(kernel, link, ret, err) : -ENODEV;

	ls_set_sort(ret);
	found = r >= 0 ? ls_set_find(ret, &peer->object) : NULL;
	*ret_list = found ? as_peer(found)->allowed_ips : "";
	return r;
}

/* A peer that nobody is takes them, and goes. */
static int take_away(
	struct ls_kernel *kernel, const struct ls_wg_peer *want, const struct ls_wg_peer *have, struct ls_error *err)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	LS_CLEANUP(ls_set_done) struct ls_set now;
	struct choice choice = { 0 };
	struct ls_crypto_key nobody;
	const char *still;
	int r;

	ls_set_init(&now, arena);
	r = arena ? look_up(kernel, want, &now, &still, err) : -ENOMEM;
	if (r >= 0)
		choice = choice_of(have->allowed_ips, still, want->allowed_ips);
	while (r >= 0 && choice.list.more) {
		struct nlattr *peers = NULL, *peer;
		struct nl_msg *message;
		size_t n = 0;

		r = ls_key_generate(&nobody, err);
		if (r >= 0)
			r = ls_wireguard_begin(kernel, want->dev, &message, err);
		if (r < 0)
			return r;
		peer = begin_peer_of(message, &peers, &nobody, 0);
		if (!peer || put_prefixes(message, &choice, &n) < 0)
			return -EMSGSIZE;
		nla_nest_end(message, peer);
		peer = begin_peer_of(message, &peers, &nobody, WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY);
		if (!peer)
			return -EMSGSIZE;
		nla_nest_end(message, peer);
		nla_nest_end(message, peers);
		r = n ? ls_wireguard_send(kernel, message, err) : 0;
	}
	return r;
}

static int remove_peer(struct ls_kernel *kernel, const struct ls_wg_peer *have, struct ls_error *err)
{
	struct nlattr *peers = NULL, *peer;
	struct ls_crypto_key key;
	struct nl_msg *message;
	int r = key_of(have, &key, err);

	if (r >= 0)
		r = ls_wireguard_begin(kernel, have->dev, &message, err);
	if (r < 0)
		return r;
	peer = begin_peer_of(message, &peers, &key, WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY);
	if (!peer)
		return -EMSGSIZE;
	nla_nest_end(message, peer);
	nla_nest_end(message, peers);
	return ls_wireguard_send(kernel, message, err);
}

/* Has the device no other peers than these, which are all of it that the list has? */
static int are_all(
	struct ls_kernel *kernel, const struct ls_object *const *doomed, size_t n, bool *ret, struct ls_error *err)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	LS_CLEANUP(ls_set_done) struct ls_set now, going;
	const struct ls_link_entry *link = ls_link_table_by_name(&kernel->links, as_peer(doomed[0])->dev);
	int r = arena && link ? 0 : -ENOMEM;

	ls_set_init(&now, arena);
	ls_set_init(&going, arena);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = ls_set_add(&going, (struct ls_object *)(uintptr_t)doomed[i]);
	if (r >= 0)
		r = ls_wireguard_read_peers(kernel, link, &now, err);
	ls_set_sort(&going);
	*ret = true;
	for (size_t i = 0; i < now.n_objects && r >= 0 && *ret; i++)
		*ret = ls_set_find(&going, now.objects[i]);
	return r;
}

static size_t count_of_device(const struct ls_object *const *peers, size_t n)
{
	size_t count = 1;

	while (count < n && !strcmp(as_peer(peers[count])->dev, as_peer(peers[0])->dev))
		count++;
	return count;
}

/* Peers go one by one in the kernel, each after a grace period (wg_peer_remove), but all of a device together
 * (wg_peer_remove_all). -E2BIG: it has others, too. */
static int remove_all(struct ls_kernel *kernel, const struct ls_object *const *doomed, size_t n, struct ls_error *err)
{
	struct nl_msg *message;
	bool all;
	int r = are_all(kernel, doomed, n, &all, err);

	if (r < 0 || !all)
		return r < 0 ? r : -E2BIG;
	r = ls_wireguard_begin(kernel, as_peer(doomed[0])->dev, &message, err);
	if (r >= 0)
		r = nla_put_u32(message, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
	return r < 0 ? r : ls_wireguard_send(kernel, message, err);
}

static int peer_sweep(struct ls_kernel *kernel, const struct ls_object *const *doomed, size_t n, struct ls_error *err)
{
	int r = 0;

	for (size_t i = 0, count; i < n && r >= 0; i += count) {
		count = count_of_device(doomed + i, n - i);
		r = remove_all(kernel, doomed + i, count, err);
	}
	return r;
}

static bool peer_gives_up(const struct ls_object *want, const struct ls_object *have)
{
	struct choice choice = choice_of(as_peer(have)->allowed_ips, NULL, as_peer(want)->allowed_ips);
	struct ls_prefix prefix;

	return choose_next(&choice, &prefix);
}

/* Is there more to do than to give up prefixes? */
static bool gets(const struct ls_object *want, const struct ls_object *have)
{
	return !have || ls_object_diff(want, have) & ~LS_BIT(LS_WG_PEER_ALLOWED_IPS) || peer_gives_up(have, want);
}

/* Those of `list` that are not in `without` (NULL: all); how many there are then. */
static size_t add_prefixes(struct ls_prefix *prefixes, size_t n, const char *list, const char *without)
{
	struct choice choice = choice_of(list, NULL, without);

	while (choose_next(&choice, &prefixes[n]))
		n++;
	return n;
}

static struct ls_object *peer_between(
	struct ls_arena *arena, const struct ls_object *want, const struct ls_object *have)
{
	const char *wanted = as_peer(want)->allowed_ips, *found = as_peer(have)->allowed_ips;
	size_t room = strlen(wanted) / strlen("::/0 ") + strlen(found) / strlen("::/0 ") + 3;
	struct ls_prefix *prefixes = reallocarray(NULL, room, sizeof(*prefixes));
	struct ls_wg_peer *peer = ls_arena_copy(arena, want, sizeof(*peer));
	size_t n = 0;

	if (peer && prefixes) {
		n = add_prefixes(prefixes, n, found, NULL);
		n = add_prefixes(prefixes, n, wanted, found);
		peer->allowed_ips = ls_prefixes_text(arena, prefixes, n);
	}
	free(prefixes);
	return prefixes && peer && peer->allowed_ips ? &peer->object : NULL;
}

static int peer_perform(struct ls_kernel *kernel, enum ls_op op, const struct ls_object *have,
	const struct ls_object *want, struct ls_error *err)
{
	int r;

	if (op == LS_OP_DELETE)
		return remove_peer(kernel, as_peer(have), err);
	r = gets(want, have) ? give(kernel, as_peer(want), have ? as_peer(have) : NULL, err) : 0;
	return r >= 0 && have && peer_gives_up(want, have) ? take_away(kernel, as_peer(want), as_peer(have), err) : r;
}

/* ---- greeting ---------------------------------------------------------------------------------------------------- */

static int put_keepalive(
	struct nl_msg *message, struct nlattr **peers, const struct ls_crypto_key *key, uint16_t keepalive)
{
	struct nlattr *peer = begin_peer_of(message, peers, key, WGPEER_F_UPDATE_ONLY);

	if (!peer || nla_put_u16(message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive) < 0)
		return -EMSGSIZE;
	nla_nest_end(message, peer);
	return 0;
}

/* The kernel sends a keepalive when that is turned on (set_peer): off and on again, or on and off. */
static int put_greeting(
	struct nl_msg *message, struct nlattr **peers, const struct ls_wg_peer *peer, struct ls_error *err)
{
	struct ls_crypto_key key;
	int r = key_of(peer, &key, err);

	if (r >= 0)
		r = put_keepalive(message, peers, &key, peer->keepalive ? 0 : 1);
	return r < 0 ? r : put_keepalive(message, peers, &key, peer->keepalive);
}

/* From the peer at *i on, as many as a message takes. */
static int greet_some(
	struct ls_kernel *kernel, const char *dev, const struct ls_set *peers, size_t *i, struct ls_error *err)
{
	struct nlattr *nest = NULL;
	struct nl_msg *message;
	int r = ls_wireguard_begin(kernel, dev, &message, err);

	for (size_t n = 0; r >= 0 && *i < peers->n_objects && n < GREETED_MAX; ++*i) {
		if (!ls_object_has(peers->objects[*i], LS_WG_PEER_ENDPOINT))
			continue;
		r = put_greeting(message, &nest, as_peer(peers->objects[*i]), err);
		n++;
	}
	if (r < 0 || !nest)
		return r;
	nla_nest_end(message, nest);
	return ls_wireguard_send(kernel, message, err);
}

int ls_wireguard_greet(struct ls_kernel *kernel, const char *dev, struct ls_error *err)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	LS_CLEANUP(ls_set_done) struct ls_set peers;
	const struct ls_link_entry *link = ls_link_table_by_name(&kernel->links, dev);
	size_t i = 0;
	int r;

	ls_set_init(&peers, arena);
	if (!arena)
		return ls_error_set(err, -ENOMEM, "out of memory");
	r = link ? ls_wireguard_read_peers(kernel, link, &peers, err) : 0;
	while (r >= 0 && i < peers.n_objects)
		r = greet_some(kernel, dev, &peers, &i, err);
	return r;
}

/* ---- endpoints by name ------------------------------------------------------------------------------------------- */

int ls_wireguard_point(struct ls_kernel *kernel, const struct ls_wg_peer *peer, struct ls_error *err)
{
	struct nlattr *peers = NULL, *nest;
	struct ls_crypto_key key;
	struct nl_msg *message;
	int r = key_of(peer, &key, err);

	if (r >= 0)
		r = ls_wireguard_begin(kernel, peer->dev, &message, err);
	if (r < 0)
		return r;
	nest = begin_peer_of(message, &peers, &key, WGPEER_F_UPDATE_ONLY);
	if (!nest || put_endpoint(message, peer) < 0)
		return ls_error_set(err, -EMSGSIZE, "the message is full");
	nla_nest_end(message, nest);
	r = peer->keepalive ? put_greeting(message, &peers, peer, err) : 0;
	if (r < 0)
		return r;
	nla_nest_end(message, peers);
	return ls_wireguard_send(kernel, message, err);
}

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

static bool peer_valid(const struct ls_object *object)
{
	const char *list = as_peer(object)->allowed_ips;
	struct ls_prefix last = { 0 }, prefix;
	struct ls_crypto_key key;

	if (!ls_object_has(object, LS_WG_PEER_PUBLIC_KEY) || !ls_object_has(object, LS_WG_PEER_ALLOWED_IPS))
		return false;
	for (; next_prefix(&list, &prefix); last = prefix)
		if (ls_prefix_compare(&last, &prefix) > 0)
			return false;
	return ls_key_parse(as_peer(object)->public_key, &key) >= 0 && !*list;
}

/* A prefix that one peer gets another one loses at once, and those of a long list come in several messages. */
static uint32_t peer_passes(const struct ls_object *before, const struct ls_object *after, const struct ls_object *now)
{
	const char *was = before ? as_peer(before)->allowed_ips : NULL,
		   *is = after ? as_peer(after)->allowed_ips : NULL;

	return within(as_peer(now)->allowed_ips, was, is) ? LS_BIT(LS_WG_PEER_ALLOWED_IPS) : 0;
}

const struct ls_kind ls_kind_wg_peer = {
	.name = "wg_peer",
	.id = LS_KIND_WG_PEER,
	.rank = LS_RANK_WG_PEER,
	.size = sizeof(struct ls_wg_peer),
	.attrs = peer_attrs,
	.n_attrs = LS_ARRAY_SIZE(peer_attrs),
	.compare = peer_compare,
	.describe = peer_describe,
	.valid = peer_valid,
	.gives_up = peer_gives_up,
	.between = peer_between,
	.passes = peer_passes,
	.probe = ls_wireguard_probe,
	.dump = peer_dump,
	.add_many = peer_add_many,
	.sweep = peer_sweep,
	.perform = peer_perform,
};
