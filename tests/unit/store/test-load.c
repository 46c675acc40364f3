// SPDX-License-Identifier: Apache-2.0
#include "archives.h"

#include <sched.h>
#include <sys/mount.h>

static void test_docker_archive(void **state)
{
	struct fixture *f = *state;
	struct store_image img, again;
	struct stat st;
	struct build b;
	char **lower, path[256];

	build_init(&b, "app:1");
	assert_ok(f, load_build(f, &b, &img));
	assert_string_equal(img.id, b.id);
	assert_string_equal(img.names[0], "docker.io/library/app:1");
	assert_null(img.names[1]);
	assert_string_equal(img.config, b.config);
	assert_string_equal(img.layers[0], digest_of(b.layers[0].data, b.layers[0].len));
	assert_int_equal(img.created, INT64_C(1577934245000000000));
	assert_int_equal(img.size, 9);
	assert_ok(f, store_image_lower(f->s, f->a, &img, &lower, &f->err));
	assert_non_null(lower[1]);
	assert_null(lower[2]);
	snprintf(path, sizeof(path), "%s/etc/base", lower[0]); /* topmost first */
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	assert_ok(f, load_build(f, &b, &again));
	assert_string_equal(again.id, img.id);
	assert_int_equal(count_problems(f, false), 0);
	/* two layers, configuration, manifest */
	assert_int_equal(count_files(f, "blobs/sha256"), 4);
	build_done(&b);
}

static void assert_refused(struct fixture *f, struct build *b, int code, const char *words)
{
	struct store_image img;

	assert_int_equal(load_build(f, b, &img), code);
	if (!strstr(f->err.msg, words))
		fail_msg("\"%s\" is not in \"%s\"", words, f->err.msg);
	assert_empty(f);
	build_done(b);
}

static void test_wrong_diff_id(void **state)
{
	struct fixture *f = *state;
	struct build b;

	build_init(&b, "bad");
	b.diff_ids[1] = digest_of("x", 1);
	assert_refused(f, &b, -EBADMSG, "which is not what the image says");
}

static void test_hostile_layer(void **state)
{
	struct fixture *f = *state;
	struct build b;

	build_init(&b, "bad");
	buf_reset(&b.layers[1]);
	tar_add(&b.layers[1], "ok", "x", 1);
	tar_add(&b.layers[1], "../../../../evil", "x", 1);
	tar_end(&b.layers[1]);
	assert_refused(f, &b, -EINVAL, "leads out of the root");
	assert_non_null(strstr(f->err.msg, "layer sha256:"));
}

static void test_broken_layer(void **state)
{
	struct fixture *f = *state;
	struct build b;

	build_init(&b, "bad");
	buf_reset(&b.layers[1]);
	buf_puts(&b.layers[1], "this is not a tar archive, and far too short for one");
	assert_refused(f, &b, -EBADMSG, "not a valid tar archive");
}

