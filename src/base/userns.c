// SPDX-License-Identifier: Apache-2.0
/*
 * Looking whether a line's process lives takes some microseconds, and there may be a thousand, so a
 * long roster is cleaned only by every PURGE_EACHth process (by its number, which the kernel counts
 * up). It is rewritten in place and cut, so that the lock, which is on the file itself, stays one.
 */
#include "base/userns.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/proc.h"

#define MAP_TEXT_MAX ((size_t)64 << 10)
#define ROSTER_MAX   ((size_t)4 << 20)
#define PURGE_LEN    4096
#define PURGE_EACH   64
#define LINE_MAX_LEN 48

bool userns_is_initial(void)
{
	struct userns_map m;

	if (userns_map_read("/proc/self/uid_map", &m, NULL) < 0)
		return access("/proc/self/uid_map", F_OK) < 0; /* a kernel without them */
	return m.n == 1 && m.range[0].inside == 0 && m.range[0].outside == 0 &&
	       m.range[0].count == UINT32_MAX;
}

int userns_map_parse(const char *text, struct userns_map *ret)
{
	*ret = (struct userns_map){};
	for (const char *p = text; *p;) {
		struct userns_range r;
		int len = 0;

		if (sscanf(p, " %" SCNu32 " %" SCNu32 " %" SCNu32 "%n", &r.inside, &r.outside,
			   &r.count, &len) != 3 ||
		    (p[len] && p[len] != '\n'))
			return -EINVAL;
		if (ret->n == USERNS_RANGES_MAX)
			return -E2BIG;
		ret->range[ret->n++] = r;
		p += len + (p[len] == '\n');
	}
	return 0;
}

int userns_map_read(const char *path, struct userns_map *ret, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(MAP_TEXT_MAX);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open %s", path);
	r = fd_read_all(fd, &b, path, err);
	if (r < 0)
		return r;
	r = userns_map_parse(b.data ?: "", ret);
	return r < 0 ? err_sys(err, r, "read %s", path) : 0;
}

void userns_map_print(const struct userns_map *m, struct buf *b)
{
	for (size_t i = 0; i < m->n; i++)
		buf_printf(b, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", m->range[i].inside,
			   m->range[i].outside, m->range[i].count);
}

bool userns_map_has(const struct userns_map *m, uint32_t inside)
{
	for (size_t i = 0; i < m->n; i++)
		if (inside >= m->range[i].inside && inside - m->range[i].inside < m->range[i].count)
			return true;
	return false;
}

/* Neighbours of one range may be written as one or as two. */
bool userns_map_covers(const struct userns_map *m, const struct userns_map *part)
{
	for (size_t i = 0; i < part->n; i++) {
		uint64_t at = part->range[i].inside, end = at + part->range[i].count;

		while (at < end) {
			uint64_t next = at;

			for (size_t k = 0; k < m->n && next == at; k++) {
				const struct userns_range *r = &m->range[k];

				if (at >= r->inside && at - r->inside < r->count &&
				    r->outside + (at - r->inside) ==
					    part->range[i].outside + (at - part->range[i].inside))
					next = (uint64_t)r->inside + r->count;
			}
			if (next == at)
				return false;
			at = next;
		}
	}
	return true;
}

/* ---- the roster ---- */

int roster_open(int run_root_fd, struct err *err)
{
	cleanup_fd int fd = openat(run_root_fd, USERNS_ROSTER,
				   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open " USERNS_ROSTER " of the run folder");
	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, errno, "lock " USERNS_ROSTER " of the run folder");
	return TAKE_FD(fd);
}

int roster_add(int roster_fd, pid_t pid, struct err *err)
{
	char line[LINE_MAX_LEN];
	int len = snprintf(line, sizeof(line), "%d %" PRIu64 "\n", (int)pid, proc_start_time(pid));

	if (lseek(roster_fd, 0, SEEK_END) < 0 || write(roster_fd, line, (size_t)len) != len)
		return err_sys(err, errno, "write " USERNS_ROSTER " of the run folder");
	return 0;
}

int roster_add_to(int run_root_fd, pid_t pid, struct err *err)
{
	cleanup_fd int fd = -EBADF;

	if (faccessat(run_root_fd, USERNS_ROSTER, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	fd = roster_open(run_root_fd, err);
	return fd < 0 ? fd : roster_add(fd, pid, err);
}

/* The pidfd of the process that a line names; negative when it is gone. The start time is looked at
 * after the pidfd is there. */
static int open_listed(const char *line, pid_t *pid)
{
	cleanup_fd int fd = -EBADF;
	uint64_t start;
	int n;

	if (sscanf(line, "%d %" SCNu64, &n, &start) != 2 || n <= 0)
		return -ESRCH;
	fd = proc_pidfd_open(n);
	if (fd < 0 || start == 0 || proc_start_time(n) != start)
		return -ESRCH;
	*pid = n;
	return TAKE_FD(fd);
}

static void purge(int roster_fd, const char *text)
{
	cleanup(buf_done) struct buf kept = BUF_INIT(ROSTER_MAX);

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");
		pid_t pid;
		int fd = open_listed(p, &pid);

		if (fd >= 0) {
			buf_add(&kept, p, len);
			buf_putc(&kept, '\n');
		}
		fd_close(fd);
		p += len + (p[len] == '\n');
	}
	if (buf_check(&kept, NULL) == 0 &&
	    pwrite(roster_fd, kept.data ?: "", kept.len, 0) == (ssize_t)kept.len)
		(void)!ftruncate(roster_fd, (off_t)kept.len);
}

int roster_each(int roster_fd, int (*fn)(int pidfd, pid_t pid, void *data), void *data,
		struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(ROSTER_MAX);
	int r;

	if (lseek(roster_fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "read " USERNS_ROSTER " of the run folder");
	r = fd_read_all(roster_fd, &b, USERNS_ROSTER " of the run folder", err);
	if (r < 0)
		return r;
	if (b.len >= PURGE_LEN && getpid() % PURGE_EACH == 0)
		purge(roster_fd, b.data);
	for (const char *p = b.data ?: ""; r == 0 && *p;) {
		size_t len = strcspn(p, "\n");
		pid_t pid = 0;
		int fd = open_listed(p, &pid);

		if (fd >= 0)
			r = fn(fd, pid, data);
		p += len + (p[len] == '\n');
	}
	return r;
}
