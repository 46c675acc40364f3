// SPDX-License-Identifier: Apache-2.0
/*
 * undo - what was done so far, so that a failure can take it back.
 *
 * Each step that succeeded pushes how to take it back; whatever leaves the function early runs them
 * backwards; the last step dismisses them. Steps must not fail loudly: there is nobody left to tell.
 *
 *   cleanup(undo_run) struct undo u = {};
 *   r = path_open_dir(...);
 *   undo_push(&u, remove_directory, &job);
 *   ...
 *   undo_dismiss(&u);
 *   return 0;
 *
 * `data` must outlive the stack. The stack is bounded: a function with more than UNDO_MAX steps is
 * a bug (assert), not an input.
 */
#pragma once

#include <stddef.h>

#include "base/macros.h"

#define UNDO_MAX 16

typedef void undo_fn(void *data);

struct undo {
	struct undo_step {
		undo_fn *fn;
		void *data;
	} steps[UNDO_MAX];
	size_t n;
};

void undo_push(struct undo *u, undo_fn *fn, void *data);
/* Takes everything back, latest first; errno is kept. The stack is empty then. */
void undo_run(struct undo *u);
void undo_dismiss(struct undo *u);
DEFINE_CLEANUP_VALUE(struct undo, undo_run)
