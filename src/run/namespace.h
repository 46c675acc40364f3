// SPDX-License-Identifier: Apache-2.0
/*
 * namespace - which are new, which are joined, and the user mapping.
 *
 * Paths are opened once, in the parent, and checked to be namespaces of the kind they are given for
 * (NS_GET_NSTYPE); from then on only the fds count.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "spec/runtime.h"

#define NAMESPACE_KINDS 8

struct namespaces {
	uint64_t create;          /* CLONE_NEW* */
	uint64_t join;            /* CLONE_NEW* */
	int fds[NAMESPACE_KINDS]; /* of the joined ones; in the order in which they are joined */
	bool has_offsets;         /* a new time namespace with offsets */
};

int namespaces_plan(const struct oci_linux *l, struct namespaces *ret, struct err *err);
void namespaces_done(struct namespaces *ns);
DEFINE_CLEANUP_VALUE(struct namespaces, namespaces_done)
/* The fd of a joined one. */
int namespaces_fd(const struct namespaces *ns, uint64_t flag);
int namespaces_join(const struct namespaces *ns, struct err *err);

/* Writes /proc/PID/uid_map and gid_map. */
int idmap_write(pid_t pid, const struct oci_linux *l, struct err *err);

/* In a new network namespace: its loopback device up, as Docker and runc have it; programs talk to themselves
 * by 127.0.0.1 also when there is no other network. */
int netns_loopback_up(struct err *err);

/* Offsets can only be written to a time namespace that nobody is in, and only by the one who made
 * it: so the parent makes it, clones the child into it, and goes back. *ret_back is the way back.
 */
int timens_prepare(const struct oci_time_offsets *o, int *ret_back, struct err *err);
int timens_restore(int back, struct err *err);
