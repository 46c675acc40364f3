// SPDX-License-Identifier: Apache-2.0
/*
 * buf - a growing byte buffer with a ceiling given at birth.
 *
 * Appending never needs a check of its own: the first failure (no memory, ceiling reached) sticks,
 * later appends do nothing, and buf_check() reports it once at the end.
 *
 *   cleanup(buf_done) struct buf b = BUF_INIT(64 << 10);
 *   buf_puts(&b, "hello ");
 *   buf_printf(&b, "%d", n);
 *   r = buf_check(&b, err);
 *
 * b.data is NUL-terminated whenever it is not NULL; b.len does not count that NUL.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct buf {
	char *data;
	size_t len;
	size_t alloc;
	size_t max;
	int failed; /* 0 or a negative errno: -ENOMEM, -EFBIG */
};

#define BUF_INIT(max_bytes)                                                                        \
	(struct buf)                                                                               \
	{                                                                                          \
		.max = (max_bytes)                                                                 \
	}

void buf_done(struct buf *b);
DEFINE_CLEANUP_VALUE(struct buf, buf_done)

void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Room for at least `len` more bytes (plus a NUL): pointer to write at, or NULL. Call buf_grew
 * after. */
char *buf_room(struct buf *b, size_t len);
void buf_grew(struct buf *b, size_t len);
/* Drops the first n bytes. */
void buf_eat(struct buf *b, size_t n);
/* Empties without freeing; clears a failure. */
void buf_reset(struct buf *b);
int buf_check(const struct buf *b, struct err *err) MUST_CHECK;
/* The text, owned by the caller (free); "" if nothing was added; NULL after a failure. */
char *buf_take(struct buf *b);
