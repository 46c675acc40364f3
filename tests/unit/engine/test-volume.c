// SPDX-License-Identifier: Apache-2.0
#include "engine-fixture.h"

#include <sys/xattr.h>

#include "engine/volume.h"

static void make(struct fixture *f, const char *name, bool anonymous)
{
	struct store_volume v = {.name = (char *)name, .anonymous = anonymous};
	struct volume_info info;

	assert_ok(f, volume_create(f->e, f->a, &v, &info, &f->err));
	assert_string_equal(info.row.name, name);
}

static void test_names(void **state)
{
	static const char *const bad[][2] = {
		{"a",
		 "create a: volume name is too short, names should be at least two alphanumeric "
		 "characters"},
		{"../x",
		 "create ../x: \"../x\" includes invalid characters for a local volume name, only "
		 "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
		 "directory, use absolute path"},
	};
	struct fixture *f = *state;
	struct store_volume v = {};
	struct volume_info info;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		v.name = (char *)bad[i][0];
		assert_fails(f, volume_create(f->e, f->a, &v, &info, &f->err), bad[i][1]);
	}
	v.name = (char *)".hidden";
	assert_int_equal(volume_create(f->e, f->a, &v, &info, &f->err), -EINVAL);
	v.name = (char *)"data";
	v.driver = (char *)"nfs";
	assert_fails(f, volume_create(f->e, f->a, &v, &info, &f->err),
		     "create data: error looking up volume plugin nfs: plugin \"nfs\" not found");
	v.driver = NULL;
	assert_int_equal(json_map_set(f->a, &v.options, "color", "red"), 0);
	assert_fails(f, volume_create(f->e, f->a, &v, &info, &f->err),
		     "create data: invalid option: \"color\"");
}

static void test_create(void **state)
{
	struct fixture *f = *state;
	struct store_volume v = {};
	struct volume_info info, again;
	struct stat st;

	assert_ok(f, volume_create(f->e, f->a, &v, &info, &f->err));
	assert_true(str_is_hex(info.row.name, 64));
	assert_true(info.row.anonymous);
	assert_string_equal(info.mountpoint,
			    in_dir(f, arena_printf(f->a, "lib/volumes/%s/_data", info.row.name)));
	assert_int_equal(stat(info.mountpoint, &st), 0);
	/* An existing one is returned as it is. */
	v.name = info.row.name;
	assert_int_equal(json_map_set(f->a, &v.labels, "new", "1"), 0);
	assert_ok(f, volume_create(f->e, f->a, &v, &again, &f->err));
	assert_int_equal(again.row.created, info.row.created);
	assert_int_equal(again.row.labels.n, 0);
	assert_fails(f, volume_find(f->e, f->a, "nope", &info, &f->err),
		     "get nope: no such volume");
	assert_int_equal(f->err.kind, ERR_NOT_FOUND);
}

#define MOUNT_DATA "[{\"type\":\"volume\",\"name\":\"data\",\"destination\":\"/d\",\"rw\":true}]"

static size_t list(struct fixture *f, const char *key, const char *value)
{
	struct filter one = {.key = (char *)key, .value = (char *)value};
	struct filters filters = {.items = &one, .n = 1};
	struct json_list volumes;

	assert_ok(f, volume_list(f->e, f->a, &filters, &volumes, &f->err));
	return volumes.n;
}

static void test_list(void **state)
{
	struct fixture *f = *state;
	struct store_volume v = {.name = (char *)"labelled"};
	struct filter bad = {.key = (char *)"colour", .value = (char *)"red"};
	struct filters filters = {.items = &bad, .n = 1};
	struct volume_info info;
	struct json_list volumes;

	assert_int_equal(json_map_set(f->a, &v.labels, "k", "v"), 0);
	assert_ok(f, volume_create(f->e, f->a, &v, &info, &f->err));
	make(f, "data", false);
	put_container(f, ID_A, "one", NULL, MOUNT_DATA);
	assert_ok(f, volume_list(f->e, f->a, NULL, &volumes, &f->err));
	assert_int_equal(volumes.n, 2);
	assert_string_equal(JSON_AT(struct volume_info, &volumes, 0)->row.name, "data");
	assert_int_equal(JSON_AT(struct volume_info, &volumes, 0)->refs, 1);
	assert_int_equal(JSON_AT(struct volume_info, &volumes, 1)->refs, 0);
	assert_int_equal(list(f, "dangling", "true"), 1);
	assert_int_equal(list(f, "dangling", "0"), 1);
	assert_int_equal(list(f, "name", "label"), 1);
	assert_int_equal(list(f, "label", "k"), 1);
	assert_int_equal(list(f, "label", "k=v"), 1);
	assert_int_equal(list(f, "label", "k=w"), 0);
	assert_int_equal(list(f, "driver", "local"), 2);
	assert_fails(f, volume_list(f->e, f->a, &filters, &volumes, &f->err),
		     "invalid filter 'colour'");
	bad.key = (char *)"dangling";
	bad.value = (char *)"maybe";
	assert_fails(f, volume_list(f->e, f->a, &filters, &volumes, &f->err),
		     "invalid filter 'dangling=maybe'");
}

static void test_inspect(void **state)
{
	struct fixture *f = *state;
	json_t *j;

	make(f, "data", false);
	j = volume_inspect(f->e, "data", &f->err);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "Scope")), "local");
	assert_true(json_is_null(json_object_get(j, "Labels")));
	assert_string_equal(json_string_value(json_object_get(j, "Mountpoint")),
			    in_dir(f, "lib/volumes/data/_data"));
	json_decref(j);
	assert_null(volume_inspect(f->e, "nope", &f->err));
}

