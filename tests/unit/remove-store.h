// SPDX-License-Identifier: Apache-2.0
/*
 * remove-store - a test's store goes away with all that is in it.
 *
 * store_close() may have started a hoy-keeper, a child of ours, which makes files while we delete.
 *
 *   store_remove_quiet("/tmp/hoy-test-store-XXXXXX");
 */
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"

static inline void UNUSED store_remove_quiet(const char *root)
{
	const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

	/* At most three seconds: a child that is no keeper may live on. */
	for (int i = 0; i < 1500 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
		(void)nanosleep(&pause, NULL);
	/* The keepers of children that were killed are not ours to wait for. */
	for (int i = 0; i < 500 && access(root, F_OK) == 0; i++)
		if (path_remove_tree(AT_FDCWD, root, NULL) < 0)
			(void)nanosleep(&pause, NULL);
}
