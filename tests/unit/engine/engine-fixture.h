// SPDX-License-Identifier: Apache-2.0
/*
 * An engine with roots in a temporary directory, for each test a new one, and containers made by hand: a
 * row, a directory, one lower layer. Nothing runs.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../remove-store.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/private.h"

#define ID_A "aaaaaaaaaaaa6789abcdef0123456789abcdef0123456789abcdef0123456789"
#define ID_B "bbbbbbbbbbbb6789abcdef0123456789abcdef0123456789abcdef0123456789"

struct fixture {
	char dir[32];
	struct engine *e;
	struct arena *a;
	struct err err;
};

#define assert_ok(f, call)                                                                         \
	do {                                                                                       \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			fail_msg("%s: %d %s", #call, r_, (f)->err.msg);                            \
	} while (0)
#define assert_fails(f, call, text)                                                                \
	do {                                                                                       \
		assert_true((call) < 0);                                                           \
		assert_string_equal((f)->err.msg, text);                                           \
	} while (0)

/* The workers of this build: beside the test program's folder. */
static inline void use_built_workers(void)
{
	char path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0 || getenv("HOY_LIBEXECDIR"))
		return;
	path[n] = '\0';
	slash = strstr(path, "/tests/unit/");
	if (!slash)
		return;
	strcpy(slash, "/src/archive");
	setenv("HOY_LIBEXECDIR", path, 1);
}

static inline int UNUSED fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct engine_options o = {};

	use_built_workers();
	strcpy(f->dir, "/tmp/hoy-engine-XXXXXX");
	if (!mkdtemp(f->dir) || chmod(f->dir, 0755) < 0)
		return -1;
	f->a = arena_new(ARENA_DEFAULT_MAX);
	o.root = arena_printf(f->a, "%s/lib", f->dir);
	o.run_root = arena_printf(f->a, "%s/run", f->dir);
	*state = f;
	return engine_open(&o, &f->e, &f->err);
}

static inline int UNUSED fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char lib[64];

	engine_close(f->e);
	arena_free(f->a);
	(void)snprintf(lib, sizeof(lib), "%s/lib", f->dir);
	store_remove_quiet(lib);
	(void)path_remove_tree(AT_FDCWD, f->dir, NULL);
	free(f);
	return 0;
}

#define engine_test(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

static inline char *UNUSED in_dir(struct fixture *f, const char *path)
{
	return arena_printf(f->a, "%s/%s", f->dir, path);
}

/* Makes a file of the fixture's directory, and the directories on the way to it. */
static inline void UNUSED put_file(struct fixture *f, const char *path, const char *text)
{
	char *full = in_dir(f, path), *slash = strrchr(full, '/');
	int fd;

	*slash = '\0';
	assert_int_equal(path_mkdir_p(full, 0755, &f->err), 0);
	*slash = '/';
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	close(fd);
}

/* Its text; "(none)" when there is no such file. */
static inline char *UNUSED get_file(struct fixture *f, const char *path)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	cleanup_fd int fd = open(in_dir(f, path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return arena_strdup(f->a, "(none)");
	assert_int_equal(fd_read_all(fd, &b, path, NULL), 0);
	return arena_strdup(f->a, b.data ?: "");
}

static inline void UNUSED put_dir(struct fixture *f, const char *path)
{
	assert_int_equal(path_mkdir_p(in_dir(f, path), 0755, &f->err), 0);
}

/* A container that was never started, on the layer DIR/lower. `config` and `mounts` are JSON, or NULL. */
static inline void UNUSED put_container(struct fixture *f, const char *id, const char *name,
					const char *config, const char *mounts)
{
	struct store_container row = {.id = (char *)id,
				      .name = (char *)name,
				      .image = (char *)"",
				      .image_ref = (char *)"base",
				      .created = 1,
				      .config = (char *)(config ?: "{\"Image\":\"base\"}")};
	char *base = arena_printf(f->a, "lib/containers/%s", id);

	row.extra = arena_printf(
		f->a, "{\"path\":\"sh\",\"args\":[\"-c\",\"x\"],\"cgroup\":\"/none/%s\"%s%s}", id,
		mounts ? ",\"mounts\":" : "", mounts ?: "");
	put_dir(f, "lower");
	put_dir(f, arena_printf(f->a, "%s/upper", base));
	put_dir(f, arena_printf(f->a, "%s/work", base));
	put_file(f, arena_printf(f->a, "%s/state", base), "{\"Status\":\"created\"}");
	put_file(f, arena_printf(f->a, "%s/config.json", base), "{\"ociVersion\":\"1.2.0\"}");
	put_file(f, arena_printf(f->a, "%s/monitor.json", base),
		 arena_printf(f->a,
			      "{\"id\":\"%s\",\"lower\":[\"%s/lower\"],\"upper\":\"%s/%s/upper\","
			      "\"work\":\"%s/%s/work\"}",
			      id, f->dir, f->dir, base, f->dir, base));
	assert_ok(f, store_container_insert(f->e->store, &row, &f->err));
}

static inline char *UNUSED upper(struct fixture *f, const char *id, const char *path)
{
	return arena_printf(f->a, "lib/containers/%s/upper/%s", id, path);
}
