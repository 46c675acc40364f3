// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/targets.h"

static int pause_one(struct command_line *c UNUSED, struct engine *e, const char *target,
		     struct err *err)
{
	return container_pause(e, target, true, err);
}

static int unpause_one(struct command_line *c UNUSED, struct engine *e, const char *target,
		       struct err *err)
{
	return container_pause(e, target, false, err);
}

static int run_pause(struct command_line *c, struct err *err)
{
	return targets_each(c, pause_one, err);
}

static int run_unpause(struct command_line *c, struct err *err)
{
	return targets_each(c, unpause_one, err);
}

const struct command cmd_pause = {
	.paths = "container pause|pause",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Pause all processes within one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_RUNNING,
	.run = run_pause,
};

const struct command cmd_unpause = {
	.paths = "container unpause|unpause",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Unpause all processes within one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_RUNNING,
	.run = run_unpause,
};
