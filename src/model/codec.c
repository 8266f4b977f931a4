/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects as bytes, for the files of the state directory. All numbers are little endian. An object is: kind (1 byte, 0
 * = none), owner, flags, line, column, the bitmap of its attributes, their values in the order of the table (texts with
 * a length in front), the length of the raw message and the message. The reader trusts nothing: files can be truncated
 * or damaged, and a fuzzer feeds it.
 */
#include <linkspan/model.h>

#include <endian.h>
#include <string.h>

int ls_write_u32(struct ls_buf *buf, uint32_t value)
{
	value = htole32(value);
	return ls_buf_append(buf, &value, sizeof(value));
}

int ls_write_u64(struct ls_buf *buf, uint64_t value)
{
	value = htole64(value);
	return ls_buf_append(buf, &value, sizeof(value));
}

int ls_read_bytes(struct ls_reader *reader, size_t length, const uint8_t **ret)
{
	if (length > reader->left)
		return -EBADMSG;
	*ret = reader->data;
	reader->data += length;
	reader->left -= length;
	return 0;
}

int ls_read_u32(struct ls_reader *reader, uint32_t *ret)
{
	const uint8_t *data;
	uint32_t value;

	if (ls_read_bytes(reader, sizeof(value), &data) < 0)
		return -EBADMSG;
	memcpy(&value, data, sizeof(value));
	*ret = le32toh(value);
	return 0;
}

int ls_read_u64(struct ls_reader *reader, uint64_t *ret)
{
	const uint8_t *data;
	uint64_t value;

	if (ls_read_bytes(reader, sizeof(value), &data) < 0)
		return -EBADMSG;
	memcpy(&value, data, sizeof(value));
	*ret = le64toh(value);
	return 0;
}

/* The head, as it lies in a file. Bytes only, so that it needs no padding and one append writes it. */
struct head {
	uint8_t kind, owner, flags, reserved;
	uint8_t line[4], column[4], set[4], managed[4], raw_length[4];
};

static void put_u32(uint8_t bytes[4], uint32_t value)
{
	value = htole32(value);
	memcpy(bytes, &value, 4);
}

static uint32_t get_u32(const uint8_t bytes[4])
{
	uint32_t value;

	memcpy(&value, bytes, 4);
	return le32toh(value);
}

static int write_ip(struct ls_buf *buf, const struct ls_ip *ip)
{
	ls_buf_append(buf, &ip->family, 1);
	return ls_buf_append(buf, ip->bytes, sizeof(ip->bytes));
}

static int write_text(struct ls_buf *buf, const char *text)
{
	size_t length = strlen(text);

	ls_write_u32(buf, (uint32_t)length);
	return ls_buf_append(buf, text, length);
}

/* A hop without a link has an empty name, one without an address the family 0. */
static int write_hops(struct ls_buf *buf, const struct ls_hops *hops)
{
	ls_write_u32(buf, (uint32_t)hops->n);
	for (size_t i = 0; i < hops->n; i++) {
		const struct ls_hop *hop = &hops->hops[i];

		write_ip(buf, &hop->via);
		write_text(buf, hop->dev ? hop->dev : "");
		ls_write_u32(buf, (uint32_t)hop->weight | (uint32_t)hop->onlink << 16);
	}
	return buf->failed ? -ENOMEM : 0;
}

static int write_value(struct ls_buf *buf, const struct ls_attr *attr, const struct ls_object *object)
{
	const void *value = ls_object_value(object, attr);
	const struct ls_prefix *prefix;
	uint16_t u16;

	switch (attr->type) {
	case LS_TYPE_BOOL:
	case LS_TYPE_U8:
	case LS_TYPE_ENUM:
		return ls_buf_append(buf, value, 1);
	case LS_TYPE_U16:
		u16 = htole16(*(const uint16_t *)value);
		return ls_buf_append(buf, &u16, sizeof(u16));
	case LS_TYPE_U32:
		return ls_write_u32(buf, *(const uint32_t *)value);
	case LS_TYPE_IP:
		return write_ip(buf, value);
	case LS_TYPE_PREFIX:
		prefix = value;
		write_ip(buf, &prefix->ip);
		return ls_buf_append(buf, &prefix->length, 1);
	case LS_TYPE_MAC:
		return ls_buf_append(buf, value, 6);
	case LS_TYPE_STRING:
	case LS_TYPE_LINK:
		return write_text(buf, *(const char *const *)value);
	case LS_TYPE_HOPS:
		return write_hops(buf, value);
	}
	return -EINVAL;
}

