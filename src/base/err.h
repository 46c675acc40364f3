// SPDX-License-Identifier: Apache-2.0
/*
 * err - the one error contract of every library here.
 *
 *   int f(..., struct err *err);           0 on success, a negative errno on failure
 *
 * The message is made where the cause is known: what failed, on what, why. It is one line without a
 * final newline. Callers add context only when the cause alone does not name the object
 * (err_prefix); they never build stacks of wrappers. `err` is untouched on success and may be NULL
 * where the caller wants only the code. Libraries neither print nor exit: the top layer maps the
 * kind to an exit code or an HTTP status.
 *
 *   if (unlinkat(dir, name, 0) < 0)
 *           return err_sys(err, errno, "remove %s", name);
 *   if (!found)
 *           return err_set(err, ERR_NOT_FOUND, "No such container: %s", name);
 */
#pragma once

#include "base/macros.h"

enum err_kind {
	ERR_SYSTEM,         /* a system call or library failed; `code` is its errno */
	ERR_INVALID,        /* the request or the input is wrong (HTTP 400) */
	ERR_NOT_FOUND,      /* no such container, image, … (404) */
	ERR_CONFLICT,       /* name in use, wrong state (409) */
	ERR_UNSUPPORTED,    /* a feature that we or this host do not have (501) */
	ERR_NOT_EXECUTABLE, /* the container's command cannot be executed (exit code 126) */
	ERR_NO_COMMAND,     /* the container's command was not found (exit code 127) */
	ERR_CORRUPT,        /* stored or received data does not match its digest or grammar */
	ERR_TOO_LARGE,      /* a bound was reached */
	ERR_CANCELLED,      /* the caller or the user asked to stop */
	_ERR_KIND_MAX,
};

struct err {
	enum err_kind kind;
	int code;       /* negative errno */
	char msg[1024]; /* "" when nothing failed; longer causes are cut */
};

#define ERR_INIT                                                                                   \
	(struct err)                                                                               \
	{                                                                                          \
		.kind = ERR_SYSTEM                                                                 \
	}

/* Fails with "MESSAGE: strerror(errnum)". errnum may have either sign. Returns -|errnum|. */
int err_sys(struct err *err, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Fails with MESSAGE; returns the negative errno that stands for the kind. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Out of memory; returns -ENOMEM. */
int err_oom(struct err *err);
/* Puts "PREFIX: " before the message that is there; returns err->code. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Writes a failure that was carried over a socket or a pipe: kind and text as they were. */
int err_copy(struct err *err, enum err_kind kind, int code, const char *msg);
/* The errno that stands for a kind, negative. */
int err_kind_code(enum err_kind kind);
