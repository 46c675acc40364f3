// SPDX-License-Identifier: Apache-2.0
#include "archive/hash.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

struct hash {
	EVP_MD_CTX *ctx;
};

int hash_load(struct err *err)
{
	struct hash *h = hash_new();
	int r = h ? hash_add(h, "", 0, err) : err_set(err, ERR_SYSTEM, "OpenSSL has no SHA-256");

	hash_free(h);
	return r;
}

struct hash *hash_new(void)
{
	cleanup(hash_free) struct hash *h = calloc(1, sizeof(*h));

	if (!h || !(h->ctx = EVP_MD_CTX_new()) ||
	    EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		return NULL;
	return TAKE_PTR(h);
}

void hash_free(struct hash *h)
{
	if (h)
		EVP_MD_CTX_free(h->ctx);
	free(h);
}

int hash_add(struct hash *h, const void *data, size_t len, struct err *err)
{
	if (EVP_DigestUpdate(h->ctx, data, len) != 1)
		return err_set(err, ERR_SYSTEM, "SHA-256 failed");
	return 0;
}

int hash_text(struct hash *h, char *out, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[32];

	if (EVP_DigestFinal_ex(h->ctx, raw, NULL) != 1)
		return err_set(err, ERR_SYSTEM, "SHA-256 failed");
	memcpy(out, "sha256:", 7);
	for (size_t i = 0; i < sizeof(raw); i++) {
		out[7 + 2 * i] = digits[raw[i] >> 4];
		out[8 + 2 * i] = digits[raw[i] & 15];
	}
	out[7 + 64] = '\0';
	return 0;
}
