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

struct nft_dump {
	struct ls_set *set;
	size_t n_before;
	struct ls_buf text; /* scratch */
	int (*take)(struct nft_dump *dump, const struct nlmsghdr *message);
	uint8_t element_set; /* enum ls_nft_set_id, of a dump of elements */
	const char *chain;   /* of the rule before, and */
	uint32_t place;      /* how many of its chain there were */
	struct raw_element *elements;
	size_t n_elements, elements_size;
};

static int take_message(const struct nlmsghdr *message, void *data)
{
	struct nft_dump *dump = data;

	/* A dump ends with a message that has nothing in it. */
	return message->nlmsg_len > NLMSG_HDRLEN + sizeof(struct nfgenmsg) ? dump->take(dump, message) : 0;
}

static int forget(void *data)
{
	struct nft_dump *dump = data;

	ls_set_truncate(dump->set, dump->n_before);
	dump->chain = NULL;
	dump->n_elements = 0;
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

/* Has nobody changed anything since the first of the dumps that make one picture? */
static int check_generation(struct ls_kernel *kernel, struct ls_error *err)
{
	uint32_t generation = 0;
	int r = ls_nfnl_generation(kernel->nft, &generation, err);

	if (r < 0)
		return r;
	kernel->nft_moved |= kernel->nft_generation && kernel->nft_generation != generation;
	kernel->nft_generation = generation;
	return 0;
}

static int run_dump(struct ls_kernel *kernel, struct nft_dump *dump, struct ls_error *err)
{
	int r = ls_nfnl_dump(kernel->nft, take_message, forget, dump, err);

	ls_buf_done(&dump->text);
	/* The table went, or never was there. */
	return r == -ENOENT ? ls_error_clear(err) : r;
}

static int dump_objects(struct ls_kernel *kernel, int type, int table_attr,
	int (*take)(struct nft_dump *dump, const struct nlmsghdr *message), struct ls_set *ret, struct ls_error *err)
{
	struct nft_dump dump = { .set = ret, .n_before = ret->n_objects, .take = take };
	struct nl_msg *request;
	struct ls_netlink *nl;
	int r = ls_nft_session(kernel, &nl, err);

	if (r >= 0)
		r = check_generation(kernel, err);
	if (r < 0)
		return is_nothing_there(kernel, r) ? ls_error_clear(err) : r;
	if (is_without_table(kernel))
		return 0;
	request = ls_nfnl_request(nl, type);
	if (table_attr && nla_put_string(request, table_attr, LS_NFT_TABLE) < 0)
		return ls_error_set(err, -EMSGSIZE, "the request does not fit");
	r = run_dump(kernel, &dump, err);
	return r < 0 ? r : check_generation(kernel, err);
}

static const char *keep(const struct nft_dump *dump, const char *text)
{
	return ls_arena_intern(dump->set->arena, text, strlen(text));
}

static bool is_ours(const char *table, uint32_t family)
{
	return family == NFPROTO_INET && table && !strcmp(table, LS_NFT_TABLE);
}

static int add(struct nft_dump *dump, struct ls_object *object)
{
	object->owner = LS_OWNER_OURS;
	return ls_set_add(dump->set, object);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static int add_table(struct nft_dump *dump, const struct nftnl_table *from)
{
	struct ls_nft_table *table;

	if (!is_ours(nftnl_table_get_str(from, NFTNL_TABLE_NAME), nftnl_table_get_u32(from, NFTNL_TABLE_FAMILY)))
		return 0;
	table = (struct ls_nft_table *)ls_object_new(dump->set->arena, &ls_kind_nft_table);
	if (!table)
		return -ENOMEM;
	table->name = LS_NFT_TABLE;
	ls_object_set(&table->object, LS_NFT_TABLE_NAME);
	return add(dump, &table->object);
}

static int take_table(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_table *table = nftnl_table_alloc();
	int r;

	if (!table)
		return -ENOMEM;
	r = nftnl_table_nlmsg_parse(message, table) < 0 ? 0 : add_table(dump, table);
	nftnl_table_free(table);
	return r;
}

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
static const char *type_text(const struct nft_dump *dump, const struct nftnl_set *from)
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

static int add_set(struct nft_dump *dump, const struct nftnl_set *from)
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
	return add(dump, &set->object);
}

static int take_set(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_set *set = nftnl_set_alloc();
	int r;

	if (!set)
		return -ENOMEM;
	r = nftnl_set_nlmsg_parse(message, set) < 0 ? 0 : add_set(dump, set);
	nftnl_set_free(set);
	return r;
}

int ls_nft_dump_sets(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return dump_objects(kernel, NFT_MSG_GETSET, NFTA_SET_TABLE, take_set, ret, err);
}

/* ---- chains ------------------------------------------------------------------------------------------------------ */

static const char *hook_text(const struct nft_dump *dump, const struct nftnl_chain *from)
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

static int add_chain(struct nft_dump *dump, const struct nftnl_chain *from)
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
	return chain->name ? add(dump, &chain->object) : -ENOMEM;
}

