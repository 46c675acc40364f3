// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_MIN ((size_t)4096)

struct block {
	struct block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *ptr;
};

struct arena {
	struct block *head;
	struct deferred *deferred;
	size_t total, max;
};

struct arena *arena_new(size_t max_bytes)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a)
		a->max = max_bytes;
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct deferred *d = a->deferred; d; d = d->next)
		d->fn(d->ptr);
	while (a->head) {
		struct block *b = a->head;

		a->head = b->next;
		free(b);
	}
	free(a);
}

static struct block *block_add(struct arena *a, size_t need)
{
	size_t size = MAX_OF(need, MIN_OF(MAX_OF(a->total, BLOCK_MIN), (size_t)1 << 20));
	struct block *b;

	if (need > a->max - MIN_OF(a->total, a->max))
		return NULL;
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size = size;
	b->next = a->head;
	a->head = b;
	a->total += size;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->head;
	void *p;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (MAX_OF(size, (size_t)1) + align - 1) / align * align;
	if (!b || b->size - b->used < size) {
		b = block_add(a, size);
		if (!b)
			return NULL;
	}
	p = b->data + b->used;
	b->used += size;
	return p;
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p;

	if (!s)
		return NULL;
	n = strnlen(s, n);
	p = arena_alloc(a, n + 1);
	if (p)
		memcpy(p, s, n); /* the memory is zeroed: the NUL is there */
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, SIZE_MAX);
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return NULL;
	p = arena_alloc(a, (size_t)n + 1);
	if (p)
		(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

int arena_defer(struct arena *a, void (*fn)(void *), void *ptr)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	if (!d) {
		fn(ptr);
		return -ENOMEM;
	}
	*d = (struct deferred){.next = a->deferred, .fn = fn, .ptr = ptr};
	a->deferred = d;
	return 0;
}
