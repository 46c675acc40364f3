// SPDX-License-Identifier: Apache-2.0
#include "oci/record.h"

struct delete_options {
	bool force;
};

static int run_delete_command(struct command_line *c, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	const struct delete_options *o = c->options;
	enum status status;
	int r = record_open(c, c->args[0], &rec, err);

	if (r == 0)
		r = record_lock(&rec, err);
	if (r < 0)
		return o->force && err->kind == ERR_NOT_FOUND ? 0 : r;
	status = record_status(&rec);
	if ((status == STATUS_RUNNING || status == STATUS_PAUSED) && !o->force)
		return err_set(err, ERR_CONFLICT,
			       "cannot delete container %s that is not stopped: %s", c->args[0],
			       status_name(status));
	return record_destroy(c, &rec, err);
}

static const struct flag flags[] = {
	FLAG_OF(delete_options, force, "force", 'f', FLAG_BOOL,
		"Kill a container that still runs; none of that name is no failure"),
	{},
};

const struct command cmd_delete = {
	.paths = "delete",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Delete a container that has stopped or was never started",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct delete_options),
	.run = run_delete_command,
};
