// SPDX-License-Identifier: Apache-2.0
/*
 * The reading half of the json-file driver.
 *
 * The writer rotates while we read and takes no lock for us, so names mean nothing for longer than
 * one system call. One file is open at a time and known by its inode (which cannot be reused while
 * it is open); its neighbours are found by looking where that inode is now among log.json,
 * log.json.1, …: the name before is younger, the name after is older. A file that is nowhere was
 * rotated away: the oldest one that is left follows it. One name may be missing in the middle while
 * names are shifted, so a search ends only after two missing ones.
 *
 * Without follow, the end is where log.json ended when we began. With follow, it is the end of the
 * youngest file once the writer is gone. inotify watches the directory: it sees writes, rotation,
 * the state file and, whatever kills the writer, the close of its log file. That close may come a
 * moment before the writer's lock is free, hence the few short waits after it (SETTLE_*), the only
 * timed ones.
 *
 * --tail N counts newlines from the end, block by block, back through older files if need be.
 */
#include "logs/driver.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "logs/record.h"

#define BLOCK        ((size_t)256 << 10) /* also the longest line: longer ones are skipped */
#define SETTLE_MS    10
#define SETTLE_TIMES 20
#define NAME_SIZE    32

struct reader {
	int dirfd;
	const struct log_read *what;
	log_record_fn *fn;
	bool (*alive)(void *data);
	void *data;
	struct log_parser parser;
	int fd; /* the file being read */
	struct stat st;
	off_t limit;    /* bytes of this file to be read; -1: to its end */
	ino_t last_ino; /* without follow: the youngest file and its size at the start */
	off_t last_size;
	char *block;
	size_t filled; /* bytes in it */
	bool skipping; /* in a line longer than a block */
	bool stopped;  /* fn said so, or all later records are too young */
	int inotify;
	int settle;
};

static const char *name_of(unsigned i, char out[NAME_SIZE])
{
	(void)snprintf(out, NAME_SIZE, i ? LOG_JSON_NAME ".%u" : LOG_JSON_NAME, i);
	return out;
}

