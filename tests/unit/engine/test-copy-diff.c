// SPDX-License-Identifier: Apache-2.0
#include "engine-fixture.h"

#include <sys/sysmacros.h>

#include "engine/copy.h"

static char *diff(struct fixture *f, const char *key)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct json_list changes;

	assert_ok(f, container_diff(f->e, f->a, key, &changes, &f->err));
	for (size_t i = 0; i < changes.n; i++) {
		struct change *c = JSON_AT(struct change, &changes, i);

		buf_printf(&b, "%c %s\n", c->kind, c->path);
	}
	return arena_strdup(f->a, b.data ?: "");
}

static void test_kinds(void **state)
{
	struct fixture *f = *state;

	if (getuid() != 0)
		skip();
	put_file(f, "lower/etc/passwd", "root");
	put_file(f, "lower/etc/gone", "x");
	put_file(f, "lower/usr/bin/tool", "x");
	put_container(f, ID_A, "one", NULL, NULL);
	assert_string_equal(diff(f, "one"), "");
	put_file(f, upper(f, ID_A, "etc/passwd"), "changed");
	assert_int_equal(mknod(in_dir(f, upper(f, ID_A, "etc/gone")), S_IFCHR, makedev(0, 0)), 0);
	put_file(f, upper(f, ID_A, "new/dir/file"), "new");
	put_dir(f, upper(f, ID_A, "empty"));
	assert_string_equal(diff(f, "one"), "A /empty\n"
					    "C /etc\n"
					    "D /etc/gone\n"
					    "C /etc/passwd\n"
					    "A /new\n"
					    "A /new/dir\n"
					    "A /new/dir/file\n");
}

/* A start makes mount points; they are not the container's doing. */
static void test_mount_points_are_hidden(void **state)
{
	struct fixture *f = *state;

	put_dir(f, "lower/etc");
	put_container(f, ID_A, "one", NULL, NULL);
	put_file(f, "lib/containers/" ID_A "/config.json",
		 "{\"ociVersion\":\"1.2.0\",\"mounts\":[{\"destination\":\"/etc/hosts\"},"
		 "{\"destination\":\"/data/deep\"},{\"destination\":\"/proc\"}]}");
	put_file(f, upper(f, ID_A, "etc/hosts"), "");
	put_dir(f, upper(f, ID_A, "data/deep"));
	put_dir(f, upper(f, ID_A, "proc"));
	put_file(f, upper(f, ID_A, "dev/console"), "");
	assert_string_equal(diff(f, "one"), "");
	put_file(f, upper(f, ID_A, "etc/motd"), "hi");
	assert_string_equal(diff(f, "one"), "C /etc\nA /etc/motd\n");
}

/* A directory that only holds a change, itself untouched, is told; one that was only copied up is not. */
static void test_directories(void **state)
{
	struct fixture *f = *state;
	const struct timespec when[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	put_dir(f, "lower/a/b");
	put_container(f, ID_A, "one", NULL, NULL);
	put_dir(f, upper(f, ID_A, "a/b"));
	for (int i = 0; i < 2; i++) {
		const char *base = i ? in_dir(f, "lower") : in_dir(f, upper(f, ID_A, ""));

		assert_int_equal(utimensat(AT_FDCWD, arena_printf(f->a, "%s/a/b", base), when, 0),
				 0);
		assert_int_equal(utimensat(AT_FDCWD, arena_printf(f->a, "%s/a", base), when, 0), 0);
	}
	assert_string_equal(diff(f, "one"), "");
	assert_int_equal(chmod(in_dir(f, upper(f, ID_A, "a/b")), 0700), 0);
	assert_string_equal(diff(f, "one"), "C /a\nC /a/b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		engine_test(test_kinds),
		engine_test(test_mount_points_are_hidden),
		engine_test(test_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
