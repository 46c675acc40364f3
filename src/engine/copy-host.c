// SPDX-License-Identifier: Apache-2.0
/*
 * copy-host - `cp` between the host and a container: docker cp's rules (copy-path.h) on two trees.
 *
 * Two workers run at once, one packing the source, one unpacking at the destination, each confined
 * to its own root; between them this process passes the stream on and counts it. Threads wait for
 * the workers. When one side fails, its end of the pipe closes and the other side ends, too; the
 * failure that came first is the one to tell: the unpacker's when it stopped reading, else the
 * packer's.
 *
 * The host's side is the user's own: links there are followed as the user's shell would.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "engine/copy-private.h"
#include "engine/private.h"
#include "store/tree.h"

#define SPLICE_MAX     ((size_t)1 << 20)
#define HOST_LINKS_MAX 10

/* ---- two workers and a pipe ---- */

struct side {
	struct store *store;
	const struct tree_pack *pack;
	const struct tree_unpack *unpack; /* one of the two */
	int fd;                           /* closed when the side is done */
	struct err err;
	int result;
};

static void *side_main(void *data)
{
	struct side *s = data;

	s->result = s->pack ? tree_pack(s->store, s->pack, s->fd, &s->err)
			    : tree_unpack(s->store, s->unpack, s->fd, &s->err);
	fd_close(TAKE_FD(s->fd));
	return NULL;
}

/* *broken: the reader went away before the end of the stream. */
static int64_t relay(int in, int out, bool *broken)
{
	int64_t total = 0;
	ssize_t n;

	do {
		n = splice(in, NULL, out, NULL, SPLICE_MAX, SPLICE_F_MOVE);
		total += MAX_OF(n, 0);
	} while (n > 0 || (n < 0 && errno == EINTR));
	*broken = n < 0;
	return total;
}

static int join(pthread_t thread, const struct side *s, struct err *err)
{
	(void)pthread_join(thread, NULL);
	return s->result < 0 ? err_copy(err, s->err.kind, s->err.code, s->err.msg) : 0;
}

/* The write to a pipe whose reader gave up must fail, not kill us: this thread blocks SIGPIPE and
 * eats the one that it may have got. */
static int64_t relay_quietly(int in, int out, bool *broken)
{
	const struct timespec now = {};
	sigset_t pipe_only, old;
	int64_t total;

	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_only, &old);
	total = relay(in, out, broken);
	if (!sigismember(&old, SIGPIPE))
		(void)sigtimedwait(&pipe_only, NULL, &now);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return total;
}

