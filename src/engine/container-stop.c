// SPDX-License-Identifier: Apache-2.0
/*
 * Changing what runs: stop, restart, kill, pause, rename, resize, wait.
 *
 * Stopping many: the signal goes to all first; then one poll() waits on all their first processes,
 * each with its own deadline, and kills those that pass it. The monitor's answer to "wait" comes last:
 * it means that the exit is on record.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/private.h"
#include "monitor/client.h"
#include "spec/name.h"
#include "spec/signal.h"

#define BATCH 200

struct stopping {
	struct arena *arena;
	struct container_info info;
	int conn, pidfd;
	int64_t deadline; /* CLOCK_MONOTONIC; INT64_MAX: none */
	bool failed;
};

static int not_running(struct err *err, const char *id)
{
	return err_set(err, ERR_CONFLICT, "container %s is not running", id);
}

int container_connect_running(struct engine *e, const struct container_info *c, struct err *err)
{
	int conn;

	if (!container_status_is_live(c->state.status))
		return not_running(err, c->row.id);
	conn = container_connect(e, c->row.id, NULL);
	if (conn == -ENOENT || conn == -ECONNREFUSED)
		return not_running(err, c->row.id); /* it ended since we looked */
	return conn >= 0 ? conn
			 : err_sys(err, conn, "connect to the monitor of container %s", c->row.id);
}

/* The process that the state names, if it is still that one. */
static int open_first_process(const struct container_state *s)
{
	cleanup_fd int fd = s->pid > 1 ? proc_pidfd_open((pid_t)s->pid) : -ESRCH;

	if (fd >= 0 && s->pid_start && proc_start_time((pid_t)s->pid) != (uint64_t)s->pid_start)
		return -ESRCH;
	return TAKE_FD(fd);
}

static int64_t deadline_of(struct engine *e, const struct container_info *c,
			   const struct container_stop_options *o)
{
	int64_t seconds = e->config.shutdown_timeout.value;

	if (c->config->config.stop_timeout.set)
		seconds = c->config->config.stop_timeout.value;
	if (o->timeout.set)
		seconds = o->timeout.value;
	if (seconds < 0 || seconds > INT64_MAX / NS_PER_SEC / 2)
		return INT64_MAX;
	return clock_monotonic() + seconds * NS_PER_SEC;
}

static int stop_signal(const struct container_info *c, const char *asked, struct err *err)
{
	if (str_empty(asked))
		asked = c->config->config.stop_signal;
	return str_empty(asked) ? SIGTERM : signal_parse(asked, err);
}

static int stop_begin(struct engine *e, struct stopping *s, const char *key,
		      const struct container_stop_options *o, struct err *err)
{
	int r, sig;

	s->arena = arena_new(16 << 20);
	if (!s->arena)
		return err_oom(err);
	r = container_brief(e, s->arena, key, &s->info, err);
	if (r < 0)
		return r;
	sig = stop_signal(&s->info, o->signal, err);
	if (sig < 0)
		return sig;
	if (!container_status_is_live(s->info.state.status))
		return 0;
	s->conn = container_connect_running(e, &s->info, NULL);
	if (s->conn < 0)
		return 0; /* it ended by itself */
	s->deadline = deadline_of(e, &s->info, o);
	s->pidfd = open_first_process(&s->info.state);
	(void)monitor_kill(s->conn, sig, true, NULL);
	if (s->info.state.status == CONTAINER_PAUSED) /* frozen processes see no signal */
		(void)monitor_pause(s->conn, false, NULL);
	return 0;
}

/* Until all processes ended; those that pass their deadline are killed. */
static void wait_for_all(struct stopping *s, size_t n)
{
	struct pollfd fds[BATCH];

	for (;;) {
		int64_t now = clock_monotonic(), next = INT64_MAX;
		size_t left = 0;

		for (size_t i = 0; i < n; i++) {
			fds[i] = (struct pollfd){.fd = s[i].pidfd, .events = POLLIN};
			if (s[i].pidfd < 0)
				continue;
			left++;
			if (s[i].deadline <= now) {
				(void)monitor_kill(s[i].conn, SIGKILL, true, NULL);
				s[i].deadline = INT64_MAX;
			}
			next = MIN_OF(next, s[i].deadline);
		}
		if (left == 0)
			return;
		if (poll(fds, n,
			 next == INT64_MAX ? -1
					   : (int)MIN_OF((next - now) / NS_PER_MS + 1,
							 (int64_t)INT32_MAX)) < 0 &&
		    errno != EINTR)
			return;
		for (size_t i = 0; i < n; i++) {
			if (s[i].pidfd >= 0 && fds[i].revents)
				fd_close(TAKE_FD(s[i].pidfd));
		}
	}
}

