// SPDX-License-Identifier: Apache-2.0
/*
 * filter - what --filter means for every noun that has a list or a prune.
 *
 * A list matches when each key that was given matches by one of its values; only label= must match
 * with all of them. Unknown keys and malformed values are refused with Docker's words
 * ("invalid filter 'KEY'"), before anything is looked at.
 *
 *   r = filter_check(f, (const char *const[]){"label", "dangling", NULL}, err);
 *   r = filter_flag(f, "dangling", &dangling, err);
 */
#pragma once

#include "engine/engine.h"

int filter_check(const struct filters *f, const char *const *known, struct err *err);
bool filter_has(const struct filters *f, const char *key);
/* True when the key was not given, or `value` is one of its values. */
bool filter_exact(const struct filters *f, const char *key, const char *value);
/* The same, a value being contained in `value`. */
bool filter_contained(const struct filters *f, const char *key, const char *value);
/* A key of true, false, 1 or 0; unset when it was not given. */
int filter_flag(const struct filters *f, const char *key, struct opt_flag *ret, struct err *err);
/* Every label=K[=V] is there and no label!=K[=V] is. */
bool filter_labels(const struct filters *f, const struct json_map *labels);
/* The same for a JSON object of strings; NULL is an empty one. */
bool filter_json_labels(const struct filters *f, const json_t *labels);
/* A moment of until=, since=, before= (units_parse_time()); without a zone it is the host's local time. */
int filter_time(const char *text, int64_t now, int64_t *ret, struct err *err);
/* until=: INT64_MAX when it was not given. More than one value is refused, as Docker does. */
int filter_until(const struct filters *f, int64_t *ret, struct err *err);
