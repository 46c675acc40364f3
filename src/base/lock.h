// SPDX-License-Identifier: Apache-2.0
/*
 * lock - who is alive and whose turn it is, told by the kernel.
 *
 * Locks are flock(2) on files: a dead process holds none, whatever killed it. A child that inherits
 * the fd holds it too, so lock fds are O_CLOEXEC and never passed on.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum lock_mode {
	LOCK_SHARED,
	LOCK_EXCLUSIVE,
};

/* Opens (making it when missing) and locks `name` in dirfd; waits for it. The fd is the lock. */
int lock_take(int dirfd, const char *name, enum lock_mode mode, struct err *err);
/* The same without waiting: -EWOULDBLOCK (no message) when somebody holds it. */
int lock_try(int dirfd, const char *name, enum lock_mode mode, struct err *err);
/* Is an exclusive lock held on the file? False when it does not exist. */
bool lock_is_held(int dirfd, const char *name);
