// SPDX-License-Identifier: Apache-2.0
#include "base/userns.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../check.h"
#include "base/path.h"

static struct userns_map map_of(const char *text)
{
	struct userns_map m;

	assert_int_equal(userns_map_parse(text, &m), 0);
	return m;
}

static void test_parse(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	struct userns_map m =
		map_of("         0       1000          1\n         1     100000      65536\n");
	char many[(USERNS_RANGES_MAX + 1) * 8 + 1] = "";

	(void)state;
	assert_int_equal(m.n, 2);
	assert_int_equal(m.range[1].outside, 100000);
	userns_map_print(&m, &b);
	assert_string_equal(b.data, "0 1000 1\n1 100000 65536\n");
	assert_int_equal(map_of("").n, 0);
	assert_int_equal(userns_map_parse("0 1000", &m), -EINVAL);
	assert_int_equal(userns_map_parse("0 1000 1 7\n", &m), -EINVAL);
	assert_int_equal(userns_map_parse("x", &m), -EINVAL);
	for (int i = 0; i <= USERNS_RANGES_MAX; i++)
		(void)snprintf(many + 6 * i, 8, "%d 1 1\n", i % 10);
	assert_int_equal(userns_map_parse(many, &m), -E2BIG);
}

static void test_has_and_covers(void **state)
{
	struct userns_map one = map_of("0 1000 1\n"), two = map_of("0 1000 1\n1 100000 65536\n");
	struct userns_map split = map_of("0 1000 1\n1 100000 5\n6 100005 65531\n");
	struct userns_map other = map_of("0 1000 1\n1 200000 65536\n"),
			  gap = map_of("0 1000 1\n1 100000 5\n7 100006 65530\n"),
			  last = map_of("4294967290 0 5\n");

	(void)state;
	assert_true(userns_map_has(&two, 0));
	assert_true(userns_map_has(&two, 65536));
	assert_false(userns_map_has(&two, 65537));
	assert_false(userns_map_has(&one, 1));
	assert_false(userns_map_has(&gap, 6));
	assert_true(userns_map_has(&last, 4294967294U));
	assert_false(userns_map_has(&last, 4294967295U));
	assert_true(userns_map_covers(&two, &one));
	assert_false(userns_map_covers(&one, &two));
	assert_true(userns_map_covers(&two, &split));
	assert_true(userns_map_covers(&split, &two));
	assert_false(userns_map_covers(&gap, &two));
	assert_false(userns_map_covers(&other, &two));
	assert_true(userns_map_covers(&last, &last));
}

static int take(int pidfd, pid_t pid, void *data)
{
	pid_t **next = data;

	assert_true(pidfd >= 0);
	fd_close(pidfd);
	*(*next)++ = pid;
	return 0;
}

static int stop(int pidfd, pid_t pid, void *data)
{
	fd_close(pidfd);
	(void)data;
	return pid > 0 ? 7 : 0;
}

static void test_roster(void **state)
{
	char dir[] = "/tmp/hoy-test-roster.XXXXXX";
	struct err err = ERR_INIT;
	pid_t found[4] = {}, *next = found, child;
	int top, roster;

	(void)state;
	assert_non_null(mkdtemp(dir));
	top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Root has none: nothing is made. */
	assert_int_equal(roster_add_to(top, getpid(), &err), 0);
	assert_int_equal(faccessat(top, USERNS_ROSTER, F_OK, 0), -1);
	roster = roster_open(top, &err);
	check_ok("open", roster, &err);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(roster_add(roster, child, &err), 0);
	/* A number that is in use again by another process; and what a torn write leaves. */
	assert_true(dprintf(roster, "%d 1\n-5 3\n0 0\n%d", getpid(), getpid()) > 0);
	assert_int_equal(roster_each(roster, take, &next, &err), 0);
	assert_int_equal(next - found, 1);
	assert_int_equal(found[0], child);
	assert_int_equal(roster_each(roster, stop, NULL, &err), 7);
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(roster_each(roster, stop, NULL, &err), 0);
	fd_close(roster);
	fd_close(top);
	assert_int_equal(path_remove_tree(AT_FDCWD, dir, NULL), 0);
}

/* A long one is cleaned by some process or other, and the living stay in it. */
static void test_roster_purge(void **state)
{
	char dir[] = "/tmp/hoy-test-roster.XXXXXX";
	struct err err = ERR_INIT;
	pid_t found[4] = {}, *next = found;
	struct stat st;
	int top, roster;

	(void)state;
	assert_non_null(mkdtemp(dir));
	top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	roster = roster_open(top, &err);
	check_ok("open", roster, &err);
	for (int i = 0; i < 1000; i++)
		assert_true(dprintf(roster, "%d 1\n", getpid()) > 0);
	assert_int_equal(roster_add(roster, getpid(), &err), 0);
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(roster_each(roster, stop, NULL, NULL) == 7 ? 0 : 1);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	assert_int_equal(fstat(roster, &st), 0);
	assert_true(st.st_size < 100);
	assert_int_equal(roster_each(roster, take, &next, &err), 0);
	assert_int_equal(next - found, 1);
	assert_int_equal(found[0], getpid());
	fd_close(roster);
	fd_close(top);
	assert_int_equal(path_remove_tree(AT_FDCWD, dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_has_and_covers),
		cmocka_unit_test(test_roster),
		cmocka_unit_test(test_roster_purge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
