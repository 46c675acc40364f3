// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation
 *
 * One entry costs about four system calls: most archives list a directory's files one after the
 * other, so the parent of the last entry is kept open. An entry that replaces a directory on the
 * way to that parent has another parent itself, so what is kept is never stale.
 *
 * Order for one file: create exclusively, data, owner, mode (chown clears setuid), attributes
 * (chown clears capabilities), times. Directories get their times after everything else, because
 * files made in them change those; the list of them is bounded like the entries.
 *
 * What is in the way of an entry is removed, unless both are directories.
 */
#include "archive/unpack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/path.h"
#include "base/str.h"
#include "store/worker.h"

#define DIRS_MAX  ((size_t)1 << 20)
#define XATTR_MAX ((size_t)64 << 10)

struct dir_time {
	char *path;
	struct timespec mtime;
};

struct state {
	struct unpack *u;
	struct tar *tar;
	char parent[PATH_MAX];   /* of the entry at hand */
	char name[NAME_MAX + 1]; /* "": the top itself */
	char kept[PATH_MAX];     /* the path that parent_fd was opened by */
	int parent_fd;
	bool parent_setgid;
	struct dir_time *dirs;
	size_t n_dirs, room;
};

static void forget_parent(struct state *st)
{
	fd_close(TAKE_FD(st->parent_fd));
}

/* Splits an entry's name into cleaned parent and last component. */
static int split(struct state *st, const char *path, struct err *err)
{
	size_t len = strlen(st->u->prefix), last = 0;
	const char *p = path;

	if (len + strlen(path) + 2 > sizeof(st->parent))
		return err_sys(err, ENAMETOOLONG, "unpack %.100s…", path);
	memcpy(st->parent, st->u->prefix, len);
	st->name[0] = '\0';
	while (*(p += strspn(p, "/"))) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return err_set(err, ERR_INVALID, "unpack %s: leads out of the root", path);
		if (n > NAME_MAX)
			return err_sys(err, ENAMETOOLONG, "unpack %s", path);
		if (n != 1 || p[0] != '.') {
			if (st->name[0]) { /* the one before was a directory on the way */
				st->parent[len++] = '/';
				memcpy(st->parent + len, st->name, last);
				len += last;
			}
			memcpy(st->name, p, n);
			st->name[n] = '\0';
			last = n;
		}
		p += n;
	}
	st->parent[len] = '\0';
	return 0;
}

static int open_parent(struct state *st, struct err *err)
{
	const char *path = st->parent[0] ? st->parent : ".";
	struct stat sb;
	int fd;

	if (st->parent_fd >= 0 && strcmp(st->parent, st->kept) == 0)
		return 0;
	forget_parent(st);
	fd = path_open_in_root(st->u->root_fd, path, O_PATH | O_DIRECTORY, 0);
	if (fd == -ENOENT)
		fd = path_mkdir_in_root(st->u->root_fd, path, 0755, err);
	else if (fd < 0)
		return err_sys(err, fd, "unpack %s/%s", st->parent, st->name);
	if (fd < 0)
		return fd;
	if (fstat(fd, &sb) < 0) {
		fd_close(fd);
		return err_sys(err, errno, "stat %s", path);
	}
	st->parent_fd = fd;
	st->parent_setgid = sb.st_mode & S_ISGID;
	memcpy(st->kept, st->parent, strlen(st->parent) + 1);
	return 0;
}

static int fail(struct state *st, int errnum, const char *what, struct err *err)
{
	return err_sys(err, errnum, "%s %s/%s", what, st->parent, st->name);
}

/* Something is mounted on the entry at hand. The kernel lets us unlink what is a mount point in another
 * mount namespace only, and takes the mount away with it: a running container would lose a bind. */
static bool is_mount_point(const struct state *st)
{
	struct statx here, parent;

	return statx(st->parent_fd, st->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID,
		     &here) == 0 &&
	       statx(st->parent_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &parent) == 0 &&
	       here.stx_mnt_id != parent.stx_mnt_id;
}

