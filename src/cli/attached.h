// SPDX-License-Identifier: Apache-2.0
/*
 * attached - a container that runs in the foreground: from its connection to our exit code.
 */
#pragma once

#include "cli/stream.h"
#include "engine/container.h"

struct attached {
	struct stream stream;
	bool auto_remove; /* its row is deleted here when it has exited */
};
/* The user's terminal size goes along when it has a terminal. */
struct container_streams attached_streams(const struct stream *s);
/* Streams until the end, closes conn; the exit code (0 when detached), or a negative errno. */
int attached_run(struct command_line *c, const struct attached *a, int conn, struct err *err);
