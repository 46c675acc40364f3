// SPDX-License-Identifier: Apache-2.0
/*
 * private - the engine's inside, for the files of src/engine only.
 */
#pragma once

#include "engine/engine.h"

struct engine {
	struct arena *arena; /* what lives as long as the engine */
	char *root, *run_root;
	int root_fd, run_fd, containers_fd;
	struct engine_config config;
	struct store *store;
};
