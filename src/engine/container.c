// SPDX-License-Identifier: Apache-2.0
/*
 * What every other container-*.c begins with: from a key to row, configuration and state.
 *
 * The row says that a container exists; the state file says how it is; run/ID/lock says whether the
 * state is still being kept up to date. They are read in that order, and only the last one can
 * contradict: a state that claims a live process while nobody holds the lock is recovered first.
 */
#include "engine/container.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/private.h"
#include "engine/recover.h"
#include "monitor/client.h"

#define STATE_MAX       (64 << 10)
#define CONFIG_TEXT_MAX (4 << 20)
#define HANG_UP_NS      NS_PER_SEC
#define HANG_UP_TURN_US 500

static const struct json_field mount_point_fields[] = {
	{"type", JSON_STR, 0, offsetof(struct container_mount_point, type)},
	{"name", JSON_STR, JSON_OMIT, offsetof(struct container_mount_point, name)},
	{"source", JSON_STR, JSON_OMIT, offsetof(struct container_mount_point, source)},
	{"destination", JSON_STR, 0, offsetof(struct container_mount_point, destination)},
	{"driver", JSON_STR, JSON_OMIT, offsetof(struct container_mount_point, driver)},
	{"mode", JSON_STR, JSON_OMIT, offsetof(struct container_mount_point, mode)},
	{"rw", JSON_FLAG, 0, offsetof(struct container_mount_point, rw)},
	{"propagation", JSON_STR, JSON_OMIT, offsetof(struct container_mount_point, propagation)},
	{"anonymous", JSON_FLAG, JSON_OMIT, offsetof(struct container_mount_point, anonymous)},
	{"no_copy", JSON_FLAG, JSON_OMIT, offsetof(struct container_mount_point, no_copy)},
	{"subpath", JSON_STR, JSON_OMIT, offsetof(struct container_mount_point, subpath)},
	{},
};
static const struct json_object mount_point_object = {"mount", sizeof(struct container_mount_point),
						      mount_point_fields};

static const struct json_field userns_fields[] = {
	{"uid", JSON_U64, JSON_REQUIRED, offsetof(struct container_userns, uid)},
	{"gid", JSON_U64, JSON_REQUIRED, offsetof(struct container_userns, gid)},
	{"size", JSON_U64, JSON_REQUIRED, offsetof(struct container_userns, size)},
	{},
};
static const struct json_object userns_object = {"userns", sizeof(struct container_userns),
						 userns_fields};

static const struct json_field extra_fields[] = {
	{"mounts", JSON_LIST, JSON_OMIT, offsetof(struct container_extra, mounts),
	 &mount_point_object},
	{"path", JSON_STR, 0, offsetof(struct container_extra, path)},
	{"args", JSON_STRV, JSON_EMPTY, offsetof(struct container_extra, args)},
	{"cgroup", JSON_STR, 0, offsetof(struct container_extra, cgroup)},
	{"userns", JSON_SUBP, JSON_OMIT, offsetof(struct container_extra, userns), &userns_object},
	{},
};
static const struct json_object extra_object = {"extra", sizeof(struct container_extra),
						extra_fields};

int container_extra_decode(struct arena *a, const char *text, struct container_extra *out,
			   struct err *err)
{
	return json_decode_text(a, text, strlen(text), &extra_object, out, "container row", err);
}

char *container_extra_encode(struct arena *a, const struct container_extra *x)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_TEXT_MAX);

	if (json_encode_text(&b, &extra_object, x, NULL) < 0)
		return NULL;
	return arena_strdup(a, b.data);
}

/* "ID" or "ID/leaf" for the *at() calls; an id from a row is 64 hex digits, but rows may be hostile. */
static int id_path(char out[ID_LEN + 32], const char *id, const char *leaf)
{
	if (!str_is_hex(id, ID_LEN))
		return -EINVAL;
	(void)snprintf(out, ID_LEN + 32, "%s%s%s", id, leaf ? "/" : "", leaf ?: "");
	return 0;
}

