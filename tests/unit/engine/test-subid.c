// SPDX-License-Identifier: Apache-2.0
#include "engine/subid.h"

#include <fcntl.h>

#include "../check.h"
#include "base/fd.h"

static struct userns_map read_map(const char *text, const char *name, uid_t uid)
{
	char path[] = "/tmp/hoy-test-subid.XXXXXX";
	struct err err = ERR_INIT;
	struct userns_map m;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	check_ok("map", subid_map(path, name, uid, 1000, &m, &err), &err);
	fd_close(fd);
	(void)unlink(path);
	return m;
}

static void test_ranges(void **state)
{
	struct userns_map m =
		read_map("other:100000:65536\nann:200000:65536\n\nann:7:3\n1000:50:2", "ann", 1000);

	(void)state;
	assert_int_equal(m.n, 4);
	assert_int_equal(m.range[0].outside, 1000);
	assert_int_equal(m.range[0].count, 1);
	assert_int_equal(m.range[1].inside, 1);
	assert_int_equal(m.range[1].outside, 200000);
	assert_int_equal(m.range[2].inside, 65537);
	assert_int_equal(m.range[2].outside, 7);
	assert_int_equal(m.range[3].inside, 65540);
	assert_int_equal(m.range[3].outside, 50);
}

static void test_nonsense(void **state)
{
	struct userns_map m;

	(void)state;
	assert_int_equal(read_map("", "ann", 1).n, 1);
	assert_int_equal(
		read_map("ann\nann:1\nann:x:5\nann:1:-5\nann:1:0\nann:1:2:3\n", "ann", 1).n, 1);
	assert_int_equal(read_map("ann:4294967295:2\nann:99999999999:1\n", "ann", 1).n, 1);
	assert_int_equal(read_map("anna:5:6\n10:7:8\n", "ann", 1).n, 1);
	/* More ids than there are numbers: the first ones. */
	m = read_map("ann:0:4294967290\nann:10:4294967280\n", "ann", 1);
	assert_int_equal(m.n, 2);
	assert_int_equal(subid_map("/nonexistent/subuid", "ann", 1, 5, &m, NULL), 0);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.range[0].outside, 5);
}

static void test_user(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char *home = NULL;

	(void)state;
	assert_string_equal(subid_user(a, 0, &home), "root");
	assert_string_equal(home, "/root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