static int load_bytes(struct fixture *f, const void *data, size_t len)
{
	struct json_list list = {};
	int fd = memfd_create("archive", MFD_CLOEXEC), r;

	assert_int_equal(fd_write(fd, data, len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	r = store_load(f->s, f->a, fd, NULL, NULL, &list, &f->err);
	close(fd);
	return r;
}

static void test_not_an_image(void **state)
{
	static const char garbage[4096] = "garbage, garbage";
	struct fixture *f = *state;
	struct buf b = BUF_INIT(1 << 20);
	struct build image;
	int fd;

	assert_int_equal(load_bytes(f, garbage, sizeof(garbage)), -EBADMSG);
	assert_int_equal(load_bytes(f, "", 0), -EINVAL);
	tar_add(&b, "hello", "x", 1);
	tar_end(&b);
	assert_int_equal(load_bytes(f, b.data, b.len), -EINVAL);
	assert_non_null(strstr(f->err.msg, "neither manifest.json nor index.json"));
	buf_reset(&b);
	tar_add(&b, "manifest.json", "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]", 43);
	tar_end(&b);
	assert_int_equal(load_bytes(f, b.data, b.len), -EINVAL);
	buf_reset(&b);
	tar_add(&b, "a", "1", 1);
	tar_add(&b, "./a", "2", 1);
	tar_end(&b);
	assert_int_equal(load_bytes(f, b.data, b.len), -EINVAL);
	assert_non_null(strstr(f->err.msg, "two different files"));
	buf_done(&b);
	/* Cut short at every place that matters. */
	build_init(&image, "cut");
	fd = build_archive(&image);
	for (off_t size = lseek(fd, 0, SEEK_END) - 4096; size > 0; size -= 2048) {
		struct json_list list = {};

		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_true(store_load(f->s, f->a, fd, NULL, NULL, &list, &f->err) < 0);
	}
	close(fd);
	build_done(&image);
	assert_empty(f);
}

/* An OCI layout, from a directory and as an archive; and one whose blob is not what its name says.
 */
static void make_layout(struct fixture *f, struct build *b, struct buf *tar, bool wrong)
{
	char manifest[1024], index[1024], name[128];
	const char *layer = digest_of(b->layers[0].data, b->layers[0].len);

	(void)f;
	b->n_layers = 1;
	build_config(b);
	snprintf(manifest, sizeof(manifest),
		 "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		 "vnd.oci.image.config.v1+json\","
		 "\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":\"application/"
		 "vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%zu}]}",
		 b->id, strlen(b->config), layer, b->layers[0].len);
	snprintf(index, sizeof(index),
		 "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
		 "vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,\"annotations\":{"
		 "\"org."
		 "opencontainers.image.ref.name\":\"%s\"}}]}",
		 digest_of(manifest, strlen(manifest)), strlen(manifest), b->tag);
	tar_add(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
	tar_add(tar, "index.json", index, strlen(index));
	snprintf(name, sizeof(name), "blobs/sha256/%s", digest_of(manifest, strlen(manifest)) + 7);
	tar_add(tar, name, manifest, strlen(manifest));
	snprintf(name, sizeof(name), "blobs/sha256/%s", b->id + 7);
	tar_add(tar, name, b->config, strlen(b->config));
	snprintf(name, sizeof(name), "blobs/sha256/%s", layer + 7);
	if (wrong)
		b->layers[0].data[600] ^= 1;
	tar_add(tar, name, b->layers[0].data, b->layers[0].len);
	tar_end(tar);
}

static void test_oci(void **state)
{
	struct fixture *f = *state;
	struct buf tar = BUF_INIT(BUILD_MAX);
	struct store_image img;
	struct json_list list = {};
	char command[256], path[128];
	struct build b;
	FILE *p;

	build_init(&b, "oci:2");
	make_layout(f, &b, &tar, false);
	assert_ok(f, load_bytes(f, tar.data, tar.len));
	assert_ok(f, store_image_find(f->s, f->a, "oci:2", &img, &f->err));
	assert_string_equal(img.id, b.id);
	assert_ok(f, store_image_remove(f->s, img.id, &f->err));
	snprintf(command, sizeof(command), "mkdir %s/layout && tar x -C %s/layout", f->dir, f->dir);
	p = popen(command, "we");
	assert_int_equal(fwrite(tar.data, 1, tar.len, p), tar.len);
	assert_int_equal(pclose(p), 0);
	snprintf(path, sizeof(path), "%s/layout", f->dir);
	assert_ok(f, store_load(f->s, f->a, -EBADF, path, NULL, &list, &f->err));
	assert_int_equal(list.n, 1);
	assert_string_equal(JSON_AT(struct store_image, &list, 0)->id, b.id);
	assert_ok(f, store_image_remove(f->s, b.id, &f->err));
	assert_empty(f);
	build_done(&b);
	build_init(&b, "oci:3");
	buf_reset(&tar);
	make_layout(f, &b, &tar, true);
	assert_int_equal(load_bytes(f, tar.data, tar.len), -EBADMSG);
	assert_non_null(strstr(f->err.msg, "its bytes are sha256:"));
	assert_empty(f);
	build_done(&b);
	buf_done(&tar);
}

static void full_disk(struct fixture *f)
{
	struct store *s;
	struct build b;
	struct json_list list = {};
	char *big = malloc(3 << 20);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/full", f->dir);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mkdir(path, 0700) < 0 || mount("tmpfs", path, "tmpfs", 0, "size=5m") < 0)
		_exit(77);
	memset(big, 'x', 3 << 20);
	build_init(&b, "big");
	tar_add(&b.layers[1], "big", big, 3 << 20);
	buf_reset(&b.layers[1]);
	tar_add(&b.layers[1], "big", big, 3 << 20);
	tar_end(&b.layers[1]);
	fd = build_archive(&b);
	if (store_open(path, 0, &s, &f->err) < 0)
		_exit(2);
	if (store_load(s, f->a, fd, NULL, NULL, &list, &f->err) != -ENOSPC)
		_exit(3);
	if (!strstr(f->err.msg, "/big") || !strstr(f->err.msg, "layer sha256:"))
		_exit(4);
	strcat(path, "/tmp");
	_exit(rmdir(path) == 0 ? 0 : 5);
}

/* The blobs fit, the unpacked layer does not: one line names layer and file, nothing is left. */
static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		full_disk(f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Saved and loaded elsewhere: the same id and names; saved twice: the same bytes. */
static void save_to(struct fixture *f, char *const *refs, enum store_save_format format,
		    struct buf *out)
{
	int fd = memfd_create("saved", MFD_CLOEXEC);

	assert_ok(f, store_save(f->s, refs, fd, format, &f->err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	buf_reset(out);
	assert_ok(f, fd_read_all(fd, out, "saved", &f->err));
	close(fd);
}

static void test_save(void **state)
{
	static const enum store_save_format formats[] = {STORE_SAVE_BOTH, STORE_SAVE_OCI,
							 STORE_SAVE_DOCKER};
	char *refs[] = {(char *)"a:1", (char *)"b:1", NULL},
	     *back[] = {(char *)"b:1", (char *)"a:1", NULL};
	char *none[] = {(char *)"none:1", NULL};
	struct buf one = BUF_INIT(BUILD_MAX), two = BUF_INIT(BUILD_MAX);
	struct fixture *f = *state, *g;
	struct store_image a, b, got;
	void *other = NULL;

	assert_ok(f, load_tag(f, "a:1", &a));
	assert_ok(f, load_tag(f, "b:1", &b));
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		save_to(f, refs, formats[i], &one);
		save_to(f, back, formats[i], &two);
		assert_int_equal(one.len, two.len);
		assert_memory_equal(one.data, two.data, one.len);
		assert_int_equal(fixture_setup(&other), 0);
		g = other;
		assert_ok(g, load_bytes(g, one.data, one.len));
		assert_ok(g, store_image_find(g->s, g->a, "a:1", &got, &g->err));
		assert_string_equal(got.id, a.id);
		assert_string_equal(got.manifest, a.manifest);
		assert_ok(g, store_image_find(g->s, g->a, "b:1", &got, &g->err));
		assert_string_equal(got.id, b.id);
		fixture_teardown(&other);
	}
	assert_int_equal(store_save(f->s, none, -EBADF, STORE_SAVE_BOTH, &f->err), -ENOENT);
	assert_string_equal(f->err.msg, "No such image: none:1");
	assert_int_equal(count_files(f, "tmp"), 0);
	buf_done(&one);
	buf_done(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_docker_archive), store_test(test_wrong_diff_id),
		store_test(test_hostile_layer),  store_test(test_broken_layer),
		store_test(test_not_an_image),   store_test(test_oci),
		store_test(test_full_disk),      store_test(test_save),
	};
	int r;

	need_workers();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	forget_workers();
	return r;
}
