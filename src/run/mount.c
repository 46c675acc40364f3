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
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/path.h"
#include "base/str.h"
#include "run/cgroup-impl.h"
#include "run/child.h"
#include "run/mountfd.h"

#define DATA_MAX 32

/* What a mount's options say. */
struct options {
	bool bind, recursive, rec_attr;
	uint64_t set, clear;
	unsigned long propagation;
	bool rec_propagation;
	char *data[DATA_MAX + 1];
	size_t n_data;
};

static const struct {
	const char *name;
	uint64_t attr;
	bool clear;
} attr_names[] = {
	{"ro", MOUNT_ATTR_RDONLY, false},
	{"rw", MOUNT_ATTR_RDONLY, true},
	{"nosuid", MOUNT_ATTR_NOSUID, false},
	{"suid", MOUNT_ATTR_NOSUID, true},
	{"nodev", MOUNT_ATTR_NODEV, false},
	{"dev", MOUNT_ATTR_NODEV, true},
	{"noexec", MOUNT_ATTR_NOEXEC, false},
	{"exec", MOUNT_ATTR_NOEXEC, true},
	{"noatime", MOUNT_ATTR_NOATIME, false},
	{"atime", MOUNT_ATTR_NOATIME, true},
	{"relatime", MOUNT_ATTR_RELATIME, false},
	{"norelatime", MOUNT_ATTR__ATIME, true},
	{"strictatime", MOUNT_ATTR_STRICTATIME, false},
	{"nostrictatime", MOUNT_ATTR_STRICTATIME, true},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, false},
	{"diratime", MOUNT_ATTR_NODIRATIME, true},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, false},
	{"symfollow", MOUNT_ATTR_NOSYMFOLLOW, true},
};

static const struct {
	const char *name;
	unsigned long flag;
} propagation_names[] = {
	{"private", MS_PRIVATE},
	{"slave", MS_SLAVE},
	{"shared", MS_SHARED},
	{"unbindable", MS_UNBINDABLE},
};

/* Words without meaning for a mount made here. */
static const char *const ignored[] = {"defaults",   "async",      "nomand",
				      "noiversion", "nolazytime", "loud"};

static unsigned long find_propagation(const char *name, bool *recursive)
{
	for (size_t i = 0; i < ARRAY_SIZE(propagation_names); i++) {
		*recursive = name[0] == 'r' && str_eq(name + 1, propagation_names[i].name);
		if (*recursive || str_eq(name, propagation_names[i].name))
			return propagation_names[i].flag;
	}
	return 0;
}

static bool parse_attr(struct options *o, const char *name)
{
	/* rro and its like: the option for the whole tree. Not "rw" and "relatime", which are
	 * words. */
	for (int rec = 0; rec < 2; rec++)
		for (size_t i = 0; i < ARRAY_SIZE(attr_names); i++) {
			if ((rec && name[0] != 'r') || !str_eq(name + rec, attr_names[i].name))
				continue;
			o->rec_attr |= rec;
			if (attr_names[i].clear) {
				o->clear |= attr_names[i].attr;
				o->set &= ~attr_names[i].attr;
			} else {
				if (attr_names[i].attr & MOUNT_ATTR__ATIME ||
				    attr_names[i].attr == 0)
					o->clear |= MOUNT_ATTR__ATIME;
				o->set |= attr_names[i].attr;
			}
			return true;
		}
	return false;
}

