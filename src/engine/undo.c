// SPDX-License-Identifier: Apache-2.0
#include "engine/undo.h"

#include <assert.h>

void undo_push(struct undo *u, undo_fn *fn, void *data)
{
	assert(u->n < UNDO_MAX);
	u->steps[u->n++] = (struct undo_step){fn, data};
}

void undo_run(struct undo *u)
{
	int saved = errno;

	while (u->n > 0) {
		struct undo_step s = u->steps[--u->n];

		s.fn(s.data);
	}
	errno = saved;
}

void undo_dismiss(struct undo *u)
{
	u->n = 0;
}
