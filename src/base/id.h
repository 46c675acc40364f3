// SPDX-License-Identifier: Apache-2.0
/*
 * id - random identifiers: 64 hex digits as Docker's containers have, 12 of them shown.
 */
#pragma once

#include <stddef.h>

#define ID_LEN   64
#define ID_SHORT 12

/* Writes `len` random lower-case hex digits and a NUL. Never all digits in the first 12 (such an id
 * would read as a number in YAML and in host names), as Docker does. */
void id_random(char *out, size_t len);
