// SPDX-License-Identifier: Apache-2.0
/*
 * mountfd - filesystems and binds as detached mounts, and where they are attached.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Fails with MESSAGE and what the kernel wrote about it into the filesystem context's log. */
int mountfd_error(int fs_fd, int errnum, struct err *err, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* A new filesystem: data is a strv of "key=value" and "flag"; attrs are MOUNT_ATTR_*. */
int mountfd_new(const char *type, const char *source, char *const *data, uint64_t attrs,
		struct err *err);
/* "key=value" and "flag" into a filesystem context. */
int mountfd_configure(int fs_fd, char *const *data, struct err *err);
/* A clone of what is at dirfd/path (path "" is the fd itself). */
int mountfd_clone(int dirfd, const char *path, bool recursive, struct err *err);
int mountfd_setattr(int fd, uint64_t set, uint64_t clear, bool recursive, struct err *err);
/* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE */
int mountfd_propagation(int fd, unsigned long type, bool recursive, struct err *err);
/* Attaches a detached mount on an O_PATH fd. */
int mountfd_attach(int mount_fd, int target_fd, const char *what, struct err *err);
