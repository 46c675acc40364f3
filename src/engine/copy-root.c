// SPDX-License-Identifier: Apache-2.0
/*
 * copy-root - three ways to the same fd.
 *
 *   running, with mounts   /proc/PID/root, opened while a pidfd says that PID still is that process
 *   running, alone         a private clone of the container's root mount, taken by a thread that
 *                          entered the container's mount namespace
 *   stopped                a detached overlay; with mounts, put into a mount namespace of its own
 *                          where volumes and binds are attached to it
 *
 * Threads, because a mount namespace belongs to a task: the caller's must not change. A namespace
 * is kept by its fd, the thread ends at once. Nothing is mounted where the host can see it, and a
 * crash leaves nothing behind: the kernel drops the mounts with the last fd.
 *
 * The container's lock is taken before its state is looked at again, and held as long as the root
 * of a stopped container is open: two overlays on one upper directory would not see each other's
 * changes.
 */
#include "engine/copy-root.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/private.h"
#include "run/run.h"
#include "store/tree.h"

#define LINKS_MAX 255

void copy_root_done(struct copy_root *r)
{
	fd_close(TAKE_FD(r->fd));
	fd_close(TAKE_FD(r->ns_fd));
	fd_close(TAKE_FD(r->lock));
}

/* ---- a job in a thread of its own ---- */

struct job {
	int (*fn)(struct job *job);
	struct arena *arena;
	struct copy_root *root;
	int pidfd;                         /* of the container, when it runs */
	const struct run_overlay *overlay; /* when it does not */
	const struct container_extra *extra;
	bool read_only;
	struct err err;
	int result;
};

static void *job_main(void *data)
{
	struct job *job = data;

	job->result = job->fn(job);
	return NULL;
}

static int job_run(struct job *job, struct err *err)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, job_main, job);

	if (r != 0)
		return err_sys(err, r, "start a thread");
	(void)pthread_join(thread, NULL);
	return job->result < 0 ? err_copy(err, job->err.kind, job->err.code, job->err.msg) : 0;
}

static int tree_clone(int fd, const char *path, unsigned flags)
{
	long r = syscall(SYS_open_tree, fd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return r < 0 ? -errno : (int)r;
}

static int set_read_only(int fd, unsigned flags)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	long r = syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, &attr, sizeof(attr));

	return r < 0 ? -errno : 0;
}

/* ---- running ---- */

static int enter_and_clone(struct job *job)
{
	int fd;

	if (unshare(CLONE_FS) < 0)
		return err_sys(&job->err, errno, "leave the shared working directory");
	if (setns(job->pidfd, CLONE_NEWNS) < 0)
		return err_sys(&job->err, errno, "enter the mount namespace of container %s",
			       job->root->info.row.name);
	fd = tree_clone(AT_FDCWD, "/", 0);
	if (fd < 0)
		return err_sys(&job->err, fd, "open the root of container %s",
			       job->root->info.row.name);
	job->root->fd = fd;
	return 0;
}

static int not_running(const struct copy_root *r, struct err *err)
{
	return err_set(err, ERR_CONFLICT, "container %s has just stopped", r->info.row.name);
}

/* *pidfd pins the process; the start time says that it is the right one. */
static int pin_process(const struct copy_root *r, int *pidfd, struct err *err)
{
	pid_t pid = (pid_t)r->info.state.pid;

	*pidfd = pid > 0 ? proc_pidfd_open(pid) : -ESRCH;
	if (*pidfd < 0 || proc_start_time(pid) != (uint64_t)r->info.state.pid_start)
		return not_running(r, err);
	return 0;
}

static int open_running(struct copy_root *r, enum copy_root_view view, struct err *err)
{
	struct job job = {.fn = enter_and_clone, .root = r};
	cleanup_fd int pidfd = -EBADF;
	char path[64];
	int ret = pin_process(r, &pidfd, err);

	if (ret < 0)
		return ret;
	r->running = true;
	if (view == COPY_ROOT_ALONE) {
		job.pidfd = pidfd;
		return job_run(&job, err);
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)r->info.state.pid);
	r->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Still not reaped: then the number meant this process all the time. */
	if (r->fd < 0 || proc_pidfd_signal(pidfd, 0) < 0)
		return not_running(r, err);
	return 0;
}

/* ---- stopped ---- */

