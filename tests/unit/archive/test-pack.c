// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "archive/pack.h"
#include "base/fd.h"

static void pack_to(struct fixture *f, struct pack p, struct buf *out)
{
	p.root_fd = f->fd;
	p.path = p.path ?: "/";
	p.out_fd = memfd_create("tar", MFD_CLOEXEC);
	assert_ok(&f->err, pack(&p, &f->err));
	assert_int_equal(lseek(p.out_fd, 0, SEEK_SET), 0);
	buf_reset(out);
	assert_ok(&f->err, fd_read_all(p.out_fd, out, "tar", &f->err));
	assert_int_equal(out->len, p.bytes);
	close(p.out_fd);
}

static void make_tree(struct fixture *f)
{
	char name[200];

	put(f,
	    (struct tarball_entry){
		    .name = "d/", .type = '5', .mode = 01777, .uid = 9, .gid = 8, .mtime = 7},
	    NULL);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	put(f,
	    (struct tarball_entry){.name = name, .type = '0', .mode = 04755, .mtime = 1000000001},
	    "x");
	put(f,
	    (struct tarball_entry){.name = "d/a",
				   .type = '0',
				   .uid = 1234567890,
				   .xattrs = &(struct tarball_xattr){"user.k", "v\n=", 3},
				   .n_xattrs = 1},
	    "linked");
	put_link(f, "d/b", '1', "d/a");
	put_link(f, "l", '2', "d/a");
	put(f, (struct tarball_entry){.name = "p", .type = '6'}, NULL);
	put(f, (struct tarball_entry){.name = "c", .type = '3', .major = 200, .minor = 70000},
	    NULL);
	assert_ok(&f->err, run(f, true));
}

/* What was packed, unpacked and packed again is the same, to the byte. */
static void test_round_trip(void **state)
{
	struct fixture *f = *state, *g;
	cleanup(buf_done) struct buf one = BUF_INIT((size_t)8 << 20),
				     two = BUF_INIT((size_t)8 << 20);
	void *other = NULL;

	if (geteuid() != 0)
		skip();
	make_tree(f);
	pack_to(f, (struct pack){.contents_only = true}, &one);
	if (fixture_setup(&other) < 0 || !other) {
		fail_msg("no second directory");
		return;
	}
	g = other;
	buf_add(&g->tar, one.data, one.len);
	assert_ok(&g->err, run(g, true));
	pack_to(g, (struct pack){.contents_only = true}, &two);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	fixture_teardown(&other);
}

/* An overlay's upper directory and the layer made of it: the way there and back. */
static void test_layer(void **state)
{
	struct fixture *f = *state, *g;
	cleanup(buf_done) struct buf one = BUF_INIT((size_t)8 << 20);
	char value[4];
	void *other = NULL;
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdirat(f->fd, "d", 0755), 0);
	assert_int_equal(mknodat(f->fd, "d/gone", S_IFCHR, 0), 0);
	{
		cleanup_fd int d = openat(f->fd, "d", O_RDONLY | O_CLOEXEC);

		assert_int_equal(fsetxattr(d, "user.overlay.opaque", "y", 1, 0), 0);
	}
	pack_to(f, (struct pack){.contents_only = true, .layer = true}, &one);
	assert_non_null(memmem(one.data, one.len, "d/.wh.gone", 10));
	assert_non_null(memmem(one.data, one.len, "d/.wh..wh..opq", 14));
	assert_null(memmem(one.data, one.len, "user.overlay", 12));
	if (fixture_setup(&other) < 0 || !other) {
		fail_msg("no second directory");
		return;
	}
	g = other;
	buf_add(&g->tar, one.data, one.len);
	assert_ok(&g->err, run(g, true));
	assert_int_equal(fstatat(g->fd, "d/gone", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	{
		cleanup_fd int d = openat(g->fd, "d", O_RDONLY | O_CLOEXEC);

		assert_int_equal(fgetxattr(d, "user.overlay.opaque", value, sizeof(value)), 1);
	}
	fixture_teardown(&other);
}

static char *first_name(struct buf *b)
{
	return b->data; /* short ASCII names need no PAX header */
}

static void test_names(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf b = BUF_INIT((size_t)8 << 20);
	struct err err = ERR_INIT;
	struct pack p;

	put_file(f, "d/file", "x");
	put_link(f, "abs", '2', "/d/file");
	put_link(f, "dirlink", '2', "/d");
	assert_ok(&f->err, run(f, true));
	assert_int_equal(utimensat(f->fd, "d", (struct timespec[2]){{1, 0}, {1, 0}}, 0), 0);
	assert_int_equal(utimensat(f->fd, "d/file", (struct timespec[2]){{1, 0}, {1, 0}}, 0), 0);
	assert_int_equal(
		utimensat(f->fd, "abs", (struct timespec[2]){{1, 0}, {1, 0}}, AT_SYMLINK_NOFOLLOW),
		0);
	pack_to(f, (struct pack){.path = "/d"}, &b);
	assert_string_equal(first_name(&b), "d/");
	pack_to(f, (struct pack){.path = "d/file", .rename = "other"}, &b);
	assert_string_equal(first_name(&b), "other");
	pack_to(f, (struct pack){.path = "d", .contents_only = true}, &b);
	assert_string_equal(first_name(&b), "file");
	pack_to(f, (struct pack){.path = "/abs"}, &b);
	assert_string_equal(first_name(&b), "abs");
	assert_int_equal(b.data[156], '2');
	pack_to(f, (struct pack){.path = "/abs", .follow_link = true}, &b);
	assert_string_equal(first_name(&b), "abs");
	assert_int_equal(b.data[156], '0');
	pack_to(f, (struct pack){.path = "/dirlink/file"}, &b);
	assert_string_equal(first_name(&b), "file");
	p = (struct pack){.root_fd = f->fd, .path = "/none", .out_fd = -EBADF};
	assert_int_equal(pack(&p, &err), -ENOENT);
	/* ".." stops at the root */
	p.path = "/../../etc/passwd";
	assert_int_equal(pack(&p, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		archive_test(test_round_trip),
		archive_test(test_layer),
		archive_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
