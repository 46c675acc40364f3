// SPDX-License-Identifier: Apache-2.0
#include "spec/mount.h"

#include "../check.h"
#include "base/str.h"

static const struct {
	const char *in, *json; /* json: of the mount */
	const char *msg;
} volumes[] = {
	{"/data", "{\"Type\":\"volume\",\"Target\":\"/data\"}", NULL},
	{"/data/", "{\"Type\":\"volume\",\"Target\":\"/data\"}", NULL},
	{"vol:/data", "{\"Type\":\"volume\",\"Source\":\"vol\",\"Target\":\"/data\"}", NULL},
	{"vol:/data:ro",
	 "{\"Type\":\"volume\",\"Source\":\"vol\",\"Target\":\"/data\",\"ReadOnly\":true}", NULL},
	{"vol:/data:nocopy",
	 "{\"Type\":\"volume\",\"Source\":\"vol\",\"Target\":\"/"
	 "data\",\"VolumeOptions\":{\"NoCopy\":true}}",
	 NULL},
	{"/h:/c",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/"
	 "c\",\"BindOptions\":{\"CreateMountpoint\":true}}",
	 NULL},
	{"/h:/c:ro,Z,rshared",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/"
	 "c\",\"ReadOnly\":true,\"BindOptions\":{"
	 "\"Propagation\":\"rshared\",\"CreateMountpoint\":true}}",
	 NULL},
	{"/h:/c:rw,cached",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/c\",\"Consistency\":\"cached\","
	 "\"BindOptions\":{\"CreateMountpoint\":true}}",
	 NULL},
	{"./x:/c",
	 "{\"Type\":\"bind\",\"Source\":\"/home/u/x\",\"Target\":\"/c\",\"BindOptions\":{"
	 "\"CreateMountpoint\":true}}",
	 NULL},
	{"../x:/c",
	 "{\"Type\":\"bind\",\"Source\":\"/home/x\",\"Target\":\"/c\",\"BindOptions\":{"
	 "\"CreateMountpoint\":true}}",
	 NULL},
	{".:/c",
	 "{\"Type\":\"bind\",\"Source\":\"/home/u\",\"Target\":\"/c\",\"BindOptions\":{"
	 "\"CreateMountpoint\":true}}",
	 NULL},
#define SPEC(s)       "invalid volume specification: '" s "'"
#define CONF(s, type) SPEC(s) ": invalid mount config for type \"" type "\": "
	{"", NULL, SPEC("")},
	{":", NULL, SPEC(":")},
	{":/c", NULL, SPEC(":/c")},
	{"/a:/b:ro:x", NULL, SPEC("/a:/b:ro:x")},
	{"/a:ro", NULL, SPEC("/a:ro")},
	{"/a:", NULL, SPEC("/a:")},
	{"/a:/b:xx", NULL, "invalid mode: xx"},
	{"/a:/b:ro,rw", NULL, "invalid mode: ro,rw"},
	{"/a:/b:z,Z", NULL, "invalid mode: z,Z"},
	{"/a:/b:shared,slave", NULL, "invalid mode: shared,slave"},
	{"/a:/b:ro,", NULL, "invalid mode: ro,"},
	{"data", NULL,
	 CONF("data", "volume") "invalid mount path: 'data' mount path must be absolute"},
	{"vol:c", NULL,
	 CONF("vol:c", "volume") "invalid mount path: 'c' mount path must be absolute"},
	{"/a:/", NULL, CONF("/a:/", "bind") "invalid specification: destination can't be '/'"},
	{"/a:/x/..", NULL,
	 CONF("/a:/x/..", "bind") "invalid specification: destination can't be '/'"},
	{"/", NULL, CONF("/", "volume") "invalid specification: destination can't be '/'"},
	{"vol:/c:rshared", NULL,
	 CONF("vol:/c:rshared", "volume") "field BindOptions must not be specified"},
	{"a b:/c", NULL,
	 SPEC("a b:/c") ": \"a b\" includes invalid characters for a local volume name, only "
			"\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
			"directory, use absolute path"},
};

static void check_mount(const char *in, const struct container_mount *m, const char *want)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	struct err err = ERR_INIT;

	check_ok(in, json_encode_text(&b, &container_mount_object, m, &err), &err);
	check_text(in, b.data, want);
}

