// SPDX-License-Identifier: Apache-2.0
/*
 * spawn - fork with namespaces, cgroup and pidfd in one system call, and its undoing.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* As fork: 0 in the child. flags: CLONE_* of clone3; signal handlers are reset in the child.
 * cgroup_fd may be -EBADF. *pidfd (NULL: none) is set in the parent. A negative errno on failure.
 * With CLONE_PARENT the child is the caller's sibling, with the caller's exit signal. */
pid_t spawn_clone(uint64_t flags, int cgroup_fd, int *pidfd);
/* SIGKILL and reap, waiting at most 10 seconds; fine when it is gone already. */
void spawn_kill(int pidfd);
