// SPDX-License-Identifier: Apache-2.0
/*
 * poll() and not an epoll loop: our stdin may be a regular file, which epoll refuses. Input that the
 * process does not read yet waits in one buffer, and meanwhile no more is read.
 */
#include "oci/foreground.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/proc.h"
#include "command/terminal.h"

#define CHUNK     16384
#define DRAIN_MAX 64 /* chunks: far more than a pty holds */

struct pump {
	pid_t pid;
	int pidfd, signals, terminal;
	bool in_open;
	char in[CHUNK];
	size_t in_len;
};

static void forwarded(sigset_t *set)
{
	sigfillset(set);
	/* Ours alone: what only stops or ends us through a fault, and our children's ends. */
	for (const int *s = (const int[]){SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
					  SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, 0};
	     *s; s++)
		sigdelset(set, *s);
}

void foreground_prepare(void)
{
	sigset_t set;

	forwarded(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static void resize(const struct pump *p)
{
	struct winsize ws;

	if (p->terminal >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0)
		(void)ioctl(p->terminal, TIOCSWINSZ, &ws);
}

/* All ended children but the one we wait for, whose status is taken at last. */
static void reap_others(const struct pump *p)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid ||
		    info.si_pid == p->pid)
			return;
		(void)waitpid(info.si_pid, NULL, 0);
	}
}

static void on_signal(const struct pump *p)
{
	struct signalfd_siginfo info;

	while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && p->terminal >= 0)
			resize(p);
		else if (info.ssi_signo == SIGCHLD)
			reap_others(p);
		else
			(void)proc_pidfd_signal(p->pidfd, (int)info.ssi_signo);
	}
}

static void read_input(struct pump *p)
{
	ssize_t n = read(STDIN_FILENO, p->in, sizeof(p->in));

	if (n > 0)
		p->in_len = (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		p->in_open = false;
}

static void write_input(struct pump *p)
{
	ssize_t n = write(p->terminal, p->in, p->in_len);

	if (n <= 0)
		return;
	p->in_len -= (size_t)n;
	memmove(p->in, p->in + n, p->in_len);
}

/* False at its end: all slaves are closed. */
static bool copy_output(const struct pump *p)
{
	char buf[CHUNK];
	ssize_t n = read(p->terminal, buf, sizeof(buf));

	if (n > 0)
		return fd_write(STDOUT_FILENO, buf, (size_t)n) == 0;
	return n < 0 && (errno == EINTR || errno == EAGAIN);
}

/* What it wrote just before its end; not all that a process it left behind goes on to write. */
static void drain(const struct pump *p)
{
	struct pollfd f = {.fd = p->terminal, .events = POLLIN};

	for (int i = 0; i < DRAIN_MAX && p->terminal >= 0; i++)
		if (poll(&f, 1, 0) <= 0 || !(f.revents & POLLIN) || !copy_output(p))
			return;
}

static int pump(struct pump *p, struct err *err)
{
	bool output = p->terminal >= 0;

	for (;;) {
		struct pollfd f[] = {
			{.fd = p->pidfd, .events = POLLIN},
			{.fd = p->signals, .events = POLLIN},
			{.fd = output ? p->terminal : -1,
			 .events = (short)(POLLIN | (p->in_len ? POLLOUT : 0))},
			{.fd = p->in_open && !p->in_len ? STDIN_FILENO : -1, .events = POLLIN},
		};

		if (poll(f, ARRAY_SIZE(f), -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for the container");
		if (f[1].revents)
			on_signal(p);
		if (f[2].revents & POLLOUT)
			write_input(p);
		if (f[2].revents & (POLLIN | POLLHUP | POLLERR))
			output = copy_output(p);
		if (f[3].revents)
			read_input(p);
		if (f[0].revents) {
			drain(p);
			return 0;
		}
	}
}

int foreground_wait(pid_t pid, int pidfd, int terminal, int *exit_code, struct err *err)
{
	struct pump p = {
		.pid = pid, .pidfd = pidfd, .terminal = terminal, .in_open = terminal >= 0};
	cleanup_fd int signals = -EBADF;
	sigset_t set;
	int r = 0, status;

	forwarded(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, errno, "listen for signals");
	p.signals = signals;
	if (terminal >= 0) {
		resize(&p);
		(void)fd_set_nonblock(terminal, true);
		r = terminal_raw(STDIN_FILENO, err);
	}
	if (r == 0)
		r = pump(&p, err);
	terminal_restore();
	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for process %d", (int)pid);
	*exit_code = proc_exit_code(status);
	return 0;
}
