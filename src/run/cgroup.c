// SPDX-License-Identifier: Apache-2.0
/*
 * The group as a whole: made, entered, frozen, killed, removed.
 *
 * Order of birth: the v2 directory first (when there is v2), because the process is cloned into it;
 * its mkdir is also what makes the path ours. Then limits, each bringing its controller: v2 when
 * that has it, else the v1 hierarchy. Order of death: processes, then directories, deepest first;
 * rmdir fails with EBUSY until the last process is really gone, so it is tried again for a bounded
 * time.
 */
#include "run/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "run/cgroup-impl.h"

#define WAIT_NS   (5 * NS_PER_SEC)
#define DEPTH_MAX 32
#define PIDS_MAX  65536

int cgroup_write(int dirfd, const char *file, const char *value, struct err *err)
{
	cleanup_fd int fd = openat(dirfd, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return err_sys(err, errno, "write %s to cgroup file %s", value, file);
	return 0;
}

int cgroup_printf(int dirfd, const char *file, struct err *err, const char *fmt, ...)
{
	char value[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	return cgroup_write(dirfd, file, value, err);
}

ssize_t cgroup_read(int dirfd, const char *file, char *buf, size_t size)
{
	cleanup_fd int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read(fd, buf, size - 1);

	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static int check_path(const char *path, struct err *err)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || n > 255 || (n <= 2 && strncmp(p, "..", n) == 0))
			return err_set(err, ERR_INVALID, "cgroup path \"/%s\" is not clean", path);
		p += n;
		if (*p && !*++p)
			return err_set(err, ERR_INVALID, "cgroup path \"/%s\" is not clean", path);
	}
	if (!*path || strlen(path) >= 1024)
		return err_set(err, ERR_INVALID, "cgroup path is empty or too long");
	return 0;
}

/* Does `file` hold `line` (a whole line)? */
static bool has_line(int dirfd, const char *file, const char *line)
{
	char buf[512];
	size_t n = strlen(line);

	if (cgroup_read(dirfd, file, buf, sizeof(buf)) < 0)
		return false;
	for (char *p = buf; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, line, n) == 0 && (p[n] == '\n' || !p[n]))
			return true;
	return false;
}

