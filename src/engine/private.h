// SPDX-License-Identifier: Apache-2.0
/*
 * private - the engine's inside, for the files of src/engine only.
 */
#pragma once

#include "base/id.h"
#include "engine/engine.h"

/* The container that this engine made last: a start within a second takes its bundle as it is. */
struct engine_fresh {
	char id[ID_LEN + 1];
	int dirfd, run_fd; /* containers/ID and run/ID; -EBADF: none */
	int monitor;       /* it waits for our go; -EBADF: not started yet */
	int64_t until;
	bool auto_remove;
};

struct engine {
	struct arena *arena; /* what lives as long as the engine */
	char *root, *run_root;
	int root_fd, run_fd, containers_fd;
	struct engine_config config;
	struct store *store;
	struct engine_fresh fresh;
	bool rootless; /* in a user namespace: root of that, not of the host */
};

/* Forgets it; its monitor takes back what it made, and is gone then. */
void engine_fresh_done(struct engine_fresh *f);
