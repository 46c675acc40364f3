// SPDX-License-Identifier: Apache-2.0
/* stop and restart: the same flags. --time is the name that --timeout had before Docker 28. */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/targets.h"

struct stop_options {
	char *signal;
	struct opt_i64 time, timeout;
};

static const struct flag flags[] = {
	FLAG_OF(stop_options, signal, "signal", 's', FLAG_STRING,
		"Signal to send to the container"),
	FLAG_OF(stop_options, time, "time", 0, FLAG_OPT_INT, "The older name of --timeout",
		.flags = FLAG_HIDDEN),
	FLAG_OF(stop_options, timeout, "timeout", 't', FLAG_OPT_INT,
		"Seconds to wait before killing the container"),
	{},
};

static int engine_options(const struct command_line *c, struct container_stop_options *ret,
			  struct err *err)
{
	const struct stop_options *o = c->options;

	if (o->time.set && o->timeout.set)
		return err_set(err, ERR_INVALID,
			       "conflicting options: cannot specify both --timeout and --time");
	*ret = (struct container_stop_options){.timeout = o->time.set ? o->time : o->timeout,
					       .signal = o->signal};
	return 0;
}

static int run_stop(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	struct container_result *results;
	struct container_stop_options o;
	int r;

	if (!e)
		return err->code;
	r = engine_options(c, &o, err);
	if (r < 0)
		return r;
	results = arena_calloc(c->arena, c->n_args, sizeof(*results));
	if (!results)
		return err_oom(err);
	(void)container_stop_many(e, c->args, c->n_args, &o, results);
	return targets_report(c, results);
}

static int restart_one(struct command_line *c, struct engine *e, const char *target,
		       struct err *err)
{
	struct container_stop_options o;
	int r = engine_options(c, &o, err);

	return r < 0 ? r : container_restart(e, target, &o, err);
}

static int run_restart(struct command_line *c, struct err *err)
{
	return targets_each(c, restart_one, err);
}

const struct command cmd_stop = {
	.paths = "container stop|stop",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Stop one or more running containers",
	.details = "The container's process gets its stop signal (SIGTERM unless the image or "
		   "--stop-signal\n"
		   "says otherwise), and SIGKILL when it is still there after the timeout.",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_RUNNING,
	.flags = flags,
	.options_size = sizeof(struct stop_options),
	.run = run_stop,
};

const struct command cmd_restart = {
	.paths = "container restart|restart",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Restart one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct stop_options),
	.run = run_restart,
};
