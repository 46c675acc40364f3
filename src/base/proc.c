// SPDX-License-Identifier: Apache-2.0
#include "base/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/userns.h"

#define OVERFLOW_ID 65534 /* what the kernel shows for an id without a name here */

/* In a user namespace without root's id all of the host's other owners look alike: then the caller
 * asked before it entered that one. */
static bool may_own_programs(uid_t uid)
{
	return uid == 0 || uid == geteuid() || (uid == OVERFLOW_ID && !userns_is_initial());
}

int proc_program_path(const char *name, char *out, size_t size, struct err *err)
{
	/* secure_getenv: a program with more rights than its caller takes no path from it. */
	const char *dir = secure_getenv("HOY_LIBEXECDIR");
	struct stat st;

	if (!dir || dir[0] != '/')
		dir = HOY_LIBEXECDIR;
	else if (stat(dir, &st) < 0)
		return err_sys(err, errno, "HOY_LIBEXECDIR %s", dir);
	else if (!S_ISDIR(st.st_mode) || !may_own_programs(st.st_uid) || st.st_mode & 022)
		return err_set(err, ERR_INVALID, "HOY_LIBEXECDIR %s: others may write to it", dir);
	if (snprintf(out, size, "%s/%s", dir, name) >= (int)size)
		return err_sys(err, ENAMETOOLONG, "%s/%s", dir, name);
	return 0;
}

/* Runs in the vfork child: shares our memory, so it only makes system calls. */
static void child_fds(const struct proc_spawn *s, const int *from)
{
	unsigned last = 2;

	for (int fd = 0; fd <= 2; fd++) {
		bool listed = false;

		for (size_t i = 0; i < s->n_fds; i++)
			listed |= s->fds[i].to == fd;
		if (!listed) {
			int null = open("/dev/null", O_RDWR | O_CLOEXEC);

			(void)dup2(null, fd);
		}
	}
	for (size_t i = 0; i < s->n_fds; i++) {
		(void)dup2(from[i], s->fds[i].to);
		last = MAX_OF(last, (unsigned)s->fds[i].to);
	}
	/* Whoever made an fd without O_CLOEXEC: it ends here. */
	(void)close_range(last + 1, ~0U, 0);
}

static void child_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static pid_t spawn_child(const struct proc_spawn *s, const int *from, volatile int *failure)
{
	static char *const no_env[] = {NULL};
	pid_t parent = getpid(), pid;
	sigset_t all, old;

	/* No signal handler of ours may run in the child while it shares our memory. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0) {
		if (s->new_session)
			(void)setsid();
		if (s->die_with_parent) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(127);
		}
		child_fds(s, from);
		child_signals();
		if (s->exe_fd)
			(void)execveat(s->exe_fd, "", s->argv, s->envp ? s->envp : no_env,
				       AT_EMPTY_PATH);
		else
			(void)execve(s->path, s->argv, s->envp ? s->envp : no_env);
		*failure = errno;
		_exit(127);
	}
	if (pid < 0)
		*failure = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

int proc_spawn(const struct proc_spawn *s, struct proc *ret, struct err *err)
{
	int from[PROC_FDS_MAX] = {0}, high = 2, r = 0;
	volatile int failure = 0;
	size_t n = 0;
	pid_t pid = -1;

	if (s->n_fds > PROC_FDS_MAX)
		return err_set(err, ERR_INVALID, "start %s: too many fds", s->path);
	for (size_t i = 0; i < s->n_fds; i++)
		high = MAX_OF(high, s->fds[i].to);
	/* Sources are moved above all targets first, so that no dup2 overwrites a later source. */
	for (; n < s->n_fds; n++) {
		from[n] = s->fds[n].from >= 0 ? fcntl(s->fds[n].from, F_DUPFD_CLOEXEC, high + 1)
					      : open("/dev/null", O_RDWR | O_CLOEXEC);
		if (from[n] < 0) {
			r = err_sys(err, errno, "start %s: duplicate an fd", s->path);
			break;
		}
	}
	if (r == 0) {
		pid = spawn_child(s, from, &failure);
		if (failure) {
			r = err_sys(err, failure, "start %s", s->path);
			if (pid > 0)
				(void)waitpid(pid, NULL, 0);
		}
	}
	while (n > 0)
		fd_close(from[--n]);
	if (r < 0)
		return r;
	*ret = (struct proc){.pid = pid, .pidfd = proc_pidfd_open(pid)};
	return 0;
}

int proc_wait(struct proc *p)
{
	int status, r;

	do
		r = waitpid(p->pid, &status, 0);
	while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : status;
	proc_release(p);
	return r;
}

void proc_release(struct proc *p)
{
	fd_close(p->pidfd);
	p->pidfd = -EBADF;
}

int proc_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int proc_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int proc_pidfd_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

static bool read_stat(pid_t pid, char *state, uint64_t *start)
{
	char path[64], text[1024], *p;
	unsigned long long ticks = 0;
	cleanup_fd int fd = -EBADF;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The command's name may hold spaces and parentheses: count fields after the last ')'. */
	p = strrchr(text, ')');
	if (!p || p[1] != ' ')
		return false;
	*state = p[2];
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, " %llu", &ticks) != 1)
		return false;
	*start = ticks;
	return true;
}

uint64_t proc_start_time(pid_t pid)
{
	uint64_t start;
	char state;

	return read_stat(pid, &state, &start) ? start : 0;
}

bool proc_is_alive(pid_t pid, uint64_t start_time)
{
	uint64_t start;
	char state;

	return read_stat(pid, &state, &start) && start == start_time && state != 'Z' &&
	       state != 'X';
}