/* Whoever names the group may have made it. It must be nobody else's: empty. */
static int take_over(const struct cgroup *cg, int base, struct err *err)
{
	cleanup_fd int fd = path_open_beneath(base, cg->path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_sys(err, fd, "open cgroup /%s", cg->path);
	if (!has_line(fd, "cgroup.events", "populated 0"))
		return err_set(err, ERR_CONFLICT, "cgroup /%s is in use", cg->path);
	/* Frozen, our process would never run. */
	if (has_line(fd, "cgroup.freeze", "1"))
		return err_set(err, ERR_CONFLICT, "cgroup /%s is frozen", cg->path);
	return 0;
}

static int make_v2(struct cgroup *cg, int base, bool may_exist, struct err *err)
{
	char parent[1024];

	if (mkdirat(base, cg->path, 0755) == 0 || (may_exist && errno == EEXIST))
		return 0;
	if (errno == EEXIST)
		return take_over(cg, base, err);
	if (errno != ENOENT)
		return err_sys(err, errno, "create cgroup /%s", cg->path);
	/* The groups above are ours as well, or made by whoever was first. */
	for (const char *p = cg->path; (p = strchr(p, '/')); p++) {
		(void)snprintf(parent, sizeof(parent), "%.*s", (int)(p - cg->path), cg->path);
		if (mkdirat(base, parent, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "create cgroup /%s", parent);
	}
	if (mkdirat(base, cg->path, 0755) < 0)
		return err_sys(err, errno, "create cgroup /%s", cg->path);
	return 0;
}

static int open_v2(struct cgroup *cg, int flags, struct err *err)
{
	cleanup_fd int base = cgroup_v2_base();
	int r;

	if (base < 0)
		return 0;
	if (flags & CGROUP_CREATE) {
		r = make_v2(cg, base, flags & CGROUP_MAY_EXIST, err);
		if (r < 0)
			return r;
	}
	cg->v2 = path_open_beneath(base, cg->path, O_RDONLY | O_DIRECTORY, 0);
	if (cg->v2 < 0 && flags & CGROUP_CREATE)
		return err_sys(err, cg->v2, "open cgroup /%s", cg->path);
	return 0;
}

int cgroup_need(struct cgroup *cg, enum cgroup_ctl ctl, const char *what, struct err *err)
{
	int r = cgroup_v2_enable(cg, ctl, err);
	pid_t *pids;
	ssize_t n;

	if (r != -ENODEV)
		return r < 0 ? r : 2;
	if (cg->v1[ctl] >= 0)
		return 1;
	cg->v1[ctl] = cgroup_v1_open(ctl, cg->path, true);
	if (cg->v1[ctl] == -ENODEV)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: this host has no cgroup controller \"%s\"", what,
			       cgroup_v1_names[ctl]);
	if (cg->v1[ctl] < 0)
		return err_sys(err, cg->v1[ctl], "create %s cgroup /%s", cgroup_v1_names[ctl],
			       cg->path);
	if (!cg->live)
		return 1;
	pids = calloc(PIDS_MAX, sizeof(*pids));
	if (!pids)
		return err_oom(err);
	/* A process that forks meanwhile is found in the second round. */
	for (int round = 0; round < 2; round++) {
		n = cgroup_pids(cg, pids, PIDS_MAX);
		for (ssize_t i = 0; i < n; i++)
			(void)cgroup_printf(cg->v1[ctl], "cgroup.procs", NULL, "%d", pids[i]);
	}
	free(pids);
	return 1;
}

static void open_v1_existing(struct cgroup *cg)
{
	for (int i = 0; i < _CTL_MAX; i++)
		cg->v1[i] = cgroup_v1_open(i, cg->path, false);
}

static bool is_open(const struct cgroup *cg)
{
	bool any = cg->v2 >= 0;

	for (int i = 0; i < _CTL_MAX; i++)
		any |= cg->v1[i] >= 0;
	return any;
}

int cgroup_open(const char *path, const struct oci_resources *res, int flags, struct cgroup **ret,
		struct err *err)
{
	cleanup(cgroup_free) struct cgroup *cg = calloc(1, sizeof(*cg));
	int r;

	if (!cg)
		return err_oom(err);
	cg->v2 = -EBADF;
	for (int i = 0; i < _CTL_MAX; i++)
		cg->v1[i] = -EBADF;
	path += strspn(path, "/");
	r = check_path(path, err);
	if (r < 0)
		return r;
	cg->path = strdup(path);
	if (!cg->path)
		return err_oom(err);
	cg->all = flags & CGROUP_ALL;
	r = open_v2(cg, flags, err);
	if (r < 0)
		return r;
	if (!(flags & CGROUP_CREATE)) {
		cg->live = true;
		open_v1_existing(cg);
		if (!is_open(cg))
			return err_sys(err, ENOENT, "cgroup /%s", cg->path);
	} else if (!(flags & CGROUP_DEFER)) {
		r = cgroup_finish(cg, res, err);
		if (r < 0) {
			(void)cgroup_remove(cg, NULL);
			return r;
		}
	}
	*ret = TAKE_PTR(cg);
	return 0;
}

static int make_all(struct cgroup *cg, struct err *err)
{
	for (int i = 0; cg->all && i < _CTL_MAX; i++) {
		if (cg->v1[i] < 0)
			cg->v1[i] = cgroup_v1_open(i, cg->path, true);
		if (cg->v1[i] < 0 && cg->v1[i] != -ENODEV)
			return err_sys(err, cg->v1[i], "create %s cgroup /%s", cgroup_v1_names[i],
				       cg->path);
	}
	return 0;
}

int cgroup_finish(struct cgroup *cg, const struct oci_resources *res, struct err *err)
{
	int r = make_all(cg, err);

	if (r == 0 && res)
		r = cgroup_limits(cg, res, err);

	if (r == 0 && res && res->devices.n)
		r = cgroup_devices(cg, &res->devices, err);
	/* Without v2 the group must be somewhere all the same: freezing is what every one can need.
	 */
	if (r == 0 && cg->v2 < 0) {
		r = cgroup_need(cg, CTL_FREEZER, "cgroup", err);
		r = r < 0 ? r : 0;
	}
	cg->live = true;
	return r;
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	fd_close(cg->v2);
	for (int i = 0; i < _CTL_MAX; i++)
		fd_close(cg->v1[i]);
	free(cg->path);
	free(cg);
}

int cgroup_clone_fd(const struct cgroup *cg)
{
	return cg->v2;
}

unsigned cgroup_v1_set(const struct cgroup *cg)
{
	unsigned set = 0;

	for (int i = 0; cg && i < _CTL_MAX; i++)
		set |= cg->v1[i] >= 0 ? 1U << i : 0;
	return set;
}

/* "0" is the writer, and `tasks` takes one thread: then the kernel (since 5.5) need not keep all
 * processes from forking meanwhile. */
int cgroup_enter(const struct cgroup *cg, unsigned v1_set, struct err *err)
{
	int r = 0;

	for (int i = 0; i < _CTL_MAX && r == 0; i++) {
		cleanup_fd int found = -EBADF;

		if (!(v1_set & 1U << i))
			continue;
		if (cg->v1[i] < 0)
			found = cgroup_v1_open(i, cg->path, false);
		if (cg->v1[i] < 0 && found < 0)
			r = found;
		else if (cgroup_write(cg->v1[i] < 0 ? found : cg->v1[i], "tasks", "0", NULL) < 0)
			r = -errno;
		if (r < 0)
			return err_sys(err, r, "enter %s cgroup /%s", cgroup_v1_names[i], cg->path);
	}
	return 0;
}

int cgroup_attach_cloned(struct cgroup *cg, pid_t pid, struct err *err)
{
	for (int i = 0; i < _CTL_MAX; i++)
		if (cg->v1[i] >= 0 && cgroup_printf(cg->v1[i], "cgroup.procs", NULL, "%d", pid) < 0)
			return err_sys(err, errno, "enter %s cgroup /%s", cgroup_v1_names[i],
				       cg->path);
	return 0;
}

int cgroup_attach(struct cgroup *cg, pid_t pid, struct err *err)
{
	if (cg->v2 >= 0 && cgroup_printf(cg->v2, "cgroup.procs", NULL, "%d", pid) < 0)
		return err_sys(err, errno, "enter cgroup /%s", cg->path);
	return cgroup_attach_cloned(cg, pid, err);
}

int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *err)
{
	if (!cg)
		return err_set(err, ERR_CONFLICT, "the container has no cgroup");
	return cgroup_limits(cg, res, err);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
}