/* The place where something will be mounted, made when it is missing, as a start would make it. */
static int open_mountpoint(struct job *job, const char *path, bool directory)
{
	int fd = path_open_in_root(job->root->fd, path, O_PATH, 0);

	if (fd != -ENOENT)
		return fd;
	return directory ? path_mkdir_in_root(job->root->fd, path, 0755, &job->err)
			 : path_touch_in_root(job->root->fd, path, 0644, &job->err);
}

static int open_source(const struct container_mount_point *m)
{
	cleanup_fd int fd = open(m->source, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return str_empty(m->subpath) ? TAKE_FD(fd) : path_open_in_root(fd, m->subpath, O_PATH, 0);
}

/* A source that is gone is left out: the rest of the container can be copied all the same. */
static int attach(struct job *job, const struct container_mount_point *m)
{
	cleanup_fd int source = -EBADF, tree = -EBADF, target = -EBADF;
	struct stat st;
	int r;

	if (str_empty(m->source) || str_eq(m->type, "tmpfs"))
		return 0;
	source = open_source(m);
	if (source < 0 || fstat(source, &st) < 0)
		return 0;
	tree = tree_clone(source, "", AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return err_sys(&job->err, tree, "open %s", m->source);
	r = m->rw ? 0 : set_read_only(tree, AT_RECURSIVE);
	if (r < 0)
		return err_sys(&job->err, r, "make %s read-only", m->source);
	target = open_mountpoint(job, m->destination, S_ISDIR(st.st_mode));
	if (target < 0)
		return err_sys(&job->err, target, "make the mount point %s", m->destination);
	if (syscall(SYS_move_mount, tree, "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(&job->err, errno, "mount %s at %s", m->source, m->destination);
	return 0;
}

/* Shorter paths first, so that nothing is mounted over what was mounted before. */
static int by_length(const void *x, const void *y)
{
	size_t a = strlen((*(struct container_mount_point *const *)x)->destination);
	size_t b = strlen((*(struct container_mount_point *const *)y)->destination);

	return a < b ? -1 : a > b;
}

static int attach_all(struct job *job)
{
	const struct json_list *mounts = &job->extra->mounts;
	struct container_mount_point **sorted =
		arena_calloc(job->arena, mounts->n + 1, sizeof(*sorted));
	int r = 0;

	if (!sorted)
		return err_oom(&job->err);
	for (size_t i = 0; i < mounts->n; i++)
		sorted[i] = JSON_AT(struct container_mount_point, mounts, i);
	qsort(sorted, mounts->n, sizeof(*sorted), by_length);
	for (size_t i = 0; r == 0 && i < mounts->n; i++)
		r = attach(job, sorted[i]);
	return r;
}

/* In a mount namespace of its own: nothing made here is seen anywhere else. The overlay goes over
 * "/", which hides nothing from a path look-up, because those start below it. */
static int mount_view(struct job *job)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(&job->err, errno, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(&job->err, errno, "make the mount namespace private");
	job->root->fd = run_overlay_open(job->overlay, &job->err);
	if (job->root->fd < 0)
		return job->root->fd;
	if (syscall(SYS_move_mount, job->root->fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(&job->err, errno, "mount the root of container %s",
			       job->root->info.row.name);
	job->root->ns_fd = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (job->root->ns_fd < 0)
		return err_sys(&job->err, errno, "open the mount namespace");
	r = attach_all(job);
	if (r == 0 && job->read_only) {
		r = set_read_only(job->root->fd, 0);
		if (r < 0)
			return err_sys(&job->err, r, "make the root read-only");
	}
	return r;
}

static int open_stopped(struct engine *e, struct arena *a, enum copy_root_view view,
			struct copy_root *r, struct err *err)
{
	struct container_extra extra = {};
	struct run_overlay overlay = {};
	struct job job = {
		.fn = mount_view,
		.arena = a,
		.root = r,
		.overlay = &overlay,
		.extra = &extra,
		.read_only = r->info.config->host_config.readonly_rootfs,
	};
	int ret;

	if ((ret = container_overlay(e, a, r->info.row.id, &overlay, err)) < 0 ||
	    (ret = container_extra_decode(a, r->info.row.extra, &extra, err)) < 0)
		return ret;
	if (view == COPY_ROOT_WITH_MOUNTS)
		return job_run(&job, err);
	r->fd = run_overlay_open(&overlay, err);
	return r->fd < 0 ? r->fd : 0;
}

void copy_root_ids(const struct copy_root *r, struct tree_pack *pack)
{
	pack->n_ids = (uint32_t)r->ids.size;
	pack->first_uid = (uint32_t)r->ids.uid;
	pack->first_gid = (uint32_t)r->ids.gid;
}

static int learn_ids(struct copy_root *r, struct arena *a, struct err *err)
{
	struct container_extra x = {};
	int res = container_extra_decode(a, r->info.row.extra, &x, err);

	if (res == 0 && x.userns)
		r->ids = *x.userns;
	return res;
}

int copy_root_open(struct engine *e, struct arena *a, const char *key, enum copy_root_view view,
		   struct copy_root *ret, struct err *err)
{
	int r = container_brief(e, a, key, &ret->info, err);

	if (r < 0)
		return r;
	if (!container_status_is_live(ret->info.state.status)) {
		ret->lock = container_lock(e, ret->info.row.id, true, err);
		if (ret->lock < 0)
			return ret->lock;
		r = container_read_state(e, a, ret->info.row.id, &ret->info.state, err);
		if (r < 0)
			return r;
		if (!container_status_is_live(ret->info.state.status))
			return open_stopped(e, a, view, ret, err);
		fd_close(TAKE_FD(ret->lock)); /* started meanwhile */
	}
	r = learn_ids(ret, a, err);
	return r < 0 ? r : open_running(ret, view, err);
}

/* ---- questions ---- */

/* Appends one component to the resolved path; ".." takes one away and stops at the root. */
static void step(struct buf *done, const char *name, size_t n)
{
	if (n == 0 || (n == 1 && name[0] == '.'))
		return;
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		while (done->len && done->data[--done->len] != '/')
			;
		if (done->data)
			done->data[done->len] = '\0';
		return;
	}
	buf_putc(done, '/');
	buf_add(done, name, n);
}

/* The target of the link `done`, or 0 when it is none (or nothing is there). */
static ssize_t read_link(int root, const struct buf *done, char *target, size_t size)
{
	cleanup_fd int fd = -EBADF;
	struct stat st;
	ssize_t n;

	if (!done->data)
		return 0;
	fd = path_open_in_root(root, done->data, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	n = readlinkat(fd, "", target, size - 1);
	if (n > 0)
		target[n] = '\0';
	return MAX_OF(n, 0);
}

int copy_root_resolve(const struct copy_root *r, struct arena *a, const char *path, bool follow,
		      char **ret, struct err *err)
{
	cleanup(buf_done) struct buf done = BUF_INIT(PATH_MAX);
	char *rest = arena_strdup(a, path), target[PATH_MAX];
	int links = 0;

	while (rest && *(rest += strspn(rest, "/"))) {
		size_t n = strcspn(rest, "/");
		bool last = !rest[n + strspn(rest + n, "/")];
		size_t before = done.len;

		step(&done, rest, n);
		rest += n;
		if (last && !follow && !*rest)
			break;
		if (done.len <= before || read_link(r->fd, &done, target, sizeof(target)) == 0)
			continue;
		if (++links > LINKS_MAX)
			return err_sys(err, ELOOP, "%s", path);
		rest = arena_printf(a, "%s/%s", target, rest);
		done.len = *target == '/' ? 0 : before;
		done.data[done.len] = '\0';
	}
	if (!rest || buf_check(&done, NULL) == -ENOMEM)
		return err_oom(err);
	if (done.failed)
		return err_sys(err, ENAMETOOLONG, "%.200s", path);
	*ret = arena_strdup(a, done.len ? done.data : "/");
	return *ret ? 0 : err_oom(err);
}

static int mount_id(int fd, uint64_t *ret)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return -errno;
	*ret = stx.stx_mnt_id;
	return 0;
}

int copy_root_check_writable(const struct copy_root *r, int fd, struct err *err)
{
	uint64_t root = 0, here = 0;
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return err_sys(err, errno, "stat the file system");
	if (!(fs.f_flag & ST_RDONLY))
		return 0;
	if (mount_id(r->fd, &root) == 0 && mount_id(fd, &here) == 0 && root != here)
		return err_set(err, ERR_INVALID, "mounted volume is marked read-only");
	return err_set(err, ERR_INVALID, "container rootfs is marked read-only");
}
