// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "oci/console.h"
#include "oci/foreground.h"
#include "oci/record.h"
#include "run/run.h"

#define FAILED      255 /* our own failures: lower codes are the command's */
#define PROCESS_MAX ((size_t)4 << 20)

struct exec_options {
	char *console_socket, *cwd, *user, *process, *pid_file, *process_label, *apparmor;
	char **env, **gids, **caps, **cgroup;
	int64_t preserve_fds;
	struct opt_flag tty, no_new_privs;
	bool detach, ignore_paused;
};

struct execution {
	struct command_line *c;
	const struct exec_options *o;
	struct record rec;
	struct oci_process process;
	struct cgroup *cgroup;
	void *seccomp;
	size_t seccomp_len;
	int console;
	unsigned preserve;
};

static void execution_done(struct execution *x)
{
	cgroup_free(TAKE_PTR(x->cgroup));
	free(TAKE_PTR(x->seccomp));
	fd_close(TAKE_FD(x->console));
	record_done(&x->rec);
}
DEFINE_CLEANUP_VALUE(struct execution, execution_done)

static int check_status(struct execution *x, struct err *err)
{
	enum status s = record_status(&x->rec);

	if (s == STATUS_STOPPED)
		return err_set(err, ERR_CONFLICT, "cannot exec in a stopped container");
	if (s == STATUS_CREATING)
		return err_set(err, ERR_CONFLICT,
			       "cannot exec in a container that is being created");
	if (s == STATUS_PAUSED && !x->o->ignore_paused)
		return err_set(
			err, ERR_CONFLICT,
			"cannot exec in a paused container (use --ignore-paused to override)");
	if (str_empty(x->o->process) && x->c->n_args == 1)
		return err_set(err, ERR_INVALID, "process args cannot be empty");
	return 0;
}

