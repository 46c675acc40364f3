// SPDX-License-Identifier: Apache-2.0
/*
 * papers - an image archive's documents as one text, for store/plan without files.
 *
 *   @manifest.json
 *   [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["a/layer.tar"]}]
 *   @c.json
 *   …
 *   @blobs/sha256/HEX
 *   …
 *
 * A line that begins with "@" names a file, which reaches to the next such line. A file below blobs/ has
 * the digest that its name says, so that a text can be written by hand; others that of their bytes.
 * "@layout" alone on the first line: a directory in OCI layout.
 */
#pragma once

#include <string.h>

#include "base/sha256.h"
#include "base/str.h"
#include "spec/digest.h"
#include "store/plan.h"

struct papers {
	struct arena *a;
	const char *text;
	size_t len;
	unsigned asked;              /* how often for a text */
	const struct platform *must; /* NULL: amd64, if there is a choice */
};

struct paper {
	const char *name, *text;
	size_t name_len, len;
};

/* The paper at *at, which moves behind it. */
static inline bool papers_next(const struct papers *p, size_t *at, struct paper *ret)
{
	const char *end = p->text + p->len, *s = p->text + *at, *line;

	while (s < end && *s != '@') {
		line = memchr(s, '\n', (size_t)(end - s));
		s = line ? line + 1 : end;
	}
	if (s == end)
		return false;
	ret->name = s + 1;
	line = memchr(s, '\n', (size_t)(end - s));
	s = line ? line : end;
	ret->name_len = (size_t)(s - ret->name);
	ret->text = s < end ? s + 1 : end;
	s = ret->text;
	while (s < end && *s != '@') {
		line = memchr(s, '\n', (size_t)(end - s));
		s = line ? line + 1 : end;
	}
	ret->len = (size_t)(s - ret->text);
	*at = (size_t)(s - p->text);
	return true;
}

static inline const char *papers_digest(struct papers *p, const struct paper *x)
{
	unsigned char raw[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	struct sha256 h;

	if (x->name_len == 13 + 64 && strncmp(x->name, "blobs/sha256/", 13) == 0)
		return arena_printf(p->a, "sha256:%.64s", x->name + 13);
	sha256_init(&h);
	sha256_add(&h, x->text, x->len);
	sha256_finish(&h, raw);
	sha256_hex(raw, hex);
	return arena_printf(p->a, "sha256:%s", hex);
}

static inline bool papers_named(struct papers *p, const char *name, struct paper *x)
{
	size_t at = 0;

	while (papers_next(p, &at, x))
		if (x->name_len == strlen(name) && memcmp(x->name, name, x->name_len) == 0)
			return true;
	return false;
}

static inline int papers_copy(struct papers *p, const struct paper *x, size_t max, char **text,
			      size_t *len, struct err *err)
{
	if (x->len > max)
		return err_set(err, ERR_TOO_LARGE, "too large");
	p->asked++;
	*text = arena_strndup(p->a, x->text, x->len);
	*len = x->len;
	return *text ? 1 : err_oom(err);
}

static inline int papers_find(void *data, const char *name, const char **digest, int64_t *size,
			      struct err *err)
{
	struct paper x;

	if (!papers_named(data, name, &x))
		return 0;
	*digest = papers_digest(data, &x);
	*size = (int64_t)x.len;
	return *digest ? 1 : err_oom(err);
}

static inline int papers_text(void *data, const char *digest, int64_t size, size_t max, char **text,
			      size_t *len, struct err *err)
{
	struct papers *p = data;
	struct paper x;
	size_t at = 0;
	int r;

	(void)size;
	while (papers_next(p, &at, &x))
		if (str_eq(papers_digest(p, &x), digest)) {
			r = papers_copy(p, &x, max, text, len, err);
			return r < 0 ? r : 0;
		}
	return err_set(err, ERR_CORRUPT, "blob %s is missing", digest);
}

static inline int papers_text_named(void *data, const char *name, size_t max, char **text,
				    size_t *len, struct err *err)
{
	struct paper x;

	return papers_named(data, name, &x) ? papers_copy(data, &x, max, text, len, err) : 0;
}

static inline int papers_plan(struct papers *p, struct json_list *out, struct err *err)
{
	const struct platform amd64 = {"linux", "amd64", ""};
	const struct plan_files files = {.data = p,
					 .layout = p->len >= 8 &&
						   strncmp(p->text, "@layout\n", 8) == 0,
					 .find = papers_find,
					 .text = papers_text,
					 .named = papers_text_named};

	return plan_images(p->a, &files, p->must ? p->must : &amd64, p->must, out, err);
}
