// SPDX-License-Identifier: Apache-2.0
/*
 * The parent's side of a container's life. What it does while the child mounts: id maps, limits, v1
 * cgroups, oom_score_adj. Whatever fails, the child is killed and reaped and the cgroup removed
 * before the error is returned.
 *
 * When namespaces are joined, a process in between joins them and clones the real child with
 * CLONE_PARENT: setns of a user or pid namespace cannot be undone, and the child must be ours to
 * reap.
 */
#include "run/run.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/str.h"
#include "run/child.h"
#include "run/hooks.h"
#include "run/message.h"
#include "run/mountfd.h"
#include "run/namespace.h"
#include "run/rootfs.h"
#include "run/seccomp.h"
#include "run/spawn.h"
#include "spec/caps.h"

#define GET_MNT_NAMESPACE _IO(0xff, 3) /* PIDFD_GET_MNT_NAMESPACE; young headers have it */

struct run_container {
	char *id;
	const struct oci_spec *spec; /* the caller's: outlives us */
	char *bundle;                /* for hooks; NULL: there are none */
	pid_t pid;
	int pidfd;
	int sock;
	int terminal;
	int mounts; /* the mount namespace, held */
	bool started;
	bool cgroup_kept;
	void (*warn)(void *arg, const char *text);
	void *warn_arg;
	struct cgroup *cgroup;
};

void run_container_free(struct run_container *c)
{
	if (!c)
		return;
	fd_close(c->pidfd);
	fd_close(c->sock);
	fd_close(c->terminal);
	fd_close(c->mounts);
	free(c->bundle);
	cgroup_free(c->cgroup);
	free(c->id);
	free(c);
}

static struct run_container *container_new(const struct run_options *o)
{
	struct run_container *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->pidfd = c->sock = c->terminal = c->mounts = -EBADF;
	c->spec = o->spec;
	c->cgroup_kept = o->cgroup_kept;
	c->warn = o->warn;
	c->warn_arg = o->warn_arg;
	c->id = strdup(o->id ?: "");
	if (o->spec->hooks || o->spec->linux->seccomp) {
		char path[PATH_MAX];

		hooks_bundle_path(o->bundle_fd, path, sizeof(path));
		c->bundle = strdup(path);
	}
	if (!c->id || (o->spec->hooks && !c->bundle)) {
		run_container_free(c);
		return NULL;
	}
	return c;
}

/* The specification wants a word about them, not a failure: lists are written for newer kernels. */
static void warn_of_capabilities(const struct run_container *c, const struct oci_process *p)
{
	const struct oci_capabilities *s = p->capabilities;
	char **sets[5] = {};
	char text[128];

	if (!s || !c->warn)
		return;
	memcpy(sets,
	       (char **[]){s->bounding, s->permitted, s->effective, s->inheritable, s->ambient},
	       sizeof(sets));
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		for (char **name = sets[i]; name && *name; name++) {
			bool told = cap_parse(*name) >= 0;

			for (size_t k = 0; k < i && !told; k++)
				told = strv_has(sets[k], *name);
			if (told)
				continue;
			(void)snprintf(text, sizeof(text),
				       "unknown or unavailable capability %.64s, ignoring", *name);
			c->warn(c->warn_arg, text);
		}
}

static int check_spec(const struct run_options *o, struct err *err)
{
	if (!o->spec->process || !o->spec->process->args)
		return err_set(err, ERR_INVALID, "the configuration has no process");
	if (!o->spec->linux)
		return err_set(err, ERR_INVALID, "the configuration has no linux section");
	return seccomp_check(o->spec->linux->seccomp, o->seccomp, o->seccomp_len, err);
}

/* In the process between: never returns. */
NORETURN static void middle(struct child *c, uint64_t flags, int pid_pipe)
{
	struct err err = ERR_INIT;
	pid_t pid = -1;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (namespaces_join(c->ns, &err) == 0) {
		pid = spawn_clone(flags | CLONE_PARENT, -EBADF, NULL);
		if (pid == 0) {
			fd_close(pid_pipe);
			child_main(c);
		}
		if (pid < 0)
			(void)err_sys(&err, pid, "clone the container's process");
	}
	if (pid < 0)
		(void)message_send_error(c->sock, &err);
	else
		(void)fd_write(pid_pipe, &pid, sizeof(pid));
	_exit(0);
}

