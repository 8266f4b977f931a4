/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: what is read, what is refused, and how they are written. */
#include <criterion/criterion.h>
#include <linkspan/util.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static struct ls_ip ip(const char *text)
{
	struct ls_ip ip = { 0 };

	cr_assert_eq(ls_ip_parse(text, &ip), 0, "%s", text);
	return ip;
}

static struct ls_prefix prefix(const char *text)
{
	struct ls_prefix prefix = { 0 };

	cr_assert_eq(ls_prefix_parse(text, &prefix), 0, "%s", text);
	return prefix;
}

static void assert_refused(const char *const *texts, size_t n)
{
	struct ls_ip ip = { .family = 99 };

	for (size_t i = 0; i < n; i++) {
		cr_assert_eq(ls_ip_parse(texts[i], &ip), -EINVAL, "\"%s\"", texts[i]);
		cr_assert_eq(ip.family, 99, "ret untouched: \"%s\"", texts[i]);
	}
}

static void assert_written(const char *text, const char *expected)
{
	char buffer[LS_IP_TEXT_MAX];
	struct ls_ip address = ip(text);

	cr_assert_str_eq(ls_ip_format(&address, buffer), expected, "%s gave %s", text, buffer);
}

Test(ip, ipv4_octets_are_in_network_order)
{
	static const uint8_t bytes[16] = { 192, 0, 2, 254 };
	struct ls_ip address = ip("192.0.2.254");

	cr_assert_eq(address.family, AF_INET);
	cr_assert_eq(memcmp(address.bytes, bytes, sizeof(bytes)), 0, "unused bytes are zero");
}

Test(ip, equal_addresses_are_equal_bytes)
{
	struct ls_ip a, b;

	memset(&a, 0xaa, sizeof(a));
	memset(&b, 0x55, sizeof(b));
	cr_assert_eq(ls_ip_parse("10.0.0.1", &a), 0);
	cr_assert_eq(ls_ip_parse("10.0.0.1", &b), 0);
	cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
}

Test(ip, leading_zero_is_refused)
{
	static const char *const texts[] = { "192.0.02.1", "01.2.3.4", "1.2.3.00", "1.2.3.004", "::ffff:1.2.3.04" };

	assert_refused(texts, LS_ARRAY_SIZE(texts));
}

Test(ip, zero_octets_are_fine)
{
	assert_written("0.0.0.0", "0.0.0.0");
	assert_written("10.0.100.255", "10.0.100.255");
}

Test(ip, malformed_ipv4_is_refused)
{
	static const char *const texts[] = { "", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "1..2.3",
		".1.2.3", "256.0.0.1", "1.2.3.256", "1.2.3.1000", "1.2.3.4294967297", "1.2.3.-4", "1.2.3.+4",
		" 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "0x1.2.3.4", "1.2.3.a", "1,2,3,4", "1.2.3.4/24", "default",
		"localhost" };

	assert_refused(texts, LS_ARRAY_SIZE(texts));
}

Test(ip, malformed_ipv6_is_refused)
{
	static const char *const texts[] = { ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"12345::", "g::", "::1 ", " ::1", "fe80::1%eth0", "[::1]", "::1/64",
		"1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8", "::1.2.3", "::1.2.3.4.5", "::256.1.1.1",
		"0000:0000:0000:0000:0000:ffff:255.255.255.2555", /* one longer than any address */
		"2001:db8::1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22" };

	assert_refused(texts, LS_ARRAY_SIZE(texts));
}

Test(ip, ipv6_is_read_in_all_its_forms)
{
	struct ls_ip address = ip("2001:0DB8:0:0:0:0:0:1"), shorter = ip("2001:db8::1");

	cr_assert_eq(address.family, AF_INET6);
	cr_assert_eq(memcmp(&address, &shorter, sizeof(address)), 0);
	ip("0000:0000:0000:0000:0000:ffff:255.255.255.255");
	ip("1:2:3:4:5:6:7::");
	ip("abcd::");
	ip("::");
}

Test(ip, v4_mapped_stays_ipv6)
{
	struct ls_ip address = ip("::ffff:192.0.2.1");

	cr_assert_eq(address.family, AF_INET6);
	cr_assert_eq(address.bytes[10], 0xff);
	assert_written("::ffff:c000:201", "::ffff:192.0.2.1");
}

