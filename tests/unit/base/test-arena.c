// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include "../check.h"

static int order[4], n_order;

static void note(void *p)
{
	order[n_order++] = (int)(intptr_t)p;
}

static void test_alloc(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		unsigned char *p = arena_alloc(a, i);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xff, i);
	}
	assert_null(arena_calloc(a, SIZE_MAX / 2, 3));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_strdup(a, NULL));
	assert_string_equal(arena_strndup(a, "abc", 2), "ab");
	assert_string_equal(arena_strndup(a, "abc", 9), "abc");
	assert_string_equal(arena_printf(a, "%d-%s", 5, "x"), "5-x");
}

static void test_ceiling(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 16);
	size_t got = 0;

	(void)state;
	assert_null(arena_alloc(a, (1 << 16) + 64));
	while (got < 1 << 20 && arena_alloc(a, 1000))
		got += 1000;
	assert_in_range(got, 1 << 14, 1 << 18);
}

static void test_defer(void **state)
{
	struct arena *a = arena_new(1 << 16);

	(void)state;
	n_order = 0;
	for (intptr_t i = 1; i <= 3; i++)
		assert_int_equal(arena_defer(a, note, (void *)i), 0);
	assert_int_equal(n_order, 0);
	arena_free(a);
	assert_int_equal(n_order, 3);
	assert_int_equal(order[0], 3);
	assert_int_equal(order[2], 1);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_defer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
