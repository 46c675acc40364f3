// SPDX-License-Identifier: Apache-2.0
#include "spec/units.h"

#include "../check.h"
#include "base/clock.h"

#define KI INT64_C(1024)

static const struct {
	const char *in;
	int64_t want;
	const char *msg;
} sizes[] = {
	{"0", 0, NULL},
	{"32", 32, NULL},
	{"32b", 32, NULL},
	{"32B", 32, NULL},
	{"32k", 32 * KI, NULL},
	{"32K", 32 * KI, NULL},
	{"32kb", 32 * KI, NULL},
	{"32Kb", 32 * KI, NULL},
	{"32Kib", 32 * KI, NULL},
	{"32KIB", 32 * KI, NULL},
	{"32Mb", 32 * KI *KI, NULL},
	{"64m", 64 * KI *KI, NULL},
	{"1.5g", 1536 * KI *KI, NULL},
	{"1gb", KI *KI *KI, NULL},
	{"32 Gb", 32 * KI *KI *KI, NULL},
	{"32T", 32 * KI *KI *KI *KI, NULL},
	{"32pb", 32 * KI *KI *KI *KI *KI, NULL},
	{"32.3", 32, NULL},
	{"32.3 mb", 33869004, NULL},
	{".5k", 512, NULL},
	{"0.3 K", 307, NULL},
	{"", 0, "invalid size: ''"},
	{"hello", 0, "invalid size: 'hello'"},
	{"-32", 0, "invalid size: '-32'"},
	{"-3 K", 0, "invalid size: '-3 K'"},
	{"8192p", 0, "invalid size: '8192p'"},
	{"99999999999999999999", 0, "invalid size: '99999999999999999999'"},
	{" 32 ", 0, "strconv.ParseFloat: parsing \" 32\": invalid syntax"},
	{"32  mb", 0, "strconv.ParseFloat: parsing \"32 \": invalid syntax"},
	{"1 2m", 0, "strconv.ParseFloat: parsing \"1 2\": invalid syntax"},
	{"0x10", 0, "strconv.ParseFloat: parsing \"0x10\": invalid syntax"},
	{"1e9", 0, "strconv.ParseFloat: parsing \"1e9\": invalid syntax"},
	{".", 0, "strconv.ParseFloat: parsing \".\": invalid syntax"},
	{"32m b", 0, "strconv.ParseFloat: parsing \"32m\": invalid syntax"},
	{"32bm", 0, "invalid suffix: 'bm'"},
	{"32kk", 0, "invalid suffix: 'kk'"},
	{"32kbb", 0, "invalid suffix: 'kbb'"},
	{"32x", 0, "invalid suffix: 'x'"},
	{"32mibs", 0, "invalid suffix: 'mibs'"},
	{"32e", 0, "invalid suffix: 'e'"},
};

static void test_sizes(void **state)
{
	int64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct err err = ERR_INIT;
		int r = units_parse_size(sizes[i].in, &v, &err);

		if (sizes[i].msg) {
			check_error(sizes[i].in, r, &err, sizes[i].msg);
			continue;
		}
		check_ok(sizes[i].in, r, &err);
		assert_int_equal(v, sizes[i].want);
	}
	assert_int_equal(units_parse_size_decimal("1.5kB", &v, NULL), 0);
	assert_int_equal(v, 1500);
}

static void test_format_sizes(void **state)
{
	static const struct {
		int64_t in;
		const char *three, *four, *binary;
	} rows[] = {
		{0, "0B", "0B", "0B"},
		{999, "999B", "999B", "999B"},
		{1000, "1kB", "1kB", "1000B"},
		{1024, "1.02kB", "1.024kB", "1KiB"},
		{4261550, "4.26MB", "4.262MB", "4.064MiB"},
		{67108864, "67.1MB", "67.11MB", "64MiB"},
		{922000000, "922MB", "922MB", "879.3MiB"},
		{1230000000, "1.23GB", "1.23GB", "1.146GiB"},
		{INT64_MAX, "9.22EB", "9.223EB", "8EiB"},
	};
	char text[UNITS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		units_format_size(rows[i].in, 3, text);
		check_text(rows[i].three, text, rows[i].three);
		units_format_size(rows[i].in, 4, text);
		check_text(rows[i].four, text, rows[i].four);
		units_format_size_binary(rows[i].in, text);
		check_text(rows[i].binary, text, rows[i].binary);
	}
}