static int spawn_joined(struct run_container *rc, struct child *c, uint64_t flags, int cgroup_fd,
			struct err *err)
{
	int p[2];
	pid_t mid;
	ssize_t n;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	mid = spawn_clone(0, cgroup_fd, NULL);
	if (mid == 0) {
		fd_close(rc->sock);
		fd_close(p[0]);
		middle(c, flags, p[1]);
	}
	fd_close(p[1]);
	n = mid < 0 ? 0 : fd_read(p[0], &rc->pid, sizeof(rc->pid));
	fd_close(p[0]);
	if (mid < 0)
		return err_sys(err, mid, "clone a process");
	(void)waitpid(mid, NULL, 0);
	if (n != sizeof(rc->pid)) {
		fd_close(c->sock);
		c->sock = -EBADF;
		return message_expect(rc->sock, MESSAGE_PID, NULL, err) ?: -EIO;
	}
	rc->pidfd = proc_pidfd_open(rc->pid);
	return rc->pidfd < 0 ? err_sys(err, rc->pidfd, "open the container's process") : 0;
}

static int spawn_child(struct run_container *rc, struct child *c, struct err *err)
{
	uint64_t flags = c->ns->create & ~(uint64_t)CLONE_NEWCGROUP;
	int cgroup_fd = rc->cgroup ? cgroup_clone_fd(rc->cgroup) : -EBADF;
	int back = -EBADF, r = 0;

	if (c->ns->has_offsets) {
		r = timens_prepare(c->spec->linux->time_offsets, &back, err);
		flags &= ~(uint64_t)CLONE_NEWTIME;
	}
	if (r < 0)
		return r;
	if (c->ns->join) {
		r = spawn_joined(rc, c, flags, cgroup_fd, err);
	} else {
		rc->pid = spawn_clone(flags, cgroup_fd, &rc->pidfd);
		if (rc->pid == 0) {
			fd_close(rc->sock);
			child_main(c);
		}
		if (rc->pid < 0)
			r = err_sys(err, rc->pid, "clone the container's process");
	}
	if (back >= 0) {
		int restored = timens_restore(back, r < 0 ? NULL : err);

		r = r < 0 ? r : restored;
	}
	return r;
}

static int set_oom_score(const struct run_container *rc, int64_t score, struct err *err)
{
	char path[64], text[32];
	cleanup_fd int fd = -EBADF;

	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", rc->pid);
	(void)snprintf(text, sizeof(text), "%lld", (long long)score);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(err, errno, "set oom_score_adj to %s", text);
	return 0;
}

/* While the child mounts. */
static int tend_child(struct run_container *rc, const struct child *c, struct err *err)
{
	const struct oci_process *p = c->spec->process;
	unsigned v1_set = 0;
	int r = 0;

	if (c->ns->create & CLONE_NEWUSER) {
		r = idmap_write(rc->pid, c->spec->linux, err);
		if (r == 0)
			r = message_send(rc->sock, MESSAGE_MAPPED, 0, -EBADF);
		if (r < 0)
			return r;
	}
	if (rc->cgroup) {
		r = cgroup_finish(rc->cgroup, c->spec->linux->resources, err);
		if (r == 0 && c->userns)
			r = cgroup_attach_cloned(rc->cgroup, rc->pid, err);
		else
			v1_set = cgroup_v1_set(rc->cgroup);
	}
	if (r == 0 && c->await_cgroup)
		/* A child that failed meanwhile has closed its end; its message is what counts. */
		(void)message_send(rc->sock, MESSAGE_CGROUP, (int)v1_set, -EBADF);
	if (r == 0 && p->oom_score_adj.set)
		r = set_oom_score(rc, p->oom_score_adj.value, err);
	return r;
}

static int run_hooks(const struct run_container *rc, const struct json_list *list, const char *name,
		     const char *status, struct err *err)
{
	struct hook_state s = {
		.id = rc->id,
		.status = status,
		.pid = str_eq(status, "stopped") ? 0 : rc->pid,
		.bundle_fd = -EBADF,
		.bundle = rc->bundle,
		.annotations = &rc->spec->annotations,
	};

	return hooks_run(list, name, &s, err);
}

