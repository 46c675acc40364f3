// SPDX-License-Identifier: Apache-2.0
/*
 * diff - what a container changed: only its upper directory is walked.
 *
 * An overlay's upper directory says it all: a character device 0:0 is a deletion, any other entry
 * is an addition or a change, according to whether a layer below has the path. A directory is in
 * the upper also when only something below it changed, or when its attributes did; it is told as
 * changed when something in it was told, or when its mode, owner or time differ.
 *
 * What starting the container made is not told: mount points (empty files and directories at the
 * destinations of its mounts) and the directories that only hold those.
 *
 * The upper of a running container changes while we read it; entries that vanish are passed over.
 * It is walked by directory fds: a container's names never become paths of the host.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/copy-private.h"
#include "engine/private.h"
#include "spec/runtime.h"

#define DEPTH_MAX   1024
#define CHANGES_MAX ((size_t)1 << 20)
#define LOWER_MAX   512

struct walk {
	struct arena *arena;
	struct json_list *out;
	char **hidden; /* destinations of mounts */
	int *lower;    /* layers, topmost first */
	size_t n_lower;
	int depth;
	struct err *err;
};

static void walk_done(struct walk *w)
{
	for (size_t i = 0; i < w->n_lower; i++)
		fd_close(w->lower[i]);
	free(w->lower);
}
DEFINE_CLEANUP_VALUE(struct walk, walk_done)

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool is_opaque(int fd)
{
	char v[4];

	return (fgetxattr(fd, "user.overlay.opaque", v, sizeof(v)) == 1 ||
		fgetxattr(fd, "trusted.overlay.opaque", v, sizeof(v)) == 1) &&
	       v[0] == 'y';
}

/* What a layer says of a path: 1 there, 0 nothing, -1 nothing here nor in layers below (a whiteout
 * or an opaque directory hides them). */
static int look_in_layer(int layer, const char *path, struct stat *st)
{
	cleanup_fd int fd = -EBADF;
	char part[PATH_MAX];
	size_t n = 0;
	bool opaque = false;

	while (path[n]) {
		n += strspn(path + n, "/");
		n += strcspn(path + n, "/");
		if (n >= sizeof(part))
			return 0;
		memcpy(part, path, n);
		part[n] = '\0';
		fd_close(TAKE_FD(fd));
		fd = path_open_beneath(layer, part + strspn(part, "/"), O_PATH | O_NOFOLLOW, 0);
		if (fd < 0 || fstat(fd, st) < 0)
			return opaque ? -1 : 0;
		if (is_whiteout(st) || (path[n] && !S_ISDIR(st->st_mode)))
			return -1;
		if (S_ISDIR(st->st_mode)) {
			cleanup_fd int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			opaque = opaque || (dir >= 0 && is_opaque(dir));
		}
	}
	return 1;
}

/* Has the image this path? */
static bool in_image(const struct walk *w, const char *path, struct stat *st)
{
	for (size_t i = 0; i < w->n_lower; i++) {
		int r = look_in_layer(w->lower[i], path, st);

		if (r != 0)
			return r > 0;
	}
	return false;
}

static int tell(struct walk *w, char kind, const char *path)
{
	struct change *c;

	if (w->out->n >= CHANGES_MAX)
		return err_set(w->err, ERR_TOO_LARGE, "more than %zu changes", CHANGES_MAX);
	c = json_list_add(w->arena, w->out, sizeof(*c));
	if (!c)
		return err_oom(w->err);
	*c = (struct change){.kind = kind, .path = arena_strdup(w->arena, path)};
	return c->path ? 0 : err_oom(w->err);
}

