// SPDX-License-Identifier: Apache-2.0
/*
 * The child's way from clone to exec. Order of the steps, and why:
 *
 *  1. Undumpable. From here to exec this process is our own program inside the container's
 * namespaces: other processes there (joined pid namespace, exec) must not ptrace it or open
 * /proc/PID/exe, fd, mem. exec resets it. What undumpable does not cover is the image's
 * "#!/proc/self/exe", which makes the kernel start our program as the container's (CVE-2019-5736):
 * that is why the monitor is started through run_exe_open, a read-only detached mount of its file.
 * Writing through any /proc/PID/exe of it then fails with EROFS, whatever rights the writer has,
 * and costs no copy.
 *  2. User namespace: wait until the parent wrote the maps, become its root. The parent made the
 * detached root and bind sources before, with the host's rights over paths that this user cannot
 * enter.
 *  3. Propagation cut, root attached, mounts, devices, read-only and masked paths. All before
 * pivot_root, because bind sources are host paths; all targets are opened inside the root's fd.
 *  4. Meanwhile the parent makes the cgroups and their limits. Those that we were not cloned into
 * (v1) we enter ourselves, because being moved by another process waits for RCU; not so in a user
 * namespace, where we have no right to. Before a cgroup mount, which looks at where we are. The
 * cgroup namespace is unshared here and not cloned, since clone would take the parent's cgroup as
 * its root.
 *  5. sysctls and LSM labels through a procfs of our own (after the pid and net namespaces exist).
 *  6. Hooks, pivot_root. The root becomes read-only now: the mount points had to be made.
 *  7. Terminal in the container's devpts; its master goes to the parent.
 *  8. stdio, all other fds closed, working directory, limits (run/process.c). READY; wait for GO, or
 * for STAY and then for a GO from whoever connects to the listening socket: the parent may have
 * ended by then. Up to STAY the end of the parent is ours too, so that one that was killed before it
 * recorded us leaves no process.
 *  9. User, capabilities, seccomp, startContainer hooks, exec.
 *
 * Any failure is sent to the parent as text and ends the process; the parent undoes the cgroup.
 * Mounts need no undoing: they go with the namespace.
 */
#include "run/child.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/sock.h"
#include "base/str.h"
#include "run/command.h"
#include "run/hooks.h"
#include "run/message.h"
#include "run/mountfd.h"
#include "run/rlimit.h"
#include "run/rootfs.h"
#include "run/seccomp.h"

#define INIT_TARGET "/sbin/docker-init"

