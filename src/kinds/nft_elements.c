/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements as bytes: the parts of a key or of data one after the other, each of them filled up to four bytes where
 * there are several. Which attribute a part is, its type and its place say.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#define ALIGN4(n) (((n) + 3u) & ~(size_t)3)

#define ANY_PROTOCOL UINT8_MAX /* 0 to this */
#define ANY_PORT UINT16_MAX

/* "tcp", "132", or "6-17", which only strangers ask for; none is any. */
static uint8_t protocol_number(const char *text, bool upper)
{
	uint8_t number = text ? ls_nft_protocol_number(text) : 0;
	char *end;

	if (!text)
		return upper ? ANY_PROTOCOL : 0;
	if (number)
		return number;
	number = (uint8_t)strtoul(text, &end, 10);
	return upper && *end == '-' ? (uint8_t)strtoul(end + 1, NULL, 10) : number;
}

static const char *protocol_text(struct ls_arena *arena, uint8_t first, uint8_t last)
{
	const char *name = ls_nft_protocol_name(first);

	if (first != last)
		return ls_arena_printf(arena, "%u-%u", first, last);
	return name ? name : ls_arena_printf(arena, "%u", first);
}

bool ls_nft_is_concatenation(const uint8_t *parts)
{
	return parts[1] != LS_NFT_NOTHING;
}

/* A number alone is no port. */
bool ls_nft_is_mss(const struct ls_nft_set_form *form)
{
	return form->data[0] == LS_NFT_PORT;
}

size_t ls_nft_parts_size(const uint8_t *parts)
{
	size_t size = 0;

	if (!ls_nft_is_concatenation(parts))
		return ls_nft_type_size(parts[0]);
	for (size_t i = 0; i < LS_NFT_PARTS; i++)
		size += ALIGN4(ls_nft_type_size(parts[i]));
	return size;
}

/* ---- to the kernel ----------------------------------------------------------------------------------------------- */

static void put(struct ls_nft_bytes *to, const void *bytes, size_t length, bool fill)
{
	memset(to->bytes + to->length, 0, ALIGN4(length));
	memcpy(to->bytes + to->length, bytes, length);
	to->length += fill ? ALIGN4(length) : length;
}

static void put_port(struct ls_nft_bytes *to, uint16_t port, bool fill)
{
	port = htons(port);
	put(to, &port, sizeof(port), fill);
}

static void put_name(struct ls_nft_bytes *to, const char *name)
{
	char padded[16] = "";

	snprintf(padded, sizeof(padded), "%s", name);
	put(to, padded, sizeof(padded), true);
}

/* False: it was the last one there is. */
static bool add_one(uint8_t *bytes, size_t length)
{
	while (length-- > 0)
		if (++bytes[length])
			return true;
	return false;
}

static void put_interval(
	const struct ls_nft_element *element, size_t size, struct ls_nft_bytes *ret, struct ls_nft_bytes *ret_end)
{
	bool range = ls_object_has(&element->object, LS_NFT_ELEMENT_LAST);
	struct ls_ip last = range ? element->last : ls_prefix_last(&element->prefix);

	put(ret, range ? element->address.bytes : element->prefix.ip.bytes, size, false);
	put(ret_end, last.bytes, size, false);
	if (!add_one(ret_end->bytes, ret_end->length))
		ret_end->length = 0;
}

static uint16_t port_of(const struct ls_nft_element *element, bool upper)
{
	if (!ls_object_has(&element->object, LS_NFT_ELEMENT_PORT))
		return upper ? ANY_PORT : 0;
	return upper && ls_object_has(&element->object, LS_NFT_ELEMENT_LAST_PORT) ? element->last_port : element->port;
}

/* The first address of a key is the source where there are two. */
static struct ls_ip ip_of(const struct ls_nft_element *element, bool first, bool upper)
{
	const struct ls_prefix *prefix = first ? &element->prefix : &element->destination;

	if (!ls_nft_sets[element->set].subnets)
		return element->address;
	return upper ? ls_prefix_last(prefix) : prefix->ip;
}

/* The part at place `i` of the first key of an interval, or of the last one (`upper`); of a single key both are one. */
static void put_key_part(const struct ls_nft_element *element, size_t i, bool upper, struct ls_nft_bytes *ret)
{
	const uint8_t *parts = ls_nft_sets[element->set].key;
	bool fill = ls_nft_is_concatenation(parts);
	struct ls_ip ip;
	uint8_t number;

	switch ((enum ls_nft_type)parts[i]) {
	case LS_NFT_NOTHING:
		break;
	case LS_NFT_IPV4:
	case LS_NFT_IPV6:
		ip = ip_of(element, i == 0, upper);
		put(ret, ip.bytes, ls_nft_type_size(parts[i]), fill);
		break;
	case LS_NFT_PROTOCOL:
		number = protocol_number(element->protocol, upper);
		put(ret, &number, 1, fill);
		break;
	case LS_NFT_PORT:
		put_port(ret, port_of(element, upper), fill);
		break;
	case LS_NFT_IFNAME:
		put_name(ret, i == 0 ? element->iif : element->oif);
		break;
	}
}

