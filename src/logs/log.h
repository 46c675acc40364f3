// SPDX-License-Identifier: Apache-2.0
/*
 * log - where a container's output goes: one table of operations, one file per driver.
 *
 * The monitor writes; `logs` reads, from another process, while the monitor writes. Lines keep the
 * order in which the monitor read them, across both streams and across rotation. A record is one
 * line (or a part of at most 16 KiB of a long one, as Docker cuts it), as Docker's json-file:
 *   {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.000000000Z"}
 * in the file log.json of the container's directory; rotated ones are log.json.1 (youngest), .2, …
 *
 * Drivers: "json-file", "local" (another name for it here) and "none". Options are Docker's:
 *   max-size  20m, 1g (decimal units; -1: unlimited); default 20m
 *   max-file  at least 1, the current one included; default 3
 *   compress, labels, labels-regex, env, env-regex, tag, mode, max-buffer-size: accepted and
 * checked where they have a grammar, without effect: files stay plain, records carry no attrs, and
 *             writing never blocks on anything but the disk.
 *
 *   r = log_open("json-file", &options, dirfd, &l, err);
 *   r = log_write(l, LOG_STDOUT, data, n, clock_now(), err);      as read from the pipe
 *   r = log_flush(l, err);                                        at the end: the unfinished lines
 *   log_close(l);
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

#define LOG_DEFAULT_SIZE  UINT64_C(20000000)
#define LOG_DEFAULT_FILES 3
#define LOG_FILES_MAX     1000

struct log_options {
	uint64_t max_size; /* bytes of one file; 0: unlimited (Docker's max-size) */
	unsigned
		max_files; /* files kept, the current one included (Docker's max-file); 0 means 1 */
};

struct log;

/* Checks a LogConfig: driver known, options known and well-formed. Fills the defaults (3 x 20 MB).
 * A driver of NULL or "" is the default one, config may be NULL. */
int log_options_parse(const char *driver, const struct json_map *config, struct log_options *out,
		      struct err *err);
/* The file in the container's directory that the driver writes (`inspect` LogPath), or NULL. */
const char *log_file_name(const char *driver);
/* Opens for writing in the container's directory (the fd stays the caller's; it must stay open). An
 * older log is continued; what a killed writer left torn at its end is cut off. A new one is made with
 * its first record. */
int log_open(const char *driver, const struct log_options *o, int dirfd, struct log **ret,
	     struct err *err);
/* Output as it came from a pipe: any bytes, any cut. The driver cuts lines and keeps the unfinished
 * one per stream. Never blocks on anything but the disk. A full disk is an error once; later calls
 * drop what cannot be written and return 0, whole records only are in the file, and it goes on by
 * itself when there is room again. */
int log_write(struct log *l, enum log_stream stream, const void *data, size_t len, int64_t time_ns,
	      struct err *err);
/* Writes the unfinished lines: at the end of a stream, not between reads. */
int log_flush(struct log *l, struct err *err);
/* Gives the buffers back: when nothing was written for a while. */
void log_idle(struct log *l);
void log_close(struct log *l);
DEFINE_CLEANUP(struct log *, log_close)

struct log_read {
	bool stdout_wanted, stderr_wanted;
	int64_t since, until; /* nanoseconds; 0: no bound; since <= time <= until */
	int64_t tail;         /* records from the end, before all filters (as Docker); -1: all */
	bool follow; /* wait for more until `alive` says the writer is gone and all is read */
};
struct log_record {
	enum log_stream stream;
	int64_t time;
	const char *text; /* with its newline, if it had one; valid during the call only */
	size_t len;
};
/* Return 0 to go on, non-zero to stop (log_read_all then returns 0). */
typedef int log_record_fn(const struct log_record *r, void *data);
/* No log yet is an empty log; "none" is ERR_UNSUPPORTED, in Docker's words. Torn and unreadable
 * records are skipped. `alive` NULL: follows until the container's directory is removed. It is
 * asked whenever something happened in the directory: a writer that ends closes its log and
 * replaces `state` there. */
int log_read_all(const char *driver, int dirfd, const struct log_read *what, log_record_fn *fn,
		 bool (*alive)(void *data), void *data, struct err *err);
