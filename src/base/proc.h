// SPDX-License-Identifier: Apache-2.0
/*
 * proc - starting our own helper processes, and knowing them for sure.
 *
 * Children get exactly the fds listed and nothing else, an empty signal mask and default signal
 * dispositions. A child is known by its pidfd, never by a number that may have been used again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define PROC_FDS_MAX 16

struct proc_fd {
	int from; /* an fd of ours (stays open here); -EBADF: /dev/null */
	int to;   /* its number in the child */
};

struct proc_spawn {
	const char *path; /* absolute: never looked up in PATH */
	int exe_fd; /* not 0: the program is the fd with this number in the child, which must be
		     * among `fds`; path then only names it in errors. The program keeps that fd:
		     * it is for it to close. */
	char *const *argv;
	char *const *envp; /* NULL: an empty environment */
	const struct proc_fd
		*fds; /* at most PROC_FDS_MAX; 0..2 that are not listed are /dev/null */
	size_t n_fds;
	bool new_session;
	bool die_with_parent; /* SIGKILL when the starting thread ends */
};

struct proc {
	pid_t pid;
	int pidfd;
};

/* Where our own program `name` is: $HOY_LIBEXECDIR/NAME (for tests; the directory must be one that
 * only root or the caller may write to, else this fails), or the installed place. Absolute. */
int proc_program_path(const char *name, char *out, size_t size, struct err *err);

/* vfork + exec; a failing exec is reported here. On success *ret is the caller's: proc_wait or
 * proc_release. */
int proc_spawn(const struct proc_spawn *s, struct proc *ret, struct err *err);
/* Waits; the wait status (as waitpid's) or a negative errno. Closes the pidfd. */
int proc_wait(struct proc *p);
/* Closes the pidfd and leaves the child alone. */
void proc_release(struct proc *p);
/* 128+n for a signal, else the exit code. */
int proc_exit_code(int wait_status);
int proc_pidfd_open(pid_t pid);
int proc_pidfd_signal(int pidfd, int sig);
/* The process's start time in clock ticks since boot (field 22 of /proc/PID/stat): with the pid, a
 * name that is never used twice in one boot. 0 when there is no such process. */
uint64_t proc_start_time(pid_t pid);
/* Is the process of this number the one that started then, and not dead (nor a zombie)? */
bool proc_is_alive(pid_t pid, uint64_t start_time);
