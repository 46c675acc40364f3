// SPDX-License-Identifier: Apache-2.0
/*
 * console - the terminal's master for whoever listens on --console-socket, and files with pids.
 *
 * The caller of a detached container keeps its terminal: it listens on a stream socket and gets one
 * message with the master's fd, its name as text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* --console-socket must be given exactly for detached processes with a terminal. */
int console_check(bool terminal, bool detached, const char *path, struct err *err);
/* Connects; the fd. */
int console_connect(const char *path, struct err *err);
int console_send(int conn, int master, struct err *err);

/* --pid-file: replaced atomically. NULL or "": nothing to do. */
int pid_file_write(const char *path, pid_t pid, struct err *err);
/* How many fds from 3 on the process gets: LISTEN_FDS of our environment and --preserve-fds.
 * ERR_INVALID when one of them is not open. */
int preserved_fds(int64_t wanted, unsigned *ret, unsigned *ret_listen, struct err *err);
