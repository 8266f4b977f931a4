/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC32C, bit-reflected, polynomial 0x1edc6f41 (RFC 3720). Processors with SSE 4.2 have an instruction for it; all
 * others go byte by byte through a table. The table is linear: the entry of an index is the exclusive or of the entries
 * of its bits, so eight constants spell it out.
 */
#include <linkspan/util.h>

#include <string.h>

#define BIT_OF(i, bit, entry) ((i) & (bit) ? (entry) : 0)
#define ENTRY(i) \
	(BIT_OF(i, 0x01u, 0xf26b8303u) ^ BIT_OF(i, 0x02u, 0xe13b70f7u) ^ BIT_OF(i, 0x04u, 0xc79a971fu) ^ \
		BIT_OF(i, 0x08u, 0x8ad958cfu) ^ BIT_OF(i, 0x10u, 0x105ec76fu) ^ BIT_OF(i, 0x20u, 0x20bd8edeu) ^ \
		BIT_OF(i, 0x40u, 0x417b1dbcu) ^ BIT_OF(i, 0x80u, 0x82f63b78u))
#define ENTRIES4(i) ENTRY(i), ENTRY((i) + 1u), ENTRY((i) + 2u), ENTRY((i) + 3u)
#define ENTRIES16(i) ENTRIES4(i), ENTRIES4((i) + 4u), ENTRIES4((i) + 8u), ENTRIES4((i) + 12u)
#define ENTRIES64(i) ENTRIES16(i), ENTRIES16((i) + 16u), ENTRIES16((i) + 32u), ENTRIES16((i) + 48u)

static const uint32_t table[256] = { ENTRIES64(0u), ENTRIES64(64u), ENTRIES64(128u), ENTRIES64(192u) };

static uint32_t crc32c_table(uint32_t crc, const uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		crc = (crc >> 8) ^ table[(uint8_t)crc ^ data[i]];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *data, size_t length)
{
	uint64_t wide = crc, word;

	for (; length >= sizeof(word); data += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; length > 0; data++, length--)
		crc = __builtin_ia32_crc32qi(crc, *data);
	return crc;
}
#endif

uint32_t ls_crc32c(uint32_t crc, const void *data, size_t length)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc32c_sse42(~crc, data, length);
#endif
	return ~crc32c_table(~crc, data, length);
}
