// SPDX-License-Identifier: Apache-2.0
#include "archives.h"

#include "store/tree.h"

static int open_dir(struct fixture *f, const char *name)
{
	assert_true(mkdirat(store_dirfd(f->s), name, 0755) == 0 || errno == EEXIST);
	return openat(store_dirfd(f->s), name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* A tree goes out of one root and into another; links inside stay inside. */
static void test_copy(void **state)
{
	struct fixture *f = *state;
	int from = open_dir(f, "from"), to = open_dir(f, "to"),
	    tar = memfd_create("tar", MFD_CLOEXEC);
	struct tree_pack p = {.root_fd = from, .path = "/d", .rename = "renamed"};
	struct tree_unpack u = {.root_fd = to, .path = "/in", .uid = 5, .gid = 6};
	struct stat st;

	assert_int_equal(mkdirat(from, "d", 0750), 0);
	assert_ok(f, file_write(from, "d/file", "hello", 5, 0640, 0, &f->err));
	assert_int_equal(symlinkat("/etc/passwd", from, "d/link"), 0);
	assert_int_equal(linkat(from, "d/file", from, "d/hard", 0), 0);
	assert_ok(f, tree_pack(f->s, &p, tar, &f->err));
	assert_int_equal(mkdirat(to, "target", 0755), 0);
	assert_int_equal(symlinkat("/target", to, "in"), 0);
	assert_int_equal(lseek(tar, 0, SEEK_SET), 0);
	assert_ok(f, tree_unpack(f->s, &u, tar, &f->err));
	assert_int_equal(fstatat(to, "target/renamed/file", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_uid, 5);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(fstatat(to, "target/renamed/link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	p.path = "/none";
	assert_int_equal(tree_pack(f->s, &p, tar, &f->err), -ENOENT);
	/* A link that would lead to the host's file leads to nothing. */
	p = (struct tree_pack){.root_fd = from, .path = "/d/link", .follow_link = true};
	assert_int_equal(tree_pack(f->s, &p, tar, &f->err), -ENOENT);
	assert_int_equal(lseek(tar, 0, SEEK_SET), 0);
	assert_int_equal(ftruncate(tar, 700), 0);
	assert_int_equal(tree_unpack(f->s, &u, tar, &f->err), -EBADMSG);
	close(from);
	close(to);
	close(tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {store_test(test_copy)};
	int r;

	need_workers();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	forget_workers();
	return r;
}
