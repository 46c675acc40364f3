// SPDX-License-Identifier: Apache-2.0
/*
 * One more process in a running container.
 *
 * A process must be cloned to be in a pid namespace, and what is seen in there must not be at the
 * host's root with the host's files for even a moment. So there is one in between, which stays in
 * the host's pid namespace: it enters the v1 cgroups, joins mount, network, ipc, uts and pid
 * namespace in one setns of the pidfd, so that it is that very process's namespaces whatever became
 * of its number, and clones the real one with CLONE_PARENT: it is born in the pid namespace, in the
 * v2 cgroup, and is still a child of our caller, who can reap it. (It inherits the exit signal of
 * the one in between, hence SIGCHLD for that too: killed before exec it would else be a child that
 * waitpid does not see, and PID 1 of its namespace could never end.) The real one joins what the
 * rest of the way needs its parent not to be in: the cgroup namespace (from within, CLONE_INTO_CGROUP
 * may be refused), the user namespace (with its rights, likewise), the time namespace (not allowed
 * to who shares memory).
 *
 * The one in between shares our memory, and we wait for its end, as with vfork: copying
 * the tables of our memory for it, its faults and their undoing were 0.2 ms of an exec's 1.5, and
 * what it finds out needs no message. Undumpable is a property of the memory: it is set before and
 * taken back after, in which time the copy inherits it (run/child.c tells what for).
 *
 * From setns on, every path is the container's; no file of ours is opened any more, and what we had
 * open is closed before.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/str.h"
#include "base/userns.h"
#include "run/cgroup.h"
#include "run/child.h"
#include "run/message.h"
#include "run/mountfd.h"
#include "run/rlimit.h"
#include "run/run.h"
#include "run/seccomp.h"
#include "run/spawn.h"

#define JOINED_FIRST (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define JOINED_LAST  (CLONE_NEWCGROUP | CLONE_NEWTIME)
/* The real process begins on it, too, on a copy. */
#define STACK_SIZE (64 << 10)

/* What the one in between is told, and tells. */
struct between {
	const struct run_exec *e;
	struct run_process *p;
	int sock, null_fd;
	bool userns; /* joining one's own user namespace is an error, so it must be known */
	int shared;  /* CLONE_NEW*: already ours, and not ours to join */
	struct err *err;
	int r;
};

