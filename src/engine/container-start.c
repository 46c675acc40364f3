// SPDX-License-Identifier: Apache-2.0
/*
 * Starting and attaching.
 *
 * The container's lock (container_lock) is held from the moment its state was read until its monitor
 * answered, so that nobody removes it or starts it twice meanwhile. The bundle is built anew at
 * each start, but for the one that create built a moment ago in this engine.
 */
#include <fcntl.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/image.h"
#include "engine/private.h"

struct starting {
	struct engine *e;
	struct arena *a;
	char id[ID_LEN + 1];
	int dirfd, lock, run_fd, monitor;
	bool auto_remove, running;
};

/* An earlier monitor may still be tearing down: its run folder must be gone before ours is made. */
static int wait_for_previous(struct engine *e, const char *id)
{
	cleanup_fd int run = container_open_run_dir(e, id, false, NULL);
	cleanup_fd int lock = -EBADF;

	if (run < 0)
		return 0;
	lock = lock_take(run, "lock", LOCK_EXCLUSIVE, NULL);
	container_forget_run_dir(e, id);
	return 0;
}

static int rebuild(struct starting *s, const struct container_info *info, struct err *err)
{
	struct container_extra x = {};
	struct store_image image = {};
	struct bundle b = {.engine = s->e,
			   .arena = s->a,
			   .id = s->id,
			   .config = info->config,
			   .extra = &x,
			   .dirfd = s->dirfd};
	int r = container_extra_decode(s->a, info->row.extra, &x, err);

	if (r == 0)
		r = store_image_find(s->e->store, s->a, info->row.image, &image, err);
	if (r == 0)
		r = store_image_lower(s->e->store, s->a, &image, &b.lower, err);
	if (r < 0)
		return r;
	b.dir = arena_printf(s->a, "%s/containers/%s", s->e->root, s->id);
	if (!b.dir)
		return err_oom(err);
	r = bundle_build(&b, err);
	return r < 0 ? r : container_write_bundle(&b, err);
}

/* What create left in the engine; false when it is not there, old, or about another container. */
static bool take_fresh(struct starting *s, const char *key)
{
	struct engine_fresh *f = &s->e->fresh;

	if (f->dirfd < 0 || !str_eq(f->id, key))
		return false;
	if (clock_monotonic() <= f->until)
		s->lock = container_lock(s->e, f->id, false, NULL);
	if (s->lock < 0) { /* somebody else has it in hand: look again, and wait */
		engine_fresh_done(f);
		return false;
	}
	memcpy(s->id, f->id, sizeof(s->id));
	s->dirfd = TAKE_FD(f->dirfd);
	s->run_fd = TAKE_FD(f->run_fd);
	s->monitor = TAKE_FD(f->monitor);
	s->auto_remove = f->auto_remove;
	return true;
}

static int look_up(struct starting *s, const char *key, struct err *err)
{
	struct container_info info;
	int r = container_brief(s->e, s->a, key, &info, err);

	if (r < 0)
		return r;
	memcpy(s->id, info.row.id, sizeof(s->id));
	s->auto_remove = info.config->host_config.auto_remove;
	s->lock = container_lock(s->e, s->id, true, err);
	if (s->lock < 0)
		return s->lock;
	r = container_read_state(s->e, s->a, s->id, &info.state, err);
	if (r < 0)
		return r;
	if (info.state.status == CONTAINER_PAUSED)
		return err_set(err, ERR_CONFLICT,
			       "cannot start a paused container, try unpause instead");
	s->running = container_status_is_live(info.state.status);
	if (s->running)
		return 0;
	s->dirfd = container_open_dir(s->e, s->id, err);
	if (s->dirfd < 0)
		return s->dirfd;
	(void)wait_for_previous(s->e, s->id);
	return rebuild(s, &info, err);
}

static int start(struct starting *s, const struct container_streams *streams, int *ret_conn,
		 struct err *err)
{
	struct monitor_start m = {.container_dirfd = s->dirfd};
	int r = 0;

	if (s->run_fd < 0)
		s->run_fd = container_open_run_dir(s->e, s->id, true, err);
	if (s->run_fd < 0)
		return s->run_fd;
	m.run_dirfd = s->run_fd;
	if (streams) {
		m.attach_stdin = streams->in;
		m.attach_stdout = streams->out;
		m.attach_stderr = streams->err;
		m.rows = streams->rows;
		m.cols = streams->cols;
	}
	if (s->monitor < 0)
		r = monitor_spawn(&m, &s->monitor, err);
	if (r == 0) {
		*ret_conn = TAKE_FD(s->monitor);
		r = monitor_go(&m, *ret_conn, err);
		if (r < 0)
			*ret_conn = -EBADF; /* monitor_go closed it */
	}
	if (r < 0 && !container_is_alive(s->e, s->id))
		container_forget_run_dir(s->e, s->id);
	return r;
}

/* A container that was to vanish at its end vanishes when it cannot even begin. */
static void drop_failed(struct starting *s)
{
	struct store_container row;

	if (store_container_find(s->e->store, s->a, s->id, &row, NULL) == 0)
		(void)container_drop(s->e, s->a, &row, true, NULL);
}

int container_start(struct engine *e, const char *key, const struct container_streams *streams,
		    int *ret_conn, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct starting s = {.e = e,
			     .a = a,
			     .dirfd = -EBADF,
			     .lock = -EBADF,
			     .run_fd = -EBADF,
			     .monitor = -EBADF};
	int conn = -EBADF, r = 0;

	if (!a)
		return err_oom(err);
	if (ret_conn)
		*ret_conn = -EBADF;
	if (!take_fresh(&s, key))
		r = look_up(&s, key, err);
	if (r == 0 && !s.running) {
		r = start(&s, streams, &conn, err);
		if (r < 0 && s.auto_remove)
			drop_failed(&s);
	}
	fd_close(s.monitor);
	fd_close(s.run_fd);
	fd_close(s.dirfd);
	fd_close(s.lock);
	if (r == 0 && streams && ret_conn)
		*ret_conn = TAKE_FD(conn);
	fd_close(conn);
	return r;
}

int container_attach(struct engine *e, const char *key, const struct container_streams *streams,
		     int *ret_conn, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	cleanup_fd int conn = -EBADF;
	struct container_info info;
	int r;

	if (!a)
		return err_oom(err);
	r = container_find(e, a, key, &info, err);
	if (r < 0)
		return r;
	if (info.state.status == CONTAINER_PAUSED)
		return err_set(err, ERR_CONFLICT,
			       "You cannot attach to a paused container, unpause it first");
	if (info.state.status == CONTAINER_RESTARTING)
		return err_set(
			err, ERR_CONFLICT,
			"You cannot attach to a restarting container, wait until it is running");
	if (info.state.status == CONTAINER_RUNNING)
		conn = container_connect(e, info.row.id, err);
	if (info.state.status != CONTAINER_RUNNING || conn == -ENOENT || conn == -ECONNREFUSED)
		return err_set(err, ERR_CONFLICT,
			       "You cannot attach to a stopped container, start it first");
	if (conn < 0)
		return conn;
	r = monitor_attach(conn, streams->in, streams->out, streams->err, err);
	if (r < 0)
		return r;
	if (streams->rows && streams->cols) /* a container without a terminal has no size */
		(void)container_resize(e, info.row.id, streams->rows, streams->cols, NULL);
	*ret_conn = TAKE_FD(conn);
	return 0;
}
