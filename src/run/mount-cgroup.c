// SPDX-License-Identifier: Apache-2.0
/*
 * The container's view of its control groups: bound, not mounted anew, so that it is the same with
 * and without a cgroup namespace. On v1 a tmpfs holds a directory for each hierarchy that the
 * container has; what is combined on the host ("cpu,cpuacct") is there under both its names.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/path.h"
#include "run/cgroup-impl.h"
#include "run/child.h"
#include "run/mount-options.h"
#include "run/mountfd.h"
/* One v1 hierarchy, or v2, as a directory of the tmpfs at /sys/fs/cgroup. */
static int bind_group(int tmpfs, int group, const char *name, uint64_t attrs, struct err *err)
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

static int fill_v1(struct child *c, int tmpfs, int v2, uint64_t attrs, struct err *err)
{
	int r = v2 >= 0 ? bind_group(tmpfs, v2, "unified", attrs, err) : 0;

	for (int i = 0; r == 0 && i < _CTL_MAX; i++) {
		cleanup_fd int group = cgroup_v1_open(i, c->cgroup_path, false);

		if (group >= 0)
			r = bind_group(tmpfs, group, cgroup_v1_names[i], attrs, err);
	}
	return r;
}

int mount_cgroup(struct child *c, const struct oci_mount *m, struct mount_options *o,
		 struct err *err)
{
	cleanup_fd int base = cgroup_v2_base(), v2 = -EBADF, tmpfs = -EBADF;
	char *data[] = {(char *)"mode=755", (char *)"size=4096k", NULL};
	struct mount_options plain = {.bind = false};
	struct statfs fs;
	int r = child_await_cgroup(c, err);

	if (r < 0)
		return r;
	if (!c->cgroup_path)
		return err_set(err, ERR_INVALID, "mount on %s: the container has no cgroup",
			       m->destination);
	if (base >= 0)
		v2 = path_open_beneath(base, c->cgroup_path, O_PATH | O_DIRECTORY, 0);
	o->bind = true;
	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		cleanup_fd int fd = v2 < 0 ? err_sys(err, v2, "open cgroup /%s", c->cgroup_path)
					   : mountfd_clone(v2, "", false, err);

		return fd < 0 ? fd : mount_place(c, fd, m, o, MOUNT_ATTRS, err);
	}
	tmpfs = mountfd_new("tmpfs", "cgroup", data, o->top.set & ~(uint64_t)MOUNT_ATTR_RDONLY,
			    err);
	if (tmpfs < 0)
		return tmpfs;
	plain.propagation = o->propagation;
	plain.rec_propagation = o->rec_propagation;
	r = mount_place(c, tmpfs, m, &plain, MOUNT_NO_LINKS, err);
	if (r == 0)
		r = fill_v1(c, tmpfs, v2, o->top.set, err);
	if (r == 0 && o->top.set & MOUNT_ATTR_RDONLY)
		r = mountfd_setattr(tmpfs, MOUNT_ATTR_RDONLY, 0, false, err);
	return r;
}