static int runtime_hooks(const struct run_container *rc, struct err *err)
{
	int r = run_hooks(rc, &rc->spec->hooks->prestart, "prestart", "creating", err);

	if (r == 0)
		r = run_hooks(rc, &rc->spec->hooks->create_runtime, "createRuntime", "creating",
			      err);
	if (r < 0)
		return r;
	return message_send(rc->sock, MESSAGE_HOOKS, 0, -EBADF);
}

static int await_ready(struct run_container *rc, struct err *err)
{
	for (;;) {
		struct message m;
		int fd = -EBADF, r = message_recv(rc->sock, &m, &fd);

		if (r < 0)
			return err_sys(err, r, "talk to the container's process");
		if (r == 0)
			return err_set(err, ERR_SYSTEM,
				       "the container's process died while it was set up");
		if (m.kind == MESSAGE_TERMINAL && fd >= 0) {
			rc->terminal = fd;
			continue;
		}
		fd_close(fd);
		if (m.kind == MESSAGE_READY)
			return 0;
		if (m.kind == MESSAGE_FAILED)
			return message_error(&m, err);
		r = m.kind == MESSAGE_HOOKS
			    ? runtime_hooks(rc, err)
			    : err_set(err, ERR_SYSTEM, "unexpected message %d", (int)m.kind);
		if (r < 0)
			return r;
	}
}

/* What the child cannot open itself: most things once it is in a user namespace, and always a root
 * that is relative to the bundle, because that fd belongs to our mount namespace and cannot be
 * bound in another. */
static int prepare_mounts(struct child *c, struct err *err)
{
	c->userns = (c->ns->create | c->ns->join) & CLONE_NEWUSER;
	if (c->userns || !c->o->overlay) {
		c->root_mount = rootfs_open(c->o, 0, err);
		if (c->root_mount < 0)
			return c->root_mount;
	}
	return mount_sources(c, err);
}

static void forget_mounts(struct child *c)
{
	for (size_t i = 0; c->sources && i < c->spec->mounts.n; i++)
		fd_close(c->sources[i]);
	free(c->sources);
	fd_close(c->root_mount);
}

static int create(struct run_container *rc, struct child *c, struct err *err)
{
	const char *path = c->spec->linux->cgroups_path;
	int sock[2], r;

	if (!str_empty(path)) {
		r = cgroup_open(path, NULL,
				CGROUP_CREATE | CGROUP_DEFER |
					(c->o->cgroup_shared ? CGROUP_MAY_EXIST : 0) |
					(c->o->cgroup_all ? CGROUP_ALL : 0),
				&rc->cgroup, err);
		if (r < 0)
			return r;
		c->cgroup_path = path + strspn(path, "/");
		c->cgroup = rc->cgroup;
	}
	/* A cgroup namespace without a group of its own: the parent's. */
	c->await_cgroup = rc->cgroup || c->ns->create & CLONE_NEWCGROUP;
	r = sock_pair(sock);
	if (r < 0)
		return err_sys(err, r, "make a socket pair");
	rc->sock = sock[0];
	c->sock = sock[1];
	r = spawn_child(rc, c, err);
	fd_close(c->sock);
	if (r == 0) {
		r = tend_child(rc, c, err);
		if (r == 0)
			r = await_ready(rc, err);
	}
	return r;
}

int run_create(const struct run_options *o, struct run_container **ret, struct err *err)
{
	cleanup(run_container_free) struct run_container *rc = NULL;
	cleanup(namespaces_done) struct namespaces ns = {
		.fds = {[0 ... NAMESPACE_KINDS - 1] = -EBADF}};
	struct child c = {
		.o = o,
		.spec = o->spec,
		.ns = &ns,
		.sock = -EBADF,
		.root_mount = -EBADF,
		.root = -EBADF,
		.proc = -EBADF,
		.dev = -EBADF,
		.devpts = -EBADF,
		.null_host = -EBADF,
		.terminal_slave = -EBADF,
	};
	int r = check_spec(o, err);

	if (r == 0)
		r = namespaces_plan(o->spec->linux, &ns, err);
	if (r < 0)
		return r;
	rc = container_new(o);
	if (!rc)
		return err_oom(err);
	c.bundle = rc->bundle;
	warn_of_capabilities(rc, o->spec->process);
	r = prepare_mounts(&c, err);
	if (r == 0)
		r = create(rc, &c, err);
	forget_mounts(&c);
	if (r < 0) {
		(void)run_delete(rc, NULL);
		return r;
	}
	/* Unmounting ends with a wait for RCU in the middle of the exit, before the parent is told. */
	if (o->mounts_later)
		rc->mounts = ioctl(rc->pidfd, GET_MNT_NAMESPACE, 0);
	*ret = TAKE_PTR(rc);
	return 0;
}

