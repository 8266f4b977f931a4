/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the elements of our sets. They come in the order of hashes, or the other way round, so they are put in order
 * here, as the bytes that they are: ten times as fast as objects, and whoever walks the set afterwards walks the memory
 * from one end to the other.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <time.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>

#define LONGEST_PAUSE_MS 4096

static bool take_value(const struct nlattr *attr, struct ls_nft_bytes *ret)
{
	const struct nlattr *tb[NFTA_DATA_MAX + 1];
	size_t length;

	if (!attr)
		return true;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(attr), ls_attr_length(attr));
	length = ls_attr_length(tb[NFTA_DATA_VALUE]);
	if (length > sizeof(ret->bytes))
		return false;
	ret->length = length;
	if (length)
		memcpy(ret->bytes, ls_attr_data(tb[NFTA_DATA_VALUE]), length);
	return true;
}

/* Zeros where nothing is: keys of one set are compared as a whole. */
static struct ls_nft_raw *next_raw(struct ls_nft_raws *raws)
{
	if (raws->n == raws->size) {
		size_t size = raws->size ? 2 * raws->size : 64;
		struct ls_nft_raw *grown = reallocarray(raws->items, size, sizeof(*grown));

		if (!grown)
			return NULL;
		raws->items = grown;
		raws->size = size;
	}
	memset(&raws->items[raws->n], 0, sizeof(*raws->items));
	return &raws->items[raws->n];
}

static int take_element(struct ls_nft_dump *dump, const struct nlattr *attr)
{
	const struct nlattr *tb[NFTA_SET_ELEM_MAX + 1];
	struct ls_nft_raw *raw = next_raw(&dump->elements);

	if (!raw)
		return -ENOMEM;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), ls_attr_data(attr), ls_attr_length(attr));
	raw->is_end = ntohl(ls_attr_u32(tb[NFTA_SET_ELEM_FLAGS])) & NFT_SET_ELEM_INTERVAL_END;
	if (take_value(tb[NFTA_SET_ELEM_KEY], &raw->key) && take_value(tb[NFTA_SET_ELEM_KEY_END], &raw->end) &&
		take_value(tb[NFTA_SET_ELEM_DATA], &raw->data) && raw->key.length)
		dump->elements.n++;
	return 0;
}

static int take_elements(struct ls_nft_dump *dump, const struct nlmsghdr *message)
{
	const struct nlattr *tb[NFTA_SET_ELEM_LIST_MAX + 1];
	const struct nlattr *attr;
	const void *attrs;
	size_t length;
	int left, r = 0;

	if (!ls_attrs_of(message, sizeof(struct nfgenmsg), &attrs, &length))
		return 0;
	ls_attrs_parse(tb, LS_ARRAY_SIZE(tb), attrs, length);
	attr = ls_attr_data(tb[NFTA_SET_ELEM_LIST_ELEMENTS]);
	left = (int)ls_attr_length(tb[NFTA_SET_ELEM_LIST_ELEMENTS]);
	while (attr && nla_ok(attr, left) && r >= 0) {
		r = take_element(dump, attr);
		attr = nla_next(attr, &left);
	}
	return r;
}

/* Where one interval ends and the next begins, the end comes first. */
static int compare_raws(const void *a, const void *b)
{
	const struct ls_nft_raw *x = a, *y = b;
	int order = memcmp(x->key.bytes, y->key.bytes, sizeof(x->key.bytes));

	return order ? order : (int)y->is_end - (int)x->is_end;
}

/* Some key is none that linkspan could have written: the set is not as it was made, and is made anew. */
static int mark_set(struct ls_nft_dump *dump)
{
	for (size_t i = dump->set->n_objects; i-- > 0;) {
		struct ls_nft_set *set = (struct ls_nft_set *)dump->set->objects[i];

		if (set->object.kind != &ls_kind_nft_set || strcmp(set->name, ls_nft_sets[dump->element_set].name) != 0)
			continue;
		set->type = ls_arena_printf(dump->set->arena, "%s, others' elements", set->type);
		return set->type ? 0 : -ENOMEM;
	}
	return 0;
}

static bool same_bytes(const struct ls_nft_bytes *a, const struct ls_nft_bytes *b)
{
	return a->length == b->length && !memcmp(a->bytes, b->bytes, a->length);
}

/* Is it what linkspan would write for it? Names may be too long, and what fills a part up may not be zero. */
static bool is_as_written(
	const struct ls_nft_element *element, const struct ls_nft_bytes *key, const struct ls_nft_bytes *end)
{
	struct ls_nft_bytes first, last;

	ls_nft_key(element, &first, &last);
	return same_bytes(&first, key) && (!end->length || same_bytes(&last, end));
}

