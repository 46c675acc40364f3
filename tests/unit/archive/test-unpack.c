// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/clock.h"
#include "base/fd.h"

static struct stat at(struct fixture *f, const char *name)
{
	struct stat st;

	if (fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

static bool there(struct fixture *f, const char *name)
{
	struct stat st;

	return fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_text(struct fixture *f, const char *name, const char *want)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);

	assert_ok(&f->err, file_read(f->fd, name, &b, &f->err));
	assert_string_equal(b.data ?: "", want);
}

/* Nothing but root/ beside the root: what leads out would land there. */
static void assert_nothing_outside(struct fixture *f)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/evil", f->dir);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_metadata(void **state)
{
	static const unsigned char cap[20] = {1, 0, 0, 2, 0, 4};
	struct fixture *f = *state;
	struct tarball_xattr x[] = {{"security.capability", cap, sizeof(cap)},
				    {"trusted.overlay.opaque", "y", 1},
				    {"user.overlay.opaque", "y", 1},
				    {"user.note", "hello", 5}};
	char long_name[230], value[32];
	struct stat st;

	if (geteuid() != 0)
		skip();
	memset(long_name, 'n', sizeof(long_name));
	memcpy(long_name, "d/", 2);
	long_name[sizeof(long_name) - 1] = '\0';
	put(f,
	    (struct tarball_entry){.name = "d/",
				   .type = '5',
				   .mode = 02750,
				   .uid = 5,
				   .gid = 6,
				   .mtime = 100 * NS_PER_SEC + 5},
	    NULL);
	put(f,
	    (struct tarball_entry){.name = "d/su",
				   .type = '0',
				   .mode = 06755,
				   .uid = 3000000,
				   .gid = 7,
				   .mtime = 1234567890 * NS_PER_SEC + 123456789,
				   .xattrs = x,
				   .n_xattrs = ARRAY_SIZE(x)},
	    "text");
	put(f, (struct tarball_entry){.name = long_name, .type = '0', .mode = 0600}, "long");
	put(f, (struct tarball_entry){.name = "d/\xc3\xa4", .type = '0', .mode = 0600}, "utf8");
	put(f, (struct tarball_entry){.name = "fifo", .type = '6', .mode = 01640}, NULL);
	put(f,
	    (struct tarball_entry){
		    .name = "dev", .type = '3', .mode = 0666, .major = 1, .minor = 3},
	    NULL);
	put_link(f, "hard", '1', "d/su");
	put_link(f, "soft", '2', "/d/su");
	assert_ok(&f->err, run(f, true));

	st = at(f, "d/su");
	assert_int_equal(st.st_mode & 07777, 06755);
	assert_int_equal(st.st_uid, 3000000);
	assert_int_equal(st.st_gid, 7);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(st.st_nlink, 2);
	st = at(f, "d");
	assert_int_equal(st.st_mode & 07777, 02750);
	assert_int_equal(st.st_uid, 5);
	assert_int_equal(st.st_mtim.tv_sec, 100);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	st = at(f, "dev");
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(1, 3));
	st = at(f, "fifo");
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 01640);
	assert_true(S_ISLNK(at(f, "soft").st_mode));
	assert_text(f, long_name, "long");
	assert_text(f, "d/\xc3\xa4", "utf8");
	{
		cleanup_fd int fd = openat(f->fd, "d/su", O_RDONLY | O_CLOEXEC);

		assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)), 20);
		assert_int_equal(fgetxattr(fd, "user.note", value, sizeof(value)), 5);
		assert_int_equal(fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)), -1);
		assert_int_equal(fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)), -1);
	}
	assert_int_equal(f->u.entries, 8);
	assert_int_equal(f->u.bytes, 12);
}