static int pass_listener(int conn, const struct run_notify *n, int listener, struct err *err)
{
	int r = n ? seccomp_hand_over(n, n->pid, "creating", listener, err)
		  : err_set(err, ERR_INVALID, "nobody listens to the seccomp program");

	if (r == 0)
		r = message_send(conn, MESSAGE_LISTENER, 0, -EBADF);
	return r;
}

int run_go_notify(int conn, const struct run_notify *n, struct err *err)
{
	int r = message_send(conn, MESSAGE_GO, 0, -EBADF);

	for (;;) {
		cleanup_fd int fd = -EBADF;
		struct message m;

		if (r >= 0)
			r = message_recv(conn, &m, &fd);
		if (r <= 0)
			return r < 0 ? err_sys(err, r, "start the container's process") : 0;
		if (m.kind != MESSAGE_LISTENER || fd < 0)
			return message_error(&m, err);
		r = pass_listener(conn, n, fd, err);
		if (r < 0)
			return r;
	}
}

int run_go(int conn, struct err *err)
{
	return run_go_notify(conn, NULL, err);
}

static int check_unstarted(const struct run_container *c, struct err *err)
{
	return c->started || c->sock < 0
		       ? err_set(err, ERR_CONFLICT, "the container was started before")
		       : 0;
}

int run_start(struct run_container *c, struct err *err)
{
	struct run_notify notify;
	int r = check_unstarted(c, err);

	if (r < 0)
		return r;
	c->started = true;
	notify = (struct run_notify){.seccomp = c->spec->linux->seccomp,
				     .id = c->id,
				     .bundle = c->bundle,
				     .annotations = &c->spec->annotations,
				     .pid = c->pid};
	r = run_go_notify(c->sock, &notify, err);
	fd_close(TAKE_FD(c->sock));
	if (r < 0) {
		spawn_kill(c->pidfd);
		return r;
	}
	r = c->spec->hooks ? run_hooks(c, &c->spec->hooks->poststart, "poststart", "running", err)
			   : 0;
	if (r < 0)
		spawn_kill(c->pidfd);
	return r;
}

int run_stay(struct run_container *c, struct err *err)
{
	int r = check_unstarted(c, err);

	if (r < 0)
		return r;
	r = message_send(c->sock, MESSAGE_STAY, 0, -EBADF);
	if (r < 0)
		return err_sys(err, r, "let go of the container's process");
	fd_close(TAKE_FD(c->sock));
	return 0;
}

pid_t run_pid(const struct run_container *c)
{
	return c->pid;
}

int run_pidfd(const struct run_container *c)
{
	return c->pidfd;
}

int run_terminal(const struct run_container *c)
{
	return c->terminal;
}

struct cgroup *run_cgroup(const struct run_container *c)
{
	return c->cgroup;
}

int run_delete(struct run_container *c, struct err *err)
{
	int r = 0;

	/* Also ends a child that still waits for MESSAGE_GO. */
	spawn_kill(c->pidfd);
	fd_close(TAKE_FD(c->mounts));
	if (c->cgroup && !c->cgroup_kept) {
		(void)cgroup_kill(c->cgroup, NULL);
		r = cgroup_remove(c->cgroup, err);
	}
	if (c->started && c->spec->hooks) {
		struct err e = ERR_INIT;
		int h = run_hooks(c, &c->spec->hooks->poststop, "poststop", "stopped", &e);

		/* What is gone is gone: a word, where somebody listens. */
		if (h < 0 && c->warn)
			c->warn(c->warn_arg, e.msg);
		else if (h < 0 && r == 0)
			r = err_copy(err, e.kind, e.code, e.msg);
	}
	return r;
}

int run_exe_open(const char *path, struct err *err)
{
	cleanup_fd int fd = mountfd_clone(AT_FDCWD, path, false, err);
	int r = fd < 0 ? fd
		       : mountfd_setattr(fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, false, err);

	return r < 0 ? r : TAKE_FD(fd);
}
