// SPDX-License-Identifier: Apache-2.0
/*
 * json-plain - the short way from text to struct. Private to base/json.c, which has the long one.
 *
 * Reads by the same tables what our own encoder writes: no blanks, no escapes, ASCII, members in the
 * table's order. false: the document is not of that kind, or is wrong, or memory is short; *out (zeroed by the
 * caller) is then half filled, and the long way has the last word and the message. Whatever is accepted
 * here gives the same struct as there; tests/fuzz/base compares the two.
 */
#pragma once

#include "base/json.h"

bool json_plain_decode(struct arena *a, const char *text, size_t len,
		       const struct json_object *object, void *out);
