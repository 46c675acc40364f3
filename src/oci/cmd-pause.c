// SPDX-License-Identifier: Apache-2.0
/* pause and resume. */
#include "oci/record.h"

static int change(struct command_line *c, bool pause, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	enum status status;
	int r = record_open(c, c->args[0], &rec, err);

	if (r < 0)
		return r;
	status = record_status(&rec);
	if (pause && status != STATUS_RUNNING && status != STATUS_CREATED)
		return err_set(err, ERR_CONFLICT, "container not running or created: %s",
			       status_name(status));
	if (!pause && status != STATUS_PAUSED)
		return err_set(err, ERR_CONFLICT, "container not paused");
	r = record_cgroup(&rec, err);
	return r < 0 ? r : cgroup_freeze(rec.cgroup, pause, err);
}

static int run_pause(struct command_line *c, struct err *err)
{
	return change(c, true, err);
}

static int run_resume(struct command_line *c, struct err *err)
{
	return change(c, false, err);
}

const struct command cmd_pause = {
	.paths = "pause",
	.usage = "CONTAINER",
	.summary = "Freeze all processes of a container",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.run = run_pause,
};

const struct command cmd_resume = {
	.paths = "resume",
	.usage = "CONTAINER",
	.summary = "Let the processes of a paused container go on",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.run = run_resume,
};
