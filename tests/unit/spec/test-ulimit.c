// SPDX-License-Identifier: Apache-2.0
#include "spec/ulimit.h"

#include <sys/resource.h>

#include "../check.h"

#define ORDER "ulimit soft limit must be less than or equal to hard limit: "

static const struct {
	const char *in, *name;
	int64_t soft, hard;
	const char *msg;
} rows[] = {
	{"nofile=1024", "nofile", 1024, 1024, NULL},
	{"nofile=1024:2048", "nofile", 1024, 2048, NULL},
	{"core=0", "core", 0, 0, NULL},
	{"core=-1", "core", -1, -1, NULL},
	{"memlock=-1:-1", "memlock", -1, -1, NULL},
	{"nproc=512:-1", "nproc", 512, -1, NULL},
	{"stack=9223372036854775807", "stack", INT64_MAX, INT64_MAX, NULL},
	{"nofile", NULL, 0, 0, "invalid ulimit argument: nofile"},
	{"", NULL, 0, 0, "invalid ulimit argument: "},
	{"files=1", NULL, 0, 0, "invalid ulimit type: files"},
	{"NOFILE=1", NULL, 0, 0, "invalid ulimit type: NOFILE"},
	{"=1", NULL, 0, 0, "invalid ulimit type: "},
	{"nofile=", NULL, 0, 0, "strconv.ParseInt: parsing \"\": invalid syntax"},
	{"nofile=a", NULL, 0, 0, "strconv.ParseInt: parsing \"a\": invalid syntax"},
	{"nofile=1:b", NULL, 0, 0, "strconv.ParseInt: parsing \"b\": invalid syntax"},
	{"nofile=9223372036854775808", NULL, 0, 0,
	 "strconv.ParseInt: parsing \"9223372036854775808\": value out of range"},
	{"nofile=1:2:3", NULL, 0, 0,
	 "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`"},
	{"nofile=2:1", NULL, 0, 0, ORDER "2 > 1"},
	{"nofile=-1:1", NULL, 0, 0, ORDER "soft: -1 (unlimited), hard: 1"},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct container_ulimit u = {};
		struct err err = ERR_INIT;
		int r = ulimit_parse(rows[i].in, &u, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_text(rows[i].in, u.name, rows[i].name);
		assert_int_equal(u.soft, rows[i].soft);
		assert_int_equal(u.hard, rows[i].hard);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(ulimit_resource("nofile"), RLIMIT_NOFILE);
	assert_int_equal(ulimit_resource("rttime"), RLIMIT_RTTIME);
	assert_int_equal(ulimit_resource("nofil"), -EINVAL);
	assert_string_equal(ulimit_oci_name("memlock"), "RLIMIT_MEMLOCK");
	assert_null(ulimit_oci_name("RLIMIT_MEMLOCK"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