static void put_key_parts(const struct ls_nft_element *element, bool upper, struct ls_nft_bytes *ret)
{
	for (size_t i = 0; i < LS_NFT_PARTS; i++)
		put_key_part(element, i, upper, ret);
}

void ls_nft_key(const struct ls_nft_element *element, struct ls_nft_bytes *ret, struct ls_nft_bytes *ret_end)
{
	const struct ls_nft_set_form *form = &ls_nft_sets[element->set];

	ret->length = ret_end->length = 0;
	if (form->interval && !ls_nft_is_concatenation(form->key)) {
		put_interval(element, ls_nft_type_size(form->key[0]), ret, ret_end);
		return;
	}
	put_key_parts(element, false, ret);
	if (form->interval)
		put_key_parts(element, true, ret_end);
}

void ls_nft_data(const struct ls_nft_element *element, struct ls_nft_bytes *ret)
{
	const struct ls_nft_set_form *form = &ls_nft_sets[element->set];
	bool fill = ls_nft_is_concatenation(form->data);
	struct ls_ip last;

	ret->length = 0;
	if (form->prefixes) {
		last = ls_prefix_last(&element->to_prefix);
		put(ret, element->to_prefix.ip.bytes, ls_nft_type_size(form->data[0]), true);
		put(ret, last.bytes, ls_nft_type_size(form->data[0]), true);
		return;
	}
	for (size_t i = 0; i < LS_NFT_PARTS && form->data[i]; i++) {
		if (form->data[i] == LS_NFT_PORT)
			put_port(ret, ls_nft_is_mss(form) ? element->mss : element->to_port, fill);
		else
			put(ret, element->to.bytes, ls_nft_type_size(form->data[i]), fill);
	}
}

/* ---- from the kernel --------------------------------------------------------------------------------------------- */

static void take_ip(struct ls_ip *ret, uint8_t type, const uint8_t *bytes)
{
	*ret = (struct ls_ip){ .family = type == LS_NFT_IPV4 ? AF_INET : AF_INET6 };
	memcpy(ret->bytes, bytes, ls_nft_type_size(type));
}

