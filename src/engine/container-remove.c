// SPDX-License-Identifier: Apache-2.0
/*
 * Removing: the row goes first, and with it the name; then the directory is renamed out of sight,
 * then its tree is removed. Killed in between, what is left has no row and is garbage for the sweep.
 *
 * The directory's own flock(2) (container_lock) keeps start and remove apart: without it a container
 * could lose its row while its monitor is being started, and run on unseen. Many removals at once never
 * wait for such a lock while they hold another: those that are taken come last, one by one.
 *
 * Many running ones: all are killed before the first is waited for, so that the kernel tears them
 * down side by side.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/filter.h"
#include "engine/private.h"
#include "engine/recover.h"
#include "engine/volume.h"
#include "monitor/client.h"
#include "run/cgroup.h"

#define FEW            8
#define SETTLE_NS      (2 * NS_PER_SEC)
#define SETTLE_TURN_US 500
#define BATCH          200 /* two fds each, below the usual limit of 1024 */

struct removal {
	struct arena *arena;
	struct container_info info;
	int lock, conn;
	bool done;
};

int container_lock(struct engine *e, const char *id, bool wait, struct err *err)
{
	cleanup_fd int fd = container_open_dir(e, id, NULL);

	if (fd < 0)
		return err_set(err, ERR_NOT_FOUND, "No such container: %s", id);
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EWOULDBLOCK)
			return -EWOULDBLOCK;
		if (errno != EINTR)
			return err_sys(err, errno, "lock container %s", id);
	}
	return TAKE_FD(fd);
}

void container_forget_run_dir(struct engine *e, const char *id)
{
	if (str_is_hex(id, ID_LEN))
		monitor_remove_run_folder(e->run_fd, id);
}

