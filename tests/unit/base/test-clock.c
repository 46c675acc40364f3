// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include "../check.h"

static const struct {
	const char *in;
	int64_t want;
	const char *out; /* NULL: as in */
} good[] = {
	{"0001-01-01T00:00:00Z", 0, NULL},
	{"1970-01-01T00:00:01Z", NS_PER_SEC, NULL},
	{"1969-12-31T23:59:59.5Z", -NS_PER_SEC / 2, NULL},
	{"2024-02-29T12:34:56.000000001Z", INT64_C(1709210096000000001), NULL},
	{"2024-01-02T03:04:05.1200Z", INT64_C(1704164645120000000), "2024-01-02T03:04:05.12Z"},
	{"2024-01-02T03:04:05+01:30", INT64_C(1704159245000000000), "2024-01-02T01:34:05Z"},
	{"2024-01-02T03:04:05-00:30", INT64_C(1704166445000000000), "2024-01-02T03:34:05Z"},
	{"2000-03-01T00:00:00Z", INT64_C(951868800000000000), NULL},
	{"2100-02-28T23:59:59Z", INT64_C(4107542399000000000), NULL},
	{"2024-01-02T03:04:05.1234567891Z", INT64_C(1704164645123456789),
	 "2024-01-02T03:04:05.123456789Z"},
};

static void test_good(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int64_t v;

		assert_int_equal(clock_parse(good[i].in, &v), 0);
		if (v != good[i].want)
			print_error("%s: %lld\n", good[i].in, (long long)v);
		assert_int_equal(v, good[i].want);
		clock_format(v, text);
		check_text(good[i].in, text, good[i].out ?: good[i].in);
	}
	clock_format_fixed(NS_PER_SEC, text);
	check_text("fixed", text, "1970-01-01T00:00:01.000000000Z");
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"2024",
		"2024-01-02",
		"2024-01-02T03:04:05",
		"2024-13-02T03:04:05Z",
		"2024-00-02T03:04:05Z",
		"2024-01-32T03:04:05Z",
		"2023-02-29T03:04:05Z",
		"2024-04-31T03:04:05Z",
		"2024-01-02T24:04:05Z",
		"2024-01-02T03:60:05Z",
		"2024-01-02T03:04:05Zx",
		"2024-01-02T03:04:05.Z",
		"2024-01-02T03:04:05+1:00",
		"9999-01-02T03:04:05Z",
		"24-01-02T03:04:05Z",
	};
	int64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (clock_parse(bad[i], &v) >= 0)
			fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
