// SPDX-License-Identifier: Apache-2.0
#include "spec/name.h"

#include "../check.h"

static void test_check(void **state)
{
	static const char *const good[] = {"ab", "a-", "A_b.c-9", "9z"};
	static const char *const bad[] = {"",    "a",   "-a",  "_a",       ".a",
					  "a/b", "a b", "a:b", "\xc3\xa9x"};
	char want[400], big[NAME_MAX_LEN + 2];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		check_ok(good[i], name_check_container(good[i], &err), &err);
		check_ok(good[i], name_check_volume(good[i], &err), &err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		(void)snprintf(
			want, sizeof(want),
			"Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			bad[i]);
		check_error(bad[i], name_check_container(bad[i], &err), &err, want);
	}
	check_error(
		"a", name_check_volume("a", &err), &err,
		"volume name is too short, names should be at least two alphanumeric characters");
	check_error("a b", name_check_volume("a b", &err), &err,
		    "\"a b\" includes invalid characters for a local volume name, only "
		    "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
		    "directory, use absolute path");
	memset(big, 'a', sizeof(big));
	big[NAME_MAX_LEN] = '\0';
	assert_int_equal(name_check_container(big, NULL), 0);
	big[NAME_MAX_LEN] = 'a';
	big[NAME_MAX_LEN + 1] = '\0';
	assert_true(name_check_container(big, NULL) < 0);
}

static void test_invent(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const char *name = name_invent(a, random, 0);

		random = random * 6364136223846793005u + 1442695040888963407u;
		assert_non_null(strchr(name, '_'));
		assert_int_equal(name_check_container(name, NULL), 0);
	}
	check_text("same", name_invent(a, 12345, 0), name_invent(a, 12345, 0));
	assert_true(strcmp(name_invent(a, 1, 0), name_invent(a, 2, 0)) != 0);
	assert_int_equal(strlen(name_invent(a, 99, 1)), strlen(name_invent(a, 99, 0)) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_invent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
