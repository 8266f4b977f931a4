/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds messages to what reads the elements of our sets in nftables: the first byte of the input says of which set, the
 * rest is a dump's messages, each in memory of exactly its length. What was read is written as the kernel wants it, and
 * read again: it must be the same. Tables, sets, chains and rules are read by libnftnl, which ends the process when the
 * kernel's message is not as it should be.
 */
#include "../../src/kinds/nft_element_dump.c"

static void take_all(struct ls_nft_dump *dump, const uint8_t *data, size_t size)
{
	struct nlmsghdr header, *message;

	while (size >= sizeof(header)) {
		memcpy(&header, data, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > size)
			return;
		message = malloc(header.nlmsg_len);
		if (!message)
			return;
		memcpy(message, data, header.nlmsg_len);
		if (take_elements(dump, message) < 0)
			abort();
		free(message);
		if (NLMSG_ALIGN(header.nlmsg_len) >= size)
			return;
		data += NLMSG_ALIGN(header.nlmsg_len);
		size -= NLMSG_ALIGN(header.nlmsg_len);
	}
}

static void there_and_back(struct ls_arena *arena, const struct ls_nft_element *element)
{
	struct ls_nft_element *back = (struct ls_nft_element *)ls_object_new(arena, &ls_kind_nft_element);
	struct ls_nft_bytes key, end, data;

	if (!back)
		return;
	back->set = element->set;
	ls_object_set(&back->object, LS_NFT_ELEMENT_SET);
	ls_nft_key(element, &key, &end);
	ls_nft_data(element, &data);
	if (!ls_nft_take_key(arena, back, &key, &end))
		abort();
	(void)ls_nft_take_data(back, &data);
	if (ls_object_compare(&element->object, &back->object) != 0)
		abort();
}

static void use(struct ls_arena *arena, const struct ls_object *object)
{
	char text[LS_DESCRIBE_MAX];

	ls_object_describe(object, text, sizeof(text));
	if (ls_object_compare(object, object) != 0 || ls_object_diff(object, object) != 0)
		abort();
	if (object->kind == &ls_kind_nft_element)
		there_and_back(arena, (const struct ls_nft_element *)object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ls_arena *arena LS_CLEANUP(ls_arena_freep) = ls_arena_new();
	struct ls_set set LS_CLEANUP(ls_set_done);
	struct ls_nft_dump dump = { .set = &set, .element_set = size ? data[0] % LS_NFT_N_SETS : 0 };

	ls_set_init(&set, arena);
	if (!size || !arena)
		return 0;
	take_all(&dump, data + 1, size - 1);
	sort_elements(&dump.elements);
	(void)add_elements(&dump);
	ls_set_each (&set, i)
		use(arena, set.objects[i]);
	ls_buf_done(&dump.text);
	free(dump.elements.items);
	return 0;
}
