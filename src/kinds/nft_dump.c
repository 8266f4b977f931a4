/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading our table. Several dumps make one picture, and every transaction of anybody raises the number of the ruleset:
 * it is asked for before and after each, and when it has moved all is read again.
 *
 * What only says what is in force is taken; handles and the order of hashes say nothing.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <stdio.h>

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>

/* ---- a dump ------------------------------------------------------------------------------------------------------ */

static int take_message(const struct nlmsghdr *message, void *data)
{
	struct ls_nft_dump *dump = data;

	dump->message = message;
	/* A dump ends with a message that has nothing in it. */
	return message->nlmsg_len > NLMSG_HDRLEN + sizeof(struct nfgenmsg) ? dump->take(dump, message) : 0;
}

static int forget(void *data)
{
	struct ls_nft_dump *dump = data;

	ls_set_truncate(dump->set, dump->n_before);
	dump->chain = NULL;
	dump->elements.n = 0;
	return 0;
}

int ls_nft_session(struct ls_kernel *kernel, struct ls_netlink **ret, struct ls_error *err)
{
	int r = kernel->nft ? 0 : ls_netlink_open(NETLINK_NETFILTER, &kernel->nft, err);

	kernel->nft_missing |= r == -EPROTONOSUPPORT;
	*ret = kernel->nft;
	return r;
}

/* A kernel without nftables (EINVAL: nfnetlink without it) has none of our objects; who may not look sees none. */
static bool is_nothing_there(struct ls_kernel *kernel, int code)
{
	kernel->nft_missing |= code == -EPROTONOSUPPORT || code == -EINVAL || code == -EOPNOTSUPP;
	kernel->nft_denied |= code == -EPERM;
	return kernel->nft_missing || kernel->nft_denied;
}

/* There is nothing to read without the table. */
static bool is_without_table(const struct ls_kernel *kernel)
{
	return kernel->nft_without && kernel->nft_without == kernel->nft_generation;
}

int ls_nft_check_generation(struct ls_kernel *kernel, struct ls_error *err)
{
	uint32_t generation = 0;
	int r = ls_nfnl_generation(kernel->nft, &generation, err);

	if (r < 0)
		return r;
	kernel->nft_moved |= kernel->nft_generation && kernel->nft_generation != generation;
	kernel->nft_generation = generation;
	return 0;
}

int ls_nft_dump_answer(struct ls_kernel *kernel, struct ls_nft_dump *dump, struct ls_error *err)
{
	int r = ls_nfnl_dump(kernel->nft, take_message, forget, dump, err);

	ls_buf_done(&dump->text);
	/* The table went, or never was there. */
	return r == -ENOENT ? ls_error_clear(err) : r;
}

int ls_nft_dump_begin(struct ls_kernel *kernel, struct ls_error *err)
{
	struct ls_netlink *nl;
	int r = ls_nft_session(kernel, &nl, err);

	if (r >= 0)
		r = ls_nft_check_generation(kernel, err);
	if (r < 0)
		return is_nothing_there(kernel, r) ? ls_error_clear(err) : r;
	return !is_without_table(kernel);
}

static int dump_objects(struct ls_kernel *kernel, int type, int table_attr,
	int (*take)(struct ls_nft_dump *dump, const struct nlmsghdr *message), struct ls_set *ret, struct ls_error *err)
{
	struct ls_nft_dump dump = { .set = ret, .n_before = ret->n_objects, .take = take };
	struct nl_msg *request;
	int r = ls_nft_dump_begin(kernel, err);

	if (r <= 0)
		return r;
	request = ls_nfnl_request(kernel->nft, type);
	if (table_attr && nla_put_string(request, table_attr, LS_NFT_TABLE) < 0)
		return ls_error_set(err, -EMSGSIZE, "the request does not fit");
	r = ls_nft_dump_answer(kernel, &dump, err);
	return r < 0 ? r : ls_nft_check_generation(kernel, err);
}

