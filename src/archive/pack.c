// SPDX-License-Identifier: Apache-2.0
#include "archive/pack.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "store/tarball.h"

#define OUT_SIZE     ((size_t)256 << 10)
#define XATTRS_MAX   64
#define MQUEUE_MAGIC 0x19800202 /* not in linux/magic.h */
#define XATTR_BYTES  ((size_t)64 << 10)
#define DEPTH_MAX    1024
#define LINKS_MAX    ((size_t)1 << 22)

struct link { /* the first name of a file that has several */
	dev_t dev;
	ino_t ino;
	char *name;
};

struct state {
	struct pack *p;
	struct buf out;
	struct link *links; /* open addressing */
	size_t n_links, room;
	dev_t top_dev;
	char name[PATH_MAX]; /* in the archive, of the entry at hand */
	char xattr_names[XATTR_BYTES], xattr_values[XATTR_BYTES];
	struct tarball_xattr xattrs[XATTRS_MAX];
};

static int flush(struct state *st, struct err *err)
{
	int r = buf_check(&st->out, err);

	if (r == 0 && st->p->hash)
		r = hash_add(st->p->hash, st->out.data, st->out.len, err);
	if (r < 0)
		return r;
	r = fd_write(st->p->out_fd, st->out.data, st->out.len);
	if (r < 0)
		return err_sys(err, r, "write the archive");
	st->p->bytes += st->out.len;
	buf_reset(&st->out);
	return 0;
}

static int maybe_flush(struct state *st, struct err *err)
{
	return st->out.len >= OUT_SIZE ? flush(st, err) : 0;
}

static int put_zeros(struct state *st, uint64_t n, struct err *err)
{
	static const char zeros[4096];
	int r = 0;

	while (r == 0 && n > 0) {
		size_t len = MIN_OF(n, sizeof(zeros));

		buf_add(&st->out, zeros, len);
		n -= len;
		r = maybe_flush(st, err);
	}
	return r;
}

/* Exactly `size` bytes, as the header says, whatever happens to the file meanwhile. */
static int put_file(struct state *st, int fd, uint64_t size, struct err *err)
{
	uint64_t left = size;
	int r = 0;

	while (r == 0 && left > 0) {
		char *room = buf_room(&st->out, OUT_SIZE);
		ssize_t n = room ? read(fd, room, MIN_OF(left, OUT_SIZE)) : 0;

		if (!room)
			return err_oom(err);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read %s", st->name);
		if (n == 0)
			break;
		buf_grew(&st->out, (size_t)n);
		left -= (uint64_t)n;
		r = maybe_flush(st, err);
	}
	if (r == 0)
		r = put_zeros(st, left + tarball_padding(size), err);
	return r;
}

static bool xattr_wanted(const char *name)
{
	if (str_after(name, "user."))
		return !str_after(name, "user.overlay.");
	return str_eq(name, "security.capability") || str_eq(name, "system.posix_acl_access") ||
	       str_eq(name, "system.posix_acl_default");
}

static int compare_xattrs(const void *a, const void *b)
{
	return strcmp(((const struct tarball_xattr *)a)->name,
		      ((const struct tarball_xattr *)b)->name);
}

static int read_xattrs(struct state *st, int fd, struct tarball_entry *e, struct err *err)
{
	ssize_t len = flistxattr(fd, st->xattr_names, sizeof(st->xattr_names)), n;
	size_t used = 0, count = 0;

	if (len < 0)
		return errno == EOPNOTSUPP ? 0
					   : err_sys(err, errno, "read attributes of %s", st->name);
	for (const char *p = st->xattr_names; p < st->xattr_names + len; p += strlen(p) + 1) {
		if (!xattr_wanted(p))
			continue;
		n = fgetxattr(fd, p, st->xattr_values + used, XATTR_BYTES - used);
		if (n < 0 && errno == ENODATA)
			continue;
		if (n < 0 || count == XATTRS_MAX)
			return err_sys(err, n < 0 ? errno : E2BIG, "read attributes of %s",
				       st->name);
		st->xattrs[count++] = (struct tarball_xattr){p, st->xattr_values + used, (size_t)n};
		used += (size_t)n;
	}
	qsort(st->xattrs, count, sizeof(st->xattrs[0]), compare_xattrs);
	e->xattrs = st->xattrs;
	e->n_xattrs = count;
	return 0;
}

static struct link *link_slot(struct link *links, size_t room, dev_t dev, ino_t ino)
{
	size_t i = (size_t)((ino * UINT64_C(0x9e3779b97f4a7c15)) ^ dev) & (room - 1);

