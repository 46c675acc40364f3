// SPDX-License-Identifier: Apache-2.0
/*
 * docker cp's rules on a container that does not run, and a hostile root: links out of it, loops, and
 * a racer that swaps a directory for a link. A sentinel on the host must stay as it is.
 */
#include "engine-fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "engine/copy.h"

#define RACE_ROUNDS 10000
#define RACE_NS     (5 * NS_PER_SEC)

/* What a cp needs of the host: root, namespaces, the archive worker. */
static bool can_copy(struct fixture *f)
{
	struct copy_stat st;
	char *path =
		arena_printf(f->a, "%s/hoy-archive", getenv("HOY_LIBEXECDIR") ?: "/nonexistent");

	if (getuid() != 0 || access(path, X_OK) < 0)
		return false;
	return copy_stat(f->e, f->a, ID_A, "/", &st, &f->err) == 0 || f->err.code != -EPERM;
}

/* One container "one" with a bind, a read-only bind and links of all kinds; skips where it cannot work. */
static void prepare(struct fixture *f)
{
	put_file(f, "lower/etc/passwd", "root:x:0:0");
	put_file(f, "lower/dir/a", "A");
	put_file(f, "lower/dir/sub/b", "B");
	put_file(f, "outside/secret", "sentinel");
	put_file(f, "bind/inner", "inner");
	put_dir(f, "bind-ro");
	assert_int_equal(symlink("/etc", in_dir(f, "lower/absolute")), 0);
	assert_int_equal(symlink("../../../../../etc/passwd", in_dir(f, "lower/climber")), 0);
	assert_int_equal(symlink("loop", in_dir(f, "lower/loop")), 0);
	assert_int_equal(symlink(in_dir(f, "outside"), in_dir(f, "lower/out")), 0);
	assert_int_equal(symlink(in_dir(f, "outside/secret"), in_dir(f, "lower/out-file")), 0);
	assert_int_equal(symlink("/proc/self/root", in_dir(f, "lower/magic")), 0);
	put_container(f, ID_A, "one", NULL,
		      arena_printf(f->a,
				   "[{\"type\":\"bind\",\"source\":\"%s/bind\",\"destination\":\"/"
				   "data\",\"rw\":true},"
				   "{\"type\":\"bind\",\"source\":\"%s/"
				   "bind-ro\",\"destination\":\"/ro\",\"rw\":false},"
				   "{\"type\":\"bind\",\"source\":\"%s/bind/"
				   "inner\",\"destination\":\"/etc/one\","
				   "\"rw\":true}]",
				   f->dir, f->dir, f->dir));
	put_file(f, "host/file", "from host");
	put_dir(f, "to");
	if (!can_copy(f))
		skip();
}

static int to_host(struct fixture *f, const char *src, const char *dst)
{
	int64_t bytes = 0;

	return copy_to_host(f->e, "one", src, in_dir(f, dst), false, false, &bytes, &f->err);
}

static int from_host(struct fixture *f, const char *src, const char *dst)
{
	int64_t bytes = 0;

	return copy_from_host(f->e, in_dir(f, src), "one", dst, false, false, &bytes, &f->err);
}

static void assert_sentinel(struct fixture *f)
{
	assert_string_equal(get_file(f, "outside/secret"), "sentinel");
	assert_int_equal(unlink(in_dir(f, "outside/secret")), 0);
	assert_int_equal(rmdir(in_dir(f, "outside")), 0); /* nothing came to it */
	put_file(f, "outside/secret", "sentinel");
}

static void test_stat(void **state)
{
	struct fixture *f = *state;
	struct copy_stat st;

	prepare(f);
	assert_ok(f, copy_stat(f->e, f->a, "one", "etc/passwd", &st, &f->err));
	assert_string_equal(st.name, "passwd");
	assert_int_equal(st.size, 10);
	assert_int_equal(st.mode, S_IFREG | 0644);
	assert_string_equal(st.link_target, "");
	assert_ok(f, copy_stat(f->e, f->a, "one", "/absolute", &st, &f->err));
	assert_true(S_ISLNK(st.mode));
	assert_string_equal(st.link_target, "/etc");
	assert_ok(f, copy_stat(f->e, f->a, "one", "/absolute/", &st, &f->err));
	assert_true(S_ISDIR(st.mode));
	assert_ok(f, copy_stat(f->e, f->a, "one", "/climber", &st, &f->err));
	assert_string_equal(st.link_target, "/etc/passwd");
	assert_ok(f, copy_stat(f->e, f->a, "one", "/out-file", &st, &f->err));
	assert_string_equal(st.link_target, in_dir(f, "outside/secret"));
	/* Volumes and binds are there, also a file. */
	assert_ok(f, copy_stat(f->e, f->a, "one", "/data/inner", &st, &f->err));
	assert_ok(f, copy_stat(f->e, f->a, "one", "/etc/one", &st, &f->err));
	assert_int_equal(st.size, 5);
	assert_fails(f, copy_stat(f->e, f->a, "one", "/nope", &st, &f->err),
		     "Could not find the file /nope in container one");
	assert_int_equal(f->err.kind, ERR_NOT_FOUND);
	assert_fails(f, copy_stat(f->e, f->a, "one", "/etc/passwd/", &st, &f->err),
		     "Could not find the file /etc/passwd/ in container one");
	assert_true(copy_stat(f->e, f->a, "one", "/loop/", &st, &f->err) < 0);
}

