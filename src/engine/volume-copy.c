// SPDX-License-Identifier: Apache-2.0
/*
 * volume-copy - an empty volume gets what the image has at the place where it will be mounted.
 *
 * The image's layers are seen through a detached read-only overlay; the directory is looked up
 * inside that root, so that no link in the image leads out of it. The copy is made beside _data and
 * renamed over it when it is whole: a crash leaves the volume empty, and the next use copies again.
 * When other containers have the volume mounted already, they would go on with the old directory:
 * then the copy is made in place.
 *
 * Both trees are walked by directory fds and never by a path of more than one component, so a
 * process that has the volume mounted cannot make us write elsewhere.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <linux/fs.h>

#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/private.h"
#include "engine/volume-private.h"
#include "run/run.h"

#define DEPTH_MAX  1024
#define XATTRS_MAX (64 << 10)
#define LINKS_MAX  (1 << 16) /* hard links remembered; beyond that, files are copied */
#define COPY_DIR   "_copy"
#define COPY_LOCK  "_lock"

struct hard_link {
	dev_t dev;
	ino_t ino;
	int dir; /* an fd of its parent, ours */
	char *name;
};

struct copy {
	struct err *err;
	struct hard_link *links;
	size_t n_links;
	int depth;
};

static void copy_done(struct copy *c)
{
	for (size_t i = 0; i < c->n_links; i++) {
		fd_close(c->links[i].dir);
		free(c->links[i].name);
	}
	free(c->links);
}
DEFINE_CLEANUP_VALUE(struct copy, copy_done)

static int copy_children(struct copy *c, int from, int to);

/* Attributes of an opened file; the overlay's own marks stay behind. Best effort where the file
 * system of the volume has none. */
static int copy_xattrs(struct copy *c, int from, int to, const char *name)
{
	char list[XATTRS_MAX], value[XATTRS_MAX];
	ssize_t n = flistxattr(from, list, sizeof(list));

	for (char *key = list; n > 0 && key < list + n; key += strlen(key) + 1) {
		ssize_t len;

		if (str_after(key, "user.overlay.") || str_after(key, "trusted.overlay."))
			continue;
		len = fgetxattr(from, key, value, sizeof(value));
		if (len >= 0 && fsetxattr(to, key, value, (size_t)len, 0) < 0 && errno != ENOTSUP)
			return err_sys(c->err, errno, "copy attribute %s of %s", key, name);
	}
	return 0;
}

/* Owner before mode: chown takes set-uid away. Times last: all else changes them. */
static int copy_meta(struct copy *c, int from, int to, const struct stat *st, const char *name)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	int r;

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return err_sys(c->err, errno, "copy owner and mode of %s", name);
	r = copy_xattrs(c, from, to, name);
	if (r < 0)
		return r;
	if (futimens(to, times) < 0)
		return err_sys(c->err, errno, "copy times of %s", name);
	return 0;
}

/* Only the parts that hold data: holes stay holes. */
static int copy_data(struct copy *c, int from, int to, const struct stat *st, const char *name)
{
	off_t at = 0, end;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	if (ftruncate(to, st->st_size) < 0)
		return err_sys(c->err, errno, "write %s", name);
	while (at < st->st_size) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : err_sys(c->err, errno, "read %s", name);
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0 || lseek(to, at, SEEK_SET) < 0)
			return err_sys(c->err, errno, "read %s", name);
		while (at < end) {
			ssize_t n = sendfile(to, from, &at, (size_t)(end - at));

			if (n < 0 && errno != EINTR)
				return err_sys(c->err, errno, "copy %s", name);
			if (n == 0)
				return 0;
		}
	}
	return 0;
}

/* True when an earlier name of the same file was linked. */
static bool link_again(struct copy *c, const struct stat *st, int to, const char *name)
{
	for (size_t i = 0; i < c->n_links; i++)
		if (c->links[i].ino == st->st_ino && c->links[i].dev == st->st_dev)
			return linkat(c->links[i].dir, c->links[i].name, to, name, 0) == 0;
	return false;
}

static void remember_link(struct copy *c, const struct stat *st, int to, const char *name)
{
	struct hard_link *more, *l;

	if (st->st_nlink < 2 || c->n_links == LINKS_MAX)
		return;
	more = reallocarray(c->links, c->n_links + 1, sizeof(*more));
	if (!more)
		return;
	c->links = more;
	l = &more[c->n_links];
	*l = (struct hard_link){.dev = st->st_dev, .ino = st->st_ino, .name = strdup(name)};
	l->dir = l->name ? fcntl(to, F_DUPFD_CLOEXEC, 3) : -EBADF;
	if (l->dir < 0) /* copied once more instead */
		free(l->name);
	else
		c->n_links++;
}