	while (links[i].name && (links[i].dev != dev || links[i].ino != ino))
		i = (i + 1) & (room - 1);
	return &links[i];
}

static int grow_links(struct state *st, struct err *err)
{
	size_t room = st->room ? 2 * st->room : 256;
	struct link *grown;

	if (2 * st->n_links < st->room)
		return 0;
	if (room > LINKS_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %zu hard links", LINKS_MAX / 2);
	grown = calloc(room, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	for (size_t i = 0; i < st->room; i++)
		if (st->links[i].name)
			*link_slot(grown, room, st->links[i].dev, st->links[i].ino) = st->links[i];
	free(st->links);
	st->links = grown;
	st->room = room;
	return 0;
}

/* The name this file was already written under, or NULL. */
static int known_link(struct state *st, const struct stat *sb, const char **ret, struct err *err)
{
	struct link *slot;
	int r;

	*ret = NULL;
	if (S_ISDIR(sb->st_mode) || sb->st_nlink < 2)
		return 0;
	r = grow_links(st, err);
	if (r < 0)
		return r;
	slot = link_slot(st->links, st->room, sb->st_dev, sb->st_ino);
	if (slot->name) {
		*ret = slot->name;
		return 0;
	}
	*slot = (struct link){sb->st_dev, sb->st_ino, strdup(st->name)};
	if (!slot->name)
		return err_oom(err);
	st->n_links++;
	return 0;
}

static char type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return '0';
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return 0;
	}
}

static int put_header(struct state *st, struct tarball_entry *e, struct err *err)
{
	int r = tarball_header(&st->out, e, err);

	st->p->entries++;
	return r < 0 ? r : maybe_flush(st, err);
}

/* An empty file with the whiteout's name in the place of the entry at hand. */
static int put_whiteout(struct state *st, struct err *err)
{
	char *slash = strrchr(st->name, '/'), name[PATH_MAX + 8];
	int dir = slash ? (int)(slash - st->name) + 1 : 0;

	(void)snprintf(name, sizeof(name), "%.*s.wh.%s", dir, st->name, st->name + dir);
	return put_header(st, &(struct tarball_entry){.name = name, .type = '0', .mode = 0600},
			  err);
}

static int put_opaque(struct state *st, int fd, struct err *err)
{
	char value[2], name[PATH_MAX + 16];

	if (fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) != 1 || value[0] != 'y')
		return 0;
	(void)snprintf(name, sizeof(name), "%s.wh..wh..opq", st->name);
	return put_header(st, &(struct tarball_entry){.name = name, .type = '0', .mode = 0600},
			  err);
}

static int pack_entry(struct state *st, int dirfd, const char *name, int depth, struct err *err);

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(int fd, char ***ret, size_t *n, struct err *err)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	size_t room = 0;
	int r = 0;

	if (!d) {
		fd_close(copy);
		return err_sys(err, errno, "read a directory");
	}
	while (r == 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (*n == room) {
			void *grown = realloc(*ret, (room = room ? 2 * room : 64) * sizeof(char *));

			if (!grown) {
				r = err_oom(err);
				break;
			}
			*ret = grown;
		}
		(*ret)[*n] = strdup(e->d_name);
		r = (*ret)[*n] ? 0 : err_oom(err);
		*n += r == 0;
	}
	(void)closedir(d);
	if (r == 0 && *n > 0)
		qsort(*ret, *n, sizeof(char *), compare_names);
	return r;
}

static int pack_children(struct state *st, int fd, int depth, struct err *err)
{
	size_t len = strlen(st->name), n = 0;
	char **names = NULL;
	int r;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_TOO_LARGE, "directories nested deeper than %d", DEPTH_MAX);
	r = read_names(fd, &names, &n, err);
	for (size_t i = 0; i < n; i++) {
		if (r == 0 && len + strlen(names[i]) + 2 > sizeof(st->name))
			r = err_sys(err, ENAMETOOLONG, "pack %s", st->name);
		if (r == 0) {
			memcpy(st->name + len, names[i], strlen(names[i]) + 1);
			r = pack_entry(st, fd, names[i], depth + 1, err);
			st->name[len] = '\0';
		}
		free(names[i]);
	}
	free(names);
	return r;
}

#define NOBODY 65534

/* As a process of the namespace sees it: who is not in it is nobody. */
static uint32_t inside(uint32_t id, uint32_t first, uint32_t n)
{
	if (n == 0)
		return id;
	return id >= first && id - first < n ? id - first : NOBODY;
}

