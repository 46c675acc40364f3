// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/targets.h"

struct kill_options {
	char *signal;
};

static const struct flag flags[] = {
	FLAG_OF(kill_options, signal, "signal", 's', FLAG_STRING,
		"Signal to send to the container"),
	{},
};

static int kill_one(struct command_line *c, struct engine *e, const char *target, struct err *err)
{
	const struct kill_options *o = c->options;

	return container_kill(e, target, o->signal ? o->signal : "SIGKILL", err);
}

static int run(struct command_line *c, struct err *err)
{
	return targets_each(c, kill_one, err);
}

const struct command cmd_kill = {
	.paths = "container kill|kill",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Kill one or more running containers",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_RUNNING,
	.flags = flags,
	.options_size = sizeof(struct kill_options),
	.run = run,
};
