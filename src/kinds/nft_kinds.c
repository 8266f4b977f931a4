/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of nftables: a table, its sets, chains and rules, and the elements of the sets. All of them change in one
 * transaction, together. The table is the mark: all that is in it is ours, also what a stranger has put there, which
 * therefore goes; other tables are not even read.
 */
#include "nft.h"

#include <stdio.h>
#include <sys/socket.h>

#define ATTR(type, field, form, change) #field, form, change, 0, offsetof(struct type, field), NULL
#define MAY(type, field, form, change) #field, form, change, LS_ATTR_OPTIONAL, offsetof(struct type, field), NULL
#define TOLD(type, field, form) #field, form, LS_CHANGE_INFO, LS_ATTR_HIDDEN, offsetof(struct type, field), NULL

static const char *const policy_names[] = { "accept", "drop", NULL };

static int nft_probe(struct ls_kernel *kernel, const struct ls_object *want, struct ls_error *err)
{
	struct ls_netlink *nl;

	(void)want;
	if (kernel->nft_denied)
		return ls_error_set(
			err, -EPERM, "nftables may not be read or changed without privilege (CAP_NET_ADMIN)");
	if (ls_nft_session(kernel, &nl, err) < 0 || kernel->nft_missing)
		return ls_error_set(err, -EOPNOTSUPP, "this kernel has no nftables (module nf_tables, NF_TABLES_INET)");
	return 0;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static const struct ls_attr table_attrs[] = {
	[LS_NFT_TABLE_NAME] = { ATTR(ls_nft_table, name, LS_TYPE_STRING, LS_CHANGE_KEY) },
};

static int table_compare(const struct ls_object *a, const struct ls_object *b)
{
	return strcmp(((const struct ls_nft_table *)a)->name, ((const struct ls_nft_table *)b)->name);
}

static void table_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "inet %s", ((const struct ls_nft_table *)object)->name);
}

const struct ls_kind ls_kind_nft_table = {
	.name = "nft_table",
	.id = LS_KIND_NFT_TABLE,
	.rank = LS_RANK_NFT,
	.size = sizeof(struct ls_nft_table),
	.attrs = table_attrs,
	.n_attrs = LS_ARRAY_SIZE(table_attrs),
	.compare = table_compare,
	.describe = table_describe,
	.probe = nft_probe,
	.dump = ls_nft_dump_tables,
	.transact = ls_nft_transact,
	.delete_marks = true,
};

/* ---- sets -------------------------------------------------------------------------------------------------------- */

static const struct ls_attr set_attrs[] = {
	[LS_NFT_SET_NAME] = { ATTR(ls_nft_set, name, LS_TYPE_STRING, LS_CHANGE_KEY) },
	[LS_NFT_SET_TYPE] = { ATTR(ls_nft_set, type, LS_TYPE_STRING, LS_CHANGE_REPLACE) },
};

static int set_compare(const struct ls_object *a, const struct ls_object *b)
{
	return strcmp(((const struct ls_nft_set *)a)->name, ((const struct ls_nft_set *)b)->name);
}

static void set_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "%s", ((const struct ls_nft_set *)object)->name);
}

const struct ls_kind ls_kind_nft_set = {
	.name = "nft_set",
	.id = LS_KIND_NFT_SET,
	.rank = LS_RANK_NFT,
	.size = sizeof(struct ls_nft_set),
	.attrs = set_attrs,
	.n_attrs = LS_ARRAY_SIZE(set_attrs),
	.compare = set_compare,
	.describe = set_describe,
	.probe = nft_probe,
	.dump = ls_nft_dump_sets,
	.transact = ls_nft_transact,
	.delete_marks = true,
};

/* ---- chains ------------------------------------------------------------------------------------------------------ */

static const struct ls_attr chain_attrs[] = {
	[LS_NFT_CHAIN_NAME] = { ATTR(ls_nft_chain, name, LS_TYPE_STRING, LS_CHANGE_KEY) },
	[LS_NFT_CHAIN_HOOK] = { ATTR(ls_nft_chain, hook, LS_TYPE_STRING, LS_CHANGE_REPLACE) },
	[LS_NFT_CHAIN_POLICY] = { "policy", LS_TYPE_ENUM, LS_CHANGE_LIVE, 0, offsetof(struct ls_nft_chain, policy),
		policy_names },
};