static void test_whiteouts(void **state)
{
	struct fixture *f = *state;
	char value[4];

	if (geteuid() != 0)
		skip();
	put_dir(f, "d/");
	put_file(f, "d/.wh..wh..opq", "");
	put_file(f, "d/.wh.gone", "");
	put_file(f, "d/kept", "kept");
	put_file(f, "d/.wh.kept", "");
	put_file(f, ".wh..wh.plnk", "");
	put_file(f, ".wh.back", "");
	put_file(f, "back", "new");
	assert_ok(&f->err, run(f, true));
	assert_true(S_ISCHR(at(f, "d/gone").st_mode) && at(f, "d/gone").st_rdev == 0);
	assert_text(f, "d/kept", "kept");
	assert_text(f, "back", "new");
	assert_false(there(f, ".wh..wh.plnk"));
	assert_false(there(f, "d/.wh..wh..opq"));
	assert_int_equal(fgetxattr(f->fd, "user.overlay.opaque", value, sizeof(value)), -1);
	{
		cleanup_fd int d = openat(f->fd, "d", O_RDONLY | O_CLOEXEC);

		assert_int_equal(fgetxattr(d, "user.overlay.opaque", value, sizeof(value)), 1);
		assert_int_equal(value[0], 'y');
	}
	buf_reset(&f->tar);
	put_file(f, ".wh...", "");
	assert_int_equal(run(f, true), -EINVAL);
}

/* In a copy they are files like any other. */
static void test_no_whiteouts_in_copies(void **state)
{
	struct fixture *f = *state;

	put_file(f, ".wh.x", "plain");
	assert_ok(&f->err, run(f, false));
	assert_text(f, ".wh.x", "plain");
}

static void test_leads_out(void **state)
{
	static const char *const names[] = {"../evil", "a/../../evil", "..", "/../evil"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		buf_reset(&f->tar);
		put_file(f, names[i], "x");
		assert_int_equal(run(f, true), -EINVAL);
		assert_non_null(strstr(f->err.msg, "leads out of the root"));
	}
	buf_reset(&f->tar);
	put_link(f, "h", '1', "../evil");
	assert_int_equal(run(f, true), -EINVAL);
	assert_nothing_outside(f);
}

static void test_links_stay_inside(void **state)
{
	struct fixture *f = *state;
	char secret[128];

	snprintf(secret, sizeof(secret), "%s/secret", f->dir);
	{
		FILE *file = fopen(secret, "we");

		fputs("host", file);
		fclose(file);
	}
	put_file(f, "/abs/file", "inside");
	put_link(f, "up", '2', "../../../../../../..");
	put_file(f, "up/evil", "inside");
	put_dir(f, "real/");
	put_link(f, "alias", '2', "/real");
	put_file(f, "alias/through", "inside");
	put_link(f, "target", '2', secret);
	put_file(f, "target", "replaced");
	assert_ok(&f->err, run(f, true));
	assert_nothing_outside(f);
	assert_text(f, "abs/file", "inside");
	assert_text(f, "evil", "inside");
	assert_text(f, "real/through", "inside");
	assert_true(S_ISREG(at(f, "target").st_mode));
	/* A hard link through a link that leads out finds nothing. */
	buf_reset(&f->tar);
	put_link(f, "out", '2', f->dir);
	put_link(f, "h", '1', "out/secret");
	assert_int_equal(run(f, true), -ENOENT);
	{
		struct stat st;

		assert_int_equal(stat(secret, &st), 0);
		assert_int_equal(st.st_nlink, 1);
		assert_int_equal(st.st_size, 4);
	}
}

static void test_replacing(void **state)
{
	struct fixture *f = *state;

	put_file(f, "a/b/c", "1");
	put_file(f, "a/b", "file now");
	put_file(f, "x", "1");
	put_dir(f, "x/");
	put_file(f, "x/y", "dir now");
	put_file(f, "long", "0123456789");
	put_file(f, "long", "short");
	put_link(f, "long2", '1', "long");
	put_link(f, "long2", '1', "long2");
	assert_ok(&f->err, run(f, true));
	assert_text(f, "a/b", "file now");
	assert_text(f, "x/y", "dir now");
	assert_text(f, "long", "short");
	assert_text(f, "long2", "short");
	buf_reset(&f->tar);
	f->u.no_overwrite = true;
	put_file(f, "x", "no");
	assert_int_equal(run(f, false), -EINVAL);
	buf_reset(&f->tar);
	put_dir(f, "long");
	assert_int_equal(run(f, false), -EINVAL);
	assert_text(f, "x/y", "dir now");
}

