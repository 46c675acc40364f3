// SPDX-License-Identifier: Apache-2.0
/*
 * pump - a stream read ahead by a second thread, which also hashes it.
 *
 * Decompressing and hashing take one core, making files another. The reader gets blocks without a
 * copy; each is valid until the next call.
 */
#pragma once

#include "archive/stream.h"

struct pump;

/* The stream must outlive the pump. hash: SHA-256 of all that comes out of it. */
struct pump *pump_new(struct stream *s, bool hash, struct err *err);
void pump_free(struct pump *p);
DEFINE_CLEANUP(struct pump *, pump_free)
/* The next block; its length, 0 at the end, negative errno. */
ssize_t pump_next(struct pump *p, const void **block, struct err *err);
/* Reads on to the end, so that the digest covers everything; then writes it ("" without hash). */
int pump_finish(struct pump *p, char *digest, struct err *err);