/* In the order of the table of chains, so that steps come in that order; strangers' behind. */
static int chain_compare(const struct ls_object *a, const struct ls_object *b)
{
	const char *x = ((const struct ls_nft_chain *)a)->name, *y = ((const struct ls_nft_chain *)b)->name;
	int order = ls_order(ls_nft_chain_index(x), ls_nft_chain_index(y));

	return order ? order : strcmp(x, y);
}

static void chain_describe(const struct ls_object *object, char *text, size_t size)
{
	snprintf(text, size, "%s", ((const struct ls_nft_chain *)object)->name);
}

const struct ls_kind ls_kind_nft_chain = {
	.name = "nft_chain",
	.id = LS_KIND_NFT_CHAIN,
	.rank = LS_RANK_NFT,
	.size = sizeof(struct ls_nft_chain),
	.attrs = chain_attrs,
	.n_attrs = LS_ARRAY_SIZE(chain_attrs),
	.compare = chain_compare,
	.describe = chain_describe,
	.probe = nft_probe,
	.dump = ls_nft_dump_chains,
	.transact = ls_nft_transact,
	.delete_marks = true,
};

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static const struct ls_attr rule_attrs[] = {
	[LS_NFT_RULE_CHAIN] = { ATTR(ls_nft_rule, chain, LS_TYPE_STRING, LS_CHANGE_KEY) },
	[LS_NFT_RULE_NAME] = { ATTR(ls_nft_rule, name, LS_TYPE_STRING, LS_CHANGE_KEY) },
	[LS_NFT_RULE_TEXT] = { ATTR(ls_nft_rule, text, LS_TYPE_STRING, LS_CHANGE_REPLACE) },
	[LS_NFT_RULE_HANDLE] = { TOLD(ls_nft_rule, handle, LS_TYPE_U32) },
	/* Specs ask for an order, not for numbers: where it is disturbed the plan says which place is meant. */
	[LS_NFT_RULE_PLACE] = { MAY(ls_nft_rule, place, LS_TYPE_U32, LS_CHANGE_REPLACE) },
};

/* In the order in which rules stand, since that is the order in which they are added. */
static int rule_compare(const struct ls_object *a, const struct ls_object *b)
{
	const struct ls_nft_rule *x = (const struct ls_nft_rule *)a, *y = (const struct ls_nft_rule *)b;
	int order = ls_order(ls_nft_rule_index(x->chain, x->name), ls_nft_rule_index(y->chain, y->name));

	order = order ? order : strcmp(x->chain, y->chain);
	return order ? order : strcmp(x->name, y->name);
}

static void rule_describe(const struct ls_object *object, char *text, size_t size)
{
	const struct ls_nft_rule *rule = (const struct ls_nft_rule *)object;

	snprintf(text, size, "%s %s", rule->chain, rule->name);
}

const struct ls_kind ls_kind_nft_rule = {
	.name = "nft_rule",
	.id = LS_KIND_NFT_RULE,
	.rank = LS_RANK_NFT,
	.size = sizeof(struct ls_nft_rule),
	.attrs = rule_attrs,
	.n_attrs = LS_ARRAY_SIZE(rule_attrs),
	.compare = rule_compare,
	.describe = rule_describe,
	.probe = nft_probe,
	.dump = ls_nft_dump_rules,
	.transact = ls_nft_transact,
	.delete_marks = true,
};

/* ---- elements ---------------------------------------------------------------------------------------------------- */

#define ELEMENT_KEY(field, form) \
	{ \
		MAY(ls_nft_element, field, form, LS_CHANGE_KEY) \
	}
#define ELEMENT_DATA(field, form) \
	{ \
		MAY(ls_nft_element, field, form, LS_CHANGE_REPLACE) \
	}

