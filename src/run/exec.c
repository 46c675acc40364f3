// SPDX-License-Identifier: Apache-2.0
/*
 * One more process in a running container.
 *
 * A process in between (cloned into the container's v2 cgroup, undumpable) enters the v1 cgroups,
 * joins all namespaces in one setns of the pidfd, so that it is that very process's namespaces whatever became of its
 * number, and clones the real one with CLONE_PARENT: it is born in the pid namespace and is still a
 * child of our caller, who can reap it. (It inherits the helper's exit signal, hence SIGCHLD for
 * that too: killed before exec it would else be a child that waitpid does not see, and PID 1 of its
 * namespace could never end.) From setns on, every path is the container's; no file of ours is
 * opened any more.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/str.h"
#include "run/cgroup.h"
#include "run/child.h"
#include "run/message.h"
#include "run/mountfd.h"
#include "run/run.h"
#include "run/spawn.h"

#define ALL_BUT_USER                                                                               \
	(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |                 \
	 CLONE_NEWCGROUP | CLONE_NEWTIME)

/* Joining one's own user namespace is an error, so it must be known. */
static bool other_userns(pid_t pid)
{
	char path[64];
	struct stat a, b;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return stat(path, &a) == 0 && stat("/proc/self/ns/user", &b) == 0 &&
	       (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

static int inside(const struct run_exec *e, int sock, int null_fd, struct process_setup *s,
		  struct err *err)
{
	const struct oci_process *p = e->process;
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_sys(err, errno, "open the container's root") : 0;

	if (r == 0 && p->terminal)
		r = terminal_open(sock, root, -EBADF, p, &s->slave, err);
	if (r == 0 && lsm_wanted(p)) {
		cleanup_fd int proc = mountfd_new("proc", "proc", NULL, MOUNT_ATTR_NOSUID, err);

		r = proc < 0 ? proc : lsm_set_exec_label(p, proc, err);
	}
	if (r < 0)
		return r;
	s->null_fd = null_fd;
	fd_close(TAKE_FD(root));
	return process_prepare(s, err);
}

NORETURN static void exec_main(const struct run_exec *e, int sock, int null_fd)
{
	int stdio[3] = {e->stdin_fd, e->stdout_fd, e->stderr_fd};
	struct process_setup s = {
		.process = e->process,
		.seccomp = e->seccomp,
		.seccomp_len = e->seccomp_len,
		.stdio = stdio,
		.slave = -EBADF,
		.null_fd = null_fd,
		.sock = sock,
	};
	struct err err = ERR_INIT;
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (inside(e, sock, null_fd, &s, &err) == 0)
		(void)process_exec(&s, &err);
	(void)message_send_error(s.sock, &err);
	_exit(127);
}

NORETURN static void middle(const struct run_exec *e, int sock, int pid_pipe)
{
	bool userns = other_userns(e->container_pid);
	struct err err = ERR_INIT;
	pid_t pid = -1;
	int null_fd;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	null_fd = device_null_host(&err);
	if (null_fd < 0 || cgroup_enter(e->cgroup, cgroup_v1_set(e->cgroup), &err) < 0)
		goto fail;
	if (setns(e->container_pidfd, ALL_BUT_USER | (userns ? CLONE_NEWUSER : 0)) < 0) {
		(void)err_sys(&err, errno, "join the container's namespaces");
		goto fail;
	}
	pid = spawn_clone(CLONE_PARENT, -EBADF, NULL);
	if (pid == 0) {
		fd_close(pid_pipe);
		exec_main(e, sock, null_fd);
	}
	if (pid < 0)
		(void)err_sys(&err, pid, "clone the process");
fail:
	if (pid < 0)
		(void)message_send_error(sock, &err);
	else
		(void)fd_write(pid_pipe, &pid, sizeof(pid));
	_exit(0);
}

/* Starts the helper and learns the real child's pid; the helper is gone afterwards. */
static int spawn(const struct run_exec *e, int parent_sock, int *sock, struct run_process *p,
		 struct err *err)
{
	int pipe_fds[2];
	pid_t mid;
	ssize_t n = 0;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	mid = spawn_clone(0, e->cgroup ? cgroup_clone_fd(e->cgroup) : -EBADF, NULL);
	if (mid == 0) {
		fd_close(parent_sock);
		fd_close(pipe_fds[0]);
		middle(e, *sock, pipe_fds[1]);
	}
	fd_close(pipe_fds[1]);
	fd_close(TAKE_FD(*sock));
	if (mid > 0) {
		n = fd_read(pipe_fds[0], &p->pid, sizeof(p->pid));
		(void)waitpid(mid, NULL, 0);
	}
	fd_close(pipe_fds[0]);
	if (mid < 0)
		return err_sys(err, mid, "clone a process");
	if (n != sizeof(p->pid))
		return message_expect(parent_sock, MESSAGE_PID, NULL, err) ?: -EIO;
	p->pidfd = proc_pidfd_open(p->pid);
	return p->pidfd < 0 ? err_sys(err, p->pidfd, "open the process") : 0;
}

static int await_exec(int sock, struct run_process *p, struct err *err)
{
	int r = 0;

	while (r == 0) {
		struct message m;
		int fd = -EBADF;

		r = message_recv(sock, &m, &fd);
		if (r == 0)
			return 0; /* the stream ended: exec */
		if (r < 0)
			return err_sys(err, r, "talk to the process");
		if (m.kind == MESSAGE_TERMINAL && fd >= 0) {
			p->terminal = fd;
			r = 0;
			continue;
		}
		fd_close(fd);
		r = m.kind == MESSAGE_FAILED
			    ? message_error(&m, err)
			    : err_set(err, ERR_SYSTEM, "unexpected message %d", (int)m.kind);
	}
	return r;
}

int run_exec(const struct run_exec *e, struct run_process *ret, struct err *err)
{
	struct run_process p = {.pidfd = -EBADF, .terminal = -EBADF};
	cleanup_fd int parent = -EBADF;
	int sock[2], r;

	if (!e->process->args || !e->process->args[0])
		return err_set(err, ERR_INVALID, "there is no command to execute");
	r = sock_pair(sock);
	if (r < 0)
		return err_sys(err, r, "make a socket pair");
	parent = sock[0];
	r = spawn(e, parent, &sock[1], &p, err);
	if (r == 0)
		r = await_exec(parent, &p, err);
	if (r < 0) {
		spawn_kill(p.pidfd);
		fd_close(p.pidfd);
		fd_close(p.terminal);
		return r;
	}
	*ret = p;
	return 0;
}
