// SPDX-License-Identifier: Apache-2.0
/*
 * str - small questions about strings, and strict numbers.
 *
 * A strv is a NULL-terminated array of strings, as argv is. A NULL strv is an empty one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

static inline bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool str_empty(const char *s)
{
	return !s || !*s;
}

/* What follows the prefix, or NULL. */
static inline const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool str_ends(const char *s, const char *suffix);
bool str_is_hex(const char *s, size_t len); /* exactly len lower-case hex digits, then NUL */

/* Whole-string numbers: no spaces, no sign for the unsigned, no overflow. 0 or -EINVAL/-ERANGE. */
int str_to_u64(const char *s, uint64_t *ret);
int str_to_i64(const char *s, int64_t *ret);

size_t strv_len(char *const *v);
bool strv_has(char *const *v, const char *s);
/* Splits at every `sep`; "a,,b" gives an empty middle; "" gives an empty strv. At most `max` parts,
 * the last keeping the rest (0: no limit). NULL when out of memory. */
char **strv_split(struct arena *a, const char *s, char sep, size_t max);
char *strv_join(struct arena *a, char *const *v, const char *sep);
char **strv_dup(struct arena *a, char *const *v);
/* A new strv with s at its end; NULL when out of memory. */
char **strv_append(struct arena *a, char *const *v, const char *s);
/* KEY=VALUE lists (environments): the value or NULL; set replaces or appends. */
const char *env_get(char *const *env, const char *key);
char **env_set(struct arena *a, char *const *env, const char *assignment);
