// SPDX-License-Identifier: Apache-2.0
/*
 * rootfs - the container's root as a detached mount, and the change into it.
 */
#pragma once

#include "run/run.h"

enum overlay_flags {
	OVERLAY_LEGACY = 1 << 0, /* as if the kernel had no lowerdir+ (tests of the path for 6.1) */
	OVERLAY_HERE = 1 << 1,   /* this mount namespace is private: it may be used for mounting */
};

/* A detached overlay mount; at most OVERLAY_LOWER_MAX lower directories. The fd or negative errno.
 */
#define OVERLAY_LOWER_MAX 500
int overlay_open(const struct run_overlay *o, int flags, struct err *err);
/* Who the container's root is outside, and its mappings as a user namespace's fd. */
struct rootfs_idmap {
	int userns;
	uid_t uid;
	gid_t gid;
};
int rootfs_idmap_plan(const struct oci_linux *l, struct rootfs_idmap *ret, struct err *err);
/* In a private mount namespace, by a process that does nothing else than mount the overlay after:
 * the layers' paths lead to id-mapped mounts of them now. */
int rootfs_idmap_layers(const struct run_overlay *o, const struct rootfs_idmap *m, struct err *err);
/* The same for whatever the options say is the root. */
int rootfs_open(const struct run_options *o, int flags, struct err *err);
/* In the child's new mount namespace: cuts propagation to the host. `rec_propagation` is
 * MS_PRIVATE, MS_SLAVE, or 0 to leave everything but "/" itself. */
int rootfs_isolate(unsigned long rec_propagation, struct err *err);
/* Attaches the detached mount over "/" (or over the directory `path`) and makes it the working
 * directory. */
int rootfs_attach(int mount_fd, const char *path, struct err *err);
/* The working directory, a mount, becomes "/"; the old root is gone. */
int rootfs_pivot(bool chroot_only, struct err *err);
