// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/str.h"
#include "engine/bundle.h"

/* One word per argument; "-" is an absent list, "" an empty one, "''" the empty word. */
static char **list(struct arena *a, const char *s)
{
	char **v;

	if (str_eq(s, "-"))
		return NULL;
	v = strv_split(a, s, ' ', 0);
	for (size_t i = 0; v && v[i]; i++) {
		if (str_eq(v[i], "''"))
			v[i] = arena_strdup(a, "");
	}
	return v;
}

static json_t *image(const char *entrypoint, const char *cmd)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	json_t *j = json_object(), *c = json_object();
	char **e = list(a, entrypoint), **k = list(a, cmd);

	json_object_set_new(j, "config", c);
	if (e) {
		json_t *l = json_array();

		for (; *e; e++)
			json_array_append_new(l, json_string(*e));
		json_object_set_new(c, "Entrypoint", l);
	}
	if (k) {
		json_t *l = json_array();

		for (; *k; k++)
			json_array_append_new(l, json_string(*k));
		json_object_set_new(c, "Cmd", l);
	}
	return j;
}

static void test_command(void **state)
{
	/* The Dockerfile reference's table, and what --entrypoint and arguments do to it. */
	static const struct {
		const char *image_entrypoint, *image_cmd, *entrypoint, *cmd, *want;
	} rows[] = {
		{"-", "-", "-", "-", NULL},
		{"-", "i j", "-", "-", "i j"},
		{"e f", "-", "-", "-", "e f"},
		{"e f", "i j", "-", "-", "e f i j"},
		{"-", "-", "-", "c d", "c d"},
		{"-", "i j", "-", "c d", "c d"},
		{"e f", "-", "-", "c d", "e f c d"},
		{"e f", "i j", "-", "c d", "e f c d"},
		{"-", "-", "x", "-", "x"},
		{"-", "i j", "x", "-", "x"},
		{"e f", "-", "x", "-", "x"},
		{"e f", "i j", "x", "-", "x"},
		{"-", "-", "x", "c d", "x c d"},
		{"-", "i j", "x", "c d", "x c d"},
		{"e f", "-", "x", "c d", "x c d"},
		{"e f", "i j", "x", "c d", "x c d"},
		/* --entrypoint "" */
		{"e f", "i j", "''", "c d", "c d"},
		{"e f", "i j", "''", "-", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(1 << 20);
		cleanup(json_unref) json_t *j = image(rows[i].image_entrypoint, rows[i].image_cmd);
		struct container_create c = {.config = {.entrypoint = list(a, rows[i].entrypoint),
							.cmd = list(a, rows[i].cmd)}};
		struct err err = ERR_INIT;
		char **args = NULL;
		int r;

		assert_int_equal(bundle_merge(a, &c, j, &err), 0);
		r = bundle_args(a, &c.config, &args, &err);
		if (!rows[i].want) {
			assert_int_equal(r, -EINVAL);
			assert_string_equal(err.msg, "no command specified");
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(strv_join(a, args, " "), rows[i].want);
	}
}

static void test_members(void **state)
{
	static const char text[] =
		"{\"config\": {\"User\": \"app\", \"WorkingDir\": \"/srv\", \"StopSignal\": "
		"\"SIGINT\","
		"\"Env\": [\"A=image\", \"B=image\"], \"Labels\": {\"l\": \"image\", \"m\": "
		"\"image\"},"
		"\"ExposedPorts\": {\"80/tcp\": {}}, \"Volumes\": {\"/data\": {}},"
		"\"Healthcheck\": {\"Test\": [\"CMD\", \"t\"], \"Interval\": 5}}}";
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	cleanup(json_unref) json_t *j = json_parse(text, strlen(text), "image", NULL);
	struct container_create c = {.config = {.env = list(a, "B=user C=user"),
						.working_dir = arena_strdup(a, "/user")}};

	(void)state;
	assert_int_equal(json_map_set(a, &c.config.labels, "l", "user"), 0);
	assert_int_equal(bundle_merge(a, &c, j, NULL), 0);
	assert_string_equal(c.config.user, "app");
	assert_string_equal(c.config.working_dir, "/user");
	assert_string_equal(c.config.stop_signal, "SIGINT");
	assert_string_equal(strv_join(a, c.config.env, " "), "B=user C=user A=image");
	assert_string_equal(json_map_get(&c.config.labels, "l"), "user");
	assert_string_equal(json_map_get(&c.config.labels, "m"), "image");
	assert_string_equal(c.config.exposed_ports[0], "80/tcp");
	assert_string_equal(c.config.volumes[0], "/data");
	assert_int_equal(json_integer_value(json_object_get(c.config.healthcheck, "Interval")), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
