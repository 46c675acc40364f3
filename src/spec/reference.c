// SPDX-License-Identifier: Apache-2.0
#include "spec/reference.h"

#include <ctype.h>

#include "base/str.h"
#include "spec/digest.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL       "library/"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool has_upper(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			return true;
	return false;
}

/* Components of letters, digits and inner hyphens, joined by dots. */
static bool is_host_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool edge = i == 0 || i + 1 == n || s[i - 1] == '.' || s[i + 1] == '.';

		if (!is_alnum(s[i]) && ((s[i] != '-' && s[i] != '.') || edge))
			return false;
	}
	return n > 0;
}

static bool is_domain(const char *s, size_t n)
{
	size_t host = n;

	if (n && s[0] == '[') {
		for (host = 1; host < n && (isxdigit((unsigned char)s[host]) || s[host] == ':');
		     host++)
			;
		if (host == 1 || host == n || s[host] != ']')
			return false;
		host++;
	} else {
		const char *colon = memchr(s, ':', n);

		host = colon ? (size_t)(colon - s) : n;
		if (!is_host_name(s, host))
			return false;
	}
	if (host == n)
		return true;
	if (s[host] != ':' || host + 1 == n)
		return false;
	for (size_t i = host + 1; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

/* Components of [a-z0-9]+ with inner separators ".", "_", "__" or any number of
 * hyphens. */
static bool is_path(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t from = i;
		char c = s[i];

		if (is_path_char(c)) {
			i++;
			continue;
		}
		while (i < n && s[i] == c)
			i++;
		if (from == 0 || i == n || !is_path_char(s[from - 1]) || !is_path_char(s[i]))
			return false;
		if (c != '-' && i - from > (c == '_' ? 2 : 1))
			return false;
		if (!strchr("._-/", c) || !c)
			return false;
	}
	return n > 0;
}

static bool is_tag(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(s[i]) && s[i] != '_' && (i == 0 || (s[i] != '.' && s[i] != '-')))
			return false;
	return n > 0 && n <= REFERENCE_TAG_MAX;
}

bool reference_tag_is_valid(const char *tag)
{
	return is_tag(tag, strlen(tag));
}

/* Where the domain ends: 0 when the name has none. */
static size_t domain_length(const char *s)
{
	const char *slash = strchr(s, '/');
	size_t n;

	if (!slash)
		return 0;
	n = (size_t)(slash - s);
	if ((n == 9 && memcmp(s, "localhost", 9) == 0) || memchr(s, '.', n) || memchr(s, ':', n) ||
	    has_upper(s, n))
		return n;
	return 0;
}

static int bad_format(struct err *err)
{
	return err_set(err, ERR_INVALID, "invalid reference format");
}

/* The part behind the domain: PATH[:TAG][@DIGEST]. */
static int parse_rest(struct arena *a, const char *s, struct reference *out, struct err *err)
{
	size_t path = strcspn(s, ":@"), tag;
	const char *rest = s + path;
	int r;

	if (has_upper(s, strcspn(s, ":")))
		return err_set(err, ERR_INVALID,
			       "invalid reference format: repository name (%.*s) must be lowercase",
			       (int)strcspn(s, ":"), s);
	if (!is_path(s, path))
		return bad_format(err);
	if (path > REFERENCE_NAME_MAX)
		return err_set(err, ERR_INVALID,
			       "invalid reference format: repository name must not be more than %d "
			       "characters",
			       REFERENCE_NAME_MAX);
	out->path = arena_strndup(a, s, path);
	if (*rest == ':') {
		tag = strcspn(++rest, "@");
		if (!is_tag(rest, tag))
			return bad_format(err);
		out->tag = arena_strndup(a, rest, tag);
		rest += tag;
		if (!out->tag)
			return err_oom(err);
	}
	if (*rest == '@') {
		r = digest_check(++rest, err);
		if (r < 0)
			return r;
		out->digest = arena_strdup(a, rest);
		if (!out->digest)
			return err_oom(err);
	}
	return out->path ? 0 : err_oom(err);
}

int reference_parse(struct arena *a, const char *s, struct reference *out, struct err *err)
{
	size_t len = strlen(s), n;
	const char *rest;

	*out = (struct reference){};
	if (len == 0 || len > REFERENCE_TEXT_MAX)
		return bad_format(err);
	if (len == 64 && str_is_hex(s, 64))
		return err_set(err, ERR_INVALID,
			       "invalid repository name (%s), cannot specify 64-byte hexadecimal "
			       "strings",
			       s);
	n = domain_length(s);
	rest = n ? s + n + 1 : s;
	if (n && !is_domain(s, n))
		return bad_format(err);
	if (n == 0 || (n == strlen(LEGACY_DOMAIN) && memcmp(s, LEGACY_DOMAIN, n) == 0))
		out->domain = arena_strdup(a, DEFAULT_DOMAIN);
	else
		out->domain = arena_strndup(a, s, n);
	/* A slash after an '@' or ':' is no path; is_path() and the digest grammar
	 * refuse it later.
	 */
	if (out->domain && strcmp(out->domain, DEFAULT_DOMAIN) == 0 && !strchr(rest, '/'))
		rest = arena_printf(a, OFFICIAL "%s", rest);
	if (!out->domain || !rest)
		return err_oom(err);
	return parse_rest(a, rest, out, err);
}

int reference_default_tag(struct arena *a, struct reference *ref)
{
	if (!ref->tag && !ref->digest)
		ref->tag = arena_strdup(a, "latest");
	return ref->tag || ref->digest ? 0 : -ENOMEM;
}

char *reference_name(struct arena *a, const struct reference *ref)
{
	return arena_printf(a, "%s/%s", ref->domain, ref->path);
}

char *reference_familiar_name(struct arena *a, const struct reference *ref)
{
	const char *official = str_after(ref->path, OFFICIAL);

	/* docker.io/a.b/c must not become a.b/c, which is another registry's. */
	if (strcmp(ref->domain, DEFAULT_DOMAIN) != 0 || domain_length(ref->path) > 0)
		return reference_name(a, ref);
	/* Nor may docker.io/library/HEX become 64 hex digits, which are an image's id. */
	if (!official || strchr(official, '/') || str_is_hex(official, 64))
		official = ref->path;
	return arena_strdup(a, official);
}

static char *with_rest(struct arena *a, const struct reference *ref, const char *name)
{
	if (!name)
		return NULL;
	return arena_printf(a, "%s%s%s%s%s", name, ref->tag ? ":" : "", ref->tag ?: "",
			    ref->digest ? "@" : "", ref->digest ?: "");
}

char *reference_canonical(struct arena *a, const struct reference *ref)
{
	return with_rest(a, ref, reference_name(a, ref));
}

char *reference_familiar(struct arena *a, const struct reference *ref)
{
	return with_rest(a, ref, reference_familiar_name(a, ref));
}

char *reference_with_digest(struct arena *a, const struct reference *ref, const char *digest,
			    bool familiar)
{
	char *name = familiar ? reference_familiar_name(a, ref) : reference_name(a, ref);

	return name ? arena_printf(a, "%s@%s", name, digest) : NULL;
}
