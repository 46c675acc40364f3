// SPDX-License-Identifier: Apache-2.0
#include "spec/device.h"

#include "../check.h"

static const struct {
	const char *in, *host, *inside, *permissions, *msg;
} rows[] = {
	{"/dev/a", "/dev/a", "/dev/a", "rwm", NULL},
	{"/dev/a:/dev/b", "/dev/a", "/dev/b", "rwm", NULL},
	{"/dev/a:r", "/dev/a", "/dev/a", "r", NULL},
	{"/dev/a:/dev/b:rw", "/dev/a", "/dev/b", "rw", NULL},
	{"/dev/a:/dev//b/../c:m", "/dev/a", "/dev/c", "m", NULL},
	{"", NULL, NULL, NULL, "bad format for path: "},
	{":/dev/b", NULL, NULL, NULL, "bad format for path: :/dev/b"},
	{"/a:/b:r:w", NULL, NULL, NULL, "bad format for path: /a:/b:r:w"},
	{"/a:/b:x", NULL, NULL, NULL, "bad mode specified: x"},
	{"/a:/b:rr", NULL, NULL, NULL, "bad mode specified: rr"},
	{"/a:/b:", NULL, NULL, NULL, "bad mode specified: "},
	{"dev/a", NULL, NULL, NULL, "dev/a is not an absolute path"},
	{"/dev/a:b", NULL, NULL, NULL, "b is not an absolute path"},
	{"/dev/a:", NULL, NULL, NULL, " is not an absolute path"},
};

static void test_device(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct container_device d;
		struct err err = ERR_INIT;
		int r = device_parse(a, rows[i].in, &d, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_text(rows[i].in, d.path_on_host, rows[i].host);
		check_text(rows[i].in, d.path_in_container, rows[i].inside);
		check_text(rows[i].in, d.cgroup_permissions, rows[i].permissions);
	}
}

static void test_rules(void **state)
{
	static const struct {
		const char *in;
		char type;
		int64_t major, minor;
		const char *access; /* NULL: refused */
	} rules[] = {
		{"c 1:3 rwm", 'c', 1, 3, "rwm"},
		{"a *:* r", 'a', -1, -1, "r"},
		{"b 8:* rw", 'b', 8, -1, "rw"},
		{"c *:12 m", 'c', -1, 12, "m"},
		{"c 4294967295:0 m", 'c', UINT32_MAX, 0, "m"},
		{"", 0, 0, 0, NULL},
		{"c", 0, 0, 0, NULL},
		{"d 1:3 r", 0, 0, 0, NULL},
		{"c 1:3", 0, 0, 0, NULL},
		{"c 1:3 ", 0, 0, 0, NULL},
		{"c 1:3 x", 0, 0, 0, NULL},
		{"c 1:3 rwmr", 0, 0, 0, NULL},
		{"c 1: r", 0, 0, 0, NULL},
		{"c :3 r", 0, 0, 0, NULL},
		{"c -1:3 r", 0, 0, 0, NULL},
		{"c 4294967296:0 m", 0, 0, 0, NULL},
		{"c **:3 r", 0, 0, 0, NULL},
		{"c 1:3  r", 0, 0, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct device_rule rule;
		struct err err = ERR_INIT;
		char want[100];
		int r = device_rule_parse(rules[i].in, &rule, &err);

		if (!rules[i].access) {
			(void)snprintf(want, sizeof(want), "invalid device cgroup format '%s'",
				       rules[i].in);
			check_error(rules[i].in, r, &err, want);
			continue;
		}
		check_ok(rules[i].in, r, &err);
		assert_int_equal(rule.type, rules[i].type);
		assert_int_equal(rule.major, rules[i].major);
		assert_int_equal(rule.minor, rules[i].minor);
		check_text(rules[i].in, rule.access, rules[i].access);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