#define S NS_PER_SEC

static const struct {
	const char *in, *out; /* out NULL: as in */
	int64_t want;
	const char *msg;
} durations[] = {
	{"0", "0s", 0, NULL},
	{"0s", NULL, 0, NULL},
	{"5s", NULL, 5 * S, NULL},
	{"30s", NULL, 30 * S, NULL},
	{"1478s", "24m38s", 1478 * S, NULL},
	{"-5s", NULL, -5 * S, NULL},
	{"+5s", "5s", 5 * S, NULL},
	{"5.6s", NULL, 5 * S + 600 * NS_PER_MS, NULL},
	{"5.s", "5s", 5 * S, NULL},
	{".5s", "500ms", S / 2, NULL},
	{"10ns", NULL, 10, NULL},
	{"11us", "11\xc2\xb5s", 11000, NULL},
	{"12\xc2\xb5s", NULL, 12000, NULL},
	{"12\xce\xbcs", "12\xc2\xb5s", 12000, NULL},
	{"13ms", NULL, 13 * NS_PER_MS, NULL},
	{"1.5ms", NULL, 1500000, NULL},
	{"15m", "15m0s", 900 * S, NULL},
	{"16h", "16h0m0s", 16 * 3600 * S, NULL},
	{"1h2m3.5s", NULL, 3723 * S + S / 2, NULL},
	{"3h30m", "3h30m0s", 12600 * S, NULL},
	{"10.5s4m", "4m10.5s", 250 * S + S / 2, NULL},
	{"52763797000ns", "52.763797s", INT64_C(52763797000), NULL},
	{"0.000000001s", "1ns", 1, NULL},
	{"", NULL, 0, "time: invalid duration \"\""},
	{"-", NULL, 0, "time: invalid duration \"-\""},
	{"s", NULL, 0, "time: invalid duration \"s\""},
	{".", NULL, 0, "time: invalid duration \".\""},
	{".s", NULL, 0, "time: invalid duration \".s\""},
	{"3", NULL, 0, "time: missing unit in duration \"3\""},
	{"1h3", NULL, 0, "time: missing unit in duration \"1h3\""},
	{"3000000h", NULL, 0, "time: invalid duration \"3000000h\""},
	{"99999999999999999999s", NULL, 0, "time: invalid duration \"99999999999999999999s\""},
	{"1d", NULL, 0, "time: unknown unit \"d\" in duration \"1d\""},
	{"10 s", NULL, 0, "time: unknown unit \" s\" in duration \"10 s\""},
};

static void test_durations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		struct err err = ERR_INIT;
		char text[UNITS_TEXT_MAX];
		int64_t v;
		int r = units_parse_duration(durations[i].in, &v, &err);

		if (durations[i].msg) {
			check_error(durations[i].in, r, &err, durations[i].msg);
			continue;
		}
		check_ok(durations[i].in, r, &err);
		if (v != durations[i].want)
			print_error("%s: %lld\n", durations[i].in, (long long)v);
		assert_int_equal(v, durations[i].want);
		units_format_duration(v, text);
		check_text(durations[i].in, text, durations[i].out ?: durations[i].in);
	}
}

static void test_human(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} rows[] = {
		{-5, "Less than a second"},
		{0, "Less than a second"},
		{1, "1 second"},
		{45, "45 seconds"},
		{60, "About a minute"},
		{119, "About a minute"},
		{120, "2 minutes"},
		{3540, "59 minutes"},
		{3600, "About an hour"},
		{5399, "About an hour"},
		{5400, "2 hours"},
		{47 * 3600, "47 hours"},
		{48 * 3600, "2 days"},
		{13 * 86400, "13 days"},
		{14 * 86400, "2 weeks"},
		{59 * 86400, "8 weeks"},
		{60 * 86400, "2 months"},
		{729 * 86400, "24 months"},
		{730 * 86400, "2 years"},
		{INT64_MAX / S, "292 years"},
	};
	char text[UNITS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		units_format_human(rows[i].seconds * S, text);
		check_text(rows[i].want, text, rows[i].want);
	}
	units_format_human(S - 1, text);
	check_text("999999999", text, "Less than a second");
	units_format_human(INT64_MAX, text);
	check_text("max", text, "292 years");
}