int ls_object_write(struct ls_buf *buf, const struct ls_object *object)
{
	struct head head = { 0 };

	if (!object)
		return ls_buf_append(buf, &head, 1);
	head.kind = (uint8_t)object->kind->id;
	head.owner = object->owner;
	head.flags = object->flags;
	put_u32(head.line, object->line);
	put_u32(head.column, object->column);
	put_u32(head.set, object->set);
	put_u32(head.managed, object->managed);
	put_u32(head.raw_length, object->raw ? object->raw_length : 0);
	ls_buf_append(buf, &head, sizeof(head));
	for (unsigned i = 0; i < object->kind->n_attrs; i++)
		if (ls_object_has(object, i))
			write_value(buf, &object->kind->attrs[i], object);
	if (object->raw)
		ls_buf_append(buf, object->raw, object->raw_length);
	return buf->failed ? -ENOMEM : 0;
}

/* Unused bytes are zero: addresses are compared with memcmp. */
static bool ip_is_valid(const struct ls_ip *ip)
{
	static const uint8_t unused[12];

	return ls_ip_size(ip->family) == 16 || (ls_ip_size(ip->family) == 4 && !memcmp(ip->bytes + 4, unused, 12));
}

static int read_ip(struct ls_reader *reader, struct ls_ip *ret)
{
	const uint8_t *data;

	if (ls_read_bytes(reader, 17, &data) < 0)
		return -EBADMSG;
	ret->family = data[0];
	memcpy(ret->bytes, data + 1, 16);
	return ip_is_valid(ret) ? 0 : -EBADMSG;
}

static int read_text(struct ls_reader *reader, struct ls_arena *arena, const char **ret)
{
	const uint8_t *data;
	uint32_t length;

	if (ls_read_u32(reader, &length) < 0 || ls_read_bytes(reader, length, &data) < 0 || memchr(data, 0, length))
		return -EBADMSG;
	*ret = ls_arena_intern(arena, (const char *)data, length);
	return *ret ? 0 : -ENOMEM;
}

static int read_hop(struct ls_reader *reader, struct ls_arena *arena, struct ls_hop *ret)
{
	static const struct ls_ip none;
	const uint8_t *family;
	uint32_t rest;

	if (!reader->left)
		return -EBADMSG;
	family = reader->data;
	if (*family ? read_ip(reader, &ret->via) < 0 : ls_read_bytes(reader, 17, &family) < 0)
		return -EBADMSG;
	if (!*family)
		ret->via = none;
	if (read_text(reader, arena, &ret->dev) < 0 || ls_read_u32(reader, &rest) < 0 || rest >> 17)
		return -EBADMSG;
	if (!*ret->dev)
		ret->dev = NULL;
	ret->weight = (uint16_t)rest;
	ret->onlink = (uint8_t)(rest >> 16);
	return 0;
}

#define HOP_BYTES_MIN 25u