static const char *keep(const struct ls_nft_dump *dump, const char *text)
{
	return ls_arena_intern(dump->set->arena, text, strlen(text));
}

static bool is_ours(const char *table, uint32_t family)
{
	return family == NFPROTO_INET && table && !strcmp(table, LS_NFT_TABLE);
}

/* Reads a message of the sort with libnftnl, and adds what it says. */
#define TAKE(sort) \
	static int take_##sort(struct ls_nft_dump *dump, const struct nlmsghdr *message) \
	{ \
		struct nftnl_##sort *from = nftnl_##sort##_alloc(); \
		int r; \
\
		if (!from) \
			return -ENOMEM; \
		r = nftnl_##sort##_nlmsg_parse(message, from) < 0 ? 0 : add_##sort(dump, from); \
		nftnl_##sort##_free(from); \
		return r; \
	}

int ls_nft_dump_add(struct ls_nft_dump *dump, struct ls_object *object)
{
	object->owner = LS_OWNER_OURS;
	return ls_set_add(dump->set, object);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static int add_table(struct ls_nft_dump *dump, const struct nftnl_table *from)
{
	struct ls_nft_table *table;

	if (!is_ours(nftnl_table_get_str(from, NFTNL_TABLE_NAME), nftnl_table_get_u32(from, NFTNL_TABLE_FAMILY)))
		return 0;
	table = (struct ls_nft_table *)ls_object_new(dump->set->arena, &ls_kind_nft_table);
	if (!table)
		return -ENOMEM;
	table->name = LS_NFT_TABLE;
	ls_object_set(&table->object, LS_NFT_TABLE_NAME);
	return ls_nft_dump_add(dump, &table->object);
}

TAKE(table)

int ls_nft_dump_tables(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	size_t n_before = ret->n_objects;
	int r = dump_objects(kernel, NFT_MSG_GETTABLE, 0, take_table, ret, err);

	(void)scope;
	if (r >= 0 && ret->n_objects == n_before && !kernel->nft_moved)
		kernel->nft_without = kernel->nft_generation;
	return r;
}

/* ---- sets -------------------------------------------------------------------------------------------------------- */

/* nft's number of a concatenation: six bits a part, the first part highest. */
static void split_type(uint32_t type, uint8_t parts[static LS_NFT_PARTS])
{
	size_t n = 0;

	while (n < LS_NFT_PARTS - 1 && type >> 6 * (n + 1))
		n++;
	for (size_t i = 0; i <= n; i++)
		parts[i] = (type >> 6 * (n - i)) & 0x3f;
}

/* As nft writes it, or by numbers where it is none of ours. */
static const char *type_text(const struct ls_nft_dump *dump, const struct nftnl_set *from)
{
	uint32_t flags = nftnl_set_get_u32(from, NFTNL_SET_FLAGS);
	struct ls_nft_set_form form = { .interval = flags & NFT_SET_INTERVAL };
	char text[LS_NFT_TYPE_MAX];

	split_type(nftnl_set_get_u32(from, NFTNL_SET_KEY_TYPE), form.key);
	if (flags & NFT_SET_MAP)
		split_type(nftnl_set_get_u32(from, NFTNL_SET_DATA_TYPE), form.data);
	ls_nft_set_type(&form, text, sizeof(text));
	if (flags & ~(uint32_t)(NFT_SET_INTERVAL | NFT_SET_MAP | NFT_SET_CONCAT))
		return ls_arena_printf(dump->set->arena, "%s, flags 0x%x", text, flags);
	return keep(dump, text);
}

static int add_set(struct ls_nft_dump *dump, const struct nftnl_set *from)
{
	const char *name = nftnl_set_get_str(from, NFTNL_SET_NAME);
	struct ls_nft_set *set;

	if (!name || !is_ours(nftnl_set_get_str(from, NFTNL_SET_TABLE), nftnl_set_get_u32(from, NFTNL_SET_FAMILY)))
		return 0;
	/* Those of a rule alone come and go with it. */
	if (nftnl_set_get_u32(from, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS)
		return 0;
	set = (struct ls_nft_set *)ls_object_new(dump->set->arena, &ls_kind_nft_set);
	if (!set)
		return -ENOMEM;
	set->name = keep(dump, name);
	set->type = type_text(dump, from);
	if (!set->name || !set->type)
		return -ENOMEM;
	set->object.set = LS_BIT(LS_NFT_SET_NAME) | LS_BIT(LS_NFT_SET_TYPE);
	return ls_nft_dump_add(dump, &set->object);
}

TAKE(set)

int ls_nft_dump_sets(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return dump_objects(kernel, NFT_MSG_GETSET, NFTA_SET_TABLE, take_set, ret, err);
}

/* ---- chains ------------------------------------------------------------------------------------------------------ */

static const char *hook_text(const struct ls_nft_dump *dump, const struct nftnl_chain *from)
{
	static const char *const hooks[] = {
		[NF_INET_PRE_ROUTING] = "prerouting",
		[NF_INET_LOCAL_IN] = "input",
		[NF_INET_FORWARD] = "forward",
		[NF_INET_LOCAL_OUT] = "output",
		[NF_INET_POST_ROUTING] = "postrouting",
	};
	uint32_t hook = nftnl_chain_get_u32(from, NFTNL_CHAIN_HOOKNUM);
	const char *type = nftnl_chain_get_str(from, NFTNL_CHAIN_TYPE);

	return ls_arena_printf(dump->set->arena, "%s %s %d", type ? type : "?",
		hook < LS_ARRAY_SIZE(hooks) ? hooks[hook] : "?", nftnl_chain_get_s32(from, NFTNL_CHAIN_PRIO));
}

static int add_chain(struct ls_nft_dump *dump, const struct nftnl_chain *from)
{
	const char *name = nftnl_chain_get_str(from, NFTNL_CHAIN_NAME);
	struct ls_nft_chain *chain;

	if (!name ||
		!is_ours(nftnl_chain_get_str(from, NFTNL_CHAIN_TABLE), nftnl_chain_get_u32(from, NFTNL_CHAIN_FAMILY)))
		return 0;
	chain = (struct ls_nft_chain *)ls_object_new(dump->set->arena, &ls_kind_nft_chain);
	if (!chain)
		return -ENOMEM;
	chain->name = keep(dump, name);
	ls_object_set(&chain->object, LS_NFT_CHAIN_NAME);
	if (nftnl_chain_is_set(from, NFTNL_CHAIN_HOOKNUM)) {
		chain->hook = hook_text(dump, from);
		chain->policy = nftnl_chain_get_u32(from, NFTNL_CHAIN_POLICY) == NF_DROP ? LS_NFT_POLICY_DROP
											 : LS_NFT_POLICY_ACCEPT;
		chain->object.set |= LS_BIT(LS_NFT_CHAIN_HOOK) | LS_BIT(LS_NFT_CHAIN_POLICY);
		if (!chain->hook)
			return -ENOMEM;
	}
	return chain->name ? ls_nft_dump_add(dump, &chain->object) : -ENOMEM;
}

TAKE(chain)

int ls_nft_dump_chains(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return dump_objects(kernel, NFT_MSG_GETCHAIN, 0, take_chain, ret, err);
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static int find_comment(const struct nftnl_udata *attr, void *data)
{
	const char *text = nftnl_udata_get(attr);

	if (nftnl_udata_type(attr) == NFTNL_UDATA_RULE_COMMENT && nftnl_udata_len(attr) &&
		!text[nftnl_udata_len(attr) - 1])
		*(const char **)data = text;
	return 0;
}

/* By the comment, or by the handle: a stranger's rule may have neither a comment nor one of its own. */
static const char *rule_name(const struct ls_nft_dump *dump, const struct nftnl_rule *from)
{
	uint32_t length = 0;
	const void *data = nftnl_rule_get_data(from, NFTNL_RULE_USERDATA, &length);
	const char *comment = NULL;

	if (data && nftnl_udata_parse(data, length, find_comment, &comment) >= 0 && comment && *comment)
		return keep(dump, comment);
	return ls_arena_printf(
		dump->set->arena, "#%llu", (unsigned long long)nftnl_rule_get_u64(from, NFTNL_RULE_HANDLE));
}

/* The second one of a name is a copy that somebody has made. */
static bool is_there(const struct ls_nft_dump *dump, const struct ls_nft_rule *rule)
{
	for (size_t i = dump->n_before; i < dump->set->n_objects; i++)
		if (!ls_object_compare(dump->set->objects[i], &rule->object))
			return true;
	return false;
}

static int fill_rule(struct ls_nft_dump *dump, struct ls_nft_rule *rule, struct nftnl_rule *from, const char *chain)
{
	size_t form;

	rule->chain = keep(dump, chain);
	rule->name = rule_name(dump, from);
	if (!rule->chain || !rule->name)
		return -ENOMEM;
	dump->place = dump->chain == rule->chain ? dump->place + 1 : 0;
	dump->chain = rule->chain;
	rule->handle = (uint32_t)nftnl_rule_get_u64(from, NFTNL_RULE_HANDLE);
	rule->place = dump->place;
	rule->object.set = LS_BIT(LS_NFT_RULE_CHAIN) | LS_BIT(LS_NFT_RULE_NAME) | LS_BIT(LS_NFT_RULE_TEXT) |
			   LS_BIT(LS_NFT_RULE_HANDLE) | LS_BIT(LS_NFT_RULE_PLACE);
	if (is_there(dump, rule))
		rule->name = ls_arena_printf(dump->set->arena, "%s#%u", rule->name, rule->handle);
	form = rule->name ? ls_nft_rule_index(rule->chain, rule->name) : 0;
	rule->text = ls_nft_rule_text(
		dump->set->arena, &dump->text, from, form < ls_nft_n_rules ? &ls_nft_rules[form] : NULL);
	return rule->name && rule->text ? 0 : -ENOMEM;
}

/* What a stranger has written can be put back as it was. */
static int keep_raw(const struct ls_nft_dump *dump, struct ls_object *object)
{
	const struct nlmsghdr *message = dump->message;

	if (message->nlmsg_len > LS_RAW_MAX)
		return 0;
	object->raw = ls_arena_copy(dump->set->arena, message, message->nlmsg_len);
	object->raw_length = (uint16_t)message->nlmsg_len;
	return object->raw ? 0 : -ENOMEM;
}

static int add_rule(struct ls_nft_dump *dump, struct nftnl_rule *from)
{
	const char *chain = nftnl_rule_get_str(from, NFTNL_RULE_CHAIN);
	struct ls_nft_rule *rule;
	size_t form;

	if (!chain || !is_ours(nftnl_rule_get_str(from, NFTNL_RULE_TABLE), nftnl_rule_get_u32(from, NFTNL_RULE_FAMILY)))
		return 0;
	rule = (struct ls_nft_rule *)ls_object_new(dump->set->arena, &ls_kind_nft_rule);
	if (!rule || fill_rule(dump, rule, from, chain) < 0)
		return -ENOMEM;
	form = ls_nft_rule_index(rule->chain, rule->name);
	if ((form == ls_nft_n_rules || rule->text != ls_nft_rules[form].text) && keep_raw(dump, &rule->object) < 0)
		return -ENOMEM;
	return ls_nft_dump_add(dump, &rule->object);
}

TAKE(rule)

int ls_nft_dump_rules(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return dump_objects(kernel, NFT_MSG_GETRULE, NFTA_RULE_TABLE, take_rule, ret, err);
}
