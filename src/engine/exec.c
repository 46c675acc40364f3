// SPDX-License-Identifier: Apache-2.0
/*
 * exec: the container's own process, changed by the request, started by the monitor.
 *
 * Mostly it differs in nothing that we must know the container's for: the monitor has that at hand and
 * is told the difference. Reading it here, and sending all of it, took 0.2 ms.
 *
 * What the process may do is what the container's first process may do, unless --privileged; who it is
 * is looked up in the passwd of the container as it is now (through /proc/PID/root, held by fd, with
 * no way out of it), because packages installed since the start may have added users.
 */
#include "engine/exec.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"

#define CONFIG_MAX (8 << 20)

void exec_session_done(struct exec_session *s)
{
	fd_close(s->conn);
	fd_close(s->stdin_fd);
	fd_close(s->stdout_fd);
	fd_close(s->stderr_fd);
	fd_close(s->terminal);
	s->conn = s->stdin_fd = s->stdout_fd = s->stderr_fd = s->terminal = -EBADF;
}

struct execution {
	struct engine *e;
	struct arena *a;
	const struct exec_request *req;
	struct container_info info;
	struct oci_spec spec; /* of the container's last start */
	struct oci_process process;
};

static int read_spec(struct execution *x, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_MAX);
	cleanup_fd int dir = container_open_dir(x->e, x->info.row.id, err);
	int r = dir < 0 ? dir : file_read(dir, "config.json", &b, err);

	if (r < 0)
		return r;
	r = oci_spec_decode(x->a, b.data ?: "", b.len, &x->spec, err);
	if (r == 0 && !x->spec.process)
		return err_set(err, ERR_CORRUPT, "container %s has no process", x->info.row.id);
	return r;
}

/* /proc/PID/root, while a pidfd says that the number is still that process. */
static int open_root(const struct container_info *c, struct err *err)
{
	pid_t pid = (pid_t)c->state.pid;
	cleanup_fd int pidfd = pid > 0 ? proc_pidfd_open(pid) : -ESRCH, root = -EBADF;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	if (pidfd >= 0 && proc_start_time(pid) == (uint64_t)c->state.pid_start)
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || proc_pidfd_signal(pidfd, 0) < 0)
		return err_set(err, ERR_CONFLICT, "container %s is not running", c->row.id);
	return TAKE_FD(root);
}

static int fill_user(struct execution *x, char **home, struct err *err)
{
	const char *user = x->req->user;
	struct oci_user *o = &x->process.user;
	struct user u;
	cleanup_fd int root = -EBADF;
	int r;

	*home = NULL;
	if (str_empty(user)) /* the container's own, as it was started */
		return 0;
	root = open_root(&x->info, err);
	if (root < 0)
		return root;
	r = bundle_user_lookup(x->a, user, x->info.config->host_config.group_add, NULL, root, &u,
			       err);
	if (r < 0)
		return r;
	*o = (struct oci_user){};
	if (bundle_user_set(x->a, &u, o) < 0)
		return err_oom(err);
	*home = arena_strdup(x->a, u.home);
	return *home ? 0 : err_oom(err);
}

static int fill_env(struct execution *x, const char *home, struct err *err)
{
	struct oci_process *p = &x->process;
	char **env = x->spec.process->env;

	/* HOME follows the user, unless somebody set it. */
	if (home && !env_get(x->info.config->config.env, "HOME"))
		env = env_set(x->a, env, arena_printf(x->a, "HOME=%s", home) ?: "HOME=/");
	if (env && x->req->tty && !env_get(env, "TERM"))
		env = strv_append(x->a, env, "TERM=xterm");
	for (char **v = x->req->env; env && v && *v; v++) {
		if (strchr(*v, '='))
			env = env_set(x->a, env, *v);
	}
	p->env = env;
	return env ? 0 : err_oom(err);
}

static int fill_caps(struct execution *x, struct err *err)
{
	uint64_t caps;
	int r = bundle_capabilities(x->a, &x->info.config->host_config,
				    x->req->privileged || x->info.config->host_config.privileged,
				    &caps, err);

	if (r < 0)
		return r;
	x->process.capabilities = bundle_capability_sets(x->a, caps, x->process.user.uid == 0);
	return x->process.capabilities ? 0 : err_oom(err);
}

static int fill_process(struct execution *x, struct err *err)
{
	const struct exec_request *q = x->req;
	char *home;
	int r;

	x->process = *x->spec.process;
	x->process.args = q->cmd;
	x->process.terminal = q->tty;
	x->process.console_size = NULL;
	if (!str_empty(q->workdir))
		x->process.cwd = (char *)q->workdir;
	r = fill_user(x, &home, err);
	if (r == 0)
		r = fill_env(x, home, err);
	return r < 0 ? r : fill_caps(x, err);
}

struct pipes {
	int ours[3], theirs[3];
};

static void pipes_done(struct pipes *p)
{
	for (int i = 0; i < 3; i++) {
		fd_close(p->ours[i]);
		fd_close(p->theirs[i]);
	}
}
DEFINE_CLEANUP_VALUE(struct pipes, pipes_done)

