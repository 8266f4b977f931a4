/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as text. Specs and snapshots hold hundreds of thousands of them, so IPv4 is read and everything is written
 * by hand; reading IPv6 is left to inet_pton, which is as strict. IPv4 octets and prefix lengths with leading zeros are
 * refused: some programs read them as octal, so they mean different things to different readers (RFC 6943, 3.1.1).
 */
#include <linkspan/util.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads a decimal number without leading zeros up to `max` (three digits). Returns what follows it, or NULL. */
static const char *parse_number(const char *text, unsigned max, uint8_t *ret)
{
	unsigned value = 0;
	const char *at = text;

	while (is_digit(*at) && at - text < 3)
		value = value * 10 + (unsigned)(*at++ - '0');
	if (at == text || value > max || is_digit(*at) || (*text == '0' && at - text > 1))
		return NULL;
	*ret = (uint8_t)value;
	return at;
}

/* Reads four octets at the start of a text. Returns what follows them, or NULL. */
static const char *parse_ipv4(const char *text, struct ls_ip *ret)
{
	*ret = (struct ls_ip){ .family = AF_INET };
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0 && *text++ != '.')
			return NULL;
		text = parse_number(text, 255, &ret->bytes[i]);
		if (!text)
			return NULL;
	}
	return text;
}

static const char *parse_ipv6(const char *text, struct ls_ip *ret)
{
	size_t length = strcspn(text, "/");
	char copy[LS_IP_TEXT_MAX];

	if (length >= sizeof(copy))
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*ret = (struct ls_ip){ .family = AF_INET6 };
	return inet_pton(AF_INET6, copy, ret->bytes) == 1 ? text + length : NULL;
}

/* Reads an address that ends at the text's end or at a slash. Returns what follows it, or NULL. */
static const char *parse_ip(const char *text, struct ls_ip *ret)
{
	/* The first group has at most four characters: enough to see which family it is. */
	for (unsigned i = 0; i < 5 && text[i] != '\0' && text[i] != '.'; i++) {
		if (text[i] == ':')
			return parse_ipv6(text, ret);
	}
	return parse_ipv4(text, ret);
}

int ls_ip_parse(const char *text, struct ls_ip *ret)
{
	const char *rest;
	struct ls_ip ip;

	rest = parse_ip(text, &ip);
	if (!rest || *rest != '\0')
		return -EINVAL;
	*ret = ip;
	return 0;
}

int ls_prefix_parse(const char *text, struct ls_prefix *ret)
{
	struct ls_prefix prefix;
	const char *rest;

	rest = parse_ip(text, &prefix.ip);
	if (!rest || *rest != '/')
		return -EINVAL;
	rest = parse_number(rest + 1, ls_ip_bits(prefix.ip.family), &prefix.length);
	if (!rest || *rest != '\0')
		return -EINVAL;
	*ret = prefix;
	return 0;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int ls_mac_parse(const char *text, struct ls_mac *ret)
{
	struct ls_mac mac;
	int high, low;

	for (unsigned i = 0; i < sizeof(mac.bytes); i++) {
		if (i > 0 && *text++ != ':')
			return -EINVAL;
		high = hex_value(text[0]);
		low = high < 0 ? -1 : hex_value(text[1]);
		if (low < 0)
			return -EINVAL;
		mac.bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text != '\0')
		return -EINVAL;
	*ret = mac;
	return 0;
}

static char *put_decimal(char *at, unsigned value)
{
	if (value >= 100)
		*at++ = (char)('0' + value / 100);
	if (value >= 10)
		*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

static char hex_digit(unsigned value)
{
	return "0123456789abcdef"[value & 15];
}

static char *put_ipv4(char *at, const uint8_t bytes[4])
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = put_decimal(at, bytes[i]);
	}
	return at;
}