int cgroup_freeze(struct cgroup *cg, bool frozen, struct err *err)
{
	int64_t end = clock_monotonic() + WAIT_NS;
	const char *file = "cgroup.events", *want = frozen ? "frozen 1" : "frozen 0";
	int dir = cg ? cg->v2 : -EBADF, r;

	if (!cg)
		return err_set(err, ERR_CONFLICT, "the container has no cgroup");

	if (cg->v2 >= 0) {
		r = cgroup_write(cg->v2, "cgroup.freeze", frozen ? "1" : "0", err);
	} else {
		r = cgroup_need(cg, CTL_FREEZER, "pause", err);
		if (r >= 0) {
			dir = cg->v1[CTL_FREEZER];
			file = "freezer.state";
			want = frozen ? "FROZEN" : "THAWED";
			r = cgroup_write(dir, file, want, err);
		}
	}
	while (r >= 0 && !has_line(dir, file, want)) {
		if (clock_monotonic() > end) {
			if (frozen)
				(void)cgroup_freeze(cg, false, NULL);
			return err_sys(err, ETIMEDOUT, "freeze cgroup /%s", cg->path);
		}
		nap();
	}
	return r < 0 ? r : 0;
}

bool cgroup_is_frozen(const struct cgroup *cg)
{
	if (cg && cg->v2 >= 0 && has_line(cg->v2, "cgroup.events", "frozen 1"))
		return true;
	return cg && cg->v1[CTL_FREEZER] >= 0 &&
	       has_line(cg->v1[CTL_FREEZER], "freezer.state", "FROZEN");
}

/* Hosts without cgroup.kill (v1 only, or v2 before 5.14): stopped processes cannot fork away. */
static int kill_each(struct cgroup *cg, struct err *err)
{
	pid_t pids[1024];
	int64_t end = clock_monotonic() + WAIT_NS;
	ssize_t n;

	while ((n = cgroup_pids(cg, pids, ARRAY_SIZE(pids))) > 0) {
		(void)cgroup_freeze(cg, true, NULL);
		n = cgroup_pids(cg, pids, ARRAY_SIZE(pids));
		for (ssize_t i = 0; i < n; i++)
			(void)kill(pids[i], SIGKILL);
		(void)cgroup_freeze(cg, false, NULL);
		if (clock_monotonic() > end)
			return err_sys(err, ETIMEDOUT, "kill the processes of cgroup /%s",
				       cg->path);
		nap();
	}
	return 0;
}

