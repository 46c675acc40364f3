// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

char *buf_room(struct buf *b, size_t len)
{
	size_t want, alloc;
	char *p;

	if (b->failed)
		return NULL;
	if (len > b->max || b->len > b->max - len) {
		b->failed = -EFBIG;
		return NULL;
	}
	want = b->len + len + 1;
	if (want > b->alloc) {
		alloc = MAX_OF(want, MIN_OF(b->alloc * 2, b->max + 1));
		alloc = MAX_OF(alloc, MIN_OF((size_t)256, b->max + 1));
		p = realloc(b->data, alloc);
		if (!p) {
			b->failed = -ENOMEM;
			return NULL;
		}
		b->data = p;
		b->alloc = alloc;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

void buf_grew(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	char *p = buf_room(b, len);

	if (!p)
		return;
	if (len)
		memcpy(p, data, len);
	buf_grew(b, len);
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = b->failed ?: -EINVAL;
		return;
	}
	p = buf_room(b, (size_t)n);
	if (!p)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_grew(b, (size_t)n);
}

void buf_eat(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		if (b->data)
			b->data[0] = '\0';
		return;
	}
	b->len -= n;
	memmove(b->data, b->data + n, b->len + 1);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
	if (b->data)
		b->data[0] = '\0';
}

int buf_check(const struct buf *b, struct err *err)
{
	if (b->failed == -EFBIG)
		return err_set(err, ERR_TOO_LARGE, "more than %zu bytes", b->max);
	if (b->failed)
		return err_sys(err, b->failed, "grow a buffer");
	return 0;
}

char *buf_take(struct buf *b)
{
	char *p;

	if (!buf_room(b, 0))
		return NULL;
	p = b->data;
	*b = (struct buf){.max = b->max};
	return p;
}