/* Deleting a tree costs more than all the rest: of many, the store's keeper does it afterwards. */
static int remove_dir(struct engine *e, const char *id, bool later, struct err *err)
{
	cleanup_fd int tmp = -EBADF;
	char name[ID_LEN + 8];

	if (!str_is_hex(id, ID_LEN))
		return err_set(err, ERR_CORRUPT, "container id %s is malformed", id);
	if (later)
		return store_bury(e->store, e->containers_fd, id, err);
	tmp = path_open_dir(e->root_fd, "tmp", 0700, err);
	if (tmp < 0)
		return tmp;
	(void)snprintf(name, sizeof(name), "rm-%s", id);
	if (renameat(e->containers_fd, id, tmp, name) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the directory of container %s", id);
	return path_remove_tree(tmp, name, err);
}

static void remove_volumes(struct engine *e, struct arena *a, const struct store_container *row)
{
	struct container_extra x = {};

	if (container_extra_decode(a, row->extra, &x, NULL) < 0)
		return;
	for (size_t i = 0; i < x.mounts.n; i++) {
		struct container_mount_point *m =
			JSON_AT(struct container_mount_point, &x.mounts, i);

		if (m->anonymous && m->name) /* refused while another container uses it: right so */
			(void)volume_remove(e, m->name, false, NULL);
	}
}

static int drop(struct engine *e, struct arena *a, const struct store_container *row, bool volumes,
		bool later, struct err *err)
{
	int r = store_container_delete(e->store, row->id, err);

	if (r < 0)
		return r;
	if (volumes)
		remove_volumes(e, a, row);
	/* Before the directory, by which the sweep knows whose it is. A monitor that has told its end, but still
	 * tears down, looks for the directory after it let go of its lock, and we for the lock after the directory
	 * is gone: one of us removes the run folder. */
	if (!container_is_alive(e, row->id))
		container_forget_run_dir(e, row->id);
	r = remove_dir(e, row->id, later, err);
	if (!container_is_alive(e, row->id))
		container_forget_run_dir(e, row->id);
	return r;
}

int container_drop(struct engine *e, struct arena *a, const struct store_container *row,
		   bool volumes, struct err *err)
{
	return drop(e, a, row, volumes, false, err);
}

static int check_removable(const struct container_info *c, const struct container_remove_options *o,
			   struct err *err)
{
	if (o->force)
		return 0;
	if (c->state.status == CONTAINER_PAUSED)
		return err_set(err, ERR_CONFLICT,
			       "cannot remove container \"%s\": container is paused and must be "
			       "unpaused first",
			       c->row.name);
	if (container_status_is_live(c->state.status))
		return err_set(err, ERR_CONFLICT,
			       "cannot remove container \"%s\": container is %s: "
			       "stop the container before removing or force remove",
			       c->row.name, container_status_name(c->state.status));
	return 0;
}

/* A monitor lives, but the state does not say running: it ends, or it begins and its starter was
 * killed. Which of them, it will write down in a moment. */
static int settle(struct engine *e, struct removal *m, struct err *err)
{
	const char *id = m->info.row.id;
	int64_t until = clock_monotonic() + SETTLE_NS;
	int r = container_read_state(e, m->arena, id, &m->info.state, err);

	while (r == 0 && !container_status_is_live(m->info.state.status) &&
	       container_is_alive(e, id) && clock_monotonic() < until) {
		(void)usleep(SETTLE_TURN_US);
		r = container_read_state(e, m->arena, id, &m->info.state, err);
	}
	return r;
}

/* First half: find, lock, kill. -EWOULDBLOCK without a message: locked, and not to be waited for. */
static int removal_begin(struct engine *e, struct removal *m, const char *key,
			 const struct container_remove_options *o, bool wait, struct err *err)
{
	int r;

	m->arena = arena_new(16 << 20);
	if (!m->arena)
		return err_oom(err);
	r = container_find(e, m->arena, key, &m->info, err);
	if (r == -ENOENT && err && err->kind == ERR_SYSTEM && m->info.row.id) {
		m->info.state.status = CONTAINER_DEAD; /* the row is all that is left */
		return 0;
	}
	if (r < 0)
		return r;
	m->lock = container_lock(e, m->info.row.id, wait, err);
	if (m->lock < 0)
		return m->lock;
	if (str_eq(e->fresh.id, m->info.row.id))
		engine_fresh_done(&e->fresh); /* its monitor waits for nobody but us */
	r = settle(e, m, err);
	if (r < 0)
		return r;
	r = check_removable(&m->info, o, err);
	if (r < 0 || !container_status_is_live(m->info.state.status))
		return r;
	m->conn = container_connect(e, m->info.row.id, NULL);
	if (m->conn >= 0) /* it may end by itself meanwhile: the second half looks */
		(void)monitor_kill(m->conn, SIGKILL, true, NULL);
	return 0;
}

/* Made by a monitor that was killed before the start: the process died with it, its cgroup did not. */
static void forget_unstarted(struct engine *e, struct arena *a, const struct container_info *c)
{
	struct stat st;

	if (c->state.status == CONTAINER_CREATED && !container_is_alive(e, c->row.id) &&
	    fstatat(e->run_fd, c->row.id, &st, AT_SYMLINK_NOFOLLOW) == 0)
		recover_cgroup(e, a, c->row.id);
}

/* Second half: wait until it is recorded, then drop it. */
static int removal_end(struct engine *e, struct removal *m,
		       const struct container_remove_options *o, bool later, struct err *err)
{
	const char *id = m->info.row.id;
	int r, code;

	if (m->conn >= 0 && monitor_wait(m->conn, &code, NULL) < 0) {
		/* The monitor went away: recovery kills what is left. */
		r = container_state_after(e, m->arena, id, &m->info.state, err);
		if (r < 0)
			return r;
		if (container_status_is_live(m->info.state.status))
			return err_set(err, ERR_SYSTEM, "could not kill container %s",
				       m->info.row.name);
	}
	forget_unstarted(e, m->arena, &m->info);
	return drop(e, m->arena, &m->info.row, o->volumes, later, err);
}

static void removal_free(struct removal *m)
{
	fd_close(m->lock);
	fd_close(m->conn);
	arena_free(m->arena);
	*m = (struct removal){.lock = -EBADF, .conn = -EBADF, .done = true};
}

static void fail(struct container_result *res, int r, const struct err *err)
{
	res->err = *err;
	res->err.code = r;
}

static void remove_batch(struct engine *e, char *const *keys, size_t n,
			 const struct container_remove_options *o, struct container_result *results)
{
	struct removal m[BATCH];
	bool later[BATCH] = {};
	int r;

	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;

		m[i] = (struct removal){.lock = -EBADF, .conn = -EBADF};
		r = removal_begin(e, &m[i], keys[i], o, false, &err);
		later[i] = r == -EWOULDBLOCK;
		if (r < 0 && !later[i])
			fail(&results[i], r, &err);
		if (r < 0)
			removal_free(&m[i]);
	}
	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;

		if (m[i].done)
			continue;
		r = removal_end(e, &m[i], o, n > FEW, &err);
		if (r < 0)
			fail(&results[i], r, &err);
		removal_free(&m[i]);
	}
	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;

		if (!later[i])
			continue;
		m[i].done = false;
		r = removal_begin(e, &m[i], keys[i], o, true, &err);
		if (r >= 0)
			r = removal_end(e, &m[i], o, n > FEW, &err);
		if (r < 0)
			fail(&results[i], r, &err);
		removal_free(&m[i]);
	}
}

