// SPDX-License-Identifier: Apache-2.0
/*
 * copy-root - a container's root as one directory fd, whether it runs or not.
 *
 *   cleanup(copy_root_done) struct copy_root root = COPY_ROOT_INIT;
 *   r = copy_root_open(e, a, key, COPY_ROOT_WITH_MOUNTS, &root, err);
 *   fd = path_open_in_root(root.fd, "/etc/passwd", O_RDONLY, 0);
 *
 * Everything below root.fd is hostile: use path_open_in_root(), never a plain path. While the root
 * of a stopped container is open, the container cannot be started nor removed.
 */
#pragma once

#include "engine/container-private.h"

enum copy_root_view {
	COPY_ROOT_WITH_MOUNTS, /* volumes and binds at their places, as the container sees them (cp)
				*/
	COPY_ROOT_ALONE,       /* image and writable layer only (export) */
};

struct copy_root {
	struct container_info info;
	bool running;
	int fd;    /* O_PATH directory */
	int ns_fd; /* keeps the mounts of a stopped container's view alive */
	int lock;
	/* Size not 0: of a running container with a user namespace, the owners in this view are ids of
	 * the host. */
	struct container_userns ids;
};
#define COPY_ROOT_INIT                                                                             \
	(struct copy_root)                                                                         \
	{                                                                                          \
		.fd = -EBADF, .ns_fd = -EBADF, .lock = -EBADF                                      \
	}

struct tree_pack;
/* So that the archive has them as the container does. */
void copy_root_ids(const struct copy_root *r, struct tree_pack *pack);
int copy_root_open(struct engine *e, struct arena *a, const char *key, enum copy_root_view view,
		   struct copy_root *ret, struct err *err);
void copy_root_done(struct copy_root *r);
DEFINE_CLEANUP_VALUE(struct copy_root, copy_root_done)

/* The path with every symbolic link in it resolved inside the root, as text: what is missing stays
 * as it is written, and so does the last component unless `follow`. For messages and decisions
 * only. */
int copy_root_resolve(const struct copy_root *r, struct arena *a, const char *path, bool follow,
		      char **ret, struct err *err);
/* Refuses what lies on a read-only mount: "container rootfs is marked read-only", "mounted volume
 * is marked read-only". */
int copy_root_check_writable(const struct copy_root *r, int fd, struct err *err);
