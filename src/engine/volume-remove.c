// SPDX-License-Identifier: Apache-2.0
/*
 * A volume goes: lock (exclusive: nobody is between looking it up and naming it in a container's
 * row), look for users, delete the row, rename the directory to tmp/, unlock, remove the tree. The
 * name is free before the slow part begins. A crash after the row went leaves a directory that
 * `system check
 * --repair` gives a row again; a crash after the rename leaves something in tmp/, which is swept.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/id.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/filter.h"
#include "engine/private.h"
#include "engine/volume-private.h"

static int take_lock(struct engine *e, enum lock_mode mode, struct err *err)
{
	cleanup_fd int root = volume_open_root(e, err);

	return root < 0 ? root : lock_take(root, VOLUME_LOCK, mode, err);
}

int volume_hold(struct engine *e, struct err *err)
{
	return take_lock(e, LOCK_SHARED, err);
}

int volume_lock_all(struct engine *e, struct err *err)
{
	return take_lock(e, LOCK_EXCLUSIVE, err);
}

/* Under the exclusive lock. *doomed: its new name in tmp/, "" when there was no directory. */
static int unlink_volume(struct engine *e, const char *name, char doomed[64], struct err *err)
{
	cleanup_fd int root = volume_open_root(e, err), tmp = -EBADF;
	char id[32 + 1];
	int r;

	if (root < 0)
		return root;
	tmp = path_open_dir(e->root_fd, "tmp", 0700, err);
	if (tmp < 0)
		return tmp;
	r = store_volume_delete(e->store, name, err);
	if (r < 0)
		return r;
	id_random(id, 32);
	(void)snprintf(doomed, 64, "volume-%s", id);
	if (renameat(root, name, tmp, doomed) < 0) {
		*doomed = '\0';
		if (errno != ENOENT)
			return err_sys(err, errno, "remove volume %s", name);
	}
	return 0;
}

static int remove_doomed(struct engine *e, const char *doomed, struct err *err)
{
	cleanup_fd int tmp = -EBADF;

	if (!*doomed)
		return 0;
	tmp = path_open_dir(e->root_fd, "tmp", 0700, err);
	return tmp < 0 ? tmp : path_remove_tree(tmp, doomed, err);
}

static int refuse_in_use(struct arena *a, const char *name, char *const *ids, struct err *err)
{
	char *text = strv_join(a, ids, ", ");

	if (!text)
		return err_oom(err);
	return err_set(err, ERR_CONFLICT, "remove %s: volume is in use - [%s]", name, text);
}

int volume_remove(struct engine *e, const char *name, bool force, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup_fd int lock = -EBADF;
	struct err cause = ERR_INIT;
	struct volume_info v;
	char doomed[64] = "", **ids;
	int r;

	if (!a)
		return err_oom(err);
	lock = take_lock(e, LOCK_EXCLUSIVE, err);
	if (lock < 0)
		return lock;
	r = volume_find(e, a, name, &v, &cause);
	if (r < 0)
		return force && cause.kind == ERR_NOT_FOUND
			       ? 0
			       : err_copy(err, cause.kind, cause.code, cause.msg);
	r = container_volume_users(e, a, v.row.name, &ids, err);
	if (r < 0)
		return r;
	if (strv_len(ids))
		return refuse_in_use(a, v.row.name, ids, err);
	r = unlink_volume(e, v.row.name, doomed, err);
	fd_close(TAKE_FD(lock));
	return r < 0 ? r : remove_doomed(e, doomed, err);
}

/* ---- prune ---- */

struct usage {
	int64_t bytes;
	int depth;
};

/* Blocks on the disk; a file with several names counts by its share, so that the sum is right. */
static void add_usage(int at, const char *name, struct usage *u)
{
	cleanup_fd int fd = -EBADF;
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	u->bytes += (int64_t)st.st_blocks * 512 /
		    (S_ISDIR(st.st_mode) ? 1 : (int64_t)MAX_OF(st.st_nlink, 1));
	if (!S_ISDIR(st.st_mode) || u->depth > 1000)
		return;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	TAKE_FD(fd);
	u->depth++;
	while ((entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			add_usage(dirfd(dir), entry->d_name, u);
	u->depth--;
	(void)closedir(dir);
}

static bool prunable(const struct volume_info *v, bool all, const struct filters *f)
{
	return v->refs == 0 && (all || v->row.anonymous) && filter_labels(f, &v->row.labels);
}

int volume_prune(struct engine *e, struct arena *a, bool all, const struct filters *f,
		 char ***ret_names, int64_t *bytes, struct err *err)
{
	static const char *const known[] = {"label", "label!", "all", NULL};
	cleanup_fd int lock = -EBADF, root = -EBADF;
	char **doomed = NULL, **names = NULL;
	struct json_list volumes;
	struct opt_flag all_filter;
	struct usage u = {};
	int r;

	if ((r = filter_check(f, known, err)) < 0 ||
	    (r = filter_flag(f, "all", &all_filter, err)) < 0)
		return r;
	all = all || all_filter.value;
	root = volume_open_root(e, err);
	if (root < 0)
		return root;
	lock = take_lock(e, LOCK_EXCLUSIVE, err);
	if (lock < 0)
		return lock;
	r = volume_list(e, a, NULL, &volumes, err);
	for (size_t i = 0; r == 0 && i < volumes.n; i++) {
		struct volume_info *v = JSON_AT(struct volume_info, &volumes, i);
		char *tmp_name;

		if (!prunable(v, all, f))
			continue;
		add_usage(root, v->row.name, &u);
		tmp_name = arena_alloc(a, 64);
		if (!tmp_name)
			return err_oom(err);
		r = unlink_volume(e, v->row.name, tmp_name, err);
		names = r < 0 ? names : strv_append(a, names, v->row.name);
		doomed = r < 0 ? doomed : strv_append(a, doomed, tmp_name);
		if (!names || !doomed)
			break;
	}
	fd_close(TAKE_FD(lock));
	for (; r == 0 && doomed && *doomed; doomed++)
		r = remove_doomed(e, *doomed, err);
	*ret_names = names ?: arena_alloc(a, sizeof(char *));
	*bytes = u.bytes;
	return r < 0 ? r : *ret_names ? 0 : err_oom(err);
}
