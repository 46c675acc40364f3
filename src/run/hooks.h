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
	const char *bundle; /* its path, where the fd is of no use; NULL: what the fd is */
	const struct json_map *annotations;
};

/* In order. The first that fails ends it, its output in the message; of poststop hooks all run, and
 * the first failure is returned. */
int hooks_run(const struct json_list *hooks, const char *name, const struct hook_state *s,
	      struct err *err);
/* {"ociVersion": …, "id": …, "status": …}; the caller's, NULL: no memory. */
json_t *hooks_state_json(const struct hook_state *s);
/* The path of the bundle's directory, "" when it has none. */
void hooks_bundle_path(int fd, char *out, size_t size);
