// SPDX-License-Identifier: Apache-2.0
/*
 * hash - SHA-256 of a stream, as a digest's text.
 *
 * hash_load() must have run before the worker confines itself: OpenSSL reads its configuration
 * then.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct hash;

int hash_load(struct err *err);
struct hash *hash_new(void); /* NULL: no memory */
void hash_free(struct hash *h);
DEFINE_CLEANUP(struct hash *, hash_free)
int hash_add(struct hash *h, const void *data, size_t len, struct err *err);
/* "sha256:HEX" into out (72 bytes); the hash is used up. */
int hash_text(struct hash *h, char *out, struct err *err);