Test(ip, ipv6_is_written_as_in_rfc_5952)
{
	assert_written("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1");    /* 4.2.3: the first of equal runs */
	assert_written("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");          /* 4.2.3: the longest run */
	assert_written("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"); /* 4.2.2: not a single group */
	assert_written("2001:db8::0001", "2001:db8::1");                /* 4.1 */
	assert_written("0:0:0:0:0:0:0:0", "::");
	assert_written("0:0:0:0:0:0:0:1", "::1");
	assert_written("1:0:0:0:0:0:0:0", "1::");
	assert_written("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
	assert_written("0:0:3:4:5:6:7:8", "::3:4:5:6:7:8");
	assert_written("0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8");
	assert_written("fe80:10:200:3000:a:bc:def:ffff", "fe80:10:200:3000:a:bc:def:ffff");
	assert_written("::102:304", "::102:304"); /* 5: only known prefixes are written with dots */
}

Test(ip, what_is_written_is_read_back)
{
	uint32_t random = 1;
	char text[LS_IP_TEXT_MAX];

	for (unsigned i = 0; i < 20000; i++) {
		struct ls_ip address = { .family = i % 2 ? AF_INET : AF_INET6 }, back, oracle = { 0 };

		for (unsigned j = 0; j < ls_ip_size(address.family); j++) {
			random = random * 1103515245u + 12345u;
			address.bytes[j] = random >> 30 ? 0 : (uint8_t)(random >> 16);
		}
		ls_ip_format(&address, text);
		back = ip(text);
		cr_assert_eq(memcmp(&address, &back, sizeof(back)), 0, "%s", text);
		cr_assert_eq(inet_pton(address.family, text, oracle.bytes), 1, "%s", text);
		cr_assert_eq(memcmp(address.bytes, oracle.bytes, sizeof(oracle.bytes)), 0, "%s", text);
	}
}

Test(ip, longest_text_fits)
{
	char text[LS_PREFIX_TEXT_MAX];
	struct ls_prefix longest = prefix("1111:2222:3333:4444:5555:6666:7777:8888/128");

	cr_assert_str_eq(ls_prefix_format(&longest, text), "1111:2222:3333:4444:5555:6666:7777:8888/128");
}

Test(ip, no_address_is_written_as_none)
{
	char text[LS_IP_TEXT_MAX];

	cr_assert_str_eq(ls_ip_format(&(struct ls_ip){ 0 }, text), "none");
}

Test(ip, size_and_bits_follow_the_family)
{
	cr_assert_eq(ls_ip_size(AF_INET), 4);
	cr_assert_eq(ls_ip_size(AF_INET6), 16);
	cr_assert_eq(ls_ip_size(0), 0);
	cr_assert_eq(ls_ip_bits(AF_INET), 32);
	cr_assert_eq(ls_ip_bits(AF_INET6), 128);
	cr_assert_eq(ls_ip_bits(0), 0);
}

Test(ip, link_local_ends_at_its_prefix)
{
	static const struct {
		const char *text;
		bool link_local;
	} cases[] = { { "169.254.0.0", true }, { "169.254.255.255", true }, { "169.253.255.255", false },
		{ "169.255.0.0", false }, { "fe80::1", true }, { "febf::1", true }, { "fe7f::1", false },
		{ "fec0::1", false }, { "::ffff:169.254.0.1", false } };

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		struct ls_ip address = ip(cases[i].text);

		cr_assert_eq(ls_ip_is_link_local(&address), cases[i].link_local, "%s", cases[i].text);
	}
	cr_assert_not(ls_ip_is_link_local(&(struct ls_ip){ 0 }));
}

Test(prefix, host_bits_are_kept)
{
	char text[LS_PREFIX_TEXT_MAX];
	struct ls_prefix address = prefix("192.0.2.7/24");

	cr_assert_eq(address.length, 24);
	cr_assert_str_eq(ls_prefix_format(&address, text), "192.0.2.7/24");
}

Test(prefix, malformed_is_refused)
{
	static const char *const texts[] = { "", "/", "/24", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/024",
		"10.0.0.0/00", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ", "10.0.0.0/ 8", "10.0.0.0/8/8",
		"10.0.0.0/255.0.0.0", "::/129", "::/0128", "::/1000", "::/4294967296", "::/x", "10.0.0.0 /8",
		"::", "10/8", "fe80::%1/64" };
	struct ls_prefix prefix = { .length = 99 };

	for (size_t i = 0; i < LS_ARRAY_SIZE(texts); i++)
		cr_assert_eq(ls_prefix_parse(texts[i], &prefix), -EINVAL, "\"%s\"", texts[i]);
	cr_assert_eq(prefix.length, 99, "ret untouched");
}

