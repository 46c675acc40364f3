// SPDX-License-Identifier: Apache-2.0
/*
 * The steps from "inside the container" to exec, for PID 1 and for exec'd processes alike.
 *
 * process_prepare does what needs rights and can be done early; after it, fds 0..2 (and 3… where
 * files are preserved) are the program's, then comes the socket, and nothing else is open: closed really, not only at exec, so that a
 * working directory of /proc/self/fd/7 finds nothing (CVE-2024-21626). The working directory is
 * opened inside the root without magic links, and getcwd must then give an absolute path: what lies
 * outside the root reads
 * "(unreachable)".
 * process_exec ends it: user, seccomp, capabilities, exec. The filter comes last when no_new_privs
 * allows it, because a strict one may forbid what we do; else before the capabilities go, because
 * loading it needs CAP_SYS_ADMIN.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/path.h"
#include "base/str.h"
#include "run/child.h"
#include "run/command.h"
#include "run/message.h"
#include "run/privilege.h"
#include "run/rlimit.h"
#include "run/seccomp.h"

#define FDS_MAX 4096 /* preserved ones: a bound for arithmetic */

/* Moves an fd above the ones that are about to be replaced. */
static int lift(const struct process_setup *s, int fd)
{
	int first = 3 + (int)s->preserve_fds + 2;

	return fd >= first ? fd : fcntl(fd, F_DUPFD_CLOEXEC, first);
}

/* /dev/stdout and its like are opened by name: the user must own what is behind them. */
static void own_stdio(const struct oci_process *p)
{
	for (int fd = 0; p->user.uid && fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0 || st.st_uid == p->user.uid || S_ISREG(st.st_mode) ||
		    S_ISCHR(st.st_mode))
			continue;
		/* A socket of somebody else's may refuse: it can still be written, only not
		 * reopened. */
		if (fchown(fd, (uid_t)p->user.uid, (gid_t)-1) < 0)
			continue;
	}
}

static int set_stdio(struct process_setup *s, struct err *err)
{
	int fds[3], sock_fd = 3 + (int)s->preserve_fds;

	if (s->preserve_fds > FDS_MAX)
		return err_set(err, ERR_INVALID, "more than %d files to preserve", FDS_MAX);
	s->sock = lift(s, s->sock);
	s->start_fd = s->start_fd ? lift(s, s->start_fd) : 0;
	for (int i = 0; i < 3; i++) {
		int fd = s->slave >= 0 ? s->slave : s->stdio[i];

		fds[i] = lift(s, fd < 0 ? s->null_fd : fd);
		if (fds[i] < 0)
			return err_sys(err, errno, "set up stdin, stdout and stderr");
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return err_sys(err, errno, "set up stdin, stdout and stderr");
	if (dup3(s->sock, sock_fd, O_CLOEXEC) < 0 ||
	    (s->start_fd && dup3(s->start_fd, sock_fd + 1, O_CLOEXEC) < 0))
		return err_sys(err, errno, "keep the socket");
	s->sock = sock_fd;
	s->start_fd = s->start_fd ? sock_fd + 1 : 0;
	if (s->slave >= 0 && ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, errno, "make the terminal the controlling one");
	own_stdio(s->process);
	return 0;
}

static int enter_cwd(const char *cwd, bool create, struct err *err)
{
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
	char real[PATH_MAX];

	if (str_eq(cwd, "/"))
		return chdir("/") < 0 ? err_sys(err, errno, "enter /") : 0;
	fd = path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0);
	if (fd == -ENOENT && create) {
		fd = path_mkdir_in_root(root, cwd, 0755, err);
		if (fd < 0)
			return fd;
	}
	if (fd == -ENOTDIR)
		return err_set(err, ERR_NOT_EXECUTABLE, "chdir to cwd (\"%s\"): not a directory",
			       cwd);
	if (fd < 0 || fchdir(fd) < 0)
		return err_sys(err, fd < 0 ? fd : errno, "chdir to cwd (\"%s\")", cwd);
	if (syscall(SYS_getcwd, real, sizeof(real)) < 0 || real[0] != '/')
		return err_set(err, ERR_INVALID, "the working directory %s is outside the root",
			       cwd);
	return 0;
}

int process_prepare(struct process_setup *s, struct err *err)
{
	const struct oci_process *p = s->process;
	int r;

	if (setsid() < 0 && errno != EPERM)
		return err_sys(err, errno, "start a session");
	/* Without the system call (seccomp of an outer container, old kernel) there is nothing to
	 * leave. */
	if (!s->keep_keyring)
		(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	r = set_stdio(s, err);
	if (r < 0)
		return r;
	if (syscall(SYS_close_range, s->sock + (s->start_fd ? 2 : 1), UINT_MAX, 0) < 0)
		return err_sys(err, errno, "close files");
	r = enter_cwd(p->cwd, s->make_cwd, err);
	if (r == 0)
		r = rlimit_all(&p->rlimits, err);
	if (r == 0)
		r = rlimit_schedule(p, err);
	(void)umask(p->user.umask.set ? (mode_t)p->user.umask.value & 0777 : 022);
	return r;
}

/* The argument vector with the words before it; static size: after close_range nothing should fail
 * late. */
static int build_argv(const struct process_setup *s, char ***ret, struct err *err)
{
	size_t n = strv_len(s->process->args), k = 0;
	char **v = calloc(n + 4, sizeof(*v));

	if (!v)
		return err_oom(err);
	for (const char *const *p = s->prefix; p && *p && k < 3; p++)
		v[k++] = (char *)*p;
	memcpy(v + k, s->process->args, n * sizeof(*v));
	*ret = v;
	return 0;
}

/* Set last: a change of ids clears it. A parent that died before is seen on the socket. */
static int bind_life(int sock, struct err *err)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(err, errno, "bind the life to the parent");
	if (poll(&p, 1, 0) > 0 && p.revents & POLLHUP)
		return err_set(err, ERR_CANCELLED, "the parent is gone");
	return 0;
}

/* From here on each of our own calls may have to wait for the agent: the listener first. */
static int load_filter(const struct process_setup *s, struct err *err)
{
	int listener,
		r = seccomp_apply(s->seccomp, s->seccomp_len, s->seccomp_flags, &listener, err);

	if (r < 0 || listener < 0)
		return r;
	r = message_send(s->sock, MESSAGE_LISTENER, 0, listener);
	fd_close(listener);
	return r < 0 ? err_sys(err, r, "hand over the seccomp listener")
		     : message_expect(s->sock, MESSAGE_LISTENER, NULL, err);
}

int process_exec(const struct process_setup *s, struct err *err)
{
	const struct oci_process *p = s->process;
	struct privileges want;
	cleanup_free char **argv = NULL;
	char *no_env[] = {NULL};
	int r = build_argv(s, &argv, err);

	privilege_parse(p, &want);
	if (r == 0)
		r = privilege_user(p, &want, err);
	if (r == 0 && s->seccomp && !p->no_new_privileges)
		r = load_filter(s, err);
	if (r == 0)
		r = privilege_caps(&want, err);
	if (r == 0 && p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_sys(err, errno, "set no_new_privs");
	if (r == 0 && s->die_with_parent)
		r = bind_life(s->sock, err);
	if (r == 0 && s->seccomp && p->no_new_privileges)
		r = load_filter(s, err);
	if (r == 0 && s->before_exec)
		r = s->before_exec(s->before_exec_data, err);
	return r < 0 ? r : command_exec(argv, p->env ?: no_env, err);
}