static void fill(struct state *st, const struct stat *sb, struct tarball_entry *e)
{
	*e = (struct tarball_entry){
		.name = st->name,
		.type = type_of(sb->st_mode),
		.mode = sb->st_mode & 07777,
		.uid = st->p->reset_owner ? 0 : inside(sb->st_uid, st->p->uid, st->p->ids),
		.gid = st->p->reset_owner ? 0 : inside(sb->st_gid, st->p->gid, st->p->ids),
		.size = S_ISREG(sb->st_mode) ? (uint64_t)sb->st_size : 0,
		.mtime = sb->st_mtim.tv_sec * NS_PER_SEC + sb->st_mtim.tv_nsec,
	};
	if (S_ISCHR(sb->st_mode) || S_ISBLK(sb->st_mode)) {
		e->major = major(sb->st_rdev);
		e->minor = minor(sb->st_rdev);
	}
}

/* What the kernel shows of itself in a running container is no file to copy: there is no end of it, much
 * may not be read, and nobody could use it. Only its directory goes along. */
static bool is_kernels(int fd)
{
	static const uint32_t types[] = {
		PROC_SUPER_MAGIC,   SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
		DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,      SECURITYFS_MAGIC,
		BPF_FS_MAGIC,       MQUEUE_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((uint32_t)fs.f_type == types[i])
			return true;
	return false;
}

static bool goes_into(const struct state *st, int fd, const struct stat *sb)
{
	return sb->st_dev == st->top_dev || (!st->p->one_filesystem && !is_kernels(fd));
}

static int pack_dir(struct state *st, int dirfd, const char *name, int depth, struct err *err)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	size_t len = strlen(st->name);
	struct tarball_entry e;
	struct stat sb;
	int r = 0;

	if (fd < 0 || fstat(fd, &sb) < 0)
		return err_sys(err, errno, "open %s", st->name);
	if (len > 0 && st->name[len - 1] != '/') {
		if (len + 2 > sizeof(st->name))
			return err_sys(err, ENAMETOOLONG, "pack %s", st->name);
		memcpy(st->name + len, "/", 2);
	}
	if (len > 0) { /* the nameless top has no entry */
		fill(st, &sb, &e);
		r = read_xattrs(st, fd, &e, err);
		if (r == 0)
			r = put_header(st, &e, err);
	}
	if (r == 0 && st->p->layer)
		r = put_opaque(st, fd, err);
	if (r == 0 && goes_into(st, fd, &sb))
		r = pack_children(st, fd, depth, err);
	st->name[len] = '\0';
	return r;
}

static int pack_open_file(struct state *st, int fd, struct err *err)
{
	struct tarball_entry e;
	struct stat sb;
	int r;

	if (fstat(fd, &sb) < 0)
		return err_sys(err, errno, "stat %s", st->name);
	if (!S_ISREG(sb.st_mode))
		return err_set(err, ERR_CONFLICT, "%s changed while it was read", st->name);
	fill(st, &sb, &e);
	r = known_link(st, &sb, &e.link, err);
	if (r < 0)
		return r;
	if (e.link) {
		e.type = '1';
		e.size = 0;
		return put_header(st, &e, err);
	}
	r = read_xattrs(st, fd, &e, err);
	if (r == 0)
		r = put_header(st, &e, err);
	return r < 0 ? r : put_file(st, fd, e.size, err);
}

#define OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY)

static int pack_regular(struct state *st, int dirfd, const char *name, struct err *err)
{
	cleanup_fd int fd = openat(dirfd, name, OPEN_FILE | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open %s", st->name) : pack_open_file(st, fd, err);
}

static int pack_other(struct state *st, int dirfd, const char *name, const struct stat *sb,
		      struct err *err)
{
	char target[PATH_MAX];
	struct tarball_entry e;
	ssize_t n;
	int r;

	fill(st, sb, &e);
	if (!e.type) /* a socket lives only as long as its server */
		return 0;
	if (st->p->layer && S_ISCHR(sb->st_mode) && sb->st_rdev == 0)
		return put_whiteout(st, err);
	r = known_link(st, sb, &e.link, err);
	if (r < 0)
		return r;
	if (e.link) {
		e.type = '1';
	} else if (S_ISLNK(sb->st_mode)) {
		n = readlinkat(dirfd, name, target, sizeof(target) - 1);
		if (n < 0)
			return err_sys(err, errno, "read the link %s", st->name);
		target[n] = '\0';
		e.link = target;
	}
	return put_header(st, &e, err);
}

static bool is_empty_dir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e = NULL;

	if (!d) {
		fd_close(fd);
		return false;
	}
	while ((e = readdir(d)) && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0))
		continue;
	(void)closedir(d);
	return !e;
}