Test(prefix, lengths_at_the_ends_are_fine)
{
	cr_assert_eq(prefix("0.0.0.0/0").length, 0);
	cr_assert_eq(prefix("1.2.3.4/32").length, 32);
	cr_assert_eq(prefix("::/0").length, 0);
	cr_assert_eq(prefix("::1/128").length, 128);
}

Test(prefix, network_clears_host_bits_at_any_length)
{
	static const char *const cases[][2] = { { "255.255.255.255/0", "0.0.0.0/0" },
		{ "255.255.255.255/1", "128.0.0.0/1" }, { "255.255.255.255/9", "255.128.0.0/9" },
		{ "255.255.255.255/31", "255.255.255.254/31" }, { "255.255.255.255/32", "255.255.255.255/32" },
		{ "ffff:ffff:ffff:ffff::1/33", "ffff:ffff:8000::/33" }, { "2001:db8::ffff/127", "2001:db8::fffe/127" },
		{ "2001:db8::1/64", "2001:db8::/64" }, { "::1/128", "::1/128" } };
	char text[LS_PREFIX_TEXT_MAX];

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		struct ls_prefix network = ls_prefix_network(prefix(cases[i][0]));

		cr_assert_str_eq(ls_prefix_format(&network, text), cases[i][1], "%s gave %s", cases[i][0], text);
	}
}

Test(prefix, contains_at_odd_bit_lengths)
{
	static const struct {
		const char *prefix, *ip;
		bool contains;
	} cases[] = { { "10.0.0.0/8", "10.255.255.255", true }, { "10.0.0.0/8", "11.0.0.0", false },
		{ "10.128.0.0/9", "10.127.255.255", false }, { "10.128.0.0/9", "10.200.0.1", true },
		{ "192.0.2.7/24", "192.0.2.1", true }, { "192.0.2.6/31", "192.0.2.7", true },
		{ "192.0.2.6/31", "192.0.2.8", false }, { "192.0.2.6/32", "192.0.2.6", true },
		{ "192.0.2.6/32", "192.0.2.7", false }, { "0.0.0.0/0", "203.0.113.1", true },
		{ "::/0", "203.0.113.1", false }, { "0.0.0.0/0", "::", false }, { "::ffff:0:0/96", "192.0.2.1", false },
		{ "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::/127", "2001:db8::1", true }, { "2001:db8::/127", "2001:db8::2", false },
		{ "2001:db8::1/128", "2001:db8::1", true }, { "2001:db8::1/128", "2001:db8::", false } };

	for (size_t i = 0; i < LS_ARRAY_SIZE(cases); i++) {
		struct ls_prefix network = prefix(cases[i].prefix);
		struct ls_ip address = ip(cases[i].ip);

		cr_assert_eq(ls_prefix_contains(&network, &address), cases[i].contains, "%s in %s", cases[i].ip,
			cases[i].prefix);
	}
}

Test(prefix, nothing_is_in_no_prefix)
{
	cr_assert_not(ls_prefix_contains(&(struct ls_prefix){ 0 }, &(struct ls_ip){ 0 }));
}

Test(mac, is_read_in_either_case_and_written_in_lower)
{
	static const uint8_t bytes[6] = { 0x02, 0xab, 0xcd, 0xef, 0x00, 0x9f };
	char text[LS_MAC_TEXT_MAX];
	struct ls_mac mac;

	cr_assert_eq(ls_mac_parse("02:AB:cd:eF:00:9f", &mac), 0);
	cr_assert_eq(memcmp(mac.bytes, bytes, sizeof(bytes)), 0);
	cr_assert_str_eq(ls_mac_format(&mac, text), "02:ab:cd:ef:00:9f");
}

Test(mac, malformed_is_refused)
{
	static const char *const texts[] = { "", "02", "02:ab:cd:ef:00", "02:ab:cd:ef:00:", "02:ab:cd:ef:00:9",
		"2:ab:cd:ef:0:9f", "02:ab:cd:ef:00:9f:", "02:ab:cd:ef:00:9f:01", "02-ab-cd-ef-00-9f", "02abcdef009f",
		"02:ab:cd:ef:00:9g", "02:ab:cd:ef:00: 9", "02:ab:cd:ef:00:9f ", "02ab.cdef.009f" };
	struct ls_mac mac = { .bytes = { 99 } };

	for (size_t i = 0; i < LS_ARRAY_SIZE(texts); i++)
		cr_assert_eq(ls_mac_parse(texts[i], &mac), -EINVAL, "\"%s\"", texts[i]);
	cr_assert_eq(mac.bytes[0], 99, "ret untouched");
}
