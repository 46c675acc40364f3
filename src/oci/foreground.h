// SPDX-License-Identifier: Apache-2.0
/*
 * foreground - a process that we wait for: signals to us are signals to it, its terminal is ours.
 *
 *   foreground_prepare();                         before it is made: no signal gets lost
 *   r = foreground_wait(pid, pidfd, terminal, &exit_code, err);
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/* Blocks what will be forwarded; it stays pending until foreground_wait. */
void foreground_prepare(void);
/* Until the process has ended and was reaped; other children that end meanwhile are reaped, too.
 * terminal: the pty's master or -EBADF; our stdin is raw meanwhile when it is a terminal. The exit
 * code is 128+N when signal N ended it. */
int foreground_wait(pid_t pid, int pidfd, int terminal, int *exit_code, struct err *err);
