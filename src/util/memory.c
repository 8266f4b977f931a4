/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arena hands out memory from chunks by moving a pointer. Chunks come from calloc, which takes large ones straight
 * from the kernel, so memory is zeroed once and never twice; they double from 4 KiB to 1 MiB. What is larger than a
 * quarter of the next chunk gets a chunk of its own, and the current one goes on being filled. Interned texts stand in
 * an open-addressed hash table within the arena; the text found last is tried first, since the same word tends to come
 * several times in a row (one interface of a thousand routes). Under AddressSanitizer the unused rest of a chunk and a
 * gap behind every piece are poisoned.
 */
#include <linkspan/util.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define POISON_GAP 8u
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define POISON_GAP 0u
#endif

#define CHUNK_SIZE_MIN (4u << 10)
#define CHUNK_SIZE_MAX (1u << 20)
#define INTERN_SIZE_MIN 64u

struct chunk {
	struct chunk *next;
	_Alignas(max_align_t) uint8_t data[];
};

struct interned {
	const char *text;
	size_t length;
	uint32_t hash;
};

struct ls_arena {
	struct chunk *chunks;
	uint8_t *at, *end; /* free rest of the current chunk */
	size_t chunk_size; /* of the next one */
	struct interned *interned;
	size_t interned_size; /* a power of two */
	size_t n_interned;
	struct interned last;
};

void ls_free(void *memory)
{
	void **pointer = memory;

	free(*pointer);
	*pointer = NULL;
}

/* ---- arena ------------------------------------------------------------------------------------------------------- */

struct ls_arena *ls_arena_new(void)
{
	struct ls_arena *arena = calloc(1, sizeof(*arena));

	if (arena)
		arena->chunk_size = CHUNK_SIZE_MIN;
	return arena;
}

void ls_arena_free(struct ls_arena *arena)
{
	struct chunk *chunk, *next;

	if (!arena)
		return;
	for (chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

void ls_arena_freep(struct ls_arena **arena)
{
	ls_arena_free(*arena);
	*arena = NULL;
}

/* Large chunks are filled to their end: their pages come in one call instead of a fault each. What it cannot do (before
 * Linux 5.14, or a chunk that was used before) the faults do. */
static void populate(void *chunk, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)chunk + page - 1) & -page,
		  to = ((uintptr_t)chunk + size) & -page;

	if (size >= CHUNK_SIZE_MAX / 2 && to > from)
		(void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
}

static uint8_t *add_chunk(struct ls_arena *arena, size_t size)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	populate(chunk, sizeof(*chunk) + size);
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	ASAN_POISON_MEMORY_REGION(chunk->data, size);
	return chunk->data;
}

static void *allocate_slowly(struct ls_arena *arena, size_t size)
{
	uint8_t *data;

	if (size > SIZE_MAX / 2)
		return NULL;
	if (size > arena->chunk_size / 4)
		return add_chunk(arena, size);
	data = add_chunk(arena, arena->chunk_size);
	if (!data)
		return NULL;
	arena->at = data + size + POISON_GAP;
	arena->end = data + arena->chunk_size;
	if (arena->chunk_size < CHUNK_SIZE_MAX)
		arena->chunk_size *= 2;
	return data;
}

/* `align` is a power of two; texts need none. */
static void *allocate(struct ls_arena *arena, size_t size, size_t align)
{
	size_t padding = -(uintptr_t)arena->at & (align - 1), room = (size_t)(arena->end - arena->at);
	void *memory;

	if (padding <= room && size <= room - padding && size + POISON_GAP <= room - padding) {
		memory = arena->at + padding;
		arena->at += padding + size + POISON_GAP;
	} else {
		memory = allocate_slowly(arena, size);
	}
	if (memory)
		ASAN_UNPOISON_MEMORY_REGION(memory, size);
	return memory;
}

void *ls_arena_alloc(struct ls_arena *arena, size_t size)
{
	return allocate(arena, size ? size : 1, _Alignof(max_align_t));
}

void *ls_arena_copy(struct ls_arena *arena, const void *data, size_t size)
{
	void *copy = ls_arena_alloc(arena, size);

	if (copy && size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *ls_arena_printf(struct ls_arena *arena, const char *format, ...)
{
	char text[256], *copy;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length < 0)
		return NULL;
	copy = allocate(arena, (size_t)length + 1, 1);
	if (!copy || length < (int)sizeof(text))
		return copy ? memcpy(copy, text, (size_t)length + 1) : NULL;
	va_start(args, format);
	(void)vsnprintf(copy, (size_t)length + 1, format, args);
	va_end(args);
	return copy;
}

/* ---- interned texts ---------------------------------------------------------------------------------------------- */

/* FNV-1a, with a final mix so that the low bits depend on all others. */
static uint32_t hash_text(const char *text, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)text[i]) * 16777619u;
	return hash ^ (hash >> 15);
}