/* Makes room for an entry; is_dir: a directory may stay. 1: it stayed. */
static int clear_way(struct state *st, bool is_dir, struct err *err)
{
	struct stat sb;
	bool there_dir;

	if (fstatat(st->parent_fd, st->name, &sb, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(st, errno, "stat", err);
	there_dir = S_ISDIR(sb.st_mode);
	if (is_dir && there_dir)
		return 1;
	if (st->u->no_overwrite && is_dir != there_dir)
		return err_set(err, ERR_INVALID,
			       is_dir ? "cannot overwrite non-directory \"%s/%s\" with directory"
				      : "cannot overwrite directory \"%s/%s\" with non-directory",
			       st->parent, st->name);
	if (is_mount_point(st))
		return fail(st, EBUSY, "replace", err);
	if (there_dir)
		return path_remove_tree(st->parent_fd, st->name, err);
	if (unlinkat(st->parent_fd, st->name, 0) < 0)
		return fail(st, errno, "replace", err);
	return 0;
}

static bool xattr_allowed(const char *name)
{
	if (str_after(name, "user."))
		return !str_after(name, "user.overlay.");
	return str_eq(name, "security.capability") || str_eq(name, "system.posix_acl_access") ||
	       str_eq(name, "system.posix_acl_default");
}

static int set_xattrs(struct state *st, struct archive_entry *e, int fd, struct err *err)
{
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_reset(e) == 0)
		return 0;
	while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
		if (name && xattr_allowed(name) && size <= XATTR_MAX &&
		    fsetxattr(fd, name, value, size, 0) < 0 && errno != EOPNOTSUPP)
			return fail(st, errno, "set an attribute of", err);
	return 0;
}

static struct timespec entry_mtime(struct archive_entry *e)
{
	if (!archive_entry_mtime_is_set(e))
		return (struct timespec){.tv_nsec = UTIME_NOW};
	return (struct timespec){.tv_sec = archive_entry_mtime(e),
				 .tv_nsec = archive_entry_mtime_nsec(e)};
}

static int owner_of(struct state *st, struct archive_entry *e, uid_t *uid, gid_t *gid,
		    struct err *err)
{
	int64_t u = archive_entry_uid(e), g = archive_entry_gid(e);

	if (!st->u->keep_owner) {
		*uid = st->u->uid;
		*gid = st->u->gid;
		return 0;
	}
	if (u < 0 || g < 0 || u >= UINT32_MAX || g >= UINT32_MAX)
		return err_set(err, ERR_INVALID, "unpack %s/%s: impossible owner %lld:%lld",
			       st->parent, st->name, (long long)u, (long long)g);
	*uid = (uid_t)u;
	*gid = (gid_t)g;
	return 0;
}

/* EINVAL: an id that the user namespace of a normal user does not have. */
static int fail_owner(struct state *st, int errnum, uid_t uid, gid_t gid, struct err *err)
{
	if (errnum != EINVAL || !st->u->in_userns)
		return fail(st, errnum, "change the owner of", err);
	return err_set(err, ERR_UNSUPPORTED,
		       "unpack %s/%s: it belongs to %u:%u, and this user has no such ids: "
		       "/etc/subuid and /etc/subgid need ranges that reach so far",
		       st->parent, st->name, uid, gid);
}

/* Owner, mode, attributes of a file or directory that is open. */
static int set_metadata(struct state *st, struct archive_entry *e, int fd, bool exact_mode,
			struct err *err)
{
	mode_t mode = archive_entry_perm(e) & 07777;
	bool chowned;
	uid_t uid = 0;
	gid_t gid = 0;
	int r = owner_of(st, e, &uid, &gid, err);

	if (r < 0)
		return r;
	chowned = uid != 0 || gid != 0 || st->parent_setgid || !exact_mode;
	if (chowned && fchown(fd, uid, gid) < 0)
		return fail_owner(st, errno, uid, gid, err);
	if ((chowned || !exact_mode) && fchmod(fd, mode) < 0)
		return fail(st, errno, "change the mode of", err);
	return set_xattrs(st, e, fd, err);
}

static int write_data(struct state *st, struct archive_entry *e, int fd, struct err *err)
{
	int64_t size = archive_entry_size(e), end = 0, offset;
	const void *data;
	size_t len;
	int r;

	if (size < 0 || (uint64_t)size > st->u->max_bytes - st->u->bytes)
		return err_set(err, ERR_TOO_LARGE, "unpack %s/%s: more than %llu bytes in all",
			       st->parent, st->name, (unsigned long long)st->u->max_bytes);
	st->u->bytes += (uint64_t)size;
	if (size == 0)
		return 0;
	while ((r = tar_data(st->tar, &data, &len, &offset, err)) > 0) {
		if (offset < 0 || offset > size || len > (uint64_t)(size - offset))
			return err_set(err, ERR_CORRUPT, "unpack %s/%s: data beyond its size",
				       st->parent, st->name);
		end = offset + (int64_t)len;
		while (len > 0) {
			ssize_t n = pwrite(fd, data, len, offset);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return fail(st, errno, "write", err);
			data = (const char *)data + n;
			len -= (size_t)n;
			offset += n;
		}
	}
	if (r == 0 && end < size && ftruncate(fd, size) < 0) /* a hole at the end */
		return fail(st, errno, "write", err);
	return r;
}

static int make_file(struct state *st, struct archive_entry *e, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_mtime(e)};
	cleanup_fd int fd = openat(st->parent_fd, st->name, flags, archive_entry_perm(e) & 07777);
	int r;

	if (fd < 0 && errno == EEXIST) {
		r = clear_way(st, false, err);
		if (r < 0)
			return r;
		fd = openat(st->parent_fd, st->name, flags, archive_entry_perm(e) & 07777);
	}
	if (fd < 0)
		return fail(st, errno, "create", err);
	r = write_data(st, e, fd, err);
	if (r == 0)
		r = set_metadata(st, e, fd, true, err);
	if (r == 0 && futimens(fd, times) < 0)
		r = fail(st, errno, "set the time of", err);
	return r;
}