static const struct ls_attr element_attrs[] = {
	[LS_NFT_ELEMENT_SET] = { "set", LS_TYPE_ENUM, LS_CHANGE_KEY, 0, offsetof(struct ls_nft_element, set),
		ls_nft_set_names },
	[LS_NFT_ELEMENT_ADDRESS] = ELEMENT_KEY(address, LS_TYPE_IP),
	[LS_NFT_ELEMENT_LAST] = ELEMENT_KEY(last, LS_TYPE_IP),
	[LS_NFT_ELEMENT_PREFIX] = ELEMENT_KEY(prefix, LS_TYPE_PREFIX),
	[LS_NFT_ELEMENT_PROTOCOL] = ELEMENT_KEY(protocol, LS_TYPE_STRING),
	[LS_NFT_ELEMENT_PORT] = ELEMENT_KEY(port, LS_TYPE_U16),
	[LS_NFT_ELEMENT_LAST_PORT] = ELEMENT_KEY(last_port, LS_TYPE_U16),
	[LS_NFT_ELEMENT_IIF] = ELEMENT_KEY(iif, LS_TYPE_STRING),
	[LS_NFT_ELEMENT_OIF] = ELEMENT_KEY(oif, LS_TYPE_STRING),
	[LS_NFT_ELEMENT_TO] = ELEMENT_DATA(to, LS_TYPE_IP),
	[LS_NFT_ELEMENT_TO_PORT] = ELEMENT_DATA(to_port, LS_TYPE_U16),
	[LS_NFT_ELEMENT_TO_PREFIX] = ELEMENT_DATA(to_prefix, LS_TYPE_PREFIX),
	[LS_NFT_ELEMENT_MSS] = ELEMENT_DATA(mss, LS_TYPE_U16),
	[LS_NFT_ELEMENT_DESTINATION] = ELEMENT_KEY(destination, LS_TYPE_PREFIX),
};

static const struct ls_nft_element *as_element(const struct ls_object *object)
{
	return (const struct ls_nft_element *)object;
}

static int compare_names(const char *a, const char *b)
{
	return a == b ? 0 : !a || !b ? (a ? 1 : -1) : strcmp(a, b);
}

/* What an element has none of is zero. Its set and its address stand one behind the other: mostly they tell. */
static int element_compare(const struct ls_object *a, const struct ls_object *b)
{
	const struct ls_nft_element *x = as_element(a), *y = as_element(b);
	int order = memcmp(&x->set, &y->set, sizeof(x->set) + sizeof(x->address));

	order = order ? order : compare_names(x->protocol, y->protocol);
	order = order ? order : (int)x->port - (int)y->port;
	order = order ? order : (int)x->last_port - (int)y->last_port;
	order = order ? order : memcmp(&x->prefix, &y->prefix, sizeof(x->prefix));
	order = order ? order : memcmp(&x->destination, &y->destination, sizeof(x->destination));
	order = order ? order : memcmp(&x->last, &y->last, sizeof(x->last));
	order = order ? order : compare_names(x->iif, y->iif);
	return order ? order : compare_names(x->oif, y->oif);
}
_Static_assert(offsetof(struct ls_nft_element, address) == offsetof(struct ls_nft_element, set) + 1, "no gap");

/* "fwd4 198.51.100.10 tcp 443", "let_in4 10.0.0.0/8 to 0.0.0.0/0 tcp 5000-5010" */
static void element_describe(const struct ls_object *object, char *text, size_t size)
{
	static const struct {
		unsigned attr;
		const char *before;
	} words[] = {
		{ LS_NFT_ELEMENT_ADDRESS, " " },
		{ LS_NFT_ELEMENT_LAST, "-" },
		{ LS_NFT_ELEMENT_PREFIX, " " },
		{ LS_NFT_ELEMENT_DESTINATION, " to " },
		{ LS_NFT_ELEMENT_IIF, " " },
		{ LS_NFT_ELEMENT_OIF, " " },
		{ LS_NFT_ELEMENT_PROTOCOL, " " },
		{ LS_NFT_ELEMENT_PORT, " " },
		{ LS_NFT_ELEMENT_LAST_PORT, "-" },
	};
	size_t length = (size_t)snprintf(text, size, "%s", ls_nft_set_names[as_element(object)->set]);
	char value[128];

	for (size_t i = 0; i < LS_ARRAY_SIZE(words) && length < size; i++) {
		if (!ls_object_has(object, words[i].attr))
			continue;
		ls_attr_format(&element_attrs[words[i].attr], object, value, sizeof(value));
		length += (size_t)snprintf(text + length, size - length, "%s%s", words[i].before, value);
	}
}