static int open_pipes(const struct exec_request *q, struct pipes *p, struct err *err)
{
	const bool wanted[3] = {q->in, q->out, q->err_stream};

	for (int i = 0; i < 3; i++) {
		int ends[2];

		if (!wanted[i] || q->tty)
			continue;
		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_sys(err, errno, "pipe");
		p->ours[i] = ends[i == 0 ? 1 : 0];
		p->theirs[i] = ends[i == 0 ? 0 : 1];
	}
	return 0;
}

static int check_running(const struct container_info *c, struct err *err)
{
	if (c->state.status == CONTAINER_PAUSED)
		return err_set(err, ERR_CONFLICT,
			       "container %s is paused, unpause the container before exec",
			       c->row.id);
	if (c->state.status == CONTAINER_RESTARTING)
		return err_set(err, ERR_CONFLICT,
			       "container %s is restarting, wait until the container is running",
			       c->row.id);
	if (c->state.status != CONTAINER_RUNNING)
		return err_set(err, ERR_CONFLICT, "container %s is not running", c->row.id);
	return 0;
}

/* The container is there and runs: what fails now (no such user, no such directory) is told as a command
 * that cannot be executed, exit code 126. */
static int cannot_execute(int r, struct err *err)
{
	if (err && r != -ENOMEM && err->kind != ERR_NO_COMMAND)
		err->kind = ERR_NOT_EXECUTABLE;
	return r;
}

static bool is_like_own(const struct exec_request *q)
{
	return str_empty(q->user) && !q->privileged && strv_len(q->env) <= MONITOR_EXEC_ENV_MAX;
}

static int check_workdir(const struct exec_request *q, struct err *err)
{
	if (!str_empty(q->workdir) && q->workdir[0] != '/')
		return err_set(err, ERR_INVALID, "Cwd must be an absolute path: %s", q->workdir);
	return 0;
}

/* Variables without a value are not the caller's to unset. */
static int with_value(struct arena *a, char **env, char ***ret, struct err *err)
{
	size_t n = 0;

	*ret = arena_calloc(a, strv_len(env) + 1, sizeof(**ret));
	if (!*ret)
		return err_oom(err);
	for (char **v = env; v && *v; v++)
		if (strchr(*v, '='))
			(*ret)[n++] = *v;
	return 0;
}

/* More rights than the container's monitor kept: by a process that has ours. */
static int visit(const struct execution *x, struct err *err)
{
	cleanup_fd int dir = container_open_dir(x->e, x->info.row.id, err), run = -EBADF;
	struct monitor_start s = {.container_dirfd = dir};
	int conn, r;

	if (dir < 0)
		return dir;
	s.run_dirfd = run = container_open_run_dir(x->e, x->info.row.id, false, err);
	if (run < 0)
		return run;
	r = monitor_visit(&s, &conn, err);
	return r < 0 ? r : conn;
}

/* conn is connected in between: what is wrong with the request is told before that. */
static int ask(struct execution *x, int *conn, const int fds[3], int *terminal, pid_t *pid,
	       struct err *err)
{
	const struct exec_request *q = x->req;
	struct monitor_exec_like like = {
		.args = q->cmd,
		.cwd = str_empty(q->workdir) ? NULL : q->workdir,
		.terminal = q->tty,
	};
	bool own = is_like_own(q);
	int r = own ? 0 : read_spec(x, err);

	if (r < 0)
		return r;
	r = check_workdir(q, err);
	if (r == 0)
		r = own ? with_value(x->a, q->env, &like.env, err) : fill_process(x, err);
	if (r < 0)
		return cannot_execute(r, err);
	*conn = q->privileged && !x->info.config->host_config.privileged
			? visit(x, err)
			: container_connect_running(x->e, &x->info, err);
	if (*conn < 0)
		return *conn;
	r = own ? monitor_exec_like(*conn, &like, fds, terminal, pid, err)
		: monitor_exec(*conn, &x->process, fds, terminal, pid, err);
	return r < 0 ? cannot_execute(r, err) : 0;
}

int exec_start(struct engine *e, const char *key, const struct exec_request *req,
	       struct exec_session *ret, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(32 << 20);
	cleanup(pipes_done) struct pipes p = {{-EBADF, -EBADF, -EBADF}, {-EBADF, -EBADF, -EBADF}};
	struct execution x = {.e = e, .a = a, .req = req};
	cleanup_fd int conn = -EBADF;
	int terminal = -EBADF, r;
	pid_t pid = 0;

	if (!a)
		return err_oom(err);
	if (strv_len(req->cmd) == 0)
		return err_set(err, ERR_INVALID, "No exec command specified");
	r = is_like_own(req) ? container_find(e, a, key, &x.info, err)
			     : container_brief(e, a, key, &x.info, err);
	if (r == 0)
		r = check_running(&x.info, err);
	if (r == 0)
		r = open_pipes(req, &p, err);
	if (r == 0)
		r = ask(&x, &conn, p.theirs, &terminal, &pid, err);
	if (r < 0)
		return r;
	*ret = (struct exec_session){.conn = TAKE_FD(conn),
				     .stdin_fd = TAKE_FD(p.ours[0]),
				     .stdout_fd = TAKE_FD(p.ours[1]),
				     .stderr_fd = TAKE_FD(p.ours[2]),
				     .terminal = terminal,
				     .pid = pid};
	return 0;
}

int exec_wait(struct exec_session *s, int *exit_code, struct err *err)
{
	return monitor_exec_wait(s->conn, exit_code, err);
}
