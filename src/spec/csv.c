// SPDX-License-Identifier: Apache-2.0
#include "spec/csv.h"

#include "base/str.h"

static int bad(const char *s, const char *at, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID, "parse error on line 1, column %zu: %s",
		       (size_t)(at - s) + 1, why);
}

/* A field that begins with a quote: unquoted in place; *p moves behind it. */
static int quoted(const char *s, char **p, char **field, struct err *err)
{
	char *out = ++*p;

	*field = out;
	for (;; (*p)++) {
		if (!**p)
			return bad(s, *p, "extraneous or missing \" in quoted-field", err);
		if (**p == '"') {
			if ((*p)[1] != '"')
				break;
			(*p)++;
		}
		*out++ = **p;
	}
	(*p)++;
	if (**p && **p != ',')
		return bad(s, *p - 1, "extraneous or missing \" in quoted-field", err);
	if (**p) {
		*out = '\0';
		(*p)++;
		return 1;
	}
	*out = '\0';
	return 0;
}

/* 1: another field follows; 0: that was the last. */
static int plain(const char *s, char **p, char **field, struct err *err)
{
	*field = *p;
	*p += strcspn(*p, ",\"");
	if (**p == '"')
		return bad(s, *p, "bare \" in non-quoted-field", err);
	if (!**p)
		return 0;
	*(*p)++ = '\0';
	return 1;
}

int csv_parse(struct arena *a, const char *s, char ***ret, struct err *err)
{
	char *copy = arena_strdup(a, s), *p = copy;
	size_t n = 0, fields = 2;
	char **v;
	int more;

	for (const char *c = s; *c; c++)
		fields += *c == ',';
	v = arena_calloc(a, fields, sizeof(*v));
	if (!copy || !v)
		return err_oom(err);
	do {
		/* Columns are counted in our copy, which has the same length as what the user
		 * wrote. */
		more = *p == '"' ? quoted(copy, &p, &v[n], err) : plain(copy, &p, &v[n], err);
		if (more < 0)
			return more;
		n++;
	} while (more);
	*ret = v;
	return 0;
}