static bool matches(const struct interned *entry, const char *text, size_t length)
{
	return entry->text && entry->length == length && memcmp(entry->text, text, length) == 0;
}

/* The entry of that text, or the free one where it belongs. */
static struct interned *find_slot(struct ls_arena *arena, const char *text, size_t length, uint32_t hash)
{
	size_t mask = arena->interned_size - 1;
	struct interned *entry;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		entry = &arena->interned[i];
		if (!entry->text || (entry->hash == hash && matches(entry, text, length)))
			return entry;
	}
}

/* The old table stays behind in the arena: all of them together are smaller than the last one. */
static int grow_table(struct ls_arena *arena)
{
	size_t old_size = arena->interned_size, size = old_size ? 2 * old_size : INTERN_SIZE_MIN;
	struct interned *old = arena->interned, *table = ls_arena_alloc(arena, size * sizeof(*table));

	if (!table)
		return -ENOMEM;
	arena->interned = table;
	arena->interned_size = size;
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].text)
			*find_slot(arena, old[i].text, old[i].length, old[i].hash) = old[i];
	}
	return 0;
}

const char *ls_arena_intern(struct ls_arena *arena, const char *text, size_t length)
{
	struct interned *entry;
	uint32_t hash;
	char *copy;

	text = text ? text : ""; /* of no bytes */
	if (matches(&arena->last, text, length))
		return arena->last.text;
	if (4 * (arena->n_interned + 1) > 3 * arena->interned_size && grow_table(arena) < 0)
		return NULL;
	hash = hash_text(text, length);
	entry = find_slot(arena, text, length, hash);
	if (!entry->text) {
		copy = length < SIZE_MAX ? allocate(arena, length + 1, 1) : NULL;
		if (!copy)
			return NULL;
		memcpy(copy, text, length);
		*entry = (struct interned){ .text = copy, .length = length, .hash = hash };
		arena->n_interned++;
	}
	arena->last = *entry;
	return entry->text;
}

/* ---- buffer ------------------------------------------------------------------------------------------------------ */

static void wipe(struct ls_buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->size);
	free(buf->data);
}

void ls_buf_done(struct ls_buf *buf)
{
	wipe(buf);
	*buf = (struct ls_buf){ 0 };
}

/* Makes room for `length` more bytes. Not with realloc: that would leave a copy of secrets behind. */
static int make_room(struct ls_buf *buf, size_t length)
{
	size_t size = buf->size ? buf->size : 128;
	uint8_t *grown;

	if (buf->failed)
		return -ENOMEM;
	if (length <= buf->size - buf->length)
		return 0;
	while (length > size - buf->length && size <= SIZE_MAX / 4)
		size *= 2;
	grown = length <= size - buf->length ? malloc(size) : NULL;
	if (!grown) {
		buf->failed = true;
		return -ENOMEM;
	}
	if (buf->length > 0)
		memcpy(grown, buf->data, buf->length);
	wipe(buf);
	buf->data = grown;
	buf->size = size;
	return 0;
}

int ls_buf_append(struct ls_buf *buf, const void *data, size_t length)
{
	int r = make_room(buf, length);

	if (r < 0)
		return r;
	if (length > 0)
		memcpy(buf->data + buf->length, data, length);
	buf->length += length;
	return 0;
}

/* Prints straight into the buffer, so that no copy is left on the stack. Returns as vsnprintf does. */
static int print_into(struct ls_buf *buf, const char *format, va_list args)
{
	return vsnprintf((char *)buf->data + buf->length, buf->size - buf->length, format, args);
}

int ls_buf_printf(struct ls_buf *buf, const char *format, ...)
{
	va_list args;
	int r, length;

	r = make_room(buf, 64);
	if (r < 0)
		return r;
	va_start(args, format);
	length = print_into(buf, format, args);
	va_end(args);
	if (length < 0) {
		buf->failed = true;
		return -EINVAL;
	}
	if ((size_t)length >= buf->size - buf->length) {
		r = make_room(buf, (size_t)length + 1);
		if (r < 0)
			return r;
		va_start(args, format);
		(void)print_into(buf, format, args);
		va_end(args);
	}
	buf->length += (size_t)length;
	return 0;
}
