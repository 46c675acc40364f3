// SPDX-License-Identifier: Apache-2.0
/*
 * caps - Linux capabilities by name and by number; a set is a uint64_t, bit N = capability N.
 *
 * Names are written "CAP_CHOWN"; reading accepts them without the prefix and in any case, as
 * Docker's
 * --cap-add does. Source: linux/capability.h (41 capabilities up to kernel 6.18), capabilities(7).
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define CAPS_N      41 /* CAP_CHECKPOINT_RESTORE + 1 */
#define CAPS_ALL    ((UINT64_C(1) << CAPS_N) - 1)
#define CAPS_BIT(n) (UINT64_C(1) << (n))

/* "CAP_CHOWN", or NULL when the number has no name. */
const char *cap_name(int cap);
/* The number, or -EINVAL. */
int cap_parse(const char *name);
/* A list of names becomes a set; a NULL list is the empty set. ERR_INVALID names the unknown one.
 */
int caps_parse(char *const *list, uint64_t *ret, struct err *err);
/* The names in a set, lowest number first; NULL when out of memory. */
char **caps_names(struct arena *a, uint64_t set);
