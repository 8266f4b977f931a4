/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracked connections (nfnetlink_conntrack.h). A delete that filters works on some kernels only, and on 6.1 one without
 * a tuple flushes everything: so the connections are listed, and those concerned are deleted one by one, by the tuple
 * of their first packet, zone and id: a connection that has come since has another id.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

/* ---- what is looked for ------------------------------------------------------------------------------------------ */

/* Filters of one address are found by bisection, by destination or by source; those of networks are few. */
struct filters {
	const struct ls_connections **exact, **others;
	size_t n_exact, n_others;
};

static bool is_exact(const struct ls_connections *filter)
{
	return filter->to.ip.family && filter->to.length == ls_ip_bits(filter->to.ip.family);
}

static int compare_ips(const struct ls_ip *a, const struct ls_ip *b)
{
	int order = (int)a->family - (int)b->family;

	return order ? order : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_filters(const void *a, const void *b)
{
	return compare_ips(
		&(*(const struct ls_connections *const *)a)->to.ip, &(*(const struct ls_connections *const *)b)->to.ip);
}

static uint8_t family_of(const struct ls_connections *filter)
{
	return filter->to.ip.family     ? filter->to.ip.family
	       : filter->from.ip.family ? filter->from.ip.family
					: filter->answered_by.ip.family;
}

static int sort_filters(const struct ls_connections *list, size_t n, struct filters *ret)
{
	*ret = (struct filters){ .exact = calloc(n, sizeof(*ret->exact)), .others = calloc(n, sizeof(*ret->others)) };
	if (!ret->exact || !ret->others)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!family_of(&list[i]))
			return -EINVAL; /* it would flush everything */
		if (is_exact(&list[i]))
			ret->exact[ret->n_exact++] = &list[i];
		else
			ret->others[ret->n_others++] = &list[i];
	}
	qsort(ret->exact, ret->n_exact, sizeof(*ret->exact), compare_filters);
	return 0;
}

static void filters_done(struct filters *filters)
{
	free(filters->exact);
	free(filters->others);
}

/* ---- one connection ---------------------------------------------------------------------------------------------- */

struct connection {
	struct ls_ip to, from, answered_by;
	uint8_t protocol;
	uint16_t port;
	uint32_t status;
};

static bool is_in(const struct ls_prefix *prefix, const struct ls_ip *ip)
{
	return !prefix->ip.family || ls_prefix_contains(prefix, ip);
}

static bool matches(const struct ls_connections *filter, const struct connection *connection)
{
	return is_in(&filter->to, &connection->to) && is_in(&filter->from, &connection->from) &&
	       is_in(&filter->answered_by, &connection->answered_by) &&
	       (!filter->protocol || filter->protocol == connection->protocol) &&
	       (!filter->last_port || (connection->port >= filter->port && connection->port <= filter->last_port)) &&
	       (!filter->translated || connection->status & (IPS_SRC_NAT | IPS_DST_NAT));
}

static bool is_concerned(const struct filters *filters, const struct connection *connection)
{
	size_t from = 0, to = filters->n_exact;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare_ips(&filters->exact[middle]->to.ip, &connection->to) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < filters->n_exact && !compare_ips(&filters->exact[from]->to.ip, &connection->to); from++)
		if (matches(filters->exact[from], connection))
			return true;
	for (size_t i = 0; i < filters->n_others; i++)
		if (matches(filters->others[i], connection))
			return true;
	return false;
}

/* A tuple: the addresses, the protocol and the ports of one direction. False: it has no addresses, so there is nothing
 * that a filter could be about. */
