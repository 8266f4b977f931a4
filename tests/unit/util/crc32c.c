/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC32C against the vectors of RFC 3720, B.4, and against a bit-by-bit one. */
#include "../../../src/util/crc32c.c"

#include <criterion/criterion.h>

/* Both ways of computing it, whatever this processor would choose. */
static void assert_crc(const void *data, size_t length, uint32_t expected)
{
	cr_assert_eq(ls_crc32c(0, data, length), expected);
	cr_assert_eq(~crc32c_table(~0u, data, length), expected);
}

Test(crc32c, rfc_3720_vectors)
{
	static const uint8_t read_command[48] = { 0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18,
		0x28, [40] = 0x02 };
	uint8_t data[32] = { 0 };

	assert_crc(data, sizeof(data), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	assert_crc(data, sizeof(data), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = i;
	assert_crc(data, sizeof(data), 0x46dd794e);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = (uint8_t)(31 - i);
	assert_crc(data, sizeof(data), 0x113fdb5c);
	assert_crc(read_command, sizeof(read_command), 0xd9963a56);
	assert_crc("123456789", 9, 0xe3069283);
}

Test(crc32c, nothing_changes_nothing)
{
	cr_assert_eq(ls_crc32c(0, "", 0), 0);
	cr_assert_eq(ls_crc32c(0x12345678, "", 0), 0x12345678);
}

Test(crc32c, pieces_give_the_same_as_the_whole)
{
	uint8_t data[100];
	uint32_t whole;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + 3);
	whole = ls_crc32c(0, data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++)
		cr_assert_eq(ls_crc32c(ls_crc32c(0, data, cut), data + cut, sizeof(data) - cut), whole);
}

Test(crc32c, every_table_entry_is_right)
{
	for (unsigned i = 0; i < 256; i++) {
		uint32_t entry = i;

		for (unsigned bit = 0; bit < 8; bit++)
			entry = (entry >> 1) ^ (entry & 1 ? 0x82f63b78u : 0);
		cr_assert_eq(table[i], entry);
	}
}

Test(crc32c, both_ways_agree_at_any_length_and_alignment)
{
	uint8_t data[64];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 151);
	for (size_t start = 0; start < 16; start++) {
		for (size_t length = 0; length + start <= sizeof(data); length++)
			cr_assert_eq(ls_crc32c(0, data + start, length), ~crc32c_table(~0u, data + start, length));
	}
}
