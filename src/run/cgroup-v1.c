// SPDX-License-Identifier: Apache-2.0
/*
 * The v1 hierarchies: one tree a controller below /sys/fs/cgroup, or one for several whose
 * directory is named "cpu,cpuacct". A new cpuset has no CPUs and takes no process before it got
 * some, so the missing ones are copied from parent to child on the way down.
 */
#include "run/cgroup-impl.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/path.h"

#define ROOT "/sys/fs/cgroup"

const char *const cgroup_v1_names[_CTL_MAX] = {
	[CTL_CPU] = "cpu",           [CTL_CPUSET] = "cpuset",   [CTL_MEMORY] = "memory",
	[CTL_IO] = "blkio",          [CTL_PIDS] = "pids",       [CTL_HUGETLB] = "hugetlb",
	[CTL_DEVICES] = "devices",   [CTL_FREEZER] = "freezer", [CTL_NET_CLS] = "net_cls",
	[CTL_NET_PRIO] = "net_prio", [CTL_CPUACCT] = "cpuacct", [CTL_PERF_EVENT] = "perf_event",
	[CTL_SYSTEMD] = "systemd",   [CTL_RDMA] = "rdma",
};

static bool lists(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = names; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (strncmp(p, name, n) == 0 && (p[n] == ',' || !p[n]))
			return true;
	return false;
}

/* Only a mounted v1 hierarchy counts: an empty directory may be left where one was, and a v2 tree may
 * have a group of any name. */
static int open_v1(int dirfd, const char *name)
{
	cleanup_fd int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC ? TAKE_FD(fd) : -ENOENT;
}

/* A hierarchy with several controllers and no symbolic link of the single name beside it. */
static int open_combined(const char *name)
{
	DIR *d = opendir(ROOT);
	struct dirent *e;
	int fd = -ENOENT;

	while (d && (e = readdir(d)))
		if (strchr(e->d_name, ',') && lists(e->d_name, name)) {
			fd = open_v1(dirfd(d), e->d_name);
			break;
		}
	if (d)
		(void)closedir(d);
	return fd;
}

static int open_hierarchy(const char *name)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), ROOT "/%s", name);
	fd = open_v1(AT_FDCWD, path);
	return fd >= 0 ? fd : open_combined(name);
}

static int inherit(int parent, int child, const char *file)
{
	char buf[4096];
	ssize_t n = cgroup_read(child, file, buf, sizeof(buf));

	if (n < 0 || n > 1)
		return n < 0 ? (int)n : 0;
	n = cgroup_read(parent, file, buf, sizeof(buf));
	return n <= 0 ? (int)n : cgroup_write(child, file, buf, NULL);
}

/* One directory down, made when it is missing. */
static int step(int parent, const char *name, enum cgroup_ctl ctl)
{
	int fd, r;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (ctl == CTL_CPUSET) {
		r = inherit(parent, fd, "cpuset.cpus");
		if (r == 0)
			r = inherit(parent, fd, "cpuset.mems");
		if (r < 0) {
			fd_close(fd);
			return r;
		}
	}
	return fd;
}

static int walk(int base, const char *path, enum cgroup_ctl ctl)
{
	cleanup_fd int at = fcntl(base, F_DUPFD_CLOEXEC, 3);
	char name[256];

	while (at >= 0 && *path) {
		size_t n = strcspn(path, "/");
		int next;

		if (n >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, path, n);
		name[n] = '\0';
		next = step(at, name, ctl);
		if (next < 0)
			return next;
		fd_close(at);
		at = next;
		path += n + strspn(path + n, "/");
	}
	return at < 0 ? -errno : TAKE_FD(at);
}

int cgroup_v1_open(enum cgroup_ctl ctl, const char *path, bool create)
{
	cleanup_fd int base = open_hierarchy(cgroup_v1_names[ctl]);

	if (base < 0)
		return create ? -ENODEV : -ENOENT;
	if (create && (ctl == CTL_CPUSET || (mkdirat(base, path, 0755) < 0 && errno != EEXIST)))
		return walk(base, path, ctl);
	return path_open_beneath(base, path, O_RDONLY | O_DIRECTORY, 0);
}