static uint16_t take_port(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool same_ip(const struct ls_ip *a, const struct ls_ip *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* The prefix of these ends, if there is one. */
static bool take_prefix(struct ls_prefix *ret, const struct ls_ip *first, const struct ls_ip *last)
{
	for (unsigned length = 0; length <= ls_ip_bits(first->family); length++) {
		struct ls_prefix prefix = { .ip = *first, .length = (uint8_t)length };
		struct ls_prefix network = ls_prefix_network(prefix);
		struct ls_ip end = ls_prefix_last(&prefix);

		if (!same_ip(&network.ip, first) || !same_ip(&end, last))
			continue;
		*ret = prefix;
		return true;
	}
	return false;
}

static void subtract_one(uint8_t *bytes, size_t length)
{
	while (length-- > 0)
		if (bytes[length]--)
			return;
}

static bool take_interval(
	struct ls_nft_element *element, uint8_t type, const struct ls_nft_bytes *key, const struct ls_nft_bytes *end)
{
	struct ls_ip first, last;

	take_ip(&first, type, key->bytes);
	take_ip(&last, type, end->length ? end->bytes : (const uint8_t[16]){ 0 });
	subtract_one(last.bytes, ls_nft_type_size(type)); /* from nothing: the last address there is */
	if (take_prefix(&element->prefix, &first, &last)) {
		ls_object_set(&element->object, LS_NFT_ELEMENT_PREFIX);
		return true;
	}
	element->address = first;
	element->last = last;
	element->object.set |= LS_BIT(LS_NFT_ELEMENT_ADDRESS) | LS_BIT(LS_NFT_ELEMENT_LAST);
	return true;
}

static bool take_name(struct ls_arena *arena, struct ls_nft_element *element, bool first, const uint8_t *bytes)
{
	const char *name = ls_arena_intern(arena, (const char *)bytes, strnlen((const char *)bytes, 16));

	if (first)
		element->iif = name;
	else
		element->oif = name;
	ls_object_set(&element->object, first ? LS_NFT_ELEMENT_IIF : LS_NFT_ELEMENT_OIF);
	return name != NULL;
}

static bool take_protocol(struct ls_arena *arena, struct ls_nft_element *element, uint8_t first, uint8_t last)
{
	if (first == 0 && last == ANY_PROTOCOL)
		return true;
	element->protocol = protocol_text(arena, first, last);
	ls_object_set(&element->object, LS_NFT_ELEMENT_PROTOCOL);
	return element->protocol != NULL;
}

static void take_ports(struct ls_nft_element *element, uint16_t first, uint16_t last)
{
	if (first == 0 && last == ANY_PORT)
		return;
	element->port = first;
	ls_object_set(&element->object, LS_NFT_ELEMENT_PORT);
	if (first == last)
		return;
	element->last_port = last;
	ls_object_set(&element->object, LS_NFT_ELEMENT_LAST_PORT);
}

/* False: a range that is no prefix. */
static bool take_ips(
	struct ls_nft_element *element, uint8_t type, bool first, const uint8_t *lowest, const uint8_t *highest)
{
	struct ls_ip low, high;

	take_ip(&low, type, lowest);
	take_ip(&high, type, highest);
	if (ls_nft_sets[element->set].subnets) {
		ls_object_set(&element->object, first ? LS_NFT_ELEMENT_PREFIX : LS_NFT_ELEMENT_DESTINATION);
		return take_prefix(first ? &element->prefix : &element->destination, &low, &high);
	}
	element->address = low;
	ls_object_set(&element->object, LS_NFT_ELEMENT_ADDRESS);
	return true;
}

/* `low` and `high`: of the part at place `i`; of a single key both are one. */
static bool take_key_part(
	struct ls_arena *arena, struct ls_nft_element *element, size_t i, const uint8_t *low, const uint8_t *high)
{
	uint8_t type = ls_nft_sets[element->set].key[i];

	switch ((enum ls_nft_type)type) {
	case LS_NFT_NOTHING:
		break;
	case LS_NFT_IPV4:
	case LS_NFT_IPV6:
		return take_ips(element, type, i == 0, low, high);
	case LS_NFT_PROTOCOL:
		return take_protocol(arena, element, *low, *high);
	case LS_NFT_PORT:
		take_ports(element, take_port(low), take_port(high));
		break;
	case LS_NFT_IFNAME:
		return take_name(arena, element, i == 0, low);
	}
	return true;
}

bool ls_nft_take_key(struct ls_arena *arena, struct ls_nft_element *element, const struct ls_nft_bytes *key,
	const struct ls_nft_bytes *end)
{
	const struct ls_nft_set_form *form = &ls_nft_sets[element->set];
	const uint8_t *low = key->bytes, *high = end->length ? end->bytes : key->bytes;

	if (key->length != ls_nft_parts_size(form->key) || (end->length && end->length != key->length))
		return false;
	if (form->interval && !ls_nft_is_concatenation(form->key))
		return take_interval(element, form->key[0], key, end);
	for (size_t i = 0; i < LS_NFT_PARTS && form->key[i]; i++) {
		size_t size = ls_nft_is_concatenation(form->key) ? ALIGN4(ls_nft_type_size(form->key[i]))
								 : ls_nft_type_size(form->key[i]);

		if (!take_key_part(arena, element, i, low, high))
			return false;
		low += size;
		high += size;
	}
	return true;
}

static void take_data_part(
	struct ls_nft_element *element, const struct ls_nft_set_form *form, uint8_t type, const uint8_t *bytes)
{
	if (type != LS_NFT_PORT) {
		take_ip(&element->to, type, bytes);
		ls_object_set(&element->object, LS_NFT_ELEMENT_TO);
	} else if (ls_nft_is_mss(form)) {
		element->mss = take_port(bytes);
		ls_object_set(&element->object, LS_NFT_ELEMENT_MSS);
	} else {
		element->to_port = take_port(bytes);
		ls_object_set(&element->object, LS_NFT_ELEMENT_TO_PORT);
	}
}

bool ls_nft_take_data(struct ls_nft_element *element, const struct ls_nft_bytes *data)
{
	const struct ls_nft_set_form *form = &ls_nft_sets[element->set];
	size_t size = ls_nft_parts_size(form->data), at = 0;
	struct ls_ip first, last;

	if (data->length != (form->prefixes ? 2 * size : size))
		return false;
	if (form->prefixes) {
		take_ip(&first, form->data[0], data->bytes);
		take_ip(&last, form->data[0], data->bytes + size);
		if (take_prefix(&element->to_prefix, &first, &last))
			ls_object_set(&element->object, LS_NFT_ELEMENT_TO_PREFIX);
		return true;
	}
	for (size_t i = 0; i < LS_NFT_PARTS && form->data[i]; i++) {
		take_data_part(element, form, form->data[i], data->bytes + at);
		at += ALIGN4(ls_nft_type_size(form->data[i]));
	}
	return true;
}
