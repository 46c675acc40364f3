// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp - loads a program that was compiled before, and hands its listener to the agent.
 *
 * The flags and the agent's socket are members of linux.seccomp; the rest of it is the program. A
 * program that asks an agent (SCMP_ACT_NOTIFY) gives a listener to the process that loads it, which
 * sends it to its parent before anything else, because every later call of it may wait for the
 * agent's answer; the parent passes it on, with the state as config-linux.md ("The Container Process
 * State") has it, and answers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"
#include "run/run.h"

/* The SECCOMP_FILTER_FLAG_* that linux.seccomp (NULL: nothing) names. */
int seccomp_flags(const json_t *config, unsigned *ret, struct err *err);
/* Does the program ask an agent? */
bool seccomp_notifies(const void *program, size_t len);
/* A program that asks needs somebody to ask. */
int seccomp_check(const json_t *config, const void *program, size_t len, struct err *err);
/* program: struct sock_filter[], len in bytes. The listener in *ret_listener, -EBADF: it has none. */
int seccomp_apply(const void *program, size_t len, unsigned flags, int *ret_listener,
		  struct err *err);
/* In the parent: connects to the agent and gives it the listener, which stays open here. `pid` is the
 * process, which for PID 1 is n->pid itself. */
int seccomp_hand_over(const struct run_notify *n, pid_t pid, const char *status, int listener,
		      struct err *err);