static int stop_end(struct engine *e, struct stopping *s, struct err *err)
{
	int code, r;

	if (s->conn < 0 || monitor_wait(s->conn, &code, NULL) == 0)
		return 0;
	/* The monitor is gone; looking at the state recovers it. An auto-removed one is gone as well. */
	r = container_state_after(e, s->arena, s->info.row.id, &s->info.state, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (container_status_is_live(s->info.state.status))
		return err_set(err, ERR_SYSTEM, "could not stop container %s", s->info.row.name);
	return 0;
}

static void stop_free(struct stopping *s)
{
	fd_close(s->conn);
	fd_close(s->pidfd);
	arena_free(s->arena);
}

static void stop_batch(struct engine *e, char *const *keys, size_t n,
		       const struct container_stop_options *o, struct container_result *results)
{
	struct stopping s[BATCH];

	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		int r;

		s[i] = (struct stopping){.conn = -EBADF, .pidfd = -EBADF, .deadline = INT64_MAX};
		r = stop_begin(e, &s[i], keys[i], o, &err);
		s[i].failed = r < 0;
		if (r < 0) {
			results[i].err = err;
			results[i].err.code = r;
		}
	}
	wait_for_all(s, n);
	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		int r = s[i].failed ? 0 : stop_end(e, &s[i], &err);

		if (r < 0) {
			results[i].err = err;
			results[i].err.code = r;
		}
		stop_free(&s[i]);
	}
}

int container_stop_many(struct engine *e, char *const *keys, size_t n,
			const struct container_stop_options *o, struct container_result *results)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		results[i] = (struct container_result){};
	for (size_t at = 0; at < n; at += BATCH)
		stop_batch(e, keys + at, MIN_OF(n - at, (size_t)BATCH), o, results + at);
	for (size_t i = 0; i < n && r == 0; i++)
		r = results[i].err.code;
	return r;
}

int container_stop(struct engine *e, const char *key, const struct container_stop_options *o,
		   struct err *err)
{
	char *const keys[] = {(char *)key};
	struct container_result res;
	int r = container_stop_many(e, keys, 1, o, &res);

	return r < 0 ? err_copy(err, res.err.kind, r, res.err.msg) : 0;
}

int container_restart(struct engine *e, const char *key, const struct container_stop_options *o,
		      struct err *err)
{
	int r = container_stop(e, key, o, err);

	return r < 0 ? r : container_start(e, key, NULL, NULL, err);
}

int container_kill(struct engine *e, const char *key, const char *signal, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	cleanup_fd int conn = -EBADF;
	struct container_info c;
	int r, code, sig = str_empty(signal) ? SIGKILL : signal_parse(signal, err);

	if (!a)
		return err_oom(err);
	if (sig < 0)
		return sig;
	r = container_brief(e, a, key, &c, err);
	if (r < 0)
		return r;
	conn = container_connect_running(e, &c, err);
	if (conn < 0)
		return err_prefix(err, "cannot kill container: %s", key);
	r = monitor_kill(conn, sig, sig == SIGKILL || sig == stop_signal(&c, NULL, NULL), err);
	if (r == 0 && sig == SIGKILL) /* who asks next must see it dead */
		(void)monitor_wait(conn, &code, NULL);
	return r;
}

int container_pause(struct engine *e, const char *key, bool pause, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	cleanup_fd int conn = -EBADF;
	struct container_info c;
	int r;

	if (!a)
		return err_oom(err);
	r = container_find(e, a, key, &c, err);
	if (r < 0)
		return r;
	if (c.state.status == CONTAINER_RESTARTING)
		return err_set(err, ERR_CONFLICT,
			       "container %s is restarting, wait until the container is running",
			       c.row.id);
	if (!container_status_is_live(c.state.status))
		return not_running(err, c.row.id);
	if (pause && c.state.status == CONTAINER_PAUSED)
		return err_set(err, ERR_CONFLICT, "container %s is already paused", c.row.id);
	if (!pause && c.state.status != CONTAINER_PAUSED)
		return err_set(err, ERR_CONFLICT, "container %s is not paused", c.row.id);
	conn = container_connect_running(e, &c, err);
	return conn < 0 ? conn : monitor_pause(conn, pause, err);
}

