// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup - one container's control group, on v1 hierarchies, v2, or the hybrid of both.
 *
 * A path is absolute in the hierarchy ("/hoy/ID"). On v1 only the controllers that a limit, freezing
 * or accounting needs are made: each costs 0.05-0.3 ms.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "spec/runtime.h"

struct cgroup;

enum cgroup_flags {
	CGROUP_CREATE = 1 << 0,
};

/* Opens the group; with CGROUP_CREATE makes it and sets the limits (an existing one is an error). */
int cgroup_open(const char *path, const struct oci_resources *res, int flags, struct cgroup **ret,
		struct err *err);
void cgroup_free(struct cgroup *cg); /* closes; removes nothing */
DEFINE_CLEANUP(struct cgroup *, cgroup_free)

/* A directory fd for CLONE_INTO_CGROUP, or -EBADF (v1). */
int cgroup_clone_fd(const struct cgroup *cg);
int cgroup_attach(struct cgroup *cg, pid_t pid, struct err *err);
/* Changes the limits that are set in res. */
int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *err);
int cgroup_freeze(struct cgroup *cg, bool frozen, struct err *err);
/* SIGKILL to every process in it, frozen ones too. */
int cgroup_kill(struct cgroup *cg, struct err *err);
/* Removes the group and the groups below it; waits (bounded) for processes that are dying. */
int cgroup_remove(struct cgroup *cg, struct err *err);
/* How often the OOM killer struck here. */
int cgroup_oom_kills(struct cgroup *cg, uint64_t *ret);
/* Process ids in it, at most `max`; the count. */
ssize_t cgroup_pids(struct cgroup *cg, pid_t *pids, size_t max);
