// SPDX-License-Identifier: Apache-2.0
/*
 * sha256 - SHA-256 (FIPS 180-4) for small things: cache keys, checks of our own files.
 *
 * Layers and blobs are hashed in the archive worker by OpenSSL. This one exists because hoy and its
 * monitor are static and small: libcrypto.a would add 4 MB and its start-up to both for a few
 * kilobytes of input (about 250 MB/s here, so 4 us a KiB).
 *
 *   struct sha256 h;
 *   sha256_init(&h);
 *   sha256_add(&h, data, len);
 *   sha256_finish(&h, digest);
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

struct sha256 {
	uint32_t state[8];
	uint64_t len; /* bytes so far */
	unsigned char block[64];
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t len);
void sha256_finish(struct sha256 *h, unsigned char out[SHA256_LEN]);
void sha256_hex(const unsigned char digest[SHA256_LEN], char out[2 * SHA256_LEN + 1]);
