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
	[CTL_CPU] = "cpu", [CTL_CPUSET] = "cpuset", [CTL_MEMORY] = "memory",
	[CTL_IO] = "io",   [CTL_PIDS] = "pids",     [CTL_HUGETLB] = "hugetlb",
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

/* 0: enabled; -ENODEV: v2 does not have it here. */
int cgroup_v2_enable(struct cgroup *cg, enum cgroup_ctl ctl, struct err *err)
{
	cleanup_fd int at = -EBADF;
	char value[32], prefix[4096];

	if (cg->v2 < 0 || ctl >= ARRAY_SIZE(names))
		return -ENODEV;
	if (cg->v2_enabled & 1u << ctl)
		return 0;
	at = cgroup_v2_base();
	if (at < 0)
		return -ENODEV;
	if (!cg->v2_known)
		learn(cg, at);
	if (!(cg->v2_controllers & 1u << ctl))
		return -ENODEV;
	(void)snprintf(value, sizeof(value), "+%s", names[ctl]);
	for (const char *end = cg->path; at >= 0; end++) {
		int r = enable_at(at, value), len, next;

		if (r < 0)
			return err_sys(err, r, "enable cgroup controller %s above /%s", names[ctl],
				       cg->path);
		end = strchr(end, '/');
		if (!end)
			break;
		len = snprintf(prefix, sizeof(prefix), "%.*s", (int)(end - cg->path), cg->path);
		if (len < 0 || (size_t)len >= sizeof(prefix))
			return err_sys(err, ENAMETOOLONG, "cgroup /%s", cg->path);
		next = cgroup_v2_base();
		fd_close(at);
		at = next < 0 ? next : path_open_beneath(next, prefix, O_PATH | O_DIRECTORY, 0);
		fd_close(next);
	}
	if (at < 0)
		return err_sys(err, at, "open cgroup above /%s", cg->path);
	cg->v2_enabled |= 1u << ctl;
	return 0;
}
