// SPDX-License-Identifier: Apache-2.0
#include "cli/attached.h"

#include "command/terminal.h"

struct container_streams attached_streams(const struct stream *s)
{
	struct container_streams out = {.in = s->in, .out = s->out, .err = s->err};

	if (s->tty)
		terminal_size(STDOUT_FILENO, &out.rows, &out.cols);
	return out;
}

int attached_run(struct command_line *c, const struct attached *a, int conn, struct err *err)
{
	cleanup_fd int held = conn;
	enum stream_end how = STREAM_LOST;
	int exit_code = 0, r = stream_attached(c, &a->stream, held, &how, &exit_code, err);

	if (r < 0)
		return r;
	if (how == STREAM_LOST) /* the monitor was killed: the engine finds out what became of it */
		r = container_wait(c->context, a->stream.id, WAIT_NOT_RUNNING, &exit_code, err);
	else if (how == STREAM_EXITED && a->auto_remove)
		r = container_auto_removed(c->context, a->stream.id, held, err);
	if (r < 0 && err->kind == ERR_NOT_FOUND) /* another client or the monitor was faster */
		r = 0;
	return r < 0 ? r : exit_code;
}
