// SPDX-License-Identifier: Apache-2.0
/*
 * message - what parent and child of a starting container say to each other.
 *
 * One SOCK_SEQPACKET pair, one packet a message. The child's end is O_CLOEXEC: the end of the
 * stream after MESSAGE_GO means that exec succeeded (or that the child was killed, which its pidfd
 * tells). Who says what, in order:
 *
 *   parent  MESSAGE_MAPPED    the uid and gid maps are written (only with a new user namespace)
 *   middle  MESSAGE_PID       the real child's pid (only when namespaces are joined)
 *   parent  MESSAGE_CGROUP    the cgroups are made, with their limits; which v1 ones to enter
 *   child   MESSAGE_TERMINAL  the pty's master
 *   child   MESSAGE_HOOKS     before pivot_root: run the runtime's hooks; parent answers the same
 *   child   MESSAGE_READY     all is made
 *   parent  MESSAGE_GO        exec
 *   parent  MESSAGE_STAY      instead: take the go from whoever connects to start_fd; all
 *                             that follows is said there
 *   child   MESSAGE_LISTENER  the seccomp program is loaded and asks an agent: its listener; the
 *                             parent hands it over and answers the same
 *   child   MESSAGE_FAILED    any time: the error, and the child is gone
 */
#pragma once

#include "base/err.h"

enum message_kind {
	MESSAGE_FAILED = 1,
	MESSAGE_MAPPED,
	MESSAGE_PID,
	MESSAGE_CGROUP,
	MESSAGE_TERMINAL,
	MESSAGE_HOOKS,
	MESSAGE_READY,
	MESSAGE_GO,
	MESSAGE_STAY,
	MESSAGE_LISTENER,
};

struct message {
	enum message_kind kind;
	int value; /* MESSAGE_FAILED: the error's code; MESSAGE_CGROUP: a cgroup_v1_set */
	enum err_kind err_kind;
	char text[1000];
};

/* fd: one to pass along, or -EBADF. 0 or negative errno. */
int message_send(int sock, enum message_kind kind, int value, int fd);
int message_send_error(int sock, const struct err *e);
/* 1: a message; 0: end of stream; negative errno. A passed fd goes to *fd (NULL: closed). */
int message_recv(int sock, struct message *m, int *fd);
/* The failure that a MESSAGE_FAILED carries. */
int message_error(const struct message *m, struct err *err);
/* Waits for one kind; anything else is a failure, which for MESSAGE_FAILED is the sender's. */
int message_expect(int sock, enum message_kind kind, int *fd, struct err *err);
/* The same for a message that carries a value and no fd. */
int message_expect_value(int sock, enum message_kind kind, int *value, struct err *err);
