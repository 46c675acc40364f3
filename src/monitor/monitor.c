// SPDX-License-Identifier: Apache-2.0
/*
 * The life of one container.
 *
 *   PREPARED   made up to the exec, no socket yet. The starter says go, or hangs up: all is undone.
 *   RUNNING    clients come and go; streams flow; execs come and go.
 *   PAUSED     the cgroup is frozen. As running, but no exec; SIGKILL thaws it.
 *   DRAINING   PID 1 is reaped. The pipes are read to their end; if that does not come (somebody
 * outside holds them open), everything in the cgroup is killed, and DRAIN_NS later it is over.
 *   EXITED     the log is complete, the state is written, everybody who waits was told, in this
 * order; then the cgroup goes. With --rm: until a client says that the row is gone. OVER sockets
 * and lock are released.
 *
 *   event              PREPARED   RUNNING    PAUSED     DRAINING   EXITED
 *   go                 RUNNING    -          -          -          -
 *   starter hangs up   OVER       .          .          .          .     (--rm: reaped)
 *   starter cancels    OVER       .          .          .          .
 *   PID 1 ends         (go fails) DRAINING   DRAINING   -          -
 *   output ends        .          .          .          EXITED     -
 *   pause / unpause    -          PAUSED     RUNNING    -          -
 *   kill, resize       -          yes        yes        -          -
 *   exec               -          yes        -          -          -
 *   attach, wait       -          yes        yes        yes        told at once
 *   "row is gone"      -          -          -          -          OVER (--rm)
 *   SIGTERM to us      OVER       stop       stop       .          .
 *   timer              .          KILL after a stop     EXITED     OVER
 *
 * A restart policy adds one life between EXITED and PREPARED (waiting for its back-off on `timer`),
 * and health checks are execs on a timer of their own; neither changes the rows above.
 *
 * With --rm somebody must delete the row, which we cannot (no SQLite here): a client that is
 * attached does it and says so, and we remove the rest. If none is there, or none says so in
 * REMOVE_NS, the last act is to become `hoy __reap ID`: by exec, so that our lock (close-on-exec)
 * is free at the moment it starts.
 *
 * Rights: privilege.c. What keeps us small besides: no network, no SQLite, no parser of hostile
 * bytes but the packets of control.c, which only root can send; the container's output is copied,
 * never looked at; descriptors are close-on-exec.
 */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/userns.h"
#include "monitor/monitor.h"

#define STOP_SECONDS 10
#define STOP_MAX     INT64_C(1000000000)
#define DRAIN_NS     (NS_PER_SEC / 2)
#define REMOVE_NS    (10 * NS_PER_SEC)
#define LINGER_NS    (10 * NS_PER_SEC)
#define EXIT_FAILED  128 /* Docker's, when it could not start and no other code says why */

static void set_timer(struct monitor *m, int64_t after_ns, loop_timer_fn *fn)
{
	loop_remove(TAKE_PTR(m->timer));
	if (fn)
		m->timer = loop_add_timer(m->loop, clock_monotonic() + after_ns, fn, m);
}

static void end_loop(struct monitor *m)
{
	m->life = LIFE_OVER;
	loop_stop(m->loop);
}

/* ---- the end ---- */

static void on_linger_over(struct loop_source *s, void *data)
{
	struct monitor *m = data;

	(void)s;
	m->timer = NULL;
	end_loop(m);
}