static void test_to_host(void **state)
{
	struct fixture *f = *state;

	prepare(f);
	assert_ok(f, to_host(f, "/etc/passwd", "to"));
	assert_string_equal(get_file(f, "to/passwd"), "root:x:0:0");
	assert_ok(f, to_host(f, "/etc/passwd", "to/renamed"));
	assert_string_equal(get_file(f, "to/renamed"), "root:x:0:0");
	assert_ok(f, to_host(f, "/dir/a", "to/renamed"));
	assert_string_equal(get_file(f, "to/renamed"), "A");
	assert_ok(f, to_host(f, "/dir", "to"));
	assert_string_equal(get_file(f, "to/dir/sub/b"), "B");
	assert_ok(f, to_host(f, "/dir/.", "to/fresh"));
	assert_string_equal(get_file(f, "to/fresh/sub/b"), "B");
	put_dir(f, "into");
	assert_ok(f, to_host(f, "/dir/.", "into"));
	assert_string_equal(get_file(f, "into/a"), "A");
	assert_ok(f, to_host(f, "/data/inner", "to"));
	assert_string_equal(get_file(f, "to/inner"), "inner");
	assert_fails(f, to_host(f, "/dir", "to/renamed"), "cannot copy directory");
	assert_fails(f, to_host(f, "/dir/a", "to/new/"), "no such directory");
	assert_fails(f, to_host(f, "/nope", "to"),
		     "Could not find the file /nope in container one");
	assert_true(to_host(f, "/dir/a", "no/where") < 0);
	assert_string_equal(f->err.msg,
			    arena_printf(f->a,
					 "invalid output path: directory \"%s\" does not exist",
					 in_dir(f, "no")));
}

static void test_links_to_host(void **state)
{
	struct fixture *f = *state;
	char target[256] = "";
	int64_t bytes;

	prepare(f);
	/* A link is copied as a link … */
	assert_ok(f, to_host(f, "/absolute", "to"));
	assert_int_equal(readlink(in_dir(f, "to/absolute"), target, sizeof(target) - 1), 4);
	assert_string_equal(target, "/etc");
	/* … and with -L, or a slash, what it means inside, under its own name. */
	assert_ok(f, copy_to_host(f->e, "one", "/climber", in_dir(f, "to"), false, true, &bytes,
				  &f->err));
	assert_string_equal(get_file(f, "to/climber"), "root:x:0:0");
	assert_true(bytes >= 512);
	assert_ok(f, to_host(f, "/absolute/.", "to/etc"));
	assert_string_equal(get_file(f, "to/etc/passwd"), "root:x:0:0");
	/* Links that point out of the root lead nowhere. */
	assert_true(copy_to_host(f->e, "one", "/out-file", in_dir(f, "to"), false, true, &bytes,
				 &f->err) < 0);
	assert_string_equal(get_file(f, "to/out-file"), "(none)");
	assert_true(to_host(f, "/magic/etc/passwd", "to") < 0);
	assert_sentinel(f);
}