int container_remove_many(struct engine *e, char *const *keys, size_t n,
			  const struct container_remove_options *o,
			  struct container_result *results)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		results[i] = (struct container_result){};
	for (size_t at = 0; at < n; at += BATCH)
		remove_batch(e, keys + at, MIN_OF(n - at, (size_t)BATCH), o, results + at);
	for (size_t i = 0; i < n && r == 0; i++)
		r = results[i].err.code;
	return r;
}

int container_remove(struct engine *e, const char *key, const struct container_remove_options *o,
		     struct err *err)
{
	char *const keys[] = {(char *)key};
	struct container_result res = {};
	int r = container_remove_many(e, keys, 1, o, &res);

	return r < 0 ? err_copy(err, res.err.kind, r, res.err.msg) : 0;
}

int container_auto_removed(struct engine *e, const char *id, int conn, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	struct store_container row = {};
	int r;

	if (!a)
		return err_oom(err);
	r = store_container_find(e->store, a, id, &row, NULL);
	if (r == 0) {
		r = store_container_delete(e->store, id, err);
		if (r < 0)
			return r;
		remove_volumes(e, a, &row);
	}
	if (monitor_removed(conn, NULL) == 0)
		return 0;
	container_forget_run_dir(e, id); /* it died on us: the rest is ours, too */
	return remove_dir(e, id, false, err);
}

int container_reap(struct engine *e, const char *id, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	struct container_create *c = NULL;
	cleanup_fd int lock = -EBADF;
	struct container_info info = {};
	int r;

	if (!a)
		return err_oom(err);
	if (!str_is_hex(id, ID_LEN))
		return err_set(err, ERR_INVALID, "%s is not a container id", id);
	/* Whoever makes, starts or removes it this moment comes first. */
	lock = container_lock(e, id, true, NULL);
	if (container_is_alive(e, id)) /* started again */
		return 0;
	r = store_container_find(e->store, a, id, &info.row, NULL);
	if (r == -ENOENT) { /* its row went earlier, or never came: only files are left */
		container_forget_run_dir(e, id);
		return remove_dir(e, id, false, err);
	}
	if (r < 0)
		return err_sys(err, r, "find container %s", id);
	r = container_decode_row(a, &info.row, &c, err);
	if (r < 0)
		return r;
	r = container_raw_state(e, a, id, &info.state, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!c->host_config.auto_remove)
		return container_read_state(e, a, id, &info.state, err);
	if (container_status_is_live(info.state.status)) {
		r = container_read_state(e, a, id, &info.state, err);
		if (r < 0 || container_status_is_live(info.state.status))
			return r == -ENOENT ? 0 : r;
	}
	forget_unstarted(e, a, &info);
	return container_drop(e, a, &info.row, true, err);
}

int container_prune(struct engine *e, struct arena *a, const struct filters *f, char ***ret_ids,
		    int64_t *ret_bytes, struct err *err)
{
	static const char *const known[] = {"until", "label", "label!", NULL};
	static const struct container_remove_options plain;
	struct json_list rows = {};
	char **ids = arena_alloc(a, sizeof(char *));
	int64_t bytes = 0, until;
	int r = filter_check(f, known, err);

	if (r == 0)
		r = filter_until(f, &until, err);
	if (r < 0)
		return r;
	r = store_container_list(e->store, a, &rows, err);
	for (size_t i = 0; r >= 0 && i < rows.n; i++) {
		struct store_container *row = JSON_AT(struct store_container, &rows, i);
		struct container_state s = {};
		struct container_create *c = NULL;
		int64_t size;

		if (container_read_state(e, a, row->id, &s, NULL) < 0 ||
		    container_status_is_live(s.status) ||
		    (s.status == CONTAINER_CREATED && container_is_alive(e, row->id)))
			continue;
		r = container_decode_row(a, row, &c, err);
		if (r < 0)
			break;
		if (row->created >= until || !filter_labels(f, &c->config.labels))
			continue;
		size = container_upper_size(e, row->id);
		if (container_remove(e, row->id, &plain, NULL) < 0) /* started since we looked */
			continue;
		bytes += MAX_OF(size, (int64_t)0);
		ids = strv_append(a, ids, row->id);
		if (!ids)
			return err_oom(err);
	}
	if (r < 0)
		return r;
	*ret_ids = ids;
	*ret_bytes = bytes;
	return 0;
}
