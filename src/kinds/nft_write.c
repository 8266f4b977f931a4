/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing our table: all operations of a plan in one batch. What goes is written first, in the opposite order of what
 * it is needed by; then what comes. An element whose data change is deleted and added: within a batch nobody sees the
 * gap (but in interval sets, for a moment, on kernels as old as 6.1). Many elements share a message.
 *
 * Adds are exclusive (EXCL): 6.1 swallows a range that overlaps another one otherwise.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <stdio.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define LIST_MAX 32768u  /* bytes of elements in a message; their list is an attribute of 64 KiB at most */
#define ELEMENT_MAX 512u /* bytes of one element at most */

struct writer {
	struct ls_nfnl *batch;
	bool singly; /* each element in a message of its own: to know which one is refused */
};

/* ---- one object each --------------------------------------------------------------------------------------------- */

static int write_table(struct writer *writer, int type, int flags, size_t token)
{
	struct nlmsghdr *message = ls_nfnl_message(writer->batch, type, flags, token);

	if (!message)
		return -ENOMEM;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, LS_NFT_TABLE);
	ls_nfnl_end(writer->batch);
	return 0;
}

static const struct ls_nft_set_form *find_set(const char *name)
{
	for (size_t i = 0; i < LS_NFT_N_SETS; i++)
		if (!strcmp(ls_nft_sets[i].name, name))
			return &ls_nft_sets[i];
	return NULL;
}

static int add_set(struct writer *writer, const struct ls_nft_set *want, size_t token)
{
	const struct ls_nft_set_form *form = find_set(want->name);
	struct nftnl_set *set = form ? nftnl_set_alloc() : NULL;
	struct nlmsghdr *message = NULL;
	int r;

	if (!form)
		return -EINVAL;
	r = set ? ls_nft_describe_set(set, form) : -ENOMEM;
	if (r >= 0)
		message = ls_nfnl_message(writer->batch, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, token);
	if (message) {
		nftnl_set_nlmsg_build_payload(message, set);
		ls_nfnl_end(writer->batch);
	}
	if (set)
		nftnl_set_free(set);
	return r < 0 ? r : message ? 0 : -ENOMEM;
}

static int delete_named(struct writer *writer, int type, int table_attr, int name_attr, const char *name, size_t token)
{
	struct nlmsghdr *message = ls_nfnl_message(writer->batch, type, 0, token);

	if (!message)
		return -ENOMEM;
	mnl_attr_put_strz(message, (uint16_t)table_attr, LS_NFT_TABLE);
	mnl_attr_put_strz(message, (uint16_t)name_attr, name);
	ls_nfnl_end(writer->batch);
	return 0;
}

/* Of a chain that is there only the policy can change. */
static int write_chain(struct writer *writer, const struct ls_nft_chain *want, int flags, size_t token)
{
	size_t form = ls_nft_chain_index(want->name);
	struct nftnl_chain *chain = form < ls_nft_n_chains ? nftnl_chain_alloc() : NULL;
	struct nlmsghdr *message;

	if (!chain)
		return form < ls_nft_n_chains ? -ENOMEM : -EINVAL;
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, LS_NFT_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, want->name);
	if (ls_nft_chains[form].type) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, ls_nft_chains[form].type);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, ls_nft_chains[form].hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, ls_nft_chains[form].priority);
		nftnl_chain_set_u32(
			chain, NFTNL_CHAIN_POLICY, want->policy == LS_NFT_POLICY_DROP ? NF_DROP : NF_ACCEPT);
	}
	message = ls_nfnl_message(writer->batch, NFT_MSG_NEWCHAIN, flags, token);
	if (message) {
		nftnl_chain_nlmsg_build_payload(message, chain);
		ls_nfnl_end(writer->batch);
	}
	nftnl_chain_free(chain);
	return message ? 0 : -ENOMEM;
}

static int put_comment(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(256);
	bool ok = buf && nftnl_udata_put_strz(buf, NFTNL_UDATA_RULE_COMMENT, name) &&
		  nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(buf), nftnl_udata_buf_len(buf)) >=
			  0;

	if (buf)
		nftnl_udata_buf_free(buf);
	return ok ? 0 : -ENOMEM;
}

static int fill_rule(struct nftnl_rule *rule, const struct ls_nft_rule_form *form)
{
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, LS_NFT_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, form->chain);
	return ls_nft_put_exprs(rule, form) < 0 || put_comment(rule, form->name) < 0 ? -ENOMEM : 0;
}

