// SPDX-License-Identifier: Apache-2.0
#include "logs/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"

static int parse(const char *driver, const char *key, const char *value, struct log_options *o,
		 struct err *err)
{
	struct json_pair pair = {(char *)key, (char *)value};
	struct json_map map = {&pair, key ? 1 : 0};

	return log_options_parse(driver, &map, o, err);
}

static void test_defaults(void **state)
{
	struct log_options o = {};

	(void)state;
	assert_int_equal(log_options_parse(NULL, NULL, &o, NULL), 0);
	assert_true(o.max_size == 20000000);
	assert_int_equal(o.max_files, 3);
	assert_string_equal(log_file_name(""), "log.json");
	assert_string_equal(log_file_name("local"), "log.json");
	assert_null(log_file_name("none"));
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} rows[] = {{"10", 10},         {"10k", 10000}, {"20m", 20000000}, {"1g", 1000000000},
		    {"1.5MB", 1500000}, {"-1", 0},      {"2 kb", 2000},    {"1t", 1000000000000}};
	static const char *const bad[] = {"",     "m",    "-2",  "0",    "10q",
					  "10mm", "1e30", "nan", "0x10", " 1"};
	struct log_options o;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse("json-file", "max-size", rows[i].text, &o, NULL), 0);
		assert_true(o.max_size == rows[i].want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err = ERR_INIT;
		assert_true(parse("json-file", "max-size", bad[i], &o, &err) < 0);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_non_null(strstr(err.msg, "max-size"));
	}
}

static void test_refused(void **state)
{
	static const char *const rows[][3] = {
		{"nosuch", NULL, NULL},          {"json-file", "max-file", "0"},
		{"json-file", "max-file", "-1"}, {"json-file", "max-file", "100000"},
		{"json-file", "colour", "red"},  {"json-file", "compress", "maybe"},
		{"none", "max-size", "1m"},      {"json-file", "mode", "sometimes"},
	};
	struct log_options o = {.max_files = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_true(parse(rows[i][0], rows[i][1], rows[i][2], &o, &err) < 0);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(o.max_files, 77);
	}
	assert_int_equal(parse("json-file", "max-file", "5", &o, NULL), 0);
	assert_int_equal(o.max_files, 5);
	assert_int_equal(parse("json-file", "labels", "a,b", &o, NULL), 0);
}

static int no_record(const struct log_record *r, void *data)
{
	(void)r;
	(void)data;
	fail();
	return 0;
}

static void test_none(void **state)
{
	struct log_options o = {};
	struct log *l = NULL;
	struct err err = ERR_INIT;
	struct log_read what = {.stdout_wanted = true, .tail = -1};

	(void)state;
	assert_int_equal(log_open("none", &o, AT_FDCWD, &l, NULL), 0);
	assert_int_equal(log_write(l, LOG_STDOUT, "x\n", 2, 1, NULL), 0);
	assert_int_equal(log_flush(l, NULL), 0);
	log_idle(l);
	log_close(l);
	assert_true(log_read_all("none", AT_FDCWD, &what, no_record, NULL, NULL, &err) < 0);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
