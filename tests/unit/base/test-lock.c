// SPDX-License-Identifier: Apache-2.0
#include "base/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "../check.h"
#include "base/path.h"

static void test_lock(void **state)
{
	char dir[] = "/tmp/hoy-test-lock.XXXXXX";
	struct err err = ERR_INIT;
	int top, held, shared, second, ready[2];
	pid_t child;
	char c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_false(lock_is_held(top, "l"));
	held = lock_take(top, "l", LOCK_EXCLUSIVE, &err);
	check_ok("take", held, &err);
	assert_true(lock_is_held(top, "l"));
	assert_int_equal(lock_try(top, "l", LOCK_EXCLUSIVE, &err), -EWOULDBLOCK);
	assert_int_equal(lock_try(top, "l", LOCK_SHARED, &err), -EWOULDBLOCK);
	fd_close(held);
	assert_false(lock_is_held(top, "l"));
	shared = lock_try(top, "l", LOCK_SHARED, &err);
	second = lock_try(top, "l", LOCK_SHARED, &err);
	assert_true(shared >= 0 && second >= 0);
	assert_int_equal(lock_try(top, "l", LOCK_EXCLUSIVE, &err), -EWOULDBLOCK);
	fd_close(shared);
	fd_close(second);
	/* The kernel lets go for a process that is killed. */
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		(void)lock_take(top, "l", LOCK_EXCLUSIVE, NULL);
		(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_true(lock_is_held(top, "l"));
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(lock_is_held(top, "l"));
	fd_close(ready[0]);
	fd_close(ready[1]);
	fd_close(top);
	assert_int_equal(path_remove_tree(AT_FDCWD, dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lock)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