static void test_volumes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct mount_volume v;
		int r = mount_parse_volume(a, volumes[i].in, "/home/u", &v, &err);

		if (volumes[i].msg) {
			check_error(volumes[i].in, r, &err, volumes[i].msg);
			continue;
		}
		check_ok(volumes[i].in, r, &err);
		check_mount(volumes[i].in, &v.mount, volumes[i].json);
	}
}

static void test_relabel(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct mount_volume v;

	(void)state;
	assert_int_equal(mount_parse_volume(a, "/a:/b:ro,z", "/", &v, NULL), 0);
	assert_true(v.relabel_shared && !v.relabel);
	check_text("mode", v.mode, "ro,z");
	assert_int_equal(mount_parse_volume(a, "/a:/b:Z", "/", &v, NULL), 0);
	assert_true(v.relabel && !v.relabel_shared);
}

static const struct {
	const char *in, *json;
	const char *msg;
} mounts[] = {
	{"target=/c", "{\"Type\":\"volume\",\"Target\":\"/c\"}", NULL},
	{"type=bind,source=/h,target=/c", "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/c\"}",
	 NULL},
	{"type=bind,src=./h,dst=/c",
	 "{\"Type\":\"bind\",\"Source\":\"/home/u/h\",\"Target\":\"/c\"}", NULL},
	{"TYPE=Bind,SRC=/h,destination=/c,readonly",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/c\",\"ReadOnly\":true}", NULL},
	{"type=bind,src=/h,dst=/c,ro=1",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/c\",\"ReadOnly\":true}", NULL},
	{"type=bind,src=/h,dst=/c,readonly=false",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/c\"}", NULL},
	{"type=bind,src=/h,dst=/c,bind-propagation=rslave,bind-nonrecursive,consistency=cached",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/c\",\"Consistency\":\"cached\","
	 "\"BindOptions\":{\"Propagation\":\"rslave\",\"NonRecursive\":true}}",
	 NULL},
	{"type=bind,src=/h,dst=/c,bind-recursive=disabled",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/"
	 "c\",\"BindOptions\":{\"NonRecursive\":true}}",
	 NULL},
	{"type=bind,src=/h,dst=/c,ro,bind-recursive=readonly,bind-propagation=rprivate",
	 "{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/"
	 "c\",\"ReadOnly\":true,\"BindOptions\":{"
	 "\"Propagation\":\"rprivate\",\"ReadOnlyForceRecursive\":true}}",
	 NULL},
	{"src=vol,dst=/c,volume-nocopy,volume-label=a=b,volume-label=c,volume-driver=local,"
	 "volume-opt=type=nfs,volume-opt=o=addr=1,volume-subpath=a/b",
	 "{\"Type\":\"volume\",\"Source\":\"vol\",\"Target\":\"/"
	 "c\",\"VolumeOptions\":{\"NoCopy\":true,"
	 "\"Labels\":{\"a\":\"b\",\"c\":\"\"},\"Subpath\":\"a/"
	 "b\",\"DriverConfig\":{\"Name\":\"local\","
	 "\"Options\":{\"type\":\"nfs\",\"o\":\"addr=1\"}}}}",
	 NULL},
	{"type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777",
	 "{\"Type\":\"tmpfs\",\"Target\":\"/"
	 "t\",\"TmpfsOptions\":{\"SizeBytes\":1048576,\"Mode\":1023}}",
	 NULL},
	{"\"src=vol\",\"dst=/a,b\"", "{\"Type\":\"volume\",\"Source\":\"vol\",\"Target\":\"/a,b\"}",
	 NULL},
	{"", NULL, "value is empty"},
	{"type=", NULL, "type is required"},
	{"type=bind,src=/h", NULL, "target is required"},
	{"type=bind,dst=/c", NULL,
	 "invalid mount config for type \"bind\": field Source must not be empty"},
	{"type=bind,src=h,dst=/c", NULL,
	 "invalid mount config for type \"bind\": invalid mount path: 'h' mount path must be "
	 "absolute"},
	{"type=nothing,dst=/c", NULL,
	 "invalid mount config for type \"nothing\": mount type unknown"},
	{"type=tmpfs,src=/x,dst=/c", NULL,
	 "invalid mount config for type \"tmpfs\": field Source must not be specified"},
	{"dst=/c,readonly", NULL,
	 "invalid mount config for type \"volume\": must not set ReadOnly mode when using "
	 "anonymous "
	 "volumes"},
	{"src=vol,dst=/c,volume-subpath=../x", NULL,
	 "invalid mount config for type \"volume\": subpath must be a relative path within the "
	 "volume"},
	{"src=vol,dst=/c,volume-subpath=a/..", NULL,
	 "invalid mount config for type \"volume\": subpath must be a relative path within the "
	 "volume"},
	{"dst", NULL, "invalid field 'dst' must be a key=value pair"},
	{"foo", NULL, "invalid field 'foo' must be a key=value pair"},
	{"foo=1", NULL, "unexpected key 'foo' in 'foo=1'"},
	{"dst=/c,readonly=maybe", NULL, "invalid value for readonly: maybe"},
	{"dst=/c,volume-nocopy=no", NULL, "invalid value for volume-nocopy: no"},
	{"type=tmpfs,dst=/c,tmpfs-size=x", NULL, "invalid value for tmpfs-size: x"},
	{"type=tmpfs,dst=/c,tmpfs-mode=8", NULL, "invalid value for tmpfs-mode: 8"},
	{"type=bind,src=/a,dst=/c,bind-recursive=x", NULL,
	 "invalid value for bind-recursive: x (must be \"enabled\", \"disabled\", \"writable\", or "
	 "\"readonly\")"},
	{"type=bind,src=/a,dst=/c,bind-propagation=x", NULL,
	 "invalid mount config for type \"bind\": invalid propagation mode: x"},
	{"type=bind,src=/a,dst=/c,volume-nocopy", NULL,
	 "cannot mix 'volume-*' options with mount type 'bind'"},
	{"type=volume,src=a,dst=/c,bind-propagation=shared", NULL,
	 "cannot mix 'bind-*' options with mount type 'volume'"},
	{"type=bind,src=/a,dst=/c,tmpfs-size=1", NULL,
	 "cannot mix 'tmpfs-*' options with mount type 'bind'"},
	{"type=bind,src=/a,dst=/c,bind-recursive=writable", NULL,
	 "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction"},
	{"type=bind,src=/a,dst=/c,ro,bind-recursive=readonly", NULL,
	 "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in "
	 "conjunction"},
	{"dst=/c,src=\"x\"", NULL, "parse error on line 1, column 12: bare \" in non-quoted-field"},
};