static void test_copy_below_path(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->fd, "etc", 0755), 0);
	assert_int_equal(symlinkat("/etc", f->fd, "link"), 0);
	f->u.prefix = "/link";
	put(f, (struct tarball_entry){.name = "./n", .type = '0', .uid = 77, .gid = 78}, "x");
	assert_ok(&f->err, run(f, false));
	assert_text(f, "etc/n", "x");
	assert_int_equal(at(f, "etc/n").st_uid, 0);
}

static void test_bounds(void **state)
{
	struct fixture *f = *state;
	char deep[4200];

	f->u.max_bytes = 10;
	put_file(f, "a", "123456");
	put_file(f, "b", "123456");
	assert_int_equal(run(f, true), -EFBIG);
	buf_reset(&f->tar);
	memset(deep, 'a', sizeof(deep));
	deep[300] = '\0';
	put_file(f, deep, "x");
	assert_int_equal(run(f, true), -ENAMETOOLONG);
	buf_reset(&f->tar);
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = i % 2 ? '/' : 'a';
	deep[sizeof(deep) - 1] = '\0';
	put_file(f, deep, "x");
	assert_int_equal(run(f, true), -ENAMETOOLONG);
}

static void test_damaged(void **state)
{
	struct fixture *f = *state;

	put_file(f, "a", "123456");
	f->tar.data[0] ^= 1; /* the checksum covers it */
	assert_int_equal(run(f, true), -EBADMSG);
	buf_reset(&f->tar);
	put(f, (struct tarball_entry){.name = "big", .type = '0', .size = 5000}, NULL);
	assert_int_equal(run(f, true), -EBADMSG);
	buf_reset(&f->tar); /* nothing at all is an empty archive */
	assert_ok(&f->err, run(f, true));
}

/* A pax 1.0 sparse file of 1 MiB with four bytes of data at 512 KiB. */
static void test_sparse(void **state)
{
	static const char records[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				      "26 GNU.sparse.name=sparse\n31 GNU.sparse.realsize=1048576\n";
	static const char map[TARBALL_BLOCK] = "1\n524288\n4\n", zeros[TARBALL_BLOCK];
	struct fixture *f = *state;
	struct tarball_entry x = {
		.name = "pax", .type = 'x', .mode = 0644, .size = sizeof(records) - 1};
	struct stat st;

	assert_ok(&f->err, tarball_header(&f->tar, &x, &f->err));
	buf_add(&f->tar, records, sizeof(records) - 1);
	buf_add(&f->tar, zeros, tarball_padding(sizeof(records) - 1));
	put(f, (struct tarball_entry){.name = "GNUSparseFile.0/sparse", .type = '0', .size = 516},
	    NULL);
	buf_add(&f->tar, map, sizeof(map));
	buf_add(&f->tar, "data", 4);
	buf_add(&f->tar, zeros, 508);
	assert_ok(&f->err, run(f, true));
	st = at(f, "sparse");
	assert_int_equal(st.st_size, 1048576);
	assert_true(st.st_blocks * 512 < 65536);
	{
		cleanup_fd int fd = openat(f->fd, "sparse", O_RDONLY | O_CLOEXEC);
		char text[5] = "";

		assert_int_equal(pread(fd, text, 4, 524288), 4);
		assert_string_equal(text, "data");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		archive_test(test_metadata),
		archive_test(test_whiteouts),
		archive_test(test_no_whiteouts_in_copies),
		archive_test(test_leads_out),
		archive_test(test_links_stay_inside),
		archive_test(test_replacing),
		archive_test(test_copy_below_path),
		archive_test(test_bounds),
		archive_test(test_damaged),
		archive_test(test_sparse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