static int copy_file(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	cleanup_fd int in = -EBADF, out = -EBADF;
	int r;

	if (st->st_nlink > 1 && link_again(c, st, to, name))
		return 0;
	in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (in < 0)
		return err_sys(c->err, errno, "open %s", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(c->err, errno, "create %s", name);
	r = copy_data(c, in, out, st, name);
	if (r == 0)
		r = copy_meta(c, in, out, st, name);
	if (r == 0)
		remember_link(c, st, to, name);
	return r;
}

static int copy_dir(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	cleanup_fd int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fd int out = -EBADF;
	int r;

	if (in < 0)
		return err_sys(c->err, errno, "open %s", name);
	if (mkdirat(to, name, 0700) < 0)
		return err_sys(c->err, errno, "create %s", name);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return err_sys(c->err, errno, "open %s", name);
	if (++c->depth > DEPTH_MAX)
		return err_set(c->err, ERR_TOO_LARGE, "directories nest more than %d deep",
			       DEPTH_MAX);
	r = copy_children(c, in, out);
	c->depth--;
	return r < 0 ? r : copy_meta(c, in, out, st, name);
}

/* Links, devices, pipes and sockets: made by name, without an fd of their own. */
static int copy_special(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	char target[PATH_MAX];
	ssize_t n;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(from, name, target, sizeof(target) - 1);
		if (n < 0)
			return err_sys(c->err, errno, "read link %s", name);
		target[n] = '\0';
		if (symlinkat(target, to, name) < 0)
			return err_sys(c->err, errno, "create %s", name);
	} else {
		/* Made without rights, and given them by name: EEXIST, not a swapped file, is what
		 * a racer with the volume mounted can get. */
		if (mknodat(to, name, st->st_mode & S_IFMT, st->st_rdev) < 0)
			return err_sys(c->err, errno, "create %s", name);
	}
	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(c->err, errno, "copy owner of %s", name);
	if (!S_ISLNK(st->st_mode)) {
		cleanup_fd int fd = openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		char proc[32];
		struct stat now;

		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		if (fd < 0 || fstat(fd, &now) < 0 ||
		    (now.st_mode & S_IFMT) != (st->st_mode & S_IFMT) ||
		    chmod(proc, st->st_mode & 07777) < 0)
			return err_sys(c->err, errno, "copy mode of %s", name);
	}
	if (utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(c->err, errno, "copy times of %s", name);
	return 0;
}

static int copy_entry(struct copy *c, int from, int to, const char *name)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(c->err, errno, "stat %s", name);
	if (S_ISREG(st.st_mode))
		return copy_file(c, from, to, name, &st);
	if (S_ISDIR(st.st_mode))
		return copy_dir(c, from, to, name, &st);
	return copy_special(c, from, to, name, &st);
}

static int copy_children(struct copy *c, int from, int to)
{
	int fd = fcntl(from, F_DUPFD_CLOEXEC, 3), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		fd_close(fd);
		return err_sys(c->err, errno, "read directory");
	}
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			r = copy_entry(c, from, to, entry->d_name);
	if (r == 0 && errno)
		r = err_sys(c->err, errno, "read directory");
	(void)closedir(dir);
	return r;
}

/* The directory and its contents into the directory that is there. */
static int copy_tree(int from, int to, const char *what, struct err *err)
{
	cleanup(copy_done) struct copy c = {.err = err};
	struct stat st;
	int r;

	if (fstat(from, &st) < 0)
		return err_sys(err, errno, "stat %s", what);
	r = copy_children(&c, from, to);
	return r < 0 ? r : copy_meta(&c, from, to, &st, what);
}

static int dir_is_empty(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), n = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		n = -errno;
		fd_close(fd);
		return n;
	}
	while (n < 3 && readdir(dir))
		n++;
	(void)closedir(dir);
	return n < 3;
}

/* vol: the directory volumes/NAME, locked. */
static int fill_volume(int vol, int from, bool in_place, const char *name, struct err *err)
{
	cleanup_fd int to = -EBADF;
	int r;

	if (in_place) {
		to = openat(vol, VOLUME_DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return to < 0 ? err_sys(err, errno, "open volume %s", name)
			      : copy_tree(from, to, name, err);
	}
	r = path_remove_tree(vol, COPY_DIR, err);
	if (r < 0)
		return r;
	to = path_open_dir(vol, COPY_DIR, 0700, err);
	if (to < 0)
		return to;
	r = copy_tree(from, to, name, err);
	if (r == 0 && renameat(vol, COPY_DIR, vol, VOLUME_DATA) < 0)
		r = err_sys(err, errno, "fill volume %s", name);
	if (r < 0)
		(void)path_remove_tree(vol, COPY_DIR, NULL);
	return r;
}

/* The directory `path` of the image, readable; -ENOENT (no message): the image has none there. */
static int open_source(char *const *lower, const char *path, struct err *err)
{
	const struct run_overlay overlay = {.lower = (char **)lower};
	cleanup_fd int root = run_overlay_open(&overlay, err);
	int fd;

	if (root < 0)
		return root;
	fd = path_open_in_root(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOTDIR || fd == -ELOOP)
		return -ENOENT;
	return fd < 0 && fd != -ENOENT ? err_sys(err, fd, "open %s in the image", path) : fd;
}

int volume_copy_up(struct engine *e, const char *name, char *const *lower, const char *path,
		   struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup_fd int root = -EBADF, vol = -EBADF, lock = -EBADF, data = -EBADF, from = -EBADF;
	char **users;
	int r;

	if (!a)
		return err_oom(err);
	data = volume_open_data(e, name, err);
	if (data < 0)
		return data;
	r = dir_is_empty(data, ".");
	if (r <= 0) /* the common case, told before anything is mounted */
		return r < 0 ? err_sys(err, r, "read volume %s", name) : 0;
	from = open_source(lower, path, err);
	if (from < 0)
		return from == -ENOENT ? 0 : from;
	root = volume_open_root(e, err);
	vol = root < 0 ? root : path_open_dir(root, name, 0701, err);
	lock = vol < 0 ? vol : lock_take(vol, COPY_LOCK, LOCK_EXCLUSIVE, err);
	if (lock < 0)
		return lock;
	r = dir_is_empty(vol, VOLUME_DATA);
	if (r <= 0) /* somebody else was first */
		return r < 0 ? err_sys(err, r, "read volume %s", name) : 0;
	r = container_volume_users(e, a, name, &users, err);
	if (r == 0)
		r = fill_volume(vol, from, strv_len(users) > 1, name, err);
	return r < 0 ? err_prefix(err, "copy %s of the image to volume %s", path, name) : 0;
}
