/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading dumped messages into objects: attributes without copies, names of links, the kernel's own message for what is
 * not ours. Lengths are checked here once, so that the drivers read values without looking at them.
 */
#include "driver.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include <netlink/msg.h>

/* As in linux/netlink.h, but unsigned. */
#define ATTR_HEADER sizeof(struct nlattr)
#define ATTR_ALIGN(length) (((length) + 3u) & ~(size_t)3u)
#define ATTR_TYPE(attr) ((attr)->nla_type & (unsigned)NLA_TYPE_MASK)

uint64_t ls_attrs_parse(const struct nlattr **tb, unsigned n, const void *data, size_t length)
{
	const uint8_t *at = data;
	uint64_t seen = 0;

	memset(tb, 0, n * sizeof(*tb));
	while (length >= ATTR_HEADER) {
		const struct nlattr *attr = (const void *)at;
		unsigned type = ATTR_TYPE(attr);
		size_t step = ATTR_ALIGN(attr->nla_len);

		if (attr->nla_len < ATTR_HEADER || attr->nla_len > length)
			break;
		if (type < n) {
			tb[type] = attr;
			seen |= UINT64_C(1) << type;
		}
		if (step >= length)
			break;
		at += step;
		length -= step;
	}
	return seen;
}

bool ls_attrs_of(const struct nlmsghdr *message, size_t header, const void **ret, size_t *ret_length)
{
	size_t before = NLMSG_HDRLEN + NLMSG_ALIGN(header);

	if (message->nlmsg_len < before)
		return false;
	*ret = (const uint8_t *)message + before;
	*ret_length = message->nlmsg_len - before;
	return true;
}

size_t ls_attr_length(const struct nlattr *attr)
{
	return attr ? attr->nla_len - ATTR_HEADER : 0;
}

const void *ls_attr_data(const struct nlattr *attr)
{
	return attr ? (const uint8_t *)attr + ATTR_HEADER : NULL;
}

uint8_t ls_attr_u8(const struct nlattr *attr)
{
	return ls_attr_length(attr) >= 1 ? *(const uint8_t *)ls_attr_data(attr) : 0;
}

uint16_t ls_attr_u16(const struct nlattr *attr)
{
	uint16_t value = 0;

	if (ls_attr_length(attr) >= sizeof(value))
		memcpy(&value, ls_attr_data(attr), sizeof(value));
	return value;
}

uint32_t ls_attr_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	if (ls_attr_length(attr) >= sizeof(value))
		memcpy(&value, ls_attr_data(attr), sizeof(value));
	return value;
}

uint64_t ls_attr_u64(const struct nlattr *attr)
{
	uint64_t value = 0;

	if (ls_attr_length(attr) >= sizeof(value))
		memcpy(&value, ls_attr_data(attr), sizeof(value));
	return value;
}

const char *ls_attr_text(const struct nlattr *attr, size_t *ret_length)
{
	const char *text = attr ? ls_attr_data(attr) : "";

	*ret_length = attr ? strnlen(text, ls_attr_length(attr)) : 0;
	return text;
}

bool ls_attr_ip(const struct nlattr *attr, uint8_t family, struct ls_ip *ret)
{
	size_t size = ls_ip_size(family);

	if (!attr || ls_attr_length(attr) < size)
		return false;
	ret->family = family;
	memcpy(ret->bytes, ls_attr_data(attr), size);
	return true;
}

/* ---- a dump ------------------------------------------------------------------------------------------------------ */

void ls_dump_begin(struct ls_dump *dump, struct ls_kernel *kernel, struct ls_set *set)
{
	*dump = (struct ls_dump){ .kernel = kernel, .set = set, .n_before = set->n_objects };
	kernel->dump++; /* names borrowed so far may lie in another arena */
}

int ls_dump_each(const struct nlmsghdr *message, void *data)
{
	struct ls_dump *dump = data;

	return dump->decode(dump, message);
}

int ls_dump_request(struct ls_kernel *kernel, struct ls_netlink *nl, struct nl_msg *request, ls_decode_message *decode,
	struct ls_set *ret, struct ls_error *err)
{
	struct ls_dump dump;
	int r;

	ls_dump_begin(&dump, kernel, ret);
	dump.decode = decode;
	r = ls_netlink_dump(nl, request, ls_dump_each, ls_dump_restart, &dump, err);
	ls_dump_done(&dump);
	return r;
}

int ls_dump_all(struct ls_kernel *kernel, int type, const void *header, size_t size, ls_decode_message *decode,
	struct ls_set *ret, struct ls_error *err)
{
	struct nl_msg *request = ls_tx_message(kernel->nl, type, 0);

	if (nlmsg_append(request, (void *)(uintptr_t)header, size, NLMSG_ALIGNTO) < 0)
		return ls_error_set(err, -EMSGSIZE, "request does not fit");
	return ls_dump_request(kernel, kernel->nl, request, decode, ret, err);
}

/* All headers of rtnetlink begin with the family (struct rtgenmsg). */
int ls_dump_families(struct ls_kernel *kernel, int type, size_t size, ls_decode_message *decode, struct ls_set *ret,
	struct ls_error *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int r = 0;

	for (size_t i = 0; i < LS_ARRAY_SIZE(families) && r >= 0; i++) {
		const uint8_t header[32] = { families[i] };

		r = ls_dump_all(kernel, type, header, size, decode, ret, err);
	}
	return r;
}

void ls_dump_done(struct ls_dump *dump)
{
	ls_buf_done(&dump->text);
}

int ls_dump_restart(void *data)
{
	struct ls_dump *dump = data;

	ls_set_truncate(dump->set, dump->n_before);
	return 0;
}

const char *ls_dump_text(const struct ls_dump *dump, const char *text, size_t length)
{
	return ls_arena_intern(dump->set->arena, text, length);
}

const char *ls_dump_link(const struct ls_dump *dump, uint32_t index)
{
	struct ls_link_entry *entry = ls_link_table_by_index(&dump->kernel->links, index);
	char name[IFNAMSIZ];
	int length;

	if (!entry) {
		dump->kernel->link_missed = true;
		length = snprintf(name, sizeof(name), "if%u", index);
		return ls_dump_text(dump, name, (size_t)length);
	}
	if (entry->dump != dump->kernel->dump) {
		entry->borrowed = ls_dump_text(dump, entry->name, strlen(entry->name));
		entry->dump = entry->borrowed ? dump->kernel->dump : 0;
	}
	return entry->borrowed;
}

int ls_dump_keep_raw(const struct ls_dump *dump, struct ls_object *object, const struct nlmsghdr *message)
{
	if (message->nlmsg_len > LS_RAW_MAX)
		return 0;
	object->raw = ls_arena_copy(dump->set->arena, message, message->nlmsg_len);
	if (!object->raw)
		return -ENOMEM;
	object->raw_length = (uint16_t)message->nlmsg_len;
	return 0;
}
