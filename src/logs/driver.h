// SPDX-License-Identifier: Apache-2.0
/*
 * driver - what a log driver is: one row of log.c's table and one file with these operations.
 *
 * A driver's own struct starts with `struct log`. log.c checks names and options before any of
 * these is called. An operation that is NULL does nothing and succeeds; read NULL: this driver
 * cannot be read.
 */
#pragma once

#include "logs/log.h"

struct log_driver {
	const char *name;
	const char *file_name;      /* NULL: writes no file */
	const char *const *options; /* names of the options it knows, NULL-terminated */
	int (*open)(const struct log_options *o, int dirfd, struct log **ret, struct err *err);
	int (*write)(struct log *l, enum log_stream stream, const char *data, size_t len,
		     int64_t time_ns, struct err *err);
	int (*flush)(struct log *l, struct err *err);
	void (*idle)(struct log *l);
	void (*close)(struct log *l);
	int (*read)(int dirfd, const struct log_read *what, log_record_fn *fn,
		    bool (*alive)(void *data), void *data, struct err *err);
};

struct log {
	const struct log_driver *driver;
};

#define LOG_JSON_NAME "log.json"

int json_file_open(const struct log_options *o, int dirfd, struct log **ret, struct err *err);
int json_file_write(struct log *l, enum log_stream stream, const char *data, size_t len,
		    int64_t time_ns, struct err *err);
int json_file_flush(struct log *l, struct err *err);
void json_file_idle(struct log *l);
void json_file_close(struct log *l);
int json_file_read(int dirfd, const struct log_read *what, log_record_fn *fn,
		   bool (*alive)(void *data), void *data, struct err *err);