static bool has_family(const struct ls_object *object, unsigned attr, const struct ls_ip *ip, uint8_t type)
{
	return !ls_object_has(object, attr) || ip->family == (type == LS_NFT_IPV4 ? AF_INET : AF_INET6);
}

/* The attributes that the part of a key at place `i` is told by; where keys are intervals, no protocol or port is any.
 */
static uint32_t bits_of_part(const struct ls_nft_set_form *form, size_t i)
{
	switch ((enum ls_nft_type)form->key[i]) {
	case LS_NFT_NOTHING:
		break;
	case LS_NFT_IPV4:
	case LS_NFT_IPV6:
		return !form->subnets ? LS_BIT(LS_NFT_ELEMENT_ADDRESS)
		       : i            ? LS_BIT(LS_NFT_ELEMENT_DESTINATION)
				      : LS_BIT(LS_NFT_ELEMENT_PREFIX);
	case LS_NFT_PROTOCOL:
		return form->interval ? 0 : LS_BIT(LS_NFT_ELEMENT_PROTOCOL);
	case LS_NFT_PORT:
		return form->interval ? 0 : LS_BIT(LS_NFT_ELEMENT_PORT);
	case LS_NFT_IFNAME:
		return LS_BIT(i ? LS_NFT_ELEMENT_OIF : LS_NFT_ELEMENT_IIF);
	}
	return 0;
}

static bool has_key(const struct ls_object *object, const struct ls_nft_set_form *form)
{
	uint32_t bits = 0;

	if (form->interval && !ls_nft_is_concatenation(form->key))
		return ls_object_has(object, LS_NFT_ELEMENT_PREFIX) ||
		       (ls_object_has(object, LS_NFT_ELEMENT_ADDRESS) && ls_object_has(object, LS_NFT_ELEMENT_LAST));
	for (size_t i = 0; i < LS_NFT_PARTS; i++)
		bits |= bits_of_part(form, i);
	return (object->set & bits) == bits;
}

/* Does it have what its set's keys and data consist of? */
static bool element_valid(const struct ls_object *object)
{
	const struct ls_nft_element *element = as_element(object);
	const struct ls_nft_set_form *form;

	if (element->set >= LS_NFT_N_SETS)
		return false;
	form = &ls_nft_sets[element->set];
	return has_key(object, form) && has_family(object, LS_NFT_ELEMENT_ADDRESS, &element->address, form->key[0]) &&
	       has_family(object, LS_NFT_ELEMENT_LAST, &element->last, form->key[0]) &&
	       has_family(object, LS_NFT_ELEMENT_PREFIX, &element->prefix.ip, form->key[0]) &&
	       has_family(object, LS_NFT_ELEMENT_DESTINATION, &element->destination.ip, form->key[0]) &&
	       has_family(object, LS_NFT_ELEMENT_TO, &element->to, form->data[0]) &&
	       has_family(object, LS_NFT_ELEMENT_TO_PREFIX, &element->to_prefix.ip, form->data[0]);
}

const struct ls_kind ls_kind_nft_element = {
	.name = "nft_element",
	.id = LS_KIND_NFT_ELEMENT,
	.rank = LS_RANK_NFT,
	.size = sizeof(struct ls_nft_element),
	.attrs = element_attrs,
	.n_attrs = LS_ARRAY_SIZE(element_attrs),
	.compare = element_compare,
	.describe = element_describe,
	.valid = element_valid,
	.probe = nft_probe,
	.dump = ls_nft_dump_elements,
	.transact = ls_nft_transact,
	.delete_marks = true,
};
