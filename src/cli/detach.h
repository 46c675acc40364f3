// SPDX-License-Identifier: Apache-2.0
/*
 * detach - the keys that leave a container without ending it, found in what the user types.
 *
 *   struct detach d;
 *   r = detach_parse("ctrl-p,ctrl-q", &d, err);      "" : nothing detaches
 *   n = detach_feed(&d, typed, len, out, &detached); out: what goes to the container
 *
 * Keys of a sequence that was begun are held back until it is clear that they are none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define DETACH_KEYS_MAX 16
#define DETACH_DEFAULT  "ctrl-p,ctrl-q"

struct detach {
	char keys[DETACH_KEYS_MAX];
	size_t n, held;
};

int detach_parse(const char *s, struct detach *d, struct err *err);
/* `out` has room for len + DETACH_KEYS_MAX bytes. Stops at the end of the sequence. */
size_t detach_feed(struct detach *d, const char *in, size_t len, char *out, bool *detached);
