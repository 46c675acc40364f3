// SPDX-License-Identifier: Apache-2.0
#include "spec/platform.h"

#include "../check.h"

static const struct {
	const char *in, *want, *msg;
} rows[] = {
	{"linux/amd64", "linux/amd64", NULL},
	{"linux/x86_64", "linux/amd64", NULL},
	{"linux/x86-64", "linux/amd64", NULL},
	{"linux/amd64/v1", "linux/amd64", NULL},
	{"linux/amd64/v3", "linux/amd64/v3", NULL},
	{"linux/aarch64", "linux/arm64", NULL},
	{"linux/arm64/v8", "linux/arm64", NULL},
	{"linux/arm64/8", "linux/arm64", NULL},
	{"linux/arm", "linux/arm/v7", NULL},
	{"linux/arm/7", "linux/arm/v7", NULL},
	{"linux/arm/v6", "linux/arm/v6", NULL},
	{"linux/armhf", "linux/arm/v7", NULL},
	{"linux/armel", "linux/arm/v6", NULL},
	{"linux/i386", "linux/386", NULL},
	{"Linux/AMD64", "linux/amd64", NULL},
	{"arm64", "linux/arm64", NULL},
	{"aarch64", "linux/arm64", NULL},
	{"s390x", "linux/s390x", NULL},
	{"windows/amd64", "windows/amd64", NULL},
	{"macos/arm64", "darwin/arm64", NULL},
	{"linux/strange", "linux/strange", NULL},
	{"toaster", NULL,
	 "\"toaster\": unknown operating system or architecture: invalid argument"},
	{"", NULL, "\"\": cannot parse platform specifier: invalid argument"},
	{"a/b/c/d", NULL, "\"a/b/c/d\": cannot parse platform specifier: invalid argument"},
	{"linux/", NULL,
	 "\"\" is an invalid component of \"linux/\": platform specifier component must match "
	 "\"^[A-Za-z0-9_.-]+$\": invalid argument"},
	{"linux/a b", NULL,
	 "\"a b\" is an invalid component of \"linux/a b\": platform specifier component must "
	 "match "
	 "\"^[A-Za-z0-9_.-]+$\": invalid argument"},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct platform p;
		int r = platform_parse(a, rows[i].in, &p, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_text(rows[i].in, platform_format(a, &p), rows[i].want);
	}
}

static struct platform of(const char *architecture, const char *variant)
{
	return platform_normalise("linux", architecture, variant);
}

static void test_match(void **state)
{
	struct platform amd64 = of("amd64", NULL), amd64v3 = of("amd64", "v3"),
			v7 = of("arm", NULL), v6 = of("arm", "v6"), arm64 = of("arm64", "v8"),
			windows = platform_normalise("windows", "amd64", NULL);
	struct platform host = platform_host();

	(void)state;
	assert_int_equal(platform_match(&amd64, &amd64), 100);
	assert_true(platform_match(&amd64v3, &amd64) > 0);
	assert_true(platform_match(&amd64v3, &amd64v3) > platform_match(&amd64v3, &amd64));
	assert_int_equal(platform_match(&amd64, &amd64v3), 0);
	assert_true(platform_match(&v7, &v6) > 0);
	assert_int_equal(platform_match(&v6, &v7), 0);
	assert_int_equal(platform_match(&amd64, &arm64), 0);
	assert_int_equal(platform_match(&amd64, &windows), 0);
	assert_true(platform_equal(&host, &host));
	assert_string_equal(host.os, "linux");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
