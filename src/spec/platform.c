// SPDX-License-Identifier: Apache-2.0
#include "spec/platform.h"

#include <ctype.h>

#include "base/str.h"

#define COMPONENT "^[A-Za-z0-9_.-]+$"

static const char *const known_os[] = {
	"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "wasip1", "js",
};
static const char *const known_arch[] = {
	"amd64", "arm64",   "arm",      "386",    "riscv64", "ppc64le", "ppc64",
	"s390x", "loong64", "mips64le", "mips64", "mipsle",  "mips",    "wasm",
};

/* Other names of an architecture, with the variant they imply. */
static const struct {
	const char *name, *architecture, *variant;
} aliases[] = {
	{"x86_64", "amd64", ""}, {"x86-64", "amd64", ""}, {"aarch64", "arm64", ""},
	{"armhf", "arm", "v7"},  {"armel", "arm", "v6"},  {"i386", "386", ""},
	{"i486", "386", ""},     {"i586", "386", ""},     {"i686", "386", ""},
};

static const struct {
	const char *architecture, *variant, *normal;
} variants[] = {
	{"amd64", "v1", ""}, {"arm64", "8", ""},   {"arm64", "v8", ""}, {"arm64", "v8.0", ""},
	{"arm", "", "v7"},   {"arm", "5", "v5"},   {"arm", "6", "v6"},  {"arm", "7", "v7"},
	{"arm", "8", "v8"},  {"arm64", "9", "v9"},
};

struct platform platform_host(void)
{
#if defined(__x86_64__)
	return (struct platform){"linux", "amd64", ""};
#elif defined(__aarch64__)
	return (struct platform){"linux", "arm64", ""};
#elif defined(__arm__)
	return (struct platform){"linux", "arm", "v7"};
#elif defined(__i386__)
	return (struct platform){"linux", "386", ""};
#elif defined(__riscv) && __riscv_xlen == 64
	return (struct platform){"linux", "riscv64", ""};
#elif defined(__powerpc64__)
	return (struct platform){"linux", "ppc64le", ""};
#elif defined(__s390x__)
	return (struct platform){"linux", "s390x", ""};
#else
#error "name this architecture as Go does"
#endif
}

static bool is_known(const char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

struct platform platform_normalise(const char *os, const char *architecture, const char *variant)
{
	struct platform p = {.os = str_empty(os) ? "linux" : os,
			     .architecture = architecture ?: "",
			     .variant = variant ?: ""};

	if (strcasecmp(p.os, "linux") == 0)
		p.os = "linux";
	else if (strcasecmp(p.os, "macos") == 0)
		p.os = "darwin";
	for (size_t i = 0; i < ARRAY_SIZE(known_arch); i++)
		if (strcasecmp(known_arch[i], p.architecture) == 0)
			p.architecture = known_arch[i];
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcasecmp(aliases[i].name, p.architecture) == 0) {
			p.architecture = aliases[i].architecture;
			if (*aliases[i].variant)
				p.variant = aliases[i].variant;
			break;
		}
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		if (strcmp(variants[i].architecture, p.architecture) == 0 &&
		    strcasecmp(variants[i].variant, p.variant) == 0) {
			p.variant = variants[i].normal;
			break;
		}
	return p;
}

static bool is_component(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
			return false;
	return true;
}

static int parse_one(const char *s, const char *word, struct platform *out, struct err *err)
{
	const struct platform host = platform_host();
	struct platform p = platform_normalise(word, "", "");

	if (is_known(known_os, ARRAY_SIZE(known_os), p.os)) {
		*out = (struct platform){p.os, host.architecture, host.variant};
		return 0;
	}
	p = platform_normalise("linux", word, "");
	if (!is_known(known_arch, ARRAY_SIZE(known_arch), p.architecture))
		return err_set(
			err, ERR_INVALID,
			"\"%.100s\": unknown operating system or architecture: invalid argument",
			s);
	p.os = host.os;
	*out = p;
	return 0;
}

int platform_parse(struct arena *a, const char *s, struct platform *out, struct err *err)
{
	char **parts = strv_split(a, s, '/', 0);
	size_t n = strv_len(parts);

	if (!parts)
		return err_oom(err);
	if (n < 1 || n > 3 || strlen(s) > 255)
		return err_set(err, ERR_INVALID,
			       "\"%.100s\": cannot parse platform specifier: invalid argument", s);
	for (size_t i = 0; i < n; i++)
		if (!is_component(parts[i]))
			return err_set(err, ERR_INVALID,
				       "\"%.100s\" is an invalid component of \"%.100s\": platform "
				       "specifier component must match \"" COMPONENT
				       "\": invalid argument",
				       parts[i], s);
	if (n == 1)
		return parse_one(s, parts[0], out, err);
	for (size_t i = 0; i < n; i++)
		for (char *p = parts[i]; *p; p++)
			*p = (char)tolower((unsigned char)*p);
	*out = platform_normalise(parts[0], parts[1], n == 3 ? parts[2] : "");
	return 0;
}

char *platform_format(struct arena *a, const struct platform *p)
{
	return arena_printf(a, "%s/%s%s%s", p->os, p->architecture, *p->variant ? "/" : "",
			    p->variant);
}

bool platform_equal(const struct platform *a, const struct platform *b)
{
	return strcmp(a->os, b->os) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
	       strcmp(a->variant, b->variant) == 0;
}

/* v7 → 7; the implied variants of amd64 and arm64 are 1 and 8. */
static int variant_number(const struct platform *p)
{
	if (!*p->variant)
		return strcmp(p->architecture, "arm64") == 0 ? 8 : 1;
	if (p->variant[0] == 'v' && isdigit((unsigned char)p->variant[1]) && !p->variant[2])
		return p->variant[1] - '0';
	return -1;
}

int platform_match(const struct platform *want, const struct platform *image)
{
	int w, i;

	if (strcmp(want->os, image->os) != 0)
		return 0;
	if (platform_equal(want, image))
		return 100;
	if (strcmp(want->architecture, image->architecture) != 0)
		return 0;
	w = variant_number(want);
	i = variant_number(image);
	return i > 0 && w > i ? i : 0;
}