static int read_hops(struct ls_reader *reader, struct ls_arena *arena, struct ls_hops *ret)
{
	uint32_t n;

	if (ls_read_u32(reader, &n) < 0 || n > reader->left / HOP_BYTES_MIN)
		return -EBADMSG;
	ret->hops = ls_arena_alloc(arena, (n + 1) * sizeof(*ret->hops));
	if (!ret->hops)
		return -ENOMEM;
	for (ret->n = 0; ret->n < n; ret->n++) {
		int r = read_hop(reader, arena, &ret->hops[ret->n]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_enum(const struct ls_attr *attr, uint8_t value)
{
	for (unsigned i = 0; attr->names[i]; i++)
		if (i == value)
			return 0;
	return -EBADMSG;
}

static int read_value(
	struct ls_reader *reader, struct ls_arena *arena, const struct ls_attr *attr, struct ls_object *object)
{
	void *value = (char *)object + attr->offset;
	struct ls_prefix *prefix;
	const uint8_t *data;
	uint16_t u16;

	switch (attr->type) {
	case LS_TYPE_BOOL:
	case LS_TYPE_U8:
	case LS_TYPE_ENUM:
		if (ls_read_bytes(reader, 1, &data) < 0)
			return -EBADMSG;
		*(uint8_t *)value = *data;
		if (attr->type == LS_TYPE_ENUM)
			return read_enum(attr, *data);
		return attr->type == LS_TYPE_BOOL && *data > 1 ? -EBADMSG : 0;
	case LS_TYPE_U16:
		if (ls_read_bytes(reader, 2, &data) < 0)
			return -EBADMSG;
		memcpy(&u16, data, 2);
		*(uint16_t *)value = le16toh(u16);
		return 0;
	case LS_TYPE_U32:
		return ls_read_u32(reader, value);
	case LS_TYPE_IP:
		return read_ip(reader, value);
	case LS_TYPE_PREFIX:
		prefix = value;
		if (read_ip(reader, &prefix->ip) < 0 || ls_read_bytes(reader, 1, &data) < 0 ||
			*data > ls_ip_bits(prefix->ip.family))
			return -EBADMSG;
		prefix->length = *data;
		return 0;
	case LS_TYPE_MAC:
		if (ls_read_bytes(reader, 6, &data) < 0)
			return -EBADMSG;
		memcpy(value, data, 6);
		return 0;
	case LS_TYPE_STRING:
	case LS_TYPE_LINK:
		return read_text(reader, arena, value);
	case LS_TYPE_HOPS:
		return read_hops(reader, arena, value);
	}
	return -EBADMSG;
}

/* An object without its key cannot be compared or described: such a file is damaged. */
static bool has_keys(const struct ls_object *object)
{
	for (unsigned i = 0; i < object->kind->n_attrs; i++)
		if (object->kind->attrs[i].change == LS_CHANGE_KEY && !ls_object_has(object, i) &&
			!(object->kind->attrs[i].flags & LS_ATTR_OPTIONAL))
			return false;
	return true;
}

static int read_head(struct ls_reader *reader, struct ls_arena *arena, struct ls_object **ret, uint32_t *ret_raw)
{
	const struct ls_kind *kind;
	struct ls_object *object;
	const uint8_t *data;
	struct head head;

	if (ls_read_bytes(reader, sizeof(head), &data) < 0)
		return -EBADMSG;
	memcpy(&head, data, sizeof(head));
	kind = ls_kind_by_id(head.kind);
	if (!kind || head.owner > LS_OWNER_OURS || get_u32(head.raw_length) > LS_RAW_MAX)
		return -EBADMSG;
	object = ls_object_new(arena, kind);
	if (!object)
		return -ENOMEM;
	object->owner = head.owner;
	object->flags = head.flags;
	object->line = get_u32(head.line);
	object->column = get_u32(head.column);
	object->set = get_u32(head.set);
	object->managed = get_u32(head.managed);
	if (kind->n_attrs < 32 && (object->set | object->managed) >> kind->n_attrs)
		return -EBADMSG;
	*ret_raw = get_u32(head.raw_length);
	*ret = object;
	return 0;
}

int ls_object_read(struct ls_reader *reader, struct ls_arena *arena, struct ls_object **ret)
{
	struct ls_object *object = NULL;
	uint32_t raw_length = 0;
	const uint8_t *data;
	int r;

	if (reader->left && !*reader->data) {
		*ret = NULL;
		return ls_read_bytes(reader, 1, &data);
	}
	r = read_head(reader, arena, &object, &raw_length);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < object->kind->n_attrs; i++) {
		r = ls_object_has(object, i) ? read_value(reader, arena, &object->kind->attrs[i], object) : 0;
		if (r < 0)
			return r;
	}
	if (!has_keys(object) || (object->kind->valid && !object->kind->valid(object)) ||
		ls_read_bytes(reader, raw_length, &data) < 0)
		return -EBADMSG;
	if (raw_length) {
		object->raw = ls_arena_copy(arena, data, raw_length);
		object->raw_length = (uint16_t)raw_length;
		if (!object->raw)
			return -ENOMEM;
	}
	*ret = object;
	return 0;
}