static int parse_option(struct options *o, char *name, struct err *err)
{
	bool recursive;
	unsigned long propagation = find_propagation(name, &recursive);

	if (propagation) {
		o->propagation = propagation;
		o->rec_propagation = recursive;
		return 0;
	}
	if (str_eq(name, "bind") || str_eq(name, "rbind")) {
		o->bind = true;
		o->recursive = name[0] == 'r';
		return 0;
	}
	if (parse_attr(o, name))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		if (str_eq(name, ignored[i]))
			return 0;
	if (str_eq(name, "tmpcopyup") || str_eq(name, "idmap") || str_eq(name, "ridmap"))
		return err_set(err, ERR_UNSUPPORTED, "mount option %s is not supported", name);
	if (o->n_data == DATA_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %d mount options", DATA_MAX);
	o->data[o->n_data++] = name;
	return 0;
}

static int parse_options(const struct oci_mount *m, struct options *o, struct err *err)
{
	int r = 0;

	*o = (struct options){.bind = str_eq(m->type, "bind")};
	for (char **p = m->options; r == 0 && p && *p; p++)
		r = parse_option(o, *p, err);
	if (r == 0 && (m->uid_mappings.n || m->gid_mappings.n))
		return err_set(err, ERR_UNSUPPORTED, "mount on %s: id mappings are not supported",
			       m->destination);
	return r < 0 ? err_prefix(err, "mount on %s", m->destination) : 0;
}

int mount_sources(const struct oci_spec *spec, int **ret, struct err *err)
{
	int *fds = calloc(spec->mounts.n + 1, sizeof(*fds));
	int r = 0;

	if (!fds)
		return err_oom(err);
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct oci_mount *m = JSON_AT(struct oci_mount, &spec->mounts, i);
		struct options o;

		fds[i] = -EBADF; /* all of them, also after a failure */
		if (r < 0)
			continue;
		r = parse_options(m, &o, err);
		if (r == 0 && o.bind && m->source) {
			fds[i] = mountfd_clone(AT_FDCWD, m->source, o.recursive, err);
			r = fds[i] < 0 ? fds[i] : 0;
		}
	}
	if (r < 0) {
		for (size_t i = 0; i < spec->mounts.n; i++)
			fd_close(fds[i]);
		free(fds);
		return r;
	}
	*ret = fds;
	return 0;
}

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
static int open_target(int root, const char *dest, bool dir, bool no_links, struct err *err)
{
	int fd = no_links ? open_no_links(root, dest) : path_open_in_root(root, dest, O_PATH, 0);

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

/* Gives the mount its options and puts it on its place. */
static int place(struct child *c, int mount_fd, const char *dest, const struct options *o,
		 bool no_links, struct err *err)
{
	cleanup_fd int target = open_target(c->root, dest, is_dir(mount_fd), no_links, err);
	int r = target < 0 ? target : check_cover(mount_fd, target, dest, err);

	if (r == 0 && o->bind && (o->set || o->clear))
		r = mountfd_setattr(mount_fd, o->set, o->clear, o->rec_attr, err);
	if (r == 0)
		r = mountfd_attach(mount_fd, target, dest, err);
	/* In a tree that is all private a bind is private already; one cloned by the parent is not.
	 */
	if (r == 0 && o->propagation &&
	    (!c->private_tree || c->sources || o->propagation != MS_PRIVATE))
		r = mountfd_propagation(mount_fd, o->propagation, o->rec_propagation, err);
	return r;
}

static int mount_bind(struct child *c, const struct oci_mount *m, size_t index,
		      const struct options *o, struct err *err)
{
	cleanup_fd int fd = -EBADF;

	if (str_empty(m->source))
		return err_set(err, ERR_INVALID, "mount on %s: a bind needs a source",
			       m->destination);
	if (o->n_data)
		return err_set(err, ERR_INVALID, "mount on %s: unknown option %s", m->destination,
			       o->data[0]);
	if (c->sources && c->sources[index] >= 0)
		fd = TAKE_FD(c->sources[index]);
	else
		fd = mountfd_clone(AT_FDCWD, m->source, o->recursive, err);
	return fd < 0 ? fd : place(c, fd, m->destination, o, false, err);
}

/* One v1 hierarchy, or v2, as a directory of the tmpfs at /sys/fs/cgroup. */
static int bind_cgroup(int tmpfs, int group, const char *name, uint64_t attrs, struct err *err)
{
	cleanup_fd int fd = mountfd_clone(group, "", false, err), target = -EBADF;
	int r;

	if (fd < 0)
		return fd;
	if (mkdirat(tmpfs, name, 0755) < 0)
		return err_sys(err, errno, "create /sys/fs/cgroup/%s", name);
	target = openat(tmpfs, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = mountfd_setattr(fd, attrs, 0, false, err);
	if (r == 0)
		r = mountfd_attach(fd, target, name, err);
	return r;
}

/* The container sees its own groups, and of v1 only the hierarchies it has: bound, not mounted
 * anew, so that it is the same with and without a cgroup namespace. */
static int mount_cgroup(struct child *c, const struct oci_mount *m, struct options *o,
			struct err *err)
{
	cleanup_fd int base = cgroup_v2_base(), v2 = -EBADF, tmpfs = -EBADF;
	struct statfs fs;
	char *data[] = {(char *)"mode=755", (char *)"size=4096k", NULL};
	int r = child_await_cgroup(c, err);

	if (r < 0)
		return r;
	if (!c->cgroup_path)
		return err_set(err, ERR_INVALID, "mount on %s: the container has no cgroup",
			       m->destination);
	if (base >= 0)
		v2 = path_open_beneath(base, c->cgroup_path, O_PATH | O_DIRECTORY, 0);
	o->bind = true;
	o->n_data = 0;
	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		cleanup_fd int fd = v2 < 0 ? v2 : mountfd_clone(v2, "", false, err);

		return fd < 0 ? err_sys(err, fd, "open cgroup")
			      : place(c, fd, m->destination, o, false, err);
	}
	tmpfs = mountfd_new("tmpfs", "cgroup", data, o->set & ~(uint64_t)MOUNT_ATTR_RDONLY, err);
	if (tmpfs < 0)
		return tmpfs;
	r = place(c, tmpfs, m->destination, &(struct options){}, true, err);
	if (r == 0 && v2 >= 0)
		r = bind_cgroup(tmpfs, v2, "unified", o->set, err);
	for (int i = 0; r == 0 && i < _CTL_MAX; i++) {
		cleanup_fd int group = cgroup_v1_open(i, c->cgroup_path, false);

		if (group >= 0)
			r = bind_cgroup(tmpfs, group, cgroup_v1_names[i], o->set, err);
	}
	if (r == 0 && o->set & MOUNT_ATTR_RDONLY)
		r = mountfd_setattr(tmpfs, MOUNT_ATTR_RDONLY, 0, false, err);
	return r;
}

static int label_data(const struct child *c, struct options *o, char *buf, size_t size)
{
	const char *label = c->spec->linux ? c->spec->linux->mount_label : NULL;

	if (str_empty(label) || o->n_data == DATA_MAX)
		return 0;
	if ((size_t)snprintf(buf, size, "context=%s", label) >= size)
		return -ENAMETOOLONG;
	o->data[o->n_data++] = buf;
	return 0;
}

static int mount_new(struct child *c, const struct oci_mount *m, struct options *o, struct err *err)
{
	bool proc = str_eq(m->type, "proc"), sys = str_eq(m->type, "sysfs");
	cleanup_fd int fd = -EBADF;
	char label[512];
	int r;

	if (!proc && !sys && label_data(c, o, label, sizeof(label)) < 0)
		return err_set(err, ERR_INVALID, "mountLabel is too long");
	fd = mountfd_new(m->type, m->source, o->data, o->set, err);
	if (fd < 0)
		return err ? err_prefix(err, "mount on %s", m->destination) : fd;
	r = place(c, fd, m->destination, o, proc || sys, err);
	if (r < 0)
		return r;
	/* Kept: what lies on top later cannot change what these fds are. */
	if (proc && !o->n_data && str_eq(m->destination, "/proc") && c->proc < 0)
		c->proc = TAKE_FD(fd);
	else if (str_eq(m->type, "tmpfs") && str_eq(m->destination, "/dev") && c->dev < 0)
		c->dev = TAKE_FD(fd);
	else if (str_eq(m->type, "devpts") && str_eq(m->destination, "/dev/pts") && c->devpts < 0)
		c->devpts = TAKE_FD(fd);
	return 0;
}

static int mount_one(struct child *c, size_t index, struct err *err)
{
	const struct oci_mount *m = JSON_AT(struct oci_mount, &c->spec->mounts, index);
	struct options o;
	int r = parse_options(m, &o, err);

	if (r < 0)
		return r;
	if (o.bind)
		return mount_bind(c, m, index, &o, err);
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
	struct options o = {.bind = true, .set = MOUNT_ATTR_RDONLY};
	cleanup_fd int fd = mountfd_clone(AT_FDCWD, source, false, err);

	return fd < 0 ? fd : place(c, fd, dest, &o, false, err);
}

unsigned long mount_tree_propagation(const struct oci_spec *spec)
{
	const char *root = spec->linux->rootfs_propagation;
	bool recursive;

	if (!str_empty(root)) {
		unsigned long p = find_propagation(root, &recursive);

		if (p == MS_SHARED)
			return 0;
		return p == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
	}
	for (size_t i = 0; i < spec->mounts.n; i++)
		for (char **p = JSON_AT(struct oci_mount, &spec->mounts, i)->options; p && *p;
		     p++) {
			unsigned long f = find_propagation(*p, &recursive);

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
	unsigned long p = str_empty(root) ? 0 : find_propagation(root, &recursive);
	struct mount_attr attr = {.propagation = p};

	if (!p && !str_empty(root))
		return err_set(err, ERR_INVALID, "rootfsPropagation \"%s\" is unknown", root);
	if (!p || p == MS_PRIVATE)
		return 0;
	if (mount_setattr(AT_FDCWD, "/", recursive ? AT_RECURSIVE : 0, &attr, sizeof(attr)) < 0)
		return err_sys(err, errno, "set rootfsPropagation");
	return 0;
}