int container_rename(struct engine *e, const char *key, const char *name, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	struct store_container row;
	int r;

	if (!a)
		return err_oom(err);
	if (name && *name == '/')
		name++;
	if (*key == '/')
		key++;
	if (str_empty(key) || str_empty(name))
		return err_set(err, ERR_INVALID, "Neither old nor new names may be empty");
	r = name_check_container(name, err);
	if (r < 0)
		return r;
	r = store_container_find(e->store, a, key, &row, err);
	if (r < 0)
		return r;
	if (str_eq(row.name, name))
		return err_set(err, ERR_INVALID,
			       "Renaming a container with the same name as its current name");
	return store_container_rename(e->store, row.id, name, err);
}

int container_resize(struct engine *e, const char *key, uint16_t rows, uint16_t cols,
		     struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	cleanup_fd int conn = -EBADF;
	struct container_info c;
	int r;

	if (!a)
		return err_oom(err);
	r = container_find(e, a, key, &c, err);
	if (r < 0)
		return r;
	conn = container_connect_running(e, &c, err);
	return conn < 0 ? conn : monitor_resize(conn, rows, cols, err);
}

/* Waits for anything to happen in the container's directory: each state is a rename in it, or, on a
 * full disk, written over the old one (FILE_EVEN_WHEN_FULL). */
static int wait_for_change(int watch)
{
	char events[4096];
	struct pollfd p = {.fd = watch, .events = POLLIN};

	if (poll(&p, 1, 1000) < 0 && errno != EINTR) /* a second, against what inotify cannot see */
		return -errno;
	while (read(watch, events, sizeof(events)) > 0)
		;
	return 0;
}

static int wait_by_watching(struct engine *e, struct arena *a, struct container_info *c,
			    enum container_wait_condition condition, struct err *err)
{
	cleanup_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char *path = arena_printf(a, "%s/containers/%s", e->root, c->row.id);
	int64_t finished = c->state.finished_at;

	if (!path)
		return err_oom(err);
	if (watch < 0)
		return err_sys(err, errno, "watch container %s", c->row.id);
	(void)inotify_add_watch(watch, path,
				IN_MOVED_TO | IN_CLOSE_WRITE | IN_MOVE_SELF | IN_DELETE_SELF);
	for (;;) {
		cleanup(arena_free) struct arena *turn = arena_new(1 << 20);
		struct container_state s;
		struct store_container row;
		int r = turn ? container_read_state(e, turn, c->row.id, &s, NULL) : -ENOMEM;

		if (r == -ENOMEM)
			return err_oom(err);
		if (r == 0) {
			c->state.exit_code = s.exit_code;
			if (condition == WAIT_NEXT_EXIT && !container_status_is_live(s.status) &&
			    s.finished_at != finished)
				return 0;
		} else if (store_container_find(e->store, turn, c->row.id, &row, NULL) < 0) {
			return 0; /* removed; what was seen last counts */
		}
		r = wait_for_change(watch);
		if (r < 0)
			return err_sys(err, r, "watch container %s", c->row.id);
	}
}

int container_wait(struct engine *e, const char *key, enum container_wait_condition condition,
		   int *exit_code, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	cleanup_fd int conn = -EBADF;
	struct container_info c;
	int r;

	if (!a)
		return err_oom(err);
	r = container_find(e, a, key, &c, err);
	if (r < 0)
		return r;
	if (container_status_is_live(c.state.status))
		conn = container_connect(e, c.row.id, NULL);
	if (conn >= 0) {
		r = monitor_wait(conn, exit_code, NULL);
		if (r == 0 && condition != WAIT_REMOVED)
			return 0;
		c.state.exit_code = r == 0 ? *exit_code : c.state.exit_code;
		if (r < 0) {
			r = container_state_after(e, a, c.row.id, &c.state, err);
			if (r < 0)
				return r;
		}
	}
	if (condition == WAIT_REMOVED || (condition == WAIT_NEXT_EXIT && conn < 0))
		r = wait_by_watching(e, a, &c, condition, err);
	*exit_code = (int)c.state.exit_code;
	return r;
}
