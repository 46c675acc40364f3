// SPDX-License-Identifier: Apache-2.0
/*
 * The v2 tree: at /sys/fs/cgroup, or at /sys/fs/cgroup/unified beside v1 hierarchies. A controller
 * works in a group only when every group above lists it in cgroup.subtree_control.
 */
#include "run/cgroup-impl.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/path.h"

static const char *const names[] = {
	[CTL_CPU] = "cpu",   [CTL_CPUSET] = "cpuset",   [CTL_MEMORY] = "memory", [CTL_IO] = "io",
	[CTL_PIDS] = "pids", [CTL_HUGETLB] = "hugetlb", [CTL_RDMA] = "rdma",
};

int cgroup_v2_base(void)
{
	static const char *const places[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		cleanup_fd int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct statfs fs;

		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			return TAKE_FD(fd);
	}
	return -ENOENT;
}

static void learn(struct cgroup *cg, int base)
{
	char buf[256];
	ssize_t n = cgroup_read(base, "cgroup.controllers", buf, sizeof(buf));

	cg->v2_known = true;
	if (n < 0)
		return;
	for (char *save, *p = strtok_r(buf, " \n", &save); p; p = strtok_r(NULL, " \n", &save))
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
			if (strcmp(p, names[i]) == 0)
				cg->v2_controllers |= 1u << i;
}

/* value: "+NAME". The groups above one that was delegated are not ours to write to. */
static bool is_enabled(int dirfd, const char *value)
{
	char buf[256];
	ssize_t n = cgroup_read(dirfd, "cgroup.subtree_control", buf, sizeof(buf));

	if (n < 0)
		return false;
	for (char *save, *p = strtok_r(buf, " \n", &save); p; p = strtok_r(NULL, " \n", &save))
		if (strcmp(p, value + 1) == 0)
			return true;
	return false;
}

static int enable_at(int dirfd, const char *value)
{
	int fd, r = 0;

	if (is_enabled(dirfd, value))
		return 0;
	fd = openat(dirfd, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		r = -errno;
	fd_close(fd);
	return r;
}

/* In every group above, from the root on. */
static int enable_above(struct cgroup *cg, const char *name, struct err *err)
{
	cleanup_fd int base = cgroup_v2_base();
	char value[40], prefix[4096];
	int at = base;

	(void)snprintf(value, sizeof(value), "+%s", name);
	for (const char *end = cg->path; at >= 0; end++) {
		int r = enable_at(at, value), len;

		if (at != base)
			fd_close(at);
		if (r == -EBUSY)
			return err_set(
				err, ERR_CONFLICT,
				"cgroup controller %s for /%s: a group above has processes "
				"of its own, which cgroup v2 allows only without controllers",
				name, cg->path);
		if (r < 0)
			return err_sys(err, r, "enable cgroup controller %s above /%s", name,
				       cg->path);
		end = strchr(end, '/');
		if (!end)
			return 0;
		len = snprintf(prefix, sizeof(prefix), "%.*s", (int)(end - cg->path), cg->path);
		if (len < 0 || (size_t)len >= sizeof(prefix))
			return err_sys(err, ENAMETOOLONG, "cgroup /%s", cg->path);
		at = path_open_beneath(base, prefix, O_PATH | O_DIRECTORY, 0);
	}
	return err_sys(err, at, "open cgroup above /%s", cg->path);
}

int cgroup_v2_enable(struct cgroup *cg, enum cgroup_ctl ctl, struct err *err)
{
	int r;

	if (cg->v2 < 0 || ctl >= ARRAY_SIZE(names))
		return -ENODEV;
	if (cg->v2_enabled & 1u << ctl)
		return 0;
	if (!cg->v2_known) {
		cleanup_fd int base = cgroup_v2_base();

		learn(cg, base);
	}
	if (!(cg->v2_controllers & 1u << ctl))
		return -ENODEV;
	r = enable_above(cg, names[ctl], err);
	if (r == 0)
		cg->v2_enabled |= 1u << ctl;
	return r;
}

int cgroup_v2_enable_name(struct cgroup *cg, const char *name, struct err *err)
{
	cleanup_fd int base = cgroup_v2_base();
	char buf[256];
	ssize_t n;

	if (strcmp(name, "cgroup") == 0)
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return cgroup_v2_enable(cg, i, err);
	n = cgroup_read(base, "cgroup.controllers", buf, sizeof(buf));
	for (char *save, *p = n < 0 ? NULL : strtok_r(buf, " \n", &save); p;
	     p = strtok_r(NULL, " \n", &save))
		if (strcmp(p, name) == 0)
			return enable_above(cg, name, err);
	return -ENODEV;
}