static void test_remove(void **state)
{
	struct fixture *f = *state;
	struct volume_info info;

	make(f, "data", false);
	put_file(f, "lib/volumes/data/_data/file", "x");
	put_container(f, ID_A, "one", NULL, MOUNT_DATA);
	assert_fails(f, volume_remove(f->e, "data", true, &f->err),
		     "remove data: volume is in use - [" ID_A "]");
	assert_int_equal(f->err.kind, ERR_CONFLICT);
	assert_ok(f, store_container_delete(f->e->store, ID_A, &f->err));
	assert_ok(f, volume_remove(f->e, "data", false, &f->err));
	assert_int_equal(volume_find(f->e, f->a, "data", &info, NULL), -ENOENT);
	assert_int_equal(access(in_dir(f, "lib/volumes/data"), F_OK), -1);
	assert_fails(f, volume_remove(f->e, "data", false, &f->err), "get data: no such volume");
	assert_ok(f, volume_remove(f->e, "data", true, &f->err));
}

static void test_prune(void **state)
{
	struct fixture *f = *state;
	int64_t bytes = -1;
	char **names;

	make(f, "named", false);
	make(f, "anonymous", true);
	make(f, "data", true);
	put_container(f, ID_A, "one", NULL, MOUNT_DATA);
	put_file(f, "lib/volumes/anonymous/_data/file", "some bytes");
	assert_ok(f, volume_prune(f->e, f->a, false, NULL, &names, &bytes, &f->err));
	assert_int_equal(strv_len(names), 1);
	assert_string_equal(names[0], "anonymous");
	assert_in_range(bytes, 10, 64 << 10);
	assert_ok(f, volume_prune(f->e, f->a, true, NULL, &names, &bytes, &f->err));
	assert_int_equal(strv_len(names), 1);
	assert_string_equal(names[0], "named");
	assert_int_equal(access(in_dir(f, "lib/volumes/data/_data"), F_OK), 0);
}

/* Content, owner, mode, links, attributes; and only into an empty volume. */
static void test_copy_up(void **state)
{
	struct fixture *f = *state;
	char *lower[] = {in_dir(f, "lower"), NULL};
	struct stat st, st2;
	char target[64] = "";
	int r;

	if (getuid() != 0)
		skip();
	make(f, "data", false);
	put_file(f, "lower/srv/www/index", "hello");
	put_file(f, "lower/srv/www/deep/er/file", "deep");
	assert_int_equal(link(in_dir(f, "lower/srv/www/index"), in_dir(f, "lower/srv/www/second")),
			 0);
	assert_int_equal(symlink("/etc/passwd", in_dir(f, "lower/srv/www/link")), 0);
	assert_int_equal(mkfifo(in_dir(f, "lower/srv/www/fifo"), 0640), 0);
	assert_int_equal(chown(in_dir(f, "lower/srv/www"), 1000, 1001), 0);
	assert_int_equal(chmod(in_dir(f, "lower/srv/www"), 01770), 0);
	assert_int_equal(chmod(in_dir(f, "lower/srv/www/index"), 04755), 0);
	assert_int_equal(symlink("/srv/www", in_dir(f, "lower/alias")), 0);
	r = volume_copy_up(f->e, "data", lower, "/alias", &f->err);
	if (r == -EPERM)
		skip();
	assert_ok(f, r);
	assert_string_equal(get_file(f, "lib/volumes/data/_data/index"), "hello");
	assert_string_equal(get_file(f, "lib/volumes/data/_data/deep/er/file"), "deep");
	assert_int_equal(stat(in_dir(f, "lib/volumes/data/_data"), &st), 0);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(st.st_gid, 1001);
	assert_int_equal(st.st_mode & 07777, 01770);
	assert_int_equal(stat(in_dir(f, "lib/volumes/data/_data/index"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	assert_int_equal(stat(in_dir(f, "lib/volumes/data/_data/second"), &st2), 0);
	assert_int_equal(st.st_ino, st2.st_ino);
	assert_int_equal(lstat(in_dir(f, "lib/volumes/data/_data/fifo"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(
		readlink(in_dir(f, "lib/volumes/data/_data/link"), target, sizeof(target) - 1), 11);
	assert_string_equal(target, "/etc/passwd");
	assert_int_equal(access(in_dir(f, "lib/volumes/data/_copy"), F_OK), -1);
	/* Not empty any more: what the user changed stays. */
	put_file(f, "lib/volumes/data/_data/index", "mine");
	assert_ok(f, volume_copy_up(f->e, "data", lower, "/srv/www", &f->err));
	assert_string_equal(get_file(f, "lib/volumes/data/_data/index"), "mine");
	/* No such directory in the image: the volume stays empty. */
	make(f, "other", false);
	assert_ok(f, volume_copy_up(f->e, "other", lower, "/nowhere", &f->err));
	assert_ok(f, volume_copy_up(f->e, "other", lower, "/srv/www/index", &f->err));
	assert_int_equal(rmdir(in_dir(f, "lib/volumes/other/_data")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		engine_test(test_names),   engine_test(test_create), engine_test(test_list),
		engine_test(test_inspect), engine_test(test_remove), engine_test(test_prune),
		engine_test(test_copy_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