static void test_mounts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct container_mount m;
		int r = mount_parse_mount(a, mounts[i].in, "/home/u", &m, &err);

		if (mounts[i].msg) {
			check_error(mounts[i].in, r, &err, mounts[i].msg);
			continue;
		}
		check_ok(mounts[i].in, r, &err);
		check_mount(mounts[i].in, &m, mounts[i].json);
	}
}

static void test_tmpfs(void **state)
{
	static const struct {
		const char *in, *path, *options, *msg;
	} rows[] = {
		{"/run", "/run", "noexec,nosuid,nodev", NULL},
		{"/run/:", "/run", "noexec,nosuid,nodev", NULL},
		{"/t:size=64m,mode=1777", "/t", "noexec,nosuid,nodev,size=64m,mode=1777", NULL},
		{"/t:exec,dev", "/t", "exec,nosuid,dev", NULL},
		{"/t:size=1m,size=2m,ro", "/t", "noexec,nosuid,nodev,size=2m,ro", NULL},
		{"", NULL, NULL, "invalid tmpfs path: \"\""},
		{"run", NULL, NULL, "invalid mount path: 'run' mount path must be absolute"},
		{"/", NULL, NULL, "invalid specification: destination can't be '/'"},
		{"/t:lowerdir=/etc", NULL, NULL, "Invalid tmpfs option \"lowerdir=/etc\""},
		{"/t:size=", NULL, NULL, "Invalid tmpfs option \"size=\""},
		{"/t:bogus", NULL, NULL, "Invalid tmpfs option \"bogus\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		char *path, *options, **v;
		int r = mount_parse_tmpfs(a, rows[i].in, &path, &options, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_text(rows[i].in, path, rows[i].path);
		check_ok(rows[i].in, mount_tmpfs_options(a, options, &v, &err), &err);
		check_text(rows[i].in, strv_join(a, v, ","), rows[i].options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_relabel),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_tmpfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
