// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cells.h"

#define ID "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void text_is(struct buf *b, const char *want)
{
	assert_string_equal(b->data ? b->data : "", want);
	buf_reset(b);
}

static void ids(void **state UNUSED)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);

	cells_id(&b, ID, false);
	text_is(&b, "0123456789ab");
	cells_id(&b, &ID[7], false);
	text_is(&b, "0123456789ab");
	cells_id(&b, ID, true);
	text_is(&b, ID);
}

static void cut_and_quoted(void **state UNUSED)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);

	cells_cut(&b, "12345", 5);
	text_is(&b, "12345");
	cells_cut(&b, "123456", 5);
	text_is(&b, "1234\u2026");
	cells_cut(&b, "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4", 5);
	text_is(&b, "\u00e4\u00e4\u00e4\u00e4\u2026");
	cells_cut(&b, "123456", 0);
	text_is(&b, "123456");
	cells_quoted(&b, "sh -c \"a\\b\"\n\t\x01", 0);
	text_is(&b, "\"sh -c \\\"a\\\\b\\\"\\n\\t\\x01\"");
	cells_quoted(&b, "/docker-entrypoint.sh nginx", 20);
	text_is(&b, "\"/docker-entrypoint.\u2026\"");
}

static void times(void **state UNUSED)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	const int64_t now = INT64_C(1767366245) * NS_PER_SEC;

	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
	cells_time(&b, now);
	text_is(&b, "2026-01-02 15:04:05 +0000 UTC");
	cells_time(&b, 0);
	text_is(&b, "N/A");
	cells_ago(&b, now, now - 120 * NS_PER_SEC);
	text_is(&b, "2 minutes ago");
	cells_ago(&b, now, 0);
	text_is(&b, "N/A");
	cells_size(&b, 4262000);
	text_is(&b, "4.26MB");
}

static void maps(void **state UNUSED)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	struct json_pair items[] = {{(char *)"b", (char *)"2"}, {(char *)"a", (char *)""}};
	const struct json_map m = {items, 2};
	cleanup(json_unref) json_t *j = json_pack("{s:s,s:s}", "z", "1", "y", "2");

	cells_map(&b, &m);
	text_is(&b, "a=,b=2");
	cells_map(&b, &(struct json_map){});
	text_is(&b, "");
	cells_json_map(&b, j);
	text_is(&b, "y=2,z=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		cmocka_unit_test(cut_and_quoted),
		cmocka_unit_test(times),
		cmocka_unit_test(maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
