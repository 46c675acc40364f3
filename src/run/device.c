// SPDX-License-Identifier: Apache-2.0
/*
 * The container's /dev: default nodes, the configuration's nodes, links.
 *
 * Nodes are made through the fd of the directory. Where mknod is not allowed (user namespace) the
 * host's node is bound over an empty file. What an image brings itself is used only when it is the
 * very device that is asked for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/path.h"
#include "base/str.h"
#include "run/child.h"
#include "run/mountfd.h"

static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},         {"core", "/proc/kcore"},
};

int device_null_host(struct err *err)
{
	cleanup_fd int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, ERR_UNSUPPORTED,
			       "/dev/null of this host is not the null device");
	return TAKE_FD(fd);
}

static int bind_host(int dir, const char *name, const char *host, dev_t rdev, struct err *err)
{
	cleanup_fd int fd = open(host, O_PATH | O_CLOEXEC | O_NOFOLLOW), source = -EBADF,
		       target = -EBADF;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open device %s", host);
	if (st.st_rdev != rdev)
		return err_set(err, ERR_INVALID, "%s of this host is another device", host);
	source = mountfd_clone(fd, "", false, err);
	if (source < 0)
		return source;
	target = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (target < 0)
		return err_sys(err, errno, "create %s", name);
	fd_close(target);
	target = openat(dir, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	return mountfd_attach(source, target, name, err);
}

/* Somebody made it before: the configuration's mounts, or the image. */
static int check_existing(int dir, const char *name, mode_t type, dev_t rdev, struct err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "stat device %s", name);
	if ((st.st_mode & S_IFMT) != type || (!S_ISFIFO(type) && st.st_rdev != rdev))
		return err_set(err, ERR_INVALID, "/dev/%s is there and is not the device", name);
	return 0;
}

static int make_node(struct child *c, int dir, const char *name, const char *host, mode_t mode,
		     dev_t rdev, struct err *err)
{
	if (!c->userns && mknodat(dir, name, mode, rdev) == 0)
		return 0;
	if (c->userns || errno == EPERM) {
		struct stat st;

		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return bind_host(dir, name, host, rdev, err);
		errno = EEXIST;
	}
	if (errno == EEXIST)
		return check_existing(dir, name, mode & S_IFMT, rdev, err);
	return err_sys(err, errno, "make device %s", name);
}

static int default_nodes(struct child *c, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(nodes); i++) {
		char host[32];

		(void)snprintf(host, sizeof(host), "/dev/%s", nodes[i].name);
		r = make_node(c, c->dev, nodes[i].name, host, S_IFCHR | 0666,
			      makedev(nodes[i].major, nodes[i].minor), err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, c->dev, links[i].name) < 0 && errno != EEXIST)
			r = err_sys(err, errno, "link /dev/%s", links[i].name);
	return r;
}

static int configured_node(struct child *c, const struct oci_device *d, struct err *err)
{
	const char *slash = strrchr(d->path, '/');
	mode_t type = d->type[0] == 'b' ? S_IFBLK : d->type[0] == 'p' ? S_IFIFO : S_IFCHR;
	mode_t mode = d->file_mode.set ? (mode_t)d->file_mode.value & 07777 : 0666;
	dev_t rdev = S_ISFIFO(type) ? 0 : makedev((unsigned)d->major, (unsigned)d->minor);
	cleanup_fd int dir = -EBADF;
	char parent[PATH_MAX];
	int r;

	if (str_eq(d->path, "/dev/ptmx")) /* the host's: the container has its own, in its devpts */
		return 0;
	if (d->path[0] != '/' || !path_is_component(slash + 1) || !strchr("bcup", d->type[0]) ||
	    d->type[1] || d->major < 0 || d->minor < 0)
		return err_set(err, ERR_INVALID, "device %s is not a device", d->path);
	/* The container's own devpts, whatever the host has there (--privileged lists it). */
	if (str_eq(d->path, "/dev/ptmx"))
		return 0;
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - d->path), d->path);
	dir = path_open_in_root(c->root, *parent ? parent : "/", O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		dir = path_mkdir_in_root(c->root, parent, 0755, err);
	if (dir < 0)
		return dir;
	r = make_node(c, dir, slash + 1, d->path, type | mode, rdev, err);
	if (r == 0 && !c->userns && (d->uid.value || d->gid.value) &&
	    fchownat(dir, slash + 1, (uid_t)d->uid.value, (gid_t)d->gid.value,
		     AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "give device %s its owner", d->path);
	return r;
}

static bool dev_is_bound(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct oci_mount *m = JSON_AT(struct oci_mount, &spec->mounts, i);

		if (str_eq(m->destination, "/dev") &&
		    (str_eq(m->type, "bind") || strv_has(m->options, "bind") ||
		     strv_has(m->options, "rbind") || str_eq(m->type, "devtmpfs")))
			return true;
	}
	return false;
}

int device_all(struct child *c, struct err *err)
{
	const struct json_list *list = &c->spec->linux->devices;
	int r = 0;

	if (dev_is_bound(c->spec))
		return 0;
	if (c->dev < 0) {
		c->dev = path_mkdir_in_root(c->root, "/dev", 0755, err);
		if (c->dev < 0)
			return c->dev;
	}
	r = default_nodes(c, err);
	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = configured_node(c, JSON_AT(struct oci_device, list, i), err);
	return r;
}
