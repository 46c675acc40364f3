// SPDX-License-Identifier: Apache-2.0
/*
 * stream - the user's stdin, stdout and stderr connected with a container until one of them ends.
 *
 * stream_attached() talks to the monitor in frames (run, start -a, attach); stream_exec() to the
 * pipes or the terminal of one more process (exec).
 */
#pragma once

#include "command/command.h"
#include "engine/exec.h"

enum stream_end {
	STREAM_EXITED,   /* exit_code is the process's */
	STREAM_DETACHED, /* it goes on without us: the detach keys (exit_code 0), or nobody reads
			    our output any more (128 + SIGPIPE) */
	STREAM_LOST,     /* the connection ended without an exit code: the monitor was killed */
};

struct stream {
	const char *id;          /* of the container: for signals and sizes */
	bool in, out, err, tty;  /* tty: the container has a terminal */
	bool sig_proxy;          /* forward signals to the container's process */
	const char *detach_keys; /* NULL: the user's (config.json), or the default */
};

/* Reads and writes `conn` (the caller's) until the end. */
int stream_attached(struct command_line *c, const struct stream *s, int conn, enum stream_end *how,
		    int *exit_code, struct err *err);
int stream_exec(struct command_line *c, const struct stream *s, struct exec_session *x,
		enum stream_end *how, int *exit_code, struct err *err);
/* What can be refused before anything starts: detach keys that are none (NULL: the default). */
int stream_check_keys(const char *keys, struct err *err);
/* "the input device is not a TTY" where a terminal is asked for and stdin is none. */
int stream_check_tty(bool in, bool tty, struct err *err);
