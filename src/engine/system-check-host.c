// SPDX-License-Identifier: Apache-2.0
/*
 * What a container leaves on the host outside of the store: its run folder, its cgroups; and mounts, which
 * we never make on the host, so that one below our folders is a leak by definition.
 *
 * A cgroup tells no owner, and another root of ours may share the parent. So one with processes counts
 * only when the root of such a process is an overlay of this root; an empty one must stay empty and
 * ownerless through the grace, and removing it harms nobody: who is about to use it makes it anew or
 * fails cleanly.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/private.h"
#include "engine/system-check.h"
#include "monitor/client.h"
#include "run/cgroup.h"

#define MOUNTINFO_MAX   ((size_t)64 << 20)
#define PIDS_MAX        4096
#define UNOWNED_SECONDS 10

/* ---- run folders ---- */

/* Another root may have the same run root. The monitor's fd 4 is the directory of its container, which may be
 * deleted: its path still tells. */
static bool is_monitor_ours(struct check *c, const char *id)
{
	cleanup_fd int conn = container_connect(c->engine, id, NULL);
	char link[64], path[PATH_MAX], ours[PATH_MAX];
	struct ucred peer = {};
	socklen_t size = sizeof(peer);
	ssize_t n;

	if (conn < 0 || getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	(void)snprintf(link, sizeof(link), "/proc/%d/fd/4", (int)peer.pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return snprintf(ours, sizeof(ours), "%s/", c->engine->root) < (int)sizeof(ours) &&
	       str_after(path, ours);
}

/* A monitor whose container has no row any more and that does not end by itself. */
static int stop_stray(struct check *c, const char *id)
{
	cleanup_fd int conn = container_connect(c->engine, id, NULL);
	int turn = 0, r;

	if (conn < 0)
		return conn;
	r = monitor_kill(conn, SIGKILL, false, NULL);
	while (r == 0 && container_is_alive(c->engine, id))
		if (!check_grace(&turn))
			return -EBUSY;
	return r;
}

enum owner { OWNER_US, OWNER_OTHER, OWNER_UNKNOWN };

/* Without the link the folder was made in this moment, or its maker was killed right after mkdir. */
static enum owner run_folder_owner(struct check *c, const char *id)
{
	char path[ID_LEN + 32], root[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/" MONITOR_RUN_OWNER, id);
	n = readlinkat(c->engine->run_fd, path, root, sizeof(root) - 1);
	if (n < 0)
		return OWNER_UNKNOWN;
	root[n] = '\0';
	return str_eq(root, c->engine->root) ? OWNER_US : OWNER_OTHER;
}

static void check_run_folder(struct check *c, const char *id)
{
	enum owner owner = run_folder_owner(c, id);
	struct stat st;
	bool alive;
	int turn = 0, r = 0;

	if (owner == OWNER_OTHER)
		return;
	/* With a directory in containers/ it is being made, or was judged with that. */
	do {
		if (check_has_row(c, id) || fstatat(c->engine->containers_fd, id, &st, 0) == 0 ||
		    fstatat(c->engine->run_fd, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return;
		alive = container_is_alive(c->engine, id);
	} while (check_grace(&turn));
	if (alive) {
		if (c->sweep || !is_monitor_ours(c, id))
			return;
		if (c->repair)
			r = stop_stray(c, id);
		check_report(c, r, "monitor of container %.12s runs without a container", id);
		if (!c->repair || r < 0)
			return;
	}
	/* One without an owner may be another root's, made in this moment: only an old one is nobody's. */
	if (owner == OWNER_UNKNOWN && clock_now() / NS_PER_SEC - st.st_mtime < UNOWNED_SECONDS)
		return;
	if (c->repair)
		monitor_remove_run_folder(c->engine->run_fd, id);
	if (!alive)
		check_report(c, r, "run folder of container %.12s belongs to no container", id);
}

int check_run_folders(struct check *c, struct err *err)
{
	cleanup_fd int fd = openat(c->engine->run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return err_sys(err, errno, "read %s", c->engine->run_root);
	TAKE_FD(fd);
	while ((entry = readdir(dir)))
		if (str_is_hex(entry->d_name, ID_LEN))
			check_run_folder(c, entry->d_name);
		else if (c->repair && str_after(entry->d_name, MONITOR_RUN_GONE))
			(void)path_remove_tree(c->engine->run_fd, entry->d_name, NULL);
	(void)closedir(dir);
	return 0;
}

/* ---- cgroups ---- */

/* Is the process's root an overlay whose upper directory lies in our containers/? */
static bool is_process_ours(struct check *c, pid_t pid)
{
	cleanup(buf_done) struct buf b = BUF_INIT(MOUNTINFO_MAX);
	cleanup_fd int fd = -EBADF;
	char text[PATH_MAX + 32];

	(void)snprintf(text, sizeof(text), "/proc/%d/mountinfo", (int)pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, &b, "mountinfo", NULL) < 0 || !b.data)
		return false;
	(void)snprintf(text, sizeof(text), "upperdir=%s/containers/", c->engine->root);
	return strstr(b.data, text) != NULL;
}

/* 1: has a process of ours, 0: is empty, -1: has only others'. */
static int look_at_processes(struct check *c, struct cgroup *cg)
{
	pid_t pids[PIDS_MAX];
	ssize_t n = cgroup_pids(cg, pids, PIDS_MAX);

	for (ssize_t i = 0; i < n; i++)
		if (is_process_ours(c, pids[i]))
			return 1;
	return n == 0 ? 0 : -1;
}

static int remove_cgroup(struct cgroup *cg, bool populated)
{
	int r = populated ? cgroup_kill(cg, NULL) : 0;

	return r < 0 ? r : cgroup_remove(cg, NULL);
}

static bool is_owned(struct check *c, const char *id)
{
	struct stat st;

	return fstatat(c->engine->containers_fd, id, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       container_is_alive(c->engine, id) || check_has_row(c, id);
}

static void check_cgroup(struct check *c, const char *parent, const char *id)
{
	cleanup(cgroup_free) struct cgroup *cg = NULL;
	char path[PATH_MAX];
	int turn = 0, ours;

	(void)snprintf(path, sizeof(path), "%s%s/%s", parent[0] == '/' ? "" : "/", parent, id);
	if (is_owned(c, id) || cgroup_open(path, NULL, 0, &cg, NULL) < 0)
		return;
	do {
		ours = look_at_processes(c, cg);
		if (ours < 0 || is_owned(c, id))
			return;
	} while (!ours && check_grace(&turn));
	check_report(c, c->repair ? remove_cgroup(cg, ours > 0) : 0,
		     ours > 0 ? "processes run in cgroup %s without a container"
			      : "cgroup %s belongs to no container",
		     path);
}

static void check_hierarchy(struct check *c, int top, const char *name, const char *parent)
{
	cleanup_fd int hierarchy = -EBADF, fd = -EBADF;
	struct dirent *entry;
	DIR *dir;

	hierarchy = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (hierarchy < 0)
		return;
	fd = openat(hierarchy, parent + strspn(parent, "/"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	TAKE_FD(fd);
	while ((entry = readdir(dir)))
		if (str_is_hex(entry->d_name, ID_LEN))
			check_cgroup(c, parent, entry->d_name);
	(void)closedir(dir);
}

/* Every directory of /sys/fs/cgroup may be a v1 hierarchy (also unified, in the hybrid); with v2 alone
 * the top is the hierarchy. */
int check_cgroups(struct check *c, struct err *err)
{
	const char *parent = c->engine->config.cgroup_parent ?: "/hoy";
	cleanup_fd int top = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int copy = -EBADF;
	struct dirent *entry;
	DIR *dir;

	if (top < 0 || strstr(parent, "..")) /* no cgroups, nothing left in them */
		return 0;
	check_hierarchy(c, top, ".", parent);
	copy = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return err_sys(err, errno, "read /sys/fs/cgroup");
	TAKE_FD(copy);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    !str_eq(entry->d_name, parent + strspn(parent, "/")))
			check_hierarchy(c, top, entry->d_name, parent);
	(void)closedir(dir);
	return 0;
}

/* ---- mounts ---- */

/* mountinfo writes blanks and backslashes in octal. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* Below the folders that only we write in. The admin may well mount a disk on the root itself, or for
 * a volume. */
static bool is_leak(const struct engine *e, const char *point)
{
	static const char *const ours[] = {"/containers/", "/layers/", "/tmp/", "/l/"};
	const char *below = str_after(point, e->run_root);

	if (below && *below == '/')
		return true;
	below = str_after(point, e->root);
	for (size_t i = 0; below && i < ARRAY_SIZE(ours); i++)
		if (str_after(below, ours[i]))
			return true;
	return false;
}

int check_mounts(struct check *c, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(MOUNTINFO_MAX);
	cleanup_fd int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char *line, *rest;
	int r = fd < 0 ? err_sys(err, errno, "open /proc/self/mountinfo")
		       : fd_read_all(fd, &b, "mountinfo", err);

	if (r < 0 || !b.data)
		return r;
	for (line = strtok_r(b.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *point = line;

		/* 36 35 98:0 /mnt1 /mnt2 …: the fifth word (proc_pid_mountinfo(5)) */
		for (int i = 0; point && i < 4; i++)
			point = strchr(point, ' ') ? strchr(point, ' ') + 1 : NULL;
		if (!point)
			continue;
		point[strcspn(point, " ")] = '\0';
		unescape(point);
		if (is_leak(c->engine, point))
			check_report(c,
				     c->repair && umount2(point, MNT_DETACH | UMOUNT_NOFOLLOW) < 0
					     ? -errno
					     : 0,
				     "%s is mounted on the host", point);
	}
	return 0;
}
