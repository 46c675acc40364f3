// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "spec/cdi.h"
#include "spec/device.h"
#include "spec/gpus.h"

#define FILE_WITH(edits)                                                                           \
	"{\"cdiVersion\":\"0.6.0\",\"kind\":\"v.com/c\",\"devices\":[{\"name\":\"a\","             \
	"\"containerEdits\":{" edits "}}]}"

static void names(void **state)
{
	static const char *const good[] = {"vendor.com/class=name", "v/c=0", "n-v.x/g_pu=a:0.1"};
	static const char *const bad[] = {
		"",       "/dev/null", "v/c",     "v=c",     "/c=n",   "v/=n",   "v/c=",
		"1v/c=n", "v/c=-n",    "v/c=n/m", "v/c.d=n", "v/c=n:", "v./c=n", "/dev/a=b:/dev/c"};
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct container_device d;
	struct cdi_name n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(cdi_is_name(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (cdi_is_name(bad[i]))
			fail_msg("%s", bad[i]);
	assert_int_equal(cdi_name_parse(a, "v.com/c=x:1", &n, NULL), 0);
	assert_string_equal(n.kind, "v.com/c");
	assert_string_equal(n.device, "x:1");
	assert_int_equal(device_parse(a, "v.com/c=x", &d, NULL), 0);
	assert_string_equal(d.path_on_host, "v.com/c=x");
	assert_null(d.path_in_container);
}

static void a_whole_file(void **state)
{
	static const char text[] = FILE_WITH(
		"\"env\":[\"A=b\"],\"deviceNodes\":[{\"path\":\"/dev/"
		"a\",\"major\":3,\"permissions\":"
		"\"rw\"}],\"mounts\":[{\"hostPath\":\"/h\",\"containerPath\":\"/c\",\"options\":["
		"\"ro\"]}],\"hooks\":[{\"hookName\":\"poststop\",\"path\":\"/x\"}],"
		"\"additionalGids\":[7],\"news\":1");
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	const struct cdi_device *d;
	struct cdi_spec s;

	(void)state;
	assert_int_equal(cdi_spec_decode(a, text, strlen(text), "f", &s, NULL), 0);
	d = cdi_spec_find(&s, "a");
	assert_non_null(d);
	assert_null(cdi_spec_find(&s, "b"));
	assert_string_equal(d->edits.env[0], "A=b");
	assert_int_equal(JSON_AT(struct cdi_node, &d->edits.device_nodes, 0)->major.value, 3);
	assert_string_equal(JSON_AT(struct cdi_mount, &d->edits.mounts, 0)->container_path, "/c");
	assert_int_equal(*JSON_AT(int64_t, &d->edits.additional_gids, 0), 7);
}

static void wrong_files(void **state)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{"[]", NULL},
		{"{\"cdiVersion\":\"9.0\",\"kind\":\"v/c\"}", "f: cdiVersion \"9.0\" is not known"},
		{"{\"cdiVersion\":\"0.3.0\",\"kind\":\"vc\"}",
		 "f: kind \"vc\" is not vendor.com/class"},
		{"{\"cdiVersion\":\"0.3.0\",\"kind\":\"v/c\"}", "f: devices: 0 of them"},
		{"{\"cdiVersion\":\"0.3.0\",\"kind\":\"v/c\",\"devices\":[{\"name\":\"a\"},{"
		 "\"name\":\"a\"}]}",
		 "f: devices[1].name: \"a\" is no name, or twice there"},
		{FILE_WITH("\"env\":[\"A\"]"),
		 "f: devices[0].containerEdits.env: not NAME=VALUE \"A\""},
		{FILE_WITH("\"mounts\":[{\"hostPath\":\"h\",\"containerPath\":\"/c\"}]"),
		 "f: devices[0].containerEdits.mounts: not an absolute path \"h\""},
		{FILE_WITH("\"deviceNodes\":[{\"path\":\"/d\",\"permissions\":\"rwx\"}]"),
		 "f: devices[0].containerEdits.deviceNodes: wrong permissions \"rwx\""},
		{FILE_WITH("\"deviceNodes\":[{\"path\":\"/d\",\"major\":-1}]"),
		 "f: devices[0].containerEdits.deviceNodes: number out of range of \"/d\""},
		{FILE_WITH("\"hooks\":[{\"hookName\":\"now\",\"path\":\"/x\"}]"),
		 "f: devices[0].containerEdits.hooks: unknown hook \"now\""},
		{FILE_WITH("\"intelRdt\":{}"),
		 "f: devices[0].containerEdits.intelRdt: not supported \"\""},
		{FILE_WITH("\"env\":3"),
		 "f: devices[0].containerEdits.env: expected array of strings, got integer"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct cdi_spec s;

		assert_true(cdi_spec_decode(a, rows[i].text, strlen(rows[i].text), "f", &s, &err) <
			    0);
		if (rows[i].msg)
			assert_string_equal(err.msg, rows[i].msg);
	}
}

static void gpus(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"all",
		 "{\"Driver\":\"\",\"Count\":-1,\"DeviceIDs\":null,\"Capabilities\":[[\"gpu\"]],"
		 "\"Options\":{}}"},
		{"2",
		 "{\"Driver\":\"\",\"Count\":2,\"DeviceIDs\":null,\"Capabilities\":[[\"gpu\"]],"
		 "\"Options\":{}}"},
		{"\"device=0,2\",driver=nvidia,capabilities=compute",
		 "{\"Driver\":\"nvidia\",\"Count\":0,\"DeviceIDs\":[\"0\",\"2\"],\"Capabilities\":["
		 "["
		 "\"compute\",\"gpu\"]],\"Options\":{}}"},
		{"x", NULL},
		{"count=1,device=0", NULL},
		{"what=1", NULL},
	};
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(buf_done) struct buf b = BUF_INIT(4096);
		struct err err = ERR_INIT;
		json_t *j = NULL;
		int r = gpus_parse(a, rows[i].text, &j, &err);

		assert_int_equal(r < 0, !rows[i].want);
		if (r < 0)
			continue;
		assert_int_equal(json_write(&b, j, 0, NULL), 0);
		assert_string_equal(b.data, rows[i].want);
		json_decref(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(a_whole_file),
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(gpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
