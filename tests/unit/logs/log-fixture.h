// SPDX-License-Identifier: Apache-2.0
/*
 * log-fixture - a temporary directory for a log, and records collected as "o:text" or "e:text"
 * lines.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"
#include "logs/log.h"

struct dir {
	char path[64];
	int fd;
};

static inline void dir_make(struct dir *d)
{
	strcpy(d->path, "/tmp/hoy-test-logs-XXXXXX");
	assert_non_null(mkdtemp(d->path));
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(d->fd >= 0);
}

static inline void dir_remove(struct dir *d)
{
	close(d->fd);
	assert_int_equal(path_remove_tree(AT_FDCWD, d->path, NULL), 0);
}

static inline struct log *open_log(int dirfd, uint64_t max_size, unsigned max_files)
{
	struct log_options o = {.max_size = max_size, .max_files = max_files};
	struct log *l = NULL;

	assert_int_equal(log_open("json-file", &o, dirfd, &l, NULL), 0);
	return l;
}

static inline void put(struct log *l, enum log_stream stream, const char *text)
{
	assert_int_equal(log_write(l, stream, text, strlen(text), 1000, NULL), 0);
}

static inline int collect(const struct log_record *r, void *data)
{
	struct buf *b = data;

	buf_puts(b, r->stream == LOG_STDERR ? "e:" : "o:");
	buf_add(b, r->text, r->len);
	if (r->len == 0 || r->text[r->len - 1] != '\n')
		buf_puts(b, "|\n");
	return 0;
}

static inline void read_log(int dirfd, struct log_read what, struct buf *b)
{
	buf_reset(b);
	assert_int_equal(log_read_all("json-file", dirfd, &what, collect, NULL, b, NULL), 0);
	if (!b->data)
		buf_puts(b, "");
}

#define ALL ((struct log_read){.stdout_wanted = true, .stderr_wanted = true, .tail = -1})