static void remove_folder(int dirfd, const char *name)
{
	cleanup_fd int parent = openat(dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* What cannot be removed is found by `system check`, ignoring. */
	if (parent >= 0)
		(void)path_remove_tree(parent, name, NULL);
}

static void remove_run_folder(const struct monitor *m)
{
	cleanup_fd int parent = openat(m->run_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent >= 0)
		monitor_remove_run_folder(parent, m->config.id);
}

/* Who removes a container does not wait for our tear-down: then the run folder is ours to remove. */
static bool is_removed(const struct monitor *m)
{
	char path[PATH_MAX];

	return m->config.root &&
	       snprintf(path, sizeof(path), "%s/containers/%s", m->config.root, m->config.id) <
		       (int)sizeof(path) &&
	       faccessat(AT_FDCWD, path, F_OK, 0) < 0 && errno == ENOENT;
}

/* Nobody can find us any more; those who are connected get their last words. */
static void retire(struct monitor *m)
{
	control_close_listener(m);
	fd_close(TAKE_FD(m->lock_fd));
	if (!m->config.auto_remove &&
	    is_removed(
		    m)) /* asked after the lock is free: see drop() in engine/container-remove.c */
		remove_run_folder(m);
	if (control_has_queued(m))
		set_timer(m, LINGER_NS, on_linger_over);
	else
		end_loop(m);
}

void monitor_row_removed(struct monitor *m)
{
	cleanup_fd int hold = -EBADF;

	if (!m->config.auto_remove || m->lock_fd < 0)
		return;
	/* The container's folder goes last: from it alone the sweep knows whose run folder that was, if we are
	 * killed half-way. Its lock says that somebody is at it. */
	hold = openat(m->container_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (hold >= 0)
		(void)flock(hold, LOCK_EX | LOCK_NB);
	remove_run_folder(m);
	remove_folder(m->container_fd, m->config.id);
	retire(m);
}

static void become_reaper(struct monitor *m)
{
	m->reap = !str_empty(m->config.reaper);
	end_loop(m);
}

static void on_remove_late(struct loop_source *s, void *data)
{
	struct monitor *m = data;

	(void)s;
	m->timer = NULL;
	become_reaper(m);
}

static void tear_down(struct monitor *m)
{
	(void)run_delete(m->container,
			 NULL); /* what is left is found by `system check`, ignoring */
	exec_done(m);
	run_container_free(TAKE_PTR(m->container));
	if (!m->config.auto_remove)
		retire(m);
	else if (control_has_attached(m))
		set_timer(m, REMOVE_NS, on_remove_late);
	else
		become_reaper(m);
}

static void record_exit(struct monitor *m)
{
	uint64_t kills = 0;

	if (m->log) {
		(void)log_flush(m->log, NULL);
		log_close(TAKE_PTR(m->log));
	}
	if (cgroup_oom_kills(run_cgroup(m->container), &kills) == 0)
		m->state.oom_killed = kills > 0;
	m->state.status = CONTAINER_EXITED;
	m->state.pid = 0;
	m->state.pid_start = 0;
}

void monitor_drained(struct monitor *m)
{
	if (m->life != LIFE_DRAINING)
		return;
	set_timer(m, 0, NULL);
	streams_done(m);
	record_exit(m);
	m->life = LIFE_EXITED;
	/* What is told is written, except with --rm when somebody is there to delete the row: the
	 * record would go away with it in a moment, and replacing a file makes ext4 write it out. On
	 * a full disk recovery says 137. */
	if (!m->config.auto_remove || !control_has_attached(m))
		(void)state_write(m, NULL);
	control_tell_exit(m);
	tear_down(m);
}

static void on_drain_late(struct loop_source *s, void *data)
{
	struct monitor *m = data;

	(void)s;
	m->timer = NULL;
	streams_drain(m);
	monitor_drained(m);
}

static void first_process_ended(struct monitor *m, int status)
{
	privilege_stage_ending(m);
	m->life = LIFE_DRAINING;
	usernet_stop(&m->usernet); /* who hears of the end may want its ports */
	m->state.exit_code = proc_exit_code(status);
	m->state.finished_at = clock_now();
	streams_drain(m);
	if (streams_ended(m)) {
		monitor_drained(m);
		return;
	}
	/* Others are left (a shared pid namespace) that hold the pipes. */
	(void)cgroup_kill(run_cgroup(m->container), NULL);
	set_timer(m, DRAIN_NS, on_drain_late);
}

static void reap(struct monitor *m)
{
	int status;
	pid_t pid;

	/* Not before the go: the children of run_create are run's to wait for. */
	while (m->life != LIFE_PREPARED && m->life != LIFE_OVER &&
	       (pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (m->container && pid == run_pid(m->container) && m->life <= LIFE_PAUSED)
			first_process_ended(m, status);
		else
			(void)exec_reaped(m, pid, status); /* or an orphan: we are the subreaper */
	if (monitor_is_visitor(m) && !m->execs)
		end_loop(m);
}

/* ---- what clients ask for ---- */

int monitor_signal(struct monitor *m, int sig, bool by_user, struct err *err)
{
	int r = proc_pidfd_signal(run_pidfd(m->container), sig);

	if (r < 0 && r != -ESRCH)
		return err_sys(err, r, "send signal %d to container %s", sig, m->config.id);
	m->state.stopped_by_user |= by_user;
	/* A frozen process dies only when it is thawed. */
	if (sig == SIGKILL && m->life == LIFE_PAUSED)
		(void)monitor_freeze(m, false, NULL);
	return 0;
}

int monitor_freeze(struct monitor *m, bool frozen, struct err *err)
{
	bool begun = privilege_section_begin(m);
	int r = cgroup_freeze(run_cgroup(m->container), frozen, err);

	privilege_section_end(m, begun);
	if (r < 0)
		return r;
	m->life = frozen ? LIFE_PAUSED : LIFE_RUNNING;
	m->state.status = frozen ? CONTAINER_PAUSED : CONTAINER_RUNNING;
	return state_write(m, err);
}

static void on_stop_late(struct loop_source *s, void *data)
{
	struct monitor *m = data;

	(void)s;
	m->timer = NULL;
	(void)monitor_signal(m, SIGKILL, false, NULL);
}

/* The host shuts down, most likely. */
static void stop(struct monitor *m)
{
	int64_t seconds = m->config.stop_timeout.set ? m->config.stop_timeout.value : STOP_SECONDS;

	if (m->life == LIFE_PREPARED) {
		end_loop(m);
		return;
	}
	if (m->life > LIFE_PAUSED || m->stopping)
		return;
	m->stopping = true;
	if (m->life == LIFE_PAUSED)
		(void)monitor_freeze(m, false, NULL);
	(void)monitor_signal(m, m->config.stop_signal ? (int)m->config.stop_signal : SIGTERM, false,
			     NULL);
	if (seconds >= 0)
		set_timer(m, MIN_OF(seconds, STOP_MAX) * NS_PER_SEC, on_stop_late);
}

static void on_signal(int sig, void *data)
{
	struct monitor *m = data;

	if (sig == SIGCHLD)
		reap(m);
	else if (!monitor_is_visitor(m) && (sig == SIGTERM || sig == SIGINT))
		stop(m);
}

void monitor_starter_gone(struct monitor *m)
{
	m->starter_gone = true;
	if (m->life == LIFE_PREPARED || (monitor_is_visitor(m) && !m->execs))
		end_loop(m);
}

void monitor_cancelled(struct monitor *m)
{
	m->cancelled = true;
	end_loop(m);
}

void monitor_client_gone(struct monitor *m)
{
	if (m->life != LIFE_EXITED)
		return;
	if (m->lock_fd < 0) {
		if (!control_has_queued(m))
			end_loop(m);
	} else if (m->config.auto_remove && !m->container && !control_has_attached(m)) {
		become_reaper(m); /* the last who could have said it is gone */
	}
}

/* ---- the start ---- */

static int exit_code_of(const struct err *err)
{
	return err->kind == ERR_NO_COMMAND       ? 127
	       : err->kind == ERR_NOT_EXECUTABLE ? 126
						 : EXIT_FAILED;
}

/* Undone and recorded, and the lock free, before the starter hears of it: what it finds held then is
 * another monitor's. */
static void record_failure(struct monitor *m, const struct err *err)
{
	usernet_stop(&m->usernet);
	if (m->container)
		(void)run_delete(m->container, NULL);
	m->state.exit_code = exit_code_of(err);
	m->state.error = arena_strdup(m->state_arena, err->msg);
	if (m->state.status != CONTAINER_CREATED)
		m->state.finished_at = clock_now();
	m->state.pid = 0;
	m->state.pid_start = 0;
	(void)state_write(m, NULL);
	control_close_listener(m);
	fd_close(TAKE_FD(m->lock_fd));
}

static int record_start(struct monitor *m, struct err *err)
{
	m->state.status = CONTAINER_RUNNING;
	m->state.pid = run_pid(m->container);
	m->state.pid_start = (int64_t)proc_start_time(run_pid(m->container));
	m->state.started_at = clock_now();
	m->state.finished_at = 0;
	return state_write(m, err);
}

int monitor_let_go(struct monitor *m, struct client *c, const struct body_streams *b,
		   struct err *err)
{
	enum container_status before = m->state.status;
	int r;

	c->streams = b->flags & (STREAM_IN | STREAM_OUT | STREAM_ERR);
	c->waiting = c->streams != 0;
	(void)streams_resize(m, b->rows, b->cols);
	r = control_listen(m, err);
	if (r == 0)
		r = run_start(m->container, err);
	if (r == 0)
		r = record_start(m, err);
	if (r == 0)
		r = streams_watch(m, err);
	if (r < 0) {
		struct err failed = err ? *err : ERR_INIT;

		m->state.status = before;
		record_failure(m, &failed);
		m->refused = true;
		end_loop(m);
		return r;
	}
	m->life = LIFE_RUNNING;
	(void)malloc_trim(0);
	/* Its end may have been announced while we did not listen: ask again from the loop. */
	(void)kill(getpid(), SIGCHLD);
	return 0;
}

/* Behind the answer to the starter, who does not wait for it (0.09 ms); before the next packet. */
void monitor_settle(struct monitor *m)
{
	struct err err = ERR_INIT;

	if (m->life != LIFE_RUNNING || privilege_stage_running(m, &err) == 0)
		return;
	m->state.error = arena_strdup(m->state_arena, err.msg) ?: m->state.error;
	(void)monitor_signal(m, SIGKILL, false, NULL);
}

static int create(struct monitor *m, struct err *err)
{
	const struct log_options log = {
		.max_size = m->config.log_max_size,
		.max_files = (unsigned)MIN_OF(m->config.log_max_files, (uint64_t)LOG_FILES_MAX),
	};
	struct run_overlay overlay = {.lower = m->config.lower,
				      .upper = m->config.upper,
				      .work = m->config.work,
				      .idmap = m->config.idmap};
	char init[PATH_MAX];
	int child[3], r;

	r = log_open(m->config.log_driver, &log, m->container_fd, &m->log, err);
	if (r < 0)
		return r;
	r = proc_program_path("hoy-init", init, sizeof(init), err);
	if (r < 0)
		return r;
	r = streams_open(m, child, err);
	if (r == 0)
		r = run_create(
			&(struct run_options){
				.id = m->config.id,
				.spec = &m->spec,
				.bundle_fd = m->container_fd,
				.overlay = m->config.lower ? &overlay : NULL,
				.seccomp = m->seccomp,
				.seccomp_len = m->seccomp_len,
				.stdin_fd = child[0],
				.stdout_fd = child[1],
				.stderr_fd = child[2],
				.init_path = m->config.init ? init : NULL,
				.die_with_parent = true,
				.mounts_later = m->config.auto_remove,
			},
			&m->container, err);
	for (int i = 0; i < 3; i++)
		fd_close(child[i]);
	if (r == 0 && m->config.tty)
		r = streams_take_terminal(m, run_terminal(m->container), err);
	/* It may outlive us (one that changed its user is not killed with us), and then who kills it must be
	 * in its namespace. */
	if (r == 0)
		r = monitor_join_roster(m, run_pid(m->container), err);
	if (r == 0 && m->config.usernet)
		r = usernet_start(
			&(struct usernet_start){
				.mode = m->config.usernet,
				.pid = run_pid(m->container),
				.run_fd = m->run_fd,
				.ports = m->config.ports,
			},
			&m->usernet, err);
	return r;
}

/* Tells the starter, who may not have said go yet: its answer waits in the socket. */
static void refuse_start(struct monitor *m, const struct err *err, int code)
{
	record_failure(m, err);
	m->refused = true;
	for (struct client *c = m->clients; c; c = c->next)
		client_fail(c, err, code);
}

static int listen_signals(struct monitor *m, struct err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGPIPE); /* blocked is what matters: nobody looks at it */
	return loop_add_signals(m->loop, &set, on_signal, m, err);
}

/* Never started, and to be removed at its end: that is the starter's to do. If it was killed, or is
 * killed before it did what our refusal asks of it, nobody else knows of the container. */
static void after_no_start(struct monitor *m)
{
	if (!m->config.auto_remove || m->cancelled || (!m->starter_gone && !m->refused))
		return;
	if (m->refused)
		control_wait_starter(m);
	m->reap = !m->cancelled && !str_empty(m->config.reaper);
}

int monitor_attend(struct monitor *m, struct err *err)
{
	int r = listen_signals(m, err);

	return r < 0 ? r : loop_run(m->loop, err);
}

/* Of a normal user's processes we are those that live long: who comes after our starter joins our
 * user namespace. */
int monitor_join_roster(const struct monitor *m, pid_t pid, struct err *err)
{
	cleanup_fd int run_root = openat(m->run_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return run_root < 0 ? err_sys(err, errno, "open the run folder")
			    : roster_add_to(run_root, pid, err);
}

int monitor_run(struct monitor *m, struct err *err)
{
	struct err why = ERR_INIT;
	int r = control_add_starter(m, err);

	if (r < 0)
		return r;
	r = create(m, &why);
	if (r < 0) {
		refuse_start(m, &why, r);
		after_no_start(m);
		return r;
	}
	/* After run_create: what it clones starts with a clean mask and our own score. */
	oom_guard(m);
	r = monitor_attend(m, err);
	if (m->container) { /* nobody said go, or it could not */
		usernet_stop(&m->usernet);
		(void)run_delete(m->container, NULL);
		run_container_free(TAKE_PTR(m->container));
		after_no_start(m);
	}
	return r;
}