static unsigned group(const uint8_t bytes[16], unsigned i)
{
	return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

static char *put_group(char *at, unsigned value)
{
	for (int shift = value >= 0x1000 ? 12 : value >= 0x100 ? 8 : value >= 0x10 ? 4 : 0; shift >= 0; shift -= 4)
		*at++ = hex_digit(value >> shift);
	return at;
}

/* The longest run of two and more zero groups, the first of equally long ones (RFC 5952, 4.2). Returns its length. */
static unsigned find_zeros(const uint8_t bytes[16], unsigned *ret_start)
{
	unsigned best = 0, run = 0;

	for (unsigned i = 0; i < 8; i++) {
		run = group(bytes, i) == 0 ? run + 1 : 0;
		if (run < 2 || run <= best)
			continue;
		best = run;
		*ret_start = i + 1 - run;
	}
	return best;
}

static char *put_ipv6(char *at, const uint8_t bytes[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned start = 8, zeros, i = 0;

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return put_ipv4((char *)memcpy(at, "::ffff:", 7) + 7, bytes + 12);
	zeros = find_zeros(bytes, &start);
	while (i < 8) {
		if (i == start) {
			*at++ = ':';
			*at++ = ':';
			i += zeros;
			continue;
		}
		if (i > 0 && i != start + zeros)
			*at++ = ':';
		at = put_group(at, group(bytes, i++));
	}
	return at;
}

static char *put_ip(char *at, const struct ls_ip *ip)
{
	if (ip->family == AF_INET)
		return put_ipv4(at, ip->bytes);
	if (ip->family == AF_INET6)
		return put_ipv6(at, ip->bytes);
	return (char *)memcpy(at, "none", 4) + 4;
}

const char *ls_ip_format(const struct ls_ip *ip, char text[static LS_IP_TEXT_MAX])
{
	*put_ip(text, ip) = '\0';
	return text;
}

const char *ls_prefix_format(const struct ls_prefix *prefix, char text[static LS_PREFIX_TEXT_MAX])
{
	char *at = put_ip(text, &prefix->ip);

	*at++ = '/';
	*put_decimal(at, prefix->length) = '\0';
	return text;
}

const char *ls_mac_format(const struct ls_mac *mac, char text[static LS_MAC_TEXT_MAX])
{
	char *at = text;

	for (unsigned i = 0; i < sizeof(mac->bytes); i++) {
		if (i > 0)
			*at++ = ':';
		*at++ = hex_digit(mac->bytes[i] >> 4);
		*at++ = hex_digit(mac->bytes[i]);
	}
	*at = '\0';
	return text;
}

size_t ls_ip_size(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

const char *ls_ip_family_name(uint8_t family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

uint8_t ls_ip_bits(uint8_t family)
{
	return (uint8_t)(8 * ls_ip_size(family));
}

/* The bits of byte `i` that a prefix of `length` bits covers. */
static uint8_t byte_mask(unsigned length, size_t i)
{
	if (length >= 8 * (i + 1))
		return 0xff;
	if (length <= 8 * i)
		return 0;
	return (uint8_t)(0xff00u >> (length - 8 * i));
}

struct ls_prefix ls_prefix_network(struct ls_prefix prefix)
{
	for (size_t i = 0; i < sizeof(prefix.ip.bytes); i++)
		prefix.ip.bytes[i] &= byte_mask(prefix.length, i);
	return prefix;
}

struct ls_ip ls_prefix_last(const struct ls_prefix *prefix)
{
	struct ls_ip ip = prefix->ip;

	for (unsigned bit = prefix->length; bit < ls_ip_bits(ip.family); bit++)
		ip.bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
	return ip;
}

struct ls_prefix ls_ip_alone(const struct ls_ip *ip)
{
	return (struct ls_prefix){ .ip = *ip, .length = (uint8_t)ls_ip_bits(ip->family) };
}

bool ls_prefix_contains(const struct ls_prefix *prefix, const struct ls_ip *ip)
{
	size_t size = ls_ip_size(ip->family);

	if (prefix->ip.family != ip->family || size == 0)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (((prefix->ip.bytes[i] ^ ip->bytes[i]) & byte_mask(prefix->length, i)) != 0)
			return false;
	}
	return true;
}

bool ls_ip_is_link_local(const struct ls_ip *ip)
{
	if (ip->family == AF_INET)
		return ip->bytes[0] == 169 && ip->bytes[1] == 254;
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

/* ---- lists of prefixes ------------------------------------------------------------------------------------------- */

int ls_prefix_compare(const struct ls_prefix *a, const struct ls_prefix *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int compare_prefixes(const void *a, const void *b)
{
	return ls_prefix_compare(a, b);
}

const char *ls_prefixes_text(struct ls_arena *arena, struct ls_prefix *list, size_t n)
{
	struct ls_buf buf LS_CLEANUP(ls_buf_done) = { 0 };
	char text[LS_PREFIX_TEXT_MAX];

	if (n)
		qsort(list, n, sizeof(*list), compare_prefixes);
	for (size_t i = 0; i < n; i++)
		(void)ls_buf_printf(&buf, "%s%s", i ? " " : "", ls_prefix_format(&list[i], text));
	return buf.failed ? NULL : ls_arena_intern(arena, (const char *)buf.data, buf.length);
}
