/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arena, interned texts and buffers. */
#include <criterion/criterion.h>
#include <linkspan/util.h>

#include <stdio.h>
#include <string.h>

static bool is_zero(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] != 0)
			return false;
	}
	return true;
}

Test(arena, memory_is_zeroed_and_aligned_for_any_type)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();

	for (size_t size = 0; size < 3000; size++) {
		uint8_t *memory = ls_arena_alloc(arena, size);

		cr_assert_not_null(memory);
		cr_assert_eq((uintptr_t)memory % _Alignof(max_align_t), 0, "%zu bytes", size);
		cr_assert(is_zero(memory, size), "%zu bytes", size);
		memset(memory, 0xff, size);
	}
}

Test(arena, pieces_do_not_overlap)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	enum { N = 5000 };
	static uint32_t *pieces[N];

	for (uint32_t i = 0; i < N; i++) {
		pieces[i] = ls_arena_alloc(arena, (i % 97 + 1) * sizeof(uint32_t));
		for (uint32_t j = 0; j <= i % 97; j++)
			pieces[i][j] = i;
	}
	for (uint32_t i = 0; i < N; i++) {
		for (uint32_t j = 0; j <= i % 97; j++)
			cr_assert_eq(pieces[i][j], i);
	}
}

Test(arena, large_blocks_are_whole_and_small_ones_go_on_after_them)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	uint8_t *small = ls_arena_alloc(arena, 16), *large = ls_arena_alloc(arena, 5 << 20), *next;

	cr_assert_not_null(large);
	cr_assert_eq((uintptr_t)large % _Alignof(max_align_t), 0);
	cr_assert(is_zero(large, 5 << 20));
	memset(large, 0xff, 5 << 20);
	next = ls_arena_alloc(arena, 16);
	cr_assert_lt((size_t)(next - small), 4096, "the current chunk is still in use");
	cr_assert(is_zero(next, 16));
}

Test(arena, empty_pieces_differ)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	void *a = ls_arena_alloc(arena, 0), *b = ls_arena_alloc(arena, 0);

	cr_assert_not_null(a);
	cr_assert_neq(a, b);
}

Test(arena, impossible_size_is_refused)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();

	cr_assert_null(ls_arena_alloc(arena, SIZE_MAX));
	cr_assert_null(ls_arena_alloc(arena, SIZE_MAX - 15));
	cr_assert_null(ls_arena_alloc(arena, SIZE_MAX / 2 + 1));
	cr_assert_not_null(ls_arena_alloc(arena, 1), "and the arena is still usable");
}

Test(arena, copy_is_equal_and_its_own)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	char text[] = "eth0";
	char *copy = ls_arena_copy(arena, text, sizeof(text));

	text[0] = 'x';
	cr_assert_str_eq(copy, "eth0");
	cr_assert_not_null(ls_arena_copy(arena, NULL, 0));
}

Test(arena, printf_is_whole_at_any_length)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();

	for (int length = 0; length < 10000; length = length < 600 ? length + 1 : length * 2) {
		char *text = ls_arena_printf(arena, "%*s", length, "");

		cr_assert_not_null(text);
		cr_assert_eq(strlen(text), (size_t)length);
	}
	cr_assert_str_eq(ls_arena_printf(arena, "%s/%d", "10.0.0.0", 8), "10.0.0.0/8");
}

Test(arena, free_accepts_null)
{
	ls_arena_free(NULL);
}

Test(intern, equal_texts_are_one_pointer)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	const char *a = ls_arena_intern(arena, "eth0.5", 4), *b = ls_arena_intern(arena, "eth1", 4);

	cr_assert_str_eq(a, "eth0");
	cr_assert_neq(a, b);
	cr_assert_eq(ls_arena_intern(arena, "eth0", 4), a);
	cr_assert_eq(ls_arena_intern(arena, "eth0", 4), a, "again, as the last one found");
	cr_assert_neq(ls_arena_intern(arena, "eth0.5", 6), a);
}

