// SPDX-License-Identifier: Apache-2.0
/* The file system below the store, and the programs that were installed beside this one. */
#include <fcntl.h>
#include <dirent.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/doctor.h"
#include "spec/units.h"

#define LITTLE_SPACE (UINT64_C(1) << 30)
#define FUSE_MAGIC   0x65735546

/* The store, or the folder in which it would be made. */
static int open_place(struct doctor *d, char **ret)
{
	char *path = arena_strdup(d->a, d->o->root), *slash;
	int fd = -1;

	while (path && *path) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		slash = strrchr(path, '/');
		if (fd >= 0 || errno != ENOENT || !slash)
			break;
		*(slash == path ? slash + 1 : slash) = '\0';
	}
	*ret = path;
	return fd;
}

/* overlayfs needs to know what an entry is without asking for each (ext4 without filetype, old xfs). */
static bool tells_types(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e = NULL;
	bool ok;

	if (!dir) {
		fd_close(copy);
		return true;
	}
	errno = 0;
	while ((e = readdir(dir)))
		if (e->d_type == DT_UNKNOWN)
			break;
	ok = e == NULL;
	(void)closedir(dir);
	return ok;
}

static void check_attributes(struct doctor *d, int place, const char *path)
{
	cleanup_fd int fd = openat(place, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) {
		doctor_say(d, DOCTOR_FAIL, "store, attributes",
			   arena_printf(d->a, "%s: %s", path, strerror(errno)),
			   "a folder that this user may write to: --root or HOY_ROOT");
		return;
	}
	if (fsetxattr(fd, "user.overlay.test", "y", 1, 0) < 0)
		doctor_say(d, DOCTOR_FAIL, "store, attributes",
			   arena_printf(d->a, "user.*: %s", strerror(errno)),
			   "a store on ext4, xfs, btrfs or tmpfs (tmpfs: kernel 6.6): --root or "
			   "HOY_ROOT");
	else
		doctor_say(d, DOCTOR_OK, "store, attributes", "user.* can be set", NULL);
}

static void check_kind(struct doctor *d, int place, const char *path)
{
	struct statfs fs;

	if (fstatfs(place, &fs) < 0)
		return;
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == NFS_SUPER_MAGIC ||
	    fs.f_type == FUSE_MAGIC)
		doctor_say(d, DOCTOR_FAIL, "store, file system",
			   arena_printf(d->a, "%s is on %s, which cannot carry an overlay", path,
					fs.f_type == NFS_SUPER_MAGIC ? "NFS"
					: fs.f_type == FUSE_MAGIC    ? "FUSE"
								     : "an overlay"),
			   "a store on a local disk: --root or HOY_ROOT");
	else if (!tells_types(place))
		doctor_say(d, DOCTOR_FAIL, "store, file system",
			   arena_printf(d->a, "%s: directories without types", path),
			   "a file system made with ftype=1 (xfs) or filetype (ext4)");
	else
		doctor_say(d, DOCTOR_OK, "store, file system", path, NULL);
}

static void check_space(struct doctor *d, int place)
{
	char text[UNITS_TEXT_MAX];
	struct statfs fs;
	uint64_t left;

	if (fstatfs(place, &fs) < 0)
		return;
	left = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	units_format_size_binary((int64_t)left, text);
	if (left < LITTLE_SPACE)
		doctor_say(d, DOCTOR_WARN, "store, space", arena_printf(d->a, "%s free", text),
			   "`hoy system prune`, or a store on a larger disk");
	else if (fs.f_files && fs.f_ffree < fs.f_files / 50)
		doctor_say(d, DOCTOR_WARN, "store, space",
			   arena_printf(d->a, "%s free, but hardly any inodes", text),
			   "`hoy image prune -a`, or a file system with more inodes");
	else
		doctor_say(d, DOCTOR_OK, "store, space", arena_printf(d->a, "%s free", text), NULL);
}

void doctor_store(struct doctor *d)
{
	char *path = NULL;
	cleanup_fd int place = open_place(d, &path);

	if (place < 0) {
		doctor_say(d, DOCTOR_FAIL, "store",
			   arena_printf(d->a, "%s: %s", path ?: "", strerror(errno)),
			   "a folder that this user may enter: --root or HOY_ROOT");
		return;
	}
	check_kind(d, place, path);
	check_attributes(d, place, path);
	check_space(d, place);
}

/* ---- programs ---- */

/* Every program of one build holds this text (base/fd.c). */
static bool is_this_version(int fd)
{
	struct stat st;
	void *p;
	bool found;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return false;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return false;
	found = memmem(p, (size_t)st.st_size, fd_version_mark, strlen(fd_version_mark) + 1);
	(void)munmap(p, (size_t)st.st_size);
	return found;
}

static void check_program(struct doctor *d, const char *name)
{
	struct err err = ERR_INIT;
	cleanup_fd int fd = -EBADF;
	char path[PATH_MAX];

	if (proc_program_path(name, path, sizeof(path), &err) < 0) {
		doctor_say(d, DOCTOR_FAIL, name, err.msg, "unset HOY_LIBEXECDIR");
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || access(path, X_OK) < 0)
		doctor_say(d, DOCTOR_FAIL, name,
			   arena_printf(d->a, "%s: %s", path, strerror(errno)),
			   "install hoy again: `meson install -C build`");
	else if (!str_eq(name, "hoy-init") && !is_this_version(fd)) /* that one links nothing */
		doctor_say(d, DOCTOR_WARN, name,
			   arena_printf(d->a, "%s is of another version", path),
			   "install hoy again: `meson install -C build`");
	else
		doctor_say(d, DOCTOR_OK, name, path, NULL);
}

static void check_other_engine(struct doctor *d)
{
	const char *host = getenv("DOCKER_HOST");

	if (!str_empty(host))
		doctor_say(d, DOCTOR_WARN, "Docker's clients",
			   arena_printf(d->a, "DOCKER_HOST is %s", host),
			   "they talk to that engine; unset it where they should not");
	else if (access("/run/docker.sock", F_OK) == 0)
		doctor_say(d, DOCTOR_OK, "Docker's clients",
			   "talk to Docker at /run/docker.sock; hoy does not use it", NULL);
}

void doctor_programs(struct doctor *d)
{
	static const char *const names[] = {"hoy-monitor", "hoy-archive", "hoy-seccomp",
					    "hoy-keeper", "hoy-init"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_program(d, names[i]);
	check_other_engine(d);
}
