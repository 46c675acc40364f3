// SPDX-License-Identifier: Apache-2.0
/*
 * fd - whole reads and writes, and files that are there entirely or not at all.
 *
 * All paths are relative to a directory fd. Every fd made here is O_CLOEXEC.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads until `len` bytes or end of file; the count read, or a negative errno. EINTR is retried. */
ssize_t fd_read(int fd, void *data, size_t len);
/* Writes all or fails with a negative errno. */
int fd_write(int fd, const void *data, size_t len);
/* Appends everything up to end of file; fails when the buffer's ceiling is reached. */
int fd_read_all(int fd, struct buf *b, const char *what, struct err *err);

/* A whole regular file into the buffer. Never blocks on a FIFO; symbolic links are not followed. */
int file_read(int dirfd, const char *name, struct buf *b, struct err *err);

enum file_write_flags {
	FILE_SYNC = 1 << 0, /* fsync the file and its directory before returning: durable */
	/* On a full disk, a text of at most 4 KiB goes over the old one, padded with blanks to its length: one
	 * write(2) into a block that is there. Atomic towards readers and kills in practice, not towards
	 * power cuts. */
	FILE_EVEN_WHEN_FULL = 1 << 1,
};
/* Replaces `name` atomically: temporary file in the same directory, write, (fsync,) rename. */
int file_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode, int flags,
	       struct err *err);

/* "hoy-version VERSION": in every program that is linked with this, to be looked for in its file. */
extern const char fd_version_mark[];

int fd_set_nonblock(int fd, bool on);
/* Moves fds 0..2 out of the way: opens /dev/null on those that are closed. Call first in main. */
int fd_guard_stdio(void);
