// SPDX-License-Identifier: Apache-2.0
#include "logs/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"

#define TIME INT64_C(1767323045012345678) /* 2026-01-02T03:04:05.012345678Z */

static size_t write_record(char *out, const char *text, size_t len, bool newline)
{
	struct log_suffix s;
	size_t n;

	log_suffix_make(&s, LOG_STDERR, TIME);
	n = (size_t)(log_record_write(out, text, len, newline, &s) - out);
	out[n] = '\0';
	return n;
}

static void test_layout(void **state)
{
	char out[1024];

	(void)state;
	write_record(out, "hello <b>\t\"x\\y\"\x01\x7f", 17, true);
	assert_string_equal(out, "{\"log\":\"hello <b>\\t\\\"x\\\\y\\\"\\u0001\x7f\\n\",\"stream\":"
				 "\"stderr\",\"time\":\"2026-01-02T03:04:05.012345678Z\"}\n");
	write_record(out, "part", 4, false);
	assert_non_null(strstr(out, "{\"log\":\"part\",\"stream\""));
}

/* What Go's encoding/json does with each: one U+FFFD for every byte that is not part of a
 * character. */
static void test_invalid_utf8(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"a\x80z", "a\\ufffdz"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xc0\xaf", "\\ufffd\\ufffd"},
		{"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
		{"\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd"},
		{"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
		{"\xe2\x82", "\\ufffd\\ufffd"},
		{"\xff", "\\ufffd"},
		{"\xc3", "\\ufffd"},
		{"\xf0\x8f\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
	};
	char out[1024], want[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		write_record(out, rows[i].in, strlen(rows[i].in), false);
		(void)snprintf(want, sizeof(want), "{\"log\":\"%s\",", rows[i].want);
		assert_memory_equal(out, want, strlen(want));
	}
}

/* Every byte at every position of the eight-byte step, against a JSON library's reading. */
static void test_round_trip(void **state)
{
	char text[24], out[512];

	(void)state;
	for (int c = 0; c < 0x80; c++)
		for (size_t at = 0; at < sizeof(text); at++) {
			struct log_parser p = {};
			struct log_record rec;
			size_t n;
			json_t *j;

			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			n = write_record(out, text, sizeof(text), true);
			if (c) { /* json_parse refuses \u0000 */
				j = json_parse(out, n, "record", NULL);
				assert_non_null(j);
				assert_memory_equal(json_string_value(json_object_get(j, "log")),
						    text, sizeof(text));
				json_unref(j);
			}
			assert_int_equal(log_record_parse(&p, out, n - 1, &rec), 0);
			assert_int_equal(rec.len, sizeof(text) + 1);
			assert_memory_equal(rec.text, text, sizeof(text));
			assert_int_equal(rec.text[sizeof(text)], '\n');
			assert_int_equal(rec.stream, LOG_STDERR);
			assert_true(rec.time == TIME);
		}
}

static int parse(const char *text, struct log_record *rec, char *copy)
{
	struct log_parser p = {};

	strcpy(copy, text);
	return log_record_parse(&p, copy, strlen(copy), rec);
}

static void test_other_writers(void **state)
{
	static const struct {
		const char *in, *text;
		enum log_stream stream;
		int64_t time;
	} rows[] = {
		{"{\"log\":\"\\u003ca\\u003e\\u00e4\\ud83d\\ude00\\n\",\"stream\":\"stdout\","
		 "\"time\":"
		 "\"2026-01-02T03:04:05.5Z\"}",
		 "<a>\xc3\xa4\xf0\x9f\x98\x80\n", LOG_STDOUT, TIME - 12345678 + 500000000},
		{"{\"log\":\"x\\n\",\"stream\":\"stderr\",\"attrs\":{\"a\":\"}\",\"b\":[1,{}]},"
		 "\"time\":"
		 "\"2026-01-02T03:04:05Z\"}",
		 "x\n", LOG_STDERR, TIME - 12345678},
		{"{ \"time\" : \"2026-01-02T04:04:05.012345678+01:00\" , \"stream\":\"stderr\", "
		 "\"log\":\"\\ud800!\"} ",
		 "\xef\xbf\xbd!", LOG_STDERR, TIME},
		{"{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"0001-01-01T00:00:00Z\"}", "",
		 LOG_STDOUT, 0},
	};
	char copy[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct log_record rec;

		assert_int_equal(parse(rows[i].in, &rec, copy), 0);
		assert_int_equal(rec.len, strlen(rows[i].text));
		assert_memory_equal(rec.text, rows[i].text, rec.len);
		assert_int_equal(rec.stream, rows[i].stream);
		assert_true(rec.time == rows[i].time);
	}
}

static void test_torn(void **state)
{
	static const char whole[] =
		"{\"log\":\"some text \\u00e4 here\\n\",\"stream\":\"stdout\",\"time\":"
		"\"2026-01-02T03:04:05.012345678Z\"}";
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"log\":\"x\"}",
		"{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"yesterday\"}",
		"{\"log\":\"\\x\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}",
		"{\"log\":7,\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}",
		"{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}}",
		"{\"log\":\"x\ty\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}",
		("{\"log\":\"a{\"log\":\"b\\n\",\"stream\":\"stdout\","
		 "\"time\":\"2026-01-02T03:04:05Z\"}"),
	};
	char copy[512], cut[sizeof(whole)];
	struct log_record rec;

	(void)state;
	assert_int_equal(parse(whole, &rec, copy), 0);
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		memcpy(cut, whole, n);
		cut[n] = '\0';
		assert_int_equal(parse(cut, &rec, copy), -EBADMSG);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i], &rec, copy), -EBADMSG);
}

static void test_piece(void **state)
{
	(void)state;
	assert_int_equal(log_piece_len("abcd", 4), 4);
	assert_int_equal(log_piece_len("abc\xe2\x82\xac", 6), 6);
	assert_int_equal(log_piece_len("abc\xe2\x82\xac", 5), 3);
	assert_int_equal(log_piece_len("abc\xe2\x82\xac", 4), 3);
	assert_int_equal(log_piece_len("a\x80\x80\x80", 4), 4);
	assert_int_equal(log_piece_len("ab\xf0\x9f\x98", 5), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),     cmocka_unit_test(test_invalid_utf8),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_other_writers),
		cmocka_unit_test(test_torn),       cmocka_unit_test(test_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
