// SPDX-License-Identifier: Apache-2.0
/*
 * log - where a container's output goes: one table of operations, one file per driver.
 *
 * The monitor writes; `logs` reads, from another process, while the monitor writes. Lines keep the
 * order in which the monitor read them, across both streams and across rotation. A record is one line
 * (or a part of at most 16 KiB of a long one), as Docker's json-file:
 *   {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.000000000Z"}
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"

enum log_stream {
	LOG_STDOUT = 1,
	LOG_STDERR = 2,
};

struct log_options {
	uint64_t max_size;  /* bytes of one file; 0: unlimited (Docker's max-size) */
	unsigned max_files; /* files kept, the current one included (Docker's max-file) */
};

struct log;

/* Checks a LogConfig: driver known, options known and well-formed. Fills the defaults (3 x 20 MB). */
int log_options_parse(const char *driver, const struct json_map *config, struct log_options *out,
		      struct err *err);
/* Opens for writing in the container's directory. driver: "json-file" or "none" (also "local"). */
int log_open(const char *driver, const struct log_options *o, int dirfd, struct log **ret,
	     struct err *err);
/* Output as it came from a pipe: any bytes, any cut. The driver cuts lines and keeps the partial one
 * per stream. Never blocks on anything but the disk. A full disk is an error once; the container goes on. */
int log_write(struct log *l, enum log_stream stream, const void *data, size_t len, int64_t time_ns,
	      struct err *err);
/* Writes what is held back: partial lines, buffers. Call when idle and at the end. */
int log_flush(struct log *l, struct err *err);
void log_close(struct log *l);
DEFINE_CLEANUP(struct log *, log_close)

struct log_read {
	bool stdout_wanted, stderr_wanted;
	int64_t since, until; /* nanoseconds; 0: no bound */
	int64_t tail;         /* lines from the end; -1: all */
	bool follow;          /* wait for more until `alive` says the writer is gone and all is read */
};
struct log_record {
	enum log_stream stream;
	int64_t time;
	const char *text; /* with its newline, if it had one */
	size_t len;
};
/* Return 0 to go on, non-zero to stop (log_read_all then returns 0). */
typedef int log_record_fn(const struct log_record *r, void *data);
int log_read_all(const char *driver, int dirfd, const struct log_read *what, log_record_fn *fn,
		 bool (*alive)(void *data), void *data, struct err *err);
