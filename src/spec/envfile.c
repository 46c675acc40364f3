// SPDX-License-Identifier: Apache-2.0
#include "spec/envfile.h"

#include "base/str.h"

#define BOM "\xef\xbb\xbf"

static bool is_space(char c)
{
	return c && strchr(" \t\v\f\r\n", c);
}

/* The length of the valid UTF-8 sequence at s, or 0: no overlong forms, no surrogates. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
	uint32_t c;

	if (n <= 1 || n > len || s[0] > 0xf4)
		return n == 1 ? 1 : 0;
	c = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

static bool is_utf8(const char *s, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_sequence((const unsigned char *)s + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* One line without its end: the assignment in *ret, NULL when there is none. */
static int parse_line(struct arena *a, const char *line, size_t len, char *const *environment,
		      char **ret, struct err *err)
{
	const char *equals, *value;
	size_t key;

	*ret = NULL;
	while (len && is_space(*line)) {
		line++;
		len--;
	}
	if (len == 0 || *line == '#')
		return 0;
	equals = memchr(line, '=', len);
	key = equals ? (size_t)(equals - line) : len;
	/* What is behind a bare key is cleaned up, but only what is at its end. */
	while (!equals && key && is_space(line[key - 1]))
		key--;
	if (memchr(line, ' ', key) || memchr(line, '\t', key))
		return err_set(err, ERR_INVALID,
			       "poorly formatted environment: variable '%.*s' contains whitespaces",
			       (int)MIN_OF(key, (size_t)200), line);
	if (key == 0)
		return err_set(err, ERR_INVALID,
			       "poorly formatted environment: no variable name on line '%.*s'",
			       (int)MIN_OF(len, (size_t)200), line);
	*ret = arena_strndup(a, line, equals ? len : key);
	if (!*ret)
		return err_oom(err);
	if (equals)
		return 0;
	value = environment ? env_get(environment, *ret) : NULL;
	*ret = value ? arena_printf(a, "%s=%s", *ret, value) : NULL;
	return value && !*ret ? err_oom(err) : 0;
}

int envfile_parse(struct arena *a, const char *name, const char *text, size_t len,
		  char *const *environment, char ***ret, struct err *err)
{
	size_t lines = 1, n = 0, number = 0;
	const char *end = text + len;
	char **v;

	if (len > ENVFILE_MAX)
		return err_set(err, ERR_TOO_LARGE, "env file %s: more than %zu bytes", name,
			       ENVFILE_MAX);
	if (memchr(text, '\0', len))
		return err_set(err, ERR_INVALID, "env file %s contains a NUL character", name);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	v = arena_calloc(a, lines + 1, sizeof(*v));
	if (!v)
		return err_oom(err);
	if (len >= 3 && memcmp(text, BOM, 3) == 0)
		text += 3;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text)) ?: end;
		size_t line = (size_t)(newline - text);
		int r;

		number++;
		if (line && text[line - 1] == '\r')
			line--;
		if (!is_utf8(text, line))
			return err_set(err, ERR_INVALID,
				       "env file %s contains invalid utf8 bytes at line %zu", name,
				       number);
		r = parse_line(a, text, line, environment, &v[n], err);
		if (r < 0)
			return r;
		n += v[n] != NULL;
		text = newline == end ? end : newline + 1;
	}
	*ret = v;
	return 0;
}

int envfile_argument(struct arena *a, const char *s, char *const *environment, char **ret,
		     struct err *err)
{
	const char *value;

	if (!*s || *s == '=')
		return err_set(err, ERR_INVALID, "invalid environment variable: %.200s", s);
	value = strchr(s, '=') ? NULL : env_get(environment, s);
	*ret = value ? arena_printf(a, "%s=%s", s, value) : arena_strdup(a, s);
	return *ret ? 0 : err_oom(err);
}
