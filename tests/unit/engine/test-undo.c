// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "engine/undo.h"

struct note {
	struct buf *b;
	char c;
};

static void write_note(void *data)
{
	struct note *n = data;

	buf_putc(n->b, n->c);
	errno = EIO; /* what a step leaves behind must not be seen */
}

static int three_steps(struct buf *b, struct note n[3], bool succeed)
{
	cleanup(undo_run) struct undo u = {};

	for (int i = 0; i < 3; i++) {
		n[i] = (struct note){b, (char)('a' + i)};
		undo_push(&u, write_note, &n[i]);
	}
	if (!succeed)
		return -1;
	undo_dismiss(&u);
	return 0;
}

static void test_backwards(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(64);
	struct note n[3];

	(void)state;
	errno = ENOENT;
	assert_int_equal(three_steps(&b, n, false), -1);
	assert_string_equal(b.data, "cba");
	assert_int_equal(errno, ENOENT);
}

static void test_dismissed(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(64);
	struct note n[3];

	(void)state;
	assert_int_equal(three_steps(&b, n, true), 0);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backwards),
		cmocka_unit_test(test_dismissed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
