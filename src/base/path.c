// SPDX-License-Identifier: Apache-2.0
#include "base/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/str.h"

#define TREE_DEPTH_MAX 2048
#define LINKS_MAX      40 /* as the kernel */

static int open_how(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};

	/* EAGAIN: a rename elsewhere raced with a ".." in the path; the kernel asks to try again.
	 */
	for (int i = 0; i < 128; i++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

int path_open_in_root(int dirfd, const char *path, int flags, mode_t mode)
{
	return open_how(dirfd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	return open_how(dirfd, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

/* The next component of *path into name; false at the end. */
static bool next_component(const char **path, char *name, size_t size)
{
	const char *p = *path + strspn(*path, "/");
	size_t n = strcspn(p, "/");

	*path = p + n;
	if (n == 0 || n >= size)
		return false;
	memcpy(name, p, n);
	name[n] = '\0';
	return true;
}

/* The first part of the path that does not resolve: its length, or 0 when all of it does. */
static size_t missing_part(int dirfd, const char *path)
{
	char prefix[PATH_MAX];

	for (size_t end = 0; path[end];) {
		cleanup_fd int fd = -EBADF;

		end += strspn(path + end, "/");
		end += strcspn(path + end, "/");
		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)end, path);
		fd = path_open_in_root(dirfd, prefix, O_PATH, 0);
		if (fd == -ENOENT)
			return end;
	}
	return 0;
}

/* Images have links whose target is missing (/var/run -> /run). What is made must be what the link
 * means, inside the root: such links are replaced by their text in `path` (PATH_MAX bytes). */
static int follow_dangling(int dirfd, char *path)
{
	for (int links = 0; links < LINKS_MAX; links++) {
		char prefix[PATH_MAX], text[PATH_MAX], next[2 * PATH_MAX + 2];
		size_t n = missing_part(dirfd, path);
		cleanup_fd int fd = -EBADF;
		ssize_t len;
		char *slash;

		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)n, path);
		fd = n ? path_open_in_root(dirfd, prefix, O_PATH | O_NOFOLLOW, 0) : -ENOENT;
		if (fd < 0) /* nothing there, not even a link */
			return fd == -ENOENT ? 0 : fd;
		len = readlinkat(fd, "", text, sizeof(text) - 1);
		if (len < 0)
			return -errno;
		text[len] = '\0';
		slash = strrchr(prefix, '/');
		if (text[0] == '/' || !slash)
			slash = prefix;
		*slash = '\0';
		if ((size_t)snprintf(next, sizeof(next), "%s/%s%s", prefix, text, path + n) >=
		    PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(path, next, PATH_MAX);
	}
	return -ELOOP;
}

static int mkdir_in_root(int dirfd, const char *path, mode_t mode, struct err *err)
{
	char name[256], done[PATH_MAX] = "/";
	const char *rest = path;
	size_t len = 1;
	int fd;

	/* Each step is looked up from the root again by the path made so far, so that links in the
	 * middle resolve inside the root; the directory is made through the parent's fd. */
	while (next_component(&rest, name, sizeof(name))) {
		cleanup_fd int parent = path_open_in_root(dirfd, done, O_PATH | O_DIRECTORY, 0);
		size_t n = strlen(name);

		if (parent < 0)
			return err_sys(err, parent, "open %s", done);
		if (len + n + 2 > sizeof(done))
			return err_sys(err, ENAMETOOLONG, "%s", path);
		if (strcmp(name, "..") != 0 && strcmp(name, ".") != 0 &&
		    mkdirat(parent, name, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "create directory %s", path);
		memcpy(done + len, name, n);
		len += n;
		done[len++] = '/';
		done[len] = '\0';
	}
	if (rest[strspn(rest, "/")])
		return err_sys(err, ENAMETOOLONG, "%s", path);
	fd = path_open_in_root(dirfd, done, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? err_sys(err, fd, "open %s", path) : fd;
}

static int resolve_missing(int dirfd, const char *path, char real[PATH_MAX], struct err *err)
{
	int r = -ENAMETOOLONG;

	if (snprintf(real, PATH_MAX, "%s", path) < PATH_MAX)
		r = follow_dangling(dirfd, real);
	return r < 0 ? err_sys(err, r, "create %s", path) : 0;
}

int path_mkdir_in_root(int dirfd, const char *path, mode_t mode, struct err *err)
{
	char real[PATH_MAX];
	int r = resolve_missing(dirfd, path, real, err);

	return r < 0 ? r : mkdir_in_root(dirfd, real, mode, err);
}

int path_touch_in_root(int dirfd, const char *path, mode_t mode, struct err *err)
{
	cleanup_fd int parent = -EBADF, made = -EBADF;
	char real[PATH_MAX], *slash;
	const char *name;
	int r = resolve_missing(dirfd, path, real, err);

	if (r < 0)
		return r;
	slash = strrchr(real, '/');
	name = slash ? slash + 1 : real;
	if (!path_is_component(name))
		return err_sys(err, EINVAL, "create %s", path);
	if (slash)
		*slash = '\0';
	parent = mkdir_in_root(dirfd, slash ? real : "/", 0755, err);
	if (parent < 0)
		return parent;
	/* What is there may be anything (a FIFO, a device): it is not opened. */
	made = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
	if (made < 0 && errno != EEXIST)
		return err_sys(err, errno, "create %s", path);
	r = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return r < 0 ? err_sys(err, errno, "create %s", path) : r;
}

int path_mkdir_p(const char *path, mode_t mode, struct err *err)
{
	char copy[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(copy))
		return err_sys(err, ENAMETOOLONG, "%s", path);
	memcpy(copy, path, n + 1);
	if (mkdir(copy, mode) == 0 || errno == EEXIST)
		return 0;
	for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "create directory %s", copy);
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create directory %s", path);
	return 0;
}

int path_open_dir(int dirfd, const char *name, mode_t mode, struct err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "create directory %s", name);
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	return fd < 0 ? err_sys(err, errno, "open directory %s", name) : fd;
}

static int remove_children(int fd, dev_t dev, int depth, struct err *err);

static int remove_dir(int dirfd, const char *name, dev_t dev, int depth, struct err *err)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open %s", name);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat %s", name);
	if (depth && st.st_dev != dev)
		return err_sys(err, EXDEV, "remove %s: something is mounted there", name);
	r = remove_children(fd, st.st_dev, depth + 1, err);
	if (r < 0)
		return r;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove %s", name);
	return 0;
}

