// SPDX-License-Identifier: Apache-2.0
#include "archives.h"

#include "store/db.h"

static void test_names(void **state)
{
	struct fixture *f = *state;
	struct store_image a, got;
	char prefix[13];

	assert_ok(f, load_tag(f, "app:1", &a));
	assert_ok(f, store_image_tag(f->s, a.id, "example.com/x/y", &f->err));
	assert_ok(f, store_image_find(f->s, f->a, "example.com/x/y:latest", &got, &f->err));
	assert_string_equal(got.id, a.id);
	assert_string_equal(got.names[0], "docker.io/library/app:1");
	assert_string_equal(got.names[1], "example.com/x/y:latest");
	assert_ok(f, store_image_find(f->s, f->a, "docker.io/library/app:1", &got, &f->err));
	assert_ok(f, store_image_find(f->s, f->a, a.id, &got, &f->err));
	assert_ok(f, store_image_find(f->s, f->a, a.id + 7, &got, &f->err));
	snprintf(prefix, sizeof(prefix), "%s", a.id + 7);
	assert_ok(f, store_image_find(f->s, f->a, prefix, &got, &f->err));
	assert_int_equal(store_image_find(f->s, f->a, "app", &got, &f->err), -ENOENT);
	assert_string_equal(f->err.msg, "No such image: app:latest");
	assert_int_equal(store_image_find(f->s, f->a, "UPPER", &got, &f->err), -EINVAL);
	assert_int_equal(store_image_tag(f->s, "sha256:0", "x", &f->err), -ENOENT);
	assert_ok(f, store_image_untag(f->s, "app:1", &f->err));
	assert_int_equal(store_image_untag(f->s, "app:1", &f->err), -ENOENT);
	assert_int_equal(store_image_find(f->s, f->a, "app:1", &got, &f->err), -ENOENT);
}

static void test_index(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT(1 << 20);
	struct store_image a;

	assert_ok(f, load_tag(f, "app:1", &a));
	assert_ok(f, file_read(store_dirfd(f->s), "index.json", &b, &f->err));
	assert_non_null(strstr(b.data, a.manifest));
	assert_non_null(strstr(b.data, "\"docker.io/library/app:1\""));
	assert_ok(f, store_image_remove(f->s, a.id, &f->err));
	buf_reset(&b);
	assert_ok(f, file_read(store_dirfd(f->s), "index.json", &b, &f->err));
	assert_null(strstr(b.data, a.manifest));
	buf_done(&b);
}

/* Two images on one base: it is there once, and goes with the last. */
static void test_sharing(void **state)
{
	struct fixture *f = *state;
	struct store_image a, b;
	struct json_list list;
	char **lower;

	assert_ok(f, load_tag(f, "a", &a));
	assert_ok(f, load_tag(f, "b", &b));
	assert_int_equal(count_files(f, "l"), 3);
	assert_ok(f, store_image_list(f->s, f->a, &list, &f->err));
	assert_int_equal(list.n, 2);
	assert_ok(f, store_image_remove(f->s, a.id, &f->err));
	assert_int_equal(count_files(f, "l"), 2);
	assert_ok(f, store_image_lower(f->s, f->a, &b, &lower, &f->err));
	for (char **l = lower; *l; l++)
		assert_int_equal(access(*l, F_OK), 0);
	assert_int_equal(count_problems(f, false), 0);
	assert_ok(f, store_image_remove(f->s, b.id, &f->err));
	assert_int_equal(store_image_remove(f->s, b.id, &f->err), -ENOENT);
	assert_empty(f);
}

static void test_in_use(void **state)
{
	struct fixture *f = *state;
	struct store_container c = {.id = (char *)"c1", .name = (char *)"c"};
	struct store_image a;

	assert_ok(f, load_tag(f, "a", &a));
	c.image = a.id;
	assert_ok(f, store_container_insert(f->s, &c, &f->err));
	assert_int_equal(store_image_remove(f->s, a.id, &f->err), -EEXIST);
	assert_non_null(strstr(f->err.msg, "is being used by container c1"));
	assert_ok(f, store_container_delete(f->s, "c1", &f->err));
	assert_ok(f, store_image_remove(f->s, a.id, &f->err));
}

/* The same layer twice in one image is one lower directory, the topmost. */
static void test_repeated_layer(void **state)
{
	struct fixture *f = *state;
	struct store_image img;
	struct build b;
	char **lower;

	build_init(&b, "twice");
	buf_reset(&b.layers[1]);
	buf_add(&b.layers[1], b.layers[0].data, b.layers[0].len);
	assert_ok(f, load_build(f, &b, &img));
	assert_non_null(img.layers[1]);
	assert_ok(f, store_image_lower(f->s, f->a, &img, &lower, &f->err));
	assert_non_null(lower[0]);
	assert_null(lower[1]);
	build_done(&b);
}

