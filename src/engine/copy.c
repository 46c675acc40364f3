// SPDX-License-Identifier: Apache-2.0
/*
 * The three primitives that Docker's API has, too: stat a path, a tar stream out of one, a tar
 * stream into one. What `cp` makes of them is in copy-host.c.
 */
#include "engine/copy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/copy-path.h"
#include "engine/copy-private.h"
#include "engine/private.h"
#include "store/tree.h"

int copy_not_found(const char *key, const char *path, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "Could not find the file %s in container %s", path, key);
}

/* An O_PATH fd of what the path means; a link in the last place stays a link, unless a trailing
 * slash or `follow` says otherwise. */
static int open_path(const struct copy_root *root, const char *key, const char *path, bool follow,
		     struct err *err)
{
	int fd = path_open_in_root(root->fd, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return copy_not_found(key, path, err);
	return fd < 0 ? err_sys(err, fd, "open %s in container %s", path, key) : fd;
}

int copy_stat_at(const struct copy_root *root, struct arena *a, const char *key, const char *path,
		 struct copy_stat *ret, struct err *err)
{
	char *full = copy_path_in_container(a, path);
	cleanup_fd int fd = -EBADF;
	struct stat st;
	int r = 0;

	if (!full)
		return err_oom(err);
	fd = open_path(root, key, full, false, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat %s in container %s", path, key);
	*ret = (struct copy_stat){
		.name = copy_path_base(a, full),
		.link_target = arena_strdup(a, ""),
		.size = st.st_size,
		.mode = st.st_mode,
		.mtime = (int64_t)st.st_mtim.tv_sec * NS_PER_SEC + st.st_mtim.tv_nsec,
	};
	if (!ret->name || !ret->link_target)
		return err_oom(err);
	if (S_ISLNK(st.st_mode))
		r = copy_root_resolve(root, a, full, true, &ret->link_target, err);
	return r;
}

int copy_stat(struct engine *e, struct arena *a, const char *key, const char *path,
	      struct copy_stat *ret, struct err *err)
{
	cleanup(copy_root_done) struct copy_root root = COPY_ROOT_INIT;
	int r = copy_root_open(e, a, key, COPY_ROOT_WITH_MOUNTS, &root, err);

	return r < 0 ? r : copy_stat_at(&root, a, key, path, ret, err);
}

int copy_source(const struct copy_root *root, struct arena *a, const char *key, const char *path,
		bool follow_link, struct copy_info *ret, struct err *err)
{
	struct copy_stat st;
	int r;

	*ret = (struct copy_info){.path = copy_path_in_container(a, path), .exists = true};
	if (!ret->path)
		return err_oom(err);
	r = copy_stat_at(root, a, key, path, &st, err);
	if (r == 0 && follow_link && S_ISLNK(st.mode)) {
		ret->path = st.link_target;
		if (copy_path_rebase(a, path, &ret->path, &ret->rebase) < 0)
			return err_oom(err);
		r = copy_stat_at(root, a, key, ret->path, &st, err);
	}
	if (r == 0)
		ret->is_dir = S_ISDIR(st.mode);
	return r;
}

/* The worker is given the path without links in it, so that "link/." is what the link means there. */
int copy_pack_path(const struct copy_root *root, struct arena *a, const struct copy_info *src,
		   const char **ret, struct err *err)
{
	bool follow = copy_path_ends_slash(src->path) || copy_path_is_current(src->path);
	char *resolved;
	int r = copy_root_resolve(root, a, src->path, follow, &resolved, err);

	if (r == 0)
		*ret = resolved;
	return r;
}

int copy_from(struct engine *e, const char *key, const char *path, bool follow_link, int out_fd,
	      struct err *err)
{
	cleanup(copy_root_done) struct copy_root root = COPY_ROOT_INIT;
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct tree_pack pack = {};
	struct copy_info src;
	int r;

	if (!a)
		return err_oom(err);
	if ((r = copy_root_open(e, a, key, COPY_ROOT_WITH_MOUNTS, &root, err)) < 0 ||
	    (r = copy_source(&root, a, key, path, follow_link, &src, err)) < 0 ||
	    (r = copy_pack_path(&root, a, &src, &pack.path, err)) < 0)
		return r;
	pack.root_fd = root.fd;
	copy_root_ids(&root, &pack);
	pack.rename = copy_path_base(a, src.path);
	if (!pack.rename)
		return err_oom(err);
	if (str_eq(pack.rename, "/"))
		pack.rename = ".";
	return tree_pack(e->store, &pack, out_fd, err);
}

int copy_open_target(const struct copy_root *root, const char *key, const char *path,
		     struct err *err)
{
	int fd, r;

	/* Files of the host's root cannot be on the layers as they are mapped there. */
	if (root->ids.size)
		return err_set(err, ERR_UNSUPPORTED,
			       "container %s runs in a user namespace: stop it to copy into it",
			       key);
	fd = path_open_in_root(root->fd, path, O_PATH | O_DIRECTORY, 0);
	if (fd == -ENOENT)
		return copy_not_found(key, path, err);
	if (fd == -ENOTDIR)
		return err_set(err, ERR_INVALID, "extraction point is not a directory");
	if (fd < 0)
		return err_sys(err, fd, "open %s in container %s", path, key);
	r = copy_root_check_writable(root, fd, err);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return fd;
}

int copy_into(struct engine *e, const char *key, const char *path,
	      const struct copy_into_options *o, int in_fd, struct err *err)
{
	cleanup(copy_root_done) struct copy_root root = COPY_ROOT_INIT;
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct tree_unpack unpack = {.keep_owner = o->keep_owner,
				     .no_overwrite_dir_nondir = o->no_overwrite_dir_nondir};
	cleanup_fd int target = -EBADF;
	char *full;
	int r;

	full = a ? copy_path_in_container(a, path) : NULL;
	if (!full)
		return err_oom(err);
	r = copy_root_open(e, a, key, COPY_ROOT_WITH_MOUNTS, &root, err);
	if (r < 0)
		return r;
	target = copy_open_target(&root, key, full, err);
	if (target < 0)
		return target;
	unpack.root_fd = root.fd;
	unpack.path = full;
	return tree_unpack(e->store, &unpack, in_fd, err);
}
