// SPDX-License-Identifier: Apache-2.0
/*
 * exec - one more process in a running container. The monitor starts it and is its parent; the caller
 * talks to it through its own pipes or the pty's master.
 */
#pragma once

#include "engine/engine.h"

struct exec_request {
	char **cmd;
	char **env;          /* KEY=VALUE, added to the container's */
	const char *user;    /* NULL: the container's */
	const char *workdir; /* NULL: the container's */
	bool privileged, tty;
	bool in, out,
		err_stream; /* which of the process's streams are connected; others are /dev/null */
};
struct exec_session {
	int conn;                           /* to the monitor; exec_wait reads the end from it */
	int stdin_fd, stdout_fd, stderr_fd; /* our ends of its pipes; -EBADF where not connected */
	int terminal;                       /* the pty's master when tty, else -EBADF */
	int pid;
};
void exec_session_done(struct exec_session *s); /* closes what is open; the process goes on */
DEFINE_CLEANUP_VALUE(struct exec_session, exec_session_done)

int exec_start(struct engine *e, const char *key, const struct exec_request *req,
	       struct exec_session *ret, struct err *err);
int exec_wait(struct exec_session *s, int *exit_code, struct err *err);
