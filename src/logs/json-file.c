// SPDX-License-Identifier: Apache-2.0
/*
 * The writing half of the json-file driver.
 *
 * Order of one log_write(): cut into lines; a line that began in an earlier call is completed from
 * `partial`; records are built behind one another in one buffer; the buffer is written when the
 * input is used up. So a round of the monitor costs one write, and nothing is held back between
 * rounds except the lines that have no end yet: what readers can see is never older than one round.
 *
 * Rotation happens between records: the buffer up to there is written, the new file is made under a
 * name of its own, names are shifted from the oldest on (a name is missing for a moment, but a file
 * is never under two names), then the new file takes the first. Readers follow inodes, not names
 * (read.c).
 *
 * `size` is the length of the file up to its last whole record. When a write fails or is cut short,
 * the file is truncated to the last record that went in whole, and what did not is lost: the
 * container is never stopped by a full disk. The failure is reported once, until a write succeeds
 * again.
 */
#include "logs/driver.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "logs/record.h"

/* A round of 64 KiB in lines of 40 bytes makes 180 KiB of records. */
#define BUFFER_SIZE ((size_t)256 << 10)
#define STREAMS     2
#define NEW_NAME    LOG_JSON_NAME ".new"

struct partial {
	char *data; /* LOG_PIECE_MAX bytes when not NULL */
	size_t len;
};

struct json_file {
	struct log base;
	struct log_options options;
	int dirfd; /* the caller's */
	int fd;
	uint64_t size;
	bool failing;
	char *buffer; /* BUFFER_SIZE, mapped while in use */
	size_t used;
	struct partial partial[STREAMS];
};

static struct json_file *json_file_of(struct log *l)
{
	return CONTAINER_OF(l, struct json_file, base);
}

/* Cuts off what a killed writer left behind the last newline. */
static int mend_tail(struct json_file *f)
{
	cleanup_free char *tail = NULL;
	size_t n = MIN_OF((uint64_t)LOG_RECORD_MAX, f->size);
	char *newline;

	if (n == 0)
		return 0;
	tail = malloc(n);
	if (!tail)
		return -ENOMEM;
	if (pread(f->fd, tail, n, (off_t)(f->size - n)) != (ssize_t)n)
		return -EIO;
	newline = memrchr(tail, '\n', n);
	if (newline == tail + n - 1)
		return 0;
	f->size -= newline ? (size_t)(tail + n - 1 - newline) : n;
	return ftruncate(f->fd, (off_t)f->size) < 0 ? -errno : 0;
}

/* Without O_CREAT in `flags`, a log that does not exist yet is no failure: fd stays -EBADF. */
static int open_current(struct json_file *f, int flags, struct err *err)
{
	struct stat st;
	int r;

	f->fd = openat(f->dirfd, LOG_JSON_NAME,
		       O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0640);
	if (f->fd < 0 && errno == ENOENT && !(flags & O_CREAT))
		return 0;
	if (f->fd < 0)
		return err_sys(err, errno, "open log file %s", LOG_JSON_NAME);
	if (fstat(f->fd, &st) < 0)
		return err_sys(err, errno, "stat log file %s", LOG_JSON_NAME);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "log file %s: not a regular file", LOG_JSON_NAME);
	f->size = (uint64_t)st.st_size;
	r = mend_tail(f);
	return r < 0 ? err_sys(err, r, "mend log file %s", LOG_JSON_NAME) : 0;
}

int json_file_open(const struct log_options *o, int dirfd, struct log **ret, struct err *err)
{
	struct json_file *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_oom(err);
	f->options = *o;
	f->options.max_files = MIN_OF(MAX_OF(o->max_files, 1U), (unsigned)LOG_FILES_MAX);
	f->dirfd = dirfd;
	f->fd = -EBADF;
	r = open_current(f, 0, err);
	if (r < 0) {
		json_file_close(&f->base);
		return r;
	}
	*ret = &f->base;
	return 0;
}