/* 2024-01-02T03:04:05Z */
#define T   INT64_C(1704164645)
#define DAY INT64_C(1704153600)

static void test_times(void **state)
{
	static const struct {
		const char *in;
		int64_t want; /* with now = 2000000000 and a zone of +2 h */
	} rows[] = {
		{"1704164645", T * S},
		{"1704164645.5", T * S + S / 2},
		{"1704164645.000000001", T * S + 1},
		{"0", 0},
		{"10m", INT64_C(1999999400) * S},
		{"1h30m", INT64_C(1999994600) * S},
		{"2024-01-02T03:04:05Z", T * S},
		{"2024-01-02T03:04:05.25Z", T * S + S / 4},
		{"2024-01-02T05:04:05+02:00", T * S},
		{"2024-01-01T22:04:05-05:00", T * S},
		{"2024-01-01T22:04:05.5-05:00", T * S + S / 2},
		{"2024-01-02T05:04:05", T * S},
		{"2024-01-02T05:04:05.123", T * S + 123 * NS_PER_MS},
		{"2024-01-02T05:04", (T - 5) * S},
		{"2024-01-02T05", (T - 245) * S},
		{"2024-01-02T03:04Z", (T - 5) * S},
		{"2024-01-02T03Z", (T - 245) * S},
		{"2024-01-02T03-01:00", (T - 245 + 3600) * S},
		{"2024-01-02", (DAY - 7200) * S},
		{"2024-01-02Z", DAY * S},
		{"2024-01-02+01:00", (DAY - 3600) * S},
		{"2024-01-02-01:00", (DAY + 3600) * S},
	};
	static const char *const bad[] = {
		"",
		"yesterday",
		"2024-13-01",
		"2024-01-32T00:00:00Z",
		"2024-01-02T25:00",
		"2024-01",
		"12:00",
		"1704164645s5",
		"2024-01-02T03:04:05+2",
		"99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		int64_t v;

		check_ok(rows[i].in,
			 units_parse_time(rows[i].in, INT64_C(2000000000) * S, 7200, &v, &err),
			 &err);
		if (v != rows[i].want)
			print_error("%s: %lld\n", rows[i].in, (long long)v);
		assert_int_equal(v, rows[i].want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char want[200];
		struct err err = ERR_INIT;
		int64_t v;

		(void)snprintf(want, sizeof(want),
			       "failed to parse value as time or duration: \"%s\"", bad[i]);
		check_error(bad[i], units_parse_time(bad[i], 0, 0, &v, &err), &err, want);
	}
}

static void test_cpus(void **state)
{
	static const struct {
		const char *in;
		int64_t want;
		const char *msg;
	} rows[] = {
		{"1", 1000000000, NULL},
		{"1.5", 1500000000, NULL},
		{".25", 250000000, NULL},
		{"0.000000001", 1, NULL},
		{"2.0000000000000", 2000000000, NULL},
		{"0", 0, NULL},
		{"0.0000000001", 0, "value is too precise"},
		{"x", 0, "failed to parse x as a rational number"},
		{"", 0, "failed to parse  as a rational number"},
		{"1e100", 0, "failed to parse 1e100 as a rational number"},
		{"-1", 0, "Range of CPUs is from 0.01 upwards, -1 is negative"},
		{"99999999999999999", 0, "99999999999999999 is more CPUs than there can be"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		int64_t v = 0;
		int r = units_parse_cpus(rows[i].in, &v, &err);

		if (rows[i].msg)
			check_error(rows[i].in, r, &err, rows[i].msg);
		else
			check_ok(rows[i].in, r, &err);
		if (!rows[i].msg)
			assert_int_equal(v, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),     cmocka_unit_test(test_format_sizes),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_human),
		cmocka_unit_test(test_times),     cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