/* The i-th name as an open file; -ENOENT: none. */
static int open_nth(const struct reader *r, unsigned i, struct stat *st)
{
	char name[NAME_SIZE];
	cleanup_fd int fd =
		openat(r->dirfd, name_of(i, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0)
		return -errno;
	return S_ISREG(st->st_mode) ? TAKE_FD(fd) : -ENOENT;
}

/* Opens the neighbour of the file with inode `ino`: direction -1 younger, +1 older. When `ino` is
 * not there any more: the oldest if younger ones are asked for. fd, -ENOENT: none, or another
 * error. */
static int open_neighbour(const struct reader *r, ino_t ino, int direction, struct stat *st)
{
	cleanup_fd int previous = -EBADF;
	struct stat previous_st = {};
	bool found = false;
	unsigned missing = 0;

	for (unsigned i = 0; i <= LOG_FILES_MAX && missing < 2; i++) {
		struct stat now;
		cleanup_fd int fd = open_nth(r, i, &now);

		if (fd < 0 && fd != -ENOENT)
			return fd;
		missing = fd < 0 ? missing + 1 : 0;
		if (fd < 0)
			continue;
		if (now.st_ino == ino) {
			found = true;
			if (direction < 0)
				break;
			continue;
		}
		if (found) { /* only when an older one is wanted */
			*st = now;
			return TAKE_FD(fd);
		}
		fd_close(previous);
		previous = TAKE_FD(fd);
		previous_st = now;
	}
	if (direction > 0 || previous < 0)
		return -ENOENT;
	*st = previous_st;
	return TAKE_FD(previous);
}

static void take_file(struct reader *r, int fd, const struct stat *st)
{
	fd_close(r->fd);
	r->fd = fd;
	r->st = *st;
	r->filled = 0;
	r->skipping = false;
	r->limit = !r->what->follow && st->st_ino == r->last_ino ? r->last_size : -1;
}

/* ---- records ---- */

static bool wanted(const struct reader *r, const struct log_record *rec)
{
	if (rec->stream == LOG_STDOUT ? !r->what->stdout_wanted : !r->what->stderr_wanted)
		return false;
	if (r->what->since && rec->time < r->what->since)
		return false;
	return !r->what->until || rec->time <= r->what->until;
}

static void take_line(struct reader *r, char *line, size_t len)
{
	struct log_record rec;

	if (log_record_parse(&r->parser, line, len, &rec) < 0)
		return;
	if (wanted(r, &rec))
		r->stopped = r->fn(&rec, r->data) != 0;
	else if (r->what->until && rec.time > r->what->until)
		r->stopped = true;
}

static void take_lines(struct reader *r)
{
	char *p = r->block, *end = p + r->filled, *nl;

	while (!r->stopped && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		if (!r->skipping)
			take_line(r, p, (size_t)(nl - p));
		r->skipping = false;
		p = nl + 1;
	}
	r->filled = (size_t)(end - p);
	if (r->filled == BLOCK) { /* one line fills it all */
		r->skipping = true;
		r->filled = 0;
	} else if (p != r->block) {
		memmove(r->block, p, r->filled);
	}
}

/* Reads on to the end (or limit) of the current file; the start of an unfinished line is kept. */
static int read_file(struct reader *r, struct err *err)
{
	while (!r->stopped) {
		size_t room = BLOCK - r->filled;
		ssize_t n;

		if (r->limit >= 0) {
			off_t at = lseek(r->fd, 0, SEEK_CUR);

			room = MIN_OF(room, (size_t)MAX_OF(r->limit - at, (off_t)0));
		}
		n = room ? read(r->fd, r->block + r->filled, room) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read log file %s", LOG_JSON_NAME);
		if (n == 0)
			return 0;
		r->filled += (size_t)n;
		take_lines(r);
	}
	return 0;
}

/* ---- where to begin ---- */

/* Looks backwards from `end` for the start of the *want-th last record; its offset. *want is what
 * is still missing (0: found). What follows the last newline is torn, or being written: not
 * counted. */
static int64_t find_tail(struct reader *r, off_t end, int64_t *want)
{
	bool at_newline = false;

	while (end > 0) {
		off_t n = MIN_OF(end, (off_t)BLOCK), start = end - n;
		const char *p;

		if (pread(r->fd, r->block, (size_t)n, start) != n)
			return -EIO;
		p = r->block + n;
		while ((p = memrchr(r->block, '\n', (size_t)(p - r->block)))) {
			if (at_newline && --*want == 0)
				return start + (p - r->block) + 1;
			at_newline = true;
		}
		end = start;
	}
	if (at_newline)
		--*want;
	return 0;
}

static int start_tail(struct reader *r, struct err *err)
{
	int64_t want = r->what->tail, at;
	off_t end = r->st.st_size;

	if (want == 0) {
		if (lseek(r->fd, end, SEEK_SET) < 0)
			return err_sys(err, errno, "seek in log file %s", LOG_JSON_NAME);
		return 0;
	}
	for (;;) {
		struct stat st;
		int fd;

		at = find_tail(r, end, &want);
		if (at < 0)
			return err_sys(err, (int)at, "read log file %s", LOG_JSON_NAME);
		if (want == 0)
			break;
		fd = open_neighbour(r, r->st.st_ino, +1, &st);
		if (fd == -ENOENT)
			break;
		if (fd < 0)
			return err_sys(err, fd, "open log file %s", LOG_JSON_NAME);
		take_file(r, fd, &st);
		end = st.st_size;
	}
	if (lseek(r->fd, at, SEEK_SET) < 0)
		return err_sys(err, errno, "seek in log file %s", LOG_JSON_NAME);
	return 0;
}

static int start_oldest(struct reader *r, struct err *err)
{
	for (;;) {
		struct stat st;
		int fd = open_neighbour(r, r->st.st_ino, +1, &st);

		if (fd == -ENOENT)
			return 0;
		if (fd < 0)
			return err_sys(err, fd, "open log file %s", LOG_JSON_NAME);
		take_file(r, fd, &st);
	}
}

/* Opens the file to begin with; -ENOENT (no message): there is none. */
static int start(struct reader *r, struct err *err)
{
	struct stat st;
	int fd = open_nth(r, 0, &st);

	if (fd == -ENOENT) /* maybe its name is between two files at this moment */
		fd = open_nth(r, 0, &st);
	if (fd == -ENOENT)
		fd = open_nth(r, 1, &st);
	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return err_sys(err, fd, "open log file %s", LOG_JSON_NAME);
	r->last_ino = st.st_ino;
	r->last_size = st.st_size;
	take_file(r, fd, &st);
	return r->what->tail >= 0 ? start_tail(r, err) : start_oldest(r, err);
}

/* ---- going on ---- */

/* To the next younger file; 0: there is none. A file that is not the youngest gets no more bytes,
 * but it may have got some between our last read and its rotation. */
static int go_younger(struct reader *r, struct err *err)
{
	struct stat st;
	int fd = open_neighbour(r, r->st.st_ino, -1, &st), e;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, fd, "open log file %s", LOG_JSON_NAME);
	e = read_file(r, err);
	if (e < 0 || r->stopped) {
		fd_close(fd);
		return e;
	}
	take_file(r, fd, &st);
	return 1;
}

