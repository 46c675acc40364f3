// SPDX-License-Identifier: Apache-2.0
/*
 * hoy-init as its users see it: this program starts it with itself as the command (argument: what
 * the command shall do) and looks at the exit code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"

#define ORPHANS 1000

static const char *self;

/* ---- what the command does ---- */

static void doze(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

/* How many children hoy-init has, dead or alive. */
static int siblings(void)
{
	char path[64], text[65536];
	int fd, n = 0;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", getppid(), getppid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (len < 0)
		return -1;
	(void)close(fd);
	for (ssize_t i = 0; i < len; i++)
		n += text[i] == ' ';
	return n;
}

static int make_orphans(void)
{
	pid_t init = getppid();

	for (int i = 0; i < ORPHANS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (fork() == 0) {
				while (getppid() != init)
					doze(1);
				_exit(i % 7);
			}
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	for (int i = 0; i < 1000; i++) {
		if (siblings() == 1) /* this process itself */
			return 0;
		doze(10);
	}
	return 2;
}

static volatile sig_atomic_t got;

static void on_signal(int sig)
{
	got = sig;
}

static int await_signal(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t block, old;

	(void)sigfillset(&block);
	(void)sigprocmask(SIG_SETMASK, &block, &old);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD)
			(void)sigaction(sig, &sa, NULL);
	(void)!write(STDOUT_FILENO, "r", 1);
	while (!got)
		(void)sigsuspend(&old);
	return got;
}

static int check_clean(void)
{
	struct sigaction sa;
	sigset_t mask;

	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(&mask, sig) == 1)
			return 1;
	if (sigaction(SIGTTIN, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL ||
	    sigaction(SIGTTOU, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL)
		return 2;
	return getpgrp() == getpid() ? 0 : 3;
}

static int command(const char *what)
{
	if (strcmp(what, "seven") == 0)
		return 7;
	if (strcmp(what, "kill-myself") == 0)
		return raise(SIGKILL);
	if (strcmp(what, "orphans") == 0)
		return make_orphans();
	if (strcmp(what, "signal") == 0)
		return await_signal();
	if (strcmp(what, "clean") == 0)
		return check_clean();
	if (strcmp(what, "terminal") == 0)
		return tcgetpgrp(STDIN_FILENO) == getpgrp() ? 0 : 1;
	return 99;
}

/* ---- the tests ---- */

/* Starts hoy-init; `setup` runs before its exec. */
static pid_t start(const char *const *args, void (*setup)(void *), void *data)
{
	const char *argv[8] = {HOY_INIT_PATH, "--"};
	pid_t pid;

	for (size_t i = 0; args[i]; i++)
		argv[2 + i] = args[i];
	pid = fork();
	if (pid == 0) {
		if (setup)
			setup(data);
		(void)execv(argv[0], (char *const *)(size_t)argv);
		_exit(98);
	}
	assert_true(pid > 0);
	return pid;
}

static int end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void quiet(void *data)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)data;
	(void)dup2(fd, STDERR_FILENO);
}

static int run(const char *what)
{
	const char *args[] = {self, what, NULL};

	return end(start(args, NULL, NULL));
}

static void test_exit_codes(void **state)
{
	static const struct {
		const char *args[2];
		int code;
	} rows[] = {
		{{"/no/such/command"}, 127},
		{{"no-such-command"}, 127},
		{{"/dev/null"}, 126},
		{{"/etc/passwd"}, 126},
		{{"/"}, 126},
		{{"/etc/passwd/x"}, 127},
	};

	(void)state;
	assert_int_equal(run("seven"), 7);
	assert_int_equal(run("kill-myself"), 128 + SIGKILL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(end(start(rows[i].args, quiet, NULL)), rows[i].code);
}

static void test_orphans_are_reaped(void **state)
{
	(void)state;
	assert_int_equal(run("orphans"), 0);
}

/* The same as PID 1 of a pid namespace. */
static void test_orphans_of_pid_1(void **state)
{
	const char *args[] = {HOY_INIT_PATH, "--", self, "orphans", NULL};
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		/* /proc of the outside shows other numbers: count in a mount namespace of our own.
		 */
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
			_exit(77);
		pid = fork();
		if (pid == 0) {
			if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			    mount("proc", "/proc", "proc", 0, NULL) < 0)
				_exit(77);
			(void)execv(args[0], (char *const *)(size_t)args);
			_exit(98);
		}
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									   : 97);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void to_pipe(void *data)
{
	(void)dup2(*(int *)data, STDOUT_FILENO);
}

static void test_signals_are_forwarded(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP,  SIGINT,  SIGQUIT,  SIGUSR1,
				      SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH, SIGPIPE,
				      SIGTTIN, SIGALRM, 34,      64};
	const char *args[] = {self, "signal", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		int fds[2];
		char c;
		pid_t pid;

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid = start(args, to_pipe, &fds[1]);
		(void)close(fds[1]);
		assert_int_equal(read(fds[0], &c, 1), 1);
		(void)close(fds[0]);
		assert_int_equal(kill(pid, signals[i]), 0);
		assert_int_equal(end(pid), signals[i]);
	}
}

static void with_odd_signals(void *data)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)data;
	(void)sigaction(SIGCHLD, &ignore, NULL);
}

static void test_command_starts_clean(void **state)
{
	const char *clean[] = {self, "clean", NULL}, *seven[] = {self, "seven", NULL};

	(void)state;
	assert_int_equal(run("clean"), 0);
	assert_int_equal(end(start(clean, with_odd_signals, NULL)), 0);
	assert_int_equal(end(start(seven, with_odd_signals, NULL)), 7);
}

static void on_terminal(void *data)
{
	(void)setsid();
	(void)ioctl(*(int *)data, TIOCSCTTY, 0);
	(void)dup2(*(int *)data, STDIN_FILENO);
}

static void test_command_owns_the_terminal(void **state)
{
	const char *args[] = {self, "terminal", NULL};
	int master, slave;

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(end(start(args, on_terminal, &slave)), 0);
	(void)close(master);
	(void)close(slave);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_orphans_are_reaped),
		cmocka_unit_test(test_orphans_of_pid_1),
		cmocka_unit_test(test_signals_are_forwarded),
		cmocka_unit_test(test_command_starts_clean),
		cmocka_unit_test(test_command_owns_the_terminal),
	};

	if (argc > 1) {
		(void)alarm(60); /* nothing of a failed test stays behind */
		return command(argv[1]);
	}
	self = realpath(argv[0], NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