static void test_import(void **state)
{
	struct fixture *f = *state;
	struct buf tar = BUF_INIT(BUILD_MAX);
	struct store_image img;
	json_t *config = json_pack("{s:[s]}", "Cmd", "/bin/sh");
	int fd = memfd_create("tar", MFD_CLOEXEC);

	tar_add(&tar, "bin/", NULL, 0);
	tar_add(&tar, "bin/sh", "sh", 2);
	tar_end(&tar);
	assert_int_equal(fd_write(fd, tar.data, tar.len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(f, store_import(f->s, f->a, fd, config, "imported", "a comment", &img, &f->err));
	assert_string_equal(img.names[0], "docker.io/library/imported:latest");
	assert_string_equal(img.layers[0], digest_of(tar.data, tar.len));
	assert_string_equal(img.id, digest_of(img.config, strlen(img.config)));
	assert_non_null(strstr(img.config, "a comment"));
	assert_non_null(strstr(img.config, "\"/bin/sh\""));
	assert_int_equal(count_problems(f, false), 0);
	json_decref(config);
	close(fd);
	buf_done(&tar);
}

static void test_commit(void **state)
{
	struct fixture *f = *state;
	struct store_commit c = {.comment = "why", .created_by = "sh", .name = "made:1"};
	struct store_image base, img;
	char path[256], **lower;
	struct stat st;

	assert_ok(f, load_tag(f, "base", &base));
	snprintf(path, sizeof(path), "%s/upper", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	c.upper_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(c.upper_fd, "etc", 0755), 0);
	assert_int_equal(mknodat(c.upper_fd, "etc/tag", S_IFCHR, 0), 0);
	assert_int_equal(symlinkat("x", c.upper_fd, "new"), 0);
	c.parent = base.id;
	assert_ok(f, store_commit(f->s, f->a, &c, &img, &f->err));
	close(c.upper_fd);
	assert_string_equal(img.layers[0], base.layers[0]);
	assert_string_equal(img.layers[1], base.layers[1]);
	assert_non_null(img.layers[2]);
	assert_null(img.layers[3]);
	assert_non_null(strstr(img.config, "\"created_by\":\"sh\""));
	assert_ok(f, store_image_lower(f->s, f->a, &img, &lower, &f->err));
	snprintf(path, sizeof(path), "%s/etc/tag", lower[0]);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	snprintf(path, sizeof(path), "%s/new", lower[0]);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	/* The base may go; what the new image needs of it stays. */
	assert_ok(f, store_image_remove(f->s, base.id, &f->err));
	assert_int_equal(count_problems(f, false), 0);
	c.parent = base.id;
	assert_int_equal(store_commit(f->s, f->a, &c, &img, &f->err), -ENOENT);
	assert_int_equal(count_files(f, "tmp"), 0);
}

static void test_check(void **state)
{
	struct fixture *f = *state;
	struct store_image a;
	char path[256], **lower;
	int fd;

	assert_ok(f, load_tag(f, "a", &a));
	assert_ok(f, store_image_lower(f->s, f->a, &a, &lower, &f->err));
	assert_int_equal(count_problems(f, false), 0);
	/* A layer lost: reported, then made again. */
	snprintf(path, sizeof(path), "layers/%s", a.layers[1] + 7);
	assert_ok(f, path_remove_tree(store_dirfd(f->s), path, &f->err));
	assert_int_equal(count_problems(f, false), 1);
	assert_int_equal(count_problems(f, true), 1);
	assert_int_equal(count_problems(f, false), 0);
	snprintf(path, sizeof(path), "%s/etc/tag", lower[0]);
	assert_int_equal(access(path, F_OK), 0);
	/* Names without rows go away by themselves. */
	assert_int_equal(mkdirat(store_dirfd(f->s), "layers/nobody", 0700), 0);
	assert_int_equal(count_problems(f, false), 0);
	assert_int_equal(faccessat(store_dirfd(f->s), "layers/nobody", F_OK, 0), -1);
	/* A byte gone bad. */
	snprintf(path, sizeof(path), "blobs/sha256/%s", a.manifest + 7);
	fd = openat(store_dirfd(f->s), path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "X", 1, 5), 1);
	close(fd);
	assert_int_equal(count_problems(f, false), 1);
}

/* The host went down before a layer was on the disk: it is made again when it is asked for. */
static void test_unsynced(void **state)
{
	struct fixture *f = *state;
	struct store_image a;
	char path[256], **lower;

	assert_ok(f, load_tag(f, "a", &a));
	assert_ok(f, store_image_lower(f->s, f->a, &a, &lower, &f->err));
	snprintf(path, sizeof(path), "%s/etc/tag", lower[0]);
	assert_int_equal(truncate(path, 0), 0);
	assert_ok(f, db_exec(f->s, &f->err, "UPDATE layer SET boot = 'another'", ""));
	assert_ok(f, store_image_lower(f->s, f->a, &a, &lower, &f->err));
	{
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, 1);
	}
	assert_int_equal(count_problems(f, false), 0);
}

/* What real programs wrote: named by a list of files, ID=FILE separated by blanks, in
 * HOY_TEST_IMAGES. */
static void test_real(void **state)
{
	char *list = getenv("HOY_TEST_IMAGES"), *save = NULL;
	struct fixture *f = *state;

	if (!list) {
		print_message("HOY_TEST_IMAGES is not set\n");
		skip();
	}
	list = arena_strdup(f->a, list);
	for (char *p = strtok_r(list, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		char *file = strchr(p, '=');
		struct json_list out = {};
		int fd;

		assert_non_null(file);
		*file++ = '\0';
		fd = open(file, O_RDONLY | O_CLOEXEC);
		assert_ok(f, store_load(f->s, f->a, fd, NULL, NULL, &out, &f->err));
		close(fd);
		assert_int_equal(out.n, 1);
		assert_string_equal(JSON_AT(struct store_image, &out, 0)->id, p);
	}
	assert_int_equal(count_problems(f, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_names),  store_test(test_index),          store_test(test_sharing),
		store_test(test_in_use), store_test(test_repeated_layer), store_test(test_import),
		store_test(test_commit), store_test(test_check),          store_test(test_unsynced),
		store_test(test_real),
	};
	int r;

	need_workers();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	forget_workers();
	return r;
}