static int transfer(struct store *store, const struct tree_pack *pack,
		    const struct tree_unpack *unpack, int64_t *ret_bytes, struct err *err)
{
	struct side from = {.store = store, .pack = pack, .err = ERR_INIT, .fd = -EBADF};
	struct side to = {.store = store, .unpack = unpack, .err = ERR_INIT, .fd = -EBADF};
	struct err unpack_err = ERR_INIT;
	pthread_t packer, unpacker;
	int a[2], b[2], r, r2;
	bool broken = false;

	if (pipe2(a, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (pipe2(b, O_CLOEXEC) < 0) {
		r = err_sys(err, errno, "make a pipe");
		fd_close(a[0]);
		fd_close(a[1]);
		return r;
	}
	from.fd = a[1];
	to.fd = b[0];
	r = pthread_create(&packer, NULL, side_main, &from);
	if (r != 0)
		fd_close(a[1]);
	r2 = pthread_create(&unpacker, NULL, side_main, &to);
	if (r2 != 0)
		fd_close(b[0]);
	*ret_bytes = r || r2 ? 0 : relay_quietly(a[0], b[1], &broken);
	fd_close(a[0]);
	fd_close(b[1]);
	r = r ? err_sys(err, r, "start a thread") : join(packer, &from, err);
	r2 = r2 ? err_sys(&unpack_err, r2, "start a thread") : join(unpacker, &to, &unpack_err);
	/* Whose pipe broke first? A packer without a reader fails whatever the reason. */
	if (r2 < 0 && (r == 0 || broken))
		return err_copy(err, unpack_err.kind, unpack_err.code, unpack_err.msg);
	return broken ? 0 : r;
}

/* ---- the host's side ---- */

static int host_path(struct arena *a, const char *path, char **ret, struct err *err)
{
	cleanup_free char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_sys(err, errno, "current directory");
	*ret = copy_path_on_host(a, cwd, path);
	return *ret ? 0 : err_oom(err);
}

/* realpath() into the arena. */
static int real_path(struct arena *a, const char *path, char **ret, struct err *err)
{
	cleanup_free char *real = realpath(path, NULL);

	if (!real)
		return err_sys(err, errno, "lstat %s", path);
	*ret = arena_strdup(a, real);
	return *ret ? 0 : err_oom(err);
}

static int host_source(struct arena *a, const char *given, bool follow_link, struct copy_info *ret,
		       struct err *err)
{
	char *path, *dir, *base;
	struct stat st;
	int r = host_path(a, given, &path, err);

	*ret = (struct copy_info){.exists = true};
	if (r < 0)
		return r;
	/* "link/" and "link/." mean what the link points to, as lstat of them does. */
	if (follow_link || copy_path_ends_slash(path) || copy_path_is_current(path)) {
		r = real_path(a, path, &ret->path, err);
		if (r == 0 && copy_path_rebase(a, path, &ret->path, &ret->rebase) < 0)
			return err_oom(err);
	} else {
		if (copy_path_split(a, path, &dir, &base) < 0)
			return err_oom(err);
		r = real_path(a, dir, &dir, err);
		ret->path = r < 0 ? NULL : path_join(a, dir, str_eq(base, "/") ? "." : base);
		if (r == 0 && !ret->path)
			return err_oom(err);
	}
	if (r < 0)
		return r;
	if (lstat(ret->path, &st) < 0)
		return err_sys(err, errno, "lstat %s", given);
	ret->is_dir = S_ISDIR(st.st_mode);
	return 0;
}

static int validate_output(struct arena *a, const char *path, struct err *err)
{
	char *dir, *base, *clean = path_clean(a, path);
	struct stat st;

	if (!clean || copy_path_split(a, clean, &dir, &base) < 0)
		return err_oom(err);
	if (stat(dir, &st) < 0 && errno == ENOENT)
		return err_set(err, ERR_INVALID,
			       "invalid output path: directory \"%s\" does not exist", dir);
	if (stat(path, &st) < 0 || S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))
		return 0;
	return err_set(err, ERR_INVALID,
		       "invalid output path: \"%s\" must be a directory or a regular "
		       "file: got %s",
		       path,
		       S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? "a device"
								  : "an irregular file");
}

/* Follows links by hand: one that points to nothing yet names the file to be made. */
static int host_target(struct arena *a, const char *given, struct copy_info *ret, struct err *err)
{
	char *path = arena_strdup(a, given), *dir, *base, target[PATH_MAX];
	struct stat st;

	if (!path)
		return err_oom(err);
	for (int i = 0; lstat(path, &st) == 0 && S_ISLNK(st.st_mode); i++) {
		ssize_t n = readlink(path, target, sizeof(target) - 1);

		if (i > HOST_LINKS_MAX || n < 0)
			return err_set(err, ERR_INVALID, "too many symlinks in %s", given);
		target[n] = '\0';
		if (copy_path_split(a, path, &dir, &base) < 0 ||
		    !(path = path_join(a, dir, target)))
			return err_oom(err);
	}
	*ret = (struct copy_info){.path = path};
	if (lstat(path, &st) == 0) {
		ret->exists = true;
		ret->is_dir = S_ISDIR(st.st_mode);
		return 0;
	}
	if (errno != ENOENT)
		return err_sys(err, errno, "lstat %s", path);
	if (copy_path_split(a, path, &dir, &base) < 0)
		return err_oom(err);
	if (stat(dir, &st) < 0)
		return err_sys(err, errno, "stat %s", dir);
	return S_ISDIR(st.st_mode) ? 0 : err_set(err, ERR_INVALID, "not a directory");
}

/* ---- both directions ---- */

int copy_to_host(struct engine *e, const char *key, const char *src, const char *host_dst,
		 bool archive, bool follow_link, int64_t *ret_bytes, struct err *err)
{
	cleanup(copy_root_done) struct copy_root root = COPY_ROOT_INIT;
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct tree_unpack unpack = {.path = "/",
				     .keep_owner = archive,
				     .uid = geteuid(),
				     .gid = getegid(),
				     .no_overwrite_dir_nondir = true};
	struct tree_pack pack = {};
	cleanup_fd int dir = -EBADF;
	struct copy_info from, to;
	struct copy_plan plan;
	char *path;
	int r;

	if (!a)
		return err_oom(err);
	if ((r = host_path(a, host_dst, &path, err)) < 0 ||
	    (r = validate_output(a, path, err)) < 0 ||
	    (r = copy_root_open(e, a, key, COPY_ROOT_WITH_MOUNTS, &root, err)) < 0 ||
	    (r = copy_source(&root, a, key, src, follow_link, &from, err)) < 0 ||
	    (r = host_target(a, path, &to, err)) < 0 ||
	    (r = copy_plan(a, &from, &to, &plan, err)) < 0 ||
	    (r = copy_pack_path(&root, a, &from, &pack.path, err)) < 0)
		return r;
	dir = open(plan.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open %s", plan.dir);
	pack.root_fd = root.fd;
	copy_root_ids(&root, &pack);
	pack.rename = str_eq(plan.name, "/") ? "." : plan.name;
	unpack.root_fd = dir;
	return transfer(e->store, &pack, &unpack, ret_bytes, err);
}

/* Where `path` of the container leads as a destination; nothing being there is fine. */
static int container_target(const struct copy_root *root, struct arena *a, const char *key,
			    const char *path, struct copy_info *ret, struct err *err)
{
	struct err cause = ERR_INIT;
	struct copy_stat st = {};
	int r;

	*ret = (struct copy_info){.path = copy_path_in_container(a, path)};
	if (!ret->path)
		return err_oom(err);
	r = copy_stat_at(root, a, key, path, &st, &cause);
	if (r == 0 && S_ISLNK(st.mode)) {
		ret->path = st.link_target;
		r = copy_stat_at(root, a, key, ret->path, &st, &cause);
	}
	if (r < 0)
		return cause.kind == ERR_NOT_FOUND
			       ? 0
			       : err_copy(err, cause.kind, cause.code, cause.msg);
	if (!S_ISDIR(st.mode) && !S_ISREG(st.mode))
		return err_set(err, ERR_INVALID,
			       "destination \"%s:%s\" must be a directory or a regular "
			       "file: got %s",
			       key, path,
			       S_ISCHR(st.mode) || S_ISBLK(st.mode) ? "a device"
								    : "an irregular file");
	ret->exists = true;
	ret->is_dir = S_ISDIR(st.mode);
	return 0;
}

/* The directory of the host to be packed from and the path inside. */
static int open_host_source(struct arena *a, const struct copy_info *src, struct tree_pack *pack,
			    struct err *err)
{
	char *dir, *base;
	int fd;

	if (copy_path_split(a, src->path, &dir, &base) < 0)
		return err_oom(err);
	pack->path = str_eq(base, ".") || str_eq(base, "/") ? "/" : arena_printf(a, "/%s", base);
	if (!pack->path)
		return err_oom(err);
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open %s", dir) : fd;
}

int copy_from_host(struct engine *e, const char *host_src, const char *key, const char *dst,
		   bool archive, bool follow_link, int64_t *ret_bytes, struct err *err)
{
	cleanup(copy_root_done) struct copy_root root = COPY_ROOT_INIT;
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct tree_unpack unpack = {.keep_owner = archive, .no_overwrite_dir_nondir = true};
	cleanup_fd int dir = -EBADF, target = -EBADF;
	struct tree_pack pack = {};
	struct copy_info from, to;
	struct copy_plan plan;
	int r;

	if (!a)
		return err_oom(err);
	if ((r = host_source(a, host_src, follow_link, &from, err)) < 0 ||
	    (r = copy_root_open(e, a, key, COPY_ROOT_WITH_MOUNTS, &root, err)) < 0 ||
	    (r = container_target(&root, a, key, dst, &to, err)) < 0 ||
	    (r = copy_plan(a, &from, &to, &plan, err)) < 0)
		return r;
	target = copy_open_target(&root, key, plan.dir, err);
	if (target < 0)
		return target;
	dir = open_host_source(a, &from, &pack, err);
	if (dir < 0)
		return dir;
	pack.root_fd = dir;
	pack.rename = str_eq(plan.name, "/") ? "." : plan.name;
	unpack.root_fd = root.fd;
	unpack.path = plan.dir;
	return transfer(e->store, &pack, &unpack, ret_bytes, err);
}