/* The first record makes the file: a container that says nothing costs no inode. */
static int need_file(struct json_file *f, struct err *err)
{
	int r = f->fd < 0 ? open_current(f, O_CREAT, err) : 0;

	if (r == 0)
		return 0;
	fd_close(TAKE_FD(f->fd));
	return r;
}

/* Writes the buffer's first n bytes, which are whole records. */
static int write_records(struct json_file *f, size_t n, struct err *err)
{
	const char *p = f->buffer, *end = p + n;
	int r = need_file(f, f->failing ? NULL : err);

	if (r < 0) {
		bool told = f->failing;

		f->failing = true;
		return told ? 0 : r;
	}

	while (p < end && r == 0) {
		ssize_t w = write(f->fd, p, (size_t)(end - p));

		if (w > 0)
			p += w;
		else if (w == 0 || errno != EINTR)
			r = w == 0 ? -ENOSPC : -errno;
	}
	if (r == 0) {
		f->size += n;
		f->failing = false;
		return 0;
	}
	if (p > f->buffer) { /* keep the records that went in whole */
		const char *last = memrchr(f->buffer, '\n', (size_t)(p - f->buffer));

		f->size += last ? (size_t)(last + 1 - f->buffer) : 0;
		/* Should this fail too, the torn record is stepped over by readers. */
		if (ftruncate(f->fd, (off_t)f->size) < 0 && r == 0)
			r = -errno;
	}
	if (f->failing)
		return 0;
	f->failing = true;
	return err_sys(err, r, "write log file %s (output is lost until there is room)",
		       LOG_JSON_NAME);
}

static void shift_names(struct json_file *f)
{
	char from[32], to[32];

	for (unsigned i = f->options.max_files - 1; i > 0; i--) {
		(void)snprintf(to, sizeof(to), LOG_JSON_NAME ".%u", i);
		(void)snprintf(from, sizeof(from), LOG_JSON_NAME ".%u", i - 1);
		/* A missing one is no failure: there have not been that many rotations yet. */
		(void)renameat(f->dirfd, i == 1 ? LOG_JSON_NAME : from, f->dirfd, to);
	}
	if (f->options.max_files == 1)
		(void)unlinkat(f->dirfd, LOG_JSON_NAME, 0);
}

/* The new file is made before any name is touched: when that fails the old one is written on. */
static int rotate(struct json_file *f, struct err *err)
{
	cleanup_fd int fd = -EBADF;

	(void)unlinkat(f->dirfd, NEW_NAME, 0);
	fd = openat(f->dirfd, NEW_NAME,
		    O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		bool told = f->failing;

		f->failing = true;
		return told ? 0 : err_sys(err, errno, "create log file %s", LOG_JSON_NAME);
	}
	shift_names(f);
	if (renameat(f->dirfd, NEW_NAME, f->dirfd, LOG_JSON_NAME) < 0)
		return err_sys(err, errno, "rename log file %s", LOG_JSON_NAME);
	fd_close(f->fd);
	f->fd = TAKE_FD(fd);
	f->size = 0;
	return 0;
}

static int flush_buffer(struct json_file *f, struct err *err)
{
	size_t n = f->used;

	f->used = 0;
	return n ? write_records(f, n, err) : 0;
}

static int need_buffer(struct json_file *f, struct err *err)
{
	if (f->buffer)
		return 0;
	f->buffer =
		mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (f->buffer == MAP_FAILED) {
		f->buffer = NULL;
		return err_oom(err);
	}
	return 0;
}

/* One record into the buffer; the buffer and then the file give way first when they are full. */
static int emit(struct json_file *f, const char *text, size_t len, bool newline,
		const struct log_suffix *suffix, struct err *err)
{
	uint64_t max = f->options.max_size;
	size_t record;
	int r = 0, r2;
	char *at;

	if (f->used + len * 6 + 2 * LOG_SUFFIX_MAX > BUFFER_SIZE)
		r = flush_buffer(f, err);
	at = f->buffer + f->used;
	record = (size_t)(log_record_write(at, text, len, newline, suffix) - at);
	if (max && f->size + f->used + record > max && f->size + f->used > 0) {
		r2 = flush_buffer(f, err);
		r = r < 0 ? r : r2;
		r2 = rotate(f, err);
		r = r < 0 ? r : r2;
		memmove(f->buffer, at, record);
	}
	f->used += record;
	return r;
}

