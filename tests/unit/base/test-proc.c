// SPDX-License-Identifier: Apache-2.0
#include "base/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../check.h"
#include "base/fd.h"

static int spawn_sh(const char *script, int out, struct proc *p, struct err *err)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	const struct proc_fd fds[] = {{out, 1}};
	const struct proc_spawn s = {.path = "/bin/sh", .argv = argv, .fds = fds, .n_fds = 1};

	return proc_spawn(&s, p, err);
}

static void test_exit_codes(void **state)
{
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	check_ok("exit 7", spawn_sh("exit 7", -EBADF, &p, &err), &err);
	assert_int_equal(proc_exit_code(proc_wait(&p)), 7);
	check_ok("kill", spawn_sh("kill -TERM $$", -EBADF, &p, &err), &err);
	assert_int_equal(proc_exit_code(proc_wait(&p)), 128 + SIGTERM);
}

/* Only the fds that were listed are open in the child, and its environment is
 * empty. */
static void test_clean_child(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct proc p;
	int pipes[2];
	cleanup_fd int leak = open("/dev/null", O_RDONLY); /* not O_CLOEXEC on purpose */

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	check_ok("ls",
		 spawn_sh("for f in /proc/$$/fd/*; do n=${f##*/}; [ -e $f ] && echo "
			  "-n \"$n \"; done; "
			  "echo \"${HOME-none}\"",
			  pipes[1], &p, &err),
		 &err);
	fd_close(pipes[1]);
	check_ok("read", fd_read_all(pipes[0], &b, "pipe", &err), &err);
	fd_close(pipes[0]);
	assert_int_equal(proc_exit_code(proc_wait(&p)), 0);
	check_text("fds", b.data, "0 1 2 none\n");
	assert_true(leak > 2);
}

static void test_no_such_program(void **state)
{
	char *const argv[] = {(char *)"x", NULL};
	const struct proc_spawn s = {.path = "/nonexistent/program", .argv = argv};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	assert_int_equal(proc_spawn(&s, &p, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/program"));
}

/* The fd is the program, whatever the path says, and stays open in it. */
static void test_program_by_fd(void **state)
{
	cleanup_fd int exe = open("/bin/sh", O_PATH | O_CLOEXEC);
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)"[ -e /proc/$$/fd/7 ]", NULL};
	const struct proc_fd fds[] = {{exe, 7}};
	struct proc_spawn s = {
		.path = "/nonexistent/name", .exe_fd = 7, .argv = argv, .fds = fds, .n_fds = 1};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	check_ok("sh", proc_spawn(&s, &p, &err), &err);
	assert_int_equal(proc_exit_code(proc_wait(&p)), 0);
	s.exe_fd = 8;
	assert_int_equal(proc_spawn(&s, &p, &err), -EBADF);
	assert_non_null(strstr(err.msg, "/nonexistent/name"));
}

/* The environment names a place only where nobody else can put a program. */
static void test_place_of_our_programs(void **state)
{
	char dir[] = "/tmp/hoy-proc.XXXXXX", path[PATH_MAX], want[64];
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(want, sizeof(want), "%s/hoy-x", dir);
	assert_int_equal(setenv("HOY_LIBEXECDIR", dir, 1), 0);
	check_ok(dir, proc_program_path("hoy-x", path, sizeof(path), &err), &err);
	check_text("path", path, want);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(proc_program_path("hoy-x", path, sizeof(path), &err), -EINVAL);
	assert_non_null(strstr(err.msg, "others may write to it"));
	assert_int_equal(chmod(dir, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, 4242, 0), 0);
		assert_int_equal(proc_program_path("hoy-x", path, sizeof(path), &err), -EINVAL);
	}
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(proc_program_path("hoy-x", path, sizeof(path), &err), -ENOENT);
	assert_int_equal(setenv("HOY_LIBEXECDIR", "relative", 1), 0);
	check_ok("relative", proc_program_path("hoy-x", path, sizeof(path), &err), &err);
	check_text("path", path, HOY_LIBEXECDIR "/hoy-x");
	assert_int_equal(unsetenv("HOY_LIBEXECDIR"), 0);
}

static void test_identity(void **state)
{
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	check_ok("sleep", spawn_sh("sleep 100", -EBADF, &p, &err), &err);
	assert_true(proc_start_time(p.pid) > 0);
	assert_true(proc_start_time(p.pid) >= proc_start_time(getpid()));
	assert_int_equal(proc_pidfd_signal(p.pidfd, SIGKILL), 0);
	assert_int_equal(proc_exit_code(proc_wait(&p)), 137);
	assert_int_equal(proc_start_time(0x3ffffff), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_clean_child),
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_program_by_fd),
		cmocka_unit_test(test_place_of_our_programs),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