int cgroup_kill(struct cgroup *cg, struct err *err)
{
	if (!cg)
		return 0;
	if (cg->v2 >= 0 && cgroup_write(cg->v2, "cgroup.kill", "1", NULL) == 0)
		return 0;
	if (cg->v2 >= 0 && errno == ENOENT && has_line(cg->v2, "cgroup.events", "populated 0"))
		return 0;
	return kill_each(cg, err);
}

/* Calls itself for the groups below, then removes the group `name` in dirfd. */
static int remove_group(int dirfd, const char *name, int depth)
{
	DIR *d;
	int fd;
	struct dirent *e;

	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY || depth >= DEPTH_MAX)
		return -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return -errno;
	}
	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			(void)remove_group(fd, e->d_name, depth + 1);
	(void)closedir(d);
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/* The group's own directory is removed through the fd of its parent. */
static int remove_dir(int dir, const char *path, int64_t end)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	cleanup_fd int parent = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (parent < 0)
		return errno == ENOENT ? 0 : -errno;
	while ((r = remove_group(parent, name, 0)) == -EBUSY && clock_monotonic() < end)
		nap();
	return r;
}

int cgroup_remove(struct cgroup *cg, struct err *err)
{
	int64_t end = clock_monotonic() + WAIT_NS;
	int r = 0;

	for (int i = 0; i < _CTL_MAX; i++)
		if (cg->v1[i] >= 0) {
			int one = remove_dir(cg->v1[i], cg->path, end);

			r = one < 0 ? one : r;
		}
	if (cg->v2 >= 0) {
		int one = remove_dir(cg->v2, cg->path, end);

		r = one < 0 ? one : r;
	}
	return r < 0 ? err_sys(err, r, "remove cgroup /%s", cg->path) : 0;
}

int cgroup_oom_kills(struct cgroup *cg, uint64_t *ret)
{
	char buf[1024], *p;
	ssize_t n = -ENOENT;

	*ret = 0;
	if (!cg)
		return 0;
	if (cg->v1[CTL_MEMORY] >= 0)
		n = cgroup_read(cg->v1[CTL_MEMORY], "memory.oom_control", buf, sizeof(buf));
	else if (cg->v2 >= 0)
		n = cgroup_read(cg->v2, "memory.events", buf, sizeof(buf));
	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	p = strstr(buf, "\noom_kill ");
	if (!p)
		return 0;
	p += strlen("\noom_kill ");
	p[strcspn(p, "\n")] = '\0';
	return str_to_u64(p, ret);
}

ssize_t cgroup_file(const struct cgroup *cg, const char *v1, const char *v2, char *buf, size_t size)
{
	const char *slash = v1 ? strchr(v1, '/') : NULL;

	for (int i = 0; cg && slash && i < _CTL_MAX; i++)
		if (cg->v1[i] >= 0 && strlen(cgroup_v1_names[i]) == (size_t)(slash - v1) &&
		    strncmp(cgroup_v1_names[i], v1, (size_t)(slash - v1)) == 0)
			return cgroup_read(cg->v1[i], slash + 1, buf, size);
	return cg && v2 && cg->v2 >= 0 ? cgroup_read(cg->v2, v2, buf, size) : -ENOENT;
}

static void collect(int dirfd, pid_t *pids, size_t max, size_t *n, int depth)
{
	char line[32];
	int fd = openat(dirfd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
	struct dirent *e;
	DIR *d;

	if (!f)
		fd_close(fd);
	while (f && *n < max && fgets(line, sizeof(line), f)) {
		uint64_t pid;

		line[strcspn(line, "\n")] = '\0';
		if (str_to_u64(line, &pid) == 0 && pid)
			pids[(*n)++] = (pid_t)pid;
	}
	if (f)
		(void)fclose(f);
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 || depth >= DEPTH_MAX ? NULL : fdopendir(fd);
	if (!d)
		fd_close(fd);
	while (d && (e = readdir(d)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.') {
			int sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			if (sub >= 0)
				collect(sub, pids, max, n, depth + 1);
			fd_close(sub);
		}
	if (d)
		(void)closedir(d);
}

ssize_t cgroup_pids(struct cgroup *cg, pid_t *pids, size_t max)
{
	size_t n = 0;
	int dir = cg ? cg->v2 : -EBADF;

	for (int i = 0; cg && dir < 0 && i < _CTL_MAX; i++)
		dir = cg->v1[i];
	if (dir < 0)
		return -ENOENT;
	collect(dir, pids, max, &n, 0);
	return (ssize_t)n;
}
