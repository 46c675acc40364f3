// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include "../check.h"

static void test_numbers(void **state)
{
	static const struct {
		const char *in;
		int u, i; /* results */
		uint64_t uv;
		int64_t iv;
	} rows[] = {
		{"0", 0, 0, 0, 0},
		{"18446744073709551615", 0, -ERANGE, UINT64_MAX, 0},
		{"18446744073709551616", -ERANGE, -ERANGE, 0, 0},
		{"9223372036854775807", 0, 0, INT64_MAX, INT64_MAX},
		{"-9223372036854775808", -EINVAL, 0, 0, INT64_MIN},
		{"-9223372036854775809", -EINVAL, -ERANGE, 0, 0},
		{"", -EINVAL, -EINVAL, 0, 0},
		{"-", -EINVAL, -EINVAL, 0, 0},
		{"+1", -EINVAL, -EINVAL, 0, 0},
		{" 1", -EINVAL, -EINVAL, 0, 0},
		{"1 ", -EINVAL, -EINVAL, 0, 0},
		{"0x1", -EINVAL, -EINVAL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t u = 0;
		int64_t v = 0;

		assert_int_equal(str_to_u64(rows[i].in, &u), rows[i].u);
		assert_int_equal(str_to_i64(rows[i].in, &v), rows[i].i);
		assert_true(rows[i].u < 0 || u == rows[i].uv);
		assert_true(rows[i].i < 0 || v == rows[i].iv);
	}
}

static void test_questions(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq("a", NULL));
	assert_string_equal(str_after("prefix-x", "prefix-"), "x");
	assert_null(str_after("pre", "prefix"));
	assert_true(str_ends("a.c", ".c"));
	assert_false(str_ends("c", ".c"));
	assert_true(str_is_hex("09af", 4));
	assert_false(str_is_hex("09AF", 4));
	assert_false(str_is_hex("09af0", 4));
}

static void test_strv(void **state)
{
	static const struct {
		const char *in;
		size_t max;
		const char *want;
	} rows[] = {
		{"", 0, ""},   {"a", 0, "a"},         {"a,b", 0, "a|b"}, {"a,,b", 0, "a||b"},
		{",", 0, "|"}, {"a,b,c", 2, "a|b,c"}, {"a,b", 5, "a|b"},
	};
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char **v = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_text(rows[i].in,
			   strv_join(a, strv_split(a, rows[i].in, ',', rows[i].max), "|"),
			   rows[i].want);
	v = strv_append(a, v, "x");
	v = strv_append(a, v, "y");
	check_text("append", strv_join(a, strv_dup(a, v), "|"), "x|y");
	assert_true(strv_has(v, "y"));
	assert_false(strv_has(NULL, "y"));
	assert_int_equal(strv_len(NULL), 0);
}

static void test_env(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char **env = NULL;

	(void)state;
	env = env_set(a, env, "A=1");
	env = env_set(a, env, "AB=2");
	env = env_set(a, env, "A=3");
	check_text("env", strv_join(a, env, "|"), "A=3|AB=2");
	check_text("A", env_get(env, "A"), "3");
	assert_null(env_get(env, "B"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
