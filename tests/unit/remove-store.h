// SPDX-License-Identifier: Apache-2.0
/*
 * remove-store - a test's store goes away with all that is in it.
 *
 * store_close() may have left a hoy-keeper at work, which makes files while we delete. It holds keeper.lock
 * from before store_close() returns until it is done, so that is waited for, and kept.
 *
 *   store_remove_quiet("/tmp/hoy-test-store-XXXXXX");
 */
#pragma once

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"

static inline void UNUSED store_remove_quiet(const char *root)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	/* A keeper that was told of more work meanwhile takes a new lock: then there is something left. */
	for (int i = 0; i < 300 && access(root, F_OK) == 0; i++) {
		cleanup_fd int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		cleanup_fd int lock = dir < 0 ? -EBADF : lock_take(dir, "keeper.lock", LOCK_EXCLUSIVE, NULL);

		if (path_remove_tree(AT_FDCWD, root, NULL) < 0)
			(void)nanosleep(&pause, NULL);
	}
}