static int read_process(struct execution *x, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(PROCESS_MAX);
	cleanup_fd int fd = open(x->o->process, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open %s", x->o->process);
	r = fd_read_all(fd, &b, x->o->process, err);
	if (r == 0)
		r = oci_process_decode(x->c->arena, b.data, b.len, &x->process, err);
	if (r == 0 && (!x->process.args || !x->process.args[0]))
		r = err_set(err, ERR_INVALID, "args must not be empty");
	return r;
}

static int to_id(const char *s, const char *what, uint64_t *ret, struct err *err)
{
	if (str_to_u64(s, ret) < 0 || *ret > UINT32_MAX - 1)
		return err_set(err, ERR_INVALID, "parsing %s as int for %s failed", s, what);
	return 0;
}

static int set_user(struct execution *x, struct err *err)
{
	struct oci_user *u = &x->process.user;
	char **parts;
	int r;

	if (str_empty(x->o->user))
		return 0;
	parts = strv_split(x->c->arena, x->o->user, ':', 2);
	if (!parts || !parts[0])
		return err_oom(err);
	r = to_id(parts[0], "uid", &u->uid, err);
	return r == 0 && parts[1] ? to_id(parts[1], "gid", &u->gid, err) : r;
}

static int add_gids(struct execution *x, struct err *err)
{
	for (char **g = x->o->gids; g && *g; g++) {
		int64_t *gid =
			json_list_add(x->c->arena, &x->process.user.additional_gids, sizeof(*gid));
		uint64_t n;

		if (!gid)
			return err_oom(err);
		if (to_id(*g, "additional gid", &n, err) < 0)
			return err->code;
		*gid = (int64_t)n;
	}
	return 0;
}

static int add_caps(struct execution *x, struct err *err)
{
	struct arena *a = x->c->arena;
	struct oci_capabilities *caps = x->process.capabilities;

	if (!x->o->caps)
		return 0;
	if (!caps)
		caps = x->process.capabilities = arena_alloc(a, sizeof(*caps));
	for (char **p = x->o->caps; caps && *p; p++) {
		caps->bounding = strv_append(a, caps->bounding, *p);
		caps->effective = strv_append(a, caps->effective, *p);
		caps->permitted = strv_append(a, caps->permitted, *p);
		if (!caps->bounding || !caps->effective || !caps->permitted)
			return err_oom(err);
	}
	return caps ? 0 : err_oom(err);
}

/* The container's own process, changed by the options. */
static int derive_process(struct execution *x, struct err *err)
{
	const struct exec_options *o = x->o;
	struct oci_process *p = &x->process;
	int r = record_spec(&x->rec, err);

	if (r < 0)
		return r;
	if (!x->rec.spec.process)
		return err_set(err, ERR_INVALID, "process property must not be empty");
	*p = *x->rec.spec.process;
	p->args = x->c->args + 1;
	p->terminal = o->tty.set && o->tty.value;
	if (!str_empty(o->cwd))
		p->cwd = o->cwd;
	if (*p->cwd != '/')
		return err_set(err, ERR_INVALID, "Cwd must be an absolute path");
	if (!str_empty(o->apparmor))
		p->apparmor_profile = o->apparmor;
	if (!str_empty(o->process_label))
		p->selinux_label = o->process_label;
	if (o->no_new_privs.set)
		p->no_new_privileges = o->no_new_privs.value;
	for (char **e = o->env; e && *e; e++) {
		p->env = env_set(x->c->arena, p->env, *e);
		if (!p->env)
			return err_oom(err);
	}
	r = set_user(x, err);
	if (r == 0)
		r = add_gids(x, err);
	return r < 0 ? r : add_caps(x, err);
}

/* --cgroup: a group below the container's own. */
static int open_cgroup(struct execution *x, struct err *err)
{
	char **list = x->o->cgroup, *path = x->rec.state.cgroup, *joined;
	int r;

	if (list && strchr(list[0], ':'))
		return err_set(err, ERR_UNSUPPORTED,
			       "--cgroup %s: groups of single controllers are not supported",
			       list[0]);
	if (list && list[1])
		return err_set(err, ERR_INVALID,
			       "invalid --cgroup argument: %s (missing <controller>: prefix)",
			       list[1]);
	if (list) {
		joined = path_clean(x->c->arena,
				    arena_printf(x->c->arena, "%s/%s", path, list[0]) ?: "/");
		if (!joined)
			return err_oom(err);
		/* ".." must not lead out of the container's own. */
		if (!path_after(joined, path))
			return err_set(err, ERR_INVALID, "%s is not a sub cgroup path", list[0]);
		path = joined;
	}
	r = cgroup_open(path, NULL, 0, &x->cgroup, err);
	return r < 0 && list ? err_prefix(err, "--cgroup %s", list[0]) : r;
}

static int prepare(struct execution *x, struct err *err)
{
	unsigned listen;
	int r = record_open(x->c, x->c->args[0], &x->rec, err);

	if (r == 0)
		r = check_status(x, err);
	if (r == 0)
		r = str_empty(x->o->process) ? derive_process(x, err) : read_process(x, err);
	if (r == 0)
		r = console_check(x->process.terminal, x->o->detach, x->o->console_socket, err);
	if (r == 0)
		r = preserved_fds(x->o->preserve_fds, &x->preserve, &listen, err);
	if (r == 0)
		r = open_cgroup(x, err);
	if (r == 0 && !str_empty(x->rec.state.seccomp))
		r = record_spec(&x->rec, err);
	if (r == 0)
		r = record_seccomp(&x->rec, &x->seccomp, &x->seccomp_len, err);
	if (r == 0 && !str_empty(x->o->console_socket)) {
		x->console = console_connect(x->o->console_socket, err);
		r = x->console < 0 ? x->console : 0;
	}
	return r;
}

static int execute(struct execution *x, struct run_process *p, struct err *err)
{
	struct run_notify notify;
	struct run_exec e = {
		.container_pidfd = x->rec.pidfd,
		.container_pid = (pid_t)x->rec.state.pid,
		.process = &x->process,
		.cgroup = x->cgroup,
		.seccomp = x->seccomp,
		.seccomp_len = x->seccomp_len,
		.notify = record_notify(&x->rec, &notify),
		.stdin_fd = STDIN_FILENO,
		.stdout_fd = STDOUT_FILENO,
		.stderr_fd = STDERR_FILENO,
		.preserve_fds = x->preserve,
		.keep_keyring = x->rec.state.no_new_keyring,
	};
	int r = run_exec(&e, p, err);

	if (r < 0)
		return r;
	oci_log(x->c, "debug", "container %s: process %d runs, too", x->rec.state.id, (int)p->pid);
	if (x->console >= 0)
		r = console_send(x->console, p->terminal, err);
	if (r == 0)
		r = pid_file_write(x->o->pid_file, p->pid, err);
	if (r < 0)
		(void)proc_pidfd_signal(p->pidfd, SIGKILL);
	return r;
}

static int exec_command(struct command_line *c, struct err *err)
{
	cleanup(execution_done) struct execution x = {
		.c = c, .o = c->options, .rec = RECORD_INIT, .console = -EBADF};
	struct run_process p = {.pidfd = -EBADF, .terminal = -EBADF};
	int exit_code = 0, r;

	if (!x.o->detach)
		foreground_prepare();
	r = prepare(&x, err);
	if (r == 0)
		r = execute(&x, &p, err);
	if (r == 0 && !x.o->detach)
		r = foreground_wait(p.pid, p.pidfd, p.terminal, &exit_code, err);
	return r < 0 ? r : exit_code;
}

static int run_exec_command(struct command_line *c, struct err *err)
{
	int r = exec_command(c, err);

	if (r >= 0)
		return r;
	oci_log(c, "error", "exec failed: %s", err->msg);
	return FAILED;
}

#define FLAG(...) FLAG_OF(exec_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(gids, "additional-gids", 'g', FLAG_LIST, "Further group ids"),
	FLAG(apparmor, "apparmor", 0, FLAG_STRING, "AppArmor profile of the process"),
	FLAG(caps, "cap", 'c', FLAG_LIST, "Further capability of the process"),
	FLAG(cgroup, "cgroup", 0, FLAG_LIST, "Run in this group below the container's"),
	FLAG(console_socket, "console-socket", 0, FLAG_STRING,
	     "Unix socket that gets the terminal's file descriptor", .noun = NOUN_FILE),
	FLAG(cwd, "cwd", 0, FLAG_STRING, "Working directory in the container"),
	FLAG(detach, "detach", 'd', FLAG_BOOL, "Do not wait for the process"),
	FLAG(env, "env", 'e', FLAG_LIST, "Set an environment variable"),
	FLAG(ignore_paused, "ignore-paused", 0, FLAG_BOOL, "Also in a paused container"),
	FLAG(no_new_privs, "no-new-privs", 0, FLAG_OPT_BOOL,
	     "Whether the process may gain no privileges"),
	FLAG(pid_file, "pid-file", 0, FLAG_STRING, "File to write the process id to",
	     .noun = NOUN_FILE),
	FLAG(preserve_fds, "preserve-fds", 0, FLAG_INT,
	     "Pass that many more file descriptors on: 3 and the following"),
	FLAG(process, "process", 'p', FLAG_STRING, "File with the process as JSON",
	     .noun = NOUN_FILE),
	FLAG(process_label, "process-label", 0, FLAG_STRING, "SELinux label of the process"),
	FLAG(tty, "tty", 't', FLAG_OPT_BOOL, "Give the process a terminal"),
	FLAG(user, "user", 'u', FLAG_STRING, "User id, and group id after a colon"),
	{},
};
#undef FLAG

const struct command cmd_exec = {
	.paths = "exec",
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]\n[OPTIONS] --process FILE CONTAINER",
	.summary = "Execute one more process in a container",
	.details =
		"The process is that of config.json with another command, changed by the options; "
		"or the one in FILE.",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_FIRST_ARG_ENDS_FLAGS,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct exec_options),
	.run = run_exec_command,
};
