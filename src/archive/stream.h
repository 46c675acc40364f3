// SPDX-License-Identifier: Apache-2.0
/*
 * stream - bytes in, decompressed by what they are (gzip, zstd, or neither), in large blocks.
 *
 * A gzip stream may have several members; zeros may follow it, nothing else. A stream that ends
 * early or does not match its checksum is ERR_CORRUPT; one that expands beyond WORKER_RATIO_MAX is
 * refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define STREAM_BLOCK ((size_t)512 << 10)

/* Like read(2): bytes, 0 at the end, negative errno. */
typedef ssize_t stream_read_fn(void *data, void *buf, size_t size);

struct stream;

/* Reads the beginning to see what it is; `raw` passes it on as it is. NULL with *err set. */
struct stream *stream_new(stream_read_fn *fn, void *data, bool raw, struct err *err);
void stream_free(struct stream *s);
DEFINE_CLEANUP(struct stream *, stream_free)
/* Fills buf unless the end comes first: the bytes, 0 at the end, negative errno. */
ssize_t stream_read(struct stream *s, void *buf, size_t size, struct err *err);
bool stream_is_compressed(const struct stream *s);

/* A stream_read_fn for a file descriptor: data is int *. */
ssize_t stream_from_fd(void *data, void *buf, size_t size);