/* The kernel's own message again, less what it says of the place. */
static int add_raw_rule(struct writer *writer, const struct ls_object *want, size_t token)
{
	static const uint16_t kept[] = { NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS, NFTA_RULE_COMPAT,
		NFTA_RULE_USERDATA };
	struct nlmsghdr *message = ls_nfnl_message(writer->batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, token);
	const struct nlattr *tb[NFTA_RULE_MAX + 1];
	const void *attrs;
	size_t length;

	if (!message)
		return -ENOMEM;
	if (want->raw_length < NLMSG_HDRLEN || ((const struct nlmsghdr *)want->raw)->nlmsg_len != want->raw_length ||
		!ls_attrs_of(want->raw, sizeof(struct nfgenmsg), &attrs, &length))
		return -EBADMSG;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	for (size_t i = 0; i < LS_ARRAY_SIZE(kept); i++)
		if (tb[kept[i]])
			mnl_attr_put(
				message, tb[kept[i]]->nla_type, ls_attr_length(tb[kept[i]]), ls_attr_data(tb[kept[i]]));
	ls_nfnl_end(writer->batch);
	return 0;
}

/* Behind those that are there: the rules of a chain are all made anew when one is not as it should be. */
static int add_rule(struct writer *writer, const struct ls_nft_rule *want, size_t token)
{
	size_t form = ls_nft_rule_index(want->chain, want->name);
	struct nlmsghdr *message = NULL;
	struct nftnl_rule *rule;
	int r;

	if (want->object.raw)
		return add_raw_rule(writer, &want->object, token);
	if (form == ls_nft_n_rules)
		return -EINVAL;
	rule = nftnl_rule_alloc();
	if (!rule)
		return -ENOMEM;
	r = fill_rule(rule, &ls_nft_rules[form]);
	if (r >= 0)
		message = ls_nfnl_message(writer->batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, token);
	if (message) {
		nftnl_rule_nlmsg_build_payload(message, rule);
		ls_nfnl_end(writer->batch);
	}
	nftnl_rule_free(rule);
	return r < 0 ? r : message ? 0 : -ENOMEM;
}

static int delete_rule(struct writer *writer, const struct ls_nft_rule *have, size_t token)
{
	struct nlmsghdr *message = ls_nfnl_message(writer->batch, NFT_MSG_DELRULE, 0, token);

	if (!message)
		return -ENOMEM;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, LS_NFT_TABLE);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, have->chain);
	mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(have->handle));
	ls_nfnl_end(writer->batch);
	return 0;
}

/* ---- elements ---------------------------------------------------------------------------------------------------- */

static void put_value(struct nlmsghdr *message, uint16_t type, const struct ls_nft_bytes *value)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, value->length, value->bytes);
	mnl_attr_nest_end(message, nest);
}

static void put_end(struct nlmsghdr *message, const struct ls_nft_bytes *end)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);

	put_value(message, NFTA_SET_ELEM_KEY, end);
	mnl_attr_put_u32(message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	mnl_attr_nest_end(message, nest);
}

static void put_element(struct nlmsghdr *message, const struct ls_nft_element *element, bool with_data)
{
	const struct ls_nft_set_form *form = &ls_nft_sets[element->set];
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	struct ls_nft_bytes key, end, data;
	bool ranges = ls_nft_is_concatenation(form->key);

	ls_nft_key(element, &key, &end);
	put_value(message, NFTA_SET_ELEM_KEY, &key);
	if (ranges && end.length)
		put_value(message, NFTA_SET_ELEM_KEY_END, &end);
	if (with_data && form->data[0]) {
		ls_nft_data(element, &data);
		put_value(message, NFTA_SET_ELEM_DATA, &data);
	}
	mnl_attr_nest_end(message, nest);
	if (!ranges && end.length)
		put_end(message, &end);
}

static const struct ls_nft_element *element_of(const struct ls_operation *operation, bool adds)
{
	return (const struct ls_nft_element *)(adds ? operation->want : operation->have);
}

static bool concerns(const struct ls_operation *operation, bool adds)
{
	return adds ? operation->want && operation->op != LS_OP_DELETE : operation->have && operation->op != LS_OP_ADD;
}

/* As many as fit into a message, all of one set, from `from` on; returns where to go on. */
static size_t write_elements(
	struct writer *writer, const struct ls_operation *operations, size_t from, size_t to, bool adds, bool *failed)
{
	const struct ls_nft_element *first = element_of(&operations[from], adds);
	struct nlmsghdr *message = ls_nfnl_message(writer->batch, adds ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
		adds ? NLM_F_CREATE | NLM_F_EXCL : 0, from);
	struct nlattr *list;
	size_t i = from;

	*failed = !message;
	if (!message)
		return to;
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, LS_NFT_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, ls_nft_sets[first->set].name);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (; i < to && message->nlmsg_len + ELEMENT_MAX < LIST_MAX; i++) {
		if (!concerns(&operations[i], adds))
			continue;
		if (element_of(&operations[i], adds)->set != first->set || (writer->singly && i > from))
			break;
		put_element(message, element_of(&operations[i], adds), adds);
	}
	mnl_attr_nest_end(message, list);
	ls_nfnl_end(writer->batch);
	return i;
}

/* ---- the batch --------------------------------------------------------------------------------------------------- */

