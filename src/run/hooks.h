// SPDX-License-Identifier: Apache-2.0
/*
 * hooks - the configuration's programs around the container's life.
 *
 * Each gets the state (JSON, runtime-spec runtime.md) on stdin. A hook that fails, is killed or
 * exceeds its timeout fails the step it belongs to.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "spec/runtime.h"

struct hook_state {
	const char *id;
	const char *status; /* creating, created, running, stopped */
	pid_t pid;          /* 0: none */
	int bundle_fd;      /* -EBADF: unknown */
	const struct json_map *annotations;
};

int hooks_run(const struct json_list *hooks, const char *name, const struct hook_state *s,
	      struct err *err);