static int take_chain(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	int r;

	if (!chain)
		return -ENOMEM;
	r = nftnl_chain_nlmsg_parse(message, chain) < 0 ? 0 : add_chain(dump, chain);
	nftnl_chain_free(chain);
	return r;
}

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
static const char *rule_name(const struct nft_dump *dump, const struct nftnl_rule *from)
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
static bool is_there(const struct nft_dump *dump, const struct ls_nft_rule *rule)
{
	for (size_t i = dump->n_before; i < dump->set->n_objects; i++)
		if (!ls_object_compare(dump->set->objects[i], &rule->object))
			return true;
	return false;
}

static int fill_rule(struct nft_dump *dump, struct ls_nft_rule *rule, struct nftnl_rule *from, const char *chain)
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
static int keep_raw(const struct nft_dump *dump, struct ls_object *object, const struct nlmsghdr *message)
{
	if (message->nlmsg_len > LS_RAW_MAX)
		return 0;
	object->raw = ls_arena_copy(dump->set->arena, message, message->nlmsg_len);
	object->raw_length = (uint16_t)message->nlmsg_len;
	return object->raw ? 0 : -ENOMEM;
}

static int add_rule(struct nft_dump *dump, struct nftnl_rule *from, const struct nlmsghdr *message)
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
	if ((form == ls_nft_n_rules || rule->text != ls_nft_rules[form].text) &&
		keep_raw(dump, &rule->object, message) < 0)
		return -ENOMEM;
	return add(dump, &rule->object);
}

static int take_rule(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	int r;

	if (!rule)
		return -ENOMEM;
	r = nftnl_rule_nlmsg_parse(message, rule) < 0 ? 0 : add_rule(dump, rule, message);
	nftnl_rule_free(rule);
	return r;
}

int ls_nft_dump_rules(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	(void)scope;
	return dump_objects(kernel, NFT_MSG_GETRULE, NFTA_RULE_TABLE, take_rule, ret, err);
}

/* ---- elements ---------------------------------------------------------------------------------------------------- */

/* Bytes of the kernel's message, copied where an element needs its neighbours to be understood. */
struct raw_element {
	uint8_t key[LS_NFT_KEY_MAX], data[LS_NFT_KEY_MAX];
	size_t key_length, data_length;
	bool is_end;
};

static bool take_value(const struct nlattr *attr, const uint8_t **ret, size_t *ret_length)
{
	const struct nlattr *tb[NFTA_DATA_MAX + 1];

	*ret_length = 0;
	if (!attr)
		return true;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(attr), ls_attr_length(attr));
	*ret = ls_attr_data(tb[NFTA_DATA_VALUE]);
	*ret_length = ls_attr_length(tb[NFTA_DATA_VALUE]);
	return *ret_length <= LS_NFT_KEY_MAX;
}

static int add_element(struct nft_dump *dump, const uint8_t *key, size_t key_length, const uint8_t *end,
	size_t end_length, const uint8_t *data, size_t data_length)
{
	struct ls_nft_element *element = (struct ls_nft_element *)ls_object_new(dump->set->arena, &ls_kind_nft_element);

	if (!element)
		return -ENOMEM;
	element->set = dump->element_set;
	ls_object_set(&element->object, LS_NFT_ELEMENT_SET);
	/* What does not fit belongs to a set that a stranger has made anew; that one goes, and it with it. */
	if (!ls_nft_take_key(dump->set->arena, element, key, key_length, end, end_length))
		return 0;
	(void)ls_nft_take_data(element, data, data_length);
	return add(dump, &element->object);
}

