// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../check.h"
#include "base/fd.h"

struct root {
	char dir[64];
	int fd;
};

static int setup(void **state)
{
	struct root *r = calloc(1, sizeof(*r));

	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/hoy-test-path.XXXXXX");
	if (!mkdtemp(r->dir))
		return -1;
	r->fd = open(r->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = r;
	return mkdirat(r->fd, "in", 0755) || mkdirat(r->fd, "in/etc", 0755) ||
	       file_write(r->fd, "secret", "outside", 7, 0600, 0, NULL) < 0;
}

static int teardown(void **state)
{
	struct root *r = *state;
	int result = path_remove_tree(AT_FDCWD, r->dir, NULL);

	fd_close(r->fd);
	free(r);
	return result;
}

/* Links that a hostile image could hold; each must lead inside, or nowhere. */
static void test_hostile_links(void **state)
{
	static const char *const links[][2] = {
		{"up", "../secret"},
		{"upup", "../../../../../../../../etc/passwd"},
		{"abs", "/secret"},
		{"absdir", "/"},
		{"magic", "/proc/self/root"},
		{"loop", "loop"},
		{"chain", "abs"},
	};
	static const char *const paths[] = {
		"up",
		"upup",
		"abs",
		"absdir/../secret",
		"absdir/secret",
		"../secret",
		"/../secret",
		"magic/etc/passwd",
		"loop",
		"chain",
		"etc/../../secret",
	};
	const struct root *r = *state;
	cleanup_fd int in = openat(r->fd, "in", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(symlinkat(links[i][1], in, links[i][0]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		cleanup_fd int fd = path_open_in_root(in, paths[i], O_RDONLY, 0);

		if (fd >= 0)
			fail_msg("%s was opened", paths[i]);
	}
	/* The same names are found when they exist inside. */
	assert_int_equal(file_write(in, "secret", "inside", 6, 0600, 0, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		cleanup_fd int fd = path_open_in_root(in, paths[i], O_RDONLY, 0);
		char data[16] = "";

		if (strcmp(paths[i], "upup") == 0 || strncmp(paths[i], "magic", 5) == 0 ||
		    strcmp(paths[i], "loop") == 0)
			continue;
		if (fd < 0)
			fail_msg("%s: %d", paths[i], fd);
		assert_int_equal(fd_read(fd, data, sizeof(data)), 6);
		assert_string_equal(data, "inside");
	}
	{
		cleanup_fd int fd = path_open_beneath(in, "abs", O_RDONLY, 0);
		cleanup_fd int plain = path_open_beneath(in, "secret", O_RDONLY, 0);

		assert_true(fd < 0);
		assert_true(plain >= 0);
		assert_true(fcntl(plain, F_GETFD) & FD_CLOEXEC);
	}
}

static void test_mkdir_in_root(void **state)
{
	const struct root *r = *state;
	cleanup_fd int in = openat(r->fd, "in", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err err = ERR_INIT;
	struct stat st;
	int fd;

	assert_int_equal(symlinkat("/made", in, "tomade"), 0);
	fd = path_mkdir_in_root(in, "/a/../b/c", 0755, &err);
	check_ok("a/../b/c", fd, &err);
	fd_close(fd);
	fd = path_mkdir_in_root(in, "../../escape", 0755, &err);
	check_ok("escape", fd, &err);
	fd_close(fd);
	assert_int_equal(fstatat(in, "escape", &st, 0), 0);
	assert_true(fstatat(r->fd, "escape", &st, 0) < 0);
	assert_int_equal(fstatat(in, "b/c", &st, 0), 0);
	/* A file in the way is an error, not something to replace. */
	assert_int_equal(file_write(in, "file", "", 0, 0600, 0, NULL), 0);
	assert_true(path_mkdir_in_root(in, "file/x", 0755, &err) < 0);
}

/* Links whose target is missing, and links in that: what they mean inside the root is made. */
static void test_dangling_links(void **state)
{
	static const struct {
		const char *link, *text, *path, *made; /* NULL made: fails */
	} rows[] = {
		{"d1", "/abs/dir", "/d1/sub", "abs/dir/sub"},
		{"d2", "../../up", "d2", "up"},
		{"made/d3", "rel/dir", "/made/d3/x", "made/rel/dir/x"},
		{"d4", "d5/..//four/", "/d4/y", "four/y"},
		{"d5", "five", "/d4/y", "four/y"},
		{"loop1", "loop2", "/loop1/x", NULL},
		{"loop2", "loop1", "/loop1/x", NULL},
		{"toplain", "plain", "/toplain/x", NULL},
		{"tohostfd", "/proc/self/fd/0", "/tohostfd", "proc/self/fd/0"},
	};
	const struct root *r = *state;
	cleanup_fd int in = -EBADF;
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(mkdirat(r->fd, "links", 0755), 0);
	in = openat(r->fd, "links", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(in, "made", 0755), 0);
	assert_int_equal(file_write(in, "plain", "", 0, 0600, 0, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(symlinkat(rows[i].text, in, rows[i].link), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = path_mkdir_in_root(in, rows[i].path, 0755, &err);

		if (!rows[i].made) {
			assert_true(fd < 0);
			continue;
		}
		check_ok(rows[i].path, fd, &err);
		fd_close(fd);
		assert_int_equal(fstatat(in, rows[i].made, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISDIR(st.st_mode));
	}
	assert_true(fstatat(r->fd, "up", &st, 0) < 0);
	/* The same for files, which are made once and never opened. */
	assert_int_equal(symlinkat("../../../file/f", in, "tofile"), 0);
	for (int i = 0; i < 2; i++) {
		int fd = path_touch_in_root(in, "/tofile", 0640, &err);

		check_ok("tofile", fd, &err);
		fd_close(fd);
		assert_int_equal(fstatat(in, "file/f", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISREG(st.st_mode) && st.st_size == 0);
	}
	assert_true(path_touch_in_root(in, "/a/..", 0640, &err) < 0);
	assert_true(path_touch_in_root(in, "plain/x", 0640, &err) < 0);
}

static void test_remove_tree(void **state)
{
	const struct root *r = *state;
	struct stat st;

	assert_int_equal(mkdirat(r->fd, "tree", 0755), 0);
	assert_int_equal(mkdirat(r->fd, "tree/a", 0), 0);
	assert_int_equal(symlinkat("../secret", r->fd, "tree/link"), 0);
	assert_int_equal(symlinkat("../in", r->fd, "tree/dir"), 0);
	assert_int_equal(path_remove_tree(r->fd, "tree", NULL), 0);
	assert_true(fstatat(r->fd, "tree", &st, AT_SYMLINK_NOFOLLOW) < 0);
	assert_int_equal(fstatat(r->fd, "secret", &st, 0), 0);
	assert_int_equal(fstatat(r->fd, "in/etc", &st, 0), 0);
	assert_int_equal(path_remove_tree(r->fd, "tree", NULL), 0);
}

static void test_after(void **state)
{
	(void)state;
	assert_string_equal(path_after("/a/box", "/a/box"), "");
	assert_string_equal(path_after("/a/box/x", "/a/box"), "/x");
	assert_string_equal(path_after("/a", "/"), "/a");
	assert_string_equal(path_after("/a", ""), "/a");
	assert_null(path_after("/a/box2", "/a/box"));
	assert_null(path_after("/a", "/a/box"));
}

static void test_clean(void **state)
{
	static const char *const rows[][2] = {
		{"", "."},
		{"a//b/../c/.", "a/c"},
		{"/", "/"},
		{"/..", "/"},
		{"/../a", "/a"},
		{"..", ".."},
		{"../../a", "../../a"},
		{"a/..", "."},
		{"./a", "a"},
		{"a/../../b", "../b"},
		{"//a//", "/a"},
		{"a/b/../..", "."},
		{"/a/./b/", "/a/b"},
		{"...", "..."},
	};
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_text(rows[i][0], path_clean(a, rows[i][0]), rows[i][1]);
	check_text("join", path_join(a, "/a/b", "../c"), "/a/c");
	check_text("join", path_join(a, "/a", "/c"), "/c");
	assert_true(path_is_component("a"));
	assert_false(path_is_component(".."));
	assert_false(path_is_component("."));
	assert_false(path_is_component(""));
	assert_false(path_is_component("a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hostile_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mkdir_in_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dangling_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_tree, setup, teardown),
		cmocka_unit_test(test_after),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
