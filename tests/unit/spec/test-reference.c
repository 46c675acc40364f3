// SPDX-License-Identifier: Apache-2.0
#include "spec/reference.h"

#include "../check.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA "sha256:" HEX
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *in, *canonical, *familiar;
} good[] = {
	{"busybox", "docker.io/library/busybox", "busybox"},
	{"busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"},
	{"library/busybox", "docker.io/library/busybox", "busybox"},
	{"docker.io/busybox", "docker.io/library/busybox", "busybox"},
	{"docker.io/library/busybox", "docker.io/library/busybox", "busybox"},
	{"index.docker.io/busybox", "docker.io/library/busybox", "busybox"},
	{"index.docker.io/a/b:c", "docker.io/a/b:c", "a/b:c"},
	{"user/app", "docker.io/user/app", "user/app"},
	{"library/a/b", "docker.io/library/a/b", "library/a/b"},
	{"localhost/app", "localhost/app", "localhost/app"},
	{"localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"},
	{"LOCALHOST/app", "LOCALHOST/app", "LOCALHOST/app"},
	{"Host/app", "Host/app", "Host/app"},
	{"ghcr.io/a/b/c/d", "ghcr.io/a/b/c/d", "ghcr.io/a/b/c/d"},
	{"[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"},
	{"[fc00::1]/x/y:t", "[fc00::1]/x/y:t", "[fc00::1]/x/y:t"},
	{"a.b-c.d/e", "a.b-c.d/e", "a.b-c.d/e"},
	{"a__b/c_d/e.f/g---h", "docker.io/a__b/c_d/e.f/g---h", "a__b/c_d/e.f/g---h"},
	{"x@" SHA, "docker.io/library/x@" SHA, "x@" SHA},
	{"x:t@" SHA, "docker.io/library/x:t@" SHA, "x:t@" SHA},
	{"r.io/x:_T-.9@" SHA, "r.io/x:_T-.9@" SHA, "r.io/x:_T-.9@" SHA},
	{"busybox:5000", "docker.io/library/busybox:5000", "busybox:5000"},
	{A64 "a", "docker.io/library/" A64 "a", A64 "a"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct reference ref, again;
		char *text;

		check_ok(good[i].in, reference_parse(a, good[i].in, &ref, &err), &err);
		text = reference_canonical(a, &ref);
		check_text(good[i].in, text, good[i].canonical);
		check_text(good[i].in, reference_familiar(a, &ref), good[i].familiar);
		check_ok(text, reference_parse(a, text, &again, &err), &err);
		check_text(text, reference_canonical(a, &again), text);
		check_ok(text, reference_parse(a, good[i].familiar, &again, &err), &err);
		check_text(good[i].familiar, reference_canonical(a, &again), text);
	}
}

#define FORMAT      "invalid reference format"
#define LOWER(name) FORMAT ": repository name (" name ") must be lowercase"

static const struct {
	const char *in, *msg;
} bad[] = {
	{"", FORMAT},
	{":tag", FORMAT},
	{"a:", FORMAT},
	{"a:b:c", FORMAT},
	{"a:-b", FORMAT},
	{"a:.b", FORMAT},
	{"a b", FORMAT},
	{"-a", FORMAT},
	{"a-", FORMAT},
	{"a..b", FORMAT},
	{"a___b", FORMAT},
	{"a._b", FORMAT},
	{"a//b", FORMAT},
	{"/a", FORMAT},
	{"a/", FORMAT},
	{"../a", FORMAT},
	{"a/../b", FORMAT},
	{"https://x/y", FORMAT},
	{"a.b:port/x", FORMAT},
	{"a.b:/x", FORMAT},
	{"[::1/x", FORMAT},
	{"[]/x", FORMAT},
	{"-a.b/x", FORMAT},
	{"a-.b/x", FORMAT},
	{".a/x", FORMAT},
	{"\xc3\xa9", FORMAT},
	{"Busybox", LOWER("library/Busybox")},
	{"user/App:v1", LOWER("user/App")},
	{"r.io/App", LOWER("App")},
	{"a@sha256", "invalid checksum digest format"},
	{"a@", "invalid checksum digest format"},
	{"a@sha256:abc", "invalid checksum digest length"},
	{"a@md5:d41d8cd98f00b204e9800998ecf8427e", "unsupported digest algorithm"},
	{HEX, "invalid repository name (" HEX "), cannot specify 64-byte hexadecimal strings"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct reference ref;

		check_error(bad[i].in, reference_parse(a, bad[i].in, &ref, &err), &err, bad[i].msg);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void test_limits(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char name[2048] = "r.io/", tag[200];
	struct err err = ERR_INIT;
	struct reference ref;

	(void)state;
	memset(name + 5, 'a', 255);
	check_ok("255", reference_parse(a, name, &ref, &err), &err);
	memset(name + 5, 'a', 256);
	check_error("256", reference_parse(a, name, &ref, &err), &err,
		    FORMAT ": repository name must not be more than 255 characters");
	memset(name, 'a', sizeof(name) - 1);
	check_error("2047", reference_parse(a, name, &ref, &err), &err, FORMAT);
	memset(tag, 't', sizeof(tag));
	tag[0] = 'a';
	tag[1] = ':';
	tag[2 + 128] = '\0';
	check_ok("128", reference_parse(a, tag, &ref, &err), &err);
	tag[2 + 128] = 't';
	tag[2 + 129] = '\0';
	check_error("129", reference_parse(a, tag, &ref, &err), &err, FORMAT);
	assert_true(reference_tag_is_valid("v1.0_x-y"));
	assert_false(reference_tag_is_valid(""));
	assert_false(reference_tag_is_valid("a/b"));
}

static void test_parts(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct err err = ERR_INIT;
	struct reference ref;

	(void)state;
	check_ok("x", reference_parse(a, "x", &ref, &err), &err);
	assert_null(ref.tag);
	assert_int_equal(reference_default_tag(a, &ref), 0);
	check_text("x", reference_familiar(a, &ref), "x:latest");
	check_text("x", reference_name(a, &ref), "docker.io/library/x");
	check_text("x", reference_familiar_name(a, &ref), "x");
	check_text("x", reference_with_digest(a, &ref, SHA, false), "docker.io/library/x@" SHA);
	check_text("x", reference_with_digest(a, &ref, SHA, true), "x@" SHA);
	check_ok("x", reference_parse(a, "x@" SHA, &ref, &err), &err);
	assert_int_equal(reference_default_tag(a, &ref), 0);
	assert_null(ref.tag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
