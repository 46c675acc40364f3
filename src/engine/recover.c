// SPDX-License-Identifier: Apache-2.0
/*
 * Order: lock, look again, kill, cgroup, state, lock file last. A kill -9 in the middle leaves the
 * state unchanged, so that the next one to look does it all again; every step can be repeated. With --rm
 * nothing is written before the row goes: were it "exited" when the power fails, nobody would remove it.
 */
#include "engine/recover.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/private.h"
#include "run/cgroup.h"

#define EXIT_KILLED 137

static bool same_boot(const char *boot_id)
{
	cleanup(buf_done) struct buf b = BUF_INIT(64);
	cleanup_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_all(fd, &b, "boot_id", NULL) < 0 || !b.data)
		return false;
	if (b.len && b.data[b.len - 1] == '\n')
		b.data[b.len - 1] = '\0';
	return str_eq(boot_id, b.data);
}

/* The pid is looked at twice, before and after it is pinned by a pidfd: it may be somebody else's. */
static void kill_first_process(const struct container_state *s)
{
	cleanup_fd int pidfd = -EBADF;

	if (s->pid <= 1 || s->pid_start == 0 || !same_boot(s->boot_id))
		return;
	pidfd = proc_pidfd_open((pid_t)s->pid);
	if (pidfd >= 0 && proc_start_time((pid_t)s->pid) == (uint64_t)s->pid_start)
		(void)proc_pidfd_signal(pidfd, SIGKILL);
}

void recover_cgroup(struct engine *e, struct arena *a, const char *id)
{
	cleanup(cgroup_free) struct cgroup *cg = NULL;
	struct store_container row = {};
	struct container_extra x = {};

	if (store_container_find(e->store, a, id, &row, NULL) < 0 ||
	    container_extra_decode(a, row.extra, &x, NULL) < 0 || str_empty(x.cgroup))
		return;
	if (cgroup_open(x.cgroup, NULL, 0, &cg, NULL) < 0)
		return;
	(void)cgroup_kill(cg, NULL);
	(void)cgroup_remove(cg, NULL);
}

static int write_state(struct engine *e, const char *id, const struct container_state *s,
		       struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(64 << 10);
	cleanup_fd int dir = container_open_dir(e, id, err);
	int r;

	if (dir < 0)
		return dir;
	r = container_state_encode(&b, s, err);
	if (r < 0)
		return r;
	return file_write(dir, "state", b.data, b.len, 0600, FILE_EVEN_WHEN_FULL, err);
}

int recover_container(struct engine *e, struct arena *a, const char *id,
		      struct container_state *state, struct err *err)
{
	cleanup_fd int run = container_open_run_dir(e, id, true, err);
	cleanup_fd int lock = -EBADF;
	struct store_container row = {};
	struct container_create *c;
	int r, w;

	if (run < 0)
		return run;
	lock = lock_try(run, "lock", LOCK_EXCLUSIVE, err);
	r = container_raw_state(e, a, id, state, err);
	if (r < 0)
		return r;
	if (lock <
	    0) /* somebody lives, or recovers it this moment: what the state says is near enough */
		return lock == -EWOULDBLOCK ? 0 : lock;
	if (!container_status_is_live(state->status))
		return 0;
	kill_first_process(state);
	recover_cgroup(e, a, id);
	state->status = CONTAINER_EXITED;
	state->exit_code = EXIT_KILLED;
	state->pid = 0;
	state->pid_start = 0;
	state->finished_at = clock_now();
	r = store_container_find(e->store, a, id, &row, err);
	if (r == 0)
		r = container_decode_row(a, &row, &c, err);
	if (r == 0 && c->host_config.auto_remove) {
		container_forget_run_dir(e, id);
		r = container_drop(e, a, &row, true, err);
		return r < 0 ? r : err_set(err, ERR_NOT_FOUND, "No such container: %s", id);
	}
	w = write_state(e, id, state, r < 0 ? NULL : err);
	if (w == 0)
		container_forget_run_dir(e, id);
	return r < 0 ? r : w;
}
