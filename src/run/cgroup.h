// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup - one container's control group, on v1 hierarchies, v2, or the hybrid of both.
 *
 * A path is absolute in the hierarchy ("/hoy/ID"). What v2 can do is done there, also on a host in
 * hybrid mode where v2 has no controllers: membership by CLONE_INTO_CGROUP, kill, freeze, and the device rules as an eBPF
 * program. On v1 only the hierarchies that a limit in `res` names are made: each costs 0.05-0.3 ms.
 * A limit that comes later by cgroup_update makes its hierarchy then and moves the processes there.
 * Moving another process stops all forks of the host for an RCU grace period (1 to 15 ms); a thread
 * that moves itself waits for nobody, and that is how a container's process gets there.
 *
 *   r = cgroup_open("/hoy/ID", spec->linux->resources, CGROUP_CREATE, &cg, err);
 *   …cgroup_attach(cg, pid, err)…
 *   cgroup_kill(cg, err); cgroup_remove(cg, err); cgroup_free(cg);
 *
 * Device rules: nothing is filtered when there are none; else the devices that every container has
 * (null, zero, full, random, urandom, tty, console, ptmx, pts) and mknod are allowed after them, as
 * runc does. Messages name the controller and the limit. Source: kernel
 * Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst, runtime-spec config-linux.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "spec/runtime.h"

/* NULL (a container without a cgroup) is fine for kill, freeze, update, oom_kills and pids: nothing
 * to do, or an error that says so. */
struct cgroup;

enum cgroup_flags {
	CGROUP_CREATE = 1 << 0,
	/* With CGROUP_CREATE: only what cgroup_clone_fd needs now; cgroup_finish makes the rest.
	 * The two halves let the limits be made while the child already mounts its root. */
	CGROUP_DEFER = 1 << 1,
	/* With CGROUP_CREATE: one that is there is taken as it is. */
	CGROUP_MAY_EXIST = 1 << 2,
	/* With CGROUP_CREATE: in every v1 hierarchy of the host, also systemd's, because others look
	 * for the container there. */
	CGROUP_ALL = 1 << 3,
};

/* Opens the group; with CGROUP_CREATE makes it and sets the limits (one that is there must
 * be empty and not frozen). */
int cgroup_open(const char *path, const struct oci_resources *res, int flags, struct cgroup **ret,
		struct err *err);
int cgroup_finish(struct cgroup *cg, const struct oci_resources *res, struct err *err);
void cgroup_free(struct cgroup *cg); /* closes; removes nothing */
DEFINE_CLEANUP(struct cgroup *, cgroup_free)

/* A directory fd for CLONE_INTO_CGROUP, or -EBADF (v1). */
int cgroup_clone_fd(const struct cgroup *cg);
int cgroup_attach(struct cgroup *cg, pid_t pid, struct err *err);
/* What is left to do for a process that was born in it by cgroup_clone_fd: a bit for each v1
 * hierarchy that the group has. */
unsigned cgroup_v1_set(const struct cgroup *cg);
/* Such a process enters them itself: the caller, which has one thread. It may hold a copy of `cg`
 * from before they were made: they are found by name. */
int cgroup_enter(const struct cgroup *cg, unsigned v1_set, struct err *err);
/* The same from outside, for one that may not: milliseconds. */
int cgroup_attach_cloned(struct cgroup *cg, pid_t pid, struct err *err);
/* Changes the limits that are set in res. */
int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *err);
int cgroup_freeze(struct cgroup *cg, bool frozen, struct err *err);
bool cgroup_is_frozen(const struct cgroup *cg);
/* SIGKILL to every process in it, frozen ones too. */
int cgroup_kill(struct cgroup *cg, struct err *err);
/* Removes the group and the groups below it; waits (bounded) for processes that are dying. */
int cgroup_remove(struct cgroup *cg, struct err *err);
/* Where somebody who is not the host's root may make groups: the topmost of the groups above his own
 * process, that one included, which were given to him. -ENOENT: nowhere. */
struct cgroup_delegation {
	char path[1024];                    /* absolute: "/user.slice/…" */
	bool cpu, cpuset, memory, io, pids; /* the controllers that work in groups below it */
};
int cgroup_delegated(struct cgroup_delegation *ret);
/* How often the OOM killer struck here. */
int cgroup_oom_kills(struct cgroup *cg, uint64_t *ret);
/* A small file of the group: v1 is "memory/memory.stat", taken where the group is in that hierarchy;
 * else v2. Either may be NULL. Its length, or a negative errno. */
ssize_t cgroup_file(const struct cgroup *cg, const char *v1, const char *v2, char *buf,
		    size_t size);
/* Process ids in it, at most `max`; the count. */
ssize_t cgroup_pids(struct cgroup *cg, pid_t *pids, size_t max);