int container_open_dir(struct engine *e, const char *id, struct err *err)
{
	char path[ID_LEN + 32];
	int fd;

	if (id_path(path, id, NULL) < 0)
		return err_set(err, ERR_CORRUPT, "container id %s is malformed", id);
	fd = openat(e->containers_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : err_sys(err, errno, "open the directory of container %s", id);
}

int container_open_run_dir(struct engine *e, const char *id, bool make, struct err *err)
{
	char path[ID_LEN + 32];
	int fd;

	if (id_path(path, id, NULL) < 0)
		return err_set(err, ERR_CORRUPT, "container id %s is malformed", id);
	if (make && mkdirat(e->run_fd, path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the run folder of container %s", id);
	fd = openat(e->run_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open the run folder of container %s", id);
	if (make && symlinkat(e->root, fd, MONITOR_RUN_OWNER) < 0 && errno != EEXIST) {
		int r = err_sys(err, errno, "mark the run folder of container %s", id);

		fd_close(fd);
		return r;
	}
	return fd;
}

bool container_is_alive(struct engine *e, const char *id)
{
	char path[ID_LEN + 32];

	return id_path(path, id, "lock") == 0 && lock_is_held(e->run_fd, path);
}

bool container_gone(struct engine *e, const char *id)
{
	struct store_container row;
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);

	return a && store_container_find(e->store, a, id, &row, NULL) == -ENOENT;
}

int container_raw_state(struct engine *e, struct arena *a, const char *id,
			struct container_state *out, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(STATE_MAX);
	char path[ID_LEN + 32];
	int r;

	if (id_path(path, id, "state") < 0)
		return err_set(err, ERR_CORRUPT, "container id %s is malformed", id);
	r = file_read(e->containers_fd, path, &b, err);
	/* None before the first start: one inode less for the many that live a moment. */
	if (r == -ENOENT && faccessat(e->containers_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		if (err)
			*err = ERR_INIT;
		*out = (struct container_state){
			.status = CONTAINER_CREATED, .boot_id = (char *)"", .error = (char *)""};
		return 0;
	}
	if (r < 0)
		return r;
	return container_state_decode(a, b.data ?: "", b.len, out, err);
}

int container_read_state(struct engine *e, struct arena *a, const char *id,
			 struct container_state *out, struct err *err)
{
	int r = container_raw_state(e, a, id, out, err);

	if (r < 0 || !container_status_is_live(out->status) || container_is_alive(e, id))
		return r;
	return recover_container(e, a, id, out, err);
}

int container_state_after(struct engine *e, struct arena *a, const char *id,
			  struct container_state *out, struct err *err)
{
	int64_t until = clock_monotonic() + HANG_UP_NS;
	int r = container_read_state(e, a, id, out, err);

	while (r == 0 && container_status_is_live(out->status) && clock_monotonic() < until) {
		(void)usleep(HANG_UP_TURN_US);
		r = container_read_state(e, a, id, out, err);
	}
	return r;
}

bool container_status_is_live(enum container_status s)
{
	return s == CONTAINER_RUNNING || s == CONTAINER_PAUSED || s == CONTAINER_RESTARTING;
}

int container_decode_row(struct arena *a, const struct store_container *row,
			 struct container_create **ret, struct err *err)
{
	struct container_create *c = arena_alloc(a, sizeof(*c));
	int r = c ? container_create_decode_text(a, row->config, c, err) : err_oom(err);

	if (r == 0)
		*ret = c;
	return r;
}

int container_find(struct engine *e, struct arena *a, const char *key, struct container_info *ret,
		   struct err *err)
{
	int r;

	if (*key == '/') /* Docker's API writes names so */
		key++;
	*ret = (struct container_info){.size_rw = -1, .size_root_fs = -1};
	r = store_container_find(e->store, a, key, &ret->row, err);
	if (r < 0)
		return r;
	return container_read_state(e, a, ret->row.id, &ret->state, err);
}

int container_brief(struct engine *e, struct arena *a, const char *key, struct container_info *ret,
		    struct err *err)
{
	int r = container_find(e, a, key, ret, err);

	return r < 0 ? r : container_decode_row(a, &ret->row, &ret->config, err);
}

int container_read_monitor_config(struct engine *e, struct arena *a, const char *id,
				  struct monitor_config *out, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_TEXT_MAX);
	char path[ID_LEN + 32];
	int r;

	if (id_path(path, id, "monitor.json") < 0)
		return err_set(err, ERR_CORRUPT, "container id %s is malformed", id);
	r = file_read(e->containers_fd, path, &b, err);
	if (r < 0)
		return r;
	return json_decode_text(a, b.data ?: "", b.len, &monitor_config_object, out, path, err);
}

int container_overlay(struct engine *e, struct arena *a, const char *id, struct run_overlay *out,
		      struct err *err)
{
	struct monitor_config m = {};
	int r = container_read_monitor_config(e, a, id, &m, err);

	if (r < 0)
		return r;
	*out = (struct run_overlay){.lower = m.lower, .upper = m.upper, .work = m.work};
	return 0;
}

int container_connect(struct engine *e, const char *id, struct err *err)
{
	cleanup_fd int dir = container_open_run_dir(e, id, false, err);

	return dir < 0 ? dir : monitor_connect(dir, err);
}

int container_volume_users(struct engine *e, struct arena *a, const char *volume, char ***ret_ids,
			   struct err *err)
{
	struct json_list rows = {};
	char **ids = NULL;
	int r = store_container_list(e->store, a, &rows, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < rows.n; i++) {
		struct store_container *row = JSON_AT(struct store_container, &rows, i);
		struct container_extra x = {};

		if (!strstr(row->extra, volume)) /* most containers: not worth a parse */
			continue;
		r = container_extra_decode(a, row->extra, &x, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < x.mounts.n; k++) {
			if (!str_eq(JSON_AT(struct container_mount_point, &x.mounts, k)->name,
				    volume))
				continue;
			ids = strv_append(a, ids, row->id);
			if (!ids)
				return err_oom(err);
			break;
		}
	}
	*ret_ids = ids ?: arena_alloc(a, sizeof(char *));
	return *ret_ids ? 0 : err_oom(err);
}
