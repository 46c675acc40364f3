// SPDX-License-Identifier: Apache-2.0
#include "spec/csv.h"

#include "../check.h"
#include "base/str.h"

static const struct {
	const char *in, *want, *msg;
} rows[] = {
	{"a", "a", NULL},
	{"a,b=c,d", "a|b=c|d", NULL},
	{"", "", NULL},
	{"a,,b,", "a||b|", NULL},
	{"\"a,b\",c", "a,b|c", NULL},
	{"\"a\"\"b\"", "a\"b", NULL},
	{"\"\",x", "|x", NULL},
	{"a\"b", NULL, "parse error on line 1, column 2: bare \" in non-quoted-field"},
	{"x,\"a", NULL,
	 "parse error on line 1, column 5: extraneous or missing \" in quoted-field"},
	{"\"a\"b", NULL,
	 "parse error on line 1, column 3: extraneous or missing \" in quoted-field"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		char **v = NULL;
		int r = csv_parse(a, rows[i].in, &v, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_text(rows[i].in, strv_join(a, v, "|"), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