Test(intern, empty_and_binary_texts_are_texts)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	const char *empty = ls_arena_intern(arena, "", 0), *zero = ls_arena_intern(arena, "\0", 1);

	cr_assert_eq(ls_arena_intern(arena, NULL, 0), empty);
	cr_assert_str_eq(empty, "");
	cr_assert_eq(ls_arena_intern(arena, "abc", 0), empty);
	cr_assert_neq(zero, empty);
	cr_assert_eq(ls_arena_intern(arena, "\0", 1), zero);
}

Test(intern, many_texts_keep_their_pointers)
{
	LS_CLEANUP(ls_arena_freep) struct ls_arena *arena = ls_arena_new();
	enum { N = 20000 };
	static const char *texts[N];
	char text[32];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			size_t length = (size_t)snprintf(text, sizeof(text), "interface-%d", i);
			const char *interned = ls_arena_intern(arena, text, length);

			cr_assert_str_eq(interned, text);
			if (round > 0)
				cr_assert_eq(interned, texts[i]);
			texts[i] = interned;
		}
	}
}

Test(buf, appends_and_prints_in_order)
{
	struct ls_buf buf = { 0 };

	cr_assert_eq(ls_buf_append(&buf, "ab", 2), 0);
	cr_assert_eq(ls_buf_append(&buf, NULL, 0), 0);
	cr_assert_eq(ls_buf_printf(&buf, "%d-%s", 12, "cd"), 0);
	cr_assert_eq(ls_buf_printf(&buf, "%s", ""), 0);
	cr_assert_eq(buf.length, 7);
	cr_assert_eq(memcmp(buf.data, "ab12-cd", 7), 0);
	ls_buf_done(&buf);
	cr_assert_null(buf.data);
	ls_buf_done(&buf);
}

Test(buf, grows_past_any_first_size)
{
	struct ls_buf buf = { 0 };

	for (int i = 0; i < 20000; i++)
		cr_assert_eq(ls_buf_append(&buf, "0123456789", 10), 0);
	cr_assert_eq(buf.length, 200000);
	for (size_t i = 0; i < buf.length; i++)
		cr_assert_eq(buf.data[i], '0' + i % 10);
	ls_buf_done(&buf);
}

Test(buf, prints_what_is_longer_than_its_room)
{
	struct ls_buf buf = { 0 };

	for (int length = 1; length < 5000; length += 61) {
		buf.length = 0;
		cr_assert_eq(ls_buf_printf(&buf, "%0*d", length, 7), 0);
		cr_assert_eq(buf.length, (size_t)length);
		cr_assert_eq(buf.data[length - 1], '7');
	}
	ls_buf_done(&buf);
}

Test(buf, once_failed_stays_failed)
{
	struct ls_buf buf = { 0 };

	cr_assert_eq(ls_buf_append(&buf, "a", 1), 0);
	cr_assert_eq(ls_buf_append(&buf, "a", SIZE_MAX), -ENOMEM);
	cr_assert(buf.failed);
	cr_assert_eq(ls_buf_append(&buf, "a", 1), -ENOMEM);
	cr_assert_eq(ls_buf_printf(&buf, "a"), -ENOMEM);
	cr_assert_eq(buf.length, 1, "what was there is still there");
	ls_buf_done(&buf);
}

Test(free, frees_and_clears)
{
	char *memory = malloc(10);

	ls_free(&memory);
	cr_assert_null(memory);
	ls_free(&memory);
}

Test(take, moves_out_of_the_cleanups_reach)
{
	LS_CLEANUP(ls_free) char *memory = malloc(1);
	char *taken = LS_TAKE_PTR(memory);
	int fd = 7;

	cr_assert_null(memory);
	cr_assert_not_null(taken);
	free(taken);
	cr_assert_eq(LS_TAKE_FD(fd), 7);
	cr_assert_eq(fd, -1);
}