static void test_from_host(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	prepare(f);
	assert_int_equal(chown(in_dir(f, "host/file"), 1234, 1234), 0);
	assert_ok(f, from_host(f, "host/file", "/etc"));
	assert_string_equal(get_file(f, upper(f, ID_A, "etc/file")), "from host");
	assert_int_equal(stat(in_dir(f, upper(f, ID_A, "etc/file")), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_ok(f, from_host(f, "host/file", "/etc/renamed"));
	assert_string_equal(get_file(f, upper(f, ID_A, "etc/renamed")), "from host");
	assert_ok(f, from_host(f, "host", "/new"));
	assert_string_equal(get_file(f, upper(f, ID_A, "new/file")), "from host");
	assert_ok(f, from_host(f, "host", "/new"));
	assert_string_equal(get_file(f, upper(f, ID_A, "new/host/file")), "from host");
	assert_ok(f, from_host(f, "host/.", "/absolute"));
	assert_string_equal(get_file(f, upper(f, ID_A, "etc/file")), "from host");
	assert_ok(f, from_host(f, "host/file", "/data"));
	assert_string_equal(get_file(f, "bind/file"), "from host");
	assert_string_equal(get_file(f, upper(f, ID_A, "data/file")), "(none)");
	assert_fails(f, from_host(f, "host/file", "/ro"), "mounted volume is marked read-only");
	/* What is mounted on a file is not replaced, nor taken away. */
	assert_true(from_host(f, "host/file", "/etc/one") < 0);
	assert_non_null(strstr(f->err.msg, "Device or resource busy"));
	assert_string_equal(get_file(f, "bind/inner"), "inner");
	assert_string_equal(get_file(f, upper(f, ID_A, "etc/one")), "");
	assert_fails(f, from_host(f, "host/file", "/nope/x"),
		     "Could not find the file /nope in container one");
	assert_fails(f, from_host(f, "host", "/etc/passwd"), "cannot copy directory");
	assert_true(from_host(f, "missing", "/etc") < 0);
	assert_string_equal(f->err.msg, arena_printf(f->a, "lstat %s: No such file or directory",
						     in_dir(f, "missing")));
}

static void test_read_only_root(void **state)
{
	struct fixture *f = *state;
	int64_t bytes;

	prepare(f);
	put_container(f, ID_B, "two", "{\"HostConfig\":{\"ReadonlyRootfs\":true}}",
		      arena_printf(f->a,
				   "[{\"type\":\"bind\",\"source\":\"%s/bind\",\"destination\":\"/"
				   "data\",\"rw\":true}]",
				   f->dir));
	assert_true(copy_from_host(f->e, in_dir(f, "host/file"), "two", "/etc", false, false,
				   &bytes, &f->err) < 0);
	assert_string_equal(f->err.msg, "container rootfs is marked read-only");
	assert_ok(f, copy_from_host(f->e, in_dir(f, "host/file"), "two", "/data", false, false,
				    &bytes, &f->err));
	assert_string_equal(get_file(f, "bind/file"), "from host");
}

static void test_links_from_host(void **state)
{
	struct fixture *f = *state;

	prepare(f);
	assert_true(from_host(f, "host/file", "/out/") < 0);
	assert_true(from_host(f, "host/file", "/out/new") < 0);
	assert_true(from_host(f, "host/file", "/loop") < 0);
	assert_sentinel(f);
	/* A link in the destination's last place is followed inside: the file is made there. */
	put_dir(f, arena_printf(f->a, "lower%s/outside", f->dir));
	assert_ok(f, from_host(f, "host/file", "/out"));
	assert_string_equal(
		get_file(f, upper(f, ID_A, arena_printf(f->a, "%s/outside/file", f->dir + 1))),
		"from host");
	assert_sentinel(f);
}

/* ---- the race ---- */

struct racer {
	char *dir, *link, *spare; /* paths of the host: what is swapped */
	atomic_bool stop;
	int rounds;
};

static void *race(void *data)
{
	struct racer *r = data;

	const struct timespec pause = {.tv_nsec = RACE_NS / RACE_ROUNDS / 2};

	while (!atomic_load(&r->stop) && r->rounds < RACE_ROUNDS) {
		(void)nanosleep(&pause, NULL); /* so that both sides of the race get somewhere */
		if (renameat2(AT_FDCWD, r->dir, AT_FDCWD, r->link, RENAME_EXCHANGE) < 0)
			break;
		r->rounds++;
	}
	atomic_store(&r->stop, true);
	return NULL;
}

/* /data/swap is a directory in one moment and a link to the host's folder in the next. */
static void test_race(void **state)
{
	struct fixture *f = *state;
	struct racer r = {.dir = in_dir(f, "bind/swap"), .link = in_dir(f, "bind/other")};
	int64_t end = clock_monotonic() + RACE_NS;
	pthread_t thread;
	int done = 0;

	prepare(f);
	put_dir(f, "bind/swap");
	assert_int_equal(symlink(in_dir(f, "outside"), r.link), 0);
	assert_int_equal(pthread_create(&thread, NULL, race, &r), 0);
	while (!atomic_load(&r.stop) && clock_monotonic() < end) {
		done += from_host(f, "host/file", "/data/swap/file") == 0;
		(void)to_host(f, "/data/swap/secret", "to");
		done += from_host(f, "host", "/data/swap/") == 0;
	}
	atomic_store(&r.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(r.rounds > 0);
	assert_true(done > 0); /* else nothing was raced for */
	assert_string_equal(get_file(f, "to/secret"), "(none)");
	assert_sentinel(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		engine_test(test_stat),           engine_test(test_to_host),
		engine_test(test_links_to_host),  engine_test(test_from_host),
		engine_test(test_read_only_root), engine_test(test_links_from_host),
		engine_test(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