static int add_element(struct ls_nft_dump *dump, const struct ls_nft_raw *raw, const struct ls_nft_bytes *end)
{
	struct ls_nft_element *element = (struct ls_nft_element *)ls_object_new(dump->set->arena, &ls_kind_nft_element);

	if (!element)
		return -ENOMEM;
	element->set = dump->element_set;
	ls_object_set(&element->object, LS_NFT_ELEMENT_SET);
	if (!ls_nft_take_key(dump->set->arena, element, &raw->key, end) || !is_as_written(element, &raw->key, end))
		return mark_set(dump);
	(void)ls_nft_take_data(element, &raw->data);
	return ls_nft_dump_add(dump, &element->object);
}

static bool is_of_pairs(const struct ls_nft_set_form *form)
{
	return form->interval && !ls_nft_is_concatenation(form->key);
}

/* An interval of a single part is two elements, its first key and the first one behind it: the one that follows. The
 * last may have no end. */
static int add_elements(struct ls_nft_dump *dump)
{
	static const struct ls_nft_bytes none;
	bool pairs = is_of_pairs(&ls_nft_sets[dump->element_set]);
	const struct ls_nft_raws *raws = &dump->elements;
	int r = 0;

	for (size_t i = 0; i < raws->n && r >= 0; i++) {
		const struct ls_nft_raw *raw = &raws->items[i];

		if (!raw->is_end)
			r = add_element(dump, raw, !pairs ? &raw->end : i + 1 < raws->n ? &raw[1].key : &none);
	}
	return r;
}

static void sort_elements(struct ls_nft_raws *raws)
{
	if (raws->n)
		qsort(raws->items, raws->n, sizeof(*raws->items), compare_raws);
}

/* The kernel makes a hash larger in the background, after many elements have come. A dump that goes on meanwhile tells
 * some of them twice, and leaves as many out: its parts go on behind as many as were told (nft_rhash_walk, 6.18). */
static bool has_moved(const struct ls_nft_dump *dump)
{
	const struct ls_nft_raws *raws = &dump->elements;

	for (size_t i = 1; i < raws->n; i++)
		if (!is_of_pairs(&ls_nft_sets[dump->element_set]) &&
			!compare_raws(&raws->items[i - 1], &raws->items[i]))
			return true;
	return false;
}

static int read_set(struct ls_kernel *kernel, struct ls_nft_dump *dump, struct ls_error *err)
{
	struct nl_msg *request = ls_nfnl_request(kernel->nft, NFT_MSG_GETSETELEM);
	int r;

	if (nla_put_string(request, NFTA_SET_ELEM_LIST_TABLE, LS_NFT_TABLE) < 0 ||
		nla_put_string(request, NFTA_SET_ELEM_LIST_SET, ls_nft_sets[dump->element_set].name) < 0)
		return ls_error_set(err, -EMSGSIZE, "the request does not fit");
	dump->elements.n = 0;
	r = ls_nft_dump_answer(kernel, dump, err);
	sort_elements(&dump->elements);
	return r;
}

static int dump_set(struct ls_kernel *kernel, uint8_t set, struct ls_set *ret, struct ls_error *err)
{
	struct ls_nft_dump dump = { .set = ret, .n_before = ret->n_objects, .take = take_elements, .element_set = set };
	int r = read_set(kernel, &dump, err);

	for (long ms = 1; r >= 0 && has_moved(&dump) && ms <= LONGEST_PAUSE_MS; ms *= 2) {
		nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
		r = read_set(kernel, &dump, err);
	}
	if (r >= 0 && has_moved(&dump))
		r = ls_error_set(err, -EAGAIN, "the kernel keeps moving the elements of %s", ls_nft_sets[set].name);
	if (r >= 0 && add_elements(&dump) < 0)
		r = ls_error_set(err, -ENOMEM, "out of memory");
	free(dump.elements.items);
	return r;
}

int ls_nft_dump_elements(struct ls_kernel *kernel, const struct ls_set *scope, struct ls_set *ret, struct ls_error *err)
{
	int r = ls_nft_dump_begin(kernel, err);

	(void)scope;
	if (r <= 0)
		return r;
	for (uint8_t set = 0; set < LS_NFT_N_SETS && r >= 0; set++)
		r = dump_set(kernel, set, ret, err);
	return r < 0 ? r : ls_nft_check_generation(kernel, err);
}
