// SPDX-License-Identifier: Apache-2.0
/*
 * tmpcopyup: a new tmpfs gets a copy of the directory that it is about to cover.
 *
 * The source is the image's, thus hostile: everything goes through fds of directories, no link is
 * followed, no other mount entered, depth and size are bounded (the tmpfs's own limit is the real
 * one: ENOSPC is the configuration's error). Owners, modes, times and devices are kept; files that
 * are linked become several.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "run/child.h"

#define DEPTH_MAX 64

static int copy_dir(int from, int to, dev_t dev, int depth);

static int copy_data(int from, int to)
{
	char data[65536];
	ssize_t n;

	while ((n = fd_read(from, data, sizeof(data))) > 0) {
		int r = fd_write(to, data, (size_t)n);

		if (r < 0)
			return r;
	}
	return (int)n;
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
	cleanup_fd int from =
		openat(from_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup_fd int to = -EBADF;

	if (from < 0)
		return -errno;
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return to < 0 ? -errno : copy_data(from, to);
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to_dir, name) < 0 ? -errno : 0;
}

static int copy_subdir(int from_dir, int to_dir, const char *name, dev_t dev, int depth)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	cleanup_fd int from = openat(from_dir, name, flags), to = -EBADF;

	if (from < 0)
		return -errno;
	if (mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	to = openat(to_dir, name, flags);
	return to < 0 ? -errno : copy_dir(from, to, dev, depth + 1);
}

static int copy_attributes(int to_dir, const char *name, const struct stat *st)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* After the owner, whose change takes the set-id bits away. */
	if (!S_ISLNK(st->st_mode) && fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_entry(int from_dir, int to_dir, const char *name, dev_t dev, int depth)
{
	struct stat st;
	int r;

	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		r = st.st_dev == dev ? copy_subdir(from_dir, to_dir, name, dev, depth) : -EXDEV;
	else if (S_ISREG(st.st_mode))
		r = copy_file(from_dir, to_dir, name);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from_dir, to_dir, name);
	else
		r = mknodat(to_dir, name, st.st_mode, st.st_rdev) < 0 ? -errno : 0;
	if (r == -EXDEV) /* another file system is mounted here: it is not part of the directory */
		return 0;
	return r < 0 ? r : copy_attributes(to_dir, name, &st);
}

static int copy_dir(int from, int to, dev_t dev, int depth)
{
	int fd = depth > DEPTH_MAX ? -1 : openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		r = depth > DEPTH_MAX ? -ELOOP : -errno;
		fd_close(fd);
		return r;
	}
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = copy_entry(from, to, e->d_name, dev, depth);
	(void)closedir(d);
	return r;
}

int mount_copy_up(int target, int mount_fd, const char *what, struct err *err)
{
	struct stat st;
	int r;

	if (fstat(target, &st) < 0)
		return err_sys(err, errno, "tmpcopyup of %s", what);
	r = copy_dir(target, mount_fd, st.st_dev, 0);
	if (r == 0 && (fchownat(mount_fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0))
		r = -errno;
	return r < 0 ? err_sys(err, r, "tmpcopyup of %s", what) : 0;
}