/* A line that began earlier, or one that is too long or has no end yet. Returns what it took. */
static ssize_t take_slow(struct json_file *f, struct partial *p, const char *data, size_t len,
			 bool newline, const struct log_suffix *suffix, struct err *err)
{
	size_t n = MIN_OF(len, LOG_PIECE_MAX - p->len), piece;
	int r = 0;

	if (!p->data) {
		p->data = malloc(LOG_PIECE_MAX);
		if (!p->data)
			return err_oom(err);
	}
	memcpy(p->data + p->len, data, n);
	p->len += n;
	if (p->len == LOG_PIECE_MAX) {
		piece = log_piece_len(p->data, p->len);
		r = emit(f, p->data, piece, false, suffix, err);
		p->len -= piece;
		memmove(p->data, p->data + piece, p->len);
		newline = false; /* it ends the piece that comes next */
	} else if (newline) {
		r = emit(f, p->data, p->len, true, suffix, err);
		p->len = 0;
	}
	return r < 0 ? r : (ssize_t)(n + newline);
}

int json_file_write(struct log *l, enum log_stream stream, const char *data, size_t len,
		    int64_t time_ns, struct err *err)
{
	struct json_file *f = json_file_of(l);
	struct partial *p = &f->partial[stream == LOG_STDERR];
	struct log_suffix suffix;
	int r = need_buffer(f, err), r2;

	if (r < 0)
		return r;
	log_suffix_make(&suffix, stream, time_ns);
	while (len > 0) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;
		ssize_t took;

		if (nl && p->len == 0 && n < LOG_PIECE_MAX) {
			r2 = emit(f, data, n, true, &suffix, err);
			took = (ssize_t)n + 1;
		} else {
			took = take_slow(f, p, data, n, nl != NULL, &suffix, err);
			r2 = took < 0 ? (int)took : 0;
			/* The record is lost, its bytes are not offered again: go on with the next
			 * line. */
			if (took < 0) {
				p->len = 0;
				took = (ssize_t)(n + (nl != NULL));
			}
		}
		r = r < 0 ? r : r2;
		data += took;
		len -= (size_t)took;
	}
	r2 = flush_buffer(f, err);
	return r < 0 ? r : r2;
}

int json_file_flush(struct log *l, struct err *err)
{
	struct json_file *f = json_file_of(l);
	int r = 0, r2;

	for (int i = 0; i < STREAMS; i++) {
		struct partial *p = &f->partial[i];
		struct log_suffix suffix;

		if (p->len == 0)
			continue;
		r2 = need_buffer(f, err);
		if (r2 < 0)
			return r2;
		log_suffix_make(&suffix, i ? LOG_STDERR : LOG_STDOUT, clock_now());
		r2 = emit(f, p->data, p->len, false, &suffix, err);
		p->len = 0;
		r = r < 0 ? r : r2;
	}
	r2 = flush_buffer(f, err);
	return r < 0 ? r : r2;
}

void json_file_idle(struct log *l)
{
	struct json_file *f = json_file_of(l);

	if (f->buffer)
		(void)munmap(f->buffer, BUFFER_SIZE);
	f->buffer = NULL;
	for (int i = 0; i < STREAMS; i++)
		if (f->partial[i].len == 0) {
			free(f->partial[i].data);
			f->partial[i].data = NULL;
		}
}

void json_file_close(struct log *l)
{
	struct json_file *f = json_file_of(l);

	json_file_idle(l);
	for (int i = 0; i < STREAMS; i++)
		free(f->partial[i].data);
	fd_close(f->fd);
	free(f);
}