int child_await_cgroup(struct child *c, struct err *err)
{
	int v1_set, r;

	if (!c->await_cgroup)
		return 0;
	c->await_cgroup = false;
	r = message_expect_value(c->sock, MESSAGE_CGROUP, &v1_set, err);
	if (r == 0)
		r = cgroup_enter(c->cgroup, (unsigned)v1_set, err);
	if (r == 0 && c->ns->create & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		r = err_sys(err, errno, "make a cgroup namespace");
	return r;
}

int child_procfs(struct child *c, struct err *err)
{
	struct statfs fs;

	if (c->proc < 0)
		c->proc =
			mountfd_new("proc", "proc", NULL,
				    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
	/* Sharing a pid namespace that is not ours to make a procfs of: the host's own, by the old root. */
	if (c->proc == -EPERM && !(c->ns->create & CLONE_NEWPID)) {
		c->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (c->proc >= 0 && err)
			*err = ERR_INIT;
	}
	if (c->proc < 0)
		return c->proc;
	if (fstatfs(c->proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_set(err, ERR_SYSTEM, "our own /proc is not a procfs");
	return 0;
}

static int become_root(struct child *c, struct err *err)
{
	int r = c->ns->create & CLONE_NEWUSER ? message_expect(c->sock, MESSAGE_MAPPED, NULL, err)
					      : 0;

	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
	    syscall(SYS_setresuid, 0, 0, 0) < 0)
		return err_sys(err, errno, "become root of the user namespace");
	/* The change of ids reset it. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

static int set_names(struct child *c, struct err *err)
{
	const char *host = c->spec->hostname, *domain = c->spec->domainname;

	if ((!str_empty(host) || !str_empty(domain)) &&
	    !((c->ns->create | c->ns->join) & CLONE_NEWUTS))
		return err_set(err, ERR_INVALID, "a host name needs a uts namespace");
	if (!str_empty(host) && sethostname(host, strlen(host)) < 0)
		return err_sys(err, errno, "set the host name to %s", host);
	if (!str_empty(domain) && setdomainname(domain, strlen(domain)) < 0)
		return err_sys(err, errno, "set the domain name to %s", domain);
	return 0;
}

/* Hooks that run before pivot_root find the root by its path on the host, and mount there from inside
 * our mount namespace: then it is attached there. Not where propagation is left as it is: a mount
 * point below a shared mount can be neither moved nor pivoted to. */
static const char *attach_path(const struct child *c, unsigned long propagation, char *buf,
			       size_t size)
{
	const struct oci_hooks *h = c->spec->hooks;
	const char *root = c->spec->root ? c->spec->root->path : NULL;

	if (!h || !propagation || c->o->overlay || c->userns || str_empty(root) ||
	    h->prestart.n + h->create_runtime.n + h->create_container.n == 0)
		return NULL;
	if (*root == '/')
		return root;
	return (size_t)snprintf(buf, size, "%s/%s", c->bundle, root) < size ? buf : NULL;
}

static int build_root(struct child *c, struct err *err)
{
	char path[PATH_MAX];
	unsigned long propagation = mount_tree_propagation(c->spec);
	int r = rootfs_isolate(propagation, err);

	if (r < 0)
		return r;
	c->private_tree = propagation == MS_PRIVATE;
	if (c->root_mount < 0) {
		c->root_mount = rootfs_open(c->o, OVERLAY_HERE, err);
		r = c->root_mount < 0 ? c->root_mount : 0;
	} else {
		/* Cloned from the host's tree: it is still its mounts' peer. */
		r = mountfd_propagation(c->root_mount, propagation ?: MS_SLAVE, true, err);
	}
	if (r == 0)
		r = rootfs_attach(c->root_mount, attach_path(c, propagation, path, sizeof(path)),
				  err);
	c->root = c->root_mount;
	if (r == 0)
		r = mount_all(c, err);
	if (r == 0)
		r = device_all(c, err);
	if (r == 0 && c->o->init_path)
		r = mount_file(c, c->o->init_path, INIT_TARGET, err);
	return r;
}

static int create_hooks(struct child *c, struct err *err)
{
	struct hook_state s = {
		.id = c->o->id,
		.status = "creating",
		.pid = getpid(),
		.bundle_fd = -EBADF,
		.bundle = c->bundle,
		.annotations = &c->spec->annotations,
	};
	int r = 0;

	if (!c->spec->hooks)
		return 0;
	if (c->spec->hooks->prestart.n || c->spec->hooks->create_runtime.n) {
		r = message_send(c->sock, MESSAGE_HOOKS, 0, -EBADF);
		r = r < 0 ? err_sys(err, r, "ask for hooks")
			  : message_expect(c->sock, MESSAGE_HOOKS, NULL, err);
	}
	return r < 0 ? r : hooks_run(&c->spec->hooks->create_container, "createContainer", &s, err);
}

static int enter_root(struct child *c, struct err *err)
{
	int r = create_hooks(c, err);

	if (r == 0)
		r = rootfs_pivot(c->o->no_pivot, err);
	if (r == 0)
		r = mount_root_propagation(c->spec, err);
	if (r == 0 && c->dev_readonly)
		r = mountfd_setattr(c->dev, MOUNT_ATTR_RDONLY, 0, false, err);
	if (r == 0 && c->spec->root && c->spec->root->readonly)
		r = mountfd_setattr(c->root, MOUNT_ATTR_RDONLY, 0, false, err);
	return r;
}

static int set_labels(struct child *c, struct err *err)
{
	int r;

	if (!lsm_wanted(c->spec->process))
		return 0;
	r = child_procfs(c, err);
	return r < 0 ? r : lsm_set_exec_label(c->spec->process, c->proc, err);
}

/* The container's own null device where there is one: the host's fd would lead to the host's mount.
 */
static int null_inside(const struct child *c)
{
	struct stat st;
	int fd = c->dev >= 0 ? openat(c->dev, "null", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY)
			     : -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0x103)
		return fd;
	fd_close(fd);
	return c->null_host;
}

static int build(struct child *c, struct process_setup *s, struct err *err)
{
	const struct oci_process *p = c->spec->process;
	int r = 0;

	if (c->userns)
		r = become_root(c, err);
	(void)umask(0);
	c->null_host = r < 0 ? r : device_null_host(err);
	if (r == 0)
		r = c->null_host < 0 ? c->null_host : set_names(c, err);
	if (r == 0 && c->ns->create & CLONE_NEWNET)
		r = netns_loopback_up(err);
	if (r == 0)
		r = build_root(c, err);
	if (r == 0)
		r = child_await_cgroup(c, err);
	if (r == 0)
		r = sysctl_all(c, err);
	if (r == 0 && p->terminal) {
		r = terminal_open(c->sock, c->root, c->devpts, p, &s->slave, err);
		c->terminal_slave = s->slave;
		if (r == 0)
			r = terminal_bind_console(c, err);
	}
	if (r == 0)
		r = set_labels(c, err);
	if (r == 0)
		r = mask_all(c, err);
	if (r == 0)
		r = enter_root(c, err);
	if (r == 0 && c->spec->linux->personality)
		r = rlimit_personality(c->spec->linux->personality, err);
	if (r < 0)
		return r;
	s->sock = c->sock;
	s->null_fd = null_inside(c);
	return process_prepare(s, err);
}

/* In a user namespace the peer's id need not have a number: there the socket's folder alone says who
 * may connect. */
static int accept_starter(const struct child *c, int fd)
{
	int conn;

	if (!c->userns)
		return sock_accept(fd);
	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	return conn < 0 ? -errno : conn;
}

/* One that connects and goes away again changes nothing. */
static int await_starter(const struct child *c, struct process_setup *s, struct err *err)
{
	fd_close(TAKE_FD(s->sock));
	for (;;) {
		struct message m;
		int conn = accept_starter(c, s->start_fd);

		if (conn == -EINTR || conn == -ECONNABORTED || conn == -EPERM)
			continue;
		if (conn < 0)
			return err_sys(err, conn, "wait for the start");
		if (message_recv(conn, &m, NULL) > 0 && m.kind == MESSAGE_GO) {
			s->sock = conn;
			return 0;
		}
		fd_close(conn);
	}
}

static int await_go(const struct child *c, struct process_setup *s, struct err *err)
{
	struct message m;
	int r = message_recv(s->sock, &m, NULL);

	if (r < 0)
		return err_sys(err, r, "wait for the start");
	if (r > 0 && m.kind == MESSAGE_STAY && s->start_fd)
		return await_starter(c, s, err);
	if (r == 0 || m.kind != MESSAGE_GO)
		return err_set(err, ERR_CANCELLED, "the container was not started");
	return 0;
}

/* Their programs are the image's as much as the container's command is: they get no more rights. */
static int start_hooks(void *data, struct err *err)
{
	const struct child *c = data;
	struct hook_state state = {
		.id = c->o->id,
		.status = "created",
		.pid = getpid(),
		.bundle_fd = -EBADF,
		.bundle = c->bundle,
		.annotations = &c->spec->annotations,
	};

	return hooks_run(&c->spec->hooks->start_container, "startContainer", &state, err);
}

/* Who starts it later wants to know now that there is nothing to start. */
static int check_command(const struct process_setup *s, struct err *err)
{
	char *no_env[] = {NULL};

	return s->start_fd ? command_check(s->process->args, s->process->env ?: no_env, err) : 0;
}

static int go(struct child *c, struct process_setup *s, struct err *err)
{
	int r = check_command(s, err);

	if (r == 0) {
		r = message_send(s->sock, MESSAGE_READY, 0, -EBADF);
		r = r < 0 ? err_sys(err, r, "report that the container is ready")
			  : await_go(c, s, err);
	}
	if (c->spec->hooks && c->spec->hooks->start_container.n) {
		s->before_exec = start_hooks;
		s->before_exec_data = c;
	}
	return r < 0 ? r : process_exec(s, err);
}

void child_main(struct child *c)
{
	static const char *const init_prefix[] = {INIT_TARGET, "--", NULL};
	int stdio[3] = {c->o->stdin_fd, c->o->stdout_fd, c->o->stderr_fd};
	struct process_setup s = {
		.process = c->spec->process,
		.seccomp = c->o->seccomp,
		.seccomp_len = c->o->seccomp_len,
		.stdio = stdio,
		.slave = -EBADF,
		.sock = c->sock,
		.start_fd = c->o->start_fd,
		.preserve_fds = c->o->preserve_fds,
		.keep_keyring = c->o->keep_keyring,
		.die_with_parent = c->o->die_with_parent,
		.make_cwd = true,
		.prefix = c->o->init_path ? init_prefix : NULL,
	};
	struct err err = ERR_INIT;
	sigset_t none;
	int r;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (c->o->die_with_parent)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* Checked by run_create. */
	(void)seccomp_flags(c->spec->linux->seccomp, &s.seccomp_flags, NULL);
	r = build(c, &s, &err);
	if (r == 0)
		(void)go(c, &s, &err);
	(void)message_send_error(s.sock, &err);
	_exit(127);
}
