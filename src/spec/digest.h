// SPDX-License-Identifier: Apache-2.0
/*
 * digest - "sha256:HEX", the name of content.
 *
 * Strict: one of the algorithms we can compute, exactly its number of lower-case hex digits. A
 * digest that passed may be used as a file name (blobs/ALGORITHM/HEX). Grammar: OCI image-spec
 * descriptor.md.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define DIGEST_TEXT_MAX   136 /* "sha512:" + 128 + NUL */
#define DIGEST_SHA256_LEN 71

/* 0, or ERR_INVALID with the words of Docker's parser: "invalid checksum digest format", "invalid
 * checksum digest length", "unsupported digest algorithm". */
int digest_check(const char *s, struct err *err);
bool digest_is_valid(const char *s);
/* The hex part of a digest that was checked. */
const char *digest_hex(const char *s);
/* "sha256:" + 64 hex digits and nothing else: what we name our own content by. */
bool digest_is_sha256(const char *s);
