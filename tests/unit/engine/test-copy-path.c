// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "engine/copy-path.h"

static void test_in_container(void **state)
{
	static const char *const rows[][2] = {
		{"etc", "/etc"},
		{"/a/../../b", "/b"},
		{"../../x", "/x"},
		{"/dir/.", "/dir/."},
		{"/dir/", "/dir/"},
		{"/", "/"},
		{".", "/."},
		{"", "/"},
		{"a//b/./c", "/a/b/c"},
	};
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(copy_path_in_container(a, rows[i][0]), rows[i][1]);
	assert_string_equal(copy_path_on_host(a, "/home/u", "x/"), "/home/u/x/");
	assert_string_equal(copy_path_on_host(a, "/home/u", "."), "/home/u/.");
	assert_string_equal(copy_path_on_host(a, "/home/u", "/y"), "/y");
}

static void test_split(void **state)
{
	static const char *const rows[][4] = {
		/* path, directory, last component, base */
		{"/a/b", "/a", "b", "b"}, {"/a/b/", "/a", "b", "b"}, {"/a/b/.", "/a/b", ".", "."},
		{"/a", "/", "a", "a"},    {"/", "/", "/", "/"},      {"/.", "/", ".", "."},
		{"a", ".", "a", "a"},
	};
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	char *dir, *base;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(copy_path_split(a, rows[i][0], &dir, &base), 0);
		assert_string_equal(dir, rows[i][1]);
		assert_string_equal(base, rows[i][2]);
		assert_string_equal(copy_path_base(a, rows[i][0]), rows[i][3]);
	}
}

static void test_rebase(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	char *resolved, *rebase;

	(void)state;
	resolved = (char *)"/real/target";
	assert_int_equal(copy_path_rebase(a, "/link", &resolved, &rebase), 0);
	assert_string_equal(resolved, "/real/target");
	assert_string_equal(rebase, "link");
	resolved = (char *)"/real/target";
	assert_int_equal(copy_path_rebase(a, "/link/.", &resolved, &rebase), 0);
	assert_string_equal(resolved, "/real/target/.");
	assert_null(rebase);
	resolved = (char *)"/other/same";
	assert_int_equal(copy_path_rebase(a, "/dir/same/", &resolved, &rebase), 0);
	assert_string_equal(resolved, "/other/same/");
	assert_null(rebase);
}

/* The table of docker cp's documentation, all of it. */
static void test_plan(void **state)
{
	static const struct {
		const char *src;
		bool src_dir;
		const char *dst;
		bool exists, dst_dir;
		const char *dir, *name; /* or NULL and the error */
	} rows[] = {
		{"/s/file", false, "/d/new", false, false, "/d", "new"},
		{"/s/file", false, "/d/new/", false, false, NULL, "no such directory"},
		{"/s/file", false, "/d/new/.", false, false, NULL, "no such directory"},
		{"/s/file", false, "/d/old", true, false, "/d", "old"},
		{"/s/file", false, "/d/dir", true, true, "/d/dir", "file"},
		{"/s/file", false, "/d/dir/", true, true, "/d/dir/", "file"},
		{"/s/dir", true, "/d/new", false, false, "/d", "new"},
		{"/s/dir", true, "/d/new/", false, false, "/d", "new"},
		{"/s/dir", true, "/d/old", true, false, NULL, "cannot copy directory"},
		{"/s/dir", true, "/d/dir", true, true, "/d/dir", "dir"},
		{"/s/dir/.", true, "/d/dir", true, true, "/d/dir", "."},
		{"/s/dir/.", true, "/d/new", false, false, "/d", "new"},
		{"/s/dir/", true, "/d/dir", true, true, "/d/dir", "dir"},
	};
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct copy_info src = {
			.path = (char *)rows[i].src, .exists = true, .is_dir = rows[i].src_dir};
		struct copy_info dst = {.path = (char *)rows[i].dst,
					.exists = rows[i].exists,
					.is_dir = rows[i].dst_dir};
		struct copy_plan plan = {};
		struct err err = ERR_INIT;
		int r = copy_plan(a, &src, &dst, &plan, &err);

		if (!rows[i].dir) {
			assert_int_equal(err.kind, ERR_INVALID);
			assert_true(r < 0);
			assert_string_equal(err.msg, rows[i].name);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(plan.dir, rows[i].dir);
		assert_string_equal(plan.name, rows[i].name);
	}
}

static void test_plan_keeps_the_name_asked_for(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct copy_info src = {
		.path = (char *)"/real/target", .exists = true, .rebase = (char *)"link"};
	struct copy_info dst = {.path = (char *)"/d", .exists = true, .is_dir = true};
	struct copy_plan plan = {};

	(void)state;
	assert_int_equal(copy_plan(a, &src, &dst, &plan, NULL), 0);
	assert_string_equal(plan.name, "link");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_container),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_rebase),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_plan_keeps_the_name_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