static int remember_element(struct nft_dump *dump, const struct raw_element *element)
{
	if (dump->n_elements == dump->elements_size) {
		size_t size = dump->elements_size ? 2 * dump->elements_size : 64;
		struct raw_element *grown = reallocarray(dump->elements, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		dump->elements = grown;
		dump->elements_size = size;
	}
	dump->elements[dump->n_elements++] = *element;
	return 0;
}

static int take_element(struct nft_dump *dump, const struct nlattr *attr)
{
	const struct ls_nft_set_form *form = &ls_nft_sets[dump->element_set];
	const struct nlattr *tb[NFTA_SET_ELEM_MAX + 1];
	const uint8_t *key = NULL, *end = NULL, *data = NULL;
	size_t key_length, end_length, data_length;
	struct raw_element raw = { 0 };

	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(attr), ls_attr_length(attr));
	if (!take_value(tb[NFTA_SET_ELEM_KEY], &key, &key_length) ||
		!take_value(tb[NFTA_SET_ELEM_KEY_END], &end, &end_length) ||
		!take_value(tb[NFTA_SET_ELEM_DATA], &data, &data_length) || !key_length)
		return 0;
	if (!form->interval || ls_nft_is_concatenation(form->key))
		return add_element(dump, key, key_length, end, end_length, data, data_length);
	memcpy(raw.key, key, key_length);
	if (data_length)
		memcpy(raw.data, data, data_length);
	raw.key_length = key_length;
	raw.data_length = data_length;
	raw.is_end = ntohl(ls_attr_u32(tb[NFTA_SET_ELEM_FLAGS])) & NFT_SET_ELEM_INTERVAL_END;
	return remember_element(dump, &raw);
}

static int take_elements(struct nft_dump *dump, const struct nlmsghdr *message)
{
	const struct nlattr *tb[NFTA_SET_ELEM_LIST_MAX + 1];
	const struct nlattr *attr;
	const void *attrs;
	size_t length;
	int left, r = 0;

	if (!ls_attrs_of(message, sizeof(struct nfgenmsg), &attrs, &length))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	attr = ls_attr_data(tb[NFTA_SET_ELEM_LIST_ELEMENTS]);
	left = (int)ls_attr_length(tb[NFTA_SET_ELEM_LIST_ELEMENTS]);
	while (attr && nla_ok(attr, left) && r >= 0) {
		r = take_element(dump, attr);
		attr = nla_next(attr, &left);
	}
	return r;
}

static int compare_raw(const void *a, const void *b)
{
	const struct raw_element *x = a, *y = b;
	int order = memcmp(y->key, x->key, sizeof(x->key));

	return order ? order : (int)x->is_end - (int)y->is_end;
}

/* An interval is two elements, its first key and the first one behind it. From the highest down: an interval ends where
 * the key before began. */
static int pair_intervals(struct nft_dump *dump)
{
	const struct raw_element *above = NULL, *last = NULL;
	int r = 0;

	if (dump->n_elements)
		qsort(dump->elements, dump->n_elements, sizeof(*dump->elements), compare_raw);
	for (size_t i = 0; i < dump->n_elements && r >= 0; i++) {
		const struct raw_element *element = &dump->elements[i];

		if (last && memcmp(last->key, element->key, sizeof(last->key)) != 0)
			above = last;
		if (!element->is_end)
			r = add_element(dump, element->key, element->key_length, above ? above->key : NULL,
				above ? above->key_length : 0, element->data, element->data_length);
		last = element;
	}
	return r;
}

static int dump_elements_of(struct ls_kernel *kernel, uint8_t set, struct ls_set *ret, struct ls_error *err)
{
	struct nft_dump dump = { .set = ret, .n_before = ret->n_objects, .take = take_elements, .element_set = set };
	struct nl_msg *request = ls_nfnl_request(kernel->nft, NFT_MSG_GETSETELEM);
	int r;

	if (nla_put_string(request, NFTA_SET_ELEM_LIST_TABLE, LS_NFT_TABLE) < 0 ||
		nla_put_string(request, NFTA_SET_ELEM_LIST_SET, ls_nft_sets[set].name) < 0)
		return ls_error_set(err, -EMSGSIZE, "the request does not fit");
	r = run_dump(kernel, &dump, err);
	if (r >= 0 && pair_intervals(&dump) < 0)
		r = ls_error_set(err, -ENOMEM, "out of memory");
	free(dump.elements);
	return r;
}

int ls_nft_dump_elements(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	struct ls_netlink *nl;
	int r = ls_nft_session(kernel, &nl, err);

	(void)scope;
	if (r >= 0)
		r = check_generation(kernel, err);
	if (r < 0)
		return is_nothing_there(kernel, r) ? ls_error_clear(err) : r;
	if (is_without_table(kernel))
		return 0;
	for (uint8_t set = 0; set < LS_NFT_N_SETS && r >= 0; set++)
		r = dump_elements_of(kernel, set, ret, err);
	return r < 0 ? r : check_generation(kernel, err);
}
