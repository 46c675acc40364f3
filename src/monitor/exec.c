// SPDX-License-Identifier: Apache-2.0
/*
 * Further processes. run_exec makes them our children, so we reap them; their output never comes
 * through us (the client's own pipes, or the terminal that it is handed), so nothing here is slow.
 * Their client may go away; they end by themselves or with the container.
 */
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/str.h"
#include "monitor/monitor.h"
#include "run/hooks.h"

static void tell(struct exec *x, int code)
{
	int32_t c = code;

	if (!x->client)
		return;
	x->client->exec = NULL;
	(void)client_send(x->client, MONITOR_EXIT, &c, sizeof(c), NULL);
}

static int run(struct monitor *m, const struct oci_process *p, const int fds[3],
	       struct run_process *ret, struct err *err)
{
	bool visit = monitor_is_visitor(m), begun;
	pid_t pid = visit ? m->visit.pid : run_pid(m->container);
	char bundle[PATH_MAX] = "";
	/* The engine puts flags and listener there, when the profile has any. */
	struct run_notify notify = {
		.seccomp = m->spec.linux->seccomp,
		.id = m->config.id,
		.bundle = bundle,
		.annotations = &m->spec.annotations,
		.pid = pid,
	};
	if (notify.seccomp)
		hooks_bundle_path(m->container_fd, bundle, sizeof(bundle));
	struct run_exec e = {
		.notify = &notify,
		.container_pidfd = visit ? m->visit.pidfd : run_pidfd(m->container),
		.container_pid = pid,
		.process = p,
		.cgroup = visit ? m->visit.cgroup : run_cgroup(m->container),
		.seccomp = m->seccomp,
		.seccomp_len = m->seccomp_len,
		.stdin_fd = p->terminal ? -EBADF : fds[0],
		.stdout_fd = p->terminal ? -EBADF : fds[1],
		.stderr_fd = p->terminal ? -EBADF : fds[2],
	};
	int r;

	begun = privilege_section_begin(m);
	r = run_exec(&e, ret, err);
	privilege_section_end(m, begun);
	return r;
}

/* The next `n` strings of a text that must end in a NUL; NULL: there are fewer, or no memory. The
 * vector has room for `more`. */
static char **take_strings(struct arena *a, char **text, const char *end, size_t n, size_t more)
{
	char **v = n <= (size_t)(end - *text) ? arena_alloc(a, (n + more + 1) * sizeof(*v)) : NULL;

	for (size_t i = 0; v && i < n; i++) {
		if (*text == end)
			return NULL;
		v[i] = *text;
		*text += strlen(*text) + 1;
	}
	if (v)
		v[n] = NULL;
	return v;
}

static void set_variable(char **env, char *assignment)
{
	size_t n = (size_t)(strchrnul(assignment, '=') - assignment);

	while (*env && (strncmp(*env, assignment, n) != 0 || ((*env)[n] && (*env)[n] != '=')))
		env++;
	*env = assignment; /* the room behind the last one is zero */
}

/* The container's own process with what differs. */
static int like_own(struct arena *a, const struct oci_process *own, const char *text, size_t len,
		    struct oci_process *p, struct err *err)
{
	struct body_exec_like head;
	char *at, *end, **cwd, **added;
	size_t n_own;

	if (!own || len <= sizeof(head) || text[len - 1])
		return err_set(err, ERR_INVALID, "exec: malformed request");
	body_take(&head, sizeof(head), text, len);
	if (head.n_env > MONITOR_EXEC_ENV_MAX)
		return err_set(err, ERR_TOO_LARGE, "exec: more than %d variables",
			       MONITOR_EXEC_ENV_MAX);
	*p = *own;
	p->terminal = head.terminal != 0;
	p->console_size = NULL;
	at = arena_alloc(a, len - sizeof(head));
	if (!at)
		return err_oom(err);
	memcpy(at, text + sizeof(head), len - sizeof(head));
	end = at + len - sizeof(head);
	cwd = take_strings(a, &at, end, 1, 0);
	p->args = cwd ? take_strings(a, &at, end, head.n_args, 0) : NULL;
	added = p->args ? take_strings(a, &at, end, head.n_env, 0) : NULL;
	if (!added)
		return err_set(err, ERR_INVALID, "exec: malformed request");
	if (**cwd)
		p->cwd = *cwd;
	n_own = strv_len(own->env);
	p->env = arena_alloc(a, (n_own + head.n_env + 2) * sizeof(*p->env));
	if (!p->env)
		return err_oom(err);
	for (size_t i = 0; i < n_own; i++)
		p->env[i] = own->env[i];
	if (p->terminal && !env_get(p->env, "TERM"))
		set_variable(p->env, (char *)"TERM=xterm");
	for (; *added; added++)
		set_variable(p->env, *added);
	return 0;
}

/* A visitor that cannot give up its rights does not stay. */
static int stop_visit(const struct exec *x)
{
	(void)proc_pidfd_signal(x->process.pidfd, SIGKILL);
	return -EPERM;
}

int exec_start(struct client *c, bool like, const char *text, size_t len, const int fds[3],
	       struct err *err)
{
	struct monitor *m = c->m;
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	struct exec *x = calloc(1, sizeof(*x));
	struct oci_process p;
	struct body_exec body;
	int r;

	if (!a || !x)
		r = err_oom(err);
	else if (like)
		r = like_own(a, m->spec.process, text, len, &p, err);
	else
		r = oci_process_decode(a, text, len, &p, err);
	if (r == 0) {
		oom_of_exec(m, &p);
		r = run(m, &p, fds, &x->process, err);
	}
	if (r < 0) {
		free(x);
		return r;
	}
	x->client = c;
	c->exec = x;
	x->next = m->execs;
	m->execs = x;
	body.pid = x->process.pid;
	(void)client_send(c, PACKET_OK, &body, sizeof(body),
			  x->process.terminal >= 0 ? &x->process.terminal : NULL);
	if (monitor_is_visitor(m) && privilege_stage_visiting(err) < 0)
		return stop_visit(x); /* its client is told */
	/* The client has it now; ours would keep the terminal open behind its back. */
	fd_close(TAKE_FD(x->process.terminal));
	return 0;
}

static void unlink_exec(struct monitor *m, const struct exec *x)
{
	for (struct exec **at = &m->execs; *at; at = &(*at)->next)
		if (*at == x) {
			*at = x->next;
			return;
		}
}

bool exec_reaped(struct monitor *m, pid_t pid, int status)
{
	for (struct exec *x = m->execs; x; x = x->next) {
		if (x->process.pid != pid)
			continue;
		unlink_exec(m, x);
		tell(x, proc_exit_code(status));
		fd_close(x->process.pidfd);
		free(x);
		return true;
	}
	return false;
}

void exec_client_gone(struct exec *x)
{
	x->client = NULL;
}

/* The container is gone, and all of these with it (its pid namespace or its cgroup was killed). */
void exec_done(struct monitor *m)
{
	while (m->execs) {
		struct exec *x = m->execs;

		m->execs = x->next;
		tell(x, 137);
		fd_close(x->process.pidfd);
		free(x);
	}
}