static int remove_entry(int fd, const struct dirent *e, dev_t dev, int depth, struct err *err)
{
	if (e->d_type != DT_DIR) {
		if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR)
			return err_sys(err, errno, "remove %s", e->d_name);
	}
	return remove_dir(fd, e->d_name, dev, depth, err);
}

static int remove_children(int fd, dev_t dev, int depth, struct err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int r = 0;

	if (!d) {
		r = err_sys(err, errno, "read a directory");
		fd_close(copy);
		return r;
	}
	if (depth > TREE_DEPTH_MAX)
		r = err_set(err, ERR_TOO_LARGE, "directories nested deeper than %d",
			    TREE_DEPTH_MAX);
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = remove_entry(fd, e, dev, depth, err);
	(void)closedir(d);
	return r;
}

int path_remove_tree(int dirfd, const char *name, struct err *err)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return err_sys(err, errno, "remove %s", name);
	return remove_dir(dirfd, name, 0, 0, err);
}

const char *path_after(const char *path, const char *top)
{
	size_t n = strlen(top);

	while (n > 0 && top[n - 1] == '/') /* "/" itself */
		n--;
	if (strncmp(path, top, n) != 0)
		return NULL;
	return path[n] == '\0' || path[n] == '/' ? path + n : NULL;
}

char *path_clean(struct arena *a, const char *path)
{
	bool rooted = path[0] == '/';
	char *out = arena_alloc(a, strlen(path) + 2);
	size_t len = 0, floor; /* floor: nothing before it may be removed by ".." */
	const char *p = path;

	if (!out)
		return NULL;
	if (rooted)
		out[len++] = '/';
	floor = len;
	while (*(p += strspn(p, "/"))) {
		size_t n = strcspn(p, "/");
		bool up = n == 2 && p[0] == '.' && p[1] == '.';

		if (up && len > floor) {
			while (len > floor && out[len - 1] != '/')
				len--;
			if (len > floor)
				len--;
		} else if (up ? !rooted : !(n == 1 && p[0] == '.')) {
			if (len > (rooted ? 1u : 0u))
				out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
			if (up)
				floor = len;
		}
		p += n;
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

char *path_join(struct arena *a, const char *dir, const char *name)
{
	char *joined = name[0] == '/' ? arena_strdup(a, name) : arena_printf(a, "%s/%s", dir, name);

	return joined ? path_clean(a, joined) : NULL;
}

bool path_is_component(const char *name)
{
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/') &&
	       strlen(name) <= 255;
}
