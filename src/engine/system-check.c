// SPDX-License-Identifier: Apache-2.0
/*
 * The order is that of dependence: the store first, since rows name what it holds; then containers, whose
 * recovery kills processes and removes cgroups; then what is left without an owner.
 */
#include "engine/system-check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/private.h"
#include "engine/volume-private.h"

#define GRACE_TURNS 10
#define GRACE_NS    (20 * NS_PER_MS)

void check_report(struct check *c, int mended, const char *fmt, ...)
{
	bool repaired = c->repair && mended == 0;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!repaired)
		c->left++;
	if (c->found)
		c->found(text, repaired, c->data);
}

bool check_grace(int *turn)
{
	const struct timespec pause = {.tv_nsec = GRACE_NS};

	if ((*turn)++ >= GRACE_TURNS)
		return false;
	(void)nanosleep(&pause, NULL);
	return true;
}

bool check_has_row(struct check *c, const char *id)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	struct store_container row = {};

	/* A failing database must not make everything look ownerless. */
	return !a || store_container_find(c->engine->store, a, id, &row, NULL) != -ENOENT;
}

/* ---- the store ---- */

static void store_problem(const char *problem, void *data)
{
	check_report(data, 0, "%s", problem);
}

static int check_store(struct check *c, struct err *err)
{
	struct check quiet = *c;
	int r;

	if (!c->repair)
		return store_check(c->engine->store, false, store_problem, c, err);
	r = store_check(c->engine->store, true, store_problem, c, err);
	if (r < 0)
		return r;
	/* The store does not tell what it could not mend: it is what a second look still finds. */
	quiet.repair = false;
	quiet.left = 0;
	r = store_check(c->engine->store, false, store_problem, &quiet, err);
	c->left += quiet.left;
	return r;
}

/* ---- containers ---- */

/* A state that claims a process while nobody keeps it up to date. Read, look, read again: a container
 * that ends between two looks wrote its end before it let go of its lock. */
static bool state_lies(struct check *c, struct arena *a, const char *id)
{
	struct container_state s = {};

	for (int i = 0; i < 2; i++) {
		if (container_raw_state(c->engine, a, id, &s, NULL) < 0 ||
		    !container_status_is_live(s.status) || container_is_alive(c->engine, id))
			return false;
	}
	return true;
}

static int write_dead_state(struct check *c, const char *id)
{
	const struct container_state dead = {.status = CONTAINER_EXITED,
					     .exit_code = 137,
					     .finished_at = clock_now(),
					     .error = (char *)""};
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	cleanup_fd int dir = container_open_dir(c->engine, id, NULL);
	int r = dir < 0 ? dir : container_state_encode(&b, &dead, NULL);

	return r < 0 ? r : file_write(dir, "state", b.data, b.len, 0600, 0, NULL);
}

/* Made by `run --rm`, whose process was killed before the start together with the monitor. A live starter is
 * seen by the lock of directory or run folder, but for the instant from one to the other: hence the grace. */
