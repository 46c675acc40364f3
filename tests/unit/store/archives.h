// SPDX-License-Identifier: Apache-2.0
/* Image archives made in memory, and where this build's workers are. */
#pragma once

#include "fixture.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "archive/hash.h"
#include "base/fd.h"
#include "store/tarball.h"
#include "store/worker.h"

/* Links to the build's own workers in one directory, which $HOY_LIBEXECDIR names. False: not built.
 */
static inline bool UNUSED find_workers(void)
{
	static const char *const from[] = {"../../src/archive/hoy-archive",
					   "../../src/engine/hoy-keeper"};
	static char dir[] = "/tmp/hoy-test-libexec-XXXXXX";
	char exe[512], path[1024], link[1024];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n < 0 || !mkdtemp(dir))
		return false;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		snprintf(path, sizeof(path), "%s/%s", exe, from[i]);
		snprintf(link, sizeof(link), "%s%s", dir, strrchr(from[i], '/'));
		if (access(path, X_OK) < 0 || symlink(path, link) < 0)
			return false;
	}
	return setenv("HOY_LIBEXECDIR", dir, 1) == 0;
}

static inline void UNUSED forget_workers(void)
{
	(void)path_remove_tree(AT_FDCWD, getenv("HOY_LIBEXECDIR"), NULL);
}

static inline void UNUSED tar_add(struct buf *b, const char *name, const void *data, size_t size)
{
	static const char zeros[TARBALL_BLOCK];
	struct tarball_entry e = {.name = name, .type = '0', .mode = 0644, .size = size};

	if (name[strlen(name) - 1] == '/')
		e = (struct tarball_entry){.name = name, .type = '5', .mode = 0755};
	assert_int_equal(tarball_header(b, &e, NULL), 0);
	buf_add(b, data, size);
	buf_add(b, zeros, tarball_padding(size));
}

static inline void UNUSED tar_end(struct buf *b)
{
	static const char zeros[TARBALL_END];

	buf_add(b, zeros, sizeof(zeros));
}

static inline const char *UNUSED digest_of(const void *data, size_t size)
{
	static char text[8][WORKER_DIGEST];
	static unsigned next;
	char *out = text[next++ % ARRAY_SIZE(text)];
	struct hash *h = hash_new();

	assert_non_null(h);
	assert_int_equal(hash_add(h, data, size, NULL), 0);
	assert_int_equal(hash_text(h, out, NULL), 0);
	hash_free(h);
	return out;
}

#define BUILD_MAX ((size_t)32 << 20)

struct build { /* of one image */
	struct buf layers[2];
	size_t n_layers;
	const char *diff_ids[2]; /* NULL: the right ones */
	const char *tag;
	char config[1024], id[WORKER_DIGEST];
};

static inline void UNUSED build_init(struct build *b, const char *tag)
{
	*b = (struct build){.tag = tag, .n_layers = 2};
	b->layers[0] = BUF_INIT(BUILD_MAX);
	b->layers[1] = BUF_INIT(BUILD_MAX);
	tar_add(&b->layers[0], "etc/", NULL, 0);
	tar_add(&b->layers[0], "etc/base", "base", 4);
	tar_end(&b->layers[0]);
	tar_add(&b->layers[1], "etc/.wh.base", NULL, 0);
	tar_add(&b->layers[1], "etc/tag", tag, strlen(tag));
	tar_end(&b->layers[1]);
}

static inline void UNUSED build_done(struct build *b)
{
	buf_done(&b->layers[0]);
	buf_done(&b->layers[1]);
}

static inline void UNUSED build_config(struct build *b)
{
	char diffs[256] = "";

	for (size_t i = 0; i < b->n_layers; i++) {
		strcat(diffs, i ? ",\"" : "\"");
		strcat(diffs, b->diff_ids[i] ?: digest_of(b->layers[i].data, b->layers[i].len));
		strcat(diffs, "\"");
	}
	snprintf(
		b->config, sizeof(b->config),
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2020-01-02T03:04:05Z\","
		"\"config\":{\"Cmd\":[\"%s\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
		b->tag, diffs);
	strcpy(b->id, digest_of(b->config, strlen(b->config)));
}

/* As `docker save` wrote it up to version 24. A memfd. */
static inline int UNUSED build_archive(struct build *b)
{
	struct buf tar = BUF_INIT((size_t)64 << 20);
	char manifest[512], name[128];
	int fd = memfd_create("archive", MFD_CLOEXEC);

	build_config(b);
	snprintf(name, sizeof(name), "%s.json", b->id + 7);
	tar_add(&tar, name, b->config, strlen(b->config));
	tar_add(&tar, "one/layer.tar", b->layers[0].data, b->layers[0].len);
	if (b->n_layers > 1)
		tar_add(&tar, "two/layer.tar", b->layers[1].data, b->layers[1].len);
	snprintf(manifest, sizeof(manifest),
		 "[{\"Config\":\"%s\",\"RepoTags\":[\"%s\"],\"Layers\":[\"one/layer.tar\"%s]}]",
		 name, b->tag, b->n_layers > 1 ? ",\"two/layer.tar\"" : "");
	tar_add(&tar, "manifest.json", manifest, strlen(manifest));
	tar_end(&tar);
	assert_int_equal(fd_write(fd, tar.data, tar.len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	buf_done(&tar);
	return fd;
}

static inline int UNUSED load_build(struct fixture *f, struct build *b, struct store_image *out)
{
	struct json_list list = {};
	int fd = build_archive(b), r = store_load(f->s, f->a, fd, NULL, NULL, &list, &f->err);

	close(fd);
	if (r == 0) {
		assert_int_equal(list.n, 1);
		*out = *JSON_AT(struct store_image, &list, 0);
	}
	return r;
}

static inline int UNUSED load_tag(struct fixture *f, const char *tag, struct store_image *out)
{
	struct build b;
	int r;

	build_init(&b, tag);
	r = load_build(f, &b, out);
	build_done(&b);
	return r;
}

static inline size_t UNUSED count_files(struct fixture *f, const char *dir)
{
	char command[256];
	FILE *p;
	size_t n = 0;

	snprintf(command, sizeof(command), "find %s/%s -mindepth 1 | wc -l", f->dir, dir);
	p = popen(command, "re");
	assert_int_equal(fscanf(p, "%zu", &n), 1);
	pclose(p);
	return n;
}

static inline void UNUSED on_problem(const char *problem, void *data)
{
	size_t *n = data;

	print_error("check: %s\n", problem);
	(*n)++;
}

static inline size_t UNUSED count_problems(struct fixture *f, bool repair)
{
	size_t n = 0;

	assert_ok(f, store_check(f->s, repair, on_problem, &n, &f->err));
	return n;
}

static inline void UNUSED assert_empty(struct fixture *f)
{
	assert_int_equal(count_problems(f, false), 0);
	assert_int_equal(count_files(f, "tmp"), 0);
	assert_int_equal(count_files(f, "blobs/sha256"), 0);
	assert_int_equal(count_files(f, "layers"), 0);
	assert_int_equal(count_files(f, "l"), 0);
}

/* To be called first in main: these tests need root and the workers. */
#define need_workers()                                                                             \
	do {                                                                                       \
		if (geteuid() != 0 || !find_workers()) {                                           \
			puts("skipped: needs root, and hoy-archive and hoy-keeper of this build"); \
			return 77;                                                                 \
		}                                                                                  \
	} while (0)