static int remember_dir(struct state *st, struct archive_entry *e, struct err *err)
{
	struct dir_time *d;
	char *path;

	if (st->n_dirs == DIRS_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %zu directories", DIRS_MAX);
	if (st->n_dirs == st->room) {
		size_t room = st->room ? 2 * st->room : 256;
		void *grown = realloc(st->dirs, room * sizeof(*st->dirs));

		if (!grown)
			return err_oom(err);
		st->dirs = grown;
		st->room = room;
	}
	if (asprintf(&path, "%s/%s", st->parent, st->name) < 0)
		return err_oom(err);
	d = &st->dirs[st->n_dirs++];
	*d = (struct dir_time){.path = path, .mtime = entry_mtime(e)};
	return 0;
}

static int make_dir(struct state *st, struct archive_entry *e, struct err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	cleanup_fd int fd = -EBADF;
	int r;

	if (mkdirat(st->parent_fd, st->name, archive_entry_perm(e) & 07777) < 0) {
		if (errno != EEXIST)
			return fail(st, errno, "create directory", err);
		r = clear_way(st, true, err);
		if (r < 0)
			return r;
		if (r == 0 && mkdirat(st->parent_fd, st->name, 0700) < 0)
			return fail(st, errno, "create directory", err);
	}
	fd = openat(st->parent_fd, st->name, flags);
	if (fd < 0)
		return fail(st, errno, "open", err);
	r = set_metadata(st, e, fd, false, err);
	return r < 0 ? r : remember_dir(st, e, err);
}

static int make_top(struct state *st, struct archive_entry *e, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	int r;

	/* "./": in a layer it is the root directory, in a copy it is the target, which stays as it
	 * is. */
	if (!st->u->layer || archive_entry_filetype(e) != AE_IFDIR)
		return 0;
	fd = openat(st->parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(st, errno, "open", err);
	r = set_metadata(st, e, fd, false, err);
	memcpy(st->name, ".", 2);
	return r < 0 ? r : remember_dir(st, e, err);
}

static int make_hardlink(struct state *st, const char *target, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	struct state to = {.u = st->u, .parent_fd = -EBADF};
	int r = split(&to, target, err);

	if (r < 0)
		return r;
	fd = path_open_in_root(st->u->root_fd, to.parent[0] ? to.parent : ".", O_PATH | O_DIRECTORY,
			       0);
	for (int i = 0; fd >= 0 && i < 2; i++) {
		if (linkat(fd, to.name, st->parent_fd, st->name, 0) == 0)
			return 0;
		if (errno != EEXIST || i > 0)
			return err_sys(err, errno, "link %s/%s to %s", st->parent, st->name,
				       target);
		/* A link to itself must not remove the only name first. */
		if (strcmp(to.parent, st->parent) == 0 && strcmp(to.name, st->name) == 0)
			return 0;
		r = clear_way(st, false, err);
		if (r < 0)
			return r;
	}
	return err_sys(err, fd < 0 ? fd : EEXIST, "link %s/%s to %s", st->parent, st->name, target);
}

/* What is made with a name and not with an fd: links, devices, FIFOs. */
static int make_node(struct state *st, struct archive_entry *e, const char *symlink_to,
		     struct err *err)
{
	mode_t type = archive_entry_filetype(e), mode = archive_entry_perm(e) & 07777;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_mtime(e)};
	dev_t dev = type == AE_IFCHR || type == AE_IFBLK
			    ? makedev((unsigned)archive_entry_rdevmajor(e),
				      (unsigned)archive_entry_rdevminor(e))
			    : 0;
	uid_t uid = 0;
	gid_t gid = 0;
	int r = owner_of(st, e, &uid, &gid, err);

	if (r == 0)
		r = clear_way(st, false, err);
	if (r < 0)
		return r;
	if (symlink_to)
		r = symlinkat(symlink_to, st->parent_fd, st->name);
	else
		r = mknodat(st->parent_fd, st->name, (type & S_IFMT) | mode, dev);
	/* Nobody but the host's root may make devices, and containers get theirs from us. */
	if (r < 0 && errno == EPERM && dev && st->u->in_userns)
		return 0;
	if (r < 0)
		return fail(st, errno, "create", err);
	if (fchownat(st->parent_fd, st->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_owner(st, errno, uid, gid, err);
	/* chown cleared setuid, and there is no fd to a device: it is never opened. */
	if (!symlink_to && mode & 07000 && fchmodat(st->parent_fd, st->name, mode, 0) < 0)
		return fail(st, errno, "change the mode of", err);
	if (utimensat(st->parent_fd, st->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(st, errno, "set the time of", err);
	return 0;
}

/* 1: it was a whiteout, and is done. */
static int whiteout(struct state *st, struct err *err)
{
	const char *hidden = str_after(st->name, ".wh.");
	cleanup_fd int fd = -EBADF;

	if (!hidden)
		return 0;
	if (str_eq(hidden, ".wh..opq")) {
		fd = openat(st->parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0)
			return fail(st, errno, "mark as opaque", err);
		return 1;
	}
	if (str_after(hidden, ".wh.")) /* aufs's own files */
		return 1;
	if (!path_is_component(hidden))
		return err_set(err, ERR_INVALID, "unpack %s/%s: impossible whiteout", st->parent,
			       st->name);
	/* What this layer itself has under that name stays: a whiteout is about those below. */
	if (mknodat(st->parent_fd, hidden, S_IFCHR, 0) < 0 && errno != EEXIST)
		return fail(st, errno, "create", err);
	return 1;
}

static int make_entry(struct state *st, struct archive_entry *e, struct err *err)
{
	const char *hardlink = archive_entry_hardlink(e), *target;

	if (hardlink)
		return make_hardlink(st, hardlink, err);
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return make_file(st, e, err);
	case AE_IFDIR:
		return make_dir(st, e, err);
	case AE_IFLNK:
		target = archive_entry_symlink(e);
		if (str_empty(target) || strlen(target) >= PATH_MAX)
			return err_set(err, ERR_INVALID, "unpack %s/%s: impossible link target",
				       st->parent, st->name);
		return make_node(st, e, target, err);
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFIFO:
		return make_node(st, e, NULL, err);
	default:
		return err_set(err, ERR_INVALID, "unpack %s/%s: unknown kind of file", st->parent,
			       st->name);
	}
}

static int one_entry(struct state *st, struct archive_entry *e, struct err *err)
{
	const char *path = archive_entry_pathname(e);
	int r;

	if (st->u->entries++ == WORKER_ENTRIES_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %llu entries",
			       (unsigned long long)WORKER_ENTRIES_MAX);
	if (str_empty(path))
		return err_set(err, ERR_INVALID, "an entry without a name");
	r = split(st, path, err);
	if (r == 0)
		r = open_parent(st, err);
	if (r < 0)
		return r;
	if (!st->name[0])
		return make_top(st, e, err);
	if (st->u->layer) {
		r = whiteout(st, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return make_entry(st, e, err);
}

static int restore_dirs(struct state *st, struct err *err)
{
	for (size_t i = 0; i < st->n_dirs; i++) {
		struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->dirs[i].mtime};
		cleanup_fd int fd = path_open_in_root(st->u->root_fd, st->dirs[i].path,
						      O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

		/* Replaced by a later entry: then its time was that entry's matter. */
		if (fd < 0)
			continue;
		if (futimens(fd, times) < 0)
			return err_sys(err, errno, "set the time of %s", st->dirs[i].path);
	}
	return 0;
}

int unpack(struct unpack *u, struct tar *t, struct err *err)
{
	struct state *st = calloc(1, sizeof(*st));
	struct archive_entry *e;
	int r;

	if (!st)
		return err_oom(err);
	st->u = u;
	st->tar = t;
	st->parent_fd = -EBADF;
	while ((r = tar_next(t, &e, err)) > 0) {
		r = one_entry(st, e, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = restore_dirs(st, err);
	forget_parent(st);
	for (size_t i = 0; i < st->n_dirs; i++)
		free(st->dirs[i].path);
	free(st->dirs);
	free(st);
	return r;
}