static void check_unstarted(struct check *c, struct arena *a, const struct store_container *row)
{
	struct container_create *config = NULL;
	struct container_state s = {};
	struct stat st;
	int turn = 0, r = 0;

	do {
		cleanup_fd int lock = -EBADF;

		if (container_raw_state(c->engine, a, row->id, &s, NULL) < 0 ||
		    s.status != CONTAINER_CREATED ||
		    fstatat(c->engine->run_fd, row->id, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    container_is_alive(c->engine, row->id))
			return;
		lock = container_lock(c->engine, row->id, false, NULL);
		if (lock < 0 || (!config && container_decode_row(a, row, &config, NULL) < 0) ||
		    !config->host_config.auto_remove)
			return;
	} while (check_grace(&turn));
	if (c->repair)
		r = container_reap(c->engine, row->id, NULL);
	check_report(c, r, "container %.12s (%s) was never started and nobody removes it", row->id,
		     row->name);
}

/* Nobody lives who would write one. After a power cut even the newest file may be empty. */
static int mend_state(struct check *c, struct arena *a, const struct store_container *row)
{
	struct container_create *config = NULL;
	int r = write_dead_state(c, row->id);

	if (r == 0 && container_decode_row(a, row, &config, NULL) == 0 &&
	    config->host_config.auto_remove)
		r = container_reap(c->engine, row->id, NULL);
	return r;
}

static void check_state(struct check *c, struct arena *a, const struct store_container *row)
{
	struct container_state s = {};
	int r = container_raw_state(c->engine, a, row->id, &s, NULL);
	const char *claimed = container_status_name(s.status);

	if (r < 0 && container_is_alive(c->engine, row->id))
		return; /* its monitor writes one */
	if (r < 0) {
		if (check_has_row(c, row->id)) /* else removed while we looked */
			check_report(c, c->repair ? mend_state(c, a, row) : 0,
				     "container %.12s (%s) has no readable state", row->id,
				     row->name);
		return;
	}
	if (!state_lies(c, a, row->id))
		return;
	r = c->repair ? container_read_state(c->engine, a, row->id, &s, NULL) : 0;
	check_report(c, r == -ENOENT ? 0 : r, "container %.12s (%s) is %s without a monitor",
		     row->id, row->name, claimed);
}

static int check_rows(struct check *c, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct json_list rows = {};
	int r = a ? store_container_list(c->engine->store, a, &rows, err) : err_oom(err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct store_container *row = JSON_AT(struct store_container, &rows, i);
		cleanup_fd int dir = container_open_dir(c->engine, row->id, NULL);

		if (dir >= 0)
			check_unstarted(c, a, row);
		if (c->sweep)
			continue;
		if (dir >= 0)
			check_state(c, a, row);
		else if (check_has_row(c, row->id))
			check_report(
				c,
				c->repair ? store_container_delete(c->engine->store, row->id, NULL)
					  : 0,
				"container %.12s (%s) has no directory", row->id, row->name);
	}
	return r;
}

static bool is_empty_dir(int fd)
{
	cleanup_fd int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	int n = 0;

	if (!dir)
		return false;
	TAKE_FD(copy);
	while (n < 3 && readdir(dir))
		n++;
	(void)closedir(dir);
	return n < 3;
}

/* Whoever makes or removes a container holds the lock of its directory, but for the instant between
 * mkdir and flock, in which the directory is empty. Then it is ours to judge. */
static int take_ownerless(struct check *c, const char *id)
{
	int fd, turn = 0;

	do {
		fd = container_lock(c->engine, id, false, NULL);
		if (fd < 0 || check_has_row(c, id) || container_is_alive(c->engine, id)) {
			fd_close(fd);
			return -EBUSY;
		}
		if (!is_empty_dir(fd))
			return fd;
		fd_close(fd); /* let its maker have it */
	} while (check_grace(&turn));
	return container_lock(c->engine, id, false, NULL);
}

static void check_container_dir(struct check *c, const char *name)
{
	cleanup_fd int lock = -EBADF;
	int r = 0;

	if (!str_is_hex(name, ID_LEN)) {
		if (c->sweep)
			return;
		if (c->repair)
			r = path_remove_tree(c->engine->containers_fd, name, NULL);
		check_report(c, r, "containers/%s is no container", name);
		return;
	}
	if (check_has_row(c, name))
		return;
	lock = take_ownerless(c, name);
	if (lock < 0)
		return;
	if (c->repair)
		r = path_remove_tree(c->engine->containers_fd, name, NULL);
	if (c->repair && r == 0)
		container_forget_run_dir(c->engine, name);
	check_report(c, r, "directory of container %.12s belongs to no container", name);
}

int check_containers(struct check *c, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	struct dirent *entry;
	DIR *dir;
	int r = check_rows(c, err);

	if (r < 0)
		return r;
	fd = openat(c->engine->containers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "read %s/containers", c->engine->root);
	TAKE_FD(fd);
	while ((entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			check_container_dir(c, entry->d_name);
	(void)closedir(dir);
	return 0;
}

/* ---- volumes ---- */

static int adopt_volume(struct check *c, const char *name)
{
	const struct store_volume row = {.name = (char *)name,
					 .driver = (char *)"local",
					 .created = clock_now(),
					 .anonymous = str_is_hex(name, ID_LEN)};

	return store_volume_insert(c->engine->store, &row, NULL);
}

static int check_volume_rows(struct check *c, struct arena *a, int root, struct err *err)
{
	struct json_list rows = {};
	int r = store_volume_list(c->engine->store, a, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		const char *name = JSON_AT(struct store_volume, &rows, i)->name;
		cleanup_fd int data = -EBADF;
		struct stat st;
		char path[NAME_MAX + 16];

		(void)snprintf(path, sizeof(path), "%.255s/" VOLUME_DATA, name);
		if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			continue;
		if (c->repair)
			data = volume_open_data(c->engine, name, NULL);
		check_report(c, MIN_OF(data, 0) == -EBADF ? 0 : MIN_OF(data, 0),
			     "volume %s has no directory", name);
	}
	return r;
}

static void check_volume_dir(struct check *c, struct arena *a, int root, const char *name)
{
	struct store_volume row = {};
	int r = 0;

	if (store_volume_find(c->engine->store, a, name, &row, NULL) != -ENOENT)
		return;
	if (c->repair && volume_check_name(name, NULL) == 0)
		r = adopt_volume(c, name);
	else if (c->repair)
		r = path_remove_tree(root, name, NULL);
	check_report(c, r, "directory of volume %s belongs to no volume", name);
}

int check_volumes(struct check *c, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup_fd int root = -EBADF, lock = -EBADF, fd = -EBADF;
	struct dirent *entry;
	DIR *dir;
	int r;

	root = a ? volume_open_root(c->engine, err) : err_oom(err);
	if (root < 0)
		return root;
	/* Nobody is between row and directory while we hold this. */
	lock = volume_lock_all(c->engine, err);
	if (lock < 0)
		return lock;
	r = check_volume_rows(c, a, root, err);
	if (r < 0)
		return r;
	fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "read %s/volumes", c->engine->root);
	TAKE_FD(fd);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') /* our lock; no volume begins with a dot */
			check_volume_dir(c, a, root, entry->d_name);
	(void)closedir(dir);
	return 0;
}

void system_sweep(struct engine *e)
{
	struct check c = {.engine = e, .repair = true, .sweep = true};

	(void)check_containers(&c, NULL);
	(void)check_run_folders(&c, NULL);
	(void)check_cgroups(&c, NULL);
}

int system_check(struct engine *e, bool repair,
		 void (*found)(const char *problem, bool repaired, void *data), void *data,
		 int *ret_left, struct err *err)
{
	static int (*const steps[])(struct check * c, struct err * err) = {
		check_store,   check_containers, check_run_folders,
		check_volumes, check_cgroups,    check_mounts,
	};
	struct check c = {.engine = e, .repair = repair, .found = found, .data = data};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&c, err);
	*ret_left = c.left;
	return r;
}