static bool other_userns(pid_t pid)
{
	char path[64];
	struct stat a, b;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return stat(path, &a) == 0 && stat("/proc/self/ns/user", &b) == 0 &&
	       (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

/* A user's containers may share namespaces with the host, which has the right to join those alone: they
 * are left out. Root's right to all of them needs no question. */
static int shared_namespaces(pid_t pid)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {
		{"mnt", CLONE_NEWNS},    {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
		{"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP},
		{"time", CLONE_NEWTIME},
	};
	int shared = 0;

	if (userns_is_initial())
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char theirs[64], own[32];
		struct stat a, b;

		(void)snprintf(theirs, sizeof(theirs), "/proc/%d/ns/%s", pid, kinds[i].name);
		(void)snprintf(own, sizeof(own), "/proc/self/ns/%s", kinds[i].name);
		if (stat(theirs, &a) == 0 && stat(own, &b) == 0 && a.st_ino == b.st_ino &&
		    a.st_dev == b.st_dev)
			shared |= kinds[i].flag;
	}
	return shared;
}

static int join_last(const struct between *b, struct err *err)
{
	int flags = (JOINED_LAST & ~b->shared) | (b->userns ? CLONE_NEWUSER : 0);
	int r = flags ? setns(b->e->container_pidfd, flags) : 0;

	/* The change of rights may have reset it. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return r < 0 ? err_sys(err, errno, "join the container's namespaces") : 0;
}

/* What the real process inherits. Its group's CPUs are entered after the initial ones were given. */
static int prepare_between(const struct run_exec *e, struct err *err)
{
	const struct oci_process *p = e->process;
	const struct oci_cpu_affinity *a = p->exec_cpu_affinity;
	int r = a ? rlimit_affinity(a->initial, err) : 0;

	if (r == 0)
		r = cgroup_enter(e->cgroup, cgroup_v1_set(e->cgroup), err);
	/* Ours stays as it is, although we share memory: the kernel leaves alone who waits in vfork. */
	if (r == 0 && p->oom_score_adj.set) {
		char text[32];
		cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

		(void)snprintf(text, sizeof(text), "%lld", (long long)p->oom_score_adj.value);
		if (fd < 0 || write(fd, text, strlen(text)) < 0)
			return err_sys(err, errno, "set oom_score_adj to %s", text);
	}
	return r;
}

static int inside(const struct run_exec *e, int sock, int null_fd, struct process_setup *s,
		  struct err *err)
{
	const struct oci_process *p = e->process;
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_sys(err, errno, "open the container's root") : 0;

	if (r == 0 && p->exec_cpu_affinity)
		r = rlimit_affinity(p->exec_cpu_affinity->final, err);
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

NORETURN static void exec_main(const struct between *b)
{
	const struct run_exec *e = b->e;
	int stdio[3] = {e->stdin_fd, e->stdout_fd, e->stderr_fd};
	struct process_setup s = {
		.process = e->process,
		.seccomp = e->seccomp,
		.seccomp_len = e->seccomp_len,
		.stdio = stdio,
		.slave = -EBADF,
		.null_fd = b->null_fd,
		.sock = b->sock,
		.preserve_fds = e->preserve_fds,
		.keep_keyring = e->keep_keyring,
	};
	struct err err = ERR_INIT;
	sigset_t none;

	/* Checked by run_exec. */
	(void)seccomp_flags(e->notify ? e->notify->seccomp : NULL, &s.seccomp_flags, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (join_last(b, &err) == 0 && inside(e, b->sock, b->null_fd, &s, &err) == 0)
		(void)process_exec(&s, &err);
	(void)message_send_error(s.sock, &err);
	_exit(127);
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The real process is seen in there a moment before it closes what it inherited: it inherits only what
 * itself needs, nothing of the host's but the container's own cgroup. */
static int close_others(const struct between *b)
{
	const struct run_exec *e = b->e;
	int keep[] = {b->sock,
		      b->null_fd,
		      e->stdin_fd,
		      e->stdout_fd,
		      e->stderr_fd,
		      e->container_pidfd,
		      e->cgroup ? cgroup_clone_fd(e->cgroup) : -EBADF};
	unsigned from = e->preserve_fds ? 3 + e->preserve_fds : 0;

	qsort(keep, ARRAY_SIZE(keep), sizeof(*keep), compare_fds);
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) {
		if (keep[i] < 0 || (unsigned)keep[i] < from)
			continue;
		if ((unsigned)keep[i] > from &&
		    syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0) < 0)
			return -errno;
		from = (unsigned)keep[i] + 1;
	}
	return syscall(SYS_close_range, from, UINT_MAX, 0) < 0 ? -errno : 0;
}

/* Returns its exit code to clone(), which ends it. */
static int middle(void *data)
{
	struct between *b = data;
	const struct run_exec *e = b->e;

	b->r = prepare_between(e, b->err);
	if (b->r == 0 && (b->r = close_others(b)) < 0)
		(void)err_sys(b->err, b->r, "close files");
	if (b->r < 0)
		return 0;
	if (setns(e->container_pidfd, JOINED_FIRST & ~b->shared) < 0) {
		b->r = err_sys(b->err, errno, "join the container's namespaces");
		return 0;
	}
	b->r = spawn_clone(CLONE_PARENT, e->cgroup ? cgroup_clone_fd(e->cgroup) : -EBADF, NULL);
	if (b->r == 0)
		exec_main(b);
	b->p->pid = b->r;
	b->r = b->r < 0 ? err_sys(b->err, b->r, "clone the process") : 0;
	return 0;
}

static int spawn(struct between *b)
{
	char stack[STACK_SIZE] __attribute__((aligned(16)));
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	pid_t mid;

	b->r = -ECHILD; /* killed before it came that far */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	mid = clone(middle, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, b);
	if (mid < 0)
		b->r = err_sys(b->err, errno, "clone a process");
	else
		(void)waitpid(mid, NULL, 0);
	if (dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (b->r == -ECHILD)
		return err_sys(b->err, ECHILD, "join the container's namespaces");
	if (b->r < 0)
		return b->r;
	b->p->pidfd = proc_pidfd_open(b->p->pid);
	if (b->p->pidfd >= 0)
		return 0;
	(void)kill(b->p->pid, SIGKILL); /* ours and not reaped: it is that one */
	(void)waitpid(b->p->pid, NULL, 0);
	return err_sys(b->err, b->p->pidfd, "open the process");
}

static int pass_listener(int sock, const struct run_exec *e, pid_t pid, int listener,
			 struct err *err)
{
	int r = e->notify ? seccomp_hand_over(e->notify, pid, "running", listener, err)
			  : err_set(err, ERR_INVALID, "nobody listens to the seccomp program");

	if (r == 0)
		r = message_send(sock, MESSAGE_LISTENER, 0, -EBADF);
	return r;
}

static int await_exec(int sock, const struct run_exec *e, struct run_process *p, struct err *err)
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
		if (m.kind == MESSAGE_LISTENER && fd >= 0) {
			r = pass_listener(sock, e, p->pid, fd, err);
			fd_close(fd);
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
	cleanup_fd int parent = -EBADF, null_fd = -EBADF;
	int sock[2], r;

	if (!e->process->args || !e->process->args[0])
		return err_set(err, ERR_INVALID, "there is no command to execute");
	r = seccomp_check(e->notify ? e->notify->seccomp : NULL, e->seccomp, e->seccomp_len, err);
	if (r < 0)
		return r;
	null_fd = device_null_host(err);
	if (null_fd < 0)
		return null_fd;
	r = sock_pair(sock);
	if (r < 0)
		return err_sys(err, r, "make a socket pair");
	parent = sock[0];
	r = spawn(&(struct between){
		.e = e,
		.p = &p,
		.sock = sock[1],
		.null_fd = null_fd,
		.userns = other_userns(e->container_pid),
		.shared = shared_namespaces(e->container_pid),
		.err = err,
	});
	fd_close(sock[1]);
	if (r == 0)
		r = await_exec(parent, e, &p, err);
	if (r < 0) {
		spawn_kill(p.pidfd);
		fd_close(p.pidfd);
		fd_close(p.terminal);
		return r;
	}
	*ret = p;
	return 0;
}
