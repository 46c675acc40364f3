// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include "../check.h"

static void test_append(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1000);
	struct err err = ERR_INIT;

	(void)state;
	buf_puts(&b, "ab");
	buf_putc(&b, 'c');
	buf_printf(&b, "%03d", 7);
	check_text("buf", b.data, "abc007");
	buf_eat(&b, 4);
	check_text("eat", b.data, "07");
	buf_eat(&b, 99);
	assert_int_equal(b.len, 0);
	check_text("eat all", b.data, "");
	check_ok("buf", buf_check(&b, &err), &err);
}

static void test_ceiling(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(10);
	struct err err = ERR_INIT;

	(void)state;
	buf_puts(&b, "0123456789");
	assert_int_equal(buf_check(&b, NULL), 0);
	buf_putc(&b, 'x');
	buf_puts(&b, "");
	check_error("full", buf_check(&b, &err), &err, "more than 10 bytes");
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	check_text("kept", b.data, "0123456789");
	assert_null(buf_take(&b));
	buf_reset(&b);
	buf_puts(&b, "ok");
	check_text("reset", b.data, "ok");
}

static void test_take(void **state)
{
	struct buf b = BUF_INIT(10);
	char *p = buf_take(&b);

	(void)state;
	check_text("empty", p, "");
	free(p);
	buf_puts(&b, "x");
	p = buf_take(&b);
	check_text("x", p, "x");
	free(p);
	assert_null(b.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
