// SPDX-License-Identifier: Apache-2.0
#include "spec/digest.h"

#include "../check.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *in, *msg; /* NULL: valid */
} rows[] = {
	{"sha256:" HEX, NULL},
	{"sha512:" HEX HEX, NULL},
	{"sha384:" HEX "0123456789abcdef0123456789abcdef", NULL},
	{"sha256:" HEX "0", "invalid checksum digest length"},
	{"sha512:" HEX, "invalid checksum digest length"},
	{"sha256:" HEX "/../../../etc/passwd", "invalid checksum digest length"},
	{"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	 "invalid checksum digest format"},
	{"sha256:../../../../../../../../../../../../../../../../../../../etc/pas",
	 "invalid checksum digest format"},
	{"sha256:", "invalid checksum digest format"},
	{":" HEX, "invalid checksum digest format"},
	{HEX, "invalid checksum digest format"},
	{"", "invalid checksum digest format"},
	{"SHA256:" HEX, "unsupported digest algorithm"},
	{"md5:d41d8cd98f00b204e9800998ecf8427e", "unsupported digest algorithm"},
	{"../sha256:" HEX, "unsupported digest algorithm"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		int r = digest_check(rows[i].in, &err);

		if (rows[i].msg)
			check_error(rows[i].in, r, &err, rows[i].msg);
		else
			check_ok(rows[i].in, r, &err);
		assert_int_equal(digest_is_valid(rows[i].in), rows[i].msg == NULL);
	}
}

static void test_parts(void **state)
{
	(void)state;
	assert_string_equal(digest_hex("sha256:" HEX), HEX);
	assert_true(digest_is_sha256("sha256:" HEX));
	assert_false(digest_is_sha256("sha512:" HEX HEX));
	assert_false(digest_is_sha256("sha256:" HEX "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
