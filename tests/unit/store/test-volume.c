// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

static void test_rows(void **state)
{
	struct fixture *f = *state;
	struct store_volume v = {.name = (char *)"data",
				 .driver = (char *)"local",
				 .created = 7,
				 .anonymous = true},
			    got;
	struct json_list list;

	assert_int_equal(json_map_set(f->a, &v.labels, "k", "v \"q\""), 0);
	assert_ok(f, store_volume_insert(f->s, &v, &f->err));
	assert_int_equal(store_volume_insert(f->s, &v, &f->err), -EEXIST);
	assert_ok(f, store_volume_find(f->s, f->a, "data", &got, &f->err));
	assert_string_equal(json_map_get(&got.labels, "k"), "v \"q\"");
	assert_int_equal(got.options.n, 0);
	assert_int_equal(got.created, 7);
	assert_true(got.anonymous);
	v.name = (char *)"a";
	assert_ok(f, store_volume_insert(f->s, &v, &f->err));
	assert_ok(f, store_volume_list(f->s, f->a, &list, &f->err));
	assert_int_equal(list.n, 2);
	assert_string_equal(JSON_AT(struct store_volume, &list, 0)->name, "a");
	assert_ok(f, store_volume_delete(f->s, "a", &f->err));
	assert_int_equal(store_volume_delete(f->s, "a", &f->err), -ENOENT);
	assert_int_equal(store_volume_find(f->s, f->a, "a", &got, &f->err), -ENOENT);
	assert_string_equal(f->err.msg, "get a: no such volume");
}

int main(void)
{
	const struct CMUnitTest tests[] = {store_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
