// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts of the configuration, in its order.
 *
 * Each is made detached, with its options, then its target is opened once inside the root (openat2
 * RESOLVE_IN_ROOT: a link in the image that points at /etc points at the image's /etc) and the
 * mount is moved onto that fd. No path is looked up twice, so nobody can swap a component in
 * between. proc and sysfs go only to a path without symbolic links, and nothing but procfs goes to
 * /proc or into a procfs: an image or a volume that is laid over /proc could otherwise feed us
 * files of its own where we read and write the kernel's.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/path.h"
#include "base/str.h"
#include "run/child.h"
#include "run/mount-options.h"
#include "run/mountfd.h"

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* Files of /proc that may be replaced by a bind: what lxcfs provides. */
static bool may_cover(const char *dest)
{
	static const char *const allowed[] = {
		"/proc/cpuinfo", "/proc/diskstats",
		"/proc/meminfo", "/proc/stat",
		"/proc/swaps",   "/proc/uptime",
		"/proc/loadavg", "/proc/slabinfo",
		"/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
	};

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (str_eq(dest, allowed[i]))
			return true;
	return false;
}

static int open_no_links(int root, const char *dest)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, dest, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* The target inside the root, made when it is missing. */
static int open_target(int root, const char *dest, bool dir, bool no_links, bool *made,
		       struct err *err)
{
	int fd = no_links ? open_no_links(root, dest) : path_open_in_root(root, dest, O_PATH, 0);

	*made = fd == -ENOENT;
	if (fd == -ENOENT) {
		fd = dir ? path_mkdir_in_root(root, dest, 0755, err)
			 : path_touch_in_root(root, dest, 0644, err);
		if (fd < 0 || !no_links)
			return fd;
		fd_close(fd);
		fd = open_no_links(root, dest);
	}
	if (fd == -ELOOP)
		return err_set(err, ERR_INVALID,
			       "mount on %s: the path is a symbolic link in the image", dest);
	return fd < 0 ? err_sys(err, fd, "mount on %s", dest) : fd;
}

static bool is_dir(int fd)
{
	struct stat st;

	return fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && S_ISDIR(st.st_mode);
}

static int check_cover(int mount_fd, int target, const char *dest, struct err *err)
{
	if ((is_procfs(target) || str_eq(dest, "/proc")) && !is_procfs(mount_fd) &&
	    !may_cover(dest))
		return err_set(err, ERR_INVALID, "mount on %s: it is in /proc", dest);
	return 0;
}

/* A tmpfs over a directory of the image looks like it, where the options do not say otherwise. */
static int imitate(int mount_fd, int target, const struct oci_mount *m,
		   const struct mount_options *o, struct err *err)
{
	struct stat st;

	for (char *const *p = o->data; *p; p++)
		if (str_after(*p, "mode="))
			return o->copy_up ? mount_copy_up(target, mount_fd, m->destination, err)
					  : 0;
	if (fstat(target, &st) < 0 || fchmodat(mount_fd, ".", st.st_mode & 07777, 0) < 0)
		return err_sys(err, errno, "mount on %s", m->destination);
	return o->copy_up ? mount_copy_up(target, mount_fd, m->destination, err) : 0;
}

static int apply_attrs(int mount_fd, const struct mount_options *o, struct err *err)
{
	const struct mount_attrs *a = &o->top, *t = &o->tree;
	int r = 0;

	if (a->set || a->clear)
		r = mountfd_setattr(mount_fd, a->set, a->clear, false, err);
	if (r == 0 && (t->set || t->clear))
		r = mountfd_setattr(mount_fd, t->set, t->clear, true, err);
	return r;
}

int mount_place(struct child *c, int mount_fd, const struct oci_mount *m,
		const struct mount_options *o, enum mount_place_flags flags, struct err *err)
{
	bool made, dir = is_dir(mount_fd);
	cleanup_fd int target =
		open_target(c->root, m->destination, dir, flags & MOUNT_NO_LINKS, &made, err);
	int r = target < 0 ? target : check_cover(mount_fd, target, m->destination, err);

	if (r == 0 && flags & MOUNT_IMITATE && !made)
		r = imitate(mount_fd, target, m, o, err);
	if (r == 0 && flags & MOUNT_ATTRS)
		r = apply_attrs(mount_fd, o, err);
	if (r == 0)
		r = mountfd_attach(mount_fd, target, m->destination, err);
	/* In a tree that is all private a bind is private already; one cloned by the parent is not.
	 */
	if (r == 0 && o->propagation &&
	    (!c->private_tree || c->sources || o->propagation != MS_PRIVATE))
		r = mountfd_propagation(mount_fd, o->propagation, o->rec_propagation, err);
	return r;
}

int mount_open_source(int dirfd, const struct oci_mount *m, const struct mount_options *o,
		      struct err *err)
{
	cleanup_fd int top = -EBADF, fd = -EBADF;

	if (!o->subpath)
		return mountfd_clone(dirfd, m->source, o->recursive, err);
	top = openat(dirfd, m->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_sys(err, errno, "mount source %s", m->source);
	fd = path_open_in_root(top, o->subpath, O_PATH, 0);
	if (fd < 0)
		return err_sys(err, fd, "mount source %s: %s in it", m->source, o->subpath);
	return mountfd_clone(fd, "", o->recursive, err);
}

static int mount_bind(struct child *c, const struct oci_mount *m, size_t index,
		      const struct mount_options *o, struct err *err)
{
	cleanup_fd int fd = -EBADF;

	if (c->sources && c->sources[index] >= 0)
		fd = TAKE_FD(c->sources[index]);
	else
		fd = mount_open_source(AT_FDCWD, m, o, err);
	return fd < 0 ? fd : mount_place(c, fd, m, o, MOUNT_ATTRS, err);
}

static int label_data(const struct child *c, struct mount_options *o, char *buf, size_t size)
{
	const char *label = c->spec->linux ? c->spec->linux->mount_label : NULL;

	if (str_empty(label) || o->n_data == MOUNT_DATA_MAX)
		return 0;
	if (access("/sys/fs/selinux/enforce", F_OK) < 0)
		return -EOPNOTSUPP;
	if ((size_t)snprintf(buf, size, "context=%s", label) >= size)
		return -ENAMETOOLONG;
	o->data[o->n_data++] = buf;
	return 0;
}

/* These three show a namespace; one that belongs to somebody else's user namespace cannot be mounted
 * anew, only what the host has of it bound. A pid namespace of our own is never that: the host's /proc
 * would show the host's processes. */
static int bind_hosts_view(const struct child *c, const struct oci_mount *m)
{
	static const struct {
		const char *type, *path;
		uint64_t never; /* CLONE_NEW*: when that is new */
	} views[] = {{"sysfs", "/sys", 0},
		     {"proc", "/proc", CLONE_NEWPID},
		     {"mqueue", "/dev/mqueue", 0}};

	for (size_t i = 0; c->userns && i < ARRAY_SIZE(views); i++)
		if (str_eq(m->type, views[i].type) && !(c->ns->create & views[i].never))
			return mountfd_clone(AT_FDCWD, views[i].path, true, NULL);
	return -EPERM;
}

static int open_new(struct child *c, const struct oci_mount *m, struct mount_options *o,
		    bool *bound, struct err *err)
{
	uint64_t attrs = (o->top.set | o->tree.set) & ~(uint64_t)MOUNT_ATTR_RDONLY;
	int fd = mountfd_new(m->type, m->source, o->data, attrs, err);

	*bound = false;
	if (fd == -EPERM) {
		int view = bind_hosts_view(c, m);

		*bound = view >= 0;
		fd = view >= 0 ? view : fd;
	}
	return fd < 0 && err ? err_prefix(err, "mount on %s", m->destination) : fd;
}

/* What lies on top later cannot change what these fds are. */
static void keep(struct child *c, const struct oci_mount *m, int *fd)
{
	if (str_eq(m->type, "proc") && str_eq(m->destination, "/proc") && c->proc < 0)
		c->proc = TAKE_FD(*fd);
	else if (str_eq(m->type, "tmpfs") && str_eq(m->destination, "/dev") && c->dev < 0)
		c->dev = TAKE_FD(*fd);
	else if (str_eq(m->type, "devpts") && str_eq(m->destination, "/dev/pts") && c->devpts < 0)
		c->devpts = TAKE_FD(*fd);
}

static int mount_new(struct child *c, const struct oci_mount *m, struct mount_options *o,
		     struct err *err)
{
	bool proc = str_eq(m->type, "proc"), sys = str_eq(m->type, "sysfs"), bound;
	enum mount_place_flags flags = (proc || sys ? MOUNT_NO_LINKS : 0) | MOUNT_ATTRS;
	bool whole = !o->n_data;
	cleanup_fd int fd = -EBADF;
	char label[512];
	int r;

	r = proc || sys ? 0 : label_data(c, o, label, sizeof(label));
	if (r < 0)
		return err_set(err, r == -EOPNOTSUPP ? ERR_UNSUPPORTED : ERR_INVALID,
			       r == -EOPNOTSUPP ? "mountLabel: this kernel has no SELinux"
						: "mountLabel is too long");
	fd = open_new(c, m, o, &bound, err);
	if (fd < 0)
		return fd;
	/* Its nodes are still to be made. */
	if (str_eq(m->type, "tmpfs") && str_eq(m->destination, "/dev") && c->dev < 0 &&
	    o->top.set & MOUNT_ATTR_RDONLY) {
		o->top.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		c->dev_readonly = true;
	}
	if (str_eq(m->type, "tmpfs"))
		flags |= MOUNT_IMITATE;
	r = mount_place(c, fd, m, o, flags, err);
	if (r == 0 && !bound && (!proc || whole))
		keep(c, m, &fd);
	return r;
}

/* Another set of options for what was mounted there before. */
static int mount_again(struct child *c, const struct oci_mount *m, const struct mount_options *o,
		       struct err *err)
{
	cleanup_fd int fd = path_open_in_root(c->root, m->destination, O_PATH, 0), fs = -EBADF;
	int r = fd < 0 ? err_sys(err, fd, "remount %s", m->destination) : apply_attrs(fd, o, err);

	if (r < 0)
		return r;
	if (o->n_data) {
		fs = fspick(fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);
		if (fs < 0)
			return err_sys(err, errno, "remount %s", m->destination);
		r = mountfd_configure(fs, o->data, err);
		if (r == 0 && fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
			r = mountfd_error(fs, errno, err, "remount %s", m->destination);
	}
	if (r == 0 && o->propagation)
		r = mountfd_propagation(fd, o->propagation, o->rec_propagation, err);
	return r;
}

static int mount_one(struct child *c, size_t index, struct err *err)
{
	const struct oci_mount *m = JSON_AT(struct oci_mount, &c->spec->mounts, index);
	struct mount_options o;
	int r = mount_options_parse(m, &o, err);

	if (r < 0)
		return r;
	/* It would lie over the root that all others are made in. */
	if (strspn(m->destination, "/.") == strlen(m->destination))
		return err_set(err, ERR_INVALID, "mount on \"%s\": that is the root itself",
			       m->destination);
	if (o.bind)
		return mount_bind(c, m, index, &o, err);
	if (o.remount)
		return mount_again(c, m, &o, err);
	if (str_empty(m->type))
		return err_set(err, ERR_INVALID, "mount on %s: it has no type", m->destination);
	if (str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2"))
		return mount_cgroup(c, m, &o, err);
	return mount_new(c, m, &o, err);
}

int mount_all(struct child *c, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->spec->mounts.n; i++)
		r = mount_one(c, i, err);
	return r;
}

int mount_file(struct child *c, const char *source, const char *dest, struct err *err)
{
	struct mount_options o = {.bind = true, .top.set = MOUNT_ATTR_RDONLY};
	struct oci_mount m = {.destination = (char *)dest, .source = (char *)source};
	cleanup_fd int fd = mountfd_clone(AT_FDCWD, source, false, err);

	return fd < 0 ? fd : mount_place(c, fd, &m, &o, MOUNT_ATTRS, err);
}

unsigned long mount_tree_propagation(const struct oci_spec *spec)
{
	const char *root = spec->linux->rootfs_propagation;
	bool recursive;

	if (!str_empty(root)) {
		unsigned long p = mount_options_propagation(root, &recursive);

		if (p == MS_SHARED)
			return 0;
		return p == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
	}
	for (size_t i = 0; i < spec->mounts.n; i++)
		for (char **p = JSON_AT(struct oci_mount, &spec->mounts, i)->options; p && *p;
		     p++) {
			unsigned long f = mount_options_propagation(*p, &recursive);

			if (f == MS_SLAVE)
				return MS_SLAVE;
			if (f == MS_SHARED)
				return 0;
		}
	return MS_PRIVATE;
}

int mount_root_propagation(const struct oci_spec *spec, struct err *err)
{
	const char *root = spec->linux->rootfs_propagation;
	bool recursive = false;
	unsigned long p = str_empty(root) ? 0 : mount_options_propagation(root, &recursive);
	struct mount_attr attr = {.propagation = p};

	if (!p && !str_empty(root))
		return err_set(err, ERR_INVALID, "rootfsPropagation \"%s\" is unknown", root);
	if (!p || p == MS_PRIVATE)
		return 0;
	if (mount_setattr(AT_FDCWD, "/", recursive ? AT_RECURSIVE : 0, &attr, sizeof(attr)) < 0)
		return err_sys(err, errno, "set rootfsPropagation");
	return 0;
}