static bool take_tuple(
	const struct nlattr *attr, struct ls_ip *from, struct ls_ip *to, uint8_t *protocol, uint16_t *port)
{
	const struct nlattr *tuple[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *proto[CTA_PROTO_MAX + 1];
	bool v4;

	ls_attrs_parse(tuple, LS_ARRAY_SIZE(tuple), ls_attr_data(attr), ls_attr_length(attr));
	ls_attrs_parse(ip, LS_ARRAY_SIZE(ip), ls_attr_data(tuple[CTA_TUPLE_IP]), ls_attr_length(tuple[CTA_TUPLE_IP]));
	ls_attrs_parse(proto, LS_ARRAY_SIZE(proto), ls_attr_data(tuple[CTA_TUPLE_PROTO]),
		ls_attr_length(tuple[CTA_TUPLE_PROTO]));
	v4 = ip[CTA_IP_V4_DST] != NULL;
	*protocol = ls_attr_u8(proto[CTA_PROTO_NUM]);
	*port = ntohs(ls_attr_u16(proto[CTA_PROTO_DST_PORT]));
	return ls_attr_ip(ip[v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST], v4 ? AF_INET : AF_INET6, to) &&
	       ls_attr_ip(ip[v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC], v4 ? AF_INET : AF_INET6, from);
}

static bool take_connection(const struct nlattr *const *tb, struct connection *ret)
{
	struct ls_ip to;
	uint8_t protocol;
	uint16_t port;

	ret->status = ntohl(ls_attr_u32(tb[CTA_STATUS]));
	return take_tuple(tb[CTA_TUPLE_ORIG], &ret->from, &ret->to, &ret->protocol, &ret->port) &&
	       take_tuple(tb[CTA_TUPLE_REPLY], &ret->answered_by, &to, &protocol, &port);
}

/* ---- listing ----------------------------------------------------------------------------------------------------- */

struct listing {
	const struct filters *filters;
	struct ls_buf doomed; /* of each: its length, and the attributes that its delete has */
	size_t n_doomed;
};

static void put_attr(struct ls_buf *buf, const struct nlattr *attr)
{
	static const uint8_t zeros[NLA_ALIGNTO];

	if (!attr)
		return;
	(void)ls_buf_append(buf, attr, attr->nla_len);
	(void)ls_buf_append(buf, zeros, (size_t)NLA_ALIGN(attr->nla_len) - attr->nla_len);
}

static int doom(struct listing *listing, const struct nlattr *const *tb)
{
	static const uint16_t identity[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
	uint32_t length = 0;

	for (size_t i = 0; i < LS_ARRAY_SIZE(identity); i++)
		length += tb[identity[i]] ? (uint32_t)NLA_ALIGN(tb[identity[i]]->nla_len) : 0;
	(void)ls_buf_append(&listing->doomed, &length, sizeof(length));
	for (size_t i = 0; i < LS_ARRAY_SIZE(identity); i++)
		put_attr(&listing->doomed, tb[identity[i]]);
	listing->n_doomed++;
	return listing->doomed.failed ? -ENOMEM : 0;
}

static int look_at(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *tb[CTA_MAX + 1];
	struct connection connection = { 0 };
	struct listing *listing = data;
	const void *attrs;
	size_t length;

	if (message->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
		!ls_attrs_of(message, sizeof(struct nfgenmsg), &attrs, &length))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	return take_connection(tb, &connection) && is_concerned(listing->filters, &connection) ? doom(listing, tb) : 0;
}

static int forget(void *data)
{
	struct listing *listing = data;

	listing->doomed.length = 0;
	listing->n_doomed = 0;
	return 0;
}

static struct nl_msg *request(struct ls_netlink *nl, int type, uint8_t family)
{
	struct nl_msg *message = ls_tx_message(nl, NFNL_SUBSYS_CTNETLINK << 8 | type, 0);
	const struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };

	return nlmsg_append(message, (void *)(uintptr_t)&header, sizeof(header), NLMSG_ALIGNTO) < 0 ? NULL : message;
}

/* ---- deleting ---------------------------------------------------------------------------------------------------- */

/* What is gone by itself is gone. */
static void count(size_t token, enum ls_tx_state state, int code, const char *kernel_says, void *data)
{
	size_t *n_flushed = data;

	(void)token;
	(void)code;
	(void)kernel_says;
	*n_flushed += state == LS_TX_DONE;
}

/* The family of the header is not looked at: the tuple has the addresses (ctnetlink_del_conntrack). */
static int delete_doomed(
	struct ls_netlink *nl, uint8_t family, const struct ls_buf *doomed, size_t *n_flushed, struct ls_error *err)
{
	size_t at = 0;
	int r = 0;

	ls_tx_begin(nl, count, n_flushed);
	while (at < doomed->length && r >= 0) {
		struct nl_msg *message = request(nl, IPCTNL_MSG_CT_DELETE, family);
		uint32_t length;

		memcpy(&length, doomed->data + at, sizeof(length));
		at += sizeof(length);
		if (!message || nlmsg_append(message, doomed->data + at, length, NLMSG_ALIGNTO) < 0)
			return ls_error_set(err, -EMSGSIZE, "a connection does not fit into a message");
		at += length;
		r = ls_tx_queue(nl, message, 0, err);
	}
	return r < 0 ? r : ls_tx_barrier(nl, err);
}

static int flush_family(
	struct ls_netlink *nl, const struct filters *filters, uint8_t family, size_t *n_flushed, struct ls_error *err)
{
	struct listing listing = { .filters = filters };
	struct nl_msg *message = request(nl, IPCTNL_MSG_CT_GET, family);
	int r;

	if (!message)
		return ls_error_set(err, -EMSGSIZE, "the request does not fit");
	r = ls_netlink_dump(nl, message, look_at, forget, &listing, err);
	if (r == -EINVAL || r == -EOPNOTSUPP || r == -EPROTONOSUPPORT) /* without ctnetlink there is nothing to flush */
		r = ls_error_clear(err);
	if (r >= 0 && listing.n_doomed)
		r = delete_doomed(nl, family, &listing.doomed, n_flushed, err);
	ls_buf_done(&listing.doomed);
	return r;
}

/* A dump walks the whole table, however little is in it: some milliseconds. */
static bool tracks_none(const struct ls_kernel *kernel)
{
	LS_CLEANUP(ls_free) char *count = NULL;
	size_t length;

	return kernel->proc_sys >= 0 &&
	       ls_file_read_at(kernel->proc_sys, "net/netfilter/nf_conntrack_count", 32, &count, &length, NULL) >= 0 &&
	       !strcmp(count, "0\n");
}

static bool any_of(const struct ls_connections *filters, size_t n, uint8_t family)
{
	for (size_t i = 0; i < n; i++)
		if (family_of(&filters[i]) == family)
			return true;
	return false;
}

int ls_connections_flush(struct ls_kernel *kernel, const struct ls_connections *filters, size_t n,
	size_t *ret_n_flushed, struct ls_error *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct filters sorted = { 0 };
	struct ls_netlink *nl;
	int r;

	*ret_n_flushed = 0;
	if (!n || tracks_none(kernel))
		return 0;
	r = ls_nft_session(kernel, &nl, err);
	if (r >= 0 && sort_filters(filters, n, &sorted) < 0)
		r = ls_error_set(err, -EINVAL, "a filter of connections that filters nothing, or no memory");
	for (size_t i = 0; i < LS_ARRAY_SIZE(families) && r >= 0; i++)
		if (any_of(filters, n, families[i]))
			r = flush_family(nl, &sorted, families[i], ret_n_flushed, err);
	filters_done(&sorted);
	return r;
}
