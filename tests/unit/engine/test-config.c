// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "engine/config.h"

static int load(struct arena *a, const char *text, struct engine_config *out, struct err *err)
{
	char path[] = "/tmp/hoy-config-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	r = config_load(a, path, true, out, err);
	unlink(path);
	return r;
}

static void test_defaults(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct engine_config c;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(config_load(a, "/nonexistent/config.json", false, &c, &err), 0);
	assert_string_equal(c.log_driver, "json-file");
	assert_string_equal(c.cgroup_parent, "/hoy");
	assert_int_equal(c.shutdown_timeout.value, 10);
	assert_int_equal(c.default_shm_size, 64 << 20);
	assert_int_equal(config_load(a, "/nonexistent/config.json", true, &c, &err), -ENOENT);
}

static void test_values(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct engine_config c;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(load(a,
			      "{\"cgroup-parent\": \"/x\", \"init\": true, \"unknown\": [1],"
			      "\"default-stop-timeout\": 3, \"log-opts\": {\"max-size\": \"1m\"},"
			      "\"default-ulimits\": {\"nofile\": {\"Name\": \"nofile\","
			      "\"Hard\": 64000, \"Soft\": 1024}}}",
			      &c, &err),
			 0);
	assert_string_equal(c.cgroup_parent, "/x");
	assert_true(c.init);
	assert_int_equal(c.shutdown_timeout.value, 3);
	assert_string_equal(json_map_get(&c.log_opts, "max-size"), "1m");
	assert_string_equal(json_map_get(&c.default_ulimits_text, "nofile"), "1024:64000");
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"{\"init\": \"yes\"}",
		"{\"cgroup-parent\": \"x\"}",
		"{\"cgroup-parent\": \"/x/../..\"}",
		"{\"default-shm-size\": -1}",
		"{\"default-ulimits\": {\"nofile\": 3}}",
	};
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct engine_config c;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;

		assert_true(load(a, bad[i], &c, &err) < 0);
		assert_true(err.msg[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
