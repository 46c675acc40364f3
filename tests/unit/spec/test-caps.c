// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "spec/caps.h"

static void numbers_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(cap_parse("CAP_CHOWN"), 0);
	assert_int_equal(cap_parse("NET_ADMIN"), 12);
	assert_int_equal(cap_parse("cap_sys_admin"), 21);
	assert_int_equal(cap_parse("CAP_AUDIT_WRITE"), 29);
	assert_int_equal(cap_parse("CAP_CHECKPOINT_RESTORE"), 40);
	assert_int_equal(cap_parse("CAP_"), -EINVAL);
	assert_int_equal(cap_parse("ALL"), -EINVAL);
	assert_null(cap_name(-1));
	assert_null(cap_name(CAPS_N));
}

static void every_name_reads_back(void **state)
{
	(void)state;
	for (int i = 0; i < CAPS_N; i++)
		assert_int_equal(cap_parse(cap_name(i)), i);
}

static void sets_go_both_ways(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char **list = strv_split(a, "CAP_KILL,CAP_CHOWN,CAP_KILL", ',', 0);
	char **bad = strv_split(a, "CAP_KILL,CAP_FLY", ',', 0);
	struct err err = ERR_INIT;
	uint64_t set = 7;
	char **v;

	(void)state;
	assert_int_equal(caps_parse(list, &set, &err), 0);
	assert_int_equal(set, CAPS_BIT(0) | CAPS_BIT(5));
	v = caps_names(a, set);
	assert_string_equal(v[0], "CAP_CHOWN");
	assert_string_equal(v[1], "CAP_KILL");
	assert_null(v[2]);
	assert_int_equal(strv_len(caps_names(a, CAPS_ALL)), CAPS_N);
	assert_int_equal(caps_parse(NULL, &set, &err), 0);
	assert_int_equal(set, 0);
	assert_int_equal(caps_parse(bad, &set, &err), -EINVAL);
	assert_string_equal(err.msg, "unknown capability: CAP_FLY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_kernels),
		cmocka_unit_test(every_name_reads_back),
		cmocka_unit_test(sets_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