static bool same_dir(const struct stat *x, const struct stat *y)
{
	return x->st_mode == y->st_mode && x->st_uid == y->st_uid && x->st_gid == y->st_gid &&
	       x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

/* A mount's destination is at the path (exactly), or below it. */
static bool holds_mount(const struct walk *w, const char *path, bool exactly)
{
	size_t n = strlen(path);

	for (char **h = w->hidden; h && *h; h++)
		if (exactly ? str_eq(*h, path) : strncmp(*h, path, n) == 0 && (*h)[n] == '/')
			return true;
	return false;
}

static int walk_dir(struct walk *w, int fd, const char *path, bool *told);

/* A directory of the upper: its own row comes before those of its contents, but whether it has one
 * may be known only after them. */
static int walk_subdir(struct walk *w, int at, const char *name, const char *path,
		       const struct stat *st, bool *told)
{
	cleanup_fd int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	size_t mine = w->out->n;
	bool below = false, there;
	struct stat old;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(w->err, errno, "read %s", path);
	there = in_image(w, path, &old);
	r = tell(w, there ? 'C' : 'A', path);
	if (r == 0)
		r = walk_dir(w, fd, path, &below);
	if (r < 0)
		return r;
	if (!below && (holds_mount(w, path, false) || holds_mount(w, path, true) ||
		       (there && S_ISDIR(old.st_mode) && same_dir(st, &old)))) {
		w->out->n = mine; /* nothing but mount points, or nothing at all */
		return 0;
	}
	*told = true;
	return 0;
}

static int walk_entry(struct walk *w, int at, const char *name, const char *path, bool *told)
{
	struct stat st, old;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(w->err, errno, "stat %s", path);
	if (S_ISDIR(st.st_mode))
		return walk_subdir(w, at, name, path, &st, told);
	if (S_ISREG(st.st_mode) && st.st_size == 0 && holds_mount(w, path, true))
		return 0;
	*told = true;
	if (is_whiteout(&st))
		return tell(w, 'D', path);
	return tell(w, in_image(w, path, &old) ? 'C' : 'A', path);
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The names of a directory, sorted: Docker's order. */
static int read_names(struct walk *w, int fd, char ***ret)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	size_t n = 0, room = 0;
	struct dirent *entry;
	char **names = NULL;

	if (!dir) {
		fd_close(copy);
		return err_sys(w->err, errno, "read a directory");
	}
	while ((entry = readdir(dir))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (n + 1 >= room) {
			char **more =
				arena_calloc(w->arena, room = room ? 2 * room : 16, sizeof(*more));

			if (more && n)
				memcpy(more, names, n * sizeof(*names));
			names = more;
		}
		if (!names || !(names[n] = arena_strdup(w->arena, entry->d_name)))
			break;
		n++;
	}
	(void)closedir(dir);
	if (entry)
		return err_oom(w->err);
	if (n)
		qsort(names, n, sizeof(*names), by_text);
	*ret = names;
	return 0;
}

/* *told: something in it made a row. */
static int walk_dir(struct walk *w, int fd, const char *path, bool *told)
{
	char **names = NULL;
	int r = read_names(w, fd, &names);

	if (++w->depth > DEPTH_MAX)
		return err_set(w->err, ERR_TOO_LARGE, "directories nest more than %d deep",
			       DEPTH_MAX);
	for (; r == 0 && names && *names; names++) {
		char *child = arena_printf(w->arena, "%s/%s", path, *names);

		if (!child)
			return err_oom(w->err);
		r = walk_entry(w, fd, *names, child, told);
	}
	w->depth--;
	return r;
}

/* Mount destinations, and what the runtime itself puts into every container. */
static int hide_mounts(struct engine *e, struct walk *w, const char *id)
{
	static const char *const always[] = {"/.dockerenv", "/dev/console", "/sbin/docker-init",
					     "/dev/pts",    "/dev/shm",     "/dev/mqueue",
					     "/proc",       "/sys"};
	cleanup(buf_done) struct buf b = BUF_INIT((size_t)16 << 20);
	cleanup_fd int dir = container_open_dir(e, id, w->err);
	struct oci_spec spec = {};
	int r;

	if (dir < 0)
		return dir;
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (!(w->hidden = strv_append(w->arena, w->hidden, always[i])))
			return err_oom(w->err);
	r = file_read(dir, "config.json", &b, NULL);
	if (r < 0) /* never started: then there is nothing to hide */
		return 0;
	r = oci_spec_decode(w->arena, b.data ?: "", b.len, &spec, w->err);
	for (size_t i = 0; r == 0 && i < spec.mounts.n; i++) {
		const char *to = JSON_AT(struct oci_mount, &spec.mounts, i)->destination;
		char *clean = to ? path_clean(w->arena, to) : NULL;

		if (!clean || !(w->hidden = strv_append(w->arena, w->hidden, clean)))
			return err_oom(w->err);
	}
	return r;
}

static int open_lower(struct walk *w, char *const *lower)
{
	size_t n = strv_len(lower);

	if (n > LOWER_MAX)
		return err_set(w->err, ERR_TOO_LARGE, "more than %d layers", LOWER_MAX);
	w->lower = calloc(n + 1, sizeof(*w->lower));
	if (!w->lower)
		return err_oom(w->err);
	for (; w->n_lower < n; w->n_lower++) {
		int fd = open(lower[w->n_lower], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(w->err, errno, "open layer %s", lower[w->n_lower]);
		w->lower[w->n_lower] = fd;
	}
	return 0;
}

int container_diff(struct engine *e, struct arena *a, const char *key, struct json_list *ret,
		   struct err *err)
{
	cleanup(walk_done) struct walk w = {.arena = a, .out = ret, .err = err};
	cleanup_fd int upper = -EBADF;
	struct run_overlay overlay = {};
	struct container_info info;
	bool told = false;
	int r;

	*ret = (struct json_list){};
	if ((r = container_find(e, a, key, &info, err)) < 0 ||
	    (r = container_overlay(e, a, info.row.id, &overlay, err)) < 0 ||
	    (r = hide_mounts(e, &w, info.row.id)) < 0 || (r = open_lower(&w, overlay.lower)) < 0)
		return r;
	upper = open(overlay.upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0)
		return err_sys(err, errno, "open the writable layer of container %s", key);
	return walk_dir(&w, upper, "", &told);
}