/* What every container is given to be mounted over, and its marker: the image must not get them, or
 * an empty /etc/hosts would hide what its layers below hold. */
static bool is_scaffold(const struct state *st, int dirfd, const char *name, const struct stat *sb)
{
	static const char *const files[] = {".dockerenv", "etc/hosts", "etc/hostname",
					    "etc/resolv.conf", "dev/console"};
	static const char *const dirs[] = {"dev",        "dev/pts", "dev/shm",
					   "dev/mqueue", "proc",    "sys"};

	for (size_t i = 0; S_ISREG(sb->st_mode) && sb->st_size == 0 && i < ARRAY_SIZE(files); i++)
		if (strcmp(st->name, files[i]) == 0)
			return true;
	for (size_t i = 0; S_ISDIR(sb->st_mode) && i < ARRAY_SIZE(dirs); i++)
		if (strcmp(st->name, dirs[i]) == 0)
			return is_empty_dir(dirfd, name);
	return false;
}

static int pack_entry(struct state *st, int dirfd, const char *name, int depth, struct err *err)
{
	struct stat sb;

	if (fstatat(dirfd, name, &sb, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && depth > 0 ? 0 : err_sys(err, errno, "stat %s", st->name);
	if (st->p->layer && is_scaffold(st, dirfd, name, &sb))
		return 0;
	if (S_ISDIR(sb.st_mode))
		return pack_dir(st, dirfd, name, depth, err);
	if (S_ISREG(sb.st_mode))
		return pack_regular(st, dirfd, name, err);
	return pack_other(st, dirfd, name, &sb, err);
}

/* `path` is clean and does not name a directory. */
static int pack_single(struct state *st, char *path, mode_t mode, struct err *err)
{
	char *slash = strrchr(path, '/');
	cleanup_fd int fd = -EBADF;

	if (st->p->follow_link && S_ISREG(mode)) {
		fd = path_open_in_root(st->p->root_fd, path, OPEN_FILE, 0);
		return fd < 0 ? err_sys(err, fd, "open %s", path) : pack_open_file(st, fd, err);
	}
	if (slash)
		*slash = '\0';
	fd = path_open_in_root(st->p->root_fd, slash && *path ? path : ".", O_PATH | O_DIRECTORY,
			       0);
	return fd < 0 ? err_sys(err, fd, "open %s", path)
		      : pack_entry(st, fd, slash ? slash + 1 : path, 0, err);
}

static int pack_top(struct state *st, struct err *err)
{
	struct pack *p = st->p;
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	char *clean = a ? path_clean(a, p->path) : NULL, *slash;
	cleanup_fd int top = -EBADF;
	const char *name;
	struct stat sb;

	if (!clean)
		return err_oom(err);
	slash = strrchr(clean, '/');
	name = slash ? slash + 1 : clean;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		name = ""; /* the root itself */
	top = path_open_in_root(p->root_fd, clean, O_PATH | (p->follow_link ? 0 : O_NOFOLLOW), 0);
	if (top < 0 || fstat(top, &sb) < 0)
		return err_sys(err, top < 0 ? top : errno, "open %s", p->path);
	st->top_dev = sb.st_dev;
	(void)snprintf(st->name, sizeof(st->name), "%s", p->contents_only ? "" : p->rename ?: name);
	/* A directory is packed by its own fd: nothing is looked up again. */
	if (S_ISDIR(sb.st_mode))
		return pack_dir(st, top, ".", 0, err);
	if (p->contents_only)
		return err_sys(err, ENOTDIR, "%s", p->path);
	return pack_single(st, clean, sb.st_mode, err);
}

int pack(struct pack *p, struct err *err)
{
	struct state *st = calloc(1, sizeof(*st));
	int r;

	if (!st)
		return err_oom(err);
	st->p = p;
	st->out = BUF_INIT(4 * OUT_SIZE);
	r = pack_top(st, err);
	if (r == 0)
		r = put_zeros(st, TARBALL_END, err);
	if (r == 0)
		r = flush(st, err);
	for (size_t i = 0; i < st->room; i++)
		free(st->links[i].name);
	free(st->links);
	buf_done(&st->out);
	free(st);
	return r;
}
