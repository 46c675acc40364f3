// SPDX-License-Identifier: Apache-2.0
#include "store/tmp.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/path.h"
#include "store/db.h"

#define TMP "tmp"

/* A sweeper may have come between mkdir and flock: is the directory still the one of that name? */
static bool still_there(int tmpfd, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(tmpfd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

int tmp_make(struct store *s, struct tmp_dir *ret, struct err *err)
{
	cleanup_fd int tmpfd = path_open_dir(s->dirfd, TMP, 0700, err);

	if (tmpfd < 0)
		return tmpfd;
	for (int i = 0; i < 16; i++) {
		cleanup_fd int fd = -EBADF;

		id_random(ret->name, TMP_NAME_LEN);
		if (mkdirat(tmpfd, ret->name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return err_sys(err, errno, "create %s/%s/%s", s->root, TMP, ret->name);
		}
		fd = openat(tmpfd, ret->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
		    !still_there(tmpfd, ret->name, fd))
			continue;
		ret->fd = TAKE_FD(fd);
		return 0;
	}
	return err_sys(err, EAGAIN, "create a directory in %s/%s", s->root, TMP);
}

void tmp_done(struct store *s, struct tmp_dir *t)
{
	cleanup_fd int tmpfd = -EBADF;

	if (t->fd < 0)
		return;
	(void)db_exec(s, NULL, "DELETE FROM pin WHERE job = ?", "s", t->name);
	tmpfd = openat(s->dirfd, TMP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tmpfd < 0 || path_remove_tree(tmpfd, t->name, NULL) < 0)
		s->keeper_wanted = true;
	fd_close(TAKE_FD(t->fd));
}

int tmp_bury(struct store *s, int dirfd, const char *name, struct err *err)
{
	cleanup_fd int tmpfd = path_open_dir(s->dirfd, TMP, 0700, err);
	char grave[TMP_NAME_LEN + 1];

	if (tmpfd < 0)
		return tmpfd;
	id_random(grave, TMP_NAME_LEN);
	if (renameat(dirfd, name, tmpfd, grave) < 0)
		return errno == ENOENT
			       ? 0
			       : err_sys(err, errno, "move %s to %s/%s", name, s->root, TMP);
	s->keeper_wanted = true;
	return 0;
}

int store_bury(struct store *s, int dirfd, const char *name, struct err *err)
{
	return tmp_bury(s, dirfd, name, err);
}

int tmp_each_dead(struct store *s,
		  int (*fn)(struct store *s, int tmpfd, const char *name, void *data,
			    struct err *err),
		  void *data, struct err *err)
{
	cleanup_fd int tmpfd = path_open_dir(s->dirfd, TMP, 0700, err);
	int copy = tmpfd < 0 ? -1 : openat(tmpfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int r = 0;

	if (!d) {
		fd_close(copy);
		return tmpfd < 0 ? tmpfd : err_sys(err, errno, "read %s/%s", s->root, TMP);
	}
	while (r == 0 && (e = readdir(d))) {
		cleanup_fd int fd = -EBADF;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		/* Not a directory: never a maker's, but opening a FIFO would block. */
		if (e->d_type == DT_DIR) {
			fd = openat(tmpfd, e->d_name,
				    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
			if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
				continue;
		}
		r = fn(s, tmpfd, e->d_name, data, err);
	}
	(void)closedir(d);
	return r;
}

static int sweep_one(struct store *s, int tmpfd, const char *name, void *data UNUSED,
		     struct err *err)
{
	int r = db_exec(s, err, "DELETE FROM pin WHERE job = ?", "s", name);

	return r < 0 ? r : path_remove_tree(tmpfd, name, err);
}

int tmp_sweep(struct store *s, struct err *err)
{
	return tmp_each_dead(s, sweep_one, NULL, err);
}
