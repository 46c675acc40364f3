// SPDX-License-Identifier: Apache-2.0
/*
 * Further processes. run_exec makes them our children, so we reap them; their output never comes
 * through us (the client's own pipes, or the terminal that it is handed), so nothing here is slow.
 * Their client may go away; they end by themselves or with the container.
 */
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "monitor/monitor.h"

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
	struct run_exec e = {
		.container_pidfd = run_pidfd(m->container),
		.container_pid = run_pid(m->container),
		.process = p,
		.cgroup = run_cgroup(m->container),
		.seccomp = m->seccomp,
		.seccomp_len = m->seccomp_len,
		.stdin_fd = p->terminal ? -EBADF : fds[0],
		.stdout_fd = p->terminal ? -EBADF : fds[1],
		.stderr_fd = p->terminal ? -EBADF : fds[2],
	};

	return run_exec(&e, ret, err);
}

int exec_start(struct monitor *m, struct client *c, const char *text, size_t len, const int fds[3],
	       struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	struct exec *x = calloc(1, sizeof(*x));
	struct oci_process p;
	struct body_exec body;
	int r;

	r = a && x ? oci_process_decode(a, text, len, &p, err) : err_oom(err);
	if (r == 0)
		r = run(m, &p, fds, &x->process, err);
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
