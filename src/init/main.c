// SPDX-License-Identifier: Apache-2.0
/*
 * hoy-init [--] COMMAND [ARG…] - PID 1 of a container that was asked for with --init.
 *
 * It starts the command, hands every signal on to it, reaps whatever is orphaned to PID 1, and ends
 * with the command: its exit code, or 128+n for signal n. 126: the command cannot be executed, 127:
 * it was not found.
 *
 * All signals but those of its own faults are blocked from the first line on and taken one by one
 * with sigwaitinfo: there is no handler, so nothing is reentrant and no signal is lost between
 * start and fork. (PID 1 without a handler would otherwise not even receive them; a blocked signal
 * waits.) The command gets the mask and the dispositions that hoy-init found.
 *
 * The command is the leader of a process group of its own and owns the terminal, if there is one:
 * ctrl-c then goes to it and its children only, as in a shell. Taking the terminal for it from a
 * background group would stop us, hence SIGTTIN and SIGTTOU are ignored meanwhile.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"

#define EXIT_CANNOT_EXECUTE 126
#define EXIT_NOT_FOUND      127

struct saved {
	sigset_t mask;
	struct sigaction ttin, ttou;
};

static void complain(const char *what, const char *arg, int errnum)
{
	const char *why = strerrordesc_np(errnum);
	const char *parts[] = {"hoy-init: ", what, arg, ": ", why ? why : "unknown error", "\n"};
	struct iovec iov[ARRAY_SIZE(parts)];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		iov[i].iov_base = (void *)(size_t)parts[i];
		iov[i].iov_len = strlen(parts[i]);
	}
	(void)!writev(STDERR_FILENO, iov, ARRAY_SIZE(iov));
}

static void take_signals(struct saved *s)
{
	static const int faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, normal = {.sa_handler = SIG_DFL};
	sigset_t all;

	(void)sigfillset(&all);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		(void)sigdelset(&all, faults[i]);
	(void)sigprocmask(SIG_SETMASK, &all, &s->mask);
	(void)sigaction(SIGTTIN, &ignore, &s->ttin);
	(void)sigaction(SIGTTOU, &ignore, &s->ttou);
	/* An inherited "ignored" would let the kernel reap the command and lose its exit code. */
	(void)sigaction(SIGCHLD, &normal, NULL);
}

static NORETURN void run_command(char **argv, const struct saved *s)
{
	int why;

	(void)setpgid(0, 0);
	/* No terminal (ENOTTY, ENXIO) or one of another session (EPERM, ENOTTY): nothing to take.
	 */
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	(void)sigaction(SIGTTIN, &s->ttin, NULL);
	(void)sigaction(SIGTTOU, &s->ttou, NULL);
	(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
	(void)execvp(argv[0], argv);
	why = errno;
	complain("exec ", argv[0], why);
	_exit(why == ENOENT || why == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
}

/* Reaps everything that has ended. Did the command? Then its exit code is in *code. */
static bool reap(pid_t command, int *code)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid != command)
			continue;
		ended = true;
		*code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return ended;
}

int main(int argc, char **argv)
{
	struct saved saved;
	sigset_t all;
	pid_t command;
	int code = 0;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		argv++;
	if (!argv[0] || !argv[1]) {
		complain("usage: hoy-init [--] COMMAND [ARG...]", "", EINVAL);
		return EXIT_NOT_FOUND;
	}
	take_signals(&saved);
	/* Somebody else is PID 1 (--pid host): orphans of the command still come here. */
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	command = fork();
	if (command < 0) {
		complain("fork", "", errno);
		return EXIT_CANNOT_EXECUTE;
	}
	if (command == 0)
		run_command(argv + 1, &saved);
	(void)sigfillset(&all);
	for (;;) {
		siginfo_t info;
		int sig = sigwaitinfo(&all, &info);

		if (sig == SIGCHLD) {
			if (reap(command, &code))
				return code;
		} else if (sig > 0) {
			/* ESRCH: it has ended, SIGCHLD is on its way. */
			(void)kill(command, sig);
		} else if (errno != EINTR) {
			complain("wait for signals", "", errno);
			return EXIT_CANNOT_EXECUTE;
		}
	}
}