static int write_removal(struct writer *writer, const struct ls_object *have, size_t token)
{
	switch (have->kind->id) {
	case LS_KIND_NFT_TABLE:
		return write_table(writer, NFT_MSG_DELTABLE, 0, token);
	case LS_KIND_NFT_SET:
		return delete_named(writer, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME,
			((const struct ls_nft_set *)have)->name, token);
	case LS_KIND_NFT_CHAIN:
		return delete_named(writer, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME,
			((const struct ls_nft_chain *)have)->name, token);
	default:
		return delete_rule(writer, (const struct ls_nft_rule *)have, token);
	}
}

static int write_addition(struct writer *writer, const struct ls_operation *operation, size_t token)
{
	const struct ls_object *want = operation->want;
	int flags = operation->op == LS_OP_CHANGE ? 0 : NLM_F_CREATE | NLM_F_EXCL;

	switch (want->kind->id) {
	case LS_KIND_NFT_TABLE:
		return write_table(writer, NFT_MSG_NEWTABLE, flags, token);
	case LS_KIND_NFT_SET:
		return add_set(writer, (const struct ls_nft_set *)want, token);
	case LS_KIND_NFT_CHAIN:
		return write_chain(writer, (const struct ls_nft_chain *)want, flags, token);
	default:
		return add_rule(writer, (const struct ls_nft_rule *)want, token);
	}
}

static const struct ls_kind *kind_of(const struct ls_operation *operation)
{
	return operation->want ? operation->want->kind : operation->have->kind;
}

/* All of one kind, which goes or comes. */
static int write_kind(
	struct writer *writer, const struct ls_operation *operations, size_t n, const struct ls_kind *kind, bool adds)
{
	bool failed = false;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0;) {
		if (kind_of(&operations[i]) != kind || !concerns(&operations[i], adds) ||
			(!adds && operations[i].op == LS_OP_CHANGE)) {
			i++;
		} else if (kind == &ls_kind_nft_element) {
			i = write_elements(writer, operations, i, n, adds, &failed);
			r = failed ? -ENOMEM : 0;
		} else {
			r = adds ? write_addition(writer, &operations[i], i)
				 : write_removal(writer, operations[i].have, i);
			i++;
		}
	}
	return r;
}

/* What needs what, first what is needed by others. */
static const struct ls_kind *const order[] = {
	&ls_kind_nft_table,
	&ls_kind_nft_set,
	&ls_kind_nft_chain,
	&ls_kind_nft_rule,
	&ls_kind_nft_element,
};

/* The table takes all along. */
static bool table_goes(const struct ls_operation *operations, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (kind_of(&operations[i]) == &ls_kind_nft_table && operations[i].op != LS_OP_ADD)
			return true;
	return false;
}

static int write_batch(struct writer *writer, const struct ls_operation *operations, size_t n)
{
	bool whole = table_goes(operations, n);
	int r = 0;

	for (size_t i = whole ? 1 : LS_ARRAY_SIZE(order); i-- > 0 && r >= 0;)
		r = write_kind(writer, operations, n, order[i], false);
	for (size_t i = 0; i < LS_ARRAY_SIZE(order) && r >= 0; i++)
		r = write_kind(writer, operations, n, order[i], true);
	return r;
}

static int send_batch(struct ls_kernel *kernel, const struct ls_operation *operations, size_t n, bool commit,
	bool singly, size_t *ret_failed, struct ls_error *err)
{
	struct writer writer = { .batch = ls_nfnl_new(), .singly = singly };
	int r = writer.batch ? write_batch(&writer, operations, n) : -ENOMEM;

	*ret_failed = n;
	if (r < 0)
		ls_error_set(err, r, "the nftables batch cannot be made: %s", strerror(-r));
	else
		r = ls_nfnl_send(kernel->nft, writer.batch, kernel->nft_generation, commit, ret_failed, err);
	ls_nfnl_free(writer.batch);
	return r;
}

/* The kernel refuses a message, not an element: which of many it was, a second try tells that commits nothing. */
static void blame_element(
	struct ls_kernel *kernel, const struct ls_operation *operations, size_t n, size_t *failed, struct ls_error *err)
{
	struct ls_error why = { 0 };
	size_t culprit;

	if (*failed >= n || kind_of(&operations[*failed]) != &ls_kind_nft_element)
		return;
	if (send_batch(kernel, operations, n, false, true, &culprit, &why) < 0 && culprit < n) {
		*failed = culprit;
		if (err)
			*err = why;
	}
}

int ls_nft_transact(struct ls_kernel *kernel, const struct ls_operation *operations, size_t n, bool commit,
	size_t *ret_failed, struct ls_error *err)
{
	struct ls_netlink *nl;
	int r = ls_nft_session(kernel, &nl, err);

	*ret_failed = n;
	if (r < 0)
		return r;
	r = send_batch(kernel, operations, n, commit, false, ret_failed, err);
	*ret_failed = *ret_failed < n ? *ret_failed : n;
	if (r == -ERESTART)
		return ls_error_set(err, -ESTALE, "somebody else has changed nftables in the meantime");
	if (r < 0)
		blame_element(kernel, operations, n, ret_failed, err);
	return r;
}
