// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <ctype.h>

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool str_is_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'a' && s[i] <= 'f'))
			return false;
	return s[len] == '\0';
}

int str_to_u64(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int str_to_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;
	int r;

	r = str_to_u64(negative ? s + 1 : s, &v);
	if (r < 0)
		return r;
	if (v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

bool strv_has(char *const *v, const char *s)
{
	for (; v && *v; v++)
		if (strcmp(*v, s) == 0)
			return true;
	return false;
}

char **strv_split(struct arena *a, const char *s, char sep, size_t max)
{
	size_t n = *s ? 1 : 0, i = 0;
	char **v;

	for (const char *p = s; *p; p++)
		n += *p == sep;
	if (max && n > max)
		n = max;
	v = arena_calloc(a, n + 1, sizeof(*v));
	if (!v)
		return NULL;
	while (i < n) {
		const char *end = i + 1 < n ? strchr(s, sep) : s + strlen(s);

		v[i] = arena_strndup(a, s, (size_t)(end - s));
		if (!v[i++])
			return NULL;
		s = end + 1;
	}
	return v;
}

char *strv_join(struct arena *a, char *const *v, const char *sep)
{
	size_t n = 1, m = strlen(sep);
	char *out, *p;

	for (size_t i = 0; v && v[i]; i++)
		n += strlen(v[i]) + m;
	p = out = arena_alloc(a, n);
	if (!out)
		return NULL;
	for (size_t i = 0; v && v[i]; i++) {
		if (i)
			p = stpcpy(p, sep);
		p = stpcpy(p, v[i]);
	}
	return out;
}

char **strv_dup(struct arena *a, char *const *v)
{
	size_t n = strv_len(v);
	char **out = arena_calloc(a, n + 1, sizeof(*out));

	for (size_t i = 0; out && i < n; i++) {
		out[i] = arena_strdup(a, v[i]);
		if (!out[i])
			return NULL;
	}
	return out;
}

char **strv_append(struct arena *a, char *const *v, const char *s)
{
	size_t n = strv_len(v);
	char **out = arena_calloc(a, n + 2, sizeof(*out));

	if (!out)
		return NULL;
	if (n)
		memcpy(out, v, n * sizeof(*out));
	out[n] = arena_strdup(a, s);
	return out[n] ? out : NULL;
}

const char *env_get(char *const *env, const char *key)
{
	size_t n = strlen(key);

	for (; env && *env; env++)
		if (strncmp(*env, key, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

char **env_set(struct arena *a, char *const *env, const char *assignment)
{
	size_t n = (size_t)(strchrnul(assignment, '=') - assignment);
	char **out = strv_append(a, env, assignment);

	if (!out)
		return NULL;
	for (size_t i = 0, last = strv_len(out) - 1; i < last; i++)
		if (strncmp(out[i], assignment, n) == 0 && (out[i][n] == '=' || !out[i][n])) {
			out[i] = out[last];
			out[last] = NULL;
			break;
		}
	return out;
}
