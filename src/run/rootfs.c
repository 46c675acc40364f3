// SPDX-License-Identifier: Apache-2.0
/*
 * The root is built as a detached mount: nothing on the host is a mount point for it, so nothing
 * can be left behind, and no path leads to it while it is being prepared. Then it is attached over
 * "/" of the new mount namespace (a mount can only get mounts below it once it is attached), and
 * after all is mounted pivot_root(".", ".") stacks it under the old root, which is then detached.
 *
 * Overlay: fsconfig with one "lowerdir+" a layer (kernel 6.8). Before that the option string of
 * mount(2) has one page, too small for 500 layers' paths: each layer is opened, and its name is the
 * fd's number with /proc/self/fd as the working directory: 500 names in 2 KB. mount(2) cannot make
 * a detached mount, so it is mounted in a mount namespace of its own and cloned from there by
 * open_tree.
 */
#include "run/rootfs.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/sock.h"
#include "base/str.h"
#include "run/message.h"
#include "run/mountfd.h"

#define STACKED_MAX 16 /* mounts on one place */

static int overlay_set(int fs, const char *key, const char *value)
{
	return fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) < 0
		       ? -errno
		       : 0;
}

/* -EINVAL (without a message) when the kernel does not know lowerdir+. */
static int overlay_new(const struct run_overlay *o, struct err *err)
{
	cleanup_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int r = 0, fd;
	char log[256];

	if (fs < 0)
		return err_sys(err, errno, "open the overlay filesystem");
	/* Before 6.5 overlay takes options as text, whatever they are, and refuses them in the end,
	 * in the kernel's log. No kernel that knows this one takes it without a value. */
	if (overlay_set(fs, "lowerdir+", NULL) == 0)
		return -EINVAL;
	(void)!read(fs, log, sizeof(log));
	for (char **p = o->lower; *p; p++) {
		r = overlay_set(fs, "lowerdir+", *p);
		if (r == -EINVAL && p == o->lower)
			return -EINVAL;
		if (r < 0)
			return mountfd_error(fs, r, err, "overlay layer %s", *p);
	}
	if (o->upper) {
		r = overlay_set(fs, "upperdir", o->upper);
		if (r < 0)
			return mountfd_error(fs, r, err, "overlay upper directory %s", o->upper);
		r = overlay_set(fs, "workdir", o->work);
		if (r < 0)
			return mountfd_error(fs, r, err, "overlay work directory %s", o->work);
	}
	r = overlay_set(fs, "userxattr", NULL);
	if (r == 0)
		r = overlay_set(fs, "index", "off");
	if (r == 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return mountfd_error(fs, r, err, "overlay of %zu layers", strv_len(o->lower));
	fd = fsmount(fs, FSMOUNT_CLOEXEC, o->upper ? 0 : MOUNT_ATTR_RDONLY);
	return fd < 0 ? err_sys(err, errno, "mount the overlay") : fd;
}

/* The option string of mount(2), with fds for names. */
static int legacy_options(const struct run_overlay *o, char *out, size_t size, struct err *err)
{
	size_t len = (size_t)snprintf(out, size, "userxattr,index=off,lowerdir=");
	struct rlimit rl;
	int upper, work;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < OVERLAY_LOWER_MAX + 64) {
		rl.rlim_cur = MIN_OF(rl.rlim_max, OVERLAY_LOWER_MAX + 64);
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	for (char **p = o->lower; *p; p++) {
		int fd = open(*p, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(err, errno, "overlay layer %s", *p);
		len += (size_t)snprintf(out + len, size - len, "%s%d", p == o->lower ? "" : ":",
					fd);
		if (len >= size)
			return err_set(err, ERR_TOO_LARGE,
				       "too many overlay layers for this kernel");
	}
	if (!o->upper)
		return 0;
	upper = open(o->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	work = open(o->work, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0 || work < 0)
		return err_sys(err, errno, "overlay directory %s", upper < 0 ? o->upper : o->work);
	len += (size_t)snprintf(out + len, size - len, ",upperdir=%d,workdir=%d", upper, work);
	return len < size ? 0
			  : err_set(err, ERR_TOO_LARGE, "too many overlay layers for this kernel");
}

/* In a private mount namespace. Mounts on the lowest layer, which is a directory for sure. */
static int overlay_mount_2(const struct run_overlay *o, struct err *err)
{
	const char *target = o->lower[strv_len(o->lower) - 1];
	cleanup_fd int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char options[4096];
	int fd, r = legacy_options(o, options, sizeof(options), err);

	if (r < 0)
		return r;
	if (cwd < 0 || chdir("/proc/self/fd") < 0)
		return err_sys(err, errno, "enter /proc/self/fd");
	r = mount("overlay", target, "overlay", o->upper ? 0 : MS_RDONLY, options) < 0 ? -errno : 0;
	if (fchdir(cwd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, r, "overlay of %zu layers", strv_len(o->lower));
	fd = open_tree(AT_FDCWD, target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		r = err_sys(err, errno, "clone the overlay mount");
	(void)umount2(target, MNT_DETACH);
	return fd < 0 ? r : fd;
}

/* A child: its fds (one a layer) and its mount namespace go away with it. */
static int overlay_forked(const struct run_overlay *o, bool unshared,
			  const struct rootfs_idmap *map, struct err *err)
{
	int sock[2], fd = -EBADF, r;
	pid_t pid;

	r = sock_pair(sock);
	if (r < 0)
		return err_sys(err, r, "make a socket pair");
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;

		if (!unshared && unshare(CLONE_NEWNS) < 0)
			fd = err_sys(&e, errno, "make a mount namespace");
		else
			fd = unshared ? 0 : rootfs_isolate(MS_PRIVATE, &e);
		if (fd == 0 && map)
			fd = rootfs_idmap_layers(o, map, &e);
		if (fd == 0)
			fd = overlay_mount_2(o, &e);
		if (fd < 0)
			(void)message_send_error(sock[1], &e);
		else
			(void)message_send(sock[1], MESSAGE_READY, 0, fd);
		_exit(0);
	}
	fd_close(sock[1]);
	r = pid < 0 ? err_sys(err, errno, "fork")
		    : message_expect(sock[0], MESSAGE_READY, &fd, err);
	fd_close(sock[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return r < 0 ? r : fd;
}

int overlay_open(const struct run_overlay *o, int flags, struct err *err)
{
	size_t n = strv_len(o->lower);
	int r = -EINVAL;

	if (n == 0 || n > OVERLAY_LOWER_MAX)
		return err_set(err, ERR_INVALID, "an overlay takes 1 to %d layers, not %zu",
			       OVERLAY_LOWER_MAX, n);
	if (!o->upper && n == 1) {
		cleanup_fd int fd =
			open_tree(AT_FDCWD, o->lower[0], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

		if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
			return err_sys(err, errno, "open layer %s", o->lower[0]);
		return TAKE_FD(fd);
	}
	if (err)
		*err = ERR_INIT;
	if (!(flags & OVERLAY_LEGACY))
		r = overlay_new(o, err);
	if (r == -EINVAL && (!err || !err->msg[0]))
		r = overlay_forked(o, flags & OVERLAY_HERE, NULL, err);
	return r;
}

static int overlay_idmapped(const struct run_options *o, struct err *err)
{
	struct rootfs_idmap map;
	int r = rootfs_idmap_plan(o->spec->linux, &map, err);

	if (r < 0)
		return r;
	r = overlay_forked(o->overlay, false, &map, err);
	fd_close(map.userns);
	return r;
}

int rootfs_open(const struct run_options *o, int flags, struct err *err)
{
	int fd;

	if (o->overlay && o->overlay->idmap)
		return overlay_idmapped(o, err);
	if (o->overlay)
		return overlay_open(o->overlay, flags, err);
	if (!o->spec->root || str_empty(o->spec->root->path))
		return err_set(err, ERR_INVALID, "the configuration has no root.path");
	fd = open_tree(o->bundle_fd >= 0 ? o->bundle_fd : AT_FDCWD, o->spec->root->path,
		       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return fd < 0 ? err_sys(err, errno, "open root %s", o->spec->root->path) : fd;
}

int rootfs_isolate(unsigned long rec_propagation, struct err *err)
{
	struct mount_attr attr = {.propagation = rec_propagation ?: MS_SLAVE};

	if (mount_setattr(AT_FDCWD, "/", rec_propagation ? AT_RECURSIVE : 0, &attr, sizeof(attr)) <
	    0)
		return err_sys(err, errno, "cut mount propagation to the host");
	return 0;
}

int rootfs_attach(int mount_fd, const char *path, struct err *err)
{
	if (move_mount(mount_fd, "", AT_FDCWD, path ?: "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, errno, "attach the root");
	if (fchdir(mount_fd) < 0)
		return err_sys(err, errno, "enter the root");
	return 0;
}

/* The kernel lets a user namespace mount a procfs or sysfs when a whole one is to be seen in its mount
 * namespace. Behind a chroot the host's are still there: they go. Absolute paths are the old root's
 * here. */
static void drop_views(void)
{
	static const char *const views[] = {"/proc", "/sys"};

	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		struct mount_attr attr = {.propagation = MS_PRIVATE};

		if (mount_setattr(AT_FDCWD, views[i], AT_RECURSIVE, &attr, sizeof(attr)) < 0)
			continue;
		for (int n = 0; n < STACKED_MAX && umount2(views[i], MNT_DETACH) == 0; n++)
			;
	}
}

static int change_root(struct err *err)
{
	drop_views();
	return chroot(".") < 0 ? err_sys(err, errno, "change the root") : 0;
}

int rootfs_pivot(bool chroot_only, struct err *err)
{
	int r = 0;

	if (!chroot_only && syscall(SYS_pivot_root, ".", ".") == 0) {
		/* "." is now the old root, stacked on the new one. */
		if (umount2(".", MNT_DETACH) < 0)
			return err_sys(err, errno, "detach the host's root");
	} else if (!chroot_only && errno != EINVAL) {
		return err_sys(err, errno, "change the root");
	} else {
		/* EINVAL: the host's root is the initramfs, which cannot be pivoted away from. The
		 * new root lies over its "/", so that a chroot leaves no path to it. */
		r = change_root(err);
	}
	if (r < 0)
		return r;
	if (chdir("/") < 0)
		return err_sys(err, errno, "enter the root");
	return 0;
}

int run_overlay_open(const struct run_overlay *o, struct err *err)
{
	return overlay_open(o, 0, err);
}