/* Everything that is there now. */
static int read_all(struct reader *r, struct err *err)
{
	int e;

	for (;;) {
		e = read_file(r, err);
		if (e < 0 || r->stopped || r->limit >= 0)
			return e;
		e = go_younger(r, err);
		if (e <= 0)
			return e;
	}
}

static int watch(struct reader *r, struct err *err)
{
	const uint32_t events =
		IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF;
	char path[NAME_SIZE];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", r->dirfd);
	r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r->inotify < 0 || inotify_add_watch(r->inotify, path, events) < 0)
		return err_sys(err, errno, "watch the log's directory");
	return 0;
}

/* Waits until something happened in the directory. 1, or 0: the directory is gone. */
static int wait_event(struct reader *r, struct err *err)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd p = {.fd = r->inotify, .events = POLLIN};
	ssize_t n;
	int ready;

	ready = poll(&p, 1, r->settle > 0 ? SETTLE_MS : -1);
	if (ready < 0 && errno != EINTR)
		return err_sys(err, errno, "wait for the log");
	if (ready == 0)
		r->settle--;
	if (ready <= 0)
		return 1;
	n = read(r->inotify, events, sizeof(events));
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *ev = (const void *)(events + at);

		if (ev->mask & IN_CLOSE_WRITE)
			r->settle = SETTLE_TIMES;
		if (ev->mask & (IN_DELETE_SELF | IN_IGNORED))
			return 0;
		at += (ssize_t)(sizeof(*ev) + ev->len);
	}
	return 1;
}

static int follow(struct reader *r, struct err *err)
{
	for (;;) {
		/* Asked before the last look: what a writer that is gone now wrote is seen below.
		 */
		bool over = r->alive && !r->alive(r->data);
		int e = r->fd < 0 ? start(r, err) : 0;

		if (e == 0)
			e = read_all(r, err);
		if (e < 0 && e != -ENOENT)
			return e;
		if (over || r->stopped)
			return 0;
		e = wait_event(r, err);
		if (e < 0)
			return e;
		if (e == 0)
			return r->fd < 0 ? 0 : read_all(r, err);
	}
}

int json_file_read(int dirfd, const struct log_read *what, log_record_fn *fn,
		   bool (*alive)(void *data), void *data, struct err *err)
{
	cleanup_free char *block = malloc(BLOCK);
	struct reader r = {
		.dirfd = dirfd,
		.what = what,
		.fn = fn,
		.alive = alive,
		.data = data,
		.fd = -EBADF,
		.inotify = -EBADF,
		.block = block,
	};
	int e;

	if (!block)
		return err_oom(err);
	if (what->follow) {
		e = watch(&r, err); /* before the first read: nothing can be missed in between */
		e = e < 0 ? e : follow(&r, err);
	} else {
		e = start(&r, err);
		e = e == 0 ? read_all(&r, err) : e == -ENOENT ? 0 : e;
	}
	fd_close(r.fd);
	fd_close(r.inotify);
	return e;
}
