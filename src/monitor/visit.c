// SPDX-License-Identifier: Apache-2.0
/*
 * A visitor: the same program, started by the CLI for one exec that is to have more rights than the
 * container's monitor kept (`exec --privileged`; privilege.c tells why). It is given the monitor's fds,
 * takes no lock, makes nothing, and knows the one request; when its process runs it gives up what it
 * has, waits for the end, tells it, and is gone. The process belongs to the container as every other:
 * it ends with its pid namespace.
 *
 * Which process is PID 1 the state says: its number is looked at twice, before and after it is pinned
 * by a pidfd.
 */
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "monitor/monitor.h"

#define STATE_MAX ((size_t)64 << 10)

static int read_state(struct monitor *m, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(STATE_MAX);
	int r = file_read(m->container_fd, "state", &b, err);

	return r < 0 ? r : container_state_decode(m->state_arena, b.data, b.len, &m->state, err);
}

static int pin(struct monitor *m, struct err *err)
{
	pid_t pid = (pid_t)m->state.pid;
	struct visit *v = &m->visit;

	v->pid = pid;
	v->pidfd = m->state.status == CONTAINER_RUNNING && pid > 1 ? proc_pidfd_open(pid) : -ESRCH;
	if (v->pidfd < 0 || proc_start_time(pid) != (uint64_t)m->state.pid_start ||
	    proc_pidfd_signal(v->pidfd, 0) < 0)
		return err_set(err, ERR_CONFLICT, "Container %s is not running", m->config.id);
	return 0;
}

int visit_prepare(struct monitor *m, struct err *err)
{
	const char *path;
	int r;

	m->arena = arena_new(ARENA_DEFAULT_MAX);
	m->state_arena = arena_new(1 << 20);
	if (!m->arena || !m->state_arena)
		return err_oom(err);
	r = bundle_read_config(m, err);
	if (r == 0)
		r = bundle_read_spec(m, err);
	if (r == 0)
		r = bundle_read_seccomp(m, err);
	if (r == 0)
		r = read_state(m, err);
	if (r == 0)
		r = pin(m, err);
	if (r == 0 && !m->spec.linux)
		r = err_set(err, ERR_CORRUPT, "the configuration has no linux section");
	path = r == 0 ? m->spec.linux->cgroups_path : NULL;
	if (!str_empty(path))
		r = cgroup_open(path, NULL, 0, &m->visit.cgroup, err);
	if (r < 0)
		return r;
	m->life = LIFE_RUNNING;
	m->loop = loop_new(err);
	return m->loop ? 0 : -ENOMEM;
}

int visit_run(struct monitor *m, struct err *err)
{
	int r = control_add_starter(m, err);

	return r < 0 ? r : monitor_attend(m, err);
}
